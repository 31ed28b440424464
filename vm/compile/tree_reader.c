/* The tree of a program that a program made. See tree_reader.h.
 *
 * ast.parse() gives objects of the classes of the module ast, people change them, and compile()
 * takes them back. _frozen_tree.py checks the objects and flattens them to tuples of a known shape
 * (a node is a tuple: class name, position, fields in the order of the grammar); here each node
 * becomes the struct of vm/front/ast.h, in an arena. Nothing here runs Python code, and references
 * are borrowed from the outermost tuple throughout.
 *
 * The shape is relied on, but not trusted (tree_fields.h), and a kind that is not known is refused,
 * so a program that reaches into _frozen_tree gets a ValueError. Failure leaves by one longjmp; all
 * memory is the arena's. Constants are a matter of their own (tree_constant.h).
 */
#include "vm/compile/tree_reader.h"

#include <setjmp.h>

#include "vm/compile/tree_constant.h"
#include "vm/compile/tree_fields.h"
#include "vm/object/int.h"
#include "vm/runtime/error.h"

static struct ast_expr *read_expr(struct tree_reader *r, struct py_object *node);
static struct ast_stmts read_stmts(struct tree_reader *r, struct py_object *list);
static struct ast_pattern *read_pattern(struct tree_reader *r, struct py_object *node);

/* ---- names and lists ------------------------------------------------------------------------ */

#define COUNT(array)          (sizeof(array) / sizeof(array)[0])
#define ONE_OF(r, o, names)   tree_one_of(r, o, names, COUNT(names))
#define NAME(suffix, name, t) #name,
static const char *const binops[] = {AST_BINOPS(NAME)};
static const char *const unaryops[] = {AST_UNARYOPS(NAME)};
static const char *const cmpops[] = {AST_CMPOPS(NAME)};
static const char *const boolops[] = {"And", "Or"};
static const char *const contexts[] = {"Load", "Store", "Del"};

static struct ast_expr *optional_expr(struct tree_reader *r, struct py_object *o)
{
    return o == PY_NONE ? NULL : read_expr(r, o);
}

/* None in a list stays NULL (the keys of a dict, defaults of keyword-only parameters). */
static struct ast_exprs exprs(struct tree_reader *r, struct py_object *list)
{
    struct ast_exprs out = {.count = tree_length(r, list)};
    out.at = arena_array(r->arena, struct ast_expr *, out.count);
    for (size_t i = 0; i < out.count; i++)
        out.at[i] = optional_expr(r, tree_field(r, list, i));
    return out;
}

static struct ast_names names(struct tree_reader *r, struct py_object *list)
{
    struct ast_names out = {.count = tree_length(r, list)};
    out.at = arena_array(r->arena, struct ast_name *, out.count);
    for (size_t i = 0; i < out.count; i++)
        out.at[i] = tree_name(r, tree_field(r, list, i));
    return out;
}

/* ---- parts of expressions ------------------------------------------------------------------- */

static struct ast_arg *read_args(struct tree_reader *r, struct py_object *list, uint32_t *count)
{
    *count = (uint32_t)tree_length(r, list);
    struct ast_arg *const args = arena_array(r->arena, struct ast_arg, *count);
    for (uint32_t i = 0; i < *count; i++) {
        struct py_object *const node = tree_field(r, list, i);
        args[i].pos = tree_position(r, node);
        args[i].name = tree_name(r, tree_field(r, node, 5));
        args[i].annotation = optional_expr(r, tree_field(r, node, 6));
    }
    return args;
}

static struct ast_arg *read_one_arg(struct tree_reader *r, struct py_object *node)
{
    if (node == PY_NONE)
        return NULL;
    struct ast_arg *const arg = arena_new(r->arena, struct ast_arg);
    arg->pos = tree_position(r, node);
    arg->name = tree_name(r, tree_field(r, node, 5));
    arg->annotation = optional_expr(r, tree_field(r, node, 6));
    return arg;
}

