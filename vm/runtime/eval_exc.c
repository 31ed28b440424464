/* Slow paths of the loop: raising, handling, with. Conventions as in eval_ops.c.
 *
 * A handler with depth d keeps the exception in R[d] and what was handled before it in R[d+1];
 * thread->handled->value borrows from R[d]. Leaving the handler, by whatever way, goes through
 * leave_handler, so the outer handled exception is always the one whose register is still alive.
 */
#include "vm/runtime/eval_internal.h"

#include "vm/object/exc.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/eval_operands.h"
#include "vm/runtime/ops.h"

static void leave_handler(struct py_thread *thread, struct py_frame *f, unsigned depth)
{
    thread->handled->value = f->regs[depth + 1]; /* owned further out as well */
    register_clear(f, depth);
    register_clear(f, depth + 1);
}

static struct py_object *handled_exception(const struct py_thread *thread)
{
    const struct py_exc_item *item = thread->handled;
    while (item && !item->value)
        item = item->prev;
    return item ? item->value : NULL;
}

/* Gives exc the cause of `raise exc from cause`. */
static int set_cause(struct py_exc *exc, struct py_object *cause)
{
    struct py_object *instance = NULL;
    if (cause != PY_NONE) {
        const bool is_class = py_has_flag(cause, PY_TYPE_IS_TYPE) &&
                              (((struct py_type *)cause)->flags & PY_TYPE_IS_EXCEPTION);
        if (!is_class && !py_exc_check(cause)) {
            py_raise(&py_exc_TypeError, "exception causes must derive from BaseException");
            return -1;
        }
        instance = is_class ? py_exc_instantiate(cause, NULL) : py_newref(cause);
        if (!instance)
            return -1;
    }
    exc->suppress_context = true;
    py_setref(exc->cause, (struct py_exc *)instance);
    return 0;
}

int eval_slow_RAISE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    const uint8_t x = INSN_X(w);
    if (x == 0) {
        struct py_object *const exc = handled_exception(thread);
        if (!exc) {
            py_raise(&py_exc_RuntimeError, "No active exception to reraise");
            return -1;
        }
        py_error_restore(py_newref(exc));
        return 1;
    }
    struct py_object *const what = operand(f, INSN_B(w));
    const bool is_class = py_has_flag(what, PY_TYPE_IS_TYPE) &&
                          (((struct py_type *)what)->flags & PY_TYPE_IS_EXCEPTION);
    if (!is_class && !py_exc_check(what)) {
        py_raise(&py_exc_TypeError, "exceptions must derive from BaseException");
        return -1;
    }
    struct py_object *exc = is_class ? py_exc_instantiate(what, NULL) : py_newref(what);
    if (!exc)
        return -1;
    PY_HOLD(&exc);
    if (x == 1 || set_cause((struct py_exc *)exc, operand(f, INSN_C(w))) == 0)
        py_raise_instance(exc);
    py_clear(exc);
    return -1;
}

int eval_slow_RERAISE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    const unsigned depth = INSN_A(w);
    const unsigned outer = INSN_B(w);
    struct py_object *exc = py_newref(f->regs[depth]);
    PY_HOLD(&exc);
    leave_handler(thread, f, depth);
    if (outer != 0xffff)
        leave_handler(thread, f, outer);
    py_error_restore(exc);
    exc = NULL;
    return -1;
}

int eval_slow_POP_EXCEPT(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    leave_handler(thread, f, INSN_A(w));
    return 0;
}

static bool is_exception_class(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_TYPE) &&
           (((const struct py_type *)o)->flags & PY_TYPE_IS_EXCEPTION);
}

int eval_slow_match(struct py_frame *f, uint64_t w)
{
    const struct py_object *const exc = f->regs[INSN_B(w)];
    struct py_object *const what = operand(f, INSN_C(w));
    int match = 0;
    if (is_exception_class(what)) {
        match = py_isinstance_type(exc, (const struct py_type *)what);
    } else {
        const struct py_tuple *const classes = (const struct py_tuple *)what;
        bool valid = py_tuple_check(what);
        for (int64_t i = 0; valid && i < classes->base.size; i++) {
            valid = is_exception_class(classes->items[i]);
            match |= valid && py_isinstance_type(exc, (struct py_type *)classes->items[i]);
        }
        if (!valid) {
            py_raise(&py_exc_TypeError, "catching classes that do not inherit from BaseException "
                                        "is not allowed");
            return -1;
        }
    }
    operand_consume(f, INSN_C(w));
    return match;
}

/* ---- except*
 * --------------------------------------------------------------------------------------- */

