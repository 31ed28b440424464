/*
 * Scopes: how names are reached, mangling, and the errors of declarations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vm/front/symtable.h"

static struct arena arena;
static struct ast_module *module;
static struct syntax_error err;

static int build(const char *source)
{
    arena_deinit(&arena);
    module = NULL;
    assert_int_equal(
        parse_module(&arena, "f.py", source, strlen(source), PARSE_FILE, &module, &err), 0);
    const int status = symtable_build(&arena, module, &err);
    if (status == 0) {
        scope_check(module->scope);
    }
    return status;
}

/* The scope reached by a path of names: "f.g"; "" is the module. */
static const struct scope *scope_at(const char *path)
{
    const struct scope *scope = module->scope;
    while (*path != '\0') {
        const size_t len = strcspn(path, ".");
        const struct scope *child = scope->children;
        while (child != NULL &&
               (child->name->len != len || memcmp(child->name->text, path, len) != 0)) {
            child = child->next_sibling;
        }
        assert_non_null(child);
        scope = child;
        path += len + (path[len] == '.');
    }
    return scope;
}

static enum symbol_access access_of(const char *path, const char *name)
{
    const struct symbol *symbol = scope_find_mangled(scope_at(path), ast_intern_c(&arena, name));
    assert_non_null(symbol);
    return symbol->access;
}

static void test_locals_cells_and_frees(void **state)
{
    (void)state;
    build("def f(a):\n"
          "    b = 1\n"
          "    def g():\n"
          "        def h():\n"
          "            return a + c\n"
          "        return h\n"
          "    return b\n");
    assert_int_equal(access_of("f", "a"), ACCESS_CELL);
    assert_int_equal(access_of("f", "b"), ACCESS_LOCAL);
    assert_int_equal(access_of("f.g", "a"), ACCESS_FREE);
    assert_int_equal(access_of("f.g.h", "a"), ACCESS_FREE);
    assert_int_equal(access_of("f.g.h", "c"), ACCESS_GLOBAL_IMPLICIT);
    assert_int_equal(access_of("", "f"), ACCESS_LOCAL);
}

static void test_declarations(void **state)
{
    (void)state;
    build("def f():\n"
          "    x = y = 0\n"
          "    def g():\n"
          "        nonlocal x\n"
          "        global y\n"
          "        x = y = 1\n"
          "        def h(): return y\n");
    assert_int_equal(access_of("f", "x"), ACCESS_CELL);
    assert_int_equal(access_of("f", "y"), ACCESS_LOCAL);
    assert_int_equal(access_of("f.g", "x"), ACCESS_FREE);
    assert_int_equal(access_of("f.g", "y"), ACCESS_GLOBAL_EXPLICIT);
    assert_int_equal(access_of("f.g.h", "y"), ACCESS_GLOBAL_IMPLICIT);
}

static void test_class_names_are_invisible_to_methods(void **state)
{
    (void)state;
    build("def f():\n"
          "    x = 1\n"
          "    class C:\n"
          "        x = x\n"
          "        __p = 2\n"
          "        def m(self): return x, self.__q, __class__\n");
    assert_int_equal(access_of("f.C", "x"), ACCESS_LOCAL);
    assert_int_equal(access_of("f.C.m", "x"), ACCESS_FREE);
    assert_int_equal(access_of("f.C.m", "__class__"), ACCESS_FREE);
    assert_int_equal(access_of("f.C", "_C__p"), ACCESS_LOCAL);
    assert_true(scope_at("f.C")->needs_class_closure);
}

static void test_super_needs_the_class(void **state)
{
    (void)state;
    build("class C:\n    def m(self): super().m()\n    def n(self): pass\n");
    assert_true(scope_at("C")->needs_class_closure);
    assert_int_equal(access_of("C.m", "__class__"), ACCESS_FREE);
}

static void test_comprehensions_and_walrus(void **state)
{
    (void)state;
    build("def f(a):\n    return [(z := i + k) for i in a for j in b]\n");
    assert_int_equal(access_of("f", "a"), ACCESS_LOCAL);
    assert_int_equal(access_of("f", "z"), ACCESS_CELL);
    assert_int_equal(access_of("f.<listcomp>", "z"), ACCESS_FREE);
    assert_int_equal(access_of("f.<listcomp>", "i"), ACCESS_LOCAL);
    assert_int_equal(access_of("f.<listcomp>", "b"), ACCESS_GLOBAL_IMPLICIT);
    build("[(y := i) for i in x]\n");
    assert_int_equal(access_of("<listcomp>", "y"), ACCESS_GLOBAL_EXPLICIT);
}

static void test_kinds_of_functions(void **state)
{
    (void)state;
    build("def g(): yield\nasync def c(): pass\ndef f(): return (i for i in x)\n");
    assert_true(scope_at("g")->is_generator);
    assert_true(scope_at("c")->is_coroutine);
    assert_false(scope_at("f")->is_generator);
    assert_true(scope_at("f.<genexpr>")->is_generator);
}

static void test_future_annotations(void **state)
{
    (void)state;
    build("'doc'\nfrom __future__ import annotations\nx: y\n");
    assert_int_equal(module->future, AST_FUTURE_ANNOTATIONS);
    assert_null(scope_find_mangled(module->scope, ast_intern_c(&arena, "y")));
}

static void check_error(const char *source, const char *msg)
{
    assert_int_equal(build(source), -1);
    assert_string_equal(err.msg, msg);
}

static void test_errors(void **state)
{
    (void)state;
    check_error("def f(x):\n global x\n", "name 'x' is parameter and global");
    check_error("def f():\n print(x)\n global x\n", "name 'x' is used prior to global declaration");
    check_error("def f():\n x = 1\n global x\n",
                "name 'x' is assigned to before global declaration");
    check_error("def f():\n nonlocal x\n", "no binding for nonlocal 'x' found");
    check_error("nonlocal x\n", "nonlocal declaration not allowed at module level");
    check_error("def f(a, a): pass\n", "duplicate argument 'a' in function definition");
    check_error("def f():\n from x import *\n", "import * only allowed at module level");
    check_error("[(yield) for x in y]\n", "'yield' inside list comprehension");
    check_error("[(i := 1) for i in x]\n",
                "assignment expression cannot rebind comprehension iteration variable 'i'");
    check_error("[x for x in (y := z)]\n",
                "assignment expression cannot be used in a comprehension iterable expression");
    check_error("class C:\n [(x := i) for i in y]\n",
                "assignment expression within a comprehension cannot be used in a class body");
    check_error("from __future__ import nothing\n", "future feature nothing is not defined");
}

static void test_long_chains_are_fine(void **state)
{
    (void)state;
    static char source[40000];
    for (size_t i = 0; i < 9999; i++) {
        memcpy(source + i * 4, "a + ", 4);
    }
    strcpy(source + 4 * 9999, "a");
    assert_int_equal(build(source), 0);
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

int main(void)
{
    arena_init(&arena);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locals_cells_and_frees),
        cmocka_unit_test(test_declarations),
        cmocka_unit_test(test_class_names_are_invisible_to_methods),
        cmocka_unit_test(test_super_needs_the_class),
        cmocka_unit_test(test_comprehensions_and_walrus),
        cmocka_unit_test(test_kinds_of_functions),
        cmocka_unit_test(test_future_annotations),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_long_chains_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
