/* StringIO: a file of text in memory.
 *
 *     text -> length characters of 4 bytes, room for `room`      RAW; pos may lie behind the end
 *
 * newline decides what write() makes of newlines and where readline() ends a line:
 *
 *     None       \r\n and \r become \n when written       lines end at \n
 *     ""         nothing is changed                       lines end at \n, \r and \r\n
 *     "\n"       nothing is changed                       lines end at \n
 *     other      \n becomes it when written               lines end at it
 */
#include <string.h>

#include "vm/builtins/io_base.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct io_string {
    struct py_io io;
    struct py_object *decoder, *newline; /* newline: str or None */
    uint32_t *text;
    int64_t length, room, pos;
    char end[3]; /* what ends a line and is written for \n; a C text */
    uint8_t end_length;
    bool universal, ready, closed;
};
#define STRING_IO(o) ((struct io_string *)(o))

static int check_open(const struct io_string *s)
{
    if (!s->ready)
        return py_raise_int(&py_exc_ValueError, "I/O operation on uninitialized object");
    return s->closed ? py_raise_int(&py_exc_ValueError, "I/O operation on closed file") : 0;
}

static int reserve(struct io_string *s, int64_t length)
{
    if (length <= s->room)
        return 0;
    if (length > INT64_MAX / 16)
        return py_raise_int(&py_exc_OverflowError, "new buffer size too large");
    const int64_t room = length < 2 * s->room ? 2 * s->room : length + 32;
    uint32_t *const grown = py_mem_realloc(s->text, (size_t)room * 4);
    if (!grown)
        return py_raise_no_memory(), -1;
    s->text = grown;
    s->room = room;
    if (PY_TRACING(PY_TRACE_ALLOC))
        py_object_resized(PY_OBJ(s), py_object_size(PY_OBJ(s)));
    return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int put_plain(struct io_string *s, const struct py_str *t)
{
    if (s->pos > INT64_MAX - t->length)
        return py_raise_int(&py_exc_OverflowError, "new position too large");
    const int64_t end = s->pos + t->length;
    if (reserve(s, end) < 0)
        return -1;
    if (s->pos > s->length)
        memset(s->text + s->length, 0, (size_t)(s->pos - s->length) * 4);
    uint32_t *const to = s->text + s->pos;
    if (t->kind == 1) {
        const uint8_t *const from = py_str_data(t);
        for (int64_t i = 0; i < t->length; i++)
            to[i] = from[i];
    } else {
        for (int64_t i = 0; i < t->length; i++)
            to[i] = py_str_char(t, i);
    }
    s->pos = end;
    if (end > s->length)
        s->length = end;
    return 0;
}

static int put(struct io_string *s, struct py_object *t)
{
    if (!s->decoder && s->end[0] != '\r')
        return put_plain(s, (struct py_str *)t);
    struct py_object *changed = s->decoder ? io_newline_decode(s->decoder, t, true)
                                           : io_newlines_as((struct py_str *)t, s->end);
    if (!changed)
        return -1;
    PY_HOLD(&changed);
    const int status = put_plain(s, (struct py_str *)changed);
    py_clear(changed);
    return status;
}

METHOD(string_write)
{
    UNUSED;
    struct io_string *const s = STRING_IO(self);
    if (!s->ready)
        return check_open(s), NULL;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "string argument expected, got '%s'",
                        args[0]->type->name);
    if (check_open(s) < 0)
        return NULL;
    const int64_t n = ((struct py_str *)args[0])->length;
    return n && put(s, args[0]) < 0 ? NULL : py_int_from_i64(n);
}

static int set_newline(struct io_string *s, struct py_object *newline)
{
    static const char *const legal[] = {"", "\n", "\r", "\r\n"};
    const char *text = NULL;
    if (newline && newline != PY_NONE) {
        if (!py_str_check(newline))
            return py_raise_int(&py_exc_TypeError, "newline must be str or None, not %.200s",
                                newline->type->name);
        for (int i = 0; i < 4 && !text; i++)
            if (py_str_equal_cstr((struct py_str *)newline, legal[i]))
                text = legal[i];
        if (!text)
            return py_raise_int(&py_exc_ValueError, "illegal newline value: %R", newline);
    } else if (!newline) {
        text = "\n";
    }
    s->universal = !text || !*text;
    const char *const end = text && *text ? text : "\n";
    s->end_length = (uint8_t)strlen(end);
    memcpy(s->end, end, s->end_length + 1u);
    py_setref(s->newline, text ? PY_OBJ(py_str_from_cstr(text)) : PY_NONE);
    py_clear(s->decoder);
    if (s->universal && !(s->decoder = io_newline_decoder_make(NULL, !text)))
        return -1;
    return s->newline ? 0 : -1;
}

