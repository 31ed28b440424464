// How a heap of unsorted objects with addresses becomes columns and a graph.
//
//     while adding           addresses, columns; target addresses (8 bytes each) in one long array;
//                            the names of an object's edges become a shape when the next one begins
//     finish: order          radix sort by address, unless they came sorted; duplicates leave
//     finish: resolve        address -> ordinal by bitmap and rank; in place when the order held,
//                            4 bytes each written over 8 already read
//     finish: explain        counted references per object
//
// A reference whose target is no object leaves its object with a shape that names one edge too
// many: such objects, few in a sane heap, get a new shape.
#include "inspector/model/builder.h"

#include "inspector/base/huge.h"
#include "inspector/base/progress.h"
#include "inspector/base/vec.h"
#include "inspector/model/addrmap.h"
#include "inspector/model/hash.h"

#include <stdlib.h>
#include <string.h>

struct late_edge {
    uint64_t source, target;
    size_t index; // keeps those of one source in the order in which they came
    struct shape_edge named;
};

struct pending_root {
    uint64_t target;
    struct snapshot_root root;
};

VEC_DEFINE(u8_vec, uint8_t);
VEC_DEFINE(shape_edge_vec, struct shape_edge);
VEC_DEFINE(late_edge_vec, struct late_edge);
VEC_DEFINE(pending_root_vec, struct pending_root);
VEC_DEFINE(type_vec, struct snapshot_type);
VEC_DEFINE(thread_vec, struct snapshot_thread);
VEC_DEFINE(frame_vec, struct snapshot_frame);
VEC_DEFINE(pool_vec, struct snapshot_pool);
VEC_DEFINE(area_vec, struct snapshot_area);
VEC_DEFINE(block_vec, struct snapshot_block);
VEC_DEFINE(big_vec, struct snapshot_big);

// Labels are looked up some objects later, when what they need of the string table has come into
// the cache.
enum { WAITING_LABELS = 16, WAITING_TEXT_BYTES = 240 };

struct waiting_label {
    uint64_t hash;
    uint32_t row; // index of the object
    uint32_t length;
    char text[WAITING_TEXT_BYTES];
};

enum { PROGRESS_STEP = 65536 };

struct snapshot_builder {
    struct snapshot *snapshot; // strings, shapes and info live here from the start
    struct progress progress;
    struct error *error; // the first failure
    // The columns and edge_end have room for as many objects as `address`, and as many elements;
    // their own counts are set at the end. Shape and edge_end of the last object come when it is
    // finished.
    struct u64_vec address;
    struct u32_vec size, refcount, type, epoch, label, shape;
    struct u8_vec flags;
    struct big_vec big;
    struct u64_vec edge_end; // per object, end of its targets
    bool open;               // the last object is not finished: it may get edges
    struct waiting_label waiting[WAITING_LABELS]; // a ring
    unsigned waiting_begin, waiting_count;
    struct u64_vec targets;
    struct shape_edge_vec current; // names of the last object's edges
    struct late_edge_vec late;
    struct pending_root_vec roots;
    struct type_vec types;
    struct u32_vec type_slots; // hash of address -> type + 1
    struct thread_vec threads;
    struct frame_vec frames;
    struct u64_vec frame_objects;
    struct pool_vec pools;
    struct area_vec areas;
    struct block_vec blocks;
    size_t sorted_count; // so many of the first addresses have come in strictly rising order
    bool skipping;       // the last object was not added, nor are its edges
    uint64_t last_type_address;
    uint32_t last_type;
};

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

