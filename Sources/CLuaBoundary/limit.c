// A limit on what a script may do, for scripts that others wrote.
#include "internal.h"

static void over(lua_State *L, lua_Debug *ar) {
  (void)ar;
  luaL_where(L, 0); /* in a hook, level 0 is the function that was interrupted */
  lua_pushfstring(L, "the script runs too long: it was stopped after %d instructions", lua_gethookcount(L));
  lua_concat(L, 2);
  lua_error(L);
}

void lb_limit(lua_State *L, int instructions) {
  lua_sethook(L, instructions > 0 ? over : NULL, instructions > 0 ? LUA_MASKCOUNT : 0, instructions);
}
