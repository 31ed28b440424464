// How the objects of a heap come in, in whatever order.
//
//     an object      one element in each column; its address tells whether it came in order
//     an edge        the address of its target (8 bytes) in one long column; the names of an
//     object's
//                    edges become a shape when the next one begins
//     a label        a text by number, in memory by strtab.h, else by texts.h
//
// What becomes of them is builder_finish.c's.
#include "inspector/model/builder.h"

#include "inspector/model/builder_parts.h"
#include "inspector/model/hash.h"

#include <stdlib.h>
#include <string.h>

// Remembers the first failure. All entry points begin with a look at `error`.
static bool keep(struct snapshot_builder *b, struct error *err)
{
    if (!err)
        return true;
    if (b->error)
        error_destroy(err);
    else
        b->error = err;
    return false;
}

static const size_t columns[] = {
#define X(name, type) offsetof(struct snapshot_builder, name),
    BUILDER_COLUMNS(X)
#undef X
        offsetof(struct snapshot_builder, edge_end),
    offsetof(struct snapshot_builder, targets),
    offsetof(struct snapshot_builder, pools),
};

static struct spool *column_at(struct snapshot_builder *b, size_t i)
{
    return (struct spool *)(void *)((char *)b + columns[i]);
}

struct error *snapshot_builder_create(struct snapshot_builder **ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *b = calloc(1, sizeof *b);
    if (!b)
        return &error_no_memory;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        spool_init(column_at(b, i), NULL);
    b->snapshot = calloc(1, sizeof *b->snapshot);
    if (!b->snapshot)
        return &error_no_memory;
    struct snapshot *s = b->snapshot;
    arena_init(&s->arena);
    s->info = (struct snapshot_info){
        .runtime = "", .version = "", .command = "", .incomplete_why = "", .complete = true};
    TRY(strtab_init(&s->strings));
    TRY(shape_table_init(&s->shapes));
    progress_begin(&b->progress, "reading the heap", "objects", 0);
    *ret = take_ptr(b);
    return NULL;
}

struct error *snapshot_builder_spool(struct snapshot_builder *b, const char *folder)
{
    b->folder = strdup(folder);
    if (!b->folder)
        return &error_no_memory;
    b->place = (struct spool_place){.folder = b->folder};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        spool_init(column_at(b, i), &b->place);
    return texts_create(&b->place, &b->texts);
}

void snapshot_builder_destroy(struct snapshot_builder *b)
{
    if (!b)
        return;
    progress_end(&b->progress);
    snapshot_destroy(b->snapshot);
    error_destroy(b->error);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        spool_deinit(column_at(b, i));
    texts_destroy(b->texts);
    free(b->folder);
    big_vec_deinit(&b->big);
    late_edge_vec_deinit(&b->late);
    pending_root_vec_deinit(&b->roots);
    type_vec_deinit(&b->types);
    u32_vec_deinit(&b->type_slots);
    thread_vec_deinit(&b->threads);
    frame_vec_deinit(&b->frames);
    u64_vec_deinit(&b->frame_objects);
    area_vec_deinit(&b->areas);
    block_vec_deinit(&b->blocks);
    free(b);
}

struct snapshot_info *snapshot_builder_info(struct snapshot_builder *b)
{
    return &b->snapshot->info;
}

void snapshot_builder_text(struct snapshot_builder *b, const char **field, const char *text)
{
    char *copy = arena_strdup(&b->snapshot->arena, text ? text : "");
    if (copy)
        *field = copy;
    else
        keep(b, &error_no_memory);
}

bool snapshot_builder_failed(const struct snapshot_builder *b)
{
    return b->error != NULL;
}

uint32_t snapshot_builder_count(const struct snapshot_builder *b)
{
    return b->count;
}

uint32_t snapshot_builder_string(struct snapshot_builder *b, const char *bytes, size_t length)
{
    uint32_t id = 0;
    if (!b->error)
        keep(b, b->texts ? texts_name(b->texts, bytes, length, &id)
                         : strtab_intern(&b->snapshot->strings, bytes, length, &id));
    return id;
}

