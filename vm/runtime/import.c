/* Importing.
 *
 * A module is looked for, in this order, among built-in C modules (vm/builtins/modules.def),
 * modules embedded as Python source (embedded.h), and packages and .py files along sys.path (or a
 * package's __path__). The module object is in sys.modules before its code runs, so circular
 * imports find it, and is taken out again when the code fails. What this importer cannot load, and
 * everything once a program has changed sys.meta_path, is importlib's (import_machinery.h).
 */
#include "vm/runtime/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vm/builtins/embedded.h"
#include "vm/compile/compile.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/import_machinery.h"
#include "vm/runtime/ops.h"

#define SOURCE_MAX (256u << 20)

struct builtin_module {
    const char *name;
    py_module_init_fn init;
    bool stands_in; /* only where there is no library */
};
#define MODULE(name, init) struct py_module *init(void);
#include "vm/builtins/modules.def"
static const struct builtin_module builtin_modules[] = {
#define MODULE(module_name, init_fn) {.name = (module_name), .init = (init_fn)},
#define STAND_IN(module_name, init_fn) \
    {.name = (module_name), .init = (init_fn), .stands_in = true},
#include "vm/builtins/modules.def"
    {.name = NULL},
};

const char *py_builtin_module_name(size_t index)
{
    for (const struct builtin_module *m = builtin_modules; m->name; m++)
        if (!m->stands_in && index-- == 0)
            return m->name;
    for (const struct py_embedded_module *m = py_embedded_modules; m->name; m++)
        if (strncmp(m->name, "_frozen_", 8) != 0 && index-- == 0)
            return m->name;
    return NULL;
}

/* ---- reading source ------------------------------------------------------------------------- */

char *py_read_file(const char *path, size_t *len, int *errnum)
{
    FILE *const file = fopen(path, "rb");
    struct stat st;
    if (!file) {
        *errnum = errno;
        return NULL;
    }
    if (fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode)) {
        fclose(file);
        *errnum = EISDIR;
        return NULL;
    }
    char *text = NULL;
    size_t used = 0, capacity = 0;
    for (;;) {
        if (used == capacity) {
            capacity = capacity ? capacity * 2 : 64 << 10;
            char *const grown = capacity > SOURCE_MAX ? NULL : realloc(text, capacity);
            if (!grown) {
                free(text);
                fclose(file);
                *errnum = ENOMEM;
                return NULL;
            }
            text = grown;
        }
        const size_t got = fread(text + used, 1, capacity - used, file);
        if (!got)
            break;
        used += got;
    }
    fclose(file);
    *len = used;
    return text;
}

/* ---- making modules ----------------------------------------------------------------------------
 */

static struct py_object *module_dict_entry(struct py_object *module, const char *name)
{
    return py_type_is_subtype(module->type, &py_module_type)
               ? py_dict_get_cstr(((struct py_module *)module)->dict, name)
               : NULL;
}

/* The modules whose bodies are being run, by whatever thread: on the C stacks of those threads. */
struct running {
    struct running *next;
    const struct py_object *module;
};
static struct running *running_modules;

bool py_import_is_running(const struct py_object *module)
{
    for (const struct running *r = running_modules; r; r = r->next)
        if (r->module == module)
            return true;
    return false;
}

static void running_begin(struct running *r, const struct py_object *module)
{
    *r = (struct running){.next = running_modules, .module = module};
    running_modules = r;
}

static void running_end(struct running *r)
{
    struct running **at = &running_modules;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
}

/* Runs source as the body of a new module that is already in sys.modules. -1: it failed and was
 * taken out again. */
static int run_source(struct py_str *fullname, struct py_module *module, const char *source,
                      size_t len, struct py_str *filename)
{
    struct py_code *code = py_compile_source(
        source, len, filename, &(struct py_compile_how){.optimize = py_runtime.optimize});
    PY_HOLD(&code);
    struct py_object *result = NULL;
    if (code && py_module_add(module, "__builtins__", PY_OBJ(py_runtime.builtins)) == 0 &&
        py_import_describe(PY_OBJ(module)) == 0) {
        struct running r;
        running_begin(&r, PY_OBJ(module));
        result = py_eval_code(code, module->dict, PY_OBJ(module->dict));
        running_end(&r);
    }
    py_clear(code);
    if (result) {
        py_decref(result);
        return 0;
    }
    struct py_object *exc = py_error_fetch();
    PY_HOLD(&exc);
    if (py_dict_contains(py_runtime.modules, PY_OBJ(fullname)) == 1)
        py_dict_del(py_runtime.modules, PY_OBJ(fullname));
    py_error_clear();
    py_error_restore(exc);
    exc = NULL;
    return -1;
}

