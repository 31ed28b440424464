/* functools.lru_cache: results of a function, kept under the arguments that they came from.
 *
 * What the wrapper keeps depends on maxsize:
 *
 *     0         nothing, it counts calls
 *     None      cache: {key: result}
 *     else      cache: {key: link}, and a ring of the links, the one used longest ago first
 *
 * The dict owns the links; a link that dies takes itself out of the ring. So whatever drops an
 * entry, a clear, an equal key put in its place or the collector, the ring stays whole.
 *
 * A key is the argument itself where there is one and it is an int or a str, otherwise a tuple: the
 * positional arguments, a mark and the names and values of keywords, and with typed=True the types
 * of all values. Its hash is asked for once, and kept in the link for the day it is thrown out.
 *
 * Any call of the function, hash or comparison may come back here, and another thread may run in
 * between. Each step therefore leaves dict and ring in order, and what was found before a call is
 * not trusted after it.
 */
#include "vm/builtins/mod_functools.h"
#include "vm/builtins/mod_support.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/instance.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct ring {
    struct ring *next, *prev;
};

struct py_lru_link {
    struct py_object base;
    struct py_object *key, *result;
    int64_t hash;
    struct ring ring; /* both NULL outside a ring */
};

struct py_lru_cache {
    struct py_object base;
    struct py_object *func;
    struct py_dict *cache;
    struct py_object *cache_info_type;
    struct py_dict *dict; /* or NULL */
    struct py_object *weaklist;
    int64_t maxsize; /* -1: no limit */
    int64_t hits, misses;
    bool typed;
    struct ring ring; /* next: used longest ago */
};

#define CACHE(o) ((struct py_lru_cache *)(o))
#define LINK(o)  ((struct py_lru_link *)(o))

static struct py_object *keyword_mark; /* a root */

int py_lru_cache_init(void)
{
    if (!keyword_mark) {
        struct py_object *mark = py_object_new(&py_object_type);
        keyword_mark = mark ? py_runtime_root(mark) : NULL;
    }
    return keyword_mark ? 0 : -1;
}

/* ---- the ring ----------------------------------------------------------------------------------
 */

static struct py_lru_link *link_of(struct ring *r)
{
    return (struct py_lru_link *)((char *)r - offsetof(struct py_lru_link, ring));
}

static void ring_leave(struct py_lru_link *link)
{
    struct ring *r = &link->ring;
    if (!r->next)
        return;
    r->prev->next = r->next;
    r->next->prev = r->prev;
    r->next = r->prev = NULL;
}

static void ring_use(struct py_lru_cache *c, struct py_lru_link *link)
{
    ring_leave(link);
    struct ring *r = &link->ring;
    r->next = &c->ring;
    r->prev = c->ring.prev;
    r->prev->next = r;
    c->ring.prev = r;
}

static void link_dealloc(struct py_object *o)
{
    py_gc_untrack(o);
    ring_leave(LINK(o));
    py_object_release_common(o);
    py_object_free(o);
}

static const struct py_field link_fields[] = {PY_FIELD(struct py_lru_link, key),
                                              PY_FIELD(struct py_lru_link, result), PY_FIELD_END};

struct py_type py_lru_link_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "functools._lru_list_elem",
    .basicsize = sizeof(struct py_lru_link),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW,
    .fields = link_fields,
    .dealloc = link_dealloc,
};

/* ---- keys --------------------------------------------------------------------------------------
 */

static struct py_object *make_key(bool typed, struct py_object *const *args, size_t nargs,
                                  const struct py_tuple *kwnames)
{
    const size_t named = kwnames ? (size_t)kwnames->base.size : 0;
    if (!typed && !named && nargs == 1 &&
        (args[0]->type == &py_int_type || args[0]->type == &py_str_type))
        return py_newref(args[0]);
    const size_t values = nargs + named;
    const size_t n = nargs + (named ? 1 + 2 * named : 0) + (typed ? values : 0);
    if (!n)
        return PY_OBJ(py_tuple_empty());
    struct py_tuple *key = py_tuple_new((int64_t)n);
    if (!key)
        return NULL;
    size_t at = 0;
    for (size_t i = 0; i < nargs; i++)
        key->items[at++] = py_newref(args[i]);
    if (named)
        key->items[at++] = py_newref(keyword_mark);
    for (size_t i = 0; i < named; i++) {
        key->items[at++] = py_newref(kwnames->items[i]);
        key->items[at++] = py_newref(args[nargs + i]);
    }
    for (size_t i = 0; typed && i < values; i++)
        key->items[at++] = py_newref(PY_OBJ(args[i]->type));
    return PY_OBJ(key);
}

