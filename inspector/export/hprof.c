// HPROF 1.0.2, the heap dumps of Java: the way into Eclipse MAT, VisualVM and their like, with OQL
// over Python objects.
//
// A Python heap told in Java's terms:
//
//     type Session          class shop.session.Session { long size; int refcount; String label;
//                                                        Object[] items; Object <attribute>...; }
//     an object             an instance of it. Attributes, slots, fields and variables are fields;
//                           items, keys (each before its value) and values stand in `items`
//     a type object         the class itself, its references are static fields, and before them its
//                           size and refcount
//     a label               a java.lang.String, once for each text
//
// What is lost: Java's readers compute sizes from the fields, so an object's real size is only its
// `size` field; weak references are left out; a type has at most FIELDS_MAX attributes, the others
// go into `items`.
//
// Ids: an object's is its address; its array of items has the address plus 1 (addresses are
// multiples of 8); the others are special ones (hprof_java.h).
#include "inspector/export/hprof_java.h"

#include "inspector/analysis/reach.h"
#include "inspector/base/vec.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 200 };

enum { FIXED_FIELD_BYTES = 8 + 4 + 8 + 8 };

// The attributes of a type: string ids of their names, in the order in which they are fields.
struct field_list {
    struct u32_vec names;
    uint32_t last_shape; // of the last object looked at, plus 1
};

struct dump {
    struct snapshot *s;
    struct hprof_writer hprof;
    struct start_vec starts;
    struct field_list *fields; // by type
    uint8_t *text_written;     // by string id: its java.lang.String is there
    uint32_t *type_of_object;  // by ordinal, only of type objects: type + 1
    struct u64_vec items;
};

// Ids: a kind above bit 40, a number, and three bits free for what belongs to it.
static uint64_t special_id(uint64_t kind, uint32_t number)
{
    return HPROF_SPECIAL | kind << 40 | (uint64_t)number << 3;
}

static uint64_t name_id(uint32_t string)
{
    return special_id(1, string);
}

static uint64_t text_id(uint32_t string)
{
    return special_id(2, string);
}

static uint64_t type_name_id(uint32_t type)
{
    return special_id(3, type);
}

static uint64_t class_id(const struct dump *dump, uint32_t type)
{
    const uint32_t object = dump->s->types[type].object;
    return object != ORDINAL_NONE ? dump->s->address[object] : special_id(4, type);
}

static void dump_deinit(struct dump *dump)
{
    hprof_deinit(&dump->hprof);
    start_vec_deinit(&dump->starts);
    for (uint32_t t = 0; dump->fields && t < dump->s->type_count; t++)
        u32_vec_deinit(&dump->fields[t].names);
    free(dump->fields);
    free(dump->text_written);
    free(dump->type_of_object);
    u64_vec_deinit(&dump->items);
}

// ---- fields ----

static bool is_field(const struct edge *edge)
{
    if (edge->name == EDGE_NAME_NONE || edge_name_is_index(edge->name))
        return false;
    return edge->kind == EDGE_ATTRIBUTE || edge->kind == EDGE_FIELD || edge->kind == EDGE_SLOT ||
           edge->kind == EDGE_LOCAL || edge->kind == EDGE_CELL;
}

// Whether the edge appears at all: the type is the class.
static bool is_told(const struct edge *edge)
{
    return edge->kind != EDGE_TYPE && edge_class_retains(edge->class);
}

// The place of a name, looked for from `from` on and then from the beginning: objects of one type
// mostly have their attributes in the same order. -1 when it is not there.
static int64_t find_field(const struct field_list *list, uint32_t name, size_t from)
{
    for (size_t k = 0; k < list->names.count; k++) {
        const size_t i = (from + k) % list->names.count;
        if (list->names.items[i] == name)
            return (int64_t)i;
    }
    return -1;
}

static struct error *collect_fields(struct dump *dump)
{
    const struct snapshot *s = dump->s;
    struct edge edge;
    for (uint32_t o = 0; o < s->object_count; o++) {
        struct field_list *list = &dump->fields[s->type[o]];
        if (list->last_shape == s->shape[o] + 1 || dump->type_of_object[o])
            continue;
        list->last_shape = s->shape[o] + 1;
        size_t from = 0;
        for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);) {
            if (!is_told(&edge) || !is_field(&edge))
                continue;
            const int64_t found = find_field(list, edge.name, from);
            if (found < 0 && list->names.count < FIELDS_MAX)
                TRY(u32_vec_push(&list->names, edge.name));
            from = found < 0 ? list->names.count : (size_t)found + 1;
        }
    }
    return NULL;
}

static struct error *prepare(struct dump *dump)
{
    struct snapshot *s = dump->s;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(reach_starts(s, &dump->starts));
    dump->fields = calloc((size_t)s->type_count + 1, sizeof *dump->fields);
    dump->text_written = calloc((size_t)s->strings.count / 8 + 1, 1);
    dump->type_of_object = calloc((size_t)s->object_count + 1, sizeof *dump->type_of_object);
    if (!dump->fields || !dump->text_written || !dump->type_of_object)
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++)
        if (s->types[t].object != ORDINAL_NONE)
            dump->type_of_object[s->types[t].object] = t + 1;
    return collect_fields(dump);
}

