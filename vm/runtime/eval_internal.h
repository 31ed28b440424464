/* What the compiled copies of the loop, the slow paths and the entry points share. Not for others.
 *
 * Operand macros decode the instruction word `w`; see vm/compile/opcodes.def for their meaning.
 */
#ifndef BRILLE_VM_RUNTIME_EVAL_INTERNAL_H
#define BRILLE_VM_RUNTIME_EVAL_INTERNAL_H

#include "vm/object/code.h"
#include "vm/object/func.h"
#include "vm/object/gen.h"
#include "vm/object/object.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/frame.h"
#include "vm/runtime/thread.h"

enum opcode {
#define OP(name, a, b, c, x, extra, doc) OP_##name,
#include "vm/compile/opcodes.def"
    OP_COUNT
};

enum { /* words of an instruction, cache included */
#define OP(name, a, b, c, x, extra, doc) OP_WORDS_##name = 1 + (extra),
#include "vm/compile/opcodes.def"
};

#define INSN_OP(w) ((uint8_t)(w))
#define INSN_X(w)  ((uint8_t)((w) >> 8))
#define INSN_A(w)  ((uint16_t)((w) >> 16))
#define INSN_B(w)  ((uint16_t)((w) >> 32))
#define INSN_C(w)  ((uint16_t)((w) >> 48))
#define INSN_J4(w) ((int32_t)((w) >> 32))

#define OPERAND_CONST   0x8000u
#define OPERAND_CONSUME 0x4000u
#define OPERAND_INDEX   0x3fffu

/* How a mode is made up; the loop's copies are indexed by it. */
enum eval_mode {
    EVAL_UNTRACED = 0,
    EVAL_STACKS = 1,
    EVAL_TRACED = 2,
    EVAL_FILTERED = 3, /* counts that pass the filter */
    EVAL_COUNTING = 4, /* added to one of the above */
    EVAL_MODE_COUNT = 8,
};

/* The mode every loop ought to run in; changed at safepoints only. */
extern uint32_t py_eval_mode;
/* Loops that are inside a deallocation started by a fast path, which cannot follow a change of
 * mode: while not zero, a safepoint leaves a requested change pending. */
extern int32_t py_eval_switch_blocked;
/* Instructions left until the loop gives the GIL up (-X checkinterval). */
extern int64_t py_eval_countdown;

/* Result of a loop that must be continued by the loop of another mode: thread->frame and its pc
 * say where. */
#define EVAL_SWITCH ((struct py_object *)1)

typedef struct py_object *(*eval_loop_fn)(struct py_thread *thread);
struct py_object *eval_loop_untraced(struct py_thread *thread);
struct py_object *eval_loop_stacks(struct py_thread *thread);
struct py_object *eval_loop_traced(struct py_thread *thread);
struct py_object *eval_loop_filtered(struct py_thread *thread);
struct py_object *eval_loop_untraced_counting(struct py_thread *thread);
struct py_object *eval_loop_stacks_counting(struct py_thread *thread);
struct py_object *eval_loop_traced_counting(struct py_thread *thread);
struct py_object *eval_loop_filtered_counting(struct py_thread *thread);

enum frame_return_kind {
    RETURN_NORMAL = 0, /* the caller's CALL takes the result */
    RETURN_INIT = 1,   /* __init__ called by CALL: the result is the instance in the window */
};

/* ---- eval.c: frames in and out ----------------------------------------------------------- */

/* Pushes a frame for func whose registers start at regs and hold its bound arguments. NULL with
 * RecursionError. Does not emit `enter`. */
struct py_frame *eval_push_frame(struct py_thread *thread, struct py_function *func,
                                 struct py_object **regs);
/* Runs thread->frame (marked as entry) to its end. */
struct py_object *eval_run(struct py_thread *thread);
/* An exception is pending in thread->frame. Finds the handler, or unwinds frames up to and
 * including the entry frame: false then. */
bool eval_unwind(struct py_thread *thread, bool reraised);
/* Drops registers [from, to) of a frame, NULLs them. */
void eval_clear_registers(struct py_object **from, struct py_object **to);
/* Binds arguments in place: window[0..nargs) and kwnames become func's registers. -1: exception,
 * all registers NULL. */
