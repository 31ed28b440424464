/*
 * match: patterns to tests and jumps.
 *
 * The subject waits in a temporary. A pattern looks at a register, leaves it alone, and either goes
 * on or jumps to the matcher's `fail`; what it took apart lies in temporaries above, which it has
 * cleared when it succeeds. On failure nobody knows which of them are there: the code at `fail`
 * clears them all.
 *
 *     subject | captured a | captured b | what the patterns take apart ...
 *
 * Captured values lie in temporaries of their own, one for each name of the case, until the whole
 * pattern has matched: only then are the names bound, before the guard is evaluated. Alternatives
 * bind the same names and share these temporaries; one that fails takes back what it captured.
 */
#include "vm/compile/compiler.h"
#include "vm/object/int.h"
#include "vm/object/set.h"
#include "vm/object/tuple.h"
#include "vm/runtime/ops.h"

struct capture {
    struct ast_name *name;
    uint16_t reg;
    bool bound; /* on the way to the code being written */
};

struct matcher {
    struct capture *captures;
    uint32_t count, capacity;
    uint32_t high; /* depth that temporaries have reached since `fail` was made */
    label_t fail;
    bool may_match_all; /* a pattern that always matches is allowed here */
};

static void compile_pattern(struct compiler *c, struct matcher *m, struct ast_pattern *pattern,
                            uint16_t subject);

/* ---- names ---------------------------------------------------------------------------------- */

static struct capture *find_capture(struct matcher *m, const struct ast_name *name)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->captures[i].name == name) {
            return &m->captures[i];
        }
    }
    return NULL;
}

static void add_capture(struct compiler *c, struct matcher *m, struct ast_name *name)
{
    if (name == NULL || find_capture(m, name) != NULL) {
        return;
    }
    m->captures = grow_array(c, m->captures, m->count, &m->capacity, sizeof(*m->captures));
    m->captures[m->count++] = (struct capture){.name = name};
}

/* The names that a pattern captures, in the order in which they will be bound. */
static void collect(struct compiler *c, struct matcher *m, const struct ast_pattern *pattern)
{
    const struct ast_patterns *parts = NULL;
    switch (pattern->kind) {
    case AST_PAT_VALUE:
    case AST_PAT_SINGLETON:
        break;
    case AST_PAT_SEQUENCE:
        parts = &pattern->sequence.patterns;
        break;
    case AST_PAT_MAPPING:
        parts = &pattern->mapping.patterns;
        break;
    case AST_PAT_CLASS:
        for (size_t i = 0; i < pattern->class_.patterns.count; i++) {
            collect(c, m, pattern->class_.patterns.at[i]);
        }
        parts = &pattern->class_.kwd_patterns;
        break;
    case AST_PAT_STAR:
        add_capture(c, m, pattern->star.name);
        break;
    case AST_PAT_AS:
        if (pattern->as.pattern != NULL) {
            collect(c, m, pattern->as.pattern);
        }
        add_capture(c, m, pattern->as.name);
        break;
    case AST_PAT_OR:
        parts = &pattern->or_.patterns;
        break;
    }
    for (size_t i = 0; parts != NULL && i < parts->count; i++) {
        collect(c, m, parts->at[i]);
    }
    if (pattern->kind == AST_PAT_MAPPING) {
        add_capture(c, m, pattern->mapping.rest);
    }
}

static void capture(struct compiler *c, struct matcher *m, const struct ast_pos *pos,
                    struct ast_name *name, operand_t value)
{
    struct capture *to = find_capture(m, name);
    if (name == c->debug_name) {
        compile_error(c, pos, "cannot assign to __debug__");
    }
    if (to->bound) {
        compile_error(c, pos, "multiple assignments to name '%s' in pattern", name->text);
    }
    to->bound = true;
    emit_move(c, to->reg, value);
}

/* ---- temporaries ---------------------------------------------------------------------------- */

static uint16_t match_temp(struct compiler *c, struct matcher *m)
{
    const uint16_t temp = push_temp(c);
    m->high = c->u->depth > m->high ? c->u->depth : m->high;
    return temp;
}

static uint16_t match_window(struct compiler *c, struct matcher *m, size_t count)
{
    const uint16_t window = (uint16_t)(c->u->local_count + c->u->depth);
    for (size_t i = 0; i < count; i++) {
        match_temp(c, m);
    }
    return window;
}

static void clear_window(struct compiler *c, uint16_t window, size_t count)
{
    if (count > 0) {
        emit(c, OP_CLEAR_RANGE, 0, window, (unsigned)count, 0);
    }
}

