/* Dicts: the table and every operation of the C interface. Python's view of it is in
 * dict_methods.c, views and iterators in dict_views.c, the inline fast path in dict_inline.h.
 *
 * An index of 2^n small cells says where a key's entry is; entries stand in insertion order.
 * Deleting leaves a DUMMY cell and an entry without key; both go away when the table is rebuilt,
 * which happens when the entries array is full (to three times the live entries, rounded up to a
 * power of two). A new dict shares one static empty table.
 *
 * Comparing keys may run Python code, which may change this very dict. The lookup then takes a
 * reference to the key it compares, and starts over if the table or the entry is no longer what it
 * was. Keys and values are borrowed from the caller, who keeps them alive for the call.
 *
 * Order of every change: make room, store new references, mark the dict changed (version), and
 * only then drop what was replaced or removed: dropping may run __del__.
 */
#include "vm/object/dict.h"

#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/object/defaultdict.h"
#include "vm/object/dict_internal.h"
#include "vm/object/list.h"
#include "vm/object/quick_compare.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

uint64_t py_dict_version_counter = 1;
static uint32_t next_keys_version = 1;

/* log2_size 0: a one-cell index; the other seven bytes only fill the struct up. */
static struct {
    struct py_dict_keys keys;
    int8_t cells[8];
} empty_keys = {
    .keys = {.log2_size = 0, .log2_index_bytes = 3, .is_static = 1},
    .cells = {-1, -1, -1, -1, -1, -1, -1, -1},
};
#define EMPTY_KEYS (&empty_keys.keys)

/* log2 of the index for at least n cells. An exact power of two other than 8 gives the next one:
 * so does CPython 3.11, and sys.getsizeof shows it. */
static uint8_t log2_for_cells(int64_t n)
{
    const uint64_t top = ((uint64_t)n | 8) - 1;
    return (uint8_t)(64 - __builtin_clzll(top | 7));
}

uint8_t py_dict_log2_for_entries(int64_t n)
{
    return log2_for_cells((n * 3 + 1) / 2);
}

static struct py_dict_keys *keys_alloc(uint8_t log2_size, bool general)
{
    const uint8_t log2_cell = log2_size < 8 ? 0 : log2_size < 16 ? 1 : log2_size < 32 ? 2 : 3;
    if (log2_size > 40)
        return py_raise_no_memory();
    struct py_dict_keys header = {
        .log2_size = log2_size,
        .log2_index_bytes = (uint8_t)(log2_size + log2_cell),
        .general = general,
        .usable = (int64_t)DICT_USABLE((size_t)1 << log2_size),
    };
    struct py_dict_keys *k = py_mem_alloc(dict_keys_bytes(&header));
    if (!k)
        return py_raise_no_memory();
    *k = header;
    memset(k->index, 0xff, (size_t)1 << k->log2_index_bytes);
    /* Unused entries are zero, so that a reader of the process never meets a stale pointer. */
    memset(py_dict_entries(k), 0,
           (size_t)k->usable *
               (general ? sizeof(struct py_dict_entry) : sizeof(struct py_dict_entry_str)));
    return k;
}

void py_dict_keys_free(struct py_dict_keys *k)
{
    if (!k->is_static)
        py_mem_free(k);
}

static inline void index_set(struct py_dict_keys *k, size_t i, int64_t e)
{
    if (k->log2_size < 8)
        ((int8_t *)k->index)[i] = (int8_t)e;
    else if (k->log2_size < 16)
        ((int16_t *)k->index)[i] = (int16_t)e;
    else if (k->log2_size < 32)
        ((int32_t *)k->index)[i] = (int32_t)e;
    else
        ((int64_t *)k->index)[i] = e;
}

/* First free cell for a hash that is not in the table (dummies are not reused). */
static inline size_t find_free_cell(const struct py_dict_keys *k, int64_t hash)
{
    const size_t mask = ((size_t)1 << k->log2_size) - 1;
    size_t perturb = (size_t)hash, i = perturb & mask;
    while (py_dict_index_get(k, i) >= 0) {
        perturb >>= PY_DICT_PERTURB_SHIFT;
        i = (i * 5 + perturb + 1) & mask;
    }
    return i;
}

