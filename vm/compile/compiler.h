/*
 * What the compiler's files share; nobody else includes it. compile.h is the door.
 *
 * One `struct compiler` compiles one source; it has a stack of `struct unit`, one for each code
 * object under construction. A unit is a list of instructions with symbolic jump targets, written
 * in one walk over the tree, which assemble.c lays out as words.
 *
 *   compile.c        entry, errors, modules
 *   unit.c           opening and closing units, constants, names
 *   emit.c           instructions, labels, temporaries, guarded regions, what is known to be bound
 *   fold.c           constant expressions
 *   dubious.c        warnings about expressions that look like mistakes
 *   compile_expr.c   expressions, to a register or as an operand; conditions as jumps
 *   compile_call.c   calls, displays, f-strings
 *   compile_store.c  names, assignment, deletion
 *   compile_stmt.c   statements, loops, imports
 *   compile_try.c    try, with, and leaving blocks
 *   compile_match.c  match
 *   compile_scope.c  functions, classes, comprehensions
 *   assemble.c       instructions to py_code
 *   disasm.c         py_code to text
 *   verify.c         checks py_code's use of registers
 *
 * Temporaries are a stack: push_temp() takes the next, pop_to() gives back, and an instruction that
 * consumes an operand leaves its register NULL, so at each instruction the registers at and above
 * the depth are NULL. A temporary that is given back must have been consumed or cleared.
 *
 * Everything that is not a Python object lives in the arena. Python objects made on the way are
 * owned by the compiler (own()) and released at its end; code objects take their own references.
 *
 * Errors leave by longjmp (compile_error(), or compile_failed() with an exception pending).
 */
#ifndef BRILLE_VM_COMPILE_COMPILER_H
#define BRILLE_VM_COMPILE_COMPILER_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "vm/front/arena.h"
#include "vm/front/ast.h"
#include "vm/front/parser.h"
#include "vm/front/symtable.h"
#include "vm/object/code.h"
#include "vm/object/object.h"
#include "vm/object/str.h"

enum opcode {
#define OP(name, a, b, c, x, extra, doc) OP_##name,
#include "vm/compile/opcodes.def"
    OP_COUNT
};

/* A V operand: see docs/internals/bytecode.md. */
typedef uint16_t operand_t;
enum {
    OPERAND_CONST = 0x8000,
    OPERAND_CONSUME = 0x4000,
    OPERAND_INDEX = 0x3fff,
    NO_RERAISE = 0xffff,
};

typedef int32_t label_t; /* index in unit.labels */

struct insn {
    uint8_t op, x;
    uint16_t a, b, c;
    label_t target; /* -1: no jump */
    uint32_t far;   /* LOAD_CONST_FAR: the constant. CALL_KW: the constant of the names */
    struct ast_pos pos;
};

/* One stretch of instructions that a handler guards. */
struct guard {
    uint32_t start, end; /* instruction indices */
    label_t target;
    uint16_t depth; /* first register that the handler may use */
    uint16_t level; /* of nesting: deeper ones are searched first */
};

/* A guarded region that is open: it becomes one or more guards. */
struct region {
    uint32_t start;
    label_t target;
    uint16_t depth, level;
    uint16_t suspended; /* > 0: the code being written is not guarded */
};

/* Which locals are certainly bound here. */
struct flow {
    bool reachable; /* false: no way leads here, and everything counts as bound */
    uint64_t *bound;
};

enum block_kind {
    BLOCK_WHILE,
    BLOCK_FOR,          /* reg: the iterator */
    BLOCK_TRY,          /* guarded by handlers; leaving it needs no code */
    BLOCK_FINALLY,      /* leaving it runs `finalbody` */
    BLOCK_HANDLER,      /* in a handler; reg: its depth */
    BLOCK_HANDLER_NAME, /* in `except ... as name` */
    BLOCK_WITH,         /* reg: the bound __exit__ */
    BLOCK_ASYNC_WITH,   /* reg: the bound __aexit__ */
    BLOCK_GROUP,        /* in the body of an except* */
    BLOCK_VALUE,        /* in a finally body on the way of a return; reg: the value */
};

