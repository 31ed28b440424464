/*
 * The abstract run over a code object: see verify.h for what it checks.
 *
 * A register is absent (NULL), there, or maybe there (the self of a call; the exception handled
 * before; what is bound on some ways only). The states flow along the jumps until nothing changes;
 * where two ways disagree a register becomes "maybe", which only clearing accepts. Most operands
 * explain themselves by the letters of opcodes.def; windows and the few instructions that clear or
 * bind registers in their own manner are in special().
 */
#include "vm/compile/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/compile/compiler.h"

enum reg_state {
    REG_NULL,
    REG_THERE,
    REG_MAYBE,
};

struct verifier {
    const struct py_code *code;
    uint8_t **states; /* by word offset; NULL: not reached */
    uint32_t *work;   /* offsets to be looked at (again), each at most once */
    uint32_t work_count;
    uint8_t *queued;
    uint8_t *now; /* in front of, then behind the instruction */
    uint32_t offset;
    bool ends; /* the instruction never falls through */
    char message[160];
};

struct opcode_row {
    const char *name, *a, *b, *c;
    uint8_t words;
};

static const struct opcode_row rows[OP_COUNT] = {
#define OP(name, a, b, c, x, extra, doc) [OP_##name] = {#name, #a, #b, #c, 1 + (extra)},
#include "vm/compile/opcodes.def"
};

__attribute__((format(printf, 2, 3))) static void complain(struct verifier *v, const char *format,
                                                           ...)
{
    if (v->message[0] != '\0') {
        return;
    }
    char what[96];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    const uint8_t op = (uint8_t)v->code->words[v->offset];
    snprintf(v->message, sizeof(v->message), "word %u (%s): %s", v->offset,
             op < OP_COUNT ? rows[op].name : "illegal", what);
}

/* ---- registers ------------------------------------------------------------------------------ */

static bool is_local(const struct verifier *v, unsigned reg)
{
    return reg < v->code->local_count;
}

static bool in_range(struct verifier *v, unsigned reg)
{
    if (reg < v->code->reg_count) {
        return true;
    }
    complain(v, "register %u of %u", reg, v->code->reg_count);
    return false;
}

static void need(struct verifier *v, unsigned reg)
{
    if (in_range(v, reg) && v->now[reg] != REG_THERE) {
        complain(v, "register %u may be NULL", reg);
    }
}

static void need_null(struct verifier *v, unsigned reg)
{
    if (in_range(v, reg) && v->now[reg] != REG_NULL) {
        complain(v, "register %u is not NULL", reg);
    }
}

static void set(struct verifier *v, unsigned reg, enum reg_state state)
{
    if (in_range(v, reg)) {
        v->now[reg] = (uint8_t)state;
    }
}

static void use_value(struct verifier *v, uint16_t operand)
{
    if ((operand & OPERAND_CONST) != 0) {
        if ((operand & OPERAND_INDEX) >= v->code->const_count) {
            complain(v, "constant %u of %u", operand & OPERAND_INDEX, v->code->const_count);
        }
        return;
    }
    const unsigned reg = operand & OPERAND_INDEX;
    need(v, reg);
    if ((operand & OPERAND_CONSUME) != 0 && is_local(v, reg)) {
        complain(v, "local %u is consumed", reg);
    }
}

static void consume(struct verifier *v, uint16_t operand)
{
    if ((operand & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME) {
        set(v, operand & OPERAND_INDEX, REG_NULL);
    }
}

/* Registers first .. first+count-1 are there, and moved from. */
static void take_window(struct verifier *v, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        need(v, first + i);
        set(v, first + i, REG_NULL);
    }
}

static void need_null_from(struct verifier *v, unsigned first)
{
    for (unsigned reg = first; reg < v->code->reg_count; reg++) {
        need_null(v, reg);
    }
}

/* ---- instructions --------------------------------------------------------------------------- */

static void call(struct verifier *v, unsigned window, unsigned count)
{
    need(v, window);
    set(v, window, REG_NULL);
    set(v, window + 1, REG_NULL);
    take_window(v, window + 2, count);
    need_null_from(v, window + 2 + count);
}

