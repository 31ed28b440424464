/* What an object refers to, derived from its type's field table and body kind.
 *
 * Nothing else in the interpreter knows how to walk an object: gc.get_referents, the collector, the
 * explained check and the baseline all come here, and the inspector does the same from the same
 * tables in another process. The order is that of CPython 3.11's tp_traverse functions:
 *
 *   instance of a class    its slots, most derived first; attribute values; __dict__; the class;
 *                          then what the nearest static base has
 *   list, tuple            from the last item to the first
 *   dict                   str-only table: values; general table: value, key, value, key ...
 *
 * Traversed edges are what gc.get_referents reports; owned ones are strong too, but not reported:
 * the keys of a str-only dict, everything in a code object, the class of an instance that the
 * collector does not manage. Both together account for every reference count.
 */
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/gc_internal.h"
#include "vm/memory/heap.h"
#include "vm/memory/traverse_inline.h"
#include "vm/object/code.h"
#include "vm/object/weakref.h"

static int visit_body_owned(struct py_object *o, py_visitfn visit, void *arg)
{
    switch ((enum py_body)o->type->body) {
    case PY_BODY_DICT: {
        const struct py_dict_keys *k = ((struct py_dict *)o)->keys;
        if (!k || k->general)
            return 0;
        struct py_dict_entry_str *e = py_dict_entries(k);
        for (int64_t i = 0; i < k->entry_count; i++)
            VISIT(e[i].key);
        return 0;
    }
    case PY_BODY_TYPE: {
        const struct py_shape *shape = ((struct py_type *)o)->shape;
        for (uint32_t i = 0; shape && i < shape->count; i++)
            VISIT(shape->names[i]);
        return 0;
    }
    case PY_BODY_CODE: {
        const struct py_code *c = (struct py_code *)o;
        for (uint32_t i = 0; c->consts && i < c->const_count; i++)
            VISIT(c->consts[i]);
        return 0;
    }
    default:
        return 0;
    }
}

int py_object_traverse(struct py_object *o, py_visitfn visit, void *arg)
{
    if (!py_is_gc(o))
        return 0;
    return traverse_container(o, visit, arg);
}

int py_object_each_owned(struct py_object *o, py_visitfn visit, void *arg)
{
    int r = visit_strong(o, PY_EDGE_OWNED, visit, arg);
    if (r == 0)
        r = visit_body_owned(o, visit, arg);
    if (r || py_is_gc(o))
        return r;
    /* What the collector does not manage reports nothing, but may own something. */
    r = visit_strong(o, PY_EDGE_TRAVERSED, visit, arg);
    return r ? r : visit_body(o, visit, arg);
}

/* ---- clearing -------------------------------------------------------------------------------- */

static void clear_set(struct py_set *s)
{
    struct py_set_entry small[PY_SET_SMALL], *table = s->table;
    const int64_t mask = s->mask;
    const bool is_small = table == s->small;
    if (is_small)
        for (unsigned i = 0; i < PY_SET_SMALL; i++)
            small[i] = s->small[i];
    for (unsigned i = 0; i < PY_SET_SMALL; i++)
        s->small[i] = (struct py_set_entry){.key = NULL};
    s->table = s->small;
    s->mask = PY_SET_SMALL - 1;
    s->fill = s->used = s->finger = 0;
    const struct py_set_entry *e = is_small ? small : table;
    py_object_resized(PY_OBJ(s), py_object_size(PY_OBJ(s)));
    for (int64_t i = 0; i <= mask; i++)
        if (e[i].key && e[i].key != &py_set_dummy)
            py_decref(e[i].key);
    if (!is_small)
        py_mem_free(table);
}

static void clear_fields(struct py_object *o, const struct py_type *type)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct py_field *f = &type->fields[i];
        if (f->edge_class <= PY_EDGE_OWNED)
            py_clear(*field_slot(o, f));
    }
}

static void clear_attributes(struct py_object *o)
{
    struct py_values *values = *py_values_slot(o);
    if (values) {
        values->count = 0;
        for (unsigned i = 0; i < values->capacity; i++)
            py_clear(values->v[i]);
    }
    struct py_dict *d = *py_managed_dict_slot(o);
    if (d) {
        *py_managed_dict_slot(o) = NULL;
        py_decref(d);
    }
}

static void clear_frame_object(struct py_frameobj *f)
{
    for (int64_t i = 0; i < f->base.size; i++)
        py_clear(f->regs[i]);
    py_clear(f->locals);
    py_clear(f->trace);
}

/* Breaks cycles through o, as CPython's tp_clear does: what CPython leaves alone (tuples, modules,
 * a type's bases, suspended generators) is left alone here too, because there is always another
 * object in the cycle that can be emptied, and code below still needs them whole. */
