// Does a layout fit a process? Asked before anything that a table says is believed.
//
// Structures that a table describes are looked for in places where they must be: the interpreter
// that the runtime lists, its sys.__dict__, the types of well-known objects, their sizes, the
// version that sys itself names. A table of another version, or a runtime that only looks like one,
// fails at the first or second of these.
//
//     light  works on a running process: what it reads changes rarely
//     full   only on a frozen image: the collector's lists as well
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_CHECK_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_CHECK_H

#include "inspector/base/error.h"
#include "inspector/target/cpython/reader.h"
#include "inspector/target/cpython/runtime.h"

// FORMAT, and why.
struct error *cpy_does_not_fit(const struct cpy_runtime *runtime, const char *why);

// runtime->address and layout are looked at; version, interp, type_type, sysdict and modules are
// filled in. FORMAT when the table does not fit; UNSUPPORTED when it does, but the build is one
// that cannot be read (debug), or the interpreter is not running.
struct error *cpy_check(struct cpy_runtime *runtime, struct cpy_reader *reader, bool full);

#endif
