/* The interpreter loop. Included by one .c file per mode, which defines
 *
 *     EVAL_LOOP_NAME   the function's name
 *     EVAL_EMIT        0 untraced, 1 stacks (enter and leave), 2 traced (counts too), 3 filtered
 *                      (stacks, and counts that pass vm/probe/filter.h)
 *     EVAL_COUNT       1: count instructions for -X checkinterval
 *
 * How a handler is written (docs/internals/bytecode.md has the reasons):
 *
 *  - A fast path reads operands in place, calls nothing that can run Python code, and uses the
 *    mode's own counts: INC, DROP, STORE, CONSUME, then NEXT. The only thing in it that can run
 *    Python code is the deallocation behind a DROP, during which no change of mode can happen
 *    (eval_dealloc).
 *  - Everything else is a whole instruction in eval_ops.c (SLOW), or calls out and then uses the
 *    flag-testing counts of object.h, and ends with NEXT_CHECKED, because the wanted mode may have
 *    changed meanwhile.
 *  - SAVE_PC comes before anything that can raise, block, or be looked at.
 *  - Destination first, then consumed operands: at each moment every owned reference is in a
 *    register.
 */
#include <assert.h>

#include "vm/probe/filter.h"
#include "vm/probe/loop.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/eval_internal.h"

#include "vm/memory/gc.h"
#include "vm/object/code.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/dict_inline.h"
#include "vm/object/float.h"
#include "vm/object/func.h"
#include "vm/object/gen.h"
#include "vm/object/instance.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/range.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#ifdef BRILLE_NO_TRACE
#define NUMBER_TRACED 0
#else
#define NUMBER_TRACED (EVAL_EMIT == 2 ? 2 : EVAL_EMIT >= 1)
#endif
#include "vm/runtime/number_inline.h"
#include "vm/runtime/ops.h"

#define EVAL_MODE_ID (EVAL_EMIT + (EVAL_COUNT ? EVAL_COUNTING : 0))

#define A INSN_A(w)
#define B INSN_B(w)
#define C INSN_C(w)
#define X INSN_X(w)

#define VALUE(v) ((((v)&OPERAND_CONST) ? consts : regs)[(v)&OPERAND_INDEX])

/* The traced loop's position in HOT, see vm/probe/loop.h. It is authoritative at each DISPATCH;
 * trace_hot.p is while something outside runs. HOT_OUT hands it over and is part of SAVE_PC and
 * TRACE_PC, one of which stands before every call that may emit; HOT_IN takes it back and is part
 * of NEXT_CHECKED and JUMP_CHECKED. At `error` and on return trace_hot.p is right, at `switch_mode`
 * the local is. */
#ifdef BRILLE_NO_TRACE
#define EVAL_SAYS 0
#else
#define EVAL_SAYS EVAL_EMIT
#endif
#if EVAL_SAYS == 2
#ifdef BRILLE_CHECKED
#define HOT_OUT()   (assert(trace_hot.p == hot_shared), trace_hot.p = hot_shared = hot)
#define HOT_IN()    (hot_shared = hot = trace_hot.p)
#define HOT_MOVED() (hot_shared = trace_hot.p) /* by a refill */
#else
#define HOT_OUT()   (trace_hot.p = hot)
#define HOT_IN()    (hot = trace_hot.p)
#define HOT_MOVED() ((void)0)
#endif
#define EMIT_INC(o) (hot = probe_loop_count(hot, (o), TRACE_HOT_INCREF, pc), HOT_MOVED())
#define EMIT_DEC(o) (hot = probe_loop_count(hot, (o), TRACE_HOT_DECREF, pc), HOT_MOVED())
#define EMIT_ENTER(callee, caller, caller_pc) \
    (hot = probe_loop_enter(hot, (callee), (caller), (caller_pc)), HOT_MOVED())
#define EMIT_LEAVE() (hot = probe_loop_leave(hot), HOT_MOVED())
/* Helpers that emit ask the frame for the site. */
#define TRACE_PC() (f->pc = pc, HOT_OUT())
#else
#define HOT_OUT() ((void)0)
#define HOT_IN()  ((void)0)
#if EVAL_SAYS == 3
/* The probe asks the frame for the site, and the filter once more: it is the one for C code. */
#define EMIT_COUNT(o, change)             \
    do {                                  \
        if (probe_passes_in((o), code)) { \
            f->pc = pc;                   \
            quiet_##change(o);            \
        }                                 \
    } while (0)
#define EMIT_INC(o) EMIT_COUNT((o), incref)
#define EMIT_DEC(o) EMIT_COUNT((o), decref)
#else
#define EMIT_INC(o) ((void)0)
#define EMIT_DEC(o) ((void)0)
#endif
#if EVAL_SAYS
#define EMIT_ENTER(callee, caller, caller_pc) probe_enter((callee), (caller), (caller_pc))
#define EMIT_LEAVE()                          probe_leave()
#define TRACE_PC()                            (f->pc = pc)
#else
#define EMIT_ENTER(callee, caller, caller_pc) ((void)0)
#define EMIT_LEAVE()                          ((void)0)
#define TRACE_PC()                            ((void)0)
#endif
#endif

#if EVAL_COUNT
#define COUNT_INSN()                                         \
    do {                                                     \
        if (__builtin_expect(--py_eval_countdown <= 0, 0)) { \
            py_eval_countdown = py_runtime.check_interval;   \
            py_eval_break(EVAL_BREAK_GIL_DROP);              \
        }                                                    \
    } while (0)
#else
#define COUNT_INSN() ((void)0)
#endif

/* Numbers are born and die so often that their site is not left for a helper to find, nor HOT's
 * position put away for them. */
#if EVAL_SAYS == 2
#define NUMBER(make, value, res) (res = make((value), pc, hot), HOT_MOVED())
#define DEALLOC(o)               (hot = eval_dealloc_hot((o), f, pc, hot), HOT_MOVED())
#elif EVAL_SAYS
#define NUMBER(make, value, res) (TRACE_PC(), res = make((value), pc, NULL))
#define DEALLOC(o)               (SAVE_PC(), eval_dealloc_at((o), probe_site(pc)))
#else
#define NUMBER(make, value, res) (res = make((value), NULL, NULL))
#define DEALLOC(o)               (SAVE_PC(), eval_dealloc(o))
#endif

/* Counting goes straight on, so that an event costs no jump. */
#define LIKELY_MORTAL(n) __builtin_expect((int32_t)(n) >= 0, 1)

#define INC(o)                                \
    do {                                      \
        struct py_object *inc_ = (o);         \
        const uint32_t inc_n_ = inc_->refcnt; \
        if (LIKELY_MORTAL(inc_n_)) {          \
            inc_->refcnt = inc_n_ + 1;        \
            EMIT_INC(inc_);                   \
        }                                     \
    } while (0)

#define DROP(o)                                 \
    do {                                        \
        struct py_object *drop_ = (o);          \
        const uint32_t drop_n_ = drop_->refcnt; \
        if (LIKELY_MORTAL(drop_n_)) {           \
            drop_->refcnt = drop_n_ - 1;        \
            EMIT_DEC(drop_);                    \
            if (drop_n_ == 1) {                 \
                DEALLOC(drop_);                 \
            }                                   \
        }                                       \
    } while (0)

