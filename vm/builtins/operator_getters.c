/* operator.itemgetter, attrgetter and methodcaller: what to do with an object that comes later.
 *
 * All three keep a tuple of what they were asked for:
 *
 *     itemgetter(i, j)         (i, j)                   o[i], or (o[i], o[j])
 *     attrgetter("a.b", "c")   (("a", "b"), "c")        o.a.b, or (o.a.b, o.c)
 *     methodcaller("m", 1)     ("m", 1), keywords       o.m(1)
 */
#include "vm/builtins/mod_operator.h"
#include "vm/builtins/mod_support.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/list.h"
#include "vm/object/repr_guard.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"

struct py_getter {
    struct py_object base;
    struct py_tuple *wanted;
    struct py_dict *keywords; /* of a methodcaller, or NULL */
};

#define GETTER(o) ((struct py_getter *)(o))

static const struct py_field getter_fields[] = {PY_FIELD(struct py_getter, wanted),
                                                PY_FIELD(struct py_getter, keywords), PY_FIELD_END};

/* Steals both; wanted NULL: an exception is pending. */
static struct py_object *getter_new(struct py_type *type, struct py_tuple *wanted,
                                    struct py_dict *keywords)
{
    PY_HOLD(&wanted);
    PY_HOLD(&keywords);
    struct py_object *o = wanted ? py_object_new(type) : NULL;
    if (!o) {
        py_clear(wanted);
        py_clear(keywords);
        return NULL;
    }
    GETTER(o)->wanted = wanted;
    GETTER(o)->keywords = keywords;
    wanted = NULL;
    keywords = NULL;
    py_gc_track(o);
    return o;
}

/* The one argument of a call. */
static int check_call(const char *name, size_t nargs, struct py_tuple *kwnames)
{
    return py_no_keywords(name, kwnames) < 0 || py_check_positional(name, nargs, 1, 1) < 0 ? -1 : 0;
}

/* What `get` finds for each thing wanted: itself if there is one, else a tuple. */
static struct py_object *get_all(struct py_object *self, struct py_object *o,
                                 struct py_object *(*get)(struct py_object *, struct py_object *))
{
    const struct py_tuple *const wanted = GETTER(self)->wanted;
    const int64_t n = wanted->base.size;
    if (n == 1)
        return get(o, wanted->items[0]);
    struct py_list *found = py_list_new(0);
    PY_HOLD(&found);
    for (int64_t i = 0; found && i < n; i++) {
        struct py_object *const item = get(o, wanted->items[i]);
        if (!item || py_list_append_steal(found, item) < 0)
            py_clear(found);
    }
    struct py_object *result =
        found ? PY_OBJ(py_tuple_from_array(found->items, (size_t)found->base.size)) : NULL;
    py_clear(found);
    return result;
}

/* "operator.itemgetter(1, 2)": `shown` are the arguments that would make it again. */
static struct py_object *written(struct py_object *self, struct py_tuple *shown)
{
    struct py_object *parts = NULL;
    PY_HOLD(&parts);
    PY_HOLD(&shown);
    struct py_dict *const keywords = GETTER(self)->keywords;
    struct py_object *key, *value;
    struct py_strbuf text;
    py_strbuf_init(&text);
    int failed = shown ? py_strbuf_cstr(&text, self->type->name) || py_strbuf_char(&text, '(') : -1;
    for (int64_t i = 0; !failed && i < shown->base.size; i++) {
        py_setref(parts, PY_OBJ(py_str_format_c(i ? ", %R" : "%R", shown->items[i])));
        failed = parts ? py_strbuf_str(&text, (struct py_str *)parts) : -1;
    }
    int64_t at = 0;
    while (!failed && keywords && py_dict_next(keywords, &at, &key, &value, NULL)) {
        py_setref(parts, PY_OBJ(py_str_format_c(", %U=%R", key, value)));
        failed = parts ? py_strbuf_str(&text, (struct py_str *)parts) : -1;
    }
    failed = failed || py_strbuf_char(&text, ')');
    py_clear(parts);
    py_clear(shown);
    struct py_object *const result = failed ? NULL : PY_OBJ(py_strbuf_finish(&text));
    py_strbuf_deinit(&text);
    return result;
}

