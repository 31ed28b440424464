#include "inspector/sql/source.h"

#include <stdlib.h>
#include <string.h>

void sql_source_init(struct sql_source *source, struct snapshot *snapshot)
{
    *source = (struct sql_source){.snapshot = snapshot};
}

void sql_source_deinit(struct sql_source *source)
{
    dominators_destroy(source->dominators);
    paths_destroy(source->paths);
    free(source->depth);
    free(source->by_type);
    free(source->type_order);
    free(source->type_begin);
    free(source->sums);
    error_destroy(source->failure);
}

// ---- objects by type ----

// As SQLite compares texts: bytes, then length.
static int compare_text(const char *a, size_t a_length, const char *b, size_t b_length)
{
    const int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_string(const struct strtab *strings, uint32_t a, uint32_t b)
{
    return compare_text(strtab_text(strings, a), strtab_length(strings, a), strtab_text(strings, b),
                        strtab_length(strings, b));
}

static int compare_types(const void *x, const void *y, void *context)
{
    const struct snapshot *s = context;
    const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    const int by_name = compare_string(&s->strings, s->types[a].name, s->types[b].name);
    if (by_name)
        return by_name;
    const int by_module = compare_string(&s->strings, s->types[a].module, s->types[b].module);
    return by_module ? by_module : (a > b) - (a < b);
}

static struct error *sort_by_type(struct sql_source *source)
{
    const struct snapshot *s = source->snapshot;
    const size_t types = (size_t)s->type_count + 1;
    _cleanup_free_ uint32_t *place = calloc(types, sizeof *place);
    free(source->type_order);
    free(source->type_begin);
    source->type_order = calloc(types, sizeof *source->type_order);
    source->type_begin = calloc(types, sizeof *source->type_begin);
    if (!source->type_order || !source->type_begin || !place)
        return &error_no_memory;
    source->by_type = malloc(((size_t)s->object_count + 1) * sizeof *source->by_type);
    if (!source->by_type)
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++)
        source->type_order[t] = t;
    qsort_r(source->type_order, s->type_count, sizeof *source->type_order, compare_types,
            source->snapshot);
    uint32_t sum = 0;
    for (uint32_t row = 0; row < s->type_count; row++) {
        const uint32_t t = source->type_order[row];
        source->type_begin[row] = place[t] = sum;
        sum += (uint32_t)source->sums[t].count;
    }
    source->type_begin[s->type_count] = sum;
    for (uint32_t o = 0; o < s->object_count; o++)
        source->by_type[place[s->type[o]]++] = o;
    return NULL;
}

void sql_source_find_types(const struct sql_source *source, const char *name, size_t length,
                           uint32_t *begin, uint32_t *end)
{
    const struct snapshot *s = source->snapshot;
    uint32_t bounds[2];
    for (int upper = 0; upper < 2; upper++) {
        uint32_t low = 0, high = s->type_count;
        while (low < high) {
            const uint32_t middle = low + (high - low) / 2;
            const uint32_t id = s->types[source->type_order[middle]].name;
            const int order = compare_text(strtab_text(&s->strings, id),
                                           strtab_length(&s->strings, id), name, length);
            if (order < 0 || (upper && order == 0))
                low = middle + 1;
            else
                high = middle;
        }
        bounds[upper] = low;
    }
    *begin = bounds[0];
    *end = bounds[1];
}

// ---- sums, depths ----

static struct error *sum_types(struct sql_source *source)
{
    const struct snapshot *s = source->snapshot;
    source->sums = calloc((size_t)s->type_count + 1, sizeof *source->sums);
    if (!source->sums)
        return &error_no_memory;
    for (uint32_t o = 0; o < s->object_count; o++) {
        source->sums[s->type[o]].count++;
        source->sums[s->type[o]].size_bytes += snapshot_size(s, o);
    }
    return NULL;
}

static struct error *sum_holds(struct sql_source *source)
{
    _cleanup_(histogram_destroy_at) struct histogram *h = NULL;
    TRY(histogram_create(source->snapshot, HISTOGRAM_BY_TYPE, source->dominators, &h));
    for (uint32_t i = 0; i < h->count; i++)
        source->sums[h->rows[i].key].retained_bytes = h->rows[i].retained_bytes;
    return NULL;
}

// A parent is met before its children.
static struct error *find_depths(struct sql_source *source)
{
    const struct paths *paths = source->paths;
    source->depth = malloc(((size_t)paths->object_count + 1) * sizeof *source->depth);
    if (!source->depth)
        return &error_no_memory;
    memset(source->depth, 0xff, (size_t)paths->object_count * sizeof *source->depth);
    for (uint32_t i = 0; i < paths->reachable_count; i++) {
        const uint32_t o = paths->order[i], parent = paths->parent[o];
        source->depth[o] = parent == o ? 0 : source->depth[parent] + 1;
    }
    return NULL;
}

// ---- needs ----

static unsigned implied(unsigned needs)
{
    if (needs & SQL_NEED_HOLDS)
        needs |= SQL_NEED_DOMINATORS | SQL_NEED_HISTOGRAM;
    if (needs & SQL_NEED_BY_TYPE)
        needs |= SQL_NEED_HISTOGRAM;
    if (needs & SQL_NEED_DEPTHS)
        needs |= SQL_NEED_PATHS;
    if (needs & (SQL_NEED_DOMINATORS | SQL_NEED_PATHS | SQL_NEED_REFERRERS))
        needs |= SQL_NEED_EDGES;
    return needs | SQL_NEED_COLUMNS;
}

static struct error *load_parts(struct sql_source *source, unsigned needs)
{
    unsigned parts = SNAPSHOT_COLUMNS;
    parts |= needs & SQL_NEED_EPOCHS ? SNAPSHOT_EPOCHS : 0;
    parts |= needs & SQL_NEED_LABELS ? SNAPSHOT_LABELS : 0;
    parts |= needs & SQL_NEED_EDGES ? SNAPSHOT_EDGES : 0;
    parts |= needs & SQL_NEED_REFERRERS ? SNAPSHOT_REFERRERS : 0;
    return snapshot_load(source->snapshot, parts);
}

struct error *sql_source_need(struct sql_source *source, unsigned needs)
{
    needs = implied(needs) & ~source->ready;
    if (!needs)
        return NULL;
    TRY(load_parts(source, needs));
    if (needs & SQL_NEED_DOMINATORS && !source->dominators)
        TRY(dominators_create(source->snapshot, &source->dominators));
    if (needs & SQL_NEED_PATHS && !source->paths)
        TRY(paths_create(source->snapshot, &source->paths));
    if (needs & SQL_NEED_DEPTHS && !source->depth)
        TRY(find_depths(source));
    if (needs & SQL_NEED_HISTOGRAM && !source->sums)
        TRY(sum_types(source));
    if (needs & SQL_NEED_BY_TYPE && !source->by_type)
        TRY(sort_by_type(source));
    if (needs & SQL_NEED_HOLDS)
        TRY(sum_holds(source));
    source->ready |= needs;
    return NULL;
}
