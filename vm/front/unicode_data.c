/*
 * Properties of Unicode's characters. See unicode_data.h.
 *
 * unicode_data.def (made by unicode_data.awk when this is built) has one kind of row a table:
 *
 *     CHARACTER(first, last, category, bidirectional class, combining class, mirrored)
 *     WIDTH(first, last, East Asian width)
 *     NUMBER(code, decimal, digit, value)     IDEOGRAPH(code, value)
 *     DECOMPOSITION(code, offset into the PARTs, how many, TAG, not to be composed again)
 *     NEWER(first, last)                      later than Unicode 14
 *     OLD(first, last)                        in Unicode 3.2 already
 *
 * All but IDEOGRAPH, NEWER and OLD, which are short or rarely asked, ascend. What a character was
 * in Unicode 3.2 stands in unicode_old.def, by hand: it is history and does not change. Pairs that
 * compose are found at the first question, by turning the decompositions round.
 */
#include "vm/front/unicode_data.h"

#include <pthread.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* TAG(name in the rows, its text) */
/* clang-format off */
#define TAGS \
    TAG(CANONICAL, NULL) \
    TAG(FONT, "font") \
    TAG(NOBREAK, "noBreak") \
    TAG(INITIAL, "initial") \
    TAG(MEDIAL, "medial") \
    TAG(FINAL, "final") \
    TAG(ISOLATED, "isolated") \
    TAG(CIRCLE, "circle") \
    TAG(SUPER, "super") \
    TAG(SUB, "sub") \
    TAG(VERTICAL, "vertical") \
    TAG(WIDE, "wide") \
    TAG(NARROW, "narrow") \
    TAG(SMALL, "small") \
    TAG(SQUARE, "square") \
    TAG(FRACTION, "fraction") \
    TAG(COMPAT, "compat")
/* clang-format on */
enum tag {
#define TAG(name, text) TAG_##name,
    TAGS
#undef TAG
};

static const char *tag_text(enum tag tag)
{
    switch (tag) {
#define TAG(name, text) \
    case TAG_##name:    \
        return text;
        TAGS
#undef TAG
    }
    return NULL;
}

struct range {
    uint32_t first, last;
};
static const struct range newer_ranges[] = {
#define NEWER(first, last) {first, last},
#include BRILLE_UNICODE_DATA
    {0, 0},
};
static const struct range old_ranges[] = {
#define OLD(first, last) {first, last},
#include BRILLE_UNICODE_DATA
};

static const struct unicode_character characters[] = {
#define CHARACTER(...) {__VA_ARGS__},
#include BRILLE_UNICODE_DATA
};
static const struct unicode_character unassigned = {.category = "Cn"};

struct width {
    uint32_t first, last;
    char text[3];
};
static const struct width widths[] = {
#define WIDTH(...) {__VA_ARGS__},
#include BRILLE_UNICODE_DATA
};

/* What a character was in Unicode 3.2, where that differs. */
struct old_character {
    struct unicode_character character;
    char width[3];
};
static const struct old_character old_characters[] = {
#define OLD_CHARACTER(low, high, general, direction, mirror, east) \
    {.character = {.first = (low),                                 \
                   .last = (high),                                 \
                   .category = (general),                          \
                   .bidirectional = (direction),                   \
                   .mirrored = (mirror)},                          \
     .width = (east)},
#include "vm/front/unicode_old.def"
};

struct number {
    uint32_t code;
    int8_t decimal, digit;
    double value;
};
static const struct number numbers[] = {
#define NUMBER(...) {__VA_ARGS__},
#include BRILLE_UNICODE_DATA
};
static const struct number ideographs[] = {
#define IDEOGRAPH(code, value) {code, -1, -1, value},
#include BRILLE_UNICODE_DATA
};