struct error *snapshot_builder_create(struct snapshot_builder **ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *b = calloc(1, sizeof *b);
    if (!b)
        return &error_no_memory;
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

void snapshot_builder_destroy(struct snapshot_builder *b)
{
    if (!b)
        return;
    progress_end(&b->progress);
    snapshot_destroy(b->snapshot);
    error_destroy(b->error);
    u64_vec_deinit(&b->address);
    u32_vec_deinit(&b->size);
    u32_vec_deinit(&b->refcount);
    u32_vec_deinit(&b->type);
    u32_vec_deinit(&b->epoch);
    u32_vec_deinit(&b->label);
    u32_vec_deinit(&b->shape);
    u8_vec_deinit(&b->flags);
    big_vec_deinit(&b->big);
    u64_vec_deinit(&b->edge_end);
    u64_vec_deinit(&b->targets);
    shape_edge_vec_deinit(&b->current);
    late_edge_vec_deinit(&b->late);
    pending_root_vec_deinit(&b->roots);
    type_vec_deinit(&b->types);
    u32_vec_deinit(&b->type_slots);
    thread_vec_deinit(&b->threads);
    frame_vec_deinit(&b->frames);
    u64_vec_deinit(&b->frame_objects);
    pool_vec_deinit(&b->pools);
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
    return (uint32_t)b->address.count;
}

uint32_t snapshot_builder_string(struct snapshot_builder *b, const char *bytes, size_t length)
{
    uint32_t id = 0;
    if (!b->error)
        keep(b, strtab_intern(&b->snapshot->strings, bytes, length, &id));
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
    if (!b->open)
        return NULL;
    const size_t o = b->address.count - 1;
    b->edge_end.items[o] = b->targets.count;
    TRY(shape_table_intern(&b->snapshot->shapes, b->current.items, b->current.count,
                           &b->shape.items[o]));
    b->current.count = 0;
    b->open = false;
    return NULL;
}

static struct error *grow_columns(struct snapshot_builder *b)
{
    const size_t needed = b->address.count + 1;
    TRY(u32_vec_reserve(&b->size, needed));
    TRY(u32_vec_reserve(&b->refcount, needed));
    TRY(u32_vec_reserve(&b->type, needed));
    TRY(u32_vec_reserve(&b->epoch, needed));
    TRY(u32_vec_reserve(&b->label, needed));
    TRY(u32_vec_reserve(&b->shape, needed));
    TRY(u8_vec_reserve(&b->flags, needed));
    TRY(u64_vec_reserve(&b->edge_end, needed));
    return u64_vec_reserve(&b->address, needed); // last: its capacity stands for all
}

static void set_counts(struct snapshot_builder *b)
{
    const size_t count = b->address.count;
    b->size.count = b->refcount.count = b->type.count = b->epoch.count = b->label.count =
        b->shape.count = b->flags.count = b->edge_end.count = count;
}

static uint8_t object_flags(const struct builder_object *object)
{
    const unsigned generation =
        object->generation <= GENERATION_PERMANENT ? object->generation : GENERATION_NONE;
    return (uint8_t)(generation | (object->tracked ? OBJECT_TRACKED : 0) |
                     (object->immortal ? OBJECT_IMMORTAL : 0) |
                     (object->size_bytes > UINT32_MAX ? OBJECT_BIG : 0));
}

static struct error *add_object(struct snapshot_builder *b, const struct builder_object *object)
{
    const size_t n = b->address.count;
    if (n >= SNAPSHOT_OBJECTS_MAX)
        return error_create(ERROR_LIMIT, "more than %u objects in one heap", SNAPSHOT_OBJECTS_MAX);
    if (object->type >= b->types.count)
        return error_create(ERROR_FORMAT, "an object of a type that was not announced");
    if (n == b->address.capacity)
        TRY(grow_columns(b));
    if (b->sorted_count == n && (n == 0 || b->address.items[n - 1] < object->address))
        b->sorted_count = n + 1;
    if (object->size_bytes > UINT32_MAX)
        TRY(big_vec_push(&b->big, (struct snapshot_big){(uint32_t)n, object->size_bytes}));
    b->size.items[n] = object->size_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)object->size_bytes;
    b->refcount.items[n] = object->refcount > UINT32_MAX ? UINT32_MAX : (uint32_t)object->refcount;
    b->type.items[n] = object->type;
    b->epoch.items[n] = object->epoch;
    b->label.items[n] = object->label < b->snapshot->strings.count ? object->label : 0;
    b->flags.items[n] = object_flags(object);
    b->address.items[n] = object->address;
    b->address.count = n + 1;
    b->open = true;
    return NULL;
}

