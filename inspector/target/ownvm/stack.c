// The stacks of all threads of a brille-python, from one capture.
//
// The Python side is the chain of frames that each thread keeps; the native side is unwound from
// the registers that the thread had when it was stopped. The seam between the two is the
// interpreter's loop: each call of it runs a stretch of Python frames, the outermost of which is
// marked `entry`. So, from the inside out: native frames until a loop, then the Python frames up to
// an entry, then native frames again.
//
//     native  sort_merge, list_sort, eval_call        what the innermost Python code called
//     native  eval_loop_untraced              <-----  stands for these:
//     Python    key_of, by_name                         (entry)
//     native  py_call, map_next ...
//     native  eval_loop_untraced              <-----
//     Python    main, <module>                          (entry)
//     native  main, __libc_start_call_main
//
// Unlike a heap, stacks are wanted from a process that is stuck: the wait for a safepoint is short,
// and then the process is looked at wherever it is. A frame's line is then that of its last call.
#include "inspector/target/ownvm/ownvm.h"

#include "inspector/base/clock.h"
#include "inspector/proc/native_stack.h"

#include <stdlib.h>

enum {
    LIMIT_SHOWN = 1000, // Python frames of one thread that are shown
    DEFAULT_WAIT_MS = 50,
};

struct stacks {
    struct vm *vm;
    struct stack_dump *dump;
    const struct capture *capture;
    struct native_unwinder *unwinder; // NULL: none
    const char *no_native;
    uint64_t holder;
};

// One Python frame, not yet in its place.
struct python_frame {
    struct stack_dump_frame frame;
    bool entry;
};
VEC_DEFINE(python_vec, struct python_frame);

static const char *keep(struct stacks *s, const char *text)
{
    const char *copy = text ? arena_strdup(&s->dump->arena, text) : NULL;
    return copy ? copy : "?";
}

// ---- Python ----

static void add_locals(struct stacks *s, const unsigned char *bytes, const struct vm_code *code,
                       struct stack_dump_frame *frame)
{
    struct vm *vm = s->vm;
    const uint64_t regs = word_at(bytes, vm->t.frame_regs);
    struct stack_local *locals =
        arena_alloc_array(&s->dump->arena, code->local_count + 1u, sizeof *locals);
    struct strbuf text;
    if (!locals)
        return;
    strbuf_init(&text);
    for (uint32_t i = 0; i < code->local_count; i++) {
        uint64_t value = 0;
        if (!vmem_u64(&vm->mem, regs + 8 * (uint64_t)i, &value) || !value)
            continue; // not bound
        strbuf_clear(&text);
        vm_add_repr(vm, value, 1, &text);
        locals[frame->local_count++] = (struct stack_local){.name = keep(s, code->local_names[i]),
                                                            .value = keep(s, strbuf_text(&text))};
    }
    frame->locals = locals;
    strbuf_deinit(&text);
}

static struct error *read_python(struct stacks *s, uint64_t address, struct python_vec *ret,
                                 bool *truncated)
{
    struct vm *vm = s->vm;
    struct vm_struct bytes;
    for (uint32_t n = 0; address; n++) {
        if (n >= LIMIT_SHOWN || !vm_read_struct(vm, address, vm->t.size_of_frame, &bytes)) {
            *truncated = true;
            return NULL;
        }
        const struct vm_code *code = vm_code_get(vm, word_at(bytes.bytes, vm->t.frame_code));
        struct python_frame frame = {.frame = {.function = "?", .file = "?"},
                                     .entry = bytes.bytes[vm->t.frame_entry] != 0};
        if (code) {
            const uint64_t pc = word_at(bytes.bytes, vm->t.frame_pc);
            frame.frame.function = keep(s, code->function);
            frame.frame.file = keep(s, code->file);
            frame.frame.line = vm_code_line(vm, code, pc);
            add_locals(s, bytes.bytes, code, &frame.frame);
        }
        TRY(python_vec_push(ret, frame));
        address = word_at(bytes.bytes, vm->t.frame_prev);
    }
    return NULL;
}

// ---- native ----

static bool begins_with(const char *text, const char *start)
{
    return text && strncmp(text, start, strlen(start)) == 0;
}

static bool is_loop(const struct native_frame *frame)
{
    return begins_with(frame->function, "eval_loop_");
}

