// How many events of each kind a trace file holds, and how many are missing.
//
// A raw count over the chunks of the file: nothing is ordered or resolved, so it costs little more
// than reading the file. Exact: received + dropped is what the process emitted while this trace was
// on, per kind. What a flight recorder overwrote is known per stream only, in units.
#ifndef BRILLE_INSPECTOR_TRACE_TALLY_H
#define BRILLE_INSPECTOR_TRACE_TALLY_H

#include "inspector/base/error.h"
#include "tracer/read/file.h"
#include <stdbool.h>
#include <stdint.h>

struct trace_tally {
    uint64_t received[TRACE_EVENT_COUNT]; // by enum trace_event_kind; snapshot: objects
    uint64_t dropped[TRACE_EVENT_COUNT];
    uint64_t received_total, dropped_total; // without the carriers
    uint64_t overwritten_units;
    uint64_t definitions_refused;
    uint64_t waits_lost;
    uint64_t policy_falls; // how often the process gave up waiting for its reader
    uint64_t time_ns;      // from the first event that is there to the last reading of the ring
    uint64_t pid;
    uint64_t created_unix_ns;
    uint64_t file_bytes;
    uint64_t reason; // enum trace_end_reason; 0 when the file was cut short
    bool cut_short;
};

struct error *trace_tally_read(const char *path, struct trace_tally *ret);

#endif
