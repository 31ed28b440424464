// The first screen: the finding in a sentence, where the memory is, and who holds it.
#include "inspector/report/section.h"

#include "inspector/base/format.h"
#include "inspector/report/html.h"

#include <ctype.h>
#include <string.h>

#define BYTES(n) format_bytes(n).text
#define COUNT(n) format_count(n).text

enum { FINDINGS_MAX = 3, HOLDERS_LISTED = 20 };

void section_add_type(const struct report *r, uint32_t type, struct strbuf *out)
{
    struct strbuf name;
    strbuf_init(&name);
    snapshot_add_type_name(r->s, type, &name);
    html_add(out, strbuf_text(&name));
    strbuf_deinit(&name);
}

void section_add_bytes(uint64_t bytes, struct strbuf *out)
{
    html_add_number(out, BYTES(bytes));
}

// ---- suspects ----

struct error *section_add_leak_path(const struct report *r, const struct leak *leak,
                                    struct strbuf *out)
{
    if (leak->object == ORDINAL_NONE) {
        html_add(out, leak->path);
        return NULL;
    }
    struct strbuf path;
    strbuf_init(&path);
    struct error *err = holders_add_path(r->s, r->leaks->paths, leak->object, r->in.values, &path);
    if (!err)
        html_add(out, path.length ? strbuf_text(&path) : leak->path);
    strbuf_deinit(&path);
    return err;
}

const char *section_expression(const struct report *r, const struct leak *leak)
{
    if (leak->object == ORDINAL_NONE || !leak->expression)
        return NULL;
    if (r->in.values || holders_path_is_plain(r->s, r->leaks->paths, leak->object))
        return leak->expression;
    return NULL;
}

static void add_share(uint64_t part, uint64_t whole, struct strbuf *out)
{
    html_add_number(out, format_share((double)part, (double)whole).text);
}

static void add_headline(const struct report *r, struct strbuf *out)
{
    const struct leaks *leaks = r->leaks;
    const struct leak *leak = leaks->count ? &leaks->items[0] : NULL;
    strbuf_add(out, "<h1>");
    if (!leak) {
        if (r->diff)
            strbuf_addf(out, "Nothing grew enough to be a suspect between the %s dumps.",
                        r->in.count == 2 ? "two" : "three");
        else
            strbuf_addf(out, "No object holds more than %d\xc2\xa0%% of the Python heap.",
                        LEAK_SHARE_PERCENT);
    } else if (leak->cause == CAUSE_OUTSIDE) {
        strbuf_add(out, "Memory grows outside of Python\xe2\x80\x99s objects.");
    } else if (leak->cause == CAUSE_CYCLES) {
        strbuf_add(out, "Garbage in cycles is ");
        add_share(leak->retained_bytes, leaks->heap_bytes, out);
        strbuf_add(out, " of the Python heap.");
    } else {
        strbuf_add(out, leak->object == ORDINAL_NONE ? "One place" : "One ");
        if (leak->object != ORDINAL_NONE)
            section_add_type(r, r->s->type[leak->object], out);
        strbuf_add(out, " holds ");
        add_share(leak->retained_bytes, leaks->heap_bytes, out);
        strbuf_addf(out, " of the Python heap%s.", leak->growth_bytes > 0 ? ", and it grows" : "");
    }
    strbuf_add(out, "</h1>\n");
}

static void add_sentence(const char *text, struct strbuf *out)
{
    const bool lower = *text >= 'a' && *text <= 'z';
    if (lower)
        strbuf_add_char(out, (char)toupper((unsigned char)*text));
    html_add(out, text + lower);
    if (*text && text[strlen(text) - 1] != '.')
        strbuf_add_char(out, '.');
}

