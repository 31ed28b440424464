/* enumerate, zip, map, filter, reversed: iterators that work on other iterators.
 *
 * Asking another iterator for its next item may run Python code, so items collected so far are
 * registered with handles. enumerate and zip hand out the same tuple again when nobody else has
 * kept the last one (`for i, x in enumerate(...)` never does): that saves an allocation per item.
 */
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/alias.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

/* Puts a value into a slot of a tuple that only we own, which py_hold'ers of it may see. */
static inline void replace_item(struct py_tuple *t, int64_t i, struct py_object *value)
{
    struct py_object *old = t->items[i];
    t->items[i] = value;
    py_decref(old);
}

/* --- enumerate --- */

struct enumerate {
    struct py_object base;
    int64_t index;
    struct py_object *it;
    struct py_object *result; /* pair to hand out again */
    struct py_object *big;    /* the next index once it left int64_t; else NULL */
};

static struct py_object *enumerate_new(struct py_type *type, struct py_object *const *args,
                                       size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"iterable", "start"};
    static const struct py_params params = {
        .function = "enumerate", .names = names, .count = 2, .required = 1, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    if (nargs == 0 && !kwnames)
        return py_raise(&py_exc_TypeError, "enumerate() missing required argument 'iterable'");
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    struct py_object *held[3] = {NULL}; /* big, it, result */
    PY_HOLD_N(held, 3);
    int64_t index = 0;
    struct enumerate *e = NULL;
    PY_HOLD(&e);
    if (in[1]) {
        held[0] = py_index(in[1]);
        if (!held[0])
            goto done;
        if (py_int_is_compact(held[0])) {
            index = py_int_compact_value(held[0]);
            py_clear(held[0]);
        }
    }
    held[1] = py_iter(in[0]);
    held[2] = held[1] ? PY_OBJ(py_tuple_pack(2, PY_NONE, PY_NONE)) : NULL;
    e = held[2] ? py_object_new(type) : NULL;
    if (!e)
        goto done;
    e->index = index;
    e->big = held[0];
    e->it = held[1];
    e->result = held[2];
    held[0] = held[1] = held[2] = NULL;
    py_gc_track(e);
done:
    for (int i = 0; i < 3; i++)
        py_clear(held[i]);
    return PY_OBJ(e);
}

/* The number that goes with the next item; advances. */
static struct py_object *enumerate_index(struct enumerate *e)
{
    if (!e->big && e->index < INT64_MAX)
        return py_int_from_i64(e->index++);
    if (!e->big && !(e->big = py_int_from_i64(INT64_MAX)))
        return NULL;
    struct py_object *one = py_int_from_i64(1), *now = e->big;
    struct py_object *next = py_int_add(now, one);
    py_decref(one);
    if (!next)
        return NULL;
    e->big = next;
    return now;
}

/* Asks the iterator below; chains of these types are as deep as the program makes them. */
static inline struct py_object *guarded_step(struct py_object *it)
{
    return py_check_c_stack(" while asking an iterator") < 0 ? NULL : py_iter_step(it);
}

static struct py_object *enumerate_next(struct py_object *o)
{
    struct enumerate *e = (struct enumerate *)o;
    struct py_object *item = e->it->type->new_ ? guarded_step(e->it) /* may be one of ours */
                                               : e->it->type->iternext(e->it);
    if (!item)
        return NULL;
    struct py_object *index = enumerate_index(e);
    if (!index) {
        py_decref(item);
        return NULL;
    }
    struct py_tuple *pair = (struct py_tuple *)e->result;
    if (pair->base.base.refcnt != 1)
        return PY_OBJ(py_tuple_from_array_steal((struct py_object *[]){index, item}, 2));
    py_incref(pair);
    struct py_object *old = pair->items[1];
    replace_item(pair, 0, index); /* an int: runs nothing */
    pair->items[1] = item;
    if (!py_gc_is_tracked(PY_OBJ(pair)))
        py_gc_track(pair);
    if (old->refcnt != 1) {
        py_decref(old);
        return PY_OBJ(pair);
    }
    PY_HOLD(&pair);
    py_decref(old);
    return PY_OBJ(pair);
}

