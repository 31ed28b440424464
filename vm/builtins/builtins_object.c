/* Builtins about objects and containers: attributes, identity, iteration, sorting, printing. */
#include "vm/builtins/builtins_impl.h"
#include "vm/builtins/file.h"
#include "vm/object/dict.h"
#include "vm/object/exc.h"
#include "vm/object/gen.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/locals.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

/* --- iteration --- */

/* any stops at the first true item, all at the first false one. */
static struct py_object *first_with_truth(struct py_object *iterable, bool wanted)
{
    struct py_object *it = py_iter(iterable), *item = NULL;
    if (!it)
        return NULL;
    PY_HOLD(&it);
    PY_HOLD(&item);
    int truth = !wanted;
    while (truth == !wanted && (item = py_iter_step(it)) != NULL) {
        truth = item == PY_TRUE ? 1 : item == PY_FALSE ? 0 : py_truth(item);
        py_clear(item);
    }
    py_clear(it);
    if (truth < 0 || py_error_occurred())
        return NULL;
    return py_bool_from(truth);
}

METHOD(all)
{
    UNUSED_ARGS;
    return first_with_truth(args[0], false);
}

METHOD(any)
{
    UNUSED_ARGS;
    return first_with_truth(args[0], true);
}

METHOD(iter)
{
    UNUSED_ARGS;
    if (nargs == 1)
        return py_iter(args[0]);
    if (!py_is_callable(args[0]))
        return py_raise(&py_exc_TypeError, "iter(v, w): v must be callable");
    return py_call_iter_new(args[0], args[1]);
}

METHOD(next)
{
    UNUSED_ARGS;
    struct py_object *it = args[0];
    if (!py_is_iterator(it))
        return py_raise(&py_exc_TypeError, "'%.200s' object is not an iterator", it->type->name);
    struct py_object *item = it->type->iternext(it);
    if (item)
        return item;
    if (nargs > 1) {
        if (py_error_occurred() && !py_error_catch_stop_iteration(NULL))
            return NULL;
        return py_newref(args[1]);
    }
    return py_error_occurred() ? NULL : py_raise_stop_iteration(NULL);
}

METHOD(aiter)
{
    UNUSED_ARGS;
    struct py_object *const o = args[0];
    if (!o->type->aiter)
        return py_raise(&py_exc_TypeError, "'%.200s' object is not an async iterable",
                        o->type->name);
    struct py_object *it = o->type->aiter(o);
    if (it && !it->type->anext) {
        PY_HOLD(&it);
        py_raise(&py_exc_TypeError, "aiter() returned not an async iterator of type '%.200s'",
                 it->type->name);
        py_clear(it);
    }
    return it;
}

METHOD(anext)
{
    UNUSED_ARGS;
    struct py_object *const it = args[0];
    if (!it->type->anext)
        return py_raise(&py_exc_TypeError, "'%.200s' object is not an async iterator",
                        it->type->name);
    struct py_object *awaitable = it->type->anext(it);
    if (nargs == 1 || !awaitable)
        return awaitable;
    PY_HOLD(&awaitable);
    struct py_object *const result = py_anext_default(awaitable, args[1]);
    py_clear(awaitable);
    return result;
}

METHOD(len)
{
    UNUSED_ARGS;
    const int64_t n = py_length(args[0]);
    return n < 0 ? NULL : py_int_from_i64(n);
}

METHOD(sorted)
{
    (void)self;
    static const char *const names[] = {"key", "reverse"};
    static const struct py_params params = {.function = "sort", .names = names, .count = 2};
    if (py_check_positional("sorted", nargs, 1, 1) < 0)
        return NULL;
    struct py_object *in[2] = {NULL};
    if (kwnames && py_parse_args(&params, args + nargs, 0, kwnames, in) < 0)
        return NULL;
    int64_t reverse = 0;
    if (in[1] && (reverse = py_int_as_c_int(in[1])) == -1 && py_error_occurred())
        return NULL;
    struct py_list *list = py_list_from_iterable(args[0]);
    if (!list)
        return NULL;
    PY_HOLD(&list);
    if (py_list_sort(list, in[0] == PY_NONE ? NULL : in[0], reverse != 0) < 0)
        py_clear(list);
    return PY_OBJ(list);
}

/* --- one object --- */

METHOD(ascii)
{
    UNUSED_ARGS;
    return py_str_ascii(args[0]);
}

METHOD(repr)
{
    UNUSED_ARGS;
    return py_repr(args[0]);
}

