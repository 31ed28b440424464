/* The bytes of a ring file: what an emitting process writes and a reader reads.
 *
 *   page 0        struct ring_header     written once by the creator, state = READY last
 *   page 1        struct ring_state      written by the emitter alone: counters, clock, policy
 *   definitions   append-only records    types, code objects with line tables, thread names
 *   HOT           n sub-buffers of 4 KiB
 *   COLD          n sub-buffers
 *   RARE          n sub-buffers
 *   WAIT          64 small rings, one per thread that waits for the GIL
 *   SCRATCH       a sub-buffer per stream for events that are being dropped
 *
 * A sub-buffer is 64 bytes of header and 4032 bytes of events. Number k (from 0) of a stream lies
 * in slot k mod n and carries seq = k + 1. The emitter opens it so: seq = 0, zero the body, fill
 * the header, seq = k + 1. It closes it by setting `bytes` and `end_ticks`, then published = k + 1.
 * Hence, for a reader that copied number k: the copy is whole if, read after the copy, published
 * is below k + n. The open one (k == published) may be read up to its first zero
 * word, because every event starts with a word that is not zero and that is stored last.
 *
 * Dropped events are written too, into the stream's scratch sub-buffer, and counted by kind each
 * time it is full. It lies in the file so that after a SIGKILL those not counted yet can be: they
 * are the ones of a scratch whose seq is 1 and whose first position is not below drops.until.
 *
 * Positions. Each stream counts its own units since the process began (hot: words, cold: 16-byte
 * slots, rare: 16-byte units), dropped ones included. All three are written under the GIL,
 * so one order exists, and it is kept without clocks:
 *
 *     cold slots carry the hot position (as a delta to the sub-buffer's base)
 *     rare records carry the hot and the cold position
 *     seq = hot + cold + rare position of an event: unique, increasing, not dense
 *
 * Records of the WAIT rings and definitions are placed between these and share the seq of the next.
 *
 * Nothing here may be changed without raising RING_ABI_MAJOR (layout) or _MINOR (addition).
 */
#ifndef BRILLE_TRACER_ABI_RING_LAYOUT_H
#define BRILLE_TRACER_ABI_RING_LAYOUT_H

#include "tracer/abi/events.h"

#include <stddef.h>
#include <stdint.h>

#define RING_MAGIC       "BRILRING"
#define RING_ABI_MAJOR   2
#define RING_ABI_MINOR   0
#define RING_ENDIAN_MARK 0x01020304u

enum {
    RING_PAGE_BYTES = 4096,
    RING_SUBBUFFER_BYTES = 4096,
    RING_SUBBUFFER_HEAD = 64,
    RING_SUBBUFFER_BODY = RING_SUBBUFFER_BYTES - RING_SUBBUFFER_HEAD,
    RING_WAIT_SLOTS = 64,
    RING_WAIT_SLOT_BYTES = 16384,
    RING_WAIT_RECORD_BYTES = 32,
    RING_WAIT_RECORDS = (RING_WAIT_SLOT_BYTES - 64) / RING_WAIT_RECORD_BYTES,
    RING_MAX_SUBBUFFERS = 1 << 20, /* 4 GiB a stream: what a reader believes at most */
    RING_MIN_SUBBUFFERS = 4,
    RING_SCRATCH_BYTES = TRACE_STREAM_COUNT * RING_SUBBUFFER_BYTES,
};

/* Feature bits a reader must know before it may read. None is in use yet; two are reserved for
 * encodings that were measured and not taken (4-byte events, one event per operation). */
#define RING_FEATURE_NARROW_EVENTS (1ull << 0)
#define RING_FEATURE_EVENT_PER_OP  (1ull << 1)
#define RING_FEATURES_KNOWN        0ull

enum ring_ready {
    RING_NOT_READY = 0,
    RING_READY = 0x52454459,
};

struct ring_region {
    uint64_t offset; /* from the start of the file, a multiple of RING_PAGE_BYTES */
    uint64_t bytes;
};

struct ring_header {
    char magic[8];
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t header_bytes; /* sizeof(struct ring_header) of the creator */
    uint32_t endian_mark;
    uint32_t word_bytes;
    uint64_t features_required;
    uint64_t features_optional;
    uint64_t schema_hash;
    uint64_t file_bytes;
    uint32_t subbuffer_bytes;
    uint32_t wait_slots;
    uint32_t wait_slot_bytes;
    uint32_t ready; /* enum ring_ready, stored last */
    struct ring_region definitions;
    struct ring_region streams[TRACE_STREAM_COUNT];
    struct ring_region waits;
    struct ring_region scratch; /* TRACE_STREAM_COUNT sub-buffers */
};
_Static_assert(sizeof(struct ring_header) <= RING_PAGE_BYTES, "ring header fits its page");
_Static_assert(offsetof(struct ring_header, definitions) == 72, "ring header layout is fixed");

enum ring_clock {
    RING_CLOCK_TSC = 1,       /* invariant TSC; pairs give the rate */
    RING_CLOCK_MONOTONIC = 2, /* ticks are CLOCK_MONOTONIC nanoseconds */
};

