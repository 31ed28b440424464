/* Thread-local objects: the type _thread._local.
 *
 * The object owns a dict of attributes for each thread that has used it, so that the collector sees
 * a cycle through any of them:
 *
 *     local.dicts   {token of a thread: that thread's attributes}
 *
 * A token is an int that stands for the thread and lies in the thread's own dict. When a thread
 * ends it walks the list of all thread-local objects and takes its attributes out of each; an
 * object that dies first takes all of its own along. Attributes that go may run any code, which may
 * make or free thread-local objects: the walk holds the object it stands on and the next one.
 *
 * A subclass's __init__ runs again in each thread, with the arguments of the first call.
 *
 * All of this happens under the GIL.
 */
#include "vm/builtins/thread_local.h"

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct py_local {
    struct py_object base;
    struct py_dict *dicts;
    struct py_tuple *args;
    struct py_dict *kwargs; /* or NULL */
    struct py_object *weaklist;
    struct py_local *next, *prev; /* of all */
};

static struct py_local *first_local, *last_local; /* oldest first */

struct py_dict *py_thread_own_dict(struct py_thread *thread)
{
    if (!thread->dict)
        thread->dict = PY_OBJ(py_dict_new());
    return (struct py_dict *)thread->dict;
}

/* What stands for the calling thread in `dicts`. Borrowed, or NULL with MemoryError. */
static struct py_object *own_token(void)
{
    struct py_thread *thread = py_thread_current();
    struct py_str *key = py_str_const("_thread.token");
    struct py_dict *own = py_thread_own_dict(thread);
    struct py_object *token = own ? py_dict_get_str(own, key) : NULL;
    if (token || !own)
        return token;
    token = PY_OBJ(py_int_from_u64((uintptr_t)thread));
    const int failed = token ? py_dict_set(own, PY_OBJ(key), token) : -1;
    py_xdecref(token);
    return failed ? NULL : token; /* the dict has it */
}

/* ---- the attributes of one thread --------------------------------------------------------------
 */

/* Gives the calling thread an empty dict of attributes. Borrowed. */
static struct py_dict *add_dict(struct py_local *local, struct py_object *token)
{
    if (!local->dicts && !(local->dicts = py_dict_new()))
        return NULL;
    struct py_dict *d = py_dict_new();
    const int failed = d ? py_dict_set(local->dicts, token, PY_OBJ(d)) : -1;
    py_xdecref(d);
    return failed ? NULL : d;
}

/* Runs a subclass's __init__ for the calling thread. 0, or -1 with its exception. */
static int initialise(struct py_local *local)
{
    struct py_object *init = py_getattr_cstr(PY_OBJ(local), "__init__");
    PY_HOLD(&init);
    struct py_object *result = init ? py_call_tuple(init, local->args, local->kwargs) : NULL;
    py_clear(init);
    py_xdecref(result);
    return result ? 0 : -1;
}

/* The calling thread's attributes, made (and initialised) on first use. Borrowed. */
static struct py_dict *own_attributes(struct py_object *o)
{
    struct py_local *local = (struct py_local *)o;
    struct py_object *token = own_token();
    if (!token)
        return NULL;
    struct py_object *found = local->dicts ? py_dict_get(local->dicts, token) : NULL;
    if (found || py_error_occurred())
        return (struct py_dict *)found;
    struct py_dict *d = add_dict(local, token);
    if (d && o->type->init != py_thread_local_type.init && initialise(local) < 0) {
        struct py_object *pending = py_error_fetch();
        PY_HOLD(&pending);
        py_dict_del(local->dicts, token);
        struct py_object *restored = pending;
        pending = NULL;
        py_error_restore(restored);
        return NULL;
    }
    return d;
}

/* The first of `local` and those behind it that lives, held: one that died may wait to be freed. */
static struct py_local *hold(struct py_local *local)
{
    while (local && !local->base.refcnt)
        local = local->next;
    return local ? py_newref(local) : NULL;
}

void py_thread_drop_locals(struct py_thread *thread)
{
    struct py_object *token = thread->dict ? py_dict_get_str((struct py_dict *)thread->dict,
                                                             py_str_const("_thread.token"))
                                           : NULL;
    if (!token)
        return;
    struct py_local *local = hold(first_local);
    while (local) {
        struct py_object *gone = local->dicts ? py_dict_pop(local->dicts, token, PY_NONE) : NULL;
        if (gone)
            py_decref(gone);
        else
            py_error_clear();
        struct py_local *next = hold(local->next);
        py_decref(local);
        local = next;
    }
}

