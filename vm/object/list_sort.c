/* list.sort: a stable, adaptive merge sort.
 *
 * Natural runs are found (descending ones reversed), short ones are brought to a minimum length by
 * binary insertion, and runs are merged in the order given by their "power", the depth of the
 * boundary between two runs in a perfectly balanced merge tree (J. I. Munro and S. Wild, "Nearly-
 * Optimal Mergesorts", 2018). A merge that keeps taking from one side gallops: exponential search
 * instead of one comparison per element (T. Peters' listsort; P. McIlroy, 1993).
 *
 * Comparing is what costs. So the keys are looked at once before the sort: if all are small ints,
 * all floats, or all one-byte strings, the sort runs on an array of plain C values, and no
 * comparison can fail or run Python code. Otherwise `<` is asked, exact tuples being walked here.
 *
 * Ownership: the sort moves borrowed pointers in an array of its own. The list's items stay in the
 * array taken from the list, and the keys in theirs, both under handles; so every count is
 * explained whenever a comparison runs Python code. The list itself is empty meanwhile, with
 * capacity -1 as a mark: any change of it makes that 0 or more, which is how "list modified during
 * sort" is noticed.
 */
#include <string.h>

#include "vm/object/list.h"
#include "vm/object/list_internal.h"
#include "vm/object/quick_compare.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define SORT_MIN_GALLOP 7
#define SORT_MAX_RUNS   85 /* powers strictly increase along the stack: 64 would do */

enum key_kind { KEYS_INTEGER, KEYS_REAL, KEYS_LATIN1, KEYS_OBJECT };

struct sort_slot {
    union {
        int64_t integer;
        double real;
        struct py_object *object; /* borrowed */
    } key;
    struct py_object *value; /* borrowed */
};

struct sort_run {
    struct sort_slot *start;
    int64_t length;
    int power; /* of the boundary to the next run */
};

struct sort_state {
    struct sort_slot *slots;
    int64_t count;
    struct sort_slot *temp; /* RAW */
    int64_t temp_capacity;
    int64_t min_gallop;
    enum key_kind kind;
    int run_count;
    struct sort_run runs[SORT_MAX_RUNS];
};

static int sort_reserve(struct sort_state *state, int64_t n)
{
    if (n <= state->temp_capacity)
        return 0;
    py_mem_free(state->temp);
    state->temp = py_mem_alloc((size_t)n * sizeof *state->temp);
    state->temp_capacity = state->temp ? n : 0;
    if (!state->temp)
        return py_raise_no_memory(), -1;
    return 0;
}

static void sort_reverse(struct sort_slot *a, int64_t n)
{
    for (int64_t i = 0, k = n - 1; i < k; i++, k--) {
        const struct sort_slot t = a[i];
        a[i] = a[k];
        a[k] = t;
    }
}

/* 32..64 so that count / min_run is a power of two or just below one. */
static int64_t sort_min_run(int64_t count)
{
    int64_t odd = 0;
    for (; count >= 64; count >>= 1)
        odd |= count & 1;
    return count + odd;
}

/* Power of the boundary between the topmost run and one of n slots behind it: the number of
 * leading bits in which the midpoints of both, as fractions of the whole, agree, plus one. */
static int sort_power(const struct sort_state *state, int64_t n)
{
    const struct sort_run *top = &state->runs[state->run_count - 1];
    const int64_t start = top->start - state->slots;
    int64_t a = 2 * start + top->length, b = a + top->length + n;
    int power = 0;
    for (;;) {
        power++;
        if (a >= state->count) {
            a -= state->count;
            b -= state->count;
        } else if (b >= state->count) {
            return power;
        }
        a <<= 1;
        b <<= 1;
    }
}

static int less_rich(struct py_object *a, struct py_object *b)
{
    struct py_object *result = py_richcompare(a, b, PY_LT);
    if (!result)
        return -1;
    const int less = result == PY_TRUE ? 1 : result == PY_FALSE ? 0 : py_truth(result);
    py_decref(result);
    return less;
}

static int less_tuple(const struct py_tuple *a, const struct py_tuple *b)
{
    const int64_t n = a->base.size < b->base.size ? a->base.size : b->base.size;
    for (int64_t i = 0; i < n; i++) {
        struct py_object *v = a->items[i], *w = b->items[i];
        int equal = py_quick_equal(v, w);
        if (equal < 0 && (equal = py_richcompare_bool(v, w, PY_EQ)) < 0)
            return -1;
        if (equal)
            continue;
        const int less = py_quick_less(v, w);
        return less >= 0 ? less : less_rich(v, w);
    }
    return a->base.size < b->base.size;
}

static int less_object(struct py_object *a, struct py_object *b)
{
    const int quick = py_quick_less(a, b);
    if (quick >= 0)
        return quick;
    if (a->type == &py_tuple_type && b->type == &py_tuple_type)
        return less_tuple((struct py_tuple *)a, (struct py_tuple *)b);
    return less_rich(a, b);
}

static inline int less_latin1(struct py_object *a, struct py_object *b)
{
    const struct py_str *v = (struct py_str *)a, *w = (struct py_str *)b;
    const int64_t n = v->length < w->length ? v->length : w->length;
    const int c = memcmp(py_str_data(v), py_str_data(w), (size_t)n);
    return c ? c < 0 : v->length < w->length;
}

#define SORT(name) name##_integer
#define LESS(a, b) ((a).key.integer < (b).key.integer)
#include "vm/object/list_sort_impl.h"

#define SORT(name) name##_real
#define LESS(a, b) ((a).key.real < (b).key.real)
#include "vm/object/list_sort_impl.h"

