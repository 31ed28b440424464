#include "inspector/analysis/containers.h"

#include <stdlib.h>
#include <string.h>

static const char *const words[CONTAINER_KINDS] = {"list", "dict", "set", "tuple"};

const char *container_kind_word(enum container_kind kind)
{
    return words[kind];
}

// ---- sizes ----

enum {
    LIST_BYTES = 56,
    SLOT_BYTES = 8,
    DICT_BYTES = 64,
    KEYS_BYTES = 32,
    DICT_LOG2_MIN = 3,
    DICT_LOG2_MAX = 40,
    SET_BYTES = 216,
    SET_ENTRY_BYTES = 16,
    SET_SLOTS_MIN = 8,
    SET_GROWS_SLOWER = 65536, // slots from which on a table is doubled, not quadrupled
};

static uint64_t dict_bytes(unsigned log2, unsigned entry_bytes)
{
    const unsigned index_bytes = log2 < 8 ? 1 : log2 < 16 ? 2 : log2 < 32 ? 4 : 8;
    const uint64_t slots = UINT64_C(1) << log2;
    return DICT_BYTES + KEYS_BYTES + slots * index_bytes + slots * 2 / 3 * entry_bytes;
}

static uint64_t least_dict(uint64_t size, uint64_t items)
{
    if (items == 0)
        return size > DICT_BYTES ? DICT_BYTES : size;
    for (unsigned entry = 16; entry <= 24; entry += 8)
        for (unsigned log2 = DICT_LOG2_MIN; log2 < DICT_LOG2_MAX; log2++) {
            if (dict_bytes(log2, entry) != size)
                continue;
            unsigned least = DICT_LOG2_MIN;
            while ((UINT64_C(1) << least) * 2 / 3 < items && least < log2)
                least++;
            return dict_bytes(least, entry);
        }
    return size;
}

static uint64_t least_set(uint64_t size, uint64_t items)
{
    const uint64_t slots = size > SET_BYTES ? (size - SET_BYTES) / SET_ENTRY_BYTES : SET_SLOTS_MIN;
    if (size < SET_BYTES || (size - SET_BYTES) % SET_ENTRY_BYTES || (slots & (slots - 1)))
        return size;
    uint64_t least = SET_SLOTS_MIN;
    while (items * 5 >= (least - 1) * 3 && least < slots)
        least *= least < SET_GROWS_SLOWER ? 4 : 2;
    if (least > slots) // a copy of another set, made to measure
        return size;
    return least == SET_SLOTS_MIN ? SET_BYTES : SET_BYTES + least * SET_ENTRY_BYTES;
}

uint64_t container_least_bytes(enum container_kind kind, uint64_t size, uint64_t items)
{
    switch (kind) {
    case CONTAINER_LIST: {
        const bool known = size >= LIST_BYTES && (size - LIST_BYTES) % SLOT_BYTES == 0;
        const uint64_t least = LIST_BYTES + items * SLOT_BYTES;
        return known && least < size ? least : size;
    }
    case CONTAINER_DICT:
        return least_dict(size, items);
    case CONTAINER_SET:
        return least_set(size, items);
    default:
        return size; // a tuple has no more than it needs
    }
}

// ---- counting ----

uint8_t *container_kinds(const struct snapshot *s)
{
    uint8_t *kinds = calloc((size_t)s->type_count + 1, 1);
    for (uint32_t t = 0; kinds && t < s->type_count; t++) {
        const char *module = snapshot_string(s, s->types[t].module);
        if (*module && strcmp(module, "builtins") != 0)
            continue;
        for (unsigned k = 0; k < CONTAINER_KINDS; k++)
            if (strcmp(snapshot_string(s, s->types[t].name), words[k]) == 0)
                kinds[t] = (uint8_t)(k + 1);
    }
    return kinds;
}

uint64_t container_items(const struct snapshot *s, uint32_t o, enum container_kind kind)
{
    const enum edge_kind wanted = kind == CONTAINER_DICT ? EDGE_KEY : EDGE_ITEM;
    uint64_t items = 0;
    struct edge edge;
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);)
        items += edge.kind == wanted;
    return items;
}

static void remember(struct containers *c, struct container_row row)
{
    uint32_t at = c->biggest_count;
    while (at > 0 && c->biggest[at - 1].wasted_bytes < row.wasted_bytes)
        at--;
    if (at == CONTAINERS_BIGGEST)
        return;
    c->biggest_count += c->biggest_count < CONTAINERS_BIGGEST;
    memmove(&c->biggest[at + 1], &c->biggest[at], (c->biggest_count - at - 1) * sizeof *c->biggest);
    c->biggest[at] = row;
}

static void look_at(struct containers *c, const struct snapshot *s, uint32_t o,
                    enum container_kind kind)
{
    struct container_sum *sum = &c->sums[kind];
    const uint64_t items = container_items(s, o, kind), size = snapshot_size(s, o);
    const uint64_t least = container_least_bytes(kind, size, items);
    sum->count++;
    if (items == 0) {
        sum->empty_count++;
        sum->empty_bytes += size;
    }
    if (size - least <= size / 2)
        return;
    sum->sparse_count++;
    sum->sparse_bytes += size;
    sum->wasted_bytes += size - least;
    remember(c, (struct container_row){o, items, size - least});
}

struct error *containers_create(struct snapshot *s, struct containers **ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EDGES));
    struct containers *c = calloc(1, sizeof *c);
    _cleanup_free_ uint8_t *kinds = container_kinds(s);
    if (!c || !kinds) {
        free(c);
        return &error_no_memory;
    }
    for (uint32_t o = 0; o < s->object_count; o++)
        if (kinds[s->type[o]])
            look_at(c, s, o, kinds[s->type[o]] - 1);
    *ret = c;
    return NULL;
}

void containers_destroy(struct containers *c)
{
    free(c);
}