static bool is_wildcard(const struct ast_pattern *pattern)
{
    return pattern->kind == AST_PAT_AS && pattern->as.pattern == NULL && pattern->as.name == NULL;
}

/* Patterns inside another one may always match. */
static void compile_part(struct compiler *c, struct matcher *m, struct ast_pattern *pattern,
                         uint16_t subject)
{
    const bool outer = m->may_match_all;
    m->may_match_all = true;
    compile_pattern(c, m, pattern, subject);
    m->may_match_all = outer;
}

/* Jumps to fail unless len(subject) compares with `size` as op says. */
static void compile_length(struct compiler *c, struct matcher *m, uint16_t subject, enum opcode op,
                           size_t size)
{
    const uint32_t depth = c->u->depth;
    const uint16_t length = push_temp(c);
    emit(c, OP_GET_LEN, 0, length, subject, 0);
    const operand_t wanted = const_operand(c, own(c, py_int_from_i64((int64_t)size)));
    emit_cond(c, op, m->fail, OPERAND_CONSUME | length, wanted, false);
    pop_to(c, depth);
}

/* ---- sequences ------------------------------------------------------------------------------ */

/* [a, *_, b]: items are fetched by index, nothing is unpacked. */
static void compile_by_index(struct compiler *c, struct matcher *m,
                             const struct ast_patterns *patterns, size_t star, uint16_t subject)
{
    const uint32_t depth = c->u->depth;
    for (size_t i = 0; i < patterns->count; i++) {
        if (i == star || is_wildcard(patterns->at[i])) {
            continue;
        }
        const uint16_t item = match_temp(c, m);
        if (i < star) {
            emit(c, OP_GETITEM, 0, item, subject,
                 const_operand(c, own(c, py_int_from_i64((int64_t)i))));
        } else {
            emit(c, OP_GET_LEN, 0, item, subject, 0);
            const int64_t back = (int64_t)(patterns->count - i);
            emit(c, OP_SUB, 0, item, item, const_operand(c, own(c, py_int_from_i64(back))));
            emit(c, OP_GETITEM, 0, item, subject, item);
        }
        compile_part(c, m, patterns->at[i], item);
        emit(c, OP_CLEAR, 0, item, 0, 0);
        pop_to(c, depth);
    }
}

static void compile_unpacked(struct compiler *c, struct matcher *m, const struct ast_pos *pos,
                             const struct ast_patterns *patterns, size_t star, operand_t value)
{
    const uint32_t depth = c->u->depth;
    const uint16_t window = match_window(c, m, patterns->count);
    if (star < patterns->count) {
        const size_t after = patterns->count - star - 1;
        if (after > UINT8_MAX) {
            compile_error(c, pos, "too many expressions in star-unpacking sequence pattern");
        }
        emit(c, OP_UNPACK_EX, (unsigned)after, window, value, (unsigned)star);
    } else {
        emit(c, OP_UNPACK, 0, window, value, (unsigned)patterns->count);
    }
    for (size_t i = 0; i < patterns->count; i++) {
        compile_part(c, m, patterns->at[i], (uint16_t)(window + i));
    }
    clear_window(c, window, patterns->count);
    pop_to(c, depth);
}

static void compile_sequence(struct compiler *c, struct matcher *m, struct ast_pattern *pattern,
                             uint16_t subject)
{
    const struct ast_patterns *patterns = &pattern->sequence.patterns;
    const size_t size = patterns->count;
    size_t star = size;
    bool only_wildcards = true;
    for (size_t i = 0; i < size; i++) {
        const struct ast_pattern *part = patterns->at[i];
        if (part->kind != AST_PAT_STAR) {
            only_wildcards = only_wildcards && is_wildcard(part);
            continue;
        }
        if (star < size) {
            compile_error(c, &pattern->pos, "multiple starred names in sequence pattern");
        }
        star = i;
        only_wildcards = only_wildcards && part->star.name == NULL;
    }
    emit(c, OP_MATCH_TEST, 0, 0, subject, 0)->target = m->fail;
    if (star == size) {
        compile_length(c, m, subject, OP_JUMP_EQ, size);
    } else if (size > 1) {
        compile_length(c, m, subject, OP_JUMP_GE, size - 1);
    }
    if (only_wildcards) {
        return;
    }
    if (star < size && patterns->at[star]->star.name == NULL) {
        compile_by_index(c, m, patterns, star, subject);
    } else {
        compile_unpacked(c, m, &pattern->pos, patterns, star, subject);
    }
}

/* ---- mappings ------------------------------------------------------------------------------- */

