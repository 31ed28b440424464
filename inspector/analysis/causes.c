// Reads the way from a suspect to a sample below it. The marks are looked for in an order of their
// own: what stands first explains the ones behind it, an exception keeps frames and those keep
// everything else.
#include "inspector/analysis/causes.h"

#include "inspector/base/format.h"
#include "inspector/base/vec.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEPS_ABOVE = 8, // of a way that are looked at: a linked list makes it as long as itself
    STEPS_BELOW = 256,
    THREADS_SHOWN = 3,
    EXTENSIONS_SHOWN = 4,
    EMPTY_DICT_BYTES = 64,
};

const char *cause_word(enum cause cause)
{
    static const char *const words[] = {
#define CAUSE(name, word) [CAUSE_##name] = word,
#include "inspector/analysis/causes.def"
#undef CAUSE
    };
    return words[cause];
}

// The way: from two steps above the suspect down to the sample.
struct way {
    const struct cause_case *c;
    struct path path;
    uint32_t suspect; // where in it the suspect stands
};

static const char *type_name(const struct snapshot *s, uint32_t o)
{
    return snapshot_string(s, s->types[s->type[o]].name);
}

static uint32_t at(const struct way *w, uint32_t i)
{
    return w->path.objects[i];
}

static bool edge_to(const struct way *w, uint32_t i, struct edge *edge)
{
    return i > 0 && i < w->path.count && snapshot_find_edge(w->c->s, at(w, i - 1), at(w, i), edge);
}

static bool edge_is_called(const struct snapshot *s, const struct edge *edge, const char *name)
{
    return edge->name != EDGE_NAME_NONE && !edge_name_is_index(edge->name) &&
           strcmp(snapshot_string(s, edge->name), name) == 0;
}

// The first object of one of the types, from place `from` on; 0 when there is none, for the first
// object of a way is a root's and no mark.
static uint32_t find_type(const struct way *w, uint32_t from, const char *const *types)
{
    for (uint32_t i = from; i < w->path.count; i++)
        for (const char *const *type = types; *type; type++)
            if (i && strcmp(*type, type_name(w->c->s, at(w, i))) == 0)
                return i;
    return 0;
}

static uint64_t count_of_type(const struct snapshot *s, uint32_t type)
{
    uint64_t count = 0;
    for (uint32_t o = 0; o < s->object_count; o++)
        count += s->type[o] == type;
    return count;
}

static void add_type(const struct snapshot *s, uint32_t o, struct strbuf *out)
{
    snapshot_add_type_name(s, s->type[o], out);
}

static void add_label(const struct snapshot *s, uint32_t o, struct strbuf *out)
{
    if (s->label[o])
        strbuf_add(out, snapshot_string(s, s->label[o]));
    else
        snapshot_add_object_name(s, o, out);
}

// "3,420 functions" would say that they are all of this leak: only when most of them can be.
static void add_count(const struct way *w, uint32_t i, const char *one, const char *many,
                      struct strbuf *out)
{
    const struct snapshot *s = w->c->s;
    const uint64_t count = count_of_type(s, s->type[at(w, i)]);
    strbuf_addf(out, "%s %s", format_count(count).text, count == 1 ? one : many);
}

// ", with its local 'body'": what of a frame leads on to the sample.
static void add_local(const struct way *w, uint32_t from, struct strbuf *out)
{
    struct edge edge;
    for (uint32_t i = from; i < w->path.count; i++)
        if (edge_to(w, i, &edge) && edge.kind == EDGE_LOCAL && edge.name != EDGE_NAME_NONE &&
            !edge_name_is_index(edge.name)) {
            strbuf_addf(out, " with its local '%s'", snapshot_string(w->c->s, edge.name));
            return;
        }
}

// ---- what came and what left ----

static int compare_addresses(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

VEC_DEFINE(address_vec, uint64_t);

// Elements of a list, values of a dict, members of a set.
static struct error *elements_of(const struct snapshot *s, uint32_t o, struct address_vec *ret)
{
    struct edge edge;
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);)
        if (edge.kind == EDGE_ITEM || edge.kind == EDGE_VALUE)
            TRY(address_vec_push(ret, s->address[edge.target]));
    if (ret->count)
        qsort(ret->items, ret->count, sizeof *ret->items, compare_addresses);
    return NULL;
}

static uint64_t count_missing(const struct address_vec *from, const struct address_vec *in)
{
    uint64_t missing = 0;
    for (size_t i = 0; i < from->count; i++)
        missing += !in->count || !bsearch(&from->items[i], in->items, in->count, sizeof *in->items,
                                          compare_addresses);
    return missing;
}