/* A registered, empty module for fullname. package_dir: __path__ entry, or NULL. New. */
static struct py_module *new_registered(struct py_str *fullname, const char *file,
                                        const char *package_dir)
{
    const char *const name = py_str_utf8(fullname, NULL);
    struct py_module *module = name ? py_module_new(name, NULL) : NULL;
    if (!module)
        return NULL;
    PY_HOLD(&module);
    const char *const dot = strrchr(name, '.');
    struct py_str *const package = package_dir ? py_newref(fullname)
                                   : dot       ? py_str_from_utf8(name, (size_t)(dot - name))
                                               : py_newref(py_str_empty());
    bool ok = package && py_module_add_steal(module, "__package__", PY_OBJ(package)) == 0;
    if (ok && file)
        ok = py_module_add_steal(module, "__file__", PY_OBJ(py_str_from_cstr(file))) == 0;
    if (ok && package_dir) {
        struct py_object *dir = PY_OBJ(py_str_from_cstr(package_dir));
        struct py_list *const path = dir ? py_list_from_array_steal(&dir, 1) : NULL;
        ok = path && py_module_add_steal(module, "__path__", PY_OBJ(path)) == 0;
    }
    ok = ok && py_dict_set(py_runtime.modules, PY_OBJ(fullname), PY_OBJ(module)) == 0;
    struct py_module *const result = ok ? py_newref(module) : NULL;
    py_clear(module);
    return result;
}

/* ---- finding ------------------------------------------------------------------------------------
 */

/* 1: imported into sys.modules; 0: not here; -1: failed. */
static int import_builtin(struct py_str *fullname)
{
    for (size_t i = 0; builtin_modules[i].name; i++) {
        if (!py_str_equal_cstr(fullname, builtin_modules[i].name))
            continue;
        struct py_module *module = builtin_modules[i].init();
        if (!module)
            return -1;
        PY_HOLD(&module);
        const int failed = py_dict_set(py_runtime.modules, PY_OBJ(fullname), PY_OBJ(module)) < 0 ||
                           py_import_describe(PY_OBJ(module)) < 0;
        py_clear(module);
        return failed ? -1 : 1;
    }
    return 0;
}

static int import_embedded(struct py_str *fullname)
{
    for (const struct py_embedded_module *m = py_embedded_modules; m->name; m++) {
        if (!py_str_equal_cstr(fullname, m->name))
            continue;
        struct py_module *module = new_registered(fullname, NULL, NULL);
        if (!module)
            return -1;
        PY_HOLD(&module);
        struct py_str *filename = py_str_format_c("<frozen %s>", m->name);
        PY_HOLD(&filename);
        const int failed =
            filename ? run_source(fullname, module, m->source, m->length, filename) : -1;
        py_clear(filename);
        py_clear(module);
        return failed < 0 ? -1 : 1;
    }
    return 0;
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int load_file(struct py_str *fullname, const char *path, const char *package_dir)
{
    size_t len;
    int errnum;
    char *const source = py_read_file(path, &len, &errnum);
    if (!source) {
        struct py_str *const name = py_str_from_cstr(path);
        py_raise_os_error(errnum, PY_OBJ(name));
        py_xdecref(name);
        return -1;
    }
    struct py_module *module = new_registered(fullname, path, package_dir);
    PY_HOLD(&module);
    struct py_str *filename = module ? py_str_from_cstr(path) : NULL;
    PY_HOLD(&filename);
    const int failed = filename ? run_source(fullname, module, source, len, filename) : -1;
    py_clear(filename);
    py_clear(module);
    free(source);
    return failed < 0 ? -1 : 1;
}

static bool is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A file, or what would lie below one: "archive.zip/package". */
static bool is_in_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? S_ISREG(st.st_mode) : errno == ENOTDIR;
}

/* Looks for the last part of the name in one directory. *odd: there may be a module here that only
 * importlib can load: a namespace package, or something in a zip file. */
