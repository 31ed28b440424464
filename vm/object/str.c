/* str: making texts, identity, hash, interning, equality, concatenation.
 *
 * Layout and invariants are in str.h. What this file adds:
 *
 *  - The empty text and the 256 one-character Latin-1 texts are static and immortal. Every function
 *    that returns a text goes through str_shared() for those, so "is" behaves as in CPython.
 *  - Interning: py_runtime.interned maps a text to itself. The table's two references would keep
 *    every name for ever; they are given back after insertion, and a text that dies while interned
 *    is taken out again first (str_dealloc lends it three references for that).
 *  - py_str_const texts are immortal: C code keeps them in no place that a reader could find.
 *  - Appending in place (py_str_append) is what makes s += t linear: a block that had to be made
 * for an append gets an eighth of slack, whose end reserved_ptr remembers.
 *
 * Hashing is SipHash-1-3, keyed like CPython's: PYTHONHASHSEED=0 means the zero key, another number
 * seeds the same small generator, unset or "random" asks the kernel. Equal seeds give equal hashes
 * on both interpreters, so that set order can be compared.
 */
#include "vm/object/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/memory/heap_inline.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/object/str_impl.h"
#include "vm/runtime/error.h"
#include "vm/runtime/runtime.h"
#include "vm/runtime/thread.h"

#define ASCII_HEADER sizeof(struct py_str)
#define WIDE_HEADER  sizeof(struct py_str_wide)
#define KEPT_ROOM    256 /* far more than there are texts in the sources that are also mortal */

/* Shared texts. */

static struct ascii_cell {
    struct py_str s;
    uint8_t data[16];
} ascii_cells[128] __attribute__((aligned(16)));
static struct latin1_cell {
    struct py_str_wide s;
    uint8_t data[8];
} latin1_cells[128] __attribute__((aligned(16)));
static struct ascii_cell empty_cell __attribute__((aligned(16)));

static inline struct py_str *shared_char(uint32_t c)
{
    return c < 128 ? &ascii_cells[c].s : &latin1_cells[c - 128].s.base;
}

struct py_str *py_str_empty(void)
{
    return &empty_cell.s;
}

static void init_shared(struct py_str *s, int64_t length, bool ascii)
{
    s->base = (struct py_object)PY_STATIC_HEADER(&py_str_type);
    s->length = length;
    s->hash = -1;
    s->kind = 1;
    s->ascii = ascii;
    s->interned = 1;
}

/* Hash. */

static uint64_t hash_key[2];

#define ROTATE(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SIP_ROUND(v0, v1, v2, v3)                                \
    do {                                                         \
        v0 += v1, v1 = ROTATE(v1, 13) ^ v0, v0 = ROTATE(v0, 32); \
        v2 += v3, v3 = ROTATE(v3, 16) ^ v2;                      \
        v0 += v3, v3 = ROTATE(v3, 21) ^ v0;                      \
        v2 += v1, v1 = ROTATE(v1, 17) ^ v2, v2 = ROTATE(v2, 32); \
    } while (0)

int64_t py_hash_bytes(const void *data, size_t len)
{
    if (len == 0)
        return 0;
    const uint8_t *p = data;
    uint64_t v0 = hash_key[0] ^ 0x736f6d6570736575ull, v1 = hash_key[1] ^ 0x646f72616e646f6dull;
    uint64_t v2 = hash_key[0] ^ 0x6c7967656e657261ull, v3 = hash_key[1] ^ 0x7465646279746573ull;
    size_t left = len;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        v3 ^= word;
        SIP_ROUND(v0, v1, v2, v3);
        v0 ^= word;
    }
    uint64_t last = 0;
    memcpy(&last, p, left);
    last |= (uint64_t)len << 56;
    v3 ^= last;
    SIP_ROUND(v0, v1, v2, v3);
    v0 ^= last;
    v2 ^= 0xff;
    SIP_ROUND(v0, v1, v2, v3);
    SIP_ROUND(v0, v1, v2, v3);
    SIP_ROUND(v0, v1, v2, v3);
    const int64_t h = (int64_t)(v0 ^ v1 ^ v2 ^ v3);
    return h == -1 ? -2 : h;
}

