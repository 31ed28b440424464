/* weakref.proxy: a weak reference that stands for its referent in every operation.
 *
 * Each slot looks the referent up, keeps it alive for the call, and does the operation on it; a
 * dead referent is a ReferenceError. Two types, because callable(proxy) must tell the truth.
 */
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/str.h"
#include "vm/object/weakref_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static bool is_proxy(const struct py_object *o)
{
    return o->type == &py_weakproxy_type || o->type == &py_weakcallableproxy_type;
}

/* What a proxy stands for, or o itself. New; NULL: ReferenceError. */
static struct py_object *behind(struct py_object *o)
{
    if (!is_proxy(o))
        return py_newref(o);
    struct py_object *referent = py_weakref_get((struct py_weakref *)o);
    if (!referent)
        return py_raise(&py_exc_ReferenceError, "weakly-referenced object no longer exists");
    return referent;
}

#define UNARY(name, expression)                        \
    static struct py_object *name(struct py_object *o) \
    {                                                  \
        struct py_object *x = behind(o);               \
        if (!x)                                        \
            return NULL;                               \
        PY_HOLD(&x);                                   \
        struct py_object *result = (expression);       \
        py_clear(x);                                   \
        return result;                                 \
    }
UNARY(proxy_str, py_str_of(x))
UNARY(proxy_iter, py_iter(x))
UNARY(proxy_neg, py_unary(PY_UN_NEG, x))
UNARY(proxy_pos, py_unary(PY_UN_POS, x))
UNARY(proxy_invert, py_unary(PY_UN_INVERT, x))
UNARY(proxy_abs, py_unary(PY_UN_ABS, x))
UNARY(proxy_int, py_call1(PY_OBJ(&py_int_type), x))
UNARY(proxy_float, py_call1(PY_OBJ(&py_float_type), x))
UNARY(proxy_index, py_index(x))

UNARY(bytes_of_referent, py_call_method_cstr(x, "__bytes__", 0))
UNARY(reversed_referent, py_call_method_cstr(x, "__reversed__", 0))

/* Special methods without a slot, which bytes() and reversed() look up in the type. */
static struct py_object *proxy_bytes(struct py_object *o, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return bytes_of_referent(o);
}

static struct py_object *proxy_reversed(struct py_object *o, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return reversed_referent(o);
}

static const struct py_method_def proxy_methods[] = {{.name = "__bytes__", .fn = proxy_bytes},
                                                     {.name = "__reversed__", .fn = proxy_reversed},
                                                     {.name = NULL}};

static struct py_object *proxy_next(struct py_object *o)
{
    struct py_object *x = behind(o);
    if (!x)
        return NULL;
    PY_HOLD(&x);
    struct py_object *result =
        py_is_iterator(x)
            ? py_next(x)
            : py_raise(&py_exc_TypeError, "Weakref proxy referenced a non-iterator '%.200s' object",
                       x->type->name);
    py_clear(x);
    return result;
}

/* Both operands may be proxies. */
static struct py_object *binary(enum py_binary_op op, bool inplace, struct py_object *a,
                                struct py_object *b)
{
    struct py_object *x = behind(a), *y = NULL, *result = NULL;
    PY_HOLD(&x);
    PY_HOLD(&y);
    if (x && (y = behind(b)))
        result = inplace ? py_inplace(op, x, y) : py_binary(op, x, y);
    py_clear(x);
    py_clear(y);
    return result;
}

