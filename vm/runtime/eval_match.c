/* Slow paths of the loop: pattern matching, and await and what is built on it. Conventions as in
 * eval_ops.c.
 */
#include "vm/runtime/eval_internal.h"

#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/gen.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/set.h"
#include "vm/object/slots.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/eval_operands.h"
#include "vm/runtime/ops.h"

/* ---- match ----------------------------------------------------------------------------------- */

bool eval_slow_match_test(struct py_frame *f, uint64_t w)
{
    return py_has_flag(f->regs[INSN_B(w)], INSN_X(w) ? PY_TYPE_MAPPING : PY_TYPE_SEQUENCE);
}

int eval_slow_GET_LEN(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    const int64_t length = py_length(f->regs[INSN_B(w)]);
    if (length < 0)
        return -1;
    return operand_finish(f, w, py_int_from_i64(length), OPERAND_NONE, OPERAND_NONE);
}

/* Values of a mapping for the keys, as a tuple; None if a key is missing. New. */
static struct py_object *match_keys(struct py_object *map, struct py_tuple *keys)
{
    struct py_object *result = NULL;
    struct py_object *get = py_getattr_cstr(map, "get");
    PY_HOLD(&get);
    struct py_set *seen = get ? py_set_new(NULL) : NULL;
    PY_HOLD(&seen);
    struct py_list *values = seen ? py_list_new(0) : NULL;
    PY_HOLD(&values);
    struct py_object *missing =
        values ? py_object_generic_new(&py_object_type, NULL, 0, NULL) : NULL;
    PY_HOLD(&missing);
    for (int64_t i = 0; missing && i < keys->base.size; i++) {
        struct py_object *const key = keys->items[i];
        const int found = py_set_contains(seen, key);
        if (found > 0)
            py_raise(&py_exc_ValueError, "mapping pattern checks duplicate key (%R)", key);
        if (found || py_set_add(seen, key) < 0)
            goto out;
        struct py_object *const value = py_call2(get, key, missing);
        if (!value)
            goto out;
        const bool absent = value == missing;
        if (py_list_append_steal(values, value) < 0)
            goto out;
        if (absent) {
            result = PY_NONE;
            goto out;
        }
    }
    if (missing)
        result = PY_OBJ(py_list_as_tuple(values));
out:
    py_clear(missing);
    py_clear(values);
    py_clear(seen);
    py_clear(get);
    return result;
}

int eval_slow_MATCH_KEYS(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_tuple *const keys = (struct py_tuple *)operand(f, INSN_C(w));
    return operand_finish(f, w, match_keys(f->regs[INSN_B(w)], keys), INSN_C(w), OPERAND_NONE);
}

/* Built-in types whose one positional sub-pattern is matched against the subject itself. */
static bool matches_self(const struct py_type *type)
{
    return (type->flags & (PY_TYPE_IS_INT | PY_TYPE_IS_LIST | PY_TYPE_IS_TUPLE | PY_TYPE_IS_BYTES |
                           PY_TYPE_IS_STR | PY_TYPE_IS_DICT | PY_TYPE_IS_FLOAT | PY_TYPE_IS_SET)) !=
               0 ||
           py_type_is_subtype(type, &py_bytearray_type);
}

/* Appends subject.name: 1, 0 when there is no such attribute, -1. */
static int add_attribute(struct py_list *attrs, struct py_set *seen, struct py_object *subject,
                         struct py_type *type, struct py_object *name)
{
    const int repeated = py_set_contains(seen, name);
    if (repeated > 0)
        return py_raise_int(&py_exc_TypeError, "%s() got multiple sub-patterns for attribute %R",
                            py_type_shortname(type), name);
    struct py_object *value = NULL;
    if (repeated < 0 || py_set_add(seen, name) < 0)
        return -1;
    const int found = py_getattr_optional(subject, name, &value);
    if (found <= 0)
        return found;
    return py_list_append_steal(attrs, value) < 0 ? -1 : 1;
}