static struct ast_args *read_arguments(struct tree_reader *r, struct py_object *node)
{
    struct ast_args *const a = arena_new(r->arena, struct ast_args);
    a->posonly = read_args(r, tree_field(r, node, 1), &a->posonly_count);
    a->args = read_args(r, tree_field(r, node, 2), &a->arg_count);
    a->vararg = read_one_arg(r, tree_field(r, node, 3));
    a->kwonly = read_args(r, tree_field(r, node, 4), &a->kwonly_count);
    const struct ast_exprs kw_defaults = exprs(r, tree_field(r, node, 5));
    a->kwarg = read_one_arg(r, tree_field(r, node, 6));
    a->defaults = exprs(r, tree_field(r, node, 7));
    a->kw_defaults = kw_defaults.at;
    if (kw_defaults.count != a->kwonly_count)
        tree_fail(r);
    return a;
}

static struct ast_keywords read_keywords(struct tree_reader *r, struct py_object *list)
{
    struct ast_keywords out = {.count = tree_length(r, list)};
    out.at = arena_array(r->arena, struct ast_keyword, out.count);
    for (size_t i = 0; i < out.count; i++) {
        struct py_object *const node = tree_field(r, list, i);
        out.at[i].pos = tree_position(r, node);
        out.at[i].name = tree_optional_name(r, tree_field(r, node, 5));
        out.at[i].value = read_expr(r, tree_field(r, node, 6));
    }
    return out;
}

static struct ast_comprehensions read_generators(struct tree_reader *r, struct py_object *list)
{
    struct ast_comprehensions out = {.count = tree_length(r, list)};
    out.at = arena_array(r->arena, struct ast_comprehension, out.count);
    for (size_t i = 0; i < out.count; i++) {
        struct py_object *const node = tree_field(r, list, i);
        out.at[i].target = read_expr(r, tree_field(r, node, 1));
        out.at[i].iter = read_expr(r, tree_field(r, node, 2));
        out.at[i].ifs = exprs(r, tree_field(r, node, 3));
        out.at[i].is_async = tree_number(r, tree_field(r, node, 4)) != 0;
    }
    return out;
}

/* ---- expressions: one function for each shape ----------------------------------------------- */

#define FIELD(i) tree_field(r, node, 5 + (i))
#define EXPR(i)  read_expr(r, FIELD(i))

static void read_boolop(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->boolop.op = (enum ast_boolop)ONE_OF(r, FIELD(0), boolops);
    e->boolop.values = exprs(r, FIELD(1));
}

static void read_named(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->named.target = EXPR(0);
    e->named.value = EXPR(1);
    if (e->named.target->kind != AST_EXPR_NAME)
        tree_fail(r);
}

static void read_binop(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->binop.left = EXPR(0);
    e->binop.op = (enum ast_binop)ONE_OF(r, FIELD(1), binops);
    e->binop.right = EXPR(2);
}

static void read_unaryop(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->unaryop.op = (enum ast_unaryop)ONE_OF(r, FIELD(0), unaryops);
    e->unaryop.operand = EXPR(1);
}

static void read_lambda(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->lambda.args = read_arguments(r, FIELD(0));
    e->lambda.body = EXPR(1);
}

static void read_if_exp(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->if_.test = EXPR(0);
    e->if_.body = EXPR(1);
    e->if_.orelse = EXPR(2);
}

static void read_dict(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    const struct ast_exprs keys = exprs(r, FIELD(0)), values = exprs(r, FIELD(1));
    if (keys.count != values.count)
        tree_fail(r);
    e->dict.keys = keys.at;
    e->dict.values = values.at;
    e->dict.count = keys.count;
}

static void read_set(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->set.elts = exprs(r, FIELD(0));
}

static void read_comp(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->comp.element = EXPR(0);
    if (e->kind == AST_EXPR_DICTCOMP)
        e->comp.value = EXPR(1);
    e->comp.generators = read_generators(r, FIELD(e->kind == AST_EXPR_DICTCOMP ? 2 : 1));
    if (e->comp.generators.count == 0)
        tree_fail(r);
}

