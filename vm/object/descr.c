/* The descriptors that stand in the dicts of static types: C methods, class methods, computed
 * attributes, members and slot wrappers, and a slot wrapper bound to its object.
 *
 * All five share struct py_descr: the owner type, a name, and a row of the table that describes
 * them. They differ in __get__ and __call__ only. Each checks that the object it is applied to is
 * an instance of the owner, because its C function would misread any other.
 *
 * "__new__" is not one of them: it is a builtin function whose self is the type.
 */
#include "vm/object/descr.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/slots.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define DESCR(o) ((struct py_descr *)(o))

struct py_object *py_descr_new(struct py_type *descr_type, struct py_type *owner,
                               struct py_str *name, const void *def)
{
    struct py_descr *d = py_object_new(descr_type);
    if (!d)
        return NULL;
    d->owner = py_newref(owner);
    d->name = py_newref(name);
    d->def = def;
    py_gc_track(d);
    return PY_OBJ(d);
}

/* ---- common ------------------------------------------------------------------------------ */

static bool applies(const struct py_descr *d, const struct py_object *o)
{
    return o->type == d->owner || py_type_is_subtype(o->type, d->owner);
}

static int check_applies(const struct py_descr *d, struct py_object *o)
{
    if (__builtin_expect(applies(d, o), 1))
        return 0;
    return py_raise_int(&py_exc_TypeError,
                        "descriptor '%U' for '%N' objects doesn't apply to a '%T' object", d->name,
                        d->owner, o);
}

static struct py_object *repr_as(struct py_object *self, const char *kind)
{
    const struct py_descr *d = DESCR(self);
    return PY_OBJ(
        py_str_format_c("<%s '%U' of '%s' objects>", kind, d->name, py_type_shortname(d->owner)));
}

static struct py_object *get_name(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(DESCR(self)->name));
}

static struct py_object *get_owner(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(DESCR(self)->owner));
}

static struct py_object *get_qualname(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_object *own = py_getattr_cstr(PY_OBJ(DESCR(self)->owner), "__qualname__");
    if (!own)
        return NULL;
    PY_HOLD(&own);
    struct py_str *r = py_str_format_c("%S.%U", own, DESCR(self)->name);
    py_clear(own);
    return PY_OBJ(r);
}

/* "getattr(owner, name)", as pickle wants it. */
static struct py_object *text_or_none(const char *text)
{
    return text ? PY_OBJ(py_str_from_cstr(text)) : PY_NONE;
}

static const char *doc_of(struct py_object *self)
{
    const struct py_type *t = self->type;
    const void *def = DESCR(self)->def;
    if (t == &py_method_descr_type || t == &py_classmethod_descr_type)
        return ((const struct py_method_def *)def)->doc;
    if (t == &py_getset_descr_type)
        return ((const struct py_getset_def *)def)->doc;
    if (t == &py_member_descr_type)
        return ((const struct py_member_def *)def)->doc;
    return ((const struct py_slot_row *)def)->doc;
}

static struct py_object *get_doc(struct py_object *self, void *closure)
{
    (void)closure;
    return text_or_none(doc_of(self));
}

static struct py_object *get_text_signature(struct py_object *self, void *closure)
{
    (void)closure;
    if (self->type == &py_wrapper_descr_type)
        return PY_OBJ(py_str_from_cstr("($self, /, *args, **kwargs)"));
    return text_or_none(((const struct py_method_def *)DESCR(self)->def)->signature);
}

static const struct py_getset_def callable_getsets[] = {
    {.name = "__name__", .get = get_name},
    {.name = "__objclass__", .get = get_owner},
    {.name = "__qualname__", .get = get_qualname},
    {.name = "__doc__", .get = get_doc},
    {.name = "__text_signature__", .get = get_text_signature},
    {.name = NULL},
};

static const struct py_getset_def attribute_getsets[] = {
    {.name = "__name__", .get = get_name},
    {.name = "__objclass__", .get = get_owner},
    {.name = "__qualname__", .get = get_qualname},
    {.name = "__doc__", .get = get_doc},
    {.name = NULL},
};

