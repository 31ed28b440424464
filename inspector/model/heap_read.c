// Reads .heap files (docs/formats/heap.md): every byte is taken for hostile.
//
// A section is read whole, its CRCs are compared, and then it is decoded through a cursor that
// cannot leave it. CRCs catch damage, not malice (whoever writes a file writes its CRCs), so every
// number is range-checked as well. The limits that keep a small file from asking for much memory:
//
//     objects     <= 8 bytes of EOFF for every 64 of them
//     references  <= 1 byte of EDGE each
//     rows        <= 1 byte of their section each
//
// invariant: a snapshot that this file returns passes snapshot_check().
#include "inspector/model/heap_file.h"

#include "inspector/base/huge.h"
#include "inspector/model/heap_column.h"
#include "inspector/model/heap_index.h"
#include "inspector/model/heap_section.h"
#include "inspector/model/heap_target.h"

#include <stdlib.h>
#include <string.h>

enum { PROGRESS_STEP = 65536 };

// ---- small sections ----

static struct error *take_text(struct snapshot *s, struct cursor *cursor, uint64_t length,
                               const char **field)
{
    char *copy = arena_strndup(&s->arena, (const char *)cursor->at, length);
    if (!copy)
        return &error_no_memory;
    *field = copy;
    return NULL;
}

static struct error *set_text(struct snapshot *s, struct cursor *cursor, uint64_t field,
                              uint64_t length)
{
    struct snapshot_info *info = &s->info;
    switch (field) {
    case INFO_RUNTIME:
        return take_text(s, cursor, length, &info->runtime);
    case INFO_VERSION:
        return take_text(s, cursor, length, &info->version);
    case INFO_COMMAND:
        return take_text(s, cursor, length, &info->command);
    case INFO_INCOMPLETE_WHY:
        return take_text(s, cursor, length, &info->incomplete_why);
    default: // of a later minor version
        return NULL;
    }
}

static void set_number(struct snapshot *s, uint64_t field, uint64_t value, uint64_t *object_count)
{
    struct snapshot_info *info = &s->info;
    switch (field) {
    case INFO_PID:
        info->pid = value;
        break;
    case INFO_START_TIME:
        info->start_time = value;
        break;
    case INFO_PAUSE_NS:
        info->pause_ns = value;
        break;
    case INFO_CAPTURE_NS:
        info->capture_ns = value;
        break;
    case INFO_TAKEN_UNIX_NS:
        info->taken_unix_ns = (int64_t)value;
        break;
    case INFO_COMPLETE:
        info->complete = value != 0;
        break;
    case INFO_EVENT_SEQ:
        info->has_event_seq = true;
        info->event_seq = value;
        break;
    case INFO_BIRTH_EPOCH:
        info->birth_epoch = (uint32_t)value;
        break;
    case INFO_RSS_BYTES:
        info->rss_bytes = value;
        break;
    case INFO_ANONYMOUS_BYTES:
        info->anonymous_bytes = value;
        break;
    case INFO_HUGE_BYTES:
        info->huge_bytes = value;
        break;
    case INFO_ARENA_BYTES:
        info->arena_bytes = value;
        break;
    case INFO_FILE_RESIDENT:
        info->file_resident_bytes = value;
        break;
    case INFO_SHARED_RESIDENT:
        info->shared_resident_bytes = value;
        break;
    case INFO_COLLECTOR:
        info->collector = value == COLLECTOR_ON || value == COLLECTOR_OFF
                              ? (enum collector_state)value
                              : COLLECTOR_UNKNOWN;
        break;
    case INFO_DANGLING:
        info->dangling_reference_count = value;
        break;
    case INFO_DUPLICATES:
        info->duplicate_object_count = value;
        break;
    case INFO_OBJECT_COUNT:
        *object_count = value;
        break;
    case INFO_REFERENCE_COUNT:
        s->reference_count = value;
        break;
    default:
        break;
    }
}