static int string_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                       struct py_tuple *kwnames)
{
    static const char *const names[] = {"initial_value", "newline"};
    static const struct py_params params = {
        .function = "StringIO", .names = names, .count = 2, .keyword_only = 2};
    struct io_string *const s = STRING_IO(self);
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return -1;
    s->ready = false;
    if (set_newline(s, in[1]) < 0)
        return -1;
    if (in[0] && in[0] != PY_NONE && !py_str_check(in[0]))
        return py_raise_int(&py_exc_TypeError, "initial_value must be str or None, not %.200s",
                            in[0]->type->name);
    s->length = s->pos = 0;
    s->closed = false;
    s->ready = true;
    if (in[0] && in[0] != PY_NONE && ((struct py_str *)in[0])->length && put(s, in[0]) < 0)
        return -1;
    s->pos = 0;
    return 0;
}

static void string_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_mem_free(STRING_IO(o)->text);
    py_object_free(o);
}

/* ---- reading --------------------------------------------------------------------------------- */

static struct py_object *take(struct io_string *s, int64_t n)
{
    const int64_t left = s->length > s->pos ? s->length - s->pos : 0;
    if (n < 0 || n > left)
        n = left;
    struct py_str *const t = n ? py_str_from_ucs4(s->text + s->pos, n) : py_str_empty();
    if (t)
        s->pos += n;
    return PY_OBJ(t);
}

static int64_t line_length(const struct io_string *s, int64_t limit)
{
    int64_t left = s->length > s->pos ? s->length - s->pos : 0;
    if (limit >= 0 && limit < left)
        left = limit;
    if (left == 0)
        return 0;
    const uint32_t *const t = s->text + s->pos;
    const bool any = s->universal && s->newline != PY_NONE;
    for (int64_t i = 0; i < left; i++) {
        if (any && t[i] == '\r')
            return i + 1 < left && t[i + 1] == '\n' ? i + 2 : i + 1;
        if (any ? t[i] == '\n' : t[i] == (uint32_t)s->end[0]) {
            if (any || s->end_length == 1)
                return i + 1;
            if (i + 1 < left && t[i + 1] == (uint32_t)s->end[1])
                return i + 2;
        }
    }
    return left;
}

METHOD(string_read)
{
    UNUSED;
    int64_t size;
    return check_open(STRING_IO(self)) < 0 || io_size_argument(args, nargs, &size) < 0
               ? NULL
               : take(STRING_IO(self), size);
}

METHOD(string_readline)
{
    UNUSED;
    int64_t size;
    struct io_string *const s = STRING_IO(self);
    return check_open(s) < 0 || io_size_argument(args, nargs, &size) < 0
               ? NULL
               : take(s, line_length(s, size));
}

/* A subclass may have a readline() of its own, which an iteration then calls. */
static struct py_object *string_next(struct py_object *self)
{
    struct io_string *const s = STRING_IO(self);
    if (check_open(s) < 0)
        return NULL;
    if (self->type != &py_io_string_type)
        return py_io_base_type.iternext(self);
    const int64_t n = line_length(s, -1);
    return n ? take(s, n) : NULL;
}

/* ---- positions ------------------------------------------------------------------------------- */

METHOD(string_seek)
{
    UNUSED;
    struct io_string *const s = STRING_IO(self);
    const int64_t offset = py_int_as_ssize_arg(args[0]);
    int how = 0;
    if ((offset == -1 && py_error_occurred()) || (nargs > 1 && int_argument(args[1], &how) < 0) ||
        check_open(s) < 0)
        return NULL;
    if (how < 0 || how > 2)
        return py_raise(&py_exc_ValueError, "Invalid whence (%d, should be 0, 1 or 2)", how);
    if (how == 0 && offset < 0)
        return py_raise(&py_exc_ValueError, "Negative seek position %lld", (long long)offset);
    if (how > 0 && offset != 0)
        return py_raise(&py_exc_OSError, "Can't do nonzero cur-relative seeks");
    s->pos = how == 0 ? offset : how == 1 ? s->pos : s->length;
    return py_int_from_i64(s->pos);
}

METHOD(string_tell)
{
    UNUSED;
    return check_open(STRING_IO(self)) < 0 ? NULL : py_int_from_i64(STRING_IO(self)->pos);
}

METHOD(string_truncate)
{
    UNUSED;
    struct io_string *const s = STRING_IO(self);
    if (check_open(s) < 0)
        return NULL;
    int64_t size = s->pos;
    if (nargs && args[0] != PY_NONE) {
        if (io_size_argument(args, nargs, &size) < 0)
            return NULL;
        if (size < 0)
            return py_raise(&py_exc_ValueError, "Negative size value %lld", (long long)size);
    }
    if (size < s->length)
        s->length = size;
    return py_int_from_i64(size);
}

METHOD(string_true)
{
    UNUSED;
    return check_open(STRING_IO(self)) < 0 ? NULL : PY_TRUE;
}

METHOD(string_close)
{
    UNUSED;
    struct io_string *const s = STRING_IO(self);
    py_mem_free(s->text);
    s->text = NULL;
    s->length = s->room = 0;
    s->closed = true;
    if (PY_TRACING(PY_TRACE_ALLOC))
        py_object_resized(self, py_object_size(self));
    return PY_NONE;
}

METHOD(string_getvalue)
{
    UNUSED;
    const struct io_string *const s = STRING_IO(self);
    if (check_open(s) < 0)
        return NULL;
    return PY_OBJ(s->length ? py_str_from_ucs4(s->text, s->length) : py_str_empty());
}