// ---- names ----

static struct error *write_type_name(struct dump *dump, uint32_t type, struct strbuf *name)
{
    strbuf_clear(name);
    snapshot_add_type_name(dump->s, type, name);
    TRY(strbuf_error(name));
    for (size_t i = 0; i < name->length; i++)
        if (name->data[i] == '.')
            name->data[i] = '/';
    if (name->length && name->data[0] == '[') // would be an array
        name->data[0] = '(';
    return hprof_utf8(&dump->hprof, type_name_id(type), strbuf_text(name), name->length);
}

static struct error *write_name(struct dump *dump, uint8_t *written, uint32_t name)
{
    const struct snapshot *s = dump->s;
    if (reach_marked(written, name))
        return NULL;
    written[name / 8] |= (uint8_t)(1 << (name % 8));
    return hprof_utf8(&dump->hprof, name_id(name), snapshot_string(s, name),
                      strtab_length(&s->strings, name));
}

static struct error *write_field_names(struct dump *dump)
{
    const struct snapshot *s = dump->s;
    _cleanup_free_ uint8_t *written = calloc((size_t)s->strings.count / 8 + 1, 1);
    struct edge edge;
    if (!written)
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++) {
        for (size_t i = 0; i < dump->fields[t].names.count; i++)
            TRY(write_name(dump, written, dump->fields[t].names.items[i]));
        if (s->types[t].object == ORDINAL_NONE)
            continue;
        for (struct edge_iter it = snapshot_edges(s, s->types[t].object);
             edge_iter_next(&it, &edge);)
            if (is_told(&edge) && is_field(&edge))
                TRY(write_name(dump, written, edge.name));
    }
    return NULL;
}

static struct error *write_names(struct dump *dump)
{
    struct strbuf name;
    strbuf_init(&name);
    struct error *err = hprof_java_names(&dump->hprof);
    for (uint32_t t = 0; !err && t < dump->s->type_count; t++)
        err = write_type_name(dump, t, &name);
    strbuf_deinit(&name);
    if (!err)
        err = write_field_names(dump);
    if (!err)
        err = hprof_java_load(&dump->hprof);
    for (uint32_t t = 0; !err && t < dump->s->type_count; t++)
        err = hprof_load_class(&dump->hprof, JAVA_CLASSES + t, class_id(dump, t), type_name_id(t));
    return err;
}

// ---- classes ----

// Its size and its count first: an attribute of the same name comes after them. A class has at most
// 65535 static fields; what a type object refers to beyond that is left out.
static void add_statics(struct dump *dump, uint32_t object)
{
    const struct snapshot *s = dump->s;
    uint64_t count = 0, limit = UINT16_MAX - 2;
    struct edge edge;
    for (struct edge_iter it = snapshot_edges(s, object); edge_iter_next(&it, &edge);)
        count += is_told(&edge);
    count = count < limit ? count : limit;
    hprof_u2(&dump->hprof, count + 2);
    hprof_java_field(&dump->hprof, hprof_java_name_id(JAVA_NAME_SIZE), HPROF_LONG);
    hprof_u8(&dump->hprof, snapshot_size(s, object));
    hprof_java_field(&dump->hprof, hprof_java_name_id(JAVA_NAME_REFCOUNT), HPROF_INT);
    hprof_u4(&dump->hprof, s->refcount[object]);
    for (struct edge_iter it = snapshot_edges(s, object); count && edge_iter_next(&it, &edge);) {
        if (!is_told(&edge))
            continue;
        hprof_java_field(&dump->hprof,
                         is_field(&edge) ? name_id(edge.name) : hprof_java_name_id(JAVA_NAME_OTHER),
                         HPROF_OBJECT);
        hprof_u8(&dump->hprof, s->address[edge.target]);
        count--;
    }
}

static struct error *write_classes(struct dump *dump)
{
    struct hprof_writer *h = &dump->hprof;
    TRY(hprof_java_dump(h, dump->s));
    for (uint32_t t = 0; t < dump->s->type_count; t++) {
        const struct u32_vec *names = &dump->fields[t].names;
        hprof_java_begin_class(h, class_id(dump, t), hprof_java_class_id(JAVA_OBJECT),
                               FIXED_FIELD_BYTES + 8 * names->count);
        if (dump->s->types[t].object == ORDINAL_NONE)
            hprof_u2(h, 0);
        else
            add_statics(dump, dump->s->types[t].object);
        hprof_u2(h, 4 + names->count);
        hprof_java_field(h, hprof_java_name_id(JAVA_NAME_SIZE), HPROF_LONG);
        hprof_java_field(h, hprof_java_name_id(JAVA_NAME_REFCOUNT), HPROF_INT);
        hprof_java_field(h, hprof_java_name_id(JAVA_NAME_LABEL), HPROF_OBJECT);
        hprof_java_field(h, hprof_java_name_id(JAVA_NAME_ITEMS), HPROF_OBJECT);
        for (size_t i = 0; i < names->count; i++)
            hprof_java_field(h, name_id(names->items[i]), HPROF_OBJECT);
        TRY(hprof_flush(h));
    }
    return NULL;
}

