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
// Compiled into nodes of a fixed array and evaluated without memory. What the columns are, and of
// what, is a *space* (expr_space): objects of a heap, events, rows of groups. Objects are tested 64
// at a time where the expression compares numbers with constants, which is what filters mostly do;
// a comparison of a column of few values (the type) with a constant is decided once per value.
#ifndef BRILLE_INSPECTOR_LUA_EXPR_H
#define BRILLE_INSPECTOR_LUA_EXPR_H

#include "inspector/lua/heap.h"
#include "inspector/lua/value.h"
#include <stdbool.h>
#include <stdint.h>

#define EXPR_NODES_MAX 128
#define EXPR_TEXT_MAX  2048
#define EXPR_ERROR_MAX 400
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

// Rows with columns. `row` means what the space says.
struct expr_space {
    const void *context;
    const char *of; // "objects", for messages
    // The number of a column, -1 when there is none. `why` gets what is wrong with one that is
    // there and cannot be read, in words.
    int (*find)(const void *context, const char *name, size_t length, const char **why);
    const char *(*suggest)(const void *context, const char *name, size_t length); // or NULL
    struct value (*get)(const void *context, int column, uint64_t row);
    // The numbers of up to 64 rows from `row` on; a bit of *absent for each that has none. False
    // when the column has no numbers. May be NULL.
    bool (*fill)(const void *context, int column, uint64_t row, unsigned count, int64_t *numbers,
                 uint64_t *absent);
    // For columns of few values: which one each row has, by row, and how many there are. NULL for
    // other columns. May be NULL.
    const uint32_t *(*codes)(const void *context, int column, uint32_t *values);
};

// The space of the objects of a heap.
struct expr_space expr_heap_space(const struct plugin_heap *heap);

struct expr_node {
    enum expr_op op;
    uint8_t left, right;
    int column;
    struct value value;
    const uint32_t *codes; // with `known`: by row
    uint8_t *known;        // NULL, or per value of the column: 0 unknown, 1 false, 2 true
};

struct expr {
    struct expr_space space;
    struct expr_node nodes[EXPR_NODES_MAX];
    unsigned count;
    uint8_t root;
    char texts[EXPR_TEXT_MAX]; // of literals
    size_t text_length;
};

// Finds the value of :name. The text in it must live as long as the expression.
typedef bool expr_bind(void *context, const char *name, struct value *ret);

// False with a line in `error`. `bind` may be NULL.
bool expr_compile(struct expr *expr, const struct expr_space *space, const char *text,
                  expr_bind *bind, void *context, char error[EXPR_ERROR_MAX]);
void expr_deinit(struct expr *expr);

bool expr_test(const struct expr *expr, uint64_t row);
// Rows first .. first + count - 1, count at most 64: a bit for each that passes.
uint64_t expr_test_many(const struct expr *expr, uint64_t first, unsigned count);
// The number that the expression gives, NONE when it is none. For ranking.
struct value expr_value(const struct expr *expr, uint64_t row);

// The columns that it looks at, below 64: a bit for each.
uint64_t expr_columns(const struct expr *expr);
// Whether it may have this truth for the row when only those columns can be asked for of which
// `known` says so.
bool expr_may_be(const struct expr *expr, bool truth, uint64_t row,

                 bool (*known)(const void *context, int column, uint64_t row));
// The number that a column must equal for the expression to be true; false when there is none.
bool expr_demands(const struct expr *expr, int column, int64_t *ret);

// Whether all that the expression asks, beside what `known` says of the row, is that a column be a
// number from *low to *high.
bool expr_is_range(const struct expr *expr, int column, uint64_t row,
                   bool (*known)(const void *context, int column, uint64_t row), int64_t *low,
                   int64_t *high);

// Narrows *low and *high to the numbers that a column must be within for the expression to be true,
// as far as comparisons with numbers that are joined by `and` say it.
void expr_bounds(const struct expr *expr, int column, int64_t *low, int64_t *high);

bool expr_glob(const char *pattern, const char *text);

#endif
