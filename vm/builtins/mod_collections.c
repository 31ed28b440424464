/* Modules _collections and collections: deque, defaultdict, and the C helpers that the standard
 * library's collections package looks for.
 *
 * defaultdict is a dict with one more field. Its __missing__ is called by dict's own subscription
 * for subclasses; the exact type takes a short cut there (py_defaultdict_missing).
 *
 * Without a standard library `import collections` finds the small built-in module of that name.
 */
#include "vm/builtins/mod_support.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/defaultdict.h"
#include "vm/object/deque.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/module.h"
#include "vm/object/repr_guard.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

extern struct py_type py_tuplegetter_type; /* static_types.def */

#define AS_DEFAULT(o) ((struct py_defaultdict *)(o))
#define UNUSED_ARGS   (void)args, (void)nargs, (void)kwnames

struct py_object *py_defaultdict_missing(struct py_object *self, struct py_object *key)
{
    struct py_object *factory = AS_DEFAULT(self)->factory, *value = NULL;
    if (!factory || factory == PY_NONE)
        return py_raise_key_error(key);
    py_incref(factory); /* the call may replace it */
    PY_HOLD(&factory);
    PY_HOLD(&value);
    value = py_call0(factory);
    if (value && py_setitem(self, key, value) < 0)
        py_clear(value);
    py_clear(factory);
    return value;
}

METHOD(defaultdict_missing)
{
    UNUSED_ARGS;
    return py_defaultdict_missing(self, args[0]);
}

static int defaultdict_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                            struct py_tuple *kwnames)
{
    struct py_object *factory = NULL;
    if (nargs > 0) {
        factory = args[0];
        if (factory != PY_NONE && !py_is_callable(factory))
            return py_raise_int(&py_exc_TypeError, "first argument must be callable or None");
        args++;
        nargs--;
    }
    struct py_object *old = AS_DEFAULT(o)->factory;
    AS_DEFAULT(o)->factory = factory ? py_newref(factory) : NULL;
    py_xdecref(old);
    return py_dict_type.init(o, args, nargs, kwnames);
}

static struct py_object *defaultdict_repr(struct py_object *o)
{
    struct py_object *held[2] = {NULL}, *result = NULL;
    PY_HOLD_N(held, 2);
    held[0] = py_dict_type.repr(o);
    if (!held[0])
        return NULL;
    struct py_object *factory = AS_DEFAULT(o)->factory;
    struct py_repr_guard guard;
    const int entered = factory ? py_repr_enter(&guard, factory) : 1;
    if (!factory)
        held[1] = PY_OBJ(py_str_from_cstr("None"));
    else if (entered == 1)
        held[1] = PY_OBJ(py_str_from_cstr("..."));
    else if (entered == 0) {
        held[1] = py_repr(factory);
        py_repr_leave(&guard);
    }
    if (held[1])
        result =
            PY_OBJ(py_str_format_c("%s(%U, %U)", py_type_shortname(o->type), held[1], held[0]));
    py_clear(held[0]);
    py_clear(held[1]);
    return result;
}

/* type(self)(factory, source) */
static struct py_object *defaultdict_like(struct py_object *self, struct py_object *source)
{
    struct py_object *factory = AS_DEFAULT(self)->factory;
    return py_call2(PY_OBJ(self->type), factory ? factory : PY_NONE, source);
}

METHOD(defaultdict_copy)
{
    UNUSED_ARGS;
    return defaultdict_like(self, self);
}

METHOD(defaultdict_reduce)
{
    UNUSED_ARGS;
    struct py_object *held[3] = {NULL}, *result = NULL;
    PY_HOLD_N(held, 3);
    PY_HOLD(&result);
    struct py_object *factory = AS_DEFAULT(self)->factory;
    held[0] = PY_OBJ(factory && factory != PY_NONE ? py_tuple_pack(1, factory) : py_tuple_empty());
    held[1] = held[0] ? py_call_method_cstr(self, "items", 0) : NULL;
    held[2] = held[1] ? py_iter(held[1]) : NULL;
    if (held[2])
        result = PY_OBJ(py_tuple_pack(5, PY_OBJ(self->type), held[0], PY_NONE, PY_NONE, held[2]));
    for (int i = 0; i < 3; i++)
        py_clear(held[i]);
    return result;
}

