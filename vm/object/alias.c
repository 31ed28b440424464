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
};
#define ALIAS(o) ((struct alias *)(o))

bool py_is_generic_type(const struct py_type *type)
{
    const struct py_type *const generic[] = {&py_list_type, &py_dict_type,      &py_tuple_type,
                                             &py_set_type,  &py_frozenset_type, &py_type_type,
                                             &py_deque_type};
    for (size_t i = 0; i < sizeof generic / sizeof generic[0]; i++)
        if (type == generic[i] ||
            (generic[i] != &py_type_type && py_type_is_subtype(type, generic[i])))
            return true;
    return false;
}

struct py_object *py_generic_alias_new(struct py_object *origin, struct py_object *args)
{
    struct alias *a = py_object_new(&py_generic_alias_type);
    if (!a)
        return NULL;
    a->origin = py_newref(origin);
    a->args = py_tuple_check(args) ? (struct py_tuple *)py_newref(args) : py_tuple_pack(1, args);
    a->parameters = py_newref(py_tuple_empty());
    if (!a->args) {
        py_decref(a);
        return NULL;
    }
    py_gc_track(a);
    return PY_OBJ(a);
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
    if (write_item(&b, ALIAS(self)->origin) < 0 || py_strbuf_char(&b, '[') < 0 ||
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
    static const char *const own[] = {"__class__",      "__origin__",        "__args__",
                                      "__parameters__", "__mro_entries__",   "__reduce_ex__",
                                      "__reduce__",     "__instancecheck__", "__subclasscheck__"};
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
    if ((op != PY_EQ && op != PY_NE) || b->type != &py_generic_alias_type)
        return PY_NOT_IMPLEMENTED;
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
    (void)type;
    if (py_no_keywords("GenericAlias", kwnames) < 0 ||
        py_check_positional("GenericAlias", nargs, 2, 2) < 0)
        return NULL;
    return py_generic_alias_new(args[0], args[1]);
}

static const struct py_method_def alias_methods[] = {
    {.name = "__mro_entries__", .fn = alias_mro_entries, .min_args = 1, .max_args = 1},
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
    {.name = "__parameters__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct alias, parameters),
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
    .binary = {[PY_NB_OR] = py_union_or},
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
    return o == PY_NONE || py_has_flag(o, PY_TYPE_IS_TYPE) || o->type == &py_generic_alias_type ||
           o->type == &py_union_type;
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
    .doc = "Represent a PEP 604 union type\n\nE.g. for int | str",
    .basicsize = sizeof(struct union_type) + sizeof(void *),
    .flags = PY_TYPE_GC,
    .fields = union_fields,
    .repr = union_repr,
    .hash = union_hash,
    .richcompare = union_compare,
    .binary = {[PY_NB_OR] = py_union_or},
    .methods = union_methods,
    .members = union_members,
};