static uint32_t intern(struct snapshot_builder *b, const char *text)
{
    return text ? snapshot_builder_string(b, text, strlen(text)) : 0;
}

// ---- types ----

static uint32_t *type_slot(const struct snapshot_builder *b, uint64_t address)
{
    const uint64_t mask = b->type_slots.count - 1;
    uint64_t at = hash_mix(address ^ hash_seed());
    for (uint32_t slot; (slot = b->type_slots.items[at & mask]); at++)
        if (b->types.items[slot - 1].address == address)
            break;
    return &b->type_slots.items[at & mask];
}

uint32_t snapshot_builder_find_type(const struct snapshot_builder *b, uint64_t address)
{
    if (b->types.count == 0)
        return ORDINAL_NONE;
    if (b->last_type_address == address)
        return b->last_type;
    return *type_slot(b, address) - 1; // an empty slot gives ORDINAL_NONE
}

static struct error *grow_type_slots(struct snapshot_builder *b)
{
    struct u32_vec slots = {0};
    uint32_t *first;
    TRY(u32_vec_extend(&slots, b->type_slots.count ? b->type_slots.count * 2 : 256, &first));
    u32_vec_deinit(&b->type_slots);
    b->type_slots = slots;
    for (uint32_t i = 0; i < b->types.count; i++)
        *type_slot(b, b->types.items[i].address) = i + 1;
    return NULL;
}

uint32_t snapshot_builder_type(struct snapshot_builder *b, const struct builder_type *type)
{
    if (b->error)
        return 0;
    uint32_t found = snapshot_builder_find_type(b, type->address);
    if (found == ORDINAL_NONE) {
        if (b->types.count >= b->type_slots.count / 2 && !keep(b, grow_type_slots(b)))
            return 0;
        const struct snapshot_type row = {.address = type->address,
                                          .name = intern(b, type->name),
                                          .module = intern(b, type->module),
                                          .size_bytes = type->size_bytes,
                                          .object = ORDINAL_NONE};
        if (!keep(b, type_vec_push(&b->types, row)))
            return 0;
        found = (uint32_t)b->types.count - 1;
        *type_slot(b, type->address) = found + 1;
    }
    b->last_type_address = type->address;
    b->last_type = found;
    return found;
}

// ---- objects and edges ----

static struct error *finish_object(struct snapshot_builder *b)
{
    uint32_t shape;
    if (!b->open)
        return NULL;
    TRY(shape_table_end(&b->snapshot->shapes, &shape));
    TRY(spool_u32(&b->shape, shape));
    TRY(spool_u64(&b->edge_end, b->target_count));
    b->open = false;
    return NULL;
}

static uint8_t object_flags(const struct builder_object *object)
{
    const unsigned generation =
        object->generation <= GENERATION_PERMANENT ? object->generation : GENERATION_NONE;
    return (uint8_t)(generation | (object->tracked ? OBJECT_TRACKED : 0) |
                     (object->immortal ? OBJECT_IMMORTAL : 0) |
                     (object->size_bytes > UINT32_MAX ? OBJECT_BIG : 0));
}

static uint32_t text_count(const struct snapshot_builder *b)
{
    return b->texts ? texts_count(b->texts) : b->snapshot->strings.count;
}

static struct error *intern_first_waiting(struct snapshot_builder *b)
{
    const struct waiting_label *label = &b->waiting[b->waiting_begin % WAITING_LABELS];
    TRY(strtab_intern_hashed(&b->snapshot->strings, label->hash, label->text, label->length,
                             &b->labels[label->row - b->labels_begin]));
    b->waiting_begin++;
    b->waiting_count--;
    return NULL;
}

static struct error *put_labels(struct snapshot_builder *b)
{
    while (b->waiting_count)
        TRY(intern_first_waiting(b));
    const uint32_t count = b->count - b->labels_begin;
    TRY(spool_add(&b->label, b->labels, count * sizeof *b->labels));
    b->labels_begin += count;
    return NULL;
}

