/*
 * The tree as text: see ast_dump.h. One function per node family, each a switch; the helpers print
 * one field with its name and keep track of the commas.
 */
#include "vm/front/ast_dump.h"

#include "vm/front/ast_repr.h"

struct dumper {
    FILE *out;
    bool attributes;
    bool first; /* no field of the current node is printed yet */
};

static void dump_expr(struct dumper *d, const struct ast_expr *expr);
static void dump_stmt(struct dumper *d, const struct ast_stmt *stmt);
static void dump_pattern(struct dumper *d, const struct ast_pattern *pattern);

/* ---- fields --------------------------------------------------------------------------------- */

static void open_node(struct dumper *d, const char *name)
{
    fprintf(d->out, "%s(", name);
    d->first = true;
}

static void field(struct dumper *d, const char *name)
{
    fprintf(d->out, d->first ? "%s=" : ", %s=", name);
    d->first = false;
}

static void close_node(struct dumper *d)
{
    fputc(')', d->out);
    d->first = false;
}

static void close_at(struct dumper *d, const struct ast_pos *pos)
{
    if (d->attributes) {
        field(d, "lineno");
        fprintf(d->out, "%u", pos->line);
        field(d, "col_offset");
        fprintf(d->out, "%u", pos->col);
        field(d, "end_lineno");
        fprintf(d->out, "%u", pos->end_line);
        field(d, "end_col_offset");
        fprintf(d->out, "%u", pos->end_col);
    }
    close_node(d);
}

static void expr_field(struct dumper *d, const char *name, const struct ast_expr *expr)
{
    if (expr != NULL) {
        field(d, name);
        dump_expr(d, expr);
    }
}

static void name_field(struct dumper *d, const char *field_name, const struct ast_name *name)
{
    if (name != NULL) {
        field(d, field_name);
        ast_print_text(d->out, name->text, name->len, false);
    }
}

static void int_field(struct dumper *d, const char *name, int value)
{
    field(d, name);
    fprintf(d->out, "%d", value);
}

static void ctx_field(struct dumper *d, enum ast_ctx ctx)
{
    static const char *const names[] = {"Load()", "Store()", "Del()"};
    field(d, "ctx");
    fputs(names[ctx], d->out);
}

#define DUMP_LIST(d, count, print_item)           \
    do {                                          \
        fputc('[', (d)->out);                     \
        for (size_t i_ = 0; i_ < (count); i_++) { \
            if (i_ > 0) {                         \
                fputs(", ", (d)->out);            \
            }                                     \
            print_item(i_);                       \
        }                                         \
        fputc(']', (d)->out);                     \
    } while (0)

/* A list whose entries may be NULL, printed as None. */
static void expr_array(struct dumper *d, const char *name, struct ast_expr *const *at, size_t count)
{
    field(d, name);
#define ITEM(i)                \
    if (at[i] != NULL) {       \
        dump_expr(d, at[i]);   \
    } else {                   \
        fputs("None", d->out); \
    }
    DUMP_LIST(d, count, ITEM);
#undef ITEM
    d->first = false;
}

static void exprs_field(struct dumper *d, const char *name, const struct ast_exprs *list)
{
    expr_array(d, name, list->at, list->count);
}

static void stmts_field(struct dumper *d, const char *name, const struct ast_stmts *list)
{
    field(d, name);
#define ITEM(i) dump_stmt(d, list->at[i])
    DUMP_LIST(d, list->count, ITEM);
#undef ITEM
    d->first = false;
}

static void names_field(struct dumper *d, const char *name, const struct ast_names *list)
{
    field(d, name);
#define ITEM(i) ast_print_text(d->out, list->at[i]->text, list->at[i]->len, false)
    DUMP_LIST(d, list->count, ITEM);
#undef ITEM
}

