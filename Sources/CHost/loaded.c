#define _GNU_SOURCE
#include "CHost.h"
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

struct visit {
  chost_library_taker take;
  void *context;
};

static int visit_library(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  struct visit *visit = data;
  if (info->dlpi_name && strchr(info->dlpi_name, '/')) visit->take(info->dlpi_name, visit->context);
  return 0;
}

void chost_each_library(chost_library_taker take, void *context) {
  struct visit visit = {take, context};
  dl_iterate_phdr(visit_library, &visit);
}

static int find_build_id(struct dl_phdr_info *info, size_t size, void *text) {
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    if (info->dlpi_phdr[i].p_type != PT_NOTE) continue;
    const char *place = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    const char *end = place + info->dlpi_phdr[i].p_memsz;
    while (place + sizeof(ElfW(Nhdr)) <= end) {
      const ElfW(Nhdr) *note = (const void *)place;
      const char *name = place + sizeof *note;
      const unsigned char *id = (const unsigned char *)name + ((note->n_namesz + 3) & ~3u);
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(name, "GNU", 4) && note->n_descsz <= 32) {
        for (unsigned n = 0; n < note->n_descsz; n++) sprintf((char *)text + 2 * n, "%02x", id[n]);
        return 1;
      }
      place = (const char *)id + ((note->n_descsz + 3) & ~3u);
    }
  }
  return 1; // The program itself comes first.
}

void chost_build_id(char text[65]) {
  text[0] = 0;
  dl_iterate_phdr(find_build_id, text);
}
