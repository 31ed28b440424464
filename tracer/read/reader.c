/* See reader.h: a file, a ring read once into a queue, or a session pumped as needed, each in front
 * of the same merge. */
#include "tracer/read/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EVENTS_PER_BEAT = 1 << 16 };

static enum read_status open_file(struct trace_reader *reader, int fd, struct read_error *error)
{
    struct ring_wait *waits = NULL;
    size_t wait_count = 0;
    reader->file = malloc(sizeof(*reader->file));
    if (!reader->file) {
        close(fd);
        return read_fail(error, READ_NO_MEMORY, "no memory to read a trace");
    }
    enum read_status status = trace_file_open(reader->file, fd, error);
    if (status != READ_OK) {
        close(fd);
        free(reader->file);
        reader->file = NULL;
        return status;
    }
    status = trace_file_definitions(reader->file, &reader->definitions, error);
    if (status == READ_OK)
        status = trace_file_waits(reader->file, &waits, &wait_count, error);
    reader->state = reader->file->state;
    reader->cut_short = reader->file->cut_short;
    reader->waits_lost = reader->file->end.waits_lost;
    trace_merge_init(&reader->merge, &reader->file->source, &reader->definitions);
    trace_merge_set_state(&reader->merge, &reader->state);
    if (status == READ_OK)
        status = trace_merge_add_waits(&reader->merge, waits, wait_count, error);
    free(waits);
    return status;
}

/* All of a ring at once: it is bounded, and its process may be gone. */
static enum read_status open_ring(struct trace_reader *reader, int fd, struct read_error *error)
{
    struct ring_view ring;
    uint64_t delivered = 0;
    enum read_status status = ring_view_init(&ring, fd, error);
    if (status != READ_OK) {
        close(fd);
        return status;
    }
    chunk_queue_init(&reader->queue, &reader->definitions);
    trace_merge_init(&reader->merge, &reader->queue.source, &reader->definitions);
    for (unsigned i = 0; i < TRACE_STREAM_COUNT && status == READ_OK; i++)
        status = ring_view_drain(&ring, i, RING_MAX_SUBBUFFERS, true, &reader->queue.sink,
                                 &delivered, error);
    if (status == READ_OK)
        status = ring_view_definitions(&ring, &reader->queue.sink, error);
    if (status == READ_OK)
        status = ring_view_waits(&ring, &reader->queue.sink, error);
    if (status == READ_OK)
        status = ring_view_state(&ring, &reader->state, error);
    if (status == READ_OK && reader->state.phase == RING_RUNNING)
        status = ring_view_count_scratch(&ring, &reader->state, error);
    reader->queue.closed = true;
    reader->waits_lost = ring.waits_lost;
    ring_view_deinit(&ring);
    trace_merge_set_state(&reader->merge, &reader->state);
    if (status == READ_OK)
        status = trace_merge_add_waits(&reader->merge, reader->queue.waits,
                                       reader->queue.wait_count, error);
    return status;
}