static void patterns_field(struct dumper *d, const char *name, const struct ast_patterns *list)
{
    field(d, name);
#define ITEM(i) dump_pattern(d, list->at[i])
    DUMP_LIST(d, list->count, ITEM);
#undef ITEM
    d->first = false;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static void dump_arg(struct dumper *d, const struct ast_arg *arg)
{
    open_node(d, "arg");
    name_field(d, "arg", arg->name);
    expr_field(d, "annotation", arg->annotation);
    close_at(d, &arg->pos);
}

static void arg_list(struct dumper *d, const char *name, const struct ast_arg *at, size_t count)
{
    field(d, name);
#define ITEM(i) dump_arg(d, &at[i])
    DUMP_LIST(d, count, ITEM);
#undef ITEM
    d->first = false;
}

static void args_field(struct dumper *d, const struct ast_args *args)
{
    field(d, "args");
    open_node(d, "arguments");
    arg_list(d, "posonlyargs", args->posonly, args->posonly_count);
    arg_list(d, "args", args->args, args->arg_count);
    if (args->vararg != NULL) {
        field(d, "vararg");
        dump_arg(d, args->vararg);
    }
    arg_list(d, "kwonlyargs", args->kwonly, args->kwonly_count);
    expr_array(d, "kw_defaults", args->kw_defaults, args->kwonly_count);
    if (args->kwarg != NULL) {
        field(d, "kwarg");
        dump_arg(d, args->kwarg);
    }
    exprs_field(d, "defaults", &args->defaults);
    close_node(d);
}

static void dump_keyword(struct dumper *d, const struct ast_keyword *keyword)
{
    open_node(d, "keyword");
    name_field(d, "arg", keyword->name);
    expr_field(d, "value", keyword->value);
    close_at(d, &keyword->pos);
}

static void keywords_field(struct dumper *d, const struct ast_keywords *list)
{
    field(d, "keywords");
#define ITEM(i) dump_keyword(d, &list->at[i])
    DUMP_LIST(d, list->count, ITEM);
#undef ITEM
    d->first = false;
}

static void dump_generator(struct dumper *d, const struct ast_comprehension *clause)
{
    open_node(d, "comprehension");
    expr_field(d, "target", clause->target);
    expr_field(d, "iter", clause->iter);
    exprs_field(d, "ifs", &clause->ifs);
    int_field(d, "is_async", clause->is_async);
    close_node(d);
}

static void generators_field(struct dumper *d, const struct ast_comprehensions *list)
{
    field(d, "generators");
#define ITEM(i) dump_generator(d, &list->at[i])
    DUMP_LIST(d, list->count, ITEM);
#undef ITEM
    d->first = false;
}

static void aliases_field(struct dumper *d, const struct ast_aliases *list)
{
    field(d, "names");
#define ITEM(i)                                  \
    open_node(d, "alias");                       \
    name_field(d, "name", list->at[i].name);     \
    name_field(d, "asname", list->at[i].asname); \
    close_at(d, &list->at[i].pos)
    DUMP_LIST(d, list->count, ITEM);
#undef ITEM
    d->first = false;
}

static void items_field(struct dumper *d, const struct ast_withitems *list)
{
    field(d, "items");
#define ITEM(i)                                         \
    open_node(d, "withitem");                           \
    expr_field(d, "context_expr", list->at[i].context); \
    expr_field(d, "optional_vars", list->at[i].target); \
    close_node(d)
    DUMP_LIST(d, list->count, ITEM);
#undef ITEM
    d->first = false;
}

static void handlers_field(struct dumper *d, const struct ast_handlers *list)
{
    field(d, "handlers");
#define ITEM(i)                                \
    open_node(d, "ExceptHandler");             \
    expr_field(d, "type", list->at[i].type);   \
    name_field(d, "name", list->at[i].name);   \
    stmts_field(d, "body", &list->at[i].body); \
    close_at(d, &list->at[i].pos)
    DUMP_LIST(d, list->count, ITEM);
#undef ITEM
    d->first = false;
}

static void cases_field(struct dumper *d, const struct ast_match_cases *list)
{
    field(d, "cases");
#define ITEM(i)                                \
    open_node(d, "match_case");                \
    field(d, "pattern");                       \
    dump_pattern(d, list->at[i].pattern);      \
    expr_field(d, "guard", list->at[i].guard); \
    stmts_field(d, "body", &list->at[i].body); \
    close_node(d)
    DUMP_LIST(d, list->count, ITEM);
#undef ITEM
    d->first = false;
}

static void binop_field(struct dumper *d, enum ast_binop op)
{
    static const char *const names[] = {
#define X(suffix, name, text) #name "()",
        AST_BINOPS(X)
#undef X
    };
    field(d, "op");
    fputs(names[op], d->out);
}

static void cmpops_field(struct dumper *d, const enum ast_cmpop *ops, size_t count)
{
    static const char *const names[] = {
#define X(suffix, name, text) #name "()",
        AST_CMPOPS(X)
#undef X
    };
    field(d, "ops");
#define ITEM(i) fputs(names[ops[i]], d->out)
    DUMP_LIST(d, count, ITEM);
#undef ITEM
}

/* ---- expressions ---------------------------------------------------------------------------- */

static void comp_fields(struct dumper *d, const struct ast_expr *expr, const char *name)
{
    open_node(d, name);
    expr_field(d, expr->kind == AST_EXPR_DICTCOMP ? "key" : "elt", expr->comp.element);
    expr_field(d, "value", expr->comp.value);
    generators_field(d, &expr->comp.generators);
}

static void value_fields(struct dumper *d, const char *name, const struct ast_expr *value)
{
    open_node(d, name);
    expr_field(d, "value", value);
}

static void dump_operation(struct dumper *d, const struct ast_expr *expr)
{
    static const char *const unary_names[] = {
#define X(suffix, name, text) #name "()",
        AST_UNARYOPS(X)
#undef X
    };
    switch (expr->kind) {
    case AST_EXPR_BOOLOP:
        open_node(d, "BoolOp");
        field(d, "op");
        fputs(expr->boolop.op == AST_BOOL_AND ? "And()" : "Or()", d->out);
        exprs_field(d, "values", &expr->boolop.values);
        break;
    case AST_EXPR_BINOP:
        open_node(d, "BinOp");
        expr_field(d, "left", expr->binop.left);
        binop_field(d, expr->binop.op);
        expr_field(d, "right", expr->binop.right);
        break;
    case AST_EXPR_UNARYOP:
        open_node(d, "UnaryOp");
        field(d, "op");
        fputs(unary_names[expr->unaryop.op], d->out);
        expr_field(d, "operand", expr->unaryop.operand);
        break;
    default:
        open_node(d, "Compare");
        expr_field(d, "left", expr->compare.left);
        cmpops_field(d, expr->compare.ops, expr->compare.comparators.count);
        exprs_field(d, "comparators", &expr->compare.comparators);
        break;
    }
}

static void dump_string(struct dumper *d, const struct ast_expr *expr)
{
    switch (expr->kind) {
    case AST_EXPR_FORMATTED:
        value_fields(d, "FormattedValue", expr->formatted.value);
        int_field(d, "conversion", expr->formatted.conversion);
        expr_field(d, "format_spec", expr->formatted.format_spec);
        break;
    case AST_EXPR_JOINEDSTR:
        open_node(d, "JoinedStr");
        exprs_field(d, "values", &expr->joinedstr.values);
        break;
    default:
        open_node(d, "Constant");
        field(d, "value");
        ast_print_constant(d->out, &expr->constant);
        if (expr->constant.kind == AST_CONST_STR && expr->constant.string.u_prefix) {
            field(d, "kind");
            fputs("'u'", d->out);
        }
        break;
    }
}

static void dump_expr(struct dumper *d, const struct ast_expr *expr)
{
    switch (expr->kind) {
    case AST_EXPR_BOOLOP:
    case AST_EXPR_BINOP:
    case AST_EXPR_UNARYOP:
    case AST_EXPR_COMPARE:
        dump_operation(d, expr);
        break;
    case AST_EXPR_FORMATTED:
    case AST_EXPR_JOINEDSTR:
    case AST_EXPR_CONSTANT:
        dump_string(d, expr);
        break;
    case AST_EXPR_NAMED:
        open_node(d, "NamedExpr");
        expr_field(d, "target", expr->named.target);
        expr_field(d, "value", expr->named.value);
        break;
    case AST_EXPR_LAMBDA:
        open_node(d, "Lambda");
        args_field(d, expr->lambda.args);
        expr_field(d, "body", expr->lambda.body);
        break;
    case AST_EXPR_IF:
        open_node(d, "IfExp");
        expr_field(d, "test", expr->if_.test);
        expr_field(d, "body", expr->if_.body);
        expr_field(d, "orelse", expr->if_.orelse);
        break;
    case AST_EXPR_DICT:
        open_node(d, "Dict");
        expr_array(d, "keys", expr->dict.keys, expr->dict.count);
        expr_array(d, "values", expr->dict.values, expr->dict.count);
        break;
    case AST_EXPR_SET:
        open_node(d, "Set");
        exprs_field(d, "elts", &expr->set.elts);
        break;
    case AST_EXPR_LISTCOMP:
        comp_fields(d, expr, "ListComp");
        break;
    case AST_EXPR_SETCOMP:
        comp_fields(d, expr, "SetComp");
        break;
    case AST_EXPR_DICTCOMP:
        comp_fields(d, expr, "DictComp");
        break;
    case AST_EXPR_GENERATOR:
        comp_fields(d, expr, "GeneratorExp");
        break;
    case AST_EXPR_AWAIT:
        value_fields(d, "Await", expr->yield.value);
        break;
    case AST_EXPR_YIELD:
        value_fields(d, "Yield", expr->yield.value);
        break;
    case AST_EXPR_YIELD_FROM:
        value_fields(d, "YieldFrom", expr->yield.value);
        break;
    case AST_EXPR_CALL:
        open_node(d, "Call");
        expr_field(d, "func", expr->call.func);
        exprs_field(d, "args", &expr->call.args);
        keywords_field(d, &expr->call.keywords);
        break;
    case AST_EXPR_ATTRIBUTE:
        value_fields(d, "Attribute", expr->attribute.value);
        name_field(d, "attr", expr->attribute.attr);
        ctx_field(d, expr->attribute.ctx);
        break;
    case AST_EXPR_SUBSCRIPT:
        value_fields(d, "Subscript", expr->subscript.value);
        expr_field(d, "slice", expr->subscript.index);
        ctx_field(d, expr->subscript.ctx);
        break;
    case AST_EXPR_STARRED:
        value_fields(d, "Starred", expr->starred.value);
        ctx_field(d, expr->starred.ctx);
        break;
    case AST_EXPR_NAME:
        open_node(d, "Name");
        name_field(d, "id", expr->name.id);
        ctx_field(d, expr->name.ctx);
        break;
    case AST_EXPR_LIST:
    case AST_EXPR_TUPLE:
        open_node(d, expr->kind == AST_EXPR_LIST ? "List" : "Tuple");
        exprs_field(d, "elts", &expr->seq.elts);
        ctx_field(d, expr->seq.ctx);
        break;
    case AST_EXPR_SLICE:
        open_node(d, "Slice");
        expr_field(d, "lower", expr->slice.lower);
        expr_field(d, "upper", expr->slice.upper);
        expr_field(d, "step", expr->slice.step);
        break;
    }
    close_at(d, &expr->pos);
}

/* ---- statements ----------------------------------------------------------------------------- */

static void dump_compound(struct dumper *d, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_STMT_FUNCTION:
        open_node(d, s->function.is_async ? "AsyncFunctionDef" : "FunctionDef");
        name_field(d, "name", s->function.name);
        args_field(d, s->function.args);
        stmts_field(d, "body", &s->function.body);
        exprs_field(d, "decorator_list", &s->function.decorators);
        expr_field(d, "returns", s->function.returns);
        break;
    case AST_STMT_CLASS:
        open_node(d, "ClassDef");
        name_field(d, "name", s->class_.name);
        exprs_field(d, "bases", &s->class_.bases);
        keywords_field(d, &s->class_.keywords);
        stmts_field(d, "body", &s->class_.body);
        exprs_field(d, "decorator_list", &s->class_.decorators);
        break;
    case AST_STMT_FOR:
        open_node(d, s->for_.is_async ? "AsyncFor" : "For");
        expr_field(d, "target", s->for_.target);
        expr_field(d, "iter", s->for_.iter);
        stmts_field(d, "body", &s->for_.body);
        stmts_field(d, "orelse", &s->for_.orelse);
        break;
    case AST_STMT_WHILE:
        open_node(d, "While");
        expr_field(d, "test", s->while_.test);
        stmts_field(d, "body", &s->while_.body);
        stmts_field(d, "orelse", &s->while_.orelse);
        break;
    case AST_STMT_IF:
        open_node(d, "If");
        expr_field(d, "test", s->if_.test);
        stmts_field(d, "body", &s->if_.body);
        stmts_field(d, "orelse", &s->if_.orelse);
        break;
    case AST_STMT_WITH:
        open_node(d, s->with.is_async ? "AsyncWith" : "With");
        items_field(d, &s->with.items);
        stmts_field(d, "body", &s->with.body);
        break;
    case AST_STMT_MATCH:
        open_node(d, "Match");
        expr_field(d, "subject", s->match.subject);
        cases_field(d, &s->match.cases);
        break;
    default:
        open_node(d, s->try_.is_star ? "TryStar" : "Try");
        stmts_field(d, "body", &s->try_.body);
        handlers_field(d, &s->try_.handlers);
        stmts_field(d, "orelse", &s->try_.orelse);
        stmts_field(d, "finalbody", &s->try_.finalbody);
        break;
    }
}

