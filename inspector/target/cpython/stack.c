// The stacks of all threads of a CPython, from one capture: the chain of frames that each thread
// state keeps, woven together with the native frames (inspector/target/weaver.h).
//
// The interpreter's loop is one exported function in every version. Which Python frames one call of
// it runs:
//
//     3.8 to 3.10   one
//     3.11          those up to one marked is_entry
//     3.12 on       those up to a frame that belongs to the C stack, which is none of Python's
//
// No moment of rest is waited for: a frame always knows its line, and a process that is stuck is
// what stacks are wanted of. A frame that is still being set up is left out, as Python does.
#include "inspector/target/cpython/cpython.h"
#include "inspector/target/cpython/frames.h"
#include "inspector/target/weaver.h"

#include <stdlib.h>

enum { CELL_VALUE = 16 };

struct stacks {
    struct cpy *cpy;
    struct weaver weaver;
};

// ---- frames ----

// What a variable refers to; of one that is shared with inner functions, through its cell.
static uint64_t value_of(struct cpy *cpy, uint64_t slot)
{
    uint64_t value = 0, type_address = 0;
    if (!reader_u64(&cpy->mem, slot, &value) || !value || value % 8 ||
        !reader_u64(&cpy->mem, value + OBJECT_TYPE, &type_address))
        return 0;
    const struct cpy_type *type = cpy_type_get(cpy, type_address);
    if (type && type->body == BODY_CELL)
        reader_u64(&cpy->mem, value + CELL_VALUE, &value);
    return value;
}

static void add_locals(struct stacks *s, const struct cpy_frame *f, struct stack_dump_frame *frame)
{
    struct cpy *cpy = s->cpy;
    const uint32_t count =
        f->local_count < f->code->local_count ? f->local_count : f->code->local_count;
    struct stack_local *locals =
        arena_alloc_array(&s->weaver.dump->arena, count + 1u, sizeof *locals);
    struct strbuf text;
    if (!locals)
        return;
    strbuf_init(&text);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t value = value_of(cpy, f->slots + 8 * (uint64_t)i);
        if (!value)
            continue; // not bound
        strbuf_clear(&text);
        cpy_add_repr(cpy, value, 1, &text);
        locals[frame->local_count++] =
            (struct stack_local){.name = weaver_keep(&s->weaver, f->code->local_names[i]),
                                 .value = weaver_keep(&s->weaver, strbuf_text(&text))};
    }
    frame->locals = locals;
    strbuf_deinit(&text);
}

static bool is_being_set_up(const struct cpy_frame *f)
{
    return f->code && f->code->traceable && f->owner != FRAME_OWNED_BY_GENERATOR &&
           f->position < f->code->traceable;
}

static struct python_frame python_frame(struct stacks *s, const struct cpy_frame *f)
{
    struct python_frame frame = {
        .frame = {.function = "?", .file = "?"},
        .entry = f->entry || layout_has(s->cpy->l->frame_code),
    };
    if (f->code) {
        frame.frame.function = weaver_keep(&s->weaver, f->code->function);
        frame.frame.file = weaver_keep(&s->weaver, f->code->file);
        frame.frame.line = cpy_code_line(s->cpy, f->code, f->position);
        add_locals(s, f, &frame.frame);
    }
    return frame;
}

// `address` is that of the innermost frame, 0 for none.
static struct error *read_python(struct stacks *s, uint64_t address, struct python_frame_vec *ret,
                                 bool *truncated)
{
    struct cpy_frame f;
    for (uint32_t n = 0; address; n++) {
        if (n >= 2 * WEAVER_FRAMES_SHOWN || ret->count >= WEAVER_FRAMES_SHOWN ||
            !cpy_frame_read(s->cpy, address, &f)) {
            *truncated = true;
            return NULL;
        }
        address = f.previous;
        if (f.owner == FRAME_OWNED_BY_C_STACK) {
            if (ret->count)
                python_frame_vec_last(ret)->entry = true;
        } else if (!is_being_set_up(&f)) {
            TRY(python_frame_vec_push(ret, python_frame(s, &f)));
        } else if (f.entry && ret->count) {
            python_frame_vec_last(ret)->entry = true;
        }
    }
    return NULL;
}

