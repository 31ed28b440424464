// See where.h. What the columns in the expression need is found from its words, before it is
// compiled: a retained size costs a pass over the graph, which nobody waits for who asks for sizes.
#include "inspector/cmd/where.h"

#include "inspector/lua/expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

// ---- without a heap ----

static int any_column(const void *context, const char *name, size_t length, const char **why)
{
    (void)context;
    (void)why;
    const enum column_id column = column_find(name, length);
    return column == COLUMN_COUNT ? -1 : (int)column;
}

static const char *suggest(const void *context, const char *name, size_t length)
{
    (void)context;
    return column_suggest(name, length);
}

struct error *where_check(const char *text)
{
    static const struct expr_space space = {
        .of = "objects", .find = any_column, .suggest = suggest};
    char message[EXPR_ERROR_MAX];
    struct expr *expr = malloc(sizeof *expr);
    if (!expr)
        return &error_no_memory;
    const bool right = expr_compile(expr, &space, text, NULL, NULL, message);
    if (right)
        expr_deinit(expr);
    free(expr);
    return right ? NULL : error_create(ERROR_USAGE, "--%s", message);
}

// ---- with one ----

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

// The greatest need among the words that are columns. Texts in quotes are skipped.
static enum column_need need_of(const char *text)
{
    enum column_need need = NEED_NOTHING;
    while (*text) {
        size_t length = 0;
        if (*text == '\'' || *text == '"') {
            const char *end = strchr(text + 1, *text);
            text = end ? end + 1 : text + strlen(text);
            continue;
        }
        while (is_letter(text[length]))
            length++;
        const enum column_id column = column_find(text, length);
        if (length && column != COLUMN_COUNT && column_need_of(column) > need)
            need = column_need_of(column);
        text += length ? length : 1;
    }
    return need;
}

static struct error *test_all(struct plugin_heap *heap, const char *text, uint64_t **ret)
{
    const struct expr_space space = expr_heap_space(heap);
    const uint32_t count = heap->snapshot->object_count;
    char message[EXPR_ERROR_MAX];
    _cleanup_free_ struct expr *expr = malloc(sizeof *expr);
    uint64_t *bits = calloc(count / 64 + 1, sizeof *bits);
    if (!expr || !bits) {
        free(bits);
        return &error_no_memory;
    }
    if (!expr_compile(expr, &space, text, NULL, NULL, message)) {
        free(bits);
        return error_create(ERROR_USAGE, "--%s", message);
    }
    for (uint32_t first = 0; first < count; first += 64)
        bits[first / 64] = expr_test_many(expr, first, count - first < 64 ? count - first : 64);
    expr_deinit(expr);
    *ret = bits;
    return NULL;
}

struct error *where_objects(struct snapshot *snapshot, struct dominators *dominators,
                            const char *text, uint64_t **ret)
{
    struct plugin_heap heap;
    const enum column_need need = need_of(text);
    const bool own = need == NEED_RETAINED && !dominators;
    TRY(plugin_heap_init(&heap, snapshot, 1, need != NEED_NOTHING, own));
    if (dominators) {
        heap.dominators = dominators;
        heap.retained = true;
    }
    struct error *err = test_all(&heap, text, ret);
    if (dominators)
        heap.dominators = NULL; // the caller's
    plugin_heap_deinit(&heap);
    return err;
}
