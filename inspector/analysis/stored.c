#include "inspector/analysis/stored.h"

#include "inspector/analysis/skips.h"
#include "inspector/base/huge.h"
#include "inspector/base/progress.h"
#include "inspector/model/heap_append.h"
#include "inspector/model/heap_column.h"
#include "inspector/model/heap_index.h"
#include "inspector/model/varint.h"

#include <stdlib.h>
#include <string.h>

static bool wants_storing(const struct snapshot *s)
{
    const char *how = getenv("BRILLE_STORE");
    if (!s->file || (how && strcmp(how, "never") == 0))
        return false;
    return s->object_count >= STORED_OBJECTS_LEAST || (how && strcmp(how, "always") == 0);
}

static bool has_section(const struct snapshot *s, uint32_t tag)
{
    return s->file && heap_section_find(s->file, tag);
}

// The first analysis that is stored brings the indexes of names with it.
static struct error *add_index(struct heap_append *append, const struct snapshot *s)
{
    const char *how = getenv("BRILLE_STORE");
    const bool always = how && strcmp(how, "always") == 0;
    if (has_section(s, TAG_NAMS) || s->strings.few || !(s->loaded & SNAPSHOT_EDGES) ||
        !(always || heap_index_is_wanted(s)))
        return NULL;
    return heap_index_write(&append->out, s);
}

static void end(struct heap_append *append, struct error *err)
{
    struct error *last = append ? heap_append_end(append) : NULL;
    if (err || last)
        log_debug("an analysis was not stored: %s", err ? err->message : last->message);
    error_destroy(err);
    error_destroy(last);
}

// ---- dominators ----

// 0: unreachable, 1: dominated by nothing but the roots, else 2 + zigzag(dominator - own ordinal).
static uint64_t code_parent(uint32_t o, uint32_t parent)
{
    if (parent == DOMINATOR_NONE)
        return 0;
    return parent == DOMINATOR_ROOT ? 1 : 2 + zigzag((int64_t)parent - o);
}

static bool store_parents(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                          const uint64_t *values)
{
    struct dominators *d = context;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t o = begin + i;
        if (values[i] < 2) {
            d->parent[o] = values[i] ? DOMINATOR_ROOT : DOMINATOR_NONE;
            continue;
        }
        const int64_t parent = (int64_t)o + unzigzag(values[i] - 2);
        if (values[i] >> 34 || parent < 0 || parent >= s->object_count)
            return false;
        d->parent[o] = (uint32_t)parent;
    }
    return true;
}

static bool store_retained(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                           const uint64_t *values)
{
    struct dominators *d = context;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t size =
            d->parent[begin + i] == DOMINATOR_NONE ? 0 : snapshot_size(s, begin + i);
        if (values[i] > UINT64_MAX - size)
            return false;
        d->retained[begin + i] = size + values[i];
    }
    return true;
}

// Every retained size is the own one and those of the children, and no unreachable object has
// children. What adds up still could be a ring of objects of no size: the children are counted from
// the top when they are listed (dominators.c).
static struct error *add_up(const struct snapshot *s, struct dominators *d)
{
    _cleanup_free_ uint64_t *sum = huge_calloc((uint64_t)s->object_count + 1, sizeof *sum);
    if (!sum)
        return &error_no_memory;
    bool right = true;
    for (uint32_t o = 0; o < s->object_count; o++) {
        if (d->parent[o] == DOMINATOR_NONE) {
            d->unreachable_bytes += snapshot_size(s, o);
            continue;
        }
        d->reachable_count++;
        if (d->parent[o] == DOMINATOR_ROOT)
            d->total_bytes += d->retained[o];
        else
            sum[d->parent[o]] += d->retained[o];
    }
    for (uint32_t o = 0; o < s->object_count; o++)
        right &= d->parent[o] == DOMINATOR_NONE ? sum[o] == 0 && d->retained[o] == 0
                                                : d->retained[o] == snapshot_size(s, o) + sum[o];
    return right ? NULL : heap_damaged_section(s->file, TAG_RETN, "the sizes do not add up");
}

bool stored_dominators_are_there(const struct snapshot *s)
{
    return has_section(s, TAG_DOMP) && has_section(s, TAG_RETN);
}

struct error *stored_dominators_load(struct snapshot *s, struct dominators *d, bool *found)
{
    *found = stored_dominators_are_there(s);
    if (!*found)
        return NULL;
    d->object_count = s->object_count;
    d->parent = huge_malloc((uint64_t)s->object_count + 1, sizeof *d->parent);
    d->retained = huge_malloc((uint64_t)s->object_count + 1, sizeof *d->retained);
    if (!d->parent || !d->retained)
        return &error_no_memory;
    TRY(heap_column_read(s, TAG_DOMP, store_parents, d));
    TRY(heap_column_read(s, TAG_RETN, store_retained, d));
    return add_up(s, d);
}

