/* Sets: open addressing with linear probes then perturbation, eight entries inside the object; the
 * layout, order and sizes of CPython 3.11. */
#ifndef BRILLE_VM_OBJECT_SET_H
#define BRILLE_VM_OBJECT_SET_H

#include "vm/object/object.h"
#include "vm/object/type.h"

#define PY_SET_SMALL 8

struct py_set_entry {
    struct py_object *key; /* NULL: empty; the dummy object: deleted */
    int64_t hash;
};
struct py_set {
    struct py_object base;
    int64_t fill; /* active and dummy entries */
    int64_t used; /* active entries */
    int64_t mask;
    struct py_set_entry *table; /* small, or RAW */
    int64_t hash;               /* frozenset only; -1 */
    int64_t finger;             /* pop */
    struct py_set_entry small[PY_SET_SMALL];
    struct py_object *weaklist;
};
extern struct py_type py_set_type, py_frozenset_type;
/* Marks deleted entries; immortal, never handed out. */
extern struct py_object py_set_dummy;

static inline bool py_set_check(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_SET);
}
struct py_set *py_set_new(struct py_object *iterable /* or NULL */);
struct py_set *py_frozenset_new(struct py_object *iterable /* or NULL */);
int py_set_add(struct py_set *s, struct py_object *key);
int py_set_discard(struct py_set *s, struct py_object *key); /* 1 found, 0 not, -1 error */
int py_set_contains(struct py_set *s, struct py_object *key);
int py_set_update(struct py_set *s, struct py_object *iterable);
void py_set_clear(struct py_set *s);
/* Walks the entries in table order: *pos starts at 0. key borrowed; hash may be NULL. */
bool py_set_next(struct py_set *s, int64_t *pos, struct py_object **key, int64_t *hash);

#endif
