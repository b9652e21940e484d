// Raising API behind lua_pcall, and pcall and xpcall themselves.
#include "internal.h"

int lb_raised(lua_State *L) {
  lb_host *host = lb_host_of(L);
  if (host->raised) lb_enter(L, host->raised);
  return 1;
}

/* lua_pcall for Swift, whose turn it is before and after. */
static int call_in(lua_State *L, int nargs, int nresults, int handler) {
  lb_host *host = lb_host_of(L);
  bool trusted = host->trusted;
  lua_State *running = lb_running(host);
  host->trusted = false;
  lb_set_running(host, L);
  int status = lua_pcall(L, nargs, nresults, handler);
  lb_set_running(host, running);
  host->trusted = trusted;
  return status;
}

/* Catching an error ends the unwinding that shielded the task. */
int lb_call(lua_State *L, int nargs, int nresults) {
  lb_task *task = lb_host_of(L)->task;
  bool shielded = task->shielded;
  int handler = lua_gettop(L) - nargs;
  lua_pushcfunction(L, lb_raised);
  lua_insert(L, handler);
  int status = call_in(L, nargs, nresults, handler);
  lua_remove(L, handler);
  if (status != LUA_OK) task->shielded = shielded;
  return status;
}

int lb_call_main(lua_State *L, int nargs, int nresults) {
  lb_host *host = lb_host_of(L);
  lb_set_running(host, L);
  if (lb_is_interrupted(host)) lb_arm(L);
  int status = lb_call(L, nargs, nresults);
  lb_set_running(host, NULL);
  return status;
}

int lb_protected(lua_State *L, lua_CFunction f, int nargs, int nresults) {
  lua_pushcfunction(L, f);
  lua_insert(L, -(nargs + 1));
  return call_in(L, nargs, nresults, 0);
}

static int get_body(lua_State *L) {
  lua_gettable(L, 1);
  return 1;
}
static int set_body(lua_State *L) {
  lua_settable(L, 1);
  return 0;
}
static int tolstring_body(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}
static int len_body(lua_State *L) {
  lua_pushinteger(L, luaL_len(L, 1));
  return 1;
}

int lb_gettable(lua_State *L, int index) {
  lua_pushvalue(L, index);
  lua_insert(L, -2);
  return lb_protected(L, get_body, 2, 1);
}
int lb_settable(lua_State *L, int index) {
  lua_pushvalue(L, index);
  lua_insert(L, -3);
  return lb_protected(L, set_body, 3, 0);
}
int lb_tolstring(lua_State *L, int index) {
  lua_pushvalue(L, index);
  return lb_protected(L, tolstring_body, 1, 1);
}
int lb_len(lua_State *L, int index) {
  lua_pushvalue(L, index);
  return lb_protected(L, len_body, 1, 1);
}

/* ---- pcall and xpcall ------------------------------------------------------------------------------
   As in lbaselib.c, with two additions: whoever catches gives back the shield it found, so that a cancellation cannot
   be swallowed for good, and lets os.exit through; and the called function stays at index 1, where lb_closing looks for it. */

static int finish_pcall(lua_State *L, int status, lua_KContext context) {
  if (lb_failed(status)) {
    if (lb_uncatchable(L, context & 1)) return lua_error(L);
    lb_host_of(L)->task->shielded = context & 1;
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
  }
  return lua_gettop(L) - (int)(context >> 1);
}

int lb_pcall_body(lua_State *L) {
  lua_KContext context = (1 << 1) | lb_host_of(L)->task->shielded;
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 2, 2); /* f, true, f, arguments */
  return finish_pcall(L, lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 0, context, finish_pcall), context);
}

/* A handler is called before the hook that raised the error is left, so no hook would end a loop in it. */
static int limited_handler(lua_State *L) {
  if (lb_host_of(L)->limits.over) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

int lb_xpcall_body(lua_State *L) {
  lua_KContext context = (2 << 1) | lb_host_of(L)->task->shielded;
  int n = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  if (lb_host_of(L)->limits.on) {
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, limited_handler, 1);
    lua_replace(L, 2);
  }
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2); /* f, handler, true, f, arguments */
  return finish_pcall(L, lua_pcallk(L, n - 2, LUA_MULTRET, 2, context, finish_pcall), context);
}

/* ---- load --------------------------------------------------------------------------------------------
   It catches what its reader raises, so it gives back the shield, too. Upvalue 1 is the original. */

int lb_load_body(lua_State *L) {
  lb_task *task = lb_host_of(L)->task;
  bool shielded = task->shielded;
  lb_call_original(L);
  task->shielded = shielded;
  return lua_gettop(L);
}

/* ---- the body of a task ------------------------------------------------------------------------------
   The error is caught inside the coroutine: its close handlers run there and may wait, which they could not in
   lua_resetthread. */

static int finish_task(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lb_host_of(L)->task->failed = lb_failed(status);
  return lua_gettop(L) - 2;
}

int lb_task_body(lua_State *L) {
  lua_pushcfunction(L, lb_raised);
  lua_pushvalue(L, 1);
  lua_rotate(L, 2, 2); /* f, handler, f, arguments */
  return finish_task(L, lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 2, 0, finish_task), 0);
}

void lb_push_body(lua_State *L) { lua_pushcfunction(L, lb_task_body); }
