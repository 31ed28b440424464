/* itertools, the iterators that go through others one by one: count, cycle, repeat, accumulate,
 * chain, compress, dropwhile, takewhile, filterfalse, starmap, groupby, islice, pairwise,
 * zip_longest. Those that choose among items, and tee, are in mod_itertools_choose.c.
 *
 * All share struct step (mod_itertools.h). An iterator holds its source by a field, so a callback
 * that drops the iterator from elsewhere cannot take the source away under it: the loop's register
 * owns the iterator itself.
 */
#include "vm/builtins/mod_itertools.h"

#include "vm/object/alias.h"

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

void step_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_mem_free(STEP(o)->indices);
    py_mem_free(STEP(o)->cycles);
    py_object_free(o);
}

struct step *step_new(struct py_type *type)
{
    struct step *const s = py_object_new(type);
    if (s)
        py_gc_track(s);
    return s;
}

/* A new iterator of the type with a = first (or NULL) and b = iter(iterable). */
static struct step *over(struct py_type *type, struct py_object *first, struct py_object *iterable)
{
    struct py_object *it = py_iter(iterable);
    if (!it)
        return NULL;
    PY_HOLD(&it);
    struct step *const s = step_new(type);
    if (s) {
        s->a = first ? py_newref(first) : NULL;
        s->b = it;
        it = NULL;
    }
    py_clear(it);
    return s;
}

static int parse(const char *name, const char *const *names, uint8_t count, uint8_t required,
                 struct py_object *const *args, size_t nargs, struct py_tuple *kwnames,
                 struct py_object **out)
{
    const struct py_params params = {.function = name,
                                     .names = names,
                                     .count = count,
                                     .required = required,
                                     .keyword_only = count};
    for (int i = 0; i < count; i++)
        out[i] = NULL;
    return py_parse_args(&params, args, nargs, kwnames, out);
}

/* The next item, or NULL with or without an exception; StopIteration is none. */
static struct py_object *step_in(struct py_object *it)
{
    return it && py_check_c_stack(" while asking an iterator") == 0 ? py_iter_step(it) : NULL;
}

/* ---- count, cycle, repeat -------------------------------------------------------------------- */

NEW(count_new)
{
    static const char *const names[] = {"start", "step"};
    struct py_object *in[2];
    if (parse("count", names, 2, 0, args, nargs, kwnames, in) < 0)
        return NULL;
    for (int i = 0; i < 2; i++)
        if (in[i] && !in[i]->type->index && !in[i]->type->float_ && !in[i]->type->int_ &&
            !in[i]->type->binary[PY_NB_ADD])
            return py_raise(&py_exc_TypeError, "a number is required");
    struct step *const s = step_new(type);
    if (!s)
        return NULL;
    s->a = in[0] ? py_newref(in[0]) : py_int_from_i64(0);
    s->b = in[1] ? py_newref(in[1]) : py_int_from_i64(1);
    return PY_OBJ(s);
}

static struct py_object *count_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    struct py_object *const next = py_binary(PY_NB_ADD, s->a, s->b);
    if (!next)
        return NULL;
    struct py_object *const current = s->a;
    s->a = next;
    return current;
}

static bool is_one(struct py_object *o)
{
    return py_int_check_exact(o) && py_int_is_compact(o) && py_int_compact_value(o) == 1;
}

static struct py_object *count_repr(struct py_object *o)
{
    if (is_one(STEP(o)->b))
        return PY_OBJ(py_str_format_c("%s(%R)", py_type_shortname(o->type), STEP(o)->a));
    return PY_OBJ(
        py_str_format_c("%s(%R, %R)", py_type_shortname(o->type), STEP(o)->a, STEP(o)->b));
}

METHOD(count_reduce)
{
    (void)args, (void)nargs, (void)kwnames;
    struct step *const s = STEP(self);
    struct py_tuple *const given =
        is_one(s->b) ? py_tuple_pack(1, s->a) : py_tuple_pack(2, s->a, s->b);
    struct py_tuple *const result =
        given ? py_tuple_pack(2, PY_OBJ(self->type), PY_OBJ(given)) : NULL;
    py_xdecref(given);
    return PY_OBJ(result);
}

