/* Start and end of the interpreter, and running a program in it.
 *
 * Start order matters: the control page before anything (so that the process can be attached to
 * from its first object on), then the main thread and its GIL, the steps of init.def, types, sys
 * and builtins. Tracing asked for on the command line is switched on before the first object.
 */
#include "vm/runtime/runtime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "vm/builtins/builtins.h"
#include "vm/compile/compile.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/exc.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/probe/probe.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/eval_internal.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/import.h"
#include "vm/runtime/module_end.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/signals.h"
#include "vm/runtime/thread.h"

struct py_config py_config;

struct init_step {
    const char *name;
    int (*run)(void);
};
#define INIT(fn) int fn(void);
#include "vm/runtime/init.def"
static const struct init_step init_steps[] = {
#define INIT(fn) {.name = #fn, .run = (fn)},
#include "vm/runtime/init.def"
    {NULL, NULL},
};

/* ---- start ---------------------------------------------------------------------------------- */

static int start_failed(const char *step)
{
    fprintf(stderr, "brille-python: cannot start: %s failed\n", step);
    if (py_thread_current() && py_thread_current()->exc)
        py_error_print(py_thread_current()->exc);
    return -1;
}

/* The installed standard library, if there is one. */
static const char *library_dir(void)
{
    const char *const named = getenv("BRILLE_PYTHONPATH");
    if (named && named[0])
        return named;
    static const char *const places[] = {"/usr/lib/python3.11", "/usr/local/lib/python3.11"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (access(places[i], R_OK | X_OK) == 0)
            return places[i];
    }
    return NULL;
}

static int append_path(struct py_list *path, const char *dir, size_t len)
{
    struct py_str *const s = py_str_from_utf8(dir, len);
    return s ? py_list_append_steal(path, PY_OBJ(s)) : -1;
}

/* The pieces of a text; empty ones are left out. NULL: none. */
static int append_pieces(struct py_list *list, const char *text, char separator)
{
    while (text && *text) {
        const char *const end = strchrnul(text, separator);
        if (end > text && append_path(list, text, (size_t)(end - text)) < 0)
            return -1;
        text = *end ? end + 1 : end;
    }
    return 0;
}

static int fill_sys_path(void)
{
    struct py_list *const path = py_list_new(0);
    if (!path || py_dict_set_cstr(py_runtime.sys_dict, "path", PY_OBJ(path)) < 0)
        return -1;
    py_decref(path); /* sys owns it now */
    if (py_config.path0 && append_path(path, py_config.path0, strlen(py_config.path0)) < 0)
        return -1;
    if (!py_config.isolated && append_pieces(path, getenv("PYTHONPATH"), ':') < 0)
        return -1;
    return append_pieces(path, library_dir(), ':');
}

static int fill_sys_argv(void)
{
    struct py_list *const argv = py_list_new(0);
    if (!argv || py_dict_set_cstr(py_runtime.sys_dict, "argv", PY_OBJ(argv)) < 0)
        return -1;
    py_decref(argv);
    for (int i = 0; i < py_config.argc; i++) {
        if (append_path(argv, py_config.argv[i], strlen(py_config.argv[i])) < 0)
            return -1;
    }
    return 0;
}

/* Of two filters that fit, the later one counts: those of the command line. */
static int fill_sys_warnoptions(void)
{
    struct py_list *const list =
        (struct py_list *)py_dict_get_cstr(py_runtime.sys_dict, "warnoptions");
    if (!py_config.isolated && append_pieces(list, getenv("PYTHONWARNINGS"), ',') < 0)
        return -1;
    for (const char **w = py_config.warn_options; w && *w; w++)
        if (append_path(list, *w, strlen(*w)) < 0)
            return -1;
    return 0;
}

/* The module warnings reads what the options say, when it is imported. */
static void apply_sys_warnoptions(void)
{
    const struct py_list *const list =
        (struct py_list *)py_dict_get_cstr(py_runtime.sys_dict, "warnoptions");
    if (list->base.size == 0)
        return;
    struct py_object *const module = py_import_module("warnings");
    if (!module)
        py_error_unraisable(NULL, "in the options of warnings");
    py_xdecref(module);
}

