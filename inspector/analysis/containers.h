// Containers that hold less than they have room for: empty ones and sparsely filled ones.
//
// Nothing of a container's table is in a snapshot, but its size is, and from that and the number of
// its items follows what it has allocated, because the runtimes grow their tables in known steps:
//
//     list   56 + 8 for each slot
//     dict   64 + 32 + the index (a power of two of 1, 2, 4 or 8 bytes each) + two thirds as many
//            entries of 16 bytes (all keys are str) or 24
//     set    216, with 8 slots inside; more than that: 16 for each, a power of two
//
// as CPython 3.11 has it. A size that is none of these (a subclass with fields of its own, another
// version) says nothing, and such a container is not counted as sparse. What would do is the
// smallest table of the same kind that takes the items.
#ifndef BRILLE_INSPECTOR_ANALYSIS_CONTAINERS_H
#define BRILLE_INSPECTOR_ANALYSIS_CONTAINERS_H

#include "inspector/base/error.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

enum container_kind {
    CONTAINER_LIST,
    CONTAINER_DICT,
    CONTAINER_SET,
    CONTAINER_TUPLE,
    CONTAINER_KINDS
};

struct container_sum {
    uint64_t count; // of the kind, subclasses not counted
    uint64_t empty_count, empty_bytes;
    uint64_t sparse_count, sparse_bytes; // more than half of the table is free
    uint64_t wasted_bytes;               // of the sparse ones: beyond the smallest that would do
};

struct container_row {
    uint32_t object;
    uint64_t items;
    uint64_t wasted_bytes;
};

#define CONTAINERS_BIGGEST 20

struct containers {
    struct container_sum sums[CONTAINER_KINDS];
    struct container_row biggest[CONTAINERS_BIGGEST]; // waste, most first
    uint32_t biggest_count;
};

struct error *containers_create(struct snapshot *snapshot, struct containers **ret);
void containers_destroy(struct containers *containers);
CLEANUP_DEFINE(containers_destroy, struct containers *);

const char *container_kind_word(enum container_kind kind); // "list"

// By type: the kind plus 1, 0 for what is no container. The caller frees; NULL without memory.
uint8_t *container_kinds(const struct snapshot *s);
// How many items a container of this kind holds. EDGES are loaded.
uint64_t container_items(const struct snapshot *s, uint32_t o, enum container_kind kind);

// What the smallest container with this many items takes, given the size of one; the size itself
// when nothing is known about it. `waste` of it is the difference.
uint64_t container_least_bytes(enum container_kind kind, uint64_t size_bytes, uint64_t items);

#endif
