/* mmap: files and anonymous memory as an array of octets that is also read and written like a file.
 * Processes that map the same pages see each other's writes: multiprocessing builds barriers and
 * shared memory on it.
 *
 * The object has a descriptor of its own, a copy of the caller's, by which it asks for the file's
 * size and changes it; -1 for anonymous memory. While somebody has the octets (a memoryview), they
 * stay where they are: neither close() nor resize() then works. A closed object's data is NULL, and
 * everything but close() refuses it.
 *
 * The octets are outside the heap, so the object owns no reference. Touching a page behind the end
 * of a file that shrank kills the process, here as in CPython.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm/builtins/mod_support.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/range.h"
#include "vm/object/str.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum access { ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE, ACCESS_COPY };

struct py_mmap {
    struct py_object base;
    uint8_t *data; /* NULL: closed */
    int64_t size, offset, pos, exports;
    int32_t fd, access;
    struct py_object *weaklist;
};
extern struct py_type py_mmap_type; /* static_types.def */
#define MMAP(o) ((struct py_mmap *)(o))

static struct py_object *raise_errno(void)
{
    return py_raise_os_error(errno, NULL);
}

static int check_open(const struct py_mmap *m)
{
    return m->data ? 0 : py_raise_int(&py_exc_ValueError, "mmap closed or invalid");
}

static int check_writable(const struct py_mmap *m)
{
    if (check_open(m) < 0)
        return -1;
    return m->access == ACCESS_READ
               ? py_raise_int(&py_exc_TypeError, "mmap can't modify a readonly memory map.")
               : 0;
}

static int size_argument(struct py_object *o, int64_t *out)
{
    *out = py_int_as_ssize_arg(o);
    return *out == -1 && py_error_occurred() ? -1 : 0;
}

/* ---- making and ending ----------------------------------------------------------------------- */

enum { FILENO, LENGTH, FLAGS, PROT, ACCESS, OFFSET, ARGUMENT_COUNT };

/* What is to be mapped and how; `fd` is the caller's. */
struct mapping {
    int fd, flags, prot, access;
    int64_t length, offset;
};

/* Protection and flags of an access, or the access that a protection amounts to. */
static int settle_access(struct mapping *w)
{
    if (w->access != ACCESS_DEFAULT &&
        (w->flags != MAP_SHARED || w->prot != (PROT_READ | PROT_WRITE)))
        return py_raise_int(&py_exc_ValueError, "mmap can't specify both access and flags, prot.");
    switch (w->access) {
    case ACCESS_READ:
        w->prot = PROT_READ;
        return 0;
    case ACCESS_COPY:
        w->flags = MAP_PRIVATE;
        return 0;
    case ACCESS_WRITE:
        return 0;
    case ACCESS_DEFAULT:
        if (!(w->prot & PROT_WRITE))
            w->access = ACCESS_READ;
        else if (!(w->prot & PROT_READ))
            w->access = ACCESS_WRITE;
        return 0;
    default:
        return py_raise_int(&py_exc_ValueError, "mmap invalid access parameter.");
    }
}

static int read_arguments(struct py_object *const *in, struct mapping *w)
{
    *w = (struct mapping){.flags = MAP_SHARED, .prot = PROT_READ | PROT_WRITE};
    if (int_argument(in[FILENO], &w->fd) < 0 || size_argument(in[LENGTH], &w->length) < 0 ||
        (in[FLAGS] && int_argument(in[FLAGS], &w->flags) < 0) ||
        (in[PROT] && int_argument(in[PROT], &w->prot) < 0) ||
        (in[ACCESS] && int_argument(in[ACCESS], &w->access) < 0) ||
        (in[OFFSET] && i64_argument(in[OFFSET], &w->offset) < 0))
        return -1;
    if (w->length < 0)
        return py_raise_int(&py_exc_OverflowError, "memory mapped length must be positive");
    if (w->offset < 0)
        return py_raise_int(&py_exc_OverflowError, "memory mapped offset must be positive");
    return settle_access(w);
}