/* ---- calls -------------------------------------------------------------------------------------
 */

/* Throws out the entry used longest ago. 0, or -1 with what a comparison raised. */
static int forget_oldest(struct py_lru_cache *c)
{
    struct py_lru_link *const first = link_of(c->ring.next);
    ring_leave(first);
    if (!first->base.refcnt) /* it died, and waits to be freed */
        return 0;
    struct py_object *oldest = py_newref(PY_OBJ(first));
    PY_HOLD(&oldest);
    struct py_object *popped = py_dict_pop_hashed(c->cache, LINK(oldest)->key, LINK(oldest)->hash);
    PY_HOLD(&popped);
    const bool failed = !popped && py_error_occurred();
    py_clear(popped);
    py_clear(oldest);
    return failed ? -1 : 0;
}

/* Keeps a result, in the place of the oldest where the cache is full. 0, or -1 with an error. */
static int remember(struct py_lru_cache *c, struct py_object *key, int64_t hash,
                    struct py_object *result)
{
    while (c->cache->used >= c->maxsize && c->ring.next != &c->ring)
        if (forget_oldest(c) < 0)
            return -1;
    struct py_object *link = py_object_new(&py_lru_link_type);
    PY_HOLD(&link);
    if (!link)
        return -1;
    LINK(link)->key = py_newref(key);
    LINK(link)->result = py_newref(result);
    LINK(link)->hash = hash;
    py_gc_track(link);
    const int failed = py_dict_set_hashed(c->cache, key, link, hash);
    if (!failed && link->refcnt > 1) /* the dict still has it */
        ring_use(c, LINK(link));
    py_clear(link);
    return failed;
}

/* What is kept under the key: new. NULL without an error when there is nothing. */
static struct py_object *recall(struct py_lru_cache *c, struct py_object *key, int64_t hash)
{
    struct py_object *found = py_dict_get_hashed(c->cache, key, hash);
    if (!found || c->maxsize < 0)
        return found ? py_newref(found) : NULL;
    ring_use(c, LINK(found));
    return py_newref(LINK(found)->result);
}

static struct py_object *call_and_keep(struct py_lru_cache *c, struct py_object *key, int64_t hash,
                                       struct py_object *const *args, size_t nargs,
                                       struct py_tuple *kwnames)
{
    c->misses++;
    struct py_object *result = py_call(c->func, args, nargs, kwnames);
    PY_HOLD(&result);
    if (!result)
        return NULL;
    int failed = 0;
    if (c->maxsize < 0)
        failed = py_dict_set_hashed(c->cache, key, result, hash);
    else if (!py_dict_get_hashed(c->cache, key, hash)) /* the call may have kept it */
        failed = py_error_occurred() ? -1 : remember(c, key, hash, result);
    if (failed)
        py_clear(result);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

static struct py_object *cache_call(struct py_object *self, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    struct py_lru_cache *c = CACHE(self);
    if (c->maxsize == 0) {
        c->misses++;
        return py_call(c->func, args, nargs, kwnames);
    }
    struct py_object *key = make_key(c->typed, args, nargs, kwnames);
    PY_HOLD(&key);
    const int64_t hash = key ? py_hash(key) : -1;
    struct py_object *result = NULL;
    if (hash != -1)
        result = recall(c, key, hash);
    PY_HOLD(&result);
    if (result)
        c->hits++;
    else if (!py_error_occurred())
        result = call_and_keep(c, key, hash, args, nargs, kwnames);
    py_clear(key);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

static struct py_object *cache_get(struct py_object *self, struct py_object *o,
                                   struct py_object *type)
{
    (void)type;
    return o && o != PY_NONE ? py_method_new(self, o) : py_newref(self);
}

/* ---- what it tells -----------------------------------------------------------------------------
 */

METHOD(cache_info)
{
    UNUSED;
    const struct py_lru_cache *c = CACHE(self);
    struct py_object *numbers[4] = {NULL}, *result = NULL;
    PY_HOLD_N(numbers, 4);
    numbers[0] = py_int_from_i64(c->hits);
    numbers[1] = py_int_from_i64(c->misses);
    numbers[2] = c->maxsize < 0 ? PY_NONE : py_int_from_i64(c->maxsize);
    numbers[3] = py_int_from_i64(c->cache->used);
    if (numbers[0] && numbers[1] && numbers[2] && numbers[3])
        result = py_call(c->cache_info_type, numbers, 4, NULL);
    PY_HOLD(&result);
    for (int i = 0; i < 4; i++)
        py_clear(numbers[i]);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

METHOD(cache_clear)
{
    UNUSED;
    struct py_lru_cache *c = CACHE(self);
    c->hits = c->misses = 0;
    py_dict_clear(c->cache);
    return PY_NONE;
}

METHOD(cache_reduce)
{
    UNUSED;
    return py_getattr_cstr(self, "__qualname__");
}

METHOD(cache_copy)
{
    UNUSED;
    return py_newref(self);
}

/* ---- the type ----------------------------------------------------------------------------------
 */

static struct py_object *cache_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"user_function", "maxsize", "typed", "cache_info_type"};
    static const struct py_params params = {
        .function = "lru_cache", .names = names, .count = 4, .required = 4, .keyword_only = 4};
    struct py_object *given[4] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, given) < 0)
        return NULL;
    if (!py_is_callable(given[0]))
        return py_raise(&py_exc_TypeError, "the first argument must be callable");
    int64_t maxsize = -1;
    if (given[1] != PY_NONE) {
        if (!given[1]->type->index)
            return py_raise(&py_exc_TypeError, "maxsize should be integer or None");
        maxsize = py_int_as_ssize(given[1]);
        if (maxsize == -1 && py_error_occurred())
            return NULL;
        maxsize = maxsize < 0 ? 0 : maxsize;
    }
    const int typed = py_truth(given[2]);
    struct py_object *o = typed < 0 ? NULL : py_object_new(type);
    PY_HOLD(&o);
    if (!o)
        return NULL;
    struct py_lru_cache *c = CACHE(o);
    c->ring = (struct ring){&c->ring, &c->ring};
    c->maxsize = maxsize;
    c->typed = typed;
    c->func = py_newref(given[0]);
    c->cache_info_type = py_newref(given[3]);
    c->cache = py_dict_new();
    py_gc_track(o);
    if (!c->cache)
        py_clear(o);
    struct py_object *result = o;
    o = NULL;
    return result;
}

