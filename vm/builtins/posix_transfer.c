/* posix: octets to and from descriptors at places and in pieces, advice about them, and descriptors
 * that are no files: memory, counters of events.
 */
#include "vm/builtins/posix_files.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vm/memory/heap.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static int posix_offset(struct py_object *o, int64_t *out)
{
    *out = py_int_as_i64(o);
    return *out == -1 && py_error_occurred() ? -1 : 0;
}

static struct py_object *count_or_error(int64_t n)
{
    return n < 0 ? posix_done(n, NULL) : py_int_from_i64(n);
}

METHOD(os_pread)
{
    UNUSED;
    int fd;
    int64_t n, at;
    if (posix_int(args[0], &fd) < 0 || posix_offset(args[1], &n) < 0 ||
        posix_offset(args[2], &at) < 0)
        return NULL;
    if (n < 0) {
        errno = EINVAL;
        return posix_error(NULL, NULL);
    }
    void *const buffer = py_mem_alloc((size_t)n + 1);
    if (!buffer)
        return py_raise_no_memory();
    ssize_t got;
    WAITING(got, pread(fd, buffer, (size_t)n, at));
    struct py_object *const result =
        got < 0 ? posix_done(got, NULL) : PY_OBJ(py_bytes_from(buffer, (size_t)got));
    py_mem_free(buffer);
    return result;
}

METHOD(os_pwrite)
{
    UNUSED;
    int fd;
    int64_t at;
    struct py_buffer b;
    if (posix_int(args[0], &fd) < 0 || posix_offset(args[2], &at) < 0 ||
        py_buffer_get(args[1], &b) < 0)
        return NULL;
    ssize_t n;
    WAITING(n, pwrite(fd, b.data, (size_t)b.length, at));
    py_buffer_release(args[1]);
    return count_or_error(n);
}

/* ---- several buffers at once -------------------------------------------------------------------
 */

struct pieces {
    struct py_tuple *buffers; /* owned */
    struct iovec *at;
    int64_t n; /* of which the octets are lent */
};

static void pieces_give_back(struct pieces *p)
{
    while (p->n)
        py_buffer_release(p->buffers->items[--p->n]);
    free(p->at);
    py_clear(p->buffers);
}

/* -1: TypeError, BufferError; nothing is lent then. */
static int pieces_take(struct pieces *p, struct py_object *sequence, const char *message,
                       bool writable)
{
    if (!sequence->type->item && !sequence->type->subscript)
        return py_raise_int(&py_exc_TypeError, "%s", message);
    p->buffers = py_sequence_tuple(sequence, message);
    if (!p->buffers)
        return -1;
    const int64_t n = p->buffers->base.size;
    p->at = calloc((size_t)n + 1, sizeof *p->at);
    if (!p->at)
        py_raise_no_memory();
    for (p->n = 0; p->at && p->n < n; p->n++) {
        struct py_object *const o = p->buffers->items[p->n];
        struct py_buffer b;
        if (py_buffer_get(o, &b) < 0)
            break;
        if (writable && b.readonly) {
            py_buffer_release(o);
            py_raise(&py_exc_BufferError, "Object is not writable.");
            break;
        }
        p->at[p->n] = (struct iovec){b.data, (size_t)b.length};
    }
    if (p->at && p->n == n)
        return 0;
    pieces_give_back(p);
    return -1;
}

METHOD(os_readv)
{
    UNUSED;
    int fd;
    struct pieces p = {0};
    PY_HOLD(&p.buffers);
    if (posix_int(args[0], &fd) < 0 ||
        pieces_take(&p, args[1], "readv() arg 2 must be a sequence", true) < 0)
        return NULL;
    ssize_t n;
    WAITING(n, readv(fd, p.at, (int)p.n));
    struct py_object *const result = count_or_error(n);
    pieces_give_back(&p);
    return result;
}

METHOD(os_writev)
{
    UNUSED;
    int fd;
    struct pieces p = {0};
    PY_HOLD(&p.buffers);
    if (posix_int(args[0], &fd) < 0 ||
        pieces_take(&p, args[1], "writev() arg 2 must be a sequence", false) < 0)
        return NULL;
    ssize_t n;
    WAITING(n, writev(fd, p.at, (int)p.n));
    struct py_object *const result = count_or_error(n);
    pieces_give_back(&p);
    return result;
}

