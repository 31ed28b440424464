// The stacks of all threads of a brille-python, from one capture: the chain of frames that each
// thread keeps, woven together with the native frames (inspector/target/weaver.h).
//
// Unlike a heap, stacks are wanted from a process that is stuck: the wait for a safepoint is short,
// and then the process is looked at wherever it is. A frame's line is then that of its last call.
#include "inspector/target/ownvm/ownvm.h"

#include "inspector/base/clock.h"
#include "inspector/target/weaver.h"

#include <stdlib.h>

enum { DEFAULT_WAIT_MS = 50 };

struct stacks {
    struct vm *vm;
    struct weaver weaver;
    uint64_t holder;
};

static const char *keep(struct stacks *s, const char *text)
{
    return weaver_keep(&s->weaver, text);
}

// ---- Python ----

static void add_locals(struct stacks *s, const unsigned char *bytes, const struct vm_code *code,
                       struct stack_dump_frame *frame)
{
    struct vm *vm = s->vm;
    const uint64_t regs = word_at(bytes, vm->t.frame_regs);
    struct stack_local *locals =
        arena_alloc_array(&s->weaver.dump->arena, code->local_count + 1u, sizeof *locals);
    struct strbuf text;
    if (!locals || !vm_spend(vm, code->local_count))
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

static struct error *read_python(struct stacks *s, uint64_t address, struct python_frame_vec *ret,
                                 bool *truncated)
{
    struct vm *vm = s->vm;
    struct vm_struct bytes;
    for (uint32_t n = 0; address; n++) {
        if (n >= WEAVER_FRAMES_SHOWN || !vm_spend(vm, 1) ||
            !vm_read_struct(vm, address, vm->t.size_of_frame, &bytes)) {
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
        TRY(python_frame_vec_push(ret, frame));
        address = word_at(bytes.bytes, vm->t.frame_prev);
    }
    return NULL;
}

// ---- threads ----

// `frame` is the address of the innermost Python frame, 0 for none.
static struct error *add_thread(struct stacks *s, struct stack_dump_thread thread, uint64_t frame)
{
    struct python_frame_vec python = {0};
    struct error *err = read_python(s, frame, &python, &thread.truncated);
    if (!err)
        err = weaver_add(&s->weaver, thread, &python);
    python_frame_vec_deinit(&python);
    return err;
}

static struct error *add_python_threads(struct stacks *s, uint64_t address)
{
    const struct introspect *t = &s->vm->t;
    struct vm_struct bytes;
    char name[128];
    for (uint32_t n = 0; address; n++) {
        if (n >= LIMIT_THREADS || !vm_spend(s->vm, 1) ||
            !vm_read_struct(s->vm, address, t->size_of_thread, &bytes)) {
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

static struct error *read_stacks(struct stacks *s)
{
    struct vm *vm = s->vm;
    struct vm_struct runtime;
    if (!vm_read_struct(vm, vm->t.address_runtime, vm->t.size_of_runtime, &runtime))
        return error_create(ERROR_FORMAT, "the interpreter's runtime cannot be read");
    vmem_u64(&vm->mem, vm->t.address_gil + vm->t.gil_holder, &s->holder);
    TRY(add_python_threads(s, word_at(runtime.bytes, vm->t.runtime_threads)));
    return weaver_add_others(&s->weaver);
}

// ---- the capture ----

static struct error *read_capture(const struct capture *capture, const struct vm_table *table,
                                  struct stack_dump *ret)
{
    static const char *const parking[] = {"probe_park", "trace_park", NULL};
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *names = NULL;
    struct vm vm;
    struct stacks s = {.vm = &vm};
    char version[32];
    TRY(snapshot_builder_create(&names)); // the decoder of code objects keeps names in it
    weaver_init(&s.weaver, ret, capture, "eval_loop_", parking);
    snprintf(version, sizeof version, "%.*s", (int)sizeof table->rows.version, table->rows.version);
    ret->runtime = "brille";
    ret->version = keep(&s, version);
    ret->pause_ns = capture->pause_ns;
    ret->at_safepoint = capture->at_safepoint;
    struct error *err = vm_init(&vm, names, table, capture->mem);
    vm_set_bounds(&vm, capture);
    if (!err)
        err = read_stacks(&s);
    vm_deinit(&vm);
    weaver_deinit(&s.weaver);
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
        err = read_capture(capture, &f.table, ret);
    vm_freezing_deinit(&f);
    return err;
}

struct error *ownvm_core_stacks(struct capture *core, struct stack_dump *ret)
{
    struct vm_table table;
    TRY(vm_table_read(core->pid, &core->maps, core->mem, &table));
    TRY(read_capture(core, &table, ret));
    ret->at_safepoint = true; // there was nothing to wait for
    return NULL;
}
