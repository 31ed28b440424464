/* Sets and frozensets: the hash table, and the two types. Operations between sets are in
 * set_ops.c, methods in set_methods.c.
 *
 * Open addressing. From its first cell a key is looked for in up to nine neighbours (linear
 * probes: one cache line or two), then the walk jumps by a perturbed step. Deleting leaves the
 * dummy object in the cell; the table is rebuilt when three fifths of it are filled, dummies
 * included. This is CPython 3.11's scheme cell by cell, because the order of iteration shows it.
 *
 * Comparing keys may run Python code that changes the set. A search then starts over if the table
 * or the entry has changed, holding a reference to the key it compares.
 */
#include "vm/object/set.h"

#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/object/dict.h"
#include "vm/object/iter.h"
#include "vm/object/quick_compare.h"
#include "vm/object/set_internal.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"

#define LINEAR_PROBES 9
#define PERTURB_SHIFT 5

struct py_object py_set_dummy = PY_STATIC_HEADER(&py_object_type);

static const struct py_set_entry *probe_end(const struct py_set *s, size_t i)
{
    const size_t mask = (size_t)s->mask;
    return s->table + (i + LINEAR_PROBES <= mask ? i + LINEAR_PROBES : i);
}

/* The entry of key, or *found false and the cell where it would go: the last dummy on the way,
 * else the never-used cell that ended the search. NULL: exception. */
static struct py_set_entry *set_search(struct py_set *s, struct py_object *key, int64_t hash,
                                       bool *found)
{
restart:;
    struct py_set_entry *dummy = NULL;
    struct py_set_entry *const table = s->table;
    const size_t mask = (size_t)s->mask;
    size_t perturb = (size_t)hash, i = perturb & mask;
    for (;;) {
        const struct py_set_entry *const end = probe_end(s, i);
        for (struct py_set_entry *entry = table + i; entry <= end; entry++) {
            if (!entry->key) {
                *found = false;
                return dummy ? dummy : entry;
            }
            if (entry->hash != hash) {
                if (entry->hash == -1)
                    dummy = entry;
                continue;
            }
            struct py_object *other = entry->key;
            int equal = py_quick_equal(other, key);
            if (equal < 0) {
                struct py_object *held = py_newref(other);
                PY_HOLD(&held);
                equal = py_richcompare_bool(held, key, PY_EQ);
                const bool changed =
                    s->table != table || (size_t)s->mask != mask || entry->key != held;
                py_clear(held);
                if (equal < 0)
                    return NULL;
                if (changed)
                    goto restart;
            }
            if (equal) {
                *found = true;
                return entry;
            }
        }
        perturb >>= PERTURB_SHIFT;
        i = (i * 5 + 1 + perturb) & mask;
    }
}

/* Puts an entry that is not there into a table without dummies. */
static void insert_clean(struct py_set_entry *table, size_t mask, struct py_set_entry entry)
{
    size_t perturb = (size_t)entry.hash, i = perturb & mask;
    for (;;) {
        struct py_set_entry *cell = table + i;
        struct py_set_entry *const end = i + LINEAR_PROBES <= mask ? cell + LINEAR_PROBES : cell;
        for (; cell <= end; cell++)
            if (!cell->key) {
                *cell = entry;
                return;
            }
        perturb >>= PERTURB_SHIFT;
        i = (i * 5 + 1 + perturb) & mask;
    }
}

int py_set_resize(struct py_set *s, int64_t min_used)
{
    int64_t size = PY_SET_SMALL;
    while (size <= min_used)
        size <<= 1;
    struct py_set_entry *const old = s->table, *table = s->small;
    struct py_set_entry copy[PY_SET_SMALL];
    struct py_set_entry *source = old;
    const int64_t old_cells = s->mask + 1;
    if (size == PY_SET_SMALL) {
        if (old == s->small) {
            if (s->fill == s->used)
                return 0; /* no dummies: nothing to gain */
            memcpy(copy, old, sizeof copy);
            source = copy;
        }
        memset(s->small, 0, sizeof s->small);
    } else {
        table = py_mem_calloc((size_t)size, sizeof *table);
        if (!table)
            return py_raise_no_memory(), -1;
    }
    s->table = table;
    s->mask = size - 1;
    s->fill = s->used;
    for (int64_t i = 0; i < old_cells; i++)
        if (set_is_live(source + i))
            insert_clean(table, (size_t)s->mask, source[i]);
    if (old != s->small)
        py_mem_free(old);
    set_announce(s);
    return 0;
}

