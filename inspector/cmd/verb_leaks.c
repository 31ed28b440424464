// brille leaks: where bytes pile up, in one dump or between dumps, and what keeps them.
//
//     leaks A.heap                          who holds much
//     leaks A.heap B.heap [C.heap]          what grew
//     leaks A.heap PID                      what grew since
//     leaks PID --every 10s --count 3       what grows now
//
// --fail-on 'growth>10MB' or 'retained>1GB' makes the exit status 1 when it is so: growth is that
// of the heap or of the biggest suspect, whichever is more; retained is the biggest retained size
// of any object that is no namespace.
#include "inspector/analysis/leaks.h"
#include "inspector/base/clock.h"
#include "inspector/base/format.h"
#include "inspector/base/progress.h"
#include "inspector/cmd/command.h"

#include <stdlib.h>
#include <string.h>

struct leaks_options {
    uint64_t every_ns, count, min_bytes, limit;
    const char *fail_on;
};

// ---- --fail-on ----

struct condition {
    bool set, growth, or_equal;
    uint64_t bytes;
};

static struct error *parse_condition(const char *text, struct condition *ret)
{
    struct condition condition = {.set = true};
    if (strncmp(text, "growth", 6) == 0)
        condition.growth = true;
    else if (strncmp(text, "retained", 8) != 0)
        goto bad;
    text += condition.growth ? 6 : 8;
    text += strspn(text, " ");
    if (*text++ != '>')
        goto bad;
    condition.or_equal = *text == '=';
    text += condition.or_equal;
    text += strspn(text, " ");
    TRY(error_add_prefix(option_parse_bytes(text, &condition.bytes), "--fail-on"));
    *ret = condition;
    return NULL;
bad:
    return error_add_try(error_create(ERROR_USAGE, "--fail-on does not understand its condition"),
                         "--fail-on 'growth>10MB' or --fail-on 'retained>1GB'");
}

static int64_t growth_of(const struct leaks *leaks)
{
    int64_t growth = leaks->heap_growth_bytes;
    for (uint32_t i = 0; i < leaks->count; i++)
        if (leaks->items[i].growth_bytes > growth)
            growth = leaks->items[i].growth_bytes;
    return growth;
}

static bool holds(const struct condition *condition, const struct leaks *leaks)
{
    const int64_t growth = growth_of(leaks);
    const uint64_t value = !condition->growth ? leaks->largest_retained_bytes
                           : growth > 0       ? (uint64_t)growth
                                              : 0;
    return condition->set &&
           (value > condition->bytes || (condition->or_equal && value == condition->bytes));
}

// ---- the answer ----

static void add_type(const struct snapshot *s, const struct leak *leak, bool growth,
                     struct strbuf *out)
{
    if (leak->type_size_bytes == 0)
        return;
    strbuf_addf(out, "; most of %s is ", growth ? "the growth" : "it");
    snapshot_add_type_name(s, leak->type, out);
    if (leak->type_count)
        strbuf_addf(out, " (%s of them, %s)", format_count(leak->type_count).text,
                    format_bytes(leak->type_size_bytes).text);
    else // as many as before, but bigger
        strbuf_addf(out, " (%s)", format_bytes(leak->type_size_bytes).text);
}

static void add_steps(const struct leaks *leaks, const struct leak *leak, struct strbuf *out)
{
    if (leaks->snapshot_count < 3)
        return;
    strbuf_add(out, "  (step by step:");
    for (uint32_t i = 0; i + 1 < leaks->snapshot_count; i++)
        strbuf_addf(out, " %s", format_bytes_change(leak->step_growth_bytes[i]).text);
    strbuf_add(out, ")");
}

