/* Arguments: binding them to the parameters of Python functions, and parsing them for functions
 * written in C. The messages are CPython's, because programs and tests read them.
 *
 * Binding fills the callee's registers in one pass over what was given (positional, then
 * keywords), then one over what is missing (defaults). Nothing here runs Python code except the
 * comparison of keyword names, which are str.
 *
 * On failure every register is NULL again: the caller's registers still own all values.
 */
#include "vm/runtime/args.h"

#include <stdio.h>

#include "vm/object/code.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

/* ---- messages ---------------------------------------------------------------------------- */

/* "'a'", "'a' and 'b'", "'a', 'b', and 'c'" */
static struct py_str *join_names(struct py_object *const *names, size_t n)
{
    struct py_strbuf b;
    py_strbuf_init(&b);
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        if (i > 0)
            r = py_strbuf_cstr(&b, n == 2 ? " and " : i + 1 == n ? ", and " : ", ");
        struct py_object *text = r == 0 ? py_repr(names[i]) : NULL;
        if (!text || py_strbuf_str(&b, (struct py_str *)text) < 0)
            r = -1;
        py_xdecref(text);
    }
    if (r < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return py_strbuf_finish(&b);
}

static int raise_missing(struct py_function *f, struct py_object *const *regs, size_t from,
                         size_t to, const char *kind)
{
    struct py_object *names[256];
    size_t n = 0;
    for (size_t i = from; i < to && n < 256; i++)
        if (!regs[i])
            names[n++] = f->code->varnames->items[i];
    struct py_str *joined = join_names(names, n);
    if (joined)
        py_raise(&py_exc_TypeError, "%U() missing %zu required %s argument%s: %U", f->qualname, n,
                 kind, n == 1 ? "" : "s", joined);
    py_xdecref(joined);
    return -1;
}

int py_raise_missing_arguments(struct py_function *f, struct py_object *const *regs)
{
    const struct py_code *code = f->code;
    const size_t positional = code->arg_count;
    const size_t defaults = f->defaults ? (size_t)f->defaults->base.size : 0;
    const size_t required = positional > defaults ? positional - defaults : 0;
    for (size_t i = 0; i < required; i++)
        if (!regs[i])
            return raise_missing(f, regs, 0, required, "positional");
    return raise_missing(f, regs, positional, positional + code->kwonly_count, "keyword-only");
}

int py_raise_too_many_arguments(struct py_function *f, size_t given, struct py_object *const *regs)
{
    const struct py_code *code = f->code;
    const size_t takes = code->arg_count;
    const size_t defaults = f->defaults ? (size_t)f->defaults->base.size : 0;
    size_t kwonly_given = 0;
    for (size_t i = takes; i < takes + code->kwonly_count; i++)
        kwonly_given += regs[i] != NULL;
    char range[64], kwonly[96] = "";
    if (defaults)
        snprintf(range, sizeof range, "from %zu to %zu", takes - defaults, takes);
    else
        snprintf(range, sizeof range, "%zu", takes);
    if (kwonly_given)
        snprintf(kwonly, sizeof kwonly, " positional argument%s (and %zu keyword-only argument%s)",
                 given == 1 ? "" : "s", kwonly_given, kwonly_given == 1 ? "" : "s");
    return py_raise_int(&py_exc_TypeError, "%U() takes %s positional argument%s but %zu%s %s given",
                        f->qualname, range, defaults || takes != 1 ? "s" : "", given, kwonly,
                        given == 1 && !kwonly_given ? "was" : "were");
}

/* ---- binding ----------------------------------------------------------------------------- */

/* Index of the parameter that may be given by keyword, or -1. */
static int find_parameter(const struct py_code *code, struct py_str *name)
{
    const int from = code->posonly_count, to = code->arg_count + code->kwonly_count;
    struct py_object *const *names = code->varnames->items;
    for (int i = from; i < to; i++)
        if (names[i] == PY_OBJ(name))
            return i;
    for (int i = from; i < to; i++)
        if (py_str_equal((struct py_str *)names[i], name))
            return i;
    return -1;
}

