/* itertools, the iterators that choose among items: product, permutations, combinations,
 * combinations_with_replacement; and tee.
 *
 * The choosers copy their input into tuples (pools) and keep positions in RAW arrays; each result
 * is a new tuple. i counts nothing here; n is the number of positions.
 *
 * tee: its iterators walk a list of cells, each with one item and the next cell, and the last one
 * with the source. Cells that no iterator has before it any more die by themselves.
 */
#include "vm/builtins/mod_itertools.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static int64_t *numbers(int64_t n)
{
    int64_t *const p = n > (int64_t)1 << 40 ? NULL : py_mem_calloc((size_t)n + 1, sizeof(int64_t));
    if (!p)
        py_raise_no_memory();
    return p;
}

/* A chooser over a pool; steals pool. n positions. */
static struct step *chooser(struct py_type *type, struct py_object *pool, int64_t n)
{
    if (!pool)
        return NULL;
    PY_HOLD(&pool);
    struct step *s = step_new(type);
    if (s) {
        s->a = pool;
        pool = NULL;
        s->n = n;
        s->indices = numbers(n);
        if (!s->indices) {
            PY_HOLD(&s);
            py_clear(s);
        }
    }
    py_clear(pool);
    return s;
}

/* ---- product --------------------------------------------------------------------------------- */

static int64_t repeat_argument(struct py_object *const *args, size_t nargs,
                               struct py_tuple *kwnames)
{
    int64_t n = 1;
    for (int64_t i = 0; kwnames && i < kwnames->base.size; i++) {
        if (!py_str_equal_cstr((struct py_str *)kwnames->items[i], "repeat"))
            return py_raise_int(&py_exc_TypeError,
                                "'%U' is an invalid keyword argument for product()",
                                kwnames->items[i]);
        n = py_int_as_ssize(args[nargs + (size_t)i]);
        if (n == -1 && py_error_occurred())
            return -1;
        if (n < 0)
            return py_raise_int(&py_exc_ValueError, "repeat argument cannot be negative");
    }
    return n;
}

NEW(product_new)
{
    const int64_t times = repeat_argument(args, nargs, kwnames);
    if (times < 0)
        return NULL;
    if (times > 0 && nargs > (uint64_t)(1 << 28) / (uint64_t)times)
        return py_raise(&py_exc_OverflowError, "repeat argument too large");
    struct py_list *pools = py_list_new(0);
    PY_HOLD(&pools);
    for (size_t i = 0; pools && times > 0 && i < nargs; i++) {
        struct py_tuple *const pool = py_tuple_from_iterable(args[i]);
        if (!pool || py_list_append_steal(pools, PY_OBJ(pool)) < 0)
            py_clear(pools);
    }
    for (int64_t k = 1; pools && k < times; k++)
        for (size_t i = 0; pools && i < nargs; i++)
            if (py_list_append(pools, pools->items[i]) < 0)
                py_clear(pools);
    struct step *const s =
        pools ? chooser(type, PY_OBJ(py_list_as_tuple(pools)), pools->base.size) : NULL;
    py_clear(pools);
    return PY_OBJ(s);
}

static struct py_object *product_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    struct py_tuple *const pools = (struct py_tuple *)s->a;
    if (s->finished)
        return NULL;
    if (!s->started) {
        s->started = true;
        for (int64_t i = 0; i < s->n; i++)
            if (((struct py_tuple *)pools->items[i])->base.size == 0)
                s->finished = true;
    } else {
        int64_t i = s->n;
        while (i-- > 0) {
            if (++s->indices[i] < ((struct py_tuple *)pools->items[i])->base.size)
                break;
            s->indices[i] = 0;
        }
        s->finished = i < 0;
    }
    if (s->finished)
        return NULL;
    struct py_list *row = py_list_new(0);
    PY_HOLD(&row);
    for (int64_t i = 0; row && i < s->n; i++)
        if (py_list_append(row, ((struct py_tuple *)pools->items[i])->items[s->indices[i]]) < 0)
            py_clear(row);
    struct py_tuple *const result = row ? py_list_as_tuple(row) : NULL;
    py_clear(row);
    return PY_OBJ(result);
}

static const struct py_field product_fields[] = {STEP_FIELD("pools", a)};
STEP_TYPE(product, product_next, product_new,
          .doc = "product(*iterables, repeat=1) --> product object\n\nCartesian product of input "
                 "iterables.  Equivalent to nested for-loops.");

/* ---- from one pool --------------------------------------------------------------------------- */

static struct py_object *pick(struct step *s)
{
    struct py_tuple *const pool = (struct py_tuple *)s->a;
    struct py_list *row = py_list_new(0);
    PY_HOLD(&row);
    for (int64_t i = 0; row && i < s->n; i++)
        if (py_list_append(row, pool->items[s->indices[i]]) < 0)
            py_clear(row);
    struct py_tuple *const result = row ? py_list_as_tuple(row) : NULL;
    py_clear(row);
    return PY_OBJ(result);
}

