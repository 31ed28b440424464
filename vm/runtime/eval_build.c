/* Slow paths of the loop: building and taking apart containers, formatting, making functions and
 * classes, importing. Conventions as in eval_ops.c; windows are moved from, so each function
 * leaves their registers NULL. */
#include "vm/runtime/eval_internal.h"

#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/range.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/eval_operands.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"

static void window_clear(struct py_frame *f, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        register_clear(f, first + i);
}

/* A bound of a slice that is None or a short int, from the front and within the list. */
static inline bool list_bound(const struct py_object *o, int64_t size, int64_t none, bool backwards,
                              int64_t *out)
{
    if (o == PY_NONE) {
        *out = none;
        return true;
    }
    if (o->type != &py_int_type || !py_int_is_compact(o))
        return false;
    int64_t i = py_int_compact_value(o);
    if (i < 0)
        i = i + size < 0 ? -1 : i + size;
    *out = backwards ? (i < size ? i : size - 1) : i < 0 ? 0 : i < size ? i : size;
    return true;
}

/* The same as slice_in_place() for most slices of lists: bounds None or short, no step or a step of
 * -1 to be read. *res is new. */
static bool list_slice(struct py_list *list, struct py_object *const *window, unsigned count,
                       struct py_object *value, int *failed, struct py_object **res)
{
    const struct py_object *const step = count == 3 ? window[2] : PY_NONE;
    const bool backwards = step != PY_NONE;
    if (backwards && (value || step->type != &py_int_type || !py_int_is_compact(step) ||
                      py_int_compact_value(step) != -1))
        return false;
    const int64_t size = list->base.size;
    int64_t start, stop;
    if (!list_bound(window[0], size, backwards ? size - 1 : 0, backwards, &start) ||
        !list_bound(window[1], size, backwards ? -1 : size, backwards, &stop))
        return false;
    if (value)
        *failed = py_list_set_slice(list, start, stop, value);
    else if (backwards)
        *res = py_list_slice_stepped(list, start, -1, start > stop ? start - stop : 0);
    else
        *res = py_list_slice_copy(list, start, stop);
    return true;
}

/* o[a:b] and o[a:b] = v of built-in sequences need no slice object: when the next instruction is
 * all that would see it, both are done here with one on the C stack. It is immortal, so nobody
 * counts it; these types look at a slice and do not keep it. Returns as eval_slow_BUILD_SLICE; 0:
 * no. */
static int slice_in_place(struct py_frame *f, uint64_t w)
{
    const uint64_t next = f->pc[OP_WORDS_BUILD_SLICE];
    const bool get = INSN_OP(next) == OP_GETITEM;
    const unsigned key = get ? INSN_C(next) : INSN_B(next);
    if ((!get && INSN_OP(next) != OP_SETITEM) || !operand_is_consumed(key) ||
        (key & OPERAND_INDEX) != INSN_A(w))
        return 0;
    struct py_object *const o = operand(f, get ? INSN_B(next) : INSN_A(next));
    const struct py_type *const type = o->type;
    if (type != &py_list_type &&
        (!get || (type != &py_str_type && type != &py_tuple_type && type != &py_bytes_type)))
        return 0;
    struct py_object **const window = &f->regs[INSN_B(w)];
    struct py_object *const value = get ? NULL : operand(f, INSN_C(next));
    struct py_object *res = NULL;
    int failed = 0;
    f->pc += OP_WORDS_BUILD_SLICE; /* what goes wrong is the next instruction's */
    if (type != &py_list_type ||
        !list_slice((struct py_list *)o, window, INSN_C(w), value, &failed, &res)) {
        struct py_slice slice = {.base = PY_STATIC_HEADER(&py_slice_type),
                                 .start = window[0],
                                 .stop = window[1],
                                 .step = INSN_C(w) == 3 ? window[2] : PY_NONE};
        if (get)
            res = type->subscript(o, PY_OBJ(&slice));
        else
            failed = type->ass_subscript(o, PY_OBJ(&slice), value);
    }
    if (get ? !res : failed < 0)
        return -1;
    window_clear(f, INSN_B(w), INSN_C(w));
    if (get) {
        register_store(f, INSN_A(next), res);
        operand_consume(f, INSN_B(next));
        return OP_WORDS_GETITEM;
    }
    operand_consume(f, INSN_C(next));
    operand_consume(f, INSN_A(next));
    return OP_WORDS_SETITEM;
}