static void dump_simple(struct dumper *d, const struct ast_stmt *s)
{
    switch (s->kind) {
    case AST_STMT_RETURN:
        value_fields(d, "Return", s->expr.value);
        break;
    case AST_STMT_EXPR:
        value_fields(d, "Expr", s->expr.value);
        break;
    case AST_STMT_DELETE:
        open_node(d, "Delete");
        exprs_field(d, "targets", &s->delete_.targets);
        break;
    case AST_STMT_ASSIGN:
        open_node(d, "Assign");
        exprs_field(d, "targets", &s->assign.targets);
        expr_field(d, "value", s->assign.value);
        break;
    case AST_STMT_AUGASSIGN:
        open_node(d, "AugAssign");
        expr_field(d, "target", s->augassign.target);
        binop_field(d, s->augassign.op);
        expr_field(d, "value", s->augassign.value);
        break;
    case AST_STMT_ANNASSIGN:
        open_node(d, "AnnAssign");
        expr_field(d, "target", s->annassign.target);
        expr_field(d, "annotation", s->annassign.annotation);
        expr_field(d, "value", s->annassign.value);
        int_field(d, "simple", s->annassign.simple);
        break;
    case AST_STMT_RAISE:
        open_node(d, "Raise");
        expr_field(d, "exc", s->raise.exc);
        expr_field(d, "cause", s->raise.cause);
        break;
    case AST_STMT_ASSERT:
        open_node(d, "Assert");
        expr_field(d, "test", s->assert_.test);
        expr_field(d, "msg", s->assert_.msg);
        break;
    case AST_STMT_IMPORT:
        open_node(d, "Import");
        aliases_field(d, &s->import.names);
        break;
    case AST_STMT_IMPORTFROM:
        open_node(d, "ImportFrom");
        name_field(d, "module", s->importfrom.module);
        aliases_field(d, &s->importfrom.names);
        int_field(d, "level", (int)s->importfrom.level);
        break;
    case AST_STMT_GLOBAL:
    case AST_STMT_NONLOCAL:
        open_node(d, s->kind == AST_STMT_GLOBAL ? "Global" : "Nonlocal");
        names_field(d, "names", &s->global.names);
        break;
    default:
        open_node(d, s->kind == AST_STMT_PASS    ? "Pass"
                     : s->kind == AST_STMT_BREAK ? "Break"
                                                 : "Continue");
        break;
    }
}

