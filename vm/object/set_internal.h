/* What the files of set share. Not for other files. */
#ifndef BRILLE_VM_OBJECT_SET_INTERNAL_H
#define BRILLE_VM_OBJECT_SET_INTERNAL_H

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/quick_compare.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/runtime/ops.h"

#define AS_SET(o) ((struct py_set *)(o))

static inline int64_t set_hash_key(struct py_object *key)
{
    const int64_t hash = py_quick_hash(key);
    return hash != -1 ? hash : py_hash(key);
}

static inline bool set_is_live(const struct py_set_entry *entry)
{
    return entry->key && entry->key != &py_set_dummy;
}

static inline void set_announce(struct py_set *s)
{
    if (PY_TRACING(PY_TRACE_ALLOC))
        py_object_resized(PY_OBJ(s), py_object_size(PY_OBJ(s)));
}

/* Tracked, empty, of any set type. */
struct py_set *py_set_alloc(struct py_type *type);
struct py_set *py_set_make(struct py_type *type, struct py_object *iterable /* or NULL */);
/* A plain set or frozenset with the entries of s. */
struct py_set *py_set_copy(struct py_set *s);
int py_set_add_hashed(struct py_set *s, struct py_object *key, int64_t hash);
int py_set_contains_hashed(struct py_set *s, struct py_object *key, int64_t hash);
int py_set_discard_hashed(struct py_set *s, struct py_object *key, int64_t hash);
int py_set_resize(struct py_set *s, int64_t min_used);
/* Exchanges the entries of two sets: how in-place operations adopt a result. */
void py_set_swap(struct py_set *a, struct py_set *b);
/* The plain type of results: set for sets, frozenset for frozensets. */
struct py_type *py_set_base_type(const struct py_set *s);

/* Operations as functions, for methods and operators; other is any iterable. */
struct py_object *py_set_intersection(struct py_set *s, struct py_object *other);
struct py_object *py_set_difference(struct py_set *s, struct py_object *other);
int py_set_difference_update(struct py_set *s, struct py_object *other);
int py_set_symmetric_difference_update(struct py_set *s, struct py_object *other);
int py_set_is_subset(struct py_set *a, struct py_set *b); /* 1, 0, -1 */
int py_set_is_disjoint(struct py_set *s, struct py_object *other);

/* Tables for the two types (set_methods.c). */
extern const struct py_method_def py_set_methods[], py_frozenset_methods[];
struct py_object *py_set_repr(struct py_object *o);
struct py_object *py_set_richcompare(struct py_object *a, struct py_object *b, int op);
struct py_object *py_set_iter(struct py_object *o);
struct py_object *py_set_nb_and(struct py_object *a, struct py_object *b);
struct py_object *py_set_nb_or(struct py_object *a, struct py_object *b);
struct py_object *py_set_nb_sub(struct py_object *a, struct py_object *b);
struct py_object *py_set_nb_xor(struct py_object *a, struct py_object *b);
struct py_object *py_set_nb_iand(struct py_object *a, struct py_object *b);
struct py_object *py_set_nb_ior(struct py_object *a, struct py_object *b);
struct py_object *py_set_nb_isub(struct py_object *a, struct py_object *b);
struct py_object *py_set_nb_ixor(struct py_object *a, struct py_object *b);
/* A key for lookups: a set used as key stands for the frozenset of its items. New frozenset when
 * the pending TypeError was about an unhashable set, else NULL. */
struct py_object *py_set_as_key(struct py_object *key);

#endif
