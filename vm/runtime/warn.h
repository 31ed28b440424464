/* Warnings: what the module _warnings does and what C code warns by. Filters (those of the module
 * warnings, if the program has it) say whether a warning is ignored, printed or raised.
 *
 * Functions return 0, or -1: an exception, which is the warning itself where a filter makes it one.
 * They may run Python code.
 */
#ifndef BRILLE_VM_RUNTIME_WARN_H
#define BRILLE_VM_RUNTIME_WARN_H

#include "vm/object/str.h"
#include "vm/object/type.h"

/* All are borrowed. */
struct py_warning {
    struct py_object *category, *message; /* a class and a text, or an instance of Warning alone */
    struct py_object *filename;           /* str */
    int64_t line;
    struct py_object *module;   /* what filters know it by; NULL: after the file; None: no more */
    struct py_object *registry; /* dict: what was said before; None or NULL: none */
    struct py_object *source_line; /* printed below; NULL: looked up */
    struct py_object *source;      /* what it is about, or NULL */
};
int py_warn_issue(const struct py_warning *w);
/* About the code that is stacklevel frames away, 1 being the innermost; category may be NULL or
 * None. */
int py_warn_object(struct py_object *message, struct py_object *category, int64_t stacklevel,
                   struct py_object *source);

/* About the Python code that is running. format: py_str_format_c's language. */
int py_warn(struct py_type *category, const char *format, ...);
/* About the code that called it: level 1 is the running code. */
int py_warn_level(struct py_type *category, int64_t level, const char *format, ...);
/* ResourceWarning about an object that dies without having been closed. Whatever is raised is
 * printed, since nobody could catch it; what was raised before stays. */
void py_warn_unclosed(struct py_object *o, const char *format, ...);
/* RuntimeWarning about a coroutine that dies without having run; raised ones are printed too. */
void py_warn_unawaited(struct py_object *coroutine, struct py_str *qualname);
/* About a line of a source. */
int py_warn_explicit(struct py_type *category, const char *text, struct py_str *filename,
                     int64_t line);

/* What warnings are judged by: a list of filters, a dict of what was said once, and the action
 * where no filter fits. Until the module warnings has others: those of a program that never imports
 * it. Borrowed; NULL: no memory. */
enum py_warnings_part { PY_WARNINGS_FILTERS, PY_WARNINGS_ONCE, PY_WARNINGS_ACTION };
struct py_object *py_warnings_default(enum py_warnings_part part);
/* The filters have changed: what registries remember no longer counts. */
void py_warnings_filters_changed(void);

#endif
