/* A block of HOT in a sixth of its bytes, as fast as it could be copied.
 *
 * A program does the same things again and again: which instruction makes the next event follows
 * from the last two, and the object there is often the one of the last time, or a neighbour in its
 * pool. So each word is predicted, and what is written is how it differs:
 *
 *     varint   zigzag(address / 16 - address / 16 of the last word with this key) * 2 + wrong
 *     3 bytes  the key (site, bit 47, kind), if it is not the one that followed the last two
 *
 * Most words take one byte. Chunk heads stay as they are. Nothing is known at the beginning of a
 * block, so each can be read by itself. Specified in docs/formats/trace.md.
 */
#ifndef BRILLE_TRACER_READ_HOT_CODE_H
#define BRILLE_TRACER_READ_HOT_CODE_H

#include "tracer/read/file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `raw` is what a HOT block holds: chunk heads, each with its words. Returns the coded bytes, or 0
 * when they would not be fewer than raw_bytes; `out` has room for that many. `kinds` gets how many
 * units of each wire kind there are, if not 0 is returned. */
size_t hot_encode(const char *raw, size_t raw_bytes, char *out, uint32_t kinds[TRACE_WIRE_KINDS]);

/* Exactly raw_bytes come out, or false: these bytes were not made by hot_encode. */
bool hot_decode(const char *coded, size_t coded_bytes, char *raw, size_t raw_bytes);

#endif
