/* The module gc: what the collector does, and the object graph as it sees it, from inside.
 *
 * These functions are the ground truth that captures are compared with, so each answers exactly as
 * CPython 3.11's: get_objects leaves out the list it returns and the permanent generation,
 * get_referents reports what traversal reports and in that order, get_referrers looks at
 * tracked objects only.
 */
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define FN(name)                                                                         \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED_ARGS (void)self, (void)args, (void)nargs, (void)kwnames

FN(gc_collect)
{
    (void)self;
    static const char *const names[] = {"generation"};
    static const struct py_params params = {
        .function = "collect", .names = names, .count = 1, .keyword_only = 1};
    struct py_object *given = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &given) < 0)
        return NULL;
    int64_t generation = PY_GENERATIONS - 1;
    if (given) {
        generation = py_int_as_i64(given);
        if (generation == -1 && py_error_occurred())
            return NULL;
    }
    if (generation < 0 || generation >= PY_GENERATIONS)
        return py_raise(&py_exc_ValueError, "invalid generation");
    const int64_t n = py_gc_collect((int)generation);
    return n < 0 ? NULL : py_int_from_i64(n);
}

FN(gc_enable)
{
    UNUSED_ARGS;
    py_gc.enabled = 1;
    return PY_NONE;
}

FN(gc_disable)
{
    UNUSED_ARGS;
    py_gc.enabled = 0;
    return PY_NONE;
}

FN(gc_isenabled)
{
    UNUSED_ARGS;
    return py_bool_from(py_gc.enabled != 0);
}

static struct py_object *three(int32_t a, int32_t b, int32_t c)
{
    struct py_object *v[3] = {py_int_from_i64(a), py_int_from_i64(b), py_int_from_i64(c)};
    if (v[0] && v[1] && v[2])
        return PY_OBJ(py_tuple_from_array_steal(v, 3));
    for (int i = 0; i < 3; i++)
        py_xdecref(v[i]);
    return NULL;
}

FN(gc_get_count)
{
    UNUSED_ARGS;
    return three(py_gc.generations[0].count, py_gc.generations[1].count,
                 py_gc.generations[2].count);
}

FN(gc_get_threshold)
{
    UNUSED_ARGS;
    return three(py_gc.generations[0].threshold, py_gc.generations[1].threshold,
                 py_gc.generations[2].threshold);
}

FN(gc_set_threshold)
{
    (void)self, (void)kwnames;
    int32_t values[PY_GENERATIONS];
    for (size_t i = 0; i < nargs; i++) {
        const int64_t v = py_int_as_i64(args[i]);
        if (v == -1 && py_error_occurred())
            return NULL;
        if (v != (int32_t)v)
            return py_raise(&py_exc_OverflowError, "signed integer is %s",
                            v > 0 ? "greater than maximum" : "less than minimum");
        values[i] = (int32_t)v;
    }
    for (size_t i = 0; i < nargs; i++)
        py_gc.generations[i].threshold = values[i];
    return PY_NONE;
}

FN(gc_get_debug)
{
    UNUSED_ARGS;
    return py_int_from_i64(py_gc.debug);
}

FN(gc_set_debug)
{
    (void)self, (void)nargs, (void)kwnames;
    const int64_t v = py_int_as_i64(args[0]);
    if (v == -1 && py_error_occurred())
        return NULL;
    py_gc.debug = (int32_t)v;
    return PY_NONE;
}

/* ---- the graph ---------------------------------------------------------------------------------
 */

static int append_list(struct py_list *result, const struct py_gc_head *list)
{
    for (const struct py_gc_head *g = list->next; g != list; g = g->next) {
        struct py_object *o = py_gc_object_of(g);
        if (o != PY_OBJ(result) && py_list_append(result, o) < 0)
            return -1;
    }
    return 0;
}

