/* str: alignment, expandtabs, zfill, translate, maketrans, encode. */
#include <string.h>

#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

/* Padding. */

static struct py_object *pad(struct py_str *s, int64_t left, int64_t right, uint32_t fill)
{
    if (left <= 0 && right <= 0)
        return PY_OBJ(str_exact(s));
    const uint32_t bound = str_bound(s) > fill ? str_bound(s) : fill;
    if (left > INT64_MAX / 4 - s->length - right)
        return py_raise(&py_exc_OverflowError, "padded string is too long");
    struct py_str *out = py_str_alloc(left + s->length + right, bound);
    if (!out)
        return NULL;
    chars_fill(py_str_data(out), out->kind, 0, fill, left);
    str_copy_into(out, left, s, 0, s->length);
    chars_fill(py_str_data(out), out->kind, left + s->length, fill, right);
    return PY_OBJ(out);
}

static int pad_args(struct py_str *s, struct py_object *const *args, size_t nargs, int64_t *extra,
                    uint32_t *fill)
{
    const int64_t width = py_int_as_ssize_arg(args[0]);
    if (width == -1 && py_error_occurred())
        return -1;
    *fill = ' ';
    if (nargs > 1) {
        if (!py_str_check(args[1]))
            return py_raise_int(&py_exc_TypeError,
                                "The fill character must be a unicode character, not %.100s",
                                args[1]->type->name);
        if (str_of(args[1])->length != 1)
            return py_raise_int(&py_exc_TypeError,
                                "The fill character must be exactly one character long");
        *fill = py_str_char(str_of(args[1]), 0);
    }
    *extra = width > s->length ? width - s->length : 0;
    return 0;
}

STR_METHOD(ljust)
{
    (void)kwnames;
    int64_t extra = 0;
    uint32_t fill = 0;
    if (pad_args(str_of(self), args, nargs, &extra, &fill) < 0)
        return NULL;
    return pad(str_of(self), 0, extra, fill);
}

STR_METHOD(rjust)
{
    (void)kwnames;
    int64_t extra = 0;
    uint32_t fill = 0;
    if (pad_args(str_of(self), args, nargs, &extra, &fill) < 0)
        return NULL;
    return pad(str_of(self), extra, 0, fill);
}

/* The odd column goes left if the width is odd, as in CPython. */
STR_METHOD(center)
{
    (void)kwnames;
    int64_t extra = 0;
    uint32_t fill = 0;
    if (pad_args(str_of(self), args, nargs, &extra, &fill) < 0)
        return NULL;
    const int64_t width = str_of(self)->length + extra;
    const int64_t left = extra / 2 + (extra & width & 1);
    return pad(str_of(self), left, extra - left, fill);
}

STR_METHOD(zfill)
{
    (void)nargs, (void)kwnames;
    struct py_str *s = str_of(self);
    const int64_t width = py_int_as_ssize_arg(args[0]);
    if (width == -1 && py_error_occurred())
        return NULL;
    if (width <= s->length)
        return PY_OBJ(str_exact(s));
    struct py_object *out = pad(s, width - s->length, 0, '0');
    if (!out || s->length == 0)
        return out;
    const uint32_t first = py_str_char(s, 0);
    if (first == '+' || first == '-') {
        void *data = py_str_data(str_of(out));
        chars_put(data, str_of(out)->kind, width - s->length, '0');
        chars_put(data, str_of(out)->kind, 0, first);
    }
    return out;
}