/* A length of 0 is all that a file has behind the offset. */
static int settle_length(struct mapping *w)
{
    struct stat st;
    if (w->fd == -1)
        return 0;
    py_allow_threads_begin();
    const int known = fstat(w->fd, &st);
    py_allow_threads_end();
    if (known < 0 || !S_ISREG(st.st_mode))
        return 0; /* mmap() will say so */
    if (w->length == 0) {
        if (st.st_size == 0)
            return py_raise_int(&py_exc_ValueError, "cannot mmap an empty file");
        if (w->offset >= st.st_size)
            return py_raise_int(&py_exc_ValueError, "mmap offset is greater than file size");
        w->length = st.st_size - w->offset;
    } else if (w->offset > st.st_size || st.st_size - w->offset < w->length) {
        return py_raise_int(&py_exc_ValueError, "mmap length is greater than file size");
    }
    return 0;
}

static int map(struct py_mmap *m, const struct mapping *w)
{
    m->size = w->length;
    m->offset = w->offset;
    m->access = w->access;
    if (w->fd != -1 && (m->fd = fcntl(w->fd, F_DUPFD_CLOEXEC, 0)) < 0)
        return raise_errno(), -1;
    const int flags = w->fd == -1 ? w->flags | MAP_ANONYMOUS : w->flags;
    void *const data = mmap(NULL, (size_t)w->length, w->prot, flags, w->fd, w->offset);
    if (data == MAP_FAILED)
        return raise_errno(), -1;
    m->data = data;
    return 0;
}

static struct py_object *mmap_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames)
{
    static const char *const names[] = {"fileno", "length", "flags", "prot", "access", "offset"};
    static const struct py_params params = {.function = "mmap",
                                            .names = names,
                                            .count = ARGUMENT_COUNT,
                                            .required = 2,
                                            .keyword_only = ARGUMENT_COUNT};
    struct py_object *in[ARGUMENT_COUNT] = {NULL};
    struct mapping w;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || read_arguments(in, &w) < 0 ||
        settle_length(&w) < 0)
        return NULL;
    struct py_mmap *m = py_object_new(type);
    if (!m)
        return NULL;
    m->fd = -1;
    if (type->flags & PY_TYPE_GC)
        py_gc_track(m);
    PY_HOLD(&m);
    if (map(m, &w) < 0)
        py_clear(m);
    return PY_OBJ(m);
}

/* Subclasses have an __init__ of their own; the arguments were __new__'s. */
static int mmap_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                     struct py_tuple *kwnames)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return 0;
}

static void end(struct py_mmap *m)
{
    void *const data = m->data;
    const size_t size = (size_t)m->size;
    const int fd = m->fd;
    m->data = NULL;
    m->fd = -1;
    if (data)
        munmap(data, size);
    if (fd >= 0)
        close(fd);
}

static void mmap_dealloc(struct py_object *o)
{
    if (o->type->flags & PY_TYPE_GC)
        py_gc_untrack(o);
    end(MMAP(o));
    py_object_release_common(o);
    py_object_free(o);
}

METHOD(mmap_close)
{
    UNUSED;
    if (MMAP(self)->exports > 0)
        return py_raise(&py_exc_BufferError, "cannot close exported pointers exist");
    end(MMAP(self));
    return PY_NONE;
}

METHOD(mmap_enter)
{
    UNUSED;
    return check_open(MMAP(self)) < 0 ? NULL : py_newref(self);
}

/* ---- like a file ----------------------------------------------------------------------------- */

static int64_t left_of(const struct py_mmap *m)
{
    return m->pos < m->size ? m->size - m->pos : 0;
}

static struct py_object *take(struct py_mmap *m, int64_t n)
{
    struct py_object *const piece =
        PY_OBJ(py_bytes_from(n ? m->data + m->pos : m->data, (size_t)n));
    if (piece)
        m->pos += n;
    return piece;
}

METHOD(mmap_read)
{
    UNUSED;
    struct py_mmap *const m = MMAP(self);
    int64_t n = -1;
    if (nargs && args[0] != PY_NONE) {
        if (!args[0]->type->index)
            return py_raise(&py_exc_TypeError, "argument should be integer or None, not '%.200s'",
                            args[0]->type->name);
        n = py_int_as_ssize(args[0]);
        if (n == -1 && py_error_occurred())
            return NULL;
    }
    if (check_open(m) < 0)
        return NULL;
    return take(m, n < 0 || n > left_of(m) ? left_of(m) : n);
}

METHOD(mmap_read_byte)
{
    UNUSED;
    struct py_mmap *const m = MMAP(self);
    if (check_open(m) < 0)
        return NULL;
    if (left_of(m) == 0)
        return py_raise(&py_exc_ValueError, "read byte out of range");
    return py_int_from_i64(m->data[m->pos++]);
}

