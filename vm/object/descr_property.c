/* property, classmethod, staticmethod and mappingproxy.
 *
 * A property learns its name from __set_name__, so that its errors can say whose setter is
 * missing. classmethod and staticmethod copy the wrapped function's name and doc into a dict of
 * their own, as functools.wraps would. A mappingproxy is a read-only view of any mapping; types
 * hand out their dict through one.
 */
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/alias.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/instance.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* ---- property ---------------------------------------------------------------------------- */

#define PROPERTY(o) ((struct py_property *)(o))

/* "property 'x' of 'A' object has no setter" */
static int raise_missing(const struct py_property *p, struct py_object *o, const char *what)
{
    struct py_object *qualname = py_getattr_cstr(PY_OBJ(o->type), "__qualname__");
    if (!qualname)
        return -1;
    if (p->name)
        py_raise(&py_exc_AttributeError, "property %R of %R object has no %s", p->name, qualname,
                 what);
    else
        py_raise(&py_exc_AttributeError, "property of %R object has no %s", qualname, what);
    py_decref(qualname);
    return -1;
}

static struct py_object *property_get(struct py_object *self, struct py_object *o,
                                      struct py_object *type)
{
    (void)type;
    if (!o || o == PY_NONE)
        return py_newref(self);
    struct py_object *f = PROPERTY(self)->fget;
    if (!f) {
        raise_missing(PROPERTY(self), o, "getter");
        return NULL;
    }
    return py_call(f, &o, 1, NULL);
}

static int property_set(struct py_object *self, struct py_object *o, struct py_object *value)
{
    struct py_object *f = value ? PROPERTY(self)->fset : PROPERTY(self)->fdel;
    if (!f)
        return raise_missing(PROPERTY(self), o, value ? "setter" : "deleter");
    struct py_object *const args[2] = {o, value};
    struct py_object *r = py_call(f, args, value ? 2 : 1, NULL);
    if (!r)
        return -1;
    py_decref(r);
    return 0;
}

static void replace(struct py_object **slot, struct py_object *value)
{
    struct py_object *old = *slot;
    *slot = value && value != PY_NONE ? py_newref(value) : NULL;
    py_xdecref(old);
}

/* The doc of the getter serves when none is given. A subclass has room for it in its dict. */
static int adopt_doc(struct py_object *self)
{
    struct py_property *p = PROPERTY(self);
    struct py_object *doc = NULL;
    if (!p->doc && p->fget) {
        if (py_getattr_optional(p->fget, PY_OBJ(py_str_const("__doc__")), &doc) < 0)
            return -1;
        if (doc == PY_NONE)
            py_clear(doc);
        if (doc) {
            p->getter_doc = true;
            py_setref(p->doc, doc);
        }
    }
    if (self->type == &py_property_type || !p->doc)
        return 0;
    return py_setattr_cstr(self, "__doc__", p->doc);
}

static int property_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                         struct py_tuple *kwnames)
{
    static const char *const names[] = {"fget", "fset", "fdel", "doc"};
    static const struct py_params params = {
        .function = "property", .names = names, .count = 4, .keyword_only = 4};
    struct py_object *v[4] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, v) < 0)
        return -1;
    struct py_property *p = PROPERTY(self);
    replace(&p->fget, v[0]);
    replace(&p->fset, v[1]);
    replace(&p->fdel, v[2]);
    replace(&p->doc, v[3]);
    p->getter_doc = false;
    return adopt_doc(self);
}

static struct py_object *property_new(struct py_type *type, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_instance_alloc(type);
}

/* A property like self with one of its functions replaced. */
static struct py_object *copy_with(struct py_object *self, struct py_object *get,
                                   struct py_object *set, struct py_object *del)
{
    const struct py_property *p = PROPERTY(self);
    struct py_object *doc = p->getter_doc && get ? NULL : p->doc;
    struct py_object *const args[4] = {
        get       ? get
        : p->fget ? p->fget
                  : PY_NONE,
        set       ? set
        : p->fset ? p->fset
                  : PY_NONE,
        del       ? del
        : p->fdel ? p->fdel
                  : PY_NONE,
        doc && !p->getter_doc ? doc : PY_NONE,
    };
    struct py_object *copy = py_call(PY_OBJ(self->type), args, 4, NULL);
    if (copy && p->name && py_type_is_subtype(copy->type, &py_property_type)) {
        py_incref(p->name);
        py_setref(PROPERTY(copy)->name, p->name);
    }
    return copy;
}

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)

METHOD(property_getter)
{
    (void)nargs, (void)kwnames;
    return copy_with(self, args[0], NULL, NULL);
}