METHOD(enumerate_reduce)
{
    UNUSED_ARGS;
    const struct enumerate *e = (struct enumerate *)self;
    struct py_object *index = e->big ? py_newref(e->big) : py_int_from_i64(e->index);
    struct py_tuple *arguments = index ? py_tuple_pack(2, e->it, index) : NULL;
    struct py_object *result =
        arguments ? PY_OBJ(py_tuple_pack(2, PY_OBJ(self->type), PY_OBJ(arguments))) : NULL;
    py_xdecref(index);
    py_xdecref(arguments);
    return result;
}

static const struct py_method_def enumerate_methods[] = {
    PY_CLASS_GETITEM_ROW,
    {.name = "__reduce__", .fn = enumerate_reduce, .doc = "What pickle keeps of it."},
    {.name = NULL},
};
static const struct py_field enumerate_fields[] = {PY_FIELD(struct enumerate, it),
                                                   PY_FIELD(struct enumerate, result),
                                                   PY_FIELD(struct enumerate, big), PY_FIELD_END};

struct py_type py_enumerate_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "enumerate",
    .basicsize = sizeof(struct enumerate),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_BASETYPE,
    .field_count = 3,
    .fields = enumerate_fields,
    .iter = py_iter_self,
    .iternext = enumerate_next,
    .new_ = enumerate_new,
    .methods = enumerate_methods,
    .doc =
        "enumerate(iterable, start=0) -- pairs of a number, counted up from start, and an element.",
};

/* --- zip --- */

struct zip {
    struct py_object base;
    int64_t count;
    struct py_object *iterators; /* tuple */
    struct py_object *result;    /* tuple to hand out again */
    int64_t strict;
};

/* A tuple of iterators over args, or NULL. message: for what is not iterable, with its number. */
static struct py_tuple *make_iterators(struct py_object *const *args, size_t n)
{
    struct py_tuple *t = py_tuple_new((int64_t)n);
    if (!t)
        return NULL;
    PY_HOLD(&t);
    for (size_t i = 0; i < n; i++) {
        t->items[i] = py_iter(args[i]);
        if (!t->items[i]) {
            py_clear(t);
            return NULL;
        }
    }
    return t;
}

static struct py_object *zip_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                 struct py_tuple *kwnames)
{
    int strict = 0;
    if (kwnames && kwnames->base.size) {
        static const char *const names[] = {"strict"};
        static const struct py_params params = {
            .function = "zip", .names = names, .count = 1, .keyword_only = 0};
        struct py_object *in[1] = {NULL};
        if (py_parse_args(&params, args + nargs, 0, kwnames, in) < 0)
            return NULL;
        strict = in[0] ? py_truth(in[0]) : 0;
        if (strict < 0)
            return NULL;
    }
    struct py_object *held[2] = {NULL};
    PY_HOLD_N(held, 2);
    struct zip *z = NULL;
    PY_HOLD(&z);
    held[0] = PY_OBJ(make_iterators(args, nargs));
    held[1] = held[0] ? PY_OBJ(py_tuple_new((int64_t)nargs)) : NULL;
    if (held[1]) {
        for (size_t i = 0; i < nargs; i++)
            ((struct py_tuple *)held[1])->items[i] = py_newref(PY_NONE);
        z = py_object_new(type);
    }
    if (z) {
        z->count = (int64_t)nargs;
        z->iterators = held[0];
        z->result = held[1];
        z->strict = strict;
        held[0] = held[1] = NULL;
        py_gc_track(z);
    }
    py_clear(held[0]);
    py_clear(held[1]);
    return PY_OBJ(z);
}

