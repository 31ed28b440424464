/* See parts.h. Parts are joined by appending blocks as they are to the oldest one, so joining costs
 * a copy and no memory, and a crash in the middle leaves a trace that is cut short and the parts
 * that were not appended yet. */
#include "tracer/read/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void part_path(const struct trace_parts *parts, unsigned slot, char *path, size_t bytes)
{
    snprintf(path, bytes, "%s.part%u", parts->path, slot);
}

/* Where a part is begun, until it has what makes it a trace. */
static void next_path(const struct trace_parts *parts, char *path, size_t bytes)
{
    snprintf(path, bytes, "%s.next", parts->path);
}

static enum read_status turn(struct trace_parts *parts, uint64_t now_ms, struct read_error *error);

/* ---- the sink ----------------------------------------------------------------------------------
 */

static enum read_status sink_chunk(struct chunk_sink *sink, unsigned stream,
                                   const struct trace_chunk *chunk, struct read_error *error)
{
    struct trace_parts *parts = (struct trace_parts *)sink;
    /* Here and not between two pumps: one may deliver more than the bound. */
    if (parts->part_bytes && parts->writer.bytes >= parts->part_bytes) {
        const enum read_status status = turn(parts, parts->begun_ms, error);
        if (status != READ_OK)
            return status;
    }
    return parts->writer.sink.chunk(&parts->writer.sink, stream, chunk, error);
}

static enum read_status sink_waits(struct chunk_sink *sink, const struct ring_wait *records,
                                   size_t count, struct read_error *error)
{
    struct trace_parts *parts = (struct trace_parts *)sink;
    return parts->writer.sink.waits(&parts->writer.sink, records, count, error);
}

/* Kept for the parts to come, if there will be any. Bounded by the region they come from. */
static bool keep_definitions(struct trace_parts *parts, const char *data, size_t bytes)
{
    if (parts->definitions_used + bytes > parts->definitions_room) {
        const size_t room = (parts->definitions_used + bytes) * 2;
        char *grown = realloc(parts->definitions, room);
        if (!grown)
            return false;
        parts->definitions = grown;
        parts->definitions_room = room;
    }
    memcpy(parts->definitions + parts->definitions_used, data, bytes);
    parts->definitions_used += bytes;
    return true;
}

static enum read_status sink_definitions(struct chunk_sink *sink, const char *data, size_t bytes,
                                         struct read_error *error)
{
    struct trace_parts *parts = (struct trace_parts *)sink;
    if (parts->part_ms && !keep_definitions(parts, data, bytes))
        return read_fail(error, READ_NO_MEMORY, "no memory for definitions");
    return parts->writer.sink.definitions(&parts->writer.sink, data, bytes, error);
}

/* ---- parts -------------------------------------------------------------------------------------
 */

enum read_status trace_parts_create(struct trace_parts *parts, const char *path,
                                    const struct trace_bounds *bounds, uint64_t now_ms,
                                    const struct ring_state *state, struct read_error *error)
{
    *parts = (struct trace_parts){
        .sink = {.chunk = sink_chunk, .definitions = sink_definitions, .waits = sink_waits},
        .part_ms = (bounds->last_ms + TRACE_PARTS - 1) / TRACE_PARTS,
        .begun_ms = now_ms,
        .state = state,
    };
    if (snprintf(parts->path, sizeof(parts->path), "%s", path) + 8 >= (int)sizeof(parts->path))
        return read_fail(error, READ_IO, "cannot write %.60s...: its name is too long", path);
    char old[TRACE_PART_PATH + 8];
    for (unsigned slot = 0; slot <= TRACE_PARTS && parts->part_ms; slot++) {
        part_path(parts, slot, old, sizeof(old));
        unlink(old); /* of a recorder that was killed */
    }
    next_path(parts, old, sizeof(old));
    unlink(old);
    /* While they are joined, one part exists twice; what is still buffered comes on top. */
    if (bounds->max_bytes && parts->part_ms)
        parts->part_bytes = bounds->max_bytes / (TRACE_PARTS + 2) - TRACE_FILE_RESERVE_BYTES;
    enum read_status status = trace_file_create(&parts->writer, path, state, error);
    if (status == READ_OK)
        parts->writer.max_bytes = parts->part_ms ? 0 : bounds->max_bytes;
    return status;
}

/* The oldest part gives way. */
static void forget_oldest(struct trace_parts *parts)
{
    char path[TRACE_PART_PATH + 8];
    part_path(parts, parts->kept[0].slot, path, sizeof(path));
    unlink(path);
    parts->count--;
    memmove(parts->kept, parts->kept + 1, parts->count * sizeof(parts->kept[0]));
}

/* The present part gets a name of its own, and the next one its name. Whenever the recorder is
 * killed, the name asked for is that of a trace; only where hard links are not to be had there is a
 * moment without. */
static enum read_status put_aside(struct trace_parts *parts, struct read_error *error)
{
    char path[TRACE_PART_PATH + 8], next[TRACE_PART_PATH + 8];
    if (parts->count == TRACE_PARTS)
        forget_oldest(parts);
    part_path(parts, parts->next_slot, path, sizeof(path));
    next_path(parts, next, sizeof(next));
    if (link(parts->path, path) != 0 && rename(parts->path, path) != 0)
        return read_fail(error, READ_IO, "cannot rename %s: %s", parts->path, strerror(errno));
    if (rename(next, parts->path) != 0)
        return read_fail(error, READ_IO, "cannot rename %s: %s", next, strerror(errno));
    parts->kept[parts->count++] = (struct trace_part){
        .slot = parts->next_slot, .prefix = parts->prefix, .end = parts->writer.end};
    parts->next_slot = (parts->next_slot + 1) % (TRACE_PARTS + 1);
    return READ_OK;
}