int py_set_add_hashed(struct py_set *s, struct py_object *key, int64_t hash)
{
    bool found;
    struct py_set_entry *entry = set_search(s, key, hash, &found);
    if (!entry)
        return -1;
    if (found)
        return 0;
    s->used++;
    const bool reused = entry->key != NULL;
    entry->key = py_newref(key);
    entry->hash = hash;
    if (reused || ++s->fill * 5 < s->mask * 3)
        return 0;
    return py_set_resize(s, s->used > 50000 ? s->used * 2 : s->used * 4);
}

int py_set_add(struct py_set *s, struct py_object *key)
{
    const int64_t hash = set_hash_key(key);
    return hash == -1 ? -1 : py_set_add_hashed(s, key, hash);
}

int py_set_contains_hashed(struct py_set *s, struct py_object *key, int64_t hash)
{
    bool found;
    return set_search(s, key, hash, &found) ? found : -1;
}

int py_set_contains(struct py_set *s, struct py_object *key)
{
    const int64_t hash = set_hash_key(key);
    return hash == -1 ? -1 : py_set_contains_hashed(s, key, hash);
}

int py_set_discard_hashed(struct py_set *s, struct py_object *key, int64_t hash)
{
    bool found;
    struct py_set_entry *entry = set_search(s, key, hash, &found);
    if (!entry)
        return -1;
    if (!found)
        return 0;
    struct py_object *old = entry->key;
    entry->key = &py_set_dummy;
    entry->hash = -1;
    s->used--;
    py_decref(old);
    return 1;
}

int py_set_discard(struct py_set *s, struct py_object *key)
{
    const int64_t hash = set_hash_key(key);
    return hash == -1 ? -1 : py_set_discard_hashed(s, key, hash);
}

bool py_set_next(struct py_set *s, int64_t *pos, struct py_object **key, int64_t *hash)
{
    int64_t i = *pos;
    while (i <= s->mask && !set_is_live(&s->table[i]))
        i++;
    if (i > s->mask)
        return false;
    *pos = i + 1;
    *key = s->table[i].key;
    if (hash)
        *hash = s->table[i].hash;
    return true;
}

static void table_reset(struct py_set *s)
{
    memset(s->small, 0, sizeof s->small);
    s->table = s->small;
    s->mask = PY_SET_SMALL - 1;
    s->fill = s->used = 0;
    s->hash = -1;
}

void py_set_clear(struct py_set *s)
{
    if (s->fill == 0)
        return;
    /* The entries move aside first: dropping them may run code that uses the set. */
    const int64_t n = s->used;
    struct py_object *few[PY_SET_SMALL], **keys = few;
    struct py_set_entry *const big = s->table != s->small ? s->table : NULL;
    int64_t count = 0;
    if (big)
        keys = (struct py_object **)big; /* packed in place: a key takes half an entry */
    for (int64_t i = 0; i <= s->mask && count < n; i++)
        if (set_is_live(&s->table[i]))
            keys[count++] = s->table[i].key;
    table_reset(s);
    set_announce(s);
    PY_HOLD_N(keys, count);
    for (int64_t i = 0; i < count; i++)
        py_clear(keys[i]);
    py_mem_free(big);
}

void py_set_swap(struct py_set *a, struct py_set *b)
{
    struct py_set_entry small[PY_SET_SMALL];
    memcpy(small, a->small, sizeof small);
    memcpy(a->small, b->small, sizeof small);
    memcpy(b->small, small, sizeof small);
    struct py_set_entry *const at = a->table == a->small ? b->small : a->table;
    a->table = b->table == b->small ? a->small : b->table;
    b->table = at;
#define SWAP(member)                       \
    do {                                   \
        const int64_t swapped = a->member; \
        a->member = b->member;             \
        b->member = swapped;               \
    } while (0)
    SWAP(fill);
    SWAP(used);
    SWAP(mask);
#undef SWAP
    const bool frozen = py_isinstance_type(PY_OBJ(a), &py_frozenset_type) &&
                        py_isinstance_type(PY_OBJ(b), &py_frozenset_type);
    if (frozen) {
        const int64_t hash = a->hash;
        a->hash = b->hash;
        b->hash = hash;
    } else {
        a->hash = b->hash = -1;
    }
    set_announce(a);
    set_announce(b);
}

/* --- making --- */