static const struct py_field descr_fields[] = {
    PY_FIELD(struct py_descr, owner),
    PY_FIELD_OWNED(struct py_descr, name),
    PY_FIELD_END,
};

/* ---- method_descriptor ------------------------------------------------------------------- */

static struct py_object *method_repr(struct py_object *self)
{
    return repr_as(self, "method");
}

static struct py_object *method_get(struct py_object *self, struct py_object *o,
                                    struct py_object *type)
{
    (void)type;
    if (!o)
        return py_newref(self);
    if (check_applies(DESCR(self), o) < 0)
        return NULL;
    return py_cfunction_new(DESCR(self)->def, o, NULL);
}

static struct py_object *method_call(struct py_object *self, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    const struct py_descr *d = DESCR(self);
    if (nargs < 1)
        return py_raise(&py_exc_TypeError, "unbound method %s.%U() needs an argument",
                        py_type_shortname(d->owner), d->name);
    if (check_applies(d, args[0]) < 0)
        return NULL;
    return py_cfunction_invoke(d->def, args[0], args + 1, nargs - 1, kwnames);
}

/* CPython's objects have two words more here (qualname, vectorcall); sizes are kept. */
#define CALLABLE_DESCR_SIZE 56

struct py_type py_method_descr_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "method_descriptor",
    .basicsize = CALLABLE_DESCR_SIZE,
    .flags = PY_TYPE_GC | PY_TYPE_METHOD_DESCR,
    .fields = descr_fields,
    .repr = method_repr,
    .call = method_call,
    .descr_get = method_get,
    .getsets = callable_getsets,
};

/* ---- classmethod_descriptor -------------------------------------------------------------- */

static struct py_object *classmethod_get(struct py_object *self, struct py_object *o,
                                         struct py_object *type)
{
    const struct py_descr *d = DESCR(self);
    if (!type)
        type = PY_OBJ(o->type);
    if (!py_has_flag(type, PY_TYPE_IS_TYPE))
        return py_raise(&py_exc_TypeError,
                        "descriptor '%U' for type '%s' needs a type, not a '%T' as arg 2", d->name,
                        py_type_shortname(d->owner), type);
    if (!py_type_is_subtype((struct py_type *)type, d->owner))
        return py_raise(&py_exc_TypeError,
                        "descriptor '%U' requires a subtype of '%s' but received '%s'", d->name,
                        d->owner->name, ((struct py_type *)type)->name);
    return py_cfunction_new(d->def, type, NULL);
}

static struct py_object *classmethod_call(struct py_object *self, struct py_object *const *args,
                                          size_t nargs, struct py_tuple *kwnames)
{
    const struct py_descr *d = DESCR(self);
    if (nargs < 1)
        return py_raise(&py_exc_TypeError, "descriptor '%U' of '%s' object needs an argument",
                        d->name, d->owner->name);
    if (!py_has_flag(args[0], PY_TYPE_IS_TYPE) ||
        !py_type_is_subtype((struct py_type *)args[0], d->owner))
        return py_raise(&py_exc_TypeError,
                        "descriptor '%U' requires a subtype of '%s' but received '%T'", d->name,
                        d->owner->name, args[0]);
    return py_cfunction_invoke(d->def, args[0], args + 1, nargs - 1, kwnames);
}

struct py_type py_classmethod_descr_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "classmethod_descriptor",
    .basicsize = CALLABLE_DESCR_SIZE,
    .flags = PY_TYPE_GC,
    .fields = descr_fields,
    .repr = method_repr,
    .call = classmethod_call,
    .descr_get = classmethod_get,
    .getsets = callable_getsets,
};

/* ---- getset_descriptor ------------------------------------------------------------------- */

static struct py_object *attribute_repr(struct py_object *self)
{
    return repr_as(self, "attribute");
}

static struct py_object *getset_get(struct py_object *self, struct py_object *o,
                                    struct py_object *type)
{
    (void)type;
    const struct py_descr *d = DESCR(self);
    const struct py_getset_def *def = d->def;
    if (!o)
        return py_newref(self);
    if (check_applies(d, o) < 0)
        return NULL;
    if (!def->get)
        return py_raise(&py_exc_AttributeError, "attribute '%U' of '%s' objects is not readable",
                        d->name, d->owner->name);
    return def->get(o, def->closure);
}