// ---- threads ----

static struct error *add_thread(struct stacks *s, uint64_t gil, uint64_t tstate,
                                const unsigned char *bytes)
{
    struct python_frame_vec python = {0};
    struct strbuf name;
    strbuf_init(&name);
    cpy_thread_name(s->cpy, bytes, &name);
    struct stack_dump_thread thread = {
        .tid = (pid_t)cpy_thread_id(s->cpy, bytes),
        .name = weaver_keep(&s->weaver, strbuf_text(&name)),
        .python = true,
        .gil = cpy_gil_state(s->cpy, gil, tstate, bytes),
    };
    strbuf_deinit(&name);
    struct error *err =
        read_python(s, cpy_frame_of_thread(s->cpy, tstate), &python, &thread.truncated);
    if (!err)
        err = weaver_add(&s->weaver, thread, &python);
    python_frame_vec_deinit(&python);
    return err;
}

static struct error *add_threads(struct stacks *s, uint64_t interp)
{
    const struct cpy_layout *l = s->cpy->l;
    const uint64_t gil = cpy_gil(s->cpy, interp);
    unsigned char bytes[TSTATE_BYTES];
    uint64_t tstate = 0;
    reader_u64(&s->cpy->mem, interp + l->interp_threads, &tstate);
    for (uint32_t n = 0; tstate && n < LIMIT_THREADS; n++) {
        if (tstate % 8 || !reader_read(&s->cpy->mem, tstate, bytes, l->size_of_tstate) ||
            word_at(bytes, l->tstate_interp) != interp)
            break;
        TRY(add_thread(s, gil, tstate, bytes));
        tstate = word_at(bytes, l->tstate_next);
    }
    return NULL;
}

// The interpreter's list has the newest thread first; people look for the main one.
static int compare_threads(const void *a, const void *b)
{
    const struct stack_dump_thread *left = a, *right = b;
    return (left->tid > right->tid) - (left->tid < right->tid);
}

static struct error *read_stacks(struct stacks *s)
{
    uint64_t interp = 0;
    for (uint32_t n = 0; n < LIMIT_INTERPRETERS && cpy_next_interp(s->cpy, &interp); n++)
        TRY(add_threads(s, interp));
    struct stack_dump_thread_vec *threads = &s->weaver.dump->threads;
    if (threads->count)
        qsort(threads->items, threads->count, sizeof *threads->items, compare_threads);
    return weaver_add_others(&s->weaver);
}

// ---- the capture ----

struct error *cpy_read_stacks(const struct capture *capture, const struct cpy_runtime *runtime,
                              struct stack_dump *ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *names = NULL;
    struct cpy cpy;
    struct stacks s = {.cpy = &cpy};
    TRY(snapshot_builder_create(&names)); // the decoder of types and code keeps names in it
    weaver_init(&s.weaver, ret, capture, "_PyEval_EvalFrameDefault", NULL);
    struct error *err = cpy_init(&cpy, names, runtime, capture);
    if (!err)
        err = cpy_runtime_verify(&cpy.rt, &cpy.mem);
    if (!err)
        err = cpy_types_init(&cpy);
    if (!err)
        err = read_stacks(&s);
    ret->runtime = "cpython";
    ret->version = weaver_keep(&s.weaver, cpy.rt.version);
    ret->pause_ns = capture->pause_ns;
    ret->at_safepoint = true; // every line is exact
    cpy_deinit(&cpy);
    weaver_deinit(&s.weaver);
    return err;
}

struct error *cpython_stacks(pid_t pid, const struct heap_options *options, struct stack_dump *ret)
{
    _cleanup_(capture_destroy_at) struct capture *capture = NULL;
    struct cpy_runtime runtime;
    TRY(cpy_runtime_of(pid, &runtime));
    TRY(capture_create(
        pid, &(struct capture_options){.verb = options->verb, .no_fork = options->no_fork},
        &capture));
    return cpy_read_stacks(capture, &runtime, ret);
}

struct error *cpython_core_stacks(struct capture *core, struct stack_dump *ret)
{
    struct cpy_runtime runtime;
    TRY(cpy_runtime_of_core(core, &runtime));
    return cpy_read_stacks(core, &runtime, ret);
}