static void add_leak(const struct snapshot *s, const struct leaks *leaks, uint32_t i,
                     struct strbuf *out)
{
    const struct leak *leak = &leaks->items[i];
    const bool growth = leaks->snapshot_count > 1;
    strbuf_addf(out, "\n! %u  %s\n", i + 1, leak->path);
    if (leak->why)
        strbuf_addf(out, "     %-9s %s\n", "why", leak->why);
    if (leak->cause == CAUSE_OUTSIDE)
        strbuf_addf(out, "     %-9s %s\n", "holds", format_bytes(leak->retained_bytes).text);
    else
        strbuf_addf(out, "     %-9s %s, %s of the heap\n", "holds",
                    format_bytes(leak->retained_bytes).text,
                    format_share((double)leak->retained_bytes, (double)leaks->heap_bytes).text);
    if (growth) {
        strbuf_addf(out, "     %-9s %s", "grew", format_bytes_change(leak->growth_bytes).text);
        if (leak->cause != CAUSE_OUTSIDE)
            strbuf_addf(out, ", %s objects", format_change(leak->growth_count).text);
        add_steps(leaks, leak, out);
        strbuf_add_char(out, '\n');
        if (leak->where)
            strbuf_addf(out, "     %-9s %s\n", "where", leak->where);
    }
    if (leak->cause == CAUSE_OUTSIDE)
        return;
    strbuf_addf(out, "     %-9s %s %s", "keeps", format_count(leak->child_count).text,
                leak->cause == CAUSE_CYCLES    ? "cycles"
                : leak->object == ORDINAL_NONE ? "objects here"
                                               : "entries");
    add_type(s, leak, growth, out);
    strbuf_add_char(out, '\n');
    if (leak->object != ORDINAL_NONE) {
        strbuf_addf(out, "     %-9s ", "object");
        snapshot_add_object_name(s, leak->object, out);
        strbuf_add_char(out, '\n');
    }
    if (leak->expression)
        strbuf_addf(out, "     %-9s %s\n", "in Python", leak->expression);
}

static void add_sentence(struct verb *verb, struct snapshot *const *s, const struct leaks *leaks)
{
    const uint32_t last = leaks->snapshot_count - 1;
    const char *plural = leaks->count == 1 ? "" : "s";
    if (last == 0) {
        if (leaks->count)
            verb_add_answer(verb, "%u suspect%s, most bytes first, in a heap of %s.", leaks->count,
                            plural, format_bytes(leaks->heap_bytes).text);
        else
            verb_add_answer(verb, "no suspect: no object holds more than %d %% of the %s.",
                            LEAK_SHARE_PERCENT, format_bytes(leaks->heap_bytes).text);
        return;
    }
    const int64_t elapsed = s[last]->info.taken_unix_ns - s[0]->info.taken_unix_ns;
    struct formatted change = leaks->heap_growth_bytes
                                  ? format_bytes_change(leaks->heap_growth_bytes)
                                  : (struct formatted){"0 B"};
    struct formatted time = format_time_ns(elapsed > 0 ? (uint64_t)elapsed : 0);
    if (leaks->count)
        verb_add_answer(verb, "%u suspect%s, most growth first; the heap changed by %s in %s.",
                        leaks->count, plural, change.text, time.text);
    else
        verb_add_answer(verb, "no suspect: the heap changed by %s in %s, no place grew %s.",
                        change.text, time.text, last > 1 ? "at every step" : "enough");
}

static void add_json_leak(const struct snapshot *s, const struct leaks *leaks,
                          const struct leak *leak, struct json *json)
{
    struct strbuf name;
    strbuf_init(&name);
    json_begin(json, NULL, '{');
    json_text(json, "path", leak->path);
    json_text(json, "cause", cause_word(leak->cause));
    json_text(json, "why", leak->why ? leak->why : "");
    if (leak->expression)
        json_text(json, "expression", leak->expression);
    else
        json_null(json, "expression");
    if (leak->object == ORDINAL_NONE) {
        json_null(json, "address");
        json_null(json, "type");
    } else {
        json_address(json, "address", s->address[leak->object]);
        snapshot_add_type_name(s, s->type[leak->object], &name);
        json_text(json, "type", strbuf_text(&name));
    }
    json_count(json, "retained", leak->retained_bytes);
    json_count(json, "entries", leak->child_count);
    if (leaks->snapshot_count > 1) {
        json_text(json, "where", leak->where ? leak->where : "");
        json_signed(json, "growth", leak->growth_bytes);
        json_signed(json, "growth_count", leak->growth_count);
        json_begin(json, "steps", '[');
        for (uint32_t i = 0; i + 1 < leaks->snapshot_count; i++)
            json_signed(json, NULL, leak->step_growth_bytes[i]);
        json_end(json, ']');
    }
    strbuf_clear(&name);
    if (leak->type_size_bytes)
        snapshot_add_type_name(s, leak->type, &name);
    json_text(json, "mostly", strbuf_text(&name));
    json_count(json, "mostly_count", leak->type_count);
    json_count(json, "mostly_size", leak->type_size_bytes);
    json_end(json, '}');
    strbuf_deinit(&name);
}

