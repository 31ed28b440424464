/* See lane.h. Bytes are hostile here: every record is measured against the end of its chunk before
 * a field of it is read, and every loop consumes at least one unit per turn. */
#include "tracer/read/lane.h"

#include <string.h>

void lane_init(struct lane *lane, struct chunk_source *source, unsigned stream)
{
    *lane = (struct lane){.source = source, .stream = stream};
}

static uint64_t load_word(const char *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

/* Positions only go forward; a jump is a gap, counted in units. */
static enum read_status begin_chunk(struct lane *lane, const struct trace_chunk *chunk,
                                    struct read_error *error)
{
    unsigned shift = trace_unit_shift(lane->stream);
    uint64_t position = chunk->head.first + (chunk->offset >> shift);
    if (chunk->offset > RING_SUBBUFFER_BODY || chunk->bytes > RING_SUBBUFFER_BODY - chunk->offset ||
        chunk->offset % (1u << shift) || chunk->bytes % (1u << shift) ||
        chunk->head.first >= 1ull << 62)
        return read_fail(error, READ_DAMAGED, "events of a sub-buffer exceed it");
    if (lane->begun && position < lane->position)
        return read_fail(error, READ_DAMAGED, "event positions go backwards at %llu",
                         (unsigned long long)position);
    if (!lane->begun) {
        lane->done = position;
        lane->rebase = true;
    } else if (position > lane->position) {
        lane->missing += position - lane->position;
        lane->gap = true;
        lane->rebase = true;
    }
    bool fresh = chunk->offset == 0 || lane->gap || !lane->begun;
    lane->begun = true;
    lane->p = chunk->data;
    lane->end = chunk->data + chunk->bytes;
    lane->position = position;
    lane->units += chunk->bytes >> shift;
    if (!fresh)
        return READ_OK;
    lane->tid = chunk->head.tid;
    lane->base = chunk->head.base;
    lane->rebase_tid = chunk->head.tid;
    lane->rebase_code = chunk->head.code;
    lane->rebase_depth = chunk->head.depth;
    lane->ticks = chunk->head.ticks;
    lane->tick_position = chunk->head.first;
    lane->ticks_per_unit = 0;
    if (chunk->head.end_ticks > chunk->head.ticks && chunk->head.bytes >= 1u << shift)
        lane->ticks_per_unit = (double)(chunk->head.end_ticks - chunk->head.ticks) /
                               (double)(chunk->head.bytes >> shift);
    return READ_OK;
}

static void advance(struct lane *lane, uint32_t bytes)
{
    lane->p += bytes;
    lane->position += bytes >> trace_unit_shift(lane->stream);
}

/* Each decoder leaves p behind the record and returns false when nothing whole is left. */

static bool decode_hot(struct lane *lane, struct lane_record *record)
{
    if (lane->end - lane->p < 8)
        return false;
    record->word = load_word(lane->p);
    record->wire = TRACE_WORD_KIND(record->word);
    record->position = lane->position;
    record->hot = lane->position;
    record->ticks = lane_ticks(lane);
    advance(lane, 8);
    return true;
}

static bool decode_cold(struct lane *lane, struct lane_record *record)
{
    bool wide = false;
    uint32_t wide_type = 0;
    uint64_t wide_size = 0;
    while (lane->end - lane->p >= 16) {
        uint64_t word = load_word(lane->p), second = load_word(lane->p + 8);
        unsigned wire = TRACE_WORD_KIND(word);
        record->position = lane->position;
        record->ticks = lane_ticks(lane);
        advance(lane, 16);
        if (wire == TRACE_COLD_BASE) {
            lane->base = second;
        } else if (wire == TRACE_COLD_WIDE) {
            wide = true;
            wide_type = TRACE_WORD_ID(word);
            wide_size = second;
        } else {
            record->word = word;
            record->wire = wire;
            record->hot = lane->base + TRACE_COLD_DELTA(second);
            record->type = wide ? wide_type : TRACE_COLD_TYPE(second);
            record->size = wide ? wide_size : TRACE_COLD_SIZE(second);
            return true;
        }
    }
    return false;
}

static bool decode_rare(struct lane *lane, struct lane_record *record)
{
    struct trace_rare rare;
    if (lane->end - lane->p < (ptrdiff_t)sizeof(rare))
        return false;
    memcpy(&rare, lane->p, sizeof(rare));
    uint32_t bytes = TRACE_RARE_UNITS(rare.head) * 16;
    if (bytes < sizeof(rare) || bytes > lane->end - lane->p)
        return false;
    record->word = rare.head;
    record->wire = TRACE_RARE_KIND(rare.head) % TRACE_EVENT_COUNT;
    record->position = lane->position;
    record->hot = rare.hot;
    record->cold = rare.cold;
    record->ticks = rare.ticks;
    record->payload = lane->p + sizeof(rare);
    record->payload_words = (unsigned)(bytes - sizeof(rare)) / 8;
    advance(lane, bytes);
    return true;
}

static bool decode(struct lane *lane, struct lane_record *record)
{
    switch (lane->stream) {
    case TRACE_HOT:
        return decode_hot(lane, record);
    case TRACE_COLD:
        return decode_cold(lane, record);
    default:
        return decode_rare(lane, record);
    }
}

enum read_status lane_decode(struct lane *lane, struct read_error *error)
{
    if (lane->ended)
        return READ_END;
    if (lane->failed)
        return lane->failed;
    for (;;) {
        if (decode(lane, &lane->record)) {
            lane->record.after_gap = lane->gap;
            lane->record.tid =
                lane->stream == TRACE_RARE ? TRACE_RARE_TID(lane->record.word) : lane->tid;
            lane->gap = false;
            lane->ahead = true;
            return READ_OK;
        }
        if (lane->p != lane->end)
            return lane->failed = read_fail(error, READ_DAMAGED, "half an event at position %llu",
                                            (unsigned long long)lane->position);
        struct trace_chunk chunk;
        enum read_status status = lane->source->next(lane->source, lane->stream, &chunk, error);
        if (status == READ_OK)
            status = begin_chunk(lane, &chunk, error);
        if (status == READ_END)
            lane->ended = true;
        else if (status != READ_OK && status != READ_AGAIN)
            lane->failed = status;
        if (status != READ_OK)
            return status;
    }
}

bool lane_skip_to(struct lane *lane, uint64_t position)
{
    if (!lane->begun || position <= lane->done)
        return false;
    lane->done = position;
    if (lane->ahead) {
        lane->record.after_gap = false; /* begin_chunk saw the same hole; it is told once */
        return true;
    }
    lane->missing += position - lane->position;
    lane->position = position;
    lane->rebase = true;
    return true;
}
