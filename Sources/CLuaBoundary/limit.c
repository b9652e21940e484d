// Limits on what scripts that others wrote may use: memory, by the allocator; instructions and time, by a hook and by
// what the functions below charge for their work in C.
//
// Swift calls what cannot fail in a state whose allocator never refuses. In a limited state it refuses only while Lua
// or a library function of C runs, which an error may leave at any point: `trusted` says that it is Swift's turn.
#include "internal.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Instructions between two looks; fewer as the state grows, for a single one may copy or compare all that there is. */
enum { SLICE = 1000, LEAST = 10, LARGE = 1 << 18 };

static void look(lua_State *L, lua_Debug *ar);

int64_t lb_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void *lb_limited_alloc(void *data, void *block, size_t old_size, size_t new_size) {
  lb_host *host = data;
  lb_limits *limits = &host->limits;
  if (!block) old_size = 0; /* it is a type then */
  if (new_size == 0) {
    limits->used -= old_size;
    free(block);
    return NULL;
  }
  if (new_size > old_size && !host->trusted && limits->memory > 0 && limits->used - old_size + new_size > limits->memory)
    return NULL; /* Lua collects, asks once more, and then raises */
  void *moved = realloc(block, new_size);
  if (!moved) return NULL;
  limits->used += new_size - old_size;
  if (new_size >= LARGE && new_size > old_size && limits->on && !host->trusted) {
    limits->copied += (int64_t)(new_size / 32);
    lua_State *L = lb_running(host);
    if (L) lua_sethook(L, look, LUA_MASKCOUNT, 1); /* as a signal handler may: it charges for this, and looks how much there is */
  }
  return moved;
}

/* ---- instructions and time ------------------------------------------------------------------------------ */

/* From now on L, which may run close handlers, gets the error at each instruction: in a whole slice of them a handler could
   declare the next variable that has one. */
void lb_arm_limit(lua_State *L) { lua_sethook(L, look, LUA_MASKCOUNT, 1); }

static void end(lua_State *L, lb_limit which) {
  lb_host *host = lb_host_of(L);
  host->limits.over = which;
  lb_arm_limit(L);
  luaL_checkstack(L, 8, NULL);
  bool trusted = host->trusted;
  host->trusted = true; /* what says so must not fail for want of memory */
  luaL_where(L, 0);
  host->limited(L);
  host->trusted = trusted;
  lua_error(L);
}

void lb_charge(lua_State *L, int64_t steps) {
  lb_limits *limits = &lb_host_of(L)->limits;
  if (!limits->on) return;
  if (limits->over) end(L, limits->over);
  int64_t room = limits->counts_steps ? limits->steps : 10000000000; /* minutes of work in one call */
  if (steps > room) end(L, limits->counts_steps ? LB_OVER_STEPS : LB_OVER_TIME);
  if (limits->counts_steps) limits->steps -= steps;
  limits->unlooked += steps;
  if (limits->unlooked < SLICE) return;
  limits->unlooked = 0;
  if (atomic_load_explicit(&limits->stop, memory_order_relaxed)) end(L, LB_OVER_STOP);
  if (limits->deadline && lb_now() > limits->deadline) end(L, LB_OVER_TIME);
}

static int slice(const lb_limits *limits) {
  int64_t most = limits->counts_steps && limits->steps < SLICE ? limits->steps : SLICE;
  int64_t by_size = (int64_t)SLICE * (1 << 20) / (int64_t)(limits->used + 1);
  if (by_size < LEAST) by_size = LEAST;
  if (by_size > most) by_size = most;
  return by_size < 1 ? 1 : (int)by_size;
}

static void look(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lb_limits *limits = &lb_host_of(L)->limits;
  int64_t steps = lua_gethookcount(L) + limits->copied;
  limits->copied = 0;
  limits->unlooked = SLICE; /* also at the clock */
  lb_charge(L, steps);
  int count = slice(limits);
  if (count != lua_gethookcount(L)) lua_sethook(L, look, LUA_MASKCOUNT, count);
}

void lb_set_limits(lua_State *L, int64_t steps, int64_t nanoseconds) {
  lb_limits *limits = &lb_host_of(L)->limits;
  limits->on = steps > 0 || nanoseconds > 0;
  limits->counts_steps = steps > 0;
  limits->steps = steps;
  limits->unlooked = 0;
  limits->deadline = nanoseconds > 0 ? lb_now() + nanoseconds : 0;
  limits->over = LB_WITHIN;
  limits->copied = 0;
  lua_sethook(L, limits->on ? look : NULL, limits->on ? LUA_MASKCOUNT : 0, slice(limits));
}