static struct error *read_info(struct snapshot *s)
{
    const struct heap_file *file = s->file;
    _cleanup_cursor_ struct cursor cursor = {0};
    uint64_t object_count = UINT64_MAX;
    s->reference_count = UINT64_MAX;
    TRY(heap_section_read(file, TAG_INFO, &cursor));
    while (cursor.at < cursor.end) {
        uint64_t key, value;
        if (!get(&cursor, &key) || !get(&cursor, &value))
            return heap_damaged_section(file, TAG_INFO, "a fact is cut off");
        if (!(key & 1)) {
            set_number(s, key >> 1, value, &object_count);
            continue;
        }
        if (value > (uint64_t)(cursor.end - cursor.at))
            return heap_damaged_section(file, TAG_INFO, "a text is cut off");
        TRY(set_text(s, &cursor, key >> 1, value));
        cursor.at += value;
    }
    const struct heap_section *edges = heap_section_find(file, TAG_EDGE);
    const struct heap_section *index = heap_section_find(file, TAG_EOFF);
    if (!edges || !index)
        return heap_damaged(file, "the references are missing");
    if (object_count > SNAPSHOT_OBJECTS_MAX || (object_count + 63) / 64 != index->bytes / 8)
        return heap_damaged(file, "the number of objects does not fit the file");
    if (s->reference_count > edges->bytes)
        return heap_damaged(file, "the number of references does not fit the file");
    s->object_count = (uint32_t)object_count;
    return NULL;
}

static struct error *read_strings(const struct heap_file *file, struct strtab *strings)
{
    _cleanup_cursor_ struct cursor cursor = {0};
    TRY(heap_section_read(file, TAG_STRS, &cursor));
    const uint64_t bytes = (uint64_t)(cursor.end - cursor.at);
    if (cursor.count == 0 || cursor.count > bytes || cursor.count > STRTAB_COUNT_MAX)
        return heap_damaged_section(file, TAG_STRS, "the number of texts is out of range");
    strings->count = (uint32_t)cursor.count;
    strings->begin = malloc((cursor.count + 1) * sizeof *strings->begin);
    strings->blob = malloc(bytes + cursor.count);
    if (!strings->begin || !strings->blob)
        return &error_no_memory;
    uint64_t total = 0;
    for (uint32_t id = 0; id < strings->count; id++) {
        uint64_t length;
        if (!get(&cursor, &length) || length > STRTAB_TEXT_MAX || (id == 0 && length != 0))
            return heap_damaged_section(file, TAG_STRS, "the length of a text is out of range");
        strings->begin[id] = total;
        total += length + 1;
    }
    strings->begin[strings->count] = strings->blob_bytes = total;
    if (total - strings->count != (uint64_t)(cursor.end - cursor.at))
        return heap_damaged_section(file, TAG_STRS, "the lengths do not add up");
    for (uint32_t id = 0; id < strings->count; id++) {
        const size_t length = strtab_length(strings, id);
        memcpy(strings->blob + strings->begin[id], cursor.at, length);
        strings->blob[strings->begin[id] + length] = 0;
        cursor.at += length;
    }
    return NULL;
}

static struct error *read_shapes(const struct heap_file *file, uint32_t string_count,
                                 struct shape_table *shapes)
{
    struct cursor cursor = {0};
    TRY(heap_section_read(file, TAG_SHAP, &cursor));
    if (cursor.count >= UINT32_MAX) {
        cursor_deinit(&cursor);
        return heap_damaged_section(file, TAG_SHAP, "the number of shapes is out of range");
    }
    struct error *err = shape_table_adopt(shapes, cursor.bytes, (size_t)(cursor.end - cursor.at),
                                          (uint32_t)cursor.count, string_count);
    return error_add_prefix(err, "%s is damaged", file->path);
}

// All strings and shapes, instead of the few strings that opening may have left it at.
static struct error *read_names(struct snapshot *s)
{
    _cleanup_(strtab_deinit) struct strtab strings = {0};
    struct shape_table shapes;
    TRY(read_strings(s->file, &strings));
    if (s->strings.few && strings.count != s->strings.count)
        return heap_damaged_section(s->file, TAG_STRS, "it has changed");
    TRY(read_shapes(s->file, strings.count, &shapes));
    s->strings = strings;
    s->shapes = shapes;
    strings = (struct strtab){0};
    return NULL;
}

