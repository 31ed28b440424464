/* Cells: one variable that a function shares with the functions inside it. */
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

#define VALUE(o) (((struct py_cell *)(o))->value)

struct py_object *py_cell_new(struct py_object *value)
{
    struct py_cell *c = py_object_new(&py_cell_type);
    if (!c)
        return NULL;
    py_xincref(value);
    c->value = value;
    py_gc_track(c);
    return PY_OBJ(c);
}

static struct py_object *cell_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames)
{
    (void)type;
    if (py_no_keywords("cell", kwnames) < 0 || py_check_positional("cell", nargs, 0, 1) < 0)
        return NULL;
    return py_cell_new(nargs ? args[0] : NULL);
}

static struct py_object *cell_repr(struct py_object *self)
{
    struct py_object *v = VALUE(self);
    if (!v)
        return PY_OBJ(py_str_format_c("<cell at %p: empty>", (void *)self));
    return PY_OBJ(py_str_format_c("<cell at %p: %.80s object at %p>", (void *)self, v->type->name,
                                  (void *)v));
}

/* An empty cell is smaller than any value. */
static struct py_object *cell_compare(struct py_object *a, struct py_object *b, int op)
{
    if (b->type != &py_cell_type)
        return PY_NOT_IMPLEMENTED;
    if (VALUE(a) && VALUE(b))
        return py_richcompare(VALUE(a), VALUE(b), op);
    const int x = VALUE(a) != NULL, y = VALUE(b) != NULL;
    const bool results[6] = {x<y, x <= y, x == y, x != y, x> y, x >= y};
    return py_bool_from(results[op]);
}

static struct py_object *get_contents(struct py_object *self, void *closure)
{
    (void)closure;
    if (!VALUE(self))
        return py_raise(&py_exc_ValueError, "Cell is empty");
    return py_newref(VALUE(self));
}

static int set_contents(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    struct py_object *old = VALUE(self);
    py_xincref(value);
    VALUE(self) = value;
    py_xdecref(old);
    return 0;
}

static const struct py_getset_def cell_getsets[] = {
    {.name = "cell_contents", .get = get_contents, .set = set_contents},
    {.name = NULL},
};

static const struct py_field cell_fields[] = {
    PY_FIELD(struct py_cell, value),
    PY_FIELD_END,
};

struct py_type py_cell_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "cell",
    .doc = "A variable that functions share.\n\n  contents\n    its value; without one the cell is "
           "empty, and reading cell_contents is a\n    ValueError",
    .basicsize = sizeof(struct py_cell),
    .flags = PY_TYPE_GC,
    .fields = cell_fields,
    .repr = cell_repr,
    .richcompare = cell_compare,
    .new_ = cell_new,
    .getsets = cell_getsets,
};