static int add_positional(struct py_list *attrs, struct py_set *seen, struct py_object *subject,
                          struct py_type *type, int64_t count)
{
    struct py_object *match_args = NULL;
    if (py_getattr_optional(PY_OBJ(type), PY_OBJ(py_str_const("__match_args__")), &match_args) < 0)
        return -1;
    PY_HOLD(&match_args);
    int status = 1;
    const bool self = !match_args && matches_self(type);
    if (match_args && match_args->type != &py_tuple_type) {
        status = py_raise_int(&py_exc_TypeError, "%s.__match_args__ must be a tuple (got %s)",
                              py_type_shortname(type), match_args->type->name);
    } else {
        const struct py_tuple *const names = (const struct py_tuple *)match_args;
        const int64_t allowed = self ? 1 : names ? names->base.size : 0;
        if (allowed < count)
            status = py_raise_int(
                &py_exc_TypeError, "%s() accepts %d positional sub-pattern%s (%d given)",
                py_type_shortname(type), (int)allowed, allowed == 1 ? "" : "s", (int)count);
        else if (self && py_list_append(attrs, subject) < 0)
            status = -1;
        for (int64_t i = 0; status > 0 && !self && i < count; i++)
            status = py_str_check_exact(names->items[i])
                         ? add_attribute(attrs, seen, subject, type, names->items[i])
                         : py_raise_int(&py_exc_TypeError,
                                        "__match_args__ elements must be strings (got %s)",
                                        names->items[i]->type->name);
    }
    py_clear(match_args);
    return status;
}

/* The attributes that a class pattern looks at, as a tuple; None if the subject does not match. */
static struct py_object *match_class(struct py_object *subject, struct py_object *cls,
                                     int64_t count, struct py_tuple *names)
{
    if (!py_has_flag(cls, PY_TYPE_IS_TYPE))
        return py_raise(&py_exc_TypeError, "called match pattern must be a type");
    const int is_instance = py_isinstance(subject, cls);
    if (is_instance <= 0)
        return is_instance < 0 ? NULL : PY_NONE;
    struct py_type *const type = (struct py_type *)cls;
    struct py_list *attrs = py_list_new(0);
    PY_HOLD(&attrs);
    struct py_set *seen = attrs ? py_set_new(NULL) : NULL;
    PY_HOLD(&seen);
    int status = seen ? 1 : -1;
    if (status > 0 && count > 0)
        status = add_positional(attrs, seen, subject, type, count);
    for (int64_t i = 0; status > 0 && i < names->base.size; i++)
        status = add_attribute(attrs, seen, subject, type, names->items[i]);
    struct py_object *const result = status < 0    ? NULL
                                     : status == 0 ? PY_NONE
                                                   : PY_OBJ(py_list_as_tuple(attrs));
    py_clear(seen);
    py_clear(attrs);
    return result;
}

int eval_slow_MATCH_CLASS(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    const unsigned window = INSN_C(w);
    struct py_object *result = match_class(f->regs[INSN_B(w)], f->regs[window], INSN_X(w),
                                           (struct py_tuple *)f->regs[window + 1]);
    if (!result)
        return -1;
    PY_HOLD(&result);
    register_clear(f, window);
    register_clear(f, window + 1);
    register_store(f, INSN_A(w), result);
    result = NULL;
    return 0;
}

/* ---- await ----------------------------------------------------------------------------------- */

