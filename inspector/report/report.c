// See report.h. Gathers what the sections need and puts the page together.
#include "inspector/report/report.h"

#include "inspector/report/embedded.h"
#include "inspector/report/html.h"
#include "inspector/report/section.h"

#include "inspector/base/format.h"

#include <stdlib.h>
#include <string.h>

// ---- gathering ----

static void add_up(struct report *r)
{
    const struct snapshot *s = r->s;
    for (uint32_t o = 0; o < s->object_count; o++) {
        const uint64_t size = snapshot_size(s, o);
        r->size_bytes += size;
        if (r->leaks->dominators->parent[o] == DOMINATOR_NONE && !snapshot_immortal(s, o)) {
            r->unreachable_count++;
            r->unreachable_bytes += size;
        }
    }
}

static int by_held(const void *a, const void *b)
{
    const struct histogram_row *x = a, *y = b;
    if (x->retained_bytes != y->retained_bytes)
        return x->retained_bytes > y->retained_bytes ? -1 : 1;
    if (x->size_bytes != y->size_bytes)
        return x->size_bytes > y->size_bytes ? -1 : 1;
    return x->key < y->key ? -1 : x->key > y->key;
}

static struct error *gather(struct report *r)
{
    struct snapshot *s = r->s;
    TRY(snapshot_load(s, SNAPSHOT_COLUMNS | SNAPSHOT_LABELS | SNAPSHOT_EDGES));
    TRY(leaks_create(r->in.snapshots, r->in.count, LEAK_GROWTH_MIN, &r->leaks));
    add_up(r);
    TRY(holders_create(s, r->leaks->dominators, r->leaks->paths, r->in.values, &r->holders));
    TRY(histogram_create(s, HISTOGRAM_BY_TYPE, r->leaks->dominators, &r->types));
    if (r->types->count)
        qsort(r->types->rows, r->types->count, sizeof *r->types->rows, by_held);
    TRY(fragments_create(s, &r->fragments));
    TRY(residence_find(s, &r->residence));
    if (r->in.count > 1)
        TRY(diff_create(r->in.snapshots, r->in.count, &r->diff));
    if (r->in.object != ORDINAL_NONE)
        TRY(ways_to_object(s, r->leaks->paths, r->in.object, &r->ways));
    return NULL;
}

struct error *report_create(const struct report_input *input, struct report **ret)
{
    _cleanup_(report_destroy_at) struct report *r = calloc(1, sizeof *r);
    if (!r)
        return &error_no_memory;
    r->in = *input;
    r->s = input->snapshots[input->count - 1];
    r->name = input->names[input->count - 1];
    TRY(gather(r));
    *ret = take_ptr(r);
    return NULL;
}

void report_destroy(struct report *r)
{
    if (!r)
        return;
    ways_destroy(r->ways);
    diff_destroy(r->diff);
    fragments_destroy(r->fragments);
    histogram_destroy(r->types);
    holders_destroy(r->holders);
    leaks_destroy(r->leaks);
    free(r);
}

// ---- the page ----

static void add_head(const struct report *r, struct strbuf *out)
{
    const struct snapshot_info *info = &r->s->info;
    strbuf_add(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                    "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n"
                    "<meta name=\"generator\" content=\"brille " BRILLE_VERSION "\">\n<title>");
    html_add(out, r->name);
    strbuf_addf(out, " \xc2\xb7 pid %llu \xc2\xb7 brille report</title>\n<style>\n",
                (unsigned long long)info->pid);
    strbuf_add_bytes(out, report_css, report_css_bytes);
    strbuf_add(out, "</style>\n</head>\n");
}

// A command line may be long; its beginning says which program it is.
static void add_command(const char *command, struct strbuf *out)
{
    const size_t length = strcspn(command, "\n");
    html_add_bytes(out, command, length > 60 ? 60 : length);
    if (length > 60)
        strbuf_add(out, "\xe2\x80\xa6");
}

static void add_bar(const struct report *r, struct strbuf *out)
{
    const struct snapshot_info *info = &r->s->info;
    strbuf_add(out, "<header class=\"bar\"><strong>brille</strong><p class=\"who\"><code>");
    add_command(*info->command ? info->command : r->name, out);
    strbuf_addf(out, "</code> \xc2\xb7 pid %llu \xc2\xb7 ", (unsigned long long)info->pid);
    html_add(out, strcmp(info->runtime, "cpython") == 0 ? "CPython" : info->runtime);
    strbuf_add_char(out, ' ');
    html_add(out, info->version);
    strbuf_addf(out, " \xc2\xb7 %s", format_utc(info->taken_unix_ns / 1000000000).text);
    if (info->pause_ns)
        strbuf_addf(out, " \xc2\xb7 stopped %s", format_time_ns(info->pause_ns).text);
    strbuf_add(out, "</p><nav aria-label=\"Sections\"><a href=\"#holders\">Holders</a>"
                    "<a href=\"#types\">Types</a>");
    if (r->diff)
        strbuf_add(out, "<a href=\"#growth\">Growth</a>");
    if (r->fragments->arena_count)
        strbuf_add(out, "<a href=\"#arenas\">Arenas</a>");
    if (r->in.gil)
        strbuf_add(out, "<a href=\"#gil\">GIL &amp; GC</a><a href=\"#sites\">Sites</a>");
    if (r->in.object != ORDINAL_NONE)
        strbuf_add(out, "<a href=\"#object\">Object</a>");
    strbuf_add(out, "<a href=\"#made\">How</a></nav>"
                    "<button type=\"button\" class=\"js\" id=\"theme\" "
                    "aria-label=\"Light or dark\" title=\"light or dark (t)\">\xe2\x97\x90</button>"
                    "<button type=\"button\" class=\"js\" id=\"help\" "
                    "aria-label=\"Keys\" title=\"keys (?)\">?</button></header>\n");
}

static struct error *add_sections(const struct report *r, struct strbuf *out)
{
    TRY(section_finding(r, out));
    TRY(section_holders(r, out));
    TRY(section_types(r, out));
    TRY(section_growth(r, out));
    TRY(section_arenas(r, out));
    TRY(section_gil(r, out));
    TRY(section_sites(r, out));
    TRY(section_object(r, out));
    if (r->in.plugins)
        strbuf_add(out, r->in.plugins);
    return section_made(r, out);
}

struct error *report_add_page(const struct report *r, struct strbuf *out)
{
    struct strbuf data;
    strbuf_init(&data);
    add_head(r, out);
    strbuf_add(out, "<body>\n<a class=\"skip\" href=\"#holders\">Skip to the holders</a>\n");
    add_bar(r, out);
    strbuf_add(out, "<main>\n");
    struct error *err = add_sections(r, out);
    strbuf_add(out, "</main>\n<p id=\"live\" class=\"unseen\" role=\"status\" "
                    "aria-live=\"polite\"></p>\n<script type=\"application/json\" id=\"data\">\n");
    if (!err)
        err = report_add_data(r, &data);
    if (!err)
        err = strbuf_error(&data);
    if (!err)
        html_add_script_json(out, strbuf_text(&data), data.length);
    strbuf_deinit(&data);
    strbuf_add(out, "\n</script>\n<script>\n");
    strbuf_add_bytes(out, report_js, report_js_bytes);
    strbuf_add(out, "</script>\n</body>\n</html>\n");
    return err ? err : strbuf_error(out);
}
