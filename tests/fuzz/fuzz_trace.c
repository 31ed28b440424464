// A hostile .trace file: whatever the bytes are, opening and reading it ends, with one error or
// without, and every analysis of its events comes to an end.
//
// The seeds are what the recorder writes, compressed and not, whole and cut short. The mutator puts
// the checksums of the header, the blocks' heads and their payloads right, most of the time.
#include "tests/fuzz/fuzz.h"

#include "inspector/trace/allocs.h"
#include "inspector/trace/collections.h"
#include "inspector/trace/gil.h"
#include "inspector/trace/history.h"
#include "inspector/trace/tally.h"
#include "tests/support/sample_ring.h"
#include "tracer/read/crc.h"
#include "tracer/read/reader.h"

#include <assert.h>
#include <sys/mman.h>

enum { EVENTS_MAX = 1 << 22 };

// ---- seeds ----

static void need(enum read_status status)
{
    if (status != READ_OK)
        abort();
}

// The ring at `path` as a trace; `hurry` is without compression, `whole` with an end; `blocks` is
// how often it is flushed before the rest is read.
static uint8_t *record(const char *path, bool hurry, bool whole, unsigned blocks, size_t *size)
{
    char name[] = "/tmp/brille-fuzz-XXXXXX";
    struct ring_view ring;
    struct ring_state state;
    struct trace_file_writer writer;
    uint64_t delivered = 0;
    close(mkstemp(name));
    need(ring_view_open(&ring, path, NULL));
    need(ring_view_state(&ring, &state, NULL));
    need(trace_file_create(&writer, name, &state, NULL));
    writer.hurry = hurry ? ~0u : 0;
    need(ring_view_definitions(&ring, &writer.sink, NULL));
    for (unsigned n = 0; n < blocks * TRACE_STREAM_COUNT; n++) {
        need(ring_view_drain(&ring, n % TRACE_STREAM_COUNT, 1, true, &writer.sink, &delivered,
                             NULL));
        need(trace_file_flush(&writer, &state, NULL));
    }
    for (unsigned i = 0; i < TRACE_STREAM_COUNT; i++)
        need(ring_view_drain(&ring, i, RING_MAX_SUBBUFFERS, true, &writer.sink, &delivered, NULL));
    need(ring_view_waits(&ring, &writer.sink, NULL));
    if (whole) {
        need(trace_file_finish(&writer, &state, TRACE_END_EXITED, NULL));
    } else {
        need(trace_file_flush(&writer, &state, NULL));
        trace_file_abandon(&writer);
    }
    ring_view_deinit(&ring);
    uint8_t *bytes = sample_ring_read(name, size);
    unlink(name);
    return bytes;
}

// Baselines on the way and several blocks of each stream: a trace to begin in the middle of.
static void write_seek_seed(fuzz_seed *seed, void *context, const char *name, bool whole)
{
    char path[96];
    size_t size;
    sample_ring_begin(TRACE_CLASS_ANY, TRACE_POLICY_OVERWRITE, 200, path);
    for (int n = 0; n < 3; n++) {
        sample_baseline(&sample_ring_heap);
        for (unsigned i = 0; i < 200; i++)
            sample_step(&sample_ring_heap);
    }
    uint8_t *bytes = record(path, true, whole, 3, &size);
    sample_ring_end();
    seed(context, name, bytes, size);
    free(bytes);
}

static void write_seed(fuzz_seed *seed, void *context, const char *name, uint32_t classes,
                       unsigned steps, bool hurry, bool whole)
{
    char path[96];
    size_t size;
    sample_ring_begin(classes, TRACE_POLICY_OVERWRITE, steps, path);
    uint8_t *bytes = record(path, hurry, whole, 0, &size);
    sample_ring_end();
    seed(context, name, bytes, size);
    free(bytes);
}

void fuzz_seeds(fuzz_seed *seed, void *context)
{
    write_seed(seed, context, "empty.trace", TRACE_CLASS_ANY, 0, false, true);
    write_seed(seed, context, "small.trace", TRACE_CLASS_ANY, 100, true, true);
    write_seed(seed, context, "packed.trace", TRACE_CLASS_ANY, 300, false, true);
    write_seed(seed, context, "plain.trace", TRACE_CLASS_ANY, 300, true, true);
    write_seed(seed, context, "cut.trace", TRACE_CLASS_ANY, 300, true, false);
    write_seed(seed, context, "late.trace", TRACE_CLASS_ANY, 20000, true, true);
    write_seed(seed, context, "rare.trace", TRACE_CLASS_GC | TRACE_CLASS_GIL, 20000, true, true);
    write_seek_seed(seed, context, "seek.trace", true);
    write_seek_seed(seed, context, "seekcut.trace", false);
}

