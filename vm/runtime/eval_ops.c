/* Slow paths of the loop: names, operators, attributes, items, iteration, calls.
 *
 * Each eval_slow_X does one whole instruction: it reads operands from the word, stores the result,
 * consumes temporaries and fills inline caches. frame->pc is stored. All counts test the trace
 * flag, so these functions are right whichever loop called them and whatever mode comes into
 * force while they run.
 */
#include "vm/runtime/eval_internal.h"

#include "vm/memory/heap_inline.h"
#include "vm/object/bytes.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/instance.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/range.h"
#include "vm/object/set.h"
#include "vm/object/slots.h"
#include "vm/object/slots_trampoline.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/probe/loop.h"
#include "vm/probe/probe.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/eval_operands.h"
#include "vm/runtime/ops.h"

int32_t py_eval_switch_blocked;

/* Nothing of it can run Python code. */
static inline bool is_plain_number(const struct py_object *o)
{
    return o->type == &py_float_type ||
           (o->type == &py_int_type && (uint64_t)(((const struct py_int *)o)->base.size + 1) <= 2);
}

static void dealloc_blocking(struct py_object *o)
{
    py_eval_switch_blocked++;
    py_dealloc(o);
    py_eval_switch_blocked--;
}

void eval_dealloc(struct py_object *o)
{
    if (is_plain_number(o))
        py_object_free_plain(o);
    else
        dealloc_blocking(o);
}

void eval_dealloc_at(struct py_object *o, unsigned site)
{
    if (!is_plain_number(o)) {
        dealloc_blocking(o);
        return;
    }
    if (PY_TRACING(PY_TRACE_ALLOC))
        probe_free_at(o, site);
    o->type = NULL;
    py_pool_push(o);
}

#ifndef BRILLE_NO_TRACE
char *eval_dealloc_hot(struct py_object *o, struct py_frame *f, const uint64_t *pc, char *hot)
{
    if (!is_plain_number(o)) {
        f->pc = pc;
        trace_hot.p = hot;
        dealloc_blocking(o);
        return trace_hot.p;
    }
    if (PY_TRACING(PY_TRACE_ALLOC))
        probe_loop_free(hot, o, pc);
    o->type = NULL;
    py_pool_push(o);
    return hot;
}
#endif

void eval_drop(struct py_object *o)
{
    py_decref(o);
}

void eval_store(struct py_object **slot, struct py_object *res)
{
    struct py_object *const old = *slot;
    *slot = res;
    py_xdecref(old);
}

void eval_end_call(struct py_object **window, size_t nargs, struct py_object **dest,
                   struct py_object *res)
{
    struct py_object *const callable = window[0];
    window[0] = res; /* a register owns it: dropping can run Python code */
    py_decref(callable);
    for (size_t i = 1; i < nargs + 2; i++) {
        struct py_object *const o = window[i];
        window[i] = NULL;
        py_xdecref(o);
    }
    window[0] = NULL;
    eval_store(dest, res);
}

/* ---- names ---------------------------------------------------------------------------------- */

void *eval_raise_unbound(struct py_frame *f, unsigned name_const, bool free_variable)
{
    struct py_str *const name = operand_name(f, name_const);
    if (free_variable)
        return py_raise(&py_exc_NameError,
                        "cannot access free variable '%U' where it is not associated with a value "
                        "in enclosing scope",
                        name);
    return py_raise(&py_exc_UnboundLocalError,
                    "cannot access local variable '%U' where it is not associated with a value",
                    name);
}

static void *raise_name_error(struct py_str *name)
{
    py_raise(&py_exc_NameError, "name '%U' is not defined", name);
    struct py_exc_attribute_error *const exc =
        (struct py_exc_attribute_error *)py_thread_current()->exc;
    if (exc && exc->exc.base.type == &py_exc_NameError)
        py_setref(exc->name, PY_OBJ(py_newref(name)));
    return NULL;
}