/* The cell that holds entry e. */
static size_t find_cell_of(const struct py_dict_keys *k, int64_t hash, int64_t e)
{
    const size_t mask = ((size_t)1 << k->log2_size) - 1;
    size_t perturb = (size_t)hash, i = perturb & mask;
    while (py_dict_index_get(k, i) != e) {
        perturb >>= PY_DICT_PERTURB_SHIFT;
        i = (i * 5 + perturb + 1) & mask;
    }
    return i;
}

/* --- making --- */

struct py_dict *py_dict_alloc(uint8_t log2_size, bool general)
{
    struct py_dict_keys *k = EMPTY_KEYS;
    size_t size = sizeof(struct py_dict) + sizeof(struct py_gc_head);
    if (log2_size) {
        k = keys_alloc(log2_size, general);
        if (!k)
            return NULL;
        size += dict_keys_bytes(k);
    }
    struct py_dict *d = py_object_alloc(&py_dict_type, sizeof *d, size);
    if (!d) {
        py_dict_keys_free(k);
        return NULL;
    }
    d->used = 0;
    d->keys = k;
    d->reserved = NULL;
    py_gc_head_of(PY_OBJ(d))->next = NULL;
    dict_changed(d);
    return d;
}

struct py_dict *py_dict_new(void)
{
    return py_dict_alloc(0, false);
}

struct py_dict *py_dict_new_presized(int64_t n)
{
    if (n <= (int64_t)DICT_USABLE(1 << DICT_LOG_MIN))
        return py_dict_new();
    if (n > (int64_t)DICT_USABLE(DICT_MAX_PRESIZE))
        return py_dict_alloc(17, false);
    return py_dict_alloc(py_dict_log2_for_entries(n), false);
}

/* --- lookup --- */

/* Compares the key of an entry with key: 1, 0, -1; *changed when the table is no longer k. */
static int compare_key(struct py_dict *d, struct py_dict_keys *k, int64_t e,
                       struct py_object *found, struct py_object *key, bool *changed)
{
    const int quick = py_quick_equal(found, key);
    if (quick >= 0)
        return quick;
    struct py_object *held = py_newref(found);
    PY_HOLD(&held);
    const int equal = py_richcompare_bool(held, key, PY_EQ);
    *changed = d->keys != k || e >= k->entry_count || py_dict_entry_key(k, e) != held;
    py_clear(held);
    return equal;
}

/* Any key in any table. */
static int64_t lookup_slow(struct py_dict *d, struct py_object *key, int64_t hash)
{
restart:;
    struct py_dict_keys *k = d->keys;
    const size_t mask = ((size_t)1 << k->log2_size) - 1;
    size_t perturb = (size_t)hash, i = perturb & mask;
    for (;;) {
        const int64_t e = py_dict_index_get(k, i);
        if (e == PY_DICT_EMPTY)
            return -1;
        if (e >= 0) {
            struct py_object *found = py_dict_entry_key(k, e);
            if (found == key)
                return e;
            const int64_t found_hash = k->general
                                           ? ((struct py_dict_entry *)py_dict_entries(k))[e].hash
                                           : ((struct py_str *)found)->hash;
            if (found_hash == hash) {
                bool changed = false;
                const int equal = compare_key(d, k, e, found, key, &changed);
                if (equal < 0)
                    return DICT_ERROR;
                if (changed)
                    goto restart;
                if (equal)
                    return e;
            }
        }
        perturb >>= PY_DICT_PERTURB_SHIFT;
        i = (i * 5 + perturb + 1) & mask;
    }
}

int64_t py_dict_lookup(struct py_dict *d, struct py_object *key, int64_t hash)
{
    if (key->type == &py_str_type && !d->keys->general)
        return py_dict_keys_find_str(d->keys, (struct py_str *)key, hash);
    return lookup_slow(d, key, hash);
}

struct py_object *py_dict_get_hashed(struct py_dict *d, struct py_object *key, int64_t hash)
{
    const int64_t e = py_dict_lookup(d, key, hash);
    return e < 0 ? NULL : py_dict_entry_value(d->keys, e);
}

