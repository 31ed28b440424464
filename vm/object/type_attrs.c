/* Attributes and methods that every class has: __name__, __bases__, __mro__, __dict__, mro(),
 * __subclasses__(), __instancecheck__() and the rest of what `type` itself defines.
 *
 * Static types state their name as "module.name" in one C string and their doc as another; classes
 * keep both as objects. The getters here make the two look alike.
 */
#include <string.h>

#include "vm/object/buffer.h"
#include "vm/object/complex.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type.h"
#include "vm/object/type_internal.h"
#include "vm/object/weakref.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define TYPE(o) ((struct py_type *)(o))

static bool is_heap(const struct py_object *o)
{
    return (((const struct py_type *)o)->flags & PY_TYPE_HEAP) != 0;
}

/* An attribute of the class's own dict, by the property protocol; borrowed, NULL when absent. */
static struct py_object *own_entry(struct py_object *self, const char *name)
{
    return py_dict_get_cstr(TYPE(self)->dict, name);
}

static int set_own_entry(struct py_object *self, const char *name, struct py_object *value)
{
    const int r = py_dict_set_cstr(TYPE(self)->dict, name, value);
    py_type_modified(TYPE(self));
    return r;
}

/* CPython's common check of the setters here. */
static int check_settable(struct py_object *self, struct py_object *value, const char *name)
{
    if (TYPE(self)->flags & PY_TYPE_IMMUTABLE)
        return py_raise_int(&py_exc_TypeError, "cannot set '%s' attribute of immutable type '%s'",
                            name, TYPE(self)->name);
    if (!value)
        return py_raise_int(&py_exc_TypeError,
                            "cannot delete '%s' attribute of immutable type '%s'", name,
                            TYPE(self)->name);
    return 0;
}

/* ---- names ------------------------------------------------------------------------------- */

static struct py_object *get_name(struct py_object *self, void *closure)
{
    (void)closure;
    if (is_heap(self))
        return PY_OBJ(py_newref(TYPE(self)->name_obj));
    return PY_OBJ(py_str_intern_cstr(py_type_shortname(TYPE(self))));
}

static int set_name(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    struct py_type *type = TYPE(self);
    if (check_settable(self, value, "__name__") < 0)
        return -1;
    if (!py_str_check(value))
        return py_raise_int(&py_exc_TypeError, "can only assign string to %s.__name__, not '%T'",
                            type->name, value);
    size_t len;
    const char *text = py_str_utf8((struct py_str *)value, &len);
    if (!text)
        return -1;
    if (strlen(text) != len)
        return py_raise_int(&py_exc_ValueError, "type name must not contain null characters");
    struct py_str *old = type->name_obj;
    type->name_obj = py_newref((struct py_str *)value);
    type->name = text;
    py_decref(old);
    return 0;
}

static struct py_object *get_qualname(struct py_object *self, void *closure)
{
    if (is_heap(self))
        return PY_OBJ(py_newref(TYPE(self)->qualname));
    return get_name(self, closure);
}

static int set_qualname(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (check_settable(self, value, "__qualname__") < 0)
        return -1;
    if (!py_str_check(value))
        return py_raise_int(&py_exc_TypeError,
                            "can only assign string to %s.__qualname__, not '%T'", TYPE(self)->name,
                            value);
    struct py_str *old = TYPE(self)->qualname;
    TYPE(self)->qualname = py_newref((struct py_str *)value);
    py_decref(old);
    return 0;
}

static struct py_object *get_module(struct py_object *self, void *closure)
{
    (void)closure;
    if (is_heap(self)) {
        struct py_object *m = own_entry(self, "__module__");
        if (!m)
            return py_raise(&py_exc_AttributeError, "__module__");
        return py_newref(m);
    }
    const char *name = TYPE(self)->name, *dot = strrchr(name, '.');
    if (!dot)
        return PY_OBJ(py_str_intern_cstr("builtins"));
    return PY_OBJ(py_str_intern(py_str_from_utf8(name, (size_t)(dot - name))));
}

static int set_module(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (check_settable(self, value, "__module__") < 0 ||
        set_own_entry(self, "__module__", value) < 0)
        return -1;
    struct py_object *old = TYPE(self)->module_name;
    TYPE(self)->module_name = py_newref(value);
    py_xdecref(old);
    return 0;
}

