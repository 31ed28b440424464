#include "inspector/model/heap_column.h"

#include <stdlib.h>

struct error *column_in_create(uint32_t type_count, struct column_in **ret)
{
    struct column_in *c = calloc(1, sizeof *c);
    if (c)
        c->guesses = calloc((size_t)type_count + 1, sizeof *c->guesses);
    if (!c || !c->guesses) {
        free(c);
        return &error_no_memory;
    }
    *ret = c;
    return NULL;
}

void column_in_destroy(struct column_in *c)
{
    if (!c)
        return;
    free(c->guesses);
    free(c);
}

static bool read_plain(struct cursor *cursor, uint32_t count, uint64_t *values)
{
    for (uint32_t i = 0; i < count; i++)
        if (!get(cursor, &values[i]))
            return false;
    return true;
}

static bool read_runs(struct cursor *cursor, uint32_t count, uint64_t *values)
{
    for (uint32_t i = 0; i < count;) {
        uint64_t value, more;
        if (!get(cursor, &value) || !get(cursor, &more) || more >= count - i)
            return false;
        for (uint64_t k = 0; k <= more; k++)
            values[i++] = value;
    }
    return true;
}

static bool read_predicted(struct column_in *c, struct cursor *cursor, const uint32_t *types,
                           uint32_t count, uint64_t *values)
{
    const uint8_t *equal = cursor->at;
    if ((size_t)(cursor->end - cursor->at) < (count + 7) / 8)
        return false;
    cursor->at += (count + 7) / 8;
    for (uint32_t i = 0; i < count; i++) {
        struct column_in_guess *guess = &c->guesses[types[i]];
        if (guess->block != c->block)
            *guess = (struct column_in_guess){.block = c->block};
        if (!(equal[i / 8] >> (i % 8) & 1) && !get(cursor, &guess->value))
            return false;
        values[i] = guess->value;
    }
    return true;
}

bool column_in_block(struct column_in *c, struct cursor *cursor, const uint32_t *types,
                     uint32_t count, uint64_t *values)
{
    c->block++;
    if (cursor->at == cursor->end)
        return false;
    const uint8_t mode = *cursor->at++;
    switch (mode) {
    case COLUMN_PLAIN:
        return read_plain(cursor, count, values);
    case COLUMN_RUNS:
        return read_runs(cursor, count, values);
    case COLUMN_PREDICTED:
        return types && read_predicted(c, cursor, types, count, values);
    default:
        return false;
    }
}

static struct error *read_all(struct snapshot *s, uint32_t tag, column_store *store, void *context,
                              struct column_in *c, struct cursor *cursor)
{
    if (cursor->count != s->object_count)
        return heap_damaged_section(s->file, tag, "it has not one value for each object");
    for (uint32_t begin = 0, count; begin < s->object_count; begin += count) {
        count = s->object_count - begin;
        if (count > HEAP_COLUMN_BLOCK)
            count = HEAP_COLUMN_BLOCK;
        if (!column_in_block(c, cursor, tag == TAG_TYPC ? NULL : s->type + begin, count,
                             c->values) ||
            !store(s, context, begin, count, c->values))
            return heap_damaged_section(s->file, tag, "a value is out of range");
        progress_update(&s->file->progress,
                        s->file->done_bytes + (uint64_t)(cursor->at - cursor->bytes));
    }
    s->file->done_bytes += (uint64_t)(cursor->end - cursor->bytes);
    return NULL;
}

struct error *heap_column_read(struct snapshot *s, uint32_t tag, column_store *store, void *context)
{
    _cleanup_(column_in_destroy_at) struct column_in *c = NULL;
    _cleanup_cursor_ struct cursor cursor = {0};
    TRY(column_in_create(s->type_count, &c));
    TRY(heap_section_read(s->file, tag, &cursor));
    return read_all(s, tag, store, context, c, &cursor);
}
