/* Tuples: immutable arrays of owned references. The empty tuple is immortal and shared. A tuple of
 * atoms is untracked by the collector when it first sees it, as in CPython. */
#ifndef BRILLE_VM_OBJECT_TUPLE_H
#define BRILLE_VM_OBJECT_TUPLE_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_tuple {
    struct py_var base;
    struct py_object *items[];
};
extern struct py_type py_tuple_type;

static inline bool py_tuple_check(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_TUPLE);
}
struct py_tuple *py_tuple_empty(void);       /* borrowed, immortal */
struct py_tuple *py_tuple_new(int64_t size); /* items NULL, tracked: fill at once */
struct py_tuple *py_tuple_from_array(struct py_object *const *items, size_t n); /* borrows */
/* Steals: on failure too, and then the array holds NULLs. */
struct py_tuple *py_tuple_from_array_steal(struct py_object **items, size_t n);
struct py_tuple *py_tuple_pack(size_t n, ...); /* borrows each */
struct py_tuple *py_tuple_from_iterable(struct py_object *iterable);
struct py_tuple *py_tuple_slice(struct py_tuple *t, int64_t lo, int64_t hi);
/* Untracks t if nothing in it can be part of a cycle. */
void py_tuple_maybe_untrack(struct py_tuple *t);

#endif
