/* isinstance and issubclass.
 *
 * For classes whose metaclass is `type` itself the mro decides. Other metaclasses, unions and
 * anything else with __instancecheck__ or __subclasscheck__ are asked. An object may also claim
 * another class through its __class__ attribute, and an object that is no class but has a tuple
 * __bases__ is treated as one.
 *
 * A static type may stand for a class whose layout it does not have (the files that open() returns
 * stand for those of module _io): only the two questions here see that, methods do not.
 */
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

static bool is_type(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_TYPE);
}

static bool is_subtype(const struct py_type *derived, const struct py_type *cls)
{
    return py_type_is_subtype(derived, cls) ||
           (derived->stands_for && py_type_is_subtype(derived->stands_for, cls));
}

/* o.__bases__ if it is a tuple: new; NULL without an exception when it is no class. */
static struct py_tuple *bases_of(struct py_object *o)
{
    struct py_object *bases = NULL;
    if (py_getattr_optional(o, PY_OBJ(py_str_const("__bases__")), &bases) <= 0)
        return NULL;
    if (!py_tuple_check(bases))
        py_clear(bases);
    return (struct py_tuple *)bases;
}

static int check_class(struct py_object *o, const char *message)
{
    struct py_tuple *bases = bases_of(o);
    if (bases) {
        py_decref(bases);
        return 0;
    }
    if (!py_error_occurred())
        py_raise(&py_exc_TypeError, "%s", message);
    return -1;
}

/* Walks __bases__ of things that only look like classes. */
static int abstract_issubclass(struct py_object *derived, struct py_object *cls)
{
    if (derived == cls)
        return 1;
    struct py_tuple *bases = bases_of(derived);
    if (!bases)
        return py_error_occurred() ? -1 : 0;
    PY_HOLD(&bases);
    int r = py_enter_recursion(" in __issubclass__");
    if (r == 0) {
        for (int64_t i = 0; r == 0 && i < bases->base.size; i++)
            r = abstract_issubclass(bases->items[i], cls);
        py_leave_recursion();
    }
    py_clear(bases);
    return r;
}

/* ---- isinstance -------------------------------------------------------------------------- */

int py_isinstance_plain(struct py_object *o, struct py_object *cls)
{
    struct py_object *claimed = NULL;
    if (!is_type(cls) && check_class(cls, "isinstance() arg 2 must be a type, a tuple of types, or "
                                          "a union") < 0)
        return -1;
    if (is_type(cls) && is_subtype(o->type, (struct py_type *)cls))
        return 1;
    /* An object whose class has no __class__ of its own claims nothing else. */
    static struct py_str *name;
    if (!name)
        name = py_str_const("__class__");
    if (is_type(cls) && o->type->getattr == py_object_generic_getattr &&
        py_type_lookup(o->type, name) == py_type_lookup(&py_object_type, name))
        return 0;
    if (py_getattr_optional(o, PY_OBJ(name), &claimed) < 0)
        return -1;
    if (!claimed)
        return 0;
    PY_HOLD(&claimed);
    int r = 0;
    if (!is_type(cls))
        r = abstract_issubclass(claimed, cls);
    else if (claimed != PY_OBJ(o->type) && is_type(claimed))
        r = py_type_is_subtype((struct py_type *)claimed, (struct py_type *)cls);
    py_clear(claimed);
    return r;
}

/* cls's own hook: 1, 0, -1 on error, -2 when it has none. */
static int ask(struct py_object *cls, const char *hook, struct py_object *arg, const char *where)
{
    struct py_object *f = py_lookup_special(cls, py_str_const(hook));
    if (!f)
        return py_error_occurred() ? -1 : -2;
    PY_HOLD(&f);
    struct py_object *r = NULL;
    if (py_enter_recursion(where) == 0) {
        r = py_call1(f, arg);
        py_leave_recursion();
    }
    py_clear(f);
    if (!r)
        return -1;
    PY_HOLD(&r);
    const int truth = py_truth(r);
    py_clear(r);
    return truth;
}

typedef int (*class_test)(struct py_object *, struct py_object *);

/* Any of the tuple's entries. */
static int any_of(struct py_object *o, const struct py_tuple *classes, class_test test,
                  const char *where)
{
    if (py_enter_recursion(where) < 0)
        return -1;
    int r = 0;
    for (int64_t i = 0; r == 0 && i < classes->base.size; i++)
        r = test(o, classes->items[i]);
    py_leave_recursion();
    return r;
}

int py_isinstance(struct py_object *o, struct py_object *cls)
{
    if (PY_OBJ(o->type) == cls)
        return 1;
    if (cls->type == &py_type_type)
        return py_isinstance_plain(o, cls);
    if (py_tuple_check(cls))
        return any_of(o, (struct py_tuple *)cls, py_isinstance, " in __instancecheck__");
    const int r = ask(cls, "__instancecheck__", o, " in __instancecheck__");
    return r == -2 ? py_isinstance_plain(o, cls) : r;
}

/* ---- issubclass -------------------------------------------------------------------------- */

int py_issubclass_plain(struct py_object *derived, struct py_object *cls)
{
    if (is_type(derived) && is_type(cls))
        return is_subtype((struct py_type *)derived, (struct py_type *)cls);
    if (check_class(derived, "issubclass() arg 1 must be a class") < 0 ||
        check_class(cls, "issubclass() arg 2 must be a class, a tuple of classes, or a union") < 0)
        return -1;
    return abstract_issubclass(derived, cls);
}

int py_issubclass(struct py_object *derived, struct py_object *cls)
{
    if (cls->type == &py_type_type)
        return derived == cls ? 1 : py_issubclass_plain(derived, cls);
    if (py_tuple_check(cls))
        return any_of(derived, (struct py_tuple *)cls, py_issubclass, " in __subclasscheck__");
    const int r = ask(cls, "__subclasscheck__", derived, " in __subclasscheck__");
    return r == -2 ? py_issubclass_plain(derived, cls) : r;
}