static struct py_object *guarded_repr(struct py_object *self,
                                      struct py_tuple *(*shown)(struct py_object *))
{
    struct py_repr_guard guard;
    const int inside = py_repr_enter(&guard, self);
    if (inside)
        return inside < 0 ? NULL : PY_OBJ(py_str_format_c("%s(...)", self->type->name));
    struct py_object *result = written(self, shown(self));
    PY_HOLD(&result);
    py_repr_leave(&guard);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

/* (callable, arguments), of which both are stolen. */
static struct py_object *reduced(struct py_object *callable, struct py_tuple *arguments)
{
    PY_HOLD(&callable);
    PY_HOLD(&arguments);
    struct py_object *const result =
        callable && arguments ? PY_OBJ(py_tuple_pack(2, callable, PY_OBJ(arguments))) : NULL;
    py_clear(callable);
    py_clear(arguments);
    return result;
}

static struct py_tuple *wanted_of(struct py_object *self)
{
    return py_newref(GETTER(self)->wanted);
}

/* ---- itemgetter --------------------------------------------------------------------------------
 */

static struct py_object *itemgetter_new(struct py_type *type, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    if (py_no_keywords("itemgetter", kwnames) < 0 ||
        (!nargs && py_check_positional("itemgetter", nargs, 1, 1) < 0))
        return NULL;
    return getter_new(type, py_tuple_from_array(args, nargs), NULL);
}

static struct py_object *itemgetter_call(struct py_object *self, struct py_object *const *args,
                                         size_t nargs, struct py_tuple *kwnames)
{
    return check_call("itemgetter", nargs, kwnames) < 0 ? NULL : get_all(self, args[0], py_getitem);
}

static struct py_object *itemgetter_repr(struct py_object *self)
{
    return guarded_repr(self, wanted_of);
}

METHOD(itemgetter_reduce)
{
    UNUSED;
    return reduced(py_newref(PY_OBJ(self->type)), wanted_of(self));
}

static const struct py_method_def itemgetter_methods[] = {
    METHOD_ROW("__reduce__", itemgetter_reduce, 0, 0), {.name = NULL}};

struct py_type py_itemgetter_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "operator.itemgetter",
    .doc = "itemgetter(item, /, *items)\n\nitemgetter(2)(o) is o[2]; itemgetter(2, 5)(o) is "
           "(o[2], o[5]).",
    .basicsize = sizeof(struct py_getter),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .fields = getter_fields,
    .call = itemgetter_call,
    .repr = itemgetter_repr,
    .new_ = itemgetter_new,
    .methods = itemgetter_methods,
};

/* ---- attrgetter --------------------------------------------------------------------------------
 */

/* A name, interned; or for one with dots the tuple of its parts. New. */
static struct py_object *parts_of(struct py_object *name)
{
    if (!py_str_check(name))
        return py_raise(&py_exc_TypeError, "attribute name must be a string");
    struct py_str *const s = (struct py_str *)name, *const dot = py_str_const(".");
    if (py_str_find(s, dot, 0, s->length) < 0)
        return PY_OBJ(py_str_intern(py_newref(s)));
    struct py_list *parts = py_list_new(0);
    PY_HOLD(&parts);
    for (int64_t from = 0; parts && from <= s->length;) {
        int64_t end = py_str_find(s, dot, from, s->length);
        end = end < 0 ? s->length : end;
        struct py_str *const part = py_str_substring(s, from, end);
        if (!part || py_list_append_steal(parts, PY_OBJ(py_str_intern(part))) < 0)
            py_clear(parts);
        from = end + 1;
    }
    struct py_object *result =
        parts ? PY_OBJ(py_tuple_from_array(parts->items, (size_t)parts->base.size)) : NULL;
    py_clear(parts);
    return result;
}

static struct py_object *attrgetter_new(struct py_type *type, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    if (py_no_keywords("attrgetter", kwnames) < 0 ||
        (!nargs && py_check_positional("attrgetter", nargs, 1, 1) < 0))
        return NULL;
    struct py_list *names = py_list_new(0);
    PY_HOLD(&names);
    for (size_t i = 0; names && i < nargs; i++) {
        struct py_object *const parts = parts_of(args[i]);
        if (!parts || py_list_append_steal(names, parts) < 0)
            py_clear(names);
    }
    struct py_tuple *const wanted =
        names ? py_tuple_from_array(names->items, (size_t)names->base.size) : NULL;
    py_clear(names);
    return getter_new(type, wanted, NULL);
}

/* o.a.b of ("a", "b"), or o.a of "a". */
static struct py_object *get_attribute(struct py_object *o, struct py_object *name)
{
    if (py_str_check(name))
        return py_getattr(o, name);
    const struct py_tuple *const parts = (struct py_tuple *)name;
    struct py_object *at = py_newref(o);
    PY_HOLD(&at);
    for (int64_t i = 0; at && i < parts->base.size; i++) {
        struct py_object *const next = py_getattr(at, parts->items[i]);
        py_setref(at, next);
    }
    struct py_object *result = at;
    at = NULL;
    return result;
}

static struct py_object *attrgetter_call(struct py_object *self, struct py_object *const *args,
                                         size_t nargs, struct py_tuple *kwnames)
{
    return check_call("attrgetter", nargs, kwnames) < 0 ? NULL
                                                        : get_all(self, args[0], get_attribute);
}

/* The names with their dots. New. */
static struct py_tuple *dotted(struct py_object *self)
{
    const struct py_tuple *const wanted = GETTER(self)->wanted;
    struct py_list *names = py_list_new(0);
    PY_HOLD(&names);
    for (int64_t i = 0; names && i < wanted->base.size; i++) {
        struct py_object *const name = wanted->items[i];
        struct py_object *const text =
            py_str_check(name) ? py_newref(name) : PY_OBJ(py_str_join(py_str_const("."), name));
        if (!text || py_list_append_steal(names, text) < 0)
            py_clear(names);
    }
    struct py_tuple *result =
        names ? py_tuple_from_array(names->items, (size_t)names->base.size) : NULL;
    py_clear(names);
    return result;
}

