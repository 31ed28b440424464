// A brille-python that has ended, from its core file. The same walk as for a live process, over
// memory that nobody can change any more.
//
// Whether it died at a safepoint cannot be arranged, only looked up: if nobody held the GIL, it was
// at one. Otherwise the graph is as good as the moment was, and is marked so.
#include "inspector/target/ownvm/ownvm.h"

#include "tracer/abi/control.h"

#include <stdio.h>

static struct error *open_core(const char *path, struct capture **capture, struct vm_table *table)
{
    _cleanup_(capture_destroy_at) struct capture *opened = NULL;
    TRY(capture_open_core(path, &opened));
    TRY(vm_table_read(opened->pid, &opened->maps, opened->mem, table));
    *capture = take_ptr(opened);
    return NULL;
}

bool ownvm_probe_core(const char *path)
{
    _cleanup_(capture_destroy_at) struct capture *capture = NULL;
    struct vm_table table;
    _cleanup_error_ struct error *err = open_core(path, &capture, &table);
    return !err || err->code == ERROR_VERSION;
}

static void add_facts(struct vm *vm, const struct capture *capture, const struct vm_table *table)
{
    struct snapshot_info *info = snapshot_builder_info(vm->builder);
    char text[32];
    uint32_t locked = 1, classes = 0;
    vmem_u32(&vm->mem, vm->t.address_gil + vm->t.gil_locked, &locked);
    vmem_u32(&vm->mem, vm->t.address_control + offsetof(struct trace_control, classes), &classes);
    snprintf(text, sizeof text, "%.*s", (int)sizeof table->rows.version, table->rows.version);
    snapshot_builder_text(vm->builder, &info->version, text);
    snapshot_builder_text(vm->builder, &info->runtime, "brille");
    info->pid = (uint64_t)capture->pid;
    info->has_event_seq = classes != 0 && vm->has_event_seq;
    info->event_seq = vm->event_seq;
    info->complete = locked == 0 && vm->damage_count == 0;
    if (!info->complete)
        snapshot_builder_text(vm->builder, &info->incomplete_why,
                              vm->damage_count ? vm->damage
                                               : "it ended while it was running Python code");
}

struct error *ownvm_read_core(const char *path, struct snapshot_builder *builder)
{
    _cleanup_(capture_destroy_at) struct capture *capture = NULL;
    struct vm_table table;
    struct vm vm;
    TRY(open_core(path, &capture, &table));
    struct error *err = vm_init(&vm, builder, &table, capture->mem);
    vm_set_bounds(&vm, capture);
    if (!err)
        err = vm_walk(&vm);
    if (!err)
        add_facts(&vm, capture, &table);
    vm_deinit(&vm);
    return err;
}
