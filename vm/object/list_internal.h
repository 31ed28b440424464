/* What the files of list share: resizing, and taking the items away. Not for other files. */
#ifndef BRILLE_VM_OBJECT_LIST_INTERNAL_H
#define BRILLE_VM_OBJECT_LIST_INTERNAL_H

#include "vm/memory/heap.h"
#include "vm/object/list.h"

/* Tells the tracer that the item array changed size. */
static inline void list_announce(struct py_list *list)
{
    if (PY_TRACING(PY_TRACE_ALLOC))
        py_object_resized(PY_OBJ(list), py_object_size(PY_OBJ(list)));
}

/* Sets size, growing or shrinking the array by CPython's rule; new slots are uninitialised and
 * must be filled before anything else happens. */
int py_list_resize(struct py_list *list, int64_t size);
/* Untracked list with room for n uninitialised items; size already n. */
struct py_list *py_list_alloc(int64_t n);
/* Empties the list without touching its items: *items (RAW, may be NULL) is the caller's now. */
int64_t py_list_take(struct py_list *list, struct py_object ***items);
/* Drops n owned items of a RAW array, last first, and frees the array. */
void py_list_drop_items(struct py_object **items, int64_t n);

extern const struct py_method_def py_list_methods[];
struct py_object *py_list_repr(struct py_object *o);
struct py_object *py_list_richcompare(struct py_object *a, struct py_object *b, int op);
struct py_object *py_list_subscript(struct py_object *o, struct py_object *key);
int py_list_ass_subscript(struct py_object *o, struct py_object *key, struct py_object *value);
int py_list_contains(struct py_object *o, struct py_object *item);

#endif
