/* TextIOWrapper: reading.
 *
 *     buffer --read1()--> chunk of bytes --decoder--> decoded: |  read already  |  still to read  |
 *                                                              0              taken          length
 *
 * One chunk at a time: the next is fetched when all of decoded is taken, so decoded and the bytes
 * it was made of (fed) belong together, which is what tell() works from. Two places ask for more
 * than a chunk, read() for the whole rest and read(n) for many characters.
 *
 * With newlines of all kinds the decoder is an IncrementalNewlineDecoder, and a \r that ends a
 * chunk stays in it until the next one: no pair is ever taken apart. Where only \r\n ends a line
 * there is no such decoder, and readline() looks out for a pair across two chunks itself.
 */
#include <string.h>

#include "vm/builtins/file_impl.h"
#include "vm/builtins/io_text.h"
#include "vm/object/bytes.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* ---- the decoder ----------------------------------------------------------------------------- */

static struct py_object *decode_with(struct io_text *t, struct py_object *input, bool final)
{
    if (t->decoder->type == &py_io_newline_decoder_type)
        return io_newline_decode(t->decoder, input, final);
    struct py_object *const in[2] = {input, py_bool_from(final)};
    return py_call_method(t->decoder, py_str_const("decode"), in, 2);
}

struct py_object *io_text_decode(struct io_text *t, struct py_object *input, bool final)
{
    if (!t->decoder)
        return py_file_unsupported("not readable");
    t->decoder_fresh = false;
    struct py_object *held[2] = {py_newref(t->decoder), NULL};
    PY_HOLD_N(held, 2);
    held[1] = decode_with(t, input, final);
    py_clear(held[0]);
    if (held[1] && !py_str_check(held[1])) {
        py_raise(&py_exc_TypeError, "decoder should return a string result, not '%.200s'",
                 held[1]->type->name);
        py_clear(held[1]);
    }
    struct py_object *const text = held[1];
    held[1] = NULL;
    return text;
}

int io_text_decoder_state(struct io_text *t, struct py_object **kept, int64_t *flags)
{
    *kept = NULL;
    struct py_object *state = io_call(t->decoder, "getstate", NULL, 0);
    if (!state)
        return -1;
    PY_HOLD(&state);
    int status = -1;
    const struct py_tuple *const pair = (struct py_tuple *)state;
    if (!py_tuple_check(state) || pair->base.size != 2)
        py_raise(&py_exc_TypeError, "illegal decoder state");
    else if (!py_bytes_check(pair->items[0]))
        py_raise(&py_exc_TypeError,
                 "illegal decoder state: the first item should be a bytes object, not '%.200s'",
                 pair->items[0]->type->name);
    else
        status = i64_argument(pair->items[1], flags);
    if (status == 0)
        *kept = py_newref(pair->items[0]);
    py_clear(state);
    return status;
}

/* ---- chunks ---------------------------------------------------------------------------------- */

void io_text_forget(struct io_text *t)
{
    t->taken = 0;
    py_clear(t->decoded);
    py_clear(t->fed);
}

/* Characters that are decoded and not taken. */
static int64_t waiting(const struct io_text *t)
{
    return t->decoded ? ((struct py_str *)t->decoded)->length - t->taken : 0;
}

/* The next n of them (n is at most waiting()). New str. */
static struct py_object *take(struct io_text *t, int64_t n)
{
    if (n <= 0)
        return PY_OBJ(py_str_empty());
    struct py_str *const s = py_str_substring((struct py_str *)t->decoded, t->taken, t->taken + n);
    if (s)
        t->taken += n;
    return PY_OBJ(s);
}

/* How much to ask the buffer for, to get so many characters. */
static int64_t chunk_for(const struct io_text *t, int64_t chars)
{
    const double wanted = (double)chars * (t->density > 1 ? t->density : 1);
    return wanted > (double)t->chunk && wanted < (double)(INT64_MAX / 2) ? (int64_t)wanted
                                                                         : t->chunk;
}

/* Bytes out of what read1() or read() returned, whatever that is. New, or NULL with TypeError. */
static struct py_object *bytes_of(struct py_object *input, bool read1)
{
    if (py_bytes_check(input))
        return py_newref(input);
    OCTETS(in);
    if (octets_get(&in, input) == 0)
        return PY_OBJ(py_bytes_from(in.length ? in.data : (uint8_t *)"", (size_t)in.length));
    if (!py_error_matches(&py_exc_TypeError))
        return NULL;
    py_error_clear();
    return py_raise(&py_exc_TypeError,
                    "underlying %s() should have returned a bytes-like object, not '%.200s'",
                    read1 ? "read1" : "read", input->type->name);
}

