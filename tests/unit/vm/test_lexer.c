/*
 * Tokens and the lexer's errors: vm/front/lexer.c and source.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vm/front/lexer.h"

static struct arena arena;
static struct tokens tokens;
static struct lexer lexer;

/* The kinds of all tokens, as "NAME = NUMBER NEWLINE ENDMARKER". */
static const char *kinds_of(const char *text)
{
    static char out[4096];
    lexer = (struct lexer){
        .arena = &arena,
        .out = &tokens,
        .text = text,
        .len = strlen(text),
        .first_line = 1,
    };
    tokens.count = 0;
    lexer_run(&lexer);
    out[0] = '\0';
    for (size_t i = 0; i < tokens.count; i++) {
        strcat(out, i > 0 ? " " : "");
        strcat(out, token_text((enum token_kind)tokens.at[i].kind));
    }
    return out;
}

static int setup(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    free(tokens.at);
    tokens = (struct tokens){NULL, 0, 0};
    return 0;
}

static void test_kinds_of_one_line(void **state)
{
    (void)state;
    assert_string_equal(kinds_of("x = 1\n"), "NAME = NUMBER NEWLINE ENDMARKER");
    assert_string_equal(kinds_of("x = 1"), "NAME = NUMBER NEWLINE ENDMARKER");
    assert_string_equal(kinds_of("a**=b//c->d:=e...f!=g<>h"),
                        "NAME **= NAME // NAME -> NAME := NAME ... NAME != NAME != NAME NEWLINE "
                        "ENDMARKER");
    assert_string_equal(kinds_of("rb'x' f\"y\" Rb'''z''' u'' bu''"),
                        "STRING STRING STRING STRING NAME STRING NEWLINE ENDMARKER");
    assert_string_equal(
        kinds_of("0x1F 0o7 0b1 1_000 1e5 1.5j .5 5."),
        "NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER NUMBER NEWLINE ENDMARKER");
    assert_string_equal(kinds_of("1if x else y"), "NUMBER if NAME else NAME NEWLINE ENDMARKER");
    assert_string_equal(kinds_of(""), "ENDMARKER");
    assert_string_equal(kinds_of("# only a comment"), "ENDMARKER");
}

static void test_indentation_makes_tokens(void **state)
{
    (void)state;
    assert_string_equal(kinds_of("if x:\n    y\n\n    # c\n    z\nw\n"),
                        "if NAME : NEWLINE INDENT NAME NEWLINE NAME NEWLINE DEDENT NAME NEWLINE "
                        "ENDMARKER");
    assert_string_equal(kinds_of("if x:\n  if y:\n    z"),
                        "if NAME : NEWLINE INDENT if NAME : NEWLINE INDENT NAME NEWLINE DEDENT "
                        "DEDENT ENDMARKER");
    assert_string_equal(kinds_of("(a,\n  b\n)\n"), "( NAME , NAME ) NEWLINE ENDMARKER");
    assert_string_equal(kinds_of("a + \\\n  b\n"), "NAME + NAME NEWLINE ENDMARKER");
}

static void test_positions_span_lines(void **state)
{
    (void)state;
    kinds_of("x = '''a\nb''' + y\n");
    const struct token *string = &tokens.at[2];
    assert_int_equal(string->line, 1);
    assert_int_equal(string->col, 4);
    assert_int_equal(string->end_line, 2);
    assert_int_equal(string->end_col, 4);
    assert_int_equal(tokens.at[4].line, 2);
    assert_int_equal(tokens.at[4].col, 7);
}

static void test_names_are_normalised_and_interned(void **state)
{
    (void)state;
    kinds_of("x\xC3\xA9 x\xC3\xA9 \xEF\xBD\x81 a"); /* xé twice, a fullwidth a, a */
    assert_ptr_equal(tokens.at[0].name, tokens.at[1].name);
    assert_ptr_equal(tokens.at[2].name, tokens.at[3].name);
}

static void check_error(const char *text, enum syntax_error_kind kind, const char *msg)
{
    kinds_of(text);
    assert_int_equal(tokens.at[tokens.count - 1].kind, TOK_ERROR);
    assert_int_equal(lexer.err.kind, kind);
    assert_string_equal(lexer.err.msg, msg);
}

static void test_errors(void **state)
{
    (void)state;
    check_error("'abc\n", SYNTAX_ERROR, "unterminated string literal (detected at line 1)");
    check_error("'''abc\n", SYNTAX_ERROR,
                "unterminated triple-quoted string literal (detected at line 1)");
    check_error("(a", SYNTAX_ERROR, "'(' was never closed");
    check_error("a)", SYNTAX_ERROR, "unmatched ')'");
    check_error("(a]", SYNTAX_ERROR,
                "closing parenthesis ']' does not match opening parenthesis '('");
    check_error("(\n]", SYNTAX_ERROR,
                "closing parenthesis ']' does not match opening parenthesis '(' on line 1");
    check_error("if x:\n    y\n  z\n", SYNTAX_ERROR_INDENTATION,
                "unindent does not match any outer indentation level");
    check_error("if x:\n        y\n\tz\n", SYNTAX_ERROR_TAB,
                "inconsistent use of tabs and spaces in indentation");
    check_error("0777", SYNTAX_ERROR,
                "leading zeros in decimal integer literals are not permitted; use an 0o prefix for "
                "octal integers");
    check_error("0o8", SYNTAX_ERROR, "invalid digit '8' in octal literal");
    check_error("1_", SYNTAX_ERROR, "invalid decimal literal");
    check_error("1abc", SYNTAX_ERROR, "invalid decimal literal");
    check_error("a \\ b", SYNTAX_ERROR, "unexpected character after line continuation character");
    check_error("\xE2\x82\xAC", SYNTAX_ERROR, "invalid character '\xE2\x82\xAC' (U+20AC)");
}

static void test_limits(void **state)
{
    (void)state;
    char text[LEXER_MAX_LEVEL + 2];
    memset(text, '(', sizeof(text));
    text[LEXER_MAX_LEVEL + 1] = '\0';
    check_error(text, SYNTAX_ERROR, "too many nested parentheses");
}

static const char *prepare(const char *bytes, size_t len, struct syntax_error *err)
{
    size_t text_len;
    return lexer_prepare_source(&arena, "f.py", bytes, len, false, &text_len, err);
}

static void test_source_is_cleaned(void **state)
{
    (void)state;
    struct syntax_error err;
    assert_string_equal(prepare("a\r\nb\rc\n", 7, &err), "a\nb\nc\n");
    assert_string_equal(prepare("\xEF\xBB\xBFx", 4, &err), "x");
    assert_string_equal(prepare("# coding: latin-1\n\xE9", 19, &err),
                        "# coding: latin-1\n\xC3\xA9");
    assert_null(prepare("a\0b", 3, &err));
    assert_string_equal(err.msg, "source code cannot contain null bytes");
    assert_null(prepare("x\n\xFF", 3, &err));
    assert_int_equal(err.line, 2);
    assert_null(prepare("# coding: klingon\n", 18, &err));
    assert_string_equal(err.msg, "unknown encoding: klingon");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_of_one_line),
        cmocka_unit_test(test_indentation_makes_tokens),
        cmocka_unit_test(test_positions_span_lines),
        cmocka_unit_test(test_names_are_normalised_and_interned),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_source_is_cleaned),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
