// Types, what grew, and why memory does not go back: sections that are tables.
#include "inspector/report/section.h"

#include "inspector/base/format.h"
#include "inspector/report/html.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(n) format_count(n).text

enum { TYPES_SHOWN = 20, TYPES_MAX = 400, GROWTH_MAX = 24, BANDS = 5 };

// "▲ +212,006": the sign is in the glyph, too.
static void add_change(int64_t change, struct formatted text, struct strbuf *out)
{
    if (change == 0) {
        strbuf_add(out, "\xc2\xb7");
        return;
    }
    strbuf_add(out, change > 0 ? "\xe2\x96\xb2\xc2\xa0" : "\xe2\x96\xbc\xc2\xa0");
    html_add_number(out, text.text);
}

// ---- types ----

static const struct diff_row *find_change(const struct report *r, const struct snapshot_type *type)
{
    if (!r->diff)
        return NULL;
    const char *module = snapshot_string(r->s, type->module);
    const char *name = snapshot_string(r->s, type->name);
    for (uint32_t i = 0; i < r->diff->count; i++)
        if (strcmp(r->diff->rows[i].name, name) == 0 &&
            strcmp(r->diff->rows[i].module ? r->diff->rows[i].module : "", module) == 0)
            return &r->diff->rows[i];
    return NULL;
}

static void add_cell(uint64_t value, const char *text, struct strbuf *out)
{
    strbuf_addf(out, "<td class=\"n\" data-v=\"%llu\">", (unsigned long long)value);
    html_add_number(out, text);
    strbuf_add(out, "</td>");
}

// The counts of the dumps as a curve; the numbers are in its title.
static void add_dumps(const struct diff *d, const struct diff_row *row, struct strbuf *out)
{
    uint64_t most = 1;
    strbuf_add(out, "<td class=\"dumps\" title=\"");
    for (uint32_t i = 0; i < d->snapshot_count; i++) {
        const uint64_t count = row ? row->count[i] : 0;
        most = count > most ? count : most;
        strbuf_addf(out, "%s%s", i ? " \xe2\x86\x92 " : "", COUNT(count));
    }
    strbuf_add(out, "\"><svg viewBox=\"0 0 40 14\" aria-hidden=\"true\"><polyline points=\"");
    for (uint32_t i = 0; i < d->snapshot_count; i++)
        strbuf_addf(out, "%s%.1f,%.1f", i ? " " : "",
                    2 + 36 * (double)i / (double)(d->snapshot_count - 1),
                    12 - 10 * (double)(row ? row->count[i] : 0) / (double)most);
    strbuf_add(out, "\"/></svg></td>");
}

static void add_type_row(const struct report *r, uint32_t i, uint64_t most, struct strbuf *out)
{
    const struct histogram_row *row = &r->types->rows[i];
    struct strbuf name;
    strbuf_init(&name);
    snapshot_add_type_name(r->s, row->key, &name);
    const unsigned kind = type_kind(strbuf_text(&name));
    strbuf_addf(out, "<tr data-type=\"%u\"%s><th scope=\"row\"><i class=\"k%u\"></i><code>",
                row->key, i >= TYPES_SHOWN ? " class=\"extra\"" : "", kind);
    html_add(out, strbuf_text(&name));
    strbuf_deinit(&name);
    strbuf_add(out, "</code></th>");
    add_cell(row->count, COUNT(row->count), out);
    if (r->diff) {
        const struct diff_row *d = find_change(r, &r->s->types[row->key]);
        const uint32_t last = r->diff->snapshot_count - 1;
        const int64_t change = d ? (int64_t)(d->count[last] - d->count[0]) : 0;
        strbuf_addf(out, "<td class=\"n%s\" data-v=\"%lld\">", change > 0 ? " up" : "",
                    (long long)change);
        add_change(change, format_change(change), out);
        strbuf_add(out, "</td>");
        add_dumps(r->diff, d, out);
    }
    add_cell(row->size_bytes, format_bytes(row->size_bytes).text, out);
    add_cell(row->retained_bytes, format_bytes(row->retained_bytes).text, out);
    strbuf_addf(
        out, "<td class=\"meter\"><span class=\"k%u\" style=\"width:%.2f%%\"></span></td></tr>\n",
        kind, most ? 100.0 * (double)row->retained_bytes / (double)most : 0.0);
}

static void add_sort(const char *name, const char *class, bool sorted, struct strbuf *out)
{
    strbuf_addf(out, "<th scope=\"col\" class=\"%s\"%s><button type=\"button\">%s</button></th>",
                class, sorted ? " aria-sort=\"descending\"" : "", name);
}