int64_t py_str_hash(struct py_str *s)
{
    if (s->hash == -1)
        s->hash = py_hash_bytes(py_str_data(s), (size_t)s->length * s->kind);
    return s->hash;
}

/* The linear congruential generator with which CPython expands a numeric seed. */
static void key_from_seed(uint32_t seed)
{
    uint8_t *bytes = (uint8_t *)hash_key;
    for (size_t i = 0; i < sizeof(hash_key); i++) {
        seed = seed * 214013 + 2531011;
        bytes[i] = (uint8_t)(seed >> 16);
    }
}

static int init_hash_key(void)
{
    const char *text = py_config.isolated ? NULL : getenv("PYTHONHASHSEED");
    if (!text || !*text || strcmp(text, "random") == 0) {
        if (getrandom(hash_key, sizeof(hash_key), 0) != (ssize_t)sizeof(hash_key))
            key_from_seed((uint32_t)(uintptr_t)&text >> 4);
        return 0;
    }
    char *end;
    errno = 0;
    const unsigned long long seed = strtoull(text, &end, 10);
    if (*end || errno || seed > UINT32_MAX || *text == '-') {
        fprintf(stderr, "Fatal Python error: PYTHONHASHSEED must be \"random\" or an integer in "
                        "range [0; 4294967295]\n");
        return -1;
    }
    if (seed)
        key_from_seed((uint32_t)seed);
    return 0;
}

int py_str_init(void)
{
    if (empty_cell.s.base.type)
        return 0;
    if (init_hash_key() < 0)
        return -1;
    init_shared(&empty_cell.s, 0, true);
    for (int c = 0; c < 128; c++) {
        init_shared(&ascii_cells[c].s, 1, true);
        ascii_cells[c].data[0] = (uint8_t)c;
        init_shared(&latin1_cells[c].s.base, 1, false);
        latin1_cells[c].data[0] = (uint8_t)(c + 128);
    }
    return 0;
}

/* Characters of any kind. */

void chars_convert(void *dst, int dst_kind, int64_t dst_pos, const void *src, int src_kind,
                   int64_t src_pos, int64_t n)
{
#define COPY(to, from)                                \
    do {                                              \
        to *d_ = (to *)dst + dst_pos;                 \
        const from *s_ = (const from *)src + src_pos; \
        for (int64_t i_ = 0; i_ < n; i_++)            \
            d_[i_] = (to)s_[i_];                      \
    } while (0)
    switch (dst_kind * 8 + src_kind) {
    case 8 + 2:
        COPY(uint8_t, uint16_t);
        break;
    case 8 + 4:
        COPY(uint8_t, uint32_t);
        break;
    case 16 + 1:
        COPY(uint16_t, uint8_t);
        break;
    case 16 + 4:
        COPY(uint16_t, uint32_t);
        break;
    case 32 + 1:
        COPY(uint32_t, uint8_t);
        break;
    case 32 + 2:
        COPY(uint32_t, uint16_t);
        break;
    }
#undef COPY
}

