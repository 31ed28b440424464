// The GIL of a CPython, seen from outside while it runs.
//
// Exact. Whoever takes the GIL signals `switch_cond`, whoever drops it signals `cond`, and whoever
// waits for it waits on `cond` for a switch interval at a time; all three are in the same structure
// and go through libc's pthread_cond_signal and pthread_cond_timedwait. Probes there, which look at
// the first argument, see every handoff of a stripped release build, 2 us each:
//
//     pthread_cond_signal(&gil->switch_cond)          take
//     pthread_cond_signal(&gil->cond)                 drop
//     pthread_cond_timedwait(&gil->cond, ...)         wait; again: the interval is over, the waiter
//                                                     asks the holder to let go
//
// Why it was dropped is concluded: after somebody has asked it was the interval, else the holder
// was about to block. (A holder that was asked and blocks before it looks counts as asked.)
//
// Sampled. The structure is read a thousand times a second: `locked`, `last_holder` and the count
// of switches. Whether a thread waits is asked of /proc/PID/task/TID/syscall, ten times as rarely.
// Nothing is stopped, nothing more than reading is needed.
//
// Interpreters that have a GIL of their own (3.12 on): one of the GILs is looked at, with the
// threads that it serves. Which one, and that there are others, is said (struct gil_choice).
#include "inspector/target/cpython/cpython.h"

#include "inspector/base/clock.h"
#include "inspector/base/interrupt.h"
#include "inspector/proc/elf_image.h"
#include "inspector/proc/perf.h"
#include "inspector/target/cpython/live.h"
#include "inspector/target/gil_watch.h"
#include "inspector/trace/gil_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    DRAIN_NS = 10 * CLOCK_NS_PER_MS,
    NAMES_NS = CLOCK_NS_PER_S / 5, // between two looks at the names of threads
    LOOK_NS = CLOCK_NS_PER_MS,
    WAITERS_EVERY = 10, // looks
};

static bool time_is_over(const struct cpy_live *live, uint64_t begun_ns, uint64_t for_ns)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)live->pid);
    return interrupted() || (for_ns && clock_now_ns() - begun_ns >= for_ns) ||
           access(path, F_OK) != 0;
}

// ---- where the probes go ----

enum { PROBE_SIGNAL, PROBE_TIMEDWAIT, PROBES };
static const char *const probed[PROBES] = {"pthread_cond_signal", "pthread_cond_timedwait"};

struct probes {
    struct perf_probe list[PROBES];
    char path[128];
};

// Up to glibc 2.33 the functions of threads have a library of their own, and libc has stubs.
static bool is_library(const struct map *map, const char *prefix)
{
    const char *slash = strrchr(map->path, '/');
    return map->executable && slash && strncmp(slash + 1, prefix, strlen(prefix)) == 0;
}

// A way to the mapped file that holds where it has been replaced or lies in another namespace.
static void path_of(const struct cpy_live *live, const struct map *map, char *path, size_t size)
{
    struct stat found;
    snprintf(path, size, "/proc/%d/root%s", (int)live->pid, map->path);
    if (!map->deleted && stat(path, &found) == 0 && found.st_ino == map->inode)
        return;
    snprintf(path, size, "/proc/%d/map_files/%llx-%llx", (int)live->pid,
             (unsigned long long)map->begin, (unsigned long long)map->end);
}

static bool find_in(const struct cpy_live *live, const struct map *map, struct probes *probes)
{
    _cleanup_(elf_image_close_at) struct elf_image *image = NULL;
    error_destroy(elf_image_open(live->pid, &live->maps, map, live->mem, &image));
    for (int i = 0; i < PROBES; i++) {
        struct elf_symbol symbol;
        struct error *err = image ? elf_image_symbol(image, probed[i], &symbol) : &error_no_memory;
        error_destroy(err);
        const struct map *of = err ? NULL : maps_find(&live->maps, symbol.address.addr);
        if (!of || !of->executable)
            return false;
        probes->list[i] = (struct perf_probe){
            .path = probes->path, .address = of->offset + (symbol.address.addr - of->begin)};
    }
    path_of(live, map, probes->path, sizeof probes->path);
    return true;
}

