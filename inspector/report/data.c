// The data block: what the script draws from, and what other programs may read.
//
// Rows are kept column by column, so that no key is repeated. Texts are numbers into `texts`, types
// numbers into `types`; only the types that occur are told. null stands for "none".
#include "inspector/report/section.h"

#include "inspector/export/export.h"

#include <stdlib.h>

enum { POOLS_MAX = 100000, ARENAS_MAX = 4000 };

#define COLUMN(json, key, row, count, expression) \
    do {                                          \
        json_begin(json, key, '[');               \
        for (size_t i_ = 0; i_ < (count); i_++) { \
            row = i_;                             \
            expression;                           \
        }                                         \
        json_end(json, ']');                      \
    } while (0)

static void add_number_or_null(struct json *json, uint32_t value)
{
    if (value == ORDINAL_NONE)
        json_null(json, NULL);
    else
        json_count(json, NULL, value);
}

static void add_address(const struct report *r, struct json *json, uint32_t object)
{
    if (object == ORDINAL_NONE)
        json_null(json, NULL);
    else
        json_address(json, NULL, r->s->address[object]);
}

static void add_totals(const struct report *r, struct json *json)
{
    const struct snapshot *s = r->s;
    json_begin(json, "totals", '{');
    json_count(json, "object_count", s->object_count);
    json_count(json, "reference_count", s->reference_count);
    json_count(json, "size", r->size_bytes);
    json_count(json, "reachable_count", r->leaks->dominators->reachable_count);
    json_count(json, "reachable_bytes", r->leaks->dominators->total_bytes);
    json_count(json, "unreachable_count", r->unreachable_count);
    json_count(json, "unreachable_bytes", r->unreachable_bytes);
    json_count(json, "type_count", s->type_count);
    json_count(json, "root_count", s->root_count);
    json_count(json, "thread_count", s->thread_count);
    json_count(json, "pool_count", s->pool_count);
    json_count(json, "free_block_bytes", r->fragments->free_block_bytes);
    if (r->residence.known)
        json_count(json, "resident", r->residence.resident_bytes);
    else
        json_null(json, "resident");
    json_end(json, '}');
}

static void add_findings(const struct report *r, struct json *json)
{
    json_begin(json, "findings", '[');
    for (uint32_t i = 0; i < r->leaks->count; i++) {
        const struct leak *leak = &r->leaks->items[i];
        json_begin(json, NULL, '{');
        if (leak->object == ORDINAL_NONE)
            json_null(json, "address");
        else
            json_address(json, "address", r->s->address[leak->object]);
        json_text(json, "cause", cause_word(leak->cause));
        json_count(json, "retained", leak->retained_bytes);
        json_signed(json, "growth", leak->growth_bytes);
        json_count(json, "entries", leak->child_count);
        const char *expression = section_expression(r, leak);
        if (expression)
            json_text(json, "expression", expression);
        else
            json_null(json, "expression");
        json_end(json, '}');
    }
    json_end(json, ']');
}

// Types that a box, a step or an arena is of; the others are null.
static struct error *add_types(const struct report *r, struct json *json)
{
    _cleanup_free_ unsigned char *used = calloc((size_t)r->s->type_count + 1, 1);
    struct strbuf name;
    if (!used)
        return &error_no_memory;
    strbuf_init(&name);
    for (size_t i = 1; i < r->holders->rows.count; i++)
        used[r->holders->rows.items[i].type] = 1;
    for (size_t i = 0; i < r->holders->steps.count; i++)
        used[r->s->type[r->holders->steps.items[i].object]] = 1;
    for (uint32_t i = 0; i < r->fragments->arena_count; i++)
        if (r->fragments->arenas[i].type != ORDINAL_NONE)
            used[r->fragments->arenas[i].type] = 1;
    json_begin(json, "types", '[');
    for (uint32_t i = 0; i < r->s->type_count; i++) {
        if (!used[i]) {
            json_null(json, NULL);
            continue;
        }
        strbuf_clear(&name);
        snapshot_add_type_name(r->s, i, &name);
        json_begin(json, NULL, '[');
        json_text(json, NULL, strbuf_text(&name));
        json_count(json, NULL, type_kind(strbuf_text(&name)));
        json_end(json, ']');
    }
    json_end(json, ']');
    struct error *err = strbuf_error(&name);
    strbuf_deinit(&name);
    return err;
}