static struct error *add_evidence(const struct report *r, const struct leak *leak,
                                  struct strbuf *out)
{
    strbuf_add(out, "<code class=\"path\">");
    TRY(section_add_leak_path(r, leak, out));
    strbuf_add(out, "</code>");
    if (leak->object != ORDINAL_NONE && leak->cause != CAUSE_CYCLES) {
        strbuf_add(out, " is a <code>");
        section_add_type(r, r->s->type[leak->object], out);
        strbuf_addf(out, "</code> with <b>%s</b> entries that keeps ", COUNT(leak->child_count));
    } else {
        strbuf_add(out, " keeps ");
    }
    strbuf_add(out, "<b>");
    section_add_bytes(leak->retained_bytes, out);
    strbuf_add(out, "</b> alive");
    if (leak->type_size_bytes) {
        strbuf_add(out, ", most of it <code>");
        section_add_type(r, leak->type, out);
        strbuf_add(out, "</code>");
    }
    strbuf_add(out, ".");
    if (leak->growth_bytes > 0) {
        strbuf_add(out, " It grew by <b>");
        section_add_bytes((uint64_t)leak->growth_bytes, out);
        strbuf_addf(out, "</b> since the first of %u dumps.", r->in.count);
    }
    if (leak->why) {
        strbuf_add_char(out, ' ');
        add_sentence(leak->why, out);
    }
    return NULL;
}

static void add_command(const char *command, struct strbuf *out)
{
    strbuf_add(out, "<span class=\"command\"><code>");
    html_add(out, command);
    strbuf_add(out, "</code><button type=\"button\" class=\"js copy\" data-copy=\"");
    html_add(out, command);
    strbuf_add(out, "\">Copy</button></span>\n");
}

static void add_next(const struct report *r, const struct leak *leak, struct strbuf *out)
{
    struct strbuf command;
    strbuf_init(&command);
    if (leak && leak->cause == CAUSE_CYCLES)
        strbuf_addf(&command, "brille garbage %s", r->name);
    else if (leak && leak->object != ORDINAL_NONE)
        strbuf_addf(&command, "brille path %s %s", r->name,
                    format_address(r->s->address[leak->object]).text);
    else
        strbuf_addf(&command, "brille leaks %s", r->name);
    add_command(strbuf_text(&command), out);
    const char *expression = leak ? section_expression(r, leak) : NULL;
    if (expression)
        add_command(expression, out);
    strbuf_deinit(&command);
}

static struct error *add_more_findings(const struct report *r, struct strbuf *out)
{
    const struct leaks *leaks = r->leaks;
    const struct fragments *f = r->fragments;
    const bool sparse = f->sparse_arena_count > 1 && f->sparse_free_bytes > 1 << 20;
    const struct gil_thread *waits =
        r->in.gil && r->in.gil->threads.count ? r->in.gil->threads.items[0] : NULL;
    const uint64_t window = r->in.gil ? r->in.gil->end_ns - r->in.gil->begin_ns : 0;
    const bool contended = waits && waits->wait_ns * 10 > window;
    if (leaks->count < 2 && !sparse && !contended)
        return NULL;
    strbuf_add(out, "<h2 class=\"small\">Also</h2><ul class=\"also\">\n");
    for (uint32_t i = 1; i < leaks->count && i < FINDINGS_MAX; i++) {
        strbuf_add(out, "<li>");
        TRY(add_evidence(r, &leaks->items[i], out));
        strbuf_add(out, "</li>\n");
    }
    if (sparse) {
        strbuf_addf(out,
                    "<li><a href=\"#arenas\"><b>%s</b> arenas are less than a quarter full"
                    "</a> and keep <b>",
                    COUNT(f->sparse_arena_count));
        section_add_bytes(f->sparse_free_bytes, out);
        strbuf_add(out, "</b> free.</li>\n");
    }
    if (contended) {
        strbuf_add(out, "<li><a href=\"#gil\"><code>");
        struct strbuf name;
        strbuf_init(&name);
        event_source_add_thread(r->in.source, waits->tid, &name);
        html_add(out, strbuf_text(&name));
        strbuf_deinit(&name);
        strbuf_add(out, "</code> waits for the GIL</a> <b>");
        add_share(waits->wait_ns, window, out);
        strbuf_add(out, "</b> of the time.</li>\n");
    }
    strbuf_add(out, "</ul>\n");
    return NULL;
}