/* What encloses the statement being compiled, inside one unit. */
struct block {
    enum block_kind kind;
    uint16_t reg;
    label_t on_break, on_continue; /* loops */
    struct flow break_flow;        /* what is bound at all breaks so far */
    bool has_break;
    const struct ast_stmts *finalbody;
    struct ast_expr *name; /* BLOCK_HANDLER_NAME: the name as a node */
    struct region *region; /* that this block opened, or NULL */
    struct ast_pos pos;
    struct block *outer;
};

struct unit {
    struct unit *outer;
    struct scope *scope;
    struct ast_name *name;
    struct py_str *qualname;
    uint32_t first_line;

    struct insn *insns;
    uint32_t insn_count, insn_capacity;
    uint32_t *labels; /* instruction index of each label */
    uint32_t label_count, label_capacity;
    struct guard *guards;
    uint32_t guard_count, guard_capacity;
    struct py_object **consts;
    uint32_t const_count, const_capacity;
    uint32_t *const_table; /* hash table of index + 1 */
    uint32_t const_table_size;

    uint16_t local_count;
    uint16_t free_count, cell_count;
    struct symbol **locals;    /* by register */
    struct symbol **frees;     /* by index in the closure */
    uint32_t depth, max_depth; /* temporaries in use */
    uint16_t region_level;
    struct block *block;
    struct flow flow;
    uint64_t *deleted;  /* locals that some statement deletes */
    struct ast_pos pos; /* of the instructions being written */
    struct py_object *doc;
    uint16_t arg_count, posonly_count, kwonly_count;
    bool is_class_body, has_varargs, has_varkw;
};

struct compiler {
    struct arena *arena;
    struct ast_module *module;
    struct py_str *filename;
    int optimize;
    bool print_exprs; /* interactive: expression statements are printed */
    struct unit *u;
    struct ast_pos last_future;  /* of the last valid __future__ import */
    struct ast_name *debug_name; /* __debug__ */
    struct py_str **names;       /* by ast_name.id */
    uint32_t name_capacity;
    struct py_object **owned;
    size_t owned_count, owned_capacity;
    struct syntax_error *err;
    jmp_buf *fail;
};

/* ---- compile.c ------------------------------------------------------------------------------ */

