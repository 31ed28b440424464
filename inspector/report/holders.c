// See holders.h.
//
// Rows wait in a heap, biggest first, and are opened one by one. Opening a row looks at the
// children of all its objects once, and every object is in one row at most, so the whole costs one
// walk over the dominator tree at worst.
#include "inspector/report/holders.h"

#include "inspector/analysis/steps.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// References looked through to name things, before names are left out: a bound on time, not size.
#define NAMING_MAX UINT64_C(200000000)
#define KEYED_MAX  UINT64_C(4000000) // of one object

// A longer way is no explanation, and no name.
enum { PATH_STEPS_MAX = 400, TOP_STEPS_MAX = 8, PATH_WORDS = 12 };

struct members {
    uint32_t *objects; // of a row that stands for several and was not opened yet
    size_t count;
};
VEC_DEFINE(members_vec, struct members);

struct type_sum {
    uint64_t bytes, count;
    uint32_t type, biggest;
    uint32_t rank; // which of the chosen groups; ORDINAL_NONE
};

struct work {
    struct snapshot *s;
    const struct dominators *d;
    const struct paths *paths;
    struct holders *h;
    struct members_vec members; // by row
    struct u32_vec queue;       // rows to open, a heap by holds_bytes
    struct type_sum *sums;      // by type
    struct u32_vec seen;        // types with a sum
    struct u32_vec children;    // of the row that is being opened
    uint32_t *step_of;          // by ordinal
    uint64_t named;             // references looked through
};

// ---- names ----

static bool is_value(const struct snapshot *s, const struct edge *edge, bool from_namespace)
{
    const char *name;
    size_t length;
    if (edge->kind != EDGE_VALUE && edge->kind != EDGE_KEY)
        return false;
    return !(from_namespace && step_identifier(s, edge, &name, &length));
}

static void spell(const struct snapshot *s, const struct edge *edge, bool from_namespace,
                  bool values, struct strbuf *out)
{
    if (!values && is_value(s, edge, from_namespace))
        step_add_merged(s, edge, from_namespace, out);
    else
        step_add(s, edge, from_namespace, out);
}

static struct error *keep(struct holders *h, const struct strbuf *text, uint32_t *id)
{
    const char *bytes = strbuf_text(text);
    size_t length = text->length > HOLDERS_LABEL_MAX ? HOLDERS_LABEL_MAX : text->length;
    while (length && length < text->length && ((unsigned char)bytes[length] & 0xc0) == 0x80)
        length--; // not in the middle of a character
    TRY(strbuf_error(text));
    return strtab_intern(&h->texts, bytes, length, id);
}

static bool find_edge(struct work *w, uint32_t from, uint32_t to, struct edge *edge)
{
    const uint64_t count = w->s->edge_begin[from + 1] - w->s->edge_begin[from];
    if (count > KEYED_MAX || w->named > NAMING_MAX)
        return false;
    w->named += count;
    return snapshot_find_edge(w->s, from, to, edge);
}

// Whether the object is the __dict__ of what its path comes from.
static bool is_namespace(struct work *w, uint32_t o)
{
    struct edge edge;
    return paths_reaches(w->paths, o) && w->paths->parent[o] != o &&
           find_edge(w, w->paths->parent[o], o, &edge) && step_is_namespace(w->s, &edge);
}

// PATH_STEPS_MAX when it is no shorter, or when there is no path.
static uint32_t path_length(const struct paths *paths, uint32_t o)
{
    uint32_t length = 0;
    if (!paths_reaches(paths, o))
        return PATH_STEPS_MAX;
    for (; paths->parent[o] != o && length < PATH_STEPS_MAX; length++)
        o = paths->parent[o];
    return length;
}

