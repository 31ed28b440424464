/* Tuples whose items also have names: sys.version_info, time.struct_time.
 *
 * A type is a static struct py_type with these parts (see mod_sys.c):
 *     .name, .super = &py_tuple_type, .repr = py_structseq_repr, .new_ = py_structseq_new,
 *     .methods = py_structseq_methods, so that it can be pickled
 *     .members = rows made with PY_STRUCTSEQ_MEMBER, one per item, in order
 *
 * A type may have items that have a name alone and are not in the sequence, as the time zone of a
 * struct_time. They stand behind the others:
 *     .fields, .field_count = rows made with PY_STRUCTSEQ_HIDDEN, one per hidden item
 *     .dealloc = py_structseq_dealloc, .size_of = py_structseq_size_of
 */
#ifndef BRILLE_VM_OBJECT_STRUCTSEQ_H
#define BRILLE_VM_OBJECT_STRUCTSEQ_H

#include "vm/object/tuple.h"
#include "vm/object/type.h"

#define PY_STRUCTSEQ_MEMBER(member, index, text)                                                 \
    {                                                                                            \
        .name = member, .kind = PY_MEMBER_OBJECT,                                                \
        .offset = offsetof(struct py_tuple, items) + (index) * sizeof(void *), .readonly = true, \
        .doc = text                                                                              \
    }

#define PY_STRUCTSEQ_HIDDEN(field, index)                                                     \
    {                                                                                         \
        .name = field, .offset = offsetof(struct py_tuple, items) + (index) * sizeof(void *), \
        .edge_class = PY_EDGE_OWNED                                                           \
    }

/* n: with the hidden ones. Steals the items, even on failure. A NULL among them means an exception
 * is pending. */
struct py_object *py_structseq_from_array(struct py_type *type, struct py_object **items, size_t n);
/* new_ slot: type(sequence) with as many items as the sequence has; hidden ones may follow, or come
 * in a dict. */
struct py_object *py_structseq_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames);
struct py_object *py_structseq_repr(struct py_object *self);
int64_t py_structseq_size_of(struct py_object *self);
void py_structseq_dealloc(struct py_object *self);
extern const struct py_method_def py_structseq_methods[];

#endif