void chars_fill(void *dst, int kind, int64_t pos, uint32_t c, int64_t n)
{
    if (kind == 1) {
        memset((uint8_t *)dst + pos, (int)c, (size_t)n);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        chars_put(dst, kind, pos + i, c);
}

uint32_t chars_bound(const void *data, int kind, int64_t n)
{
    uint32_t all = 0;
    if (kind == 1) {
        const uint8_t *p = data;
        int64_t i = 0;
        for (; i + 8 <= n; i += 8) {
            uint64_t word;
            memcpy(&word, p + i, 8);
            if (word & 0x8080808080808080ull)
                return 255;
        }
        for (; i < n; i++)
            all |= p[i];
    } else if (kind == 2) {
        for (int64_t i = 0; i < n; i++)
            all |= ((const uint16_t *)data)[i];
    } else {
        for (int64_t i = 0; i < n; i++)
            all |= ((const uint32_t *)data)[i];
    }
    return all < 0x80 ? 127 : all < 0x100 ? 255 : all < 0x10000 ? 0xffff : 0x10ffff;
}

/* Making texts. */

/* Bytes of the block: header, characters, one zero character. */
static inline size_t str_block_bytes(int64_t length, int kind, bool ascii)
{
    return (ascii ? ASCII_HEADER : WIDE_HEADER) + (size_t)(length + 1) * (size_t)kind;
}

static inline void init_header(struct py_str *s, int64_t length, int kind, bool ascii)
{
    s->length = length;
    s->hash = -1;
    s->kind = (uint8_t)kind;
    s->ascii = ascii;
    s->interned = 0;
    memset(s->reserved, 0, sizeof(s->reserved));
    s->reserved_ptr = NULL;
    if (!ascii)
        memset(s + 1, 0, WIDE_HEADER - ASCII_HEADER);
}

static struct py_str *str_alloc_slack(int64_t length, uint32_t max_char, size_t slack)
{
    const bool ascii = max_char < 128;
    const int kind = kind_of_char(max_char);
    if (length > (INT64_MAX >> 4))
        return py_raise_no_memory();
    const size_t bytes = str_block_bytes(length, kind, ascii);
    struct py_str *s;
    if (bytes + slack > PY_BLOCK_MAX)
        s = py_object_alloc(&py_str_type, bytes + slack, bytes);
    else if (!(s = py_object_alloc_plain(&py_str_type, (unsigned)(bytes + slack), (unsigned)bytes)))
        py_raise_no_memory();
    if (!s)
        return NULL;
    init_header(s, length, kind, ascii);
    if (slack)
        s->reserved_ptr = (void *)(uintptr_t)(bytes + slack);
    chars_put(py_str_data(s), kind, length, 0);
    return s;
}

/* A text of one-byte ASCII: nearly all of them. */
static struct py_str *str_alloc_ascii(int64_t length)
{
    if (length > (int64_t)(PY_BLOCK_MAX - ASCII_HEADER - 1))
        return str_alloc_slack(length, 127, 0);
    const unsigned bytes = ASCII_HEADER + (unsigned)length + 1;
    struct py_str *s = py_object_alloc_plain(&py_str_type, bytes, bytes);
    if (!s)
        return py_raise_no_memory();
    init_header(s, length, 1, true);
    ((char *)(s + 1))[length] = 0;
    return s;
}

struct py_str *py_str_alloc(int64_t length, uint32_t max_char)
{
    if (length == 0)
        return py_str_empty();
    return max_char < 128 ? str_alloc_ascii(length) : str_alloc_slack(length, max_char, 0);
}

struct py_str *py_str_from_char(uint32_t c)
{
    if (c < 256)
        return shared_char(c);
    struct py_str *s = str_alloc_slack(1, c, 0);
    if (s)
        chars_put(py_str_data(s), s->kind, 0, c);
    return s;
}

/* Characters of which the class bound is known to be exact. */
static struct py_str *str_from_chars(const void *data, int kind, int64_t start, int64_t n,
                                     uint32_t bound)
{
    if (n == 0)
        return py_str_empty();
    if (n == 1)
        return py_str_from_char(chars_get(data, kind, start));
    if (bound < 128 && kind == 1) {
        struct py_str *s = str_alloc_ascii(n);
        if (s)
            octets_copy(s + 1, (const char *)data + start, (size_t)n);
        return s;
    }
    struct py_str *s = str_alloc_slack(n, bound, 0);
    if (s)
        chars_copy(py_str_data(s), s->kind, 0, data, kind, start, n);
    return s;
}

struct py_str *py_str_from_latin1(const uint8_t *text, size_t len)
{
    return str_from_chars(text, 1, 0, (int64_t)len, chars_bound(text, 1, (int64_t)len));
}

struct py_str *py_str_from_ucs4(const uint32_t *chars, int64_t len)
{
    return str_from_chars(chars, 4, 0, len, chars_bound(chars, 4, len));
}

/* One code point of UTF-8 with surrogates allowed; a byte that begins no valid sequence stands for
 * itself in the way of surrogateescape, so that any file name survives. */
static uint32_t decode_one(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *s = *p;
    const uint8_t lead = s[0];
    int more = lead < 0x80                   ? 0
               : lead >= 0xf0 && lead < 0xf5 ? 3
               : lead >= 0xe0 && lead < 0xf0 ? 2
               : lead >= 0xc2 && lead < 0xe0 ? 1
                                             : -1;
    uint32_t c = more == 0 ? lead : more > 0 ? lead & (0x3f >> more) : 0;
    if (more >= end - s)
        more = -1;
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            more = -1;
            break;
        }
        c = c << 6 | (s[i] & 0x3f);
    }
    if (more < 0 || c > 0x10ffff || (more == 2 && c < 0x800) || (more == 3 && c < 0x10000)) {
        ++*p;
        return 0xdc00u + lead;
    }
    *p += more + 1;
    return c;
}

