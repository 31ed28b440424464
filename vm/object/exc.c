/* The exception objects: constructors, attributes, texts.
 *
 * Every type of exceptions.def is built here from two columns of that list: its layout, which names
 * the struct, the table of fields and the constructor, and its base. What a type does differently
 * from its layout (KeyError's text, the three Unicode errors) is patched in before main().
 *
 *     BaseException   dict args notes traceback cause context   (88 bytes with the gc link)
 *       + layout      value | code | errno strerror ... | msg filename ... | name obj
 *
 * An instance is tracked once its args are set. Setting __cause__ suppresses the context, and a
 * chain of contexts never closes to a ring through this file: vm/runtime/error.c cuts it.
 *
 * Not here: OSError (exc_os.c), raising and catching (vm/runtime/error.c), the traceback object and
 * printing (traceback.c, vm/runtime/error_print.c).
 */
#include "vm/object/exc.h"

#include <stdio.h>
#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/exc_internal.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

/* ---- BaseException --------------------------------------------------------------------------- */

struct py_object *py_exc_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                             struct py_tuple *kwnames)
{
    (void)kwnames;
    struct py_exc *e = py_object_new(type);
    if (!e)
        return NULL;
    e->args = py_tuple_from_array(args, nargs);
    if (!e->args) {
        py_decref(e);
        return NULL;
    }
    py_gc_track(e);
    return PY_OBJ(e);
}

int py_exc_set_args(struct py_object *o, struct py_object *const *args, size_t nargs)
{
    struct py_exc *e = (struct py_exc *)o;
    /* new has usually stored the same values a moment ago. */
    if (e->args && (size_t)e->args->base.size == nargs &&
        (nargs == 0 || memcmp(e->args->items, args, nargs * sizeof *args) == 0))
        return 0;
    struct py_tuple *t = py_tuple_from_array(args, nargs);
    if (!t)
        return -1;
    py_setref(e->args, t);
    return 0;
}

static int exc_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                    struct py_tuple *kwnames)
{
    if (kwnames && kwnames->base.size)
        return py_raise_int(&py_exc_TypeError, "%s() takes no keyword arguments",
                            py_type_shortname(py_typeof(o)));
    return py_exc_set_args(o, args, nargs);
}

struct py_object *py_exc_str(struct py_object *o)
{
    struct py_tuple *args = ((struct py_exc *)o)->args;
    if (!args || args->base.size == 0)
        return PY_OBJ(py_newref(py_str_empty()));
    if (args->base.size == 1)
        return py_str_of(args->items[0]);
    return py_str_of(PY_OBJ(args));
}

static struct py_object *exc_repr(struct py_object *o)
{
    struct py_tuple *args = ((struct py_exc *)o)->args;
    const char *name = py_type_shortname(py_typeof(o));
    if (!args)
        return PY_OBJ(py_str_format_c("%s()", name));
    if (args->base.size == 1)
        return PY_OBJ(py_str_format_c("%s(%R)", name, args->items[0]));
    return PY_OBJ(py_str_format_c("%s%R", name, PY_OBJ(args)));
}

static struct py_object *get_args(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_tuple *args = ((struct py_exc *)o)->args;
    return args ? PY_OBJ(py_newref(args)) : py_newref(PY_NONE);
}

static int set_args_attr(struct py_object *o, struct py_object *value, void *closure)
{
    (void)closure;
    if (!value)
        return py_raise_int(&py_exc_TypeError, "args may not be deleted");
    struct py_tuple *t = py_tuple_from_iterable(value);
    if (!t)
        return -1;
    py_setref(((struct py_exc *)o)->args, t);
    return 0;
}

static struct py_object *get_traceback(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_traceback *tb = ((struct py_exc *)o)->traceback;
    return tb ? PY_OBJ(py_newref(tb)) : py_newref(PY_NONE);
}

static int set_traceback(struct py_object *o, struct py_object *value, void *closure)
{
    (void)closure;
    if (!value)
        return py_raise_int(&py_exc_TypeError, "__traceback__ may not be deleted");
    if (value != PY_NONE && py_typeof(value) != &py_traceback_type)
        return py_raise_int(&py_exc_TypeError, "__traceback__ must be a traceback or None");
    struct py_traceback *tb = value == PY_NONE ? NULL : (struct py_traceback *)py_newref(value);
    py_setref(((struct py_exc *)o)->traceback, tb);
    return 0;
}