static struct error *add_traffic(const struct cause_case *c, struct strbuf *why)
{
    const uint32_t before =
        c->first == c->s ? ORDINAL_NONE : snapshot_find(c->first, c->s->address[c->object]);
    struct address_vec old = {0}, new = {0};
    if (before == ORDINAL_NONE)
        return NULL;
    struct error *err = elements_of(c->first, before, &old);
    if (!err)
        err = elements_of(c->s, c->object, &new);
    if (!err)
        strbuf_addf(why, ": %s entries came, %s left", format_count(count_missing(&new, &old)).text,
                    format_count(count_missing(&old, &new)).text);
    address_vec_deinit(&old);
    address_vec_deinit(&new);
    return err;
}

// ---- one cause each ----

// "an lru_cache without a limit: profile app.py:7"
static bool explain_lru_cache(const struct way *w, struct strbuf *why)
{
    static const char *const types[] = {"_lru_cache_wrapper", NULL};
    const struct snapshot *s = w->c->s;
    const uint32_t first = w->suspect > 1 ? w->suspect - 1 : w->suspect;
    const uint32_t i = find_type(w, first, types);
    if (!i || i > w->suspect)
        return false;
    const char *label = snapshot_string(s, s->label[at(w, i)]);
    const char *limit = strstr(label, " maxsize=");
    if (!limit)
        strbuf_add(why, "an lru_cache");
    else if (strcmp(limit, " maxsize=None") == 0)
        strbuf_add(why, "an lru_cache without a limit");
    else
        strbuf_addf(why, "an lru_cache with%s", limit);
    strbuf_addf(why, " keeps every result of %.*s", limit ? (int)(limit - label) : 200, label);
    return true;
}

static bool explain_traceback(const struct way *w, struct strbuf *why)
{
    static const char *const tracebacks[] = {"traceback", NULL};
    static const char *const frames[] = {"frame", NULL};
    const struct snapshot *s = w->c->s;
    const uint32_t i = find_type(w, w->suspect, tracebacks);
    struct edge edge;
    if (!i)
        return false;
    const uint32_t frame = find_type(w, i, frames);
    uint32_t exception = i;
    while (exception > w->suspect && edge_to(w, exception, &edge) &&
           !edge_is_called(s, &edge, "__traceback__"))
        exception--;
    strbuf_add(why, "exceptions are kept, and with them their tracebacks: ");
    if (exception > w->suspect) {
        strbuf_add(why, "a ");
        add_type(s, at(w, exception - 1), why);
    } else {
        strbuf_add(why, "one");
    }
    strbuf_add(why, " keeps the frame of ");
    add_label(s, at(w, frame ? frame : i), why);
    add_local(w, frame ? frame : i, why);
    return true;
}

// What the task waits for.
static void add_awaited(const struct snapshot *s, uint32_t task, struct strbuf *why)
{
    struct edge edge;
    for (struct edge_iter it = snapshot_edges(s, task); edge_iter_next(&it, &edge);)
        if (edge_is_called(s, &edge, "fut_waiter") || edge_is_called(s, &edge, "_fut_waiter") ||
            edge_is_called(s, &edge, "task_fut_waiter")) {
            strbuf_add(why, ", waiting for a ");
            add_type(s, edge.target, why);
            strbuf_add(why, " that nobody has completed");
            return;
        }
}

static bool explain_task(const struct way *w, struct strbuf *why)
{
    static const char *const tasks[] = {"Task", NULL};
    static const char *const coroutines[] = {"coroutine", NULL};
    const struct snapshot *s = w->c->s;
    const uint32_t i = find_type(w, w->suspect, tasks);
    if (!i)
        return false;
    const uint32_t coroutine = find_type(w, i, coroutines);
    add_count(w, i, "asyncio task is not done", "asyncio tasks are not done", why);
    if (coroutine) {
        strbuf_add(why, ": one keeps the coroutine ");
        add_label(s, at(w, coroutine), why);
        add_local(w, coroutine, why);
    }
    add_awaited(s, at(w, i), why);
    return true;
}

static bool explain_generator(const struct way *w, struct strbuf *why)
{
    static const char *const types[] = {"generator", "coroutine", "async_generator", NULL};
    const uint32_t i = find_type(w, w->suspect, types);
    if (!i)
        return false;
    strbuf_addf(why, "a %s is suspended and waits to go on: ", type_name(w->c->s, at(w, i)));
    add_label(w->c->s, at(w, i), why);
    add_local(w, i, why);
    return true;
}

