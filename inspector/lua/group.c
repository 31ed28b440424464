// See group.h.
#include "inspector/lua/group.h"

#include "inspector/model/hash.h"

#include <stdlib.h>
#include <string.h>

bool group_by_find(const char *word, struct group_key_by *ret)
{
    static const char *const WORDS[] = {"type", "module", "gen", "label", "path"};
    for (int i = 0; i < GROUP_VALUE; i++)
        if (strcmp(WORDS[i], word) == 0) {
            *ret = (struct group_key_by){.by = (enum group_by)i, .name = WORDS[i]};
            return true;
        }
    const enum column_id column = column_find(word, strlen(word));
    if (column == COLUMN_COUNT)
        return false;
    *ret = (struct group_key_by){
        .by = GROUP_VALUE, .name = column_name(column), .column = (int)column};
    return true;
}

static bool groups_by(const struct group *g, enum group_by by)
{
    for (unsigned i = 0; i < g->by_count; i++)
        if (g->by[i].by == by)
            return true;
    return false;
}

static struct error *intern_types(struct group *g, unsigned h)
{
    const struct plugin_heap *heap = g->heaps[h];
    const struct snapshot *s = heap->snapshot;
    g->type_names[h] = calloc(s->type_count + 1, sizeof(uint32_t));
    g->module_names[h] = calloc(s->type_count + 1, sizeof(uint32_t));
    if (!g->type_names[h] || !g->module_names[h])
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++) {
        const char *module = snapshot_string(s, s->types[t].module);
        TRY(strtab_intern(&g->names, heap->type_names[t], strlen(heap->type_names[t]),
                          &g->type_names[h][t]));
        TRY(strtab_intern(&g->names, module, strlen(module), &g->module_names[h][t]));
    }
    return NULL;
}

static struct error *find_places(struct group *g)
{
    struct snapshot *snapshots[PLUGIN_HEAPS];
    struct paths *paths[PLUGIN_HEAPS];
    for (unsigned h = 0; h < g->heap_count; h++) {
        TRY(plugin_heap_paths(g->heaps[h]));
        snapshots[h] = g->heaps[h]->snapshot;
        paths[h] = g->heaps[h]->paths;
    }
    return growth_create(snapshots, paths, g->heap_count, &g->growth);
}

// What the words of `by` read; numbers and columns have been made ready by who checked them.
static struct error *load_columns(struct group *g)
{
    unsigned parts = SNAPSHOT_TYPES;
    if (groups_by(g, GROUP_GEN))
        parts |= SNAPSHOT_SIZES;
    if (groups_by(g, GROUP_LABEL))
        parts |= SNAPSHOT_LABELS;
    for (unsigned h = 0; h < g->heap_count; h++)
        TRY(plugin_heap_load(g->heaps[h], parts));
    return NULL;
}

enum { GENERATION_BITS = 3, CELLS_MOST = 1 << 18 };
_Static_assert(OBJECT_GENERATION < 1 << GENERATION_BITS, "a generation is part of a cell's number");

// Whether what objects are grouped by follows from few numbers, which then make cells of a table.
static bool wants_cells(const struct group *g)
{
    for (unsigned i = 0; i < g->by_count; i++)
        if (g->by[i].by != GROUP_TYPE && g->by[i].by != GROUP_MODULE && g->by[i].by != GROUP_GEN)
            return false;
    return g->heap_count && g->by_count && !g->samples;
}

static struct error *make_cells(struct group *g)
{
    size_t cells = 0;
    g->cell_shift = groups_by(g, GROUP_GEN) ? GENERATION_BITS : 0;
    for (unsigned h = 0; h < g->heap_count; h++)
        if (g->heaps[h]->snapshot->type_count > cells)
            cells = g->heaps[h]->snapshot->type_count;
    cells = (cells + 1) << g->cell_shift;
    if (g->cell_shift && cells > CELLS_MOST)
        return NULL;
    g->cells = calloc(cells, sizeof *g->cells);
    g->cell_order = calloc(cells, sizeof *g->cell_order);
    return g->cells && g->cell_order ? NULL : &error_no_memory;
}