/* ---- birth and death ---------------------------------------------------------------------------
 */

static int local_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                      struct py_tuple *kwnames)
{
    (void)args;
    if ((nargs || (kwnames && kwnames->base.size)) && o->type->init == local_init)
        return py_raise_int(&py_exc_TypeError, "Initialization arguments are not supported");
    return 0;
}

/* Keeps the arguments for the __init__ of other threads. 0, or -1 with MemoryError. */
static int keep_arguments(struct py_local *local, struct py_object *const *args, size_t nargs,
                          struct py_tuple *kwnames)
{
    local->args = py_tuple_from_array(args, nargs);
    if (!local->args)
        return -1;
    if (!kwnames || !kwnames->base.size)
        return 0;
    local->kwargs = py_dict_new();
    int failed = local->kwargs ? 0 : -1;
    for (int64_t i = 0; !failed && i < kwnames->base.size; i++)
        failed = py_dict_set(local->kwargs, kwnames->items[i], args[nargs + (size_t)i]);
    return failed;
}

static struct py_object *local_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    if ((nargs || (kwnames && kwnames->base.size)) && type->init == local_init)
        return py_raise(&py_exc_TypeError, "Initialization arguments are not supported");
    struct py_object *o = py_object_new(type);
    PY_HOLD(&o);
    if (!o)
        return NULL;
    struct py_local *local = (struct py_local *)o;
    local->prev = last_local;
    *(last_local ? &last_local->next : &first_local) = local;
    last_local = local;
    py_gc_track(o);
    /* This thread's dict: type.__call__ runs __init__ here, so it must not run twice. */
    struct py_object *token = keep_arguments(local, args, nargs, kwnames) == 0 ? own_token() : NULL;
    if (!token || !add_dict(local, token))
        py_clear(o);
    struct py_object *result = o;
    o = NULL;
    return result;
}

static void local_dealloc(struct py_object *o)
{
    struct py_local *local = (struct py_local *)o;
    py_gc_untrack(o);
    *(local->prev ? &local->prev->next : &first_local) = local->next;
    *(local->next ? &local->next->prev : &last_local) = local->prev;
    py_object_release_common(o);
    py_object_free(o);
}

static struct py_object *bind(struct py_object *descr, struct py_object *o)
{
    return descr->type->descr_get ? descr->type->descr_get(descr, o, PY_OBJ(o->type))
                                  : py_newref(descr);
}

static struct py_object *local_getattr(struct py_object *o, struct py_object *name)
{
    struct py_dict *d = own_attributes(o);
    if (!d)
        return NULL;
    struct py_str *s = (struct py_str *)name;
    if (py_str_equal_cstr(s, "__dict__"))
        return PY_OBJ(py_newref(d));
    struct py_object *descr = py_type_lookup(o->type, s);
    if (descr && descr->type->descr_set && descr->type->descr_get)
        return bind(descr, o);
    struct py_object *value = py_dict_get_str(d, s);
    if (value)
        return py_newref(value);
    if (descr)
        return bind(descr, o);
    return py_raise_attribute(o, name);
}

static int local_setattr(struct py_object *o, struct py_object *name, struct py_object *value)
{
    struct py_dict *d = own_attributes(o);
    if (!d)
        return -1;
    if (py_str_equal_cstr((struct py_str *)name, "__dict__"))
        return py_raise_int(&py_exc_AttributeError, "'%.100s' object attribute '%U' is read-only",
                            o->type->name, name);
    struct py_object *descr = py_type_lookup(o->type, (struct py_str *)name);
    if (descr && descr->type->descr_set)
        return descr->type->descr_set(descr, o, value);
    if (value)
        return py_dict_set(d, name, value);
    const int has = py_dict_contains(d, name);
    if (has < 0)
        return -1;
    if (!has) {
        py_raise_attribute(o, name);
        return -1;
    }
    return py_dict_del(d, name);
}

static const struct py_field local_fields[] = {PY_FIELD(struct py_local, dicts),
                                               PY_FIELD(struct py_local, kwargs),
                                               PY_FIELD(struct py_local, args), PY_FIELD_END};

struct py_type py_thread_local_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "_thread._local",
    .basicsize = sizeof(struct py_local),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .fields = local_fields,
    .field_count = 3,
    .weaklist_offset = offsetof(struct py_local, weaklist),
    .dealloc = local_dealloc,
    .getattr = local_getattr,
    .setattr = local_setattr,
    .init = local_init,
    .new_ = local_new,
    .doc = "An object whose attributes are another thread's in another thread.",
};
