/* The module _weakref: types and lists of weak references; weakref.py builds the rest on it. */
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/weakref_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

#define FN(name)                                                                         \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)

FN(weakref_getweakrefcount)
{
    (void)self, (void)nargs, (void)kwnames;
    struct py_weakref **list = py_weakref_list(args[0]);
    int64_t n = 0;
    for (struct py_weakref *r = list ? *list : NULL; r; r = r->next)
        n++;
    return py_int_from_i64(n);
}

FN(weakref_getweakrefs)
{
    (void)self, (void)nargs, (void)kwnames;
    struct py_list *result = py_list_new(0);
    struct py_weakref **list = py_weakref_list(args[0]);
    for (struct py_weakref *r = list ? *list : NULL; r && result; r = r->next)
        if (py_list_append(result, PY_OBJ(r)) < 0)
            py_clear(result);
    return PY_OBJ(result);
}

FN(weakref_proxy)
{
    (void)self, (void)kwnames;
    struct py_type *type =
        py_is_callable(args[0]) ? &py_weakcallableproxy_type : &py_weakproxy_type;
    return PY_OBJ(py_weakref_make(type, args[0], nargs > 1 ? args[1] : NULL));
}

/* Removes key if what it maps to is a dead reference: for callbacks of weak-valued dicts. */
FN(weakref_remove_dead)
{
    (void)self, (void)nargs, (void)kwnames;
    if (!py_dict_check(args[0]))
        return py_raise_bad_arg_type("_remove_dead_weakref", "dict", args[0]);
    struct py_dict *d = (struct py_dict *)args[0];
    struct py_object *value = py_dict_get(d, args[1]);
    if (!value)
        return py_error_occurred() ? NULL : PY_NONE;
    if (value->type->body != PY_BODY_WEAKREF)
        return py_raise(&py_exc_TypeError, "not a weakref");
    const struct py_weakref *ref = (struct py_weakref *)value;
    const bool dead = !ref->referent || ref->referent->refcnt == 0;
    return dead && py_dict_del(d, args[1]) < 0 ? NULL : PY_NONE;
}

static const struct py_method_def weakref_functions[] = {
    {.name = "getweakrefcount",
     .fn = weakref_getweakrefcount,
     .min_args = 1,
     .max_args = 1,
     .doc = "How many weak references to an object there are."},
    {.name = "getweakrefs",
     .fn = weakref_getweakrefs,
     .min_args = 1,
     .max_args = 1,
     .doc = "The weak references to an object, as a list."},
    {.name = "proxy",
     .fn = weakref_proxy,
     .min_args = 1,
     .max_args = 2,
     .doc = "Create a proxy object that weakly references 'object'."},
    {.name = "_remove_dead_weakref", .fn = weakref_remove_dead, .min_args = 2, .max_args = 2},
    {.name = NULL}};

struct py_module *py_mod__weakref_init(void); /* modules.def */

struct py_module *py_mod__weakref_init(void)
{
    struct py_module *m = py_module_new("_weakref", "What the module weakref is made of.");
    if (!m || py_module_add_methods(m, weakref_functions) < 0 ||
        py_module_add(m, "ref", PY_OBJ(&py_weakref_type)) < 0 ||
        py_module_add(m, "ReferenceType", PY_OBJ(&py_weakref_type)) < 0 ||
        py_module_add(m, "ProxyType", PY_OBJ(&py_weakproxy_type)) < 0 ||
        py_module_add(m, "CallableProxyType", PY_OBJ(&py_weakcallableproxy_type)) < 0)
        py_clear(m);
    return m;
}
