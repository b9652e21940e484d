// string.find, match, gmatch and gsub that count their steps. A match in the system's library can run for ages inside C,
// where no hook comes by; here each step is charged to the limits of the state.
//
// Patterns mean what section 6.4.1 of the Lua 5.4 manual says, and errors read as those of the system's library do;
// PatternTests in Tests/LuaKitTests/LimitTests.swift compares the two on random patterns.
#define _GNU_SOURCE /* memmem */
#include "internal.h"
#include <ctype.h>
#include <string.h>

enum { MAX_CAPTURES = 32, MAX_DEPTH = 200, OPEN = -1, POSITION = -2 };

typedef struct matcher {
  lua_State *L;
  const char *subject, *subject_end, *pattern_end;
  unsigned steps; /* not yet charged */
  int depth;      /* how much deeper the matcher may recurse */
  int level;      /* captures so far, open ones included */
  struct {
    const char *start;
    ptrdiff_t length; /* or OPEN or POSITION */
  } captures[MAX_CAPTURES];
} matcher;

static void begin(matcher *m, lua_State *L, const char *subject, size_t length, const char *pattern, size_t pattern_length) {
  m->L = L;
  m->subject = subject;
  m->subject_end = subject + length;
  m->pattern_end = pattern + pattern_length;
  m->steps = 0;
}

static inline void tick(matcher *m) {
  if (++m->steps < 1024) return;
  lb_charge(m->L, m->steps);
  m->steps = 0;
}

/* ---- one character ------------------------------------------------------------------------------------ */

/* Behind the single-character class at p. */
static const char *class_end(matcher *m, const char *p) {
  char first = *p++;
  if (first == '%') {
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
    return p + 1;
  }
  if (first != '[') return p;
  if (*p == '^') p++;
  do { /* a ']' that comes first stands for itself */
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
    if (*p++ == '%' && p < m->pattern_end) p++;
  } while (*p != ']');
  return p + 1;
}

static bool in_class(int c, int letter) {
  bool is;
  switch (tolower(letter)) {
    case 'a': is = isalpha(c); break;
    case 'c': is = iscntrl(c); break;
    case 'd': is = isdigit(c); break;
    case 'g': is = isgraph(c); break;
    case 'l': is = islower(c); break;
    case 'p': is = ispunct(c); break;
    case 's': is = isspace(c); break;
    case 'u': is = isupper(c); break;
    case 'w': is = isalnum(c); break;
    case 'x': is = isxdigit(c); break;
    default: return letter == c;
  }
  return isupper(letter) ? !is : is;
}

/* Is c in the set from the '[' at p to the ']' at `last`? */
static bool in_set(matcher *m, int c, const char *p, const char *last) {
  bool found = true;
  if (p[1] == '^') {
    found = false;
    p++;
  }
  while (++p < last) {
    tick(m);
    if (*p == '%') {
      p++;
      if (in_class(c, (unsigned char)*p)) return found;
    } else if (p[1] == '-' && p + 2 < last) {
      p += 2;
      if ((unsigned char)p[-2] <= c && c <= (unsigned char)*p) return found;
    } else if ((unsigned char)*p == c) {
      return found;
    }
  }
  return !found;
}

/* Does the character at s match the single-character class from p to `end`? */
static bool fits(matcher *m, const char *s, const char *p, const char *end) {
  tick(m);
  if (s >= m->subject_end) return false;
  int c = (unsigned char)*s;
  switch (*p) {
    case '.': return true;
    case '%': return in_class(c, (unsigned char)p[1]);
    case '[': return in_set(m, c, p, end - 1);
    default: return (unsigned char)*p == c;
  }
}

/* ---- what spans characters ------------------------------------------------------------------------------ */

static const char *match(matcher *m, const char *s, const char *p);

static const char *balanced(matcher *m, const char *s, const char *p) { /* p: the two delimiters */
  if (p >= m->pattern_end - 1) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
  if (s >= m->subject_end || *s != p[0]) return NULL;
  int depth = 1;
  while (++s < m->subject_end) {
    tick(m);
    if (*s == p[1]) {
      if (--depth == 0) return s + 1;
    } else if (*s == p[0]) {
      depth++;
    }
  }
  return NULL;
}

