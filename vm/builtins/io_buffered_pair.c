/* BufferedRWPair: two raw files, one to read and one to write, such as the two pipes to a child, as
 * one object. It is a BufferedReader and a BufferedWriter, and passes every call to one of them;
 * there is no position, as the two have nothing to do with each other.
 */
#include "vm/builtins/io_buffered.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct io_pair {
    struct py_io io;
    struct py_object *reader, *writer; /* NULL: never initialised, or cleared by the collector */
};
#define PAIR(o) ((struct io_pair *)(o))

/* ---- __init__ -------------------------------------------------------------------------------- */

/* type(raw, size). New. */
static struct py_object *side(struct py_type *type, struct py_object *raw, int64_t size)
{
    struct py_object *n = py_int_from_i64(size);
    if (!n || py_type_ready(type) < 0)
        return py_xdecref(n), NULL;
    PY_HOLD(&n);
    struct py_object *made = py_call2(PY_OBJ(type), raw, n);
    PY_HOLD(&made);
    py_clear(n);
    return made;
}

static int pair_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                     struct py_tuple *kwnames)
{
    struct io_pair *const p = PAIR(self);
    int64_t size;
    if (py_no_keywords("BufferedRWPair", kwnames) < 0 ||
        py_check_positional("BufferedRWPair", nargs, 2, 3) < 0 ||
        io_buffered_size_argument(nargs > 2 ? args[2] : NULL, &size) < 0 ||
        io_buffered_demand(args[0], "readable") < 0 || io_buffered_demand(args[1], "writable") < 0)
        return -1;
    struct py_object *const reader = side(&py_io_reader_type, args[0], size);
    py_setref(p->reader, reader);
    if (!reader)
        return -1;
    struct py_object *const writer = side(&py_io_writer_type, args[1], size);
    py_setref(p->writer, writer);
    return writer ? 0 : -1;
}

/* ---- passing on ------------------------------------------------------------------------------ */

#define PASSES_ON(function, side_of, name)                      \
    METHOD(function)                                            \
    {                                                           \
        UNUSED;                                                 \
        return io_call(PAIR(self)->side_of, name, args, nargs); \
    }
PASSES_ON(pair_read, reader, "read")
PASSES_ON(pair_read1, reader, "read1")
PASSES_ON(pair_peek, reader, "peek")
PASSES_ON(pair_readinto, reader, "readinto")
PASSES_ON(pair_readinto1, reader, "readinto1")
PASSES_ON(pair_readable, reader, "readable")
PASSES_ON(pair_write, writer, "write")
PASSES_ON(pair_flush, writer, "flush")
PASSES_ON(pair_writable, writer, "writable")

METHOD(pair_isatty)
{
    UNUSED;
    struct py_object *const answer = io_call(PAIR(self)->writer, "isatty", NULL, 0);
    if (answer != PY_FALSE)
        return answer;
    return io_call(PAIR(self)->reader, "isatty", NULL, 0);
}

/* Both are closed, whatever the first says to it. */
METHOD(pair_close)
{
    UNUSED;
    const int wrote = io_do(PAIR(self)->writer, "close", NULL, 0);
    struct py_object *first = py_error_fetch();
    PY_HOLD(&first);
    struct py_object *result = io_call(PAIR(self)->reader, "close", NULL, 0);
    PY_HOLD(&result);
    struct py_object *const chained = first;
    first = NULL;
    if (chained && !result)
        py_error_chain_context(chained);
    else if (chained)
        py_error_restore(chained);
    if (wrote < 0)
        py_clear(result);
    return result;
}

static struct py_object *get_closed(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_object *writer = PAIR(self)->writer;
    if (!writer)
        return py_raise(&py_exc_RuntimeError,
                        "the BufferedRWPair object is being garbage-collected");
    py_newref(writer);
    PY_HOLD(&writer);
    struct py_object *closed = py_getattr_cstr(writer, "closed");
    PY_HOLD(&closed);
    py_clear(writer);
    return closed;
}

/* ---- the type -------------------------------------------------------------------------------- */

static const struct py_method_def pair_methods[] = {
    METHOD_ROW("read", pair_read, 0, 1),           METHOD_ROW("read1", pair_read1, 0, 1),
    METHOD_ROW("peek", pair_peek, 0, 1),           METHOD_ROW("readinto", pair_readinto, 1, 1),
    METHOD_ROW("readinto1", pair_readinto1, 1, 1), METHOD_ROW("write", pair_write, 1, 1),
    METHOD_ROW("flush", pair_flush, 0, 0),         METHOD_ROW("readable", pair_readable, 0, 0),
    METHOD_ROW("writable", pair_writable, 0, 0),   METHOD_ROW("close", pair_close, 0, 0),
    METHOD_ROW("isatty", pair_isatty, 0, 0),       {.name = NULL},
};
static const struct py_getset_def pair_getsets[] = {
    {.name = "closed", .get = get_closed, .doc = "Whether the writing side has been closed."},
    {.name = NULL},
};
static const struct py_field pair_fields[] = {PY_FIELD(struct py_io, dict),
                                              PY_FIELD(struct io_pair, reader),
                                              PY_FIELD(struct io_pair, writer)};

struct py_type py_io_pair_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_io.BufferedRWPair",
    .basicsize = sizeof(struct io_pair),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE | PY_TYPE_FINALIZER,
    .field_count = sizeof pair_fields / sizeof *pair_fields,
    .fields = pair_fields,
    .weaklist_offset = offsetof(struct py_io, weaklist),
    .dict_offset = offsetof(struct py_io, dict),
    .super = &py_io_buffered_base_type,
    .init = pair_init,
    .new_ = io_new,
    .methods = pair_methods,
    .getsets = pair_getsets,
    .doc = "A reader and a writer of two raw files, such as those of a pipe.",
};
