// The report: one HTML page about one heap, or the same heap at two or three moments, and about a
// trace if there is one.
//
// A page is one file that needs nothing else: no network, no fonts, no library. Everything that is
// to be read is in its HTML, made here; the script (report.js) adds what one does with a pointer or
// the keyboard: walking through the holders, sorting, filtering. It takes its data from one JSON
// block, so that other programs can read them, too:
//
//     heap, totals, findings        what the sections say, in raw numbers
//     texts, types                  tables of names
//     holders, steps                the cut dominator tree and the paths, column by column
//     arenas                        pools by arena
//     gil, gc, sites                of the trace
//     object                        the one that was asked for
//
// The order of sections, and why they are drawn as they are: section.h. What is left out because
// there is no room for it is said where it is left out.
#ifndef BRILLE_INSPECTOR_REPORT_REPORT_H
#define BRILLE_INSPECTOR_REPORT_REPORT_H

#include "inspector/analysis/diff.h"
#include "inspector/analysis/fragments.h"
#include "inspector/analysis/histogram.h"
#include "inspector/analysis/leaks.h"
#include "inspector/analysis/residence.h"
#include "inspector/analysis/ways.h"
#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/model/snapshot.h"
#include "inspector/report/holders.h"
#include "inspector/trace/allocs.h"
#include "inspector/trace/collections.h"
#include "inspector/trace/event_source.h"
#include "inspector/trace/gil.h"
#include "inspector/trace/history.h"
#include <stdbool.h>
#include <stdint.h>

struct report_input {
    struct snapshot *const *snapshots; // oldest first
    const char *const *names;          // what the user called them
    uint32_t count;                    // 1 to DIFF_SNAPSHOTS_MAX
    bool values;                       // tell keys of containers
    uint32_t object;                   // one to tell more of, of the newest; ORDINAL_NONE: none

    struct event_source *source; // NULL: no trace. Its events have been read into:
    const struct gil_timeline *gil;
    const struct collections *collections;
    const struct allocs *allocs;   // by line, finished
    const struct history *history; // of `object`, finished; NULL: none was asked for
    const char *plugins;           // sections of plugins, as HTML; NULL: none
    int64_t made_unix_s;           // when the page is made
};

struct report {
    struct report_input in;
    struct snapshot *s; // the newest
    const char *name;   // of the newest
    struct leaks *leaks;
    struct holders *holders;
    struct histogram *types; // most held bytes first
    struct fragments *fragments;
    struct diff *diff; // NULL with one snapshot
    struct ways *ways; // to `object`, NULL when there is none
    struct residence residence;
    uint64_t size_bytes, unreachable_count, unreachable_bytes;
};

// `input` and what it points to live at least as long.
struct error *report_create(const struct report_input *input, struct report **ret);
void report_destroy(struct report *report);
CLEANUP_DEFINE(report_destroy, struct report *);

// The whole page.
struct error *report_add_page(const struct report *report, struct strbuf *out);

#endif