static int getset_set(struct py_object *self, struct py_object *o, struct py_object *value)
{
    const struct py_descr *d = DESCR(self);
    const struct py_getset_def *def = d->def;
    if (check_applies(d, o) < 0)
        return -1;
    if (!def->set)
        return py_raise_int(&py_exc_AttributeError,
                            "attribute '%U' of '%s' objects is not writable", d->name,
                            d->owner->name);
    return def->set(o, value, def->closure);
}

struct py_type py_getset_descr_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "getset_descriptor",
    .basicsize = 48,
    .flags = PY_TYPE_GC,
    .fields = descr_fields,
    .repr = attribute_repr,
    .descr_get = getset_get,
    .descr_set = getset_set,
    .getsets = attribute_getsets,
};

/* ---- member_descriptor ------------------------------------------------------------------- */

static struct py_object *member_repr(struct py_object *self)
{
    return repr_as(self, "member");
}

static struct py_object *read_member(const struct py_member_def *m, struct py_object *o)
{
    const char *at = (const char *)o + m->offset;
    struct py_object *v;
    switch (m->kind) {
    case PY_MEMBER_OBJECT:
        v = *(struct py_object *const *)at;
        return py_newref(v ? v : PY_NONE);
    case PY_MEMBER_OBJECT_EX:
        v = *(struct py_object *const *)at;
        if (!v)
            return py_raise(&py_exc_AttributeError, "'%T' object has no attribute '%s'", o,
                            m->name);
        return py_newref(v);
    case PY_MEMBER_INT64:
        return py_int_from_i64(*(const int64_t *)at);
    case PY_MEMBER_INT32:
        return py_int_from_i64(*(const int32_t *)at);
    case PY_MEMBER_BOOL:
        return py_bool_from(*(const bool *)at);
    case PY_MEMBER_DOUBLE:
        return py_float_from(*(const double *)at);
    case PY_MEMBER_CSTR:
        return text_or_none(*(const char *const *)at);
    }
    return NULL;
}

static int write_object(const struct py_member_def *m, struct py_object *o, struct py_object *value)
{
    struct py_object **slot = (struct py_object **)((char *)o + m->offset);
    if (!value && !*slot && m->kind == PY_MEMBER_OBJECT_EX)
        return py_raise_int(&py_exc_AttributeError, "%s", m->name);
    struct py_object *old = *slot;
    py_xincref(value);
    *slot = value;
    py_xdecref(old);
    return 0;
}

static int write_number(const struct py_member_def *m, struct py_object *o, struct py_object *value)
{
    char *at = (char *)o + m->offset;
    if (m->kind == PY_MEMBER_DOUBLE) {
        const double d = py_float_as_double(value);
        if (d == -1.0 && py_error_occurred())
            return -1;
        *(double *)at = d;
        return 0;
    }
    if (m->kind == PY_MEMBER_BOOL) {
        if (value != PY_TRUE && value != PY_FALSE)
            return py_raise_int(&py_exc_TypeError, "attribute value type must be bool");
        *(bool *)at = value == PY_TRUE;
        return 0;
    }
    const int64_t n = py_int_as_i64(value);
    if (n == -1 && py_error_occurred())
        return -1;
    if (m->kind == PY_MEMBER_INT64)
        *(int64_t *)at = n;
    else
        *(int32_t *)at = (int32_t)n;
    return 0;
}

static struct py_object *member_get(struct py_object *self, struct py_object *o,
                                    struct py_object *type)
{
    (void)type;
    if (!o)
        return py_newref(self);
    if (check_applies(DESCR(self), o) < 0)
        return NULL;
    return read_member(DESCR(self)->def, o);
}

