/* Functions made by def and lambda: the object and its attributes. Calling one is the business of
 * vm/runtime/eval.c; binding its arguments of vm/runtime/args.c.
 *
 * version is a number no other function has, so that the interpreter loop can cache "this callee"
 * in one word; it becomes 0 when code or defaults are replaced, and such a function is then called
 * the general way.
 *
 * annotations may be a flat tuple (name, value, name, value ...) as the compiler builds it; it
 * becomes a dict when somebody looks.
 */
#include "vm/object/func.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/code.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/module.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/eval.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

#define FUNC(o) ((struct py_function *)(o))

static uint32_t next_version = 1;

/* The dict that names are looked up in after globals. Borrowed. */
static struct py_object *builtins_of(struct py_dict *globals)
{
    static struct py_str *name;
    if (!name)
        name = py_str_const("__builtins__");
    struct py_object *b = py_dict_get_str(globals, name);
    if (b && py_type_is_subtype(b->type, &py_module_type))
        b = PY_OBJ(((struct py_module *)b)->dict);
    if (b && py_dict_check(b))
        return b;
    const struct py_thread *const thread = py_thread_current();
    const bool running = thread && thread->frame && thread->frame->builtins;
    return running ? PY_OBJ(thread->frame->builtins) : PY_OBJ(py_runtime.builtins);
}

struct py_function *py_function_new(struct py_code *code, struct py_dict *globals,
                                    struct py_str *qualname)
{
    static struct py_str *module_key;
    if (!module_key)
        module_key = py_str_const("__name__");
    struct py_function *f = py_object_new(&py_function_type);
    if (!f)
        return NULL;
    f->globals = py_newref(globals);
    f->builtins = builtins_of(globals);
    py_xincref(f->builtins);
    f->name = py_newref(code->name);
    f->qualname = py_newref(qualname ? qualname : code->qualname ? code->qualname : code->name);
    f->code = py_newref(code);
    f->doc = py_newref(code->doc_source ? code->doc_source : PY_NONE);
    f->module = py_dict_get_str(globals, module_key);
    py_xincref(f->module);
    f->version = next_version ? next_version++ : 0;
    py_gc_track(f);
    return f;
}

/* ---- attributes -------------------------------------------------------------------------- */

static int set_text(struct py_str **slot, struct py_object *value, const char *name)
{
    if (!value || !py_str_check(value))
        return py_raise_int(&py_exc_TypeError, "%s must be set to a string object", name);
    struct py_str *old = *slot;
    *slot = py_newref((struct py_str *)value);
    py_decref(old);
    return 0;
}

static struct py_object *get_name(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(FUNC(self)->name));
}

static int set_name(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    return set_text(&FUNC(self)->name, value, "__name__");
}

static struct py_object *get_qualname(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(FUNC(self)->qualname));
}

static int set_qualname(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    return set_text(&FUNC(self)->qualname, value, "__qualname__");
}

static struct py_object *get_code(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_newref(FUNC(self)->code));
}

static int set_code(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    struct py_function *f = FUNC(self);
    if (!value || value->type != &py_code_type)
        return py_raise_int(&py_exc_TypeError, "__code__ must be set to a code object");
    struct py_code *code = (struct py_code *)value;
    const int64_t have = f->closure ? f->closure->base.size : 0;
    if (code->free_count != have)
        return py_raise_int(&py_exc_ValueError,
                            "%U() requires a code object with %ld free vars, not %ld", f->name,
                            (long)have, (long)code->free_count);
    f->version = 0;
    struct py_code *old = f->code;
    f->code = py_newref(code);
    py_decref(old);
    return 0;
}

static struct py_object *get_defaults(struct py_object *self, void *closure)
{
    (void)closure;
    return py_newref(FUNC(self)->defaults ? PY_OBJ(FUNC(self)->defaults) : PY_NONE);
}

static int set_defaults(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (value == PY_NONE)
        value = NULL;
    if (value && !py_tuple_check(value))
        return py_raise_int(&py_exc_TypeError, "__defaults__ must be set to a tuple object");
    FUNC(self)->version = 0;
    py_xincref(value);
    py_setref(FUNC(self)->defaults, (struct py_tuple *)value);
    return 0;
}

