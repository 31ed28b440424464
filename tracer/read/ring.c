/* See ring.h. The copy protocol, for sub-buffer n of a ring with N slots:
 *
 *     copy the slot; it is whole if its seq == n + 1 and, read afterwards, published < n + N.
 *     published == n + N: the writer may be opening that very slot; then seq is read once more,
 *     because opening begins with seq = 0.
 *
 * An open sub-buffer is read twice: the first look finds where its finished events end, the second
 * takes exactly those. A single look could see a slot's first word and not yet its second.
 */
#include "tracer/read/ring.h"

#include "tracer/abi/ring_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct trace_sizes ring_reader_sizes(void)
{
#ifdef BRILLE_CHECKED
    /* Not the definitions: a program that makes classes all the time has soon filled a small
     * region, and its later objects are of unknown types. */
    const uint64_t tiny = 2 * RING_MIN_SUBBUFFERS * RING_SUBBUFFER_BYTES;
    return (struct trace_sizes){
        .hot_bytes = tiny, .cold_bytes = tiny, .rare_bytes = tiny, .definitions_bytes = 16u << 20};
#else
    return (struct trace_sizes){.hot_bytes = 4u << 20,
                                .cold_bytes = 4u << 20,
                                .rare_bytes = 8u << 20,
                                .definitions_bytes = 16u << 20};
#endif
}

/* ---- opening ------------------------------------------------------------------------------- */

enum read_status ring_view_init(struct ring_view *view, int fd, struct read_error *error)
{
    struct ring_view fresh = {.fd = fd};
    struct stat about;
    char why[160];
    if (fstat(fd, &about) != 0)
        return read_fail(error, READ_IO, "event ring: %s", strerror(errno));
    if (!S_ISREG(about.st_mode) ||
        pread(fd, &fresh.header, sizeof(fresh.header), 0) != (ssize_t)sizeof(fresh.header))
        return read_fail(error, READ_NOT_TARGET, "too short for an event ring");
    switch (ring_header_check(&fresh.header, (uint64_t)about.st_size, why, sizeof(why))) {
    case RING_GOOD:
        break;
    case RING_NOT_A_RING:
        return read_fail(error, READ_NOT_TARGET, "%s", why);
    case RING_OTHER_ABI:
    case RING_NEEDS_FEATURE:
    case RING_OTHER_SCHEMA:
        return read_fail(error, READ_VERSION, "%s", why);
    default:
        return read_fail(error, READ_DAMAGED, "%s", why);
    }
    fresh.buffer = malloc((size_t)RING_VIEW_BATCH * RING_SUBBUFFER_BYTES);
    if (!fresh.buffer)
        return read_fail(error, READ_NO_MEMORY, "no memory to read an event ring");
    *view = fresh;
    return READ_OK;
}

enum read_status ring_view_open(struct ring_view *view, const char *path, struct read_error *error)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return read_fail(error, errno == EACCES ? READ_DENIED : READ_IO, "cannot open %s: %s", path,
                         strerror(errno));
    enum read_status status = READ_OK;
    if (fstat(fd, &about) == 0 && about.st_uid != geteuid() && geteuid() != 0)
        status = read_fail(error, READ_DENIED, "%s belongs to another user", path);
    if (status == READ_OK)
        status = ring_view_init(view, fd, error);
    if (status != READ_OK)
        close(fd);
    return status;
}

void ring_view_read_in_place(struct ring_view *view)
{
    const int seals = fcntl(view->fd, F_GET_SEALS);
    if (seals < 0 || !(seals & F_SEAL_SHRINK))
        return;
    void *map = mmap(NULL, view->header.file_bytes, PROT_READ, MAP_SHARED, view->fd, 0);
    if (map == MAP_FAILED)
        return;
    view->map = map;
    view->in_place = true;
}

void ring_view_deinit(struct ring_view *view)
{
    free(view->buffer);
    if (view->map)
        munmap(view->map, view->header.file_bytes);
    if (view->fd >= 0)
        close(view->fd);
    *view = (struct ring_view){.fd = -1};
}

enum read_status ring_view_state(const struct ring_view *view, struct ring_state *state,
                                 struct read_error *error)
{
    struct ring_state fresh;
    if (pread(view->fd, &fresh, sizeof(fresh), RING_STATE_OFFSET) != (ssize_t)sizeof(fresh))
        return read_fail(error, READ_DAMAGED, "event ring is cut short");
    const struct ring_drops *drops = &fresh.drops[fresh.drops_index & 1];
    memcpy(fresh.dropped_hot, drops->hot, sizeof(fresh.dropped_hot));
    memcpy(fresh.dropped_cold, drops->cold, sizeof(fresh.dropped_cold));
    memcpy(fresh.dropped_rare, drops->rare, sizeof(fresh.dropped_rare));
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        fresh.streams[i].dropped = drops->units[i];
    *state = fresh;
    return READ_OK;
}