bool snapshot_builder_has_room(const struct snapshot_builder *b, uint64_t size_bytes)
{
    return size_bytes <= UINT32_MAX || size_bytes <= SNAPSHOT_BIG_BYTES_MAX - b->big_bytes;
}

static struct error *add_object(struct snapshot_builder *b, const struct builder_object *object)
{
    const uint32_t n = b->count;
    if (n >= SNAPSHOT_OBJECTS_MAX)
        return error_create(ERROR_LIMIT, "more than %u objects in one heap", SNAPSHOT_OBJECTS_MAX);
    if (object->type >= b->types.count)
        return error_create(ERROR_FORMAT, "an object of a type that was not announced");
    if (!snapshot_builder_has_room(b, object->size_bytes))
        return error_create(ERROR_FORMAT, "the objects are bigger than all memory");
    if (n - b->labels_begin == LABELS_AT_HAND)
        TRY(put_labels(b));
    if (b->sorted_count == n && (n == 0 || b->last_address < object->address))
        b->sorted_count = n + 1;
    const bool is_big = object->size_bytes > UINT32_MAX;
    if (is_big) {
        TRY(big_vec_push(&b->big, (struct snapshot_big){n, object->size_bytes}));
        b->big_bytes += object->size_bytes;
    }
    TRY(spool_u32(&b->size, is_big ? UINT32_MAX : (uint32_t)object->size_bytes));
    TRY(spool_u32(&b->refcount,
                  object->refcount > UINT32_MAX ? UINT32_MAX : (uint32_t)object->refcount));
    TRY(spool_u32(&b->type, object->type));
    TRY(spool_u32(&b->epoch, object->epoch));
    TRY(spool_u8(&b->flags, object_flags(object)));
    TRY(spool_u64(&b->address, object->address));
    b->labels[n - b->labels_begin] = object->label < text_count(b) ? object->label : 0;
    b->last_address = object->address;
    b->count = n + 1;
    b->open = true;
    return NULL;
}

struct error *builder_end_objects(struct snapshot_builder *b)
{
    TRY(finish_object(b));
    return put_labels(b);
}

void snapshot_builder_object(struct snapshot_builder *b, const struct builder_object *object)
{
    if (b->error || !keep(b, finish_object(b)))
        return;
    if (b->count % PROGRESS_STEP == 0)
        progress_update(&b->progress, b->count);
    b->skipping = object->address % 8 != 0;
    if (b->skipping)
        b->snapshot->info.duplicate_object_count++;
    else
        keep(b, add_object(b, object));
}

void snapshot_builder_label(struct snapshot_builder *b, const char *bytes, size_t length)
{
    if (b->error || b->skipping || !b->open)
        return;
    const uint32_t row = b->count - 1;
    uint32_t *at_hand = &b->labels[row - b->labels_begin];
    if (b->texts) {
        keep(b, texts_label(b->texts, bytes, length, at_hand));
        return;
    }
    if (length > WAITING_TEXT_BYTES) {
        *at_hand = snapshot_builder_string(b, bytes, length);
        return;
    }
    if (b->waiting_count == WAITING_LABELS && !keep(b, intern_first_waiting(b)))
        return;
    struct waiting_label *label =
        &b->waiting[(b->waiting_begin + b->waiting_count++) % WAITING_LABELS];
    label->hash = strtab_hash(bytes, length);
    label->row = row;
    label->length = (uint32_t)length;
    memcpy(label->text, bytes, length);
    strtab_prefetch(&b->snapshot->strings, label->hash);
}

void snapshot_builder_edge(struct snapshot_builder *b, uint64_t target, enum edge_kind kind,
                           enum edge_class edge_class, edge_name name)
{
    if (b->error || b->skipping || !b->open)
        return;
    const struct shape_edge named = {
        .name = name, .kind = (uint8_t)kind, .class = (uint8_t)edge_class};
    if (keep(b, shape_table_add(&b->snapshot->shapes, &named)) &&
        keep(b, spool_u64(&b->targets, target)))
        b->target_count++;
}

