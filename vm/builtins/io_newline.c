/* IncrementalNewlineDecoder: makes \n of \r\n and \r, across calls, and notes which it saw.
 *
 * A \r at the end of a piece waits for what follows (pending), so that \r\n is never taken apart.
 * Without a decoder of its own it is given text instead of octets.
 */
#include <string.h>

#include "vm/builtins/io_base.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct newline_decoder {
    struct py_object base;
    struct py_object *decoder, *errors;
    bool translate, pending, ready;
    uint8_t seen;
};
#define DECODER(o) ((struct newline_decoder *)(o))

static int check_ready(struct py_object *o)
{
    return DECODER(o)->ready ? 0
                             : py_raise_int(&py_exc_ValueError,
                                            "IncrementalNewlineDecoder.__init__() not called");
}

struct py_object *io_newline_decoder_make(struct py_object *decoder, bool translate)
{
    struct newline_decoder *const d = py_object_new(&py_io_newline_decoder_type);
    if (!d)
        return NULL;
    d->decoder = decoder ? py_newref(decoder) : NULL;
    d->translate = translate;
    d->ready = true;
    py_gc_track(d);
    return PY_OBJ(d);
}

static int decoder_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                        struct py_tuple *kwnames)
{
    static const char *const names[] = {"decoder", "translate", "errors"};
    static const struct py_params params = {.function = "IncrementalNewlineDecoder",
                                            .names = names,
                                            .count = 3,
                                            .required = 2,
                                            .keyword_only = 3};
    struct newline_decoder *const d = DECODER(self);
    struct py_object *in[3] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return -1;
    const int translate = py_truth(in[1]);
    if (translate < 0)
        return -1;
    py_setref(d->decoder, in[0] == PY_NONE ? NULL : py_newref(in[0]));
    py_setref(d->errors, in[2] ? py_newref(in[2]) : NULL);
    d->translate = translate;
    d->pending = false;
    d->seen = 0;
    d->ready = true;
    return 0;
}

struct py_object *io_newlines_as(struct py_str *text, const char *end)
{
    struct py_strbuf out;
    py_strbuf_init(&out);
    const size_t n = strlen(end);
    int64_t from = 0;
    for (int64_t i = 0; i < text->length; i++) {
        if (py_str_char(text, i) != '\n')
            continue;
        if (py_strbuf_range(&out, text, from, i) < 0 || py_strbuf_ascii(&out, end, n) < 0) {
            py_strbuf_deinit(&out);
            return NULL;
        }
        from = i + 1;
    }
    if (py_strbuf_range(&out, text, from, text->length) < 0) {
        py_strbuf_deinit(&out);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&out));
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

/* A pass over text: notes what newlines it has, and writes them as \n if asked to. */
static struct py_object *pass(struct newline_decoder *d, struct py_str *s, bool final)
{
    int64_t n = s->length;
    if (!d->pending && !has_char(s, '\r')) { /* as most text */
        if (!(d->seen & SEEN_LF) && has_char(s, '\n'))
            d->seen |= SEEN_LF;
        return py_newref(PY_OBJ(s));
    }
    const bool began = d->pending && (n > 0 || final);
    const bool ends = !final && n > 0 && py_str_char(s, n - 1) == '\r';
    struct py_strbuf out;
    py_strbuf_init(&out);
    if (began)
        d->pending = false;
    if (ends) {
        n--;
        d->pending = true;
    }
    int64_t from = 0;
    bool after_cr = began, ok = true, changed = began || ends;
    for (int64_t i = 0; i <= n && ok; i++) {
        const uint32_t c = i < n ? py_str_char(s, i) : 0;
        if (after_cr) { /* decides what the \r before it was; it is not written yet */
            const bool pair = i < n && c == '\n';
            d->seen |= pair ? SEEN_CRLF : SEEN_CR;
            after_cr = false;
            if (!d->translate)
                ok = py_strbuf_char(&out, '\r') == 0;
            else if (!pair)
                ok = py_strbuf_char(&out, '\n') == 0;
            if (pair) {
                ok = ok && py_strbuf_char(&out, '\n') == 0;
                from = i + 1;
                changed = true;
                continue;
            }
        }
        if (i == n)
            break;
        if (c == '\n') {
            d->seen |= SEEN_LF;
        } else if (c == '\r') {
            ok = py_strbuf_range(&out, s, from, i) == 0;
            from = i + 1;
            after_cr = changed = true;
        }
    }
    if (ok && !changed) {
        py_strbuf_deinit(&out);
        return py_newref(PY_OBJ(s));
    }
    if (!ok || py_strbuf_range(&out, s, from, n) < 0) {
        py_strbuf_deinit(&out);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&out));
}

struct py_object *io_newline_decode(struct py_object *o, struct py_object *input, bool final)
{
    struct newline_decoder *const d = DECODER(o);
    struct py_object *text = NULL;
    PY_HOLD(&text);
    if (d->decoder) {
        struct py_object *const in[2] = {input, py_bool_from(final)};
        text = py_call_method(d->decoder, py_str_const("decode"), in, 2);
    } else {
        text = py_newref(input);
    }
    if (!text)
        return NULL;
    struct py_object *result = NULL;
    if (py_str_check(text))
        result = pass(d, (struct py_str *)text, final);
    else
        py_raise(&py_exc_TypeError, "decoder should return a string result, not '%.200s'",
                 text->type->name);
    py_clear(text);
    return result;
}