#define SORT(name) name##_latin1
#define LESS(a, b) less_latin1((a).key.object, (b).key.object)
#include "vm/object/list_sort_impl.h"

#define SORT(name) name##_object
#define LESS(a, b) less_object((a).key.object, (b).key.object)
#include "vm/object/list_sort_impl.h"

static enum key_kind classify(struct py_object *const *keys, int64_t n)
{
    const struct py_type *type = keys[0]->type;
    enum key_kind kind = type == &py_int_type     ? KEYS_INTEGER
                         : type == &py_float_type ? KEYS_REAL
                         : type == &py_str_type   ? KEYS_LATIN1
                                                  : KEYS_OBJECT;
    for (int64_t i = 0; i < n && kind != KEYS_OBJECT; i++) {
        if (keys[i]->type != type || (kind == KEYS_INTEGER && !py_int_is_compact(keys[i])) ||
            (kind == KEYS_LATIN1 && ((struct py_str *)keys[i])->kind != 1))
            kind = KEYS_OBJECT;
    }
    return kind;
}

static int sort_slots(struct sort_state *state, struct py_object *const *keys)
{
    const enum key_kind kind = state->kind = classify(keys, state->count);
    for (int64_t i = 0; i < state->count; i++) {
        if (kind == KEYS_INTEGER)
            state->slots[i].key.integer = py_int_compact_value(keys[i]);
        else if (kind == KEYS_REAL)
            state->slots[i].key.real = ((struct py_float *)keys[i])->value;
        else
            state->slots[i].key.object = keys[i];
    }
    return kind == KEYS_INTEGER  ? sort_integer(state)
           : kind == KEYS_REAL   ? sort_real(state)
           : kind == KEYS_LATIN1 ? sort_latin1(state)
                                 : sort_object(state);
}

/* Sorts values[0..n) by keys (may be the same array). Both arrays are under handles. On failure
 * the values are some permutation. Keys that dying could be noticed by end up sorted as well:
 * they are dropped in that order. */
static int sort_arrays(struct py_object **values, struct py_object **keys, int64_t n, bool reverse)
{
    struct sort_state *state = py_mem_calloc(1, sizeof *state);
    struct sort_slot *slots = py_mem_alloc((size_t)n * sizeof *slots);
    int result = -1;
    if (!state || !slots) {
        py_raise_no_memory();
        goto done;
    }
    state->slots = slots;
    state->count = n;
    state->min_gallop = SORT_MIN_GALLOP;
    for (int64_t i = 0; i < n; i++)
        slots[i].value = values[i];
    /* Reversed before and after, so that equal elements keep their order. */
    if (reverse) {
        struct py_object **reversed = py_mem_alloc((size_t)n * sizeof *reversed);
        if (!reversed) {
            py_raise_no_memory();
            goto done;
        }
        for (int64_t i = 0; i < n; i++)
            reversed[i] = keys[n - 1 - i];
        sort_reverse(slots, n);
        result = sort_slots(state, reversed);
        py_mem_free(reversed);
        sort_reverse(slots, n);
    } else {
        result = sort_slots(state, keys);
    }
    for (int64_t i = 0; i < n; i++)
        values[i] = slots[i].value;
    for (int64_t i = 0; i < n && keys != values && state->kind == KEYS_OBJECT; i++)
        keys[i] = slots[i].key.object;
    py_mem_free(state->temp);
done:
    py_mem_free(slots);
    py_mem_free(state);
    return result;
}

static int sort_by_key(struct py_object **values, int64_t n, struct py_object *key, bool reverse)
{
    struct py_object **keys = py_mem_calloc((size_t)n, sizeof *keys);
    if (!keys)
        return py_raise_no_memory(), -1;
    PY_HOLD_N(keys, n);
    int result = 0;
    for (int64_t i = 0; i < n && result == 0; i++) {
        keys[i] = py_call1(key, values[i]);
        if (!keys[i])
            result = -1;
    }
    if (result == 0)
        result = sort_arrays(values, keys, n, reverse);
    for (int64_t i = 0; i < n; i++) {
        struct py_object *old = keys[i];
        keys[i] = NULL;
        py_xdecref(old);
    }
    py_mem_free(keys);
    return result;
}

int py_list_sort(struct py_list *list, struct py_object *key, bool reverse)
{
    struct py_object **items = list->items;
    const int64_t n = list->base.size, capacity = list->capacity;
    if (n < 2 && !(key && n))
        return 0;
    list->items = NULL;
    list->base.size = 0;
    list->capacity = -1;
    py_object_resized(PY_OBJ(list), py_object_size(PY_OBJ(list)));
    int result;
    {
        PY_HOLD_N(items, n);
        result = key      ? sort_by_key(items, n, key, reverse)
                 : n >= 2 ? sort_arrays(items, items, n, reverse)
                          : 0;
    }
    struct py_object **intruders = list->items;
    const int64_t intruder_count = list->base.size;
    const bool modified = list->capacity != -1;
    list->items = items;
    list->base.size = n;
    list->capacity = capacity;
    py_object_resized(PY_OBJ(list), py_object_size(PY_OBJ(list)));
    if (modified) {
        list_announce(list);
        if (result == 0)
            result = py_raise_int(&py_exc_ValueError, "list modified during sort");
        struct py_object *pending = py_error_fetch();
        PY_HOLD(&pending);
        py_list_drop_items(intruders, intruder_count);
        struct py_object *restored = pending;
        pending = NULL;
        py_error_restore(restored);
    }
    return result;
}