struct py_str *py_str_from_utf8(const char *text, size_t len)
{
    const uint8_t *p = (const uint8_t *)text, *end = p + len;
    if (chars_bound(p, 1, (int64_t)len) == 127)
        return str_from_chars(p, 1, 0, (int64_t)len, 127);
    int64_t count = 0;
    uint32_t bound = 0;
    while (p < end) {
        bound |= decode_one(&p, end);
        count++;
    }
    bound = chars_bound(&bound, 4, 1);
    if (count == 1) {
        p = (const uint8_t *)text;
        return py_str_from_char(decode_one(&p, end));
    }
    struct py_str *s = str_alloc_slack(count, bound, 0);
    if (!s)
        return NULL;
    void *data = py_str_data(s);
    p = (const uint8_t *)text;
    for (int64_t i = 0; i < count; i++)
        chars_put(data, s->kind, i, decode_one(&p, end));
    return s;
}

struct py_str *py_str_from_cstr(const char *text)
{
    return py_str_from_utf8(text, strlen(text));
}

struct py_str *str_exact(struct py_str *s)
{
    if (py_str_check_exact(PY_OBJ(s)))
        return py_newref(s);
    return str_from_chars(py_str_data(s), s->kind, 0, s->length, str_bound(s));
}

struct py_str *py_str_substring(struct py_str *s, int64_t start, int64_t end)
{
    if (end > s->length)
        end = s->length;
    if (start < 0)
        start = 0;
    if (start >= end)
        return py_str_empty();
    if (start == 0 && end == s->length)
        return str_exact(s);
    const char *data = (const char *)py_str_data(s) + start * s->kind;
    const uint32_t bound = s->ascii ? 127 : chars_bound(data, s->kind, end - start);
    return str_from_chars(data, s->kind, 0, end - start, bound);
}

/* Interning. */

static struct py_list *kept; /* mortal texts that py_str_const handed out; a runtime root */

/* The table, and room for what py_str_const will keep: it cannot fail. */
static int interning_init(void)
{
    struct py_dict *table = py_dict_new();
    kept = table ? py_list_new(KEPT_ROOM) : NULL;
    if (!kept) {
        py_xdecref(table);
        return -1;
    }
    kept->base.size = 0;
    py_gc_untrack(kept);
    py_runtime_root(kept);
    py_runtime.interned = table;
    return 0;
}

struct py_str *py_str_intern(struct py_str *s)
{
    if (!s || s->interned || !py_str_check_exact(PY_OBJ(s)))
        return s;
    if (s->length <= 1 && s->kind == 1) {
        struct py_str *shared = s->length ? shared_char(py_str_char(s, 0)) : py_str_empty();
        py_decref(s);
        return shared;
    }
    if (!py_runtime.interned && interning_init() < 0) {
        py_error_clear();
        return s;
    }
    struct py_str *known = (struct py_str *)py_dict_get_str(py_runtime.interned, s);
    if (known) {
        py_incref(known);
        py_decref(s);
        return known;
    }
    if (py_dict_set(py_runtime.interned, PY_OBJ(s), PY_OBJ(s)) < 0) {
        py_error_clear();
        return s;
    }
    s->interned = 1;
    py_decref(s);
    py_decref(s);
    return s;
}

