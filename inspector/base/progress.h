// What brille says beside its answer: progress, hints, warnings. All of it on stderr.
//
// Progress and hints are for a person who is watching: they appear only when stderr is a terminal.
// Progress is one line (what, how much, the share, and after a second the time that is left),
// redrawn at most ten times a second, not shown at all for work that takes less than 300 ms, and
// wiped before anything else is printed. Warnings change what the answer means
// ("numbers are low"), so they are printed always.
//
// Not for threads: one piece of work at a time shows progress.
#ifndef BRILLE_INSPECTOR_BASE_PROGRESS_H
#define BRILLE_INSPECTOR_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what; // "reading", "resolving references"
    const char *unit; // "objects"; NULL for bytes
    uint64_t total;   // 0 when nobody knows
    uint64_t begin_ns;
    uint64_t drawn_ns; // 0 while nothing is on the screen
    bool enabled;
};

void progress_begin(struct progress *progress, const char *what, const char *unit, uint64_t total);
void progress_update(struct progress *progress, uint64_t done); // cheap: call every few thousand
void progress_end(struct progress *progress);                   // wipes the line
// How long the rest will take if it goes on like this, in whole seconds; 0 when nobody can say.
uint64_t progress_left_ns(const struct progress *progress, uint64_t done, uint64_t now_ns);

void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
// "next: brille leaks 48213": kept, and shown behind the answer when that has been written.
void log_next(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_next_show(void);
// One line for developers, printed when BRILLE_DEBUG is set in the environment.
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
