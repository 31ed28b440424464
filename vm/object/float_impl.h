/* What the files of float share. */
#ifndef BRILLE_VM_OBJECT_FLOAT_IMPL_H
#define BRILLE_VM_OBJECT_FLOAT_IMPL_H

#include "vm/object/float.h"

static inline double float_value(const struct py_object *o)
{
    return ((const struct py_float *)o)->value;
}

/* The shortest decimal that reads back as v (finite, above zero): digits * 10^exponent. At most 17
 * digits; may end in zeros. float_shortest.c */
uint64_t float_shortest(double v, int *exponent);

/* The double nearest to d rounded to ndigits decimal places (or tens, hundreds ... when negative),
 * ties decided on the exact decimal value, half to even. May be infinite. */
double float_round_digits(double d, int64_t ndigits);
/* The nearest integer, half to even. */
double float_round_half_even(double d);

struct py_object *float_slot_repr(struct py_object *o);
extern const struct py_method_def float_methods[];
extern const struct py_getset_def float_getsets[];

#endif
