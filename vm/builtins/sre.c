/* The engine: backtracking without recursion.
 *
 * The state of a way through the pattern is the code's address, the position, and the repeat it is
 * in. Where there is more than one way, the others are pushed as choices; when a way fails the
 * newest choice is taken. What a way changed (marks, the last group) is noted in a trail of undos
 * and taken back then. So the memory of a match is three arrays that grow, and no subject is too
 * long.
 *
 * Repeats of more than one item keep a record for each round: the round's number, where it began,
 * and the repeat around it. Records never change, so a choice needs only the index of one.
 *
 * Lookarounds, atomic groups and possessive repeats are matches of their own (run() calls itself,
 * as deep as the pattern is nested); once they have matched, their choices are thrown away.
 */
#include "vm/builtins/sre.h"

#include <stdlib.h>
#include <string.h>

#include "vm/builtins/sre_code.h"
#include "vm/memory/heap.h"
#include "vm/object/str_impl.h"
#include "vm/runtime/error.h"
#include "vm/runtime/signals.h"

enum choice_kind {
    CHOICE_GO,     /* go on at code */
    CHOICE_BRANCH, /* code is the next alternative's skip */
    CHOICE_LESS,   /* a greedy repeat of one item, at code: one item less, down to `limit` */
    CHOICE_MORE,   /* a lazy one: one item more, up to `limit` items */
    CHOICE_ROUND,  /* a lazy repeat of several: another round */
};

struct sre_choice {
    enum choice_kind kind;
    const uint32_t *code;
    int64_t position, limit;
    int64_t repeat, repeat_count, undo_count;
};

struct sre_undo {
    int64_t *where, old;
};

struct sre_repeat {
    int64_t outer;        /* -1: none */
    const uint32_t *code; /* of REPEAT's operands: skip, min, max, body */
    int64_t count;        /* rounds before this one */
    int64_t began;        /* where the round before began; -1 */
};

/* ---- memory ---------------------------------------------------------------------------------- */

static int grow(void *array, int64_t *capacity, size_t size)
{
    void **const p = array;
    const int64_t more = *capacity ? *capacity * 2 : 64;
    void *const grown = py_mem_realloc(*p, (size_t)more * size);
    if (!grown) {
        py_raise_no_memory();
        return -1;
    }
    *p = grown;
    *capacity = more;
    return 0;
}

void sre_deinit(struct sre *s)
{
    py_mem_free(s->choices);
    py_mem_free(s->undos);
    py_mem_free(s->repeats);
    py_mem_free(s->marks);
}

void sre_reset(struct sre *s)
{
    for (int64_t i = 0; i < s->mark_count; i++)
        s->marks[i] = -1;
    s->lastindex = -1;
    s->choice_count = s->undo_count = s->repeat_count = 0;
}

static int set(struct sre *s, int64_t *where, int64_t value)
{
    if (s->undo_count == s->undo_capacity &&
        grow(&s->undos, &s->undo_capacity, sizeof *s->undos) < 0)
        return -1;
    s->undos[s->undo_count++] = (struct sre_undo){.where = where, .old = *where};
    *where = value;
    return 0;
}

static void undo_to(struct sre *s, int64_t count)
{
    while (s->undo_count > count) {
        const struct sre_undo *const u = &s->undos[--s->undo_count];
        *u->where = u->old;
    }
}

static int push(struct sre *s, enum choice_kind kind, const uint32_t *code, int64_t position,
                int64_t limit, int64_t repeat)
{
    if (s->choice_count == s->choice_capacity &&
        grow(&s->choices, &s->choice_capacity, sizeof *s->choices) < 0)
        return -1;
    s->choices[s->choice_count++] = (struct sre_choice){.kind = kind,
                                                        .code = code,
                                                        .position = position,
                                                        .limit = limit,
                                                        .repeat = repeat,
                                                        .repeat_count = s->repeat_count,
                                                        .undo_count = s->undo_count};
    return 0;
}