/* strict and iterator i ended first: all must end here. */
static struct py_object *zip_check_strict(struct zip *z, int64_t i)
{
    if (py_error_occurred())
        return NULL;
    if (i > 0)
        return py_raise(&py_exc_ValueError, "zip() argument %ld is shorter than argument%s%ld",
                        (long)(i + 1), i == 1 ? " " : "s 1-", (long)i);
    for (i = 1; i < z->count; i++) {
        struct py_object *item = guarded_step(((struct py_tuple *)z->iterators)->items[i]);
        if (item) {
            py_decref(item);
            return py_raise(&py_exc_ValueError, "zip() argument %ld is longer than argument%s%ld",
                            (long)(i + 1), i == 1 ? " " : "s 1-", (long)i);
        }
        if (py_error_occurred())
            return NULL;
    }
    return NULL;
}

static struct py_object *zip_next(struct py_object *o)
{
    struct zip *z = (struct zip *)o;
    if (z->count == 0)
        return NULL;
    struct py_tuple *t = (struct py_tuple *)z->result;
    struct py_object *const *iterators = ((struct py_tuple *)z->iterators)->items;
    const bool reuse = t->base.base.refcnt == 1;
    if (reuse)
        py_incref(t);
    else if (!(t = py_tuple_new(z->count)))
        return NULL;
    PY_HOLD(&t);
    for (int64_t i = 0; i < z->count; i++) {
        struct py_object *item = guarded_step(iterators[i]);
        if (!item) {
            py_clear(t);
            return z->strict ? zip_check_strict(z, i) : NULL;
        }
        if (reuse)
            replace_item(t, i, item);
        else
            t->items[i] = item;
    }
    if (reuse && !py_gc_is_tracked(PY_OBJ(t)))
        py_gc_track(t);
    return PY_OBJ(t);
}

METHOD(zip_reduce)
{
    UNUSED_ARGS;
    const struct zip *z = (struct zip *)self;
    return PY_OBJ(z->strict ? py_tuple_pack(3, PY_OBJ(self->type), z->iterators, PY_TRUE)
                            : py_tuple_pack(2, PY_OBJ(self->type), z->iterators));
}

METHOD(zip_setstate)
{
    UNUSED_ARGS;
    const int strict = py_truth(args[0]);
    if (strict < 0)
        return NULL;
    ((struct zip *)self)->strict = strict;
    return py_newref(PY_NONE);
}

static const struct py_method_def zip_methods[] = {
    {.name = "__reduce__", .fn = zip_reduce, .doc = "What pickle keeps of it."},
    {.name = "__setstate__",
     .fn = zip_setstate,
     .min_args = 1,
     .max_args = 1,
     .doc = "Go to where a pickled iterator was."},
    {.name = NULL},
};
static const struct py_field zip_fields[] = {PY_FIELD(struct zip, iterators),
                                             PY_FIELD(struct zip, result), PY_FIELD_END};

struct py_type py_zip_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "zip",
    .basicsize = sizeof(struct zip),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_BASETYPE,
    .field_count = 2,
    .fields = zip_fields,
    .iter = py_iter_self,
    .iternext = zip_next,
    .new_ = zip_new,
    .methods = zip_methods,
    .doc = "zip(*iterables, strict=False)\n\nTuples of the first element of each iterable, of the "
           "second ones, and so on until\none has no more. With strict it is a ValueError if the "
           "others have.",
};

/* --- map --- */

struct map {
    struct py_object base;
    struct py_object *iterators; /* tuple */
    struct py_object *function;
};

static struct py_object *map_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                 struct py_tuple *kwnames)
{
    if (type == &py_map_type && py_no_keywords("map", kwnames) < 0)
        return NULL;
    if (nargs < 2)
        return py_raise(&py_exc_TypeError, "map() must have at least two arguments.");
    struct py_object *iterators = PY_OBJ(make_iterators(args + 1, nargs - 1));
    if (!iterators)
        return NULL;
    struct map *m = py_object_new(type);
    if (!m) {
        py_decref(iterators);
        return NULL;
    }
    m->iterators = iterators;
    m->function = py_newref(args[0]);
    py_gc_track(m);
    return PY_OBJ(m);
}