static void count_kinds(struct ring_state *state, unsigned stream, const char *body, uint32_t bytes)
{
    uint32_t step = 1u << trace_unit_shift(stream);
    for (uint32_t at = 0; at < bytes; at += step) {
        uint64_t word;
        memcpy(&word, body + at, 8);
        if (stream == TRACE_HOT) {
            state->dropped_hot[TRACE_WORD_KIND(word)]++;
        } else if (stream == TRACE_COLD) {
            state->dropped_cold[TRACE_WORD_KIND(word)]++;
        } else {
            state->dropped_rare[TRACE_RARE_KIND(word) % TRACE_EVENT_COUNT]++;
            step = TRACE_RARE_UNITS(word) * 16; /* not 0: trace_complete_bytes has seen to it */
        }
    }
    state->streams[stream].dropped += bytes >> trace_unit_shift(stream);
}

enum read_status ring_view_count_scratch(const struct ring_view *view, struct ring_state *state,
                                         struct read_error *error)
{
    const struct ring_drops *drops = &state->drops[state->drops_index & 1];
    for (unsigned stream = 0; stream < TRACE_STREAM_COUNT; stream++) {
        const off_t at = (off_t)(view->header.scratch.offset + stream * RING_SUBBUFFER_BYTES);
        struct ring_subbuffer head;
        if (pread(view->fd, view->buffer, RING_SUBBUFFER_BYTES, at) != RING_SUBBUFFER_BYTES)
            return read_fail(error, READ_DAMAGED, "event ring is cut short");
        memcpy(&head, view->buffer, sizeof(head));
        if (head.seq != 1 || head.first < drops->until[stream])
            continue;
        const char *body = view->buffer + RING_SUBBUFFER_HEAD;
        count_kinds(state, stream, body,
                    trace_complete_bytes(stream, body, 0, RING_SUBBUFFER_BODY));
    }
    return READ_OK;
}

enum read_status ring_create(int fd, const struct trace_sizes *sizes, struct read_error *error)
{
    struct ring_header header;
    ring_header_plan(&header, sizes);
    ring_take_huge_pages(fd, header.streams[0].offset, header.file_bytes);
    int problem = posix_fallocate(fd, 0, (off_t)header.file_bytes);
    if (problem != 0)
        return read_fail(error, READ_IO, "no room for an event ring of %llu MiB: %s",
                         (unsigned long long)(header.file_bytes >> 20), strerror(problem));
    header.ready = RING_READY;
    if (pwrite(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header))
        return read_fail(error, READ_IO, "cannot write an event ring: %s", strerror(errno));
    return READ_OK;
}

/* ---- sub-buffers ----------------------------------------------------------------------------- */

uint32_t trace_complete_bytes(unsigned stream, const char *body, uint32_t begin, uint32_t limit)
{
    uint32_t offset = begin;
    while (offset < limit) {
        uint64_t word;
        uint32_t step = 1u << trace_unit_shift(stream);
        memcpy(&word, body + offset, 8);
        if (word == 0)
            break;
        if (stream == TRACE_RARE)
            step = TRACE_RARE_UNITS(word) * 16;
        if (step == 0 || step > limit - offset)
            break;
        offset += step;
    }
    /* A WIDE slot speaks of the one behind it: without that it is half an event. Only a slot of
     * this look is taken back: what was before `begin` may have been changed since it was
     * delivered. */
    if (stream == TRACE_COLD && offset > begin) {
        uint64_t last;
        memcpy(&last, body + offset - 16, 8);
        if (TRACE_WORD_KIND(last) == TRACE_COLD_WIDE)
            offset -= 16;
    }
    return offset;
}

static uint64_t slots_of(const struct ring_view *view, unsigned stream)
{
    return view->header.streams[stream].bytes / RING_SUBBUFFER_BYTES;
}

static off_t slot_offset(const struct ring_view *view, unsigned stream, uint64_t number)
{
    return (off_t)(view->header.streams[stream].offset +
                   number % slots_of(view, stream) * RING_SUBBUFFER_BYTES);
}

static bool read_published(const struct ring_view *view, unsigned stream, uint64_t *published)
{
    off_t at = RING_STATE_OFFSET + (off_t)offsetof(struct ring_state, streams) +
               (off_t)(stream * sizeof(struct ring_stream_state));
    return pread(view->fd, published, 8, at) == 8;
}

uint64_t ring_view_published(const struct ring_view *view, unsigned stream)
{
    uint64_t published;
    return read_published(view, stream, &published) ? published : 0;
}

