// brille watch: every change of one object's reference count while it happens, by a hardware
// watchpoint: which instruction, in which function, how often.
//
// It works on any process, also on one that emits no events; of a brille-python `brille history`
// says more, the Python line above all.
#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/base/interrupt.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"
#include "inspector/proc/count_watch.h"
#include "inspector/proc/process.h"
#include "inspector/target/locate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FOR_DEFAULT_S = 5, ROWS_DEFAULT = 10, RATE_DEFAULT = 20000 };

struct view {
    struct verb *verb;
    const struct target_process *process;
    const struct target_object *object;
    const struct count_watch *watch;
    uint64_t address;
    uint64_t limit, last; // rows of sites, of changes
    bool lines;
};

static struct error *parse_address(const char *text, uint64_t *ret)
{
    char *end;
    errno = 0;
    const unsigned long long address = strtoull(text, &end, 0);
    if (errno || end == text || *end || *text == '-' || !address)
        return error_add_try(error_create(ERROR_USAGE, "'%s' is no address", text),
                             "0x7f3a9c0d4e80, or what id() says");
    *ret = address;
    return NULL;
}

static const char *base_name(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    return slash ? slash + 1 : path;
}

// "dict_dealloc+0x1c  libpython3.12.so.1.0"
static void add_place(const struct count_site *site, struct strbuf *out)
{
    if (site->function)
        strbuf_addf(out, "%s+0x%llx", site->function, (unsigned long long)site->offset);
    else
        strbuf_addf(out, "0x%llx", (unsigned long long)site->address);
    if (site->module)
        strbuf_addf(out, "  %s", base_name(site->module));
}

// ---- the sentence ----

static void add_end(const struct count_watch *w, struct strbuf *out)
{
    if (w->freed)
        strbuf_add(out, "; then it was freed.");
    else if (w->ended)
        strbuf_add(out, "; then the process ended.");
    else
        strbuf_addf(out, "; its count is %s now.", format_count(w->count_end).text);
}

static void add_sentence(const struct view *v)
{
    const struct count_watch *w = v->watch;
    struct strbuf text;
    strbuf_init(&text);
    if (!w->change_count && v->object->immortal)
        strbuf_add(&text, "It is immortal: its count is never changed.");
    else if (!w->change_count)
        strbuf_addf(&text, "Its count stayed at %s for %s.", format_count(w->count_begin).text,
                    format_time_ns(w->window_ns).text);
    else {
        strbuf_addf(&text, "%s increments", format_count(w->increments).text);
        strbuf_addf(&text, " and %s decrements", format_count(w->decrements).text);
        if (w->others)
            strbuf_addf(&text, ", %s other writes", format_count(w->others).text);
        strbuf_addf(&text, " in %s", format_time_ns(w->window_ns).text);
        add_end(w, &text);
    }
    verb_add_answer(v->verb, "%s", strbuf_text(&text));
    strbuf_deinit(&text);
}

static void warn(const struct view *v)
{
    const struct count_watch *w = v->watch;
    if (w->lost)
        log_warning("%s changes came faster than they could be taken: sums are low",
                    format_count(w->lost).text);
    if (w->rested_ns)
        log_warning("the rate was limited (--rate): for %s of %s nothing was counted",
                    format_time_ns(w->rested_ns).text, format_time_ns(w->window_ns).text);
}

// ---- tables ----

static const struct column SITE_COLUMNS[] = {
    {"increments", NULL, UNIT_COUNT},
    {"decrements", NULL, UNIT_COUNT},
    {"other", NULL, UNIT_COUNT},
    {"place", "by (the instruction before)", UNIT_TEXT},
};