static int member_set(struct py_object *self, struct py_object *o, struct py_object *value)
{
    const struct py_member_def *m = DESCR(self)->def;
    if (check_applies(DESCR(self), o) < 0)
        return -1;
    if (m->readonly || m->kind == PY_MEMBER_CSTR)
        return py_raise_int(&py_exc_AttributeError, "readonly attribute");
    if (m->kind == PY_MEMBER_OBJECT || m->kind == PY_MEMBER_OBJECT_EX)
        return write_object(m, o, value);
    if (!value)
        return py_raise_int(&py_exc_TypeError, "can't delete numeric/char attribute");
    return write_number(m, o, value);
}

struct py_type py_member_descr_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "member_descriptor",
    .basicsize = 48,
    .flags = PY_TYPE_GC,
    .fields = descr_fields,
    .repr = member_repr,
    .descr_get = member_get,
    .descr_set = member_set,
    .getsets = attribute_getsets,
};

/* ---- wrapper_descriptor ------------------------------------------------------------------ */

static struct py_object *wrapper_repr(struct py_object *self)
{
    return repr_as(self, "slot wrapper");
}

struct method_wrapper { /* a slot wrapper bound to its object */
    struct py_object base;
    struct py_descr *descr;
    struct py_object *self;
};

static struct py_object *wrapper_get(struct py_object *self, struct py_object *o,
                                     struct py_object *type)
{
    (void)type;
    if (!o)
        return py_newref(self);
    if (check_applies(DESCR(self), o) < 0)
        return NULL;
    struct method_wrapper *w = py_object_new(&py_method_wrapper_type);
    if (!w)
        return NULL;
    w->descr = py_newref(DESCR(self));
    w->self = py_newref(o);
    py_gc_track(w);
    return PY_OBJ(w);
}

static struct py_object *wrapper_call(struct py_object *self, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    const struct py_descr *d = DESCR(self);
    if (nargs < 1)
        return py_raise(&py_exc_TypeError, "descriptor '%U' of '%s' object needs an argument",
                        d->name, d->owner->name);
    if (!applies(d, args[0]))
        return py_raise(&py_exc_TypeError,
                        "descriptor '%U' requires a '%s' object but received a '%T'", d->name,
                        d->owner->name, args[0]);
    return py_slot_call(d->def, d->owner, args[0], args + 1, nargs - 1, kwnames);
}

struct py_type py_wrapper_descr_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "wrapper_descriptor",
    .basicsize = CALLABLE_DESCR_SIZE,
    .flags = PY_TYPE_GC | PY_TYPE_METHOD_DESCR,
    .fields = descr_fields,
    .repr = wrapper_repr,
    .call = wrapper_call,
    .descr_get = wrapper_get,
    .getsets = callable_getsets,
};

/* ---- method-wrapper ---------------------------------------------------------------------- */

static struct method_wrapper *as_method_wrapper(struct py_object *o)
{
    return (struct method_wrapper *)o;
}

static struct py_object *method_wrapper_call(struct py_object *self, struct py_object *const *args,
                                             size_t nargs, struct py_tuple *kwnames)
{
    const struct method_wrapper *w = as_method_wrapper(self);
    return py_slot_call(w->descr->def, w->descr->owner, w->self, args, nargs, kwnames);
}

static struct py_object *method_wrapper_repr(struct py_object *self)
{
    const struct method_wrapper *w = as_method_wrapper(self);
    return PY_OBJ(py_str_format_c("<method-wrapper '%U' of %s object at %p>", w->descr->name,
                                  w->self->type->name, (void *)w->self));
}

static struct py_object *method_wrapper_compare(struct py_object *a, struct py_object *b, int op)
{
    if ((op != PY_EQ && op != PY_NE) || b->type != &py_method_wrapper_type)
        return PY_NOT_IMPLEMENTED;
    const bool same = as_method_wrapper(a)->descr == as_method_wrapper(b)->descr &&
                      as_method_wrapper(a)->self == as_method_wrapper(b)->self;
    return py_bool_from(same == (op == PY_EQ));
}

static int64_t method_wrapper_hash(struct py_object *o)
{
    const int64_t h =
        py_hash_pointer(as_method_wrapper(o)->self) ^ py_hash_pointer(as_method_wrapper(o)->descr);
    return h == -1 ? -2 : h;
}

