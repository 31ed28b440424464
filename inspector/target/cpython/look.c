// A CPython that runs on, looked at (inspector/target/look.h): its threads with their frames, who
// holds the GIL and who waits for it, what its collector counts, how full its pools are.
//
// Each look decodes afresh; what is kept is where the runtime is. The innermost frame's line is
// that which the frame has in memory: from 3.11 on the instruction is in a register while the
// loop runs, and memory has the one of the last call or so.
//
// What the collector counts stands between the permanent generation and the flag `collecting`, in
// all versions that have a layout table; where it does not, nothing is said.
#include "inspector/target/look.h"

#include "inspector/target/cpython/cpython.h"
#include "inspector/target/cpython/frames.h"
#include "inspector/target/cpython/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STATS_BYTES = 24, // collections, collected, uncollectable
    SKIPPED_FRAMES = 64,
};

struct looker {
    struct cpy_live live;
    struct snapshot_builder *names; // of one look
    struct capture seen;            // the live process in the shape that the decoders want
    struct cpy cpy;
};

void cpython_looker_destroy(struct looker *l)
{
    if (!l)
        return;
    cpy_live_deinit(&l->live);
    free(l);
}

struct error *cpython_looker_create(pid_t pid, struct looker **ret)
{
    struct looker *l = calloc(1, sizeof *l);
    if (!l)
        return &error_no_memory;
    struct error *err = cpy_live_init(&l->live, pid);
    if (err)
        free(l);
    else
        *ret = l;
    return err;
}

// ---- the beginning and the end of a look ----

static void end(struct looker *l)
{
    cpy_deinit(&l->cpy);
    snapshot_builder_destroy(l->names);
    l->names = NULL;
    free(l->seen.threads);
    l->seen = (struct capture){0};
}

static struct error *begin(struct looker *l)
{
    uint64_t word;
    l->seen = (struct capture){.pid = l->live.pid, .mem = l->live.mem, .maps = l->live.maps};
    l->cpy = (struct cpy){0};
    struct error *err = mem_read_u64(l->live.mem, remote_at(l->live.runtime.address), &word);
    if (err) {
        error_destroy(err);
        return error_create(ERROR_GONE, "process %d has ended", (int)l->live.pid);
    }
    err = snapshot_builder_create(&l->names);
    if (!err)
        err = cpy_init(&l->cpy, l->names, &l->live.runtime, &l->seen);
    if (!err)
        err = cpy_types_init(&l->cpy);
    if (err)
        end(l);
    return err;
}

// ---- threads ----

static void add_frame(struct cpy *cpy, const struct cpy_frame *f, struct look_thread *thread)
{
    struct look_frame *frame = &thread->frames[thread->depth++];
    const char *slash = strrchr(f->code->file, '/');
    snprintf(frame->function, sizeof frame->function, "%s", f->code->function);
    snprintf(frame->file, sizeof frame->file, "%s", slash ? slash + 1 : f->code->file);
    frame->line = cpy_code_line(cpy, f->code, f->position);
}

static void read_frames(struct cpy *cpy, uint64_t tstate, struct look_thread *thread)
{
    uint64_t address = cpy_frame_of_thread(cpy, tstate);
    struct cpy_frame f;
    for (int n = 0; address && n < SKIPPED_FRAMES && thread->depth < LOOK_FRAMES; n++) {
        if (!cpy_frame_read(cpy, address, &f))
            return;
        if (f.owner != FRAME_OWNED_BY_C_STACK && f.code)
            add_frame(cpy, &f, thread);
        address = f.previous;
    }
}

static struct error *add_thread(struct looker *l, uint64_t holder, uint64_t tstate,
                                const unsigned char *bytes, struct look *ret)
{
    struct look_thread *thread;
    struct strbuf name;
    TRY(look_thread_vec_extend(&ret->threads, 1, &thread));
    strbuf_init(&name);
    cpy_thread_name(&l->cpy, bytes, &name);
    snprintf(thread->name, sizeof thread->name, "%s", strbuf_text(&name));
    strbuf_deinit(&name);
    thread->tid = cpy_live_tid(&l->live, tstate);
    thread->gil = tstate == holder                             ? GIL_HOLDER
                  : cpy_live_is_waiting(&l->live, thread->tid) ? GIL_WAITING
                                                               : GIL_NONE;
    read_frames(&l->cpy, tstate, thread);
    return NULL;
}

static uint64_t holder_of(struct looker *l)
{
    const struct cpy_layout *layout = l->cpy.l;
    uint64_t holder = 0;
    uint32_t locked = 0;
    if (reader_u32(&l->cpy.mem, l->live.gil + layout->gil_locked, &locked) && locked == 1)
        reader_u64(&l->cpy.mem, l->live.gil + layout->gil_last_holder, &holder);
    return holder;
}

