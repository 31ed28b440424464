/* See feed.h. A frame is a head of 8 bytes and what it says; frames are gathered into large writes,
 * which a state frame ends. */
#include "tracer/read/feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum feed_kind {
    FEED_CHUNK = 1, /* + stream, 1 to 3 */
    FEED_DEFINITIONS = 4,
    FEED_WAITS = 5,
    FEED_STATE = 6,
};

struct feed_head {
    uint32_t kind;
    uint32_t bytes;
};

enum {
    BUFFER_BYTES = 1 << 18,
    FRAME_BYTES = 1 << 16, /* at most, head included */
};

/* ---- writing --------------------------------------------------------------------------------- */

static enum read_status flush(struct feed_writer *writer, struct read_error *error)
{
    const char *p = writer->buffer;
    while (writer->used > 0) {
        const ssize_t done = write(writer->fd, p, writer->used);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return read_fail(error, READ_IO, "nobody reads the events: %s", strerror(errno));
        p += done;
        writer->used -= (size_t)done;
    }
    return READ_OK;
}

static void put(struct feed_writer *writer, const void *data, size_t bytes)
{
    memcpy(writer->buffer + writer->used, data, bytes);
    writer->used += bytes;
}

/* `second` may be empty. Together they are at most FRAME_BYTES. */
static enum read_status put_frame(struct feed_writer *writer, enum feed_kind kind,
                                  const void *first, size_t first_bytes, const void *second,
                                  size_t second_bytes, struct read_error *error)
{
    const struct feed_head head = {.kind = kind, .bytes = (uint32_t)(first_bytes + second_bytes)};
    if (writer->used + sizeof(head) + head.bytes > BUFFER_BYTES) {
        enum read_status status = flush(writer, error);
        if (status != READ_OK)
            return status;
    }
    put(writer, &head, sizeof(head));
    put(writer, first, first_bytes);
    put(writer, second, second_bytes);
    return READ_OK;
}

static enum read_status put_chunk(struct chunk_sink *sink, unsigned stream,
                                  const struct trace_chunk *chunk, struct read_error *error)
{
    const struct trace_chunk_head head = {
        .subbuffer = chunk->head, .offset = chunk->offset, .bytes = chunk->bytes};
    return put_frame((struct feed_writer *)sink, FEED_CHUNK + stream, &head, sizeof(head),
                     chunk->data, chunk->bytes, error);
}

/* What may be cut at multiples of `grain`. */
static enum read_status put_bytes(struct feed_writer *writer, enum feed_kind kind, const char *data,
                                  size_t bytes, size_t grain, struct read_error *error)
{
    const size_t most = (FRAME_BYTES - sizeof(struct feed_head)) / grain * grain;
    enum read_status status = READ_OK;
    while (bytes > 0 && status == READ_OK) {
        const size_t part = bytes < most ? bytes : most;
        status = put_frame(writer, kind, data, part, "", 0, error);
        data += part;
        bytes -= part;
    }
    return status;
}

static enum read_status put_definitions(struct chunk_sink *sink, const char *data, size_t bytes,
                                        struct read_error *error)
{
    return put_bytes((struct feed_writer *)sink, FEED_DEFINITIONS, data, bytes, 8, error);
}

static enum read_status put_waits(struct chunk_sink *sink, const struct ring_wait *records,
                                  size_t count, struct read_error *error)
{
    return put_bytes((struct feed_writer *)sink, FEED_WAITS, (const char *)records,
                     count * sizeof(*records), sizeof(*records), error);
}

bool feed_writer_init(struct feed_writer *writer, int fd)
{
    *writer = (struct feed_writer){
        .sink = {.chunk = put_chunk, .definitions = put_definitions, .waits = put_waits}, .fd = fd};
    writer->buffer = malloc(BUFFER_BYTES);
    return writer->buffer != NULL;
}

void feed_writer_deinit(struct feed_writer *writer)
{
    free(writer->buffer);
    *writer = (struct feed_writer){.fd = -1};
}

