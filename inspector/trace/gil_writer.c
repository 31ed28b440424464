// See gil_writer.h.
#include "inspector/trace/gil_writer.h"

#include "inspector/base/clock.h"
#include "inspector/trace/trace_error.h"
#include "tracer/abi/process_id.h"
#include "tracer/read/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT_BYTES = 16, PAYLOAD_WORDS = 4 };

struct record {
    struct trace_rare rare;
    uint64_t words[PAYLOAD_WORDS];
};
_Static_assert(sizeof(struct record) % UNIT_BYTES == 0, "a rare record is whole units");

enum { RECORDS = RING_SUBBUFFER_BODY / sizeof(struct record) };

struct gil_writer {
    struct trace_file_writer file;
    bool open;
    char *path;
    struct ring_state state;
    struct ring_subbuffer head; // of the sub-buffer being filled
    struct record records[RECORDS];
    unsigned count;
    uint64_t position; // units of all sub-buffers before
    uint64_t waits, gil_seq;
    uint32_t holder; // the thread that acquired last
};

static struct error *checked(struct gil_writer *w, enum read_status status,
                             const struct read_error *error)
{
    return trace_error_of_file(status, error, w->path);
}

// ---- sub-buffers ----

static struct error *close_subbuffer(struct gil_writer *w, uint64_t now_ns)
{
    struct read_error error;
    if (!w->count)
        return NULL;
    const uint32_t bytes = w->count * (uint32_t)sizeof(struct record);
    w->head.end_ticks = now_ns;
    w->head.bytes = (uint16_t)bytes;
    const struct trace_chunk chunk = {
        .head = w->head, .bytes = bytes, .data = (const char *)w->records};
    struct ring_stream_state *stream = &w->state.streams[TRACE_RARE];
    w->position += bytes / UNIT_BYTES;
    stream->published++;
    stream->position = w->position;
    w->count = 0;
    return checked(w, w->file.sink.chunk(&w->file.sink, TRACE_RARE, &chunk, &error), &error);
}

static struct error *add(struct gil_writer *w, enum trace_event_kind kind, uint32_t tid,
                         uint64_t time_ns, const uint64_t words[PAYLOAD_WORDS])
{
    if (!w->count)
        w->head = (struct ring_subbuffer){
            .seq = w->state.streams[TRACE_RARE].published + 1,
            .first = w->position,
            .ticks = time_ns,
            .tid = tid,
            .classes = TRACE_CLASS_GIL,
            .policy = TRACE_POLICY_DROP,
        };
    struct record *record = &w->records[w->count++];
    record->rare = (struct trace_rare){
        .head = TRACE_RARE_HEAD(kind, sizeof *record / UNIT_BYTES, 0, tid), .ticks = time_ns};
    memcpy(record->words, words, sizeof record->words);
    return w->count == RECORDS ? close_subbuffer(w, time_ns) : NULL;
}

static struct error *add_meta(struct gil_writer *w, enum trace_meta what, uint64_t now_ns,
                              uint64_t old_value, uint64_t new_value, uint64_t value)
{
    const uint64_t words[PAYLOAD_WORDS] = {what, old_value, new_value, value};
    return add(w, TRACE_EVENT_meta, (uint32_t)w->state.pid, now_ns, words);
}

// ---- the file ----

static struct error *begin(struct gil_writer *w, pid_t pid, uint64_t now_ns)
{
    struct read_error error;
    const struct ring_clock_pair now = {now_ns, now_ns};
    w->state = (struct ring_state){
        .phase = RING_RUNNING,
        .clock = RING_CLOCK_MONOTONIC,
        .policy = TRACE_POLICY_DROP,
        .classes = TRACE_CLASS_GIL,
        .origin = TRACE_ORIGIN_ATTACH,
        .first = now,
        .began = now,
        .latest = {now, now},
        .realtime_ns = (uint64_t)clock_unix_ns() - (clock_now_ns() - now_ns),
        .pid = (uint64_t)pid,
        .starttime = process_starttime(pid),
        .build_id = "seen from outside",
    };
    TRY(checked(w, trace_file_create(&w->file, w->path, &w->state, &error), &error));
    w->open = true;
    return add_meta(w, TRACE_META_START, now_ns, 0, TRACE_CLASS_GIL, TRACE_ORIGIN_ATTACH);
}

