/* Lists: a growing array of owned references; over-allocates as CPython does. */
#ifndef BRILLE_VM_OBJECT_LIST_H
#define BRILLE_VM_OBJECT_LIST_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_list {
    struct py_var base;       /* base.size items */
    struct py_object **items; /* RAW; NULL when capacity is 0 */
    int64_t capacity;
};
extern struct py_type py_list_type;

static inline bool py_list_check(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_LIST);
}
struct py_list *py_list_new(int64_t size); /* items NULL: fill before it is seen by Python code */
struct py_list *py_list_from_array(struct py_object *const *items, size_t n); /* borrows items */
/* Steals: on failure too, and then the array holds NULLs. */
struct py_list *py_list_from_array_steal(struct py_object **items, size_t n);
struct py_list *py_list_from_iterable(struct py_object *iterable);
int py_list_append(struct py_list *list, struct py_object *item);       /* borrows item */
int py_list_append_steal(struct py_list *list, struct py_object *item); /* steals, even on error */
int py_list_insert(struct py_list *list, int64_t index, struct py_object *item);
int py_list_extend(struct py_list *list, struct py_object *iterable);
/* The same by an array of n, which is not the list's own; borrows them. */
int py_list_extend_items(struct py_list *list, struct py_object *const *items, int64_t n);
int py_list_set_slice(struct py_list *list, int64_t lo, int64_t hi,
                      struct py_object *v /* or NULL */);
/* list[lo:hi], and every step-th of count items from start on: new. All within the list; hi <= lo
 * is empty. */
struct py_object *py_list_slice_copy(struct py_list *list, int64_t lo, int64_t hi);
struct py_object *py_list_slice_stepped(struct py_list *list, int64_t start, int64_t step,
                                        int64_t count);
int py_list_sort(struct py_list *list, struct py_object *key /* or NULL */, bool reverse);
int py_list_reverse(struct py_list *list);
struct py_tuple *py_list_as_tuple(struct py_list *list);
void py_list_clear(struct py_list *list);

#endif