static bool read_seq(const struct ring_view *view, unsigned stream, uint64_t number, uint64_t *seq)
{
    return pread(view->fd, seq, 8, slot_offset(view, stream, number)) == 8;
}

static bool head_is_good(const struct ring_subbuffer *head, unsigned stream, uint64_t number)
{
    return head->seq == number + 1 && head->bytes <= RING_SUBBUFFER_BODY &&
           head->bytes % (1u << trace_unit_shift(stream)) == 0 && head->first < 1ull << 62;
}

/* Hands over what of this sub-buffer has not been handed over yet. `head` was copied and checked;
 * `slot` may be shared with the emitter. */
static enum read_status deliver(struct ring_view *view, unsigned stream,
                                const struct ring_subbuffer *head, const char *slot, uint32_t from,
                                uint32_t to, struct chunk_sink *sink, uint64_t *delivered,
                                struct read_error *error)
{
    struct trace_chunk chunk = {.head = *head,
                                .offset = from,
                                .bytes = to - from,
                                .data = slot + RING_SUBBUFFER_HEAD + from};
    uint64_t end = chunk.head.first + (to >> trace_unit_shift(stream));
    if (end > view->end[stream])
        view->end[stream] = end;
    if (chunk.bytes == 0)
        return READ_OK;
    *delivered += chunk.bytes;
    return sink->chunk(sink, stream, &chunk, error);
}

/* Was number n still untouched after it had been copied? */
static bool still_whole(const struct ring_view *view, unsigned stream, uint64_t number,
                        uint64_t published)
{
    uint64_t ahead = published - number, seq;
    if (ahead < slots_of(view, stream))
        return true;
    return ahead == slots_of(view, stream) && read_seq(view, stream, number, &seq) &&
           seq == number + 1;
}

/* Copies and delivers `count` closed sub-buffers that lie side by side, from the tail on. */
static enum read_status drain_run(struct ring_view *view, unsigned stream, uint64_t count,
                                  struct chunk_sink *sink, uint64_t *delivered,
                                  struct read_error *error)
{
    uint64_t published;
    size_t bytes = count * RING_SUBBUFFER_BYTES;
    const off_t at = slot_offset(view, stream, view->tail[stream]);
    const char *first = view->in_place ? view->map + at : view->buffer;
    if ((!view->in_place && pread(view->fd, view->buffer, bytes, at) != (ssize_t)bytes) ||
        !read_published(view, stream, &published))
        return read_fail(error, READ_DAMAGED, "event ring is cut short");
    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = view->tail[stream]++;
        const char *slot = first + i * RING_SUBBUFFER_BYTES;
        struct ring_subbuffer head;
        memcpy(&head, slot, sizeof(head));
        uint32_t from = view->partial[stream];
        view->partial[stream] = 0;
        if (!head_is_good(&head, stream, number) || !still_whole(view, stream, number, published))
            continue; /* run over: the next head's position tells how much is missing */
        if (from > head.bytes)
            from = head.bytes;
        enum read_status status =
            deliver(view, stream, &head, slot, from, head.bytes, sink, delivered, error);
        if (status != READ_OK)
            return status;
    }
    return READ_OK;
}

static enum read_status drain_open(struct ring_view *view, unsigned stream, struct chunk_sink *sink,
                                   uint64_t *delivered, struct read_error *error)
{
    uint64_t number = view->tail[stream], seq;
    struct ring_subbuffer head;
    off_t at = slot_offset(view, stream, number);
    if (pread(view->fd, view->buffer, RING_SUBBUFFER_BYTES, at) != RING_SUBBUFFER_BYTES)
        return read_fail(error, READ_DAMAGED, "event ring is cut short");
    memcpy(&head, view->buffer, sizeof(head));
    if (head.seq != number + 1 || head.first >= 1ull << 62)
        return READ_OK; /* not opened, or dropping */
    uint32_t from = view->partial[stream];
    uint32_t to =
        trace_complete_bytes(stream, view->buffer + RING_SUBBUFFER_HEAD, from, RING_SUBBUFFER_BODY);
    if (pread(view->fd, view->buffer, RING_SUBBUFFER_BYTES, at) != RING_SUBBUFFER_BYTES ||
        !read_seq(view, stream, number, &seq))
        return read_fail(error, READ_DAMAGED, "event ring is cut short");
    memcpy(&head, view->buffer, sizeof(head));
    if (head.seq != number + 1 || seq != number + 1)
        return READ_OK;
    view->partial[stream] = to;
    return deliver(view, stream, &head, view->buffer, from, to, sink, delivered, error);
}