static struct error *grow_slots(struct group *g);

struct error *group_begin(struct group *g)
{
    TRY(strtab_init(&g->names));
    for (unsigned h = 0; h < g->heap_count; h++)
        TRY(intern_types(g, h));
    TRY(load_columns(g));
    if (wants_cells(g))
        TRY(make_cells(g));
    if (groups_by(g, GROUP_PATH))
        TRY(find_places(g));
    return grow_slots(g);
}

void group_deinit(struct group *g)
{
    group_row_vec_deinit(&g->rows);
    free(g->slots);
    strtab_deinit(&g->names);
    for (unsigned h = 0; h < PLUGIN_HEAPS; h++) {
        free(g->type_names[h]);
        free(g->module_names[h]);
    }
    free(g->cells);
    free(g->cell_order);
    group_sample_vec_deinit(&g->sampled);
    growth_destroy(g->growth);
    *g = (struct group){0};
}

// ---- rows ----

static uint32_t *find_slot(const struct group *g, const uint64_t *key)
{
    uint64_t hash = 0;
    for (unsigned i = 0; i < g->by_count; i++)
        hash = hash_mix(hash ^ key[i]);
    for (;; hash++) {
        uint32_t *slot = &g->slots[hash & g->slot_mask];
        if (!*slot || memcmp(g->rows.items[*slot - 1].key, key, g->by_count * sizeof *key) == 0)
            return slot;
    }
}

static struct error *grow_slots(struct group *g)
{
    const uint64_t count = g->slots ? (g->slot_mask + 1) * 4 : 256;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return &error_no_memory;
    free(g->slots);
    g->slots = slots;
    g->slot_mask = count - 1;
    for (size_t i = 0; i < g->rows.count; i++)
        *find_slot(g, g->rows.items[i].key) = (uint32_t)i + 1;
    return NULL;
}

static uint64_t place_key(const struct group *g, unsigned h, uint32_t object)
{
    uint32_t place = g->growth->place_of[h][object];
    if (place == ORDINAL_NONE)
        return UINT64_MAX;
    while (g->path_depth && g->growth->places[place].depth > g->path_depth)
        place = g->growth->places[place].parent;
    return place;
}

// The two lowest bits say what the rest is.
enum { KEY_NONE, KEY_TEXT, KEY_NUMBER, KEY_TRUTH };

static struct error *key_of_value(struct group *g, const struct value *v, uint64_t *ret)
{
    uint32_t name;
    *ret = KEY_NONE;
    if (v->kind == VALUE_TEXT) {
        TRY(strtab_intern(&g->names, v->text, v->length, &name));
        *ret = (uint64_t)name << 2 | KEY_TEXT;
    } else if (v->kind == VALUE_INTEGER) {
        *ret = (uint64_t)v->integer << 2 | KEY_NUMBER;
    } else if (v->kind == VALUE_BOOL) {
        *ret = (uint64_t)v->truth << 2 | KEY_TRUTH;
    }
    return NULL;
}

static struct value value_of_key(const struct group *g, uint64_t raw)
{
    switch (raw & 3) {
    case KEY_TEXT:
        return value_text(strtab_text(&g->names, (uint32_t)(raw >> 2)));
    case KEY_NUMBER:
        return value_integer((int64_t)raw >> 2);
    case KEY_TRUTH:
        return value_bool(raw >> 2);
    default:
        return value_none();
    }
}

static struct error *key_of(struct group *g, unsigned h, uint32_t o, const struct group_key_by *by,
                            uint64_t *ret)
{
    const struct snapshot *s = g->heaps[h]->snapshot;
    uint32_t name = 0;
    struct value value;
    switch (by->by) {
    case GROUP_TYPE:
        *ret = g->type_names[h][s->type[o]];
        return NULL;
    case GROUP_MODULE:
        *ret = g->module_names[h][s->type[o]];
        return NULL;
    case GROUP_GEN:
        *ret = (uint64_t)snapshot_generation(s, o);
        return NULL;
    case GROUP_LABEL:
        if (snapshot_shows_label(s, o))
            TRY(strtab_intern(&g->names, snapshot_string(s, s->label[o]),
                              strtab_length(&s->strings, s->label[o]), &name));
        *ret = name;
        return NULL;
    case GROUP_PATH:
        *ret = place_key(g, h, o);
        return NULL;
    default:
        value = column_get(g->heaps[h], (enum column_id)by->column, o);
        return key_of_value(g, &value, ret);
    }
}

