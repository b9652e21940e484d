#define _GNU_SOURCE
#include "CHost.h"
#include <locale.h>
#include <pthread.h>
#include <wchar.h>

static locale_t utf8; /* of its own: the program's stays "C", by which Lua's functions work */

static void make_locale(void) { utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

int chost_columns(uint32_t scalar) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_locale);
  if (!utf8) return 1;
  locale_t before = uselocale(utf8);
  int columns = wcwidth((wchar_t)scalar);
  uselocale(before);
  return columns;
}
