/* Running a program: a file, a text, a module by its name, what a folder or an archive has as
 * __main__, or a prompt.
 *
 * What the interpreter's own importer finds is run here. A module that it does not find (in an
 * archive, in a package without a file, by a finder of the program's own) is left to the library's
 * runpy, which asks importlib.
 */
#include "vm/runtime/program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm/compile/compile.h"
#include "vm/object/dict.h"
#include "vm/object/exc.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/runtime.h"

/* ---- the end of one ---------------------------------------------------------------------------
 */

static bool interrupted;

bool py_program_was_interrupted(void)
{
    return interrupted;
}

/* Status of SystemExit: None 0, int itself, anything else printed and 1. */
static int system_exit_status(struct py_object *exc)
{
    struct py_object *const code = ((struct py_exc_system_exit *)exc)->code;
    if (!code || code == PY_NONE)
        return 0;
    if (py_int_check(code)) {
        const int64_t value = py_int_as_i64(code);
        py_error_clear();
        return (int)(value & 0xff);
    }
    struct py_str *const text = (struct py_str *)py_str_of(code);
    py_runtime_flush("stdout");
    if (text)
        fprintf(stderr, "%s\n", py_str_utf8(text, NULL));
    py_xdecref(text);
    py_error_clear();
    return 1;
}

/* Through sys.excepthook if the program replaced it. */
static void print_uncaught(struct py_object *exc)
{
    struct py_object *const hook = py_dict_get_cstr(py_runtime.sys_dict, "excepthook");
    if (!hook || hook->type == &py_cfunction_type) {
        py_error_print(exc);
        return;
    }
    struct py_traceback *const tb = ((struct py_exc *)exc)->traceback;
    struct py_object *const res = py_call3(hook, PY_OBJ(exc->type), exc, tb ? PY_OBJ(tb) : PY_NONE);
    if (res) {
        py_decref(res);
        return;
    }
    fprintf(stderr, "Error in sys.excepthook:\n");
    struct py_object *second = py_error_fetch();
    PY_HOLD(&second);
    py_error_print(second);
    py_clear(second);
    fprintf(stderr, "\nOriginal exception was:\n");
    py_error_print(exc);
}

/* The pending exception ends the program. */
static int end_by_exception(void)
{
    struct py_object *exc = py_error_fetch();
    PY_HOLD(&exc);
    int status = 1;
    if (py_isinstance_type(exc, &py_exc_SystemExit)) {
        status = system_exit_status(exc);
    } else {
        py_runtime_flush("stdout");
        print_uncaught(exc);
        interrupted = py_isinstance_type(exc, &py_exc_KeyboardInterrupt);
    }
    py_clear(exc);
    return status;
}

/* ---- running ----------------------------------------------------------------------------------
 */

/* __package__ of __main__ when it runs by -m, and the name of its module; else empty. */
static char main_package[2048], main_name[2048 + sizeof ".__main__"];

const char *py_main_module_name(void)
{
    return main_name;
}

static struct py_module *main_module(const char *file)
{
    struct py_module *module = py_module_new("__main__", NULL);
    if (!module)
        return NULL;
    PY_HOLD(&module);
    bool ok = py_dict_set_cstr(py_runtime.modules, "__main__", PY_OBJ(module)) == 0 &&
              py_module_add(module, "__builtins__",
                            py_dict_get_cstr(py_runtime.modules, "builtins")) == 0 &&
              py_module_add_steal(module, "__annotations__", PY_OBJ(py_dict_new())) == 0;
    if (ok && file)
        ok = py_module_add_steal(module, "__file__", PY_OBJ(py_str_from_cstr(file))) == 0;
    if (ok && main_name[0])
        ok =
            py_module_add_steal(module, "__package__", PY_OBJ(py_str_from_cstr(main_package))) == 0;
    struct py_module *const borrowed = ok ? module : NULL;
    py_clear(module); /* sys.modules keeps it */
    return borrowed;
}