static struct error *read_types(struct snapshot *s)
{
    _cleanup_cursor_ struct cursor cursor = {0};
    TRY(heap_section_rows(s->file, TAG_TYPE, sizeof *s->types, &cursor, (void **)&s->types,
                          &s->type_count));
    for (uint32_t i = 0; i < s->type_count; i++) {
        struct snapshot_type *row = &s->types[i];
        if (!get(&cursor, &row->address) || !get_below(&cursor, s->strings.count, &row->name) ||
            !get_below(&cursor, s->strings.count, &row->module) ||
            !get(&cursor, &row->size_bytes) || !get_or_none(&cursor, s->object_count, &row->object))
            return heap_damaged_section(s->file, TAG_TYPE, "a row is out of range");
    }
    return NULL;
}

static struct error *read_threads(struct snapshot *s)
{
    _cleanup_cursor_ struct cursor threads = {0}, frames = {0};
    TRY(heap_section_rows(s->file, TAG_FRAM, sizeof *s->frames, &frames, (void **)&s->frames,
                          &s->frame_count));
    for (uint32_t i = 0; i < s->frame_count; i++) {
        struct snapshot_frame *row = &s->frames[i];
        if (!get_below(&frames, s->strings.count, &row->function) ||
            !get_below(&frames, s->strings.count, &row->file) ||
            !get_below(&frames, UINT32_MAX, &row->line) ||
            !get_or_none(&frames, s->object_count, &row->object))
            return heap_damaged_section(s->file, TAG_FRAM, "a row is out of range");
    }
    TRY(heap_section_rows(s->file, TAG_THRD, sizeof *s->threads, &threads, (void **)&s->threads,
                          &s->thread_count));
    uint32_t frame = 0;
    for (uint32_t i = 0; i < s->thread_count; i++) {
        struct snapshot_thread *row = &s->threads[i];
        uint32_t gil;
        if (!get(&threads, &row->tid) || !get_below(&threads, s->strings.count, &row->name) ||
            !get_below(&threads, GIL_STATE_COUNT, &gil) ||
            !get_below(&threads, (uint64_t)s->frame_count - frame + 1, &row->frame_count))
            return heap_damaged_section(s->file, TAG_THRD, "a row is out of range");
        row->gil = (uint8_t)gil;
        row->frame_begin = frame;
        frame += row->frame_count;
    }
    return NULL;
}

static struct error *read_roots(struct snapshot *s)
{
    _cleanup_cursor_ struct cursor cursor = {0};
    TRY(heap_section_rows(s->file, TAG_ROOT, sizeof *s->roots, &cursor, (void **)&s->roots,
                          &s->root_count));
    for (uint32_t i = 0; i < s->root_count; i++) {
        struct snapshot_root *row = &s->roots[i];
        uint32_t kind, class;
        if (!get_below(&cursor, s->object_count, &row->target) ||
            !get_below(&cursor, ROOT_KIND_COUNT, &kind) ||
            !get_below(&cursor, EDGE_CLASS_COUNT, &class) ||
            !get_below(&cursor, s->strings.count, &row->name) ||
            !get_or_none(&cursor, s->thread_count, &row->thread) ||
            !get_or_none(&cursor, s->frame_count, &row->frame))
            return heap_damaged_section(s->file, TAG_ROOT, "a row is out of range");
        row->kind = (uint8_t)kind;
        row->class = (uint8_t) class;
    }
    return NULL;
}

static struct error *read_pools(struct snapshot *s)
{
    _cleanup_cursor_ struct cursor cursor = {0};
    TRY(heap_section_rows(s->file, TAG_POOL, sizeof *s->pools, &cursor, (void **)&s->pools,
                          &s->pool_count));
    uint64_t last = 0;
    for (uint32_t i = 0; i < s->pool_count; i++) {
        struct snapshot_pool *row = &s->pools[i];
        uint64_t step, arena;
        if (!get(&cursor, &step) || !get(&cursor, &arena) ||
            !get_below(&cursor, UINT64_C(1) << 32, &row->block_bytes) ||
            !get_below(&cursor, UINT64_C(1) << 32, &row->capacity) ||
            !get_below(&cursor, UINT64_C(1) << 32, &row->used))
            return heap_damaged_section(s->file, TAG_POOL, "a row is out of range");
        row->address = last += (uint64_t)unzigzag(step);
        row->arena = row->address + (uint64_t)unzigzag(arena);
    }
    return NULL;
}

