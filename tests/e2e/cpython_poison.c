// Walks a captured CPython whose memory lies.
//
//     cpython_poison PID ROUNDS SEED
//
// The process is captured once and its writable memory copied. Then, ROUNDS times: a few words of
// the copy are overwritten, by nothing at all, small numbers, other words of the same memory, or
// noise; the whole is walked and made into a snapshot, as `brille dump` does; what came out is
// checked; the words are put back. Whatever they are: no crash, no hang, one error or a graph that
// holds together.
//
// Before that a list of the collector is cut, as it is for an instant whenever an object is put on
// one: all its members must be found all the same.
//
// Words are chosen where they hurt: half of them in the interpreter's own data, a quarter at the
// begin of a block of the allocator, the rest anywhere.
#include "inspector/base/clock.h"
#include "inspector/base/vec.h"
#include "inspector/target/cpython/cpython.h"
#include "inspector/target/stack_dump.h"

#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    WORDS_MAX = 24,
    ROUND_LIMIT_S = 60, // one walk that takes longer counts as a hang
    REGION_LIMIT = 256 << 20,
};

struct region {
    uint64_t begin;
    uint64_t count; // words
    uint64_t *words;
    bool is_data; // of a file
};
VEC_DEFINE(region_vec, struct region);

struct change {
    uint64_t *word, was;
};

static struct region_vec regions;
static struct region_vec quiet; // read-only: never changed
static uint64_t word_total, data_total;
static uint64_t random_state;

static uint64_t noise(void)
{
    random_state += 0x9e3779b97f4a7c15ull;
    uint64_t z = random_state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static void stop_at(struct error *err, const char *what)
{
    if (!err)
        return;
    fprintf(stderr, "%s: %s %s\n", what, err->message, err->why ? err->why : "");
    exit(1);
}

// ---- the copy ----

static void copy_region(const struct capture *capture, const struct map *map,
                        struct region_vec *ret)
{
    struct region region = {.begin = map->begin,
                            .count = map_size_bytes(map) / 8,
                            .words = calloc(1, map_size_bytes(map)),
                            .is_data = map_is_file(map)};
    if (!region.words)
        exit(1);
    for (uint64_t at = 0; at < map_size_bytes(map); at += 4096)
        mem_read_some(capture->mem, remote_at(map->begin + at), (char *)region.words + at, 4096);
    stop_at(region_vec_push(ret, region), "regions");
    if (ret == &quiet)
        return;
    word_total += region.count;
    data_total += region.is_data ? region.count : 0;
}

static void add_regions(struct mem_source *copied, const struct region_vec *vec)
{
    for (size_t i = 0; i < vec->count; i++)
        stop_at(mem_buffer_add(copied, remote_at(vec->items[i].begin), vec->items[i].words,
                               8 * vec->items[i].count),
                "region");
}

static void free_regions(struct region_vec *vec)
{
    for (size_t i = 0; i < vec->count; i++)
        free(vec->items[i].words);
    region_vec_deinit(vec);
}

static struct mem_source *copy_memory(struct capture *capture)
{
    struct mem_source *copied, *both;
    stop_at(mem_buffer_create(&copied), "buffer");
    for (size_t i = 0; i < capture->maps.list.count; i++) {
        const struct map *map = &capture->maps.list.items[i];
        if (map->readable && !map->shared && map_size_bytes(map) < REGION_LIMIT)
            copy_region(capture, map, map->writable ? &regions : &quiet);
    }
    add_regions(copied, &regions);
    add_regions(copied, &quiet);
    stop_at(mem_layers_create(copied, capture->mem, &both), "layers");
    return both;
}

// ---- lies ----

static uint64_t *word_number(uint64_t n, bool in_data)
{
    for (size_t i = 0; i < regions.count; i++) {
        if (in_data && !regions.items[i].is_data)
            continue;
        if (n < regions.items[i].count)
            return &regions.items[i].words[n];
        n -= regions.items[i].count;
    }
    return regions.items[0].words;
}

static uint64_t *choose_word(void)
{
    const uint64_t kind = noise() % 4;
    if (kind < 2 && data_total)
        return word_number(noise() % data_total, true);
    // Of 4 MiB around a random word take one that is not zero: memory that is in use.
    for (int i = 0; i < 64; i++) {
        uint64_t *word = word_number(noise() % word_total, false);
        if (*word)
            return word;
    }
    return word_number(noise() % word_total, false);
}

static uint64_t choose_value(uint64_t was)
{
    switch (noise() % 9) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    case 2:
        return noise() % 256;
    case 3:
        return was + 8;
    case 4:
        return was ^ UINT64_C(1) << noise() % 64;
    case 5:
        return noise();
    case 6:
        return regions.items[noise() % regions.count].begin + noise() % (1 << 20) * 8;
    case 7:
        return INT64_MAX;
    default:
        return *choose_word();
    }
}

