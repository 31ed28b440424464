/* The control page: the one page through which a running process is looked at and switched.
 *
 * It is a sealed memfd named "brille-control", mapped over a page of the emitting process's own
 * .bss, so that the interpreter reads its eval-breaker and its class mask with a plain load from a
 * fixed address. An inspector finds it by that name among /proc/PID/fd and maps it too; who may not
 * ptrace the process cannot open it.
 *
 *   line 0      identity, written before `ready`
 *   line 1      words that the interpreter loads all the time
 *   then        reader slot, request, ack, park, counters: one cache line (or more) each
 *
 * Who writes what: `reader`, `request` and `park.request/rearm` belong to the inspector that
 * holds the slot, as do single bits that it ORs into eval_breaker, and `epoch` which a capture adds
 * one to. Everything else belongs to the process. The process believes nothing it reads here:
 * unknown bits are ignored, a wild tail reads as "ring is full", a wild ticket costs at most 50 ms.
 *
 * Asking for a change (inspector):  fill request.*, store request.seq = ack.seq + 1 (release), OR
 *     EVAL_BREAK_TRACE into eval_breaker, futex-wait on ack.seq.
 * Honouring it (process, at a safepoint, under the GIL): trace_poll_request() in
 * tracer/emit/emit.h.
 *
 * Parking the interpreter (inspector): store park.request = ticket (never 0), OR EVAL_BREAK_PARK,
 *     futex-wait until park.acknowledged == ticket. The GIL holder now sits in a futex wait of at
 * most 50 ms, prolonged by each increment of park.rearm. Release: park.request = 0, futex-wake it.
 */
#ifndef BRILLE_TRACER_ABI_CONTROL_H
#define BRILLE_TRACER_ABI_CONTROL_H

#include "tracer/abi/events.h"

#include <stddef.h>
#include <stdint.h>

#define CONTROL_NAME      "brille-control" /* readlink says "/memfd:brille-control (deleted)" */
#define CONTROL_MAGIC     0x4c5254434c495242ull /* "BRILCTRL" */
#define CONTROL_ABI_MAJOR 1
#define CONTROL_ABI_MINOR 1
#define CONTROL_READY     0x52454459u

enum {
    CONTROL_BYTES = 4096,
    CONTROL_PARK_MS = 50,      /* how long a parked interpreter waits without a re-arm */
    CONTROL_SILENCE_MS = 1000, /* a reader whose heartbeat stands still this long is dead */
};

/* Bits of eval_breaker. The interpreter checks the word at back-edges and calls; any bit leads to
 * its slow path, which handles and clears the bits that are set. Bits not listed are ignored. */
enum eval_break {
    EVAL_BREAK_GIL_DROP = 1u << 0, /* another thread wants the GIL */
    EVAL_BREAK_GC = 1u << 1,       /* a collection is due */
    EVAL_BREAK_SIGNAL = 1u << 2,   /* a signal handler is to run */
    EVAL_BREAK_ASYNC = 1u << 3,    /* an exception was set from another thread */
    EVAL_BREAK_TRACE = 1u << 4,    /* request.seq moved, or the stream wants stacks after a gap */
    EVAL_BREAK_PARK = 1u << 5,     /* park.request holds a ticket */
    EVAL_BREAK_KNOWN = 0x3f,
};

/* claim = pid << 32 | low half of the start time; 0 is free. One compare-and-swap takes it. */
struct control_reader {
    uint64_t claim;
    uint64_t heartbeat;                /* moves at least every 100 ms while the reader is well */
    uint64_t tail[TRACE_STREAM_COUNT]; /* sub-buffers read, by number */
    uint32_t wake;                     /* futex: incremented when tails have moved */
    uint32_t waiting;                  /* set by the emitter while it blocks */
    uint64_t reserved[2];
};
_Static_assert(sizeof(struct control_reader) == 64, "reader slot is one cache line");

enum control_request_flag {
    CONTROL_WANT_BASELINE = 1u << 0, /* snapshot of every object, and the stacks */
    CONTROL_WANT_STACKS = 1u << 1,
    CONTROL_RING_FD = 1u << 2,    /* a ring is at /proc/ring_pid/fd/ring_fd */
    CONTROL_RING_NAMED = 1u << 3, /* or at /dev/shm/brille-<pid>-<starttime>.ring<ring_fd> */
    CONTROL_RESYNC = 1u << 4,   /* from now on a gap asks for a new baseline, not only for stacks */
    CONTROL_STOP = 1u << 5,     /* classes off, ring given back, slot will be freed */
    CONTROL_NO_DRAIN = 1u << 6, /* nobody reads the present ring any more: do not block for it */
    CONTROL_FILTER = 1u << 7,   /* take `filter` of this page; without it a new ring has none */
};

enum control_filter_kind {
    CONTROL_FILTER_TYPE = 1u << 0,   /* objects whose type has this name */
    CONTROL_FILTER_OBJECT = 1u << 1, /* one object */
    CONTROL_FILTER_FILE = 1u << 2,   /* what the code of one source file does */
    CONTROL_FILTER_SAMPLE =
        1u << 3, /* one alloc for about so many bytes; see docs/internals/ring.md */
    CONTROL_FILTER_KNOWN = 0x0f,
};

