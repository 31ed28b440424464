// See source.h.
#include "inspector/top/source.h"

#include "inspector/base/clock.h"
#include "inspector/proc/process.h"
#include "inspector/top/groups.h"
#include "inspector/top/stream.h"
#include "inspector/top/threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READ_BUDGET_MS = 15,
    PAUSE_EVENTS_MS = 20,
    PAUSE_COUNTING_MS = 2,
    PAUSE_SAMPLING_MS = 2,
    LOOKS_NS = 200 * 1000 * 1000, // between two looks at who waits, when sampling
    POOLS_SHARE = 50,             // looking at pools may take one part in so many
    RETRY_NS_S = 5,
    COUNT_ON_S = 15,            // for which counting goes on when nobody looks any more
    BASELINE_OBJECTS = 4 << 20, // with more of them, counting begins with nothing
};

struct top_source {
    pid_t pid;
    uint64_t start_ticks;
    struct top_source_facts facts;
    const struct target_ops *ops;
    struct looker *looker; // NULL: it cannot be looked at
    struct look look;      // the latest
    bool emits;            // events, to whom they are given
    bool wants_count, counts_from_nothing;
    uint64_t seen_ns; // when somebody last looked at the counts
    struct top_stream stream;
    bool by_events; // this tick's GIL and collections; false: as seen from outside
    char lost[TOP_NOTE];
    uint64_t retry_ns;

    struct thread_samples samples; // of the GIL, when there are no events
    struct look_gil gil, gil_before;
    uint64_t looked_ns;
    struct look_generation generations_before[LOOK_GENERATIONS];
    bool has_generations_before;

    struct look_pools pools;
    bool has_pools;
    uint64_t pools_ns, pools_cost_ns;
    uint64_t begun_ns, since_ns; // of this tick; of the window
    uint64_t cpu_ns;
};

// ---- beginning and end ----

static uint64_t boot_unix_s(void)
{
    char line[128];
    unsigned long long seconds = 0;
    FILE *file = fopen("/proc/stat", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "btime %llu", &seconds) == 1)
            break;
    if (file)
        fclose(file);
    return seconds;
}

// The script that an interpreter runs is what people call the program.
static void find_name(pid_t pid, const char *process_name, char *name, size_t size)
{
    char path[32], text[4096];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    FILE *file = fopen(path, "re");
    const size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[length] = 0;
    snprintf(name, size, "%s", process_name);
    for (size_t at = strlen(text) + 1; at < length; at += strlen(text + at) + 1) {
        const char *word = text + at, *slash = strrchr(word, '/');
        if (strcmp(word, "-c") == 0)
            return;
        if (strcmp(word, "-X") == 0 || strcmp(word, "-W") == 0) {
            at += strlen(word) + 1; // has an argument of its own
        } else if (*word && *word != '-') {
            snprintf(name, size, "%s", slash && slash[1] ? slash + 1 : word);
            return;
        }
    }
}

static void find_facts(struct top_source *s, const struct target_process *target,
                       const struct process *process)
{
    const long hertz = sysconf(_SC_CLK_TCK);
    const uint64_t boot_s = boot_unix_s();
    s->start_ticks = process->start_ticks;
    find_name(s->pid, process->name, s->facts.name, sizeof s->facts.name);
    snprintf(s->facts.runtime, sizeof s->facts.runtime, "%s", target->runtime);
    snprintf(s->facts.version, sizeof s->facts.version, "%s", target->version);
    if (boot_s && hertz > 0)
        s->facts.start_unix_s = boot_s + process->start_ticks / (uint64_t)hertz;
}

static struct error *make(struct top_source *s, pid_t pid, bool no_events)
{
    struct target_process target;
    struct process process;
    TRY(target_probe(pid, "top", &target, &s->ops));
    TRY(process_read(&process, pid));
    s->pid = pid;
    find_facts(s, &target, &process);
    // Who says how its GIL can be looked at from outside emits nothing itself.
    s->emits = !no_events && !s->ops->gil_record;
    if (s->ops->looker_create)
        TRY(s->ops->looker_create(pid, &s->looker));
    s->begun_ns = s->since_ns = clock_now_ns();
    s->cpu_ns = clock_cpu_ns();
    return NULL;
}

