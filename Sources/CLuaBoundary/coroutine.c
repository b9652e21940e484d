// Coroutines that pass an await of theirs on to the task they run in: a generator may wait.
#include "internal.h"

static const char waiting; /* registry: the set of coroutines that are inside an await of their task */

/* `from` resumes; the C calls in `co` are counted from those of `depth_of`. */
static int resume(lb_host *host, lua_State *co, lua_State *from, lua_State *depth_of, int nargs, int *nresults) {
  lua_State *previous = lb_running(host), *resumer = host->resumer;
  lb_set_running(host, co);
  if (lb_is_interrupted(host)) lb_arm(co);
  bool trusted = host->trusted;
  host->trusted = false;
  host->resumer = from;
  int status = lua_resume(co, depth_of, nargs, nresults);
  host->resumer = resumer;
  host->trusted = trusted;
  lb_set_running(host, previous);
  if (lb_is_interrupted(host) && previous) lb_arm(previous);
  return status;
}

int lb_resume_thread(lb_host *host, lua_State *co, lua_State *from, int nargs, int *nresults) {
  return resume(host, co, from, from, nargs, nresults);
}

int lb_resume(lua_State *co, lua_State *from, lb_task *task, int nargs, int *nresults) {
  lb_host *host = lb_host_of(co);
  lb_task *previous = host->task;
  host->task = task;
  int status = lb_resume_thread(host, co, from, nargs, nresults);
  host->task = previous;
  return status;
}

bool lb_is_await(lua_State *co, int nresults) {
  return nresults == 1 && lua_touserdata(co, -1) == (void *)&lb_await_key;
}

/* ---- who waits -------------------------------------------------------------------------------------- */

static void push_waiting(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &waiting) != LUA_TNIL) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &waiting);
}

static void set_waiting(lua_State *L, lua_State *co, bool on) {
  push_waiting(L);
  if (on) lua_pushboolean(L, 1);
  else lua_pushnil(L);
  lua_rawsetp(L, -2, co);
  lua_pop(L, 1);
}

static bool is_waiting(lua_State *L, lua_State *co) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &waiting) == LUA_TNIL) {
    lua_pop(L, 1);
    return false;
  }
  bool found = lua_rawgetp(L, -1, co) != LUA_TNIL;
  lua_pop(L, 2);
  return found;
}

/* ---- coroutine.resume and what coroutine.wrap returns ------------------------------------------------- */

static int step(lua_State *L, lua_State *co, int nargs, bool wrap, bool shielded);

static int step_k(lua_State *L, int status, lua_KContext context) { /* stack: [base values], ok, values... */
  (void)status;
  int base = (int)(context >> 2);
  bool wrap = context & 2, shielded = context & 1;
  lua_State *co = lua_tothread(L, wrap ? lua_upvalueindex(1) : 1);
  set_waiting(L, co, false);
  return step(L, co, lua_gettop(L) - base, wrap, shielded);
}

static int refuse(lua_State *L, bool wrap, const char *why) {
  if (wrap) return luaL_error(L, "%s", why);
  lua_pushboolean(L, 0);
  lua_pushstring(L, why);
  return 2;
}

/* What a coroutine of coroutine.wrap runs: f(...). Its errors are caught here and raised once more, so that its close handlers
   run inside it and may wait. coroutine.resume leaves them open, as ever. */
static int finish_wrap(lua_State *L, int status, lua_KContext context) {
  (void)context;
  return lb_failed(status) ? lua_error(L) : lua_gettop(L) - 1;
}

int lb_wrap_main(lua_State *L) {
  lua_pushvalue(L, 1);
  lua_insert(L, 2); /* f, f, arguments */
  return finish_wrap(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_wrap), 0);
}

