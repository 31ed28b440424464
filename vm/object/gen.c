/* Generators: suspended frames as objects. Coroutines and asynchronous generators (coro.c) are the
 * same struct under other types.
 *
 * Calling a generator function runs its GENERATOR instruction, which moves the registers of the
 * frame just pushed into a new generator. Resuming links the generator's own frame on top of the
 * thread's; YIELD unlinks it again. The loop resumes generators of a `for` without C recursion;
 * everything else (next, send, throw, close, yield from) comes through py_gen_resume.
 *
 * Invariants
 *  - state RUNNING: the frame is linked into a thread; else frame.prev is NULL.
 *  - SUSPENDED: frame.pc is at the YIELD or YIELD_FROM that suspended it.
 *  - FINISHED: registers are NULL, func is NULL.
 */
#include "vm/object/gen.h"
#include "vm/object/gen_internal.h"

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/code.h"
#include "vm/object/exc.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/probe/loop.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval_internal.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/warn.h"

#include <string.h>

struct py_gen *py_gen_from_frame(struct py_frame *frame)
{
    struct py_thread *const thread = py_thread_current();
    const size_t reg_count = frame->code->reg_count;
    const size_t bytes = sizeof(struct py_gen) + reg_count * sizeof(struct py_object *);
    const uint32_t flags = frame->code->flags;
    struct py_type *const type = flags & PY_CODE_COROUTINE   ? &py_coroutine_type
                                 : flags & PY_CODE_ASYNC_GEN ? &py_async_gen_type
                                                             : &py_gen_type;
    struct py_gen *const gen = py_object_alloc(type, bytes, bytes + sizeof(struct py_gc_head));
    if (!gen)
        return NULL;
    memset((char *)gen + sizeof(struct py_object), 0, bytes - sizeof(struct py_object));
    gen->func = py_newref(frame->func);
    gen->name = py_newref(frame->func->name);
    gen->qualname = py_newref(frame->func->qualname);
    gen->state = PY_GEN_CREATED;
    gen->reg_count = (int32_t)reg_count;
    memcpy(gen->regs, frame->regs, reg_count * sizeof *gen->regs);
    memset(frame->regs, 0, reg_count * sizeof *gen->regs);
    gen->frame = *frame;
    gen->frame.owner = PY_FRAME_GENERATOR;
    gen->frame.regs = gen->regs;
    gen->frame.prev = NULL;
    gen->frame.entry = 0;
    if (gen->frame.object)
        gen->frame.object->live = &gen->frame;
    thread->frame = frame->prev;
    thread->frames_top = frame;
    thread->depth--;
    if (PY_TRACING(PY_TRACE_ALLOC | PY_TRACE_REFCOUNT))
        probe_leave();
    py_gc_track(gen);
    return gen;
}

void py_gen_drop_function(struct py_gen *gen)
{
    gen->code = py_newref(gen->func->code);
    py_clear(gen->func);
}

/* Puts the value that was sent in where the suspended instruction wants it. */
static void deliver(struct py_gen *gen, struct py_object *value)
{
    const uint64_t w = *gen->frame.pc;
    const bool delegating = INSN_OP(w) == OP_YIELD_FROM;
    struct py_object **const slot = &gen->regs[delegating ? INSN_C(w) : INSN_A(w)];
    if (!delegating)
        gen->frame.pc += OP_WORDS_YIELD;
    py_setref(*slot, py_newref(value ? value : PY_NONE));
}

static struct py_object *run(struct py_gen *gen)
{
    struct py_thread *const thread = py_thread_current();
    gen->state = PY_GEN_RUNNING;
    gen->frame.prev = thread->frame;
    gen->frame.top = thread->frame ? thread->frame->top : thread->regs;
    gen->frame.entry = 1;
    gen->handled.prev = thread->handled;
    thread->handled = &gen->handled;
    thread->depth++;
    thread->frame = &gen->frame;
    if (PY_TRACING(PY_TRACE_ALLOC | PY_TRACE_REFCOUNT))
        probe_enter(gen->frame.code, gen->frame.prev ? gen->frame.prev->code : NULL,
                    gen->frame.prev ? gen->frame.prev->pc : NULL);
    py_incref(gen); /* a frame does not own its generator */
    struct py_gen *self = gen;
    PY_HOLD(&self);
    struct py_object *result = eval_run(thread);
    PY_HOLD(&result);
    py_clear(self);
    return result;
}