static struct error *write_dominators(struct heap_append *append, const struct snapshot *s,
                                      const struct dominators *d)
{
    _cleanup_(column_out_destroy_at) struct column_out *c = NULL;
    TRY(column_out_create(&append->out, s, &c));
    column_out_begin(c, TAG_DOMP);
    for (uint32_t o = 0; o < s->object_count; o++)
        column_out_value(c, code_parent(o, d->parent[o]));
    column_out_end(c);
    column_out_begin(c, TAG_RETN);
    for (uint32_t o = 0; o < s->object_count; o++)
        column_out_value(c, d->retained[o] ? d->retained[o] - snapshot_size(s, o) : 0);
    column_out_end(c);
    column_out_index(c, TAG_DOFF);
    return NULL;
}

void stored_dominators_save(struct snapshot *s, const struct dominators *d)
{
    struct heap_append *append = NULL;
    if (!wants_storing(s) || has_section(s, TAG_DOMP))
        return;
    struct error *err = heap_append_begin(s, &append);
    if (append)
        err = write_dominators(append, s, d);
    if (append && !err)
        err = add_index(append, s);
    end(append, err);
}

// ---- sums by type ----

struct error *stored_types_load(struct snapshot *s, struct histogram **ret)
{
    _cleanup_cursor_ struct cursor cursor = {0};
    _cleanup_(histogram_destroy_at) struct histogram *h = NULL;
    *ret = NULL;
    if (!has_section(s, TAG_TSUM))
        return NULL;
    TRY(heap_section_read(s->file, TAG_TSUM, &cursor));
    h = calloc(1, sizeof *h);
    if (!h || !(h->rows = calloc((size_t)s->type_count + 1, sizeof *h->rows)))
        return &error_no_memory;
    if (cursor.count > s->type_count)
        return heap_damaged_section(s->file, TAG_TSUM, "more rows than types");
    for (; h->count < cursor.count; h->count++) {
        struct histogram_row *row = &h->rows[h->count];
        if (!get_below(&cursor, s->type_count, &row->key) || !get(&cursor, &row->count) ||
            !get(&cursor, &row->size_bytes) || !get(&cursor, &row->retained_bytes) ||
            row->count > s->object_count)
            return heap_damaged_section(s->file, TAG_TSUM, "a row is out of range");
        h->object_count += row->count;
        h->size_bytes += row->size_bytes;
    }
    *ret = take_ptr(h);
    return NULL;
}

void stored_types_save(struct snapshot *s, const struct histogram *h)
{
    struct heap_append *append = NULL;
    if (!wants_storing(s) || has_section(s, TAG_TSUM))
        return;
    struct error *err = heap_append_begin(s, &append);
    if (append) {
        heap_out_begin(&append->out, TAG_TSUM, h->count);
        for (uint32_t i = 0; i < h->count; i++) {
            const struct histogram_row *row = &h->rows[i];
            const uint64_t numbers[] = {row->key, row->count, row->size_bytes, row->retained_bytes};
            heap_out_numbers(&append->out, numbers, 4);
        }
        heap_out_end(&append->out);
        err = add_index(append, s);
    }
    end(append, err);
}

// ---- paths ----

// 0: unreachable, 1: a root's target, else 2 + zigzag(the one before - own ordinal).
static struct error *write_paths(struct heap_append *append, const struct snapshot *s,
                                 const struct paths *p)
{
    _cleanup_(column_out_destroy_at) struct column_out *c = NULL;
    TRY(column_out_create(&append->out, s, &c));
    column_out_begin(c, TAG_PATH);
    for (uint32_t o = 0; o < s->object_count; o++) {
        const uint32_t before = p->parent[o];
        column_out_value(c, before == ORDINAL_NONE ? 0
                            : before == o          ? 1
                                                   : 2 + zigzag((int64_t)before - o));
    }
    column_out_end(c);
    column_out_index(c, TAG_POFF);
    return skips_write(&append->out, p);
}

// A file from before there were skips gets both anew.
void stored_paths_save(struct snapshot *s, const struct paths *p)
{
    struct heap_append *append = NULL;
    if (!wants_storing(s) || (has_section(s, TAG_PATH) && has_section(s, TAG_PSKP)))
        return;
    struct error *err = heap_append_begin(s, &append);
    if (append)
        err = write_paths(append, s, p);
    if (append && !err)
        err = add_index(append, s);
    end(append, err);
}
