// UTF-8 from hostile memory: how much of it is valid, and what a terminal would obey.
#ifndef BRILLE_INSPECTOR_BASE_UTF8_H
#define BRILLE_INSPECTOR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// Length of the valid UTF-8 sequence at `bytes`, 0 if there is none: overlong forms, surrogates and
// values above U+10FFFF are not valid. `left` is at least 1.
size_t utf8_sequence(const unsigned char *bytes, size_t left);

// Length of the character at `bytes`, 1 for a byte that belongs to none. *control: a terminal would
// not show it and might obey. These are the ones of ASCII, DEL, and U+0080 to U+009F (U+009B begins
// what ESC [ begins), in UTF-8 and as bytes of their own.
size_t utf8_step(const unsigned char *bytes, size_t left, bool *control);

// Writes a message: control characters in it, but for line ends and tabs, as '?'.
void utf8_print(FILE *out, const char *text);

#endif