METHOD(mmap_readline)
{
    UNUSED;
    struct py_mmap *const m = MMAP(self);
    if (check_open(m) < 0)
        return NULL;
    const int64_t n = left_of(m);
    const uint8_t *const line = m->data + m->pos;
    const uint8_t *const last = n ? memchr(line, '\n', (size_t)n) : NULL;
    return take(m, last ? last + 1 - line : n);
}

METHOD(mmap_write)
{
    UNUSED;
    struct py_mmap *const m = MMAP(self);
    OCTETS(data);
    if (check_open(m) < 0 || octets_get(&data, args[0]) < 0 || check_writable(m) < 0)
        return NULL;
    if (m->pos > m->size || m->size - m->pos < data.length)
        return py_raise(&py_exc_ValueError, "data out of range");
    if (data.length)
        memmove(m->data + m->pos, data.data, (size_t)data.length);
    m->pos += data.length;
    return py_int_from_i64(data.length);
}

METHOD(mmap_write_byte)
{
    UNUSED;
    struct py_mmap *const m = MMAP(self);
    const int64_t v = py_int_as_i64(args[0]);
    if (v == -1 && py_error_occurred())
        return NULL;
    if (v < 0 || v > 255)
        return py_raise(&py_exc_OverflowError, "unsigned byte integer is %s",
                        v < 0 ? "less than minimum" : "greater than maximum");
    if (check_writable(m) < 0)
        return NULL;
    if (left_of(m) == 0)
        return py_raise(&py_exc_ValueError, "write byte out of range");
    m->data[m->pos++] = (uint8_t)v;
    return PY_NONE;
}

METHOD(mmap_seek)
{
    UNUSED;
    struct py_mmap *const m = MMAP(self);
    int64_t distance, where;
    int from = 0;
    if (size_argument(args[0], &distance) < 0 || (nargs > 1 && int_argument(args[1], &from) < 0) ||
        check_open(m) < 0)
        return NULL;
    if (from < 0 || from > 2)
        return py_raise(&py_exc_ValueError, "unknown seek type");
    const int64_t start = from == 0 ? 0 : from == 1 ? m->pos : m->size;
    if (__builtin_add_overflow(start, distance, &where) || where < 0 || where > m->size)
        return py_raise(&py_exc_ValueError, "seek out of range");
    m->pos = where;
    return PY_NONE;
}

METHOD(mmap_tell)
{
    UNUSED;
    return check_open(MMAP(self)) < 0 ? NULL : py_int_from_i64(MMAP(self)->pos);
}

METHOD(mmap_size)
{
    UNUSED;
    struct stat st;
    if (check_open(MMAP(self)) < 0)
        return NULL;
    return fstat(MMAP(self)->fd, &st) < 0 ? raise_errno() : py_int_from_i64(st.st_size);
}

