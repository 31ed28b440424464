// Labels are numbers: equal texts have equal ones. So objects of a label form a chain, and only
// chains of more than one are looked at; within it sizes and types tell the groups apart.
#include "inspector/analysis/duplicates.h"

#include "inspector/base/vec.h"

#include <stdlib.h>
#include <string.h>

VEC_DEFINE(duplicate_vec, struct duplicate);

// By type: whether its labels are contents.
static bool *types_with_contents(const struct snapshot *s)
{
    static const char *const names[] = {"str", "bytes", "bytearray"};
    bool *wanted = calloc((size_t)s->type_count + 1, sizeof *wanted);
    for (uint32_t t = 0; wanted && t < s->type_count; t++) {
        const char *module = snapshot_string(s, s->types[t].module);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            wanted[t] |= (!*module || strcmp(module, "builtins") == 0) &&
                         strcmp(snapshot_string(s, s->types[t].name), names[i]) == 0;
    }
    return wanted;
}

// "'abc...'": the last characters before the quote.
static bool is_cut(const struct snapshot *s, uint32_t label)
{
    const char *text = snapshot_string(s, label);
    const size_t length = strtab_length(&s->strings, label);
    return length >= 4 && memcmp(text + length - 4, "...", 3) == 0;
}

static int by_waste(const void *a, const void *b)
{
    const struct duplicate *x = a, *y = b;
    if (x->wasted_bytes != y->wasted_bytes)
        return x->wasted_bytes > y->wasted_bytes ? -1 : 1;
    return (x->object > y->object) - (x->object < y->object);
}

// Groups the objects of one chain, which begins at `first` and goes on by `next`.
static struct error *group_chain(const struct snapshot *s, const uint32_t *next, uint32_t first,
                                 struct duplicate_vec *rows)
{
    const size_t begin = rows->count;
    for (uint32_t o = first; o != ORDINAL_NONE; o = next[o]) {
        const uint64_t size = snapshot_size(s, o);
        size_t at = begin;
        while (at < rows->count && (snapshot_size(s, rows->items[at].object) != size ||
                                    s->type[rows->items[at].object] != s->type[o]))
            at++;
        if (at == rows->count) {
            TRY(duplicate_vec_push(rows, (struct duplicate){.object = o, .label = s->label[o]}));
        } else {
            rows->items[at].wasted_bytes += size;
            rows->items[at].object = o; // chains run from the last to the first
        }
        rows->items[at].count++;
    }
    size_t kept = begin;
    for (size_t i = begin; i < rows->count; i++)
        if (rows->items[i].count > 1) {
            rows->items[i].probable = is_cut(s, rows->items[i].label);
            rows->items[kept++] = rows->items[i];
        }
    rows->count = kept;
    return NULL;
}

static struct error *find_groups(const struct snapshot *s, const bool *wanted,
                                 struct duplicate_vec *rows)
{
    _cleanup_free_ uint32_t *last = malloc(((size_t)s->strings.count + 1) * sizeof *last);
    _cleanup_free_ uint32_t *next = malloc(((size_t)s->object_count + 1) * sizeof *next);
    if (!last || !next)
        return &error_no_memory;
    memset(last, 0xff, ((size_t)s->strings.count + 1) * sizeof *last);
    for (uint32_t o = 0; o < s->object_count; o++) {
        if (!s->label[o] || !wanted[s->type[o]])
            continue;
        next[o] = last[s->label[o]];
        last[s->label[o]] = o;
    }
    for (uint32_t label = 1; label < s->strings.count; label++)
        if (last[label] != ORDINAL_NONE && next[last[label]] != ORDINAL_NONE)
            TRY(group_chain(s, next, last[label], rows));
    return NULL;
}

struct error *duplicates_create(struct snapshot *s, struct duplicates **ret)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS));
    _cleanup_(duplicates_destroy_at) struct duplicates *d = calloc(1, sizeof *d);
    _cleanup_free_ bool *wanted = types_with_contents(s);
    struct duplicate_vec rows = {0};
    if (!d || !wanted)
        return &error_no_memory;
    struct error *err = find_groups(s, wanted, &rows);
    d->rows = rows.items;
    d->count = (uint32_t)rows.count;
    if (err)
        return err;
    if (d->count)
        qsort(d->rows, d->count, sizeof *d->rows, by_waste);
    for (uint32_t i = 0; i < d->count; i++) {
        d->object_count += d->rows[i].count - 1;
        d->wasted_bytes += d->rows[i].wasted_bytes;
        d->probable_bytes += d->rows[i].probable ? d->rows[i].wasted_bytes : 0;
    }
    *ret = take_ptr(d);
    return NULL;
}

void duplicates_destroy(struct duplicates *d)
{
    if (!d)
        return;
    free(d->rows);
    free(d);
}
