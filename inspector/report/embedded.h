// The style sheet and the script of the page, made of report.css and report.js by embed.cmake.
#ifndef BRILLE_INSPECTOR_REPORT_EMBEDDED_H
#define BRILLE_INSPECTOR_REPORT_EMBEDDED_H

#include <stddef.h>

extern const char report_css[], report_js[];
extern const size_t report_css_bytes, report_js_bytes;

#endif
