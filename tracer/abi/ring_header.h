/* Planning a ring file and judging one: the two things both sides do with a ring header.
 *
 * The emitter plans its own ring and judges one that a reader hands over; a reader plans the ring
 * it hands over and judges every file it opens. The header of a foreign file is hostile:
 * ring_header_check is the only door, and after it passed every region lies inside the file, is
 * page-aligned and overlaps no other, so that no later access needs a check of its own.
 */
#ifndef BRILLE_TRACER_ABI_RING_HEADER_H
#define BRILLE_TRACER_ABI_RING_HEADER_H

#include "tracer/abi/ring_layout.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct trace_sizes {
    uint64_t hot_bytes;
    uint64_t cold_bytes;
    uint64_t rare_bytes;
    uint64_t definitions_bytes;
};

enum ring_verdict {
    RING_GOOD = 0,
    RING_NOT_A_RING,
    RING_UNFINISHED,    /* the creator has not stored READY */
    RING_OTHER_ABI,     /* major version */
    RING_NEEDS_FEATURE, /* a bit we do not know */
    RING_OTHER_SCHEMA,  /* events.def differs */
    RING_BAD_LAYOUT,
};

static inline uint64_t ring_round_pages(uint64_t bytes, uint64_t least)
{
    if (bytes < least)
        bytes = least;
    return (bytes + RING_PAGE_BYTES - 1) / RING_PAGE_BYTES * RING_PAGE_BYTES;
}

/* Fills `header` for these sizes, all but `ready`. The caller makes the file header->file_bytes
 * long. */
static inline void ring_header_plan(struct ring_header *header, const struct trace_sizes *sizes)
{
    const uint64_t wanted[TRACE_STREAM_COUNT] = {sizes->hot_bytes, sizes->cold_bytes,
                                                 sizes->rare_bytes};
    *header = (struct ring_header){
        .abi_major = RING_ABI_MAJOR,
        .abi_minor = RING_ABI_MINOR,
        .header_bytes = sizeof(struct ring_header),
        .endian_mark = RING_ENDIAN_MARK,
        .word_bytes = 8,
        .schema_hash = trace_schema_hash(),
        .subbuffer_bytes = RING_SUBBUFFER_BYTES,
        .wait_slots = RING_WAIT_SLOTS,
        .wait_slot_bytes = RING_WAIT_SLOT_BYTES,
    };
    memcpy(header->magic, RING_MAGIC, sizeof(header->magic));
    uint64_t offset = RING_DATA_OFFSET;
    header->definitions.offset = offset;
    header->definitions.bytes = ring_round_pages(sizes->definitions_bytes, RING_PAGE_BYTES);
    offset += header->definitions.bytes;
    for (int stream = 0; stream < TRACE_STREAM_COUNT; stream++) {
        header->streams[stream].offset = offset;
        header->streams[stream].bytes =
            ring_round_pages(wanted[stream], RING_MIN_SUBBUFFERS * RING_SUBBUFFER_BYTES);
        offset += header->streams[stream].bytes;
    }
    header->waits.offset = offset;
    header->waits.bytes = (uint64_t)RING_WAIT_SLOTS * RING_WAIT_SLOT_BYTES;
    offset += header->waits.bytes;
    header->scratch.offset = offset;
    header->scratch.bytes = RING_SCRATCH_BYTES;
    header->file_bytes = offset + header->scratch.bytes;
}

/* One region: aligned, not before *floor (which it then raises), inside the file, within `most`. */
static inline bool ring_region_check(const struct ring_region *region, uint64_t least,
                                     uint64_t most, uint64_t file_bytes, uint64_t *floor)
{
    if (region->offset % RING_PAGE_BYTES || region->bytes % RING_PAGE_BYTES)
        return false;
    if (region->bytes < least || region->bytes > most || region->offset < *floor)
        return false;
    if (region->offset > file_bytes || region->bytes > file_bytes - region->offset)
        return false;
    *floor = region->offset + region->bytes;
    return true;
}

static inline bool ring_layout_check(const struct ring_header *header, uint64_t file_bytes)
{
    const uint64_t stream_most = (uint64_t)RING_MAX_SUBBUFFERS * RING_SUBBUFFER_BYTES;
    const uint64_t wait_bytes = (uint64_t)RING_WAIT_SLOTS * RING_WAIT_SLOT_BYTES;
    uint64_t floor = RING_DATA_OFFSET;
    if (header->header_bytes < sizeof(struct ring_header) || header->header_bytes > RING_PAGE_BYTES)
        return false;
    if (header->subbuffer_bytes != RING_SUBBUFFER_BYTES || header->word_bytes != 8)
        return false;
    if (header->wait_slots != RING_WAIT_SLOTS || header->wait_slot_bytes != RING_WAIT_SLOT_BYTES)
        return false;
    if (header->file_bytes != file_bytes)
        return false;
    if (!ring_region_check(&header->definitions, RING_PAGE_BYTES, 1u << 30, file_bytes, &floor))
        return false;
    for (int stream = 0; stream < TRACE_STREAM_COUNT; stream++) {
        if (!ring_region_check(&header->streams[stream], RING_MIN_SUBBUFFERS * RING_SUBBUFFER_BYTES,
                               stream_most, file_bytes, &floor))
            return false;
    }
    return ring_region_check(&header->waits, wait_bytes, wait_bytes, file_bytes, &floor) &&
           ring_region_check(&header->scratch, RING_SCRATCH_BYTES, RING_SCRATCH_BYTES, file_bytes,
                             &floor);
}

/* Judges a header of unknown origin. `why` gets one line when it is not good. */
static inline enum ring_verdict ring_header_check(const struct ring_header *header,
                                                  uint64_t file_bytes, char *why, size_t why_bytes)
{
    if (memcmp(header->magic, RING_MAGIC, sizeof(header->magic)) != 0 ||
        header->endian_mark != RING_ENDIAN_MARK) {
        snprintf(why, why_bytes, "not an event ring of this kind of machine");
        return RING_NOT_A_RING;
    }
    if (header->abi_major != RING_ABI_MAJOR) {
        snprintf(why, why_bytes, "event ring has layout version %u.%u, this build reads %u.%u",
                 header->abi_major, header->abi_minor, RING_ABI_MAJOR, RING_ABI_MINOR);
        return RING_OTHER_ABI;
    }
    if (header->features_required & ~RING_FEATURES_KNOWN) {
        snprintf(why, why_bytes,
                 "event ring needs features 0x%" PRIx64 ", this build knows 0x%" PRIx64,
                 header->features_required, (uint64_t)RING_FEATURES_KNOWN);
        return RING_NEEDS_FEATURE;
    }
    if (header->schema_hash != trace_schema_hash()) {
        snprintf(why, why_bytes,
                 "event ring has event schema %016" PRIx64 ", this build has %016" PRIx64,
                 header->schema_hash, trace_schema_hash());
        return RING_OTHER_SCHEMA;
    }
    if (header->ready != RING_READY) {
        snprintf(why, why_bytes, "event ring was never finished by its creator");
        return RING_UNFINISHED;
    }
    if (!ring_layout_check(header, file_bytes)) {
        snprintf(why, why_bytes, "event ring header contradicts itself or the file's length");
        return RING_BAD_LAYOUT;
    }
    return RING_GOOD;
}

#endif