int eval_bind_in_place(struct py_function *func, struct py_object **regs, size_t nargs,
                       struct py_tuple *kwnames);
/* Both, and announces the call: what CALL does when arguments are not simply positional. NULL:
 * exception. */
struct py_frame *eval_bind_and_push(struct py_thread *thread, struct py_function *func,
                                    struct py_object **regs, size_t nargs, struct py_tuple *kwnames,
                                    uint8_t return_kind);
/* For a frame that returns and has a frame object, locals or is a generator's: everything but
 * the plain case. Gives back the result, which waits in register local_count. */
struct py_object *eval_leave_frame(struct py_thread *thread, struct py_frame *frame);

/* ---- eval_ops.c: slow paths --------------------------------------------------------------- */

/* Frees an object for a fast path; see py_eval_switch_blocked. */
void eval_dealloc(struct py_object *o);
/* The traced loops know where they are. */
void eval_dealloc_at(struct py_object *o, unsigned site);
/* And the one that keeps HOT's position lends it, and takes back where that stands then. */
char *eval_dealloc_hot(struct py_object *o, struct py_frame *f, const uint64_t *pc, char *hot);

/* Counts for after a call out, where the mode may have changed: they test the flag. */
void eval_drop(struct py_object *o);
void eval_store(struct py_object **slot, struct py_object *res); /* steals */
/* After a C function: drops the window (callable, self, nargs arguments), stores res (stolen). */
void eval_end_call(struct py_object **window, size_t nargs, struct py_object **dest,
                   struct py_object *res);

/* Whole instructions: operands from w, result stored, operands consumed. 0, or -1 with an
 * exception. */
#define EVAL_SLOW_OPS(S) \
    S(LOAD_GLOBAL)       \
    S(LOAD_NAME)         \
    S(BINARY)            \
    S(COMPARE)           \
    S(CONTAINS)          \
    S(UNARY)             \
    S(GETATTR)           \
    S(SETATTR)           \
    S(LOAD_METHOD)       \
    S(GETITEM)           \
    S(SETITEM)           \
    S(DELITEM)           \
    S(DELATTR)           \
    S(STORE_NAME)        \
    S(DEL_NAME)          \
    S(STORE_GLOBAL)      \
    S(DEL_GLOBAL)        \
    S(LOAD_CLASSDEREF)   \
    S(BUILD_SLICE)       \
    S(BUILD_SET)         \
    S(BUILD_MAP)         \
    S(BUILD_STRING)      \
    S(FORMAT_VALUE)      \
    S(SET_ADD)           \
    S(MAP_ADD)           \
    S(LIST_EXTEND)       \
    S(SET_UPDATE)        \
    S(DICT_UPDATE)       \
    S(DICT_MERGE)        \
    S(LIST_TO_TUPLE)     \
    S(UNPACK)            \
    S(UNPACK_EX)         \
    S(GET_ITER)          \
    S(CALL_EX)           \
    S(CALL_GENERIC)      \
    S(GET_YIELD_ITER)    \
    S(MAKE_FUNCTION)     \
    S(LOAD_BUILD_CLASS)  \
    S(LOAD_LOCALS)       \
    S(SETUP_ANNOTATIONS) \
    S(IMPORT_NAME)       \
    S(IMPORT_FROM)       \
    S(IMPORT_STAR)       \
    S(RAISE)             \
    S(RERAISE)           \
    S(POP_EXCEPT)        \
    S(BEFORE_WITH)       \
    S(WITH_EXIT)         \
    S(WITH_EXCEPT)       \
    S(EG_LEAVE)          \
    S(GET_LEN)           \
    S(MATCH_KEYS)        \
    S(MATCH_CLASS)       \
    S(GET_AWAITABLE)     \
    S(GET_AITER)         \
    S(GET_ANEXT)         \
    S(ASYNC_WRAP)        \
    S(BEFORE_ASYNC_WITH) \
    S(LOAD_STOP_ASYNC)   \
    S(PRINT_EXPR)
