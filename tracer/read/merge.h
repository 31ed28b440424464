/* The merge: three streams, the definitions and the waits of other threads become one sequence.
 *
 * Order is by positions, never by clocks. A cold record with hot position h comes before hot event
 * h and after h - 1; a rare record likewise among both. So at each step the lane is taken whose
 * record no other lane's record precedes:
 *
 *     rare   if rare.hot <= hot.position and rare.cold <= cold.position
 *     cold   else, if cold.hot <= hot.position
 *     hot    else
 *
 * The seq of an event is the sum of the three positions it was made at. One of them it carries by
 * its place in its stream, others by what is written in it; the rest is how far the other streams
 * had come when it is shown. A flight recorder's streams do not reach back equally far: before the
 * first record of a stream is known its position is taken for what later records say at least.
 *
 * On a live ring a record may be shown only when everything before it has been read. A pump reads
 * HOT, then COLD, then RARE; whatever precedes a hot position that was already visible is then
 * visible too. The horizon says up to where that holds.
 */
#ifndef BRILLE_TRACER_READ_MERGE_H
#define BRILLE_TRACER_READ_MERGE_H

#include "tracer/read/event.h"
#include "tracer/read/lane.h"
#include "tracer/read/stacks.h"
#include "tracer/read/want.h"

struct merge_clock {
    uint64_t origin_ticks;
    double ns_per_tick;
};

struct trace_merge {
    struct lane lanes[TRACE_STREAM_COUNT];
    struct definitions *definitions;
    size_t definitions_shown;
    bool show_definitions;
    struct stacks stacks;
    struct merge_clock clock;
    uint64_t last_ns;
    bool live;
    uint64_t horizon[2];                  /* hot and cold positions that are complete */
    bool gap_owed;                        /* a record that nobody is shown followed a hole */
    uint64_t reached[TRACE_STREAM_COUNT]; /* positions of what was shown: where events say that they
                                             are */
    uint64_t hot_until; /* hot events below this precede everything else that is known */
    /* What is rare or a definition comes behind these positions; 0: to be found out. Of a file. */
    uint64_t calm_hot, calm_cold;
    struct trace_want want; /* kinds: never 0 */
    uint16_t pass_hot;      /* wire kinds that are passed over */
    uint16_t pass_cold;
    uint16_t count_hot; /* wire kinds that are counted */
    uint16_t count_cold;
    uint64_t counted;
    uint64_t passed;  /* events passed over since the last that was shown */
    uint64_t wait_ns; /* when the next waiting record is due; never before its gil_seq was seen */
    uint64_t gil_seq; /* of the last gil_acquire shown */
    struct ring_wait *waits;
    size_t wait_count, wait_room, wait_next;
    /* a snapshot record is shown object by object */
    const char *snapshot;
    unsigned snapshot_left;
    struct trace_event snapshot_event;
    uint64_t counts[TRACE_EVENT_COUNT]; /* payload of a `dropped` event */
    uint64_t frames[TRACE_MAX_PAYLOAD_WORDS];
};

/* `definitions` may grow while the merge is in use. */
void trace_merge_init(struct trace_merge *merge, struct chunk_source *source,
                      struct definitions *definitions);
void trace_merge_deinit(struct trace_merge *merge);

/* Rate and origin of time, and where positions began, from the newest state page at hand. Call
 * again when a newer one came. */
void trace_merge_set_state(struct trace_merge *merge, const struct ring_state *state);

/* Records of threads without the GIL, in any order. */
enum read_status trace_merge_add_waits(struct trace_merge *merge, const struct ring_wait *records,
                                       size_t count, struct read_error *error);

/* Events begin with these positions, or a little before, at this time: what other threads waited
 * for before is forgotten, and definitions are not shown as events, since they lie anywhere. */
void trace_merge_begin_at(struct trace_merge *merge, const uint64_t positions[TRACE_STREAM_COUNT],
                          uint64_t ticks);

/* Live only: everything that precedes these positions has been queued. */
void trace_merge_set_horizon(struct trace_merge *merge, uint64_t hot, uint64_t cold);

/* To be called before the first event, once. */
void trace_merge_want(struct trace_merge *merge, const struct trace_want *want);

/* READ_OK and an event, READ_AGAIN (live; or a million events were passed over, and the caller may
 * want to look at its clock), READ_END, or a failure. */
enum read_status trace_merge_next(struct trace_merge *merge, struct trace_event *event,
                                  struct read_error *error);

/* What most readers want of an event of HOT or COLD, as struct trace_event says it. */
struct trace_brief {
    uint64_t time_ns, seq, address, size;
    uint32_t tid, type;
    enum trace_event_kind kind;
    int generation;
};

/* The next events, as many as there are before `most` where nothing but HOT and COLD can come, when
 * neither stacks nor counts are wanted and nothing is live. 0 says nothing of the end: the next
 * event is for trace_merge_next, which is to be given the same `error`. */
size_t trace_merge_run(struct trace_merge *merge, struct trace_brief *briefs, size_t most,
                       struct read_error *error);

/* Function, file and line of an event, through the definitions. Never NULL strings. */
void trace_merge_where(const struct trace_merge *merge, const struct trace_event *event,
                       struct trace_location *location);

/* The stack of a thread as of the last event, outermost first; NULL if nothing is known. */
const struct thread_stack *trace_merge_stack(struct trace_merge *merge, uint32_t tid);

#endif
