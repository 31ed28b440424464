/* Making classes: what a class statement and type(name, bases, dict) do.
 *
 * A class is built in this order, and nobody sees it before the end:
 *   1. the base that decides the layout; __slots__ become fields behind the base's fields
 *   2. the struct, its dict (a copy of the namespace), names, __slots__ and __dict__ descriptors
 *   3. mro, slots copied from the base, then set from the dunder methods
 *   4. __classcell__ filled, __set_name__ of the values, __init_subclass__ of the parent
 *
 * Layout of instances: fields of the base | own slots | weakref list word. A class without
 * __slots__ (or with "__dict__" among them) gets PY_TYPE_MANAGED_DICT: values and dict stand in
 * front of the object and do not change the layout, so such classes combine freely as bases.
 *
 * A class frees, with itself, its table of fields, its table of slot members and its shape. The
 * collector may clear a class before its instances are gone; `super`, fields and the rest of the
 * layout therefore stay until dealloc.
 */
#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/instance.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/slots.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type.h"
#include "vm/object/type_internal.h"
#include "vm/object/weakref.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

/* ---- subclasses -------------------------------------------------------------------------- */

int py_subclass_add(struct py_type *base, struct py_type *type)
{
    if (!base->subclasses) {
        base->subclasses = PY_OBJ(py_dict_new());
        if (!base->subclasses)
            return -1;
    }
    struct py_object *key = py_int_from_u64((uintptr_t)type);
    struct py_weakref *ref = key ? py_weakref_new(PY_OBJ(type), NULL) : NULL;
    const int r = ref ? py_dict_set((struct py_dict *)base->subclasses, key, PY_OBJ(ref)) : -1;
    py_xdecref(ref);
    py_xdecref(key);
    return r;
}

void py_subclass_remove(struct py_type *base, struct py_type *type)
{
    struct py_dict *d = (struct py_dict *)base->subclasses;
    struct py_object *key = d ? py_int_from_u64((uintptr_t)type) : NULL;
    if (!key)
        return;
    if (py_dict_contains(d, key) == 1)
        py_dict_del(d, key);
    py_decref(key);
    if (!d->used)
        py_clear(base->subclasses);
}

/* ---- __slots__ --------------------------------------------------------------------------- */

/* What the class adds to its base. */
struct layout {
    struct py_tuple *slots; /* owned: mangled names in order of definition, or NULL */
    bool has_slots;         /* the namespace defines __slots__ */
    bool add_dict, add_weak;
};

static bool has_dict(const struct py_type *type)
{
    return (type->flags & PY_TYPE_MANAGED_DICT) || type->dict_offset > 0;
}

/* __name -> _Class__name */
static struct py_str *mangle(const struct py_str *cls, struct py_str *name)
{
    const int64_t n = name->length;
    if (n < 2 || py_str_char(name, 0) != '_' || py_str_char(name, 1) != '_' ||
        (py_str_char(name, n - 1) == '_' && py_str_char(name, n - 2) == '_'))
        return py_newref(name);
    int64_t start = 0;
    while (start < cls->length && py_str_char(cls, start) == '_')
        start++;
    if (start == cls->length)
        return py_newref(name);
    struct py_str *stem = py_str_substring((struct py_str *)cls, start, cls->length);
    struct py_str *r = stem ? py_str_format_c("_%U%U", stem, name) : NULL;
    py_xdecref(stem);
    return r;
}

/* Is this entry of __slots__ one of the two special ones? 1 yes, 0 no, -1 not allowed. */
static int special_slot(struct layout *layout, const struct py_type *base, struct py_str *name)
{
    if (py_str_equal_cstr(name, "__dict__")) {
        if (layout->add_dict || has_dict(base))
            return py_raise_int(&py_exc_TypeError, "__dict__ slot disallowed: we already got one");
        layout->add_dict = true;
        return 1;
    }
    if (py_str_equal_cstr(name, "__weakref__")) {
        if (layout->add_weak || base->weaklist_offset > 0 || base->itemsize)
            return py_raise_int(&py_exc_TypeError,
                                "__weakref__ slot disallowed: either we already got one, or "
                                "__itemsize__ != 0");
        layout->add_weak = true;
        return 1;
    }
    return 0;
}