static struct py_object *get_doc(struct py_object *self, void *closure)
{
    (void)closure;
    if (!is_heap(self)) {
        const char *doc = TYPE(self)->doc;
        return doc ? PY_OBJ(py_str_from_cstr(doc)) : PY_NONE;
    }
    struct py_object *doc = own_entry(self, "__doc__");
    if (!doc)
        return PY_NONE;
    if (!doc->type->descr_get)
        return py_newref(doc);
    struct py_object *own[2] = {py_newref(doc), NULL};
    PY_HOLD_N(own, 2);
    own[1] = doc->type->descr_get(doc, NULL, self);
    py_clear(own[0]);
    return own[1];
}

static int set_doc(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (check_settable(self, value, "__doc__") < 0)
        return -1;
    return set_own_entry(self, "__doc__", value);
}

/* For inspect: of the classes in C whose calls can be written down. */
static struct py_object *get_text_signature(struct py_object *self, void *closure)
{
    static const struct {
        const struct py_type *type;
        const char *text;
    } rows[] = {
        {&py_object_type, "()"},
        {&py_list_type, "(iterable=(), /)"},
        {&py_tuple_type, "(iterable=(), /)"},
        {&py_float_type, "(x=0, /)"},
        {&py_complex_type, "(real=0, imag=0)"},
        {&py_enumerate_type, "(iterable, start=0)"},
        {&py_reversed_type, "(sequence, /)"},
        {&py_property_type, "(fget=None, fset=None, fdel=None, doc=None)"},
        {&py_memoryview_type, "(object)"},
    };
    (void)closure;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (self == PY_OBJ(rows[i].type))
            return PY_OBJ(py_str_from_cstr(rows[i].text));
    return PY_NONE;
}

/* ---- bases ------------------------------------------------------------------------------- */

static struct py_object *get_bases(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(TYPE(self)->bases));
}

static int set_bases(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (check_settable(self, value, "__bases__") < 0)
        return -1;
    if (!py_tuple_check(value))
        return py_raise_int(&py_exc_TypeError, "can only assign tuple to %s.__bases__, not %T",
                            TYPE(self)->name, value);
    if (((struct py_tuple *)value)->base.size == 0)
        return py_raise_int(&py_exc_TypeError,
                            "can only assign non-empty tuple to %s.__bases__, not ()",
                            TYPE(self)->name);
    return py_class_set_bases(TYPE(self), (struct py_tuple *)value);
}

static struct py_object *get_base(struct py_object *self, void *closure)
{
    (void)closure;
    return py_newref(TYPE(self)->super ? PY_OBJ(TYPE(self)->super) : PY_NONE);
}

static struct py_object *get_mro(struct py_object *self, void *closure)
{
    (void)closure;
    return py_newref(TYPE(self)->mro ? PY_OBJ(TYPE(self)->mro) : PY_NONE);
}

static struct py_object *get_dict(struct py_object *self, void *closure)
{
    (void)closure;
    if (!TYPE(self)->dict)
        return PY_NONE;
    return py_mappingproxy_new(PY_OBJ(TYPE(self)->dict));
}

/* What CPython keeps as plain members of the struct. */
static int set_member(struct py_object *self, struct py_object *value, void *closure)
{
    (void)self, (void)value, (void)closure;
    return py_raise_int(&py_exc_AttributeError, "readonly attribute");
}

/* ---- layout ------------------------------------------------------------------------------ */

static struct py_object *get_basicsize(struct py_object *self, void *closure)
{
    (void)closure;
    /* Types are larger here than CPython's; what depends on the number gets CPython's. */
    if (TYPE(self) == &py_type_type)
        return py_int_from_i64(904);
    return py_int_from_i64(TYPE(self)->basicsize);
}

static struct py_object *get_itemsize(struct py_object *self, void *closure)
{
    (void)closure;
    return py_int_from_i64(TYPE(self)->itemsize);
}

static struct py_object *get_dictoffset(struct py_object *self, void *closure)
{
    (void)closure;
    const struct py_type *t = TYPE(self);
    if (t->flags & PY_TYPE_MANAGED_DICT)
        return py_int_from_i64(t->itemsize ? -8 : -(int64_t)t->basicsize - 24);
    return py_int_from_i64(t->dict_offset);
}

static struct py_object *get_weakrefoffset(struct py_object *self, void *closure)
{
    (void)closure;
    return py_int_from_i64(TYPE(self)->weaklist_offset);
}

