/* Traceback objects: where an exception has been on its way up.
 *
 *   exc.__traceback__ -> entry of the outermost frame -> tb_next ... -> entry of the raise
 *
 * Each frame that an exception leaves puts an entry in front. An entry owns the frame's object,
 * which keeps the locals of the dead frame alive: that is what makes `del tb` matter, and why a
 * stored exception shows up in heap dumps with everything its functions held.
 *
 * tb_lasti counts what CPython would count in bytes: two for each word of the register code.
 * Printing is in vm/runtime/error_print.c.
 */
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/code.h"
#include "vm/object/exc.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/frame.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static struct py_traceback *traceback_make(struct py_traceback *next, struct py_frameobj *frame,
                                           int32_t word_offset, int32_t line)
{
    struct py_traceback *tb = py_object_new(&py_traceback_type);
    if (!tb)
        return NULL;
    py_xincref(next);
    tb->next = next;
    tb->frame = py_newref(frame);
    tb->word_offset = word_offset;
    tb->line = line;
    py_gc_track(tb);
    return tb;
}

/* As CPython does: when there is no memory for an entry, that is what is raised from here on. */
static struct py_object *raise_instead(struct py_object *e)
{
    struct py_object *const failure = py_error_fetch();
    if (!failure || e->type == &py_exc_MemoryError) {
        py_xdecref(failure);
        return e;
    }
    if (failure->refcnt == 1) /* not the spare one, which others may have in their chains */
        py_setref(((struct py_exc *)failure)->context, (struct py_exc *)e);
    else
        py_decref(e);
    return failure;
}

void py_traceback_add(struct py_frame *frame)
{
    struct py_object *e = py_error_fetch();
    if (!e)
        return;
    PY_HOLD(&e);
    struct py_traceback *tb = NULL;
    struct py_frameobj *object = py_frame_object(frame);
    PY_HOLD(&object);
    if (object) {
        const uint32_t offset = frame->pc ? (uint32_t)(frame->pc - frame->code->words) : 0;
        struct py_exc *exc = (struct py_exc *)e;
        tb = traceback_make(exc->traceback, object, (int32_t)offset,
                            py_code_line(frame->code, offset));
        if (tb)
            py_setref(exc->traceback, tb);
    }
    py_clear(object);
    struct py_object *restored = e;
    e = NULL;
    py_error_restore(tb ? restored : raise_instead(restored));
}

/* ---- the type ---------------------------------------------------------------------------------
 */

static struct py_object *traceback_new(struct py_type *type, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames)
{
    (void)type;
    static const char *const names[] = {"tb_next", "tb_frame", "tb_lasti", "tb_lineno"};
    static const struct py_params params = {
        .function = "traceback", .names = names, .count = 4, .required = 4, .keyword_only = 4};
    struct py_object *v[4] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, v) < 0)
        return NULL;
    if (v[0] != PY_NONE && v[0]->type != &py_traceback_type)
        return py_raise(&py_exc_TypeError, "expected traceback object or None, got '%s'",
                        v[0]->type->name);
    if (v[1]->type != &py_frame_type)
        return py_raise(&py_exc_TypeError, "traceback() argument 'tb_frame' must be frame, not %s",
                        v[1]->type->name);
    const int64_t lasti = py_int_as_i64(v[2]);
    if (lasti == -1 && py_error_occurred())
        return NULL;
    const int64_t line = py_int_as_i64(v[3]);
    if (line == -1 && py_error_occurred())
        return NULL;
    return PY_OBJ(traceback_make(v[0] == PY_NONE ? NULL : (struct py_traceback *)v[0],
                                 (struct py_frameobj *)v[1], (int32_t)(lasti / 2), (int32_t)line));
}

static struct py_object *get_next(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_traceback *next = ((struct py_traceback *)o)->next;
    return next ? PY_OBJ(py_newref(next)) : PY_NONE;
}

static int set_next(struct py_object *o, struct py_object *value, void *closure)
{
    (void)closure;
    if (!value)
        return py_raise_int(&py_exc_TypeError, "can't delete tb_next attribute");
    if (value != PY_NONE && value->type != &py_traceback_type)
        return py_raise_int(&py_exc_TypeError, "expected traceback object, got '%s'",
                            value->type->name);
    struct py_traceback *next = value == PY_NONE ? NULL : (struct py_traceback *)value;
    for (const struct py_traceback *t = next; t; t = t->next)
        if (PY_OBJ(t) == o)
            return py_raise_int(&py_exc_ValueError, "traceback loop detected");
    py_xincref(next);
    py_setref(((struct py_traceback *)o)->next, next);
    return 0;
}

static struct py_object *get_lasti(struct py_object *o, void *closure)
{
    (void)closure;
    return py_int_from_i64(2 * (int64_t)((struct py_traceback *)o)->word_offset);
}

static struct py_object *traceback_dir(struct py_object *o, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames);

static const struct py_getset_def traceback_getsets[] = {
    {.name = "tb_next", .get = get_next, .set = set_next},
    {.name = "tb_lasti", .get = get_lasti},
    {.name = NULL}};

static const struct py_member_def traceback_members[] = {
    {.name = "tb_frame",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_traceback, frame),
     .readonly = true},
    {.name = "tb_lineno",
     .kind = PY_MEMBER_INT32,
     .offset = offsetof(struct py_traceback, line),
     .readonly = true},
    {.name = NULL}};

static const struct py_method_def traceback_methods[] = {
    {.name = "__dir__", .fn = traceback_dir, .min_args = 0, .max_args = 0}, {.name = NULL}};

static const struct py_field traceback_fields[] = {{.name = "tb_next",
                                                    .offset = offsetof(struct py_traceback, next),
                                                    .edge_class = PY_EDGE_TRAVERSED},
                                                   {.name = "tb_frame",
                                                    .offset = offsetof(struct py_traceback, frame),
                                                    .edge_class = PY_EDGE_TRAVERSED},
                                                   PY_FIELD_END};

struct py_type py_traceback_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "traceback",
    .basicsize = sizeof(struct py_traceback),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE,
    .fields = traceback_fields,
    .field_count = 2,
    .new_ = traceback_new,
    .methods = traceback_methods,
    .getsets = traceback_getsets,
    .members = traceback_members,
};

static struct py_object *traceback_dir(struct py_object *o, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames)
{
    (void)o, (void)args, (void)nargs, (void)kwnames;
    static const char *const names[] = {"tb_frame", "tb_next", "tb_lasti", "tb_lineno"};
    struct py_list *list = py_list_new(0);
    PY_HOLD(&list);
    for (size_t i = 0; list && i < 4; i++)
        if (py_list_append(list, PY_OBJ(py_str_const(names[i]))) < 0)
            py_clear(list);
    struct py_list *result = list;
    list = NULL;
    return PY_OBJ(result);
}
