// One object, when it was asked for: what keeps it, way by way, and the life of its reference
// count.
//
// The curve has one step for each change, in the order in which they were made: changes come in
// bursts, and on a clock they would be a few upright lines. The rows below are the steps with what
// a trace knows of each: when, by which line, and whether it was given back.
#include "inspector/report/section.h"

#include "inspector/analysis/ways.h"
#include "inspector/base/format.h"
#include "inspector/report/html.h"
#include "inspector/trace/history.h"

#define COUNT(n) format_count(n).text

enum { WAYS_SHOWN = 12, STEPS_SHOWN = 200, STEPS_BRIGHT = 20, CURVE_HEIGHT = 60 };

// ---- what keeps it ----

static void add_facts(const struct report *r, uint32_t o, struct strbuf *out)
{
    const struct snapshot *s = r->s;
    const uint32_t unexplained = snapshot_unexplained(s, o);
    strbuf_add(out, "<p><code>");
    section_add_type(r, s->type[o], out);
    strbuf_addf(out, "</code> at <code>%s</code>: own <b>", format_address(s->address[o]).text);
    section_add_bytes(snapshot_size(s, o), out);
    strbuf_add(out, "</b>, holds <b>");
    section_add_bytes(r->leaks->dominators->retained[o], out);
    strbuf_add(out, "</b>. ");
    if (snapshot_immortal(s, o))
        strbuf_add(out, "It is immortal.");
    else
        strbuf_addf(out, "Its refcount is <b>%s</b>, ", COUNT(s->refcount[o]));
    if (!snapshot_immortal(s, o) && unexplained)
        strbuf_addf(out, "of which %s are held by nothing known: native code.", COUNT(unexplained));
    else if (!snapshot_immortal(s, o))
        strbuf_add(out, "and each of them is explained.");
    strbuf_add(out, "</p>\n");
}

static void add_ways(const struct ways *ways, struct strbuf *out)
{
    if (!ways->count) {
        strbuf_add(out, "<p>Nothing reachable keeps it: it is garbage that has not been collected "
                        "yet.</p>\n");
        return;
    }
    strbuf_addf(out,
                "<div class=\"card\"><div class=\"scroll\"><table><caption>Every way to it; all "
                "must be cut for it to go</caption><thead><tr><th scope=\"col\" "
                "class=\"n\">references</th><th scope=\"col\">way</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < ways->count && i < WAYS_SHOWN; i++) {
        strbuf_addf(out, "<tr><td class=\"n\">%s</td><td><code>", COUNT(ways->items[i].count));
        html_add(out, ways->items[i].text);
        strbuf_add(out, "</code></td></tr>\n");
    }
    strbuf_add(out, "</tbody></table></div>");
    if (ways->count > WAYS_SHOWN)
        strbuf_addf(out, "<p class=\"note\">%s more ways.</p>", COUNT(ways->count - WAYS_SHOWN));
    if (ways->own_count)
        strbuf_addf(out, "<p class=\"note\">%s more references come from what it keeps itself.</p>",
                    COUNT(ways->own_count));
    strbuf_add(out, "</div>\n");
}

// ---- its refcount ----

static bool changes_count(const struct history_step *step)
{
    return step->after != HISTORY_UNKNOWN && step->before != step->after;
}

static void add_curve(const struct history *h, struct strbuf *out)
{
    uint32_t most = 1, x = 0;
    for (size_t i = 0; i < h->steps.count; i++)
        if (changes_count(&h->steps.items[i])) {
            most = h->steps.items[i].after > most ? h->steps.items[i].after : most;
            x++;
        }
    if (!x)
        return;
    strbuf_addf(out,
                "<svg class=\"count\" viewBox=\"0 0 %u %d\" preserveAspectRatio=\"none\" "
                "role=\"img\" aria-label=\"The reference count, change by change, at most %s\">"
                "<path d=\"M0 %d",
                x, CURVE_HEIGHT, COUNT(most), CURVE_HEIGHT);
    for (size_t i = 0; i < h->steps.count; i++)
        if (changes_count(&h->steps.items[i]))
            strbuf_addf(out, "V%.1fh1",
                        CURVE_HEIGHT -
                            (CURVE_HEIGHT - 2) * (double)h->steps.items[i].after / (double)most);
    strbuf_addf(out, "V%dz\"/></svg>\n", CURVE_HEIGHT);
}