static struct py_object *map_next(struct py_object *o)
{
    struct map *m = (struct map *)o;
    const struct py_tuple *iterators = (struct py_tuple *)m->iterators;
    const int64_t n = iterators->base.size;
    struct py_object *few[6] = {NULL}, **items = few, *result = NULL;
    if (n > 6 && !(items = py_mem_calloc((size_t)n, sizeof *items)))
        return py_raise_no_memory();
    PY_HOLD_N(items, n);
    int64_t i = 0;
    while (i < n && (items[i] = guarded_step(iterators->items[i])) != NULL)
        i++;
    if (i == n)
        result = py_call(m->function, items, (size_t)n, NULL);
    PY_HOLD(&result);
    while (i-- > 0)
        py_clear(items[i]);
    if (items != few)
        py_mem_free(items);
    return result;
}

METHOD(map_reduce)
{
    UNUSED_ARGS;
    const struct map *m = (struct map *)self;
    const struct py_tuple *iterators = (struct py_tuple *)m->iterators;
    struct py_tuple *arguments = py_tuple_new(iterators->base.size + 1);
    if (!arguments)
        return NULL;
    arguments->items[0] = py_newref(m->function);
    for (int64_t i = 0; i < iterators->base.size; i++)
        arguments->items[i + 1] = py_newref(iterators->items[i]);
    struct py_object *result = PY_OBJ(py_tuple_pack(2, PY_OBJ(self->type), PY_OBJ(arguments)));
    py_decref(arguments);
    return result;
}

static const struct py_method_def map_methods[] = {
    {.name = "__reduce__", .fn = map_reduce, .doc = "What pickle keeps of it."},
    {.name = NULL},
};
static const struct py_field map_fields[] = {PY_FIELD(struct map, iterators),
                                             PY_FIELD(struct map, function), PY_FIELD_END};

struct py_type py_map_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "map",
    .basicsize = sizeof(struct map),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_BASETYPE,
    .field_count = 2,
    .fields = map_fields,
    .iter = py_iter_self,
    .iternext = map_next,
    .new_ = map_new,
    .methods = map_methods,
    .doc = "map(func, *iterables)\n\nThe results of func for the first element of each iterable, "
           "for the second ones,\nand so on until one has no more.",
};

/* --- filter --- */

struct filter {
    struct py_object base;
    struct py_object *function, *it;
};

static struct py_object *filter_new(struct py_type *type, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    if (type == &py_filter_type && py_no_keywords("filter", kwnames) < 0)
        return NULL;
    if (py_check_positional("filter", nargs, 2, 2) < 0)
        return NULL;
    struct py_object *it = py_iter(args[1]);
    if (!it)
        return NULL;
    struct filter *f = py_object_new(type);
    if (!f) {
        py_decref(it);
        return NULL;
    }
    f->function = py_newref(args[0]);
    f->it = it;
    py_gc_track(f);
    return PY_OBJ(f);
}

static struct py_object *filter_next(struct py_object *o)
{
    struct filter *f = (struct filter *)o;
    const bool truth_only = f->function == PY_NONE || f->function == PY_OBJ(&py_bool_type);
    struct py_object *item = NULL;
    PY_HOLD(&item);
    while ((item = guarded_step(f->it)) != NULL) {
        int good;
        if (truth_only) {
            good = py_truth(item);
        } else {
            struct py_object *verdict = py_call1(f->function, item);
            if (verdict == PY_TRUE || verdict == PY_FALSE) {
                good = verdict == PY_TRUE;
            } else {
                PY_HOLD(&verdict);
                good = verdict ? py_truth(verdict) : -1;
                py_clear(verdict);
            }
        }
        if (good > 0)
            return item;
        py_clear(item);
        if (good < 0)
            return NULL;
    }
    return NULL;
}

