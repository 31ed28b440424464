// brille allocs: where memory is allocated, by line, function, type or size, and what of it stays.
//
// Two questions with one table each. Without --leaked: who allocates, how much of it lives at once,
// how fast. With it: what was made while we looked and still lives at the end, most bytes first;
// that is no proof of a leak, and `brille path` says what keeps an object of the first row alive.
//
// All figures are exact as long as no event is missing. Where some are, a warning says how many
// allocations and frees, and about how many bytes that is.
#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/cmd/events.h"
#include "inspector/export/stacks.h"
#include "inspector/trace/allocs.h"
#include "inspector/trace/classes.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOR_DEFAULT_S = 5, ROWS_DEFAULT = 20, STRIP = 24, STRIP_NARROW = 12, NARROW = 100 };

typedef uint64_t (*measure)(const struct allocs_group *group);

struct view {
    struct verb *verb;
    const char *target, *by, *sort;
    uint64_t limit, for_ns;
    struct events_part part;
    bool leaked, folded;
    measure measure;
    struct event_source *source;
    struct allocs *allocs;
    uint32_t *rows; // groups, in order
    size_t row_count;
};

// ---- what is asked ----

static uint64_t live_of(const struct allocs_group *group)
{
    return group->live_bytes;
}

static uint64_t peak_of(const struct allocs_group *group)
{
    return group->peak_bytes;
}

static uint64_t allocated_of(const struct allocs_group *group)
{
    return group->allocated_bytes;
}

static uint64_t allocs_of(const struct allocs_group *group)
{
    return group->allocs;
}

static uint64_t frees_of(const struct allocs_group *group)
{
    return group->frees;
}

static uint64_t leaked_of(const struct allocs_group *group)
{
    return group->kept_bytes;
}

static const struct {
    const char *name;
    measure measure;
} SORTS[] = {
    {"peak", peak_of},     {"live", live_of},   {"allocated", allocated_of},
    {"allocs", allocs_of}, {"frees", frees_of}, {"leaked", leaked_of},
};

static const char *const BYS[] = {
    [ALLOCS_LINE] = "line",
    [ALLOCS_FUNCTION] = "function",
    [ALLOCS_TYPE] = "type",
    [ALLOCS_SIZE] = "size",
};

static struct error *parse_sort(struct view *v)
{
    if (!v->sort)
        v->sort = v->leaked ? "leaked" : v->folded ? "allocated" : "peak";
    for (size_t i = 0; i < sizeof SORTS / sizeof *SORTS; i++)
        if (strcmp(v->sort, SORTS[i].name) == 0)
            v->measure = SORTS[i].measure;
    if (!v->measure)
        return error_add_try(error_create(ERROR_USAGE, "--sort does not know '%s'", v->sort),
                             "peak, live, allocated, allocs, frees, leaked");
    if (v->folded && v->measure == peak_of)
        return error_add_why(error_create(ERROR_USAGE, "--folded cannot show peaks"),
                             "each stack has its own at another time: they do not add up");
    return NULL;
}

static struct error *parse_by(const struct view *v, enum allocs_by *ret)
{
    if (v->folded) {
        *ret = ALLOCS_STACK;
        return v->verb->json || v->verb->tsv
                   ? error_create(ERROR_USAGE, "--folded goes with neither --json nor --tsv")
                   : NULL;
    }
    for (size_t i = 0; i < sizeof BYS / sizeof *BYS; i++) {
        if (strcmp(v->by, BYS[i]) == 0) {
            *ret = (enum allocs_by)i;
            return NULL;
        }
    }
    return error_add_try(error_create(ERROR_USAGE, "--by does not know '%s'", v->by),
                         "line, function, type, size");
}

// ---- reading ----

static uint32_t line_of(void *context, uint32_t code, uint32_t site)
{
    const struct view *v = context;
    return event_source_line(v->source, code, site);
}

static const struct thread_stack *stack_of(void *context, uint32_t tid)
{
    const struct view *v = context;
    return trace_merge_stack(&v->source->reader.merge, tid);
}

static struct error *feed(void *context, const struct trace_event *event)
{
    return allocs_feed(context, event);
}

