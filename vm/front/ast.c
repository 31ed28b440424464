/*
 * Names and small questions about the tree of ast.h. The interner is one open hash table per arena,
 * doubled when it is full; old tables stay in the arena, which costs at most as much again as the
 * last one. Nothing here is thread-safe, as the arena is not.
 */
#include "vm/front/ast.h"

#include <string.h>

enum {
    FIRST_BUCKETS = 256,
};

struct name_table {
    struct ast_name **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t name_count;
};

static uint32_t hash_bytes(const char *text, size_t len)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    }
    return hash ^ (hash >> 15);
}

static struct name_table *table_of(struct arena *arena)
{
    if (arena->names == NULL) {
        struct name_table *table = arena_new(arena, struct name_table);
        if (table == NULL) {
            return NULL;
        }
        table->buckets = arena_array(arena, struct ast_name *, FIRST_BUCKETS);
        if (table->buckets == NULL) {
            return NULL;
        }
        table->bucket_count = FIRST_BUCKETS;
        arena->names = table;
        /* Keywords come first, so that a small id says "keyword" (tokens.def). */
#define KEYWORD(suffix, text) ast_intern(arena, text, sizeof(text) - 1);
#include "vm/front/tokens.def"
    }
    return arena->names;
}

static void table_grow(struct arena *arena, struct name_table *table)
{
    const uint32_t count = table->bucket_count * 2;
    struct ast_name **buckets = arena_array(arena, struct ast_name *, count);
    if (buckets == NULL) {
        return; /* longer chains, still correct */
    }
    for (uint32_t i = 0; i < table->bucket_count; i++) {
        struct ast_name *name = table->buckets[i];
        while (name != NULL) {
            struct ast_name *next = name->next_in_bucket;
            struct ast_name **bucket = &buckets[name->hash & (count - 1)];
            name->next_in_bucket = *bucket;
            *bucket = name;
            name = next;
        }
    }
    table->buckets = buckets;
    table->bucket_count = count;
}

struct ast_name *ast_intern(struct arena *arena, const char *text, size_t len)
{
    struct name_table *table = table_of(arena);
    if (table == NULL) {
        return NULL;
    }
    const uint32_t hash = hash_bytes(text, len);
    struct ast_name *name = table->buckets[hash & (table->bucket_count - 1)];
    for (; name != NULL; name = name->next_in_bucket) {
        if (name->hash == hash && name->len == len && memcmp(name->text, text, len) == 0) {
            return name;
        }
    }
    if (table->name_count >= table->bucket_count) {
        table_grow(arena, table);
    }
    name = arena_new(arena, struct ast_name);
    char *copy = name != NULL ? arena_copy(arena, text, len) : NULL;
    if (copy == NULL) {
        return NULL;
    }
    struct ast_name **bucket = &table->buckets[hash & (table->bucket_count - 1)];
    *name = (struct ast_name){
        .text = copy,
        .len = (uint32_t)len,
        .hash = hash,
        .id = table->name_count++,
        .next_in_bucket = *bucket,
    };
    *bucket = name;
    return name;
}

struct ast_name *ast_intern_c(struct arena *arena, const char *text)
{
    return ast_intern(arena, text, strlen(text));
}

const struct ast_expr *ast_docstring(const struct ast_stmts *body)
{
    if (body->count == 0 || body->at[0]->kind != AST_STMT_EXPR) {
        return NULL;
    }
    const struct ast_expr *value = body->at[0]->expr.value;
    const bool is_str = value->kind == AST_EXPR_CONSTANT && value->constant.kind == AST_CONST_STR;
    return is_str ? value : NULL;
}

static void add_warning(struct arena *arena, const struct ast_warning *noted)
{
    struct ast_warning *warning = arena_new(arena, struct ast_warning);
    if (warning == NULL) {
        return;
    }
    *warning = *noted;
    warning->older = arena->warnings;
    arena->warnings = warning;
}

void ast_warn(struct arena *arena, struct ast_pos pos, const char *msg)
{
    add_warning(arena, &(struct ast_warning){.msg = msg, .pos = pos});
}

static bool is_before(const struct ast_pos *a, const struct ast_pos *b)
{
    return a->line < b->line || (a->line == b->line && a->col < b->col);
}

void ast_warn_deprecated(struct arena *arena, struct ast_pos pos, const char *msg)
{
    /* They are noted in the order of the source, but for those that come again. */
    for (const struct ast_warning *w = arena->warnings;
         w != NULL && w->deprecated && !is_before(&w->pos, &pos); w = w->older) {
        if (!is_before(&pos, &w->pos) && strcmp(w->msg, msg) == 0) {
            return;
        }
    }
    add_warning(arena, &(struct ast_warning){.msg = msg, .pos = pos, .deprecated = true});
}

struct ast_warning *ast_take_warnings(struct arena *arena)
{
    struct ast_warning *first = NULL;
    for (struct ast_warning *w = arena->warnings, *older; w != NULL; w = older) {
        older = w->older;
        w->older = first;
        first = w;
    }
    arena->warnings = NULL;
    return first;
}
