// Symbols of a loaded ELF file from the process's memory alone.
//
// What the dynamic linker needs stays in memory for as long as the file is mapped: program headers,
// the dynamic section, the table of exported symbols with its strings and hash. So a symbol that a
// file exports can be found when the file itself is out of reach: deleted or replaced, in a
// container, or with its section headers stripped. Symbols that are not exported cannot.
//
//     first mapping -> ELF header -> program headers -> PT_DYNAMIC
//                   -> DT_SYMTAB, DT_STRTAB, and the number of symbols from DT_GNU_HASH or DT_HASH
//
// The program headers also say where a file's data end: what is mapped behind them without a file
// is .bss up to there, and anything else beyond.
//
// The memory is hostile: counts are limited, offsets checked by reading.
#ifndef BRILLE_INSPECTOR_PROC_ELF_DYNAMIC_H
#define BRILLE_INSPECTOR_PROC_ELF_DYNAMIC_H

#include "inspector/base/error.h"
#include "inspector/base/remote_ptr.h"
#include "inspector/proc/mem_source.h"
#include <stdint.h>

// `base` is where the file's first page is mapped. NOT_FOUND when there is no such symbol.
struct error *elf_dynamic_symbol(struct mem_source *mem, struct remote_ptr base, const char *name,
                                 struct remote_ptr *ret);

// Where the last loaded segment ends, zeros included; 0 when the headers cannot be read.
uint64_t elf_dynamic_end(struct mem_source *mem, struct remote_ptr base);

#endif