// A thread that was brought to a safepoint stands in our own waiting place: that is about us, not
// about the program.
static size_t skip_parking(const struct native_stack *stack)
{
    size_t skipped = 0;
    for (size_t i = 0; i < stack->frames.count && i < 16; i++)
        if (begins_with(stack->frames.items[i].function, "probe_park") ||
            begins_with(stack->frames.items[i].function, "trace_park"))
            skipped = i + 1;
    return skipped;
}

static struct stack_dump_frame native_frame(struct stacks *s, const struct native_frame *frame)
{
    return (struct stack_dump_frame){.native = true,
                                     .function = keep(s, frame->function),
                                     .file = frame->module ? keep(s, frame->module) : NULL,
                                     .address = frame->pc.addr,
                                     .offset = frame->function ? frame->function_offset : 0};
}

static const struct capture_thread *find_captured(const struct stacks *s, pid_t tid)
{
    for (size_t i = 0; i < s->capture->thread_count; i++)
        if (s->capture->threads[i].tid == tid)
            return &s->capture->threads[i];
    return NULL;
}

static void unwind(struct stacks *s, struct stack_dump_thread *thread, struct native_stack *stack)
{
    const struct capture_thread *captured = find_captured(s, thread->tid);
    if (!s->unwinder)
        thread->no_native = s->no_native;
    else if (!captured)
        thread->no_native = "the process has no such thread";
    else if (!captured->has_registers)
        thread->no_native = "it was in uninterruptible sleep";
    if (thread->no_native)
        return;
    struct error *err = native_stack_walk(s->unwinder, &captured->registers, stack);
    if (err)
        thread->no_native = keep(s, err->message);
    error_destroy(err);
}

// ---- both ----

static struct error *push_stretch(struct stack_dump_thread *thread, const struct python_vec *python,
                                  size_t *next)
{
    while (*next < python->count) {
        const struct python_frame *frame = &python->items[(*next)++];
        TRY(stack_dump_frame_vec_push(&thread->frames, frame->frame));
        if (frame->entry)
            break;
    }
    return NULL;
}

static struct error *interleave(struct stacks *s, struct stack_dump_thread *thread,
                                const struct python_vec *python, const struct native_stack *native)
{
    size_t loops = 0, entries = 0, next = 0;
    for (size_t i = 0; i < native->frames.count; i++)
        loops += is_loop(&native->frames.items[i]);
    for (size_t i = 0; i < python->count; i++)
        entries += python->items[i].entry;
    // Without symbols there are no loops to be seen. A call that is just being made or left, seen
    // between safepoints, can make them differ by one.
    thread->interleaved = loops == entries || (loops > 0 && thread->truncated);
    if (!thread->interleaved)
        while (next < python->count)
            TRY(push_stretch(thread, python, &next));
    for (size_t i = skip_parking(native); i < native->frames.count; i++) {
        const struct native_frame *frame = &native->frames.items[i];
        if (thread->interleaved && is_loop(frame))
            TRY(push_stretch(thread, python, &next));
        else
            TRY(stack_dump_frame_vec_push(&thread->frames, native_frame(s, frame)));
    }
    while (next < python->count)
        TRY(push_stretch(thread, python, &next));
    thread->truncated |= native->truncated;
    return NULL;
}

// `frame` is the address of the innermost Python frame, 0 for none.
static struct error *add_thread(struct stacks *s, struct stack_dump_thread thread, uint64_t frame)
{
    struct python_vec python = {0};
    struct native_stack native = {0};
    struct error *err = read_python(s, frame, &python, &thread.truncated);
    if (!err) {
        unwind(s, &thread, &native);
        err = interleave(s, &thread, &python, &native);
    }
    if (!err)
        err = stack_dump_thread_vec_push(&s->dump->threads, thread);
    if (err)
        stack_dump_frame_vec_deinit(&thread.frames);
    native_stack_deinit(&native);
    python_vec_deinit(&python);
    return err;
}