static enum read_status put_state(struct feed_writer *writer, const struct trace_session *session,
                                  uint64_t waits_lost, bool ended, struct read_error *error)
{
    struct feed_state state = {.state = session->state, .waits_lost = waits_lost, .ended = ended};
    trace_session_horizon(session, state.complete);
    enum read_status status = put_frame(writer, FEED_STATE, &state, sizeof(state), "", 0, error);
    return status == READ_OK ? flush(writer, error) : status;
}

enum read_status feed_pump(struct feed_writer *writer, struct trace_session *session,
                           struct read_error *error)
{
    enum read_status status = trace_session_pump(session, true, &writer->sink, error);
    return status == READ_OK
               ? put_state(writer, session, session->ring.waits_lost, session->ended, error)
               : status;
}

enum read_status feed_finish(struct feed_writer *writer, struct trace_session *session,
                             struct read_error *error)
{
    const uint64_t waits_lost = session->ring.waits_lost;
    trace_session_detach(session, &writer->sink);
    return put_state(writer, session, waits_lost, true, error);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum read_status read_all(int fd, void *data, size_t bytes, struct read_error *error)
{
    char *p = data;
    while (bytes > 0) {
        const ssize_t got = read(fd, p, bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return read_fail(error, READ_IO, "cannot read events: %s", strerror(errno));
        if (got == 0)
            return READ_END;
        p += got;
        bytes -= (size_t)got;
    }
    return READ_OK;
}

static enum read_status take_chunk(const struct feed_reader *reader, unsigned stream, size_t bytes,
                                   struct chunk_queue *queue, struct read_error *error)
{
    struct trace_chunk_head head;
    if (bytes < sizeof(head))
        return read_fail(error, READ_DAMAGED, "half a chunk of events");
    memcpy(&head, reader->buffer, sizeof(head));
    if (head.bytes != bytes - sizeof(head))
        return read_fail(error, READ_DAMAGED, "half a chunk of events");
    const struct trace_chunk chunk = {.head = head.subbuffer,
                                      .offset = head.offset,
                                      .bytes = head.bytes,
                                      .data = reader->buffer + sizeof(head)};
    return queue->sink.chunk(&queue->sink, stream, &chunk, error);
}

static enum read_status take_frame(const struct feed_reader *reader, const struct feed_head *head,
                                   struct chunk_queue *queue, struct feed_state *state,
                                   struct read_error *error)
{
    switch (head->kind) {
    case FEED_CHUNK + TRACE_HOT:
    case FEED_CHUNK + TRACE_COLD:
    case FEED_CHUNK + TRACE_RARE:
        return take_chunk(reader, head->kind - FEED_CHUNK, head->bytes, queue, error);
    case FEED_DEFINITIONS:
        return queue->sink.definitions(&queue->sink, reader->buffer, head->bytes, error);
    case FEED_WAITS:
        return queue->sink.waits(&queue->sink,
                                 (const struct ring_wait *)(const void *)reader->buffer,
                                 head->bytes / sizeof(struct ring_wait), error);
    case FEED_STATE:
        if (head->bytes == sizeof(*state)) {
            memcpy(state, reader->buffer, sizeof(*state));
            return READ_OK;
        }
        break;
    default:
        break;
    }
    return read_fail(error, READ_DAMAGED, "events in a frame of an unknown kind");
}

enum read_status feed_receive(struct feed_reader *reader, struct chunk_queue *queue,
                              struct feed_state *state, struct read_error *error)
{
    struct feed_head head;
    if (!reader->buffer)
        reader->buffer = malloc(FRAME_BYTES);
    if (!reader->buffer)
        return read_fail(error, READ_NO_MEMORY, "no memory for events");
    do {
        enum read_status status = read_all(reader->fd, &head, sizeof(head), error);
        if (status == READ_OK && head.bytes > FRAME_BYTES)
            status = read_fail(error, READ_DAMAGED, "a frame of events is too long");
        if (status == READ_OK)
            status = read_all(reader->fd, reader->buffer, head.bytes, error);
        if (status == READ_OK)
            status = take_frame(reader, &head, queue, state, error);
        if (status != READ_OK)
            return status;
    } while (head.kind != FEED_STATE);
    return READ_OK;
}
