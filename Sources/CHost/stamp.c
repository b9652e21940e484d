#include "CHost.h"
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>

// Output comes a byte at a time; what comes within this is noted together.
static const int moment = 10;  // milliseconds

int chost_stamp(const char *log, const char *stamps, int pidfd) {
  int source = open(log, O_RDONLY | O_CLOEXEC);
  int target = open(stamps, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (source < 0 || target < 0 || changes < 0 || inotify_add_watch(changes, log, IN_MODIFY) < 0) return -1;
  struct pollfd wanted[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = changes, .events = POLLIN}};
  long long known = 0;
  int waits = 0, ended = 0;
  while (!ended) {
    // What was there before the first look came by then.
    if (waits && poll(wanted, 2, -1) < 0) continue;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    ended = poll(wanted, 1, waits ? moment : 0) > 0;
    waits = 1;
    char events[4096];
    while (read(changes, events, sizeof events) > 0) {}
    struct stat status;
    if (fstat(source, &status) != 0) return -1;
    if (status.st_size <= known) continue;
    dprintf(target, "%lld %lld %lld\n", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, known,
            (long long)status.st_size);
    known = status.st_size;
  }
  return 0;
}
