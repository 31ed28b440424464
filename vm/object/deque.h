/* collections.deque: a doubly linked list of blocks of 64 object pointers.
 *
 *   left block                          right block
 *   [ .. .. a b c ] <-> [ d ... ] <-> [ x y z .. .. ]
 *           ^ left                          ^ right          (indices of the outermost items)
 *
 * Invariants
 *  - There is at least one block. The links at the two outer ends are NULL.
 *  - base.size items stand in slots left..63 of the left block, all of the middle ones, and
 *    0..right of the right block; left - 1 + size == 64 * (blocks - 1) + right.
 *  - An empty deque has one block, left == right + 1 == 32. Slots outside hold garbage.
 *  - state changes whenever an item enters or leaves: iterators compare it.
 */
#ifndef BRILLE_VM_OBJECT_DEQUE_H
#define BRILLE_VM_OBJECT_DEQUE_H

#include "vm/object/object.h"
#include "vm/object/type.h"

#define PY_DEQUE_BLOCK 64
/* What sys.getsizeof says of the object without its blocks: CPython's struct has a cache of free
 * blocks, ours has not. */
#define PY_DEQUE_REPORTED_BYTES 216

struct py_deque_block { /* RAW */
    struct py_deque_block *left_link;
    struct py_object *items[PY_DEQUE_BLOCK]; /* owned */
    struct py_deque_block *right_link;
};

struct py_deque {
    struct py_var base; /* base.size items */
    struct py_deque_block *left_block, *right_block;
    int64_t left, right;
    uint64_t state;
    int64_t max_length; /* -1: unbounded */
    struct py_object *weaklist;
};

/* Walks the items: start with block = left_block, index = left, and take base.size of them. */
static inline struct py_object *py_deque_walk(struct py_deque_block **block, int64_t *index)
{
    struct py_object *item = (*block)->items[(*index)++];
    if (*index == PY_DEQUE_BLOCK) {
        *block = (*block)->right_link;
        *index = 0;
    }
    return item;
}

extern struct py_type py_deque_type, py_deque_iter_type, py_deque_reverse_iter_type;

struct py_deque *py_deque_new(int64_t max_length);               /* -1: unbounded */
int py_deque_append(struct py_deque *d, struct py_object *item); /* borrows */
int py_deque_append_left(struct py_deque *d, struct py_object *item);
/* NULL without an exception when empty. */
struct py_object *py_deque_pop(struct py_deque *d);
struct py_object *py_deque_pop_left(struct py_deque *d);
void py_deque_clear(struct py_deque *d);

#endif
