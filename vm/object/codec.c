/* Codecs: utf-8, ascii, latin-1, utf-16 and utf-32 between bytes and str.
 *
 * A decoder walks the octets; at one it cannot read it names the range and the reason, and the
 * error handler decides what stands there instead (decode_error). Encoders do the same with
 * characters. ASCII-only input, the common case, is copied without looking further.
 *
 * Handlers: strict, ignore, replace, backslashreplace, surrogateescape, surrogatepass, and for
 * encoding xmlcharrefreplace. A handler's name is looked at only when there is an error, as in
 * CPython. Encoding names are compared without case, with '-', ' ' and '_' alike.
 *
 * Invalid UTF-8 is reported as CPython does: the longest prefix of a valid sequence is one error.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"

enum codec { CODEC_UTF8, CODEC_ASCII, CODEC_LATIN1, CODEC_UTF16, CODEC_UTF32, CODEC_NONE };

struct coding {
    enum codec codec;
    const char *name; /* as errors show it */
    int order;        /* utf-16/32: -1 little, 1 big, 0 by mark */
};

static struct coding find_coding(const char *encoding)
{
    static const struct {
        const char *alias;
        struct coding coding;
    } table[] = {
        {"utf_8", {CODEC_UTF8, "utf-8", 0}},
        {"utf8", {CODEC_UTF8, "utf-8", 0}},
        {"u8", {CODEC_UTF8, "utf-8", 0}},
        {"ascii", {CODEC_ASCII, "ascii", 0}},
        {"us_ascii", {CODEC_ASCII, "ascii", 0}},
        {"646", {CODEC_ASCII, "ascii", 0}},
        {"latin_1", {CODEC_LATIN1, "latin-1", 0}},
        {"latin1", {CODEC_LATIN1, "latin-1", 0}},
        {"latin", {CODEC_LATIN1, "latin-1", 0}},
        {"l1", {CODEC_LATIN1, "latin-1", 0}},
        {"iso_8859_1", {CODEC_LATIN1, "latin-1", 0}},
        {"iso8859_1", {CODEC_LATIN1, "latin-1", 0}},
        {"8859", {CODEC_LATIN1, "latin-1", 0}},
        {"cp819", {CODEC_LATIN1, "latin-1", 0}},
        {"utf_16", {CODEC_UTF16, "utf-16", 0}},
        {"utf16", {CODEC_UTF16, "utf-16", 0}},
        {"utf_16_le", {CODEC_UTF16, "utf-16-le", -1}},
        {"utf_16le", {CODEC_UTF16, "utf-16-le", -1}},
        {"utf_16_be", {CODEC_UTF16, "utf-16-be", 1}},
        {"utf_16be", {CODEC_UTF16, "utf-16-be", 1}},
        {"utf_32", {CODEC_UTF32, "utf-32", 0}},
        {"utf32", {CODEC_UTF32, "utf-32", 0}},
        {"utf_32_le", {CODEC_UTF32, "utf-32-le", -1}},
        {"utf_32le", {CODEC_UTF32, "utf-32-le", -1}},
        {"utf_32_be", {CODEC_UTF32, "utf-32-be", 1}},
        {"utf_32be", {CODEC_UTF32, "utf-32-be", 1}},
    };
    if (!encoding || strcmp(encoding, "utf-8") == 0 || strcmp(encoding, "UTF-8") == 0)
        return table[0].coding;
    char name[32];
    size_t n = 0;
    for (; encoding[n] && n < sizeof(name) - 1; n++) {
        const char c = encoding[n];
        name[n] = c == '-' || c == ' ' ? '_' : (char)tolower((unsigned char)c);
    }
    name[n] = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table) && !encoding[n]; i++)
        if (strcmp(name, table[i].alias) == 0)
            return table[i].coding;
    return (struct coding){.codec = CODEC_NONE};
}

enum handler {
    ON_STRICT,
    ON_IGNORE,
    ON_REPLACE,
    ON_BACKSLASH,
    ON_ESCAPE,
    ON_PASS,
    ON_XML,
    ON_UNKNOWN
};

static enum handler find_handler(const char *errors)
{
    static const char *const names[] = {"strict",           "ignore",          "replace",
                                        "backslashreplace", "surrogateescape", "surrogatepass",
                                        "xmlcharrefreplace"};
    if (!errors)
        return ON_STRICT;
    for (int i = 0; i < ON_UNKNOWN; i++)
        if (strcmp(errors, names[i]) == 0)
            return (enum handler)i;
    return ON_UNKNOWN;
}

