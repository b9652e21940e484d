// The files of stdlib/ and the modules' *.d.lua files, inside the binary.
#pragma once
#include <stddef.h>

typedef struct cstdlib_file {
  const char *name; // its path below stdlib/; types/NAME.d.lua for a module's types
  const unsigned char *bytes;
  size_t size;
} cstdlib_file;

// The number of files.
size_t cstdlib_count(void);
// The file at a place, or NULL.
const cstdlib_file *cstdlib_file_at(size_t place);
// The file of that name, or NULL.
const cstdlib_file *cstdlib_find(const char *name);