/* Windows, and registers that are not read, written or consumed as their letter says. */
static void special(struct verifier *v, uint8_t op, unsigned x, unsigned a, unsigned b, unsigned c)
{
    switch (op) {
    case OP_CLEAR:
    case OP_DEL_LOCAL:
        set(v, a, REG_NULL);
        break;
    case OP_CLEAR_RANGE:
        for (unsigned i = 0; i < b; i++) {
            set(v, a + i, REG_NULL);
        }
        break;
    case OP_CHECK_BOUND:
    case OP_MAKE_CELL:
        set(v, a, REG_THERE);
        break;
    case OP_WITH_EXIT:
        need(v, a);
        set(v, a, REG_NULL);
        break;
    case OP_POP_EXCEPT:
        need(v, a);
        set(v, a, REG_NULL);
        set(v, a + 1, REG_NULL);
        break;
    case OP_RERAISE:
        need(v, a);
        v->ends = true;
        break;
    case OP_RAISE:
        v->ends = true;
        break;
    case OP_RETURN:
        for (unsigned reg = v->code->local_count; reg < v->code->reg_count; reg++) {
            if ((b & OPERAND_CONST) != 0 || reg != (b & OPERAND_INDEX)) {
                need_null(v, reg);
            } else if ((b & OPERAND_CONSUME) == 0) {
                complain(v, "the returned temporary is not consumed");
            }
        }
        v->ends = true;
        break;
    case OP_CALL:
    case OP_CALL_KW:
        call(v, b, c);
        break;
    case OP_CALL_EX:
        take_window(v, b, x != 0 ? 3 : 2);
        need_null_from(v, b + 2);
        break;
    case OP_BUILD_MAP:
        take_window(v, b, 2 * c);
        break;
    case OP_BUILD_TUPLE:
    case OP_BUILD_LIST:
    case OP_BUILD_SET:
    case OP_BUILD_STRING:
    case OP_BUILD_SLICE:
        take_window(v, b, c);
        break;
    case OP_MAKE_FUNCTION:
        take_window(v, c, (unsigned)__builtin_popcount(x));
        break;
    case OP_LOAD_METHOD:
        need_null(v, a);
        need_null(v, a + 1);
        set(v, a, REG_THERE);
        set(v, a + 1, REG_MAYBE);
        break;
    case OP_UNPACK:
    case OP_UNPACK_EX:
        for (unsigned i = 0; i < c + (op == OP_UNPACK_EX ? x + 1 : 0); i++) {
            need_null(v, a + i);
            set(v, a + i, REG_THERE);
        }
        break;
    case OP_MATCH_CLASS:
        take_window(v, c, 2);
        break;
    case OP_EG_MATCH: /* the jump leaves R[b+4] NULL: see follow() */
        need(v, b);
        need(v, b + 3);
        need_null(v, b + 4);
        set(v, b + 4, REG_THERE);
        break;
    case OP_EG_LEAVE:
        need(v, a);
        set(v, a + 4, REG_NULL);
        break;
    case OP_EG_FINISH:
        take_window(v, b + 2, 2);
        break;
    case OP_BEFORE_ASYNC_WITH:
    case OP_BEFORE_WITH:
        need_null(v, c);
        set(v, c, REG_THERE);
        break;
    case OP_YIELD_FROM:
        need(v, b);
        need_null(v, c);
        set(v, b, REG_NULL);
        break;
    default:
        break;
    }
}

/* R operands whose registers special() looks after. */
static bool reads_registers(uint8_t op)
{
    switch (op) {
    case OP_CLEAR:
    case OP_DEL_LOCAL:
    case OP_CLEAR_RANGE:
    case OP_CHECK_BOUND:
    case OP_MAKE_CELL:
    case OP_WITH_EXIT:
    case OP_POP_EXCEPT:
    case OP_RERAISE:
    case OP_YIELD_FROM:
    case OP_EG_LEAVE:
        return false;
    default:
        return true;
    }
}

static void operand_before(struct verifier *v, uint8_t op, const char *kind, uint16_t value)
{
    if (kind[0] == 'V') {
        use_value(v, value);
    } else if (kind[0] == 'R' && reads_registers(op)) {
        need(v, value);
    } else if (kind[0] == 'K' && value >= v->code->const_count) {
        complain(v, "constant %u of %u", value, v->code->const_count);
    }
}

static void step(struct verifier *v, uint64_t word)
{
    const uint8_t op = (uint8_t)word;
    const struct opcode_row *row = &rows[op];
    const uint16_t a = (uint16_t)(word >> 16);
    const uint16_t b = (uint16_t)(word >> 32);
    const uint16_t c = (uint16_t)(word >> 48);
    const uint8_t x = (uint8_t)(word >> 8);
    operand_before(v, op, row->a, a);
    if (op != OP_RAISE || x >= 1) { /* a bare raise has no operands */
        operand_before(v, op, row->b, b);
    }
    if (op != OP_RAISE || x == 2) {
        operand_before(v, op, row->c, c);
    }
    const uint16_t values[] = {a, b, c};
    const char *const kinds[] = {row->a, row->b, row->c};
    for (int i = 0; i < 3; i++) {
        if (kinds[i][0] != 'V') {
            continue;
        }
        consume(v, values[i]);
        const bool consumed = (values[i] & (OPERAND_CONST | OPERAND_CONSUME)) == OPERAND_CONSUME;
        /* YIELD gives its operand away before anything is written. */
        if (row->a[0] == 'D' && op != OP_YIELD && consumed && (values[i] & OPERAND_INDEX) == a) {
            complain(v, "the destination is a consumed operand");
        }
    }
    special(v, op, x, a, b, c);
    if (row->a[0] == 'D') {
        set(v, a, REG_THERE);
    }
}

/* ---- flow ----------------------------------------------------------------------------------- */

static void enqueue(struct verifier *v, uint32_t offset)
{
    if (!v->queued[offset]) {
        v->queued[offset] = 1;
        v->work[v->work_count++] = offset;
    }
}