/* Returns how many words of the next instruction are done too, or -1. */
int eval_slow_BUILD_SLICE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    const int done = slice_in_place(f, w);
    if (done)
        return done;
    struct py_object **const window = &f->regs[INSN_B(w)];
    struct py_object *const res =
        py_slice_new(window[0], window[1], INSN_C(w) == 3 ? window[2] : NULL);
    if (!res)
        return -1;
    window_clear(f, INSN_B(w), INSN_C(w));
    register_store(f, INSN_A(w), res);
    return 0;
}

int eval_slow_BUILD_SET(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_set *set = py_set_new(NULL);
    if (!set)
        return -1;
    PY_HOLD(&set);
    for (unsigned i = 0; i < INSN_C(w); i++) {
        if (py_set_add(set, f->regs[INSN_B(w) + i]) < 0) {
            py_clear(set);
            return -1;
        }
    }
    window_clear(f, INSN_B(w), INSN_C(w));
    register_store(f, INSN_A(w), PY_OBJ(set));
    set = NULL;
    return 0;
}

int eval_slow_BUILD_MAP(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    struct py_object **const window = &f->regs[INSN_B(w)];
    struct py_dict *dict = py_dict_from_pairs_steal(window, INSN_C(w));
    if (dict) { /* all keys were str: values moved, at most doubles are left */
        PY_HOLD(&dict);
        window_clear(f, INSN_B(w), 2u * INSN_C(w));
        register_store(f, INSN_A(w), PY_OBJ(dict));
        dict = NULL;
        return 0;
    }
    if (thread->exc)
        return -1;
    dict = INSN_C(w) > 5 ? py_dict_new_presized(INSN_C(w)) : py_dict_new();
    if (!dict)
        return -1;
    PY_HOLD(&dict);
    for (unsigned i = 0; i < INSN_C(w); i++) {
        if (py_dict_set(dict, window[2 * i], window[2 * i + 1]) < 0) {
            py_clear(dict);
            return -1;
        }
    }
    window_clear(f, INSN_B(w), 2u * INSN_C(w));
    register_store(f, INSN_A(w), PY_OBJ(dict));
    dict = NULL;
    return 0;
}

int eval_slow_BUILD_STRING(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_str *const res = py_str_join_array(&f->regs[INSN_B(w)], INSN_C(w));
    if (!res)
        return -1;
    window_clear(f, INSN_B(w), INSN_C(w));
    register_store(f, INSN_A(w), PY_OBJ(res));
    return 0;
}

int eval_slow_FORMAT_VALUE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *value = py_newref(operand(f, INSN_B(w)));
    PY_HOLD(&value);
    struct py_object *converted = NULL;
    switch (INSN_X(w)) {
    case 's':
        converted = py_str_of(value);
        break;
    case 'r':
        converted = py_repr(value);
        break;
    case 'a':
        converted = py_str_ascii(value);
        break;
    default:
        converted = py_newref(value);
    }
    py_setref(value, converted);
    if (!value)
        return -1;
    struct py_object *const spec = operand(f, INSN_C(w));
    struct py_object *res;
    if (spec == PY_NONE && py_str_check_exact(value))
        res = py_newref(value);
    else
        res = py_format(value, spec == PY_NONE ? NULL : spec);
    py_clear(value);
    return operand_finish(f, w, res, INSN_B(w), INSN_C(w));
}

