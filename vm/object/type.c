/* The type `type`: calling a class, attributes of classes, subtyping, and the attribute cache.
 *
 * The attribute cache answers "what does name mean on this type?" for the whole mro with one probe.
 * Its key is (version of the type, name); a type's version changes whenever its dict or that of a
 * class in its mro changes, so an entry is never removed, it just stops matching. An entry holds
 * borrowed pointers: while the version stands, the class dict keeps the value alive; a name's
 * address may be reused by another string, which is why the hash is compared as well.
 *
 * Versions: 0 means "none yet". A type gets one when it is first asked, after all classes in its
 * mro have got theirs. So if a class has no version, none of its subclasses has one, and
 * py_type_modified() can stop there.
 *
 * Splitting: type_attrs.c has the attributes every class has (__name__, __mro__ ...), type_ready.c
 * makes static types usable, class.c makes new classes, type_mro.c orders bases.
 */
#include "vm/object/type.h"

#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/alias.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/slots.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type_internal.h"
#include "vm/object/weakref.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---- subtyping --------------------------------------------------------------------------- */

bool py_type_is_subtype(const struct py_type *a, const struct py_type *b)
{
    const struct py_tuple *mro = a->mro;
    if (!mro) { /* not ready yet, or being torn down */
        for (; a; a = a->super)
            if (a == b)
                return true;
        return b == &py_object_type;
    }
    for (int64_t i = 0; i < mro->base.size; i++)
        if (mro->items[i] == (const struct py_object *)b)
            return true;
    return false;
}

/* ---- versions and the cache -------------------------------------------------------------- */

#define CACHE_SIZE 4096u

struct cache_entry {
    uint32_t version; /* 0: empty */
    const struct py_str *name;
    int64_t hash;
    struct py_object *value; /* borrowed; NULL: known to be absent */
};
static struct cache_entry cache[CACHE_SIZE];
static uint32_t next_version = 1;

static inline struct cache_entry *cache_slot(uint32_t version, const struct py_str *name)
{
    return &cache[(version ^ (uint32_t)((uintptr_t)name >> 4)) % CACHE_SIZE];
}

uint32_t py_type_version(struct py_type *type)
{
    if (type->version)
        return type->version;
    if (!(type->flags & PY_TYPE_READY) || !type->mro || next_version == 0)
        return 0;
    for (int64_t i = 1; i < type->mro->base.size; i++)
        if (!py_type_version((struct py_type *)type->mro->items[i]))
            return 0;
    return type->version = next_version++;
}

void py_type_modified(struct py_type *type)
{
    if (!type->version)
        return;
    type->version = 0;
    struct py_dict *subclasses = (struct py_dict *)type->subclasses;
    if (!subclasses)
        return;
    int64_t pos = 0;
    struct py_object *key, *ref;
    while (py_dict_next(subclasses, &pos, &key, &ref, NULL)) {
        struct py_type *sub = (struct py_type *)((struct py_weakref *)ref)->referent;
        if (sub)
            py_type_modified(sub);
    }
}

static struct py_object *lookup_in_mro(struct py_type *type, struct py_str *name)
{
    const struct py_tuple *mro = type->mro;
    if (!mro)
        return NULL;
    for (int64_t i = 0; i < mro->base.size; i++) {
        struct py_dict *d = ((struct py_type *)mro->items[i])->dict;
        struct py_object *v = d ? py_dict_get_str(d, name) : NULL;
        if (v)
            return v;
    }
    return NULL;
}

struct py_object *py_type_lookup(struct py_type *type, struct py_str *name)
{
    struct cache_entry *e = cache_slot(type->version, name);
    if (likely(e->version == type->version && e->name == name && e->hash == name->hash &&
               type->version != 0))
        return e->value;
    struct py_object *value = lookup_in_mro(type, name);
    if (!name->interned || name->hash == -1)
        return value;
    const uint32_t version = py_type_version(type);
    if (version) {
        e = cache_slot(version, name);
        *e = (struct cache_entry){
            .version = version, .name = name, .hash = name->hash, .value = value};
    }
    return value;
}

struct py_object *py_lookup_special(struct py_object *o, struct py_str *name)
{
    struct py_object *f = py_type_lookup(o->type, name);
    if (!f)
        return NULL;
    if (!f->type->descr_get)
        return py_newref(f);
    struct py_object *own[2] = {py_newref(f), NULL};
    PY_HOLD_N(own, 2);
    own[1] = f->type->descr_get(f, o, PY_OBJ(o->type));
    py_clear(own[0]);
    return own[1];
}

