/* The sys module: what a program can ask and set about its interpreter.
 *
 * The memory answers (getrefcount, getsizeof, getallocatedblocks) are the ones that everything else
 * is compared with: they must be CPython's. getrefcount counts the reference that the call itself
 * holds, as CPython's does, because the argument lies in a register of the call's window.
 *
 * stdin, stdout and stderr are made by vm/builtins/file.c; path and argv are filled at start.
 */
#include "vm/builtins/mod_sys.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vm/builtins/sys_info.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/exc.h"
#include "vm/object/float.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/frame.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/runtime.h"
#include "vm/runtime/thread.h"

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED (void)self, (void)args, (void)nargs, (void)kwnames

static struct py_object *text(const char *s)
{
    return PY_OBJ(py_str_from_cstr(s));
}

/* ---- memory ------------------------------------------------------------------------------ */

METHOD(sys_getrefcount)
{
    UNUSED;
    return py_int_from_i64(args[0]->refcnt);
}

/* Bytes in front of the object, which sys.getsizeof adds to what __sizeof__ says. */
static int64_t header_bytes(const struct py_object *o)
{
    const uint32_t flags = o->type->flags;
    if (!(flags & PY_TYPE_GC))
        return 0;
    return (flags & PY_TYPE_MANAGED_DICT) && !o->type->itemsize ? 32 : 16;
}

/* Asks a __sizeof__ written in Python. */
static struct py_object *size_by_method(struct py_object *o)
{
    struct py_object *r = py_call_method(o, py_str_const("__sizeof__"), NULL, 0);
    if (!r)
        return NULL;
    if (!py_int_check(r)) {
        py_decref(r);
        return py_raise(&py_exc_TypeError, "an integer is required");
    }
    const int64_t n = py_int_as_ssize(r);
    py_decref(r);
    if (n == -1 && py_error_occurred())
        return NULL;
    if (n < 0)
        return py_raise(&py_exc_ValueError, "__sizeof__() should return >= 0");
    return py_int_from_i64(n + header_bytes(o));
}

METHOD(sys_getsizeof)
{
    (void)self;
    static const char *const names[] = {"object", "default"};
    static const struct py_params params = {
        .function = "getsizeof", .names = names, .count = 2, .required = 1, .keyword_only = 2};
    struct py_object *v[2];
    if (py_parse_args(&params, args, nargs, kwnames, v) < 0)
        return NULL;
    struct py_object *method = py_type_lookup(v[0]->type, py_str_const("__sizeof__"));
    if (method && method->type != &py_function_type)
        return py_int_from_i64((int64_t)py_object_size(v[0]));
    struct py_object *r = size_by_method(v[0]);
    if (!r && v[1] && py_error_matches(&py_exc_TypeError)) {
        py_error_clear();
        return py_newref(v[1]);
    }
    return r;
}

METHOD(sys_getallocatedblocks)
{
    UNUSED;
    return py_int_from_u64(py_heap_allocated_blocks());
}

METHOD(sys_brille_check)
{
    UNUSED;
    py_gc_check_explained("sys._brille_check");
    return PY_NONE;
}

/* ---- limits ------------------------------------------------------------------------------ */

METHOD(sys_getrecursionlimit)
{
    UNUSED;
    return py_int_from_i64(py_runtime.recursion_limit);
}

METHOD(sys_setrecursionlimit)
{
    UNUSED;
    const int64_t n = py_int_as_i64(args[0]);
    if (n == -1 && py_error_occurred())
        return NULL;
    if (n < 1)
        return py_raise(&py_exc_ValueError, "recursion limit must be greater or equal than 1");
    if (n > INT_MAX)
        return py_raise(&py_exc_OverflowError, "Python int too large to convert to C int");
    if (py_thread_current()->depth >= n)
        return py_raise(&py_exc_RecursionError,
                        "cannot set the recursion limit to %i at the recursion depth %i: the limit "
                        "is too low",
                        (int)n, (int)py_thread_current()->depth);
    py_runtime.recursion_limit = (int32_t)n;
    return PY_NONE;
}

