/* Modules: an object whose attributes are a dict, with two customs of its own: a module function
 * __getattr__ is asked for what is not there, and the repr comes from __spec__ or __file__.
 *
 * A C module is made once by its init function with py_module_new and py_module_add_*; its
 * functions have the module as self, as in CPython.
 */
#include "vm/object/module.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/instance.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"

#define MODULE_OF(o) ((struct py_module *)(o))

/* ---- making modules ---------------------------------------------------------------------- */

static int set_basics(struct py_module *m, struct py_object *name, struct py_object *doc)
{
    static const char *const nones[] = {"__package__", "__loader__", "__spec__"};
    if (!m->dict && !(m->dict = py_dict_new()))
        return -1;
    if (py_dict_set_cstr(m->dict, "__name__", name) < 0 ||
        py_dict_set_cstr(m->dict, "__doc__", doc) < 0)
        return -1;
    for (size_t i = 0; i < sizeof nones / sizeof nones[0]; i++)
        if (py_dict_set_cstr(m->dict, nones[i], PY_NONE) < 0)
            return -1;
    if (py_str_check(name)) {
        py_incref(name);
        py_setref(m->name, (struct py_str *)name);
    }
    return 0;
}

struct py_module *py_module_new(const char *name, const char *doc)
{
    struct py_str *n = py_str_intern_cstr(name);
    struct py_str *d = doc ? py_str_from_cstr(doc) : NULL;
    struct py_module *m = n ? py_object_new(&py_module_type) : NULL;
    if (m && ((doc && !d) || set_basics(m, PY_OBJ(n), d ? PY_OBJ(d) : PY_NONE) < 0))
        py_clear(m);
    if (m)
        py_gc_track(m);
    py_xdecref(d);
    py_xdecref(n);
    return m;
}

int py_module_add(struct py_module *m, const char *name, struct py_object *value)
{
    if (!value)
        return -1;
    return py_dict_set_cstr(m->dict, name, value);
}

int py_module_add_steal(struct py_module *m, const char *name, struct py_object *value)
{
    const int r = py_module_add(m, name, value);
    py_xdecref(value);
    return r;
}

int py_module_add_methods(struct py_module *m, const struct py_method_def *methods)
{
    for (; methods->name; methods++)
        if (py_module_add_steal(m, methods->name,
                                py_cfunction_new(methods, PY_OBJ(m), PY_OBJ(m->name))) < 0)
            return -1;
    return 0;
}

static struct py_object *module_new(struct py_type *type, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_object *o = py_instance_alloc(type);
    if (!o)
        return NULL;
    MODULE_OF(o)->dict = py_dict_new();
    if (!MODULE_OF(o)->dict)
        py_clear(o);
    return o;
}

static int module_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                       struct py_tuple *kwnames)
{
    static const char *const names[] = {"name", "doc"};
    static const struct py_params params = {
        .function = "module", .names = names, .count = 2, .required = 1, .keyword_only = 2};
    struct py_object *v[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, v) < 0)
        return -1;
    if (!py_str_check(v[0]))
        return py_raise_int(&py_exc_TypeError, "module() argument 'name' must be str, not %T",
                            v[0]);
    return set_basics(MODULE_OF(self), v[0], v[1] ? v[1] : PY_NONE);
}

/* ---- attributes -------------------------------------------------------------------------- */

/* "partially initialized module 'x' has no attribute 'y' (most likely due to a circular import)" */
static bool is_initializing(struct py_module *m)
{
    struct py_dict *const d = m->dict;
    if (py_import_is_running(PY_OBJ(m)))
        return true;
    struct py_object *spec = py_dict_get_cstr(d, "__spec__"), *flag = NULL;
    if (!spec || spec == PY_NONE)
        return false;
    if (py_getattr_optional(spec, PY_OBJ(py_str_const("_initializing")), &flag) <= 0) {
        py_error_clear();
        return false;
    }
    const int truth = py_truth(flag);
    py_decref(flag);
    if (truth < 0)
        py_error_clear();
    return truth > 0;
}

static struct py_object *raise_missing(struct py_module *m, struct py_object *name)
{
    struct py_object *own = py_dict_get_cstr(m->dict, "__name__");
    if (!own || !py_str_check(own))
        return py_raise(&py_exc_AttributeError, "module has no attribute '%U'", name);
    if (is_initializing(m))
        return py_raise(&py_exc_AttributeError,
                        "partially initialized module '%U' has no attribute '%U' (most likely due "
                        "to a circular import)",
                        own, name);
    return py_raise(&py_exc_AttributeError, "module '%U' has no attribute '%U'", own, name);
}

static struct py_object *module_getattr(struct py_object *self, struct py_object *name)
{
    struct py_object *r = py_object_getattr_quiet(self, name);
    if (r || py_error_occurred())
        return r;
    struct py_module *m = MODULE_OF(self);
    struct py_object *hook = py_dict_get_str(m->dict, py_str_const("__getattr__"));
    if (!hook)
        return raise_missing(m, name);
    struct py_object *own[2] = {py_newref(hook), NULL};
    PY_HOLD_N(own, 2);
    own[1] = py_call1(hook, name);
    py_clear(own[0]);
    return own[1];
}

