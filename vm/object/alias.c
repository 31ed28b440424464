/* types.GenericAlias and types.UnionType.
 *
 * An alias is a class with arguments: calling it, its attributes and subclassing go to the class
 * (__origin__), its __args__ are only remembered. A union is a set of classes that isinstance and
 * issubclass accept. Both compare by what they hold, so that annotations compare equal.
 */
#include "vm/object/alias.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/deque.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* ---- list[int] --------------------------------------------------------------------------- */

struct alias {
    struct py_object base;
    struct py_object *origin;
    struct py_tuple *args;
    struct py_tuple *parameters;
    struct py_object *weaklist;
    bool starred; /* *tuple[int]: unpacked where it is used */
};
#define ALIAS(o) ((struct alias *)(o))

static struct py_object *make_alias(struct py_type *type, struct py_object *origin,
                                    struct py_object *args)
{
    struct alias *a = py_object_new(type);
    if (!a)
        return NULL;
    a->origin = py_newref(origin);
    a->args = py_tuple_check(args) ? (struct py_tuple *)py_newref(args) : py_tuple_pack(1, args);
    if (!a->args) {
        py_decref(a);
        return NULL;
    }
    py_gc_track(a);
    return PY_OBJ(a);
}

struct py_object *py_generic_alias_new(struct py_object *origin, struct py_object *args)
{
    return make_alias(&py_generic_alias_type, origin, args);
}

struct py_object *py_class_getitem(struct py_object *self, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    return py_generic_alias_new(self, args[0]);
}

/* A class by its name, anything else by its repr. */
static int write_item(struct py_strbuf *b, struct py_object *o)
{
    struct py_object *text;
    if (o == PY_ELLIPSIS)
        return py_strbuf_cstr(b, "...");
    if (o == PY_OBJ(&py_none_type))
        return py_strbuf_cstr(b, "None");
    if (py_has_flag(o, PY_TYPE_IS_TYPE))
        text = PY_OBJ(py_type_fullname((struct py_type *)o));
    else
        text = py_repr(o);
    const int r = text ? py_strbuf_str(b, (struct py_str *)text) : -1;
    py_xdecref(text);
    return r;
}

static int write_items(struct py_strbuf *b, const struct py_tuple *items, const char *separator)
{
    for (int64_t i = 0; i < items->base.size; i++)
        if ((i > 0 && py_strbuf_cstr(b, separator) < 0) || write_item(b, items->items[i]) < 0)
            return -1;
    return 0;
}

