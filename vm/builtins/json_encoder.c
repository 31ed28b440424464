/* _json.Encoder: the text of a value, with the settings of a json.JSONEncoder.
 *
 * Pieces go straight into one buffer. What JSON has no word for is given to `default`, and what
 * that returns is written instead. The markers dict, when there is one, holds every container that
 * is being written under its address: one that is met again contains itself.
 *
 * `default`, a foreign encoder function and the methods of a dict subclass are Python code: they
 * may change what is being written. A dict's items are copied first; a list is looked at anew for
 * each item.
 */
#include <math.h>

#include "vm/builtins/mod_json.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/func.h"
#include "vm/object/list.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

struct py_json_encoder {
    struct py_object base;
    struct py_object *markers; /* dict or None */
    struct py_object *default_, *encoder, *indent;
    struct py_str *key_separator, *item_separator;
    bool sort_keys, skipkeys;
    int32_t allow_nan;
    uint64_t quoting; /* enum quoting */
};
#define ENCODER(o) ((struct py_json_encoder *)(o))

enum quoting { QUOTE_BY_CALL, QUOTE_PLAIN, QUOTE_ASCII };

static int write_value(struct py_json_encoder *e, struct py_strbuf *b, struct py_object *o);

/* ---- atoms ----------------------------------------------------------------------------------- */

static const char *float_word(double d)
{
    return isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity";
}

/* Appends a str and drops it; NULL is the failure it stands for. */
static int write_text_steal(struct py_strbuf *b, struct py_object *text)
{
    const int status = text ? py_strbuf_str(b, (struct py_str *)text) : -1;
    py_xdecref(text);
    return status;
}

static int write_float(struct py_json_encoder *e, struct py_strbuf *b, struct py_object *o)
{
    const double d = ((struct py_float *)o)->value;
    if (isfinite(d))
        return write_text_steal(b, py_float_type.repr(o));
    if (!e->allow_nan)
        return py_raise_int(&py_exc_ValueError, "Out of range float values are not JSON compliant");
    return py_strbuf_cstr(b, float_word(d));
}

static int write_int(struct py_strbuf *b, struct py_object *o)
{
    if (!py_int_is_compact(o))
        return write_text_steal(b, py_int_type.repr(o));
    char digits[24];
    size_t at = sizeof digits;
    const int64_t value = py_int_compact_value(o);
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (value < 0)
        digits[--at] = '-';
    return py_strbuf_ascii(b, digits + at, sizeof digits - at);
}

static int write_string(struct py_json_encoder *e, struct py_strbuf *b, struct py_object *o)
{
    if (e->quoting != QUOTE_BY_CALL)
        return json_quote(b, (struct py_str *)o, e->quoting == QUOTE_ASCII);
    struct py_object *text = py_call1(e->encoder, o);
    if (!text)
        return -1;
    if (py_str_check(text))
        return write_text_steal(b, text);
    py_raise(&py_exc_TypeError, "encoder() must return a string, not %.80s", text->type->name);
    py_decref(text);
    return -1;
}

static const char *constant_word(const struct py_object *o)
{
    return o == PY_NONE ? "null" : o == PY_TRUE ? "true" : o == PY_FALSE ? "false" : NULL;
}

/* ---- containers ------------------------------------------------------------------------------ */

/* Notes that o is being written; *mark (new, or NULL when nothing is noted) is for unmark. */
static int mark(struct py_json_encoder *e, struct py_object *o, struct py_object **mark_out)
{
    *mark_out = NULL;
    if (e->markers == PY_NONE)
        return 0;
    struct py_object *const address = py_int_from_u64((uint64_t)(uintptr_t)o);
    if (!address)
        return -1;
    const int known = py_dict_contains((struct py_dict *)e->markers, address);
    if (known > 0)
        py_raise(&py_exc_ValueError, "Circular reference detected");
    if (known != 0 || py_dict_set((struct py_dict *)e->markers, address, o) < 0) {
        py_decref(address);
        return -1;
    }
    *mark_out = address;
    return 0;
}

