// Fault points: where a test makes the keeper kill itself (faults.def).
//
// One variable of the keeper's process; in brille proper it stays FAULT_NONE. The cost of a point
// that is not chosen is one compare.
#ifndef BRILLE_INSPECTOR_CAPTURE_FAULT_H
#define BRILLE_INSPECTOR_CAPTURE_FAULT_H

#include <signal.h>

enum fault {
    FAULT_NONE,
#define X(name, meaning) FAULT_##name,
#include "inspector/capture/faults.def"
#undef X
    FAULT_COUNT,
};

extern enum fault fault_chosen;

static inline void fault_point(enum fault here)
{
    if (here == fault_chosen)
        raise(SIGKILL);
}

#endif
