// The process border around a plugin: whatever Lua does, brille goes on and the target is free.
//
// jail_run forks. The child has the heap as it was at the fork (copy on write, so nothing is
// copied), no handle on the target, cannot create processes, sockets or files (filter.h, and
// resource limits where there are no filters), and talks through one pipe. The host only reads that
// pipe. When the time is over the child stops itself (sandbox.h); JAIL_GRACE_NS later it is killed,
// which also ends what no hook can stop: a pattern match that explodes, a C loop in the Lua
// library, a finalizer. At Ctrl-C the child is told with a signal and has the same grace; one that
// listens to none is killed at once.
#ifndef BRILLE_INSPECTOR_LUA_JAIL_H
#define BRILLE_INSPECTOR_LUA_JAIL_H

#include "inspector/base/error.h"
#include "inspector/lua/wire.h"
#include <stdbool.h>
#include <stdint.h>

#define JAIL_GRACE_NS UINT64_C(2000000000)

enum jail_end {
    JAIL_DONE,        // the child came to its end
    JAIL_TIME,        // killed: it did not stop when told to
    JAIL_CRASHED,     // ended by a signal, or without a word
    JAIL_FLOOD,       // more than WIRE_OUTPUT_MAX
    JAIL_INTERRUPTED, // Ctrl-C
};

struct jail {
    uint64_t time_ns;
    uint64_t memory_bytes; // what the process may map beyond what it has; 0: no limit
    bool may_open;         // files, for reading
    int interrupt;         // the signal that tells the child of Ctrl-C; 0: it is killed
    // At Ctrl-C, in the host, when the child may come to its end by itself: it is then told only
    // JAIL_GRACE_NS later. NULL: at once.
    void (*on_interrupt)(void *host);
    void (*body)(void *context, struct wire *wire); // in the child; may return or _exit(0)
    void *context;
    // In the host, for each message. An error ends the child and is handed on.
    struct error *(*receive)(void *host, const struct wire_message *message);
    void *host;
};

struct error *jail_run(const struct jail *jail, enum jail_end *end, int *signal);

#endif