METHOD(sys_getswitchinterval)
{
    UNUSED;
    return py_float_from(py_runtime.switch_interval);
}

METHOD(sys_setswitchinterval)
{
    UNUSED;
    const double d = py_float_as_double(args[0]);
    if (d == -1.0 && py_error_occurred())
        return NULL;
    if (!(d > 0))
        return py_raise(&py_exc_ValueError, "switch interval must be strictly positive");
    py_runtime.switch_interval = d;
    return PY_NONE;
}

METHOD(sys_get_int_max_str_digits)
{
    UNUSED;
    return py_int_from_i64(py_int_max_str_digits);
}

METHOD(sys_set_int_max_str_digits)
{
    UNUSED;
    const int64_t n = py_int_as_i64(args[0]);
    if (n == -1 && py_error_occurred())
        return NULL;
    if (n != 0 && n < 640)
        return py_raise(&py_exc_ValueError, "maxdigits must be 0 or larger than 640");
    py_int_max_str_digits = n;
    return PY_NONE;
}

/* ---- strings ----------------------------------------------------------------------------- */

METHOD(sys_intern)
{
    UNUSED;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "intern() argument must be str, not %T", args[0]);
    if (!py_str_check_exact(args[0]))
        return py_raise(&py_exc_TypeError, "can't intern %.400s", args[0]->type->name);
    return PY_OBJ(py_str_intern((struct py_str *)py_newref(args[0])));
}

METHOD(sys_utf8)
{
    UNUSED;
    return text("utf-8");
}

METHOD(sys_surrogateescape)
{
    UNUSED;
    return text("surrogateescape");
}

/* ---- exceptions -------------------------------------------------------------------------- */

/* The exception being handled. Borrowed; NULL: none. */
static struct py_object *handled(void)
{
    for (const struct py_exc_item *i = py_thread_current()->handled; i; i = i->prev)
        if (i->value && i->value != PY_NONE)
            return i->value;
    return NULL;
}

METHOD(sys_exc_info)
{
    UNUSED;
    struct py_object *e = handled();
    if (!e)
        return PY_OBJ(py_tuple_pack(3, PY_NONE, PY_NONE, PY_NONE));
    struct py_traceback *tb = ((struct py_exc *)e)->traceback;
    return PY_OBJ(py_tuple_pack(3, PY_OBJ(e->type), e, tb ? PY_OBJ(tb) : PY_NONE));
}

METHOD(sys_exception)
{
    UNUSED;
    struct py_object *e = handled();
    return py_newref(e ? e : PY_NONE);
}

METHOD(sys_exit)
{
    UNUSED;
    /* As `raise` takes a class and a value apart: a tuple is all the arguments, None is none. */
    struct py_object *e;
    if (nargs && py_tuple_check(args[0]))
        e = py_call(PY_OBJ(&py_exc_SystemExit), ((struct py_tuple *)args[0])->items,
                    (size_t)((struct py_tuple *)args[0])->base.size, NULL);
    else
        e = py_call(PY_OBJ(&py_exc_SystemExit), args, nargs && args[0] != PY_NONE, NULL);
    if (!e)
        return NULL;
    py_raise_instance(e);
    py_decref(e);
    return NULL;
}

METHOD(sys_excepthook)
{
    UNUSED;
    struct py_object *value = args[1];
    if (!py_exc_check(value))
        return py_raise(&py_exc_TypeError,
                        "print_exception(): Exception expected for value, %T "
                        "found",
                        value);
    struct py_exc *e = (struct py_exc *)value;
    if (args[2] != PY_NONE && !e->traceback && py_typeof(args[2]) == &py_traceback_type)
        e->traceback = (struct py_traceback *)py_newref(args[2]);
    py_error_print(value);
    return PY_NONE;
}

