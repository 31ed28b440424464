/* The methods of `object` that are not slots: __class__, __dir__, __format__, __sizeof__, pickling
 * (__reduce__, __reduce_ex__, __getstate__) and the two class hooks.
 *
 * Assigning o.__class__ is the one way an object changes its type. It is allowed between classes
 * whose instances look the same; the values of the instance are moved into a dict first, because
 * their order belongs to the old class's shape. The tracer hears of it through probe_retype.
 */
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/instance.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/object.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

/* ---- __class__ --------------------------------------------------------------------------- */

static struct py_object *get_class(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(self->type));
}

static int set_class(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (!value)
        return py_raise_int(&py_exc_TypeError, "can't delete __class__ attribute");
    if (!py_has_flag(value, PY_TYPE_IS_TYPE))
        return py_raise_int(&py_exc_TypeError, "__class__ must be set to a class, not '%T' object",
                            value);
    struct py_type *old = self->type, *type = (struct py_type *)value;
    if (old == type)
        return 0;
    const bool modules =
        py_type_is_subtype(old, &py_module_type) && py_type_is_subtype(type, &py_module_type);
    if (!modules && !((old->flags & PY_TYPE_HEAP) && (type->flags & PY_TYPE_HEAP)))
        return py_raise_int(&py_exc_TypeError, "__class__ assignment only supported for mutable "
                                               "types or ModuleType subclasses");
    if (!py_same_layout(old, type))
        return py_raise_int(&py_exc_TypeError,
                            "__class__ assignment: '%N' object layout differs from '%N'", type,
                            old);
    if ((old->flags & PY_TYPE_MANAGED_DICT) && *py_values_slot(self) &&
        !py_instance_materialize(self))
        return -1;
    py_incref(type);
    self->type = type;
    probe_retype(self);
    py_decref(old);
    return 0;
}

const struct py_getset_def py_object_getsets[] = {
    {.name = "__class__", .get = get_class, .set = set_class, .doc = "the object's class"},
    {.name = NULL},
};

/* ---- __dir__ ----------------------------------------------------------------------------- */

/* Adds the names of cls's dict and of its bases'. */
static int merge_class_dict(struct py_dict *names, struct py_type *cls)
{
    if (!cls->mro)
        return 0;
    for (int64_t i = cls->mro->base.size - 1; i >= 0; i--) {
        struct py_type *t = (struct py_type *)cls->mro->items[i];
        if (py_dict_merge(names, PY_OBJ(t->dict), 1) < 0)
            return -1;
    }
    return 0;
}

static struct py_object *object_dir(struct py_object *self, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_object *own = NULL;
    PY_HOLD(&own);
    static struct py_str *dict_name;
    if (!dict_name)
        dict_name = py_str_const("__dict__");
    if (py_getattr_optional(self, PY_OBJ(dict_name), &own) < 0)
        return NULL;
    struct py_dict *names =
        own && py_dict_check(own) ? py_dict_copy((struct py_dict *)own) : py_dict_new();
    PY_HOLD(&names);
    py_clear(own);
    struct py_list *keys = NULL;
    if (names && merge_class_dict(names, self->type) == 0)
        keys = py_dict_keys_list(names);
    py_clear(names);
    return PY_OBJ(keys);
}

/* ---- text and size ----------------------------------------------------------------------- */

static struct py_object *object_format(struct py_object *self, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "__format__() argument must be str, not %T", args[0]);
    if (((struct py_str *)args[0])->length > 0)
        return py_raise(&py_exc_TypeError, "unsupported format string passed to %T.__format__",
                        self);
    return py_str_of(self);
}

static struct py_object *object_sizeof(struct py_object *self, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_int_from_i64((int64_t)py_object_own_size(self));
}

/* ---- pickling ---------------------------------------------------------------------------- */

static struct py_object *getstate_default(struct py_object *self)
{
    struct py_dict *d = py_object_dict(self, false);
    if (!d && py_error_occurred())
        return NULL;
    struct py_dict *state = d ? py_dict_copy(d) : NULL;
    if (d && !state)
        return NULL;
    /* Slots, of every class in the mro. */
    struct py_dict *slots = NULL;
    PY_HOLD(&state);
    PY_HOLD(&slots);
    const struct py_tuple *mro = self->type->mro;
    for (int64_t i = 0; i < mro->base.size; i++) {
        const struct py_type *t = (const struct py_type *)mro->items[i];
        if (!(t->flags & PY_TYPE_HEAP) || !t->members)
            continue;
        for (const struct py_member_def *m = t->members; m->name; m++) {
            struct py_object *v = *(struct py_object **)((char *)self + m->offset);
            if (!v)
                continue;
            if (!slots && !(slots = py_dict_new()))
                goto fail;
            if (py_dict_set_cstr(slots, m->name, v) < 0)
                goto fail;
        }
    }
    struct py_object *r;
    if (slots)
        r = PY_OBJ(py_tuple_pack(2, state ? PY_OBJ(state) : PY_NONE, PY_OBJ(slots)));
    else
        r = py_newref(state ? PY_OBJ(state) : PY_NONE);
    py_clear(slots);
    py_clear(state);
    return r;
fail:
    py_clear(slots);
    py_clear(state);
    return NULL;
}

