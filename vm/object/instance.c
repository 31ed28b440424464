/* Attributes of instances: shapes, values, the dict they turn into, and the lookup that object's
 * __getattribute__ and __setattr__ do.
 *
 * Where `o.name` looks, in this order:
 *   1. the class's mro, for a data descriptor (property, slot member): it wins
 *   2. the instance: its values or its dict
 *   3. the class's mro again, for anything else: a function becomes a bound method
 *
 * Values are the fast form of an instance's attributes (see instance.h). Every function here keeps
 * both forms right: "values or dict, never both". Taking the dict (o.__dict__) moves the values
 * into it once and for all; CPython does the same, so memory profiles agree.
 */
#include "vm/object/instance.h"

#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/str.h"
#include "vm/object/type_internal.h"
#include "vm/object/weakref.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---- shapes ------------------------------------------------------------------------------ */

/* Room in the first instance, before the class has shown which attributes it sets. */
#define FIRST_CAPACITY 4

struct py_shape *py_shape_create(void)
{
    struct py_shape *shape = py_mem_calloc(1, sizeof *shape);
    if (shape)
        shape->inline_capacity = FIRST_CAPACITY;
    return shape;
}

void py_shape_destroy(struct py_shape *shape)
{
    if (!shape)
        return;
    for (uint32_t i = 0; i < shape->count; i++)
        py_decref(shape->names[i]);
    py_mem_free(shape);
}

int py_shape_find(const struct py_shape *shape, const struct py_str *name)
{
    const int count = (int)shape->count;
    for (int i = 0; i < count; i++)
        if (shape->names[i] == name)
            return i;
    if (unlikely(!name->interned))
        for (int i = 0; i < count; i++)
            if (py_str_equal(shape->names[i], name))
                return i;
    return -1;
}

int py_shape_add(struct py_shape *shape, struct py_str *name)
{
    const int found = py_shape_find(shape, name);
    if (found >= 0)
        return found;
    if (shape->count == PY_SHAPE_MAX)
        return -1;
    struct py_str *own = py_newref(name);
    if (!own->interned)
        own = py_str_intern(own);
    shape->names[shape->count++] = own;
    shape->inline_capacity = (shape->count + 1u) & ~1u;
    return (int)shape->count - 1;
}

/* ---- new instances ----------------------------------------------------------------------- */

static void values_init(struct py_values *v, uint32_t capacity, bool embedded)
{
    v->capacity = (uint8_t)capacity;
    v->count = 0;
    v->embedded = embedded;
    memset(v->v, 0, capacity * sizeof v->v[0]);
}

struct py_object *py_instance_alloc(struct py_type *type)
{
    if (!(type->flags & PY_TYPE_MANAGED_DICT)) {
        struct py_object *o = py_object_new(type);
        if (o && (type->flags & PY_TYPE_GC))
            py_gc_track(o);
        return o;
    }
    const uint32_t basic = (type->basicsize + 7u) & ~7u;
    const uint32_t capacity = type->shape ? type->shape->inline_capacity : 0;
    const size_t tail = capacity ? sizeof(struct py_values) + capacity * sizeof(void *) : 0;
    struct py_object *o = py_object_alloc(type, basic + tail, type->basicsize + 32);
    if (unlikely(!o))
        return NULL;
    memset(o + 1, 0, basic - sizeof *o);
    *py_managed_dict_slot(o) = NULL;
    if (capacity) {
        struct py_values *v = (struct py_values *)((char *)o + basic);
        values_init(v, capacity, true);
        *py_values_slot(o) = v;
    } else {
        *py_values_slot(o) = NULL;
    }
    py_gc_track(o);
    return o;
}

/* ---- values ------------------------------------------------------------------------------ */

/* Makes room for index in o's values; they may not exist yet. */
static struct py_values *values_grow(struct py_object *o, int index)
{
    struct py_values *old = *py_values_slot(o);
    if (old && index < old->capacity)
        return old;
    uint32_t capacity = o->type->shape->inline_capacity;
    if (capacity <= (uint32_t)index)
        capacity = (uint32_t)index + 1;
    if (capacity > PY_SHAPE_MAX)
        capacity = PY_SHAPE_MAX;
    struct py_values *v = py_mem_alloc(sizeof *v + capacity * sizeof v->v[0]);
    if (!v)
        return py_raise_no_memory();
    values_init(v, capacity, false);
    if (old) {
        v->count = old->count;
        memcpy(v->order, old->order, old->count);
        memcpy(v->v, old->v, old->capacity * sizeof old->v[0]);
    }
    *py_values_slot(o) = v;
    if (old && !old->embedded)
        py_mem_free(old);
    return v;
}

