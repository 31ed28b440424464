/* TextIOWrapper: a file of text over a file of bytes. This file makes, changes and closes the
 * object and has its type; io_text_read.c reads, io_text_write.c writes, io_text_seek.c moves.
 *
 *     program <-- str -- decoder  <-- bytes -- buffer.read1()
 *     program --- str -> encoder  --- bytes -> pending -> buffer.write()
 *
 * buffer is any object with the methods of a buffered file. Everything that is asked of it, and of
 * encoder and decoder, may run Python code, and that may close, detach or initialise this object
 * anew: hence io_text_check() behind such calls, and io_call(), which keeps its object alive.
 *
 *     ready       __init__ has succeeded, and the last one did not fail
 *     detached    detach() has taken the buffer away; ready stays
 *
 * What open() returns for text is not one of these but the faster file of file.c; it stands for
 * this class (stands_for in struct py_type).
 */
#include "vm/builtins/io_text.h"

#include <string.h>

#include "vm/builtins/file.h"
#include "vm/builtins/file_impl.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/repr_guard.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"

enum { DEFAULT_CHUNK = 8192 };

/* ---- may it? --------------------------------------------------------------------------------- */

static int check_ready(const struct io_text *t)
{
    return t->ready ? 0 : py_raise_int(&py_exc_ValueError, "I/O operation on uninitialized object");
}

int io_text_check(const struct io_text *t)
{
    if (t->ready && t->detached)
        return py_raise_int(&py_exc_ValueError, "underlying buffer has been detached");
    return check_ready(t);
}

/* Without asking by name where that is known. 1, 0 or -1. */
static int is_closed(struct io_text *t)
{
    const bool plain = t->io.base.type == &py_io_text_type;
    if (plain && t->raw)
        return io_file_closed(t->raw);
    if (plain && t->buffer->type == &py_io_bytes_type)
        return io_bytes_closed(t->buffer);
    return io_truth(py_getattr(plain ? t->buffer : PY_OBJ(t), PY_OBJ(py_str_const("closed"))));
}

int io_text_check_open(struct io_text *t)
{
    if (io_text_check(t) < 0)
        return -1;
    const int closed = is_closed(t);
    return closed > 0 ? py_raise_int(&py_exc_ValueError, "I/O operation on closed file.") : closed;
}

/* ---- encoder and decoder --------------------------------------------------------------------- */

/* The codec's entry in the registry. New. */
static struct py_object *find_codec(struct py_object *encoding)
{
    struct py_object *held[3] = {py_import_module("_codecs"), NULL, NULL}; /* module, codec, flag */
    PY_HOLD_N(held, 3);
    if (held[0])
        held[1] = py_call_method(held[0], py_str_const("lookup"), &encoding, 1);
    py_clear(held[0]);
    if (held[1] &&
        py_getattr_optional(held[1], PY_OBJ(py_str_const("_is_text_encoding")), &held[2]) < 0)
        py_clear(held[1]);
    const int is_text = held[2] ? py_truth(held[2]) : 1;
    if (held[1] && is_text == 0)
        py_raise(&py_exc_LookupError,
                 "%R is not a text encoding; use codecs.open() to handle arbitrary codecs",
                 encoding);
    if (is_text <= 0)
        py_clear(held[1]);
    py_clear(held[2]);
    struct py_object *const codec = held[1];
    held[1] = NULL;
    return codec;
}

/* codec.<maker>(errors). New. */
static struct py_object *make_coder(struct io_text *t, struct py_object *codec, const char *maker)
{
    struct py_object *held[2] = {py_getattr(codec, PY_OBJ(py_str_const(maker))),
                                 py_newref(t->errors)};
    PY_HOLD_N(held, 2);
    struct py_object *coder = held[0] ? py_call1(held[0], held[1]) : NULL;
    PY_HOLD(&coder);
    py_clear(held[0]);
    py_clear(held[1]);
    return coder;
}

static int set_decoder(struct io_text *t, struct py_object *codec)
{
    py_clear(t->decoder);
    const int readable = io_ask(t->buffer, "readable");
    if (readable <= 0)
        return readable;
    struct py_object *decoder = make_coder(t, codec, "incrementaldecoder");
    if (decoder && (t->ends == IO_ENDS_UNIVERSAL || t->ends == IO_ENDS_ANY)) {
        PY_HOLD(&decoder);
        struct py_object *const translating =
            io_newline_decoder_make(decoder, t->ends == IO_ENDS_UNIVERSAL);
        py_setref(decoder, translating);
    }
    t->decoder_fresh = true;
    py_setref(t->decoder, decoder);
    return decoder ? 0 : -1;
}

