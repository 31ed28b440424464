// Writes .heap files (docs/formats/heap.md).
//
// Sections go out one after the other through one buffer of a CRC block; the header is written
// last, over the hole left for it, so that a file without its end has no valid beginning either.
// The file is made under a temporary name and renamed when it is whole and closed without an error.
//
// What makes it small: columns are predicted from the last object of the same type (sizes, flags
// and shapes hardly ever differ within a type), names are in shapes, and each target is written in
// the shortest of four ways (near the source, near the target before, one of the 4096 most
// referenced objects, the source's type).
#include "inspector/model/heap_file.h"

#include "inspector/base/vec.h"
#include "inspector/model/crc32c.h"
#include "inspector/model/heap_format.h"
#include "inspector/model/varint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

VEC_DEFINE(section_vec, struct heap_section);

struct writer {
    int fd;
    const char *path;
    uint64_t offset; // of the file, where the block in the buffer will go
    struct heap_section section;
    struct section_vec sections;
    struct u32_vec crcs; // of the current section's full blocks
    size_t used;
    uint8_t *block; // HEAP_BLOCK_BYTES
    struct error *error;
};

static struct error *write_all(const struct writer *w, const void *bytes, size_t length,
                               uint64_t offset)
{
    const char *from = bytes;
    while (length) {
        const ssize_t wrote = pwrite(w->fd, from, length, (off_t)offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return error_create_errno(errno, "cannot write %s", w->path);
        from += wrote;
        offset += (uint64_t)wrote;
        length -= (size_t)wrote;
    }
    return NULL;
}

// ---- sections ----

static void fail(struct writer *w, struct error *err)
{
    if (w->error)
        error_destroy(err);
    else
        w->error = err;
}

static void flush_block(struct writer *w)
{
    if (w->error || w->used == 0)
        return;
    fail(w, u32_vec_push(&w->crcs, crc32c(0, w->block, w->used)));
    if (!w->error)
        fail(w, write_all(w, w->block, w->used, w->offset));
    w->offset += w->used;
    w->used = 0;
}

static void put_bytes(struct writer *w, const void *bytes, size_t length)
{
    const uint8_t *from = bytes;
    w->section.bytes += length;
    while (length) {
        const size_t room = HEAP_BLOCK_BYTES - w->used;
        const size_t part = length < room ? length : room;
        memcpy(w->block + w->used, from, part);
        w->used += part;
        from += part;
        length -= part;
        if (w->used == HEAP_BLOCK_BYTES)
            flush_block(w);
    }
}

static inline void put(struct writer *w, uint64_t value)
{
    if (w->used + VARINT_MAX < HEAP_BLOCK_BYTES) {
        const uint8_t *end = varint_put(w->block + w->used, value);
        w->section.bytes += (size_t)(end - (w->block + w->used));
        w->used = (size_t)(end - w->block);
        return;
    }
    uint8_t bytes[VARINT_MAX];
    put_bytes(w, bytes, (size_t)(varint_put(bytes, value) - bytes));
}

static void put_many(struct writer *w, const uint64_t *values, uint32_t count)
{
    const uint8_t *end = w->block + HEAP_BLOCK_BYTES - VARINT_MAX;
    for (uint32_t i = 0; i < count;) {
        uint8_t *begin = w->block + w->used, *to = begin;
        while (i < count && to < end)
            to = varint_put(to, values[i++]);
        w->section.bytes += (size_t)(to - begin);
        w->used = (size_t)(to - w->block);
        if (i < count)
            put(w, values[i++]); // the block is full: the slow way over its end
    }
}

static void begin_section(struct writer *w, uint32_t tag, uint64_t count)
{
    w->section = (struct heap_section){.tag = tag, .offset = w->offset, .count = count};
    w->crcs.count = 0;
}

static void end_section(struct writer *w)
{
    flush_block(w);
    w->offset = (w->offset + 7) & ~UINT64_C(7);
    const size_t crc_bytes = w->crcs.count * sizeof *w->crcs.items;
    if (!w->error && crc_bytes)
        fail(w, write_all(w, w->crcs.items, crc_bytes, w->offset));
    w->offset = (w->offset + crc_bytes + 7) & ~UINT64_C(7);
    if (!w->error)
        fail(w, section_vec_push(&w->sections, w->section));
}

// ---- small sections ----

static void put_text_field(struct writer *w, enum heap_info field, const char *text)
{
    const size_t length = strlen(text);
    put(w, (uint64_t)field << 1 | 1);
    put(w, length);
    put_bytes(w, text, length);
}

static void put_field(struct writer *w, enum heap_info field, uint64_t value)
{
    put(w, (uint64_t)field << 1);
    put(w, value);
}

static void write_info(struct writer *w, const struct snapshot *s)
{
    const struct snapshot_info *info = &s->info;
    begin_section(w, TAG_INFO, 1);
    put_text_field(w, INFO_RUNTIME, info->runtime);
    put_text_field(w, INFO_VERSION, info->version);
    put_text_field(w, INFO_COMMAND, info->command);
    put_text_field(w, INFO_INCOMPLETE_WHY, info->incomplete_why);
    put_field(w, INFO_PID, info->pid);
    put_field(w, INFO_START_TIME, info->start_time);
    put_field(w, INFO_PAUSE_NS, info->pause_ns);
    put_field(w, INFO_CAPTURE_NS, info->capture_ns);
    put_field(w, INFO_TAKEN_UNIX_NS, (uint64_t)info->taken_unix_ns);
    put_field(w, INFO_COMPLETE, info->complete);
    if (info->has_event_seq)
        put_field(w, INFO_EVENT_SEQ, info->event_seq);
    put_field(w, INFO_BIRTH_EPOCH, info->birth_epoch);
    put_field(w, INFO_RSS_BYTES, info->rss_bytes);
    put_field(w, INFO_ARENA_BYTES, info->arena_bytes);
    put_field(w, INFO_DANGLING, info->dangling_reference_count);
    put_field(w, INFO_DUPLICATES, info->duplicate_object_count);
    put_field(w, INFO_OBJECT_COUNT, s->object_count);
    put_field(w, INFO_REFERENCE_COUNT, s->reference_count);
    put_field(w, INFO_ANONYMOUS_BYTES, info->anonymous_bytes);
    put_field(w, INFO_HUGE_BYTES, info->huge_bytes);
    end_section(w);
}

static void write_strings(struct writer *w, const struct strtab *strings)
{
    begin_section(w, TAG_STRS, strings->count);
    for (uint32_t id = 0; id < strings->count; id++)
        put(w, strtab_length(strings, id));
    for (uint32_t id = 0; id < strings->count; id++)
        put_bytes(w, strtab_text(strings, id), strtab_length(strings, id));
    end_section(w);
}

static void write_shapes(struct writer *w, const struct shape_table *shapes)
{
    begin_section(w, TAG_SHAP, shapes->count);
    for (uint32_t i = 0; i < shapes->count; i++) {
        const size_t length = (size_t)(shapes->begin[i + 1] - shapes->begin[i]);
        put(w, length);
        put_bytes(w, shapes->bytes + shapes->begin[i], length);
    }
    end_section(w);
}

// Rows refer to something that may be missing as number + 1, with 0 for none.
static uint64_t or_none(uint32_t ordinal)
{
    return ordinal == ORDINAL_NONE ? 0 : (uint64_t)ordinal + 1;
}

static void write_rows(struct writer *w, const struct snapshot *s)
{
    begin_section(w, TAG_TYPE, s->type_count);
    for (uint32_t i = 0; i < s->type_count; i++) {
        put(w, s->types[i].address);
        put(w, s->types[i].name);
        put(w, s->types[i].module);
        put(w, s->types[i].size_bytes);
        put(w, or_none(s->types[i].object));
    }
    end_section(w);
    begin_section(w, TAG_ROOT, s->root_count);
    for (uint32_t i = 0; i < s->root_count; i++) {
        put(w, s->roots[i].target);
        put(w, s->roots[i].kind);
        put(w, s->roots[i].class);
        put(w, s->roots[i].name);
        put(w, or_none(s->roots[i].thread));
        put(w, or_none(s->roots[i].frame));
    }
    end_section(w);
    begin_section(w, TAG_THRD, s->thread_count);
    for (uint32_t i = 0; i < s->thread_count; i++) {
        put(w, s->threads[i].tid);
        put(w, s->threads[i].name);
        put(w, s->threads[i].gil);
        put(w, s->threads[i].frame_count);
    }
    end_section(w);
    begin_section(w, TAG_FRAM, s->frame_count);
    for (uint32_t i = 0; i < s->frame_count; i++) {
        put(w, s->frames[i].function);
        put(w, s->frames[i].file);
        put(w, s->frames[i].line);
        put(w, or_none(s->frames[i].object));
    }
    end_section(w);
    begin_section(w, TAG_POOL, s->pool_count);
    for (uint32_t i = 0; i < s->pool_count; i++) {
        put(w, zigzag((int64_t)(s->pools[i].address - (i ? s->pools[i - 1].address : 0))));
        put(w, zigzag((int64_t)(s->pools[i].arena - s->pools[i].address)));
        put(w, s->pools[i].block_bytes);
        put(w, s->pools[i].capacity);
        put(w, s->pools[i].used);
    }
    end_section(w);
}

// ---- columns ----

struct column_writer {
    struct writer *w;
    const uint32_t *types; // by ordinal; NULL: no prediction (the type column itself)
    uint64_t *last;        // by type: the last value
    uint64_t values[HEAP_COLUMN_BLOCK];
    uint32_t count; // values in the block
    uint32_t begin; // ordinal of the first
};

// One byte for each seven bits begun.
static inline unsigned varint_length(uint64_t value)
{
    const unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    return (9 * bits + 64) / 64;
}

static void put_runs(struct column_writer *c)
{
    for (uint32_t i = 0, run; i < c->count; i += run) {
        for (run = 1; i + run < c->count && c->values[i + run] == c->values[i]; run++)
            ;
        put(c->w, c->values[i]);
        put(c->w, run - 1);
    }
}

static uint64_t cost_of_runs(const struct column_writer *c)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0, run; i < c->count; i += run) {
        for (run = 1; i + run < c->count && c->values[i + run] == c->values[i]; run++)
            ;
        bytes += varint_length(c->values[i]) + varint_length(run - 1);
    }
    return bytes;
}

