/* super: attributes of an object, looked up behind a given class in the mro of the object's class.
 *
 * super() without arguments finds both in the calling frame: the class in the cell __class__,
 * which the compiler puts among the free variables of every function that mentions super or
 * __class__, the object in the first argument's register (or the cell that replaced it).
 */
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/code.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/instance.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/frame.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

struct py_super {
    struct py_object base;
    struct py_object *obj;    /* or NULL: unbound */
    struct py_type *type;     /* the class to look behind */
    struct py_type *obj_type; /* whose mro counts: type(obj), or obj itself if it is a class */
};
#define SUPER(o) ((struct py_super *)(o))

/* ---- lookup ------------------------------------------------------------------------------ */

/* Borrowed; NULL without an exception. */
static struct py_object *find_behind(const struct py_super *su, struct py_str *name)
{
    const struct py_tuple *mro = su->obj_type->mro;
    if (!mro)
        return NULL;
    int64_t i = 0;
    while (i < mro->base.size && mro->items[i] != PY_OBJ(su->type))
        i++;
    for (i++; i < mro->base.size; i++) {
        struct py_object *v = py_dict_get_str(((struct py_type *)mro->items[i])->dict, name);
        if (v)
            return v;
    }
    return NULL;
}

static struct py_object *super_getattr(struct py_object *self, struct py_object *name)
{
    const struct py_super *su = SUPER(self);
    if (!su->obj_type || !py_str_check(name) ||
        py_str_equal_cstr((struct py_str *)name, "__class__"))
        return py_object_generic_getattr(self, name);
    struct py_object *v = find_behind(su, (struct py_str *)name);
    if (!v)
        return py_object_generic_getattr(self, name);
    if (!v->type->descr_get)
        return py_newref(v);
    /* On a class (super in a classmethod) the attribute is bound to the class alone. */
    struct py_object *o = su->obj == PY_OBJ(su->obj_type) ? NULL : su->obj;
    struct py_object *own[2] = {py_newref(v), NULL};
    PY_HOLD_N(own, 2);
    own[1] = v->type->descr_get(v, o, PY_OBJ(su->obj_type));
    py_clear(own[0]);
    return own[1];
}

/* ---- making one -------------------------------------------------------------------------- */

/* obj must be an instance or a subclass of type. Borrowed. */
static struct py_type *check(struct py_type *type, struct py_object *obj)
{
    if (py_has_flag(obj, PY_TYPE_IS_TYPE) && py_type_is_subtype((struct py_type *)obj, type))
        return (struct py_type *)obj;
    if (py_type_is_subtype(obj->type, type))
        return obj->type;
    struct py_object *cls = NULL; /* a proxy may claim another class */
    if (py_getattr_optional(obj, PY_OBJ(py_str_const("__class__")), &cls) < 0)
        return NULL;
    struct py_type *claimed = (struct py_type *)cls;
    const bool fits = cls && py_has_flag(cls, PY_TYPE_IS_TYPE) && claimed != obj->type &&
                      py_type_is_subtype(claimed, type);
    py_xdecref(cls); /* obj keeps its class alive */
    if (fits)
        return claimed;
    return py_raise(&py_exc_TypeError,
                    "super(type, obj): obj must be an instance or subtype of type");
}

static struct py_object *first_argument(const struct py_frame *f)
{
    const struct py_code *code = f->code;
    struct py_object *o = f->regs[0];
    for (int i = 0; o && i < code->cell_count; i++)
        if (code->cell_registers[i] == 0 && o->type == &py_cell_type)
            return ((struct py_cell *)o)->value;
    return o;
}

static struct py_object *class_cell(const struct py_frame *f)
{
    const struct py_tuple *names = f->code->freevars;
    for (int64_t i = 0; names && i < names->base.size; i++)
        if (py_str_equal_cstr((struct py_str *)names->items[i], "__class__") && f->func &&
            f->func->closure)
            return f->func->closure->items[i];
    return NULL;
}

