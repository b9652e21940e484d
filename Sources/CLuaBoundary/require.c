// require, as in loadlib.c but yieldable: a searcher or a module's main chunk may await. Two tasks that require the same
// module load it once; the second waits for the first.
#include "internal.h"

static const char loading; /* registry: module name -> guard of the task that is loading it, weakly */

enum { NAME = 1, LOADED, SEARCHERS, MESSAGE, GUARD };

/* ---- one loader at a time --------------------------------------------------------------------------- */

/* The guard of a load is a table of the module's name and its task. Closing it ends the load, and so does collecting it, when
   the coroutine that loads is dropped. */
static int guard_close(lua_State *L) {
  lua_rawgeti(L, 1, 1);
  const char *name = lua_tostring(L, -1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &loading);
  lua_pushnil(L);
  lua_setfield(L, -2, name);
  lb_host *host = lb_host_of(L);
  if (host->module_loaded) host->module_loaded(L, name);
  return 0;
}

static void push_guard(lua_State *L) {
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, NAME);
  lua_rawseti(L, -2, 1);
  lua_pushlightuserdata(L, lb_host_of(L)->task);
  lua_rawseti(L, -2, 2);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &guard_close) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, guard_close);
    lua_setfield(L, -2, "__close");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &guard_close);
  }
  lua_setmetatable(L, -2);
}

static void push_loading(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &loading) != LUA_TNIL) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 4);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &loading);
}

lb_task *lb_loader(lua_State *L, int name) {
  name = lua_absindex(L, name);
  lb_task *task = NULL;
  push_loading(L);
  lua_pushvalue(L, name);
  if (lua_rawget(L, -2) == LUA_TTABLE) {
    lua_rawgeti(L, -1, 2);
    task = lua_touserdata(L, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
  return task;
}

/* ---- the search ---------------------------------------------------------------------------------------- */

static int search(lua_State *L, int i);
static int finish(lua_State *L, int status, lua_KContext context);

static int found(lua_State *L) { /* ..., loader, loader data on top */
  lua_rotate(L, -2, 1);          /* loader data, loader */
  lua_pushvalue(L, NAME);
  lua_pushvalue(L, -3);
  lua_callk(L, 2, 1, 0, finish);
  return finish(L, LUA_OK, 0);
}

static int finish(lua_State *L, int status, lua_KContext context) { /* ..., loader data, result */
  (void)status;
  (void)context;
  const char *name = lua_tostring(L, NAME);
  if (!lua_isnil(L, -1)) lua_setfield(L, LOADED, name);
  else lua_pop(L, 1);
  if (lua_getfield(L, LOADED, name) == LUA_TNIL) {
    lua_pushboolean(L, 1);
    lua_copy(L, -1, -2);
    lua_setfield(L, LOADED, name);
  }
  lua_rotate(L, -2, 1);
  return 2;
}

static int searched(lua_State *L) { /* results of a searcher on top; true when it found a loader */
  if (lua_isfunction(L, -2)) return 1;
  if (lua_isstring(L, -2)) {
    lua_pop(L, 1);
    lua_pushvalue(L, MESSAGE);
    lua_pushliteral(L, "\n\t");
    lua_rotate(L, -3, 2); /* message, prefix, what it says */
    lua_concat(L, 3);
    lua_replace(L, MESSAGE);
  } else {
    lua_pop(L, 2);
  }
  return 0;
}

static int search_k(lua_State *L, int status, lua_KContext i) {
  (void)status;
  return searched(L) ? found(L) : search(L, (int)i + 1);
}

static int search(lua_State *L, int i) {
  for (;; i++) {
    if (lua_rawgeti(L, SEARCHERS, i) == LUA_TNIL)
      return luaL_error(L, "module '%s' not found:%s", lua_tostring(L, NAME), lua_tostring(L, MESSAGE));
    lua_pushvalue(L, NAME);
    lua_callk(L, 1, 2, i, search_k);
    if (searched(L)) return found(L);
  }
}

static int waited_k(lua_State *L, int status, lua_KContext context) {
  (void)status;
  (void)context;
  if (!lua_toboolean(L, 2)) {
    lua_settop(L, 3);
    return lua_error(L);
  }
  lua_settop(L, 1);
  return lb_require_body(L);
}

int lb_require_body(lua_State *L) {
  const char *name = luaL_checkstring(L, NAME);
  lb_host *host = lb_host_of(L);
  lua_settop(L, NAME);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, LOADED, name);
  if (lua_toboolean(L, -1)) return 1;
  lua_pop(L, 1);
  lb_task *loader = lb_loader(L, NAME);
  if (loader == host->task) { /* unless it was in a coroutine that nobody has any more */
    lua_gc(L, LUA_GCCOLLECT);
    loader = lb_loader(L, NAME);
  }
  if (loader == host->task)
    return luaL_error(L, "module '%s' requires itself, directly or through another module", name);
  if (loader && host->wait_module) {
    if (!lua_isyieldable(L)) return lb_raise_blocked(L);
    lua_settop(L, NAME);
    int result = host->wait_module(L);
    if (result != LB_AWAIT) return lb_leave(L, result);
    lua_settop(L, NAME);
    lua_pushlightuserdata(L, (void *)&lb_await_key);
    return lua_yieldk(L, 1, 0, waited_k);
  }
  if (host->search_begins) {
    void (*begins)(lua_State *) = host->search_begins;
    host->search_begins = NULL;
    begins(L);
  }
  if (lua_getfield(L, lua_upvalueindex(1), "searchers") != LUA_TTABLE)
    return luaL_error(L, "'package.searchers' must be a table");
  lua_pushliteral(L, "");
  push_guard(L);
  lua_toclose(L, GUARD);
  push_loading(L);
  lua_pushvalue(L, GUARD);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
  return search(L, 1);
}

void lb_open_require(lua_State *L) {
  lua_getglobal(L, "package");
  lua_pushcclosure(L, lb_require_body, 1);
  lua_setglobal(L, "require");
}