#define S(name) int eval_slow_##name(struct py_thread *thread, struct py_frame *f, uint64_t w);
EVAL_SLOW_OPS(S)
#undef S

/* Truth of a slow comparison or containment, operands consumed: 1, 0, -1. */
int eval_slow_compare_truth(struct py_frame *f, uint64_t w, int op);
int eval_slow_contains_truth(struct py_frame *f, uint64_t w);
int eval_slow_truth(struct py_frame *f, uint64_t w);
/* Does the exception match the class or tuple: 1, 0, -1. */
int eval_slow_match(struct py_frame *f, uint64_t w);
/* EG_MATCH: 1 part of the exception matches, 0 none, -1. EG_FINISH: 1 something remains. */
int eval_slow_group_match(struct py_thread *thread, struct py_frame *f, uint64_t w);
int eval_slow_group_finish(struct py_thread *thread, struct py_frame *f, uint64_t w);
/* MATCH_TEST: may patterns take b for a sequence (x = 0) or mapping (x = 1)? */
bool eval_slow_match_test(struct py_frame *f, uint64_t w);
/* next() of FOR_ITER on anything but the loop's own iterators: 1 stored, 0 exhausted, -1. */
int eval_slow_next(struct py_frame *f, uint64_t w);
/* Delegation step of YIELD_FROM: 1 = *yielded is to be yielded, 0 = finished (stored), -1. */
int eval_slow_yield_from(struct py_frame *f, uint64_t w, struct py_object **yielded);
void *eval_raise_unbound(struct py_frame *f, unsigned name_const, bool free_variable);
/* CALL of a class with a Python __init__: makes the instance into window[0], self into the callee's
 * first register. The function to push, or NULL: error, or not this case (no exception). */
struct py_function *eval_prepare_init(struct py_object **window, uint64_t *cache);

/* ---- inline caches -------------------------------------------------------------------------- */

/* GETATTR, SETATTR and LOAD_METHOD have two entries of two words: the first
 * type version | kind << 32 | index << 48, the second a pointer or number. */
enum attr_cache_kind {
    ATTR_EMPTY = 0,
    ATTR_VALUE,  /* values->v[index] */
    ATTR_SLOT,   /* object pointer at offset index */
    ATTR_CLASS,  /* pointer: attribute of the type, nothing in the instance can hide it */
    ATTR_SHADOW, /* the same, as long as the type's shape has index names and values are there */
    ATTR_DICT,   /* entry number index of the instance's materialised or module dict */
};
#define ATTR_CACHE(version, kind, index) \
    ((uint64_t)(version) | (uint64_t)(kind) << 32 | (uint64_t)(index) << 48)

/* What an instruction's two entries have no room for (a site that sees many classes) is found in a
 * table for all of them. The version makes an entry right for as long as it matches; the address
 * of a dead name may serve another one, which is why the hash is compared as well. */
enum attr_far_use { ATTR_FAR_GET, ATTR_FAR_SET, ATTR_FAR_METHOD, ATTR_FAR_USES };
#define ATTR_FAR_SIZE 256 /* entries for each use; a power of two */
struct attr_far {
    uint64_t head, datum; /* as in an instruction; 0: empty */
    const struct py_str *name;
    int64_t hash;
};
extern struct attr_far eval_attr_far[ATTR_FAR_USES][ATTR_FAR_SIZE];

static inline struct attr_far *attr_far_slot(enum attr_far_use use, uint32_t version,
                                             const struct py_str *name)
{
    return &eval_attr_far[use][(version * 5 ^ (uint32_t)((uintptr_t)name >> 4)) % ATTR_FAR_SIZE];
}

/* NULL: not there. */
static inline const struct attr_far *attr_far_find(enum attr_far_use use, uint32_t version,
                                                   const struct py_str *name)
{
    const struct attr_far *const far = attr_far_slot(use, version, name);
    return (uint32_t)far->head == version && far->name == name && far->hash == name->hash ? far
                                                                                          : NULL;
}

#endif
