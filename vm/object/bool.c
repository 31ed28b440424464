/* bool: the two immortal instances of the only subclass of int that has a file of its own.
 *
 * True and False are ints of value 1 and 0 in every C function that takes ints; only repr, the
 * logical operators and construction differ. Nothing can subclass bool or make a third one.
 */
#include "vm/object/int.h"
#include "vm/object/int_impl.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

static struct py_small_int false_cell
    __attribute__((aligned(16))) = {.base = {.base = PY_STATIC_HEADER(&py_bool_type), .size = 0}};
static struct py_small_int true_cell __attribute__((aligned(16))) = {
    .base = {.base = PY_STATIC_HEADER(&py_bool_type), .size = 1}, .limb = 1};

struct py_int *const py_true_object = (struct py_int *)&true_cell;
struct py_int *const py_false_object = (struct py_int *)&false_cell;

struct py_object *py_bool_from(bool b)
{
    return b ? PY_TRUE : PY_FALSE;
}

static struct py_object *bool_repr(struct py_object *o)
{
    return PY_OBJ(py_newref(py_str_const(o == PY_TRUE ? "True" : "False")));
}

static inline bool bool_check(const struct py_object *o)
{
    return o->type == &py_bool_type;
}

static struct py_object *bool_and(struct py_object *a, struct py_object *b)
{
    if (!bool_check(a) || !bool_check(b))
        return int_slot_and(a, b);
    return py_bool_from(a == PY_TRUE && b == PY_TRUE);
}

static struct py_object *bool_or(struct py_object *a, struct py_object *b)
{
    if (!bool_check(a) || !bool_check(b))
        return int_slot_or(a, b);
    return py_bool_from(a == PY_TRUE || b == PY_TRUE);
}

static struct py_object *bool_xor(struct py_object *a, struct py_object *b)
{
    if (!bool_check(a) || !bool_check(b))
        return int_slot_xor(a, b);
    return py_bool_from(a != b);
}

static struct py_object *bool_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames)
{
    (void)type;
    if (py_no_keywords("bool", kwnames) < 0 || py_check_positional("bool", nargs, 0, 1) < 0)
        return NULL;
    const int truth = nargs ? py_truth(args[0]) : 0;
    return truth < 0 ? NULL : py_bool_from(truth != 0);
}

struct py_type py_bool_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "bool",
    .basicsize = sizeof(struct py_int),
    .itemsize = sizeof(uint64_t),
    .flags = PY_TYPE_VAR | PY_TYPE_IMMUTABLE | PY_TYPE_IS_INT,
    .body = PY_BODY_INT,
    .super = &py_int_type,
    .repr = bool_repr,
    .new_ = bool_new,
    .binary = {[PY_NB_AND] = bool_and, [PY_NB_OR] = bool_or, [PY_NB_XOR] = bool_xor},
    .doc = "bool(x) -> bool\n\n"
           "True when x counts as true, else False. The two are the only instances.",
};
