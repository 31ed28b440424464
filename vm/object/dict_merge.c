/* Copying and merging dicts: dict.copy, update, |, calls with **.
 *
 * A copy of a dict without many holes is a copy of its table, entry by entry at the same places;
 * so is an update of an empty dict. Otherwise keys are inserted one by one, after the table was
 * made large enough for both. Inserting may compare keys, so it may run Python code: pairs are
 * held then, and a source that changes size meanwhile is an error.
 */
#include <string.h>

#include "vm/object/dict.h"
#include "vm/object/dict_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* A table with the same entries at the same places; takes references. */
static struct py_dict_keys *keys_clone(const struct py_dict_keys *old)
{
    const size_t bytes = dict_keys_bytes(old);
    struct py_dict_keys *k = py_mem_alloc(bytes);
    if (!k)
        return py_raise_no_memory();
    memcpy(k, old, bytes);
    k->keys_version = 0;
    for (int64_t e = 0; e < k->entry_count; e++) {
        py_xincref(py_dict_entry_key(k, e));
        py_xincref(py_dict_entry_value(k, e));
    }
    return k;
}

static int become_clone(struct py_dict *d, struct py_dict *other)
{
    struct py_dict_keys *k = keys_clone(other->keys);
    if (!k)
        return -1;
    struct py_dict_keys *old = d->keys;
    d->keys = k;
    d->used = other->used;
    py_dict_keys_free(old);
    dict_changed(d);
    dict_announce(d);
    if (py_gc_is_tracked(PY_OBJ(other)) && !py_gc_is_tracked(PY_OBJ(d)))
        py_gc_track(d);
    return 0;
}

struct py_dict *py_dict_copy(struct py_dict *d)
{
    struct py_dict *copy = py_dict_new();
    if (!copy || d->used == 0)
        return copy;
    PY_HOLD(&copy);
    int result;
    if (d->base.type == &py_dict_type && d->used >= d->keys->entry_count * 2 / 3)
        result = become_clone(copy, d);
    else
        result = py_dict_merge(copy, PY_OBJ(d), 1);
    if (result < 0)
        py_clear(copy);
    return copy;
}

static int merge_one(struct py_dict *d, struct py_object *key, struct py_object *value,
                     int64_t hash, int override)
{
    if (override == 1)
        return py_dict_set_hashed(d, key, value, hash);
    const int64_t e = py_dict_lookup(d, key, hash);
    if (e == DICT_ERROR)
        return -1;
    if (e >= 0) {
        if (override == 2)
            return py_raise_key_error(key), -1;
        return 0;
    }
    return py_dict_set_hashed(d, key, value, hash);
}

static int merge_dict(struct py_dict *d, struct py_dict *other, int override)
{
    if (other == d || other->used == 0)
        return 0;
    const struct py_dict_keys *ok = other->keys;
    if (d->used == 0) {
        override = 1;
        if (d->base.type == &py_dict_type && other->used == ok->entry_count &&
            (ok->log2_size == DICT_LOG_MIN ||
             DICT_USABLE((size_t)1 << (ok->log2_size - 1)) < (size_t)other->used))
            return become_clone(d, other);
    }
    if (DICT_USABLE((size_t)1 << d->keys->log2_size) < (size_t)other->used &&
        py_dict_resize(d, py_dict_log2_for_entries(d->used + other->used), other->keys->general) <
            0)
        return -1;
    struct py_object *pair[2] = {NULL, NULL};
    PY_HOLD_N(pair, 2);
    int64_t pos = 0, hash;
    struct py_object *key, *value;
    int result = 0;
    const int64_t used = other->used;
    while (result == 0 && py_dict_next(other, &pos, &key, &value, &hash)) {
        if (key->type == &py_str_type && !d->keys->general) { /* runs no code: no need to hold */
            result = merge_one(d, key, value, hash, override);
        } else {
            pair[0] = py_newref(key);
            pair[1] = py_newref(value);
            result = merge_one(d, key, value, hash, override);
            py_clear(pair[0]);
            py_clear(pair[1]);
        }
        if (result == 0 && other->used != used)
            result = py_raise_int(&py_exc_RuntimeError, "dict mutated during update");
    }
    return result;
}

/* A mapping that is no plain dict: keys() and subscription. */
static int merge_mapping(struct py_dict *d, struct py_object *mapping, int override)
{
    struct py_object *held[4] = {NULL};
    PY_HOLD_N(held, 4);
    struct py_object **keys = &held[0], **it = &held[1], **key = &held[2], **value = &held[3];
    int result = -1;
    *keys = py_call_method_cstr(mapping, "keys", 0);
    if (!*keys)
        goto done;
    *it = py_iter(*keys);
    if (!*it)
        goto done;
    while ((*key = py_next(*it)) != NULL) {
        if (override != 1) {
            const int present = py_dict_contains(d, *key);
            if (present < 0)
                goto done;
            if (present) {
                if (override == 2) {
                    py_raise_key_error(*key);
                    goto done;
                }
                py_clear(*key);
                continue;
            }
        }
        *value = py_getitem(mapping, *key);
        if (!*value || py_dict_set(d, *key, *value) < 0)
            goto done;
        py_clear(*key);
        py_clear(*value);
    }
    if (!py_error_occurred())
        result = 0;
done:
    for (int i = 0; i < 4; i++)
        py_clear(held[i]);
    return result;
}

int py_dict_merge(struct py_dict *d, struct py_object *mapping, int override)
{
    if (py_dict_check(mapping) && mapping->type->iter == py_dict_type.iter)
        return merge_dict(d, AS_DICT(mapping), override);
    return merge_mapping(d, mapping, override);
}

static int merge_pair(struct py_dict *d, struct py_object *item, int64_t index)
{
    struct py_object *owner;
    struct py_object *const *items;
    size_t n;
    if (py_sequence_fast(item, NULL, &owner, &items, &n) < 0) {
        if (py_error_matches(&py_exc_TypeError)) {
            py_error_clear();
            py_raise(&py_exc_TypeError,
                     "cannot convert dictionary update sequence element #%ld to a sequence",
                     (long)index);
        }
        return -1;
    }
    PY_HOLD(&owner);
    int result = -1;
    if (n != 2) {
        py_raise(&py_exc_ValueError,
                 "dictionary update sequence element #%ld has length %ld; 2 is required",
                 (long)index, (long)n);
    } else {
        struct py_object *pair[2] = {py_newref(items[0]), py_newref(items[1])};
        PY_HOLD_N(pair, 2);
        result = py_dict_set(d, pair[0], pair[1]);
        py_clear(pair[0]);
        py_clear(pair[1]);
    }
    py_clear(owner);
    return result;
}

int py_dict_merge_pairs(struct py_dict *d, struct py_object *iterable)
{
    struct py_object *it = py_iter(iterable), *item = NULL;
    if (!it)
        return -1;
    PY_HOLD(&it);
    PY_HOLD(&item);
    int result = 0;
    for (int64_t i = 0; result == 0 && (item = py_next(it)) != NULL; i++) {
        result = merge_pair(d, item, i);
        py_clear(item);
    }
    if (result == 0 && py_error_occurred())
        result = -1;
    py_clear(it);
    return result;
}
