/* Formatting by specification: what the __format__ methods of int, float and str do.
 *
 *   [[fill]align][sign][z][#][0][width][grouping][.precision][type]
 */
#ifndef BRILLE_VM_OBJECT_FORMAT_H
#define BRILLE_VM_OBJECT_FORMAT_H

#include "vm/object/object.h"
#include "vm/object/str.h"

/* self is an int, a float, a str (or of a subclass). New str. */
struct py_object *py_format_int(struct py_object *self, struct py_str *spec);
struct py_object *py_format_float(struct py_object *self, struct py_str *spec);
/* A complex number; self is for messages and for str(). */
struct py_object *py_format_complex(struct py_object *self, double real, double imag,
                                    struct py_str *spec);
struct py_object *py_format_str(struct py_object *self, struct py_str *spec);

#endif
