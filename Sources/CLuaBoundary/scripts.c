// What the scripts of fragments need of C: functions with a context, handles of objects that live in Swift, verdicts, and
// libraries that nobody can change.
#include "internal.h"
#include <string.h>

static int call_bound(lua_State *L) {
  lb_bound f = (lb_bound)lua_touserdata(L, lua_upvalueindex(1));
  lb_host *host = lb_host_of(L);
  host->trusted = true;
  int result = f(L, lua_touserdata(L, lua_upvalueindex(2)));
  host->trusted = false;
  return lb_leave(L, result);
}

void lb_push_bound(lua_State *L, void *context, lb_bound f) {
  lua_pushlightuserdata(L, (void *)f);
  lua_pushlightuserdata(L, context);
  lua_pushcclosure(L, call_bound, 2);
}

lb_handle *lb_push_handle(lua_State *L, int metatable, uint32_t kind, uint64_t value) {
  lb_handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);
  *handle = (lb_handle){.mark = &lb_handle_mark, .kind = kind, .value = value};
  lua_pushvalue(L, metatable);
  lua_setmetatable(L, -2);
  return handle;
}

const char lb_handle_mark;

lb_handle *lb_to_handle(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) != sizeof(lb_handle)) return NULL;
  lb_handle *handle = lua_touserdata(L, index);
  return handle->mark == &lb_handle_mark ? handle : NULL;
}

/* ---- verdicts: a script is a coroutine, so it can give one from any depth ----------------------------------- */

static int accept(lua_State *L) {
  lua_pushboolean(L, 1);
  return lua_yield(L, 1);
}

static int reject(lua_State *L) { /* yields false, the place, and the reason if there is one */
  lua_settop(L, 1);
  if (lua_type(L, 1) != LUA_TSTRING) {
    lua_settop(L, 0);
    lua_pushnil(L);
  }
  lua_pushboolean(L, 0);
  luaL_where(L, 1);
  lua_rotate(L, 1, -1);
  return lua_yield(L, 3);
}

void lb_push_accept(lua_State *L) { lua_pushcfunction(L, accept); }
void lb_push_reject(lua_State *L) { lua_pushcfunction(L, reject); }

/* ---- libraries ---------------------------------------------------------------------------------------------- */

/* Upvalues: the library, its name, and where to note that something was asked for that depends on who asked before. */
static void note(lua_State *L, const char *name) {
  bool *drawn = lua_touserdata(L, lua_upvalueindex(3));
  if (!name || strncmp(name, "random", 6) == 0) *drawn = true;
}

static int library_index(lua_State *L) {
  note(L, lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "");
  lua_settop(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  return 1;
}

static int library_newindex(lua_State *L) {
  const char *key = luaL_tolstring(L, 2, NULL);
  return luaL_error(L, "%s.%s cannot be set: all scripts share the library", lua_tostring(L, lua_upvalueindex(2)), key);
}

static int library_next(lua_State *L) {
  lua_settop(L, 2);
  if (lua_next(L, lua_upvalueindex(1))) return 2;
  lua_pushnil(L);
  return 1;
}

static int library_pairs(lua_State *L) {
  note(L, NULL);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushcclosure(L, library_next, 1);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

static void set_closure(lua_State *L, int library, const char *name, bool *drawn, const char *event, lua_CFunction f) {
  lua_pushvalue(L, library);
  lua_pushstring(L, name);
  lua_pushlightuserdata(L, drawn);
  lua_pushcclosure(L, f, 3);
  lua_setfield(L, -2, event);
}

void lb_push_library(lua_State *L, const char *name, bool *drawn) {
  lua_getglobal(L, name);
  int library = lua_gettop(L);
  lua_newtable(L);
  lua_createtable(L, 0, 4);
  set_closure(L, library, name, drawn, "__index", library_index);
  set_closure(L, library, name, drawn, "__newindex", library_newindex);
  set_closure(L, library, name, drawn, "__pairs", library_pairs);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_remove(L, library);
}
