/* What type.c, type_ready.c, type_mro.c, class.c, slots.c and descr.c share and nobody else needs.
 */
#ifndef BRILLE_VM_OBJECT_TYPE_INTERNAL_H
#define BRILLE_VM_OBJECT_TYPE_INTERNAL_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_str;

/* ---- descr.c ---- */
/* One of the C descriptors. New. */
struct py_object *py_descr_new(struct py_type *descr_type, struct py_type *owner,
                               struct py_str *name, const void *def);
/* "__new__" of a static type: a builtin whose self is the type. New. */
struct py_object *py_new_method(struct py_type *type);
/* The static type whose __new__ d is, or NULL when d is something else. Borrowed. */
const struct py_type *py_new_method_owner(const struct py_object *d);

/* ---- type_mro.c ---- */
/* Linearises type's bases (C3). New tuple; TypeError when there is no consistent order. */
struct py_tuple *py_mro_c3(struct py_type *type);
/* Sets type->mro, by the metaclass's mro() if it has its own. */
int py_mro_set(struct py_type *type);
/* The base that decides the layout of instances. Borrowed; TypeError on a conflict. */
struct py_type *py_best_base(struct py_tuple *bases);
/* May an instance of a become one of b? */
bool py_same_layout(const struct py_type *a, const struct py_type *b);

/* ---- type.c ---- */
/* sys.getsizeof of a class without the gc header. */
size_t py_heap_type_size(bool shared_keys);

/* ---- class.c ---- */
int py_subclass_add(struct py_type *base, struct py_type *type);
void py_subclass_remove(struct py_type *base, struct py_type *type);
/* The new_ slot of type itself: type(x), type(name, bases, dict). */
struct py_object *py_type_new(struct py_type *metatype, struct py_object *const *args, size_t nargs,
                              struct py_tuple *kwnames);
/* Gives a class other bases of the same layout. */
int py_class_set_bases(struct py_type *type, struct py_tuple *bases);
/* The dealloc slot of types. */
void py_type_dealloc(struct py_object *o);

/* ---- type_attrs.c: tables of the type `type` ---- */
extern const struct py_method_def py_type_methods[];
extern const struct py_getset_def py_type_getsets[];

/* ---- instance.c ---- */
/* __dict__ and __weakref__ of classes that add them. */
extern const struct py_getset_def py_instance_dict_getset, py_instance_weakref_getset;

/* ---- object_attrs.c: tables of the type `object` ---- */
extern const struct py_method_def py_object_methods[];
extern const struct py_getset_def py_object_getsets[];

/* object's own init slot, which only checks that there are no arguments left over. */
int py_object_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                   struct py_tuple *kwnames);

/* vm/probe: o has just become an instance of another class. */
void probe_retype(struct py_object *o);

#endif