/* Codecs that io_text_write.c may call without an object, by the name that they say they have. */
static const char *direct_codec(struct py_object *codec)
{
    static const struct {
        const char *name, *direct;
    } table[] = {{"utf-8", "utf-8"}, {"ascii", "ascii"}, {"iso8859-1", "latin-1"}};
    struct py_object *name = NULL;
    if (py_getattr_optional(codec, PY_OBJ(py_str_const("name")), &name) <= 0) {
        py_error_clear();
        return NULL;
    }
    const char *direct = NULL;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (py_str_check(name) && py_str_equal_cstr((struct py_str *)name, table[i].name))
            direct = table[i].direct;
    py_decref(name);
    return direct;
}

static int set_encoder(struct io_text *t, struct py_object *codec)
{
    py_clear(t->encoder);
    t->direct = NULL;
    const int writable = io_ask(t->buffer, "writable");
    if (writable <= 0)
        return writable;
    struct py_object *const encoder = make_coder(t, codec, "incrementalencoder");
    py_setref(t->encoder, encoder);
    if (!encoder)
        return -1;
    t->direct = direct_codec(codec);
    return 0;
}

/* Behind the beginning of a file, no mark is written again. */
static int begin_encoding(struct io_text *t)
{
    if (!t->seekable || !t->encoder)
        return 0;
    struct py_object *at = io_call(t->buffer, "tell", NULL, 0);
    if (!at)
        return -1;
    const bool at_start = at == py_int_from_i64(0); /* the one zero */
    py_decref(at);
    return at_start ? 0 : io_text_place_encoder(t, false);
}

int io_text_reset_decoder(struct io_text *t)
{
    if (!t->decoder || t->decoder_fresh)
        return 0;
    t->decoder_fresh = true;
    return io_do(t->decoder, "reset", NULL, 0);
}

