#include "inspector/export/hprof_java.h"

#include "inspector/base/utf8.h"

#include <string.h>

static const char *const names[JAVA_NAMES] = {
    [JAVA_OBJECT] = "java/lang/Object",
    [JAVA_CLASS] = "java/lang/Class",
    [JAVA_STRING] = "java/lang/String",
    [JAVA_OBJECT_ARRAY] = "[Ljava/lang/Object;",
    [JAVA_CHAR_ARRAY] = "[C",
    [JAVA_HASHTABLE] = "java/util/Hashtable",
    [JAVA_PROPERTIES] = "java/util/Properties",
    [JAVA_ENTRY] = "java/util/Hashtable$Entry",
    [JAVA_SYSTEM] = "java/lang/System",
    [JAVA_REFERENCE] = "java/lang/ref/Reference",
    [JAVA_SOFT_REFERENCE] = "java/lang/ref/SoftReference",
    [JAVA_WEAK_REFERENCE] = "java/lang/ref/WeakReference",
    [JAVA_FINAL_REFERENCE] = "java/lang/ref/FinalReference",
    [JAVA_PHANTOM_REFERENCE] = "java/lang/ref/PhantomReference",
    [JAVA_NAME_SIZE] = "size",
    [JAVA_NAME_REFCOUNT] = "refcount",
    [JAVA_NAME_LABEL] = "label",
    [JAVA_NAME_ITEMS] = "items",
    [JAVA_NAME_OTHER] = "reference",
    [JAVA_NAME_VALUE] = "value",
    [JAVA_NAME_KEY] = "key",
    [JAVA_NAME_NEXT] = "next",
    [JAVA_NAME_TABLE] = "table",
    [JAVA_NAME_PROPS] = "props",
    [JAVA_NAME_REFERENT] = "referent",
};

// The instance fields, all of them objects.
static const struct {
    enum hprof_java_class super;
    unsigned fields[4];
} classes[JAVA_CLASSES] = {
    [JAVA_CLASS] = {.super = JAVA_OBJECT},
    [JAVA_STRING] = {JAVA_OBJECT, {JAVA_NAME_VALUE}},
    [JAVA_OBJECT_ARRAY] = {.super = JAVA_OBJECT},
    [JAVA_CHAR_ARRAY] = {.super = JAVA_OBJECT},
    [JAVA_HASHTABLE] = {JAVA_OBJECT, {JAVA_NAME_TABLE}},
    [JAVA_PROPERTIES] = {.super = JAVA_HASHTABLE},
    [JAVA_ENTRY] = {JAVA_OBJECT, {JAVA_NAME_KEY, JAVA_NAME_VALUE, JAVA_NAME_NEXT}},
    [JAVA_SYSTEM] = {.super = JAVA_OBJECT},
    [JAVA_REFERENCE] = {JAVA_OBJECT, {JAVA_NAME_REFERENT}},
    [JAVA_SOFT_REFERENCE] = {.super = JAVA_REFERENCE},
    [JAVA_WEAK_REFERENCE] = {.super = JAVA_REFERENCE},
    [JAVA_FINAL_REFERENCE] = {.super = JAVA_REFERENCE},
    [JAVA_PHANTOM_REFERENCE] = {.super = JAVA_REFERENCE},
};

uint64_t hprof_java_class_id(enum hprof_java_class class)
{
    return HPROF_SPECIAL | (uint64_t) class << 3;
}

uint64_t hprof_java_name_id(unsigned name)
{
    return HPROF_SPECIAL | (uint64_t)name << 3 | 1;
}

// Objects that belong to the properties.
static uint64_t extra_id(unsigned number)
{
    return HPROF_SPECIAL | UINT64_C(1) << 32 | (uint64_t)number << 3;
}

struct error *hprof_java_names(struct hprof_writer *h)
{
    for (unsigned name = 1; name < JAVA_NAMES; name++)
        TRY(hprof_utf8(h, hprof_java_name_id(name), names[name], strlen(names[name])));
    return NULL;
}

// VisualVM takes everything between the first and the last LOAD_CLASS for such records: nothing
// else may stand between them.
struct error *hprof_java_load(struct hprof_writer *h)
{
    TRY(hprof_empty_trace(h, HPROF_TRACE_SERIAL));
    for (enum hprof_java_class class = 1; class < JAVA_CLASSES; class ++)
        TRY(hprof_load_class(h, class, hprof_java_class_id(class), hprof_java_name_id(class)));
    return NULL;
}

// ---- classes ----

void hprof_java_begin_class(struct hprof_writer *h, uint64_t id, uint64_t super,
                            uint64_t instance_bytes)
{
    hprof_u1(h, HPROF_CLASS_DUMP);
    hprof_u8(h, id);
    hprof_u4(h, HPROF_TRACE_SERIAL);
    hprof_u8(h, super);
    for (unsigned i = 0; i < 5; i++) // loader, signers, protection domain, two reserved
        hprof_u8(h, 0);
    hprof_u4(h, instance_bytes);
    hprof_u2(h, 0); // constants
}

void hprof_java_field(struct hprof_writer *h, uint64_t name, enum hprof_type type)
{
    hprof_u8(h, name);
    hprof_u1(h, type);
}