// `T.trace@12.5s`: the target without its moment, which ends the window.
static struct error *take_moment(const struct view *v, struct heap_argument *argument,
                                 const char **target)
{
    *target = v->target;
    if (!strchr(v->target, '@') || access(v->target, F_OK) == 0)
        return NULL;
    TRY(heap_argument_parse(v->target, argument));
    if (!argument->has_position)
        return NULL;
    *target = argument->path;
    if (argument->position.is_time)
        v->allocs->until_ns = argument->position.value;
    else
        v->allocs->until_seq = argument->position.value;
    return NULL;
}

// What can be asked of a process that emits nothing.
static struct error *explain(const struct view *v, struct error *err)
{
    if (!err || err->code != ERROR_UNSUPPORTED || strspn(v->target, "0123456789") == 0)
        return err;
    return error_add_try(err,
                         "brille leaks %s --every 10s --count 3 for what grows, or brille run "
                         "-e alloc PROG",
                         v->target);
}

static bool saw_allocations(const struct allocs *a)
{
    const struct allocs_group *total = &a->groups.items[ALLOCS_TOTAL];
    return (a->classes & TRACE_CLASS_ALLOC) || total->before || total->allocs || a->unknown_frees;
}

static struct error *no_allocations(const struct view *v)
{
    struct strbuf classes;
    strbuf_init(&classes);
    trace_classes_add(v->allocs->classes, &classes);
    struct error *err = error_add_try(
        error_add_why(error_create(ERROR_UNSUPPORTED, "%s has no allocations", v->target),
                      "it was recorded without the class alloc: %s", strbuf_text(&classes)),
        "brille run -e alloc PROG, or brille record PID -e alloc");
    strbuf_deinit(&classes);
    return err;
}

// ---- names ----

static void add_group_name(const struct view *v, uint32_t index, struct strbuf *out)
{
    const struct allocs_group *group = &v->allocs->groups.items[index];
    const struct definition *type;
    if (index == ALLOCS_BEFORE) {
        strbuf_add(out, "(there before)");
    } else if (index == ALLOCS_OTHERS) {
        strbuf_add(out, "(all others)");
    } else if (v->allocs->by == ALLOCS_TYPE) {
        type = trace_reader_type(&v->source->reader, group->type);
        if (type && *type->qualname && strcmp(type->qualname, "builtins") != 0)
            strbuf_addf(out, "%s.", type->qualname);
        strbuf_add(out, type ? type->name : "unknown");
    } else if (v->allocs->by == ALLOCS_SIZE) {
        const uint64_t end = group->size_end;
        const uint64_t begin = end <= 16 ? 0 : end <= 512 ? end - 15 : end / 2 + 1;
        strbuf_addf(out, "%s to ", format_bytes(begin).text);
        strbuf_add(out, format_bytes(end).text);
    } else if (!group->code) {
        strbuf_add(out, "(the interpreter itself)");
    } else {
        event_source_add_place(v->source, group->code, group->line, out);
    }
}

// ---- missing events ----

struct missing {
    uint64_t allocs, frees, resizes, overwritten;
};

static struct missing find_missing(const struct view *v)
{
    const struct ring_state *state = &v->source->reader.state;
    return (struct missing){.allocs = state->dropped_cold[TRACE_COLD_ALLOC],
                            .frees = state->dropped_cold[TRACE_COLD_FREE],
                            .resizes = state->dropped_cold[TRACE_COLD_RESIZE],
                            .overwritten = state->streams[TRACE_COLD].overwritten};
}

static void warn_of_missing(const struct view *v)
{
    const struct missing missing = find_missing(v);
    const struct allocs_group *total = &v->allocs->groups.items[ALLOCS_TOTAL];
    const uint64_t mean = total->allocs ? total->allocated_bytes / total->allocs : 0;
    const uint64_t most = missing.allocs > missing.frees ? missing.allocs : missing.frees;
    if (most)
        log_warning("not seen: %s allocations (about %s), %s frees; live may be off by that",
                    format_count(missing.allocs).text,
                    format_bytes(mean < UINT64_MAX / most ? mean * missing.allocs : 0).text,
                    format_count(missing.frees).text);
    if (missing.resizes)
        log_warning("not seen: %s changes of size", format_count(missing.resizes).text);
    if (missing.overwritten)
        log_warning("the beginning was overwritten: what was made there is not counted");
    if (v->allocs->unknown_frees)
        log_warning("%s frees are of objects whose making was not seen; they are not counted",
                    format_count(v->allocs->unknown_frees).text);
}

