/* Text: immutable arrays of code points in 1, 2 or 4 bytes each, the narrowest that fits.
 *
 *   48-byte header, then the characters      if all are ASCII
 *   72-byte header, then the characters      otherwise (the extra words cache the UTF-8 form)
 *
 * always with one zero character behind the last. Invariants: kind is the smallest of 1, 2, 4 that
 * holds every character; ascii is set exactly when all are below 128; the empty string and the 256
 * one-character Latin-1 strings are immortal and shared; an interned string is in
 * py_runtime.interned, whose two references are not counted (as in CPython). The identifiers that C
 * code asks for by py_str_const are immortal and interned.
 *
 * reserved_ptr of an ASCII or wide string is the usable size of its block in bytes when
 * py_str_append left room behind it, else NULL.
 */
#ifndef BRILLE_VM_OBJECT_STR_H
#define BRILLE_VM_OBJECT_STR_H

#include <stdarg.h>

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_str {
    struct py_object base;
    int64_t length; /* code points */
    int64_t hash;   /* -1: not computed */
    uint8_t kind;   /* 1, 2, 4 */
    uint8_t ascii;
    uint8_t interned;
    uint8_t reserved[5];
    void *reserved_ptr;
};
struct py_str_wide {
    struct py_str base;
    int64_t utf8_length;
    char *utf8; /* RAW memory or NULL */
    void *reserved_ptr;
};
_Static_assert(sizeof(struct py_str) == 48 && sizeof(struct py_str_wide) == 72,
               "as CPython 3.11, which sys.getsizeof mirrors");
extern struct py_type py_str_type;

static inline bool py_str_check(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_STR);
}
static inline bool py_str_check_exact(const struct py_object *o)
{
    return o->type == &py_str_type;
}
static inline void *py_str_data(const struct py_str *s)
{
    return s->ascii ? (void *)(s + 1) : (void *)((struct py_str_wide *)s + 1);
}
static inline uint32_t py_str_char(const struct py_str *s, int64_t i)
{
    const void *d = py_str_data(s);
    return s->kind == 1   ? ((const uint8_t *)d)[i]
           : s->kind == 2 ? ((const uint16_t *)d)[i]
                          : ((const uint32_t *)d)[i];
}

/* Uninitialised characters for a text whose largest code point is max_char. */
struct py_str *py_str_alloc(int64_t length, uint32_t max_char);
struct py_str *py_str_from_utf8(const char *text, size_t len); /* WTF-8: lone surrogates pass */
struct py_str *py_str_from_cstr(const char *text);
struct py_str *py_str_from_latin1(const uint8_t *text, size_t len);
struct py_str *py_str_from_ucs4(const uint32_t *chars, int64_t len); /* narrows */
struct py_str *py_str_from_char(uint32_t c);
struct py_str *py_str_empty(void); /* borrowed, immortal */
/* printf-like: %s C string, %d %i %u %ld %lld %zu %zd %x %c %p %%, %S str(object), %R repr(object),
 * %A ascii(object), %U str object, %T type name of object, %N name of struct py_type. Precision
 * on %s and %U counts bytes/characters ("%.200s"). */
struct py_str *py_str_format_c(const char *format, ...);
struct py_str *py_str_format_v(const char *format, va_list ap);

/* Interns: the canonical string for this text. py_str_intern steals and returns new. */
struct py_str *py_str_intern(struct py_str *s);
struct py_str *py_str_intern_cstr(const char *text); /* new */
/* Interned and kept for the life of the process; borrowed. For identifiers used by C code. */
struct py_str *py_str_const(const char *text);

/* UTF-8 (WTF-8 for surrogates), NUL-terminated, valid as long as s. NULL: MemoryError. */
const char *py_str_utf8(struct py_str *s, size_t *len /* may be NULL */);
int64_t py_str_hash(struct py_str *s);
bool py_str_equal(const struct py_str *a, const struct py_str *b);
bool py_str_equal_cstr(const struct py_str *s, const char *text); /* ASCII text */
int py_str_compare(const struct py_str *a, const struct py_str *b);
struct py_str *py_str_concat(struct py_str *a, struct py_str *b);
/* *left += right, in place when *left's only reference is this one and it is not interned. On
 * failure *left is released and set to NULL. */
int py_str_append(struct py_str **left, struct py_str *right);
struct py_str *py_str_join(struct py_str *separator, struct py_object *iterable);
/* Joins n strs (already str objects) without separator: f-strings. */
struct py_str *py_str_join_array(struct py_object *const *parts, size_t n);
struct py_str *py_str_substring(struct py_str *s, int64_t start, int64_t end);
int64_t py_str_find(struct py_str *s, struct py_str *sub, int64_t start, int64_t end); /* -1 */
struct py_object *py_str_repr(struct py_object *s);
struct py_object *py_str_ascii(struct py_object *o); /* repr(o) with escapes; any object */
struct py_object *py_str_mod(struct py_object *format, struct py_object *args); /* % operator */
bool py_str_is_identifier(const struct py_str *s);
/* Immortal singletons and the hash key (PYTHONHASHSEED); before anything else that makes a str. */
int py_str_init(void);
/* What str and bytes hash with: SipHash-1-3 under the process's key. Never -1. */
int64_t py_hash_bytes(const void *data, size_t len);

/* format(value, spec) as the builtin does it. spec may be NULL. New str. */
struct py_object *py_format(struct py_object *value, struct py_object *spec);

/* Grows text piece by piece; used by repr, join, format. */
struct py_strbuf {
    void *data; /* local, or RAW */
    int64_t length, capacity;
    uint32_t max_char; /* upper bound of what is in it, by class: 127, 255, 65535, 0x10ffff */
    uint8_t kind;
    uint8_t local[103]; /* the first text stays here */
};
void py_strbuf_init(struct py_strbuf *b);
void py_strbuf_deinit(struct py_strbuf *b);
int py_strbuf_char(struct py_strbuf *b, uint32_t c);
int py_strbuf_str(struct py_strbuf *b, const struct py_str *s);
int py_strbuf_range(struct py_strbuf *b, const struct py_str *s, int64_t start, int64_t end);
int py_strbuf_ascii(struct py_strbuf *b, const char *text, size_t len);
int py_strbuf_cstr(struct py_strbuf *b, const char *ascii_text);
int py_strbuf_fill(struct py_strbuf *b, uint32_t c, int64_t n); /* n times c; n <= 0: nothing */
struct py_str *py_strbuf_finish(struct py_strbuf *b);           /* new; leaves b empty */

#endif
