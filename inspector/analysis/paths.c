// Breadth-first search in four waves: modules and what they name; then everything else that surely
// is a root, one step later, as a local variable is one step from its frame like a global is one
// from its module; when all that is exhausted, words that look like references; and at last what
// only native code holds.
#include "inspector/analysis/paths.h"

#include "inspector/analysis/reach.h"
#include "inspector/analysis/steps.h"
#include "inspector/analysis/stored.h"
#include "inspector/base/huge.h"
#include "inspector/base/progress.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PROGRESS_STEP = 65536 };

struct search {
    struct snapshot *s;
    struct paths *p;
    struct start_vec won; // starts that reached their object first
    uint32_t done;        // entries of p->order whose edges have been followed
    struct progress progress;
};

static void meet(struct search *search, uint32_t object, uint32_t parent)
{
    search->p->parent[object] = parent;
    search->p->order[search->p->reachable_count++] = object;
}

static struct error *meet_start(struct search *search, const struct start *start)
{
    if (search->p->parent[start->object] != ORDINAL_NONE)
        return NULL;
    meet(search, start->object, start->object);
    return start_vec_push(&search->won, *start);
}

static void expand_until(struct search *search, uint32_t end)
{
    const struct snapshot *s = search->s;
    while (search->done < end && search->done < search->p->reachable_count) {
        const uint32_t o = search->p->order[search->done++];
        if (search->done % PROGRESS_STEP == 0)
            progress_update(&search->progress, search->done);
        for (uint64_t e = s->edge_begin[o]; e < s->edge_begin[o + 1]; e++)
            if (search->p->parent[s->targets[e]] == ORDINAL_NONE && snapshot_edge_retains(s, e))
                meet(search, s->targets[e], o);
    }
}

// A module and its namespace stand at the same distance.
static struct error *meet_module(struct search *search, const struct start *start)
{
    TRY(meet_start(search, start));
    struct edge edge;
    for (struct edge_iter it = snapshot_edges(search->s, start->object);
         edge_iter_next(&it, &edge);)
        if (step_is_namespace(search->s, &edge) && edge_class_retains(edge.class)) {
            if (search->p->parent[edge.target] == ORDINAL_NONE)
                meet(search, edge.target, start->object);
            break;
        }
    return NULL;
}

static bool is_module(const struct snapshot *s, const struct start *start)
{
    return start->root != ORDINAL_NONE && s->roots[start->root].kind == ROOT_MODULE;
}

static bool is_sure(const struct snapshot *s, const struct start *start)
{
    return start->root != ORDINAL_NONE && !reach_is_guess(&s->roots[start->root]);
}

static struct error *run(struct search *search, const struct start_vec *starts)
{
    const struct snapshot *s = search->s;
    size_t i = 0;
    for (; i < starts->count && is_module(s, &starts->items[i]); i++)
        TRY(meet_module(search, &starts->items[i]));
    expand_until(search, search->p->reachable_count);
    for (; i < starts->count && is_sure(s, &starts->items[i]); i++)
        TRY(meet_start(search, &starts->items[i]));
    expand_until(search, UINT32_MAX);
    for (; i < starts->count && starts->items[i].root != ORDINAL_NONE; i++)
        TRY(meet_start(search, &starts->items[i]));
    expand_until(search, UINT32_MAX);
    for (; i < starts->count; i++)
        TRY(meet_start(search, &starts->items[i]));
    expand_until(search, UINT32_MAX);
    return NULL;
}

static int compare_by_object(const void *a, const void *b)
{
    const uint32_t x = ((const struct start *)a)->object, y = ((const struct start *)b)->object;
    return x < y ? -1 : x > y;
}

static struct error *keep_starts(struct paths *p, struct start_vec *won)
{
    p->start_object = malloc((won->count + 1) * sizeof *p->start_object);
    p->start_root = malloc((won->count + 1) * sizeof *p->start_root);
    if (!p->start_object || !p->start_root)
        return &error_no_memory;
    if (won->count)
        qsort(won->items, won->count, sizeof *won->items, compare_by_object);
    for (size_t i = 0; i < won->count; i++) {
        p->start_object[i] = won->items[i].object;
        p->start_root[i] = won->items[i].root;
    }
    p->start_count = (uint32_t)won->count;
    return NULL;
}

struct error *paths_create(struct snapshot *s, struct paths **ret)
{
    _cleanup_(paths_destroy_at) struct paths *p = calloc(1, sizeof *p);
    struct start_vec starts = {0};
    if (!p)
        return &error_no_memory;
    TRY(reach_starts(s, &starts));
    struct search search = {.s = s, .p = p};
    struct error *err = &error_no_memory;
    p->object_count = s->object_count;
    p->parent = huge_malloc((uint64_t)s->object_count + 1, sizeof *p->parent);
    p->order = huge_malloc((uint64_t)s->object_count + 1, sizeof *p->order);
    if (p->parent && p->order) {
        memset(p->parent, 0xff, ((size_t)s->object_count + 1) * sizeof *p->parent);
        progress_begin(&search.progress, "finding paths", "objects", s->object_count);
        err = run(&search, &starts);
        progress_end(&search.progress);
    }
    if (!err)
        err = keep_starts(p, &search.won);
    start_vec_deinit(&starts);
    start_vec_deinit(&search.won);
    if (err)
        return err;
    stored_paths_save(s, p);
    *ret = take_ptr(p);
    return NULL;
}