enum { EXTRA_PROPERTIES, EXTRA_TABLE, EXTRA_FIRST_ENTRY };

static void dump_class(struct hprof_writer *h, enum hprof_java_class class)
{
    const unsigned *fields = classes[class].fields;
    unsigned count = 0, inherited = 0;
    for (; count < 4 && fields[count]; count++) {
    }
    for (enum hprof_java_class c = classes[class].super; c; c = classes[c].super)
        for (unsigned i = 0; i < 4 && classes[c].fields[i]; i++)
            inherited++;
    hprof_java_begin_class(h, hprof_java_class_id(class),
                           classes[class].super ? hprof_java_class_id(classes[class].super) : 0,
                           8 * (count + inherited));
    hprof_u2(h, class == JAVA_SYSTEM); // static fields
    if (class == JAVA_SYSTEM) {
        hprof_java_field(h, hprof_java_name_id(JAVA_NAME_PROPS), HPROF_OBJECT);
        hprof_u8(h, extra_id(EXTRA_PROPERTIES));
    }
    hprof_u2(h, count);
    for (unsigned i = 0; i < count; i++)
        hprof_java_field(h, hprof_java_name_id(fields[i]), HPROF_OBJECT);
}

// ---- objects ----

static uint32_t code_point(const unsigned char *bytes, size_t length)
{
    uint32_t value = length == 1 ? bytes[0] : bytes[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++)
        value = value << 6 | (bytes[i] & 0x3f);
    return value;
}

// What is not UTF-8 becomes U+FFFD. Returns the number of units; writes them if asked to.
static uint32_t characters(struct hprof_writer *h, const char *text, size_t length, bool write)
{
    uint32_t units = 0;
    for (size_t i = 0; i < length;) {
        const unsigned char *at = (const unsigned char *)text + i;
        const size_t sequence = utf8_sequence(at, length - i);
        const uint32_t c = sequence ? code_point(at, sequence) : 0xfffd;
        units += c > 0xffff ? 2 : 1;
        if (write && c > 0xffff) {
            hprof_u2(h, 0xd800 + ((c - 0x10000) >> 10));
            hprof_u2(h, 0xdc00 + (c & 0x3ff));
        } else if (write) {
            hprof_u2(h, c);
        }
        i += sequence ? sequence : 1;
    }
    return units;
}

static void begin_instance(struct hprof_writer *h, uint64_t id, enum hprof_java_class class,
                           unsigned fields)
{
    hprof_u1(h, HPROF_INSTANCE_DUMP);
    hprof_u8(h, id);
    hprof_u4(h, HPROF_TRACE_SERIAL);
    hprof_u8(h, hprof_java_class_id(class));
    hprof_u4(h, 8 * fields);
}

void hprof_java_string(struct hprof_writer *h, uint64_t id, const char *text, size_t length)
{
    hprof_u1(h, HPROF_PRIMITIVE_ARRAY_DUMP);
    hprof_u8(h, id | 1);
    hprof_u4(h, HPROF_TRACE_SERIAL);
    hprof_u4(h, characters(h, text, length, false));
    hprof_u1(h, HPROF_CHAR);
    characters(h, text, length, true);
    begin_instance(h, id, JAVA_STRING, 1);
    hprof_u8(h, id | 1);
}

static void dump_properties(struct hprof_writer *h, const struct snapshot *s)
{
    const char *const properties[][2] = {
        {"sun.arch.data.model", "64"},        {"java.vm.name", s->info.runtime},
        {"java.version", s->info.version},    {"sun.java.command", s->info.command},
        {"java.vm.version", s->info.version},
    };
    enum { COUNT = sizeof properties / sizeof *properties };
    begin_instance(h, extra_id(EXTRA_PROPERTIES), JAVA_PROPERTIES, 1);
    hprof_u8(h, extra_id(EXTRA_TABLE));
    hprof_u1(h, HPROF_OBJECT_ARRAY_DUMP);
    hprof_u8(h, extra_id(EXTRA_TABLE));
    hprof_u4(h, HPROF_TRACE_SERIAL);
    hprof_u4(h, COUNT);
    hprof_u8(h, hprof_java_class_id(JAVA_OBJECT_ARRAY));
    for (unsigned i = 0; i < COUNT; i++)
        hprof_u8(h, extra_id(EXTRA_FIRST_ENTRY + 3 * i));
    for (unsigned i = 0; i < COUNT; i++) {
        const uint64_t key = extra_id(EXTRA_FIRST_ENTRY + 3 * i + 1);
        const uint64_t value = extra_id(EXTRA_FIRST_ENTRY + 3 * i + 2);
        hprof_java_string(h, key, properties[i][0], strlen(properties[i][0]));
        hprof_java_string(h, value, properties[i][1], strlen(properties[i][1]));
        begin_instance(h, extra_id(EXTRA_FIRST_ENTRY + 3 * i), JAVA_ENTRY, 3);
        hprof_u8(h, key);
        hprof_u8(h, value);
        hprof_u8(h, 0);
    }
}

struct error *hprof_java_dump(struct hprof_writer *h, const struct snapshot *s)
{
    for (enum hprof_java_class class = 1; class < JAVA_CLASSES; class ++)
        dump_class(h, class);
    dump_properties(h, s);
    return hprof_flush(h);
}
