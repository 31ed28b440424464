/* Weak references, and the lists in which referents keep them.
 *
 *   referent --weaklist--> ref <-> ref <-> ref        (none of these arrows owns anything)
 *
 * At most two references of an object are shared: the plain one without a callback and the proxy
 * without a callback; they stand at the head of the list, in this order. All others stand behind
 * them, newest first, which is the order in which callbacks run.
 *
 * When the referent dies, all of its references are cleared before the first callback runs. A
 * referent whose count is zero counts as dead: its deallocation may have been put off, or its
 * finalizer may be running.
 *
 * Proxies (weakproxy.c) are the same struct with other types.
 */
#include "vm/object/weakref.h"
#include "vm/object/alias.h"

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/weakref_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct py_weakref **py_weakref_list(struct py_object *o)
{
    const int32_t offset = o->type->weaklist_offset;
    return offset > 0 ? (struct py_weakref **)((char *)o + offset) : NULL;
}

static struct py_object *live_referent(const struct py_weakref *ref)
{
    struct py_object *o = ref->referent;
    return o && o->refcnt != 0 ? o : NULL;
}

struct py_object *py_weakref_get(struct py_weakref *ref)
{
    struct py_object *o = live_referent(ref);
    py_xincref(o);
    return o;
}

void py_weakref_detach(struct py_weakref *ref)
{
    struct py_object *o = ref->referent;
    if (!o)
        return;
    struct py_weakref **list = py_weakref_list(o);
    if (*list == ref)
        *list = ref->next;
    if (ref->prev)
        ref->prev->next = ref->next;
    if (ref->next)
        ref->next->prev = ref->prev;
    ref->prev = ref->next = NULL;
    ref->referent = NULL;
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool is_shared(const struct py_weakref *ref, const struct py_type *type)
{
    return ref && !ref->callback && ref->base.type == type;
}

static bool is_proxy_type(const struct py_type *type)
{
    return type == &py_weakproxy_type || type == &py_weakcallableproxy_type;
}

/* The shared reference and proxy at the head of a list, NULL where there is none. */
static void find_shared(struct py_weakref *head, struct py_weakref **ref, struct py_weakref **proxy)
{
    *ref = *proxy = NULL;
    if (is_shared(head, &py_weakref_type)) {
        *ref = head;
        head = head->next;
    }
    if (head && !head->callback && is_proxy_type(head->base.type))
        *proxy = head;
}

static void insert_after(struct py_weakref *ref, struct py_weakref *before,
                         struct py_weakref **list)
{
    ref->prev = before;
    ref->next = before ? before->next : *list;
    if (ref->next)
        ref->next->prev = ref;
    if (before)
        before->next = ref;
    else
        *list = ref;
}

/* A reference of exactly this type; the shared one if there is one. */
struct py_weakref *py_weakref_make(struct py_type *type, struct py_object *referent,
                                   struct py_object *callback)
{
    if (callback == PY_NONE)
        callback = NULL;
    struct py_weakref **list = py_weakref_list(referent), *ref, *proxy;
    if (!list)
        return py_raise(&py_exc_TypeError, "cannot create weak reference to '%s' object",
                        referent->type->name);
    find_shared(*list, &ref, &proxy);
    const bool sharable = !callback && (type == &py_weakref_type || is_proxy_type(type));
    struct py_weakref *shared = is_proxy_type(type) ? proxy : ref;
    if (sharable && shared)
        return py_newref(shared);
    struct py_weakref *made = py_object_new_sized(type, type->basicsize + 8);
    if (!made)
        return NULL;
    made->referent = referent;
    made->hash = -1;
    py_xincref(callback);
    made->callback = callback;
    struct py_weakref *before = proxy ? proxy : ref;
    if (sharable)
        before = is_proxy_type(type) ? ref : NULL;
    insert_after(made, before, list);
    py_gc_track(made);
    return made;
}

struct py_weakref *py_weakref_new(struct py_object *referent, struct py_object *callback)
{
    return py_weakref_make(&py_weakref_type, referent, callback);
}

/* ---- the referent dies -------------------------------------------------------------------------
 */

static void call_back(struct py_weakref *ref)
{
    struct py_object *callback = ref->callback;
    if (!callback)
        return;
    ref->callback = NULL; /* it is called once, and dies then if nothing else has it */
    PY_HOLD(&callback);
    struct py_object *result = py_call1(callback, PY_OBJ(ref));
    if (result)
        py_decref(result);
    else
        py_error_unraisable(callback, NULL);
    py_clear(callback);
}

static void call_all(struct py_list *refs)
{
    for (int64_t i = 0; i < refs->base.size; i++)
        call_back((struct py_weakref *)refs->items[i]);
}

/* Detaches everything in the list; the ones that want to be called back are added to *many, or,
 * if it is only one, put into *one (owned). */
static void detach_all(struct py_weakref **list, struct py_object **one, struct py_list **many)
{
    struct py_weakref *ref;
    while ((ref = *list)) {
        py_weakref_detach(ref);
        if (!ref->callback || ref->base.refcnt == 0)
            continue;
        if (!*one && !*many) {
            *one = py_newref(PY_OBJ(ref));
            continue;
        }
        if (!*many && (*many = py_list_new(0))) {
            if (py_list_append(*many, *one) < 0)
                py_error_clear();
            py_clear(*one);
        }
        if (!*many || py_list_append(*many, PY_OBJ(ref)) < 0)
            py_error_clear();
    }
}

void py_weakref_clear_all(struct py_object *o)
{
    struct py_weakref **list = py_weakref_list(o);
    if (!list || !*list)
        return;
    struct py_object *pending = py_error_fetch(), *one = NULL;
    struct py_list *many = NULL;
    PY_HOLD(&pending);
    PY_HOLD(&one);
    PY_HOLD(&many);
    detach_all(list, &one, &many);
    if (one)
        call_back((struct py_weakref *)one);
    if (many)
        call_all(many);
    py_clear(one);
    py_clear(many);
    struct py_object *restored = pending;
    pending = NULL;
    py_error_restore(restored);
}

/* ---- the type weakref.ref -----------------------------------------------------------------------
 */

static struct py_object *ref_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                 struct py_tuple *kwnames)
{
    (void)kwnames;
    if (py_check_positional("__new__", nargs, 1, 2) < 0)
        return NULL;
    return PY_OBJ(py_weakref_make(type, args[0], nargs > 1 ? args[1] : NULL));
}