/* Looks in globals, then builtins, filling the cache at f->pc. New; NULL: NameError. */
static struct py_object *load_global(struct py_frame *f, struct py_str *name)
{
    uint64_t *const cache = (uint64_t *)(uintptr_t)(f->pc + 1);
    struct py_object *o = py_dict_get_str(f->globals, name);
    cache[0] = 0;
    if (!py_dict_check_exact(PY_OBJ(f->globals))) { /* its __getitem__ or __missing__ may answer */
        o = py_getitem(PY_OBJ(f->globals), PY_OBJ(name));
        if (o)
            return o;
        if (!py_error_matches(&py_exc_KeyError))
            return NULL;
        py_error_clear();
    } else if (o) {
        py_incref(o);
        const int64_t entry = py_dict_find_entry(f->globals, name);
        const uint32_t version = py_dict_keys_version(f->globals);
        if (entry >= 0 && version) {
            cache[1] = (uint64_t)entry;
            cache[0] = version;
        }
        return o;
    }
    if (!py_dict_check_exact(f->builtins)) {
        o = py_getitem(f->builtins, PY_OBJ(name));
        if (o)
            return o;
        if (!py_error_matches(&py_exc_KeyError))
            return NULL;
        py_error_clear();
        return raise_name_error(name);
    }
    struct py_dict *const builtins = (struct py_dict *)f->builtins;
    o = py_dict_get_str(builtins, name);
    if (!o)
        return raise_name_error(name);
    const int64_t entry = py_dict_find_entry(builtins, name);
    const uint32_t globals_version = py_dict_keys_version(f->globals);
    const uint32_t version = py_dict_keys_version(builtins);
    if (entry >= 0 && version && globals_version) {
        cache[1] = (uint64_t)entry;
        cache[0] = globals_version | (uint64_t)version << 32;
    }
    return py_newref(o);
}

int eval_slow_LOAD_GLOBAL(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const o = load_global(f, operand_name(f, INSN_B(w)));
    if (!o)
        return -1;
    register_store(f, INSN_A(w), o);
    return 0;
}

/* name in a locals mapping: 1 and new *out, 0 absent, -1. */
static int load_from_locals(struct py_object *locals, struct py_str *name, struct py_object **out)
{
    if (py_dict_check_exact(locals)) {
        *out = py_dict_get_str((struct py_dict *)locals, name);
        py_xincref(*out);
        return *out != NULL;
    }
    *out = py_getitem(locals, PY_OBJ(name));
    if (*out)
        return 1;
    if (!py_error_matches(&py_exc_KeyError))
        return -1;
    py_error_clear();
    return 0;
}

int eval_slow_LOAD_NAME(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_str *const name = operand_name(f, INSN_B(w));
    struct py_object *o = NULL;
    if (f->locals && f->locals != PY_OBJ(f->globals)) {
        const int found = load_from_locals(f->locals, name, &o);
        if (found < 0)
            return -1;
    }
    if (!o) {
        o = load_global(f, name);
        if (!o)
            return -1;
    }
    register_store(f, INSN_A(w), o);
    return 0;
}

/* After name was stored in globals: remember where, for the next time through this instruction. */
static void cache_global_store(struct py_frame *f, struct py_str *name)
{
    uint64_t *const cache = (uint64_t *)(uintptr_t)(f->pc + 1);
    cache[0] = 0;
    if (!py_dict_check_exact(PY_OBJ(f->globals)))
        return;
    const int64_t entry = py_dict_find_entry(f->globals, name);
    if (entry < 0)
        return;
    cache[1] = (uint64_t)entry;
    cache[0] = py_dict_keys_version(f->globals);
}

int eval_slow_STORE_NAME(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_str *const name = operand_name(f, INSN_A(w));
    if (!f->locals) {
        py_raise(&py_exc_SystemError, "no locals found when storing '%U'", name);
        return -1;
    }
    struct py_object *const value = operand(f, INSN_B(w));
    const int failed = py_dict_check_exact(f->locals)
                           ? py_dict_set((struct py_dict *)f->locals, PY_OBJ(name), value)
                           : py_setitem(f->locals, PY_OBJ(name), value);
    if (failed < 0)
        return -1;
    if (f->locals == PY_OBJ(f->globals))
        cache_global_store(f, name);
    operand_consume(f, INSN_B(w));
    return 0;
}

