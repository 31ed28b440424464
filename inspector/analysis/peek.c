// From an ordinal to its references: EOFF says where those of every 64th object begin, the shapes
// say how many each one has, and what lies between is skipped number by number. Of an object with
// thousands of references there are pieces, which say what they lead to (heap_index.h); of a file
// with millions of names, only those of the path are looked up.
#include "inspector/analysis/peek.h"

#include "inspector/analysis/skips.h"
#include "inspector/base/vec.h"
#include "inspector/model/builder.h"
#include "inspector/model/heap_blocks.h"
#include "inspector/model/heap_index.h"
#include "inspector/model/heap_section.h"
#include "inspector/model/heap_target.h"

#include <stdlib.h>
#include <string.h>

struct peek {
    struct snapshot *s;
    struct heap_blocks *columns;
    struct heap_targets targets;
    struct cursor big; // BIGS, whole
    const struct heap_piece *pieces;
    uint64_t piece_count;
};

static void peek_deinit(struct peek *p)
{
    heap_blocks_destroy(p->columns);
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
    TRY(heap_blocks_create(s, &p->columns));
    if (heap_section_find(s->file, TAG_BIGS)) {
        TRY(heap_section_read(s->file, TAG_BIGS, &p->big));
        p->pieces = (const struct heap_piece *)(const void *)p->big.bytes;
        p->piece_count = (uint64_t)(p->big.end - p->big.bytes) / sizeof *p->pieces;
    }
    return heap_targets_init(&p->targets, s->file, s->object_count);
}

// ---- columns ----

