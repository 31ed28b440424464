// One pass over the dominator tree from its leaves up. An order in which parents come first is made
// by walking the tree level by level; read backwards, children come first.
#include "inspector/analysis/chains.h"

#include <stdlib.h>
#include <string.h>

static uint32_t *top_down(const struct dominators *d, uint32_t *count)
{
    uint32_t *order = malloc(((size_t)d->reachable_count + 1) * sizeof *order);
    if (!order)
        return NULL;
    uint32_t placed = 0, children_count;
    const uint32_t *children = dominators_children(d, DOMINATOR_ROOT, &children_count);
    memcpy(order, children, (size_t)children_count * sizeof *order);
    placed = children_count;
    for (uint32_t i = 0; i < placed; i++) {
        children = dominators_children(d, order[i], &children_count);
        memcpy(order + placed, children, (size_t)children_count * sizeof *order);
        placed += children_count;
    }
    *count = placed;
    return order;
}

static void remember(struct chains *c, struct chain row)
{
    uint32_t at = c->count;
    while (at > 0 && c->rows[at - 1].length < row.length)
        at--;
    if (at == CHAINS_MAX)
        return;
    c->count += c->count < CHAINS_MAX;
    memmove(&c->rows[at + 1], &c->rows[at], (c->count - at - 1) * sizeof *c->rows);
    c->rows[at] = row;
}

// Whether `o` is a dict: perhaps a namespace, through which a link may lead.
static bool *dict_types(const struct snapshot *s)
{
    bool *dicts = calloc((size_t)s->type_count + 1, sizeof *dicts);
    for (uint32_t t = 0; dicts && t < s->type_count; t++)
        dicts[t] = strcmp(snapshot_string(s, s->types[t].name), "dict") == 0;
    return dicts;
}

// The object of the same type that `o` hangs from, or ORDINAL_NONE.
static uint32_t link_above(const struct snapshot *s, const struct dominators *d, const bool *dicts,
                           uint32_t o)
{
    uint32_t above = d->parent[o];
    if (above >= s->object_count)
        return ORDINAL_NONE;
    if (s->type[above] != s->type[o] && dicts[s->type[above]])
        above = d->parent[above];
    return above < s->object_count && s->type[above] == s->type[o] ? above : ORDINAL_NONE;
}

static struct error *find(struct chains *c, const struct snapshot *s, const struct dominators *d)
{
    uint32_t count = 0;
    _cleanup_free_ uint32_t *order = top_down(d, &count);
    _cleanup_free_ uint32_t *length = calloc((size_t)s->object_count + 1, sizeof *length);
    _cleanup_free_ bool *dicts = dict_types(s);
    if (!order || !length || !dicts)
        return &error_no_memory;
    for (uint32_t i = count; i-- > 0;) {
        const uint32_t o = order[i], above = link_above(s, d, dicts, o);
        length[o]++;
        if (above == ORDINAL_NONE) {
            if (length[o] >= CHAIN_LENGTH_LEAST)
                remember(c, (struct chain){o, length[o], d->retained[o]});
        } else if (length[o] > length[above]) {
            length[above] = length[o]; // one is added when `above` has its turn
        }
    }
    return NULL;
}

struct error *chains_create(struct snapshot *s, const struct dominators *d, struct chains **ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS));
    struct chains *c = calloc(1, sizeof *c);
    if (!c)
        return &error_no_memory;
    struct error *err = find(c, s, d);
    if (err)
        free(c);
    else
        *ret = c;
    return err;
}

void chains_destroy(struct chains *c)
{
    free(c);
}