static const struct py_method_def count_methods[] = {{.name = "__reduce__", .fn = count_reduce},
                                                     {.name = NULL}};
static const struct py_field count_fields[] = {STEP_FIELD("current", a), STEP_FIELD("step", b)};
STEP_TYPE(count, count_next, count_new, .repr = count_repr, .methods = count_methods,
          .doc = "Return a count object whose .__next__() method returns consecutive values.");

NEW(cycle_new)
{
    if (py_no_keywords("cycle", kwnames) < 0 || py_check_positional("cycle", nargs, 1, 1) < 0)
        return NULL;
    struct py_list *saved = py_list_new(0);
    if (!saved)
        return NULL;
    PY_HOLD(&saved);
    struct step *const s = over(type, PY_OBJ(saved), args[0]);
    py_clear(saved);
    return PY_OBJ(s);
}

static struct py_object *cycle_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    struct py_list *const saved = (struct py_list *)s->a;
    if (s->b) {
        struct py_object *item = step_in(s->b);
        if (item) {
            if (py_list_append(saved, item) == 0)
                return item;
            py_decref(item);
            return NULL;
        }
        if (py_error_occurred())
            return NULL;
        py_clear(s->b);
    }
    if (saved->base.size == 0)
        return NULL;
    if (s->i >= saved->base.size)
        s->i = 0;
    return py_newref(saved->items[s->i++]);
}

static const struct py_field cycle_fields[] = {STEP_FIELD("it", b), STEP_FIELD("saved", a)};
STEP_TYPE(cycle, cycle_next, cycle_new,
          .doc = "The elements, and again from the first one on, without end.");

NEW(repeat_new)
{
    static const char *const names[] = {"object", "times"};
    struct py_object *in[2];
    if (parse("repeat", names, 2, 1, args, nargs, kwnames, in) < 0)
        return NULL;
    int64_t n = -1;
    if (in[1]) {
        n = py_int_as_ssize(in[1]);
        if (n == -1 && py_error_occurred())
            return NULL;
        n = n < 0 ? 0 : n;
    }
    struct step *const s = step_new(type);
    if (s) {
        s->a = py_newref(in[0]);
        s->n = n;
    }
    return PY_OBJ(s);
}

static struct py_object *repeat_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    if (s->n == 0)
        return NULL;
    if (s->n > 0)
        s->n--;
    return py_newref(s->a);
}

static struct py_object *repeat_repr(struct py_object *o)
{
    const struct step *const s = STEP(o);
    if (s->n < 0)
        return PY_OBJ(py_str_format_c("%s(%R)", py_type_shortname(o->type), s->a));
    return PY_OBJ(
        py_str_format_c("%s(%R, %lld)", py_type_shortname(o->type), s->a, (long long)s->n));
}

METHOD(repeat_length_hint)
{
    (void)args, (void)nargs, (void)kwnames;
    if (STEP(self)->n < 0)
        return py_raise(&py_exc_TypeError, "len() of unsized object");
    return py_int_from_i64(STEP(self)->n);
}

METHOD(repeat_reduce)
{
    (void)args, (void)nargs, (void)kwnames;
    struct step *const s = STEP(self);
    struct py_object *const n = s->n < 0 ? NULL : py_int_from_i64(s->n);
    struct py_tuple *const given = n ? py_tuple_pack(2, s->a, n) : py_tuple_pack(1, s->a);
    struct py_tuple *const result =
        given ? py_tuple_pack(2, PY_OBJ(self->type), PY_OBJ(given)) : NULL;
    py_xdecref(given);
    py_xdecref(n);
    return PY_OBJ(result);
}