/* The destination takes over res. */
#define STORE(reg, res)                              \
    do {                                             \
        struct py_object **const slot_ = &regs[reg]; \
        struct py_object *const old_ = *slot_;       \
        *slot_ = (res);                              \
        if (old_)                                    \
            DROP(old_);                              \
    } while (0)

#define CONSUME(v)                                                          \
    do {                                                                    \
        if (((v) & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME) { \
            struct py_object *const used_ = regs[(v)&OPERAND_INDEX];        \
            regs[(v)&OPERAND_INDEX] = NULL;                                 \
            DROP(used_);                                                    \
        }                                                                   \
    } while (0)

/* The same with flag-testing counts, for after a call out. Out of line, so that nothing of tracing
 * is left in the untraced loop. */
#define STORE_CHECKED(reg, res) eval_store(&regs[reg], (res))

#define SAVE_PC() (f->pc = pc, HOT_OUT())

#define DISPATCH()                \
    do {                          \
        COUNT_INSN();             \
        w = *pc;                  \
        goto *labels[INSN_OP(w)]; \
    } while (0)
#define NEXT(name)             \
    do {                       \
        pc += OP_WORDS_##name; \
        DISPATCH();            \
    } while (0)
#define NEXT_CHECKED(name)                                     \
    do {                                                       \
        pc += OP_WORDS_##name;                                 \
        HOT_IN();                                              \
        if (__builtin_expect(py_eval_mode != EVAL_MODE_ID, 0)) \
            goto switch_mode;                                  \
        DISPATCH();                                            \
    } while (0)
#define JUMP_NEXT(name, distance, taken)                    \
    do {                                                    \
        pc += OP_WORDS_##name + ((taken) ? (distance) : 0); \
        DISPATCH();                                         \
    } while (0)
#define JUMP_CHECKED(name, distance, taken)                    \
    do {                                                       \
        pc += OP_WORDS_##name + ((taken) ? (distance) : 0);    \
        HOT_IN();                                              \
        if (__builtin_expect(py_eval_mode != EVAL_MODE_ID, 0)) \
            goto switch_mode;                                  \
        DISPATCH();                                            \
    } while (0)

/* A whole instruction done out of line. */
#define SLOW_AS(name, helper)                                          \
    do {                                                               \
        SAVE_PC();                                                     \
        if (__builtin_expect(eval_slow_##helper(thread, f, w) < 0, 0)) \
            goto error;                                                \
        NEXT_CHECKED(name);                                            \
    } while (0)
#define SLOW(name) SLOW_AS(name, name)

#define CASE(name) op_##name

/* Loads what the loop keeps in locals from the current frame. */
#define LOAD_FRAME()           \
    do {                       \
        f = thread->frame;     \
        code = f->code;        \
        regs = f->regs;        \
        consts = code->consts; \
        pc = f->pc;            \
    } while (0)

#define FLOAT_VALUE(o) (((struct py_float *)(o))->value)

/* int op int, float op float (and mixed) without a call; falls out of the block otherwise. The
 * result of an int operation is made by `overflows`, which may say that it does not fit. */
#define ARITHMETIC(name, overflows, float_expr) ARITHMETIC_IF(name, overflows, float_expr, true)
#define ARITHMETIC_NONZERO(name, overflows, float_expr) \
    ARITHMETIC_IF(name, overflows, float_expr, y != 0.0)
#define ARITHMETIC_IF(name, overflows, float_expr, float_ok)                        \
    do {                                                                            \
        struct py_object *const b = VALUE(B);                                       \
        struct py_object *const c = VALUE(C);                                       \
        if (b->type == &py_int_type && c->type == &py_int_type) {                   \
            int64_t r;                                                              \
            if (py_int_is_compact(b) && py_int_is_compact(c) &&                     \
                !overflows(py_int_compact_value(b), py_int_compact_value(c), &r)) { \
                struct py_object *res;                                              \
                NUMBER(number_int, r, res);                                         \
                if (__builtin_expect(!res, 0))                                      \
                    goto error_save;                                                \
                STORE(A, res);                                                      \
                CONSUME(B);                                                         \
                CONSUME(C);                                                         \
                NEXT(name);                                                         \
            }                                                                       \
        } else {                                                                    \
            double x, y;                                                            \
            if (number_doubles(b, c, &x, &y) && (float_ok)) {                       \
                struct py_object *res;                                              \
                NUMBER(number_float, float_expr, res);                              \
                if (__builtin_expect(!res, 0))                                      \
                    goto error_save;                                                \
                STORE(A, res);                                                      \
                CONSUME(B);                                                         \
                CONSUME(C);                                                         \
                NEXT(name);                                                         \
            }                                                                       \
        }                                                                           \
    } while (0)

#define COMPARE_JUMP(name, op, c_op)                                                      \
    do {                                                                                  \
        struct py_object *const b = VALUE(B);                                             \
        struct py_object *const c = VALUE(C);                                             \
        bool truth;                                                                       \
        if (b->type == &py_int_type && c->type == &py_int_type && py_int_is_compact(b) && \
            py_int_is_compact(c)) {                                                       \
            truth = py_int_compact_value(b) c_op py_int_compact_value(c);                 \
        } else if (b->type == &py_float_type && c->type == &py_float_type) {              \
            truth = FLOAT_VALUE(b) c_op FLOAT_VALUE(c);                                   \
        } else if (((op) == PY_EQ || (op) == PY_NE) && b->type == &py_str_type &&         \
                   c->type == &py_str_type) {                                             \
            truth = (b == c || py_str_equal((struct py_str *)b, (struct py_str *)c)) ==   \
                    ((op) == PY_EQ);                                                      \
        } else {                                                                          \
            SAVE_PC();                                                                    \
            const int slow = eval_slow_compare_truth(f, w, (op));                         \
            if (slow < 0)                                                                 \
                goto error;                                                               \
            JUMP_CHECKED(name, (int16_t)A, slow == X);                                    \
        }                                                                                 \
        CONSUME(B);                                                                       \
        CONSUME(C);                                                                       \
        JUMP_NEXT(name, (int16_t)A, truth == X);                                          \
    } while (0)

/* cache: keys version, entry number. An untracked dict goes the long way: it may have to be
 * tracked. */
#define STORE_IN_GLOBALS(name, applies)                                                            \
    do {                                                                                           \
        struct py_dict *const dict = f->globals;                                                   \
        const struct py_dict_keys *const keys = dict->keys;                                        \
        if ((applies) && pc[1] == keys->keys_version && pc[1] && py_gc_is_tracked(PY_OBJ(dict))) { \
            struct py_object **const slot =                                                        \
                &((struct py_dict_entry_str *)py_dict_entries(keys))[pc[2]].value;                 \
            struct py_object *const value = VALUE(B);                                              \
            struct py_object *const old = *slot;                                                   \
            if ((B & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME)                        \
                regs[B & OPERAND_INDEX] = NULL;                                                    \
            else                                                                                   \
                INC(value);                                                                        \
            *slot = value;                                                                         \
            dict->version = ++py_dict_version_counter;                                             \
            DROP(old);                                                                             \
            NEXT(name);                                                                            \
        }                                                                                          \
        SLOW(name);                                                                                \
    } while (0)

struct py_object *EVAL_LOOP_NAME(struct py_thread *thread)
{
    static const void *const labels[256] = {
        [OP_COUNT... 255] = &&op_illegal,
#define OP(name, a, b, c, x, extra, doc) [OP_##name] = &&op_##name,
#include "vm/compile/opcodes.def"
    };
    struct py_frame *f;
    struct py_code *code;
#if EVAL_SAYS == 2
    char *hot;
#ifdef BRILLE_CHECKED
    char *hot_shared; /* trace_hot.p as last handed over or taken back */
#endif
#endif
    struct py_object **regs;
    struct py_object **consts;
    const uint64_t *pc;
    uint64_t w;
    struct py_object *yielded = NULL;

    HOT_IN();
    LOAD_FRAME();
    if (thread->exc)
        goto error;
    if (thread->result_hold) { /* a YIELD_FROM step of the other mode's loop */
        yielded = thread->result_hold;
        thread->result_hold = NULL;
        goto yield_value;
    }
    DISPATCH();

    CASE(NOP) : NEXT(NOP);

    CASE(MOVE) :
    {
        const unsigned v = B;
        struct py_object *const o = VALUE(v);
        if ((v & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME)
            regs[v & OPERAND_INDEX] = NULL;
        else
            INC(o);
        STORE(A, o);
        NEXT(MOVE);
    }

    CASE(LOAD_CONST_FAR) :
    {
        struct py_object *const o = consts[(uint32_t)INSN_J4(w)];
        INC(o);
        STORE(A, o);
        NEXT(LOAD_CONST_FAR);
    }

    CASE(CLEAR) :
    {
        struct py_object *const o = regs[A];
        regs[A] = NULL;
        if (o)
            DROP(o);
        NEXT(CLEAR);
    }

    CASE(CLEAR_RANGE) : for (unsigned i = A, end = A + B; i < end; i++)
    {
        struct py_object *const o = regs[i];
        regs[i] = NULL;
        if (o)
            DROP(o);
    }
    NEXT(CLEAR_RANGE);

    CASE(CHECK_BOUND) : if (__builtin_expect(!regs[A], 0))
    {
        SAVE_PC();
        eval_raise_unbound(f, B, false);
        goto error;
    }
    NEXT(CHECK_BOUND);

    CASE(DEL_LOCAL) :
    {
        struct py_object *const o = regs[A];
        if (!o) {
            SAVE_PC();
            eval_raise_unbound(f, B, false);
            goto error;
        }
        regs[A] = NULL;
        DROP(o);
        NEXT(DEL_LOCAL);
    }

    CASE(MAKE_CELL) :
    {
        TRACE_PC();
        struct py_cell *const cell = (struct py_cell *)py_cell_new(NULL);
        HOT_IN();
        if (!cell)
            goto error_save;
        cell->value = regs[A]; /* the reference moves */
        regs[A] = PY_OBJ(cell);
        NEXT(MAKE_CELL);
    }

    CASE(LOAD_CELL) :
    {
        struct py_object *const o = ((struct py_cell *)regs[B])->value;
        if (__builtin_expect(!o, 0)) {
            SAVE_PC();
            eval_raise_unbound(f, C, false);
            goto error;
        }
        INC(o);
        STORE(A, o);
        NEXT(LOAD_CELL);
    }

    CASE(STORE_CELL) :
    {
        struct py_cell *const cell = (struct py_cell *)regs[A];
        struct py_object *const o = VALUE(B);
        struct py_object *const old = cell->value;
        if ((B & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME)
            regs[B & OPERAND_INDEX] = NULL;
        else
            INC(o);
        cell->value = o;
        if (old)
            DROP(old);
        NEXT(STORE_CELL);
    }

    CASE(DEL_CELL) :
    {
        struct py_cell *const cell = (struct py_cell *)regs[A];
        struct py_object *const old = cell->value;
        if (!old) {
            SAVE_PC();
            eval_raise_unbound(f, C, false);
            goto error;
        }
        cell->value = NULL;
        DROP(old);
        NEXT(DEL_CELL);
    }

    CASE(LOAD_FREE) :
    {
        struct py_object *const o = ((struct py_cell *)f->func->closure->items[B])->value;
        if (__builtin_expect(!o, 0)) {
            SAVE_PC();
            eval_raise_unbound(f, C, true);
            goto error;
        }
        INC(o);
        STORE(A, o);
        NEXT(LOAD_FREE);
    }

    CASE(STORE_FREE) :
    {
        struct py_cell *const cell = (struct py_cell *)f->func->closure->items[A];
        struct py_object *const o = VALUE(B);
        struct py_object *const old = cell->value;
        if ((B & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME)
            regs[B & OPERAND_INDEX] = NULL;
        else
            INC(o);
        cell->value = o;
        if (old)
            DROP(old);
        NEXT(STORE_FREE);
    }

    CASE(DEL_FREE) :
    {
        struct py_cell *const cell = (struct py_cell *)f->func->closure->items[A];
        struct py_object *const old = cell->value;
        if (!old) {
            SAVE_PC();
            eval_raise_unbound(f, C, true);
            goto error;
        }
        cell->value = NULL;
        DROP(old);
        NEXT(DEL_FREE);
    }

    CASE(LOAD_CLOSURE) :
    {
        struct py_object *const o = f->func->closure->items[B];
        INC(o);
        STORE(A, o);
        NEXT(LOAD_CLOSURE);
    }

    CASE(LOAD_CLASSDEREF) : SLOW(LOAD_CLASSDEREF);

    CASE(LOAD_GLOBAL) :
    {
        /* cache: globals version | builtins version << 32 (0: found in globals), entry number */
        const uint64_t versions = pc[1];
        const struct py_dict_keys *keys = f->globals->keys;
        if (__builtin_expect((uint32_t)versions == keys->keys_version && versions, 1)) {
            if (versions >> 32) {
                keys = ((struct py_dict *)f->builtins)->keys;
                if ((uint32_t)(versions >> 32) != keys->keys_version)
                    SLOW(LOAD_GLOBAL);
            }
            struct py_object *const o =
                ((const struct py_dict_entry_str *)py_dict_entries(keys))[pc[2]].value;
            INC(o);
            STORE(A, o);
            NEXT(LOAD_GLOBAL);
        }
        SLOW(LOAD_GLOBAL);
    }

    CASE(STORE_GLOBAL) : STORE_IN_GLOBALS(STORE_GLOBAL, true);
    CASE(DEL_GLOBAL) : SLOW(DEL_GLOBAL);

    CASE(LOAD_NAME) :
    {
        /* Module code: locals is globals, and the cache of LOAD_GLOBAL serves. */
        const uint64_t versions = pc[1];
        const struct py_dict_keys *keys = f->globals->keys;
        if (f->locals == PY_OBJ(f->globals) && (uint32_t)versions == keys->keys_version &&
            versions) {
            if (versions >> 32) {
                keys = ((struct py_dict *)f->builtins)->keys;
                if ((uint32_t)(versions >> 32) != keys->keys_version)
                    SLOW(LOAD_NAME);
            }
            struct py_object *const o =
                ((const struct py_dict_entry_str *)py_dict_entries(keys))[pc[2]].value;
            INC(o);
            STORE(A, o);
            NEXT(LOAD_NAME);
        }
        SLOW(LOAD_NAME);
    }
    CASE(STORE_NAME) : STORE_IN_GLOBALS(STORE_NAME, f->locals == PY_OBJ(f->globals));
    CASE(DEL_NAME) : SLOW(DEL_NAME);

    CASE(ADD) : ARITHMETIC(ADD, __builtin_add_overflow, x + y);
    if (VALUE(B)->type == &py_str_type && VALUE(C)->type == &py_str_type) {
        TRACE_PC();
        SAVE_PC();
        struct py_object **const left = &regs[A];
        if (A == (B & OPERAND_INDEX) && !(B & OPERAND_CONST) && (*left)->refcnt == 1) {
            struct py_str *s = (struct py_str *)*left;
            const int failed = py_str_append(&s, (struct py_str *)VALUE(C));
            HOT_IN();
            *left = PY_OBJ(s);
            if (failed)
                goto error;
        } else {
            struct py_str *const s =
                py_str_concat((struct py_str *)VALUE(B), (struct py_str *)VALUE(C));
            HOT_IN();
            if (!s)
                goto error;
            STORE(A, PY_OBJ(s));
            CONSUME(B);
        }
        CONSUME(C);
        NEXT(ADD);
    }
    SLOW_AS(ADD, BINARY);

    CASE(SUB) : ARITHMETIC(SUB, __builtin_sub_overflow, x - y);
    SLOW_AS(SUB, BINARY);

    CASE(MUL) : ARITHMETIC(MUL, __builtin_mul_overflow, x * y);
    SLOW_AS(MUL, BINARY);

    CASE(TRUEDIV) :
    {
        struct py_object *const b = VALUE(B);
        struct py_object *const c = VALUE(C);
        double x, y;
        if (number_doubles(b, c, &x, &y) && y != 0.0) {
            struct py_object *res;
            NUMBER(number_float, x / y, res);
            if (!res)
                goto error_save;
            STORE(A, res);
            CONSUME(B);
            CONSUME(C);
            NEXT(TRUEDIV);
        }
        SLOW_AS(TRUEDIV, BINARY);
    }

    CASE(FLOORDIV)
        : ARITHMETIC_NONZERO(FLOORDIV, number_floordiv_overflow, number_float_floordiv(x, y));
    SLOW_AS(FLOORDIV, BINARY);

    CASE(MOD) : ARITHMETIC_NONZERO(MOD, number_mod_overflow, number_float_mod(x, y));
    SLOW_AS(MOD, BINARY);

    CASE(BINARY) :
    {
        struct py_object *const b = VALUE(B);
        struct py_object *const c = VALUE(C);
        if (b->type == &py_int_type && c->type == &py_int_type && py_int_is_compact(b) &&
            py_int_is_compact(c)) {
            int64_t r;
            if (number_bitop(X & 127, py_int_compact_value(b), py_int_compact_value(c), &r)) {
                struct py_object *res;
                NUMBER(number_int, r, res);
                if (!res)
                    goto error_save;
                STORE(A, res);
                CONSUME(B);
                CONSUME(C);
                NEXT(BINARY);
            }
        }
        SLOW(BINARY);
    }

    CASE(NEG) :
    {
        struct py_object *const b = VALUE(B);
        struct py_object *res = NULL;
        if (b->type == &py_int_type && py_int_is_compact(b)) {
            NUMBER(number_int, -py_int_compact_value(b), res);
        } else if (b->type == &py_float_type) {
            NUMBER(number_float, -FLOAT_VALUE(b), res);
        } else {
            SLOW_AS(NEG, UNARY);
        }
        if (!res)
            goto error_save;
        STORE(A, res);
        CONSUME(B);
        NEXT(NEG);
    }
    CASE(POS) : SLOW_AS(POS, UNARY);
    CASE(INVERT) : SLOW_AS(INVERT, UNARY);

    CASE(NOT) :
    {
        struct py_object *const b = VALUE(B);
        if (b == PY_TRUE || b == PY_FALSE || b == PY_NONE) {
            struct py_object *const res = b == PY_TRUE ? PY_FALSE : PY_TRUE;
            STORE(A, res);
            CONSUME(B);
            NEXT(NOT);
        }
        SAVE_PC();
        const int truth = eval_slow_truth(f, w);
        if (truth < 0)
            goto error;
        STORE_CHECKED(A, truth ? PY_FALSE : PY_TRUE);
        NEXT_CHECKED(NOT);
    }

    CASE(COMPARE) :
    {
        struct py_object *const b = VALUE(B);
        struct py_object *const c = VALUE(C);
        bool truth;
        if (b->type == &py_int_type && c->type == &py_int_type && py_int_is_compact(b) &&
            py_int_is_compact(c)) {
            truth = number_compare_int(X, py_int_compact_value(b), py_int_compact_value(c));
        } else if (b->type == &py_float_type && c->type == &py_float_type) {
            truth = number_compare_float(X, FLOAT_VALUE(b), FLOAT_VALUE(c));
        } else if ((X == PY_EQ || X == PY_NE) && b->type == &py_str_type &&
                   c->type == &py_str_type) {
            truth =
                (b == c || py_str_equal((struct py_str *)b, (struct py_str *)c)) == (X == PY_EQ);
        } else {
            SLOW(COMPARE);
        }
        STORE(A, truth ? PY_TRUE : PY_FALSE);
        CONSUME(B);
        CONSUME(C);
        NEXT(COMPARE);
    }

    CASE(IS) :
    {
        const bool truth = (VALUE(B) == VALUE(C)) != (X != 0);
        STORE(A, truth ? PY_TRUE : PY_FALSE);
        CONSUME(B);
        CONSUME(C);
        NEXT(IS);
    }
    CASE(CONTAINS) : SLOW(CONTAINS);

    CASE(JUMP) : pc += OP_WORDS_JUMP + INSN_J4(w);
    DISPATCH();

    CASE(JUMP_BACK) : if (probe_eval_break())
    {
        SAVE_PC();
        if (py_safepoint(thread) < 0)
            goto error;
        HOT_IN();
        pc += OP_WORDS_JUMP_BACK + INSN_J4(w);
        if (py_eval_mode != EVAL_MODE_ID)
            goto switch_mode;
        DISPATCH();
    }
    pc += OP_WORDS_JUMP_BACK + INSN_J4(w);
    DISPATCH();

    CASE(JUMP_IF) :
    {
        struct py_object *const b = VALUE(B);
        bool truth;
        if (b == PY_TRUE) {
            truth = true;
        } else if (b == PY_FALSE || b == PY_NONE) {
            truth = false;
        } else if (b->type == &py_int_type || b->type == &py_list_type ||
                   b->type == &py_tuple_type) {
            truth = ((struct py_var *)b)->size != 0;
        } else if (b->type == &py_str_type) {
            truth = ((struct py_str *)b)->length != 0;
        } else if (b->type == &py_dict_type) {
            truth = ((struct py_dict *)b)->used != 0;
        } else {
            SAVE_PC();
            const int slow = eval_slow_truth(f, w);
            if (slow < 0)
                goto error;
            JUMP_CHECKED(JUMP_IF, (int16_t)A, slow == X);
        }
        CONSUME(B);
        JUMP_NEXT(JUMP_IF, (int16_t)A, truth == X);
    }

    CASE(JUMP_LT) : COMPARE_JUMP(JUMP_LT, PY_LT, <);
    CASE(JUMP_LE) : COMPARE_JUMP(JUMP_LE, PY_LE, <=);
    CASE(JUMP_EQ) : COMPARE_JUMP(JUMP_EQ, PY_EQ, ==);
    CASE(JUMP_NE) : COMPARE_JUMP(JUMP_NE, PY_NE, !=);
    CASE(JUMP_GT) : COMPARE_JUMP(JUMP_GT, PY_GT, >);
    CASE(JUMP_GE) : COMPARE_JUMP(JUMP_GE, PY_GE, >=);

    CASE(JUMP_IS) :
    {
        const bool truth = VALUE(B) == VALUE(C);
        CONSUME(B);
        CONSUME(C);
        JUMP_NEXT(JUMP_IS, (int16_t)A, truth == X);
    }

    CASE(JUMP_IN) :
    {
        SAVE_PC();
        const int truth = eval_slow_contains_truth(f, w);
        if (truth < 0)
            goto error;
        JUMP_CHECKED(JUMP_IN, (int16_t)A, truth == X);
    }

    CASE(GETATTR) :
    {
        struct py_object *const b = VALUE(B);
        const uint32_t version = b->type->version;
        uint64_t entry = pc[1];
        const uint64_t *datum = pc + 2;
        if ((uint32_t)entry != version) {
            entry = pc[3];
            datum = pc + 4;
            if ((uint32_t)entry != version) {
                const struct attr_far *const far =
                    attr_far_find(ATTR_FAR_GET, version, (struct py_str *)consts[C]);
                if (!far)
                    SLOW(GETATTR);
                entry = far->head;
                datum = &far->datum;
            }
        }
        const unsigned index = (unsigned)(entry >> 48);
        struct py_object *res;
        switch ((enum attr_cache_kind)((entry >> 32) & 0xffff)) {
        case ATTR_VALUE: {
            const struct py_values *const values = *py_values_slot(b);
            if (!values || index >= values->capacity || !(res = values->v[index]))
                SLOW(GETATTR);
            break;
        }
        case ATTR_SLOT:
            res = *(struct py_object **)((char *)b + index);
            if (!res)
                SLOW(GETATTR);
            break;
        case ATTR_CLASS:
            res = (struct py_object *)*datum;
            break;
        case ATTR_SHADOW:
            if (!*py_values_slot(b) || b->type->shape->count != index)
                SLOW(GETATTR);
            res = (struct py_object *)*datum;
            break;
        case ATTR_DICT: {
            const struct py_dict *const dict =
                *(struct py_dict **)((char *)b + b->type->dict_offset);
            if (dict->keys->keys_version != (uint32_t)*datum)
                SLOW(GETATTR);
            res = ((const struct py_dict_entry_str *)py_dict_entries(dict->keys))[index].value;
            break;
        }
        default:
            SLOW(GETATTR);
        }
        INC(res);
        STORE(A, res);
        CONSUME(B);
        NEXT(GETATTR);
    }

    CASE(SETATTR) :
    {
        struct py_object *const o = VALUE(A);
        const uint32_t version = o->type->version;
        uint64_t entry = pc[1];
        if ((uint32_t)entry != version) {
            entry = pc[3];
            if ((uint32_t)entry != version) {
                const struct attr_far *const far =
                    attr_far_find(ATTR_FAR_SET, version, (struct py_str *)consts[C]);
                if (!far)
                    SLOW(SETATTR);
                entry = far->head;
            }
        }
        const unsigned index = (unsigned)(entry >> 48);
        struct py_object **slot;
        switch ((enum attr_cache_kind)((entry >> 32) & 0xffff)) {
        case ATTR_VALUE: {
            struct py_values *const values = *py_values_slot(o);
            if (!values || index >= values->capacity)
                SLOW(SETATTR);
            slot = &values->v[index];
            if (!*slot)
                values->order[values->count++] = (uint8_t)index;
            break;
        }
        case ATTR_SLOT:
            slot = (struct py_object **)((char *)o + index);
            break;
        default:
            SLOW(SETATTR);
        }
        struct py_object *const value = VALUE(B);
        struct py_object *const old = *slot;
        if ((B & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME)
            regs[B & OPERAND_INDEX] = NULL;
        else
            INC(value);
        *slot = value;
        if (old)
            DROP(old);
        CONSUME(A);
        NEXT(SETATTR);
    }
    CASE(DELATTR) : SLOW(DELATTR);

    CASE(LOAD_METHOD) :
    {
        struct py_object *const b = VALUE(B);
        const uint32_t version = b->type->version;
        uint64_t entry = pc[1];
        const uint64_t *datum = pc + 2;
        if ((uint32_t)entry != version) {
            entry = pc[3];
            datum = pc + 4;
            if ((uint32_t)entry != version) {
                const struct attr_far *const far =
                    attr_far_find(ATTR_FAR_METHOD, version, (struct py_str *)consts[C]);
                if (!far)
                    SLOW(LOAD_METHOD);
                entry = far->head;
                datum = &far->datum;
            }
        }
        switch ((enum attr_cache_kind)((entry >> 32) & 0xffff)) {
        case ATTR_CLASS:
            break;
        case ATTR_SHADOW:
            if (!*py_values_slot(b) || b->type->shape->count != (unsigned)(entry >> 48))
                SLOW(LOAD_METHOD);
            break;
        default:
            SLOW(LOAD_METHOD);
        }
        struct py_object *const method = (struct py_object *)*datum;
        INC(method);
        if ((B & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME)
            regs[B & OPERAND_INDEX] = NULL;
        else
            INC(b);
        regs[A] = method; /* both registers were NULL or the consumed operand */
        regs[A + 1] = b;
        NEXT(LOAD_METHOD);
    }

    CASE(GETITEM) :
    {
        struct py_object *const b = VALUE(B);
        struct py_object *const c = VALUE(C);
        if (c->type == &py_int_type && py_int_is_compact(c)) {
            int64_t i = py_int_compact_value(c);
            struct py_object *const *items;
            int64_t size;
            if (b->type == &py_list_type) {
                items = ((struct py_list *)b)->items;
                size = ((struct py_list *)b)->base.size;
            } else if (b->type == &py_tuple_type) {
                items = ((struct py_tuple *)b)->items;
                size = ((struct py_tuple *)b)->base.size;
            } else {
                SLOW(GETITEM);
            }
            if (i < 0)
                i += size;
            if ((uint64_t)i >= (uint64_t)size)
                SLOW(GETITEM);
            struct py_object *const res = items[i];
            INC(res);
            STORE(A, res);
            CONSUME(B);
            CONSUME(C);
            NEXT(GETITEM);
        }
        if (b->type == &py_dict_type && c->type == &py_str_type) {
            const struct py_dict *const d = (struct py_dict *)b;
            if (!d->keys->general) {
                struct py_object *const res =
                    py_dict_get_str((struct py_dict *)b, (struct py_str *)c);
                if (res) {
                    INC(res);
                    STORE(A, res);
                    CONSUME(B);
                    CONSUME(C);
                    NEXT(GETITEM);
                }
            }
        }
        SLOW(GETITEM);
    }

    CASE(SETITEM) :
    {
        struct py_object *const o = VALUE(A);
        struct py_object *const key = VALUE(B);
        if (o->type == &py_list_type && key->type == &py_int_type && py_int_is_compact(key)) {
            struct py_list *const list = (struct py_list *)o;
            int64_t i = py_int_compact_value(key);
            if (i < 0)
                i += list->base.size;
            if ((uint64_t)i < (uint64_t)list->base.size) {
                struct py_object *const value = VALUE(C);
                struct py_object *const old = list->items[i];
                if ((C & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME)
                    regs[C & OPERAND_INDEX] = NULL;
                else
                    INC(value);
                list->items[i] = value;
                DROP(old);
                CONSUME(A);
                CONSUME(B);
                NEXT(SETITEM);
            }
        }
        SLOW(SETITEM);
    }
    CASE(DELITEM) : SLOW(DELITEM);
    CASE(BUILD_SLICE) :
    {
        SAVE_PC();
        const int more = eval_slow_BUILD_SLICE(thread, f, w);
        if (more < 0)
            goto error;
        pc += more;
        NEXT_CHECKED(BUILD_SLICE);
    }

    CASE(BUILD_TUPLE) :
    {
        TRACE_PC();
        struct py_tuple *const t = py_tuple_from_array_steal(&regs[B], C);
        HOT_IN();
        if (!t)
            goto error_save;
        for (unsigned i = 0; i < C; i++)
            regs[B + i] = NULL;
        STORE(A, PY_OBJ(t));
        NEXT(BUILD_TUPLE);
    }

    CASE(BUILD_LIST) :
    {
        TRACE_PC();
        struct py_list *const l = py_list_from_array_steal(&regs[B], C);
        HOT_IN();
        if (!l)
            goto error_save;
        for (unsigned i = 0; i < C; i++)
            regs[B + i] = NULL;
        STORE(A, PY_OBJ(l));
        NEXT(BUILD_LIST);
    }
    CASE(BUILD_SET) : SLOW(BUILD_SET);
    CASE(BUILD_MAP) : SLOW(BUILD_MAP);
    CASE(BUILD_STRING) : SLOW(BUILD_STRING);
    CASE(FORMAT_VALUE) : SLOW(FORMAT_VALUE);

    CASE(LIST_APPEND) :
    {
        struct py_object *const value = VALUE(B);
        struct py_list *const list = (struct py_list *)regs[A];
        TRACE_PC();
        if ((B & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME)
            regs[B & OPERAND_INDEX] = NULL;
        else
            INC(value);
        if (list->base.size < list->capacity) {
            list->items[list->base.size++] = value;
        } else {
            SAVE_PC();
            if (py_list_append_steal(list, value) < 0)
                goto error;
            HOT_IN();
        }
        NEXT(LIST_APPEND);
    }
    CASE(SET_ADD) : SLOW(SET_ADD);
    CASE(MAP_ADD) : SLOW(MAP_ADD);
    CASE(LIST_EXTEND) : SLOW(LIST_EXTEND);
    CASE(SET_UPDATE) : SLOW(SET_UPDATE);
    CASE(DICT_UPDATE) : SLOW(DICT_UPDATE);
    CASE(DICT_MERGE) : SLOW(DICT_MERGE);
    CASE(LIST_TO_TUPLE) : SLOW(LIST_TO_TUPLE);

    CASE(UNPACK) :
    {
        struct py_object *const b = VALUE(B);
        struct py_object *const *items;
        if (b->type == &py_tuple_type && ((struct py_tuple *)b)->base.size == C)
            items = ((struct py_tuple *)b)->items;
        else if (b->type == &py_list_type && ((struct py_list *)b)->base.size == C)
            items = ((struct py_list *)b)->items;
        else
            SLOW(UNPACK);
        /* The operand may be the first register of the window: take it out before writing. */
        const bool consumed = (B & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME;
        if (consumed)
            regs[B & OPERAND_INDEX] = NULL;
        for (unsigned i = 0; i < C; i++) {
            INC(items[i]);
            regs[A + i] = items[i];
        }
        if (consumed)
            DROP(b);
        NEXT(UNPACK);
    }
    CASE(UNPACK_EX) : SLOW(UNPACK_EX);

    CASE(GET_ITER) : SLOW(GET_ITER);

    CASE(FOR_ITER) :
    {
        struct py_object *const it = regs[B];
        struct py_type *const type = it->type;
        struct py_object *res;
        if (type == &py_range_iter_type) {
            struct py_range_iter *const r = (struct py_range_iter *)it;
            if (r->index >= r->length)
                goto for_exhausted;
            NUMBER(number_int, r->start + r->index * r->step, res);
            if (!res)
                goto error_save;
            r->index++;
        } else if (type == &py_list_iter_type) {
            struct py_seq_iter *const s = (struct py_seq_iter *)it;
            struct py_list *const list = (struct py_list *)s->sequence;
            if (!list || s->index >= list->base.size)
                goto for_slow;
            res = list->items[s->index++];
            INC(res);
        } else if (type == &py_tuple_iter_type) {
            struct py_seq_iter *const s = (struct py_seq_iter *)it;
            struct py_tuple *const tuple = (struct py_tuple *)s->sequence;
            if (!tuple || s->index >= tuple->base.size)
                goto for_slow;
            res = tuple->items[s->index++];
            INC(res);
        } else if (type == &py_gen_type && ((struct py_gen *)it)->state <= PY_GEN_SUSPENDED &&
                   !((struct py_gen *)it)->yield_from &&
                   thread->depth < py_runtime.recursion_limit) {
            /* Run the generator's frame in this loop; YIELD and RETURN come back here. */
            struct py_gen *const gen = (struct py_gen *)it;
            SAVE_PC();
            if (gen->state == PY_GEN_SUSPENDED) { /* resumed behind its YIELD with None */
                const unsigned dest = INSN_A(*gen->frame.pc);
                struct py_object *const old = gen->regs[dest];
                gen->regs[dest] = PY_NONE;
                if (old)
                    DROP(old);
                gen->frame.pc += OP_WORDS_YIELD;
            }
            gen->state = PY_GEN_RUNNING;
            gen->frame.prev = f;
            gen->frame.top = f->top;
            gen->frame.entry = 0;
            gen->handled.prev = thread->handled;
            thread->handled = &gen->handled;
            thread->depth++;
            thread->frame = &gen->frame;
            EMIT_ENTER(gen->frame.code, code, pc);
            LOAD_FRAME();
            goto function_entry;
        } else {
        for_slow:
            SAVE_PC();
            const int found = eval_slow_next(f, w);
            if (found < 0)
                goto error;
            if (!found)
                goto for_exhausted_checked;
            NEXT_CHECKED(FOR_ITER);
        }
        STORE(A, res);
        NEXT(FOR_ITER);

    for_exhausted:
        regs[B] = NULL;
        DROP(it);
        pc += OP_WORDS_FOR_ITER + (int16_t)C;
        DISPATCH();
    for_exhausted_checked : {
        struct py_object *const done = regs[B];
        regs[B] = NULL;
        eval_drop(done);
        HOT_IN();
        pc += OP_WORDS_FOR_ITER + (int16_t)C;
        if (py_eval_mode != EVAL_MODE_ID)
            goto switch_mode;
        DISPATCH();
    }
    }

    CASE(CALL) :
    {
        struct py_object **const window = &regs[B];
        struct py_object *const callable = window[0];
        struct py_function *func;
        struct py_object **args;
        size_t nargs;
        uint8_t return_kind = RETURN_NORMAL;
        SAVE_PC();
        if (callable->type == &py_function_type) {
            func = (struct py_function *)callable;
            args = window[1] ? window + 1 : window + 2;
            nargs = C + (window[1] != NULL);
        push_call:
            if (__builtin_expect(f->owner == PY_FRAME_GENERATOR, 0)) {
                /* A generator's registers end with its object: the callee works on the stack. */
                struct py_object **const top = f->top;
                for (size_t i = 0; i < nargs; i++) {
                    top[i] = args[i];
                    args[i] = NULL;
                }
                args = top;
            }
            struct py_code *const callee = func->code;
            if (__builtin_expect(
                    !(callee->flags & PY_CODE_SIMPLE_ARGS) || nargs != callee->arg_count, 0)) {
                const size_t missing = callee->arg_count - nargs;
                if ((callee->flags & PY_CODE_SIMPLE_ARGS) && nargs < callee->arg_count &&
                    func->defaults && (uint64_t)func->defaults->base.size >= missing) {
                    struct py_object *const *const defaults =
                        func->defaults->items + func->defaults->base.size - missing;
                    for (size_t i = 0; i < missing; i++) {
                        INC(defaults[i]);
                        args[nargs + i] = defaults[i];
                    }
                } else {
                    if (!eval_bind_and_push(thread, func, args, nargs, NULL, return_kind))
                        goto error;
                    goto frame_pushed;
                }
            }
            struct py_frame *const nf = thread->frames_top;
            if (__builtin_expect(thread->depth >= py_runtime.recursion_limit ||
                                     nf == thread->frames_limit ||
                                     args + callee->reg_count > thread->regs_limit,
                                 0)) {
                eval_push_frame(thread, func,
                                args); /* raises RecursionError, clears the arguments */
                goto error;
            }
            thread->depth++;
            thread->frames_top = nf + 1;
            nf->prev = f;
            nf->func = func;
            nf->code = callee;
            nf->pc = callee->words;
            nf->regs = args;
            nf->top = args + callee->reg_count;
            nf->globals = func->globals;
            nf->builtins = func->builtins;
            nf->locals = NULL;
            nf->object = NULL;
            nf->owner = PY_FRAME_THREAD;
            nf->entry = 0;
            nf->return_kind = return_kind;
            thread->frame = nf;
            EMIT_ENTER(callee, code, pc);
            f = nf;
            code = callee;
            regs = args;
            consts = callee->consts;
            pc = callee->words;
        function_entry:
            if (probe_eval_break()) {
                SAVE_PC();
                if (py_safepoint(thread) < 0)
                    goto error;
                HOT_IN();
                if (py_eval_mode != EVAL_MODE_ID)
                    return EVAL_SWITCH;
            }
            DISPATCH();
        }
        if (callable->type == &py_cfunction_type || callable->type == &py_method_descr_type) {
            const struct py_method_def *def;
            struct py_object *self;
            args = window + 2;
            nargs = C;
            if (callable->type == &py_cfunction_type) {
                def = ((struct py_cfunction *)callable)->def;
                self = ((struct py_cfunction *)callable)->self;
                if (window[1])
                    goto call_slow;
            } else {
                def = ((struct py_descr *)callable)->def;
                self = window[1];
                if (!self)
                    goto call_slow;
            }
            if ((int64_t)nargs < def->min_args ||
                (def->max_args >= 0 && (int64_t)nargs > def->max_args))
                goto call_slow; /* which raises */
            if (++thread->depth > py_runtime.recursion_limit) {
                thread->depth--;
                goto call_slow;
            }
            struct py_object *const res = def->fn(self, args, nargs, NULL);
            thread->depth--;
            if (__builtin_expect(!res, 0))
                goto error;
            eval_end_call(window, nargs, &regs[A], res);
            if (probe_eval_break() && py_safepoint(thread) < 0)
                goto error;
            NEXT_CHECKED(CALL);
        }
        if (callable->type == &py_method_type && !window[1]) {
            struct py_method *const m = (struct py_method *)callable;
            INC(m->func);
            INC(m->self);
            window[0] = m->func;
            window[1] = m->self;
            DROP(callable);
            DISPATCH();
        }
        if ((callable->type->flags & PY_TYPE_IS_TYPE) && !window[1]) {
            func = eval_prepare_init(window, (uint64_t *)(uintptr_t)(pc + 1));
            HOT_IN();
            if (func) {
                args = window + 1;
                nargs = C + 1;
                return_kind = RETURN_INIT;
                if (py_eval_mode == EVAL_MODE_ID)
                    goto push_call;
                /* making the instance switched the mode: the other loop goes on */
                if (!eval_bind_and_push(thread, func, args, nargs, NULL, return_kind))
                    goto error;
                goto frame_pushed;
            }
            if (thread->exc)
                goto error;
        }
    call_slow:
        SLOW_AS(CALL, CALL_GENERIC);
    }

    CASE(CALL_KW) :
    {
        struct py_object **const window = &regs[B];
        struct py_object *const callable = window[0];
        SAVE_PC();
        if (callable->type == &py_function_type && f->owner != PY_FRAME_GENERATOR) {
            struct py_function *const func = (struct py_function *)callable;
            struct py_tuple *const names = (struct py_tuple *)consts[pc[1]];
            struct py_object **const args = window[1] ? window + 1 : window + 2;
            const size_t nargs = C + (window[1] != NULL) - (size_t)names->base.size;
            if (!eval_bind_and_push(thread, func, args, nargs, names, RETURN_NORMAL))
                goto error;
        frame_pushed:
            HOT_IN();
            if (py_eval_mode != EVAL_MODE_ID)
                return EVAL_SWITCH;
            LOAD_FRAME();
            goto function_entry;
        }
        SLOW_AS(CALL_KW, CALL_GENERIC);
    }

    CASE(CALL_EX) : SLOW(CALL_EX);

    CASE(RETURN) :
    {
        struct py_object *result = VALUE(B);
        if ((B & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME) {
            regs[B & OPERAND_INDEX] = NULL;
        } else if (!(B & OPERAND_CONST) && !f->object) {
            regs[B & OPERAND_INDEX] = NULL; /* a local dies with the frame: the reference moves */
        } else {
            INC(result);
        }
        SAVE_PC();
        regs[code->local_count] = result; /* a free temporary: visible while locals die */
        const uint8_t owner = f->owner;
        const uint8_t entry = f->entry;
        struct py_frame *const caller = f->prev;
        if (__builtin_expect(f->object || f->locals || owner != PY_FRAME_THREAD, 0)) {
            result = eval_leave_frame(thread, f); /* clears, pops, emits leave */
            HOT_IN();
        } else {
            struct py_object **r = regs;
            for (struct py_object **const end = regs + code->local_count; r < end; r++) {
                struct py_object *const o = *r;
                if (o) {
                    *r = NULL;
                    DROP(o);
                }
            }
            *r = NULL;
            if (__builtin_expect(f->object != NULL, 0)) { /* a finalizer asked for it */
                SAVE_PC();
                py_frame_release_object(f);
                HOT_IN();
            }
            EMIT_LEAVE();
            thread->frames_top = f;
            thread->frame = caller;
            thread->depth--;
        }
        HOT_OUT();
        if (entry)
            return result;
        const uint8_t return_kind = f->return_kind;
        LOAD_FRAME();
        w = *pc;
        if (owner == PY_FRAME_GENERATOR) { /* FOR_ITER ran it: exhausted */
            if (py_eval_mode != EVAL_MODE_ID) {
                eval_drop(result);
                goto for_exhausted_checked;
            }
            DROP(result);
            struct py_object *const it = regs[B];
            regs[B] = NULL;
            DROP(it);
            pc += OP_WORDS_FOR_ITER + (int16_t)C;
            DISPATCH();
        }
        struct py_object *const callee = regs[B];
        if (return_kind == RETURN_INIT) {
            if (result != PY_NONE) {
                py_raise(&py_exc_TypeError, "__init__() should return None, not '%.200s'",
                         result->type->name);
                eval_drop(result);
                goto error;
            }
            regs[B] = NULL;
            STORE(A, callee); /* the instance */
        } else {
            regs[B] = NULL;
            STORE(A, result);
            DROP(callee);
        }
        pc += INSN_OP(w) == OP_CALL ? OP_WORDS_CALL : OP_WORDS_CALL_KW;
        if (__builtin_expect(py_eval_mode != EVAL_MODE_ID, 0))
            goto switch_mode;
        DISPATCH();
    }

    CASE(GENERATOR) :
    {
        SAVE_PC();
        pc += OP_WORDS_GENERATOR;
        f->pc = pc;
        const uint8_t entry = f->entry;
        struct py_gen *const gen = py_gen_from_frame(f); /* pops the frame, emits leave */
        if (!gen) {
            f->pc = pc - OP_WORDS_GENERATOR;
            goto error;
        }
        if (entry)
            return PY_OBJ(gen);
        LOAD_FRAME();
        w = *pc;
        struct py_object *const callee = regs[B];
        regs[B] = NULL;
        STORE_CHECKED(A, PY_OBJ(gen));
        eval_drop(callee);
        HOT_IN();
        pc += INSN_OP(w) == OP_CALL ? OP_WORDS_CALL : OP_WORDS_CALL_KW;
        if (py_eval_mode != EVAL_MODE_ID)
            goto switch_mode;
        DISPATCH();
    }

    CASE(YIELD) : yielded = VALUE(B);
    if ((B & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME)
        regs[B & OPERAND_INDEX] = NULL;
    else
        INC(yielded);
yield_value : {
    SAVE_PC();
    struct py_gen *const gen = (struct py_gen *)((char *)f - offsetof(struct py_gen, frame));
    const uint8_t entry = f->entry;
    gen->state = PY_GEN_SUSPENDED;
    thread->handled = gen->handled.prev;
    gen->handled.prev = NULL;
    thread->frame = f->prev;
    f->prev = NULL;
    thread->depth--;
    EMIT_LEAVE();
    HOT_OUT();
    if (entry)
        return yielded;
    LOAD_FRAME();
    w = *pc;
    STORE(A, yielded);
    HOT_OUT();
    NEXT_CHECKED(FOR_ITER);
}

    CASE(YIELD_FROM) :
    {
        SAVE_PC();
        struct py_gen *const gen = (struct py_gen *)((char *)f - offsetof(struct py_gen, frame));
        gen->yield_from = regs[B];
        const int step = eval_slow_yield_from(f, w, &yielded);
        HOT_IN();
        if (step < 0) {
            gen->yield_from = NULL;
            goto error;
        }
        if (step == 0) {
            gen->yield_from = NULL;
            NEXT_CHECKED(YIELD_FROM);
        }
        if (py_eval_mode != EVAL_MODE_ID) {
            /* Yield through the loop of the new mode: it emits the leave. */
            thread->result_hold = yielded;
            return EVAL_SWITCH;
        }
        goto yield_value;
    }

    CASE(GET_YIELD_ITER) : SLOW(GET_YIELD_ITER);
    CASE(MAKE_FUNCTION) : SLOW(MAKE_FUNCTION);
    CASE(LOAD_BUILD_CLASS) : SLOW(LOAD_BUILD_CLASS);
    CASE(LOAD_LOCALS) : SLOW(LOAD_LOCALS);
    CASE(SETUP_ANNOTATIONS) : SLOW(SETUP_ANNOTATIONS);
    CASE(IMPORT_NAME) : SLOW(IMPORT_NAME);
    CASE(IMPORT_FROM) : SLOW(IMPORT_FROM);
    CASE(IMPORT_STAR) : SLOW(IMPORT_STAR);

    CASE(RAISE) : SAVE_PC();
    if (eval_slow_RAISE(thread, f, w) == 1) /* a bare raise adds no traceback entry here */
        goto error_reraised;
    goto error;
    CASE(RERAISE) : SAVE_PC();
    eval_slow_RERAISE(thread, f, w);
    goto error_reraised;
    CASE(POP_EXCEPT) : SLOW(POP_EXCEPT);

    CASE(JUMP_NO_MATCH) :
    {
        SAVE_PC();
        const int match = eval_slow_match(f, w);
        if (match < 0)
            goto error;
        JUMP_CHECKED(JUMP_NO_MATCH, (int16_t)A, !match);
    }
    CASE(BEFORE_WITH) : SLOW(BEFORE_WITH);
    CASE(WITH_EXIT) : SLOW(WITH_EXIT);
    CASE(WITH_EXCEPT) : SLOW(WITH_EXCEPT);
    CASE(LOAD_ASSERTION_ERROR) : STORE(A, PY_OBJ(&py_exc_AssertionError));
    NEXT(LOAD_ASSERTION_ERROR);
    CASE(PRINT_EXPR) : SLOW(PRINT_EXPR);

    CASE(EG_MATCH) :
    {
        SAVE_PC();
        const int match = eval_slow_group_match(thread, f, w);
        if (match < 0)
            goto error;
        JUMP_CHECKED(EG_MATCH, (int16_t)A, !match);
    }
    CASE(EG_LEAVE) : SLOW(EG_LEAVE);
    CASE(EG_FINISH) :
    {
        SAVE_PC();
        const int remains = eval_slow_group_finish(thread, f, w);
        if (remains < 0)
            goto error;
        JUMP_CHECKED(EG_FINISH, (int16_t)A, remains);
    }
    CASE(MATCH_TEST) :
    {
        const bool fits = eval_slow_match_test(f, w);
        JUMP_NEXT(MATCH_TEST, (int16_t)A, !fits);
    }
    CASE(GET_LEN) : SLOW(GET_LEN);
    CASE(MATCH_KEYS) : SLOW(MATCH_KEYS);
    CASE(MATCH_CLASS) : SLOW(MATCH_CLASS);
    CASE(GET_AWAITABLE) : SLOW(GET_AWAITABLE);
    CASE(GET_AITER) : SLOW(GET_AITER);
    CASE(GET_ANEXT) : SLOW(GET_ANEXT);
    CASE(ASYNC_WRAP) : SLOW(ASYNC_WRAP);
    CASE(BEFORE_ASYNC_WITH) : SLOW(BEFORE_ASYNC_WITH);
    CASE(LOAD_STOP_ASYNC) : SLOW(LOAD_STOP_ASYNC);

op_illegal:
    SAVE_PC();
    py_raise(&py_exc_SystemError, "illegal instruction %d at word %ld", (int)INSN_OP(w),
             (long)(pc - code->words));
    goto error;

switch_mode: /* pc is the next instruction */
    SAVE_PC();
    return EVAL_SWITCH;

error_save:
    SAVE_PC();
error:
    if (!eval_unwind(thread, false))
        return NULL;
    goto handler;
error_reraised:
    if (!eval_unwind(thread, true))
        return NULL;
handler:
    HOT_IN();
    if (py_eval_mode != EVAL_MODE_ID)
        return EVAL_SWITCH;
    LOAD_FRAME();
    DISPATCH();
}