/* Takes the namedtuple-like argument of threading and friends. */
METHOD(sys_unraisablehook)
{
    UNUSED;
    struct py_object *own[2] = {NULL, NULL}; /* value, where it happened */
    PY_HOLD_N(own, 2);
    own[0] = py_getattr_cstr(args[0], "exc_value");
    own[1] = own[0] ? py_getattr_cstr(args[0], "object") : NULL;
    if (!own[1]) {
        py_clear(own[0]);
        return NULL;
    }
    if (py_exc_check(own[0])) {
        py_error_print_unraisable(own[0], own[1] == PY_NONE ? NULL : own[1], NULL);
    }
    py_clear(own[1]);
    py_clear(own[0]);
    return PY_NONE;
}

/* ---- interactive ------------------------------------------------------------------------- */

static int write_line(struct py_object *file, struct py_object *value)
{
    struct py_object *own[2] = {py_repr(value), NULL};
    PY_HOLD_N(own, 2);
    int r = -1;
    if (own[0] && (own[1] = PY_OBJ(py_str_format_c("%U\n", own[0]))) != NULL) {
        struct py_object *done = py_call_method_cstr(file, "write", 1, own[1]);
        r = done ? 0 : -1;
        py_xdecref(done);
    }
    py_clear(own[1]);
    py_clear(own[0]);
    return r;
}

METHOD(sys_displayhook)
{
    UNUSED;
    if (args[0] == PY_NONE)
        return PY_NONE;
    if (py_dict_set_cstr(py_runtime.builtins, "_", PY_NONE) < 0)
        return NULL;
    struct py_object *file = py_dict_get_cstr(py_runtime.sys_dict, "stdout");
    if (!file || file == PY_NONE)
        return py_raise(&py_exc_RuntimeError, "lost sys.stdout");
    py_incref(file);
    PY_HOLD(&file);
    const int r = write_line(file, args[0]);
    py_clear(file);
    if (r < 0 || py_dict_set_cstr(py_runtime.builtins, "_", args[0]) < 0)
        return NULL;
    return PY_NONE;
}

/* ---- frames ------------------------------------------------------------------------------ */

METHOD(sys_getframe)
{
    UNUSED;
    int64_t depth = nargs ? py_int_as_i64(args[0]) : 0;
    if (depth == -1 && py_error_occurred())
        return NULL;
    struct py_frame *f = py_thread_current()->frame;
    while (f && depth-- > 0)
        f = f->prev;
    if (!f)
        return py_raise(&py_exc_ValueError, "call stack is not deep enough");
    return PY_OBJ(py_frame_object(f));
}

METHOD(sys_current_frames)
{
    UNUSED;
    struct py_dict *d = py_dict_new();
    for (struct py_thread *t = py_runtime.threads; d && t; t = t->next) {
        if (!t->frame)
            continue;
        struct py_object *key = py_int_from_u64(t->ident);
        struct py_frameobj *frame = key ? py_frame_object(t->frame) : NULL;
        if (!frame || py_dict_set(d, key, PY_OBJ(frame)) < 0)
            py_clear(d);
        py_xdecref(frame);
        py_xdecref(key);
    }
    return PY_OBJ(d);
}

static struct py_object *refuse_hook(const char *name, struct py_object *hook)
{
    if (hook == PY_NONE)
        return PY_NONE;
    return py_raise(&py_exc_NotImplementedError,
                    "sys.%s: this interpreter calls no Python-level hooks; record events with "
                    "`brille record` instead",
                    name);
}

METHOD(sys_settrace)
{
    UNUSED;
    return refuse_hook("settrace", args[0]);
}

METHOD(sys_setprofile)
{
    UNUSED;
    return refuse_hook("setprofile", args[0]);
}

METHOD(sys_none)
{
    UNUSED;
    return PY_NONE;
}

METHOD(sys_is_finalizing)
{
    UNUSED;
    return py_bool_from(py_runtime.finalizing != 0);
}

METHOD(sys_call_tracing)
{
    UNUSED;
    if (!py_tuple_check(args[1]))
        return py_raise(&py_exc_TypeError, "call_tracing() argument 2 must be tuple, not %T",
                        args[1]);
    return py_call_tuple(args[0], (struct py_tuple *)args[1], NULL);
}

