/* Entering and leaving frames: calls from C, the switch between the loop's copies, unwinding.
 *
 * eval_run is the only caller of the loops. A loop returns a value, NULL with an exception, or
 * EVAL_SWITCH: the wanted mode has changed, thread->frame->pc says where to go on, and the loop
 * of the new mode takes over in the same C frame. Nested activations below do the same when control
 * comes back to them.
 *
 * Popping a frame leaves all its registers NULL, which is what makes pushing one cheap.
 */
#include "vm/runtime/eval.h"

#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/gen.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/probe/filter.h"
#include "vm/probe/loop.h"
#include "vm/runtime/args.h"
#include "vm/runtime/eval_internal.h"
#include "vm/runtime/ops.h"

/* Nested loops on one C stack (8 MiB): a few hundred bytes each, and their callers. */
#define C_DEPTH_MAX 5000

uint32_t py_eval_mode = EVAL_UNTRACED;
int64_t py_eval_countdown;

static const eval_loop_fn loops[EVAL_MODE_COUNT] = {
    [EVAL_UNTRACED] = eval_loop_untraced,
    [EVAL_STACKS] = eval_loop_stacks,
    [EVAL_TRACED] = eval_loop_traced,
    [EVAL_FILTERED] = eval_loop_filtered,
    [EVAL_COUNTING + EVAL_UNTRACED] = eval_loop_untraced_counting,
    [EVAL_COUNTING + EVAL_STACKS] = eval_loop_stacks_counting,
    [EVAL_COUNTING + EVAL_TRACED] = eval_loop_traced_counting,
    [EVAL_COUNTING + EVAL_FILTERED] = eval_loop_filtered_counting,
};

void py_eval_select_mode(void)
{
    uint32_t mode = EVAL_UNTRACED;
    if (PY_TRACING(PY_TRACE_REFCOUNT))
        mode = probe_filter.on ? EVAL_FILTERED : EVAL_TRACED;
    else if (PY_TRACING(PY_TRACE_ALLOC))
        mode = EVAL_STACKS;
    if (py_runtime.check_interval)
        mode += EVAL_COUNTING;
    py_eval_mode = mode;
}

bool py_eval_can_switch(void)
{
    return py_eval_switch_blocked == 0;
}

void py_eval_break(uint32_t bits)
{
    __atomic_fetch_or(&trace_control.eval_breaker, bits, __ATOMIC_RELEASE);
}

void py_eval_break_clear(uint32_t bits)
{
    __atomic_fetch_and(&trace_control.eval_breaker, ~bits, __ATOMIC_ACQ_REL);
}

/* ---- events at the borders ----------------------------------------------------------------- */

static void emit_enter(const struct py_frame *frame)
{
    if (PY_TRACING(PY_TRACE_ALLOC | PY_TRACE_REFCOUNT))
        probe_enter(frame->code, frame->prev ? frame->prev->code : NULL,
                    frame->prev ? frame->prev->pc : NULL);
}

static void emit_leave(void)
{
    if (PY_TRACING(PY_TRACE_ALLOC | PY_TRACE_REFCOUNT))
        probe_leave();
}

/* ---- pushing and popping --------------------------------------------------------------------- */

static inline void clear_registers(struct py_object **from, struct py_object **to)
{
    for (; from < to; from++) {
        struct py_object *const o = *from;
        if (o) {
            *from = NULL;
            py_decref(o);
        }
    }
}

void eval_clear_registers(struct py_object **from, struct py_object **to)
{
    clear_registers(from, to);
}

struct py_frame *eval_push_frame(struct py_thread *thread, struct py_function *func,
                                 struct py_object **regs)
{
    struct py_code *const code = func->code;
    struct py_frame *const f = thread->frames_top;
    if (thread->depth >= py_runtime.recursion_limit || f == thread->frames_limit ||
        regs + code->reg_count > thread->regs_limit || thread->c_depth >= C_DEPTH_MAX) {
        eval_clear_registers(regs, regs + code->local_count);
        return py_raise(&py_exc_RecursionError, "maximum recursion depth exceeded");
    }
    thread->depth++;
    thread->frames_top = f + 1;
    *f = (struct py_frame){
        .prev = thread->frame,
        .func = func,
        .code = code,
        .pc = code->words,
        .regs = regs,
        .top = regs + code->reg_count,
        .globals = func->globals,
        .builtins = func->builtins,
        .owner = PY_FRAME_THREAD,
    };
    thread->frame = f;
    return f;
}