int eval_slow_GET_AWAITABLE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const o = operand(f, INSN_B(w));
    const unsigned from = INSN_X(w);
    if (from && !o->type->await && !py_is_coroutine(o)) {
        py_raise(&py_exc_TypeError,
                 "'async with' received an object from %s that does not implement __await__: "
                 "%.100s",
                 from == 1 ? "__aenter__" : "__aexit__", o->type->name);
        return -1;
    }
    struct py_object *it = py_awaitable_iter(o);
    if (it && it->type == &py_coroutine_type) {
        const struct py_gen *const coroutine = (const struct py_gen *)it;
        if (coroutine->state == PY_GEN_SUSPENDED && coroutine->yield_from) {
            PY_HOLD(&it);
            py_clear(it);
            py_raise(&py_exc_RuntimeError, "coroutine is being awaited already");
            return -1;
        }
    }
    return operand_finish(f, w, it, INSN_B(w), OPERAND_NONE);
}

int eval_slow_GET_AITER(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const o = operand(f, INSN_B(w));
    if (!o->type->aiter) {
        py_raise(&py_exc_TypeError,
                 "'async for' requires an object with __aiter__ method, got %.100s", o->type->name);
        return -1;
    }
    struct py_object *it = o->type->aiter(o);
    if (it && !it->type->anext) {
        PY_HOLD(&it);
        py_raise(&py_exc_TypeError,
                 "'async for' received an object from __aiter__ that does not implement "
                 "__anext__: %.100s",
                 it->type->name);
        py_clear(it);
        return -1;
    }
    return operand_finish(f, w, it, INSN_B(w), OPERAND_NONE);
}

int eval_slow_GET_ANEXT(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const it = f->regs[INSN_B(w)];
    if (!it->type->anext) {
        py_raise(&py_exc_TypeError,
                 "'async for' requires an iterator with __anext__ method, got %.100s",
                 it->type->name);
        return -1;
    }
    struct py_object *next = it->type->anext(it);
    if (!next)
        return -1;
    if (it->type == &py_async_gen_type)
        return operand_finish(f, w, next, OPERAND_NONE, OPERAND_NONE);
    PY_HOLD(&next);
    struct py_object *const awaitable = py_awaitable_iter(next);
    if (!awaitable) {
        struct py_object *cause = py_error_fetch();
        PY_HOLD(&cause);
        py_raise(&py_exc_TypeError, "'async for' received an invalid object from __anext__: %.100s",
                 next->type->name);
        struct py_exc *const exc = (struct py_exc *)py_thread_current()->exc;
        if (exc && exc->base.type == &py_exc_TypeError) {
            py_setref(exc->cause, (struct py_exc *)py_newref(cause));
            py_setref(exc->context, (struct py_exc *)py_newref(cause));
            exc->suppress_context = true;
        }
        py_clear(cause);
    }
    py_clear(next);
    return operand_finish(f, w, awaitable, OPERAND_NONE, OPERAND_NONE);
}

int eval_slow_ASYNC_WRAP(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    return operand_finish(f, w, py_async_wrap(operand(f, INSN_B(w))), INSN_B(w), OPERAND_NONE);
}

int eval_slow_LOAD_STOP_ASYNC(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    register_store(f, INSN_A(w), PY_OBJ(&py_exc_StopAsyncIteration));
    return 0;
}

int eval_slow_BEFORE_ASYNC_WITH(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const manager = operand(f, INSN_B(w));
    struct py_object *enter = py_lookup_special(manager, py_str_const("__aenter__"));
    PY_HOLD(&enter);
    if (!enter) {
        if (!py_error_occurred())
            py_raise(&py_exc_TypeError,
                     "'%.200s' object does not support the asynchronous context manager protocol",
                     manager->type->name);
        return -1;
    }
    struct py_object *exit = py_lookup_special(manager, py_str_const("__aexit__"));
    if (!exit) {
        if (!py_error_occurred())
            py_raise(&py_exc_TypeError,
                     "'%.200s' object does not support the asynchronous context manager protocol "
                     "(missed __aexit__ method)",
                     manager->type->name);
        py_clear(enter);
        return -1;
    }
    f->regs[INSN_C(w)] = exit;
    struct py_object *const res = py_call0(enter);
    py_clear(enter);
    return operand_finish(f, w, res, INSN_B(w), OPERAND_NONE);
}
