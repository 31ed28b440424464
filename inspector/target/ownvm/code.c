// Code objects, decoded once each: what a frame or generator needs to name its locals and its line.
#include "inspector/target/ownvm/ownvm.h"

#include <stdlib.h>

static char *text_of(struct vm *vm, uint64_t str)
{
    struct strbuf text;
    strbuf_init(&text);
    vm_text_of_str(vm, str, &text);
    char *copy = arena_strdup(&vm->arena, strbuf_text(&text));
    strbuf_deinit(&text);
    return copy;
}

static void read_locals(struct vm *vm, struct vm_code *code, uint64_t varnames)
{
    const struct introspect *t = &vm->t;
    uint64_t count;
    if (!vmem_u64(&vm->mem, varnames + t->var_size, &count) || code->local_count > count ||
        !vm_spend(vm, code->local_count))
        code->local_count = 0;
    code->local_ids = arena_alloc_array(&vm->arena, code->local_count + 1u, sizeof(edge_name));
    code->local_names = arena_alloc_array(&vm->arena, code->local_count + 1u, sizeof(char *));
    if (!code->local_ids || !code->local_names) {
        code->local_count = 0;
        return;
    }
    for (uint32_t i = 0; i < code->local_count; i++) {
        uint64_t name = 0;
        vmem_u64(&vm->mem, varnames + t->tuple_items + 8 * (uint64_t)i, &name);
        code->local_ids[i] = vm_name_of_str(vm, name);
        code->local_names[i] = text_of(vm, name);
    }
}

static void decode(struct vm *vm, struct vm_code *code)
{
    const struct introspect *t = &vm->t;
    struct vm_struct s;
    code->function = code->file = "";
    if (!vm_read_struct(vm, code->address, t->size_of_code, &s))
        return;
    uint16_t locals;
    memcpy(&locals, s.bytes + t->code_local_count, sizeof locals);
    code->local_count = locals;
    code->words = word_at(s.bytes, t->code_words);
    code->first_line = half_at(s.bytes, t->code_first_line);
    code->line_count = half_at(s.bytes, t->code_line_count);
    code->lines = word_at(s.bytes, t->code_lines);
    if (code->line_count > LIMIT_LINES)
        code->line_count = 0;
    const char *function = text_of(vm, word_at(s.bytes, t->code_qualname));
    const char *file = text_of(vm, word_at(s.bytes, t->code_filename));
    code->function = function ? function : "";
    code->file = file ? file : "";
    read_locals(vm, code, word_at(s.bytes, t->code_varnames));
}

static struct vm_code **slot_of(const struct vm *vm, uint64_t address)
{
    uint64_t at = vm_hash(address);
    while (vm->codes[at & (vm->code_slots - 1)] &&
           vm->codes[at & (vm->code_slots - 1)]->address != address)
        at++;
    return &vm->codes[at & (vm->code_slots - 1)];
}

static bool grow(struct vm *vm)
{
    struct vm_code **old = vm->codes;
    const uint32_t old_slots = vm->code_slots;
    const uint32_t slots = old_slots ? old_slots * 2 : 256;
    vm->codes = calloc(slots, sizeof(struct vm_code *));
    if (!vm->codes) {
        vm->codes = old;
        return false;
    }
    vm->code_slots = slots;
    for (uint32_t i = 0; i < old_slots; i++)
        if (old[i])
            *slot_of(vm, old[i]->address) = old[i];
    free(old);
    return true;
}

struct vm_code *vm_code_get(struct vm *vm, uint64_t address)
{
    if (!address || (vm->code_count * 2 >= vm->code_slots && !grow(vm)))
        return NULL;
    struct vm_code **slot = slot_of(vm, address);
    if (*slot)
        return *slot;
    struct vm_code *code = arena_alloc(&vm->arena, sizeof *code);
    if (!code)
        return NULL;
    code->address = address;
    *slot = code;
    vm->code_count++;
    decode(vm, code);
    return code;
}

// The line of the last entry that starts at or before the instruction.
uint32_t vm_code_line(struct vm *vm, const struct vm_code *code, uint64_t pc)
{
    const struct introspect *t = &vm->t;
    if (pc < code->words || code->line_count == 0)
        return code->first_line;
    const uint64_t offset = (pc - code->words) / 8;
    uint32_t low = 0, high = code->line_count, line = 0;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        uint32_t start;
        if (!vmem_u32(&vm->mem, code->lines + middle * t->size_of_line_entry + t->line_entry_start,
                      &start))
            return code->first_line;
        if (start <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 ||
        !vmem_u32(&vm->mem, code->lines + (low - 1) * t->size_of_line_entry + t->line_entry_line,
                  &line))
        return code->first_line;
    return line;
}