static void values_forget(struct py_values *v, int index)
{
    int i = 0;
    while (v->order[i] != index)
        i++;
    memmove(v->order + i, v->order + i + 1, (size_t)(v->count - i - 1));
    v->count--;
}

/* Drops values that are no longer reachable from o. */
static void values_release(struct py_values *v)
{
    while (v->count) {
        struct py_object **slot = &v->v[v->order[--v->count]];
        py_clear(*slot);
    }
}

struct py_dict *py_instance_materialize(struct py_object *o)
{
    struct py_dict **dict_slot = py_managed_dict_slot(o);
    if (*dict_slot)
        return *dict_slot;
    struct py_values *v = *py_values_slot(o);
    struct py_dict *d = py_dict_new_presized(v ? v->count : 0);
    if (!d)
        return NULL;
    const struct py_shape *shape = o->type->shape;
    for (int i = 0; v && i < v->count; i++) {
        const int index = v->order[i];
        if (py_dict_set(d, PY_OBJ(shape->names[index]), v->v[index])) {
            py_decref(d);
            return NULL;
        }
    }
    *py_values_slot(o) = NULL;
    *dict_slot = d;
    if (v) {
        values_release(v); /* the dict has references of its own: nothing dies here */
        if (!v->embedded)
            py_mem_free(v);
    }
    return d;
}

struct py_dict *py_object_dict(struct py_object *o, bool make)
{
    const struct py_type *type = o->type;
    if (type->flags & PY_TYPE_MANAGED_DICT) {
        struct py_dict *d = *py_managed_dict_slot(o);
        if (d || !(make || *py_values_slot(o)))
            return d;
        return py_instance_materialize(o);
    }
    if (type->dict_offset <= 0)
        return NULL;
    struct py_dict **slot = (struct py_dict **)((char *)o + type->dict_offset);
    if (!*slot && make)
        *slot = py_dict_new();
    return *slot;
}

struct py_object *py_instance_get(struct py_object *o, struct py_str *name)
{
    const struct py_type *type = o->type;
    struct py_dict *d;
    if (type->flags & PY_TYPE_MANAGED_DICT) {
        const struct py_values *v = *py_values_slot(o);
        if (v) {
            const int i = py_shape_find(type->shape, name);
            return i >= 0 && i < v->capacity ? v->v[i] : NULL;
        }
        d = *py_managed_dict_slot(o);
    } else if (type->dict_offset > 0) {
        d = *(struct py_dict **)((char *)o + type->dict_offset);
    } else {
        return NULL;
    }
    return d ? py_dict_get_str(d, name) : NULL;
}

/* Deletes name from d: -1 without an exception when it is not there. */
static int dict_delete(struct py_dict *d, struct py_str *name)
{
    if (!d || !py_dict_get_str(d, name))
        return -1;
    return py_dict_del(d, PY_OBJ(name));
}

/* -2: the values cannot take this name, use a dict. */
static int values_set(struct py_object *o, struct py_str *name, struct py_object *value)
{
    struct py_values *v = *py_values_slot(o);
    struct py_shape *shape = o->type->shape;
    int i = py_shape_find(shape, name);
    if (!value) {
        if (!v || i < 0 || i >= v->capacity || !v->v[i])
            return -1;
        struct py_object *old = v->v[i];
        v->v[i] = NULL;
        values_forget(v, i);
        py_decref(old);
        return 0;
    }
    if (i < 0)
        i = py_shape_add(shape, name);
    if (i < 0)
        return -2;
    if (unlikely(!v || i >= v->capacity)) {
        v = values_grow(o, i);
        if (!v)
            return -1;
    }
    struct py_object *old = v->v[i];
    v->v[i] = py_newref(value);
    if (!old)
        v->order[v->count++] = (uint8_t)i;
    else
        py_decref(old);
    return 0;
}

int py_instance_set(struct py_object *o, struct py_str *name, struct py_object *value)
{
    struct py_dict *d;
    if ((o->type->flags & PY_TYPE_MANAGED_DICT) && !*py_managed_dict_slot(o) && o->type->shape) {
        const int r = values_set(o, name, value);
        if (r != -2)
            return r;
        d = py_instance_materialize(o);
    } else {
        d = py_object_dict(o, value != NULL);
    }
    if (!value)
        return dict_delete(d, name);
    return d ? py_dict_set(d, PY_OBJ(name), value) : -1;
}

/* ---- generic lookup ---------------------------------------------------------------------- */

static bool check_name(struct py_object *name)
{
    if (likely(py_str_check(name)))
        return true;
    py_raise(&py_exc_TypeError, "attribute name must be string, not '%T'", name);
    return false;
}

