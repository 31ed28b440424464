/* The module _abc: what makes abstract base classes of the classes of abc.ABCMeta.
 *
 * Each of them has an attribute _abc_impl, an object with three sets of weak references to classes:
 * those that were registered, and what was found out when isinstance or issubclass asked: the
 * subclasses (cache) and the others (negative). A registration anywhere may turn an answer round
 * from no to yes, so it raises the token, and negative answers of an older token are forgotten.
 *
 * A weak reference in a set calls back when its class dies, and is taken out. The callback knows
 * the set by a weak reference too. Whatever is asked here may run Python code (hooks, metaclasses):
 * sets are copied before they are walked, and what is owned meanwhile is held.
 */
#include "vm/builtins/mod_support.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/list.h"
#include "vm/object/set.h"
#include "vm/object/static_types.h"
#include "vm/object/tuple.h"
#include "vm/object/weakref.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct py_abc_data {
    struct py_object base;
    struct py_set *registry, *cache, *negative; /* made when first needed */
    uint64_t negative_token;                    /* what the negative answers are as old as */
};
extern struct py_type py_abc_data_type;

static uint64_t token; /* counts registrations; under the GIL */

#define COLLECTION_FLAGS (PY_TYPE_SEQUENCE | PY_TYPE_MAPPING)

/* ---- weak sets ------------------------------------------------------------------------------- */

/* Callback of the references in a set: self is a weak reference to the set. */
METHOD(forget)
{
    (void)nargs, (void)kwnames;
    struct py_object *set = py_weakref_get((struct py_weakref *)self);
    if (!set)
        return PY_NONE;
    PY_HOLD(&set);
    const int status = py_set_discard((struct py_set *)set, args[0]);
    py_clear(set);
    return status < 0 ? NULL : PY_NONE;
}
static const struct py_method_def forget_def = METHOD_ROW("_destroy", forget, 1, 1);

static int weak_add(struct py_set **set, struct py_object *class)
{
    if (!*set && !(*set = py_set_new(NULL)))
        return -1;
    struct py_object *owner = PY_OBJ(py_weakref_new(PY_OBJ(*set), NULL));
    if (!owner)
        return -1;
    PY_HOLD(&owner);
    struct py_object *callback = py_cfunction_new(&forget_def, owner, NULL);
    py_clear(owner);
    if (!callback)
        return -1;
    PY_HOLD(&callback);
    struct py_object *ref = PY_OBJ(py_weakref_new(class, callback));
    py_clear(callback);
    if (!ref)
        return -1;
    PY_HOLD(&ref);
    const int status = py_set_add(*set, ref);
    py_clear(ref);
    return status;
}

/* 1, 0, -1. A class that cannot be referred to weakly is in no set. */
static int weak_contains(struct py_set *set, struct py_object *class)
{
    if (!set || set->used == 0)
        return 0;
    struct py_object *ref = PY_OBJ(py_weakref_new(class, NULL));
    if (!ref) {
        if (!py_error_matches(&py_exc_TypeError))
            return -1;
        py_error_clear();
        return 0;
    }
    PY_HOLD(&ref);
    const int found = py_set_contains(set, ref);
    py_clear(ref);
    return found;
}

/* ---- the data of a class --------------------------------------------------------------------- */

/* New; NULL: an exception. */
static struct py_abc_data *data_of(struct py_object *class)
{
    struct py_object *const found = py_getattr(class, PY_OBJ(py_str_const("_abc_impl")));
    if (!found || found->type == &py_abc_data_type)
        return (struct py_abc_data *)found;
    py_decref(found);
    return py_raise(&py_exc_TypeError, "_abc_impl is set to a wrong type");
}

static struct py_object *data_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_abc_data *const data = py_object_new(type);
    if (!data)
        return NULL;
    data->negative_token = token;
    py_gc_track(data);
    return PY_OBJ(data);
}

static const struct py_field data_fields[] = {
    PY_FIELD(struct py_abc_data, registry),
    PY_FIELD(struct py_abc_data, cache),
    PY_FIELD(struct py_abc_data, negative),
};

struct py_type py_abc_data_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_abc._abc_data",
    .basicsize = sizeof(struct py_abc_data),
    .flags = PY_TYPE_GC | PY_TYPE_IMMUTABLE,
    .field_count = 3,
    .fields = data_fields,
    .new_ = data_new,
    .doc = "What an abstract base class has been told and has found out.",
};

/* ---- making a class abstract ----------------------------------------------------------------- */

/* Is value an abstract method? 1, 0, -1. */
static int is_abstract(struct py_object *value)
{
    struct py_object *mark = NULL;
    if (py_getattr_optional(value, PY_OBJ(py_str_const("__isabstractmethod__")), &mark) < 0)
        return -1;
    if (!mark)
        return 0;
    PY_HOLD(&mark);
    const int truth = py_truth(mark);
    py_clear(mark);
    return truth;
}

