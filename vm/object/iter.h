/* Iterators over built-in sequences, and enumerate, zip, map, filter, reversed.
 * The interpreter loop specialises on list and tuple iterators, so their layout is public. */
#ifndef BRILLE_VM_OBJECT_ITER_H
#define BRILLE_VM_OBJECT_ITER_H

#include "vm/object/object.h"
#include "vm/object/type.h"
#include "vm/runtime/error.h"

/* list_iterator, tuple_iterator, str_iterator, bytes_iterator and the generic __getitem__ one. */
struct py_seq_iter {
    struct py_object base;
    int64_t index;
    struct py_object *sequence; /* NULL once exhausted */
};
extern struct py_type py_list_iter_type, py_tuple_iter_type, py_str_iter_type, py_bytes_iter_type,
    py_seq_iter_type, py_call_iter_type, py_list_reverse_iter_type, py_dict_key_iter_type,
    py_dict_value_iter_type, py_dict_item_iter_type, py_set_iter_type, py_enumerate_type,
    py_zip_type, py_map_type, py_filter_type, py_reversed_type;

/* The iterator's next item without asking what it is; new. NULL: the end, or an exception; a
 * StopIteration is swallowed. */
static inline struct py_object *py_iter_step(struct py_object *it)
{
    struct py_object *item = it->type->iternext(it);
    if (!item && py_error_occurred())
        py_error_catch_stop_iteration(NULL);
    return item;
}

struct py_object *py_seq_iter_reduce(struct py_object *self, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames); /* its __reduce__ */
struct py_object *py_seq_iter_new(struct py_type *type, struct py_object *sequence);
struct py_object *py_call_iter_new(struct py_object *callable, struct py_object *sentinel);

#endif
