// The live view: the terminal, the source and the model, brought together until somebody leaves.
#ifndef BRILLE_INSPECTOR_TOP_RUN_H
#define BRILLE_INSPECTOR_TOP_RUN_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/top/model.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct top_options {
    uint64_t tick_ns;
    enum top_view view;
    bool color, unicode;
    bool no_events; // look from outside, as at a stock CPython
};

// Returns when the user leaves; `summary` then gets some lines for the normal screen.
struct error *top_run(pid_t pid, const struct top_options *options, struct strbuf *summary);

#endif
