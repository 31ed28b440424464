// The event stream of a brille-python, read as it comes, for a live view: handoffs of the GIL and
// collections always, which are few; allocations while somebody looks at them, which are many.
//
// The program is never held up for the view: what it cannot take in time is dropped and counted.
// The one exception is the baseline, the list of all objects at the moment that counting begins:
// while it is written the program waits for the reader, some tens of nanoseconds an object.
//
// There is one reader at a time. When another brille has the stream, opening says whose it is, and
// the view goes on with what can be seen from outside.
#ifndef BRILLE_INSPECTOR_TOP_STREAM_H
#define BRILLE_INSPECTOR_TOP_STREAM_H

#include "inspector/base/error.h"
#include "inspector/target/look.h"
#include "inspector/top/handoffs.h"
#include "inspector/top/objects.h"
#include "tracer/read/reader.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Of one generation, since the last tick.
struct stream_generation {
    uint64_t runs, time_ns, longest_ns, freed;
};

struct top_stream {
    pid_t pid;
    bool open, ended;
    bool late;     // the process has not answered yet: it is asleep, or in C code
    bool counting; // allocations too
    bool blocks;   // the policy is still that of the baseline
    struct trace_session session;
    struct trace_reader reader;
    struct handoffs handoffs;
    struct objects objects; // while counting
    struct stream_generation generations[LOOK_GENERATIONS];
    uint64_t collecting_since_ns; // 0: no collection is running; else time + 1
    uint64_t events;              // since the last tick
    uint64_t last_ns;             // time of the last one
    bool behind;                  // there is more to be read
};

// READ_BUSY and the like come as an error that names the reader. `baseline`: begin counting with
// every object there is.
struct error *top_stream_open(struct top_stream *stream, pid_t pid, bool counting, bool baseline);
void top_stream_close(struct top_stream *stream); // also one that is not open

// Takes what has come, for at most `budget_ns`. Sets `ended` when nothing more will come.
struct error *top_stream_read(struct top_stream *stream, uint64_t budget_ns);

// Up to now, before a tick is read out; and after it.
void top_stream_settle(struct top_stream *stream);
void top_stream_next_tick(struct top_stream *stream);

uint64_t top_stream_dropped(const struct top_stream *stream);

#endif
