/*
 * The door of the compiler: source text in, code object or pending exception out. Also the errors
 * of all its parts, which become SyntaxError with the attributes that CPython gives it.
 */
#include "vm/compile/compile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/compile/compiler.h"
#include "vm/compile/tree_reader.h"
#include "vm/front/ast_dump.h"
#include "vm/front/lexer.h"
#include "vm/object/bytes.h"
#include "vm/object/exc.h"
#include "vm/object/int.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/warn.h"

/* ---- errors --------------------------------------------------------------------------------- */

void compile_error(struct compiler *c, const struct ast_pos *pos, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const struct ast_pos at = pos != NULL ? *pos : c->u->pos;
    *c->err = (struct syntax_error){
        .msg = arena_copy(c->arena, text, strlen(text)),
        .line = at.line,
        .col = at.col,
        .end_line = at.end_line,
        .end_col = at.end_col,
    };
    longjmp(*c->fail, 1);
}

void compile_failed(struct compiler *c)
{
    longjmp(*c->fail, 2);
}

struct py_object *own(struct compiler *c, struct py_object *object)
{
    if (object == NULL) {
        compile_failed(c);
    }
    if (c->owned_count == c->owned_capacity) {
        const size_t capacity = c->owned_capacity == 0 ? 64 : c->owned_capacity * 2;
        struct py_object **owned = arena_array(c->arena, struct py_object *, capacity);
        if (c->owned_count > 0) {
            memcpy(owned, c->owned, c->owned_count * sizeof(*owned));
        }
        c->owned = owned;
        c->owned_capacity = capacity;
    }
    c->owned[c->owned_count++] = object;
    return object;
}

void *grow_array(struct compiler *c, void *at, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return at;
    }
    const uint32_t larger = *capacity == 0 ? 16 : *capacity * 2;
    void *copy = arena_alloc(c->arena, larger * size);
    if (count > 0) {
        memcpy(copy, at, count * size);
    }
    *capacity = larger;
    return copy;
}

/* ---- SyntaxError ---------------------------------------------------------------------------- */

/* Line number `line` of the source with its newline; NULL if there is no such line. */
static const char *find_line(const char *source, size_t len, uint32_t line, size_t *line_len)
{
    const char *p = source;
    const char *const end = source + len;
    for (uint32_t i = 1; i < line; i++) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (p == NULL) {
            return NULL;
        }
        p++;
    }
    const char *eol = memchr(p, '\n', (size_t)(end - p));
    *line_len = (size_t)((eol != NULL ? eol + 1 : end) - p);
    return p;
}

/* A column in bytes from 0 as one in characters from 1. */
static int64_t char_offset(const char *line, size_t len, uint32_t col)
{
    int64_t offset = 1;
    for (size_t i = 0; i < len && i < col; i++) {
        offset += ((unsigned char)line[i] & 0xC0) != 0x80;
    }
    return offset + (col > len ? (int64_t)(col - len) : 0);
}

static struct py_type *error_type(enum syntax_error_kind kind)
{
    switch (kind) {
    case SYNTAX_ERROR_INDENTATION:
        return &py_exc_IndentationError;
    case SYNTAX_ERROR_TAB:
        return &py_exc_TabError;
    case SYNTAX_ERROR:
    case SYNTAX_ERROR_UNICODE:
    default:
        return &py_exc_SyntaxError;
    }
}

struct error_place {
    const char *text;
    size_t len;
    struct py_object *items[6]; /* filename, lineno, offset, text, end_lineno, end_offset */
};