static void read_yield(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->yield.value = optional_expr(r, FIELD(0));
}

static void read_compare(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    struct py_object *const ops = FIELD(1);
    e->compare.left = EXPR(0);
    e->compare.comparators = exprs(r, FIELD(2));
    const size_t count = e->compare.comparators.count;
    if (count == 0 || tree_length(r, ops) != count)
        tree_fail(r);
    e->compare.ops = arena_array(r->arena, enum ast_cmpop, count);
    for (size_t i = 0; i < count; i++)
        e->compare.ops[i] = (enum ast_cmpop)ONE_OF(r, tree_field(r, ops, i), cmpops);
}

static void read_call(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->call.func = EXPR(0);
    e->call.args = exprs(r, FIELD(1));
    e->call.keywords = read_keywords(r, FIELD(2));
}

static void read_formatted(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    const int64_t conversion = tree_number(r, FIELD(1));
    e->formatted.value = EXPR(0);
    e->formatted.format_spec = optional_expr(r, FIELD(2));
    if (conversion != -1 && conversion != 's' && conversion != 'r' && conversion != 'a') {
        py_raise(&py_exc_SystemError, "Unrecognized conversion character %d", (int)conversion);
        tree_fail(r);
    }
    e->formatted.conversion = (int)conversion;
}

static void read_joinedstr(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->joinedstr.values = exprs(r, FIELD(0));
    for (size_t i = 0; i < e->joinedstr.values.count; i++) {
        struct ast_expr **const part = &e->joinedstr.values.at[i];
        if (*part &&
            ((*part)->kind == AST_EXPR_FORMATTED ||
             ((*part)->kind == AST_EXPR_CONSTANT && (*part)->constant.kind == AST_CONST_STR)))
            continue;
        if (!*part)
            tree_fail(r);
        struct ast_expr *const wrapped = tree_new_expr(r, AST_EXPR_FORMATTED, (*part)->pos);
        wrapped->formatted.value = *part;
        wrapped->formatted.conversion = -1;
        *part = wrapped;
    }
}

static void read_constant(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    *e = *tree_constant(r, FIELD(0), e->pos);
}

static void read_attribute(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->attribute.value = EXPR(0);
    e->attribute.attr = tree_name(r, FIELD(1));
    e->attribute.ctx = (enum ast_ctx)ONE_OF(r, FIELD(2), contexts);
}

static void read_subscript(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->subscript.value = EXPR(0);
    e->subscript.index = EXPR(1);
    e->subscript.ctx = (enum ast_ctx)ONE_OF(r, FIELD(2), contexts);
}

static void read_starred(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->starred.value = EXPR(0);
    e->starred.ctx = (enum ast_ctx)ONE_OF(r, FIELD(1), contexts);
}

static void read_name(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->name.id = tree_name(r, FIELD(0));
    e->name.ctx = (enum ast_ctx)ONE_OF(r, FIELD(1), contexts);
}

static void read_sequence(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->seq.elts = exprs(r, FIELD(0));
    e->seq.ctx = (enum ast_ctx)ONE_OF(r, FIELD(1), contexts);
}

static void read_slice(struct tree_reader *r, struct py_object *node, struct ast_expr *e)
{
    e->slice.lower = optional_expr(r, FIELD(0));
    e->slice.upper = optional_expr(r, FIELD(1));
    e->slice.step = optional_expr(r, FIELD(2));
}

