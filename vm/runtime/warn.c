/* Warnings: from the call to the filter that decides, and to the text on sys.stderr.
 *
 * The rules are those of CPython's C code. A program that never imports the module warnings has the
 * default filters, and what passes them is printed here; once it has the module, its filters, its
 * default action and its way of showing are asked for anew each time, since programs replace them.
 */
#include "vm/runtime/warn.h"

#include <stdarg.h>
#include <string.h>

#include "vm/object/code.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/frame.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/source_lines.h"

/* ---- state ------------------------------------------------------------------------------------
 */

static struct py_tuple *defaults; /* by enum py_warnings_part; NULL: not made yet */
static int64_t filters_version;   /* registries of another one are stale */

static struct py_object *own_or_null(struct py_object *o)
{
    return o ? py_newref(o) : NULL;
}

static struct py_object *new_filter(const char *action, struct py_type *category,
                                    const char *module)
{
    struct py_object *items[] = {PY_OBJ(py_str_from_cstr(action)), PY_NONE, PY_OBJ(category),
                                 module ? PY_OBJ(py_str_from_cstr(module)) : PY_NONE,
                                 py_int_from_i64(0)};
    const size_t count = sizeof items / sizeof *items;
    struct py_tuple *const made =
        items[0] && items[3] && items[4] ? py_tuple_from_array(items, count) : NULL;
    for (size_t i = 0; i < count; i++)
        if (i != 2)
            py_xdecref(items[i]);
    return PY_OBJ(made);
}

static struct py_object *new_filters(void)
{
    static const struct {
        const char *action;
        struct py_type *category;
        const char *module;
    } rows[] = {
        {"default", &py_exc_DeprecationWarning, "__main__"},
        {"ignore", &py_exc_DeprecationWarning, NULL},
        {"ignore", &py_exc_PendingDeprecationWarning, NULL},
        {"ignore", &py_exc_ImportWarning, NULL},
        {"ignore", &py_exc_ResourceWarning, NULL},
    };
    struct py_list *list = py_list_new(0);
    for (size_t i = 0; list && i < sizeof rows / sizeof *rows; i++) {
        struct py_object *row = new_filter(rows[i].action, rows[i].category, rows[i].module);
        if (!row || py_list_append_steal(list, row) < 0)
            py_clear(list);
    }
    return PY_OBJ(list);
}

struct py_object *py_warnings_default(enum py_warnings_part part)
{
    if (!defaults) {
        struct py_object *parts[] = {[PY_WARNINGS_FILTERS] = new_filters(),
                                     [PY_WARNINGS_ONCE] = PY_OBJ(py_dict_new()),
                                     [PY_WARNINGS_ACTION] = PY_OBJ(py_str_from_cstr("default"))};
        struct py_tuple *const made =
            parts[0] && parts[1] && parts[2] ? py_tuple_from_array(parts, 3) : NULL;
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            py_xdecref(parts[i]);
        defaults = made ? py_runtime_root(made) : NULL;
    }
    return defaults ? defaults->items[part] : NULL;
}

void py_warnings_filters_changed(void)
{
    filters_version++;
}

/* warnings.<name>, of a module that is loaded, or is to be. New; NULL: there is none, or an
 * exception is pending. */
static struct py_object *of_module(const char *name, bool import)
{
    struct py_object *module = NULL, *value = NULL;
    PY_HOLD(&module);
    if (import && !py_runtime.finalizing) {
        module = py_import_module("warnings");
        if (!module && py_error_matches(&py_exc_ImportError))
            py_error_clear();
    } else {
        module = own_or_null(py_dict_get_cstr(py_runtime.modules, "warnings"));
    }
    struct py_str *const key = module ? py_str_const(name) : NULL;
    if (key)
        py_getattr_optional(module, PY_OBJ(key), &value);
    py_clear(module);
    return value;
}

/* What a program that changed warnings.<name> has there, which stays in force if it is deleted;
 * else the default. New; NULL: an exception. */
static struct py_object *setting(const char *name, enum py_warnings_part part)
{
    struct py_object *const now = py_warnings_default(part);
    struct py_object *value = now ? of_module(name, false) : NULL;
    if (!now || (!value && py_error_occurred()))
        return NULL;
    if (!value)
        return py_newref(now);
    PY_HOLD(&value);
    defaults->items[part] = py_newref(value);
    py_decref(now);
    return value;
}

/* ---- what was said before ----------------------------------------------------------------------
 */

