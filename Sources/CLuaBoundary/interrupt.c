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

static const int64_t patience = 100000000; /* ns */
static _Atomic(lb_host *) interruptible; /* lock-free, so a signal handler may read it */
static pthread_t lua_thread;             /* the one that runs it */
static pthread_mutex_t change = PTHREAD_MUTEX_INITIALIZER; /* held by who changes the two, and by who uses them elsewhere */

static void arm_running(void) {
  lb_host *host = interruptible;
  lua_State *L = host ? host->running : NULL;
  if (L) lb_arm(L);
}

static void on_request(int signal) {
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
    sigaction(SIGURG, &action, NULL);
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
  if (!host->interrupt) { /* the scheduler took notice; threads born meanwhile have inherited the hook */
    lua_sethook(L, NULL, 0, 0);
    return;
  }
  if (lb_now() - host->interrupted_at < patience || host->task->shielded || !host->interrupted) return;
  lua_sethook(L, NULL, 0, 0);
  host->interrupt = 0;
  if (host->interrupted(L) < 0) lua_error(L);
}

void lb_arm(lua_State *L) { lua_sethook(L, stop, LUA_MASKCOUNT, 1000); }

bool lb_interrupt(void) {
  pthread_mutex_lock(&change);
  lb_host *host = interruptible;
  if (!host) {
    pthread_mutex_unlock(&change);
    return false;
  }
  host->interrupted_at = lb_now();
  host->interrupt = 1;
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