static void add_holders(const struct report *r, struct json *json)
{
    const struct strtab *texts = &r->holders->texts;
    const struct holder *rows = r->holders->rows.items;
    const struct holder_step *steps = r->holders->steps.items;
    const size_t count = r->holders->rows.count, step_count = r->holders->steps.count;
    size_t i;
    COLUMN(
        json, "texts", i, texts->count,
        json_bytes(json, NULL, strtab_text(texts, (uint32_t)i), strtab_length(texts, (uint32_t)i)));
    json_begin(json, "holders", '{');
    COLUMN(json, "parent", i, count, json_count(json, NULL, rows[i].parent));
    COLUMN(json, "type", i, count, add_number_or_null(json, rows[i].type));
    COLUMN(json, "label", i, count, json_count(json, NULL, rows[i].label));
    COLUMN(json, "count", i, count, json_count(json, NULL, rows[i].count));
    COLUMN(json, "holds", i, count, json_count(json, NULL, rows[i].holds_bytes));
    COLUMN(json, "own", i, count, json_count(json, NULL, rows[i].own_bytes));
    COLUMN(json, "rest_count", i, count, json_count(json, NULL, rows[i].rest_count));
    COLUMN(json, "rest", i, count, json_count(json, NULL, rows[i].rest_bytes));
    COLUMN(json, "address", i, count, add_address(r, json, rows[i].object));
    COLUMN(json, "path", i, count, add_number_or_null(json, rows[i].path));
    json_end(json, '}');
    json_begin(json, "steps", '{');
    COLUMN(json, "parent", i, step_count, add_number_or_null(json, steps[i].parent));
    COLUMN(json, "type", i, step_count, json_count(json, NULL, r->s->type[steps[i].object]));
    COLUMN(json, "label", i, step_count, json_count(json, NULL, steps[i].label));
    COLUMN(json, "expression", i, step_count, json_count(json, NULL, steps[i].expression));
    COLUMN(json, "folded", i, step_count, json_count(json, NULL, steps[i].folded));
    COLUMN(json, "address", i, step_count, add_address(r, json, steps[i].object));
    COLUMN(json, "holds", i, step_count,
           json_count(json, NULL, r->leaks->dominators->retained[steps[i].object]));
    json_end(json, '}');
}

// ---- arenas ----

static int by_address(const void *a, const void *b)
{
    const struct snapshot_pool *x = *(const struct snapshot_pool *const *)a;
    const struct snapshot_pool *y = *(const struct snapshot_pool *const *)b;
    if (x->arena != y->arena)
        return x->arena < y->arena ? -1 : 1;
    return (x->address > y->address) - (x->address < y->address);
}

// A pool as one number: bytes of a block / 16 * 101 + percent in use; 0 is a free pool.
static void add_pools(const struct snapshot_pool **pools, size_t count, uint64_t arena,
                      struct json *json)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (pools[middle]->arena < arena)
            low = middle + 1;
        else
            high = middle;
    }
    json_begin(json, "pools", '[');
    for (; low < count && pools[low]->arena == arena; low++) {
        const struct snapshot_pool *pool = pools[low];
        const uint64_t percent = pool->capacity ? (uint64_t)pool->used * 100 / pool->capacity : 0;
        json_count(json, NULL,
                   pool->used ? pool->block_bytes / 16 * 101 + (percent > 100 ? 100 : percent) : 0);
    }
    json_end(json, ']');
}

static struct error *add_arenas(const struct report *r, struct json *json)
{
    const struct fragments *f = r->fragments;
    const struct snapshot *s = r->s;
    _cleanup_free_ const struct snapshot_pool **pools =
        malloc(((size_t)s->pool_count + 1) * sizeof *pools);
    uint64_t told = 0;
    if (!pools)
        return &error_no_memory;
    for (uint32_t i = 0; i < s->pool_count; i++)
        pools[i] = &s->pools[i];
    qsort(pools, s->pool_count, sizeof *pools, by_address);
    json_count(json, "arena_count", f->arena_count);
    json_begin(json, "arenas", '[');
    for (uint32_t i = 0; i < f->arena_count && i < ARENAS_MAX; i++) {
        const struct fragment_arena *arena = &f->arenas[i];
        json_begin(json, NULL, '{');
        json_address(json, "address", arena->address);
        json_count(json, "capacity", arena->capacity_bytes);
        json_count(json, "used", arena->used_bytes);
        json_count(json, "objects", arena->object_count);
        if (arena->type != ORDINAL_NONE) {
            json_count(json, "type", arena->type);
            json_count(json, "type_count", arena->type_count);
        }
        told += arena->pool_count;
        if (told <= POOLS_MAX)
            add_pools(pools, s->pool_count, arena->address, json);
        json_end(json, '}');
    }
    json_end(json, ']');
    return NULL;
}

