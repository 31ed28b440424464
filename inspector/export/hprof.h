// The records of an HPROF file, written one by one: big-endian numbers, ids of 8 bytes.
//
// A record is a tag, a time and the length of its body. Objects are sub-records inside records of
// one kind, the segments of the heap dump; a segment is kept until it is full, because its length
// stands before it.
#ifndef BRILLE_INSPECTOR_EXPORT_HPROF_H
#define BRILLE_INSPECTOR_EXPORT_HPROF_H

#include "inspector/export/export.h"
#include <stdint.h>

enum hprof_tag {
    HPROF_UTF8 = 0x01,
    HPROF_LOAD_CLASS = 0x02,
    HPROF_TRACE = 0x05,
    HPROF_HEAP_DUMP_SEGMENT = 0x1c,
    HPROF_HEAP_DUMP_END = 0x2c,
};

enum hprof_object_tag {
    HPROF_ROOT_JNI_GLOBAL = 0x01,
    HPROF_ROOT_JNI_LOCAL = 0x02,
    HPROF_ROOT_JAVA_FRAME = 0x03,
    HPROF_ROOT_STICKY_CLASS = 0x05,
    HPROF_ROOT_THREAD_OBJECT = 0x08,
    HPROF_CLASS_DUMP = 0x20,
    HPROF_INSTANCE_DUMP = 0x21,
    HPROF_OBJECT_ARRAY_DUMP = 0x22,
    HPROF_PRIMITIVE_ARRAY_DUMP = 0x23,
    HPROF_ROOT_UNKNOWN = 0xff,
};

enum hprof_type {
    HPROF_OBJECT = 2,
    HPROF_CHAR = 5,
    HPROF_INT = 10,
    HPROF_LONG = 11,
};

struct hprof_writer {
    struct sink *sink;
    struct strbuf segment; // sub-records not written yet
};

void hprof_begin(struct hprof_writer *hprof, struct sink *sink, uint64_t unix_ms);
void hprof_deinit(struct hprof_writer *hprof);

// Fixed-width numbers, into the segment.
void hprof_u1(struct hprof_writer *hprof, uint64_t value);
void hprof_u2(struct hprof_writer *hprof, uint64_t value);
void hprof_u4(struct hprof_writer *hprof, uint64_t value);
void hprof_u8(struct hprof_writer *hprof, uint64_t value); // ids too

// Between two sub-records: writes the segment when it is full.
struct error *hprof_flush(struct hprof_writer *hprof);

// Records of their own; not while sub-records are waiting.
struct error *hprof_utf8(struct hprof_writer *hprof, uint64_t id, const char *text, size_t length);
struct error *hprof_load_class(struct hprof_writer *hprof, uint32_t serial, uint64_t class_id,
                               uint64_t name_id);
struct error *hprof_empty_trace(struct hprof_writer *hprof, uint32_t serial);
struct error *hprof_end(struct hprof_writer *hprof);

#endif