/* A generator that returned or raised: its function and exception state go. */
static void finish_generator(struct py_thread *thread, struct py_frame *f)
{
    struct py_gen *const gen = (struct py_gen *)((char *)f - offsetof(struct py_gen, frame));
    gen->state = PY_GEN_FINISHED;
    gen->yield_from = NULL;
    thread->handled = gen->handled.prev;
    gen->handled = (struct py_exc_item){0};
    py_gen_drop_function(gen);
}

/* Everything a frame holds, then the frame itself. The frame's memory stays readable until the
 * next push. */
static void pop_frame(struct py_thread *thread, struct py_frame *f)
{
    if (f->object)
        py_frame_release_object(f);
    clear_registers(f->regs, f->regs + f->code->reg_count);
    py_clear(f->locals);
    if (f->object) /* what has just died asked for it */
        py_frame_release_object(f);
    emit_leave();
    thread->frame = f->prev;
    thread->depth--;
    if (f->owner == PY_FRAME_THREAD) {
        thread->frames_top = f;
    } else {
        f->prev = NULL;
        finish_generator(thread, f);
    }
}

struct py_object *eval_leave_frame(struct py_thread *thread, struct py_frame *f)
{
    struct py_object **const parked = &f->regs[f->code->local_count];
    struct py_object *result = *parked;
    PY_HOLD(&result);
    *parked = NULL; /* the frame object, if any, takes the locals only */
    pop_frame(thread, f);
    return result;
}

/* ---- exceptions --------------------------------------------------------------------------------
 */

static const struct py_handler *find_handler(const struct py_code *code, const uint64_t *pc)
{
    const uint32_t offset = (uint32_t)(pc - code->words);
    for (uint32_t i = 0; i < code->handler_count; i++) {
        const struct py_handler *const h = &code->handlers[i];
        if (offset >= h->start && offset < h->end)
            return h;
    }
    return NULL;
}

static void enter_handler(struct py_thread *thread, struct py_frame *f, const struct py_handler *h)
{
    struct py_object *exc = py_error_fetch();
    PY_HOLD(&exc);
    struct py_object *handled = thread->handled->value; /* a register to be cleared may own it */
    py_xincref(handled);
    PY_HOLD(&handled);
    eval_clear_registers(f->regs + h->depth, f->regs + f->code->reg_count);
    f->regs[h->depth + 1] = handled;
    handled = NULL;
    f->regs[h->depth] = exc;
    thread->handled->value = exc;
    exc = NULL;
    f->pc = f->code->words + h->target;
}

/* StopIteration must not leave a generator's body (PEP 479), nor StopAsyncIteration that of an
 * asynchronous generator. */
static void guard_generator_exit(struct py_thread *thread, uint32_t flags)
{
    if (!thread->exc)
        return;
    const bool stop = py_error_matches(&py_exc_StopIteration);
    if (!stop && !((flags & PY_CODE_ASYNC_GEN) && py_error_matches(&py_exc_StopAsyncIteration)))
        return;
    struct py_object *cause = py_error_fetch();
    PY_HOLD(&cause);
    py_raise(&py_exc_RuntimeError, "%s raised %s",
             flags & PY_CODE_COROUTINE   ? "coroutine"
             : flags & PY_CODE_ASYNC_GEN ? "async generator"
                                         : "generator",
             stop ? "StopIteration" : "StopAsyncIteration");
    struct py_exc *const exc = (struct py_exc *)thread->exc;
    if (exc->base.type == &py_exc_RuntimeError) {
        py_setref(exc->cause, (struct py_exc *)py_newref(cause));
        py_setref(exc->context, (struct py_exc *)py_newref(cause));
        exc->suppress_context = true;
    }
    py_clear(cause);
}