static const struct py_method_def repeat_methods[] = {
    {.name = "__length_hint__", .fn = repeat_length_hint},
    {.name = "__reduce__", .fn = repeat_reduce},
    {.name = NULL}};
static const struct py_field repeat_fields[] = {STEP_FIELD("element", a)};
STEP_TYPE(repeat, repeat_next, repeat_new, .repr = repeat_repr, .methods = repeat_methods,
          .doc = "Create an iterator which returns the object for the specified number of times.");

/* ---- accumulate ------------------------------------------------------------------------------ */

NEW(accumulate_new)
{
    static const char *const names[] = {"iterable", "func", "initial"};
    static const struct py_params params = {
        .function = "accumulate", .names = names, .count = 3, .required = 1, .keyword_only = 2};
    struct py_object *in[3] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    struct step *const s = over(type, in[1] && in[1] != PY_NONE ? in[1] : NULL, in[0]);
    if (s && in[2] && in[2] != PY_NONE)
        s->d = py_newref(in[2]);
    return PY_OBJ(s);
}

static struct py_object *accumulate_next(struct py_object *o)
{
    struct step *const s = STEP(o); /* a function, b source, c total, d initial */
    if (s->d) {
        s->c = s->d;
        s->d = NULL;
        return py_newref(s->c);
    }
    struct py_object *item = step_in(s->b);
    if (!item)
        return NULL;
    PY_HOLD(&item);
    struct py_object *total;
    if (!s->c)
        total = py_newref(item);
    else
        total = s->a ? py_call2(s->a, s->c, item) : py_binary(PY_NB_ADD, s->c, item);
    py_clear(item);
    if (!total)
        return NULL;
    py_incref(total); /* for the result: dropping the old total can run anything */
    PY_HOLD(&total);
    py_setref(s->c, total);
    struct py_object *const result = total;
    total = NULL;
    return result;
}

static const struct py_field accumulate_fields[] = {
    STEP_FIELD("binop", a), STEP_FIELD("it", b), STEP_FIELD("total", c), STEP_FIELD("initial", d)};
STEP_TYPE(accumulate, accumulate_next, accumulate_new,
          .doc = "The sum of the first element, of the first two, and so on; or what another "
                 "function of two makes.");

/* ---- chain ----------------------------------------------------------------------------------- */

NEW(chain_new)
{
    if (py_no_keywords("chain", kwnames) < 0)
        return NULL;
    struct py_object *sources = PY_OBJ(py_tuple_from_array(args, nargs));
    if (!sources)
        return NULL;
    PY_HOLD(&sources);
    struct step *const s = over(type, NULL, sources);
    py_clear(sources);
    return PY_OBJ(s);
}

METHOD(chain_from_iterable)
{
    (void)nargs, (void)kwnames;
    return PY_OBJ(over((struct py_type *)self, NULL, args[0]));
}

static struct py_object *chain_next(struct py_object *o)
{
    struct step *const s = STEP(o); /* b sources, a the active one */
    while (s->b) {
        if (!s->a) {
            struct py_object *source = step_in(s->b);
            if (!source) {
                if (!py_error_occurred())
                    py_clear(s->b);
                return NULL;
            }
            PY_HOLD(&source);
            s->a = py_iter(source);
            py_clear(source);
            if (!s->a)
                return NULL;
        }
        struct py_object *const item = step_in(s->a);
        if (item || py_error_occurred())
            return item;
        py_clear(s->a);
    }
    return NULL;
}

static const struct py_method_def chain_methods[] = {
    {.name = "from_iterable",
     .fn = chain_from_iterable,
     .min_args = 1,
     .max_args = 1,
     .flags = PY_METH_CLASSMETHOD,
     .doc = "chain() of the iterables that one iterable gives, each taken when it is needed."},
    PY_CLASS_GETITEM_ROW,
    {.name = NULL}};
static const struct py_field chain_fields[] = {STEP_FIELD("active", a), STEP_FIELD("source", b)};
STEP_TYPE(chain, chain_next, chain_new, .methods = chain_methods,
          .doc =
              "chain(*iterables)\n\nThe items of the first iterable, then those of the next, and "
              "so on.");