static int import_from_dir(struct py_str *fullname, const char *tail, const char *dir, bool *odd)
{
    char path[4096];
    char package[4096];
    const char *const sep = dir[0] && dir[strlen(dir) - 1] != '/' ? "/" : "";
    if (snprintf(package, sizeof package, "%s%s%s", dir, sep, tail) >= (int)sizeof package)
        return 0;
    if (snprintf(path, sizeof path, "%s/__init__.py", package) < (int)sizeof path && is_file(path))
        return load_file(fullname, path, package);
    if (snprintf(path, sizeof path, "%s.py", package) < (int)sizeof path && is_file(path))
        return load_file(fullname, path, NULL);
    *odd = *odd || is_dir(package) || is_in_file(dir);
    return 0;
}

static int import_from_path(struct py_str *fullname, const char *tail, struct py_object *path,
                            bool *odd)
{
    if (!path || !py_list_check(path)) {
        *odd = path != NULL; /* the path of a namespace package has a type of its own */
        return 0;
    }
    struct py_list *list = (struct py_list *)py_newref(path);
    PY_HOLD(&list);
    int found = 0;
    for (int64_t i = 0; found == 0 && i < list->base.size; i++) {
        if (!py_str_check(list->items[i]))
            continue;
        const char *const dir = py_str_utf8((struct py_str *)list->items[i], NULL);
        found = dir ? import_from_dir(fullname, tail, dir[0] ? dir : ".", odd) : -1;
    }
    py_clear(list);
    return found;
}

static void *raise_not_found(struct py_str *fullname, const char *not_a_package)
{
    if (not_a_package)
        py_raise(&py_exc_ModuleNotFoundError, "No module named %R; '%s' is not a package",
                 PY_OBJ(fullname), not_a_package);
    else
        py_raise(&py_exc_ModuleNotFoundError, "No module named %R", PY_OBJ(fullname));
    struct py_object *const exc = py_thread_current()->exc;
    if (exc && exc->type == &py_exc_ModuleNotFoundError)
        py_setref(((struct py_exc_import_error *)exc)->name, PY_OBJ(py_newref(fullname)));
    return NULL;
}

/* ---- names
 * --------------------------------------------------------------------------------------- */

/* sys.modules[fullname]: borrowed or NULL. None there means "import of it is blocked". */
static struct py_object *imported(struct py_str *fullname)
{
    return py_dict_get_str(py_runtime.modules, fullname);
}

/* Where there is a library, its module is the one to import. */
static bool stands_in(struct py_str *fullname)
{
    for (const struct builtin_module *m = builtin_modules; m->name; m++)
        if (m->stands_in && py_str_equal_cstr(fullname, m->name))
            return true;
    return false;
}

/* The interpreter's own search: 1 found, 0 not, -1 exception. parent_path: NULL at the top. */
static int find_one(struct py_str *fullname, const char *tail, struct py_object *parent_path)
{
    bool odd = false;
    int found = 0;
    if (py_import_is_customized() && !py_str_equal_cstr(fullname, "_frozen_importlib") &&
        !py_str_equal_cstr(fullname, "_frozen_importlib_external"))
        found = py_import_by_machinery(fullname);
    const bool ending = py_runtime.finalizing != 0; /* only what is built in can be had */
    if (!found && parent_path && !ending) {
        found = import_from_path(fullname, tail, parent_path, &odd);
    } else if (!found) {
        struct py_object *const path =
            py_runtime.sys_dict ? py_dict_get_cstr(py_runtime.sys_dict, "path") : NULL;
        if (stands_in(fullname) && !ending)
            found = import_from_path(fullname, tail, path, &odd);
        if (!found)
            found = import_builtin(fullname);
        if (!found)
            found = import_embedded(fullname);
        if (!found && !ending)
            found = import_from_path(fullname, tail, path, &odd);
    }
    if (!found && ending) {
        py_raise(&py_exc_ImportError, "sys.meta_path is None, Python is likely shutting down");
        return -1;
    }
    return !found && odd ? py_import_by_machinery(fullname) : found;
}