static struct py_object *get_context(struct py_object *o, void *closure)
{
    struct py_exc *e = (struct py_exc *)o;
    struct py_exc *v = closure ? e->cause : e->context;
    return v ? PY_OBJ(py_newref(v)) : py_newref(PY_NONE);
}

/* closure: not NULL for __cause__. */
static int set_context(struct py_object *o, struct py_object *value, void *closure)
{
    struct py_exc *e = (struct py_exc *)o;
    if (!value)
        return py_raise_int(&py_exc_TypeError, "__%s__ may not be deleted",
                            closure ? "cause" : "context");
    if (value != PY_NONE && !py_exc_check(value))
        return py_raise_int(&py_exc_TypeError,
                            "exception %s must be None or derive from BaseException",
                            closure ? "cause" : "context");
    struct py_exc *v = value == PY_NONE ? NULL : (struct py_exc *)py_newref(value);
    if (closure) {
        e->suppress_context = true;
        py_setref(e->cause, v);
    } else {
        py_setref(e->context, v);
    }
    return 0;
}

static struct py_object *get_dict(struct py_object *o, void *closure)
{
    (void)closure;
    struct py_dict *d = py_object_dict(o, true);
    return d ? PY_OBJ(py_newref(d)) : NULL;
}

static int set_dict(struct py_object *o, struct py_object *value, void *closure)
{
    (void)closure;
    if (!value)
        return py_raise_int(&py_exc_TypeError, "cannot delete __dict__");
    if (!py_dict_check(value))
        return py_raise_int(&py_exc_TypeError,
                            "__dict__ must be set to a dictionary, not a '%.200s'",
                            py_typeof(value)->name);
    struct py_dict *d = (struct py_dict *)py_newref(value);
    py_setref(((struct py_exc *)o)->dict, d);
    return 0;
}

static struct py_object *exc_with_traceback(struct py_object *o, struct py_object *const *args,
                                            size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    return set_traceback(o, args[0], NULL) < 0 ? NULL : py_newref(o);
}

static struct py_object *exc_add_note(struct py_object *o, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "note must be a str, not '%s'",
                        py_typeof(args[0])->name);
    struct py_object *name = PY_OBJ(py_str_const("__notes__")), *notes = NULL;
    if (py_getattr_optional(o, name, &notes) < 0)
        return NULL;
    PY_HOLD(&notes);
    struct py_object *result = NULL;
    if (!notes) {
        notes = PY_OBJ(py_list_new(0));
        if (!notes || py_setattr(o, name, notes) < 0)
            goto out;
    }
    if (!py_list_check(notes))
        py_raise(&py_exc_TypeError, "Cannot add note: __notes__ is not a list");
    else if (py_list_append((struct py_list *)notes, args[0]) == 0)
        result = py_newref(PY_NONE);
out:
    py_clear(notes);
    return result;
}

static struct py_object *exc_setstate(struct py_object *o, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    if (args[0] == PY_NONE)
        return py_newref(PY_NONE);
    if (!py_dict_check(args[0]))
        return py_raise(&py_exc_TypeError, "state is not a dictionary");
    struct py_object *key, *value;
    int64_t pos = 0;
    while (py_dict_next((struct py_dict *)args[0], &pos, &key, &value, NULL)) {
        /* __hash__ of a key may change the dict. */
        struct py_object *own[2] = {py_newref(key), py_newref(value)};
        PY_HOLD_N(own, 2);
        const int failed = py_setattr(o, own[0], own[1]);
        py_clear(own[1]);
        py_clear(own[0]);
        if (failed < 0)
            return NULL;
    }
    return py_newref(PY_NONE);
}

static struct py_object *exc_reduce(struct py_object *o, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_exc *e = (struct py_exc *)o;
    struct py_object *a = e->args ? PY_OBJ(e->args) : PY_OBJ(py_tuple_empty());
    if (e->dict)
        return PY_OBJ(py_tuple_pack(3, PY_OBJ(py_typeof(o)), a, PY_OBJ(e->dict)));
    return PY_OBJ(py_tuple_pack(2, PY_OBJ(py_typeof(o)), a));
}

