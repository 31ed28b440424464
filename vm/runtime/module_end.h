/* The end of the modules. */
#ifndef BRILLE_VM_RUNTIME_MODULE_END_H
#define BRILLE_VM_RUNTIME_MODULE_END_H

/* Lets go of the program's modules and of what dies with them. Nothing is imported from files any
 * more (py_runtime.finalizing). Exceptions are shown, none is pending afterwards. */
void py_modules_end(void);

#endif
