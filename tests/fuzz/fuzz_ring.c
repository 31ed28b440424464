// A hostile ring: what another process has in the memory that it shares, or left behind when it
// died. Whatever it says, reading it is refused in one line or comes to an end, and so does reading
// on after it has changed under the reader's eyes.
//
// Of an input, the first DATA_BYTES are the ring file up to its waiting threads; then come PATCHES
// pairs of offset and value that are written into the file between two readings; the rest is the
// begin of the slots of waiting threads, which are a MiB of mostly nothing in a file.
//
//     | header | state | definitions | hot | cold | rare |  offset value ...  | waits ...
#include "tests/fuzz/fuzz.h"

#include "tests/support/sample_ring.h"
#include "tracer/read/reader.h"

#include <assert.h>
#include <sys/mman.h>

enum {
    PAGES = 2 + 2 + 3 * RING_MIN_SUBBUFFERS,
    DATA_BYTES = PAGES * RING_PAGE_BYTES,
    WAIT_BYTES = RING_WAIT_SLOTS * RING_WAIT_SLOT_BYTES,
    PATCHES = 4,
    PATCH_BYTES = PATCHES * 16,
    WAITS_KEPT = 1024,
    EVENTS_MAX = 1 << 20,
};

// ---- seeds ----

static void write_seed(fuzz_seed *seed, void *context, const char *name, uint32_t classes,
                       unsigned steps, bool closed)
{
    static uint8_t input[DATA_BYTES + PATCH_BYTES + WAITS_KEPT];
    char path[96];
    size_t size;
    sample_ring_begin(classes, TRACE_POLICY_OVERWRITE, steps, path);
    const int fd = open(path, O_RDONLY | O_CLOEXEC); // it is unlinked when it is closed
    char again[64];
    snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
    if (closed)
        sample_ring_end();
    uint8_t *bytes = sample_ring_read(again, &size);
    assert(size == DATA_BYTES + WAIT_BYTES);
    memcpy(input, bytes, DATA_BYTES);
    memset(input + DATA_BYTES, 0, PATCH_BYTES);
    memcpy(input + DATA_BYTES + PATCH_BYTES, bytes + DATA_BYTES, WAITS_KEPT);
    seed(context, name, input, sizeof input);
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
    if (size < DATA_BYTES || seed % 16 == 0)
        return size;
    const struct trace_sizes sizes = {
        .hot_bytes = 1, .cold_bytes = 1, .rare_bytes = 1, .definitions_bytes = 8192};
    struct ring_header header;
    ring_header_plan(&header, &sizes);
    header.ready = RING_READY;
    memcpy(data, &header, sizeof header);
    return size;
}

// ---- one input ----

static int make_file(const uint8_t *data, size_t size)
{
    const int fd = memfd_create("ring", MFD_CLOEXEC);
    const size_t kept = size < DATA_BYTES ? size : DATA_BYTES;
    const size_t skipped = kept + PATCH_BYTES;
    assert(fd >= 0 &&
           ftruncate(fd, size < DATA_BYTES ? (off_t)size : DATA_BYTES + (off_t)WAIT_BYTES) == 0);
    assert(pwrite(fd, data, kept, 0) == (ssize_t)kept);
    if (size > skipped) {
        const size_t waits = size - skipped < WAIT_BYTES ? size - skipped : WAIT_BYTES;
        assert(pwrite(fd, data + skipped, waits, DATA_BYTES) == (ssize_t)waits);
    }
    return fd;
}

static void patch(int fd, const uint8_t *data, size_t size)
{
    for (int i = 0; i < PATCHES && size >= DATA_BYTES + PATCH_BYTES; i++) {
        uint64_t words[2];
        memcpy(words, data + DATA_BYTES + i * 16, sizeof words);
        if (words[0] % 2) // most patches do nothing at first
            assert(pwrite(fd, &words[1], 8, (off_t)(words[0] % DATA_BYTES & ~7ull)) == 8);
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
    assert(delivered <= DATA_BYTES);
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
