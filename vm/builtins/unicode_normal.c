/* Normal forms of text (Unicode Standard Annex 15).
 *
 * Three steps over an array of characters: decompose each as far as it goes, put the combining
 * marks behind each starter in the order of their classes, and for the composed forms join what
 * is not blocked. Hangul syllables follow from arithmetic (The Unicode Standard, section 3.12),
 * everything else from vm/front/unicode_data.h.
 *
 * ASCII is in all forms and is not looked at.
 */
#include "vm/builtins/unicode_normal.h"

#include "vm/front/unicode_data.h"
#include "vm/memory/heap.h"
#include "vm/runtime/error.h"

enum {
    HANGUL_FIRST = 0xAC00,
    LEAD_FIRST = 0x1100,
    VOWEL_FIRST = 0x1161,
    TAIL_FIRST = 0x11A7, /* one before the first tail: no tail */
    LEADS = 19,
    VOWELS = 21,
    TAILS = 28,
    SYLLABLES = LEADS * VOWELS * TAILS,
    DEPTH_MAX = 8 /* a decomposition's parts decompose at most four times */
};

struct text {
    uint32_t *chars;
    size_t count, capacity;
};

static int append(struct text *t, uint32_t c)
{
    if (t->count == t->capacity) {
        const size_t capacity = t->capacity * 2 + 32;
        uint32_t *const grown = py_mem_realloc(t->chars, capacity * sizeof *grown);
        if (!grown) {
            py_raise_no_memory();
            return -1;
        }
        t->chars = grown;
        t->capacity = capacity;
    }
    t->chars[t->count++] = c;
    return 0;
}

static uint8_t class_of(uint32_t c)
{
    return c < 0x300 ? 0 : unicode_character(c, false)->combining;
}

static int append_hangul(struct text *t, uint32_t syllable)
{
    const uint32_t tail = syllable % TAILS;
    if (append(t, LEAD_FIRST + syllable / (VOWELS * TAILS)) < 0 ||
        append(t, VOWEL_FIRST + syllable / TAILS % VOWELS) < 0)
        return -1;
    return tail ? append(t, TAIL_FIRST + tail) : 0;
}

/* What Unicode 3.2 decomposed otherwise, by mistake: corrigendum 4. */
static uint32_t mistaken(uint32_t c)
{
    switch (c) {
    case 0x2F868:
        return 0x2136A;
    case 0x2F874:
        return 0x5F33;
    case 0x2F91F:
        return 0x43AB;
    case 0x2F95F:
        return 0x7AAE;
    case 0x2F9BF:
        return 0x4D57;
    default:
        return 0;
    }
}

static int decompose(struct text *t, uint32_t c, struct unicode_form form, int depth)
{
    const uint32_t *parts;
    const char *tag;
    if (c < 0xA0)
        return append(t, c);
    if (c >= HANGUL_FIRST && c < HANGUL_FIRST + SYLLABLES)
        return append_hangul(t, c - HANGUL_FIRST);
    if (form.old && mistaken(c))
        return append(t, mistaken(c));
    const size_t count = unicode_decomposition(c, form.old, &parts, &tag);
    if (count == 0 || (tag && !form.compatible) || depth == DEPTH_MAX)
        return append(t, c);
    for (size_t i = 0; i < count; i++)
        if (decompose(t, parts[i], form, depth + 1) < 0)
            return -1;
    return 0;
}

/* Marks behind a starter move before those of a higher class; equals keep their order. */
static void put_in_order(struct text *t)
{
    for (size_t i = 1; i < t->count; i++) {
        const uint32_t c = t->chars[i];
        const uint8_t class = class_of(c);
        size_t at = i;
        if (class == 0)
            continue;
        for (; at > 0 && class_of(t->chars[at - 1]) > class; at--)
            t->chars[at] = t->chars[at - 1];
        t->chars[at] = c;
    }
}

static uint32_t join(uint32_t first, uint32_t second)
{
    if (first - LEAD_FIRST < LEADS && second - VOWEL_FIRST < VOWELS)
        return HANGUL_FIRST + ((first - LEAD_FIRST) * VOWELS + second - VOWEL_FIRST) * TAILS;
    if (first - HANGUL_FIRST < SYLLABLES && (first - HANGUL_FIRST) % TAILS == 0 &&
        second > TAIL_FIRST && second - TAIL_FIRST < TAILS)
        return first + second - TAIL_FIRST;
    return unicode_composition(first, second);
}

/* A mark joins the last starter unless one of the same class or a starter stands between. */
static void compose(struct text *t)
{
    uint32_t *const chars = t->chars;
    size_t kept = 0, starter = SIZE_MAX;
    uint8_t last_class = 0;
    for (size_t i = 0; i < t->count; i++) {
        const uint32_t c = chars[i];
        const uint8_t class = class_of(c);
        if (starter != SIZE_MAX && (kept == starter + 1 || last_class < class)) {
            const uint32_t joined = join(chars[starter], c);
            if (joined) {
                chars[starter] = joined;
                continue;
            }
        }
        if (class == 0)
            starter = kept;
        last_class = class;
        chars[kept++] = c;
    }
    t->count = kept;
}

static bool same(const struct text *t, const struct py_str *text)
{
    if ((int64_t)t->count != text->length)
        return false;
    for (size_t i = 0; i < t->count; i++)
        if (t->chars[i] != py_str_char(text, (int64_t)i))
            return false;
    return true;
}

struct py_str *unicode_normalize(struct py_str *text, struct unicode_form form)
{
    struct text t = {0};
    struct py_str *result = NULL;
    if (text->ascii)
        return py_newref(text);
    for (int64_t i = 0; i < text->length; i++)
        if (decompose(&t, py_str_char(text, i), form, 0) < 0)
            goto out;
    put_in_order(&t);
    if (form.composed)
        compose(&t);
    result = same(&t, text) ? py_newref(text) : py_str_from_ucs4(t.chars, (int64_t)t.count);
out:
    py_mem_free(t.chars);
    return result;
}