static size_t tell_lies(struct change changes[WORDS_MAX])
{
    const size_t count = 1 + noise() % WORDS_MAX;
    for (size_t i = 0; i < count; i++) {
        changes[i].word = choose_word();
        changes[i].was = *changes[i].word;
        *changes[i].word = choose_value(changes[i].was);
    }
    return count;
}

static void take_back(const struct change *changes, size_t count)
{
    while (count-- > 0)
        *changes[count].word = changes[count].was;
}

// ---- a walk ----

struct outcome {
    uint64_t errors, incomplete, complete, slowest_ns;
    uint64_t stack_errors, frames;
};

// The stacks, from the same lies.
static void walk_stacks(const struct capture *capture, const struct cpy_runtime *runtime,
                        struct outcome *outcome)
{
    struct stack_dump dump;
    stack_dump_init(&dump);
    struct error *err = cpy_read_stacks(capture, runtime, &dump);
    outcome->stack_errors += err != NULL;
    for (size_t i = 0; i < dump.threads.count; i++)
        outcome->frames += dump.threads.items[i].frames.count;
    error_destroy(err);
    stack_dump_deinit(&dump);
}

static struct error *walk(const struct capture *capture, const struct cpy_runtime *runtime,
                          struct snapshot **ret, bool *complete)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *builder = NULL;
    struct cpy cpy;
    TRY(snapshot_builder_create(&builder));
    struct error *err = cpy_init(&cpy, builder, runtime, capture);
    if (!err)
        err = cpy_runtime_verify(&cpy.rt, &cpy.mem);
    if (!err)
        err = cpy_walk(&cpy);
    *complete = cpy.damage_count == 0;
    cpy_deinit(&cpy);
    TRY(err);
    return snapshot_builder_finish(builder, ret);
}

static void one_round(const struct capture *capture, const struct cpy_runtime *runtime,
                      uint32_t most_objects, struct outcome *outcome)
{
    struct change changes[WORDS_MAX];
    struct snapshot *snapshot = NULL;
    bool complete;
    const size_t count = tell_lies(changes);
    const uint64_t begin_ns = clock_now_ns();
    struct error *err = walk(capture, runtime, &snapshot, &complete);
    walk_stacks(capture, runtime, outcome);
    const uint64_t took_ns = clock_now_ns() - begin_ns;
    take_back(changes, count);
    if (took_ns > outcome->slowest_ns)
        outcome->slowest_ns = took_ns;
    if (err) {
        outcome->errors++;
        if (!*err->message)
            exit(1);
        error_destroy(err);
        return;
    }
    *(complete ? &outcome->complete : &outcome->incomplete) += 1;
    snapshot_check(snapshot);
    if (snapshot->object_count > 2 * most_objects) {
        fprintf(stderr, "%u objects, though there are %u\n", snapshot->object_count, most_objects);
        exit(1);
    }
    snapshot_destroy(snapshot);
}

// ---- lists of the collector ----

static uint64_t *word_at_address(uint64_t address)
{
    for (size_t i = 0; i < regions.count; i++) {
        const struct region *region = &regions.items[i];
        if (address >= region->begin && address - region->begin < 8 * region->count)
            return &region->words[(address - region->begin) / 8];
    }
    fprintf(stderr, "a list of the collector is not in memory\n");
    exit(1);
}