// ---- rows ----

static const struct view *sorting; // qsort has no context

static int by_measure(const void *left, const void *right)
{
    const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    const struct allocs_group *groups = sorting->allocs->groups.items;
    const uint64_t x = sorting->measure(&groups[a]), y = sorting->measure(&groups[b]);
    if (x != y)
        return x < y ? 1 : -1;
    return a < b ? -1 : a > b;
}

static struct error *sort_rows(struct view *v)
{
    const size_t count = v->allocs->groups.count;
    v->rows = malloc(count * sizeof *v->rows);
    if (!v->rows)
        return &error_no_memory;
    for (uint32_t i = ALLOCS_TOTAL + 1; i < count; i++)
        if (v->measure(&v->allocs->groups.items[i]))
            v->rows[v->row_count++] = i;
    sorting = v;
    qsort(v->rows, v->row_count, sizeof *v->rows, by_measure);
    return NULL;
}

static unsigned strip_columns(const struct view *v)
{
    return v->verb->width && v->verb->width < NARROW ? STRIP_NARROW : STRIP;
}

static void add_strip(const struct view *v, uint32_t index, struct table *table)
{
    char strip[ALLOCS_SLICES + 1];
    const struct allocs_series *series = &v->allocs->series.items[index];
    allocs_add_strip(v->allocs, v->leaked ? series->live : series->allocated, v->leaked,
                     strip_columns(v), strip);
    table_text(table, strip);
}

static void add_row(const struct view *v, uint32_t index, struct table *table)
{
    const struct allocs_group *group = &v->allocs->groups.items[index];
    struct strbuf name;
    strbuf_init(&name);
    if (v->leaked) {
        table_number(table, group->kept_bytes);
        table_number(table, group->kept);
        table_share(table, (double)group->kept, (double)group->allocs);
    } else {
        table_number(table, group->peak_bytes);
        table_number(table, group->live_bytes);
    }
    table_number(table, group->allocated_bytes);
    table_number(table, group->allocs);
    table_number(table, group->frees);
    add_strip(v, index, table);
    add_group_name(v, index, &name);
    table_text(table, strbuf_text(&name));
    strbuf_deinit(&name);
}

static size_t make_columns(const struct view *v, const char *title, struct column *columns)
{
    size_t count = 0;
    if (v->leaked) {
        columns[count++] = (struct column){"leaked_bytes", "stays", UNIT_BYTES};
        columns[count++] = (struct column){"leaked", "objects", UNIT_COUNT};
        columns[count++] = (struct column){"leaked_share", "of made", UNIT_SHARE};
    } else {
        columns[count++] = (struct column){"peak_bytes", "peak", UNIT_BYTES};
        columns[count++] = (struct column){"live_bytes", "live", UNIT_BYTES};
    }
    columns[count++] = (struct column){"allocated_bytes", "allocated", UNIT_BYTES};
    columns[count++] = (struct column){"allocs", NULL, UNIT_COUNT};
    columns[count++] = (struct column){"frees", NULL, UNIT_COUNT};
    columns[count++] = (struct column){"over_time", title, UNIT_TEXT};
    columns[count++] = (struct column){v->by, NULL, UNIT_TEXT};
    return count;
}

static uint64_t window_ns(const struct allocs *a)
{
    return a->end_ns - a->begin_ns;
}

static struct error *add_rows(const struct view *v)
{
    char title[60];
    struct column columns[8];
    struct table table;
    snprintf(title, sizeof title, "%s, %s each", v->leaked ? "live" : "rate",
             format_time_ns(window_ns(v->allocs) / strip_columns(v)).text);
    table_init(&table, columns, make_columns(v, title, columns));
    for (size_t i = 0; i < v->row_count && i < v->limit; i++)
        add_row(v, v->rows[i], &table);
    struct error *err = verb_add_table(v->verb, &table);
    table_deinit(&table);
    if (!err && !v->verb->tsv && v->row_count > v->limit)
        strbuf_addf(&v->verb->out, "%s more (-n)\n", format_count(v->row_count - v->limit).text);
    return err;
}

// ---- the sentence ----