/* Keywords that name positional-only parameters get a message of their own. */
static int raise_unexpected(struct py_function *f, struct py_tuple *kwnames, struct py_object *name)
{
    const struct py_code *code = f->code;
    struct py_list *wrong = py_list_new(0);
    for (int i = 0; wrong && i < code->posonly_count; i++)
        for (int64_t k = 0; k < kwnames->base.size; k++)
            if (py_str_equal((struct py_str *)code->varnames->items[i],
                             (struct py_str *)kwnames->items[k]) &&
                py_list_append(wrong, kwnames->items[k]) < 0)
                py_clear(wrong);
    if (!wrong)
        return -1;
    if (wrong->base.size > 0) {
        struct py_str *joined = py_str_join(py_str_const(", "), PY_OBJ(wrong));
        if (joined)
            py_raise(&py_exc_TypeError,
                     "%U() got some positional-only arguments passed as keyword arguments: '%U'",
                     f->qualname, joined);
        py_xdecref(joined);
    } else {
        py_raise(&py_exc_TypeError, "%U() got an unexpected keyword argument '%S'", f->qualname,
                 name);
    }
    py_decref(wrong);
    return -1;
}

static int bind_keywords(struct py_function *f, struct py_object *const *values,
                         struct py_tuple *kwnames, struct py_object **regs, struct py_dict *rest)
{
    for (int64_t k = 0; k < kwnames->base.size; k++) {
        struct py_object *name = kwnames->items[k];
        if (!py_str_check(name))
            return py_raise_int(&py_exc_TypeError, "%U() keywords must be strings", f->qualname);
        const int i = find_parameter(f->code, (struct py_str *)name);
        if (i < 0) {
            if (!rest)
                return raise_unexpected(f, kwnames, name);
            if (py_dict_set(rest, name, values[k]) < 0)
                return -1;
        } else if (regs[i]) {
            return py_raise_int(&py_exc_TypeError, "%U() got multiple values for argument '%S'",
                                f->qualname, name);
        } else {
            regs[i] = py_newref(values[k]);
        }
    }
    return 0;
}

/* Fills what was not given. */
static int bind_defaults(struct py_function *f, struct py_object **regs, size_t given)
{
    const struct py_code *code = f->code;
    const size_t positional = code->arg_count;
    if (given < positional) {
        const size_t n = f->defaults ? (size_t)f->defaults->base.size : 0;
        const size_t required = positional > n ? positional - n : 0;
        for (size_t i = given; i < required; i++)
            if (!regs[i])
                return py_raise_missing_arguments(f, regs);
        for (size_t i = given > required ? given : required; i < positional; i++)
            if (!regs[i])
                regs[i] = py_newref(f->defaults->items[n - (positional - i)]);
    }
    bool missing = false;
    for (size_t i = positional; i < positional + code->kwonly_count; i++) {
        if (regs[i])
            continue;
        struct py_object *v =
            f->kwdefaults
                ? py_dict_get_str(f->kwdefaults, (struct py_str *)code->varnames->items[i])
                : NULL;
        if (v)
            regs[i] = py_newref(v);
        else
            missing = true;
    }
    if (missing)
        return raise_missing(f, regs, positional, positional + code->kwonly_count, "keyword-only");
    return 0;
}

static int bind(struct py_function *f, struct py_object *const *args, size_t nargs,
                struct py_tuple *kwnames, struct py_object **regs)
{
    const struct py_code *code = f->code;
    const size_t positional = code->arg_count;
    const size_t given = nargs < positional ? nargs : positional;
    struct py_object **rest = regs + positional + code->kwonly_count;
    for (size_t i = 0; i < given; i++)
        regs[i] = py_newref(args[i]);
    if (code->flags & PY_CODE_VARARGS) {
        *rest =
            PY_OBJ(nargs > positional ? py_tuple_from_array(args + positional, nargs - positional)
                                      : py_newref(py_tuple_empty()));
        if (!*rest++)
            return -1;
    }
    struct py_dict *keywords = NULL;
    if (code->flags & PY_CODE_VARKEYWORDS) {
        keywords = py_dict_new();
        if (!keywords)
            return -1;
        *rest = PY_OBJ(keywords);
    }
    if (kwnames && bind_keywords(f, args + nargs, kwnames, regs, keywords) < 0)
        return -1;
    if (nargs > positional && !(code->flags & PY_CODE_VARARGS))
        return py_raise_too_many_arguments(f, nargs, regs);
    return bind_defaults(f, regs, given);
}

