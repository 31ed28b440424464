// Writes .heap files (docs/formats/heap.md).
//
// The file gets its name when it is whole (base/outfile.h).
//
// What makes it small: columns are predicted from the last object of the same type (sizes, flags
// and shapes hardly ever differ within a type), names are in shapes, and each target is written in
// the shortest of four ways (near the source, near the target before, one of the 4096 most
// referenced objects, the source's type).
#include "inspector/model/heap_file.h"

#include "inspector/base/outfile.h"
#include "inspector/base/vec.h"
#include "inspector/model/heap_out.h"
#include "inspector/model/tally.h"
#include "inspector/model/varint.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- small sections ----

static void put_text_field(struct heap_out *w, enum heap_info field, const char *text)
{
    const size_t length = strlen(text);
    heap_out_number(w, (uint64_t)field << 1 | 1);
    heap_out_number(w, length);
    heap_out_bytes(w, text, length);
}

static void put_field(struct heap_out *w, enum heap_info field, uint64_t value)
{
    heap_out_number(w, (uint64_t)field << 1);
    heap_out_number(w, value);
}

static void write_info(struct heap_out *w, const struct snapshot *s)
{
    const struct snapshot_info *info = &s->info;
    heap_out_begin(w, TAG_INFO, 1);
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
    put_field(w, INFO_COLLECTOR, info->collector);
    put_field(w, INFO_FILE_RESIDENT, info->file_resident_bytes);
    put_field(w, INFO_SHARED_RESIDENT, info->shared_resident_bytes);
    heap_out_end(w);
}

// Columns that are mapped do not stay in memory when they have been passed by.
static inline void give_back(const struct snapshot *s, uint64_t step)
{
    if (step % SNAPSHOT_STEP == 0)
        spool_set_drop(&s->spools);
}

static void write_strings(struct heap_out *w, const struct snapshot *s)
{
    const struct strtab *strings = &s->strings;
    heap_out_begin(w, TAG_STRS, strings->count);
    for (uint32_t id = 0; id < strings->count; id++) {
        give_back(s, id);
        heap_out_number(w, strtab_length(strings, id));
    }
    for (uint32_t id = 0; id < strings->count; id++) {
        give_back(s, id);
        heap_out_bytes(w, strtab_text(strings, id), strtab_length(strings, id));
    }
    heap_out_end(w);
}

static void write_shapes(struct heap_out *w, const struct shape_table *shapes)
{
    heap_out_begin(w, TAG_SHAP, shapes->count);
    for (uint32_t i = 0; i < shapes->count; i++) {
        const size_t length = (size_t)(shapes->begin[i + 1] - shapes->begin[i]);
        heap_out_number(w, length);
        heap_out_bytes(w, shapes->bytes + shapes->begin[i], length);
    }
    heap_out_end(w);
}

// Rows refer to something that may be missing as number + 1, with 0 for none.
static uint64_t or_none(uint32_t ordinal)
{
    return ordinal == ORDINAL_NONE ? 0 : (uint64_t)ordinal + 1;
}

static void write_rows(struct heap_out *w, const struct snapshot *s)
{
    heap_out_begin(w, TAG_TYPE, s->type_count);
    for (uint32_t i = 0; i < s->type_count; i++) {
        heap_out_number(w, s->types[i].address);
        heap_out_number(w, s->types[i].name);
        heap_out_number(w, s->types[i].module);
        heap_out_number(w, s->types[i].size_bytes);
        heap_out_number(w, or_none(s->types[i].object));
    }
    heap_out_end(w);
    heap_out_begin(w, TAG_ROOT, s->root_count);
    for (uint32_t i = 0; i < s->root_count; i++) {
        heap_out_number(w, s->roots[i].target);
        heap_out_number(w, s->roots[i].kind);
        heap_out_number(w, s->roots[i].class);
        heap_out_number(w, s->roots[i].name);
        heap_out_number(w, or_none(s->roots[i].thread));
        heap_out_number(w, or_none(s->roots[i].frame));
    }
    heap_out_end(w);
    heap_out_begin(w, TAG_THRD, s->thread_count);
    for (uint32_t i = 0; i < s->thread_count; i++) {
        heap_out_number(w, s->threads[i].tid);
        heap_out_number(w, s->threads[i].name);
        heap_out_number(w, s->threads[i].gil);
        heap_out_number(w, s->threads[i].frame_count);
    }
    heap_out_end(w);
    heap_out_begin(w, TAG_FRAM, s->frame_count);
    for (uint32_t i = 0; i < s->frame_count; i++) {
        heap_out_number(w, s->frames[i].function);
        heap_out_number(w, s->frames[i].file);
        heap_out_number(w, s->frames[i].line);
        heap_out_number(w, or_none(s->frames[i].object));
    }
    heap_out_end(w);
    heap_out_begin(w, TAG_POOL, s->pool_count);
    for (uint32_t i = 0; i < s->pool_count; i++) {
        heap_out_number(w,
                        zigzag((int64_t)(s->pools[i].address - (i ? s->pools[i - 1].address : 0))));
        heap_out_number(w, zigzag((int64_t)(s->pools[i].arena - s->pools[i].address)));
        heap_out_number(w, s->pools[i].block_bytes);
        heap_out_number(w, s->pools[i].capacity);
        heap_out_number(w, s->pools[i].used);
    }
    heap_out_end(w);
    heap_out_begin(w, TAG_AREA, s->area_count);
    for (uint32_t i = 0; i < s->area_count; i++) {
        const struct snapshot_area *area = &s->areas[i];
        heap_out_number(w, area->begin);
        heap_out_number(w, area->end - area->begin);
        heap_out_number(w, area->resident_bytes);
        heap_out_number(w, area->anonymous_bytes);
        heap_out_number(w, area->kind);
        heap_out_number(w, area->name);
    }
    heap_out_end(w);
    heap_out_begin(w, TAG_MALC, s->block_count);
    for (uint32_t i = 0; i < s->block_count; i++) {
        heap_out_number(w, s->blocks[i].bytes);
        heap_out_number(w, s->blocks[i].used);
        heap_out_number(w, s->blocks[i].free);
    }
    heap_out_end(w);
}