static struct py_object *alias_repr(struct py_object *self)
{
    struct py_strbuf b;
    py_strbuf_init(&b);
    if ((ALIAS(self)->starred && py_strbuf_char(&b, '*') < 0) ||
        write_item(&b, ALIAS(self)->origin) < 0 || py_strbuf_char(&b, '[') < 0 ||
        (ALIAS(self)->args->base.size == 0 && py_strbuf_cstr(&b, "()") < 0) ||
        write_items(&b, ALIAS(self)->args, ", ") < 0 || py_strbuf_char(&b, ']') < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

static struct py_object *alias_call(struct py_object *self, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    return py_call(ALIAS(self)->origin, args, nargs, kwnames);
}

static struct py_object *alias_getattr(struct py_object *self, struct py_object *name)
{
    static const char *const own[] = {
        "__class__",      "__origin__",      "__args__",
        "__parameters__", "__mro_entries__", "__reduce_ex__",
        "__reduce__",     "__unpacked__",    "__typing_unpacked_tuple_args__",
        "__copy__",       "__deepcopy__"};
    const bool dunder = py_str_check(name) && ((struct py_str *)name)->length > 2 &&
                        py_str_char((struct py_str *)name, 0) == '_' &&
                        py_str_char((struct py_str *)name, 1) == '_';
    if (!dunder)
        return py_getattr(ALIAS(self)->origin, name);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (py_str_equal_cstr((struct py_str *)name, own[i]))
            return py_object_generic_getattr(self, name);
    return py_getattr(ALIAS(self)->origin, name);
}

static struct py_object *alias_compare(struct py_object *a, struct py_object *b, int op)
{
    if ((op != PY_EQ && op != PY_NE) || !py_isinstance_type(b, &py_generic_alias_type))
        return PY_NOT_IMPLEMENTED;
    if (ALIAS(a)->starred != ALIAS(b)->starred)
        return py_bool_from(op == PY_NE);
    int same = py_richcompare_bool(ALIAS(a)->origin, ALIAS(b)->origin, PY_EQ);
    if (same == 1)
        same = py_richcompare_bool(PY_OBJ(ALIAS(a)->args), PY_OBJ(ALIAS(b)->args), PY_EQ);
    return same < 0 ? NULL : py_bool_from(same == (op == PY_EQ));
}

static int64_t alias_hash(struct py_object *self)
{
    const int64_t h1 = py_hash(ALIAS(self)->origin);
    const int64_t h2 = h1 == -1 ? -1 : py_hash(PY_OBJ(ALIAS(self)->args));
    if (h2 == -1)
        return -1;
    return (h1 ^ h2) == -1 ? -2 : h1 ^ h2;
}

/* ---- type variables among the arguments -------------------------------------------------- */

/* o.name: new, NULL without an exception when there is none. Classes are not asked. */
static struct py_object *typing_attribute(struct py_object *o, const char *name, bool *failed)
{
    struct py_object *value = NULL;
    if (!py_has_flag(o, PY_TYPE_IS_TYPE) &&
        py_getattr_optional(o, PY_OBJ(py_str_const(name)), &value) < 0)
        *failed = true;
    return value;
}

static int add_new(struct py_list *list, struct py_object *o)
{
    const int there = py_contains(PY_OBJ(list), o);
    return there ? there : py_list_append(list, o);
}

/* The type variables in args, each once. New tuple. */
struct py_tuple *py_typing_parameters(struct py_tuple *args)
{
    struct py_list *found = py_list_new(0);
    PY_HOLD(&found);
    bool failed = !found;
    for (int64_t i = 0; !failed && i < args->base.size; i++) {
        struct py_object *const t = args->items[i];
        struct py_object *subst = typing_attribute(t, "__typing_subst__", &failed);
        struct py_object *inner = NULL;
        if (subst)
            failed = add_new(found, t) < 0;
        else if (!failed)
            inner = typing_attribute(t, "__parameters__", &failed);
        py_xdecref(subst);
        PY_HOLD(&inner);
        for (int64_t k = 0;
             inner && py_tuple_check(inner) && !failed && k < ((struct py_tuple *)inner)->base.size;
             k++)
            failed = add_new(found, ((struct py_tuple *)inner)->items[k]) < 0;
        py_clear(inner);
    }
    struct py_tuple *const result = failed ? NULL : py_list_as_tuple(found);
    py_clear(found);
    return result;
}

/* An argument with its variables replaced. New. */
static struct py_object *substitute(struct py_object *arg, struct py_tuple *parameters,
                                    struct py_tuple *values)
{
    bool failed = false;
    struct py_object *subst = typing_attribute(arg, "__typing_subst__", &failed);
    PY_HOLD(&subst);
    struct py_object *result = NULL;
    if (subst) {
        for (int64_t i = 0; i < parameters->base.size; i++)
            if (parameters->items[i] == arg)
                result = py_call1(subst, values->items[i]);
        py_clear(subst);
        return result;
    }
    struct py_object *inner = failed ? NULL : typing_attribute(arg, "__parameters__", &failed);
    if (failed)
        return NULL;
    PY_HOLD(&inner);
    struct py_tuple *const own = (struct py_tuple *)inner;
    if (!inner || !py_tuple_check(inner) || own->base.size == 0) {
        py_clear(inner);
        return py_newref(arg);
    }
    struct py_list *given = py_list_new(0);
    PY_HOLD(&given);
    for (int64_t k = 0; given && k < own->base.size; k++)
        for (int64_t i = 0; given && i < parameters->base.size; i++)
            if (parameters->items[i] == own->items[k] &&
                py_list_append(given, values->items[i]) < 0)
                py_clear(given);
    struct py_object *key = given ? PY_OBJ(py_list_as_tuple(given)) : NULL;
    py_clear(given);
    PY_HOLD(&key);
    result = key ? py_getitem(arg, key) : NULL;
    py_clear(key);
    py_clear(inner);
    return result;
}

/* The values for the parameters, as each of them wants to see them. New tuple. */
static struct py_tuple *prepared(struct py_object *self, struct py_tuple *parameters,
                                 struct py_object *item)
{
    struct py_object *values =
        py_tuple_check(item) ? py_newref(item) : PY_OBJ(py_tuple_pack(1, item));
    PY_HOLD(&values);
    bool failed = !values;
    for (int64_t i = 0; !failed && i < parameters->base.size; i++) {
        struct py_object *prepare =
            typing_attribute(parameters->items[i], "__typing_prepare_subst__", &failed);
        if (prepare && prepare != PY_NONE) {
            PY_HOLD(&prepare);
            struct py_object *const changed = py_call2(prepare, self, values);
            py_clear(prepare);
            if (!changed)
                failed = true;
            else
                py_setref(values, changed);
        } else {
            py_xdecref(prepare);
        }
    }
    struct py_object *tuple = failed                   ? NULL
                              : py_tuple_check(values) ? py_newref(values)
                                                       : PY_OBJ(py_tuple_from_iterable(values));
    py_clear(values);
    if (tuple && ((struct py_tuple *)tuple)->base.size != parameters->base.size) {
        PY_HOLD(&tuple);
        const int64_t n = ((struct py_tuple *)tuple)->base.size;
        py_raise(&py_exc_TypeError, "Too %s arguments for %R; actual %lld, expected %lld",
                 n > parameters->base.size ? "many" : "few", self, (long long)n,
                 (long long)parameters->base.size);
        py_clear(tuple);
    }
    return (struct py_tuple *)tuple;
}

/* args with the parameters replaced by item (one value or a tuple of them). New tuple. */
struct py_tuple *py_typing_substitute(struct py_object *self, struct py_tuple *args,
                                      struct py_tuple *parameters, struct py_object *item)
{
    if (parameters->base.size == 0)
        return py_raise(&py_exc_TypeError, "%R is not a generic class", self);
    struct py_tuple *values = prepared(self, parameters, item);
    if (!values)
        return NULL;
    PY_HOLD(&values);
    struct py_list *out = py_list_new(0);
    PY_HOLD(&out);
    bool failed = !out;
    for (int64_t i = 0; !failed && i < args->base.size; i++) {
        struct py_object *const arg = args->items[i];
        struct py_object *unpack =
            typing_attribute(arg, "__typing_is_unpacked_typevartuple__", &failed);
        const bool several = unpack && py_truth(unpack) == 1;
        py_xdecref(unpack);
        struct py_object *part = failed ? NULL : substitute(arg, parameters, values);
        if (!part) {
            failed = true;
        } else if (several) {
            PY_HOLD(&part);
            failed = py_list_extend(out, part) < 0;
            py_clear(part);
        } else {
            failed = py_list_append_steal(out, part) < 0;
        }
    }
    struct py_tuple *const result = failed ? NULL : py_list_as_tuple(out);
    py_clear(out);
    py_clear(values);
    return result;
}

static struct py_object *alias_get_parameters(struct py_object *self, void *closure)
{
    (void)closure;
    if (!ALIAS(self)->parameters)
        ALIAS(self)->parameters = py_typing_parameters(ALIAS(self)->args);
    return ALIAS(self)->parameters ? PY_OBJ(py_newref(ALIAS(self)->parameters)) : NULL;
}

static struct py_object *alias_getitem(struct py_object *self, struct py_object *item)
{
    struct py_object *parameters = alias_get_parameters(self, NULL);
    if (!parameters)
        return NULL;
    PY_HOLD(&parameters);
    struct py_object *args =
        PY_OBJ(py_typing_substitute(self, ALIAS(self)->args, (struct py_tuple *)parameters, item));
    py_clear(parameters);
    if (!args)
        return NULL;
    PY_HOLD(&args);
    struct py_object *const result = py_generic_alias_new(ALIAS(self)->origin, args);
    if (result)
        ALIAS(result)->starred = ALIAS(self)->starred;
    py_clear(args);
    return result;
}

/* Iterating gives the alias once, unpacked: for f(*args: *tuple[int]). */
static struct py_object *alias_iter(struct py_object *self)
{
    struct py_object *starred =
        py_generic_alias_new(ALIAS(self)->origin, PY_OBJ(ALIAS(self)->args));
    if (!starred)
        return NULL;
    PY_HOLD(&starred);
    ALIAS(starred)->starred = true;
    struct py_object *once = PY_OBJ(py_tuple_pack(1, starred));
    py_clear(starred);
    if (!once)
        return NULL;
    PY_HOLD(&once);
    struct py_object *const it = py_iter(once);
    py_clear(once);
    return it;
}

static struct py_object *alias_get_unpacked(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(ALIAS(self)->starred);
}

static struct py_object *alias_get_tuple_args(struct py_object *self, void *closure)
{
    (void)closure;
    return ALIAS(self)->starred && ALIAS(self)->origin == PY_OBJ(&py_tuple_type)
               ? PY_OBJ(py_newref(ALIAS(self)->args))
               : PY_NONE;
}

static struct py_object *alias_reduce(struct py_object *self, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_tuple *const given = py_tuple_pack(2, ALIAS(self)->origin, PY_OBJ(ALIAS(self)->args));
    struct py_tuple *const result =
        given ? py_tuple_pack(2, PY_OBJ(self->type), PY_OBJ(given)) : NULL;
    py_xdecref(given);
    return PY_OBJ(result);
}

static const struct py_getset_def alias_getsets[] = {
    {.name = "__parameters__", .get = alias_get_parameters},
    {.name = "__unpacked__", .get = alias_get_unpacked},
    {.name = "__typing_unpacked_tuple_args__", .get = alias_get_tuple_args},
    {.name = NULL}};

static struct py_object *alias_mro_entries(struct py_object *self, struct py_object *const *args,
                                           size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return PY_OBJ(py_tuple_pack(1, ALIAS(self)->origin));
}

static struct py_object *alias_refuse_check(struct py_object *self, struct py_object *const *args,
                                            size_t nargs, struct py_tuple *kwnames)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return py_raise(&py_exc_TypeError, "isinstance() argument 2 cannot be a parameterized generic");
}

static struct py_object *alias_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    if (py_no_keywords("GenericAlias", kwnames) < 0 ||
        py_check_positional("GenericAlias", nargs, 2, 2) < 0)
        return NULL;
    return make_alias(type, args[0], args[1]);
}