static const struct py_method_def exc_methods[] = {
    {.name = "__reduce__", .fn = exc_reduce, .min_args = 0, .max_args = 0},
    {.name = "__setstate__", .fn = exc_setstate, .min_args = 1, .max_args = 1},
    {.name = "with_traceback",
     .fn = exc_with_traceback,
     .min_args = 1,
     .max_args = 1,
     .doc = "E.with_traceback(tb) --\n    set E.__traceback__, and return E."},
    {.name = "add_note",
     .fn = exc_add_note,
     .min_args = 1,
     .max_args = 1,
     .doc = "E.add_note(note) --\n    a text to be shown below the exception"},
    {.name = NULL}};

static const struct py_getset_def exc_getsets[] = {
    {.name = "__dict__", .get = get_dict, .set = set_dict},
    {.name = "args", .get = get_args, .set = set_args_attr},
    {.name = "__traceback__", .get = get_traceback, .set = set_traceback},
    {.name = "__context__", .get = get_context, .set = set_context, .doc = "exception context"},
    {.name = "__cause__",
     .get = get_context,
     .set = set_context,
     .doc = "exception cause",
     .closure = &py_exc_BaseException},
    {.name = NULL}};

static const struct py_member_def exc_members[] = {
    {.name = "__suppress_context__",
     .kind = PY_MEMBER_BOOL,
     .offset = offsetof(struct py_exc, suppress_context)},
    {.name = NULL}};

/* Fetches keyword value `name` if given; -1 when there is a keyword that is none of names[n]. */
static int take_keywords(const char *function, struct py_object *const *args, size_t nargs,
                         struct py_tuple *kwnames, const char *const *names, struct py_object **out,
                         size_t n)
{
    for (int64_t k = 0; kwnames && k < kwnames->base.size; k++) {
        struct py_str *kw = (struct py_str *)kwnames->items[k];
        size_t i = 0;
        while (i < n && !py_str_equal_cstr(kw, names[i]))
            i++;
        if (i == n)
            return py_raise_int(&py_exc_TypeError, "'%U' is an invalid keyword argument for %s()",
                                PY_OBJ(kw), function);
        out[i] = args[nargs + (size_t)k];
    }
    return 0;
}

/* ---- StopIteration, SystemExit --------------------------------------------------------------- */

static int stop_iteration_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                               struct py_tuple *kwnames)
{
    if (exc_init(o, args, nargs, kwnames) < 0)
        return -1;
    SET_FIELD(((struct py_exc_stop_iteration *)o)->value, nargs ? args[0] : PY_NONE);
    return 0;
}

static const struct py_member_def stop_iteration_members[] = {
    {.name = "value",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_stop_iteration, value),
     .doc = "generator return value"},
    {.name = NULL}};

static int system_exit_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                            struct py_tuple *kwnames)
{
    if (exc_init(o, args, nargs, kwnames) < 0)
        return -1;
    struct py_exc_system_exit *e = (struct py_exc_system_exit *)o;
    if (nargs == 1)
        SET_FIELD(e->code, args[0]);
    else if (nargs > 1)
        SET_FIELD(e->code, PY_OBJ(e->exc.args));
    return 0;
}

static const struct py_member_def system_exit_members[] = {
    {.name = "code",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_system_exit, code),
     .doc = "exception code"},
    {.name = NULL}};

/* ---- KeyError -------------------------------------------------------------------------------- */

/* The text of KeyError('') must not be empty, and a key that looks like an error message should
 * not be taken for one: so repr, when there is exactly one argument. */
static struct py_object *key_error_str(struct py_object *o)
{
    struct py_tuple *args = ((struct py_exc *)o)->args;
    if (args && args->base.size == 1)
        return py_repr(args->items[0]);
    return py_exc_str(o);
}

/* ---- NameError, AttributeError, ImportError -------------------------------------------------- */

