// A brille-python that has ended, from its core file. The same walk as for a live process, over
// memory that nobody can change any more.
//
// Whether it died at a safepoint cannot be arranged, only looked up: if nobody held the GIL, it was
// at one. Otherwise the graph is as good as the moment was, and is marked so.
#include "inspector/target/ownvm/ownvm.h"

#include "tracer/abi/control.h"

#include <stdio.h>

static struct error *read_table(struct capture *core, struct vm_table *table)
{
    return vm_table_read(core->pid, &core->maps, core->mem, table);
}

struct error *ownvm_probe_core(struct capture *core)
{
    struct vm_table table;
    struct error *err = read_table(core, &table);
    if (!err || err->code == ERROR_VERSION)
        return err;
    error_destroy(err);
    return error_create(ERROR_NOT_FOUND, "it is of no brille-python");
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

struct error *ownvm_read_core(struct capture *core, struct snapshot_builder *builder)
{
    struct vm_table table;
    struct vm vm;
    TRY(read_table(core, &table));
    struct error *err = vm_init(&vm, builder, &table, core->mem);
    vm_set_bounds(&vm, core);
    if (!err)
        err = vm_walk(&vm);
    if (!err)
        add_facts(&vm, core, &table);
    vm_deinit(&vm);
    return err;
}