METHOD(property_setter)
{
    (void)nargs, (void)kwnames;
    return copy_with(self, NULL, args[0], NULL);
}

METHOD(property_deleter)
{
    (void)nargs, (void)kwnames;
    return copy_with(self, NULL, NULL, args[0]);
}

METHOD(property_set_name)
{
    (void)kwnames;
    if (nargs != 2)
        return py_raise(&py_exc_TypeError,
                        "__set_name__() takes 2 positional arguments but %zu "
                        "were given",
                        nargs);
    replace(&PROPERTY(self)->name, args[1]);
    return PY_NONE;
}

static struct py_object *property_isabstract(struct py_object *self, void *closure)
{
    (void)closure;
    const struct py_property *p = PROPERTY(self);
    struct py_object *const functions[3] = {p->fget, p->fset, p->fdel};
    for (int i = 0; i < 3; i++) {
        struct py_object *flag = NULL;
        if (!functions[i])
            continue;
        if (py_getattr_optional(functions[i], PY_OBJ(py_str_const("__isabstractmethod__")), &flag) <
            0)
            return NULL;
        const int truth = flag ? py_truth(flag) : 0;
        py_xdecref(flag);
        if (truth)
            return truth < 0 ? NULL : PY_TRUE;
    }
    return PY_FALSE;
}

static const struct py_method_def property_methods[] = {
    {.name = "getter",
     .fn = property_getter,
     .min_args = 1,
     .max_args = 1,
     .doc = "The same property with another function for reading."},
    {.name = "setter",
     .fn = property_setter,
     .min_args = 1,
     .max_args = 1,
     .doc = "The same property with another function for assignment."},
    {.name = "deleter",
     .fn = property_deleter,
     .min_args = 1,
     .max_args = 1,
     .doc = "The same property with another function for del."},
    {.name = "__set_name__",
     .fn = property_set_name,
     .max_args = -1,
     .doc = "Tell the property what it is called."},
    {.name = NULL},
};

static const struct py_member_def property_members[] = {
    {.name = "fget",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_property, fget),
     .readonly = true},
    {.name = "fset",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_property, fset),
     .readonly = true},
    {.name = "fdel",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_property, fdel),
     .readonly = true},
    {.name = "__doc__", .kind = PY_MEMBER_OBJECT, .offset = offsetof(struct py_property, doc)},
    {.name = NULL},
};

static const struct py_getset_def property_getsets[] = {
    {.name = "__isabstractmethod__", .get = property_isabstract},
    {.name = NULL},
};

static const struct py_field property_fields[] = {
    PY_FIELD(struct py_property, fget),       PY_FIELD(struct py_property, fset),
    PY_FIELD(struct py_property, fdel),       PY_FIELD(struct py_property, doc),
    PY_FIELD_OWNED(struct py_property, name), PY_FIELD_END,
};

struct py_type py_property_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "property",
    .doc =
        "Property attribute.\n\n  fget\n    function to be used for getting an attribute value\n"
        "  fset\n    function to be used for setting an attribute value\n  fdel\n    function to "
        "be used for del'ing an attribute\n  doc\n    docstring\n",
    .basicsize = sizeof(struct py_property),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE,
    .fields = property_fields,
    .descr_get = property_get,
    .descr_set = property_set,
    .init = property_init,
    .new_ = property_new,
    .methods = property_methods,
    .members = property_members,
    .getsets = property_getsets,
};

/* ---- classmethod, staticmethod ----------------------------------------------------------- */

#define WRAPPED(o) ((struct py_classmethod *)(o))

/* What functools.wraps would copy. */
static int copy_identity(struct py_object *self, struct py_object *callable)
{
    static const char *const names[] = {"__module__", "__name__", "__qualname__", "__doc__",
                                        "__annotations__"};
    struct py_object *v = NULL;
    PY_HOLD(&v);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct py_str *name = py_str_const(names[i]);
        if (py_getattr_optional(callable, PY_OBJ(name), &v) < 0)
            return -1;
        if (v && py_object_generic_setattr(self, PY_OBJ(name), v) < 0) {
            py_clear(v);
            return -1;
        }
        py_clear(v);
    }
    return 0;
}

static int wrapped_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                        struct py_tuple *kwnames)
{
    const char *name =
        py_type_is_subtype(self->type, &py_classmethod_type) ? "classmethod" : "staticmethod";
    if (py_no_keywords(name, kwnames) < 0 || py_check_positional(name, nargs, 1, 1) < 0)
        return -1;
    replace(&WRAPPED(self)->callable, args[0]);
    return copy_identity(self, args[0]);
}