/* encoding: str. errors: str. Both go into the object, and new coders with them. 0 or -1. */
static int set_coding(struct io_text *t, struct py_object *encoding, struct py_object *errors)
{
    struct py_object *codec = find_codec(encoding);
    if (!codec)
        return -1;
    PY_HOLD(&codec);
    py_setref(t->encoding, py_newref(encoding));
    py_setref(t->errors, py_newref(errors));
    const int status = set_decoder(t, codec) < 0 ? -1 : set_encoder(t, codec);
    py_clear(codec);
    return status;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static int check_text(const char *function, const char *name, struct py_object *o)
{
    if (!o || o == PY_NONE || py_str_check(o))
        return 0;
    return py_raise_int(&py_exc_TypeError, "%s() argument '%s' must be str or None, not %.50s",
                        function, name, o->type->name);
}

/* newline: str, None or NULL. 0, or -1 with ValueError. */
static int parse_newline(struct py_object *newline, uint8_t *ends)
{
    static const struct {
        const char *text;
        enum io_ends ends;
    } table[] = {{"", IO_ENDS_ANY}, {"\n", IO_ENDS_LF}, {"\r", IO_ENDS_CR}, {"\r\n", IO_ENDS_CRLF}};
    if (!newline || newline == PY_NONE)
        return *ends = IO_ENDS_UNIVERSAL, 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (py_str_equal_cstr((struct py_str *)newline, table[i].text))
            return *ends = (uint8_t)table[i].ends, 0;
    return py_raise_int(&py_exc_ValueError, "illegal newline value: %U", newline);
}

/* What an argument `encoding` names, None being the platform's. New str. */
static struct py_object *encoding_named(struct py_object *o)
{
    if (o && o != PY_NONE && !py_str_equal_cstr((struct py_str *)o, "locale"))
        return py_newref(o);
    return PY_OBJ(py_str_from_cstr("utf-8"));
}

/* An optional int as a truth value: None leaves *value. 0 or -1. */
static int optional_flag(struct py_object *o, bool *value)
{
    if (!o || o == PY_NONE)
        return 0;
    const int64_t v = py_int_as_i64(o);
    if (v == -1 && py_error_occurred())
        return -1;
    *value = v != 0;
    return 0;
}

/* ---- __init__ -------------------------------------------------------------------------------- */

/* 0, or -1 with RuntimeError. */
static int begin_change(struct io_text *t, const char *method)
{
    if (t->changing)
        return py_raise_int(&py_exc_RuntimeError, "reentrant call inside %s.%s()",
                            t->io.base.type->name, method);
    t->changing = true;
    return 0;
}

static void drop_all(struct io_text *t)
{
    t->ready = t->detached = false;
    py_clear(t->buffer);
    py_clear(t->raw);
    py_clear(t->encoding);
    py_clear(t->errors);
    py_clear(t->encoder);
    py_clear(t->decoder);
    io_text_forget(t);
    t->pending_length = 0;
    t->density = 0;
    t->direct = NULL;
}

/* The FileIO below one of our own buffers says quickest whether all of it is closed. */
static int find_raw(struct io_text *t)
{
    const struct py_type *const type = t->buffer->type;
    if ((type->flags & PY_TYPE_HEAP) || strncmp(type->name, "_io.Buffered", 12) != 0)
        return 0;
    struct py_object *raw = NULL;
    const int has = py_getattr_optional(t->buffer, PY_OBJ(py_str_const("raw")), &raw);
    if (has > 0 && raw->type != &py_io_file_type)
        py_clear(raw);
    py_setref(t->raw, raw);
    return has < 0 ? -1 : 0;
}

/* in: the six arguments, checked; held[2]: encoding, errors. */
static int open_over(struct io_text *t, struct py_object *const *in, struct py_object **held)
{
    if (parse_newline(in[3], &t->ends) < 0)
        return -1;
    held[0] = encoding_named(in[1]);
    held[1] = in[2] && in[2] != PY_NONE ? py_newref(in[2]) : PY_OBJ(py_str_from_cstr("strict"));
    if (!held[0] || !held[1])
        return -1;
    t->buffer = py_newref(in[0]);
    t->chunk = DEFAULT_CHUNK;
    if (set_coding(t, held[0], held[1]) < 0 || find_raw(t) < 0)
        return -1;
    const int seekable = io_ask(t->buffer, "seekable");
    struct py_object *read1 = NULL;
    const int has =
        seekable < 0 ? -1 : py_getattr_optional(t->buffer, PY_OBJ(py_str_const("read1")), &read1);
    py_xdecref(read1);
    if (has < 0)
        return -1;
    t->has_read1 = has > 0;
    t->seekable = t->telling = seekable > 0;
    return begin_encoding(t);
}

static int text_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                     struct py_tuple *kwnames)
{
    static const char *const names[] = {"buffer",  "encoding",       "errors",
                                        "newline", "line_buffering", "write_through"};
    static const struct py_params params = {
        .function = "TextIOWrapper", .names = names, .count = 6, .required = 1, .keyword_only = 6};
    struct io_text *const t = TEXT_IO(self);
    struct py_object *in[6] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return -1;
    for (int i = 1; i < 4; i++)
        if (check_text("TextIOWrapper", names[i], in[i]) < 0)
            return -1;
    const int lines = in[4] ? py_truth(in[4]) : 0;
    const int through = lines < 0 ? -1 : in[5] ? py_truth(in[5]) : 0;
    if (through < 0)
        return -1;
    if ((!in[1] || in[1] == PY_NONE) && io_warn_no_encoding(1) < 0)
        return -1;
    if (begin_change(t, "__init__") < 0)
        return -1;
    drop_all(t);
    t->line_buffering = lines;
    t->write_through = through;
    struct py_object *held[2] = {NULL};
    PY_HOLD_N(held, 2);
    const int status = open_over(t, in, held);
    py_clear(held[0]);
    py_clear(held[1]);
    t->ready = status == 0;
    t->changing = false;
    return status;
}

/* ---- reconfigure() --------------------------------------------------------------------------- */

/* in: encoding, errors, newline as given. 0 or -1. */
static int change_coding(struct io_text *t, struct py_object *const *in, uint8_t ends)
{
    const bool names_encoding = in[0] && in[0] != PY_NONE, names_errors = in[1] && in[1] != PY_NONE;
    t->ends = ends;
    if (!names_encoding && !names_errors && !in[2])
        return 0;
    struct py_object *held[2] = {NULL};
    PY_HOLD_N(held, 2);
    held[0] = names_encoding ? encoding_named(in[0]) : py_newref(t->encoding);
    held[1] = names_errors     ? py_newref(in[1])
              : names_encoding ? PY_OBJ(py_str_from_cstr("strict"))
                               : py_newref(t->errors);
    const int status =
        !held[0] || !held[1] || set_coding(t, held[0], held[1]) < 0 ? -1 : begin_encoding(t);
    py_clear(held[0]);
    py_clear(held[1]);
    return status;
}

