/* bytes and the codecs. */
#include "tests/unit/vm/vm_fixture.h"

#include "vm/object/bytes.h"
#include "vm/object/tuple.h"

static struct py_object *bytes_of_text(const char *text)
{
    return PY_OBJ(py_bytes_from(text, strlen(text)));
}

static void test_small_bytes_are_shared(void **state)
{
    (void)state;
    assert_ptr_equal(py_bytes_from("x", 1), py_bytes_from("x", 1));
    assert_ptr_equal(py_bytes_from("x", 0), py_bytes_empty());
    struct py_object *b = bytes_of_text("abc");
    assert_int_equal(py_bytes_type.size_of(b), 36);
    struct py_object *s = vm_str("abc");
    assert_int_equal(py_hash(b), py_hash(s));
    py_decref(s);
    py_decref(b);
}

static void test_repr_escapes(void **state)
{
    (void)state;
    struct py_object *b = bytes_of_text("a'\"\\\n\x01\xff");
    assert_string_equal(vm_text(py_repr(b)), "b'a\\'\"\\\\\\n\\x01\\xff'");
    py_decref(b);
}

static const char *decoded(const char *octets, const char *encoding, const char *errors)
{
    return vm_text(py_bytes_decode((const uint8_t *)octets, strlen(octets), encoding, errors));
}

static void test_utf8_errors_are_cpythons(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"\xff", "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid "
                 "start byte"},
        {"a\xe2\x82", "UnicodeDecodeError: 'utf-8' codec can't decode bytes in position 1-2: "
                      "unexpected end of data"},
        {"a\xe2"
         "b",
         "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe2 in position 1: "
         "invalid continuation byte"},
        {"\xed\xa0\x80", "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xed in position 0: "
                         "invalid continuation byte"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_string_equal(decoded(rows[i][0], NULL, NULL), rows[i][1]);
    assert_string_equal(decoded("a\xff"
                                "b",
                                "utf-8", "replace"),
                        "a\ufffd"
                        "b");
    assert_string_equal(decoded("a\xff"
                                "b",
                                "utf-8", "ignore"),
                        "ab");
    assert_string_equal(decoded("a\xff"
                                "b",
                                "ascii", "backslashreplace"),
                        "a\\xffb");
    assert_string_equal(decoded("\xe9", "latin-1", NULL), "\u00e9");
    assert_string_equal(decoded("x", "no-such", NULL), "LookupError: unknown encoding: no-such");
}

static void test_encode_handlers(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"ascii", "ignore", "b'a'"},
        {"ascii", "replace", "b'a?\?'"},
        {"ascii", "backslashreplace", "b'a\\\\xe9\\\\u20ac'"},
        {"ascii", "xmlcharrefreplace", "b'a&#233;&#8364;'"},
        {"latin-1", "replace", "b'a\\xe9?'"},
        {"utf-16-le", NULL, "b'a\\x00\\xe9\\x00\\xac '"},
        {"utf-16", NULL, "b'\\xff\\xfea\\x00\\xe9\\x00\\xac '"},
    };
    struct py_object *s = vm_str("a\u00e9\u20ac");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct py_object *b = py_str_encode(s, rows[i][0], rows[i][1]);
        assert_non_null(b);
        assert_string_equal(vm_text(py_repr(b)), rows[i][2]);
        py_decref(b);
    }
    assert_string_equal(vm_text(py_str_encode(s, "ascii", NULL)),
                        "UnicodeEncodeError: 'ascii' codec can't encode characters in position "
                        "1-2: ordinal not in range(128)");
    py_decref(s);
}

static void test_surrogateescape_round_trip(void **state)
{
    (void)state;
    struct py_object *s =
        py_bytes_decode((const uint8_t *)"a\xff\xe2", 3, "utf-8", "surrogateescape");
    struct py_object *b = py_str_encode(s, "utf-8", "surrogateescape");
    assert_string_equal(vm_text(py_repr(b)), "b'a\\xff\\xe2'");
    py_decref(s);
    py_decref(b);
}

static void test_mod_formatting(void **state)
{
    (void)state;
    struct py_object *format = bytes_of_text("<%s|%5d|%c|%x|%a>");
    struct py_object *items[5] = {bytes_of_text("\xff"), py_int_from_i64(42), py_int_from_i64(65),
                                  py_int_from_i64(255), vm_str("\u00e9")};
    struct py_object *args = PY_OBJ(py_tuple_from_array_steal(items, 5));
    struct py_object *out = py_binary(PY_NB_MOD, format, args);
    assert_non_null(out);
    assert_string_equal(vm_text(py_repr(out)), "b\"<\\xff|   42|A|ff|'\\\\xe9'>\"");
    py_decref(out);
    py_decref(args);
    py_decref(format);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_bytes_are_shared),     cmocka_unit_test(test_repr_escapes),
        cmocka_unit_test(test_utf8_errors_are_cpythons),   cmocka_unit_test(test_encode_handlers),
        cmocka_unit_test(test_surrogateescape_round_trip), cmocka_unit_test(test_mod_formatting),
    };
    return cmocka_run_group_tests(tests, vm_start, NULL);
}
