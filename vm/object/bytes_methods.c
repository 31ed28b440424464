/* bytes: case, padding, questions, hex, translate, decode, and the table of methods.
 *
 * Letters, digits and spaces are ASCII's, whatever the locale.
 */
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/bytes_impl.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

#define METHOD(name) static BYTES_METHOD(name)

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}
static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}
static bool is_alpha(uint8_t c)
{
    return is_upper(c) || is_lower(c);
}
static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}
static bool is_alnum(uint8_t c)
{
    return is_alpha(c) || is_digit(c);
}
static uint8_t to_upper(uint8_t c)
{
    return is_lower(c) ? (uint8_t)(c - 32) : c;
}
static uint8_t to_lower(uint8_t c)
{
    return is_upper(c) ? (uint8_t)(c + 32) : c;
}

/* A new bytes of n octets to fill in, one of them at least: a fresh one even for n == 1, because
 * the shared ones must not be written; finish() trades those. */
static struct py_bytes *writable(int64_t n)
{
    return py_bytes_from(NULL, (size_t)n);
}

static struct py_object *finish(struct py_bytes *b)
{
    if (b && b->base.size == 1 && !py_is_immortal(PY_OBJ(b))) {
        struct py_bytes *shared = py_bytes_from(b->data, 1);
        py_decref(b);
        return PY_OBJ(shared);
    }
    return PY_OBJ(b);
}

/* Case. prev is the octet before, 0 at the start. */
static struct py_object *map_octets(struct py_object *self, uint8_t (*map)(uint8_t c, uint8_t prev))
{
    const struct py_bytes *b = bytes_of(self);
    struct py_bytes *out = writable(b->base.size);
    for (int64_t i = 0; out && i < b->base.size; i++)
        out->data[i] = map(b->data[i], i ? b->data[i - 1] : 0);
    return finish(out);
}

static uint8_t map_upper(uint8_t c, uint8_t prev)
{
    (void)prev;
    return to_upper(c);
}
static uint8_t map_lower(uint8_t c, uint8_t prev)
{
    (void)prev;
    return to_lower(c);
}
static uint8_t map_swap(uint8_t c, uint8_t prev)
{
    (void)prev;
    return is_upper(c) ? to_lower(c) : to_upper(c);
}
static uint8_t map_title(uint8_t c, uint8_t prev)
{
    return is_alpha(prev) ? to_lower(c) : to_upper(c);
}

#define CASE_METHOD(name, map)                  \
    METHOD(name)                                \
    {                                           \
        (void)args, (void)nargs, (void)kwnames; \
        return map_octets(self, map);           \
    }
CASE_METHOD(upper, map_upper)
CASE_METHOD(lower, map_lower)
CASE_METHOD(swapcase, map_swap)
CASE_METHOD(title, map_title)

METHOD(capitalize)
{
    (void)args, (void)nargs, (void)kwnames;
    const struct py_bytes *b = bytes_of(self);
    struct py_bytes *out = writable(b->base.size);
    for (int64_t i = 0; out && i < b->base.size; i++)
        out->data[i] = i ? to_lower(b->data[i]) : to_upper(b->data[i]);
    return finish(out);
}

/* Questions. */

static struct py_object *all_octets(struct py_object *self, bool (*is)(uint8_t))
{
    const struct py_bytes *b = bytes_of(self);
    for (int64_t i = 0; i < b->base.size; i++)
        if (!is(b->data[i]))
            return PY_FALSE;
    return py_bool_from(b->base.size > 0);
}

static bool is_space(uint8_t c)
{
    return octet_is_space(c);
}

#define ALL_METHOD(name, is)                    \
    METHOD(name)                                \
    {                                           \
        (void)args, (void)nargs, (void)kwnames; \
        return all_octets(self, is);            \
    }
ALL_METHOD(isalnum, is_alnum)
ALL_METHOD(isalpha, is_alpha)
ALL_METHOD(isdigit, is_digit)
ALL_METHOD(isspace, is_space)

METHOD(isascii)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_bool_from(chars_bound(bytes_of(self)->data, 1, bytes_of(self)->base.size) == 127);
}

static struct py_object *one_case(struct py_object *self, bool (*wanted)(uint8_t),
                                  bool (*other)(uint8_t))
{
    const struct py_bytes *b = bytes_of(self);
    bool any = false;
    for (int64_t i = 0; i < b->base.size; i++) {
        if (other(b->data[i]))
            return PY_FALSE;
        any = any || wanted(b->data[i]);
    }
    return py_bool_from(any);
}

METHOD(islower)
{
    (void)args, (void)nargs, (void)kwnames;
    return one_case(self, is_lower, is_upper);
}

