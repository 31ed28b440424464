// What a plugin has put out, as text and as JSON: the same tables that verbs print.
#ifndef BRILLE_INSPECTOR_CMD_PLUGIN_ANSWER_H
#define BRILLE_INSPECTOR_CMD_PLUGIN_ANSWER_H

#include "inspector/cmd/verb.h"
#include "inspector/lua/run.h"

struct error *plugin_answer_text(struct verb *verb, const struct run_output *output);

// Into an open object: plugin, complete, tables, charts, findings, texts.
struct error *plugin_answer_json(const struct plugin *plugin, const struct run_output *output,
                                 struct json *json);

// Bars or lines in characters; `width` of 0 is no terminal.
void plugin_add_chart(const struct run_chart *chart, size_t width, struct strbuf *out);

#endif
