/* Calling anything: py_call and its conveniences.
 *
 * Arguments travel in C arrays of borrowed references. Where one has to be put in front (a bound
 * method, a metaclass) the array is copied, on the C stack when it is short.
 */
#include <stdarg.h>
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/instance.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define SHORT_ARGS 8

bool py_is_callable(const struct py_object *o)
{
    return o->type->call != NULL;
}

struct py_object *py_call(struct py_object *callable, struct py_object *const *args, size_t nargs,
                          struct py_tuple *kwnames)
{
    const py_callfn call = callable->type->call;
    if (__builtin_expect(!call, 0))
        return py_raise(&py_exc_TypeError, "'%T' object is not callable", callable);
    return call(callable, args, nargs, kwnames);
}

struct py_object *py_call_prepend(struct py_object *callable, struct py_object *first,
                                  struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames)
{
    const size_t total = nargs + (kwnames ? (size_t)kwnames->base.size : 0);
    struct py_object *few[SHORT_ARGS + 1];
    struct py_object **all = few;
    if (total > SHORT_ARGS && !(all = py_mem_alloc((total + 1) * sizeof *all)))
        return py_raise_no_memory();
    all[0] = first;
    if (total)
        memcpy(all + 1, args, total * sizeof *all);
    struct py_object *r = py_call(callable, all, nargs + 1, kwnames);
    if (all != few)
        py_mem_free(all);
    return r;
}

struct py_object *py_call0(struct py_object *callable)
{
    return py_call(callable, NULL, 0, NULL);
}

struct py_object *py_call1(struct py_object *callable, struct py_object *a)
{
    return py_call(callable, &a, 1, NULL);
}

struct py_object *py_call2(struct py_object *callable, struct py_object *a, struct py_object *b)
{
    struct py_object *const args[2] = {a, b};
    return py_call(callable, args, 2, NULL);
}

struct py_object *py_call3(struct py_object *callable, struct py_object *a, struct py_object *b,
                           struct py_object *c)
{
    struct py_object *const args[3] = {a, b, c};
    return py_call(callable, args, 3, NULL);
}

/* all: room for the positional arguments and, behind them, the dict's values. */
static struct py_object *call_with_dict(struct py_object *callable, struct py_tuple *args,
                                        struct py_dict *kwargs, struct py_object **all)
{
    const size_t nargs = (size_t)args->base.size, nkw = (size_t)kwargs->used;
    struct py_tuple *names = py_tuple_new((int64_t)nkw);
    if (!names)
        return NULL;
    for (size_t i = 0; i < nargs; i++)
        all[i] = args->items[i];
    /* The callee may change the dict: keys and values are held here. */
    int64_t pos = 0;
    struct py_object *key, *value, *r = NULL;
    bool strings = true;
    for (size_t k = 0; py_dict_next(kwargs, &pos, &key, &value, NULL); k++) {
        strings = strings && py_str_check(key);
        names->items[k] = py_newref(key);
        all[nargs + k] = py_newref(value);
    }
    PY_HOLD(&names);
    PY_HOLD(&r);
    PY_HOLD_N(all + nargs, (int64_t)nkw);
    if (strings)
        r = py_call(callable, all, nargs, names);
    else
        py_raise(&py_exc_TypeError, "keywords must be strings");
    for (size_t k = 0; k < nkw; k++)
        py_clear(all[nargs + k]);
    py_clear(names);
    return r;
}

struct py_object *py_call_tuple(struct py_object *callable, struct py_tuple *args,
                                struct py_dict *kwargs)
{
    if (!kwargs || kwargs->used == 0)
        return py_call(callable, args->items, (size_t)args->base.size, NULL);
    struct py_object **all = py_mem_alloc((size_t)(args->base.size + kwargs->used) * sizeof *all);
    if (!all)
        return py_raise_no_memory();
    struct py_object *r = call_with_dict(callable, args, kwargs, all);
    py_mem_free(all);
    return r;
}

/* ---- methods ----------------------------------------------------------------------------- */

int py_load_method(struct py_object *o, struct py_str *name, struct py_object **method)
{
    struct py_type *type = o->type;
    if (type->getattr != py_object_generic_getattr) {
        *method = py_getattr(o, PY_OBJ(name));
        return *method ? 0 : -1;
    }
    struct py_object *descr = py_type_lookup(type, name);
    if (descr && (descr->type->flags & PY_TYPE_METHOD_DESCR)) {
        struct py_object *own = py_instance_get(o, name);
        *method = py_newref(own ? own : descr);
        return own ? 0 : 1;
    }
    *method = py_object_generic_getattr(o, PY_OBJ(name));
    return *method ? 0 : -1;
}

struct py_object *py_call_method(struct py_object *o, struct py_str *name,
                                 struct py_object *const *args, size_t nargs)
{
    struct py_object *own[2] = {NULL, NULL};
    PY_HOLD_N(own, 2);
    const int unbound = py_load_method(o, name, &own[0]);
    if (unbound < 0)
        return NULL;
    if (unbound)
        own[1] = py_call_prepend(own[0], o, args, nargs, NULL);
    else
        own[1] = py_call(own[0], args, nargs, NULL);
    py_clear(own[0]);
    return own[1];
}

struct py_object *py_call_method_cstr(struct py_object *o, const char *name, size_t nargs, ...)
{
    struct py_object *args[SHORT_ARGS];
    va_list ap;
    va_start(ap, nargs);
    for (size_t i = 0; i < nargs && i < SHORT_ARGS; i++)
        args[i] = va_arg(ap, struct py_object *);
    va_end(ap);
    struct py_str *key = py_str_intern_cstr(name);
    if (!key)
        return NULL;
    PY_HOLD(&key);
    struct py_object *r = py_call_method(o, key, args, nargs);
    py_clear(key);
    return r;
}

/* ---- names for messages ------------------------------------------------------------------ */

static struct py_str *qualified_text(struct py_object *callable)
{
    struct py_object *own[2] = {NULL, NULL}; /* qualname, module */
    PY_HOLD_N(own, 2);
    struct py_str *r = NULL;
    if (py_getattr_optional(callable, PY_OBJ(py_str_const("__qualname__")), &own[0]) < 0 ||
        py_getattr_optional(callable, PY_OBJ(py_str_const("__module__")), &own[1]) < 0)
        r = NULL;
    else if (!own[0])
        r = py_str_format_c("%S", callable);
    else if (own[1] && own[1] != PY_NONE &&
             !(py_str_check(own[1]) && py_str_equal_cstr((struct py_str *)own[1], "builtins")))
        r = py_str_format_c("%S.%S()", own[1], own[0]);
    else
        r = py_str_format_c("%S()", own[0]);
    py_clear(own[1]);
    py_clear(own[0]);
    return r;
}

struct py_str *py_callable_text(struct py_object *callable)
{
    struct py_object *pending = py_error_fetch();
    PY_HOLD(&pending);
    struct py_str *r = qualified_text(callable);
    if (!r) {
        py_error_clear();
        r = py_str_format_c("%T object", callable);
    }
    struct py_object *restored = pending;
    pending = NULL;
    if (restored)
        py_error_restore(restored);
    return r;
}