static const char *longest(matcher *m, const char *s, const char *p, const char *end) { /* '*' */
  ptrdiff_t count = 0;
  while (fits(m, s + count, p, end)) count++;
  for (; count >= 0; count--) {
    const char *rest = match(m, s + count, end + 1);
    if (rest) return rest;
  }
  return NULL;
}

static const char *shortest(matcher *m, const char *s, const char *p, const char *end) { /* '-' */
  for (;;) {
    const char *rest = match(m, s, end + 1);
    if (rest) return rest;
    if (!fits(m, s, p, end)) return NULL;
    s++;
  }
}

static const char *open_capture(matcher *m, const char *s, const char *p, ptrdiff_t kind) {
  if (m->level >= MAX_CAPTURES) luaL_error(m->L, "too many captures");
  m->captures[m->level].start = s;
  m->captures[m->level].length = kind;
  m->level++;
  const char *rest = match(m, s, p);
  if (!rest) m->level--;
  return rest;
}

static const char *close_capture(matcher *m, const char *s, const char *p) {
  int level = m->level;
  while (--level >= 0 && m->captures[level].length != OPEN) {}
  if (level < 0) luaL_error(m->L, "invalid pattern capture");
  m->captures[level].length = s - m->captures[level].start;
  const char *rest = match(m, s, p);
  if (!rest) m->captures[level].length = OPEN;
  return rest;
}

static const char *repeated(matcher *m, const char *s, int digit) { /* %1 to %9 */
  int level = digit - '1';
  if (level < 0 || level >= m->level || m->captures[level].length == OPEN)
    luaL_error(m->L, "invalid capture index %%%d", level + 1);
  ptrdiff_t length = m->captures[level].length;
  if (length < 0 || m->subject_end - s < length) return NULL;
  m->steps += (unsigned)(length / 32);
  return memcmp(m->captures[level].start, s, (size_t)length) == 0 ? s + length : NULL;
}

static bool at_frontier(matcher *m, const char *s, const char *set, const char *end) {
  int before = s == m->subject ? 0 : (unsigned char)s[-1];
  int after = s == m->subject_end ? 0 : (unsigned char)*s;
  return !in_set(m, before, set, end - 1) && in_set(m, after, set, end - 1);
}

