/*
 * A check of the compiler's promises about registers, by running the code abstractly: each
 * instruction is looked at with the state of every register in front of it.
 *
 *  - an operand in place is certainly there, a consumed one is a temporary that is there;
 *  - behind the arguments of a call, and at a return, all temporaries are NULL;
 *  - a handler finds the temporaries below its depth as its code expects them.
 *
 * The checked build runs it on every code object; a test runs it over whole libraries.
 */
#ifndef BRILLE_VM_COMPILE_VERIFY_H
#define BRILLE_VM_COMPILE_VERIFY_H

#include "vm/object/code.h"

/* NULL when all is well; else a message with the word offset, in a static buffer. */
const char *py_code_verify(const struct py_code *code);

#endif
