// See chart.h.
#include "inspector/lua/chart.h"

#include "inspector/base/format.h"

#include <math.h>
#include <string.h>

void chart_add_value(const struct value *v, const char *unit, struct strbuf *out)
{
    if (v->kind == VALUE_TEXT)
        strbuf_add(out, v->text);
    else if (v->kind == VALUE_INTEGER && v->integer >= 0 && strcmp(unit, "bytes") == 0)
        strbuf_add(out, format_bytes((uint64_t)v->integer).text);
    else if (v->kind == VALUE_INTEGER && v->integer >= 0 &&
             (strcmp(unit, "ns") == 0 || strcmp(unit, "time") == 0))
        strbuf_add(out, format_time_ns((uint64_t)v->integer).text);
    else if (v->kind == VALUE_REAL && strcmp(unit, "ratio") == 0)
        strbuf_addf(out, "%.1f %%", v->real * 100);
    else if (v->kind == VALUE_INTEGER)
        strbuf_addf(out, "%lld", (long long)v->integer);
    else
        strbuf_addf(out, "%.4g", v->real);
}

double chart_largest(const struct run_series *series)
{
    double most = 0;
    for (size_t p = 1; p < series->points.count; p += 2) {
        const double y = fabs(value_as_real(&series->points.items[p]));
        most = y > most ? y : most;
    }
    return most;
}