static struct error *find_probes(const struct cpy_live *live, struct probes *probes)
{
    static const char *const libraries[] = {"libpthread", "libc.", "libc-"};
    for (unsigned l = 0; l < sizeof libraries / sizeof *libraries; l++)
        for (size_t i = 0; i < live->maps.list.count; i++) {
            const struct map *map = &live->maps.list.items[i];
            if (is_library(map, libraries[l]) && find_in(live, map, probes))
                return NULL;
        }
    return error_add_why(
        error_create(ERROR_UNSUPPORTED, "the handoffs of process %d cannot be probed",
                     (int)live->pid),
        "it has no libc of its own with pthread_cond_signal and pthread_cond_timedwait");
}

// ---- exact ----

struct gil_thread_state {
    uint32_t tid;
    uint64_t waits_since_ns; // 0: it does not wait
};
VEC_DEFINE(thread_state_vec, struct gil_thread_state);

struct handoffs {
    const struct cpy_live *live;
    struct gil_writer *writer;
    const struct probes *probes;
    struct thread_state_vec threads;
    struct cpy_live_thread_vec names; // as last seen
    uint64_t begin_ns;                // of the trace
    uint32_t holder;
    uint64_t held_since_ns;
    bool asked; // somebody has, since the holder took it
};

static struct gil_thread_state *state_of(struct handoffs *h, uint32_t tid)
{
    for (size_t i = 0; i < h->threads.count; i++)
        if (h->threads.items[i].tid == tid)
            return &h->threads.items[i];
    struct error *err = thread_state_vec_push(&h->threads, (struct gil_thread_state){.tid = tid});
    error_destroy(err);
    return err ? NULL : thread_state_vec_last(&h->threads);
}

static struct error *on_take(struct handoffs *h, struct gil_thread_state *thread, uint64_t now_ns)
{
    TRY(gil_writer_acquire(h->writer, thread->tid, now_ns, thread->waits_since_ns));
    thread->waits_since_ns = 0;
    h->holder = thread->tid;
    h->held_since_ns = now_ns;
    h->asked = false;
    return NULL;
}

static struct error *on_drop(struct handoffs *h, const struct gil_thread_state *thread,
                             uint64_t now_ns)
{
    const uint64_t since_ns = h->holder == thread->tid ? h->held_since_ns : 0;
    TRY(gil_writer_release(h->writer, thread->tid, now_ns,
                           h->asked ? TRACE_GIL_INTERVAL : TRACE_GIL_BLOCKING, since_ns));
    h->holder = 0;
    h->asked = false;
    return NULL;
}

static struct error *on_wait(struct handoffs *h, struct gil_thread_state *thread, uint64_t now_ns)
{
    enum trace_event_kind kind = TRACE_EVENT_gil_wait;
    if (thread->waits_since_ns) {
        kind = TRACE_EVENT_gil_request;
        h->asked = true;
    } else {
        thread->waits_since_ns = now_ns;
    }
    return gil_writer_wait(h->writer, kind, thread->tid, now_ns, h->holder);
}

static struct error *on_sample(struct handoffs *h, const struct perf_sample *sample)
{
    const struct cpy_layout *l = &h->live->runtime.layout;
    const uint64_t argument = sample->registers.rdi;
    const bool signal = sample->probe == PROBE_SIGNAL;
    const bool cond = argument == h->live->gil + l->gil_cond;
    if (sample->time_ns < h->begin_ns)
        return NULL; // some threads were being watched already
    if (!cond && !(signal && argument == h->live->gil + l->gil_switch_cond))
        return NULL; // another condition of the program
    struct gil_thread_state *thread = state_of(h, sample->tid);
    if (!thread)
        return &error_no_memory;
    return !signal ? on_wait(h, thread, sample->time_ns)
           : cond  ? on_drop(h, thread, sample->time_ns)
                   : on_take(h, thread, sample->time_ns);
}

static bool is_named(const struct cpy_live_thread_vec *names, const struct cpy_live_thread *thread)
{
    for (size_t i = 0; i < names->count; i++)
        if (names->items[i].tid == thread->tid)
            return strcmp(names->items[i].name, thread->name) == 0;
    return false;
}