void lb_set_memory_limit(lua_State *L, size_t bytes) { lb_host_of(L)->limits.memory = bytes; }

void lb_stop(lua_State *L) { atomic_store_explicit(&lb_host_of(L)->limits.stop, 1, memory_order_relaxed); }

/* ---- library functions whose work a script can choose -------------------------------------------------------- */

/* Each calls the original, upvalue 1, after charging for what it is about to do. Upvalue 2 is `shift`'s. */
static int charged(lua_State *L, int64_t steps) {
  lb_charge(L, steps < 0 ? INT64_MAX / 2 : steps);
  lb_call_original(L);
  return lua_gettop(L);
}

static int64_t between(lua_State *L, int first, int last) { /* the arguments' distance */
  lua_Integer a = lua_tointeger(L, first), b = lua_tointeger(L, last);
  return b < a ? 0 : (int64_t)(((uint64_t)b - (uint64_t)a) >> 1); /* negative when it has no room: too much */
}

static int64_t length(lua_State *L) {
  if (!lua_istable(L, 1)) return 0; /* the original says what is wrong */
  lua_Integer n = luaL_len(L, 1);
  return n < 0 ? 0 : n;
}

static int rep(lua_State *L) {
  int64_t n = lua_tointeger(L, 2), size = 1;
  size_t bytes = 0, separator = 0;
  if (lua_isstring(L, 1)) lua_tolstring(L, 1, &bytes);
  if (lua_isstring(L, 3)) lua_tolstring(L, 3, &separator);
  if (n <= 0) return charged(L, 0);
  size += (int64_t)(bytes + separator) / 32;
  return charged(L, n > INT64_MAX / 2 / size ? -1 : n * size / 4);
}
static int move(lua_State *L) { return charged(L, between(L, 2, 3)); }
static int shift(lua_State *L) { /* table.insert and table.remove; without a position they move nothing */
  if (lua_gettop(L) < (int)lua_tointeger(L, lua_upvalueindex(2))) return charged(L, 0);
  lua_Integer n = length(L), position = lua_tointeger(L, 2);
  return charged(L, position < 1 ? n : position < n ? n - position : 0);
}
static int concat(lua_State *L) {
  return charged(L, lua_isnoneornil(L, 4) ? length(L) : lua_isnoneornil(L, 3) ? length(L) : between(L, 3, 4));
}
static int sort(lua_State *L) {
  int64_t n = length(L);
  return charged(L, n > INT64_MAX / 64 ? -1 : n * 16);
}

/* How much of the text at index 1 is between the places at 2 and 3, as string.sub counts them. */
static int64_t part(lua_State *L, lua_Integer first, bool single) {
  size_t size = 0;
  if (lua_isstring(L, 1)) lua_tolstring(L, 1, &size);
  lua_Integer length = (lua_Integer)size, last;
  if (lua_isnumber(L, 2)) first = lua_tointeger(L, 2);
  if (first < 0) first = first < -length ? 1 : length + first + 1;
  last = lua_isnumber(L, 3) ? lua_tointeger(L, 3) : single ? first : -1;
  if (last < 0) last = last < -length ? 0 : length + last + 1;
  if (first < 1) first = 1;
  if (last > length) last = length;
  return last < first ? 0 : last - first + 1;
}

static int64_t bytes(lua_State *L, int first) { /* of the texts from that index on */
  int64_t sum = 0;
  for (int i = first; i <= lua_gettop(L); i++)
    if (lua_type(L, i) == LUA_TSTRING) sum += (int64_t)lua_rawlen(L, i);
  return sum;
}

static int byte(lua_State *L) { return charged(L, part(L, 1, true)); }
static int sub(lua_State *L) { return charged(L, part(L, 1, false) / 32); }
static int codepoint(lua_State *L) { return charged(L, part(L, 1, true)); }
static int count_characters(lua_State *L) { return charged(L, part(L, 1, false) / 4); }
static int of_texts(lua_State *L) { return charged(L, bytes(L, 1) / 16); }
static int unpack_table(lua_State *L) {
  if (lua_isnoneornil(L, 3)) return charged(L, length(L));
  lua_Integer first = luaL_optinteger(L, 2, 1), last = luaL_checkinteger(L, 3);
  return charged(L, last < first ? 0 : (int64_t)(((uint64_t)last - (uint64_t)first) >> 1));
}
static int unpack_text(lua_State *L) { /* by what it gives: a script may go through a long text */
  lb_call_original(L);
  lb_charge(L, bytes(L, 1) / 16);
  return lua_gettop(L);
}
static int offset(lua_State *L) { /* by how far it went */
  size_t size = 0;
  if (lua_isstring(L, 1)) lua_tolstring(L, 1, &size);
  lua_Integer n = lua_tointeger(L, 2), from = luaL_optinteger(L, 3, n > 0 ? 1 : (lua_Integer)size + 1);
  lb_call_original(L);
  int64_t went = lua_isinteger(L, -1) ? lua_tointeger(L, -1) - from : (int64_t)size;
  lb_charge(L, (went < 0 ? -went : went) / 4);
  return lua_gettop(L);
}

