/* _json.Scanner: reads one JSON value out of a text, with the hooks of a json.JSONDecoder.
 *
 * A recursive descent over the characters: each function reads one kind of value that begins at i
 * and says where what follows begins. Text that is not JSON where a value must begin is a
 * StopIteration with the position, which json turns into "Expecting value"; everything else is a
 * JSONDecodeError. Nesting counts as recursion and ends in RecursionError.
 *
 * Keys that are alike are made one object by the memo, which is emptied after each document.
 */
#include <string.h>

#include "vm/builtins/mod_json.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/list.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

struct py_json_scanner {
    struct py_object base;
    bool strict;
    struct py_object *object_hook, *object_pairs_hook, *parse_float, *parse_int, *parse_constant;
    struct py_dict *memo;
};
#define SCANNER(o) ((struct py_json_scanner *)(o))

static struct py_object *scan_value(struct py_json_scanner *s, struct py_str *text, int64_t i,
                                    int64_t *end);

/* The character at i, or 0 past the end. */
static uint32_t peek(const struct py_str *text, int64_t i)
{
    return i < text->length ? py_str_char(text, i) : 0;
}

static int64_t skip_space(const struct py_str *text, int64_t i)
{
    for (;; i++) {
        const uint32_t c = peek(text, i);
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return i;
    }
}

static struct py_object *stop_at(int64_t i)
{
    struct py_object *const where = py_int_from_i64(i);
    if (where)
        py_raise_stop_iteration(where);
    py_xdecref(where);
    return NULL;
}

/* ---- numbers and constants ------------------------------------------------------------------- */

static bool is_digit(const struct py_str *text, int64_t i)
{
    const uint32_t c = peek(text, i);
    return c >= '0' && c <= '9';
}

static int64_t skip_digits(const struct py_str *text, int64_t i)
{
    while (is_digit(text, i))
        i++;
    return i;
}

/* From copied, which holds ASCII alone. */
static struct py_object *plain_number(const char *copied, size_t length, bool is_float)
{
    if (is_float) {
        double value;
        if (py_float_parse(copied, length, &value) == 0)
            return py_float_from(value);
        return py_raise(&py_exc_ValueError, "could not convert string to float: '%s'", copied);
    }
    if (length > 18)
        return py_int_from_text(copied, length, 10);
    int64_t value = 0;
    for (const char *p = copied + (*copied == '-'); *p; p++)
        value = value * 10 + (*p - '0');
    return py_int_from_i64(*copied == '-' ? -value : value);
}

static struct py_object *make_number(struct py_json_scanner *s, struct py_str *text, int64_t start,
                                     int64_t end, bool is_float)
{
    struct py_object *const parser = is_float ? s->parse_float : s->parse_int;
    if (parser != (is_float ? PY_OBJ(&py_float_type) : PY_OBJ(&py_int_type))) {
        struct py_object *digits = PY_OBJ(py_str_substring(text, start, end));
        if (!digits)
            return NULL;
        PY_HOLD(&digits);
        struct py_object *const made = py_call1(parser, digits);
        py_clear(digits);
        return made;
    }
    char local[64];
    const size_t length = (size_t)(end - start);
    char *const copied = length < sizeof local ? local : py_mem_alloc(length + 1);
    if (!copied)
        return py_raise_no_memory();
    for (size_t i = 0; i < length; i++)
        copied[i] = (char)py_str_char(text, start + (int64_t)i);
    copied[length] = 0;
    struct py_object *const made = plain_number(copied, length, is_float);
    if (copied != local)
        py_mem_free(copied);
    return made;
}

static struct py_object *scan_number(struct py_json_scanner *s, struct py_str *text, int64_t start,
                                     int64_t *end)
{
    int64_t i = start + (peek(text, start) == '-');
    bool is_float = false;
    if (!is_digit(text, i))
        return stop_at(start);
    i = peek(text, i) == '0' ? i + 1 : skip_digits(text, i);
    if (peek(text, i) == '.' && is_digit(text, i + 1)) {
        is_float = true;
        i = skip_digits(text, i + 1);
    }
    if ((peek(text, i) | 0x20) == 'e') {
        const uint32_t sign = peek(text, i + 1);
        const int64_t digits = i + 1 + (sign == '+' || sign == '-');
        if (is_digit(text, digits)) {
            is_float = true;
            i = skip_digits(text, digits);
        }
    }
    *end = i;
    return make_number(s, text, start, i, is_float);
}

static bool looking_at(const struct py_str *text, int64_t i, const char *word)
{
    for (; *word; word++, i++)
        if (peek(text, i) != (uint8_t)*word)
            return false;
    return true;
}

