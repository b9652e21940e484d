// The border between Swift and Lua: the only frames that lua_error, lua_yieldk and a longjmp ever cross.
//
// A longjmp over a Swift frame leaks what the frame holds, leaves locks locked and skips `defer`. So a Swift function
// called from Lua returns a code; the C frame that called it raises or yields once the Swift frame is gone. And Swift
// calls whatever may raise through the protected bodies below.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#define LB_ERROR (-1) /* raise the value on top of the stack */
#define LB_AWAIT (-2) /* suspend until the scheduler resumes with (ok, values...) */

/* Both return n >= 0 results, LB_ERROR or LB_AWAIT. */
typedef int (*lb_function)(lua_State *L);
typedef int (*lb_closure)(lua_State *L, void *object);

/* What C must know of a task. `cancelled` is a level: every await raises until the task ends, save where `shielded`
   says that the task is unwinding and its close handlers may wait. */
typedef struct lb_task {
  bool cancelled;
  bool shielded;
  bool doomed; /* it swallowed its cancellation too often: nothing but close handlers catches errors any more */
  bool hurried; /* nothing but the close handlers of the host's objects may wait any more */
  bool resource; /* it runs such a handler */
  lua_State *thread; /* its own, as against those of the coroutines in it */
  bool failed; /* the body ended in an error, which is the one value left on the thread's stack */
} lb_task;

/* Which limit of a state was passed. */
typedef enum lb_limit { LB_WITHIN, LB_OVER_STEPS, LB_OVER_TIME, LB_OVER_STOP } lb_limit;

/* What a limited state may use; see limit.c. */
typedef struct lb_limits {
  bool on, counts_steps;
  size_t memory, used;  /* bytes: the most, 0 for no limit, and now */
  int64_t steps;        /* left */
  int64_t unlooked;     /* steps since the last look at the clock */
  int64_t copied;       /* steps for large blocks of memory that are not charged yet */
  int64_t deadline;     /* CLOCK_MONOTONIC, ns; 0 for none */
  _Atomic int stop;     /* another thread wants an end */
  lb_limit over;        /* nothing in the state catches an error once this is set */
} lb_limits;

/* One per Lua universe, found from any of its threads through the extra space. */
typedef struct lb_host {
  void *registry;                             /* LuaKit's side of the state */
  void *scheduler;                            /* LuaRuntime's side, or NULL */
  int (*raised)(lua_State *L);                /* error value on top; notes the traceback; pushes nothing */
  int (*unknown_field)(lua_State *L);         /* (object, key) of an object without that field; pushes the error */
  void (*limited)(lua_State *L);              /* a limit was passed, limits.over; replaces the place on top by the error */
  int (*interrupted)(lua_State *L);           /* pushes the error that stops a loop which never waits */
  void (*search_begins)(lua_State *L);        /* the first require that has something to load; then NULL */
  int (*wait_module)(lua_State *L);           /* waits until another task has loaded the module at index 1 */
  int (*take_turn)(lua_State *L);             /* coroutine.yield() of a task itself: lets the others run */
  void (*module_loaded)(lua_State *L, const char *name);
  lb_task *task;                              /* the task that runs; `outside` when none does */
  lb_task outside;
  _Atomic(lua_State *) running;               /* the thread that runs Lua code just now */
  _Atomic int interrupt;                      /* lb_interrupt was called and nobody has taken notice */
  _Atomic int hurry;                          /* lb_hurry was called */
  _Atomic int64_t interrupted_at;             /* CLOCK_MONOTONIC, ns */
  lua_State *resumer;                         /* who resumed the coroutine that runs, or NULL */
  lua_State *blocker;                         /* who resumed a coroutine where it cannot be suspended itself, or NULL */
  bool exiting;                               /* os.exit was called: nothing but close handlers catches errors */
  bool trusted;                               /* Swift runs, or nobody: no allocation is refused */
  lb_limits limits;
  int wake;                                   /* a file descriptor lb_interrupt writes 8 bytes to, or -1 */
} lb_host;

/* ---- states ------------------------------------------------------------------------------------ */

/* Set once, before any state is made: drops one strong reference of a Swift object. */
void lb_set_release(void (*release)(void *));
/* A new state with the standard libraries, pcall, xpcall, coroutine.* and require replaced by equivalents that know
   about awaits. NULL when out of memory. */
lua_State *lb_new_state(void);
void lb_close_state(lua_State *L);
/* The same with the libraries that reach nothing outside, and with limits, for scripts that others wrote. Work of library
   functions that a script can make large is charged like instructions: string patterns, string.rep, table.move, ... */
lua_State *lb_new_limited_state(void);
void lb_set_memory_limit(lua_State *L, size_t bytes);             /* of the whole state; 0 lifts it */
/* From now on: so many instructions and so long until every call raises what host->limited pushes; 0 is no limit. */
void lb_set_limits(lua_State *L, int64_t steps, int64_t nanoseconds);
void lb_charge(lua_State *L, int64_t steps);                      /* counts work done in C; may raise */
void lb_stop(lua_State *L);                                       /* from any thread: ends what runs */
static inline lb_host *lb_host_of(lua_State *L) { return *(lb_host **)lua_getextraspace(L); }

