/*
 * Properties of Unicode 14's characters: what the module unicodedata tells. The tables are made at
 * build time (unicode_data.awk) and are read where they lie; a question is a binary search.
 *
 * "Old" is Unicode 3.2, which internationalised domain names are defined by.
 */
#ifndef BRILLE_VM_FRONT_UNICODE_DATA_H
#define BRILLE_VM_FRONT_UNICODE_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unicode_character {
    uint32_t first, last; /* it and its neighbours with the same properties */
    char category[3];
    char bidirectional[4]; /* "" where a code point is not assigned */
    uint8_t combining;     /* class; 0: not reordered */
    bool mirrored;
};

struct unicode_number {
    int decimal, digit; /* -1: it is none */
    double value;
};

/* Never NULL: a code point that is not assigned has category Cn. */
const struct unicode_character *unicode_character(uint32_t c, bool old);
bool unicode_is_assigned(uint32_t c, bool old);
/* East Asian width: "N", "A", "H", "W", "F", "Na". */
const char *unicode_width(uint32_t c, bool old);
/* False: it has no number. */
bool unicode_number(uint32_t c, bool old, struct unicode_number *out);

/* One step of decomposition: how many characters, 0 for none. *tag is NULL when it is canonical,
 * else what is written in angle brackets. Hangul syllables, which follow a rule, have none here. */
size_t unicode_decomposition(uint32_t c, bool old, const uint32_t **parts, const char **tag);
/* The character that canonically decomposes to these two; 0: none, or one that is not composed. */
uint32_t unicode_composition(uint32_t first, uint32_t second);

#endif