static bool explain_callback(const struct way *w, struct strbuf *why)
{
    static const char *const types[] = {"function", "method", "partial", NULL};
    const struct snapshot *s = w->c->s;
    const uint32_t i = find_type(w, w->suspect + 1, types);
    if (!i)
        return false;
    const char *type = type_name(s, at(w, i));
    strbuf_add(why, "callbacks are registered and not taken out again: ");
    if (strcmp(type, "method") == 0)
        strbuf_add(why, "the method ");
    else if (strcmp(type, "partial") == 0)
        strbuf_add(why, "a ");
    else
        strbuf_add(why, "the function ");
    add_label(s, at(w, i), why);
    static const char *const cells[] = {"cell", NULL};
    const uint32_t cell = find_type(w, i, cells);
    if (cell && cell + 1 < w->path.count) {
        strbuf_add(why, " keeps a ");
        add_type(s, at(w, cell + 1), why);
        strbuf_add(why, " in its closure");
    } else if (i + 1 < w->path.count) {
        strbuf_add(why, " keeps a ");
        add_type(s, at(w, i + 1), why);
    }
    return true;
}

// ---- thread-locals ----

static const char *thread_name(const struct snapshot *s, uint32_t root)
{
    return s->roots[root].kind == ROOT_THREAD && s->roots[root].thread < s->thread_count
               ? snapshot_string(s, s->threads[s->roots[root].thread].name)
               : NULL;
}

// The thread that keeps this place holder of a thread-local: in its state, or in its dict.
static const char *thread_of(const struct way *w, uint32_t place_holder)
{
    const struct snapshot *s = w->c->s;
    uint32_t o = place_holder;
    for (uint32_t i = 0; i < s->root_count; i++)
        if (s->roots[i].target == place_holder && thread_name(s, i))
            return thread_name(s, i);
    if (!paths_reaches(w->c->paths, o))
        return NULL;
    while (w->c->paths->parent[o] != o)
        o = w->c->paths->parent[o];
    const uint32_t root = paths_root_of(w->c->paths, o);
    return root == ORDINAL_NONE ? NULL : thread_name(s, root);
}

// Whose key it is: up to 3.12 a weak reference to the place holder, then that itself.
static const char *thread_of_key(const struct way *w, uint32_t key)
{
    struct edge edge;
    const char *name = thread_of(w, key);
    for (struct edge_iter it = snapshot_edges(w->c->s, key); !name && edge_iter_next(&it, &edge);)
        if (edge.class == CLASS_WEAK)
            name = thread_of(w, edge.target);
    return name;
}

// Values of each thread stand in a dict under a key of the thread; those that hold something are
// told.
static void add_threads(const struct way *w, uint32_t dict, struct strbuf *why)
{
    const struct snapshot *s = w->c->s;
    struct edge edge;
    const char *name = NULL;
    unsigned shown = 0;
    for (struct edge_iter it = snapshot_edges(s, dict); edge_iter_next(&it, &edge);) {
        if (edge.kind == EDGE_KEY)
            name = thread_of_key(w, edge.target);
        else if (name && snapshot_size(s, edge.target) > EMPTY_DICT_BYTES &&
                 ++shown <= THREADS_SHOWN)
            strbuf_addf(why, "%s%s", shown == 1 ? ": of " : ", ", name);
    }
    if (shown > THREADS_SHOWN)
        strbuf_addf(why, " and %u more", shown - THREADS_SHOWN);
}

static bool explain_thread_local(const struct way *w, struct strbuf *why)
{
    const struct snapshot *s = w->c->s;
    struct edge edge;
    const uint32_t first = w->suspect > STEPS_ABOVE ? w->suspect - STEPS_ABOVE : 1;
    for (uint32_t i = first; i < w->path.count; i++) {
        if (!edge_to(w, i, &edge) ||
            (!edge_is_called(s, &edge, "dummies") && !edge_is_called(s, &edge, "localdicts")))
            continue;
        strbuf_add(why, "a thread-local grows, and lives as long as its thread");
        add_threads(w, at(w, i), why);
        return true;
    }
    return false;
}

