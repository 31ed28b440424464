/* See file.h. Chunks are collected per stream and written as a block when it is large enough. zstd
 * runs at its fastest useful level, and not on the kinds of blocks named in `hurry`, because the
 * ring fills faster than we drain: a larger file is better than a lossy one. HOT and COLD are coded
 * before (hot_code.h, cold_code.h), which costs no more than what it saves in checksums and copies.
 */
#include "tracer/read/cold_code.h"
#include "tracer/read/crc.h"
#include "tracer/read/file.h"
#include "tracer/read/hot_code.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

enum {
    BUFFER_ROOM = TRACE_BLOCK_TARGET_BYTES + RING_SUBBUFFER_BYTES * 2,
    ZSTD_LEVEL = 1,
    INDEX_ENTRIES_A_BLOCK = TRACE_BLOCK_TARGET_BYTES / sizeof(struct trace_index_entry),
};

static enum read_status write_all(struct trace_file_writer *writer, const void *data, size_t bytes,
                                  struct read_error *error)
{
    const char *p = data;
    while (bytes > 0) {
        ssize_t done = write(writer->fd, p, bytes);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return read_fail(error, READ_IO, "cannot write the trace: %s",
                             strerror(done < 0 ? errno : ENOSPC));
        p += done;
        bytes -= (size_t)done;
        writer->bytes += (uint64_t)done;
    }
    return READ_OK;
}

static enum read_status put_block(struct trace_file_writer *writer, struct trace_block_head *head,
                                  const void *stored, struct read_error *error)
{
    head->payload_crc = trace_crc32c(0, stored, head->stored_bytes);
    head->crc = trace_crc32c(0, head, offsetof(struct trace_block_head, crc));
    enum read_status status = write_all(writer, head, sizeof(*head), error);
    return status == READ_OK ? write_all(writer, stored, head->stored_bytes, error) : status;
}

/* ---- the index -------------------------------------------------------------------------------
 */

static enum read_status add_to_index(struct trace_file_writer *writer,
                                     const struct trace_index_entry *entry,
                                     struct read_error *error)
{
    if (writer->blocks == writer->index_room) {
        const size_t room = writer->index_room ? writer->index_room * 2 : 256;
        struct trace_index_entry *index = realloc(writer->index, room * sizeof(*index));
        if (!index)
            return read_fail(error, READ_NO_MEMORY, "no memory for the index of a trace");
        writer->index = index;
        writer->index_room = room;
    }
    writer->index[writer->blocks++] = *entry;
    return READ_OK;
}

/* Where a stream block begins: its first chunk says it. */
static void find_place(unsigned kind, const void *data, size_t bytes,
                       struct trace_index_entry *entry)
{
    struct trace_chunk_head chunk;
    if (kind > TRACE_BLOCK_RARE || bytes < sizeof(chunk))
        return;
    memcpy(&chunk, data, sizeof(chunk));
    entry->first = chunk.subbuffer.first + (chunk.offset >> trace_unit_shift(kind - 1));
    entry->ticks = chunk.subbuffer.ticks;
}

/* A baseline begins or ends in a chunk of RARE. */
static bool has_baseline(const struct trace_chunk *chunk)
{
    struct {
        struct trace_rare rare;
        uint64_t what;
    } meta;
    for (uint32_t at = 0; at + sizeof(meta) <= chunk->bytes;) {
        memcpy(&meta, chunk->data + at, sizeof(meta));
        const struct trace_rare rare = meta.rare;
        if (TRACE_RARE_KIND(rare.head) == TRACE_EVENT_meta &&
            ((meta.what & 0xff) == TRACE_META_BASELINE_BEGIN ||
             (meta.what & 0xff) == TRACE_META_BASELINE_END))
            return true;
        const uint32_t bytes = TRACE_RARE_UNITS(rare.head) * 16;
        at += bytes ? bytes : 16;
    }
    return false;
}

/* ---- blocks ------------------------------------------------------------------------------------
 */