int eval_slow_SET_ADD(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    if (py_set_add((struct py_set *)f->regs[INSN_A(w)], operand(f, INSN_B(w))) < 0)
        return -1;
    operand_consume(f, INSN_B(w));
    return 0;
}

int eval_slow_MAP_ADD(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    if (py_dict_set((struct py_dict *)f->regs[INSN_A(w)], operand(f, INSN_B(w)),
                    operand(f, INSN_C(w))) < 0)
        return -1;
    operand_consume(f, INSN_B(w));
    operand_consume(f, INSN_C(w));
    return 0;
}

int eval_slow_LIST_EXTEND(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const iterable = operand(f, INSN_B(w));
    if (!iterable->type->iter && !iterable->type->item && !iterable->type->subscript) {
        py_raise(&py_exc_TypeError, "Value after * must be an iterable, not %.200s",
                 iterable->type->name);
        return -1;
    }
    if (py_list_extend((struct py_list *)f->regs[INSN_A(w)], iterable) < 0)
        return -1;
    operand_consume(f, INSN_B(w));
    return 0;
}

int eval_slow_SET_UPDATE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    if (py_set_update((struct py_set *)f->regs[INSN_A(w)], operand(f, INSN_B(w))) < 0)
        return -1;
    operand_consume(f, INSN_B(w));
    return 0;
}

int eval_slow_DICT_UPDATE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const mapping = operand(f, INSN_B(w));
    if (py_dict_merge((struct py_dict *)f->regs[INSN_A(w)], mapping, 1) < 0) {
        if (py_error_matches(&py_exc_AttributeError)) {
            py_error_clear();
            py_raise(&py_exc_TypeError, "'%.200s' object is not a mapping", mapping->type->name);
        }
        return -1;
    }
    operand_consume(f, INSN_B(w));
    return 0;
}

int eval_slow_DICT_MERGE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const mapping = operand(f, INSN_B(w));
    if (py_dict_merge((struct py_dict *)f->regs[INSN_A(w)], mapping, 2) == 0) {
        operand_consume(f, INSN_B(w));
        return 0;
    }
    struct py_str *const name = py_callable_text(operand(f, INSN_C(w)));
    if (!name)
        return -1;
    if (py_error_matches(&py_exc_AttributeError)) {
        py_error_clear();
        py_raise(&py_exc_TypeError, "%U argument after ** must be a mapping, not %.200s", name,
                 mapping->type->name);
    } else if (py_error_matches(&py_exc_KeyError)) {
        struct py_object *const exc = py_error_fetch();
        struct py_tuple *const args = ((struct py_exc *)exc)->args;
        if (args && args->base.size == 1)
            py_raise(&py_exc_TypeError, "%U got multiple values for keyword argument '%S'", name,
                     args->items[0]);
        else
            py_raise(&py_exc_TypeError, "keywords must be strings");
        py_decref(exc);
    }
    py_decref(name);
    return -1;
}

int eval_slow_LIST_TO_TUPLE(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    return operand_finish(f, w, PY_OBJ(py_list_as_tuple((struct py_list *)operand(f, INSN_B(w)))),
                          INSN_B(w), OPERAND_NONE);
}

/* ---- unpacking ----------------------------------------------------------------------------------
 */

static int unpack_error_count(size_t wanted, size_t got, bool at_least)
{
    py_raise(&py_exc_ValueError, "not enough values to unpack (expected %s%zu, got %zu)",
             at_least ? "at least " : "", wanted, got);
    return -1;
}

/* Fills n registers from the iterator; on failure the caller's unwinding clears them. */
static int unpack_items(struct py_frame *f, struct py_object *it, unsigned first, size_t n,
                        size_t wanted, bool at_least)
{
    for (size_t i = 0; i < n; i++) {
        struct py_object *const item = py_next(it);
        if (!item)
            return py_error_occurred() ? -1 : unpack_error_count(wanted, i, at_least);
        f->regs[first + i] = item;
    }
    return 0;
}

