/* TextIOWrapper: writing.
 *
 * Text is encoded at once, and the bytes are collected:
 *
 *     pending -> pending_length bytes, at most `chunk` of them between two calls
 *
 * buffer.write() is called with all of them when there would be more, before anything is read or
 * moved, and after every write() of an object that writes through. A piece of chunk bytes or more
 * goes to the buffer by itself. The bytes leave the object before buffer.write() is called: that
 * may be Python code, which may write here again.
 *
 * UTF-8, ASCII and Latin-1 have no state, so their encoder object is only asked to be there; ASCII
 * text is copied as it is.
 */
#include <string.h>

#include "vm/builtins/file_impl.h"
#include "vm/builtins/io_text.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/runtime/handles.h"

enum { FIRST_ROOM = 256 };

/* ---- what is pending ------------------------------------------------------------------------- */

static int give(struct io_text *t, struct py_object *bytes)
{
    return io_do(t->buffer, "write", &bytes, 1);
}

int io_text_write_pending(struct io_text *t)
{
    if (!t->pending_length)
        return 0;
    struct py_object *bytes = PY_OBJ(py_bytes_from(t->pending, (size_t)t->pending_length));
    if (!bytes)
        return -1;
    PY_HOLD(&bytes);
    t->pending_length = 0;
    const int status = give(t, bytes);
    py_clear(bytes);
    return status;
}

static int reserve(struct io_text *t, int64_t length)
{
    if (length <= t->pending_room)
        return 0;
    int64_t room = t->pending_room ? t->pending_room : FIRST_ROOM;
    while (room < length)
        room *= 2;
    uint8_t *const grown = py_mem_realloc(t->pending, (size_t)room);
    if (!grown)
        return py_raise_no_memory(), -1;
    t->pending = grown;
    t->pending_room = room;
    return 0;
}

/* Writes n bytes, which are those of `bytes` if that is not NULL. */
static int put(struct io_text *t, const void *data, int64_t n, struct py_object *bytes)
{
    while (t->pending_length && (n >= t->chunk || t->pending_length + n > t->chunk))
        if (io_text_write_pending(t) < 0)
            return -1;
    if (n >= t->chunk) {
        struct py_object *own = bytes ? py_newref(bytes) : PY_OBJ(py_bytes_from(data, (size_t)n));
        if (!own)
            return -1;
        PY_HOLD(&own);
        const int status = t->buffer ? give(t, own) : io_text_check(t);
        py_clear(own);
        return status;
    }
    if (reserve(t, t->pending_length + n) < 0)
        return -1;
    memcpy(t->pending + t->pending_length, data, (size_t)n);
    t->pending_length += n;
    return t->pending_length >= t->chunk || t->write_through ? io_text_write_pending(t) : 0;
}

/* ---- encoding -------------------------------------------------------------------------------- */

int io_text_place_encoder(struct io_text *t, bool at_start)
{
    struct py_object *const zero = py_int_from_i64(0);
    return at_start ? io_do(t->encoder, "reset", NULL, 0) : io_do(t->encoder, "setstate", &zero, 1);
}

static struct py_object *encode(struct io_text *t, struct py_object *text)
{
    if (t->direct)
        return py_str_encode(text, t->direct, py_str_utf8((struct py_str *)t->errors, NULL));
    struct py_object *bytes = io_call(t->encoder, "encode", &text, 1);
    if (!bytes || py_bytes_check(bytes))
        return bytes;
    PY_HOLD(&bytes);
    py_raise(&py_exc_TypeError, "encoder should return a bytes object, not '%.200s'",
             bytes->type->name);
    py_clear(bytes);
    return NULL;
}

static int put_text(struct io_text *t, struct py_object *text)
{
    const struct py_str *const s = (struct py_str *)text;
    if (t->direct && s->ascii)
        return put(t, py_str_data(s), s->length, NULL);
    struct py_object *bytes = encode(t, text);
    if (!bytes)
        return -1;
    PY_HOLD(&bytes);
    const struct py_bytes *const b = (struct py_bytes *)bytes;
    const int status = put(t, b->data, b->base.size, bytes);
    py_clear(bytes);
    return status;
}

static bool has_char(const struct py_str *s, char c)
{
    if (s->kind == 1)
        return memchr(py_str_data(s), c, (size_t)s->length) != NULL;
    for (int64_t i = 0; i < s->length; i++)
        if (py_str_char(s, i) == (uint32_t)c)
            return true;
    return false;
}

static int put_with_ends(struct io_text *t, struct py_object *text)
{
    struct py_object *changed =
        io_newlines_as((struct py_str *)text, t->ends == IO_ENDS_CR ? "\r" : "\r\n");
    if (!changed)
        return -1;
    PY_HOLD(&changed);
    const int status = put_text(t, changed);
    py_clear(changed);
    return status;
}

/* ---- write() --------------------------------------------------------------------------------- */

IO_TEXT_METHOD(io_text_write)
{
    UNUSED;
    struct io_text *const t = TEXT_IO(self);
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "write() argument must be str, not %.50s",
                        args[0]->type->name);
    if (io_text_check_open(t) < 0)
        return NULL;
    if (!t->encoder)
        return py_file_unsupported("not writable");
    const struct py_str *const s = (struct py_str *)args[0];
    const bool changes = t->ends == IO_ENDS_CR || t->ends == IO_ENDS_CRLF;
    const bool newline = (changes || t->line_buffering) && has_char(s, '\n');
    const bool line = t->line_buffering && (newline || has_char(s, '\r'));
    if ((newline && changes ? put_with_ends(t, args[0]) : put_text(t, args[0])) < 0)
        return NULL;
    if (line && (io_text_write_pending(t) < 0 || io_text_check(t) < 0 ||
                 io_do(t->buffer, "flush", NULL, 0) < 0))
        return NULL;
    io_text_forget(t);
    if (io_text_reset_decoder(t) < 0)
        return NULL;
    return py_int_from_i64(s->length);
}
