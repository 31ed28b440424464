// Fills a snapshot: the one door through which a target's heap comes in.
//
// The target walks its heap once and calls, in whatever order objects come:
//
//     uint32_t type = snapshot_builder_type(b, &(struct builder_type){.address = t, .name =
//     "dict"}); snapshot_builder_object(b, &(struct builder_object){.address = p, .size_bytes = 64,
//     ...}); snapshot_builder_edge(b, q, EDGE_ITEM, CLASS_TRAVERSED, edge_name_index(0));   // p ->
//     q
//
// Edges belong to the object added last; snapshot_builder_edge_from names another source, at a
// cost, for the few that are found out of turn. Targets are addresses: whether an object is there
// is only known at the end, in snapshot_builder_finish, which sorts objects by address, resolves
// addresses to ordinals, drops (and counts) references to what is no object, and computes
// `explained`.
//
// Calls return nothing. The first failure (no memory, too many objects) makes the later ones do
// nothing and is reported by finish, so a walk need not test each step. `failed` may be asked, to
// stop a long walk early.
//
// All strings are copied. Addresses must be multiples of 8; an object at any other is not added and
// counts as duplicate, for it can be no Python object.
#ifndef BRILLE_INSPECTOR_MODEL_BUILDER_H
#define BRILLE_INSPECTOR_MODEL_BUILDER_H

#include "inspector/base/error.h"
#include "inspector/model/kinds.h"
#include "inspector/model/shape.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snapshot_builder;

struct builder_type {
    uint64_t address;
    const char *name;
    const char *module; // NULL when unknown
    uint64_t size_bytes;
};

struct builder_object {
    uint64_t address;
    uint64_t size_bytes;
    uint64_t refcount; // stored up to 2^32 - 1
    uint32_t type;     // from snapshot_builder_type
    uint32_t epoch;    // birth epoch, 0 when there are none
    uint32_t label;    // string id, 0 for none
    uint8_t generation;
    bool tracked;
    bool immortal;
};

struct builder_root {
    uint64_t target;
    enum root_kind kind;
    enum edge_class class; // CLASS_OWNED when it explains a reference, CLASS_BORROWED when not
    const char *name;
    uint32_t thread; // from snapshot_builder_thread; ORDINAL_NONE when none
    uint32_t frame;  // from snapshot_builder_frame; ORDINAL_NONE when none
};

struct error *snapshot_builder_create(struct snapshot_builder **ret);
// To be called before anything is added: what there is of each object and reference is kept in
// files without names in the folder, so that memory holds a few bytes of an object instead of a
// hundred (spool.h). The snapshot is the same, but its columns are mapped files: good for being
// walked in order, as heap_file_write does, slow for work that jumps about, and not to be written
// to.
struct error *snapshot_builder_spool(struct snapshot_builder *builder, const char *folder);
void snapshot_builder_destroy(struct snapshot_builder *builder);
CLEANUP_DEFINE(snapshot_builder_destroy, struct snapshot_builder *);

// The facts about the capture: numbers and flags are written here directly, texts are set by
// snapshot_builder_text, for example (b, &snapshot_builder_info(b)->version, "3.11.2").
struct snapshot_info *snapshot_builder_info(struct snapshot_builder *builder);
void snapshot_builder_text(struct snapshot_builder *builder, const char **field, const char *text);

// 0 for the empty string, and on failure.
uint32_t snapshot_builder_string(struct snapshot_builder *builder, const char *bytes,
                                 size_t length);

// The type's ordinal. An address that is known gives the type it had; the other fields are then not
// looked at. snapshot_builder_find_type gives ORDINAL_NONE for an unknown address, so that a name
// need not be read from the target more than once.
uint32_t snapshot_builder_type(struct snapshot_builder *builder, const struct builder_type *type);
uint32_t snapshot_builder_find_type(const struct snapshot_builder *builder, uint64_t address);

// Whether another object may be as large: else its size is a lie, and adding it an error.
bool snapshot_builder_has_room(const struct snapshot_builder *builder, uint64_t size_bytes);
void snapshot_builder_object(struct snapshot_builder *builder, const struct builder_object *object);
// The label of the object added last, as a text: cheaper than a string id, which must be looked up
// at once.
void snapshot_builder_label(struct snapshot_builder *builder, const char *bytes, size_t length);
void snapshot_builder_edge(struct snapshot_builder *builder, uint64_t target, enum edge_kind kind,
                           enum edge_class edge_class, edge_name name);
// The same with a text as name; NULL for none.
void snapshot_builder_edge_named(struct snapshot_builder *builder, uint64_t target,
                                 enum edge_kind kind, enum edge_class edge_class, const char *name);
// An edge of any object, added before or later. It comes behind the source's other edges.
void snapshot_builder_edge_from(struct snapshot_builder *builder, uint64_t source, uint64_t target,
                                enum edge_kind kind, enum edge_class edge_class, edge_name name);

void snapshot_builder_root(struct snapshot_builder *builder, const struct builder_root *root);
// A thread, and then its frames, innermost first, before the next thread. Both return their row.
uint32_t snapshot_builder_thread(struct snapshot_builder *builder, uint64_t tid, const char *name,
                                 enum gil_state gil);
// `object` is the address of the frame or code object, 0 when there is none.
uint32_t snapshot_builder_frame(struct snapshot_builder *builder, const char *function,
                                const char *file, uint32_t line, uint64_t object);
void snapshot_builder_pool(struct snapshot_builder *builder, const struct snapshot_pool *pool);
void snapshot_builder_block(struct snapshot_builder *builder, const struct snapshot_block *block);
// `area->name` is set from `name`.
void snapshot_builder_area(struct snapshot_builder *builder, const struct snapshot_area *area,
                           const char *name);

bool snapshot_builder_failed(const struct snapshot_builder *builder);
// Objects so far, for progress.
uint32_t snapshot_builder_count(const struct snapshot_builder *builder);

// Hands over the snapshot. The builder is empty afterwards, whether it succeeded or not, and can
// only be destroyed.
struct error *snapshot_builder_finish(struct snapshot_builder *builder, struct snapshot **ret);

#endif
