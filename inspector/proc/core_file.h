// An ELF core file: the memory, mappings and registers of a process that is no more.
//
//     PT_LOAD segments   memory, at the addresses it had. The kernel leaves out what it believes
//     can be
//                        found elsewhere: the text of mapped files has a segment without bytes.
//     NT_FILE note       which file was mapped where: fills those gaps, if the file is still the
//     same
//                        (its first page agrees with the one in the core).
//     NT_AUXV note       where the program began to run: which of the files is the program
//     NT_PRSTATUS notes  one per thread: id and registers
//     NT_PRPSINFO note   process id and name
//
// Reads cores of the kernel and of gcore, x86-64. A core that was cut short opens, with a memory
// that ends where the file ends: half a heap is better than none, and the reader of the heap says
// what is missing. Everything in the file is hostile: counts are limited, offsets are checked when
// they are used.
#ifndef BRILLE_INSPECTOR_PROC_CORE_FILE_H
#define BRILLE_INSPECTOR_PROC_CORE_FILE_H

#include "inspector/base/error.h"
#include "inspector/base/vec.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/mem_source.h"
#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

struct core_thread {
    pid_t tid;
    struct user_regs_struct registers;
};

VEC_DEFINE(core_thread_vec, struct core_thread);

// Where the files are that were mapped, when they are not where they were.
struct core_options {
    const char *exe;     // the program, NULL: by its path
    const char *sysroot; // a folder with a copy of the machine's files, NULL: none
};

struct core_file {
    pid_t pid;
    char name[17];
    bool cut_short; // the file is shorter than its headers say
    struct maps maps;
    struct core_thread_vec threads; // in the file's order: the thread that died first
    struct mem_source *mem;
    const char *missing; // the first file with code that cannot be opened or is another; or NULL
};

// Whether this is a core file at all; no error, whatever it is.
bool core_file_probe(const char *path);

// `options` may be NULL. An exe that is not the program of this core is an error. Each file that
// was mapped keeps a descriptor: that there are none left is an error, too.
struct error *core_file_open(const char *path, const struct core_options *options,
                             struct core_file *ret);
void core_file_close(struct core_file *core);

#endif