bool eval_unwind(struct py_thread *thread, bool reraised)
{
    for (;;) {
        struct py_frame *const f = thread->frame;
        if (!reraised)
            py_traceback_add(f);
        reraised = false;
        const struct py_handler *const h = find_handler(f->code, f->pc);
        if (h) {
            enter_handler(thread, f, h);
            return true;
        }
        const bool entry = f->entry;
        const bool generator = f->owner == PY_FRAME_GENERATOR;
        const uint32_t flags = f->code->flags;
        struct py_object *exc = py_error_fetch(); /* dying locals may run Python code */
        PY_HOLD(&exc);
        pop_frame(thread, f);
        py_error_restore(exc);
        exc = NULL;
        if (generator)
            guard_generator_exit(thread, flags);
        if (entry)
            return false;
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

struct py_object *eval_run(struct py_thread *thread)
{
    thread->c_depth++;
    struct py_object *result;
    do {
        thread->trace_mode = (int32_t)py_eval_mode;
        result = loops[py_eval_mode](thread);
    } while (result == EVAL_SWITCH);
    thread->c_depth--;
    return result;
}

#define BIND_ON_STACK 32

int eval_bind_in_place(struct py_function *func, struct py_object **regs, size_t nargs,
                       struct py_tuple *kwnames)
{
    const size_t total = nargs + (kwnames ? (size_t)kwnames->base.size : 0);
    struct py_object *few[BIND_ON_STACK];
    struct py_object **values = few;
    if (total > BIND_ON_STACK) {
        values = py_mem_alloc(total * sizeof *values);
        if (!values) {
            eval_clear_registers(regs, regs + total);
            py_raise_no_memory();
            return -1;
        }
    }
    for (size_t i = 0; i < total; i++) {
        values[i] = regs[i];
        regs[i] = NULL;
    }
    int failed;
    {
        PY_HOLD_N(values, (int64_t)total);
        failed = py_bind_arguments(func, values, nargs, kwnames, regs);
        eval_clear_registers(values, values + total);
    }
    if (values != few)
        py_mem_free(values);
    return failed;
}

struct py_frame *eval_bind_and_push(struct py_thread *thread, struct py_function *func,
                                    struct py_object **regs, size_t nargs, struct py_tuple *kwnames,
                                    uint8_t return_kind)
{
    if (eval_bind_in_place(func, regs, nargs, kwnames) < 0)
        return NULL;
    struct py_frame *const f = eval_push_frame(thread, func, regs);
    if (!f)
        return NULL;
    f->return_kind = return_kind;
    emit_enter(f);
    return f;
}

struct py_object *py_function_call(struct py_object *function, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    struct py_thread *const thread = py_thread_current();
    struct py_function *const func = (struct py_function *)function;
    struct py_object **const regs = thread->frame ? thread->frame->top : thread->regs;
    if (regs + func->code->reg_count > thread->regs_limit)
        return py_raise(&py_exc_RecursionError, "maximum recursion depth exceeded");
    if ((func->code->flags & PY_CODE_SIMPLE_ARGS) && nargs == func->code->arg_count && !kwnames) {
        for (size_t i = 0; i < nargs; i++)
            regs[i] = py_newref(args[i]);
    } else if (py_bind_arguments(func, args, nargs, kwnames, regs) < 0) {
        return NULL;
    }
    struct py_frame *const f = eval_push_frame(thread, func, regs);
    if (!f)
        return NULL;
    f->entry = 1;
    emit_enter(f);
    if (probe_eval_break() && py_safepoint(thread) < 0)
        return eval_unwind(thread, false) ? eval_run(thread) : NULL;
    return eval_run(thread);
}

struct py_object *py_eval_function_body(struct py_function *func, struct py_object *locals)
{
    struct py_thread *const thread = py_thread_current();
    struct py_frame *const f =
        eval_push_frame(thread, func, thread->frame ? thread->frame->top : thread->regs);
    if (!f)
        return NULL;
    f->entry = 1;
    f->locals = py_newref(locals);
    emit_enter(f);
    return eval_run(thread);
}

struct py_object *py_eval_code(struct py_code *code, struct py_dict *globals,
                               struct py_object *locals)
{
    struct py_function *func = py_function_new(code, globals, NULL);
    if (!func)
        return NULL;
    PY_HOLD(&func);
    struct py_object *result = py_eval_function_body(func, locals);
    {
        PY_HOLD(&result);
        py_clear(func);
    }
    return result;
}
