/* A block of COLD in a tenth of its bytes.
 *
 * A slot says that an object of a type and a size was made, freed, tracked ... at a place of the
 * program, so many hot events after the last slot. All of this repeats: what happens next follows
 * from what happened last; an instruction makes objects of one type and size; an object is freed as
 * many slots after it was made as the one before it, and its block is given out again as many slots
 * after it was freed. So each of these is predicted, and a flag byte says which predictions failed;
 * only for those a number follows. Most slots take one or two bytes, and those are alike, so that
 * zstd makes a tenth of a byte to one byte of them.
 *
 * Chunk heads stay as they are. Nothing is known at the beginning of a block, so each can be read
 * by itself. Specified in docs/formats/trace.md.
 */
#ifndef BRILLE_TRACER_READ_COLD_CODE_H
#define BRILLE_TRACER_READ_COLD_CODE_H

#include "tracer/read/file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `raw` is what a COLD block holds: chunk heads, each with its slots. Returns the coded bytes, or 0
 * when they would not be fewer than raw_bytes; `out` has room for that many. `kinds` gets how many
 * units of each wire kind there are, if not 0 is returned. */
size_t cold_encode(const char *raw, size_t raw_bytes, char *out, uint32_t kinds[TRACE_WIRE_KINDS]);

/* How many slots are of these kinds and, where they have a size, of a size within the bounds: where
 * a slot lies, and when, is then not worked out, which is most of decoding. False: there are sizes
 * that are too large for a slot, or these bytes are wrong; cold_decode will say. */
bool cold_count_sizes(const char *coded, size_t coded_bytes, size_t raw_bytes,
                      const struct trace_counted *counted, uint64_t *count);

/* Exactly raw_bytes come out, or false: these bytes were not made by cold_encode. */
bool cold_decode(const char *coded, size_t coded_bytes, char *raw, size_t raw_bytes);

#endif
