#include "CHost.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <termios.h>

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

static struct termios original;
static bool has_original;

static void set_modes(const struct termios *modes) {
  while (tcsetattr(STDIN_FILENO, TCSADRAIN, modes) != 0 && errno == EINTR) {}
}

void chost_enter_raw_mode(void) {
  if (!has_original && tcgetattr(STDIN_FILENO, &original) != 0) return;
  has_original = true;
  struct termios modes = original;
  modes.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
  modes.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
  modes.c_cc[VMIN] = 1;
  modes.c_cc[VTIME] = 0;
  set_modes(&modes);
}

void chost_leave_raw_mode(void) {
  if (has_original) set_modes(&original);
}