static struct py_object *attrgetter_repr(struct py_object *self)
{
    return guarded_repr(self, dotted);
}

METHOD(attrgetter_reduce)
{
    UNUSED;
    return reduced(py_newref(PY_OBJ(self->type)), dotted(self));
}

static const struct py_method_def attrgetter_methods[] = {
    METHOD_ROW("__reduce__", attrgetter_reduce, 0, 0), {.name = NULL}};

struct py_type py_attrgetter_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "operator.attrgetter",
    .doc = "attrgetter(attr, /, *attrs)\n\nattrgetter('a')(o) is o.a; attrgetter('a.b', 'c')(o) is "
           "(o.a.b, o.c).",
    .basicsize = sizeof(struct py_getter),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .fields = getter_fields,
    .call = attrgetter_call,
    .repr = attrgetter_repr,
    .new_ = attrgetter_new,
    .methods = attrgetter_methods,
};

/* ---- methodcaller ------------------------------------------------------------------------------
 */

static struct py_object *methodcaller_new(struct py_type *type, struct py_object *const *args,
                                          size_t nargs, struct py_tuple *kwnames)
{
    if (!nargs)
        return py_raise(&py_exc_TypeError,
                        "methodcaller needs at least one argument, the method name");
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "method name must be a string");
    struct py_dict *keywords = kwnames && kwnames->base.size ? py_dict_new() : NULL;
    PY_HOLD(&keywords);
    for (int64_t i = 0; keywords && i < kwnames->base.size; i++)
        if (py_dict_set(keywords, kwnames->items[i], args[nargs + (size_t)i]) < 0)
            py_clear(keywords);
    if (py_error_occurred())
        return NULL;
    struct py_dict *const given = keywords;
    keywords = NULL;
    return getter_new(type, py_tuple_from_array(args, nargs), given);
}

static struct py_object *methodcaller_call(struct py_object *self, struct py_object *const *args,
                                           size_t nargs, struct py_tuple *kwnames)
{
    if (check_call("methodcaller", nargs, kwnames) < 0)
        return NULL;
    const struct py_tuple *const wanted = GETTER(self)->wanted;
    if (!GETTER(self)->keywords)
        return py_call_method(args[0], (struct py_str *)wanted->items[0], wanted->items + 1,
                              (size_t)wanted->base.size - 1);
    struct py_object *held[2] = {py_getattr(args[0], wanted->items[0])};
    PY_HOLD_N(held, 2);
    if (held[0])
        held[1] = PY_OBJ(py_tuple_from_array(wanted->items + 1, (size_t)wanted->base.size - 1));
    struct py_object *result =
        held[1] ? py_call_tuple(held[0], (struct py_tuple *)held[1], GETTER(self)->keywords) : NULL;
    PY_HOLD(&result);
    py_clear(held[0]);
    py_clear(held[1]);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

static struct py_object *methodcaller_repr(struct py_object *self)
{
    return guarded_repr(self, wanted_of);
}

/* With keywords: (partial(type, name, **keywords), arguments), because a pickle has no place for
 * them. */
METHOD(methodcaller_reduce)
{
    UNUSED;
    const struct py_getter *const g = GETTER(self);
    if (!g->keywords)
        return reduced(py_newref(PY_OBJ(self->type)), wanted_of(self));
    struct py_object *held[4] = {py_import_module("functools")};
    PY_HOLD_N(held, 4);
    held[1] = held[0] ? py_getattr_cstr(held[0], "partial") : NULL;
    held[2] = held[1] ? PY_OBJ(py_tuple_pack(2, PY_OBJ(self->type), g->wanted->items[0])) : NULL;
    held[3] = held[2] ? py_call_tuple(held[1], (struct py_tuple *)held[2], g->keywords) : NULL;
    struct py_object *result =
        held[3] ? reduced(py_newref(held[3]), py_tuple_from_array(g->wanted->items + 1,
                                                                  (size_t)g->wanted->base.size - 1))
                : NULL;
    PY_HOLD(&result);
    for (int i = 0; i < 4; i++)
        py_clear(held[i]);
    struct py_object *returned = result;
    result = NULL;
    return returned;
}

static const struct py_method_def methodcaller_methods[] = {
    METHOD_ROW("__reduce__", methodcaller_reduce, 0, 0), {.name = NULL}};

struct py_type py_methodcaller_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "operator.methodcaller",
    .doc = "methodcaller(name, /, *args, **kwargs)\n\nmethodcaller('m', 1, k=2)(o) is o.m(1, k=2).",
    .basicsize = sizeof(struct py_getter),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .fields = getter_fields,
    .call = methodcaller_call,
    .repr = methodcaller_repr,
    .new_ = methodcaller_new,
    .methods = methodcaller_methods,
};
