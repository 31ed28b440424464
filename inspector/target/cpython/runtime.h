// Finding the interpreter in a process: where its `_PyRuntime` is, which version, which layout.
//
//     maps -> files with code, the program first -> `_PyRuntime`     .dynsym, .symtab, section
//                                                                    .PyRuntime, or, if the file is
//                                                                    out of reach, PT_DYNAMIC in
//                                                                    memory
//          -> `Py_Version` (3.11 on), or each table in turn -> check.h: does it fit?
//          -> sys.hexversion, sys.abiflags
//
// It reads the live process, stops nothing and takes about a millisecond: `brille ps` asks every
// process. What a file has is remembered by device and inode, for files are shared by processes.
//
// What is recognised and refused, each in one line that says what was found: free-threaded builds,
// debug builds, versions newer or older than the tables, a Python whose symbols are gone, an
// interpreter that is just starting or has been finalized.
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_RUNTIME_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_RUNTIME_H

#include "inspector/base/error.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/mem_source.h"
#include "inspector/target/cpython/layout.h"
#include "inspector/target/cpython/reader.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cpy_runtime {
    uint64_t address; // of _PyRuntime
    struct cpy_layout layout;
    unsigned minor, micro;
    char version[32];          // "3.11.2", "3.13.0rc1"
    char path[256];            // of the file that has it, cut
    uint64_t file_begin;       // address of the file's first mapping
    uint64_t interp;           // the main interpreter
    uint64_t type_type;        // address of `type`
    uint64_t sysdict, modules; // of the main interpreter
};

// NOT_FOUND: no CPython. VERSION, UNSUPPORTED: one that cannot be read; `ret` has its version and
// path as far as they are known, the rest is not usable.
struct error *cpy_runtime_find(pid_t pid, const struct maps *maps, struct mem_source *mem,
                               struct cpy_runtime *ret);

// Whether the runtime found in the running process is there in this image of it too, and whole:
// more is checked than can be in a process that runs. An exec in between is GONE.
struct error *cpy_runtime_verify(struct cpy_runtime *runtime, struct cpy_reader *reader);

#endif
