// The target for stock CPython: what its parts share. Not for others.
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_CPYTHON_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_CPYTHON_H
#include "inspector/target/cpython/runtime.h"
#include "inspector/target/target.h"
bool cpython_probe(pid_t pid, struct target_process *process);
#endif
