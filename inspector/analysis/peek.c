// Blocks of columns that were looked at are kept decoded: the objects of a path are often near each
// other.
//
// From an ordinal to its references: EOFF says where those of every 64th object begin, the shapes
// say how many each one has, and what lies between is skipped number by number. Of an object with
// thousands of references there are pieces, which say what they lead to (heap_index.h); of a file
// with millions of names, only those of the path are looked up.
#include "inspector/analysis/peek.h"

#include "inspector/base/vec.h"
#include "inspector/model/builder.h"
#include "inspector/model/heap_column.h"
#include "inspector/model/heap_index.h"
#include "inspector/model/heap_section.h"
#include "inspector/model/heap_target.h"

#include <stdlib.h>
#include <string.h>

enum { CACHE_BLOCKS = 64 };

struct cached_block {
    uint32_t tag, number; // tag 0: empty
    uint64_t values[HEAP_COLUMN_BLOCK];
};

struct peek {
    struct snapshot *s;
    struct column_in *decoder;
    struct cached_block *cache; // CACHE_BLOCKS of them
    struct cursor index[3];     // COFF, DOFF, POFF, whole
    struct cursor addresses;    // AIDX, whole
    struct heap_targets targets;
    struct cursor big; // BIGS, whole
    const struct heap_piece *pieces;
    uint64_t piece_count;
};

static const uint32_t index_tags[3] = {TAG_COFF, TAG_DOFF, TAG_POFF};

static void peek_deinit(struct peek *p)
{
    column_in_destroy(p->decoder);
    free(p->cache);
    for (unsigned i = 0; i < 3; i++)
        cursor_deinit(&p->index[i]);
    cursor_deinit(&p->addresses);
    cursor_deinit(&p->big);
    heap_targets_deinit(&p->targets);
}

// Whether the file has all that is needed.
static bool is_possible(const struct snapshot *s)
{
    static const uint32_t tags[] = {TAG_COFF, TAG_AIDX, TAG_DOMP, TAG_RETN,
                                    TAG_DOFF, TAG_PATH, TAG_POFF};
    for (unsigned i = 0; i < sizeof tags / sizeof *tags; i++)
        if (!s->file || !heap_section_find(s->file, tags[i]))
            return false;
    return true;
}

static struct error *peek_init(struct peek *p, struct snapshot *s)
{
    *p = (struct peek){.s = s};
    p->cache = calloc(CACHE_BLOCKS, sizeof *p->cache);
    if (!p->cache)
        return &error_no_memory;
    TRY(column_in_create(s->type_count, &p->decoder));
    for (unsigned i = 0; i < 3; i++)
        TRY(heap_section_read(s->file, index_tags[i], &p->index[i]));
    TRY(heap_section_read(s->file, TAG_AIDX, &p->addresses));
    if (heap_section_find(s->file, TAG_BIGS)) {
        TRY(heap_section_read(s->file, TAG_BIGS, &p->big));
        p->pieces = (const struct heap_piece *)(const void *)p->big.bytes;
        p->piece_count = (uint64_t)(p->big.end - p->big.bytes) / sizeof *p->pieces;
    }
    return heap_targets_init(&p->targets, s->file, s->object_count);
}

static uint64_t word_at(const struct cursor *cursor, uint64_t number)
{
    uint64_t word;
    memcpy(&word, cursor->bytes + number * sizeof word, sizeof word);
    return word;
}

static uint64_t word_count(const struct cursor *cursor)
{
    return (uint64_t)(cursor->end - cursor->bytes) / sizeof(uint64_t);
}

// ---- columns ----

// Where a block begins in its column, and how long it is at most.
static struct error *find_block(const struct peek *p, uint32_t tag, uint32_t number,
                                uint64_t *offset, uint64_t *length)
{
    for (unsigned i = 0; i < 3; i++)
        for (uint64_t at = 0, words = word_count(&p->index[i]); at + 2 <= words;) {
            const uint64_t blocks = word_at(&p->index[i], at + 1);
            if (blocks > words - at - 2)
                break;
            if (word_at(&p->index[i], at) == tag && number < blocks) {
                *offset = word_at(&p->index[i], at + 2 + number);
                *length = number + 1 < blocks ? word_at(&p->index[i], at + 3 + number) - *offset
                                              : UINT64_MAX / 2;
                return NULL;
            }
            at += 2 + blocks;
        }
    return heap_damaged_section(p->s->file, tag, "its index is incomplete");
}

