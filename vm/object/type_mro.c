/* Ordering bases: the C3 linearisation, the metaclass of a new class, and which base decides what
 * its instances look like in memory.
 *
 * C3 merges the mros of the bases and the list of bases itself: again and again the first head
 * that is in no other list's tail comes next. It keeps every list's order, or there is no answer
 * (Barrett et al., "A Monotonic Superclass Linearization for Dylan", 1996).
 *
 * Layout: most classes add only a dict and a weakref list, which stand beside the object's own
 * fields and do not change its layout. The "solid base" of a class is the nearest ancestor that
 * does add fields; two bases go together only if the solid base of one descends from the other's.
 */
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* ---- C3 ---------------------------------------------------------------------------------- */

/* One list to be merged, and how much of it is used up. */
struct lane {
    struct py_tuple *order; /* borrowed */
    int64_t next;
};

static bool in_a_tail(const struct lane *lanes, int64_t n, const struct py_object *cls)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = lanes[i].next + 1; j < lanes[i].order->base.size; j++)
            if (lanes[i].order->items[j] == cls)
                return true;
    return false;
}

static void *raise_no_order(const struct lane *lanes, int64_t n)
{
    struct py_dict *heads = py_dict_new(); /* an ordered set */
    for (int64_t i = 0; heads && i < n; i++) {
        if (lanes[i].next >= lanes[i].order->base.size)
            continue;
        struct py_type *t = (struct py_type *)lanes[i].order->items[lanes[i].next];
        struct py_str *name = py_str_from_cstr(py_type_shortname(t));
        if (!name || py_dict_set(heads, PY_OBJ(name), PY_NONE) < 0)
            py_clear(heads);
        py_xdecref(name);
    }
    struct py_str *joined = heads ? py_str_join(py_str_const(", "), PY_OBJ(heads)) : NULL;
    if (joined)
        py_raise(&py_exc_TypeError,
                 "Cannot create a consistent method resolution\norder (MRO) for bases %U", joined);
    py_xdecref(joined);
    py_xdecref(heads);
    return NULL;
}

/* Appends the merge of lanes to result. */
static int merge(struct lane *lanes, int64_t n, struct py_list *result)
{
    for (;;) {
        struct py_object *chosen = NULL;
        bool left = false;
        for (int64_t i = 0; i < n && !chosen; i++) {
            if (lanes[i].next >= lanes[i].order->base.size)
                continue;
            left = true;
            struct py_object *head = lanes[i].order->items[lanes[i].next];
            if (!in_a_tail(lanes, n, head))
                chosen = head;
        }
        if (!left)
            return 0;
        if (!chosen) {
            raise_no_order(lanes, n);
            return -1;
        }
        if (py_list_append(result, chosen) < 0)
            return -1;
        for (int64_t i = 0; i < n; i++)
            if (lanes[i].next < lanes[i].order->base.size &&
                lanes[i].order->items[lanes[i].next] == chosen)
                lanes[i].next++;
    }
}

static int check_duplicates(const struct py_tuple *bases)
{
    for (int64_t i = 0; i < bases->base.size; i++)
        for (int64_t j = i + 1; j < bases->base.size; j++)
            if (bases->items[i] == bases->items[j])
                return py_raise_int(&py_exc_TypeError, "duplicate base class %s",
                                    py_type_shortname((struct py_type *)bases->items[i]));
    return 0;
}

/* (type, *mro of its only base) */
static struct py_tuple *mro_single(struct py_type *type, const struct py_type *base)
{
    const int64_t n = base->mro->base.size;
    struct py_tuple *mro = py_tuple_new(n + 1);
    if (!mro)
        return NULL;
    mro->items[0] = PY_OBJ(py_newref(type));
    for (int64_t i = 0; i < n; i++)
        mro->items[i + 1] = py_newref(base->mro->items[i]);
    return mro;
}

struct py_tuple *py_mro_c3(struct py_type *type)
{
    struct py_tuple *bases = type->bases;
    const int64_t n = bases->base.size;
    for (int64_t i = 0; i < n; i++)
        if (!((struct py_type *)bases->items[i])->mro)
            return py_raise(&py_exc_TypeError, "Cannot extend an incomplete type '%s'",
                            ((struct py_type *)bases->items[i])->name);
    if (n == 1)
        return mro_single(type, (struct py_type *)bases->items[0]);
    if (check_duplicates(bases) < 0)
        return NULL;
    struct lane *lanes = py_mem_alloc(sizeof *lanes * (size_t)(n + 1));
    if (!lanes)
        return py_raise_no_memory();
    for (int64_t i = 0; i < n; i++)
        lanes[i] = (struct lane){.order = ((struct py_type *)bases->items[i])->mro};
    lanes[n] = (struct lane){.order = bases};
    struct py_tuple *mro = NULL;
    struct py_list *result = py_list_new(0);
    if (result && py_list_append(result, PY_OBJ(type)) == 0 && merge(lanes, n + 1, result) == 0)
        mro = py_list_as_tuple(result);
    py_xdecref(result);
    py_mem_free(lanes);
    return mro;
}

