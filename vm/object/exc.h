/* Exceptions: the hierarchy (exceptions.def) and the objects. Python-visible traceback too. */
#ifndef BRILLE_VM_OBJECT_EXC_H
#define BRILLE_VM_OBJECT_EXC_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_frameobj;
struct py_list;

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
struct py_exc_group {
    struct py_exc exc;
    struct py_object *msg;
    struct py_tuple *excs;
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
    int64_t characters_written; /* BlockingIOError; -1: not set */
};
struct py_exc_syntax_error {
    struct py_exc exc;
    struct py_object *msg, *filename, *lineno, *offset, *text, *end_lineno, *end_offset;
    struct py_object *print_file_and_line;
};
struct py_exc_import_error {
    struct py_exc exc;
    struct py_object *msg, *name, *path;
};
struct py_exc_name_error {
    struct py_exc exc;
    struct py_object *name;
};
struct py_exc_attribute_error { /* begins like py_exc_name_error */
    struct py_exc exc;
    struct py_object *name, *obj;
};
struct py_exc_unicode_error {
    struct py_exc exc;
    struct py_object *encoding, *object;
    int64_t start, end;
    struct py_object *reason;
};

/* EXC(C name, Python name, base, doc) for every exception; py_exc_<c name> is the type. */
#define EXC(cname, name, base, layout, doc) extern struct py_type py_exc_##cname;
#include "vm/object/exceptions.def"
extern struct py_type py_traceback_type;

int py_exc_init(void); /* readies all exception types; MemoryError's spare instance */
/* An instance made by the type's own new and init, without Python-level overrides. New. */
struct py_object *py_exc_make(struct py_type *type, struct py_object *const *args, size_t nargs);
/* The spare MemoryError, for when there is no memory to make one. New reference. */
struct py_object *py_exc_spare_memory_error(void);
/* The subclass of OSError for errnum, OSError itself if none. Borrowed. */
struct py_type *py_exc_os_error_type(int errnum);

/* What an except* clause for type (a class or tuple) takes of exc, and what it leaves; new. None
 * stands for nothing. An exception that is no group is wrapped into one. */
int py_exc_group_match(struct py_object *exc, struct py_object *type, struct py_object **match,
                       struct py_object **rest);
/* What is to be raised behind the clauses, which raised (or left) what is in the list: an exception
 * or None; new. */
struct py_object *py_exc_group_reraise(struct py_object *original, struct py_list *raised);

static inline bool py_exc_check(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_EXCEPTION);
}

#endif
