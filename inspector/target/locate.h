// Which line of Python a sample of a running thread (inspector/proc/perf.h) is in.
//
// A target that can tell has the functions in its target_ops. `locate` gives a sample a number that
// all samples of the same place have, `resolve` says, after the last sample, which line that is.
// Answers are never guesses: a line is that of the moment of the sample, or not known.
#ifndef BRILLE_INSPECTOR_TARGET_LOCATE_H
#define BRILLE_INSPECTOR_TARGET_LOCATE_H

#include "inspector/proc/perf.h"
#include <stdint.h>

struct locator;

struct code_place {
    const char *function, *file; // live as long as the locator
    uint32_t line;
};

#endif
