#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLuaBoundary.h"

/* The thread sanitizer holds a signal back until the thread calls into the system, which a loop of Lua never does. So
   under it one handler is set behind its back, and what that calls is not instrumented. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LB_THREAD_SANITIZER 1
#endif
#endif
#if LB_THREAD_SANITIZER
#define LB_UNSANITIZED __attribute__((disable_sanitizer_instrumentation, noinline))
#define lb_sigaction __sigaction
#else
#define LB_UNSANITIZED
#define lb_sigaction sigaction
#endif

extern const char lb_await_key; /* its address, yielded alone, says that a coroutine awaits */

static inline bool lb_failed(int status) { return status != LUA_OK && status != LUA_YIELD; }

/* Other threads and signal handlers have a part in these; nothing else is ordered by them. */
static inline lua_State *lb_running(lb_host *host) { return atomic_load_explicit(&host->running, memory_order_relaxed); }
static inline void lb_set_running(lb_host *host, lua_State *L) {
  atomic_store_explicit(&host->running, L, memory_order_relaxed);
}
static inline bool lb_is_interrupted(lb_host *host) {
  return atomic_load_explicit(&host->interrupt, memory_order_relaxed);
}

/* Must an error pass everyone who would catch it? `shielded`: a close handler would. */
static inline bool lb_uncatchable(lua_State *L, bool shielded) {
  lb_host *host = lb_host_of(L);
  return host->limits.over || ((host->exiting || host->task->doomed) && !shielded);
}

/* Calls into Swift, whose turn it is then: see `trusted`. */
static inline int lb_enter(lua_State *L, lb_function f) {
  lb_host *host = lb_host_of(L);
  host->trusted = true;
  int result = f(L);
  host->trusted = false;
  return result;
}

/* Calls the function of Lua's own that a replacement keeps as upvalue 1, with all its arguments; leaves the results. */
static inline void lb_call_original(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
}

int lb_leave(lua_State *L, int result);    /* ends a C frame as the Swift function below it asked */
int lb_pcall_body(lua_State *L);           /* pcall */
int lb_xpcall_body(lua_State *L);          /* xpcall */
int lb_load_body(lua_State *L);            /* load; upvalue 1 is the original */
int lb_task_body(lua_State *L);
int lb_resume_body(lua_State *L);          /* coroutine.resume */
int lb_wrap_body(lua_State *L);            /* what coroutine.wrap returns; upvalue 1 is the coroutine */
int lb_wrap_main(lua_State *L);            /* calls f(...) in a coroutine of coroutine.wrap */
int lb_require_body(lua_State *L);
void lb_arm(lua_State *L);                 /* sets the hook that stops a loop after an interrupt; async-signal-safe */
void lb_forget_interruptible(lb_host *host);
int lb_raise_blocked(lua_State *L);        /* raises "cannot wait here: ..." */
int lb_raised(lua_State *L);               /* message handler: tells the host, keeps the value */

int lb_resume_thread(lb_host *host, lua_State *co, lua_State *from, int nargs, int *nresults);

int64_t lb_now(void);                      /* CLOCK_MONOTONIC, ns; async-signal-safe */
void *lb_limited_alloc(void *host, void *block, size_t old_size, size_t new_size);
void lb_open_limited(lua_State *L);
void lb_arm_limit(lua_State *L);           /* a limit was passed: nothing more runs in L */
void lb_open_patterns(lua_State *L);
void lb_open_coroutine(lua_State *L);
void lb_open_require(lua_State *L);