METHOD(isupper)
{
    (void)args, (void)nargs, (void)kwnames;
    return one_case(self, is_upper, is_lower);
}

METHOD(istitle)
{
    (void)args, (void)nargs, (void)kwnames;
    const struct py_bytes *b = bytes_of(self);
    bool any = false, in_word = false;
    for (int64_t i = 0; i < b->base.size; i++) {
        const uint8_t c = b->data[i];
        if ((is_upper(c) && in_word) || (is_lower(c) && !in_word))
            return PY_FALSE;
        in_word = is_alpha(c);
        any = any || in_word;
    }
    return py_bool_from(any);
}

/* Padding. */

static struct py_object *pad(struct py_object *self, int64_t left, int64_t right, uint8_t fill)
{
    const struct py_bytes *b = bytes_of(self);
    if (left <= 0 && right <= 0)
        return bytes_exact(self);
    struct py_bytes *out = writable(left + b->base.size + right);
    if (!out)
        return NULL;
    memset(out->data, fill, (size_t)left);
    memcpy(out->data + left, b->data, (size_t)b->base.size);
    memset(out->data + left + b->base.size, fill, (size_t)right);
    return finish(out);
}

static int pad_args(struct py_object *self, const char *name, struct py_object *const *args,
                    size_t nargs, int64_t *extra, uint8_t *fill)
{
    const int64_t width = py_int_as_ssize_arg(args[0]);
    if (width == -1 && py_error_occurred())
        return -1;
    *fill = ' ';
    if (nargs > 1) {
        if (!py_bytes_check(args[1]) || bytes_of(args[1])->base.size != 1)
            return py_raise_int(&py_exc_TypeError,
                                "%s() argument 2 must be a byte string of length 1, not %.50s",
                                name, args[1]->type->name);
        *fill = bytes_of(args[1])->data[0];
    }
    const int64_t n = bytes_of(self)->base.size;
    *extra = width > n ? width - n : 0;
    return 0;
}

METHOD(ljust)
{
    (void)kwnames;
    int64_t extra = 0;
    uint8_t fill = 0;
    if (pad_args(self, "ljust", args, nargs, &extra, &fill) < 0)
        return NULL;
    return pad(self, 0, extra, fill);
}

METHOD(rjust)
{
    (void)kwnames;
    int64_t extra = 0;
    uint8_t fill = 0;
    if (pad_args(self, "rjust", args, nargs, &extra, &fill) < 0)
        return NULL;
    return pad(self, extra, 0, fill);
}

METHOD(center)
{
    (void)kwnames;
    int64_t extra = 0;
    uint8_t fill = 0;
    if (pad_args(self, "center", args, nargs, &extra, &fill) < 0)
        return NULL;
    const int64_t width = bytes_of(self)->base.size + extra;
    const int64_t left = extra / 2 + (extra & width & 1);
    return pad(self, left, extra - left, fill);
}

METHOD(zfill)
{
    (void)nargs, (void)kwnames;
    const struct py_bytes *b = bytes_of(self);
    const int64_t width = py_int_as_ssize_arg(args[0]);
    if (width == -1 && py_error_occurred())
        return NULL;
    const int64_t extra = width - b->base.size;
    struct py_object *out = pad(self, extra, 0, '0');
    if (out && extra > 0 && b->base.size && (b->data[0] == '+' || b->data[0] == '-')) {
        bytes_of(out)->data[extra] = '0';
        bytes_of(out)->data[0] = b->data[0];
    }
    return out;
}

METHOD(expandtabs)
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
    const struct py_bytes *b = bytes_of(self);
    struct py_bytes *out = NULL;
    int64_t n = 0;
    for (int pass = 0; pass < 2; pass++) { /* measure, then write */
        int64_t column = 0, at = 0;
        if (pass && !(out = writable(n)))
            return NULL;
        for (int64_t i = 0; i < b->base.size; i++) {
            const uint8_t c = b->data[i];
            const int64_t width = c == '\t' ? (tab > 0 ? tab - column % tab : 0) : 1;
            if (pass && n)
                memset(out->data + at, c == '\t' ? ' ' : c, (size_t)width);
            at += width;
            column = c == '\n' || c == '\r' ? 0 : column + width;
        }
        n = at;
    }
    return finish(out);
}

/* hex. */

