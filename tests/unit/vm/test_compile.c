/*
 * The compiler: shapes of code, SyntaxErrors, and that every code object passes the verifier.
 */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/compile/compile.h"
#include "vm/compile/verify.h"
#include "vm/object/exc.h"

static struct py_code *compile_text(const char *source)
{
    struct py_str *name = py_str_from_cstr("f.py");
    struct py_code *code = py_compile_source(source, strlen(source), name,
                                             &(struct py_compile_how){.mode = PY_COMPILE_EXEC});
    py_decref(PY_OBJ(name));
    return code;
}

/* Verifies a code object and all inside it. */
static void verify_all(const struct py_code *code)
{
    const char *message = py_code_verify(code);
    if (message != NULL) {
        fail_msg("%s", message);
    }
    for (uint32_t i = 0; i < code->const_count; i++) {
        if (code->consts[i]->type == &py_code_type) {
            verify_all((const struct py_code *)code->consts[i]);
        }
    }
}

/* The disassembly of the first function in the source. */
static const char *function_text(const char *source)
{
    static char text[8192];
    struct py_code *code = compile_text(source);
    assert_non_null(code);
    verify_all(code);
    text[0] = '\0';
    for (uint32_t i = 0; i < code->const_count && text[0] == '\0'; i++) {
        if (code->consts[i]->type == &py_code_type) {
            struct py_str *out = py_disassemble((struct py_code *)code->consts[i], false);
            snprintf(text, sizeof(text), "%s", py_str_utf8(out, NULL));
            py_decref(PY_OBJ(out));
        }
    }
    py_decref(PY_OBJ(code));
    return text;
}

static void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("no \"%s\" in:\n%s", part, text);
    }
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        fail_msg("\"%s\" in:\n%s", part, text);
    }
}

static void test_operands_are_used_in_place(void **state)
{
    (void)state;
    const char *text = function_text("def f(a, b):\n    c = a + b * 2\n    return c\n");
    assert_contains(text, "MUL                r3, r1, 2");
    assert_contains(text, "ADD                r2, r0, r3'");
    assert_contains(text, "RETURN             r2");
    assert_lacks(text, "CHECK_BOUND");
}

static void test_comparisons_fuse_with_jumps(void **state)
{
    (void)state;
    const char *text = function_text("def f(a):\n    while 0 <= a < 9: a += 1\n");
    assert_contains(text, "JUMP_LE");
    assert_contains(text, "JUMP_LT");
    assert_contains(text, "JUMP_BACK");
    assert_contains(text, "ADD                r0, r0, 1, 1");
}

static void test_unproved_locals_are_checked(void **state)
{
    (void)state;
    assert_contains(function_text("def f(a):\n    if a: b = 1\n    return b\n"), "CHECK_BOUND");
    assert_lacks(function_text("def f(a):\n    if a: b = 1\n    else: b = 2\n    return b\n"),
                 "CHECK_BOUND");
    assert_contains(function_text("def f(a):\n    for x in a: pass\n    return x\n"),
                    "CHECK_BOUND");
    assert_contains(function_text("def f(a):\n    del a\n    return a\n"), "CHECK_BOUND");
    assert_lacks(
        function_text("def f(a):\n  while True:\n    x = a\n    if x: break\n  return x\n"),
        "CHECK_BOUND");
}

static void test_constants_are_folded(void **state)
{
    (void)state;
    assert_contains(function_text("def f(): return 24 * 60 * 60\n"), "RETURN             86400");
    assert_contains(function_text("def f(): return -1, (2, 'x')\n"),
                    "RETURN             (-1, (2, 'x'))");
    assert_contains(function_text("def f(x): return x in [1, 2]\n"), "(1, 2)");
    assert_lacks(function_text("def f(): return 1 << 100000\n"), "RETURN             1");
}

static void test_far_jumps_reach(void **state)
{
    (void)state;
    static char source[1 << 20];
    size_t len = (size_t)sprintf(source, "def f(a):\n  for i in a:\n    if a:\n");
    for (int i = 0; i < 12000; i++) {
        len += (size_t)sprintf(source + len, "      a.b.c\n");
    }
    sprintf(source + len, "    else: return 1\n  return 2\n");
    struct py_code *code = compile_text(source);
    assert_non_null(code);
    verify_all(code);
    py_decref(PY_OBJ(code));
}

static void test_many_constants(void **state)
{
    (void)state;
    static char source[1 << 20];
    size_t len = (size_t)sprintf(source, "x = [\n");
    for (int i = 0; i < 40000; i++) {
        len += (size_t)sprintf(source + len, "[%d],\n", i + 1000);
    }
    sprintf(source + len, "]\n");
    struct py_code *code = compile_text(source);
    assert_non_null(code);
    verify_all(code);
    py_decref(PY_OBJ(code));
}

