// What holds objects from outside the heap: running frames, handles of C functions, the state of
// threads and of the runtime. Together with the edges they explain every count.
//
// A register belongs to the innermost frame whose registers begin at or before it: a call's
// arguments lie where the caller put them, inside both windows, and are the callee's now.
// Generators carry their registers in their own objects (edges.c).
//
// Modules are roots as well, by name, without a count: sys.modules holds it.
#include "inspector/target/ownvm/ownvm.h"

#include <stdlib.h>

struct frame {
    uint64_t address, regs, top;
    const struct vm_code *code;
    uint32_t row;
    bool on_stack; // its registers are on the thread's stack
};

VEC_DEFINE(frame_rows, struct frame);

struct owner {
    uint32_t thread, frame;
};

static const struct owner nobody = {ORDINAL_NONE, ORDINAL_NONE};

static void root(struct vm *vm, uint64_t target, enum root_kind kind, const char *name,
                 struct owner owner)
{
    if (!target)
        return;
    vm_note_target(vm, target);
    snapshot_builder_root(vm->builder, &(struct builder_root){.target = target,
                                                              .kind = kind,
                                                              .class = CLASS_OWNED,
                                                              .name = name,
                                                              .thread = owner.thread,
                                                              .frame = owner.frame});
}

// ---- frames ----

static void read_frame(struct vm *vm, uint64_t address, const unsigned char *bytes,
                       struct frame *frame)
{
    const struct introspect *t = &vm->t;
    const struct vm_code *code = vm_code_get(vm, word_at(bytes, t->frame_code));
    *frame = (struct frame){.address = address,
                            .regs = word_at(bytes, t->frame_regs),
                            .top = word_at(bytes, t->frame_top),
                            .code = code,
                            .on_stack = bytes[t->frame_owner] == 0};
    frame->row =
        snapshot_builder_frame(vm->builder, code ? code->function : "", code ? code->file : "",
                               code ? vm_code_line(vm, code, word_at(bytes, t->frame_pc)) : 0,
                               word_at(bytes, t->frame_object) ? word_at(bytes, t->frame_object)
                                                               : word_at(bytes, t->frame_code));
}

static void read_frames(struct vm *vm, uint64_t address, uint32_t thread, struct frame_rows *rows)
{
    const struct introspect *t = &vm->t;
    struct vm_struct s;
    struct frame frame;
    while (address) {
        if (rows->count >= LIMIT_FRAMES || !vm_spend(vm, 1) ||
            !vm_read_struct(vm, address, t->size_of_frame, &s)) {
            vm_damage(vm, "the frames of a thread cannot be read");
            return;
        }
        read_frame(vm, address, s.bytes, &frame);
        struct error *err = frame_rows_push(rows, frame);
        if (err) {
            error_destroy(err);
            return;
        }
        if (frame.on_stack) { // a generator's frame is the generator's
            const struct owner owner = {thread, frame.row};
            root(vm, word_at(s.bytes, t->frame_locals), ROOT_FRAME, "locals()", owner);
            root(vm, word_at(s.bytes, t->frame_object), ROOT_FRAME, "frame object", owner);
        }
        address = word_at(s.bytes, t->frame_prev);
    }
}

// ---- registers ----

static void add_window(struct vm *vm, uint64_t from, uint64_t to, const struct frame *frame,
                       struct owner owner)
{
    if (to <= from || from % 8)
        return;
    if ((to - from) / 8 > LIMIT_REGISTERS || !vm_spend(vm, (to - from) / 8)) {
        vm_damage(vm, "the registers of a thread make no sense");
        return;
    }
    for (uint64_t i = 0; from + 8 * i < to; i++) {
        uint64_t target;
        if (!vmem_u64(&vm->mem, from + 8 * i, &target)) {
            vm_damage(vm, "the registers of a thread cannot be read");
            return;
        }
        const bool named = frame && frame->code && i < frame->code->local_count;
        root(vm, target, ROOT_FRAME, named ? frame->code->local_names[i] : "", owner);
    }
}