static struct error *read_threads(struct looker *l, struct look *ret)
{
    const struct cpy_layout *layout = l->cpy.l;
    const uint64_t holder = holder_of(l);
    unsigned char bytes[TSTATE_BYTES];
    for (uint64_t interp = 0; cpy_next_interp(&l->cpy, &interp);) {
        uint64_t tstate = 0;
        reader_u64(&l->cpy.mem, interp + layout->interp_threads, &tstate);
        while (tstate && tstate % 8 == 0 && ret->threads.count < LOOK_THREADS &&
               reader_read(&l->cpy.mem, tstate, bytes, layout->size_of_tstate) &&
               word_at(bytes, layout->tstate_interp) == interp) {
            TRY(add_thread(l, holder, tstate, bytes, ret));
            tstate = word_at(bytes, layout->tstate_next);
        }
        if (ret->threads.count >= LOOK_THREADS)
            break;
    }
    return NULL;
}

// ---- the collector ----

static void read_generations(struct looker *l, struct look *ret)
{
    const struct cpy_layout *layout = l->cpy.l;
    const uint64_t stats = layout->gc_permanent + layout->size_of_gc_generation;
    uint64_t interp = 0;
    ret->has_generations = false;
    if (layout->gc_collecting != stats + LOOK_GENERATIONS * STATS_BYTES)
        return;
    memset(ret->generations, 0, sizeof ret->generations);
    while (cpy_next_interp(&l->cpy, &interp)) {
        uint64_t words[3 * LOOK_GENERATIONS];
        if (!reader_read(&l->cpy.mem, cpy_gc_state(&l->cpy, interp) + stats, words, sizeof words))
            return;
        for (int i = 0; i < LOOK_GENERATIONS; i++) {
            ret->generations[i].runs += words[3 * i];
            ret->generations[i].collected += words[3 * i + 1];
            ret->generations[i].uncollectable += words[3 * i + 2];
        }
        ret->has_generations = true;
    }
}

struct error *cpython_look(struct looker *l, struct look *ret)
{
    ret->threads.count = 0;
    TRY(begin(l));
    struct error *err = read_threads(l, ret);
    if (!err)
        read_generations(l, ret);
    end(l);
    return err;
}

struct error *cpython_look_gil(struct looker *l, struct look_gil *ret)
{
    const struct cpy_layout *layout = &l->live.runtime.layout;
    unsigned char bytes[256];
    if (layout->size_of_gil > sizeof bytes ||
        mem_read_some(l->live.mem, remote_at(l->live.gil), bytes, layout->size_of_gil) !=
            layout->size_of_gil)
        return error_create(ERROR_GONE, "process %d has ended", (int)l->live.pid);
    ret->switches = word_at(bytes, layout->gil_switch_number);
    ret->holder = half_at(bytes, layout->gil_locked) == 1
                      ? cpy_live_tid(&l->live, word_at(bytes, layout->gil_last_holder))
                      : 0;
    return NULL;
}

// ---- pools ----

struct pool_count {
    const struct cpy *cpy;
    struct look_pools *pools;
};

static void count_pool(void *context, const unsigned char *pool)
{
    const struct pool_count *count = context;
    const struct cpy_layout *l = count->cpy->l;
    const uint32_t used = half_at(pool, l->pool_ref_count);
    const uint64_t block_bytes = (half_at(pool, l->pool_size_class) + UINT64_C(1)) * 16;
    if (used && block_bytes <= 512)
        look_add_pool(count->pools, (uint32_t)block_bytes,
                      (cpy_pool_bytes(count->cpy) - l->size_of_pool_header) / block_bytes, used);
    else
        count->pools->free_pools++;
}

static void count_arenas(struct looker *l, const struct cpy_range_vec *arenas, uint64_t bytes,
                         struct look_pools *ret)
{
    struct pool_count count = {&l->cpy, ret};
    for (size_t i = 0; i < arenas->count; i++) {
        const struct cpy_range *arena = &arenas->items[i];
        const uint64_t used =
            arena->end > arena->begin ? (arena->end - arena->begin) / ret->pool_bytes : 0;
        const uint64_t pools = bytes / ret->pool_bytes;
        ret->arenas++;
        ret->arena_bytes += bytes;
        if (look_each_pool(l->live.pid, arena->begin, ret->pool_bytes, used,
                           l->cpy.l->size_of_pool_header, count_pool, &count))
            ret->free_pools += used < pools ? pools - used : 0;
    }
}

struct error *cpython_look_pools(struct looker *l, struct look_pools *ret)
{
    struct cpy_range_vec arenas = {0};
    uint64_t bytes = 0;
    maps_deinit(&l->live.maps);
    maps_init(&l->live.maps);
    TRY(maps_read(&l->live.maps, l->live.pid)); // the heap has grown since
    TRY(begin(l));
    *ret = (struct look_pools){.pool_bytes = cpy_pool_bytes(&l->cpy)};
    struct error *err = cpy_arenas_read(&l->cpy, &arenas, &bytes);
    if (!err)
        count_arenas(l, &arenas, bytes, ret);
    cpy_range_vec_deinit(&arenas);
    end(l);
    return err;
}
