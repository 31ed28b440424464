/* Reading a ring: a file that another process is writing, or left behind when it died.
 *
 * All data are read by pread, so a file that shrinks gives a short read and not a SIGBUS. Every
 * number in it is hostile: the header is judged once (ring_header_check), counters are bounded by
 * the size of the ring, and a sub-buffer counts only if its seq is the expected one before and
 * after the copy.
 *
 * A view remembers how far it has read. What the writer ran over before it was read shows as a jump
 * of the position in the next chunk's head; nothing is counted twice.
 */
#ifndef BRILLE_TRACER_READ_RING_H
#define BRILLE_TRACER_READ_RING_H

#include "tracer/abi/ring_header.h"
#include "tracer/read/chunk.h"

#include <stdbool.h>

enum {
    RING_VIEW_BATCH = 64, /* sub-buffers copied by one pread */
};

struct ring_view {
    int fd;
    struct ring_header header;
    uint64_t tail[TRACE_STREAM_COUNT];    /* number of the next sub-buffer to read */
    uint32_t partial[TRACE_STREAM_COUNT]; /* bytes of it that were delivered while it was open */
    uint64_t end[TRACE_STREAM_COUNT];     /* position behind everything read or known lost */
    uint64_t definitions_read;
    uint64_t waits_read[RING_WAIT_SLOTS];
    uint64_t waits_lost;
    char *buffer;  /* RING_VIEW_BATCH sub-buffers */
    char *map;     /* NULL: not mapped */
    bool in_place; /* closed sub-buffers are handed over where they lie */
};

/* Takes `fd` over on success. */
enum read_status ring_view_init(struct ring_view *view, int fd, struct read_error *error);
enum read_status ring_view_open(struct ring_view *view, const char *path, struct read_error *error);
void ring_view_deinit(struct ring_view *view);

/* Spares the copy out of a ring that is sealed to its length (so no SIGBUS). Only while the policy
 * is block or drop: under overwrite the emitter may come round while a sink reads. The bytes that a
 * sink gets may then change under it at the hands of a hostile emitter: it must read each once. */
void ring_view_read_in_place(struct ring_view *view);

/* Closed sub-buffers of a stream so far. */
uint64_t ring_view_published(const struct ring_view *view, unsigned stream);

enum read_status ring_view_state(const struct ring_view *view, struct ring_state *state,
                                 struct read_error *error);

/* After the emitter's death: adds to the state what lies in the scratch sub-buffers, dropped and
 * not counted yet. */
enum read_status ring_view_count_scratch(const struct ring_view *view, struct ring_state *state,
                                         struct read_error *error);

/* Delivers what is new in one stream, at most `limit` sub-buffers; with `open_too`, the finished
 * events of the sub-buffer that is being written as well. `*delivered` grows by the bytes. */
enum read_status ring_view_drain(struct ring_view *view, unsigned stream, uint64_t limit,
                                 bool open_too, struct chunk_sink *sink, uint64_t *delivered,
                                 struct read_error *error);

/* New definitions, and new records of waiting threads. */
enum read_status ring_view_definitions(struct ring_view *view, struct chunk_sink *sink,
                                       struct read_error *error);
enum read_status ring_view_waits(struct ring_view *view, struct chunk_sink *sink,
                                 struct read_error *error);

/* Makes a ring file of these sizes in `fd` (empty so far), every page allocated. */
enum read_status ring_create(int fd, const struct trace_sizes *sizes, struct read_error *error);

/* For a reader that is waited for: 4 MiB hot and cold, 8 MiB rare, 16 MiB definitions; tiny in the
 * checked build. */
struct trace_sizes ring_reader_sizes(void);

#endif
