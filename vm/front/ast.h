/*
 * The abstract syntax tree of Python 3.11: what the parser makes, the symbol table annotates and
 * the compiler consumes. The shapes follow the `ast` module of Python 3.11 node for node (also
 * match, async and except*), so that `ast_dump` can be compared with `ast.dump` of a CPython.
 *
 * - Every node lives in the arena it was parsed into and dies with it; nothing is freed alone.
 * - Three node families, each a struct with a kind, a position and a union: expressions, statements
 *   and match patterns. The union member has the name of the kind in lower case.
 * - Lists are a pointer and a count (`struct ast_exprs` ...); an empty list may have a NULL
 * pointer.
 * - An optional child that is absent is NULL.
 * - Identifiers are interned per arena (`struct ast_name`): pointer equality is name equality. They
 *   are NFKC-normalised, but not mangled: `__x` in a class stays `__x` here (symtable_mangle()).
 * - Contexts (Load, Store, Del) are kept on the nodes that have them in `ast`, as `ctx`.
 * - Nodes that open a scope (module, def, class, lambda, comprehensions) carry a `scope` pointer,
 *   NULL until symtable_build() fills it in.
 * - Parentheses leave no trace, except `paren` on expressions, which the parser needs for errors.
 *
 * Nothing here knows the object model: constants are plain C data (`struct ast_const`).
 */
#ifndef BRILLE_VM_FRONT_AST_H
#define BRILLE_VM_FRONT_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/front/arena.h"

struct ast_expr;
struct ast_stmt;
struct ast_pattern;
struct scope; /* vm/front/symtable.h */

/*
 * Where a node stands in the source. Lines count from 1; columns count UTF-8 bytes from 0, and
 * end_col is one past the last byte: exactly the attributes of the `ast` module.
 */
struct ast_pos {
    uint32_t line, col;
    uint32_t end_line, end_col;
};

/* An interned identifier, or a dotted name in an import. */
struct ast_name {
    const char *text; /* UTF-8, NUL-terminated */
    uint32_t len;
    uint32_t hash;
    uint32_t id; /* dense, in the order of first appearance; the 35 keywords come first */
    struct ast_name *next_in_bucket;
};

struct ast_names {
    struct ast_name **at;
    size_t count;
};

struct ast_exprs {
    struct ast_expr **at;
    size_t count;
};

struct ast_stmts {
    struct ast_stmt **at;
    size_t count;
};

/* ---- constants ------------------------------------------------------------------------------ */

enum ast_const_kind {
    AST_CONST_NONE,
    AST_CONST_TRUE,
    AST_CONST_FALSE,
    AST_CONST_ELLIPSIS,
    AST_CONST_INT,
    AST_CONST_FLOAT,
    AST_CONST_COMPLEX, /* a pure imaginary: 3j */
    AST_CONST_STR,
    AST_CONST_BYTES,
};

struct ast_const {
    enum ast_const_kind kind;
    union {
        struct {
            int64_t value;      /* meaningful when fits_i64; never negative */
            const char *digits; /* without prefix and underscores, NUL-terminated */
            uint32_t digit_count;
            uint8_t base; /* 2, 8, 10 or 16 */
            bool fits_i64;
        } integer;
        double real; /* AST_CONST_FLOAT */
        double imag; /* AST_CONST_COMPLEX */
        struct {
            const char *text; /* NUL-terminated; may hold NULs. str: UTF-8 in which lone surrogates
                                 are encoded like other code points (WTF-8). bytes: raw. */
            size_t len;       /* in bytes */
            bool u_prefix;    /* written u'' (ast.Constant.kind == 'u') */
        } string;             /* AST_CONST_STR, AST_CONST_BYTES */
    };
};

/* ---- operators ------------------------------------------------------------------------------ */