static const struct {
    const char *kind;
    enum ast_expr_kind expr_kind;
    void (*read)(struct tree_reader *r, struct py_object *node, struct ast_expr *e);
} expr_readers[] = {
    {"Name", AST_EXPR_NAME, read_name},
    {"Constant", AST_EXPR_CONSTANT, read_constant},
    {"Attribute", AST_EXPR_ATTRIBUTE, read_attribute},
    {"Call", AST_EXPR_CALL, read_call},
    {"Subscript", AST_EXPR_SUBSCRIPT, read_subscript},
    {"BinOp", AST_EXPR_BINOP, read_binop},
    {"Compare", AST_EXPR_COMPARE, read_compare},
    {"BoolOp", AST_EXPR_BOOLOP, read_boolop},
    {"UnaryOp", AST_EXPR_UNARYOP, read_unaryop},
    {"Tuple", AST_EXPR_TUPLE, read_sequence},
    {"List", AST_EXPR_LIST, read_sequence},
    {"Dict", AST_EXPR_DICT, read_dict},
    {"Set", AST_EXPR_SET, read_set},
    {"IfExp", AST_EXPR_IF, read_if_exp},
    {"Lambda", AST_EXPR_LAMBDA, read_lambda},
    {"NamedExpr", AST_EXPR_NAMED, read_named},
    {"ListComp", AST_EXPR_LISTCOMP, read_comp},
    {"SetComp", AST_EXPR_SETCOMP, read_comp},
    {"DictComp", AST_EXPR_DICTCOMP, read_comp},
    {"GeneratorExp", AST_EXPR_GENERATOR, read_comp},
    {"Await", AST_EXPR_AWAIT, read_yield},
    {"Yield", AST_EXPR_YIELD, read_yield},
    {"YieldFrom", AST_EXPR_YIELD_FROM, read_yield},
    {"FormattedValue", AST_EXPR_FORMATTED, read_formatted},
    {"JoinedStr", AST_EXPR_JOINEDSTR, read_joinedstr},
    {"Starred", AST_EXPR_STARRED, read_starred},
    {"Slice", AST_EXPR_SLICE, read_slice},
};

static struct ast_expr *read_expr(struct tree_reader *r, struct py_object *node)
{
    tree_enter(r);
    for (size_t i = 0; i < COUNT(expr_readers); i++) {
        if (!tree_is_kind(r, node, expr_readers[i].kind))
            continue;
        struct ast_expr *const e =
            tree_new_expr(r, expr_readers[i].expr_kind, tree_position(r, node));
        expr_readers[i].read(r, node, e);
        r->depth--;
        return e;
    }
    tree_fail(r);
}

/* ---- statements ----------------------------------------------------------------------------- */

static void read_function(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->function.name = tree_name(r, FIELD(0));
    s->function.args = read_arguments(r, FIELD(1));
    s->function.body = read_stmts(r, FIELD(2));
    s->function.decorators = exprs(r, FIELD(3));
    s->function.returns = optional_expr(r, FIELD(4));
    s->function.is_async = tree_is_kind(r, node, "AsyncFunctionDef");
}

static void read_class(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->class_.name = tree_name(r, FIELD(0));
    s->class_.bases = exprs(r, FIELD(1));
    s->class_.keywords = read_keywords(r, FIELD(2));
    s->class_.body = read_stmts(r, FIELD(3));
    s->class_.decorators = exprs(r, FIELD(4));
}

static void read_return(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->expr.value = optional_expr(r, FIELD(0));
}

static void read_delete(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->delete_.targets = exprs(r, FIELD(0));
}

static void read_assign(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->assign.targets = exprs(r, FIELD(0));
    s->assign.value = EXPR(1);
}

static void read_augassign(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->augassign.target = EXPR(0);
    s->augassign.op = (enum ast_binop)ONE_OF(r, FIELD(1), binops);
    s->augassign.value = EXPR(2);
}

static void read_annassign(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->annassign.target = EXPR(0);
    s->annassign.annotation = EXPR(1);
    s->annassign.value = optional_expr(r, FIELD(2));
    s->annassign.simple = tree_number(r, FIELD(3)) != 0;
}

static void read_for(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->for_.target = EXPR(0);
    s->for_.iter = EXPR(1);
    s->for_.body = read_stmts(r, FIELD(2));
    s->for_.orelse = read_stmts(r, FIELD(3));
    s->for_.is_async = tree_is_kind(r, node, "AsyncFor");
}

