/* Objects: the header every Python object begins with, reference counts, and how a type
 * describes what its objects refer to.
 *
 *      -32   values   struct py_values *  \ only objects whose type has PY_TYPE_MANAGED_DICT
 *      -24   dict     struct py_dict *    /
 *      -16   gc.next                      \ only objects whose type has PY_TYPE_GC
 *       -8   gc.prev                      /
 *  o ->  0   refcnt:32 | epoch:32
 *        8   type
 *       16   the type's own fields (var-sized objects: size at 16)
 *
 * Invariants
 *  - refcnt is the number of owned references. At zero the object is freed at once.
 *  - An object whose refcnt has PY_IMMORTAL_BIT never dies, is never counted and has no events.
 *    Immortality is decided before the object is announced and never changes.
 *  - epoch is the value of the process's epoch counter at birth: captures advance the counter, so
 *    "born after that capture" survives the reuse of addresses.
 *  - Objects are 16-aligned and below 2^47 (events store addresses in 43 bits).
 *
 * Conventions for every prototype in vm/: object parameters are borrowed; a returned object is a
 * new reference unless the comment says borrowed; a parameter that is consumed says steals.
 * Failure is NULL or -1 with an exception pending on the current thread. Everything here is
 * called with the GIL held.
 *
 * Ownership across Python code: a C function that owns a reference while it calls something that
 * may run Python code or block must register the variable with PY_HOLD (vm/runtime/handles.h).
 */
#ifndef BRILLE_VM_OBJECT_OBJECT_H
#define BRILLE_VM_OBJECT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/probe/quiet.h"

struct py_type;

struct py_object {
    uint32_t refcnt;
    uint32_t epoch;
    struct py_type *type;
};

/* Header of objects with a variable number of items. */
struct py_var {
    struct py_object base;
    int64_t size;
};

struct py_gc_head {
    struct py_gc_head *next; /* NULL when untracked */
    struct py_gc_head *prev;
};

#define PY_IMMORTAL_BIT    0x80000000u
#define PY_IMMORTAL_REFCNT 0xC0000000u

enum py_body {
#define BODY(id, name, doc) PY_BODY_##name = id,
#include "tracer/abi/objkinds.def"
};

enum py_edge_class {
#define EDGE_CLASS(id, name, doc) PY_EDGE_##name = id,
#include "tracer/abi/objkinds.def"
};

enum py_pool_kind {
#define POOL_KIND(id, name, prefix, doc) PY_POOL_##name = id,
#include "tracer/abi/objkinds.def"
};

/* One object pointer at a fixed offset. The inspector reads these tables from the process. */
struct py_field {
    const char *name;   /* the edge's name, for example "fget"; NULL ends a table */
    uint32_t offset;    /* from the object's header */
    uint8_t edge_class; /* enum py_edge_class: TRAVERSED, OWNED, BORROWED or WEAK */
    uint8_t reserved[3];
};

#define PY_FIELD(struct_type, member)                                                             \
    {                                                                                             \
        .name = #member, .offset = offsetof(struct_type, member), .edge_class = PY_EDGE_TRAVERSED \
    }
#define PY_FIELD_OWNED(struct_type, member)                                                   \
    {                                                                                         \
        .name = #member, .offset = offsetof(struct_type, member), .edge_class = PY_EDGE_OWNED \
    }
#define PY_FIELD_BORROWED(struct_type, member)                                                   \
    {                                                                                            \
        .name = #member, .offset = offsetof(struct_type, member), .edge_class = PY_EDGE_BORROWED \
    }
#define PY_FIELD_END \
    {                \
        .name = NULL \
    }

/* What the tracing probes want to hear of. Set at safepoints only; see vm/probe/probe.h. */
#define PY_TRACE_REFCOUNT 1u
#define PY_TRACE_ALLOC    2u
#define PY_TRACE_GC       4u
#define PY_TRACE_GIL      8u
extern uint32_t py_trace_flags;
#ifdef BRILLE_NO_TRACE
#define PY_TRACING(bit) 0
#else
#define PY_TRACING(bit) __builtin_expect((py_trace_flags & (bit)) != 0, 0)
#endif

/* Frees what o owns and o itself; refcnt is 0. Bounded in C stack depth. (vm/memory/dealloc.c) */
void py_dealloc(struct py_object *o);

static inline bool py_is_immortal(const struct py_object *o)
{
    return (int32_t)o->refcnt < 0;
}

static inline void py_incref_(struct py_object *o)
{
    const uint32_t n = o->refcnt;
    if ((int32_t)n < 0)
        return;
    o->refcnt = n + 1;
    if (PY_TRACING(PY_TRACE_REFCOUNT))
        quiet_incref(o);
}

static inline void py_decref_(struct py_object *o)
{
    const uint32_t n = o->refcnt;
    if ((int32_t)n < 0)
        return;
    o->refcnt = n - 1;
    if (PY_TRACING(PY_TRACE_REFCOUNT))
        quiet_decref(o);
    if (n == 1)
        py_dealloc(o);
}

/* These take any object struct pointer: every one begins with struct py_object. */
#define PY_OBJ(p)     ((struct py_object *)(p))
#define py_incref(p)  py_incref_(PY_OBJ(p))
#define py_decref(p)  py_decref_(PY_OBJ(p))
#define py_xincref(p) py_xincref_(PY_OBJ(p))
#define py_xdecref(p) py_xdecref_(PY_OBJ(p))
/* A new reference to p, of the pointer type of p. */
#define py_newref(p)                 \
    __extension__({                  \
        __typeof__(p) newref_ = (p); \
        py_incref_(PY_OBJ(newref_)); \
        newref_;                     \
    })
/* Replaces *slot by value (steals it) and drops the old reference last. */
#define py_setref(slot, value)                        \
    do {                                              \
        struct py_object *setref_old_ = PY_OBJ(slot); \
        (slot) = (value);                             \
        py_xdecref_(setref_old_);                     \
    } while (0)
#define py_clear(slot) py_setref(slot, NULL)

static inline void py_xincref_(struct py_object *o)
{
    if (o)
        py_incref_(o);
}

static inline void py_xdecref_(struct py_object *o)
{
    if (o)
        py_decref_(o);
}

static inline struct py_type *py_typeof_(const struct py_object *o)
{
    return o->type;
}
#define py_typeof(p) py_typeof_(PY_OBJ(p))

/* Singletons; immortal. */
extern struct py_object py_none_object, py_ellipsis_object, py_not_implemented_object;
#define PY_NONE            (&py_none_object)
#define PY_ELLIPSIS        (&py_ellipsis_object)
#define PY_NOT_IMPLEMENTED (&py_not_implemented_object)

/* The initialiser of a static object's header. */
#define PY_STATIC_HEADER(type_ptr)                                   \
    {                                                                \
        .refcnt = PY_IMMORTAL_REFCNT, .epoch = 0, .type = (type_ptr) \
    }

#endif
