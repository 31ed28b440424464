// See tally.h. Kinds are read off the first word of each event: four bits in HOT and COLD, the head
// of a record in RARE.
#include "inspector/trace/tally.h"

#include "inspector/trace/trace_error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static void count_hot(struct trace_tally *tally, const struct trace_chunk *chunk)
{
    uint64_t kinds[16] = {0}, word;
    for (uint32_t at = 0; at + sizeof word <= chunk->bytes; at += sizeof word) {
        memcpy(&word, chunk->data + at, sizeof word);
        kinds[TRACE_WORD_KIND(word)]++;
    }
    for (unsigned kind = 0; kind < 16; kind++)
        tally->received[trace_event_of_wire(TRACE_HOT, kind)] += kinds[kind];
}

static void count_cold(struct trace_tally *tally, const struct trace_chunk *chunk)
{
    uint64_t word;
    for (uint32_t at = 0; at + TRACE_COLD_SLOT_BYTES <= chunk->bytes; at += TRACE_COLD_SLOT_BYTES) {
        memcpy(&word, chunk->data + at, sizeof word);
        tally->received[trace_event_of_wire(TRACE_COLD, TRACE_WORD_KIND(word))]++;
    }
}

static void count_rare(struct trace_tally *tally, const struct trace_chunk *chunk)
{
    struct trace_rare record;
    for (uint32_t at = 0; at + sizeof record <= chunk->bytes;) {
        memcpy(&record, chunk->data + at, sizeof record);
        const unsigned kind = trace_event_of_wire(TRACE_RARE, TRACE_RARE_KIND(record.head));
        tally->received[kind] += kind == TRACE_EVENT_snapshot ? TRACE_RARE_AUX(record.head) : 1u;
        if (TRACE_RARE_UNITS(record.head) == 0)
            break;
        at += TRACE_RARE_UNITS(record.head) * 16;
    }
}

// *first_ticks is when the first of what is in the file was begun; UINT64_MAX: there is nothing.
static struct error *count_streams(struct trace_tally *tally, struct trace_file_reader *file,
                                   const char *path, uint64_t *first_ticks)
{
    *first_ticks = UINT64_MAX;
    struct read_error error;
    struct trace_chunk chunk;
    for (unsigned stream = 0; stream < TRACE_STREAM_COUNT; stream++) {
        enum read_status status;
        while ((status = file->source.next(&file->source, stream, &chunk, &error)) == READ_OK) {
            if (chunk.head.ticks < *first_ticks)
                *first_ticks = chunk.head.ticks;
            if (stream == TRACE_HOT)
                count_hot(tally, &chunk);
            else if (stream == TRACE_COLD)
                count_cold(tally, &chunk);
            else
                count_rare(tally, &chunk);
        }
        TRY(trace_error_of_file(status, &error, path));
    }
    return NULL;
}

static struct error *count_waits(struct trace_tally *tally, struct trace_file_reader *file,
                                 const char *path)
{
    struct read_error error;
    struct ring_wait *waits = NULL;
    size_t count = 0;
    TRY(trace_error_of_file(trace_file_waits(file, &waits, &count, &error), &error, path));
    for (size_t i = 0; i < count; i++)
        tally->received[trace_event_of_wire(TRACE_WAIT, (unsigned)(waits[i].head & 0xff) % 64)]++;
    free(waits);
    return NULL;
}

// Of a trace that keeps the last seconds, the time before them is not in it.
static uint64_t time_of(const struct ring_state *state, uint64_t first_ticks)
{
    const struct ring_clock_pair *latest = &state->latest[state->calibration_index & 1];
    if (!state->began.ns || latest->ns <= state->began.ns)
        return 0;
    const uint64_t all_ns = latest->ns - state->began.ns;
    if (first_ticks <= state->began.ticks || first_ticks >= latest->ticks)
        return all_ns;
    const double part =
        (double)(latest->ticks - first_ticks) / (double)(latest->ticks - state->began.ticks);
    return (uint64_t)((double)all_ns * part);
}

static void take_state(struct trace_tally *tally, const struct ring_state *state)
{
    for (unsigned kind = 1; kind < 16; kind++) {
        tally->dropped[trace_event_of_wire(TRACE_HOT, kind)] += state->dropped_hot[kind];
        tally->dropped[trace_event_of_wire(TRACE_COLD, kind)] += state->dropped_cold[kind];
    }
    for (unsigned kind = 1; kind < TRACE_EVENT_COUNT; kind++)
        tally->dropped[kind] += state->dropped_rare[kind];
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        tally->overwritten_units += state->streams[i].overwritten;
    tally->definitions_refused = state->definitions_refused;
    tally->waits_lost = state->waits_refused;
    tally->policy_falls = state->policy_falls;
    tally->pid = state->pid;
}

static struct error *tally_file(struct trace_tally *tally, struct trace_file_reader *file,
                                const char *path)
{
    uint64_t first_ticks;
    TRY(count_streams(tally, file, path, &first_ticks));
    TRY(count_waits(tally, file, path));
    take_state(tally, &file->state);
    tally->time_ns = time_of(&file->state, first_ticks);
    tally->waits_lost += file->end.waits_lost;
    tally->file_bytes = file->bytes;
    tally->cut_short = file->cut_short;
    tally->reason = file->end.reason;
    tally->created_unix_ns = file->header.created_ns;
    if (!tally->pid)
        tally->pid = file->header.pid;
    for (unsigned kind = 1; kind < TRACE_EVENT_hot_thread; kind++) {
        tally->received_total += tally->received[kind];
        tally->dropped_total += tally->dropped[kind];
    }
    return NULL;
}

struct error *trace_tally_read(const char *path, struct trace_tally *ret)
{
    struct trace_file_reader file;
    struct read_error error;
    struct trace_tally tally = {0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_create_errno(errno, "cannot open %s", path);
    const enum read_status status = trace_file_open(&file, fd, &error);
    if (status != READ_OK) {
        close(fd);
        return trace_error_of_file(status, &error, path);
    }
    struct error *err = tally_file(&tally, &file, path);
    trace_file_close(&file);
    if (!err)
        *ret = tally;
    return err;
}
