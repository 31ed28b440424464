// Groups of objects: how many, and the sums of some columns, by type, module, generation, label or
// place, in one heap or side by side in two.
//
// Every grouping key becomes a number first (names are interned), so a row is found with one hash
// lookup. The same name gets the same number in both heaps: that is what a diff of two processes
// needs.
#ifndef BRILLE_INSPECTOR_LUA_GROUP_H
#define BRILLE_INSPECTOR_LUA_GROUP_H

#include "inspector/analysis/growth.h"
#include "inspector/base/vec.h"
#include "inspector/lua/expr.h"
#include "inspector/lua/heap.h"
#include "inspector/model/strtab.h"
#include <stdbool.h>
#include <stdint.h>

#define GROUP_KEYS_MAX    4
#define GROUP_NUMBERS_MAX 8 // sums and maxima
#define GROUP_SAMPLES_MAX 16
#define GROUP_ROWS_MAX    1000000

enum group_by {
    GROUP_TYPE,
    GROUP_MODULE,
    GROUP_GEN,
    GROUP_LABEL,
    GROUP_PATH,
    GROUP_VALUE, // of a column
};

struct group_row {
    uint64_t key[GROUP_KEYS_MAX];
    uint64_t count[PLUGIN_HEAPS];
    int64_t number[PLUGIN_HEAPS][GROUP_NUMBERS_MAX];
};

VEC_DEFINE(group_row_vec, struct group_row);
VEC_DEFINE(group_sample_vec, uint32_t);

struct group_key_by {
    enum group_by by;
    const char *name; // of a column or one of the words; it outlives the group
    int column;       // VALUE of objects
};

struct group_number_of {
    const char *name;
    char shown[40]; // "size", "max_size"
    int column;
    bool max;
};

struct group_cell {
    uint64_t count;
    int64_t number[GROUP_NUMBERS_MAX];
};

struct group {
    // Set by the caller, and then group_begin. No heaps: the caller adds keys (group_add_keys).
    struct plugin_heap *heaps[PLUGIN_HEAPS];
    unsigned heap_count;
    struct group_key_by by[GROUP_KEYS_MAX];
    unsigned by_count;
    struct group_number_of numbers[GROUP_NUMBERS_MAX];
    unsigned number_count;
    unsigned path_depth; // 0: whole paths
    unsigned samples;    // objects kept of each row, the first ones
    uint32_t limit;      // rows; what comes beyond goes into `other`. 0: GROUP_ROWS_MAX, an error

    struct group_row_vec rows;
    struct group_sample_vec sampled; // `samples` of each row, ORDINAL_NONE when there are fewer
    struct group_row other;
    bool has_other;
    uint32_t *slots; // row + 1
    uint64_t slot_mask;
    struct strtab names;
    uint32_t *type_names[PLUGIN_HEAPS];
    uint32_t *module_names[PLUGIN_HEAPS];
    // Grouped by type, module and generation alone, without samples: sums of the present heap by
    // type << cell_shift | generation, and these in the order in which they appeared.
    struct group_cell *cells;
    uint32_t *cell_order;
    uint32_t cell_order_count;
    unsigned cell_shift; // 0: the generation is not asked for
    struct growth *growth;
};

// False when the word names no way to group objects.
bool group_by_find(const char *word, struct group_key_by *ret);

struct error *group_begin(struct group *group);
// Up to 64 objects, by their bits, from `first` on. LIMIT beyond GROUP_ROWS_MAX.
struct error *group_add_many(struct group *group, unsigned heap, uint32_t first, uint64_t bits);
// After the last object of a heap.
struct error *group_end_heap(struct group *group, unsigned heap);
// Something that is no object: its keys, each made of a value, and its numbers. The key of a value
// stays the same.
struct error *group_value_key(struct group *group, const struct value *value, uint64_t *ret);
struct error *group_add_keys(struct group *group, const uint64_t *key, const int64_t *numbers);
void group_deinit(struct group *group);

// The row with these keys (as group_key gives them), NULL when there is none.
const struct group_row *group_find(struct group *group, const struct value *keys);

// What the key of a row says: a text (valid until `scratch` changes), an integer or none.
struct value group_key(const struct group *group, const struct group_row *row, unsigned key,
                       struct strbuf *scratch);

// A number of a row: which = 0 before (or the only one), 1 after, 2 the difference.
struct group_number {
    int index; // in numbers, -1: count
    unsigned which;
};
// "count", "size", and with two heaps "size_before", "size_after", "size_delta". False when there
// is none.
bool group_number_find(const struct group *group, const char *name, size_t length,
                       struct group_number *ret);
int64_t group_number_get(const struct group_row *row, struct group_number number);

// The columns of the rows: their numbers, for expressions.
struct expr_space group_space(const struct group *group);

#endif
