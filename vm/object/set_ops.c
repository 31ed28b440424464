/* What sets do to each other: union, intersection, difference, symmetric difference, comparison.
 *
 * The loops follow CPython's choice of which side to walk, because the order of insertion decides
 * the order of iteration of a result. Keys taken from a set that Python code could change in the
 * middle (another key's __eq__) are held while they are looked up elsewhere.
 */
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/set.h"
#include "vm/object/set_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"

/* Calls step(s, key, hash, arg) for each key of a set, exact dict or iterable, each key held.
 * Stops at a non-zero result, which is returned. -1: exception. */
typedef int (*set_step)(struct py_set *s, struct py_object *key, int64_t hash, void *arg);

static int each_key(struct py_set *s, struct py_object *other, set_step step, void *arg)
{
    struct py_object *key = NULL, *it = NULL;
    PY_HOLD(&key);
    PY_HOLD(&it);
    int64_t pos = 0, hash;
    struct py_object *borrowed;
    int result = 0;
    if (py_set_check(other)) {
        while (result == 0 && py_set_next(AS_SET(other), &pos, &borrowed, &hash)) {
            key = py_newref(borrowed);
            result = step(s, key, hash, arg);
            py_clear(key);
        }
        return result;
    }
    if (other->type == &py_dict_type) {
        while (result == 0 && py_dict_next((struct py_dict *)other, &pos, &borrowed, NULL, &hash)) {
            key = py_newref(borrowed);
            result = step(s, key, hash, arg);
            py_clear(key);
        }
        return result;
    }
    it = py_iter(other);
    if (!it)
        return -1;
    while (result == 0 && (key = py_next(it)) != NULL) {
        hash = set_hash_key(key);
        result = hash == -1 ? -1 : step(s, key, hash, arg);
        py_clear(key);
    }
    if (result == 0 && py_error_occurred())
        result = -1;
    py_clear(it);
    return result;
}

/* s: where to look; arg: the set that receives what is found. */
static int step_add_if_in(struct py_set *s, struct py_object *key, int64_t hash, void *arg)
{
    const int found = py_set_contains_hashed(s, key, hash);
    return found <= 0 ? found : py_set_add_hashed(arg, key, hash);
}

static int step_add_if_not_in(struct py_set *s, struct py_object *key, int64_t hash, void *arg)
{
    const int found = py_set_contains_hashed(s, key, hash);
    return found < 0 ? -1 : found ? 0 : py_set_add_hashed(arg, key, hash);
}

static int step_discard(struct py_set *s, struct py_object *key, int64_t hash, void *arg)
{
    (void)arg;
    return py_set_discard_hashed(s, key, hash) < 0 ? -1 : 0;
}

static int step_toggle(struct py_set *s, struct py_object *key, int64_t hash, void *arg)
{
    (void)arg;
    const int found = py_set_discard_hashed(s, key, hash);
    return found != 0 ? (found < 0 ? -1 : 0) : py_set_add_hashed(s, key, hash);
}

static int step_found(struct py_set *s, struct py_object *key, int64_t hash, void *arg)
{
    (void)arg;
    return py_set_contains_hashed(s, key, hash);
}

static int step_not_found(struct py_set *s, struct py_object *key, int64_t hash, void *arg)
{
    (void)arg;
    const int found = py_set_contains_hashed(s, key, hash);
    return found < 0 ? -1 : !found;
}

struct py_object *py_set_intersection(struct py_set *s, struct py_object *other)
{
    if (PY_OBJ(s) == other)
        return PY_OBJ(py_set_copy(s));
    struct py_set *result = py_set_alloc(py_set_base_type(s));
    if (!result)
        return NULL;
    PY_HOLD(&result);
    if (py_set_check(other) && AS_SET(other)->used > s->used) { /* walk the smaller one */
        struct py_object *t = PY_OBJ(s);
        s = AS_SET(other);
        other = t;
    }
    if (each_key(s, other, step_add_if_in, result) < 0)
        py_clear(result);
    return PY_OBJ(result);
}

int py_set_difference_update(struct py_set *s, struct py_object *other)
{
    if (PY_OBJ(s) == other) {
        py_set_clear(s);
        return 0;
    }
    if (py_set_check(other) && (AS_SET(other)->used >> 3) > s->used) {
        /* A much larger other: look our own keys up in the common part. */
        other = py_set_intersection(s, other);
        if (!other)
            return -1;
    } else {
        py_incref(other);
    }
    PY_HOLD(&other);
    int result = each_key(s, other, step_discard, NULL);
    py_clear(other);
    if (result == 0 && (size_t)(s->fill - s->used) > (size_t)s->mask / 4)
        result = py_set_resize(s, s->used > 50000 ? s->used * 2 : s->used * 4);
    return result;
}

/* Keys of s that are not in a dict. */
static int difference_from_dict(struct py_set *s, struct py_dict *d, struct py_set *result)
{
    struct py_object *key = NULL, *borrowed;
    PY_HOLD(&key);
    int64_t pos = 0, hash;
    int bad = 0;
    while (!bad && py_set_next(s, &pos, &borrowed, &hash)) {
        key = py_newref(borrowed);
        const bool found = py_dict_get_hashed(d, key, hash) != NULL;
        bad = !found && (py_error_occurred() || py_set_add_hashed(result, key, hash) < 0);
        py_clear(key);
    }
    return bad ? -1 : 0;
}