METHOD(text_reconfigure)
{
    static const char *const names[] = {"encoding", "errors", "newline", "line_buffering",
                                        "write_through"};
    static const struct py_params params = {
        .function = "reconfigure", .names = names, .count = 5, .keyword_only = 0};
    struct io_text *const t = TEXT_IO(self);
    struct py_object *in[5] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || io_text_check(t) < 0)
        return NULL;
    for (int i = 0; i < 3; i++)
        if (check_text("reconfigure", names[i], in[i]) < 0)
            return NULL;
    const bool coding = (in[0] && in[0] != PY_NONE) || (in[1] && in[1] != PY_NONE) || in[2];
    if (t->decoded && coding)
        return py_file_unsupported("It is not possible to set the encoding or newline of stream "
                                   "after the first read");
    uint8_t ends = t->ends;
    bool lines = t->line_buffering, through = t->write_through;
    if ((in[2] && parse_newline(in[2], &ends) < 0) || optional_flag(in[3], &lines) < 0 ||
        optional_flag(in[4], &through) < 0 || io_do(self, "flush", NULL, 0) < 0 ||
        io_text_check(t) < 0)
        return NULL;
    if (begin_change(t, "reconfigure") < 0)
        return NULL;
    t->density = 0;
    const int changed = change_coding(t, in, ends);
    t->changing = false;
    if (changed < 0)
        return NULL;
    t->line_buffering = lines;
    t->write_through = through;
    return PY_NONE;
}

/* ---- flushing, detaching, closing ------------------------------------------------------------ */

METHOD(text_flush)
{
    UNUSED;
    struct io_text *const t = TEXT_IO(self);
    if (io_text_check_open(t) < 0)
        return NULL;
    t->telling = t->seekable;
    if (io_text_write_pending(t) < 0 || io_text_check(t) < 0)
        return NULL;
    return io_call(t->buffer, "flush", NULL, 0);
}

METHOD(text_detach)
{
    UNUSED;
    struct io_text *const t = TEXT_IO(self);
    if (io_text_check(t) < 0 || io_do(self, "flush", NULL, 0) < 0 || io_text_check(t) < 0)
        return NULL;
    struct py_object *const buffer = t->buffer;
    t->buffer = NULL;
    t->detached = true;
    py_clear(t->raw);
    return buffer;
}

/* A buffer that dies with this object warns in its own words. */
static void warn_of_death(struct io_text *t)
{
    struct py_object *const self = PY_OBJ(t);
    if (io_do(t->buffer, "_dealloc_warn", &self, 1) < 0)
        py_error_clear();
}

METHOD(text_close)
{
    UNUSED;
    struct io_text *const t = TEXT_IO(self);
    if (io_text_check(t) < 0)
        return NULL;
    const int closed = io_truth(py_getattr(self, PY_OBJ(py_str_const("closed"))));
    if (closed)
        return closed < 0 ? NULL : PY_NONE;
    if (t->io.finalizing && t->buffer)
        warn_of_death(t);
    const int flushed = io_do(self, "flush", NULL, 0);
    struct py_object *first = py_error_fetch();
    PY_HOLD(&first);
    struct py_object *result = io_call(t->buffer, "close", NULL, 0);
    PY_HOLD(&result);
    struct py_object *const chained = first;
    first = NULL;
    if (chained && !result)
        py_error_chain_context(chained);
    else if (chained)
        py_error_restore(chained);
    if (flushed < 0)
        py_clear(result);
    return result;
}

METHOD(text_truncate)
{
    UNUSED;
    struct io_text *const t = TEXT_IO(self);
    if (io_text_check(t) < 0 || io_do(self, "flush", NULL, 0) < 0 || io_text_check(t) < 0)
        return NULL;
    struct py_object *const none = PY_NONE;
    return io_call(t->buffer, "truncate", nargs ? args : &none, 1);
}

/* ---- what the buffer answers ----------------------------------------------------------------- */

static struct py_object *asked(struct py_object *self, const char *name)
{
    return io_text_check(TEXT_IO(self)) < 0 ? NULL : io_call(TEXT_IO(self)->buffer, name, NULL, 0);
}