static void add_registers(struct vm *vm, const unsigned char *thread_bytes, uint32_t thread,
                          const struct frame_rows *rows)
{
    const uint64_t begin = word_at(thread_bytes, vm->t.thread_regs);
    const uint64_t limit = word_at(thread_bytes, vm->t.thread_regs_limit);
    uint64_t end = begin;
    for (size_t i = 0; i < rows->count; i++)
        if (rows->items[i].on_stack && rows->items[i].top > end && rows->items[i].top <= limit)
            end = rows->items[i].top;
    for (size_t i = 0; i < rows->count; i++) { // innermost first: downwards
        const struct frame *frame = &rows->items[i];
        if (!frame->on_stack || frame->regs < begin || frame->regs > end)
            continue;
        add_window(vm, frame->regs, end, frame, (struct owner){thread, frame->row});
        end = frame->regs;
    }
    add_window(vm, begin, end, NULL, (struct owner){thread, ORDINAL_NONE});
}

// ---- handles ----

static void add_handles(struct vm *vm, uint64_t address, struct owner owner)
{
    const struct introspect *t = &vm->t;
    struct vm_struct s;
    char name[80];
    for (uint32_t n = 0; address; n++) {
        if (n >= LIMIT_HANDLES || !vm_read_struct(vm, address, t->size_of_handle, &s)) {
            vm_damage(vm, "the handles of a thread cannot be read");
            return;
        }
        const uint64_t slots = word_at(s.bytes, t->handle_slots);
        const uint64_t count = word_at(s.bytes, t->handle_count);
        vmem_text(&vm->mem, word_at(s.bytes, t->handle_function), name, sizeof name);
        if (count > LIMIT_HANDLE_SLOTS || !vm_spend(vm, count + 1)) {
            vm_damage(vm, "the handles of a thread make no sense");
            return;
        }
        for (uint64_t i = 0; i < count; i++) {
            uint64_t target;
            if (!vmem_u64(&vm->mem, slots + 8 * i, &target)) {
                vm_damage(vm, "a handle of a C function cannot be read");
                break;
            }
            root(vm, target, ROOT_HANDLE, name, owner);
        }
        address = word_at(s.bytes, t->handle_prev);
    }
}

// ---- threads ----

static void add_thread(struct vm *vm, uint64_t address, const unsigned char *bytes, uint64_t holder)
{
    const struct introspect *t = &vm->t;
    struct frame_rows rows = {0};
    char name[128] = "";
    const uint64_t name_at = word_at(bytes, t->thread_name);
    if (name_at)
        vmem_text(&vm->mem, name_at, name, sizeof name);
    const enum gil_state gil = address == holder                          ? GIL_HOLDER
                               : half_at(bytes, t->thread_gil_state) == 1 ? GIL_WAITING
                                                                          : GIL_NONE;
    const uint32_t row =
        snapshot_builder_thread(vm->builder, half_at(bytes, t->thread_tid), name, gil);
    const struct owner owner = {row, ORDINAL_NONE};
    read_frames(vm, word_at(bytes, t->thread_frame), row, &rows);
    add_registers(vm, bytes, row, &rows);
    add_handles(vm, word_at(bytes, t->thread_handles), owner);
    root(vm, word_at(bytes, t->thread_exc), ROOT_THREAD, "pending exception", owner);
    root(vm, word_at(bytes, t->thread_async_exc), ROOT_THREAD, "asynchronous exception", owner);
    root(vm, word_at(bytes, t->thread_dict), ROOT_THREAD, "thread-local data", owner);
    root(vm, word_at(bytes, t->thread_result_hold), ROOT_THREAD, "result", owner);
    frame_rows_deinit(&rows);
}

static void add_threads(struct vm *vm, uint64_t first)
{
    const struct introspect *t = &vm->t;
    struct vm_struct s;
    uint64_t holder = 0;
    vmem_u64(&vm->mem, t->address_gil + t->gil_holder, &holder);
    uint64_t address = first;
    for (uint32_t n = 0; address; n++) {
        if (n >= LIMIT_THREADS || !vm_spend(vm, 1) ||
            !vm_read_struct(vm, address, t->size_of_thread, &s)) {
            vm_damage(vm, "the list of threads cannot be read");
            return;
        }
        add_thread(vm, address, s.bytes, holder);
        address = word_at(s.bytes, t->thread_next);
    }
}

// ---- the runtime ----

static void add_module(struct vm *vm, uint64_t key, uint64_t module)
{
    uint64_t type = 0;
    struct strbuf name;
    if (!module || !vmem_u64(&vm->mem, module + vm->t.object_type, &type))
        return;
    const struct vm_type *decoded = vm_type_get(vm, type);
    if (!decoded || decoded->body != VM_BODY_MODULE)
        return;
    strbuf_init(&name);
    vm_text_of_str(vm, key, &name);
    snapshot_builder_root(vm->builder, &(struct builder_root){.target = module,
                                                              .kind = ROOT_MODULE,
                                                              .class = CLASS_BORROWED,
                                                              .name = strbuf_text(&name),
                                                              .thread = ORDINAL_NONE,
                                                              .frame = ORDINAL_NONE});
    strbuf_deinit(&name);
}

