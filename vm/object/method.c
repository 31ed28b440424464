/* Bound methods, and functions written in C.
 *
 * A bound method puts its self in front of the arguments; the copy lies on the C stack and borrows
 * everything, because the caller keeps the arguments alive and the method keeps self.
 *
 * A C function states how many positional arguments it takes (struct py_method_def); the check and
 * CPython's messages for it are here, so the functions themselves can index args without looking.
 * CPython words the message by how the function was declared:
 *     one argument      list.append() takes exactly one argument (2 given)
 *     none              dict.copy() takes no arguments (1 given)
 *     otherwise         insert expected 2 arguments, got 1
 */
#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/module.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

/* ---- bound methods ----------------------------------------------------------------------- */

#define METHOD(o) ((struct py_method *)(o))

struct py_object *py_method_new(struct py_object *func, struct py_object *self)
{
    struct py_method *m = py_object_new(&py_method_type);
    if (!m)
        return NULL;
    m->func = py_newref(func);
    m->self = py_newref(self);
    py_gc_track(m);
    return PY_OBJ(m);
}

static struct py_object *method_call(struct py_object *self, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    return py_call_prepend(METHOD(self)->func, METHOD(self)->self, args, nargs, kwnames);
}

static struct py_object *method_new(struct py_type *type, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    (void)type;
    if (py_no_keywords("method", kwnames) < 0 || py_check_positional("method", nargs, 2, 2) < 0)
        return NULL;
    if (!py_is_callable(args[0]))
        return py_raise(&py_exc_TypeError, "first argument must be callable");
    if (args[1] == PY_NONE)
        return py_raise(&py_exc_TypeError, "instance must not be None");
    return py_method_new(args[0], args[1]);
}

/* Attributes that the method does not have are the function's. */
static struct py_object *method_getattr(struct py_object *self, struct py_object *name)
{
    if (!py_str_check(name) || py_type_lookup(&py_method_type, (struct py_str *)name))
        return py_object_generic_getattr(self, name);
    return py_getattr(METHOD(self)->func, name);
}

static struct py_object *method_get(struct py_object *self, struct py_object *o,
                                    struct py_object *type)
{
    (void)o, (void)type;
    return py_newref(self);
}

static struct py_object *method_repr(struct py_object *self)
{
    struct py_object *name = NULL;
    PY_HOLD(&name);
    if (py_getattr_optional(METHOD(self)->func, PY_OBJ(py_str_const("__qualname__")), &name) < 0)
        return NULL;
    if (!name &&
        py_getattr_optional(METHOD(self)->func, PY_OBJ(py_str_const("__name__")), &name) < 0)
        return NULL;
    struct py_str *r;
    if (name && py_str_check(name))
        r = py_str_format_c("<bound method %U of %R>", name, METHOD(self)->self);
    else
        r = py_str_format_c("<bound method ? of %R>", METHOD(self)->self);
    py_clear(name);
    return PY_OBJ(r);
}

static struct py_object *method_compare(struct py_object *a, struct py_object *b, int op)
{
    if ((op != PY_EQ && op != PY_NE) || b->type != &py_method_type)
        return PY_NOT_IMPLEMENTED;
    int same = py_richcompare_bool(METHOD(a)->func, METHOD(b)->func, PY_EQ);
    if (same < 0)
        return NULL;
    same = same && METHOD(a)->self == METHOD(b)->self;
    return py_bool_from(same == (op == PY_EQ));
}

static int64_t method_hash(struct py_object *self)
{
    const int64_t h = py_hash(METHOD(self)->func);
    if (h == -1)
        return -1;
    const int64_t r = h ^ py_hash_pointer(METHOD(self)->self);
    return r == -1 ? -2 : r;
}

static struct py_object *method_get_doc(struct py_object *self, void *closure)
{
    (void)closure;
    return py_getattr_cstr(METHOD(self)->func, "__doc__");
}

/* Pickled as getattr(self, name). */
static struct py_object *method_reduce(struct py_object *self, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_object *own[2] = {py_getattr_cstr(METHOD(self)->func, "__name__"), NULL};
    PY_HOLD_N(own, 2);
    struct py_object *getattr = py_dict_get_cstr(py_runtime.builtins, "getattr");
    struct py_tuple *r = NULL;
    if (own[0] && getattr) {
        own[1] = PY_OBJ(py_tuple_pack(2, METHOD(self)->self, own[0]));
        if (own[1])
            r = py_tuple_pack(2, getattr, own[1]);
    }
    py_clear(own[1]);
    py_clear(own[0]);
    return PY_OBJ(r);
}

static const struct py_method_def method_methods[] = {
    {.name = "__reduce__", .fn = method_reduce},
    {.name = NULL},
};

static const struct py_getset_def method_getsets[] = {
    {.name = "__doc__", .get = method_get_doc},
    {.name = NULL},
};

