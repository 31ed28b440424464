// All of this is fixed-width numbers that are looked at where they are: a part of a section is read
// with the checksums of its blocks, and forgotten again. Who looks up many names reads them all.
#include "inspector/model/heap_index.h"

#include "inspector/model/varint.h"

#include <stdlib.h>
#include <string.h>

enum {
    STRINGS_MANY = 65536, // fewer are read in a moment
    SHAPE_BYTES_MANY = 1 << 20,
    LENGTH_BYTES_MAX = 3 * HEAP_NAME_INDEX, // of the lengths of 64 strings; each is 4096 at most
    HEAD_BYTES_MAX = 16,                    // of the length in front of a shape
};

// ---- writing: strings ----

static unsigned varint_length(uint64_t value)
{
    unsigned length = 1;
    while (value >>= 7)
        length++;
    return length;
}

static int compare_ids(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// The strings that opening needs, sorted, each once.
static struct error *collect_names(const struct snapshot *s, struct u32_vec *ids)
{
    for (uint32_t i = 0; i < s->type_count; i++) {
        TRY(u32_vec_push(ids, s->types[i].name));
        TRY(u32_vec_push(ids, s->types[i].module));
    }
    for (uint32_t i = 0; i < s->root_count; i++)
        TRY(u32_vec_push(ids, s->roots[i].name));
    for (uint32_t i = 0; i < s->thread_count; i++)
        TRY(u32_vec_push(ids, s->threads[i].name));
    for (uint32_t i = 0; i < s->frame_count; i++) {
        TRY(u32_vec_push(ids, s->frames[i].function));
        TRY(u32_vec_push(ids, s->frames[i].file));
    }
    for (uint32_t i = 0; i < s->area_count; i++)
        TRY(u32_vec_push(ids, s->areas[i].name));
    if (ids->count)
        qsort(ids->items, ids->count, sizeof *ids->items, compare_ids);
    size_t kept = 0;
    for (size_t i = 0; i < ids->count; i++)
        if (kept == 0 || ids->items[kept - 1] != ids->items[i])
            ids->items[kept++] = ids->items[i];
    ids->count = kept;
    return NULL;
}

static void write_names(struct heap_out *out, const struct snapshot *s, const struct u32_vec *ids)
{
    uint32_t last = 0;
    heap_out_begin(out, TAG_NAMS, ids->count);
    for (size_t i = 0; i < ids->count; last = ids->items[i++]) {
        const size_t length = strtab_length(&s->strings, ids->items[i]);
        heap_out_number(out, ids->items[i] - last);
        heap_out_number(out, length);
        heap_out_bytes(out, snapshot_string(s, ids->items[i]), length);
    }
    heap_out_end(out);
}

static void write_string_index(struct heap_out *out, const struct snapshot *s)
{
    const struct strtab *strings = &s->strings;
    uint64_t at[2] = {0, 0}; // of the length, of the text
    for (uint32_t id = 0; id < strings->count; id++)
        at[1] += varint_length(strtab_length(strings, id));
    heap_out_begin(out, TAG_SIDX, strings->count);
    for (uint32_t id = 0; id < strings->count; id++) {
        if (id % HEAP_NAME_INDEX == 0)
            heap_out_bytes(out, at, sizeof at);
        at[0] += varint_length(strtab_length(strings, id));
        at[1] += strtab_length(strings, id);
    }
    heap_out_end(out);
}

// ---- writing: shapes ----

static void write_shape_index(struct heap_out *out, const struct snapshot *s)
{
    const struct shape_table *shapes = &s->shapes;
    uint64_t at = 0;
    heap_out_begin(out, TAG_SHIX, shapes->count);
    for (uint32_t i = 0; i < shapes->count; i++) {
        const uint64_t length = shapes->begin[i + 1] - shapes->begin[i];
        if (i % HEAP_NAME_INDEX == 0)
            heap_out_bytes(out, &at, sizeof at);
        at += varint_length(length) + length;
    }
    heap_out_end(out);
    heap_out_begin(out, TAG_SCNT, shapes->count);
    for (uint32_t i = 0; i < shapes->count; i++) {
        const uint64_t count = shape_edge_count(shapes, i);
        heap_out_bytes(out, &count, sizeof count);
    }
    heap_out_end(out);
}

// ---- writing: big objects ----

static bool is_big(const struct snapshot *s, uint32_t o)
{
    return s->edge_begin[o + 1] - s->edge_begin[o] >= HEAP_PIECED_LEAST;
}

// Where the targets of an object begin in EDGE, behind those of the others of its group.
static struct error *find_edges(const struct snapshot *s, const uint64_t *offsets, uint32_t o,
                                struct cursor *edges, uint64_t *at)
{
    const uint32_t group = o / HEAP_EDGE_INDEX;
    const uint64_t first = s->edge_begin[group * HEAP_EDGE_INDEX];
    TRY(heap_section_part(s->file, TAG_EDGE, offsets[group],
                          (s->edge_begin[o + 1] - first) * VARINT_MAX, edges));
    const uint8_t *begin = edges->at;
    uint64_t code;
    for (uint64_t e = first; e < s->edge_begin[o]; e++)
        if (!get(edges, &code))
            return heap_damaged_section(s->file, TAG_EDGE, "it ends too early");
    *at = offsets[group] + (uint64_t)(edges->at - begin);
    return NULL;
}

static struct error *write_pieces(struct heap_out *out, const struct snapshot *s,
                                  const uint64_t *offsets, uint32_t o)
{
    _cleanup_cursor_ struct cursor edges = {0};
    const struct shape_table *shapes = &s->shapes;
    const uint8_t *shape = shapes->bytes + shapes->begin[s->shape[o]];
    const uint64_t first = s->edge_begin[o], count = s->edge_begin[o + 1] - first;
    struct shape_walk walk = {.at = shape,
                              .end = shapes->bytes + shapes->begin[s->shape[o] + 1],
                              .string_count = s->strings.count};
    struct heap_piece piece = {0};
    struct shape_edge edge;
    uint64_t at, code;
    TRY(find_edges(s, offsets, o, &edges, &at));
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t target = s->targets[first + i];
        if (i % HEAP_PIECE_EDGES == 0) {
            const bool inside = walk.run_left > 0;
            piece = (struct heap_piece){
                .object = o,
                .low = target,
                .high = target,
                .previous = i ? s->targets[first + i - 1] : o,
                .last_string = inside ? walk.op_last_string : walk.last_string,
                .last_name = inside ? walk.op_last_name : walk.edge.name,
                .number = i,
                .edge_at = at,
                .shape_at = (uint64_t)((inside ? walk.op : walk.at) - shape),
                .shape_skip = inside ? walk.op_taken : 0,
            };
        }
        piece.low = target < piece.low ? target : piece.low;
        piece.high = target > piece.high ? target : piece.high;
        const uint8_t *before = edges.at;
        if (!get(&edges, &code) || !shape_walk_next(&walk, &edge))
            return heap_damaged_section(s->file, TAG_EDGE, "it ends too early");
        at += (uint64_t)(edges.at - before);
        if ((i + 1) % HEAP_PIECE_EDGES == 0 || i + 1 == count)
            heap_out_bytes(out, &piece, sizeof piece);
    }
    return NULL;
}