int eval_slow_DEL_NAME(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_str *const name = operand_name(f, INSN_A(w));
    if (py_delitem(f->locals, PY_OBJ(name)) == 0)
        return 0;
    if (py_error_matches(&py_exc_KeyError)) {
        py_error_clear();
        raise_name_error(name);
    }
    return -1;
}

int eval_slow_STORE_GLOBAL(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_str *const name = operand_name(f, INSN_A(w));
    if (py_dict_set(f->globals, PY_OBJ(name), operand(f, INSN_B(w))) < 0)
        return -1;
    cache_global_store(f, name);
    operand_consume(f, INSN_B(w));
    return 0;
}

int eval_slow_DEL_GLOBAL(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_str *const name = operand_name(f, INSN_A(w));
    if (py_dict_del(f->globals, PY_OBJ(name)) == 0)
        return 0;
    if (py_error_matches(&py_exc_KeyError)) {
        py_error_clear();
        raise_name_error(name);
    }
    return -1;
}

int eval_slow_LOAD_CLASSDEREF(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *o = NULL;
    if (f->locals && load_from_locals(f->locals, operand_name(f, INSN_C(w)), &o) < 0)
        return -1;
    if (!o) {
        o = ((struct py_cell *)f->func->closure->items[INSN_B(w)])->value;
        if (!o) {
            eval_raise_unbound(f, INSN_C(w), true);
            return -1;
        }
        py_incref(o);
    }
    register_store(f, INSN_A(w), o);
    return 0;
}

/* ---- operators --------------------------------------------------------------------------------
 */

static enum py_binary_op binary_op_of(uint64_t w, bool *inplace)
{
    const uint8_t x = INSN_X(w);
    switch ((enum opcode)INSN_OP(w)) {
    case OP_ADD:
        *inplace = x;
        return PY_NB_ADD;
    case OP_SUB:
        *inplace = x;
        return PY_NB_SUB;
    case OP_MUL:
        *inplace = x;
        return PY_NB_MUL;
    case OP_TRUEDIV:
        *inplace = x;
        return PY_NB_TRUEDIV;
    case OP_FLOORDIV:
        *inplace = x;
        return PY_NB_FLOORDIV;
    case OP_MOD:
        *inplace = x;
        return PY_NB_MOD;
    default:
        *inplace = x & 128;
        return x & 127;
    }
}

int eval_slow_BINARY(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    bool inplace;
    const enum py_binary_op op = binary_op_of(w, &inplace);
    struct py_object *const b = operand(f, INSN_B(w));
    struct py_object *const c = operand(f, INSN_C(w));
    return operand_finish(f, w, inplace ? py_inplace(op, b, c) : py_binary(op, b, c), INSN_B(w),
                          INSN_C(w));
}

int eval_slow_UNARY(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    const enum opcode op = INSN_OP(w);
    const enum py_unary_op unary = op == OP_NEG   ? PY_UN_NEG
                                   : op == OP_POS ? PY_UN_POS
                                                  : PY_UN_INVERT;
    return operand_finish(f, w, py_unary(unary, operand(f, INSN_B(w))), INSN_B(w), OPERAND_NONE);
}

int eval_slow_COMPARE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    return operand_finish(f, w,
                          py_richcompare(operand(f, INSN_B(w)), operand(f, INSN_C(w)), INSN_X(w)),
                          INSN_B(w), INSN_C(w));
}

int eval_slow_compare_truth(struct py_frame *f, uint64_t w, int op)
{
    struct py_object *res = py_richcompare(operand(f, INSN_B(w)), operand(f, INSN_C(w)), op);
    if (!res)
        return -1;
    int truth;
    if (res == PY_TRUE || res == PY_FALSE) {
        truth = res == PY_TRUE;
    } else {
        PY_HOLD(&res);
        truth = py_truth(res);
        py_decref(res);
        res = NULL;
        if (truth < 0)
            return -1;
    }
    operand_consume(f, INSN_B(w));
    operand_consume(f, INSN_C(w));
    return truth;
}