static size_t encode(unsigned kind, const void *data, size_t bytes, char *coded,
                     uint32_t kinds[TRACE_WIRE_KINDS])
{
    return kind == TRACE_BLOCK_HOT    ? hot_encode(data, bytes, coded, kinds)
           : kind == TRACE_BLOCK_COLD ? cold_encode(data, bytes, coded, kinds)
                                      : 0;
}

/* A zstd frame that holds the bytes as they are: what `hurry` has time for. RFC 8878: the length of
 * the whole in four bytes, then blocks, each with a head of three. */
static size_t frame_plainly(char *out, const char *data, size_t bytes)
{
    enum { BLOCK_MOST = 128 << 10, HAS_LENGTH = 0xa0 };
    const uint32_t magic = 0xfd2fb528u, length = (uint32_t)bytes;
    char *const begin = out;
    memcpy(out, &magic, 4);
    out[4] = (char)HAS_LENGTH;
    memcpy(out + 5, &length, 4);
    out += 9;
    do {
        const size_t part = bytes < BLOCK_MOST ? bytes : BLOCK_MOST;
        const uint32_t head = (uint32_t)part << 3 | (part == bytes);
        memcpy(out, &head, 3);
        memcpy(out + 3, data, part);
        out += 3 + part;
        data += part;
        bytes -= part;
    } while (bytes);
    return (size_t)(out - begin);
}

/* Frames of zstd for a payload, in writer->packed; 0: it stays as it is. `kinds` is of coded ones,
 * whose payload when nothing was done to it had raw_bytes. */
static size_t pack(struct trace_file_writer *writer, unsigned kind, const void *data, size_t bytes,
                   const uint32_t *kinds, size_t raw_bytes)
{
    struct trace_block_kinds trailer = {.magic = TRACE_BLOCK_KINDS_MAGIC,
                                        .bytes = sizeof(trailer.units)};
    const size_t framing = 12 + bytes / (32 << 10) + sizeof(trailer); /* more than it takes */
    size_t packed = 0;
    if (!(writer->hurry & 1u << kind) && bytes > 256) {
        packed = ZSTD_compressCCtx(writer->zstd, writer->packed, writer->packed_room, data, bytes,
                                   ZSTD_LEVEL);
        if (ZSTD_isError(packed) || packed >= bytes)
            packed = 0;
    }
    if (!kinds || (packed ? packed : bytes) + framing > raw_bytes)
        return packed;
    if (!packed)
        packed = frame_plainly(writer->packed, data, bytes);
    memcpy(trailer.units, kinds, sizeof(trailer.units));
    memcpy(writer->packed + packed, &trailer, sizeof(trailer));
    return packed + sizeof(trailer);
}

/* One block: head and payload, compressed if that helps. */
static enum read_status write_block(struct trace_file_writer *writer, unsigned kind,
                                    const void *data, size_t bytes, uint32_t chunks,
                                    struct read_error *error)
{
    struct trace_block_head head = {
        .magic = TRACE_BLOCK_MAGIC,
        .kind = (uint16_t)kind,
        .raw_bytes = (uint32_t)bytes,
        .stored_bytes = (uint32_t)bytes,
        .number = writer->blocks,
        .chunks = chunks,
        .flags = kind == TRACE_BLOCK_RARE && writer->baseline ? TRACE_BLOCK_BASELINE : 0,
    };
    struct trace_index_entry entry = {
        .kind = head.kind, .raw_bytes = head.raw_bytes, .chunks = chunks};
    find_place(kind, data, bytes, &entry);
    uint32_t kinds[TRACE_WIRE_KINDS];
    const size_t coded = encode(kind, data, bytes, writer->coded, kinds);
    if (coded) {
        data = writer->coded;
        bytes = coded;
        head.stored_bytes = (uint32_t)coded;
        head.flags = TRACE_BLOCK_CODED;
    }
    const size_t packed = pack(writer, kind, data, bytes, coded ? kinds : NULL, head.raw_bytes);
    if (packed) {
        data = writer->packed;
        head.stored_bytes = (uint32_t)packed;
        head.flags |= TRACE_BLOCK_ZSTD;
    }
    entry.flags = head.flags;
    entry.stored_bytes = head.stored_bytes;
    if (writer->on_block)
        writer->on_block(writer->on_block_context);
    enum read_status status = add_to_index(writer, &entry, error);
    if (status == READ_OK)
        status = put_block(writer, &head, data, error);
    if (writer->on_block)
        writer->on_block(writer->on_block_context);
    return status;
}

