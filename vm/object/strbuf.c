/* strbuf: text that grows piece by piece, and the C-side printf built on it.
 *
 * The buffer starts in the struct itself (struct py_strbuf.local, one byte a character), moves to a
 * RAW block when it fills, and is widened when a character comes that does not fit. Nothing here is
 * a Python object, so a buffer may be abandoned at any point with py_strbuf_deinit.
 *
 * py_str_format_c understands printf's commonest conversions and some for objects (str.h lists
 * them). %S %R %A call Python code; everything else does not. A NULL object prints as "<NULL>".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

void py_strbuf_init(struct py_strbuf *b)
{
    b->data = b->local;
    b->length = 0;
    b->capacity = sizeof(b->local);
    b->max_char = 127;
    b->kind = 1;
}

void py_strbuf_deinit(struct py_strbuf *b)
{
    if (b->data != b->local)
        py_mem_free(b->data);
    py_strbuf_init(b);
}

static int strbuf_grow(struct py_strbuf *b, int64_t more, uint32_t bound)
{
    const int kind = kind_of_char(bound) > b->kind ? kind_of_char(bound) : b->kind;
    int64_t capacity = b->capacity;
    if (b->length + more > capacity)
        capacity = (b->length + more) * 3 / 2 + 32;
    void *data;
    if (kind == b->kind && b->data != b->local) {
        data = py_mem_realloc(b->data, (size_t)(capacity * kind));
    } else {
        data = py_mem_alloc((size_t)(capacity * kind));
        if (data) {
            chars_copy(data, kind, 0, b->data, b->kind, 0, b->length);
            if (b->data != b->local)
                py_mem_free(b->data);
        }
    }
    if (!data) {
        py_raise_no_memory();
        return -1;
    }
    b->data = data;
    b->capacity = capacity;
    b->kind = (uint8_t)kind;
    return 0;
}

/* Room for `more` characters up to bound; notes the bound. */
static inline int strbuf_reserve(struct py_strbuf *b, int64_t more, uint32_t bound)
{
    if ((b->length + more > b->capacity || kind_of_char(bound) > b->kind) &&
        strbuf_grow(b, more, bound) < 0)
        return -1;
    if (bound > b->max_char)
        b->max_char = bound;
    return 0;
}

int py_strbuf_char(struct py_strbuf *b, uint32_t c)
{
    if (strbuf_reserve(b, 1, c < 128 ? 127 : c) < 0)
        return -1;
    chars_put(b->data, b->kind, b->length++, c);
    return 0;
}

int py_strbuf_str(struct py_strbuf *b, const struct py_str *s)
{
    if (strbuf_reserve(b, s->length, str_bound(s)) < 0)
        return -1;
    chars_copy(b->data, b->kind, b->length, py_str_data(s), s->kind, 0, s->length);
    b->length += s->length;
    return 0;
}

int py_strbuf_range(struct py_strbuf *b, const struct py_str *s, int64_t start, int64_t end)
{
    if (start >= end)
        return 0;
    const char *data = (const char *)py_str_data(s) + start * s->kind;
    const uint32_t bound = s->ascii ? 127 : chars_bound(data, s->kind, end - start);
    if (strbuf_reserve(b, end - start, bound) < 0)
        return -1;
    chars_copy(b->data, b->kind, b->length, data, s->kind, 0, end - start);
    b->length += end - start;
    return 0;
}

int py_strbuf_ascii(struct py_strbuf *b, const char *text, size_t len)
{
    if (strbuf_reserve(b, (int64_t)len, 127) < 0)
        return -1;
    chars_copy(b->data, b->kind, b->length, text, 1, 0, (int64_t)len);
    b->length += (int64_t)len;
    return 0;
}

int py_strbuf_cstr(struct py_strbuf *b, const char *ascii_text)
{
    return py_strbuf_ascii(b, ascii_text, strlen(ascii_text));
}

int py_strbuf_fill(struct py_strbuf *b, uint32_t c, int64_t n)
{
    if (n <= 0)
        return 0;
    if (strbuf_reserve(b, n, c < 128 ? 127 : c) < 0)
        return -1;
    chars_fill(b->data, b->kind, b->length, c, n);
    b->length += n;
    return 0;
}

struct py_str *py_strbuf_finish(struct py_strbuf *b)
{
    struct py_str *s;
    if (b->length == 0)
        s = py_str_empty();
    else if (b->length == 1)
        s = py_str_from_char(chars_get(b->data, b->kind, 0));
    else {
        s = py_str_alloc(b->length, b->max_char);
        if (s)
            chars_copy(py_str_data(s), s->kind, 0, b->data, b->kind, 0, b->length);
    }
    py_strbuf_deinit(b);
    return s;
}

/* printf for messages. */

struct conversion {
    bool left, zero;
    int width, precision; /* -1: none */
    int longs;            /* l: 1, ll and z: 2 */
    char type;
};