static struct error *add_python_threads(struct stacks *s, uint64_t address)
{
    const struct introspect *t = &s->vm->t;
    struct vm_struct bytes;
    char name[128];
    for (uint32_t n = 0; address; n++) {
        if (n >= LIMIT_THREADS || !vm_read_struct(s->vm, address, t->size_of_thread, &bytes)) {
            vm_damage(s->vm, "the list of threads cannot be read");
            return NULL;
        }
        const uint64_t name_at = word_at(bytes.bytes, t->thread_name);
        name[0] = 0;
        if (name_at)
            vmem_text(&s->vm->mem, name_at, name, sizeof name);
        const struct stack_dump_thread thread = {
            .tid = (pid_t)half_at(bytes.bytes, t->thread_tid),
            .name = keep(s, name),
            .python = true,
            .gil = address == s->holder                             ? GIL_HOLDER
                   : half_at(bytes.bytes, t->thread_gil_state) == 1 ? GIL_WAITING
                                                                    : GIL_NONE};
        TRY(add_thread(s, thread, word_at(bytes.bytes, t->thread_frame)));
        address = word_at(bytes.bytes, t->thread_next);
    }
    return NULL;
}

static bool is_known(const struct stacks *s, pid_t tid)
{
    for (size_t i = 0; i < s->dump->threads.count; i++)
        if (s->dump->threads.items[i].tid == tid)
            return true;
    return false;
}

// Threads that never ran Python: a library's, or one that is just being born.
static struct error *add_other_threads(struct stacks *s)
{
    for (size_t i = 0; i < s->capture->thread_count; i++) {
        const struct capture_thread *captured = &s->capture->threads[i];
        if (is_known(s, captured->tid))
            continue;
        TRY(add_thread(s,
                       (struct stack_dump_thread){
                           .tid = captured->tid, .name = keep(s, captured->name), .gil = GIL_NONE},
                       0));
    }
    return NULL;
}

static struct error *read_stacks(struct stacks *s)
{
    struct vm *vm = s->vm;
    struct vm_struct runtime;
    if (!vm_read_struct(vm, vm->t.address_runtime, vm->t.size_of_runtime, &runtime))
        return error_create(ERROR_FORMAT, "the interpreter's runtime cannot be read");
    vmem_u64(&vm->mem, vm->t.address_gil + vm->t.gil_holder, &s->holder);
    TRY(add_python_threads(s, word_at(runtime.bytes, vm->t.runtime_threads)));
    return add_other_threads(s);
}

// ---- the capture ----

static struct error *read_capture(const struct capture *capture, const struct vm_freezing *f,
                                  struct stack_dump *ret)
{
    _cleanup_(native_unwinder_destroy_at) struct native_unwinder *unwinder = NULL;
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *names = NULL;
    struct vm vm;
    struct stacks s = {.vm = &vm, .dump = ret, .capture = capture};
    char version[32];
    TRY(snapshot_builder_create(&names)); // the decoder of code objects keeps names in it
    struct error *err =
        native_unwinder_create(capture->pid, &capture->maps, capture->mem, &unwinder);
    if (err)
        s.no_native = keep(&s, err->message);
    error_destroy(err);
    s.unwinder = unwinder;
    snprintf(version, sizeof version, "%.*s", (int)sizeof f->table.rows.version,
             f->table.rows.version);
    ret->runtime = "brille";
    ret->version = keep(&s, version);
    ret->pause_ns = capture->pause_ns;
    ret->at_safepoint = capture->at_safepoint;
    err = vm_init(&vm, names, &f->table, capture->mem);
    if (!err)
        err = read_stacks(&s);
    vm_deinit(&vm);
    return err;
}

struct error *ownvm_stacks(pid_t pid, const struct heap_options *options, struct stack_dump *ret)
{
    _cleanup_(capture_destroy_at) struct capture *capture = NULL;
    struct vm_freezing f;
    struct error *err = vm_freezing_init(pid, &f);
    if (!err)
        err = capture_create(
            pid,
            &(struct capture_options){
                .verb = options->verb,
                .no_fork = options->no_fork,
                .wait_ns = options->wait_ns ? options->wait_ns : DEFAULT_WAIT_MS * CLOCK_NS_PER_MS,
                .safepoint = &vm_safepoint,
                .context = f.park},
            &capture);
    if (!err)
        err = vm_freezing_check(&f, capture->mem);
    if (!err)
        err = read_capture(capture, &f, ret);
    vm_freezing_deinit(&f);
    return err;
}