static uint32_t block_size(const struct peek *p, uint32_t number)
{
    const uint64_t left = p->s->object_count - (uint64_t)number * HEAP_COLUMN_BLOCK;
    return left < HEAP_COLUMN_BLOCK ? (uint32_t)left : HEAP_COLUMN_BLOCK;
}

// Labels are differences within a block: adds them up, so that a value is a string's id.
static bool resolve_labels(const struct peek *p, uint64_t *values, uint32_t count)
{
    int64_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] == 0)
            continue;
        const int64_t step = unzigzag(values[i] - 1);
        if (step < -(int64_t)UINT32_MAX || step > (int64_t)UINT32_MAX)
            return false;
        last += step;
        if (last <= 0 || last >= p->s->strings.count)
            return false;
        values[i] = (uint64_t)last;
    }
    return true;
}

static bool resolve_addresses(const struct peek *p, uint64_t *values, uint32_t number,
                              uint32_t count)
{
    uint64_t address = word_at(&p->addresses, number);
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] > UINT64_MAX / 8)
            return false;
        address += i ? values[i] * 8 : 0;
        values[i] = address;
    }
    return true;
}

static bool in_range(const struct peek *p, uint32_t tag, const uint64_t *values, uint32_t count)
{
    const uint64_t limit = tag == TAG_TYPC   ? p->s->type_count
                           : tag == TAG_SHPC ? p->s->shapes.count
                                             : UINT64_MAX;
    for (uint32_t i = 0; i < count; i++)
        if (values[i] >= limit)
            return false;
    return true;
}

static struct error *read_block(struct peek *p, uint32_t tag, uint32_t number,
                                const struct cached_block **ret);

// The types of a block as column_in_block wants them.
static struct error *types_of(struct peek *p, uint32_t number, uint32_t *types)
{
    const struct cached_block *block;
    TRY(read_block(p, TAG_TYPC, number, &block));
    for (uint32_t i = 0; i < block_size(p, number); i++)
        types[i] = (uint32_t)block->values[i];
    return NULL;
}

static struct error *decode_block(struct peek *p, uint32_t tag, uint32_t number,
                                  struct cached_block *into)
{
    uint32_t types[HEAP_COLUMN_BLOCK];
    const uint32_t count = block_size(p, number);
    uint64_t offset, length;
    _cleanup_cursor_ struct cursor cursor = {0};
    if (tag != TAG_TYPC)
        TRY(types_of(p, number, types));
    TRY(find_block(p, tag, number, &offset, &length));
    TRY(heap_section_part(p->s->file, tag, offset, length, &cursor));
    into->tag = 0;
    if (!column_in_block(p->decoder, &cursor, tag == TAG_TYPC ? NULL : types, count))
        return heap_damaged_section(p->s->file, tag, "a value is out of range");
    memcpy(into->values, p->decoder->values, count * sizeof *into->values);
    if (!in_range(p, tag, into->values, count) ||
        (tag == TAG_LABL && !resolve_labels(p, into->values, count)) ||
        (tag == TAG_ADDR && !resolve_addresses(p, into->values, number, count)))
        return heap_damaged_section(p->s->file, tag, "a value is out of range");
    into->tag = tag;
    into->number = number;
    return NULL;
}

static struct error *read_block(struct peek *p, uint32_t tag, uint32_t number,
                                const struct cached_block **ret)
{
    // Types have a part of the cache of their own: every other block asks for one.
    const uint32_t half = CACHE_BLOCKS / 2;
    struct cached_block *slot =
        tag == TAG_TYPC ? &p->cache[number % half]
                        : &p->cache[half + (number * 7 + (tag >> 24) + (tag >> 8)) % half];
    if (slot->tag != tag || slot->number != number)
        TRY(decode_block(p, tag, number, slot));
    *ret = slot;
    return NULL;
}

static struct error *value_of(struct peek *p, uint32_t tag, uint32_t object, uint64_t *ret)
{
    const struct cached_block *block;
    TRY(read_block(p, tag, object / HEAP_COLUMN_BLOCK, &block));
    *ret = block->values[object % HEAP_COLUMN_BLOCK];
    return NULL;
}

