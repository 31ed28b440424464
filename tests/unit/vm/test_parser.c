/*
 * The parser: trees, errors, and that no input crashes it. tests/front compares trees with CPython
 * over whole libraries; here are the cases that need no CPython.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vm/front/ast_dump.h"
#include "vm/front/parser.h"
#include "vm/front/unparse.h"

static void check_tree(const char *source, const char *expected)
{
    struct arena arena;
    struct ast_module *module = NULL;
    struct syntax_error err;
    arena_init(&arena);
    assert_int_equal(
        parse_module(&arena, "f.py", source, strlen(source), PARSE_EVAL, &module, &err), 0);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ast_dump(module, false, out);
    fclose(out);
    text[len - 1] = '\0'; /* the newline */
    assert_string_equal(text, expected);
    free(text);
    arena_deinit(&arena);
}

static void test_precedence(void **state)
{
    (void)state;
    check_tree("-a ** b",
               "Expression(body=UnaryOp(op=USub(), operand=BinOp(left=Name(id='a', ctx=Load()), "
               "op=Pow(), right=Name(id='b', ctx=Load()))))");
    check_tree("a < b in c",
               "Expression(body=Compare(left=Name(id='a', ctx=Load()), ops=[Lt(), In()], "
               "comparators=[Name(id='b', ctx=Load()), Name(id='c', ctx=Load())]))");
    check_tree("not a or b and c",
               "Expression(body=BoolOp(op=Or(), values=[UnaryOp(op=Not(), operand=Name(id='a', "
               "ctx=Load())), BoolOp(op=And(), values=[Name(id='b', ctx=Load()), Name(id='c', "
               "ctx=Load())])]))");
}

static void test_constants(void **state)
{
    (void)state;
    check_tree("0xFF", "Expression(body=Constant(value=255))");
    check_tree("0x10000000000000000", "Expression(body=Constant(value=18446744073709551616))");
    check_tree("1e400", "Expression(body=Constant(value=1e309))");
    check_tree("0.1", "Expression(body=Constant(value=0.1))");
    check_tree("'a\\x41\\u00e9' 'b'", "Expression(body=Constant(value='aA\xC3\xA9"
                                      "b'))");
    check_tree("'\\ud800'", "Expression(body=Constant(value='\\ud800'))");
    check_tree("b'\\xff\\n'", "Expression(body=Constant(value=b'\\xff\\n'))");
}

static void test_fstrings(void **state)
{
    (void)state;
    check_tree("f'{a!r:>{b}}{{'",
               "Expression(body=JoinedStr(values=[FormattedValue(value=Name(id='a', ctx=Load()), "
               "conversion=114, format_spec=JoinedStr(values=[Constant(value='>'), "
               "FormattedValue(value=Name(id='b', ctx=Load()), conversion=-1)])), "
               "Constant(value='{')]))");
    check_tree("f'{x = }'", "Expression(body=JoinedStr(values=[Constant(value='x = '), "
                            "FormattedValue(value=Name(id='x', ctx=Load()), conversion=114)]))");
}

struct error_case {
    const char *source;
    enum syntax_error_kind kind;
    const char *msg;
    uint32_t line, col;
};

static void test_errors(void **state)
{
    (void)state;
    static const struct error_case cases[] = {
        {"x = = 1", SYNTAX_ERROR, "invalid syntax", 1, 4},
        {"if x\n  y", SYNTAX_ERROR, "expected ':'", 1, 4},
        {"  x", SYNTAX_ERROR_INDENTATION, "unexpected indent", 1, 1},
        {"if x:\ny", SYNTAX_ERROR_INDENTATION,
         "expected an indented block after 'if' statement on line 1", 2, 0},
        {"1 = x", SYNTAX_ERROR,
         "cannot assign to literal here. Maybe you meant '==' instead of '='?", 1, 0},
        {"f(a=1, 2)", SYNTAX_ERROR, "positional argument follows keyword argument", 1, 8},
        {"print 'x'", SYNTAX_ERROR,
         "Missing parentheses in call to 'print'. Did you mean print(...)?", 1, 0},
        {"[a b]", SYNTAX_ERROR, "invalid syntax. Perhaps you forgot a comma?", 1, 1},
        {"def f(a=1, b): pass", SYNTAX_ERROR, "non-default argument follows default argument", 1,
         11},
        {"del f()", SYNTAX_ERROR, "cannot delete function call", 1, 4},
        {"f'{a b}'", SYNTAX_ERROR, "f-string: invalid syntax. Perhaps you forgot a comma?", 1, 1},
        {"f'{}'", SYNTAX_ERROR, "f-string: empty expression not allowed", 1, 5},
        {"'\\x4'", SYNTAX_ERROR,
         "(unicode error) 'unicodeescape' codec can't decode bytes in position 0-2: truncated "
         "\\xXX escape",
         1, 5},
        {"try:\n  x\ny", SYNTAX_ERROR, "expected 'except' or 'finally' block", 3, 0},
        {"x = (1,\ny = 2", SYNTAX_ERROR, "'(' was never closed", 1, 4},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena;
        struct ast_module *module = NULL;
        struct syntax_error err;
        arena_init(&arena);
        const char *source = cases[i].source;
        assert_int_equal(
            parse_module(&arena, "f.py", source, strlen(source), PARSE_FILE, &module, &err), -1);
        assert_string_equal(err.msg, cases[i].msg);
        assert_int_equal(err.kind, cases[i].kind);
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.col, cases[i].col);
        arena_deinit(&arena);
    }
}