/* NULL without an exception: no word of JSON begins here. */
static struct py_object *scan_word(struct py_json_scanner *s, struct py_str *text, int64_t i,
                                   int64_t *end)
{
    static const char *const words[] = {"null", "true", "false", "NaN", "Infinity", "-Infinity"};
    struct py_object *const values[] = {PY_NONE, PY_TRUE, PY_FALSE};
    for (int k = 0; k < 6; k++) {
        if (!looking_at(text, i, words[k]))
            continue;
        *end = i + (int64_t)strlen(words[k]);
        if (k < 3)
            return values[k];
        struct py_object *const word = PY_OBJ(py_str_const(words[k]));
        return word ? py_call1(s->parse_constant, word) : NULL;
    }
    return NULL;
}

/* ---- objects and arrays ---------------------------------------------------------------------- */

/* A key, made one with those like it, and its colon. New. */
static struct py_object *scan_key(struct py_json_scanner *s, struct py_str *text, int64_t i,
                                  int64_t *end)
{
    if (peek(text, i) != '"')
        return json_raise("Expecting property name enclosed in double quotes", text, i);
    struct py_object *key = PY_OBJ(json_scan_string(text, i + 1, s->strict, &i));
    if (!key)
        return NULL;
    PY_HOLD(&key);
    struct py_object *const known = py_dict_setdefault(s->memo, key, key);
    if (known != key) {
        if (known)
            py_incref(known);
        py_setref(key, known);
    }
    i = skip_space(text, i);
    if (key && peek(text, i) != ':') {
        json_raise("Expecting ':' delimiter", text, i);
        py_clear(key);
    }
    *end = skip_space(text, i + 1);
    return key;
}

static int add_pair(struct py_object *all, struct py_object *const *pair)
{
    if (py_dict_check_exact(all))
        return py_dict_set((struct py_dict *)all, pair[0], pair[1]);
    struct py_tuple *const both = py_tuple_from_array(pair, 2);
    return both ? py_list_append_steal((struct py_list *)all, PY_OBJ(both)) : -1;
}

/* Behind the brace, the pairs into all. Where the next thing begins, or -1. */
static int64_t scan_pairs(struct py_json_scanner *s, struct py_str *text, int64_t i,
                          struct py_object *all)
{
    i = skip_space(text, i);
    if (peek(text, i) == '}')
        return i + 1;
    for (;;) {
        struct py_object *pair[2] = {NULL, NULL};
        PY_HOLD_N(pair, 2);
        pair[0] = scan_key(s, text, i, &i);
        pair[1] = pair[0] ? scan_value(s, text, i, &i) : NULL;
        const int status = pair[1] ? add_pair(all, pair) : -1;
        py_clear(pair[0]);
        py_clear(pair[1]);
        if (status < 0)
            return -1;
        i = skip_space(text, i);
        if (peek(text, i) == '}')
            return i + 1;
        if (peek(text, i) != ',')
            return json_raise("Expecting ',' delimiter", text, i), -1;
        i = skip_space(text, i + 1);
    }
}

static struct py_object *scan_object(struct py_json_scanner *s, struct py_str *text, int64_t i,
                                     int64_t *end)
{
    const bool as_pairs = s->object_pairs_hook != PY_NONE;
    struct py_object *const hook = as_pairs ? s->object_pairs_hook : s->object_hook;
    struct py_object *all = as_pairs ? PY_OBJ(py_list_new(0)) : PY_OBJ(py_dict_new());
    if (!all)
        return NULL;
    PY_HOLD(&all);
    if ((*end = scan_pairs(s, text, i, all)) < 0) {
        py_clear(all);
    } else if (hook != PY_NONE) {
        struct py_object *const made = py_call1(hook, all);
        py_setref(all, made);
    }
    return all;
}

static struct py_object *scan_array(struct py_json_scanner *s, struct py_str *text, int64_t i,
                                    int64_t *end)
{
    struct py_list *all = py_list_new(0);
    if (!all)
        return NULL;
    PY_HOLD(&all);
    i = skip_space(text, i);
    if (peek(text, i) != ']') {
        for (;;) {
            struct py_object *const item = scan_value(s, text, i, &i);
            if (!item || py_list_append_steal(all, item) < 0) {
                py_clear(all);
                return NULL;
            }
            i = skip_space(text, i);
            if (peek(text, i) == ']')
                break;
            if (peek(text, i) != ',') {
                json_raise("Expecting ',' delimiter", text, i);
                py_clear(all);
                return NULL;
            }
            i = skip_space(text, i + 1);
        }
    }
    *end = i + 1;
    return PY_OBJ(all);
}