/* UnicodeDecodeError(encoding, object, start, end, reason) and its encoding twin. Returns -1. */
static int raise_unicode_error(struct py_type *type, const char *encoding, struct py_object *object,
                               int64_t start, int64_t end, const char *reason)
{
    struct py_object *items[5] = {PY_OBJ(py_str_from_cstr(encoding)), py_newref(object),
                                  py_int_from_i64(start), py_int_from_i64(end),
                                  PY_OBJ(py_str_from_cstr(reason))};
    struct py_tuple *args = py_tuple_from_array_steal(items, 5);
    struct py_object *e = args ? py_exc_instantiate(PY_OBJ(type), PY_OBJ(args)) : NULL;
    py_xdecref(args);
    if (e)
        py_raise_instance(e);
    py_xdecref(e);
    return -1;
}

/* Decoding. */

struct decoder {
    const struct coding *coding;
    const char *errors;
    const uint8_t *data;
    int64_t length;
    struct py_strbuf out;
};

/* Puts what the handler says in place of data[start..end). */
static int decode_error(struct decoder *d, int64_t start, int64_t end, const char *reason)
{
    char text[8];
    switch (find_handler(d->errors)) {
    case ON_IGNORE:
        return 0;
    case ON_REPLACE:
        return py_strbuf_char(&d->out, 0xfffd);
    case ON_BACKSLASH:
        for (int64_t i = start; i < end; i++) {
            snprintf(text, sizeof(text), "\\x%02x", d->data[i]);
            if (py_strbuf_cstr(&d->out, text) < 0)
                return -1;
        }
        return 0;
    case ON_ESCAPE:
        for (int64_t i = start; i < end; i++) {
            if (d->data[i] < 128)
                goto strict;
            if (py_strbuf_char(&d->out, 0xdc00u + d->data[i]) < 0)
                return -1;
        }
        return 0;
    case ON_UNKNOWN:
        return py_raise_int(&py_exc_LookupError, "unknown error handler name '%.400s'", d->errors);
    case ON_STRICT:
    case ON_PASS:
    case ON_XML:
        break;
    }
strict:;
    struct py_bytes *object = py_bytes_from(d->data, (size_t)d->length);
    if (object)
        raise_unicode_error(&py_exc_UnicodeDecodeError, d->coding->name, PY_OBJ(object), start, end,
                            reason);
    py_xdecref(object);
    return -1;
}

/* Length of the sequence that lead begins, and the bounds of its second octet; 0: none. */
static int sequence_of(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    *high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

static bool is_surrogate_sequence(const uint8_t *p, int64_t n)
{
    return n >= 3 && p[0] == 0xed && p[1] >= 0xa0 && p[1] <= 0xbf && (p[2] & 0xc0) == 0x80;
}

/* The sequence at i; appends it or handles the error; the next position, or -1. */
static int64_t decode_utf8_at(struct decoder *d, int64_t i)
{
    const uint8_t *p = d->data + i;
    const int64_t left = d->length - i;
    uint8_t low, high;
    const int want = sequence_of(p[0], &low, &high);
    if (want == 0)
        return decode_error(d, i, i + 1, "invalid start byte") < 0 ? -1 : i + 1;
    int good = 1;
    if (left > 1 && p[1] >= low && p[1] <= high)
        for (good = 2; good < want && good < left && (p[good] & 0xc0) == 0x80;)
            good++;
    if (good < want) {
        if (is_surrogate_sequence(p, left) && find_handler(d->errors) == ON_PASS) {
            const uint32_t c = (uint32_t)(0xd000 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f));
            return py_strbuf_char(&d->out, c) < 0 ? -1 : i + 3;
        }
        const char *reason = good == left ? "unexpected end of data" : "invalid continuation byte";
        return decode_error(d, i, i + good, reason) < 0 ? -1 : i + good;
    }
    uint32_t c = p[0] & (0x7fu >> want);
    for (int k = 1; k < want; k++)
        c = c << 6 | (p[k] & 0x3f);
    return py_strbuf_char(&d->out, c) < 0 ? -1 : i + want;
}

