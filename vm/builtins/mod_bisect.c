/* _bisect: where a value belongs in a sorted sequence, and putting it there.
 *
 * One search serves all four functions. The right-hand ones ask `x < item`, the left-hand ones
 * `item < x`; with a key, it is the key of the item that is asked, and insort asks the key of x
 * once. Comparisons and keys may run Python code that changes the sequence: each item is fetched
 * anew by its index, so that a sequence which shrank meanwhile is an IndexError and nothing worse.
 */
#include "vm/builtins/mod_support.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/object/quick_compare.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum side { LEFT, RIGHT };

struct search {
    struct py_object *sequence, *wanted, *key; /* borrowed; key is NULL or callable */
    enum side side;
};

static struct py_object *item_at(struct py_object *sequence, int64_t i)
{
    if (sequence->type != &py_list_type)
        return py_getitem_index(sequence, i);
    const struct py_list *const list = (struct py_list *)sequence;
    if (i >= list->base.size)
        return py_raise(&py_exc_IndexError, "list index out of range");
    return py_newref(list->items[i]);
}

/* Does the wanted value belong below the item at i? 1, 0, -1. */
static int belongs_below(const struct search *s, int64_t i)
{
    struct py_object *item = item_at(s->sequence, i);
    if (!item)
        return -1;
    PY_HOLD(&item);
    if (s->key) {
        struct py_object *const of_item = py_call1(s->key, item);
        py_setref(item, of_item);
        if (!item)
            return -1;
    }
    struct py_object *const low = s->side == RIGHT ? s->wanted : item;
    struct py_object *const high = s->side == RIGHT ? item : s->wanted;
    int less = py_quick_less(low, high);
    if (less < 0)
        less = py_richcompare_bool(low, high, PY_LT);
    py_clear(item);
    return less < 0 ? -1 : s->side == RIGHT ? less : !less;
}

/* hi -1: the length. */
static int64_t find(const struct search *s, int64_t lo, int64_t hi)
{
    if (lo < 0)
        return py_raise_int(&py_exc_ValueError, "lo must be non-negative");
    if (hi == -1 && (hi = py_length(s->sequence)) < 0)
        return -1;
    if (py_dict_check(s->sequence))
        return py_raise_int(&py_exc_TypeError, "%.200s is not a sequence", s->sequence->type->name);
    while (lo < hi) {
        const int64_t middle = (int64_t)(((uint64_t)lo + (uint64_t)hi) / 2);
        const int below = belongs_below(s, middle);
        if (below < 0)
            return -1;
        if (below)
            hi = middle;
        else
            lo = middle + 1;
    }
    return lo;
}

struct arguments {
    struct search search;
    int64_t lo, hi;
};

static int parse(const char *function, enum side side, struct py_object *const *args, size_t nargs,
                 struct py_tuple *kwnames, struct arguments *out)
{
    static const char *const names[] = {"a", "x", "lo", "hi", "key"};
    const struct py_params params = {
        .function = function, .names = names, .count = 5, .required = 2, .keyword_only = 4};
    struct py_object *in[5] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return -1;
    *out =
        (struct arguments){.search = {.sequence = in[0], .wanted = in[1], .side = side}, .hi = -1};
    if (in[4] != PY_NONE)
        out->search.key = in[4];
    if (in[2] && (out->lo = py_int_as_ssize_arg(in[2])) == -1 && py_error_occurred())
        return -1;
    if (!in[3] || in[3] == PY_NONE)
        return 0;
    if (!in[3]->type->index)
        return py_raise_int(&py_exc_TypeError, "argument should be integer or None, not '%.200s'",
                            in[3]->type->name);
    out->hi = py_int_as_ssize(in[3]);
    return out->hi == -1 && py_error_occurred() ? -1 : 0;
}

static struct py_object *bisect(const char *function, enum side side, struct py_object *const *args,
                                size_t nargs, struct py_tuple *kwnames)
{
    struct arguments a;
    if (parse(function, side, args, nargs, kwnames, &a) < 0)
        return NULL;
    const int64_t at = find(&a.search, a.lo, a.hi);
    return at < 0 ? NULL : py_int_from_i64(at);
}

static struct py_object *insert_at(struct py_object *sequence, int64_t at, struct py_object *value)
{
    if (sequence->type == &py_list_type)
        return py_list_insert((struct py_list *)sequence, at, value) < 0 ? NULL : PY_NONE;
    struct py_object *index = py_int_from_i64(at);
    if (!index)
        return NULL;
    PY_HOLD(&index);
    struct py_object *const result = py_call_method_cstr(sequence, "insert", 2, index, value);
    py_clear(index);
    py_xdecref(result);
    return result ? PY_NONE : NULL;
}

static struct py_object *insort(const char *function, enum side side, struct py_object *const *args,
                                size_t nargs, struct py_tuple *kwnames)
{
    struct arguments a;
    if (parse(function, side, args, nargs, kwnames, &a) < 0)
        return NULL;
    struct py_object *const value = a.search.wanted;
    struct py_object *of_value = a.search.key ? py_call1(a.search.key, value) : py_newref(value);
    if (!of_value)
        return NULL;
    PY_HOLD(&of_value);
    a.search.wanted = of_value;
    const int64_t at = find(&a.search, a.lo, a.hi);
    py_clear(of_value);
    return at < 0 ? NULL : insert_at(a.search.sequence, at, value);
}

METHOD(bisect_right)
{
    (void)self;
    return bisect("bisect_right", RIGHT, args, nargs, kwnames);
}

METHOD(bisect_left)
{
    (void)self;
    return bisect("bisect_left", LEFT, args, nargs, kwnames);
}

METHOD(insort_right)
{
    (void)self;
    return insort("insort_right", RIGHT, args, nargs, kwnames);
}

METHOD(insort_left)
{
    (void)self;
    return insort("insort_left", LEFT, args, nargs, kwnames);
}

#define ROW(function, text)                                                           \
    {                                                                                 \
        .name = #function, .fn = function, .max_args = -1, .flags = PY_METH_KEYWORDS, \
        .signature = "($module, /, a, x, lo=0, hi=None, *, key=None)", .doc = text    \
    }
static const struct py_method_def functions[] = {
    ROW(bisect_right, "The index behind every item of the sorted a that is not greater than x."),
    ROW(bisect_left, "The index of the first item of the sorted a that is not less than x."),
    ROW(insort_right, "Insert x into the sorted list a, behind items that are equal to it."),
    ROW(insort_left, "Insert x into the sorted list a, before items that are equal to it."),
    {.name = NULL},
};

struct py_module *py_mod__bisect_init(void); /* modules.def */

struct py_module *py_mod__bisect_init(void)
{
    struct py_module *const m =
        py_module_new("_bisect", "Searching and inserting in sorted lists.");
    if (m && py_module_add_methods(m, functions) < 0) {
        py_decref(m);
        return NULL;
    }
    return m;
}
