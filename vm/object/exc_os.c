/* OSError: the exception whose type depends on its arguments.
 *
 * Calling OSError(errno, text) makes the subclass that stands for that errno. All work is done by
 * __new__, except for subclasses which override __init__ but not __new__: they call the base's
 * __init__ with what they like, and it fills the fields, as in CPython.
 */
#include <errno.h>

#include "vm/memory/heap.h"
#include "vm/object/exc.h"
#include "vm/object/exc_internal.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"

struct py_type *py_exc_os_error_type(int errnum)
{
    switch (errnum) {
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
    case EALREADY:
    case EINPROGRESS:
        return &py_exc_BlockingIOError;
    case EPIPE:
    case ESHUTDOWN:
        return &py_exc_BrokenPipeError;
    case ECHILD:
        return &py_exc_ChildProcessError;
    case ECONNABORTED:
        return &py_exc_ConnectionAbortedError;
    case ECONNREFUSED:
        return &py_exc_ConnectionRefusedError;
    case ECONNRESET:
        return &py_exc_ConnectionResetError;
    case EEXIST:
        return &py_exc_FileExistsError;
    case ENOENT:
        return &py_exc_FileNotFoundError;
    case EISDIR:
        return &py_exc_IsADirectoryError;
    case ENOTDIR:
        return &py_exc_NotADirectoryError;
    case EINTR:
        return &py_exc_InterruptedError;
    case EACCES:
    case EPERM:
        return &py_exc_PermissionError;
    case ESRCH:
        return &py_exc_ProcessLookupError;
    case ETIMEDOUT:
        return &py_exc_TimeoutError;
    default:
        return &py_exc_OSError;
    }
}

/* A subclass that overrides __init__ alone passes what it likes to the base's __init__. */
static bool os_error_uses_init(const struct py_type *type)
{
    return type->init != py_os_error_init && type->new_ == py_os_error_new;
}

static int os_error_fill(struct py_exc_os_error *e, struct py_object *const *args, size_t nargs)
{
    e->characters_written = -1;
    size_t keep = nargs;
    if (nargs >= 2 && nargs <= 5) {
        SET_FIELD(e->errno_, args[0]);
        SET_FIELD(e->strerror, args[1]);
        struct py_object *filename = nargs > 2 ? args[2] : NULL;
        if (filename && filename != PY_NONE) {
            if (py_typeof(e) == &py_exc_BlockingIOError && py_int_check(filename)) {
                e->characters_written = py_int_as_i64(filename);
                if (e->characters_written == -1 && py_error_occurred())
                    return -1;
            } else {
                SET_FIELD(e->filename, filename);
                if (nargs > 4 && args[4] != PY_NONE)
                    SET_FIELD(e->filename2, args[4]);
                keep = 2;
            }
        }
    }
    return py_exc_set_args(PY_OBJ(e), args, keep);
}

struct py_object *py_os_error_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames)
{
    const bool use_init = os_error_uses_init(type);
    if (!use_init && kwnames && kwnames->base.size)
        return py_raise(&py_exc_TypeError, "%s() takes no keyword arguments",
                        py_type_shortname(type));
    if (type == &py_exc_OSError && nargs >= 2 && nargs <= 5 && py_int_check(args[0])) {
        const int64_t number = py_int_as_i64(args[0]);
        if (number == -1 && py_error_occurred())
            py_error_clear();
        else if (number >= 0 && number < 4096)
            type = py_exc_os_error_type((int)number);
    }
    struct py_object *o = py_exc_new(type, NULL, 0, NULL);
    if (!o || use_init)
        return o;
    if (os_error_fill((struct py_exc_os_error *)o, args, nargs) < 0) {
        py_decref(o);
        return NULL;
    }
    return o;
}

int py_os_error_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                     struct py_tuple *kwnames)
{
    if (!os_error_uses_init(py_typeof(o)))
        return 0; /* new has done it */
    if (kwnames && kwnames->base.size)
        return py_raise_int(&py_exc_TypeError, "%s() takes no keyword arguments",
                            py_type_shortname(py_typeof(o)));
    return os_error_fill((struct py_exc_os_error *)o, args, nargs);
}

struct py_object *py_os_error_str(struct py_object *o)
{
    struct py_exc_os_error *e = (struct py_exc_os_error *)o;
#define OR_NONE(x) ((x) ? (x) : PY_NONE)
    if (e->filename && e->filename2)
        return PY_OBJ(py_str_format_c("[Errno %S] %S: %R -> %R", OR_NONE(e->errno_),
                                      OR_NONE(e->strerror), e->filename, e->filename2));
    if (e->filename)
        return PY_OBJ(py_str_format_c("[Errno %S] %S: %R", OR_NONE(e->errno_), OR_NONE(e->strerror),
                                      e->filename));
    if (e->errno_ && e->strerror)
        return PY_OBJ(py_str_format_c("[Errno %S] %S", e->errno_, e->strerror));
    return py_exc_str(o);
}

static struct py_object *get_characters_written(struct py_object *o, void *closure)
{
    (void)closure;
    const struct py_exc_os_error *e = (struct py_exc_os_error *)o;
    if (e->characters_written == -1)
        return py_raise(&py_exc_AttributeError, "characters_written");
    return py_int_from_i64(e->characters_written);
}

static int set_characters_written(struct py_object *o, struct py_object *value, void *closure)
{
    (void)closure;
    struct py_exc_os_error *e = (struct py_exc_os_error *)o;
    if (!value) {
        if (e->characters_written == -1)
            return py_raise_int(&py_exc_AttributeError, "characters_written");
        e->characters_written = -1;
        return 0;
    }
    const int64_t n = py_int_as_ssize(value);
    if (n == -1 && py_error_occurred())
        return -1;
    e->characters_written = n;
    return 0;
}

const struct py_getset_def py_os_error_getsets[] = {
    {.name = "characters_written", .get = get_characters_written, .set = set_characters_written},
    {.name = NULL}};

static struct py_object *os_error_reduce(struct py_object *o, struct py_object *const *args,
                                         size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_exc_os_error *e = (struct py_exc_os_error *)o;
    struct py_tuple *full = e->exc.args ? py_newref(e->exc.args) : py_newref(py_tuple_empty());
    if (full->base.size == 2 && e->filename) {
        struct py_tuple *more = e->filename2
                                    ? py_tuple_pack(5, full->items[0], full->items[1], e->filename,
                                                    PY_NONE, e->filename2)
                                    : py_tuple_pack(3, full->items[0], full->items[1], e->filename);
        py_decref(full);
        full = more;
    }
    if (!full)
        return NULL;
    struct py_tuple *result =
        e->exc.dict ? py_tuple_pack(3, PY_OBJ(py_typeof(o)), PY_OBJ(full), PY_OBJ(e->exc.dict))
                    : py_tuple_pack(2, PY_OBJ(py_typeof(o)), PY_OBJ(full));
    py_decref(full);
    return PY_OBJ(result);
}

const struct py_method_def py_os_error_methods[] = {
    {.name = "__reduce__", .fn = os_error_reduce, .min_args = 0, .max_args = 0}, {.name = NULL}};

const struct py_member_def py_os_error_members[] = {
    {.name = "errno",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_os_error, errno_),
     .doc = "POSIX exception code"},
    {.name = "strerror",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_os_error, strerror),
     .doc = "exception strerror"},
    {.name = "filename",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_os_error, filename),
     .doc = "exception filename"},
    {.name = "filename2",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_exc_os_error, filename2),
     .doc = "the second path of the call"},
    {.name = NULL}};