/* kept + input, the decoder's input from a state in which it keeps nothing. New. */
static struct py_object *joined(struct py_object *kept, struct py_object *input)
{
    const struct py_bytes *const a = (struct py_bytes *)kept, *const b = (struct py_bytes *)input;
    if (a->base.size == 0)
        return py_newref(input);
    struct py_bytes *const all = py_bytes_from(NULL, (size_t)(a->base.size + b->base.size));
    if (all) {
        memcpy(all->data, a->data, (size_t)a->base.size);
        memcpy(all->data + a->base.size, b->data, (size_t)b->base.size);
    }
    return PY_OBJ(all);
}

enum { CHUNK_KEPT, CHUNK_SIZE, CHUNK_INPUT, CHUNK_BYTES, CHUNK_TEXT, CHUNK_FED, CHUNK_COUNT };

/* held: owned by the caller, whatever happens. */
static int next_chunk(struct io_text *t, int64_t chars, struct py_object **held)
{
    int64_t flags = 0;
    if (t->telling && io_text_decoder_state(t, &held[CHUNK_KEPT], &flags) < 0)
        return -1;
    const bool read1 = t->has_read1;
    if (io_text_check(t) < 0 || !(held[CHUNK_SIZE] = py_int_from_i64(chunk_for(t, chars))))
        return -1;
    held[CHUNK_INPUT] = io_call(t->buffer, read1 ? "read1" : "read", &held[CHUNK_SIZE], 1);
    if (!held[CHUNK_INPUT] || !(held[CHUNK_BYTES] = bytes_of(held[CHUNK_INPUT], read1)))
        return -1;
    const int64_t got = ((struct py_bytes *)held[CHUNK_BYTES])->base.size;
    if (io_text_check(t) < 0 ||
        !(held[CHUNK_TEXT] = io_text_decode(t, held[CHUNK_INPUT], got == 0)))
        return -1;
    const int64_t made = ((struct py_str *)held[CHUNK_TEXT])->length;
    if (held[CHUNK_KEPT] && !(held[CHUNK_FED] = joined(held[CHUNK_KEPT], held[CHUNK_BYTES])))
        return -1;
    t->density = made ? (double)got / (double)made : 0;
    t->taken = 0;
    py_setref(t->decoded, py_newref(held[CHUNK_TEXT]));
    if (held[CHUNK_FED]) {
        py_setref(t->fed, py_newref(held[CHUNK_FED]));
        t->fed_flags = flags;
    }
    return got > 0 || made > 0;
}

/* Replaces decoded, all of which is taken. 1; 0 at the end; -1: exception. chars: how many the
 * program waits for, 0: no idea. */
static int read_chunk(struct io_text *t, int64_t chars)
{
    if (!t->decoder)
        return py_file_unsupported("not readable"), -1;
    struct py_object *held[CHUNK_COUNT] = {NULL};
    PY_HOLD_N(held, CHUNK_COUNT);
    const int status = next_chunk(t, chars, held);
    for (int i = 0; i < CHUNK_COUNT; i++)
        py_clear(held[i]);
    return status;
}

/* ---- read() ---------------------------------------------------------------------------------- */

static struct py_object *read_rest(struct io_text *t)
{
    struct py_object *held[3] = {io_call(t->buffer, "read", NULL, 0), NULL, NULL};
    PY_HOLD_N(held, 3);
    struct py_object *all = NULL;
    if (held[0] && io_text_check(t) == 0)
        held[1] = io_text_decode(t, held[0], true);
    if (held[1])
        held[2] = take(t, waiting(t));
    if (held[2])
        all = PY_OBJ(py_str_concat((struct py_str *)held[2], (struct py_str *)held[1]));
    for (int i = 0; i < 3; i++)
        py_clear(held[i]);
    if (all)
        io_text_forget(t);
    return all;
}

/* n characters, or those up to the end. */
static struct py_object *read_some(struct io_text *t, int64_t n)
{
    if (n <= waiting(t))
        return take(t, n);
    struct py_strbuf out;
    py_strbuf_init(&out);
    int status = 1;
    while (status > 0 && out.length < n) {
        const int64_t there = waiting(t);
        if (there == 0) {
            status = read_chunk(t, n - out.length);
            continue;
        }
        const int64_t part = there < n - out.length ? there : n - out.length;
        if (py_strbuf_range(&out, (struct py_str *)t->decoded, t->taken, t->taken + part) < 0)
            status = -1;
        t->taken += part;
    }
    if (status >= 0)
        return PY_OBJ(py_strbuf_finish(&out));
    py_strbuf_deinit(&out);
    return NULL;
}

IO_TEXT_METHOD(io_text_read)
{
    UNUSED;
    struct io_text *const t = TEXT_IO(self);
    int64_t n;
    if (io_size_argument(args, nargs, &n) < 0 || io_text_check_open(t) < 0)
        return NULL;
    if (!t->decoder)
        return py_file_unsupported("not readable");
    if (io_text_write_pending(t) < 0 || io_text_check(t) < 0)
        return NULL;
    return n < 0 ? read_rest(t) : read_some(t, n);
}