struct py_set *py_set_alloc(struct py_type *type)
{
    struct py_set *s = py_object_new(type);
    if (!s)
        return NULL;
    s->table = s->small;
    s->mask = PY_SET_SMALL - 1;
    s->hash = -1;
    py_gc_track(s);
    return s;
}

/* Takes the entries of another set. */
static int merge_set(struct py_set *s, struct py_set *other)
{
    if (other == s || other->used == 0)
        return 0;
    if ((s->fill + other->used) * 5 >= s->mask * 3 &&
        py_set_resize(s, (s->used + other->used) * 2) < 0)
        return -1;
    if (s->fill == 0 && s->mask == other->mask && other->fill == other->used) {
        for (int64_t i = 0; i <= other->mask; i++) /* same shape: same places */
            if (other->table[i].key) {
                py_incref(other->table[i].key);
                s->table[i] = other->table[i];
            }
        s->fill = other->fill;
        s->used = other->used;
        return 0;
    }
    if (s->fill == 0) {
        s->fill = s->used = other->used;
        for (int64_t i = 0; i <= other->mask; i++)
            if (set_is_live(&other->table[i])) {
                py_incref(other->table[i].key);
                insert_clean(s->table, (size_t)s->mask, other->table[i]);
            }
        return 0;
    }
    struct py_object *held = NULL;
    PY_HOLD(&held);
    int64_t pos = 0, hash;
    struct py_object *key;
    while (py_set_next(other, &pos, &key, &hash)) {
        held = py_newref(key);
        const int bad = py_set_add_hashed(s, key, hash);
        py_clear(held);
        if (bad)
            return -1;
    }
    return 0;
}

static int merge_dict(struct py_set *s, struct py_dict *d)
{
    if ((s->fill + d->used) * 5 >= s->mask * 3 && py_set_resize(s, (s->used + d->used) * 2) < 0)
        return -1;
    struct py_object *held = NULL, *key;
    PY_HOLD(&held);
    int64_t pos = 0, hash;
    while (py_dict_next(d, &pos, &key, NULL, &hash)) {
        held = py_newref(key);
        const int bad = py_set_add_hashed(s, key, hash);
        py_clear(held);
        if (bad)
            return -1;
    }
    return 0;
}

int py_set_update(struct py_set *s, struct py_object *iterable)
{
    if (py_set_check(iterable))
        return merge_set(s, AS_SET(iterable));
    if (iterable->type == &py_dict_type)
        return merge_dict(s, (struct py_dict *)iterable);
    struct py_object *it = py_iter(iterable), *key = NULL;
    if (!it)
        return -1;
    PY_HOLD(&it);
    PY_HOLD(&key);
    int result = 0;
    while (result == 0 && (key = py_iter_step(it)) != NULL) {
        result = py_set_add(s, key);
        py_clear(key);
    }
    if (result == 0 && py_error_occurred())
        result = -1;
    py_clear(it);
    return result;
}

struct py_set *py_set_make(struct py_type *type, struct py_object *iterable)
{
    struct py_set *s = py_set_alloc(type);
    if (!s || !iterable)
        return s;
    PY_HOLD(&s);
    if (py_set_update(s, iterable) < 0)
        py_clear(s);
    return s;
}

struct py_type *py_set_base_type(const struct py_set *s)
{
    return py_isinstance_type(PY_OBJ(s), &py_set_type) ? &py_set_type : &py_frozenset_type;
}

struct py_set *py_set_copy(struct py_set *s)
{
    return py_set_make(py_set_base_type(s), PY_OBJ(s));
}

struct py_set *py_set_new(struct py_object *iterable)
{
    return py_set_make(&py_set_type, iterable);
}

struct py_set *py_frozenset_new(struct py_object *iterable)
{
    if (iterable && iterable->type == &py_frozenset_type)
        return (struct py_set *)py_newref(iterable);
    return py_set_make(&py_frozenset_type, iterable);
}

/* --- the types --- */

static void set_dealloc(struct py_object *o)
{
    struct py_set *s = AS_SET(o);
    if ((o->type == &py_set_type || o->type == &py_frozenset_type) && !s->weaklist) {
        py_gc_untrack(s);
        int64_t left = s->used;
        for (struct py_set_entry *entry = s->table; left > 0; entry++)
            if (set_is_live(entry)) {
                left--;
                py_clear(entry->key);
            }
    } else {
        py_object_release_common(o);
    }
    if (s->table != s->small)
        py_mem_free(s->table);
    py_object_free(s);
}

static uint64_t shuffle_bits(uint64_t h)
{
    return ((h ^ 89869747u) ^ (h << 16)) * 3644798167u;
}

