// Files that a verb writes: their names when nobody gave one, and whether they can be written,
// asked before a target is touched.
#ifndef BRILLE_INSPECTOR_CMD_OUTPUT_H
#define BRILLE_INSPECTOR_CMD_OUTPUT_H

#include "inspector/base/error.h"
#include "inspector/base/strbuf.h"

// Not there yet, or a regular file that may be overwritten, in a folder that can be written to.
// What is there stays as it is.
struct error *output_check(const char *path);

// "brille-48213-061407.heap": what was looked at and when, so that a second file does not overwrite
// the first. Of a path, the name without folder and extension counts.
void output_add_name(const char *what, const char *extension, struct strbuf *out);

#endif