static int run_source(const char *source, size_t len, const char *filename, const char *file,
                      bool is_text)
{
    struct py_module *const module = main_module(file);
    struct py_str *name = py_str_from_cstr(filename);
    PY_HOLD(&name);
    struct py_code *code =
        module && name ? py_compile_source(source, len, name,
                                           &(struct py_compile_how){.optimize = py_runtime.optimize,
                                                                    .is_text = is_text})
                       : NULL;
    PY_HOLD(&code);
    py_clear(name);
    struct py_object *const result =
        code ? py_eval_code(code, module->dict, PY_OBJ(module->dict)) : NULL;
    py_clear(code);
    if (!result)
        return end_by_exception();
    py_decref(result);
    return 0;
}

/* runpy._run_module_as_main(name, alter_argv), which ends the process's program. */
static int run_by_runpy(const char *name, bool alter_argv)
{
    struct py_object *own[3] = {main_module(NULL) ? py_import_module("runpy") : NULL};
    PY_HOLD_N(own, 3);
    own[1] = own[0] ? PY_OBJ(py_str_from_cstr(name)) : NULL;
    own[2] = own[1] ? py_call_method_cstr(own[0], "_run_module_as_main", 2, own[1],
                                          py_bool_from(alter_argv))
                    : NULL;
    const int status = own[2] ? 0 : end_by_exception();
    for (int i = 2; i >= 0; i--)
        py_clear(own[i]);
    return status;
}

/* Does it end as a zip archive does? What stands behind that end is a comment of at most 64 KiB. */
static bool is_archive(const char *bytes, size_t len)
{
    static const char mark[] = {'P', 'K', 5, 6};
    const size_t end_bytes = 22, most = end_bytes + 65535;
    const size_t searched = len < most ? len : most;
    return memmem(bytes + (len - searched), searched, mark, sizeof mark) != NULL;
}

/* A folder or an archive, which takes the place of the folder it is in in sys.path. */
static int run_container(const char *path)
{
    struct py_object *const list = py_dict_get_cstr(py_runtime.sys_dict, "path");
    struct py_str *const name = py_str_from_cstr(path);
    if (!name)
        return end_by_exception();
    py_setref(((struct py_list *)list)->items[0], PY_OBJ(name));
    return run_by_runpy("__main__", false);
}

/* malloc'd, and not cleaned of links and dots: below the current folder, which may change while the
 * program runs. NULL: there is none, or no memory. */
static char *absolute_path(const char *path)
{
    char folder[PATH_MAX], *full = NULL;
    if (path[0] == '/')
        return strdup(path);
    if (path[0] == '.' && path[1] == '/')
        path += 2;
    return getcwd(folder, sizeof folder) && asprintf(&full, "%s/%s", folder, path) >= 0 ? full
                                                                                        : NULL;
}

static bool has_main(const char *folder)
{
    char *inside;
    if (asprintf(&inside, "%s/__main__.py", folder) < 0)
        return false;
    const bool has = access(inside, F_OK) == 0;
    free(inside);
    return has;
}

static int run_at(const char *path)
{
    size_t len;
    int errnum;
    char *const source = py_read_file(path, &len, &errnum);
    if (!source && errnum == EISDIR) {
        if (has_main(path))
            return run_container(path);
        fprintf(stderr, "%s: can't find '__main__' module in '%s'\n", py_config.program, path);
        return 1;
    }
    if (!source) {
        fprintf(stderr, "%s: can't open file '%s': [Errno %d] %s\n", py_config.program, path,
                errnum, strerror(errnum));
        return 2;
    }
    const int status =
        is_archive(source, len) ? run_container(path) : run_source(source, len, path, path, false);
    free(source);
    return status;
}

int py_run_file(const char *path)
{
    char *const full = absolute_path(path);
    const int status = run_at(full ? full : path);
    free(full);
    return status;
}

