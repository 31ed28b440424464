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
#include "inspector/lua/heap.h"
#include "inspector/model/strtab.h"
#include <stdbool.h>
#include <stdint.h>

#define GROUP_KEYS_MAX 4
#define GROUP_SUMS_MAX 4
#define GROUP_ROWS_MAX 1000000

enum group_by {
    GROUP_TYPE,
    GROUP_MODULE,
    GROUP_GEN,
    GROUP_LABEL,
    GROUP_PATH,
    GROUP_BY_COUNT,
};

struct group_row {
    uint64_t key[GROUP_KEYS_MAX];
    uint64_t count[PLUGIN_HEAPS];
    int64_t sum[PLUGIN_HEAPS][GROUP_SUMS_MAX];
};

VEC_DEFINE(group_row_vec, struct group_row);

struct group {
    // Set by the caller, and then group_begin:
    const struct plugin_heap *heaps[PLUGIN_HEAPS];
    unsigned heap_count;
    enum group_by by[GROUP_KEYS_MAX];
    unsigned by_count;
    enum column_id sums[GROUP_SUMS_MAX];
    unsigned sum_count;
    unsigned path_depth; // 0: whole paths

    struct group_row_vec rows;
    uint32_t *slots; // row + 1
    uint64_t slot_mask;
    struct strtab names;
    uint32_t *type_names[PLUGIN_HEAPS];
    uint32_t *module_names[PLUGIN_HEAPS];
    struct growth *growth;
};

// GROUP_BY_COUNT when there is none.
enum group_by group_by_find(const char *word);
const char *group_by_word(enum group_by by);

struct error *group_begin(struct group *group);
// LIMIT beyond GROUP_ROWS_MAX.
struct error *group_add(struct group *group, unsigned heap, uint32_t object);
void group_deinit(struct group *group);

// What the key of a row says: a text (valid until `scratch` changes), an integer or none.
struct value group_key(const struct group *group, const struct group_row *row, unsigned key,
                       struct strbuf *scratch);

// A number of a row: which = 0 before (or the only one), 1 after, 2 the difference.
struct group_number {
    int sum; // index in sums, -1: count
    unsigned which;
};
// "count", "size", and with two heaps "size_before", "size_after", "size_delta". False when there
// is none.
bool group_number_find(const struct group *group, const char *name, struct group_number *ret);
int64_t group_number_get(const struct group *group, const struct group_row *row,
                         struct group_number number);

// The `n` rows with the largest number, ties by order of appearance. The caller frees.
struct error *group_top(const struct group *group, struct group_number number, uint32_t n,
                        uint32_t **ret, uint32_t *count);

#endif
