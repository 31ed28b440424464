/* _io, the module behind io.py: the classes (io_*.c), the functions that belong to none of them,
 * and open(), which is the builtin of the same name (file_open.c). What that returns are files of
 * types of their own, which stand for the classes here.
 *
 * A program that is started with -X warn_default_encoding is told of every text that it opens
 * without naming an encoding; text_encoding() is how a function of the library that passes an
 * encoding on says so of its own caller.
 */
#include "vm/builtins/file.h"
#include "vm/builtins/file_impl.h"
#include "vm/builtins/io_base.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/runtime.h"
#include "vm/runtime/warn.h"

enum { DEFAULT_BUFFER_SIZE = 8192 };

int io_warn_no_encoding(int64_t level)
{
    return py_config.warn_default_encoding
               ? py_warn_level(&py_exc_EncodingWarning, level, "'encoding' argument not specified")
               : 0;
}

/* ---- functions ------------------------------------------------------------------------------- */

METHOD(io_open_code)
{
    (void)self;
    static const char *const names[] = {"path"};
    static const struct py_params params = {
        .function = "open_code", .names = names, .count = 1, .required = 1, .keyword_only = 1};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    if (!py_str_check(in[0]))
        return py_raise(&py_exc_TypeError, "open_code() argument 'path' must be str, not %.50s",
                        in[0]->type->name);
    in[1] = PY_OBJ(py_str_const("rb"));
    return py_file_open(NULL, in, 2, NULL);
}

METHOD(io_text_encoding)
{
    UNUSED;
    int level = 2;
    if (nargs > 1 && int_argument(args[1], &level) < 0)
        return NULL;
    if (args[0] != PY_NONE)
        return py_newref(args[0]);
    if (io_warn_no_encoding(level) < 0)
        return NULL;
    return PY_OBJ(py_str_from_cstr(py_config.utf8_mode ? "utf-8" : "locale"));
}

/* ---- the module ------------------------------------------------------------------------------ */

static const struct py_method_def functions[] = {
    METHOD_ROW_KW("open_code", io_open_code),
    METHOD_ROW("text_encoding", io_text_encoding, 1, 2),
    {.name = NULL},
};

static int add_types(struct py_module *m)
{
    struct py_type *const types[] = {&py_io_base_type,          &py_io_raw_base_type,
                                     &py_io_buffered_base_type, &py_io_text_base_type,
                                     &py_io_bytes_type,         &py_io_bytes_buffer_type,
                                     &py_io_string_type,        &py_io_newline_decoder_type,
                                     &py_io_file_type,          &py_io_text_type,
                                     &py_io_reader_type,        &py_io_writer_type,
                                     &py_io_random_type,        &py_io_pair_type};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (module_add_type(m, types[i]) < 0)
            return -1;
    return 0;
}

static int add_open(struct py_module *m)
{
    struct py_object *builtins = py_import_module("builtins");
    if (!builtins)
        return -1;
    PY_HOLD(&builtins);
    struct py_object *const function = py_getattr_cstr(builtins, "open");
    py_clear(builtins);
    return function ? py_module_add_steal(m, "open", function) : -1;
}

struct py_module *py_mod__io_init(void); /* modules.def */

struct py_module *py_mod__io_init(void)
{
    struct py_module *m = py_module_new("_io", "What io.py is made of.");
    if (!m || py_module_add_methods(m, functions) < 0 || add_types(m) < 0 || add_open(m) < 0 ||
        py_module_add(m, "UnsupportedOperation", py_file_unsupported_type()) < 0 ||
        py_module_add(m, "BlockingIOError", PY_OBJ(&py_exc_BlockingIOError)) < 0 ||
        module_add_int(m, "DEFAULT_BUFFER_SIZE", DEFAULT_BUFFER_SIZE) < 0) {
        py_xdecref(m);
        return NULL;
    }
    return m;
}