// Names of threads that are new, or have another one now.
static struct error *look_at_names(struct handoffs *h)
{
    struct cpy_live_thread_vec now = {0};
    struct error *unreadable = cpy_live_threads(h->live, &now), *err = NULL;
    error_destroy(unreadable);
    for (size_t i = 0; !unreadable && i < now.count && !err; i++)
        if (now.items[i].gil == h->live->gil && now.items[i].tid > 0 && *now.items[i].name &&
            !is_named(&h->names, &now.items[i]))
            err = gil_writer_thread(h->writer, (uint32_t)now.items[i].tid, now.items[i].name);
    if (unreadable) {
        cpy_live_thread_vec_deinit(&now);
    } else {
        cpy_live_thread_vec_deinit(&h->names);
        h->names = now;
    }
    return err;
}

static struct error *drain(struct handoffs *h, struct perf_sampler *sampler, bool last,
                           struct perf_sample_vec *samples)
{
    perf_samples_clear(samples);
    TRY(perf_sampler_read(sampler, last, samples));
    for (size_t i = 0; i < samples->count; i++)
        TRY(on_sample(h, &samples->items[i]));
    return NULL;
}

static struct error *listen(struct handoffs *h, struct perf_sampler *sampler, uint64_t for_ns,
                            uint64_t *end_ns)
{
    struct perf_sample_vec samples = {0};
    const uint64_t begun_ns = clock_now_ns();
    uint64_t named_ns = begun_ns;
    struct error *err = look_at_names(h);
    while (!err && !time_is_over(h->live, begun_ns, for_ns)) {
        clock_sleep_ns(DRAIN_NS);
        err = drain(h, sampler, false, &samples);
        if (!err && clock_now_ns() - named_ns > NAMES_NS) {
            named_ns = clock_now_ns();
            err = look_at_names(h);
        }
    }
    *end_ns = clock_now_ns();
    perf_sampler_rest(sampler, true);
    if (!err)
        err = drain(h, sampler, true, &samples);
    if (!err)
        err = look_at_names(h);
    perf_samples_clear(&samples);
    perf_sample_vec_deinit(&samples);
    return err;
}

static struct error *record(const struct cpy_live *live, const struct gil_watch_options *options,
                            const char *path)
{
    _cleanup_(perf_sampler_destroy_at) struct perf_sampler *sampler = NULL;
    _cleanup_(gil_writer_destroy_at) struct gil_writer *writer = NULL;
    struct probes probes;
    TRY(find_probes(live, &probes));
    TRY(perf_sampler_create(live->pid, probes.list, PROBES, 0, &sampler));
    const uint64_t begin_ns = clock_now_ns(); // setting up the probes took its time
    TRY(gil_writer_create(path, live->pid, begin_ns, &writer));
    struct handoffs h = {.live = live, .writer = writer, .probes = &probes, .begin_ns = begin_ns};
    uint64_t end_ns;
    struct error *err = listen(&h, sampler, options->for_ns, &end_ns);
    if (!err)
        err = gil_writer_finish(writer, end_ns, perf_sampler_lost(sampler));
    thread_state_vec_deinit(&h.threads);
    cpy_live_thread_vec_deinit(&h.names);
    return err;
}

struct error *cpython_gil_record(pid_t pid, const struct gil_watch_options *options,
                                 const char *path)
{
    struct cpy_live live;
    TRY(cpy_live_init(&live, pid));
    struct error *err = cpy_live_choose_gil(&live, options->interpreter, options->choice);
    if (!err)
        err = record(&live, options, path);
    cpy_live_deinit(&live);
    return err;
}

// ---- sampled ----

struct look {
    uint64_t holder, switches;
    uint32_t locked;
};

static bool look_at_gil(const struct cpy_live *live, struct look *ret)
{
    const struct cpy_layout *l = &live->runtime.layout;
    unsigned char bytes[256];
    if (l->size_of_gil > sizeof bytes ||
        mem_read_some(live->mem, remote_at(live->gil), bytes, l->size_of_gil) != l->size_of_gil)
        return false;
    ret->holder = word_at(bytes, l->gil_last_holder);
    ret->switches = word_at(bytes, l->gil_switch_number);
    ret->locked = half_at(bytes, l->gil_locked);
    return true;
}

