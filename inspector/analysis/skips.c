// Finding the stops takes two bytes for each object: how many steps it is from its root, modulo
// SKIP_STEPS, and how far the paths through it go on, up to SKIP_STEPS. Objects are met in the
// order of paths->order, in which the one before on the path always comes earlier.
#include "inspector/analysis/skips.h"

#include "inspector/base/huge.h"
#include "inspector/base/vec.h"
#include "inspector/model/heap_section.h"
#include "inspector/model/varint.h"

#include <stdlib.h>

// ---- writing ----

// Fills `level`; false when no path is long enough for a stop.
static bool find_levels(const struct paths *p, uint8_t *level)
{
    bool some = false;
    for (uint32_t i = 0; i < p->reachable_count; i++) {
        const uint32_t o = p->order[i], before = p->parent[o];
        level[o] = before == o ? 0 : (uint8_t)((level[before] + 1) % SKIP_STEPS);
        some |= before != o && level[o] == 0;
    }
    return some;
}

static void find_heights(const struct paths *p, uint8_t *height)
{
    for (uint32_t i = p->reachable_count; i-- > 0;) {
        const uint32_t o = p->order[i], before = p->parent[o];
        const uint8_t own = height[o] < SKIP_STEPS ? height[o] + 1 : SKIP_STEPS;
        if (before != o && height[before] < own)
            height[before] = own;
    }
}

static struct error *find_stops(const struct paths *p, struct u32_vec *stops)
{
    _cleanup_free_ uint8_t *level = huge_calloc((uint64_t)p->object_count + 1, 1);
    _cleanup_free_ uint8_t *height = huge_calloc((uint64_t)p->object_count + 1, 1);
    if (!level || !height)
        return &error_no_memory;
    if (!find_levels(p, level))
        return NULL;
    find_heights(p, height);
    for (uint32_t o = 0; o < p->object_count; o++)
        if (paths_reaches(p, o) && p->parent[o] != o && level[o] == 0 &&
            height[o] >= SKIP_STEPS - 1)
            TRY(u32_vec_push(stops, o));
    return NULL;
}

// Where an ordinal is among rising ones, ORDINAL_NONE: it is not there.
static uint32_t find_ordinal(const uint32_t *ordinals, uint32_t count, uint32_t o)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (ordinals[middle] < o)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && ordinals[low] == o ? low : ORDINAL_NONE;
}

static uint32_t object_above(const struct paths *p, uint32_t o)
{
    for (unsigned i = 0; i < SKIP_STEPS; i++)
        o = p->parent[o];
    return o;
}

struct error *skips_write(struct heap_out *out, const struct paths *p)
{
    struct u32_vec stops = {0};
    struct error *err = find_stops(p, &stops);
    if (!err) {
        const uint32_t count = (uint32_t)stops.count;
        heap_out_begin(out, TAG_PSKP, count);
        for (uint32_t i = 0, last = 0; i < count; last = stops.items[i++]) {
            const uint32_t above =
                find_ordinal(stops.items, count, object_above(p, stops.items[i]));
            heap_out_number(out, stops.items[i] - last);
            heap_out_number(out, above == ORDINAL_NONE ? 0 : 1 + zigzag((int64_t)above - i));
        }
        heap_out_end(out);
    }
    u32_vec_deinit(&stops);
    return err;
}

// ---- reading ----

static bool read_row(struct cursor *cursor, uint32_t object_count, uint32_t row,
                     struct skips *skips)
{
    const uint32_t last = row ? skips->objects[row - 1] : 0;
    uint64_t step, coded;
    if (!get(cursor, &step) || !get(cursor, &coded) || step >= object_count - last ||
        (row && !step) || coded >> 34)
        return false;
    const int64_t above = coded ? (int64_t)row + unzigzag(coded - 1) : 0;
    if (above < 0 || above >= skips->count)
        return false;
    skips->objects[row] = last + (uint32_t)step;
    skips->above[row] = coded ? (uint32_t)above : ORDINAL_NONE;
    return true;
}

struct error *skips_read(const struct snapshot *s, struct skips *ret)
{
    _cleanup_cursor_ struct cursor cursor = {0};
    *ret = (struct skips){0};
    TRY(heap_section_read(s->file, TAG_PSKP, &cursor));
    if (cursor.count > s->object_count || cursor.count > (uint64_t)(cursor.end - cursor.at))
        return heap_damaged_section(s->file, TAG_PSKP, "more rows than bytes");
    ret->count = (uint32_t)cursor.count;
    ret->objects = calloc((size_t)ret->count + 1, sizeof *ret->objects);
    ret->above = calloc((size_t)ret->count + 1, sizeof *ret->above);
    if (!ret->objects || !ret->above)
        return &error_no_memory;
    for (uint32_t row = 0; row < ret->count; row++)
        if (!read_row(&cursor, s->object_count, row, ret))
            return heap_damaged_section(s->file, TAG_PSKP, "a row is out of range");
    return NULL;
}

void skips_deinit(struct skips *skips)
{
    free(skips->objects);
    free(skips->above);
    *skips = (struct skips){0};
}

uint32_t skips_find(const struct skips *skips, uint32_t object)
{
    return find_ordinal(skips->objects, skips->count, object);
}

bool skips_top(const struct skips *skips, uint32_t row, uint32_t *top, uint64_t *steps)
{
    uint32_t rows = 0;
    for (; skips->above[row] != ORDINAL_NONE; row = skips->above[row])
        if (++rows >= skips->count)
            return false;
    *top = row;
    *steps = (uint64_t)rows * SKIP_STEPS;
    return true;
}