static struct py_object *get_kwdefaults(struct py_object *self, void *closure)
{
    (void)closure;
    return py_newref(FUNC(self)->kwdefaults ? PY_OBJ(FUNC(self)->kwdefaults) : PY_NONE);
}

static int set_kwdefaults(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (value == PY_NONE)
        value = NULL;
    if (value && !py_dict_check(value))
        return py_raise_int(&py_exc_TypeError, "__kwdefaults__ must be set to a dict object");
    FUNC(self)->version = 0;
    py_xincref(value);
    py_setref(FUNC(self)->kwdefaults, (struct py_dict *)value);
    return 0;
}

/* The compiler's tuple, flat or of pairs, as a dict. */
static struct py_dict *annotations_dict(const struct py_tuple *t)
{
    struct py_dict *d = py_dict_new();
    const bool pairs = t->base.size > 0 && py_tuple_check(t->items[0]);
    for (int64_t i = 0; d && i < t->base.size; i += pairs ? 1 : 2) {
        struct py_object *const *kv =
            pairs ? ((struct py_tuple *)t->items[i])->items : &t->items[i];
        if (py_dict_set(d, kv[0], kv[1]) < 0)
            py_clear(d);
    }
    return d;
}

static struct py_object *get_annotations(struct py_object *self, void *closure)
{
    (void)closure;
    struct py_function *f = FUNC(self);
    if (!f->annotations || py_tuple_check(f->annotations)) {
        struct py_dict *d =
            f->annotations ? annotations_dict((struct py_tuple *)f->annotations) : py_dict_new();
        if (!d)
            return NULL;
        py_setref(f->annotations, PY_OBJ(d));
    }
    return py_newref(f->annotations);
}

static int set_annotations(struct py_object *self, struct py_object *value, void *closure)
{
    (void)closure;
    if (value == PY_NONE)
        value = NULL;
    if (value && !py_dict_check(value))
        return py_raise_int(&py_exc_TypeError, "__annotations__ must be set to a dict object");
    py_xincref(value);
    py_setref(FUNC(self)->annotations, value);
    return 0;
}

static struct py_object *get_dict(struct py_object *self, void *closure)
{
    return py_instance_dict_getset.get(self, closure);
}

static int set_dict(struct py_object *self, struct py_object *value, void *closure)
{
    if (!value)
        return py_raise_int(&py_exc_TypeError, "cannot delete __dict__");
    return py_instance_dict_getset.set(self, value, closure);
}

static const struct py_getset_def function_getsets[] = {
    {.name = "__code__", .get = get_code, .set = set_code},
    {.name = "__defaults__", .get = get_defaults, .set = set_defaults},
    {.name = "__kwdefaults__", .get = get_kwdefaults, .set = set_kwdefaults},
    {.name = "__annotations__", .get = get_annotations, .set = set_annotations},
    {.name = "__dict__", .get = get_dict, .set = set_dict},
    {.name = "__name__", .get = get_name, .set = set_name},
    {.name = "__qualname__", .get = get_qualname, .set = set_qualname},
    {.name = NULL},
};

static const struct py_member_def function_members[] = {
    {.name = "__closure__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_function, closure),
     .readonly = true},
    {.name = "__doc__", .kind = PY_MEMBER_OBJECT, .offset = offsetof(struct py_function, doc)},
    {.name = "__globals__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_function, globals),
     .readonly = true},
    {.name = "__module__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_function, module)},
    {.name = "__builtins__",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_function, builtins),
     .readonly = true},
    {.name = NULL},
};

/* ---- the type ---------------------------------------------------------------------------- */

static struct py_object *function_repr(struct py_object *self)
{
    return PY_OBJ(py_str_format_c("<function %U at %p>", FUNC(self)->qualname, (void *)self));
}

static struct py_object *function_get(struct py_object *self, struct py_object *o,
                                      struct py_object *type)
{
    (void)type;
    if (!o || o == PY_NONE)
        return py_newref(self);
    return py_method_new(self, o);
}