// An ordinal that is coded as 2 + zigzag(ordinal - own), after two values that mean something else.
static struct error *object_before(struct peek *p, uint32_t object, uint64_t *special,
                                   uint32_t *ret)
{
    TRY(value_of(p, TAG_PATH, object, special));
    if (*special < 2)
        return NULL;
    const int64_t before = (int64_t)object + unzigzag(*special - 2);
    if (*special >> 34 || before < 0 || before >= p->s->object_count)
        return heap_damaged_section(p->s->file, TAG_PATH, "a value is out of range");
    *ret = (uint32_t)before;
    return NULL;
}

// ORDINAL_NONE when no object starts there.
static struct error *find_object(struct peek *p, uint64_t address, uint32_t *ret)
{
    uint32_t low = 0, high = (uint32_t)word_count(&p->addresses);
    if (high != ((uint64_t)p->s->object_count + HEAP_COLUMN_BLOCK - 1) / HEAP_COLUMN_BLOCK)
        return heap_damaged_section(p->s->file, TAG_AIDX, "it does not fit the objects");
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (word_at(&p->addresses, middle) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    *ret = ORDINAL_NONE;
    if (low == 0)
        return NULL;
    const struct cached_block *block;
    TRY(read_block(p, TAG_ADDR, low - 1, &block));
    for (uint32_t i = 0; i < block_size(p, low - 1); i++)
        if (block->values[i] == address)
            *ret = (low - 1) * HEAP_COLUMN_BLOCK + i;
    return NULL;
}

// ---- names ----

// A label, between `at` and `end` of the cursor, which may own nothing.
static struct error *text_of(const struct peek *p, uint32_t id, struct cursor *ret)
{
    if (p->s->strings.few)
        return heap_index_string(p->s, id, ret);
    ret->at = (const uint8_t *)snapshot_string(p->s, id);
    ret->end = ret->at + strtab_length(&p->s->strings, id);
    return NULL;
}

static struct error *edge_count_of(struct peek *p, uint32_t object, uint64_t *ret)
{
    uint64_t shape;
    TRY(value_of(p, TAG_SHPC, object, &shape));
    if (p->s->strings.few)
        return heap_index_edge_count(p->s, (uint32_t)shape, ret);
    *ret = shape_edge_count(&p->s->shapes, (uint32_t)shape);
    return NULL;
}

static struct error *shape_of(struct peek *p, uint32_t object, uint64_t begin, uint64_t length,
                              struct cursor *ret)
{
    const struct shape_table *shapes = &p->s->shapes;
    uint64_t shape;
    TRY(value_of(p, TAG_SHPC, object, &shape));
    if (p->s->strings.few)
        return heap_index_shape(p->s, (uint32_t)shape, begin, length, ret);
    const uint64_t bytes = shapes->begin[shape + 1] - shapes->begin[shape];
    if (begin > bytes)
        return heap_damaged_section(p->s->file, TAG_BIGS, "a number is out of range");
    ret->at = shapes->bytes + shapes->begin[shape] + begin;
    ret->end = ret->at + (length < bytes - begin ? length : bytes - begin);
    return NULL;
}

// ---- references ----

// Some of the references of one object, with their names.
struct edge_walk {
    struct cursor targets, names;
    struct shape_walk shape;
    uint32_t own, previous, type_object;
    uint64_t left;
};

static void edge_walk_deinit(struct edge_walk *walk)
{
    cursor_deinit(&walk->targets);
    cursor_deinit(&walk->names);
}

static struct error *edge_walk_next(const struct peek *p, struct edge_walk *walk,
                                    struct shape_edge *edge, uint32_t *target)
{
    if (!shape_walk_next(&walk->shape, edge))
        return heap_damaged_section(p->s->file, TAG_SHAP, "a shape is damaged");
    if (!heap_targets_next(&p->targets, &walk->targets, walk->own, walk->previous,
                           walk->type_object, target))
        return heap_damaged_section(p->s->file, TAG_EDGE, "a reference is out of range");
    walk->previous = *target;
    walk->left--;
    return NULL;
}

// The pieces of an object: rows [*first, *last) of BIGS.
static void find_pieces(const struct peek *p, uint32_t object, uint64_t *first, uint64_t *last)
{
    uint64_t low = 0, high = p->piece_count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (p->pieces[middle].object < object)
            low = middle + 1;
        else
            high = middle;
    }
    *first = low;
    while (low < p->piece_count && p->pieces[low].object == object)
        low++;
    *last = low;
}