static const struct py_member_def method_members[] = {
    {.name = "__func__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_method, func),
     .readonly = true,
     .doc = "what is called"},
    {.name = "__self__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_method, self),
     .readonly = true,
     .doc = "what it is called for"},
    {.name = NULL},
};

static const struct py_field method_fields[] = {
    PY_FIELD(struct py_method, func),
    PY_FIELD(struct py_method, self),
    PY_FIELD_END,
};

struct py_type py_method_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "method",
    .doc = "A function together with the instance that it is called for.",
    .basicsize = 48, /* CPython has one word more than struct py_method */
    .flags = PY_TYPE_GC,
    .fields = method_fields,
    .weaklist_offset = offsetof(struct py_method, weaklist),
    .repr = method_repr,
    .hash = method_hash,
    .call = method_call,
    .getattr = method_getattr,
    .richcompare = method_compare,
    .descr_get = method_get,
    .new_ = method_new,
    .methods = method_methods,
    .members = method_members,
    .getsets = method_getsets,
};
_Static_assert(sizeof(struct py_method) <= 48, "sys.getsizeof of a bound method");

/* ---- C functions: calling ---------------------------------------------------------------- */

#define CFUNC(o) ((struct py_cfunction *)(o))

/* The type in whose table def stands, for messages. NULL: a module's function. */
static const struct py_type *owner_of(const struct py_method_def *def, struct py_object *self)
{
    if (!self || py_type_is_subtype(self->type, &py_module_type))
        return NULL;
    const struct py_type *t = self->type;
    if ((def->flags & PY_METH_CLASSMETHOD) && py_has_flag(self, PY_TYPE_IS_TYPE))
        t = (const struct py_type *)self;
    const struct py_tuple *mro = t->mro;
    for (int64_t i = 0; mro && i < mro->base.size; i++) {
        const struct py_method_def *m = ((const struct py_type *)mro->items[i])->methods;
        for (; m && m->name; m++)
            if (m == def)
                return (const struct py_type *)mro->items[i];
    }
    return t;
}

/* "list.append", "math.sqrt", "len". New str. */
static struct py_str *full_name(const struct py_method_def *def, struct py_object *self)
{
    const struct py_type *owner = owner_of(def, self);
    if (owner && (def->flags & PY_METH_CLASSMETHOD) && py_has_flag(self, PY_TYPE_IS_TYPE))
        owner = (const struct py_type *)self;
    if (owner)
        return py_str_format_c("%s.%s", py_type_shortname(owner), def->name);
    if (self) {
        const struct py_str *module = ((struct py_module *)self)->name;
        if (module && !py_str_equal_cstr(module, "builtins"))
            return py_str_format_c("%U.%s", module, def->name);
    }
    return py_str_from_cstr(def->name);
}

static struct py_object *raise_keywords(const struct py_method_def *def, struct py_object *self)
{
    struct py_str *name = full_name(def, self);
    if (name)
        py_raise(&py_exc_TypeError, "%U() takes no keyword arguments", name);
    py_xdecref(name);
    return NULL;
}

static struct py_object *raise_count(const struct py_method_def *def, struct py_object *self,
                                     size_t nargs)
{
    if (def->max_args > 1 || def->max_args != def->min_args) {
        py_check_positional(def->name, nargs, (size_t)def->min_args,
                            def->max_args < 0 ? SIZE_MAX : (size_t)def->max_args);
        return NULL;
    }
    struct py_str *name = full_name(def, self);
    if (name)
        py_raise(&py_exc_TypeError,
                 def->max_args == 1 ? "%U() takes exactly one argument (%zu given)"
                                    : "%U() takes no arguments (%zu given)",
                 name, nargs);
    py_xdecref(name);
    return NULL;
}

struct py_object *py_cfunction_invoke(const struct py_method_def *def, struct py_object *self,
                                      struct py_object *const *args, size_t nargs,
                                      struct py_tuple *kwnames)
{
    if (__builtin_expect(kwnames != NULL, 0) && kwnames->base.size) {
        if (!(def->flags & PY_METH_KEYWORDS))
            return raise_keywords(def, self);
        return def->fn(self, args, nargs, kwnames); /* the function counts for itself */
    }
    if (__builtin_expect((int64_t)nargs < def->min_args ||
                             (def->max_args >= 0 && (int64_t)nargs > def->max_args),
                         0))
        return raise_count(def, self, nargs);
    return def->fn(self, args, nargs, kwnames);
}

static struct py_object *cfunction_call(struct py_object *self, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    return py_cfunction_invoke(CFUNC(self)->def, CFUNC(self)->self, args, nargs, kwnames);
}

/* ---- C functions: the object ------------------------------------------------------------- */

struct py_object *py_cfunction_new(const struct py_method_def *def, struct py_object *self,
                                   struct py_object *module)
{
    struct py_cfunction *f = py_object_new(&py_cfunction_type);
    if (!f)
        return NULL;
    f->def = def;
    f->self = self;
    py_xincref(self);
    f->module = module;
    py_xincref(module);
    py_gc_track(f);
    return PY_OBJ(f);
}

