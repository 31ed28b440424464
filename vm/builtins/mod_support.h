/* What C modules of vm/builtins share: the shape of a function, arguments that are octets, numbers
 * or optional, and putting types into a module.
 *
 * Octets: a bytes-like argument is asked for its octets, which then stay where they are until they
 * are given back. struct octets does that at the end of a scope:
 *
 *     OCTETS(in);
 *     if (octets_get(&in, args[0]) < 0)
 *         return NULL;
 *     ... in.data, in.length ...
 *
 * Not for other folders.
 */
#ifndef BRILLE_VM_BUILTINS_MOD_SUPPORT_H
#define BRILLE_VM_BUILTINS_MOD_SUPPORT_H

#include "vm/object/buffer.h"
#include "vm/object/int.h"
#include "vm/object/module.h"
#include "vm/object/object.h"
#include "vm/object/type.h"
#include "vm/runtime/error.h"

#ifndef METHOD
#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED (void)self, (void)args, (void)nargs, (void)kwnames
#endif
/* Rows of a method table: with so many arguments, or with keywords. */
#define METHOD_ROW(text, function, low, high)                           \
    {                                                                   \
        .name = text, .fn = function, .min_args = low, .max_args = high \
    }
#define METHOD_ROW_KW(text, function)                                           \
    {                                                                           \
        .name = text, .fn = function, .max_args = -1, .flags = PY_METH_KEYWORDS \
    }

struct octets {
    struct py_object *owner; /* borrowed: an argument lives as long as the call */
    uint8_t *data;
    int64_t length;
};

static inline void octets_put_back(struct octets *o)
{
    if (o->owner)
        py_buffer_release(o->owner);
    o->owner = NULL;
}
#define OCTETS(name) __attribute__((cleanup(octets_put_back))) struct octets name = {0}

static inline int octets_take(struct octets *out, struct py_object *o, struct py_buffer *b,
                              int status)
{
    if (status == 0)
        *out = (struct octets){.owner = o, .data = b->data, .length = b->length};
    return status;
}
/* -1: TypeError or BufferError. */
static inline int octets_get(struct octets *out, struct py_object *o)
{
    struct py_buffer b;
    return octets_take(out, o, &b, py_buffer_get(o, &b));
}
static inline int octets_get_writable(struct octets *out, struct py_object *o)
{
    struct py_buffer b;
    return octets_take(out, o, &b, py_buffer_get_writable(o, &b));
}

/* An int argument that fits; -1: TypeError or OverflowError. */
static inline int int_argument(struct py_object *o, int *out)
{
    const int64_t v = py_int_as_i64(o);
    if (v == -1 && py_error_occurred())
        return -1;
    if (v < INT32_MIN)
        return py_raise_int(&py_exc_OverflowError, "signed integer is less than minimum");
    if (v > INT32_MAX)
        return py_raise_int(&py_exc_OverflowError, "signed integer is greater than maximum");
    *out = (int)v;
    return 0;
}
static inline int i64_argument(struct py_object *o, int64_t *out)
{
    *out = py_int_as_i64(o);
    return *out == -1 && py_error_occurred() ? -1 : 0;
}

/* Makes a late type (static_types.def) ready and puts it into the module under its short name. */
static inline int module_add_type(struct py_module *m, struct py_type *type)
{
    return py_type_ready(type) < 0 ? -1 : py_module_add(m, py_type_shortname(type), PY_OBJ(type));
}
static inline int module_add_int(struct py_module *m, const char *name, int64_t value)
{
    return py_module_add_steal(m, name, py_int_from_i64(value));
}
/* "module.Name", a class that C code raises too: made once, kept for good. Borrowed. */
static inline struct py_type *module_exception(struct py_type **kept, const char *name,
                                               struct py_type *base, const char *doc)
{
    if (!*kept) {
        struct py_type *const made = py_type_create_simple(name, base, doc);
        *kept = made ? py_runtime_root(made) : NULL;
    }
    return *kept;
}

#endif
