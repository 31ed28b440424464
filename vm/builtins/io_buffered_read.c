/* Buffered files: reading.
 *
 * What lies ahead in the buffer is handed out at once, without entering the object: nothing can
 * run or wait meanwhile. Everything else enters, writes what the program has written, and reads
 * from raw: whole blocks right into the object that is returned, the rest through the buffer.
 *
 * No more is asked of raw than is needed, as it may be a pipe whose other end waits for an answer:
 * read() goes on until it has all, or raw is at its end or would block; read1() and peek() ask
 * once at most.
 */
#include <string.h>

#include "vm/builtins/io_buffered.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/list.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct py_object *bytes_of(const void *data, int64_t n)
{
    return PY_OBJ(py_bytes_from(n ? data : "", (size_t)n));
}

/* The next n octets, which are ahead. New bytes. */
static struct py_object *hand_out(struct io_buffered *b, int64_t n)
{
    struct py_object *const result = bytes_of(b->data + b->at, n);
    b->at += n;
    return result;
}

/* The next octets, at most n; returns how many. */
static int64_t copy_out(struct io_buffered *b, uint8_t *to, int64_t n)
{
    n = least(n, io_buffered_ahead(b));
    if (n == 0)
        return 0;
    memcpy(to, b->data + b->at, (size_t)n);
    b->at += n;
    return n;
}

/* Before raw is read and nothing is ahead. 0 or -1. */
static int begin_reading(struct io_buffered *b)
{
    if (b->writes && io_buffered_settle(b) < 0)
        return -1;
    io_buffered_empty(b);
    return 0;
}

/* Reads once more behind what is filled. */
static int64_t fill(struct io_buffered *b)
{
    if (b->filled == b->size)
        io_buffered_empty(b);
    const int64_t start = b->filled;
    const int64_t n = io_buffered_raw_read(b, b->data + start, b->size - start);
    if (n > 0)
        b->filled = b->raw_at = start + n;
    return n;
}

/* ---- read() ---------------------------------------------------------------------------------- */

/* raw's answer to a request for everything, checked. New bytes or None. */
static struct py_object *checked_part(struct py_object *part, const char *method)
{
    if (!part || part == PY_NONE || py_bytes_check(part))
        return part;
    PY_HOLD(&part);
    py_raise(&py_exc_TypeError, "%s() should return bytes", method);
    py_clear(part);
    return NULL;
}

/* b''.join(parts). New. */
static struct py_object *join(struct py_list *parts)
{
    struct py_object *empty = bytes_of(NULL, 0), *const list = PY_OBJ(parts);
    if (!empty)
        return NULL;
    PY_HOLD(&empty);
    struct py_object *all = py_call_method(empty, py_str_const("join"), &list, 1);
    PY_HOLD(&all);
    py_clear(empty);
    return all;
}

/* Appends what raw.read() gives until it gives no more. The last answer (new): b"" or None. */
static struct py_object *collect(struct io_buffered *b, struct py_list *parts)
{
    for (;;) {
        struct py_object *part = checked_part(io_call(b->raw, "read", NULL, 0), "read");
        if (!part || part == PY_NONE || ((struct py_bytes *)part)->base.size == 0)
            return part;
        PY_HOLD(&part);
        if (b->place >= 0)
            b->place += ((struct py_bytes *)part)->base.size;
        const int status = py_list_append(parts, part);
        py_clear(part);
        if (status < 0)
            return NULL;
    }
}

/* Everything behind the buffer, appended to parts as far as there is any. What raw said last. */
static struct py_object *read_rest(struct io_buffered *b, struct py_list *parts)
{
    struct py_object *readall = NULL;
    if (py_getattr_optional(b->raw, PY_OBJ(py_str_const("readall")), &readall) < 0)
        return NULL;
    if (!readall)
        return collect(b, parts);
    PY_HOLD(&readall);
    struct py_object *rest = checked_part(py_call0(readall), "readall");
    PY_HOLD(&rest);
    py_clear(readall);
    if (!rest || rest == PY_NONE)
        return rest;
    if (b->place >= 0)
        b->place += ((struct py_bytes *)rest)->base.size;
    if (((struct py_bytes *)rest)->base.size && py_list_append(parts, rest) < 0)
        py_clear(rest);
    return rest;
}

static struct py_object *read_everything(struct io_buffered *b)
{
    struct py_list *parts = py_list_new(0);
    if (!parts)
        return NULL;
    PY_HOLD(&parts);
    struct py_object *part = NULL, *result = NULL;
    PY_HOLD(&part);
    PY_HOLD(&result);
    const int64_t ahead = io_buffered_ahead(b);
    bool ok = true;
    if (ahead) {
        part = hand_out(b, ahead);
        ok = part && py_list_append(parts, part) == 0;
        py_clear(part);
    }
    ok = ok && begin_reading(b) == 0 && io_buffered_check(b) == 0;
    part = ok ? read_rest(b, parts) : NULL;
    const int64_t count = parts->base.size;
    if (part)
        result = count == 0   ? py_newref(part)
                 : count == 1 ? py_newref(parts->items[0])
                              : join(parts);
    py_clear(part);
    py_clear(parts);
    return result;
}

