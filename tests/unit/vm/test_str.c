/* str: kinds, sharing, interning, UTF-8, appending, searching, repr. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/object/str_impl.h"

static void test_kind_is_the_narrowest(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t length;
        int kind;
        bool ascii;
        int64_t size;
    } rows[] = {
        {"abc", 3, 1, true, 52},
        {"ab\u00e9", 3, 1, false, 76},
        {"ab\u20ac", 3, 2, false, 80},
        {"ab\U0001f600", 3, 4, false, 88},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct py_str *s = py_str_from_cstr(rows[i].text);
        assert_int_equal(s->length, rows[i].length);
        assert_int_equal(s->kind, rows[i].kind);
        assert_int_equal(s->ascii, rows[i].ascii);
        assert_int_equal(py_str_type.size_of(PY_OBJ(s)), rows[i].size);
        assert_string_equal(py_str_utf8(s, NULL), rows[i].text);
        struct py_str *head = py_str_substring(s, 0, 2); /* narrows */
        assert_true(head->ascii);
        py_decref(head);
        py_decref(s);
    }
}

static void test_single_latin1_characters_are_shared(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 256; c++) {
        struct py_str *s = py_str_from_char(c);
        assert_true(py_is_immortal(PY_OBJ(s)));
        assert_ptr_equal(s, py_str_from_char(c));
        assert_int_equal(py_str_char(s, 0), c);
    }
    struct py_str *word = py_str_from_cstr("caf\u00e9!");
    assert_ptr_equal(py_str_substring(word, 3, 4), py_str_from_char(0xe9));
    assert_ptr_equal(py_str_substring(word, 2, 2), py_str_empty());
    py_decref(word);
}

static void test_interning_gives_one_object(void **state)
{
    (void)state;
    struct py_str *a = py_str_intern_cstr("a name nobody uses");
    struct py_str *b = py_str_intern_cstr("a name nobody uses");
    assert_ptr_equal(a, b);
    assert_int_equal(a->base.refcnt, 2); /* the table's references are not counted */
    py_decref(a);
    py_decref(b); /* dies, and leaves the table */
    a = py_str_intern_cstr("a name nobody uses");
    assert_int_equal(a->base.refcnt, 1);
    py_decref(a);
    assert_ptr_equal(py_str_const("__some_dunder__"), py_str_const("__some_dunder__"));
    b = py_str_intern_cstr("__some_dunder__");
    assert_ptr_equal(b, py_str_const("__some_dunder__"));
    py_decref(b);
}

static void test_utf8_when_invalid_survives(void **state)
{
    (void)state;
    struct py_str *s = py_str_from_utf8("a\xff\xc3", 3);
    assert_int_equal(s->length, 3);
    assert_int_equal(py_str_char(s, 1), 0xdcff);
    py_decref(s);
    s = py_str_from_utf8("\xed\xa0\x80", 3); /* a lone surrogate passes */
    assert_int_equal(s->length, 1);
    assert_int_equal(py_str_char(s, 0), 0xd800);
    py_decref(s);
}

static void test_append_works_in_place_when_unshared(void **state)
{
    (void)state;
    struct py_str *s = py_str_from_cstr("start:"), *piece = py_str_from_cstr("xy");
    const struct py_str *block = NULL;
    int moves = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(py_str_append(&s, piece), 0);
        moves += s != block;
        block = s;
    }
    assert_int_equal(s->length, 2006);
    assert_true(moves < 40);
    assert_int_equal(py_str_type.size_of(PY_OBJ(s)), 2055);
    struct py_str *alias = py_newref(s);
    assert_int_equal(py_str_append(&s, piece), 0);
    assert_ptr_not_equal(s, alias);
    assert_int_equal(alias->length, 2006);
    py_decref(alias);
    py_decref(s);
    py_decref(piece);
}

static void test_find_across_kinds(void **state)
{
    (void)state;
    struct py_str *s = py_str_from_cstr("abc\u20acabc\u20acz");
    struct py_str *narrow = py_str_from_cstr("bc"), *wide = py_str_from_cstr("c\u20acz");
    struct py_str *wider = py_str_from_cstr("\U0001f600");
    assert_int_equal(py_str_find(s, narrow, 0, s->length), 1);
    assert_int_equal(py_str_find(s, narrow, 2, s->length), 5);
    assert_int_equal(py_str_find(s, wide, 0, s->length), 6);
    assert_int_equal(py_str_find(s, wider, 0, s->length), -1);
    assert_int_equal(str_rfind_range(s, narrow, 0, s->length), 5);
    assert_int_equal(str_rfind_range(s, narrow, 0, 6), 1);
    assert_int_equal(str_count_range(s, narrow, 0, s->length, 100), 2);
    assert_int_equal(py_str_find(s, py_str_empty(), 4, s->length), 4);
    py_decref(s);
    py_decref(narrow);
    py_decref(wide);
    py_decref(wider);
}

static void test_repr_quotes_and_escapes(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"plain", "'plain'"},         {"it's", "\"it's\""},
        {"'\"", "'\\'\"'"},           {"\\\n\t\r", "'\\\\\\n\\t\\r'"},
        {"\x01\x7f", "'\\x01\\x7f'"}, {"\u00e9\u00a0", "'\u00e9\\xa0'"},
        {"\u200b", "'\\u200b'"},      {"\U000e0001", "'\\U000e0001'"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct py_object *s = vm_str(rows[i][0]);
        assert_string_equal(vm_text(py_str_repr(s)), rows[i][1]);
        py_decref(s);
    }
}

static void test_case_mapping_when_it_lengthens(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"Stra\u00dfe", "upper", "STRASSE"},
        {"\u00dcBER", "lower", "\u00fcber"},
        {"\u039f\u0394\u039f\u03a3", "lower", "\u03bf\u03b4\u03bf\u03c2"}, /* final sigma */
        {"\u03a3", "lower", "\u03c3"},
        {"\u0130", "lower", "i\u0307"},
        {"\ufb01n", "title", "Fin"},
        {"Stra\u00dfe", "casefold", "strasse"},
        {"hELLO wORLD", "capitalize", "Hello world"},
        {"they're bill's", "title", "They'Re Bill'S"},
        {"aBc", "swapcase", "AbC"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct py_object *s = vm_str(rows[i][0]);
        assert_string_equal(vm_text(py_call_method_cstr(s, rows[i][1], 0)), rows[i][2]);
        py_decref(s);
    }
}

static void test_format_c_conversions(void **state)
{
    (void)state;
    struct py_object *o = vm_str("it's");
    assert_string_equal(vm_text(PY_OBJ(py_str_format_c(
                            "%d %5d|%-5s|%.2s %lld %zu %x %c %% %S %R %U %T %.3R", -7, 42, "ab",
                            "xyz", 1ll << 40, (size_t)9, 255, 'q', o, o, o, o, o))),
                        "-7    42|ab   |xy 1099511627776 9 ff q % it's \"it's\" it's str \"it");
    py_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kind_is_the_narrowest),
        cmocka_unit_test(test_single_latin1_characters_are_shared),
        cmocka_unit_test(test_interning_gives_one_object),
        cmocka_unit_test(test_utf8_when_invalid_survives),
        cmocka_unit_test(test_append_works_in_place_when_unshared),
        cmocka_unit_test(test_find_across_kinds),
        cmocka_unit_test(test_repr_quotes_and_escapes),
        cmocka_unit_test(test_case_mapping_when_it_lengthens),
        cmocka_unit_test(test_format_c_conversions),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