struct error *top_source_create(pid_t pid, bool no_events, struct top_source **ret)
{
    struct top_source *s = calloc(1, sizeof *s);
    if (!s)
        return &error_no_memory;
    struct error *err = make(s, pid, no_events);
    if (err)
        top_source_destroy(s);
    else
        *ret = s;
    return err;
}

void top_source_destroy(struct top_source *s)
{
    if (!s)
        return;
    top_stream_close(&s->stream);
    if (s->looker)
        s->ops->looker_destroy(s->looker);
    look_deinit(&s->look);
    thread_samples_deinit(&s->samples);
    free(s);
}

const struct top_source_facts *top_source_facts(const struct top_source *s)
{
    return &s->facts;
}

bool top_source_alive(const struct top_source *s)
{
    return process_still_there(s->pid, s->start_ticks);
}

// ---- the stream ----

static void lose(struct top_source *s, struct error *err)
{
    snprintf(s->lost, sizeof s->lost, "events: %s%s%s", err->message, err->why ? ": " : "",
             err->why ? err->why : "");
    s->retry_ns = clock_now_ns() + RETRY_NS_S * CLOCK_NS_PER_S;
    error_destroy(err);
    top_stream_close(&s->stream);
}

static bool is_small(const struct top_source *s)
{
    uint64_t objects = 0;
    for (size_t i = 0; s->has_pools && i < s->pools.count; i++)
        objects += s->pools.classes[i].used;
    return objects < BASELINE_OBJECTS;
}

static void open_stream(struct top_source *s)
{
    s->counts_from_nothing = s->wants_count && !is_small(s);
    struct error *err =
        top_stream_open(&s->stream, s->pid, s->wants_count, !s->counts_from_nothing);
    *s->lost = 0;
    if (err)
        lose(s, err);
    else if (s->wants_count)
        s->since_ns = clock_now_ns();
}

// Opens it, or opens it anew when something else is to be counted.
static void tend_stream(struct top_source *s)
{
    if (!s->emits || clock_now_ns() < s->retry_ns)
        return;
    if (s->stream.open && s->stream.ended)
        top_stream_close(&s->stream);
    if (s->stream.open && s->stream.counting != s->wants_count)
        top_stream_close(&s->stream);
    if (!s->stream.open)
        open_stream(s);
}

// ---- polling ----

static void sample_gil(struct top_source *s)
{
    const uint64_t now_ns = clock_now_ns();
    struct error *err = s->ops->look_gil(s->looker, &s->gil);
    if (!err)
        err = thread_samples_held(&s->samples, s->gil.holder);
    error_destroy(err);
    if (now_ns - s->looked_ns < LOOKS_NS)
        return;
    s->looked_ns = now_ns;
    err = s->ops->look(s->looker, &s->look);
    if (!err)
        err = thread_samples_waits(&s->samples, &s->look.threads);
    error_destroy(err);
}

int top_source_pause_ms(const struct top_source *s)
{
    if (!s->stream.open)
        return PAUSE_SAMPLING_MS;
    if (s->stream.behind)
        return 0;
    return s->wants_count ? PAUSE_COUNTING_MS : PAUSE_EVENTS_MS;
}

void top_source_poll(struct top_source *s)
{
    tend_stream(s);
    if (s->stream.open) {
        struct error *err = top_stream_read(&s->stream, READ_BUDGET_MS * CLOCK_NS_PER_MS);
        if (err)
            lose(s, err);
    }
    if (s->looker && (!s->stream.open || s->wants_count))
        sample_gil(s);
}

// ---- a tick ----

static double per_second(double count, uint64_t window_ns)
{
    return window_ns ? count * 1e9 / (double)window_ns : 0;
}