void py_object_clear_refs(struct py_object *o)
{
    const struct py_type *type = o->type;
    if (type->flags & PY_TYPE_MANAGED_DICT)
        clear_attributes(o);
    switch ((enum py_body)type->body) {
    case PY_BODY_LIST:
        clear_fields(o, type);
        py_list_clear((struct py_list *)o);
        break;
    case PY_BODY_DICT:
        clear_fields(o, type);
        py_dict_clear((struct py_dict *)o);
        break;
    case PY_BODY_SET:
        clear_fields(o, type);
        clear_set((struct py_set *)o);
        break;
    case PY_BODY_DEQUE:
        clear_fields(o, type);
        py_deque_clear((struct py_deque *)o);
        break;
    case PY_BODY_TYPE: {
        struct py_type *t = (struct py_type *)o;
        py_type_modified(t);
        if (t->dict)
            py_dict_clear(t->dict);
        py_clear(t->module_name);
        py_clear(t->mro); /* it contains the type itself */
        break;
    }
    case PY_BODY_WEAKREF:
        py_weakref_detach((struct py_weakref *)o);
        clear_fields(o, type);
        break;
    case PY_BODY_TUPLE:
        if (type == &py_frame_type)
            clear_frame_object((struct py_frameobj *)o);
        break;
    case PY_BODY_FRAME:
    case PY_BODY_MODULE:
    case PY_BODY_CODE:
        break;
    default:
        clear_fields(o, type);
    }
}

/* ---- releasing: the same edges when the object dies ---------------------------------------------
 */

static inline void drop(struct py_object **slot)
{
    struct py_object *o = *slot;
    if (o) {
        *slot = NULL;
        py_decref_(o);
    }
}

static void drop_fields(struct py_object *o, const struct py_type *type, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        if (type->fields[i].edge_class <= PY_EDGE_OWNED)
            drop(field_slot(o, &type->fields[i]));
}

static void drop_attributes(struct py_object *o)
{
    struct py_values *values = *py_values_slot(o);
    if (values) {
        for (unsigned i = 0; i < values->capacity; i++)
            drop(&values->v[i]);
        *py_values_slot(o) = NULL;
        if (!values->embedded)
            py_mem_free(values);
    }
    drop((struct py_object **)py_managed_dict_slot(o));
}

static void drop_dict(struct py_dict *d)
{
    struct py_dict_keys *k = d->keys;
    if (!k || k->is_static)
        return;
    if (!k->general) {
        struct py_dict_entry_str *e = py_dict_entries(k);
        for (int64_t i = 0; i < k->entry_count; i++) {
            drop(&e[i].key);
            drop(&e[i].value);
        }
    } else {
        struct py_dict_entry *e = py_dict_entries(k);
        for (int64_t i = 0; i < k->entry_count; i++) {
            drop(&e[i].key);
            drop(&e[i].value);
        }
    }
    d->used = 0;
}

/* Its ends stay where they are: with a shorter deque its size would not be the announced one, and
 * its first block not the one that the left end is in. */
static void drop_deque(struct py_deque *d)
{
    struct py_deque_block *block = d->left_block;
    int64_t index = d->left;
    for (int64_t n = d->base.size; n > 0; n--) {
        struct py_object **slot = &block->items[index];
        py_deque_walk(&block, &index);
        drop(slot);
    }
}

static void drop_generator(struct py_gen *g)
{
    for (int32_t i = 0; i < g->reg_count; i++)
        drop(&g->regs[i]);
    drop(&g->frame.locals);
    drop((struct py_object **)&g->frame.object);
}

static void drop_body(struct py_object *o)
{
    switch ((enum py_body)o->type->body) {
    case PY_BODY_TUPLE: {
        struct py_object **items = inline_items(o);
        for (int64_t i = ((struct py_var *)o)->size; i-- > 0;)
            drop(&items[i]);
        break;
    }
    case PY_BODY_LIST: {
        struct py_list *l = (struct py_list *)o;
        while (l->base.size > 0)
            drop(&l->items[--l->base.size]);
        break;
    }
    case PY_BODY_DICT:
        drop_dict((struct py_dict *)o);
        break;
    case PY_BODY_SET: {
        struct py_set *s = (struct py_set *)o;
        for (int64_t i = 0; s->table && i <= s->mask; i++)
            if (s->table[i].key != &py_set_dummy)
                drop(&s->table[i].key);
        s->used = 0;
        break;
    }
    case PY_BODY_DEQUE:
        drop_deque((struct py_deque *)o);
        break;
    case PY_BODY_FRAME:
        drop_generator((struct py_gen *)o);
        break;
    case PY_BODY_CODE: {
        struct py_code *c = (struct py_code *)o;
        for (uint32_t i = 0; c->consts && i < c->const_count; i++)
            drop(&c->consts[i]);
        break;
    }
    case PY_BODY_TYPE: {
        struct py_shape *shape = ((struct py_type *)o)->shape;
        for (uint32_t i = 0; shape && i < shape->count; i++)
            drop((struct py_object **)&shape->names[i]);
        if (shape)
            shape->count = 0;
        break;
    }
    case PY_BODY_WEAKREF:
        py_weakref_detach((struct py_weakref *)o);
        break;
    default:
        break;
    }
}

void py_object_release_common(struct py_object *o)
{
    const struct py_type *type = o->type;
    py_gc_untrack(o);
    if (type->weaklist_offset > 0 && *(void **)((char *)o + type->weaklist_offset))
        py_weakref_clear_all(o);
    uint32_t own = type->field_count;
    if (is_heap(type)) {
        own = static_field_count(type);
        if (own < type->field_count)
            drop_fields(o, type, own, type->field_count);
        if (type->flags & PY_TYPE_MANAGED_DICT)
            drop_attributes(o);
    }
    if (own)
        drop_fields(o, type, 0, own);
    drop_body(o);
}
