/* Warnings from C code, issued by the library's module warnings: its filters decide. Without a
 * library nobody is warned. 0, or -1: an exception, which is the warning itself where a filter
 * makes it one. Runs Python code. */
#ifndef BRILLE_VM_RUNTIME_WARN_H
#define BRILLE_VM_RUNTIME_WARN_H

#include "vm/object/str.h"
#include "vm/object/type.h"

/* About the Python code that is running. format: py_str_format_c's language. */
int py_warn(struct py_type *category, const char *format, ...);
/* About the code that called it: level 1 is the running code, as stacklevel of warnings.warn. */
int py_warn_level(struct py_type *category, int64_t level, const char *format, ...);
/* About a line of a source. */
int py_warn_explicit(struct py_type *category, const char *text, struct py_str *filename,
                     int64_t line);

#endif