static void fill_place(struct arena *arena, struct error_place *place,
                       const struct syntax_error *err, struct py_str *filename, const char *source,
                       size_t source_len, bool adds_newline)
{
    place->text = NULL;
    place->len = 0;
    if (err->text != NULL) {
        place->text = err->text;
        place->len = strlen(err->text);
    } else if (err->line > 0) {
        place->text = find_line(source, source_len, err->line, &place->len);
    } else if (err->at_end) {
        place->text = ""; /* the last line of an empty source */
    }
    const char *end_text = place->text;
    size_t end_len = place->len;
    if (err->text == NULL && err->end_line > err->line) {
        end_text = find_line(source, source_len, err->end_line, &end_len);
    }
    const bool has_text = place->text != NULL;
    if (has_text && err->text == NULL && adds_newline &&
        (place->len == 0 || place->text[place->len - 1] != '\n')) {
        char *line = arena_alloc(arena, place->len + 1); /* as if it ended in one */
        if (line != NULL) {
            memcpy(line, place->text, place->len);
            line[place->len++] = '\n';
            place->text = line;
        }
    }
    place->items[0] = py_newref(PY_OBJ(filename));
    place->items[1] = py_int_from_i64(err->line);
    const bool has_column = has_text && !err->at_end;
    place->items[2] =
        py_int_from_i64(has_column ? char_offset(place->text, place->len, err->col) : 0);
    place->items[3] =
        has_text ? PY_OBJ(py_str_from_utf8(place->text, place->len)) : py_newref(PY_NONE);
    place->items[4] = py_int_from_i64(err->end_line > 0 ? err->end_line : err->line);
    const bool has_end = err->end_line > 0 && end_text != NULL;
    place->items[5] = py_int_from_i64(has_end      ? char_offset(end_text, end_len, err->end_col)
                                      : has_column ? -1
                                                   : 0);
}

static void raise_with_place(const struct syntax_error *err, struct error_place *place)
{
    bool complete = true;
    for (size_t i = 0; i < 6; i++) {
        complete &= place->items[i] != NULL;
    }
    struct py_str *msg = complete ? py_str_from_cstr(err->msg) : NULL;
    struct py_tuple *details = msg != NULL ? py_tuple_from_array(place->items, 6) : NULL;
    if (details != NULL) {
        struct py_object *args[] = {PY_OBJ(msg), PY_OBJ(details)};
        struct py_object *exc = py_exc_make(error_type(err->kind), args, 2);
        if (exc != NULL) {
            py_raise_instance(exc);
            py_decref(exc);
        }
    }
    py_xdecref(PY_OBJ(details));
    py_xdecref(PY_OBJ(msg));
    for (size_t i = 0; i < 6; i++) {
        py_xdecref(place->items[i]);
    }
}

/* Makes the error the pending exception. */
static void raise_syntax_error(struct arena *arena, const struct syntax_error *err,
                               struct py_str *filename, const char *source, size_t source_len,
                               bool adds_newline)
{
    if (err->kind == SYNTAX_ERROR_MEMORY) {
        py_raise_no_memory();
        return;
    }
    if (err->kind == SYNTAX_ERROR_RECURSION) {
        py_raise(&py_exc_RecursionError, "%s", err->msg);
        return;
    }
    struct error_place place;
    fill_place(arena, &place, err, filename, source, source_len, adds_newline);
    raise_with_place(err, &place);
}

/* ---- modules -------------------------------------------------------------------------------- */

static void find_last_future(struct compiler *c)
{
    const struct ast_stmts *body = &c->module->body;
    size_t i = ast_docstring(body) != NULL ? 1 : 0;
    for (; i < body->count; i++) {
        const struct ast_stmt *stmt = body->at[i];
        if (stmt->kind != AST_STMT_IMPORTFROM || stmt->importfrom.module == NULL ||
            strcmp(stmt->importfrom.module->text, "__future__") != 0) {
            break;
        }
        c->last_future = stmt->pos;
    }
}

static struct py_code *compile_module_code(struct compiler *c)
{
    struct ast_module *module = c->module;
    open_unit(c, module->scope, module->scope->name, 1);
    if (module->mode == PARSE_EVAL) {
        const operand_t value = compile_operand(c, module->body.at[0]->expr.value);
        emit(c, OP_RETURN, 0, 0, value, 0);
        pop_to(c, 0);
        return close_unit(c);
    }
    compile_setup_annotations(c, &module->body);
    const struct ast_expr *doc = module->mode == PARSE_FILE ? ast_docstring(&module->body) : NULL;
    if (doc != NULL && c->optimize < 2) {
        const struct ast_pos old = set_pos(c, doc->pos);
        const operand_t text = const_operand(c, const_object(c, &doc->constant));
        emit(c, OP_STORE_NAME, 0, name_const(c, ast_intern_c(c->arena, "__doc__")), text, 0);
        pop_to(c, 0);
        set_pos(c, old);
    }
    if (module->mode == PARSE_FILE) {
        compile_body(c, &module->body);
    } else {
        compile_stmts(c, &module->body);
    }
    return close_unit(c);
}