/* ---- by a predicate -------------------------------------------------------------------------- */

static struct py_object *with_function(struct py_type *type, const char *name,
                                       struct py_object *const *args, size_t nargs,
                                       struct py_tuple *kwnames)
{
    if ((kwnames && py_no_keywords(name, kwnames) < 0) ||
        py_check_positional(name, nargs, 2, 2) < 0)
        return NULL;
    return PY_OBJ(over(type, args[0], args[1]));
}

#define WITH_FUNCTION(name)                                      \
    NEW(name##_new)                                              \
    {                                                            \
        return with_function(type, #name, args, nargs, kwnames); \
    }                                                            \
    static const struct py_field name##_fields[] = {STEP_FIELD("func", a), STEP_FIELD("it", b)}

/* Truth of func(item); of the item itself for None. */
static int test(struct py_object *func, struct py_object *item)
{
    if (func == PY_NONE)
        return py_truth(item);
    struct py_object *answer = py_call1(func, item);
    if (!answer)
        return -1;
    PY_HOLD(&answer);
    const int truth = py_truth(answer);
    py_clear(answer);
    return truth;
}

/* The first item from here on whose test says `wanted`. */
static struct py_object *first_that(struct step *s, int wanted)
{
    struct py_object *item;
    PY_HOLD(&item);
    while ((item = step_in(s->b))) {
        const int truth = test(s->a, item);
        if (truth == wanted) {
            struct py_object *const found = item;
            item = NULL;
            return found;
        }
        py_clear(item);
        if (truth < 0)
            return NULL;
    }
    return NULL;
}

static struct py_object *dropwhile_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    if (s->started)
        return step_in(s->b);
    struct py_object *const item = first_that(s, 0);
    s->started = item != NULL;
    return item;
}

static struct py_object *takewhile_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    if (s->finished)
        return NULL;
    struct py_object *item = step_in(s->b);
    if (!item)
        return NULL;
    PY_HOLD(&item);
    const int truth = test(s->a, item);
    if (truth == 0)
        s->finished = true;
    if (truth <= 0)
        py_clear(item);
    struct py_object *const result = item;
    item = NULL;
    return result;
}

static struct py_object *filterfalse_next(struct py_object *o)
{
    return first_that(STEP(o), 0);
}

static struct py_object *starmap_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    struct py_object *item = step_in(s->b);
    if (!item)
        return NULL;
    PY_HOLD(&item);
    if (item->type != &py_tuple_type) {
        struct py_object *const tuple = PY_OBJ(py_tuple_from_iterable(item));
        py_setref(item, tuple);
        if (!item)
            return NULL;
    }
    struct py_object *const result = py_call_tuple(s->a, (struct py_tuple *)item, NULL);
    py_clear(item);
    return result;
}

WITH_FUNCTION(dropwhile);
STEP_TYPE(dropwhile, dropwhile_next, dropwhile_new,
          .doc = "All elements from the first one on for which predicate(item) is false.");
WITH_FUNCTION(takewhile);
STEP_TYPE(takewhile, takewhile_next, takewhile_new,
          .doc = "The elements before the first one for which predicate(item) is false.");
WITH_FUNCTION(filterfalse);
STEP_TYPE(filterfalse, filterfalse_next, filterfalse_new,
          .doc = "The elements for which function(item) is false; without a function, those that "
                 "are false.");
WITH_FUNCTION(starmap);
STEP_TYPE(starmap, starmap_next, starmap_new,
          .doc = "The results of function(*args) for each args of the iterable.");

NEW(compress_new)
{
    static const char *const names[] = {"data", "selectors"};
    struct py_object *in[2];
    if (parse("compress", names, 2, 2, args, nargs, kwnames, in) < 0)
        return NULL;
    struct py_object *data = py_iter(in[0]);
    if (!data)
        return NULL;
    PY_HOLD(&data);
    struct step *const s = over(type, data, in[1]);
    py_clear(data);
    return PY_OBJ(s);
}