static struct py_object *defaultdict_or(struct py_object *a, struct py_object *b)
{
    struct py_object *self = py_isinstance_type(a, &py_defaultdict_type) ? a : b;
    if (!py_dict_check(a) || !py_dict_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    struct py_object *result = defaultdict_like(self, a);
    if (!result)
        return NULL;
    PY_HOLD(&result);
    if (py_dict_merge((struct py_dict *)result, b, 1) < 0)
        py_clear(result);
    return result;
}

static const struct py_method_def defaultdict_methods[] = {
    {.name = "__missing__",
     .fn = defaultdict_missing,
     .min_args = 1,
     .max_args = 1,
     .doc = "__missing__(key) -- make a value with default_factory, set it and return it; KeyError "
            "without a\nfactory.\n"},
    {.name = "copy",
     .fn = defaultdict_copy,
     .doc = "D.copy() -- another dictionary with the same items and factory."},
    {.name = "__copy__",
     .fn = defaultdict_copy,
     .doc = "D.copy() -- another dictionary with the same items and factory."},
    {.name = "__reduce__", .fn = defaultdict_reduce, .doc = "What pickle keeps of it."},
    {.name = NULL},
};
static const struct py_member_def defaultdict_members[] = {
    {"default_factory", PY_MEMBER_OBJECT, offsetof(struct py_defaultdict, factory), false,
     "What is called to make the value of a missing key."},
    {.name = NULL},
};
static const struct py_field defaultdict_fields[] = {PY_FIELD(struct py_defaultdict, factory),
                                                     PY_FIELD_END};

struct py_type py_defaultdict_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "collections.defaultdict",
    .basicsize = sizeof(struct py_defaultdict),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_MAPPING | PY_TYPE_IS_DICT | PY_TYPE_IMMUTABLE,
    .body = PY_BODY_DICT,
    .field_count = 1,
    .fields = defaultdict_fields,
    .super = &py_dict_type,
    .repr = defaultdict_repr,
    .init = defaultdict_init,
    .binary[PY_NB_OR] = defaultdict_or,
    .methods = defaultdict_methods,
    .members = defaultdict_members,
    .doc = "defaultdict(default_factory=None, /, [...])\n\nA dict that makes a value, by calling "
           "default_factory(), when d[key] finds no key.\nWhat else it is given it is filled with, "
           "as dict() is.",
};

/* Counter's inner loop: mapping[element] += 1 for each element. */
static struct py_object *count_elements(struct py_object *self, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    (void)self, (void)nargs, (void)kwnames;
    struct py_object *mapping = args[0];
    struct py_object *h[4] = {NULL}; /* iterator, key, old count, new count */
    PY_HOLD_N(h, 4);
    struct py_object *one = py_int_from_i64(1);
    h[0] = py_iter(args[1]);
    bool bad = !h[0];
    const bool exact = mapping->type == &py_dict_type;
    while (!bad && (h[1] = py_next(h[0])) != NULL) {
        if (py_dict_check(mapping) &&
            (exact || mapping->type->ass_subscript == py_dict_type.ass_subscript)) {
            struct py_object *old = py_dict_get((struct py_dict *)mapping, h[1]);
            bad = !old && py_error_occurred();
            h[2] = old ? py_newref(old) : NULL;
        } else {
            h[2] = py_call_method_cstr(mapping, "get", 2, h[1], PY_NONE);
            bad = !h[2];
            if (h[2] == PY_NONE)
                h[2] = NULL;
        }
        if (!bad) {
            h[3] = h[2] ? py_binary(PY_NB_ADD, h[2], one) : py_newref(one);
            bad = !h[3] || py_setitem(mapping, h[1], h[3]) < 0;
        }
        for (int i = 1; i < 4; i++)
            py_clear(h[i]);
    }
    py_clear(h[0]);
    py_decref(one);
    return bad || py_error_occurred() ? NULL : py_newref(PY_NONE);
}

static const struct py_method_def collections_functions[] = {
    {.name = "_count_elements",
     .fn = count_elements,
     .min_args = 2,
     .max_args = 2,
     .doc = "Add one to the count of each element, in the mapping"},
    {.name = NULL},
};

static struct py_module *make_module(const char *name)
{
    struct py_module *m =
        py_module_new(name, "deque and defaultdict, which the module collections gives out.\n");
    if (!m || py_module_add_methods(m, collections_functions) < 0 ||
        py_module_add(m, "deque", PY_OBJ(&py_deque_type)) < 0 ||
        py_module_add(m, "defaultdict", PY_OBJ(&py_defaultdict_type)) < 0 ||
        py_module_add(m, "_deque_iterator", PY_OBJ(&py_deque_iter_type)) < 0 ||
        py_module_add(m, "_deque_reverse_iterator", PY_OBJ(&py_deque_reverse_iter_type)) < 0) {
        py_xdecref(m);
        return NULL;
    }
    return m;
}

struct py_module *py_mod__collections_init(void); /* modules.def */
struct py_module *py_mod_collections_init(void);

struct py_module *py_mod__collections_init(void)
{
    struct py_module *const m = make_module("_collections");
    if (m && module_add_type(m, &py_tuplegetter_type) < 0) {
        py_decref(m);
        return NULL;
    }
    return m;
}

struct py_module *py_mod_collections_init(void)
{
    return make_module("collections");
}