// ---- where the memory is ----

struct part {
    uint64_t bytes;
    const char *look, *what, *explained; // class of the style sheet
};

static void add_parts(const struct part *parts, size_t count, uint64_t whole, const char *label,
                      struct strbuf *out)
{
    strbuf_add(out, "<div class=\"parts\" aria-hidden=\"true\">");
    for (size_t i = 0; i < count; i++)
        if (parts[i].bytes)
            strbuf_addf(out, "<span class=\"%s\" style=\"flex-grow:%.4f\" title=\"%s\"></span>",
                        parts[i].look, 100.0 * (double)parts[i].bytes / (double)(whole ? whole : 1),
                        parts[i].what);
    strbuf_add(out, "</div>\n<ul class=\"legend\" aria-label=\"Where the memory is\"><li><b>");
    section_add_bytes(whole, out);
    strbuf_addf(out, "</b> %s</li>", label);
    for (size_t i = 0; i < count; i++) {
        if (!parts[i].bytes)
            continue;
        strbuf_addf(out, "<li title=\"%s\"><i class=\"%s\"></i>%s <b>", parts[i].explained,
                    parts[i].look, parts[i].what);
        section_add_bytes(parts[i].bytes, out);
        strbuf_add(out, "</b></li>");
    }
    strbuf_add(out, "</ul>\n");
}

static void add_residence(const struct report *r, struct strbuf *out)
{
    const struct residence *x = &r->residence;
    const struct fragments *f = r->fragments;
    if (x->known) {
        const struct part parts[] = {
            {x->used_bytes, "p0", "objects in pools", "blocks in use of up to 512 bytes"},
            {x->large_bytes, "p1", "larger objects",
             "Python's objects and tables beyond 512 bytes"},
            {x->free_block_bytes, "p2", "free blocks", "in pools that are in use"},
            {x->free_pool_bytes, "p3", "free pools", "in arenas that are in use"},
            {x->other_bytes, "p4", "not Python\xe2\x80\x99s objects",
             "malloc and mmap of native code, and what malloc keeps free"},
            {x->file_bytes + x->data_bytes, "p5", "code and data of files",
             "of the program and its libraries"},
            {x->stack_bytes + x->shared_bytes, "p6", "stacks, shared memory", "of all threads"},
        };
        add_parts(parts, sizeof parts / sizeof *parts, x->resident_bytes, "resident", out);
        return;
    }
    const struct part parts[] = {
        {r->size_bytes, "p0", "live objects", "all objects of Python, by sys.getsizeof"},
        {f->free_block_bytes, "p2", "free blocks", "in pools that are in use"},
        {f->free_pool_bytes, "p3", "free pools", "in arenas that are in use"},
    };
    add_parts(parts, sizeof parts / sizeof *parts,
              r->size_bytes + f->free_block_bytes + f->free_pool_bytes, "of Python", out);
}

struct error *section_finding(const struct report *r, struct strbuf *out)
{
    const struct leak *leak = r->leaks->count ? &r->leaks->items[0] : NULL;
    strbuf_add(out, "<section id=\"finding\">\n");
    add_headline(r, out);
    strbuf_add(out, "<p class=\"lead\">");
    if (leak)
        TRY(add_evidence(r, leak, out));
    else
        strbuf_addf(out,
                    "The heap has <b>%s</b> objects of <b>%s</b>; the biggest single holder "
                    "keeps %s.",
                    COUNT(r->s->object_count), BYTES(r->size_bytes),
                    BYTES(r->leaks->largest_retained_bytes));
    strbuf_add(out, "</p>\n<p class=\"next\">");
    add_next(r, leak, out);
    strbuf_add(out, "</p>\n");
    TRY(add_more_findings(r, out));
    add_residence(r, out);
    strbuf_add(out, "</section>\n");
    return NULL;
}

// ---- who holds it ----

static const char *const kind_names[KIND_COUNT] = {
    "containers", "instances", "text & bytes", "buffers & arrays", "code & modules", "other"};