/* Reads into `to`, of which `have` octets of n are there already; past the buffer in pieces of
 * `block` octets. How many then are there; -1 with an exception; IO_WOULD_BLOCK if raw would wait
 * and there is none. */
static int64_t read_up_to(struct io_buffered *b, uint8_t *to, int64_t have, int64_t n,
                          int64_t block)
{
    while (have < n) {
        const int64_t left = n - have;
        const bool direct = left >= b->size + (block == 1);
        const int64_t got =
            direct ? io_buffered_raw_read(b, to + have, left - left % block) : fill(b);
        if (got == -1)
            return -1;
        if (got <= 0)
            return have || got == 0 ? have : got;
        have += direct ? got : copy_out(b, to + have, left);
    }
    return have;
}

/* n octets, of which not all are ahead. */
static struct py_object *read_many(struct io_buffered *b, int64_t n)
{
    struct py_bytes *whole = py_bytes_from(NULL, (size_t)n);
    if (!whole)
        return NULL;
    PY_HOLD(&whole);
    const int64_t ahead = copy_out(b, whole->data, n);
    const int64_t have = begin_reading(b) < 0 ? -1 : read_up_to(b, whole->data, ahead, n, b->size);
    if (have == n)
        return PY_OBJ(whole);
    struct py_object *const part = have == -1               ? NULL
                                   : have == IO_WOULD_BLOCK ? PY_NONE
                                                            : bytes_of(whole->data, have);
    py_clear(whole);
    return part;
}

IO_BUFFERED_METHOD(io_buffered_read)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    int64_t n;
    if (io_size_argument(args, nargs, &n) < 0 || io_buffered_check(b) < 0)
        return NULL;
    if (n < -1)
        return py_raise(&py_exc_ValueError, "read length must be non-negative or -1");
    if (io_buffered_check_open(b, "read of closed file") < 0)
        return NULL;
    if (n >= 0 && n <= io_buffered_ahead(b))
        return hand_out(b, n);
    if (io_buffered_enter(b) < 0)
        return NULL;
    struct py_object *const result = n < 0                      ? read_everything(b)
                                     : n > io_buffered_ahead(b) ? read_many(b, n)
                                                                : hand_out(b, n);
    io_buffered_leave(b);
    return result;
}

/* ---- read1(), peek() ------------------------------------------------------------------------- */

/* An optional size that is a number. 0 or -1. */
static int number_argument(struct py_object *const *args, size_t nargs, int64_t *n)
{
    if (nargs)
        *n = py_int_as_ssize(args[0]);
    return *n == -1 && py_error_occurred() ? -1 : 0;
}

/* One read of raw into the object that is returned. Entered. */
static struct py_object *read_once(struct io_buffered *b, int64_t n)
{
    if (io_buffered_ahead(b)) /* of another thread's reading */
        return hand_out(b, least(n, io_buffered_ahead(b)));
    struct py_bytes *whole = py_bytes_from(NULL, (size_t)n);
    if (!whole)
        return NULL;
    PY_HOLD(&whole);
    const int64_t got = begin_reading(b) < 0 ? -1 : io_buffered_raw_read(b, whole->data, n);
    if (got == n)
        return PY_OBJ(whole);
    struct py_object *const part = got == -1 ? NULL : bytes_of(whole->data, got > 0 ? got : 0);
    py_clear(whole);
    return part;
}

IO_BUFFERED_METHOD(io_buffered_read1)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    int64_t n = -1;
    if (number_argument(args, nargs, &n) < 0 || io_buffered_check(b) < 0 ||
        io_buffered_check_open(b, "read of closed file") < 0)
        return NULL;
    if (n < 0)
        n = b->size;
    if (n == 0 || io_buffered_ahead(b))
        return hand_out(b, least(n, io_buffered_ahead(b)));
    if (io_buffered_enter(b) < 0)
        return NULL;
    struct py_object *const result = read_once(b, n);
    io_buffered_leave(b);
    return result;
}

IO_BUFFERED_METHOD(io_buffered_peek)
{
    UNUSED;
    struct io_buffered *const b = BUFFERED(self);
    int64_t n = 0;
    if (number_argument(args, nargs, &n) < 0 || io_buffered_check(b) < 0 ||
        io_buffered_check_open(b, "peek of closed file") < 0 || io_buffered_enter(b) < 0)
        return NULL;
    const bool there = io_buffered_ahead(b) && b->dirty == b->dirty_end;
    const int64_t got = there ? 0 : begin_reading(b) < 0 ? -1 : fill(b);
    struct py_object *const result =
        got == -1 ? NULL : bytes_of(b->data + b->at, io_buffered_ahead(b));
    io_buffered_leave(b);
    return result;
}

/* ---- readinto() ------------------------------------------------------------------------------ */

