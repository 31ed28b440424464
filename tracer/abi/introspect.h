/* The introspection table: how an interpreter describes its own structures to a reader.
 *
 * The interpreter has one struct introspect in the ELF section INTROSPECT_SECTION. A reader finds
 * the section in the executable's file (also when it is stripped), computes where it is mapped, and
 * reads the table from the process's memory, where addresses are relocated. Then it checks, in
 * this order: magic, abi_major, size (at least its own), row_count (at least its own), tail.
 *
 * A later minor version may append rows: it has a larger size and row_count, and the old rows
 * where they were; `tail` then lies behind them, at offset size - 8.
 */
#ifndef BRILLE_TRACER_ABI_INTROSPECT_H
#define BRILLE_TRACER_ABI_INTROSPECT_H

#include <stdint.h>

#define INTROSPECT_SECTION   ".brille.introspect"
#define INTROSPECT_MAGIC     "BRILLE-VM-TABLE" /* 16 bytes with the NUL */
#define INTROSPECT_ABI_MAJOR 1
#define INTROSPECT_ABI_MINOR 0
#define INTROSPECT_TAIL      0x4c494154454c5242ull

struct introspect {
    char magic[16];
    uint32_t abi_major;
    uint32_t abi_minor;
    uint32_t size;      /* sizeof(struct introspect) of the interpreter */
    uint32_t row_count; /* rows of introspect.def it was built with */
    char runtime[16];   /* "brille" */
    char version[16];   /* of the Python language and library: "3.11.2" */
    char build[32];     /* of the interpreter, free text */
#define ROW(name, expression) uint64_t name;
#include "tracer/abi/introspect.def"
    uint64_t tail;
};

enum {
    INTROSPECT_ROWS = 0
#define ROW(name, expression) +1
#include "tracer/abi/introspect.def"
};

#endif
