// GIL and collections on one clock, and where objects are made: what a trace tells.
//
// The lanes are drawn here, as SVG of a fixed inner width that the page stretches: every lane has
// the same LANE_WIDTH units for the same time, so what stands below each other was at the same
// moment. A slice in which a thread held the GIL for a part of the time is a bar of that height.
#include "inspector/report/section.h"

#include "inspector/base/format.h"
#include "inspector/report/html.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(n) format_count(n).text

enum {
    LANE_WIDTH = 1024,
    LANE_HEIGHT = 20,
    LANES_MAX = 32,
    TICKS = 6,
    SITES_SHOWN = 40,
    SITES_BRIGHT = 12,
};

struct clock {
    uint64_t begin_ns, window_ns;
};

static struct clock clock_of(const struct report *r)
{
    const struct gil_timeline *g = r->in.gil;
    const struct collections *c = r->in.collections;
    uint64_t begin = UINT64_MAX, end = 0;
    if (g->begun) {
        begin = g->begin_ns;
        end = g->end_ns;
    }
    if (c->begun) {
        begin = c->begin_ns < begin ? c->begin_ns : begin;
        end = c->end_ns > end ? c->end_ns : end;
    }
    return (struct clock){begin == UINT64_MAX ? 0 : begin, end > begin ? end - begin : 1};
}

static double at(const struct clock *clock, uint64_t time_ns)
{
    const uint64_t since = time_ns > clock->begin_ns ? time_ns - clock->begin_ns : 0;
    const double x = (double)since * LANE_WIDTH / (double)clock->window_ns;
    return x > LANE_WIDTH ? LANE_WIDTH : x;
}

static void begin_lane(const char *name, struct strbuf *out)
{
    strbuf_addf(out,
                "<svg class=\"lane\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
                "role=\"img\" aria-label=\"",
                LANE_WIDTH, LANE_HEIGHT);
    html_add(out, name);
    strbuf_add(out, "\">");
}

// One path of bars: slices of equal share that touch are one bar.
static void add_bars(const struct clock *clock, const struct gil_timeline *g, const uint64_t *in,
                     double full, const char *class, struct strbuf *out)
{
    strbuf_addf(out, "<path class=\"%s\" d=\"", class);
    for (unsigned i = 0; i < GIL_SLICES;) {
        const double share = (double)in[i] / (double)(g->slice_ns ? g->slice_ns : 1);
        const int height = (int)((share > 1 ? 1 : share) * full + 0.5);
        unsigned end = i + 1;
        while (end < GIL_SLICES &&
               (int)((double)in[end] / (double)(g->slice_ns ? g->slice_ns : 1) * full + 0.5) ==
                   height)
            end++;
        if (in[i]) {
            const double x = at(clock, g->begin_ns + i * g->slice_ns);
            const double width = at(clock, g->begin_ns + end * g->slice_ns) - x;
            const int tall = height ? height : 1;
            strbuf_addf(out, "M%.1f %dh%.1fv%dh-%.1fz", x, LANE_HEIGHT - tall, width, tall, width);
        }
        i = end;
    }
    strbuf_add(out, "\"/>");
}

static void add_behind(const struct report *r, const struct gil_thread *thread, struct strbuf *out)
{
    if (!thread->behind.count || !thread->wait_ns)
        return;
    event_source_add_thread(r->in.source, thread->behind.items[0].tid, out);
    strbuf_addf(out, " %.0f\xc2\xa0%%",
                100.0 * (double)thread->behind.items[0].wait_ns / (double)thread->wait_ns);
}

static void add_share_cell(uint64_t part, const struct clock *clock, const char *class,
                           struct strbuf *out)
{
    strbuf_addf(out, "<td class=\"n %s\">", class);
    html_add_number(out, format_share((double)part, (double)clock->window_ns).text);
    strbuf_add(out, "</td>");
}