/* iterable and r; *r stays -1 when it is None or missing. New tuple. */
static struct py_tuple *pool_and_r(const char *name, struct py_object *const *args, size_t nargs,
                                   struct py_tuple *kwnames, bool r_required, int64_t *r)
{
    static const char *const names[] = {"iterable", "r"};
    const struct py_params params = {.function = name,
                                     .names = names,
                                     .count = 2,
                                     .required = r_required ? 2 : 1,
                                     .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    *r = -1;
    if (in[1] && (r_required || in[1] != PY_NONE)) {
        if (!r_required && !py_int_check(in[1]))
            return py_raise(&py_exc_TypeError, "Expected int as r");
        *r = py_int_as_ssize(in[1]);
        if (*r == -1 && py_error_occurred())
            return NULL;
        if (*r < 0)
            return py_raise(&py_exc_ValueError, "r must be non-negative");
    }
    return py_tuple_from_iterable(in[0]);
}

NEW(permutations_new)
{
    int64_t r;
    struct py_tuple *const pool = pool_and_r("permutations", args, nargs, kwnames, false, &r);
    if (!pool)
        return NULL;
    const int64_t n = pool->base.size;
    if (r < 0)
        r = n;
    struct step *s = chooser(type, PY_OBJ(pool), n > r ? n : r);
    if (!s)
        return NULL;
    PY_HOLD(&s);
    s->cycles = numbers(r);
    if (!s->cycles) {
        py_clear(s);
        return NULL;
    }
    for (int64_t i = 0; i < n; i++)
        s->indices[i] = i;
    for (int64_t i = 0; i < r; i++)
        s->cycles[i] = n - i;
    s->n = r;
    s->finished = r > n;
    struct step *const result = s;
    s = NULL;
    return PY_OBJ(result);
}

static struct py_object *permutations_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    const int64_t n = ((struct py_tuple *)s->a)->base.size;
    int64_t *const indices = s->indices;
    if (s->finished)
        return NULL;
    if (!s->started) {
        s->started = true;
        return pick(s);
    }
    for (int64_t i = s->n; i-- > 0;) {
        if (--s->cycles[i] == 0) { /* rotate the rest to the left */
            const int64_t first = indices[i];
            for (int64_t k = i; k < n - 1; k++)
                indices[k] = indices[k + 1];
            indices[n - 1] = first;
            s->cycles[i] = n - i;
        } else {
            const int64_t k = n - s->cycles[i], swap = indices[i];
            indices[i] = indices[k];
            indices[k] = swap;
            return pick(s);
        }
    }
    s->finished = true;
    return NULL;
}

static const struct py_field permutations_fields[] = {STEP_FIELD("pool", a)};
STEP_TYPE(permutations, permutations_next, permutations_new,
          .doc = "Return successive r-length permutations of elements in the iterable.");

NEW(combinations_new)
{
    int64_t r;
    struct py_tuple *const pool = pool_and_r("combinations", args, nargs, kwnames, true, &r);
    if (!pool)
        return NULL;
    const int64_t n = pool->base.size;
    struct step *const s = chooser(type, PY_OBJ(pool), r);
    if (!s)
        return NULL;
    for (int64_t i = 0; i < r; i++)
        s->indices[i] = i;
    s->finished = r > n;
    return PY_OBJ(s);
}

static struct py_object *combinations_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    const int64_t n = ((struct py_tuple *)s->a)->base.size;
    if (s->finished)
        return NULL;
    if (s->started) {
        int64_t i = s->n - 1;
        while (i >= 0 && s->indices[i] == i + n - s->n)
            i--;
        if (i < 0) {
            s->finished = true;
            return NULL;
        }
        s->indices[i]++;
        for (int64_t k = i + 1; k < s->n; k++)
            s->indices[k] = s->indices[k - 1] + 1;
    }
    s->started = true;
    return pick(s);
}

static const struct py_field combinations_fields[] = {STEP_FIELD("pool", a)};
STEP_TYPE(combinations, combinations_next, combinations_new,
          .doc = "Return successive r-length combinations of elements in the iterable.");

NEW(combinations_with_replacement_new)
{
    int64_t r;
    struct py_tuple *const pool =
        pool_and_r("combinations_with_replacement", args, nargs, kwnames, true, &r);
    if (!pool)
        return NULL;
    const int64_t n = pool->base.size;
    struct step *const s = chooser(type, PY_OBJ(pool), r);
    if (s)
        s->finished = n == 0 && r > 0;
    return PY_OBJ(s);
}

