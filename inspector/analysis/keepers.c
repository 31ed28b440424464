// One walk over the dominator tree that knows which kinds are open above it: an object is topmost
// of its kind where none is, and held by every kind that is.
#include "inspector/analysis/keepers.h"

#include "inspector/base/vec.h"

#include <fnmatch.h>
#include <stdlib.h>

static const struct {
    const char *word;
    const char *types[16];
} kinds[KEEPER_KINDS] = {
#define KEEPER(name, word_, ...) {.word = word_, .types = {__VA_ARGS__}},
#include "inspector/analysis/keepers.def"
#undef KEEPER
};

const char *keeper_word(enum keeper_kind kind)
{
    return kinds[kind].word;
}

// By type: a bit for each kind it is of.
static uint32_t *kinds_of_types(const struct snapshot *s)
{
    uint32_t *bits = calloc((size_t)s->type_count + 1, sizeof *bits);
    for (uint32_t t = 0; bits && t < s->type_count; t++)
        for (unsigned k = 0; k < KEEPER_KINDS; k++)
            for (const char *const *name = kinds[k].types; *name; name++)
                if (fnmatch(*name, snapshot_string(s, s->types[t].name), 0) == 0)
                    bits[t] |= 1u << k;
    return bits;
}

// ---- the walk ----

// Objects on the way down to where the walk is, with the kinds that are open below each.
struct open_object {
    uint32_t object;
    uint32_t next_child;
    uint32_t inside; // kinds of it and of what is above it
};

VEC_DEFINE(open_vec, struct open_object);

static void meet(const struct snapshot *s, const struct dominators *d, uint32_t o, uint32_t own,
                 uint32_t above, struct keepers *ret)
{
    for (uint32_t left = own | above; left; left &= left - 1) {
        const uint32_t bit = left & -left;
        struct keeper *keeper = &ret->kinds[__builtin_ctz(left)];
        keeper->held_count += (above & bit) != 0;
        if (!(own & bit))
            continue;
        keeper->count++;
        keeper->size_bytes += snapshot_size(s, o);
        if (above & bit)
            continue;
        keeper->held_bytes += d->retained[o] - snapshot_size(s, o);
        if (keeper->biggest == ORDINAL_NONE || d->retained[o] > d->retained[keeper->biggest])
            keeper->biggest = o;
    }
}

static struct error *walk(const struct snapshot *s, const struct dominators *d,
                          const uint32_t *bits, struct open_vec *open, struct keepers *ret)
{
    TRY(open_vec_push(open, (struct open_object){.object = DOMINATOR_ROOT}));
    while (open->count) {
        struct open_object *top = open_vec_last(open);
        uint32_t count;
        const uint32_t *children = dominators_children(d, top->object, &count);
        if (top->next_child == count) {
            open->count--;
            continue;
        }
        const uint32_t o = children[top->next_child++], own = bits[s->type[o]];
        const uint32_t above = top->inside;
        if (own | above)
            meet(s, d, o, own, above, ret);
        dominators_children(d, o, &count);
        if (count)
            TRY(open_vec_push(open, (struct open_object){.object = o, .inside = own | above}));
    }
    return NULL;
}

struct error *keepers_find(struct snapshot *s, const struct dominators *d, struct keepers *ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS));
    _cleanup_free_ uint32_t *bits = kinds_of_types(s);
    struct open_vec open = {0};
    if (!bits)
        return &error_no_memory;
    *ret = (struct keepers){0};
    for (unsigned k = 0; k < KEEPER_KINDS; k++)
        ret->kinds[k].biggest = ORDINAL_NONE;
    struct error *err = walk(s, d, bits, &open, ret);
    open_vec_deinit(&open);
    return err;
}