// Files of before it was kept have none.
static struct error *read_areas(struct snapshot *s)
{
    _cleanup_cursor_ struct cursor cursor = {0};
    if (!heap_section_find(s->file, TAG_AREA))
        return NULL;
    TRY(heap_section_rows(s->file, TAG_AREA, sizeof *s->areas, &cursor, (void **)&s->areas,
                          &s->area_count));
    for (uint32_t i = 0; i < s->area_count; i++) {
        struct snapshot_area *row = &s->areas[i];
        uint64_t bytes;
        uint32_t kind;
        if (!get(&cursor, &row->begin) || !get(&cursor, &bytes) ||
            !get(&cursor, &row->resident_bytes) || !get(&cursor, &row->anonymous_bytes) ||
            !get_below(&cursor, AREA_KIND_COUNT, &kind) ||
            !get_below(&cursor, s->strings.count, &row->name) ||
            __builtin_add_overflow(row->begin, bytes, &row->end))
            return heap_damaged_section(s->file, TAG_AREA, "a row is out of range");
        row->kind = (uint8_t)kind;
    }
    return NULL;
}

static struct error *read_blocks(struct snapshot *s)
{
    _cleanup_cursor_ struct cursor cursor = {0};
    uint64_t last = 0;
    if (!heap_section_find(s->file, TAG_MALC))
        return NULL;
    TRY(heap_section_rows(s->file, TAG_MALC, sizeof *s->blocks, &cursor, (void **)&s->blocks,
                          &s->block_count));
    for (uint32_t i = 0; i < s->block_count; i++) {
        struct snapshot_block *row = &s->blocks[i];
        if (!get(&cursor, &row->bytes) || !get(&cursor, &row->used) || !get(&cursor, &row->free) ||
            row->bytes <= last || (row->bytes | row->used | row->free) >> 47)
            return heap_damaged_section(s->file, TAG_MALC, "a row is out of range");
        last = row->bytes;
    }
    return NULL;
}

// ---- columns ----

static bool store_types(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                        const uint64_t *values)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] >= s->type_count)
            return false;
        s->type[begin + i] = (uint32_t)values[i];
    }
    return true;
}

static bool store_addresses(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                            const uint64_t *values)
{
    (void)context;
    uint64_t last = begin ? s->address[begin - 1] : 0;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] > UINT64_MAX / 8 || values[i] * 8 > UINT64_MAX - last ||
            (values[i] == 0 && begin + i > 0))
            return false;
        s->address[begin + i] = last += values[i] * 8;
    }
    return true;
}

static bool store_sizes(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                        const uint64_t *values)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] > SNAPSHOT_BIG_BYTES_MAX)
            return false;
        s->size[begin + i] = values[i] > UINT32_MAX ? UINT32_MAX : (uint32_t)values[i];
        if (values[i] <= UINT32_MAX)
            continue;
        // Doubling by powers of two: big objects are rare, and no capacity need be kept.
        if ((s->big_count & (s->big_count - 1)) == 0) {
            const size_t room = s->big_count ? (size_t)s->big_count * 2 : 1;
            void *grown = realloc(s->big, room * sizeof *s->big);
            if (!grown)
                return false;
            s->big = grown;
        }
        s->big[s->big_count++] = (struct snapshot_big){begin + i, values[i]};
    }
    return true;
}

static bool store_refcounts(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                            const uint64_t *values)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] > UINT32_MAX)
            return false;
        s->refcount[begin + i] = (uint32_t)values[i];
    }
    return true;
}

// After the sizes, which say what is big.
static bool store_flags(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                        const uint64_t *values)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] & ~(uint64_t)(OBJECT_GENERATION | OBJECT_TRACKED | OBJECT_IMMORTAL))
            return false;
        s->flags[begin + i] = (uint8_t)values[i];
    }
    return true;
}

static bool store_epochs(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                         const uint64_t *values)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] > UINT32_MAX)
            return false;
        s->epoch[begin + i] = (uint32_t)values[i];
    }
    return true;
}

static bool store_shapes(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                         const uint64_t *values)
{
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] >= s->shapes.count)
            return false;
        s->shape[begin + i] = (uint32_t)values[i];
    }
    return true;
}

