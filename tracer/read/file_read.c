/* See file.h. The bytes may have been damaged, cut or made up. Heads are checked against their CRC
 * before a length in them is used, payloads before a byte of them is decoded, and sizes are bounded
 * before anything is allocated. */
#include "tracer/read/cold_code.h"
#include "tracer/read/crc.h"
#include "tracer/read/file.h"
#include "tracer/read/hot_code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zstd.h>

static ssize_t read_at(const struct trace_file_reader *reader, void *data, size_t bytes,
                       uint64_t offset)
{
    return pread(reader->fd, data, bytes, (off_t)offset);
}

static enum read_status damaged(struct read_error *error, uint64_t offset, const char *what)
{
    return read_fail(error, READ_DAMAGED, "trace is damaged at byte %llu: %s",
                     (unsigned long long)offset, what);
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum read_status check_header(struct trace_file_reader *reader, struct read_error *error)
{
    struct trace_file_header *header = &reader->header;
    ssize_t got = read_at(reader, header, sizeof(*header), 0);
    if (got < (ssize_t)sizeof(header->magic) ||
        memcmp(header->magic, TRACE_FILE_MAGIC, sizeof(header->magic)) != 0)
        return read_fail(error, READ_NOT_TARGET, "not a trace");
    if (got < (ssize_t)sizeof(*header))
        return read_fail(error, READ_DAMAGED, "trace is cut short inside its header");
    if (header->endian_mark == __builtin_bswap32(RING_ENDIAN_MARK))
        return read_fail(error, READ_VERSION, "trace has the byte order of another machine");
    if (header->endian_mark != RING_ENDIAN_MARK)
        return damaged(error, 0, "the header has no byte order");
    if (header->major != TRACE_FILE_MAJOR)
        return read_fail(error, READ_VERSION, "trace has format %u.%u, this build reads %u.%u",
                         header->major, header->minor, TRACE_FILE_MAJOR, TRACE_FILE_MINOR);
    if (header->header_bytes != sizeof(*header) ||
        header->crc != trace_crc32c(0, header, offsetof(struct trace_file_header, crc)))
        return damaged(error, 0, "the header does not match its checksum");
    if (header->features_required != 0)
        return read_fail(error, READ_VERSION, "trace needs features 0x%llx, this build knows 0x0",
                         (unsigned long long)header->features_required);
    if (header->schema_hash != trace_schema_hash())
        return read_fail(
            error, READ_VERSION, "trace has event schema %016llx, this build has %016llx",
            (unsigned long long)header->schema_hash, (unsigned long long)trace_schema_hash());
    return READ_OK;
}

static bool lengths_are_sound(uint16_t flags, uint32_t raw_bytes, uint32_t stored_bytes)
{
    return raw_bytes <= TRACE_BLOCK_MAX_BYTES && stored_bytes <= raw_bytes &&
           (flags & ~TRACE_BLOCK_FLAGS) == 0 &&
           ((flags & (TRACE_BLOCK_ZSTD | TRACE_BLOCK_CODED)) || stored_bytes == raw_bytes);
}

static bool head_is_sound(const struct trace_block_head *head, uint64_t number)
{
    return head->magic == TRACE_BLOCK_MAGIC &&
           head->crc == trace_crc32c(0, head, offsetof(struct trace_block_head, crc)) &&
           head->number == number &&
           lengths_are_sound(head->flags, head->raw_bytes, head->stored_bytes);
}

/* What the index would say of a block, as far as its head tells. */
static struct trace_index_entry about_head(const struct trace_block_head *head)
{
    return (struct trace_index_entry){.kind = head->kind,
                                      .flags = head->flags,
                                      .raw_bytes = head->raw_bytes,
                                      .stored_bytes = head->stored_bytes,
                                      .chunks = head->chunks,
                                      .first = TRACE_PLACE_UNKNOWN,
                                      .ticks = TRACE_PLACE_UNKNOWN};
}

static bool lane_add(struct trace_file_lane *lane, const struct trace_block_entry *entry)
{
    if (lane->count == lane->room) {
        size_t room = lane->room ? lane->room * 2 : 64;
        struct trace_block_entry *entries = realloc(lane->entries, room * sizeof(*entries));
        if (!entries)
            return false;
        lane->entries = entries;
        lane->room = room;
    }
    lane->entries[lane->count++] = *entry;
    return true;
}

/* What is in reader->stored, a coded block, without what zstd made of it. */
static enum read_status unpack_block(struct trace_file_reader *reader,
                                     const struct trace_block_entry *entry, const char **coded,
                                     size_t *bytes, struct read_error *error)
{
    *coded = reader->stored;
    *bytes = entry->about.stored_bytes;
    if (!(entry->about.flags & TRACE_BLOCK_ZSTD))
        return READ_OK;
    if (!reader->coded)
        reader->coded = malloc(TRACE_BLOCK_MAX_BYTES);
    if (!reader->coded)
        return read_fail(error, READ_NO_MEMORY, "no memory to read a trace");
    /* Coded is never longer than raw, and that is bounded. */
    *bytes = ZSTD_decompress(reader->coded, entry->about.raw_bytes, *coded, *bytes);
    if (ZSTD_isError(*bytes))
        return damaged(error, entry->offset, "a block does not unpack");
    *coded = reader->coded;
    return READ_OK;
}

/* What is in reader->stored, a coded block, into `raw`. */
static enum read_status decode_block(struct trace_file_reader *reader,
                                     const struct trace_block_entry *entry, char *raw,
                                     struct read_error *error)
{
    const char *coded;
    size_t bytes;
    const size_t raw_bytes = entry->about.raw_bytes;
    const enum read_status status = unpack_block(reader, entry, &coded, &bytes, error);
    if (status != READ_OK)
        return status;
    if (!(entry->about.kind == TRACE_BLOCK_HOT ? hot_decode : cold_decode)(coded, bytes, raw,
                                                                           raw_bytes))
        return damaged(error, entry->offset, "a block does not decode");
    return READ_OK;
}

enum read_status trace_file_read_stored(struct trace_file_reader *reader,
                                        const struct trace_block_entry *entry,
                                        struct trace_block_head *head, void *stored,
                                        struct read_error *error)
{
    const size_t bytes = entry->about.stored_bytes;
    const struct iovec parts[] = {{head, sizeof(*head)}, {stored, bytes}};
    const uint64_t begin = entry->offset - sizeof(*head);
    if (preadv(reader->fd, parts, 2, (off_t)begin) != (ssize_t)(sizeof(*head) + bytes))
        return damaged(error, begin, "a block is cut short");
    const struct trace_index_entry *about = &entry->about;
    if (!head_is_sound(head, entry->number) || head->kind != about->kind ||
        head->flags != about->flags || head->raw_bytes != about->raw_bytes ||
        head->stored_bytes != bytes || head->chunks != about->chunks)
        return damaged(error, begin,
                       "the head of a block does not match its checksum or the index");
    if (trace_crc32c(0, stored, bytes) != head->payload_crc)
        return damaged(error, entry->offset, "a block does not match its checksum");
    return READ_OK;
}

static bool make_room(char **buffer, size_t *room, size_t bytes)
{
    if (*room >= bytes)
        return true;
    free(*buffer);
    *buffer = malloc(bytes);
    *room = *buffer ? bytes : 0;
    return *buffer;
}

/* The payload of a block, verified and unpacked, into *raw (grown as needed). */
static enum read_status read_payload(struct trace_file_reader *reader,
                                     const struct trace_block_entry *entry, char **raw,
                                     size_t *raw_room, struct read_error *error)
{
    size_t raw_bytes = entry->about.raw_bytes, stored = entry->about.stored_bytes;
    bool packed = entry->about.flags & TRACE_BLOCK_ZSTD;
    bool coded = entry->about.flags & TRACE_BLOCK_CODED;
    struct trace_block_head head;
    if (!make_room(raw, raw_room, raw_bytes + 1) ||
        ((packed || coded) && !make_room(&reader->stored, &reader->stored_room, stored)))
        return read_fail(error, READ_NO_MEMORY, "no memory to read a trace");
    char *target = packed || coded ? reader->stored : *raw;
    enum read_status status = trace_file_read_stored(reader, entry, &head, target, error);
    if (status != READ_OK)
        return status;
    if (coded)
        return decode_block(reader, entry, *raw, error);
    if (packed && ZSTD_decompress(*raw, raw_bytes, target, stored) != raw_bytes)
        return damaged(error, entry->offset, "a block does not unpack");
    return READ_OK;
}

/* Reads a payload that must be exactly this long. */
static enum read_status read_exact(struct trace_file_reader *reader,
                                   const struct trace_block_entry *entry, void *into, size_t bytes,
                                   struct read_error *error)
{
    char *raw = NULL;
    size_t room = 0;
    if (entry->about.raw_bytes != bytes)
        return damaged(error, entry->offset, "a block has an impossible length");
    enum read_status status = read_payload(reader, entry, &raw, &room, error);
    if (status == READ_OK)
        memcpy(into, raw, bytes);
    free(raw);
    return status;
}

/* Walks the heads. What is missing at the end of the file makes it cut short, what does not add up
 * before that makes it damaged. */
static enum read_status walk_blocks(struct trace_file_reader *reader, struct read_error *error)
{
    uint64_t offset = sizeof(struct trace_file_header), number = 0;
    reader->cut_short = true;
    while (offset < reader->bytes) {
        struct trace_block_head head;
        if (reader->bytes - offset < sizeof(head))
            return READ_OK;
        if (read_at(reader, &head, sizeof(head), offset) != (ssize_t)sizeof(head))
            return READ_OK;
        if (!head_is_sound(&head, number))
            return damaged(error, offset, "the head of a block does not match its checksum");
        offset += sizeof(head);
        if (reader->bytes - offset < head.stored_bytes)
            return READ_OK;
        const struct trace_block_entry entry = {
            .offset = offset, .number = number, .about = about_head(&head)};
        if (head.kind == TRACE_BLOCK_END) {
            enum read_status status =
                read_exact(reader, &entry, &reader->end, sizeof(reader->end), error);
            if (status == READ_OK && offset + head.stored_bytes != reader->bytes)
                status = damaged(error, offset + head.stored_bytes, "bytes behind the end");
            reader->cut_short = false;
            return status;
        }
        if (head.kind < 1 || head.kind > TRACE_BLOCK_INDEX)
            return damaged(error, offset, "a block of an unknown kind");
        if (head.kind != TRACE_BLOCK_INDEX && !lane_add(&reader->lanes[head.kind - 1], &entry))
            return read_fail(error, READ_NO_MEMORY, "no memory to read a trace");
        offset += head.stored_bytes;
        number++;
    }
    return READ_OK;
}

/* ---- the index -------------------------------------------------------------------------------
 */

/* The END of a file that has one and an index, or false: then the blocks must be walked. */
static bool find_end(struct trace_file_reader *reader)
{
    const uint64_t bytes = sizeof(struct trace_block_head) + sizeof(reader->end);
    struct trace_block_head head;
    struct trace_block_entry entry;
    if (reader->bytes < sizeof(reader->header) + bytes)
        return false;
    const uint64_t begin = reader->bytes - bytes;
    if (read_at(reader, &head, sizeof(head), begin) != (ssize_t)sizeof(head) ||
        !head_is_sound(&head, head.number) || head.kind != TRACE_BLOCK_END)
        return false;
    entry = (struct trace_block_entry){
        .offset = begin + sizeof(head), .number = head.number, .about = about_head(&head)};
    return read_exact(reader, &entry, &reader->end, sizeof(reader->end), NULL) == READ_OK &&
           reader->end.blocks == head.number && reader->end.index_offset != 0 &&
           reader->end.index_blocks != 0 && reader->end.index_blocks <= reader->end.blocks;
}

/* The entries of one INDEX block; *offset is where the block they speak of begins. */
static enum read_status take_entries(struct trace_file_reader *reader, const char *raw,
                                     size_t bytes, uint64_t *offset, uint64_t *number,
                                     struct read_error *error)
{
    struct trace_index_entry about;
    for (size_t at = 0; at + sizeof(about) <= bytes; at += sizeof(about)) {
        memcpy(&about, raw + at, sizeof(about));
        const uint64_t left = reader->end.index_offset - *offset;
        if (about.kind < 1 || about.kind > TRACE_BLOCK_STATE ||
            !lengths_are_sound(about.flags, about.raw_bytes, about.stored_bytes) ||
            left < sizeof(struct trace_block_head) + about.stored_bytes)
            return damaged(error, reader->end.index_offset, "the index contradicts itself");
        const struct trace_block_entry entry = {
            .offset = *offset + sizeof(struct trace_block_head), .number = *number, .about = about};
        if (!lane_add(&reader->lanes[about.kind - 1], &entry))
            return read_fail(error, READ_NO_MEMORY, "no memory to read a trace");
        *offset = entry.offset + about.stored_bytes;
        ++*number;
    }
    return READ_OK;
}

/* All blocks, from the INDEX blocks, which are walked. They must account for every byte. */
static enum read_status read_index(struct trace_file_reader *reader, struct read_error *error)
{
    const struct trace_file_end *end = &reader->end;
    uint64_t at = end->index_offset, offset = sizeof(struct trace_file_header), number = 0;
    const uint64_t limit = reader->bytes - sizeof(struct trace_block_head) - sizeof(*end);
    char *raw = NULL;
    size_t room = 0;
    enum read_status status = READ_OK;
    for (uint64_t i = 0; i < end->index_blocks && status == READ_OK; i++) {
        struct trace_block_head head;
        if (at < offset || at > limit || limit - at < sizeof(head) ||
            read_at(reader, &head, sizeof(head), at) != (ssize_t)sizeof(head) ||
            !head_is_sound(&head, end->blocks - end->index_blocks + i) ||
            head.kind != TRACE_BLOCK_INDEX || limit - at - sizeof(head) < head.stored_bytes) {
            status = damaged(error, at, "the index is not where the end says");
            break;
        }
        const struct trace_block_entry entry = {
            .offset = at + sizeof(head), .number = head.number, .about = about_head(&head)};
        status = read_payload(reader, &entry, &raw, &room, error);
        if (status == READ_OK)
            status = take_entries(reader, raw, head.raw_bytes, &offset, &number, error);
        at = entry.offset + head.stored_bytes;
    }
    free(raw);
    if (status == READ_OK &&
        (offset != end->index_offset || at != limit || number != end->blocks - end->index_blocks))
        status = damaged(error, end->index_offset, "the index does not account for every block");
    return status;
}

static enum read_status read_last_state(struct trace_file_reader *reader, struct read_error *error)
{
    const struct trace_file_lane *lane = &reader->lanes[TRACE_BLOCK_STATE - 1];
    if (lane->count == 0)
        return read_fail(error, READ_DAMAGED, "trace is cut short before its first block");
    enum read_status status = READ_OK;
    for (size_t i = 0; i < lane->count && status == READ_OK; i++) /* all are verified */
        status =
            read_exact(reader, &lane->entries[i], &reader->state, sizeof(reader->state), error);
    return status;
}

/* ---- chunks ---------------------------------------------------------------------------------- */

static enum read_status next_chunk(struct chunk_source *source, unsigned stream,
                                   struct trace_chunk *chunk, struct read_error *error)
{
    struct trace_file_reader *reader = (struct trace_file_reader *)source;
    struct trace_file_lane *lane = &reader->lanes[stream];
    while (lane->raw_used == lane->raw_bytes) {
        if (lane->next == lane->count)
            return READ_END;
        const struct trace_block_entry *entry = &lane->entries[lane->next++];
        lane->raw_used = lane->raw_bytes = 0;
        enum read_status status = read_payload(reader, entry, &lane->raw, &lane->raw_room, error);
        if (status != READ_OK)
            return status;
        lane->raw_bytes = entry->about.raw_bytes;
    }
    struct trace_chunk_head head;
    uint64_t block = lane->entries[lane->next - 1].offset;
    size_t left = lane->raw_bytes - lane->raw_used;
    if (left < sizeof(head))
        return damaged(error, block, "half a chunk");
    memcpy(&head, lane->raw + lane->raw_used, sizeof(head));
    left -= sizeof(head);
    if (head.bytes > left)
        return damaged(error, block, "half a chunk");
    *chunk = (struct trace_chunk){
        .head = head.subbuffer,
        .offset = head.offset,
        .bytes = head.bytes,
        .data = lane->raw + lane->raw_used + sizeof(head),
    };
    lane->raw_used += sizeof(head) + head.bytes;
    return READ_OK;
}

enum read_status trace_file_load(struct trace_file_reader *reader, unsigned stream, size_t i,
                                 struct read_error *error)
{
    struct trace_file_lane *lane = &reader->lanes[stream];
    lane->raw_bytes = lane->raw_used = 0;
    return read_payload(reader, &lane->entries[i], &lane->raw, &lane->raw_room, error);
}

/* ---- counting ---------------------------------------------------------------------------------
 */

/* Counts the sizes of a block of COLD in reader->stored, if that can be done without decoding it.
 */
static enum read_status read_sizes(struct trace_file_reader *reader,
                                   const struct trace_block_entry *entry,
                                   const struct trace_counted *counted, uint64_t *count,
                                   bool *known, struct read_error *error)
{
    const char *coded;
    size_t bytes;
    if (!counted->sized || entry->about.kind != TRACE_BLOCK_COLD)
        return READ_OK;
    const enum read_status status = unpack_block(reader, entry, &coded, &bytes, error);
    if (status == READ_OK)
        *known = cold_count_sizes(coded, bytes, entry->about.raw_bytes, counted, count);
    return status;
}

/* What the block in reader->stored says of itself behind its zstd frame: how many units of these
 * kinds. False: nothing, or it does not add up. */
static bool read_kinds(const struct trace_file_reader *reader,
                       const struct trace_index_entry *about, const struct trace_counted *counted,
                       uint64_t *count)
{
    const uint16_t flags = TRACE_BLOCK_ZSTD | TRACE_BLOCK_CODED;
    struct trace_block_kinds said;
    uint64_t sum = 0;
    *count = 0;
    if (counted->sized && about->kind == TRACE_BLOCK_COLD)
        return false;
    if ((about->flags & flags) != flags || about->stored_bytes < sizeof(said))
        return false;
    memcpy(&said, reader->stored + about->stored_bytes - sizeof(said), sizeof(said));
    for (unsigned i = 0; i < TRACE_WIRE_KINDS; i++) {
        sum += said.units[i];
        *count += counted->kinds >> i & 1 ? said.units[i] : 0;
    }
    return said.magic == TRACE_BLOCK_KINDS_MAGIC && said.bytes == sizeof(said.units) &&
           (sum << trace_unit_shift(about->kind - 1u)) +
                   (uint64_t)about->chunks * sizeof(struct trace_chunk_head) ==
               about->raw_bytes;
}

static uint64_t count_units(const char *data, uint32_t bytes, unsigned unit_bytes, uint16_t kinds)
{
    uint64_t count = 0;
    for (uint32_t at = 0; at < bytes; at += unit_bytes)
        count += kinds >> (data[at] & 15) & 1;
    return count;
}

/* As count_units, of slots whose size matters. A size that is too large for its slot lies in the
 * carrier before it. */
static uint64_t count_sizes(const char *data, uint32_t bytes, const struct trace_counted *counted)
{
    const unsigned sized = 1u << TRACE_COLD_ALLOC | 1u << TRACE_COLD_RESIZE;
    uint64_t count = 0, wide_size = 0;
    bool wide = false;
    for (uint32_t at = 0; at < bytes; at += TRACE_COLD_SLOT_BYTES) {
        uint64_t words[2];
        memcpy(words, data + at, sizeof(words));
        const unsigned wire = TRACE_WORD_KIND(words[0]);
        if (wire == TRACE_COLD_WIDE) {
            wide = true;
            wide_size = words[1];
        } else if (wire != TRACE_COLD_BASE) {
            const int64_t size = (int64_t)(wide ? wide_size : TRACE_COLD_SIZE(words[1]));
            const bool fits = size >= counted->least_size && size <= counted->most_size;
            wide = false;
            count += counted->kinds >> wire & (fits | !(sized >> wire & 1)) & 1;
        }
    }
    return count;
}

static enum read_status count_chunks(struct trace_file_reader *reader, unsigned stream,
                                     const struct trace_counted *counted, uint64_t *count,
                                     struct read_error *error)
{
    const struct trace_file_lane *lane = &reader->lanes[stream];
    const unsigned unit_bytes = 1u << trace_unit_shift(stream);
    *count = 0;
    while (lane->raw_used < lane->raw_bytes) {
        struct trace_chunk chunk;
        enum read_status status = next_chunk(&reader->source, stream, &chunk, error);
        if (status == READ_OK && chunk.bytes % unit_bytes)
            status = damaged(error, lane->entries[lane->next - 1].offset, "half an event");
        if (status != READ_OK)
            return status;
        *count += counted->sized && stream == TRACE_COLD
                      ? count_sizes(chunk.data, chunk.bytes, counted)
                      : count_units(chunk.data, chunk.bytes, unit_bytes, counted->kinds);
    }
    return READ_OK;
}

/* The next block, unpacked unless it says what is in it: then *known. */
static enum read_status count_block(struct trace_file_reader *reader, unsigned stream,
                                    const struct trace_counted *counted, uint64_t *count,
                                    bool *known, struct read_error *error)
{
    struct trace_file_lane *lane = &reader->lanes[stream];
    const size_t i = lane->next++;
    const struct trace_block_entry *entry = &lane->entries[i];
    const size_t raw_bytes = entry->about.raw_bytes;
    struct trace_block_head head;
    enum read_status status;
    *known = false;
    if (!(entry->about.flags & TRACE_BLOCK_CODED)) {
        status = trace_file_load(reader, stream, i, error);
    } else {
        if (!make_room(&reader->stored, &reader->stored_room, entry->about.stored_bytes + 1u))
            return read_fail(error, READ_NO_MEMORY, "no memory to read a trace");
        status = trace_file_read_stored(reader, entry, &head, reader->stored, error);
        *known = status == READ_OK && read_kinds(reader, &entry->about, counted, count);
        if (status == READ_OK && !*known)
            status = read_sizes(reader, entry, counted, count, known, error);
        if (status != READ_OK || *known)
            return status;
        if (!make_room(&lane->raw, &lane->raw_room, raw_bytes + 1))
            return read_fail(error, READ_NO_MEMORY, "no memory to read a trace");
        status = decode_block(reader, entry, lane->raw, error);
    }
    lane->raw_used = 0;
    lane->raw_bytes = status == READ_OK ? raw_bytes : 0;
    return status;
}

enum read_status trace_file_count(struct trace_file_reader *reader, unsigned stream,
                                  const struct trace_counted *counted, uint64_t *count,
                                  struct read_error *error)
{
    const struct trace_file_lane *lane = &reader->lanes[stream];
    bool known = false;
    if (lane->raw_used == lane->raw_bytes) {
        if (lane->next == lane->count)
            return READ_END;
        enum read_status status = count_block(reader, stream, counted, count, &known, error);
        if (status != READ_OK || known)
            return status;
    }
    return count_chunks(reader, stream, counted, count, error);
}

enum read_status trace_file_open(struct trace_file_reader *reader, int fd, struct read_error *error)
{
    struct stat about;
    *reader = (struct trace_file_reader){.source = {.next = next_chunk}, .fd = fd};
    if (fstat(fd, &about) != 0)
        return read_fail(error, READ_IO, "trace: %s", strerror(errno));
    reader->bytes = (uint64_t)about.st_size;
    enum read_status status = check_header(reader, error);
    if (status == READ_OK)
        status = find_end(reader) ? read_index(reader, error) : walk_blocks(reader, error);
    if (status == READ_OK)
        status = read_last_state(reader, error);
    if (status != READ_OK) {
        reader->fd = -1; /* stays the caller's */
        trace_file_close(reader);
    }
    return status;
}

void trace_file_close(struct trace_file_reader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    for (int i = 0; i < 6; i++) {
        free(reader->lanes[i].entries);
        free(reader->lanes[i].raw);
    }
    free(reader->stored);
    free(reader->coded);
    *reader = (struct trace_file_reader){.fd = -1};
}

/* ---- the rest -------------------------------------------------------------------------------- */

enum read_status trace_file_definitions(struct trace_file_reader *reader,
                                        struct definitions *definitions, struct read_error *error)
{
    struct trace_file_lane *lane = &reader->lanes[TRACE_BLOCK_DEFINITIONS - 1];
    for (size_t i = 0; i < lane->count; i++) {
        enum read_status status =
            read_payload(reader, &lane->entries[i], &lane->raw, &lane->raw_room, error);
        if (status == READ_OK)
            status =
                definitions_feed(definitions, lane->raw, lane->entries[i].about.raw_bytes, error);
        if (status != READ_OK)
            return status;
    }
    return READ_OK;
}

enum read_status trace_file_waits(struct trace_file_reader *reader, struct ring_wait **records,
                                  size_t *count, struct read_error *error)
{
    struct trace_file_lane *lane = &reader->lanes[TRACE_BLOCK_WAITS - 1];
    size_t bytes = 0;
    for (size_t i = 0; i < lane->count; i++)
        bytes +=
            lane->entries[i].about.raw_bytes / sizeof(struct ring_wait) * sizeof(struct ring_wait);
    char *all = malloc(bytes + 1);
    if (!all)
        return read_fail(error, READ_NO_MEMORY, "no memory for GIL waits");
    size_t used = 0;
    for (size_t i = 0; i < lane->count; i++) {
        size_t part =
            lane->entries[i].about.raw_bytes / sizeof(struct ring_wait) * sizeof(struct ring_wait);
        enum read_status status =
            read_payload(reader, &lane->entries[i], &lane->raw, &lane->raw_room, error);
        if (status != READ_OK) {
            free(all);
            return status;
        }
        memcpy(all + used, lane->raw, part);
        used += part;
    }
    *records = (struct ring_wait *)all;
    *count = used / sizeof(struct ring_wait);
    return READ_OK;
}