static struct error *value_of(struct peek *p, uint32_t tag, uint32_t object, uint64_t *ret)
{
    return heap_blocks_value(p->columns, tag, object, ret);
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

// ---- the way up ----

// The objects of a path, the one asked for first. Behind `near` of them `cut` are left out, and the
// next ones are those at the root.
struct chain {
    struct u32_vec objects;
    size_t near;
    uint64_t cut;
};

// Goes up from `object` and adds what it meets, up to `limit` objects. *found: the last is a root's
// target; *object: where to go on otherwise, ORDINAL_NONE: nothing reaches it.
static struct error *follow(struct peek *p, uint32_t *object, uint64_t limit,
                            struct u32_vec *objects, bool *found)
{
    *found = false;
    for (; limit > 0 && *object != ORDINAL_NONE; limit--) {
        uint64_t special;
        uint32_t before = ORDINAL_NONE;
        TRY(u32_vec_push(objects, *object));
        TRY(object_before(p, *object, &special, &before));
        *found = special == 1;
        *object = before;
        if (special < 2)
            return NULL;
    }
    return NULL;
}

// Goes up until it meets a stop, the root, or nothing; *row: of the stop, which is the last object.
static struct error *follow_to_stop(struct peek *p, const struct skips *skips, uint32_t *object,
                                    struct chain *chain, uint32_t *row, bool *found)
{
    *found = false;
    *row = ORDINAL_NONE;
    while (*row == ORDINAL_NONE && !*found && *object != ORDINAL_NONE &&
           chain->objects.count < PEEK_STEPS_MAX) {
        *row = skips_find(skips, *object);
        TRY(follow(p, object, 1, &chain->objects, found));
    }
    return NULL;
}

// What is at the root of a path of `count` objects over the stop `top`, behind the near end. It is
// known how many steps there must be.
static struct error *add_far_end(struct peek *p, uint32_t top, uint64_t count, struct chain *chain)
{
    struct u32_vec far = {0};
    bool found;
    struct error *err = follow(p, &top, SKIP_STEPS + 1, &far, &found);
    if (!err && (!found || far.count != SKIP_STEPS + 1 || count > p->s->object_count))
        err = heap_damaged_section(p->s->file, TAG_PSKP, "a path does not end");
    for (size_t i = far.count - PEEK_END; !err && i < far.count; i++)
        err = u32_vec_push(&chain->objects, far.items[i]);
    u32_vec_deinit(&far);
    chain->near = PEEK_END;
    chain->cut = count - 2 * PEEK_END;
    return err;
}

// The whole path, or the ends of one that is longer than PEEK_WHOLE.
static struct error *find_ends(struct peek *p, const struct skips *skips, uint32_t object,
                               struct chain *chain, bool *found)
{
    uint32_t row, top;
    uint64_t steps;
    TRY(follow_to_stop(p, skips, &object, chain, &row, found));
    if (row == ORDINAL_NONE || *found)
        return NULL;
    if (!skips_top(skips, row, &top, &steps))
        return heap_damaged_section(p->s->file, TAG_PSKP, "a path does not end");
    const uint64_t count = chain->objects.count + steps + SKIP_STEPS;
    if (count <= PEEK_WHOLE)
        return follow(p, &object, PEEK_WHOLE, &chain->objects, found);
    if (chain->objects.count < PEEK_END)
        TRY(follow(p, &object, PEEK_END - chain->objects.count, &chain->objects, found));
    if (chain->objects.count < PEEK_END)
        return heap_damaged_section(p->s->file, TAG_PSKP, "a path does not end");
    chain->objects.count = PEEK_END;
    *found = true;
    return add_far_end(p, skips->objects[top], count, chain);
}

static struct error *find_chain(struct peek *p, uint32_t object, enum peek_extent extent,
                                struct chain *chain, bool *found)
{
    struct skips skips = {0};
    if (extent == PEEK_ALL || !heap_section_find(p->s->file, TAG_PSKP))
        return follow(p, &object, PEEK_STEPS_MAX, &chain->objects, found);
    struct error *err = skips_read(p->s, &skips);
    if (!err)
        err = find_ends(p, &skips, object, chain, found);
    skips_deinit(&skips);
    return err;
}

// ---- the answer ----

static struct error *build(struct peek *p, const struct chain *chain, struct snapshot_builder *b)
{
    const uint32_t *objects = chain->objects.items;
    const uint32_t first = objects[chain->objects.count - 1];
    uint64_t address;
    copy_info(p->s, b);
    TRY(value_of(p, TAG_ADDR, first, &address));
    const bool has_root = add_roots(p->s, b, first, address);
    for (size_t i = chain->objects.count; i-- > 0;) {
        TRY(add_object(p, b, objects[i], !has_root && objects[i] == first));
        if (i > 0 && !(chain->cut && i == chain->near))
            TRY(add_edge(p, b, objects[i], objects[i - 1]));
    }
    return NULL;
}

// What the snapshot's ordinals are in the path, and retain in the whole heap.
static struct error *fill(struct peek *p, const struct chain *chain, struct peeked_path *ret)
{
    const size_t count = chain->objects.count;
    for (size_t i = 0; i < count; i++) {
        const uint32_t object = chain->objects.items[i];
        uint64_t address, size, more;
        TRY(value_of(p, TAG_ADDR, object, &address));
        TRY(value_of(p, TAG_SIZE, object, &size));
        TRY(value_of(p, TAG_RETN, object, &more));
        const uint32_t o = snapshot_find(ret->snapshot, address);
        if (o == ORDINAL_NONE)
            return heap_damaged_section(p->s->file, TAG_ADDR, "a value is out of range");
        ret->retained[o] = size + more;
        ret->objects[count - 1 - i] = o;
    }
    ret->count = (uint32_t)count;
    ret->cut_at = chain->cut ? (uint32_t)(count - chain->near) : 0;
    ret->cut_steps = (uint32_t)chain->cut;
    return NULL;
}

static struct error *make(struct peek *p, const struct chain *chain, struct peeked_path *ret)
{
    _cleanup_(snapshot_builder_destroy_at) struct snapshot_builder *b = NULL;
    TRY(snapshot_builder_create(&b));
    TRY(build(p, chain, b));
    TRY(snapshot_builder_finish(b, &ret->snapshot));
    ret->retained = calloc(chain->objects.count + 1, sizeof *ret->retained);
    ret->objects = calloc(chain->objects.count + 1, sizeof *ret->objects);
    if (!ret->retained || !ret->objects)
        return &error_no_memory;
    return fill(p, chain, ret);
}

struct error *peek_path(struct snapshot *s, uint64_t address, enum peek_extent extent,
                        struct peeked_path *ret)
{
    struct peek p;
    struct chain chain = {0};
    uint32_t object = ORDINAL_NONE;
    bool found = false;
    *ret = (struct peeked_path){0};
    if (!is_possible(s))
        return NULL;
    struct error *err = peek_init(&p, s);
    if (!err)
        err = heap_blocks_find(p.columns, address, &object);
    if (!err && object != ORDINAL_NONE)
        err = find_chain(&p, object, extent, &chain, &found);
    if (!err && found)
        err = make(&p, &chain, ret);
    if (err)
        peeked_path_deinit(ret);
    u32_vec_deinit(&chain.objects);
    peek_deinit(&p);
    return err;
}

void peeked_path_deinit(struct peeked_path *path)
{
    snapshot_destroy(path->snapshot);
    free(path->retained);
    free(path->objects);
    *path = (struct peeked_path){0};
}