// Still as differences; read_labels adds them up.
static bool store_label_codes(struct snapshot *s, void *context, uint32_t begin, uint32_t count,
                              const uint64_t *values)
{
    int64_t last = 0; // of the block
    (void)context;
    for (uint32_t i = 0; i < count; i++) {
        s->label[begin + i] = 0;
        if (values[i] == 0)
            continue;
        const int64_t step = unzigzag(values[i] - 1);
        if (step < -(int64_t)UINT32_MAX || step > (int64_t)UINT32_MAX)
            return false;
        last += step;
        if (last <= 0 || last >= s->strings.count)
            return false;
        s->label[begin + i] = (uint32_t)last;
    }
    return true;
}

#define ALLOCATE(column) \
    ((column) ? true     \
              : ((column) = huge_malloc((uint64_t)s->object_count + 1, sizeof *(column))) != NULL)

static struct error *read_type_column(struct snapshot *s)
{
    if (!ALLOCATE(s->type))
        return &error_no_memory;
    return heap_column_read(s, TAG_TYPC, store_types, NULL);
}

static struct error *read_addresses(struct snapshot *s)
{
    if (!ALLOCATE(s->address))
        return &error_no_memory;
    return heap_column_read(s, TAG_ADDR, store_addresses, NULL);
}

static struct error *read_refcounts(struct snapshot *s)
{
    if (!ALLOCATE(s->refcount))
        return &error_no_memory;
    return heap_column_read(s, TAG_REFC, store_refcounts, NULL);
}

// With the flags, one of which says that a size is in the table of big objects.
static struct error *read_sizes(struct snapshot *s)
{
    s->big_count = 0;
    if (!ALLOCATE(s->size) || !ALLOCATE(s->flags))
        return &error_no_memory;
    TRY(heap_column_read(s, TAG_SIZE, store_sizes, NULL));
    TRY(heap_column_read(s, TAG_FLAG, store_flags, NULL));
    uint64_t big_bytes = 0;
    for (uint32_t i = 0; i < s->big_count; i++) {
        s->flags[s->big[i].object] |= OBJECT_BIG;
        big_bytes += s->big[i].size_bytes; // each is within the limit, so this cannot wrap
        if (big_bytes > SNAPSHOT_BIG_BYTES_MAX)
            return heap_damaged_section(s->file, TAG_SIZE,
                                        "the objects are bigger than all memory");
    }
    return NULL;
}

static struct error *read_epochs(struct snapshot *s)
{
    if (!ALLOCATE(s->epoch))
        return &error_no_memory;
    return heap_column_read(s, TAG_EPOC, store_epochs, NULL);
}

static struct error *read_labels(struct snapshot *s)
{
    if (!ALLOCATE(s->label))
        return &error_no_memory;
    return heap_column_read(s, TAG_LABL, store_label_codes, NULL);
}

// ---- edges ----

// Where each object's edges begin follows from how many its shape names.
static struct error *read_edge_begins(struct snapshot *s)
{
    if (!ALLOCATE(s->shape) || !ALLOCATE(s->edge_begin))
        return &error_no_memory;
    TRY(heap_column_read(s, TAG_SHPC, store_shapes, NULL));
    uint64_t sum = 0;
    for (uint32_t o = 0; o < s->object_count; o++) {
        const uint64_t count = shape_edge_count(&s->shapes, s->shape[o]);
        s->edge_begin[o] = sum;
        if (count > s->reference_count - sum)
            return heap_damaged_section(s->file, TAG_SHPC, "the shapes name too many references");
        sum += count;
    }
    s->edge_begin[s->object_count] = sum;
    if (sum != s->reference_count)
        return heap_damaged_section(s->file, TAG_SHPC, "the shapes name too few references");
    return NULL;
}

static struct error *decode_targets(struct snapshot *s, const struct heap_targets *coding,
                                    struct cursor *cursor)
{
    for (uint32_t o = 0; o < s->object_count; o++) {
        const uint32_t type_object = s->types[s->type[o]].object;
        uint32_t previous = o;
        if (o % PROGRESS_STEP == 0)
            progress_update(&s->file->progress,
                            s->file->done_bytes + (uint64_t)(cursor->at - cursor->bytes));
        for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++) {
            if (!heap_targets_next(coding, cursor, o, previous, type_object, &s->targets[e]))
                return heap_damaged_section(s->file, TAG_EDGE, "a reference is out of range");
            previous = s->targets[e];
        }
    }
    return cursor->at == cursor->end
               ? NULL
               : heap_damaged_section(s->file, TAG_EDGE, "it is longer than its references");
}

