// See count_watch.h.
#include "inspector/proc/count_watch.h"

#include "inspector/base/clock.h"
#include "inspector/base/interrupt.h"
#include "inspector/proc/count_write.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/mem_source.h"
#include "inspector/proc/native_stack.h"
#include "inspector/proc/perf.h"
#include "inspector/proc/process.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DRAIN_NS = 5 * CLOCK_NS_PER_MS, COUNT_BYTES = 4, STACK_BYTES = 3072, PLACES_MAX = 1 << 16 };

struct watcher {
    pid_t pid;
    uint64_t address;
    struct maps maps;
    struct mem_source *mem;
    struct native_unwinder *unwinder; // for the names of functions; NULL: none
    struct perf_sampler *sampler;
    struct perf_sample_vec samples;
    struct count_watch *watch;
    const struct count_watch_options *options;
    struct count_place_vec numbers; // sums by number of a place; lines are known in the end
    uint64_t begun_ns;
    uint32_t count;
    uint64_t second_ns, in_second; // when this second began, changes in it
    uint64_t rests_since_ns;       // 0: it does not
};

void count_watch_deinit(struct count_watch *watch)
{
    count_site_vec_deinit(&watch->sites);
    count_place_vec_deinit(&watch->places);
    count_change_vec_deinit(&watch->changes);
    arena_deinit(&watch->arena);
}

// ---- sites ----

static const char *keep(struct watcher *w, const char *text)
{
    return text ? arena_strdup(&w->watch->arena, text) : NULL;
}

static struct error *site_of(struct watcher *w, uint64_t address, uint32_t *ret)
{
    struct count_site_vec *sites = &w->watch->sites;
    struct native_frame frame;
    for (uint32_t i = 0; i < sites->count; i++)
        if (sites->items[i].address == address) {
            *ret = i;
            return NULL;
        }
    struct count_site site = {.address = address};
    // The name of the function is that of the byte before: the next may belong to another one.
    if (w->unwinder && native_symbol_at(w->unwinder, remote_at(address - 1), &frame)) {
        site.function = keep(w, frame.function);
        site.module = keep(w, frame.module);
        site.offset = frame.function ? frame.function_offset + 1 : 0;
    }
    *ret = (uint32_t)sites->count;
    return count_site_vec_push(sites, site);
}

// ---- lines ----

static bool is_same_place(const struct count_place *a, const struct count_place *b)
{
    return a->line == b->line && strcmp(a->function, b->function) == 0 &&
           strcmp(a->file, b->file) == 0;
}

// Counted by number first.
static struct error *number_of(struct watcher *w, const struct perf_sample *sample, int32_t *ret)
{
    uint32_t number;
    *ret = COUNT_PLACE_UNKNOWN;
    if (!w->options->locate || !w->options->locate(w->options->context, sample, &number) ||
        number >= PLACES_MAX)
        return NULL;
    while (w->numbers.count <= number)
        TRY(count_place_vec_push(&w->numbers, (struct count_place){0}));
    *ret = (int32_t)number;
    return NULL;
}

static struct error *add_place(struct count_watch *watch, const struct count_place *place,
                               int32_t *ret)
{
    struct count_place_vec *places = &watch->places;
    for (size_t i = 0; i < places->count; i++)
        if (is_same_place(&places->items[i], place)) {
            places->items[i].increments += place->increments;
            places->items[i].decrements += place->decrements;
            places->items[i].others += place->others;
            *ret = (int32_t)i;
            return NULL;
        }
    *ret = (int32_t)places->count;
    return count_place_vec_push(places, *place);
}

// Numbers become lines; several may be of one, and of some it is not known.
static struct error *resolve(struct watcher *w)
{
    _cleanup_free_ int32_t *lines = calloc(w->numbers.count + 1, sizeof *lines);
    if (!lines)
        return &error_no_memory;
    for (uint32_t i = 0; i < w->numbers.count; i++) {
        struct count_place place = w->numbers.items[i];
        lines[i] = COUNT_PLACE_UNKNOWN;
        if (w->options->resolve(w->options->context, i, &place))
            TRY(add_place(w->watch, &place, &lines[i]));
    }
    for (size_t i = 0; i < w->watch->changes.count; i++) {
        int32_t *place = &w->watch->changes.items[i].place;
        if (*place != COUNT_PLACE_UNKNOWN)
            *place = lines[*place];
    }
    return NULL;
}

// ---- changes ----

static struct error *keep_change(struct count_watch *watch, const struct count_change *change)
{
    if (watch->change_count++ < COUNT_WATCH_KEPT)
        return count_change_vec_push(&watch->changes, *change);
    watch->changes.items[(watch->change_count - 1) % COUNT_WATCH_KEPT] = *change;
    return NULL;
}

static struct error *on_sample(struct watcher *w, const struct perf_sample *sample)
{
    struct count_watch *watch = w->watch;
    unsigned char code[COUNT_WRITE_BYTES] = {0};
    struct count_write write;
    struct count_change change = {
        .tid = sample->tid,
        .time_ns = sample->time_ns > w->begun_ns ? sample->time_ns - w->begun_ns : 0};
    if (watch->freed)
        return NULL;
    const uint64_t rip = sample->registers.rip;
    mem_read_some(w->mem, remote_at(rip - sizeof code), code, sizeof code);
    count_write_decode(code, &sample->registers, w->address, w->count, &write);
    TRY(site_of(w, rip, &change.site));
    TRY(number_of(w, sample, &change.place));
    struct count_site *site = &watch->sites.items[change.site];
    const bool up = write.known && write.delta == 1, down = write.known && write.delta == -1;
    if (write.known)
        w->count = write.count;
    change.delta = write.known ? write.delta : 0;
    change.count = w->count;
    watch->increments += up;
    watch->decrements += down;
    watch->others += !up && !down;
    site->increments += up;
    site->decrements += down;
    site->others += !up && !down;
    if (change.place != COUNT_PLACE_UNKNOWN) {
        struct count_place *place = &w->numbers.items[change.place];
        place->increments += up;
        place->decrements += down;
        place->others += !up && !down;
    }
    watch->freed = write.known && w->count == 0;
    return keep_change(watch, &change);
}