static void *raise_running(const struct py_gen *gen)
{
    return py_raise(&py_exc_ValueError, "%s already executing",
                    gen->base.type == &py_coroutine_type   ? "coroutine"
                    : gen->base.type == &py_async_gen_type ? "async generator"
                                                           : "generator");
}

struct py_object *py_gen_resume(struct py_gen *gen, struct py_object *value, bool throwing,
                                struct py_object **returned)
{
    *returned = NULL;
    switch ((enum py_gen_state)gen->state) {
    case PY_GEN_RUNNING:
        if (throwing)
            py_error_clear();
        return raise_running(gen);
    case PY_GEN_FINISHED:
        if (gen->base.type == &py_coroutine_type) {
            if (throwing)
                py_error_clear();
            return py_raise(&py_exc_RuntimeError, "cannot reuse already awaited coroutine");
        }
        if (!throwing)
            *returned = PY_NONE;
        return NULL;
    case PY_GEN_CREATED:
        if (!throwing && value && value != PY_NONE)
            return py_raise(&py_exc_TypeError, "can't send non-None value to a just-started %s",
                            gen->base.type == &py_coroutine_type   ? "coroutine"
                            : gen->base.type == &py_async_gen_type ? "async generator"
                                                                   : "generator");
        if (throwing) /* raised at the def line: no handler of the body covers that */
            gen->frame.pc -= OP_WORDS_GENERATOR;
        break;
    case PY_GEN_SUSPENDED:
        if (!throwing)
            deliver(gen, value);
        break;
    }
    if (py_thread_current()->depth >= py_runtime.recursion_limit)
        return py_raise(&py_exc_RecursionError, "maximum recursion depth exceeded");
    struct py_object *const result = run(gen);
    if (!result || gen->state == PY_GEN_SUSPENDED)
        return result;
    *returned = result;
    return NULL;
}

/* ---- Python-level methods
 * ------------------------------------------------------------------------ */

/* Turns "returned" into StopIteration, as send() and throw() report it. */
static struct py_object *report(const struct py_gen *gen, struct py_object *result,
                                struct py_object *returned)
{
    if (returned) {
        if (gen->base.type == &py_async_gen_type)
            py_raise(&py_exc_StopAsyncIteration, "");
        else
            py_raise_stop_iteration(returned == PY_NONE ? NULL : returned);
        py_decref(returned);
    }
    return result;
}

static struct py_object *gen_iternext(struct py_object *o)
{
    struct py_object *returned;
    struct py_object *const result = py_gen_resume((struct py_gen *)o, NULL, false, &returned);
    if (returned && returned != PY_NONE)
        return report((struct py_gen *)o, result, returned);
    return result; /* NULL without an exception: exhausted */
}

struct py_object *py_gen_send(struct py_gen *gen, struct py_object *value)
{
    struct py_object *returned;
    struct py_object *const result = py_gen_resume(gen, value, false, &returned);
    return report(gen, result, returned);
}

struct py_object *gen_send(struct py_object *self, struct py_object *const *args, size_t nargs,
                           struct py_tuple *kwnames)
{
    (void)nargs;
    (void)kwnames;
    return py_gen_send((struct py_gen *)self, args[0]);
}

/* The delegate's return value becomes the value of the yield-from expression; the body goes on. */
static struct py_object *finish_delegation(struct py_gen *gen, struct py_object *value)
{
    const uint64_t w = *gen->frame.pc;
    py_setref(gen->regs[INSN_A(w)], value);
    py_clear(gen->regs[INSN_B(w)]);
    gen->yield_from = NULL;
    gen->frame.pc += OP_WORDS_YIELD_FROM;
    struct py_object *const result = run(gen);
    if (!result || gen->state == PY_GEN_SUSPENDED)
        return result;
    return report(gen, NULL, result);
}