/* The tree to code; NULL with *err, or with a pending exception when err->msg is NULL. */
static struct py_code *compile_tree(struct compiler *c)
{
    jmp_buf fail;
    jmp_buf oom;
    struct py_code *volatile code = NULL;
    jmp_buf *const outer_oom = c->arena->on_oom;
    c->err->msg = NULL;
    if (setjmp(oom) != 0) {
        *c->err = (struct syntax_error){.kind = SYNTAX_ERROR_MEMORY, .msg = "out of memory"};
    } else {
        c->arena->on_oom = &oom;
        c->fail = &fail;
        if (setjmp(fail) == 0) {
            c->debug_name = ast_intern_c(c->arena, "__debug__");
            find_last_future(c);
            code = (struct py_code *)py_newref(PY_OBJ(compile_module_code(c)));
        }
    }
    c->arena->on_oom = outer_oom;
    for (size_t i = 0; i < c->owned_count; i++) {
        py_decref(c->owned[i]);
    }
    return code;
}

/* A parsed module to code: scopes, then instructions. */
static struct py_code *compile_parsed(struct arena *arena, struct ast_module *module,
                                      struct py_str *filename, const struct py_compile_how *how,
                                      struct syntax_error *err)
{
    module->future |= how->annotations_as_text ? AST_FUTURE_ANNOTATIONS : 0;
    if (symtable_build(arena, module, err) != 0) {
        return NULL;
    }
    struct compiler c = {
        .arena = arena,
        .module = module,
        .filename = filename,
        .optimize = how->optimize,
        .print_exprs = how->mode == PY_COMPILE_SINGLE,
        .err = err,
    };
    return compile_tree(&c);
}

/* Issues what was noted about the source. -1: an exception (a filter can make one of a warning,
 * which is a SyntaxError then). */
static int issue_warnings(struct arena *arena, struct py_str *filename, const char *source,
                          size_t source_len, bool adds_newline)
{
    for (const struct ast_warning *w = ast_take_warnings(arena); w; w = w->older) {
        struct py_type *const category =
            w->deprecated ? &py_exc_DeprecationWarning : &py_exc_SyntaxWarning;
        if (py_warn_explicit(category, w->msg, filename, w->pos.line) == 0) {
            continue;
        }
        if (py_error_matches(category)) {
            py_error_clear();
            const struct syntax_error err = {
                .msg = w->msg,
                .line = w->pos.line,
                .col = w->pos.col,
                .end_line = w->pos.end_line,
                .end_col = w->pos.end_col,
            };
            raise_syntax_error(arena, &err, filename, source, source_len, adds_newline);
        }
        return -1;
    }
    return 0;
}

/* The same for code that was made of it: it goes with an exception. Steals and returns code. */
static struct py_code *warn_of_code(struct arena *arena, struct py_code *code,
                                    struct py_str *filename, const char *source, size_t source_len,
                                    bool adds_newline)
{
    PY_HOLD(&code);
    if (issue_warnings(arena, filename, source, source_len, adds_newline) < 0)
        py_clear(code);
    return code;
}

/* What is parsed: the bytes as given, or, decoded from a foreign encoding, a text in the arena. */
struct source {
    const char *bytes;
    size_t len;
    bool is_text;
};

/* Has a codec decode a source that names an encoding which the parser does not know. -1: *err. */
static int decode_foreign(struct arena *arena, struct source *source, struct syntax_error *err)
{
    char encoding[SOURCE_ENCODING_MAX];
    if (source->is_text || !source_names_foreign_encoding(source->bytes, source->len, encoding)) {
        return 0;
    }
    struct py_object *text =
        py_bytes_decode((const uint8_t *)source->bytes, source->len, encoding, "strict");
    const bool failed = text == NULL;
    struct py_object *reason = failed ? py_error_fetch() : NULL;
    PY_HOLD(&text);
    PY_HOLD(&reason);
    if (failed) {
        text = py_str_of(reason);
        py_clear(reason);
    }
    size_t len = 0;
    const char *utf8 = text ? py_str_utf8((struct py_str *)text, &len) : NULL;
    py_error_clear();
    const char *copy = arena_copy(arena, utf8 ? utf8 : "", len);
    py_clear(text);
    if (copy == NULL) {
        py_raise_no_memory();
        return -1;
    }
    if (failed) {
        *err = (struct syntax_error){.kind = SYNTAX_ERROR, .msg = copy};
        return -1;
    }
    *source = (struct source){.bytes = copy, .len = len, .is_text = true};
    return 0;
}