// ---- the trace ----

static void add_trace(const struct report *r, struct json *json)
{
    const struct gil_timeline *g = r->in.gil;
    struct strbuf name;
    if (!g)
        return;
    strbuf_init(&name);
    json_begin(json, "gil", '{');
    json_count(json, "window_ns", g->end_ns - g->begin_ns);
    json_count(json, "held_ns", g->held_ns);
    json_count(json, "wait_ns", g->wait_ns);
    json_count(json, "handoffs", g->handoffs);
    json_begin(json, "threads", '[');
    for (size_t i = 0; i < g->threads.count; i++) {
        const struct gil_thread *thread = g->threads.items[i];
        strbuf_clear(&name);
        event_source_add_thread(r->in.source, thread->tid, &name);
        json_begin(json, NULL, '{');
        json_count(json, "tid", thread->tid);
        json_text(json, "name", strbuf_text(&name));
        json_count(json, "held_ns", thread->held_ns);
        json_count(json, "wait_ns", thread->wait_ns);
        json_end(json, '}');
    }
    json_end(json, ']');
    json_end(json, '}');
    json_begin(json, "gc", '[');
    for (unsigned i = 0; i < COLLECTION_GENERATIONS; i++) {
        const struct collection_sum *sum = &r->in.collections->sums[i];
        json_begin(json, NULL, '{');
        json_count(json, "runs", sum->runs);
        json_count(json, "time_ns", sum->total_ns);
        json_count(json, "examined", sum->examined);
        json_count(json, "freed", sum->freed);
        json_end(json, '}');
    }
    json_end(json, ']');
    json_begin(json, "sites", '{');
    const struct allocs_group *total = &r->in.allocs->groups.items[ALLOCS_TOTAL];
    json_count(json, "allocs", total->allocs);
    json_count(json, "allocated_bytes", total->allocated_bytes);
    json_count(json, "leaked", total->kept);
    json_count(json, "leaked_bytes", total->kept_bytes);
    json_count(json, "lines", r->in.allocs->groups.count - ALLOCS_FIRST);
    json_end(json, '}');
    strbuf_deinit(&name);
}

static void add_object(const struct report *r, struct json *json)
{
    const uint32_t o = r->in.object;
    if (o == ORDINAL_NONE)
        return;
    json_begin(json, "object", '{');
    json_address(json, "address", r->s->address[o]);
    json_count(json, "size", snapshot_size(r->s, o));
    json_count(json, "retained", r->leaks->dominators->retained[o]);
    json_count(json, "refcount", r->s->refcount[o]);
    json_count(json, "explained", r->s->explained[o]);
    json_count(json, "ways", r->ways->count);
    json_count(json, "references", r->ways->total);
    if (r->in.history) {
        json_count(json, "takes", r->in.history->takes);
        json_count(json, "drops", r->in.history->drops);
        json_count(json, "changes", r->in.history->steps.count);
    }
    json_end(json, '}');
}

struct error *report_add_data(const struct report *r, struct strbuf *out)
{
    struct json json = {.out = out};
    json_begin(&json, NULL, '{');
    json_text(&json, "made_by", "brille " BRILLE_VERSION);
    json_begin(&json, "heap", '{');
    ndjson_add_heap(r->s, &json);
    json_end(&json, '}');
    json_text(&json, "name", r->name);
    json_count(&json, "dumps", r->in.count);
    json_bool(&json, "values", r->in.values);
    add_totals(r, &json);
    add_findings(r, &json);
    TRY(add_types(r, &json));
    add_holders(r, &json);
    TRY(add_arenas(r, &json));
    add_trace(r, &json);
    add_object(r, &json);
    json_end(&json, '}');
    return NULL;
}
