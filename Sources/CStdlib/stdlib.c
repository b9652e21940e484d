// Embedded with C23's #embed, which takes a second for what SwiftPM's own way takes minutes. Every file of stdlib/ has a
// line here; a test compares the two.
#include "CStdlib.h"
#include <string.h>

#pragma clang diagnostic ignored "-Wc23-extensions"

#define EMBED(id) static const unsigned char id[]

#include "files.h"

size_t cstdlib_count(void) { return sizeof files / sizeof files[0]; }

const cstdlib_file *cstdlib_file_at(size_t place) { return place < cstdlib_count() ? &files[place] : NULL; }

const cstdlib_file *cstdlib_find(const char *name) {
  for (size_t place = 0; place < cstdlib_count(); place++)
    if (strcmp(files[place].name, name) == 0) return &files[place];
  return NULL;
}