/* Empties a registry that another set of filters filled. */
static int freshen(struct py_dict *registry)
{
    struct py_object *const version = py_dict_get_cstr(registry, "version");
    if (version && py_int_check(version) && py_int_as_i64(version) == filters_version)
        return 0;
    py_error_clear(); /* of a number that is too large */
    py_dict_clear(registry);
    struct py_object *now = py_int_from_i64(filters_version);
    const int status = now ? py_dict_set_cstr(registry, "version", now) : -1;
    py_xdecref(now);
    return status;
}

/* Whether the registry has the key: 1, 0, -1. note: from now on it does. */
static int said_before(struct py_object *registry, struct py_object *key, bool note)
{
    struct py_dict *const d = (struct py_dict *)registry;
    if (freshen(d) < 0)
        return -1;
    struct py_object *said = own_or_null(py_dict_get(d, key));
    PY_HOLD(&said);
    int known = said ? py_truth(said) : py_error_occurred() ? -1 : 0;
    if (known == 0 && note && py_dict_set(d, key, PY_TRUE) < 0)
        known = -1;
    py_clear(said);
    return known;
}

/* ---- filters ----------------------------------------------------------------------------------
 */

/* What a filter has for a text: None fits all, a text itself, anything else by its match(). */
static int fits_text(struct py_object *pattern, struct py_object *text)
{
    if (pattern == PY_NONE)
        return 1;
    if (py_str_check_exact(pattern))
        return py_richcompare_bool(pattern, text, PY_EQ);
    struct py_object *found = py_call_method_cstr(pattern, "match", 1, text);
    if (!found)
        return -1;
    PY_HOLD(&found);
    const int fits = py_truth(found);
    py_clear(found);
    return fits;
}

static int fits(const struct py_tuple *filter, const struct py_warning *w, struct py_object *text)
{
    int good = fits_text(filter->items[1], text);
    if (good > 0)
        good = fits_text(filter->items[3], w->module);
    if (good > 0)
        good = py_issubclass(w->category, filter->items[2]);
    if (good <= 0)
        return good;
    const int64_t line = py_int_as_ssize(filter->items[4]);
    if (line == -1 && py_error_occurred())
        return -1;
    return line == 0 || line == w->line;
}

/* New: the filter that decides; NULL: none, or an exception. */
static struct py_tuple *find_filter(struct py_object *filters, const struct py_warning *w,
                                    struct py_object *text)
{
    if (!py_list_check(filters))
        return py_raise(&py_exc_ValueError, "_warnings.filters must be a list");
    const struct py_list *const list = (const struct py_list *)filters;
    /* Matching may run Python code, which may change the list. */
    for (int64_t i = 0; i < list->base.size; i++) {
        struct py_tuple *filter = (struct py_tuple *)py_newref(list->items[i]);
        PY_HOLD(&filter);
        int good = -1;
        if (!py_tuple_check(PY_OBJ(filter)) || filter->base.size != 5)
            py_raise(&py_exc_ValueError, "_warnings.filters item %lld isn't a 5-tuple",
                     (long long)i);
        else if (!py_str_check(filter->items[0]))
            py_raise(&py_exc_TypeError, "action must be a string, not '%.200s'",
                     filter->items[0]->type->name);
        else
            good = fits(filter, w, text);
        if (good > 0) {
            struct py_tuple *const found = filter;
            filter = NULL;
            return found;
        }
        py_clear(filter);
        if (good < 0)
            return NULL;
    }
    return NULL;
}

/* What is to be done; *filter is the one that said so, or NULL. Both new; NULL: an exception. */
static struct py_object *choose_action(const struct py_warning *w, struct py_object *text,
                                       struct py_tuple **filter)
{
    struct py_object *filters = setting("filters", PY_WARNINGS_FILTERS);
    PY_HOLD(&filters);
    *filter = filters ? find_filter(filters, w, text) : NULL;
    py_clear(filters);
    if (*filter)
        return py_newref((*filter)->items[0]);
    if (py_error_occurred())
        return NULL;
    struct py_object *action = setting("defaultaction", PY_WARNINGS_ACTION);
    if (action && !py_str_check(action)) {
        py_raise(&py_exc_TypeError, "_warnings.defaultaction must be a string, not '%.200s'",
                 action->type->name);
        py_clear(action);
    }
    return action;
}

/* ---- showing ----------------------------------------------------------------------------------
 */