/* Of the items, in any order; every bit of every hash counts (CPython's function). */
static int64_t frozenset_hash(struct py_object *o)
{
    struct py_set *s = AS_SET(o);
    if (s->hash != -1)
        return s->hash;
    uint64_t hash = 0;
    for (int64_t i = 0; i <= s->mask; i++)
        if (set_is_live(&s->table[i]))
            hash ^= shuffle_bits((uint64_t)s->table[i].hash);
    hash ^= ((uint64_t)s->used + 1) * 1927868237u;
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash * 69069u + 907133923u;
    s->hash = hash == UINT64_MAX ? 590923713 : (int64_t)hash;
    return s->hash;
}

static int64_t set_length(struct py_object *o)
{
    return AS_SET(o)->used;
}

static int set_contains_slot(struct py_object *o, struct py_object *key)
{
    int found = py_set_contains(AS_SET(o), key);
    if (found >= 0 || !py_set_check(key))
        return found;
    struct py_object *frozen = py_set_as_key(key);
    if (!frozen)
        return -1;
    PY_HOLD(&frozen);
    found = py_set_contains(AS_SET(o), frozen);
    py_clear(frozen);
    return found;
}

static int64_t set_size_of(struct py_object *o)
{
    const struct py_set *s = AS_SET(o);
    const bool own_table = s->table && s->table != s->small;
    return (int64_t)o->type->basicsize +
           (own_table ? (s->mask + 1) * (int64_t)sizeof(struct py_set_entry) : 0);
}

static struct py_object *set_new_slot(struct py_type *type, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return PY_OBJ(py_set_alloc(type));
}

static int set_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                    struct py_tuple *kwnames)
{
    if ((o->type == &py_set_type || o->type->init == set_init) &&
        py_no_keywords("set", kwnames) < 0)
        return -1;
    if (py_check_positional("set", nargs, 0, 1) < 0)
        return -1;
    py_set_clear(AS_SET(o));
    AS_SET(o)->hash = -1;
    return nargs ? py_set_update(AS_SET(o), args[0]) : 0;
}

static struct py_object *frozenset_new_slot(struct py_type *type, struct py_object *const *args,
                                            size_t nargs, struct py_tuple *kwnames)
{
    if ((type == &py_frozenset_type || type->init == py_frozenset_type.init) &&
        py_no_keywords("frozenset", kwnames) < 0)
        return NULL;
    if (py_check_positional("frozenset", nargs, 0, 1) < 0)
        return NULL;
    if (type == &py_frozenset_type)
        return PY_OBJ(py_frozenset_new(nargs ? args[0] : NULL));
    return PY_OBJ(py_set_make(type, nargs ? args[0] : NULL));
}

#define SET_COMMON                                                                    \
    .base.base = PY_STATIC_HEADER(&py_type_type), .basicsize = sizeof(struct py_set), \
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IS_SET | PY_TYPE_IMMUTABLE,      \
    .body = PY_BODY_SET, .weaklist_offset = offsetof(struct py_set, weaklist),        \
    .dealloc = set_dealloc, .repr = py_set_repr, .richcompare = py_set_richcompare,   \
    .iter = py_set_iter, .size_of = set_size_of, .length = set_length,                \
    .contains = set_contains_slot

#define SET_OPERATORS                                                                    \
    [PY_NB_SUB] = py_set_nb_sub, [PY_NB_AND] = py_set_nb_and, [PY_NB_OR] = py_set_nb_or, \
    [PY_NB_XOR] = py_set_nb_xor

struct py_type py_set_type = {
    SET_COMMON,
    .name = "set",
    .hash = py_hash_not_implemented,
    .init = set_init,
    .new_ = set_new_slot,
    .binary = {SET_OPERATORS},
    .inplace = {[PY_NB_SUB] = py_set_nb_isub,
                [PY_NB_AND] = py_set_nb_iand,
                [PY_NB_OR] = py_set_nb_ior,
                [PY_NB_XOR] = py_set_nb_ixor},
    .methods = py_set_methods,
    .doc = "set(iterable=())\n\nValues without an order, each only once.",
};

struct py_type py_frozenset_type = {
    SET_COMMON,
    .name = "frozenset",
    .hash = frozenset_hash,
    .new_ = frozenset_new_slot,
    .binary = {SET_OPERATORS},
    .methods = py_frozenset_methods,
    .doc = "frozenset(iterable=())\n\nA set that never changes.",
};
