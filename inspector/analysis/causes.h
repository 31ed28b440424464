// What sort of leak a suspect is, in one sentence with the evidence for it.
//
// A path says what keeps the bytes; the cause says which habit made them pile up: a cache without a
// limit, callbacks that nobody takes out, exceptions kept with their tracebacks, tasks that wait
// for ever. It is read off the path from the suspect to one of the objects below it (the *sample*):
// a traceback, a task, a closure on that way is the thing to look at, and its label names the
// function and the line. What has no such mark and is a container is a container that only grows;
// then what came and what left since the first dump is the evidence.
//
// A guess by shape, worded as what was seen. Nothing here changes which suspects there are.
#ifndef BRILLE_INSPECTOR_ANALYSIS_CAUSES_H
#define BRILLE_INSPECTOR_ANALYSIS_CAUSES_H

#include "inspector/analysis/paths.h"
#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/model/snapshot.h"
#include <stdint.h>

enum cause {
#define CAUSE(name, word) CAUSE_##name,
#include "inspector/analysis/causes.def"
#undef CAUSE
};

const char *cause_word(enum cause cause);

struct cause_case {
    struct snapshot *s;           // the newest
    const struct snapshot *first; // the oldest; the same as `s` when there is one
    const struct paths *paths;    // of the newest
    uint32_t object;              // the suspect
    uint32_t sample;              // an object below it; the suspect itself when there is none
};

// Adds the sentence to `why`, nothing when nothing is known.
struct error *cause_explain(const struct cause_case *c, enum cause *ret, struct strbuf *why);

// "the collector is switched off (gc.disable())", or when garbage would be found. Nothing when it
// is not known.
void cause_add_collector(const struct snapshot *s, struct strbuf *why);

// Extension modules that are not of the standard library: "tally, numpy.core._multiarray_umath".
struct error *cause_add_extensions(struct snapshot *s, struct strbuf *why);

#endif