// ---- checksums ----

static void fix_header(uint8_t *data)
{
    struct trace_file_header header;
    memcpy(&header, data, sizeof header);
    memcpy(header.magic, TRACE_FILE_MAGIC, sizeof header.magic);
    header.major = TRACE_FILE_MAJOR;
    header.endian_mark = RING_ENDIAN_MARK;
    header.header_bytes = sizeof header;
    header.features_required = 0;
    header.schema_hash = trace_schema_hash();
    header.crc = trace_crc32c(0, &header, offsetof(struct trace_file_header, crc));
    memcpy(data, &header, sizeof header);
}

// What the INDEX and the END must say of the blocks before them, or the rest is never looked at.
struct index_fix {
    struct trace_index_entry entries[1024];
    uint64_t offset, blocks;
};

static void fix_index(struct index_fix *fix, struct trace_block_head *head, uint8_t *payload,
                      uint64_t at)
{
    struct trace_index_entry *const entries = (struct trace_index_entry *)(void *)payload;
    struct trace_index_entry now = {.kind = head->kind,
                                    .flags = head->flags,
                                    .raw_bytes = head->raw_bytes,
                                    .stored_bytes = head->stored_bytes,
                                    .chunks = head->chunks};
    if (head->kind == TRACE_BLOCK_INDEX) {
        fix->offset = fix->blocks++ ? fix->offset : at;
        for (uint64_t i = 0; i < head->number && (i + 1) * sizeof now <= head->stored_bytes; i++) {
            struct trace_index_entry was;
            memcpy(&was, entries + i, sizeof was);
            now = fix->entries[i % 1024];
            now.first = was.first;
            now.ticks = was.ticks;
            memcpy(entries + i, &now, sizeof now);
        }
    } else if (head->kind == TRACE_BLOCK_END &&
               head->stored_bytes == sizeof(struct trace_file_end)) {
        struct trace_file_end end;
        memcpy(&end, payload, sizeof end);
        end.blocks = head->number;
        end.index_offset = fix->offset;
        end.index_blocks = fix->blocks;
        memcpy(payload, &end, sizeof end);
    } else {
        fix->entries[head->number % 1024] = now;
    }
}

// Block after block, as far as their lengths lead.
static void fix_blocks(uint8_t *data, size_t size)
{
    static struct index_fix fix;
    fix.blocks = 0;
    fix.offset = 0;
    size_t at = sizeof(struct trace_file_header);
    for (uint64_t number = 0; at + sizeof(struct trace_block_head) <= size; number++) {
        struct trace_block_head head;
        memcpy(&head, data + at, sizeof head);
        const size_t left = size - at - sizeof head;
        head.magic = TRACE_BLOCK_MAGIC;
        head.number = number;
        if (head.stored_bytes > left)
            head.stored_bytes = (uint32_t)left;
        if (!(head.flags & (TRACE_BLOCK_ZSTD | TRACE_BLOCK_CODED)))
            head.raw_bytes = head.stored_bytes;
        fix_index(&fix, &head, data + at + sizeof head, at);
        head.payload_crc = trace_crc32c(0, data + at + sizeof head, head.stored_bytes);
        head.crc = trace_crc32c(0, &head, offsetof(struct trace_block_head, crc));
        memcpy(data + at, &head, sizeof head);
        at += sizeof head + head.stored_bytes;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t limit, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, limit);
    if (size >= sizeof(struct trace_file_header) && seed % 16 != 0) {
        fix_header(data);
        if (seed % 16 > 1)
            fix_blocks(data, size);
    }
    return size;
}

// ---- one input ----

static void accept_status(enum read_status status, const struct read_error *error)
{
    if (status == READ_OK || status == READ_END)
        return;
    assert(status != READ_NO_MEMORY && *error->message && !strchr(error->message, '\n'));
}

static void accept_error(struct error *err)
{
    assert(!err || (err->code != ERROR_NO_MEMORY && error_exit_status(err) >= 2));
    error_destroy(err);
}

static uint32_t line_of(void *context, uint32_t code, uint32_t site)
{
    const struct trace_reader *reader = context;
    const struct definition *found = definitions_code(&reader->definitions, code);
    return found ? definition_line(found, site) : 0;
}

static const struct thread_stack *stack_of(void *context, uint32_t tid)
{
    struct trace_reader *reader = context;
    return trace_merge_stack(&reader->merge, tid);
}

struct analyses {
    struct allocs *allocs[2];
    struct gil_timeline *gil;
    struct collections collections;
    struct history history;
    struct replay replay;
};

