// A hostile ring: what another process has in the memory that it shares, or left behind when it
// died. Whatever it says, reading it is refused in one line or comes to an end, and so does reading
// on after it has changed under the reader's eyes.
//
// An input is a ring file whose slots of waiting threads, a MiB of mostly nothing, come last and
// only as far as there is something in them; before them stand PATCHES pairs of offset and value,
// which are written into the file between two readings.
//
//     | file up to the slots | file behind the slots |  offset value ...  | slots ...
//       before_bytes()         behind_bytes()
#include "tests/fuzz/fuzz.h"

#include "tests/support/sample_ring.h"
#include "tracer/read/reader.h"

#include <assert.h>
#include <sys/mman.h>

enum {
    WAIT_BYTES = RING_WAIT_SLOTS * RING_WAIT_SLOT_BYTES,
    PATCHES = 4,
    PATCH_BYTES = PATCHES * 16,
    WAITS_KEPT = 1024,
    EVENTS_MAX = 1 << 20,
    INPUT_MAX = 256 << 10,
};

// The header of the smallest ring, and so the sizes of everything.
static const struct ring_header *good_header(void)
{
    static struct ring_header header;
    const struct trace_sizes sizes = {
        .hot_bytes = 1, .cold_bytes = 1, .rare_bytes = 1, .definitions_bytes = 8192};
    if (!header.ready)
        ring_header_plan(&header, &sizes);
    header.ready = RING_READY;
    return &header;
}

static size_t before_bytes(void)
{
    return good_header()->waits.offset;
}

static size_t behind_bytes(void)
{
    return good_header()->file_bytes - before_bytes() - WAIT_BYTES;
}

static size_t file_part(void)
{
    return before_bytes() + behind_bytes();
}

// ---- seeds ----

static void write_seed(fuzz_seed *seed, void *context, const char *name, uint32_t classes,
                       unsigned steps, bool closed)
{
    static uint8_t input[INPUT_MAX];
    const size_t before = before_bytes(), behind = behind_bytes(), part = file_part();
    char path[96];
    size_t size;
    sample_ring_begin(classes, TRACE_POLICY_OVERWRITE, steps, path);
    const int fd = open(path, O_RDONLY | O_CLOEXEC); // it is unlinked when it is closed
    char again[64];
    snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
    if (closed)
        sample_ring_end();
    uint8_t *bytes = sample_ring_read(again, &size);
    assert(size == good_header()->file_bytes && part + PATCH_BYTES + WAITS_KEPT <= INPUT_MAX);
    memcpy(input, bytes, before);
    memcpy(input + before, bytes + before + WAIT_BYTES, behind);
    memset(input + part, 0, PATCH_BYTES);
    memcpy(input + part + PATCH_BYTES, bytes + before, WAITS_KEPT);
    seed(context, name, input, part + PATCH_BYTES + WAITS_KEPT);
    free(bytes);
    close(fd);
    if (!closed)
        sample_ring_end();
}

void fuzz_seeds(fuzz_seed *seed, void *context)
{
    write_seed(seed, context, "empty", TRACE_CLASS_ANY, 0, true);
    write_seed(seed, context, "all", TRACE_CLASS_ANY, 300, true);
    write_seed(seed, context, "all-open", TRACE_CLASS_ANY, 200, false);
    write_seed(seed, context, "overwritten", TRACE_CLASS_ANY, 20000, true);
    write_seed(seed, context, "overwritten-open", TRACE_CLASS_ANY, 20000, false);
    write_seed(seed, context, "alloc", TRACE_CLASS_ALLOC, 400, true);
    write_seed(seed, context, "rare", TRACE_CLASS_GC | TRACE_CLASS_GIL, 20000, true);
}

// A header that contradicts itself is refused, and that is soon tried; mostly it is put right.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, limit);
    if (size >= before_bytes() && seed % 16 != 0)
        memcpy(data, good_header(), sizeof *good_header());
    return size;
}

// ---- one input ----

static void write_part(int fd, const uint8_t *data, size_t size, size_t offset)
{
    assert(pwrite(fd, data, size, (off_t)offset) == (ssize_t)size);
}

static int make_file(const uint8_t *data, size_t size)
{
    const size_t before = before_bytes(), part = file_part() + PATCH_BYTES;
    const int fd = memfd_create("ring", MFD_CLOEXEC);
    const bool whole = size >= file_part();
    assert(fd >= 0);
    assert(ftruncate(fd, (off_t)(whole ? good_header()->file_bytes : size)) == 0);
    write_part(fd, data, size < before ? size : before, 0);
    if (whole)
        write_part(fd, data + before, behind_bytes(), before + WAIT_BYTES);
    if (size > part)
        write_part(fd, data + part, size - part < WAIT_BYTES ? size - part : WAIT_BYTES, before);
    return fd;
}