FN(gc_get_objects)
{
    (void)self;
    static const char *const names[] = {"generation"};
    static const struct py_params params = {
        .function = "get_objects", .names = names, .count = 1, .keyword_only = 1};
    struct py_object *given = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &given) < 0)
        return NULL;
    int64_t only = -1;
    if (given && given != PY_NONE) {
        only = py_int_as_ssize(given);
        if (only == -1 && py_error_occurred())
            return NULL;
        if (only >= PY_GENERATIONS)
            return py_raise(&py_exc_ValueError,
                            "generation parameter must be less than the number of "
                            "available generations (%d)",
                            PY_GENERATIONS);
        if (only < 0)
            return py_raise(&py_exc_ValueError, "generation parameter cannot be negative");
    }
    struct py_list *result = py_list_new(0);
    PY_HOLD(&result);
    for (int i = 0; i < PY_GENERATIONS && result; i++)
        if ((only < 0 || only == i) && append_list(result, &py_gc.generations[i].head) < 0)
            py_clear(result);
    struct py_list *out = result;
    result = NULL;
    return PY_OBJ(out);
}

static int append_visit(struct py_object *o, void *list)
{
    return py_list_append(list, o);
}

FN(gc_get_referents)
{
    (void)self, (void)kwnames;
    struct py_list *result = py_list_new(0);
    PY_HOLD(&result);
    for (size_t i = 0; i < nargs && result; i++)
        if (py_is_gc(args[i]) && py_object_traverse(args[i], append_visit, result))
            py_clear(result);
    struct py_list *out = result;
    result = NULL;
    return PY_OBJ(out);
}

struct targets {
    struct py_object *const *items;
    size_t count;
};

static int is_one_of(struct py_object *o, void *arg)
{
    const struct targets *t = arg;
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i] == o)
            return 1;
    return 0;
}

static int append_referrers(struct py_list *result, const struct py_gc_head *list,
                            struct targets *targets)
{
    for (const struct py_gc_head *g = list->next; g != list; g = g->next) {
        struct py_object *o = py_gc_object_of(g);
        if (o != PY_OBJ(result) && py_object_traverse(o, is_one_of, targets) &&
            py_list_append(result, o) < 0)
            return -1;
    }
    return 0;
}

FN(gc_get_referrers)
{
    (void)self, (void)kwnames;
    struct targets targets = {.items = args, .count = nargs};
    struct py_list *result = py_list_new(0);
    PY_HOLD(&result);
    for (int i = 0; i < PY_GENERATIONS && result; i++)
        if (append_referrers(result, &py_gc.generations[i].head, &targets) < 0)
            py_clear(result);
    struct py_list *out = result;
    result = NULL;
    return PY_OBJ(out);
}

static struct py_dict *stats_of(const struct py_gc_stats *s)
{
    struct py_dict *d = py_dict_new();
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"collections", s->collections},
                {"collected", s->collected},
                {"uncollectable", s->uncollectable}};
    for (size_t i = 0; d && i < sizeof rows / sizeof rows[0]; i++) {
        struct py_object *v = py_int_from_u64(rows[i].value);
        if (!v || py_dict_set_cstr(d, rows[i].name, v) < 0)
            py_clear(d);
        py_xdecref(v);
    }
    return d;
}

FN(gc_get_stats)
{
    UNUSED_ARGS;
    struct py_list *result = py_list_new(0);
    for (int i = 0; i < PY_GENERATIONS && result; i++) {
        struct py_dict *d = stats_of(&py_gc.stats[i]);
        if (!d || py_list_append_steal(result, PY_OBJ(d)) < 0)
            py_clear(result);
    }
    return PY_OBJ(result);
}

FN(gc_is_tracked)
{
    (void)self, (void)nargs, (void)kwnames;
    return py_bool_from(py_gc_is_tracked(args[0]));
}

FN(gc_is_finalized)
{
    (void)self, (void)nargs, (void)kwnames;
    return py_bool_from(py_object_is_finalized(args[0]));
}

FN(gc_freeze)
{
    UNUSED_ARGS;
    py_gc_freeze();
    return PY_NONE;
}

FN(gc_unfreeze)
{
    UNUSED_ARGS;
    py_gc_unfreeze();
    return PY_NONE;
}

