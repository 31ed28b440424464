// Encoding, decoding, checking and sharing of shapes (the coding is described in shape.h).
//
// Interning is on the path of every object that is captured: edges are encoded into a scratch
// buffer as they come, and the bytes are looked up; only a shape that is new is copied. Decoding is
// on the path of every walk that needs names. Checking is for shapes from a file, once.
#include "inspector/model/shape.h"

#include "inspector/base/vec.h"
#include "inspector/model/hash.h"
#include "inspector/model/varint.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    INITIAL_SLOTS = 1024,
    OP_RUN = 0x80,
    CODE_NONE = 0,
    CODE_SAME = 1,
    CODE_INTEGER = 2,
    CODE_STRING = 3,
    EDGE_BYTES_MAX = 1 + VARINT_MAX + VARINT_MAX,
};

// ---- encoding ----

static bool continues_run(const struct shape_edge *first, const struct shape_edge *edge,
                          uint64_t run)
{
    if (edge->kind != first->kind || edge->class != first->class)
        return false;
    return edge_name_is_index(first->name)
               ? edge->name == first->name + run && edge_name_is_index(edge->name)
               : edge->name == first->name;
}

static uint64_t name_code(edge_name name, bool same, uint32_t *last_string)
{
    if (name == EDGE_NAME_NONE)
        return CODE_NONE;
    if (same)
        return CODE_SAME;
    if (edge_name_is_index(name))
        return (uint64_t)edge_name_value(name) << 2 | CODE_INTEGER;
    const int64_t step = (int64_t)name - *last_string;
    *last_string = name;
    return zigzag(step) << 2 | CODE_STRING;
}

static uint8_t edge_flags(unsigned edge_class)
{
    return (uint8_t)((edge_class_retains(edge_class) ? SHAPE_RETAINS_ALL : 0) |
                     (edge_class_counts(edge_class) ? SHAPE_COUNTS_ALL : 0));
}

// The run of a list of a million costs one op.
static struct error *end_run(struct shape_table *table)
{
    struct shape_making *m = &table->making;
    const struct shape_edge *edge = &m->edge;
    if (table->scratch_capacity - m->bytes < EDGE_BYTES_MAX) {
        void *scratch = table->scratch;
        TRY(vec_grow(&scratch, &table->scratch_capacity, m->bytes + EDGE_BYTES_MAX, 1));
        table->scratch = scratch;
    }
    uint8_t *to = table->scratch + m->bytes;
    *to++ = (uint8_t)(edge->kind | edge->class << 4 | (m->run > 1 ? OP_RUN : 0));
    to = varint_put(to, name_code(edge->name, edge->name == m->last_name, &m->last_string));
    if (m->run > 1)
        to = varint_put(to, m->run);
    m->bytes = (size_t)(to - table->scratch);
    m->last_name =
        edge_name_is_index(edge->name) ? edge->name + (uint32_t)(m->run - 1) : edge->name;
    m->missing |= (uint8_t)~edge_flags(edge->class);
    return NULL;
}

struct error *shape_table_add(struct shape_table *table, const struct shape_edge *edge)
{
    struct shape_making *m = &table->making;
    m->edges++;
    if (m->run && continues_run(&m->edge, edge, m->run)) {
        m->run++;
        return NULL;
    }
    if (m->run)
        TRY(end_run(table));
    m->edge = *edge;
    m->run = 1;
    return NULL;
}

// ---- decoding ----

// The hot one: shapes have been validated, so there is no bound to test.
static inline uint64_t get(const uint8_t **from)
{
    const uint8_t *p = *from;
    uint64_t value = *p & 0x7f;
    for (unsigned shift = 7; *p++ & 0x80; shift += 7)
        value |= (uint64_t)(*p & 0x7f) << shift;
    *from = p;
    return value;
}

void shape_iter_decode(struct shape_iter *iter)
{
    const uint8_t op = *iter->next++;
    const uint64_t code = get(&iter->next);
    iter->edge.kind = op & 0x0f;
    iter->edge.class = (op >> 4) & 0x07;
    switch (code & 3) {
    case CODE_NONE:
        iter->edge.name = EDGE_NAME_NONE;
        break;
    case CODE_INTEGER:
        iter->edge.name = EDGE_NAME_INTEGER | (uint32_t)(code >> 2);
        break;
    case CODE_STRING:
        iter->last_string = (uint32_t)((int64_t)iter->last_string + unzigzag(code >> 2));
        iter->edge.name = iter->last_string;
        break;
    default: // CODE_SAME: the name stays
        break;
    }
    iter->run_left = op & OP_RUN ? get(&iter->next) : 1;
}

struct checked_shape {
    uint64_t edges;
    uint8_t flags;
};