static struct error *write_big_objects(struct heap_out *out, const struct snapshot *s)
{
    _cleanup_cursor_ struct cursor offsets = {0};
    uint64_t rows = 0;
    TRY(heap_section_read(s->file, TAG_EOFF, &offsets));
    for (uint32_t o = 0; o < s->object_count; o++)
        if (is_big(s, o))
            rows += (s->edge_begin[o + 1] - s->edge_begin[o] - 1) / HEAP_PIECE_EDGES + 1;
    heap_out_begin(out, TAG_BIGS, rows);
    for (uint32_t o = 0; o < s->object_count; o++)
        if (is_big(s, o))
            TRY(write_pieces(out, s, (const uint64_t *)(const void *)offsets.bytes, o));
    heap_out_end(out);
    return NULL;
}

bool heap_index_is_wanted(const struct snapshot *s)
{
    if (s->strings.count >= STRINGS_MANY || s->shapes.byte_count >= SHAPE_BYTES_MANY)
        return true;
    for (uint32_t o = 0; o < s->object_count; o++)
        if (is_big(s, o))
            return true;
    return false;
}

struct error *heap_index_write(struct heap_out *out, const struct snapshot *s)
{
    struct u32_vec ids = {0};
    struct error *err = collect_names(s, &ids);
    if (!err)
        write_names(out, s, &ids);
    u32_vec_deinit(&ids);
    TRY(err);
    write_string_index(out, s);
    write_shape_index(out, s);
    return write_big_objects(out, s);
}

// ---- opening ----

static bool has_rows(const struct heap_file *file, uint32_t tag, uint32_t of, uint64_t every,
                     uint64_t bytes)
{
    const struct heap_section *index = heap_section_find(file, tag);
    const struct heap_section *rows = heap_section_find(file, of);
    return index && rows && rows->count && rows->count <= rows->bytes &&
           index->bytes == ((rows->count - 1) / every + 1) * bytes;
}

bool heap_index_is_there(const struct heap_file *file)
{
    const struct heap_section *strings = heap_section_find(file, TAG_STRS);
    const struct heap_section *shapes = heap_section_find(file, TAG_SHAP);
    const struct heap_section *big = heap_section_find(file, TAG_BIGS);
    return heap_section_find(file, TAG_NAMS) && big &&
           big->bytes == big->count * sizeof(struct heap_piece) &&
           has_rows(file, TAG_SIDX, TAG_STRS, HEAP_NAME_INDEX, 16) &&
           has_rows(file, TAG_SHIX, TAG_SHAP, HEAP_NAME_INDEX, 8) &&
           has_rows(file, TAG_SCNT, TAG_SHAP, 1, 8) && strings->count <= STRTAB_COUNT_MAX &&
           shapes->count < UINT32_MAX;
}