static bool is_builtin_name(struct py_object *name)
{
    const char *known;
    if (py_str_check(name) && py_str_equal_cstr((struct py_str *)name, "builtins"))
        return true;
    for (size_t i = 0; py_str_check(name) && (known = py_builtin_module_name(i)) != NULL; i++)
        if (py_str_equal_cstr((struct py_str *)name, known))
            return true;
    return false;
}

/* An attribute of a spec, None when it has none. New, NULL never. */
static struct py_object *spec_part(struct py_object *spec, const char *name)
{
    struct py_object *const value = py_getattr_cstr(spec, name);
    if (!value)
        py_error_clear();
    return value ? value : PY_NONE;
}

/* With a spec its words count: where it is from, or who loaded it. */
static struct py_object *repr_by_spec(struct py_object *name, struct py_object *spec)
{
    struct py_object *part[3] = {py_newref(spec)};
    PY_HOLD_N(part, 3);
    part[1] = spec_part(spec, "origin");
    part[2] = spec_part(spec, part[1] == PY_NONE ? "loader" : "has_location");
    const char *form = "<module %R from %R>";
    if (part[1] == PY_NONE) {
        py_setref(part[1], py_newref(part[2]));
        form = part[1] == PY_NONE ? "<module %R>" : "<module %R (%R)>";
    } else if (py_truth(part[2]) != 1) {
        py_error_clear();
        form = "<module %R (%S)>";
    }
    struct py_object *const r = PY_OBJ(py_str_format_c(form, name, part[1]));
    for (int i = 2; i >= 0; i--)
        py_clear(part[i]);
    return r;
}

static struct py_object *module_repr(struct py_object *self)
{
    struct py_dict *d = MODULE_OF(self)->dict;
    struct py_object *name = py_dict_get_cstr(d, "__name__");
    struct py_object *file = py_dict_get_cstr(d, "__file__");
    struct py_object *spec = py_dict_get_cstr(d, "__spec__");
    struct py_object *loader = py_dict_get_cstr(d, "__loader__");
    if (name && spec && spec != PY_NONE)
        return repr_by_spec(name, spec);
    if (!name)
        return PY_OBJ(py_str_from_cstr("<module ?>"));
    if (file && py_str_check(file))
        return PY_OBJ(py_str_format_c("<module %R from %R>", name, file));
    if (loader && loader != PY_NONE)
        return PY_OBJ(py_str_format_c("<module %R (%R)>", name, loader));
    return PY_OBJ(
        py_str_format_c(is_builtin_name(name) ? "<module %R (built-in)>" : "<module %R>", name));
}

static struct py_object *module_dir(struct py_object *self, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_dict *d = MODULE_OF(self)->dict;
    struct py_object *hook = py_dict_get_cstr(d, "__dir__");
    if (!hook)
        return PY_OBJ(py_dict_keys_list(d));
    struct py_object *own[2] = {py_newref(hook), NULL};
    PY_HOLD_N(own, 2);
    own[1] = py_call0(hook);
    py_clear(own[0]);
    return own[1];
}

static struct py_object *get_dict(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(MODULE_OF(self)->dict));
}

static int set_dict(struct py_object *self, struct py_object *value, void *closure)
{
    (void)self, (void)value, (void)closure;
    return py_raise_int(&py_exc_AttributeError, "readonly attribute");
}

static struct py_object *get_annotations(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_dict *d = MODULE_OF(self)->dict;
    struct py_object *a = py_dict_get_cstr(d, "__annotations__");
    if (a)
        return py_newref(a);
    struct py_dict *made = py_dict_new();
    if (made && py_dict_set_cstr(d, "__annotations__", PY_OBJ(made)) < 0)
        py_clear(made);
    return PY_OBJ(made);
}

static int set_annotations(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    struct py_dict *d = MODULE_OF(self)->dict;
    if (value)
        return py_dict_set_cstr(d, "__annotations__", value);
    if (!py_dict_get_cstr(d, "__annotations__"))
        return py_raise_int(&py_exc_AttributeError, "__annotations__");
    return py_dict_del(d, PY_OBJ(py_str_const("__annotations__")));
}

static const struct py_method_def module_methods[] = {
    {.name = "__dir__",
     .fn = module_dir,
     .doc = "__dir__() -> list\nthe names that dir() shows of a module"},
    {.name = NULL},
};

static const struct py_getset_def module_getsets[] = {
    {.name = "__dict__", .get = get_dict, .set = set_dict},
    {.name = "__annotations__", .get = get_annotations, .set = set_annotations},
    {.name = NULL},
};

static const struct py_field module_fields[] = {
    PY_FIELD(struct py_module, dict),
    PY_FIELD_OWNED(struct py_module, name),
    PY_FIELD_END,
};

struct py_type py_module_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "module",
    .doc = "Create a module object.\n\nThe name must be a string; the optional docstring can have "
           "any type.",
    .basicsize = 56, /* CPython has two words more than struct py_module */
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE,
    .body = PY_BODY_MODULE,
    .fields = module_fields,
    .weaklist_offset = offsetof(struct py_module, weaklist),
    .dict_offset = offsetof(struct py_module, dict),
    .repr = module_repr,
    .getattr = module_getattr,
    .init = module_init,
    .new_ = module_new,
    .methods = module_methods,
    .getsets = module_getsets,
};
_Static_assert(sizeof(struct py_module) <= 56, "sys.getsizeof of a module");
