/* Buffered files: writing.
 *
 * What fits into the buffer is put there. What does not makes the buffer empty first; then whole
 * buffers' worth goes to raw at once, and the rest into the buffer. A raw file may take less than
 * it is given, or nothing because it would have to wait: then as much as fits is kept, and
 * BlockingIOError says in characters_written how much of the program's octets that makes.
 */
#include <errno.h>
#include <string.h>

#include "vm/builtins/io_buffered.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/signals.h"

/* -1 with BlockingIOError. */
static int raise_blocked(int64_t written)
{
    struct py_object *args[3] = {
        py_int_from_i64(EAGAIN),
        PY_OBJ(py_str_from_cstr("write could not complete without blocking")),
        py_int_from_i64(written),
    };
    PY_HOLD_N(args, 3);
    struct py_object *e = NULL;
    PY_HOLD(&e);
    if (args[0] && args[1] && args[2])
        e = py_exc_make(&py_exc_BlockingIOError, args, 3);
    if (e)
        py_raise_instance(e);
    for (int i = 0; i < 3; i++)
        py_clear(args[i]);
    py_clear(e);
    return -1;
}

/* Puts raw where data[at] is. 0 or -1. */
static int move_raw(struct io_buffered *b, int64_t at)
{
    if (b->raw_at == at)
        return 0;
    if (io_buffered_raw_seek(b, at - b->raw_at, 1) < 0)
        return -1;
    b->raw_at = at;
    return 0;
}

int io_buffered_write_dirty(struct io_buffered *b)
{
    if (b->dirty == b->dirty_end)
        return 0;
    if (move_raw(b, b->dirty) < 0)
        return -1;
    while (b->dirty < b->dirty_end) {
        const int64_t n = io_buffered_raw_write(b, b->data + b->dirty, b->dirty_end - b->dirty);
        if (n == IO_WOULD_BLOCK)
            return raise_blocked(0);
        if (n < 0)
            return -1;
        b->dirty += n;
        b->raw_at = b->dirty;
        if (py_signals_run() < 0) /* a signal may be why it took so little */
            return -1;
    }
    b->dirty = b->dirty_end = 0;
    return 0;
}

int io_buffered_settle(struct io_buffered *b)
{
    if (io_buffered_write_dirty(b) < 0 || move_raw(b, b->at) < 0)
        return -1;
    io_buffered_empty(b);
    return 0;
}

/* Puts n octets, for which there is room, where the program is. */
static void put(struct io_buffered *b, const uint8_t *from, int64_t n)
{
    if (n == 0)
        return;
    memcpy(b->data + b->at, from, (size_t)n);
    if (b->dirty == b->dirty_end)
        b->dirty = b->dirty_end = b->at;
    if (b->dirty > b->at)
        b->dirty = b->at;
    b->at += n;
    if (b->dirty_end < b->at)
        b->dirty_end = b->at;
    if (b->filled && b->filled < b->at)
        b->filled = b->at;
}

/* The buffer could not be emptied. Where that is because raw would have to wait: keeps what there
 * is room for, and if that is all, it is no error. */
static int64_t keep_what_fits(struct io_buffered *b, const uint8_t *from, int64_t n)
{
    if (!py_error_matches(&py_exc_BlockingIOError) || b->at != b->dirty_end)
        return -1;
    b->filled = 0;
    memmove(b->data, b->data + b->dirty, (size_t)(b->dirty_end - b->dirty));
    b->at -= b->dirty;
    b->dirty_end -= b->dirty;
    b->raw_at -= b->dirty;
    b->dirty = 0;
    const int64_t room = b->size - b->at, part = n < room ? n : room;
    put(b, from, part);
    py_error_clear();
    return part == n ? n : raise_blocked(part);
}

/* Octets for which there is no room. How many the object has taken, which is all, or -1. */
static int64_t write_many(struct io_buffered *b, const uint8_t *from, int64_t n)
{
    if (io_buffered_write_dirty(b) < 0)
        return keep_what_fits(b, from, n);
    if (move_raw(b, b->at) < 0)
        return -1;
    io_buffered_empty(b);
    int64_t done = 0;
    while (n - done > b->size) {
        const int64_t took = io_buffered_raw_write(b, from + done, n - done);
        if (took == IO_WOULD_BLOCK) {
            put(b, from + done, b->size);
            return raise_blocked(done + b->size);
        }
        if (took < 0 || py_signals_run() < 0)
            return -1;
        done += took;
    }
    put(b, from + done, n - done);
    return n;
}

IO_BUFFERED_METHOD(io_buffered_write)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    OCTETS(in);
    if (io_buffered_check(b) < 0 || octets_get(&in, args[0]) < 0 || io_buffered_enter(b) < 0)
        return NULL;
    int64_t n = io_buffered_check_open(b, "write to closed file");
    if (n == 0)
        n = in.length;
    if (n > b->size - b->at)
        n = write_many(b, in.data, n);
    else if (n > 0)
        put(b, in.data, n);
    io_buffered_leave(b);
    return n < 0 ? NULL : py_int_from_i64(n);
}