// Decodes one shape from untrusted bytes; false when anything is out of range.
static bool check_shape(const uint8_t *from, const uint8_t *end, uint32_t string_count,
                        struct checked_shape *shape)
{
    int64_t last_string = 0;
    uint64_t last_integer = 0;
    bool last_is_integer = false;
    *shape = (struct checked_shape){.flags = SHAPE_RETAINS_ALL | SHAPE_COUNTS_ALL};
    while (from < end) {
        const uint8_t op = *from++;
        uint64_t code, run = 1;
        if ((op & 0x0f) >= EDGE_KIND_COUNT || ((op >> 4) & 7) >= EDGE_CLASS_COUNT ||
            !varint_get(&from, end, &code))
            return false;
        if (op & OP_RUN && (!varint_get(&from, end, &run) || run < 2))
            return false;
        if (run > UINT64_MAX / 4 - shape->edges)
            return false;
        if ((code & 3) == CODE_STRING) {
            const int64_t step = unzigzag(code >> 2);
            if (step < -(int64_t)string_count || step > (int64_t)string_count)
                return false;
            last_string += step;
            if (last_string <= 0 || last_string >= string_count)
                return false;
            last_is_integer = false;
        } else if ((code & 3) == CODE_INTEGER) {
            last_integer = code >> 2;
            last_is_integer = true;
        } else if (code > CODE_SAME) {
            return false;
        } else if (code == CODE_NONE) {
            last_is_integer = false;
        }
        if (last_is_integer) {
            if (last_integer >= EDGE_NAME_INTEGER || run > EDGE_NAME_INTEGER - last_integer)
                return false;
            last_integer += run - 1;
        }
        shape->edges += run;
        shape->flags &= edge_flags((op >> 4) & 7);
    }
    return true;
}

// ---- walking what was not checked ----

static bool walk_name(struct shape_walk *walk, uint64_t code, edge_name *name)
{
    switch (code & 3) {
    case CODE_NONE:
    case CODE_SAME:
        *name = code == CODE_NONE ? EDGE_NAME_NONE : walk->edge.name;
        return code <= CODE_SAME;
    case CODE_INTEGER:
        *name = EDGE_NAME_INTEGER | (uint32_t)(code >> 2);
        return code >> 2 < EDGE_NAME_INTEGER;
    default:
        break;
    }
    const int64_t step = unzigzag(code >> 2), limit = walk->string_count;
    if (step < -limit || step > limit || walk->last_string + step <= 0 ||
        walk->last_string + step >= limit)
        return false;
    *name = walk->last_string = (uint32_t)(walk->last_string + step);
    return true;
}

static bool walk_op(struct shape_walk *walk)
{
    edge_name name;
    uint64_t code, run = 1;
    walk->op = walk->at;
    walk->op_last_string = walk->last_string;
    walk->op_last_name = walk->edge.name;
    walk->op_taken = 0;
    if (walk->at == walk->end)
        return false;
    const uint8_t op = *walk->at++;
    if ((op & 0x0f) >= EDGE_KIND_COUNT || ((op >> 4) & 7) >= EDGE_CLASS_COUNT ||
        !varint_get(&walk->at, walk->end, &code) || !walk_name(walk, code, &name))
        return false;
    if (op & OP_RUN && (!varint_get(&walk->at, walk->end, &run) || run < 2))
        return false;
    if (edge_name_is_index(name) && run - 1 > UINT32_MAX - name)
        return false;
    walk->edge = (struct shape_edge){.name = name, .kind = op & 0x0f, .class = (op >> 4) & 7};
    walk->run_left = run;
    return true;
}

bool shape_walk_next(struct shape_walk *walk, struct shape_edge *edge)
{
    if (walk->run_left == 0 && !walk_op(walk))
        return false;
    if (walk->op_taken > 0 && edge_name_is_index(walk->edge.name))
        walk->edge.name++;
    walk->op_taken++;
    walk->run_left--;
    *edge = walk->edge;
    return true;
}

bool shape_walk_skip(struct shape_walk *walk, uint64_t count)
{
    if (count == 0)
        return true;
    if (!walk_op(walk) || count > walk->run_left)
        return false;
    if (edge_name_is_index(walk->edge.name))
        walk->edge.name += (uint32_t)(count - 1);
    walk->op_taken = count;
    walk->run_left -= count;
    return true;
}

// ---- the table ----

static struct error *append(struct shape_table *table, const uint8_t *bytes, size_t length,
                            uint64_t edges, uint8_t flags)
{
    void *p = table->bytes;
    TRY(vec_grow(&p, &table->byte_capacity, table->byte_count + length, 1));
    table->bytes = p;
    p = table->begin;
    TRY(vec_grow(&p, &table->begin_capacity, (size_t)table->count + 2, sizeof *table->begin));
    table->begin = p;
    p = table->edges;
    TRY(vec_grow(&p, &table->edges_capacity, (size_t)table->count + 1, sizeof *table->edges));
    table->edges = p;
    p = table->flags;
    TRY(vec_grow(&p, &table->flags_capacity, (size_t)table->count + 1, sizeof *table->flags));
    table->flags = p;
    if (length)
        memcpy(table->bytes + table->byte_count, bytes, length);
    table->byte_count += length;
    table->edges[table->count] = edges;
    table->flags[table->count] = flags;
    table->begin[0] = 0;
    table->begin[++table->count] = table->byte_count;
    return NULL;
}