static void add_thread(const struct report *r, const struct clock *clock,
                       const struct gil_thread *thread, struct strbuf *out)
{
    struct strbuf name, behind;
    strbuf_init(&name);
    strbuf_init(&behind);
    event_source_add_thread(r->in.source, thread->tid, &name);
    add_behind(r, thread, &behind);
    strbuf_add(out, "<tr><th scope=\"row\"><code>");
    html_add(out, strbuf_text(&name));
    strbuf_add(out, "</code></th>");
    add_share_cell(thread->held_ns, clock, "", out);
    add_share_cell(thread->wait_ns, clock, thread->wait_ns * 10 > clock->window_ns ? "waits" : "",
                   out);
    strbuf_add(out, "<td class=\"who\">");
    html_add(out, strbuf_text(&behind));
    strbuf_add(out, "</td><td class=\"strip\">");
    strbuf_add(&name, " holds and waits");
    begin_lane(strbuf_text(&name), out);
    strbuf_addf(out, "<path class=\"base\" d=\"M0 %d.5h%d\"/>", LANE_HEIGHT - 1, LANE_WIDTH);
    add_bars(clock, r->in.gil, thread->waited_in, LANE_HEIGHT / 2.0, "wait", out);
    add_bars(clock, r->in.gil, thread->held_in, LANE_HEIGHT, "hold", out);
    strbuf_add(out, "</svg></td></tr>\n");
    strbuf_deinit(&name);
    strbuf_deinit(&behind);
}

static void add_generation(const struct report *r, const struct clock *clock, unsigned generation,
                           struct strbuf *out)
{
    const struct collections *c = r->in.collections;
    const struct collection_sum *sum = &c->sums[generation];
    double drawn = -1;
    char name[40];
    snprintf(name, sizeof name, "collections of generation %u", generation);
    strbuf_addf(out,
                "<tr><th scope=\"row\">GC gen %u</th><td class=\"n\">%s\xc2\xa0run%s</td>"
                "<td class=\"n\">",
                generation, COUNT(sum->runs), sum->runs == 1 ? "" : "s");
    html_add_number(out, format_time_ns(sum->total_ns).text);
    strbuf_addf(out, "</td><td class=\"who\">%s freed</td><td class=\"strip\">", COUNT(sum->freed));
    begin_lane(name, out);
    strbuf_add(out, "<path class=\"gc\" d=\"");
    for (size_t i = 0; i < c->runs.count; i++) {
        const struct collection *run = &c->runs.items[i];
        const double x = at(clock, run->begin_ns);
        double width = at(clock, run->begin_ns + run->time_ns) - x;
        if (run->generation != generation || x < drawn)
            continue;
        width = width < 1.5 ? 1.5 : width;
        strbuf_addf(out, "M%.1f 3h%.1fv14h-%.1fz", x, width, width);
        drawn = x + width;
    }
    strbuf_add(out, "\"/></svg></td></tr>\n");
}

static void add_scale(const struct clock *clock, struct strbuf *out)
{
    strbuf_add(out,
               "<thead><tr><th scope=\"col\">thread</th><th scope=\"col\" class=\"n\">held</th>"
               "<th scope=\"col\" class=\"n\">waited</th><th scope=\"col\" class=\"who\">most "
               "behind</th><th scope=\"col\" class=\"strip\"><span class=\"scale\">");
    for (unsigned i = 0; i <= TICKS; i++) {
        strbuf_add(out, "<span>");
        html_add_number(out, i ? format_time_ns(clock->window_ns / TICKS * i).text : "0");
        strbuf_add(out, "</span>");
    }
    strbuf_add(out, "</span></th></tr></thead>\n");
}

