/* The pending exception: how C code raises, asks, takes and restores.
 *
 * Each thread has one word, thread->exc: NULL, or the owned instance that is on its way up. A
 * function that fails sets it and returns NULL or -1; whoever handles the failure takes it away.
 * Exceptions are instances from the first moment on (CPython 3.11 still carries a type, a value
 * and a traceback apart; what a program sees is the same).
 *
 * Raising links the exception being handled as __context__, and keeps that chain free of rings: if
 * the new exception is already in the chain of the handled one, the chain is cut before it.
 *
 * Invariants
 *  - thread->exc is an instance of BaseException or NULL.
 *  - Nothing here runs Python code, except that dropping a reference may, and that instantiating
 *    a Python-level exception class calls it.
 *  - When there is no memory for an exception, the spare MemoryError made at start is raised.
 */
#include "vm/runtime/error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/int.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static struct py_exc *handled_exception(const struct py_thread *thread)
{
    for (const struct py_exc_item *item = thread->handled; item; item = item->prev)
        if (item->value && item->value != PY_NONE)
            return (struct py_exc *)item->value;
    return NULL;
}

/* Makes e (whose context must not be overwritten if it is the handled one itself) remember what
 * was being handled. */
static void link_context(struct py_exc *e, struct py_exc *handled)
{
    if (!handled || handled == e)
        return;
    /* Floyd's second pointer: a ring may have been made by assigning __context__. */
    struct py_exc *o = handled, *slow = handled;
    bool step = false;
    while (o->context) {
        if (o->context == e) {
            py_clear(o->context);
            break;
        }
        o = o->context;
        if (o == slow)
            break;
        if (step)
            slow = slow->context;
        step = !step;
    }
    struct py_exc *context = py_newref(handled);
    py_setref(e->context, context);
}

/* Steals e. */
static void set_pending(struct py_thread *thread, struct py_object *e)
{
    link_context((struct py_exc *)e, handled_exception(thread));
    struct py_object *old = thread->exc;
    thread->exc = e;
    py_xdecref(old);
}

static void *raise_new(struct py_type *type, struct py_object *const *args, size_t nargs)
{
    struct py_thread *thread = py_thread_current();
    struct py_object *e;
    if (type->flags & PY_TYPE_HEAP)
        e = py_call(PY_OBJ(type), args, nargs, NULL);
    else
        e = py_exc_make(type, args, nargs);
    if (!e) /* that failure is pending instead */
        return NULL;
    set_pending(thread, e);
    return NULL;
}

static void *raise_v(struct py_type *type, const char *format, va_list ap)
{
    struct py_object *message = PY_OBJ(py_str_format_v(format, ap));
    if (!message) { /* a repr in it failed: as in CPython, raised without a message */
        if (py_error_matches(&py_exc_MemoryError) || py_error_matches(&py_exc_RecursionError))
            return NULL;
        py_error_clear();
        return raise_new(type, NULL, 0);
    }
    PY_HOLD(&message);
    raise_new(type, &message, 1);
    py_clear(message);
    return NULL;
}

void *py_raise(struct py_type *type, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    raise_v(type, format, ap);
    va_end(ap);
    return NULL;
}

int py_raise_int(struct py_type *type, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    raise_v(type, format, ap);
    va_end(ap);
    return -1;
}

void *py_raise_object(struct py_type *type, struct py_object *arg)
{
    return raise_new(type, &arg, 1);
}

void *py_raise_instance(struct py_object *exc)
{
    set_pending(py_thread_current(), py_newref(exc));
    return NULL;
}

void *py_raise_no_memory(void)
{
    struct py_thread *thread = py_thread_current();
    /* Making one may fail for the same reason: then the nested failure arrives here again. */
    static bool nested;
    struct py_object *e = NULL;
    if (!nested) {
        nested = true;
        e = py_exc_make(&py_exc_MemoryError, NULL, 0);
        nested = false;
    }
    if (!e)
        e = py_exc_spare_memory_error();
    if (e)
        set_pending(thread, e);
    return NULL;
}

void *py_raise_os_error(int errnum, struct py_object *filename)
{
    struct py_object *args[3] = {py_int_from_i64(errnum), NULL, filename};
    PY_HOLD_N(args, 2);
    if (args[0])
        args[1] = PY_OBJ(py_str_from_cstr(strerror(errnum)));
    if (args[1])
        raise_new(&py_exc_OSError, args, filename ? 3 : 2);
    py_clear(args[0]);
    py_clear(args[1]);
    return NULL;
}

