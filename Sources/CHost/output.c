#include "CHost.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/statvfs.h>

int chost_finish_output(void) {
  if (fflush(stdout) != 0) return errno;
  if (!ferror(stdout)) return 0;
  // The number is long gone (print writes at once, and looks at none), but the likely reason can be seen.
  if (write(STDOUT_FILENO, "", 0) < 0) return errno;
  struct statvfs system;
  return fstatvfs(STDOUT_FILENO, &system) == 0 && system.f_blocks > 0 && system.f_bavail == 0 ? ENOSPC : -1;
}

int chost_is_output_read(void) {
  struct pollfd own = {.fd = STDOUT_FILENO};
  return poll(&own, 1, 0) <= 0 || !(own.revents & (POLLERR | POLLHUP));
}