static int name_error_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                           struct py_tuple *kwnames)
{
    static const char *const names[] = {"name"};
    struct py_object *kw[1] = {NULL};
    if (take_keywords("NameError", args, nargs, kwnames, names, kw, 1) < 0 ||
        py_exc_set_args(o, args, nargs) < 0)
        return -1;
    SET_FIELD(((struct py_exc_name_error *)o)->name, kw[0]);
    return 0;
}

static const struct py_member_def name_error_members[] = {
    {.name = "name",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_name_error, name),
     .doc = "name"},
    {.name = NULL}};

static int attribute_error_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                                struct py_tuple *kwnames)
{
    static const char *const names[] = {"name", "obj"};
    struct py_object *kw[2] = {NULL};
    if (take_keywords("AttributeError", args, nargs, kwnames, names, kw, 2) < 0 ||
        py_exc_set_args(o, args, nargs) < 0)
        return -1;
    struct py_exc_attribute_error *e = (struct py_exc_attribute_error *)o;
    SET_FIELD(e->name, kw[0]);
    SET_FIELD(e->obj, kw[1]);
    return 0;
}

static const struct py_member_def attribute_error_members[] = {
    {.name = "name",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_attribute_error, name),
     .doc = "attribute name"},
    {.name = "obj",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_attribute_error, obj),
     .doc = "object"},
    {.name = NULL}};

static int import_error_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                             struct py_tuple *kwnames)
{
    static const char *const names[] = {"name", "path"};
    struct py_object *kw[2] = {NULL};
    if (take_keywords("ImportError", args, nargs, kwnames, names, kw, 2) < 0 ||
        py_exc_set_args(o, args, nargs) < 0)
        return -1;
    struct py_exc_import_error *e = (struct py_exc_import_error *)o;
    SET_FIELD(e->name, kw[0]);
    SET_FIELD(e->path, kw[1]);
    SET_FIELD(e->msg, nargs == 1 ? args[0] : NULL);
    return 0;
}

static struct py_object *import_error_str(struct py_object *o)
{
    struct py_exc_import_error *e = (struct py_exc_import_error *)o;
    if (e->msg && py_str_check_exact(e->msg))
        return py_newref(e->msg);
    return py_exc_str(o);
}

/* The state is the attributes, and the two that are no part of the arguments. */
static struct py_object *import_error_reduce(struct py_object *o, struct py_object *const *args,
                                             size_t nargs, struct py_tuple *kwnames)
{
    const struct py_exc_import_error *const e = (struct py_exc_import_error *)o;
    struct py_dict *const own = ((struct py_exc *)o)->dict;
    if (!e->name && !e->path)
        return exc_reduce(o, args, nargs, kwnames);
    struct py_dict *state = own ? py_dict_copy(own) : py_dict_new();
    PY_HOLD(&state);
    struct py_object *result = NULL;
    if (state && (!e->name || py_dict_set_cstr(state, "name", e->name) == 0) &&
        (!e->path || py_dict_set_cstr(state, "path", e->path) == 0))
        result = PY_OBJ(py_tuple_pack(3, PY_OBJ(py_typeof(o)), PY_OBJ(((struct py_exc *)o)->args),
                                      PY_OBJ(state)));
    py_clear(state);
    return result;
}

static const struct py_method_def import_error_methods[] = {
    {.name = "__reduce__", .fn = import_error_reduce}, {.name = NULL}};

static const struct py_member_def import_error_members[] = {
    {.name = "msg",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_import_error, msg),
     .doc = "exception message"},
    {.name = "name",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_import_error, name),
     .doc = "module name"},
    {.name = "path",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_import_error, path),
     .doc = "module path"},
    {.name = NULL}};

/* ---- SyntaxError ----------------------------------------------------------------------------- */