static int decode_utf8(struct decoder *d)
{
    for (int64_t i = 0; i < d->length;) {
        int64_t run = i;
        while (run < d->length && d->data[run] < 128)
            run++;
        if (run > i && py_strbuf_ascii(&d->out, (const char *)d->data + i, (size_t)(run - i)) < 0)
            return -1;
        i = run;
        if (i < d->length && (i = decode_utf8_at(d, i)) < 0)
            return -1;
    }
    return 0;
}

static int decode_ascii(struct decoder *d)
{
    for (int64_t i = 0; i < d->length; i++) {
        const int status = d->data[i] < 128
                               ? py_strbuf_char(&d->out, d->data[i])
                               : decode_error(d, i, i + 1, "ordinal not in range(128)");
        if (status < 0)
            return -1;
    }
    return 0;
}

static uint32_t read_unit(const uint8_t *p, int width, bool big)
{
    uint32_t v = 0;
    for (int i = 0; i < width; i++)
        v |= (uint32_t)p[i] << 8 * (big ? width - 1 - i : i);
    return v;
}

/* Byte order from a mark at the beginning, which is skipped. */
static bool find_order(const struct decoder *d, int width, int64_t *i)
{
    if (d->coding->order || d->length < width)
        return d->coding->order > 0;
    const bool big = read_unit(d->data, width, true) == 0xfeff;
    if (big || read_unit(d->data, width, false) == 0xfeff)
        *i = width;
    return big;
}

static int decode_utf16(struct decoder *d)
{
    int64_t i = 0;
    const bool big = find_order(d, 2, &i);
    while (i < d->length) {
        const int64_t left = d->length - i;
        if (left < 2)
            return decode_error(d, i, d->length, "truncated data");
        uint32_t c = read_unit(d->data + i, 2, big);
        int64_t used = 2;
        int status = 0;
        if (c >= 0xd800 && c < 0xe000 && find_handler(d->errors) != ON_PASS) {
            const uint32_t low = c < 0xdc00 && left >= 4 ? read_unit(d->data + i + 2, 2, big) : 0;
            if (c >= 0xdc00)
                status = decode_error(d, i, i + 2, "illegal encoding");
            else if (left < 4)
                status = decode_error(d, i, d->length, "unexpected end of data"), used = left;
            else if (low < 0xdc00 || low > 0xdfff)
                status = decode_error(d, i, i + 2, "illegal UTF-16 surrogate");
            else {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                used = 4;
                status = py_strbuf_char(&d->out, c);
            }
        } else {
            status = py_strbuf_char(&d->out, c);
        }
        if (status < 0)
            return -1;
        i += used;
    }
    return 0;
}

static int decode_utf32(struct decoder *d)
{
    int64_t i = 0;
    const bool big = find_order(d, 4, &i);
    for (; i < d->length; i += 4) {
        if (d->length - i < 4)
            return decode_error(d, i, d->length, "truncated data");
        const uint32_t c = read_unit(d->data + i, 4, big);
        int status;
        if (c > 0x10ffff)
            status = decode_error(d, i, i + 4, "code point not in range(0x110000)");
        else if (c >= 0xd800 && c < 0xe000 && find_handler(d->errors) != ON_PASS)
            status = decode_error(d, i, i + 4,
                                  "code point in surrogate code point range(0xd800, 0xe000)");
        else
            status = py_strbuf_char(&d->out, c);
        if (status < 0)
            return -1;
    }
    return 0;
}

/* What the module _codecs makes of it: encodings that are not built in, and error handlers that the
 * program registered. */
static struct py_object *by_registry(const char *function, struct py_object *what,
                                     const char *encoding, const char *errors)
{
    if (!py_runtime.initialized)
        return py_raise(&py_exc_LookupError, "unknown encoding: %s", encoding);
    struct py_object *codecs = py_import_module("_codecs");
    PY_HOLD(&codecs);
    struct py_object *name = PY_OBJ(py_str_from_cstr(encoding ? encoding : "utf-8"));
    PY_HOLD(&name);
    struct py_object *handler = errors ? PY_OBJ(py_str_from_cstr(errors)) : PY_NONE;
    PY_HOLD(&handler);
    struct py_object *const result =
        codecs && name && handler ? py_call_method_cstr(codecs, function, 3, what, name, handler)
                                  : NULL;
    py_clear(handler);
    py_clear(name);
    py_clear(codecs);
    return result;
}