static int step(lua_State *L, lua_State *co, int nargs, bool wrap, bool shielded) {
  int nresults = 0;
  if (!lua_checkstack(co, nargs)) return refuse(L, wrap, "too many arguments to resume");
  /* It begins: the function is an argument, too. */
  bool begins_main = wrap && lua_status(co) == LUA_OK && lua_tocfunction(co, 1) == lb_wrap_main;
  lua_xmove(L, co, nargs);
  if (begins_main) nargs++;
  lb_host *host = lb_host_of(L);
  lua_State *blocker = host->blocker;
  if (!lua_isyieldable(L)) host->blocker = L; /* an await below could not come up through here */
  /* Lua bears 200 C calls in each other (LUAI_MAXCCALLS). A coroutine takes two of them, and one of coroutine.wrap a third, for
     lb_wrap_main. So that these do not nest less deep than in Lua, each counts from the one before its resumer: at most twice
     as many calls, half of which each count. */
  lua_State *depth_of = wrap && host->resumer ? host->resumer : L;
  int status = resume(host, co, L, depth_of, nargs, &nresults);
  host->blocker = blocker;
  if (status == LUA_YIELD && lb_is_await(co, nresults)) {
    lua_pop(co, 1);
    if (!lua_isyieldable(L)) return lb_raise_blocked(L);
    set_waiting(L, co, true);
    lua_KContext context = ((lua_KContext)lua_gettop(L) << 2) | (wrap ? 2 : 0) | (shielded ? 1 : 0);
    lua_pushlightuserdata(L, (void *)&lb_await_key);
    return lua_yieldk(L, 1, context, step_k);
  }
  if (!lb_failed(status)) {
    if (!lua_checkstack(L, nresults + 1)) {
      lua_pop(co, nresults);
      return refuse(L, wrap, "too many results to resume");
    }
    if (!wrap) lua_pushboolean(L, 1);
    lua_xmove(co, L, nresults);
    return nresults + !wrap;
  }
  /* The error of a limit came out of a hook, so in `co` no hook would end a close handler: what it has open stays open. */
  if (host->limits.over) lb_arm_limit(L);
  if (host->limits.over || (!wrap && lb_uncatchable(L, shielded))) {
    lua_xmove(co, L, 1);
    return lua_error(L);
  }
  if (!wrap) { /* resume catches, like pcall */
    lb_host_of(L)->task->shielded = shielded;
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
  }
  int after = lua_status(co); /* from here on as auxwrap in lcorolib.c */
  if (lb_failed(after)) after = lua_resetthread(co);
  lua_xmove(co, L, 1);
  if (after != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

/* NULL when `co` may be resumed, else why not, as auxstatus and lua_resume would have it. */
static const char *obstacle(lua_State *L, lua_State *co) {
  if (co == L) return "cannot resume non-suspended coroutine";
  lua_Debug ar;
  switch (lua_status(co)) {
    case LUA_YIELD: return is_waiting(L, co) ? "cannot resume non-suspended coroutine" : NULL;
    case LUA_OK:
      if (lua_getstack(co, 0, &ar)) return "cannot resume non-suspended coroutine";
      return lua_gettop(co) == 0 ? "cannot resume dead coroutine" : NULL;
    default: return "cannot resume dead coroutine";
  }
}

int lb_resume_body(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  const char *why = obstacle(L, co);
  if (why) return refuse(L, false, why);
  lb_charge(L, 0);
  return step(L, co, lua_gettop(L) - 1, false, lb_host_of(L)->task->shielded);
}

int lb_wrap_body(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  const char *why = obstacle(L, co);
  if (why) return refuse(L, true, why);
  lb_charge(L, 0);
  return step(L, co, lua_gettop(L), true, lb_host_of(L)->task->shielded);
}

static int wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lb_host *host = lb_host_of(L);
  lua_State *co = lua_newthread(L);
  /* Outside of tasks nothing waits, so there a generator is what it is in Lua. */
  if (host->task != &host->outside) lua_pushcfunction(co, lb_wrap_main);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushcclosure(L, lb_wrap_body, 1);
  return 1;
}

/* ---- coroutine.yield ------------------------------------------------------------------------------------ */

static int yield(lua_State *L) {
  lb_host *host = lb_host_of(L);
  if (host->task->thread != L || !host->take_turn) return lua_yield(L, lua_gettop(L));
  lua_settop(L, 0);
  return lb_leave(L, lb_enter(L, host->take_turn));
}

/* ---- coroutine.status and coroutine.close ---------------------------------------------------------------- */

static int status(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  if (is_waiting(L, co)) {
    lua_pushliteral(L, "normal");
    return 1;
  }
  lb_call_original(L);
  return lua_gettop(L);
}

static int close(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  if (is_waiting(L, co)) return luaL_error(L, "cannot close a coroutine that is waiting; cancel its task instead");
  lb_charge(L, 0); /* raises once a limit was passed, as in step() */
  bool shielded = lb_host_of(L)->task->shielded;
  lb_call_original(L);
  lb_charge(L, 0);
  lb_host_of(L)->task->shielded = shielded; /* it catches what its close handlers raise */
  return lua_gettop(L);
}

void lb_open_coroutine(lua_State *L) {
  lua_getglobal(L, "coroutine");
  lua_pushcfunction(L, lb_resume_body);
  lua_setfield(L, -2, "resume");
  lua_pushcfunction(L, wrap);
  lua_setfield(L, -2, "wrap");
  lua_pushcfunction(L, yield);
  lua_setfield(L, -2, "yield");
  lua_getfield(L, -1, "status");
  lua_pushcclosure(L, status, 1);
  lua_setfield(L, -2, "status");
  lua_getfield(L, -1, "close");
  lua_pushcclosure(L, close, 1);
  lua_setfield(L, -2, "close");
  lua_pop(L, 1);
}