/* Literal keys must differ; those that are looked up are compared at run time. */
static void check_keys(struct compiler *c, const struct ast_pattern *pattern)
{
    const struct ast_exprs *keys = &pattern->mapping.keys;
    struct py_set *seen = (struct py_set *)own(c, PY_OBJ(py_set_new(NULL)));
    for (size_t i = 0; i < keys->count; i++) {
        struct py_object *key = fold(c, keys->at[i]);
        if (key == NULL) {
            continue;
        }
        const int found = py_set_contains(seen, key);
        if (found < 0 || py_set_add(seen, key) < 0) {
            compile_failed(c);
        }
        if (found > 0) {
            struct py_str *text = (struct py_str *)own(c, py_repr(key));
            compile_error(c, &pattern->pos, "mapping pattern checks duplicate key (%s)",
                          py_str_utf8(text, NULL));
        }
    }
}

/* **rest: a dict of what the keys have not taken. */
static void compile_rest(struct compiler *c, struct matcher *m, struct ast_pattern *pattern,
                         uint16_t subject, uint16_t keys)
{
    const size_t count = pattern->mapping.keys.count;
    const uint32_t depth = c->u->depth;
    const uint16_t rest = match_temp(c, m);
    emit(c, OP_BUILD_MAP, 0, rest, rest, 0);
    emit(c, OP_DICT_UPDATE, 0, rest, subject, 0);
    if (count > 0) {
        const uint16_t window = match_window(c, m, count);
        emit(c, OP_UNPACK, 0, window, keys, (unsigned)count);
        for (size_t i = 0; i < count; i++) {
            emit(c, OP_DELITEM, 0, rest, OPERAND_CONSUME | (window + (unsigned)i), 0);
        }
    }
    capture(c, m, &pattern->pos, pattern->mapping.rest, (operand_t)(OPERAND_CONSUME | rest));
    pop_to(c, depth);
}

static void compile_mapping(struct compiler *c, struct matcher *m, struct ast_pattern *pattern,
                            uint16_t subject)
{
    const struct ast_exprs *keys = &pattern->mapping.keys;
    const uint32_t depth = c->u->depth;
    emit(c, OP_MATCH_TEST, 1, 0, subject, 0)->target = m->fail;
    check_keys(c, pattern);
    uint16_t tuple = 0;
    if (keys->count > 0) {
        compile_length(c, m, subject, OP_JUMP_GE, keys->count);
        tuple = match_temp(c, m);
        c->u->depth--;
        const uint16_t window = (uint16_t)(c->u->local_count + c->u->depth);
        for (size_t i = 0; i < keys->count; i++) {
            compile_to_temp(c, keys->at[i]);
        }
        set_pos(c, pattern->pos);
        emit(c, OP_BUILD_TUPLE, 0, tuple, window, (unsigned)keys->count);
        pop_to(c, depth + 1);
        const uint16_t values = match_temp(c, m);
        emit(c, OP_MATCH_KEYS, 0, values, subject, tuple);
        emit_cond(c, OP_JUMP_IS, m->fail, values, none_operand(c), true);
        compile_unpacked(c, m, &pattern->pos, &pattern->mapping.patterns, keys->count,
                         (operand_t)(OPERAND_CONSUME | values));
        pop_to(c, depth + 1);
    }
    if (pattern->mapping.rest != NULL) {
        compile_rest(c, m, pattern, subject, tuple);
    }
    if (keys->count > 0) {
        emit(c, OP_CLEAR, 0, tuple, 0, 0);
    }
    pop_to(c, depth);
}

/* ---- classes -------------------------------------------------------------------------------- */

static void check_attributes(struct compiler *c, const struct ast_pattern *pattern)
{
    const struct ast_names *names = &pattern->class_.kwd_attrs;
    for (size_t i = 0; i < names->count; i++) {
        if (names->at[i] == c->debug_name) {
            compile_error(c, &pattern->class_.kwd_patterns.at[i]->pos,
                          "cannot assign to __debug__");
        }
        for (size_t k = i + 1; k < names->count; k++) {
            if (names->at[i] == names->at[k]) {
                compile_error(c, &pattern->class_.kwd_patterns.at[k]->pos,
                              "attribute name repeated in class pattern: %s", names->at[i]->text);
            }
        }
    }
}

