// The answer of a plugin as a section of `brille report`: findings, texts, tables, and charts as
// drawings with their numbers beside them.
//
// What a plugin says may be text of the target; everything goes through inspector/report/html.h.
// The rules of the page (inspector/report/section.h) hold: amounts are grey, and nothing is drawn
// that cannot be read.
#ifndef BRILLE_INSPECTOR_CMD_PLUGIN_PAGE_H
#define BRILLE_INSPECTOR_CMD_PLUGIN_PAGE_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"
#include "inspector/model/snapshot.h"
#include <stdbool.h>

// Runs the plugins of a list of names and files, separated by commas, with their arguments'
// defaults: on the newest of the heaps, on the oldest and the newest, on the trace (or NULL), as
// each needs. Adds their sections. Without `values` they are not told what objects hold: texts,
// numbers and keys of containers.
struct error *plugin_add_pages(const char *names, struct snapshot *const *snapshots, uint32_t count,
                               const char *trace, bool values, struct strbuf *out);

#endif