/* X(enumerator suffix, name of the class in `ast`, how it is written). */
#define AST_BINOPS(X)        \
    X(ADD, Add, "+")         \
    X(SUB, Sub, "-")         \
    X(MULT, Mult, "*")       \
    X(MATMULT, MatMult, "@") \
    X(DIV, Div, "/")         \
    X(MOD, Mod, "%")         \
    X(POW, Pow, "**")        \
    X(LSHIFT, LShift, "<<")  \
    X(RSHIFT, RShift, ">>")  \
    X(BITOR, BitOr, "|")     \
    X(BITXOR, BitXor, "^")   \
    X(BITAND, BitAnd, "&")   \
    X(FLOORDIV, FloorDiv, "//")

#define AST_UNARYOPS(X)    \
    X(INVERT, Invert, "~") \
    X(NOT, Not, "not ")    \
    X(UADD, UAdd, "+")     \
    X(USUB, USub, "-")

#define AST_CMPOPS(X)         \
    X(EQ, Eq, "==")           \
    X(NOTEQ, NotEq, "!=")     \
    X(LT, Lt, "<")            \
    X(LTE, LtE, "<=")         \
    X(GT, Gt, ">")            \
    X(GTE, GtE, ">=")         \
    X(IS, Is, "is")           \
    X(ISNOT, IsNot, "is not") \
    X(IN, In, "in")           \
    X(NOTIN, NotIn, "not in")

enum ast_binop {
#define X(suffix, name, text) AST_BIN_##suffix,
    AST_BINOPS(X)
#undef X
};

enum ast_unaryop {
#define X(suffix, name, text) AST_UNARY_##suffix,
    AST_UNARYOPS(X)
#undef X
};

enum ast_cmpop {
#define X(suffix, name, text) AST_CMP_##suffix,
    AST_CMPOPS(X)
#undef X
};

enum ast_boolop {
    AST_BOOL_AND,
    AST_BOOL_OR,
};

enum ast_ctx {
    AST_LOAD,
    AST_STORE,
    AST_DEL,
};

/* ---- parts of nodes ------------------------------------------------------------------------- */

/* One parameter of a function. */
struct ast_arg {
    struct ast_name *name;
    struct ast_expr *annotation; /* or NULL */
    struct ast_pos pos;
};

/*
 * The parameters of a function or lambda: f(posonly, /, args, *vararg, kwonly, **kwarg).
 * `defaults` belong to the last defaults.count of (posonly + args); kw_defaults[i] belongs to
 * kwonly[i] and is NULL where it has none (the array has kwonly_count entries).
 */
struct ast_args {
    struct ast_arg *posonly;
    struct ast_arg *args;
    struct ast_arg *kwonly;
    struct ast_arg *vararg; /* or NULL */
    struct ast_arg *kwarg;  /* or NULL */
    struct ast_expr **kw_defaults;
    struct ast_exprs defaults;
    uint32_t posonly_count;
    uint32_t arg_count;
    uint32_t kwonly_count;
};

/* One name=value of a call or class; a NULL name is **value. */
struct ast_keyword {
    struct ast_name *name;
    struct ast_expr *value;
    struct ast_pos pos;
};

struct ast_keywords {
    struct ast_keyword *at;
    size_t count;
};

/* One `for target in iter if cond if cond` of a comprehension. */
struct ast_comprehension {
    struct ast_expr *target;
    struct ast_expr *iter;
    struct ast_exprs ifs;
    bool is_async;
};

struct ast_comprehensions {
    struct ast_comprehension *at;
    size_t count;
};

/* One name of an import; `asname` may be NULL. `*` is the name "*". */
struct ast_alias {
    struct ast_name *name; /* dotted names whole: "os.path" */
    struct ast_name *asname;
    struct ast_pos pos;
};

struct ast_aliases {
    struct ast_alias *at;
    size_t count;
};

struct ast_withitem {
    struct ast_expr *context;
    struct ast_expr *target; /* or NULL */
};

struct ast_withitems {
    struct ast_withitem *at;
    size_t count;
};

/* except TYPE as NAME: body. type NULL: a bare except; name NULL: none. */
struct ast_handler {
    struct ast_expr *type;
    struct ast_name *name;
    struct ast_stmts body;
    struct ast_pos pos;
};