// Where to begin in order to come to the targets of `object`, and how many to pass by: at the begin
// of its group, or at the last piece of a big object before it.
static struct error *find_targets(struct peek *p, uint32_t object, uint64_t *offset, uint64_t *skip)
{
    const uint32_t first = object - object % HEAP_EDGE_INDEX;
    _cleanup_cursor_ struct cursor index = {0};
    uint64_t count, begin, end;
    TRY(heap_section_part(p->s->file, TAG_EOFF, (uint64_t)(first / HEAP_EDGE_INDEX) * 8, 8,
                          &index));
    if (index.end - index.at < 8)
        return heap_damaged_section(p->s->file, TAG_EOFF, "it ends too early");
    memcpy(offset, index.at, 8);
    *skip = 0;
    for (uint32_t o = first; o < object; o++) {
        TRY(edge_count_of(p, o, &count));
        find_pieces(p, o, &begin, &end);
        if (begin == end) {
            *skip += count;
            continue;
        }
        const struct heap_piece *last = &p->pieces[end - 1];
        if (last->number > count)
            return heap_damaged_section(p->s->file, TAG_BIGS, "a number is out of range");
        *offset = last->edge_at;
        *skip = count - last->number;
    }
    return NULL;
}

static struct error *begin_walk(struct peek *p, uint32_t object, struct edge_walk *walk)
{
    uint64_t type;
    TRY(value_of(p, TAG_TYPC, object, &type));
    *walk = (struct edge_walk){
        .own = object, .previous = object, .type_object = p->s->types[type].object};
    walk->shape.string_count = p->s->strings.count;
    return NULL;
}

// All references of an object that is not big.
static struct error *walk_all(struct peek *p, uint32_t object, struct edge_walk *walk)
{
    uint64_t offset, skip, code;
    TRY(edge_count_of(p, object, &walk->left));
    TRY(find_targets(p, object, &offset, &skip));
    if (skip > p->s->reference_count || walk->left > p->s->reference_count - skip)
        return heap_damaged_section(p->s->file, TAG_SHPC, "the shapes name too many references");
    TRY(heap_section_part(p->s->file, TAG_EDGE, offset, (skip + walk->left) * VARINT_MAX,
                          &walk->targets));
    for (; skip > 0; skip--)
        if (!get(&walk->targets, &code))
            return heap_damaged_section(p->s->file, TAG_EDGE, "a reference is out of range");
    TRY(shape_of(p, object, 0, UINT64_MAX, &walk->names));
    walk->shape.at = walk->names.at;
    walk->shape.end = walk->names.end;
    return NULL;
}

static struct error *walk_piece(struct peek *p, const struct heap_piece *piece, bool is_last,
                                struct edge_walk *walk)
{
    enum { OP_BYTES_MAX = 1 + 2 * VARINT_MAX };
    TRY(edge_count_of(p, piece->object, &walk->left));
    if (piece->number >= walk->left || piece->last_string >= p->s->strings.count)
        return heap_damaged_section(p->s->file, TAG_BIGS, "a number is out of range");
    walk->left = is_last && walk->left - piece->number < HEAP_PIECE_EDGES
                     ? walk->left - piece->number
                     : HEAP_PIECE_EDGES;
    walk->previous = piece->previous;
    walk->shape.last_string = piece->last_string;
    walk->shape.edge.name = piece->last_name;
    TRY(heap_section_part(p->s->file, TAG_EDGE, piece->edge_at, walk->left * VARINT_MAX,
                          &walk->targets));
    TRY(shape_of(p, piece->object, piece->shape_at, (walk->left + 1) * OP_BYTES_MAX, &walk->names));
    walk->shape.at = walk->names.at;
    walk->shape.end = walk->names.end;
    return shape_walk_skip(&walk->shape, piece->shape_skip)
               ? NULL
               : heap_damaged_section(p->s->file, TAG_BIGS, "a number is out of range");
}

// The first of the walk that leads there and retains.
static struct error *find_in_walk(const struct peek *p, struct edge_walk *walk, uint32_t to,
                                  struct shape_edge *ret, bool *found)
{
    uint32_t target;
    while (walk->left > 0 && !*found) {
        TRY(edge_walk_next(p, walk, ret, &target));
        *found = target == to && edge_class_retains(ret->class);
    }
    return NULL;
}

