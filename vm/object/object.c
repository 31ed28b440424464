/* None, Ellipsis, NotImplemented, and `object`, the type at the top of every mro.
 *
 * The slots of object are what a class without anything of its own does: identity comparison, a
 * hash of the address, attributes by the descriptor protocol (instance.c). Its methods that are
 * not slots (__reduce_ex__, __format__, __dir__ ...) are in object_attrs.c.
 *
 * object.__new__ and object.__init__ share one rule, CPython's: extra arguments are an error for
 * the one that is not overridden, unless the other one is overridden and takes them.
 */
#include "vm/object/object.h"

#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/instance.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/warn.h"

struct py_object py_none_object = PY_STATIC_HEADER(&py_none_type);
struct py_object py_ellipsis_object = PY_STATIC_HEADER(&py_ellipsis_type);
struct py_object py_not_implemented_object = PY_STATIC_HEADER(&py_not_implemented_type);

/* ---- the three singletons ---------------------------------------------------------------- */

static struct py_object *none_repr(struct py_object *o)
{
    (void)o;
    return PY_OBJ(py_str_intern_cstr("None"));
}

static int none_bool(struct py_object *o)
{
    (void)o;
    return 0;
}

static struct py_object *ellipsis_repr(struct py_object *o)
{
    (void)o;
    return PY_OBJ(py_str_intern_cstr("Ellipsis"));
}

static struct py_object *not_implemented_repr(struct py_object *o)
{
    (void)o;
    return PY_OBJ(py_str_intern_cstr("NotImplemented"));
}

static int not_implemented_bool(struct py_object *o)
{
    (void)o;
    const int warned = py_warn(&py_exc_DeprecationWarning,
                               "NotImplemented should not be used in a boolean context");
    return warned < 0 ? -1 : 1;
}

static struct py_object *reduce_to_name(struct py_object *self, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_repr(self);
}

static const struct py_method_def reduce_methods[] = {
    {.name = "__reduce__", .fn = reduce_to_name, .signature = NULL},
    {.name = NULL},
};

static int no_arguments(const struct py_type *type, size_t nargs, struct py_tuple *kwnames)
{
    if (nargs || (kwnames && kwnames->base.size))
        return py_raise_int(&py_exc_TypeError, "%sType takes no arguments",
                            type == &py_none_type       ? "None"
                            : type == &py_ellipsis_type ? "Ellipsis"
                                                        : "NotImplemented");
    return 0;
}

#define SINGLETON_NEW(name, object)                                                    \
    static struct py_object *name(struct py_type *type, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)              \
    {                                                                                  \
        (void)args;                                                                    \
        return no_arguments(type, nargs, kwnames) ? NULL : (object);                   \
    }
SINGLETON_NEW(none_new, PY_NONE)
SINGLETON_NEW(ellipsis_new, PY_ELLIPSIS)
SINGLETON_NEW(not_implemented_new, PY_NOT_IMPLEMENTED)

struct py_type py_none_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "NoneType",
    .basicsize = sizeof(struct py_object),
    .repr = none_repr,
    .bool_ = none_bool,
    .new_ = none_new,
};

struct py_type py_ellipsis_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "ellipsis",
    .basicsize = sizeof(struct py_object),
    .repr = ellipsis_repr,
    .new_ = ellipsis_new,
    .methods = reduce_methods,
};

struct py_type py_not_implemented_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "NotImplementedType",
    .basicsize = sizeof(struct py_object),
    .repr = not_implemented_repr,
    .bool_ = not_implemented_bool,
    .new_ = not_implemented_new,
    .methods = reduce_methods,
};

/* ---- creation ---------------------------------------------------------------------------- */

static bool excess(size_t nargs, struct py_tuple *kwnames)
{
    return nargs > 0 || (kwnames && kwnames->base.size > 0);
}

