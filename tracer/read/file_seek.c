/* Beginning to read a trace elsewhere than at its beginning; see file.h.
 *
 * Blocks can be read by themselves, and within a stream positions and times only go forward, so a
 * place is found by bisection over the first units of blocks. The index has them. Where it does not
 * (a file that was cut short has none, a part that was joined may say "unknown"), the first chunk
 * of a block is looked at, which means unpacking it: a dozen or two for the largest file.
 *
 * Nothing here trusts the order: in a file that was made up the wrong block is found, and the
 * reading that begins there finds what is wrong.
 */
#include "tracer/read/file.h"

#include <string.h>

/* Position and time of the first unit of a block. */
static enum read_status find_place(struct trace_file_reader *reader, unsigned stream, size_t i,
                                   struct trace_index_entry **ret, struct read_error *error)
{
    struct trace_file_lane *lane = &reader->lanes[stream];
    struct trace_index_entry *about = *ret = &lane->entries[i].about;
    struct trace_chunk_head chunk = {0};
    if (about->first != TRACE_PLACE_UNKNOWN && about->ticks != TRACE_PLACE_UNKNOWN)
        return READ_OK;
    enum read_status status = trace_file_load(reader, stream, i, error);
    if (status != READ_OK)
        return status;
    if (about->raw_bytes >= sizeof(chunk))
        memcpy(&chunk, lane->raw, sizeof(chunk));
    about->first = chunk.subbuffer.first + (chunk.offset >> trace_unit_shift(stream));
    about->ticks = chunk.subbuffer.ticks;
    return READ_OK;
}

/* The last block that does not begin behind `value` (a position, or ticks); 0 when all do. */
static enum read_status find_block(struct trace_file_reader *reader, unsigned stream, bool by_time,
                                   uint64_t value, size_t *ret, struct read_error *error)
{
    size_t low = 0, high = reader->lanes[stream].count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        struct trace_index_entry *about;
        enum read_status status = find_place(reader, stream, middle, &about, error);
        if (status != READ_OK)
            return status;
        if ((by_time ? about->ticks : about->first) <= value)
            low = middle;
        else
            high = middle;
    }
    *ret = low;
    return READ_OK;
}

static void begin_with(struct trace_file_reader *reader, unsigned stream, size_t i)
{
    struct trace_file_lane *lane = &reader->lanes[stream];
    lane->next = i;
    lane->raw_bytes = lane->raw_used = 0;
}

static enum read_status seek_stream(struct trace_file_reader *reader, unsigned stream, bool by_time,
                                    uint64_t value, uint64_t *begin, struct read_error *error)
{
    struct trace_index_entry *about;
    size_t i;
    *begin = 0;
    if (reader->lanes[stream].count == 0)
        return READ_OK;
    enum read_status status = find_block(reader, stream, by_time, value, &i, error);
    if (status == READ_OK)
        status = find_place(reader, stream, i, &about, error);
    if (status != READ_OK)
        return status;
    *begin = about->first;
    begin_with(reader, stream, i);
    return READ_OK;
}

enum read_status trace_file_seek(struct trace_file_reader *reader,
                                 const uint64_t positions[TRACE_STREAM_COUNT],
                                 uint64_t begin[TRACE_STREAM_COUNT], struct read_error *error)
{
    enum read_status status = READ_OK;
    for (unsigned i = 0; i < TRACE_STREAM_COUNT && status == READ_OK; i++)
        status = seek_stream(reader, i, false, positions[i], &begin[i], error);
    return status;
}

enum read_status trace_file_seek_time(struct trace_file_reader *reader, uint64_t ticks,
                                      uint64_t begin[TRACE_STREAM_COUNT], struct read_error *error)
{
    enum read_status status = READ_OK;
    for (unsigned i = 0; i < TRACE_STREAM_COUNT && status == READ_OK; i++)
        status = seek_stream(reader, i, true, ticks, &begin[i], error);
    return status;
}

/* A block may begin inside a sub-buffer, and then has the time at which that was opened: events of
 * the blocks before may be later. So back to the block in which the sub-buffer was opened. */
static enum read_status find_whole(struct trace_file_reader *reader, unsigned stream, size_t *i,
                                   struct read_error *error)
{
    struct trace_index_entry *about, *before;
    bool same = true;
    enum read_status status = find_place(reader, stream, *i, &about, error);
    while (status == READ_OK && same && *i > 0) {
        status = find_place(reader, stream, *i - 1, &before, error);
        if (status != READ_OK)
            break;
        same = before->ticks == about->ticks;
        (*i)--;
    }
    return status;
}

enum read_status trace_file_seek_events(struct trace_file_reader *reader, uint64_t ticks,
                                        struct read_error *error)
{
    for (unsigned stream = TRACE_HOT; stream <= TRACE_COLD; stream++) {
        size_t i;
        if (reader->lanes[stream].count == 0)
            continue;
        enum read_status status = find_block(reader, stream, true, ticks, &i, error);
        if (status == READ_OK)
            status = find_whole(reader, stream, &i, error);
        if (status != READ_OK)
            return status;
        begin_with(reader, stream, i);
    }
    return READ_OK;
}

void trace_file_skip(struct trace_file_reader *reader, unsigned stream)
{
    begin_with(reader, stream, reader->lanes[stream].count);
}

/* ---- baselines ---------------------------------------------------------------------------------
 */

static bool is_before(const struct trace_rare *rare, uint64_t position,
                      const struct trace_moment *moment)
{
    return moment->is_time ? rare->ticks <= moment->value
                           : rare->hot + rare->cold + position < moment->value;
}