// Fills in which values are as predicted, and moves the others together; returns how many they are.
static uint32_t predict(struct column_writer *c, uint8_t *equal, uint64_t *others)
{
    const uint32_t *types = c->types + c->begin;
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        uint64_t *last = &c->last[types[i]];
        const uint64_t value = c->values[i];
        const bool same = *last == value;
        equal[i / 8] |= (uint8_t)(same << i % 8);
        others[count] = value;
        count += !same;
        *last = value;
    }
    return count;
}

static uint64_t cost_of_plain(const uint64_t *values, uint32_t count)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += varint_length(values[i]);
    return bytes;
}

static uint32_t count_changes(const struct column_writer *c)
{
    uint32_t changes = 0;
    for (uint32_t i = 1; i < c->count; i++)
        changes += c->values[i] != c->values[i - 1];
    return changes;
}

static void put_mode(struct column_writer *c, uint8_t mode)
{
    put_bytes(c->w, &mode, 1);
}

// In the shortest of the three ways. A run costs two bytes or more.
static void flush_column(struct column_writer *c)
{
    uint8_t equal[HEAP_COLUMN_BLOCK / 8] = {0};
    uint64_t others[HEAP_COLUMN_BLOCK];
    uint64_t predicted = UINT64_MAX, runs = UINT64_MAX;
    uint32_t other_count = 0;
    if (c->count == 0)
        return;
    const uint64_t plain = cost_of_plain(c->values, c->count);
    if (2 * ((uint64_t)count_changes(c) + 1) < plain)
        runs = cost_of_runs(c);
    if (c->types) {
        other_count = predict(c, equal, others);
        predicted = (c->count + 7) / 8 + cost_of_plain(others, other_count);
    }
    if (predicted < plain && predicted < runs) {
        put_mode(c, COLUMN_PREDICTED);
        put_bytes(c->w, equal, (c->count + 7) / 8);
        put_many(c->w, others, other_count);
    } else if (plain <= runs) {
        put_mode(c, COLUMN_PLAIN);
        put_many(c->w, c->values, c->count);
    } else {
        put_mode(c, COLUMN_RUNS);
        put_runs(c);
    }
    c->begin += c->count;
    c->count = 0;
}