static struct py_object *unpack_iter(struct py_object *o)
{
    if (!o->type->iter && !o->type->item && !o->type->subscript)
        return py_raise(&py_exc_TypeError, "cannot unpack non-iterable %.200s object",
                        o->type->name);
    return py_iter(o);
}

int eval_slow_UNPACK(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    const unsigned n = INSN_C(w);
    struct py_object *source = operand_take(f, INSN_B(w)); /* may lie in the window */
    PY_HOLD(&source);
    struct py_object *it = unpack_iter(source);
    PY_HOLD(&it);
    int failed = -1;
    if (it && unpack_items(f, it, INSN_A(w), n, n, false) == 0) {
        struct py_object *extra = py_next(it);
        if (extra) {
            py_decref(extra);
            py_raise(&py_exc_ValueError, "too many values to unpack (expected %u)", n);
        } else if (!py_error_occurred()) {
            failed = 0;
        }
    }
    py_clear(it);
    py_clear(source);
    return failed;
}

/* A list or tuple that is long enough: its first items go to their registers, the others into
 * *rest, without an iterator. 0: no. */
static int unpack_sequence(struct py_frame *f, struct py_object *source, unsigned first,
                           unsigned before, unsigned after, struct py_list **rest)
{
    if (source->type != &py_list_type && source->type != &py_tuple_type)
        return 0;
    *rest = py_list_new(0); /* before anything is read: it may collect, and run Python code */
    if (!*rest)
        return -1;
    struct py_object *const *const items = source->type == &py_list_type
                                               ? ((struct py_list *)source)->items
                                               : ((struct py_tuple *)source)->items;
    const int64_t n = ((struct py_var *)source)->size;
    if (n < (int64_t)before + after) {
        py_clear(*rest);
        return 0;
    }
    if (py_list_extend_items(*rest, items + before, n - before) < 0)
        return -1;
    for (unsigned i = 0; i < before; i++)
        f->regs[first + i] = py_newref(items[i]);
    return 1;
}

int eval_slow_UNPACK_EX(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    const unsigned before = INSN_C(w);
    const unsigned after = INSN_X(w);
    const unsigned a = INSN_A(w);
    struct py_object *source = operand_take(f, INSN_B(w));
    PY_HOLD(&source);
    struct py_object *it = NULL;
    PY_HOLD(&it);
    struct py_list *rest = NULL;
    PY_HOLD(&rest);
    int failed = -1;
    const int quick = unpack_sequence(f, source, a, before, after, &rest);
    if (quick == 0) {
        it = unpack_iter(source);
        if (!it || unpack_items(f, it, a, before, before + after, true) < 0)
            goto out;
        rest = py_list_from_iterable(it);
    }
    if (!rest || quick < 0)
        goto out;
    if (rest->base.size < (int64_t)after) {
        unpack_error_count(before + after, before + (size_t)rest->base.size, true);
        goto out;
    }
    for (unsigned i = after; i > 0; i--) /* the last items move to their registers */
        f->regs[a + before + i] = rest->items[--rest->base.size];
    f->regs[a + before] = PY_OBJ(rest);
    rest = NULL;
    failed = 0;
out:
    py_clear(rest);
    py_clear(it);
    py_clear(source);
    return failed;
}

/* ---- functions and classes
 * ------------------------------------------------------------------------ */

int eval_slow_MAKE_FUNCTION(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_function *const func =
        py_function_new((struct py_code *)f->code->consts[INSN_B(w)], f->globals, NULL);
    if (!func)
        return -1;
    unsigned reg = INSN_C(w);
    const uint8_t x = INSN_X(w);
    if (x & 1)
        py_setref(func->defaults, (struct py_tuple *)operand_take(f, OPERAND_CONSUME | reg++));
    if (x & 2)
        py_setref(func->kwdefaults, (struct py_dict *)operand_take(f, OPERAND_CONSUME | reg++));
    if (x & 4)
        py_setref(func->annotations, operand_take(f, OPERAND_CONSUME | reg++));
    if (x & 8)
        py_setref(func->closure, (struct py_tuple *)operand_take(f, OPERAND_CONSUME | reg++));
    register_store(f, INSN_A(w), PY_OBJ(func));
    return 0;
}

