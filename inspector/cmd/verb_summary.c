// brille summary: a heap in one screen.
#include "inspector/analysis/histogram.h"
#include "inspector/analysis/leaks.h"
#include "inspector/analysis/residence.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/sections.h"

struct totals {
    uint64_t size_bytes;
    uint64_t generation_count[8], generation_bytes[8];
    uint64_t immortal_count, unexplained_count;
    uint64_t unreachable_count, unreachable_bytes; // garbage: immortals need no root
    uint64_t pool_bytes, used_bytes, free_pool_count, free_pool_bytes, free_block_bytes;
};

static void add_up(const struct snapshot *s, struct totals *t)
{
    for (uint32_t o = 0; o < s->object_count; o++) {
        const uint64_t size = snapshot_size(s, o);
        const int generation = snapshot_tracked(s, o) ? snapshot_generation(s, o) : GENERATION_NONE;
        t->size_bytes += size;
        t->generation_count[generation]++;
        t->generation_bytes[generation] += size;
        t->immortal_count += snapshot_immortal(s, o);
        t->unexplained_count += snapshot_unexplained(s, o) != 0;
    }
    const uint64_t pool_bytes = residence_pool_bytes(s);
    for (uint32_t i = 0; i < s->pool_count; i++) {
        const struct snapshot_pool *pool = &s->pools[i];
        t->pool_bytes += pool_bytes;
        t->used_bytes += (uint64_t)pool->used * pool->block_bytes;
        if (pool->used == 0) {
            t->free_pool_count++;
            t->free_pool_bytes += pool_bytes;
        } else if (pool->capacity > pool->used) {
            t->free_block_bytes += (uint64_t)(pool->capacity - pool->used) * pool->block_bytes;
        }
    }
}

static void add_sentence(struct verb *verb, const struct snapshot *s, const struct totals *t,
                         const struct leaks *leaks)
{
    struct strbuf who;
    strbuf_init(&who);
    const bool known = leaks->count && snapshot_has_references(s);
    if (known) {
        const struct leak *leak = &leaks->items[0];
        struct formatted share =
            format_share((double)leak->retained_bytes, (double)leaks->heap_bytes);
        if (leak->cause == CAUSE_CYCLES) {
            strbuf_addf(&who, "; garbage in cycles is %s of it", share.text);
        } else if (leak->object == ORDINAL_NONE) {
            strbuf_addf(&who, "; native code holds %s of it", share.text);
        } else {
            strbuf_add(&who, "; one ");
            snapshot_add_type_name(s, s->type[leak->object], &who);
            strbuf_addf(&who, " holds %s of it", share.text);
        }
        if (leak->expression)
            strbuf_addf(&who, ": %s", leak->expression);
    }
    verb_add_answer(verb, "%s in %s objects%s%s", format_bytes(t->size_bytes).text,
                    format_count(s->object_count).text, strbuf_text(&who),
                    known && leaks->items[0].expression ? "" : ".");
    strbuf_deinit(&who);
}

static void part(struct table *table, uint64_t count, uint64_t size, uint64_t whole,
                 const char *what)
{
    if (count)
        table_number(table, count);
    else
        table_absent(table);
    table_number(table, size);
    table_share(table, (double)size, (double)whole);
    table_text(table, what);
}

static void add_up_unreachable(const struct snapshot *s, const struct dominators *d,
                               struct totals *t)
{
    for (uint32_t o = 0; o < s->object_count; o++)
        if (d->parent[o] == DOMINATOR_NONE && !snapshot_immortal(s, o)) {
            t->unreachable_count++;
            t->unreachable_bytes += snapshot_size(s, o);
        }
}

