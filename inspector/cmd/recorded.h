// What `record` and `run` share: names of trace files, and the report about one.
#ifndef BRILLE_INSPECTOR_CMD_RECORDED_H
#define BRILLE_INSPECTOR_CMD_RECORDED_H

#include "inspector/cmd/verb.h"
#include "inspector/trace/tally.h"

// "brille-app-061407.trace": a second recording does not overwrite the first.
void recorded_default_name(const char *what, struct strbuf *out);

// The answer of `record`: sentence, table of events by kind, and what is missing.
struct error *recorded_answer(struct verb *verb, const struct trace_tally *tally, const char *path);

// The same in one line, for stderr.
void recorded_add_line(const struct trace_tally *tally, const char *path, struct strbuf *out);

#endif