static void read_while(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->while_.test = EXPR(0);
    s->while_.body = read_stmts(r, FIELD(1));
    s->while_.orelse = read_stmts(r, FIELD(2));
}

static void read_if(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->if_.test = EXPR(0);
    s->if_.body = read_stmts(r, FIELD(1));
    s->if_.orelse = read_stmts(r, FIELD(2));
}

static void read_with(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    struct py_object *const list = FIELD(0);
    s->with.items.count = tree_length(r, list);
    s->with.items.at = arena_array(r->arena, struct ast_withitem, s->with.items.count);
    for (size_t i = 0; i < s->with.items.count; i++) {
        struct py_object *const item = tree_field(r, list, i);
        s->with.items.at[i].context = read_expr(r, tree_field(r, item, 1));
        s->with.items.at[i].target = optional_expr(r, tree_field(r, item, 2));
    }
    s->with.body = read_stmts(r, FIELD(1));
    s->with.is_async = tree_is_kind(r, node, "AsyncWith");
}

static void read_match(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    struct py_object *const list = FIELD(1);
    s->match.subject = EXPR(0);
    s->match.cases.count = tree_length(r, list);
    s->match.cases.at = arena_array(r->arena, struct ast_match_case, s->match.cases.count);
    for (size_t i = 0; i < s->match.cases.count; i++) {
        struct py_object *const one = tree_field(r, list, i);
        s->match.cases.at[i].pattern = read_pattern(r, tree_field(r, one, 1));
        s->match.cases.at[i].guard = optional_expr(r, tree_field(r, one, 2));
        s->match.cases.at[i].body = read_stmts(r, tree_field(r, one, 3));
    }
}

static void read_raise(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->raise.exc = optional_expr(r, FIELD(0));
    s->raise.cause = optional_expr(r, FIELD(1));
}

static void read_try(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    struct py_object *const list = FIELD(1);
    s->try_.body = read_stmts(r, FIELD(0));
    s->try_.handlers.count = tree_length(r, list);
    s->try_.handlers.at = arena_array(r->arena, struct ast_handler, s->try_.handlers.count);
    for (size_t i = 0; i < s->try_.handlers.count; i++) {
        struct py_object *const one = tree_field(r, list, i);
        s->try_.handlers.at[i].pos = tree_position(r, one);
        s->try_.handlers.at[i].type = optional_expr(r, tree_field(r, one, 5));
        s->try_.handlers.at[i].name = tree_optional_name(r, tree_field(r, one, 6));
        s->try_.handlers.at[i].body = read_stmts(r, tree_field(r, one, 7));
    }
    s->try_.orelse = read_stmts(r, FIELD(2));
    s->try_.finalbody = read_stmts(r, FIELD(3));
    s->try_.is_star = tree_is_kind(r, node, "TryStar");
}

static void read_assert(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->assert_.test = EXPR(0);
    s->assert_.msg = optional_expr(r, FIELD(1));
}

static struct ast_aliases read_aliases(struct tree_reader *r, struct py_object *list)
{
    struct ast_aliases out = {.count = tree_length(r, list)};
    out.at = arena_array(r->arena, struct ast_alias, out.count);
    for (size_t i = 0; i < out.count; i++) {
        struct py_object *const node = tree_field(r, list, i);
        out.at[i].pos = tree_position(r, node);
        out.at[i].name = tree_name(r, FIELD(0));
        out.at[i].asname = tree_optional_name(r, FIELD(1));
    }
    return out;
}

static void read_import(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->import.names = read_aliases(r, FIELD(0));
}

static void read_import_from(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->importfrom.module = tree_optional_name(r, FIELD(0));
    s->importfrom.names = read_aliases(r, FIELD(1));
    s->importfrom.level = FIELD(2) == PY_NONE ? 0 : (uint32_t)tree_number(r, FIELD(2));
}