static int syntax_error_details(struct py_exc_syntax_error *e, struct py_object *value)
{
    struct py_tuple *info = py_tuple_from_iterable(value);
    if (!info)
        return -1;
    const int64_t n = info->base.size;
    if (n != 4 && n != 6) {
        py_decref(info);
        if (n == 5)
            return py_raise_int(&py_exc_TypeError,
                                "end_offset must be provided when end_lineno is provided");
        return py_raise_int(&py_exc_TypeError, "function takes at %s arguments (%lld given)",
                            n < 4 ? "least 4" : "most 6", (long long)n);
    }
    SET_FIELD(e->filename, info->items[0]);
    SET_FIELD(e->lineno, info->items[1]);
    SET_FIELD(e->offset, info->items[2]);
    SET_FIELD(e->text, info->items[3]);
    SET_FIELD(e->end_lineno, n == 6 ? info->items[4] : NULL);
    SET_FIELD(e->end_offset, n == 6 ? info->items[5] : NULL);
    py_decref(info);
    return 0;
}

static int syntax_error_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                             struct py_tuple *kwnames)
{
    if (exc_init(o, args, nargs, kwnames) < 0)
        return -1;
    struct py_exc_syntax_error *e = (struct py_exc_syntax_error *)o;
    if (nargs >= 1)
        SET_FIELD(e->msg, args[0]);
    return nargs == 2 ? syntax_error_details(e, args[1]) : 0;
}

static struct py_object *syntax_error_str(struct py_object *o)
{
    struct py_exc_syntax_error *e = (struct py_exc_syntax_error *)o;
    struct py_object *msg = e->msg ? e->msg : PY_NONE;
    const bool have_line = e->lineno && py_int_check_exact(e->lineno);
    const char *base = NULL;
    if (e->filename && py_str_check(e->filename)) {
        base = py_str_utf8((struct py_str *)e->filename, NULL);
        if (!base)
            return NULL;
        const char *slash = strrchr(base, '/');
        base = slash ? slash + 1 : base;
    }
    if (base && have_line)
        return PY_OBJ(py_str_format_c("%S (%s, line %S)", msg, base, e->lineno));
    if (base)
        return PY_OBJ(py_str_format_c("%S (%s)", msg, base));
    if (have_line)
        return PY_OBJ(py_str_format_c("%S (line %S)", msg, e->lineno));
    return py_str_of(msg);
}

#define SYNTAX_MEMBER(field, text)                                         \
    {                                                                      \
        .name = #field, .kind = PY_MEMBER_OBJECT,                          \
        .offset = offsetof(struct py_exc_syntax_error, field), .doc = text \
    }
static const struct py_member_def syntax_error_members[] = {
    SYNTAX_MEMBER(msg, "exception msg"),
    SYNTAX_MEMBER(filename, "exception filename"),
    SYNTAX_MEMBER(lineno, "exception lineno"),
    SYNTAX_MEMBER(offset, "exception offset"),
    SYNTAX_MEMBER(text, "exception text"),
    SYNTAX_MEMBER(end_lineno, "exception end lineno"),
    SYNTAX_MEMBER(end_offset, "exception end offset"),
    SYNTAX_MEMBER(print_file_and_line, "set when file and line are to be shown"),
    {.name = NULL}};

/* ---- Unicode errors -------------------------------------------------------------------------- */

/* args: [encoding], object, start, end, reason. */
static int unicode_error_fill(struct py_object *o, struct py_object *const *args, size_t nargs,
                              struct py_tuple *kwnames, bool has_encoding)
{
    if (exc_init(o, args, nargs, kwnames) < 0)
        return -1;
    const size_t want = has_encoding ? 5 : 4;
    if (nargs != want)
        return py_raise_int(&py_exc_TypeError, "function takes exactly %zu arguments (%zu given)",
                            want, nargs);
    struct py_exc_unicode_error *e = (struct py_exc_unicode_error *)o;
    struct py_object *const *a = args + (has_encoding ? 1 : 0);
    const bool is_bytes = py_type_is_subtype(py_typeof(o), &py_exc_UnicodeDecodeError);
    if ((has_encoding && !py_str_check(args[0])) || !py_str_check(a[3]) ||
        (is_bytes ? !py_bytes_check(a[0]) : !py_str_check(a[0])))
        return py_raise_int(
            &py_exc_TypeError, "argument %d must be %s, not %.200s",
            has_encoding && !py_str_check(args[0]) ? 1 : 2,
            is_bytes && py_str_check(args[0]) ? "a bytes-like object" : "str",
            py_typeof(has_encoding && !py_str_check(args[0]) ? args[0] : a[0])->name);
    const int64_t start = py_int_as_ssize_arg(a[1]);
    if (start == -1 && py_error_occurred())
        return -1;
    const int64_t end = py_int_as_ssize_arg(a[2]);
    if (end == -1 && py_error_occurred())
        return -1;
    e->start = start;
    e->end = end;
    SET_FIELD(e->encoding, has_encoding ? args[0] : NULL);
    SET_FIELD(e->object, a[0]);
    SET_FIELD(e->reason, a[3]);
    return 0;
}

