// A capture of a CPython, from the outside in: find the interpreter while it runs, freeze it at a
// moment at which no collection runs, see that the frozen image is laid out as expected, walk it,
// and say what is known about the whole.
//
// A collection takes its objects off the lists that can be found, so a moment between collections
// is waited for. A program that collects all the time is captured in the middle of one: then the
// objects come from the pools all the same, and only their generation is unknown (census.c).
#include "inspector/target/areas.h"
#include "inspector/target/cpython/cpython.h"
#include "inspector/target/malloc_walk.h"

#include <stdlib.h>

// ---- the walk's state ----

enum { KEPT_SHARE = 100 }; // of the process's own memory one part is kept at hand

struct error *cpy_init(struct cpy *cpy, struct snapshot_builder *builder,
                       const struct cpy_runtime *runtime, const struct capture *capture)
{
    *cpy = (struct cpy){.builder = builder, .rt = *runtime, .capture = capture};
    cpy->l = &cpy->rt.layout;
    arena_init(&cpy->arena);
    strbuf_init(&cpy->text);
    strbuf_init(&cpy->key_text);
    uint64_t bytes = 0;
    for (size_t i = 0; i < capture->maps.list.count; i++)
        if (capture->maps.list.items[i].readable && capture->maps.list.items[i].writable)
            bytes += map_size_bytes(&capture->maps.list.items[i]);
    // Each slot belongs to one container, so there are no more than there is memory for.
    cpy->budget = bytes / 8 * 2;
    return reader_init(&cpy->mem, capture->mem, capture->written_bytes / KEPT_SHARE);
}

void cpy_deinit(struct cpy *cpy)
{
    reader_deinit(&cpy->mem);
    arena_deinit(&cpy->arena);
    strbuf_deinit(&cpy->text);
    strbuf_deinit(&cpy->key_text);
    cpy_types_deinit(cpy);
    free(cpy->codes);
    free(cpy->keys);
    free(cpy->attributes);
    cpy_census_destroy(cpy->census);
    u64_vec_deinit(&cpy->counted_keys);
    cpy_range_vec_deinit(&cpy->statics);
    cpy_data_vec_deinit(&cpy->data);
    *cpy = (struct cpy){0};
}

void cpy_damage(struct cpy *cpy, const char *what)
{
    if (!cpy->damage_count++)
        cpy->damage = what;
}

bool cpy_spend(struct cpy *cpy, uint64_t count)
{
    if (count > cpy->budget) {
        cpy_damage(cpy, "containers claim more items than there is memory");
        return false;
    }
    cpy->budget -= count;
    return true;
}

// The list ended when the runtime was verified; of one that has become a ring since, in a process
// that runs, it is left after as many as there may be.
bool cpy_next_interp(struct cpy *cpy, uint64_t *interp)
{
    cpy->interpreters = *interp ? cpy->interpreters + 1 : 0;
    if (cpy->interpreters >= LIMIT_INTERPRETERS)
        return false;
    const uint64_t from = *interp ? *interp + cpy->l->interp_next
                                  : cpy->rt.address + cpy->l->runtime_interpreters_head;
    return reader_u64(&cpy->mem, from, interp) && *interp;
}

uint64_t cpy_gc_state(const struct cpy *cpy, uint64_t interp)
{
    return layout_has(cpy->l->runtime_gc) ? cpy->rt.address + cpy->l->runtime_gc
                                          : interp + cpy->l->interp_gc;
}

// ---- a moment between collections ----

enum {
    FLAGS_MAX = 64,
    GENERATION_THRESHOLD = 16, // in a gc_generation, behind the head of the list
};

// Shared with the keeper.
struct moment {
    uint32_t count;
    uint64_t collecting[FLAGS_MAX]; // addresses of the flags, one for each interpreter
};

static bool nobody_collects(void *context, const struct capture_view *view)
{
    const struct moment *moment = context;
    for (uint32_t i = 0; i < moment->count && i < FLAGS_MAX; i++) {
        uint32_t collecting = 0;
        error_destroy(mem_read_u32(view->mem, remote_at(moment->collecting[i]), &collecting));
        if (collecting)
            return false;
    }
    return true;
}

static const struct capture_safepoint between_collections = {.ready = nobody_collects,
                                                             .at_safepoint = nobody_collects};

static void find_flags(const struct cpy_runtime *rt, struct mem_source *mem, struct moment *moment)
{
    const struct cpy_layout *l = &rt->layout;
    uint64_t interp = 0;
    if (layout_has(l->runtime_gc)) {
        moment->collecting[moment->count++] = rt->address + l->runtime_gc + l->gc_collecting;
        return;
    }
    error_destroy(
        mem_read_u64(mem, remote_at(rt->address + l->runtime_interpreters_head), &interp));
    while (interp && moment->count < FLAGS_MAX) {
        moment->collecting[moment->count++] = interp + l->interp_gc + l->gc_collecting;
        uint64_t next = 0;
        error_destroy(mem_read_u64(mem, remote_at(interp + l->interp_next), &next));
        interp = next;
    }
}

// ---- the capture ----