struct py_object *py_dict_get(struct py_dict *d, struct py_object *key)
{
    const int64_t hash = dict_hash_key(key);
    return hash == -1 ? NULL : py_dict_get_hashed(d, key, hash);
}

struct py_object *py_dict_get_str(struct py_dict *d, struct py_str *key)
{
    const int64_t hash = py_dict_str_hash(key);
    if (__builtin_expect(!d->keys->general, 1)) {
        const int64_t e = py_dict_keys_find_str(d->keys, key, hash);
        return e < 0 ? NULL : ((struct py_dict_entry_str *)py_dict_entries(d->keys))[e].value;
    }
    const int64_t e = lookup_slow(d, PY_OBJ(key), hash);
    if (e == DICT_ERROR) {
        py_error_clear();
        return NULL;
    }
    return e < 0 ? NULL : py_dict_entry_value(d->keys, e);
}

/* Without allocating, hashing or comparing objects. */
static struct py_object *find_text(struct py_dict *d, const char *text)
{
    struct py_object *key, *value;
    int64_t pos = 0;
    while (py_dict_next(d, &pos, &key, &value, NULL))
        if (py_str_check(key) && py_str_equal_cstr((struct py_str *)key, text))
            return value;
    return NULL;
}

struct py_object *py_dict_get_cstr(struct py_dict *d, const char *key)
{
    struct py_str *s = py_str_from_cstr(key);
    if (!s) {
        py_error_clear(); /* no memory: not being there would be another answer */
        return find_text(d, key);
    }
    struct py_object *value = py_dict_get_str(d, s);
    py_decref(s);
    return value;
}

int py_dict_contains(struct py_dict *d, struct py_object *key)
{
    const int64_t hash = dict_hash_key(key);
    if (hash == -1)
        return -1;
    const int64_t e = py_dict_lookup(d, key, hash);
    return e == DICT_ERROR ? -1 : e >= 0;
}

int64_t py_dict_find_entry(struct py_dict *d, struct py_str *key)
{
    if (d->keys->general || !py_str_check_exact(PY_OBJ(key)))
        return -1;
    return py_dict_keys_find_str(d->keys, key, py_dict_str_hash(key));
}

uint32_t py_dict_keys_version(struct py_dict *d)
{
    struct py_dict_keys *k = d->keys;
    if (k->is_static || k->keys_version)
        return k->keys_version;
    if (next_keys_version == 0) /* wrapped around: none left */
        return 0;
    return k->keys_version = next_keys_version++;
}

/* --- growing --- */

int py_dict_resize(struct py_dict *d, uint8_t log2_size, bool general)
{
    struct py_dict_keys *old = d->keys;
    general = general || old->general;
    struct py_dict_keys *k = keys_alloc(log2_size, general);
    if (!k)
        return -1;
    int64_t n = 0;
    for (int64_t e = 0; e < old->entry_count; e++) {
        struct py_object *key = py_dict_entry_key(old, e);
        if (!key)
            continue;
        const int64_t hash = old->general ? ((struct py_dict_entry *)py_dict_entries(old))[e].hash
                                          : ((struct py_str *)key)->hash;
        struct py_object *value = py_dict_entry_value(old, e);
        if (general)
            ((struct py_dict_entry *)py_dict_entries(k))[n] =
                (struct py_dict_entry){.hash = hash, .key = key, .value = value};
        else
            ((struct py_dict_entry_str *)py_dict_entries(k))[n] =
                (struct py_dict_entry_str){.key = key, .value = value};
        index_set(k, find_free_cell(k, hash), n);
        n++;
    }
    k->entry_count = n;
    k->usable -= n;
    d->keys = k;
    py_dict_keys_free(old);
    dict_announce(d);
    return 0;
}

/* Makes the table able to take one more entry with this key. */
static int make_room(struct py_dict *d, const struct py_object *key)
{
    struct py_dict_keys *k = d->keys;
    const bool is_str = key->type == &py_str_type;
    if (k->usable > 0 && (k->general || is_str))
        return 0;
    if (k->is_static)
        return py_dict_resize(d, DICT_LOG_MIN, !is_str);
    uint8_t log2 = log2_for_cells(DICT_GROWTH(d));
    if (d->used == 0 && k->usable > 0) /* presized, but for other keys */
        log2 = k->log2_size;
    return py_dict_resize(d, log2, !is_str);
}