/* Takes the note back unless something failed: then the markers keep it, as json's do. */
static int unmark(struct py_json_encoder *e, struct py_object **mark_slot, int status)
{
    if (status == 0 && *mark_slot)
        status = py_dict_del((struct py_dict *)e->markers, *mark_slot);
    py_clear(*mark_slot);
    return status;
}

/* The key of a pair as JSON, which knows only texts. 1: written; 0: to be skipped; -1. */
static int write_key(struct py_json_encoder *e, struct py_strbuf *b, struct py_object *key,
                     bool first)
{
    struct py_object *text = NULL;
    if (py_str_check(key))
        text = py_newref(key);
    else if (py_float_check(key) && isfinite(((struct py_float *)key)->value))
        text = py_float_type.repr(key);
    else if (py_float_check(key) && !e->allow_nan)
        py_raise(&py_exc_ValueError, "Out of range float values are not JSON compliant");
    else if (py_float_check(key))
        text = PY_OBJ(py_str_from_cstr(float_word(((struct py_float *)key)->value)));
    else if (constant_word(key))
        text = PY_OBJ(py_str_from_cstr(constant_word(key)));
    else if (py_int_check(key))
        text = py_int_type.repr(key);
    else if (e->skipkeys)
        return 0;
    else
        py_raise(&py_exc_TypeError, "keys must be str, int, float, bool or None, not %.100s",
                 key->type->name);
    if (!text)
        return -1;
    PY_HOLD(&text);
    int status = first ? 0 : py_strbuf_str(b, e->item_separator);
    if (status == 0)
        status = write_string(e, b, text);
    if (status == 0)
        status = py_strbuf_str(b, e->key_separator);
    py_clear(text);
    return status < 0 ? -1 : 1;
}

/* The pairs of a mapping in the order they are written in. New list. */
static struct py_list *pairs_of(struct py_json_encoder *e, struct py_object *o)
{
    struct py_list *pairs;
    if (py_dict_check_exact(o)) {
        pairs = py_dict_items_list((struct py_dict *)o);
    } else {
        struct py_object *items = py_call_method_cstr(o, "items", 0);
        if (!items)
            return NULL;
        PY_HOLD(&items);
        pairs = py_list_from_iterable(items);
        py_clear(items);
    }
    if (!pairs || !e->sort_keys)
        return pairs;
    PY_HOLD(&pairs);
    if (py_list_sort(pairs, NULL, false) < 0)
        py_clear(pairs);
    return pairs;
}

static int write_pairs(struct py_json_encoder *e, struct py_strbuf *b, struct py_list *pairs)
{
    bool first = true;
    for (int64_t i = 0; i < pairs->base.size; i++) {
        struct py_tuple *pair = (struct py_tuple *)pairs->items[i];
        if (!py_tuple_check(PY_OBJ(pair)) || pair->base.size != 2)
            return py_raise_int(&py_exc_ValueError, "items must return 2-tuples");
        const int written = write_key(e, b, pair->items[0], first);
        if (written < 0 || (written > 0 && write_value(e, b, pair->items[1]) < 0))
            return -1;
        first &= !written;
    }
    return 0;
}

static int write_dict(struct py_json_encoder *e, struct py_strbuf *b, struct py_object *o)
{
    if (((struct py_dict *)o)->used == 0)
        return py_strbuf_ascii(b, "{}", 2);
    struct py_object *note = NULL;
    if (mark(e, o, &note) < 0)
        return -1;
    PY_HOLD(&note);
    struct py_list *pairs = pairs_of(e, o);
    PY_HOLD(&pairs);
    int status = pairs ? py_strbuf_char(b, '{') : -1;
    if (status == 0)
        status = write_pairs(e, b, pairs);
    py_clear(pairs);
    if ((status = unmark(e, &note, status)) == 0)
        status = py_strbuf_char(b, '}');
    return status;
}

