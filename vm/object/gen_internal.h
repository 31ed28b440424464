/* What generators (gen.c) lend to coroutines and asynchronous generators (coro.c). */
#ifndef BRILLE_VM_OBJECT_GEN_INTERNAL_H
#define BRILLE_VM_OBJECT_GEN_INTERNAL_H

#include "vm/object/gen.h"

#define GEN_FIELD_COUNT 6
extern const struct py_field gen_fields[];

struct py_object *gen_send(struct py_object *self, struct py_object *const *args, size_t nargs,
                           struct py_tuple *kwnames);
struct py_object *gen_throw(struct py_object *self, struct py_object *const *args, size_t nargs,
                            struct py_tuple *kwnames);
struct py_object *gen_close(struct py_object *self, struct py_object *const *args, size_t nargs,
                            struct py_tuple *kwnames);
void gen_finalize(struct py_object *o);
void gen_dealloc(struct py_object *o);
struct py_object *gen_repr(struct py_object *o);
int64_t gen_size_of(struct py_object *o);

struct py_object *gen_get_running(struct py_object *o, void *closure);
struct py_object *gen_get_suspended(struct py_object *o, void *closure);
struct py_object *gen_get_frame(struct py_object *o, void *closure);
struct py_object *gen_get_code(struct py_object *o, void *closure);
struct py_object *gen_get_yield_from(struct py_object *o, void *closure);
struct py_object *gen_get_name(struct py_object *o, void *closure);
struct py_object *gen_get_qualname(struct py_object *o, void *closure);
int gen_set_name(struct py_object *o, struct py_object *value, void *closure);
int gen_set_qualname(struct py_object *o, struct py_object *value, void *closure);

#endif