static int parse_source(struct arena *arena, struct source *source, struct py_str *filename,
                        enum py_compile_mode mode, struct ast_module **module,
                        struct syntax_error *err)
{
    static const enum parse_mode modes[] = {
        [PY_COMPILE_EXEC] = PARSE_FILE,
        [PY_COMPILE_EVAL] = PARSE_EVAL,
        [PY_COMPILE_SINGLE] = PARSE_SINGLE,
    };
    const char *name = py_str_utf8(filename, NULL);
    if (name == NULL || decode_foreign(arena, source, err) < 0) {
        return -1;
    }
    return (source->is_text ? parse_text : parse_module)(arena, name, source->bytes, source->len,
                                                         modes[mode], module, err);
}

struct py_code *py_compile_source(const char *source, size_t len, struct py_str *filename,
                                  const struct py_compile_how *how)
{
    struct arena arena;
    struct syntax_error err = {.msg = NULL};
    struct ast_module *module = NULL;
    struct py_code *code = NULL;
    struct source given = {.bytes = source, .len = len, .is_text = how->is_text};
    arena_init(&arena);
    const int failed = parse_source(&arena, &given, filename, how->mode, &module, &err);
    if (how->typed && failed && err.incomplete) {
        err.kind = SYNTAX_ERROR;
        err.msg = "incomplete input";
    } else if (how->typed && !failed && module->open_block) {
        err = (struct syntax_error){.msg = "incomplete input", .at_end = true, .line = 1};
    } else if (!failed) {
        code = compile_parsed(&arena, module, filename, how, &err);
    }
    if (code == NULL && err.msg != NULL) {
        const bool parsed = module != NULL;
        raise_syntax_error(&arena, &err, filename, parsed ? module->source : given.bytes,
                           parsed ? module->source_len : given.len, how->mode == PY_COMPILE_EXEC);
    }
    if (code != NULL && arena.warnings != NULL) {
        code = warn_of_code(&arena, code, filename, module->source, module->source_len,
                            how->mode == PY_COMPILE_EXEC);
    }
    arena_deinit(&arena);
    return code;
}

struct py_code *py_compile_tree(struct py_object *nodes, struct py_str *filename,
                                const struct py_compile_how *how)
{
    struct arena arena;
    struct syntax_error err = {.msg = NULL};
    const char *name = py_str_utf8(filename, NULL);
    if (name == NULL) {
        return NULL;
    }
    arena_init(&arena);
    struct ast_module *module = tree_read(&arena, nodes, name);
    struct py_code *code = module ? compile_parsed(&arena, module, filename, how, &err) : NULL;
    if (code == NULL && err.msg != NULL) {
        raise_syntax_error(&arena, &err, filename, "", 0, true);
    }
    if (code != NULL && arena.warnings != NULL) {
        code = warn_of_code(&arena, code, filename, "", 0, true);
    }
    arena_deinit(&arena);
    return code;
}

char *py_dump_syntax_tree(const char *source, size_t len, struct py_str *filename,
                          const struct py_compile_how *how, size_t *dump_len)
{
    struct arena arena;
    struct syntax_error err = {.msg = NULL};
    struct ast_module *module = NULL;
    char *dump = NULL;
    struct source given = {.bytes = source, .len = len, .is_text = how->is_text};
    arena_init(&arena);
    if (parse_source(&arena, &given, filename, how->mode, &module, &err) == 0) {
        FILE *out = open_memstream(&dump, dump_len);
        if (out != NULL) {
            ast_dump(module, true, out);
        }
        if (out == NULL || fclose(out) != 0) {
            free(dump);
            dump = NULL;
            py_raise_no_memory();
        }
        if (dump != NULL && issue_warnings(&arena, filename, module->source, module->source_len,
                                           how->mode == PY_COMPILE_EXEC) < 0) {
            free(dump);
            dump = NULL;
        }
    } else if (err.msg != NULL) {
        raise_syntax_error(&arena, &err, filename, given.bytes, given.len,
                           how->mode == PY_COMPILE_EXEC);
    }
    arena_deinit(&arena);
    return dump;
}
