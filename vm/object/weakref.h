/* Weak references: struct py_weakref objects chained from the referent's weaklist word.
 *
 * When the referent dies (or is found unreachable) every weakref is cleared first, then the
 * callbacks run; weakrefs that are themselves garbage do not call back.
 */
#ifndef BRILLE_VM_OBJECT_WEAKREF_H
#define BRILLE_VM_OBJECT_WEAKREF_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_weakref {
    struct py_object base;
    struct py_object *referent;     /* not owned; NULL once dead */
    struct py_object *callback;     /* owned, or NULL */
    int64_t hash;                   /* -1: not computed */
    struct py_weakref *prev, *next; /* in the referent's list */
};
extern struct py_type py_weakref_type, py_weakproxy_type, py_weakcallableproxy_type;

struct py_weakref *py_weakref_new(struct py_object *referent, struct py_object *callback);
/* The referent, or NULL without an exception when dead. New reference. */
struct py_object *py_weakref_get(struct py_weakref *ref);
/* Clears all weakrefs to o and runs their callbacks. Called by deallocation before anything of o
 * is torn down. */
void py_weakref_clear_all(struct py_object *o);
/* Unlinks a reference from its referent, without calling back; it is dead afterwards. */
void py_weakref_detach(struct py_weakref *ref);
/* Head of o's list of references, or NULL if its type cannot have any. */
struct py_weakref **py_weakref_list(struct py_object *o);

#endif