/* ---- readline() ------------------------------------------------------------------------------ */

static int64_t find_char(const struct py_str *s, char c, int64_t from)
{
    if (s->kind == 1) {
        const uint8_t *const data = py_str_data(s);
        const uint8_t *const at = memchr(data + from, c, (size_t)(s->length - from));
        return at ? at - data : -1;
    }
    for (int64_t i = from; i < s->length; i++)
        if (py_str_char(s, i) == (uint32_t)c)
            return i;
    return -1;
}

static int64_t any_end(const struct py_str *s, int64_t from)
{
    for (int64_t i = from; i < s->length; i++) {
        const uint32_t c = py_str_char(s, i);
        if (c == '\n' || (c == '\r' && (i + 1 == s->length || py_str_char(s, i + 1) != '\n')))
            return i + 1;
        if (c == '\r')
            return i + 2;
    }
    return -1;
}

/* Where the line that begins at `from` ends, its newline included; -1: not in s. */
static int64_t line_end(enum io_ends ends, const struct py_str *s, int64_t from)
{
    if (ends == IO_ENDS_ANY)
        return any_end(s, from);
    int64_t at = from - 1;
    do {
        at = find_char(s, ends == IO_ENDS_CR || ends == IO_ENDS_CRLF ? '\r' : '\n', at + 1);
        if (at < 0)
            return -1;
        if (ends != IO_ENDS_CRLF)
            return at + 1;
    } while (at + 1 == s->length || py_str_char(s, at + 1) != '\n');
    return at + 2;
}

/* A line that goes on behind what is decoded, or one that is cut off after `limit` characters. */
static struct py_object *long_line(struct io_text *t, int64_t limit)
{
    struct py_strbuf line;
    py_strbuf_init(&line);
    bool ended = false, after_cr = false;
    int status = 1;
    while (status > 0 && !ended) {
        if (waiting(t) == 0) {
            status = read_chunk(t, 0);
            if (status == 0)
                io_text_forget(t);
            continue;
        }
        const struct py_str *const s = (struct py_str *)t->decoded;
        const int64_t from = t->taken;
        int64_t end = after_cr && py_str_char(s, from) == '\n'
                          ? from + 1
                          : line_end((enum io_ends)t->ends, s, from);
        ended = end >= 0;
        if (!ended)
            end = s->length;
        if (limit >= 0 && line.length + (end - from) >= limit) {
            end = from + (limit - line.length);
            ended = true;
        }
        if (py_strbuf_range(&line, s, from, end) < 0)
            status = -1;
        t->taken = end;
        after_cr = t->ends == IO_ENDS_CRLF && end > 0 && py_str_char(s, end - 1) == '\r';
    }
    if (status >= 0)
        return PY_OBJ(py_strbuf_finish(&line));
    py_strbuf_deinit(&line);
    return NULL;
}

static struct py_object *read_line(struct io_text *t, int64_t limit)
{
    if (io_text_check_open(t) < 0 || io_text_write_pending(t) < 0 || io_text_check(t) < 0)
        return NULL;
    if (waiting(t) > 0) {
        const int64_t end = line_end((enum io_ends)t->ends, (struct py_str *)t->decoded, t->taken);
        if (end >= 0 && (limit < 0 || end - t->taken <= limit))
            return take(t, end - t->taken);
    }
    return long_line(t, limit);
}

IO_TEXT_METHOD(io_text_readline)
{
    UNUSED;
    int64_t limit = -1;
    if (nargs && (limit = py_int_as_ssize(args[0])) == -1 && py_error_occurred())
        return NULL;
    return read_line(TEXT_IO(self), limit);
}

/* ---- iteration ------------------------------------------------------------------------------- */

/* A subclass may have a readline() of its own. */
static struct py_object *line_of_method(struct py_object *self)
{
    struct py_object *line = py_call_method(self, py_str_const("readline"), NULL, 0);
    if (!line || py_str_check(line))
        return line;
    PY_HOLD(&line);
    py_raise(&py_exc_OSError, "readline() should have returned a str object, not '%.200s'",
             line->type->name);
    py_clear(line);
    return NULL;
}

struct py_object *io_text_next(struct py_object *self)
{
    struct io_text *const t = TEXT_IO(self);
    if (io_text_check(t) < 0)
        return NULL;
    t->telling = false;
    struct py_object *line =
        self->type == &py_io_text_type ? read_line(t, -1) : line_of_method(self);
    if (!line || ((struct py_str *)line)->length > 0)
        return line;
    py_decref(line);
    py_clear(t->fed);
    t->telling = t->seekable;
    return NULL;
}
