#include "CHost.h"
#include <poll.h>
#include <signal.h>

// A pipe whose other end is closed: an error of the write where it was a program's input, and the end of this program, as
// of any other in a pipeline, when nobody reads its own output.
static void on_broken_pipe(int number) {
  struct pollfd own[2] = {{.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};
  if (poll(own, 2, 0) <= 0 || !((own[0].revents | own[1].revents) & POLLERR)) return;
  signal(number, SIG_DFL);
  raise(number);
}

void chost_survive_broken_pipes(void) {
  struct sigaction now;
  if (sigaction(SIGPIPE, 0, &now) != 0 || now.sa_handler != SIG_DFL) return;
  struct sigaction action = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART};
  sigaction(SIGPIPE, &action, 0);
}