/* Appends an entry whose index cell is given; key is not in the table and there is room. Steals
 * both references. */
static inline void append_at(struct py_dict *d, struct py_object *key, struct py_object *value,
                             int64_t hash, size_t cell)
{
    struct py_dict_keys *k = d->keys;
    const int64_t n = k->entry_count;
    index_set(k, cell, n);
    if (k->general)
        ((struct py_dict_entry *)py_dict_entries(k))[n] =
            (struct py_dict_entry){.hash = hash, .key = key, .value = value};
    else
        ((struct py_dict_entry_str *)py_dict_entries(k))[n] =
            (struct py_dict_entry_str){.key = key, .value = value};
    k->entry_count = n + 1;
    k->usable--;
    k->keys_version = 0;
    d->used++;
    dict_changed(d);
    dict_maintain_tracking(d, key, value);
}

static void append_entry(struct py_dict *d, struct py_object *key, struct py_object *value,
                         int64_t hash)
{
    append_at(d, py_newref(key), py_newref(value), hash, find_free_cell(d->keys, hash));
}

static inline struct py_object **value_slot(struct py_dict_keys *k, int64_t e)
{
    return k->general ? &((struct py_dict_entry *)py_dict_entries(k))[e].value
                      : &((struct py_dict_entry_str *)py_dict_entries(k))[e].value;
}

static void replace_value(struct py_dict *d, struct py_object *key, struct py_object *value,
                          int64_t e)
{
    struct py_object **slot = value_slot(d->keys, e);
    struct py_object *old = *slot;
    if (old == value)
        return;
    *slot = py_newref(value);
    dict_changed(d);
    dict_maintain_tracking(d, key, value);
    py_decref(old);
}

/* One walk that finds the entry of a key, or -1 and the cell a new entry takes. Only for keys that
 * compare without running Python code: str in a str table, small ints; UNDECIDED when the table
 * holds something of the same hash that does not. */
enum { UNDECIDED = -4 };

static inline int64_t probe_quick(const struct py_dict_keys *k, struct py_object *key, int64_t hash,
                                  size_t *cell)
{
    const size_t mask = ((size_t)1 << k->log2_size) - 1;
    size_t perturb = (size_t)hash, i = perturb & mask;
    bool have_cell = false;
    for (;;) {
        const int64_t e = py_dict_index_get(k, i);
        if (e >= 0) {
            struct py_object *found;
            if (k->general) {
                const struct py_dict_entry *entry = (struct py_dict_entry *)py_dict_entries(k) + e;
                found = entry->hash == hash ? entry->key : NULL;
            } else {
                found = ((struct py_dict_entry_str *)py_dict_entries(k))[e].key;
                if (found != key && ((struct py_str *)found)->hash != hash)
                    found = NULL;
            }
            if (found) {
                const int equal = py_quick_equal(found, key);
                if (equal > 0)
                    return e;
                if (equal < 0)
                    return UNDECIDED;
            }
        } else {
            if (!have_cell)
                *cell = i;
            have_cell = true;
            if (e == PY_DICT_EMPTY)
                return -1;
        }
        perturb >>= PY_DICT_PERTURB_SHIFT;
        i = (i * 5 + perturb + 1) & mask;
    }
}

int py_dict_set_hashed(struct py_dict *d, struct py_object *key, struct py_object *value,
                       int64_t hash)
{
    struct py_dict_keys *const k = d->keys;
    if (k->usable > 0 && (k->general ? key->type == &py_int_type : key->type == &py_str_type)) {
        size_t cell = 0;
        const int64_t e = probe_quick(k, key, hash, &cell);
        if (e >= 0) {
            replace_value(d, key, value, e);
            return 0;
        }
        if (e == -1) {
            append_at(d, py_newref(key), py_newref(value), hash, cell);
            return 0;
        }
    }
    const int64_t e = py_dict_lookup(d, key, hash);
    if (e == DICT_ERROR)
        return -1;
    if (e >= 0) {
        replace_value(d, key, value, e);
        return 0;
    }
    if (make_room(d, key) < 0)
        return -1;
    append_entry(d, key, value, hash);
    return 0;
}

