/* Trampolines: C functions in the slots of a class that call its dunder methods.
 *
 * Every one does the same: look the method up on the class (never on the instance), call it with
 * self, check what CPython checks of the result. The lookup goes through the attribute cache, a
 * plain function is called without making a bound method, and the function is kept alive by a
 * handle while it runs, because its body may delete it from the class.
 *
 * A binary operator's trampoline serves both sides: the interpreter calls the slot of either
 * operand with the operands in their written order, and the trampoline decides between __op__ of
 * the left one and __rop__ of the right one. Its identity ("is the other's slot this very
 * function?") is how it knows that the right operand is a class like its own, so each operator
 * has one of its own, made by the macro at the end.
 */
#include "vm/object/slots_trampoline.h"

#include <string.h>

#include "vm/object/descr.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/slots.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* clang-format off */
#define SPECIAL_NAMES(N)                                                                        \
    N(repr) N(str) N(hash) N(call) N(getattribute) N(getattr) N(setattr) N(delattr) N(iter)     \
    N(next) N(get) N(set) N(delete) N(init) N(new) N(del) N(await) N(aiter) N(anext) N(bool)    \
    N(neg) N(pos) N(invert) N(abs) N(int) N(float) N(index) N(pow) N(len) N(getitem) N(setitem) \
    N(delitem) N(contains) N(lt) N(le) N(eq) N(ne) N(gt) N(ge)
/* clang-format on */

#define N(x) static struct py_str *name_##x;
SPECIAL_NAMES(N)
#undef N
static struct py_str *compare_names[6];
static struct py_str *binary_names[PY_NB_COUNT], *reflected_names[PY_NB_COUNT],
    *inplace_names[PY_NB_COUNT];

