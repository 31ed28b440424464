/* Exceptions: the hierarchy (exceptions.def) and the objects. Python-visible traceback too. */
#ifndef BRILLE_VM_OBJECT_EXC_H
#define BRILLE_VM_OBJECT_EXC_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_frameobj;

struct py_traceback {
    struct py_object base;
    struct py_traceback *next; /* towards the raise */
    struct py_frameobj *frame;
    int32_t word_offset; /* of the instruction, for positions */
    int32_t line;
};

struct py_exc { /* BaseException */
    struct py_object base;
    struct py_dict *dict;
    struct py_tuple *args;
    struct py_object *notes;
    struct py_traceback *traceback;
    struct py_exc *context, *cause;
    bool suppress_context;
};
struct py_exc_stop_iteration {
    struct py_exc exc;
    struct py_object *value;
};
struct py_exc_system_exit {
    struct py_exc exc;
    struct py_object *code;
};
struct py_exc_os_error {
    struct py_exc exc;
    struct py_object *errno_, *strerror, *filename, *filename2;
};
struct py_exc_syntax_error {
    struct py_exc exc;
    struct py_object *msg, *filename, *lineno, *offset, *text, *end_lineno, *end_offset;
};
struct py_exc_import_error {
    struct py_exc exc;
    struct py_object *msg, *name, *path;
};
struct py_exc_attribute_error { /* and NameError, which has no obj */
    struct py_exc exc;
    struct py_object *obj, *name;
};

/* EXC(C name, Python name, base, doc) for every exception; py_exc_<c name> is the type. */
#define EXC(cname, name, base, layout, doc) extern struct py_type py_exc_##cname;
#include "vm/object/exceptions.def"
extern struct py_type py_traceback_type;

static inline bool py_exc_check(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_EXCEPTION);
}

#endif