/* A fresh file that has all definitions, and nothing else yet. */
static enum read_status begin_next(const struct trace_parts *parts,
                                   struct trace_file_writer *writer, struct read_error *error)
{
    char path[TRACE_PART_PATH + 8];
    next_path(parts, path, sizeof(path));
    enum read_status status = trace_file_create(writer, path, parts->state, error);
    if (status != READ_OK)
        return status;
    writer->hurry = parts->writer.hurry;
    writer->on_block = parts->writer.on_block;
    writer->on_block_context = parts->writer.on_block_context;
    status =
        writer->sink.definitions(&writer->sink, parts->definitions, parts->definitions_used, error);
    if (status == READ_OK)
        status = trace_file_flush(writer, parts->state, error);
    writer->end.definition_bytes = 0; /* they are counted where they came first */
    return status;
}

/* Writing goes on in the next part. */
static enum read_status turn(struct trace_parts *parts, uint64_t now_ms, struct read_error *error)
{
    struct trace_file_writer next = {.fd = -1};
    enum read_status status = trace_file_flush(&parts->writer, parts->state, error);
    if (status == READ_OK)
        status = begin_next(parts, &next, error);
    if (status == READ_OK)
        status = put_aside(parts, error);
    if (status != READ_OK) { /* no room, perhaps: what was begun is nothing that anybody wants */
        char path[TRACE_PART_PATH + 8];
        next_path(parts, path, sizeof(path));
        unlink(path);
        trace_file_abandon(&next);
        return status;
    }
    trace_file_abandon(&parts->writer);
    parts->writer = next;
    parts->prefix = next.blocks;
    parts->begun_ms = now_ms;
    parts->turned = true;
    return status;
}

enum read_status trace_parts_turn(struct trace_parts *parts, uint64_t now_ms, bool *turned,
                                  struct read_error *error)
{
    enum read_status status = READ_OK;
    if (parts->part_ms && now_ms - parts->begun_ms >= parts->part_ms)
        status = turn(parts, now_ms, error);
    *turned = parts->turned;
    parts->turned = false;
    return status;
}

/* ---- joining -----------------------------------------------------------------------------------
 */

/* Appends the blocks of a part that are not in the file yet. */
static enum read_status append_part(struct trace_file_writer *into, const char *path,
                                    uint64_t prefix, struct read_error *error)
{
    struct trace_file_reader part;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return read_fail(error, READ_IO, "cannot open %s: %s", path, strerror(errno));
    enum read_status status = trace_file_open(&part, fd, error);
    if (status != READ_OK) {
        close(fd);
        return status;
    }
    status = trace_file_copy_blocks(into, &part, prefix, error);
    trace_file_close(&part);
    return status;
}

static void add_end(struct trace_file_end *sum, const struct trace_file_end *end)
{
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        sum->units[i] += end->units[i];
    sum->definition_bytes += end->definition_bytes;
    sum->waits += end->waits;
}

/* The last part has been flushed and closed, under the name asked for. */
static enum read_status join(struct trace_parts *parts, const struct trace_part *last,
                             const struct ring_state *state, enum trace_end_reason reason,
                             struct read_error *error)
{
    char oldest[TRACE_PART_PATH + 8], path[TRACE_PART_PATH + 8];
    struct trace_file_writer whole;
    part_path(parts, parts->kept[0].slot, oldest, sizeof(oldest));
    enum read_status status = trace_file_continue(&whole, oldest, error);
    if (status != READ_OK)
        return status;
    whole.end = parts->kept[0].end;
    for (unsigned i = 1; i <= parts->count && status == READ_OK; i++) {
        const struct trace_part *part = i < parts->count ? &parts->kept[i] : last;
        if (i < parts->count)
            part_path(parts, part->slot, path, sizeof(path));
        else
            snprintf(path, sizeof(path), "%s", parts->path);
        status = append_part(&whole, path, part->prefix, error);
        add_end(&whole.end, &part->end);
        if (status == READ_OK && i < parts->count)
            unlink(path);
    }
    whole.end.waits_lost = last->end.waits_lost;
    if (status != READ_OK) {
        trace_file_abandon(&whole);
        return status;
    }
    status = trace_file_finish(&whole, state, reason, error);
    if (status == READ_OK && rename(oldest, parts->path) != 0)
        status = read_fail(error, READ_IO, "cannot rename %s: %s", oldest, strerror(errno));
    return status;
}

enum read_status trace_parts_finish(struct trace_parts *parts, const struct ring_state *state,
                                    enum trace_end_reason reason, struct read_error *error)
{
    enum read_status status;
    if (parts->count == 0) {
        status = trace_file_finish(&parts->writer, state, reason, error);
    } else {
        status = trace_file_flush(&parts->writer, state, error);
        const struct trace_part last = {.prefix = parts->prefix, .end = parts->writer.end};
        if (status == READ_OK) {
            trace_file_abandon(&parts->writer);
            status = join(parts, &last, state, reason, error);
        }
    }
    trace_parts_abandon(parts);
    return status;
}

void trace_parts_abandon(struct trace_parts *parts)
{
    trace_file_abandon(&parts->writer);
    free(parts->definitions);
    parts->definitions = NULL;
    parts->definitions_used = parts->definitions_room = 0;
}