static void patch(int fd, const uint8_t *data, size_t size)
{
    for (int i = 0; i < PATCHES && size >= file_part() + PATCH_BYTES; i++) {
        uint64_t words[2];
        memcpy(words, data + file_part() + i * 16, sizeof words);
        if (words[0] % 2) // most patches do nothing at first
            write_part(fd, (const uint8_t *)&words[1], 8,
                       words[0] % (good_header()->file_bytes - 8) & ~7ull);
    }
}

static void accept_status(enum read_status status, const struct read_error *error)
{
    if (status == READ_OK || status == READ_END || status == READ_AGAIN)
        return;
    assert(status != READ_NO_MEMORY && *error->message && !strchr(error->message, '\n'));
}

static enum read_status drain(struct ring_view *ring, struct chunk_queue *queue,
                              struct read_error *error)
{
    uint64_t delivered = 0;
    for (unsigned i = 0; i < TRACE_STREAM_COUNT; i++) {
        const enum read_status status =
            ring_view_drain(ring, i, RING_MAX_SUBBUFFERS, true, &queue->sink, &delivered, error);
        if (status != READ_OK)
            return status;
    }
    assert(delivered <= good_header()->file_bytes);
    const enum read_status status = ring_view_definitions(ring, &queue->sink, error);
    return status == READ_OK ? ring_view_waits(ring, &queue->sink, error) : status;
}

static void merge_all(struct trace_merge *merge, struct chunk_queue *queue,
                      const struct ring_state *state)
{
    struct replay replay;
    struct read_error error;
    struct trace_event event;
    struct trace_location where;
    enum read_status status;
    uint64_t time_ns = 0, count = 0;
    trace_merge_set_state(merge, state);
    status = trace_merge_add_waits(merge, queue->waits, queue->wait_count, &error);
    accept_status(status, &error);
    replay_init(&replay);
    while ((status = trace_merge_next(merge, &event, &error)) == READ_OK) {
        assert(event.time_ns >= time_ns && count++ < EVENTS_MAX);
        time_ns = event.time_ns;
        trace_merge_where(merge, &event, &where);
        assert(where.function && where.file);
        trace_merge_stack(merge, event.tid);
        replay_feed(&replay, &event);
        assert(!replay.out_of_memory);
    }
    accept_status(status, &error);
    replay_deinit(&replay);
}

static void read_twice(struct ring_view *ring, int fd, const uint8_t *data, size_t size)
{
    struct definitions definitions;
    struct chunk_queue queue;
    struct trace_merge merge;
    struct ring_state state = {0};
    struct read_error error = {0};
    definitions_init(&definitions);
    chunk_queue_init(&queue, &definitions);
    trace_merge_init(&merge, &queue.source, &definitions);
    enum read_status status = drain(ring, &queue, &error);
    accept_status(status, &error);
    patch(fd, data, size);
    if (status == READ_OK) {
        status = drain(ring, &queue, &error);
        accept_status(status, &error);
    }
    queue.closed = true;
    accept_status(ring_view_state(ring, &state, &error), &error);
    merge_all(&merge, &queue, &state);
    trace_merge_deinit(&merge);
    chunk_queue_deinit(&queue);
    definitions_deinit(&definitions);
}

// The way of a ring that a dead process left: into a trace, and that must be a sound one.
static void recover(int fd)
{
    char ring[32], trace[32];
    struct read_error error;
    struct trace_reader reader;
    struct trace_event event;
    const int out = memfd_create("trace", MFD_CLOEXEC);
    snprintf(ring, sizeof ring, "/proc/self/fd/%d", fd);
    snprintf(trace, sizeof trace, "/proc/self/fd/%d", out);
    enum read_status status = trace_recover(ring, trace, &error);
    accept_status(status, &error);
    if (status == READ_OK && trace_reader_open(&reader, trace, &error) == READ_OK) {
        while ((status = trace_reader_next(&reader, &event, &error)) == READ_OK)
            ;
        accept_status(status, &error);
        trace_reader_close(&reader);
    }
    close(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ring_view ring;
    struct read_error error;
    const int fd = make_file(data, size);
    if (size % 4 == 0)
        recover(fd);
    const int view_fd = dup(fd);
    const enum read_status status = ring_view_init(&ring, view_fd, &error);
    accept_status(status, &error);
    if (status != READ_OK) {
        close(view_fd); // it is taken over on success
    } else {
        read_twice(&ring, fd, data, size);
        ring_view_deinit(&ring);
    }
    close(fd);
    return 0;
}