struct py_object *py_set_difference(struct py_set *s, struct py_object *other)
{
    struct py_set *result = NULL;
    PY_HOLD(&result);
    int64_t other_size = -1;
    if (py_set_check(other))
        other_size = AS_SET(other)->used;
    else if (other->type == &py_dict_type)
        other_size = ((struct py_dict *)other)->used;
    if (other_size < 0 || (s->used >> 2) > other_size) {
        result = py_set_copy(s);
        if (result && py_set_difference_update(result, other) < 0)
            py_clear(result);
        return PY_OBJ(result);
    }
    result = py_set_alloc(py_set_base_type(s));
    if (!result)
        return NULL;
    const int bad = other->type == &py_dict_type
                        ? difference_from_dict(s, (struct py_dict *)other, result)
                        : each_key(AS_SET(other), PY_OBJ(s), step_add_if_not_in, result);
    if (bad)
        py_clear(result);
    return PY_OBJ(result);
}

int py_set_symmetric_difference_update(struct py_set *s, struct py_object *other)
{
    if (PY_OBJ(s) == other) {
        py_set_clear(s);
        return 0;
    }
    if (other->type == &py_dict_type || py_set_check(other))
        return each_key(s, other, step_toggle, NULL);
    /* An iterator may give the same key twice: make it a set first. */
    struct py_object *unique = PY_OBJ(py_set_make(py_set_base_type(s), other));
    if (!unique)
        return -1;
    PY_HOLD(&unique);
    const int result = each_key(s, unique, step_toggle, NULL);
    py_clear(unique);
    return result;
}

int py_set_is_subset(struct py_set *a, struct py_set *b)
{
    if (a->used > b->used)
        return 0;
    const int missing = each_key(b, PY_OBJ(a), step_not_found, NULL);
    return missing < 0 ? -1 : !missing;
}

int py_set_is_disjoint(struct py_set *s, struct py_object *other)
{
    if (PY_OBJ(s) == other)
        return s->used == 0;
    if (py_set_check(other) && AS_SET(other)->used > s->used) {
        struct py_object *t = PY_OBJ(s);
        s = AS_SET(other);
        other = t;
    }
    const int found = each_key(s, other, step_found, NULL);
    return found < 0 ? -1 : !found;
}

struct py_object *py_set_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (!py_set_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    struct py_set *v = AS_SET(a), *w = AS_SET(b);
    int result = 0;
    switch (op) {
    case PY_EQ:
    case PY_NE:
        if (v->used == w->used && (v->hash == -1 || w->hash == -1 || v->hash == w->hash))
            result = py_set_is_subset(v, w);
        if (op == PY_NE && result >= 0)
            result = !result;
        break;
    case PY_LE:
        result = py_set_is_subset(v, w);
        break;
    case PY_GE:
        result = py_set_is_subset(w, v);
        break;
    case PY_LT:
        result = v->used < w->used ? py_set_is_subset(v, w) : 0;
        break;
    default:
        result = v->used > w->used ? py_set_is_subset(w, v) : 0;
    }
    return result < 0 ? NULL : py_bool_from(result);
}

/* --- operators: both sides must be sets --- */

struct py_object *py_set_nb_and(struct py_object *a, struct py_object *b)
{
    if (!py_set_check(a) || !py_set_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    return py_set_intersection(AS_SET(a), b);
}

struct py_object *py_set_nb_or(struct py_object *a, struct py_object *b)
{
    if (!py_set_check(a) || !py_set_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    struct py_set *result = py_set_copy(AS_SET(a));
    if (!result || a == b)
        return PY_OBJ(result);
    PY_HOLD(&result);
    if (py_set_update(result, b) < 0)
        py_clear(result);
    return PY_OBJ(result);
}

struct py_object *py_set_nb_sub(struct py_object *a, struct py_object *b)
{
    if (!py_set_check(a) || !py_set_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    return py_set_difference(AS_SET(a), b);
}

struct py_object *py_set_nb_xor(struct py_object *a, struct py_object *b)
{
    if (!py_set_check(a) || !py_set_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    struct py_set *result = py_set_make(py_set_base_type(AS_SET(a)), b);
    if (!result)
        return NULL;
    PY_HOLD(&result);
    if (py_set_symmetric_difference_update(result, a) < 0)
        py_clear(result);
    return PY_OBJ(result);
}

struct py_object *py_set_nb_iand(struct py_object *a, struct py_object *b)
{
    if (!py_set_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    struct py_object *common = py_set_intersection(AS_SET(a), b);
    if (!common)
        return NULL;
    py_set_swap(AS_SET(a), AS_SET(common));
    PY_HOLD(&common);
    py_clear(common);
    return py_newref(a);
}

struct py_object *py_set_nb_ior(struct py_object *a, struct py_object *b)
{
    if (!py_set_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    return py_set_update(AS_SET(a), b) < 0 ? NULL : py_newref(a);
}

struct py_object *py_set_nb_isub(struct py_object *a, struct py_object *b)
{
    if (!py_set_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    return py_set_difference_update(AS_SET(a), b) < 0 ? NULL : py_newref(a);
}

struct py_object *py_set_nb_ixor(struct py_object *a, struct py_object *b)
{
    if (!py_set_check(b))
        return py_newref(PY_NOT_IMPLEMENTED);
    return py_set_symmetric_difference_update(AS_SET(a), b) < 0 ? NULL : py_newref(a);
}