/* "file:line: Category: text", and the line. What goes wrong with it is dropped. */
static void print_plainly(const struct py_warning *w, struct py_object *text)
{
    struct py_object *file = own_or_null(py_dict_get_cstr(py_runtime.sys_dict, "stderr"));
    PY_HOLD(&file);
    struct py_object *out[] = {NULL, NULL}; /* the first line, the second */
    PY_HOLD_N(out, 2);
    struct source_line line = {0};
    const bool known =
        w->source_line ? py_str_check(w->source_line) &&
                             source_line_from_text(&line, (struct py_str *)w->source_line)
                       : source_line_read(&line, (struct py_str *)w->filename, (int32_t)w->line);
    struct py_object *name = py_getattr_cstr(w->category, "__name__");
    PY_HOLD(&name);
    if (name)
        out[0] = PY_OBJ(
            py_str_format_c("%S:%lld: %S: %S\n", w->filename, (long long)w->line, name, text));
    if (known && out[0])
        out[1] = PY_OBJ(py_str_format_c("  %s\n", line.text + line.indent));
    for (size_t i = 0; i < 2 && out[i] && file && file != PY_NONE; i++)
        py_xdecref(py_call_method_cstr(file, "write", 1, out[i]));
    py_error_clear();
    if (known)
        source_line_deinit(&line);
    py_clear(name);
    py_clear(out[0]);
    py_clear(out[1]);
    py_clear(file);
}

/* Through warnings._showwarnmsg, which has what a program replaced. message: an instance. */
static int show_by(struct py_object *show, const struct py_warning *w, struct py_object *message)
{
    if (!py_is_callable(show))
        return py_raise_int(&py_exc_TypeError, "warnings._showwarnmsg() must be set to a callable");
    struct py_object *class = of_module("WarningMessage", false);
    if (!class)
        return py_error_occurred()
                   ? -1
                   : py_raise_int(&py_exc_RuntimeError, "unable to get warnings.WarningMessage");
    PY_HOLD(&class);
    struct py_object *line = py_int_from_i64(w->line), *told = NULL, *result = NULL;
    PY_HOLD(&line);
    PY_HOLD(&told);
    if (line) {
        struct py_object *const args[] = {message,
                                          w->category,
                                          w->filename,
                                          line,
                                          PY_NONE,
                                          PY_NONE,
                                          w->source ? w->source : PY_NONE};
        told = py_call(class, args, sizeof args / sizeof *args, NULL);
    }
    if (told)
        result = py_call1(show, told);
    const int status = result ? 0 : -1;
    py_xdecref(result);
    py_clear(told);
    py_clear(line);
    py_clear(class);
    return status;
}

static int show(const struct py_warning *w, struct py_object *message, struct py_object *text)
{
    struct py_object *by = of_module("_showwarnmsg", w->source != NULL);
    if (!by && py_error_occurred())
        return -1;
    PY_HOLD(&by);
    int status = 0;
    if (by)
        status = show_by(by, w, message);
    else
        print_plainly(w, text);
    py_clear(by);
    return status;
}

/* ---- from the call to the filter --------------------------------------------------------------
 */

static bool is_registry(const struct py_object *registry)
{
    return registry && registry != PY_NONE;
}

/* Notes that the action has been taken. 1: it was before, so nothing more is to be done. */
static int take_note(const struct py_warning *w, struct py_object *key, struct py_object *text,
                     struct py_object *action, const struct py_tuple *filter)
{
    const struct py_str *const name = (const struct py_str *)action;
    if (py_str_equal_cstr(name, "always"))
        return 0;
    if (is_registry(w->registry) && py_dict_set((struct py_dict *)w->registry, key, PY_TRUE) < 0)
        return -1;
    if (py_str_equal_cstr(name, "default"))
        return 0;
    const bool once = py_str_equal_cstr(name, "once");
    if (!once && !py_str_equal_cstr(name, "module"))
        return py_raise_int(&py_exc_RuntimeError,
                            "Unrecognized action (%R) in warnings.filters:\n %R", action,
                            filter ? PY_OBJ(filter) : PY_NONE);
    struct py_object *registry = is_registry(w->registry) ? py_newref(w->registry) : NULL;
    PY_HOLD(&registry);
    if (!registry && once)
        registry = setting("onceregistry", PY_WARNINGS_ONCE);
    if (!registry)
        return py_error_occurred() ? -1 : 0;
    struct py_object *wider = PY_OBJ(py_tuple_pack(2, text, w->category));
    PY_HOLD(&wider);
    const int before =
        !wider ? -1
        : !py_dict_check(registry)
            ? py_raise_int(&py_exc_TypeError, "_warnings.onceregistry must be a dict, not '%.200s'",
                           registry->type->name)
            : said_before(registry, wider, true);
    py_clear(wider);
    py_clear(registry);
    return before;
}

