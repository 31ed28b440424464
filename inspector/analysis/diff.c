// Two dumps are compared in two ways that do not depend on each other: types by name, with a table
// of names that all snapshots share, and objects by a merge of the sorted addresses.
#include "inspector/analysis/diff.h"

#include "inspector/base/vec.h"

#include <stdlib.h>
#include <string.h>

bool diff_same_process(const struct snapshot *a, const struct snapshot *b)
{
    return a->info.pid == b->info.pid && a->info.start_time == b->info.start_time &&
           strcmp(a->info.runtime, b->info.runtime) == 0;
}

// ---- types by name ----

// "module\nname" as the key: a line end is in neither.
static struct error *intern_type(struct strtab *names, const struct snapshot *s, uint32_t type,
                                 uint32_t *id)
{
    struct strbuf text;
    strbuf_init(&text);
    strbuf_addf(&text, "%s\n%s", snapshot_string(s, s->types[type].module),
                snapshot_string(s, s->types[type].name));
    struct error *err = strbuf_error(&text);
    if (!err)
        err = strtab_intern(names, strbuf_text(&text), text.length, id);
    strbuf_deinit(&text);
    return err;
}

struct error *diff_match_types(const struct snapshot *from, const struct snapshot *to,
                               uint32_t **ret)
{
    struct strtab names;
    TRY(strtab_init(&names));
    struct u32_vec type_of = {0}; // by name id: type in `to`
    uint32_t *map = malloc(((size_t)from->type_count + 1) * sizeof *map);
    struct error *err = map ? u32_vec_push(&type_of, ORDINAL_NONE) : &error_no_memory;
    uint32_t id;
    for (uint32_t t = 0; !err && t < to->type_count; t++) {
        err = intern_type(&names, to, t, &id);
        if (!err && id == type_of.count)
            err = u32_vec_push(&type_of, t);
    }
    for (uint32_t t = 0; !err && t < from->type_count; t++) {
        err = intern_type(&names, from, t, &id);
        if (!err)
            map[t] = id < type_of.count ? type_of.items[id] : ORDINAL_NONE;
    }
    u32_vec_deinit(&type_of);
    strtab_deinit(&names);
    if (err)
        free(map);
    else
        *ret = map;
    return err;
}

VEC_DEFINE(diff_row_vec, struct diff_row);

static struct error *count_types(struct snapshot *s, uint32_t column, struct strtab *names,
                                 struct diff_row_vec *rows)
{
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS));
    _cleanup_free_ uint32_t *row_of = malloc(((size_t)s->type_count + 1) * sizeof *row_of);
    if (!row_of)
        return &error_no_memory;
    for (uint32_t t = 0; t < s->type_count; t++) {
        uint32_t id;
        TRY(intern_type(names, s, t, &id));
        if (id > rows->count)
            TRY(diff_row_vec_push(rows, (struct diff_row){0}));
        row_of[t] = id - 1;
        rows->items[id - 1].module = snapshot_string(s, s->types[t].module);
        rows->items[id - 1].name = snapshot_string(s, s->types[t].name);
    }
    for (uint32_t o = 0; o < s->object_count; o++) {
        struct diff_row *row = &rows->items[row_of[s->type[o]]];
        row->count[column]++;
        row->size_bytes[column] += snapshot_size(s, o);
    }
    return NULL;
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const uint32_t last = *(const uint32_t *)context;
    const struct diff_row *x = a, *y = b;
    const int64_t p = (int64_t)(x->size_bytes[last] - x->size_bytes[0]);
    const int64_t q = (int64_t)(y->size_bytes[last] - y->size_bytes[0]);
    if (p != q)
        return p > q ? -1 : 1;
    const int modules = strcmp(x->module, y->module);
    return modules ? modules : strcmp(x->name, y->name);
}

static void mark_steady(struct diff_row *row, uint32_t snapshots)
{
    row->steady = true;
    for (uint32_t i = 1; i < snapshots; i++)
        row->steady &= row->count[i] > row->count[i - 1];
}

// ---- objects ----

// What was and what is at one address are the same object when they were born in the same epoch, or
// where there are no epochs, when they are of the same type.
struct identity {
    const struct snapshot *a, *b;
    uint32_t *types; // of a to those of b
    bool exact;
};