METHOD(format)
{
    UNUSED_ARGS;
    if (nargs > 1 && !py_str_check(args[1]))
        return py_raise(&py_exc_TypeError, "format() argument 2 must be str, not %T", args[1]);
    return py_format(args[0], nargs > 1 ? args[1] : NULL);
}

METHOD(callable)
{
    UNUSED_ARGS;
    return py_bool_from(py_is_callable(args[0]));
}

METHOD(hash)
{
    UNUSED_ARGS;
    const int64_t hash = py_hash(args[0]);
    return hash == -1 ? NULL : py_int_from_i64(hash);
}

METHOD(id)
{
    UNUSED_ARGS;
    return py_int_from_u64((uint64_t)(uintptr_t)args[0]);
}

METHOD(isinstance)
{
    UNUSED_ARGS;
    const int result = py_isinstance(args[0], args[1]);
    return result < 0 ? NULL : py_bool_from(result);
}

METHOD(issubclass)
{
    UNUSED_ARGS;
    const int result = py_issubclass(args[0], args[1]);
    return result < 0 ? NULL : py_bool_from(result);
}

/* --- attributes --- */

static int check_name(struct py_object *name)
{
    if (py_str_check(name))
        return 0;
    return py_raise_int(&py_exc_TypeError, "attribute name must be string, not '%T'", name);
}

METHOD(getattr)
{
    UNUSED_ARGS;
    if (check_name(args[1]) < 0)
        return NULL;
    if (nargs == 2)
        return py_getattr(args[0], args[1]);
    struct py_object *value;
    const int found = py_getattr_optional(args[0], args[1], &value);
    return found < 0 ? NULL : found ? value : py_newref(args[2]);
}

METHOD(hasattr)
{
    UNUSED_ARGS;
    if (check_name(args[1]) < 0)
        return NULL;
    struct py_object *value = NULL;
    const int found = py_getattr_optional(args[0], args[1], &value);
    py_xdecref(value);
    return found < 0 ? NULL : py_bool_from(found);
}

METHOD(setattr)
{
    UNUSED_ARGS;
    if (check_name(args[1]) < 0 || py_setattr(args[0], args[1], args[2]) < 0)
        return NULL;
    return py_newref(PY_NONE);
}

METHOD(delattr)
{
    UNUSED_ARGS;
    if (check_name(args[1]) < 0 || py_setattr(args[0], args[1], NULL) < 0)
        return NULL;
    return py_newref(PY_NONE);
}

METHOD(vars)
{
    if (nargs == 0)
        return py_builtin_locals(self, args, nargs, kwnames);
    struct py_object *dict;
    const int found = py_getattr_optional(args[0], PY_OBJ(py_str_const("__dict__")), &dict);
    if (found == 0)
        return py_raise(&py_exc_TypeError, "vars() argument must have __dict__ attribute");
    return dict;
}

/* Names of the current scope. */
static struct py_object *dir_of_scope(void)
{
    struct py_object *locals = py_builtin_locals(NULL, NULL, 0, NULL), *keys = NULL;
    if (!locals)
        return NULL;
    PY_HOLD(&locals);
    if (py_dict_check(locals))
        keys = PY_OBJ(py_dict_keys_list((struct py_dict *)locals));
    else
        keys = py_call_method_cstr(locals, "keys", 0);
    PY_HOLD(&keys);
    py_clear(locals);
    return keys;
}

METHOD(dir)
{
    UNUSED_ARGS;
    struct py_object *held[2] = {NULL};
    PY_HOLD_N(held, 2);
    if (nargs == 0) {
        held[0] = dir_of_scope();
    } else {
        held[1] = py_lookup_special(args[0], py_str_const("__dir__"));
        if (!held[1] && !py_error_occurred())
            py_raise(&py_exc_TypeError, "object does not provide __dir__");
        held[0] = held[1] ? py_call0(held[1]) : NULL;
        py_clear(held[1]);
    }
    if (!held[0])
        return NULL;
    struct py_list *names = py_list_from_iterable(held[0]);
    PY_HOLD(&names);
    py_clear(held[0]);
    if (names && py_list_sort(names, NULL, false) < 0)
        py_clear(names);
    return PY_OBJ(names);
}

/* --- print and input --- */

static int write_text(struct py_object *file, struct py_object *text)
{
    if (py_file_is_text(file))
        return py_file_write_str(file, (struct py_str *)text);
    struct py_object *result = py_call_method_cstr(file, "write", 1, text);
    if (!result)
        return -1;
    py_decref(result);
    return 0;
}