static struct py_object *compress_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    struct py_object *item = NULL;
    PY_HOLD(&item);
    while ((item = step_in(s->a))) {
        struct py_object *selector = step_in(s->b);
        PY_HOLD(&selector);
        const int truth = selector ? py_truth(selector) : -1;
        py_clear(selector);
        if (truth > 0) {
            struct py_object *const found = item;
            item = NULL;
            return found;
        }
        py_clear(item);
        if (truth < 0)
            return NULL;
    }
    return NULL;
}

static const struct py_field compress_fields[] = {STEP_FIELD("data", a),
                                                  STEP_FIELD("selectors", b)};
STEP_TYPE(compress, compress_next, compress_new,
          .doc = "Return data elements corresponding to true selector elements.");

/* ---- groupby --------------------------------------------------------------------------------- */

/* groupby: a key function, b source, c key of the group handed out, d current key, e current item.
 * Its groups: a the groupby, c their key; only the newest one yields. */

NEW(groupby_new)
{
    static const char *const names[] = {"iterable", "key"};
    struct py_object *in[2];
    if (parse("groupby", names, 2, 1, args, nargs, kwnames, in) < 0)
        return NULL;
    return PY_OBJ(over(type, in[1] ? in[1] : PY_NONE, in[0]));
}

static int groupby_advance(struct step *s)
{
    struct py_object *item = step_in(s->b);
    if (!item)
        return -1;
    PY_HOLD(&item);
    struct py_object *key = s->a == PY_NONE ? py_newref(item) : py_call1(s->a, item);
    if (!key) {
        py_clear(item);
        return -1;
    }
    struct py_object *old_item = s->e, *old_key = s->d;
    PY_HOLD(&old_item);
    PY_HOLD(&old_key);
    s->e = item;
    s->d = key;
    item = NULL;
    py_clear(old_key);
    py_clear(old_item);
    return 0;
}

static int same_key(struct py_object *x, struct py_object *y)
{
    struct py_object *pair[2] = {py_newref(x), py_newref(y)};
    PY_HOLD_N(pair, 2);
    const int equal = py_richcompare_bool(pair[0], pair[1], PY_EQ);
    py_clear(pair[0]);
    py_clear(pair[1]);
    return equal;
}

static struct py_object *groupby_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    s->i++;    /* groups handed out before are over */
    for (;;) { /* skip the rest of the group */
        if (s->d && !s->c)
            break;
        if (s->d) {
            const int equal = same_key(s->c, s->d);
            if (equal < 0)
                return NULL;
            if (!equal)
                break;
        }
        if (groupby_advance(s) < 0)
            return NULL;
    }
    py_setref(s->c, py_newref(s->d));
    struct step *group = step_new(&py_grouper_type);
    if (!group)
        return NULL;
    group->a = py_newref(o);
    group->c = py_newref(s->c);
    group->i = s->i;
    struct py_tuple *const result = py_tuple_pack(2, s->d, PY_OBJ(group));
    py_decref(group);
    return PY_OBJ(result);
}

static struct py_object *grouper_next(struct py_object *o)
{
    struct step *const g = STEP(o), *const s = STEP(g->a);
    if (g->i != s->i)
        return NULL;
    if (!s->e && groupby_advance(s) < 0)
        return NULL;
    const int equal = same_key(g->c, s->d);
    if (equal <= 0)
        return NULL;
    struct py_object *const item = s->e;
    s->e = NULL;
    return item;
}

static const struct py_field groupby_fields[] = {STEP_FIELD("keyfunc", a), STEP_FIELD("it", b),
                                                 STEP_FIELD("tgtkey", c), STEP_FIELD("currkey", d),
                                                 STEP_FIELD("currvalue", e)};
STEP_TYPE(groupby, groupby_next, groupby_new,
          .doc = "make an iterator that returns consecutive keys and groups from the iterable");