static enum read_status flush_kind(struct trace_file_writer *writer, unsigned kind,
                                   struct read_error *error)
{
    size_t bytes = writer->used[kind];
    uint32_t chunks = writer->chunks[kind];
    if (bytes == 0)
        return READ_OK;
    writer->used[kind] = 0;
    writer->chunks[kind] = 0;
    enum read_status status =
        write_block(writer, kind, writer->buffers[kind], bytes, chunks, error);
    if (kind == TRACE_BLOCK_RARE)
        writer->baseline = false;
    return status;
}

static enum read_status reserve(struct trace_file_writer *writer, unsigned kind, size_t bytes,
                                struct read_error *error)
{
    if (writer->used[kind] + bytes <= BUFFER_ROOM)
        return READ_OK;
    return flush_kind(writer, kind, error);
}

static void append(struct trace_file_writer *writer, unsigned kind, const void *data, size_t bytes)
{
    memcpy(writer->buffers[kind] + writer->used[kind], data, bytes);
    writer->used[kind] += bytes;
}

/* The bound is kept by not beginning what might pass it: a block is never larger unpacked. */
static bool is_full(struct trace_file_writer *writer)
{
    const uint64_t index = writer->blocks * sizeof(struct trace_index_entry);
    writer->full |=
        writer->max_bytes && writer->bytes + index + TRACE_FILE_RESERVE_BYTES > writer->max_bytes;
    return writer->full;
}

static enum read_status sink_chunk(struct chunk_sink *sink, unsigned stream,
                                   const struct trace_chunk *chunk, struct read_error *error)
{
    struct trace_file_writer *writer = (struct trace_file_writer *)sink;
    unsigned kind = TRACE_BLOCK_HOT + stream;
    struct trace_chunk_head head = {
        .subbuffer = chunk->head, .offset = chunk->offset, .bytes = chunk->bytes};
    if (is_full(writer))
        return READ_OK;
    enum read_status status = reserve(writer, kind, sizeof(head) + chunk->bytes, error);
    if (status != READ_OK)
        return status;
    append(writer, kind, &head, sizeof(head));
    append(writer, kind, chunk->data, chunk->bytes);
    if (stream == TRACE_RARE)
        writer->baseline = writer->baseline || has_baseline(chunk);
    writer->chunks[kind]++;
    writer->end.units[stream] += chunk->bytes >> trace_unit_shift(stream);
    return writer->used[kind] >= TRACE_BLOCK_TARGET_BYTES ? flush_kind(writer, kind, error)
                                                          : READ_OK;
}

/* For what may be cut anywhere at multiples of `grain`. */
static enum read_status sink_bytes(struct trace_file_writer *writer, unsigned kind,
                                   const char *data, size_t bytes, size_t grain,
                                   struct read_error *error)
{
    while (bytes > 0) {
        size_t part = TRACE_BLOCK_TARGET_BYTES / grain * grain;
        part = bytes < part ? bytes : part;
        enum read_status status = reserve(writer, kind, part, error);
        if (status != READ_OK)
            return status;
        append(writer, kind, data, part);
        data += part;
        bytes -= part;
    }
    return READ_OK;
}

static enum read_status sink_definitions(struct chunk_sink *sink, const char *data, size_t bytes,
                                         struct read_error *error)
{
    struct trace_file_writer *writer = (struct trace_file_writer *)sink;
    if (is_full(writer))
        return READ_OK;
    writer->end.definition_bytes += bytes;
    return sink_bytes(writer, TRACE_BLOCK_DEFINITIONS, data, bytes, 8, error);
}

static enum read_status sink_waits(struct chunk_sink *sink, const struct ring_wait *records,
                                   size_t count, struct read_error *error)
{
    struct trace_file_writer *writer = (struct trace_file_writer *)sink;
    if (is_full(writer))
        return READ_OK;
    writer->end.waits += count;
    return sink_bytes(writer, TRACE_BLOCK_WAITS, (const char *)records, count * sizeof(*records),
                      sizeof(*records), error);
}