enum { /* registers above the handler's depth, see opcodes.def */
       GROUP_LIST = 2,
       GROUP_REST = 3,
       GROUP_MATCH = 4,
};

/* -1 unless what an except* clause names are exception classes that are no groups. */
static int check_group_types(struct py_object *what)
{
    struct py_object *const *types = &what;
    int64_t count = 1;
    if (py_tuple_check(what)) {
        types = ((struct py_tuple *)what)->items;
        count = ((struct py_tuple *)what)->base.size;
    }
    for (int64_t i = 0; i < count; i++)
        if (!is_exception_class(types[i]))
            return py_raise_int(&py_exc_TypeError, "catching classes that do not inherit from "
                                                   "BaseException is not allowed");
    for (int64_t i = 0; i < count; i++)
        if (py_type_is_subtype((struct py_type *)types[i], &py_exc_BaseExceptionGroup))
            return py_raise_int(&py_exc_TypeError, "catching ExceptionGroup with except* is not "
                                                   "allowed. Use except instead.");
    return 0;
}

int eval_slow_group_match(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    const unsigned depth = INSN_B(w);
    struct py_object *const type = operand(f, INSN_C(w));
    struct py_object *match = NULL, *rest = NULL;
    if (check_group_types(type) < 0)
        return -1;
    if (py_exc_group_match(f->regs[depth + GROUP_REST], type, &match, &rest) < 0)
        return -1;
    const bool matches = match != PY_NONE;
    if (matches) {
        f->regs[depth + GROUP_MATCH] = match;
        thread->handled->value = match;
    }
    register_store(f, depth + GROUP_REST, rest);
    operand_consume(f, INSN_C(w));
    return matches;
}

int eval_slow_EG_LEAVE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    const unsigned depth = INSN_A(w);
    thread->handled->value = f->regs[depth];
    register_clear(f, depth + GROUP_MATCH);
    return 0;
}

int eval_slow_group_finish(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    const unsigned depth = INSN_B(w);
    struct py_list *const raised = (struct py_list *)f->regs[depth + GROUP_LIST];
    if (py_list_append(raised, f->regs[depth + GROUP_REST]) < 0)
        return -1;
    struct py_object *result = py_exc_group_reraise(f->regs[depth], raised);
    if (!result)
        return -1;
    PY_HOLD(&result);
    register_clear(f, depth + GROUP_LIST);
    register_clear(f, depth + GROUP_REST);
    if (result == PY_NONE)
        return 0;
    struct py_object *old = f->regs[depth];
    PY_HOLD(&old);
    f->regs[depth] = result;
    thread->handled->value = result;
    result = NULL;
    py_clear(old);
    return 1;
}

/* ---- with
 * ---------------------------------------------------------------------------------------- */

int eval_slow_BEFORE_WITH(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const manager = operand(f, INSN_B(w));
    struct py_object *enter = py_lookup_special(manager, py_str_const("__enter__"));
    PY_HOLD(&enter);
    if (!enter) {
        if (!py_error_occurred())
            py_raise(&py_exc_TypeError,
                     "'%.200s' object does not support the context manager protocol",
                     manager->type->name);
        return -1;
    }
    struct py_object *exit = py_lookup_special(manager, py_str_const("__exit__"));
    if (!exit) {
        if (!py_error_occurred())
            py_raise(&py_exc_TypeError,
                     "'%.200s' object does not support the context manager protocol (missed "
                     "__exit__ method)",
                     manager->type->name);
        py_clear(enter);
        return -1;
    }
    f->regs[INSN_C(w)] = exit;
    struct py_object *const res = py_call0(enter);
    py_clear(enter);
    return operand_finish(f, w, res, INSN_B(w), OPERAND_NONE);
}

int eval_slow_WITH_EXIT(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const none[] = {PY_NONE, PY_NONE, PY_NONE};
    struct py_object *const res = py_call(f->regs[INSN_A(w)], none, 3, NULL);
    if (!res)
        return -1;
    py_decref(res);
    register_clear(f, INSN_A(w));
    return 0;
}

int eval_slow_WITH_EXCEPT(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_exc *const exc = (struct py_exc *)f->regs[INSN_C(w)];
    struct py_object *const args[] = {PY_OBJ(exc->base.type), PY_OBJ(exc),
                                      exc->traceback ? PY_OBJ(exc->traceback) : PY_NONE};
    return operand_finish(f, w, py_call(f->regs[INSN_B(w)], args, 3, NULL), OPERAND_NONE,
                          OPERAND_NONE);
}
