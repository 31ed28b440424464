// pprof's profile.proto, compressed with gzip as its readers expect: `go tool pprof`, `pprof -base`
// for the difference of two, and everything else that reads profiles.
//
// A sample is the way down the dominator tree by types (analysis/typetree.h), the innermost first,
// with two values: objects and bytes. A frame is a function and a location of the same number. What
// a type *holds* is not additive and so is no value of its own: it is what the viewer shows as
// cumulative.
#include "inspector/export/export.h"
#include "inspector/export/proto.h"
#include "inspector/export/stacks.h"

#include <stdlib.h>
#include <zlib.h>

// Message Profile, Sample, ValueType, Location, Line, Function
enum {
    PROFILE_SAMPLE_TYPE = 1,
    PROFILE_SAMPLE = 2,
    PROFILE_LOCATION = 4,
    PROFILE_FUNCTION = 5,
    PROFILE_STRING_TABLE = 6,
    PROFILE_TIME_NANOS = 9,
    PROFILE_COMMENT = 13,
    PROFILE_DEFAULT_SAMPLE_TYPE = 14,
    SAMPLE_LOCATION_ID = 1,
    SAMPLE_VALUE = 2,
    VALUE_TYPE_TYPE = 1,
    VALUE_TYPE_UNIT = 2,
    LOCATION_ID = 1,
    LOCATION_LINE = 4,
    LINE_FUNCTION_ID = 1,
    FUNCTION_ID = 1,
    FUNCTION_NAME = 2,
};

// Texts of our own stand behind the frames in the string table, whose first must be empty, as the
// first frame is.
enum { TEXT_OBJECTS, TEXT_COUNT, TEXT_SPACE, TEXT_BYTES, TEXT_COMMAND, TEXTS };

struct profile {
    const struct typetree *tree;
    struct strbuf out, message, part, numbers;
};

static void value_type(struct profile *p, unsigned type, unsigned unit)
{
    strbuf_clear(&p->message);
    proto_number(&p->message, VALUE_TYPE_TYPE, p->tree->frames.count + type);
    proto_number(&p->message, VALUE_TYPE_UNIT, p->tree->frames.count + unit);
    proto_message(&p->out, PROFILE_SAMPLE_TYPE, &p->message);
}

static void sample(struct profile *p, uint32_t node)
{
    const struct typetree_node *nodes = p->tree->nodes;
    strbuf_clear(&p->message);
    strbuf_clear(&p->numbers);
    for (uint32_t i = node; i != 0; i = nodes[i].parent)
        proto_raw(&p->numbers, nodes[i].frame);
    proto_packed(&p->message, SAMPLE_LOCATION_ID, &p->numbers);
    strbuf_clear(&p->numbers);
    proto_raw(&p->numbers, nodes[node].own_count);
    proto_raw(&p->numbers, nodes[node].own_bytes);
    proto_packed(&p->message, SAMPLE_VALUE, &p->numbers);
    proto_message(&p->out, PROFILE_SAMPLE, &p->message);
}

static void frame(struct profile *p, uint32_t id)
{
    strbuf_clear(&p->message);
    strbuf_clear(&p->part);
    proto_number(&p->message, LOCATION_ID, id);
    proto_number(&p->part, LINE_FUNCTION_ID, id);
    proto_message(&p->message, LOCATION_LINE, &p->part);
    proto_message(&p->out, PROFILE_LOCATION, &p->message);
    strbuf_clear(&p->message);
    proto_number(&p->message, FUNCTION_ID, id);
    proto_number(&p->message, FUNCTION_NAME, id);
    proto_message(&p->out, PROFILE_FUNCTION, &p->message);
}

static void build(struct profile *p, const struct snapshot *s)
{
    const char *const texts[TEXTS] = {"objects", "count", "space", "bytes", s->info.command};
    const struct strtab *frames = &p->tree->frames;
    value_type(p, TEXT_OBJECTS, TEXT_COUNT);
    value_type(p, TEXT_SPACE, TEXT_BYTES);
    for (uint32_t node = 1; node < p->tree->count; node++)
        if (p->tree->nodes[node].own_count)
            sample(p, node);
    for (uint32_t id = 1; id < frames->count; id++)
        frame(p, id);
    for (uint32_t id = 0; id < frames->count; id++)
        proto_bytes(&p->out, PROFILE_STRING_TABLE, strtab_text(frames, id),
                    strtab_length(frames, id));
    for (unsigned i = 0; i < TEXTS; i++)
        proto_text(&p->out, PROFILE_STRING_TABLE, texts[i]);
    proto_number(&p->out, PROFILE_TIME_NANOS, (uint64_t)s->info.taken_unix_ns);
    proto_number(&p->out, PROFILE_COMMENT, frames->count + TEXT_COMMAND);
    proto_number(&p->out, PROFILE_DEFAULT_SAMPLE_TYPE, frames->count + TEXT_SPACE);
}

static struct error *compress_into(const struct strbuf *in, struct sink *sink)
{
    enum { GZIP = 16 + MAX_WBITS, MEMORY_LEVEL = 8 };
    Bytef bytes[16384];
    z_stream stream = {.next_in = (Bytef *)strbuf_text(in), .avail_in = (uInt)in->length};
    if (in->length > UINT32_MAX)
        return error_create(ERROR_LIMIT, "the profile is too large for pprof");
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return &error_no_memory;
    struct error *err = NULL;
    for (int status = Z_OK; !err && status != Z_STREAM_END;) {
        stream.next_out = bytes;
        stream.avail_out = sizeof bytes;
        status = deflate(&stream, Z_FINISH);
        strbuf_add_bytes(&sink->text, (const char *)bytes, sizeof bytes - stream.avail_out);
        err = sink_flush(sink);
    }
    deflateEnd(&stream);
    return err;
}

struct error *export_pprof(struct snapshot *s, const struct export_options *options,
                           struct sink *sink)
{
    _cleanup_(typetree_destroy_at) struct typetree *tree = NULL;
    (void)options;
    TRY(stacks_create(s, &tree));
    struct profile p = {.tree = tree};
    build(&p, s);
    struct error *err = strbuf_error(&p.out);
    if (!err)
        err = compress_into(&p.out, sink);
    strbuf_deinit(&p.out);
    strbuf_deinit(&p.message);
    strbuf_deinit(&p.part);
    strbuf_deinit(&p.numbers);
    return err;
}
