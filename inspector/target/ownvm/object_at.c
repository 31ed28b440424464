// One object of a brille-python that runs on: its type and count, for `brille watch`.
#include "inspector/target/ownvm/ownvm.h"

#include <stdio.h>

static struct error *no_object(pid_t pid, uint64_t address)
{
    return error_add_try(error_create(ERROR_NOT_FOUND, "process %d has no object at 0x%llx",
                                      (int)pid, (unsigned long long)address),
                         "what id() says, or an address of brille types, show or leaks");
}

static struct error *look(struct vm *vm, pid_t pid, uint64_t address, struct target_object *ret)
{
    unsigned char bytes[16];
    struct strbuf text;
    const struct vm_type *type = address % 8 == 0 && vmem_read(&vm->mem, address, bytes, 16)
                                     ? vm_type_get(vm, word_at(bytes, vm->t.object_type))
                                     : NULL;
    const uint32_t count = type ? half_at(bytes, vm->t.object_refcnt) : 0;
    if (!count)
        return no_object(pid, address);
    strbuf_init(&text);
    vm_add_repr(vm, address, 1, &text);
    *ret = (struct target_object){.count_address = address + vm->t.object_refcnt,
                                  .refcount = count,
                                  .immortal = count & vm->t.immortal_bit};
    snprintf(ret->type, sizeof ret->type, "%s", type->name);
    snprintf(ret->label, sizeof ret->label, "%s", strbuf_text(&text));
    strbuf_deinit(&text);
    return NULL;
}

struct error *ownvm_object_at(pid_t pid, uint64_t address, struct target_object *ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *names = NULL;
    _cleanup_mem_source_ struct mem_source *mem = NULL;
    struct vm_table table;
    struct vm vm;
    TRY(snapshot_builder_create(&names));
    TRY(mem_live_create(pid, &mem));
    TRY(vm_table_read_live(pid, mem, &table));
    struct error *err = vm_init(&vm, names, &table, mem);
    if (!err)
        err = look(&vm, pid, address, ret);
    vm_deinit(&vm);
    return err;
}