static struct py_object *object_getstate(struct py_object *self, struct py_object *const *args,
                                         size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return getstate_default(self);
}

/* copyreg.<name>: the functions that rebuild objects live in the library. */
static struct py_object *copyreg_function(const char *name)
{
    struct py_object *import = py_dict_get_cstr(py_runtime.builtins, "__import__");
    if (!import)
        return py_raise(&py_exc_RuntimeError, "__import__ not found");
    struct py_object *own[2] = {PY_OBJ(py_str_intern_cstr("copyreg")), NULL};
    PY_HOLD_N(own, 2);
    if (own[0])
        own[1] = py_call1(import, own[0]);
    py_clear(own[0]);
    if (!own[1])
        return NULL;
    struct py_object *f = py_getattr_cstr(own[1], name);
    py_clear(own[1]);
    return f;
}

/* Items of lists and dicts travel as iterators (4th and 5th element of the result). */
static int reduce_items(struct py_object *self, struct py_object **items)
{
    if (py_list_check(self)) {
        items[0] = py_iter(self);
        return items[0] ? 0 : -1;
    }
    if (py_dict_check(self)) {
        struct py_object *pairs = py_call_method_cstr(self, "items", 0);
        if (!pairs)
            return -1;
        PY_HOLD(&pairs);
        items[1] = py_iter(pairs);
        py_clear(pairs);
        return items[1] ? 0 : -1;
    }
    return 0;
}

/* (args, kwargs) for cls.__new__, from __getnewargs_ex__ or __getnewargs__. */
static int new_arguments(struct py_object *self, struct py_object **args, struct py_object **kwargs)
{
    struct py_object *f = NULL, *r = NULL;
    PY_HOLD(&f);
    PY_HOLD(&r);
    int status = -1;
    f = py_lookup_special(self, py_str_const("__getnewargs_ex__"));
    if (f) {
        r = py_call0(f);
        if (r && (!py_tuple_check(r) || ((struct py_tuple *)r)->base.size != 2))
            py_raise(&py_exc_TypeError, "__getnewargs_ex__ should return a tuple of length 2");
        else if (r) {
            *args = py_newref(((struct py_tuple *)r)->items[0]);
            *kwargs = py_newref(((struct py_tuple *)r)->items[1]);
            status = 0;
        }
    } else if (!py_error_occurred()) {
        f = py_lookup_special(self, py_str_const("__getnewargs__"));
        if (f) {
            r = py_call0(f);
            if (r && !py_tuple_check(r))
                py_raise(&py_exc_TypeError, "__getnewargs__ should return a tuple, not '%T'", r);
            else if (r) {
                *args = py_newref(r);
                status = 0;
            }
        } else if (!py_error_occurred()) {
            status = 0;
        }
    }
    py_clear(r);
    py_clear(f);
    return status;
}

/* (cls, *args) */
static struct py_object *class_and_args(struct py_object *self, struct py_tuple *args)
{
    const int64_t n = args ? args->base.size : 0;
    struct py_tuple *t = py_tuple_new(n + 1);
    if (!t)
        return NULL;
    t->items[0] = PY_OBJ(py_newref(self->type));
    for (int64_t i = 0; i < n; i++)
        t->items[1 + i] = py_newref(args->items[i]);
    return PY_OBJ(t);
}

