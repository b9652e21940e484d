// What the stack of a task tells: whether it runs a close handler, and which C function keeps it from yielding.
#include "internal.h"
#include <string.h>

/* Is `f`, or what its __call leads to, the function on top? Pops nothing. */
static bool calls(lua_State *L, int f, int function) {
  f = lua_absindex(L, f);
  function = lua_absindex(L, function);
  lua_pushvalue(L, f);
  for (int depth = 0; depth < 8; depth++) {
    if (lua_rawequal(L, -1, function)) {
      lua_pop(L, 1);
      return true;
    }
    if (lua_isfunction(L, -1) || !lua_getmetatable(L, -1)) break;
    lua_pushliteral(L, "__call");
    lua_rawget(L, -2);
    lua_replace(L, -3);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return false;
}

/* The caller of level `level` is pcall, xpcall or the body of a task or generator, and what it runs is not the function it was given:
   then it is a close handler, run while the stack is unwound. */
static bool unwinding(lua_State *L, int level, lua_Debug *callee) {
  lua_Debug caller;
  if (callee->istailcall || !lua_getstack(L, level + 1, &caller)) return false;
  lua_getinfo(L, "f", &caller);
  lua_CFunction f = lua_tocfunction(L, -1);
  lua_pop(L, 1);
  if (f != lb_pcall_body && f != lb_xpcall_body && f != lb_task_body && f != lb_wrap_main) return false;
  lua_getinfo(L, "f", callee);
  bool handler = false;
  if (lua_getlocal(L, &caller, 1)) {
    handler = !calls(L, -1, -2);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return handler;
}

static bool closes(lua_State *L) {
  lua_Debug ar;
  for (int level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "nt", &ar);
    if (strcmp(ar.namewhat, "metamethod") == 0 && ar.name && strcmp(ar.name, "close") == 0) return true;
    if (unwinding(L, level, &ar)) return true;
  }
  return false;
}

/* The coroutine that the innermost frame of L resumed, or NULL. */
static lua_State *resumed(lua_State *L) {
  lua_Debug ar;
  if (!lua_getstack(L, 0, &ar)) return NULL;
  lua_getinfo(L, "f", &ar);
  lua_CFunction f = lua_tocfunction(L, -1);
  lua_State *co = NULL;
  if (f == lb_wrap_body && lua_getupvalue(L, -1, 1)) {
    co = lua_tothread(L, -1);
    lua_pop(L, 1);
  } else if (f == lb_resume_body && lua_getlocal(L, &ar, 1)) {
    co = lua_tothread(L, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return co;
}

bool lb_closing(lua_State *L) {
  for (; L && lua_checkstack(L, 8); L = resumed(L))
    if (closes(L)) return true;
  return false;
}

/* "table.sort" for the function on top, as luaL_traceback names it; pops the function, pushes a string or nil. */
static void push_library_name(lua_State *L) {
  int function = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (lua_pushnil(L); lua_next(L, function + 1); lua_pop(L, 1)) {
    if (!lua_istable(L, -1) || lua_type(L, -2) != LUA_TSTRING) continue;
    for (lua_pushnil(L); lua_next(L, function + 3); lua_pop(L, 1)) {
      if (lua_type(L, -2) != LUA_TSTRING || !lua_rawequal(L, -1, function)) continue;
      const char *module = lua_tostring(L, function + 2), *name = lua_tostring(L, -2);
      if (strcmp(module, LUA_GNAME) == 0) lua_pushstring(L, name);
      else lua_pushfstring(L, "%s.%s", module, name);
      lua_replace(L, function);
      lua_settop(L, function);
      return;
    }
  }
  lua_settop(L, function - 1);
  lua_pushnil(L);
}

void lb_push_name(lua_State *L, int level) {
  lua_Debug ar;
  if (lua_checkstack(L, 8) && lua_getstack(L, level, &ar)) {
    lua_getinfo(L, "f", &ar);
    push_library_name(L);
  } else {
    lua_pushnil(L);
  }
}

void lb_push_blocker(lua_State *L) {
  lua_Debug ar;
  luaL_checkstack(L, 8, NULL);
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Snf", &ar);
    lua_CFunction f = lua_tocfunction(L, -1);
    bool yields = !f || f == lb_pcall_body || f == lb_xpcall_body || f == lb_task_body || f == lb_resume_body ||
                  f == lb_wrap_body || f == lb_wrap_main || f == lb_require_body;
    if (yields) {
      lua_pop(L, 1);
      continue;
    }
    push_library_name(L);
    if (lua_isnil(L, -1)) { /* an original that one of ours calls has no name, and the caller has */
      lua_pop(L, 1);
      if (!ar.name) continue;
      lua_pushstring(L, ar.name);
    }
    return;
  }
  lua_pushnil(L);
}

int lb_raise_blocked(lua_State *L) {
  luaL_where(L, 1);
  lb_push_blocker(L);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushliteral(L, "cannot wait here: inside a C function that cannot be suspended");
  } else {
    lua_pushfstring(L, "cannot wait here: inside %s (a C function that cannot be suspended)", lua_tostring(L, -1));
    lua_remove(L, -2);
  }
  lua_concat(L, 2);
  return lua_error(L);
}