struct error *shape_table_init(struct shape_table *table)
{
    *table = (struct shape_table){0};
    table->slots = calloc(INITIAL_SLOTS, sizeof *table->slots);
    if (!table->slots)
        return &error_no_memory;
    table->slot_count = INITIAL_SLOTS;
    table->bytes = malloc(64); // so that an empty shape has an address
    if (!table->bytes) {
        shape_table_deinit(table);
        return &error_no_memory;
    }
    table->byte_capacity = 64;
    struct error *err = append(table, NULL, 0, 0, SHAPE_RETAINS_ALL | SHAPE_COUNTS_ALL);
    if (err)
        shape_table_deinit(table);
    return err;
}

void shape_table_deinit(struct shape_table *table)
{
    free(table->bytes);
    free(table->begin);
    free(table->edges);
    free(table->flags);
    free(table->slots);
    free(table->scratch);
    *table = (struct shape_table){0};
}

static size_t shape_length(const struct shape_table *table, uint32_t id)
{
    return (size_t)(table->begin[id + 1] - table->begin[id]);
}

static struct error *grow_slots(struct shape_table *table)
{
    const uint32_t slot_count = table->slot_count * 2;
    if (!slot_count)
        return error_create(ERROR_LIMIT, "too many different shapes in one heap");
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return &error_no_memory;
    for (uint32_t id = 1; id < table->count; id++) {
        uint64_t at = hash_bytes(table->bytes + table->begin[id], shape_length(table, id));
        while (slots[at & (slot_count - 1)])
            at++;
        slots[at & (slot_count - 1)] = id + 1;
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    return NULL;
}

static struct error *intern(struct shape_table *table, const struct shape_making *made,
                            uint32_t *id)
{
    const size_t length = made->bytes;
    if (table->count >= table->slot_count / 2)
        TRY(grow_slots(table));
    uint64_t at = hash_bytes(table->scratch, length);
    for (uint32_t found; (found = table->slots[at & (table->slot_count - 1)]); at++)
        if (shape_length(table, found - 1) == length &&
            memcmp(table->bytes + table->begin[found - 1], table->scratch, length) == 0) {
            *id = found - 1;
            return NULL;
        }
    TRY(append(table, table->scratch, length, made->edges,
               (SHAPE_RETAINS_ALL | SHAPE_COUNTS_ALL) & (uint8_t)~made->missing));
    table->slots[at & (table->slot_count - 1)] = table->count;
    *id = table->count - 1;
    return NULL;
}

struct error *shape_table_end(struct shape_table *table, uint32_t *id)
{
    if (table->making.run == 0) {
        *id = 0;
        return NULL;
    }
    TRY(end_run(table));
    const struct shape_making made = table->making;
    table->making = (struct shape_making){0};
    return intern(table, &made, id);
}

// The file stores each shape's length in front of it; the bytes are compacted in place.
static bool adopt_shape(struct shape_table *table, const uint8_t **from, const uint8_t *end,
                        uint32_t string_count)
{
    uint64_t length;
    struct checked_shape shape;
    if (!varint_get(from, end, &length) || length > (uint64_t)(end - *from) ||
        !check_shape(*from, *from + length, string_count, &shape))
        return false;
    memmove(table->bytes + table->byte_count, *from, length);
    *from += length;
    table->byte_count += length;
    table->edges[table->count] = shape.edges;
    table->flags[table->count] = shape.flags;
    table->begin[++table->count] = table->byte_count;
    return true;
}

struct error *shape_table_adopt(struct shape_table *table, uint8_t *bytes, size_t byte_count,
                                uint32_t count, uint32_t string_count)
{
    *table = (struct shape_table){.bytes = bytes, .byte_capacity = byte_count};
    // Each shape takes at least the byte of its length, which bounds what is allocated.
    if (count == 0 || count > byte_count) {
        shape_table_deinit(table);
        return error_create(ERROR_FORMAT, "the table of shapes has a wrong size");
    }
    table->begin = calloc((size_t)count + 1, sizeof *table->begin);
    table->edges = calloc(count, sizeof *table->edges);
    table->flags = calloc(count, sizeof *table->flags);
    if (!table->begin || !table->edges || !table->flags) {
        shape_table_deinit(table);
        return &error_no_memory;
    }
    const uint8_t *from = bytes, *end = bytes + byte_count;
    for (uint32_t i = 0; i < count; i++)
        if (!adopt_shape(table, &from, end, string_count)) {
            shape_table_deinit(table);
            return error_create(ERROR_FORMAT, "shape %u is damaged", i);
        }
    if (from != end || table->edges[0] != 0) {
        shape_table_deinit(table);
        return error_create(ERROR_FORMAT, "the table of shapes has a wrong size");
    }
    return NULL;
}