struct error *gil_writer_create(const char *path, pid_t pid, uint64_t now_ns,
                                struct gil_writer **ret)
{
    struct gil_writer *w = calloc(1, sizeof *w);
    if (w)
        w->path = strdup(path);
    if (!w || !w->path) {
        free(w);
        return &error_no_memory;
    }
    struct error *err = begin(w, pid, now_ns);
    if (err)
        gil_writer_destroy(w);
    else
        *ret = w;
    return err;
}

void gil_writer_destroy(struct gil_writer *w)
{
    if (!w)
        return;
    if (w->open)
        trace_file_abandon(&w->file);
    free(w->path);
    free(w);
}

struct error *gil_writer_finish(struct gil_writer *w, uint64_t now_ns, uint64_t lost)
{
    struct read_error error;
    TRY(add_meta(w, TRACE_META_STOP, now_ns, TRACE_CLASS_GIL, 0, 0));
    TRY(close_subbuffer(w, now_ns));
    w->state.phase = RING_CLOSED;
    w->state.latest[0] = (struct ring_clock_pair){now_ns, now_ns};
    // Nobody knows which they were: a take is what a handoff cannot be without.
    w->state.dropped_rare[TRACE_EVENT_gil_acquire] = lost;
    w->state.streams[TRACE_RARE].dropped = lost * sizeof(struct record) / UNIT_BYTES;
    w->open = false;
    return checked(w, trace_file_finish(&w->file, &w->state, TRACE_END_DETACHED, &error), &error);
}

// ---- events ----

struct error *gil_writer_thread(struct gil_writer *w, uint32_t tid, const char *name)
{
    struct read_error error;
    char bytes[sizeof(struct ring_definition) + 128] = {0};
    const size_t length = strnlen(name, 127);
    const struct ring_definition head = {
        .bytes = (uint32_t)(sizeof head + (length + 7) / 8 * 8),
        .kind = TRACE_EVENT_thread_define,
        .id = tid,
        .string_bytes = {(uint32_t)length},
    };
    memcpy(bytes, &head, sizeof head);
    memcpy(bytes + sizeof head, name, length);
    w->state.definitions_bytes += head.bytes;
    return checked(w, w->file.sink.definitions(&w->file.sink, bytes, head.bytes, &error), &error);
}

struct error *gil_writer_wait(struct gil_writer *w, enum trace_event_kind kind, uint32_t tid,
                              uint64_t time_ns, uint32_t holder)
{
    struct read_error error;
    const struct ring_wait wait = {
        .head = (uint64_t)kind | (w->waits++ % 0xffffff + 1) << 8 | (uint64_t)tid << 32,
        .ticks = time_ns,
        .gil_seq = w->gil_seq,
        .holder = holder,
    };
    return checked(w, w->file.sink.waits(&w->file.sink, &wait, 1, &error), &error);
}

struct error *gil_writer_acquire(struct gil_writer *w, uint32_t tid, uint64_t time_ns,
                                 uint64_t waited_since_ns)
{
    const uint64_t words[PAYLOAD_WORDS] = {++w->gil_seq, w->holder, waited_since_ns, 0};
    w->holder = tid;
    return add(w, TRACE_EVENT_gil_acquire, tid, time_ns, words);
}

struct error *gil_writer_release(struct gil_writer *w, uint32_t tid, uint64_t time_ns,
                                 enum trace_gil_reason reason, uint64_t acquired_at_ns)
{
    const uint64_t words[PAYLOAD_WORDS] = {w->gil_seq, reason, acquired_at_ns, 0};
    return add(w, TRACE_EVENT_gil_release, tid, time_ns, words);
}
