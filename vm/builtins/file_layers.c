/* open() in layers: a FileIO, a buffer around it, a TextIOWrapper around that.
 *
 * The file of file.c does all three at once, for text in which a line ends at the byte \n and every
 * character can be decoded by itself. Other encodings, and newlines that are something else than
 * \n, are read and written by the classes of module _io, one over the other, as open() is defined.
 *
 * Whatever has been made when something fails is closed: the outermost of it, which closes the
 * rest.
 */
#include <string.h>
#include <strings.h>

#include "vm/builtins/file_impl.h"
#include "vm/builtins/io_base.h"
#include "vm/object/int.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"

enum { DEFAULT_BUFFER_SIZE = 8192 };

static bool is_simple_encoding(const struct py_str *encoding)
{
    static const char *const simple[] = {"utf-8",   "utf8",   "u8",         "ascii",     "us-ascii",
                                         "latin-1", "latin1", "iso-8859-1", "iso8859-1", "l1"};
    char name[16] = "";
    if (encoding->length >= (int64_t)sizeof name)
        return false;
    for (int64_t i = 0; i < encoding->length; i++) {
        const uint32_t c = py_str_char(encoding, i);
        name[i] = c == '_' || c == ' ' ? '-' : c < 128 ? (char)c : '?';
    }
    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++)
        if (strcasecmp(name, simple[i]) == 0)
            return true;
    return false;
}

bool py_file_needs_layers(struct py_object *encoding, struct py_object *newline, bool reads)
{
    if (encoding && encoding != PY_NONE && !is_simple_encoding((struct py_str *)encoding))
        return true;
    if (!newline || newline == PY_NONE || py_str_equal_cstr((struct py_str *)newline, "\n"))
        return false;
    return reads || py_str_equal_cstr((struct py_str *)newline, "\r");
}

enum { RAW, BUFFER, TEXT, CLASS, SIZE, LAYERS };

/* held[layer] = class(args...). 0 or -1. */
static int make_layer(struct py_object **held, int layer, const char *class_name,
                      struct py_object *const *args, size_t nargs)
{
    struct py_object *module = py_import_module("_io");
    if (!module)
        return -1;
    PY_HOLD(&module);
    py_setref(held[CLASS], py_getattr(module, PY_OBJ(py_str_const(class_name))));
    py_clear(module);
    if (held[CLASS])
        held[layer] = py_call(held[CLASS], args, nargs, NULL);
    return held[layer] ? 0 : -1;
}

/* The size of the buffer: as asked for, else the file's own unit. 0 or -1. */
static int choose_size(struct py_object **held, int64_t buffering)
{
    struct py_object *unit = NULL;
    if (buffering <= 1 &&
        py_getattr_optional(held[RAW], PY_OBJ(py_str_const("_blksize")), &unit) < 0)
        return -1;
    held[SIZE] = unit && py_int_check(unit) && py_int_sign(unit) > 0
                     ? py_newref(unit)
                     : py_int_from_i64(buffering > 1 ? buffering : DEFAULT_BUFFER_SIZE);
    py_xdecref(unit);
    return held[SIZE] ? 0 : -1;
}

static int make_layers(struct py_object **held, const struct py_file_request *r)
{
    struct py_object *const raw_args[4] = {r->file, r->mode, r->closefd ? r->closefd : PY_TRUE,
                                           r->opener ? r->opener : PY_NONE};
    if (make_layer(held, RAW, "FileIO", raw_args, 4) < 0)
        return -1;
    const int terminal = r->buffering < 0 ? io_ask(held[RAW], "isatty") : 0;
    if (terminal < 0 || choose_size(held, r->buffering) < 0)
        return -1;
    struct py_object *const buffer_args[2] = {held[RAW], held[SIZE]};
    const char *const kind = r->updating  ? "BufferedRandom"
                             : r->reading ? "BufferedReader"
                                          : "BufferedWriter";
    if (make_layer(held, BUFFER, kind, buffer_args, 2) < 0)
        return -1;
    struct py_object *const text_args[5] = {
        held[BUFFER], r->encoding ? r->encoding : PY_NONE, r->errors ? r->errors : PY_NONE,
        r->newline ? r->newline : PY_NONE, py_bool_from(r->buffering == 1 || terminal)};
    if (make_layer(held, TEXT, "TextIOWrapper", text_args, 5) < 0)
        return -1;
    return py_setattr_cstr(held[TEXT], "mode", r->shown_mode);
}

static void close_outermost(struct py_object **held)
{
    struct py_object *first = py_error_fetch();
    PY_HOLD(&first);
    const int outermost = held[TEXT] ? TEXT : held[BUFFER] ? BUFFER : RAW;
    const int closed = held[outermost] ? io_do(held[outermost], "close", NULL, 0) : 0;
    struct py_object *const cause = first;
    first = NULL;
    if (closed < 0)
        py_error_chain_context(cause);
    else
        py_error_restore(cause);
}

struct py_object *py_file_open_layers(const struct py_file_request *r)
{
    struct py_object *held[LAYERS] = {NULL};
    PY_HOLD_N(held, LAYERS);
    struct py_object *text = NULL;
    if (make_layers(held, r) < 0)
        close_outermost(held);
    else
        text = py_newref(held[TEXT]);
    PY_HOLD(&text);
    for (int i = 0; i < LAYERS; i++)
        py_clear(held[i]);
    return text;
}
