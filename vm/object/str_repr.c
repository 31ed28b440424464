/* str: repr and ascii.
 *
 * Single quotes unless the text has single quotes and no double ones. Backslash, the quote, \t \n
 * \r and everything that isprintable() denies are escaped; ascii() then escapes what is left beyond
 * 127. One pass decides quotes and whether anything needs escaping at all: most texts do not.
 */
#include <stdio.h>

#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/runtime/ops.h"

static int put_escape(struct py_strbuf *b, uint32_t c)
{
    char text[16];
    const char *format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
    return py_strbuf_ascii(b, text, (size_t)snprintf(text, sizeof(text), format, c));
}

static int put_char(struct py_strbuf *b, uint32_t c, uint32_t quote)
{
    if (c == quote || c == '\\') {
        if (py_strbuf_char(b, '\\') < 0)
            return -1;
        return py_strbuf_char(b, c);
    }
    switch (c) {
    case '\n':
        return py_strbuf_ascii(b, "\\n", 2);
    case '\t':
        return py_strbuf_ascii(b, "\\t", 2);
    case '\r':
        return py_strbuf_ascii(b, "\\r", 2);
    }
    return char_is_printable(c) ? py_strbuf_char(b, c) : put_escape(b, c);
}

/* Finds the quote; true if nothing between the quotes needs an escape. */
static bool scan(const struct py_str *s, uint32_t *quote)
{
    bool single = false, two = false, plain = true;
    for (int64_t i = 0; i < s->length; i++) {
        const uint32_t c = py_str_char(s, i);
        single |= c == '\'';
        two |= c == '"';
        plain = plain && c != '\\' && char_is_printable(c);
    }
    *quote = single && !two ? '"' : '\'';
    return plain && !(single && two);
}

struct py_object *py_str_repr(struct py_object *o)
{
    const struct py_str *s = str_of(o);
    uint32_t quote;
    const bool plain = scan(s, &quote);
    if (plain) {
        struct py_str *out = py_str_alloc(s->length + 2, str_bound(s));
        if (!out)
            return NULL;
        chars_put(py_str_data(out), out->kind, 0, quote);
        str_copy_into(out, 1, s, 0, s->length);
        chars_put(py_str_data(out), out->kind, s->length + 1, quote);
        return PY_OBJ(out);
    }
    struct py_strbuf b;
    py_strbuf_init(&b);
    int status = py_strbuf_char(&b, quote);
    for (int64_t i = 0; i < s->length && status == 0; i++)
        status = put_char(&b, py_str_char(s, i), quote);
    if (status == 0)
        status = py_strbuf_char(&b, quote);
    if (status < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

struct py_object *py_str_ascii(struct py_object *o)
{
    struct py_object *text = py_repr(o);
    if (!text || str_of(text)->ascii)
        return text;
    struct py_strbuf b;
    py_strbuf_init(&b);
    int status = 0;
    const struct py_str *s = str_of(text);
    for (int64_t i = 0; i < s->length && status == 0; i++) {
        const uint32_t c = py_str_char(s, i);
        status = c < 128 ? py_strbuf_char(&b, c) : put_escape(&b, c);
    }
    py_decref(text);
    if (status < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}
