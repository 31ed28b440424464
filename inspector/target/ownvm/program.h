// Whether a program file is a brille-python that this brille understands: what `brille run` asks
// before it starts one, so that a program does not run for hours into an empty trace.
#ifndef BRILLE_INSPECTOR_TARGET_OWNVM_PROGRAM_H
#define BRILLE_INSPECTOR_TARGET_OWNVM_PROGRAM_H

#include "inspector/base/error.h"

// UNSUPPORTED when it is another program, VERSION when it is a brille-python of another version. A
// file that is not ELF (a script that starts one) passes: it shows when it runs.
struct error *ownvm_check_program(const char *path);

#endif