// ---- objects ----

static void write_text(struct dump *dump, uint32_t string)
{
    dump->text_written[string / 8] |= (uint8_t)(1 << (string % 8));
    hprof_java_string(&dump->hprof, text_id(string), snapshot_string(dump->s, string),
                      strtab_length(&dump->s->strings, string));
}

// Sorts the references of an object into the values of its fields and its items.
static struct error *sort_references(struct dump *dump, uint32_t o, uint64_t *values)
{
    const struct snapshot *s = dump->s;
    const struct field_list *list = &dump->fields[s->type[o]];
    struct edge edge;
    size_t from = 0;
    memset(values, 0, list->names.count * sizeof *values);
    dump->items.count = 0;
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);) {
        if (!is_told(&edge))
            continue;
        const int64_t field = is_field(&edge) ? find_field(list, edge.name, from) : -1;
        if (field >= 0 && !values[field]) {
            values[field] = s->address[edge.target];
            from = (size_t)field + 1;
        } else {
            TRY(u64_vec_push(&dump->items, s->address[edge.target]));
        }
    }
    return NULL;
}

static struct error *write_items(struct dump *dump, uint32_t o)
{
    struct hprof_writer *h = &dump->hprof;
    if (dump->items.count > INT32_MAX)
        return error_create(ERROR_LIMIT, "an object has too many references for HPROF");
    hprof_u1(h, HPROF_OBJECT_ARRAY_DUMP);
    hprof_u8(h, dump->s->address[o] | 1);
    hprof_u4(h, HPROF_TRACE_SERIAL);
    hprof_u4(h, dump->items.count);
    hprof_u8(h, hprof_java_class_id(JAVA_OBJECT_ARRAY));
    for (size_t i = 0; i < dump->items.count; i++)
        hprof_u8(h, dump->items.items[i]);
    return NULL;
}

static struct error *write_object(struct dump *dump, uint32_t o)
{
    const struct snapshot *s = dump->s;
    struct hprof_writer *h = &dump->hprof;
    const uint32_t type = s->type[o], label = s->label[o];
    const size_t fields = dump->fields[type].names.count;
    uint64_t values[FIELDS_MAX];
    TRY(sort_references(dump, o, values));
    if (label && !reach_marked(dump->text_written, label))
        write_text(dump, label);
    if (dump->items.count)
        TRY(write_items(dump, o));
    hprof_u1(h, HPROF_INSTANCE_DUMP);
    hprof_u8(h, s->address[o]);
    hprof_u4(h, HPROF_TRACE_SERIAL);
    hprof_u8(h, class_id(dump, type));
    hprof_u4(h, FIXED_FIELD_BYTES + 8 * fields);
    hprof_u8(h, snapshot_size(s, o));
    hprof_u4(h, s->refcount[o]);
    hprof_u8(h, label ? text_id(label) : 0);
    hprof_u8(h, dump->items.count ? s->address[o] | 1 : 0);
    for (size_t i = 0; i < fields; i++)
        hprof_u8(h, values[i]);
    return hprof_flush(h);
}

static struct error *write_roots(struct dump *dump)
{
    struct hprof_writer *h = &dump->hprof;
    for (size_t i = 0; i < dump->starts.count; i++) {
        const struct start *start = &dump->starts.items[i];
        const unsigned kind =
            start->root == ORDINAL_NONE ? ROOT_NATIVE : dump->s->roots[start->root].kind;
        const bool native = kind == ROOT_NATIVE;
        hprof_u1(h, native                ? HPROF_ROOT_JNI_GLOBAL
                    : kind == ROOT_MODULE ? HPROF_ROOT_STICKY_CLASS
                                          : HPROF_ROOT_UNKNOWN);
        hprof_u8(h, dump->s->address[start->object]);
        if (native)
            hprof_u8(h, 0); // where the native code keeps it
        TRY(hprof_flush(h));
    }
    return NULL;
}

static struct error *write_all(struct dump *dump, struct sink *sink)
{
    hprof_begin(&dump->hprof, sink, (uint64_t)(dump->s->info.taken_unix_ns / 1000000));
    TRY(prepare(dump));
    TRY(write_names(dump));
    TRY(write_classes(dump));
    TRY(write_roots(dump));
    sink_begin_progress(sink, dump->s->object_count);
    for (uint32_t o = 0; o < dump->s->object_count; o++) {
        sink_progress(sink, o);
        if (!dump->type_of_object[o])
            TRY(write_object(dump, o));
    }
    return hprof_end(&dump->hprof);
}

struct error *export_hprof(struct snapshot *s, const struct export_options *options,
                           struct sink *sink)
{
    struct dump dump = {.s = s};
    (void)options;
    struct error *err = write_all(&dump, sink);
    dump_deinit(&dump);
    return err;
}
