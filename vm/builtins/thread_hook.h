/* What a thread does whose function raised: _thread._excepthook, and its argument's type. */
#ifndef BRILLE_VM_BUILTINS_THREAD_HOOK_H
#define BRILLE_VM_BUILTINS_THREAD_HOOK_H

#include "vm/object/module.h"

/* Adds both to the module _thread. 0, or -1 with an exception. */
int py_thread_add_hook(struct py_module *m);

#endif
