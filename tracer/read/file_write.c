/* See file.h. Chunks are collected per stream and written as a block when it is large enough. zstd
 * runs at its fastest useful level, and not at all while the ring fills faster than we drain
 * (`hurry`): a larger file is better than a lossy one. HOT is coded before (hot_code.h), which
 * costs no more than what it saves in checksums and copies. */
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
        .number = writer->blocks++,
        .chunks = chunks,
    };
    const size_t coded = kind == TRACE_BLOCK_HOT ? hot_encode(data, bytes, writer->coded) : 0;
    if (coded) {
        data = writer->coded;
        bytes = coded;
        head.stored_bytes = (uint32_t)coded;
        head.flags = TRACE_BLOCK_CODED;
    }
    if (!writer->hurry && bytes > 256) {
        size_t packed = ZSTD_compressCCtx(writer->zstd, writer->packed, writer->packed_room, data,
                                          bytes, ZSTD_LEVEL);
        if (!ZSTD_isError(packed) && packed < bytes) {
            data = writer->packed;
            head.stored_bytes = (uint32_t)packed;
            head.flags |= TRACE_BLOCK_ZSTD;
        }
    }
    if (writer->on_block)
        writer->on_block(writer->on_block_context);
    enum read_status status = put_block(writer, &head, data, error);
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
    return write_block(writer, kind, writer->buffers[kind], bytes, chunks, error);
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
    writer->full |=
        writer->max_bytes && writer->bytes + TRACE_FILE_RESERVE_BYTES > writer->max_bytes;
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
    writer->packed_room = ZSTD_compressBound(BUFFER_ROOM);
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

enum read_status trace_file_finish(struct trace_file_writer *writer, const struct ring_state *state,
                                   enum trace_end_reason reason, struct read_error *error)
{
    enum read_status status = trace_file_flush(writer, state, error);
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
        for (int kind = 0; kind < 6; kind++)
            writer->blocks += file.lanes[kind].count;
        writer->bytes = file.bytes;
        if (!file.cut_short || !make_buffers(writer))
            status = read_fail(error, READ_DAMAGED, "cannot go on writing %s", path);
        trace_file_close(&file);
    }
    if (status != READ_OK)
        trace_file_abandon(writer);
    return status;
}

static enum read_status copy_block(struct trace_file_writer *writer,
                                   const struct trace_file_reader *other,
                                   const struct trace_block_entry *entry, char *stored,
                                   struct read_error *error)
{
    struct trace_block_head head = entry->head;
    if (pread(other->fd, stored, head.stored_bytes, (off_t)entry->offset) !=
            (ssize_t)head.stored_bytes ||
        trace_crc32c(0, stored, head.stored_bytes) != head.payload_crc)
        return read_fail(error, READ_DAMAGED, "a part of the trace is damaged");
    head.number = writer->blocks++;
    return put_block(writer, &head, stored, error);
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
            if (lane->entries[i].head.number >= from)
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
    ZSTD_freeCCtx(writer->zstd);
    uint64_t bytes = writer->bytes;
    *writer = (struct trace_file_writer){.fd = -1, .bytes = bytes};
}
