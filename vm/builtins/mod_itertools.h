/* What the files of itertools share: one struct for all its iterators. */
#ifndef BRILLE_VM_BUILTINS_MOD_ITERTOOLS_H
#define BRILLE_VM_BUILTINS_MOD_ITERTOOLS_H

#include "vm/object/object.h"
#include "vm/object/type.h"

/* What an iterator remembers; each type says in its table of fields what it keeps where. */
struct step {
    struct py_object base;
    struct py_object *a, *b, *c, *d, *e;
    int64_t i, n, stride, stop;
    int64_t *indices, *cycles; /* RAW */
    bool started, finished;
};
#define STEP(o) ((struct step *)(o))

#define STEP_FIELD(field_name, member)                               \
    {                                                                \
        .name = field_name, .offset = offsetof(struct step, member), \
        .edge_class = PY_EDGE_TRAVERSED                              \
    }

#define STEP_TYPE_NAMED(cname, pyname, next_fn, new_fn, ...)             \
    struct py_type py_##cname##_type = {                                 \
        .base.base = PY_STATIC_HEADER(&py_type_type),                    \
        .name = "itertools." pyname,                                     \
        .basicsize = sizeof(struct step),                                \
        .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,      \
        .field_count = sizeof cname##_fields / sizeof cname##_fields[0], \
        .fields = cname##_fields,                                        \
        .dealloc = step_dealloc,                                         \
        .iter = py_iter_self,                                            \
        .iternext = next_fn,                                             \
        .new_ = new_fn,                                                  \
        __VA_ARGS__}
#define STEP_TYPE(cname, next_fn, new_fn, ...) \
    STEP_TYPE_NAMED(cname, #cname, next_fn, new_fn, __VA_ARGS__)

#define NEW(name)                                                                      \
    static struct py_object *name(struct py_type *type, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)

void step_dealloc(struct py_object *o);
/* A new, tracked iterator of the type; fill it before anything else can run. */
struct step *step_new(struct py_type *type);

/* clang-format off */
#define ITERTOOLS_TYPES(T)                                                                   \
    T(count) T(cycle) T(repeat) T(accumulate) T(chain) T(compress) T(dropwhile) T(takewhile) \
    T(filterfalse) T(starmap) T(groupby) T(islice) T(pairwise) T(product) T(permutations)    \
    T(combinations) T(combinations_with_replacement) T(zip_longest)
/* clang-format on */
#define T(name) extern struct py_type py_##name##_type;
ITERTOOLS_TYPES(T)
#undef T
extern struct py_type py_grouper_type, py_tee_type, py_tee_cell_type;
struct py_object *itertools_tee(struct py_object *self, struct py_object *const *args, size_t nargs,
                                struct py_tuple *kwnames);

#endif