static const struct py_method_def alias_methods[] = {
    {.name = "__mro_entries__", .fn = alias_mro_entries, .min_args = 1, .max_args = 1},
    {.name = "__reduce__", .fn = alias_reduce},
    {.name = "__instancecheck__", .fn = alias_refuse_check, .min_args = 1, .max_args = 1},
    {.name = "__subclasscheck__", .fn = alias_refuse_check, .min_args = 1, .max_args = 1},
    {.name = NULL},
};

static const struct py_member_def alias_members[] = {
    {.name = "__origin__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct alias, origin),
     .readonly = true},
    {.name = "__args__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct alias, args),
     .readonly = true},
    {.name = NULL},
};

static const struct py_field alias_fields[] = {
    PY_FIELD(struct alias, origin),
    PY_FIELD(struct alias, args),
    PY_FIELD(struct alias, parameters),
    PY_FIELD_END,
};

struct py_type py_generic_alias_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "types.GenericAlias",
    .basicsize = 64, /* as CPython's */
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE,
    .fields = alias_fields,
    .weaklist_offset = offsetof(struct alias, weaklist),
    .new_ = alias_new,
    .repr = alias_repr,
    .hash = alias_hash,
    .call = alias_call,
    .getattr = alias_getattr,
    .richcompare = alias_compare,
    .iter = alias_iter,
    .subscript = alias_getitem,
    .binary = {[PY_NB_OR] = py_union_or},
    .getsets = alias_getsets,
    .methods = alias_methods,
    .members = alias_members,
};