/* The names in the class's own dictionary. */
static int collect_own(struct py_type *class, struct py_set *abstracts)
{
    struct py_dict *own = py_dict_copy(class->dict);
    if (!own)
        return -1;
    PY_HOLD(&own);
    int64_t at = 0;
    struct py_object *key, *value;
    int status = 0;
    while (status >= 0 && py_dict_next(own, &at, &key, &value, NULL))
        if ((status = is_abstract(value)) > 0)
            status = py_set_add(abstracts, key);
    py_clear(own);
    return status < 0 ? -1 : 0;
}

/* Of a base's abstract names, those that still are. */
static int collect_from(struct py_object *class, struct py_object *base, struct py_set *abstracts)
{
    struct py_object *names = NULL, *iterator = NULL, *name = NULL, *value = NULL;
    if (py_getattr_optional(base, PY_OBJ(py_str_const("__abstractmethods__")), &names) < 0)
        return -1;
    if (!names)
        return 0;
    PY_HOLD(&names);
    PY_HOLD(&iterator);
    PY_HOLD(&name);
    PY_HOLD(&value);
    iterator = py_iter(names);
    py_clear(names);
    if (!iterator)
        return -1;
    int status = 0;
    while (status >= 0 && (name = py_next(iterator))) {
        status = py_getattr_optional(class, name, &value);
        if (status >= 0 && value && (status = is_abstract(value)) > 0)
            status = py_set_add(abstracts, name);
        py_clear(value);
        py_clear(name);
    }
    py_clear(iterator);
    return status < 0 || py_error_occurred() ? -1 : 0;
}

static int set_abstract_names(struct py_type *class)
{
    struct py_set *abstracts = py_set_new(NULL);
    if (!abstracts)
        return -1;
    PY_HOLD(&abstracts);
    int status = collect_own(class, abstracts);
    for (int64_t i = 0; status == 0 && i < class->bases->base.size; i++)
        status = collect_from(PY_OBJ(class), class->bases->items[i], abstracts);
    struct py_object *names = status == 0 ? PY_OBJ(py_frozenset_new(PY_OBJ(abstracts))) : NULL;
    py_clear(abstracts);
    if (!names)
        return -1;
    PY_HOLD(&names);
    status = py_setattr_cstr(PY_OBJ(class), "__abstractmethods__", names);
    py_clear(names);
    return status;
}

METHOD(abc_init)
{
    (void)self, (void)nargs, (void)kwnames;
    if (!py_has_flag(args[0], PY_TYPE_IS_TYPE))
        return py_raise_attribute(args[0], PY_OBJ(py_str_const("__dict__")));
    if (set_abstract_names((struct py_type *)args[0]) < 0)
        return NULL;
    struct py_object *data = data_new(&py_abc_data_type, NULL, 0, NULL);
    if (!data)
        return NULL;
    PY_HOLD(&data);
    const int status = py_setattr_cstr(args[0], "_abc_impl", data);
    py_clear(data);
    return status < 0 ? NULL : PY_NONE;
}

/* ---- registering ----------------------------------------------------------------------------- */

static bool is_class(struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_TYPE);
}

/* A class registered with Sequence or Mapping is one for match statements, and its subclasses. */
static void mark_for_match(struct py_type *class, uint32_t flag)
{
    if ((class->flags & PY_TYPE_IMMUTABLE) || (class->flags & COLLECTION_FLAGS) == flag)
        return;
    class->flags = (class->flags & ~COLLECTION_FLAGS) | flag;
    int64_t at = 0;
    struct py_object *key, *ref;
    while (class->subclasses &&
           py_dict_next((struct py_dict *)class->subclasses, &at, &key, &ref, NULL)) {
        const struct py_weakref *const weak = (const struct py_weakref *)ref;
        if (weak->referent)
            mark_for_match((struct py_type *)weak->referent, flag);
    }
}

