// Ctrl-C. The handler only leaves a note and wakes the scheduler, which cancels the main task at its next await.
// A loop that never awaits is stopped by a count hook, and only after a while: an error at a random instruction could
// fall between the making of a resource and the <close> that would free it.
//
// SIGINT may reach any thread of the process, but lua_sethook walks the frames of a running Lua thread, so it is safe
// only where lua.c does it: in a handler on that very thread. From elsewhere SIGURG, which nobody else uses and which is
// ignored by default, carries the request there.
#include "internal.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#if LB_THREAD_SANITIZER
int __sigaction(int signal, const struct sigaction *restrict action, struct sigaction *restrict previous);
#endif

static const int64_t patience = 100000000; /* ns */
static _Atomic(lb_host *) interruptible; /* lock-free, so a signal handler may read it */
static pthread_t lua_thread;             /* the one that runs it */
static pthread_mutex_t change = PTHREAD_MUTEX_INITIALIZER; /* held by who changes the two, and by who uses them elsewhere */

LB_UNSANITIZED static void arm_running(void) {
  lb_host *host = interruptible;
  lua_State *L = host ? atomic_load_explicit(&host->running, memory_order_relaxed) : NULL;
  if (L) lb_arm(L);
}

LB_UNSANITIZED static void on_request(int signal) {
  (void)signal;
  int saved = errno;
  arm_running();
  errno = saved;
}

void lb_set_interruptible(lb_host *host) {
  static bool installed;
  if (host && !installed) {
    struct sigaction action = {.sa_handler = on_request, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    lb_sigaction(SIGURG, &action, NULL);
    installed = true;
  }
  if (host) {
    sigset_t request; /* a thread of a pool may have all signals blocked */
    sigemptyset(&request);
    sigaddset(&request, SIGURG);
    pthread_sigmask(SIG_UNBLOCK, &request, NULL);
  }
  pthread_mutex_lock(&change);
  if (host) lua_thread = pthread_self();
  interruptible = host;
  pthread_mutex_unlock(&change);
}

void lb_forget_interruptible(lb_host *host) {
  pthread_mutex_lock(&change);
  atomic_compare_exchange_strong(&interruptible, &host, NULL);
  pthread_mutex_unlock(&change);
}

static void stop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lb_host *host = lb_host_of(L);
  if (!lb_is_interrupted(host)) { /* the scheduler took notice; threads born meanwhile have inherited the hook */
    lua_sethook(L, NULL, 0, 0);
    return;
  }
  int64_t since = lb_now() - atomic_load_explicit(&host->interrupted_at, memory_order_relaxed);
  if (since < patience || (host->task->shielded && !lb_is_hurried(host)) || !host->interrupted) return;
  lua_sethook(L, NULL, 0, 0);
  lb_take_interrupt(host);
  if (host->interrupted(L) < 0) lua_error(L);
}

LB_UNSANITIZED void lb_arm(lua_State *L) { lua_sethook(L, stop, LUA_MASKCOUNT, 1000); }

bool lb_interrupt(void) {
  pthread_mutex_lock(&change);
  lb_host *host = interruptible;
  if (!host) {
    pthread_mutex_unlock(&change);
    return false;
  }
  atomic_store_explicit(&host->interrupted_at, lb_now(), memory_order_relaxed);
  atomic_store_explicit(&host->interrupt, 1, memory_order_relaxed);
  if (pthread_equal(pthread_self(), lua_thread)) arm_running();
  else pthread_kill(lua_thread, SIGURG);
  if (host->wake >= 0) {
    uint64_t one = 1;
    ssize_t written = write(host->wake, &one, sizeof one);
    (void)written;
  }
  pthread_mutex_unlock(&change);
  return true;
}

bool lb_hurry(void) {
  pthread_mutex_lock(&change);
  lb_host *host = interruptible;
  if (host) atomic_store_explicit(&host->hurry, 1, memory_order_relaxed);
  pthread_mutex_unlock(&change);
  return lb_interrupt();
}

bool lb_is_hurried(lb_host *host) { return atomic_load_explicit(&host->hurry, memory_order_relaxed); }

bool lb_take_interrupt(lb_host *host) {
  return lb_is_interrupted(host) && atomic_exchange_explicit(&host->interrupt, 0, memory_order_relaxed);
}