static int from_frame(struct py_object **type, struct py_object **obj)
{
    const struct py_frame *f = py_thread_current()->frame;
    if (!f)
        return py_raise_int(&py_exc_RuntimeError, "super(): no current frame");
    if (f->code->arg_count == 0 && !(f->code->flags & PY_CODE_VARARGS))
        return py_raise_int(&py_exc_RuntimeError, "super(): no arguments");
    *obj = first_argument(f);
    if (!*obj)
        return py_raise_int(&py_exc_RuntimeError, "super(): arg[0] deleted");
    struct py_object *cell = class_cell(f);
    if (!cell)
        return py_raise_int(&py_exc_RuntimeError, "super(): __class__ cell not found");
    if (cell->type != &py_cell_type)
        return py_raise_int(&py_exc_RuntimeError, "super(): bad __class__ cell");
    *type = ((struct py_cell *)cell)->value;
    if (!*type)
        return py_raise_int(&py_exc_RuntimeError, "super(): empty __class__ cell");
    if (!py_has_flag(*type, PY_TYPE_IS_TYPE))
        return py_raise_int(&py_exc_RuntimeError, "super(): __class__ is not a type (%T)", *type);
    return 0;
}

static int super_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                      struct py_tuple *kwnames)
{
    if (py_no_keywords("super", kwnames) < 0 || py_check_positional("super()", nargs, 0, 2) < 0)
        return -1;
    struct py_object *type = nargs > 0 ? args[0] : NULL, *obj = nargs > 1 ? args[1] : NULL;
    if (nargs == 0 && from_frame(&type, &obj) < 0)
        return -1;
    if (!py_has_flag(type, PY_TYPE_IS_TYPE))
        return py_raise_int(&py_exc_TypeError, "super() argument 1 must be a type, not %T", type);
    struct py_type *obj_type = NULL;
    if (obj == PY_NONE)
        obj = NULL;
    if (obj && !(obj_type = check((struct py_type *)type, obj)))
        return -1;
    struct py_super *su = SUPER(self);
    py_xincref(obj);
    py_xincref(obj_type);
    py_setref(su->type, (struct py_type *)py_newref(type));
    py_setref(su->obj, obj);
    py_setref(su->obj_type, obj_type);
    return 0;
}

static struct py_object *super_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_instance_alloc(type);
}

/* ---- the type ---------------------------------------------------------------------------- */

static struct py_object *super_get(struct py_object *self, struct py_object *o,
                                   struct py_object *type)
{
    (void)type;
    struct py_super *su = SUPER(self);
    if (!o || o == PY_NONE || su->obj)
        return py_newref(self);
    struct py_object *const args[2] = {PY_OBJ(su->type), o};
    return py_call(PY_OBJ(self->type), args, 2, NULL);
}

static struct py_object *super_repr(struct py_object *self)
{
    const struct py_super *su = SUPER(self);
    const char *name = su->type ? su->type->name : "NULL";
    if (su->obj_type)
        return PY_OBJ(
            py_str_format_c("<super: <class '%s'>, <%s object>>", name, su->obj_type->name));
    return PY_OBJ(py_str_format_c("<super: <class '%s'>, NULL>", name));
}

static const struct py_member_def super_members[] = {
    {.name = "__thisclass__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_super, type),
     .readonly = true,
     .doc = "the class behind which the search begins"},
    {.name = "__self__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_super, obj),
     .readonly = true,
     .doc = "the instance whose attributes are looked up, or None"},
    {.name = "__self_class__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_super, obj_type),
     .readonly = true,
     .doc = "the class whose bases are searched, or None"},
    {.name = NULL},
};

static const struct py_field super_fields[] = {
    PY_FIELD(struct py_super, obj),
    PY_FIELD(struct py_super, type),
    PY_FIELD(struct py_super, obj_type),
    PY_FIELD_END,
};

struct py_type py_super_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "super",
    .doc = "super() -> same as super(__class__, <first argument>)\n"
           "super(type) -> unbound super object\n"
           "super(type, obj) -> bound super object; requires isinstance(obj, type)\n"
           "super(type, type2) -> bound super object; requires issubclass(type2, type)\n",
    .basicsize = sizeof(struct py_super),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE,
    .fields = super_fields,
    .repr = super_repr,
    .getattr = super_getattr,
    .descr_get = super_get,
    .init = super_init,
    .new_ = super_new,
    .members = super_members,
};
