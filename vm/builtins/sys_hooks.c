/* The parts of sys that frameworks ask for: hooks of asynchronous generators, breakpointhook, and
 * small facts about where things are. The rest of sys is in mod_sys.c and sys_info.c.
 */
#include "vm/builtins/sys_info.h"

#include "vm/object/gen.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/structseq.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)

static const struct py_member_def hooks_members[] = {
    PY_STRUCTSEQ_MEMBER("firstiter", 0, NULL),
    PY_STRUCTSEQ_MEMBER("finalizer", 1, NULL),
    {.name = NULL},
};
struct py_type py_asyncgen_hooks_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "asyncgen_hooks",
    .super = &py_tuple_type,
    .flags = PY_TYPE_DISALLOW_NEW,
    .repr = py_structseq_repr,
    .members = hooks_members,
};

METHOD(sys_get_asyncgen_hooks)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    struct py_object *hooks[2];
    py_async_gen_hooks(&hooks[0], &hooks[1]);
    py_incref(hooks[0]);
    py_incref(hooks[1]);
    return py_structseq_from_array(&py_asyncgen_hooks_type, hooks, 2);
}

METHOD(sys_set_asyncgen_hooks)
{
    (void)self;
    static const char *const names[] = {"firstiter", "finalizer"};
    static const struct py_params params = {
        .function = "set_asyncgen_hooks", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    for (int i = 1; i >= 0; i--)
        if (in[i] && in[i] != PY_NONE && !py_is_callable(in[i]))
            return py_raise(&py_exc_TypeError, "callable %s expected, got %.50s", names[i],
                            in[i]->type->name);
    return py_async_gen_set_hooks(in[0], in[1]) < 0 ? NULL : PY_NONE;
}

METHOD(sys_zero)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return py_int_from_i64(0);
}

METHOD(sys_ignore)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return PY_NONE;
}

METHOD(sys_getdlopenflags)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return py_int_from_i64(2); /* RTLD_NOW */
}

METHOD(sys_breakpointhook)
{
    (void)self;
    struct py_object *pdb = py_import_module("pdb");
    if (!pdb)
        return NULL;
    PY_HOLD(&pdb);
    struct py_object *trace = py_getattr_cstr(pdb, "set_trace");
    py_clear(pdb);
    if (!trace)
        return NULL;
    PY_HOLD(&trace);
    struct py_object *const result = py_call(trace, args, nargs, kwnames);
    py_clear(trace);
    return result;
}

static const struct py_method_def hook_methods[] = {
    {.name = "get_asyncgen_hooks",
     .fn = sys_get_asyncgen_hooks,
     .doc = "Return the installed asynchronous generators hooks."},
    {.name = "set_asyncgen_hooks",
     .fn = sys_set_asyncgen_hooks,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .doc = "set_asyncgen_hooks([firstiter] [, finalizer])\n\nWhat is called for an asynchronous "
            "generator when it is first used, and when it is\nleft alone."},
    {.name = "get_coroutine_origin_tracking_depth",
     .fn = sys_zero,
     .doc = "Check status of origin tracking for coroutine objects in this thread: always 0."},
    {.name = "set_coroutine_origin_tracking_depth",
     .fn = sys_ignore,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .doc = "Origins of coroutine objects are not tracked."},
    {.name = "getdlopenflags", .fn = sys_getdlopenflags, .doc = "Flags for dlopen() calls."},
    {.name = "setdlopenflags", .fn = sys_ignore, .min_args = 1, .max_args = 1},
    {.name = "_debugmallocstats", .fn = sys_ignore},
    {.name = "breakpointhook",
     .fn = sys_breakpointhook,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .doc = "This hook function is called by built-in breakpoint()."},
    {.name = NULL}};

int py_sys_add_hooks(struct py_module *m)
{
    return py_module_add_methods(m, hook_methods);
}