struct ast_handlers {
    struct ast_handler *at;
    size_t count;
};

struct ast_match_case {
    struct ast_pattern *pattern;
    struct ast_expr *guard; /* or NULL */
    struct ast_stmts body;
};

struct ast_match_cases {
    struct ast_match_case *at;
    size_t count;
};

struct ast_patterns {
    struct ast_pattern **at;
    size_t count;
};

/* ---- expressions ---------------------------------------------------------------------------- */

enum ast_expr_kind {
    AST_EXPR_BOOLOP,
    AST_EXPR_NAMED, /* target := value */
    AST_EXPR_BINOP,
    AST_EXPR_UNARYOP,
    AST_EXPR_LAMBDA,
    AST_EXPR_IF,
    AST_EXPR_DICT,
    AST_EXPR_SET,
    AST_EXPR_LISTCOMP,
    AST_EXPR_SETCOMP,
    AST_EXPR_DICTCOMP,
    AST_EXPR_GENERATOR,
    AST_EXPR_AWAIT,
    AST_EXPR_YIELD,
    AST_EXPR_YIELD_FROM,
    AST_EXPR_COMPARE,
    AST_EXPR_CALL,
    AST_EXPR_FORMATTED, /* one {...} of an f-string */
    AST_EXPR_JOINEDSTR, /* an f-string */
    AST_EXPR_CONSTANT,
    AST_EXPR_ATTRIBUTE,
    AST_EXPR_SUBSCRIPT,
    AST_EXPR_STARRED,
    AST_EXPR_NAME,
    AST_EXPR_LIST,
    AST_EXPR_TUPLE,
    AST_EXPR_SLICE,
};

struct ast_expr {
    enum ast_expr_kind kind;
    uint8_t paren; /* 1: written in parentheses of its own (not a tuple's or generator's) */
    struct ast_pos pos;
    union {
        struct {
            enum ast_boolop op;
            struct ast_exprs values; /* at least two */
        } boolop;
        struct {
            struct ast_expr *target; /* always a Name */
            struct ast_expr *value;
        } named;
        struct {
            enum ast_binop op;
            struct ast_expr *left, *right;
        } binop;
        struct {
            enum ast_unaryop op;
            struct ast_expr *operand;
        } unaryop;
        struct {
            struct ast_args *args;
            struct ast_expr *body;
            struct scope *scope;
        } lambda;
        struct {
            struct ast_expr *test, *body, *orelse;
        } if_;
        struct {
            struct ast_expr **keys; /* `count` entries; NULL: **values[i] */
            struct ast_expr **values;
            size_t count;
        } dict;
        struct {
            struct ast_exprs elts;
        } set;
        /* LISTCOMP, SETCOMP, GENERATOR, and DICTCOMP, where element is the key. */
        struct {
            struct ast_expr *element;
            struct ast_expr *value; /* DICTCOMP only */
            struct ast_comprehensions generators;
            struct scope *scope;
        } comp;
        struct {
            struct ast_expr *value; /* YIELD: may be NULL */
        } yield;                    /* AWAIT, YIELD, YIELD_FROM */
        struct {
            struct ast_expr *left;
            enum ast_cmpop *ops;          /* comparators.count of them */
            struct ast_exprs comparators; /* at least one */
        } compare;
        struct {
            struct ast_expr *func;
            struct ast_exprs args; /* may hold Starred */
            struct ast_keywords keywords;
        } call;
        struct {
            struct ast_expr *value;
            int conversion;               /* 's', 'r', 'a' or -1 */
            struct ast_expr *format_spec; /* a JoinedStr or NULL */
        } formatted;
        struct {
            struct ast_exprs values; /* Constant (str) and Formatted in turn */
        } joinedstr;
        struct ast_const constant;
        struct {
            struct ast_expr *value;
            struct ast_name *attr;
            enum ast_ctx ctx;
        } attribute;
        struct {
            struct ast_expr *value;
            struct ast_expr *index; /* may be a Slice, or a Tuple holding some */
            enum ast_ctx ctx;
        } subscript;
        struct {
            struct ast_expr *value;
            enum ast_ctx ctx;
        } starred;
        struct {
            struct ast_name *id;
            enum ast_ctx ctx;
        } name;
        struct {
            struct ast_exprs elts;
            enum ast_ctx ctx;
        } seq; /* LIST, TUPLE */
        struct {
            struct ast_expr *lower, *upper, *step; /* each may be NULL */
        } slice;
    };
};