static void add_modules(struct vm *vm, uint64_t dict)
{
    const struct introspect *t = &vm->t;
    struct vm_struct s;
    uint64_t keys = 0;
    if (!dict || !vmem_u64(&vm->mem, dict + t->dict_keys, &keys) || !keys ||
        !vm_read_struct(vm, keys, t->size_of_dict_keys, &s))
        return;
    const bool general = s.bytes[t->dict_keys_general];
    const unsigned log2_index = s.bytes[t->dict_keys_log2_index_bytes];
    const uint64_t count = word_at(s.bytes, t->dict_keys_entry_count);
    if (log2_index > 40 || count > LIMIT_ITEMS || !vm_spend(vm, count))
        return;
    const uint64_t entries = keys + t->size_of_dict_keys + ((uint64_t)1 << log2_index);
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t entry =
            entries + i * (general ? t->size_of_dict_entry : t->size_of_dict_entry_str);
        uint64_t key, value;
        if (!vmem_u64(&vm->mem, entry + (general ? t->dict_entry_key : t->dict_entry_str_key),
                      &key) ||
            !vmem_u64(&vm->mem, entry + (general ? t->dict_entry_value : t->dict_entry_str_value),
                      &value))
            return;
        if (key)
            add_module(vm, key, value);
    }
}

static void add_kept(struct vm *vm, const unsigned char *runtime)
{
    const struct introspect *t = &vm->t;
    uint64_t count = half_at(runtime, t->runtime_root_count);
    if (count > t->runtime_root_capacity)
        count = t->runtime_root_capacity;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t target = 0;
        vmem_u64(&vm->mem, t->address_runtime + t->runtime_roots + 8 * i, &target);
        root(vm, target, ROOT_INTERPRETER, "kept by C code", nobody);
    }
}

// While a collection calls the callbacks of weak references, it owns those still to be called.
static void add_weakrefs_to_call(struct vm *vm)
{
    const struct introspect *t = &vm->t;
    const uint64_t head = t->address_gc + t->gc_young;
    uint64_t link = 0;
    uint32_t owned = 0;
    if (!vmem_u32(&vm->mem, t->address_gc + t->gc_young_owned, &owned) || !owned ||
        !vmem_u64(&vm->mem, head + t->gc_head_next, &link))
        return;
    while (link != head && vm_spend(vm, 1)) {
        root(vm, link + t->size_of_gc_head, ROOT_INTERPRETER, "weak reference about to call back",
             nobody);
        if (!vmem_u64(&vm->mem, link + t->gc_head_next, &link))
            return;
    }
}

void vm_add_roots(struct vm *vm)
{
    const struct introspect *t = &vm->t;
    struct vm_struct s;
    uint64_t word = 0;
    if (!vm_read_struct(vm, t->address_runtime, t->size_of_runtime, &s)) {
        vm_damage(vm, "the runtime cannot be read");
        return;
    }
    add_modules(vm, word_at(s.bytes, t->runtime_modules));
    add_threads(vm, word_at(s.bytes, t->runtime_threads));
    root(vm, word_at(s.bytes, t->runtime_modules), ROOT_INTERPRETER, "sys.modules", nobody);
    root(vm, word_at(s.bytes, t->runtime_sys_dict), ROOT_INTERPRETER, "sys.__dict__", nobody);
    root(vm, word_at(s.bytes, t->runtime_builtins), ROOT_INTERPRETER, "builtins.__dict__", nobody);
    root(vm, word_at(s.bytes, t->runtime_interned), ROOT_INTERNED, "interned strings", nobody);
    add_kept(vm, s.bytes);
    add_weakrefs_to_call(vm);
    if (vmem_u64(&vm->mem, t->address_gc + t->gc_garbage, &word))
        root(vm, word, ROOT_INTERPRETER, "gc.garbage", nobody);
    if (vmem_u64(&vm->mem, t->address_gc + t->gc_callbacks, &word))
        root(vm, word, ROOT_INTERPRETER, "gc.callbacks", nobody);
}
