/* The .trace file: layout, writer and reader. Specified byte for byte in docs/formats/trace.md.
 *
 *   header | block | block | ... | INDEX block(s) | END block
 *
 * A block is a 40-byte head and a payload, each with its own CRC-32C; the payload may be compressed
 * with zstd. A stream block holds chunks (see chunk.h): sub-buffers as they were in the ring. So
 * the file is a spool: writing it decodes nothing, and reading it is reading a ring that never
 * overflows.
 *
 * A file that ends early is readable up to its last whole block (`cut_short`); a flipped bit is an
 * error that names the offset. The reader takes what blocks there are from the index, or walks the
 * heads when there is none, and then reads each stream by itself, one block in memory at a time.
 * The index also says with which position and at what time each block begins, so that reading can
 * begin anywhere (file_seek.c).
 */
#ifndef BRILLE_TRACER_READ_FILE_H
#define BRILLE_TRACER_READ_FILE_H

#include "tracer/read/chunk.h"
#include "tracer/read/definitions.h"

#include <stdbool.h>

#define TRACE_FILE_MAGIC  "BRILTRCE"
#define TRACE_BLOCK_MAGIC 0x4b4c4254u /* "TBLK" */

enum {
    TRACE_FILE_MAJOR = 3,
    TRACE_FILE_MINOR = 1,                 /* 1: TRACE_BLOCK_KINDS_MAGIC */
    TRACE_BLOCK_TARGET_BYTES = 256 << 10, /* a block is written when it has grown to this */
    TRACE_BLOCK_MAX_BYTES = 8 << 20,      /* and a reader believes no more than this */
    /* What may still be written to a file that is full: a block of each kind, the state, the end.
     */
    TRACE_FILE_RESERVE_BYTES = 6 * (TRACE_BLOCK_TARGET_BYTES + 4 * RING_SUBBUFFER_BYTES),
};

struct trace_file_header {
    char magic[8];
    uint16_t major;
    uint16_t minor;
    uint32_t header_bytes;
    uint32_t endian_mark;
    uint32_t reserved0;
    uint64_t features_required; /* none defined yet: any bit is refused */
    uint64_t schema_hash;
    uint64_t pid;
    uint64_t starttime;
    uint64_t created_ns; /* CLOCK_REALTIME when the file was begun */
    char build_id[64];
    uint32_t reserved1;
    uint32_t crc; /* of all bytes before it */
};
_Static_assert(sizeof(struct trace_file_header) == 136, "trace file header");

enum trace_block_kind {
    TRACE_BLOCK_HOT = 1, /* 1 + enum trace_stream */
    TRACE_BLOCK_COLD = 2,
    TRACE_BLOCK_RARE = 3,
    TRACE_BLOCK_WAITS = 4,       /* struct ring_wait records */
    TRACE_BLOCK_DEFINITIONS = 5, /* bytes of the definitions region, cut anywhere */
    TRACE_BLOCK_STATE = 6,       /* one struct ring_state; the last one counts */
    TRACE_BLOCK_END = 7,         /* one struct trace_file_end; nothing follows */
    TRACE_BLOCK_INDEX = 8,       /* struct trace_index_entry of each block before; then the END */
};

enum trace_block_flag {
    TRACE_BLOCK_ZSTD = 1,
    TRACE_BLOCK_CODED = 2,    /* HOT, COLD: see hot_code.h, cold_code.h; inside the zstd frame */
    TRACE_BLOCK_BASELINE = 4, /* RARE: a baseline begins or ends in it */
    TRACE_BLOCK_FLAGS = 7,
};

/* Behind the zstd frame of a coded block lies what zstd takes for a frame to be skipped: how many
 * units of each wire kind are in the block, for those who want no more than that. */
enum { TRACE_WIRE_KINDS = 16 };
struct trace_block_kinds {
    uint32_t magic; /* TRACE_BLOCK_KINDS_MAGIC */
    uint32_t bytes; /* of `units` */
    uint32_t units[TRACE_WIRE_KINDS];
};
_Static_assert(sizeof(struct trace_block_kinds) == 72, "counts of a trace block");
#define TRACE_BLOCK_KINDS_MAGIC 0x184d2a5bu