static struct error *add_sites(const struct view *v)
{
    struct table table;
    struct strbuf place;
    strbuf_init(&place);
    table_init(&table, SITE_COLUMNS, sizeof SITE_COLUMNS / sizeof *SITE_COLUMNS);
    for (size_t i = 0; i < v->watch->sites.count && i < v->limit; i++) {
        const struct count_site *site = &v->watch->sites.items[i];
        table_number(&table, site->increments);
        table_number(&table, site->decrements);
        table_number(&table, site->others);
        strbuf_clear(&place);
        add_place(site, &place);
        table_text(&table, strbuf_text(&place));
    }
    struct error *err = verb_add_table(v->verb, &table);
    if (!err && !v->verb->tsv && v->watch->sites.count > v->limit)
        strbuf_addf(&v->verb->out, "%zu more (-n)\n", v->watch->sites.count - (size_t)v->limit);
    table_deinit(&table);
    strbuf_deinit(&place);
    return err;
}

static const struct column PLACE_COLUMNS[] = {
    {"increments", NULL, UNIT_COUNT},
    {"decrements", NULL, UNIT_COUNT},
    {"other", NULL, UNIT_COUNT},
    {"line", "in", UNIT_TEXT},
};

static void add_line(const struct count_place *place, struct strbuf *out)
{
    strbuf_addf(out, "%s  %s:%u", place->function, base_name(place->file), place->line);
}

static uint64_t changes_of(const struct count_place *place)
{
    return place->increments + place->decrements + place->others;
}

static int compare_places(const void *a, const void *b)
{
    const struct count_place *left = *(const struct count_place *const *)a;
    const struct count_place *right = *(const struct count_place *const *)b;
    return changes_of(left) < changes_of(right) ? 1 : changes_of(left) > changes_of(right) ? -1 : 0;
}

static void fill_places(const struct count_watch *w, const struct count_place **sorted,
                        uint64_t limit, struct table *table)
{
    struct strbuf line;
    strbuf_init(&line);
    for (size_t i = 0; i < w->places.count && i < limit; i++) {
        table_number(table, sorted[i]->increments);
        table_number(table, sorted[i]->decrements);
        table_number(table, sorted[i]->others);
        strbuf_clear(&line);
        add_line(sorted[i], &line);
        table_text(table, strbuf_text(&line));
    }
    strbuf_deinit(&line);
}

static struct error *add_places(const struct view *v)
{
    const struct count_watch *w = v->watch;
    struct table table;
    uint64_t known = 0;
    _cleanup_free_ const struct count_place **sorted = calloc(w->places.count + 1, sizeof *sorted);
    if (!sorted)
        return &error_no_memory;
    for (size_t i = 0; i < w->places.count; i++) {
        sorted[i] = &w->places.items[i];
        known += changes_of(sorted[i]);
    }
    qsort(sorted, w->places.count, sizeof *sorted, compare_places);
    table_init(&table, PLACE_COLUMNS, sizeof PLACE_COLUMNS / sizeof *PLACE_COLUMNS);
    fill_places(w, sorted, v->limit, &table);
    struct error *err = verb_add_table(v->verb, &table);
    table_deinit(&table);
    if (!err && !v->verb->tsv && known < w->change_count)
        strbuf_addf(&v->verb->out, "Of %s changes the line is not known.\n",
                    format_count(w->change_count - known).text);
    return err;
}

static const struct column CHANGE_COLUMNS[] = {
    {"time_ns", "after", UNIT_TIME}, {"tid", "thread", UNIT_TEXT}, {"change", NULL, UNIT_TEXT},
    {"count", NULL, UNIT_COUNT},     {"place", "by", UNIT_TEXT},
};

static void add_change_row(const struct view *v, const struct count_change *change,
                           struct table *table)
{
    struct strbuf place;
    char text[24];
    strbuf_init(&place);
    table_number(table, change->time_ns);
    snprintf(text, sizeof text, "%u", change->tid);
    table_text(table, text);
    snprintf(text, sizeof text, "%+d", (int)change->delta);
    table_text(table, change->delta ? text : "?");
    table_number(table, change->count);
    if (change->place != COUNT_PLACE_UNKNOWN) {
        add_line(&v->watch->places.items[change->place], &place);
        strbuf_add(&place, "  ");
    }
    add_place(&v->watch->sites.items[change->site], &place);
    table_text(table, strbuf_text(&place));
    strbuf_deinit(&place);
}

