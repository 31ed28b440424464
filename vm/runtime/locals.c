/* Local variables as a mapping.
 *
 * A function's locals are registers; the dict is a copy, made anew at each call, as CPython's
 * locals() is in all but identity (docs/fidelity.md). */
#include "vm/runtime/locals.h"

#include "vm/object/code.h"
#include "vm/object/dict.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"

static int add(struct py_dict *dict, struct py_object *name, struct py_object *value)
{
    return value ? py_dict_set(dict, name, value) : 0;
}

static bool is_cell_register(const struct py_code *code, unsigned reg)
{
    for (unsigned i = 0; i < code->cell_count; i++) {
        if (code->cell_registers[i] == reg)
            return true;
    }
    return false;
}

struct py_object *py_locals_dict(struct py_function *func, struct py_object *const *regs)
{
    const struct py_code *const code = func->code;
    struct py_dict *dict = py_dict_new();
    if (!dict)
        return NULL;
    PY_HOLD(&dict);
    bool ok = true;
    for (unsigned i = 0; ok && i < code->local_count; i++) {
        struct py_object *value = regs[i];
        /* a register of a cell variable holds the plain value until its MAKE_CELL has run */
        if (value && value->type == &py_cell_type && is_cell_register(code, i))
            value = ((struct py_cell *)value)->value;
        ok = add(dict, code->varnames->items[i], value) == 0;
    }
    for (unsigned i = 0; ok && func->closure && i < code->free_count; i++)
        ok = add(dict, code->freevars->items[i],
                 ((struct py_cell *)func->closure->items[i])->value) == 0;
    if (!ok)
        py_clear(dict);
    struct py_object *const result = PY_OBJ(dict);
    dict = NULL;
    return result;
}

struct py_object *py_frame_locals(struct py_frame *frame)
{
    if (frame->locals)
        return py_newref(frame->locals);
    return py_locals_dict(frame->func, frame->regs);
}