/* CPython's flag bits, of which library code tests a few (heap type, abstract, subclassing). */
static struct py_object *get_flags(struct py_object *self, void *closure)
{
    (void)closure;
    static const struct {
        uint32_t ours, theirs;
    } map[] = {
        {PY_TYPE_HEAP, 1u << 9},          {PY_TYPE_BASETYPE, 1u << 10},
        {PY_TYPE_READY, 1u << 12},        {PY_TYPE_GC, 1u << 14},
        {PY_TYPE_METHOD_DESCR, 1u << 17}, {PY_TYPE_ABSTRACT, 1u << 20},
        {PY_TYPE_IS_INT, 1u << 24},       {PY_TYPE_IS_LIST, 1u << 25},
        {PY_TYPE_IS_TUPLE, 1u << 26},     {PY_TYPE_IS_BYTES, 1u << 27},
        {PY_TYPE_IS_STR, 1u << 28},       {PY_TYPE_IS_DICT, 1u << 29},
        {PY_TYPE_IS_EXCEPTION, 1u << 30}, {PY_TYPE_IS_TYPE, 1u << 31},
        {PY_TYPE_IMMUTABLE, 1u << 8},     {PY_TYPE_SEQUENCE, 1u << 5},
        {PY_TYPE_MAPPING, 1u << 6},       {PY_TYPE_DISALLOW_NEW, 1u << 7},
        {PY_TYPE_MANAGED_DICT, 1u << 4},
    };
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (TYPE(self)->flags & map[i].ours)
            bits |= map[i].theirs;
    return py_int_from_u64(bits);
}

/* ---- abstract methods, annotations ------------------------------------------------------- */

static struct py_object *get_abstract(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_object *v =
        TYPE(self) == &py_type_type ? NULL : own_entry(self, "__abstractmethods__");
    if (!v)
        return py_raise(&py_exc_AttributeError, "__abstractmethods__");
    return py_newref(v);
}

static int set_abstract(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    struct py_type *type = TYPE(self);
    int abstract = 0;
    if (type->flags & PY_TYPE_IMMUTABLE)
        return py_raise_int(&py_exc_TypeError, "cannot set '%s' attribute of immutable type '%s'",
                            "__abstractmethods__", type->name);
    if (value) {
        abstract = py_truth(value);
        if (abstract < 0 || set_own_entry(self, "__abstractmethods__", value) < 0)
            return -1;
    } else {
        if (!own_entry(self, "__abstractmethods__"))
            return py_raise_int(&py_exc_AttributeError, "__abstractmethods__");
        if (py_dict_del(type->dict, PY_OBJ(py_str_const("__abstractmethods__"))) < 0)
            return -1;
        py_type_modified(type);
    }
    if (abstract)
        type->flags |= PY_TYPE_ABSTRACT;
    else
        type->flags &= ~PY_TYPE_ABSTRACT;
    return 0;
}

static struct py_object *get_annotations(struct py_object *self, void *closure)
{
    (void)closure;
    if (!is_heap(self))
        return py_raise(&py_exc_AttributeError, "type object '%s' has no attribute '%s'",
                        TYPE(self)->name, "__annotations__");
    struct py_object *a = own_entry(self, "__annotations__");
    if (!a) {
        struct py_dict *d = py_dict_new();
        if (!d || set_own_entry(self, "__annotations__", PY_OBJ(d)) < 0) {
            py_xdecref(d);
            return NULL;
        }
        return PY_OBJ(d);
    }
    if (!a->type->descr_get)
        return py_newref(a);
    struct py_object *own[2] = {py_newref(a), NULL};
    PY_HOLD_N(own, 2);
    own[1] = a->type->descr_get(a, NULL, self);
    py_clear(own[0]);
    return own[1];
}

static int set_annotations(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (TYPE(self)->flags & PY_TYPE_IMMUTABLE)
        return py_raise_int(&py_exc_TypeError, "cannot set '%s' attribute of immutable type '%s'",
                            "__annotations__", TYPE(self)->name);
    if (value)
        return set_own_entry(self, "__annotations__", value);
    if (!own_entry(self, "__annotations__"))
        return py_raise_int(&py_exc_AttributeError, "__annotations__");
    const int r = py_dict_del(TYPE(self)->dict, PY_OBJ(py_str_const("__annotations__")));
    py_type_modified(TYPE(self));
    return r;
}

