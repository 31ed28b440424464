// brille plugin test, lint, new, doc, reference: for those who write plugins.
#ifndef BRILLE_INSPECTOR_CMD_PLUGIN_AUTHOR_H
#define BRILLE_INSPECTOR_CMD_PLUGIN_AUTHOR_H

#include "inspector/cmd/verb.h"

struct error *plugin_test(struct verb *verb);
struct error *plugin_lint(struct verb *verb);
struct error *plugin_new(struct verb *verb);
struct error *plugin_doc(struct verb *verb);
struct error *plugin_reference(struct verb *verb);

// The declarations for editors, as `reference --meta` prints them.
void plugin_add_meta(struct strbuf *out);

#endif