static int unicode_error_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                              struct py_tuple *kwnames)
{
    return unicode_error_fill(o, args, nargs, kwnames, true);
}

static int translate_error_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                                struct py_tuple *kwnames)
{
    return unicode_error_fill(o, args, nargs, kwnames, false);
}

static struct py_object *decode_error_str(struct py_object *o)
{
    struct py_exc_unicode_error *e = (struct py_exc_unicode_error *)o;
    if (!e->object)
        return PY_OBJ(py_newref(py_str_empty()));
    struct py_bytes *b = (struct py_bytes *)e->object;
    char what[64];
    if (e->start >= 0 && e->start < b->base.size && e->end == e->start + 1)
        snprintf(what, sizeof what, "byte 0x%02x in position %lld", b->data[e->start],
                 (long long)e->start);
    else
        snprintf(what, sizeof what, "bytes in position %lld-%lld", (long long)e->start,
                 (long long)e->end - 1);
    return PY_OBJ(py_str_format_c("'%S' codec can't decode %s: %S", e->encoding, what, e->reason));
}

static void describe_characters(const struct py_exc_unicode_error *e, char *what, size_t bytes)
{
    const struct py_str *s = (const struct py_str *)e->object;
    if (e->start < 0 || e->start >= s->length || e->end != e->start + 1) {
        snprintf(what, bytes, "characters in position %lld-%lld", (long long)e->start,
                 (long long)e->end - 1);
        return;
    }
    const uint32_t c = py_str_char(s, e->start);
    const char *format = c <= 0xff     ? "character '\\x%02x' in position %lld"
                         : c <= 0xffff ? "character '\\u%04x' in position %lld"
                                       : "character '\\U%08x' in position %lld";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(what, bytes, format, (unsigned)c, (long long)e->start);
#pragma GCC diagnostic pop
}

static struct py_object *encode_error_str(struct py_object *o)
{
    struct py_exc_unicode_error *e = (struct py_exc_unicode_error *)o;
    if (!e->object)
        return PY_OBJ(py_newref(py_str_empty()));
    char what[80];
    describe_characters(e, what, sizeof what);
    if (!e->encoding)
        return PY_OBJ(py_str_format_c("can't translate %s: %S", what, e->reason));
    return PY_OBJ(py_str_format_c("'%S' codec can't encode %s: %S", e->encoding, what, e->reason));
}

#define UNICODE_OBJECT(field, text)                                         \
    {                                                                       \
        .name = #field, .kind = PY_MEMBER_OBJECT,                           \
        .offset = offsetof(struct py_exc_unicode_error, field), .doc = text \
    }
static const struct py_member_def unicode_error_members[] = {
    UNICODE_OBJECT(encoding, "exception encoding"),
    UNICODE_OBJECT(object, "exception object"),
    {.name = "start",
     .kind = PY_MEMBER_INT64,
     .offset = offsetof(struct py_exc_unicode_error, start),
     .doc = "exception start"},
    {.name = "end",
     .kind = PY_MEMBER_INT64,
     .offset = offsetof(struct py_exc_unicode_error, end),
     .doc = "exception end"},
    UNICODE_OBJECT(reason, "exception reason"),
    {.name = NULL}};

/* ---- the types ------------------------------------------------------------------------------- */

#define BASE_FIELDS                                                                               \
    PY_FIELD(struct py_exc, dict), PY_FIELD(struct py_exc, args), PY_FIELD(struct py_exc, notes), \
        PY_FIELD(struct py_exc, traceback), PY_FIELD(struct py_exc, cause),                       \
        PY_FIELD(struct py_exc, context), PY_FIELD_END