struct py_object *io_newlines_object(unsigned seen)
{
    /* In the order in which CPython names them. */
    static const struct {
        uint8_t seen;
        const char *text;
    } order[] = {{SEEN_CR, "\r"}, {SEEN_LF, "\n"}, {SEEN_CRLF, "\r\n"}};
    struct py_object *items[3];
    size_t n = 0;
    for (int i = 0; i < 3; i++)
        if (seen & order[i].seen)
            items[n++] = PY_OBJ(py_str_const(order[i].text));
    if (n == 0)
        return PY_NONE;
    return n == 1 ? py_newref(items[0]) : PY_OBJ(py_tuple_from_array(items, n));
}

struct py_object *io_newlines_seen(struct py_object *o)
{
    return io_newlines_object(DECODER(o)->seen);
}

METHOD(decoder_decode)
{
    static const char *const names[] = {"input", "final"};
    static const struct py_params params = {
        .function = "decode", .names = names, .count = 2, .required = 1, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || check_ready(self) < 0)
        return NULL;
    const int final = in[1] ? py_truth(in[1]) : 0;
    return final < 0 ? NULL : io_newline_decode(self, in[0], final);
}

METHOD(decoder_getstate)
{
    UNUSED;
    struct newline_decoder *const d = DECODER(self);
    struct py_object *state = NULL, *octets = PY_OBJ(py_bytes_empty());
    int64_t flag = 0;
    if (check_ready(self) < 0)
        return NULL;
    PY_HOLD(&state);
    if (d->decoder) {
        state = py_call_method(d->decoder, py_str_const("getstate"), NULL, 0);
        if (!state)
            return NULL;
        const struct py_tuple *const t = (struct py_tuple *)state;
        if (!py_tuple_check(state) || t->base.size != 2) {
            py_clear(state);
            return py_raise(&py_exc_TypeError, "illegal decoder state");
        }
        octets = t->items[0];
        flag = py_int_as_i64(t->items[1]);
        if (flag == -1 && py_error_occurred()) {
            py_clear(state);
            return NULL;
        }
    }
    struct py_object *items[2] = {py_newref(octets), py_int_from_i64(flag << 1 | d->pending)};
    struct py_object *const result = PY_OBJ(py_tuple_from_array_steal(items, 2));
    py_clear(state);
    return result;
}

METHOD(decoder_setstate)
{
    UNUSED;
    struct newline_decoder *const d = DECODER(self);
    const struct py_tuple *const t = (struct py_tuple *)args[0];
    if (check_ready(self) < 0)
        return NULL;
    if (!py_tuple_check(args[0]))
        return py_raise(&py_exc_TypeError, "state argument must be a tuple");
    if (t->base.size != 2)
        return py_raise(&py_exc_TypeError, "setstate(): illegal state argument");
    const int64_t flag = py_int_as_i64(t->items[1]);
    if (flag == -1 && py_error_occurred())
        return NULL;
    d->pending = flag & 1;
    if (!d->decoder)
        return PY_NONE;
    struct py_object *items[2] = {py_newref(t->items[0]), py_int_from_i64(flag >> 1)};
    struct py_object *state = PY_OBJ(py_tuple_from_array_steal(items, 2));
    if (!state)
        return NULL;
    PY_HOLD(&state);
    struct py_object *const done = py_call_method(d->decoder, py_str_const("setstate"), &state, 1);
    py_clear(state);
    return done;
}

METHOD(decoder_reset)
{
    UNUSED;
    struct newline_decoder *const d = DECODER(self);
    if (check_ready(self) < 0)
        return NULL;
    d->seen = 0;
    d->pending = false;
    return d->decoder ? py_call_method(d->decoder, py_str_const("reset"), NULL, 0) : PY_NONE;
}

static struct py_object *get_newlines(struct py_object *self, void *closure)
{
    (void)closure;
    return check_ready(self) < 0 ? NULL : io_newlines_seen(self);
}

static const struct py_method_def decoder_methods[] = {
    METHOD_ROW_KW("decode", decoder_decode),
    METHOD_ROW("getstate", decoder_getstate, 0, 0),
    METHOD_ROW("setstate", decoder_setstate, 1, 1),
    METHOD_ROW("reset", decoder_reset, 0, 0),
    {.name = NULL},
};
static const struct py_getset_def decoder_getsets[] = {
    {.name = "newlines", .get = get_newlines},
    {.name = NULL},
};
static const struct py_field decoder_fields[] = {
    PY_FIELD(struct newline_decoder, decoder),
    PY_FIELD(struct newline_decoder, errors),
};
struct py_type py_io_newline_decoder_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_io.IncrementalNewlineDecoder",
    .basicsize = sizeof(struct newline_decoder),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .field_count = 2,
    .fields = decoder_fields,
    .init = decoder_init,
    .new_ = io_new,
    .methods = decoder_methods,
    .getsets = decoder_getsets,
    .doc = "Codec used when reading a file in universal newlines mode.",
};