/* ---- int | str --------------------------------------------------------------------------- */

struct union_type {
    struct py_object base;
    struct py_tuple *args;
};
#define UNION(o) ((struct union_type *)(o))

static bool can_be_member(const struct py_object *o)
{
    return o == PY_NONE || py_has_flag(o, PY_TYPE_IS_TYPE) ||
           py_isinstance_type(o, &py_generic_alias_type) || o->type == &py_union_type;
}

/* Adds o, or the members of o if it is a union, unless already there. */
static int add_members(struct py_list *members, struct py_object *o)
{
    if (o->type == &py_union_type) {
        for (int64_t i = 0; i < UNION(o)->args->base.size; i++)
            if (add_members(members, UNION(o)->args->items[i]) < 0)
                return -1;
        return 0;
    }
    if (o == PY_NONE)
        o = PY_OBJ(&py_none_type);
    const int there = py_contains(PY_OBJ(members), o);
    if (there)
        return there < 0 ? -1 : 0;
    return py_list_append(members, o);
}

struct py_object *py_union_or(struct py_object *a, struct py_object *b)
{
    if (!can_be_member(a) || !can_be_member(b))
        return PY_NOT_IMPLEMENTED;
    struct py_list *members = py_list_new(0);
    struct py_object *r = NULL;
    PY_HOLD(&members);
    if (members && add_members(members, a) == 0 && add_members(members, b) == 0) {
        if (members->base.size == 1) {
            r = py_newref(members->items[0]);
        } else {
            struct union_type *u = py_object_new(&py_union_type);
            if (u && !(u->args = py_list_as_tuple(members)))
                py_clear(u);
            if (u)
                py_gc_track(u);
            r = PY_OBJ(u);
        }
    }
    py_clear(members);
    return r;
}

