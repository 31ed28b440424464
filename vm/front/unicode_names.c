/*
 * The names of Unicode's characters. See unicode_names.h.
 *
 * unicode_names.txt (made by unicode_names.awk when this is built) is ASCII text, in the order of
 * the code points:
 *
 *     @20                  the next line is the name of U+0020
 *     SPACE                and each line after it that of the next character
 *     EXCLAMATION MARK
 *     =NULL<tab>0          an alias
 *     +KEYCAP ASTERISK<tab>2A FE0F 20E3      a named sequence
 *
 * A name is found by searching the text for a line that is that name: at 50 us no index is worth
 * its memory. What a line number means, in either direction, is told by `runs`, made at the first
 * question: where each run of names without a gap begins. Inside a run lines are counted.
 *
 * The names of Han characters and Hangul syllables follow from the code point.
 */
#include "vm/front/unicode_names.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__asm__(".pushsection .rodata\n"
        ".globl unicode_names_text\n"
        ".globl unicode_names_end\n"
        "unicode_names_text:\n"
        ".incbin \"" BRILLE_UNICODE_NAMES "\"\n"
        "unicode_names_end:\n"
        ".byte 0\n"
        ".popsection\n");
extern const char unicode_names_text[];
extern const char unicode_names_end[];

#define RUNS_MAX  2048
#define RUN_LINES 256 /* a longer run is cut, so that counting stays short */

struct run {
    uint32_t first;
    uint32_t count;
    const char *text; /* the name of `first` */
};

static struct run runs[RUNS_MAX];
static size_t run_count;
static pthread_once_t runs_once = PTHREAD_ONCE_INIT;

static const char *line_end(const char *line)
{
    return memchr(line, '\n', (size_t)(unicode_names_end - line));
}

static void runs_find(void)
{
    uint32_t next = 0;
    bool open = false;
    for (const char *s = unicode_names_text; *s != '=' && *s != '\0'; s = line_end(s) + 1) {
        if (*s == '@') {
            next = (uint32_t)strtoul(s + 1, NULL, 16);
            open = false;
            continue;
        }
        if (!open || runs[run_count - 1].count == RUN_LINES) {
            if (run_count == sizeof runs / sizeof runs[0])
                return;
            runs[run_count++] = (struct run){.first = next, .text = s};
            open = true;
        }
        runs[run_count - 1].count++;
        next++;
    }
}

/* ---- names that follow from the code point -------------------------------------------------- */

static const struct {
    uint32_t first, last;
} han_ranges[] = {
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B738},
    {0x2B740, 0x2B81D}, {0x2B820, 0x2CEA1}, {0x2CEB0, 0x2EBE0}, {0x30000, 0x3134A},
};
static const char han_prefix[] = "CJK UNIFIED IDEOGRAPH-";

static bool is_han(uint32_t c)
{
    for (size_t i = 0; i < sizeof han_ranges / sizeof han_ranges[0]; i++)
        if (c >= han_ranges[i].first && c <= han_ranges[i].last)
            return true;
    return false;
}

static const char hangul_prefix[] = "HANGUL SYLLABLE ";
static const char *const hangul_parts[3][28] = {
    {"G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P",
     "H"},
    {"A",  "AE", "YA", "YAE", "EO", "E",  "YEO", "YE", "O",  "WA", "WAE",
     "OE", "YO", "U",  "WEO", "WE", "WI", "YU",  "EU", "YI", "I"},
    {"",   "G",  "GG", "GS", "N",  "NJ", "NH", "D",  "L", "LG", "LM", "LB", "LS", "LT",
     "LP", "LH", "M",  "B",  "BS", "S",  "SS", "NG", "J", "C",  "K",  "T",  "P",  "H"},
};
static const uint32_t hangul_counts[3] = {19, 21, 28};
#define HANGUL_FIRST 0xAC00u
#define HANGUL_COUNT (19u * 21 * 28)

/* The longest part that `name` begins with; moves behind it. */
static uint32_t hangul_part(const char **name, const char *end, unsigned which)
{
    uint32_t best = 0;
    size_t best_len = 0;
    bool found = false;
    for (uint32_t i = 0; i < hangul_counts[which]; i++) {
        const size_t len = strlen(hangul_parts[which][i]);
        if (len <= (size_t)(end - *name) && memcmp(*name, hangul_parts[which][i], len) == 0 &&
            (!found || len > best_len)) {
            best = i;
            best_len = len;
            found = true;
        }
    }
    *name += best_len;
    return found ? best : HANGUL_COUNT;
}

static int32_t hangul_find(const char *name, const char *end)
{
    const uint32_t lead = hangul_part(&name, end, 0);
    const uint32_t vowel = hangul_part(&name, end, 1);
    const uint32_t tail = hangul_part(&name, end, 2);
    if (lead == HANGUL_COUNT || vowel == HANGUL_COUNT || tail == HANGUL_COUNT || name != end)
        return -1;
    return (int32_t)(HANGUL_FIRST + (lead * 21 + vowel) * 28 + tail);
}