// ---- columns ----

#define WRITE_COLUMN(tag, expression)                    \
    do {                                                 \
        column_out_begin(c, tag);                        \
        for (uint32_t o = 0; o < s->object_count; o++) { \
            give_back(s, o);                             \
            column_out_value(c, expression);             \
        }                                                \
        column_out_end(c);                               \
    } while (0)

static void write_labels(struct column_out *c, const struct snapshot *s)
{
    uint32_t last = 0;
    column_out_begin(c, TAG_LABL);
    for (uint32_t o = 0; o < s->object_count; o++) {
        give_back(s, o);
        if (o % HEAP_COLUMN_BLOCK == 0)
            last = 0;
        column_out_value(c, s->label[o] ? 1 + zigzag((int64_t)s->label[o] - last) : 0);
        if (s->label[o])
            last = s->label[o];
    }
    column_out_end(c);
}

// The first address of each block, so that an address can be looked up without the others.
static void write_address_index(struct heap_out *w, const struct snapshot *s)
{
    heap_out_begin(w, TAG_AIDX,
                   ((uint64_t)s->object_count + HEAP_COLUMN_BLOCK - 1) / HEAP_COLUMN_BLOCK);
    for (uint64_t o = 0; o < s->object_count; o += HEAP_COLUMN_BLOCK) {
        give_back(s, o);
        heap_out_bytes(w, &s->address[o], sizeof s->address[o]);
    }
    heap_out_end(w);
}

static struct error *write_columns(struct heap_out *w, const struct snapshot *s)
{
    _cleanup_(column_out_destroy_at) struct column_out *c = NULL;
    TRY(column_out_create(w, s, &c));
    WRITE_COLUMN(TAG_TYPC, s->type[o]);
    WRITE_COLUMN(TAG_ADDR, (s->address[o] - (o ? s->address[o - 1] : 0)) / 8);
    WRITE_COLUMN(TAG_SIZE, snapshot_size(s, o));
    WRITE_COLUMN(TAG_REFC, s->refcount[o]);
    WRITE_COLUMN(TAG_FLAG, s->flags[o] & (OBJECT_GENERATION | OBJECT_TRACKED | OBJECT_IMMORTAL));
    WRITE_COLUMN(TAG_EPOC, s->epoch[o]);
    WRITE_COLUMN(TAG_SHPC, s->shape[o]);
    write_labels(c, s);
    column_out_index(c, TAG_COFF);
    write_address_index(w, s);
    return NULL;
}

// ---- edges ----

// The objects with most references, most first: the 32 first cost one byte a reference.
enum { HOT_SLOTS = 4 * HEAP_HOT_MAX };

struct hot {
    uint32_t ordinals[HEAP_HOT_MAX];
    uint32_t count;
    uint32_t slots[HOT_SLOTS]; // hash of ordinal -> row + 1
};