static struct error *find(pid_t pid, struct cpy_runtime *runtime, struct moment *moment)
{
    _cleanup_mem_source_ struct mem_source *mem = NULL;
    TRY(cpy_runtime_of(pid, runtime));
    TRY(mem_live_create(pid, &mem));
    find_flags(runtime, mem, moment);
    return NULL;
}

// Of the first interpreter, as people know it: gc.isenabled(), and a threshold that is not 0.
static enum collector_state read_collector(struct cpy *cpy)
{
    const uint64_t gc = cpy_gc_state(cpy, cpy->rt.interp);
    uint32_t enabled, threshold;
    if (!reader_u32(&cpy->mem, gc + cpy->l->gc_enabled, &enabled) || enabled > 1 ||
        !reader_u32(&cpy->mem, gc + cpy->l->gc_generations + GENERATION_THRESHOLD, &threshold))
        return COLLECTOR_UNKNOWN;
    return enabled && threshold ? COLLECTOR_ON : COLLECTOR_OFF;
}

static void add_facts(struct cpy *cpy, const struct capture *capture)
{
    struct snapshot_info *info = snapshot_builder_info(cpy->builder);
    snapshot_builder_text(cpy->builder, &info->version, cpy->rt.version);
    snapshot_builder_text(cpy->builder, &info->runtime, "cpython");
    info->anonymous_bytes = capture->anonymous_bytes;
    info->huge_bytes = capture->huge_bytes;
    info->pause_ns = capture->pause_ns;
    info->taken_unix_ns = capture->taken_unix_ns;
    info->start_time = capture->start_ticks;
    // A core file is whatever moment it was: only whether a collection ran can be looked up.
    const bool at_rest = capture->method == CAPTURE_CORE ? !cpy->collecting : capture->at_safepoint;
    info->complete = at_rest && cpy->damage_count == 0;
    if (cpy->damage_count)
        snapshot_builder_text(cpy->builder, &info->incomplete_why, cpy->damage);
    else if (!at_rest)
        snapshot_builder_text(cpy->builder, &info->incomplete_why,
                              "a collection was running: generations are not all known");
}

static struct error *walk(struct cpy_runtime *runtime, struct capture *capture,
                          struct snapshot_builder *builder)
{
    struct cpy cpy;
    struct error *err = cpy_init(&cpy, builder, runtime, capture);
    if (!err)
        err = cpy_runtime_verify(&cpy.rt, &cpy.mem);
    if (!err)
        err = cpy_walk(&cpy);
    if (!err)
        snapshot_builder_info(builder)->collector = read_collector(&cpy);
    if (!err)
        target_add_blocks(capture, builder);
    capture_release(capture);
    target_add_areas(capture, builder);
    if (!err)
        add_facts(&cpy, capture);
    cpy_deinit(&cpy);
    return err;
}

static struct error *capture_and_walk(pid_t pid, const struct heap_options *options,
                                      struct snapshot_builder *builder, struct moment *moment)
{
    _cleanup_(capture_destroy_at) struct capture *capture = NULL;
    struct cpy_runtime runtime;
    TRY(find(pid, &runtime, moment));
    TRY(capture_create(pid,
                       &(struct capture_options){.verb = options->verb,
                                                 .no_fork = options->no_fork,
                                                 .wait_ns = options->wait_ns,
                                                 .safepoint = &between_collections,
                                                 .context = moment},
                       &capture));
    return walk(&runtime, capture, builder);
}

struct error *cpython_capture(pid_t pid, const struct heap_options *options,
                              struct snapshot_builder *builder)
{
    struct moment *moment = capture_context_create(sizeof *moment);
    if (!moment)
        return &error_no_memory;
    struct error *err = capture_and_walk(pid, options, builder, moment);
    capture_context_destroy(moment, sizeof *moment);
    return err;
}

// ---- core files ----

struct error *cpy_runtime_of_core(struct capture *core, struct cpy_runtime *ret)
{
    // 0: the files are found by path and content, never through a process that now has this id.
    return cpy_runtime_find(0, &core->maps, core->mem, ret);
}

struct error *cpython_probe_core(struct capture *core)
{
    struct cpy_runtime runtime;
    return cpy_runtime_of_core(core, &runtime);
}

struct error *cpython_read_core(struct capture *core, struct snapshot_builder *builder)
{
    struct cpy_runtime runtime;
    TRY(cpy_runtime_of_core(core, &runtime));
    return walk(&runtime, core, builder);
}

const struct target_ops cpython_target = {
    .name = "cpython",
    .probe = cpython_probe,
    .capture = cpython_capture,
    .stacks = cpython_stacks,
    .object_at = cpython_object_at,
    .locator_create = cpython_locator_create,
    .locator_destroy = cpython_locator_destroy,
    .locate = cpython_locate,
    .resolve = cpython_resolve,
    .looker_create = cpython_looker_create,
    .looker_destroy = cpython_looker_destroy,
    .look = cpython_look,
    .look_gil = cpython_look_gil,
    .look_pools = cpython_look_pools,
    .probe_core = cpython_probe_core,
    .read_core = cpython_read_core,
    .core_stacks = cpython_core_stacks,
    .gil_record = cpython_gil_record,
    .gil_sample = cpython_gil_sample,
};