static int check_slot_name(struct py_object *name)
{
    if (!py_str_check(name))
        return py_raise_int(&py_exc_TypeError, "__slots__ items must be strings, not '%T'", name);
    if (!py_str_is_identifier((struct py_str *)name))
        return py_raise_int(&py_exc_TypeError, "__slots__ must be identifiers");
    return 0;
}

/* Appends the mangled name to names. */
static int add_slot_name(struct py_list *names, const struct py_str *cls, struct py_str *name,
                         struct py_dict *namespace_)
{
    struct py_str *mangled = mangle(cls, name);
    if (!mangled)
        return -1;
    mangled = py_str_intern(mangled);
    int r = -1;
    if (!py_str_equal_cstr(name, "__qualname__") && !py_str_equal_cstr(name, "__classcell__") &&
        py_dict_get_str(namespace_, mangled))
        py_raise(&py_exc_ValueError, "%R in __slots__ conflicts with class variable", name);
    else
        r = py_list_append(names, PY_OBJ(mangled));
    py_decref(mangled);
    return r;
}

/* Reads the namespace's __slots__ into layout. slots: a str or any iterable of them. */
static int read_slots(struct layout *layout, const struct py_type *base, const struct py_str *cls,
                      struct py_object *slots, struct py_dict *namespace_)
{
    struct py_tuple *given =
        py_str_check(slots) ? py_tuple_pack(1, slots) : py_tuple_from_iterable(slots);
    if (!given)
        return -1;
    struct py_list *names = NULL;
    PY_HOLD(&given);
    PY_HOLD(&names);
    int r = -1;
    if (given->base.size > 0 && base->itemsize != 0 && base != &py_type_type) {
        py_raise(&py_exc_TypeError, "nonempty __slots__ not supported for subtype of '%s'",
                 base->name);
        goto done;
    }
    names = py_list_new(0);
    for (int64_t i = 0; names && i < given->base.size; i++) {
        struct py_str *name = (struct py_str *)given->items[i];
        if (check_slot_name(PY_OBJ(name)) < 0)
            goto done;
        const int special = special_slot(layout, base, name);
        if (special < 0 || (special == 0 && add_slot_name(names, cls, name, namespace_) < 0))
            goto done;
    }
    if (!names || py_list_sort(names, NULL, false) < 0)
        goto done;
    layout->slots = py_list_as_tuple(names);
    r = layout->slots ? 0 : -1;
done:
    py_clear(names);
    py_clear(given);
    return r;
}

static int plan_layout(struct layout *layout, struct py_tuple *bases, const struct py_type *base,
                       const struct py_str *name, struct py_dict *namespace_)
{
    *layout = (struct layout){0};
    const bool may_add_dict = !has_dict(base);
    const bool may_add_weak = base->weaklist_offset <= 0 && base->itemsize == 0;
    struct py_object *slots = py_dict_get_cstr(namespace_, "__slots__");
    if (!slots) {
        layout->add_dict = may_add_dict;
        layout->add_weak = may_add_weak;
        return 0;
    }
    layout->has_slots = true;
    if (read_slots(layout, base, name, slots, namespace_) < 0)
        return -1;
    /* Another base may bring the dict or the weakref list that the best base lacks. */
    for (int64_t i = 0; i < bases->base.size; i++) {
        const struct py_type *other = (const struct py_type *)bases->items[i];
        if (other == base)
            continue;
        if (may_add_dict && has_dict(other))
            layout->add_dict = true;
        if (may_add_weak && other->weaklist_offset > 0)
            layout->add_weak = true;
    }
    return 0;
}

/* One field and one member row per slot, behind those of the base. */
static int add_slot_fields(struct py_type *type, const struct py_type *base, struct py_tuple *slots)
{
    const size_t n = slots ? (size_t)slots->base.size : 0;
    if (!n)
        return 0;
    struct py_field *fields = py_mem_calloc(base->field_count + n + 1, sizeof *fields);
    struct py_member_def *members = py_mem_calloc(n + 1, sizeof *members);
    type->fields = fields;
    type->members = members;
    type->owned_fields = 1;
    if (!fields || !members) {
        py_raise_no_memory();
        return -1;
    }
    if (base->field_count)
        memcpy(fields, base->fields, base->field_count * sizeof *fields);
    for (size_t i = 0; i < n; i++) {
        /* The C name lives as long as the str, which the dict's descriptor keeps: see below. */
        const char *name = py_str_utf8((struct py_str *)slots->items[i], NULL);
        if (!name)
            return -1;
        fields[base->field_count + i] = (struct py_field){.name = name, .offset = type->basicsize};
        members[i] = (struct py_member_def){
            .name = name, .kind = PY_MEMBER_OBJECT_EX, .offset = type->basicsize};
        type->basicsize += (uint32_t)sizeof(void *);
    }
    type->field_count = (uint16_t)(base->field_count + n);
    return 0;
}