/* Where the match of the pattern from p on that begins at s ends, or NULL. */
static const char *match(matcher *m, const char *s, const char *p) {
  if (m->depth-- == 0) luaL_error(m->L, "pattern too complex");
  for (;;) {
    tick(m);
    if (p == m->pattern_end) break;
    if (*p == '(') {
      s = p[1] == ')' ? open_capture(m, s, p + 2, POSITION) : open_capture(m, s, p + 1, OPEN);
      break;
    }
    if (*p == ')') {
      s = close_capture(m, s, p + 1);
      break;
    }
    if (*p == '$' && p + 1 == m->pattern_end) {
      if (s != m->subject_end) s = NULL;
      break;
    }
    if (*p == '%' && p[1] == 'b') {
      if (!(s = balanced(m, s, p + 2))) break;
      p += 4;
      continue;
    }
    if (*p == '%' && p[1] == 'f') {
      p += 2;
      if (*p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
      const char *end = class_end(m, p);
      if (!at_frontier(m, s, p, end)) {
        s = NULL;
        break;
      }
      p = end;
      continue;
    }
    if (*p == '%' && isdigit((unsigned char)p[1])) {
      if (!(s = repeated(m, s, (unsigned char)p[1]))) break;
      p += 2;
      continue;
    }
    const char *end = class_end(m, p);
    char suffix = *end; /* the NUL behind the string when it ends there */
    if (suffix == '*' || suffix == '-') {
      s = suffix == '*' ? longest(m, s, p, end) : shortest(m, s, p, end);
      break;
    }
    bool fit = fits(m, s, p, end);
    if (suffix == '+') {
      s = fit ? longest(m, s + 1, p, end) : NULL;
      break;
    }
    if (suffix == '?') {
      const char *rest = fit ? match(m, s + 1, end + 1) : NULL;
      if (rest) {
        s = rest;
        break;
      }
      p = end + 1;
      continue;
    }
    if (!fit) {
      s = NULL;
      break;
    }
    s++;
    p = end;
  }
  m->depth++;
  return s;
}

static const char *match_at(matcher *m, const char *s, const char *p) {
  m->level = 0;
  m->depth = MAX_DEPTH;
  return match(m, s, p);
}

/* ---- captures as values ------------------------------------------------------------------------------------ */

/* Pushes capture `i`; s to e is the whole match, which is capture 0 of a pattern without any. */
static void push_capture(matcher *m, int i, const char *s, const char *e) {
  if (i >= m->level) {
    if (i != 0) luaL_error(m->L, "invalid capture index %%%d", i + 1);
    lua_pushlstring(m->L, s, (size_t)(e - s));
    return;
  }
  ptrdiff_t length = m->captures[i].length;
  if (length == OPEN) luaL_error(m->L, "unfinished capture");
  if (length == POSITION) lua_pushinteger(m->L, m->captures[i].start - m->subject + 1);
  else lua_pushlstring(m->L, m->captures[i].start, (size_t)length);
}

static int push_captures(matcher *m, const char *s, const char *e) {
  int count = m->level == 0 && s ? 1 : m->level;
  luaL_checkstack(m->L, count, "too many captures");
  for (int i = 0; i < count; i++) push_capture(m, i, s, e);
  return count;
}

/* ---- the functions ------------------------------------------------------------------------------------------ */

/* The offset that a position, maybe from the end, means. */
static size_t offset(lua_Integer position, size_t length) {
  if (position > 0) return (size_t)position - 1;
  if (position == 0 || position < -(lua_Integer)length) return 0;
  return length - (size_t)-position;
}

static bool is_plain(const char *pattern, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (pattern[i] && strchr("^$*+?.([%-", pattern[i])) return false;
  return true;
}

static int find_or_match(lua_State *L, bool find) {
  size_t length, pattern_length;
  const char *subject = luaL_checklstring(L, 1, &length);
  const char *pattern = luaL_checklstring(L, 2, &pattern_length);
  size_t from = offset(luaL_optinteger(L, 3, 1), length);
  if (from > length) {
    lua_pushnil(L);
    return 1;
  }
  if (find && (lua_toboolean(L, 4) || is_plain(pattern, pattern_length))) {
    lb_charge(L, (int64_t)((length - from) / 32));
    const char *found = pattern_length ? memmem(subject + from, length - from, pattern, pattern_length) : subject + from;
    if (!found) {
      lua_pushnil(L);
      return 1;
    }
    lua_pushinteger(L, found - subject + 1);
    lua_pushinteger(L, found - subject + (lua_Integer)pattern_length);
    return 2;
  }
  bool anchored = pattern_length > 0 && *pattern == '^';
  if (anchored) pattern++, pattern_length--;
  matcher m;
  begin(&m, L, subject, length, pattern, pattern_length);
  for (const char *s = subject + from; s <= m.subject_end; s++) {
    const char *e = match_at(&m, s, pattern);
    if (e) {
      lb_charge(L, m.steps);
      if (!find) return push_captures(&m, s, e);
      lua_pushinteger(L, s - subject + 1);
      lua_pushinteger(L, e - subject);
      return push_captures(&m, NULL, NULL) + 2;
    }
    if (anchored) break;
  }
  lb_charge(L, m.steps);
  lua_pushnil(L);
  return 1;
}

static int find(lua_State *L) { return find_or_match(L, true); }
static int first_match(lua_State *L) { return find_or_match(L, false); }

static int next_match(lua_State *L) { /* upvalues: subject, pattern, offset, end of the last match or -1 */
  size_t length, pattern_length;
  const char *subject = lua_tolstring(L, lua_upvalueindex(1), &length);
  const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_length);
  size_t from = (size_t)lua_tointeger(L, lua_upvalueindex(3));
  lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
  matcher m;
  begin(&m, L, subject, length, pattern, pattern_length);
  for (; from <= length; from++) {
    const char *e = match_at(&m, subject + from, pattern);
    if (!e || e - subject == last) continue;
    lb_charge(L, m.steps);
    lua_pushinteger(L, e - subject);
    lua_copy(L, -1, lua_upvalueindex(3));
    lua_replace(L, lua_upvalueindex(4));
    return push_captures(&m, subject + from, e);
  }
  lb_charge(L, m.steps);
  return 0;
}

