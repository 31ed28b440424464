// Objects are visited from the top of the dominator tree, level by level, so that an object's node
// is known when its children are met. A node is found by (parent, frame) in a hash table.
#include "inspector/analysis/typetree.h"

#include "inspector/analysis/steps.h"
#include "inspector/base/vec.h"
#include "inspector/model/hash.h"

#include <stdlib.h>
#include <string.h>

VEC_DEFINE(node_vec, struct typetree_node);

// A module's dict, which counts as the module.
struct namespace
{
    uint32_t object, module;
};

VEC_DEFINE(namespace_vec, struct namespace);

struct tree_builder {
    struct snapshot *s;
    const struct dominators *d;
    struct strtab frames;
    struct node_vec nodes;
    struct namespace_vec namespaces; // by rising object
    uint32_t *slots;                 // node + 1
    uint32_t slot_mask;
    uint32_t *frame_of_type; // by type: frame + 1
    bool *named;             // by type: its objects have frames of their own
    uint32_t *node_of;       // by place in `order`
    uint32_t *order;         // objects, parents first
};

static void builder_deinit(struct tree_builder *b)
{
    strtab_deinit(&b->frames);
    node_vec_deinit(&b->nodes);
    namespace_vec_deinit(&b->namespaces);
    free(b->slots);
    free(b->frame_of_type);
    free(b->named);
    free(b->node_of);
    free(b->order);
}

// ---- frames ----

static bool has_named_objects(const char *type)
{
    static const char *const named[] = {"module", "type", "function"};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strcmp(type, named[i]) == 0)
            return true;
    return false;
}

static struct error *name_types(struct tree_builder *b)
{
    struct strbuf name;
    struct error *err = NULL;
    strbuf_init(&name);
    for (uint32_t t = 0; !err && t < b->s->type_count; t++) {
        uint32_t frame;
        strbuf_clear(&name);
        snapshot_add_type_name(b->s, t, &name);
        err = strtab_intern(&b->frames, strbuf_text(&name), name.length, &frame);
        b->frame_of_type[t] = err ? 0 : frame;
        b->named[t] = has_named_objects(strbuf_text(&name));
    }
    strbuf_deinit(&name);
    return err;
}

static int compare_namespaces(const void *a, const void *b)
{
    const struct namespace *x = a, *y = b;
    return (x->object > y->object) - (x->object < y->object);
}

static struct error *find_namespaces(struct tree_builder *b)
{
    const struct snapshot *s = b->s;
    struct edge edge;
    for (uint32_t o = 0; o < s->object_count; o++) {
        if (strcmp(strtab_text(&b->frames, b->frame_of_type[s->type[o]]), "module") != 0)
            continue;
        for (struct edge_iter it = snapshot_edges(s, o); edge_iter_next(&it, &edge);)
            if (step_is_namespace(s, &edge))
                TRY(namespace_vec_push(&b->namespaces, (struct namespace){edge.target, o}));
    }
    if (b->namespaces.count)
        qsort(b->namespaces.items, b->namespaces.count, sizeof *b->namespaces.items,
              compare_namespaces);
    return NULL;
}

static uint32_t owner_of(const struct tree_builder *b, uint32_t o)
{
    const struct namespace key = {.object = o};
    const struct namespace *found = b->namespaces.count == 0
                                        ? NULL
                                        : bsearch(&key, b->namespaces.items, b->namespaces.count,
                                                  sizeof key, compare_namespaces);
    return found ? found->module : o;
}

static struct error *frame_of(struct tree_builder *b, uint32_t o, uint32_t *ret)
{
    const struct snapshot *s = b->s;
    const uint32_t type = s->type[o];
    if (!b->named[type] || !s->label[o]) {
        *ret = b->frame_of_type[type];
        return NULL;
    }
    struct strbuf name;
    strbuf_init(&name);
    strbuf_addf(&name, "%s %.100s", strtab_text(&b->frames, b->frame_of_type[type]),
                snapshot_string(s, s->label[o]));
    struct error *err = strtab_intern(&b->frames, strbuf_text(&name), name.length, ret);
    strbuf_deinit(&name);
    return err;
}

// ---- nodes ----

static uint32_t *slot_of(struct tree_builder *b, uint32_t parent, uint32_t frame)
{
    uint32_t at = (uint32_t)hash_mix((uint64_t)parent << 32 | frame) & b->slot_mask;
    for (;; at = (at + 1) & b->slot_mask) {
        const uint32_t node = b->slots[at];
        if (!node || (b->nodes.items[node - 1].parent == parent &&
                      b->nodes.items[node - 1].frame == frame && node != 1))
            return &b->slots[at];
    }
}

static struct error *grow_slots(struct tree_builder *b)
{
    const uint32_t count = b->slots ? (b->slot_mask + 1) * 2 : 1024;
    uint32_t *slots = calloc(count, sizeof *slots);
    if (!slots)
        return &error_no_memory;
    free(b->slots);
    b->slots = slots;
    b->slot_mask = count - 1;
    for (uint32_t i = 1; i < b->nodes.count; i++)
        *slot_of(b, b->nodes.items[i].parent, b->nodes.items[i].frame) = i + 1;
    return NULL;
}

