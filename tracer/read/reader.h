/* A reader: events one after the other, from a trace file, from the ring of a dead (or running)
 * process, or live from a session. This is what views, analyses and plugins use.
 *
 *     struct trace_reader reader;
 *     struct trace_event event;
 *     trace_reader_open(&reader, path, &error)
 *     while ((status = trace_reader_next(&reader, &event, &error)) == READ_OK) ...
 *     trace_reader_close(&reader)
 *
 * Not thread-safe; one reader, one thread. Events are valid until the next call, definitions until
 * close.
 */
#ifndef BRILLE_TRACER_READ_READER_H
#define BRILLE_TRACER_READ_READER_H

#include "tracer/read/feed.h"
#include "tracer/read/file.h"
#include "tracer/read/merge.h"
#include "tracer/read/queue.h"
#include "tracer/read/replay.h"
#include "tracer/read/session.h"

enum reader_kind {
    READER_FILE = 1,
    READER_RING = 2,
    READER_LIVE = 3,
    READER_FEED = 4,
};

struct trace_reader {
    enum reader_kind kind;
    struct definitions definitions;
    struct trace_merge merge;
    struct ring_state state; /* newest known: counters of what was dropped and overwritten */
    struct trace_file_reader *file;
    struct chunk_queue queue;
    struct trace_session *session;
    struct feed_reader feed;
    unsigned since_beat; /* live: events shown since the heartbeat moved */
    bool cut_short;      /* a file that ends early: what there is was read */
    bool skipping;       /* a file begun elsewhere: events before the place are passed over, */
    bool tell_classes;   /* and the first that is shown says which classes are on there */
    bool skipped[TRACE_STREAM_COUNT];
    struct trace_place place;
    struct trace_event held; /* the record at the place, while that is said */
    uint64_t waits_lost;
};

/* A .trace file or a ring file. Does not begin reading events. */
enum read_status trace_reader_open(struct trace_reader *reader, const char *path,
                                   struct read_error *error);

/* Over a session, which stays the caller's and must not be pumped by anybody else. next() then
 * pumps, and gives READ_AGAIN when nothing is there: sleep a little then. */
void trace_reader_open_live(struct trace_reader *reader, struct trace_session *session);

/* Over the reading end of a feed, which it takes. next() waits for what the other process pumps,
 * and gives READ_AGAIN after a pump that brought no event. */
void trace_reader_open_feed(struct trace_reader *reader, int fd);

/* Live: switches tracing off and takes what is left; next() then goes on to READ_END. The session
 * is detached afterwards. */
enum read_status trace_reader_finish(struct trace_reader *reader, struct read_error *error);

void trace_reader_close(struct trace_reader *reader);

enum read_status trace_reader_next(struct trace_reader *reader, struct trace_event *event,
                                   struct read_error *error);

/* Some of the next events; 0: the next is for trace_reader_next (see trace_merge_run). */
size_t trace_reader_run(struct trace_reader *reader, struct trace_brief *briefs, size_t most,
                        struct read_error *error);

/* Before anything is read, and not with trace_reader_seek_baseline: what is asked of events. Of
 * something that is not live, streams that are not needed for it are not read at all. */
void trace_reader_want(struct trace_reader *reader, const struct trace_want *want);
/* How many were counted instead of shown. */
static inline uint64_t trace_reader_counted(const struct trace_reader *reader)
{
    return reader->merge.counted;
}

/* Of a file, before anything is read: begins with the last baseline before a moment (seq, or ns
 * from the beginning of the trace), so that a replay has the heap of that moment soon. A `meta`
 * event that says START precedes it, as in a trace that was begun late. Where there is no baseline,
 * or no file, it begins at the beginning. */
enum read_status trace_reader_seek_baseline(struct trace_reader *reader, bool is_time,
                                            uint64_t value, struct read_error *error);
/* Of a file, before anything is read: begins a little before a time, without knowing what there is
 * then. */
enum read_status trace_reader_seek_time(struct trace_reader *reader, uint64_t time_ns,
                                        struct read_error *error);
/* Of a file, before anything is read: leaves out events of HOT and COLD that are before a time, as
 * far as they lie in blocks of their own. What is shown from that time on is what a reading of
 * everything shows, but for stacks. */
enum read_status trace_reader_seek_events(struct trace_reader *reader, uint64_t time_ns,
                                          struct read_error *error);
/* Of a file, before anything is read: passes over a stream. */
void trace_reader_skip(struct trace_reader *reader, unsigned stream);

/* Units that are missing in what was read so far: holes, and at the end of a trace what was dropped
 * behind the last event. */
uint64_t trace_reader_missing(const struct trace_reader *reader);

/* Feeds everything before a moment into `replay`: events with seq < until_seq and time_ns <=
 * until_ns (UINT64_MAX for no limit). That is the heap of T.trace@SEQ, where SEQ is a capture's
 * event_seq. The reader is spent afterwards: the first event beyond the moment has been taken. */
enum read_status trace_reader_replay(struct trace_reader *reader, struct replay *replay,
                                     uint64_t until_seq, uint64_t until_ns,
                                     struct read_error *error);

/* Function, file and line of an event; type of an event, NULL when unknown. */
void trace_reader_where(const struct trace_reader *reader, const struct trace_event *event,
                        struct trace_location *location);
const struct definition *trace_reader_type(const struct trace_reader *reader, uint32_t id);
const char *trace_reader_thread_name(const struct trace_reader *reader, uint32_t tid);

/* What was lost so far, per stream in units: dropped by the writer or overwritten before it was
 * read. */
struct trace_loss {
    uint64_t received[TRACE_STREAM_COUNT];
    uint64_t missing[TRACE_STREAM_COUNT]; /* gaps inside what was received */
    uint64_t dropped[TRACE_STREAM_COUNT]; /* the writer's count, for the whole ring */
    uint64_t overwritten[TRACE_STREAM_COUNT];
    uint64_t definitions_refused;
    uint64_t waits_lost;
};
void trace_reader_loss(const struct trace_reader *reader, struct trace_loss *loss);

#endif
