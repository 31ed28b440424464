/* The sys module. */
#ifndef BRILLE_VM_BUILTINS_MOD_SYS_H
#define BRILLE_VM_BUILTINS_MOD_SYS_H

#include "vm/object/module.h"

/* Makes the module, sys.modules (py_runtime.modules) and py_runtime.sys_dict; once, at start,
 * before any other module. stdin, stdout and stderr are added by whoever makes files. */
struct py_module *py_mod_sys_init(void);

#endif