// What the process has in memory, without the ring that is there for our sake.
static uint64_t resident_bytes(const struct top_source *s, uint64_t rss_bytes)
{
    char path[32], line[128];
    unsigned long long shared_kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)s->pid);
    FILE *file = s->stream.open ? fopen(path, "re") : NULL;
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "RssShmem: %llu", &shared_kib) == 1)
            break;
    if (file)
        fclose(file);
    const uint64_t ring = s->stream.open ? s->stream.session.ring.header.file_bytes : 0;
    const uint64_t shared = shared_kib * 1024;
    const uint64_t ours = shared < ring ? shared : ring;
    return rss_bytes > ours ? rss_bytes - ours : rss_bytes;
}

static void take_pools(struct top_source *s, enum top_view view, struct top_sample *ret)
{
    const uint64_t now_ns = clock_now_ns();
    const uint64_t share = view == TOP_POOLS ? POOLS_SHARE / 5 : POOLS_SHARE;
    if (s->looker && now_ns - s->pools_ns >= s->pools_cost_ns * share) {
        struct error *err = s->ops->look_pools(s->looker, &s->pools);
        s->has_pools = !err;
        error_destroy(err);
        s->pools_ns = now_ns;
        s->pools_cost_ns = clock_now_ns() - now_ns;
    }
    ret->has_pools = s->has_pools;
    ret->pools = s->pools;
    ret->pools_age_ns = now_ns - s->pools_ns;
}

static void take_gil(struct top_source *s, struct top_sample *ret)
{
    const struct handoffs *h = &s->stream.handoffs;
    ret->has_gil = s->by_events || s->samples.looks;
    ret->gil_exact = s->by_events;
    for (size_t i = 0; i < ret->threads.count; i++) {
        ret->gil_held += ret->threads.items[i].held;
        ret->gil_waiting += ret->threads.items[i].wait;
    }
    if (s->by_events) {
        ret->handoff_rate = per_second((double)h->count, h->tick_ns);
        ret->gil_longest_ns = h->longest_ns;
        for (size_t i = 0; i < h->threads.count; i++) // one that is still waiting
            if (h->threads.items[i].waits &&
                h->now_ns - h->threads.items[i].waits_since_ns > ret->gil_longest_ns)
                ret->gil_longest_ns = h->now_ns - h->threads.items[i].waits_since_ns;
    } else if (s->gil_before.switches) {
        ret->handoff_rate =
            per_second((double)(s->gil.switches - s->gil_before.switches), ret->window_ns);
    }
    s->gil_before = s->samples.looks ? s->gil : (struct look_gil){0};
}

static void take_timed_gc(struct top_source *s, struct top_sample *ret)
{
    ret->has_gc = ret->gc_timed = true;
    for (int i = 0; i < LOOK_GENERATIONS; i++) {
        const struct stream_generation *g = &s->stream.generations[i];
        ret->generations[i] = (struct top_generation){
            .runs_rate = per_second((double)g->runs, ret->window_ns),
            .time_share = ret->window_ns ? (double)g->time_ns / (double)ret->window_ns : 0,
            .longest_ns = g->longest_ns,
            .freed_rate = per_second((double)g->freed, ret->window_ns),
        };
        ret->gc_share += ret->generations[i].time_share;
    }
}

static void take_gc(struct top_source *s, struct top_sample *ret)
{
    if (s->by_events) {
        take_timed_gc(s, ret);
    } else if (s->look.has_generations) {
        ret->has_gc = true;
        for (int i = 0; s->has_generations_before && i < LOOK_GENERATIONS; i++) {
            const struct look_generation *now = &s->look.generations[i],
                                         *before = &s->generations_before[i];
            ret->generations[i].runs_rate =
                per_second((double)(now->runs - before->runs), ret->window_ns);
            ret->generations[i].freed_rate =
                per_second((double)(now->collected - before->collected), ret->window_ns);
        }
    }
    memcpy(s->generations_before, s->look.generations, sizeof s->generations_before);
    s->has_generations_before = s->look.has_generations;
}