STR_METHOD(expandtabs)
{
    static const char *const names[] = {"tabsize"};
    static const struct py_params params = {
        .function = "expandtabs", .names = names, .count = 1, .keyword_only = 1};
    struct py_object *size = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &size) < 0)
        return NULL;
    const int64_t tab = size ? py_int_as_c_int(size) : 8;
    if (tab == -1 && py_error_occurred())
        return NULL;
    const struct py_str *s = str_of(self);
    struct py_strbuf b;
    py_strbuf_init(&b);
    int64_t column = 0;
    int status = 0;
    for (int64_t i = 0; i < s->length && status == 0; i++) {
        const uint32_t c = py_str_char(s, i);
        if (c == '\t') {
            const int64_t n = tab > 0 ? tab - column % tab : 0;
            status = py_strbuf_fill(&b, ' ', n);
            column += n;
            continue;
        }
        status = py_strbuf_char(&b, c);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
    if (status < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    b.max_char = chars_bound(b.data, b.kind, b.length);
    return PY_OBJ(py_strbuf_finish(&b));
}

STR_METHOD(encode)
{
    static const char *const names[] = {"encoding", "errors"};
    static const struct py_params params = {
        .function = "encode", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *parsed[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return NULL;
    const char *text[2] = {NULL};
    for (int i = 0; i < 2; i++) {
        if (!parsed[i])
            continue;
        if (!py_str_check(parsed[i]))
            return py_raise(&py_exc_TypeError, "encode() argument '%s' must be str, not %.50s",
                            names[i], parsed[i]->type->name);
        text[i] = py_str_utf8(str_of(parsed[i]), NULL);
    }
    return py_str_encode(self, text[0], text[1]);
}

/* translate */

/* Appends what the table's answer says; steals value. */
static int put_translation(struct py_strbuf *b, struct py_object *value)
{
    int status = 0;
    if (py_int_check(value)) {
        const int64_t c = py_int_as_i64_clip(value);
        status =
            c < 0 || c > 0x10ffff
                ? py_raise_int(&py_exc_ValueError, "character mapping must be in range(0x110000)")
                : py_strbuf_char(b, (uint32_t)c);
    } else if (py_str_check(value)) {
        status = py_strbuf_str(b, str_of(value));
    } else if (value != PY_NONE) {
        status =
            py_raise_int(&py_exc_TypeError, "character mapping must return integer, None or str");
    }
    py_decref(value);
    return status;
}

static int translate_char(struct py_strbuf *b, struct py_object *table, uint32_t c)
{
    struct py_object *key = py_int_from_i64(c);
    struct py_object *value;
    if (!key)
        return -1;
    if (py_dict_check_exact(table)) {
        value = py_dict_get((struct py_dict *)table, key);
        py_xincref(value);
    } else {
        PY_HOLD(&key);
        value = py_getitem(table, key);
        if (!value && py_error_matches(&py_exc_LookupError))
            py_error_clear();
    }
    py_xdecref(key);
    if (value)
        return put_translation(b, value);
    return py_error_occurred() ? -1 : py_strbuf_char(b, c);
}

STR_METHOD(translate)
{
    (void)nargs, (void)kwnames;
    const struct py_str *s = str_of(self);
    struct py_strbuf b;
    py_strbuf_init(&b);
    for (int64_t i = 0; i < s->length; i++)
        if (translate_char(&b, args[0], py_str_char(s, i)) < 0) {
            py_strbuf_deinit(&b);
            return NULL;
        }
    b.max_char = chars_bound(b.data, b.kind, b.length);
    return PY_OBJ(py_strbuf_finish(&b));
}

static int set_char_key(struct py_dict *d, uint32_t c, struct py_object *value)
{
    struct py_object *key = py_int_from_i64(c);
    const int status = key ? py_dict_set(d, key, value) : -1;
    py_xdecref(key);
    return status;
}

static int maketrans_from_dict(struct py_dict *out, struct py_object *from)
{
    if (!py_dict_check(from))
        return py_raise_int(&py_exc_TypeError,
                            "if you give only one argument to maketrans it must be a dict");
    int64_t pos = 0;
    struct py_object *key, *value;
    while (py_dict_next((struct py_dict *)from, &pos, &key, &value, NULL)) {
        int status;
        if (py_str_check(key)) {
            if (str_of(key)->length != 1)
                return py_raise_int(&py_exc_ValueError,
                                    "string keys in translate table must be of length 1");
            status = set_char_key(out, py_str_char(str_of(key), 0), value);
        } else if (py_int_check(key)) {
            status = py_dict_set(out, key, value);
        } else {
            return py_raise_int(&py_exc_TypeError,
                                "keys in translate table must be strings or integers");
        }
        if (status < 0)
            return -1;
    }
    return 0;
}

static int maketrans_from_texts(struct py_dict *out, struct py_object *const *args, size_t nargs)
{
    if (!py_str_check(args[0]))
        return py_raise_int(
            &py_exc_TypeError,
            "first maketrans argument must be a string if there is a second argument");
    for (size_t i = 1; i < nargs; i++)
        if (!py_str_check(args[i]))
            return py_raise_int(&py_exc_TypeError, "maketrans() argument %d must be str, not %.50s",
                                (int)i + 1, args[i]->type->name);
    const struct py_str *from = str_of(args[0]), *to = str_of(args[1]);
    if (from->length != to->length)
        return py_raise_int(&py_exc_ValueError,
                            "the first two maketrans arguments must have equal length");
    for (int64_t i = 0; i < from->length; i++) {
        struct py_object *value = py_int_from_i64(py_str_char(to, i));
        const int status = value ? set_char_key(out, py_str_char(from, i), value) : -1;
        py_xdecref(value);
        if (status < 0)
            return -1;
    }
    for (int64_t i = 0; nargs > 2 && i < str_of(args[2])->length; i++)
        if (set_char_key(out, py_str_char(str_of(args[2]), i), PY_NONE) < 0)
            return -1;
    return 0;
}

STR_METHOD(maketrans)
{
    (void)self, (void)kwnames;
    struct py_dict *out = py_dict_new();
    if (!out)
        return NULL;
    const int status =
        nargs == 1 ? maketrans_from_dict(out, args[0]) : maketrans_from_texts(out, args, nargs);
    if (status < 0) {
        py_decref(out);
        return NULL;
    }
    return PY_OBJ(out);
}
