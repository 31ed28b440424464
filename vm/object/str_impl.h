/* What the files of str share: access to characters of any kind, copying between kinds, searching,
 * character properties, and the methods that the table in str_type.c lists.
 */
#ifndef BRILLE_VM_OBJECT_STR_IMPL_H
#define BRILLE_VM_OBJECT_STR_IMPL_H

#include <string.h>

#include "vm/object/str.h"

static inline uint32_t chars_get(const void *data, int kind, int64_t i)
{
    return kind == 1   ? ((const uint8_t *)data)[i]
           : kind == 2 ? ((const uint16_t *)data)[i]
                       : ((const uint32_t *)data)[i];
}
static inline void chars_put(void *data, int kind, int64_t i, uint32_t c)
{
    if (kind == 1)
        ((uint8_t *)data)[i] = (uint8_t)c;
    else if (kind == 2)
        ((uint16_t *)data)[i] = (uint16_t)c;
    else
        ((uint32_t *)data)[i] = c;
}
/* Copies n octets; up to 16 without a call, as two words that may overlap: most texts are short. */
static inline void octets_copy(void *dst, const void *src, size_t n)
{
    char *const d = dst;
    const char *const s = src;
    uint64_t head = 0, tail = 0;
    if (n > 16) {
        memcpy(d, s, n);
    } else if (n >= 8) {
        memcpy(&head, s, 8);
        memcpy(&tail, s + n - 8, 8);
        memcpy(d, &head, 8);
        memcpy(d + n - 8, &tail, 8);
    } else if (n >= 4) {
        memcpy(&head, s, 4);
        memcpy(&tail, s + n - 4, 4);
        memcpy(d, &head, 4);
        memcpy(d + n - 4, &tail, 4);
    } else if (n) { /* the first, the middle and the last are all there are */
        const char first = s[0], middle = s[n / 2], last = s[n - 1];
        d[0] = first;
        d[n / 2] = middle;
        d[n - 1] = last;
    }
}
/* Copies n characters into another kind: widening or (when they are known to fit) narrowing. */
void chars_convert(void *dst, int dst_kind, int64_t dst_pos, const void *src, int src_kind,
                   int64_t src_pos, int64_t n);
/* Copies n characters, converting as need be. */
static inline void chars_copy(void *dst, int dst_kind, int64_t dst_pos, const void *src,
                              int src_kind, int64_t src_pos, int64_t n)
{
    if (dst_kind == src_kind)
        octets_copy((char *)dst + dst_pos * dst_kind, (const char *)src + src_pos * dst_kind,
                    (size_t)(n * dst_kind));
    else
        chars_convert(dst, dst_kind, dst_pos, src, src_kind, src_pos, n);
}
void chars_fill(void *dst, int kind, int64_t pos, uint32_t c, int64_t n);
/* Bound of the class of the largest character: 127, 255, 65535 or 0x10ffff. */
uint32_t chars_bound(const void *data, int kind, int64_t n);

static inline uint32_t str_bound(const struct py_str *s)
{
    return s->ascii ? 127 : s->kind == 1 ? 255 : s->kind == 2 ? 0xffff : 0x10ffff;
}
static inline int kind_of_char(uint32_t c)
{
    return c < 0x100 ? 1 : c < 0x10000 ? 2 : 4;
}
static inline void str_copy_into(struct py_str *dst, int64_t pos, const struct py_str *src,
                                 int64_t start, int64_t n)
{
    chars_copy(py_str_data(dst), dst->kind, pos, py_str_data(src), src->kind, start, n);
}
static inline struct py_str *str_of(struct py_object *o)
{
    return (struct py_str *)o;
}
/* s itself when exact, else a copy of exact type str. New. */
struct py_str *str_exact(struct py_str *s);

/* Searching in s[start..end); positions are absolute, -1: absent. str_search.c */
int64_t str_find_range(const struct py_str *s, const struct py_str *sub, int64_t start,
                       int64_t end);
int64_t str_rfind_range(const struct py_str *s, const struct py_str *sub, int64_t start,
                        int64_t end);
int64_t str_count_range(const struct py_str *s, const struct py_str *sub, int64_t start,
                        int64_t end, int64_t max);
int64_t chars_find_char(const void *data, int kind, int64_t start, int64_t end, uint32_t c);
/* Octets, for bytes too: memmem, and its mirror. */
int64_t octets_find(const uint8_t *s, int64_t n, const uint8_t *sub, int64_t m);
int64_t octets_rfind(const uint8_t *s, int64_t n, const uint8_t *sub, int64_t m);
int64_t octets_count(const uint8_t *s, int64_t n, const uint8_t *sub, int64_t m, int64_t max);

/* Character properties, as CPython's str methods define them. str_chars.c */
bool char_is_space(uint32_t c);
bool char_is_linebreak(uint32_t c);
bool char_is_alpha(uint32_t c);
bool char_is_decimal(uint32_t c);
bool char_is_digit(uint32_t c);
bool char_is_numeric(uint32_t c);
bool char_is_upper(uint32_t c);
bool char_is_lower(uint32_t c);
bool char_is_title(uint32_t c);
bool char_is_printable(uint32_t c);
int char_decimal_value(uint32_t c); /* 0..9, or -1 */
/* Full case mappings: up to three characters into out; how many. */
int char_upper(uint32_t c, uint32_t out[3]);
int char_lower(uint32_t c, uint32_t out[3]);
int char_title(uint32_t c, uint32_t out[3]);
int char_fold(uint32_t c, uint32_t out[3]);
bool char_is_cased(uint32_t c);
bool char_is_case_ignorable(uint32_t c);

/* Text as int() and float() read it: Unicode decimals as ASCII digits, Unicode spaces as ' ', other
 * characters beyond ASCII as '?'. *owned (RAW, or NULL) is the caller's to free. */
int str_numeric_text(struct py_str *s, const char **text, size_t *len, char **owned);

/* Arguments: an index argument clipped as slices are; None or NULL: fallback. -1 on error. */
int str_slice_arg(struct py_object *o, int64_t fallback, int64_t *out);
/* start and end of find, count, startswith ... clipped into a text of this length. */
int str_clip_range(struct py_object *const *args, size_t nargs, size_t first, int64_t length,
                   int64_t *start, int64_t *end);

/* "find() takes at least 1 argument (0 given)": methods that take a text and a range. */
int str_check_search_args(const char *method, size_t nargs);

#define STR_METHOD(name)                                                                \
    struct py_object *str_##name(struct py_object *self, struct py_object *const *args, \
                                 size_t nargs, struct py_tuple *kwnames)
#define X(name) STR_METHOD(name);
/* clang-format off */
#define STR_METHODS(X)                                                                           \
    X(encode) X(replace) X(split) X(rsplit) X(join) X(capitalize) X(casefold) X(title) X(center) \
    X(count) X(expandtabs) X(find) X(partition) X(index) X(ljust) X(lower) X(lstrip) X(rfind)    \
    X(rindex) X(rjust) X(rstrip) X(rpartition) X(splitlines) X(strip) X(swapcase) X(translate)   \
    X(upper) X(startswith) X(endswith) X(removeprefix) X(removesuffix) X(isascii) X(islower)     \
    X(isupper) X(istitle) X(isspace) X(isdecimal) X(isdigit) X(isnumeric) X(isalpha) X(isalnum)  \
    X(isidentifier) X(isprintable) X(zfill) X(format) X(format_map) X(maketrans)
/* clang-format on */
STR_METHODS(X)
#undef X

#define STR_UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

#endif
