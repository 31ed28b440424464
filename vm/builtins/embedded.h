/* Modules that are written in Python and compiled into the interpreter as source text. The build
 * turns each vm/builtins/<name>.py into the table (see vm/CMakeLists.txt). */
#ifndef BRILLE_VM_BUILTINS_EMBEDDED_H
#define BRILLE_VM_BUILTINS_EMBEDDED_H

#include <stddef.h>

struct py_embedded_module {
    const char *name;
    const char *source;
    size_t length;
};
/* Ends with a row whose name is NULL. */
extern const struct py_embedded_module py_embedded_modules[];

#endif