static struct py_object *union_repr(struct py_object *self)
{
    struct py_strbuf b;
    py_strbuf_init(&b);
    if (write_items(&b, UNION(self)->args, " | ") < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

static struct py_object *union_check(struct py_object *self, struct py_object *o,
                                     int (*test)(struct py_object *, struct py_object *))
{
    int r = 0;
    for (int64_t i = 0; r == 0 && i < UNION(self)->args->base.size; i++)
        r = test(o, UNION(self)->args->items[i]);
    return r < 0 ? NULL : py_bool_from(r != 0);
}

static struct py_object *union_instancecheck(struct py_object *self, struct py_object *const *args,
                                             size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    return union_check(self, args[0], py_isinstance);
}

static struct py_object *union_subclasscheck(struct py_object *self, struct py_object *const *args,
                                             size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    return union_check(self, args[0], py_issubclass);
}

static struct py_set *member_set(struct py_object *self)
{
    return py_frozenset_new(PY_OBJ(UNION(self)->args));
}

static struct py_object *union_compare(struct py_object *a, struct py_object *b, int op)
{
    if ((op != PY_EQ && op != PY_NE) || b->type != &py_union_type)
        return PY_NOT_IMPLEMENTED;
    struct py_set *own[2] = {member_set(a), NULL};
    PY_HOLD_N(own, 2);
    own[1] = member_set(b);
    struct py_object *r =
        own[0] && own[1] ? py_richcompare(PY_OBJ(own[0]), PY_OBJ(own[1]), op) : NULL;
    py_clear(own[1]);
    py_clear(own[0]);
    return r;
}

static int64_t union_hash(struct py_object *self)
{
    struct py_set *s = member_set(self);
    if (!s)
        return -1;
    PY_HOLD(&s);
    const int64_t h = py_hash(PY_OBJ(s));
    py_clear(s);
    return h;
}

static struct py_object *union_get_parameters(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_typing_parameters(UNION(self)->args));
}

static struct py_object *union_getitem(struct py_object *self, struct py_object *item)
{
    struct py_tuple *parameters = py_typing_parameters(UNION(self)->args);
    if (!parameters)
        return NULL;
    PY_HOLD(&parameters);
    struct py_tuple *args = py_typing_substitute(self, UNION(self)->args, parameters, item);
    PY_HOLD(&args);
    py_clear(parameters);
    struct py_object *result = args ? py_newref(args->items[0]) : NULL;
    PY_HOLD(&result);
    for (int64_t i = 1; result && i < args->base.size; i++) {
        struct py_object *const more = py_binary(PY_NB_OR, result, args->items[i]);
        py_setref(result, more);
    }
    py_clear(args);
    struct py_object *const whole = result;
    result = NULL;
    return whole;
}

static const struct py_getset_def union_getsets[] = {
    {.name = "__parameters__", .get = union_get_parameters}, {.name = NULL}};

static const struct py_method_def union_methods[] = {
    {.name = "__instancecheck__", .fn = union_instancecheck, .min_args = 1, .max_args = 1},
    {.name = "__subclasscheck__", .fn = union_subclasscheck, .min_args = 1, .max_args = 1},
    {.name = NULL},
};

static const struct py_member_def union_members[] = {
    {.name = "__args__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct union_type, args),
     .readonly = true},
    {.name = NULL},
};

static const struct py_field union_fields[] = {
    PY_FIELD(struct union_type, args),
    PY_FIELD_END,
};

struct py_type py_union_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "types.UnionType",
    .doc = "What int | str is: either of several types",
    .basicsize = sizeof(struct union_type) + sizeof(void *),
    .flags = PY_TYPE_GC,
    .fields = union_fields,
    .repr = union_repr,
    .hash = union_hash,
    .richcompare = union_compare,
    .binary = {[PY_NB_OR] = py_union_or},
    .subscript = union_getitem,
    .getsets = union_getsets,
    .methods = union_methods,
    .members = union_members,
};