METHOD(abc_register)
{
    (void)self, (void)nargs, (void)kwnames;
    if (!is_class(args[1]))
        return py_raise(&py_exc_TypeError, "Can only register classes");
    int related = py_issubclass(args[1], args[0]);
    if (related > 0)
        return py_newref(args[1]);
    if (related < 0 || (related = py_issubclass(args[0], args[1])) < 0)
        return NULL;
    if (related > 0)
        return py_raise(&py_exc_RuntimeError, "Refusing to create an inheritance cycle");
    struct py_abc_data *data = data_of(args[0]);
    if (!data)
        return NULL;
    PY_HOLD(&data);
    const int status = weak_add(&data->registry, args[1]);
    py_clear(data);
    if (status < 0)
        return NULL;
    token++;
    if (is_class(args[0])) {
        const uint32_t flag = ((struct py_type *)args[0])->flags & COLLECTION_FLAGS;
        if (flag)
            mark_for_match((struct py_type *)args[1], flag);
    }
    return py_newref(args[1]);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* 1 yes, 0 no, -1 an exception, or one of these. A registered class is not remembered again. */
enum { UNKNOWN = 2, REGISTERED };

static int remember(struct py_set **set, struct py_object *class, int answer)
{
    return weak_add(set, class) < 0 ? -1 : answer;
}

static int ask_cache(struct py_abc_data *data, struct py_object *subclass)
{
    int found = weak_contains(data->cache, subclass);
    if (found)
        return found;
    if (data->negative_token < token) {
        if (data->negative)
            py_set_clear(data->negative);
        data->negative_token = token;
        return UNKNOWN;
    }
    found = weak_contains(data->negative, subclass);
    return found > 0 ? 0 : found < 0 ? -1 : UNKNOWN;
}

static int ask_hook(struct py_object *class, struct py_object *subclass)
{
    struct py_object *answer = py_call_method_cstr(class, "__subclasshook__", 1, subclass);
    if (!answer)
        return -1;
    const int known = answer == PY_TRUE ? 1 : answer == PY_FALSE ? 0 : UNKNOWN;
    const bool expected = known != UNKNOWN || answer == PY_NOT_IMPLEMENTED;
    py_decref(answer);
    if (!expected)
        return py_raise_int(&py_exc_AssertionError,
                            "__subclasshook__ must return either False, True, or NotImplemented");
    return known;
}

static int ask_mro(struct py_object *class, const struct py_object *subclass)
{
    const struct py_tuple *const mro = ((const struct py_type *)subclass)->mro;
    for (int64_t i = 0; i < mro->base.size; i++)
        if (mro->items[i] == class)
            return 1;
    return UNKNOWN;
}

static int ask_registry(struct py_abc_data *data, struct py_object *subclass)
{
    if (!data->registry || data->registry->used == 0)
        return UNKNOWN;
    const int found = weak_contains(data->registry, subclass);
    if (found)
        return found < 0 ? -1 : REGISTERED;
    struct py_set *copy = py_set_new(PY_OBJ(data->registry));
    if (!copy)
        return -1;
    PY_HOLD(&copy);
    int64_t at = 0;
    int answer = 0;
    struct py_object *ref;
    while (answer == 0 && py_set_next(copy, &at, &ref, NULL)) {
        struct py_object *registered = py_weakref_get((struct py_weakref *)ref);
        if (!registered)
            continue;
        PY_HOLD(&registered);
        answer = py_issubclass(subclass, registered);
        py_clear(registered);
    }
    py_clear(copy);
    return answer == 0 ? UNKNOWN : answer;
}

static int ask_subclasses(struct py_object *class, struct py_object *subclass)
{
    struct py_object *list = py_call_method_cstr(class, "__subclasses__", 0);
    if (!list)
        return -1;
    PY_HOLD(&list);
    int answer = 0;
    if (list->type != &py_list_type)
        answer = py_raise_int(&py_exc_TypeError, "__subclasses__() must return a list");
    for (int64_t i = 0; answer == 0 && i < ((struct py_list *)list)->base.size; i++) {
        struct py_object *derived = py_newref(((struct py_list *)list)->items[i]);
        PY_HOLD(&derived);
        answer = py_issubclass(subclass, derived);
        py_clear(derived);
    }
    py_clear(list);
    return answer == 0 ? UNKNOWN : answer;
}

static int subclasscheck(struct py_object *class, struct py_abc_data *data,
                         struct py_object *subclass)
{
    int answer = ask_cache(data, subclass);
    if (answer != UNKNOWN)
        return answer;
    answer = ask_hook(class, subclass);
    if (answer == UNKNOWN)
        answer = ask_mro(class, subclass);
    if (answer == UNKNOWN)
        answer = ask_registry(data, subclass);
    if (answer == UNKNOWN)
        answer = ask_subclasses(class, subclass);
    if (answer < 0 || answer == REGISTERED)
        return answer < 0 ? -1 : 1;
    return answer == 1 ? remember(&data->cache, subclass, 1)
                       : remember(&data->negative, subclass, 0);
}

METHOD(abc_subclasscheck)
{
    (void)self, (void)nargs, (void)kwnames;
    if (!is_class(args[1]))
        return py_raise(&py_exc_TypeError, "issubclass() arg 1 must be a class");
    struct py_abc_data *data = data_of(args[0]);
    if (!data)
        return NULL;
    PY_HOLD(&data);
    const int answer = subclasscheck(args[0], data, args[1]);
    py_clear(data);
    return answer < 0 ? NULL : py_bool_from(answer);
}

/* cls.__subclasscheck__, which a metaclass may have made its own. */
static struct py_object *ask_class(struct py_object *class, struct py_object *subclass)
{
    return py_call_method_cstr(class, "__subclasscheck__", 1, subclass);
}

METHOD(abc_instancecheck)
{
    (void)self, (void)nargs, (void)kwnames;
    struct py_object *const type = PY_OBJ(args[1]->type);
    struct py_abc_data *data = data_of(args[0]);
    if (!data)
        return NULL;
    PY_HOLD(&data);
    struct py_object *claimed = py_getattr(args[1], PY_OBJ(py_str_const("__class__")));
    PY_HOLD(&claimed);
    int known = claimed ? weak_contains(data->cache, claimed) : -1;
    if (known == 0) {
        known = UNKNOWN;
        if (claimed == type && data->negative_token == token &&
            (known = weak_contains(data->negative, claimed)) >= 0)
            known = known ? 0 : UNKNOWN;
    }
    py_clear(data);
    struct py_object *answer = known < 0          ? NULL
                               : known != UNKNOWN ? py_bool_from(known)
                                                  : ask_class(args[0], claimed);
    PY_HOLD(&answer);
    if (answer && known == UNKNOWN && claimed != type) {
        const int truth = py_truth(answer);
        if (truth <= 0)
            py_setref(answer, truth < 0 ? NULL : ask_class(args[0], type));
    }
    py_clear(claimed);
    struct py_object *const result = answer;
    answer = NULL;
    return result;
}

/* ---- for tests and for the curious ----------------------------------------------------------- */

METHOD(abc_reset_registry)
{
    (void)self, (void)nargs, (void)kwnames;
    struct py_abc_data *data = data_of(args[0]);
    if (!data)
        return NULL;
    PY_HOLD(&data);
    if (data->registry)
        py_set_clear(data->registry);
    py_clear(data);
    return PY_NONE;
}

METHOD(abc_reset_caches)
{
    (void)self, (void)nargs, (void)kwnames;
    struct py_abc_data *data = data_of(args[0]);
    if (!data)
        return NULL;
    PY_HOLD(&data);
    if (data->cache)
        py_set_clear(data->cache);
    if (data->negative)
        py_set_clear(data->negative);
    py_clear(data);
    return PY_NONE;
}

METHOD(abc_get_dump)
{
    (void)self, (void)nargs, (void)kwnames;
    struct py_abc_data *data = data_of(args[0]);
    if (!data)
        return NULL;
    PY_HOLD(&data);
    struct py_object *parts[4] = {NULL};
    PY_HOLD_N(parts, 4);
    struct py_set *const sets[3] = {data->registry, data->cache, data->negative};
    bool failed = false;
    for (int i = 0; i < 3 && !failed; i++)
        failed = !(parts[i] = PY_OBJ(py_set_new(sets[i] ? PY_OBJ(sets[i]) : NULL)));
    failed = failed || !(parts[3] = py_int_from_i64((int64_t)data->negative_token));
    struct py_object *const result = failed ? NULL : PY_OBJ(py_tuple_from_array(parts, 4));
    for (int i = 0; i < 4; i++)
        py_clear(parts[i]);
    py_clear(data);
    return result;
}

METHOD(abc_get_cache_token)
{
    UNUSED;
    return py_int_from_i64((int64_t)token);
}

#define ROW(text, function, count, about)                                                \
    {                                                                                    \
        .name = text, .fn = function, .min_args = count, .max_args = count, .doc = about \
    }
static const struct py_method_def functions[] = {
    ROW("get_cache_token", abc_get_cache_token, 0, "A number that grows with registrations."),
    ROW("_abc_init", abc_init, 1, "Make a class abstract: names and data."),
    ROW("_abc_register", abc_register, 2, "Register a virtual subclass."),
    ROW("_abc_instancecheck", abc_instancecheck, 2, "isinstance of an abstract base class."),
    ROW("_abc_subclasscheck", abc_subclasscheck, 2, "issubclass of an abstract base class."),
    ROW("_reset_registry", abc_reset_registry, 1, "Forget the registered subclasses."),
    ROW("_reset_caches", abc_reset_caches, 1, "Forget what was found out."),
    ROW("_get_dump", abc_get_dump, 1, "Copies of registry, cache and negative cache, its token."),
    {.name = NULL},
};

struct py_module *py_mod__abc_init(void); /* modules.def */

struct py_module *py_mod__abc_init(void)
{
    struct py_module *m = py_module_new("_abc", "Registry and caches of abstract base classes.");
    if (m && (py_type_ready(&py_abc_data_type) < 0 || py_module_add_methods(m, functions) < 0))
        py_clear(m);
    return m;
}