/* ---- functions and objects ----------------------------------------------------------------------- */

void lb_push_function(lua_State *L, lb_function f);                /* without a context: the cheapest call */
void lb_push_closure(lua_State *L, void *object, lb_closure call); /* takes over one reference of `object` */
void lb_push_close(lua_State *L, void *object, lb_closure call);   /* the same, as a __close: shielded from cancellation */

void lb_new_metatable(lua_State *L, const void *type);             /* pushes a metatable for boxes: __gc, __eq, locked */
void lb_push_index(lua_State *L);                                  /* pops methods and getters, pushes the __index */
void lb_push_object(lua_State *L, void *object, int uservalues);   /* metatable on top, replaced by the userdata */
void *lb_test_object(lua_State *L, int index, const void *type);   /* NULL unless a box whose metatable is `type`'s */

/* ---- scripts of fragments ---------------------------------------------------------------------------- */

typedef int (*lb_bound)(lua_State *L, void *context);              /* as lb_function */
void lb_push_bound(lua_State *L, void *context, lb_bound f);       /* `context` is not owned */

/* A userdata that stands for something in Swift by number. It owns nothing. */
typedef struct lb_handle {
  const void *mark;
  uint32_t kind;
  uint32_t number;
  uint64_t value;
  int64_t position, count;
} lb_handle;
extern const char lb_handle_mark;
lb_handle *lb_push_handle(lua_State *L, int metatable, uint32_t kind, uint64_t value);
lb_handle *lb_to_handle(lua_State *L, int index);                  /* NULL for anything else */

void lb_push_accept(lua_State *L);                                 /* yields true */
void lb_push_reject(lua_State *L);                                 /* yields false, "chunk:line: ", reason or nil */
/* A library that cannot be changed. `drawn` is set when math.random or math.randomseed is asked for. */
void lb_push_library(lua_State *L, const char *name, bool *drawn);

/* ---- protected bodies of raising API: all return a LUA_ status, with the error value on top when it failed ------- */

int lb_call(lua_State *L, int nargs, int nresults); /* host->raised runs where the error was raised */
int lb_call_main(lua_State *L, int nargs, int nresults); /* the same for a script outside of tasks, which Ctrl-C stops */
int lb_protected(lua_State *L, lua_CFunction f, int nargs, int nresults);
int lb_gettable(lua_State *L, int index);           /* key on top, replaced by the value */
int lb_settable(lua_State *L, int index);           /* pops key and value */
int lb_tolstring(lua_State *L, int index);          /* pushes what tostring() gives */
int lb_len(lua_State *L, int index);                /* pushes the length */

/* ---- coroutines ------------------------------------------------------------------------------------ */

void lb_push_body(lua_State *L);                    /* the body of every task: calls f(...), keeps the error value */
int lb_resume(lua_State *co, lua_State *from, lb_task *task, int nargs, int *nresults);
bool lb_is_await(lua_State *co, int nresults);      /* did lua_resume return from an await of ours? */
bool lb_closing(lua_State *L);                      /* does this task's thread run a close handler? */
void lb_push_blocker(lua_State *L);                 /* names the C function that keeps L from yielding, or nil */
void lb_push_name(lua_State *L, int level);         /* the library name of the function that runs there, or nil */

lb_task *lb_loader(lua_State *L, int name);         /* the task that is loading the module whose name is there, or NULL */

/* ---- Ctrl-C ------------------------------------------------------------------------------------------ */

/* The universe that lb_interrupt stops, or NULL. */
void lb_set_interruptible(lb_host *host);
/* Wakes the scheduler; a loop that goes on for another 100 ms without waiting gets an error. From any thread, and not from a
   signal handler. False when no universe listens. */
bool lb_interrupt(void);
/* The same, and Lua's own close handlers are stopped, too. */
bool lb_hurry(void);
bool lb_is_hurried(lb_host *host);
bool lb_take_interrupt(lb_host *host);              /* takes notice; false when there was none */

/* ---- macros that Swift does not see -------------------------------------------------------------------- */

static inline void lb_pop(lua_State *L, int n) { lua_settop(L, -n - 1); }
static inline int lb_registry(void) { return LUA_REGISTRYINDEX; }
static inline void lb_insert(lua_State *L, int i) { lua_rotate(L, i, 1); }
static inline void lb_remove(lua_State *L, int i) { lua_rotate(L, i, -1); lua_settop(L, -2); }
static inline void lb_push_globals(lua_State *L) { lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); }
/* Stops the collector; false when it stood already, and then lb_go_on is not to be called. */
static inline bool lb_stand(lua_State *L) { return lua_gc(L, LUA_GCISRUNNING) != 0 && lua_gc(L, LUA_GCSTOP) == 0; }
static inline void lb_go_on(lua_State *L) { lua_gc(L, LUA_GCRESTART); }
static inline int lb_load_file(lua_State *L, const char *path) { return luaL_loadfilex(L, path, NULL); }