struct ring_clock_pair {
    uint64_t ticks;
    uint64_t ns; /* CLOCK_MONOTONIC */
};

enum ring_phase {
    RING_UNUSED = 0,
    RING_RUNNING = 1,
    RING_CLOSED = 2, /* the emitter left in an orderly way; all sub-buffers are closed */
};

/* published <= number of sub-buffers ever opened <= published + 1
 * position - start == in the ring or read + dropped + overwritten + elsewhere, in units */
struct ring_stream_state {
    uint64_t published;   /* sub-buffers closed; the next one may be open */
    uint64_t start;       /* position when this ring came into use */
    uint64_t position;    /* position at the last refill or close */
    uint64_t dropped;     /* units dropped in this ring; as dropped_hot */
    uint64_t overwritten; /* units that a flight recorder ran over */
    uint64_t elsewhere;   /* units that went to another ring while this one rested */
    uint64_t waits;       /* times the emitter waited for the reader */
};

/* What was dropped, by wire kind. Written whole into the copy that is not in use, then that one is:
 * a kill finds either the old numbers or the new. */
struct ring_drops {
    uint64_t until[TRACE_STREAM_COUNT]; /* everything dropped before these positions is in here */
    uint64_t units[TRACE_STREAM_COUNT];
    uint64_t hot[16];
    uint64_t cold[16];
    uint64_t rare[TRACE_EVENT_COUNT]; /* records */
};

struct ring_state {
    uint32_t phase;               /* enum ring_phase */
    uint32_t clock;               /* enum ring_clock */
    uint32_t policy;              /* enum trace_policy */
    uint32_t classes;             /* enabled now */
    uint32_t origin;              /* enum trace_origin */
    uint32_t calibration_index;   /* which of the two `latest` is whole */
    struct ring_clock_pair first; /* from the start of the process */
    struct ring_clock_pair began; /* when this ring came into use: time 0 of a trace */
    struct ring_clock_pair latest[2];
    uint64_t realtime_ns; /* CLOCK_REALTIME at `first` */
    uint64_t pid;         /* of the emitting process, as it sees itself */
    uint64_t starttime;   /* field 22 of /proc/PID/stat */
    char boot_id[40];
    char build_id[64]; /* of the emitter, free text */
    struct ring_stream_state streams[TRACE_STREAM_COUNT];
    /* Readers find the drops here, ring_view_state() puts them here; in the ring these are 0. */
    uint64_t dropped_hot[16]; /* units by wire kind */
    uint64_t dropped_cold[16];
    uint64_t dropped_rare[TRACE_EVENT_COUNT]; /* rare: records by kind */
    struct ring_drops drops[2];
    uint64_t drops_index;         /* which of the two is whole */
    uint64_t definitions_bytes;   /* published part of the region */
    uint64_t definitions_refused; /* did not fit; their ids resolve to "unknown" */
    uint64_t waits_refused;       /* wait records without a slot */
    uint64_t policy_falls;        /* block gave up */
};
_Static_assert(sizeof(struct ring_state) <= RING_PAGE_BYTES, "ring state fits its page");

enum {
    RING_HEADER_OFFSET = 0,
    RING_STATE_OFFSET = RING_PAGE_BYTES,
    RING_DATA_OFFSET = 2 * RING_PAGE_BYTES,
};

/* Head of a sub-buffer. `bytes` is 0 while open. */
struct ring_subbuffer {
    uint64_t seq;       /* number + 1; 0 while it is being rewritten. Stored last. */
    uint64_t first;     /* position of the first unit in the body */
    uint64_t ticks;     /* when opened */
    uint64_t end_ticks; /* when closed */
    uint64_t dropped;   /* cumulative units dropped in this stream before `first` */
    uint64_t base;      /* COLD: hot position that deltas count from; else cold position */
    uint32_t tid;       /* thread that holds the GIL at opening */
    uint16_t bytes;     /* used in the body, once closed */
    uint8_t classes;    /* enabled at opening */
    uint8_t policy;
    uint32_t code;  /* code object running at opening; 0 is none */
    uint32_t depth; /* of its Python stack */
};
_Static_assert(sizeof(struct ring_subbuffer) == RING_SUBBUFFER_HEAD, "sub-buffer head");

/* HOT: one word. */
#define TRACE_WORD_KIND(word)    ((unsigned)((word)&15))
#define TRACE_WORD_ADDRESS(word) ((word)&0x00007ffffffffff0ull)
#define TRACE_WORD_ID(word)      ((uint32_t)(TRACE_WORD_ADDRESS(word) >> 4))
#define TRACE_SITE_SHIFT         48
#define TRACE_WORD_SITE(word)    ((unsigned)((word) >> TRACE_SITE_SHIFT))
#define TRACE_SITE_UNKNOWN       0xffffu
/* A site counts instructions modulo 2^16, from any number: that of the code's first instruction is
 * in its definition. Code that is longer has no usable sites. */
#define TRACE_SITE_MASK 0xffffu