static void read_global(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    s->global.names = names(r, FIELD(0));
}

static void read_nothing(struct tree_reader *r, struct py_object *node, struct ast_stmt *s)
{
    (void)r, (void)node, (void)s;
}

static const struct {
    const char *kind;
    enum ast_stmt_kind stmt_kind;
    void (*read)(struct tree_reader *r, struct py_object *node, struct ast_stmt *s);
} stmt_readers[] = {
    {"Expr", AST_STMT_EXPR, read_return},
    {"Assign", AST_STMT_ASSIGN, read_assign},
    {"If", AST_STMT_IF, read_if},
    {"FunctionDef", AST_STMT_FUNCTION, read_function},
    {"AsyncFunctionDef", AST_STMT_FUNCTION, read_function},
    {"ClassDef", AST_STMT_CLASS, read_class},
    {"Return", AST_STMT_RETURN, read_return},
    {"Delete", AST_STMT_DELETE, read_delete},
    {"AugAssign", AST_STMT_AUGASSIGN, read_augassign},
    {"AnnAssign", AST_STMT_ANNASSIGN, read_annassign},
    {"For", AST_STMT_FOR, read_for},
    {"AsyncFor", AST_STMT_FOR, read_for},
    {"While", AST_STMT_WHILE, read_while},
    {"With", AST_STMT_WITH, read_with},
    {"AsyncWith", AST_STMT_WITH, read_with},
    {"Match", AST_STMT_MATCH, read_match},
    {"Raise", AST_STMT_RAISE, read_raise},
    {"Try", AST_STMT_TRY, read_try},
    {"TryStar", AST_STMT_TRY, read_try},
    {"Assert", AST_STMT_ASSERT, read_assert},
    {"Import", AST_STMT_IMPORT, read_import},
    {"ImportFrom", AST_STMT_IMPORTFROM, read_import_from},
    {"Global", AST_STMT_GLOBAL, read_global},
    {"Nonlocal", AST_STMT_NONLOCAL, read_global},
    {"Pass", AST_STMT_PASS, read_nothing},
    {"Break", AST_STMT_BREAK, read_nothing},
    {"Continue", AST_STMT_CONTINUE, read_nothing},
};

static struct ast_stmt *read_stmt(struct tree_reader *r, struct py_object *node)
{
    tree_enter(r);
    for (size_t i = 0; i < COUNT(stmt_readers); i++) {
        if (!tree_is_kind(r, node, stmt_readers[i].kind))
            continue;
        struct ast_stmt *const s = arena_new(r->arena, struct ast_stmt);
        s->kind = stmt_readers[i].stmt_kind;
        s->pos = tree_position(r, node);
        stmt_readers[i].read(r, node, s);
        r->depth--;
        return s;
    }
    tree_fail(r);
}

static struct ast_stmts read_stmts(struct tree_reader *r, struct py_object *list)
{
    struct ast_stmts out = {.count = tree_length(r, list)};
    out.at = arena_array(r->arena, struct ast_stmt *, out.count);
    for (size_t i = 0; i < out.count; i++)
        out.at[i] = read_stmt(r, tree_field(r, list, i));
    return out;
}

/* ---- patterns ------------------------------------------------------------------------------- */

static struct ast_patterns patterns(struct tree_reader *r, struct py_object *list)
{
    struct ast_patterns out = {.count = tree_length(r, list)};
    out.at = arena_array(r->arena, struct ast_pattern *, out.count);
    for (size_t i = 0; i < out.count; i++)
        out.at[i] = read_pattern(r, tree_field(r, list, i));
    return out;
}

static void read_pattern_class(struct tree_reader *r, struct py_object *node, struct ast_pattern *p)
{
    p->class_.cls = EXPR(0);
    p->class_.patterns = patterns(r, FIELD(1));
    p->class_.kwd_attrs = names(r, FIELD(2));
    p->class_.kwd_patterns = patterns(r, FIELD(3));
    if (p->class_.kwd_attrs.count != p->class_.kwd_patterns.count)
        tree_fail(r);
}