int py_runtime_init(const struct py_config *config)
{
    py_config = *config;
    py_runtime.recursion_limit = PY_RECURSION_LIMIT;
    py_runtime.switch_interval = 0.005;
    py_runtime.optimize = config->optimize;
    py_runtime.check_interval = config->check_interval;
    py_eval_countdown = config->check_interval;
    if (!config->no_attach)
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    probe_init();
    if (config->trace && probe_start(config->trace) < 0)
        return -1;
    if (py_gil_init() < 0)
        return start_failed("the GIL");
    struct py_thread *const thread = py_thread_create();
    if (!thread)
        return start_failed("the main thread");
    py_runtime.main_thread = thread;
    py_gil_acquire(thread);
    py_eval_select_mode();
    for (const struct init_step *step = init_steps; step->run; step++) {
        if (step->run() < 0)
            return start_failed(step->name);
    }
    if (py_gc_init() < 0 || py_types_init() < 0 || py_exc_init() < 0)
        return start_failed("types");
    if (py_builtins_init() < 0)
        return start_failed("builtins");
    if (fill_sys_path() < 0 || fill_sys_argv() < 0 || fill_sys_warnoptions() < 0)
        return start_failed("sys");
    py_signals_init();
    py_gc_run_pending(); /* start-up's garbage is not the program's first collection */
    py_runtime.initialized = 1;
    apply_sys_warnoptions();
    return 0;
}

/* ---- end --------------------------------------------------------------------------------------
 */

/* threading's shutdown hook waits for the threads that are not daemons. */
static void join_threads(void)
{
    struct py_object *const threading = py_dict_get_cstr(py_runtime.modules, "threading");
    if (!threading)
        return;
    struct py_object *const res = py_call_method_cstr(threading, "_shutdown", 0);
    if (res)
        py_decref(res);
    else
        py_error_unraisable(threading, NULL);
}

static void run_exit_handlers(void)
{
    struct py_object *const atexit = py_dict_get_cstr(py_runtime.modules, "atexit");
    struct py_object *const res =
        atexit ? py_call_method_cstr(atexit, "_run_exitfuncs", 0) : PY_NONE;
    if (res)
        py_decref(res);
    else
        py_error_unraisable(atexit, NULL);
}

static bool is_closed(struct py_object *file)
{
    struct py_object *const closed = py_getattr(file, PY_OBJ(py_str_const("closed")));
    const bool result = closed && py_truth(closed) == 1;
    py_xdecref(closed);
    py_error_clear();
    return result;
}

static bool output_lost; /* something that the program printed could not be written at its end */

static void flush_std(const char *name)
{
    struct py_object *const file = py_dict_get_cstr(py_runtime.sys_dict, name);
    if (!file || file == PY_NONE || is_closed(file))
        return;
    struct py_object *const res = py_call_method_cstr(file, "flush", 0);
    if (!res) {
        py_error_unraisable(file, NULL);
        output_lost |= strcmp(name, "stdout") == 0;
        return;
    }
    py_decref(res);
}

static bool interrupted; /* by a KeyboardInterrupt that nobody caught */

/* The shell that runs the program in a loop is to see that it was interrupted, and end the loop. */
static void die_of_interrupt(void)
{
    signal(SIGINT, SIG_DFL);
    kill(getpid(), SIGINT);
    _exit(128 + SIGINT); /* it is blocked */
}

int py_runtime_finish(int status)
{
    join_threads();
    run_exit_handlers();
    flush_std("stdout");
    flush_std("stderr");
    py_thread_stop_others();
    py_modules_end();
    flush_std("stdout");
    flush_std("stderr");
    py_runtime.initialized = 0;
    probe_stop();
    if (interrupted)
        die_of_interrupt();
    return output_lost ? 120 : status;
}

/* ---- programs -----------------------------------------------------------------------------------
 */

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
    flush_std("stdout");
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
        flush_std("stdout");
        print_uncaught(exc);
        interrupted = py_isinstance_type(exc, &py_exc_KeyboardInterrupt);
    }
    py_clear(exc);
    return status;
}

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

static int run_source(const char *source, size_t len, const char *filename, const char *file)
{
    struct py_module *const module = main_module(file);
    struct py_str *name = py_str_from_cstr(filename);
    PY_HOLD(&name);
    struct py_code *code =
        module && name ? py_compile_source(source, len, name, PY_COMPILE_EXEC, py_runtime.optimize)
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

int py_run_file(const char *path)
{
    size_t len;
    int errnum;
    char main_path[4096];
    char *source = py_read_file(path, &len, &errnum);
    if (!source && errnum == EISDIR &&
        snprintf(main_path, sizeof main_path, "%s/__main__.py", path) < (int)sizeof main_path)
        source = py_read_file(main_path, &len, &errnum);
    if (!source) {
        if (errnum == EISDIR)
            fprintf(stderr, "brille-python: can't find '__main__' module in '%s'\n", path);
        else
            fprintf(stderr, "brille-python: can't open file '%s': [Errno %d] %s\n", path, errnum,
                    strerror(errnum));
        return 2;
    }
    const int status = run_source(source, len, path, path);
    free(source);
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
    const int status = run_source(source, len, "<stdin>", NULL);
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
    return run_source(source, strlen(source), "<string>", NULL);
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
    fprintf(stderr, "%s: No module named %s\n", py_config.program, name);
    return 1;
}