static uint32_t *hot_slot(struct hot *hot, uint32_t ordinal)
{
    uint32_t at = ordinal * 0x9e3779b1u >> 8;
    while (hot->slots[at % HOT_SLOTS] && hot->ordinals[hot->slots[at % HOT_SLOTS] - 1] != ordinal)
        at++;
    return &hot->slots[at % HOT_SLOTS];
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
static uint32_t hot_threshold(const struct tally *in_degree, uint32_t count)
{
    enum { CAP = 65536 };
    uint32_t *histogram = calloc(CAP, sizeof *histogram);
    if (!histogram)
        return UINT32_MAX;
    for (uint32_t o = 0; o < count; o++) {
        const uint32_t degree = tally_get(in_degree, o);
        histogram[degree < CAP ? degree : CAP - 1]++;
    }
    uint32_t threshold = CAP - 1;
    uint64_t kept = histogram[CAP - 1];
    while (threshold > 8 && kept + histogram[threshold - 1] <= HEAP_HOT_MAX)
        kept += histogram[--threshold];
    free(histogram);
    return threshold;
}

static struct error *count_in_degrees(const struct snapshot *s, struct tally *in_degree)
{
    TRY(tally_init(in_degree, s->object_count));
    for (uint64_t e = 0; e < s->reference_count; e++) {
        if (e % SNAPSHOT_STEP == 0)
            spool_set_drop(&s->spools);
        TRY(tally_up(in_degree, s->targets[e]));
    }
    return NULL;
}

static struct error *choose_hot(const struct snapshot *s, const struct tally *in_degree,
                                struct hot *hot)
{
    const uint32_t threshold = hot_threshold(in_degree, s->object_count);
    uint32_t count = 0;
    for (uint32_t o = 0; o < s->object_count; o++)
        count += tally_get(in_degree, o) >= threshold;
    _cleanup_free_ struct hot_candidate *found = malloc(((size_t)count + 1) * sizeof *found);
    if (!found)
        return &error_no_memory;
    count = 0;
    for (uint32_t o = 0; o < s->object_count; o++)
        if (tally_get(in_degree, o) >= threshold)
            found[count++] = (struct hot_candidate){o, tally_get(in_degree, o)};
    qsort(found, count, sizeof *found, compare_hot);
    for (uint32_t i = 0; i < count && i < HEAP_HOT_MAX; i++) {
        *hot_slot(hot, found[i].ordinal) = i + 1;
        hot->ordinals[i] = found[i].ordinal;
        hot->count = i + 1;
    }
    return NULL;
}

static struct error *find_hot(const struct snapshot *s, struct hot *hot)
{
    _cleanup_(tally_deinit) struct tally in_degree = {0};
    TRY(count_in_degrees(s, &in_degree));
    return choose_hot(s, &in_degree, hot);
}

static inline uint64_t code_target(struct hot *hot, uint32_t own, uint32_t previous,
                                   uint32_t type_object, uint32_t target)
{
    if (target == type_object)
        return TARGET_TYPE;
    const uint64_t from_own = zigzag((int64_t)target - own) << 2 | TARGET_OWN;
    const uint64_t from_previous = zigzag((int64_t)target - previous) << 2 | TARGET_PREVIOUS;
    uint64_t code = from_own < from_previous ? from_own : from_previous;
    const uint32_t row = *hot_slot(hot, target);
    if (row) {
        const uint64_t from_hot = (uint64_t)(row - 1) << 2 | TARGET_HOT;
        code = from_hot < code ? from_hot : code;
    }
    return code;
}

static struct error *write_edges(struct heap_out *w, const struct snapshot *s)
{
    _cleanup_free_ struct hot *hot = calloc(1, sizeof *hot);
    if (!hot)
        return &error_no_memory;
    TRY(find_hot(s, hot));
    heap_out_begin(w, TAG_HOTS, hot->count);
    for (uint32_t i = 0; i < hot->count; i++)
        heap_out_number(w, hot->ordinals[i]);
    heap_out_end(w);
    struct u64_vec index = {0};
    heap_out_begin(w, TAG_EDGE, s->reference_count);
    for (uint32_t o = 0; o < s->object_count && !w->error; o++) {
        if (o % HEAP_EDGE_INDEX == 0)
            heap_out_fail(w, u64_vec_push(&index, w->section.bytes));
        const uint32_t type_object = s->types[s->type[o]].object;
        uint32_t previous = o;
        give_back(s, o);
        for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++) {
            heap_out_number(w, code_target(hot, o, previous, type_object, s->targets[e]));
            previous = s->targets[e];
        }
    }
    heap_out_end(w);
    heap_out_begin(w, TAG_EOFF, index.count);
    heap_out_bytes(w, index.items, index.count * sizeof *index.items);
    heap_out_end(w);
    u64_vec_deinit(&index);
    return NULL;
}

// ---- the file ----

static struct error *write_sections(struct heap_out *w, const struct snapshot *s)
{
    write_info(w, s);
    write_strings(w, s);
    write_shapes(w, &s->shapes);
    write_rows(w, s);
    TRY(write_columns(w, s));
    TRY(write_edges(w, s));
    return NULL;
}

static struct error *write_whole(struct heap_out *w, const struct snapshot *s, uint64_t *size_bytes)
{
    TRY(write_sections(w, s));
    return heap_out_finish(w, size_bytes);
}

struct error *heap_file_write(struct snapshot *s, const char *path, uint64_t *size_bytes)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EPOCHS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return error_add_try(error_create(ERROR_IO, "cannot write %s: not a regular file", path),
                             "a file name; dumps cannot be written to a pipe or device");
    _cleanup_(outfile_deinit) struct outfile file = OUTFILE_NONE;
    TRY(outfile_open(&file, path, 0600));
    struct heap_out out;
    uint64_t bytes = 0;
    struct error *err = heap_out_init(&out, file.fd, path, sizeof(struct heap_header));
    if (!err)
        err = write_whole(&out, s, &bytes);
    heap_out_deinit(&out);
    if (!err)
        err = outfile_keep(&file);
    if (!err && size_bytes)
        *size_bytes = bytes;
    return err;
}
