/* _collections._tuplegetter: the descriptor that a field of a namedtuple is. Its two fields are the
 * place of the item and the documentation, which programs may replace.
 */
#include "vm/builtins/mod_support.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/tuple.h"
#include "vm/runtime/ops.h"

struct tuplegetter {
    struct py_object base;
    int64_t index;
    struct py_object *doc;
};
#define GETTER(o) ((const struct tuplegetter *)(o))

extern struct py_type py_tuplegetter_type; /* static_types.def */

static struct py_object *tuplegetter_new(struct py_type *type, struct py_object *const *args,
                                         size_t nargs, struct py_tuple *kwnames)
{
    if (py_no_keywords("_tuplegetter", kwnames) < 0 ||
        py_check_positional("_tuplegetter", nargs, 2, 2) < 0)
        return NULL;
    const int64_t index = py_int_as_ssize_arg(args[0]);
    if (index == -1 && py_error_occurred())
        return NULL;
    struct tuplegetter *const made = py_object_new(type);
    if (!made)
        return NULL;
    made->index = index;
    made->doc = py_newref(args[1]);
    py_gc_track(made);
    return PY_OBJ(made);
}

static struct py_object *tuplegetter_get(struct py_object *self, struct py_object *o,
                                         struct py_object *type)
{
    (void)type;
    if (!o || o == PY_NONE)
        return py_newref(self);
    const int64_t index = GETTER(self)->index;
    if (!py_tuple_check(o))
        return py_raise(&py_exc_TypeError,
                        "descriptor for index '%lld' for tuple subclasses doesn't apply to '%s' "
                        "object",
                        (long long)index, o->type->name);
    const struct py_tuple *const tuple = (struct py_tuple *)o;
    if (index < 0 || index >= tuple->base.size)
        return py_raise(&py_exc_IndexError, "tuple index out of range");
    return py_newref(tuple->items[index]);
}

static int tuplegetter_set(struct py_object *self, struct py_object *o, struct py_object *value)
{
    (void)self, (void)o;
    return py_raise_int(&py_exc_AttributeError,
                        value ? "can't set attribute" : "can't delete attribute");
}

static struct py_object *tuplegetter_repr(struct py_object *self)
{
    return PY_OBJ(py_str_format_c("%.100s(%lld, %R)", py_type_shortname(self->type),
                                  (long long)GETTER(self)->index, GETTER(self)->doc));
}

METHOD(tuplegetter_reduce)
{
    UNUSED;
    struct py_object *index = py_int_from_i64(GETTER(self)->index);
    struct py_tuple *const given = index ? py_tuple_pack(2, index, GETTER(self)->doc) : NULL;
    py_xdecref(index);
    struct py_tuple *const parts =
        given ? py_tuple_pack(2, PY_OBJ(self->type), PY_OBJ(given)) : NULL;
    py_xdecref(given);
    return PY_OBJ(parts);
}

static const struct py_method_def tuplegetter_methods[] = {
    {.name = "__reduce__", .fn = tuplegetter_reduce},
    {.name = NULL},
};
static const struct py_member_def tuplegetter_members[] = {
    {"__doc__", PY_MEMBER_OBJECT, offsetof(struct tuplegetter, doc), false, NULL},
    {.name = NULL},
};
static const struct py_field tuplegetter_fields[] = {PY_FIELD(struct tuplegetter, doc),
                                                     PY_FIELD_END};

struct py_type py_tuplegetter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_collections._tuplegetter",
    .basicsize = sizeof(struct tuplegetter),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE,
    .field_count = 1,
    .fields = tuplegetter_fields,
    .repr = tuplegetter_repr,
    .descr_get = tuplegetter_get,
    .descr_set = tuplegetter_set,
    .new_ = tuplegetter_new,
    .methods = tuplegetter_methods,
    .members = tuplegetter_members,
};
