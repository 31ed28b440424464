// What a snapshot does by itself: loading parts, explaining reference counts, turning edges around,
// finding objects, and naming things for people.
#include "inspector/model/snapshot.h"

#include "inspector/base/format.h"
#include "inspector/base/huge.h"
#include "inspector/model/heap_file.h"
#include "inspector/model/tally.h"

#include <stdlib.h>
#include <string.h>

static void free_column(const struct snapshot *s, void *column)
{
    if (!spool_set_owns(&s->spools, column))
        free(column);
}

void snapshot_destroy(struct snapshot *s)
{
    if (!s)
        return;
    arena_deinit(&s->arena);
    if (spool_set_owns(&s->spools, s->strings.blob))
        s->strings.blob = NULL;
    if (spool_set_owns(&s->spools, s->strings.begin))
        s->strings.begin = NULL;
    strtab_deinit(&s->strings);
    shape_table_deinit(&s->shapes);
    free_column(s, s->address);
    free_column(s, s->size);
    free_column(s, s->refcount);
    free_column(s, s->type);
    free_column(s, s->flags);
    free_column(s, s->epoch);
    free(s->big);
    free_column(s, s->label);
    free_column(s, s->edge_begin);
    free_column(s, s->targets);
    free_column(s, s->shape);
    free_column(s, s->explained);
    free(s->weak_edges);
    free(s->referrer_begin);
    free(s->referrers);
    free(s->types);
    free(s->roots);
    free(s->threads);
    free(s->frames);
    free_column(s, s->pools);
    free(s->areas);
    free(s->blocks);
    heap_file_close(s->file);
    spool_set_deinit(&s->spools);
    free(s);
}

// ---- parts ----

// Counts the edges of one object by class, and marks those that do not retain.
static struct error *explain_mixed(struct snapshot *s, uint32_t o, struct tally *explained)
{
    uint64_t e = s->edge_begin[o];
    struct edge edge;
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge); e++) {
        if (edge_class_counts(edge.class))
            TRY(tally_up(explained, edge.target));
        if (edge_class_retains(edge.class))
            continue;
        if (!s->weak_edges)
            s->weak_edges = calloc(s->reference_count / 64 + 1, sizeof *s->weak_edges);
        if (!s->weak_edges)
            return &error_no_memory;
        s->weak_edges[e / 64] |= UINT64_C(1) << (e % 64);
    }
    return NULL;
}

static struct error *explain_all(struct snapshot *s, struct tally *explained)
{
    for (uint32_t o = 0; o < s->object_count; o++) {
        const uint32_t shape = s->shape[o];
        if (o % SNAPSHOT_STEP == 0)
            spool_set_drop(&s->spools);
        if (!shape_all_count(&s->shapes, shape) || !shape_all_retain(&s->shapes, shape))
            TRY(explain_mixed(s, o, explained));
        else
            for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++)
                TRY(tally_up(explained, s->targets[e]));
    }
    for (uint32_t i = 0; i < s->root_count; i++)
        if (edge_class_counts(s->roots[i].class))
            TRY(tally_up(explained, s->roots[i].target));
    return NULL;
}

struct error *snapshot_tally(struct snapshot *s, struct tally *ret)
{
    TRY(tally_init(ret, s->object_count));
    struct error *err = explain_all(s, ret);
    if (err)
        tally_deinit(ret);
    return err;
}

struct error *snapshot_explain(struct snapshot *s)
{
    _cleanup_(tally_deinit) struct tally tally = {0};
    TRY(snapshot_tally(s, &tally));
    uint32_t *explained = huge_malloc((uint64_t)s->object_count + 1, sizeof *explained);
    if (!explained)
        return &error_no_memory;
    for (uint32_t o = 0; o < s->object_count; o++)
        explained[o] = tally_get(&tally, o);
    free(s->explained);
    s->explained = explained;
    return NULL;
}