int eval_slow_contains_truth(struct py_frame *f, uint64_t w)
{
    const int found = py_contains(operand(f, INSN_C(w)), operand(f, INSN_B(w)));
    if (found < 0)
        return -1;
    operand_consume(f, INSN_B(w));
    operand_consume(f, INSN_C(w));
    return found;
}

int eval_slow_CONTAINS(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    const int found = py_contains(operand(f, INSN_C(w)), operand(f, INSN_B(w)));
    if (found < 0)
        return -1;
    return operand_finish(f, w, found != INSN_X(w) ? PY_TRUE : PY_FALSE, INSN_B(w), INSN_C(w));
}

int eval_slow_truth(struct py_frame *f, uint64_t w)
{
    const int truth = py_truth(operand(f, INSN_B(w)));
    if (truth < 0)
        return -1;
    operand_consume(f, INSN_B(w));
    return truth;
}

/* ---- attributes ---------------------------------------------------------------------------------
 */

struct attr_far eval_attr_far[ATTR_FAR_USES][ATTR_FAR_SIZE];

static enum attr_far_use attr_far_use(uint64_t w)
{
    switch ((enum opcode)INSN_OP(w)) {
    case OP_GETATTR:
        return ATTR_FAR_GET;
    case OP_SETATTR:
        return ATTR_FAR_SET;
    default:
        return ATTR_FAR_METHOD;
    }
}

/* Writes an entry into the two-entry cache at f->pc: the first free one, else the older moves out.
 * From the third class on the common table has it too: the two would go round for ever. */
static void attr_cache_set(struct py_frame *f, uint64_t head, uint64_t datum)
{
    uint64_t *const cache = (uint64_t *)(uintptr_t)(f->pc + 1);
    if (cache[0] && (uint32_t)cache[0] != (uint32_t)head) {
        if (cache[2]) {
            const uint64_t w = *f->pc;
            const struct py_str *const name = operand_name(f, INSN_C(w));
            *attr_far_slot(attr_far_use(w), (uint32_t)head, name) =
                (struct attr_far){.head = head, .datum = datum, .name = name, .hash = name->hash};
        }
        cache[2] = cache[0];
        cache[3] = cache[1];
    }
    cache[0] = head;
    cache[1] = datum;
}

/* Offset of the object member behind a slot descriptor of the type, or 0. */
static uint32_t slot_offset(struct py_object *descr)
{
    if (!descr || descr->type != &py_member_descr_type)
        return 0;
    const struct py_member_def *const def = ((struct py_descr *)descr)->def;
    return def->kind == PY_MEMBER_OBJECT_EX && def->offset < 0xffff ? def->offset : 0;
}

/* How a class attribute that the instance may hide can be cached: as CLASS when instances have no
 * place for it, SHADOW when they have a shape, EMPTY when they have a plain dict. */
static enum attr_cache_kind class_attr_kind(const struct py_type *type)
{
    if (type->flags & PY_TYPE_MANAGED_DICT)
        return type->shape ? ATTR_SHADOW : ATTR_EMPTY;
    return type->dict_offset ? ATTR_EMPTY : ATTR_CLASS;
}

/* After a successful generic lookup of o.name: remember how, if it can be had the same way next
 * time. descr is what the type has under that name (borrowed, may be NULL). */