// ---- adding ----

// The row of a key, made when there is none; NULL in *ret: it belongs to `other`.
static struct error *row_of(struct group *g, const uint64_t *key, struct group_row **ret)
{
    uint32_t *slot = find_slot(g, key);
    if (!*slot) {
        struct group_row row = {.key = {0}};
        if (g->limit && g->rows.count == g->limit) {
            *ret = NULL;
            return NULL;
        }
        if (g->rows.count == GROUP_ROWS_MAX)
            return error_create(ERROR_LIMIT, "more than %d groups", GROUP_ROWS_MAX);
        memcpy(row.key, key, g->by_count * sizeof *key);
        TRY(group_row_vec_push(&g->rows, row));
        for (unsigned i = 0; i < g->samples; i++)
            TRY(group_sample_vec_push(&g->sampled, ORDINAL_NONE));
        *slot = (uint32_t)g->rows.count;
        if (g->rows.count * 2 > g->slot_mask)
            TRY(grow_slots(g));
        *ret = &g->rows.items[g->rows.count - 1];
        return NULL;
    }
    *ret = &g->rows.items[*slot - 1];
    return NULL;
}

static void add_numbers(const struct group *g, struct group_row *row, unsigned h,
                        const int64_t (*columns)[64], unsigned at)
{
    for (unsigned n = 0; n < g->number_count; n++) {
        int64_t *number = &row->number[h][n];
        const int64_t more = columns[n][at];
        if (g->numbers[n].max)
            *number = row->count[h] == 0 || more > *number ? more : *number;
        else
            *number = (int64_t)((uint64_t)*number + (uint64_t)more);
    }
    row->count[h]++;
}

static void add_sample(struct group *g, const struct group_row *row, uint32_t object)
{
    uint32_t *samples = &g->sampled.items[(size_t)(row - g->rows.items) * g->samples];
    for (unsigned i = 0; i < g->samples; i++)
        if (samples[i] == ORDINAL_NONE) {
            samples[i] = object;
            return;
        }
}

static struct error *row_of_object(struct group *g, unsigned h, uint32_t o, struct group_row **ret)
{
    uint64_t key[GROUP_KEYS_MAX] = {0};
    for (unsigned i = 0; i < g->by_count; i++)
        TRY(key_of(g, h, o, &g->by[i], &key[i]));
    return row_of(g, key, ret);
}

// ---- by type, module and generation alone ----

static inline struct group_cell *count_in_cell(struct group *g, uint32_t number)
{
    struct group_cell *cell = &g->cells[number];
    if (cell->count++ == 0)
        g->cell_order[g->cell_order_count++] = number;
    return cell;
}

static void add_to_cells(struct group *g, const uint32_t *numbers, int64_t (*columns)[64],
                         uint64_t bits)
{
    if (bits == UINT64_MAX &&
        (g->number_count == 0 || (g->number_count == 1 && !g->numbers[0].max))) {
        for (unsigned i = 0; i < 64; i++) // the one that is waited for
            count_in_cell(g, numbers[i])->number[0] += columns[0][i];
        return;
    }
    for (; bits; bits &= bits - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(bits);
        struct group_cell *cell = count_in_cell(g, numbers[i]);
        for (unsigned n = 0; n < g->number_count; n++) {
            const int64_t more = columns[n][i];
            if (!g->numbers[n].max)
                cell->number[n] = (int64_t)((uint64_t)cell->number[n] + (uint64_t)more);
            else if (cell->count == 1 || more > cell->number[n])
                cell->number[n] = more;
        }
    }
}