static inline void put_value(struct column_writer *c, uint64_t value)
{
    c->values[c->count++] = value;
    if (c->count == HEAP_COLUMN_BLOCK)
        flush_column(c);
}

static void begin_column(struct column_writer *c, const struct snapshot *s, uint32_t tag)
{
    begin_section(c->w, tag, s->object_count);
    c->types = tag == TAG_TYPC ? NULL : s->type;
    c->count = c->begin = 0;
    memset(c->last, 0, ((size_t)s->type_count + 1) * sizeof *c->last);
}

static void end_column(struct column_writer *c)
{
    flush_column(c);
    end_section(c->w);
}

#define WRITE_COLUMN(tag, expression)                  \
    do {                                               \
        begin_column(c, s, tag);                       \
        for (uint32_t o = 0; o < s->object_count; o++) \
            put_value(c, expression);                  \
        end_column(c);                                 \
    } while (0)

static void write_labels(struct column_writer *c, const struct snapshot *s)
{
    uint32_t last = 0;
    begin_column(c, s, TAG_LABL);
    for (uint32_t o = 0; o < s->object_count; o++) {
        put_value(c, s->label[o] ? 1 + zigzag((int64_t)s->label[o] - last) : 0);
        if (s->label[o])
            last = s->label[o];
    }
    end_column(c);
}