/* preadv(fd, buffers, offset, flags=0) and pwritev() */
static struct py_object *at_offset(struct py_object *const *args, size_t nargs, bool reading)
{
    int fd, flags = 0;
    int64_t at;
    struct pieces p = {0};
    PY_HOLD(&p.buffers);
    if (posix_int(args[0], &fd) < 0 || posix_offset(args[2], &at) < 0 ||
        (nargs > 3 && posix_int(args[3], &flags) < 0) ||
        pieces_take(&p, args[1],
                    reading ? "preadv2() arg 2 must be a sequence"
                            : "pwritev2() arg 2 must be a sequence",
                    reading) < 0)
        return NULL;
    ssize_t n;
    WAITING(n, reading ? preadv2(fd, p.at, (int)p.n, at, flags)
                       : pwritev2(fd, p.at, (int)p.n, at, flags));
    struct py_object *const result = count_or_error(n);
    pieces_give_back(&p);
    return result;
}

METHOD(os_preadv)
{
    UNUSED;
    return at_offset(args, nargs, true);
}

METHOD(os_pwritev)
{
    UNUSED;
    return at_offset(args, nargs, false);
}

/* ---- from file to file -------------------------------------------------------------------------
 */

/* An offset that may be None: NULL for the call then. -1: error. */
static int maybe_offset(struct py_object *o, int64_t *out, int64_t **place)
{
    *place = NULL;
    if (!o || o == PY_NONE)
        return 0;
    *place = out;
    return posix_offset(o, out);
}

struct copy {
    int from, to, flags;
    int64_t count, from_at, to_at;
    int64_t *from_place, *to_place;
};

static int copy_arguments(struct py_object *const *in, struct copy *c)
{
    if (posix_int(in[0], &c->from) < 0 || posix_int(in[1], &c->to) < 0 ||
        posix_offset(in[2], &c->count) < 0)
        return -1;
    if (c->count < 0)
        return py_raise_int(&py_exc_ValueError, "negative value for 'count' not allowed");
    if (maybe_offset(in[3], &c->from_at, &c->from_place) < 0)
        return -1;
    return maybe_offset(in[4], &c->to_at, &c->to_place);
}

METHOD(os_copy_file_range)
{
    PARSE("copy_file_range", 5, 3, 5, "src", "dst", "count", "offset_src", "offset_dst");
    struct copy c = {0};
    if (copy_arguments(in, &c) < 0)
        return NULL;
    ssize_t n;
    WAITING(n, copy_file_range(c.from, c.from_place, c.to, c.to_place, (size_t)c.count, 0));
    return count_or_error(n);
}

METHOD(os_splice)
{
    PARSE("splice", 6, 3, 6, "src", "dst", "count", "offset_src", "offset_dst", "flags");
    struct copy c = {0};
    if (copy_arguments(in, &c) < 0 || (in[5] && posix_int(in[5], &c.flags) < 0))
        return NULL;
    ssize_t n;
    WAITING(n, splice(c.from, c.from_place, c.to, c.to_place, (size_t)c.count, (unsigned)c.flags));
    return count_or_error(n);
}

/* ---- places in a file --------------------------------------------------------------------------
 */

METHOD(os_lockf)
{
    UNUSED;
    int fd, command, r;
    int64_t length;
    if (posix_int(args[0], &fd) < 0 || posix_int(args[1], &command) < 0 ||
        posix_offset(args[2], &length) < 0)
        return NULL;
    WAITING(r, lockf(fd, command, length));
    return posix_done(r, NULL);
}

/* These two say what went wrong by what they return. */
static struct py_object *done_with(int number)
{
    errno = number;
    return posix_done(number ? -1 : 0, NULL);
}

METHOD(os_posix_fallocate)
{
    UNUSED;
    int fd, number;
    int64_t at, length;
    if (posix_int(args[0], &fd) < 0 || posix_offset(args[1], &at) < 0 ||
        posix_offset(args[2], &length) < 0)
        return NULL;
    do {
        py_allow_threads_begin();
        number = posix_fallocate(fd, at, length);
        py_allow_threads_end();
    } while (number == EINTR && py_signals_run() == 0);
    return done_with(number);
}

METHOD(os_posix_fadvise)
{
    UNUSED;
    int fd, advice;
    int64_t at, length;
    if (posix_int(args[0], &fd) < 0 || posix_offset(args[1], &at) < 0 ||
        posix_offset(args[2], &length) < 0 || posix_int(args[3], &advice) < 0)
        return NULL;
    return done_with(posix_fadvise(fd, at, length, advice));
}