/* The mro that a metaclass's own mro() method gives, checked. */
static struct py_tuple *mro_by_metaclass(struct py_type *type)
{
    struct py_object *answer = py_call_method_cstr(PY_OBJ(type), "mro", 0);
    if (!answer)
        return NULL;
    PY_HOLD(&answer);
    struct py_tuple *mro = py_tuple_from_iterable(answer);
    py_clear(answer);
    for (int64_t i = 0; mro && i < mro->base.size; i++) {
        if (!py_has_flag(mro->items[i], PY_TYPE_IS_TYPE)) {
            py_raise(&py_exc_TypeError, "mro() returned a non-class ('%T')", mro->items[i]);
            py_clear(mro);
        }
    }
    return mro;
}

int py_mro_set(struct py_type *type)
{
    struct py_type *meta = type->base.base.type;
    struct py_tuple *mro;
    if (meta == &py_type_type || !(meta->flags & PY_TYPE_HEAP)) {
        mro = py_mro_c3(type);
    } else {
        struct py_str *name = py_str_const("mro");
        const bool own = py_type_lookup(meta, name) != py_type_lookup(&py_type_type, name);
        mro = own ? mro_by_metaclass(type) : py_mro_c3(type);
    }
    if (!mro)
        return -1;
    py_setref(type->mro, mro);
    return 0;
}

/* ---- metaclass --------------------------------------------------------------------------- */

struct py_type *py_type_metaclass(struct py_type *winner, struct py_tuple *bases)
{
    for (int64_t i = 0; i < bases->base.size; i++) {
        struct py_type *meta = bases->items[i]->type;
        if (py_type_is_subtype(winner, meta))
            continue;
        if (py_type_is_subtype(meta, winner)) {
            winner = meta;
            continue;
        }
        return py_raise(&py_exc_TypeError,
                        "metaclass conflict: the metaclass of a derived class must be a "
                        "(non-strict) subclass of the metaclasses of all its bases");
    }
    return winner;
}

/* ---- layout ------------------------------------------------------------------------------ */

static bool adds_fields(const struct py_type *type, const struct py_type *base)
{
    uint32_t size = type->basicsize;
    if (type->itemsize != base->itemsize)
        return true;
    if ((type->flags & PY_TYPE_HEAP) && type->weaklist_offset > 0 && base->weaklist_offset <= 0 &&
        (uint32_t)type->weaklist_offset + sizeof(void *) == size)
        size -= (uint32_t)sizeof(void *);
    return size != base->basicsize;
}

static struct py_type *solid_base(struct py_type *type)
{
    struct py_type *base = type->super ? solid_base(type->super) : &py_object_type;
    return adds_fields(type, base) ? type : base;
}

struct py_type *py_best_base(struct py_tuple *bases)
{
    struct py_type *winner = NULL, *best = NULL;
    for (int64_t i = 0; i < bases->base.size; i++) {
        if (!py_has_flag(bases->items[i], PY_TYPE_IS_TYPE))
            return py_raise(&py_exc_TypeError, "bases must be types");
        struct py_type *base = (struct py_type *)bases->items[i];
        if (!(base->flags & PY_TYPE_READY) && py_type_ready(base) < 0)
            return NULL;
        if (!(base->flags & PY_TYPE_BASETYPE))
            return py_raise(&py_exc_TypeError, "type '%N' is not an acceptable base type", base);
        struct py_type *solid = solid_base(base);
        if (!winner || (solid != winner && py_type_is_subtype(solid, winner))) {
            winner = solid;
            best = base;
        } else if (!py_type_is_subtype(winner, solid)) {
            return py_raise(&py_exc_TypeError, "multiple bases have instance lay-out conflict");
        }
    }
    return best;
}

static const struct py_type *nearest_static(const struct py_type *type)
{
    while (type->flags & PY_TYPE_HEAP)
        type = type->super;
    return type;
}

bool py_same_layout(const struct py_type *a, const struct py_type *b)
{
    const uint32_t kinds = PY_TYPE_GC | PY_TYPE_MANAGED_DICT;
    if (a->basicsize != b->basicsize || a->itemsize != b->itemsize ||
        ((a->flags ^ b->flags) & kinds) || a->weaklist_offset != b->weaklist_offset ||
        a->dict_offset != b->dict_offset || a->dealloc != b->dealloc ||
        a->field_count != b->field_count || nearest_static(a) != nearest_static(b))
        return false;
    for (int i = 0; i < a->field_count; i++)
        if (a->fields[i].offset != b->fields[i].offset ||
            strcmp(a->fields[i].name, b->fields[i].name) != 0)
            return false;
    return true;
}