static struct error *write_columns(struct writer *w, const struct snapshot *s)
{
    _cleanup_free_ struct column_writer *c = calloc(1, sizeof *c);
    _cleanup_free_ uint64_t *last = calloc((size_t)s->type_count + 1, sizeof *last);
    if (!c || !last)
        return &error_no_memory;
    c->w = w;
    c->last = last;
    WRITE_COLUMN(TAG_TYPC, s->type[o]);
    WRITE_COLUMN(TAG_ADDR, (s->address[o] - (o ? s->address[o - 1] : 0)) / 8);
    WRITE_COLUMN(TAG_SIZE, snapshot_size(s, o));
    WRITE_COLUMN(TAG_REFC, s->refcount[o]);
    WRITE_COLUMN(TAG_FLAG, s->flags[o] & (OBJECT_GENERATION | OBJECT_TRACKED | OBJECT_IMMORTAL));
    WRITE_COLUMN(TAG_EPOC, s->epoch[o]);
    WRITE_COLUMN(TAG_SHPC, s->shape[o]);
    write_labels(c, s);
    return NULL;
}

// ---- edges ----

// The objects with most references, most first: the 32 first cost one byte a reference.
struct hot {
    uint32_t *ordinals; // up to HEAP_HOT_MAX
    uint32_t count;
    uint16_t *row; // by ordinal: row + 1, 0 when not hot
};

static void hot_deinit(struct hot *hot)
{
    free(hot->ordinals);
    free(hot->row);
}

struct hot_candidate {
    uint32_t ordinal, in_degree;
};

static int compare_hot(const void *a, const void *b)
{
    const struct hot_candidate *x = a, *y = b;
    if (x->in_degree != y->in_degree)
        return x->in_degree > y->in_degree ? -1 : 1;
    return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

// The smallest in-degree that leaves no more than HEAP_HOT_MAX objects, by counting degrees.
static uint32_t hot_threshold(const uint32_t *in_degree, uint32_t count)
{
    enum { CAP = 65536 };
    uint32_t *histogram = calloc(CAP, sizeof *histogram);
    if (!histogram)
        return UINT32_MAX;
    for (uint32_t o = 0; o < count; o++)
        histogram[in_degree[o] < CAP ? in_degree[o] : CAP - 1]++;
    uint32_t threshold = CAP - 1;
    uint64_t kept = histogram[CAP - 1];
    while (threshold > 8 && kept + histogram[threshold - 1] <= HEAP_HOT_MAX)
        kept += histogram[--threshold];
    free(histogram);
    return threshold;
}

static struct error *find_hot(const struct snapshot *s, struct hot *hot)
{
    _cleanup_free_ uint32_t *in_degree = calloc((size_t)s->object_count + 1, sizeof *in_degree);
    if (!in_degree)
        return &error_no_memory;
    for (uint64_t e = 0; e < s->reference_count; e++)
        in_degree[s->targets[e]] += in_degree[s->targets[e]] != UINT32_MAX;
    const uint32_t threshold = hot_threshold(in_degree, s->object_count);
    uint32_t count = 0;
    for (uint32_t o = 0; o < s->object_count; o++)
        count += in_degree[o] >= threshold;
    _cleanup_free_ struct hot_candidate *found = malloc(((size_t)count + 1) * sizeof *found);
    hot->row = calloc((size_t)s->object_count + 1, sizeof *hot->row);
    hot->ordinals = malloc((HEAP_HOT_MAX + 1) * sizeof *hot->ordinals);
    if (!found || !hot->row || !hot->ordinals)
        return &error_no_memory;
    count = 0;
    for (uint32_t o = 0; o < s->object_count; o++)
        if (in_degree[o] >= threshold)
            found[count++] = (struct hot_candidate){o, in_degree[o]};
    qsort(found, count, sizeof *found, compare_hot);
    for (uint32_t i = 0; i < count && i < HEAP_HOT_MAX; i++) {
        hot->ordinals[i] = found[i].ordinal;
        hot->row[found[i].ordinal] = (uint16_t)(i + 1);
        hot->count = i + 1;
    }
    return NULL;
}

static inline uint64_t code_target(const struct hot *hot, uint32_t own, uint32_t previous,
                                   uint32_t type_object, uint32_t target)
{
    if (target == type_object)
        return TARGET_TYPE;
    const uint64_t from_own = zigzag((int64_t)target - own) << 2 | TARGET_OWN;
    const uint64_t from_previous = zigzag((int64_t)target - previous) << 2 | TARGET_PREVIOUS;
    uint64_t code = from_own < from_previous ? from_own : from_previous;
    if (hot->row[target]) {
        const uint64_t from_hot = (uint64_t)(hot->row[target] - 1) << 2 | TARGET_HOT;
        code = from_hot < code ? from_hot : code;
    }
    return code;
}

static struct error *write_edges(struct writer *w, const struct snapshot *s)
{
    _cleanup_(hot_deinit) struct hot hot = {0};
    TRY(find_hot(s, &hot));
    begin_section(w, TAG_HOTS, hot.count);
    for (uint32_t i = 0; i < hot.count; i++)
        put(w, hot.ordinals[i]);
    end_section(w);
    struct u64_vec index = {0};
    begin_section(w, TAG_EDGE, s->reference_count);
    for (uint32_t o = 0; o < s->object_count && !w->error; o++) {
        if (o % HEAP_EDGE_INDEX == 0)
            fail(w, u64_vec_push(&index, w->section.bytes));
        const uint32_t type_object = s->types[s->type[o]].object;
        uint32_t previous = o;
        for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++) {
            put(w, code_target(&hot, o, previous, type_object, s->targets[e]));
            previous = s->targets[e];
        }
    }
    end_section(w);
    begin_section(w, TAG_EOFF, index.count);
    put_bytes(w, index.items, index.count * sizeof *index.items);
    end_section(w);
    u64_vec_deinit(&index);
    return NULL;
}