static void add_gil_sentence(const struct report *r, const struct clock *clock, struct strbuf *out)
{
    const struct gil_timeline *g = r->in.gil;
    const struct collections *c = r->in.collections;
    uint64_t paused = 0;
    for (unsigned i = 0; i < COLLECTION_GENERATIONS; i++)
        paused += c->sums[i].total_ns;
    strbuf_add(out, "<p>One clock for both. ");
    if (g->threads.count) {
        strbuf_add(out, "The GIL was held ");
        html_add_number(out, format_share((double)g->held_ns, (double)clock->window_ns).text);
        strbuf_add(out, " of ");
        html_add_number(out, format_time_ns(clock->window_ns).text);
        strbuf_addf(out, ", a mean of %.1f threads waited. ",
                    (double)g->wait_ns / (double)clock->window_ns);
    } else {
        strbuf_add(out,
                   "The trace has no events of the GIL (record it with <code>-e gil</code>). ");
    }
    if (c->runs.count) {
        strbuf_add(out, "Collections took ");
        html_add_number(out, format_share((double)paused, (double)clock->window_ns).text);
        strbuf_add(out, ".");
    } else {
        strbuf_add(out, "There was no collection, or the trace has no events of it.");
    }
    strbuf_add(out, "</p>\n");
}

struct error *section_gil(const struct report *r, struct strbuf *out)
{
    const struct gil_timeline *g = r->in.gil;
    if (!g)
        return NULL;
    const struct clock clock = clock_of(r);
    const size_t lanes = g->threads.count < LANES_MAX ? g->threads.count : LANES_MAX;
    strbuf_add(out, "<section id=\"gil\" tabindex=\"-1\">\n<h2>GIL and garbage collection</h2>\n");
    add_gil_sentence(r, &clock, out);
    // The pattern of all lanes.
    strbuf_add(out,
               "<svg class=\"unseen\" aria-hidden=\"true\" width=\"0\" height=\"0\"><defs>"
               "<pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
               "patternTransform=\"rotate(45)\"><rect class=\"wait\" width=\"3\" height=\"6\"/>"
               "</pattern></defs></svg>\n<div class=\"card\"><div class=\"scroll\">"
               "<table class=\"lanes\">");
    add_scale(&clock, out);
    strbuf_add(out, "<tbody>\n");
    for (size_t i = 0; i < lanes; i++)
        add_thread(r, &clock, g->threads.items[i], out);
    for (unsigned i = 0; i < COLLECTION_GENERATIONS; i++)
        if (r->in.collections->runs.count)
            add_generation(r, &clock, i, out);
    strbuf_add(out,
               "</tbody></table></div><ul class=\"legend\"><li><i class=\"hold\"></i>holds the "
               "GIL</li><li><i class=\"wait\"></i>waits for it</li><li><i class=\"gc\"></i>"
               "collection</li>");
    if (lanes < g->threads.count)
        strbuf_addf(out, "<li>%s more threads, which wait less, are not drawn</li>",
                    COUNT(g->threads.count - lanes));
    strbuf_add(out, "</ul></div>\n</section>\n");
    return NULL;
}

// ---- where objects are made ----

static const struct allocs *sorting; // qsort has no context

static int by_kept(const void *a, const void *b)
{
    const struct allocs_group *x = &sorting->groups.items[*(const uint32_t *)a];
    const struct allocs_group *y = &sorting->groups.items[*(const uint32_t *)b];
    if (x->kept_bytes != y->kept_bytes)
        return x->kept_bytes > y->kept_bytes ? -1 : 1;
    if (x->allocated_bytes != y->allocated_bytes)
        return x->allocated_bytes > y->allocated_bytes ? -1 : 1;
    return x < y ? -1 : x > y;
}

// What was alive of a group, over time.
static void add_spark(const struct allocs *allocs, uint32_t group, struct strbuf *out)
{
    const struct allocs_series *series = &allocs->series.items[group];
    const unsigned slices = allocs_slices(allocs);
    uint64_t most = 1;
    for (unsigned i = 0; i < slices; i++)
        most = series->live[i] > most ? series->live[i] : most;
    strbuf_addf(out,
                "<svg class=\"spark\" viewBox=\"0 0 %u 20\" preserveAspectRatio=\"none\" "
                "aria-hidden=\"true\"><path d=\"M0 20",
                slices ? slices : 1);
    for (unsigned i = 0; i < slices; i++)
        strbuf_addf(out, "V%.1fh1", 20 - 19 * (double)series->live[i] / (double)most);
    strbuf_add(out, "V20z\"/></svg>");
}