static struct gil_sampled_thread *sampled_thread(struct gil_sampled *sampled, pid_t tid)
{
    for (size_t i = 0; i < sampled->threads.count; i++)
        if (sampled->threads.items[i].tid == tid)
            return &sampled->threads.items[i];
    struct error *err =
        gil_sampled_vec_push(&sampled->threads, (struct gil_sampled_thread){.tid = tid});
    error_destroy(err);
    return err ? NULL : gil_sampled_vec_last(&sampled->threads);
}

static void look_at_waiters(const struct cpy_live *live, struct gil_sampled *sampled)
{
    sampled->wait_looks++;
    for (size_t i = 0; i < sampled->threads.count; i++)
        sampled->threads.items[i].waited +=
            cpy_live_is_waiting(live, sampled->threads.items[i].tid);
}

static void refresh_threads(const struct cpy_live *live, struct gil_sampled *sampled)
{
    struct cpy_live_thread_vec now = {0};
    struct error *err = cpy_live_threads(live, &now);
    for (size_t i = 0; !err && i < sampled->threads.count; i++)
        sampled->threads.items[i].there = false;
    for (size_t i = 0; !err && i < now.count; i++) {
        const bool served = now.items[i].gil == live->gil && now.items[i].tid > 0;
        struct gil_sampled_thread *thread =
            served ? sampled_thread(sampled, now.items[i].tid) : NULL;
        if (!thread)
            continue;
        snprintf(thread->name, sizeof thread->name, "%s", now.items[i].name);
        thread->there = true;
    }
    error_destroy(err);
    cpy_live_thread_vec_deinit(&now);
}

static void count_look(const struct cpy_live *live, const struct look *look,
                       struct gil_sampled *sampled)
{
    sampled->looks++;
    sampled->holder = look->locked == 1 ? cpy_live_tid(live, look->holder) : 0;
    struct gil_sampled_thread *thread =
        sampled->holder ? sampled_thread(sampled, sampled->holder) : NULL;
    if (thread)
        thread->held++;
    else
        sampled->free_looks++;
}

static int compare_sampled(const void *a, const void *b)
{
    const struct gil_sampled_thread *left = a, *right = b;
    if (left->held != right->held)
        return left->held < right->held ? 1 : -1;
    return (left->tid > right->tid) - (left->tid < right->tid);
}

static struct error *sample(const struct cpy_live *live, const struct gil_watch_options *options,
                            struct gil_sampled *ret)
{
    const uint64_t interval_ns = options->interval_ns ? options->interval_ns : LOOK_NS;
    const uint64_t begun_ns = clock_now_ns();
    uint64_t named_ns = begun_ns;
    struct look first, look;
    if (!look_at_gil(live, &first))
        return error_create(ERROR_GONE, "process %d has ended", (int)live->pid);
    look = first;
    refresh_threads(live, ret);
    while (!time_is_over(live, begun_ns, options->for_ns) && look_at_gil(live, &look)) {
        count_look(live, &look, ret);
        if (ret->looks % WAITERS_EVERY == 1)
            look_at_waiters(live, ret);
        if (clock_now_ns() - named_ns > NAMES_NS) {
            named_ns = clock_now_ns();
            refresh_threads(live, ret);
        }
        clock_sleep_ns(interval_ns);
    }
    ret->window_ns = clock_now_ns() - begun_ns;
    ret->switches = look.switches - first.switches;
    if (ret->threads.count)
        qsort(ret->threads.items, ret->threads.count, sizeof *ret->threads.items, compare_sampled);
    return NULL;
}

struct error *cpython_gil_sample(pid_t pid, const struct gil_watch_options *options,
                                 struct gil_sampled *ret)
{
    struct cpy_live live;
    TRY(cpy_live_init(&live, pid));
    *ret = (struct gil_sampled){0};
    struct error *err = cpy_live_choose_gil(&live, options->interpreter, options->choice);
    if (!err)
        err = sample(&live, options, ret);
    cpy_live_deinit(&live);
    return err;
}
