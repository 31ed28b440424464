/* _json: what the library's json package leaves to C. Here are texts, in both directions, and the
 * module; json_scanner.c reads whole documents, json_encoder.c writes them.
 *
 * json decides everything that has a name (which hooks, which separators); this module is only
 * its inner loops and raises what the Python versions in json.scanner, json.decoder and
 * json.encoder would, with the messages of CPython's C version where those differ.
 *
 * Escapes in texts: \" \\ \/ \b \f \n \r \t and \uXXXX, of which two make one character when they
 * are a surrogate pair. A lone surrogate stays what it is.
 */
#include "vm/builtins/mod_json.h"

#include <stdio.h>

#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"

void *json_raise(const char *message, struct py_str *document, int64_t position)
{
    struct py_object *held[4] = {NULL}; /* class, message, position, exception */
    PY_HOLD_N(held, 4);
    struct py_object *module = py_import_module("json.decoder");
    if (module) {
        PY_HOLD(&module);
        held[0] = py_getattr_cstr(module, "JSONDecodeError");
        py_clear(module);
    }
    if (held[0] && (held[1] = PY_OBJ(py_str_from_cstr(message))) != NULL &&
        (held[2] = py_int_from_i64(position)) != NULL &&
        (held[3] = py_call3(held[0], held[1], PY_OBJ(document), held[2])) != NULL) {
        if (py_has_flag(held[3], PY_TYPE_IS_EXCEPTION))
            py_raise_instance(held[3]);
        else
            py_raise(&py_exc_TypeError, "exceptions must derive from BaseException");
    }
    for (int i = 0; i < 4; i++)
        py_clear(held[i]);
    return NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Four hexadecimal digits at i, or UINT32_MAX. */
static uint32_t four_digits(const struct py_str *s, int64_t i)
{
    uint32_t value = 0;
    for (int64_t k = i; k < i + 4; k++) {
        const uint32_t c = py_str_char(s, k), letter = c | 0x20;
        uint32_t digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if (letter >= 'a' && letter <= 'f' && c < 128)
            digit = letter - 'a' + 10;
        else
            return UINT32_MAX;
        value = value << 4 | digit;
    }
    return value;
}

/* The character that an escape stands for; *i is behind the backslash, then behind the escape.
 * UINT32_MAX: JSONDecodeError. */
static uint32_t scan_escape(struct py_str *s, int64_t *i)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const uint32_t c = py_str_char(s, (*i)++);
    if (c != 'u') {
        for (int k = 0; letters[k]; k++)
            if (c == (uint8_t)letters[k])
                return (uint8_t)meanings[k];
        json_raise("Invalid \\escape", s, *i - 2);
        return UINT32_MAX;
    }
    /* The text has to go on behind the digits: with its end at least. */
    const uint32_t high = *i + 4 < s->length ? four_digits(s, *i) : UINT32_MAX;
    if (high == UINT32_MAX) {
        json_raise("Invalid \\uXXXX escape", s, *i - 1);
        return UINT32_MAX;
    }
    *i += 4;
    if ((high & 0xfffffc00) != 0xd800 || *i + 6 >= s->length || py_str_char(s, *i) != '\\' ||
        py_str_char(s, *i + 1) != 'u')
        return high;
    const uint32_t low = four_digits(s, *i + 2);
    if (low == UINT32_MAX) {
        json_raise("Invalid \\uXXXX escape", s, *i + 1);
        return UINT32_MAX;
    }
    if ((low & 0xfffffc00) != 0xdc00)
        return high;
    *i += 6;
    return 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
}

/* Where the run of plain characters from i ends: at a quotation mark, a backslash, a control
 * character that is refused, or the end of s. */
#define FIND_PLAIN_END(type)                                                            \
    do {                                                                                \
        const type *const chars = py_str_data(s);                                       \
        while (i < s->length && chars[i] != '"' && chars[i] != '\\' && chars[i] >= low) \
            i++;                                                                        \
    } while (0)
static int64_t plain_end(const struct py_str *s, int64_t i, bool strict)
{
    const uint32_t low = strict ? 0x20 : 0;
    if (s->kind == 1)
        FIND_PLAIN_END(uint8_t);
    else if (s->kind == 2)
        FIND_PLAIN_END(uint16_t);
    else
        FIND_PLAIN_END(uint32_t);
    return i;
}

struct py_str *json_scan_string(struct py_str *s, int64_t start, bool strict, int64_t *end)
{
    if (start < 0 || start > s->length)
        return py_raise(&py_exc_ValueError, "end is out of bounds");
    int64_t i = plain_end(s, start, strict);
    if (i < s->length && py_str_char(s, i) == '"') { /* most have no escapes */
        *end = i + 1;
        return py_str_substring(s, start, i);
    }
    struct py_strbuf b;
    py_strbuf_init(&b);
    for (int64_t from = start;; from = i, i = plain_end(s, i, strict)) {
        if (py_strbuf_range(&b, s, from, i) < 0)
            break;
        const uint32_t c = i < s->length ? py_str_char(s, i) : 0;
        if (i < s->length && c == '"') {
            *end = i + 1;
            return py_strbuf_finish(&b);
        }
        if (i < s->length && c != '\\') {
            json_raise("Invalid control character at", s, i);
            break;
        }
        if (++i >= s->length) {
            json_raise("Unterminated string starting at", s, start - 1);
            break;
        }
        const uint32_t escaped = scan_escape(s, &i);
        if (escaped == UINT32_MAX || py_strbuf_char(&b, escaped) < 0)
            break;
    }
    py_strbuf_deinit(&b);
    return NULL;
}