struct trace_block_head {
    uint32_t magic;
    uint16_t kind;
    uint16_t flags;
    uint32_t raw_bytes;    /* of the payload, uncompressed */
    uint32_t stored_bytes; /* of the payload, as it follows */
    uint64_t number;       /* 0, 1, 2 ... in the file: a lost or doubled block shows */
    uint32_t chunks;
    uint32_t payload_crc; /* of the stored bytes */
    uint32_t reserved;
    uint32_t crc; /* of the head before it */
};
_Static_assert(sizeof(struct trace_block_head) == 40, "trace block head");

/* In a stream block, before the bytes of each chunk (which are a multiple of 8). */
struct trace_chunk_head {
    struct ring_subbuffer subbuffer;
    uint32_t offset;
    uint32_t bytes;
};
_Static_assert(sizeof(struct trace_chunk_head) == 72, "trace chunk head");

/* A block, as the index has it. Blocks follow each other without holes, so this places them. */
struct trace_index_entry {
    uint16_t kind;
    uint16_t flags;
    uint32_t raw_bytes;
    uint32_t stored_bytes;
    uint32_t chunks;
    uint64_t first; /* HOT, COLD, RARE: position of the first unit; TRACE_PLACE_UNKNOWN: look */
    uint64_t ticks; /* and when its sub-buffer was opened */
};
_Static_assert(sizeof(struct trace_index_entry) == 32, "trace index entry");
#define TRACE_PLACE_UNKNOWN UINT64_MAX

struct trace_file_end {
    uint64_t units[TRACE_STREAM_COUNT]; /* written to this file */
    uint64_t definition_bytes;
    uint64_t waits;
    uint64_t waits_lost;
    uint64_t blocks;       /* before this one */
    uint64_t reason;       /* enum trace_end_reason */
    uint64_t index_offset; /* of the head of the first INDEX block; 0: there is none */
    uint64_t index_blocks; /* they lie between that and this block */
};

enum trace_end_reason {
    TRACE_END_DETACHED = 1, /* the recorder stopped */
    TRACE_END_EXITED = 2,   /* the target closed its ring */
    TRACE_END_KILLED = 3,   /* the target died with the ring open */
    TRACE_END_FULL = 4,     /* the file reached the size asked for */
};

/* ---- writing --------------------------------------------------------------------------------- */

struct trace_file_writer {
    struct chunk_sink sink; /* first: pass &writer->sink to a drain */
    int fd;
    uint32_t hurry;   /* 1 << kind: its blocks stay uncompressed, because the ring fills too fast */
    char *buffers[6]; /* by block kind, 1..5 */
    size_t used[6];
    uint32_t chunks[6];
    char *packed;
    size_t packed_room;
    char *coded;
    void *zstd;
    uint64_t blocks;
    struct trace_index_entry *index; /* of all blocks so far */
    size_t index_room;
    bool baseline;      /* one begins or ends in what is buffered of RARE */
    uint64_t bytes;     /* of the file so far */
    uint64_t max_bytes; /* 0: no bound. What would not fit is not written, and `full` is set */
    bool full;
    struct trace_file_end end;
    void (*on_block)(void *context); /* called around writes: a heartbeat */
    void *on_block_context;
};

/* Creates `path` (0600, truncated). The state gives the identity; a STATE block is written at once.
 */
enum read_status trace_file_create(struct trace_file_writer *writer, const char *path,
                                   const struct ring_state *state, struct read_error *error);
/* Writes out everything buffered and a STATE block, so that what follows a crash is little. */
enum read_status trace_file_flush(struct trace_file_writer *writer, const struct ring_state *state,
                                  struct read_error *error);
/* Ends the file in order and closes it. */
enum read_status trace_file_finish(struct trace_file_writer *writer, const struct ring_state *state,
                                   enum trace_end_reason reason, struct read_error *error);
/* Goes on writing a file that was flushed and has no END yet. */
enum read_status trace_file_continue(struct trace_file_writer *writer, const char *path,
                                     struct read_error *error);
struct trace_file_reader;
/* Appends the blocks of another file, from its block number `from` on, as they are. */
enum read_status trace_file_copy_blocks(struct trace_file_writer *writer,
                                        struct trace_file_reader *other, uint64_t from,
                                        struct read_error *error);
