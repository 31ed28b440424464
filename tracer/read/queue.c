/* See queue.h. A lane is one growing buffer. A taken chunk is moved out of it into `held`, where it
 * stays until the next one is taken: a merge may stop in the middle of a chunk (at the horizon)
 * while more is put in. */
#include "tracer/read/queue.h"

#include <stdlib.h>
#include <string.h>

struct queued {
    struct ring_subbuffer head;
    uint32_t offset;
    uint32_t bytes;
};

static bool lane_reserve(struct queue_lane *lane, size_t bytes)
{
    if (lane->taken > 0 && lane->taken == lane->used)
        lane->taken = lane->used = 0;
    if (lane->used + bytes <= lane->room)
        return true;
    if (lane->taken > 0 && lane->taken >= lane->used / 2) {
        memmove(lane->bytes, lane->bytes + lane->taken, lane->used - lane->taken);
        lane->used -= lane->taken;
        lane->taken = 0;
        if (lane->used + bytes <= lane->room)
            return true;
    }
    size_t room = lane->room ? lane->room * 2 : 1 << 16;
    while (room < lane->used + bytes)
        room *= 2;
    char *grown = realloc(lane->bytes, room);
    if (!grown)
        return false;
    lane->bytes = grown;
    lane->room = room;
    return true;
}

static enum read_status put_chunk(struct chunk_sink *sink, unsigned stream,
                                  const struct trace_chunk *chunk, struct read_error *error)
{
    struct chunk_queue *queue = (struct chunk_queue *)sink;
    struct queue_lane *lane = &queue->lanes[stream];
    struct queued head = {.head = chunk->head, .offset = chunk->offset, .bytes = chunk->bytes};
    if (chunk->bytes > RING_SUBBUFFER_BODY)
        return read_fail(error, READ_DAMAGED, "events of a sub-buffer exceed it");
    if (!lane_reserve(lane, sizeof(head) + chunk->bytes))
        return read_fail(error, READ_NO_MEMORY, "no memory for events");
    memcpy(lane->bytes + lane->used, &head, sizeof(head));
    memcpy(lane->bytes + lane->used + sizeof(head), chunk->data, chunk->bytes);
    lane->used += sizeof(head) + chunk->bytes;
    return READ_OK;
}

static enum read_status put_definitions(struct chunk_sink *sink, const char *data, size_t bytes,
                                        struct read_error *error)
{
    struct chunk_queue *queue = (struct chunk_queue *)sink;
    return definitions_feed(queue->definitions, data, bytes, error);
}

static enum read_status put_waits(struct chunk_sink *sink, const struct ring_wait *records,
                                  size_t count, struct read_error *error)
{
    struct chunk_queue *queue = (struct chunk_queue *)sink;
    if (queue->wait_count + count > queue->wait_room) {
        size_t room = (queue->wait_count + count) * 2;
        struct ring_wait *waits = realloc(queue->waits, room * sizeof(*waits));
        if (!waits)
            return read_fail(error, READ_NO_MEMORY, "no memory for GIL waits");
        queue->waits = waits;
        queue->wait_room = room;
    }
    memcpy(queue->waits + queue->wait_count, records, count * sizeof(*records));
    queue->wait_count += count;
    return READ_OK;
}

static enum read_status take_chunk(struct chunk_source *source, unsigned stream,
                                   struct trace_chunk *chunk, struct read_error *error)
{
    struct chunk_queue *queue =
        (struct chunk_queue *)((char *)source - offsetof(struct chunk_queue, source));
    struct queue_lane *lane = &queue->lanes[stream];
    struct queued head;
    (void)error;
    if (lane->taken == lane->used)
        return queue->closed ? READ_END : READ_AGAIN;
    memcpy(&head, lane->bytes + lane->taken, sizeof(head));
    memcpy(lane->held, lane->bytes + lane->taken + sizeof(head), head.bytes);
    *chunk = (struct trace_chunk){
        .head = head.head, .offset = head.offset, .bytes = head.bytes, .data = lane->held};
    lane->taken += sizeof(head) + head.bytes;
    return READ_OK;
}

void chunk_queue_init(struct chunk_queue *queue, struct definitions *definitions)
{
    *queue = (struct chunk_queue){
        .sink = {.chunk = put_chunk, .definitions = put_definitions, .waits = put_waits},
        .source = {.next = take_chunk},
        .definitions = definitions,
    };
}

void chunk_queue_deinit(struct chunk_queue *queue)
{
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        free(queue->lanes[i].bytes);
    free(queue->waits);
    *queue = (struct chunk_queue){0};
}

size_t chunk_queue_bytes(const struct chunk_queue *queue)
{
    size_t bytes = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        bytes += queue->lanes[i].used - queue->lanes[i].taken;
    return bytes;
}