struct error *heap_index_open(struct snapshot *s)
{
    const struct heap_file *file = s->file;
    _cleanup_cursor_ struct cursor cursor = {0};
    TRY(heap_section_read(file, TAG_NAMS, &cursor));
    const uint64_t bytes = (uint64_t)(cursor.end - cursor.at);
    if (cursor.count > bytes)
        return heap_damaged_section(file, TAG_NAMS, "more rows than bytes");
    struct strtab_few *few = arena_alloc(&s->arena, sizeof *few);
    uint32_t *ids = arena_alloc_array(&s->arena, cursor.count + 1, sizeof *ids);
    uint64_t *begin = arena_alloc_array(&s->arena, cursor.count + 1, sizeof *begin);
    char *blob = arena_alloc(&s->arena, bytes + cursor.count + 1);
    if (!few || !ids || !begin || !blob)
        return &error_no_memory;
    s->strings.count = (uint32_t)heap_section_find(file, TAG_STRS)->count;
    s->shapes.count = (uint32_t)heap_section_find(file, TAG_SHAP)->count;
    uint64_t at = 0, id = 0;
    for (uint64_t i = 0, step, length; i < cursor.count; i++) {
        if (!get(&cursor, &step) || step >= s->strings.count || !get(&cursor, &length) ||
            length > STRTAB_TEXT_MAX || length > (uint64_t)(cursor.end - cursor.at) ||
            (i > 0 && step == 0) || (id += step) >= s->strings.count || (id == 0 && length))
            return heap_damaged_section(file, TAG_NAMS, "a text is out of range");
        ids[i] = (uint32_t)id;
        begin[i] = at;
        memcpy(blob + at, cursor.at, length);
        blob[at + length] = 0;
        at += length + 1;
        cursor.at += length;
    }
    begin[cursor.count] = at;
    *few = (struct strtab_few){
        .ids = ids, .begin = begin, .blob = blob, .count = (uint32_t)cursor.count};
    s->strings.few = few;
    return NULL;
}

// ---- single names ----

static struct error *read_words(struct heap_file *file, uint32_t tag, uint64_t number,
                                uint64_t *words, unsigned count)
{
    _cleanup_cursor_ struct cursor cursor = {0};
    TRY(heap_section_part(file, tag, number * sizeof *words, count * sizeof *words, &cursor));
    if ((size_t)(cursor.end - cursor.at) < count * sizeof *words)
        return heap_damaged_section(file, tag, "it ends too early");
    memcpy(words, cursor.at, count * sizeof *words);
    return NULL;
}

struct error *heap_index_string(const struct snapshot *s, uint32_t id, struct cursor *ret)
{
    _cleanup_cursor_ struct cursor lengths = {0};
    uint64_t at[2], length = 0;
    TRY(read_words(s->file, TAG_SIDX, (uint64_t)(id / HEAP_NAME_INDEX) * 2, at, 2));
    TRY(heap_section_part(s->file, TAG_STRS, at[0], LENGTH_BYTES_MAX, &lengths));
    for (uint32_t i = 0; i <= id % HEAP_NAME_INDEX; i++) {
        at[1] += length;
        if (!get(&lengths, &length) || length > STRTAB_TEXT_MAX)
            return heap_damaged_section(s->file, TAG_STRS, "the length of a text is out of range");
    }
    TRY(heap_section_part(s->file, TAG_STRS, at[1], length, ret));
    if ((uint64_t)(ret->end - ret->at) == length)
        return NULL;
    cursor_deinit(ret);
    *ret = (struct cursor){0};
    return heap_damaged_section(s->file, TAG_STRS, "a text is cut off");
}

struct error *heap_index_edge_count(const struct snapshot *s, uint32_t shape, uint64_t *ret)
{
    TRY(read_words(s->file, TAG_SCNT, shape, ret, 1));
    return *ret <= s->reference_count
               ? NULL
               : heap_damaged_section(s->file, TAG_SCNT, "a number is out of range");
}

struct error *heap_index_shape(const struct snapshot *s, uint32_t shape, uint64_t begin,
                               uint64_t length, struct cursor *ret)
{
    const uint64_t section_bytes = heap_section_find(s->file, TAG_SHAP)->bytes;
    uint64_t at, bytes = 0;
    TRY(read_words(s->file, TAG_SHIX, shape / HEAP_NAME_INDEX, &at, 1));
    for (uint32_t i = 0; i <= shape % HEAP_NAME_INDEX; i++) {
        _cleanup_cursor_ struct cursor head = {0};
        at += bytes;
        TRY(heap_section_part(s->file, TAG_SHAP, at, HEAD_BYTES_MAX, &head));
        const uint8_t *from = head.at;
        if (!get(&head, &bytes) || bytes > section_bytes)
            return heap_damaged_section(s->file, TAG_SHAP, "a shape is cut off");
        at += (uint64_t)(head.at - from);
    }
    if (begin > bytes)
        return heap_damaged_section(s->file, TAG_SHAP, "a shape is shorter than its index says");
    return heap_section_part(s->file, TAG_SHAP, at + begin,
                             length < bytes - begin ? length : bytes - begin, ret);
}