static const char *note_of(const struct history *h, const struct history_step *step)
{
    if (step->kind == TRACE_EVENT_snapshot)
        return "there when recording began";
    if (step->kind != TRACE_EVENT_incref)
        return "";
    return step->partner != HISTORY_NONE ? "given back" : h->alive ? "never given back" : "";
}

static void add_step(const struct report *r, const struct history *h,
                     const struct history_step *step, bool extra, struct strbuf *out)
{
    struct strbuf text;
    strbuf_init(&text);
    const uint64_t since = step->time_ns > h->begin_ns ? step->time_ns - h->begin_ns : 0;
    strbuf_addf(out, "<tr%s><td class=\"n\">", extra ? " class=\"extra\"" : "");
    html_add_number(out, format_time_ns(since).text);
    strbuf_addf(out, "</td><td>%s</td><td class=\"n\">", trace_event_name(step->kind));
    if (step->after == HISTORY_UNKNOWN)
        strbuf_add(out, "?");
    else
        strbuf_add(out, COUNT(step->after));
    strbuf_add(out, "</td><td><code>");
    event_source_add_place(r->in.source, step->code,
                           event_source_line(r->in.source, step->code, step->site), &text);
    html_add(out, strbuf_text(&text));
    strbuf_clear(&text);
    strbuf_add(out, "</code></td><td>");
    event_source_add_thread(r->in.source, step->tid, &text);
    html_add(out, strbuf_text(&text));
    strbuf_addf(out, "</td><td>%s</td></tr>\n", note_of(h, step));
    strbuf_deinit(&text);
}

static void add_history(const struct report *r, const struct history *h, struct strbuf *out)
{
    const size_t count = h->steps.count, first = count > STEPS_SHOWN ? count - STEPS_SHOWN : 0;
    if (!count) {
        strbuf_add(out, "<p>The trace has no event of it (record it with <code>-e "
                        "alloc,refcount</code>; immortal objects have none).</p>\n");
        return;
    }
    strbuf_addf(out,
                "<h3>Its reference count while it was traced</h3><p><b>%s</b> takes, <b>%s</b> "
                "drops%s</p>\n<div class=\"card\">",
                COUNT(h->takes), COUNT(h->drops),
                h->alive && h->open.count ? ". What was never given back is what keeps it." : ".");
    add_curve(h, out);
    strbuf_add(out, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\" class=\"n\">after"
                    "</th><th scope=\"col\">event</th><th scope=\"col\" class=\"n\">count</th>"
                    "<th scope=\"col\">by</th><th scope=\"col\">thread</th><th scope=\"col\">"
                    "</th></tr></thead><tbody>\n");
    for (size_t i = count; i-- > first;) // the newest first
        add_step(r, h, &h->steps.items[i], count - 1 - i >= STEPS_BRIGHT, out);
    strbuf_add(out, "</tbody></table></div>\n");
    if (count - first > STEPS_BRIGHT)
        strbuf_addf(out, "<button type=\"button\" class=\"js more\">Show %s of %s changes</button>",
                    COUNT(count - first), COUNT(count + h->forgotten));
    strbuf_add(out, "</div>\n");
}

struct error *section_object(const struct report *r, struct strbuf *out)
{
    if (r->in.object == ORDINAL_NONE)
        return NULL;
    strbuf_add(out, "<section id=\"object\" tabindex=\"-1\">\n<h2>One object</h2>\n");
    add_facts(r, r->in.object, out);
    add_ways(r->ways, out);
    if (r->in.history)
        add_history(r, r->in.history, out);
    strbuf_add(out, "</section>\n");
    return NULL;
}
