// An ELF file as it is mapped into a process: its sections, symbols and unwind tables, at the
// addresses that they have there.
//
// Where the file comes from: by its path, if that still is the file that was mapped (device and
// inode agree); else through /proc/PID/map_files or /proc/PID/exe, which lead to a file that has
// been deleted or replaced; else from the process's memory (the vdso, and what cannot be opened).
// An image made from memory has only what is loaded: segments and build-id, usually no sections, no
// .symtab.
//
//     run-time address = load_bias + address in the file        (bias 0 for a fixed-address
//     program)
//
// The file is not trusted: libelf checks its structure, here every offset and index is checked
// before it is used. Lookups by name are linear the first time and by sorted table for addresses.
#ifndef BRILLE_INSPECTOR_PROC_ELF_IMAGE_H
#define BRILLE_INSPECTOR_PROC_ELF_IMAGE_H

#include "inspector/base/error.h"
#include "inspector/base/remote_ptr.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/mem_source.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct elf_image; // one file at one load bias

struct elf_section {
    struct remote_ptr address; // at run time; null for a section that is not loaded
    uint64_t size_bytes;
};

struct elf_symbol {
    const char *name; // lives as long as the image; "" if it has none
    struct remote_ptr address;
    uint64_t size_bytes;
};

enum { ELF_BUILD_ID_BYTES = 64 };

// The file behind one mapping of a process. `mem` may be NULL (then there is no last resort).
struct error *elf_image_open(pid_t pid, const struct maps *maps, const struct map *map,
                             struct mem_source *mem, struct elf_image **ret);
// A file by its path, at a given bias: for core files and tests.
struct error *elf_image_open_file(const char *path, uint64_t load_bias, struct elf_image **ret);
void elf_image_close(struct elf_image *image); // NULL is fine
CLEANUP_DEFINE(elf_image_close, struct elf_image *);

const char *elf_image_path(const struct elf_image *image);
uint64_t elf_image_load_bias(const struct elf_image *image);

// A section by name (".brille.introspect"); NOT_FOUND if there is none.
struct error *elf_image_section(struct elf_image *image, const char *name, struct elf_section *ret);
// A defined symbol by name, in its default version: .dynsym first, then .symtab. NOT_FOUND if there
// is none.
struct error *elf_image_symbol(struct elf_image *image, const char *name, struct elf_symbol *ret);
// The function that contains the address; false if no symbol covers it.
bool elf_image_symbol_at(struct elf_image *image, struct remote_ptr address,
                         struct elf_symbol *ret);
// Bytes of the build-id note; returns its length, 0 if there is none.
size_t elf_image_build_id(struct elf_image *image, uint8_t id[ELF_BUILD_ID_BYTES]);

// The PT_GNU_EH_FRAME segment (.eh_frame_hdr), by which stacks are unwound. False if there is none.
bool elf_image_unwind_table(struct elf_image *image, struct remote_ptr *address,
                            uint64_t *size_bytes);
// The bytes of the file that belong to a run-time address, for memory that a core file left out;
// returns how many.
size_t elf_image_read(struct elf_image *image, struct remote_ptr address, void *buffer,
                      size_t length);

// ---- over all files of a process ----

// Looks through the executable mappings for the first file that has the section (or symbol), the
// program itself first. *image is then the caller's to close.
struct error *elf_find_section(pid_t pid, const struct maps *maps, struct mem_source *mem,
                               const char *name, struct elf_image **image, struct elf_section *ret);
struct error *elf_find_symbol(pid_t pid, const struct maps *maps, struct mem_source *mem,
                              const char *name, struct elf_image **image, struct elf_symbol *ret);

#endif
