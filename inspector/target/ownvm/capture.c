// A capture of a brille-python, from the outside in: find its introspection table while it runs,
// freeze it at a safepoint, walk the frozen image, and say what is known about the whole.
//
//     table (live) -> park, freeze -> table again (frozen, must be the same) -> collector's lists
//                  -> heap -> roots -> static objects -> facts
#include "inspector/target/ownvm/ownvm.h"

#include "inspector/base/clock.h"
#include "inspector/target/areas.h"
#include "inspector/target/malloc_walk.h"
#include "tracer/abi/writer.h"
#include "tracer/read/link.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

// Slots that are there in any process, most of them in its file: they were never written.
enum { BUDGET_LEAST = 1 << 16 };

enum { KEPT_SHARE = 32 }; // of the process's own memory one part is kept at hand

// ---- the walk's state ----

struct error *vm_init(struct vm *vm, struct snapshot_builder *builder, const struct vm_table *table,
                      struct mem_source *source)
{
    *vm = (struct vm){.builder = builder, .t = table->rows, .budget = UINT64_MAX};
    arena_init(&vm->arena);
    strbuf_init(&vm->text);
    strbuf_init(&vm->key_text);
    return vmem_init(&vm->mem, source);
}

void vm_deinit(struct vm *vm)
{
    vmem_deinit(&vm->mem);
    arena_deinit(&vm->arena);
    strbuf_deinit(&vm->text);
    strbuf_deinit(&vm->key_text);
    free(vm->types);
    free(vm->codes);
    free(vm->keys);
    free(vm->attributes);
    vm_generations_destroy(vm->generations);
    u64_vec_deinit(&vm->statics);
    free(vm->static_slots);
    *vm = (struct vm){0};
}

void vm_damage(struct vm *vm, const char *what)
{
    if (!vm->damage_count++)
        vm->damage = what;
}

bool vm_read_struct(struct vm *vm, uint64_t address, uint64_t size, struct vm_struct *ret)
{
    if (size > TABLE_STRUCT_MAX || !vmem_read(&vm->mem, address, ret->bytes, size))
        return false;
    memset(ret->bytes + size, 0, size + 64 < sizeof ret->bytes ? 64 : sizeof ret->bytes - size);
    return true;
}

// What is mapped is no measure: a brille-python reserves a GiB for registers.
void vm_set_bounds(struct vm *vm, const struct capture *capture)
{
    const struct map_vec *maps = &capture->maps.list;
    uint64_t bytes = capture->written_bytes;
    for (size_t i = 0; !capture->written_bytes && i < maps->count; i++)
        if (maps->items[i].readable && maps->items[i].writable)
            bytes += map_size_bytes(&maps->items[i]);
    vm->budget = bytes / 8 + BUDGET_LEAST;
    vmem_set_maps(&vm->mem, &capture->maps);
}

bool vm_spend(struct vm *vm, uint64_t count)
{
    if (count > vm->budget) {
        vm_damage(vm, "containers claim more items than there is memory");
        return false;
    }
    vm->budget -= count;
    return true;
}

// ---- the event stream ----

// From the heads of the writers, as they were when the process was frozen; false when they make no
// sense.
static bool read_event_seq(struct vm *vm, uint64_t *ret)
{
    struct trace_writer writers[TRACE_STREAM_COUNT];
    if (!vmem_read(&vm->mem, vm->t.address_writers, writers, sizeof writers))
        return false;
    uint64_t seq = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        if (writers[i].p < writers[i].start || writers[i].p > writers[i].limit ||
            writers[i].shift > 16)
            return false;
        seq += trace_writer_position(&writers[i]);
    }
    *ret = seq;
    return true;
}

struct error *vm_walk(struct vm *vm)
{
    struct vm_struct runtime;
    vm_read_ranges(vm);
    TRY(vm_generations_read(vm));
    if (!vm_read_struct(vm, vm->t.address_runtime, vm->t.size_of_runtime, &runtime))
        return error_create(ERROR_FORMAT, "the interpreter's runtime cannot be read");
    vm->interned = word_at(runtime.bytes, vm->t.runtime_interned);
    vm_walk_heap(vm);
    vm_add_roots(vm);
    vm_walk_statics(vm);
    vm->has_event_seq = read_event_seq(vm, &vm->event_seq);
    return vm->mem.out_of_memory ? &error_no_memory : NULL;
}

// ---- the capture ----