static int ref_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                    struct py_tuple *kwnames)
{
    (void)o, (void)args;
    if (kwnames && kwnames->base.size)
        return py_raise_int(&py_exc_TypeError, "ref() takes no keyword arguments");
    return py_check_positional("__init__", nargs, 1, 2);
}

static struct py_object *ref_call(struct py_object *o, struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames)
{
    (void)args;
    if ((kwnames && kwnames->base.size) || nargs)
        return py_raise(&py_exc_TypeError, "%s expected at most 0 arguments, got %zu", "__call__",
                        nargs);
    struct py_object *referent = live_referent((struct py_weakref *)o);
    return py_newref(referent ? referent : PY_NONE);
}

static int64_t ref_hash(struct py_object *o)
{
    struct py_weakref *ref = (struct py_weakref *)o;
    if (ref->hash != -1)
        return ref->hash;
    struct py_object *referent = py_weakref_get(ref);
    if (!referent)
        return py_raise_int(&py_exc_TypeError, "weak object has gone away");
    PY_HOLD(&referent);
    ref->hash = py_hash(referent);
    py_clear(referent);
    return ref->hash;
}

static struct py_object *ref_compare(struct py_object *a, struct py_object *b, int op)
{
    if ((op != PY_EQ && op != PY_NE) || b->type->body != PY_BODY_WEAKREF ||
        is_proxy_type(b->type) || a->type->body != PY_BODY_WEAKREF)
        return PY_NOT_IMPLEMENTED;
    struct py_object *x = live_referent((struct py_weakref *)a);
    struct py_object *y = live_referent((struct py_weakref *)b);
    if (!x || !y)
        return (a == b) == (op == PY_EQ) ? PY_TRUE : PY_FALSE;
    py_incref(x);
    py_incref(y);
    PY_HOLD(&x);
    PY_HOLD(&y);
    struct py_object *result = py_richcompare(x, y, op);
    py_clear(x);
    py_clear(y);
    return result;
}

static struct py_object *ref_repr(struct py_object *o)
{
    struct py_object *referent = py_weakref_get((struct py_weakref *)o);
    if (!referent)
        return PY_OBJ(py_str_format_c("<weakref at %p; dead>", (void *)o));
    PY_HOLD(&referent);
    struct py_object *name = NULL, *text = NULL;
    PY_HOLD(&name);
    if (py_getattr_optional(referent, PY_OBJ(py_str_const("__name__")), &name) >= 0) {
        if (name && py_str_check(name))
            text = PY_OBJ(py_str_format_c("<weakref at %p; to '%s' at %p (%U)>", (void *)o,
                                          referent->type->name, (void *)referent, name));
        else
            text = PY_OBJ(py_str_format_c("<weakref at %p; to '%s' at %p>", (void *)o,
                                          referent->type->name, (void *)referent));
    }
    py_clear(name);
    py_clear(referent);
    return text;
}

void py_weakref_dealloc(struct py_object *o)
{
    py_weakref_detach((struct py_weakref *)o);
    py_object_release_common(o);
    py_object_free(o);
}

/* CPython's struct has one word more. */
int64_t py_weakref_size_of(struct py_object *o)
{
    return (int64_t)o->type->basicsize + 8;
}

static const struct py_member_def ref_members[] = {{.name = "__callback__",
                                                    .kind = PY_MEMBER_OBJECT,
                                                    .offset = offsetof(struct py_weakref, callback),
                                                    .readonly = true},
                                                   {.name = NULL}};

const struct py_field py_weakref_fields[] = {PY_FIELD(struct py_weakref, callback),
                                             {.name = "referent",
                                              .offset = offsetof(struct py_weakref, referent),
                                              .edge_class = PY_EDGE_WEAK},
                                             PY_FIELD_END};

static const struct py_method_def ref_methods[] = {
    PY_CLASS_GETITEM_ROW,
    {.name = NULL},
};

struct py_type py_weakref_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "weakref.ReferenceType",
    .basicsize = sizeof(struct py_weakref),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .body = PY_BODY_WEAKREF,
    .fields = py_weakref_fields,
    .field_count = 2,
    .dealloc = py_weakref_dealloc,
    .repr = ref_repr,
    .hash = ref_hash,
    .call = ref_call,
    .richcompare = ref_compare,
    .new_ = ref_new,
    .init = ref_init,
    .size_of = py_weakref_size_of,
    .methods = ref_methods,
    .members = ref_members,
};