// Counting sort of the edges by target: one pass to count, one to place. Sources come out rising
// because they are placed in rising order.
static struct error *build_referrers(struct snapshot *s)
{
    const uint32_t n = s->object_count;
    uint64_t *begin = huge_calloc((uint64_t)n + 2, sizeof *begin);
    uint32_t *referrers = huge_malloc(s->reference_count + 1, sizeof *referrers);
    if (!begin || !referrers) {
        free(begin);
        free(referrers);
        return &error_no_memory;
    }
    // begin[t + 2] counts, the sum makes begin[t + 1] the place of t's first referrer, and placing
    // moves it on to where t + 1 begins.
    for (uint64_t e = 0; e < s->reference_count; e++)
        begin[(size_t)s->targets[e] + 2]++;
    for (uint32_t t = 0; t < n; t++)
        begin[(size_t)t + 2] += begin[(size_t)t + 1];
    for (uint32_t o = 0; o < n; o++)
        for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++)
            referrers[begin[(size_t)s->targets[e] + 1]++] = o;
    s->referrer_begin = begin;
    s->referrers = referrers;
    return NULL;
}

struct error *snapshot_load(struct snapshot *s, unsigned parts)
{
    if (parts & SNAPSHOT_REFERRERS)
        parts |= SNAPSHOT_EDGES;
    unsigned missing = parts & ~s->loaded;
    if (missing & ~(unsigned)SNAPSHOT_REFERRERS) {
        assert(s->file);
        TRY(heap_file_load(s, missing & ~(unsigned)SNAPSHOT_REFERRERS));
    }
    if (missing & SNAPSHOT_REFERRERS) {
        TRY(build_referrers(s));
        s->loaded |= SNAPSHOT_REFERRERS;
    }
    return NULL;
}

// ---- looking up ----

uint64_t snapshot_big_size(const struct snapshot *s, uint32_t o)
{
    uint32_t low = 0, high = s->big_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (s->big[middle].object < o)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->big_count && s->big[low].object == o ? s->big[low].size_bytes : s->size[o];
}