struct search {
    const struct trace_moment *moment;
    struct trace_place *place; /* of the last whole baseline in the block, if found */
    bool found;
    struct trace_place begun; /* a baseline that began in the block and has not ended there */
    bool open;
    bool marked;          /* a baseline begins or ends in the block */
    bool ended_first;     /* and the first of these marks is an end, before the moment */
    bool first_is_before; /* the first record of the block lies before the moment */
    uint32_t classes;
    bool carried; /* the classes are those at the end of the block before */
};

static void begin_baseline(struct search *search, const struct trace_rare *rare, uint64_t position)
{
    search->marked = true;
    search->open = is_before(rare, position, search->moment);
    search->begun = (struct trace_place){.positions = {rare->hot, rare->cold, position},
                                         .ticks = rare->ticks,
                                         .classes = search->classes};
}

static void end_baseline(struct search *search, bool before)
{
    if (!search->marked)
        search->ended_first = before;
    search->marked = true;
    if (search->open && before) {
        search->found = true;
        *search->place = search->begun;
    }
    search->open = false;
}

static void look_at_record(struct search *search, const struct trace_rare *rare,
                           const char *payload, size_t payload_bytes, uint64_t position)
{
    uint64_t words[4] = {0};
    memcpy(words, payload, payload_bytes < sizeof(words) ? payload_bytes : sizeof(words));
    const unsigned what = (unsigned)(words[0] & 0xff);
    if (TRACE_RARE_KIND(rare->head) != TRACE_EVENT_meta)
        return;
    if (what == TRACE_META_START || what == TRACE_META_CLASSES)
        search->classes = (uint32_t)words[2];
    else if (what == TRACE_META_BASELINE_BEGIN)
        begin_baseline(search, rare, position);
    else if (what == TRACE_META_BASELINE_END)
        end_baseline(search, is_before(rare, position, search->moment));
}

static void look_at_chunk(struct search *search, const struct trace_chunk_head *chunk,
                          const char *data, bool first)
{
    uint64_t position = chunk->subbuffer.first + chunk->offset / 16;
    /* A later part of a sub-buffer: classes may have changed since that was opened. */
    if (chunk->offset == 0 || (first && !search->carried))
        search->classes = chunk->subbuffer.classes;
    for (uint32_t at = 0; at + sizeof(struct trace_rare) <= chunk->bytes;) {
        struct trace_rare rare;
        memcpy(&rare, data + at, sizeof(rare));
        const uint32_t bytes = TRACE_RARE_UNITS(rare.head) * 16;
        if (bytes < sizeof(rare) || bytes > chunk->bytes - at)
            return; /* damaged: reading it will say so */
        if (first && at == 0)
            search->first_is_before = is_before(&rare, position, search->moment);
        look_at_record(search, &rare, data + at + sizeof(rare), bytes - sizeof(rare), position);
        at += bytes;
        position += bytes / 16;
    }
}

/* What one block of RARE has of baselines before the moment. */
static enum read_status search_block(struct trace_file_reader *reader, size_t i,
                                     struct search *search, struct read_error *error)
{
    const struct trace_file_lane *lane = &reader->lanes[TRACE_RARE];
    const size_t raw_bytes = lane->entries[i].about.raw_bytes;
    enum read_status status = trace_file_load(reader, TRACE_RARE, i, error);
    search->found = search->open = search->marked = search->ended_first = false;
    search->first_is_before = true;
    for (size_t at = 0; status == READ_OK && raw_bytes - at >= sizeof(struct trace_chunk_head);) {
        struct trace_chunk_head chunk;
        const bool first = at == 0;
        memcpy(&chunk, lane->raw + at, sizeof(chunk));
        at += sizeof(chunk);
        if (chunk.bytes > raw_bytes - at || chunk.subbuffer.first >= 1ull << 62)
            return READ_OK;
        look_at_chunk(search, &chunk, lane->raw + at, first);
        at += chunk.bytes;
    }
    return status;
}

/* The last block of RARE whose first record lies before the moment. Its records say what the moment
 * is measured against, exactly, so the index is not asked. */
static enum read_status find_rare_block(struct trace_file_reader *reader, struct search *search,
                                        size_t *ret, struct read_error *error)
{
    size_t low = 0, high = reader->lanes[TRACE_RARE].count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        enum read_status status = search_block(reader, middle, search, error);
        if (status != READ_OK)
            return status;
        if (search->first_is_before)
            low = middle;
        else
            high = middle;
    }
    *ret = high;
    return READ_OK;
}

/* The same, knowing the classes from the block before. */
static enum read_status search_marked_block(struct trace_file_reader *reader, size_t i,
                                            struct search *search, struct read_error *error)
{
    enum read_status status = READ_OK;
    search->carried = false;
    if (i > 0)
        status = search_block(reader, i - 1, search, error);
    search->carried = i > 0;
    return status == READ_OK ? search_block(reader, i, search, error) : status;
}

/* Backwards. A baseline may be longer than a block: `ends` says that what is open at the end of a
 * block ends behind it, before the moment. One that the moment lies in is of no use. */
enum read_status trace_file_find_baseline(struct trace_file_reader *reader,
                                          const struct trace_moment *moment,
                                          struct trace_place *place, bool *found,
                                          struct read_error *error)
{
    const struct trace_file_lane *lane = &reader->lanes[TRACE_RARE];
    struct search search = {.moment = moment, .place = place};
    bool ends = false;
    size_t i;
    enum read_status status = find_rare_block(reader, &search, &i, error);
    *found = false;
    while (status == READ_OK && !*found && i-- > 0) {
        if (!(lane->entries[i].about.flags & TRACE_BLOCK_BASELINE))
            continue;
        status = search_marked_block(reader, i, &search, error);
        *found = search.found;
        if (search.open && ends) {
            *found = true;
            *place = search.begun;
        }
        if (search.marked)
            ends = search.ended_first;
    }
    return status;
}