/* A list may change meanwhile; a tuple does not. */
static struct py_object *item_of(struct py_object *sequence, int64_t i)
{
    if (py_tuple_check(sequence)) {
        const struct py_tuple *const t = (struct py_tuple *)sequence;
        return i < t->base.size ? py_newref(t->items[i]) : NULL;
    }
    const struct py_list *const list = (struct py_list *)sequence;
    return i < list->base.size ? py_newref(list->items[i]) : NULL;
}

static int write_items(struct py_json_encoder *e, struct py_strbuf *b, struct py_object *sequence)
{
    struct py_object *item = NULL;
    int status = 0;
    PY_HOLD(&item);
    for (int64_t i = 0; status == 0 && (item = item_of(sequence, i)) != NULL; i++) {
        if (i > 0)
            status = py_strbuf_str(b, e->item_separator);
        if (status == 0)
            status = write_value(e, b, item);
        py_clear(item);
    }
    return status;
}

static int write_sequence(struct py_json_encoder *e, struct py_strbuf *b, struct py_object *o)
{
    if (((struct py_var *)o)->size == 0)
        return py_strbuf_ascii(b, "[]", 2);
    struct py_object *note = NULL;
    if (mark(e, o, &note) < 0)
        return -1;
    PY_HOLD(&note);
    int status = py_strbuf_char(b, '[');
    if (status == 0)
        status = write_items(e, b, o);
    if ((status = unmark(e, &note, status)) == 0)
        status = py_strbuf_char(b, ']');
    return status;
}

static int write_by_default(struct py_json_encoder *e, struct py_strbuf *b, struct py_object *o)
{
    struct py_object *note = NULL, *instead = NULL;
    if (mark(e, o, &note) < 0)
        return -1;
    PY_HOLD(&note);
    PY_HOLD(&instead);
    instead = py_call1(e->default_, o);
    const int status = instead ? write_value(e, b, instead) : -1;
    py_clear(instead);
    return unmark(e, &note, status);
}

static int write_value(struct py_json_encoder *e, struct py_strbuf *b, struct py_object *o)
{
    if (py_str_check(o))
        return write_string(e, b, o);
    const char *const word = constant_word(o);
    if (word)
        return py_strbuf_cstr(b, word);
    if (py_int_check(o))
        return write_int(b, o);
    if (py_float_check(o))
        return write_float(e, b, o);
    if (py_enter_recursion(" while encoding a JSON object") < 0)
        return -1;
    int status;
    if (py_has_flag(o, PY_TYPE_IS_LIST | PY_TYPE_IS_TUPLE))
        status = write_sequence(e, b, o);
    else if (py_dict_check(o))
        status = write_dict(e, b, o);
    else
        status = write_by_default(e, b, o);
    py_leave_recursion();
    return status;
}

/* ---- the object ------------------------------------------------------------------------------ */