static bool make_buffers(struct trace_file_writer *writer)
{
    writer->packed_room = ZSTD_compressBound(BUFFER_ROOM) + sizeof(struct trace_block_kinds);
    writer->packed = malloc(writer->packed_room);
    writer->coded = malloc(BUFFER_ROOM);
    writer->zstd = ZSTD_createCCtx();
    for (unsigned kind = 1; kind <= TRACE_BLOCK_DEFINITIONS; kind++) {
        writer->buffers[kind] = malloc(BUFFER_ROOM);
        if (!writer->buffers[kind])
            return false;
    }
    return writer->packed && writer->coded && writer->zstd;
}

static enum read_status write_header(struct trace_file_writer *writer,
                                     const struct ring_state *state, struct read_error *error)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct trace_file_header header = {
        .major = TRACE_FILE_MAJOR,
        .minor = TRACE_FILE_MINOR,
        .header_bytes = sizeof(header),
        .endian_mark = RING_ENDIAN_MARK,
        .schema_hash = trace_schema_hash(),
        .pid = state->pid,
        .starttime = state->starttime,
        .created_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
    };
    memcpy(header.magic, TRACE_FILE_MAGIC, sizeof(header.magic));
    memcpy(header.build_id, state->build_id, sizeof(header.build_id));
    header.crc = trace_crc32c(0, &header, offsetof(struct trace_file_header, crc));
    return write_all(writer, &header, sizeof(header), error);
}

enum read_status trace_file_create(struct trace_file_writer *writer, const char *path,
                                   const struct ring_state *state, struct read_error *error)
{
    *writer = (struct trace_file_writer){
        .sink = {.chunk = sink_chunk, .definitions = sink_definitions, .waits = sink_waits}};
    writer->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (writer->fd < 0)
        return read_fail(error, READ_IO, "cannot write %s: %s", path, strerror(errno));
    enum read_status status = READ_OK;
    if (!make_buffers(writer))
        status = read_fail(error, READ_NO_MEMORY, "no memory to write a trace");
    if (status == READ_OK)
        status = write_header(writer, state, error);
    if (status == READ_OK)
        status = write_block(writer, TRACE_BLOCK_STATE, state, sizeof(*state), 0, error);
    if (status != READ_OK)
        trace_file_abandon(writer);
    return status;
}

enum read_status trace_file_flush(struct trace_file_writer *writer, const struct ring_state *state,
                                  struct read_error *error)
{
    enum read_status status = READ_OK;
    /* Definitions first: what the events name is then in the file before them. */
    for (unsigned kind = TRACE_BLOCK_DEFINITIONS; kind >= 1 && status == READ_OK; kind--)
        status = flush_kind(writer, kind, error);
    if (status == READ_OK)
        status = write_block(writer, TRACE_BLOCK_STATE, state, sizeof(*state), 0, error);
    return status;
}

static enum read_status write_index(struct trace_file_writer *writer, struct read_error *error)
{
    const uint64_t count = writer->blocks; /* the index does not name itself */
    writer->end.index_offset = writer->bytes;
    enum read_status status = READ_OK;
    for (uint64_t at = 0; at < count && status == READ_OK; at += INDEX_ENTRIES_A_BLOCK) {
        const uint64_t part =
            count - at < INDEX_ENTRIES_A_BLOCK ? count - at : INDEX_ENTRIES_A_BLOCK;
        memcpy(writer->buffers[TRACE_BLOCK_DEFINITIONS], writer->index + at,
               part * sizeof(*writer->index));
        writer->end.index_blocks++;
        status = write_block(writer, TRACE_BLOCK_INDEX, writer->buffers[TRACE_BLOCK_DEFINITIONS],
                             part * sizeof(*writer->index), 0, error);
    }
    return status;
}

