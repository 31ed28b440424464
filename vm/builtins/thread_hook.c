/* threading.excepthook as it is unless a program puts another in its place: names the thread on
 * sys.stderr and shows the exception below. SystemExit ends a thread without a word. Where
 * sys.stderr is None, as it is when the interpreter ends, the file serves that the Thread kept. */
#include "vm/builtins/thread_hook.h"

#include "vm/object/dict.h"
#include "vm/object/exc.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/structseq.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/runtime.h"
#include "vm/runtime/thread.h"

enum { HOOK_TYPE, HOOK_VALUE, HOOK_TRACEBACK, HOOK_THREAD };

static const struct py_member_def hook_members[] = {
    PY_STRUCTSEQ_MEMBER("exc_type", HOOK_TYPE, "type of the exception"),
    PY_STRUCTSEQ_MEMBER("exc_value", HOOK_VALUE, "the exception, or None"),
    PY_STRUCTSEQ_MEMBER("exc_traceback", HOOK_TRACEBACK, "where it was raised, or None"),
    PY_STRUCTSEQ_MEMBER("thread", HOOK_THREAD, "the Thread, or None"),
    {.name = NULL}};

extern struct py_type py_thread_hook_args_type; /* static_types.def */
struct py_type py_thread_hook_args_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "_thread._ExceptHookArgs",
    .super = &py_tuple_type,
    .flags = PY_TYPE_IMMUTABLE,
    .repr = py_structseq_repr,
    .new_ = py_structseq_new,
    .methods = py_structseq_methods,
    .members = hook_members,
    .doc = "What threading.excepthook is called with.",
};

/* Where to: new reference; NULL without an exception for sys.stderr, None for nowhere. */
static struct py_object *hook_file(struct py_object *thread)
{
    struct py_object *const file = py_dict_get_cstr(py_runtime.sys_dict, "stderr");
    if (file && file != PY_NONE)
        return NULL;
    struct py_object *const kept = thread == PY_NONE ? NULL : py_getattr_cstr(thread, "_stderr");
    py_error_clear();
    return kept ? kept : py_newref(PY_NONE);
}

/* "Exception in thread NAME:", new reference. */
static struct py_object *hook_heading(struct py_object *thread)
{
    struct py_object *name = thread == PY_NONE ? NULL : py_getattr_cstr(thread, "name");
    PY_HOLD(&name);
    py_error_clear();
    if (!name)
        name = py_int_from_u64(py_thread_current()->ident);
    struct py_object *const heading =
        name ? PY_OBJ(py_str_format_c("Exception in thread %S:\n", name)) : NULL;
    py_clear(name);
    return heading;
}

static struct py_object *thread_excepthook(struct py_object *self, struct py_object *const *args,
                                           size_t nargs, struct py_tuple *kwnames)
{
    (void)self, (void)nargs, (void)kwnames;
    if (args[0]->type != &py_thread_hook_args_type)
        return py_raise(&py_exc_TypeError,
                        "_thread.excepthook argument type must be ExceptHookArgs");
    struct py_object *const *const items = ((struct py_tuple *)args[0])->items;
    if (items[HOOK_TYPE] == PY_OBJ(&py_exc_SystemExit))
        return PY_NONE;
    struct py_object *own[2] = {hook_file(items[HOOK_THREAD]), hook_heading(items[HOOK_THREAD])};
    PY_HOLD_N(own, 2);
    const char *const heading = own[1] ? py_str_utf8((struct py_str *)own[1], NULL) : NULL;
    if (heading)
        py_error_print_to(own[0], heading, items[HOOK_VALUE]);
    py_clear(own[1]);
    py_clear(own[0]);
    return heading ? PY_NONE : NULL;
}

static const struct py_method_def hook_functions[] = {
    {.name = "_excepthook",
     .fn = thread_excepthook,
     .min_args = 1,
     .max_args = 1,
     .doc = "_excepthook(args)\n\nShow the exception that ended a thread."},
    {.name = NULL}};

int py_thread_add_hook(struct py_module *m)
{
    if (py_module_add_methods(m, hook_functions) < 0)
        return -1;
    return py_module_add(m, "_ExceptHookArgs", PY_OBJ(&py_thread_hook_args_type));
}