static struct error *name_child(struct work *w, uint32_t from, uint32_t to, bool from_namespace,
                                bool merged, uint32_t *id)
{
    struct edge edge;
    struct strbuf text;
    if (!find_edge(w, from, to, &edge))
        return NULL;
    strbuf_init(&text);
    if (merged)
        step_add_merged(w->s, &edge, from_namespace, &text);
    else
        spell(w->s, &edge, from_namespace, w->h->values, &text);
    struct error *err = keep(w->h, &text, id);
    strbuf_deinit(&text);
    return err;
}

// What the root has directly is held by several, or by a root: its own path names it.
static struct error *name_tops(struct work *w)
{
    const struct holder *top = &w->h->rows.items[0];
    for (uint32_t i = 0; i < top->child_count; i++) {
        struct holder *row = &w->h->rows.items[top->child_begin + i];
        struct strbuf text;
        if (row->count > 1 || path_length(w->paths, row->object) > TOP_STEPS_MAX)
            continue;
        strbuf_init(&text);
        struct error *err = holders_add_path(w->s, w->paths, row->object, w->h->values, &text);
        if (!err)
            err = keep(w->h, &text, &row->label);
        strbuf_deinit(&text);
        if (err)
            return err;
    }
    return NULL;
}

// ---- the queue ----

static bool is_less(const struct work *w, uint32_t a, uint32_t b)
{
    const struct holder *rows = w->h->rows.items;
    return rows[a].holds_bytes != rows[b].holds_bytes ? rows[a].holds_bytes < rows[b].holds_bytes
                                                      : a > b;
}

static struct error *queue_push(struct work *w, uint32_t row)
{
    TRY(u32_vec_push(&w->queue, row));
    uint32_t *q = w->queue.items;
    for (size_t i = w->queue.count - 1; i && is_less(w, q[(i - 1) / 2], q[i]); i = (i - 1) / 2) {
        const uint32_t other = q[i];
        q[i] = q[(i - 1) / 2];
        q[(i - 1) / 2] = other;
    }
    return NULL;
}

static uint32_t queue_pop(struct work *w)
{
    uint32_t *q = w->queue.items;
    const uint32_t first = q[0];
    q[0] = q[--w->queue.count];
    for (size_t i = 0;;) {
        size_t most = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < w->queue.count; child++)
            if (is_less(w, q[most], q[child]))
                most = child;
        if (most == i)
            return first;
        const uint32_t other = q[i];
        q[i] = q[most];
        q[most] = other;
        i = most;
    }
}

// ---- opening a row ----

static struct error *add_row(struct work *w, const struct holder *row, struct members members)
{
    TRY(holder_vec_push(&w->h->rows, *row));
    TRY(members_vec_push(&w->members, members));
    return row->holds_bytes > row->own_bytes ? queue_push(w, (uint32_t)w->h->rows.count - 1) : NULL;
}

static struct error *gather_children(struct work *w, uint32_t row)
{
    const struct members *members = &w->members.items[row];
    uint32_t one = row == 0 ? DOMINATOR_ROOT : w->h->rows.items[row].object;
    const uint32_t *objects = members->objects ? members->objects : &one;
    const size_t count = members->objects ? members->count : 1;
    w->children.count = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t child_count, *to;
        const uint32_t *children = dominators_children(w->d, objects[i], &child_count);
        TRY(u32_vec_extend(&w->children, child_count, &to));
        if (child_count)
            memcpy(to, children, child_count * sizeof *to);
    }
    return NULL;
}

// How many of the children, which stand biggest first, are worth a row of their own.
static size_t count_singles(const struct work *w, uint32_t row)
{
    const struct holder *holder = &w->h->rows.items[row];
    const uint64_t share = holder->holds_bytes / 400;
    size_t count = 0;
    if (w->members.items[row].objects)
        return 0; // they are of many parents
    while (count < w->children.count && count < HOLDERS_SINGLES &&
           w->d->retained[w->children.items[count]] >= share)
        count++;
    return count;
}