struct py_dict *py_dict_from_pairs_steal(struct py_object **pairs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pairs[2 * i]->type != &py_str_type)
            return NULL;
    const uint8_t log2 = n == 0 ? 0
                         : n <= DICT_USABLE(1 << DICT_LOG_MIN)
                             ? DICT_LOG_MIN
                             : py_dict_log2_for_entries((int64_t)n);
    struct py_dict *d = py_dict_alloc(log2, false);
    if (!d)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct py_object *key = pairs[2 * i], *value = pairs[2 * i + 1];
        const int64_t hash = py_dict_str_hash((struct py_str *)key);
        size_t cell = 0;
        const int64_t e = probe_quick(d->keys, key, hash, &cell);
        if (e >= 0) { /* {"a": 1, "a": 2}: the first value goes back to be dropped by the caller */
            struct py_object **slot = value_slot(d->keys, e);
            pairs[2 * i + 1] = *slot;
            *slot = value;
            dict_maintain_tracking(d, key, value);
            continue;
        }
        append_at(d, key, value, hash, cell);
        pairs[2 * i] = pairs[2 * i + 1] = NULL;
    }
    return d;
}

int py_dict_set(struct py_dict *d, struct py_object *key, struct py_object *value)
{
    const int64_t hash = dict_hash_key(key);
    return hash == -1 ? -1 : py_dict_set_hashed(d, key, value, hash);
}

int py_dict_set_cstr(struct py_dict *d, const char *key, struct py_object *value)
{
    struct py_str *s = py_str_intern_cstr(key);
    if (!s)
        return -1;
    const int result = py_dict_set(d, PY_OBJ(s), value);
    py_decref(s);
    return result;
}

struct py_object *py_dict_setdefault(struct py_dict *d, struct py_object *key,
                                     struct py_object *value)
{
    const int64_t hash = dict_hash_key(key);
    if (hash == -1)
        return NULL;
    const int64_t e = py_dict_lookup(d, key, hash);
    if (e == DICT_ERROR)
        return NULL;
    if (e >= 0)
        return py_dict_entry_value(d->keys, e);
    if (make_room(d, key) < 0)
        return NULL;
    append_entry(d, key, value, hash);
    return value;
}

/* --- removing --- */

struct py_object *py_dict_remove_entry(struct py_dict *d, int64_t hash, int64_t e,
                                       struct py_object **key)
{
    struct py_dict_keys *k = d->keys;
    index_set(k, find_cell_of(k, hash, e), PY_DICT_DUMMY);
    struct py_object *value;
    if (k->general) {
        struct py_dict_entry *entry = (struct py_dict_entry *)py_dict_entries(k) + e;
        *key = entry->key;
        value = entry->value;
        *entry = (struct py_dict_entry){0};
    } else {
        struct py_dict_entry_str *entry = (struct py_dict_entry_str *)py_dict_entries(k) + e;
        *key = entry->key;
        value = entry->value;
        *entry = (struct py_dict_entry_str){0};
    }
    k->keys_version = 0;
    d->used--;
    dict_changed(d);
    return value;
}

static void drop_pair(struct py_object *key, struct py_object *value)
{
    PY_HOLD(&value); /* dropping the key may run code while the value is still ours */
    py_decref(key);
    py_clear(value);
}

int py_dict_del(struct py_dict *d, struct py_object *key)
{
    const int64_t hash = dict_hash_key(key);
    if (hash == -1)
        return -1;
    const int64_t e = py_dict_lookup(d, key, hash);
    if (e == DICT_ERROR)
        return -1;
    if (e < 0)
        return py_raise_key_error(key), -1;
    struct py_object *old_key;
    struct py_object *old_value = py_dict_remove_entry(d, hash, e, &old_key);
    drop_pair(old_key, old_value);
    return 0;
}

