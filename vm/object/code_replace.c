/* code.replace(): a copy of a code object with another name, file, line or flags.
 *
 * types.coroutine() needs the flags, tools the names. What the words depend on (arguments,
 * constants, variables, the bytecode itself) cannot be replaced: giving the present value is
 * accepted, another one is a NotImplementedError.
 */
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/code.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* A copy of count items of a RAW array; nothing for none. -1: MemoryError. */
static int copy_array(void **to, const void *from, size_t count, size_t bytes)
{
    *to = NULL;
    if (!from || count == 0)
        return 0;
    if (!(*to = py_mem_alloc(count * bytes)))
        return py_raise_no_memory(), -1;
    memcpy(*to, from, count * bytes);
    return 0;
}

static struct py_code *copy(const struct py_code *from)
{
    struct py_code *c = py_code_new();
    if (!c)
        return NULL;
    PY_HOLD(&c);
    const size_t head = offsetof(struct py_code, words);
    struct py_object base;
    memcpy(&base, c, sizeof base);
    void *arrays[5] = {NULL};
    int status = 0;
    if (copy_array(&arrays[0], from->words, from->word_count, sizeof *from->words) < 0 ||
        copy_array(&arrays[1], from->consts, from->const_count, sizeof(void *)) < 0 ||
        copy_array(&arrays[2], from->lines, from->line_count, sizeof *from->lines) < 0 ||
        copy_array(&arrays[3], from->handlers, from->handler_count, sizeof *from->handlers) < 0 ||
        copy_array(&arrays[4], from->cell_registers, from->cell_count, sizeof(uint16_t)) < 0)
        status = -1;
    if (status < 0) {
        for (int i = 0; i < 5; i++)
            py_mem_free(arrays[i]);
        py_clear(c);
        return NULL;
    }
    memcpy((char *)c + head, (const char *)from + head, sizeof *c - head);
    c->words = arrays[0];
    c->consts = arrays[1];
    c->lines = arrays[2];
    c->handlers = arrays[3];
    c->cell_registers = arrays[4];
    for (uint32_t i = 0; i < c->const_count; i++)
        py_xincref(c->consts[i]);
    py_xincref(c->varnames);
    py_xincref(c->cellvars);
    py_xincref(c->freevars);
    py_xincref(c->name);
    py_xincref(c->qualname);
    py_xincref(c->filename);
    c->weaklist = NULL;
    c->trace_id = 0;
    return c;
}

static int set_text(struct py_str **slot, struct py_object *value, const char *name)
{
    if (!py_str_check(value))
        return py_raise_int(&py_exc_TypeError, "replace() argument '%s' must be str, not %T", name,
                            value);
    py_setref(*slot, (struct py_str *)py_newref(value));
    return 0;
}

static int set_first_line(struct py_code *c, struct py_object *value)
{
    const int64_t line = py_int_as_i64(value);
    if (line == -1 && py_error_occurred())
        return -1;
    if (line < 0 || line > INT32_MAX)
        return py_raise_int(&py_exc_ValueError, "co_firstlineno must be a positive integer");
    const int32_t by = (int32_t)line - c->first_line;
    for (uint32_t i = 0; i < c->line_count; i++) {
        c->lines[i].line += c->lines[i].line ? by : 0;
        c->lines[i].end_line += c->lines[i].end_line ? by : 0;
    }
    c->first_line = (int32_t)line;
    return 0;
}

/* Our own flags, which say how the words are run, stay. */
static int set_flags(struct py_code *c, struct py_object *value)
{
    const int64_t flags = py_int_as_i64(value);
    if (flags == -1 && py_error_occurred())
        return -1;
    c->flags = (c->flags & 0xffff0000u) | ((uint32_t)flags & 0xffffu);
    return 0;
}

static int replace_one(struct py_code *c, struct py_object *self, struct py_str *name,
                       struct py_object *value)
{
    if (py_str_equal_cstr(name, "co_name"))
        return set_text(&c->name, value, "co_name");
    if (py_str_equal_cstr(name, "co_qualname"))
        return set_text(&c->qualname, value, "co_qualname");
    if (py_str_equal_cstr(name, "co_filename"))
        return set_text(&c->filename, value, "co_filename");
    if (py_str_equal_cstr(name, "co_firstlineno"))
        return set_first_line(c, value);
    if (py_str_equal_cstr(name, "co_flags"))
        return set_flags(c, value);
    struct py_object *present = NULL;
    const char *const text = py_str_utf8(name, NULL);
    if (!text || strncmp(text, "co_", 3) != 0 ||
        py_getattr_optional(self, PY_OBJ(name), &present) < 1)
        return py_error_occurred()
                   ? -1
                   : py_raise_int(&py_exc_TypeError,
                                  "'%U' is an invalid keyword argument for replace()", name);
    PY_HOLD(&present);
    const int same = py_richcompare_bool(present, value, PY_EQ);
    py_clear(present);
    if (same == 0)
        py_raise(&py_exc_NotImplementedError, "replacing %U of a code object", name);
    return same > 0 ? 0 : -1;
}

struct py_object *py_code_replace(struct py_object *self, struct py_object *const *args,
                                  size_t nargs, struct py_tuple *kwnames)
{
    if (nargs)
        return py_raise(&py_exc_TypeError, "replace() takes no positional arguments");
    struct py_code *c = copy((struct py_code *)self);
    if (!c)
        return NULL;
    PY_HOLD(&c);
    for (int64_t i = 0; kwnames && i < kwnames->base.size; i++)
        if (replace_one(c, self, (struct py_str *)kwnames->items[i], args[i]) < 0) {
            py_clear(c);
            return NULL;
        }
    return PY_OBJ(c);
}