static int32_t han_find(const char *digits, size_t len)
{
    char text[8];
    char *end;
    if (len != 4 && len != 5)
        return -1;
    memcpy(text, digits, len);
    text[len] = '\0';
    if (strspn(text, "0123456789ABCDEF") != len)
        return -1;
    const uint32_t c = (uint32_t)strtoul(text, &end, 16);
    return is_han(c) ? (int32_t)c : -1;
}

/* ---- questions ------------------------------------------------------------------------------ */

/* The line that is `mark`, the name and `end`: where the name begins, or NULL. */
static const char *find_line(const char *mark, const char *name, size_t len, char end)
{
    char line[UNICODE_NAME_MAX + 4];
    const int size = snprintf(line, sizeof line, "\n%s%.*s%c", mark, (int)len, name, end);
    if (size >= (int)sizeof line)
        return NULL;
    const char *const found = memmem(
        unicode_names_text, (size_t)(unicode_names_end - unicode_names_text), line, (size_t)size);
    return found ? found + 1 + strlen(mark) : NULL;
}

/* name in capitals; false when no name looks like it. */
static bool in_capitals(const char *name, size_t len, char *capitals)
{
    if (len == 0 || len >= UNICODE_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char c = name[i];
        if (c >= 'a' && c <= 'z')
            capitals[i] = (char)(c - 'a' + 'A');
        else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '-')
            capitals[i] = c;
        else
            return false;
    }
    capitals[len] = '\0';
    return true;
}

/* The code point whose name begins at `text`. */
static int32_t code_of_line(const char *text)
{
    size_t low = 0, high = run_count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (runs[middle].text <= text)
            low = middle;
        else
            high = middle;
    }
    uint32_t c = runs[low].first;
    for (const char *s = runs[low].text; s < text; s = line_end(s) + 1)
        c++;
    return (int32_t)c;
}

int32_t unicode_name_find(const char *name, size_t len)
{
    char capitals[UNICODE_NAME_MAX];
    if (!in_capitals(name, len, capitals))
        return -1;
    const size_t han_len = sizeof han_prefix - 1, hangul_len = sizeof hangul_prefix - 1;
    /* These two alone are as written: names that follow from a rule are not folded. */
    if (len > han_len && memcmp(name, han_prefix, han_len) == 0)
        return han_find(name + han_len, len - han_len);
    if (len > hangul_len && memcmp(name, hangul_prefix, hangul_len) == 0)
        return hangul_find(name + hangul_len, name + len);
    pthread_once(&runs_once, runs_find);
    const char *text = find_line("", capitals, len, '\n');
    if (text)
        return code_of_line(text);
    text = find_line("=", capitals, len, '\t');
    return text ? (int32_t)strtol(text + len + 1, NULL, 16) : -1;
}

size_t unicode_name_find_sequence(const char *name, size_t len,
                                  uint32_t sequence[UNICODE_SEQUENCE_MAX])
{
    char capitals[UNICODE_NAME_MAX];
    const char *text =
        in_capitals(name, len, capitals) ? find_line("+", capitals, len, '\t') : NULL;
    size_t count = 0;
    if (!text)
        return 0;
    text += len;
    while (*text != '\n' && count < UNICODE_SEQUENCE_MAX) {
        char *end;
        sequence[count++] = (uint32_t)strtoul(text + 1, &end, 16);
        text = end;
    }
    return count;
}

size_t unicode_name_of(uint32_t c, char name[UNICODE_NAME_MAX])
{
    if (is_han(c))
        return (size_t)snprintf(name, UNICODE_NAME_MAX, "%s%X", han_prefix, (unsigned)c);
    if (c >= HANGUL_FIRST && c < HANGUL_FIRST + HANGUL_COUNT) {
        const uint32_t s = c - HANGUL_FIRST;
        return (size_t)snprintf(name, UNICODE_NAME_MAX, "%s%s%s%s", hangul_prefix,
                                hangul_parts[0][s / (21 * 28)], hangul_parts[1][s / 28 % 21],
                                hangul_parts[2][s % 28]);
    }
    pthread_once(&runs_once, runs_find);
    size_t low = 0, high = run_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (runs[middle].first + runs[middle].count <= c)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == run_count || c < runs[low].first)
        return 0;
    const char *text = runs[low].text;
    for (uint32_t i = runs[low].first; i < c; i++)
        text = line_end(text) + 1;
    const size_t len = (size_t)(line_end(text) - text);
    if (len >= UNICODE_NAME_MAX)
        return 0;
    memcpy(name, text, len);
    name[len] = '\0';
    return len;
}