static void add_legend(struct strbuf *out)
{
    strbuf_add(out, "<ul class=\"legend js\">");
    for (unsigned k = 0; k < KIND_COUNT; k++) {
        strbuf_addf(out, "<li><i class=\"k%u\"></i>", k);
        html_add(out, kind_names[k]);
        strbuf_add(out, "</li>");
    }
    strbuf_add(out, "<li><i class=\"rest\"></i>smaller, taken together</li></ul>\n");
}

static unsigned kind_of(const struct report *r, uint32_t type)
{
    struct strbuf name;
    strbuf_init(&name);
    snapshot_add_type_name(r->s, type, &name);
    const unsigned kind = type_kind(strbuf_text(&name));
    strbuf_deinit(&name);
    return kind;
}

// The biggest single objects, as a table: what the picture shows, for those who cannot see it.
static struct error *add_biggest(const struct report *r, struct strbuf *out)
{
    const struct holders *h = r->holders;
    strbuf_add(out, "<details class=\"twin\" open><summary>The biggest single objects, as a table"
                    "</summary>\n<table><thead><tr><th scope=\"col\">object</th>"
                    "<th scope=\"col\">where</th><th scope=\"col\" class=\"n\">own</th>"
                    "<th scope=\"col\" class=\"n\">holds</th><th scope=\"col\" class=\"n\">share"
                    "</th></tr></thead><tbody>\n");
    unsigned listed = 0;
    for (size_t i = 1; i < h->rows.count && listed < HOLDERS_LISTED; i++) {
        const struct holder *row = &h->rows.items[i];
        if (row->count != 1)
            continue;
        listed++;
        strbuf_addf(out, "<tr><td><i class=\"k%u\"></i><code>", kind_of(r, row->type));
        section_add_type(r, row->type, out);
        strbuf_addf(out, "</code> <small>%s</small></td><td><code>",
                    format_address(r->s->address[row->object]).text);
        struct strbuf path;
        strbuf_init(&path);
        struct error *err =
            holders_add_path(r->s, r->leaks->paths, row->object, r->in.values, &path);
        html_add(out, strbuf_text(&path));
        strbuf_deinit(&path);
        if (err)
            return err;
        strbuf_add(out, "</code></td><td class=\"n\">");
        section_add_bytes(row->own_bytes, out);
        strbuf_add(out, "</td><td class=\"n\">");
        section_add_bytes(row->holds_bytes, out);
        strbuf_add(out, "</td><td class=\"n\">");
        add_share(row->holds_bytes, r->leaks->dominators->total_bytes, out);
        strbuf_add(out, "</td></tr>\n");
    }
    strbuf_add(out, "</tbody></table></details>\n");
    return NULL;
}

struct error *section_holders(const struct report *r, struct strbuf *out)
{
    strbuf_add(out,
               "<section id=\"holders\" tabindex=\"-1\">\n<h2>Who holds the memory</h2>\n"
               "<p>Each box is what would be freed if that object went away. Read left to right: "
               "what a box holds stands to its right. Height is size.</p>\n"
               "<div class=\"pair js\"><div class=\"card\"><div class=\"cardhead\">"
               "<nav id=\"crumbs\" aria-label=\"Way into the heap\"></nav>"
               "<span class=\"hint\"><kbd>\xe2\x86\x90</kbd><kbd>\xe2\x86\x91</kbd>"
               "<kbd>\xe2\x86\x93</kbd><kbd>\xe2\x86\x92</kbd> walk <kbd>Enter</kbd> in "
               "<kbd>Esc</kbd> out</span></div>"
               "<div class=\"icicle\"><button type=\"button\" id=\"strip\"></button>"
               "<div id=\"icicle\" role=\"tree\" aria-label=\"Who holds the memory\"></div></div>"
               "\n");
    add_legend(out);
    strbuf_add(out, "</div>\n<aside class=\"card\" aria-label=\"Why it is alive\">"
                    "<div class=\"cardhead\"><h3>Why it is alive</h3>"
                    "<span class=\"hint\">root \xe2\x86\x92 object</span></div>"
                    "<div id=\"alive\"></div></aside></div>\n");
    TRY(add_biggest(r, out));
    strbuf_add(out, "</section>\n");
    return NULL;
}

