/* See tree_fields.h. Each fetch checks what it fetches; the caller does not look again. */
#include "vm/compile/tree_fields.h"

#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"

#define DEPTH_MAX 800 /* as deep as the parser nests */

void tree_fail(struct tree_reader *r)
{
    if (!py_error_occurred())
        py_raise(&py_exc_ValueError, "not a plain syntax tree");
    longjmp(r->fail, 1);
}

size_t tree_length(struct tree_reader *r, struct py_object *list)
{
    if (!py_tuple_check(list))
        tree_fail(r);
    return (size_t)((struct py_tuple *)list)->base.size;
}

struct py_object *tree_field(struct tree_reader *r, struct py_object *node, size_t index)
{
    if (index >= tree_length(r, node))
        tree_fail(r);
    return ((struct py_tuple *)node)->items[index];
}

const char *tree_text(struct tree_reader *r, struct py_object *o, size_t *len)
{
    const char *const s = py_str_check(o) ? py_str_utf8((struct py_str *)o, len) : NULL;
    if (!s)
        tree_fail(r);
    return s;
}

int64_t tree_number(struct tree_reader *r, struct py_object *o)
{
    const int64_t value = py_int_as_i64(o);
    if (value == -1 && py_error_occurred())
        tree_fail(r);
    return value;
}

struct ast_name *tree_name(struct tree_reader *r, struct py_object *o)
{
    size_t len;
    const char *const s = tree_text(r, o, &len);
    return ast_intern(r->arena, s, len);
}

struct ast_name *tree_optional_name(struct tree_reader *r, struct py_object *o)
{
    return o == PY_NONE ? NULL : tree_name(r, o);
}

bool tree_is_kind(struct tree_reader *r, struct py_object *node, const char *kind)
{
    struct py_object *const own = tree_field(r, node, 0);
    return py_str_check(own) && py_str_equal_cstr((struct py_str *)own, kind);
}

static uint32_t position_part(struct tree_reader *r, struct py_object *node, size_t index)
{
    const int64_t value = tree_number(r, tree_field(r, node, index));
    return value < 0 ? 0 : value > INT32_MAX ? INT32_MAX : (uint32_t)value;
}

struct ast_pos tree_position(struct tree_reader *r, struct py_object *node)
{
    return (struct ast_pos){
        .line = position_part(r, node, 1),
        .col = position_part(r, node, 2),
        .end_line = position_part(r, node, 3),
        .end_col = position_part(r, node, 4),
    };
}

void tree_enter(struct tree_reader *r)
{
    if (++r->depth > DEPTH_MAX) {
        py_raise(&py_exc_RecursionError, "maximum recursion depth exceeded during compilation");
        tree_fail(r);
    }
}

/* Which of `names` a field says; the lists of operators are in the order of their enums. */
unsigned tree_one_of(struct tree_reader *r, struct py_object *o, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (py_str_check(o) && py_str_equal_cstr((struct py_str *)o, names[i]))
            return (unsigned)i;
    tree_fail(r);
}
