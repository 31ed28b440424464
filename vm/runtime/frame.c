/* Frame objects: what sys._getframe, tracebacks and gi_frame show of a frame.
 *
 * A frame has no object until somebody asks. While the frame lives the object only points at it;
 * when the frame dies and others still hold the object, it takes the locals over (a traceback
 * keeps the locals of every frame it went through, which is a leak people have and must be seen).
 */
#include "vm/runtime/frame.h"

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/code.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/locals.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

int py_frame_line(const struct py_frame *frame)
{
    return py_code_line(frame->code, (uint32_t)(frame->pc - frame->code->words));
}

struct py_frameobj *py_frame_object(struct py_frame *frame)
{
    if (frame->object)
        return py_newref(frame->object);
    struct py_frameobj *const o = py_object_new_var(&py_frame_type, frame->code->local_count);
    if (!o)
        return NULL;
    o->live = frame;
    o->func = py_newref(frame->func);
    frame->object = py_newref(o); /* the frame's own reference, visible as a root */
    py_gc_track(o);
    return o;
}

void py_frame_release_object(struct py_frame *frame)
{
    struct py_frameobj *o = frame->object;
    frame->object = NULL;
    PY_HOLD(&o);
    o->word_offset = (uint32_t)(frame->pc - frame->code->words);
    o->line = py_code_line(frame->code, o->word_offset);
    o->live = NULL;
    if (o->base.base.refcnt > 1) {
        for (int64_t i = 0; i < o->base.size; i++) { /* ownership moves: no counts */
            o->regs[i] = frame->regs[i];
            frame->regs[i] = NULL;
        }
        if (frame->locals)
            o->locals = py_newref(frame->locals);
        if (frame->prev && !o->back) {
            o->back = py_frame_object(frame->prev);
            if (!o->back)
                py_error_clear(); /* no memory: the chain ends here */
        }
    }
    py_clear(o);
}

static struct py_object *frame_get_back(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_frameobj *const f = (struct py_frameobj *)o;
    if (f->live)
        return f->live->prev ? PY_OBJ(py_frame_object(f->live->prev)) : PY_NONE;
    return f->back ? PY_OBJ(py_newref(f->back)) : PY_NONE;
}

static struct py_object *frame_get_code(struct py_object *o, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(((struct py_frameobj *)o)->func->code));
}

static struct py_object *frame_get_globals(struct py_object *o, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(((struct py_frameobj *)o)->func->globals));
}

static struct py_object *frame_get_builtins(struct py_object *o, void *closure)
{
    (void)closure;
    return py_newref(((struct py_frameobj *)o)->func->builtins);
}

static struct py_object *frame_get_lineno(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_frameobj *const f = (struct py_frameobj *)o;
    const int line = f->live ? py_frame_line(f->live) : f->line;
    return line ? py_int_from_i64(line) : PY_NONE;
}

static struct py_object *frame_get_lasti(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_frameobj *const f = (struct py_frameobj *)o;
    /* In bytes, as co_positions() is asked for them. */
    return py_int_from_i64(2 * (f->live ? f->live->pc - f->live->code->words : f->word_offset));
}

static struct py_object *frame_get_locals(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_frameobj *const f = (struct py_frameobj *)o;
    if (f->live)
        return py_frame_locals(f->live);
    if (f->locals)
        return py_newref(f->locals);
    return py_locals_dict(f->func, f->regs);
}

static struct py_object *frame_get_trace(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_object *const trace = ((struct py_frameobj *)o)->trace;
    return trace ? py_newref(trace) : PY_NONE;
}

static struct py_object *frame_clear(struct py_object *self, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    (void)args;
    (void)nargs;
    (void)kwnames;
    struct py_frameobj *const f = (struct py_frameobj *)self;
    if (f->live)
        return py_raise(&py_exc_RuntimeError, "cannot clear an executing frame");
    for (int64_t i = 0; i < f->base.size; i++)
        py_clear(f->regs[i]);
    py_clear(f->locals);
    return PY_NONE;
}

static struct py_object *frame_repr(struct py_object *o)
{
    struct py_frameobj *const f = (struct py_frameobj *)o;
    return PY_OBJ(py_str_format_c("<frame at %p, file %R, line %d, code %U>", (void *)o,
                                  PY_OBJ(f->func->code->filename),
                                  f->live ? py_frame_line(f->live) : f->line, f->func->code->name));
}

static const struct py_field frame_fields[] = {
    PY_FIELD(struct py_frameobj, back),
    PY_FIELD(struct py_frameobj, func),
    PY_FIELD(struct py_frameobj, locals),
    PY_FIELD(struct py_frameobj, trace),
};

static const struct py_method_def frame_methods[] = {
    {"clear", frame_clear, 0, 0, 0, NULL, "Drop the references to local variables."},
    {NULL, NULL, 0, 0, 0, NULL, NULL},
};

static const struct py_getset_def frame_getsets[] = {
    {"f_back", frame_get_back, NULL, NULL, NULL},
    {"f_code", frame_get_code, NULL, NULL, NULL},
    {"f_globals", frame_get_globals, NULL, NULL, NULL},
    {"f_builtins", frame_get_builtins, NULL, NULL, NULL},
    {"f_lineno", frame_get_lineno, NULL, NULL, NULL},
    {"f_lasti", frame_get_lasti, NULL, NULL, NULL},
    {"f_locals", frame_get_locals, NULL, NULL, NULL},
    {"f_trace", frame_get_trace, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

struct py_type py_frame_type = {
    .base = {PY_STATIC_HEADER(&py_type_type), 0},
    .name = "frame",
    .basicsize = sizeof(struct py_frameobj),
    .itemsize = sizeof(struct py_object *),
    .flags = PY_TYPE_GC | PY_TYPE_VAR | PY_TYPE_DISALLOW_NEW,
    .body = PY_BODY_TUPLE,
    .field_count = sizeof frame_fields / sizeof frame_fields[0],
    .fields = frame_fields,
    .repr = frame_repr,
    .methods = frame_methods,
    .getsets = frame_getsets,
};