static int apply_layout(struct py_type *type, const struct py_type *base, struct layout *layout)
{
    type->basicsize = base->basicsize;
    type->itemsize = base->itemsize;
    type->body = base->body;
    type->room_unit = base->room_unit;
    type->room_offset = base->room_offset;
    type->fields = base->fields;
    type->field_count = base->field_count;
    type->weaklist_offset = base->weaklist_offset;
    type->dict_offset = base->dict_offset;
    if (add_slot_fields(type, base, layout->slots) < 0)
        return -1;
    if (layout->add_weak) {
        type->basicsize = (type->basicsize + 7u) & ~7u;
        type->weaklist_offset = (int32_t)type->basicsize;
        type->basicsize += (uint32_t)sizeof(void *);
    }
    if (layout->add_dict)
        type->flags |= PY_TYPE_MANAGED_DICT;
    if (type->flags & PY_TYPE_MANAGED_DICT) {
        type->shape = py_shape_create();
        if (!type->shape) {
            py_raise_no_memory();
            return -1;
        }
    }
    return 0;
}

/* ---- the dict ---------------------------------------------------------------------------- */

static int set(struct py_type *type, const char *name, struct py_object *value)
{
    return value ? py_dict_set_cstr(type->dict, name, value) : -1;
}

static int set_steal(struct py_type *type, const char *name, struct py_object *value)
{
    const int r = set(type, name, value);
    py_xdecref(value);
    return r;
}

/* The module a class belongs to: that of the code that defines it. */
static int set_module(struct py_type *type)
{
    struct py_object *module = py_dict_get_cstr(type->dict, "__module__");
    if (!module) {
        const struct py_frame *frame = py_thread_current()->frame;
        module = frame && frame->globals ? py_dict_get_cstr(frame->globals, "__name__") : NULL;
        if (!module)
            return 0;
        if (set(type, "__module__", module) < 0)
            return -1;
    }
    type->module_name = py_newref(module);
    return 0;
}

static int set_qualname(struct py_type *type, struct py_str *name)
{
    struct py_object *q = py_dict_get_cstr(type->dict, "__qualname__");
    if (q && !py_str_check(q))
        return py_raise_int(&py_exc_TypeError, "type __qualname__ must be a str, not %T", q);
    type->qualname = py_newref(q ? (struct py_str *)q : name);
    return q ? py_dict_del(type->dict, PY_OBJ(py_str_const("__qualname__"))) : 0;
}

/* These three are called on the class although they are written like plain functions. */
static int wrap_implicit(struct py_type *type, const char *name,
                         struct py_object *(*wrap)(struct py_object *))
{
    struct py_object *f = py_dict_get_cstr(type->dict, name);
    if (!f || f->type != &py_function_type)
        return 0;
    return set_steal(type, name, wrap(f));
}

static int add_descriptors(struct py_type *type, const struct layout *layout)
{
    for (const struct py_member_def *m = type->members; m && m->name; m++) {
        struct py_str *key = py_str_intern_cstr(m->name);
        struct py_object *d = key ? py_descr_new(&py_member_descr_type, type, key, m) : NULL;
        const int r = d ? py_dict_set(type->dict, PY_OBJ(key), d) : -1;
        py_xdecref(d);
        py_xdecref(key);
        if (r < 0)
            return -1;
    }
    if (layout->add_dict && !py_dict_get_cstr(type->dict, "__dict__") &&
        set_steal(type, "__dict__",
                  py_descr_new(&py_getset_descr_type, type, py_str_const("__dict__"),
                               &py_instance_dict_getset)) < 0)
        return -1;
    if (layout->add_weak && !py_dict_get_cstr(type->dict, "__weakref__") &&
        set_steal(type, "__weakref__",
                  py_descr_new(&py_getset_descr_type, type, py_str_const("__weakref__"),
                               &py_instance_weakref_getset)) < 0)
        return -1;
    return 0;
}

