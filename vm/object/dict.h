/* Dicts: insertion-ordered; a sparse index of small integers into a dense array of entries.
 *
 *   py_dict -> py_dict_keys: header 32 bytes | index: 2^log2_index bytes-ish | entries
 *
 * Tables whose keys are all str keep 16-byte entries (key, value); others 24 (hash, key, value).
 * Sizes and growth are CPython 3.11's, so sys.getsizeof agrees.
 *
 * Invariants: used counts live entries; usable + entry_count == capacity of the entries array; an
 * index cell is EMPTY (-1), DUMMY (-2) or an entry number; version changes whenever a key is added
 * or removed or a value replaced (0: none; used by inline caches of globals); a dict is untracked
 * while it holds nothing that can be part of a cycle (MAINTAIN_TRACKING as in CPython 3.11).
 */
#ifndef BRILLE_VM_OBJECT_DICT_H
#define BRILLE_VM_OBJECT_DICT_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_dict_entry_str {
    struct py_object *key; /* NULL: deleted */
    struct py_object *value;
};
struct py_dict_entry {
    int64_t hash;
    struct py_object *key; /* NULL: deleted */
    struct py_object *value;
};
struct py_dict_keys {
    uint8_t log2_size;        /* of the index, in cells */
    uint8_t log2_index_bytes; /* of the index, in bytes */
    uint8_t general;          /* 0: py_dict_entry_str, 1: py_dict_entry */
    uint8_t is_static;        /* the shared empty table: not freed */
    uint32_t keys_version;    /* 0 or unique: changes when a key is added, moved or removed */
    int64_t usable;           /* entries that can still be added */
    int64_t entry_count;      /* entries used, deleted ones included */
    uint64_t reserved;
    char index[]; /* then, 8-aligned, the entries */
};
struct py_dict {
    struct py_object base;
    int64_t used;
    uint64_t version;
    struct py_dict_keys *keys;
    void *reserved; /* CPython's ma_values; keeps the size */
};
_Static_assert(sizeof(struct py_dict_keys) == 32 && sizeof(struct py_dict) == 48,
               "as CPython 3.11");
extern struct py_type py_dict_type, py_dict_keys_type, py_dict_values_type, py_dict_items_type;

static inline bool py_dict_check(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_DICT);
}
static inline bool py_dict_check_exact(const struct py_object *o)
{
    return o->type == &py_dict_type;
}
static inline void *py_dict_entries(const struct py_dict_keys *k)
{
    return (void *)(k->index + ((size_t)1 << k->log2_index_bytes));
}

struct py_dict *py_dict_new(void);
struct py_dict *py_dict_new_presized(int64_t n);
/* A dict display: moves n key, value pairs out of an array (NULL where it took both; a pair whose
 * key came before keeps key and old value). NULL without an exception and without a change: not
 * all keys are str; NULL with one: no memory. */
struct py_dict *py_dict_from_pairs_steal(struct py_object **pairs, size_t n);
/* Borrowed; NULL when absent, with an exception only if hashing or comparing failed: ask
 * py_error_occurred() when the key is not a str. */
struct py_object *py_dict_get(struct py_dict *d, struct py_object *key);
struct py_object *py_dict_get_str(struct py_dict *d, struct py_str *key); /* never raises */
struct py_object *py_dict_get_cstr(struct py_dict *d, const char *key);
struct py_object *py_dict_get_hashed(struct py_dict *d, struct py_object *key, int64_t hash);
int py_dict_set(struct py_dict *d, struct py_object *key, struct py_object *value); /* borrows */
int py_dict_set_cstr(struct py_dict *d, const char *key, struct py_object *value);
int py_dict_set_hashed(struct py_dict *d, struct py_object *key, struct py_object *value,
                       int64_t hash);
int py_dict_del(struct py_dict *d, struct py_object *key);      /* KeyError */
int py_dict_contains(struct py_dict *d, struct py_object *key); /* 1, 0, -1 */
struct py_object *py_dict_pop(struct py_dict *d, struct py_object *key,
                              struct py_object *fallback /* or NULL: KeyError */);
/* The same under a hash that is known. NULL without an error when the key is absent. */
struct py_object *py_dict_pop_hashed(struct py_dict *d, struct py_object *key, int64_t hash);
struct py_object *py_dict_setdefault(struct py_dict *d, struct py_object *key,
                                     struct py_object *value); /* borrowed */
void py_dict_clear(struct py_dict *d);
struct py_dict *py_dict_copy(struct py_dict *d);
/* Merges a mapping; override 0 keeps existing keys, 1 replaces, 2 raises KeyError(key) on a
 * duplicate (calls with **). */
int py_dict_merge(struct py_dict *d, struct py_object *mapping, int override);
int py_dict_merge_pairs(struct py_dict *d, struct py_object *iterable);
/* Walks entries in order: *pos starts at 0. key, value borrowed; must not be resized meanwhile. */
bool py_dict_next(struct py_dict *d, int64_t *pos, struct py_object **key, struct py_object **value,
                  int64_t *hash /* may be NULL */);
/* Entry number of a str key in a dict with a str-only table, or -1: for inline caches. */
int64_t py_dict_find_entry(struct py_dict *d, struct py_str *key);
/* A keys version for caches: unique while no key is added, moved or removed; 0 if none is left. */
uint32_t py_dict_keys_version(struct py_dict *d);
/* Untracks d if nothing in it can be part of a cycle; the collector asks. */
void py_dict_maybe_untrack(struct py_dict *d);
struct py_list *py_dict_keys_list(struct py_dict *d);
struct py_list *py_dict_values_list(struct py_dict *d);
struct py_list *py_dict_items_list(struct py_dict *d);

#endif