static struct error *add_parts(struct verb *verb, const struct snapshot *s, const struct totals *t,
                               const struct residence *r)
{
    static const struct column columns[] = {{"count", NULL, UNIT_COUNT},
                                            {"size", NULL, UNIT_BYTES},
                                            {"share", NULL, UNIT_SHARE},
                                            {"what", NULL, UNIT_TEXT}};
    static const char *const generations[] = {"in generation 0", "in generation 1",
                                              "in generation 2", "permanent (gc.freeze)"};
    struct table table;
    const uint64_t whole = r->known            ? r->resident_bytes
                           : s->info.rss_bytes ? s->info.rss_bytes
                                               : t->size_bytes;
    table_init(&table, columns, 4);
    part(&table, s->object_count, t->size_bytes, whole, "objects");
    for (unsigned g = 0; g <= GENERATION_PERMANENT; g++)
        if (t->generation_count[g])
            part(&table, t->generation_count[g], t->generation_bytes[g], whole, generations[g]);
    if (t->generation_count[GENERATION_NONE])
        part(&table, t->generation_count[GENERATION_NONE], t->generation_bytes[GENERATION_NONE],
             whole, "not tracked by the collector");
    if (t->unreachable_count)
        part(&table, t->unreachable_count, t->unreachable_bytes, whole,
             "unreachable: garbage in cycles, not collected yet");
    if (s->pool_count) {
        part(&table, 0, t->free_block_bytes, whole, "free blocks in used pools");
        part(&table, t->free_pool_count, t->free_pool_bytes, whole, "free pools");
    }
    if (s->info.rss_bytes && (!r->known || verb->tsv))
        part(&table, 0, s->info.rss_bytes, whole, "resident memory of the process");
    struct error *err = verb_add_table(verb, &table);
    table_deinit(&table);
    return err;
}

// Where the resident memory is: of Python, or of nobody that Python knows.
static struct error *add_residence(struct verb *verb, const struct residence *r)
{
    static const struct column columns[] = {
        {"resident", NULL, UNIT_BYTES}, {"share", NULL, UNIT_SHARE}, {"where", NULL, UNIT_TEXT}};
    char files[64], stacks[64];
    if (!r->known || verb->tsv)
        return NULL;
    snprintf(files, sizeof files, "code and data of %u files", r->file_count);
    snprintf(stacks, sizeof stacks, "stack%s of %u thread%s", r->stack_count == 1 ? "" : "s",
             r->stack_count, r->stack_count == 1 ? "" : "s");
    const struct {
        uint64_t bytes;
        const char *what;
    } rows[] = {
        {r->pool_bytes, "pools: Python's objects and tables up to 512 bytes"},
        {r->large_bytes, "Python's larger objects and tables"},
        {r->other_bytes, "not Python's objects: native code's malloc and mmap, and free memory"},
        {r->file_bytes + r->data_bytes, files},
        {r->stack_bytes, stacks},
        {r->shared_bytes, "shared memory"},
        {r->resident_bytes, "resident memory of the process"},
    };
    struct table table;
    table_init(&table, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].bytes)
            continue;
        table_number(&table, rows[i].bytes);
        table_share(&table, (double)rows[i].bytes, (double)r->resident_bytes);
        table_text(&table, rows[i].what);
    }
    struct error *err = verb_add_table(verb, &table);
    table_deinit(&table);
    return err;
}

static void add_json_residence(const struct residence *r, struct json *json)
{
    if (!r->known) {
        json_null(json, "residence");
        return;
    }
    json_begin(json, "residence", '{');
    json_count(json, "resident", r->resident_bytes);
    json_count(json, "pools", r->pool_bytes);
    json_count(json, "large_objects", r->large_bytes);
    json_count(json, "not_python", r->other_bytes);
    json_count(json, "files", r->file_bytes);
    json_count(json, "file_data", r->data_bytes);
    json_count(json, "stacks", r->stack_bytes);
    json_count(json, "shared", r->shared_bytes);
    json_end(json, '}');
}

static void add_threads(struct verb *verb, const struct snapshot *s)
{
    if (s->thread_count == 0 || verb->tsv)
        return;
    strbuf_addf(&verb->out, "\n  %s thread%s", format_count(s->thread_count).text,
                s->thread_count == 1 ? "" : "s");
    for (uint32_t i = 0; i < s->thread_count; i++)
        if (s->threads[i].gil == GIL_HOLDER)
            strbuf_addf(&verb->out, "; %s holds the GIL", snapshot_string(s, s->threads[i].name));
    strbuf_add_char(&verb->out, '\n');
}