static int fill_dict(struct py_type *type, struct py_str *name, const struct layout *layout)
{
    if (set_module(type) < 0 || set_qualname(type, name) < 0)
        return -1;
    if (wrap_implicit(type, "__new__", py_staticmethod_new) < 0 ||
        wrap_implicit(type, "__init_subclass__", py_classmethod_new) < 0 ||
        wrap_implicit(type, "__class_getitem__", py_classmethod_new) < 0)
        return -1;
    if (add_descriptors(type, layout) < 0)
        return -1;
    if (!py_dict_get_cstr(type->dict, "__doc__") && set(type, "__doc__", PY_NONE) < 0)
        return -1;
    /* A class with its own == and no hash is unhashable. */
    if (py_dict_get_cstr(type->dict, "__eq__") && !py_dict_get_cstr(type->dict, "__hash__") &&
        set(type, "__hash__", PY_NONE) < 0)
        return -1;
    return 0;
}

/* Takes __classcell__ out of the dict and returns it: new, NULL if there is none or on error. */
static struct py_cell *take_classcell(struct py_type *type)
{
    struct py_object *cell = py_dict_get_cstr(type->dict, "__classcell__");
    if (!cell)
        return NULL;
    if (cell->type != &py_cell_type)
        return py_raise(&py_exc_TypeError,
                        "__classcell__ must be a nonlocal cell, not <class '%T'>", cell);
    py_incref(cell);
    if (py_dict_del(type->dict, PY_OBJ(py_str_const("__classcell__"))) < 0)
        py_clear(cell);
    return (struct py_cell *)cell;
}

/* ---- hooks ------------------------------------------------------------------------------- */

static int call_set_name(struct py_type *type, struct py_object *key, struct py_object *value)
{
    struct py_object *f = py_lookup_special(value, py_str_const("__set_name__"));
    if (!f)
        return py_error_occurred() ? -1 : 0;
    PY_HOLD(&f);
    struct py_object *r = py_call2(f, PY_OBJ(type), key);
    py_clear(f);
    if (r) {
        py_decref(r);
        return 0;
    }
    struct py_object *cause = py_error_fetch();
    py_raise(&py_exc_RuntimeError, "Error calling __set_name__ on '%T' instance %R in '%s'", value,
             key, type->name);
    struct py_exc *e = (struct py_exc *)py_error_fetch();
    py_setref(e->context, (struct py_exc *)py_newref(cause));
    py_setref(e->cause, (struct py_exc *)cause);
    e->suppress_context = true;
    py_error_restore(PY_OBJ(e));
    return -1;
}

static int set_names(struct py_type *type)
{
    /* The hooks may change the dict. */
    struct py_list *items = py_dict_items_list(type->dict);
    if (!items)
        return -1;
    PY_HOLD(&items);
    int r = 0;
    for (int64_t i = 0; r == 0 && i < items->base.size; i++) {
        const struct py_tuple *pair = (const struct py_tuple *)items->items[i];
        r = call_set_name(type, pair->items[0], pair->items[1]);
    }
    py_clear(items);
    return r;
}

/* super(type, type).__init_subclass__(**kwargs) */
static int init_subclass(struct py_type *type, struct py_object *const *kwargs,
                         struct py_tuple *kwnames)
{
    struct py_str *name = py_str_const("__init_subclass__");
    struct py_object *f = NULL;
    for (int64_t i = 1; i < type->mro->base.size && !f; i++)
        f = py_dict_get_str(((struct py_type *)type->mro->items[i])->dict, name);
    if (!f)
        return 0;
    if (f == py_dict_get_str(py_object_type.dict, name) && !(kwnames && kwnames->base.size))
        return 0; /* object's does nothing */
    if (f == py_dict_get_str(py_object_type.dict, name))
        return py_raise_int(&py_exc_TypeError, "%s.__init_subclass__() takes no keyword arguments",
                            type->name);
    struct py_object *bound =
        f->type->descr_get ? f->type->descr_get(f, NULL, PY_OBJ(type)) : py_newref(f);
    if (!bound)
        return -1;
    PY_HOLD(&bound);
    struct py_object *r = py_call(bound, kwargs, 0, kwnames);
    py_clear(bound);
    py_xdecref(r);
    return r ? 0 : -1;
}

/* ---- creation ---------------------------------------------------------------------------- */