// ---- the file ----

static struct error *write_table(struct writer *w)
{
    const size_t bytes = w->sections.count * sizeof *w->sections.items;
    TRY(write_all(w, w->sections.items, bytes, w->offset));
    struct heap_header header = {.magic = HEAP_MAGIC,
                                 .version = HEAP_VERSION,
                                 .header_bytes = sizeof header,
                                 .features = 0,
                                 .file_bytes = w->offset + bytes,
                                 .table_offset = w->offset,
                                 .section_count = (uint32_t)w->sections.count,
                                 .table_crc = crc32c(0, w->sections.items, bytes)};
    header.header_crc = crc32c(0, &header, offsetof(struct heap_header, header_crc));
    w->offset += bytes;
    return write_all(w, &header, sizeof header, 0);
}

static struct error *write_sections(struct writer *w, const struct snapshot *s)
{
    write_info(w, s);
    write_strings(w, &s->strings);
    write_shapes(w, &s->shapes);
    write_rows(w, s);
    TRY(write_columns(w, s));
    TRY(write_edges(w, s));
    if (w->error)
        return take_ptr(w->error);
    return write_table(w);
}

static struct error *write_and_rename(struct writer *w, const struct snapshot *s, const char *path,
                                      const char *temporary)
{
    struct error *err = write_sections(w, s);
    if (close(w->fd) < 0 && !err)
        err = error_create_errno(errno, "cannot write %s", path);
    if (!err && rename(temporary, path) < 0)
        err = error_create_errno(errno, "cannot rename %s to %s", temporary, path);
    if (err)
        unlink(temporary);
    return err;
}

struct error *heap_file_write(struct snapshot *s, const char *path, uint64_t *size_bytes)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return error_add_try(error_create(ERROR_IO, "cannot write %s: not a regular file", path),
                             "a file name; dumps cannot be written to a pipe or device");
    _cleanup_free_ uint8_t *block = malloc(HEAP_BLOCK_BYTES);
    _cleanup_(strbuf_deinit) struct strbuf temporary;
    strbuf_init(&temporary);
    strbuf_addf(&temporary, "%s.tmp-%d", path, (int)getpid());
    TRY(strbuf_error(&temporary));
    if (!block)
        return &error_no_memory;
    struct writer w = {.path = path, .offset = sizeof(struct heap_header), .block = block};
    w.fd = open(strbuf_text(&temporary), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (w.fd < 0)
        return error_create_errno(errno, "cannot write %s", path);
    struct error *err = write_and_rename(&w, s, path, strbuf_text(&temporary));
    if (!err && size_bytes)
        *size_bytes = w.offset;
    section_vec_deinit(&w.sections);
    u32_vec_deinit(&w.crcs);
    error_destroy(w.error);
    return err;
}