// The link of a member in the middle of the longest list.
static uint64_t *find_link(const struct capture *capture, const struct cpy_runtime *runtime)
{
    enum { INSIDE = 50 };
    struct cpy cpy;
    uint64_t interp = 0;
    stop_at(cpy_init(&cpy, NULL, runtime, capture), "init");
    uint64_t *link = NULL;
    if (cpy_next_interp(&cpy, &interp)) {
        for (unsigned i = 0; i < 3; i++) {
            const uint64_t head = cpy_gc_state(&cpy, interp) + cpy.l->gc_generations +
                                  i * cpy.l->size_of_gc_generation;
            uint64_t *at = word_at_address(head);
            unsigned steps = 0;
            for (; steps < INSIDE && (*at & ~UINT64_C(3)) != head; steps++)
                at = word_at_address(*at & ~UINT64_C(3));
            if (steps == INSIDE)
                link = at;
        }
    }
    cpy_deinit(&cpy);
    if (!link) {
        fprintf(stderr, "no list of the collector has %d members\n", INSIDE);
        exit(1);
    }
    return link;
}

static void walk_cut(const struct capture *capture, const struct cpy_runtime *runtime,
                     uint32_t objects)
{
    struct snapshot *snapshot;
    bool complete;
    uint32_t lost = 0;
    stop_at(walk(capture, runtime, &snapshot, &complete), "a list that is cut");
    for (uint32_t o = 0; o < snapshot->object_count; o++)
        lost +=
            snapshot_tracked(snapshot, o) && snapshot_generation(snapshot, o) == GENERATION_NONE;
    if (!complete || snapshot->object_count != objects || lost) {
        fprintf(stderr, "a list that is cut: %u of %u objects, %u lost, complete %d\n",
                snapshot->object_count, objects, lost, complete);
        exit(1);
    }
    snapshot_destroy(snapshot);
}

// An object is being put on a list or taken off it: one of its links is missing.
static void cut_list(const struct capture *capture, const struct cpy_runtime *runtime,
                     uint32_t objects)
{
    uint64_t *link = find_link(capture, runtime);
    for (int way = 0; way < 2; way++) {
        const uint64_t was = link[way];
        link[way] = 0;
        walk_cut(capture, runtime, objects);
        link[way] = was;
    }
}

int main(int argc, char **argv)
{
    struct cpy_runtime runtime;
    struct capture *capture;
    struct maps maps;
    struct mem_source *live;
    struct snapshot *snapshot;
    struct outcome outcome = {0};
    bool complete;
    if (argc != 4)
        return 2;
    const pid_t pid = atoi(argv[1]);
    const uint64_t rounds = strtoull(argv[2], NULL, 10);
    random_state = strtoull(argv[3], NULL, 10);
    // What one walk gives back serves the next; the kernel need not clear it.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    maps_init(&maps);
    stop_at(maps_read(&maps, pid), "maps");
    stop_at(mem_live_create(pid, &live), "memory");
    stop_at(cpy_runtime_find(pid, &maps, live, &runtime), "runtime");
    stop_at(capture_create(pid, &(struct capture_options){.verb = "dump"}, &capture), "capture");
    capture->mem = copy_memory(capture);
    stop_at(walk(capture, &runtime, &snapshot, &complete), "the first walk");
    const uint32_t objects = snapshot->object_count;
    snapshot_destroy(snapshot);
    if (!complete || objects < 5000) {
        fprintf(stderr, "the first walk: %u objects, complete %d\n", objects, complete);
        return 1;
    }
    cut_list(capture, &runtime, objects);
    for (uint64_t i = 0; i < rounds; i++) {
        // Of processor time: a busy machine is no hang.
        setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = ROUND_LIMIT_S}, NULL);
        one_round(capture, &runtime, objects, &outcome);
    }
    printf("%u objects; %" PRIu64 " rounds: %" PRIu64 " errors, %" PRIu64 " graphs marked "
           "incomplete, %" PRIu64 " others; stacks: %" PRIu64 " errors, %" PRIu64
           " frames; the slowest took %.0f ms\n",
           objects, rounds, outcome.errors, outcome.incomplete, outcome.complete,
           outcome.stack_errors, outcome.frames, (double)outcome.slowest_ns / 1e6);
    capture_destroy(capture);
    mem_source_destroy(live);
    maps_deinit(&maps);
    free_regions(&regions);
    free_regions(&quiet);
    return 0;
}