static struct error *answer_json(struct verb *verb, struct snapshot *s, const struct totals *t,
                                 const struct residence *residence, const struct leaks *leaks)
{
    const struct sections_heap heap = {s, leaks->dominators};
    struct json json;
    verb_begin_json(verb, s, &json);
    json_count(&json, "size", t->size_bytes);
    json_count(&json, "reachable_count", leaks->dominators->reachable_count);
    json_count(&json, "unreachable_count", t->unreachable_count);
    json_count(&json, "unreachable_bytes", t->unreachable_bytes);
    json_begin(&json, "generations", '[');
    for (unsigned g = 0; g < 3; g++)
        json_count(&json, NULL, t->generation_count[g]);
    json_end(&json, ']');
    json_count(&json, "permanent_count", t->generation_count[GENERATION_PERMANENT]);
    json_count(&json, "untracked_count", t->generation_count[GENERATION_NONE]);
    json_count(&json, "immortal_count", t->immortal_count);
    json_count(&json, "unexplained_count", t->unexplained_count);
    json_count(&json, "dangling_reference_count", s->info.dangling_reference_count);
    json_count(&json, "type_count", s->type_count);
    json_count(&json, "root_count", s->root_count);
    json_count(&json, "thread_count", s->thread_count);
    json_count(&json, "pool_count", s->pool_count);
    json_count(&json, "free_pool_count", t->free_pool_count);
    json_count(&json, "free_block_bytes", t->free_block_bytes);
    add_json_residence(residence, &json);
    if (leaks->count) {
        json_begin(&json, "biggest", '{');
        if (leaks->items[0].object != ORDINAL_NONE)
            json_address(&json, "address", s->address[leaks->items[0].object]);
        else
            json_null(&json, "address");
        json_count(&json, "retained", leaks->items[0].retained_bytes);
        json_text(&json, "path", leaks->items[0].path);
        json_end(&json, '}');
    }
    TRY(sections_add_summary(verb, &heap, &json));
    verb_end_json(verb, &json);
    return NULL;
}

static struct error *answer(struct verb *verb, const char *target, struct snapshot *s)
{
    struct totals totals = {0};
    struct residence residence;
    _cleanup_(leaks_destroy_at) struct leaks *leaks = NULL;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EDGES));
    add_up(s, &totals);
    TRY(leaks_create(&s, 1, 0, &leaks));
    TRY(residence_find(s, &residence));
    add_up_unreachable(s, leaks->dominators, &totals);
    verb_add_heading(verb, s, target);
    if (verb->json)
        return answer_json(verb, s, &totals, &residence, leaks);
    add_sentence(verb, s, &totals, leaks);
    TRY(add_parts(verb, s, &totals, &residence));
    TRY(add_residence(verb, &residence));
    const struct sections_heap heap = {s, leaks->dominators};
    TRY(sections_add_summary(verb, &heap, NULL));
    add_threads(verb, s);
    log_next("brille leaks %s", target);
    return NULL;
}

// ---- one section ----

static struct error *no_such_section(const char *name)
{
    struct strbuf names;
    strbuf_init(&names);
    for (const struct section *section = sections; section->name; section++)
        strbuf_addf(&names, "%s%s", section == sections ? "" : ", ", section->name);
    struct error *err = error_add_try(
        error_create(ERROR_USAGE, "summary has no section '%s'", name), "%s", strbuf_text(&names));
    strbuf_deinit(&names);
    return err;
}

static struct error *answer_section(struct verb *verb, const char *target, struct snapshot *s,
                                    const struct section *section, uint64_t limit)
{
    _cleanup_(dominators_destroy_at) struct dominators *d = NULL;
    struct json json;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(dominators_create(s, &d));
    const struct sections_heap heap = {s, d};
    verb_add_heading(verb, s, target);
    if (verb->json)
        verb_begin_json(verb, s, &json);
    TRY(section->show(verb, &heap, limit, &json));
    if (verb->json)
        verb_end_json(verb, &json);
    return NULL;
}

struct error *verb_summary(struct verb *verb)
{
    const char *name = NULL;
    uint64_t limit = 20;
    const struct option options[] = {
        {"section", 's', OPTION_TEXT, &name, "NAME", "one of the sections below, in full"},
        {"limit", 'n', OPTION_COUNT, &limit, "N", "rows of a section (default 20)"},
        VERB_HEAP_OPTIONS(verb),
        {0}};
    _cleanup_(snapshot_destroy_at) struct snapshot *s = NULL;
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done) {
        strbuf_add(&verb->out, "\nsections:\n");
        for (const struct section *section = sections; section->name; section++)
            strbuf_addf(&verb->out, "  %-14s %s\n", section->name, section->doc);
        return NULL;
    }
    const struct section *section = name ? section_find(name) : NULL;
    if (name && !section)
        return no_such_section(name);
    TRY(verb_open_heap(verb, verb->arguments.items[0], &s));
    if (section)
        return answer_section(verb, verb->arguments.items[0], s, section, limit);
    return answer(verb, verb->arguments.items[0], s);
}