static struct py_object *call_descr_get(struct py_object *descr, struct py_object *o)
{
    struct py_object *own[2] = {py_newref(descr), NULL};
    PY_HOLD_N(own, 2);
    own[1] = descr->type->descr_get(descr, o, PY_OBJ(o->type));
    py_clear(own[0]);
    return own[1];
}

struct py_object *py_object_getattr_quiet(struct py_object *o, struct py_object *name)
{
    if (!check_name(name))
        return NULL;
    struct py_object *descr = py_type_lookup(o->type, (struct py_str *)name);
    if (descr && descr->type->descr_set && descr->type->descr_get)
        return call_descr_get(descr, o);
    struct py_object *value = py_instance_get(o, (struct py_str *)name);
    if (value)
        return py_newref(value);
    if (!descr)
        return NULL;
    if (descr->type == &py_function_type)
        return py_method_new(descr, o);
    if (descr->type->descr_get)
        return call_descr_get(descr, o);
    return py_newref(descr);
}

struct py_object *py_object_generic_getattr(struct py_object *o, struct py_object *name)
{
    struct py_object *r = py_object_getattr_quiet(o, name);
    if (unlikely(!r) && !py_error_occurred())
        return py_raise_attribute(o, name);
    return r;
}

/* Why name cannot be set or deleted on o, which has no room for it. */
static int raise_cannot_set(struct py_object *o, struct py_object *name, bool in_class)
{
    if (in_class)
        py_raise(&py_exc_AttributeError, "'%T' object attribute '%S' is read-only", o, name);
    else
        py_raise_attribute(o, name);
    return -1;
}

static bool has_dict(const struct py_type *type)
{
    return (type->flags & PY_TYPE_MANAGED_DICT) || type->dict_offset > 0;
}

static int set_interned(struct py_object *o, struct py_str *name, struct py_object *value)
{
    struct py_object *descr = py_type_lookup(o->type, name);
    if (descr && descr->type->descr_set) {
        py_incref(descr);
        PY_HOLD(&descr);
        const int r = descr->type->descr_set(descr, o, value);
        py_clear(descr);
        return r;
    }
    if (!has_dict(o->type))
        return raise_cannot_set(o, PY_OBJ(name), descr != NULL);
    const int r = py_instance_set(o, name, value);
    if (r < 0 && !py_error_occurred())
        py_raise_attribute(o, PY_OBJ(name));
    return r;
}

int py_object_generic_setattr(struct py_object *o, struct py_object *name, struct py_object *value)
{
    if (!check_name(name))
        return -1;
    if (likely(((struct py_str *)name)->interned) || !py_str_check_exact(name))
        return set_interned(o, (struct py_str *)name, value);
    struct py_str *own = py_str_intern((struct py_str *)py_newref(name));
    PY_HOLD(&own);
    const int r = set_interned(o, own, value);
    py_clear(own);
    return r;
}

/* ---- __dict__ and __weakref__ ------------------------------------------------------------ */

static struct py_object *get_dict(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_dict *d = py_object_dict(self, true);
    if (!d && !py_error_occurred())
        return py_raise(&py_exc_AttributeError, "This object has no __dict__");
    return d ? PY_OBJ(py_newref(d)) : NULL;
}

static int set_dict(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (value && !py_dict_check(value))
        return py_raise_int(&py_exc_TypeError, "__dict__ must be set to a dictionary, not a '%T'",
                            value);
    struct py_dict **slot;
    struct py_dict *old;
    if (self->type->flags & PY_TYPE_MANAGED_DICT) {
        slot = py_managed_dict_slot(self);
        if (!py_instance_materialize(self)) /* the values become garbage in one place only */
            return -1;
    } else if (self->type->dict_offset > 0) {
        slot = (struct py_dict **)((char *)self + self->type->dict_offset);
    } else {
        return py_raise_int(&py_exc_AttributeError, "This object has no __dict__");
    }
    old = *slot;
    py_xincref(value);
    *slot = (struct py_dict *)value;
    py_xdecref(old);
    return 0;
}

static struct py_object *get_weakref(struct py_object *self, void *closure)
{
    (void)closure;
    if (self->type->weaklist_offset <= 0)
        return py_raise(&py_exc_AttributeError, "This object has no __weakref__");
    struct py_object *first = *(struct py_object **)((char *)self + self->type->weaklist_offset);
    return py_newref(first ? first : PY_NONE);
}

const struct py_getset_def py_instance_dict_getset = {
    .name = "__dict__",
    .get = get_dict,
    .set = set_dict,
    .doc = "the attributes of the instance, as a dict",
};

const struct py_getset_def py_instance_weakref_getset = {
    .name = "__weakref__",
    .get = get_weakref,
    .doc = "the weak references to the instance",
};
