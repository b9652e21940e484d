// Ctrl-C. The handler only leaves a note and wakes the scheduler, which cancels the main task at its next await.
// A loop that never awaits is stopped by a count hook, and only after a while: an error at a random instruction could
// fall between the making of a resource and the <close> that would free it.
#include "internal.h"
#include <errno.h>
#include <time.h>
#include <unistd.h>

static const int64_t patience = 100000000; /* ns */
static lb_host *volatile interruptible;

void lb_set_interruptible(lb_host *host) { interruptible = host; }

void lb_forget_interruptible(lb_host *host) {
  if (interruptible == host) interruptible = NULL;
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void stop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lb_host *host = lb_host_of(L);
  if (!host->interrupt) { /* the scheduler took notice; threads born meanwhile have inherited the hook */
    lua_sethook(L, NULL, 0, 0);
    return;
  }
  if (now() - host->interrupted_at < patience || host->task->shielded || !host->interrupted) return;
  lua_sethook(L, NULL, 0, 0);
  host->interrupt = 0;
  if (host->interrupted(L) < 0) lua_error(L);
}

void lb_arm(lua_State *L) { lua_sethook(L, stop, LUA_MASKCOUNT, 1000); }

void lb_interrupt(void) {
  lb_host *host = interruptible;
  if (!host) return;
  int saved = errno;
  host->interrupted_at = now();
  host->interrupt = 1;
  lua_State *L = host->running;
  if (L) lb_arm(L);
  if (host->wake >= 0) {
    uint64_t one = 1;
    ssize_t written = write(host->wake, &one, sizeof one);
    (void)written;
  }
  errno = saved;
}
