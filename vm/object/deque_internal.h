/* What the files of deque share. Not for other files. */
#ifndef BRILLE_VM_OBJECT_DEQUE_INTERNAL_H
#define BRILLE_VM_OBJECT_DEQUE_INTERNAL_H

#include "vm/object/deque.h"
#include "vm/object/list.h"

/* Tracked, empty, of any deque type. */
struct py_deque *py_deque_alloc(struct py_type *type);
/* Steal the item on success; max_length is the caller's business. */
int py_deque_push_right(struct py_deque *d, struct py_object *item);
int py_deque_push_left(struct py_deque *d, struct py_object *item);
int py_deque_extend(struct py_deque *d, struct py_object *iterable, bool left);
int py_deque_rotate(struct py_deque *d, int64_t n);
void py_deque_reverse(struct py_deque *d);
struct py_object **py_deque_slot(struct py_deque *d, int64_t i);
struct py_list *py_deque_to_list(struct py_deque *d);

extern const struct py_method_def py_deque_methods[];
extern const struct py_getset_def py_deque_getsets[];
struct py_object *py_deque_iter(struct py_object *o);
struct py_object *py_deque_reversed(struct py_object *o);
int py_deque_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                  struct py_tuple *kwnames);
struct py_object *py_deque_repr(struct py_object *o);
struct py_object *py_deque_richcompare(struct py_object *a, struct py_object *b, int op);
struct py_object *py_deque_subscript(struct py_object *o, struct py_object *key);
int py_deque_ass_subscript(struct py_object *o, struct py_object *key, struct py_object *value);
int py_deque_contains(struct py_object *o, struct py_object *item);
struct py_object *py_deque_item(struct py_object *o, int64_t i);
struct py_object *py_deque_concat(struct py_object *a, struct py_object *b);
struct py_object *py_deque_inplace_concat(struct py_object *a, struct py_object *b);
struct py_object *py_deque_repeat(struct py_object *o, int64_t n);
struct py_object *py_deque_inplace_repeat(struct py_object *o, int64_t n);

#endif
