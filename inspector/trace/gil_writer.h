// Writes handoffs of a GIL that somebody else has seen into a .trace file, as an interpreter that
// emits events itself would have: whatever reads traces reads these.
//
//     struct gil_writer *writer;
//     TRY(gil_writer_create(path, pid, clock_now_ns(), &writer));
//     ... gil_writer_acquire(writer, tid, time_ns, waited_since_ns) ...
//     struct error *err = gil_writer_finish(writer, clock_now_ns(), lost);
//
// Times are CLOCK_MONOTONIC and must not go back. A thread waits from gil_writer_wait to its
// acquire. There are no code objects in such a trace: where the GIL was let go is unknown.
#ifndef BRILLE_INSPECTOR_TRACE_GIL_WRITER_H
#define BRILLE_INSPECTOR_TRACE_GIL_WRITER_H

#include "inspector/base/cleanup.h"
#include "inspector/base/error.h"
#include "tracer/abi/events.h"
#include <stdint.h>
#include <sys/types.h>

struct gil_writer;

struct error *gil_writer_create(const char *path, pid_t pid, uint64_t now_ns,
                                struct gil_writer **ret);
// Leaves a file that ends early behind unless gil_writer_finish was called. NULL is fine.
void gil_writer_destroy(struct gil_writer *writer);
CLEANUP_DEFINE(gil_writer_destroy, struct gil_writer *);

// A later name of the same thread replaces the earlier one.
struct error *gil_writer_thread(struct gil_writer *w, uint32_t tid, const char *name);

// kind: gil_wait or gil_request. `holder` may be 0.
struct error *gil_writer_wait(struct gil_writer *w, enum trace_event_kind kind, uint32_t tid,
                              uint64_t time_ns, uint32_t holder);
// waited_since_ns: 0 when it did not wait.
struct error *gil_writer_acquire(struct gil_writer *w, uint32_t tid, uint64_t time_ns,
                                 uint64_t waited_since_ns);
// acquired_at_ns: 0 when that was not seen.
struct error *gil_writer_release(struct gil_writer *w, uint32_t tid, uint64_t time_ns,
                                 enum trace_gil_reason reason, uint64_t acquired_at_ns);

// Ends the file in order. `lost` events are counted as dropped.
struct error *gil_writer_finish(struct gil_writer *w, uint64_t now_ns, uint64_t lost);

#endif
