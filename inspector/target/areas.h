// The address space of a captured process as rows of its snapshot: what each part is for, and how
// much of it is in memory. The same for every target; nothing in it knows Python.
#ifndef BRILLE_INSPECTOR_TARGET_AREAS_H
#define BRILLE_INSPECTOR_TARGET_AREAS_H

#include "inspector/capture/capture.h"
#include "inspector/model/builder.h"

// Adds no rows when nobody knows what is in memory: a core file, or a kernel without smaps. What
// fails shows in the builder.
void target_add_areas(const struct capture *capture, struct snapshot_builder *builder);

#endif
