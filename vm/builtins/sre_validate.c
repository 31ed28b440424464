/* Is a pattern's code sound? Anybody may call _sre.compile with any list of numbers; what passes
 * here cannot make the engine (sre.c) read outside the code or a group that is not there.
 */
#include <stddef.h>

#include "vm/builtins/sre.h"
#include "vm/builtins/sre_code.h"

enum { NESTING = 2000 };

static bool valid_charset(const uint32_t *p, const uint32_t *end)
{
    while (p < end) {
        switch ((enum sre_op) * p++) {
        case FAILURE:
            return p == end;
        case NEGATE:
            break;
        case LITERAL:
            p++;
            break;
        case CATEGORY:
            if (p >= end || *p++ > 17)
                return false;
            break;
        case RANGE:
        case RANGE_UNI_IGNORE:
            p += 2;
            break;
        case CHARSET:
            p += 8;
            break;
        case BIGCHARSET:
            if (p >= end || *p > 256)
                return false;
            p += 1 + 64 + *p * 8;
            break;
        default:
            return false;
        }
    }
    return false;
}

static bool valid(const uint32_t *p, const uint32_t *end, int64_t groups, int depth);

/* p at a skip; *inside is where it leads. */
static bool skip_within(const uint32_t *p, const uint32_t *end, const uint32_t **inside)
{
    if (p >= end || *p < 1 || *p > (uint64_t)(end - p))
        return false;
    *inside = p + *p;
    return true;
}

static bool valid_branch(const uint32_t **at_code, const uint32_t *end, int64_t groups, int depth)
{
    const uint32_t *p = *at_code, *next;
    while (p < end && *p) {
        if (!skip_within(p, end, &next) || next - p < 3 || next[-2] != JUMP ||
            !valid(p + 1, next - 2, groups, depth))
            return false;
        const uint32_t *target;
        if (!skip_within(next - 1, end, &target))
            return false;
        p = next;
    }
    *at_code = p + 1;
    return p < end;
}

/* An item without others in it, whose op is at (*at_code)[-1]. */
static bool valid_simple(enum sre_op op, const uint32_t **at_code, const uint32_t *end,
                         int64_t groups)
{
    const uint32_t *const p = *at_code, *next;
    switch (op) {
    case SUCCESS:
    case FAILURE:
    case ANY:
    case ANY_ALL:
    case MAX_UNTIL:
    case MIN_UNTIL:
        return true;
    case MARK:
        *at_code = p + 1;
        return p < end && *p < 2 * (uint64_t)groups;
    case GROUPREF:
    case GROUPREF_IGNORE:
    case GROUPREF_LOC_IGNORE:
    case GROUPREF_UNI_IGNORE:
        *at_code = p + 1;
        return p < end && *p < (uint64_t)groups;
    case GROUPREF_EXISTS:
        *at_code = p + 2;
        return end - p >= 2 && p[0] < (uint64_t)groups && p[1] <= (uint64_t)(end - p);
    case LITERAL:
    case NOT_LITERAL:
    case LITERAL_IGNORE:
    case NOT_LITERAL_IGNORE:
    case LITERAL_LOC_IGNORE:
    case NOT_LITERAL_LOC_IGNORE:
    case LITERAL_UNI_IGNORE:
    case NOT_LITERAL_UNI_IGNORE:
        *at_code = p + 1;
        return p < end;
    case AT:
        *at_code = p + 1;
        return p < end && *p <= AT_UNI_NON_BOUNDARY;
    case IN:
    case IN_IGNORE:
    case IN_LOC_IGNORE:
    case IN_UNI_IGNORE:
        return skip_within(p, end, at_code) && valid_charset(p + 1, *at_code);
    case INFO:
        if (!skip_within(p, end, &next))
            return false;
        *at_code = next;
        return next - p >= 4 && (!(p[1] & INFO_PREFIX) || next - p >= 7) &&
               (!(p[1] & INFO_CHARSET) || (p[1] & INFO_PREFIX) || valid_charset(p + 4, next));
    case JUMP:
        *at_code = p + 1;
        return skip_within(p, end, &next);
    default:
        return false;
    }
}

/* The items from p to end. */
static bool valid(const uint32_t *p, const uint32_t *end, int64_t groups, int depth)
{
    if (depth > NESTING)
        return false;
    while (p < end) {
        const enum sre_op op = *p++;
        const uint32_t *next;
        switch (op) {
        case BRANCH:
            if (!valid_branch(&p, end, groups, depth + 1))
                return false;
            break;
        case REPEAT:
        case REPEAT_ONE:
        case MIN_REPEAT_ONE:
        case POSSESSIVE_REPEAT:
        case POSSESSIVE_REPEAT_ONE:
            if (!skip_within(p, end, &next) || next - p < 4 || p[1] > p[2] ||
                !valid(p + 3, next, groups, depth + 1))
                return false;
            if (op == REPEAT && (next >= end || (*next != MAX_UNTIL && *next != MIN_UNTIL)))
                return false;
            p = next;
            break;
        case ASSERT:
        case ASSERT_NOT:
            if (!skip_within(p, end, &next) || next - p < 3 ||
                !valid(p + 2, next, groups, depth + 1))
                return false;
            p = next;
            break;
        case ATOMIC_GROUP:
            if (!skip_within(p, end, &next) || !valid(p + 1, next, groups, depth + 1))
                return false;
            p = next;
            break;
        default:
            if (!valid_simple(op, &p, end, groups))
                return false;
        }
    }
    return p == end;
}

bool sre_validate(const uint32_t *code, int64_t length, int64_t groups)
{
    return length > 0 && code[length - 1] == SUCCESS && valid(code, code + length, groups, 0);
}