void snapshot_builder_object(struct snapshot_builder *b, const struct builder_object *object)
{
    if (b->error || !keep(b, finish_object(b)))
        return;
    if (b->address.count % PROGRESS_STEP == 0)
        progress_update(&b->progress, b->address.count);
    b->skipping = object->address % 8 != 0;
    if (b->skipping)
        b->snapshot->info.duplicate_object_count++;
    else
        keep(b, add_object(b, object));
}

static void intern_first_waiting(struct snapshot_builder *b)
{
    const struct waiting_label *label = &b->waiting[b->waiting_begin % WAITING_LABELS];
    if (keep(b, strtab_intern_hashed(&b->snapshot->strings, label->hash, label->text, label->length,
                                     &b->label.items[label->row]))) {
        b->waiting_begin++;
        b->waiting_count--;
    }
}

void snapshot_builder_label(struct snapshot_builder *b, const char *bytes, size_t length)
{
    if (b->error || b->skipping || !b->open)
        return;
    const uint32_t row = (uint32_t)b->address.count - 1;
    if (length > WAITING_TEXT_BYTES) {
        b->label.items[row] = snapshot_builder_string(b, bytes, length);
        return;
    }
    if (b->waiting_count == WAITING_LABELS)
        intern_first_waiting(b);
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
    if (keep(b, shape_edge_vec_push(&b->current, named)))
        keep(b, u64_vec_push(&b->targets, target));
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
    if (!b->error)
        keep(b, pool_vec_push(&b->pools, *pool));
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

// ---- finish: order ----

struct sort_pair {
    uint64_t address;
    uint32_t index;
};

// Least significant digit first, 16 bits a pass; passes in which all digits agree are skipped. It
// is stable, so of two objects at one address the one added first stays first.
static struct error *radix_sort(struct sort_pair **pairs, size_t count)
{
    _cleanup_free_ struct sort_pair *other = malloc((count + 1) * sizeof *other);
    _cleanup_free_ size_t *counts = malloc(65537 * sizeof *counts);
    if (!other || !counts)
        return &error_no_memory;
    for (unsigned shift = 0; shift < 64; shift += 16) {
        memset(counts, 0, 65537 * sizeof *counts);
        for (size_t i = 0; i < count; i++)
            counts[((*pairs)[i].address >> shift & 0xffff) + 1]++;
        if (counts[((*pairs)[0].address >> shift & 0xffff) + 1] == count)
            continue;
        for (unsigned digit = 0; digit < 65536; digit++)
            counts[digit + 1] += counts[digit];
        for (size_t i = 0; i < count; i++)
            other[counts[(*pairs)[i].address >> shift & 0xffff]++] = (*pairs)[i];
        struct sort_pair *sorted = other;
        other = *pairs;
        *pairs = sorted;
    }
    return NULL;
}

// Merges the first `ahead` objects, which came in order, with the others, which have been sorted.
// Of two at one address the one added first is kept.
static uint32_t merge(const uint64_t *address, size_t ahead, const struct sort_pair *pairs,
                      size_t pair_count, uint32_t *order)
{
    uint32_t kept = 0;
    size_t i = 0, k = 0;
    while (i < ahead || k < pair_count) {
        const bool first = k == pair_count || (i < ahead && address[i] <= pairs[k].address);
        const uint32_t index = first ? (uint32_t)i++ : pairs[k++].index;
        if (kept == 0 || address[order[kept - 1]] != address[index])
            order[kept++] = index;
    }
    return kept;
}

// order[new ordinal] = index in which it was added. Duplicates are left out; NULL, *count as it
// was, when the objects came in order. Most of a heap comes in order; only the rest is sorted.
static struct error *find_order(struct snapshot_builder *b, uint32_t **order, uint32_t *count)
{
    *order = NULL;
    *count = (uint32_t)b->address.count;
    const size_t n = b->address.count, ahead = b->sorted_count, rest = n - ahead;
    if (rest == 0)
        return NULL;
    _cleanup_free_ struct sort_pair *pairs = malloc(rest * sizeof *pairs);
    _cleanup_free_ uint32_t *result = huge_malloc(n, sizeof *result);
    if (!pairs || !result)
        return &error_no_memory;
    for (size_t i = 0; i < rest; i++)
        pairs[i] = (struct sort_pair){b->address.items[ahead + i], (uint32_t)(ahead + i)};
    TRY(radix_sort(&pairs, rest));
    *count = merge(b->address.items, ahead, pairs, rest, result);
    b->snapshot->info.duplicate_object_count += n - *count;
    *order = take_ptr(result);
    return NULL;
}

#define DEFINE_PERMUTE(name, type)                                                           \
    static struct error *name(struct type *vec, const uint32_t *order, uint32_t count)       \
    {                                                                                        \
        __typeof__(vec->items) items = huge_malloc((uint64_t)count + 1, sizeof *vec->items); \
        if (!items)                                                                          \
            return &error_no_memory;                                                         \
        for (uint32_t i = 0; i < count; i++)                                                 \
            items[i] = vec->items[order[i]];                                                 \
        free(vec->items);                                                                    \
        *vec = (struct type){.items = items, .count = count, .capacity = count};             \
        return NULL;                                                                         \
    }

DEFINE_PERMUTE(permute_u64, u64_vec)
DEFINE_PERMUTE(permute_u32, u32_vec)
DEFINE_PERMUTE(permute_u8, u8_vec)

static int compare_big(const void *a, const void *b)
{
    const uint32_t x = ((const struct snapshot_big *)a)->object;
    const uint32_t y = ((const struct snapshot_big *)b)->object;
    return (x > y) - (x < y);
}

// Big objects are few: their rows are found again by a look at each flag.
static struct error *permute_big(struct snapshot_builder *b, const uint32_t *order, uint32_t count)
{
    if (b->big.count == 0)
        return NULL;
    struct big_vec result = {0};
    for (uint32_t i = 0; i < count; i++) {
        if (!(b->flags.items[order[i]] & OBJECT_BIG))
            continue;
        const struct snapshot_big key = {.object = order[i]};
        const struct snapshot_big *row =
            bsearch(&key, b->big.items, b->big.count, sizeof key, compare_big);
        struct error *err = big_vec_push(&result, (struct snapshot_big){i, row->size_bytes});
        if (err) {
            big_vec_deinit(&result);
            return err;
        }
    }
    big_vec_deinit(&b->big);
    b->big = result;
    return NULL;
}

static struct error *reorder_columns(struct snapshot_builder *b, const uint32_t *order,
                                     uint32_t count)
{
    TRY(permute_big(b, order, count));
    TRY(permute_u64(&b->address, order, count));
    TRY(permute_u32(&b->size, order, count));
    TRY(permute_u32(&b->refcount, order, count));
    TRY(permute_u32(&b->type, order, count));
    TRY(permute_u32(&b->epoch, order, count));
    TRY(permute_u32(&b->label, order, count));
    TRY(permute_u32(&b->shape, order, count));
    return permute_u8(&b->flags, order, count);
}

// ---- finish: resolve ----

struct resolve {
    struct snapshot_builder *b;
    struct snapshot *s;
    struct addrmap map;
    const uint32_t *order; // NULL when in order
    uint32_t *targets;     // may be the memory of b->targets
    uint64_t written;
    size_t next_late; // late edges are sorted by source
    struct shape_edge_vec named;
};

static int compare_late(const void *a, const void *b)
{
    const struct late_edge *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

// The slow way, for an object that loses or gains edges: its names are unpacked and packed anew.
// The first `done` targets have been written (resolving in place, they cannot be read again).
static struct error *resolve_changed(struct resolve *r, uint32_t o, const uint64_t *from,
                                     uint64_t count, uint64_t done)
{
    struct shape_iter shape = shape_iter_begin(&r->s->shapes, r->s->shape[o]);
    r->named.count = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct shape_edge named;
        shape_iter_next(&shape, &named);
        if (i >= done) {
            const uint32_t target = addrmap_find(&r->map, from[i]);
            if (target == ORDINAL_NONE) {
                r->s->info.dangling_reference_count++;
                continue;
            }
            r->targets[r->written++] = target;
        }
        TRY(shape_edge_vec_push(&r->named, named));
    }
    const struct late_edge_vec *late = &r->b->late;
    for (; r->next_late < late->count && late->items[r->next_late].source == r->s->address[o];
         r->next_late++) {
        const uint32_t target = addrmap_find(&r->map, late->items[r->next_late].target);
        if (target == ORDINAL_NONE) {
            r->s->info.dangling_reference_count++;
            continue;
        }
        r->targets[r->written++] = target;
        TRY(shape_edge_vec_push(&r->named, late->items[r->next_late].named));
    }
    return shape_table_intern(&r->s->shapes, r->named.items, r->named.count, &r->s->shape[o]);
}

static struct error *resolve_object(struct resolve *r, uint32_t o)
{
    const uint32_t added = r->order ? r->order[o] : o;
    const uint64_t begin = added ? r->b->edge_end.items[added - 1] : 0;
    const uint64_t count = r->b->edge_end.items[added] - begin;
    const uint64_t *from = count ? r->b->targets.items + begin : NULL;
    const struct late_edge_vec *late = &r->b->late;
    for (; r->next_late < late->count && late->items[r->next_late].source < r->s->address[o];
         r->next_late++)
        r->s->info.dangling_reference_count++; // their source is no object
    r->s->edge_begin[o] = r->written;
    const bool more =
        r->next_late < late->count && late->items[r->next_late].source == r->s->address[o];
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t target = addrmap_find(&r->map, from[i]);
        if (target == ORDINAL_NONE)
            return resolve_changed(r, o, from, count, i);
        r->targets[r->written++] = target;
    }
    return more ? resolve_changed(r, o, from, count, count) : NULL;
}