struct py_object *py_dict_pop_hashed(struct py_dict *d, struct py_object *key, int64_t hash)
{
    const int64_t e = d->used ? py_dict_lookup(d, key, hash) : -1;
    if (e < 0)
        return NULL;
    struct py_object *old_key;
    struct py_object *value = py_dict_remove_entry(d, hash, e, &old_key);
    PY_HOLD(&value);
    py_decref(old_key);
    return value;
}

struct py_object *py_dict_pop(struct py_dict *d, struct py_object *key, struct py_object *fallback)
{
    if (d->used > 0) {
        const int64_t hash = dict_hash_key(key);
        struct py_object *value = hash == -1 ? NULL : py_dict_pop_hashed(d, key, hash);
        if (value || py_error_occurred())
            return value;
    }
    return fallback ? py_newref(fallback) : py_raise_key_error(key);
}

/* Drops all a detached table owns, in order, and frees it. */
static void keys_drop(struct py_dict_keys *k)
{
    if (k->is_static)
        return;
    struct py_object **words = py_dict_entries(k);
    const int64_t stride = k->general ? 3 : 2, n = k->entry_count;
    for (int64_t e = 0; e < n; e++) {
        struct py_object **pair = words + e * stride + (stride - 2), *key = pair[0];
        /* An entry without key counts as empty: so the value takes the key's place meanwhile. */
        pair[0] = pair[1];
        pair[1] = NULL;
        py_xdecref(key);
        py_clear(pair[0]);
    }
    py_dict_keys_free(k);
}

/* The same for a table whose dict lives on: other code may look while items die. */
static void keys_drop_held(struct py_dict_keys *k)
{
    const int64_t n = k->entry_count;
    if (!k->is_static && k->general) /* hashes are no pointers: pack the pairs for the handle */
        for (int64_t e = 0; e < n; e++) {
            const struct py_dict_entry entry = ((struct py_dict_entry *)py_dict_entries(k))[e];
            ((struct py_dict_entry_str *)py_dict_entries(k))[e] =
                (struct py_dict_entry_str){.key = entry.key, .value = entry.value};
        }
    k->general = 0;
    PY_HOLD_N(py_dict_entries(k), 2 * n);
    keys_drop(k);
}

void py_dict_clear(struct py_dict *d)
{
    struct py_dict_keys *k = d->keys;
    if (k->is_static)
        return;
    d->keys = EMPTY_KEYS;
    d->used = 0;
    dict_changed(d);
    dict_announce(d);
    keys_drop_held(k);
}

static void dict_dealloc(struct py_object *o)
{
    struct py_dict *d = AS_DICT(o);
    if (o->type == &py_dict_type) {
        py_gc_untrack(d);
        keys_drop(d->keys);
    } else {
        py_object_release_common(o);
        py_dict_keys_free(d->keys); /* empty by now, or a table without references */
    }
    py_object_free(d);
}

/* --- walking --- */

bool py_dict_next(struct py_dict *d, int64_t *pos, struct py_object **key, struct py_object **value,
                  int64_t *hash)
{
    const struct py_dict_keys *k = d->keys;
    int64_t e = *pos;
    while (e < k->entry_count && !py_dict_entry_key(k, e))
        e++;
    if (e >= k->entry_count)
        return false;
    struct py_object *found = py_dict_entry_key(k, e);
    *pos = e + 1;
    if (key)
        *key = found;
    if (value)
        *value = py_dict_entry_value(k, e);
    if (hash)
        *hash = k->general ? ((struct py_dict_entry *)py_dict_entries(k))[e].hash
                           : ((struct py_str *)found)->hash;
    return true;
}

struct py_list *py_dict_keys_list(struct py_dict *d)
{
    struct py_list *list = py_list_new(d->used);
    if (!list)
        return NULL;
    int64_t pos = 0, i = 0;
    struct py_object *key;
    while (py_dict_next(d, &pos, &key, NULL, NULL))
        list->items[i++] = py_newref(key);
    return list;
}

struct py_list *py_dict_values_list(struct py_dict *d)
{
    struct py_list *list = py_list_new(d->used);
    if (!list)
        return NULL;
    int64_t pos = 0, i = 0;
    struct py_object *value;
    while (py_dict_next(d, &pos, NULL, &value, NULL))
        list->items[i++] = py_newref(value);
    return list;
}

