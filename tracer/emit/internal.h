/* What the files of tracer/emit share with each other and with nobody else.
 *
 *   clock.c    ticks and clock pairs
 *   ring.c     making, opening, judging and mapping ring files
 *   stream.c   the three writers: refill, policies, counting what is dropped
 *   rare.c     records with a clock reading
 *   define.c   the definitions region
 *   wait.c     rings of threads that do not hold the GIL
 *   control.c  the control page: start-up, requests, parking, fork
 *
 * Everything runs under the GIL except wait.c. `ring_in_use` is the one ring that events go to.
 */
#ifndef BRILLE_TRACER_EMIT_INTERNAL_H
#define BRILLE_TRACER_EMIT_INTERNAL_H

#include "tracer/emit/emit.h"

/* Shared words, read and written by both sides. */
#define shared_load(p)       __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define shared_store(p, v)   __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define shared_set(p, bits)  __atomic_fetch_or((p), (bits), __ATOMIC_ACQ_REL)
#define shared_clear(p, bit) __atomic_fetch_and((p), ~(bit), __ATOMIC_ACQ_REL)

/* Where one stream stands in its ring. Kept privately: nothing is ever read back from shared
 * memory. */
struct stream_place {
    char *base; /* slot 0 */
    uint64_t slots;
    uint64_t number; /* of the open sub-buffer; when in scratch, of the next one */
    bool scratch;    /* events go to the scratch sub-buffer and are counted as dropped */
    uint64_t gap_first;
    uint64_t gap_counts[TRACE_EVENT_COUNT]; /* of the present gap, by wire kind */
};

struct ring_use {
    char *map; /* NULL when there is none */
    uint64_t map_bytes;
    struct ring_header header; /* private copy, checked */
    struct ring_state *state;  /* in the map */
    struct stream_place places[TRACE_STREAM_COUNT];
    struct ring_drops drops; /* as published last */
    uint64_t drops_index;
    uint64_t definitions_used;
    uint64_t definitions_reserved; /* bytes of the region that have pages */
    int fd;                        /* of our own ring, to reserve more; else -1 */
    uint64_t inode;
    enum control_ring_kind kind;
    enum trace_policy policy;
    uint32_t classes; /* to come back to when a handed ring is given back */
    char path[80];    /* of our own ring */
};

extern struct ring_use *ring_in_use; /* NULL: no ring */
extern uint32_t current_tid;         /* thread that holds the GIL, as last told */

/* clock.c */
void clock_init(void);
enum ring_clock clock_kind(void);
struct ring_clock_pair clock_pair(void);
uint64_t clock_monotonic_ns(void);

/* ring.c. On failure false; `status` says what to acknowledge, `detail` errno. */
bool ring_create_own(struct ring_use *use, const struct trace_sizes *sizes, char *message,
                     size_t message_bytes);
bool ring_open_handed(struct ring_use *use, const struct control_request *request,
                      enum control_ack_status *status, uint32_t *detail);
bool ring_map_fd(struct ring_use *use, int fd, bool must_be_sealed, enum control_ack_status *status,
                 uint32_t *detail);
/* Pages for the definitions up to `bytes`; false when there is no room for them. */
bool ring_reserve_definitions(struct ring_use *use, uint64_t bytes);
void ring_release(struct ring_use *use, bool unlink_own);

/* stream.c */
void stream_begin(struct ring_use *use, enum trace_policy policy, enum trace_origin origin);
void stream_end(void); /* closes all sub-buffers of the ring in use; afterwards there is none */
void stream_set_policy(enum trace_policy policy, enum trace_policy_cause cause);
void stream_reset_private(void); /* after fork: forget the ring without touching it */
void rare_refill(void);
uint32_t stream_ask_tid(void); /* of the thread that holds the GIL: the caller's */
/* What gaps since the last call have made necessary. */
bool stream_take_gap(void);

/* rare.c */
void rare_emit(unsigned kind, unsigned aux, uint32_t tid, const uint64_t *payload, unsigned words);
void rare_meta(enum trace_meta what, uint64_t old_value, uint64_t new_value, uint64_t value);
void rare_thread_markers(uint32_t tid);

/* define.c */
void definitions_restart(struct ring_use *use);

/* wait.c */
void waits_begin(struct ring_use *use);
bool waits_end(void); /* false: a thread is still inside; the map must not be taken away */
void waits_after_fork(void);

/* control.c */
void futex_wake_all(uint32_t *word);
void futex_wait_ms(uint32_t *word, uint32_t expected, unsigned milliseconds);

#endif