static struct error *add_changes(const struct view *v)
{
    struct table table;
    const size_t count = v->watch->changes.count;
    if (!count || !v->last)
        return NULL;
    table_init(&table, CHANGE_COLUMNS, sizeof CHANGE_COLUMNS / sizeof *CHANGE_COLUMNS);
    for (size_t i = count > v->last ? count - (size_t)v->last : 0; i < count; i++)
        add_change_row(v, &v->watch->changes.items[i], &table);
    struct error *err = verb_add_table(v->verb, &table);
    table_deinit(&table);
    return err;
}

// ---- JSON ----

static void add_sites_json(const struct view *v, struct json *json)
{
    json_begin(json, "sites", '[');
    for (size_t i = 0; i < v->watch->sites.count; i++) {
        const struct count_site *site = &v->watch->sites.items[i];
        json_begin(json, NULL, '{');
        json_address(json, "address", site->address);
        if (site->function)
            json_text(json, "function", site->function);
        else
            json_null(json, "function");
        json_count(json, "offset", site->offset);
        if (site->module)
            json_text(json, "file", site->module);
        else
            json_null(json, "file");
        json_count(json, "increments", site->increments);
        json_count(json, "decrements", site->decrements);
        json_count(json, "other", site->others);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void add_places_json(const struct view *v, struct json *json)
{
    json_begin(json, "places", '[');
    for (size_t i = 0; i < v->watch->places.count; i++) {
        const struct count_place *place = &v->watch->places.items[i];
        json_begin(json, NULL, '{');
        json_text(json, "function", place->function);
        json_text(json, "file", place->file);
        json_count(json, "line", place->line);
        json_count(json, "increments", place->increments);
        json_count(json, "decrements", place->decrements);
        json_count(json, "other", place->others);
        json_end(json, '}');
    }
    json_end(json, ']');
}

static void answer_json(const struct view *v)
{
    const struct count_watch *w = v->watch;
    struct json json;
    verb_begin_json(v->verb, NULL, &json);
    json_count(&json, "pid", (uint64_t)v->process->pid);
    json_text(&json, "runtime", v->process->runtime);
    json_text(&json, "version", v->process->version);
    json_address(&json, "address", v->address);
    json_text(&json, "type", v->object->type);
    json_text(&json, "label", v->object->label);
    json_bool(&json, "immortal", v->object->immortal);
    json_count(&json, "window_ns", w->window_ns);
    json_count(&json, "rested_ns", w->rested_ns);
    json_count(&json, "lost", w->lost);
    json_count(&json, "count_begin", w->count_begin);
    json_count(&json, "count_end", w->count_end);
    json_count(&json, "increments", w->increments);
    json_count(&json, "decrements", w->decrements);
    json_count(&json, "other", w->others);
    json_bool(&json, "freed", w->freed);
    json_bool(&json, "ended", w->ended);
    add_sites_json(v, &json);
    add_places_json(v, &json);
    json_begin(&json, "changes", '[');
    for (size_t i = 0; i < w->changes.count; i++) {
        const struct count_change *change = &w->changes.items[i];
        json_begin(&json, NULL, '{');
        json_count(&json, "time_ns", change->time_ns);
        json_count(&json, "tid", change->tid);
        strbuf_addf(json.out, ",\"change\":%d", (int)change->delta);
        json_count(&json, "count", change->count);
        json_count(&json, "site", change->site);
        if (change->place == COUNT_PLACE_UNKNOWN)
            json_null(&json, "place");
        else
            json_count(&json, "place", (uint64_t)change->place);
        json_end(&json, '}');
    }
    json_end(&json, ']');
    verb_end_json(v->verb, &json);
}

// ---- the verb ----

static struct error *answer(const struct view *v)
{
    warn(v);
    if (v->verb->json) {
        answer_json(v);
        return NULL;
    }
    if (!v->verb->tsv) {
        verb_add_process(v->verb, v->process->command, (uint64_t)v->process->pid,
                         v->process->runtime, v->process->version);
        strbuf_addf(&v->verb->out, "  %s 0x%llx %s\n", v->object->type,
                    (unsigned long long)v->address, v->object->label);
    }
    add_sentence(v);
    if (!v->watch->change_count)
        return NULL;
    if (v->lines)
        TRY(add_places(v));
    if (!v->lines || !v->verb->tsv)
        TRY(add_sites(v));
    return v->verb->tsv ? NULL : add_changes(v);
}

struct lines {
    const struct target_ops *ops;
    struct locator *locator;
};

static bool locate(void *context, const struct perf_sample *sample, uint32_t *ret)
{
    const struct lines *lines = context;
    return lines->ops->locate(lines->locator, sample, ret);
}

static bool resolve(void *context, uint32_t number, struct count_place *ret)
{
    const struct lines *lines = context;
    struct code_place place;
    if (!lines->ops->resolve(lines->locator, number, &place))
        return false;
    ret->function = place.function;
    ret->file = place.file;
    ret->line = place.line;
    return true;
}

static struct error *look(struct view *v, pid_t pid, struct count_watch_options *options)
{
    struct lines lines = {0};
    const struct target_ops *ops;
    struct target_process process;
    struct target_object object;
    struct count_watch watch;
    TRY(target_probe(pid, "watch", &process, &ops));
    if (!ops->object_at)
        return error_create(ERROR_UNSUPPORTED, "brille cannot watch objects of %s yet",
                            process.runtime);
    TRY(ops->object_at(pid, v->address, &object));
    if (v->lines && !ops->locate)
        return error_add_try(
            error_create(ERROR_UNSUPPORTED, "brille cannot tell the lines of %s", process.runtime),
            "brille history %d 0x%llx", (int)pid, (unsigned long long)v->address);
    if (v->lines) {
        lines.ops = ops;
        TRY(ops->locator_create(pid, &lines.locator));
        options->locate = locate;
        options->resolve = resolve;
        options->context = &lines;
    }
    interrupt_begin();
    struct error *err = count_watch_run(pid, object.count_address, options, &watch);
    interrupt_end();
    if (err) {
        if (v->lines)
            ops->locator_destroy(lines.locator);
        return err;
    }
    v->process = &process;
    v->object = &object;
    v->watch = &watch;
    err = answer(v);
    if (!err && strcmp(process.runtime, "brille") == 0)
        log_next("brille history %d 0x%llx", (int)pid, (unsigned long long)v->address);
    count_watch_deinit(&watch);
    if (v->lines)
        ops->locator_destroy(lines.locator);
    return err;
}

struct error *verb_watch(struct verb *verb)
{
    struct view view = {.verb = verb, .limit = ROWS_DEFAULT, .last = ROWS_DEFAULT};
    struct count_watch_options watch = {.for_ns = FOR_DEFAULT_S * CLOCK_NS_PER_S,
                                        .rate = RATE_DEFAULT};
    const struct option options[] = {
        {"for", 0, OPTION_DURATION, &watch.for_ns, "TIME", "how long (default 5s; 0: to Ctrl-C)"},
        {"lines", 'l', OPTION_FLAG, &view.lines, NULL, "of a CPython: which line of Python it was"},
        {"limit", 'n', OPTION_COUNT, &view.limit, "N", "places to show (default 10)"},
        {"last", 0, OPTION_COUNT, &view.last, "N", "newest changes to show (default 10)"},
        {"rate", 0, OPTION_COUNT, &watch.rate, "N",
         "most changes taken a second (default 20000, 0: all)"},
        VERB_OPTIONS(verb),
        {0},
    };
    pid_t pid;
    TRY(verb_parse(verb, options, 2, 2));
    if (verb->done)
        return NULL;
    TRY(process_parse_pid(verb->arguments.items[0], &pid));
    TRY(parse_address(verb->arguments.items[1], &view.address));
    return look(&view, pid, &watch);
}