static void add_leader(const struct view *v, struct strbuf *text)
{
    const struct allocs_group *groups = v->allocs->groups.items;
    if (!v->row_count || v->rows[0] < ALLOCS_FIRST)
        return;
    const uint64_t part = v->measure(&groups[v->rows[0]]), whole = v->measure(&groups[0]);
    strbuf_addf(text, " Most, %s: ", format_share((double)part, (double)whole).text);
    add_group_name(v, v->rows[0], text);
    strbuf_add_char(text, '.');
}

// Of samples, how far off the totals may be.
static void add_estimate(const struct view *v, const struct allocs_group *total,
                         struct strbuf *text)
{
    if (!v->allocs->sample_bytes)
        return;
    strbuf_addf(text, " Estimated from %s samples, ", format_count(v->allocs->samples).text);
    strbuf_addf(text, "one in %s; ", format_bytes(v->allocs->sample_bytes).text);
    const double variance = v->leaked ? total->kept_variance : total->allocated_variance;
    strbuf_addf(text, "%s is right to ", v->leaked ? "what stays" : "what was allocated");
    strbuf_addf(text, "+-%s in 95 of 100 cases.",
                format_bytes((uint64_t)allocs_error_bytes(variance)).text);
}

static void add_sentence(const struct view *v)
{
    const struct allocs_group *total = &v->allocs->groups.items[ALLOCS_TOTAL];
    const uint64_t window = window_ns(v->allocs);
    struct strbuf text;
    strbuf_init(&text);
    if (!total->allocs) {
        strbuf_addf(&text, "No allocation in %s.", format_time_ns(window).text);
    } else if (v->leaked) {
        strbuf_addf(&text, "%s of ", format_count(total->kept).text);
        strbuf_addf(&text, "%s objects that were made in ", format_count(total->allocs).text);
        strbuf_addf(&text, "%s are still alive: ", format_time_ns(window).text);
        strbuf_addf(&text, "%s.", format_bytes(total->kept_bytes).text);
        add_leader(v, &text);
    } else {
        const double seconds = window ? (double)window / 1e9 : 1;
        strbuf_addf(&text, "%s allocated ", format_bytes(total->allocated_bytes).text);
        strbuf_addf(&text, "in %s objects ", format_count(total->allocs).text);
        strbuf_addf(&text, "in %s ", format_time_ns(window).text);
        strbuf_addf(&text, "(%s/s); ",
                    format_bytes((uint64_t)((double)total->allocated_bytes / seconds)).text);
        strbuf_addf(&text, "live at most %s, ", format_bytes(total->peak_bytes).text);
        strbuf_addf(&text, "at the end %s.", format_bytes(total->live_bytes).text);
        add_leader(v, &text);
    }
    add_estimate(v, total, &text);
    verb_add_answer(v->verb, "%s", strbuf_text(&text));
    strbuf_deinit(&text);
}

static void suggest(const struct view *v)
{
    const uint64_t example = v->leaked && v->row_count ? allocs_example(v->allocs, v->rows[0]) : 0;
    if (!v->leaked)
        log_next("brille allocs %s --leaked    what of it stays", v->target);
    else if (example && v->source->live)
        log_next("brille path %s %s    what keeps one of the first row alive", v->target,
                 format_address(example).text);
    else if (example)
        log_next("brille history %s %s    one of the first row", v->source->path,
                 format_address(example).text);
}

// ---- JSON ----

static uint64_t error_of(double variance)
{
    return (uint64_t)(allocs_error_bytes(variance) + 0.5);
}

static void add_counts_json(const struct allocs_group *group, struct json *json)
{
    json_count(json, "before", group->before);
    json_count(json, "before_bytes", group->before_bytes);
    json_count(json, "allocs", group->allocs);
    json_count(json, "allocated_bytes", group->allocated_bytes);
    json_count(json, "frees", group->frees);
    json_count(json, "freed_bytes", group->freed_bytes);
    json_signed(json, "moved", (int64_t)group->moved);
    json_signed(json, "moved_bytes", (int64_t)group->moved_bytes);
    json_count(json, "live", group->live);
    json_count(json, "live_bytes", group->live_bytes);
    json_count(json, "peak_bytes", group->peak_bytes);
    json_count(json, "leaked", group->kept);
    json_count(json, "leaked_bytes", group->kept_bytes);
    if (group->allocated_variance > 0) {
        json_count(json, "allocated_bytes_error", error_of(group->allocated_variance));
        json_count(json, "live_bytes_error", error_of(group->live_variance));
        json_count(json, "leaked_bytes_error", error_of(group->kept_variance));
    }
}