/* The closure must fit the code: as many cells as free variables. */
static int check_closure(const struct py_code *code, struct py_object *closure)
{
    const bool none = !closure || closure == PY_NONE;
    if (none ? code->free_count > 0 : !py_tuple_check(closure))
        return py_raise_int(&py_exc_TypeError, code->free_count
                                                   ? "arg 5 (closure) must be tuple"
                                                   : "arg 5 (closure) must be None or tuple");
    const int64_t n = none ? 0 : ((struct py_tuple *)closure)->base.size;
    if (n != code->free_count)
        return py_raise_int(&py_exc_ValueError, "%U requires closure of length %d, not %ld",
                            code->name, code->free_count, (long)n);
    for (int64_t i = 0; i < n; i++) {
        struct py_object *cell = ((struct py_tuple *)closure)->items[i];
        if (cell->type != &py_cell_type)
            return py_raise_int(&py_exc_TypeError, "arg 5 (closure) expected cell, found %T", cell);
    }
    return 0;
}

/* FunctionType(code, globals, name=None, argdefs=None, closure=None) */
static struct py_object *function_new(struct py_type *type, struct py_object *const *args,
                                      size_t nargs, struct py_tuple *kwnames)
{
    static const char *const names[] = {"code", "globals", "name", "argdefs", "closure"};
    static const struct py_params params = {
        .function = "function", .names = names, .count = 5, .required = 2, .keyword_only = 5};
    struct py_object *v[5] = {NULL};
    (void)type;
    if (py_parse_args(&params, args, nargs, kwnames, v) < 0)
        return NULL;
    if (v[0]->type != &py_code_type)
        return py_raise(&py_exc_TypeError, "function() argument 'code' must be code, not %T", v[0]);
    if (!py_dict_check(v[1]))
        return py_raise(&py_exc_TypeError, "function() argument 'globals' must be dict, not %T",
                        v[1]);
    if (v[2] && v[2] != PY_NONE && !py_str_check(v[2]))
        return py_raise(&py_exc_TypeError, "arg 3 (name) must be None or string");
    if (v[3] && v[3] != PY_NONE && !py_tuple_check(v[3]))
        return py_raise(&py_exc_TypeError, "arg 4 (defaults) must be None or tuple");
    if (check_closure((struct py_code *)v[0], v[4]) < 0)
        return NULL;
    struct py_function *f = py_function_new((struct py_code *)v[0], (struct py_dict *)v[1], NULL);
    if (!f)
        return NULL;
    if (v[2] && v[2] != PY_NONE)
        set_text(&f->name, v[2], "__name__");
    if (v[3] && v[3] != PY_NONE)
        f->defaults = (struct py_tuple *)py_newref(v[3]);
    if (v[4] && v[4] != PY_NONE)
        f->closure = (struct py_tuple *)py_newref(v[4]);
    return PY_OBJ(f);
}

static const struct py_field function_fields[] = {
    PY_FIELD(struct py_function, code),
    PY_FIELD(struct py_function, globals),
    PY_FIELD(struct py_function, builtins),
    PY_FIELD(struct py_function, module),
    PY_FIELD(struct py_function, defaults),
    PY_FIELD(struct py_function, kwdefaults),
    PY_FIELD(struct py_function, doc),
    PY_FIELD(struct py_function, name),
    PY_FIELD(struct py_function, dict),
    PY_FIELD(struct py_function, closure),
    PY_FIELD(struct py_function, annotations),
    PY_FIELD(struct py_function, qualname),
    PY_FIELD_END,
};

struct py_type py_function_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "function",
    .doc = "A function made of its parts.\n\n  code\n    what it executes\n  globals\n    where it "
           "looks global names up\n  name\n    what it is called, if not as its code\n  argdefs\n  "
           "  a tuple of defaults for its last parameters\n  closure\n    a tuple of cells, one "
           "for each free variable",
    .basicsize = 136, /* CPython has one word more than struct py_function */
    .flags = PY_TYPE_GC | PY_TYPE_METHOD_DESCR,
    .fields = function_fields,
    .weaklist_offset = offsetof(struct py_function, weaklist),
    .dict_offset = offsetof(struct py_function, dict),
    .repr = function_repr,
    .call = py_function_call,
    .descr_get = function_get,
    .new_ = function_new,
    .members = function_members,
    .getsets = function_getsets,
};
_Static_assert(sizeof(struct py_function) <= 136, "sys.getsizeof of a function");
