// Arrays of numpy: what they refer to, and their size.
//
// numpy is no part of CPython, and still in half of all processes that grow. Its array has no
// tp_traverse and names none of its fields, so what an array of objects holds, and which array a
// view keeps alive, nothing else would tell:
//
//     array   16 data   24 nd   32 dimensions   48 base   56 descr   64 flags   88 mem_handler
//     descr   28 type_num   32 elsize (1.x, 4 bytes)   40 elsize (2.x, 8 bytes)
//
// These places are the same from numpy 1.17 on; an array that is shorter than mem_handler is from
// before 1.22 and has none. A description is 96 bytes long in 1.x, shorter or longer in 2.x. All
// references are owned, never traversed. Items are numbered as they lie in memory, and belong to
// the array that owns the memory. Objects in fields of structured arrays are not looked for.
#include "inspector/target/cpython/cpython.h"

enum {
    ARRAY_DATA = 16,
    ARRAY_ND = 24,
    ARRAY_DIMENSIONS = 32,
    ARRAY_BASE = 48,
    ARRAY_DESCR = 56,
    ARRAY_FLAGS = 64,
    ARRAY_LEAST_BYTES = 80,
    ARRAY_MEM_HANDLER = 88,
    ARRAY_OWNS_DATA = 4, // of the flags
    DESCR_TYPE_NUM = 28,
    DESCR_ELSIZE_1 = 32,
    DESCR_ELSIZE_2 = 40,
    DESCR_BYTES_1 = 96,
    TYPE_NUM_OBJECT = 17,
    DIMENSIONS_MAX = 64,
};

static bool owns_data(const struct cpy_object *o)
{
    return half_at(o->bytes, ARRAY_FLAGS) & ARRAY_OWNS_DATA;
}

// False when it makes no sense.
static bool count_items(struct cpy *cpy, const struct cpy_object *o, uint64_t *count)
{
    uint64_t dimensions[DIMENSIONS_MAX];
    const uint32_t nd = half_at(o->bytes, ARRAY_ND);
    *count = 1;
    if (nd > DIMENSIONS_MAX ||
        !reader_read(&cpy->mem, word_at(o->bytes, ARRAY_DIMENSIONS), dimensions, 8 * (uint64_t)nd))
        return false;
    for (uint32_t i = 0; i < nd; i++)
        if (__builtin_mul_overflow(*count, dimensions[i], count))
            return false;
    return true;
}

static bool holds_objects(struct cpy *cpy, const struct cpy_object *o)
{
    uint32_t type_num = 0;
    const uint64_t descr = word_at(o->bytes, ARRAY_DESCR);
    return descr && descr % 8 == 0 && reader_u32(&cpy->mem, descr + DESCR_TYPE_NUM, &type_num) &&
           type_num == TYPE_NUM_OBJECT;
}

static void add_items(struct cpy *cpy, const struct cpy_object *o)
{
    const uint64_t data = word_at(o->bytes, ARRAY_DATA);
    uint64_t count;
    if (!owns_data(o) || !data || data % 8 || !holds_objects(cpy, o))
        return;
    if (count_items(cpy, o, &count) && count <= LIMIT_ITEMS)
        cpy_items(cpy, o, data, count, EDGE_ITEM, CLASS_OWNED);
    else
        cpy_damage(cpy, "the dimensions of an array make no sense");
}

void cpy_add_ndarray(struct cpy *cpy, const struct cpy_object *o)
{
    if (o->available < ARRAY_LEAST_BYTES)
        return;
    cpy_edge(cpy, word_at(o->bytes, ARRAY_BASE), EDGE_FIELD, CLASS_OWNED, cpy_name(cpy, "base"));
    cpy_edge(cpy, word_at(o->bytes, ARRAY_DESCR), EDGE_FIELD, CLASS_OWNED, cpy_name(cpy, "dtype"));
    if (o->type->basicsize >= ARRAY_MEM_HANDLER + 8 && o->available >= ARRAY_MEM_HANDLER + 8)
        cpy_edge(cpy, word_at(o->bytes, ARRAY_MEM_HANDLER), EDGE_FIELD, CLASS_OWNED,
                 cpy_name(cpy, "mem_handler"));
    add_items(cpy, o);
}

static uint64_t item_bytes(struct cpy *cpy, const struct cpy_object *o)
{
    const uint64_t descr = word_at(o->bytes, ARRAY_DESCR);
    uint64_t type = 0, size = 0;
    uint32_t half = 0;
    if (!descr || descr % 8 || !reader_u64(&cpy->mem, descr + OBJECT_TYPE, &type) ||
        !reader_u64(&cpy->mem, type + cpy->l->type_basicsize, &size))
        return 0;
    if (size != DESCR_BYTES_1)
        return reader_u64(&cpy->mem, descr + DESCR_ELSIZE_2, &size) ? size : 0;
    return reader_u32(&cpy->mem, descr + DESCR_ELSIZE_1, &half) ? half : 0;
}

uint64_t cpy_extra_of_ndarray(struct cpy *cpy, const struct cpy_object *o)
{
    uint64_t count, bytes;
    if (o->available < ARRAY_LEAST_BYTES || !count_items(cpy, o, &count))
        return 0;
    const uint64_t shape = 16 * (uint64_t)half_at(o->bytes, ARRAY_ND); // dimensions and strides
    if (!owns_data(o) || __builtin_mul_overflow(count, item_bytes(cpy, o), &bytes) ||
        bytes >> USER_ADDRESS_BITS)
        return shape;
    return shape + bytes;
}