static int gmatch(lua_State *L) {
  size_t length;
  luaL_checklstring(L, 1, &length);
  luaL_checkstring(L, 2);
  size_t from = offset(luaL_optinteger(L, 3, 1), length);
  lua_settop(L, 2);
  lua_pushinteger(L, (lua_Integer)(from > length ? length + 1 : from));
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, next_match, 4);
  return 1;
}

static void add_replacement_text(matcher *m, luaL_Buffer *b, const char *s, const char *e) {
  size_t length;
  const char *text = lua_tolstring(m->L, 3, &length);
  for (const char *end = text + length; text < end; text++) {
    if (*text != '%') {
      luaL_addchar(b, *text);
      continue;
    }
    text++;
    if (*text == '%') luaL_addchar(b, '%');
    else if (*text == '0') luaL_addlstring(b, s, (size_t)(e - s));
    else if (isdigit((unsigned char)*text)) {
      push_capture(m, *text - '1', s, e);
      luaL_tolstring(m->L, -1, NULL); /* a position is a number */
      lua_remove(m->L, -2);
      luaL_addvalue(b);
    } else {
      luaL_error(m->L, "invalid use of '%c' in replacement string", '%');
    }
  }
}

/* Adds what takes the place of the match; false when it stays as it is. */
static bool add_replacement(matcher *m, luaL_Buffer *b, const char *s, const char *e) {
  lua_State *L = m->L;
  switch (lua_type(L, 3)) {
    case LUA_TFUNCTION: {
      lua_pushvalue(L, 3);
      int count = push_captures(m, s, e);
      lua_call(L, count, 1);
      break;
    }
    case LUA_TTABLE:
      push_capture(m, 0, s, e);
      lua_gettable(L, 3);
      break;
    default: add_replacement_text(m, b, s, e); return true;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(b, s, (size_t)(e - s));
    return false;
  }
  if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(b);
  return true;
}

static int gsub(lua_State *L) {
  size_t length, pattern_length;
  const char *s = luaL_checklstring(L, 1, &length);
  const char *pattern = luaL_checklstring(L, 2, &pattern_length);
  int type = lua_type(L, 3);
  luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                   "string/function/table");
  lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)length + 1), count = 0;
  bool anchored = pattern_length > 0 && *pattern == '^', changed = false;
  if (anchored) pattern++, pattern_length--;
  if (type == LUA_TNUMBER) luaL_checkstring(L, 3); /* converted where it stands */
  matcher m;
  begin(&m, L, s, length, pattern, pattern_length);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  const char *last = NULL;
  while (count < most) {
    const char *e = match_at(&m, s, pattern);
    if (e && e != last) {
      count++;
      changed = add_replacement(&m, &b, s, e) || changed;
      s = last = e;
    } else if (s < m.subject_end) {
      luaL_addchar(&b, *s++);
    } else {
      break;
    }
    if (anchored) break;
  }
  lb_charge(L, m.steps);
  if (changed) {
    luaL_addlstring(&b, s, (size_t)(m.subject_end - s));
    luaL_pushresult(&b);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, count);
  return 2;
}

void lb_open_patterns(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"find", find}, {"match", first_match}, {"gmatch", gmatch}, {"gsub", gsub}, {NULL, NULL}};
  lua_getglobal(L, "string");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