static void cache_getattr(struct py_frame *f, struct py_object *o, struct py_str *name,
                          struct py_object *descr, bool for_method)
{
    struct py_type *const type = o->type;
    if (type->getattr != py_object_generic_getattr && type != &py_module_type)
        return;
    const uint32_t version = py_type_version(type);
    if (!version)
        return;
    if (type == &py_module_type) {
        struct py_dict *const dict = ((struct py_module *)o)->dict;
        const int64_t entry = dict ? py_dict_find_entry(dict, name) : -1;
        const uint32_t keys = entry >= 0 ? py_dict_keys_version(dict) : 0;
        if (!for_method && keys && entry < 0xffff && !descr)
            attr_cache_set(f, ATTR_CACHE(version, ATTR_DICT, entry), keys);
        return;
    }
    if (descr && py_is_data_descr(descr)) {
        const uint32_t offset = for_method ? 0 : slot_offset(descr);
        if (offset)
            attr_cache_set(f, ATTR_CACHE(version, ATTR_SLOT, offset), 0);
        return;
    }
    if (descr && py_has_flag(descr, PY_TYPE_HEAP))
        return; /* its class may become a descriptor's any time, and no version would tell */
    /* A name of the shape may be hidden in the next instance, even if this one keeps a dict. */
    const int index = type->shape ? py_shape_find(type->shape, name) : -1;
    if (index >= 0) {
        const struct py_values *const values = *py_values_slot(o);
        if (!for_method && values && index < values->capacity && values->v[index])
            attr_cache_set(f, ATTR_CACHE(version, ATTR_VALUE, index), 0);
        return;
    }
    if (!descr ||
        (for_method ? !py_has_flag(descr, PY_TYPE_METHOD_DESCR) : descr->type->descr_get != NULL))
        return;
    const enum attr_cache_kind kind = class_attr_kind(type);
    if (kind != ATTR_EMPTY)
        attr_cache_set(f, ATTR_CACHE(version, kind, kind == ATTR_SHADOW ? type->shape->count : 0),
                       (uintptr_t)descr);
}

int eval_slow_GETATTR(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const o = operand(f, INSN_B(w));
    struct py_str *const name = operand_name(f, INSN_C(w));
    struct py_object *const res = py_getattr(o, PY_OBJ(name));
    if (res)
        cache_getattr(f, o, name, py_type_lookup(o->type, name), false);
    return operand_finish(f, w, res, INSN_B(w), OPERAND_NONE);
}

/* Is o.name what the type's method under that name gives, with nothing in the instance before it?
 */
static bool method_is_plain(struct py_object *o, struct py_str *name, struct py_object *descr)
{
    struct py_type *const type = o->type;
    if (!descr || !py_has_flag(descr, PY_TYPE_METHOD_DESCR) ||
        type->getattr != py_object_generic_getattr)
        return false;
    if (type->flags & PY_TYPE_MANAGED_DICT)
        return py_instance_get(o, name) == NULL;
    if (type->dict_offset) {
        struct py_dict *const dict = py_object_dict(o, false);
        return !dict || !py_dict_get_str(dict, name);
    }
    return true;
}

int eval_slow_LOAD_METHOD(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const o = operand(f, INSN_B(w));
    struct py_str *const name = operand_name(f, INSN_C(w));
    struct py_object *const descr = py_type_lookup(o->type, name);
    struct py_object **const window = &f->regs[INSN_A(w)];
    if (method_is_plain(o, name, descr)) {
        cache_getattr(f, o, name, descr, true);
        struct py_object *const self = operand_take(f, INSN_B(w));
        window[0] = py_newref(descr);
        window[1] = self;
        return 0;
    }
    struct py_object *const attr = py_getattr(o, PY_OBJ(name));
    if (!attr)
        return -1;
    operand_consume(f, INSN_B(w));
    window[0] = attr;
    return 0;
}

int eval_slow_SETATTR(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const o = operand(f, INSN_A(w));
    struct py_str *const name = operand_name(f, INSN_C(w));
    struct py_type *const type = o->type;
    if (py_setattr(o, PY_OBJ(name), operand(f, INSN_B(w))) < 0)
        return -1;
    const uint32_t version =
        type->setattr == py_object_generic_setattr && o->type == type ? py_type_version(type) : 0;
    if (version) {
        struct py_object *const descr = py_type_lookup(type, name);
        const uint32_t offset = slot_offset(descr);
        const bool may_change = descr && py_has_flag(descr, PY_TYPE_HEAP); /* see cache_getattr */
        const int index =
            type->shape && *py_values_slot(o) && !may_change && !(descr && py_is_data_descr(descr))
                ? py_shape_find(type->shape, name)
                : -1;
        if (offset && !((const struct py_member_def *)((struct py_descr *)descr)->def)->readonly)
            attr_cache_set(f, ATTR_CACHE(version, ATTR_SLOT, offset), 0);
        else if (index >= 0)
            attr_cache_set(f, ATTR_CACHE(version, ATTR_VALUE, index), 0);
    }
    operand_consume(f, INSN_A(w));
    operand_consume(f, INSN_B(w));
    return 0;
}

