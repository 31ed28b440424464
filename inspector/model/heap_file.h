// .heap files: a snapshot on disk. The bytes are specified in docs/formats/heap.md.
//
// Writing is one pass over a snapshot that has everything loaded. The file appears under its name
// only when it is whole (it is written beside and renamed), so a reader never meets half a dump.
//
// Opening reads the header and the small sections (facts, strings, types, roots, threads, pools,
// shapes; of a big file that was analysed not all names, heap_index.h); the columns and the
// references stay on disk until snapshot_load() asks for them. Files
// are hostile input: sizes, counts, offsets and every decoded number are checked against named
// limits, each section's CRC-32C blocks before its first use. Damage is an error with code FORMAT,
// a version or a required feature that is not known one with code VERSION; no input crashes the
// reader.
//
// The reader uses pread, not mmap: a file that is cut short under it then gives a short read
// instead of SIGBUS, and columns are decoded in any case.
#ifndef BRILLE_INSPECTOR_MODEL_HEAP_FILE_H
#define BRILLE_INSPECTOR_MODEL_HEAP_FILE_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

// Writes the snapshot (loading what it lacks) and says how long the file is. `size_bytes` may be
// NULL.
struct error *heap_file_write(struct snapshot *snapshot, const char *path, uint64_t *size_bytes);

struct error *heap_file_open(const char *path, struct snapshot **ret);

// Whether the file begins like a .heap file. False also for what cannot be opened.
bool heap_file_looks_like(const char *path);

// For snapshot_load and snapshot_destroy.
struct error *heap_file_load(struct snapshot *snapshot, unsigned parts);
void heap_file_close(struct heap_file *file);

#endif