enum read_status trace_file_finish(struct trace_file_writer *writer, const struct ring_state *state,
                                   enum trace_end_reason reason, struct read_error *error)
{
    enum read_status status = trace_file_flush(writer, state, error);
    if (status == READ_OK)
        status = write_index(writer, error);
    writer->end.blocks = writer->blocks;
    writer->end.reason = reason;
    if (status == READ_OK)
        status = write_block(writer, TRACE_BLOCK_END, &writer->end, sizeof(writer->end), 0, error);
    if (status == READ_OK && close(writer->fd) != 0)
        status = read_fail(error, READ_IO, "cannot write the trace: %s", strerror(errno));
    else if (status != READ_OK)
        close(writer->fd);
    writer->fd = -1;
    trace_file_abandon(writer);
    return status;
}

/* The index of a file that has none yet. */
static enum read_status take_index(struct trace_file_writer *writer,
                                   const struct trace_file_reader *file, struct read_error *error)
{
    size_t count = 0;
    for (int kind = 0; kind < TRACE_BLOCK_STATE; kind++)
        count += file->lanes[kind].count;
    writer->index = calloc(count + 1, sizeof(*writer->index));
    if (!writer->index)
        return read_fail(error, READ_NO_MEMORY, "no memory for the index of a trace");
    for (int kind = 0; kind < TRACE_BLOCK_STATE; kind++)
        for (size_t i = 0; i < file->lanes[kind].count; i++)
            writer->index[file->lanes[kind].entries[i].number] = file->lanes[kind].entries[i].about;
    writer->blocks = count;
    writer->index_room = count + 1;
    return READ_OK;
}

enum read_status trace_file_continue(struct trace_file_writer *writer, const char *path,
                                     struct read_error *error)
{
    struct trace_file_reader file;
    *writer = (struct trace_file_writer){
        .sink = {.chunk = sink_chunk, .definitions = sink_definitions, .waits = sink_waits}};
    writer->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
    if (writer->fd < 0)
        return read_fail(error, READ_IO, "cannot write %s: %s", path, strerror(errno));
    enum read_status status = trace_file_open(&file, dup(writer->fd), error);
    if (status == READ_OK) {
        writer->bytes = file.bytes;
        status = take_index(writer, &file, error);
        if (status == READ_OK && (!file.cut_short || !make_buffers(writer)))
            status = read_fail(error, READ_DAMAGED, "cannot go on writing %s", path);
        trace_file_close(&file);
    }
    if (status != READ_OK)
        trace_file_abandon(writer);
    return status;
}

static enum read_status copy_block(struct trace_file_writer *writer,
                                   struct trace_file_reader *other,
                                   const struct trace_block_entry *entry, char *stored,
                                   struct read_error *error)
{
    struct trace_block_head head;
    enum read_status status = trace_file_read_stored(other, entry, &head, stored, error);
    head.number = writer->blocks;
    if (status == READ_OK)
        status = add_to_index(writer, &entry->about, error);
    return status == READ_OK ? put_block(writer, &head, stored, error) : status;
}

/* Per kind, so not in the order of the file: readers follow each kind by itself. */
enum read_status trace_file_copy_blocks(struct trace_file_writer *writer,
                                        struct trace_file_reader *other, uint64_t from,
                                        struct read_error *error)
{
    char *stored = malloc(TRACE_BLOCK_MAX_BYTES);
    if (!stored)
        return read_fail(error, READ_NO_MEMORY, "no memory to copy a trace");
    enum read_status status = READ_OK;
    for (int kind = TRACE_BLOCK_DEFINITIONS; kind >= TRACE_BLOCK_HOT; kind--) {
        const struct trace_file_lane *lane = &other->lanes[kind - 1];
        for (size_t i = 0; i < lane->count && status == READ_OK; i++)
            if (lane->entries[i].number >= from)
                status = copy_block(writer, other, &lane->entries[i], stored, error);
    }
    free(stored);
    return status;
}

void trace_file_abandon(struct trace_file_writer *writer)
{
    if (writer->fd >= 0)
        close(writer->fd);
    for (int kind = 0; kind < 6; kind++)
        free(writer->buffers[kind]);
    free(writer->packed);
    free(writer->coded);
    free(writer->index);
    ZSTD_freeCCtx(writer->zstd);
    uint64_t bytes = writer->bytes;
    *writer = (struct trace_file_writer){.fd = -1, .bytes = bytes};
}