FN(gc_get_freeze_count)
{
    UNUSED_ARGS;
    return py_int_from_i64(py_gc_list_size(&py_gc.permanent));
}

static const struct py_method_def gc_functions[] = {
    {.name = "collect",
     .fn = gc_collect,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .signature = "($module, /, generation=2)",
     .doc = "Run the garbage collector.\n\nReturns the number of unreachable objects."},
    {.name = "enable", .fn = gc_enable, .doc = "Collect when there are enough new objects."},
    {.name = "disable", .fn = gc_disable, .doc = "Collect only when asked to."},
    {.name = "isenabled", .fn = gc_isenabled, .doc = "Whether collections start by themselves."},
    {.name = "get_count",
     .fn = gc_get_count,
     .doc = "How far each generation is from its threshold: a tuple of three counts."},
    {.name = "get_threshold",
     .fn = gc_get_threshold,
     .doc = "How many objects start a collection of each generation."},
    {.name = "set_threshold",
     .fn = gc_set_threshold,
     .min_args = 1,
     .max_args = 3,
     .doc = "Sets the collection thresholds; zero for the first disables collection."},
    {.name = "get_debug", .fn = gc_get_debug, .doc = "The flags that set_debug() has set."},
    {.name = "set_debug",
     .fn = gc_set_debug,
     .min_args = 1,
     .max_args = 1,
     .doc = "Set the garbage collection debugging flags."},
    {.name = "get_objects",
     .fn = gc_get_objects,
     .max_args = -1,
     .flags = PY_METH_KEYWORDS,
     .signature = "($module, /, generation=None)",
     .doc = "Return a list of objects tracked by the collector, or of one generation."},
    {.name = "get_referents",
     .fn = gc_get_referents,
     .max_args = -1,
     .doc = "Return the list of objects that are directly referred to by objs."},
    {.name = "get_referrers",
     .fn = gc_get_referrers,
     .max_args = -1,
     .doc = "Return the list of objects that directly refer to any of objs."},
    {.name = "get_stats",
     .fn = gc_get_stats,
     .doc = "What each generation has done so far: a dict for each, in a list."},
    {.name = "is_tracked",
     .fn = gc_is_tracked,
     .min_args = 1,
     .max_args = 1,
     .doc = "Returns true if the object is tracked by the garbage collector."},
    {.name = "is_finalized",
     .fn = gc_is_finalized,
     .min_args = 1,
     .max_args = 1,
     .doc = "Whether the finalizer of an object has been called by the collector."},
    {.name = "freeze",
     .fn = gc_freeze,
     .doc = "Move all tracked objects to the permanent generation."},
    {.name = "unfreeze",
     .fn = gc_unfreeze,
     .doc = "Move the permanent generation to the oldest one."},
    {.name = "get_freeze_count",
     .fn = gc_get_freeze_count,
     .doc = "How many objects the collector leaves alone since freeze()."},
    {.name = NULL}};

struct py_module *py_mod_gc_init(void); /* modules.def */

struct py_module *py_mod_gc_init(void)
{
    static const struct {
        const char *name;
        int value;
    } constants[] = {{"DEBUG_STATS", 1},
                     {"DEBUG_COLLECTABLE", 2},
                     {"DEBUG_UNCOLLECTABLE", 4},
                     {"DEBUG_SAVEALL", 32},
                     {"DEBUG_LEAK", 38}};
    struct py_module *m = py_module_new("gc", "The cyclic garbage collector.");
    if (!m)
        return NULL;
    bool ok = py_gc_init() == 0 && py_module_add_methods(m, gc_functions) == 0 &&
              py_module_add(m, "garbage", py_gc.garbage) == 0 &&
              py_module_add(m, "callbacks", py_gc.callbacks) == 0;
    for (size_t i = 0; ok && i < sizeof constants / sizeof constants[0]; i++)
        ok = py_module_add_steal(m, constants[i].name, py_int_from_i64(constants[i].value)) == 0;
    if (!ok)
        py_clear(m);
    return m;
}
