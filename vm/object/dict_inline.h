/* Lookup of a str in a table whose keys are all str, inline: what attribute access, globals and
 * `d["name"]` come down to. Runs no Python code and cannot fail.
 *
 * The index is probed as in CPython 3.11 (i = 5i + perturb + 1), so tables here and there lay out
 * alike. Interned keys are usually the very same object: identity is tested before the hash.
 */
#ifndef BRILLE_VM_OBJECT_DICT_INLINE_H
#define BRILLE_VM_OBJECT_DICT_INLINE_H

#include "vm/object/dict.h"
#include "vm/object/str.h"

#define PY_DICT_EMPTY         (-1)
#define PY_DICT_DUMMY         (-2)
#define PY_DICT_PERTURB_SHIFT 5

static inline int64_t py_dict_index_get(const struct py_dict_keys *k, size_t i)
{
    if (k->log2_size < 8)
        return ((const int8_t *)k->index)[i];
    if (k->log2_size < 16)
        return ((const int16_t *)k->index)[i];
    if (k->log2_size < 32)
        return ((const int32_t *)k->index)[i];
    return ((const int64_t *)k->index)[i];
}

#define PY_DICT_STR_PROBE(cell_type)                                                \
    do {                                                                            \
        const cell_type *const cells = (const cell_type *)k->index;                 \
        for (;;) {                                                                  \
            const int64_t e = cells[i];                                             \
            if (e >= 0) {                                                           \
                const struct py_str *const found = (struct py_str *)entries[e].key; \
                if (found == key)                                                   \
                    return e;                                                       \
                if (found->hash == hash && py_str_equal(found, key))                \
                    return e;                                                       \
            } else if (e == PY_DICT_EMPTY) {                                        \
                return -1;                                                          \
            }                                                                       \
            perturb >>= PY_DICT_PERTURB_SHIFT;                                      \
            i = (i * 5 + perturb + 1) & mask;                                       \
        }                                                                           \
    } while (0)

/* Entry number of key in a table with general == 0, or -1. hash is the key's. */
static inline int64_t py_dict_keys_find_str(const struct py_dict_keys *k, const struct py_str *key,
                                            int64_t hash)
{
    const struct py_dict_entry_str *const entries = py_dict_entries(k);
    const size_t mask = ((size_t)1 << k->log2_size) - 1;
    size_t perturb = (size_t)hash, i = perturb & mask;
    if (__builtin_expect(k->log2_size < 8, 1))
        PY_DICT_STR_PROBE(int8_t);
    if (k->log2_size < 16)
        PY_DICT_STR_PROBE(int16_t);
    if (k->log2_size < 32)
        PY_DICT_STR_PROBE(int32_t);
    PY_DICT_STR_PROBE(int64_t);
}

static inline int64_t py_dict_str_hash(struct py_str *key)
{
    return __builtin_expect(key->hash != -1, 1) ? key->hash : py_str_hash(key);
}

/* Value of entry e, in either kind of table; borrowed. */
static inline struct py_object *py_dict_entry_value(const struct py_dict_keys *k, int64_t e)
{
    return k->general ? ((struct py_dict_entry *)py_dict_entries(k))[e].value
                      : ((struct py_dict_entry_str *)py_dict_entries(k))[e].value;
}

static inline struct py_object *py_dict_entry_key(const struct py_dict_keys *k, int64_t e)
{
    return k->general ? ((struct py_dict_entry *)py_dict_entries(k))[e].key
                      : ((struct py_dict_entry_str *)py_dict_entries(k))[e].key;
}

/* d[key] for an exact str key: borrowed or NULL, never raises. */
static inline struct py_object *py_dict_get_str_fast(struct py_dict *d, struct py_str *key)
{
    if (__builtin_expect(d->keys->general, 0))
        return py_dict_get_str(d, key);
    const int64_t e = py_dict_keys_find_str(d->keys, key, py_dict_str_hash(key));
    return e < 0 ? NULL : ((struct py_dict_entry_str *)py_dict_entries(d->keys))[e].value;
}

/* Counts up with every change of any dict; a dict's version is its value at its last change. */
extern uint64_t py_dict_version_counter;

#endif
