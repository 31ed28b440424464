/* str: changing case and asking about characters.
 *
 * ASCII texts are mapped byte by byte. Others go through the full Unicode mappings, which can give
 * up to three characters for one; a capital sigma at the end of a word becomes the final form, the
 * only mapping that looks at its neighbours.
 *
 * The is...() methods ask one question of every character; an empty text answers False to all but
 * isascii, isprintable.
 */
#include <ctype.h>
#include <string.h>

#include "vm/front/unicode.h"
#include "vm/object/int.h"
#include "vm/object/octet_words.h"
#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/runtime/error.h"

#define SIGMA       0x3a3u
#define SMALL_SIGMA 0x3c3u
#define FINAL_SIGMA 0x3c2u

/* Final: a cased character stands before it (case-ignorable ones aside) and none behind it. */
static uint32_t lower_sigma(const struct py_str *s, int64_t i)
{
    int64_t j = i - 1;
    while (j >= 0 && char_is_case_ignorable(py_str_char(s, j)))
        j--;
    bool final = j >= 0 && char_is_cased(py_str_char(s, j));
    if (final) {
        j = i + 1;
        while (j < s->length && char_is_case_ignorable(py_str_char(s, j)))
            j++;
        final = j == s->length || !char_is_cased(py_str_char(s, j));
    }
    return final ? FINAL_SIGMA : SMALL_SIGMA;
}

static int lower_at(const struct py_str *s, int64_t i, uint32_t out[3])
{
    const uint32_t c = py_str_char(s, i);
    if (c == SIGMA) {
        out[0] = lower_sigma(s, i);
        return 1;
    }
    return char_lower(c, out);
}

static int upper_at(const struct py_str *s, int64_t i, uint32_t out[3])
{
    return char_upper(py_str_char(s, i), out);
}

static int fold_at(const struct py_str *s, int64_t i, uint32_t out[3])
{
    return char_fold(py_str_char(s, i), out);
}

static int swap_at(const struct py_str *s, int64_t i, uint32_t out[3])
{
    const uint32_t c = py_str_char(s, i);
    if (char_is_upper(c))
        return lower_at(s, i, out);
    if (char_is_lower(c))
        return char_upper(c, out);
    out[0] = c;
    return 1;
}

static int capitalize_at(const struct py_str *s, int64_t i, uint32_t out[3])
{
    return i == 0 ? char_title(py_str_char(s, 0), out) : lower_at(s, i, out);
}

static int title_at(const struct py_str *s, int64_t i, uint32_t out[3])
{
    const bool in_word = i > 0 && char_is_cased(py_str_char(s, i - 1));
    return in_word ? lower_at(s, i, out) : char_title(py_str_char(s, i), out);
}

typedef int (*map_fn)(const struct py_str *s, int64_t i, uint32_t out[3]);

static struct py_object *map_text(struct py_object *self, map_fn map)
{
    const struct py_str *s = str_of(self);
    uint32_t out[3];
    if (s->ascii && s->length > 0) { /* one byte gives one byte */
        struct py_str *result = py_str_alloc(s->length, 127);
        if (!result)
            return NULL;
        uint8_t *data = py_str_data(result);
        for (int64_t i = 0; i < s->length; i++) {
            map(s, i, out);
            data[i] = (uint8_t)out[0];
        }
        return PY_OBJ(result);
    }
    struct py_strbuf b;
    py_strbuf_init(&b);
    for (int64_t i = 0; i < s->length; i++) {
        const int n = map(s, i, out);
        for (int k = 0; k < n; k++)
            if (py_strbuf_char(&b, out[k]) < 0) {
                py_strbuf_deinit(&b);
                return NULL;
            }
    }
    b.max_char = chars_bound(b.data, b.kind, b.length);
    return PY_OBJ(py_strbuf_finish(&b));
}

/* upper and lower of ASCII are common enough for a loop of words. Adding to an octet below 128 what
 * lacks it from 128 sets its top bit if it is at least `first`, or beyond the alphabet. */
static struct py_object *ascii_flip(const struct py_str *s, uint8_t first)
{
    struct py_str *result = py_str_alloc(s->length, 127);
    if (!result)
        return NULL;
    const uint8_t *from = py_str_data(s);
    uint8_t *to = py_str_data(result);
    int64_t i = 0;
    for (; i + 8 <= s->length; i += 8) {
        const uint64_t word = octets_load(from + i);
        const uint64_t letters = ((word + OCTET_ONES * (uint8_t)(128 - first)) ^
                                  (word + OCTET_ONES * (uint8_t)(128 - first - 26))) &
                                 OCTET_TOPS;
        octets_store(to + i, word ^ letters >> 2);
    }
    for (; i < s->length; i++)
        to[i] = from[i] ^ (uint8_t)(((uint8_t)(from[i] - first) < 26) << 5);
    return PY_OBJ(result);
}