/* A SyntaxError at the node; at the instruction position when pos is NULL. */
void compile_error(struct compiler *c, const struct ast_pos *pos, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
/* An exception is pending (MemoryError mostly). */
void compile_failed(struct compiler *c) __attribute__((noreturn));
/* Takes over a new reference, which lives until the end of the compilation. Fails on NULL. */
struct py_object *own(struct compiler *c, struct py_object *object);

/* Makes room for one more element in an arena array. */
void *grow_array(struct compiler *c, void *at, uint32_t count, uint32_t *capacity, size_t size);

/* ---- unit.c --------------------------------------------------------------------------------- */

void open_unit(struct compiler *c, struct scope *scope, struct ast_name *name, uint32_t first_line);
/* Ends the unit with `return None` if its end can be reached; the code is the compiler's. */
struct py_code *close_unit(struct compiler *c);
uint32_t add_const(struct compiler *c, struct py_object *object); /* borrowed, owned by compiler */
struct py_str *name_object(struct compiler *c, struct ast_name *name); /* interned; borrowed */
uint16_t name_const(struct compiler *c, struct ast_name *name);        /* K operand */
uint16_t mangled_const(struct compiler *c, struct ast_name *name);
/* A constant as an operand: far ones are loaded into a new temporary. */
operand_t const_operand(struct compiler *c, struct py_object *object);
operand_t none_operand(struct compiler *c);
uint16_t const_index16(struct compiler *c, struct py_object *object);
/* Writes a constant into a register. */
void emit_const(struct compiler *c, uint16_t dest, struct py_object *object);

/* ---- emit.c --------------------------------------------------------------------------------- */

struct insn *emit(struct compiler *c, enum opcode op, unsigned x, unsigned a, unsigned b,
                  unsigned cc);
/* D = V op V: drops the consume bits that the destination rule forbids. */
void emit_dest(struct compiler *c, enum opcode op, unsigned x, uint16_t dest, operand_t b,
               operand_t cc);
void emit_move(struct compiler *c, uint16_t dest, operand_t value);
void emit_jump(struct compiler *c, label_t target);
void emit_jump_back(struct compiler *c, label_t target);
void emit_cond(struct compiler *c, enum opcode op, label_t target, operand_t b, operand_t cc,
               bool when);
label_t new_label(struct compiler *c);
void place(struct compiler *c, label_t label);

uint16_t push_temp(struct compiler *c);
void pop_to(struct compiler *c, uint32_t depth);
bool is_temp(const struct compiler *c, uint16_t reg);
/* A window that may begin at `dest` when that is the newest temporary: the caller pushes its
 * registers, and gives them back with pop_to(c, *saved). */
void begin_window(struct compiler *c, uint16_t dest, uint32_t *saved);

struct region *open_region(struct compiler *c, label_t target, uint16_t depth);
void suspend_region(struct compiler *c, struct region *region);
void resume_region(struct compiler *c, struct region *region);
void close_region(struct compiler *c, struct region *region);

bool is_bound(const struct compiler *c, uint16_t reg);
void set_bound(struct compiler *c, uint16_t reg, bool bound);
struct flow flow_save(struct compiler *c);
void flow_set(struct compiler *c, struct flow flow);   /* takes it over */
void flow_merge(struct compiler *c, struct flow flow); /* this point is reached from there too */
void flow_end(struct compiler *c);                     /* nothing gets past here */
void flow_forget_deleted(struct compiler *c);

struct ast_pos set_pos(struct compiler *c, struct ast_pos pos); /* returns the old one */

/* ---- dubious.c ------------------------------------------------------------------------------ */

void warn_compare(struct compiler *c, const struct ast_expr *expr);
void warn_assert(struct compiler *c, const struct ast_stmt *stmt);
void warn_call(struct compiler *c, const struct ast_expr *expr);
void warn_subscript(struct compiler *c, const struct ast_expr *expr);

/* ---- fold.c --------------------------------------------------------------------------------- */

/* The value of a constant expression, owned by the compiler; NULL: not constant. */
struct py_object *fold(struct compiler *c, struct ast_expr *expr);
/* Truth of a constant expression: 1, 0, or -1 when it is not constant. */
int fold_truth(struct compiler *c, struct ast_expr *expr);
struct py_object *fold_elements(struct compiler *c, const struct ast_exprs *elts); /* tuple */
struct py_object *fold_set(struct compiler *c, struct py_object *items); /* frozenset of a tuple */
struct py_object *const_object(struct compiler *c, const struct ast_const *constant);

/* ---- expressions ---------------------------------------------------------------------------- */

/* Evaluates into a register. A temporary `dest` is NULL before; a local keeps its old value until
 * the end, so that an exception on the way leaves it alone. */
void compile_to(struct compiler *c, struct ast_expr *expr, uint16_t dest);
/* Evaluates to an operand: a local in place, a constant, or a new temporary to be consumed. */
operand_t compile_operand(struct compiler *c, struct ast_expr *expr);
/* The register of a local that an operand may name as it stands (checked to be bound), or -1. */
int local_in_place(struct compiler *c, struct ast_expr *expr);
/* Evaluates into a new temporary. */
uint16_t compile_to_temp(struct compiler *c, struct ast_expr *expr);
/* Evaluates for its effects. */
void compile_effect(struct compiler *c, struct ast_expr *expr);
/* Jumps to `target` when the truth of expr is `when`, else falls through. */
void compile_jump(struct compiler *c, struct ast_expr *expr, label_t target, bool when);
/* Waits for an awaitable; x as in GET_AWAITABLE. A consumed temporary must have been given back. */
void compile_await(struct compiler *c, operand_t awaitable, unsigned x, uint16_t dest);
/* The next item of an asynchronous iterator to dest. The label is for the exception that ends the
 * loop; at the loop's end compile_anext_end() writes what it leads to, which clears the iterator
 * and goes on behind. */
label_t compile_anext(struct compiler *c, uint16_t iterator, uint16_t dest);
void compile_anext_end(struct compiler *c, label_t handler, uint16_t iterator);
enum opcode binary_opcode(enum ast_binop op, bool augmented, unsigned *x);

void compile_call(struct compiler *c, struct ast_expr *expr, uint16_t dest);
/* The arguments and the call, for a window whose callable (and NULL) are in place; extra arguments
 * already pushed are counted in `given`. */
void compile_call_rest(struct compiler *c, uint16_t window, unsigned given,
                       const struct ast_exprs *args, const struct ast_keywords *keywords,
                       uint16_t dest);
void compile_display(struct compiler *c, struct ast_expr *expr, uint16_t dest);
void compile_joined(struct compiler *c, struct ast_expr *expr, uint16_t dest);
void compile_formatted(struct compiler *c, struct ast_expr *expr, uint16_t dest);
void compile_slice(struct compiler *c, struct ast_expr *expr, uint16_t dest);

/* ---- names and stores ----------------------------------------------------------------------- */

/* The register of a plain local of a function, or -1 for any other kind of name. */
int local_register(struct compiler *c, struct ast_name *name);
void compile_load_name(struct compiler *c, struct ast_name *name, uint16_t dest);
void compile_store_name(struct compiler *c, struct ast_name *name, operand_t value);
void compile_delete_name(struct compiler *c, struct ast_name *name);
/* Emits CHECK_BOUND unless the local is certainly bound. */
void check_bound(struct compiler *c, uint16_t reg, struct ast_name *name);
/* Stores an operand into a target; a consumed temporary is consumed. */
void compile_store(struct compiler *c, struct ast_expr *target, operand_t value);
void compile_delete(struct compiler *c, struct ast_expr *target);
void compile_assign(struct compiler *c, struct ast_stmt *stmt);
void compile_augassign(struct compiler *c, struct ast_stmt *stmt);
void compile_annassign(struct compiler *c, struct ast_stmt *stmt);

/* ---- statements ----------------------------------------------------------------------------- */

void compile_stmts(struct compiler *c, const struct ast_stmts *list);
void compile_body(struct compiler *c, const struct ast_stmts *list); /* without the docstring */
void compile_try(struct compiler *c, struct ast_stmt *stmt);
void compile_with(struct compiler *c, struct ast_stmt *stmt);
void compile_return(struct compiler *c, struct ast_stmt *stmt);
void compile_break(struct compiler *c, struct ast_stmt *stmt);
void compile_match(struct compiler *c, struct ast_stmt *stmt);
void push_block(struct compiler *c, struct block *block, enum block_kind kind);
void pop_block(struct compiler *c);

/* ---- scopes --------------------------------------------------------------------------------- */

void compile_function(struct compiler *c, struct ast_stmt *stmt);
void compile_class(struct compiler *c, struct ast_stmt *stmt);
void compile_lambda(struct compiler *c, struct ast_expr *expr, uint16_t dest);
void compile_comprehension(struct compiler *c, struct ast_expr *expr, uint16_t dest);
/* An annotation's value, or its source text under `from __future__ import annotations`. */
void compile_annotation(struct compiler *c, struct ast_expr *expr, uint16_t dest);
/* __annotations__ exists from the start when the body annotates anything. */
void compile_setup_annotations(struct compiler *c, const struct ast_stmts *body);

/* ---- assemble.c ----------------------------------------------------------------------------- */

struct py_code *assemble(struct compiler *c); /* of the innermost unit; the compiler owns it */

#endif