static void add_many_to_cells(struct group *g, const struct snapshot *s, uint32_t first,
                              unsigned count, int64_t (*columns)[64], uint64_t bits)
{
    uint32_t numbers[64];
    if (!g->cell_shift) {
        add_to_cells(g, s->type + first, columns, bits);
        return;
    }
    for (unsigned i = 0; i < count; i++)
        numbers[i] =
            s->type[first + i] << GENERATION_BITS | (s->flags[first + i] & OBJECT_GENERATION);
    add_to_cells(g, numbers, columns, bits);
}

// Types that have the same name are one row.
static void add_sum(const struct group *g, struct group_row *row, unsigned h,
                    const struct group_cell *sum)
{
    for (unsigned n = 0; n < g->number_count; n++) {
        int64_t *number = &row->number[h][n];
        if (!g->numbers[n].max)
            *number = (int64_t)((uint64_t)*number + (uint64_t)sum->number[n]);
        else if (row->count[h] == 0 || sum->number[n] > *number)
            *number = sum->number[n];
    }
    row->count[h] += sum->count;
}

static void keys_of_cell(const struct group *g, unsigned h, uint32_t number, uint64_t *keys)
{
    const uint32_t type = number >> g->cell_shift;
    for (unsigned i = 0; i < g->by_count; i++)
        keys[i] = g->by[i].by == GROUP_TYPE     ? g->type_names[h][type]
                  : g->by[i].by == GROUP_MODULE ? g->module_names[h][type]
                                                : number & OBJECT_GENERATION;
}

struct error *group_end_heap(struct group *g, unsigned h)
{
    for (uint32_t i = 0; i < g->cell_order_count; i++) {
        uint64_t keys[GROUP_KEYS_MAX] = {0};
        struct group_cell *cell = &g->cells[g->cell_order[i]];
        struct group_row *row;
        keys_of_cell(g, h, g->cell_order[i], keys);
        TRY(row_of(g, keys, &row));
        g->has_other = g->has_other || !row;
        add_sum(g, row ? row : &g->other, h, cell);
        *cell = (struct group_cell){0};
    }
    g->cell_order_count = 0;
    return NULL;
}

struct error *group_add_many(struct group *g, unsigned h, uint32_t first, uint64_t bits)
{
    int64_t columns[GROUP_NUMBERS_MAX][64];
    uint64_t absent;
    const uint32_t rest = g->heaps[h]->snapshot->object_count - first;
    memset(columns, 0, (g->number_count ? g->number_count : 1) * sizeof *columns);
    for (unsigned n = 0; n < g->number_count; n++)
        if (g->numbers[n].column >= 0)
            column_fill(g->heaps[h], (enum column_id)g->numbers[n].column, first,
                        rest < 64 ? rest : 64, columns[n], &absent);
    if (g->cells) {
        add_many_to_cells(g, g->heaps[h]->snapshot, first, rest < 64 ? rest : 64, columns, bits);
        return NULL;
    }
    for (; bits; bits &= bits - 1) {
        const unsigned at = (unsigned)__builtin_ctzll(bits);
        struct group_row *row;
        TRY(row_of_object(g, h, first + at, &row));
        g->has_other = g->has_other || !row;
        add_numbers(g, row ? row : &g->other, h, columns, at);
        if (g->samples && row && h + 1 == g->heap_count)
            add_sample(g, row, first + at);
    }
    return NULL;
}

struct error *group_value_key(struct group *g, const struct value *value, uint64_t *ret)
{
    return key_of_value(g, value, ret);
}

struct error *group_add_keys(struct group *g, const uint64_t *key, const int64_t *numbers)
{
    struct group_row *row;
    TRY(row_of(g, key, &row));
    g->has_other = g->has_other || !row;
    row = row ? row : &g->other;
    for (unsigned n = 0; n < g->number_count; n++) {
        int64_t *number = &row->number[0][n];
        if (g->numbers[n].max)
            *number = row->count[0] == 0 || numbers[n] > *number ? numbers[n] : *number;
        else
            *number = (int64_t)((uint64_t)*number + (uint64_t)numbers[n]);
    }
    row->count[0]++;
    return NULL;
}