METHOD(mmap_flush)
{
    UNUSED;
    struct py_mmap *const m = MMAP(self);
    int64_t offset = 0, size = 0, last;
    if ((nargs && size_argument(args[0], &offset) < 0) ||
        (nargs > 1 && size_argument(args[1], &size) < 0) || check_open(m) < 0)
        return NULL;
    if (nargs < 2)
        size = m->size;
    if (offset < 0 || size < 0 || __builtin_add_overflow(offset, size, &last) || last > m->size)
        return py_raise(&py_exc_ValueError, "flush values out of range");
    if (m->access == ACCESS_READ || m->access == ACCESS_COPY)
        return PY_NONE;
    return msync(m->data + offset, (size_t)size, MS_SYNC) < 0 ? raise_errno() : PY_NONE;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int64_t clip(int64_t i, int64_t size)
{
    i += i < 0 ? size : 0;
    return i < 0 ? 0 : i > size ? size : i;
}

static int64_t search(const uint8_t *in, int64_t size, const struct octets *what, bool last)
{
    if (what->length > size)
        return -1;
    if (what->length == 0)
        return last ? size : 0;
    const size_t n = (size_t)what->length;
    if (!last) {
        const uint8_t *const at = memmem(in, (size_t)size, what->data, n);
        return at ? at - in : -1;
    }
    for (int64_t i = size - what->length; i >= 0; i--)
        if (in[i] == what->data[0] && memcmp(in + i, what->data, n) == 0)
            return i;
    return -1;
}

static struct py_object *find(struct py_mmap *m, struct py_object *const *args, size_t nargs,
                              bool last)
{
    OCTETS(what);
    int64_t start = m->pos, stop = m->size;
    if (check_open(m) < 0 || octets_get(&what, args[0]) < 0 ||
        (nargs > 1 && size_argument(args[1], &start) < 0) ||
        (nargs > 2 && size_argument(args[2], &stop) < 0) || check_open(m) < 0)
        return NULL;
    start = clip(start, m->size);
    stop = clip(stop, m->size);
    /* Nothing is found at the start even of what ends before it. */
    const int64_t size = stop > start ? stop - start : 0;
    const int64_t at = search(m->data + start, size, &what, last);
    return py_int_from_i64(at < 0 ? -1 : start + at);
}

METHOD(mmap_find)
{
    UNUSED;
    return find(MMAP(self), args, nargs, false);
}

METHOD(mmap_rfind)
{
    UNUSED;
    return find(MMAP(self), args, nargs, true);
}

METHOD(mmap_move)
{
    UNUSED;
    struct py_mmap *const m = MMAP(self);
    int64_t to, from, n;
    if (size_argument(args[0], &to) < 0 || size_argument(args[1], &from) < 0 ||
        size_argument(args[2], &n) < 0 || check_writable(m) < 0)
        return NULL;
    if (to < 0 || from < 0 || n < 0 || m->size - to < n || m->size - from < n)
        return py_raise(&py_exc_ValueError, "source, destination, or count out of range");
    memmove(m->data + to, m->data + from, (size_t)n);
    return PY_NONE;
}

METHOD(mmap_resize)
{
    UNUSED;
    struct py_mmap *const m = MMAP(self);
    int64_t size, whole;
    if (size_argument(args[0], &size) < 0 || check_open(m) < 0)
        return NULL;
    if (m->exports > 0)
        return py_raise(&py_exc_BufferError, "mmap can't resize with extant buffers exported.");
    if (m->access == ACCESS_READ || m->access == ACCESS_COPY)
        return py_raise(&py_exc_TypeError,
                        "mmap can't resize a readonly or copy-on-write memory map.");
    if (size < 0 || __builtin_add_overflow(m->offset, size, &whole))
        return py_raise(&py_exc_ValueError, "new size out of range");
    if (m->fd != -1 && ftruncate(m->fd, whole) < 0)
        return raise_errno();
    void *const data = mremap(m->data, (size_t)m->size, (size_t)size, MREMAP_MAYMOVE);
    if (data == MAP_FAILED)
        return raise_errno();
    m->data = data;
    m->size = size;
    return PY_NONE;
}

METHOD(mmap_madvise)
{
    UNUSED;
    struct py_mmap *const m = MMAP(self);
    int option;
    int64_t start = 0, n = 0;
    if (int_argument(args[0], &option) < 0 || (nargs > 1 && size_argument(args[1], &start) < 0) ||
        (nargs > 2 && size_argument(args[2], &n) < 0) || check_open(m) < 0)
        return NULL;
    if (nargs < 3)
        n = m->size;
    if (start < 0 || start >= m->size)
        return py_raise(&py_exc_ValueError, "madvise start out of bounds");
    if (n < 0)
        return py_raise(&py_exc_ValueError, "madvise length invalid");
    if (INT64_MAX - start < n)
        return py_raise(&py_exc_OverflowError, "madvise length too large");
    if (start + n > m->size)
        n = m->size - start;
    return madvise(m->data + start, (size_t)n, option) < 0 ? raise_errno() : PY_NONE;
}

/* ---- like an array --------------------------------------------------------------------------- */

static int64_t mmap_length(struct py_object *o)
{
    return check_open(MMAP(o)) < 0 ? -1 : MMAP(o)->size;
}

/* What iteration sees: octets of length one. */
static struct py_object *mmap_item(struct py_object *o, int64_t i)
{
    const struct py_mmap *const m = MMAP(o);
    if (check_open(m) < 0)
        return NULL;
    if (i < 0 || i >= m->size)
        return py_raise(&py_exc_IndexError, "mmap index out of range");
    return PY_OBJ(py_bytes_from(m->data + i, 1));
}

static int index_of(const struct py_mmap *m, struct py_object *key, int64_t *out)
{
    int64_t i = py_int_as_item_index(key);
    if ((i == -1 && py_error_occurred()) || check_open(m) < 0)
        return -1;
    i += i < 0 ? m->size : 0;
    *out = i;
    return i < 0 || i >= m->size ? py_raise_int(&py_exc_IndexError, "mmap index out of range") : 0;
}

static struct py_object *slice(struct py_mmap *m, struct py_object *key)
{
    int64_t start, stop, step, count;
    if (py_slice_indices((struct py_slice *)key, &m->size, &start, &stop, &step, &count) < 0 ||
        check_open(m) < 0)
        return NULL;
    if (count <= 0)
        return PY_OBJ(py_bytes_empty());
    if (step == 1)
        return PY_OBJ(py_bytes_from(m->data + start, (size_t)count));
    struct py_bytes *const part = py_bytes_from(NULL, (size_t)count);
    for (int64_t i = 0; part && i < count; i++)
        part->data[i] = m->data[start + i * step];
    return PY_OBJ(part);
}

static struct py_object *mmap_subscript(struct py_object *o, struct py_object *key)
{
    struct py_mmap *const m = MMAP(o);
    int64_t i;
    if (check_open(m) < 0)
        return NULL;
    if (key->type == &py_slice_type)
        return slice(m, key);
    if (!key->type->index)
        return py_raise(&py_exc_TypeError, "mmap indices must be integers");
    return index_of(m, key, &i) < 0 ? NULL : py_int_from_i64(m->data[i]);
}

static int assign_slice(struct py_mmap *m, struct py_object *key, struct py_object *value)
{
    int64_t start, stop, step, count;
    if (py_slice_indices((struct py_slice *)key, &m->size, &start, &stop, &step, &count) < 0)
        return -1;
    if (!value)
        return py_raise_int(&py_exc_TypeError, "mmap object doesn't support slice deletion");
    OCTETS(data);
    if (octets_get(&data, value) < 0 || check_open(m) < 0)
        return -1;
    if (data.length != count)
        return py_raise_int(&py_exc_IndexError, "mmap slice assignment is wrong size");
    if (step == 1 && count)
        memmove(m->data + start, data.data, (size_t)count);
    for (int64_t i = 0; step != 1 && i < count; i++)
        m->data[start + i * step] = data.data[i];
    return 0;
}

static int mmap_ass_subscript(struct py_object *o, struct py_object *key, struct py_object *value)
{
    struct py_mmap *const m = MMAP(o);
    int64_t i;
    if (check_writable(m) < 0)
        return -1;
    if (key->type == &py_slice_type)
        return assign_slice(m, key, value);
    if (!key->type->index)
        return py_raise_int(&py_exc_TypeError, "mmap indices must be integer");
    if (index_of(m, key, &i) < 0)
        return -1;
    if (!value)
        return py_raise_int(&py_exc_TypeError, "mmap doesn't support item deletion");
    if (!value->type->index)
        return py_raise_int(&py_exc_TypeError, "mmap item value must be an int");
    const int64_t v = py_int_as_ssize(value);
    if ((v == -1 && py_error_occurred()) || index_of(m, key, &i) < 0)
        return -1;
    if (v < 0 || v > 255)
        return py_raise_int(&py_exc_ValueError, "mmap item value must be in range(0, 256)");
    m->data[i] = (uint8_t)v;
    return 0;
}

static int mmap_buffer(struct py_object *o, struct py_buffer *out)
{
    struct py_mmap *const m = MMAP(o);
    if (check_open(m) < 0)
        return -1;
    m->exports++;
    *out = (struct py_buffer){.data = m->data,
                              .length = m->size,
                              .itemsize = 1,
                              .format = 'B',
                              .readonly = m->access == ACCESS_READ};
    return 0;
}

static void mmap_buffer_release(struct py_object *o)
{
    MMAP(o)->exports--;
}

/* ---- the type and the module ----------------------------------------------------------------- */

static struct py_object *mmap_repr(struct py_object *o)
{
    static const char *const names[] = {"DEFAULT", "READ", "WRITE", "COPY"};
    const struct py_mmap *const m = MMAP(o);
    if (!m->data)
        return PY_OBJ(py_str_format_c("<%s closed=True>", o->type->name));
    return PY_OBJ(py_str_format_c(
        "<%s closed=False, access=ACCESS_%s, length=%lld, pos=%lld, offset=%lld>", o->type->name,
        names[m->access], (long long)m->size, (long long)m->pos, (long long)m->offset));
}

static struct py_object *get_closed(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(!MMAP(self)->data);
}

static const struct py_method_def mmap_methods[] = {
    METHOD_ROW("close", mmap_close, 0, 0),
    METHOD_ROW("find", mmap_find, 1, 3),
    METHOD_ROW("rfind", mmap_rfind, 1, 3),
    METHOD_ROW("flush", mmap_flush, 0, 2),
    METHOD_ROW("madvise", mmap_madvise, 1, 3),
    METHOD_ROW("move", mmap_move, 3, 3),
    METHOD_ROW("read", mmap_read, 0, 1),
    METHOD_ROW("read_byte", mmap_read_byte, 0, 0),
    METHOD_ROW("readline", mmap_readline, 0, 0),
    METHOD_ROW("resize", mmap_resize, 1, 1),
    METHOD_ROW("seek", mmap_seek, 1, 2),
    METHOD_ROW("size", mmap_size, 0, 0),
    METHOD_ROW("tell", mmap_tell, 0, 0),
    METHOD_ROW("write", mmap_write, 1, 1),
    METHOD_ROW("write_byte", mmap_write_byte, 1, 1),
    METHOD_ROW("__enter__", mmap_enter, 0, 0),
    METHOD_ROW("__exit__", mmap_close, 0, 3),
    {.name = NULL},
};
static const struct py_getset_def mmap_getsets[] = {
    {.name = "closed", .get = get_closed},
    {.name = NULL},
};
struct py_type py_mmap_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "mmap.mmap",
    .basicsize = sizeof(struct py_mmap),
    .flags = PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .weaklist_offset = offsetof(struct py_mmap, weaklist),
    .dealloc = mmap_dealloc,
    .repr = mmap_repr,
    .init = mmap_init,
    .new_ = mmap_new,
    .length = mmap_length,
    .subscript = mmap_subscript,
    .ass_subscript = mmap_ass_subscript,
    .item = mmap_item,
    .buffer = mmap_buffer,
    .buffer_release = mmap_buffer_release,
    .methods = mmap_methods,
    .getsets = mmap_getsets,
    .doc = "mmap(fileno, length[, flags[, prot[, access[, offset]]]]): octets of a file, or with "
           "-1 of anonymous memory, from offset on.",
};