/* ---- statements ----------------------------------------------------------------------------- */

enum ast_stmt_kind {
    AST_STMT_FUNCTION, /* def; async def when .function.is_async */
    AST_STMT_CLASS,
    AST_STMT_RETURN,
    AST_STMT_DELETE,
    AST_STMT_ASSIGN,
    AST_STMT_AUGASSIGN,
    AST_STMT_ANNASSIGN,
    AST_STMT_FOR, /* async for when .for_.is_async */
    AST_STMT_WHILE,
    AST_STMT_IF,
    AST_STMT_WITH, /* async with when .with.is_async */
    AST_STMT_MATCH,
    AST_STMT_RAISE,
    AST_STMT_TRY, /* except* when .try_.is_star */
    AST_STMT_ASSERT,
    AST_STMT_IMPORT,
    AST_STMT_IMPORTFROM,
    AST_STMT_GLOBAL,
    AST_STMT_NONLOCAL,
    AST_STMT_EXPR,
    AST_STMT_PASS,
    AST_STMT_BREAK,
    AST_STMT_CONTINUE,
};

struct ast_stmt {
    enum ast_stmt_kind kind;
    struct ast_pos pos;
    union {
        struct {
            struct ast_name *name;
            struct ast_args *args;
            struct ast_stmts body;
            struct ast_exprs decorators;
            struct ast_expr *returns; /* or NULL */
            struct scope *scope;
            bool is_async;
        } function;
        struct {
            struct ast_name *name;
            struct ast_exprs bases;
            struct ast_keywords keywords;
            struct ast_stmts body;
            struct ast_exprs decorators;
            struct scope *scope;
        } class_;
        struct {
            struct ast_expr *value; /* RETURN: may be NULL */
        } expr;                     /* RETURN, EXPR */
        struct {
            struct ast_exprs targets;
        } delete_;
        struct {
            struct ast_exprs targets; /* a = b = value: two targets */
            struct ast_expr *value;
        } assign;
        struct {
            struct ast_expr *target; /* its ctx is Store; it is read as well */
            enum ast_binop op;
            struct ast_expr *value;
        } augassign;
        struct {
            struct ast_expr *target;
            struct ast_expr *annotation;
            struct ast_expr *value; /* or NULL */
            bool simple;            /* the target is a Name without parentheses */
        } annassign;
        struct {
            struct ast_expr *target, *iter;
            struct ast_stmts body, orelse;
            bool is_async;
        } for_;
        struct {
            struct ast_expr *test;
            struct ast_stmts body, orelse;
        } while_;
        struct {
            struct ast_expr *test;
            struct ast_stmts body, orelse; /* elif: an If as the only statement of orelse */
        } if_;
        struct {
            struct ast_withitems items;
            struct ast_stmts body;
            bool is_async;
        } with;
        struct {
            struct ast_expr *subject;
            struct ast_match_cases cases;
        } match;
        struct {
            struct ast_expr *exc, *cause; /* each may be NULL */
        } raise;
        struct {
            struct ast_stmts body;
            struct ast_handlers handlers;
            struct ast_stmts orelse;
            struct ast_stmts finalbody;
            bool is_star;
        } try_;
        struct {
            struct ast_expr *test, *msg; /* msg may be NULL */
        } assert_;
        struct {
            struct ast_aliases names;
        } import;
        struct {
            struct ast_name *module; /* NULL: from . import x */
            struct ast_aliases names;
            uint32_t level; /* number of leading dots */
        } importfrom;
        struct {
            struct ast_names names;
        } global; /* GLOBAL, NONLOCAL */
    };
};

