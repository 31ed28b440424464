/* Operations on any object: attributes, comparison, truth, hash, text.
 *
 * Each takes the object's slot and adds what CPython's abstract layer adds: reflection, the default
 * by identity, checks of the result's type, a guard against endless recursion. Operators on numbers
 * are in ops_number.c, containers and iteration in ops_container.c, isinstance and issubclass in
 * ops_class.c, calls in call.c.
 */
#include "vm/runtime/ops.h"

#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/func.h"
#include "vm/object/instance.h"
#include "vm/object/int.h"
#include "vm/object/slots.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/thread.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---- attributes -------------------------------------------------------------------------- */

struct py_object *py_getattr(struct py_object *o, struct py_object *name)
{
    if (unlikely(!py_str_check(name)))
        return py_raise(&py_exc_TypeError, "attribute name must be string, not '%T'", name);
    return o->type->getattr(o, name);
}

struct py_object *py_getattr_cstr(struct py_object *o, const char *name)
{
    struct py_str *key = py_str_intern_cstr(name);
    if (!key)
        return NULL;
    PY_HOLD(&key);
    struct py_object *r = py_getattr(o, PY_OBJ(key));
    py_clear(key);
    return r;
}

int py_getattr_optional(struct py_object *o, struct py_object *name, struct py_object **out)
{
    if (o->type->getattr == py_object_generic_getattr)
        *out = py_object_getattr_quiet(o, name);
    else
        *out = py_getattr(o, name);
    if (*out)
        return 1;
    if (!py_error_occurred())
        return 0;
    if (!py_error_matches(&py_exc_AttributeError))
        return -1;
    py_error_clear();
    return 0;
}

int py_setattr(struct py_object *o, struct py_object *name, struct py_object *value)
{
    if (unlikely(!py_str_check(name)))
        return py_raise_int(&py_exc_TypeError, "attribute name must be string, not '%T'", name);
    return o->type->setattr(o, name, value);
}

int py_setattr_cstr(struct py_object *o, const char *name, struct py_object *value)
{
    struct py_str *key = py_str_intern_cstr(name);
    if (!key)
        return -1;
    PY_HOLD(&key);
    const int r = py_setattr(o, PY_OBJ(key), value);
    py_clear(key);
    return r;
}

/* ---- comparison -------------------------------------------------------------------------- */

static const int reflected[6] = {PY_GT, PY_GE, PY_EQ, PY_NE, PY_LT, PY_LE};

static struct py_object *compare(struct py_object *a, struct py_object *b, int op)
{
    const py_comparefn left = a->type->richcompare, right = b->type->richcompare;
    bool tried_right = false;
    struct py_object *r;
    if (a->type != b->type && right && py_type_is_subtype(b->type, a->type)) {
        tried_right = true;
        r = right(b, a, reflected[op]);
        if (r != PY_NOT_IMPLEMENTED)
            return r;
    }
    if (left) {
        r = left(a, b, op);
        if (r != PY_NOT_IMPLEMENTED)
            return r;
    }
    if (!tried_right && right) {
        r = right(b, a, reflected[op]);
        if (r != PY_NOT_IMPLEMENTED)
            return r;
    }
    if (op == PY_EQ || op == PY_NE)
        return py_bool_from((a == b) == (op == PY_EQ));
    static const char *const symbols[6] = {"<", "<=", "==", "!=", ">", ">="};
    return py_raise(&py_exc_TypeError, "'%s' not supported between instances of '%T' and '%T'",
                    symbols[op], a, b);
}

/* Comparing two of these never calls anything else, so it needs no guard. */
static bool is_leaf(const struct py_type *t)
{
    return t == &py_str_type || t == &py_int_type || t == &py_float_type;
}

struct py_object *py_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (is_leaf(a->type) && is_leaf(b->type))
        return compare(a, b, op);
    if (py_enter_recursion(" in comparison") < 0)
        return NULL;
    struct py_object *r = compare(a, b, op);
    py_leave_recursion();
    return r;
}

int py_richcompare_bool(struct py_object *a, struct py_object *b, int op)
{
    if (a == b && op == PY_EQ)
        return 1;
    if (a == b && op == PY_NE)
        return 0;
    struct py_object *r = py_richcompare(a, b, op);
    if (!r)
        return -1;
    if (likely(r == PY_TRUE || r == PY_FALSE))
        return r == PY_TRUE;
    PY_HOLD(&r);
    const int truth = py_truth(r);
    py_clear(r);
    return truth;
}

/* ---- truth and hash ---------------------------------------------------------------------- */

int py_truth(struct py_object *o)
{
    if (o == PY_TRUE)
        return 1;
    if (o == PY_FALSE || o == PY_NONE)
        return 0;
    const struct py_type *t = o->type;
    if (t->bool_)
        return t->bool_(o);
    if (t->length) {
        const int64_t n = t->length(o);
        return n < 0 ? -1 : n > 0;
    }
    return 1;
}

int64_t py_hash(struct py_object *o)
{
    const py_hashfn hash = o->type->hash;
    return likely(hash != NULL) ? hash(o) : py_hash_not_implemented(o);
}

/* ---- text -------------------------------------------------------------------------------- */

/* Calls a slot that must answer with a str. */
static struct py_object *text_by(py_unaryfn slot, struct py_object *o, const char *method,
                                 const char *where)
{
    if (py_enter_recursion(where) < 0)
        return NULL;
    struct py_object *r = slot(o);
    py_leave_recursion();
    if (unlikely(r && !py_str_check(r))) {
        py_raise(&py_exc_TypeError, "%s returned non-string (type %T)", method, r);
        py_clear(r);
    }
    return r;
}

struct py_object *py_repr(struct py_object *o)
{
    return text_by(o->type->repr, o, "__repr__", " while getting the repr of an object");
}

struct py_object *py_str_of(struct py_object *o)
{
    if (py_str_check_exact(o))
        return py_newref(o);
    return text_by(o->type->str, o, "__str__", " while getting the str of an object");
}

struct py_object *py_format_object(struct py_object *o, struct py_object *spec)
{
    struct py_object *empty = PY_OBJ(py_str_empty());
    if (!spec)
        spec = empty;
    struct py_object *r = py_call_special(o, py_str_const("__format__"), &spec, 1);
    if (!r && !py_error_occurred())
        return py_raise(&py_exc_TypeError, "Type %T doesn't define __format__", o);
    if (r && !py_str_check(r)) {
        py_raise(&py_exc_TypeError, "__format__ must return a str, not %T", r);
        py_clear(r);
    }
    return r;
}