static struct error *find_edge(struct peek *p, uint32_t from, uint32_t to, struct shape_edge *ret)
{
    uint64_t first, last;
    bool found = false;
    find_pieces(p, from, &first, &last);
    for (uint64_t i = first; i < last && !found; i++) {
        _cleanup_(edge_walk_deinit) struct edge_walk walk = {0};
        if (to < p->pieces[i].low || to > p->pieces[i].high)
            continue;
        TRY(begin_walk(p, from, &walk));
        TRY(walk_piece(p, &p->pieces[i], i + 1 == last, &walk));
        TRY(find_in_walk(p, &walk, to, ret, &found));
    }
    if (first == last) {
        _cleanup_(edge_walk_deinit) struct edge_walk walk = {0};
        TRY(begin_walk(p, from, &walk));
        TRY(walk_all(p, from, &walk));
        TRY(find_in_walk(p, &walk, to, ret, &found));
    }
    return found ? NULL
                 : heap_damaged_section(p->s->file, TAG_PATH, "a step of a path is no reference");
}

// ---- the small snapshot ----

static struct error *add_object(struct peek *p, struct snapshot_builder *b, uint32_t object,
                                bool is_start)
{
    const struct snapshot *s = p->s;
    uint64_t address, size, type, flags, label, epoch;
    TRY(value_of(p, TAG_ADDR, object, &address));
    TRY(value_of(p, TAG_SIZE, object, &size));
    TRY(value_of(p, TAG_TYPC, object, &type));
    TRY(value_of(p, TAG_FLAG, object, &flags));
    TRY(value_of(p, TAG_LABL, object, &label));
    TRY(value_of(p, TAG_EPOC, object, &epoch));
    const struct snapshot_type *row = &s->types[type];
    _cleanup_cursor_ struct cursor text = {0};
    if (label)
        TRY(text_of(p, (uint32_t)label, &text));
    const uint32_t name =
        label ? snapshot_builder_string(b, (const char *)text.at, (size_t)(text.end - text.at)) : 0;
    // A type's ordinal tells types of the same address apart.
    const uint32_t new_type =
        snapshot_builder_type(b, &(struct builder_type){.address = 8 * (type + 1),
                                                        .name = snapshot_string(s, row->name),
                                                        .module = snapshot_string(s, row->module),
                                                        .size_bytes = row->size_bytes});
    // Counts of 0, and everything is explained: but who begins a path without a root is held by
    // native code, and has a count that nothing explains.
    snapshot_builder_object(b, &(struct builder_object){.address = address,
                                                        .size_bytes = size,
                                                        .refcount = is_start,
                                                        .type = new_type,
                                                        .epoch = (uint32_t)epoch,
                                                        .label = name,
                                                        .generation = flags & OBJECT_GENERATION,
                                                        .tracked = flags & OBJECT_TRACKED,
                                                        .immortal = flags & OBJECT_IMMORTAL});
    return NULL;
}

static struct error *add_named_edge(struct peek *p, struct snapshot_builder *b, uint64_t address,
                                    const struct shape_edge *edge)
{
    _cleanup_cursor_ struct cursor text = {0};
    TRY(text_of(p, edge->name, &text));
    const uint32_t name =
        snapshot_builder_string(b, (const char *)text.at, (size_t)(text.end - text.at));
    snapshot_builder_edge(b, address, edge->kind, edge->class, edge_name_string(name));
    return NULL;
}

static struct error *add_edge(struct peek *p, struct snapshot_builder *b, uint32_t from,
                              uint32_t to)
{
    struct shape_edge edge;
    uint64_t address;
    TRY(find_edge(p, from, to, &edge));
    TRY(value_of(p, TAG_ADDR, to, &address));
    if (edge.name == EDGE_NAME_NONE || edge_name_is_index(edge.name))
        snapshot_builder_edge(b, address, edge.kind, edge.class, edge.name);
    else
        return add_named_edge(p, b, address, &edge);
    return NULL;
}