static void read_pattern_mapping(struct tree_reader *r, struct py_object *node,
                                 struct ast_pattern *p)
{
    p->mapping.keys = exprs(r, FIELD(0));
    p->mapping.patterns = patterns(r, FIELD(1));
    p->mapping.rest = tree_optional_name(r, FIELD(2));
    if (p->mapping.keys.count != p->mapping.patterns.count)
        tree_fail(r);
}

static void read_pattern_as(struct tree_reader *r, struct py_object *node, struct ast_pattern *p)
{
    p->as.pattern = FIELD(0) == PY_NONE ? NULL : read_pattern(r, FIELD(0));
    p->as.name = tree_optional_name(r, FIELD(1));
}

static struct ast_pattern *read_pattern(struct tree_reader *r, struct py_object *node)
{
    static const char *const kinds[] = {"MatchValue",   "MatchSingleton", "MatchSequence",
                                        "MatchMapping", "MatchClass",     "MatchStar",
                                        "MatchAs",      "MatchOr"};
    struct ast_pattern *const p = arena_new(r->arena, struct ast_pattern);
    tree_enter(r);
    p->kind = (enum ast_pattern_kind)ONE_OF(r, tree_field(r, node, 0), kinds);
    p->pos = tree_position(r, node);
    switch (p->kind) {
    case AST_PAT_VALUE:
        p->value.value = EXPR(0);
        break;
    case AST_PAT_SINGLETON:
        p->singleton.value = FIELD(0) == PY_NONE   ? AST_CONST_NONE
                             : FIELD(0) == PY_TRUE ? AST_CONST_TRUE
                                                   : AST_CONST_FALSE;
        break;
    case AST_PAT_SEQUENCE:
        p->sequence.patterns = patterns(r, FIELD(0));
        break;
    case AST_PAT_MAPPING:
        read_pattern_mapping(r, node, p);
        break;
    case AST_PAT_CLASS:
        read_pattern_class(r, node, p);
        break;
    case AST_PAT_STAR:
        p->star.name = tree_optional_name(r, FIELD(0));
        break;
    case AST_PAT_AS:
        read_pattern_as(r, node, p);
        break;
    case AST_PAT_OR:
        p->or_.patterns = patterns(r, FIELD(0));
        break;
    }
    r->depth--;
    return p;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void read_module(struct tree_reader *r, struct py_object *nodes, struct ast_module *module)
{
    struct py_object *const body = tree_field(r, nodes, 1);
    if (tree_is_kind(r, nodes, "Expression")) {
        struct ast_stmt *const s = arena_new(r->arena, struct ast_stmt);
        s->kind = AST_STMT_EXPR;
        s->expr.value = read_expr(r, body);
        s->pos = s->expr.value->pos;
        module->mode = PARSE_EVAL;
        module->body =
            (struct ast_stmts){.at = arena_array(r->arena, struct ast_stmt *, 1), .count = 1};
        module->body.at[0] = s;
    } else {
        module->mode = tree_is_kind(r, nodes, "Interactive") ? PARSE_SINGLE : PARSE_FILE;
        module->body = read_stmts(r, body);
    }
}

struct ast_module *tree_read(struct arena *arena, struct py_object *nodes, const char *filename)
{
    struct tree_reader r = {.arena = arena};
    jmp_buf *const outer_oom = arena->on_oom;
    struct ast_module *volatile module = NULL;
    jmp_buf oom;
    if (setjmp(oom) != 0) {
        py_raise_no_memory();
        module = NULL;
    } else if (setjmp(r.fail) != 0) {
        module = NULL;
    } else {
        arena->on_oom = &oom;
        module = arena_new(arena, struct ast_module);
        module->filename = filename;
        module->source = "";
        read_module(&r, nodes, module);
    }
    arena->on_oom = outer_oom;
    return module;
}