static int by_bytes(const void *a, const void *b)
{
    const struct type_sum *x = *(struct type_sum *const *)a, *y = *(struct type_sum *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x->type < y->type ? -1 : x->type > y->type;
}

// Sums the children from `begin` on by type and chooses the biggest groups.
static struct error *choose_groups(struct work *w, size_t begin, struct type_sum **chosen,
                                   size_t *count)
{
    w->seen.count = 0;
    for (size_t i = begin; i < w->children.count; i++) {
        const uint32_t o = w->children.items[i];
        struct type_sum *sum = &w->sums[w->s->type[o]];
        if (sum->count++ == 0) {
            TRY(u32_vec_push(&w->seen, w->s->type[o]));
            *sum = (struct type_sum){
                .count = 1, .type = w->s->type[o], .biggest = o, .rank = ORDINAL_NONE};
        }
        sum->bytes += w->d->retained[o];
        if (w->d->retained[o] > w->d->retained[sum->biggest])
            sum->biggest = o;
    }
    _cleanup_free_ struct type_sum **all = malloc((w->seen.count + 1) * sizeof *all);
    if (!all)
        return &error_no_memory;
    for (size_t i = 0; i < w->seen.count; i++)
        all[i] = &w->sums[w->seen.items[i]];
    qsort(all, w->seen.count, sizeof(struct type_sum *), by_bytes);
    *count = w->seen.count < HOLDERS_GROUPS ? w->seen.count : HOLDERS_GROUPS;
    for (size_t i = 0; i < *count; i++) {
        chosen[i] = all[i];
        all[i]->rank = (uint32_t)i;
    }
    return NULL;
}

static struct error *add_single(struct work *w, uint32_t row, uint32_t o, bool from_namespace)
{
    struct holder child = {.parent = row,
                           .object = o,
                           .type = w->s->type[o],
                           .path = ORDINAL_NONE,
                           .count = 1,
                           .holds_bytes = w->d->retained[o],
                           .own_bytes = snapshot_size(w->s, o)};
    if (row)
        TRY(name_child(w, w->h->rows.items[row].object, o, from_namespace, false, &child.label));
    return add_row(w, &child, (struct members){0});
}

static struct error *add_group(struct work *w, uint32_t row, size_t begin,
                               const struct type_sum *sum)
{
    struct members members = {malloc(sum->count * sizeof(uint32_t)), 0};
    if (!members.objects)
        return &error_no_memory;
    struct holder child = {.parent = row,
                           .object = sum->biggest,
                           .type = sum->type,
                           .path = ORDINAL_NONE,
                           .count = sum->count,
                           .holds_bytes = sum->bytes};
    for (size_t i = begin; i < w->children.count; i++) {
        const uint32_t o = w->children.items[i];
        if (w->s->type[o] != sum->type)
            continue;
        members.objects[members.count++] = o;
        child.own_bytes += snapshot_size(w->s, o);
    }
    struct error *err = NULL;
    if (row)
        err = name_child(w, w->d->parent[sum->biggest], sum->biggest,
                         is_namespace(w, w->d->parent[sum->biggest]), sum->count > 1, &child.label);
    if (!err && sum->count == 1) {
        free(members.objects);
        members = (struct members){0};
    }
    if (err) {
        free(members.objects);
        return err;
    }
    return add_row(w, &child, members);
}

static struct error *open_row(struct work *w, uint32_t row)
{
    struct type_sum *groups[HOLDERS_GROUPS];
    size_t group_count;
    TRY(gather_children(w, row));
    const size_t singles = count_singles(w, row);
    const uint32_t begin = (uint32_t)w->h->rows.count;
    const bool from_namespace = row && singles && is_namespace(w, w->h->rows.items[row].object);
    for (size_t i = 0; i < singles; i++)
        TRY(add_single(w, row, w->children.items[i], from_namespace));
    struct error *err = choose_groups(w, singles, groups, &group_count);
    for (size_t i = 0; !err && i < group_count; i++)
        err = add_group(w, row, singles, groups[i]);
    for (size_t i = 0; i < w->seen.count; i++)
        w->sums[w->seen.items[i]].count = 0;
    TRY(err);
    struct holder *parent = &w->h->rows.items[row];
    parent->child_begin = begin;
    parent->child_count = (uint32_t)w->h->rows.count - begin;
    parent->rest_count = w->children.count;
    parent->rest_bytes = parent->holds_bytes - parent->own_bytes;
    for (uint32_t i = 0; i < parent->child_count; i++) {
        const struct holder *child = &w->h->rows.items[begin + i];
        assert(child->holds_bytes <= parent->rest_bytes);
        parent->rest_bytes -= child->holds_bytes;
        parent->rest_count -= child->count;
    }
    free(w->members.items[row].objects);
    w->members.items[row] = (struct members){0};
    return NULL;
}

// What was not opened keeps all it has as its rest.
static struct error *close_rest(struct work *w)
{
    while (w->queue.count) {
        const uint32_t row = queue_pop(w);
        TRY(gather_children(w, row));
        struct holder *holder = &w->h->rows.items[row];
        holder->rest_bytes = holder->holds_bytes - holder->own_bytes;
        holder->rest_count = w->children.count;
    }
    return NULL;
}

static struct error *open_all(struct work *w)
{
    const struct holder top = {.object = ORDINAL_NONE,
                               .type = ORDINAL_NONE,
                               .path = ORDINAL_NONE,
                               .count = w->d->reachable_count,
                               .holds_bytes = w->d->total_bytes};
    TRY(add_row(w, &top, (struct members){0}));
    while (w->queue.count && w->h->rows.count + HOLDERS_SINGLES + HOLDERS_GROUPS < HOLDERS_MAX)
        TRY(open_row(w, queue_pop(w)));
    TRY(close_rest(w));
    return name_tops(w);
}

// ---- paths ----

static struct error *add_step(struct work *w, const struct path *path, uint32_t i)
{
    const struct snapshot *s = w->s;
    const uint32_t o = path->objects[i];
    struct holder_step step = {.parent = ORDINAL_NONE, .object = o};
    struct strbuf text;
    struct edge edge, before;
    bool from_namespace = false;
    strbuf_init(&text);
    if (i == 0) {
        path_add_step(s, path, 0, &text);
    } else {
        step.parent = w->step_of[path->objects[i - 1]];
        from_namespace = i > 1 &&
                         find_edge(w, path->objects[i - 2], path->objects[i - 1], &before) &&
                         step_is_namespace(s, &before);
        if (find_edge(w, path->objects[i - 1], o, &edge)) {
            step.folded = step_is_namespace(s, &edge);
            spell(s, &edge, from_namespace, w->h->values, &text);
        }
    }
    struct error *err = keep(w->h, &text, &step.label);
    strbuf_clear(&text);
    if (i == 0) {
        const struct path root = {.root = path->root, .objects = path->objects, .count = 1};
        path_add_expression(s, &root, &text);
    } else if (text.failed == false && step.label &&
               (w->h->values || !is_value(s, &edge, from_namespace))) {
        step_add_expression(s, &edge, from_namespace, &text);
    }
    if (!err && text.length <= HOLDERS_LABEL_MAX)
        err = keep(w->h, &text, &step.expression);
    strbuf_deinit(&text);
    if (!err)
        err = holder_step_vec_push(&w->h->steps, step);
    if (!err)
        w->step_of[o] = (uint32_t)w->h->steps.count - 1;
    return err;
}

static struct error *tell_path(struct work *w, struct holder *row)
{
    struct path path;
    if (path_length(w->paths, row->object) >= PATH_STEPS_MAX)
        return NULL;
    TRY(path_to(w->paths, w->s, row->object, &path));
    struct error *err = NULL;
    for (uint32_t i = 0; !err && i < path.count; i++)
        if (w->step_of[path.objects[i]] == ORDINAL_NONE)
            err = add_step(w, &path, i);
    row->path = w->step_of[row->object];
    path_deinit(&path);
    return err;
}

static struct error *tell_paths(struct work *w)
{
    const size_t bytes = ((size_t)w->s->object_count + 1) * sizeof *w->step_of;
    w->step_of = malloc(bytes);
    if (!w->step_of)
        return &error_no_memory;
    memset(w->step_of, 0xff, bytes);
    for (size_t i = 1;
         i < w->h->rows.count && i <= HOLDERS_PATHS && w->h->steps.count < 2 * HOLDERS_PATHS; i++)
        TRY(tell_path(w, &w->h->rows.items[i]));
    return NULL;
}

struct error *holders_add_path(const struct snapshot *s, const struct paths *paths, uint32_t object,
                               bool values, struct strbuf *out)
{
    struct path path;
    struct edge edge;
    bool from_namespace = false;
    if (!paths_reaches(paths, object))
        return NULL;
    TRY(path_to(paths, s, object, &path));
    for (uint32_t i = 0; i < path.count; i++) {
        const uint32_t *o = path.objects;
        if (path.count > 2 * PATH_WORDS && i == PATH_WORDS) {
            strbuf_add(out, " \xe2\x80\xa6 ");
            i = path.count - PATH_WORDS;
            from_namespace = false;
        }
        if (i == 0) {
            path_add_step(s, &path, 0, out);
            continue;
        }
        const bool known = snapshot_find_edge(s, o[i - 1], o[i], &edge);
        if (!path_is_folded(s, &path, i) && known)
            spell(s, &edge, from_namespace, values, out);
        from_namespace = known && step_is_namespace(s, &edge);
    }
    path_deinit(&path);
    return NULL;
}

bool holders_path_is_plain(const struct snapshot *s, const struct paths *paths, uint32_t object)
{
    struct edge edge, before;
    for (uint32_t o = object; paths->parent[o] != ORDINAL_NONE && paths->parent[o] != o;
         o = paths->parent[o]) {
        const uint32_t owner = paths->parent[o];
        if (!snapshot_find_edge(s, owner, o, &edge))
            continue;
        const bool from_namespace = paths->parent[owner] != owner &&
                                    snapshot_find_edge(s, paths->parent[owner], owner, &before) &&
                                    step_is_namespace(s, &before);
        if (is_value(s, &edge, from_namespace))
            return false;
    }
    return true;
}

// ---- life ----

static void work_deinit(struct work *w)
{
    for (size_t i = 0; i < w->members.count; i++)
        free(w->members.items[i].objects);
    members_vec_deinit(&w->members);
    u32_vec_deinit(&w->queue);
    u32_vec_deinit(&w->seen);
    u32_vec_deinit(&w->children);
    free(w->sums);
    free(w->step_of);
}

struct error *holders_create(struct snapshot *s, const struct dominators *d,
                             const struct paths *paths, bool values, struct holders **ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_EDGES));
    _cleanup_(holders_destroy_at) struct holders *h = calloc(1, sizeof *h);
    if (!h)
        return &error_no_memory;
    h->values = values;
    TRY(strtab_init(&h->texts));
    struct work w = {.s = s, .d = d, .paths = paths, .h = h};
    w.sums = calloc((size_t)s->type_count + 1, sizeof *w.sums);
    struct error *err = w.sums ? open_all(&w) : &error_no_memory;
    if (!err)
        err = tell_paths(&w);
    work_deinit(&w);
    if (!err)
        *ret = take_ptr(h);
    return err;
}

void holders_destroy(struct holders *h)
{
    if (!h)
        return;
    holder_vec_deinit(&h->rows);
    holder_step_vec_deinit(&h->steps);
    strtab_deinit(&h->texts);
    free(h);
}