enum read_status trace_reader_open(struct trace_reader *reader, const char *path,
                                   struct read_error *error)
{
    char magic[8] = {0};
    *reader = (struct trace_reader){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return read_fail(error, errno == EACCES ? READ_DENIED : READ_IO, "cannot open %s: %s", path,
                         strerror(errno));
    if (pread(fd, magic, sizeof(magic), 0) < 0) {
        int problem = errno;
        close(fd);
        return read_fail(error, READ_IO, "cannot read %s: %s", path,
                         problem == ESPIPE ? "not a regular file" : strerror(problem));
    }
    definitions_init(&reader->definitions);
    bool is_ring = memcmp(magic, RING_MAGIC, sizeof(magic)) == 0;
    reader->kind = is_ring ? READER_RING : READER_FILE;
    enum read_status status = is_ring ? open_ring(reader, fd, error) : open_file(reader, fd, error);
    if (status != READ_OK)
        trace_reader_close(reader);
    return status;
}

void trace_reader_open_live(struct trace_reader *reader, struct trace_session *session)
{
    *reader = (struct trace_reader){.kind = READER_LIVE, .session = session};
    definitions_init(&reader->definitions);
    chunk_queue_init(&reader->queue, &reader->definitions);
    trace_merge_init(&reader->merge, &reader->queue.source, &reader->definitions);
    reader->merge.live = true;
}

void trace_reader_open_feed(struct trace_reader *reader, int fd)
{
    trace_reader_open_live(reader, NULL);
    reader->kind = READER_FEED;
    reader->feed.fd = fd;
}

void trace_reader_close(struct trace_reader *reader)
{
    trace_merge_deinit(&reader->merge);
    definitions_deinit(&reader->definitions);
    if (reader->file) {
        trace_file_close(reader->file);
        free(reader->file);
    }
    if (reader->kind != READER_FILE)
        chunk_queue_deinit(&reader->queue);
    if (reader->kind == READER_FEED)
        close(reader->feed.fd);
    free(reader->feed.buffer);
    *reader = (struct trace_reader){0};
}

/* Live: fills the queue, and says up to where order is certain. */
static enum read_status pump(struct trace_reader *reader, struct read_error *error)
{
    struct trace_session *session = reader->session;
    enum read_status status = trace_session_pump(session, true, &reader->queue.sink, error);
    if (status != READ_OK && status != READ_END) /* END: its last pump was somebody else's */
        return status;
    reader->state = session->state;
    trace_merge_set_state(&reader->merge, &reader->state);
    uint64_t complete[2];
    trace_session_horizon(session, complete);
    trace_merge_set_horizon(&reader->merge, complete[0], complete[1]);
    if (session->ended) {
        reader->queue.closed = true;
        reader->merge.live = false;
    }
    status =
        trace_merge_add_waits(&reader->merge, reader->queue.waits, reader->queue.wait_count, error);
    reader->queue.wait_count = 0;
    return status;
}

enum read_status trace_reader_finish(struct trace_reader *reader, struct read_error *error)
{
    trace_session_detach(reader->session, &reader->queue.sink);
    reader->state = reader->session->state;
    reader->queue.closed = true;
    reader->merge.live = false;
    trace_merge_set_state(&reader->merge, &reader->state);
    enum read_status status =
        trace_merge_add_waits(&reader->merge, reader->queue.waits, reader->queue.wait_count, error);
    reader->queue.wait_count = 0;
    return status;
}

/* A feed: waits for the next state. */
static enum read_status receive(struct trace_reader *reader, struct read_error *error)
{
    struct feed_state state = {.ended = true};
    enum read_status status = feed_receive(&reader->feed, &reader->queue, &state, error);
    if (status == READ_OK) {
        reader->state = state.state;
        reader->waits_lost = state.waits_lost;
        trace_merge_set_state(&reader->merge, &reader->state);
        trace_merge_set_horizon(&reader->merge, state.complete[0], state.complete[1]);
    } else if (status != READ_END) {
        return status;
    }
    if (state.ended) { /* or its process was killed: what there is may be shown */
        reader->queue.closed = true;
        reader->merge.live = false;
    }
    status =
        trace_merge_add_waits(&reader->merge, reader->queue.waits, reader->queue.wait_count, error);
    reader->queue.wait_count = 0;
    return status;
}

/* A full ring takes longer to work through than the writer waits for a silent reader. */
static void stay_alive(struct trace_reader *reader)
{
    if (++reader->since_beat < EVENTS_PER_BEAT)
        return;
    reader->since_beat = 0;
    if (reader->session->link.page)
        control_link_beat(&reader->session->link);
}

/* ---- beginning elsewhere ----------------------------------------------------------------------
 */

static uint64_t ticks_at(const struct trace_reader *reader, uint64_t time_ns)
{
    const struct merge_clock *clock = &reader->merge.clock;
    const double ticks = (double)time_ns / clock->ns_per_tick;
    return ticks < 9e18 ? clock->origin_ticks + (uint64_t)ticks : UINT64_MAX;
}

enum read_status trace_reader_seek_baseline(struct trace_reader *reader, bool is_time,
                                            uint64_t value, struct read_error *error)
{
    struct trace_moment moment = {.is_time = is_time, .value = value};
    uint64_t begin[TRACE_STREAM_COUNT];
    bool found = false;
    if (reader->kind != READER_FILE)
        return READ_OK;
    if (is_time)
        moment.value = ticks_at(reader, value);
    enum read_status status =
        trace_file_find_baseline(reader->file, &moment, &reader->place, &found, error);
    if (status == READ_OK && found)
        status = trace_file_seek(reader->file, reader->place.positions, begin, error);
    if (status != READ_OK || !found)
        return status;
    trace_merge_begin_at(&reader->merge, begin, reader->place.ticks);
    reader->skipping = reader->tell_classes = true;
    return READ_OK;
}

enum read_status trace_reader_seek_time(struct trace_reader *reader, uint64_t time_ns,
                                        struct read_error *error)
{
    if (reader->kind != READER_FILE)
        return READ_OK;
    const uint64_t ticks = ticks_at(reader, time_ns);
    uint64_t begin[TRACE_STREAM_COUNT];
    enum read_status status = trace_file_seek_time(reader->file, ticks, begin, error);
    if (status == READ_OK)
        trace_merge_begin_at(&reader->merge, begin, ticks);
    return status;
}

/* What is left out is earlier than the time by this much: ticks and ns are rounded, and an event is
 * not shown earlier than those before it. */
enum { SEEK_MARGIN_NS = 1000 };

enum read_status trace_reader_seek_events(struct trace_reader *reader, uint64_t time_ns,
                                          struct read_error *error)
{
    if (reader->kind != READER_FILE || time_ns <= SEEK_MARGIN_NS)
        return READ_OK;
    return trace_file_seek_events(reader->file, ticks_at(reader, time_ns - SEEK_MARGIN_NS), error);
}

void trace_reader_skip(struct trace_reader *reader, unsigned stream)
{
    if (reader->kind != READER_FILE)
        return;
    trace_file_skip(reader->file, stream);
    reader->skipped[stream] = true;
}

void trace_reader_want(struct trace_reader *reader, const struct trace_want *want)
{
    trace_merge_want(&reader->merge, want);
    if (reader->kind != READER_FILE && reader->kind != READER_RING)
        return;
    for (unsigned i = 0; i < TRACE_STREAM_COUNT; i++)
        if (trace_want_spares(want) >> i & 1)
            reader->merge.lanes[i].ended = reader->skipped[i] = true;
}

/* Passes over what lies before the baseline that was looked for. It is the first record that is
 * shown; what the trace says before it of classes is said anew. */
static bool is_skipped(struct trace_reader *reader, struct trace_event *event)
{
    if (event->kind != TRACE_EVENT_meta || event->meta.what != TRACE_META_BASELINE_BEGIN ||
        event->rare != reader->place.positions[TRACE_RARE])
        return true;
    reader->skipping = false;
    reader->held = *event;
    event->meta.what = TRACE_META_START;
    event->meta.value = TRACE_ORIGIN_ATTACH;
    event->meta.old_value = 0;
    event->meta.new_value = reader->place.classes;
    event->after_gap = false;
    return false;
}

/* Counts a block of HOT or COLD. What is only counted needs no order and no lane. */
static enum read_status count_block(struct trace_reader *reader, unsigned stream,
                                    struct read_error *error)
{
    const struct trace_merge *merge = &reader->merge;
    const struct trace_counted counted = {.kinds = stream == TRACE_HOT ? merge->count_hot
                                                                       : merge->count_cold,
                                          .sized = merge->want.sized,
                                          .least_size = merge->want.least_size,
                                          .most_size = merge->want.most_size};
    uint64_t count;
    enum read_status status = trace_file_count(reader->file, stream, &counted, &count, error);
    if (status == READ_OK)
        reader->merge.counted += count;
    else if (status == READ_END)
        reader->merge.lanes[stream].ended = reader->skipped[stream] = true;
    else
        reader->merge.lanes[stream].failed = status;
    return status;
}

/* READ_OK: everything is counted. READ_AGAIN: somebody may want to look at a clock. */
static enum read_status count_blocks(struct trace_reader *reader, struct read_error *error)
{
    enum { BLOCKS_MOST = 64 };
    unsigned blocks = 0;
    for (unsigned i = TRACE_HOT; i <= TRACE_COLD; i++)
        while (!reader->merge.lanes[i].ended) {
            enum read_status status = reader->merge.lanes[i].failed;
            if (status == READ_OK)
                status = count_block(reader, i, error);
            if (status != READ_OK && status != READ_END)
                return status;
            if (++blocks == BLOCKS_MOST)
                return READ_AGAIN;
        }
    return READ_OK;
}

static enum read_status next_event(struct trace_reader *reader, struct trace_event *event,
                                   struct read_error *error)
{
    if (reader->merge.want.counting && !reader->skipping) {
        const enum read_status counted = count_blocks(reader, error);
        if (counted != READ_OK)
            return counted;
    }
    if (reader->tell_classes && !reader->skipping) {
        *event = reader->held;
        reader->tell_classes = false;
        return READ_OK;
    }
    enum read_status status;
    do
        status = trace_merge_next(&reader->merge, event, error);
    while (status == READ_OK && reader->skipping && is_skipped(reader, event));
    return status;
}

enum read_status trace_reader_next(struct trace_reader *reader, struct trace_event *event,
                                   struct read_error *error)
{
    if (reader->kind == READER_FILE)
        return next_event(reader, event, error);
    if (reader->kind == READER_LIVE)
        stay_alive(reader);
    enum read_status status = trace_merge_next(&reader->merge, event, error);
    if (status != READ_AGAIN || reader->queue.closed ||
        (reader->kind != READER_LIVE && reader->kind != READER_FEED))
        return status;
    status = reader->kind == READER_LIVE ? pump(reader, error) : receive(reader, error);
    return status == READ_OK ? trace_merge_next(&reader->merge, event, error) : status;
}

size_t trace_reader_run(struct trace_reader *reader, struct trace_brief *briefs, size_t most,
                        struct read_error *error)
{
    const bool plain = reader->kind == READER_FILE || reader->kind == READER_RING;
    if (!plain || reader->skipping || reader->tell_classes)
        return 0;
    return trace_merge_run(&reader->merge, briefs, most, error);
}

enum read_status trace_reader_replay(struct trace_reader *reader, struct replay *replay,
                                     uint64_t until_seq, uint64_t until_ns,
                                     struct read_error *error)
{
    struct trace_event event;
    enum read_status status;
    while ((status = trace_reader_next(reader, &event, error)) == READ_OK) {
        if (event.seq >= until_seq || event.time_ns > until_ns)
            return READ_OK;
        replay_feed(replay, &event);
        if (replay->out_of_memory)
            return read_fail(error, READ_NO_MEMORY, "no memory to replay a heap");
    }
    return status == READ_END ? READ_OK : status;
}

/* ---- resolving and counting ------------------------------------------------------------------ */

void trace_reader_where(const struct trace_reader *reader, const struct trace_event *event,
                        struct trace_location *location)
{
    trace_merge_where(&reader->merge, event, location);
}

const struct definition *trace_reader_type(const struct trace_reader *reader, uint32_t id)
{
    return definitions_type(&reader->definitions, id);
}

const char *trace_reader_thread_name(const struct trace_reader *reader, uint32_t tid)
{
    const struct definition *thread = definitions_thread(&reader->definitions, tid);
    return thread ? thread->name : "unknown";
}

void trace_reader_loss(const struct trace_reader *reader, struct trace_loss *loss)
{
    *loss = (struct trace_loss){.definitions_refused = reader->state.definitions_refused,
                                .waits_lost = reader->waits_lost + reader->state.waits_refused};
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        loss->received[i] = reader->merge.lanes[i].units;
        loss->missing[i] = reader->merge.lanes[i].missing;
        loss->dropped[i] = reader->state.streams[i].dropped;
        loss->overwritten[i] = reader->state.streams[i].overwritten;
    }
}

/* What the writer passed over behind the last event of a stream; nothing where the recording ended
 * before the writer did. */
static uint64_t missing_at_end(const struct trace_reader *reader, int stream)
{
    const struct lane *lane = &reader->merge.lanes[stream];
    const bool early = reader->kind == READER_FILE &&
                       (reader->cut_short || reader->file->end.reason == TRACE_END_FULL);
    const uint64_t done = lane->begun ? lane->done : reader->state.streams[stream].start;
    const uint64_t position = reader->state.streams[stream].position;
    return lane->ended && !early && position > done ? position - done : 0;
}

uint64_t trace_reader_missing(const struct trace_reader *reader)
{
    uint64_t missing = 0;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        if (!reader->skipped[i])
            missing += reader->merge.lanes[i].missing + missing_at_end(reader, i);
    return missing;
}
