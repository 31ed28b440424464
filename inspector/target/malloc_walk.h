// What glibc's malloc has handed out in a captured process, by size.
//
// Memory that a library allocated is no object of Python's; how big its blocks are, and which size
// grows from dump to dump, is what can be said of it, and often names the library. It is read from
// the heads that malloc keeps in front of its blocks, without symbols:
//
//     main heap      [heap], from its begin to the top block, which ends where the heap ends
//     other arenas   mappings at multiples of 64 MiB that begin with a heap_info
//     mmapped        anonymous mappings that begin with a head whose size they have
//
// Another malloc (musl, jemalloc, tcmalloc) has other heads: then nothing fits and there are no
// rows. Blocks that malloc keeps at hand in its fast bins count as used; those of thread caches do
// not.
#ifndef BRILLE_INSPECTOR_TARGET_MALLOC_WALK_H
#define BRILLE_INSPECTOR_TARGET_MALLOC_WALK_H

#include "inspector/capture/capture.h"
#include "inspector/model/builder.h"

// Before capture_release. What fails shows in the builder; what makes no sense is left out.
void target_add_blocks(const struct capture *capture, struct snapshot_builder *builder);

#endif