#define CLASS_FLAGS                                                                              \
    (PY_TYPE_MANAGED_DICT | PY_TYPE_FINALIZER | PY_TYPE_VAR | PY_TYPE_IS_INT | PY_TYPE_IS_LIST | \
     PY_TYPE_IS_TUPLE | PY_TYPE_IS_BYTES | PY_TYPE_IS_STR | PY_TYPE_IS_DICT |                    \
     PY_TYPE_IS_EXCEPTION | PY_TYPE_IS_TYPE | PY_TYPE_IS_FLOAT | PY_TYPE_IS_SET)

static void copy_slots(struct py_type *type, const struct py_type *base)
{
    const size_t from = offsetof(struct py_type, dealloc);
    const size_t to = offsetof(struct py_type, buffer_release) + sizeof type->buffer_release;
    memcpy((char *)type + from, (const char *)base + from, to - from);
}

/* The struct with everything that decides the layout. */
static struct py_type *alloc_class(struct py_type *meta, struct py_str *name,
                                   struct py_tuple *bases, struct py_type *base,
                                   struct layout *layout)
{
    const bool managed = layout->add_dict || (base->flags & PY_TYPE_MANAGED_DICT) != 0;
    const size_t size = py_heap_type_size(managed && !base->itemsize);
    struct py_type *type = py_object_alloc(meta, meta->basicsize, size + sizeof(struct py_gc_head));
    if (!type)
        return NULL;
    memset(&type->base.base + 1, 0, meta->basicsize - sizeof(struct py_object));
    type->name_obj = py_newref(name);
    type->name = py_str_utf8(name, NULL);
    type->bases = py_newref(bases);
    type->super = py_newref(base);
    type->flags = PY_TYPE_HEAP | PY_TYPE_BASETYPE | PY_TYPE_GC | (base->flags & CLASS_FLAGS);
    if (!type->name || apply_layout(type, base, layout) < 0) {
        py_decref(type);
        return NULL;
    }
    copy_slots(type, base);
    return type;
}

/* collections.abc.Sequence and Mapping say by __abc_tpflags__ (the numbers are CPython's) that
 * match statements are to take their instances for what they are. */
static int take_abc_flags(struct py_type *type)
{
    struct py_object *const flags = py_dict_get_cstr(type->dict, "__abc_tpflags__");
    if (!flags || flags->type != &py_int_type)
        return 0;
    const int64_t bits = py_int_as_i64_clip(flags);
    if (bits & (1 << 5))
        type->flags |= PY_TYPE_SEQUENCE;
    else if (bits & (1 << 6))
        type->flags |= PY_TYPE_MAPPING;
    return py_dict_del(type->dict, PY_OBJ(py_str_const("__abc_tpflags__")));
}

static int finish_class(struct py_type *type)
{
    type->flags |= PY_TYPE_READY;
    if (take_abc_flags(type) < 0)
        return -1;
    if (py_mro_set(type) < 0)
        return -1;
    for (int64_t i = 0; i < type->bases->base.size; i++) {
        struct py_type *base = (struct py_type *)type->bases->items[i];
        if (!(type->flags & (PY_TYPE_SEQUENCE | PY_TYPE_MAPPING))) /* the first base decides */
            type->flags |= base->flags & (PY_TYPE_SEQUENCE | PY_TYPE_MAPPING);
        if (py_subclass_add(base, type) < 0)
            return -1;
    }
    py_slots_update_all(type);
    return 0;
}

/* Before the mro is asked for: a metaclass's mro() may call methods that use __class__. */
static int fill_classcell(struct py_type *type)
{
    struct py_cell *cell = take_classcell(type);
    if (!cell)
        return py_error_occurred() ? -1 : 0;
    py_incref(type);
    py_setref(cell->value, PY_OBJ(type));
    py_decref(cell);
    return 0;
}

static int run_hooks(struct py_type *type, struct py_object *const *kwargs,
                     struct py_tuple *kwnames)
{
    if (set_names(type) < 0)
        return -1;
    return init_subclass(type, kwargs, kwnames);
}