/* What the generator was handling when it was suspended becomes the context; not what its caller
 * handles, which is no business of it. */
static struct py_object *throw_into(struct py_gen *gen)
{
    struct py_object *returned;
    if (gen->handled.value)
        py_error_chain_context(py_newref(gen->handled.value));
    struct py_object *const result = py_gen_resume(gen, NULL, true, &returned);
    return report(gen, result, returned);
}

/* close() of a delegate that may not have one. -1: it raised. */
static int close_delegate(struct py_object *delegate)
{
    struct py_object *method;
    const int found = py_getattr_optional(delegate, PY_OBJ(py_str_const("close")), &method);
    if (found <= 0)
        return found;
    PY_HOLD(&method);
    struct py_object *const res = py_call0(method);
    py_clear(method);
    if (!res)
        return -1;
    py_decref(res);
    return 0;
}

/* Calls the delegate's throw(). What comes of it goes on in the generator itself. */
static struct py_object *throw_by_method(struct py_gen *gen, struct py_object *method,
                                         struct py_object *exc)
{
    PY_HOLD(&method);
    struct py_object *const result = py_call1(method, exc);
    py_clear(method);
    gen->state = PY_GEN_SUSPENDED;
    if (result)
        return result;
    struct py_object *value = NULL;
    return py_error_catch_stop_iteration(&value) ? finish_delegation(gen, value) : throw_into(gen);
}

/* An exception is pending; a delegate is active. Offers it to the delegate first. */
static struct py_object *throw_through_delegate(struct py_gen *gen, bool close)
{
    struct py_object *delegate = py_newref(gen->yield_from);
    PY_HOLD(&delegate);
    struct py_object *exc = py_error_fetch();
    PY_HOLD(&exc);
    gen->state = PY_GEN_RUNNING; /* re-entering from the delegate is an error */
    const bool closing = close && py_isinstance_type(exc, &py_exc_GeneratorExit);
    struct py_object *method = NULL;
    const int found = closing
                          ? close_delegate(delegate)
                          : py_getattr_optional(delegate, PY_OBJ(py_str_const("throw")), &method);
    struct py_object *result;
    if (!closing && found > 0) {
        result = throw_by_method(gen, method, exc);
    } else {
        gen->state = PY_GEN_SUSPENDED;
        if (found == 0) {
            py_error_restore(exc);
            exc = NULL;
        }
        result = throw_into(gen);
    }
    py_clear(exc);
    py_clear(delegate);
    return result;
}

static struct py_object *throw_pending(struct py_gen *gen, bool close)
{
    if (gen->state == PY_GEN_SUSPENDED && gen->yield_from)
        return throw_through_delegate(gen, close);
    return throw_into(gen);
}

struct py_object *py_gen_throw(struct py_gen *gen, struct py_object *const *args, size_t nargs,
                               bool close)
{
    struct py_object *const type = args[0];
    struct py_object *const value = nargs > 1 && args[1] != PY_NONE ? args[1] : NULL;
    struct py_object *exc;
    const bool is_class = py_has_flag(type, PY_TYPE_IS_TYPE) &&
                          (((struct py_type *)type)->flags & PY_TYPE_IS_EXCEPTION);
    if (py_exc_check(type)) {
        if (value)
            return py_raise(&py_exc_TypeError, "instance exception may not have a separate value");
        exc = py_newref(type);
    } else if (is_class) {
        exc = value && py_exc_check(value) ? py_newref(value) : py_exc_instantiate(type, value);
    } else {
        return py_raise(&py_exc_TypeError,
                        "exceptions must be classes or instances deriving from BaseException, not "
                        "%s",
                        type->type->name);
    }
    if (!exc)
        return NULL;
    PY_HOLD(&exc);
    if (nargs > 2 && args[2] != PY_NONE) {
        if (args[2]->type != &py_traceback_type) {
            py_clear(exc);
            return py_raise(&py_exc_TypeError, "throw() third argument must be a traceback object");
        }
        py_setref(((struct py_exc *)exc)->traceback, (struct py_traceback *)py_newref(args[2]));
    }
    if (gen->state == PY_GEN_RUNNING) {
        py_clear(exc);
        return raise_running(gen);
    }
    struct py_object *const pending = exc;
    exc = NULL;
    py_error_restore(pending);
    return throw_pending(gen, close);
}