static struct error *drain(struct watcher *w, bool last)
{
    perf_samples_clear(&w->samples);
    TRY(perf_sampler_read(w->sampler, last, &w->samples));
    for (size_t i = 0; i < w->samples.count; i++)
        if (w->samples.items[i].time_ns >= w->begun_ns)
            TRY(on_sample(w, &w->samples.items[i]));
    w->in_second += w->samples.count;
    return NULL;
}

// ---- the limit ----

static void keep_to_rate(struct watcher *w, uint64_t rate)
{
    const uint64_t now_ns = clock_now_ns();
    const bool over = now_ns - w->second_ns >= CLOCK_NS_PER_S;
    if (w->rests_since_ns && over) {
        w->watch->rested_ns += now_ns - w->rests_since_ns;
        w->rests_since_ns = 0;
        error_destroy(mem_read_u32(w->mem, remote_at(w->address), &w->count));
        perf_sampler_rest(w->sampler, false);
    } else if (!w->rests_since_ns && rate && w->in_second >= rate) {
        perf_sampler_rest(w->sampler, true);
        w->rests_since_ns = now_ns;
    }
    if (over) {
        w->second_ns = now_ns;
        w->in_second = 0;
    }
}

// ---- the watch ----

static struct error *look_on(struct watcher *w, const struct count_watch_options *options)
{
    while (!interrupted() && !w->watch->freed && !w->watch->ended &&
           (!options->for_ns || clock_now_ns() - w->begun_ns < options->for_ns)) {
        clock_sleep_ns(DRAIN_NS);
        TRY(drain(w, false));
        keep_to_rate(w, options->rate);
        w->watch->ended = process_has_ended(w->pid);
    }
    perf_sampler_rest(w->sampler, true);
    w->watch->window_ns = clock_now_ns() - w->begun_ns;
    if (w->rests_since_ns)
        w->watch->rested_ns += clock_now_ns() - w->rests_since_ns;
    return drain(w, true);
}

static int compare_sites(const void *a, const void *b)
{
    const struct count_site *left = a, *right = b;
    const uint64_t x = left->increments + left->decrements + left->others;
    const uint64_t y = right->increments + right->decrements + right->others;
    return x != y ? (x < y ? 1 : -1)
                  : (left->address > right->address) - (left->address < right->address);
}

// The changes refer to sites by index.
static struct error *sort_sites(struct count_watch *watch)
{
    const size_t count = watch->sites.count;
    _cleanup_free_ uint64_t *addresses = calloc(count + 1, sizeof *addresses);
    if (!addresses)
        return &error_no_memory;
    for (size_t i = 0; i < count; i++)
        addresses[i] = watch->sites.items[i].address;
    if (count)
        qsort(watch->sites.items, count, sizeof *watch->sites.items, compare_sites);
    for (size_t i = 0; i < watch->changes.count; i++)
        for (uint32_t k = 0; k < count; k++)
            if (watch->sites.items[k].address == addresses[watch->changes.items[i].site]) {
                watch->changes.items[i].site = k;
                break;
            }
    return NULL;
}

static int compare_changes(const void *a, const void *b)
{
    const struct count_change *left = a, *right = b;
    return (left->time_ns > right->time_ns) - (left->time_ns < right->time_ns);
}

static struct error *watch(struct watcher *w, const struct count_watch_options *options)
{
    const struct perf_probe probe = {.address = w->address, .length = COUNT_BYTES};
    struct count_watch *watch = w->watch;
    TRY(mem_live_create(w->pid, &w->mem));
    TRY(mem_read_u32(w->mem, remote_at(w->address), &watch->count_begin));
    TRY(maps_read(&w->maps, w->pid));
    error_destroy(native_unwinder_create(w->pid, &w->maps, w->mem, &w->unwinder));
    TRY(perf_sampler_create(w->pid, &probe, 1, options->locate ? STACK_BYTES : 0, &w->sampler));
    w->begun_ns = w->second_ns = clock_now_ns();
    watch->begun_unix_ns = clock_unix_ns();
    TRY(mem_read_u32(w->mem, remote_at(w->address), &watch->count_begin));
    w->count = watch->count_begin;
    TRY(look_on(w, options));
    watch->lost = perf_sampler_lost(w->sampler);
    if (mem_read_some(w->mem, remote_at(w->address), &watch->count_end, COUNT_BYTES) != COUNT_BYTES)
        watch->count_end = w->count;
    if (watch->changes.count)
        qsort(watch->changes.items, watch->changes.count, sizeof *watch->changes.items,
              compare_changes);
    TRY(resolve(w));
    return sort_sites(watch);
}

struct error *count_watch_run(pid_t pid, uint64_t address,
                              const struct count_watch_options *options, struct count_watch *ret)
{
    struct watcher w = {.pid = pid, .address = address, .watch = ret, .options = options};
    *ret = (struct count_watch){0};
    arena_init(&ret->arena);
    maps_init(&w.maps);
    struct error *err = watch(&w, options);
    perf_sampler_destroy(w.sampler);
    native_unwinder_destroy(w.unwinder);
    mem_source_destroy(w.mem);
    maps_deinit(&w.maps);
    count_place_vec_deinit(&w.numbers);
    perf_samples_clear(&w.samples);
    perf_sample_vec_deinit(&w.samples);
    if (err)
        count_watch_deinit(ret);
    return err;
}