static struct py_type *build_class(struct py_type *meta, struct py_str *name,
                                   struct py_tuple *bases, struct py_dict *namespace_,
                                   struct py_object *const *kwargs, struct py_tuple *kwnames)
{
    struct py_type *base = py_best_base(bases);
    struct layout layout;
    if (!base || plan_layout(&layout, bases, base, name, namespace_) < 0)
        return NULL;
    struct py_type *type = alloc_class(meta, name, bases, base, &layout);
    PY_HOLD(&type);
    py_clear(layout.slots);
    if (!type)
        return NULL;
    type->dict = py_dict_copy(namespace_);
    if (!type->dict || fill_dict(type, name, &layout) < 0 || fill_classcell(type) < 0 ||
        finish_class(type) < 0) {
        py_clear(type);
        return NULL;
    }
    py_gc_track(type);
    if (run_hooks(type, kwargs, kwnames) < 0) {
        py_clear(type);
        return NULL;
    }
    return type;
}

struct py_type *py_type_create(struct py_type *metatype, struct py_str *name,
                               struct py_tuple *bases, struct py_dict *namespace_,
                               struct py_object *const *kwargs, struct py_tuple *kwnames)
{
    if (bases->base.size > 0)
        return build_class(metatype, name, bases, namespace_, kwargs, kwnames);
    struct py_tuple *object_only = py_tuple_pack(1, PY_OBJ(&py_object_type));
    if (!object_only)
        return NULL;
    PY_HOLD(&object_only);
    struct py_type *type = build_class(metatype, name, object_only, namespace_, kwargs, kwnames);
    py_clear(object_only);
    return type;
}

struct py_type *py_type_create_simple(const char *qualified_name, struct py_type *base,
                                      const char *doc)
{
    const char *dot = strrchr(qualified_name, '.');
    struct py_str *name = py_str_from_cstr(dot ? dot + 1 : qualified_name);
    struct py_str *module = dot ? py_str_from_utf8(qualified_name, (size_t)(dot - qualified_name))
                                : py_str_from_cstr("builtins");
    struct py_tuple *bases = py_tuple_pack(1, PY_OBJ(base));
    struct py_dict *ns = py_dict_new();
    struct py_str *text = doc ? py_str_from_cstr(doc) : NULL;
    struct py_type *type = NULL;
    if (name && module && bases && ns && py_dict_set_cstr(ns, "__module__", PY_OBJ(module)) == 0 &&
        py_dict_set_cstr(ns, "__doc__", text ? PY_OBJ(text) : PY_NONE) == 0)
        type = py_type_create(&py_type_type, name, bases, ns, NULL, NULL);
    py_xdecref(text);
    py_xdecref(ns);
    py_xdecref(bases);
    py_xdecref(module);
    py_xdecref(name);
    return type;
}

/* ---- type(name, bases, dict) ------------------------------------------------------------- */

static int check_class_name(struct py_object *name)
{
    size_t len;
    const char *const text = py_str_utf8_strict(name, &len);
    if (!text)
        return -1;
    return strlen(text) == len
               ? 0
               : py_raise_int(&py_exc_ValueError, "type name must not contain null characters");
}

static int check_new_args(struct py_object *const *args, size_t nargs)
{
    static const char *const expected[3] = {"str", "tuple", "dict"};
    static const uint32_t flags[3] = {PY_TYPE_IS_STR, PY_TYPE_IS_TUPLE, PY_TYPE_IS_DICT};
    if (nargs != 3)
        return py_raise_int(&py_exc_TypeError,
                            "type.__new__() takes exactly 3 arguments (%zu "
                            "given)",
                            nargs);
    for (int i = 0; i < 3; i++)
        if (!py_has_flag(args[i], flags[i]))
            return py_raise_int(&py_exc_TypeError, "type.__new__() argument %d must be %s, not %T",
                                i + 1, expected[i], args[i]);
    return check_class_name(args[0]);
}

struct py_object *py_type_new(struct py_type *metatype, struct py_object *const *args, size_t nargs,
                              struct py_tuple *kwnames)
{
    if (check_new_args(args, nargs) < 0)
        return NULL;
    struct py_tuple *bases = (struct py_tuple *)args[1];
    for (int64_t i = 0; i < bases->base.size; i++) {
        struct py_object *base = bases->items[i], *entries = NULL;
        if (py_has_flag(base, PY_TYPE_IS_TYPE))
            continue;
        if (py_getattr_optional(base, PY_OBJ(py_str_const("__mro_entries__")), &entries) < 0)
            return NULL;
        if (entries) {
            py_decref(entries);
            return py_raise(&py_exc_TypeError, "type() doesn't support MRO entry resolution; use "
                                               "types.new_class()");
        }
    }
    struct py_type *winner = py_type_metaclass(metatype, bases);
    if (!winner)
        return NULL;
    if (winner != metatype && winner->new_ != py_type_new && winner->new_)
        return winner->new_(winner, args, nargs, kwnames);
    return PY_OBJ(py_type_create(winner, (struct py_str *)args[0], bases, (struct py_dict *)args[2],
                                 args + nargs, kwnames));
}