int eval_slow_LOAD_BUILD_CLASS(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const o =
        py_dict_get_str((struct py_dict *)f->builtins, py_str_const("__build_class__"));
    if (!o) {
        py_raise(&py_exc_NameError, "__build_class__ not found");
        return -1;
    }
    register_store(f, INSN_A(w), py_newref(o));
    return 0;
}

int eval_slow_LOAD_LOCALS(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    register_store(f, INSN_A(w), py_newref(f->locals ? f->locals : PY_NONE));
    return 0;
}

int eval_slow_SETUP_ANNOTATIONS(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    (void)w;
    struct py_object *const name = PY_OBJ(py_str_const("__annotations__"));
    if (f->locals->type == &py_dict_type) {
        if (py_dict_get_str((struct py_dict *)f->locals, (struct py_str *)name))
            return 0;
    } else {
        struct py_object *const there = py_getitem(f->locals, name);
        py_xdecref(there);
        if (there)
            return 0;
        if (!py_error_matches(&py_exc_KeyError))
            return -1;
        py_error_clear();
    }
    struct py_dict *dict = py_dict_new();
    if (!dict)
        return -1;
    PY_HOLD(&dict);
    const int failed = py_setitem(f->locals, name, PY_OBJ(dict));
    py_clear(dict);
    return failed;
}

/* ---- imports
 * -------------------------------------------------------------------------------------- */

int eval_slow_IMPORT_NAME(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_str *const name = operand_name(f, INSN_B(w));
    struct py_object *const fromlist = operand(f, INSN_C(w));
    struct py_object *const hook =
        py_dict_get_str((struct py_dict *)f->builtins, py_str_const("__import__"));
    struct py_object *res;
    if (!hook) {
        py_raise(&py_exc_ImportError, "__import__ not found");
        return -1;
    }
    if (hook->type == &py_cfunction_type) { /* the original: no need to go through a call */
        res = py_import_name(name, f->globals, fromlist, INSN_X(w));
    } else {
        struct py_object *const level = py_int_from_i64(INSN_X(w));
        struct py_object *const args[] = {PY_OBJ(name), PY_OBJ(f->globals),
                                          f->locals ? f->locals : PY_NONE, fromlist, level};
        res = level ? py_call(hook, args, 5, NULL) : NULL;
        py_xdecref(level); /* a small int: immortal */
    }
    return operand_finish(f, w, res, INSN_C(w), OPERAND_NONE);
}

int eval_slow_IMPORT_FROM(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    return operand_finish(f, w, py_import_from(f->regs[INSN_B(w)], operand_name(f, INSN_C(w))),
                          OPERAND_NONE, OPERAND_NONE);
}

int eval_slow_IMPORT_STAR(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    if (py_import_star(operand(f, INSN_B(w)), f->locals) < 0)
        return -1;
    operand_consume(f, INSN_B(w));
    return 0;
}

int eval_slow_PRINT_EXPR(struct py_thread *thread, struct py_frame *f, uint64_t w)
{
    (void)thread;
    struct py_object *const hook =
        py_dict_get_str(py_runtime.sys_dict, py_str_const("displayhook"));
    if (!hook) {
        py_raise(&py_exc_RuntimeError, "lost sys.displayhook");
        return -1;
    }
    struct py_object *const res = py_call1(hook, operand(f, INSN_B(w)));
    if (!res)
        return -1;
    py_decref(res);
    operand_consume(f, INSN_B(w));
    return 0;
}
