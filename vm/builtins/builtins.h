/* The builtins module: what every program sees without importing anything. */
#ifndef BRILLE_VM_BUILTINS_BUILTINS_H
#define BRILLE_VM_BUILTINS_BUILTINS_H

#include "vm/object/object.h"

/* Makes py_runtime.modules, the modules builtins and sys, and the standard streams. Called once,
 * when the types are ready. */
int py_builtins_init(void);

#endif
