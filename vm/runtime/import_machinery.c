/* The importer's ties to importlib. See import_machinery.h.
 *
 * As long as sys.meta_path and sys.path_hooks hold what importlib put there, the interpreter's own
 * importer finds the same modules as importlib would, only faster, so it goes first and importlib
 * is asked for the rest (namespace packages, zip files). When a program has changed either list,
 * importlib is asked for everything. A program may change them before importlib is loaded: then
 * they are not empty.
 *
 * What was registered is kept in one tuple, a root of the process. */
#include "vm/runtime/import_machinery.h"

#include "vm/object/code.h"
#include "vm/object/dict.h"
#include "vm/object/exc.h"
#include "vm/object/func.h"
#include "vm/object/list.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/frame.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/runtime.h"
#include "vm/runtime/thread.h"

enum { FIND, DESCRIBE, FINDERS, HOOKS, PART_COUNT };

static struct py_tuple *machinery; /* NULL: not loaded */

int py_import_machinery_set(struct py_object *find, struct py_object *describe,
                            struct py_object *finders, struct py_object *hooks)
{
    if (machinery)
        return 0;
    if (!py_tuple_check(finders) || !py_tuple_check(hooks))
        return py_raise_int(&py_exc_TypeError, "finders and hooks must be tuples");
    struct py_object *const parts[PART_COUNT] = {
        [FIND] = find, [DESCRIBE] = describe, [FINDERS] = finders, [HOOKS] = hooks};
    struct py_tuple *const made = py_tuple_from_array(parts, PART_COUNT);
    if (!made)
        return -1;
    machinery = py_runtime_root(made);
    return 0;
}

bool py_import_machinery_is_loaded(void)
{
    return machinery != NULL;
}

static bool differs(const char *name, int part)
{
    const struct py_object *const list = py_dict_get_cstr(py_runtime.sys_dict, name);
    if (!list || !py_list_check(list))
        return false; /* a deleted or odd list: as good as an empty one */
    const struct py_list *const now = (const struct py_list *)list;
    if (!machinery)
        return now->base.size != 0;
    const struct py_tuple *const first = (const struct py_tuple *)machinery->items[part];
    if (now->base.size != first->base.size)
        return true;
    for (int64_t i = 0; i < now->base.size; i++)
        if (now->items[i] != first->items[i])
            return true;
    return false;
}

bool py_import_is_customized(void)
{
    return py_runtime.sys_dict && (differs("meta_path", FINDERS) || differs("path_hooks", HOOKS));
}

/* Loads importlib under the hand of a program that never imported it. 0: there is none. */
static int load(void)
{
    static __thread bool loading;
    if (machinery)
        return 1;
    if (loading)
        return 0;
    loading = true;
    struct py_object *const module = py_import_module("_frozen_importlib_external");
    loading = false;
    if (!module) {
        if (!py_error_matches(&py_exc_ImportError))
            return -1;
        py_error_clear();
        return 0;
    }
    py_decref(module);
    return machinery != NULL;
}

/* Takes importlib's frames out of the pending exception's traceback: all of an ImportError, which
 * is about the statement; of another exception those that lead to the module's code. */
static void strip_frames(void)
{
    struct py_object *e = py_error_fetch();
    PY_HOLD(&e);
    const bool all = py_isinstance_type(e, &py_exc_ImportError);
    struct py_traceback **link = &((struct py_exc *)e)->traceback, **outer = link;
    bool inside = false;
    while (*link) {
        const struct py_code *const code = (*link)->frame->func->code;
        const bool was_inside = inside;
        inside = py_str_equal_cstr(code->filename, "<frozen importlib._bootstrap>") ||
                 py_str_equal_cstr(code->filename, "<frozen importlib._bootstrap_external>");
        if (inside && !was_inside)
            outer = link;
        struct py_traceback *const next = (*link)->next;
        if (inside && (all || py_str_equal_cstr(code->name, "_call_with_frames_removed"))) {
            struct py_traceback *const dropped = *outer;
            *outer = next ? py_newref(next) : NULL;
            py_decref(dropped);
            link = outer;
        } else {
            link = &(*link)->next;
        }
    }
    struct py_object *const pending = e;
    e = NULL;
    py_error_restore(pending);
}

int py_import_by_machinery(struct py_str *fullname)
{
    const int loaded = load();
    if (loaded <= 0)
        return loaded;
    struct py_object *import = py_dict_get_cstr(py_runtime.builtins, "__import__");
    if (!import)
        return 0;
    struct py_object *own[2] = {py_newref(import), NULL};
    PY_HOLD_N(own, 2);
    own[1] = py_call2(machinery->items[FIND], PY_OBJ(fullname), own[0]);
    const int failed = own[1] == NULL;
    if (failed && !py_config.verbose)
        strip_frames();
    py_clear(own[1]);
    py_clear(own[0]);
    return failed ? -1 : 1;
}

int py_import_describe(struct py_object *module)
{
    if (!machinery)
        return 0;
    struct py_object *const result = py_call1(machinery->items[DESCRIBE], module);
    py_xdecref(result);
    return result ? 0 : -1;
}
