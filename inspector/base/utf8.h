// UTF-8 from hostile memory: how much of it is valid.
#ifndef BRILLE_INSPECTOR_BASE_UTF8_H
#define BRILLE_INSPECTOR_BASE_UTF8_H

#include <stddef.h>

// Length of the valid UTF-8 sequence at `bytes`, 0 if there is none: overlong forms, surrogates and
// values above U+10FFFF are not valid. `left` is at least 1.
size_t utf8_sequence(const unsigned char *bytes, size_t left);

#endif
