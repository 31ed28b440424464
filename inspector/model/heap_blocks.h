// Single values of the columns of a .heap file, for who wants a few of ten million.
//
// A column is coded in blocks of 4096 values, and an index says where each begins (COFF, DOFF,
// POFF). Blocks that were looked at are kept decoded: objects that are asked for together are
// often near each other.
//
// Values are checked when their block is decoded: types and shapes are rows that exist, labels are
// strings, addresses rise. Others are numbers and nothing more.
#ifndef BRILLE_INSPECTOR_MODEL_HEAP_BLOCKS_H
#define BRILLE_INSPECTOR_MODEL_HEAP_BLOCKS_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

struct heap_blocks;

// Of a snapshot whose file has the indexes; nothing of it need be loaded.
struct error *heap_blocks_create(const struct snapshot *snapshot, struct heap_blocks **ret);
void heap_blocks_destroy(struct heap_blocks *blocks);

// Of a column with an index. `object` is an ordinal.
struct error *heap_blocks_value(struct heap_blocks *blocks, uint32_t tag, uint32_t object,
                                uint64_t *ret);

// ORDINAL_NONE when no object starts there.
struct error *heap_blocks_find(struct heap_blocks *blocks, uint64_t address, uint32_t *ret);

#endif