void snapshot_builder_edge_named(struct snapshot_builder *b, uint64_t target, enum edge_kind kind,
                                 enum edge_class edge_class, const char *name)
{
    snapshot_builder_edge(b, target, kind, edge_class, edge_name_string(intern(b, name)));
}

void snapshot_builder_edge_from(struct snapshot_builder *b, uint64_t source, uint64_t target,
                                enum edge_kind kind, enum edge_class edge_class, edge_name name)
{
    if (b->error)
        return;
    const struct shape_edge named = {
        .name = name, .kind = (uint8_t)kind, .class = (uint8_t)edge_class};
    keep(b, late_edge_vec_push(&b->late, (struct late_edge){.source = source,
                                                            .target = target,
                                                            .index = b->late.count,
                                                            .named = named}));
}

// ---- roots, threads, frames, pools ----

void snapshot_builder_root(struct snapshot_builder *b, const struct builder_root *root)
{
    if (b->error)
        return;
    const struct pending_root row = {
        .target = root->target,
        .root = {.kind = (uint8_t)root->kind,
                 .class = (uint8_t)root->class,
                 .name = intern(b, root->name),
                 .thread = root->thread < b->threads.count ? root->thread : ORDINAL_NONE,
                 .frame = root->frame < b->frames.count ? root->frame : ORDINAL_NONE}};
    keep(b, pending_root_vec_push(&b->roots, row));
}

uint32_t snapshot_builder_thread(struct snapshot_builder *b, uint64_t tid, const char *name,
                                 enum gil_state gil)
{
    if (b->error)
        return ORDINAL_NONE;
    const struct snapshot_thread row = {.tid = tid,
                                        .name = intern(b, name),
                                        .gil = (uint8_t)gil,
                                        .frame_begin = (uint32_t)b->frames.count};
    if (!keep(b, thread_vec_push(&b->threads, row)))
        return ORDINAL_NONE;
    return (uint32_t)b->threads.count - 1;
}

uint32_t snapshot_builder_frame(struct snapshot_builder *b, const char *function, const char *file,
                                uint32_t line, uint64_t object)
{
    if (b->error || b->threads.count == 0)
        return ORDINAL_NONE;
    const struct snapshot_frame row = {.function = intern(b, function),
                                       .file = intern(b, file),
                                       .line = line,
                                       .object = ORDINAL_NONE};
    if (!keep(b, frame_vec_push(&b->frames, row)) ||
        !keep(b, u64_vec_push(&b->frame_objects, object)))
        return ORDINAL_NONE;
    b->threads.items[b->threads.count - 1].frame_count++;
    return (uint32_t)b->frames.count - 1;
}

void snapshot_builder_pool(struct snapshot_builder *b, const struct snapshot_pool *pool)
{
    if (b->error || b->pool_count == UINT32_MAX)
        return;
    keep(b, spool_add(&b->pools, pool, sizeof *pool));
    b->pool_count++;
}

void snapshot_builder_block(struct snapshot_builder *b, const struct snapshot_block *block)
{
    if (!b->error)
        keep(b, block_vec_push(&b->blocks, *block));
}

void snapshot_builder_area(struct snapshot_builder *b, const struct snapshot_area *area,
                           const char *name)
{
    if (b->error)
        return;
    struct snapshot_area row = *area;
    row.name = intern(b, name);
    keep(b, area_vec_push(&b->areas, row));
}

// ---- the end ----

struct error *snapshot_builder_finish(struct snapshot_builder *b, struct snapshot **ret)
{
    if (!b->error)
        keep(b, builder_resolve(b));
    progress_end(&b->progress);
    if (b->error)
        return take_ptr(b->error);
    *ret = take_ptr(b->snapshot);
    return NULL;
}