/* count copies of unit, then tail. */
static void check_deep(const char *unit, size_t count, const char *tail)
{
    const size_t len = strlen(unit) * count;
    char *source = malloc(len + strlen(tail) + 1);
    for (size_t i = 0; i < count; i++) {
        memcpy(source + i * strlen(unit), unit, strlen(unit));
    }
    strcpy(source + len, tail);
    struct arena arena;
    struct ast_module *module = NULL;
    struct syntax_error err = {.msg = NULL};
    arena_init(&arena);
    const int status =
        parse_module(&arena, "f.py", source, strlen(source), PARSE_FILE, &module, &err);
    assert_true(status == 0 || err.msg != NULL);
    arena_deinit(&arena);
    free(source);
}

static void test_nesting_is_limited(void **state)
{
    (void)state;
    check_deep("(", 150, "");
    check_deep("(", 100000, "");
    check_deep("-", 100000, "x");
    check_deep("not ", 100000, "x");
    check_deep("lambda: ", 100000, "x");
    check_deep("a if b else ", 100000, "c");
    check_deep("a ** ", 100000, "c");
    check_deep("a + ", 100000, "c");
    check_deep("a.b[0](1).", 20000, "c");
    check_deep("{1: [(", 60, "a b");
    check_deep("f(a=[", 90, "x y");
    check_deep("if a: pass\nel", 5000, "se: pass");
}

static void test_unparse(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a + b * c",
        "(a + b) * c",
        "x[1:2, ::3]",
        "lambda a, /, b=1, *c, d, **e: a",
        "{'k': [i for i in x if i], **y}",
        "f'{a!r:>{b}}'",
        "a if b else c",
        "not a or b and c",
        "Dict[str, 'T']",
        "f(*a, b=1, **c)",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct arena arena;
        struct ast_module *module = NULL;
        struct syntax_error err;
        arena_init(&arena);
        assert_int_equal(
            parse_module(&arena, "", texts[i], strlen(texts[i]), PARSE_EVAL, &module, &err), 0);
        size_t len;
        const char *text = ast_unparse(&arena, module->body.at[0]->expr.value, &len);
        assert_string_equal(text, texts[i]);
        arena_deinit(&arena);
    }
}

/* ---- mutations ------------------------------------------------------------------------------ */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static const char sample[] =
    "import os as o, a.b\nfrom ..x import (y as z, w)\n"
    "@dec(1)\nasync def f(a, /, b: int = 2, *c, d=3, **e) -> None:\n"
    "    '''doc'''\n    global g; x = y, *z = yield a\n"
    "    with (open(p) as q, r): pass\n    async for i in j: await k\n"
    "    try:\n        raise E from e\n    except (A, B) as err: del err, x[1:2, ::3]\n"
    "    except* C: pass\n    else: assert a, 'b'\n    finally: return -x ** ~y // 2\n"
    "class K(B, metaclass=M):\n\tz: 'int' = {1: 2, **d}; s = {1, *t}\n"
    "match p:\n    case [1, -2.5j, *_] | {'k': v, **r} if (n := 3): ...\n"
    "    case A.B(x, y=C()) as w: x += 1\n    case None | 'a' 'b': pass\n"
    "print(f\"{a!r:>{b}} {c=} {{}}\" rb'x' '\\N{BULLET}\\u1234\\x41\\777')\n"
    "lambda *a, k=1: [i async for i in x if y if z for (a, b) in w]\n"
    "while 0x1F < 1_000 <= 1e5 != .5 is not None not in x: break\nelse:\n    continue\n";

static const char tokens_to_insert[] = "()[]{}:;,.='\"\\\n\t #@*!\0\x80\xFF\xE2"
                                       "f";

static void mutate(char *text, size_t *len, size_t capacity, uint64_t *seed)
{
    const uint64_t r = next_random(seed);
    const size_t at = (size_t)((r >> 8) % *len);
    switch (r & 7) {
    case 0: /* cut the rest */
        *len = at + 1;
        break;
    case 1: /* delete a stretch */
    case 2: {
        size_t n = 1 + (size_t)((r >> 40) % 8);
        n = n > *len - at ? *len - at : n;
        memmove(text + at, text + at + n, *len - at - n);
        *len -= n;
        break;
    }
    case 3: /* copy a stretch to another place */
    case 4: {
        const size_t n = 1 + (size_t)((r >> 40) % 12);
        const size_t from = (size_t)(next_random(seed) % *len);
        if (from + n <= *len && *len + n <= capacity) {
            char stretch[16];
            memcpy(stretch, text + from, n);
            memmove(text + at + n, text + at, *len - at);
            memcpy(text + at, stretch, n);
            *len += n;
        }
        break;
    }
    default: /* overwrite one byte */
        text[at] = tokens_to_insert[(r >> 40) % (sizeof(tokens_to_insert) - 1)];
        break;
    }
    if (*len == 0) {
        text[0] = 'x';
        *len = 1;
    }
}

static void test_mutated_sources_never_crash(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    size_t accepted = 0;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof(sample) + 256];
        size_t len = sizeof(sample) - 1;
        memcpy(text, sample, len);
        const int mutations = 1 + (int)(next_random(&seed) % 4);
        for (int i = 0; i < mutations; i++) {
            mutate(text, &len, sizeof(text), &seed);
        }
        struct arena arena;
        struct ast_module *module = NULL;
        struct syntax_error err = {.msg = NULL};
        arena_init(&arena);
        if (parse_module(&arena, "f.py", text, len, PARSE_FILE, &module, &err) == 0) {
            accepted++;
        } else {
            assert_non_null(err.msg);
        }
        arena_deinit(&arena);
    }
    assert_true(accepted < 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_fstrings),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_nesting_is_limited),
        cmocka_unit_test(test_unparse),
        cmocka_unit_test(test_mutated_sources_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