// The roots of the first object, with their threads and frames. False when it has none.
static bool add_roots(const struct snapshot *s, struct snapshot_builder *b, uint32_t first,
                      uint64_t address)
{
    bool some = false;
    for (uint32_t i = 0; i < s->thread_count; i++) {
        const struct snapshot_thread *thread = &s->threads[i];
        snapshot_builder_thread(b, thread->tid, snapshot_string(s, thread->name), thread->gil);
        for (uint32_t k = 0; k < thread->frame_count; k++) {
            const struct snapshot_frame *frame = &s->frames[thread->frame_begin + k];
            snapshot_builder_frame(b, snapshot_string(s, frame->function),
                                   snapshot_string(s, frame->file), frame->line, 0);
        }
    }
    for (uint32_t i = 0; i < s->root_count; i++) {
        const struct snapshot_root *root = &s->roots[i];
        if (root->target != first)
            continue;
        snapshot_builder_root(b, &(struct builder_root){.target = address,
                                                        .kind = root->kind,
                                                        .class = root->class,
                                                        .name = snapshot_string(s, root->name),
                                                        .thread = root->thread,
                                                        .frame = root->frame});
        some = true;
    }
    return some;
}

static void copy_info(const struct snapshot *s, struct snapshot_builder *b)
{
    struct snapshot_info *info = snapshot_builder_info(b);
    *info = s->info;
    snapshot_builder_text(b, &info->runtime, s->info.runtime);
    snapshot_builder_text(b, &info->version, s->info.version);
    snapshot_builder_text(b, &info->command, s->info.command);
    snapshot_builder_text(b, &info->incomplete_why, s->info.incomplete_why);
}

static struct error *build(struct peek *p, const struct u32_vec *chain, struct snapshot_builder *b)
{
    const uint32_t first = chain->items[chain->count - 1];
    uint64_t address;
    copy_info(p->s, b);
    TRY(value_of(p, TAG_ADDR, first, &address));
    const bool has_root = add_roots(p->s, b, first, address);
    for (size_t i = chain->count; i-- > 0;) {
        TRY(add_object(p, b, chain->items[i], !has_root && chain->items[i] == first));
        if (i > 0)
            TRY(add_edge(p, b, chain->items[i], chain->items[i - 1]));
    }
    return NULL;
}

// What the snapshot's ordinals retain in the whole heap.
static struct error *fill_retained(struct peek *p, const struct u32_vec *chain,
                                   struct peeked_path *ret)
{
    for (size_t i = 0; i < chain->count; i++) {
        uint64_t address, size, more;
        TRY(value_of(p, TAG_ADDR, chain->items[i], &address));
        TRY(value_of(p, TAG_SIZE, chain->items[i], &size));
        TRY(value_of(p, TAG_RETN, chain->items[i], &more));
        const uint32_t o = snapshot_find(ret->snapshot, address);
        if (o == ORDINAL_NONE)
            return heap_damaged_section(p->s->file, TAG_ADDR, "a value is out of range");
        ret->retained[o] = size + more;
        if (i == 0)
            ret->object = o;
    }
    return NULL;
}

static struct error *follow(struct peek *p, uint32_t object, struct u32_vec *chain, bool *found)
{
    *found = false;
    while (chain->count < PEEK_STEPS_MAX) {
        uint64_t special;
        uint32_t before = ORDINAL_NONE;
        TRY(u32_vec_push(chain, object));
        TRY(object_before(p, object, &special, &before));
        if (special == 1)
            *found = true;
        if (special < 2)
            return NULL;
        object = before;
    }
    return NULL;
}

static struct error *make(struct peek *p, const struct u32_vec *chain, struct peeked_path *ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *b = NULL;
    TRY(snapshot_builder_create(&b));
    TRY(build(p, chain, b));
    TRY(snapshot_builder_finish(b, &ret->snapshot));
    ret->retained = calloc(chain->count + 1, sizeof *ret->retained);
    if (!ret->retained)
        return &error_no_memory;
    return fill_retained(p, chain, ret);
}

struct error *peek_path(struct snapshot *s, uint64_t address, struct peeked_path *ret)
{
    struct peek p;
    struct u32_vec chain = {0};
    uint32_t object = ORDINAL_NONE;
    bool found = false;
    *ret = (struct peeked_path){0};
    if (!is_possible(s))
        return NULL;
    struct error *err = peek_init(&p, s);
    if (!err)
        err = find_object(&p, address, &object);
    if (!err && object != ORDINAL_NONE)
        err = follow(&p, object, &chain, &found);
    if (!err && found)
        err = make(&p, &chain, ret);
    if (err)
        peeked_path_deinit(ret);
    u32_vec_deinit(&chain);
    peek_deinit(&p);
    return err;
}

void peeked_path_deinit(struct peeked_path *path)
{
    snapshot_destroy(path->snapshot);
    free(path->retained);
    *path = (struct peeked_path){0};
}
