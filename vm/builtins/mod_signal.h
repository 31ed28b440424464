/* What the files of the module _signal share. */
#ifndef BRILLE_VM_BUILTINS_MOD_SIGNAL_H
#define BRILLE_VM_BUILTINS_MOD_SIGNAL_H

#include <signal.h>

#include "vm/object/type.h"

enum { SIGNAL_COUNT = 65 };

/* A set from an iterable of numbers. -1: TypeError, or ValueError for what is no signal. */
int signal_set_from(struct py_object *iterable, sigset_t *out);
/* The set as Python's. New. */
struct py_object *signal_set_of(const sigset_t *set);

extern struct py_type py_siginfo_type; /* static_types.def */
extern const struct py_method_def signal_wait_functions[];

#endif