/* ---- match patterns ------------------------------------------------------------------------- */

enum ast_pattern_kind {
    AST_PAT_VALUE,     /* == value */
    AST_PAT_SINGLETON, /* is None, True, False */
    AST_PAT_SEQUENCE,
    AST_PAT_MAPPING,
    AST_PAT_CLASS,
    AST_PAT_STAR, /* *name or *_, in a sequence */
    AST_PAT_AS,   /* pattern as name; name alone; _ (both NULL) */
    AST_PAT_OR,
};

struct ast_pattern {
    enum ast_pattern_kind kind;
    struct ast_pos pos;
    union {
        struct {
            struct ast_expr *value;
        } value;
        struct {
            enum ast_const_kind value; /* NONE, TRUE or FALSE */
        } singleton;
        struct {
            struct ast_patterns patterns;
        } sequence;
        struct {
            struct ast_exprs keys;
            struct ast_patterns patterns; /* as many as keys */
            struct ast_name *rest;        /* **rest, or NULL */
        } mapping;
        struct {
            struct ast_expr *cls;
            struct ast_patterns patterns;
            struct ast_names kwd_attrs;
            struct ast_patterns kwd_patterns; /* as many as kwd_attrs */
        } class_;
        struct {
            struct ast_name *name; /* NULL: *_ */
        } star;
        struct {
            struct ast_pattern *pattern; /* or NULL */
            struct ast_name *name;       /* or NULL */
        } as;
        struct {
            struct ast_patterns patterns; /* at least two */
        } or_;
    };
};

/* ---- a whole source ------------------------------------------------------------------------- */

enum parse_mode {
    PARSE_FILE,   /* statements: a file, exec() */
    PARSE_EVAL,   /* one expression: eval(). `body` is then one AST_STMT_EXPR */
    PARSE_SINGLE, /* one interactive statement: values of expressions are printed */
};

/* Features switched on by `from __future__ import ...` that still change anything in 3.11. */
enum {
    AST_FUTURE_ANNOTATIONS = 1,
};

struct ast_module {
    enum parse_mode mode;
    uint32_t future; /* AST_FUTURE_*: preset to inherit them; symtable_build() adds the module's */
    struct ast_stmts body;
    struct scope *scope;  /* filled in by symtable_build() */
    const char *filename; /* as handed to parse_module() */
    const char *source;   /* the bytes that were parsed, newlines as they were */
    size_t source_len;
    bool open_block; /* the source ends in a block, in a line without its end: a prompt asks on */
};

/*
 * The interned name with this text (UTF-8, `len` bytes, already normalised). Names and their text
 * live as long as the arena. NULL (or the arena's on_oom) when memory runs out.
 */
struct ast_name *ast_intern(struct arena *arena, const char *text, size_t len);

/* The same for a string literal of C. */
struct ast_name *ast_intern_c(struct arena *arena, const char *text);

/* Something that compiles and looks like a mistake. */
struct ast_warning {
    struct ast_warning *older;
    const char *msg; /* in the arena, or static */
    struct ast_pos pos;
    bool deprecated; /* a DeprecationWarning, not a SyntaxWarning */
};

/* Notes a warning in the arena; its text is not copied. */
void ast_warn(struct arena *arena, struct ast_pos pos, const char *msg);
/* The same for something that will not be allowed for ever. The parser may come by it twice: it is
 * noted once. */
void ast_warn_deprecated(struct arena *arena, struct ast_pos pos, const char *msg);
/* What was noted so far, the first first; the arena's list is empty afterwards. */
struct ast_warning *ast_take_warnings(struct arena *arena);

/*
 * The docstring of a body: its first statement when that is a plain string constant, else NULL.
 */
const struct ast_expr *ast_docstring(const struct ast_stmts *body);

#endif