static struct py_object *encoder_call(struct py_object *self, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"obj", "_current_indent_level"};
    static const struct py_params params = {
        .function = "_iterencode", .names = names, .count = 2, .required = 2, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    if (py_int_as_ssize_arg(in[1]) == -1 && py_error_occurred())
        return NULL;
    struct py_strbuf b;
    py_strbuf_init(&b);
    if (write_value(ENCODER(self), &b, in[0]) < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    struct py_object *text = PY_OBJ(py_strbuf_finish(&b));
    return text ? PY_OBJ(py_list_from_array_steal(&text, 1)) : NULL;
}

/* Which of our own functions quotes texts: such a call can be left out. */
static enum quoting quoting_of(const struct py_object *encoder)
{
    if (encoder->type != &py_cfunction_type)
        return QUOTE_BY_CALL;
    const py_callfn fn = ((const struct py_cfunction *)encoder)->def->fn;
    return fn == json_encode_basestring_ascii ? QUOTE_ASCII
           : fn == json_encode_basestring     ? QUOTE_PLAIN
                                              : QUOTE_BY_CALL;
}

enum {
    MARKERS,
    DEFAULT,
    ENCODE,
    INDENT,
    KEY_SEPARATOR,
    ITEM_SEPARATOR,
    SORT_KEYS,
    SKIPKEYS,
    ALLOW_NAN,
    ARGUMENT_COUNT
};

/* flags: the truth of the last three arguments. */
static int check_arguments(struct py_object *const *in, int *flags)
{
    for (int i = KEY_SEPARATOR; i <= ITEM_SEPARATOR; i++)
        if (!py_str_check(in[i]))
            return py_raise_int(&py_exc_TypeError, "make_encoder() argument %d must be str, not %s",
                                i + 1, in[i] == PY_NONE ? "None" : in[i]->type->name);
    for (int i = SORT_KEYS; i <= ALLOW_NAN; i++)
        if ((flags[i - SORT_KEYS] = py_truth(in[i])) < 0)
            return -1;
    if (in[MARKERS] != PY_NONE && !py_dict_check(in[MARKERS]))
        return py_raise_int(&py_exc_TypeError,
                            "make_encoder() argument 1 must be dict or None, not %.200s",
                            in[MARKERS]->type->name);
    return 0;
}

static struct py_object *encoder_new(struct py_type *type, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"markers",   "default",       "encoder",
                                        "indent",    "key_separator", "item_separator",
                                        "sort_keys", "skipkeys",      "allow_nan"};
    static const struct py_params params = {.function = "make_encoder",
                                            .names = names,
                                            .count = ARGUMENT_COUNT,
                                            .required = ARGUMENT_COUNT,
                                            .keyword_only = ARGUMENT_COUNT};
    struct py_object *in[ARGUMENT_COUNT] = {NULL};
    int flags[3];
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || check_arguments(in, flags) < 0)
        return NULL;
    struct py_json_encoder *const e = py_object_new(type);
    if (!e)
        return NULL;
    e->markers = py_newref(in[MARKERS]);
    e->default_ = py_newref(in[DEFAULT]);
    e->encoder = py_newref(in[ENCODE]);
    e->indent = py_newref(in[INDENT]);
    e->key_separator = (struct py_str *)py_newref(in[KEY_SEPARATOR]);
    e->item_separator = (struct py_str *)py_newref(in[ITEM_SEPARATOR]);
    e->sort_keys = flags[0];
    e->skipkeys = flags[1];
    e->allow_nan = flags[2];
    e->quoting = quoting_of(e->encoder);
    py_gc_track(e);
    return PY_OBJ(e);
}

static int encoder_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                        struct py_tuple *kwnames)
{
    UNUSED;
    return 0;
}

static const struct py_field encoder_fields[] = {
    PY_FIELD(struct py_json_encoder, markers),
    {.name = "default",
     .offset = offsetof(struct py_json_encoder, default_),
     .edge_class = PY_EDGE_TRAVERSED},
    PY_FIELD(struct py_json_encoder, encoder),
    PY_FIELD(struct py_json_encoder, indent),
    PY_FIELD(struct py_json_encoder, key_separator),
    PY_FIELD(struct py_json_encoder, item_separator),
};
#define MEMBER(text, kind, member)                                                   \
    {                                                                                \
        text, PY_MEMBER_##kind, offsetof(struct py_json_encoder, member), true, NULL \
    }
static const struct py_member_def encoder_members[] = {
    MEMBER("markers", OBJECT, markers),
    MEMBER("default", OBJECT, default_),
    MEMBER("encoder", OBJECT, encoder),
    MEMBER("indent", OBJECT, indent),
    MEMBER("key_separator", OBJECT, key_separator),
    MEMBER("item_separator", OBJECT, item_separator),
    MEMBER("sort_keys", BOOL, sort_keys),
    MEMBER("skipkeys", BOOL, skipkeys),
    {.name = NULL},
};
struct py_type py_json_encoder_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_json.Encoder",
    .basicsize = sizeof(struct py_json_encoder),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE,
    .field_count = 6,
    .fields = encoder_fields,
    .call = encoder_call,
    .init = encoder_init,
    .new_ = encoder_new,
    .members = encoder_members,
    .doc = "encoder(obj, level) -> the pieces of its JSON",
};