static int raise_abstract(struct py_type *type)
{
    struct py_object *names = NULL;
    struct py_list *sorted = NULL;
    PY_HOLD(&names);
    PY_HOLD(&sorted);
    names = py_getattr_cstr(PY_OBJ(type), "__abstractmethods__");
    if (!names)
        return -1;
    sorted = py_list_from_iterable(names);
    if (sorted && py_list_sort(sorted, NULL, false) == 0) {
        struct py_str *joined = py_str_join(py_str_const(", "), PY_OBJ(sorted));
        if (joined)
            py_raise(&py_exc_TypeError,
                     "Can't instantiate abstract class %s with abstract method%s %U", type->name,
                     sorted->base.size == 1 ? "" : "s", joined);
        py_xdecref(joined);
    }
    py_clear(sorted);
    py_clear(names);
    return -1;
}

struct py_object *py_object_generic_new(struct py_type *type, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    (void)args;
    if (__builtin_expect(excess(nargs, kwnames), 0)) {
        if (type->new_ != py_object_generic_new)
            return py_raise(
                &py_exc_TypeError,
                "object.__new__() takes exactly one argument (the type to instantiate)");
        if (type->init == py_object_init)
            return py_raise(&py_exc_TypeError, "%s() takes no arguments", type->name);
    }
    if ((type->flags & PY_TYPE_ABSTRACT) && raise_abstract(type) < 0)
        return NULL;
    return py_instance_alloc(type);
}

int py_object_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                   struct py_tuple *kwnames)
{
    (void)args;
    if (!excess(nargs, kwnames))
        return 0;
    const struct py_type *type = self->type;
    if (type->init != py_object_init)
        return py_raise_int(&py_exc_TypeError, "object.__init__() takes exactly one argument (the "
                                               "instance to initialize)");
    if (type->new_ == py_object_generic_new)
        return py_raise_int(&py_exc_TypeError,
                            "%s.__init__() takes exactly one argument (the instance to initialize)",
                            type->name);
    return 0;
}

/* ---- comparison, hash, text -------------------------------------------------------------- */

static struct py_object *object_richcompare(struct py_object *self, struct py_object *other, int op)
{
    if (op == PY_EQ)
        return self == other ? PY_TRUE : PY_NOT_IMPLEMENTED;
    if (op != PY_NE || !self->type->richcompare)
        return PY_NOT_IMPLEMENTED;
    /* != is the opposite of what the class calls ==. */
    struct py_object *r = self->type->richcompare(self, other, PY_EQ);
    if (!r || r == PY_NOT_IMPLEMENTED)
        return r;
    PY_HOLD(&r);
    const int truth = py_truth(r);
    py_clear(r);
    return truth < 0 ? NULL : py_bool_from(!truth);
}

static int64_t object_hash(struct py_object *self)
{
    return py_hash_pointer(self);
}

int64_t py_hash_pointer(const void *p)
{
    /* Objects are 16-aligned: rotate, so that the low bits of the hash vary. */
    const uint64_t y = (uint64_t)(uintptr_t)p;
    const int64_t h = (int64_t)(y >> 4 | y << 60);
    return h == -1 ? -2 : h;
}

int64_t py_hash_not_implemented(struct py_object *o)
{
    return py_raise_int(&py_exc_TypeError, "unhashable type: '%T'", o);
}

static struct py_object *object_repr(struct py_object *self)
{
    struct py_str *name = py_type_fullname(self->type);
    if (!name)
        return NULL;
    struct py_str *text = py_str_format_c("<%U object at %p>", name, (void *)self);
    py_decref(name);
    return PY_OBJ(text);
}

/* The slot alone: whoever asked for a str says what is wrong with a result that is none. */
static struct py_object *object_str(struct py_object *self)
{
    return self->type->repr(self);
}

struct py_object *py_iter_self(struct py_object *o)
{
    return py_newref(o);
}

struct py_type py_object_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "object",
    .doc = "What every class inherits from.\n\nAn instance of object itself has no attributes and "
           "takes none.\n",
    .basicsize = sizeof(struct py_object),
    .flags = PY_TYPE_BASETYPE,
    .repr = object_repr,
    .str = object_str,
    .hash = object_hash,
    .getattr = py_object_generic_getattr,
    .setattr = py_object_generic_setattr,
    .richcompare = object_richcompare,
    .init = py_object_init,
    .new_ = py_object_generic_new,
    .methods = py_object_methods,
    .getsets = py_object_getsets,
};
