// System calls that the Glibc module does not show to Swift.
#pragma once
#include <linux/magic.h>
#include <stdint.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

// A descriptor for a process, which never comes to mean another one (pidfd_open(2)); -1 with errno when it is gone.
static inline int chost_pidfd_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

// Sends a signal to the very process the descriptor was opened for (pidfd_send_signal(2)); -1 with errno when it is gone.
static inline int chost_pidfd_signal(int pidfd, int signal) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, (void *)0, 0);
}

// Whether a file is a namespace (namespaces(7)), and not only the place where one was mounted.
static inline int chost_is_namespace(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 && status.f_type == NSFS_MAGIC;
}

// Has a write to a program that reads no more fail with EPIPE instead of ending this program. Programs started later are
// not concerned, as exec(2) resets handlers.
void chost_survive_broken_pipes(void);

// Writes what the C library still holds of standard output: 0, the number of the error that kept something from being written,
// or -1 when an earlier write has failed and nobody knows why any more.
int chost_finish_output(void);

// Whether standard output has somebody at its other end; a file has.
int chost_is_output_read(void);

// Columns of a terminal that a Unicode scalar takes (wcwidth(3)): 0, 1 or 2; -1 for a control character.
int chost_columns(uint32_t scalar);

// Has SIGWINCH and SIGCONT written to a descriptor, a byte each: the signal's number. The descriptor does not block.
void chost_note_signals(int descriptor);

// Has the C library write standard output at each line feed, wherever it goes.
void chost_buffer_output_by_lines(void);

// Has the terminal at standard input give each key at once and show none itself, and brings back what was at first. In C, as
// the same in Swift set wrong modes when swiftc 6.3.1 had optimized it. Not to be called by two threads at once.
void chost_enter_raw_mode(void);
void chost_leave_raw_mode(void);

// Calls `take` with the path of each shared library that this program has loaded, under the name by which it asked for it
// (dl_iterate_phdr(3)).
typedef void (*chost_library_taker)(const char *path, void *context);
void chost_each_library(chost_library_taker take, void *context);

// The build ID of this program (NT_GNU_BUILD_ID, elf(5)) as hexadecimal digits; empty when the linker gave it none.
void chost_build_id(char text[65]);

// Hands a descriptor to the other end of a Unix socket, with a space (SCM_RIGHTS of unix(7)); 1, or -1 with errno. In C for the
// macros of cmsg(3).
int chost_send_descriptor(int socket, int descriptor);

// Notes in the file `stamps` when what is in the file `log` came, a line a moment: milliseconds since 1970, and where in the log
// that begins and ends. Goes on until the process of the pidfd ends; -1 with errno when it cannot.
int chost_stamp(const char *log, const char *stamps, int pidfd);