void vm_freezing_deinit(struct vm_freezing *f)
{
    control_link_close(&f->link);
    capture_context_destroy(f->park, sizeof *f->park);
}

// The table is where the program of a moment ago had it, if that was another.
static struct error *began_another(void)
{
    return error_add_try(
        error_create(ERROR_GONE, "the process began another program during the capture"),
        "the same again");
}

static struct error *unless_began_another(struct error *err)
{
    if (!err || err->code != ERROR_FAULT)
        return err;
    error_destroy(err);
    return began_another();
}

struct error *vm_freezing_init(pid_t pid, struct vm_freezing *f)
{
    *f = (struct vm_freezing){.link = {.fd = -1}};
    _cleanup_mem_source_ struct mem_source *mem = NULL;
    struct read_error why;
    TRY(mem_live_create(pid, &mem));
    TRY(unless_began_another(vm_table_read_live(pid, mem, &f->table)));
    f->park = capture_context_create(sizeof *f->park);
    if (!f->park)
        return &error_no_memory;
    if (control_link_open(&f->link, pid, &why) != READ_OK)
        f->link = (struct control_link){.fd = -1};
    const uint32_t ticket = (uint32_t)(clock_now_ns() / 1000) ^ ((uint32_t)getpid() << 12);
    *f->park = (struct vm_park){.gil_locked = f->table.rows.address_gil + f->table.rows.gil_locked,
                                .page = f->link.page,
                                .ticket = ticket ? ticket : 1};
    return NULL;
}

struct error *vm_freezing_check(const struct vm_freezing *f, struct mem_source *mem)
{
    struct introspect again;
    TRY(unless_began_another(mem_read(mem, remote_at(f->table.address), &again, sizeof again)));
    return memcmp(&again, &f->table.rows, sizeof again) == 0 ? NULL : began_another();
}

static void add_facts(struct vm *vm, const struct capture *capture, const struct vm_freezing *f)
{
    struct snapshot_info *info = snapshot_builder_info(vm->builder);
    char text[32];
    snprintf(text, sizeof text, "%.*s", (int)sizeof f->table.rows.version, f->table.rows.version);
    snapshot_builder_text(vm->builder, &info->version, text);
    snapshot_builder_text(vm->builder, &info->runtime, "brille");
    info->pause_ns = capture->pause_ns;
    info->taken_unix_ns = capture->taken_unix_ns;
    info->anonymous_bytes = capture->anonymous_bytes;
    info->huge_bytes = capture->huge_bytes;
    info->start_time = capture->start_ticks;
    info->birth_epoch = f->park->epoch;
    info->has_event_seq = f->park->classes != 0 && vm->has_event_seq;
    info->event_seq = vm->event_seq;
    info->complete = capture->at_safepoint && vm->damage_count == 0;
    if (!capture->at_safepoint)
        snapshot_builder_text(vm->builder, &info->incomplete_why,
                              "it did not reach a safepoint in time: a C function was busy");
    else if (vm->damage_count)
        snapshot_builder_text(vm->builder, &info->incomplete_why, vm->damage);
}

static struct error *capture_and_walk(pid_t pid, const struct heap_options *options,
                                      struct snapshot_builder *builder, struct vm_freezing *f)
{
    _cleanup_(capture_destroy_at) struct capture *capture = NULL;
    struct vm vm;
    TRY(vm_freezing_init(pid, f));
    TRY(capture_create(pid,
                       &(struct capture_options){.verb = options->verb,
                                                 .no_fork = options->no_fork,
                                                 .wait_ns = options->wait_ns,
                                                 .safepoint = &vm_safepoint,
                                                 .context = f->park},
                       &capture));
    TRY(vm_freezing_check(f, capture->mem));
    struct error *err = vm_init(&vm, builder, &f->table, capture->mem);
    if (!err)
        vmem_keep(&vm.mem, capture->written_bytes / KEPT_SHARE);
    vm_set_bounds(&vm, capture);
    if (!err)
        err = vm_walk(&vm);
    if (!err)
        target_add_blocks(capture, builder);
    capture_release(capture);
    target_add_areas(capture, builder);
    if (!err)
        add_facts(&vm, capture, f);
    vm_deinit(&vm);
    return err;
}

struct error *ownvm_capture(pid_t pid, const struct heap_options *options,
                            struct snapshot_builder *builder)
{
    struct vm_freezing f = {.link = {.fd = -1}};
    struct error *err = capture_and_walk(pid, options, builder, &f);
    vm_freezing_deinit(&f);
    return err;
}