/* Another way to `target`, with the registers in `state`. */
static void reach(struct verifier *v, int64_t target, const uint8_t *state)
{
    const struct py_code *code = v->code;
    if (target < 0 || target >= code->word_count) {
        complain(v, "jump to %lld", (long long)target);
        return;
    }
    uint8_t *old = v->states[target];
    if (old == NULL) {
        old = v->states[target] = malloc(code->reg_count);
        if (old == NULL) {
            return;
        }
        memcpy(old, state, code->reg_count);
        enqueue(v, (uint32_t)target);
        return;
    }
    bool changed = false;
    for (unsigned reg = 0; reg < code->reg_count; reg++) {
        if (old[reg] == state[reg] || old[reg] == REG_MAYBE) {
            continue;
        }
        old[reg] = REG_MAYBE;
        changed = true;
    }
    if (changed) {
        enqueue(v, (uint32_t)target);
    }
}

/* The handler of the instruction gets the registers as they are in front of it. */
static void reach_handler(struct verifier *v, const uint8_t *before)
{
    const struct py_code *code = v->code;
    for (uint32_t i = 0; i < code->handler_count; i++) {
        const struct py_handler *h = &code->handlers[i];
        if (v->offset < h->start || v->offset >= h->end) {
            continue;
        }
        if (h->depth < code->local_count || h->depth + 1 >= code->reg_count) {
            complain(v, "handler at depth %u", h->depth);
            return;
        }
        uint8_t *state = malloc(code->reg_count);
        if (state != NULL) {
            memcpy(state, before, code->reg_count);
            memset(state + h->depth, REG_NULL, code->reg_count - h->depth);
            state[h->depth] = REG_THERE;
            state[h->depth + 1] = REG_MAYBE;
            reach(v, h->target, state);
            free(state);
        }
        return;
    }
}

static void follow(struct verifier *v, const uint8_t *before)
{
    const uint64_t word = v->code->words[v->offset];
    const uint8_t op = (uint8_t)word;
    if (op >= OP_COUNT) {
        complain(v, "no such opcode");
        return;
    }
    const struct opcode_row *row = &rows[op];
    const int64_t next = (int64_t)v->offset + row->words;
    memcpy(v->now, before, v->code->reg_count);
    v->ends = false;
    reach_handler(v, before);
    step(v, word);
    if (op == OP_JUMP || op == OP_JUMP_BACK) {
        reach(v, next + (int32_t)(word >> 32), v->now);
        return;
    }
    if (op == OP_FOR_ITER) {
        uint8_t *out = malloc(v->code->reg_count);
        if (out != NULL) {
            memcpy(out, before, v->code->reg_count);
            out[(uint16_t)(word >> 32)] = REG_NULL;
            reach(v, next + (int16_t)(word >> 48), out);
            free(out);
        }
    } else if (op == OP_EG_MATCH) {
        uint8_t *out = malloc(v->code->reg_count);
        if (out != NULL) {
            memcpy(out, v->now, v->code->reg_count);
            out[(uint16_t)(word >> 32) + 4] = REG_NULL;
            reach(v, next + (int16_t)(word >> 16), out);
            free(out);
        }
    } else if (row->a[0] == 'J') {
        reach(v, next + (int16_t)(word >> 16), v->now);
    }
    if (!v->ends) {
        reach(v, next, v->now);
    }
}

static void start(struct verifier *v)
{
    const struct py_code *code = v->code;
    uint8_t *state = calloc(code->reg_count, 1);
    if (state == NULL) {
        return;
    }
    const unsigned params = code->arg_count + (unsigned)code->kwonly_count +
                            ((code->flags & PY_CODE_VARARGS) != 0) +
                            ((code->flags & PY_CODE_VARKEYWORDS) != 0);
    memset(state, REG_THERE, params);
    reach(v, 0, state);
    free(state);
}

const char *py_code_verify(const struct py_code *code)
{
    static char message[sizeof(((struct verifier *)NULL)->message)];
    struct verifier v = {.code = code};
    v.states = calloc(code->word_count + 1, sizeof(*v.states));
    v.work = malloc(((size_t)code->word_count + 1) * sizeof(*v.work));
    v.queued = calloc(code->word_count + 1, 1);
    v.now = malloc(code->reg_count + 1u);
    if (v.states != NULL && v.work != NULL && v.queued != NULL && v.now != NULL) {
        start(&v);
        while (v.work_count > 0 && v.message[0] == '\0') {
            v.offset = v.work[--v.work_count];
            v.queued[v.offset] = 0;
            uint8_t *before = malloc(code->reg_count);
            if (before == NULL) {
                break;
            }
            memcpy(before, v.states[v.offset], code->reg_count);
            follow(&v, before);
            free(before);
        }
    }
    for (uint32_t i = 0; v.states != NULL && i < code->word_count; i++) {
        free(v.states[i]);
    }
    free(v.states);
    free(v.work);
    free(v.queued);
    free(v.now);
    memcpy(message, v.message, sizeof(message));
    return message[0] != '\0' ? message : NULL;
}
