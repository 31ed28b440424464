/* Calls: binding arguments to parameters, parsing them for C functions, messages. */
#include "tests/unit/vm/start.h"
#include "vm/memory/heap.h"
#include "vm/object/code.h"
#include "vm/object/func.h"
#include "vm/runtime/args.h"

/* def f(a, b=2, *, c, d=4): parameters by name; flags add *args and **kw. */
static struct py_function *make_function(uint32_t flags)
{
    static const char *const names[] = {"a", "b", "c", "d", "args", "kw"};
    struct py_code *code = py_code_new();
    code->name = py_str_intern_cstr("f");
    code->qualname = py_str_intern_cstr("f");
    code->filename = py_str_intern_cstr("test");
    code->arg_count = 2;
    code->kwonly_count = 2;
    code->flags = flags;
    struct py_list *list = py_list_new(0);
    for (int i = 0; i < 6; i++)
        py_list_append_steal(list, PY_OBJ(py_str_intern_cstr(names[i])));
    code->varnames = py_list_as_tuple(list);
    py_decref(list);
    struct py_dict *globals = py_dict_new();
    struct py_function *f = py_function_new(code, globals, NULL);
    f->defaults = py_tuple_pack(1, number(2));
    f->kwdefaults = py_dict_new();
    py_dict_set_cstr(f->kwdefaults, "d", number(4));
    py_decref(globals);
    py_decref(code);
    return f;
}

static struct py_tuple *names_of(size_t n, const char *const *names)
{
    struct py_tuple *t = py_tuple_new((int64_t)n);
    for (size_t i = 0; i < n; i++)
        t->items[i] = PY_OBJ(py_str_intern_cstr(names[i]));
    return t;
}

static int bind(struct py_function *f, size_t nargs, size_t nkw, const char *const *kw,
                struct py_object **regs)
{
    struct py_object *args[8];
    for (size_t i = 0; i < nargs + nkw; i++)
        args[i] = number((int64_t)i + 10);
    struct py_tuple *names = nkw ? names_of(nkw, kw) : NULL;
    memset(regs, 0, 6 * sizeof *regs);
    const int r = py_bind_arguments(f, args, nargs, names, regs);
    py_xdecref(names);
    return r;
}

static void expect(struct py_object **regs, const int *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(py_int_as_i64(regs[i]), values[i]);
        py_clear(regs[i]);
    }
}

static void test_defaults_and_keywords(void **state)
{
    (void)state;
    struct py_object *regs[6];
    struct py_function *f = make_function(0);
    assert_int_equal(bind(f, 1, 1, (const char *[]){"c"}, regs), 0);
    expect(regs, (int[]){10, 2, 11, 4}, 4);
    assert_int_equal(bind(f, 0, 4, (const char *[]){"d", "c", "b", "a"}, regs), 0);
    expect(regs, (int[]){13, 12, 11, 10}, 4);
    py_decref(f);
}

static void test_what_is_left_over(void **state)
{
    (void)state;
    struct py_object *regs[6];
    struct py_function *f = make_function(PY_CODE_VARARGS | PY_CODE_VARKEYWORDS);
    assert_int_equal(bind(f, 4, 2, (const char *[]){"c", "z"}, regs), 0);
    expect(regs, (int[]){10, 11, 14, 4}, 4);
    assert_repr_steal(regs[4], "(12, 13)");
    assert_repr_steal(regs[5], "{'z': 15}");
    py_decref(f);
}

static void test_messages(void **state)
{
    (void)state;
    struct py_object *regs[6];
    struct py_function *f = make_function(0);
    assert_int_equal(bind(f, 0, 0, NULL, regs), -1);
    assert_raised(&py_exc_TypeError, "f() missing 1 required positional argument: 'a'");
    assert_int_equal(bind(f, 1, 0, NULL, regs), -1);
    assert_raised(&py_exc_TypeError, "f() missing 1 required keyword-only argument: 'c'");
    assert_int_equal(bind(f, 3, 0, NULL, regs), -1);
    assert_raised(&py_exc_TypeError, "f() takes from 1 to 2 positional arguments but 3 were given");
    assert_int_equal(bind(f, 3, 1, (const char *[]){"c"}, regs), -1);
    assert_raised(&py_exc_TypeError, "f() takes from 1 to 2 positional arguments but 3 positional "
                                     "arguments (and 1 keyword-only argument) were given");
    assert_int_equal(bind(f, 1, 2, (const char *[]){"c", "a"}, regs), -1);
    assert_raised(&py_exc_TypeError, "f() got multiple values for argument 'a'");
    assert_int_equal(bind(f, 1, 2, (const char *[]){"c", "q"}, regs), -1);
    assert_raised(&py_exc_TypeError, "f() got an unexpected keyword argument 'q'");
    for (int i = 0; i < 6; i++)
        assert_null(regs[i]);
    py_decref(f);
}

static void test_parse_args(void **state)
{
    (void)state;
    static const char *const names[] = {"x", "key", "reverse"};
    static const struct py_params params = {.function = "fn",
                                            .names = names,
                                            .count = 3,
                                            .required = 1,
                                            .positional_only = 1,
                                            .keyword_only = 2};
    struct py_object *args[4] = {number(1), number(2), number(3), number(4)}, *out[3];
    struct py_tuple *kw = names_of(1, (const char *[]){"reverse"});
    assert_int_equal(py_parse_args(&params, args, 1, kw, out), 0);
    assert_ptr_equal(out[0], args[0]);
    assert_null(out[1]);
    assert_ptr_equal(out[2], args[1]);
    assert_int_equal(py_parse_args(&params, args, 3, NULL, out), -1);
    assert_raised(&py_exc_TypeError, "fn() takes at most 2 positional arguments (3 given)");
    assert_int_equal(py_parse_args(&params, args, 0, NULL, out), -1);
    assert_raised(&py_exc_TypeError, "fn() takes at least 1 positional argument (0 given)");
    struct py_tuple *wrong = names_of(1, (const char *[]){"x"});
    assert_int_equal(py_parse_args(&params, args, 1, wrong, out), -1);
    assert_raised(&py_exc_TypeError, "'x' is an invalid keyword argument for fn()");
    py_decref(wrong);
    py_decref(kw);
}

static void test_arity_of_c_methods(void **state)
{
    (void)state;
    struct py_object *list = PY_OBJ(py_list_new(0)), *one = number(1);
    struct py_object *two[2] = {one, one};
    struct py_object *append = py_getattr_cstr(list, "append");
    assert_null(py_call(append, two, 2, NULL));
    assert_raised(&py_exc_TypeError, "list.append() takes exactly one argument (2 given)");
    struct py_object *insert = py_getattr_cstr(list, "insert");
    assert_null(py_call(insert, two, 1, NULL));
    assert_raised(&py_exc_TypeError, "insert expected 2 arguments, got 1");
    struct py_tuple *kw = names_of(1, (const char *[]){"x"});
    assert_null(py_call(append, two, 0, kw));
    assert_raised(&py_exc_TypeError, "list.append() takes no keyword arguments");
    assert_null(py_call(one, NULL, 0, NULL));
    assert_raised(&py_exc_TypeError, "'int' object is not callable");
    py_decref(kw);
    py_decref(insert);
    py_decref(append);
    py_decref(list);
}

static void test_every_count_is_explained(void **state)
{
    (void)state;
    py_gc_collect(2);
    py_gc_check_explained("test_call");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_and_keywords),
        cmocka_unit_test(test_what_is_left_over),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_parse_args),
        cmocka_unit_test(test_arity_of_c_methods),
        cmocka_unit_test(test_every_count_is_explained),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
