/* Tuples whose items also have names: sys.version_info, time.struct_time.
 *
 * A type is a static struct py_type with these parts (see mod_sys.c):
 *     .name, .super = &py_tuple_type, .repr = py_structseq_repr, .new_ = py_structseq_new,
 *     .methods = py_structseq_methods, so that it can be pickled
 *     .members = rows made with PY_STRUCTSEQ_MEMBER, one per item, in order
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

/* Steals the items, even on failure. A NULL among them means an exception is pending. */
struct py_object *py_structseq_from_array(struct py_type *type, struct py_object **items, size_t n);
/* new_ slot: type(sequence) with exactly as many items as members. */
struct py_object *py_structseq_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames);
struct py_object *py_structseq_repr(struct py_object *self);
extern const struct py_method_def py_structseq_methods[];

#endif