// Writing u32 over u64 in the same memory is safe: target number i lands at byte 4 i, and the
// entries not yet read begin at byte 8 i or later. Out of order, or with late edges coming in
// between, the targets need memory of their own.
static struct error *resolve_edges(struct resolve *r)
{
    struct snapshot *s = r->s;
    if (r->b->late.count)
        qsort(r->b->late.items, r->b->late.count, sizeof *r->b->late.items, compare_late);
    const bool in_place = !r->order && r->b->late.count == 0 && r->b->targets.count;
    _cleanup_free_ uint32_t *own = NULL;
    if (in_place) {
        r->targets = (uint32_t *)(void *)r->b->targets.items;
    } else {
        const size_t room = r->b->targets.count + r->b->late.count + 1;
        r->targets = own = huge_malloc(room, sizeof *own);
        if (!own)
            return &error_no_memory;
    }
    s->edge_begin = huge_malloc((uint64_t)s->object_count + 1, sizeof *s->edge_begin);
    if (!s->edge_begin)
        return &error_no_memory;
    for (uint32_t o = 0; o < s->object_count; o++) {
        if (o % PROGRESS_STEP == 0)
            progress_update(&r->b->progress, o);
        TRY(resolve_object(r, o));
    }
    s->edge_begin[s->object_count] = r->written;
    s->info.dangling_reference_count += r->b->late.count - r->next_late;
    s->reference_count = r->written;
    if (in_place)
        r->b->targets = (struct u64_vec){0}; // the snapshot owns its memory now
    own = NULL;
    // A smaller block is handed back; if the allocator cannot, the larger one stays.
    uint32_t *smaller = realloc(r->targets, (r->written + 1) * sizeof *r->targets);
    s->targets = smaller ? smaller : r->targets;
    return NULL;
}