/* Made by the class statement for __new__ and the like: no dict until somebody asks. */
static struct py_object *wrapped_of(struct py_type *type, struct py_object *callable)
{
    struct py_classmethod *w = py_object_new(type);
    if (!w)
        return NULL;
    w->callable = py_newref(callable);
    py_gc_track(w);
    return PY_OBJ(w);
}

struct py_object *py_classmethod_new(struct py_object *callable)
{
    return wrapped_of(&py_classmethod_type, callable);
}

struct py_object *py_staticmethod_new(struct py_object *callable)
{
    return wrapped_of(&py_staticmethod_type, callable);
}

static struct py_object *classmethod_get(struct py_object *self, struct py_object *o,
                                         struct py_object *type)
{
    struct py_object *f = WRAPPED(self)->callable;
    if (!f)
        return py_raise(&py_exc_RuntimeError, "uninitialized classmethod object");
    if (!type)
        type = PY_OBJ(o->type);
    /* classmethod(property(f)) and the like: what is wrapped binds itself. */
    if (f->type != &py_function_type && f->type->descr_get)
        return f->type->descr_get(f, type, type);
    return py_method_new(f, type);
}

static struct py_object *staticmethod_get(struct py_object *self, struct py_object *o,
                                          struct py_object *type)
{
    (void)o, (void)type;
    if (!WRAPPED(self)->callable)
        return py_raise(&py_exc_RuntimeError, "uninitialized staticmethod object");
    return py_newref(WRAPPED(self)->callable);
}

static struct py_object *staticmethod_call(struct py_object *self, struct py_object *const *args,
                                           size_t nargs, struct py_tuple *kwnames)
{
    return py_call(WRAPPED(self)->callable, args, nargs, kwnames);
}

static struct py_object *classmethod_repr(struct py_object *self)
{
    return PY_OBJ(py_str_format_c("<classmethod(%R)>", WRAPPED(self)->callable));
}

static struct py_object *staticmethod_repr(struct py_object *self)
{
    return PY_OBJ(py_str_format_c("<staticmethod(%R)>", WRAPPED(self)->callable));
}

static struct py_object *wrapped_isabstract(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_object *flag = NULL;
    if (!WRAPPED(self)->callable)
        return PY_FALSE;
    if (py_getattr_optional(WRAPPED(self)->callable, PY_OBJ(py_str_const("__isabstractmethod__")),
                            &flag) < 0)
        return NULL;
    const int truth = flag ? py_truth(flag) : 0;
    py_xdecref(flag);
    return truth < 0 ? NULL : py_bool_from(truth != 0);
}

static struct py_object *wrapped_dict(struct py_object *self, void *closure)
{
    return py_instance_dict_getset.get(self, closure);
}

static int wrapped_set_dict(struct py_object *self, struct py_object *value, void *closure)
{
    return py_instance_dict_getset.set(self, value, closure);
}

static const struct py_getset_def wrapped_getsets[] = {
    {.name = "__isabstractmethod__", .get = wrapped_isabstract},
    {.name = "__dict__", .get = wrapped_dict, .set = wrapped_set_dict},
    {.name = NULL},
};

static const struct py_member_def wrapped_members[] = {
    {.name = "__func__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_classmethod, callable),
     .readonly = true},
    {.name = "__wrapped__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_classmethod, callable),
     .readonly = true},
    {.name = NULL},
};

static const struct py_field wrapped_fields[] = {
    PY_FIELD(struct py_classmethod, callable),
    PY_FIELD(struct py_classmethod, dict),
    PY_FIELD_END,
};

struct py_type py_classmethod_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "classmethod",
    .doc = "classmethod(function) -> method\n\nConvert a function to be a class method.",
    .basicsize = sizeof(struct py_classmethod),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE,
    .fields = wrapped_fields,
    .dict_offset = offsetof(struct py_classmethod, dict),
    .repr = classmethod_repr,
    .descr_get = classmethod_get,
    .init = wrapped_init,
    .new_ = property_new,
    .members = wrapped_members,
    .getsets = wrapped_getsets,
};

struct py_type py_staticmethod_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "staticmethod",
    .doc = "staticmethod(function) -> method\n\nConvert a function to be a static method.",
    .basicsize = sizeof(struct py_classmethod),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE,
    .fields = wrapped_fields,
    .dict_offset = offsetof(struct py_classmethod, dict),
    .repr = staticmethod_repr,
    .call = staticmethod_call,
    .descr_get = staticmethod_get,
    .init = wrapped_init,
    .new_ = property_new,
    .members = wrapped_members,
    .getsets = wrapped_getsets,
};

/* ---- mappingproxy ------------------------------------------------------------------------ */

struct mappingproxy {
    struct py_object base;
    struct py_object *mapping;
};
#define MAPPING(o) (((struct mappingproxy *)(o))->mapping)