static struct py_object *reduce_newobj(struct py_object *self)
{
    if (!self->type->new_)
        return py_raise(&py_exc_TypeError, "cannot pickle '%T' object", self);
    enum { FUNCTION, ARGS, KWARGS, CALL, STATE, ITEMS, PAIRS, COUNT };
    struct py_object *own[COUNT] = {NULL};
    PY_HOLD_N(own, COUNT);
    struct py_object *result = NULL;
    if (new_arguments(self, &own[ARGS], &own[KWARGS]) < 0)
        goto done;
    const bool has_kwargs =
        own[KWARGS] && py_dict_check(own[KWARGS]) && ((struct py_dict *)own[KWARGS])->used > 0;
    /* Without a dict, slots, arguments or a __getstate__ of its own the state of a C object would
     * be lost. */
    struct py_str *const getstate = py_str_const("__getstate__");
    if (!own[ARGS] &&
        py_type_lookup(self->type, getstate) == py_type_lookup(&py_object_type, getstate) &&
        !(self->type->flags & (PY_TYPE_IS_LIST | PY_TYPE_IS_DICT)) &&
        !(self->type->flags & PY_TYPE_HEAP) && self->type->basicsize > sizeof(struct py_object)) {
        py_raise(&py_exc_TypeError, "cannot pickle '%T' object", self);
        goto done;
    }
    own[FUNCTION] = copyreg_function(has_kwargs ? "__newobj_ex__" : "__newobj__");
    if (!own[FUNCTION])
        goto done;
    if (has_kwargs)
        own[CALL] = PY_OBJ(py_tuple_pack(3, PY_OBJ(self->type), own[ARGS], own[KWARGS]));
    else
        own[CALL] = class_and_args(self, (struct py_tuple *)own[ARGS]);
    own[STATE] = py_call_method_cstr(self, "__getstate__", 0);
    if (!own[CALL] || !own[STATE] || reduce_items(self, &own[ITEMS]) < 0)
        goto done;
    result =
        PY_OBJ(py_tuple_pack(5, own[FUNCTION], own[CALL], own[STATE],
                             own[ITEMS] ? own[ITEMS] : PY_NONE, own[PAIRS] ? own[PAIRS] : PY_NONE));
done:
    for (int i = 0; i < COUNT; i++)
        py_clear(own[i]);
    return result;
}

static struct py_object *reduce(struct py_object *self, int64_t protocol)
{
    if (protocol >= 2)
        return reduce_newobj(self);
    struct py_object *f = copyreg_function("_reduce_ex");
    if (!f)
        return NULL;
    struct py_object *own[3] = {f, py_int_from_i64(protocol), NULL};
    PY_HOLD_N(own, 3);
    if (own[1])
        own[2] = py_call2(own[0], self, own[1]);
    py_clear(own[1]);
    py_clear(own[0]);
    return own[2];
}

static struct py_object *object_reduce(struct py_object *self, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return reduce(self, 0);
}

static struct py_object *object_reduce_ex(struct py_object *self, struct py_object *const *args,
                                          size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    const int64_t protocol = py_int_as_i64(args[0]);
    if (protocol == -1 && py_error_occurred())
        return NULL;
    /* A class with its own __reduce__ is asked; object's would only come back here. */
    struct py_str *name = py_str_const("__reduce__");
    if (py_type_lookup(self->type, name) != py_type_lookup(&py_object_type, name))
        return py_call_method(self, name, NULL, 0);
    return reduce(self, protocol);
}

/* ---- class hooks ------------------------------------------------------------------------- */

static struct py_object *object_init_subclass(struct py_object *cls, struct py_object *const *args,
                                              size_t nargs, struct py_tuple *kwnames)
{
    (void)cls, (void)args, (void)nargs, (void)kwnames;
    return PY_NONE;
}

static struct py_object *object_subclasshook(struct py_object *cls, struct py_object *const *args,
                                             size_t nargs, struct py_tuple *kwnames)
{
    (void)cls, (void)args, (void)nargs, (void)kwnames;
    return PY_NOT_IMPLEMENTED;
}

const struct py_method_def py_object_methods[] = {
    {.name = "__reduce_ex__",
     .fn = object_reduce_ex,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, protocol, /)",
     .doc = "Helper for pickle."},
    {.name = "__reduce__",
     .fn = object_reduce,
     .signature = "($self, /)",
     .doc = "Helper for pickle."},
    {.name = "__getstate__",
     .fn = object_getstate,
     .signature = "($self, /)",
     .doc = "Helper for pickle."},
    {.name = "__subclasshook__",
     .fn = object_subclasshook,
     .max_args = -1,
     .flags = PY_METH_CLASSMETHOD,
     .doc =
         "What issubclass() asks an abstract class first, through abc.ABCMeta.\n\nTrue and False "
         "are the answer, and are remembered; NotImplemented leaves it to\nthe usual rules.\n"},
    {.name = "__init_subclass__",
     .fn = object_init_subclass,
     .flags = PY_METH_CLASSMETHOD,
     .doc = "Called for the base when a class is derived from it; for subclasses to override.\n"},
    {.name = "__format__",
     .fn = object_format,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, format_spec, /)",
     .doc = "str(self), if there is no format to follow."},
    {.name = "__sizeof__",
     .fn = object_sizeof,
     .signature = "($self, /)",
     .doc = "The size of the object in memory, in bytes."},
    {.name = "__dir__",
     .fn = object_dir,
     .signature = "($self, /)",
     .doc = "The names that dir() shows."},
    {.name = NULL},
};
