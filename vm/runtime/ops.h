/* Operations on any object: attribute access, operators, comparison, iteration, calls, arguments.
 * What `o + p`, `o.name`, `o[k]`, `f(x)` mean, as C functions. Names and messages as CPython's. */
#ifndef BRILLE_VM_RUNTIME_OPS_H
#define BRILLE_VM_RUNTIME_OPS_H

#include "vm/object/object.h"
#include "vm/object/str.h"
#include "vm/object/type.h"

struct py_list;

/* Attributes. */
struct py_object *py_getattr(struct py_object *o, struct py_object *name);
struct py_object *py_getattr_cstr(struct py_object *o, const char *name);
/* 1 and *out (new); 0 and NULL when there is no such attribute; -1 on other errors. */
int py_getattr_optional(struct py_object *o, struct py_object *name, struct py_object **out);
int py_setattr(struct py_object *o, struct py_object *name, struct py_object *value /* or NULL */);
int py_setattr_cstr(struct py_object *o, const char *name, struct py_object *value);

/* Operators. */
struct py_object *py_binary(enum py_binary_op op, struct py_object *a, struct py_object *b);
struct py_object *py_inplace(enum py_binary_op op, struct py_object *a, struct py_object *b);
struct py_object *py_unary(enum py_unary_op op, struct py_object *a);
struct py_object *py_power(struct py_object *a, struct py_object *b, struct py_object *mod);
struct py_object *py_richcompare(struct py_object *a, struct py_object *b, int op);
int py_richcompare_bool(struct py_object *a, struct py_object *b, int op); /* identity first */
int py_truth(struct py_object *o);                                         /* 1, 0, -1 */
int64_t py_hash(struct py_object *o);                                      /* -1: error */
struct py_object *py_repr(struct py_object *o);
struct py_object *py_str_of(struct py_object *o);
struct py_object *py_format_object(struct py_object *o, struct py_object *spec); /* __format__ */

/* Containers. */
int64_t py_length(struct py_object *o);                        /* -1 and TypeError */
int64_t py_length_hint(struct py_object *o, int64_t fallback); /* never raises except real errors */
struct py_object *py_getitem(struct py_object *o, struct py_object *key);
int py_setitem(struct py_object *o, struct py_object *key, struct py_object *value);
int py_delitem(struct py_object *o, struct py_object *key);
int py_contains(struct py_object *container, struct py_object *item);
struct py_object *py_getitem_index(struct py_object *sequence, int64_t index);

/* Iteration. */
struct py_object *py_iter(struct py_object *o);
/* New; NULL without an exception when exhausted (StopIteration is swallowed). */
struct py_object *py_next(struct py_object *iterator);
static inline bool py_is_iterator(const struct py_object *o)
{
    return o->type->iternext != NULL;
}
/* A borrowed array view of a list or tuple; other iterables become a list first: *owner (new) keeps
 * it alive. message: TypeError text if not iterable, or NULL. */
int py_sequence_fast(struct py_object *o, const char *message, struct py_object **owner,
                     struct py_object *const **items, size_t *n);
/* The items in a tuple of its own: they stay while Python code may change o. New. */
struct py_tuple *py_sequence_tuple(struct py_object *o, const char *message);

/* Calls. */
struct py_object *py_call(struct py_object *callable, struct py_object *const *args, size_t nargs,
                          struct py_tuple *kwnames);
struct py_object *py_call_tuple(struct py_object *callable, struct py_tuple *args,
                                struct py_dict *kwargs /* or NULL */);
struct py_object *py_call0(struct py_object *callable);
struct py_object *py_call1(struct py_object *callable, struct py_object *a);
struct py_object *py_call2(struct py_object *callable, struct py_object *a, struct py_object *b);
struct py_object *py_call3(struct py_object *callable, struct py_object *a, struct py_object *b,
                           struct py_object *c);
struct py_object *py_call_method(struct py_object *o, struct py_str *name,
                                 struct py_object *const *args, size_t nargs);
struct py_object *py_call_method_cstr(struct py_object *o, const char *name, size_t nargs,
                                      ... /* struct py_object * */);
/* callable(first, *args, **kw): what a bound method does. */
struct py_object *py_call_prepend(struct py_object *callable, struct py_object *first,
                                  struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames);
/* What o.name(...) calls, without making a bound method where that can be avoided. 1: *method
 * (new) is to be called with o as first argument; 0: *method (new) is the attribute; -1: error. */
int py_load_method(struct py_object *o, struct py_str *name, struct py_object **method);
bool py_is_callable(const struct py_object *o);
/* "module.qualname()" for messages about a call; a pending exception stays pending. New. */
struct py_str *py_callable_text(struct py_object *callable);

/* Classes. */
int py_isinstance(struct py_object *o, struct py_object *type_or_tuple);
int py_issubclass(struct py_object *type, struct py_object *type_or_tuple);
/* The same for one class, without asking its metaclass: what type's own hooks answer. */
int py_isinstance_plain(struct py_object *o, struct py_object *cls);
int py_issubclass_plain(struct py_object *type, struct py_object *cls);

/* Argument parsing for a py_callfn. names: parameters in order; those before positional_only
 * cannot be given by keyword ("" names allowed there), those from keyword_only on only by keyword.
 * out[i] receives borrowed values or stays NULL for missing optional ones (i >= required).
 * Raises CPython-like TypeErrors naming function. */
struct py_params {
    const char *function;
    const char *const *names; /* count entries */
    uint8_t count, required, positional_only, keyword_only /* == count: none */;
};
int py_parse_args(const struct py_params *params, struct py_object *const *args, size_t nargs,
                  struct py_tuple *kwnames, struct py_object **out);
/* Raises "f() takes no keyword arguments" when kwnames is not empty. */
int py_no_keywords(const char *function, struct py_tuple *kwnames);
/* Raises "f expected at least 1 argument, got 0" and the like. */
int py_check_positional(const char *function, size_t nargs, size_t min, size_t max);

#endif
