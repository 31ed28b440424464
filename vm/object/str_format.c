/* str.format and str.format_map: templates with replacement fields.
 *
 *   {name.attribute[key]!conversion:specification}
 *
 * The template is walked once. A specification that contains braces is itself a template, expanded
 * one level deeper (two levels at most). Fields are numbered by hand or by themselves, not both in
 * one template, nested ones included.
 *
 * The object of a field and its specification are owned by this C code while attribute access,
 * conversions and __format__ run Python code, hence the handles.
 */
#include <string.h>

#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

enum numbering { NUMBERING_UNKNOWN, NUMBERING_AUTOMATIC, NUMBERING_MANUAL };

struct template
{
    struct py_str *s;
    struct py_object *const *args; /* NULL: format_map, no positional fields */
    size_t nargs;
    struct py_tuple *kwnames;  /* values follow args */
    struct py_object *mapping; /* format_map's argument */
    enum numbering numbering;
    int64_t next_field;
};

/* Positions in the template. */
struct field {
    int64_t name_start, name_end;
    int64_t spec_start, spec_end;
    uint32_t conversion; /* 0: none */
    bool spec_nested;
};

static int expand(struct template *t, int64_t start, int64_t end, int depth, struct py_strbuf *out);

/* Parsing. */

/* *at is behind the '{'; on success it is behind the matching '}'. */
static int parse_field(struct template *t, int64_t *at, int64_t end, struct field *f)
{
    int64_t i = *at;
    uint32_t c = 0;
    bool in_brackets = false;
    *f = (struct field){.name_start = i};
    for (; i < end; i++) {
        c = py_str_char(t->s, i);
        if (c == '{')
            return py_raise_int(&py_exc_ValueError, "unexpected '{' in field name");
        if (c == '[')
            in_brackets = true;
        else if (c == ']')
            in_brackets = false;
        else if (!in_brackets && (c == '}' || c == ':' || c == '!'))
            break;
    }
    f->name_end = f->spec_start = f->spec_end = i;
    if (i >= end)
        return py_raise_int(&py_exc_ValueError, "expected '}' before end of string");
    i++;
    bool closed = c == '}';
    if (c == '!') {
        if (i >= end)
            return py_raise_int(&py_exc_ValueError,
                                "end of string while looking for conversion specifier");
        f->conversion = py_str_char(t->s, i++);
        if (i < end) {
            c = py_str_char(t->s, i++);
            if (c != '}' && c != ':')
                return py_raise_int(&py_exc_ValueError, "expected ':' after conversion specifier");
            closed = c == '}';
        }
    }
    if (closed) {
        f->spec_start = f->spec_end;
        *at = i;
        return 0;
    }
    int nesting = 0;
    for (f->spec_start = i; i < end; i++) {
        c = py_str_char(t->s, i);
        if (c == '{') {
            f->spec_nested = true;
            nesting++;
        } else if (c == '}' && --nesting < 0) {
            f->spec_end = i;
            *at = i + 1;
            return 0;
        }
    }
    return py_raise_int(&py_exc_ValueError, "unmatched '{' in format spec");
}

/* The integer that t[start..end) spells, -1 if it is none, -2 with ValueError if too large. */
static int64_t parse_index(const struct template *t, int64_t start, int64_t end)
{
    int64_t value = 0;
    if (start >= end)
        return -1;
    for (int64_t i = start; i < end; i++) {
        const int digit = char_decimal_value(py_str_char(t->s, i));
        if (digit < 0)
            return -1;
        if (value > (INT64_MAX - digit) / 10) {
            py_raise(&py_exc_ValueError, "Too many decimal digits in format string");
            return -2;
        }
        value = value * 10 + digit;
    }
    return value;
}

/* Looking up. All return new references. */

static int check_numbering(struct template *t, enum numbering wanted)
{
    if (t->numbering == NUMBERING_UNKNOWN)
        t->numbering = wanted;
    if (t->numbering == wanted)
        return 0;
    if (wanted == NUMBERING_MANUAL)
        return py_raise_int(&py_exc_ValueError, "cannot switch from automatic field numbering to "
                                                "manual field specification");
    return py_raise_int(&py_exc_ValueError, "cannot switch from manual field specification to "
                                            "automatic field numbering");
}

static struct py_object *positional(struct template *t, int64_t index)
{
    if (!t->args)
        return py_raise(&py_exc_ValueError, "Format string contains positional fields");
    if (index >= (int64_t)t->nargs)
        return py_raise(&py_exc_IndexError,
                        "Replacement index %lld out of range for positional args tuple",
                        (long long)index);
    return py_newref(t->args[index]);
}

static struct py_object *named(struct template *t, struct py_object *key)
{
    if (t->mapping)
        return py_getitem(t->mapping, key);
    for (int64_t i = 0; t->kwnames && i < t->kwnames->base.size; i++)
        if (py_str_equal(str_of(t->kwnames->items[i]), str_of(key)))
            return py_newref(t->args[t->nargs + (size_t)i]);
    return py_raise_key_error(key);
}

/* The object that the first part of the name (up to *at) means. */
static struct py_object *first_object(struct template *t, const struct field *f, int64_t *at)
{
    int64_t end = f->name_start;
    while (end < f->name_end && py_str_char(t->s, end) != '.' && py_str_char(t->s, end) != '[')
        end++;
    *at = end;
    const int64_t index = parse_index(t, f->name_start, end);
    if (index == -2)
        return NULL;
    if (end == f->name_start) {
        if (check_numbering(t, NUMBERING_AUTOMATIC) < 0)
            return NULL;
        return positional(t, t->next_field++);
    }
    if (index >= 0) {
        if (check_numbering(t, NUMBERING_MANUAL) < 0)
            return NULL;
        return positional(t, index);
    }
    struct py_object *key = PY_OBJ(py_str_substring(t->s, f->name_start, end));
    if (!key)
        return NULL;
    PY_HOLD(&key);
    struct py_object *value = named(t, key);
    py_clear(key);
    return value;
}

