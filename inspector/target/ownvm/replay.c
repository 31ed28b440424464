// A heap from a trace: `T.trace@1200`, `T.trace@12.5s`.
//
// Replaying the events up to a moment gives every mortal object of that moment with its type, size,
// count and generation, exactly as a capture at that position finds it. It gives no references:
// events say that a count changed, not which slot did. So there are no edges and no roots, and
// what explains a count is unknown.
//
// Reading begins with the last baseline before the moment (`record --baseline`), or where the trace
// begins. The heap is certain only if the trace began with the process or with a baseline, and no
// event is missing since; otherwise it is marked incomplete, with the reason.
#include "inspector/target/ownvm/ownvm.h"

#include "inspector/trace/trace_error.h"
#include "tracer/read/reader.h"

#include <inttypes.h>
#include <stdlib.h>

// ---- types ----

// Rows of the builder by the trace's type ids.
struct type_rows {
    struct snapshot_builder *builder;
    const struct trace_reader *reader;
    struct u32_vec rows; // row + 1
};

static uint32_t add_type(struct type_rows *types, uint32_t id)
{
    const struct definition *d = trace_reader_type(types->reader, id);
    if (d)
        return snapshot_builder_type(types->builder, &(struct builder_type){.address = d->address,
                                                                            .name = d->name,
                                                                            .module = d->qualname,
                                                                            .size_bytes = d->size});
    // Its definition was lost. Types are aligned, so this is nobody's address.
    return snapshot_builder_type(
        types->builder,
        &(struct builder_type){.address = (uint64_t)id << 4 | 1, .name = "unknown", .module = ""});
}

static uint32_t type_row(struct type_rows *types, uint32_t id)
{
    if (id >= 1u << 28)
        return add_type(types, id);
    if (id >= types->rows.count) {
        uint32_t *first;
        struct error *err = u32_vec_extend(&types->rows, id + 64 - types->rows.count, &first);
        if (err) {
            error_destroy(err);
            return add_type(types, id);
        }
    }
    if (!types->rows.items[id])
        types->rows.items[id] = add_type(types, id) + 1;
    return types->rows.items[id] - 1;
}

// ---- objects ----

static void add_object(struct type_rows *types, const struct shadow_object *object)
{
    const int generation = shadow_generation(object);
    snapshot_builder_object(
        types->builder, &(struct builder_object){
                            .address = shadow_address(object),
                            .size_bytes = object->size,
                            .refcount = object->refcount,
                            .type = type_row(types, object->type),
                            .generation = generation < 0 ? GENERATION_NONE : (uint8_t)generation,
                            .tracked = generation >= 0,
                        });
}

static void add_objects(const struct trace_reader *reader, const struct replay *replay,
                        struct snapshot_builder *builder)
{
    struct type_rows types = {.builder = builder, .reader = reader};
    uint32_t cursor = 0;
    const struct shadow_object *object;
    while ((object = shadow_each(&replay->shadow, &cursor)) && !snapshot_builder_failed(builder))
        add_object(&types, object);
    u32_vec_deinit(&types.rows);
}

// ---- replaying ----

struct moment {
    uint64_t time_ns; // of the last event before the position
    bool ended;       // the trace ended before it
};

// Feeds what lies before the position.
static enum read_status feed(struct trace_reader *reader, const struct trace_position *position,
                             struct replay *replay, struct moment *moment, struct read_error *why)
{
    struct trace_event event;
    enum read_status status;
    *moment = (struct moment){0};
    while ((status = trace_reader_next(reader, &event, why)) == READ_OK) {
        if (position->is_time ? event.time_ns > position->value : event.seq >= position->value)
            return READ_OK;
        moment->time_ns = event.time_ns;
        replay_feed(replay, &event);
        if (replay->out_of_memory)
            return read_fail(why, READ_NO_MEMORY, "no memory to replay a heap");
    }
    moment->ended = true;
    return status == READ_END ? READ_OK : status;
}

// ---- facts ----

static const char *why_incomplete(const struct replay *replay)
{
    const uint32_t needed = TRACE_CLASS_ALLOC | TRACE_CLASS_REFCOUNT;
    if (replay->phase == REPLAY_BLIND || replay->phase == REPLAY_ADOPTING)
        return "the trace had no baseline yet: objects born before it are missing";
    if (replay->phase == REPLAY_UNCERTAIN)
        return "events are missing before this moment";
    if ((replay->classes & needed) != needed)
        return "the trace has not both of alloc and refcount";
    return replay->faulty ? replay_fault_name(replay->first_fault) : NULL;
}

static void add_facts(const struct trace_reader *reader, const struct replay *replay,
                      const struct trace_position *position, const struct moment *moment,
                      struct snapshot_builder *builder)
{
    struct snapshot_info *info = snapshot_builder_info(builder);
    const char *why = why_incomplete(replay);
    if (!why && moment->ended && reader->cut_short && !position->is_time &&
        replay->seq + 1 < position->value)
        why = "the trace ends before this moment";
    snapshot_builder_text(builder, &info->runtime, "brille");
    info->pid = reader->state.pid;
    info->start_time = reader->state.starttime;
    info->has_event_seq = true;
    info->event_seq = position->is_time ? replay->seq + 1 : position->value;
    info->taken_unix_ns = (int64_t)(reader->state.realtime_ns + reader->state.began.ns -
                                    reader->state.first.ns + moment->time_ns);
    info->complete = why == NULL;
    if (why)
        snapshot_builder_text(builder, &info->incomplete_why, why);
}

struct error *ownvm_replay(const char *path, const struct trace_position *position,
                           struct snapshot_builder *builder)
{
    struct trace_reader reader;
    struct replay replay;
    struct moment moment;
    struct read_error why = {0};
    enum read_status status = trace_reader_open(&reader, path, &why);
    if (status != READ_OK)
        return trace_error_of_file(status, &why, path);
    replay_init(&replay);
    status = trace_reader_seek_baseline(&reader, position->is_time, position->value, &why);
    if (status == READ_OK)
        status = feed(&reader, position, &replay, &moment, &why);
    struct error *err = trace_error_of_file(status, &why, path);
    if (!err) {
        add_objects(&reader, &replay, builder);
        add_facts(&reader, &replay, position, &moment, builder);
    }
    replay_deinit(&replay);
    trace_reader_close(&reader);
    return err;
}
