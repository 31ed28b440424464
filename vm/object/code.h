/* Code objects: what the compiler makes of one function, class body or module.
 *
 * words is the register bytecode (docs/internals/bytecode.md); it is writable, because the loop
 * rewrites opcodes in place and keeps inline caches behind them. Everything else never changes.
 */
#ifndef BRILLE_VM_OBJECT_CODE_H
#define BRILLE_VM_OBJECT_CODE_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_tuple;
struct py_str;

#define PY_CODE_OPTIMIZED           0x0001u /* fast locals (functions) */
#define PY_CODE_NEWLOCALS           0x0002u
#define PY_CODE_VARARGS             0x0004u
#define PY_CODE_VARKEYWORDS         0x0008u
#define PY_CODE_NESTED              0x0010u
#define PY_CODE_GENERATOR           0x0020u
#define PY_CODE_COROUTINE           0x0080u
#define PY_CODE_ITERABLE_COROUTINE  0x0100u /* types.coroutine: a generator that can be awaited */
#define PY_CODE_ASYNC_GEN           0x0200u
#define PY_CODE_TRACED              0x20000u   /* of the file that the filter of events names */
#define PY_CODE_ANNOTATIONS_AS_TEXT 0x1000000u /* from __future__ import annotations */
#define PY_CODE_SIMPLE_ARGS                                              \
    0x10000u /* ours: positional parameters only, no *args, **kw, kwonly \
              */

struct py_line_entry { /* sorted by start; valid up to the next entry's start */
    uint32_t start;    /* word offset */
    int32_t line;      /* 0: no line */
    int32_t end_line;
    uint16_t col, end_col; /* bytes, 0xFFFF: unknown */
};

struct py_handler { /* words [start, end) are guarded; inner handlers stand before outer ones */
    uint32_t start, end, target;
    uint16_t depth; /* temporaries from this register on are cleared; the exception goes there */
    uint16_t reserved;
};

struct py_code {
    struct py_object base;
    uint64_t *words; /* RAW */
    uint32_t word_count;
    uint32_t const_count;
    struct py_object **consts; /* owned array of owned references; operands ~k index it */
    uint16_t reg_count;        /* registers of a frame */
    uint16_t local_count;      /* named locals, cells included; arguments first */
    uint16_t arg_count;        /* positional parameters, positional-only included */
    uint16_t posonly_count, kwonly_count;
    uint16_t free_count, cell_count;
    uint32_t flags; /* PY_CODE_* */
    int32_t first_line;
    uint32_t line_count, handler_count;
    struct py_line_entry *lines; /* RAW */
    struct py_handler *handlers; /* RAW */
    struct py_tuple *varnames;   /* str: names of registers 0..local_count-1 */
    struct py_tuple *cellvars, *freevars;
    uint16_t *cell_registers; /* RAW: register of each cell variable */
    struct py_str *name, *qualname, *filename;
    struct py_object *doc_source; /* docstring const or NULL (borrowed from consts) */
    struct py_object *weaklist;
    uint32_t trace_id;   /* id in the stream's definitions; 0: not announced */
    uint32_t call_count; /* for quickening */
};
extern struct py_type py_code_type;

/* All zero but the header; the compiler fills it. */
struct py_code *py_code_new(void);
/* Line of a word offset; 0 if unknown. Never fails. */
int py_code_line(const struct py_code *code, uint32_t offset);
const struct py_line_entry *py_code_position(const struct py_code *code, uint32_t offset);
/* The method replace (code_replace.c). */
struct py_object *py_code_replace(struct py_object *self, struct py_object *const *args,
                                  size_t nargs, struct py_tuple *kwnames);

#endif