STR_METHOD(lower)
{
    STR_UNUSED_ARGS;
    if (str_of(self)->ascii && str_of(self)->length > 1)
        return ascii_flip(str_of(self), 'A');
    return map_text(self, lower_at);
}

STR_METHOD(upper)
{
    STR_UNUSED_ARGS;
    if (str_of(self)->ascii && str_of(self)->length > 1)
        return ascii_flip(str_of(self), 'a');
    return map_text(self, upper_at);
}

STR_METHOD(casefold)
{
    STR_UNUSED_ARGS;
    return map_text(self, fold_at);
}

STR_METHOD(swapcase)
{
    STR_UNUSED_ARGS;
    return map_text(self, swap_at);
}

STR_METHOD(capitalize)
{
    STR_UNUSED_ARGS;
    return map_text(self, capitalize_at);
}

STR_METHOD(title)
{
    STR_UNUSED_ARGS;
    return map_text(self, title_at);
}

/* Questions. */

static struct py_object *all_chars(struct py_object *self, bool (*is)(uint32_t))
{
    const struct py_str *s = str_of(self);
    for (int64_t i = 0; i < s->length; i++)
        if (!is(py_str_char(s, i)))
            return PY_FALSE;
    return py_bool_from(s->length > 0);
}

static bool is_alnum(uint32_t c)
{
    return char_is_alpha(c) || char_is_numeric(c);
}

#define ALL_CHARS(name, is)         \
    STR_METHOD(name)                \
    {                               \
        STR_UNUSED_ARGS;            \
        return all_chars(self, is); \
    }
ALL_CHARS(isspace, char_is_space)
ALL_CHARS(isalpha, char_is_alpha)
ALL_CHARS(isalnum, is_alnum)
ALL_CHARS(isdecimal, char_is_decimal)
ALL_CHARS(isdigit, char_is_digit)
ALL_CHARS(isnumeric, char_is_numeric)

STR_METHOD(isascii)
{
    STR_UNUSED_ARGS;
    return py_bool_from(str_of(self)->ascii);
}

STR_METHOD(isprintable)
{
    STR_UNUSED_ARGS;
    const struct py_str *s = str_of(self);
    for (int64_t i = 0; i < s->length; i++)
        if (!char_is_printable(py_str_char(s, i)))
            return PY_FALSE;
    return PY_TRUE;
}

/* At least one cased character, and none of the other case. */
static struct py_object *one_case(struct py_object *self, bool (*wanted)(uint32_t),
                                  bool (*other)(uint32_t))
{
    const struct py_str *s = str_of(self);
    bool any = false;
    for (int64_t i = 0; i < s->length; i++) {
        const uint32_t c = py_str_char(s, i);
        if (other(c) || char_is_title(c))
            return PY_FALSE;
        any = any || wanted(c);
    }
    return py_bool_from(any);
}

STR_METHOD(islower)
{
    STR_UNUSED_ARGS;
    return one_case(self, char_is_lower, char_is_upper);
}

STR_METHOD(isupper)
{
    STR_UNUSED_ARGS;
    return one_case(self, char_is_upper, char_is_lower);
}

STR_METHOD(istitle)
{
    STR_UNUSED_ARGS;
    const struct py_str *s = str_of(self);
    bool any = false, in_word = false;
    for (int64_t i = 0; i < s->length; i++) {
        const uint32_t c = py_str_char(s, i);
        if (char_is_upper(c) || char_is_title(c)) {
            if (in_word)
                return PY_FALSE;
            in_word = any = true;
        } else if (char_is_lower(c)) {
            if (!in_word)
                return PY_FALSE;
            any = true;
        } else {
            in_word = false;
        }
    }
    return py_bool_from(any);
}

bool py_str_is_identifier(const struct py_str *s)
{
    if (s->length == 0 || !unicode_is_xid_start((int32_t)py_str_char(s, 0)))
        return false;
    for (int64_t i = 1; i < s->length; i++)
        if (!unicode_is_xid_continue((int32_t)py_str_char(s, i)))
            return false;
    return true;
}

STR_METHOD(isidentifier)
{
    STR_UNUSED_ARGS;
    return py_bool_from(py_str_is_identifier(str_of(self)));
}