static bool is_plain(const struct py_object *self)
{
    const struct py_object *bound = CFUNC(self)->self;
    return !bound || py_type_is_subtype(bound->type, &py_module_type);
}

static struct py_object *cfunction_repr(struct py_object *self)
{
    const struct py_cfunction *f = CFUNC(self);
    if (is_plain(self))
        return PY_OBJ(py_str_format_c("<built-in function %s>", f->def->name));
    return PY_OBJ(py_str_format_c("<built-in method %s of %s object at %p>", f->def->name,
                                  f->self->type->name, (void *)f->self));
}

static struct py_object *cfunction_compare(struct py_object *a, struct py_object *b, int op)
{
    if ((op != PY_EQ && op != PY_NE) || b->type != &py_cfunction_type)
        return PY_NOT_IMPLEMENTED;
    const bool same = CFUNC(a)->self == CFUNC(b)->self && CFUNC(a)->def->fn == CFUNC(b)->def->fn;
    return py_bool_from(same == (op == PY_EQ));
}

static int64_t cfunction_hash(struct py_object *self)
{
    const int64_t h = py_hash_pointer(CFUNC(self)->self) ^ py_hash_pointer(CFUNC(self)->def);
    return h == -1 ? -2 : h;
}

static struct py_object *cfunction_name(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_str_intern_cstr(CFUNC(self)->def->name));
}

static struct py_object *cfunction_qualname(struct py_object *self, void *closure)
{
    const struct py_cfunction *f = CFUNC(self);
    if (is_plain(self))
        return cfunction_name(self, closure);
    struct py_object *type =
        py_has_flag(f->self, PY_TYPE_IS_TYPE) ? f->self : PY_OBJ(f->self->type);
    struct py_object *name = py_getattr_cstr(type, "__qualname__");
    if (!name)
        return NULL;
    struct py_str *r = py_str_format_c("%S.%s", name, f->def->name);
    py_decref(name);
    return PY_OBJ(r);
}

static struct py_object *cfunction_self(struct py_object *self, void *closure)
{
    (void)closure;
    return py_newref(CFUNC(self)->self ? CFUNC(self)->self : PY_NONE);
}

static struct py_object *cfunction_doc(struct py_object *self, void *closure)
{
    (void)closure;
    const char *doc = CFUNC(self)->def->doc;
    return doc ? PY_OBJ(py_str_from_cstr(doc)) : PY_NONE;
}

static struct py_object *cfunction_signature(struct py_object *self, void *closure)
{
    (void)closure;
    const char *text = CFUNC(self)->def->signature;
    return text ? PY_OBJ(py_str_from_cstr(text)) : PY_NONE;
}

static struct py_object *cfunction_reduce(struct py_object *self, struct py_object *const *args,
                                          size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    if (is_plain(self))
        return cfunction_name(self, NULL);
    struct py_object *getattr = py_dict_get_cstr(py_runtime.builtins, "getattr");
    struct py_object *name = cfunction_name(self, NULL);
    struct py_tuple *call = name ? py_tuple_pack(2, CFUNC(self)->self, name) : NULL;
    struct py_tuple *r = call && getattr ? py_tuple_pack(2, getattr, PY_OBJ(call)) : NULL;
    py_xdecref(call);
    py_xdecref(name);
    return PY_OBJ(r);
}

static const struct py_method_def cfunction_methods[] = {
    {.name = "__reduce__", .fn = cfunction_reduce},
    {.name = NULL},
};

static const struct py_getset_def cfunction_getsets[] = {
    {.name = "__doc__", .get = cfunction_doc},
    {.name = "__name__", .get = cfunction_name},
    {.name = "__qualname__", .get = cfunction_qualname},
    {.name = "__self__", .get = cfunction_self},
    {.name = "__text_signature__", .get = cfunction_signature},
    {.name = NULL},
};

static const struct py_member_def cfunction_members[] = {
    {.name = "__module__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_cfunction, module)},
    {.name = NULL},
};

static const struct py_field cfunction_fields[] = {
    PY_FIELD(struct py_cfunction, self),
    PY_FIELD(struct py_cfunction, module),
    PY_FIELD_END,
};

struct py_type py_cfunction_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "builtin_function_or_method",
    .basicsize = 56, /* CPython has one word more than struct py_cfunction */
    .flags = PY_TYPE_GC,
    .fields = cfunction_fields,
    .weaklist_offset = offsetof(struct py_cfunction, weaklist),
    .repr = cfunction_repr,
    .hash = cfunction_hash,
    .call = cfunction_call,
    .richcompare = cfunction_compare,
    .methods = cfunction_methods,
    .members = cfunction_members,
    .getsets = cfunction_getsets,
};
_Static_assert(sizeof(struct py_cfunction) <= 56, "sys.getsizeof of a builtin");
