/* Floats: a boxed double. repr is the shortest text that reads back as the same number. */
#ifndef BRILLE_VM_OBJECT_FLOAT_H
#define BRILLE_VM_OBJECT_FLOAT_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_float {
    struct py_object base;
    double value;
};
extern struct py_type py_float_type;

static inline bool py_float_check(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_FLOAT);
}
struct py_object *py_float_from(double d);
/* Accepts float, __float__, __index__; -1.0 and TypeError otherwise. */
double py_float_as_double(struct py_object *o);
/* The same as float(o) converts a number: a __float__ of a subclass of float is asked too. */
double py_float_of_number(struct py_object *o);
/* Reads a whole text ("inf", "1_0.5" ...). 0, or -1 without an exception if it is not a number. */
int py_float_parse(const char *text, size_t len, double *out);
/* format: 'r' shortest, 'e','f','g','%' with precision, 'E','F','G'; flags as below. malloc'd C
 * string; NULL and MemoryError. */
char *py_float_format(double d, char format, int precision, unsigned flags);
#define PY_FLOAT_ADD_DOT_0 1u
#define PY_FLOAT_ALT       2u
#define PY_FLOAT_SIGN      4u
#define PY_FLOAT_NO_NEG_0  8u /* "z": a negative zero after rounding loses its sign */
int64_t py_double_hash(double d, struct py_object *o /* for nan */);

#endif