#define NB(NAME, ...)                                                                       \
    static struct py_object *proxy_##NAME(struct py_object *a, struct py_object *b)         \
    {                                                                                       \
        return binary(PY_NB_##NAME, false, a, b);                                           \
    }                                                                                       \
    static struct py_object *proxy_inplace_##NAME(struct py_object *a, struct py_object *b) \
    {                                                                                       \
        return binary(PY_NB_##NAME, true, a, b);                                            \
    }
PY_BINARY_OPS(NB)
#undef NB

static struct py_object *proxy_compare(struct py_object *a, struct py_object *b, int op)
{
    struct py_object *x = behind(a), *y = NULL, *result = NULL;
    PY_HOLD(&x);
    PY_HOLD(&y);
    if (x && (y = behind(b)))
        result = py_richcompare(x, y, op);
    py_clear(x);
    py_clear(y);
    return result;
}

static struct py_object *proxy_getattr(struct py_object *o, struct py_object *name)
{
    struct py_object *x = behind(o);
    if (!x)
        return NULL;
    PY_HOLD(&x);
    struct py_object *result = py_getattr(x, name);
    py_clear(x);
    return result;
}

static int proxy_setattr(struct py_object *o, struct py_object *name, struct py_object *value)
{
    struct py_object *x = behind(o);
    if (!x)
        return -1;
    PY_HOLD(&x);
    const int result = py_setattr(x, name, value);
    py_clear(x);
    return result;
}

static struct py_object *proxy_repr(struct py_object *o)
{
    struct py_object *x = py_weakref_get((struct py_weakref *)o);
    struct py_object *text =
        PY_OBJ(py_str_format_c("<weakproxy at %p to %s at %p>", (void *)o,
                               (x ? x : PY_NONE)->type->name, (void *)(x ? x : PY_NONE)));
    py_xdecref(x);
    return text;
}

static struct py_object *proxy_call(struct py_object *o, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    struct py_object *x = behind(o);
    if (!x)
        return NULL;
    PY_HOLD(&x);
    struct py_object *result = py_call(x, args, nargs, kwnames);
    py_clear(x);
    return result;
}

static int proxy_bool(struct py_object *o)
{
    struct py_object *x = behind(o);
    if (!x)
        return -1;
    PY_HOLD(&x);
    const int result = py_truth(x);
    py_clear(x);
    return result;
}

static int64_t proxy_length(struct py_object *o)
{
    struct py_object *x = behind(o);
    if (!x)
        return -1;
    PY_HOLD(&x);
    const int64_t result = py_length(x);
    py_clear(x);
    return result;
}

static struct py_object *proxy_getitem(struct py_object *o, struct py_object *key)
{
    struct py_object *x = behind(o);
    if (!x)
        return NULL;
    PY_HOLD(&x);
    struct py_object *result = py_getitem(x, key);
    py_clear(x);
    return result;
}

static int proxy_setitem(struct py_object *o, struct py_object *key, struct py_object *value)
{
    struct py_object *x = behind(o);
    if (!x)
        return -1;
    PY_HOLD(&x);
    const int result = value ? py_setitem(x, key, value) : py_delitem(x, key);
    py_clear(x);
    return result;
}

static int proxy_contains(struct py_object *o, struct py_object *item)
{
    struct py_object *x = behind(o);
    if (!x)
        return -1;
    PY_HOLD(&x);
    const int result = py_contains(x, item);
    py_clear(x);
    return result;
}

#define NB(NAME, ...)         [PY_NB_##NAME] = proxy_##NAME,
#define NB_INPLACE(NAME, ...) [PY_NB_##NAME] = proxy_inplace_##NAME,
#define PROXY_TYPE(variable, pyname, call_slot)                         \
    struct py_type variable = {                                         \
        .base = {.base = PY_STATIC_HEADER(&py_type_type)},              \
        .name = pyname,                                                 \
        .basicsize = sizeof(struct py_weakref),                         \
        .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW, \
        .body = PY_BODY_WEAKREF,                                        \
        .fields = py_weakref_fields,                                    \
        .field_count = 2,                                               \
        .dealloc = py_weakref_dealloc,                                  \
        .repr = proxy_repr,                                             \
        .str = proxy_str,                                               \
        .hash = py_hash_not_implemented,                                \
        .call = call_slot,                                              \
        .getattr = proxy_getattr,                                       \
        .setattr = proxy_setattr,                                       \
        .richcompare = proxy_compare,                                   \
        .iter = proxy_iter,                                             \
        .iternext = proxy_next,                                         \
        .binary = {PY_BINARY_OPS(NB)},                                  \
        .inplace = {PY_BINARY_OPS(NB_INPLACE)},                         \
        .unary = {[PY_UN_NEG] = proxy_neg,                              \
                  [PY_UN_POS] = proxy_pos,                              \
                  [PY_UN_INVERT] = proxy_invert,                        \
                  [PY_UN_ABS] = proxy_abs},                             \
        .bool_ = proxy_bool,                                            \
        .int_ = proxy_int,                                              \
        .float_ = proxy_float,                                          \
        .index = proxy_index,                                           \
        .length = proxy_length,                                         \
        .subscript = proxy_getitem,                                     \
        .ass_subscript = proxy_setitem,                                 \
        .contains = proxy_contains,                                     \
        .methods = proxy_methods,                                       \
        .size_of = py_weakref_size_of,                                  \
    }

PROXY_TYPE(py_weakproxy_type, "weakref.ProxyType", NULL);
PROXY_TYPE(py_weakcallableproxy_type, "weakref.CallableProxyType", proxy_call);