/* Imports one module whose parent (if any) is imported. Borrowed from sys.modules. */
static struct py_object *import_one(struct py_str *fullname, struct py_object *parent,
                                    const char *parent_name, const char *tail)
{
    struct py_object *module = imported(fullname);
    if (module == PY_NONE)
        return py_raise(&py_exc_ModuleNotFoundError, "import of %U halted; None in sys.modules",
                        fullname);
    if (module)
        return module;
    struct py_object *parent_path = NULL;
    if (parent && !(parent_path = module_dict_entry(parent, "__path__")))
        return raise_not_found(fullname, parent_name);
    const int found = find_one(fullname, tail, parent_path);
    if (found < 0)
        return NULL;
    module = found ? imported(fullname) : NULL;
    if (!module)
        return raise_not_found(fullname, NULL);
    if (parent && py_setattr_cstr(parent, tail, module) < 0)
        return NULL;
    return module;
}

struct py_object *py_import_builtin(struct py_str *name)
{
    struct py_object *module = imported(name);
    if (!module) {
        int found = import_builtin(name);
        if (!found)
            found = import_embedded(name);
        if (found < 0)
            return NULL;
        module = found ? imported(name) : NULL;
    }
    return module ? py_newref(module) : raise_not_found(name, NULL);
}

/* Imports a.b.c step by step. Borrowed last module; *first (borrowed) the top-level one. */
static struct py_object *import_dotted(struct py_str *name, struct py_object **first)
{
    size_t len;
    const char *const text = py_str_utf8(name, &len);
    if (!text)
        return NULL;
    struct py_object *module = NULL;
    char parent_name[1024] = "";
    size_t start = 0;
    while (start <= len) {
        const char *const dot = memchr(text + start, '.', len - start);
        const size_t end = dot ? (size_t)(dot - text) : len;
        char tail[1024];
        if (end == start || end - start >= sizeof tail || end >= sizeof parent_name)
            return raise_not_found(name, NULL);
        memcpy(tail, text + start, end - start);
        tail[end - start] = 0;
        struct py_str *full = py_str_intern(py_str_from_utf8(text, end));
        if (!full)
            return NULL;
        PY_HOLD(&full);
        module = import_one(full, module, parent_name, tail);
        py_clear(full);
        if (!module)
            return NULL;
        if (start == 0 && first)
            *first = module;
        memcpy(parent_name, text, end);
        parent_name[end] = 0;
        start = end + 1;
    }
    return module;
}

/* The absolute name of a relative import. New str. */
static struct py_str *resolve_relative(struct py_str *name, struct py_dict *globals, int level)
{
    struct py_object *package = globals ? py_dict_get_cstr(globals, "__package__") : NULL;
    if (!package || !py_str_check(package) || !((struct py_str *)package)->length)
        return py_raise(&py_exc_ImportError,
                        "attempted relative import with no known parent package");
    size_t len;
    const char *const text = py_str_utf8((struct py_str *)package, &len);
    if (!text)
        return NULL;
    for (int i = 1; i < level; i++) {
        while (len && text[len - 1] != '.')
            len--;
        if (!len)
            return py_raise(&py_exc_ImportError,
                            "attempted relative import beyond top-level package");
        len--;
    }
    return name->length ? py_str_format_c("%.*s.%U", (int)len, text, name)
                        : py_str_from_utf8(text, len);
}

/* Does the pending exception say that this very module does not exist (and not one it imports)? */
static bool lacks_module(const struct py_str *name)
{
    if (!py_error_matches(&py_exc_ModuleNotFoundError))
        return false;
    const struct py_object *const said =
        ((struct py_exc_import_error *)py_thread_current()->exc)->name;
    return said && py_str_check(said) && py_str_equal((const struct py_str *)said, name);
}

/* `from package import sub`: sub may be a module not yet imported. */
static int import_submodules(struct py_str *name, struct py_object *module,
                             struct py_object *fromlist)
{
    if (!module_dict_entry(module, "__path__") || !py_tuple_check(fromlist))
        return 0;
    const struct py_tuple *const names = (const struct py_tuple *)fromlist;
    for (int64_t i = 0; i < names->base.size; i++) {
        struct py_object *const item = names->items[i];
        if (!py_str_check(item) || py_str_equal_cstr((struct py_str *)item, "*") ||
            module_dict_entry(module, py_str_utf8((struct py_str *)item, NULL)))
            continue;
        struct py_str *full = py_str_format_c("%U.%S", name, item);
        if (!full)
            return -1;
        PY_HOLD(&full);
        struct py_object *const sub = import_dotted(full, NULL);
        const bool absent = !sub && lacks_module(full);
        py_clear(full);
        if (!sub) {
            if (!absent)
                return -1;
            py_error_clear(); /* then it is an attribute, or IMPORT_FROM complains */
        }
    }
    return 0;
}