/* ---- names ------------------------------------------------------------------------------- */

const char *py_type_shortname(const struct py_type *type)
{
    if (type->flags & PY_TYPE_HEAP)
        return type->name;
    const char *dot = strrchr(type->name, '.');
    return dot ? dot + 1 : type->name;
}

struct py_str *py_type_fullname(struct py_type *type)
{
    if (!(type->flags & PY_TYPE_HEAP))
        return py_str_from_cstr(type->name);
    struct py_object *module = type->module_name;
    if (!module || !py_str_check(module) || py_str_equal_cstr((struct py_str *)module, "builtins"))
        return py_newref(type->qualname);
    return py_str_format_c("%U.%U", module, type->qualname);
}

static struct py_object *type_repr(struct py_object *self)
{
    struct py_str *name = py_type_fullname((struct py_type *)self);
    if (!name)
        return NULL;
    struct py_str *text = py_str_format_c("<class '%U'>", name);
    py_decref(name);
    return PY_OBJ(text);
}

/* ---- attributes of classes --------------------------------------------------------------- */

/* attr is what was found in the class itself: bind it as an attribute of the class. */
static struct py_object *bind_to_class(struct py_object *attr, struct py_object *cls)
{
    const py_ternaryfn get = attr->type->descr_get;
    if (!get)
        return py_newref(attr);
    struct py_object *own[2] = {py_newref(attr), NULL};
    PY_HOLD_N(own, 2);
    own[1] = get(attr, NULL, cls);
    py_clear(own[0]);
    return own[1];
}

static struct py_object *bind_to_meta(struct py_object *attr, struct py_object *cls)
{
    struct py_object *own[2] = {py_newref(attr), NULL};
    PY_HOLD_N(own, 2);
    own[1] = attr->type->descr_get(attr, cls, PY_OBJ(cls->type));
    py_clear(own[0]);
    return own[1];
}

static struct py_object *type_getattr(struct py_object *self, struct py_object *name)
{
    if (!py_str_check(name))
        return py_raise(&py_exc_TypeError, "attribute name must be string, not '%T'", name);
    struct py_str *key = (struct py_str *)name;
    struct py_object *meta = py_type_lookup(self->type, key);
    if (meta && meta->type->descr_set && meta->type->descr_get)
        return bind_to_meta(meta, self);
    struct py_object *attr = py_type_lookup((struct py_type *)self, key);
    if (attr)
        return bind_to_class(attr, self);
    if (meta)
        return meta->type->descr_get ? bind_to_meta(meta, self) : py_newref(meta);
    return py_raise_attribute(self, name);
}

/* Names whose value the type struct keeps beside its dict. */
static void mirror(struct py_type *type, struct py_str *name, struct py_object *value)
{
    if (!py_str_equal_cstr(name, "__module__"))
        return;
    py_xincref(value);
    py_setref(type->module_name, value);
}

static int set_in_class(struct py_type *type, struct py_str *name, struct py_object *value)
{
    struct py_object *meta = py_type_lookup(type->base.base.type, name);
    if (meta && meta->type->descr_set) {
        py_incref(meta);
        PY_HOLD(&meta);
        const int r = meta->type->descr_set(meta, PY_OBJ(type), value);
        py_clear(meta);
        return r;
    }
    int r;
    if (value) {
        r = py_dict_set(type->dict, PY_OBJ(name), value);
    } else if (!py_dict_get_str(type->dict, name)) {
        py_raise_attribute(PY_OBJ(type), PY_OBJ(name));
        return -1;
    } else {
        /* The old value may run code when it dies: the cache must be right by then. */
        struct py_object *old = py_newref(py_dict_get_str(type->dict, name));
        PY_HOLD(&old);
        r = py_dict_del(type->dict, PY_OBJ(name));
        py_type_modified(type);
        py_clear(old);
    }
    py_type_modified(type);
    if (r == 0)
        mirror(type, name, value);
    return r;
}

