/* Buffered files: what they ask of the raw file below.
 *
 * A FileIO as it was made is read and written without a method call, right into and out of the
 * memory in question. Any other raw file gets a memoryview of memory of its own, which it may keep
 * as long as it likes; what it did there is copied.
 *
 * A raw file is not trusted: counts and positions are checked. None means that it would have to
 * wait. A call that a signal interrupted is repeated unless the signal's handler raises.
 */
#include <string.h>

#include "vm/builtins/io_buffered.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"

bool io_buffered_over_file(const struct io_buffered *b)
{
    if (!b->raw || b->raw->type != &py_io_file_type)
        return false;
    const struct py_dict *const own = ((struct py_io *)b->raw)->dict;
    return !own || own->used <= 1; /* "name", and no method in front of the class's */
}

/* raw.method(view of memory). New. */
static struct py_object *call_with_view(struct io_buffered *b, const char *method,
                                        struct py_object *memory)
{
    struct py_object *view = py_call1(PY_OBJ(&py_memoryview_type), memory), *answer = NULL;
    if (!view)
        return NULL;
    PY_HOLD(&view);
    do
        answer = io_call(b->raw, method, &view, 1);
    while (!answer && py_error_matches(&py_exc_InterruptedError) &&
           (py_error_clear(), py_signals_run() == 0));
    PY_HOLD(&answer);
    py_clear(view);
    return answer;
}

/* The count that raw answered, of at most n octets; steals answer. */
static int64_t count_of(struct py_object *answer, bool reads, int64_t n)
{
    if (!answer)
        return -1;
    if (answer == PY_NONE)
        return IO_WOULD_BLOCK;
    PY_HOLD(&answer);
    const int64_t count = py_int_as_ssize(answer);
    py_clear(answer);
    if (count >= 0 && count <= n)
        return count;
    if (count == -1 && py_error_occurred() && !reads)
        py_error_clear();
    if (!py_error_occurred())
        return py_raise_int(&py_exc_OSError,
                            "raw %s() returned invalid length %lld (should have been between 0 "
                            "and %lld)",
                            reads ? "readinto" : "write", (long long)count, (long long)n);
    struct py_object *why = py_error_fetch();
    PY_HOLD(&why);
    py_raise(&py_exc_OSError, "raw readinto() failed");
    struct py_exc *const e = (struct py_exc *)py_thread_current()->exc;
    py_setref(e->cause, py_newref((struct py_exc *)why));
    e->suppress_context = true;
    struct py_object *const context = why;
    why = NULL;
    py_error_chain_context(context);
    return -1;
}

static int64_t read_by_call(struct io_buffered *b, uint8_t *to, int64_t n)
{
    struct py_object *memory = py_bytearray_from(NULL, (size_t)n);
    if (!memory)
        return -1;
    PY_HOLD(&memory);
    const struct py_bytearray *const array = (struct py_bytearray *)memory;
    if (n)
        memset(array->data, 0, (size_t)n);
    const int64_t got = count_of(call_with_view(b, "readinto", memory), true, n);
    if (got > 0)
        memcpy(to, array->data, (size_t)(got < array->base.size ? got : array->base.size));
    py_clear(memory);
    return got;
}

static int64_t write_by_call(struct io_buffered *b, const uint8_t *from, int64_t n)
{
    struct py_object *memory = PY_OBJ(py_bytes_from(n ? from : (const uint8_t *)"", (size_t)n));
    if (!memory)
        return -1;
    PY_HOLD(&memory);
    const int64_t took = count_of(call_with_view(b, "write", memory), false, n);
    py_clear(memory);
    return took;
}

/* Of a transfer: raw has moved. */
static int64_t moved(struct io_buffered *b, int64_t n)
{
    if (n > 0 && b->place >= 0)
        b->place += n;
    return n;
}

int64_t io_buffered_raw_read(struct io_buffered *b, uint8_t *to, int64_t n)
{
    if (!io_buffered_over_file(b))
        return moved(b, read_by_call(b, to, n));
    struct py_object *raw = py_newref(b->raw); /* detach() may let go of it meanwhile */
    PY_HOLD(&raw);
    const int64_t got = io_file_read_octets(raw, to, n);
    py_clear(raw);
    return moved(b, got);
}

int64_t io_buffered_raw_write(struct io_buffered *b, const uint8_t *from, int64_t n)
{
    if (!io_buffered_over_file(b))
        return moved(b, write_by_call(b, from, n));
    struct py_object *raw = py_newref(b->raw);
    PY_HOLD(&raw);
    const int64_t took = io_file_write_octets(raw, from, n);
    py_clear(raw);
    return moved(b, took);
}

int64_t io_buffered_offset(struct py_object *o)
{
    const int64_t n = py_int_as_ssize(o);
    if (n != -1 || !py_error_occurred() || !py_error_matches(&py_exc_OverflowError))
        return n;
    py_error_clear();
    return py_raise_int(&py_exc_ValueError, "cannot fit '%T' into an offset-sized integer", o);
}

/* The position that raw answered; steals answer. */
static int64_t position_of(struct io_buffered *b, struct py_object *answer)
{
    if (!answer)
        return -1;
    PY_HOLD(&answer);
    const int64_t at = io_buffered_offset(answer);
    py_clear(answer);
    if (at >= 0)
        return b->place = at;
    if (!py_error_occurred())
        py_raise(&py_exc_OSError, "Raw stream returned invalid position %lld", (long long)at);
    return -1;
}

int64_t io_buffered_raw_seek(struct io_buffered *b, int64_t by, int whence)
{
    struct py_object *where[2] = {py_int_from_i64(by), py_int_from_i64(whence)};
    PY_HOLD_N(where, 2);
    const int64_t at =
        where[0] && where[1] ? position_of(b, io_call(b->raw, "seek", where, 2)) : -1;
    py_clear(where[0]);
    py_clear(where[1]);
    return at;
}

int64_t io_buffered_raw_tell(struct io_buffered *b)
{
    return position_of(b, io_call(b->raw, "tell", NULL, 0));
}