static struct py_object *combinations_with_replacement_next(struct py_object *o)
{
    struct step *const s = STEP(o);
    const int64_t n = ((struct py_tuple *)s->a)->base.size;
    if (s->finished)
        return NULL;
    if (s->started) {
        int64_t i = s->n - 1;
        while (i >= 0 && s->indices[i] == n - 1)
            i--;
        if (i < 0) {
            s->finished = true;
            return NULL;
        }
        const int64_t next = s->indices[i] + 1;
        for (; i < s->n; i++)
            s->indices[i] = next;
    }
    s->started = true;
    return pick(s);
}

static const struct py_field combinations_with_replacement_fields[] = {STEP_FIELD("pool", a)};
STEP_TYPE(combinations_with_replacement, combinations_with_replacement_next,
          combinations_with_replacement_new,
          .doc = "Return successive r-length combinations of elements in the iterable allowing "
                 "individual elements to have successive repeats.");

/* ---- tee ------------------------------------------------------------------------------------- */

/* A cell: a item (NULL: not fetched yet), b next cell (made with the item), c source. */
static struct step *new_cell(struct py_object *source)
{
    struct step *const cell = step_new(&py_tee_cell_type);
    if (cell)
        cell->c = py_newref(source);
    return cell;
}

static struct py_object *tee_next(struct py_object *o)
{
    struct step *cell = py_newref(STEP(STEP(o)->a));
    PY_HOLD(&cell);
    struct py_object *item = NULL;
    if (!cell->a && cell->started) {
        py_raise(&py_exc_RuntimeError, "cannot re-enter the tee iterator");
    } else if (!cell->a) {
        cell->started = true;
        item = py_check_c_stack(" while asking an iterator") < 0 ? NULL : py_iter_step(cell->c);
        cell->started = false;
        struct step *const next = item ? new_cell(cell->c) : NULL;
        if (item && !next) {
            py_decref(item);
            item = NULL;
        } else if (item) {
            cell->a = item;
            cell->b = PY_OBJ(next);
            item = py_newref(item);
        }
    } else {
        item = py_newref(cell->a);
    }
    if (item) {
        PY_HOLD(&item);
        py_setref(STEP(o)->a, py_newref(cell->b));
        py_clear(cell);
        struct py_object *const result = item;
        item = NULL;
        return result;
    }
    py_clear(cell);
    return NULL;
}

static struct step *new_tee(struct step *cell)
{
    struct step *const t = step_new(&py_tee_type);
    if (t)
        t->a = PY_OBJ(py_newref(cell));
    return t;
}

METHOD(tee_copy)
{
    (void)args, (void)nargs, (void)kwnames;
    return PY_OBJ(new_tee(STEP(STEP(self)->a)));
}

static struct step *tee_over(struct py_object *iterable)
{
    struct py_object *it = py_iter(iterable);
    if (!it)
        return NULL;
    PY_HOLD(&it);
    struct step *first = NULL;
    if (it->type == &py_tee_type) {
        first = new_tee(STEP(STEP(it)->a));
    } else {
        struct step *cell = new_cell(it);
        PY_HOLD(&cell);
        first = cell ? new_tee(cell) : NULL;
        py_clear(cell);
    }
    py_clear(it);
    return first;
}

NEW(tee_new)
{
    (void)type;
    if (py_no_keywords("_tee", kwnames) < 0 || py_check_positional("_tee", nargs, 1, 1) < 0)
        return NULL;
    return PY_OBJ(tee_over(args[0]));
}

struct py_object *itertools_tee(struct py_object *self, struct py_object *const *args, size_t nargs,
                                struct py_tuple *kwnames)
{
    (void)self, (void)kwnames;
    int64_t n = 2;
    if (nargs > 1) {
        n = py_int_as_ssize(args[1]);
        if (n == -1 && py_error_occurred())
            return NULL;
        if (n < 0)
            return py_raise(&py_exc_ValueError, "n must be >= 0");
    }
    struct py_list *all = py_list_new(0);
    PY_HOLD(&all);
    for (int64_t i = 0; all && i < n; i++) {
        struct step *const t = i == 0 ? tee_over(args[0]) : new_tee(STEP(STEP(all->items[0])->a));
        if (!t || py_list_append_steal(all, PY_OBJ(t)) < 0)
            py_clear(all);
    }
    struct py_tuple *const result = all ? py_list_as_tuple(all) : NULL;
    py_clear(all);
    return PY_OBJ(result);
}

static const struct py_method_def tee_methods[] = {{.name = "__copy__", .fn = tee_copy},
                                                   {.name = NULL}};
static const struct py_field tee_fields[] = {STEP_FIELD("cell", a)};
STEP_TYPE_NAMED(tee, "_tee", tee_next, tee_new, .methods = tee_methods,
                .doc = "One of the iterators that tee() gives.");
static const struct py_field tee_cell_fields[] = {STEP_FIELD("value", a), STEP_FIELD("next", b),
                                                  STEP_FIELD("it", c)};
STEP_TYPE_NAMED(tee_cell, "_tee_dataobject", NULL, NULL, .doc = "teedataobject");