static struct py_object *decode_by_registry(const char *function, const uint8_t *data, size_t len,
                                            const char *encoding, const char *errors)
{
    struct py_object *octets = PY_OBJ(py_bytes_from(len ? (const void *)data : "", len));
    if (!octets)
        return NULL;
    PY_HOLD(&octets);
    struct py_object *const text = by_registry(function, octets, encoding, errors);
    py_clear(octets);
    return text;
}

struct py_object *py_bytes_decode(const uint8_t *data, size_t len, const char *encoding,
                                  const char *errors)
{
    const struct coding coding = find_coding(encoding);
    if (coding.codec == CODEC_NONE)
        return decode_by_registry("_decode_text", data, len, encoding, errors);
    const bool octet_codec = coding.codec <= CODEC_LATIN1;
    if (coding.codec == CODEC_LATIN1 || (octet_codec && chars_bound(data, 1, (int64_t)len) == 127))
        return PY_OBJ(py_str_from_latin1(data, len));
    if (find_handler(errors) == ON_UNKNOWN && py_runtime.initialized) {
        struct py_object *const plain = py_bytes_decode(data, len, encoding, NULL);
        if (plain || !py_error_matches(&py_exc_UnicodeError))
            return plain;
        py_error_clear();
        return decode_by_registry("_decode_slow", data, len, encoding, errors);
    }
    struct decoder d = {.coding = &coding, .errors = errors, .data = data, .length = (int64_t)len};
    py_strbuf_init(&d.out);
    const int status = coding.codec == CODEC_UTF8    ? decode_utf8(&d)
                       : coding.codec == CODEC_ASCII ? decode_ascii(&d)
                       : coding.codec == CODEC_UTF16 ? decode_utf16(&d)
                                                     : decode_utf32(&d);
    if (status < 0) {
        py_strbuf_deinit(&d.out);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&d.out));
}

/* Encoding. */

struct encoder {
    const struct coding *coding;
    const char *errors;
    struct py_str *s;
    uint8_t *out;
    size_t length, capacity;
};

static int emit(struct encoder *e, const void *data, size_t n)
{
    if (e->length + n > e->capacity) {
        const size_t capacity = (e->length + n) * 2;
        uint8_t *out = py_mem_realloc(e->out, capacity);
        if (!out) {
            py_raise_no_memory();
            return -1;
        }
        e->out = out;
        e->capacity = capacity;
    }
    memcpy(e->out + e->length, data, n);
    e->length += n;
    return 0;
}

static int emit_unit(struct encoder *e, uint32_t v, int width)
{
    uint8_t unit[4];
    const bool big = e->coding->order > 0;
    for (int i = 0; i < width; i++)
        unit[i] = (uint8_t)(v >> 8 * (big ? width - 1 - i : i));
    return emit(e, unit, (size_t)width);
}