void *py_raise_key_error(struct py_object *key)
{
    return raise_new(&py_exc_KeyError, &key, 1);
}

void *py_raise_stop_iteration(struct py_object *value)
{
    return raise_new(&py_exc_StopIteration, &value, value ? 1 : 0);
}

void *py_raise_attribute(struct py_object *o, struct py_object *name)
{
    if (py_has_flag(o, PY_TYPE_IS_TYPE))
        py_raise(&py_exc_AttributeError, "type object '%.50s' has no attribute '%U'",
                 ((struct py_type *)o)->name, name);
    else
        py_raise(&py_exc_AttributeError, "'%.100s' object has no attribute '%U'",
                 py_typeof(o)->name, name);
    struct py_exc_attribute_error *e = (struct py_exc_attribute_error *)py_thread_current()->exc;
    if (e && py_typeof(e) == &py_exc_AttributeError) {
        struct py_object *kept = py_newref(name);
        py_setref(e->name, kept);
        kept = py_newref(o);
        py_setref(e->obj, kept);
    }
    return NULL;
}

void *py_raise_name_error(struct py_type *type, struct py_object *name, const char *format)
{
    py_raise(type, format, name);
    struct py_exc_name_error *e = (struct py_exc_name_error *)py_thread_current()->exc;
    if (e && py_typeof(e) == type) {
        struct py_object *kept = py_newref(name);
        py_setref(e->name, kept);
    }
    return NULL;
}

void *py_raise_bad_arg_type(const char *function, const char *expected, struct py_object *got)
{
    return py_raise(&py_exc_TypeError, "%s() argument must be %s, not %.200s", function, expected,
                    got == PY_NONE ? "None" : py_typeof(got)->name);
}

bool py_error_matches(const struct py_type *type)
{
    return py_isinstance_type(py_thread_current()->exc, type);
}

struct py_object *py_error_fetch(void)
{
    struct py_thread *thread = py_thread_current();
    struct py_object *e = thread->exc;
    thread->exc = NULL;
    return e;
}

void py_error_restore(struct py_object *exc)
{
    struct py_thread *thread = py_thread_current();
    struct py_object *old = thread->exc;
    thread->exc = exc;
    py_xdecref(old);
}

void py_error_clear(void)
{
    py_error_restore(NULL);
}

int py_error_catch_stop_iteration(struct py_object **value)
{
    struct py_thread *thread = py_thread_current();
    if (!thread->exc || !py_isinstance_type(thread->exc, &py_exc_StopIteration))
        return 0;
    struct py_object *e = py_error_fetch();
    if (value) {
        struct py_object *v = ((struct py_exc_stop_iteration *)e)->value;
        *value = py_newref(v ? v : PY_NONE);
    }
    py_decref(e);
    return 1;
}

void py_error_chain_context(struct py_object *old)
{
    struct py_thread *thread = py_thread_current();
    if (!old)
        return;
    if (!thread->exc) {
        thread->exc = old;
        return;
    }
    link_context((struct py_exc *)thread->exc, (struct py_exc *)old);
    py_decref(old);
}

struct py_object *py_exc_instantiate(struct py_object *what, struct py_object *arg)
{
    if (py_exc_check(what))
        return py_newref(what);
    if (!py_has_flag(what, PY_TYPE_IS_TYPE) ||
        !(((struct py_type *)what)->flags & PY_TYPE_IS_EXCEPTION))
        return py_raise(&py_exc_TypeError, "exceptions must derive from BaseException");
    struct py_object *e;
    if (arg && py_tuple_check(arg))
        e = py_call(what, ((struct py_tuple *)arg)->items,
                    (size_t)((struct py_tuple *)arg)->base.size, NULL);
    else
        e = py_call(what, &arg, arg ? 1 : 0, NULL);
    if (e && !py_exc_check(e)) {
        py_raise(&py_exc_TypeError,
                 "calling %R should have returned an instance of BaseException, not %R", what,
                 PY_OBJ(py_typeof(e)));
        py_decref(e);
        return NULL;
    }
    return e;
}
