/* From source text to a code object: parser, symbol table, compiler and assembler in one call. */
#ifndef BRILLE_VM_COMPILE_COMPILE_H
#define BRILLE_VM_COMPILE_COMPILE_H

#include "vm/object/code.h"
#include "vm/object/object.h"
#include "vm/object/str.h"

enum py_compile_mode { PY_COMPILE_EXEC, PY_COMPILE_EVAL, PY_COMPILE_SINGLE };

struct py_compile_how {
    enum py_compile_mode mode;
    int optimize; /* 0 keeps asserts, 1 drops them, 2 drops docstrings too */
    bool is_text; /* the source was decoded before: what it says of its encoding does not count */
    bool annotations_as_text; /* as if the source began with from __future__ import annotations */
    bool typed; /* at a prompt, so far: a source that lacks its end, or ends in a block without an
                 * empty line, is a SyntaxError "incomplete input" */
};

/* source: len bytes of UTF-8 (or of what an encoding cookie says), need not be terminated. On
 * failure a SyntaxError (or a subclass, with filename, lineno, offset, text, end positions) is
 * pending. New reference. */
struct py_code *py_compile_source(const char *source, size_t len, struct py_str *filename,
                                  const struct py_compile_how *how);

/* The same for a tree of the module ast, flattened by builtins/_frozen_tree.py. New reference. */
struct py_code *py_compile_tree(struct py_object *nodes, struct py_str *filename,
                                const struct py_compile_how *how);

/* Prints the bytecode of code (and of nested functions when deep) for people. */
struct py_str *py_disassemble(struct py_code *code, bool deep);

/* What ast.dump(ast.parse(source), include_attributes=True) would say: malloc'd, an expression over
 * the names of the module _ast. NULL: SyntaxError. */
char *py_dump_syntax_tree(const char *source, size_t len, struct py_str *filename,
                          const struct py_compile_how *how, size_t *dump_len);

#endif
