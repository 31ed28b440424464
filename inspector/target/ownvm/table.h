// The introspection table of an interpreter: found, read and checked.
//
// Where it is comes from the executable's section table, what it says from the process's memory,
// because the addresses in it are relocated. Everything that the walk later relies on is checked
// here once: magic, version, length, the mark at the end, that each offset lies inside the
// structure it belongs to, and that structures, pools and blocks have sizes in named bounds.
// After that an offset from the table is as good as a constant; an address from it is still only a
// number that may point nowhere.
#ifndef BRILLE_INSPECTOR_TARGET_OWNVM_TABLE_H
#define BRILLE_INSPECTOR_TARGET_OWNVM_TABLE_H

#include "inspector/base/error.h"
#include "inspector/proc/maps.h"
#include "inspector/proc/mem_source.h"
#include "tracer/abi/introspect.h"
#include <stdint.h>
#include <sys/types.h>

enum {
    TABLE_STRUCT_MAX = 8 * 1024, // no structure of the interpreter is larger
};

struct vm_table {
    struct introspect rows;
    uint64_t address; // of the table itself
};

// UNSUPPORTED when the program has no table, VERSION when this build does not know it, FORMAT when
// it contradicts itself.
struct error *vm_table_read(pid_t pid, const struct maps *maps, struct mem_source *mem,
                            struct vm_table *ret);

// The same of a process that runs, whose mappings are read first.
struct error *vm_table_read_live(pid_t pid, struct mem_source *mem, struct vm_table *ret);

// Checks a table that was read (for tests and fuzzers).
struct error *vm_table_check(const struct introspect *rows);
// Its head alone.
struct error *vm_table_check_version(const struct introspect *rows);

#endif