static bool is_same(const struct identity *id, uint32_t o, uint32_t p)
{
    return (!id->exact || id->a->epoch[o] == id->b->epoch[p]) &&
           id->types[id->a->type[o]] == id->b->type[p];
}

static struct error *identity_init(struct identity *id, struct snapshot *a, struct snapshot *b)
{
    const bool exact = a->info.birth_epoch != 0 && b->info.birth_epoch != 0;
    TRY(snapshot_load(a, SNAPSHOT_COLUMNS | (exact ? SNAPSHOT_EPOCHS : 0)));
    TRY(snapshot_load(b, SNAPSHOT_COLUMNS | (exact ? SNAPSHOT_EPOCHS : 0)));
    *id = (struct identity){.a = a, .b = b, .exact = exact};
    return diff_match_types(a, b, &id->types);
}

// Merges the sorted addresses of both. `added` may be NULL.
static void compare_objects(const struct identity *id, struct diff_step *step, uint8_t *added)
{
    const struct snapshot *a = id->a, *b = id->b;
    uint32_t o = 0, p = 0;
    while (o < a->object_count || p < b->object_count) {
        const bool old =
            p == b->object_count || (o < a->object_count && a->address[o] <= b->address[p]);
        const bool new =
            o == a->object_count || (p < b->object_count && b->address[p] <= a->address[o]);
        if (old && new &&is_same(id, o, p)) {
            step->kept++;
        } else {
            if (old) {
                step->removed++;
                step->removed_bytes += snapshot_size(a, o);
            }
            if (new) {
                step->added++;
                step->added_bytes += snapshot_size(b, p);
                if (added)
                    added[p / 8] |= (uint8_t)(1 << (p & 7));
            }
        }
        o += old;
        p += new;
    }
}

struct error *diff_added(struct snapshot *before, struct snapshot *after, uint8_t **ret,
                         bool *probable)
{
    if (!diff_same_process(before, after))
        return error_add_why(
            error_create(ERROR_UNSUPPORTED, "the objects of these dumps cannot be compared"),
            "they are of different processes");
    struct identity id;
    struct diff_step step = {0};
    TRY(identity_init(&id, before, after));
    uint8_t *added = calloc((size_t)after->object_count / 8 + 1, 1);
    if (added)
        compare_objects(&id, &step, added);
    free(id.types);
    if (!added)
        return &error_no_memory;
    *ret = added;
    *probable = !id.exact;
    return NULL;
}

// ---- all of it ----

static struct error *compare_steps(struct diff *d, struct snapshot *const *snapshots)
{
    d->same_process = true;
    for (uint32_t i = 1; i < d->snapshot_count; i++)
        d->same_process &= diff_same_process(snapshots[0], snapshots[i]);
    for (uint32_t i = 1; d->same_process && i < d->snapshot_count; i++) {
        struct identity id;
        TRY(identity_init(&id, snapshots[i - 1], snapshots[i]));
        compare_objects(&id, &d->step[i - 1], NULL);
        d->probable |= !id.exact;
        free(id.types);
    }
    return NULL;
}

struct error *diff_create(struct snapshot *const *snapshots, uint32_t count, struct diff **ret)
{
    assert(count >= 2 && count <= DIFF_SNAPSHOTS_MAX);
    _cleanup_(diff_destroy_at) struct diff *d = calloc(1, sizeof *d);
    struct strtab names;
    struct diff_row_vec rows = {0};
    if (!d)
        return &error_no_memory;
    TRY(strtab_init(&names));
    struct error *err = NULL;
    for (uint32_t i = 0; !err && i < count; i++)
        err = count_types(snapshots[i], i, &names, &rows);
    strtab_deinit(&names);
    d->rows = rows.items;
    d->count = (uint32_t)rows.count;
    d->snapshot_count = count;
    if (!err)
        err = compare_steps(d, snapshots);
    if (err)
        return err;
    uint32_t last = count - 1;
    for (uint32_t i = 0; i < d->count; i++)
        mark_steady(&d->rows[i], count);
    if (d->count)
        qsort_r(d->rows, d->count, sizeof *d->rows, compare_rows, &last);
    *ret = take_ptr(d);
    return NULL;
}

void diff_destroy(struct diff *d)
{
    if (!d)
        return;
    free(d->rows);
    free(d);
}