static const struct py_field fields_exc[] = {BASE_FIELDS};
static const struct py_field fields_exception_group[] = {
    PY_FIELD(struct py_exc_group, msg), PY_FIELD(struct py_exc_group, excs), BASE_FIELDS};
static const struct py_field fields_stop_iteration[] = {
    PY_FIELD(struct py_exc_stop_iteration, value), BASE_FIELDS};
static const struct py_field fields_system_exit[] = {PY_FIELD(struct py_exc_system_exit, code),
                                                     BASE_FIELDS};
static const struct py_field fields_os_error[] = {
    {.name = "errno",
     .offset = offsetof(struct py_exc_os_error, errno_),
     .edge_class = PY_EDGE_TRAVERSED},
    PY_FIELD(struct py_exc_os_error, strerror),
    PY_FIELD(struct py_exc_os_error, filename),
    PY_FIELD(struct py_exc_os_error, filename2),
    BASE_FIELDS};
static const struct py_field fields_syntax_error[] = {
    PY_FIELD(struct py_exc_syntax_error, msg),
    PY_FIELD(struct py_exc_syntax_error, filename),
    PY_FIELD(struct py_exc_syntax_error, lineno),
    PY_FIELD(struct py_exc_syntax_error, offset),
    PY_FIELD(struct py_exc_syntax_error, end_lineno),
    PY_FIELD(struct py_exc_syntax_error, end_offset),
    PY_FIELD(struct py_exc_syntax_error, text),
    PY_FIELD(struct py_exc_syntax_error, print_file_and_line),
    BASE_FIELDS};
static const struct py_field fields_import_error[] = {
    PY_FIELD(struct py_exc_import_error, msg), PY_FIELD(struct py_exc_import_error, name),
    PY_FIELD(struct py_exc_import_error, path), BASE_FIELDS};
static const struct py_field fields_name_error[] = {PY_FIELD(struct py_exc_name_error, name),
                                                    BASE_FIELDS};
static const struct py_field fields_attribute_error[] = {
    PY_FIELD(struct py_exc_attribute_error, obj), PY_FIELD(struct py_exc_attribute_error, name),
    BASE_FIELDS};
static const struct py_field fields_unicode_error[] = {
    PY_FIELD(struct py_exc_unicode_error, encoding), PY_FIELD(struct py_exc_unicode_error, object),
    PY_FIELD(struct py_exc_unicode_error, reason), BASE_FIELDS};

/* LAYOUT_x: struct, new, init, str, methods, getsets, members beside BaseException's. */
#define LAYOUT_exc struct py_exc, py_exc_new, exc_init, py_exc_str, NULL, NULL, NULL
#define LAYOUT_exception_group                                                                     \
    struct py_exc_group, py_exc_group_new, exc_init, py_exc_group_str, py_exc_group_methods, NULL, \
        py_exc_group_members
#define LAYOUT_stop_iteration                                                              \
    struct py_exc_stop_iteration, py_exc_new, stop_iteration_init, py_exc_str, NULL, NULL, \
        stop_iteration_members
#define LAYOUT_system_exit                                                           \
    struct py_exc_system_exit, py_exc_new, system_exit_init, py_exc_str, NULL, NULL, \
        system_exit_members
#define LAYOUT_os_error                                                         \
    struct py_exc_os_error, py_os_error_new, py_os_error_init, py_os_error_str, \
        py_os_error_methods, py_os_error_getsets, py_os_error_members
#define LAYOUT_syntax_error                                                                  \
    struct py_exc_syntax_error, py_exc_new, syntax_error_init, syntax_error_str, NULL, NULL, \
        syntax_error_members
#define LAYOUT_import_error                                                      \
    struct py_exc_import_error, py_exc_new, import_error_init, import_error_str, \
        import_error_methods, NULL, import_error_members
#define LAYOUT_name_error                                                          \
    struct py_exc_name_error, py_exc_new, name_error_init, py_exc_str, NULL, NULL, \
        name_error_members
#define LAYOUT_attribute_error                                                               \
    struct py_exc_attribute_error, py_exc_new, attribute_error_init, py_exc_str, NULL, NULL, \
        attribute_error_members