struct py_str *py_str_intern_cstr(const char *text)
{
    return py_str_intern(py_str_from_cstr(text));
}

/* py_str_const: C texts to immortal strs, found by the literal's address first. Identifiers are
 * ASCII, so the object is a struct py_str with its characters behind it. */

struct const_entry {
    const char *text;
    struct py_str *str;
};
static struct const_table {
    struct const_entry *entries;
    size_t mask, used;
} consts;

static struct py_str *make_const(const char *text)
{
    const size_t len = strlen(text);
    if (len == 0)
        return py_str_empty();
    if (len == 1)
        return shared_char((uint8_t)text[0]);
    struct py_str *s = aligned_alloc(16, (sizeof(*s) + len + 16) & ~(size_t)15);
    if (!s)
        abort(); /* a few kilobytes at start-up */
    memset(s, 0, sizeof(*s));
    init_shared(s, (int64_t)len, true);
    s->interned = 0;
    memcpy(s + 1, text, len + 1);
    return s;
}

/* The canonical text may already be a mortal str that somebody interned: then that one is kept. */
static struct py_str *find_const(const char *text)
{
    struct py_str *s = make_const(text);
    if (s->interned)
        return s;
    struct py_str *known =
        py_runtime.interned ? (struct py_str *)py_dict_get_str(py_runtime.interned, s) : NULL;
    if (!known)
        return py_str_intern(s);
    free(s);
    if (!py_is_immortal(PY_OBJ(known))) {
        if (py_list_append(kept, PY_OBJ(known)) < 0)
            abort();
    }
    return known;
}

static struct const_entry *find_const_entry(const char *text)
{
    const uintptr_t key = (uintptr_t)text;
    size_t i = (key ^ (key >> 11)) & consts.mask;
    while (consts.entries[i].text && consts.entries[i].text != text)
        i = (i + 1) & consts.mask;
    return &consts.entries[i];
}

static void grow_consts(void)
{
    const struct const_table old = consts;
    consts.mask = old.entries ? old.mask * 2 + 1 : 1023;
    consts.entries = calloc(consts.mask + 1, sizeof(*consts.entries));
    if (!consts.entries)
        abort();
    for (size_t i = 0; old.entries && i <= old.mask; i++)
        if (old.entries[i].text)
            *find_const_entry(old.entries[i].text) = old.entries[i];
    free(old.entries);
}

struct py_str *py_str_const(const char *text)
{
    if (consts.used * 2 >= consts.mask)
        grow_consts();
    struct const_entry *entry = find_const_entry(text);
    if (entry->text && py_str_equal_cstr(entry->str, text))
        return entry->str;
    struct py_str *s = find_const(text); /* may itself ask for texts */
    entry = find_const_entry(text);
    consts.used += !entry->text;
    *entry = (struct const_entry){.text = text, .str = s};
    return s;
}

/* UTF-8. */