static int write_object(struct py_object *file, struct py_object *o)
{
    struct py_object *text = o->type == &py_str_type ? py_newref(o) : py_str_of(o);
    if (!text)
        return -1;
    PY_HOLD(&text);
    const int result = write_text(file, text);
    py_clear(text);
    return result;
}

/* sep and end: None or str. *out (borrowed) is the text to use. */
static int text_option(const char *name, struct py_object *o, const char *otherwise,
                       struct py_object **out)
{
    if (o && o != PY_NONE) {
        if (!py_str_check(o))
            return py_raise_int(&py_exc_TypeError, "%s must be None or a string, not %T", name, o);
        *out = o;
        return 0;
    }
    *out = PY_OBJ(py_str_const(otherwise));
    return *out ? 0 : -1;
}

static int flush_file(struct py_object *file)
{
    if (py_file_is_text(file))
        return py_file_flush(file);
    struct py_object *result = py_call_method_cstr(file, "flush", 0);
    if (!result)
        return -1;
    py_decref(result);
    return 0;
}

METHOD(print)
{
    (void)self;
    static const char *const names[] = {"sep", "end", "file", "flush"};
    static const struct py_params params = {.function = "print", .names = names, .count = 4};
    struct py_object *in[4] = {NULL}, *sep, *end;
    if (kwnames && py_parse_args(&params, args + nargs, 0, kwnames, in) < 0)
        return NULL;
    struct py_object *file = in[2];
    if (!file || file == PY_NONE) {
        file = py_dict_get_cstr(py_runtime.sys_dict, "stdout");
        if (!file)
            return py_raise(&py_exc_RuntimeError, "lost sys.stdout");
        if (file == PY_NONE)
            return py_newref(PY_NONE);
    }
    py_incref(file); /* the program may replace sys.stdout meanwhile */
    PY_HOLD(&file);
    bool ok =
        text_option("sep", in[0], " ", &sep) == 0 && text_option("end", in[1], "\n", &end) == 0;
    for (size_t i = 0; ok && i < nargs; i++)
        ok = (i == 0 || write_text(file, sep) == 0) && write_object(file, args[i]) == 0;
    ok = ok && write_text(file, end) == 0;
    if (ok && in[3]) {
        const int flush = py_truth(in[3]);
        ok = flush == 0 || (flush > 0 && flush_file(file) == 0);
    }
    py_clear(file);
    return ok ? py_newref(PY_NONE) : NULL;
}

static struct py_object *std_file(const char *name)
{
    struct py_object *file = py_dict_get_cstr(py_runtime.sys_dict, name);
    if (!file || file == PY_NONE)
        return py_raise(&py_exc_RuntimeError, "input(): lost sys.%s", name);
    return file;
}

METHOD(input)
{
    UNUSED_ARGS;
    struct py_object *in = std_file("stdin"), *out = in ? std_file("stdout") : NULL;
    if (!out)
        return NULL;
    struct py_object *held[3] = {py_newref(in), py_newref(out), NULL};
    PY_HOLD_N(held, 3);
    struct py_object *result = NULL;
    PY_HOLD(&result);
    if ((nargs && write_object(out, args[0]) < 0) || flush_file(out) < 0)
        goto done;
    held[2] = py_call_method_cstr(in, "readline", 0);
    if (!held[2])
        goto done;
    if (!py_str_check(held[2])) {
        py_raise(&py_exc_TypeError, "object.readline() returned non-string");
        goto done;
    }
    struct py_str *line = (struct py_str *)held[2];
    if (line->length == 0)
        py_raise(&py_exc_EOFError, "EOF when reading a line");
    else if (py_str_char(line, line->length - 1) == '\n')
        result = PY_OBJ(py_str_substring(line, 0, line->length - 1));
    else
        result = py_newref(held[2]);
done:
    for (int i = 0; i < 3; i++)
        py_clear(held[i]);
    return result;
}

/* --- leaving, stopping --- */

METHOD(exit)
{
    UNUSED_ARGS;
    return py_raise_object(&py_exc_SystemExit, nargs ? args[0] : PY_NONE);
}

METHOD(quit)
{
    return py_builtin_exit(self, args, nargs, kwnames);
}

METHOD(breakpoint)
{
    (void)self;
    struct py_object *hook = py_dict_get_cstr(py_runtime.sys_dict, "breakpointhook");
    if (!hook)
        return py_raise(&py_exc_RuntimeError, "lost sys.breakpointhook");
    py_incref(hook);
    PY_HOLD(&hook);
    struct py_object *result = py_call(hook, args, nargs, kwnames);
    PY_HOLD(&result);
    py_clear(hook);
    return result;
}