static int type_setattr(struct py_object *self, struct py_object *name, struct py_object *value)
{
    struct py_type *type = (struct py_type *)self;
    if (!py_str_check(name))
        return py_raise_int(&py_exc_TypeError, "attribute name must be string, not '%T'", name);
    if (type->flags & PY_TYPE_IMMUTABLE)
        return py_raise_int(&py_exc_TypeError, "cannot set '%U' attribute of immutable type '%s'",
                            name, type->name);
    struct py_str *own = py_newref((struct py_str *)name);
    PY_HOLD(&own);
    if (!own->interned && py_str_check_exact(name))
        own = py_str_intern(own);
    const int r = set_in_class(type, own, value);
    if (r == 0)
        py_slots_update(type, own);
    py_clear(own);
    return r;
}

/* ---- calling a class --------------------------------------------------------------------- */

static struct py_object *raise_no_new(const struct py_type *type)
{
    return py_raise(&py_exc_TypeError, "cannot create '%s' instances", type->name);
}

static struct py_object *type_call(struct py_object *self, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    struct py_type *type = (struct py_type *)self;
    if (type == &py_type_type) {
        const bool keywords = kwnames && kwnames->base.size;
        if (nargs == 1 && !keywords)
            return PY_OBJ(py_newref(args[0]->type));
        if (nargs != 3)
            return py_raise(&py_exc_TypeError, "type() takes 1 or 3 arguments");
    }
    if (unlikely(!type->new_))
        return raise_no_new(type);
    struct py_object *o = type->new_(type, args, nargs, kwnames);
    if (!o)
        return NULL;
    const struct py_type *made = o->type;
    if (unlikely(made != type && !py_type_is_subtype(made, type)))
        return o;
    if (!made->init || (made->init == py_object_init && made->new_ == py_object_generic_new))
        return o; /* new_ has checked that there are no arguments */
    PY_HOLD(&o);
    if (made->init(o, args, nargs, kwnames) < 0) {
        py_clear(o);
        return NULL;
    }
    return o;
}

/* type.__init__ checks the number of arguments only: __new__ did the work. */
static int type_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                     struct py_tuple *kwnames)
{
    (void)self, (void)args;
    if (nargs == 1 && kwnames && kwnames->base.size)
        return py_raise_int(&py_exc_TypeError, "type.__init__() takes no keyword arguments");
    if (nargs != 1 && nargs != 3)
        return py_raise_int(&py_exc_TypeError, "type.__init__() takes 1 or 3 arguments");
    return 0;
}

/* ---- the type itself --------------------------------------------------------------------- */

/* What CPython 3.11 answers: a static type is 408 bytes; a class adds the operation tables and,
 * when its instances share a keys table, that table. */
size_t py_heap_type_size(bool shared_keys)
{
    return PY_HEAP_TYPE_REPORTED_BYTES + (shared_keys ? PY_SHARED_KEYS_REPORTED_BYTES : 0);
}

static int64_t type_sizeof(struct py_object *self)
{
    const struct py_type *type = (const struct py_type *)self;
    if (!(type->flags & PY_TYPE_HEAP))
        return PY_TYPE_REPORTED_BYTES;
    return (int64_t)py_heap_type_size((type->flags & PY_TYPE_MANAGED_DICT) && !type->itemsize);
}

static const struct py_field type_fields[] = {
    PY_FIELD(struct py_type, dict),
    PY_FIELD(struct py_type, mro),
    PY_FIELD(struct py_type, bases),
    PY_FIELD(struct py_type, super),
    PY_FIELD_OWNED(struct py_type, subclasses),
    PY_FIELD_OWNED(struct py_type, name_obj),
    PY_FIELD_OWNED(struct py_type, qualname),
    PY_FIELD_OWNED(struct py_type, module_name),
    PY_FIELD_END,
};

struct py_type py_type_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "type",
    .doc = "type(object)\ntype(name, bases, dict, **kwds)\n\nThe type of an object; or a new type.",
    .basicsize = sizeof(struct py_type),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IS_TYPE,
    .body = PY_BODY_TYPE,
    .fields = type_fields,
    .weaklist_offset = offsetof(struct py_type, weaklist),
    .dict_offset = offsetof(struct py_type, dict),
    .dealloc = py_type_dealloc,
    .repr = type_repr,
    .call = type_call,
    .getattr = type_getattr,
    .setattr = type_setattr,
    .init = type_init,
    .new_ = py_type_new,
    .binary = {[PY_NB_OR] = py_union_or},
    .size_of = type_sizeof,
    .methods = py_type_methods,
    .getsets = py_type_getsets,
};
