/* _warnings: the functions and the defaults that the module warnings is made of. What they do is in
 * vm/runtime/warn.c, since C code warns too.
 */
#include "vm/builtins/mod_support.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/warn.h"

static struct py_object *or_null(struct py_object *o)
{
    return o == PY_NONE ? NULL : o;
}

METHOD(warnings_warn)
{
    (void)self;
    static const char *const names[] = {"message", "category", "stacklevel", "source"};
    const struct py_params params = {
        .function = "warn", .names = names, .count = 4, .required = 1, .keyword_only = 4};
    struct py_object *in[4] = {NULL};
    int64_t level = 1;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    if (in[2] && (level = py_int_as_ssize_arg(in[2])) == -1 && py_error_occurred())
        return NULL;
    return py_warn_object(in[0], in[1], level, or_null(in[3])) < 0 ? NULL : PY_NONE;
}

/* 0 and *out: the line (new), or NULL where the loader has none; -1. */
static int line_of_loader(struct py_object *globals, int64_t number, struct py_object **out)
{
    struct py_dict *const d = (struct py_dict *)globals;
    struct py_object *const loader = py_dict_get_cstr(d, "__loader__");
    struct py_object *const name = py_dict_get_cstr(d, "__name__");
    struct py_object *get = NULL;
    if (!loader || !name)
        return 0;
    const int found = py_getattr_optional(loader, PY_OBJ(py_str_const("get_source")), &get);
    if (found <= 0)
        return found;
    PY_HOLD(&get);
    struct py_object *source = py_call1(get, name), *split = NULL, *lines = NULL;
    PY_HOLD(&source);
    PY_HOLD(&split);
    PY_HOLD(&lines);
    int status = source ? 0 : -1;
    if (source && source != PY_NONE) {
        split = py_getattr_cstr(PY_OBJ(&py_str_type), "splitlines"); /* not a subclass's own */
        lines = split ? py_call1(split, source) : NULL;
        *out = lines ? py_getitem_index(lines, number - 1) : NULL;
        status = *out ? 0 : -1;
    }
    py_clear(lines);
    py_clear(split);
    py_clear(source);
    py_clear(get);
    return status;
}

METHOD(warnings_warn_explicit)
{
    (void)self;
    static const char *const names[] = {"message", "category", "filename",       "lineno",
                                        "module",  "registry", "module_globals", "source"};
    const struct py_params params = {
        .function = "warn_explicit", .names = names, .count = 8, .required = 4, .keyword_only = 8};
    struct py_object *in[8] = {NULL}, *line = NULL;
    int number;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    if (!py_str_check(in[2]))
        return py_raise(&py_exc_TypeError, "warn_explicit() argument 3 must be str, not %.50s",
                        in[2]->type->name);
    if (int_argument(in[3], &number) < 0)
        return NULL;
    struct py_object *const globals = in[6] ? or_null(in[6]) : NULL;
    if (globals && !py_dict_check(globals))
        return py_raise(&py_exc_TypeError, "module_globals must be a dict, not '%.200s'",
                        globals->type->name);
    PY_HOLD(&line);
    int status = globals ? line_of_loader(globals, number, &line) : 0;
    if (status == 0)
        status = py_warn_issue(&(struct py_warning){
            .message = in[0],
            .category = in[1],
            .filename = in[2],
            .line = number,
            .module = in[4],
            .registry = in[5],
            .source_line = line,
            .source = in[7] ? or_null(in[7]) : NULL,
        });
    py_clear(line);
    return status < 0 ? NULL : PY_NONE;
}

METHOD(warnings_filters_mutated)
{
    UNUSED;
    py_warnings_filters_changed();
    return PY_NONE;
}

static const struct py_method_def functions[] = {
    {.name = "warn",
     .fn = warnings_warn,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .signature = "($module, /, message, category=None, stacklevel=1, source=None)",
     .doc = "Issue a warning about the code that calls this, or ignore it, or raise it."},
    {.name = "warn_explicit",
     .fn = warnings_warn_explicit,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .signature = "($module, /, message, category, filename, lineno, module=<unrepresentable>, "
                  "registry=None, module_globals=None, source=None)",
     .doc = "Issue a warning about a line of a file, or ignore it, or raise it."},
    {.name = "_filters_mutated", .fn = warnings_filters_mutated, .signature = "($module, /)"},
    {.name = NULL},
};

static int add_defaults(struct py_module *m)
{
    static const struct {
        const char *name;
        enum py_warnings_part part;
    } rows[] = {
        {"filters", PY_WARNINGS_FILTERS},
        {"_onceregistry", PY_WARNINGS_ONCE},
        {"_defaultaction", PY_WARNINGS_ACTION},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct py_object *const value = py_warnings_default(rows[i].part);
        if (!value || py_module_add(m, rows[i].name, value) < 0)
            return -1;
    }
    return 0;
}

struct py_module *py_mod__warnings_init(void); /* modules.def */

struct py_module *py_mod__warnings_init(void)
{
    struct py_module *const m =
        py_module_new("_warnings", "Issuing warnings: what the module warnings is made of.");
    if (m && (py_module_add_methods(m, functions) < 0 || add_defaults(m) < 0)) {
        py_decref(m);
        return NULL;
    }
    return m;
}
