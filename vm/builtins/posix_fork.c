/* posix: fork(), and the functions that os.register_at_fork() was given.
 *
 * Locks that other threads hold, random numbers that would be the same twice: what a library must
 * put right around a fork it registers here. Functions "before" run in the reverse order of
 * registration, those of parent and child in it; what one raises is written to stderr, the fork
 * goes on. Each run works on a copy, so one that registers another changes the next fork only.
 *
 * What the interpreter itself must mend in a child is not here: pthread_atfork handlers do it,
 * for every fork there is. A fork whose child runs no Python code (subprocess) calls nothing here.
 */
#include <unistd.h>

#include "vm/builtins/mod_posix.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/runtime/args.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

enum moment { BEFORE, AFTER_IN_CHILD, AFTER_IN_PARENT, MOMENT_COUNT };
static struct py_list *registered; /* MOMENT_COUNT lists; a root of the runtime, or NULL */

static int register_one(enum moment moment, struct py_object *function)
{
    if (!registered) {
        struct py_list *all = py_list_new(0);
        PY_HOLD(&all);
        for (int i = 0; all && i < MOMENT_COUNT; i++) {
            struct py_list *const list = py_list_new(0);
            if (!list || py_list_append_steal(all, PY_OBJ(list)) < 0)
                py_clear(all);
        }
        if (!all)
            return -1;
        registered = py_runtime_root(all);
        all = NULL;
    }
    return py_list_append((struct py_list *)registered->items[moment], function);
}

/* An exception that is pending, of a fork that failed, stays. */
static void run(enum moment moment)
{
    if (!registered)
        return;
    struct py_object *pending = py_error_fetch();
    PY_HOLD(&pending);
    const struct py_list *const list = (struct py_list *)registered->items[moment];
    struct py_list *copy = py_list_from_array(list->items, (size_t)list->base.size);
    PY_HOLD(&copy);
    if (!copy)
        py_error_unraisable(NULL, NULL);
    else if (moment == BEFORE)
        py_list_reverse(copy);
    for (int64_t i = 0; copy && i < copy->base.size; i++) {
        struct py_object *const done = py_call0(copy->items[i]);
        if (!done)
            py_error_unraisable(copy->items[i], NULL);
        py_xdecref(done);
    }
    py_clear(copy);
    if (pending)
        py_error_restore(pending);
    pending = NULL;
}

void posix_before_fork(void)
{
    run(BEFORE);
}

void posix_after_fork_parent(void)
{
    run(AFTER_IN_PARENT);
}

void posix_after_fork_child(void)
{
    run(AFTER_IN_CHILD);
}

METHOD(os_fork)
{
    UNUSED;
    posix_before_fork();
    const pid_t pid = fork();
    if (pid == 0) {
        posix_after_fork_child();
        return py_int_from_i64(0);
    }
    struct py_object *result = pid < 0 ? posix_error(NULL, NULL) : py_int_from_i64(pid);
    PY_HOLD(&result);
    posix_after_fork_parent();
    struct py_object *const given = result;
    result = NULL;
    return given;
}

METHOD(os_register_at_fork)
{
    (void)self;
    static const char *const names[] = {"before", "after_in_child", "after_in_parent"};
    static const struct py_params params = {
        .function = "register_at_fork", .names = names, .count = MOMENT_COUNT, .keyword_only = 0};
    struct py_object *in[MOMENT_COUNT] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    bool any = false;
    for (int i = 0; i < MOMENT_COUNT; i++) {
        if (in[i] && !py_is_callable(in[i]))
            return py_raise(&py_exc_TypeError, "'%s' must be callable, not %.200s", names[i],
                            in[i]->type->name);
        any |= in[i] != NULL;
    }
    if (!any)
        return py_raise(&py_exc_TypeError, "At least one argument is required.");
    for (int i = 0; i < MOMENT_COUNT; i++)
        if (in[i] && register_one((enum moment)i, in[i]) < 0)
            return NULL;
    return PY_NONE;
}

const struct py_method_def posix_fork_functions[] = {{.name = "fork", .fn = os_fork},
                                                     {.name = "register_at_fork",
                                                      .fn = os_register_at_fork,
                                                      .max_args = -1,
                                                      .flags = PY_METH_KEYWORDS},
                                                     {.name = NULL}};