static const char *parse_conversion(const char *p, struct conversion *c, va_list *ap)
{
    *c = (struct conversion){.width = 0, .precision = -1};
    for (;; p++) {
        if (*p == '-')
            c->left = true;
        else if (*p == '0')
            c->zero = true;
        else
            break;
    }
    if (*p == '*') {
        c->width = va_arg(*ap, int);
        p++;
    }
    while (*p >= '0' && *p <= '9')
        c->width = c->width * 10 + (*p++ - '0');
    if (*p == '.') {
        c->precision = 0;
        p++;
        if (*p == '*') {
            c->precision = va_arg(*ap, int);
            p++;
        }
        while (*p >= '0' && *p <= '9')
            c->precision = c->precision * 10 + (*p++ - '0');
    }
    for (; *p == 'l' || *p == 'z' || *p == 'j' || *p == 't'; p++)
        c->longs += *p == 'l' ? 1 : 2;
    c->type = *p;
    return *p ? p + 1 : p;
}

static int format_number(struct py_strbuf *b, const struct conversion *c, va_list *ap)
{
    char spec[32], text[64];
    snprintf(spec, sizeof(spec), "%%%s%s%dll%c", c->left ? "-" : "", c->zero ? "0" : "",
             c->width < 40 ? c->width : 40, c->type == 'i' ? 'd' : c->type);
    if (c->width == 0) /* "%0lld" would read the width as a flag */
        snprintf(spec, sizeof(spec), "%%ll%c", c->type == 'i' ? 'd' : c->type);
    int n;
    if (c->type == 'd' || c->type == 'i')
        n = snprintf(text, sizeof(text), spec,
                     c->longs ? va_arg(*ap, long long) : va_arg(*ap, int));
    else
        n = snprintf(text, sizeof(text), spec,
                     c->longs ? va_arg(*ap, unsigned long long) : va_arg(*ap, unsigned));
    return py_strbuf_ascii(b, text, (size_t)n);
}

static int pad_range(struct py_strbuf *b, const struct conversion *c, const struct py_str *s)
{
    const int64_t n = c->precision >= 0 && c->precision < s->length ? c->precision : s->length;
    if (!c->left && py_strbuf_fill(b, ' ', c->width - n) < 0)
        return -1;
    if (py_strbuf_range(b, s, 0, n) < 0)
        return -1;
    return c->left ? py_strbuf_fill(b, ' ', c->width - n) : 0;
}

static int format_ctext(struct py_strbuf *b, const struct conversion *c, const char *text)
{
    if (!text)
        text = "(null)";
    const size_t n = c->precision >= 0 ? strnlen(text, (size_t)c->precision) : strlen(text);
    struct py_str *s = py_str_from_utf8(text, n);
    if (!s)
        return -1;
    const struct conversion whole = {.left = c->left, .width = c->width, .precision = -1};
    const int result = pad_range(b, &whole, s);
    py_decref(s);
    return result;
}

static int format_object(struct py_strbuf *b, const struct conversion *c, struct py_object *o)
{
    if (!o)
        return py_strbuf_cstr(b, "<NULL>");
    if (c->type == 'U')
        return pad_range(b, c, str_of(o));
    struct py_object *text = c->type == 'S'   ? py_str_of(o)
                             : c->type == 'R' ? py_repr(o)
                                              : py_str_ascii(o);
    if (!text)
        return -1;
    const int result = pad_range(b, c, str_of(text));
    py_decref(text);
    return result;
}

static int format_one(struct py_strbuf *b, const struct conversion *c, va_list *ap)
{
    char text[32];
    switch (c->type) {
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        return format_number(b, c, ap);
    case 'c':
        return py_strbuf_char(b, (uint32_t)va_arg(*ap, int));
    case 'p':
        return py_strbuf_ascii(b, text,
                               (size_t)snprintf(text, sizeof(text), "%p", va_arg(*ap, void *)));
    case 's':
        return format_ctext(b, c, va_arg(*ap, const char *));
    case 'T': {
        struct py_object *o = va_arg(*ap, struct py_object *);
        return format_ctext(b, c, o ? o->type->name : NULL);
    }
    case 'N':
        return format_ctext(b, c, va_arg(*ap, struct py_type *)->name);
    case 'S':
    case 'R':
    case 'A':
    case 'U':
        return format_object(b, c, va_arg(*ap, struct py_object *));
    case '%':
        return py_strbuf_char(b, '%');
    }
    return py_raise_int(&py_exc_SystemError, "invalid format string");
}

struct py_str *py_str_format_v(const char *format, va_list ap)
{
    struct py_strbuf b;
    py_strbuf_init(&b);
    va_list args;
    va_copy(args, ap); /* a va_list parameter may be an array: this one has an address */
    int status = 0;
    for (const char *p = format; *p && status == 0;) {
        const char *percent = strchrnul(p, '%');
        if (percent > p) {
            struct py_str *piece = py_str_from_utf8(p, (size_t)(percent - p));
            status = piece ? py_strbuf_str(&b, piece) : -1;
            py_xdecref(piece);
            p = percent;
            continue;
        }
        struct conversion c;
        p = parse_conversion(p + 1, &c, &args);
        status = format_one(&b, &c, &args);
    }
    va_end(args);
    if (status < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return py_strbuf_finish(&b);
}

struct py_str *py_str_format_c(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    struct py_str *s = py_str_format_v(format, ap);
    va_end(ap);
    return s;
}
