// Calls from Lua into Swift, and Swift objects as userdata.
#include "internal.h"

const char lb_await_key;

static const char marker;      /* in the metatable of every box; its value is the type */
static const char closures;    /* the metatable of the boxes that closures keep as their upvalue */
static void (*release_object)(void *);

typedef struct box {
  void *object; /* one strong reference */
  lb_closure call;
} box;

void lb_set_release(void (*release)(void *)) { release_object = release; }

/* ---- leaving Swift ------------------------------------------------------------------------------ */

static int finish_await(lua_State *L, int base) { /* stack: as it was, then ok, values... */
  if (lua_toboolean(L, base + 1)) return lua_gettop(L) - base - 1;
  lua_settop(L, base + 2);
  return lua_error(L);
}

static int await_k(lua_State *L, int status, lua_KContext base) {
  (void)status;
  return finish_await(L, (int)base);
}

static int yield_await(lua_State *L, lua_KContext context, lua_KFunction k) {
  lua_pushlightuserdata(L, (void *)&lb_await_key);
  return lua_yieldk(L, 1, context, k);
}

int lb_leave(lua_State *L, int result) {
  if (result >= 0) return result;
  if (result == LB_ERROR) return lua_error(L);
  return yield_await(L, lua_gettop(L), await_k);
}

static int call_function(lua_State *L) {
  return lb_leave(L, lb_enter(L, (lb_function)lua_touserdata(L, lua_upvalueindex(1))));
}

static int call_box(lua_State *L, box *b) {
  lb_host *host = lb_host_of(L);
  host->trusted = true;
  int result = b->call(L, b->object);
  host->trusted = false;
  return result;
}

static int call_closure(lua_State *L) { return lb_leave(L, call_box(L, lua_touserdata(L, lua_upvalueindex(1)))); }

/* ---- close handlers ------------------------------------------------------------------------------ */

static int close_k(lua_State *L, int status, lua_KContext context) {
  (void)status;
  lb_task *task = lb_host_of(L)->task;
  task->shielded = context & 1;
  task->resource = context & 2;
  return finish_await(L, (int)(context >> 2));
}

static int call_close(lua_State *L) {
  box *b = lua_touserdata(L, lua_upvalueindex(1));
  lb_task *task = lb_host_of(L)->task;
  bool shielded = task->shielded, resource = task->resource;
  task->shielded = task->resource = true;
  int result = call_box(L, b);
  if (result == LB_AWAIT)
    return yield_await(L, ((lua_KContext)lua_gettop(L) << 2) | (resource ? 2 : 0) | shielded, close_k);
  task->shielded = shielded;
  task->resource = resource;
  return lb_leave(L, result);
}

/* ---- boxes ------------------------------------------------------------------------------------------ */

static int box_gc(lua_State *L) {
  box *b = lua_touserdata(L, 1);
  void *object = b->object;
  if (object) {
    b->object = NULL;
    release_object(object);
  }
  return 0;
}

static box *test_box(lua_State *L, int index, const void *type) {
  box *b = lua_touserdata(L, index);
  if (!b || !lua_getmetatable(L, index)) return NULL;
  lua_rawgetp(L, -1, &marker);
  bool ours = lua_type(L, -1) == LUA_TLIGHTUSERDATA && (!type || lua_touserdata(L, -1) == type);
  lua_pop(L, 2);
  return ours ? b : NULL;
}

static int box_eq(lua_State *L) { /* the same Swift object may have been pushed twice */
  box *a = test_box(L, 1, NULL), *b = test_box(L, 2, NULL);
  lua_pushboolean(L, a && b && a->object == b->object);
  return 1;
}

void lb_new_metatable(lua_State *L, const void *type) {
  lua_createtable(L, 0, 8);
  lua_pushlightuserdata(L, (void *)type);
  lua_rawsetp(L, -2, &marker);
  lua_pushcfunction(L, box_gc);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, box_eq);
  lua_setfield(L, -2, "__eq");
  lua_pushliteral(L, "locked");
  lua_setfield(L, -2, "__metatable");
}

void lb_push_object(lua_State *L, void *object, int uservalues) {
  box *b = lua_newuserdatauv(L, sizeof *b, uservalues);
  b->object = object;
  b->call = NULL;
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
}

void *lb_test_object(lua_State *L, int index, const void *type) {
  box *b = test_box(L, index, type);
  return b ? b->object : NULL;
}

static void push_closure(lua_State *L, void *object, lb_closure call, lua_CFunction trampoline) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &closures) == LUA_TNIL) {
    lua_pop(L, 1);
    lb_new_metatable(L, &closures);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &closures);
  }
  lb_push_object(L, object, 0);
  ((box *)lua_touserdata(L, -1))->call = call;
  lua_pushcclosure(L, trampoline, 1);
}

void lb_push_function(lua_State *L, lb_function f) {
  lua_pushlightuserdata(L, (void *)f);
  lua_pushcclosure(L, call_function, 1);
}
void lb_push_closure(lua_State *L, void *object, lb_closure call) { push_closure(L, object, call, call_closure); }
void lb_push_close(lua_State *L, void *object, lb_closure call) { push_closure(L, object, call, call_close); }

/* ---- fields of objects -------------------------------------------------------------------------------- */

static int object_index(lua_State *L) { /* upvalues: methods, getters */
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(2)) != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    return 1;
  }
  lua_settop(L, 2);
  return lb_leave(L, lb_enter(L, lb_host_of(L)->unknown_field));
}

void lb_push_index(lua_State *L) { lua_pushcclosure(L, object_index, 2); }