#define LAYOUT_unicode_error                                                                   \
    struct py_exc_unicode_error, py_exc_new, unicode_error_init, encode_error_str, NULL, NULL, \
        unicode_error_members

#define DEFINE_TYPE(cname, pyname, base_type, layout, text, ...) \
    DEFINE_TYPE_(cname, pyname, base_type, layout, text, __VA_ARGS__)
#define DEFINE_TYPE_(cname, pyname, base_type, layout, text, struct_type, new_fn, init_fn, str_fn, \
                     method_table, getset_table, member_table)                                     \
    struct py_type py_exc_##cname = {                                                              \
        .base = {.base = PY_STATIC_HEADER(&py_type_type)},                                         \
        .name = pyname,                                                                            \
        .basicsize = sizeof(struct_type),                                                          \
        .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IS_EXCEPTION | PY_TYPE_IMMUTABLE,         \
        .body = PY_BODY_NONE,                                                                      \
        .fields = fields_##layout,                                                                 \
        .field_count = sizeof fields_##layout / sizeof fields_##layout[0] - 1,                     \
        .dict_offset = offsetof(struct py_exc, dict),                                              \
        .repr = exc_repr,                                                                          \
        .str = str_fn,                                                                             \
        .init = init_fn,                                                                           \
        .new_ = new_fn,                                                                            \
        .super = &py_exc_##base_type,                                                              \
        .methods = method_table,                                                                   \
        .getsets = getset_table,                                                                   \
        .members = member_table,                                                                   \
        .doc = text,                                                                               \
    };
#define EXC(cname, pyname, base_type, layout, text) \
    DEFINE_TYPE(cname, pyname, base_type, layout, text, LAYOUT_##layout)
#include "vm/object/exceptions.def"

static struct py_type *const all_types[] = {
#define EXC(cname, pyname, base_type, layout, text) &py_exc_##cname,
#include "vm/object/exceptions.def"
};

/* What a list of initialisers cannot say: the root's base and tables, the odd ones out, and that a
 * subclass with its base's layout does not repeat the base's tables. */
__attribute__((constructor)) static void patch_types(void)
{
    /* From the leaves up, so that a base still has its tables when it is compared with. */
    for (size_t i = sizeof all_types / sizeof all_types[0]; i-- > 1;) {
        struct py_type *t = all_types[i], *base = t->super;
        if (t->members == base->members && t->init == base->init) {
            t->methods = NULL;
            t->getsets = NULL;
            t->members = NULL;
        }
    }
    py_exc_BaseException.super = &py_object_type;
    py_exc_BaseException.methods = exc_methods;
    py_exc_BaseException.getsets = exc_getsets;
    py_exc_BaseException.members = exc_members;
    py_exc_BaseException.setattr = py_object_generic_setattr;
    py_exc_BaseException.getattr = py_object_generic_getattr;
    py_exc_KeyError.str = key_error_str;
    py_exc_UnicodeDecodeError.str = decode_error_str;
    py_exc_UnicodeTranslateError.init = translate_error_init;
}

int py_exc_init(void)
{
    for (size_t i = 0; i < sizeof all_types / sizeof all_types[0]; i++)
        if (py_type_ready(all_types[i]) < 0)
            return -1;
    if (py_exc_group_init() < 0)
        return -1;
    struct py_object *spare = py_exc_make(&py_exc_MemoryError, NULL, 0);
    return spare && py_runtime_root(spare) ? 0 : -1;
}

struct py_object *py_exc_spare_memory_error(void)
{
    for (int32_t i = 0; i < py_runtime.root_count; i++) {
        struct py_exc *e = (struct py_exc *)py_runtime.roots[i];
        if (py_typeof(e) != &py_exc_MemoryError)
            continue;
        py_clear(e->traceback);
        py_clear(e->context);
        return py_newref(PY_OBJ(e));
    }
    return NULL;
}

struct py_object *py_exc_make(struct py_type *type, struct py_object *const *args, size_t nargs)
{
    struct py_object *e = type->new_(type, args, nargs, NULL);
    if (e && py_typeof(e)->init(e, args, nargs, NULL) < 0) {
        py_decref(e);
        return NULL;
    }
    return e;
}
