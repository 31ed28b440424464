// The event classes by their names on the command line: `-e alloc,refcount,gc,gil`, `-e all`.
#ifndef BRILLE_INSPECTOR_TRACE_CLASSES_H
#define BRILLE_INSPECTOR_TRACE_CLASSES_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include <stdint.h>

// Bits of enum trace_class. USAGE names the word that is none.
struct error *trace_classes_parse(const char *text, uint32_t *ret);
void trace_classes_add(uint32_t classes, struct strbuf *out); // "alloc,gc", "none"

// "block", "drop" or "overwrite" -> enum trace_policy.
struct error *trace_policy_parse(const char *text, uint32_t *ret);

// The class an event is counted under: its name, or "" for those that belong to all.
const char *trace_event_class(unsigned kind);

#endif