int py_trampolines_init(void)
{
#define N(x)                               \
    name_##x = py_str_const("__" #x "__"); \
    if (!name_##x)                         \
        return -1;
    SPECIAL_NAMES(N)
#undef N
    struct py_str *const compare[6] = {name_lt, name_le, name_eq, name_ne, name_gt, name_ge};
    memcpy(compare_names, compare, sizeof compare);
#define NB(name, symbol, method, reflected, in_place)        \
    binary_names[PY_NB_##name] = py_str_const(method);       \
    reflected_names[PY_NB_##name] = py_str_const(reflected); \
    inplace_names[PY_NB_##name] = py_str_const(in_place ? in_place : method);
    PY_BINARY_OPS(NB)
#undef NB
    return 0;
}

/* ---- calling a special method ------------------------------------------------------------ */

#define SPECIAL_ARGS_MAX 3

struct py_object *py_call_special(struct py_object *self, struct py_str *name,
                                  struct py_object *const *args, size_t nargs)
{
    struct py_object *f = py_type_lookup(self->type, name);
    if (!f)
        return NULL;
    struct py_object *own[2] = {py_newref(f), NULL}; /* the method, the result */
    PY_HOLD_N(own, 2);
    struct py_object *result;
    if (f->type->flags & PY_TYPE_METHOD_DESCR) {
        struct py_object *argv[1 + SPECIAL_ARGS_MAX] = {self};
        for (size_t i = 0; i < nargs; i++)
            argv[1 + i] = args[i];
        result = py_call(f, argv, nargs + 1, NULL);
    } else if (f->type->descr_get) {
        struct py_object *bound = f->type->descr_get(f, self, PY_OBJ(self->type));
        if (!bound) {
            py_clear(own[0]);
            return NULL;
        }
        py_setref(own[0], bound);
        result = py_call(bound, args, nargs, NULL);
    } else {
        result = py_call(f, args, nargs, NULL);
    }
    own[1] = result;
    py_clear(own[0]);
    return result;
}

/* For methods that the slot's presence promises. A class can still lose one between two calls. */
static struct py_object *call_required(struct py_object *self, struct py_str *name,
                                       struct py_object *const *args, size_t nargs)
{
    struct py_object *r = py_call_special(self, name, args, nargs);
    if (!r && !py_error_occurred())
        return py_raise(&py_exc_AttributeError, "%U", name);
    return r;
}

static struct py_object *call0(struct py_object *self, struct py_str *name)
{
    return call_required(self, name, NULL, 0);
}

static struct py_object *call1(struct py_object *self, struct py_str *name, struct py_object *a)
{
    return call_required(self, name, &a, 1);
}

static struct py_object *not_implemented(void)
{
    return PY_NOT_IMPLEMENTED; /* immortal */
}

/* As call1, NotImplemented when the method is absent. */
static struct py_object *call_optional(struct py_object *self, struct py_str *name,
                                       struct py_object *a)
{
    struct py_object *r = py_call_special(self, name, &a, 1);
    if (!r && !py_error_occurred())
        return not_implemented();
    return r;
}

/* ---- object protocol --------------------------------------------------------------------- */

struct py_object *tramp_repr(struct py_object *self)
{
    return call0(self, name_repr);
}

struct py_object *tramp_str(struct py_object *self)
{
    return call0(self, name_str);
}

int64_t tramp_hash(struct py_object *self)
{
    struct py_object *r = call0(self, name_hash);
    if (!r)
        return -1;
    if (!py_int_check(r)) {
        py_decref(r);
        return py_raise_int(&py_exc_TypeError, "__hash__ method should return an integer");
    }
    int64_t h;
    if (py_int_is_compact(r)) {
        h = py_int_compact_value(r);
        if (h == -1)
            h = -2;
    } else {
        h = py_int_as_i64(r);
        if (h == -1 && py_error_occurred()) {
            py_error_clear();
            h = py_int_hash(r);
        }
    }
    py_decref(r);
    return h;
}

struct py_object *tramp_call(struct py_object *self, struct py_object *const *args, size_t nargs,
                             struct py_tuple *kwnames)
{
    struct py_object *f = py_type_lookup(self->type, name_call);
    if (!f)
        return py_raise(&py_exc_TypeError, "'%T' object is not callable", self);
    if (py_enter_recursion(" while calling a Python object") < 0)
        return NULL;
    struct py_object *own[2] = {py_newref(f), NULL};
    PY_HOLD_N(own, 2);
    if (f->type->flags & PY_TYPE_METHOD_DESCR) {
        own[1] = py_call_prepend(f, self, args, nargs, kwnames);
    } else {
        bool ready = true;
        if (f->type->descr_get) {
            struct py_object *bound = f->type->descr_get(f, self, PY_OBJ(self->type));
            ready = bound != NULL;
            py_setref(own[0], bound);
        }
        if (ready)
            own[1] = py_call(own[0], args, nargs, kwnames);
    }
    py_clear(own[0]);
    py_leave_recursion();
    return own[1];
}

struct py_object *tramp_getattr(struct py_object *self, struct py_object *name)
{
    struct py_object *hook = py_type_lookup(self->type, name_getattr);
    struct py_object *basic = py_type_lookup(self->type, name_getattribute);
    const bool generic = !basic || (basic->type == &py_wrapper_descr_type &&
                                    ((struct py_descr *)basic)->owner == &py_object_type);
    struct py_object *r;
    if (!hook)
        return generic ? py_object_generic_getattr(self, name)
                       : call1(self, name_getattribute, name);
    /* The common case, an object's own lookup followed by __getattr__, makes no AttributeError. */
    if (generic)
        r = py_object_getattr_quiet(self, name);
    else
        r = call1(self, name_getattribute, name);
    if (r)
        return r;
    if (py_error_occurred()) {
        if (!py_error_matches(&py_exc_AttributeError))
            return NULL;
        py_error_clear();
    }
    return call1(self, name_getattr, name);
}

int tramp_setattr(struct py_object *self, struct py_object *name, struct py_object *value)
{
    struct py_object *const args[2] = {name, value};
    struct py_object *r = value ? call_required(self, name_setattr, args, 2)
                                : call_required(self, name_delattr, args, 1);
    if (!r)
        return -1;
    py_decref(r);
    return 0;
}

struct py_object *tramp_richcompare(struct py_object *self, struct py_object *other, int op)
{
    struct py_object *f = py_type_lookup(self->type, compare_names[op]);
    if (f && f->type == &py_wrapper_descr_type) {
        struct py_descr *d = (struct py_descr *)f;
        if (py_type_is_subtype(self->type, d->owner) && d->owner->richcompare)
            return d->owner->richcompare(self, other, op);
    }
    if (f && f->type != &py_function_type && f->type->descr_get) {
        struct py_object *bound = py_lookup_special(self, compare_names[op]);
        if (!bound) { /* a property that fails, and the like: there is no comparison */
            py_error_clear();
            return PY_NOT_IMPLEMENTED;
        }
        PY_HOLD(&bound);
        struct py_object *const r = py_call1(bound, other);
        py_clear(bound);
        return r;
    }
    return call_optional(self, compare_names[op], other);
}

struct py_object *tramp_iter(struct py_object *self)
{
    if (py_type_lookup(self->type, name_iter) == PY_NONE)
        return py_raise(&py_exc_TypeError, "'%T' object is not iterable", self);
    return call0(self, name_iter);
}

struct py_object *tramp_iternext(struct py_object *self)
{
    struct py_object *r = call0(self, name_next);
    if (!r)
        py_error_catch_stop_iteration(NULL);
    return r;
}

struct py_object *tramp_descr_get(struct py_object *self, struct py_object *object,
                                  struct py_object *type)
{
    struct py_object *const args[2] = {object ? object : PY_NONE, type ? type : PY_NONE};
    struct py_object *r = py_call_special(self, name_get, args, 2);
    if (!r && !py_error_occurred())
        return py_newref(self); /* the class lost its __get__ */
    return r;
}

int tramp_descr_set(struct py_object *self, struct py_object *object, struct py_object *value)
{
    struct py_object *const args[2] = {object, value};
    struct py_object *r =
        value ? call_required(self, name_set, args, 2) : call_required(self, name_delete, args, 1);
    if (!r)
        return -1;
    py_decref(r);
    return 0;
}

/* ---- creation and destruction ------------------------------------------------------------ */

int tramp_init(struct py_object *self, struct py_object *const *args, size_t nargs,
               struct py_tuple *kwnames)
{
    struct py_object *f = py_type_lookup(self->type, name_init);
    if (!f)
        return py_raise_int(&py_exc_AttributeError, "__init__");
    struct py_object *own = py_newref(f), *result = NULL;
    PY_HOLD(&own);
    if (f->type->flags & PY_TYPE_METHOD_DESCR) {
        result = py_call_prepend(f, self, args, nargs, kwnames);
    } else {
        if (f->type->descr_get) {
            struct py_object *bound = f->type->descr_get(f, self, PY_OBJ(self->type));
            py_setref(own, bound);
        }
        if (own)
            result = py_call(own, args, nargs, kwnames);
    }
    py_clear(own);
    if (!result)
        return -1;
    if (result != PY_NONE) {
        py_raise(&py_exc_TypeError, "__init__() should return None, not '%T'", result);
        py_decref(result);
        return -1;
    }
    return 0;
}

struct py_object *tramp_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                            struct py_tuple *kwnames)
{
    struct py_object *f = py_getattr(PY_OBJ(type), PY_OBJ(name_new));
    if (!f)
        return NULL;
    struct py_object *own[2] = {f, NULL};
    PY_HOLD_N(own, 2);
    own[1] = py_call_prepend(f, PY_OBJ(type), args, nargs, kwnames);
    py_clear(own[0]);
    return own[1];
}

void tramp_finalize(struct py_object *self)
{
    struct py_object *pending = py_error_fetch();
    PY_HOLD(&pending);
    struct py_object *f = py_type_lookup(self->type, name_del);
    py_xincref(f);
    PY_HOLD(&f);
    struct py_object *r = py_call_special(self, name_del, NULL, 0);
    if (r)
        py_decref(r);
    else if (py_error_occurred())
        py_error_unraisable(f, NULL);
    py_clear(f);
    py_error_restore(pending);
    pending = NULL;
}

struct py_object *tramp_await(struct py_object *self)
{
    return call0(self, name_await);
}

struct py_object *tramp_aiter(struct py_object *self)
{
    return call0(self, name_aiter);
}

struct py_object *tramp_anext(struct py_object *self)
{
    return call0(self, name_anext);
}

/* ---- numbers ----------------------------------------------------------------------------- */

int tramp_bool(struct py_object *self)
{
    struct py_object *r = call0(self, name_bool);
    if (!r)
        return -1;
    if (r == PY_TRUE || r == PY_FALSE)
        return r == PY_TRUE;
    py_raise(&py_exc_TypeError, "__bool__ should return bool, returned %T", r);
    py_decref(r);
    return -1;
}

#define UNARY(x)                                        \
    struct py_object *tramp_##x(struct py_object *self) \
    {                                                   \
        return call0(self, name_##x);                   \
    }
UNARY(neg)
UNARY(pos)
UNARY(invert)
UNARY(abs)
UNARY(int)
UNARY(float)
UNARY(index)
#undef UNARY

struct py_object *tramp_power3(struct py_object *self, struct py_object *other,
                               struct py_object *modulus)
{
    if (modulus == PY_NONE)
        return tramp_binary_POW(self, other);
    /* pow() with three arguments has no reflected form. */
    if (self->type->power3 != tramp_power3)
        return not_implemented();
    struct py_object *const args[2] = {other, modulus};
    struct py_object *r = py_call_special(self, name_pow, args, 2);
    if (!r && !py_error_occurred())
        return not_implemented();
    return r;
}

/* Does right's class have its own idea of the reflected method, different from left's? */
static bool overrides(struct py_object *left, struct py_object *right, struct py_str *name)
{
    struct py_object *r = py_type_lookup(right->type, name);
    return r && py_type_lookup(left->type, name) != r;
}

static struct py_object *binary(enum py_binary_op op, struct py_object *self,
                                struct py_object *other, py_binaryfn me)
{
    bool try_right = self->type != other->type && other->type->binary[op] == me;
    if (self->type->binary[op] == me) {
        if (try_right && py_type_is_subtype(other->type, self->type) &&
            overrides(self, other, reflected_names[op])) {
            struct py_object *r = call_optional(other, reflected_names[op], self);
            if (r != PY_NOT_IMPLEMENTED)
                return r;
            try_right = false;
        }
        struct py_object *r = call_optional(self, binary_names[op], other);
        if (r != PY_NOT_IMPLEMENTED || self->type == other->type)
            return r;
    }
    if (try_right)
        return call_optional(other, reflected_names[op], self);
    return not_implemented();
}

#define NB(name, symbol, method, reflected, in_place)                                       \
    struct py_object *tramp_binary_##name(struct py_object *self, struct py_object *other)  \
    {                                                                                       \
        return binary(PY_NB_##name, self, other, tramp_binary_##name);                      \
    }                                                                                       \
    struct py_object *tramp_inplace_##name(struct py_object *self, struct py_object *other) \
    {                                                                                       \
        return call1(self, inplace_names[PY_NB_##name], other);                             \
    }
PY_BINARY_OPS(NB)
#undef NB

/* ---- containers -------------------------------------------------------------------------- */

int64_t tramp_length(struct py_object *self)
{
    struct py_object *r = call0(self, name_len);
    if (!r)
        return -1;
    if (py_int_check_exact(r) && py_int_is_compact(r) && py_int_compact_value(r) >= 0) {
        const int64_t length = py_int_compact_value(r);
        py_decref(r);
        return length;
    }
    PY_HOLD(&r);
    struct py_object *i = py_index(r);
    py_setref(r, i);
    if (!r)
        return -1;
    int64_t n;
    if (py_int_sign(r) < 0)
        n = py_raise_int(&py_exc_ValueError, "__len__() should return >= 0");
    else
        n = py_int_as_ssize(r);
    py_clear(r);
    return n;
}

struct py_object *tramp_subscript(struct py_object *self, struct py_object *key)
{
    return call1(self, name_getitem, key);
}

int tramp_ass_subscript(struct py_object *self, struct py_object *key, struct py_object *value)
{
    struct py_object *const args[2] = {key, value};
    struct py_object *r = value ? call_required(self, name_setitem, args, 2)
                                : call_required(self, name_delitem, args, 1);
    if (!r)
        return -1;
    py_decref(r);
    return 0;
}

int tramp_contains(struct py_object *self, struct py_object *item)
{
    if (py_type_lookup(self->type, name_contains) == PY_NONE)
        return py_raise_int(&py_exc_TypeError, "'%T' object is not a container", self);
    struct py_object *r = call1(self, name_contains, item);
    if (!r)
        return -1;
    PY_HOLD(&r);
    const int truth = py_truth(r);
    py_clear(r);
    return truth;
}

struct py_object *tramp_item(struct py_object *self, int64_t index)
{
    struct py_object *i = py_int_from_i64(index);
    if (!i)
        return NULL;
    PY_HOLD(&i);
    struct py_object *r = call1(self, name_getitem, i);
    py_clear(i);
    return r;
}