struct py_object *gen_throw(struct py_object *self, struct py_object *const *args, size_t nargs,
                            struct py_tuple *kwnames)
{
    (void)kwnames;
    return py_gen_throw((struct py_gen *)self, args, nargs, true);
}

struct py_object *py_gen_close(struct py_gen *gen)
{
    if (gen->state == PY_GEN_FINISHED)
        return PY_NONE;
    if (gen->state == PY_GEN_CREATED) { /* nothing in it can object */
        eval_clear_registers(gen->regs, gen->regs + gen->reg_count);
        gen->state = PY_GEN_FINISHED;
        py_gen_drop_function(gen);
        return PY_NONE;
    }
    if (gen->state == PY_GEN_RUNNING)
        return raise_running(gen);
    struct py_object *const exit = py_call0(PY_OBJ(&py_exc_GeneratorExit));
    if (!exit)
        return NULL;
    py_raise_instance(exit);
    py_decref(exit);
    struct py_object *const result = throw_pending(gen, true);
    if (result) {
        py_decref(result);
        return py_raise(&py_exc_RuntimeError, "%s ignored GeneratorExit",
                        gen->base.type == &py_coroutine_type   ? "coroutine"
                        : gen->base.type == &py_async_gen_type ? "async generator"
                                                               : "generator");
    }
    if (!py_error_matches(&py_exc_GeneratorExit) && !py_error_matches(&py_exc_StopIteration) &&
        !(gen->base.type == &py_async_gen_type && py_error_matches(&py_exc_StopAsyncIteration)))
        return NULL;
    py_error_clear();
    return PY_NONE;
}

struct py_object *gen_close(struct py_object *self, struct py_object *const *args, size_t nargs,
                            struct py_tuple *kwnames)
{
    (void)args;
    (void)nargs;
    (void)kwnames;
    return py_gen_close((struct py_gen *)self);
}

/* The last reference is gone: pending `finally` and `with` blocks must still run. An event loop's
 * hook may take an asynchronous generator over instead, to close it in its own time. */
void gen_finalize(struct py_object *o)
{
    struct py_gen *const gen = (struct py_gen *)o;
    const bool hooked = gen->finalizer && !gen->closed && gen->state != PY_GEN_FINISHED;
    const bool unawaited = o->type == &py_coroutine_type && gen->state == PY_GEN_CREATED;
    if (!hooked && !unawaited &&
        (gen->state != PY_GEN_SUSPENDED || gen->frame.code->handler_count == 0))
        return;
    struct py_object *saved = py_error_fetch();
    PY_HOLD(&saved);
    struct py_object *res = PY_NONE;
    if (hooked)
        res = py_call1(gen->finalizer, o);
    else if (unawaited)
        py_warn_unawaited(o, gen->qualname);
    else
        res = py_gen_close(gen);
    if (res)
        py_decref(res);
    else
        py_error_unraisable(o, NULL);
    py_error_restore(saved);
    saved = NULL;
}

void gen_dealloc(struct py_object *o)
{
    struct py_gen *const gen = (struct py_gen *)o;
    if (gen->frame.object)
        py_frame_release_object(&gen->frame);
    py_object_release_common(o);
    py_object_free(o);
}

struct py_object *gen_repr(struct py_object *o)
{
    return PY_OBJ(py_str_format_c("<%s object %U at %p>", o->type->name,
                                  ((struct py_gen *)o)->qualname, (void *)o));
}

struct py_object *gen_get_running(struct py_object *o, void *closure)
{
    (void)closure;
    return py_bool_from(((struct py_gen *)o)->state == PY_GEN_RUNNING);
}

struct py_object *gen_get_suspended(struct py_object *o, void *closure)
{
    (void)closure;
    return py_bool_from(((struct py_gen *)o)->state == PY_GEN_SUSPENDED);
}