static void dump_stmt(struct dumper *d, const struct ast_stmt *stmt)
{
    switch (stmt->kind) {
    case AST_STMT_FUNCTION:
    case AST_STMT_CLASS:
    case AST_STMT_FOR:
    case AST_STMT_WHILE:
    case AST_STMT_IF:
    case AST_STMT_WITH:
    case AST_STMT_MATCH:
    case AST_STMT_TRY:
        dump_compound(d, stmt);
        break;
    default:
        dump_simple(d, stmt);
        break;
    }
    close_at(d, &stmt->pos);
}

/* ---- patterns ------------------------------------------------------------------------------- */

static void dump_pattern(struct dumper *d, const struct ast_pattern *pattern)
{
    switch (pattern->kind) {
    case AST_PAT_VALUE:
        value_fields(d, "MatchValue", pattern->value.value);
        break;
    case AST_PAT_SINGLETON: {
        const struct ast_const value = {.kind = pattern->singleton.value};
        open_node(d, "MatchSingleton");
        field(d, "value");
        ast_print_constant(d->out, &value);
        break;
    }
    case AST_PAT_SEQUENCE:
        open_node(d, "MatchSequence");
        patterns_field(d, "patterns", &pattern->sequence.patterns);
        break;
    case AST_PAT_MAPPING:
        open_node(d, "MatchMapping");
        exprs_field(d, "keys", &pattern->mapping.keys);
        patterns_field(d, "patterns", &pattern->mapping.patterns);
        name_field(d, "rest", pattern->mapping.rest);
        break;
    case AST_PAT_CLASS:
        open_node(d, "MatchClass");
        expr_field(d, "cls", pattern->class_.cls);
        patterns_field(d, "patterns", &pattern->class_.patterns);
        names_field(d, "kwd_attrs", &pattern->class_.kwd_attrs);
        patterns_field(d, "kwd_patterns", &pattern->class_.kwd_patterns);
        break;
    case AST_PAT_STAR:
        open_node(d, "MatchStar");
        name_field(d, "name", pattern->star.name);
        break;
    case AST_PAT_AS:
        open_node(d, "MatchAs");
        if (pattern->as.pattern != NULL) {
            field(d, "pattern");
            dump_pattern(d, pattern->as.pattern);
        }
        name_field(d, "name", pattern->as.name);
        break;
    case AST_PAT_OR:
        open_node(d, "MatchOr");
        patterns_field(d, "patterns", &pattern->or_.patterns);
        break;
    }
    close_at(d, &pattern->pos);
}

void ast_dump(const struct ast_module *module, bool attributes, FILE *out)
{
    struct dumper d = {.out = out, .attributes = attributes};
    switch (module->mode) {
    case PARSE_FILE:
        open_node(&d, "Module");
        stmts_field(&d, "body", &module->body);
        field(&d, "type_ignores");
        fputs("[]", out);
        break;
    case PARSE_SINGLE:
        open_node(&d, "Interactive");
        stmts_field(&d, "body", &module->body);
        break;
    case PARSE_EVAL:
        open_node(&d, "Expression");
        expr_field(&d, "body", module->body.at[0]->expr.value);
        break;
    }
    close_node(&d);
    fputc('\n', out);
}
