// Making and closing a universe.
#include "internal.h"
#include <stdlib.h>

static int open_libraries(lua_State *L) {
  if (lua_toboolean(L, 1)) {
    lb_open_limited(L);
  } else {
    luaL_openlibs(L);
    lb_open_require(L);
  }
  lb_open_coroutine(L);
  lua_pushcfunction(L, lb_pcall_body);
  lua_setglobal(L, "pcall");
  lua_pushcfunction(L, lb_xpcall_body);
  lua_setglobal(L, "xpcall");
  lua_getglobal(L, "load");
  lua_pushcclosure(L, lb_load_body, 1);
  lua_setglobal(L, "load");
  return 0;
}

static lua_State *open_state(bool limited) {
  lb_host *host = calloc(1, sizeof *host);
  if (!host) return NULL;
  host->task = &host->outside;
  host->trusted = true;
  host->wake = -1;
  lua_State *L = limited ? lua_newstate(lb_limited_alloc, host) : luaL_newstate();
  if (!L) {
    free(host);
    return NULL;
  }
  *(lb_host **)lua_getextraspace(L) = host; /* lua_newthread copies it into every thread */
  lua_gc(L, LUA_GCSTOP);                    /* as lua.c does: nothing to collect while the libraries open */
  lua_pushcfunction(L, open_libraries);
  lua_pushboolean(L, limited);
  int status = lua_pcall(L, 1, 0, 0);
  if (status != LUA_OK) {
    lb_close_state(L);
    return NULL;
  }
  lua_gc(L, LUA_GCRESTART);
  lua_gc(L, LUA_GCGEN, 0, 0);
  return L;
}

lua_State *lb_new_state(void) { return open_state(false); }
lua_State *lb_new_limited_state(void) { return open_state(true); }

void lb_close_state(lua_State *L) {
  lb_host *host = lb_host_of(L);
  lb_forget_interruptible(host);
  lua_close(L);
  free(host);
}