int py_bind_arguments(struct py_function *f, struct py_object *const *args, size_t nargs,
                      struct py_tuple *kwnames, struct py_object **regs)
{
    if (__builtin_expect(bind(f, args, nargs, kwnames, regs) == 0, 1))
        return 0;
    const struct py_code *code = f->code;
    const size_t n = (size_t)code->arg_count + code->kwonly_count +
                     ((code->flags & PY_CODE_VARARGS) != 0) +
                     ((code->flags & PY_CODE_VARKEYWORDS) != 0);
    for (size_t i = 0; i < n; i++)
        py_clear(regs[i]);
    return -1;
}

/* ---- arguments of C functions ------------------------------------------------------------ */

int py_no_keywords(const char *function, struct py_tuple *kwnames)
{
    if (!kwnames || kwnames->base.size == 0)
        return 0;
    return py_raise_int(&py_exc_TypeError, "%s() takes no keyword arguments", function);
}

int py_check_positional(const char *function, size_t nargs, size_t min, size_t max)
{
    if (nargs >= min && nargs <= max)
        return 0;
    const size_t limit = nargs < min ? min : max;
    const char *bound = min == max ? "" : nargs < min ? "at least " : "at most ";
    return py_raise_int(&py_exc_TypeError, "%s expected %s%zu argument%s, got %zu", function, bound,
                        limit, limit == 1 ? "" : "s", nargs);
}

static int raise_too_many(const struct py_params *p, size_t nargs, size_t nkw)
{
    const size_t max_positional = p->keyword_only;
    if (nargs + nkw > p->count) {
        const char *kind = nargs == 0 && nkw > 0 ? "keyword " : "";
        return py_raise_int(&py_exc_TypeError, "%s() takes %s %zu %sargument%s (%zu given)",
                            p->function, p->required < p->count ? "at most" : "exactly",
                            (size_t)p->count, kind, p->count == 1 ? "" : "s", nargs + nkw);
    }
    if (max_positional == 0)
        return py_raise_int(&py_exc_TypeError, "%s() takes no positional arguments", p->function);
    return py_raise_int(&py_exc_TypeError, "%s() takes %s %zu positional argument%s (%zu given)",
                        p->function, p->required < max_positional ? "at most" : "exactly",
                        max_positional, max_positional == 1 ? "" : "s", nargs);
}

static int parse_keyword(const struct py_params *p, struct py_object *name, size_t nargs,
                         struct py_object *value, struct py_object **out)
{
    if (!py_str_check(name))
        return py_raise_int(&py_exc_TypeError, "keywords must be strings");
    for (size_t i = p->positional_only; i < p->count; i++) {
        if (!py_str_equal_cstr((struct py_str *)name, p->names[i]))
            continue;
        if (out[i])
            return py_raise_int(&py_exc_TypeError,
                                "argument for %s() given by name ('%s') and position (%zu)",
                                p->function, p->names[i], i + 1);
        out[i] = value;
        return 0;
    }
    (void)nargs;
    return py_raise_int(&py_exc_TypeError, "'%S' is an invalid keyword argument for %s()", name,
                        p->function);
}

int py_parse_args(const struct py_params *p, struct py_object *const *args, size_t nargs,
                  struct py_tuple *kwnames, struct py_object **out)
{
    const size_t nkw = kwnames ? (size_t)kwnames->base.size : 0;
    if (nargs > p->keyword_only || nargs + nkw > p->count)
        return raise_too_many(p, nargs, nkw);
    for (size_t i = 0; i < nargs; i++)
        out[i] = args[i];
    for (size_t i = nargs; i < p->count; i++)
        out[i] = NULL;
    for (size_t k = 0; k < nkw; k++)
        if (parse_keyword(p, kwnames->items[k], nargs, args[nargs + k], out) < 0)
            return -1;
    for (size_t i = nargs; i < p->required; i++) {
        if (out[i])
            continue;
        if (i < p->positional_only)
            return py_raise_int(&py_exc_TypeError,
                                "%s() takes %s %zu positional argument%s (%zu given)", p->function,
                                p->required < p->count ? "at least" : "exactly",
                                (size_t)p->required, p->required == 1 ? "" : "s", nargs);
        return py_raise_int(&py_exc_TypeError, "%s() missing required argument '%s' (pos %zu)",
                            p->function, p->names[i], i + 1);
    }
    return 0;
}