/* clang-format off */
#define CONSTANTS(C)                                                                              \
    C(ACCESS_DEFAULT) C(ACCESS_READ) C(ACCESS_WRITE) C(ACCESS_COPY) C(PROT_READ) C(PROT_WRITE)    \
    C(PROT_EXEC) C(MAP_SHARED) C(MAP_PRIVATE) C(MAP_ANON) C(MAP_ANONYMOUS) C(MAP_DENYWRITE)       \
    C(MAP_EXECUTABLE) C(MAP_POPULATE) C(MAP_STACK) C(MADV_NORMAL) C(MADV_RANDOM)                  \
    C(MADV_SEQUENTIAL) C(MADV_WILLNEED) C(MADV_DONTNEED) C(MADV_REMOVE) C(MADV_DONTFORK)          \
    C(MADV_DOFORK) C(MADV_HWPOISON) C(MADV_MERGEABLE) C(MADV_UNMERGEABLE) C(MADV_HUGEPAGE)        \
    C(MADV_NOHUGEPAGE) C(MADV_DONTDUMP) C(MADV_DODUMP) C(MADV_FREE)
/* clang-format on */

struct py_module *py_mod_mmap_init(void); /* modules.def */

struct py_module *py_mod_mmap_init(void)
{
    static const struct {
        const char *name;
        int value;
    } constants[] = {
#define C(name) {#name, name},
        CONSTANTS(C)
#undef C
    };
    const int64_t page = sysconf(_SC_PAGESIZE);
    struct py_module *m = py_module_new("mmap", NULL);
    if (!m || module_add_type(m, &py_mmap_type) < 0 ||
        py_module_add(m, "error", PY_OBJ(&py_exc_OSError)) < 0 ||
        module_add_int(m, "PAGESIZE", page) < 0 ||
        module_add_int(m, "ALLOCATIONGRANULARITY", page) < 0)
        py_clear(m);
    for (size_t i = 0; m && i < sizeof constants / sizeof *constants; i++)
        if (module_add_int(m, constants[i].name, constants[i].value) < 0)
            py_clear(m);
    return m;
}
