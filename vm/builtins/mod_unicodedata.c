/* The module unicodedata: what the Unicode Character Database says of a character, in version 14
 * as CPython 3.11 has it, and normal forms of text.
 *
 * The data are the tables of vm/front/unicode_data.h and the names of vm/front/unicode_names.h.
 * Each function is a method too of ucd_3_2_0, an object that answers as Unicode 3.2 would have:
 * the receiver says which database is asked.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "vm/builtins/mod_support.h"
#include "vm/builtins/unicode_normal.h"
#include "vm/front/unicode_data.h"
#include "vm/front/unicode_names.h"
#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/object/static_types.h"
#include "vm/object/str_impl.h"
#include "vm/runtime/error.h"

#define LOOKUP_MAX 256 /* a longer name is refused unseen */

extern struct py_type py_unicode_database_type;

static bool is_old(const struct py_object *self)
{
    return self && self->type == &py_unicode_database_type;
}

/* The one character of an argument. -1: TypeError; where is "" or " 1". */
static int character(const char *function, const char *where, struct py_object *arg, uint32_t *out)
{
    if (!py_str_check(arg) || str_of(arg)->length != 1)
        return py_raise_int(&py_exc_TypeError,
                            "%s() argument%s must be a unicode character, not %.50s", function,
                            where, arg->type->name);
    *out = py_str_char(str_of(arg), 0);
    return 0;
}

