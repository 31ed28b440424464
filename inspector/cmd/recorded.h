// What `record` and `run` share: the report about a trace.
#ifndef BRILLE_INSPECTOR_CMD_RECORDED_H
#define BRILLE_INSPECTOR_CMD_RECORDED_H

#include "inspector/cmd/verb.h"
#include "inspector/trace/tally.h"

#define RECORDED_BASELINE_NS 10000000000ull // the default of --baseline

// The answer of `record`: sentence, table of events by kind, and what is missing.
struct error *recorded_answer(struct verb *verb, const struct trace_tally *tally, const char *path);

// The same in one line, for stderr.
void recorded_add_line(const struct trace_tally *tally, const char *path, struct strbuf *out);

#endif
