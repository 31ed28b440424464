// What repr() would say of texts and numbers, made from their bytes.
//
// For labels and names of edges: short, safe to print, and made without running anything of the
// process that is looked at. What is no valid character becomes U+FFFD or is escaped.
#ifndef BRILLE_INSPECTOR_TARGET_RENDER_H
#define BRILLE_INSPECTOR_TARGET_RENDER_H

#include "inspector/base/strbuf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIMIT_LABEL = 60 }; // characters of a text shown in labels and keys, escapes included

// Characters of 1, 2 or 4 bytes as UTF-8, as they are.
void render_plain(struct strbuf *out, const unsigned char *bytes, unsigned kind, size_t count);
// As repr() has it, but no longer than about LIMIT_LABEL; `cut` (there is more of it) puts three
// dots before the closing quote.
void render_quoted(struct strbuf *out, const unsigned char *bytes, unsigned kind, size_t count,
                   bool cut, bool is_bytes);

void render_decimal(struct strbuf *out, uint64_t value, bool negative);
// An integer of up to four limbs, the least significant first; they are used up.
void render_big(struct strbuf *out, uint64_t *limbs, size_t count, bool negative);
// The shortest form that reads back as the same value, in Python's layout.
void render_float(struct strbuf *out, double value);

#endif
