/* Start and end of the interpreter.
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
#include "vm/runtime/program.h"
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

/* {name: value, or True} */
static int fill_sys_xoptions(void)
{
    struct py_dict *const d = (struct py_dict *)py_dict_get_cstr(py_runtime.sys_dict, "_xoptions");
    for (const char **x = py_config.x_options; x && *x; x++) {
        const char *const end = strchrnul(*x, '=');
        struct py_str *const name = py_str_from_utf8(*x, (size_t)(end - *x));
        struct py_object *const value = *end ? PY_OBJ(py_str_from_cstr(end + 1)) : PY_TRUE;
        const int status = name && value ? py_dict_set(d, PY_OBJ(name), value) : -1;
        py_xdecref(name);
        py_xdecref(value);
        if (status < 0)
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
    if (fill_sys_path() < 0 || fill_sys_argv() < 0 || fill_sys_warnoptions() < 0 ||
        fill_sys_xoptions() < 0)
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

void py_runtime_flush(const char *name)
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
    py_runtime_flush("stdout");
    py_runtime_flush("stderr");
    py_thread_stop_others();
    py_modules_end();
    py_runtime_flush("stdout");
    py_runtime_flush("stderr");
    py_runtime.initialized = 0;
    probe_stop();
    if (py_program_was_interrupted())
        die_of_interrupt();
    return output_lost ? 120 : status;
}