static const struct py_field grouper_fields[] = {STEP_FIELD("parent", a), STEP_FIELD("tgtkey", c)};
STEP_TYPE_NAMED(grouper, "_grouper", grouper_next, NULL, );

/* ---- islice, pairwise ------------------------------------------------------------------------ */

static int slice_number(struct py_object *o, int64_t fallback, const char *message, int64_t *out)
{
    *out = fallback;
    if (!o || o == PY_NONE)
        return 0;
    *out = -1;
    if (py_int_check(o) || o->type->index)
        *out = py_int_as_ssize(o);
    if (*out == -1 && py_error_occurred())
        py_error_clear();
    return *out < 0 ? py_raise_int(&py_exc_ValueError, "%s", message) : 0;
}

NEW(islice_new)
{
    if (py_no_keywords("islice", kwnames) < 0 || py_check_positional("islice", nargs, 2, 4) < 0)
        return NULL;
    const char *const indices = "Indices for islice() must be None or an integer: 0 <= x <= "
                                "sys.maxsize.";
    const char *const stop_text = "Stop argument for islice() must be None or an integer: 0 <= x "
                                  "<= sys.maxsize.";
    int64_t start = 0, stop = -1, stride = 1;
    if (nargs == 2) {
        if (slice_number(args[1], -1, stop_text, &stop) < 0 && py_error_occurred())
            return NULL;
    } else {
        if (slice_number(args[1], 0, indices, &start) < 0)
            return NULL;
        if (args[2] != PY_NONE && slice_number(args[2], -1, stop_text, &stop) < 0)
            return NULL;
    }
    if (nargs == 4 && (slice_number(args[3], 1,
                                    "Step for islice() must be a positive integer or "
                                    "None.",
                                    &stride) < 0))
        return NULL;
    if (stride < 1)
        return py_raise(&py_exc_ValueError,
                        "Step for islice() must be a positive integer or None.");
    struct step *const s = over(type, NULL, args[0]);
    if (s) {
        s->n = start;
        s->stop = stop;
        s->stride = stride;
    }
    return PY_OBJ(s);
}

static struct py_object *islice_next(struct py_object *o)
{
    struct step *const s = STEP(o); /* i items taken so far, n the next one wanted */
    struct py_object *item = NULL;
    if (!s->b)
        return NULL;
    for (; s->i < s->n; s->i++) {
        item = step_in(s->b);
        if (!item) {
            py_clear(s->b);
            return NULL;
        }
        py_decref(item);
    }
    if (s->stop != -1 && s->i >= s->stop) {
        py_clear(s->b);
        return NULL;
    }
    item = step_in(s->b);
    if (!item) {
        if (!py_error_occurred())
            py_clear(s->b);
        return NULL;
    }
    s->i++;
    if (__builtin_add_overflow(s->n, s->stride, &s->n) || (s->stop != -1 && s->n > s->stop))
        s->n = s->stop == -1 ? INT64_MAX : s->stop;
    return item;
}

static const struct py_field islice_fields[] = {STEP_FIELD("it", b)};
STEP_TYPE(islice, islice_next, islice_new,
          .doc = "islice(iterable, stop) --> islice object\nislice(iterable, start, stop[, step]) "
                 "--> islice object");

NEW(pairwise_new)
{
    if (py_no_keywords("pairwise", kwnames) < 0 || py_check_positional("pairwise", nargs, 1, 1) < 0)
        return NULL;
    return PY_OBJ(over(type, NULL, args[0]));
}

static struct py_object *pairwise_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    if (!s->a) {
        struct py_object *const first = step_in(s->b);
        if (!first)
            return NULL;
        py_setref(s->a, first);
    }
    struct py_object *item = step_in(s->b);
    if (!item) {
        py_clear(s->a);
        return NULL;
    }
    PY_HOLD(&item);
    struct py_tuple *const pair = s->a ? py_tuple_pack(2, s->a, item) : NULL;
    struct py_object *const old = s->a;
    s->a = item;
    item = NULL;
    py_xdecref(old);
    return PY_OBJ(pair);
}