static void answer_json(struct verb *verb, const struct snapshot *s, const struct leaks *leaks)
{
    struct json json;
    verb_begin_json(verb, s, &json);
    json_count(&json, "heap_bytes", leaks->heap_bytes);
    json_count(&json, "largest_retained", leaks->largest_retained_bytes);
    if (leaks->snapshot_count > 1)
        json_signed(&json, "heap_growth", leaks->heap_growth_bytes);
    json_bool(&json, "failed", verb->status != 0);
    json_begin(&json, "leaks", '[');
    for (uint32_t i = 0; i < leaks->count; i++)
        add_json_leak(s, leaks, &leaks->items[i], &json);
    json_end(&json, ']');
    verb_end_json(verb, &json);
}

static struct error *answer_tsv(struct verb *verb, const struct snapshot *s,
                                const struct leaks *leaks)
{
    static const struct column columns[] = {{"retained", NULL, UNIT_BYTES},
                                            {"growth", NULL, UNIT_BYTES_CHANGE},
                                            {"growth_count", NULL, UNIT_CHANGE},
                                            {"address", NULL, UNIT_ADDRESS},
                                            {"path", NULL, UNIT_TEXT}};
    struct table table;
    table_init(&table, columns, 5);
    for (uint32_t i = 0; i < leaks->count; i++) {
        const struct leak *leak = &leaks->items[i];
        table_number(&table, leak->retained_bytes);
        table_change(&table, leak->growth_bytes);
        table_change(&table, leak->growth_count);
        if (leak->object == ORDINAL_NONE)
            table_absent(&table);
        else
            table_number(&table, s->address[leak->object]);
        table_text(&table, leak->path);
    }
    struct error *err = verb_add_table(verb, &table);
    table_deinit(&table);
    return err;
}

static void answer_text(struct verb *verb, struct snapshot *const *s, const struct leaks *leaks,
                        const struct leaks_options *options, const char *target)
{
    const struct snapshot *newest = s[leaks->snapshot_count - 1];
    verb_add_heading(verb, newest, target);
    add_sentence(verb, s, leaks);
    for (uint32_t i = 0; i < leaks->count && i < options->limit; i++)
        add_leak(newest, leaks, i, &verb->out);
    if (verb->status)
        strbuf_addf(&verb->out, "\n! --fail-on '%s' is the case\n", options->fail_on);
    if (leaks->count && leaks->items[0].object != ORDINAL_NONE)
        log_next("brille show %s %s", target,
                 format_address(newest->address[leaks->items[0].object]).text);
    else if (leaks->snapshot_count == 1)
        log_next("brille dump PID -o later.heap, then brille leaks %s later.heap", target);
}

static struct error *answer(struct verb *verb, struct snapshot *const *s, uint32_t count,
                            const struct leaks_options *options, const char *target)
{
    _cleanup_(leaks_destroy_at) struct leaks *leaks = NULL;
    struct condition condition = {0};
    if (options->fail_on)
        TRY(parse_condition(options->fail_on, &condition));
    TRY(leaks_create(s, count, options->min_bytes, &leaks));
    for (uint32_t i = 1; i < count; i++)
        if (!diff_same_process(s[0], s[i]))
            log_warning("the dumps are of different processes; only places are compared");
    verb->status = holds(&condition, leaks);
    if (verb->json)
        answer_json(verb, s[count - 1], leaks);
    else if (verb->tsv)
        TRY(answer_tsv(verb, s[count - 1], leaks));
    else
        answer_text(verb, s, leaks, options, target);
    return NULL;
}

