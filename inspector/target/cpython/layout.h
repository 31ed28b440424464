// Where things are in the memory of a CPython: one table for each minor version.
//
// A release build of one minor version has the same structures whoever built it, so a table taken
// from one build's debug information serves all of them; the few structures that change between
// patch releases are checked in every process before they are trusted (check.h), and from 3.13 on
// the interpreter itself says where some of them are (runtime.c).
//
// Adding a version: docs/howto/add_cpython.md.
#ifndef BRILLE_INSPECTOR_TARGET_CPYTHON_LAYOUT_H
#define BRILLE_INSPECTOR_TARGET_CPYTHON_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_NONE UINT32_MAX // this version has no such field

struct cpy_layout {
    unsigned minor; // of 3.x
#define FIELD(name) uint32_t name;
#include "inspector/target/cpython/layout/fields.def"
#undef FIELD
};

enum {
    CPY_MINOR_OLDEST = 8,
    CPY_MINOR_NEWEST = 13,
};

// NULL for a version without a table.
const struct cpy_layout *cpy_layout_of(unsigned minor);

static inline bool layout_has(uint32_t offset)
{
    return offset != LAYOUT_NONE;
}

// What tp_traverse of a C type visits and what else its objects own, by name and size.
struct cpy_ctype {
    const char *name; // tp_name
    uint32_t basicsize;
    bool whole;         // its objects refer to nothing else
    const char *fields; // "T16:func O24:args": class, offset, name
};

// NULL when nothing is known of the type.
const struct cpy_ctype *cpy_ctype_find(unsigned minor, const char *name, uint64_t basicsize);

// ---- what is the same in all versions ----

enum {
    GC_HEAD_BYTES = 16,    // before an object of a type with TYPE_GC
    GC_NEXT = -16,         // tracked if not 0; the low bits are flags
    GC_LINK_MASK_BITS = 3, // of them
    OBJECT_REFCNT = 0,     // 8 bytes; 4 of them count from 3.12 on
    OBJECT_TYPE = 8,
    OBJECT_SIZE = 16,     // ob_size of those that have one
    MANAGED_DICT = -24,   // before objects of a type with TYPE_MANAGED_DICT, 3.11 on
    MANAGED_VALUES = -32, // 3.11 alone
    PREHEADER_BYTES = 16, // those two words
};

// Structures that are copied whole: no version's is longer.
enum { TSTATE_BYTES = 512, IFRAME_BYTES = 512 };

enum cpy_type_flag {
    TYPE_STATIC_BUILTIN = 1 << 1,  // 3.12 on: tp_dict and tp_subclasses are in the interpreter
    TYPE_INLINE_VALUES = 1 << 2,   // 3.13 on
    TYPE_MANAGED_WEAKREF = 1 << 3, // 3.12 on
    TYPE_MANAGED_DICT = 1 << 4,    // 3.11 on
    TYPE_HEAP = 1 << 9,
    TYPE_READY = 1 << 12,
    TYPE_GC = 1 << 14,
    TYPE_IS_INT = 1 << 24,
    TYPE_IS_LIST = 1 << 25,
    TYPE_IS_TUPLE = 1 << 26,
    TYPE_IS_BYTES = 1 << 27,
    TYPE_IS_STR = 1 << 28,
    TYPE_IS_DICT = 1 << 29,
    TYPE_IS_EXCEPTION = 1 << 30,
};
#define TYPE_IS_TYPE (1u << 31)

#endif
