// See sites.h.
#include "inspector/report/sites.h"

#include <stdlib.h>
#include <string.h>

void sites_init(struct sites *sites)
{
    *sites = (struct sites){.slice_ns = 1000000};
}

void sites_deinit(struct sites *sites)
{
    site_vec_deinit(&sites->rows);
    free(sites->slots);
    *sites = (struct sites){0};
}

static uint32_t hash(uint32_t code, uint32_t site)
{
    uint64_t h = ((uint64_t)code << 32 | site) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h >> 32);
}

static struct error *grow(struct sites *s)
{
    const uint32_t slot_count = s->slot_count ? s->slot_count * 2 : 1024;
    uint32_t *slots = calloc(slot_count, sizeof *slots);
    if (!slots)
        return &error_no_memory;
    for (size_t i = 0; i < s->rows.count; i++) {
        uint32_t at = hash(s->rows.items[i].code, s->rows.items[i].site);
        while (slots[at &= slot_count - 1])
            at++;
        slots[at] = (uint32_t)i + 1;
    }
    free(s->slots);
    s->slots = slots;
    s->slot_count = slot_count;
    return NULL;
}

// *ret is NULL when there are too many.
static struct error *find(struct sites *s, uint32_t code, uint32_t site, struct site **ret)
{
    if (s->rows.count * 2 >= s->slot_count && s->rows.count < SITES_MAX)
        TRY(grow(s));
    uint32_t at = hash(code, site);
    *ret = NULL;
    for (; s->slots[at &= s->slot_count - 1]; at++) {
        struct site *row = &s->rows.items[s->slots[at] - 1];
        if (row->code == code && row->site == site) {
            *ret = row;
            return NULL;
        }
    }
    if (s->rows.count == SITES_MAX)
        return NULL;
    TRY(site_vec_extend(&s->rows, 1, ret));
    (*ret)->code = code;
    (*ret)->site = site;
    s->slots[at] = (uint32_t)s->rows.count;
    return NULL;
}

static void join_pairs(struct sites *s)
{
    s->slice_ns *= 2;
    for (size_t i = 0; i < s->rows.count; i++) {
        uint64_t *in = s->rows.items[i].bytes_in;
        for (unsigned k = 0; k < SITE_SLICES; k++)
            in[k] = k < SITE_SLICES / 2 ? in[2 * k] + in[2 * k + 1] : 0;
    }
}

struct error *sites_feed(struct sites *s, const struct trace_event *event)
{
    struct site *row;
    if (event->kind != TRACE_EVENT_alloc)
        return NULL;
    if (!s->begun) {
        s->begun = true;
        s->begin_ns = event->time_ns;
    }
    s->count++;
    s->bytes += event->size;
    TRY(find(s, event->code, event->site, &row));
    if (!row) {
        s->other_count++;
        s->other_bytes += event->size;
        return NULL;
    }
    const uint64_t since = event->time_ns > s->begin_ns ? event->time_ns - s->begin_ns : 0;
    while (since / s->slice_ns >= SITE_SLICES)
        join_pairs(s);
    row->count++;
    row->bytes += event->size;
    row->bytes_in[since / s->slice_ns] += event->size;
    return NULL;
}

static int by_line(const void *a, const void *b)
{
    const struct site *x = a, *y = b;
    if (x->code != y->code)
        return x->code < y->code ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static int by_bytes(const void *a, const void *b)
{
    const struct site *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return by_line(a, b);
}

void sites_finish(struct sites *s, const struct event_source *source)
{
    struct site *rows = s->rows.items;
    size_t kept = 0;
    for (size_t i = 0; i < s->rows.count; i++)
        rows[i].line = event_source_line(source, rows[i].code, rows[i].site);
    if (s->rows.count == 0)
        return;
    qsort(rows, s->rows.count, sizeof *rows, by_line);
    for (size_t i = 1; i < s->rows.count; i++) {
        if (by_line(&rows[kept], &rows[i]) != 0) {
            rows[++kept] = rows[i];
            continue;
        }
        rows[kept].count += rows[i].count;
        rows[kept].bytes += rows[i].bytes;
        for (unsigned k = 0; k < SITE_SLICES; k++)
            rows[kept].bytes_in[k] += rows[i].bytes_in[k];
    }
    s->rows.count = kept + 1;
    qsort(rows, s->rows.count, sizeof *rows, by_bytes);
}
