/* _posixshmem: opening and removing shared memory by name. What comes back is a descriptor; sizing
 * and mapping it is the caller's affair. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "vm/builtins/mod_support.h"
#include "vm/object/bytes.h"
#include "vm/object/str.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

static const char *path_argument(struct py_object *o, const char *function)
{
    if (!py_str_check(o))
        return py_raise(&py_exc_TypeError, "%s() argument 'path' must be str, not %.50s", function,
                        o->type->name);
    return py_str_utf8_strict(o, NULL);
}

/* What a call that returned `result` with `error` means; EINTR asks for another try. 1: again. */
static int after(int result, int error, struct py_object *path)
{
    if (result >= 0)
        return 0;
    if (error == EINTR)
        return py_safepoint(py_thread_current()) < 0 ? -1 : 1;
    py_raise_os_error(error, path);
    return -1;
}

METHOD(shm_open_function)
{
    (void)self;
    static const char *const names[] = {"path", "flags", "mode"};
    static const struct py_params params = {
        .function = "shm_open", .names = names, .count = 3, .required = 2, .keyword_only = 3};
    struct py_object *in[3] = {NULL};
    int flags, mode = 0777, fd, again;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || int_argument(in[1], &flags) < 0 ||
        (in[2] && int_argument(in[2], &mode) < 0))
        return NULL;
    const char *const path = path_argument(in[0], "shm_open");
    if (!path)
        return NULL;
    do {
        py_allow_threads_begin();
        fd = shm_open(path, flags | O_CLOEXEC, (mode_t)mode);
        const int error = errno;
        py_allow_threads_end();
        again = after(fd, error, in[0]);
    } while (again > 0);
    return again < 0 ? NULL : py_int_from_i64(fd);
}

METHOD(shm_unlink_function)
{
    (void)self;
    static const char *const names[] = {"path"};
    static const struct py_params params = {
        .function = "shm_unlink", .names = names, .count = 1, .required = 1, .keyword_only = 1};
    struct py_object *in[1] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    const char *const path = path_argument(in[0], "shm_unlink");
    if (!path)
        return NULL;
    int again;
    do {
        py_allow_threads_begin();
        const int result = shm_unlink(path);
        const int error = errno;
        py_allow_threads_end();
        again = after(result, error, in[0]);
    } while (again > 0);
    return again < 0 ? NULL : PY_NONE;
}

static const struct py_method_def functions[] = {
    METHOD_ROW_KW("shm_open", shm_open_function),
    METHOD_ROW_KW("shm_unlink", shm_unlink_function),
    {.name = NULL},
};

struct py_module *py_mod__posixshmem_init(void); /* modules.def */

struct py_module *py_mod__posixshmem_init(void)
{
    struct py_module *m = py_module_new("_posixshmem", "Shared memory by name.");
    if (!m || py_module_add_methods(m, functions) < 0)
        py_clear(m);
    return m;
}