#define ASKS_BUFFER(function, name) \
    METHOD(function)                \
    {                               \
        UNUSED;                     \
        return asked(self, name);   \
    }
ASKS_BUFFER(text_fileno, "fileno")
ASKS_BUFFER(text_isatty, "isatty")
ASKS_BUFFER(text_readable, "readable")
ASKS_BUFFER(text_writable, "writable")
ASKS_BUFFER(text_seekable, "seekable")

static struct py_object *attribute_of_buffer(struct py_object *self, const char *name)
{
    if (io_text_check(TEXT_IO(self)) < 0)
        return NULL;
    struct py_object *buffer = py_newref(TEXT_IO(self)->buffer);
    PY_HOLD(&buffer);
    struct py_object *value = py_getattr(buffer, PY_OBJ(py_str_const(name)));
    PY_HOLD(&value);
    py_clear(buffer);
    return value;
}

static struct py_object *get_closed(struct py_object *self, void *closure)
{
    (void)closure;
    return attribute_of_buffer(self, "closed");
}

static struct py_object *get_name(struct py_object *self, void *closure)
{
    (void)closure;
    return attribute_of_buffer(self, "name");
}

static struct py_object *get_errors(struct py_object *self, void *closure)
{
    (void)closure;
    return check_ready(TEXT_IO(self)) < 0 ? NULL : py_newref(TEXT_IO(self)->errors);
}

static struct py_object *get_newlines(struct py_object *self, void *closure)
{
    (void)closure;
    struct io_text *const t = TEXT_IO(self);
    if (io_text_check(t) < 0)
        return NULL;
    struct py_object *decoder = t->decoder ? py_newref(t->decoder) : NULL, *seen = NULL;
    PY_HOLD(&decoder);
    const int has =
        decoder ? py_getattr_optional(decoder, PY_OBJ(py_str_const("newlines")), &seen) : 0;
    PY_HOLD(&seen);
    py_clear(decoder);
    return has < 0 ? NULL : has ? seen : PY_NONE;
}

static struct py_object *get_chunk(struct py_object *self, void *closure)
{
    (void)closure;
    return io_text_check(TEXT_IO(self)) < 0 ? NULL : py_int_from_i64(TEXT_IO(self)->chunk);
}

static int set_chunk(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (io_text_check(TEXT_IO(self)) < 0)
        return -1;
    if (!value)
        return py_raise_int(&py_exc_AttributeError, "cannot delete attribute");
    const int64_t n = py_int_as_ssize(value);
    if (n == -1 && py_error_occurred())
        return -1;
    if (n <= 0)
        return py_raise_int(&py_exc_ValueError, "a strictly positive integer is required");
    TEXT_IO(self)->chunk = n;
    return 0;
}

/* ---- repr() ---------------------------------------------------------------------------------- */

/* Appends ` name=value` if there is such an attribute; a detached buffer has none. 0 or -1. */
static int append_attribute(struct py_strbuf *out, struct py_object *self, const char *name)
{
    struct py_object *held[2] = {NULL};
    PY_HOLD_N(held, 2);
    const int has = py_getattr_optional(self, PY_OBJ(py_str_const(name)), &held[0]);
    if (has < 0 && !py_error_matches(&py_exc_ValueError))
        return -1;
    if (has <= 0)
        return py_error_clear(), 0;
    held[1] = py_repr(held[0]);
    const int status = !held[1] || py_strbuf_cstr(out, " ") < 0 || py_strbuf_cstr(out, name) < 0 ||
                               py_strbuf_cstr(out, "=") < 0 ||
                               py_strbuf_str(out, (struct py_str *)held[1]) < 0
                           ? -1
                           : 0;
    py_clear(held[0]);
    py_clear(held[1]);
    return status;
}

static int append_all(struct py_strbuf *out, struct py_object *self)
{
    struct py_object *encoding = py_repr(TEXT_IO(self)->encoding);
    if (!encoding)
        return -1;
    PY_HOLD(&encoding);
    const int status =
        py_strbuf_cstr(out, "<_io.TextIOWrapper") < 0 || append_attribute(out, self, "name") < 0 ||
                append_attribute(out, self, "mode") < 0 || py_strbuf_cstr(out, " encoding=") < 0 ||
                py_strbuf_str(out, (struct py_str *)encoding) < 0 || py_strbuf_cstr(out, ">") < 0
            ? -1
            : 0;
    py_clear(encoding);
    return status;
}