static struct error *resolve_rows(struct resolve *r)
{
    struct snapshot *s = r->s;
    for (size_t i = 0; i < r->b->types.count; i++)
        r->b->types.items[i].object = addrmap_find(&r->map, r->b->types.items[i].address);
    for (size_t i = 0; i < r->b->frames.count; i++)
        r->b->frames.items[i].object = addrmap_find(&r->map, r->b->frame_objects.items[i]);
    s->roots = malloc((r->b->roots.count + 1) * sizeof *s->roots);
    if (!s->roots)
        return &error_no_memory;
    for (size_t i = 0; i < r->b->roots.count; i++) {
        struct snapshot_root root = r->b->roots.items[i].root;
        root.target = addrmap_find(&r->map, r->b->roots.items[i].target);
        if (root.target == ORDINAL_NONE)
            s->info.dangling_reference_count++;
        else
            s->roots[s->root_count++] = root;
    }
    return NULL;
}

// ---- finish ----

// An empty vector has no memory, but a column is never NULL.
static struct error *take_columns(struct snapshot_builder *b, struct snapshot *s)
{
    TRY(u64_vec_reserve(&b->address, 1));
    TRY(u32_vec_reserve(&b->size, 1));
    TRY(u32_vec_reserve(&b->refcount, 1));
    TRY(u32_vec_reserve(&b->type, 1));
    TRY(u32_vec_reserve(&b->epoch, 1));
    TRY(u32_vec_reserve(&b->label, 1));
    TRY(u32_vec_reserve(&b->shape, 1));
    TRY(u8_vec_reserve(&b->flags, 1));
    s->address = take_ptr(b->address.items);
    s->size = take_ptr(b->size.items);
    s->refcount = take_ptr(b->refcount.items);
    s->type = take_ptr(b->type.items);
    s->epoch = take_ptr(b->epoch.items);
    s->label = take_ptr(b->label.items);
    s->shape = take_ptr(b->shape.items);
    s->flags = take_ptr(b->flags.items);
    s->big = take_ptr(b->big.items);
    s->big_count = (uint32_t)b->big.count;
    return NULL;
}