// ---- how it was made ----

static void add_fact(const char *name, const char *value, struct strbuf *out)
{
    strbuf_addf(out, "<dt>%s</dt><dd>", name);
    html_add(out, value);
    strbuf_add(out, "</dd>\n");
}

static void add_dump(const struct report *r, uint32_t i, struct strbuf *out)
{
    const struct snapshot *s = r->in.snapshots[i];
    struct strbuf text;
    strbuf_init(&text);
    strbuf_addf(&text, "%s: %s objects, %s references, taken %s", r->in.names[i],
                COUNT(s->object_count), COUNT(s->reference_count),
                format_utc(s->info.taken_unix_ns / 1000000000).text);
    if (s->info.pause_ns)
        strbuf_addf(&text, ", process stopped %s of %s", format_time_ns(s->info.pause_ns).text,
                    format_time_ns(s->info.capture_ns).text);
    strbuf_addf(&text, ", %s",
                s->info.complete ? "consistent" : "not at rest: numbers may be a little off");
    add_fact("dump", strbuf_text(&text), out);
    strbuf_deinit(&text);
}

static void add_cut(const struct report *r, struct strbuf *out)
{
    const struct holders *h = r->holders;
    uint64_t rest_bytes = 0;
    struct strbuf text;
    for (size_t i = 0; i < h->rows.count; i++)
        rest_bytes += h->rows.items[i].rest_bytes;
    strbuf_init(&text);
    strbuf_addf(&text, "%s boxes for %s reachable objects", COUNT(h->rows.count - 1),
                COUNT(r->leaks->dominators->reachable_count));
    if (rest_bytes)
        strbuf_addf(&text, "; %s are inside \xe2\x80\x9csmaller\xe2\x80\x9d", BYTES(rest_bytes));
    add_fact("holders", strbuf_text(&text), out);
    strbuf_clear(&text);
    if (r->unreachable_count)
        strbuf_addf(&text, "%s objects of %s are garbage in cycles that was not collected yet",
                    COUNT(r->unreachable_count), BYTES(r->unreachable_bytes));
    else
        strbuf_add(&text, "none");
    add_fact("garbage", strbuf_text(&text), out);
    strbuf_deinit(&text);
}

struct error *section_made(const struct report *r, struct strbuf *out)
{
    strbuf_add(out, "<section id=\"made\" tabindex=\"-1\">\n<h2>How this was made</h2>\n"
                    "<p>All numbers are in the block <code>data</code> of this file, as JSON. The "
                    "file refers to nothing outside of itself.</p>\n<dl>\n");
    add_fact("by", "brille " BRILLE_VERSION, out);
    add_fact("when", format_utc(r->in.made_unix_s).text, out);
    for (uint32_t i = 0; i < r->in.count; i++)
        add_dump(r, i, out);
    if (r->in.source) {
        struct strbuf text;
        strbuf_init(&text);
        strbuf_addf(&text, "%s; %s events are missing", r->in.source->path,
                    COUNT(event_source_missing(r->in.source)));
        add_fact("trace", strbuf_text(&text), out);
        strbuf_deinit(&text);
    }
    add_cut(r, out);
    add_fact("values",
             r->in.values ? "keys of containers are shown"
                          : "keys of containers are left out; --values shows them",
             out);
    add_fact("own", "the size of the objects themselves, as sys.getsizeof says (shallow size)",
             out);
    add_fact("holds",
             "what would be freed if it went away (retained size, by dominators); for a type: if "
             "all of its objects went. Rows of types overlap",
             out);
    add_fact("arena, pool, block",
             "Python cuts arenas into pools and pools into blocks of one size. A pool with one "
             "live block stays, and so does its arena",
             out);
    strbuf_add(out, "</dl>\n</section>\n");
    return NULL;
}
