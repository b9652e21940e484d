#define _GNU_SOURCE
#include "Baseline.h"
#include <fcntl.h>
#include <lauxlib.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double baseline_cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double baseline_resident(void) {
  long size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  if (fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
  fclose(file);
  return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

int baseline_empty(lua_State *L) {
  (void)L;
  return 0;
}

int baseline_join(lua_State *L) {
  lua_Integer number = luaL_checkinteger(L, 1);
  size_t length;
  const char *text = luaL_checklstring(L, 2, &length);
  (void)number;
  lua_pushlstring(L, text, length);
  return 1;
}

double baseline_spawn(int count) {
  char *arguments[] = {"true", NULL};
  double start = now();
  for (int i = 0; i < count; i++) {
    pid_t pid;
    if (posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ) != 0) return -1;
    waitpid(pid, NULL, 0);
  }
  return (now() - start) / count;
}

double baseline_capture(int count) {
  struct pollfd *pipes = calloc((size_t)count, sizeof *pipes);
  pid_t *pids = calloc((size_t)count, sizeof *pids);
  char *arguments[] = {"echo", "hello", NULL};
  double start = now();
  for (int i = 0; i < count; i++) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    if (posix_spawn(&pids[i], "/bin/echo", &actions, NULL, arguments, environ) != 0) return -1;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    pipes[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
  }
  for (int open = count; open > 0;) {
    if (poll(pipes, (nfds_t)count, -1) < 0) return -1;
    for (int i = 0; i < count; i++) {
      if (pipes[i].fd < 0 || !pipes[i].revents) continue;
      char buffer[4096];
      if (read(pipes[i].fd, buffer, sizeof buffer) > 0) continue;
      close(pipes[i].fd);
      pipes[i].fd = -1;
      open--;
    }
  }
  for (int i = 0; i < count; i++) waitpid(pids[i], NULL, 0);
  double taken = now() - start;
  free(pipes);
  free(pids);
  return taken;
}