/* ---- pickles --------------------------------------------------------------------------------- */

METHOD(string_getstate)
{
    UNUSED;
    struct py_object *const value = string_getvalue(self, NULL, 0, NULL);
    if (!value)
        return NULL;
    struct py_object *items[4] = {value, py_newref(STRING_IO(self)->newline),
                                  py_int_from_i64(STRING_IO(self)->pos),
                                  py_newref(io_dict_or_none(self))};
    return PY_OBJ(py_tuple_from_array_steal(items, 4));
}

METHOD(string_setstate)
{
    UNUSED;
    struct io_string *const s = STRING_IO(self);
    const struct py_tuple *const t = (struct py_tuple *)args[0];
    if (s->closed) /* one that was never initialised is open */
        return py_raise(&py_exc_ValueError, "I/O operation on closed file");
    if (!py_tuple_check(args[0]) || t->base.size < 4)
        return py_raise(&py_exc_TypeError,
                        "%.200s.__setstate__ argument should be 4-tuple, got %.200s",
                        self->type->name, args[0]->type->name);
    struct py_object *in[2] = {PY_NONE, t->items[1]};
    if (string_init(self, in, 2, NULL) < 0)
        return NULL;
    if (t->items[0] != PY_NONE && !py_str_check(t->items[0]))
        return py_raise(&py_exc_TypeError, "initial_value must be str or None, not %.200s",
                        t->items[0]->type->name);
    /* As it was: newlines were translated when it was written. */
    if (t->items[0] != PY_NONE && put_plain(s, (struct py_str *)t->items[0]) < 0)
        return NULL;
    s->pos = 0;
    if (!py_int_check(t->items[2]))
        return py_raise(&py_exc_TypeError, "third item of state must be an integer, got %.200s",
                        t->items[2]->type->name);
    const int64_t pos = py_int_as_ssize(t->items[2]);
    if (pos < 0)
        return py_error_occurred()
                   ? NULL
                   : py_raise(&py_exc_ValueError, "position value cannot be negative");
    s->pos = pos;
    return io_restore_dict(self, t->items[3]) < 0 ? NULL : PY_NONE;
}

/* ---- the type -------------------------------------------------------------------------------- */

static struct py_object *get_closed(struct py_object *self, void *closure)
{
    (void)closure;
    struct io_string *const s = STRING_IO(self);
    if (!s->ready)
        return py_raise(&py_exc_ValueError, "I/O operation on uninitialized object");
    return py_bool_from(s->closed);
}

static struct py_object *get_line_buffering(struct py_object *self, void *closure)
{
    (void)closure;
    return check_open(STRING_IO(self)) < 0 ? NULL : PY_FALSE;
}

static struct py_object *get_newlines(struct py_object *self, void *closure)
{
    (void)closure;
    struct io_string *const s = STRING_IO(self);
    if (check_open(s) < 0)
        return NULL;
    return s->decoder ? io_newlines_seen(s->decoder) : PY_NONE;
}

static const struct py_method_def string_methods[] = {
    METHOD_ROW("readable", string_true, 0, 0),
    METHOD_ROW("writable", string_true, 0, 0),
    METHOD_ROW("seekable", string_true, 0, 0),
    METHOD_ROW("close", string_close, 0, 0),
    METHOD_ROW("read", string_read, 0, 1),
    METHOD_ROW("readline", string_readline, 0, 1),
    METHOD_ROW("write", string_write, 1, 1),
    METHOD_ROW("seek", string_seek, 1, 2),
    METHOD_ROW("tell", string_tell, 0, 0),
    METHOD_ROW("truncate", string_truncate, 0, 1),
    METHOD_ROW("getvalue", string_getvalue, 0, 0),
    METHOD_ROW("__getstate__", string_getstate, 0, 0),
    METHOD_ROW("__setstate__", string_setstate, 1, 1),
    {.name = NULL},
};
static const struct py_getset_def string_getsets[] = {
    {.name = "closed", .get = get_closed},
    {.name = "line_buffering", .get = get_line_buffering},
    {.name = "newlines", .get = get_newlines},
    {.name = NULL},
};
static const struct py_field string_fields[] = {
    PY_FIELD(struct py_io, dict),
    PY_FIELD_OWNED(struct io_string, decoder),
    PY_FIELD_OWNED(struct io_string, newline),
};

struct py_type py_io_string_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_io.StringIO",
    .basicsize = sizeof(struct io_string),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE | PY_TYPE_FINALIZER,
    .field_count = 3,
    .fields = string_fields,
    .weaklist_offset = offsetof(struct py_io, weaklist),
    .dict_offset = offsetof(struct py_io, dict),
    .super = &py_io_text_base_type,
    .dealloc = string_dealloc,
    .iternext = string_next,
    .init = string_init,
    .new_ = io_new,
    .room_offset = offsetof(struct io_string, room),
    .room_unit = sizeof(uint32_t),
    .methods = string_methods,
    .getsets = string_getsets,
    .doc = "Text I/O implementation using an in-memory buffer.",
};