const struct py_getset_def py_type_getsets[] = {
    {.name = "__name__", .get = get_name, .set = set_name},
    {.name = "__qualname__", .get = get_qualname, .set = set_qualname},
    {.name = "__bases__", .get = get_bases, .set = set_bases},
    {.name = "__module__", .get = get_module, .set = set_module},
    {.name = "__base__", .get = get_base, .set = set_member},
    {.name = "__mro__", .get = get_mro, .set = set_member},
    {.name = "__basicsize__", .get = get_basicsize, .set = set_member},
    {.name = "__itemsize__", .get = get_itemsize, .set = set_member},
    {.name = "__flags__", .get = get_flags, .set = set_member},
    {.name = "__weakrefoffset__", .get = get_weakrefoffset, .set = set_member},
    {.name = "__dictoffset__", .get = get_dictoffset, .set = set_member},
    {.name = "__abstractmethods__", .get = get_abstract, .set = set_abstract},
    {.name = "__dict__", .get = get_dict},
    {.name = "__doc__", .get = get_doc, .set = set_doc},
    {.name = "__text_signature__", .get = get_text_signature},
    {.name = "__annotations__", .get = get_annotations, .set = set_annotations},
    {.name = NULL},
};

/* ---- methods ----------------------------------------------------------------------------- */

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)

METHOD(type_mro)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_tuple *mro = py_mro_c3(TYPE(self));
    if (!mro)
        return NULL;
    struct py_list *list = py_list_from_array(mro->items, (size_t)mro->base.size);
    py_decref(mro);
    return PY_OBJ(list);
}

METHOD(type_subclasses)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_list *list = py_list_new(0);
    struct py_dict *d = (struct py_dict *)TYPE(self)->subclasses;
    if (!list || !d)
        return PY_OBJ(list);
    int64_t pos = 0;
    struct py_object *key, *ref;
    while (py_dict_next(d, &pos, &key, &ref, NULL)) {
        struct py_object *sub = ((struct py_weakref *)ref)->referent;
        if (sub && py_list_append(list, sub) < 0) {
            py_decref(list);
            return NULL;
        }
    }
    return PY_OBJ(list);
}

METHOD(type_prepare)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return PY_OBJ(py_dict_new());
}

METHOD(type_instancecheck)
{
    (void)nargs, (void)kwnames;
    const int r = py_isinstance_plain(args[0], self);
    return r < 0 ? NULL : py_bool_from(r != 0);
}

METHOD(type_subclasscheck)
{
    (void)nargs, (void)kwnames;
    const int r = py_issubclass_plain(args[0], self);
    return r < 0 ? NULL : py_bool_from(r != 0);
}

METHOD(type_dir)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_dict *names = py_dict_new();
    const struct py_tuple *mro = TYPE(self)->mro;
    for (int64_t i = mro ? mro->base.size - 1 : -1; names && i >= 0; i--)
        if (py_dict_merge(names, PY_OBJ(TYPE(mro->items[i])->dict), 1) < 0)
            py_clear(names);
    if (!names)
        return NULL;
    struct py_list *keys = py_dict_keys_list(names);
    py_decref(names);
    return PY_OBJ(keys);
}

METHOD(type_sizeof)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_int_from_i64(py_type_type.size_of(self));
}

const struct py_method_def py_type_methods[] = {
    {.name = "mro",
     .fn = type_mro,
     .signature = "($self, /)",
     .doc = "The order in which bases are searched, computed anew."},
    {.name = "__subclasses__",
     .fn = type_subclasses,
     .signature = "($self, /)",
     .doc = "The classes that have this one as a base, as a list."},
    {.name = "__prepare__",
     .fn = type_prepare,
     .max_args = -1,
     .flags = PY_METH_CLASSMETHOD | PY_METH_KEYWORDS,
     .doc = "__prepare__() -> dict\nwhere the body of a class keeps its names"},
    {.name = "__instancecheck__",
     .fn = type_instancecheck,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, instance, /)",
     .doc = "Whether the argument is an instance of this class."},
    {.name = "__subclasscheck__",
     .fn = type_subclasscheck,
     .min_args = 1,
     .max_args = 1,
     .signature = "($self, subclass, /)",
     .doc = "Whether the argument is a subclass of this class."},
    {.name = "__dir__",
     .fn = type_dir,
     .signature = "($self, /)",
     .doc = "The names that dir() shows of a class: its own, and those of its bases."},
    {.name = "__sizeof__",
     .fn = type_sizeof,
     .signature = "($self, /)",
     .doc = "The size of the type in memory, in bytes."},
    {.name = NULL},
};