static struct error *read_targets(struct snapshot *s)
{
    _cleanup_(heap_targets_deinit) struct heap_targets coding = {0};
    _cleanup_cursor_ struct cursor cursor = {0};
    TRY(heap_targets_init(&coding, s->file, s->object_count));
    if (!s->targets) {
        s->targets = huge_malloc(s->reference_count + 1, sizeof *s->targets);
        if (!s->targets)
            return &error_no_memory;
    }
    TRY(heap_section_read(s->file, TAG_EDGE, &cursor));
    return decode_targets(s, &coding, &cursor);
}

static struct error *read_edges(struct snapshot *s)
{
    TRY(read_edge_begins(s));
    TRY(read_targets(s));
    s->loaded |= SNAPSHOT_EDGES;
    struct error *err = snapshot_explain(s);
    if (err)
        s->loaded &= ~(unsigned)SNAPSHOT_EDGES;
    return err;
}

// ---- entry points ----

// In the order in which they are read: what is predicted needs the types.
static const struct part {
    unsigned part;
    uint32_t tags[2];
    struct error *(*read)(struct snapshot *s);
} PARTS[] = {
    {SNAPSHOT_TYPES, {TAG_TYPC}, read_type_column},
    {SNAPSHOT_ADDRESSES, {TAG_ADDR}, read_addresses},
    {SNAPSHOT_SIZES, {TAG_SIZE, TAG_FLAG}, read_sizes},
    {SNAPSHOT_REFCOUNTS, {TAG_REFC}, read_refcounts},
    {SNAPSHOT_EPOCHS, {TAG_EPOC}, read_epochs},
    {SNAPSHOT_LABELS, {TAG_LABL}, read_labels},
    {SNAPSHOT_EDGES, {TAG_SHPC, TAG_EDGE}, read_edges},
};
enum { PART_COUNT = sizeof PARTS / sizeof *PARTS };

static void begin_progress(struct heap_file *file, unsigned parts)
{
    uint64_t total = 0;
    for (int i = 0; i < PART_COUNT; i++)
        for (int k = 0; parts & PARTS[i].part && k < 2 && PARTS[i].tags[k]; k++) {
            const struct heap_section *section = heap_section_find(file, PARTS[i].tags[k]);
            total += section ? section->bytes : 0;
        }
    file->done_bytes = 0;
    progress_begin(&file->progress, "reading", NULL, total);
}

// What was read stays allocated when a later step fails, and is read into again at the next try;
// only `loaded` says what is valid.
static struct error *load(struct snapshot *s, unsigned parts)
{
    if (parts & (SNAPSHOT_LABELS | SNAPSHOT_EDGES) && s->strings.few)
        TRY(read_names(s));
    for (int i = 0; i < PART_COUNT; i++) {
        if (!(parts & PARTS[i].part))
            continue;
        TRY(PARTS[i].read(s));
        s->loaded |= PARTS[i].part;
    }
    return NULL;
}

struct error *heap_file_load(struct snapshot *s, unsigned parts)
{
    if (parts & SNAPSHOT_EDGES)
        parts |= SNAPSHOT_COLUMNS; // every walk wants them, too
    parts |= SNAPSHOT_TYPES;       // the other columns are predicted from them
    parts &= ~s->loaded;
    begin_progress(s->file, parts);
    struct error *err = load(s, parts);
    progress_end(&s->file->progress);
    return err;
}

struct error *heap_file_open(const char *path, struct snapshot **ret)
{
    _cleanup_(snapshot_destroy_at) struct snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return &error_no_memory;
    arena_init(&s->arena);
    s->info =
        (struct snapshot_info){.runtime = "", .version = "", .command = "", .incomplete_why = ""};
    s->file = calloc(1, sizeof *s->file);
    if (!s->file)
        return &error_no_memory;
    s->file->fd = -1;
    TRY(heap_section_open_file(s->file, path));
    TRY(read_info(s));
    TRY(heap_index_is_there(s->file) ? heap_index_open(s) : read_names(s));
    TRY(read_types(s));
    TRY(read_threads(s));
    TRY(read_roots(s));
    TRY(read_pools(s));
    TRY(read_areas(s));
    TRY(read_blocks(s));
    *ret = take_ptr(s);
    return NULL;
}