/* Everything about it is known: the class, an instance, its text. */
static int decide(const struct py_warning *w, struct py_object *message, struct py_object *text,
                  struct py_object *key)
{
    struct py_tuple *filter = NULL;
    PY_HOLD(&filter);
    struct py_object *action = choose_action(w, text, &filter);
    PY_HOLD(&action);
    int status = -1;
    if (action && py_str_equal_cstr((struct py_str *)action, "error")) {
        if (py_exc_check(message))
            py_raise_instance(message);
        else
            py_raise(&py_exc_SystemError, "exception %R not a BaseException subclass", w->category);
    } else if (action && py_str_equal_cstr((struct py_str *)action, "ignore")) {
        status = 0;
    } else if (action) {
        status = take_note(w, key, text, action, filter);
        if (status == 0)
            status = show(w, message, text);
    }
    py_clear(action);
    py_clear(filter);
    return status < 0 ? -1 : 0;
}

/* "package/name.py" without its ending. New. */
static struct py_object *module_of_file(struct py_object *filename)
{
    struct py_str *const name = (struct py_str *)filename;
    if (name->length == 0)
        return PY_OBJ(py_str_from_cstr("<unknown>"));
    const int64_t stem = name->length - 3;
    const bool ends = stem >= 0 && py_str_char(name, stem) == '.' &&
                      py_str_char(name, stem + 1) == 'p' && py_str_char(name, stem + 2) == 'y';
    return ends ? PY_OBJ(py_str_substring(name, 0, stem)) : py_newref(filename);
}

int py_warn_issue(const struct py_warning *given)
{
    enum { MODULE, TEXT, MESSAGE, LINE, KEY, COUNT };
    struct py_warning w = *given;
    struct py_object *own[COUNT] = {NULL};
    PY_HOLD_N(own, COUNT);
    if (w.module == PY_NONE)
        return 0; /* the program is ending */
    if (is_registry(w.registry) && !py_dict_check(w.registry))
        return py_raise_int(&py_exc_TypeError, "'registry' must be a dict or None");
    int status = py_isinstance(w.message, PY_OBJ(&py_exc_Warning));
    if (status < 0)
        return -1;
    if (status) {
        own[TEXT] = py_str_of(w.message);
        own[MESSAGE] = py_newref(w.message);
        w.category = PY_OBJ(w.message->type);
    } else {
        own[TEXT] = py_newref(w.message);
        own[MESSAGE] = py_call1(w.category, w.message);
    }
    status = -1;
    if (own[TEXT] && own[MESSAGE]) {
        w.module = own[MODULE] = w.module ? py_newref(w.module) : module_of_file(w.filename);
        own[LINE] = py_int_from_i64(w.line);
    }
    if (own[MODULE] && own[LINE])
        own[KEY] = PY_OBJ(py_tuple_pack(3, own[TEXT], w.category, own[LINE]));
    if (own[KEY])
        status = is_registry(w.registry) ? said_before(w.registry, own[KEY], false) : 0;
    if (status == 0)
        status = decide(&w, own[MESSAGE], own[TEXT], own[KEY]);
    for (int i = 0; i < COUNT; i++)
        py_clear(own[i]);
    return status < 0 ? -1 : 0;
}

/* ---- whom it is about -------------------------------------------------------------------------
 */

static bool has_part(const struct py_str *s, const char *part)
{
    const char *const text = py_str_utf8((struct py_str *)s, NULL);
    if (!text)
        py_error_clear();
    return text && strstr(text, part);
}

/* A frame of the import system, which nobody means. */
static bool is_internal(const struct py_frame *f)
{
    return f && has_part(f->code->filename, "importlib") &&
           has_part(f->code->filename, "_bootstrap");
}

static const struct py_frame *frame_at(int64_t level)
{
    const struct py_frame *f = py_thread_current()->frame;
    const bool all = level <= 0 || is_internal(f);
    while (--level > 0 && f)
        do
            f = f->prev;
        while (!all && is_internal(f));
    return f;
}

/* The class of a warning; NULL: TypeError. Borrowed. */
static struct py_object *category_of(struct py_object *message, struct py_object *category)
{
    const int is_warning = py_isinstance(message, PY_OBJ(&py_exc_Warning));
    if (is_warning < 0)
        return NULL;
    if (is_warning)
        category = PY_OBJ(message->type);
    else if (!category || category == PY_NONE)
        category = PY_OBJ(&py_exc_UserWarning);
    const int good = py_has_flag(category, PY_TYPE_IS_TYPE)
                         ? py_issubclass(category, PY_OBJ(&py_exc_Warning))
                         : 0;
    if (good == 0)
        py_raise(&py_exc_TypeError, "category must be a Warning subclass, not '%s'",
                 category->type->name);
    return good > 0 ? category : NULL;
}

