/* What exc.c and exc_os.c share. */
#ifndef BRILLE_VM_OBJECT_EXC_INTERNAL_H
#define BRILLE_VM_OBJECT_EXC_INTERNAL_H

#include "vm/object/exc.h"

/* Slots of BaseException. */
struct py_object *py_exc_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                             struct py_tuple *kwnames);
struct py_object *py_exc_str(struct py_object *o);
int py_exc_set_args(struct py_object *o, struct py_object *const *args, size_t nargs);

#define SET_FIELD(slot, value)                  \
    do {                                        \
        struct py_object *set_field_ = (value); \
        py_xincref(set_field_);                 \
        py_setref((slot), set_field_);          \
    } while (0)

/* Slots and tables of BaseExceptionGroup. */
struct py_object *py_exc_group_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames);
struct py_object *py_exc_group_str(struct py_object *o);
extern const struct py_method_def py_exc_group_methods[];
extern const struct py_member_def py_exc_group_members[];
/* ExceptionGroup is an Exception as well. After the types are ready. */
int py_exc_group_init(void);

/* Slots and tables of OSError. */
struct py_object *py_os_error_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames);
int py_os_error_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                     struct py_tuple *kwnames);
struct py_object *py_os_error_str(struct py_object *o);
extern const struct py_method_def py_os_error_methods[];
extern const struct py_getset_def py_os_error_getsets[];
extern const struct py_member_def py_os_error_members[];

#endif
