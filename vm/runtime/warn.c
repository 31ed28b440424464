/* Warnings from C code: calls of warnings.warn and warnings.warn_explicit.
 *
 * The module is asked for anew each time and not kept: sys.modules may hold another one tomorrow,
 * and a program that is never warned does not pay for its import.
 */
#include "vm/runtime/warn.h"

#include <stdarg.h>

#include "vm/object/int.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"

/* warnings.<function>: 1 and *out (new), 0 without a library, -1. */
static int find_function(const char *function, struct py_object **out)
{
    struct py_object *module = py_import_module("warnings");
    if (!module) {
        if (!py_error_matches(&py_exc_ImportError))
            return -1;
        py_error_clear();
        return 0;
    }
    PY_HOLD(&module);
    *out = py_getattr_cstr(module, function);
    py_clear(module);
    return *out ? 1 : -1;
}

/* Calls warnings.<function>(held[0], category, ...) with what is held; drops it. */
static int issue(const char *function, struct py_type *category, struct py_object **held,
                 size_t count)
{
    struct py_object *callable = NULL, *result = NULL;
    PY_HOLD(&callable);
    int status = held[0] && held[count - 1] ? find_function(function, &callable) : -1;
    if (status > 0) {
        struct py_object *args[4] = {held[0], PY_OBJ(category)};
        for (size_t i = 1; i < count; i++)
            args[i + 1] = held[i];
        result = py_call(callable, args, count + 1, NULL);
        status = result ? 0 : -1;
    }
    py_xdecref(result);
    py_clear(callable);
    for (size_t i = 0; i < count; i++)
        py_clear(held[i]);
    return status;
}

int py_warn(struct py_type *category, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    struct py_object *text = PY_OBJ(py_str_format_v(format, ap));
    va_end(ap);
    PY_HOLD(&text);
    return issue("warn", category, &text, 1);
}

int py_warn_level(struct py_type *category, int64_t level, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    struct py_object *held[2] = {PY_OBJ(py_str_format_v(format, ap)), NULL};
    va_end(ap);
    PY_HOLD_N(held, 2);
    held[1] = py_int_from_i64(level);
    return issue("warn", category, held, 2);
}

int py_warn_explicit(struct py_type *category, const char *text, struct py_str *filename,
                     int64_t line)
{
    struct py_object *held[3] = {PY_OBJ(py_str_from_cstr(text)), PY_OBJ(py_newref(filename)), NULL};
    PY_HOLD_N(held, 3);
    held[2] = py_int_from_i64(line);
    return issue("warn_explicit", category, held, 3);
}
