/* Attributes of instances of Python classes.
 *
 * A class keeps one append-only list of attribute names, its shape; an instance keeps only values,
 * in the order of that list. The values word at object-32 points to them (right behind the object
 * when they fit there, else to a RAW block). Only when somebody asks for __dict__, or an instance
 * needs more than PY_SHAPE_MAX names, are the values moved to a real dict at object-24; from then
 * on the values word is NULL and the dict is the only truth.
 *
 * Invariants
 *  - values == NULL or dict == NULL.
 *  - values->v[i] belongs to shape->names[i]; NULL means "this instance has no such attribute".
 *  - names are interned strings and never removed, so an index cached under a type version stays
 *    right for as long as that version lives.
 *  - order[0..count) lists the indices that are set, in insertion order, because __dict__ must
 *    iterate in the order in which the instance got its attributes.
 */
#ifndef BRILLE_VM_OBJECT_INSTANCE_H
#define BRILLE_VM_OBJECT_INSTANCE_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_dict;
struct py_str;

/* 29, so that the header of the values is 32 bytes. */
#define PY_SHAPE_MAX 29

struct py_shape {
    uint32_t count;
    uint32_t inline_capacity;           /* value slots allocated with a new instance */
    struct py_str *names[PY_SHAPE_MAX]; /* owned, interned; traversed as the type's OWNED edges */
};

struct py_values {
    uint8_t capacity;
    uint8_t count;
    uint8_t embedded; /* 1: part of the object's own block */
    uint8_t order[PY_SHAPE_MAX];
    struct py_object *v[];
};
_Static_assert(sizeof(struct py_values) == 32, "one 32-byte header before the values");

static inline struct py_values **py_values_slot(struct py_object *o)
{
    return (struct py_values **)((char *)o - 32);
}

static inline struct py_dict **py_managed_dict_slot(struct py_object *o)
{
    return (struct py_dict **)((char *)o - 24);
}

/* Where the values of a new instance lie when they fit into its own block. */
static inline struct py_values *py_values_embedded(struct py_object *o)
{
    return (struct py_values *)((char *)o + ((o->type->basicsize + 7u) & ~7u));
}

/* What object.__new__ does once the arguments are checked: a zeroed instance of a class, with room
 * for the attributes that instances of the class were seen to have. Tracked. */
struct py_object *py_instance_alloc(struct py_type *type);

/* A new shape with no names. RAW; NULL: no memory (no exception). */
struct py_shape *py_shape_create(void);
void py_shape_destroy(struct py_shape *shape);

/* Index of name in the shape, or -1. */
int py_shape_find(const struct py_shape *shape, const struct py_str *name);
/* Index of name, appended when new; -1 when the shape is full. */
int py_shape_add(struct py_shape *shape, struct py_str *name);

/* Instance attribute without descriptors. Borrowed; NULL without an exception when absent. */
struct py_object *py_instance_get(struct py_object *o, struct py_str *name);
/* Sets (value borrowed) or deletes (NULL; -1 without an exception set to AttributeError). */
int py_instance_set(struct py_object *o, struct py_str *name, struct py_object *value);
/* Moves the values into a dict, which the instance then owns. Borrowed; NULL on failure. */
struct py_dict *py_instance_materialize(struct py_object *o);

#endif
