// A file for a while, for a recording that a command makes only to read it.
#ifndef BRILLE_INSPECTOR_BASE_SCRATCH_H
#define BRILLE_INSPECTOR_BASE_SCRATCH_H

#include "inspector/base/error.h"

#include <limits.h>

// Makes an empty "FOLDER/brille-STEM-XXXXXX", FOLDER being $TMPDIR or /tmp, that only the user may
// read, and says its path. The caller unlinks it; where it could not be made the path is "".
struct error *scratch_file(const char *stem, char path[PATH_MAX]);

#endif