static void add_slices_json(const struct view *v, const char *key, const uint64_t *slices,
                            struct json *json)
{
    json_begin(json, key, '[');
    for (unsigned i = 0; i < allocs_slices(v->allocs); i++)
        json_count(json, NULL, slices[i]);
    json_end(json, ']');
}

static void add_series_json(const struct view *v, uint32_t index, struct json *json)
{
    const struct allocs_series *series = &v->allocs->series.items[index];
    add_slices_json(v, "allocated_over_time", series->allocated, json);
    add_slices_json(v, "live_over_time", series->live, json);
}

static void add_place_json(const struct view *v, const struct allocs_group *group,
                           struct json *json)
{
    const struct definition *code = definitions_code(&v->source->reader.definitions, group->code);
    if (code) {
        json_text(json, "file", code->file);
        json_text(json, "function", *code->qualname ? code->qualname : code->name);
    } else {
        json_null(json, "file");
        json_null(json, "function");
    }
    if (v->allocs->by == ALLOCS_LINE && group->line)
        json_count(json, "line", group->line);
    else if (v->allocs->by == ALLOCS_LINE)
        json_null(json, "line");
}

static void add_row_json(const struct view *v, uint32_t index, struct json *json)
{
    const struct allocs_group *group = &v->allocs->groups.items[index];
    struct strbuf name;
    strbuf_init(&name);
    add_group_name(v, index, &name);
    json_begin(json, NULL, '{');
    json_text(json, "name", strbuf_text(&name));
    if (v->allocs->by == ALLOCS_LINE || v->allocs->by == ALLOCS_FUNCTION)
        add_place_json(v, group, json);
    if (v->allocs->by == ALLOCS_SIZE)
        json_count(json, "size_to", group->size_end);
    add_counts_json(group, json);
    add_series_json(v, index, json);
    json_end(json, '}');
    strbuf_deinit(&name);
}

static void answer_json(const struct view *v)
{
    const struct missing missing = find_missing(v);
    struct json json;
    verb_begin_json(v->verb, NULL, &json);
    events_add_json(v->source, &json);
    json_text(&json, "by", v->by);
    json_text(&json, "sort", v->sort);
    json_count(&json, "begin_ns", v->allocs->begin_ns);
    json_count(&json, "window_ns", window_ns(v->allocs));
    json_count(&json, "slice_ns", v->allocs->slice_ns);
    if (v->allocs->sample_bytes) {
        json_count(&json, "sample_bytes", v->allocs->sample_bytes);
        json_count(&json, "samples", v->allocs->samples);
    }
    json_begin(&json, "missing", '{');
    json_count(&json, "allocs", missing.allocs);
    json_count(&json, "frees", missing.frees);
    json_count(&json, "resizes", missing.resizes);
    json_count(&json, "overwritten_units", missing.overwritten);
    json_count(&json, "unknown_frees", v->allocs->unknown_frees);
    json_count(&json, "supplied_frees", v->allocs->supplied_frees);
    json_end(&json, '}');
    json_begin(&json, "total", '{');
    add_counts_json(&v->allocs->groups.items[ALLOCS_TOTAL], &json);
    add_series_json(v, ALLOCS_TOTAL, &json);
    json_end(&json, '}');
    json_begin(&json, "rows", '[');
    for (size_t i = 0; i < v->row_count && i < v->limit; i++)
        add_row_json(v, v->rows[i], &json);
    json_end(&json, ']');
    json_count(&json, "left_out", v->row_count > v->limit ? v->row_count - v->limit : 0);
    verb_end_json(v->verb, &json);
}

// ---- collapsed stacks ----

// A frame as flame graphs show it: "load app.py:12".
static void add_frame(const struct view *v, const struct allocs_node *node, struct strbuf *out)
{
    struct strbuf name;
    const struct definition *code = definitions_code(&v->source->reader.definitions, node->code);
    const char *slash = code ? strrchr(code->file, '/') : NULL;
    strbuf_init(&name);
    strbuf_add(&name, !code ? "?" : *code->qualname ? code->qualname : code->name);
    if (code)
        strbuf_addf(&name, " %s:%u", slash ? slash + 1 : code->file, node->line);
    stacks_add_frame(out, strbuf_text(&name));
    strbuf_deinit(&name);
}