static bool same_value(const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case VALUE_INTEGER:
        return a->integer == b->integer;
    case VALUE_TEXT:
        return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
    case VALUE_BOOL:
        return a->truth == b->truth;
    default:
        return true;
    }
}

// By going through all of them: keys of paths are no texts that could be looked up.
const struct group_row *group_find(struct group *g, const struct value *keys)
{
    struct strbuf scratch;
    const struct group_row *found = NULL;
    strbuf_init(&scratch);
    for (size_t r = 0; r < g->rows.count && !found; r++) {
        bool same = true;
        for (unsigned i = 0; same && i < g->by_count; i++) {
            const struct value key = group_key(g, &g->rows.items[r], i, &scratch);
            same = same_value(&key, &keys[i]);
        }
        found = same ? &g->rows.items[r] : NULL;
    }
    strbuf_deinit(&scratch);
    return found;
}

// ---- reading ----

struct value group_key(const struct group *g, const struct group_row *row, unsigned key,
                       struct strbuf *scratch)
{
    const uint64_t raw = row->key[key];
    switch (g->by[key].by) {
    case GROUP_GEN:
        return raw == GENERATION_NONE ? value_none() : value_integer((int64_t)raw);
    case GROUP_PATH:
        strbuf_clear(scratch);
        if (raw == UINT64_MAX)
            strbuf_add(scratch, "(unreachable)");
        else
            growth_add_path(g->growth, (uint32_t)raw, scratch);
        return value_text(strbuf_text(scratch));
    case GROUP_LABEL:
        return raw ? value_text(strtab_text(&g->names, (uint32_t)raw)) : value_none();
    case GROUP_VALUE:
        return value_of_key(g, raw);
    default:
        return value_text(strtab_text(&g->names, (uint32_t)raw));
    }
}

static bool split_name(const char *name, size_t *length, unsigned *which)
{
    static const char *const ENDINGS[] = {"_before", "_after", "_delta"};
    for (unsigned i = 0; i < 3; i++) {
        const size_t ending = strlen(ENDINGS[i]);
        if (*length > ending && memcmp(name + *length - ending, ENDINGS[i], ending) == 0) {
            *length -= ending;
            *which = i;
            return true;
        }
    }
    return false;
}

bool group_number_find(const struct group *g, const char *name, size_t length,
                       struct group_number *ret)
{
    unsigned which = 0;
    if (g->heap_count == 2 && !split_name(name, &length, &which))
        return false;
    *ret = (struct group_number){.index = -1, .which = which};
    if (length == 5 && memcmp(name, "count", 5) == 0)
        return true;
    for (unsigned n = 0; n < g->number_count; n++)
        if (strlen(g->numbers[n].shown) == length &&
            memcmp(g->numbers[n].shown, name, length) == 0) {
            ret->index = (int)n;
            return true;
        }
    return false;
}

static int64_t one_number(const struct group_row *row, int index, unsigned h)
{
    return index < 0 ? (int64_t)row->count[h] : row->number[h][index];
}

int64_t group_number_get(const struct group_row *row, struct group_number number)
{
    if (number.which < 2)
        return one_number(row, number.index, number.which);
    return one_number(row, number.index, 1) - one_number(row, number.index, 0);
}

// ---- expressions over rows ----

static int space_find(const void *context, const char *name, size_t length, const char **why)
{
    struct group_number number;
    (void)why;
    if (!group_number_find(context, name, length, &number))
        return -1;
    return (number.index + 1) * 3 + (int)number.which;
}

static const char *space_suggest(const void *context, const char *name, size_t length)
{
    const struct group *g = context;
    (void)name;
    (void)length;
    return g->heap_count == 2 ? "count_delta" : NULL;
}

static struct value space_get(const void *context, int column, uint64_t row)
{
    const struct group *g = context;
    return value_integer(group_number_get(
        &g->rows.items[row],
        (struct group_number){.index = column / 3 - 1, .which = (unsigned)column % 3}));
}

struct expr_space group_space(const struct group *group)
{
    return (struct expr_space){.context = group,
                               .of = "groups",
                               .find = space_find,
                               .suggest = space_suggest,
                               .get = space_get};
}