/* Index of a new record, or -1. */
static int64_t new_repeat(struct sre *s, int64_t outer, const uint32_t *code, int64_t count,
                          int64_t began)
{
    if (s->repeat_count == s->repeat_capacity &&
        grow(&s->repeats, &s->repeat_capacity, sizeof *s->repeats) < 0)
        return -1;
    s->repeats[s->repeat_count] =
        (struct sre_repeat){.outer = outer, .code = code, .count = count, .began = began};
    return s->repeat_count++;
}

/* ---- characters ------------------------------------------------------------------------------ */

static inline uint32_t at(const struct sre *s, int64_t i)
{
    return s->kind == 1   ? ((const uint8_t *)s->data)[i]
           : s->kind == 2 ? ((const uint16_t *)s->data)[i]
                          : ((const uint32_t *)s->data)[i];
}

uint32_t sre_lower_ascii(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

uint32_t sre_lower_unicode(uint32_t c)
{
    uint32_t out[3];
    if (c < 128)
        return sre_lower_ascii(c);
    char_lower(c, out);
    return out[0];
}

uint32_t sre_upper_unicode(uint32_t c)
{
    uint32_t out[3];
    char_upper(c, out);
    return out[0]; /* where it becomes several, as in the reference, the first one */
}

static bool is_word_ascii(uint32_t c)
{
    return c < 128 &&
           ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
}

static bool is_word_unicode(uint32_t c)
{
    if (c < 128)
        return is_word_ascii(c);
    return char_is_alpha(c) || char_is_decimal(c) || char_is_digit(c) || char_is_numeric(c);
}

static bool is_space_ascii(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool in_category(uint32_t category, uint32_t c)
{
    static const bool negated[] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
    bool in = false;
    switch (category) {
    case 0:
    case 1: /* digit */
        in = c >= '0' && c <= '9';
        break;
    case 2:
    case 3: /* space */
        in = is_space_ascii(c);
        break;
    case 4:
    case 5: /* word */
    case 8:
    case 9:
        in = is_word_ascii(c);
        break;
    case 6:
    case 7: /* line break */
        in = c == '\n';
        break;
    case 10:
    case 11:
        in = char_is_decimal(c);
        break;
    case 12:
    case 13:
        in = char_is_space(c);
        break;
    case 14:
    case 15:
        in = is_word_unicode(c);
        break;
    case 16:
    case 17:
        in = char_is_linebreak(c);
        break;
    default:
        return false;
    }
    return in != negated[category];
}

static bool in_charset(const uint32_t *set_code, uint32_t c)
{
    bool ok = true;
    for (;;) {
        switch ((enum sre_op) * set_code++) {
        case FAILURE:
            return !ok;
        case LITERAL:
            if (c == *set_code++)
                return ok;
            break;
        case CATEGORY:
            if (in_category(*set_code++, c))
                return ok;
            break;
        case CHARSET:
            if (c < 256 && (set_code[c >> 5] & (1u << (c & 31))))
                return ok;
            set_code += 8;
            break;
        case RANGE:
            if (set_code[0] <= c && c <= set_code[1])
                return ok;
            set_code += 2;
            break;
        case RANGE_UNI_IGNORE: {
            const uint32_t upper = sre_upper_unicode(c);
            if ((set_code[0] <= c && c <= set_code[1]) ||
                (set_code[0] <= upper && upper <= set_code[1]))
                return ok;
            set_code += 2;
            break;
        }
        case NEGATE:
            ok = !ok;
            break;
        case BIGCHARSET: {
            const uint32_t count = *set_code++;
            if (c < 0x10000) {
                const uint32_t block = ((const uint8_t *)set_code)[c >> 8];
                const uint32_t *const chunk = set_code + 64 + block * 8;
                if (block < count && (chunk[(c & 255) >> 5] & (1u << (c & 31))))
                    return ok;
            }
            set_code += 64 + count * 8;
            break;
        }
        default:
            return false;
        }
    }
}

/* Does the item at code (which matches one character or none) match c? */
static bool one(const uint32_t *code, uint32_t c)
{
    switch ((enum sre_op)code[0]) {
    case ANY:
        return c != '\n';
    case ANY_ALL:
        return true;
    case LITERAL:
        return c == code[1];
    case NOT_LITERAL:
        return c != code[1];
    case LITERAL_IGNORE:
    case LITERAL_LOC_IGNORE:
        return sre_lower_ascii(c) == sre_lower_ascii(code[1]);
    case NOT_LITERAL_IGNORE:
    case NOT_LITERAL_LOC_IGNORE:
        return sre_lower_ascii(c) != sre_lower_ascii(code[1]);
    case LITERAL_UNI_IGNORE:
        return sre_lower_unicode(c) == code[1];
    case NOT_LITERAL_UNI_IGNORE:
        return sre_lower_unicode(c) != code[1];
    case IN:
        return in_charset(code + 2, c);
    case IN_IGNORE:
        return in_charset(code + 2, sre_lower_ascii(c));
    case IN_LOC_IGNORE:
        return in_charset(code + 2, c) || in_charset(code + 2, sre_lower_ascii(c)) ||
               (c >= 'a' && c <= 'z' && in_charset(code + 2, c - 32));
    case IN_UNI_IGNORE:
        return in_charset(code + 2, sre_lower_unicode(c));
    case CATEGORY:
        return in_category(code[1], c);
    default:
        return false;
    }
}

static bool has_operand(uint32_t op)
{
    return op != ANY && op != ANY_ALL;
}

static bool is_in(uint32_t op)
{
    return op == IN || op == IN_IGNORE || op == IN_UNI_IGNORE || op == IN_LOC_IGNORE;
}

/* How many characters from p on match the item, at most `most`. */
static int64_t count_items(const struct sre *s, const uint32_t *code, int64_t p, uint32_t most)
{
    int64_t end = s->end;
    if (most != SRE_MAXREPEAT && (int64_t)most < end - p)
        end = p + most;
    const int64_t from = p;
    if (code[0] == ANY_ALL)
        return end > from ? end - from : 0;
    if (s->kind == 1 && (code[0] == ANY || code[0] == NOT_LITERAL)) {
        const uint32_t stop = code[0] == ANY ? '\n' : code[1];
        if (stop > 255 || end <= p)
            return end > p ? end - p : 0;
        const uint8_t *const data = s->data;
        const uint8_t *const hit = memchr(data + p, (int)stop, (size_t)(end - p));
        return hit ? hit - (data + p) : end - p;
    }
    while (p < end && one(code, at(s, p)))
        p++;
    return p - from;
}

static bool is_word_at(const struct sre *s, int64_t i, bool unicode)
{
    if (i < s->beginning || i >= s->end)
        return false;
    return unicode ? is_word_unicode(at(s, i)) : is_word_ascii(at(s, i));
}

static bool is_at(const struct sre *s, uint32_t where, int64_t p)
{
    switch ((enum sre_at)where) {
    case AT_BEGINNING:
    case AT_BEGINNING_STRING:
        return p == s->beginning;
    case AT_BEGINNING_LINE:
        return p == s->beginning || at(s, p - 1) == '\n';
    case AT_END:
        return p == s->end || (p + 1 == s->end && at(s, p) == '\n');
    case AT_END_LINE:
        return p == s->end || at(s, p) == '\n';
    case AT_END_STRING:
        return p == s->end;
    case AT_BOUNDARY:
    case AT_NON_BOUNDARY:
    case AT_LOC_BOUNDARY:
    case AT_LOC_NON_BOUNDARY:
    case AT_UNI_BOUNDARY:
    case AT_UNI_NON_BOUNDARY: {
        if (s->beginning == s->end)
            return false;
        const bool unicode = where >= AT_UNI_BOUNDARY;
        const bool boundary = is_word_at(s, p - 1, unicode) != is_word_at(s, p, unicode);
        const bool wanted =
            where == AT_BOUNDARY || where == AT_LOC_BOUNDARY || where == AT_UNI_BOUNDARY;
        return boundary == wanted;
    }
    }
    return false;
}

/* Does the text of a group stand at p as well? */
static bool same_as_group(const struct sre *s, uint32_t op, uint32_t group, int64_t p,
                          int64_t *length)
{
    const int64_t from = s->marks[2 * group], to = s->marks[2 * group + 1];
    if (from < 0 || to < from)
        return false;
    *length = to - from;
    if (*length > s->end - p)
        return false;
    for (int64_t i = 0; i < *length; i++) {
        uint32_t a = at(s, from + i), b = at(s, p + i);
        if (op == GROUPREF_UNI_IGNORE) {
            a = sre_lower_unicode(a);
            b = sre_lower_unicode(b);
        } else if (op != GROUPREF) {
            a = sre_lower_ascii(a);
            b = sre_lower_ascii(b);
        }
        if (a != b)
            return false;
    }
    return true;
}

/* ---- matching -------------------------------------------------------------------------------- */

/* A way: what changes from instruction to instruction. */
struct way {
    const uint32_t *code;
    int64_t p, repeat;
};

static int run(struct sre *s, const uint32_t *code, int64_t p, bool toplevel, int64_t *end);

/* A match of its own, whose choices are dropped. 1, 0, -1. */
static int run_apart(struct sre *s, const uint32_t *code, int64_t p, int64_t *end)
{
    const int64_t undos = s->undo_count, repeats = s->repeat_count;
    const int result = run(s, code, p, false, end);
    if (result == 0)
        undo_to(s, undos);
    s->repeat_count = repeats;
    return result;
}

/* Takes the newest choice above base. 1: *w is the way; 0: none is left; -1. */
static int backtrack(struct sre *s, int64_t base, struct way *w)
{
    while (s->choice_count > base) {
        struct sre_choice *const c = &s->choices[s->choice_count - 1];
        undo_to(s, c->undo_count);
        s->repeat_count = c->repeat_count;
        w->repeat = c->repeat;
        w->p = c->position;
        switch (c->kind) {
        case CHOICE_GO:
            w->code = c->code;
            s->choice_count--;
            return 1;
        case CHOICE_BRANCH: {
            const uint32_t *const next = c->code + c->code[0];
            w->code = c->code + 1;
            if (next[0])
                c->code = next;
            else
                s->choice_count--;
            return 1;
        }
        case CHOICE_LESS: {
            const uint32_t *const tail = c->code + 1 + c->code[1];
            int64_t p = c->position - 1;
            if (tail[0] == LITERAL)
                while (p >= c->limit && at(s, p) != tail[1])
                    p--;
            if (p < c->limit) {
                s->choice_count--;
                continue;
            }
            c->position = w->p = p;
            w->code = tail;
            if (p == c->limit)
                s->choice_count--;
            return 1;
        }
        case CHOICE_MORE:
            if (c->limit == 0 || c->position >= s->end || !one(c->code + 4, at(s, c->position))) {
                s->choice_count--;
                continue;
            }
            w->p = ++c->position;
            c->limit--;
            w->code = c->code + 1 + c->code[1];
            return 1;
        case CHOICE_ROUND: {
            const struct sre_repeat r = s->repeats[c->repeat];
            s->choice_count--;
            w->repeat = new_repeat(s, r.outer, r.code, r.count + 1, w->p);
            w->code = r.code + 3;
            return w->repeat < 0 ? -1 : 1;
        }
        }
    }
    return 0;
}

/* REPEAT_ONE, MIN_REPEAT_ONE, POSSESSIVE_REPEAT_ONE at w->code. 1, 0, -1. */
static int repeat_one(struct sre *s, struct way *w)
{
    const uint32_t *const code = w->code;
    const uint32_t min = code[2], max = code[3];
    if ((int64_t)min > s->end - w->p)
        return 0;
    if (code[0] == MIN_REPEAT_ONE) {
        if (min && count_items(s, code + 4, w->p, min) < (int64_t)min)
            return 0;
        w->p += min;
        const int64_t more = max == SRE_MAXREPEAT ? INT64_MAX : (int64_t)max - (int64_t)min;
        if (more && push(s, CHOICE_MORE, code, w->p, more, w->repeat) < 0)
            return -1;
    } else {
        const int64_t n = count_items(s, code + 4, w->p, max);
        if (n < (int64_t)min)
            return 0;
        if (code[0] == REPEAT_ONE && n > (int64_t)min &&
            push(s, CHOICE_LESS, code, w->p + n, w->p + min, w->repeat) < 0)
            return -1;
        w->p += n;
    }
    w->code = code + 1 + code[1];
    return 1;
}

/* MAX_UNTIL or MIN_UNTIL: the body has matched once more (or REPEAT has just begun). */
static int until(struct sre *s, struct way *w)
{
    const struct sre_repeat r = s->repeats[w->repeat];
    const int64_t count = r.count + 1;
    const uint32_t min = r.code[1], max = r.code[2];
    const uint32_t *const tail = w->code + 1;
    if (count < (int64_t)min) {
        w->repeat = new_repeat(s, r.outer, r.code, count, r.began);
        w->code = r.code + 3;
        return w->repeat < 0 ? -1 : 1;
    }
    const bool more = (max == SRE_MAXREPEAT || count < (int64_t)max) && w->p != r.began;
    if (w->code[0] == MAX_UNTIL && more) {
        if (push(s, CHOICE_GO, tail, w->p, 0, r.outer) < 0)
            return -1;
        w->repeat = new_repeat(s, r.outer, r.code, count, w->p);
        w->code = r.code + 3;
        return w->repeat < 0 ? -1 : 1;
    }
    if (w->code[0] == MIN_UNTIL && more && push(s, CHOICE_ROUND, NULL, w->p, 0, w->repeat) < 0)
        return -1;
    w->repeat = r.outer;
    w->code = tail;
    return 1;
}

static int possessive_repeat(struct sre *s, struct way *w)
{
    const uint32_t *const code = w->code;
    const uint32_t min = code[2], max = code[3];
    int64_t p = w->p, began = -1;
    for (int64_t count = 0; max == SRE_MAXREPEAT || count < (int64_t)max; count++) {
        int64_t end;
        if (count >= (int64_t)min && p == began)
            break;
        const int matched = run_apart(s, code + 4, p, &end);
        if (matched < 0)
            return -1;
        if (!matched) {
            if (count < (int64_t)min)
                return 0;
            break;
        }
        began = p;
        p = end;
    }
    w->p = p;
    w->code = code + 1 + code[1] + 1; /* behind the SUCCESS that ends it */
    return 1;
}

static int lookaround(struct sre *s, struct way *w)
{
    const uint32_t *const code = w->code;
    const int64_t back = code[2];
    int64_t end;
    const bool fits = w->p - s->beginning >= back;
    const int64_t undos = s->undo_count;
    const int matched = fits ? run_apart(s, code + 3, w->p - back, &end) : 0;
    if (matched < 0)
        return -1;
    w->code = code + 1 + code[1];
    if (code[0] == ASSERT)
        return matched;
    undo_to(s, undos);
    return !matched;
}

/* One instruction. 1: goes on; 0: this way fails; 2: the end; -1. */
static int step(struct sre *s, struct way *w)
{
    const uint32_t *const code = w->code;
    switch ((enum sre_op)code[0]) {
    case SUCCESS:
        return 2;
    case FAILURE:
        return 0;
    case MARK: {
        const uint32_t i = code[1];
        if ((i & 1) && set(s, &s->lastindex, (int64_t)(i / 2 + 1)) < 0)
            return -1;
        w->code += 2;
        return set(s, &s->marks[i], w->p) < 0 ? -1 : 1;
    }
    case AT:
        w->code += 2;
        return is_at(s, code[1], w->p);
    case INFO:
    case JUMP:
        w->code += 1 + code[1];
        return 1;
    case BRANCH:
        if (code[1 + code[1]] && push(s, CHOICE_BRANCH, code + 1 + code[1], w->p, 0, w->repeat) < 0)
            return -1;
        w->code += 2;
        return 1;
    case REPEAT_ONE:
    case MIN_REPEAT_ONE:
    case POSSESSIVE_REPEAT_ONE:
        return repeat_one(s, w);
    case REPEAT:
        w->repeat = new_repeat(s, w->repeat, code + 1, -1, -1);
        w->code += 1 + code[1];
        return w->repeat < 0 ? -1 : 1;
    case MAX_UNTIL:
    case MIN_UNTIL:
        return until(s, w);
    case POSSESSIVE_REPEAT:
        return possessive_repeat(s, w);
    case ATOMIC_GROUP: {
        int64_t end = w->p;
        const int matched = run_apart(s, code + 2, w->p, &end);
        w->p = end;
        w->code += 1 + code[1];
        return matched;
    }
    case ASSERT:
    case ASSERT_NOT:
        return lookaround(s, w);
    case GROUPREF:
    case GROUPREF_IGNORE:
    case GROUPREF_LOC_IGNORE:
    case GROUPREF_UNI_IGNORE: {
        int64_t length;
        if (!same_as_group(s, code[0], code[1], w->p, &length))
            return 0;
        w->p += length;
        w->code += 2;
        return 1;
    }
    case GROUPREF_EXISTS: {
        const int64_t from = s->marks[2 * code[1]], to = s->marks[2 * code[1] + 1];
        w->code += from >= 0 && to >= from ? 3 : 1 + code[2];
        return 1;
    }
    default:
        if (w->p >= s->end || !one(code, at(s, w->p)))
            return 0;
        w->p++;
        w->code += is_in(code[0]) ? 1 + code[1] : 1u + has_operand(code[0]);
        return 1;
    }
}

static bool acceptable(const struct sre *s, int64_t p)
{
    return !(s->match_all && p != s->end) && !(s->must_advance && p == s->start);
}

static int run(struct sre *s, const uint32_t *code, int64_t p, bool toplevel, int64_t *end)
{
    const int64_t base = s->choice_count;
    struct way w = {.code = code, .p = p, .repeat = -1};
    for (;;) {
        int result = step(s, &w);
        if (result == 1) {
            if ((++s->steps & 0xffff) == 0 && py_signals_pending() && py_signals_run() < 0)
                result = -1;
            else
                continue;
        }
        if (result == 2 && (!toplevel || acceptable(s, w.p))) {
            *end = w.p;
            s->choice_count = base;
            return 1;
        }
        if (result >= 0)
            result = backtrack(s, base, &w);
        if (result <= 0) {
            s->choice_count = base;
            return result;
        }
    }
}

int sre_match(struct sre *s)
{
    if (s->start > s->end)
        return 0;
    return run(s, s->code, s->start, true, &s->position);
}

/* Is there any match that begins with this character? Reads the INFO block; true if it says
 * nothing.
 */
static bool may_begin(const uint32_t *code, uint32_t c)
{
    if (code[0] != INFO)
        return true;
    if (code[2] & INFO_PREFIX)
        return code[5] == 0 || code[7] == c;
    if (code[2] & INFO_CHARSET)
        return in_charset(code + 5, c);
    return true;
}

/* A pattern that begins with \A, or with ^ where that is the same, matches at the start or nowhere.
 */
static bool is_anchored(const uint32_t *code)
{
    if (code[0] == INFO)
        code += 1 + code[1];
    return code[0] == AT && (code[1] == AT_BEGINNING || code[1] == AT_BEGINNING_STRING);
}

int sre_search(struct sre *s)
{
    const uint32_t *const code = s->code;
    if (is_anchored(code))
        return sre_match(s);
    const bool hints = code[0] == INFO && (code[2] & (INFO_PREFIX | INFO_CHARSET));
    const int64_t min = code[0] == INFO ? (int64_t)code[3] : 0;
    const uint8_t *const bytes = s->data;
    const bool literal = s->kind == 1 && hints && (code[2] & INFO_PREFIX) && code[5] > 0;
    for (; s->start + min <= s->end; s->start++) {
        if (hints) {
            if (literal && code[7] < 256) {
                const uint8_t *const hit =
                    memchr(bytes + s->start, (int)code[7], (size_t)(s->end - s->start));
                if (!hit)
                    return 0;
                s->start = hit - bytes;
                s->must_advance = false;
            } else {
                const int64_t from = s->start;
                while (s->start < s->end && !may_begin(code, at(s, s->start)))
                    s->start++;
                if (s->start == s->end)
                    return 0;
                if (s->start != from)
                    s->must_advance = false;
            }
        }
        sre_reset(s);
        const int result = run(s, code, s->start, true, &s->position);
        if (result)
            return result;
        s->must_advance = false;
    }
    return 0;
}