static int hex_separator(struct py_object *sep, uint8_t *out)
{
    const int64_t n = py_length(sep);
    if (n < 0)
        return -1;
    if (n != 1)
        return py_raise_int(&py_exc_ValueError, "sep must be length 1.");
    uint32_t c;
    if (py_str_check(sep))
        c = py_str_char((struct py_str *)sep, 0);
    else if (py_bytes_check(sep))
        c = bytes_of(sep)->data[0];
    else
        return py_raise_int(&py_exc_TypeError, "sep must be str or bytes.");
    if (c > 127)
        return py_raise_int(&py_exc_ValueError, "sep must be ASCII.");
    *out = (uint8_t)c;
    return 0;
}

METHOD(hex)
{
    static const char *const names[] = {"sep", "bytes_per_sep"};
    static const struct py_params params = {
        .function = "hex", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *parsed[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return NULL;
    uint8_t separator = 0;
    int64_t group = 1;
    if (parsed[0] && hex_separator(parsed[0], &separator) < 0)
        return NULL;
    if (parsed[1]) {
        group = py_int_as_i64(parsed[1]);
        if (group == -1 && py_error_occurred())
            return NULL;
    }
    const struct py_bytes *b = bytes_of(self);
    const int64_t n = b->base.size, every = group < 0 ? -group : group;
    char *text = py_mem_alloc((size_t)n * 3 + 1), *p = text;
    if (!text)
        return py_raise_no_memory();
    for (int64_t i = 0; i < n; i++) {
        const int64_t counted = group > 0 ? n - i : i; /* positive: groups from the right */
        if (i && parsed[0] && every && counted % every == 0)
            *p++ = (char)separator;
        *p++ = "0123456789abcdef"[b->data[i] >> 4];
        *p++ = "0123456789abcdef"[b->data[i] & 15];
    }
    struct py_str *s = py_str_from_latin1((uint8_t *)text, (size_t)(p - text));
    py_mem_free(text);
    return PY_OBJ(s);
}

static int hex_digit(uint32_t c)
{
    if (c >= '0' && c <= '9')
        return (int)c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f' && c < 128)
        return (int)(c | 32) - 'a' + 10;
    return -1;
}

/* The first character beyond ASCII of a text that is not ASCII: it is refused before any other. */
static int64_t first_wide(const struct py_str *s)
{
    int64_t i = 0;
    while (i < s->length && py_str_char(s, i) < 128)
        i++;
    return i < s->length ? i : -1;
}

METHOD(fromhex)
{
    (void)nargs, (void)kwnames;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "fromhex() argument must be str, not %.50s",
                        args[0]->type->name);
    const struct py_str *s = (struct py_str *)args[0];
    uint8_t *buffer = py_mem_alloc((size_t)s->length / 2 + 1);
    if (!buffer)
        return py_raise_no_memory();
    size_t n = 0;
    int64_t i = 0, bad = s->ascii ? -1 : first_wide(s);
    while (bad < 0) {
        while (i < s->length && octet_is_space((uint8_t)py_str_char(s, i)))
            i++;
        if (i >= s->length)
            break;
        const int high = hex_digit(py_str_char(s, i));
        const int low = i + 1 < s->length ? hex_digit(py_str_char(s, i + 1)) : -1;
        if (high < 0 || low < 0) {
            bad = high < 0 ? i : i + 1;
        } else {
            buffer[n++] = (uint8_t)(high << 4 | low);
            i += 2;
        }
    }
    struct py_object *result = NULL;
    if (bad >= 0)
        py_raise(&py_exc_ValueError,
                 "non-hexadecimal number found in fromhex() arg at position %lld", (long long)bad);
    else
        result = PY_OBJ(py_bytes_from(buffer, n));
    py_mem_free(buffer);
    if (result && self != PY_OBJ(&py_bytes_type)) {
        PY_HOLD(&result);
        py_setref(result, py_call1(self, result));
    }
    return result;
}

/* translate, maketrans, decode. */

METHOD(translate)
{
    static const char *const names[] = {"", "delete"};
    static const struct py_params params = {.function = "translate",
                                            .names = names,
                                            .count = 2,
                                            .required = 1,
                                            .positional_only = 1,
                                            .keyword_only = 2};
    struct py_object *parsed[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return NULL;
    struct octets table = {.data = NULL}, deleted = {.data = NULL};
    if (parsed[0] != PY_NONE) {
        if (octets_of(parsed[0], &table) < 0)
            return NULL;
        if (table.length != 256)
            return py_raise(&py_exc_ValueError, "translation table must be 256 characters long");
    }
    if (parsed[1] && octets_of(parsed[1], &deleted) < 0)
        return NULL;
    bool drop[256] = {false};
    for (int64_t i = 0; i < deleted.length && deleted.data; i++)
        drop[deleted.data[i]] = true;
    const struct py_bytes *b = bytes_of(self);
    uint8_t *buffer = py_mem_alloc((size_t)b->base.size + 1);
    if (!buffer)
        return py_raise_no_memory();
    size_t n = 0;
    for (int64_t i = 0; i < b->base.size; i++)
        if (!drop[b->data[i]])
            buffer[n++] = table.data ? table.data[b->data[i]] : b->data[i];
    struct py_bytes *out = py_bytes_from(buffer, n);
    py_mem_free(buffer);
    return PY_OBJ(out);
}

METHOD(maketrans)
{
    (void)self, (void)nargs, (void)kwnames;
    struct octets from, to;
    if (octets_of(args[0], &from) < 0 || octets_of(args[1], &to) < 0)
        return NULL;
    if (from.length != to.length)
        return py_raise(&py_exc_ValueError, "maketrans arguments must have same length");
    struct py_bytes *out = py_bytes_from(NULL, 256);
    if (!out)
        return NULL;
    for (int i = 0; i < 256; i++)
        out->data[i] = (uint8_t)i;
    for (int64_t i = 0; i < from.length; i++)
        out->data[from.data[i]] = to.data[i];
    return PY_OBJ(out);
}

METHOD(decode)
{
    static const char *const names[] = {"encoding", "errors"};
    static const struct py_params params = {
        .function = "decode", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *parsed[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return NULL;
    const char *text[2] = {NULL};
    for (int i = 0; i < 2; i++) {
        if (!parsed[i])
            continue;
        if (!py_str_check(parsed[i]))
            return py_raise(&py_exc_TypeError, "decode() argument '%s' must be str, not %.50s",
                            names[i], parsed[i]->type->name);
        text[i] = py_str_utf8((struct py_str *)parsed[i], NULL);
    }
    return py_bytes_decode(bytes_of(self)->data, (size_t)bytes_of(self)->base.size, text[0],
                           text[1]);
}

METHOD(getnewargs)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_object *value = bytes_exact(self);
    return value ? PY_OBJ(py_tuple_from_array_steal(&value, 1)) : NULL;
}

METHOD(bytes)
{
    (void)args, (void)nargs, (void)kwnames;
    return bytes_exact(self);
}

#define ROW(n, lo, hi)                                              \
    {                                                               \
        .name = #n, .fn = bytes_##n, .min_args = lo, .max_args = hi \
    }
#define ROW_KW(n)                                                                             \
    {                                                                                         \
        .name = #n, .fn = bytes_##n, .min_args = 0, .max_args = -1, .flags = PY_METH_KEYWORDS \
    }

const struct py_method_def bytes_methods[] = {
    ROW(capitalize, 0, 0),
    ROW(center, 1, 2),
    ROW(count, 0, -1),
    ROW_KW(decode),
    ROW(endswith, 0, -1),
    ROW_KW(expandtabs),
    ROW(find, 0, -1),
    {.name = "fromhex",
     .fn = bytes_fromhex,
     .min_args = 1,
     .max_args = 1,
     .flags = PY_METH_CLASSMETHOD},
    ROW_KW(hex),
    ROW(index, 0, -1),
    ROW(isalnum, 0, 0),
    ROW(isalpha, 0, 0),
    ROW(isascii, 0, 0),
    ROW(isdigit, 0, 0),
    ROW(islower, 0, 0),
    ROW(isspace, 0, 0),
    ROW(istitle, 0, 0),
    ROW(isupper, 0, 0),
    ROW(join, 1, 1),
    ROW(ljust, 1, 2),
    ROW(lower, 0, 0),
    ROW(lstrip, 0, 1),
    {.name = "maketrans",
     .fn = bytes_maketrans,
     .min_args = 2,
     .max_args = 2,
     .flags = PY_METH_STATIC},
    ROW(partition, 1, 1),
    ROW(removeprefix, 1, 1),
    ROW(removesuffix, 1, 1),
    ROW(replace, 2, 3),
    ROW(rfind, 0, -1),
    ROW(rindex, 0, -1),
    ROW(rjust, 1, 2),
    ROW(rpartition, 1, 1),
    ROW_KW(rsplit),
    ROW(rstrip, 0, 1),
    ROW_KW(split),
    ROW_KW(splitlines),
    ROW(startswith, 0, -1),
    ROW(strip, 0, 1),
    ROW(swapcase, 0, 0),
    ROW(title, 0, 0),
    ROW_KW(translate),
    ROW(upper, 0, 0),
    ROW(zfill, 1, 1),
    {.name = "__getnewargs__", .fn = bytes_getnewargs},
    {.name = "__bytes__", .fn = bytes_bytes},
    {.name = NULL},
};