static void cache_dealloc(struct py_object *o)
{
    struct py_lru_cache *c = CACHE(o);
    py_gc_untrack(o);
    /* Somebody may hold the dict for longer, and its links must not look for the ring then. */
    while (c->ring.next && c->ring.next != &c->ring)
        ring_leave(link_of(c->ring.next));
    py_object_release_common(o);
    py_object_free(o);
}

static struct py_object *get_dict(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_dict *d = py_object_dict(self, true);
    return d ? PY_OBJ(py_newref(d)) : NULL;
}

static const struct py_getset_def cache_getsets[] = {
    {.name = "__dict__", .get = get_dict},
    {.name = NULL},
};

static const struct py_method_def cache_methods[] = {
    {.name = "cache_info",
     .fn = cache_info,
     .doc = "How often it knew the answer, and what it keeps."},
    {.name = "cache_clear", .fn = cache_clear, .doc = "Forgets all results, and the counts."},
    METHOD_ROW("__reduce__", cache_reduce, 0, 0),
    METHOD_ROW("__copy__", cache_copy, 0, -1),
    METHOD_ROW("__deepcopy__", cache_copy, 0, -1),
    {.name = NULL},
};

static const struct py_field cache_fields[] = {PY_FIELD(struct py_lru_cache, func),
                                               PY_FIELD(struct py_lru_cache, cache),
                                               PY_FIELD(struct py_lru_cache, cache_info_type),
                                               PY_FIELD(struct py_lru_cache, dict), PY_FIELD_END};

struct py_type py_lru_cache_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "functools._lru_cache_wrapper",
    .doc =
        "A function that keeps the results of user_function: at most maxsize of them (None: all),\n"
        "for each type of argument apart if typed is true.",
    .basicsize = sizeof(struct py_lru_cache),
    .flags = PY_TYPE_GC | PY_TYPE_METHOD_DESCR | PY_TYPE_IMMUTABLE,
    .fields = cache_fields,
    .weaklist_offset = offsetof(struct py_lru_cache, weaklist),
    .dict_offset = offsetof(struct py_lru_cache, dict),
    .dealloc = cache_dealloc,
    .call = cache_call,
    .descr_get = cache_get,
    .new_ = cache_new,
    .methods = cache_methods,
    .getsets = cache_getsets,
};