static void add_amount(uint64_t count, uint64_t bytes, struct strbuf *out)
{
    strbuf_addf(out, "<td class=\"n\">%s</td><td class=\"n\">", COUNT(count));
    html_add_number(out, format_bytes(bytes).text);
    strbuf_add(out, "</td>");
}

static void add_site(const struct report *r, uint32_t index, bool extra, struct strbuf *out)
{
    const struct allocs_group *group = &r->in.allocs->groups.items[index];
    struct strbuf place;
    strbuf_init(&place);
    if (index == ALLOCS_OTHERS)
        strbuf_add(&place, "all others");
    else
        event_source_add_place(r->in.source, group->code, group->line, &place);
    strbuf_addf(out, "<tr%s><th scope=\"row\"><code>", extra ? " class=\"extra\"" : "");
    html_add(out, strbuf_text(&place));
    strbuf_deinit(&place);
    strbuf_add(out, "</code></th>");
    add_amount(group->kept, group->kept_bytes, out);
    add_amount(group->allocs, group->allocated_bytes, out);
    strbuf_add(out, "<td class=\"strip\">");
    add_spark(r->in.allocs, index, out);
    strbuf_add(out, "</td></tr>\n");
}

static struct error *add_sites(const struct report *r, struct strbuf *out)
{
    const struct allocs *allocs = r->in.allocs;
    const size_t count = allocs->groups.count;
    _cleanup_free_ uint32_t *order = malloc((count + 1) * sizeof *order);
    uint32_t rows = 0, shown = 0;
    if (!order)
        return &error_no_memory;
    for (uint32_t i = ALLOCS_OTHERS; i < count; i++)
        if (allocs->groups.items[i].allocs)
            order[rows++] = i;
    sorting = allocs;
    qsort(order, rows, sizeof *order, by_kept);
    for (; shown < rows && shown < SITES_SHOWN; shown++)
        add_site(r, order[shown], shown >= SITES_BRIGHT, out);
    strbuf_add(out, "</tbody></table></div>\n");
    if (shown > SITES_BRIGHT)
        strbuf_addf(out, "<button type=\"button\" class=\"js more\">Show %u of %u lines</button>\n",
                    shown, rows);
    return NULL;
}

struct error *section_sites(const struct report *r, struct strbuf *out)
{
    if (!r->in.allocs)
        return NULL;
    const struct allocs_group *total = &r->in.allocs->groups.items[ALLOCS_TOTAL];
    strbuf_add(out, "<section id=\"sites\" tabindex=\"-1\">\n<h2>Where objects are made</h2>\n");
    if (!total->allocs) {
        strbuf_add(out, "<p>The trace has no allocations (record it with <code>-e alloc</code>)."
                        "</p>\n</section>\n");
        return NULL;
    }
    strbuf_addf(out, "<p><b>%s</b> objects of ", COUNT(total->allocs));
    html_add_number(out, format_bytes(total->allocated_bytes).text);
    strbuf_addf(out, " were made while it was traced; <b>%s</b> of ", COUNT(total->kept));
    html_add_number(out, format_bytes(total->kept_bytes).text);
    strbuf_add(out,
               " stayed. Lines whose objects stay come first; a curve is what of a line was alive, "
               "each in its own height.</p>\n<div class=\"card\"><div class=\"scroll\">"
               "<table class=\"sites\"><thead><tr><th scope=\"col\">line</th>"
               "<th scope=\"col\" class=\"n\">stay</th><th scope=\"col\" class=\"n\">bytes</th>"
               "<th scope=\"col\" class=\"n\">made</th><th scope=\"col\" class=\"n\">bytes</th>"
               "<th scope=\"col\" class=\"strip\">alive over time</th></tr></thead><tbody>\n");
    TRY(add_sites(r, out));
    strbuf_add(out, "</div>\n</section>\n");
    return NULL;
}