/* ---- the module -------------------------------------------------------------------------- */

#define F(py_name, function, min, max, text_doc)                                           \
    {                                                                                      \
        .name = py_name, .fn = function, .min_args = min, .max_args = max, .doc = text_doc \
    }
static const struct py_method_def sys_methods[] = {
    F("exit", sys_exit, 0, 1, "Exit the interpreter by raising SystemExit(status)."),
    F("getrefcount", sys_getrefcount, 1, 1, "Return the reference count of object."),
    {.name = "getsizeof",
     .fn = sys_getsizeof,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .doc = "getsizeof(object [, default]) -> int\n\nThe size of an object in memory, in bytes, as "
            "its __sizeof__() says."},
    F("getallocatedblocks", sys_getallocatedblocks, 0, 0, "How many blocks of memory are in use."),
    F("_brille_check", sys_brille_check, 0, 0,
      "Check that every reference count is explained; abort if one is not."),
    F("getrecursionlimit", sys_getrecursionlimit, 0, 0,
      "Return the current value of the recursion limit."),
    F("setrecursionlimit", sys_setrecursionlimit, 1, 1,
      "Set the maximum depth of the Python interpreter stack to n."),
    F("getswitchinterval", sys_getswitchinterval, 0, 0,
      "After how many seconds a thread is asked to let another one run."),
    F("setswitchinterval", sys_setswitchinterval, 1, 1,
      "Set the ideal thread switching delay inside the Python interpreter."),
    F("get_int_max_str_digits", sys_get_int_max_str_digits, 0, 0,
      "How many decimal digits a conversion between int and str may have."),
    F("set_int_max_str_digits", sys_set_int_max_str_digits, 1, 1,
      "Set how many decimal digits a conversion between int and str may have; 0: any number."),
    F("intern", sys_intern, 1, 1, "``Intern'' the given string."),
    F("getdefaultencoding", sys_utf8, 0, 0,
      "The encoding that str.encode() uses when none is given."),
    F("getfilesystemencoding", sys_utf8, 0, 0, "The encoding of names of files."),
    F("getfilesystemencodeerrors", sys_surrogateescape, 0, 0,
      "What becomes of octets of file names that are not UTF-8."),
    F("exc_info", sys_exc_info, 0, 0,
      "Return current exception information: (type, value, traceback)."),
    F("exception", sys_exception, 0, 0, "Return the current exception."),
    F("excepthook", sys_excepthook, 3, 3, "Show an exception with its traceback, on sys.stderr."),
    F("unraisablehook", sys_unraisablehook, 1, 1, "Handle an unraisable exception."),
    F("displayhook", sys_displayhook, 1, 1,
      "Show an object unless it is None, and keep it as builtins._"),
    F("_getframe", sys_getframe, 0, 1, "Return a frame object from the call stack."),
    F("_current_frames", sys_current_frames, 0, 0,
      "Return a dict mapping each thread's thread id to its current stack frame."),
    F("settrace", sys_settrace, 1, 1, "Not supported: raises NotImplementedError."),
    F("setprofile", sys_setprofile, 1, 1, "Not supported: raises NotImplementedError."),
    F("gettrace", sys_none, 0, 0, "Return the global debug tracing function: always None."),
    F("getprofile", sys_none, 0, 0, "Return the profiling function: always None."),
    F("call_tracing", sys_call_tracing, 2, 2, "Call func(*args)."),
    F("audit", sys_none, 1, -1, "Passes the event to any hooks that are attached: there are none."),
    F("addaudithook", sys_none, 1, 1, "Adds an audit hook callback: ignored."),
    F("_clear_type_cache", sys_none, 0, 0, "Forget what was looked up in types."),
    F("is_finalizing", sys_is_finalizing, 0, 0, "Whether the interpreter is shutting down."),
    {.name = NULL},
};