METHOD(filter_reduce)
{
    UNUSED_ARGS;
    const struct filter *f = (struct filter *)self;
    struct py_tuple *arguments = py_tuple_pack(2, f->function, f->it);
    if (!arguments)
        return NULL;
    struct py_object *result = PY_OBJ(py_tuple_pack(2, PY_OBJ(self->type), PY_OBJ(arguments)));
    py_decref(arguments);
    return result;
}

static const struct py_method_def filter_methods[] = {
    {.name = "__reduce__", .fn = filter_reduce, .doc = "What pickle keeps of it."},
    {.name = NULL},
};
static const struct py_field filter_fields[] = {PY_FIELD(struct filter, function),
                                                PY_FIELD(struct filter, it), PY_FIELD_END};

struct py_type py_filter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "filter",
    .basicsize = sizeof(struct filter),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_BASETYPE,
    .field_count = 2,
    .fields = filter_fields,
    .iter = py_iter_self,
    .iternext = filter_next,
    .new_ = filter_new,
    .methods = filter_methods,
    .doc = "filter(function, iterable)\n\nThe elements for which function(item) is true; with "
           "None, those that are true.",
};

/* --- reversed --- */

static struct py_object *reversed_new(struct py_type *type, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    if (type == &py_reversed_type && py_no_keywords("reversed", kwnames) < 0)
        return NULL;
    if (py_check_positional("reversed", nargs, 1, 1) < 0)
        return NULL;
    struct py_object *sequence = args[0];
    struct py_object *method = py_lookup_special(sequence, py_str_const("__reversed__"));
    if (method == PY_NONE)
        return py_raise(&py_exc_TypeError, "'%.200s' object is not reversible",
                        sequence->type->name);
    if (method) {
        PY_HOLD(&method);
        struct py_object *result = py_call0(method);
        PY_HOLD(&result);
        py_clear(method);
        return result;
    }
    if (py_error_occurred())
        return NULL;
    const struct py_type *t = sequence->type;
    if (!t->item && !((t->flags & PY_TYPE_HEAP) && !(t->flags & PY_TYPE_IS_DICT) && t->subscript))
        return py_raise(&py_exc_TypeError, "'%.200s' object is not reversible", t->name);
    const int64_t n = py_length(sequence);
    if (n < 0)
        return NULL;
    struct py_seq_iter *it = py_object_new(type);
    if (!it)
        return NULL;
    it->index = n - 1;
    it->sequence = py_newref(sequence);
    py_gc_track(it);
    return PY_OBJ(it);
}

static struct py_object *reversed_next(struct py_object *o)
{
    struct py_seq_iter *it = (struct py_seq_iter *)o;
    if (it->index >= 0 && it->sequence) {
        struct py_object *item = py_getitem_index(it->sequence, it->index);
        if (item) {
            it->index--;
            return item;
        }
        if (py_error_matches(&py_exc_IndexError) || py_error_matches(&py_exc_StopIteration))
            py_error_clear();
    }
    it->index = -1;
    py_clear(it->sequence);
    return NULL;
}

METHOD(reversed_length_hint)
{
    UNUSED_ARGS;
    struct py_seq_iter *it = (struct py_seq_iter *)self;
    if (!it->sequence)
        return py_int_from_i64(0);
    const int64_t n = py_length(it->sequence);
    if (n < 0)
        return NULL;
    return py_int_from_i64(n < it->index + 1 ? 0 : it->index + 1);
}

static const struct py_method_def reversed_methods[] = {
    {.name = "__length_hint__",
     .fn = reversed_length_hint,
     .doc = "About how many items are still to come."},
    {.name = NULL},
};
static const struct py_field reversed_fields[] = {PY_FIELD(struct py_seq_iter, sequence),
                                                  PY_FIELD_END};

struct py_type py_reversed_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "reversed",
    .basicsize = sizeof(struct py_seq_iter),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_BASETYPE,
    .field_count = 1,
    .fields = reversed_fields,
    .iter = py_iter_self,
    .iternext = reversed_next,
    .new_ = reversed_new,
    .methods = reversed_methods,
    .doc = "Iterate over a sequence from its end.",
};