struct decomposition {
    uint32_t code;
    uint16_t offset;
    uint8_t count;
    uint8_t tag : 7, excluded : 1;
};
static const struct decomposition decompositions[] = {
#define DECOMPOSITION(code, offset, count, tag, excluded) \
    {code, offset, count, TAG_##tag, excluded},
#include BRILLE_UNICODE_DATA
};
static const uint32_t parts_of_all[] = {
#define PART(code) code,
#include BRILLE_UNICODE_DATA
};

/* ---- questions ------------------------------------------------------------------------------- */

/* Every table that is searched begins its rows with the first code point, most with the last too.
 */
static const void *find_row(const void *table, size_t count, size_t row_bytes, bool ranges,
                            uint32_t c)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const uint32_t *const row = (const uint32_t *)((const char *)table + middle * row_bytes);
        if (c < row[0])
            high = middle;
        else if (c > row[ranges ? 1 : 0])
            low = middle + 1;
        else
            return row;
    }
    return NULL;
}
#define FIND_RANGE(table, c) find_row(table, COUNT(table), sizeof((table)[0]), true, c)
#define FIND_CODE(table, c)  find_row(table, COUNT(table), sizeof((table)[0]), false, c)

static bool in_ranges(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

bool unicode_is_assigned(uint32_t c, bool old)
{
    if (old)
        return in_ranges(old_ranges, COUNT(old_ranges), c) && FIND_RANGE(characters, c) != NULL;
    return !(c >= newer_ranges[0].first && in_ranges(newer_ranges, COUNT(newer_ranges) - 1, c)) &&
           FIND_RANGE(characters, c) != NULL;
}

const struct unicode_character *unicode_character(uint32_t c, bool old)
{
    if (!unicode_is_assigned(c, old))
        return &unassigned;
    const struct old_character *const was = old ? FIND_RANGE(old_characters, c) : NULL;
    return was ? &was->character : FIND_RANGE(characters, c);
}

const char *unicode_width(uint32_t c, bool old)
{
    if (!unicode_is_assigned(c, old))
        return "F"; /* as CPython 3.11 has it */
    const struct old_character *const was = old ? FIND_RANGE(old_characters, c) : NULL;
    if (was)
        return was->width;
    const struct width *const found = FIND_RANGE(widths, c);
    return found ? found->text : "N";
}

/* Unicode 3.2 counted superscripts, subscripts and the Ethiopic digits among the decimals. */
#define OLD_DECIMAL_LAST 0x2089

bool unicode_number(uint32_t c, bool old, struct unicode_number *out)
{
    if (!unicode_is_assigned(c, old))
        return false;
    const struct number *found = FIND_CODE(numbers, c);
    for (size_t i = 0; !found && i < COUNT(ideographs); i++)
        if (ideographs[i].code == c)
            found = &ideographs[i];
    if (!found)
        return false;
    *out = (struct unicode_number){found->decimal, found->digit, found->value};
    if (old && c <= OLD_DECIMAL_LAST)
        out->decimal = out->digit;
    return true;
}

size_t unicode_decomposition(uint32_t c, bool old, const uint32_t **parts, const char **tag)
{
    const struct decomposition *const found = FIND_CODE(decompositions, c);
    if (!found || !unicode_is_assigned(c, old))
        return 0;
    *parts = &parts_of_all[found->offset];
    *tag = tag_text(found->tag);
    return found->count;
}

/* ---- composition ----------------------------------------------------------------------------- */

struct pair {
    uint32_t first, second, composed;
};
static struct pair pairs[COUNT(decompositions)]; /* ascending, the first pair_count of them */
static size_t pair_count;
static pthread_once_t pairs_once = PTHREAD_ONCE_INIT;

static int pair_compare(const void *a, const void *b)
{
    const struct pair *const x = a, *const y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->second < y->second ? -1 : x->second > y->second;
}

static void pairs_find(void)
{
    for (size_t i = 0; i < COUNT(decompositions); i++) {
        const struct decomposition *const d = &decompositions[i];
        if (d->tag == TAG_CANONICAL && d->count == 2 && !d->excluded)
            pairs[pair_count++] = (struct pair){.first = parts_of_all[d->offset],
                                                .second = parts_of_all[d->offset + 1],
                                                .composed = d->code};
    }
    qsort(pairs, pair_count, sizeof pairs[0], pair_compare);
}

uint32_t unicode_composition(uint32_t first, uint32_t second)
{
    pthread_once(&pairs_once, pairs_find);
    const struct pair wanted = {.first = first, .second = second};
    const struct pair *const found =
        bsearch(&wanted, pairs, pair_count, sizeof pairs[0], pair_compare);
    return found ? found->composed : 0;
}