METHOD(scanstring)
{
    UNUSED;
    const int64_t start = py_int_as_ssize_arg(args[1]);
    if (start == -1 && py_error_occurred())
        return NULL;
    int strict = 1;
    if (nargs > 2 && int_argument(args[2], &strict) < 0)
        return NULL;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "first argument must be a string, not %.80s",
                        args[0]->type->name);
    int64_t end;
    struct py_object *pair[2] = {NULL, NULL};
    pair[0] = PY_OBJ(json_scan_string((struct py_str *)args[0], start, strict, &end));
    if (!pair[0])
        return NULL;
    PY_HOLD_N(pair, 2);
    pair[1] = py_int_from_i64(end);
    if (!pair[1]) {
        py_clear(pair[0]);
        return NULL;
    }
    return PY_OBJ(py_tuple_from_array_steal(pair, 2));
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool is_plain(uint32_t c, bool ascii_only)
{
    return c >= ' ' && c != '"' && c != '\\' && (!ascii_only || c < 127);
}

static int write_unit(struct py_strbuf *b, uint32_t unit)
{
    char text[16];
    const int n = snprintf(text, sizeof text, "\\u%04x", (unsigned)(unit & 0xffff));
    return py_strbuf_ascii(b, text, (size_t)n);
}

static int write_escaped(struct py_strbuf *b, uint32_t c)
{
    switch (c) {
    case '"':
        return py_strbuf_ascii(b, "\\\"", 2);
    case '\\':
        return py_strbuf_ascii(b, "\\\\", 2);
    case '\b':
        return py_strbuf_ascii(b, "\\b", 2);
    case '\f':
        return py_strbuf_ascii(b, "\\f", 2);
    case '\n':
        return py_strbuf_ascii(b, "\\n", 2);
    case '\r':
        return py_strbuf_ascii(b, "\\r", 2);
    case '\t':
        return py_strbuf_ascii(b, "\\t", 2);
    }
    if (c < 0x10000)
        return write_unit(b, c);
    c -= 0x10000;
    return write_unit(b, 0xd800 | c >> 10) < 0 ? -1 : write_unit(b, 0xdc00 | (c & 0x3ff));
}

int json_quote(struct py_strbuf *b, const struct py_str *s, bool ascii_only)
{
    if (py_strbuf_char(b, '"') < 0)
        return -1;
    for (int64_t i = 0; i < s->length; i++) {
        const int64_t from = i;
        while (i < s->length && is_plain(py_str_char(s, i), ascii_only))
            i++;
        if (py_strbuf_range(b, s, from, i) < 0 ||
            (i < s->length && write_escaped(b, py_str_char(s, i)) < 0))
            return -1;
    }
    return py_strbuf_char(b, '"');
}

static struct py_object *quoted(struct py_object *o, bool ascii_only)
{
    if (!py_str_check(o))
        return py_raise(&py_exc_TypeError, "first argument must be a string, not %.80s",
                        o->type->name);
    struct py_strbuf b;
    py_strbuf_init(&b);
    if (json_quote(&b, (struct py_str *)o, ascii_only) < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

struct py_object *json_encode_basestring(struct py_object *self, struct py_object *const *args,
                                         size_t nargs, struct py_tuple *kwnames)
{
    UNUSED;
    return quoted(args[0], false);
}

struct py_object *json_encode_basestring_ascii(struct py_object *self,
                                               struct py_object *const *args, size_t nargs,
                                               struct py_tuple *kwnames)
{
    UNUSED;
    return quoted(args[0], true);
}

/* ---- the module ------------------------------------------------------------------------------ */

static const struct py_method_def functions[] = {
    {.name = "scanstring",
     .fn = scanstring,
     .min_args = 2,
     .max_args = 3,
     .doc = "scanstring(string, end, strict=True) -> (string, end)\n\nRead the text that begins "
            "at end, behind its quotation mark."},
    {.name = "encode_basestring",
     .fn = json_encode_basestring,
     .min_args = 1,
     .max_args = 1,
     .doc = "encode_basestring(string) -> string\n\nThe text as JSON."},
    {.name = "encode_basestring_ascii",
     .fn = json_encode_basestring_ascii,
     .min_args = 1,
     .max_args = 1,
     .doc = "encode_basestring_ascii(string) -> string\n\nThe text as JSON in ASCII alone."},
    {.name = NULL},
};

struct py_module *py_mod__json_init(void); /* modules.def */

struct py_module *py_mod__json_init(void)
{
    struct py_module *const m = py_module_new("_json", "What the module json does in C.");
    if (!m || py_type_ready(&py_json_scanner_type) < 0 ||
        py_type_ready(&py_json_encoder_type) < 0 || py_module_add_methods(m, functions) < 0 ||
        py_module_add(m, "make_scanner", PY_OBJ(&py_json_scanner_type)) < 0 ||
        py_module_add(m, "make_encoder", PY_OBJ(&py_json_encoder_type)) < 0) {
        py_xdecref(m);
        return NULL;
    }
    return m;
}