int eval_slow_DELATTR(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    if (py_setattr(operand(f, INSN_A(w)), PY_OBJ(operand_name(f, INSN_C(w))), NULL) < 0)
        return -1;
    operand_consume(f, INSN_A(w));
    return 0;
}

/* ---- items ------------------------------------------------------------------------------------
 */

int eval_slow_GETITEM(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    return operand_finish(f, w, py_getitem(operand(f, INSN_B(w)), operand(f, INSN_C(w))), INSN_B(w),
                          INSN_C(w));
}

int eval_slow_SETITEM(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const o = operand(f, INSN_A(w));
    struct py_object *const key = operand(f, INSN_B(w));
    struct py_object *const value = operand(f, INSN_C(w));
    const int failed = py_dict_check_exact(o) ? py_dict_set((struct py_dict *)o, key, value)
                                              : py_setitem(o, key, value);
    if (failed < 0)
        return -1;
    operand_consume(f, INSN_C(w));
    operand_consume(f, INSN_A(w));
    operand_consume(f, INSN_B(w));
    return 0;
}

int eval_slow_DELITEM(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    if (py_delitem(operand(f, INSN_A(w)), operand(f, INSN_B(w))) < 0)
        return -1;
    operand_consume(f, INSN_A(w));
    operand_consume(f, INSN_B(w));
    return 0;
}

/* ---- iteration ----------------------------------------------------------------------------------
 */

int eval_slow_GET_ITER(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    return operand_finish(f, w, py_iter(operand(f, INSN_B(w))), INSN_B(w), OPERAND_NONE);
}

int eval_slow_next(struct py_frame *f, uint64_t w)
{
    struct py_object *const res = py_next(f->regs[INSN_B(w)]);
    if (!res)
        return py_error_occurred() ? -1 : 0;
    register_store(f, INSN_A(w), res);
    return 1;
}

int eval_slow_GET_YIELD_ITER(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    struct py_object *const o = operand(f, INSN_B(w));
    if (o->type != &py_coroutine_type)
        return eval_slow_GET_ITER(thread, f, w);
    if (!(f->code->flags & (PY_CODE_COROUTINE | PY_CODE_ITERABLE_COROUTINE))) {
        py_raise(&py_exc_TypeError,
                 "cannot 'yield from' a coroutine object in a non-coroutine generator");
        return -1;
    }
    return operand_finish(f, w, py_newref(o), INSN_B(w), OPERAND_NONE);
}

/* Sends f->regs[c] to the iterator: a generator by resuming it, None by next(), else by .send().
 * 1 and *yielded (new); 0 and *result (new) when it returned; -1. */
static int delegate_send(struct py_object *it, struct py_object *value, struct py_object **yielded,
                         struct py_object **result)
{
    if (it->type == &py_gen_type || it->type == &py_coroutine_type) {
        *yielded = py_gen_resume((struct py_gen *)it, value, false, result);
        return *yielded ? 1 : *result ? 0 : -1;
    }
    if (!value || value == PY_NONE) {
        if (!it->type->iternext) {
            py_raise(&py_exc_TypeError, "'%.200s' object is not an iterator", it->type->name);
            return -1;
        }
        if (it->type->iternext == tramp_iternext) /* the slot would drop the exception's value */
            *yielded = py_call_special(it, py_str_const("__next__"), NULL, 0);
        else
            *yielded = it->type->iternext(it);
    } else {
        *yielded = py_call_method_cstr(it, "send", 1, value);
    }
    if (*yielded)
        return 1;
    if (!py_error_occurred()) {
        *result = PY_NONE;
        return 0;
    }
    return py_error_catch_stop_iteration(result) ? 0 : -1;
}

int eval_slow_yield_from(struct py_frame *f, uint64_t w, struct py_object **yielded)
{
    struct py_object *result = NULL;
    const int step = delegate_send(f->regs[INSN_B(w)], f->regs[INSN_C(w)], yielded, &result);
    if (step < 0)
        return -1;
    register_clear(f, INSN_C(w));
    if (step == 0) {
        register_store(f, INSN_A(w), result);
        register_clear(f, INSN_B(w));
    }
    return step;
}