#define ONE(name)                                                 \
    static struct py_object *value_of_##name(uint32_t, bool old); \
    METHOD(ucd_##name)                                            \
    {                                                             \
        (void)nargs, (void)kwnames;                               \
        uint32_t c;                                               \
        if (character(#name, "", args[0], &c) < 0)                \
            return NULL;                                          \
        return value_of_##name(c, is_old(self));                  \
    }                                                             \
    static struct py_object *value_of_##name(uint32_t c, bool old)

ONE(category)
{
    return PY_OBJ(py_str_from_cstr(unicode_character(c, old)->category));
}

ONE(bidirectional)
{
    return PY_OBJ(py_str_from_cstr(unicode_character(c, old)->bidirectional));
}

ONE(combining)
{
    return py_int_from_i64(unicode_is_assigned(c, old) ? unicode_character(c, false)->combining
                                                       : 0);
}

ONE(mirrored)
{
    return py_int_from_i64(unicode_character(c, old)->mirrored);
}

ONE(east_asian_width)
{
    return PY_OBJ(py_str_from_cstr(unicode_width(c, old)));
}

ONE(decomposition)
{
    const uint32_t *parts;
    const char *tag = NULL;
    struct py_strbuf b;
    const size_t count = unicode_decomposition(c, old, &parts, &tag);
    py_strbuf_init(&b);
    if (tag &&
        (py_strbuf_char(&b, '<') < 0 || py_strbuf_cstr(&b, tag) < 0 || py_strbuf_char(&b, '>') < 0))
        goto fail;
    for (size_t i = 0; i < count; i++) {
        char hex[12];
        snprintf(hex, sizeof hex, "%s%04X", tag || i ? " " : "", (unsigned)parts[i]);
        if (py_strbuf_cstr(&b, hex) < 0)
            goto fail;
    }
    return PY_OBJ(py_strbuf_finish(&b));
fail:
    py_strbuf_deinit(&b);
    return NULL;
}

/* The default where one is given, else ValueError. */
static struct py_object *otherwise(struct py_object *const *args, size_t nargs, const char *message)
{
    return nargs > 1 ? py_newref(args[1]) : py_raise(&py_exc_ValueError, "%s", message);
}

METHOD(ucd_decimal)
{
    (void)kwnames;
    uint32_t c;
    struct unicode_number n;
    if (character("decimal", " 1", args[0], &c) < 0)
        return NULL;
    if (unicode_number(c, is_old(self), &n) && n.decimal >= 0)
        return py_int_from_i64(n.decimal);
    return otherwise(args, nargs, "not a decimal");
}

METHOD(ucd_digit)
{
    (void)kwnames;
    uint32_t c;
    struct unicode_number n;
    if (character("digit", " 1", args[0], &c) < 0)
        return NULL;
    (void)self; /* CPython does not ask for the version here */
    if (unicode_number(c, false, &n) && n.digit >= 0)
        return py_int_from_i64(n.digit);
    return otherwise(args, nargs, "not a digit");
}

METHOD(ucd_numeric)
{
    (void)kwnames;
    uint32_t c;
    struct unicode_number n;
    if (character("numeric", " 1", args[0], &c) < 0)
        return NULL;
    if (unicode_number(c, is_old(self), &n))
        return py_float_from(n.value);
    return otherwise(args, nargs, "not a numeric character");
}

/* ---- names ----------------------------------------------------------------------------------- */

METHOD(ucd_name)
{
    (void)kwnames;
    uint32_t c;
    char name[UNICODE_NAME_MAX];
    if (character("name", " 1", args[0], &c) < 0)
        return NULL;
    if (unicode_is_assigned(c, is_old(self)) && unicode_name_of(c, name) > 0)
        return PY_OBJ(py_str_from_cstr(name));
    return otherwise(args, nargs, "no such name");
}

/* Unicode 3.2 knew no aliases. */
static bool is_old_name(uint32_t c, const char *name, size_t length)
{
    char real[UNICODE_NAME_MAX];
    return unicode_is_assigned(c, true) && unicode_name_of(c, real) == length &&
           strncasecmp(real, name, length) == 0;
}

static struct py_object *character_named(const char *name, size_t length, bool old)
{
    uint32_t sequence[UNICODE_SEQUENCE_MAX];
    if (length > LOOKUP_MAX)
        return py_raise(&py_exc_KeyError, "name too long");
    const int32_t c = unicode_name_find(name, length);
    if (c >= 0 && (!old || is_old_name((uint32_t)c, name, length)))
        return PY_OBJ(py_str_from_char((uint32_t)c));
    const size_t count = old ? 0 : unicode_name_find_sequence(name, length, sequence);
    if (count > 0)
        return PY_OBJ(py_str_from_ucs4(sequence, (int64_t)count));
    char text[LOOKUP_MAX + 1];
    memcpy(text, name, length);
    text[length] = '\0';
    return py_raise(&py_exc_KeyError, "undefined character name '%s'", text);
}

METHOD(ucd_lookup)
{
    (void)nargs, (void)kwnames;
    if (py_str_check(args[0])) {
        size_t length;
        const char *const name = py_str_utf8(str_of(args[0]), &length);
        return name ? character_named(name, length, is_old(self)) : NULL;
    }
    OCTETS(in);
    if (octets_get(&in, args[0]) < 0)
        return NULL;
    return character_named((const char *)in.data, (size_t)in.length, is_old(self));
}

/* ---- normal forms ---------------------------------------------------------------------------- */

/* Arguments of normalize and is_normalized: the result, or NULL. */
static struct py_str *normalized(struct py_object *self, const char *function,
                                 struct py_object *const *args)
{
    static const struct {
        const char *name;
        struct unicode_form form;
    } forms[] = {{"NFC", {.composed = true}},
                 {"NFD", {.composed = false}},
                 {"NFKC", {.compatible = true, .composed = true}},
                 {"NFKD", {.compatible = true}}};
    for (int i = 0; i < 2; i++)
        if (!py_str_check(args[i]))
            return py_raise(&py_exc_TypeError, "%s() argument %d must be str, not %.50s", function,
                            i + 1, args[i]->type->name);
    if (str_of(args[1])->length == 0)
        return py_newref(str_of(args[1])); /* in whatever form, known or not */
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct unicode_form form = forms[i].form;
        form.old = is_old(self);
        if (py_str_equal_cstr(str_of(args[0]), forms[i].name))
            return unicode_normalize(str_of(args[1]), form);
    }
    return py_raise(&py_exc_ValueError, "invalid normalization form");
}

METHOD(ucd_normalize)
{
    (void)nargs, (void)kwnames;
    return PY_OBJ(normalized(self, "normalize", args));
}

METHOD(ucd_is_normalized)
{
    (void)nargs, (void)kwnames;
    struct py_str *const found = normalized(self, "is_normalized", args);
    if (!found)
        return NULL;
    const bool same = py_str_equal(found, str_of(args[1]));
    py_decref(found);
    return py_bool_from(same);
}

/* ---- the module ------------------------------------------------------------------------------ */

#define ROW(function, low, high, text)                                                          \
    {                                                                                           \
        .name = #function, .fn = ucd_##function, .min_args = low, .max_args = high, .doc = text \
    }
static const struct py_method_def functions[] = {
    ROW(category, 1, 1, "The general category of a character."),
    ROW(bidirectional, 1, 1, "The bidirectional class of a character, \"\" if it has none."),
    ROW(combining, 1, 1, "The canonical combining class of a character, 0 if it has none."),
    ROW(mirrored, 1, 1, "1 if a character is mirrored in bidirectional text, else 0."),
    ROW(east_asian_width, 1, 1, "The East Asian width of a character."),
    ROW(decomposition, 1, 1, "What a character decomposes to, as hexadecimal numbers."),
    ROW(decimal, 1, 2, "The value of a decimal digit; the default or ValueError for others."),
    ROW(digit, 1, 2, "The value of a digit; the default or ValueError for others."),
    ROW(numeric, 1, 2, "The numeric value of a character; the default or ValueError for others."),
    ROW(name, 1, 2, "The name of a character; the default or ValueError if it has none."),
    ROW(lookup, 1, 1, "The character, or the sequence, of this name; KeyError if there is none."),
    ROW(normalize, 2, 2, "A text in normal form NFC, NFKC, NFD or NFKD."),
    ROW(is_normalized, 2, 2, "Whether a text is in normal form NFC, NFKC, NFD or NFKD."),
    {.name = NULL},
};

static struct py_object *old_version(struct py_object *self, void *closure)
{
    (void)self, (void)closure;
    return PY_OBJ(py_str_from_cstr("3.2.0"));
}
static const struct py_getset_def getsets[] = {
    {.name = "unidata_version", .get = old_version},
    {.name = NULL},
};

struct py_type py_unicode_database_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "unicodedata.UCD",
    .basicsize = sizeof(struct py_object),
    .flags = PY_TYPE_DISALLOW_NEW,
    .methods = functions,
    .getsets = getsets,
};

struct py_module *py_mod_unicodedata_init(void); /* modules.def */

struct py_module *py_mod_unicodedata_init(void)
{
    struct py_module *m = py_module_new("unicodedata", "The Unicode Character Database.");
    if (m && (py_module_add_methods(m, functions) < 0 ||
              module_add_type(m, &py_unicode_database_type) < 0 ||
              py_module_add_steal(m, "ucd_3_2_0", py_object_new(&py_unicode_database_type)) < 0 ||
              py_module_add_steal(m, "unidata_version", PY_OBJ(py_str_from_cstr("14.0.0"))) < 0))
        py_clear(m);
    return m;
}