static void answer_folded(const struct view *v)
{
    uint32_t path[ALLOCS_DEPTH_MAX];
    struct strbuf *out = &v->verb->out;
    for (size_t i = 0; i < v->row_count; i++) {
        const struct allocs_group *group = &v->allocs->groups.items[v->rows[i]];
        uint32_t depth = 0;
        for (uint32_t n = group->node; n; n = v->allocs->nodes.items[n].parent)
            path[depth++] = n;
        if (!depth)
            add_group_name(v, v->rows[i], out);
        while (depth--) {
            add_frame(v, &v->allocs->nodes.items[path[depth]], out);
            if (depth)
                strbuf_add_char(out, ';');
        }
        strbuf_addf(out, " %" PRIu64 "\n", v->measure(group));
    }
}

// ---- all together ----

static struct error *answer(struct view *v)
{
    if (!saw_allocations(v->allocs) && !v->source->live)
        return no_allocations(v);
    allocs_finish(v->allocs);
    TRY(sort_rows(v));
    if (!v->folded)
        events_add_heading(v->verb, v->source);
    warn_of_missing(v);
    if (v->folded) {
        answer_folded(v);
        return NULL;
    }
    if (v->verb->json) {
        answer_json(v);
        return NULL;
    }
    add_sentence(v);
    TRY(add_rows(v));
    suggest(v);
    return NULL;
}

static struct error *look(struct view *v)
{
    _cleanup_(heap_argument_deinit) struct heap_argument argument = {0};
    _cleanup_(event_source_destroy_at) struct event_source *source = NULL;
    const char *target;
    if (v->part.to_ns)
        v->allocs->until_ns = v->part.to_ns;
    TRY(take_moment(v, &argument, &target));
    TRY(events_check_part(&v->part, target));
    const struct event_source_options options = {
        .classes = TRACE_CLASS_ALLOC,
        .baseline = true,
        .for_ns = v->for_ns,
        .from_ns = v->part.from_ns,
        .to_ns = v->allocs->until_ns,
        .to_seq = v->allocs->until_seq,
    };
    TRY(explain(v, events_open(v->verb, target, &options, &source)));
    v->source = source;
    v->allocs->from_ns = v->part.from_ns;
    TRY(events_read(source, feed, v->allocs));
    return answer(v);
}

struct error *verb_allocs(struct verb *verb)
{
    struct view v = {.verb = verb,
                     .by = "line",
                     .limit = ROWS_DEFAULT,
                     .for_ns = FOR_DEFAULT_S * CLOCK_NS_PER_S};
    const struct option options[] = {
        {"by", 'b', OPTION_TEXT, &v.by, "WHAT", "line (default), function, type or size"},
        {"leaked", 'l', OPTION_FLAG, &v.leaked, NULL,
         "what was made and is still alive at the end"},
        {"sort", 's', OPTION_TEXT, &v.sort, "KEY",
         "peak (default), live, allocated, allocs, frees, leaked"},
        {"limit", 'n', OPTION_COUNT, &v.limit, "N", "rows to show (default 20)"},
        EVENTS_PART_OPTIONS(&v.part),
        {"folded", 0, OPTION_FLAG, &v.folded, NULL,
         "collapsed stacks for flame graphs: bytes allocated, or --sort"},
        {"for", 0, OPTION_DURATION, &v.for_ns, "TIME", "how long to listen, live (default 5s)"},
        VERB_OPTIONS(verb),
        {0},
    };
    enum allocs_by by = ALLOCS_LINE;
    TRY(verb_parse(verb, options, 1, 1));
    if (verb->done)
        return NULL;
    TRY(parse_sort(&v));
    TRY(parse_by(&v, &by));
    v.target = verb->arguments.items[0];
    const struct allocs_names names = {.line = line_of, .stack = stack_of, .context = &v};
    v.allocs = allocs_create(by, &names);
    if (!v.allocs)
        return &error_no_memory;
    struct error *err = look(&v);
    allocs_destroy(v.allocs);
    free(v.rows);
    return err;
}