static void begin(struct analyses *a, struct trace_reader *reader)
{
    const struct allocs_names names = {line_of, stack_of, reader};
    a->allocs[0] = allocs_create(ALLOCS_LINE, &names);
    a->allocs[1] = allocs_create(ALLOCS_STACK, &names);
    a->gil = gil_timeline_create();
    assert(a->allocs[0] && a->allocs[1] && a->gil);
    collections_init(&a->collections);
    history_init(&a->history, sample_address(3), 0);
    replay_init(&a->replay);
}

static void feed(struct analyses *a, const struct trace_event *event)
{
    for (int i = 0; i < 2; i++)
        accept_error(allocs_feed(a->allocs[i], event));
    accept_error(gil_feed(a->gil, event));
    accept_error(collections_feed(&a->collections, event));
    accept_error(history_feed(&a->history, event));
    replay_feed(&a->replay, event);
    assert(!a->replay.out_of_memory);
}

static void end(struct analyses *a)
{
    for (int i = 0; i < 2; i++) {
        allocs_finish(a->allocs[i]);
        assert(allocs_check(a->allocs[i]));
        allocs_destroy(a->allocs[i]);
    }
    accept_error(gil_finish(a->gil));
    gil_timeline_destroy(a->gil);
    collections_deinit(&a->collections);
    history_finish(&a->history);
    history_deinit(&a->history);
    replay_deinit(&a->replay);
}

static void read_events(struct trace_reader *reader)
{
    struct analyses analyses;
    struct trace_event event;
    struct trace_location where;
    struct trace_loss loss;
    struct read_error error;
    enum read_status status;
    uint64_t time_ns = 0, count = 0;
    begin(&analyses, reader);
    while ((status = trace_reader_next(reader, &event, &error)) == READ_OK) {
        assert(event.time_ns >= time_ns && count++ < EVENTS_MAX);
        time_ns = event.time_ns;
        trace_reader_where(reader, &event, &where);
        assert(where.function && where.file);
        feed(&analyses, &event);
    }
    accept_status(status, &error);
    trace_reader_loss(reader, &loss);
    end(&analyses);
}

// At a moment and at a time that the input chooses, and without a stream.
static void begin_elsewhere(const char *path, const uint8_t *data, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, data + size / 2, size / 2 < 3 ? size / 2 : 3);
    for (int way = 0; way < 4; way++) {
        struct trace_reader reader;
        struct trace_event event;
        struct read_error error;
        uint64_t count = 0;
        if (trace_reader_open(&reader, path, &error) != READ_OK)
            abort(); // it was opened a moment ago
        enum read_status status = way < 2 ? trace_reader_seek_baseline(&reader, way, value, &error)
                                          : trace_reader_seek_time(&reader, value, &error);
        if (way == 3)
            trace_reader_skip(&reader, TRACE_HOT);
        while (status == READ_OK && count++ < EVENTS_MAX)
            status = trace_reader_next(&reader, &event, &error);
        accept_status(status, &error);
        trace_reader_missing(&reader);
        trace_reader_close(&reader);
    }
}

// Kinds that the input chooses, shown and counted; most of the rest is passed over undecoded.
static void read_wanted(const char *path, const uint8_t *data, size_t size)
{
    uint64_t kinds = 0;
    memcpy(&kinds, data + size / 3, size / 3 < 4 ? size / 3 : 4);
    for (unsigned way = 0; way < 6; way++) {
        const struct trace_want want = {.kinds = way & 1 ? kinds : ~kinds & UINT32_MAX,
                                        .address = way == 2 ? kinds << 4 : 0,
                                        .stacks = way & 2,
                                        .times = way & 2,
                                        .positions = way == 3,
                                        .counting = way >= 4};
        struct trace_reader reader;
        struct trace_event event;
        struct read_error error;
        uint64_t count = 0;
        enum read_status status = trace_reader_open(&reader, path, &error);
        if (status != READ_OK)
            abort(); // it was opened a moment ago
        trace_reader_want(&reader, &want);
        while ((status == READ_OK || status == READ_AGAIN) && count++ < EVENTS_MAX)
            status = trace_reader_next(&reader, &event, &error);
        accept_status(status, &error);
        trace_reader_missing(&reader);
        trace_reader_close(&reader);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    struct trace_reader reader;
    struct trace_tally tally;
    struct read_error error;
    const enum read_status status = trace_reader_open(&reader, path, &error);
    accept_status(status, &error);
    if (status == READ_OK) {
        read_events(&reader);
        trace_reader_close(&reader);
        begin_elsewhere(path, data, size);
        read_wanted(path, data, size);
    }
    accept_error(trace_tally_read(path, &tally));
    return 0;
}