struct py_list *py_dict_items_list(struct py_dict *d)
{
    struct py_list *list = py_list_new(d->used);
    if (!list)
        return NULL;
    PY_HOLD(&list);
    int64_t pos = 0, i = 0;
    struct py_object *key, *value;
    while (py_dict_next(d, &pos, &key, &value, NULL)) {
        struct py_tuple *pair = py_tuple_pack(2, key, value);
        if (!pair) {
            py_clear(list);
            return NULL;
        }
        list->items[i++] = PY_OBJ(pair);
    }
    return list;
}

void py_dict_maybe_untrack(struct py_dict *d)
{
    if (d->base.type != &py_dict_type || !py_gc_is_tracked(PY_OBJ(d)))
        return;
    int64_t pos = 0;
    struct py_object *key, *value;
    while (py_dict_next(d, &pos, &key, &value, NULL))
        if (dict_may_be_tracked(value) || dict_may_be_tracked(key))
            return;
    py_gc_untrack(d);
}

/* --- the type --- */

static int64_t dict_length(struct py_object *o)
{
    return AS_DICT(o)->used;
}

static struct py_object *dict_missing(struct py_object *o, struct py_object *key)
{
    if (o->type == &py_defaultdict_type)
        return py_defaultdict_missing(o, key);
    struct py_object *missing = py_lookup_special(o, py_str_const("__missing__"));
    if (!missing)
        return py_error_occurred() ? NULL : py_raise_key_error(key);
    PY_HOLD(&missing);
    struct py_object *result = py_call1(missing, key);
    PY_HOLD(&result);
    py_clear(missing);
    return result;
}

static struct py_object *dict_subscript(struct py_object *o, struct py_object *key)
{
    struct py_object *value = py_dict_get(AS_DICT(o), key);
    if (value)
        return py_newref(value);
    if (py_error_occurred())
        return NULL;
    return o->type == &py_dict_type ? py_raise_key_error(key) : dict_missing(o, key);
}

static int dict_ass_subscript(struct py_object *o, struct py_object *key, struct py_object *value)
{
    return value ? py_dict_set(AS_DICT(o), key, value) : py_dict_del(AS_DICT(o), key);
}

static int dict_contains_slot(struct py_object *o, struct py_object *key)
{
    return py_dict_contains(AS_DICT(o), key);
}

static int64_t dict_size_of(struct py_object *o)
{
    const struct py_dict_keys *k = AS_DICT(o)->keys;
    return (int64_t)(o->type->basicsize + (!k || k->is_static ? 0 : dict_keys_bytes(k)));
}

static struct py_object *dict_new_slot(struct py_type *type, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    if (type == &py_dict_type)
        return PY_OBJ(py_dict_new());
    struct py_dict *d = py_object_new(type);
    if (!d)
        return NULL;
    d->keys = EMPTY_KEYS;
    dict_changed(d);
    py_gc_track(d);
    return PY_OBJ(d);
}

struct py_type py_dict_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "dict",
    .basicsize = sizeof(struct py_dict),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_MAPPING | PY_TYPE_IS_DICT | PY_TYPE_IMMUTABLE,
    .body = PY_BODY_DICT,
    .dealloc = dict_dealloc,
    .repr = py_dict_repr,
    .hash = py_hash_not_implemented,
    .richcompare = py_dict_richcompare,
    .iter = py_dict_iter,
    .init = py_dict_init,
    .new_ = dict_new_slot,
    .size_of = dict_size_of,
    .binary[PY_NB_OR] = py_dict_or,
    .inplace[PY_NB_OR] = py_dict_ior,
    .length = dict_length,
    .subscript = dict_subscript,
    .ass_subscript = dict_ass_subscript,
    .contains = dict_contains_slot,
    .methods = py_dict_methods,
    .doc = "dict(**kwargs), dict(mapping, **kwargs), dict(iterable, **kwargs)\n\nA dictionary with "
           "the items of a mapping, or the (key, value) pairs of an\niterable, and the keywords as "
           "keys.",
};
