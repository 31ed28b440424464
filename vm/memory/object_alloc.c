/* From blocks to objects and back: headers, announcements, sizes.
 *
 *   block -> | values dict | gc.next gc.prev | refcnt epoch | type | ...
 *              MANAGED only   GC and MANAGED
 *
 * Allocation: the prefix is cleared, the header filled, a heap type gets its reference, containers
 * count towards the next collection, and the tracer hears of the object. Freeing is the mirror
 * image; the type word is zeroed, which is how a reader knows the block is free.
 *
 * sys.getsizeof mirrors CPython 3.11: the gc link and the two instance words count, attribute
 * values do not.
 */
#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/gc_internal.h"
#include "vm/memory/heap.h"
#include "vm/memory/heap_inline.h"
#include "vm/runtime/error.h"

static inline void clear_prefix(struct py_object *o, unsigned kind)
{
    uint64_t *words = (uint64_t *)o;
    if (kind >= PY_POOL_GC) {
        words[-1] = 0;
        words[-2] = 0;
    }
    if (kind == PY_POOL_MANAGED) {
        words[-3] = 0;
        words[-4] = 0;
    }
}

/* What sys.getsizeof adds to the object's own bytes. CPython keeps the dict of objects of variable
 * size behind their items instead of in front, forgets to count it for int, and has a longer form
 * of str for instances of subclasses. */
static inline size_t prefix_size(const struct py_type *type)
{
    if ((type->flags & PY_TYPE_MANAGED_DICT) && type->itemsize)
        return type->flags & PY_TYPE_IS_INT ? 16 : type->flags & PY_TYPE_IS_STR ? 64 : 24;
    return py_kind_prefix(py_type_kind(type));
}

/* size_bytes is what the object measures, without prefix_size() if `prefixed`. */
static inline __attribute__((always_inline)) struct py_object *
object_alloc(struct py_type *type, size_t block_bytes, size_t size_bytes, bool prefixed)
{
    const unsigned kind = py_type_kind(type);
    const unsigned prefix = py_kind_prefix(kind);
    char *block = py_heap_alloc(kind, block_bytes + prefix);
    if (__builtin_expect(!block, 0))
        return py_raise_no_memory();
    struct py_object *o = (struct py_object *)(block + prefix);
    clear_prefix(o, kind);
    o->refcnt = 1;
    o->epoch = py_epoch();
    o->type = type;
    if (kind >= PY_POOL_GC)
        py_gc_count_alloc();
    if (type->flags & PY_TYPE_HEAP)
        py_incref(type);
    if (PY_TRACING(PY_TRACE_ALLOC))
        quiet_alloc(o, prefixed ? size_bytes + prefix_size(type) : size_bytes);
    return o;
}

void *py_object_alloc(struct py_type *type, size_t block_bytes, size_t size_bytes)
{
    return object_alloc(type, block_bytes, size_bytes, false);
}

void *py_object_new_sized(struct py_type *type, size_t size_bytes)
{
    const size_t bytes = type->basicsize;
    struct py_object *o = object_alloc(type, bytes, size_bytes, true);
    if (o)
        memset(o + 1, 0, bytes - sizeof *o);
    return o;
}

void *py_object_new(struct py_type *type)
{
    return py_object_new_sized(type, type->basicsize);
}

void *py_object_new_var(struct py_type *type, int64_t item_count)
{
    size_t bytes;
    if (item_count < 0 || __builtin_mul_overflow((size_t)item_count, type->itemsize, &bytes) ||
        __builtin_add_overflow(bytes, type->basicsize, &bytes))
        return py_raise_no_memory();
    struct py_var *o = (struct py_var *)object_alloc(type, bytes, bytes, true);
    if (o) {
        memset(&o->base + 1, 0, bytes - sizeof o->base);
        o->size = item_count;
    }
    return o;
}

void py_object_resized(struct py_object *o, size_t size_bytes)
{
    if (PY_TRACING(PY_TRACE_ALLOC) && !py_is_immortal(o))
        probe_resize(o, size_bytes);
}

void py_object_free(void *p)
{
    struct py_object *o = p;
    struct py_type *type = o->type;
    if (PY_TRACING(PY_TRACE_ALLOC))
        quiet_free(o);
    const unsigned kind = py_type_kind(type);
    if (kind >= PY_POOL_GC)
        py_gc_count_free();
    o->type = NULL;
    py_heap_free((char *)o - py_kind_prefix(kind));
    if (type->flags & PY_TYPE_HEAP)
        py_decref(type);
}

size_t py_object_own_size(struct py_object *o)
{
    const struct py_type *type = o->type;
    if (type->size_of)
        return (size_t)type->size_of(o);
    size_t bytes = type->basicsize;
    if (type->itemsize) {
        const int64_t n = ((struct py_var *)o)->size;
        bytes += (size_t)(n < 0 ? -n : n) * type->itemsize;
    }
    if (type->room_unit) {
        int64_t room;
        memcpy(&room, (const char *)o + type->room_offset, sizeof room);
        bytes += (size_t)room * type->room_unit;
    }
    return bytes;
}

size_t py_object_size(struct py_object *o)
{
    return py_object_own_size(o) + prefix_size(o->type);
}