/* COLD: two words. The first is shaped like a hot word and stored last; the second holds
 *
 *    63      44 43      24 23        0
 *   |   type   |   size   | hot delta |      size and type are 0 after a WIDE slot
 *
 *   alloc  type, size     resize  size      retype  type      gc_track  generation in `type`
 *   BASE   second word = hot position       THREAD  tid as id, delta in the second word
 *   WIDE   id = type, second word = size; belongs to the next slot, in the same sub-buffer
 */
#define TRACE_COLD_DELTA_BITS  24
#define TRACE_COLD_SIZE_BITS   20
#define TRACE_COLD_TYPE_BITS   20
#define TRACE_COLD_SIZE_SHIFT  24
#define TRACE_COLD_TYPE_SHIFT  44
#define TRACE_COLD_DELTA(word) ((word)&0xffffffull)
#define TRACE_COLD_SIZE(word)  (((word) >> TRACE_COLD_SIZE_SHIFT) & 0xfffffull)
#define TRACE_COLD_TYPE(word)  ((uint32_t)((word) >> TRACE_COLD_TYPE_SHIFT))
#define TRACE_COLD_SLOT_BYTES  16

/* RARE: head stored last, then payload words; the whole a multiple of 16 bytes. */
struct trace_rare {
    uint64_t head; /* kind 0..7, units of 16 bytes 8..15, aux 16..31, tid 32..63 */
    uint64_t ticks;
    uint64_t hot;
    uint64_t cold;
};
#define TRACE_RARE_KIND(head)  ((unsigned)((head)&0xff))
#define TRACE_RARE_UNITS(head) ((unsigned)((head) >> 8 & 0xff))
#define TRACE_RARE_AUX(head)   ((unsigned)((head) >> 16 & 0xffff))
#define TRACE_RARE_TID(head)   ((uint32_t)((head) >> 32))
#define TRACE_RARE_HEAD(kind, units, aux, tid) \
    ((uint64_t)(kind) | (uint64_t)(units) << 8 | (uint64_t)(aux) << 16 | (uint64_t)(tid) << 32)

/* Payload words of each rare record, by index. Snapshot: aux = objects, three words each. Stack:
 * aux = frames in this record. */
enum trace_rare_words {
    TRACE_MAX_PAYLOAD_WORDS = (RING_SUBBUFFER_BODY - (int)sizeof(struct trace_rare)) / 8,
    TRACE_SNAPSHOT_WORDS = 3, /* address | generation; type | refcount << 32; size */
    TRACE_SNAPSHOT_BATCH = TRACE_MAX_PAYLOAD_WORDS / TRACE_SNAPSHOT_WORDS,
    TRACE_STACK_HEAD_WORDS = 2, /* tid | depth << 32; index of the first frame here */
    TRACE_STACK_BATCH = TRACE_MAX_PAYLOAD_WORDS - TRACE_STACK_HEAD_WORDS,
    TRACE_DROPPED_HEAD_WORDS = 4, /* stream; first position; position after; units */
};
/* A stack frame: code id in the low half, site in the high half. */
#define TRACE_FRAME(code, site) ((uint64_t)(code) | (uint64_t)(site) << 32)
#define TRACE_FRAME_CODE(frame) ((uint32_t)(frame))
#define TRACE_FRAME_SITE(frame) ((uint32_t)((frame) >> 32))

/* WAIT: per slot 64 bytes of head, then RING_WAIT_RECORDS records. Record i lies at i mod that. */
struct ring_wait_slot {
    uint32_t tid;     /* owner, 0 when free */
    uint32_t retired; /* owner has ended; the slot may be given away */
    uint64_t written; /* records ever written, stored after the record */
    uint64_t reserved[6];
};
_Static_assert(sizeof(struct ring_wait_slot) == 64, "wait slot head");

struct ring_wait {
    uint64_t head; /* kind 0..7, index + 1 (low 24 bits) 8..31, tid 32..63; stored last */
    uint64_t ticks;
    uint64_t gil_seq; /* handoffs so far, as the waiting thread saw it */
    uint64_t holder;  /* tid it waits for */
};
_Static_assert(sizeof(struct ring_wait) == RING_WAIT_RECORD_BYTES, "wait record");

/* DEFS: a record is `bytes` long, a multiple of 8, payload by kind. Strings follow the fixed part,
 * unterminated, UTF-8, one after the other in the order of their lengths. */
struct ring_definition {
    uint32_t bytes;
    uint16_t kind; /* TRACE_EVENT_type_define, _code_define, _thread_define */
    uint16_t reserved;
    uint32_t id;
    uint32_t string_bytes[3]; /* type: name, module. code: name, qualname, file. thread: name */
    uint32_t value;           /* code: first line. type: flags of the emitter */
    uint32_t count;           /* code: line entries, before the strings */
    uint64_t address; /* type: of the type object. code: of the code object. thread: ident */
    uint64_t size;    /* type: basic size. code: site of its first instruction */
    uint64_t hot;     /* positions when it was defined */
    uint64_t cold;
    uint64_t rare;
};
_Static_assert(sizeof(struct ring_definition) == 72, "definition head");

/* From this site on, until the next entry, code belongs to this line. Sorted by site. */
struct trace_line {
    uint32_t site; /* counted from that of the first instruction */
    uint32_t line;
};

#endif