// ---- the dumps ----

// Watches a live process. Of more than three captures the first, the middle one and the last are
// kept, so memory does not grow with --count.
static struct error *watch(struct verb *verb, const char *target, uint64_t count, uint64_t every_ns,
                           struct snapshot **s, uint32_t *kept)
{
    *kept = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct snapshot *next = NULL;
        if (i)
            clock_sleep_ns(every_ns);
        TRY(verb_open_heap(verb, target, &next));
        if (*kept == DIFF_SNAPSHOTS_MAX || (*kept == 2 && i < count - 1 && i != count / 2)) {
            snapshot_destroy(s[*kept - 1]);
            s[*kept - 1] = next;
        } else {
            s[(*kept)++] = next;
        }
    }
    return NULL;
}

static struct error *check_options(const struct verb *verb, const struct leaks_options *options)
{
    struct condition condition = {0};
    const bool many = verb->arguments.count > 1 || options->every_ns;
    if (options->fail_on)
        TRY(parse_condition(options->fail_on, &condition));
    if (condition.growth && !many)
        return error_add_try(error_create(ERROR_USAGE, "one dump has no growth"),
                             "brille leaks BEFORE.heap %s, or --every 10s --count 3 with a pid",
                             verb->arguments.items[0]);
    if (!options->every_ns)
        return NULL;
    struct heap_argument argument;
    TRY(heap_argument_parse(verb->arguments.items[0], &argument));
    const bool live = argument.kind == HEAP_ARGUMENT_PID;
    heap_argument_deinit(&argument);
    if (!live || verb->arguments.count != 1)
        return error_create(ERROR_USAGE, "--every is for one running process");
    if (options->count < 2 || options->count > 100000)
        return error_create(ERROR_USAGE, "--count is from 2 to 100000");
    return NULL;
}

struct error *verb_leaks(struct verb *verb)
{
    struct leaks_options leaks = {.count = 3, .min_bytes = LEAK_GROWTH_MIN, .limit = 10};
    const struct option options[] = {
        {"limit", 'n', OPTION_COUNT, &leaks.limit, "N", "suspects to show (default 10)"},
        {"every", 0, OPTION_DURATION, &leaks.every_ns, "TIME", "dump a live process repeatedly"},
        {"count", 0, OPTION_COUNT, &leaks.count, "N", "how often (default 3)"},
        {"min", 0, OPTION_BYTES, &leaks.min_bytes, "SIZE",
         "smallest growth that counts (default 64KiB)"},
        {"fail-on", 0, OPTION_TEXT, &leaks.fail_on, "CONDITION",
         "exit status 1 if 'growth>10MB' or 'retained>1GB'"},
        VERB_HEAP_OPTIONS(verb),
        {0},
    };
    struct snapshot *s[DIFF_SNAPSHOTS_MAX] = {0};
    uint32_t count = 0;
    struct error *err = NULL;
    TRY(verb_parse(verb, options, 1, DIFF_SNAPSHOTS_MAX));
    if (verb->done)
        return NULL;
    TRY(check_options(verb, &leaks));
    if (leaks.every_ns)
        err = watch(verb, verb->arguments.items[0], leaks.count, leaks.every_ns, s, &count);
    else
        for (; !err && count < verb->arguments.count; count += !err)
            err = verb_open_heap(verb, verb->arguments.items[count], &s[count]);
    if (!err)
        err = answer(verb, s, count, &leaks, verb->arguments.items[verb->arguments.count - 1]);
    for (uint32_t i = 0; i < DIFF_SNAPSHOTS_MAX; i++)
        snapshot_destroy(s[i]);
    return err;
}