struct error *section_types(const struct report *r, struct strbuf *out)
{
    const struct histogram *types = r->types;
    const uint32_t rows = types->count < TYPES_MAX ? types->count : TYPES_MAX;
    uint64_t rest = 0;
    for (uint32_t i = rows; i < types->count; i++)
        rest += types->rows[i].size_bytes;
    strbuf_add(out, "<section id=\"types\" tabindex=\"-1\">\n<h2>Types</h2>\n"
                    "<p>\xe2\x80\x9cOwn\xe2\x80\x9d is the objects themselves. "
                    "\xe2\x80\x9cHolds\xe2\x80\x9d is what would be freed if all objects of the "
                    "type went away; rows overlap, so it does not add up.</p>\n"
                    "<div class=\"card\"><div class=\"cardhead\"><label class=\"js\">Filter "
                    "<input type=\"search\" id=\"filter\" autocomplete=\"off\" "
                    "placeholder=\"a type, or part of it ( / )\"></label>");
    if (r->diff)
        strbuf_add(out, "<label class=\"js\"><input type=\"checkbox\" id=\"grown\"> only grown"
                        "</label>");
    strbuf_addf(out, "<span class=\"hint\" id=\"shown\">%s types", COUNT(types->count));
    if (rest) {
        strbuf_addf(out, ", %s of them here; the rest has ", COUNT(rows));
        section_add_bytes(rest, out);
    }
    strbuf_add(out, "</span></div>\n<div class=\"scroll\"><table id=\"typetable\"><thead><tr>");
    add_sort("Type", "", false, out);
    add_sort("Count", "n", false, out);
    if (r->diff) {
        add_sort("Change", "n", false, out);
        strbuf_addf(out, "<td class=\"dumps\">%u dumps</td>", r->diff->snapshot_count);
    }
    add_sort("Own", "n", false, out);
    add_sort("Holds", "n", true, out);
    strbuf_add(out, "<td class=\"meter\"></td></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < rows; i++)
        add_type_row(r, i, types->rows[0].retained_bytes, out);
    strbuf_add(out, "</tbody></table></div>\n");
    if (rows > TYPES_SHOWN)
        strbuf_addf(out,
                    "<button type=\"button\" class=\"js more\" id=\"moretypes\">Show all %s"
                    "</button>\n",
                    COUNT(rows));
    strbuf_add(out, "</div>\n</section>\n");
    return NULL;
}

// ---- what grew ----

static int64_t bytes_change(const struct diff *d, const struct diff_row *row)
{
    return (int64_t)(row->size_bytes[d->snapshot_count - 1] - row->size_bytes[0]);
}

static int64_t count_change(const struct diff *d, const struct diff_row *row)
{
    return (int64_t)(row->count[d->snapshot_count - 1] - row->count[0]);
}

static void add_growth_row(const struct diff *d, const struct diff_row *row, double most,
                           struct strbuf *out)
{
    const int64_t bytes = bytes_change(d, row);
    const double width = most > 0 ? 50.0 * (double)(bytes < 0 ? -bytes : bytes) / most : 0;
    struct strbuf name;
    strbuf_init(&name);
    if (row->module && *row->module && strcmp(row->module, "builtins") != 0)
        strbuf_addf(&name, "%s.", row->module);
    strbuf_add(&name, row->name);
    strbuf_addf(out, "<tr><th scope=\"row\"><i class=\"k%u\"></i><code>",
                type_kind(strbuf_text(&name)));
    html_add(out, strbuf_text(&name));
    strbuf_deinit(&name);
    strbuf_add(out, "</code></th><td class=\"n\">");
    add_change(count_change(d, row), format_change(count_change(d, row)), out);
    strbuf_add(out, "</td><td class=\"n\">");
    add_change(bytes, format_bytes_change(bytes), out);
    strbuf_addf(out,
                "</td><td class=\"both\"><span class=\"%s\" style=\"width:%.2f%%\"></span>"
                "</td></tr>\n",
                bytes < 0 ? "less" : "plus", width);
}

static void add_steps(const struct report *r, struct strbuf *out)
{
    const struct diff *d = r->diff;
    if (!d->same_process) {
        strbuf_add(out, "<p>The dumps are of different processes; they are compared by type and by "
                        "place only.</p>\n");
        return;
    }
    strbuf_add(out, "<ul class=\"also\">\n");
    for (uint32_t i = 0; i + 1 < d->snapshot_count; i++) {
        const struct diff_step *step = &d->step[i];
        strbuf_addf(out, "<li>%s<b>%s</b> objects are new (",
                    d->snapshot_count == 2 ? ""
                    : i                    ? "Then "
                                           : "At first ",
                    COUNT(step->added));
        section_add_bytes(step->added_bytes, out);
        strbuf_addf(out, "), <b>%s</b> are gone (", COUNT(step->removed));
        section_add_bytes(step->removed_bytes, out);
        strbuf_addf(out, "), %s stayed%s.</li>\n", COUNT(step->kept),
                    d->probable ? ", probably: by address and type" : "");
    }
    strbuf_add(out, "</ul>\n");
}

static struct error *add_places(const struct report *r, struct strbuf *out)
{
    unsigned listed = 0;
    for (uint32_t i = 0; i < r->leaks->count && listed < 6; i++) {
        const struct leak *leak = &r->leaks->items[i];
        if (leak->growth_bytes <= 0)
            continue;
        strbuf_add(out, listed++ ? "" : "<h3>Places that grew</h3><ul class=\"also\">\n");
        strbuf_add(out, "<li><b>");
        html_add_number(out, format_bytes_change(leak->growth_bytes).text);
        strbuf_add(out, "</b> <code>");
        if (leak->where)
            html_add(out, leak->where);
        else
            TRY(section_add_leak_path(r, leak, out));
        strbuf_add(out, "</code></li>\n");
    }
    strbuf_add(out, listed ? "</ul>\n" : "");
    return NULL;
}

struct error *section_growth(const struct report *r, struct strbuf *out)
{
    const struct diff *d = r->diff;
    double most = 0;
    uint32_t shown = 0;
    if (!d)
        return NULL;
    for (uint32_t i = 0; i < d->count; i++) {
        const double change = (double)bytes_change(d, &d->rows[i]);
        most = change > most ? change : -change > most ? -change : most;
    }
    strbuf_add(out,
               "<section id=\"growth\" tabindex=\"-1\">\n<h2>What grew</h2>\n<p>From the first "
               "dump to the last the heap changed by <b>");
    html_add_number(out, r->leaks->heap_growth_bytes
                             ? format_bytes_change(r->leaks->heap_growth_bytes).text
                             : "0 B");
    strbuf_add(out, "</b>.</p>\n");
    add_steps(r, out);
    TRY(add_places(r, out));
    strbuf_add(out, "<div class=\"card\"><div class=\"scroll\"><table><thead><tr>"
                    "<th scope=\"col\">Type</th><th scope=\"col\" class=\"n\">Objects</th>"
                    "<th scope=\"col\" class=\"n\">Bytes</th><td class=\"both\">less \xe2\x86\x90 "
                    "\xe2\x86\x92 more</td></tr></thead><tbody>\n");
    // Most growth comes first: from the front the growers, from the back those that went down.
    for (uint32_t i = 0; i < d->count && shown < GROWTH_MAX; i++)
        if (bytes_change(d, &d->rows[i]) > 0) {
            add_growth_row(d, &d->rows[i], most, out);
            shown++;
        }
    for (uint32_t i = d->count, less = 0; i-- > 0 && less < GROWTH_MAX / 3;)
        if (bytes_change(d, &d->rows[i]) < 0) {
            add_growth_row(d, &d->rows[i], most, out);
            less++;
            shown++;
        }
    if (!shown)
        strbuf_add(out, "<tr><td colspan=\"4\">No type changed.</td></tr>\n");
    strbuf_add(out, "</tbody></table></div></div>\n</section>\n");
    return NULL;
}

// ---- arenas ----

static unsigned band_of(const struct fragment_arena *arena)
{
    const double use =
        arena->capacity_bytes ? (double)arena->used_bytes / (double)arena->capacity_bytes : 0;
    return use < 0.25 ? 0 : use < 0.5 ? 1 : use < 0.75 ? 2 : use < 0.95 ? 3 : 4;
}

static void add_bands(const struct fragments *f, struct strbuf *out)
{
    static const char *const names[BANDS] = {"under 25", "25 to 50", "50 to 75", "75 to 95",
                                             "over 95"};
    uint64_t count[BANDS] = {0}, free_bytes[BANDS] = {0};
    for (uint32_t i = 0; i < f->arena_count; i++) {
        const unsigned band = band_of(&f->arenas[i]);
        count[band]++;
        free_bytes[band] += f->arenas[i].capacity_bytes - f->arenas[i].used_bytes;
    }
    strbuf_add(out, "<table><caption>Arenas by use</caption><thead><tr><th scope=\"col\">in use"
                    "</th><th scope=\"col\" class=\"n\">arenas</th><th scope=\"col\" class=\"n\">"
                    "free in them</th></tr></thead><tbody>\n");
    for (unsigned b = 0; b < BANDS; b++) {
        strbuf_addf(out,
                    "<tr><th scope=\"row\"><i class=\"a%u\"></i>%s\xc2\xa0%%</th>"
                    "<td class=\"n\">%s</td><td class=\"n\">",
                    b, names[b], COUNT(count[b]));
        section_add_bytes(free_bytes[b], out);
        strbuf_add(out, "</td></tr>\n");
    }
    strbuf_add(out, "</tbody></table>\n");
}

static void add_classes(const struct fragments *f, struct strbuf *out)
{
    strbuf_add(out,
               "<table><caption>Pools by size of block</caption><thead><tr><th scope=\"col\" "
               "class=\"n\">block</th><th scope=\"col\" class=\"n\">pools</th><th scope=\"col\" "
               "class=\"n\">used</th><th scope=\"col\" class=\"n\">free</th><th scope=\"col\" "
               "class=\"n\">bytes free</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < f->class_count; i++) {
        const struct fragment_class *c = &f->classes[i];
        strbuf_add(out, "<tr><th scope=\"row\" class=\"n\">");
        if (c->block_bytes)
            strbuf_addf(out,
                        "%u\xc2\xa0"
                        "B",
                        c->block_bytes);
        else
            strbuf_add(out, "free pool");
        strbuf_addf(out,
                    "</th><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
                    "<td class=\"n\">",
                    COUNT(c->pool_count), COUNT(c->used_blocks), COUNT(c->free_blocks));
        section_add_bytes(c->free_bytes, out);
        strbuf_add(out, "</td></tr>\n");
    }
    strbuf_add(out, "</tbody></table>\n");
}

struct error *section_arenas(const struct report *r, struct strbuf *out)
{
    const struct fragments *f = r->fragments;
    if (!f->arena_count)
        return NULL;
    strbuf_addf(out,
                "<section id=\"arenas\" tabindex=\"-1\">\n<h2>Why memory does not go back"
                "</h2>\n<p>%s arena%s of ",
                COUNT(f->arena_count), f->arena_count == 1 ? "" : "s");
    section_add_bytes(f->arenas[f->arena_count - 1].capacity_bytes, out);
    strbuf_add(out, ". An arena can be returned only when every pool in it is empty. ");
    if (f->sparse_arena_count) {
        strbuf_addf(out, "<b>%s</b> %s less than a quarter full and keep%s ",
                    COUNT(f->sparse_arena_count), f->sparse_arena_count == 1 ? "is" : "are",
                    f->sparse_arena_count == 1 ? "s" : "");
        section_add_bytes(f->sparse_free_bytes, out);
        strbuf_add(out, " free.");
    } else {
        strbuf_add(out, "None is less than a quarter full.");
    }
    strbuf_add(out, "</p>\n<div class=\"pair js\"><div class=\"card\"><div class=\"cardhead\">"
                    "<h3>Arenas, emptiest first</h3><span class=\"hint\" id=\"arenashown\"></span>"
                    "</div><div id=\"arenagrid\" role=\"listbox\" aria-label=\"Arenas\" "
                    "tabindex=\"0\"></div><ul class=\"legend\">");
    static const char *const names[BANDS] = {"0\xe2\x80\x93"
                                             "25\xc2\xa0%",
                                             "25\xe2\x80\x93"
                                             "50",
                                             "50\xe2\x80\x93"
                                             "75",
                                             "75\xe2\x80\x93"
                                             "95",
                                             "full"};
    for (unsigned b = 0; b < BANDS; b++)
        strbuf_addf(out, "<li><i class=\"a%u\"></i>%s</li>", b, names[b]);
    strbuf_add(out,
               "<li>\xe2\x80\xa2 pinned by fewer than 16 objects</li></ul></div>\n"
               "<aside class=\"card\" aria-live=\"polite\"><div class=\"cardhead\">"
               "<h3 id=\"arenaname\">Arena</h3><span class=\"hint\" id=\"arenapools\"></span>"
               "</div><div id=\"pools\"></div><p class=\"note\" id=\"arenanote\"></p></aside>"
               "</div>\n<details class=\"twin\" open><summary>Arenas and pools, as tables</summary>"
               "\n<div class=\"tables\">");
    add_bands(f, out);
    add_classes(f, out);
    strbuf_add(out, "</div></details>\n</section>\n");
    return NULL;
}