static void compile_class_pattern(struct compiler *c, struct matcher *m,
                                  struct ast_pattern *pattern, uint16_t subject)
{
    const struct ast_patterns *positional = &pattern->class_.patterns;
    const struct ast_names *names = &pattern->class_.kwd_attrs;
    const size_t count = positional->count + names->count;
    const uint32_t depth = c->u->depth;
    check_attributes(c, pattern);
    if (positional->count > UINT8_MAX) {
        compile_error(
            c, &pattern->pos, "too many sub-patterns in class pattern %s",
            pattern->class_.cls->kind == AST_EXPR_NAME ? pattern->class_.cls->name.id->text : "");
    }
    struct ast_patterns all = {arena_array(c->arena, struct ast_pattern *, count), count};
    struct py_object **items = arena_array(c->arena, struct py_object *, names->count);
    for (size_t i = 0; i < positional->count; i++) {
        all.at[i] = positional->at[i];
    }
    for (size_t i = 0; i < names->count; i++) {
        all.at[positional->count + i] = pattern->class_.kwd_patterns.at[i];
        items[i] = PY_OBJ(name_object(c, names->at[i]));
    }
    struct py_object *tuple = names->count == 0
                                  ? PY_OBJ(py_tuple_empty())
                                  : own(c, PY_OBJ(py_tuple_from_array(items, names->count)));
    const uint16_t window = match_temp(c, m);
    compile_to(c, pattern->class_.cls, window);
    emit_const(c, match_temp(c, m), tuple);
    set_pos(c, pattern->pos);
    emit(c, OP_MATCH_CLASS, (unsigned)positional->count, window, subject, window);
    pop_to(c, depth + 1);
    emit_cond(c, OP_JUMP_IS, m->fail, window, none_operand(c), true);
    if (count > 0) {
        compile_unpacked(c, m, &pattern->pos, &all, count, (operand_t)(OPERAND_CONSUME | window));
    } else {
        emit(c, OP_CLEAR, 0, window, 0, 0);
    }
    pop_to(c, depth);
}

/* ---- alternatives --------------------------------------------------------------------------- */

static void check_same_names(struct compiler *c, const struct matcher *m, const bool *first,
                             const struct ast_pos *pos)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->captures[i].bound != first[i]) {
            compile_error(c, pos, "alternative patterns bind different names");
        }
    }
}

static void compile_alternatives(struct compiler *c, struct matcher *m, struct ast_pattern *pattern,
                                 uint16_t subject)
{
    const struct ast_patterns *patterns = &pattern->or_.patterns;
    const uint32_t depth = c->u->depth;
    const uint16_t above = (uint16_t)(c->u->local_count + depth);
    const label_t matched = new_label(c);
    const label_t fail = m->fail;
    const uint32_t high = m->high;
    const bool outer = m->may_match_all;
    const struct flow start = flow_save(c);
    struct flow after = start;
    bool *before = arena_array(c->arena, bool, m->count + 1);
    bool *first = arena_array(c->arena, bool, m->count + 1);
    for (uint32_t i = 0; i < m->count; i++) {
        before[i] = m->captures[i].bound;
    }
    for (size_t k = 0; k < patterns->count; k++) {
        for (uint32_t i = 0; i < m->count; i++) {
            m->captures[i].bound = before[i];
        }
        flow_set(c, start);
        m->high = depth;
        m->fail = new_label(c);
        m->may_match_all = outer && k + 1 == patterns->count;
        compile_pattern(c, m, patterns->at[k], subject);
        for (uint32_t i = 0; k == 0 && i < m->count; i++) {
            first[i] = m->captures[i].bound;
        }
        set_pos(c, pattern->pos);
        check_same_names(c, m, first, &pattern->pos);
        if (k > 0) {
            flow_merge(c, after);
        }
        after = flow_save(c);
        emit_jump(c, matched);
        place(c, m->fail);
        clear_window(c, above, m->high - depth);
        for (uint32_t i = 0; i < m->count; i++) {
            if (m->captures[i].bound && !before[i]) {
                emit(c, OP_CLEAR, 0, m->captures[i].reg, 0, 0);
            }
        }
    }
    m->fail = fail;
    m->high = high > m->high ? high : m->high;
    m->may_match_all = outer;
    emit_jump(c, fail);
    place(c, matched);
    flow_set(c, after);
}

/* ---- any pattern ---------------------------------------------------------------------------- */

static void compile_as(struct compiler *c, struct matcher *m, struct ast_pattern *pattern,
                       uint16_t subject)
{
    struct ast_name *name = pattern->as.name;
    if (pattern->as.pattern != NULL) {
        compile_pattern(c, m, pattern->as.pattern, subject);
    } else if (!m->may_match_all) {
        if (name != NULL) {
            compile_error(c, &pattern->pos,
                          "name capture '%s' makes remaining patterns unreachable", name->text);
        }
        compile_error(c, &pattern->pos, "wildcard makes remaining patterns unreachable");
    }
    if (name != NULL) {
        capture(c, m, &pattern->pos, name, subject);
    }
}

