/* Iterators over lists, tuples, str, bytes and anything with __getitem__; callable iterators.
 *
 * All sequence iterators share struct py_seq_iter. An exhausted one lets its sequence go (NULL)
 * and stays exhausted, even if a list grows again. The interpreter loop steps list and tuple
 * iterators itself; what it does must match list_next and tuple_next.
 */
#include "vm/object/iter.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define AS_ITER(o) ((struct py_seq_iter *)(o))
#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)args, (void)nargs, (void)kwnames

struct py_object *py_seq_iter_new(struct py_type *type, struct py_object *sequence)
{
    struct py_seq_iter *it =
        py_object_alloc(type, sizeof *it, sizeof *it + sizeof(struct py_gc_head));
    if (!it)
        return NULL;
    it->index = 0;
    it->sequence = py_newref(sequence);
    py_gc_track(it);
    return PY_OBJ(it);
}

static struct py_object *exhausted(struct py_seq_iter *it)
{
    py_clear(it->sequence);
    return NULL;
}

static struct py_object *list_next(struct py_object *o)
{
    struct py_seq_iter *it = AS_ITER(o);
    struct py_list *list = (struct py_list *)it->sequence;
    if (!list)
        return NULL;
    if (it->index < list->base.size)
        return py_newref(list->items[it->index++]);
    return exhausted(it);
}

static struct py_object *list_reverse_next(struct py_object *o)
{
    struct py_seq_iter *it = AS_ITER(o);
    struct py_list *list = (struct py_list *)it->sequence;
    if (!list)
        return NULL;
    if (it->index >= 0 && it->index < list->base.size)
        return py_newref(list->items[it->index--]);
    it->index = -1;
    return exhausted(it);
}

static struct py_object *tuple_next(struct py_object *o)
{
    struct py_seq_iter *it = AS_ITER(o);
    struct py_tuple *t = (struct py_tuple *)it->sequence;
    if (!t)
        return NULL;
    if (it->index < t->base.size)
        return py_newref(t->items[it->index++]);
    return exhausted(it);
}

static struct py_object *str_next(struct py_object *o)
{
    struct py_seq_iter *it = AS_ITER(o);
    struct py_str *s = (struct py_str *)it->sequence;
    if (!s)
        return NULL;
    if (it->index < s->length)
        return PY_OBJ(py_str_from_char(py_str_char(s, it->index++)));
    return exhausted(it);
}

static struct py_object *bytes_next(struct py_object *o)
{
    struct py_seq_iter *it = AS_ITER(o);
    struct py_bytes *b = (struct py_bytes *)it->sequence;
    if (!b)
        return NULL;
    if (it->index < b->base.size)
        return py_int_from_i64(b->data[it->index++]);
    return exhausted(it);
}

static struct py_object *seq_next(struct py_object *o)
{
    struct py_seq_iter *it = AS_ITER(o);
    if (!it->sequence)
        return NULL;
    if (it->index == INT64_MAX)
        return py_raise(&py_exc_OverflowError, "iter index too large");
    struct py_object *item = py_getitem_index(it->sequence, it->index);
    if (item) {
        it->index++;
        return item;
    }
    if (py_error_matches(&py_exc_IndexError) || py_error_matches(&py_exc_StopIteration)) {
        py_error_clear();
        return exhausted(it);
    }
    return NULL;
}

METHOD(seq_length_hint)
{
    UNUSED_ARGS;
    struct py_seq_iter *it = AS_ITER(self);
    int64_t n = 0;
    if (it->sequence) {
        if (!it->sequence->type->length)
            return py_newref(PY_NOT_IMPLEMENTED);
        n = py_length(it->sequence);
        if (n < 0)
            return NULL;
        n = n > it->index ? n - it->index : 0;
    }
    return py_int_from_i64(n);
}

METHOD(list_reverse_length_hint)
{
    UNUSED_ARGS;
    const struct py_seq_iter *it = AS_ITER(self);
    const struct py_list *list = (struct py_list *)it->sequence;
    return py_int_from_i64(list && it->index < list->base.size ? it->index + 1 : 0);
}

/* (iter, (sequence,), index): what copy and pickle rebuild it from. */
struct py_object *py_seq_iter_reduce(struct py_object *self, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    UNUSED_ARGS;
    const struct py_seq_iter *it = AS_ITER(self);
    const bool reverse = self->type == &py_list_reverse_iter_type;
    struct py_object *builtin =
        py_dict_get_cstr(py_runtime.builtins, reverse ? "reversed" : "iter");
    if (!builtin)
        return py_raise(&py_exc_AttributeError, reverse ? "reversed" : "iter");
    struct py_object *result = NULL;
    if (!it->sequence) {
        struct py_tuple *none = py_tuple_empty();
        struct py_tuple *arguments = py_tuple_pack(1, PY_OBJ(none));
        if (arguments) {
            result = PY_OBJ(py_tuple_pack(2, builtin, PY_OBJ(arguments)));
            py_decref(arguments);
        }
        return result;
    }
    struct py_tuple *arguments = py_tuple_pack(1, it->sequence);
    struct py_object *index = py_int_from_i64(it->index);
    if (arguments && index)
        result = PY_OBJ(py_tuple_pack(3, builtin, PY_OBJ(arguments), index));
    py_xdecref(arguments);
    py_xdecref(index);
    return result;
}