static struct error *child_of(struct tree_builder *b, uint32_t parent, uint32_t frame,
                              uint32_t *ret)
{
    const struct typetree_node *above = &b->nodes.items[parent];
    if ((parent && above->frame == frame) || above->depth == TYPETREE_DEPTH_MAX) {
        *ret = parent;
        return NULL;
    }
    uint32_t *slot = slot_of(b, parent, frame);
    if (!*slot) {
        const struct typetree_node node = {
            .parent = parent, .frame = frame, .depth = above->depth + 1};
        TRY(node_vec_push(&b->nodes, node));
        *slot = (uint32_t)b->nodes.count;
        *ret = (uint32_t)b->nodes.count - 1;
        return b->nodes.count * 2 > b->slot_mask ? grow_slots(b) : NULL;
    }
    *ret = *slot - 1;
    return NULL;
}

static struct error *place_children(struct tree_builder *b, uint32_t object, uint32_t node,
                                    uint32_t *placed)
{
    uint32_t count, frame;
    const uint32_t *children = dominators_children(b->d, object, &count);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t o = children[i], at = (*placed)++;
        b->order[at] = o;
        TRY(frame_of(b, owner_of(b, o), &frame));
        TRY(child_of(b, node, frame, &b->node_of[at]));
        b->nodes.items[b->node_of[at]].own_count++;
        b->nodes.items[b->node_of[at]].own_bytes += snapshot_size(b->s, o);
    }
    return NULL;
}

static int heavier(const void *a, const void *b, void *context)
{
    const struct typetree_node *nodes = context;
    const struct typetree_node *x = &nodes[*(const uint32_t *)a], *y = &nodes[*(const uint32_t *)b];
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (x->size_bytes != y->size_bytes)
        return x->size_bytes > y->size_bytes ? -1 : 1;
    return (x > y) - (x < y);
}

// Puts the nodes into preorder, the heaviest child first. Sorted by parent, the children of a node
// are a run: [begin, end) of it, and a stack holds what is left of the open runs.
struct run {
    uint32_t at, end;
};

static struct error *order_nodes(struct tree_builder *b)
{
    const uint32_t n = (uint32_t)b->nodes.count;
    const struct typetree_node *nodes = b->nodes.items;
    _cleanup_free_ uint32_t *sorted = malloc((size_t)n * sizeof *sorted);
    _cleanup_free_ uint32_t *place = calloc(n, sizeof *place); // number before -> after
    _cleanup_free_ struct run *children = calloc(n, sizeof *children);
    struct typetree_node *ordered = malloc((size_t)n * sizeof *ordered);
    if (!sorted || !place || !children || !ordered) {
        free(ordered);
        return &error_no_memory;
    }
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = i;
    qsort_r(sorted + 1, n - 1, sizeof *sorted, heavier, b->nodes.items);
    for (uint32_t i = 1; i < n; i++) {
        struct run *run = &children[nodes[sorted[i]].parent];
        run->at = run->end ? run->at : i;
        run->end = i + 1;
    }
    struct run stack[TYPETREE_DEPTH_MAX + 2] = {children[0]};
    ordered[0] = nodes[0];
    for (uint32_t depth = 1, placed = 1; depth;) {
        if (stack[depth - 1].at == stack[depth - 1].end) {
            depth--;
            continue;
        }
        const uint32_t node = sorted[stack[depth - 1].at++];
        place[node] = placed;
        ordered[placed] = nodes[node];
        ordered[placed++].parent = place[nodes[node].parent];
        stack[depth++] = children[node];
    }
    free(b->nodes.items);
    b->nodes = (struct node_vec){.items = ordered, .count = n, .capacity = n};
    return NULL;
}

static struct error *build(struct tree_builder *b)
{
    const size_t types = (size_t)b->s->type_count + 1, room = (size_t)b->d->reachable_count + 1;
    uint32_t placed = 0;
    TRY(strtab_init(&b->frames));
    b->frame_of_type = calloc(types, sizeof *b->frame_of_type);
    b->named = calloc(types, sizeof *b->named);
    b->node_of = malloc(room * sizeof *b->node_of);
    b->order = malloc(room * sizeof *b->order);
    if (!b->frame_of_type || !b->named || !b->node_of || !b->order)
        return &error_no_memory;
    TRY(name_types(b));
    TRY(find_namespaces(b));
    TRY(node_vec_push(&b->nodes, (struct typetree_node){0}));
    TRY(grow_slots(b));
    TRY(place_children(b, DOMINATOR_ROOT, 0, &placed));
    for (uint32_t i = 0; i < placed; i++)
        TRY(place_children(b, b->order[i], b->node_of[i], &placed));
    for (size_t i = b->nodes.count; i-- > 0;) {
        struct typetree_node *node = &b->nodes.items[i];
        node->count += node->own_count;
        node->size_bytes += node->own_bytes;
        if (i == 0)
            break;
        b->nodes.items[node->parent].count += node->count;
        b->nodes.items[node->parent].size_bytes += node->size_bytes;
    }
    return order_nodes(b);
}

struct error *typetree_create(struct snapshot *s, const struct dominators *d, struct typetree **ret)
{
    struct tree_builder b = {.s = s, .d = d};
    struct typetree *tree = calloc(1, sizeof *tree);
    struct error *err = tree ? build(&b) : &error_no_memory;
    if (!err) {
        *tree = (struct typetree){
            .frames = b.frames, .nodes = b.nodes.items, .count = (uint32_t)b.nodes.count};
        b.frames = (struct strtab){0};
        b.nodes = (struct node_vec){0};
        *ret = take_ptr(tree);
    }
    builder_deinit(&b);
    free(tree);
    return err;
}

void typetree_destroy(struct typetree *tree)
{
    if (!tree)
        return;
    strtab_deinit(&tree->frames);
    free(tree->nodes);
    free(tree);
}
