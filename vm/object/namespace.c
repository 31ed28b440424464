/* types.SimpleNamespace. */
#include "vm/object/namespace.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/repr_guard.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct namespace
{
    struct py_object base;
    struct py_dict *dict;
};
#define DICT(o) (((struct namespace *)(o))->dict)

static struct py_object *namespace_alloc(struct py_type *type, struct py_object *const *args,
                                         size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct namespace *n = py_object_new(type);
    if (!n)
        return NULL;
    n->dict = py_dict_new();
    if (!n->dict) {
        py_decref(n);
        return NULL;
    }
    py_gc_track(n);
    return PY_OBJ(n);
}

struct py_object *py_namespace_new(void)
{
    return namespace_alloc(&py_simple_namespace_type, NULL, 0, NULL);
}

static int namespace_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                          struct py_tuple *kwnames)
{
    if (nargs > 0)
        return py_raise_int(&py_exc_TypeError, "no positional arguments expected");
    for (int64_t i = 0; kwnames && i < kwnames->base.size; i++)
        if (py_dict_set(DICT(self), kwnames->items[i], args[i]) < 0)
            return -1;
    return 0;
}

static int write_entries(struct py_strbuf *b, struct py_dict *d)
{
    int64_t pos = 0;
    struct py_object *key, *value;
    bool first = true;
    while (py_dict_next(d, &pos, &key, &value, NULL)) {
        if (!py_str_check(key))
            continue;
        struct py_object *text = py_repr(value);
        if (!text)
            return -1;
        const bool failed =
            (!first && py_strbuf_cstr(b, ", ") < 0) || py_strbuf_str(b, (struct py_str *)key) < 0 ||
            py_strbuf_char(b, '=') < 0 || py_strbuf_str(b, (struct py_str *)text) < 0;
        py_decref(text);
        if (failed)
            return -1;
        first = false;
    }
    return 0;
}

static struct py_object *namespace_repr(struct py_object *self)
{
    const char *name = self->type == &py_simple_namespace_type ? "namespace" : self->type->name;
    struct py_repr_guard guard;
    const int nested = py_repr_enter(&guard, self);
    if (nested)
        return nested > 0 ? PY_OBJ(py_str_format_c("%s(...)", name)) : NULL;
    struct py_strbuf b;
    py_strbuf_init(&b);
    struct py_str *text = NULL;
    if (py_strbuf_cstr(&b, name) == 0 && py_strbuf_char(&b, '(') == 0 &&
        write_entries(&b, DICT(self)) == 0 && py_strbuf_char(&b, ')') == 0)
        text = py_strbuf_finish(&b);
    else
        py_strbuf_deinit(&b);
    py_repr_leave(&guard);
    return PY_OBJ(text);
}

static struct py_object *namespace_compare(struct py_object *a, struct py_object *b, int op)
{
    if (!py_type_is_subtype(a->type, &py_simple_namespace_type) ||
        !py_type_is_subtype(b->type, &py_simple_namespace_type))
        return PY_NOT_IMPLEMENTED;
    return py_richcompare(PY_OBJ(DICT(a)), PY_OBJ(DICT(b)), op);
}

static struct py_object *namespace_reduce(struct py_object *self, struct py_object *const *args,
                                          size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return PY_OBJ(
        py_tuple_pack(3, PY_OBJ(self->type), PY_OBJ(py_tuple_empty()), PY_OBJ(DICT(self))));
}

static struct py_object *get_dict(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(DICT(self)));
}

static const struct py_method_def namespace_methods[] = {
    {.name = "__reduce__", .fn = namespace_reduce, .doc = "What pickle keeps of it"},
    {.name = NULL},
};

static const struct py_getset_def namespace_getsets[] = {
    {.name = "__dict__", .get = get_dict},
    {.name = NULL},
};

static const struct py_field namespace_fields[] = {
    PY_FIELD(struct namespace, dict),
    PY_FIELD_END,
};

struct py_type py_simple_namespace_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "types.SimpleNamespace",
    .doc =
        "SimpleNamespace(**kwargs)\n\nAn object whose attributes are the names that it is given.",
    .basicsize = sizeof(struct namespace),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE,
    .fields = namespace_fields,
    .dict_offset = offsetof(struct namespace, dict),
    .repr = namespace_repr,
    .richcompare = namespace_compare,
    .init = namespace_init,
    .new_ = namespace_alloc,
    .methods = namespace_methods,
    .getsets = namespace_getsets,
};
