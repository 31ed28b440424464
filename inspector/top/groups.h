// Types and sites of a sample: the counts of objects.h with names, as rates.
#ifndef BRILLE_INSPECTOR_TOP_GROUPS_H
#define BRILLE_INSPECTOR_TOP_GROUPS_H

#include "inspector/base/error.h"
#include "inspector/top/sample.h"
#include "inspector/top/stream.h"

// Those in which something lives or was made, at most TOP_GROUPS_MAX of each. ret->window_ns is
// set.
struct error *groups_add(const struct top_stream *stream, struct top_sample *ret);

#endif