static void test_control_flow_verifies(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "def f(x):\n  for i in x:\n    try:\n      if i: return i\n      break\n"
        "    except A as e:\n      try: return e\n      finally: g()\n"
        "    except (B, C): continue\n    else: h()\n    finally:\n      if x: break\n"
        "  else: return\n",
        "def f(x):\n  with x as a, a.b as (c, d):\n    for i in c:\n      with d: return i, [i]\n",
        "def f(x):\n  while x:\n    try: yield from x\n    except: pass\n    finally: continue\n",
        "class C(B, *D, m=1, **k):\n  def f(self): super().f(*self, a=1, **self)\n",
        "def f(a, b):\n  return a < b < f(a) < g(b) < 3 or a if b else (lambda: a)()\n",
        "def f(x):\n  return [{i: j for j in i} for i in x if 1 < i < x() < 5], (z for z in x)\n",
        "def f(x):\n  a, (b, *c), d.e, g[h] = k = x\n  del a, (b, c), d.e, g[h]\n",
        "def f(x):\n  return f'{x!r:{x}}' f'{x}', x + (x := 3), not x, x[1:2, ::3]\n",
        "try:\n  import a.b.c as d, e\nexcept* X: pass\nasync def f():\n  await x\n",
    };
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        struct py_code *code = compile_text(sources[i]);
        assert_non_null(code);
        verify_all(code);
        py_decref(PY_OBJ(code));
    }
}

static void check_error(const char *source, const char *expected)
{
    struct py_code *code = compile_text(source);
    assert_null(code);
    assert_string_equal(vm_text(NULL), expected);
}

static void test_errors(void **state)
{
    (void)state;
    check_error("return 1\n", "SyntaxError: 'return' outside function (f.py, line 1)");
    check_error("\nbreak\n", "SyntaxError: 'break' outside loop (f.py, line 2)");
    check_error("continue\n", "SyntaxError: 'continue' not properly in loop (f.py, line 1)");
    check_error("yield 1\n", "SyntaxError: 'yield' outside function (f.py, line 1)");
    check_error("f(a=1, a=2)\n", "SyntaxError: keyword argument repeated: a (f.py, line 1)");
    check_error("*a, *b = c\n",
                "SyntaxError: multiple starred expressions in assignment (f.py, line 1)");
    check_error("*a = c\n", "SyntaxError: starred assignment target must be in a list or tuple "
                            "(f.py, line 1)");
    check_error("x\nfrom __future__ import annotations\n",
                "SyntaxError: from __future__ imports must occur at the beginning of the file "
                "(f.py, line 2)");
    check_error("try: pass\nexcept: pass\nexcept A: pass\n",
                "SyntaxError: default 'except:' must be last (f.py, line 2)");
    check_error("if x:\ny\n", "IndentationError: expected an indented block after 'if' statement "
                              "on line 1 (f.py, line 2)");
}

static void test_signature_and_tables(void **state)
{
    (void)state;
    struct py_code *module = compile_text(
        "def f(a, /, b, *c, d, **e):\n    'doc'\n    def g(): return a\n    return g\n");
    assert_non_null(module);
    const struct py_code *code = NULL;
    for (uint32_t i = 0; i < module->const_count; i++) {
        if (module->consts[i]->type == &py_code_type) {
            code = (const struct py_code *)module->consts[i];
        }
    }
    assert_non_null(code);
    assert_int_equal(code->arg_count, 2);
    assert_int_equal(code->posonly_count, 1);
    assert_int_equal(code->kwonly_count, 1);
    assert_int_equal(code->cell_count, 1);
    assert_int_equal(code->cell_registers[0], 0);
    assert_int_equal(code->flags & (PY_CODE_VARARGS | PY_CODE_VARKEYWORDS | PY_CODE_SIMPLE_ARGS),
                     PY_CODE_VARARGS | PY_CODE_VARKEYWORDS);
    assert_int_equal(code->first_line, 1);
    assert_string_equal(py_str_utf8((struct py_str *)code->doc_source, NULL), "doc");
    assert_string_equal(vm_text(py_newref(PY_OBJ(code->varnames))),
                        "('a', 'b', 'd', 'c', 'e', 'g')");
    py_decref(PY_OBJ(module));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operands_are_used_in_place),
        cmocka_unit_test(test_comparisons_fuse_with_jumps),
        cmocka_unit_test(test_unproved_locals_are_checked),
        cmocka_unit_test(test_constants_are_folded),
        cmocka_unit_test(test_far_jumps_reach),
        cmocka_unit_test(test_many_constants),
        cmocka_unit_test(test_control_flow_verifies),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_signature_and_tables),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
