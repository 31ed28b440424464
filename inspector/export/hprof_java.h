// What readers of HPROF expect in any heap, because every Java heap has it: java.lang.Object, Class
// and String, arrays of objects and characters, kinds of weak references, and the system
// properties, from which VisualVM learns the width of a pointer. Without them it stops.
//
// Ids of what is no Python object have bit 62 set, which no address of a process has.
#ifndef BRILLE_INSPECTOR_EXPORT_HPROF_JAVA_H
#define BRILLE_INSPECTOR_EXPORT_HPROF_JAVA_H

#include "inspector/export/hprof.h"
#include "inspector/model/snapshot.h"
#include <stddef.h>
#include <stdint.h>

#define HPROF_SPECIAL UINT64_C(0x4000000000000000)

enum hprof_java_class {
    JAVA_OBJECT = 1,
    JAVA_CLASS,
    JAVA_STRING,
    JAVA_OBJECT_ARRAY,
    JAVA_CHAR_ARRAY,
    JAVA_HASHTABLE,
    JAVA_PROPERTIES,
    JAVA_ENTRY,
    JAVA_SYSTEM,
    JAVA_REFERENCE,
    JAVA_SOFT_REFERENCE,
    JAVA_WEAK_REFERENCE,
    JAVA_FINAL_REFERENCE,
    JAVA_PHANTOM_REFERENCE,
    JAVA_CLASSES,
};

// Names of fields.
enum hprof_java_name {
    JAVA_NAME_SIZE = JAVA_CLASSES,
    JAVA_NAME_REFCOUNT,
    JAVA_NAME_LABEL,
    JAVA_NAME_ITEMS,
    JAVA_NAME_OTHER,
    JAVA_NAME_VALUE,
    JAVA_NAME_KEY,
    JAVA_NAME_NEXT,
    JAVA_NAME_TABLE,
    JAVA_NAME_PROPS,
    JAVA_NAME_REFERENT,
    JAVA_NAMES,
};

uint64_t hprof_java_class_id(enum hprof_java_class class);
uint64_t hprof_java_name_id(unsigned name); // enum hprof_java_name; of a class, its name's

// The names, and a LOAD_CLASS record for each class, with serials below JAVA_CLASSES.
struct error *hprof_java_names(struct hprof_writer *hprof);
struct error *hprof_java_load(struct hprof_writer *hprof);
// The classes themselves and the properties, which tell of the process.
struct error *hprof_java_dump(struct hprof_writer *hprof, const struct snapshot *snapshot);

// A java.lang.String `id` and the array of its characters, UTF-16, `id` plus 1.
void hprof_java_string(struct hprof_writer *hprof, uint64_t id, const char *text, size_t length);

// The beginning of a class dump, up to the constants, of which there are none. The number of static
// fields comes next.
void hprof_java_begin_class(struct hprof_writer *hprof, uint64_t id, uint64_t super,
                            uint64_t instance_bytes);
void hprof_java_field(struct hprof_writer *hprof, uint64_t name, enum hprof_type type);

enum { HPROF_TRACE_SERIAL = 1 }; // of the one stack trace there is, which is empty

#endif