METHOD(os_sync)
{
    UNUSED;
    py_allow_threads_begin();
    sync();
    py_allow_threads_end();
    return PY_NONE;
}

/* ---- descriptors that are no files -------------------------------------------------------------
 */

METHOD(os_memfd_create)
{
    PARSE("memfd_create", 2, 1, 2, "name", "flags");
    struct path name = {0};
    PY_HOLD(&name.owner);
    int flags = MFD_CLOEXEC;
    if ((in[1] && posix_int(in[1], &flags) < 0) ||
        posix_path(in[0], "memfd_create", false, &name) < 0)
        return NULL;
    const int fd = memfd_create(name.text, (unsigned)flags);
    if (fd < 0)
        return posix_done(fd, &name);
    py_clear(name.owner);
    return py_int_from_i64(fd);
}

METHOD(os_eventfd)
{
    PARSE("eventfd", 2, 1, 2, "initval", "flags");
    int flags = EFD_CLOEXEC;
    if (py_int_check(in[0]) && py_int_sign(in[0]) < 0)
        return py_raise(&py_exc_ValueError, "value must be positive");
    const uint64_t value = py_int_as_u64(in[0]);
    if (py_error_occurred() || (in[1] && posix_int(in[1], &flags) < 0))
        return NULL;
    if (value > UINT32_MAX)
        return py_raise(&py_exc_OverflowError, "Python int too large for C unsigned int");
    return count_or_error(eventfd((unsigned)value, flags));
}

METHOD(os_eventfd_read)
{
    PARSE("eventfd_read", 1, 1, 1, "fd");
    int fd, r;
    eventfd_t value = 0;
    if (posix_int(in[0], &fd) < 0)
        return NULL;
    WAITING(r, eventfd_read(fd, &value));
    return r < 0 ? posix_done(r, NULL) : py_int_from_u64(value);
}

METHOD(os_eventfd_write)
{
    PARSE("eventfd_write", 2, 2, 2, "fd", "value");
    int fd, r;
    if (posix_int(in[0], &fd) < 0)
        return NULL;
    const uint64_t value = py_int_as_u64(in[1]);
    if (py_error_occurred())
        return NULL;
    WAITING(r, eventfd_write(fd, value));
    return posix_done(r, NULL);
}

METHOD(os_getrandom)
{
    PARSE("getrandom", 2, 1, 2, "size", "flags");
    int64_t n;
    int flags = 0;
    if (posix_offset(in[0], &n) < 0 || (in[1] && posix_int(in[1], &flags) < 0))
        return NULL;
    if (n < 0) {
        errno = EINVAL;
        return posix_error(NULL, NULL);
    }
    void *const buffer = py_mem_alloc((size_t)n + 1);
    if (!buffer)
        return py_raise_no_memory();
    ssize_t got;
    WAITING(got, getrandom(buffer, (size_t)n, (unsigned)flags));
    struct py_object *const result =
        got < 0 ? posix_done(got, NULL) : PY_OBJ(py_bytes_from(buffer, (size_t)got));
    py_mem_free(buffer);
    return result;
}

const struct py_method_def posix_transfer_functions[] = {
    PLAIN("pread", os_pread, 3),
    PLAIN("pwrite", os_pwrite, 3),
    PLAIN("readv", os_readv, 2),
    PLAIN("writev", os_writev, 2),
    {.name = "preadv", .fn = os_preadv, .min_args = 3, .max_args = 4},
    {.name = "pwritev", .fn = os_pwritev, .min_args = 3, .max_args = 4},
    KEYWORDS("copy_file_range", os_copy_file_range),
    KEYWORDS("splice", os_splice),
    PLAIN("lockf", os_lockf, 3),
    PLAIN("posix_fallocate", os_posix_fallocate, 3),
    PLAIN("posix_fadvise", os_posix_fadvise, 4),
    PLAIN("sync", os_sync, 0),
    KEYWORDS("memfd_create", os_memfd_create),
    KEYWORDS("eventfd", os_eventfd),
    KEYWORDS("eventfd_read", os_eventfd_read),
    KEYWORDS("eventfd_write", os_eventfd_write),
    KEYWORDS("getrandom", os_getrandom),
    {.name = NULL}};