void paths_destroy(struct paths *p)
{
    if (!p)
        return;
    free(p->parent);
    free(p->order);
    free(p->start_object);
    free(p->start_root);
    free(p);
}

static int compare_ordinals(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

uint32_t paths_root_of(const struct paths *p, uint32_t start)
{
    if (p->start_count == 0)
        return ORDINAL_NONE;
    const uint32_t *found =
        bsearch(&start, p->start_object, p->start_count, sizeof *p->start_object, compare_ordinals);
    return found ? p->start_root[found - p->start_object] : ORDINAL_NONE;
}

// ---- one path ----

struct error *path_to(const struct paths *p, const struct snapshot *s, uint32_t object,
                      struct path *ret)
{
    if (object >= p->object_count || !paths_reaches(p, object)) {
        struct strbuf name;
        strbuf_init(&name);
        if (object < s->object_count)
            snapshot_add_object_name(s, object, &name);
        struct error *err = error_add_why(
            error_create(ERROR_NOT_FOUND, "no path leads to %s", strbuf_text(&name)),
            "nothing reachable refers to it: it is garbage that has not been collected yet");
        strbuf_deinit(&name);
        return err;
    }
    uint32_t count = 1;
    for (uint32_t o = object; p->parent[o] != o; o = p->parent[o])
        count++;
    uint32_t *objects = malloc(count * sizeof *objects);
    if (!objects)
        return &error_no_memory;
    uint32_t o = object;
    for (uint32_t i = count; i-- > 0; o = p->parent[o])
        objects[i] = o;
    *ret = (struct path){.root = paths_root_of(p, objects[0]), .objects = objects, .count = count};
    return NULL;
}

void path_deinit(struct path *path)
{
    free(path->objects);
    *path = (struct path){0};
}

static bool edge_at(const struct snapshot *s, const struct path *path, uint32_t i,
                    struct edge *edge)
{
    return i > 0 && i < path->count &&
           snapshot_find_edge(s, path->objects[i - 1], path->objects[i], edge);
}

// Whether objects[i] is a namespace on this path.
static bool namespace_at(const struct snapshot *s, const struct path *path, uint32_t i)
{
    struct edge edge;
    return edge_at(s, path, i, &edge) && step_is_namespace(s, &edge);
}

// Whether objects[i] is a namespace that the next step hides.
bool path_is_folded(const struct snapshot *s, const struct path *path, uint32_t i)
{
    struct edge edge;
    const char *name;
    size_t length;
    if (!namespace_at(s, path, i) || !edge_at(s, path, i + 1, &edge))
        return false;
    return edge.kind == EDGE_ATTRIBUTE || step_identifier(s, &edge, &name, &length);
}

static void add_root(const struct snapshot *s, const struct path *path, struct strbuf *out)
{
    if (path->root >= s->root_count)
        strbuf_add(out, "native code");
    else if (s->roots[path->root].kind == ROOT_MODULE)
        strbuf_add(out, snapshot_string(s, s->roots[path->root].name));
    else
        snapshot_add_root_name(s, &s->roots[path->root], out);
}

void path_add_step(const struct snapshot *s, const struct path *path, uint32_t i,
                   struct strbuf *out)
{
    struct edge edge;
    if (i == 0)
        add_root(s, path, out);
    else if (!path_is_folded(s, path, i) && edge_at(s, path, i, &edge))
        step_add(s, &edge, namespace_at(s, path, i - 1), out);
}

void path_add_text(const struct snapshot *s, const struct path *path, struct strbuf *out)
{
    const bool module = path->root < s->root_count && s->roots[path->root].kind == ROOT_MODULE;
    assert(path->cut_steps == 0);
    add_root(s, path, out);
    bool glued = module; // the first step of a module path is written onto its name
    if (!module || path->count == 1) {
        strbuf_add(out, " -> ");
        snapshot_add_type_name(s, s->type[path->objects[0]], out);
    }
    for (uint32_t i = 1; i < path->count; i++) {
        if (path->count > PATH_TEXT_STEPS && i == PATH_TEXT_STEPS / 2) {
            const uint32_t end = path->count - PATH_TEXT_STEPS / 2;
            strbuf_addf(out, " -> (%u steps)", end - i);
            i = end;
        }
        if (path_is_folded(s, path, i))
            continue;
        if (!glued)
            strbuf_add(out, " -> ");
        glued = false;
        path_add_step(s, path, i, out);
        strbuf_add(out, " -> ");
        snapshot_add_type_name(s, s->type[path->objects[i]], out);
    }
}

bool path_add_expression(const struct snapshot *s, const struct path *path, struct strbuf *out)
{
    const size_t begin = out->length;
    if (path->root >= s->root_count || s->roots[path->root].kind != ROOT_MODULE ||
        path->count > PATH_EXPRESSION_STEPS || path->cut_steps)
        return false;
    const char *module = snapshot_string(s, s->roots[path->root].name);
    if (strpbrk(module, "'\\\n"))
        return false;
    if (strcmp(module, "__main__") == 0)
        strbuf_add(out, module);
    else
        strbuf_addf(out, "sys.modules['%s']", module);
    for (uint32_t i = 1; i < path->count; i++) {
        struct edge edge;
        if (path_is_folded(s, path, i))
            continue;
        if (!edge_at(s, path, i, &edge) ||
            !step_add_expression(s, &edge, namespace_at(s, path, i - 1), out)) {
            strbuf_truncate(out, begin);
            return false;
        }
    }
    return true;
}