struct py_object *gen_get_frame(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_gen *const gen = (struct py_gen *)o;
    return gen->state == PY_GEN_FINISHED ? PY_NONE : PY_OBJ(py_frame_object(&gen->frame));
}

struct py_object *gen_get_code(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_gen *const gen = (struct py_gen *)o;
    struct py_code *const code = gen->func ? gen->func->code : gen->code;
    return code ? PY_OBJ(py_newref(code)) : PY_NONE; /* None: the collector took it apart */
}

struct py_object *gen_get_yield_from(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_gen *const gen = (struct py_gen *)o;
    return gen->yield_from ? py_newref(gen->yield_from) : PY_NONE;
}

static int set_text(struct py_str **slot, struct py_object *value, const char *what)
{
    if (!value || !py_str_check(value))
        return py_raise_int(&py_exc_TypeError, "%s must be set to a string object", what);
    py_setref(*slot, (struct py_str *)py_newref(value));
    return 0;
}

struct py_object *gen_get_name(struct py_object *o, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(((struct py_gen *)o)->name));
}

int gen_set_name(struct py_object *o, struct py_object *value, void *closure)
{
    (void)closure;
    return set_text(&((struct py_gen *)o)->name, value, "__name__");
}

struct py_object *gen_get_qualname(struct py_object *o, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(((struct py_gen *)o)->qualname));
}

int gen_set_qualname(struct py_object *o, struct py_object *value, void *closure)
{
    (void)closure;
    return set_text(&((struct py_gen *)o)->qualname, value, "__qualname__");
}

const struct py_field gen_fields[] = {
    PY_FIELD(struct py_gen, func),      PY_FIELD(struct py_gen, code),
    PY_FIELD(struct py_gen, name),      PY_FIELD(struct py_gen, qualname),
    PY_FIELD(struct py_gen, finalizer), PY_FIELD_BORROWED(struct py_gen, yield_from),
};

static const struct py_method_def gen_methods[] = {
    {"send", gen_send, 1, 1, 0, "($self, arg, /)",
     "Resume with arg as the value of the yield; next yielded value or StopIteration."},
    {"throw", gen_throw, 1, 3, 0, NULL, "Raise an exception where the generator is suspended."},
    {"close", gen_close, 0, 0, 0, "($self, /)", "Raise GeneratorExit inside the generator."},
    {NULL, NULL, 0, 0, 0, NULL, NULL},
};

static const struct py_getset_def gen_getsets[] = {
    {"__name__", gen_get_name, gen_set_name, "name of the generator", NULL},
    {"__qualname__", gen_get_qualname, gen_set_qualname, "qualified name", NULL},
    {"gi_running", gen_get_running, NULL, NULL, NULL},
    {"gi_suspended", gen_get_suspended, NULL, NULL, NULL},
    {"gi_frame", gen_get_frame, NULL, NULL, NULL},
    {"gi_code", gen_get_code, NULL, NULL, NULL},
    {"gi_yieldfrom", gen_get_yield_from, NULL, "what `yield from` takes from, or None", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

int64_t gen_size_of(struct py_object *o)
{
    const struct py_gen *const gen = (const struct py_gen *)o;
    return (int64_t)sizeof *gen + gen->reg_count * (int64_t)sizeof(struct py_object *);
}

_Static_assert(sizeof gen_fields / sizeof gen_fields[0] == GEN_FIELD_COUNT, "see gen_internal.h");

struct py_type py_gen_type = {
    .base = {PY_STATIC_HEADER(&py_type_type), 0},
    .name = "generator",
    .basicsize = sizeof(struct py_gen),
    .itemsize = sizeof(struct py_object *),
    .size_of = gen_size_of,
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW | PY_TYPE_FINALIZER,
    .body = PY_BODY_FRAME,
    .field_count = GEN_FIELD_COUNT,
    .fields = gen_fields,
    .weaklist_offset = offsetof(struct py_gen, weaklist),
    .dealloc = gen_dealloc,
    .finalize = gen_finalize,
    .repr = gen_repr,
    .iter = py_iter_self,
    .iternext = gen_iternext,
    .methods = gen_methods,
    .getsets = gen_getsets,
};