METHOD(seq_setstate)
{
    UNUSED_ARGS;
    const int64_t index = py_int_as_ssize(args[0]);
    if (index == -1 && py_error_occurred())
        return NULL;
    if (AS_ITER(self)->sequence)
        AS_ITER(self)->index = index < 0 ? 0 : index;
    return py_newref(PY_NONE);
}

static const struct py_method_def seq_iter_methods[] = {
    {.name = "__length_hint__",
     .fn = seq_length_hint,
     .doc = "About how many items are still to come."},
    {.name = "__reduce__", .fn = py_seq_iter_reduce, .doc = "What pickle keeps of it."},
    {.name = "__setstate__",
     .fn = seq_setstate,
     .min_args = 1,
     .max_args = 1,
     .doc = "Go to where a pickled iterator was."},
    {.name = NULL},
};
static const struct py_method_def list_reverse_iter_methods[] = {
    {.name = "__length_hint__",
     .fn = list_reverse_length_hint,
     .doc = "About how many items are still to come."},
    {.name = "__reduce__", .fn = py_seq_iter_reduce, .doc = "What pickle keeps of it."},
    {.name = "__setstate__",
     .fn = seq_setstate,
     .min_args = 1,
     .max_args = 1,
     .doc = "Go to where a pickled iterator was."},
    {.name = NULL},
};
static const struct py_field seq_iter_fields[] = {PY_FIELD(struct py_seq_iter, sequence),
                                                  PY_FIELD_END};

#define SEQ_ITER_TYPE(variable, type_name, next_function, method_table) \
    struct py_type variable = {                                         \
        .base.base = PY_STATIC_HEADER(&py_type_type),                   \
        .name = type_name,                                              \
        .basicsize = sizeof(struct py_seq_iter),                        \
        .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW, \
        .field_count = 1,                                               \
        .fields = seq_iter_fields,                                      \
        .iter = py_iter_self,                                           \
        .iternext = next_function,                                      \
        .methods = method_table,                                        \
    }

SEQ_ITER_TYPE(py_list_iter_type, "list_iterator", list_next, seq_iter_methods);
SEQ_ITER_TYPE(py_list_reverse_iter_type, "list_reverseiterator", list_reverse_next,
              list_reverse_iter_methods);
SEQ_ITER_TYPE(py_tuple_iter_type, "tuple_iterator", tuple_next, seq_iter_methods);
SEQ_ITER_TYPE(py_str_iter_type, "str_iterator", str_next, seq_iter_methods);
SEQ_ITER_TYPE(py_bytes_iter_type, "bytes_iterator", bytes_next, seq_iter_methods);
SEQ_ITER_TYPE(py_seq_iter_type, "iterator", seq_next, seq_iter_methods);

/* --- iter(callable, sentinel) --- */

struct call_iter {
    struct py_object base;
    struct py_object *callable, *sentinel; /* NULL once exhausted */
};

struct py_object *py_call_iter_new(struct py_object *callable, struct py_object *sentinel)
{
    struct call_iter *it = py_object_new(&py_call_iter_type);
    if (!it)
        return NULL;
    it->callable = py_newref(callable);
    it->sentinel = py_newref(sentinel);
    py_gc_track(it);
    return PY_OBJ(it);
}

static struct py_object *call_next(struct py_object *o)
{
    struct call_iter *it = (struct call_iter *)o;
    if (!it->callable)
        return NULL;
    struct py_object *value =
        py_check_c_stack(" while calling a Python object") < 0 ? NULL : py_call0(it->callable);
    if (!value) {
        if (py_error_catch_stop_iteration(NULL)) {
            py_clear(it->callable);
            py_clear(it->sentinel);
        }
        return NULL;
    }
    if (!it->sentinel) /* the call itself exhausted us */
        return py_decref(value), NULL;
    PY_HOLD(&value);
    const int equal = py_richcompare_bool(it->sentinel, value, PY_EQ);
    if (equal == 0)
        return value;
    py_clear(value);
    if (equal > 0) {
        py_clear(it->callable);
        py_clear(it->sentinel);
    }
    return NULL;
}

static const struct py_field call_iter_fields[] = {
    PY_FIELD(struct call_iter, callable), PY_FIELD(struct call_iter, sentinel), PY_FIELD_END};

struct py_type py_call_iter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "callable_iterator",
    .basicsize = sizeof(struct call_iter),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW,
    .field_count = 2,
    .fields = call_iter_fields,
    .iter = py_iter_self,
    .iternext = call_next,
};