static void take_rows(struct snapshot_builder *b, struct snapshot *s)
{
    s->types = take_ptr(b->types.items);
    s->type_count = (uint32_t)b->types.count;
    s->threads = take_ptr(b->threads.items);
    s->thread_count = (uint32_t)b->threads.count;
    s->frames = take_ptr(b->frames.items);
    s->frame_count = (uint32_t)b->frames.count;
    s->pools = take_ptr(b->pools.items);
    s->pool_count = (uint32_t)b->pools.count;
    s->areas = take_ptr(b->areas.items);
    s->area_count = (uint32_t)b->areas.count;
    s->blocks = take_ptr(b->blocks.items);
    s->block_count = (uint32_t)b->blocks.count;
    b->areas.count = b->blocks.count = 0;
    b->types.count = b->threads.count = b->frames.count = b->pools.count = 0;
}

// A word in native memory that looks like a reference is none when the refcount of the object
// leaves it no room: freed places of free lists and caches keep their last value.
static void disbelieve_roots(struct snapshot *s)
{
    for (uint32_t i = 0; i < s->root_count; i++) {
        struct snapshot_root *root = &s->roots[i];
        if (root->class != CLASS_CONSERVATIVE || snapshot_immortal(s, root->target) ||
            s->explained[root->target] <= s->refcount[root->target])
            continue;
        root->class = CLASS_BORROWED;
        s->explained[root->target]--;
    }
}

static struct error *finish(struct snapshot_builder *b)
{
    struct snapshot *s = b->snapshot;
    TRY(finish_object(b));
    while (b->waiting_count && !b->error)
        intern_first_waiting(b);
    if (b->error)
        return take_ptr(b->error);
    set_counts(b);
    _cleanup_free_ uint32_t *order = NULL;
    TRY(find_order(b, &order, &s->object_count));
    if (order)
        TRY(reorder_columns(b, order, s->object_count));
    TRY(take_columns(b, s));
    progress_end(&b->progress);
    progress_begin(&b->progress, "resolving references", "objects", s->object_count);
    struct resolve r = {.b = b, .s = s, .order = order};
    TRY(addrmap_init(&r.map, s->address, s->object_count));
    struct error *err = resolve_edges(&r);
    if (!err)
        err = resolve_rows(&r);
    addrmap_deinit(&r.map);
    shape_edge_vec_deinit(&r.named);
    TRY(err);
    take_rows(b, s);
    s->loaded = SNAPSHOT_COLUMNS | SNAPSHOT_EPOCHS | SNAPSHOT_LABELS | SNAPSHOT_EDGES;
    TRY(snapshot_explain(s));
    disbelieve_roots(s);
    return NULL;
}

struct error *snapshot_builder_finish(struct snapshot_builder *b, struct snapshot **ret)
{
    if (!b->error)
        keep(b, finish(b));
    progress_end(&b->progress);
    if (b->error)
        return take_ptr(b->error);
    *ret = take_ptr(b->snapshot);
    return NULL;
}