/* ---- calls --------------------------------------------------------------------------------------
 */

/* Ends a call: drops callable and arguments, then stores the result (stolen), which waits in the
 * window's first register because dropping can run Python code. */
static void finish_call(struct py_frame *f, uint64_t w, struct py_object **window, size_t n,
                        struct py_object *res)
{
    struct py_object *o = window[0];
    window[0] = res;
    py_decref(o);
    for (size_t i = 1; i < n; i++) {
        o = window[i];
        window[i] = NULL;
        py_xdecref(o);
    }
    window[0] = NULL;
    register_store(f, INSN_A(w), res);
}

/* A call may have blocked for long, and straight-line code has no other safepoint. */
static int after_call(struct py_thread *thread)
{
    return py_eval_breaker() ? py_safepoint(thread) : 0;
}

int eval_slow_CALL_GENERIC(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    struct py_object **const window = &f->regs[INSN_B(w)];
    struct py_tuple *const names =
        INSN_OP(w) == OP_CALL_KW ? (struct py_tuple *)f->code->consts[f->pc[1]] : NULL;
    const size_t given = INSN_C(w) - (names ? (size_t)names->base.size : 0);
    struct py_object *const res = window[1] ? py_call(window[0], window + 1, given + 1, names)
                                            : py_call(window[0], window + 2, given, names);
    if (!res)
        return -1;
    finish_call(f, w, window, 2 + (size_t)INSN_C(w), res);
    return after_call(thread);
}

int eval_slow_CALL_EX(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    struct py_object **const window = &f->regs[INSN_B(w)];
    if (!py_tuple_check(window[1])) {
        struct py_object *const given = window[1];
        if (!given->type->iter && !given->type->item && !given->type->subscript) {
            struct py_str *const name = py_callable_text(window[0]);
            if (name)
                py_raise(&py_exc_TypeError, "%U argument after * must be an iterable, not %.200s",
                         name, given->type->name);
            py_xdecref(name);
            return -1;
        }
        struct py_tuple *const args = py_tuple_from_iterable(given);
        if (!args)
            return -1;
        window[1] = PY_OBJ(args);
        py_decref(given);
    }
    struct py_object *const res = py_call_tuple(window[0], (struct py_tuple *)window[1],
                                                INSN_X(w) ? (struct py_dict *)window[2] : NULL);
    if (!res)
        return -1;
    finish_call(f, w, window, 3, res);
    return after_call(thread);
}

struct py_function *eval_prepare_init(struct py_object **window, uint64_t *cache)
{
    struct py_type *const type = (struct py_type *)window[0];
    struct py_function *init;
    const uint32_t version = type->version;
    if (version && (uint32_t)cache[0] == version) {
        init = (struct py_function *)cache[1];
    } else {
        static struct py_str *name;
        if (!name)
            name = py_str_const("__init__");
        if (!(type->flags & PY_TYPE_HEAP) || type->base.base.type != &py_type_type ||
            type->new_ != py_object_generic_new)
            return NULL;
        init = (struct py_function *)py_type_lookup(type, name);
        if (!init || init->base.type != &py_function_type ||
            !(init->code->flags & PY_CODE_OPTIMIZED) ||
            (init->code->flags & (PY_CODE_GENERATOR | PY_CODE_COROUTINE | PY_CODE_ASYNC_GEN)))
            return NULL;
        const uint32_t fresh = py_type_version(type);
        if (fresh && !(type->flags & PY_TYPE_ABSTRACT)) {
            cache[1] = (uintptr_t)init;
            cache[0] = fresh;
        }
    }
    if (type->flags & PY_TYPE_ABSTRACT)
        return NULL; /* type.__call__ raises */
    struct py_object *const self = py_object_generic_new(type, NULL, 0, NULL);
    if (!self)
        return NULL;
    window[0] = self;
    window[1] = py_newref(self);
    py_decref(type); /* the instance keeps it alive */
    return init;
}
