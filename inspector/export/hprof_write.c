// The records of HPROF, and the segments that objects are gathered in.
#include "inspector/export/hprof.h"

#include <string.h>

enum { SEGMENT_BYTES = 1 << 20 };

static void add_number(struct strbuf *out, uint64_t value, unsigned bytes)
{
    char text[8];
    for (unsigned i = 0; i < bytes; i++)
        text[i] = (char)(value >> (8 * (bytes - 1 - i)));
    strbuf_add_bytes(out, text, bytes);
}

void hprof_u1(struct hprof_writer *hprof, uint64_t value)
{
    add_number(&hprof->segment, value, 1);
}

void hprof_u2(struct hprof_writer *hprof, uint64_t value)
{
    add_number(&hprof->segment, value, 2);
}

void hprof_u4(struct hprof_writer *hprof, uint64_t value)
{
    add_number(&hprof->segment, value, 4);
}

void hprof_u8(struct hprof_writer *hprof, uint64_t value)
{
    add_number(&hprof->segment, value, 8);
}

void hprof_begin(struct hprof_writer *hprof, struct sink *sink, uint64_t unix_ms)
{
    static const char version[] = "JAVA PROFILE 1.0.2"; // its NUL belongs to the file
    *hprof = (struct hprof_writer){.sink = sink};
    strbuf_add_bytes(&sink->text, version, sizeof version);
    add_number(&sink->text, 8, 4); // bytes of an id
    add_number(&sink->text, unix_ms, 8);
}

void hprof_deinit(struct hprof_writer *hprof)
{
    strbuf_deinit(&hprof->segment);
}

static void record(struct hprof_writer *hprof, enum hprof_tag tag, uint64_t length)
{
    add_number(&hprof->sink->text, tag, 1);
    add_number(&hprof->sink->text, 0, 4); // microseconds since the beginning
    add_number(&hprof->sink->text, length, 4);
}

static struct error *write_segment(struct hprof_writer *hprof)
{
    TRY(strbuf_error(&hprof->segment));
    if (hprof->segment.length == 0)
        return NULL;
    if (hprof->segment.length > UINT32_MAX)
        return error_create(ERROR_LIMIT, "an object is too large for HPROF");
    record(hprof, HPROF_HEAP_DUMP_SEGMENT, hprof->segment.length);
    strbuf_add_bytes(&hprof->sink->text, hprof->segment.data, hprof->segment.length);
    strbuf_clear(&hprof->segment);
    return sink_flush(hprof->sink);
}

struct error *hprof_flush(struct hprof_writer *hprof)
{
    return hprof->segment.length < SEGMENT_BYTES ? NULL : write_segment(hprof);
}

struct error *hprof_utf8(struct hprof_writer *hprof, uint64_t id, const char *text, size_t length)
{
    record(hprof, HPROF_UTF8, length + 8);
    add_number(&hprof->sink->text, id, 8);
    strbuf_add_bytes(&hprof->sink->text, text, length);
    return sink_flush(hprof->sink);
}

struct error *hprof_load_class(struct hprof_writer *hprof, uint32_t serial, uint64_t class_id,
                               uint64_t name_id)
{
    record(hprof, HPROF_LOAD_CLASS, 24);
    add_number(&hprof->sink->text, serial, 4);
    add_number(&hprof->sink->text, class_id, 8);
    add_number(&hprof->sink->text, 1, 4); // stack trace
    add_number(&hprof->sink->text, name_id, 8);
    return sink_flush(hprof->sink);
}

struct error *hprof_empty_trace(struct hprof_writer *hprof, uint32_t serial)
{
    record(hprof, HPROF_TRACE, 12);
    add_number(&hprof->sink->text, serial, 4);
    add_number(&hprof->sink->text, 0, 4); // thread
    add_number(&hprof->sink->text, 0, 4); // frames
    return sink_flush(hprof->sink);
}

struct error *hprof_end(struct hprof_writer *hprof)
{
    TRY(write_segment(hprof));
    record(hprof, HPROF_HEAP_DUMP_END, 0);
    return sink_flush(hprof->sink);
}