/* As read_up_to(), with one read of raw at most; with none if there is something and what is left
 * would go through the buffer. */
static int64_t read_into_once(struct io_buffered *b, uint8_t *to, int64_t have, int64_t n)
{
    const int64_t left = n - have;
    const bool direct = left > b->size;
    if (!direct && (have || left == 0))
        return have;
    const int64_t got = direct ? io_buffered_raw_read(b, to + have, left) : fill(b);
    if (got <= 0)
        return got == -1 || !have ? got : have;
    return have + (direct ? got : copy_out(b, to + have, left));
}

static struct py_object *read_into(struct py_object *self, struct py_object *to, bool once)
{
    struct io_buffered *const b = BUFFERED(self);
    OCTETS(out);
    if (io_writable_argument(&out, to, once ? "readinto1" : "readinto") < 0 ||
        io_buffered_check(b) < 0 || io_buffered_check_open(b, "readinto of closed file") < 0)
        return NULL;
    int64_t have = copy_out(b, out.data, out.length);
    if (have == out.length)
        return py_int_from_i64(have);
    if (io_buffered_enter(b) < 0)
        return NULL;
    have += copy_out(b, out.data + have, out.length - have);
    have = begin_reading(b) < 0 ? -1
           : once               ? read_into_once(b, out.data, have, out.length)
                                : read_up_to(b, out.data, have, out.length, 1);
    io_buffered_leave(b);
    return have == -1 ? NULL : have == IO_WOULD_BLOCK ? PY_NONE : py_int_from_i64(have);
}

IO_BUFFERED_METHOD(io_buffered_readinto)
{
    UNUSED;
    return read_into(self, args[0], false);
}

IO_BUFFERED_METHOD(io_buffered_readinto1)
{
    UNUSED;
    return read_into(self, args[0], true);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* How much of what is ahead, and of `limit`, belongs to the line; *ends: the line ends there. */
static int64_t line_part(const struct io_buffered *b, int64_t limit, bool *ends)
{
    const int64_t ahead = io_buffered_ahead(b);
    const int64_t n = limit >= 0 ? least(limit, ahead) : ahead;
    const uint8_t *const start = b->data + b->at;
    const uint8_t *const newline = n ? memchr(start, '\n', (size_t)n) : NULL;
    *ends = newline || n == limit;
    return newline ? newline - start + 1 : n;
}

/* Appends the next n octets, which are ahead, to RAW memory. 0 or -1. */
static int append_ahead(struct io_buffered *b, uint8_t **line, int64_t *length, int64_t n)
{
    if (n == 0)
        return 0;
    uint8_t *const grown = py_mem_realloc(*line, (size_t)(*length + n));
    if (!grown)
        return py_raise_no_memory(), -1;
    *line = grown;
    *length += copy_out(b, grown + *length, n);
    return 0;
}

/* A line that is not ahead as a whole. Entered. */
static struct py_object *read_line(struct io_buffered *b, int64_t limit)
{
    uint8_t *line = NULL; /* RAW */
    int64_t length = 0, got = 1;
    bool ends = false;
    while (got > 0) {
        const int64_t n = line_part(b, limit < 0 ? -1 : limit - length, &ends);
        if (append_ahead(b, &line, &length, n) < 0)
            got = -1;
        else if (ends)
            break;
        else
            got = begin_reading(b) < 0 ? -1 : fill(b);
    }
    struct py_object *const result = got == -1 ? NULL : bytes_of(line, length);
    py_mem_free(line);
    return result;
}

static struct py_object *next_line(struct io_buffered *b, int64_t limit)
{
    if (io_buffered_check(b) < 0 || io_buffered_check_open(b, "readline of closed file") < 0)
        return NULL;
    bool ends;
    const int64_t n = line_part(b, limit, &ends);
    if (ends)
        return hand_out(b, n);
    if (io_buffered_enter(b) < 0)
        return NULL;
    struct py_object *const line = read_line(b, limit);
    io_buffered_leave(b);
    return line;
}

IO_BUFFERED_METHOD(io_buffered_readline)
{
    UNUSED;
    int64_t limit;
    return io_size_argument(args, nargs, &limit) < 0
               ? NULL
               : next_line(BUFFERED(self), limit < 0 ? -1 : limit);
}

/* A subclass may define readline() anew. */
static struct py_object *line_by_call(struct py_object *self)
{
    struct py_object *line = py_call_method(self, py_str_const("readline"), NULL, 0);
    if (!line || py_bytes_check(line))
        return line;
    PY_HOLD(&line);
    py_raise(&py_exc_OSError, "readline() should have returned a bytes object, not '%.200s'",
             line->type->name);
    py_clear(line);
    return NULL;
}

struct py_object *io_buffered_next(struct py_object *self)
{
    struct py_object *const line =
        self->type->flags & PY_TYPE_HEAP ? line_by_call(self) : next_line(BUFFERED(self), -1);
    if (!line || ((struct py_bytes *)line)->base.size)
        return line;
    py_decref(line);
    return NULL;
}
