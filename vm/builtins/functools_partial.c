/* functools.partial: a callable with its first arguments, and keywords, given already.
 *
 *     partial(f, 1, k=2)(3, m=4)   calls   f(1, 3, k=2, m=4)
 *
 * A partial of a partial takes the inner one's function and arguments over, unless that one has
 * attributes of its own. Without keywords of its own a call copies pointers only; with them it
 * makes a dict.
 *
 * __setstate__ and a mutable `keywords` may change a partial while its function runs: a call holds
 * what it has begun with.
 */
#include "vm/builtins/mod_functools.h"
#include "vm/builtins/mod_support.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/alias.h"
#include "vm/object/dict.h"
#include "vm/object/instance.h"
#include "vm/object/repr_guard.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#include <stdlib.h>
#include <string.h>

struct py_partial {
    struct py_object base;
    struct py_object *func;
    struct py_tuple *args;
    struct py_dict *keywords;
    struct py_dict *dict; /* or NULL */
    struct py_object *weaklist;
};

#define PARTIAL(o) ((struct py_partial *)(o))

static struct py_object *partial_call(struct py_object *self, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames);

static struct py_tuple *joined(const struct py_tuple *first, struct py_object *const *rest,
                               size_t n)
{
    const size_t before = first ? (size_t)first->base.size : 0;
    if (first && !n)
        return py_newref((struct py_tuple *)(uintptr_t)first);
    struct py_tuple *t = before + n ? py_tuple_new((int64_t)(before + n)) : py_tuple_empty();
    if (!t || !(before + n))
        return t;
    for (size_t i = 0; i < before + n; i++)
        t->items[i] = py_newref(i < before ? first->items[i] : rest[i - before]);
    return t;
}

/* A new dict: `first`, if any, and over it the keywords of a call. */
static struct py_dict *merged(struct py_dict *first, struct py_object *const *values,
                              const struct py_tuple *names)
{
    struct py_dict *d = first ? py_dict_copy(first) : py_dict_new();
    PY_HOLD(&d);
    for (int64_t i = 0; d && names && i < names->base.size; i++)
        if (py_dict_set(d, names->items[i], values[i]) < 0)
            py_clear(d);
    struct py_dict *result = d;
    d = NULL;
    return result;
}

static struct py_object *partial_new(struct py_type *type, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    if (!nargs)
        return py_raise(&py_exc_TypeError, "type 'partial' takes at least one argument");
    struct py_object *func = args[0];
    if (!py_is_callable(func))
        return py_raise(&py_exc_TypeError, "the first argument must be callable");
    const struct py_partial *inner = NULL;
    if (func->type->call == partial_call && !PARTIAL(func)->dict) {
        inner = PARTIAL(func);
        func = inner->func;
    }
    struct py_object *o = py_object_new(type);
    PY_HOLD(&o);
    if (!o)
        return NULL;
    struct py_partial *p = PARTIAL(o);
    p->func = py_newref(func);
    p->args = joined(inner ? inner->args : NULL, args + 1, nargs - 1);
    if (p->args)
        p->keywords = merged(inner ? inner->keywords : NULL, args + nargs, kwnames);
    py_gc_track(o);
    if (!p->keywords)
        py_clear(o);
    struct py_object *result = o;
    o = NULL;
    return result;
}

/* ---- calls -------------------------------------------------------------------------------------
 */

enum { ON_STACK = 16 };

/* The partial has no keywords: first its arguments, then those of the call as they came. */
static struct py_object *call_with(struct py_object *func, const struct py_tuple *first,
                                   struct py_object *const *args, size_t nargs,
                                   struct py_tuple *kwnames)
{
    const size_t before = (size_t)first->base.size;
    const size_t after = nargs + (kwnames ? (size_t)kwnames->base.size : 0);
    struct py_object *some[ON_STACK], **all = some;
    if (before + after > ON_STACK && !(all = malloc((before + after) * sizeof *all)))
        return py_raise_no_memory();
    memcpy(all, first->items, before * sizeof *all);
    if (after)
        memcpy(all + before, args, after * sizeof *all);
    struct py_object *result = py_call(func, all, before + nargs, kwnames);
    if (all != some)
        free(all);
    return result;
}

