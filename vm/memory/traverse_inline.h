/* Visiting what an object refers to, as inline code for the collector's inner loops.
 *
 * traverse.c teaches the rules. Here they are functions that the compiler inlines together with a
 * constant visitor, so that subtracting references is a loop and not a call for each of them. Only
 * traverse.c and gc.c include this.
 */
#ifndef BRILLE_VM_MEMORY_TRAVERSE_INLINE_H
#define BRILLE_VM_MEMORY_TRAVERSE_INLINE_H

#include "vm/memory/gc.h"
#include "vm/object/deque.h"
#include "vm/object/dict.h"
#include "vm/object/gen.h"
#include "vm/object/instance.h"
#include "vm/object/list.h"
#include "vm/object/set.h"
#include "vm/object/tuple.h"
#include "vm/runtime/frame.h"

#define INLINE static inline __attribute__((always_inline))

#define VISIT(p)                                        \
    do {                                                \
        struct py_object *visit_ = PY_OBJ(p);           \
        const int r_ = visit_ ? visit(visit_, arg) : 0; \
        if (r_)                                         \
            return r_;                                  \
    } while (0)

INLINE struct py_object **field_slot(struct py_object *o, const struct py_field *f)
{
    return (struct py_object **)((char *)o + f->offset);
}

INLINE int visit_fields(struct py_object *o, const struct py_type *type, uint32_t from, uint32_t to,
                        unsigned edge_class, py_visitfn visit, void *arg)
{
    for (uint32_t i = from; i < to; i++) {
        const struct py_field *f = &type->fields[i];
        if (f->edge_class == edge_class)
            VISIT(*field_slot(o, f));
    }
    return 0;
}

INLINE bool is_heap(const struct py_type *type)
{
    return (type->flags & PY_TYPE_HEAP) != 0;
}

/* Rows of fields that the classes above the static base added, most derived class first. */
static inline int visit_slots(struct py_object *o, unsigned edge_class, py_visitfn visit, void *arg)
{
    const struct py_type *type = o->type;
    for (const struct py_type *t = type; t && is_heap(t); t = t->super) {
        const uint32_t from = t->super ? t->super->field_count : 0;
        if (from < t->field_count) {
            const int r = visit_fields(o, type, from, t->field_count, edge_class, visit, arg);
            if (r)
                return r;
        }
    }
    return 0;
}

static inline uint32_t static_field_count(const struct py_type *type)
{
    while (type && is_heap(type))
        type = type->super;
    return type ? type->field_count : 0;
}

INLINE int visit_values(struct py_object *o, py_visitfn visit, void *arg)
{
    struct py_values *values = *py_values_slot(o);
    for (unsigned i = 0; values && i < values->capacity; i++)
        VISIT(values->v[i]);
    VISIT(*py_managed_dict_slot(o));
    return 0;
}

INLINE int visit_dict(struct py_dict *d, py_visitfn visit, void *arg)
{
    const struct py_dict_keys *k = d->keys;
    if (!k)
        return 0;
    if (!k->general) {
        struct py_dict_entry_str *e = py_dict_entries(k);
        for (int64_t i = 0; i < k->entry_count; i++)
            if (e[i].key)
                VISIT(e[i].value);
        return 0;
    }
    struct py_dict_entry *e = py_dict_entries(k);
    for (int64_t i = 0; i < k->entry_count; i++)
        if (e[i].key) {
            VISIT(e[i].value);
            VISIT(e[i].key);
        }
    return 0;
}

static inline int visit_set(struct py_set *s, py_visitfn visit, void *arg)
{
    for (int64_t i = 0; s->table && i <= s->mask; i++)
        if (s->table[i].key && s->table[i].key != &py_set_dummy)
            VISIT(s->table[i].key);
    return 0;
}

static inline int visit_deque(struct py_deque *d, py_visitfn visit, void *arg)
{
    struct py_deque_block *block = d->left_block;
    int64_t index = d->left;
    for (int64_t n = d->base.size; n > 0; n--)
        VISIT(py_deque_walk(&block, &index));
    return 0;
}

/* A generator carries its frame's registers. */
static inline int visit_generator(struct py_gen *g, py_visitfn visit, void *arg)
{
    VISIT(g->frame.object);
    VISIT(g->frame.locals);
    for (int32_t i = 0; i < g->reg_count; i++)
        VISIT(g->regs[i]);
    return 0;
}

/* Items of a TUPLE body: tuples, and frame objects with the locals of a dead frame. */
INLINE struct py_object **inline_items(struct py_object *o)
{
    return (struct py_object **)((char *)o + o->type->basicsize);
}

/* In CPython's tp_traverse of the type that has this body. */
INLINE int visit_body(struct py_object *o, py_visitfn visit, void *arg)
{
    switch ((enum py_body)o->type->body) {
    case PY_BODY_TUPLE: {
        struct py_object **items = inline_items(o);
        for (int64_t i = ((struct py_var *)o)->size; i-- > 0;)
            VISIT(items[i]);
        return 0;
    }
    case PY_BODY_LIST: {
        struct py_list *l = (struct py_list *)o;
        for (int64_t i = l->base.size; i-- > 0;)
            VISIT(l->items[i]);
        return 0;
    }
    case PY_BODY_DICT:
        return visit_dict((struct py_dict *)o, visit, arg);
    case PY_BODY_SET:
        return visit_set((struct py_set *)o, visit, arg);
    case PY_BODY_DEQUE:
        return visit_deque((struct py_deque *)o, visit, arg);
    case PY_BODY_FRAME:
        return visit_generator((struct py_gen *)o, visit, arg);
    default:
        return 0;
    }
}

INLINE int visit_strong(struct py_object *o, unsigned edge_class, py_visitfn visit, void *arg)
{
    struct py_type *type = o->type;
    uint32_t own = type->field_count;
    if (is_heap(type)) {
        const int r = own ? visit_slots(o, edge_class, visit, arg) : 0;
        if (r)
            return r;
        if (edge_class == PY_EDGE_TRAVERSED) {
            if (type->flags & PY_TYPE_MANAGED_DICT) {
                const int v = visit_values(o, visit, arg);
                if (v)
                    return v;
            }
            VISIT(type);
        }
        if (own)
            own = static_field_count(type);
    }
    return visit_fields(o, type, 0, own, edge_class, visit, arg);
}

/* py_object_traverse of an object that has a gc link. */
INLINE int traverse_container(struct py_object *o, py_visitfn visit, void *arg)
{
    const struct py_type *type = o->type;
    if (type->field_count || (type->flags & PY_TYPE_HEAP)) {
        const int r = visit_strong(o, PY_EDGE_TRAVERSED, visit, arg);
        if (r)
            return r;
    }
    return visit_body(o, visit, arg);
}

#endif