static struct py_object *get_attribute(struct template *t, struct py_object *o, int64_t *at,
                                       int64_t end)
{
    const int64_t start = *at + 1;
    int64_t i = start;
    while (i < end && py_str_char(t->s, i) != '.' && py_str_char(t->s, i) != '[')
        i++;
    *at = i;
    if (i == start)
        return py_raise(&py_exc_ValueError, "Empty attribute in format string");
    struct py_object *name = PY_OBJ(py_str_substring(t->s, start, i));
    if (!name)
        return NULL;
    PY_HOLD(&name);
    struct py_object *value = py_getattr(o, name);
    py_clear(name);
    return value;
}

static struct py_object *get_item(struct template *t, struct py_object *o, int64_t *at, int64_t end)
{
    const int64_t start = *at + 1;
    int64_t i = start;
    while (i < end && py_str_char(t->s, i) != ']')
        i++;
    if (i >= end)
        return py_raise(&py_exc_ValueError, "Missing ']' in format string");
    *at = i + 1;
    if (i == start)
        return py_raise(&py_exc_ValueError, "Empty attribute in format string");
    const int64_t index = parse_index(t, start, i);
    if (index == -2)
        return NULL;
    struct py_object *key =
        index >= 0 ? py_int_from_i64(index) : PY_OBJ(py_str_substring(t->s, start, i));
    if (!key)
        return NULL;
    PY_HOLD(&key);
    struct py_object *value = py_getitem(o, key);
    py_clear(key);
    return value;
}

static struct py_object *field_object(struct template *t, const struct field *f)
{
    int64_t at;
    struct py_object *o = first_object(t, f, &at);
    PY_HOLD(&o);
    while (o && at < f->name_end) {
        const uint32_t c = py_str_char(t->s, at);
        if (c == '.') {
            py_setref(o, get_attribute(t, o, &at, f->name_end));
        } else if (c == '[') {
            py_setref(o, get_item(t, o, &at, f->name_end));
        } else {
            py_raise(&py_exc_ValueError,
                     "Only '.' or '[' may follow ']' in format field specifier");
            py_clear(o);
        }
    }
    struct py_object *result = o;
    o = NULL;
    return result;
}

static struct py_object *convert(struct py_object *o, uint32_t conversion)
{
    switch (conversion) {
    case 'r':
        return py_repr(o);
    case 's':
        return py_str_of(o);
    case 'a':
        return py_str_ascii(o);
    }
    if (conversion > 32 && conversion < 127)
        return py_raise(&py_exc_ValueError, "Unknown conversion specifier %c", conversion);
    return py_raise(&py_exc_ValueError, "Unknown conversion specifier \\x%x", conversion);
}

/* Expanding. */

static struct py_object *field_spec(struct template *t, const struct field *f, int depth)
{
    if (!f->spec_nested)
        return PY_OBJ(py_str_substring(t->s, f->spec_start, f->spec_end));
    struct py_strbuf b;
    py_strbuf_init(&b);
    if (expand(t, f->spec_start, f->spec_end, depth - 1, &b) < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

static int put_field(struct template *t, const struct field *f, int depth, struct py_strbuf *out)
{
    struct py_object *o = field_object(t, f), *spec = NULL, *text = NULL;
    PY_HOLD(&o);
    PY_HOLD(&spec);
    if (o && f->conversion)
        py_setref(o, convert(o, f->conversion));
    int status = -1;
    if (o && py_str_check_exact(o) && f->spec_start == f->spec_end) {
        status = py_strbuf_str(out, str_of(o));
    } else if (o && (spec = field_spec(t, f, depth)) && (text = py_format(o, spec))) {
        status = py_strbuf_str(out, str_of(text));
    }
    py_clear(text);
    py_clear(spec);
    py_clear(o);
    return status;
}

static int expand(struct template *t, int64_t start, int64_t end, int depth, struct py_strbuf *out)
{
    if (depth <= 0)
        return py_raise_int(&py_exc_ValueError, "Max string recursion exceeded");
    int64_t at = start;
    while (at < end) {
        int64_t plain = at;
        uint32_t c = 0;
        while (plain < end && (c = py_str_char(t->s, plain)) != '{' && c != '}')
            plain++;
        if (py_strbuf_range(out, t->s, at, plain) < 0)
            return -1;
        if (plain == end)
            return 0;
        at = plain + 1;
        if (at < end && py_str_char(t->s, at) == c) { /* doubled: itself */
            if (py_strbuf_char(out, c) < 0)
                return -1;
            at++;
            continue;
        }
        if (c == '}' || at >= end)
            return py_raise_int(&py_exc_ValueError, "Single '%c' encountered in format string",
                                (int)c);
        struct field f;
        if (parse_field(t, &at, end, &f) < 0 || put_field(t, &f, depth, out) < 0)
            return -1;
    }
    return 0;
}

static struct py_object *run_template(struct template *t)
{
    struct py_strbuf b;
    py_strbuf_init(&b);
    if (expand(t, 0, t->s->length, 2, &b) < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

STR_METHOD(format)
{
    static struct py_object *const none[1];
    struct template t = {
        .s = str_of(self), .args = args ? args : none, .nargs = nargs, .kwnames = kwnames};
    return run_template(&t);
}

STR_METHOD(format_map)
{
    (void)nargs, (void)kwnames;
    struct template t = {.s = str_of(self), .mapping = args[0]};
    return run_template(&t);
}
