/* The module _functools: reduce and cmp_to_key. partial and the cache of results have files of
 * their own: functools_partial.c, functools_cache.c.
 */
#include "vm/builtins/mod_functools.h"
#include "vm/builtins/mod_support.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

METHOD(functools_reduce)
{
    (void)self, (void)kwnames;
    struct py_object *held[3] = {NULL}; /* iterator, result so far, item */
    PY_HOLD_N(held, 3);
    held[0] = py_iter(args[1]);
    if (!held[0]) {
        if (py_error_matches(&py_exc_TypeError))
            py_raise(&py_exc_TypeError, "reduce() arg 2 must support iteration");
        return NULL;
    }
    held[1] = nargs == 3 ? py_newref(args[2]) : py_next(held[0]);
    if (!held[1] && !py_error_occurred())
        py_raise(&py_exc_TypeError, "reduce() of empty iterable with no initial value");
    while (held[1] && (held[2] = py_next(held[0]))) {
        struct py_object *next = py_call2(args[0], held[1], held[2]);
        py_setref(held[1], next);
        py_clear(held[2]);
    }
    if (py_error_occurred())
        py_clear(held[1]);
    py_clear(held[0]);
    struct py_object *result = held[1];
    held[1] = NULL;
    return result;
}

/* ---- cmp_to_key --------------------------------------------------------------------------------
 */

/* An object that compares as `compare` says: what cmp_to_key() returns makes more of them. */
struct py_cmp_key {
    struct py_object base;
    struct py_object *compare;
    struct py_object *object; /* or NULL: the one that makes others */
};

extern struct py_type py_cmp_key_type; /* static_types.def */

#define KEY(o) ((struct py_cmp_key *)(o))

static struct py_object *key_new(struct py_object *compare, struct py_object *object)
{
    struct py_object *o = py_object_new(&py_cmp_key_type);
    if (!o)
        return NULL;
    KEY(o)->compare = py_newref(compare);
    KEY(o)->object = object ? py_newref(object) : NULL;
    py_gc_track(o);
    return o;
}

static struct py_object *key_call(struct py_object *self, struct py_object *const *args,
                                  size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"obj"};
    static const struct py_params params = {
        .function = "K", .names = names, .count = 1, .required = 1, .keyword_only = 1};
    struct py_object *object = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &object) < 0)
        return NULL;
    return key_new(KEY(self)->compare, object);
}

static struct py_object *key_compare(struct py_object *a, struct py_object *b, int op)
{
    if (b->type != &py_cmp_key_type)
        return py_raise(&py_exc_TypeError, "other argument must be K instance");
    if (!KEY(a)->object || !KEY(b)->object)
        return py_raise(&py_exc_AttributeError, "object");
    struct py_object *order = py_call2(KEY(a)->compare, KEY(a)->object, KEY(b)->object);
    PY_HOLD(&order);
    if (!order)
        return NULL;
    struct py_object *result = py_richcompare(order, py_int_from_i64(0), op);
    PY_HOLD(&result);
    py_clear(order);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

static const struct py_field key_fields[] = {PY_FIELD(struct py_cmp_key, compare),
                                             PY_FIELD(struct py_cmp_key, object), PY_FIELD_END};

static const struct py_member_def key_members[] = {
    {"obj", PY_MEMBER_OBJECT, offsetof(struct py_cmp_key, object), false, "what is compared"},
    {.name = NULL},
};

struct py_type py_cmp_key_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "functools.KeyWrapper",
    .basicsize = sizeof(struct py_cmp_key),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW,
    .fields = key_fields,
    .call = key_call,
    .hash = py_hash_not_implemented,
    .richcompare = key_compare,
    .members = key_members,
};

METHOD(functools_cmp_to_key)
{
    (void)self;
    static const char *const names[] = {"mycmp"};
    static const struct py_params params = {
        .function = "cmp_to_key", .names = names, .count = 1, .required = 1, .keyword_only = 1};
    struct py_object *compare = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &compare) < 0)
        return NULL;
    return key_new(compare, NULL);
}

/* ---- the module --------------------------------------------------------------------------------
 */

static const struct py_method_def functools_functions[] = {
    {.name = "reduce",
     .fn = functools_reduce,
     .min_args = 2,
     .max_args = 3,
     .doc = "reduce(function, iterable[, initial], /)\n\nPuts the items together from the left: "
            "function(function(a, b), c) of a, b, c."},
    {.name = "cmp_to_key",
     .fn = functools_cmp_to_key,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .doc = "cmp_to_key(mycmp)\n\nMakes a key function of one that compares two values."},
    {.name = NULL}};

struct py_module *py_mod__functools_init(void); /* modules.def */

struct py_module *py_mod__functools_init(void)
{
    struct py_module *m = py_module_new("_functools", "What functools has in C.");
    if (!m || py_lru_cache_init() < 0 || py_type_ready(&py_cmp_key_type) < 0 ||
        py_type_ready(&py_lru_link_type) < 0 || module_add_type(m, &py_partial_type) < 0 ||
        module_add_type(m, &py_lru_cache_type) < 0 ||
        py_module_add_methods(m, functools_functions) < 0)
        py_clear(m);
    return m;
}
