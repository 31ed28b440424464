/* Making static types usable: bases, mro, inheritance of slots, the dict with its descriptors.
 *
 * Inheritance follows CPython's inherit_slots: every empty slot takes the base's function, except
 *   - hash and richcompare go together: a type that defines comparison does not inherit a hash,
 *     it becomes unhashable unless it brings its own
 *   - new_ is not inherited from object by a static type: it then cannot be created by calling it
 * Types of the interpreter have one base each, so walking `super` is walking the mro.
 *
 * Order at start: py_types_init makes `object` and `type` ready like all others; dicts, tuples and
 * strings can be made before their types are ready, because creating them needs only the static
 * part of the type (sizes, flags).
 */
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/exc.h"
#include "vm/object/func.h"
#include "vm/object/slots.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"

#define STATIC_TYPE(name) extern struct py_type py_##name##_type;
#include "vm/object/static_types.def"

/* ---- inheritance ------------------------------------------------------------------------- */

/* All slots lie between these two, each one pointer wide. */
#define FIRST_SLOT offsetof(struct py_type, dealloc)
#define END_SLOTS  (offsetof(struct py_type, buffer_release) + sizeof(void *))

static void inherit_slots(struct py_type *type, const struct py_type *base)
{
    typeof(type->new_) own_new = type->new_;
    for (size_t at = FIRST_SLOT; at < END_SLOTS; at += sizeof(void *)) {
        void **slot = (void **)((char *)type + at);
        if (!*slot)
            *slot = *(void **)((char *)base + at);
    }
    if (!own_new && (base == &py_object_type || (type->flags & PY_TYPE_DISALLOW_NEW))) {
        type->new_ = NULL;
        type->flags |= PY_TYPE_DISALLOW_NEW;
    }
    if (type->finalize)
        type->flags |= PY_TYPE_FINALIZER;
}

#define INHERITED_FLAGS                                                                           \
    (PY_TYPE_GC | PY_TYPE_MANAGED_DICT | PY_TYPE_FINALIZER | PY_TYPE_SEQUENCE | PY_TYPE_MAPPING | \
     PY_TYPE_VAR | PY_TYPE_IS_INT | PY_TYPE_IS_LIST | PY_TYPE_IS_TUPLE | PY_TYPE_IS_BYTES |       \
     PY_TYPE_IS_STR | PY_TYPE_IS_DICT | PY_TYPE_IS_EXCEPTION | PY_TYPE_IS_TYPE |                  \
     PY_TYPE_IS_FLOAT | PY_TYPE_IS_SET)

static void inherit_layout(struct py_type *type, const struct py_type *base)
{
    type->flags |= base->flags & INHERITED_FLAGS;
    if (!type->basicsize)
        type->basicsize = base->basicsize;
    if (!type->itemsize)
        type->itemsize = base->itemsize;
    if (!type->fields) {
        type->fields = base->fields;
        type->field_count = base->field_count;
    }
    if (!type->body)
        type->body = base->body;
    if (!type->room_unit) {
        type->room_unit = base->room_unit;
        type->room_offset = base->room_offset;
    }
    if (!type->weaklist_offset)
        type->weaklist_offset = base->weaklist_offset;
    if (!type->dict_offset)
        type->dict_offset = base->dict_offset;
}

static void count_fields(struct py_type *type)
{
    if (!type->fields || type->field_count)
        return;
    while (type->fields[type->field_count].name)
        type->field_count++;
}

/* ---- the dict ---------------------------------------------------------------------------- */

static int add(struct py_type *type, struct py_str *name, struct py_object *value)
{
    if (!value)
        return -1;
    int r = 0;
    if (!py_dict_get_str(type->dict, name))
        r = py_dict_set(type->dict, PY_OBJ(name), value);
    py_decref(value);
    return r;
}

static int add_descr(struct py_type *type, struct py_type *descr_type, const char *name,
                     const void *def)
{
    struct py_str *key = py_str_intern_cstr(name);
    if (!key)
        return -1;
    const int r = add(type, key, py_descr_new(descr_type, type, key, def));
    py_decref(key);
    return r;
}

