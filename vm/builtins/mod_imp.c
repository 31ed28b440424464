/* _imp: what importlib asks of the interpreter's own importer (vm/runtime/import.c).
 *
 * There are no frozen modules and no extension modules: those functions say so. _set_machinery and
 * _main_name are ours: by the first the embedded module _frozen_importlib_external registers
 * importlib, the second says what module -m runs, whose spec processes that are spawned look for.
 */
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/import.h"
#include "vm/runtime/import_machinery.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/program.h"
#include "vm/runtime/runtime.h"
#include "vm/runtime/thread.h"

struct py_module *py_mod__imp_init(void); /* modules.def */

#define FUNCTION(name)                                                                         \
    static struct py_object *imp_##name(struct py_object *self, struct py_object *const *args, \
                                        size_t nargs, struct py_tuple *kwnames)
#define UNUSED (void)self, (void)args, (void)nargs, (void)kwnames

static int lock_depth; /* importing is guarded by the GIL; the lock only counts */

FUNCTION(lock_held)
{
    UNUSED;
    return lock_depth > 0 ? PY_TRUE : PY_FALSE;
}

FUNCTION(acquire_lock)
{
    UNUSED;
    lock_depth++;
    return PY_NONE;
}

FUNCTION(release_lock)
{
    UNUSED;
    if (lock_depth == 0)
        return py_raise(&py_exc_RuntimeError, "not holding the import lock");
    lock_depth--;
    return PY_NONE;
}

FUNCTION(extension_suffixes)
{
    UNUSED;
    return PY_OBJ(py_list_new(0));
}

FUNCTION(is_builtin)
{
    UNUSED;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "is_builtin() argument must be str, not %T", args[0]);
    const char *known;
    for (size_t i = 0; (known = py_builtin_module_name(i)) != NULL; i++)
        if (py_str_equal_cstr((struct py_str *)args[0], known))
            return py_int_from_i64(1);
    return py_int_from_i64(0);
}

FUNCTION(is_frozen)
{
    UNUSED;
    return PY_FALSE;
}

FUNCTION(find_frozen)
{
    UNUSED;
    return PY_NONE;
}

FUNCTION(get_frozen_object)
{
    UNUSED;
    return py_raise(&py_exc_ImportError, "No such frozen object named %S", args[0]);
}

FUNCTION(frozen_module_names)
{
    UNUSED;
    return PY_OBJ(py_list_new(0));
}

FUNCTION(do_nothing)
{
    UNUSED;
    return PY_NONE;
}

/* The module of a spec, made (and run) now. */
FUNCTION(create_builtin)
{
    UNUSED;
    struct py_object *const name = py_getattr_cstr(args[0], "name");
    if (!name)
        return NULL;
    struct py_object *const module =
        py_str_check(name) ? py_import_builtin((struct py_str *)name)
                           : py_raise(&py_exc_TypeError, "name must be str, not %T", name);
    py_decref(name);
    return module;
}

FUNCTION(exec_builtin)
{
    UNUSED;
    return py_int_from_i64(0);
}

FUNCTION(create_dynamic)
{
    UNUSED;
    return py_raise(&py_exc_ImportError, "extension modules cannot be loaded");
}

FUNCTION(source_hash)
{
    UNUSED;
    struct py_object *const both[2] = {args[0], args[1]};
    struct py_tuple *const pair = py_tuple_from_array(both, 2);
    if (!pair)
        return NULL;
    const int64_t hash = py_hash(PY_OBJ(pair));
    py_decref(pair);
    return hash == -1 ? NULL : PY_OBJ(py_bytes_from(&hash, sizeof hash));
}

FUNCTION(main_name)
{
    UNUSED;
    return PY_OBJ(py_str_from_cstr(py_main_module_name()));
}

FUNCTION(set_machinery)
{
    UNUSED;
    return py_import_machinery_set(args[0], args[1], args[2], args[3]) < 0 ? NULL : PY_NONE;
}

static const struct py_method_def methods[] = {
    {.name = "lock_held", .fn = imp_lock_held},
    {.name = "acquire_lock", .fn = imp_acquire_lock},
    {.name = "release_lock", .fn = imp_release_lock},
    {.name = "extension_suffixes", .fn = imp_extension_suffixes},
    {.name = "is_builtin", .fn = imp_is_builtin, .min_args = 1, .max_args = 1},
    {.name = "is_frozen", .fn = imp_is_frozen, .min_args = 1, .max_args = 1},
    {.name = "is_frozen_package", .fn = imp_get_frozen_object, .min_args = 1, .max_args = 1},
    {.name = "find_frozen",
     .fn = imp_find_frozen,
     .min_args = 1,
     .max_args = 1,
     .flags = PY_METH_KEYWORDS},
    {.name = "get_frozen_object", .fn = imp_get_frozen_object, .min_args = 1, .max_args = 2},
    {.name = "init_frozen", .fn = imp_do_nothing, .min_args = 1, .max_args = 1},
    {.name = "_frozen_module_names", .fn = imp_frozen_module_names},
    {.name = "_override_frozen_modules_for_tests",
     .fn = imp_do_nothing,
     .min_args = 1,
     .max_args = 1},
    {.name = "create_builtin", .fn = imp_create_builtin, .min_args = 1, .max_args = 1},
    {.name = "exec_builtin", .fn = imp_exec_builtin, .min_args = 1, .max_args = 1},
    {.name = "create_dynamic", .fn = imp_create_dynamic, .min_args = 1, .max_args = 2},
    {.name = "exec_dynamic", .fn = imp_exec_builtin, .min_args = 1, .max_args = 1},
    {.name = "source_hash", .fn = imp_source_hash, .min_args = 2, .max_args = 2},
    {.name = "_fix_co_filename", .fn = imp_do_nothing, .min_args = 2, .max_args = 2},
    {.name = "_main_name", .fn = imp_main_name},
    {.name = "_set_machinery", .fn = imp_set_machinery, .min_args = 4, .max_args = 4},
    {.name = NULL},
};

struct py_module *py_mod__imp_init(void)
{
    struct py_module *m = py_module_new("_imp", "What importlib is made of.");
    if (m &&
        (py_module_add_methods(m, methods) < 0 ||
         py_module_add_steal(m, "check_hash_based_pycs", PY_OBJ(py_str_from_cstr("default"))) < 0))
        py_clear(m);
    return m;
}
