#include "CHost.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>

static volatile int notes = -1;

static void note(int number) {
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  ssize_t written = write(notes, &byte, 1);
  (void)written;
  errno = saved;
}

void chost_note_signals(int descriptor) {
  notes = descriptor;
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
  sigaction(SIGWINCH, &action, 0);
  sigaction(SIGCONT, &action, 0);
}

void chost_buffer_output_by_lines(void) { setvbuf(stdout, 0, _IOLBF, 0); }