static struct py_object *text_repr(struct py_object *self)
{
    if (check_ready(TEXT_IO(self)) < 0)
        return NULL;
    struct py_repr_guard guard;
    const int entered = py_repr_enter(&guard, self);
    if (entered > 0)
        py_raise(&py_exc_RuntimeError, "reentrant call inside %s.__repr__", self->type->name);
    if (entered)
        return NULL;
    struct py_strbuf out;
    py_strbuf_init(&out);
    const int status = append_all(&out, self);
    py_repr_leave(&guard);
    if (status == 0)
        return PY_OBJ(py_strbuf_finish(&out));
    py_strbuf_deinit(&out);
    return NULL;
}

/* ---- the type -------------------------------------------------------------------------------- */

static void text_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_mem_free(TEXT_IO(o)->pending);
    py_object_free(o);
}

static const struct py_method_def text_methods[] = {
    METHOD_ROW("read", io_text_read, 0, 1),      METHOD_ROW("readline", io_text_readline, 0, 1),
    METHOD_ROW("write", io_text_write, 1, 1),    METHOD_ROW("seek", io_text_seek, 1, 2),
    METHOD_ROW("tell", io_text_tell, 0, 0),      METHOD_ROW("truncate", text_truncate, 0, 1),
    METHOD_ROW("flush", text_flush, 0, 0),       METHOD_ROW("detach", text_detach, 0, 0),
    METHOD_ROW("close", text_close, 0, 0),       METHOD_ROW_KW("reconfigure", text_reconfigure),
    METHOD_ROW("seekable", text_seekable, 0, 0), METHOD_ROW("readable", text_readable, 0, 0),
    METHOD_ROW("writable", text_writable, 0, 0), METHOD_ROW("fileno", text_fileno, 0, 0),
    METHOD_ROW("isatty", text_isatty, 0, 0),     {.name = NULL},
};
static const struct py_getset_def text_getsets[] = {
    {.name = "name", .get = get_name},
    {.name = "closed", .get = get_closed, .doc = "Whether the buffer below has been closed."},
    {.name = "errors", .get = get_errors, .doc = "What becomes of what cannot be coded."},
    {.name = "newlines", .get = get_newlines, .doc = "The kinds of newlines read so far."},
    {.name = "_CHUNK_SIZE", .get = get_chunk, .set = set_chunk},
    {.name = NULL},
};
static const struct py_member_def text_members[] = {
    {.name = "encoding",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct io_text, encoding),
     .readonly = true},
    {.name = "buffer",
     .kind = PY_MEMBER_OBJECT_EX,
     .offset = offsetof(struct io_text, buffer),
     .readonly = true},
    {.name = "line_buffering",
     .kind = PY_MEMBER_BOOL,
     .offset = offsetof(struct io_text, line_buffering),
     .readonly = true},
    {.name = "write_through",
     .kind = PY_MEMBER_BOOL,
     .offset = offsetof(struct io_text, write_through),
     .readonly = true},
    {.name = "_finalizing", .kind = PY_MEMBER_BOOL, .offset = offsetof(struct py_io, finalizing)},
    {.name = NULL},
};
static const struct py_field text_fields[] = {
    PY_FIELD(struct py_io, dict),      PY_FIELD(struct io_text, buffer),
    PY_FIELD(struct io_text, raw),     PY_FIELD(struct io_text, encoding),
    PY_FIELD(struct io_text, errors),  PY_FIELD(struct io_text, encoder),
    PY_FIELD(struct io_text, decoder), PY_FIELD(struct io_text, decoded),
    PY_FIELD(struct io_text, fed),
};

struct py_type py_io_text_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_io.TextIOWrapper",
    .basicsize = sizeof(struct io_text),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE | PY_TYPE_FINALIZER,
    .field_count = sizeof text_fields / sizeof *text_fields,
    .fields = text_fields,
    .weaklist_offset = offsetof(struct py_io, weaklist),
    .dict_offset = offsetof(struct py_io, dict),
    .super = &py_io_text_base_type,
    .dealloc = text_dealloc,
    .repr = text_repr,
    .iternext = io_text_next,
    .init = text_init,
    .new_ = io_new,
    .methods = text_methods,
    .getsets = text_getsets,
    .members = text_members,
    .doc = "Text over a file of bytes: decoded, encoded, and divided into lines.",
};
