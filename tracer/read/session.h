/* A recording session: one reader, one process, one ring.
 *
 *     attach (or prepare + child_setup + adopt)  ->  pump, pump, pump ...  ->  detach
 *
 * A session makes a ring, hands it over, and from then on moves chunks from it into a sink: a trace
 * file, or a queue in front of a merge. A pump reads HOT, COLD, RARE in that order (which is what
 * makes the horizon true), then definitions and waits, moves the tails and beats the heart. Nobody
 * else may pump.
 *
 * Attaching does not stop the process and needs no ptrace. If it is busy in C code, or asleep, the
 * request stands and tracing begins when a thread next reaches a safepoint.
 */
#ifndef BRILLE_TRACER_READ_SESSION_H
#define BRILLE_TRACER_READ_SESSION_H

#include "tracer/read/file.h"
#include "tracer/read/link.h"
#include "tracer/read/merge.h"
#include "tracer/read/parts.h"
#include "tracer/read/queue.h"
#include "tracer/read/ring.h"

#include <signal.h>

struct trace_options {
    uint32_t classes;             /* enum trace_class */
    enum trace_policy policy;     /* 0: block */
    struct trace_sizes sizes;     /* zeros: ring_reader_sizes() */
    bool no_baseline;             /* do not ask for a snapshot of every object */
    bool resync;                  /* after a gap, ask for a new baseline */
    unsigned wait_ms;             /* for the first answer; 0: 2000 */
    struct trace_bounds bounds;   /* of a file that is recorded */
    uint64_t baseline_ms;         /* recording: ask for another baseline so often; 0: never */
    struct control_filter filter; /* kinds == 0: everything */
};

struct trace_session {
    struct control_link link;
    struct ring_view ring;
    struct trace_options options;
    struct control_request request; /* the last one posted */
    struct control_ack ack;
    uint64_t asked_ns;       /* CLOCK_MONOTONIC when it was posted */
    bool acknowledged;       /* ... and answered */
    bool prepared;           /* made for a child: its control page is ours */
    int control_fd, ring_fd; /* for the child */
    char named_ring[96];     /* path to unlink, when the ring had to have a name */
    uint64_t pumps;
    uint64_t delivered;      /* bytes of events */
    struct ring_state state; /* as of the last pump */
    bool ended;              /* the target closed the ring, or is dead, and all was read */
    enum trace_end_reason end_reason;
};

/* Begins to trace a running process. On READ_TIMEOUT the session exists all the same and the
 * request stands; session->acknowledged says so. */
enum read_status trace_session_attach(struct trace_session *session, int pid,
                                      const struct trace_options *options,
                                      struct read_error *error);

/* For `brille run`: makes page and ring; then fork; in the child, before exec, child_setup
 * (async-signal-safe but for setenv); in the parent, adopt. The child traces from its first event.
 */
enum read_status trace_session_prepare(struct trace_session *session,
                                       const struct trace_options *options,
                                       struct read_error *error);
bool trace_session_child_setup(const struct trace_session *session);
void trace_session_adopt(struct trace_session *session, int pid);

/* Changes classes (and policy, if not 0) of a running session. Waits for the answer, and pumps into
 * `sink` meanwhile: without one, a target that blocks for us drops until it has answered. */
enum read_status trace_session_set(struct trace_session *session, uint32_t classes,
                                   enum trace_policy policy, uint32_t flags,
                                   struct chunk_sink *sink, struct read_error *error);

/* One round. With `open_too` also what is finished in open sub-buffers (for live views; costs the
 * writer a cache miss). Sets session->ended when nothing more will come. */
enum read_status trace_session_pump(struct trace_session *session, bool open_too,
                                    struct chunk_sink *sink, struct read_error *error);

/* After a pump: up to which hot and cold position everything has been delivered (merge.h). */
void trace_session_horizon(const struct trace_session *session, uint64_t complete[2]);

/* One round in another order: COLD and RARE, then of HOT only what was there before. Each chunk of
 * HOT therefore comes when everything that lies before its events has been delivered, and can be
 * worked through at once. Of HOT only closed sub-buffers; no definitions, no waits. */
enum read_status trace_session_pump_hot_last(struct trace_session *session, struct chunk_sink *sink,
                                             struct read_error *error);

/* Pumps into `path` until *stop, the target's end, the deadline (ms, 0 is none) or the largest
 * size. Always leaves a whole file behind. The session is detached afterwards. */
enum read_status trace_session_record(struct trace_session *session, const char *path,
                                      const volatile sig_atomic_t *stop, uint64_t deadline_ms,
                                      struct read_error *error);

/* Switches tracing off (waiting a little for the process to agree), reads the rest into `sink` if
 * given, frees everything. The process is left as it was found. */
void trace_session_detach(struct trace_session *session, struct chunk_sink *sink);

/* Turns the ring of a dead process into a trace file. */
enum read_status trace_recover(const char *ring_path, const char *trace_path,
                               struct read_error *error);

#endif