/* Which events of objects are wanted; several kinds: all must hold. Filtered events are not
 * emitted: they take no position and are not counted as dropped. Written before request.seq, read
 * with the request. Texts need no terminator. */
struct control_filter {
    uint32_t kinds;
    uint32_t reserved;
    uint64_t object;
    uint64_t sample_bytes; /* mean distance of samples */
    char type[128];        /* "Session" or "shop.Session" */
    char file[360];        /* a path, or the end of one: "shop/session.py" */
};
_Static_assert(sizeof(struct control_filter) == 512, "filter is eight cache lines");

struct control_request {
    uint32_t seq; /* stored last */
    uint32_t classes;
    uint32_t policy; /* enum trace_policy; 0 keeps the present one */
    uint32_t flags;
    int32_t ring_pid;
    int32_t ring_fd;
    uint32_t reserved[10];
};
_Static_assert(sizeof(struct control_request) == 64, "request is one cache line");

enum control_ack_status {
    CONTROL_ACK_OK = 0,
    CONTROL_ACK_NO_OPEN = 1,   /* the ring could not be opened (errno in `detail`) */
    CONTROL_ACK_NOT_YOURS = 2, /* wrong owner, not sealed, or the reader slot names another pid */
    CONTROL_ACK_BAD_RING = 3,  /* header does not hold water */
    CONTROL_ACK_OTHER_ABI = 4, /* other major version, feature or schema */
    CONTROL_ACK_NO_MEMORY = 5, /* mmap refused (errno in `detail`) */
    CONTROL_ACK_NO_RING = 6,   /* classes asked for, but there is no ring */
};

struct control_ack {
    uint32_t seq; /* stored last, futex */
    uint32_t status;
    uint32_t detail;
    uint32_t classes;                      /* enabled from here on */
    uint64_t position[TRACE_STREAM_COUNT]; /* the change lies exactly before these */
    uint32_t policy;
    uint32_t reserved[5];
};
_Static_assert(sizeof(struct control_ack) == 64, "ack is one cache line");

struct control_park {
    uint32_t request;      /* ticket, 0 = go on. Futex that the interpreter waits on */
    uint32_t rearm;        /* each change grants another 50 ms */
    uint32_t acknowledged; /* ticket that is parked now, 0 = running. Futex for the inspector */
    uint32_t parked_total;
    uint32_t reserved[12];
};
_Static_assert(sizeof(struct control_park) == 64, "park is one cache line");

enum control_ring_kind {
    CONTROL_RING_NONE = 0,
    CONTROL_RING_OWN = 1,    /* /dev/shm/brille-<pid>-<starttime> */
    CONTROL_RING_HANDED = 2, /* given by the reader */
};

struct trace_control {
    uint64_t magic;
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t control_bytes; /* sizeof(struct trace_control) */
    uint64_t schema_hash;
    uint64_t pid;       /* as the process sees itself */
    uint64_t starttime; /* field 22 of /proc/PID/stat */
    uint64_t features_required;
    uint32_t ready; /* CONTROL_READY, stored last */
    uint32_t reserved0[3];

    uint32_t eval_breaker __attribute__((aligned(64))); /* enum eval_break */
    uint32_t classes;                                   /* enabled now; only the process writes */
    uint32_t epoch; /* stamped into new objects; each capture adds one */
    uint32_t reserved1[13];

    struct control_reader reader;
    struct control_request request;
    struct control_ack ack;
    struct control_park park;

    uint32_t ring_kind; /* enum control_ring_kind */
    uint32_t ring_policy;
    uint64_t ring_inode; /* of the ring in use: an inspector checks that it opened the right one */
    uint64_t emitted[TRACE_STREAM_COUNT]; /* positions at the last refill, for a quick look */
    uint64_t dropped[TRACE_STREAM_COUNT];
    uint64_t clock_ticks; /* a clock pair from the start of the process */
    uint64_t clock_ns;
    uint32_t clock; /* enum ring_clock */
    uint32_t reserved2[27];

    struct control_filter filter __attribute__((aligned(64)));

    uint8_t reserved3[CONTROL_BYTES - 1088];
} __attribute__((aligned(4096)));
_Static_assert(offsetof(struct trace_control, eval_breaker) == 64, "control layout is fixed");
_Static_assert(offsetof(struct trace_control, reader) == 128, "control layout is fixed");
_Static_assert(offsetof(struct trace_control, filter) == 576, "control layout is fixed");
_Static_assert(sizeof(struct trace_control) == CONTROL_BYTES, "the control page is one page");

/* Environment variable by which `brille run` hands a prepared control page and ring to the program
 * it starts: "control_fd,ring_fd,classes,policy", all decimal. Read once, then unset. */
#define TRACE_HANDOVER_ENV "BRILLE_TRACE_HANDOVER"

#endif
