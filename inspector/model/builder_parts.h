// The inside of a builder, shared by its two halves: builder.c, through which objects come in, and
// builder_finish.c, which makes a snapshot of them. Not for others.
//
// Everything of which there is one for each object or reference is a spool: in memory, or, when the
// builder was given a folder, in files that are mapped at the end. What there is little of is a
// vector.
#ifndef BRILLE_INSPECTOR_MODEL_BUILDER_PARTS_H
#define BRILLE_INSPECTOR_MODEL_BUILDER_PARTS_H

#include "inspector/base/progress.h"
#include "inspector/base/spool.h"
#include "inspector/base/vec.h"
#include "inspector/model/builder.h"
#include "inspector/model/texts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct late_edge {
    uint64_t source, target;
    size_t index; // keeps those of one source in the order in which they came
    struct shape_edge named;
};

struct pending_root {
    uint64_t target;
    struct snapshot_root root;
};

VEC_DEFINE(late_edge_vec, struct late_edge);
VEC_DEFINE(pending_root_vec, struct pending_root);
VEC_DEFINE(type_vec, struct snapshot_type);
VEC_DEFINE(thread_vec, struct snapshot_thread);
VEC_DEFINE(frame_vec, struct snapshot_frame);
VEC_DEFINE(area_vec, struct snapshot_area);
VEC_DEFINE(block_vec, struct snapshot_block);
VEC_DEFINE(big_vec, struct snapshot_big);

// In memory a label is looked up some objects later, when what that needs of the string table has
// come into the cache.
enum { WAITING_LABELS = 16, WAITING_TEXT_BYTES = 240 };

struct waiting_label {
    uint64_t hash;
    uint32_t row; // index of the object
    uint32_t length;
    char text[WAITING_TEXT_BYTES];
};

enum {
    LABELS_AT_HAND = 1024, // the last labels, which may still change
    PROGRESS_STEP = 65536, // objects
};

struct snapshot_builder {
    struct snapshot *snapshot; // shapes, info and, in memory, strings live here from the start
    struct progress progress;
    struct error *error; // the first failure
    struct spool_place place;
    char *folder;        // of the place; NULL: in memory
    struct texts *texts; // instead of the snapshot's strings, when there is a place
    // Of each object one element. `label` lacks those at hand; shape and edge_end of the last
    // object come when it is finished.
    uint32_t count;
    struct spool address, size, refcount, type, epoch, label, shape, flags;
    struct spool edge_end; // end of its targets
    struct spool targets;  // addresses
    uint64_t target_count;
    uint64_t last_address;
    uint32_t labels[LABELS_AT_HAND]; // of the objects from `labels_begin` on
    uint32_t labels_begin;
    struct waiting_label waiting[WAITING_LABELS]; // a ring
    unsigned waiting_begin, waiting_count;
    struct big_vec big;
    uint64_t big_bytes; // of all in `big`
    bool open; // the last object is not finished: it may get edges, whose names are being made a
               // shape
    struct late_edge_vec late;
    struct pending_root_vec roots;
    struct type_vec types;
    struct u32_vec type_slots; // hash of address -> type + 1
    struct thread_vec threads;
    struct frame_vec frames;
    struct u64_vec frame_objects;
    struct spool pools;
    uint32_t pool_count;
    struct area_vec areas;
    struct block_vec blocks;
    uint32_t sorted_count; // so many of the first addresses have come in strictly rising order
    bool skipping;         // the last object was not added, nor are its edges
    uint64_t last_type_address;
    uint32_t last_type;
};

static inline struct spool_place *builder_place(struct snapshot_builder *b)
{
    return b->folder ? &b->place : NULL;
}

// The columns with their types, for what is done with each of them: X(name, type).
#define BUILDER_COLUMNS(X) \
    X(address, uint64_t)   \
    X(size, uint32_t)      \
    X(refcount, uint32_t)  \
    X(type, uint32_t)      \
    X(epoch, uint32_t)     \
    X(label, uint32_t)     \
    X(shape, uint32_t)     \
    X(flags, uint8_t)

// builder.c: ends the last object, and looks up the labels that wait.
struct error *builder_end_objects(struct snapshot_builder *b);
// builder_finish.c: makes the snapshot.
struct error *builder_resolve(struct snapshot_builder *b);

#endif