/* Frees everything; leaves a file without END behind if finish was not called. */
void trace_file_abandon(struct trace_file_writer *writer);

/* ---- reading --------------------------------------------------------------------------------- */

struct trace_block_entry {
    uint64_t offset; /* of the payload */
    uint64_t number;
    struct trace_index_entry about;
};

struct trace_file_lane {
    struct trace_block_entry *entries;
    size_t count, room, next;
    char *raw; /* payload of the present block */
    size_t raw_bytes, raw_room, raw_used;
};

struct trace_file_reader {
    struct chunk_source source; /* first */
    int fd;
    uint64_t bytes;
    struct trace_file_header header;
    struct trace_file_lane lanes[6]; /* by block kind - 1; state blocks in the last */
    struct ring_state state;         /* of the last STATE block */
    struct trace_file_end end;
    bool cut_short;
    char *stored;
    size_t stored_room;
    char *coded; /* TRACE_BLOCK_MAX_BYTES, made when the first coded block is read */
};

enum read_status trace_file_open(struct trace_file_reader *reader, int fd,
                                 struct read_error *error);
void trace_file_close(struct trace_file_reader *reader);

/* Everything but the streams, in one go. */
enum read_status trace_file_definitions(struct trace_file_reader *reader,
                                        struct definitions *definitions, struct read_error *error);
enum read_status trace_file_waits(struct trace_file_reader *reader, struct ring_wait **records,
                                  size_t *count, struct read_error *error);

/* The head of a block, verified, and its payload as it is stored, verified too, into `stored`,
 * which has room for about.stored_bytes. */
enum read_status trace_file_read_stored(struct trace_file_reader *reader,
                                        const struct trace_block_entry *entry,
                                        struct trace_block_head *head, void *stored,
                                        struct read_error *error);
/* Units that are to be counted. */
struct trace_counted {
    uint16_t kinds; /* wire kinds, a bit each */
    bool sized;     /* of COLD: those that have a size only if it is one of these */
    int64_t least_size, most_size;
};
/* How many of these the next block of HOT or COLD has; it is then done with. READ_END: there is
 * none. Of a block that does not say it the units are looked at. */
enum read_status trace_file_count(struct trace_file_reader *reader, unsigned stream,
                                  const struct trace_counted *counted, uint64_t *count,
                                  struct read_error *error);
/* The payload of block `i` of a stream into its lane's `raw`, whose chunks are then gone. */
enum read_status trace_file_load(struct trace_file_reader *reader, unsigned stream, size_t i,
                                 struct read_error *error);

/* ---- beginning elsewhere (file_seek.c) ------------------------------------------------------- */

/* A place in the total order. */
struct trace_place {
    uint64_t positions[TRACE_STREAM_COUNT];
    uint64_t ticks;
    uint32_t classes; /* that are recorded there */
};

/* A moment that is looked for: the events with seq < value, or those up to a time. */
struct trace_moment {
    bool is_time;
    uint64_t value; /* seq, or ticks */
};

/* The last baseline that is whole before the moment. *found: there is one. */
enum read_status trace_file_find_baseline(struct trace_file_reader *reader,
                                          const struct trace_moment *moment,
                                          struct trace_place *place, bool *found,
                                          struct read_error *error);
/* Each stream goes on with the last block that does not begin behind its position, or after
 * `ticks`; `begin` are the positions they begin with. To be called before anything is read. */
enum read_status trace_file_seek(struct trace_file_reader *reader,
                                 const uint64_t positions[TRACE_STREAM_COUNT],
                                 uint64_t begin[TRACE_STREAM_COUNT], struct read_error *error);
enum read_status trace_file_seek_time(struct trace_file_reader *reader, uint64_t ticks,
                                      uint64_t begin[TRACE_STREAM_COUNT], struct read_error *error);
/* HOT and COLD alone: from then on they are whole, and in front of it lies what says of which
 * thread they are and where their positions count from. */
enum read_status trace_file_seek_events(struct trace_file_reader *reader, uint64_t ticks,
                                        struct read_error *error);
/* Passes over a stream altogether. */
void trace_file_skip(struct trace_file_reader *reader, unsigned stream);

#endif
