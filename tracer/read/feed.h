/* A feed: what a session pumps, through a pipe, to a process that has no hold on the target.
 *
 *     target --ring--> session --feed_writer--> pipe --feed_reader--> queue --> merge
 *
 * Frames of chunks, definitions and waits, and after each pump one with the state and the horizon
 * (merge.h), up to which events may then be shown. The pipe is bounded, so who reads slowly stops
 * who pumps: the ring fills, and its policy says whether the target waits or drops, which is
 * counted in the state. Both ends are ours; chunks are as hostile as in a ring and are judged where
 * they are read, in the merge.
 */
#ifndef BRILLE_TRACER_READ_FEED_H
#define BRILLE_TRACER_READ_FEED_H

#include "tracer/read/queue.h"
#include "tracer/read/session.h"

struct feed_writer {
    struct chunk_sink sink; /* first */
    int fd;
    char *buffer;
    size_t used;
};

/* The pipe stays the caller's. False when there is no memory. SIGPIPE is ignored by the caller. */
bool feed_writer_init(struct feed_writer *writer, int fd);
void feed_writer_deinit(struct feed_writer *writer);

/* One round of the session, open sub-buffers too, and its horizon. READ_IO when nobody reads. */
enum read_status feed_pump(struct feed_writer *writer, struct trace_session *session,
                           struct read_error *error);
/* Switches tracing off, hands over the rest and says that it is all. Detaches the session, also
 * when it fails. */
enum read_status feed_finish(struct feed_writer *writer, struct trace_session *session,
                             struct read_error *error);

/* What a frame of state says. */
struct feed_state {
    struct ring_state state;
    uint64_t complete[2]; /* hot and cold positions */
    uint64_t waits_lost;
    uint64_t ended;
};

struct feed_reader {
    int fd;
    char *buffer;
};

/* Takes frames into the queue up to the next state: READ_OK. READ_END when the writer is gone. */
enum read_status feed_receive(struct feed_reader *reader, struct chunk_queue *queue,
                              struct feed_state *state, struct read_error *error);

#endif