static void add_notes(const struct top_source *s, struct top_sample *ret)
{
    static const char *const NEEDS[] = {"types", "sites"};
    for (int i = 0; i < 2; i++) {
        char *note = ret->notes[TOP_TYPES + i];
        if (s->ops->gil_record)
            snprintf(note, TOP_NOTE,
                     i ? "a stock CPython does not say where it makes objects; brille-python does"
                       : "a stock CPython does not say what it makes: d dumps the heap, with its "
                         "types");
        else if (!s->stream.open)
            snprintf(note, TOP_NOTE, "no %s without events%s", NEEDS[i],
                     i ? "" : ": d dumps the heap, with its types");
        else if (s->stream.late)
            snprintf(note, TOP_NOTE, "it is asleep: events begin when it next runs Python");
        else if (s->counts_from_nothing && !s->stream.objects.missing)
            snprintf(note, TOP_NOTE, "only what was made since %llu s: there are too many to list",
                     (unsigned long long)((ret->now_ns - s->since_ns) / CLOCK_NS_PER_S));
    }
    if (!ret->has_pools)
        snprintf(ret->notes[TOP_POOLS], TOP_NOTE, "its pools cannot be read");
}

// Who looks at types or sites makes them be counted; for a while also when he looks away.
static void tend_counting(struct top_source *s, enum top_view view)
{
    if (view == TOP_TYPES || view == TOP_SITES) {
        s->seen_ns = clock_now_ns();
        s->wants_count = true;
    } else if (s->wants_count && clock_now_ns() - s->seen_ns > COUNT_ON_S * CLOCK_NS_PER_S) {
        s->wants_count = false;
    }
}

static struct error *take_counts(struct top_source *s, struct top_sample *ret)
{
    const struct top_stream *stream = &s->stream;
    if (!stream->open || !stream->counting)
        return NULL;
    ret->has_types = ret->has_sites = true;
    ret->groups_drifted = stream->objects.missing;
    return groups_add(stream, ret);
}

struct error *top_source_take(struct top_source *s, enum top_view view, struct top_sample *ret)
{
    struct process process;
    TRY(process_read(&process, s->pid));
    tend_counting(s, view);
    top_source_poll(s);
    if (s->looker) {
        struct error *err = s->ops->look(s->looker, &s->look);
        if (err && err->code == ERROR_GONE)
            return err;
        error_destroy(err);
    }
    if (s->stream.open) {
        TRY(handoffs_guess(&s->stream.handoffs, threads_holder(&s->look.threads)));
        top_stream_settle(&s->stream);
    }
    ret->now_ns = clock_now_ns();
    ret->unix_s = clock_unix_ns() / (int64_t)CLOCK_NS_PER_S;
    ret->window_ns = ret->now_ns - s->begun_ns;
    ret->since_ns = s->since_ns;
    ret->rss_bytes = resident_bytes(s, process.rss_bytes);
    snprintf(ret->lost, sizeof ret->lost, "%s", s->lost);
    take_pools(s, view, ret);
    // Where far more comes than can be read, a small part of the tick says little about it.
    s->by_events =
        s->stream.open && (!s->wants_count || s->stream.handoffs.tick_ns >= ret->window_ns / 2);
    TRY(threads_add(s->pid, &s->look.threads, s->by_events ? &s->stream.handoffs : NULL,
                    &s->samples, ret));
    take_gil(s, ret);
    take_gc(s, ret);
    TRY(take_counts(s, ret));
    add_notes(s, ret);
    ret->events = s->stream.open ? s->stream.events : 0;
    ret->dropped = top_stream_dropped(&s->stream);
    ret->cost_ns = clock_cpu_ns() - s->cpu_ns;
    s->cpu_ns = clock_cpu_ns();
    s->begun_ns = ret->now_ns;
    if (s->stream.open)
        top_stream_next_tick(&s->stream);
    thread_samples_clear(&s->samples);
    return NULL;
}

void top_source_reset(struct top_source *s)
{
    s->since_ns = clock_now_ns();
    if (s->stream.open)
        objects_begin_window(&s->stream.objects);
}