struct py_object *py_import_name(struct py_str *name, struct py_dict *globals,
                                 struct py_object *fromlist, int level)
{
    struct py_str *full = level ? resolve_relative(name, globals, level) : py_newref(name);
    if (!full)
        return NULL;
    PY_HOLD(&full);
    if (!full->length) {
        py_clear(full);
        return py_raise(&py_exc_ValueError, "Empty module name");
    }
    struct py_object *first = NULL;
    struct py_object *module = import_dotted(full, &first);
    const bool wants_names =
        fromlist && fromlist != PY_NONE &&
        !(py_tuple_check(fromlist) && ((struct py_tuple *)fromlist)->base.size == 0);
    if (module && wants_names) {
        py_incref(module);
        PY_HOLD(&module);
        const int failed = import_submodules(full, module, fromlist);
        py_clear(full);
        struct py_object *const result = failed ? NULL : py_newref(module);
        py_clear(module);
        return result;
    }
    py_clear(full);
    if (!module)
        return NULL;
    return py_newref(level && !wants_names ? module : first);
}

struct py_object *py_import_module(const char *name)
{
    struct py_str *text = py_str_from_cstr(name);
    if (!text)
        return NULL;
    PY_HOLD(&text);
    struct py_object *const module = import_dotted(text, NULL);
    py_clear(text);
    return module ? py_newref(module) : NULL;
}

struct py_object *py_import_from(struct py_object *module, struct py_str *name)
{
    struct py_object *value;
    const int found = py_getattr_optional(module, PY_OBJ(name), &value);
    if (found)
        return value;
    struct py_object *const module_name = module_dict_entry(module, "__name__");
    if (module_name && py_str_check(module_name)) {
        struct py_str *full = py_str_format_c("%S.%U", module_name, name);
        if (!full)
            return NULL;
        value = imported(full);
        py_decref(full);
        if (value)
            return py_newref(value);
    }
    struct py_object *const file = module_dict_entry(module, "__file__");
    py_raise(&py_exc_ImportError,
             py_import_is_running(module)
                 ? "cannot import name %R from partially initialized module %R (most likely due to "
                   "a circular import) (%S)"
                 : "cannot import name %R from %R (%S)",
             PY_OBJ(name),
             module_name ? module_name : PY_OBJ(py_str_const("<unknown module name>")),
             file ? file : PY_OBJ(py_str_const("unknown location")));
    struct py_object *const exc = py_thread_current()->exc;
    if (exc && exc->type == &py_exc_ImportError) {
        struct py_exc_import_error *const e = (struct py_exc_import_error *)exc;
        if (module_name)
            py_setref(e->name, py_newref(module_name));
        if (file)
            py_setref(e->path, py_newref(file));
    }
    return NULL;
}

/* Copies one public name. */
static int star_name(struct py_object *module, struct py_object *locals, struct py_object *name)
{
    struct py_object *value = py_getattr(module, name);
    if (!value)
        return -1;
    PY_HOLD(&value);
    const int failed = py_setitem(locals, name, value);
    py_clear(value);
    return failed;
}

int py_import_star(struct py_object *module, struct py_object *locals)
{
    struct py_object *all;
    const int has_all = py_getattr_optional(module, PY_OBJ(py_str_const("__all__")), &all);
    if (has_all < 0)
        return -1;
    struct py_list *names = NULL;
    PY_HOLD(&names);
    if (has_all) {
        PY_HOLD(&all);
        names = py_list_from_iterable(all);
        py_clear(all);
    } else if (module->type == &py_module_type) {
        names = py_dict_keys_list(((struct py_module *)module)->dict);
    } else {
        return py_raise_int(&py_exc_ImportError,
                            "from-import-* object has no __dict__ and no __all__");
    }
    if (!names)
        return -1;
    int failed = 0;
    for (int64_t i = 0; !failed && i < names->base.size; i++) {
        struct py_object *const name = names->items[i];
        if (!py_str_check(name))
            failed =
                py_raise_int(&py_exc_TypeError, "%s must be str, not %.100s",
                             has_all ? "Item in __all__" : "Key in __dict__", name->type->name);
        else if (has_all || !((struct py_str *)name)->length ||
                 py_str_char((struct py_str *)name, 0) != '_')
            failed = star_name(module, locals, name);
    }
    py_clear(names);
    return failed;
}