static const struct py_field pairwise_fields[] = {STEP_FIELD("old", a), STEP_FIELD("it", b)};
STEP_TYPE(pairwise, pairwise_next, pairwise_new,
          .doc = "Return an iterator of overlapping pairs taken from the input iterator.");

/* ---- zip_longest ----------------------------------------------------------------------------- */

NEW(zip_longest_new)
{
    struct py_object *fill = PY_NONE;
    for (int64_t i = 0; kwnames && i < kwnames->base.size; i++) {
        if (!py_str_equal_cstr((struct py_str *)kwnames->items[i], "fillvalue"))
            return py_raise(&py_exc_TypeError, "zip_longest() got an unexpected keyword argument");
        fill = args[nargs + (size_t)i];
    }
    struct py_list *iterators = py_list_new(0);
    PY_HOLD(&iterators);
    for (size_t i = 0; iterators && i < nargs; i++) {
        struct py_object *const it = py_iter(args[i]);
        if (!it || py_list_append_steal(iterators, it) < 0)
            py_clear(iterators);
    }
    struct step *const s = iterators ? step_new(type) : NULL;
    if (s) {
        s->a = PY_OBJ(iterators);
        iterators = NULL;
        s->b = py_newref(fill);
        s->n = (int64_t)nargs;
    }
    py_clear(iterators);
    return PY_OBJ(s);
}

static struct py_object *zip_longest_next(struct py_object *o)
{
    struct step *const s = STEP(o); /* n sources that are not exhausted */
    struct py_list *const iterators = (struct py_list *)s->a;
    if (s->n == 0)
        return NULL;
    struct py_list *row = py_list_new(0);
    PY_HOLD(&row);
    for (int64_t i = 0; row && i < iterators->base.size; i++) {
        struct py_object *item = NULL;
        if (iterators->items[i] != PY_NONE) {
            item = step_in(iterators->items[i]);
            if (!item) {
                const bool failed = py_error_occurred();
                if (failed || --s->n == 0) {
                    s->n = 0;
                    py_clear(row);
                    return NULL;
                }
                py_setref(iterators->items[i], PY_NONE);
            }
        }
        if (py_list_append_steal(row, item ? item : py_newref(s->b)) < 0)
            py_clear(row);
    }
    struct py_tuple *const result = row ? py_list_as_tuple(row) : NULL;
    py_clear(row);
    return PY_OBJ(result);
}

static const struct py_field zip_longest_fields[] = {STEP_FIELD("iterators", a),
                                                     STEP_FIELD("fillvalue", b)};
STEP_TYPE(zip_longest, zip_longest_next, zip_longest_new,
          .doc = "Return a zip_longest object whose .__next__() method returns a tuple where\nthe "
                 "i-th element comes from the i-th iterable argument.");

/* ---- the module ------------------------------------------------------------------------------ */

static const struct py_method_def functions[] = {
    {.name = "tee",
     .fn = itertools_tee,
     .min_args = 1,
     .max_args = 2,
     .doc = "A tuple of n iterators over the same elements."},
    {.name = NULL}};

struct py_module *py_mod_itertools_init(void); /* modules.def */

struct py_module *py_mod_itertools_init(void)
{
    static struct py_type *const types[] = {
#define T(name) &py_##name##_type,
        ITERTOOLS_TYPES(T)
#undef T
            & py_grouper_type,
        &py_tee_type, &py_tee_cell_type};
    struct py_module *m = py_module_new("itertools", "Iterators, and what makes others of them.");
    if (!m || py_module_add_methods(m, functions) < 0)
        py_clear(m);
    for (size_t i = 0; m && i < sizeof types / sizeof types[0]; i++)
        if (py_module_add(m, py_type_shortname(types[i]), PY_OBJ(types[i])) < 0)
            py_clear(m);
    return m;
}
