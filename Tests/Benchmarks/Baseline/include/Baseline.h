// What the benchmarks compare with: the same things in C.
#pragma once
#include <lua.h>

int baseline_empty(lua_State *L);      /* () -> nothing */
int baseline_join(lua_State *L);       /* (integer, string) -> string */
double baseline_spawn(int count);      /* seconds a `true`: posix_spawn and waitpid, one after the other */
double baseline_capture(int count);    /* seconds for so many `echo` at once, their output read */
double baseline_resident(void);        /* bytes of this process in memory */
double baseline_cpu(void);             /* seconds of CPU that it has used */