// The first ordinal whose address is above `address`.
static uint32_t upper_bound(const struct snapshot *s, uint64_t address)
{
    uint32_t low = 0, high = s->object_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (s->address[middle] <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t snapshot_find(const struct snapshot *s, uint64_t address)
{
    assert(s->loaded & SNAPSHOT_ADDRESSES);
    const uint32_t above = upper_bound(s, address);
    return above > 0 && s->address[above - 1] == address ? above - 1 : ORDINAL_NONE;
}

uint32_t snapshot_find_containing(const struct snapshot *s, uint64_t address)
{
    assert((s->loaded & SNAPSHOT_COLUMNS) == SNAPSHOT_COLUMNS);
    const uint32_t above = upper_bound(s, address);
    if (above == 0)
        return ORDINAL_NONE;
    const uint64_t offset = address - s->address[above - 1];
    return offset == 0 || offset < snapshot_size(s, above - 1) ? above - 1 : ORDINAL_NONE;
}

bool snapshot_find_edge(const struct snapshot *s, uint32_t source, uint32_t target,
                        struct edge *edge)
{
    bool found = false;
    struct edge candidate;
    for (struct edge_iter it = snapshot_edges(s, source); edge_iter_next(&it, &candidate);) {
        if (candidate.target != target)
            continue;
        const bool retains = edge_class_retains(candidate.class);
        if (!found || retains)
            *edge = candidate;
        found = true;
        if (retains)
            break;
    }
    return found;
}

// ---- names ----

void snapshot_add_type_name(const struct snapshot *s, uint32_t type, struct strbuf *out)
{
    if (type >= s->type_count) {
        strbuf_add(out, "?");
        return;
    }
    const struct snapshot_type *row = &s->types[type];
    const char *module = snapshot_string(s, row->module);
    if (*module && strcmp(module, "builtins") != 0) {
        strbuf_add(out, module);
        strbuf_add_char(out, '.');
    }
    const char *name = snapshot_string(s, row->name);
    strbuf_add(out, *name ? name : "?");
}

bool snapshot_shows_label(const struct snapshot *s, uint32_t o)
{
    static const char *const NAMED[] = {
        "function", "builtin_function_or_method", "module", "type", "code", "method", "frame"};
    if (!s->label[o] || !s->values_hidden)
        return s->label[o] != 0;
    const char *type = snapshot_string(s, s->types[s->type[o]].name);
    for (size_t i = 0; i < sizeof NAMED / sizeof *NAMED; i++)
        if (strcmp(type, NAMED[i]) == 0)
            return true;
    return false;
}

void snapshot_add_edge_name(const struct snapshot *s, const struct edge *edge, struct strbuf *out)
{
    if (edge->name == EDGE_NAME_NONE)
        return;
    if (s->values_hidden && (edge->kind == EDGE_VALUE || edge->kind == EDGE_KEY)) {
        strbuf_add(out, edge->kind == EDGE_VALUE ? "[*]" : "*");
        return;
    }
    const bool brackets = edge->kind == EDGE_ITEM || edge->kind == EDGE_VALUE;
    if (brackets)
        strbuf_add_char(out, '[');
    if (edge_name_is_index(edge->name))
        strbuf_addf(out, "%u", edge_name_value(edge->name));
    else
        strbuf_add_bytes(out, snapshot_string(s, edge->name),
                         strtab_length(&s->strings, edge->name));
    if (brackets)
        strbuf_add_char(out, ']');
}

void snapshot_add_root_name(const struct snapshot *s, const struct snapshot_root *root,
                            struct strbuf *out)
{
    const char *name = snapshot_string(s, root->name);
    if (root->kind == ROOT_FRAME && root->frame < s->frame_count) {
        const struct snapshot_frame *frame = &s->frames[root->frame];
        strbuf_addf(out, "%s in %s", *name ? name : "a temporary",
                    snapshot_string(s, frame->function));
        if (frame->file)
            strbuf_addf(out, " (%s:%u)", snapshot_string(s, frame->file), frame->line);
        return;
    }
    strbuf_add(out, root_kind_word(root->kind));
    if (*name)
        strbuf_addf(out, " %s", name);
    if (root->thread < s->thread_count)
        strbuf_addf(out, " of %s", snapshot_string(s, s->threads[root->thread].name));
}

void snapshot_add_object_name(const struct snapshot *s, uint32_t o, struct strbuf *out)
{
    snapshot_add_type_name(s, s->type[o], out);
    strbuf_addf(out, " %s", format_address(s->address[o]).text);
}

// ---- invariants ----

static void check_rows(const struct snapshot *s)
{
    for (uint32_t i = 0; i < s->root_count; i++) {
        const struct snapshot_root *root = &s->roots[i];
        assert(root->target < s->object_count);
        assert(root->kind < ROOT_KIND_COUNT && root->class < EDGE_CLASS_COUNT);
        assert(root->frame == ORDINAL_NONE || root->frame < s->frame_count);
        assert(root->thread == ORDINAL_NONE || root->thread < s->thread_count);
        assert(root->name < s->strings.count);
        (void)root;
    }
    for (uint32_t i = 0; i < s->thread_count; i++) {
        assert(s->threads[i].frame_begin <= s->frame_count);
        assert(s->threads[i].frame_count <= s->frame_count - s->threads[i].frame_begin);
        assert(s->threads[i].name < s->strings.count);
    }
    for (uint32_t i = 0; i < s->type_count; i++) {
        assert(s->types[i].object == ORDINAL_NONE || s->types[i].object < s->object_count);
        assert(s->types[i].name < s->strings.count && s->types[i].module < s->strings.count);
    }
    (void)s;
}

void snapshot_check(const struct snapshot *s)
{
    check_rows(s);
    if ((s->loaded & SNAPSHOT_COLUMNS) == SNAPSHOT_COLUMNS)
        for (uint32_t o = 0; o < s->object_count; o++) {
            assert(o == 0 || s->address[o - 1] < s->address[o]);
            assert(s->type[o] < s->type_count);
        }
    if (s->loaded & SNAPSHOT_LABELS)
        for (uint32_t o = 0; o < s->object_count; o++)
            assert(s->label[o] < s->strings.count);
    if (!(s->loaded & SNAPSHOT_EDGES))
        return;
    assert(s->edge_begin[0] == 0 && s->edge_begin[s->object_count] == s->reference_count);
    uint64_t counted = 0, explained = 0;
    for (uint32_t o = 0; o < s->object_count; o++) {
        assert(s->edge_begin[o] <= s->edge_begin[o + 1]);
        assert(s->shape[o] < s->shapes.count);
        assert(shape_edge_count(&s->shapes, s->shape[o]) ==
               s->edge_begin[o + 1] - s->edge_begin[o]);
        struct edge edge;
        for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);) {
            assert(edge.target < s->object_count);
            assert(edge_name_is_index(edge.name) || edge.name < s->strings.count);
            counted += edge_class_counts(edge.class);
        }
        explained += s->explained[o];
    }
    for (uint32_t i = 0; i < s->root_count; i++)
        counted += edge_class_counts(s->roots[i].class);
    assert(counted == explained);
    (void)counted;
    (void)explained;
}