struct py_object *py_mappingproxy_new(struct py_object *mapping)
{
    struct mappingproxy *p = py_object_new(&py_mappingproxy_type);
    if (!p)
        return NULL;
    p->mapping = py_newref(mapping);
    py_gc_track(p);
    return PY_OBJ(p);
}

static struct py_object *proxy_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"mapping"};
    static const struct py_params params = {
        .function = "mappingproxy", .names = names, .count = 1, .required = 1, .keyword_only = 1};
    struct py_object *mapping = NULL;
    (void)type;
    if (py_parse_args(&params, args, nargs, kwnames, &mapping) < 0)
        return NULL;
    if (!mapping->type->subscript || py_has_flag(mapping, PY_TYPE_IS_LIST | PY_TYPE_IS_TUPLE))
        return py_raise(&py_exc_TypeError, "mappingproxy() argument must be a mapping, not %T",
                        mapping);
    return py_mappingproxy_new(mapping);
}

static struct py_object *proxy_repr(struct py_object *self)
{
    return PY_OBJ(py_str_format_c("mappingproxy(%R)", MAPPING(self)));
}

static struct py_object *proxy_str(struct py_object *self)
{
    return py_str_of(MAPPING(self));
}

static struct py_object *proxy_iter(struct py_object *self)
{
    return py_iter(MAPPING(self));
}

static int64_t proxy_length(struct py_object *self)
{
    return py_length(MAPPING(self));
}

static struct py_object *proxy_subscript(struct py_object *self, struct py_object *key)
{
    return py_getitem(MAPPING(self), key);
}

static int proxy_contains(struct py_object *self, struct py_object *key)
{
    return py_contains(MAPPING(self), key);
}

static struct py_object *proxy_compare(struct py_object *a, struct py_object *b, int op)
{
    return py_richcompare(MAPPING(a), b, op);
}

static struct py_object *proxy_or(struct py_object *a, struct py_object *b)
{
    if (a->type == &py_mappingproxy_type)
        a = MAPPING(a);
    if (b->type == &py_mappingproxy_type)
        b = MAPPING(b);
    return py_binary(PY_NB_OR, a, b);
}

static struct py_object *proxy_ior(struct py_object *a, struct py_object *b)
{
    (void)b;
    return py_raise(&py_exc_TypeError, "'|=' is not supported by %T; use '|' instead", a);
}

/* Methods of the mapping, under the same name. */
static struct py_object *forward(struct py_object *self, const char *name,
                                 struct py_object *const *args, size_t nargs)
{
    return py_call_method(MAPPING(self), py_str_const(name), args, nargs);
}

#define FORWARD(name)                             \
    METHOD(proxy_##name)                          \
    {                                             \
        (void)kwnames;                            \
        return forward(self, #name, args, nargs); \
    }
FORWARD(get)
FORWARD(keys)
FORWARD(values)
FORWARD(items)
FORWARD(copy)
FORWARD(__reversed__)

static const struct py_method_def proxy_methods[] = {
    PY_CLASS_GETITEM_ROW,
    {.name = "get",
     .fn = proxy_get,
     .min_args = 1,
     .max_args = 2,
     .doc = "Return the value for key if key is in the mapping, else default."},
    {.name = "keys", .fn = proxy_keys, .doc = "D.keys() -- the keys, seen live and used as a set"},
    {.name = "values", .fn = proxy_values, .doc = "D.values() -- the values, seen live"},
    {.name = "items",
     .fn = proxy_items,
     .doc = "D.items() -- the (key, value) pairs, seen live and used as a set"},
    {.name = "copy", .fn = proxy_copy, .doc = "D.copy() -- another dictionary with the same items"},
    {.name = "__reversed__",
     .fn = proxy___reversed__,
     .doc = "Iterate from the last key to the first"},
    {.name = NULL},
};

static const struct py_field proxy_fields[] = {
    PY_FIELD(struct mappingproxy, mapping),
    PY_FIELD_END,
};

struct py_type py_mappingproxy_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "mappingproxy",
    .basicsize = sizeof(struct mappingproxy),
    .flags = PY_TYPE_GC | PY_TYPE_MAPPING,
    .fields = proxy_fields,
    .new_ = proxy_new,
    .repr = proxy_repr,
    .str = proxy_str,
    .iter = proxy_iter,
    .length = proxy_length,
    .subscript = proxy_subscript,
    .contains = proxy_contains,
    .richcompare = proxy_compare,
    .binary = {[PY_NB_OR] = proxy_or},
    .inplace = {[PY_NB_OR] = proxy_ior},
    .methods = proxy_methods,
};