static int add_static(struct py_type *type, const struct py_method_def *def)
{
    struct py_object *f = py_cfunction_new(def, NULL, NULL);
    struct py_object *s = f ? py_staticmethod_new(f) : NULL;
    py_xdecref(f);
    struct py_str *key = py_str_intern_cstr(def->name);
    if (!key) {
        py_xdecref(s);
        return -1;
    }
    const int r = add(type, key, s);
    py_decref(key);
    return r;
}

static int add_methods(struct py_type *type)
{
    for (const struct py_method_def *m = type->methods; m && m->name; m++) {
        int r;
        if (m->flags & PY_METH_STATIC)
            r = add_static(type, m);
        else if (m->flags & PY_METH_CLASSMETHOD)
            r = add_descr(type, &py_classmethod_descr_type, m->name, m);
        else
            r = add_descr(type, &py_method_descr_type, m->name, m);
        if (r < 0)
            return -1;
    }
    return 0;
}

static int add_attributes(struct py_type *type)
{
    for (const struct py_member_def *m = type->members; m && m->name; m++)
        if (add_descr(type, &py_member_descr_type, m->name, m) < 0)
            return -1;
    for (const struct py_getset_def *g = type->getsets; g && g->name; g++)
        if (add_descr(type, &py_getset_descr_type, g->name, g) < 0)
            return -1;
    return 0;
}

static int fill_dict(struct py_type *type, bool own_new)
{
    if (own_new && add(type, py_str_const("__new__"), py_new_method(type)) < 0)
        return -1;
    if (py_slots_add_wrappers(type) < 0 || add_methods(type) < 0 || add_attributes(type) < 0)
        return -1;
    if (type->hash == py_hash_not_implemented && add(type, py_str_const("__hash__"), PY_NONE) < 0)
        return -1;
    return add(type, py_str_const("__doc__"),
               type->doc ? PY_OBJ(py_str_from_cstr(type->doc)) : PY_NONE);
}

/* ---- ready ------------------------------------------------------------------------------- */

int py_type_ready(struct py_type *type)
{
    if (type->flags & PY_TYPE_READY)
        return 0;
    type->flags |= PY_TYPE_READY | PY_TYPE_IMMUTABLE;
    if (!type->base.base.type)
        type->base.base.type = &py_type_type;
    type->base.base.refcnt = PY_IMMORTAL_REFCNT;
    if (!type->super && type != &py_object_type)
        type->super = &py_object_type;
    struct py_type *base = type->super;
    if (base && py_type_ready(base) < 0)
        return -1;
    count_fields(type);
    type->bases = base ? py_tuple_pack(1, PY_OBJ(base)) : py_newref(py_tuple_empty());
    if (!type->bases)
        return -1;
    type->dict = py_dict_new();
    if (!type->dict)
        return -1;
    const bool own_new = type->new_ != NULL;
    /* Wrappers only for what the type itself defines: before it inherits. */
    if (type->richcompare && !type->hash)
        type->hash = py_hash_not_implemented;
    if (base)
        inherit_layout(type, base);
    if (base ? py_mro_set(type) < 0 : !(type->mro = py_tuple_pack(1, PY_OBJ(type))))
        return -1;
    if (fill_dict(type, own_new) < 0)
        return -1;
    if (base) {
        inherit_slots(type, base);
        if (py_subclass_add(base, type) < 0)
            return -1;
    }
    return 0;
}

int py_types_init(void)
{
    if (py_slots_init() < 0)
        return -1;
#define STATIC_TYPE(name)                     \
    if (py_type_ready(&py_##name##_type) < 0) \
        return -1;
#define LATE_TYPE(name)
#include "vm/object/static_types.def"
#define EXC(cname, name, base, layout, doc) \
    if (py_type_ready(&py_exc_##cname) < 0) \
        return -1;
#include "vm/object/exceptions.def"
    return 0;
}