/* What utf8.codes gives; upvalue 1 is the system's. */
static int next_code(lua_State *L) {
  size_t size = 0, at = (size_t)lua_tointeger(L, 2), skipped = 0;
  const char *text = lua_isstring(L, 1) ? lua_tolstring(L, 1, &size) : "";
  while (at + skipped < size && (text[at + skipped] & 0xC0) == 0x80) skipped++;
  return charged(L, (int64_t)(skipped / 8));
}
static int codes(lua_State *L) {
  lb_call_original(L);
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, next_code, 1);
  lua_replace(L, 1);
  return lua_gettop(L);
}

/* A finalizer runs where no hook comes by, and at the end of the state. */
static int set_metatable(lua_State *L) {
  if (lua_istable(L, 2)) {
    lua_pushliteral(L, "__gc");
    if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "a sandbox has no __gc");
    lua_pop(L, 1);
  }
  return charged(L, 0);
}

/* Text only: a precompiled chunk can crash the virtual machine. */
static int load_text(lua_State *L) {
  if (lua_gettop(L) < 3) lua_settop(L, 3);
  lua_pushliteral(L, "t");
  lua_replace(L, 3);
  return charged(L, lua_type(L, 1) == LUA_TSTRING ? (int64_t)lua_rawlen(L, 1) / 2 : 0);
}

static void replace(lua_State *L, const char *library, const char *name, lua_CFunction f, int arguments) {
  lua_getglobal(L, library);
  lua_getfield(L, -1, name);
  lua_pushinteger(L, arguments);
  lua_pushcclosure(L, f, 2);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

static void drop(lua_State *L, const char *library, const char *name) {
  lua_getglobal(L, library);
  lua_pushnil(L);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

/* A library for scripts to change as they like; methods of strings, `("x"):rep(2)`, come from the one that was there. */
static void copy_string(lua_State *L) {
  lua_getglobal(L, "string");
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, -3);) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, -4);
  }
  lua_setglobal(L, "string");
  lua_pop(L, 1);
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushliteral(L, "locked");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
}

/* The libraries without files, processes, modules, bytecode and the means to reach other states. */
void lb_open_limited(lua_State *L) {
  static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},       {LUA_COLIBNAME, luaopen_coroutine},
                                       {LUA_TABLIBNAME, luaopen_table}, {LUA_STRLIBNAME, luaopen_string},
                                       {LUA_MATHLIBNAME, luaopen_math}, {LUA_UTF8LIBNAME, luaopen_utf8},
                                       {NULL, NULL}};
  for (const luaL_Reg *library = libraries; library->func; library++) {
    luaL_requiref(L, library->name, library->func, 1);
    lua_pop(L, 1);
  }
  static const char *const unsafe[] = {"collectgarbage", "dofile", "loadfile", "print", "warn"};
  for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) drop(L, LUA_GNAME, unsafe[i]);
  drop(L, "string", "dump");
  lb_open_patterns(L);
  replace(L, "string", "rep", rep, 0);
  replace(L, "string", "byte", byte, 0);
  replace(L, "string", "sub", sub, 0);
  replace(L, "string", "upper", of_texts, 0);
  replace(L, "string", "lower", of_texts, 0);
  replace(L, "string", "reverse", of_texts, 0);
  replace(L, "string", "format", of_texts, 0);
  replace(L, "string", "pack", of_texts, 0);
  replace(L, "string", "unpack", unpack_text, 0);
  replace(L, "utf8", "len", count_characters, 0);
  replace(L, "utf8", "codepoint", codepoint, 0);
  replace(L, "utf8", "offset", offset, 0);
  replace(L, "utf8", "codes", codes, 0);
  replace(L, "table", "unpack", unpack_table, 0);
  replace(L, "table", "move", move, 0);
  replace(L, "table", "insert", shift, 3);
  replace(L, "table", "remove", shift, 2);
  replace(L, "table", "concat", concat, 0);
  replace(L, "table", "sort", sort, 0);
  replace(L, LUA_GNAME, "setmetatable", set_metatable, 0);
  replace(L, LUA_GNAME, "load", load_text, 0);
  copy_string(L);
}