enum read_status ring_view_drain(struct ring_view *view, unsigned stream, uint64_t limit,
                                 bool open_too, struct chunk_sink *sink, uint64_t *delivered,
                                 struct read_error *error)
{
    uint64_t published, slots = slots_of(view, stream);
    if (!read_published(view, stream, &published))
        return read_fail(error, READ_DAMAGED, "event ring is cut short");
    if (published < view->tail[stream] || published > 1ull << 60)
        return read_fail(error, READ_DAMAGED, "event ring counts backwards");
    if (published - view->tail[stream] > slots) {
        view->tail[stream] = published - slots;
        view->partial[stream] = 0;
    }
    uint64_t left = published - view->tail[stream];
    if (left > limit)
        left = limit;
    bool all = view->tail[stream] + left == published;
    while (left > 0) {
        uint64_t run = slots - view->tail[stream] % slots;
        run = run < left ? run : left;
        run = run < RING_VIEW_BATCH ? run : RING_VIEW_BATCH;
        enum read_status status = drain_run(view, stream, run, sink, delivered, error);
        if (status != READ_OK)
            return status;
        left -= run;
    }
    return open_too && all ? drain_open(view, stream, sink, delivered, error) : READ_OK;
}

/* ---- definitions and waits ---------------------------------------------------------------------
 */

enum read_status ring_view_definitions(struct ring_view *view, struct chunk_sink *sink,
                                       struct read_error *error)
{
    const uint64_t buffer_bytes = (uint64_t)RING_VIEW_BATCH * RING_SUBBUFFER_BYTES;
    struct ring_state state;
    enum read_status status = ring_view_state(view, &state, error);
    if (status != READ_OK)
        return status;
    if (state.definitions_bytes > view->header.definitions.bytes)
        return read_fail(error, READ_DAMAGED, "definitions of the event ring exceed their region");
    if (state.definitions_bytes < view->definitions_read)
        view->definitions_read = 0; /* the flight recorder began them anew */
    while (view->definitions_read < state.definitions_bytes) {
        uint64_t bytes = state.definitions_bytes - view->definitions_read;
        bytes = bytes < buffer_bytes ? bytes : buffer_bytes;
        off_t at = (off_t)(view->header.definitions.offset + view->definitions_read);
        if (pread(view->fd, view->buffer, bytes, at) != (ssize_t)bytes)
            return read_fail(error, READ_DAMAGED, "event ring is cut short");
        view->definitions_read += bytes;
        status = sink->definitions(sink, view->buffer, bytes, error);
        if (status != READ_OK)
            return status;
    }
    return READ_OK;
}

/* Records of one slot, oldest first, into `out`; returns how many. */
static size_t wait_collect(struct ring_view *view, unsigned i, const char *slot,
                           struct ring_wait *out)
{
    struct ring_wait_slot head;
    size_t count = 0;
    memcpy(&head, slot, sizeof(head));
    uint64_t next = view->waits_read[i];
    if (head.written < next || head.written > 1ull << 60)
        return 0;
    if (head.written - next > RING_WAIT_RECORDS) {
        view->waits_lost += head.written - next - RING_WAIT_RECORDS;
        next = head.written - RING_WAIT_RECORDS;
    }
    for (; next < head.written; next++) {
        struct ring_wait record;
        memcpy(&record, slot + sizeof(head) + next % RING_WAIT_RECORDS * sizeof(record),
               sizeof(record));
        /* A record that is being replaced has a head of 0, or of another lap. */
        if ((record.head >> 8 & 0xffffff) != ((next + 1) & 0xffffff))
            view->waits_lost++;
        else
            out[count++] = record;
    }
    view->waits_read[i] = head.written;
    return count;
}

enum read_status ring_view_waits(struct ring_view *view, struct chunk_sink *sink,
                                 struct read_error *error)
{
    struct ring_wait records[RING_WAIT_RECORDS];
    for (unsigned i = 0; i < RING_WAIT_SLOTS; i++) {
        struct ring_wait_slot head;
        off_t at = (off_t)(view->header.waits.offset + (uint64_t)i * RING_WAIT_SLOT_BYTES);
        if (pread(view->fd, &head, sizeof(head), at) != (ssize_t)sizeof(head))
            return read_fail(error, READ_DAMAGED, "event ring is cut short");
        if (head.tid == 0 && head.written == 0)
            break; /* slots are taken in order */
        if (head.written == view->waits_read[i])
            continue;
        if (pread(view->fd, view->buffer, RING_WAIT_SLOT_BYTES, at) != RING_WAIT_SLOT_BYTES)
            return read_fail(error, READ_DAMAGED, "event ring is cut short");
        size_t count = wait_collect(view, i, view->buffer, records);
        enum read_status status = count ? sink->waits(sink, records, count, error) : READ_OK;
        if (status != READ_OK)
            return status;
    }
    return READ_OK;
}