static size_t utf8_encode(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

const char *py_str_utf8(struct py_str *s, size_t *len)
{
    if (s->ascii) {
        if (len)
            *len = (size_t)s->length;
        return py_str_data(s);
    }
    struct py_str_wide *wide = (struct py_str_wide *)s;
    if (!wide->utf8) {
        char *text = py_mem_alloc((size_t)s->length * (s->kind == 4 ? 4 : s->kind + 1) + 1);
        if (!text)
            return py_raise_no_memory();
        size_t n = 0;
        for (int64_t i = 0; i < s->length; i++)
            n += utf8_encode(text + n, py_str_char(s, i));
        text[n] = 0;
        wide->utf8 = text;
        wide->utf8_length = (int64_t)n;
        if (!py_is_immortal(PY_OBJ(s)))
            py_object_resized(PY_OBJ(s), py_object_size(PY_OBJ(s)));
    }
    if (len)
        *len = (size_t)wide->utf8_length;
    return wide->utf8;
}

static void drop_utf8(struct py_str *s)
{
    struct py_str_wide *wide = (struct py_str_wide *)s;
    if (s->ascii || !wide->utf8)
        return;
    py_mem_free(wide->utf8);
    wide->utf8 = NULL;
    wide->utf8_length = 0;
}

/* Comparison. */

bool py_str_equal(const struct py_str *a, const struct py_str *b)
{
    return a == b || (a->length == b->length && a->kind == b->kind &&
                      memcmp(py_str_data(a), py_str_data(b), (size_t)(a->length * a->kind)) == 0);
}

bool py_str_equal_cstr(const struct py_str *s, const char *text)
{
    const size_t len = strlen(text);
    return s->ascii && (size_t)s->length == len && memcmp(py_str_data(s), text, len) == 0;
}

int py_str_compare(const struct py_str *a, const struct py_str *b)
{
    const int64_t n = a->length < b->length ? a->length : b->length;
    if (a->kind == 1 && b->kind == 1) {
        const int order = memcmp(py_str_data(a), py_str_data(b), (size_t)n);
        if (order)
            return order < 0 ? -1 : 1;
    } else {
        for (int64_t i = 0; i < n; i++) {
            const uint32_t x = py_str_char(a, i), y = py_str_char(b, i);
            if (x != y)
                return x < y ? -1 : 1;
        }
    }
    return (a->length > b->length) - (a->length < b->length);
}

/* Concatenation. */

struct py_str *py_str_concat(struct py_str *a, struct py_str *b)
{
    if (a->length == 0)
        return str_exact(b);
    if (b->length == 0)
        return str_exact(a);
    const uint32_t x = str_bound(a), y = str_bound(b);
    struct py_str *s = py_str_alloc(a->length + b->length, x > y ? x : y);
    if (!s)
        return NULL;
    str_copy_into(s, 0, a, 0, a->length);
    str_copy_into(s, a->length, b, 0, b->length);
    return s;
}

/* Nobody else can see the text change: one reference, and the characters fit its kind. */
static bool can_append(const struct py_str *left, const struct py_str *right)
{
    return left->base.refcnt == 1 && !left->interned && py_str_check_exact(PY_OBJ(left)) &&
           str_bound(right) <= str_bound(left);
}

int py_str_append(struct py_str **left, struct py_str *right)
{
    struct py_str *a = *left;
    if (!a)
        return -1;
    if (right->length == 0)
        return 0;
    const bool in_place = can_append(a, right);
    const int64_t length = a->length + right->length;
    const size_t bytes = str_block_bytes(length, a->kind, a->ascii);
    if (in_place && bytes <= (size_t)(uintptr_t)a->reserved_ptr) {
        str_copy_into(a, a->length, right, 0, right->length);
        a->length = length;
        a->hash = -1;
        chars_put(py_str_data(a), a->kind, length, 0);
        drop_utf8(a);
        py_object_resized(PY_OBJ(a), bytes);
        return 0;
    }
    struct py_str *s;
    if (in_place && a->length > 0) {
        s = str_alloc_slack(length, str_bound(a), bytes / 8 + 32);
        if (s) {
            str_copy_into(s, 0, a, 0, a->length);
            str_copy_into(s, a->length, right, 0, right->length);
        }
    } else {
        s = py_str_concat(a, right);
    }
    *left = s;
    py_decref(a);
    return s ? 0 : -1;
}

struct py_str *py_str_join_array(struct py_object *const *parts, size_t n)
{
    int64_t length = 0;
    uint32_t bound = 0;
    const struct py_str *only = NULL;
    size_t filled = 0;
    for (size_t i = 0; i < n; i++) {
        const struct py_str *part = (const struct py_str *)parts[i];
        if (part->length == 0)
            continue;
        length += part->length;
        bound |= str_bound(part);
        only = part;
        filled++;
    }
    if (filled == 0)
        return py_str_empty();
    if (filled == 1)
        return str_exact((struct py_str *)only);
    struct py_str *s = py_str_alloc(length, bound);
    if (!s)
        return NULL;
    int64_t pos = 0;
    for (size_t i = 0; i < n; i++) {
        const struct py_str *part = (const struct py_str *)parts[i];
        str_copy_into(s, pos, part, 0, part->length);
        pos += part->length;
    }
    return s;
}
