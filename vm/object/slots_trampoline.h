/* Trampolines: what stands in the slots of classes that define dunder methods in Python. */
#ifndef BRILLE_VM_OBJECT_SLOTS_TRAMPOLINE_H
#define BRILLE_VM_OBJECT_SLOTS_TRAMPOLINE_H

#include "vm/object/object.h"
#include "vm/object/type.h"

int py_trampolines_init(void);

struct py_object *tramp_repr(struct py_object *self);
struct py_object *tramp_str(struct py_object *self);
int64_t tramp_hash(struct py_object *self);
struct py_object *tramp_call(struct py_object *self, struct py_object *const *args, size_t nargs,
                             struct py_tuple *kwnames);
struct py_object *tramp_getattr(struct py_object *self, struct py_object *name);
int tramp_setattr(struct py_object *self, struct py_object *name, struct py_object *value);
struct py_object *tramp_richcompare(struct py_object *self, struct py_object *other, int op);
struct py_object *tramp_iter(struct py_object *self);
/* Swallows StopIteration, as the slot's contract says; `yield from` asks for tramp_iternext and
 * calls __next__ itself, because it needs the exception's value. */
struct py_object *tramp_iternext(struct py_object *self);
struct py_object *tramp_descr_get(struct py_object *self, struct py_object *object,
                                  struct py_object *type);
int tramp_descr_set(struct py_object *self, struct py_object *object, struct py_object *value);
int tramp_init(struct py_object *self, struct py_object *const *args, size_t nargs,
               struct py_tuple *kwnames);
struct py_object *tramp_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                            struct py_tuple *kwnames);
void tramp_finalize(struct py_object *self);
struct py_object *tramp_await(struct py_object *self);
struct py_object *tramp_aiter(struct py_object *self);
struct py_object *tramp_anext(struct py_object *self);
int tramp_bool(struct py_object *self);
struct py_object *tramp_neg(struct py_object *self);
struct py_object *tramp_pos(struct py_object *self);
struct py_object *tramp_invert(struct py_object *self);
struct py_object *tramp_abs(struct py_object *self);
struct py_object *tramp_int(struct py_object *self);
struct py_object *tramp_float(struct py_object *self);
struct py_object *tramp_index(struct py_object *self);
struct py_object *tramp_power3(struct py_object *self, struct py_object *other,
                               struct py_object *modulus);
int64_t tramp_length(struct py_object *self);
struct py_object *tramp_subscript(struct py_object *self, struct py_object *key);
int tramp_ass_subscript(struct py_object *self, struct py_object *key, struct py_object *value);
int tramp_contains(struct py_object *self, struct py_object *item);
struct py_object *tramp_item(struct py_object *self, int64_t index);

#define NB(name, symbol, method, reflected, in_place)                                       \
    struct py_object *tramp_binary_##name(struct py_object *self, struct py_object *other); \
    struct py_object *tramp_inplace_##name(struct py_object *self, struct py_object *other);
PY_BINARY_OPS(NB)
#undef NB

#endif
