/* Complex numbers: two doubles. */
#ifndef BRILLE_VM_OBJECT_COMPLEX_H
#define BRILLE_VM_OBJECT_COMPLEX_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_complex {
    struct py_object base;
    double real, imag;
};
extern struct py_type py_complex_type;

static inline bool py_complex_check(const struct py_object *o)
{
    return o->type == &py_complex_type || py_type_is_subtype(o->type, &py_complex_type);
}
struct py_object *py_complex_from(double real, double imag);
/* Of a negative base and a fractional exponent. OverflowError. */
struct py_object *py_complex_pow_reals(double base, double exponent);
/* A complex, what __complex__ gives, or a real number. -1: TypeError. */
int py_complex_as_doubles(struct py_object *o, double *real, double *imag);

#endif
