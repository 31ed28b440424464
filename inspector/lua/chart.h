// What charts are made of, for those who draw them: in characters and in the report.
#ifndef BRILLE_INSPECTOR_LUA_CHART_H
#define BRILLE_INSPECTOR_LUA_CHART_H

#include "inspector/base/strbuf.h"
#include "inspector/lua/run.h"

// A coordinate as people read it: "12.5 MiB", "3.1 %".
void chart_add_value(const struct value *value, const char *unit, struct strbuf *out);

// The largest distance of a point from 0.
double chart_largest(const struct run_series *series);

#endif