static int emit_utf8(struct encoder *e, uint32_t c)
{
    uint8_t text[4];
    size_t n = 0;
    if (c < 0x80) {
        text[n++] = (uint8_t)c;
    } else if (c < 0x800) {
        text[n++] = (uint8_t)(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        text[n++] = (uint8_t)(0xe0 | c >> 12);
        text[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    } else {
        text[n++] = (uint8_t)(0xf0 | c >> 18);
        text[n++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        text[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    }
    if (c >= 0x80)
        text[n++] = (uint8_t)(0x80 | (c & 0x3f));
    return emit(e, text, n);
}

/* A character that the codec can encode (or a surrogate let through). */
static int emit_char(struct encoder *e, uint32_t c)
{
    switch (e->coding->codec) {
    case CODEC_UTF8:
        return emit_utf8(e, c);
    case CODEC_UTF16:
        if (c < 0x10000)
            return emit_unit(e, c, 2);
        if (emit_unit(e, 0xd800 + ((c - 0x10000) >> 10), 2) < 0)
            return -1;
        return emit_unit(e, 0xdc00 + ((c - 0x10000) & 0x3ff), 2);
    case CODEC_UTF32:
        return emit_unit(e, c, 4);
    default:
        return emit_unit(e, c, 1);
    }
}

static int emit_text(struct encoder *e, const char *text)
{
    for (; *text; text++)
        if (emit_char(e, (uint8_t)*text) < 0)
            return -1;
    return 0;
}

static bool encodable(const struct encoder *e, uint32_t c)
{
    switch (e->coding->codec) {
    case CODEC_ASCII:
        return c < 128;
    case CODEC_LATIN1:
        return c < 256;
    default:
        return c < 0xd800 || c > 0xdfff;
    }
}

static int strict_error(struct encoder *e, int64_t start, int64_t end)
{
    const char *reason = e->coding->codec == CODEC_ASCII    ? "ordinal not in range(128)"
                         : e->coding->codec == CODEC_LATIN1 ? "ordinal not in range(256)"
                                                            : "surrogates not allowed";
    return raise_unicode_error(&py_exc_UnicodeEncodeError, e->coding->name, PY_OBJ(e->s), start,
                               end, reason);
}

/* One character that cannot be encoded; start..end is the run of such characters it belongs to. */
static int encode_error(struct encoder *e, int64_t at, int64_t start, int64_t end)
{
    const uint32_t c = py_str_char(e->s, at);
    char text[24];
    switch (find_handler(e->errors)) {
    case ON_IGNORE:
        return 0;
    case ON_REPLACE:
        return emit_char(e, '?');
    case ON_BACKSLASH:
        snprintf(text, sizeof(text),
                 c < 0x100     ? "\\x%02x"
                 : c < 0x10000 ? "\\u%04x"
                               : "\\U%08x",
                 c);
        return emit_text(e, text);
    case ON_XML:
        snprintf(text, sizeof(text), "&#%u;", c);
        return emit_text(e, text);
    case ON_ESCAPE:
        if (c >= 0xdc80 && c <= 0xdcff && e->coding->codec <= CODEC_LATIN1) {
            const uint8_t octet = (uint8_t)(c - 0xdc00);
            return emit(e, &octet, 1);
        }
        return strict_error(e, at, end);
    case ON_PASS:
        if (c >= 0xd800 && c <= 0xdfff && e->coding->codec != CODEC_ASCII &&
            e->coding->codec != CODEC_LATIN1)
            return emit_char(e, c);
        return strict_error(e, at, end);
    case ON_UNKNOWN:
        return py_raise_int(&py_exc_LookupError, "unknown error handler name '%.400s'", e->errors);
    case ON_STRICT:
        break;
    }
    return strict_error(e, start, end);
}

static int encode_all(struct encoder *e)
{
    const int64_t n = e->s->length;
    if (e->coding->order == 0 &&
        (e->coding->codec == CODEC_UTF16 || e->coding->codec == CODEC_UTF32) &&
        emit_char(e, 0xfeff) < 0)
        return -1;
    for (int64_t i = 0; i < n;) {
        if (encodable(e, py_str_char(e->s, i))) {
            if (emit_char(e, py_str_char(e->s, i)) < 0)
                return -1;
            i++;
            continue;
        }
        const int64_t start = i;
        int64_t end = i;
        while (end < n && !encodable(e, py_str_char(e->s, end)))
            end++;
        for (; i < end; i++)
            if (encode_error(e, i, start, end) < 0)
                return -1;
    }
    return 0;
}

struct py_object *py_str_encode(struct py_object *str, const char *encoding, const char *errors)
{
    const struct coding coding = find_coding(encoding);
    struct py_str *s = (struct py_str *)str;
    if (coding.codec == CODEC_NONE)
        return by_registry("_encode_text", str, encoding, errors);
    if ((s->ascii && coding.codec <= CODEC_LATIN1) ||
        (s->kind == 1 && coding.codec == CODEC_LATIN1))
        return PY_OBJ(py_bytes_from(py_str_data(s), (size_t)s->length));
    struct encoder e = {.coding = &coding, .errors = errors, .s = s};
    struct py_object *result = NULL;
    if (find_handler(errors) == ON_UNKNOWN && py_runtime.initialized) {
        struct py_object *const plain = py_str_encode(str, encoding, NULL);
        if (plain || !py_error_matches(&py_exc_UnicodeError))
            return plain;
        py_error_clear();
        return by_registry("_encode_slow", str, encoding, errors);
    }
    if (encode_all(&e) == 0)
        result = PY_OBJ(py_bytes_from(e.length ? (void *)e.out : "", e.length));
    py_mem_free(e.out);
    return result;
}

const char *py_str_utf8_strict(struct py_object *str, size_t *len)
{
    struct py_str *const s = (struct py_str *)str;
    for (int64_t i = 0; s->kind > 1 && i < s->length; i++) {
        const uint32_t c = py_str_char(s, i);
        if (c >= 0xd800 && c <= 0xdfff) {
            py_xdecref(py_str_encode(str, "utf-8", NULL)); /* raises */
            return NULL;
        }
    }
    return py_str_utf8(s, len);
}
