// `where` expressions: "type == 'dict' and size > 1KiB".
//
//     or, and, not          truth; what is absent (nil) is false, 0 is not
//     == ~= != < <= > >=    absent equals only nil; a number and a text are never equal, and
//                           ordering them is false
//     ~                     glob: label ~ '*token*', with * and ?
//     in (a, b, ...)        equals one of them
//     + - * /               on numbers; / is real, by zero gives 0
//     size, type, ...       columns (columns.def)
//     12  1.5  64KiB  5ms   literals; binary and decimal byte units, ns us ms s
//     'text' "text"         true false nil
//     :name                 a bound parameter
//
// Compiled into nodes of a fixed array and evaluated per object without memory. A comparison of the
// type or module column with a constant is decided once per type.
#ifndef BRILLE_INSPECTOR_LUA_EXPR_H
#define BRILLE_INSPECTOR_LUA_EXPR_H

#include "inspector/lua/heap.h"
#include "inspector/lua/value.h"
#include <stdbool.h>
#include <stdint.h>

#define EXPR_NODES_MAX 128
#define EXPR_TEXT_MAX  2048
#define EXPR_ERROR_MAX 240
#define EXPR_DEPTH_MAX 64

enum expr_op {
    EXPR_VALUE,
    EXPR_COLUMN,
    EXPR_NOT,
    EXPR_AND,
    EXPR_OR,
    EXPR_EQ,
    EXPR_NE,
    EXPR_LT,
    EXPR_LE,
    EXPR_GT,
    EXPR_GE,
    EXPR_GLOB,
    EXPR_ADD,
    EXPR_SUBTRACT,
    EXPR_MULTIPLY,
    EXPR_DIVIDE,
};

struct expr_node {
    enum expr_op op;
    uint8_t left, right;
    enum column_id column;
    struct value value;
    uint8_t *by_type; // NULL, or per type: 0 unknown, 1 false, 2 true
};

struct expr {
    const struct plugin_heap *heap;
    struct expr_node nodes[EXPR_NODES_MAX];
    unsigned count;
    uint8_t root;
    char texts[EXPR_TEXT_MAX]; // of literals
    size_t text_length;
};

// Finds the value of :name. The text in it must live as long as the expression.
typedef bool expr_bind(void *context, const char *name, struct value *ret);

// False with a line in `error`. `bind` may be NULL.
bool expr_compile(struct expr *expr, const struct plugin_heap *heap, const char *text,
                  expr_bind *bind, void *context, char error[EXPR_ERROR_MAX]);
void expr_deinit(struct expr *expr);

bool expr_test(const struct expr *expr, uint32_t object);

bool expr_glob(const char *pattern, const char *text);

#endif
