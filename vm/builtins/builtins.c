/* Making the builtins module: functions (builtins.def), types, exceptions, constants; and, because
 * they are needed before the first import, sys.modules, sys and the standard streams.
 */
#include "vm/builtins/builtins.h"

#include <string.h>

#include "vm/builtins/builtins_impl.h"
#include "vm/builtins/file.h"
#include "vm/object/dict.h"
#include "vm/object/exc.h"
#include "vm/object/int.h"
#include "vm/object/module.h"
#include "vm/object/type.h"
#include "vm/runtime/error.h"
#include "vm/runtime/import.h"
#include "vm/runtime/runtime.h"
#include "vm/runtime/thread.h"

static const struct py_method_def builtin_functions[] = {
#define BUILTIN(function, min, max, method_flags, text_signature, text) \
    {.name = #function,                                                 \
     .fn = py_builtin_##function,                                       \
     .min_args = min,                                                   \
     .max_args = max,                                                   \
     .flags = method_flags,                                             \
     .signature = text_signature,                                       \
     .doc = text},
#include "vm/builtins/builtins.def"
    {.name = "open",
     .fn = py_file_open,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .signature = "($module, /, file, mode='r', buffering=-1, encoding=None,\n     errors=None, "
                  "newline=None, closefd=True, opener=None)",
     .doc = "Open file and return a stream.  Raise OSError upon failure."},
    {.name = NULL},
};

#define STATIC_TYPE(x) extern struct py_type py_##x##_type;
#include "vm/object/static_types.def"
static struct py_type *const static_types[] = {
#define STATIC_TYPE(x) &py_##x##_type,
#include "vm/object/static_types.def"
};

/* Types that are builtins, by the name they carry; those that do not exist (yet) are skipped. */
static const char *const builtin_type_names[] = {
    "bool",   "bytearray", "bytes",     "classmethod", "complex", "dict",  "enumerate",
    "filter", "float",     "frozenset", "int",         "list",    "map",   "memoryview",
    "object", "property",  "range",     "reversed",    "set",     "slice", "staticmethod",
    "str",    "super",     "tuple",     "type",        "zip",
};

static int add_types(struct py_module *m)
{
    for (size_t i = 0; i < sizeof builtin_type_names / sizeof *builtin_type_names; i++)
        for (size_t k = 0; k < sizeof static_types / sizeof *static_types; k++)
            if (strcmp(static_types[k]->name, builtin_type_names[i]) == 0 &&
                py_module_add(m, builtin_type_names[i], PY_OBJ(static_types[k])) < 0)
                return -1;
    return 0;
}

static int add_exceptions(struct py_module *m)
{
#define EXC(cname, pyname, base, layout, doc)                  \
    if (py_module_add(m, pyname, PY_OBJ(&py_exc_##cname)) < 0) \
        return -1;
#include "vm/object/exceptions.def"
    return py_module_add(m, "EnvironmentError", PY_OBJ(&py_exc_OSError)) < 0 ||
                   py_module_add(m, "IOError", PY_OBJ(&py_exc_OSError)) < 0
               ? -1
               : 0;
}

static int add_constants(struct py_module *m)
{
    static const struct {
        const char *name;
        struct py_object *value;
    } constants[] = {
        {"None", PY_NONE},
        {"Ellipsis", PY_ELLIPSIS},
        {"NotImplemented", PY_NOT_IMPLEMENTED},
    };
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (py_module_add(m, constants[i].name, constants[i].value) < 0)
            return -1;
    return py_module_add(m, "True", PY_TRUE) < 0 || py_module_add(m, "False", PY_FALSE) < 0 ||
                   py_module_add(m, "__debug__", py_runtime.optimize ? PY_FALSE : PY_TRUE) < 0
               ? -1
               : 0;
}

static int init_builtins(void)
{
    struct py_module *m =
        py_module_new("builtins", "The names that every module sees without an import.");
    if (!m)
        return -1;
    py_runtime.builtins = py_newref(m->dict);
    if (py_module_add_methods(m, builtin_functions) < 0 || add_types(m) < 0 ||
        add_exceptions(m) < 0 || add_constants(m) < 0 ||
        py_dict_set_cstr(py_runtime.modules, "builtins", PY_OBJ(m)) < 0)
        return -1;
    py_decref(m); /* sys.modules keeps it */
    return 0;
}

static bool has_builtin_module(const char *name)
{
    const char *known;
    for (size_t i = 0; (known = py_builtin_module_name(i)) != NULL; i++)
        if (strcmp(known, name) == 0)
            return true;
    return false;
}

/* sys: its own module where there is one, else a bare one that holds streams and path. */
static int init_sys(void)
{
    struct py_module *sys =
        (struct py_module *)(has_builtin_module("sys") ? py_import_module("sys")
                                                       : PY_OBJ(py_module_new("sys", NULL)));
    if (!sys)
        return -1;
    if (!py_runtime.sys_dict)
        py_runtime.sys_dict = py_newref(sys->dict);
    if (py_dict_set_cstr(py_runtime.modules, "sys", PY_OBJ(sys)) < 0 ||
        py_dict_set_cstr(sys->dict, "modules", PY_OBJ(py_runtime.modules)) < 0)
        return -1;
    py_decref(sys);
    return py_file_init_std(py_runtime.sys_dict, py_config.unbuffered);
}

int py_builtins_init(void)
{
    if (!py_runtime.modules && !(py_runtime.modules = py_dict_new()))
        return -1;
    return init_builtins() < 0 || init_sys() < 0 ? -1 : 0;
}