int py_warn_object(struct py_object *message, struct py_object *category, int64_t stacklevel,
                   struct py_object *source)
{
    struct py_warning w = {.message = message, .line = 1, .source = source};
    w.category = category_of(message, category);
    if (!w.category)
        return -1;
    enum { FILENAME, MODULE, REGISTRY, COUNT };
    struct py_object *own[COUNT] = {NULL};
    PY_HOLD_N(own, COUNT);
    const struct py_frame *const f = frame_at(stacklevel);
    struct py_dict *const globals = f ? f->globals : py_runtime.sys_dict;
    own[FILENAME] = f ? PY_OBJ(py_newref(f->code->filename)) : PY_OBJ(py_str_from_cstr("sys"));
    w.line = f ? py_frame_line(f) : 1;
    struct py_object *const name = py_dict_get_cstr(globals, "__name__");
    own[MODULE] = name && (name == PY_NONE || py_str_check(name))
                      ? py_newref(name)
                      : PY_OBJ(py_str_from_cstr("<string>"));
    own[REGISTRY] = own_or_null(py_dict_get_cstr(globals, "__warningregistry__"));
    if (!own[REGISTRY] && (own[REGISTRY] = PY_OBJ(py_dict_new())) &&
        py_dict_set_cstr(globals, "__warningregistry__", own[REGISTRY]) < 0)
        py_clear(own[REGISTRY]);
    int status = -1;
    if (own[FILENAME] && own[MODULE] && own[REGISTRY]) {
        w.filename = own[FILENAME];
        w.module = own[MODULE];
        w.registry = own[REGISTRY];
        status = py_warn_issue(&w);
    }
    for (int i = 0; i < COUNT; i++)
        py_clear(own[i]);
    return status;
}

/* ---- from C code ------------------------------------------------------------------------------
 */

static int warn_formatted(struct py_type *category, int64_t level, struct py_object *source,
                          const char *format, va_list ap)
{
    struct py_object *text = PY_OBJ(py_str_format_v(format, ap));
    if (!text)
        return -1;
    PY_HOLD(&text);
    const int status = py_warn_object(text, PY_OBJ(category), level, source);
    py_clear(text);
    return status;
}

int py_warn(struct py_type *category, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int status = warn_formatted(category, 1, NULL, format, ap);
    va_end(ap);
    return status;
}

int py_warn_level(struct py_type *category, int64_t level, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int status = warn_formatted(category, level, NULL, format, ap);
    va_end(ap);
    return status;
}

void py_warn_unclosed(struct py_object *o, const char *format, ...)
{
    struct py_object *pending = py_error_fetch();
    PY_HOLD(&pending);
    va_list ap;
    va_start(ap, format);
    if (warn_formatted(&py_exc_ResourceWarning, 1, o, format, ap) < 0) {
        if (py_error_matches(&py_exc_Warning))
            py_error_unraisable(o, NULL);
        else
            py_error_clear();
    }
    va_end(ap);
    struct py_object *const restored = pending;
    pending = NULL;
    py_error_restore(restored);
}

void py_warn_unawaited(struct py_object *coroutine, struct py_str *qualname)
{
    /* It knows where the coroutine was made, if the program asked for that. */
    struct py_object *by = of_module("_warn_unawaited_coroutine", true), *result = NULL;
    PY_HOLD(&by);
    if (by)
        result = py_call1(by, coroutine);
    else if (!py_error_occurred() &&
             py_warn(&py_exc_RuntimeWarning, "coroutine '%U' was never awaited", qualname) == 0)
        result = PY_NONE;
    if (!result)
        py_error_unraisable(coroutine, NULL);
    py_xdecref(result);
    py_clear(by);
}

int py_warn_explicit(struct py_type *category, const char *text, struct py_str *filename,
                     int64_t line)
{
    struct py_object *message = PY_OBJ(py_str_from_cstr(text));
    if (!message)
        return -1;
    PY_HOLD(&message);
    const int status = py_warn_issue(&(struct py_warning){.category = PY_OBJ(category),
                                                          .message = message,
                                                          .filename = PY_OBJ(filename),
                                                          .line = line});
    py_clear(message);
    return status;
}
