// Allocation sites: which lines of the program made objects, how many, how big, and when.
//
// Made of alloc events, one after the other. The time of a trace is cut into SITE_SLICES slices of
// equal length; when the trace goes on beyond them, slices are joined in pairs, so that the memory
// does not depend on its length. Objects that were freed again count too: this is what was made,
// not what stayed.
//
// invariants: the counts of all sites, and `other`, add up to `count`; so do the bytes.
#ifndef BRILLE_INSPECTOR_REPORT_SITES_H
#define BRILLE_INSPECTOR_REPORT_SITES_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/trace/event_source.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    SITE_SLICES = 96,
    SITES_MAX = 65536, // what a hostile trace may make us keep
};

struct site {
    uint32_t code, site, line; // `line` is set by sites_finish
    uint64_t count, bytes;
    uint64_t bytes_in[SITE_SLICES];
};
VEC_DEFINE(site_vec, struct site);

struct sites {
    bool begun;
    uint64_t begin_ns, slice_ns;
    struct site_vec rows;
    uint32_t *slots; // hash table of rows + 1
    uint32_t slot_count;
    uint64_t count, bytes;
    uint64_t other_count, other_bytes; // more sites than are kept
};

void sites_init(struct sites *sites);
void sites_deinit(struct sites *sites);
struct error *sites_feed(struct sites *sites, const struct trace_event *event);

// Joins the sites of one line and sorts: most bytes first.
void sites_finish(struct sites *sites, const struct event_source *source);

#endif