static bool is_container(const struct snapshot *s, uint32_t o)
{
    static const char *const types[] = {"dict",  "list",        "set",         "deque",
                                        "*Dict", "defaultdict", "OrderedDict", "Counter"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (fnmatch(types[i], type_name(s, o), 0) == 0)
            return true;
    return false;
}

static struct error *explain_container(const struct way *w, enum cause *ret, struct strbuf *why)
{
    const struct cause_case *c = w->c;
    if (!is_container(c->s, c->object))
        return NULL;
    *ret = CAUSE_CONTAINER;
    if (c->first == c->s) {
        strbuf_add(why, "one ");
        add_type(c->s, c->object, why);
        strbuf_add(why, " holds it all");
        return NULL;
    }
    strbuf_add(why, "a ");
    add_type(c->s, c->object, why);
    strbuf_add(why, " that only grows");
    return add_traffic(c, why);
}

// ---- all of them ----

static struct error *find_way(const struct cause_case *c, struct way *w)
{
    *w = (struct way){.c = c};
    TRY(path_to(c->paths, c->s, c->sample, &w->path));
    for (uint32_t i = 0; i < w->path.count; i++)
        if (at(w, i) == c->object) {
            w->suspect = i;
            if (w->path.count - i > STEPS_BELOW)
                w->path.count = i + STEPS_BELOW;
            return NULL;
        }
    // The sample is kept through something else, too: then the suspect speaks for itself.
    path_deinit(&w->path);
    TRY(path_to(c->paths, c->s, c->object, &w->path));
    w->suspect = w->path.count - 1;
    return NULL;
}

struct error *cause_explain(const struct cause_case *c, enum cause *ret, struct strbuf *why)
{
    static const struct {
        enum cause cause;
        bool (*explain)(const struct way *w, struct strbuf *why);
    } marks[] = {
        {CAUSE_LRU_CACHE, explain_lru_cache},  {CAUSE_THREAD_LOCAL, explain_thread_local},
        {CAUSE_TRACEBACKS, explain_traceback}, {CAUSE_TASKS, explain_task},
        {CAUSE_GENERATORS, explain_generator}, {CAUSE_CALLBACKS, explain_callback},
    };
    struct way w;
    *ret = CAUSE_UNKNOWN;
    TRY(snapshot_load(c->s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(find_way(c, &w));
    struct error *err = NULL;
    for (size_t i = 0; i < sizeof marks / sizeof *marks && *ret == CAUSE_UNKNOWN; i++)
        if (marks[i].explain(&w, why))
            *ret = marks[i].cause;
    if (*ret == CAUSE_UNKNOWN)
        err = explain_container(&w, ret, why);
    path_deinit(&w.path);
    return err ? err : strbuf_error(why);
}

// ---- what is not kept by an object ----

void cause_add_collector(const struct snapshot *s, struct strbuf *why)
{
    switch (s->info.collector) {
    case COLLECTOR_ON:
        strbuf_add(why, "the collector is on and has not come to them");
        break;
    case COLLECTOR_OFF:
        strbuf_add(why, "the collector is switched off: gc.disable()");
        break;
    case COLLECTOR_UNKNOWN:
        strbuf_add(why, "the collector has not come to them");
        break;
    }
}

static uint32_t follow(const struct snapshot *s, uint32_t o, const char *name)
{
    struct edge edge;
    char key[64];
    snprintf(key, sizeof key, "'%s'", name);
    if (o == ORDINAL_NONE)
        return ORDINAL_NONE;
    for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);)
        if (edge.kind != EDGE_KEY &&
            (edge_is_called(s, &edge, name) || edge_is_called(s, &edge, key)))
            return edge.target;
    return ORDINAL_NONE;
}

// Of a module that was loaded from a file of machine code in no folder of the standard library.
static bool is_foreign_extension(const struct snapshot *s, uint32_t module)
{
    const uint32_t names = follow(s, module, "__dict__");
    const uint32_t loader = follow(s, names, "__loader__"), file = follow(s, names, "__file__");
    return loader != ORDINAL_NONE && strcmp(type_name(s, loader), "ExtensionFileLoader") == 0 &&
           file != ORDINAL_NONE && !strstr(snapshot_string(s, s->label[file]), "lib-dynload");
}

struct error *cause_add_extensions(struct snapshot *s, struct strbuf *why)
{
    unsigned count = 0;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    for (uint32_t i = 0; i < s->root_count; i++)
        if (s->roots[i].kind == ROOT_MODULE && is_foreign_extension(s, s->roots[i].target) &&
            ++count <= EXTENSIONS_SHOWN)
            strbuf_addf(why, "%s%s", count > 1 ? ", " : "", snapshot_string(s, s->roots[i].name));
    if (count > EXTENSIONS_SHOWN)
        strbuf_addf(why, " and %u more", count - EXTENSIONS_SHOWN);
    return strbuf_error(why);
}