/* ---- other bases, the end ---------------------------------------------------------------- */

/* The mros of a class's subclasses follow its own. */
static int refresh_subclasses(struct py_type *type)
{
    struct py_dict *d = (struct py_dict *)type->subclasses;
    if (!d)
        return 0;
    struct py_list *refs = py_dict_values_list(d);
    if (!refs)
        return -1;
    PY_HOLD(&refs);
    int r = 0;
    for (int64_t i = 0; r == 0 && i < refs->base.size; i++) {
        struct py_type *sub = (struct py_type *)py_weakref_get((struct py_weakref *)refs->items[i]);
        if (!sub)
            continue;
        PY_HOLD(&sub);
        r = py_mro_set(sub);
        if (r == 0)
            r = refresh_subclasses(sub);
        py_clear(sub);
    }
    py_clear(refs);
    return r;
}

/* Every slot afresh, here and below: any method may have come or gone. */
static void reset_slots(struct py_type *type)
{
    copy_slots(type, type->super);
    for (int64_t i = 0; i < type->mro->base.size; i++) {
        struct py_dict *d = ((struct py_type *)type->mro->items[i])->dict;
        int64_t pos = 0;
        struct py_object *key, *value;
        while (py_dict_next(d, &pos, &key, &value, NULL))
            if (py_str_check(key))
                py_slots_update(type, (struct py_str *)key);
    }
}

int py_class_set_bases(struct py_type *type, struct py_tuple *bases)
{
    for (int64_t i = 0; i < bases->base.size; i++) {
        if (!py_has_flag(bases->items[i], PY_TYPE_IS_TYPE))
            return py_raise_int(&py_exc_TypeError,
                                "%s.__bases__ must be tuple of classes, not '%T'", type->name,
                                bases->items[i]);
        if (py_type_is_subtype((struct py_type *)bases->items[i], type))
            return py_raise_int(&py_exc_TypeError, "a __bases__ item causes an inheritance cycle");
    }
    struct py_type *base = py_best_base(bases);
    if (!base)
        return -1;
    if ((base->flags ^ type->super->flags) & PY_TYPE_HEAP)
        return py_raise_int(&py_exc_TypeError,
                            "__bases__ assignment: '%N' deallocator differs from '%N'", base,
                            type->super);
    if (!py_same_layout(base, type->super))
        return py_raise_int(&py_exc_TypeError,
                            "__bases__ assignment: '%N' object layout differs from '%N'", base,
                            type->super);
    struct py_tuple *old_bases = type->bases;
    struct py_type *old_base = type->super;
    PY_HOLD(&old_bases);
    PY_HOLD(&old_base);
    type->bases = py_newref(bases);
    type->super = py_newref(base);
    if (py_mro_set(type) < 0 || refresh_subclasses(type) < 0) {
        py_setref(type->bases, py_newref(old_bases));
        py_setref(type->super, py_newref(old_base));
        py_clear(old_bases);
        py_clear(old_base);
        return -1;
    }
    for (int64_t i = 0; i < old_bases->base.size; i++)
        py_subclass_remove((struct py_type *)old_bases->items[i], type);
    for (int64_t i = 0; i < bases->base.size; i++)
        if (py_subclass_add((struct py_type *)bases->items[i], type) < 0)
            return -1;
    py_type_modified(type);
    reset_slots(type);
    py_clear(old_bases);
    py_clear(old_base);
    return 0;
}

void py_type_dealloc(struct py_object *o)
{
    struct py_type *type = (struct py_type *)o;
    for (int64_t i = 0; type->bases && i < type->bases->base.size; i++)
        py_subclass_remove((struct py_type *)type->bases->items[i], type);
    py_object_release_common(o);
    py_shape_destroy(type->shape);
    if (type->owned_fields) {
        py_mem_free((void *)type->fields);
        py_mem_free((void *)type->members);
    }
    py_object_free(o);
}