static void compile_pattern(struct compiler *c, struct matcher *m, struct ast_pattern *pattern,
                            uint16_t subject)
{
    const struct ast_pos old = set_pos(c, pattern->pos);
    const uint32_t depth = c->u->depth;
    switch (pattern->kind) {
    case AST_PAT_VALUE: {
        const operand_t value = compile_operand(c, pattern->value.value);
        set_pos(c, pattern->pos);
        emit_cond(c, OP_JUMP_EQ, m->fail, subject, value, false);
        break;
    }
    case AST_PAT_SINGLETON: {
        struct py_object *value = pattern->singleton.value == AST_CONST_NONE   ? PY_NONE
                                  : pattern->singleton.value == AST_CONST_TRUE ? PY_TRUE
                                                                               : PY_FALSE;
        emit_cond(c, OP_JUMP_IS, m->fail, subject, const_operand(c, value), false);
        break;
    }
    case AST_PAT_SEQUENCE:
        compile_sequence(c, m, pattern, subject);
        break;
    case AST_PAT_MAPPING:
        compile_mapping(c, m, pattern, subject);
        break;
    case AST_PAT_CLASS:
        compile_class_pattern(c, m, pattern, subject);
        break;
    case AST_PAT_STAR:
        if (pattern->star.name != NULL) {
            capture(c, m, &pattern->pos, pattern->star.name, subject);
        }
        break;
    case AST_PAT_AS:
        compile_as(c, m, pattern, subject);
        break;
    case AST_PAT_OR:
        compile_alternatives(c, m, pattern, subject);
        break;
    }
    pop_to(c, depth);
    set_pos(c, old);
}

/* ---- the statement -------------------------------------------------------------------------- */

static bool always_matches(const struct ast_match_case *match_case)
{
    const struct ast_pattern *pattern = match_case->pattern;
    while (pattern->kind == AST_PAT_OR) {
        pattern = pattern->or_.patterns.at[pattern->or_.patterns.count - 1];
    }
    return match_case->guard == NULL && pattern->kind == AST_PAT_AS && pattern->as.pattern == NULL;
}

/* The pattern, the names, the guard; jumps to m->fail. */
static void compile_case(struct compiler *c, struct matcher *m, struct ast_match_case *match_case,
                         uint16_t subject)
{
    const uint32_t depth = c->u->depth;
    collect(c, m, match_case->pattern);
    for (uint32_t i = 0; i < m->count; i++) {
        m->captures[i].reg = match_temp(c, m);
    }
    compile_pattern(c, m, match_case->pattern, subject);
    set_pos(c, match_case->pattern->pos);
    for (uint32_t i = 0; i < m->count; i++) {
        compile_store_name(c, m->captures[i].name,
                           (operand_t)(OPERAND_CONSUME | m->captures[i].reg));
    }
    pop_to(c, depth);
    if (match_case->guard != NULL) {
        compile_jump(c, match_case->guard, m->fail, false);
    }
}

void compile_match(struct compiler *c, struct ast_stmt *stmt)
{
    const struct ast_match_cases *cases = &stmt->match.cases;
    const uint32_t depth = c->u->depth;
    const label_t end = new_label(c);
    const uint16_t subject = compile_to_temp(c, stmt->match.subject);
    struct flow after = {.reachable = false};
    bool matches_all = false;
    for (size_t i = 0; i < cases->count; i++) {
        struct ast_match_case *match_case = &cases->at[i];
        struct matcher m = {
            .high = c->u->depth,
            .fail = new_label(c),
            .may_match_all = match_case->guard != NULL || i + 1 == cases->count,
        };
        const struct flow start = flow_save(c);
        compile_case(c, &m, match_case, subject);
        emit(c, OP_CLEAR, 0, subject, 0, 0);
        pop_to(c, depth);
        compile_stmts(c, &match_case->body);
        emit_jump(c, end);
        if (after.reachable) {
            flow_merge(c, after);
        }
        after = c->u->flow.reachable ? flow_save(c) : after;
        flow_set(c, start);
        c->u->depth = depth + 1;
        place(c, m.fail);
        clear_window(c, (uint16_t)(subject + 1), m.high - (depth + 1));
        matches_all = always_matches(match_case);
    }
    emit(c, OP_CLEAR, 0, subject, 0, 0);
    if (matches_all) {
        flow_end(c);
    }
    place(c, end);
    flow_merge(c, after);
    pop_to(c, depth);
}
