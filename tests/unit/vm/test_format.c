/* Format specifications, str.format and the % operator. Expected texts are CPython 3.11's. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/tuple.h"

static const char *formatted(struct py_object *value, const char *spec)
{
    struct py_object *s = vm_str(spec);
    const char *text = vm_text(py_format(value, s));
    py_decref(s);
    py_decref(value);
    return text;
}

static void test_int_specifications(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"42", "", "42"},
        {"42", "5", "   42"},
        {"42", "<5", "42   "},
        {"42", "*^6", "**42**"},
        {"-42", "=+6", "-   42"},
        {"42", "+", "+42"},
        {"42", " ", " 42"},
        {"-42", "06", "-00042"},
        {"255", "#x", "0xff"},
        {"255", "#010X", "0X000000FF"},
        {"5", "#b", "0b101"},
        {"1234567", ",", "1,234,567"},
        {"1234567", "_", "1_234_567"},
        {"65536", "_x", "1_0000"},
        {"1234", "010,", "00,001,234"},
        {"1234", "012,d", "0,000,001,234"},
        {"0", "04,", "0,000"},
        {"65", "c", "A"},
        {"3", ".2f", "3.00"},
        {"12345678901234567890", ",d", "12,345,678,901,234,567,890"},
        {"1", ".3", "ValueError: Precision not allowed in integer format specifier"},
        {"1", ",x", "ValueError: Cannot specify ',' with 'x'."},
        {"1", ",_", "ValueError: Cannot specify both ',' and '_'."},
        {"1", "q", "ValueError: Unknown format code 'q' for object of type 'int'"},
        {"1", "xx", "ValueError: Invalid format specifier 'xx' for object of type 'int'"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(formatted(vm_int(rows[i][0]), rows[i][1]), rows[i][2]);
}

static void test_float_specifications(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *spec, *text;
    } rows[] = {
        {3.14159, ".2f", "3.14"},
        {3.14159, "8.3f", "   3.142"},
        {1234567.891, ",.1f", "1,234,567.9"},
        {1e10, "", "10000000000.0"},
        {1e16, "", "1e+16"},
        {0.00001234, "g", "1.234e-05"},
        {100000.0, "g", "100000"},
        {1000000.0, "g", "1e+06"},
        {1.0, "#g", "1.00000"},
        {0.25, "%", "25.000000%"},
        {0.25, ".0%", "25%"},
        {12345.678, "e", "1.234568e+04"},
        {12345.678, ".3E", "1.235E+04"},
        {3.0, ".3", "3.0"},
        {1234.5678, ".3", "1.23e+03"},
        {2.5, ".0f", "2"},
        {-0.001, "z.1f", "0.0"},
        {-1.5, "010.2f", "-000001.50"},
        {1.5, "+08.1f", "+00001.5"},
        {5.0, "n", "5"},
        {1.5, "x", "ValueError: Unknown format code 'x' for object of type 'float'"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(formatted(py_float_from(rows[i].value), rows[i].spec), rows[i].text);
    assert_string_equal(formatted(py_float_from(1.0 / 0.0), "010"), "0000000inf");
    assert_string_equal(formatted(py_float_from(-1.0 / 0.0), "F"), "-INF");
}

static void test_str_specifications(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "abc"},
        {"5", "abc  "},
        {">5", "  abc"},
        {"\u20ac^7", "\u20ac\u20acabc\u20ac\u20ac"},
        {".2", "ab"},
        {"05", "abc00"},
        {"=5", "ValueError: '=' alignment not allowed in string format specifier"},
        {"d", "ValueError: Unknown format code 'd' for object of type 'str'"},
        {",", "ValueError: Cannot specify ',' with 's'."},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(formatted(vm_str("abc"), rows[i][0]), rows[i][1]);
}

static const char *templated(const char *template)
{
    struct py_object *s = vm_str(template);
    struct py_object *method = py_getattr_cstr(s, "format");
    struct py_object *args[4] = {py_int_from_i64(7), vm_str("x"), vm_int("255"), vm_int("6")};
    struct py_tuple *names = py_tuple_pack(1, PY_OBJ(py_str_const("w")));
    const char *text = vm_text(py_call(method, args, 3, names));
    py_decref(names);
    py_decref(method);
    py_decref(args[1]);
    py_decref(s);
    return text;
}

static void test_templates(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{} {} {}", "7 x 255"},
        {"{2} {0}", "255 7"},
        {"{{{}}}", "{7}"},
        {"{1!r}", "'x'"},
        {"{1!r:>5}", "  'x'"},
        {"{2:#x}|{2:{w}}|{2:>{w}}", "0xff|   255|   255"},
        {"{0.real}", "7"},
        {"{1[0]}", "x"},
        {"{", "ValueError: Single '{' encountered in format string"},
        {"}", "ValueError: Single '}' encountered in format string"},
        {"{}{1}", "ValueError: cannot switch from automatic field numbering to manual field "
                  "specification"},
        {"{9}", "IndexError: Replacement index 9 out of range for positional args tuple"},
        {"{name}", "KeyError: 'name'"},
        {"{0!z}", "ValueError: Unknown conversion specifier z"},
        {"{0!r", "ValueError: unmatched '{' in format spec"},
        {"{0", "ValueError: expected '}' before end of string"},
        {"{:{:{}}}", "ValueError: Max string recursion exceeded"},
        {"{0.}", "ValueError: Empty attribute in format string"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(templated(rows[i][0]), rows[i][1]);
}

static const char *percent(const char *format, struct py_object *args)
{
    struct py_object *s = vm_str(format);
    const char *text = vm_text(py_str_mod(s, args));
    py_decref(s);
    py_decref(args);
    return text;
}

static void test_percent_operator(void **state)
{
    (void)state;
    static const char *const int_rows[][2] = {
        {"%d", "42"},
        {"%5d|", "   42|"},
        {"%-5d|", "42   |"},
        {"%05d", "00042"},
        {"%+d", "+42"},
        {"% d", " 42"},
        {"%x", "2a"},
        {"%#X", "0X2A"},
        {"%#o", "0o52"},
        {"%.5d", "00042"},
        {"%#08x", "0x00002a"},
        {"%c", "*"},
        {"%s", "42"},
        {"%r", "42"},
        {"%.2f", "42.00"},
        {"%e", "4.200000e+01"},
        {"%g", "42"},
        {"%%%d", "%42"},
        {"%5s|", "   42|"},
        {"%q", "ValueError: unsupported format character 'q' (0x71) at index 1"},
        {"%", "ValueError: incomplete format"},
        {"%d %d", "TypeError: not enough arguments for format string"},
        {"x", "TypeError: not all arguments converted during string formatting"},
        {"%(a)d", "TypeError: format requires a mapping"},
    };
    for (size_t i = 0; i < sizeof(int_rows) / sizeof(*int_rows); i++)
        assert_string_equal(percent(int_rows[i][0], vm_int("42")), int_rows[i][1]);
    assert_string_equal(percent("%d", vm_str("a")),
                        "TypeError: %d format: a real number is required, not str");
    assert_string_equal(percent("%x", py_float_from(1.5)),
                        "TypeError: %x format: an integer is required, not float");
    struct py_object *items[3] = {vm_int("8"), vm_int("3"), py_float_from(3.14159)};
    assert_string_equal(percent("%*.*f", PY_OBJ(py_tuple_from_array_steal(items, 3))), "   3.142");
    struct py_dict *d = py_dict_new();
    py_dict_set_cstr(d, "key", PY_OBJ(py_str_const("value")));
    assert_string_equal(percent("%(key)s!", PY_OBJ(py_newref(d))), "value!");
    assert_string_equal(percent("%(no)s", PY_OBJ(d)), "KeyError: 'no'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int_specifications), cmocka_unit_test(test_float_specifications),
        cmocka_unit_test(test_str_specifications), cmocka_unit_test(test_templates),
        cmocka_unit_test(test_percent_operator),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