static struct py_object *mw_name(struct py_object *self, void *closure)
{
    return get_name(PY_OBJ(as_method_wrapper(self)->descr), closure);
}

static struct py_object *mw_qualname(struct py_object *self, void *closure)
{
    return get_qualname(PY_OBJ(as_method_wrapper(self)->descr), closure);
}

static struct py_object *mw_objclass(struct py_object *self, void *closure)
{
    return get_owner(PY_OBJ(as_method_wrapper(self)->descr), closure);
}

static struct py_object *mw_doc(struct py_object *self, void *closure)
{
    return get_doc(PY_OBJ(as_method_wrapper(self)->descr), closure);
}

static const struct py_getset_def method_wrapper_getsets[] = {
    {.name = "__objclass__", .get = mw_objclass},
    {.name = "__name__", .get = mw_name},
    {.name = "__qualname__", .get = mw_qualname},
    {.name = "__doc__", .get = mw_doc},
    {.name = NULL},
};

static const struct py_member_def method_wrapper_members[] = {
    {.name = "__self__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct method_wrapper, self),
     .readonly = true},
    {.name = NULL},
};

static const struct py_field method_wrapper_fields[] = {
    PY_FIELD(struct method_wrapper, descr),
    PY_FIELD(struct method_wrapper, self),
    PY_FIELD_END,
};

struct py_type py_method_wrapper_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "method-wrapper",
    .basicsize = sizeof(struct method_wrapper),
    .flags = PY_TYPE_GC,
    .fields = method_wrapper_fields,
    .repr = method_wrapper_repr,
    .hash = method_wrapper_hash,
    .call = method_wrapper_call,
    .richcompare = method_wrapper_compare,
    .getsets = method_wrapper_getsets,
    .members = method_wrapper_members,
};

/* ---- __new__ ----------------------------------------------------------------------------- */

/* object.__new__(int) would make an int that int's own code never initialised: the static type
 * whose layout cls has must be made by its own __new__. */
static int check_safe(const struct py_type *type, const struct py_type *cls)
{
    const struct py_type *base = cls;
    while (base && (base->flags & PY_TYPE_HEAP))
        base = base->super;
    if (base && base->new_ != type->new_)
        return py_raise_int(&py_exc_TypeError, "%s.__new__(%s) is not safe, use %s.__new__()",
                            type->name, cls->name, base->name);
    return 0;
}

static struct py_object *new_call(struct py_object *self, struct py_object *const *args,
                                  size_t nargs, struct py_tuple *kwnames)
{
    struct py_type *type = (struct py_type *)self;
    if (nargs < 1)
        return py_raise(&py_exc_TypeError, "%s.__new__(): not enough arguments", type->name);
    if (!py_has_flag(args[0], PY_TYPE_IS_TYPE))
        return py_raise(&py_exc_TypeError, "%s.__new__(X): X is not a type object (%T)", type->name,
                        args[0]);
    struct py_type *cls = (struct py_type *)args[0];
    if (!py_type_is_subtype(cls, type))
        return py_raise(&py_exc_TypeError, "%s.__new__(%s): %s is not a subtype of %s", type->name,
                        cls->name, cls->name, type->name);
    if (check_safe(type, cls) < 0)
        return NULL;
    return type->new_(cls, args + 1, nargs - 1, kwnames);
}

static const struct py_method_def new_def = {
    .name = "__new__",
    .fn = new_call,
    .max_args = -1,
    .flags = PY_METH_KEYWORDS,
    .signature = "($type, *args, **kwargs)",
    .doc = "Make an instance. What it takes is in help(type).",
};

struct py_object *py_new_method(struct py_type *type)
{
    return py_cfunction_new(&new_def, PY_OBJ(type), NULL);
}

const struct py_type *py_new_method_owner(const struct py_object *d)
{
    if (d->type != &py_cfunction_type)
        return NULL;
    const struct py_cfunction *f = (const struct py_cfunction *)d;
    return f->def == &new_def ? (const struct py_type *)f->self : NULL;
}