static struct py_object *partial_call(struct py_object *self, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    struct py_partial *p = PARTIAL(self);
    if (!p->func || !p->args || !p->keywords)
        return py_raise(&py_exc_TypeError, "partial object is not initialised");
    struct py_object *func = py_newref(p->func);
    struct py_tuple *first = py_newref(p->args);
    PY_HOLD(&func);
    PY_HOLD(&first);
    struct py_object *result = NULL;
    if (!p->keywords->used) {
        result = call_with(func, first, args, nargs, kwnames);
    } else {
        struct py_dict *keywords = merged(p->keywords, args + nargs, kwnames);
        PY_HOLD(&keywords);
        struct py_tuple *all = keywords ? joined(first, args, nargs) : NULL;
        PY_HOLD(&all);
        if (all)
            result = py_call_tuple(func, all, keywords);
        py_clear(keywords);
        py_clear(all);
    }
    PY_HOLD(&result);
    py_clear(func);
    py_clear(first);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

/* ---- text and state ----------------------------------------------------------------------------
 */

/* ", 1, k=2". The dict is the caller's own: nobody changes it meanwhile. */
static int write_arguments(struct py_strbuf *text, const struct py_tuple *args,
                           struct py_dict *keywords)
{
    struct py_object *part = NULL, *key, *value;
    PY_HOLD(&part);
    int64_t position = 0, hash;
    int failed = 0;
    for (int64_t i = 0; !failed && i < args->base.size; i++) {
        py_setref(part, PY_OBJ(py_str_format_c(", %R", args->items[i])));
        failed = part ? py_strbuf_str(text, (struct py_str *)part) : -1;
    }
    while (!failed && py_dict_next(keywords, &position, &key, &value, &hash)) {
        py_setref(part, PY_OBJ(py_str_format_c(", %S=%R", key, value)));
        failed = part ? py_strbuf_str(text, (struct py_str *)part) : -1;
    }
    py_clear(part);
    return failed;
}

static struct py_object *partial_repr(struct py_object *self)
{
    struct py_repr_guard guard;
    const int inside = py_repr_enter(&guard, self);
    if (inside)
        return inside < 0 ? NULL : PY_OBJ(py_str_from_cstr("..."));
    struct py_object *held[3] = {py_newref(PARTIAL(self)->func),
                                 PY_OBJ(py_newref(PARTIAL(self)->args)),
                                 PY_OBJ(py_dict_copy(PARTIAL(self)->keywords))};
    PY_HOLD_N(held, 3);
    struct py_object *head = NULL;
    PY_HOLD(&head);
    struct py_strbuf text;
    py_strbuf_init(&text);
    if (held[2])
        head = PY_OBJ(py_str_format_c("%s(%R", self->type->name, held[0]));
    struct py_object *result = NULL;
    if (head && py_strbuf_str(&text, (struct py_str *)head) == 0 &&
        write_arguments(&text, (struct py_tuple *)held[1], (struct py_dict *)held[2]) == 0 &&
        py_strbuf_char(&text, ')') == 0)
        result = PY_OBJ(py_strbuf_finish(&text));
    py_strbuf_deinit(&text);
    PY_HOLD(&result);
    for (int i = 0; i < 3; i++)
        py_clear(held[i]);
    py_clear(head);
    py_repr_leave(&guard);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

METHOD(partial_reduce)
{
    UNUSED;
    const struct py_partial *p = PARTIAL(self);
    struct py_object *held[2] = {NULL};
    PY_HOLD_N(held, 2);
    held[0] = PY_OBJ(py_tuple_pack(1, p->func));
    if (held[0])
        held[1] = PY_OBJ(py_tuple_pack(4, p->func, PY_OBJ(p->args), PY_OBJ(p->keywords),
                                       p->dict ? PY_OBJ(p->dict) : PY_NONE));
    struct py_object *result =
        held[1] ? PY_OBJ(py_tuple_pack(3, PY_OBJ(self->type), held[0], held[1])) : NULL;
    PY_HOLD(&result);
    py_clear(held[0]);
    py_clear(held[1]);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

/* Plain ones: methods of a subclass must not run in the middle of a call. New. */
static struct py_object *plain_tuple(struct py_object *o)
{
    const struct py_tuple *t = (struct py_tuple *)o;
    return o->type == &py_tuple_type ? py_newref(o)
                                     : PY_OBJ(joined(NULL, t->items, (size_t)t->base.size));
}

static struct py_object *plain_dict(struct py_object *o)
{
    return o->type == &py_dict_type
               ? py_newref(o)
               : PY_OBJ(merged(o == PY_NONE ? NULL : (struct py_dict *)o, NULL, NULL));
}

/* Puts four references into a partial, in place of those it has. */
static void exchange(struct py_partial *p, struct py_object *state[4])
{
    struct py_object *old[4] = {p->func, PY_OBJ(p->args), PY_OBJ(p->keywords), PY_OBJ(p->dict)};
    PY_HOLD_N(old, 4);
    p->func = state[0];
    p->args = (struct py_tuple *)state[1];
    p->keywords = (struct py_dict *)state[2];
    p->dict = (struct py_dict *)state[3];
    for (int i = 0; i < 4; i++)
        state[i] = NULL;
    for (int i = 0; i < 4; i++)
        py_clear(old[i]);
}

METHOD(partial_setstate)
{
    (void)nargs, (void)kwnames;
    const struct py_tuple *given = (struct py_tuple *)args[0];
    if (!py_tuple_check(args[0]) || given->base.size != 4 || !py_is_callable(given->items[0]) ||
        !py_tuple_check(given->items[1]) ||
        (given->items[2] != PY_NONE && !py_dict_check(given->items[2])) ||
        (given->items[3] != PY_NONE && !py_dict_check(given->items[3])))
        return py_raise(&py_exc_TypeError, "invalid partial state");
    struct py_object *state[4] = {NULL};
    PY_HOLD_N(state, 4);
    state[1] = plain_tuple(given->items[1]);
    state[2] = state[1] ? plain_dict(given->items[2]) : NULL;
    if (!state[2]) {
        py_clear(state[1]);
        return NULL;
    }
    state[0] = py_newref(given->items[0]);
    state[3] = given->items[3] == PY_NONE ? NULL : py_newref(given->items[3]);
    exchange(PARTIAL(self), state);
    return PY_NONE;
}

/* ---- the type ----------------------------------------------------------------------------------
 */

static const struct py_method_def partial_methods[] = {
    METHOD_ROW("__reduce__", partial_reduce, 0, 0),
    METHOD_ROW("__setstate__", partial_setstate, 1, 1),
    PY_CLASS_GETITEM_ROW,
    {.name = NULL},
};

static struct py_object *get_dict(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_dict *d = py_object_dict(self, true);
    return d ? PY_OBJ(py_newref(d)) : NULL;
}

static int set_dict(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (!value)
        return py_raise_int(&py_exc_TypeError, "cannot delete __dict__");
    if (!py_dict_check(value))
        return py_raise_int(&py_exc_TypeError, "__dict__ must be set to a dictionary, not a '%T'",
                            value);
    py_incref(value);
    py_setref(PARTIAL(self)->dict, (struct py_dict *)value);
    return 0;
}

static const struct py_getset_def partial_getsets[] = {
    {.name = "__dict__", .get = get_dict, .set = set_dict},
    {.name = NULL},
};

static const struct py_member_def partial_members[] = {
    {"func", PY_MEMBER_OBJECT, offsetof(struct py_partial, func), true, "what a call calls"},
    {"args", PY_MEMBER_OBJECT, offsetof(struct py_partial, args), true,
     "the positional arguments that come first"},
    {"keywords", PY_MEMBER_OBJECT, offsetof(struct py_partial, keywords), true,
     "the keyword arguments that a call adds to or replaces"},
    {.name = NULL},
};

static const struct py_field partial_fields[] = {
    PY_FIELD(struct py_partial, func), PY_FIELD(struct py_partial, args),
    PY_FIELD(struct py_partial, keywords), PY_FIELD(struct py_partial, dict), PY_FIELD_END};

struct py_type py_partial_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "functools.partial",
    .doc = "partial(func, /, *args, **keywords)\n\nCalls func with args and keywords, and with "
           "what its own call is given behind them.",
    .basicsize = sizeof(struct py_partial),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .fields = partial_fields,
    .weaklist_offset = offsetof(struct py_partial, weaklist),
    .dict_offset = offsetof(struct py_partial, dict),
    .call = partial_call,
    .repr = partial_repr,
    .new_ = partial_new,
    .methods = partial_methods,
    .getsets = partial_getsets,
    .members = partial_members,
};