static struct py_object *builtin_names(void)
{
    struct py_list *names = py_list_new(0);
    const char *name;
    for (size_t i = 0; names && (name = py_builtin_module_name(i)) != NULL; i++) {
        struct py_object *s = text(name);
        if (!s || py_list_append_steal(names, s) < 0)
            py_clear(names);
    }
    if (names && py_list_sort(names, NULL, false) < 0)
        py_clear(names);
    struct py_tuple *t = names ? py_list_as_tuple(names) : NULL;
    py_xdecref(names);
    return PY_OBJ(t);
}

static struct py_object *executable(void)
{
    char path[PATH_MAX];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    return n > 0 ? PY_OBJ(py_str_from_utf8(path, (size_t)n)) : text("");
}

static int add_texts(struct py_module *m)
{
    static const struct {
        const char *name, *value;
    } texts[] = {
        {"platform", "linux"},
        {"byteorder", "little"},
        {"prefix", "/usr"},
        {"base_prefix", "/usr"},
        {"exec_prefix", "/usr"},
        {"base_exec_prefix", "/usr"},
        {"platlibdir", "lib"},
        {"abiflags", ""},
        {"float_repr_style", "short"},
        {"copyright", "Copyright (c) the Brille authors.\nThe Python language and its standard "
                      "library are the work of the Python Software Foundation."},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (py_module_add_steal(m, texts[i].name, text(texts[i].value)) < 0)
            return -1;
    return 0;
}

static int add_containers(struct py_module *m)
{
    static const char *const lists[] = {"warnoptions", "meta_path", "path_hooks",
                                        "orig_argv",   "argv",      "path"};
    static const char *const dicts[] = {"path_importer_cache", "_xoptions"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (py_module_add_steal(m, lists[i], PY_OBJ(py_list_new(0))) < 0)
            return -1;
    for (size_t i = 0; i < sizeof dicts / sizeof dicts[0]; i++)
        if (py_module_add_steal(m, dicts[i], PY_OBJ(py_dict_new())) < 0)
            return -1;
    return 0;
}

/* The hooks under a second name, so that a program can put them back. */
static int add_originals(struct py_module *m)
{
    static const char *const hooks[] = {"displayhook", "excepthook", "unraisablehook",
                                        "breakpointhook"};
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "__%s__", hooks[i]);
        if (py_module_add(m, name, py_dict_get_cstr(m->dict, hooks[i])) < 0)
            return -1;
    }
    return 0;
}

static int fill(struct py_module *m)
{
    return py_module_add_methods(m, sys_methods) < 0 || py_sys_add_info(m) < 0 ||
           py_sys_add_hooks(m) < 0 || add_texts(m) < 0 || add_containers(m) < 0 ||
           add_originals(m) < 0 || py_module_add(m, "modules", PY_OBJ(py_runtime.modules)) < 0 ||
           py_module_add_steal(m, "maxsize", py_int_from_i64(INT64_MAX)) < 0 ||
           py_module_add_steal(m, "maxunicode", py_int_from_i64(0x10ffff)) < 0 ||
           py_module_add_steal(m, "api_version", py_int_from_i64(1013)) < 0 ||
           py_module_add(m, "dont_write_bytecode", PY_TRUE) < 0 ||
           py_module_add(m, "pycache_prefix", PY_NONE) < 0 ||
           py_module_add_steal(m, "executable", executable()) < 0 ||
           py_module_add_steal(m, "_base_executable", executable()) < 0 ||
           py_module_add_steal(m, "builtin_module_names", builtin_names()) < 0;
}

struct py_module *py_mod_sys_init(void)
{
    if (!py_runtime.modules && !(py_runtime.modules = py_dict_new()))
        return NULL;
    struct py_module *m = py_module_new(
        "sys", "What the interpreter knows of itself, and how it is told what to do.");
    if (!m)
        return NULL;
    if (fill(m) || py_dict_set_cstr(py_runtime.modules, "sys", PY_OBJ(m)) < 0) {
        py_decref(m);
        return NULL;
    }
    py_runtime.sys_dict = py_newref(m->dict);
    return m;
}