static struct py_object *scan_value(struct py_json_scanner *s, struct py_str *text, int64_t i,
                                    int64_t *end)
{
    struct py_object *value;
    const uint32_t c = peek(text, i);
    if (i >= text->length)
        return stop_at(i);
    if (c == '"')
        return PY_OBJ(json_scan_string(text, i + 1, s->strict, end));
    if (c == '{' || c == '[') {
        if (py_enter_recursion(c == '{' ? " while decoding a JSON object from a unicode string"
                                        : " while decoding a JSON array from a unicode string") < 0)
            return NULL;
        value = c == '{' ? scan_object(s, text, i + 1, end) : scan_array(s, text, i + 1, end);
        py_leave_recursion();
        return value;
    }
    if (c < '0' || c > '9') {
        value = scan_word(s, text, i, end);
        if (value || py_error_occurred())
            return value;
    }
    return scan_number(s, text, i, end);
}

/* ---- the object ------------------------------------------------------------------------------ */

static struct py_object *scanner_call(struct py_object *self, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"string", "idx"};
    static const struct py_params params = {
        .function = "scan_once", .names = names, .count = 2, .required = 2, .keyword_only = 2};
    struct py_json_scanner *const s = SCANNER(self);
    struct py_object *in[2] = {NULL}, *pair[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    const int64_t start = py_int_as_ssize_arg(in[1]);
    if (start == -1 && py_error_occurred())
        return NULL;
    if (!py_str_check(in[0]))
        return py_raise(&py_exc_TypeError, "first argument must be a string, not %.80s",
                        in[0]->type->name);
    if (start < 0)
        return py_raise(&py_exc_ValueError, "idx cannot be negative");
    int64_t end = 0;
    PY_HOLD_N(pair, 2);
    pair[0] = scan_value(s, (struct py_str *)in[0], start, &end);
    py_dict_clear(s->memo);
    if (!pair[0])
        return NULL;
    pair[1] = py_int_from_i64(end);
    if (pair[1])
        return PY_OBJ(py_tuple_from_array_steal(pair, 2));
    py_clear(pair[0]);
    return NULL;
}

static int take_hooks(struct py_json_scanner *s, struct py_object *context)
{
    struct py_object *strict = py_getattr_cstr(context, "strict");
    if (!strict)
        return -1;
    PY_HOLD(&strict);
    const int truth = py_truth(strict);
    py_clear(strict);
    s->strict = truth > 0;
    if (truth < 0 || !(s->object_hook = py_getattr_cstr(context, "object_hook")) ||
        !(s->object_pairs_hook = py_getattr_cstr(context, "object_pairs_hook")) ||
        !(s->parse_float = py_getattr_cstr(context, "parse_float")) ||
        !(s->parse_int = py_getattr_cstr(context, "parse_int")) ||
        !(s->parse_constant = py_getattr_cstr(context, "parse_constant")))
        return -1;
    return 0;
}

static struct py_object *scanner_new(struct py_type *type, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"context"};
    static const struct py_params params = {
        .function = "make_scanner", .names = names, .count = 1, .required = 1, .keyword_only = 1};
    struct py_object *context = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &context) < 0)
        return NULL;
    struct py_json_scanner *s = py_object_new(type);
    if (!s)
        return NULL;
    PY_HOLD(&s);
    py_gc_track(s);
    if (!(s->memo = py_dict_new()) || take_hooks(s, context) < 0)
        py_clear(s);
    return PY_OBJ(s);
}

static int scanner_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                        struct py_tuple *kwnames)
{
    UNUSED;
    return 0;
}

static const struct py_field scanner_fields[] = {
    PY_FIELD(struct py_json_scanner, object_hook),
    PY_FIELD(struct py_json_scanner, object_pairs_hook),
    PY_FIELD(struct py_json_scanner, parse_float),
    PY_FIELD(struct py_json_scanner, parse_int),
    PY_FIELD(struct py_json_scanner, parse_constant),
    PY_FIELD(struct py_json_scanner, memo),
};
#define MEMBER(kind, member)                                                            \
    {                                                                                   \
#member, PY_MEMBER_##kind, offsetof(struct py_json_scanner, member), true, NULL \
    }
static const struct py_member_def scanner_members[] = {
    MEMBER(BOOL, strict),
    MEMBER(OBJECT, object_hook),
    MEMBER(OBJECT, object_pairs_hook),
    MEMBER(OBJECT, parse_float),
    MEMBER(OBJECT, parse_int),
    MEMBER(OBJECT, parse_constant),
    {.name = NULL},
};
struct py_type py_json_scanner_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_json.Scanner",
    .basicsize = sizeof(struct py_json_scanner),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE,
    .field_count = 6,
    .fields = scanner_fields,
    .call = scanner_call,
    .init = scanner_init,
    .new_ = scanner_new,
    .members = scanner_members,
    .doc = "JSON scanner object",
};