int py_run_stdin(void)
{
    size_t len;
    int errnum;
    char *const source = py_read_file("/dev/stdin", &len, &errnum);
    if (!source) {
        fprintf(stderr, "brille-python: cannot read standard input: %s\n", strerror(errnum));
        return 2;
    }
    const int status = run_source(source, len, "<stdin>", NULL, false);
    free(source);
    return status;
}

/* The library's console for __main__. NULL: an exception, among them SystemExit. */
static struct py_object *interact(struct py_dict *namespace_)
{
    struct py_object *own[5] = {py_import_module("code")};
    PY_HOLD_N(own, 5);
    own[1] =
        own[0] ? py_call_method_cstr(own[0], "InteractiveConsole", 1, PY_OBJ(namespace_)) : NULL;
    own[2] =
        own[1] ? PY_OBJ(py_str_format_c("Python 3.11 (brille-python %s)", BRILLE_VERSION)) : NULL;
    own[3] = own[2] ? py_call_method_cstr(own[1], "interact", 2,
                                          py_config.quiet ? PY_OBJ(py_str_empty()) : own[2],
                                          PY_OBJ(py_str_empty()))
                    : NULL;
    struct py_object *const result = own[3] ? PY_NONE : NULL;
    for (int i = 4; i >= 0; i--)
        py_clear(own[i]);
    return result;
}

int py_run_prompt(void)
{
    struct py_module *main = (struct py_module *)py_dict_get_cstr(py_runtime.modules, "__main__");
    if (!main && !(main = main_module(NULL)))
        return end_by_exception();
    if (interact(main->dict))
        return 0;
    if (!py_error_matches(&py_exc_ModuleNotFoundError))
        return end_by_exception();
    py_error_clear();
    fputs("brille-python: no standard library, so no prompt; reading a program up to its end\n",
          stderr);
    return py_run_stdin();
}

int py_run_command(const char *source)
{
    return run_source(source, strlen(source), "<string>", NULL, true);
}

/* What -m NAME means for the module in `file`: its package is imported first, and argv[0] is the
 * file. Failures are left to the module's own imports. */
static void prepare_module(const char *name, bool is_package, const char *file)
{
    const char *const dot = is_package ? name + strlen(name) : strrchr(name, '.');
    snprintf(main_package, sizeof main_package, "%.*s", dot ? (int)(dot - name) : 0, name);
    snprintf(main_name, sizeof main_name, "%s%s", name, is_package ? ".__main__" : "");
    struct py_object *package = main_package[0] ? py_import_module(main_package) : NULL;
    py_xdecref(package);
    py_error_clear();
    struct py_object *const argv = py_dict_get_cstr(py_runtime.sys_dict, "argv");
    struct py_str *const text = py_str_from_cstr(file);
    if (text && argv && py_list_check(argv) && ((struct py_list *)argv)->base.size > 0)
        py_setref(((struct py_list *)argv)->items[0], PY_OBJ(py_newref(text)));
    py_xdecref(text);
    py_error_clear();
}

/* Finds NAME.py or NAME/__main__.py along sys.path and runs it as __main__. */
int py_run_module(const char *name)
{
    struct py_list *path = (struct py_list *)py_dict_get_cstr(py_runtime.sys_dict, "path");
    char tail[2048];
    if (snprintf(tail, sizeof tail, "%s", name) >= (int)sizeof tail)
        return 2;
    for (char *p = tail; *p; p++) {
        if (*p == '.')
            *p = '/';
    }
    for (int64_t i = 0; i < path->base.size; i++) {
        const char *dir = py_str_utf8((struct py_str *)path->items[i], NULL);
        for (size_t form = 0; dir && form < 2; form++) {
            char file[4096];
            const char *const base = dir[0] ? dir : ".";
            const int n =
                snprintf(file, sizeof file, form ? "%s/%s.py" : "%s/%s/__main__.py", base, tail);
            if (n < (int)sizeof file && access(file, R_OK) == 0) {
                prepare_module(name, form == 0, file);
                return py_run_file(file);
            }
        }
    }
    return run_by_runpy(name, true);
}
