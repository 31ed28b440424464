// What was allocated, by the place or the kind it belongs to: made of events, one after the other.
//
// A *group* is a source line, a function, a type, a size class or a Python stack; allocs_create
// says which. Every object belongs to one group at a time: for line, function and stack that in
// which it was made, for good; for type and size class that of its present type and size, so a
// retype or a resize moves it. Growing and shrinking count where the object belongs. For each
// group, and for their sum:
//
//     live       = before + allocs - frees + moved                   (objects)
//     live_bytes = before_bytes + allocated_bytes - freed_bytes + moved_bytes
//     kept <= live, kept_bytes <= live_bytes, live_bytes <= peak_bytes
//
// `before` are objects of a baseline: they were there when the trace began, so nothing is known of
// how they were made. They are in a group of their own where groups are places. `kept` are those
// that are no `before`. allocs_check() says whether the equations hold.
//
// Where events are missing, an object can be made where one lives (its free is missing: it is
// supplied), be freed unseen (a later complete baseline lacks it: the same), or be freed without
// having been seen (counted in unknown_frees, in no group).
//
// A trace may hold samples (vm/probe/filter.h): an object of `size` bytes is in it with probability
// p = 1 - exp(-size / sample_bytes). It is then counted 1/p times, which makes every sum an
// unbiased estimate (Horvitz and Thompson, 1952), and adds (1 - p) / p^2 * size^2 to the variance
// of the sums of bytes. 1/p is rounded up or down by a hash of the object, in proportion, so that
// sums stay whole numbers, a free takes away what its alloc has added, and nothing is biased by it.
//
// Memory: 32 bytes and a share of a page for each live object, about 1 KiB for each group. Groups
// are at most `group_limit`; what comes later is put into one group of others.
#ifndef BRILLE_INSPECTOR_TRACE_ALLOCS_H
#define BRILLE_INSPECTOR_TRACE_ALLOCS_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "tracer/read/event.h"
#include "tracer/read/shadow.h"
#include "tracer/read/stacks.h"
#include <stdbool.h>
#include <stdint.h>

enum allocs_by { ALLOCS_LINE, ALLOCS_FUNCTION, ALLOCS_TYPE, ALLOCS_SIZE, ALLOCS_STACK };

enum {
    ALLOCS_SLICES = 64,
    ALLOCS_GROUPS_MAX = 1 << 16, // what a hostile trace may make us keep
    ALLOCS_STACKS_MAX = 1 << 20, // without slices
    ALLOCS_DEPTH_MAX = 256,      // frames of a stack; the outermost are left out beyond
};

// Groups that are no place: the first three of every view.
enum { ALLOCS_TOTAL, ALLOCS_BEFORE, ALLOCS_OTHERS, ALLOCS_FIRST };

// Equal parts of the time. What was allocated in each, and the most that was live.
struct allocs_series {
    uint64_t allocated[ALLOCS_SLICES], live[ALLOCS_SLICES];
};
VEC_DEFINE(allocs_series_vec, struct allocs_series);

struct allocs_group {
    uint32_t code, line; // line, function, stack: the innermost frame
    uint32_t type;       // type
    uint32_t node;       // stack: index of the frame
    uint64_t size_end;   // size class: the largest that belongs to it
    uint64_t before, before_bytes;
    uint64_t allocs, allocated_bytes;
    uint64_t frees, freed_bytes;
    uint64_t moved, moved_bytes; // signed sums, modulo 2^64
    uint64_t live, live_bytes, peak_bytes;
    uint64_t kept, kept_bytes;
    double allocated_variance, live_variance, kept_variance; // of bytes; 0 when all was told
    uint32_t slice; // up to which `live` of the series is filled in
};
VEC_DEFINE(allocs_group_vec, struct allocs_group);

// A frame of a stack; node 0 is the root.
struct allocs_node {
    uint32_t parent, code, line;
};
VEC_DEFINE(allocs_node_vec, struct allocs_node);

// uint64_t -> uint32_t, open addressing; values are never 0.
struct allocs_map {
    uint64_t *keys;
    uint32_t *values;
    size_t used, room;
};

// What the events themselves do not say.
struct allocs_names {
    uint32_t (*line)(void *context, uint32_t code, uint32_t site);
    // Only for stacks; outermost first. NULL when nothing is known.
    const struct thread_stack *(*stack)(void *context, uint32_t tid);
    void *context;
};

// The path of one thread when it last allocated: most of it is the same the next time.
struct allocs_path {
    uint32_t tid, depth;
    struct stack_frame frames[ALLOCS_DEPTH_MAX];
    uint32_t nodes[ALLOCS_DEPTH_MAX];
};
VEC_DEFINE(allocs_path_vec, struct allocs_path *);

struct allocs {
    enum allocs_by by;
    struct allocs_names names;
    uint32_t group_limit;
    uint64_t from_ns; // the window begins there: what lives by then is `before`. 0: with the trace
    uint64_t until_ns, until_seq; // and ends before seq, or after that time
    struct shadow shadow;         // refcount: group and whether it is `before`; type: of
                                  // the latest baseline that had it
    struct allocs_group_vec groups;
    struct allocs_series_vec series; // of each group; empty for stacks
    struct allocs_node_vec nodes;
    struct allocs_map sites;  // code and site -> group
    struct allocs_map places; // what makes a group -> group
    struct allocs_map frames; // code and line -> number; parent and number -> node in `edges`
    struct allocs_map edges;
    uint32_t frame_count;
    struct allocs_path_vec paths;
    bool begun, over;
    uint64_t begin_ns, end_ns, slice_ns;
    uint32_t classes;  // that were on at any time, enum trace_class
    uint32_t baseline; // number of the present or last one
    uint64_t baseline_seen;
    uint64_t sample_bytes; // 0: all objects are told
    uint64_t samples;
    uint64_t unknown_frees, supplied_frees;
    uint64_t events;
};

struct allocs *allocs_create(enum allocs_by by,
                             const struct allocs_names *names); // NULL: no memory
void allocs_destroy(struct allocs *allocs);
CLEANUP_DEFINE(allocs_destroy, struct allocs *);

// Every event, also those of other classes: they move the time.
struct error *allocs_feed(struct allocs *allocs, const struct trace_event *event);
// Closes the series at the end of the window.
void allocs_finish(struct allocs *allocs);

bool allocs_check(const struct allocs *allocs);

// The largest size of the class that `size` belongs to: 16 bytes apart up to 512, then powers of 2.
uint64_t allocs_size_class(uint64_t size);

// How many slices the window has.
unsigned allocs_slices(const struct allocs *allocs);
// `columns` characters, each against the biggest: ". : - = + * #"; '.' is nothing.
void allocs_add_strip(const struct allocs *allocs, const uint64_t *slices, bool most,
                      unsigned columns, char *ret);

// Half the width of the interval around a sum of bytes that holds the truth 95 times in 100.
double allocs_error_bytes(double variance);

// Some object of a group that was made in the window and lives; 0 when there is none.
uint64_t allocs_example(const struct allocs *allocs, uint32_t group);

#endif
