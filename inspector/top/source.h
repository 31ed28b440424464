// Where the numbers of a live view come from: one process, looked at again and again, cheaply.
//
// A brille-python tells by events (stream.h); what they do not say (which line a thread is at, how
// full the pools are) is read from its memory as it runs (target/look.h). A stock CPython tells
// nothing, so its GIL is sampled, and its collector's counts are read; types and sites are not to
// be had without a dump, and the sample says so. Threads and memory are also looked up in /proc.
//
//     source_poll    often: takes events, or looks who holds the GIL. Never waits
//     source_take    at each tick: everything since the last one
//
// Nothing here stops the process.
#ifndef BRILLE_INSPECTOR_TOP_SOURCE_H
#define BRILLE_INSPECTOR_TOP_SOURCE_H

#include "inspector/base/error.h"
#include "inspector/target/target.h"
#include "inspector/top/sample.h"
#include <stdbool.h>
#include <sys/types.h>

struct top_source;

struct top_source_facts {
    char name[64], runtime[16], version[32];
    uint64_t start_unix_s; // of the process; 0: not known
};

// `no_events`: as if it emitted none.
struct error *top_source_create(pid_t pid, bool no_events, struct top_source **ret);
void top_source_destroy(struct top_source *source); // NULL is fine

const struct top_source_facts *top_source_facts(const struct top_source *source);

// False when the process has ended.
bool top_source_alive(const struct top_source *source);

// Milliseconds until the next poll is due.
int top_source_pause_ms(const struct top_source *source);
void top_source_poll(struct top_source *source);

// `view` is what is being looked at: what is dear is only done for those who see it.
struct error *top_source_take(struct top_source *source, enum top_view view,
                              struct top_sample *ret);

// Changes count from now.
void top_source_reset(struct top_source *source);

#endif
