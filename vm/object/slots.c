/* The table of dunder methods and slots, wrapper calls, and keeping classes' slots up to date.
 *
 * Three directions, one table (slots.def):
 *   static type -> dict     py_slots_add_wrappers: a filled slot gets a descriptor, "__add__"
 *   descriptor  -> slot     py_slot_call: what that descriptor does when it is called
 *   class dict  -> slot     py_slots_update: the slot of a class from the methods lookup finds
 *
 * Invariant kept by the third: after any change of a class's attributes, each slot is
 *   - the C function behind the wrapper descriptors, if lookup finds only such for the slot's
 *     names and they agree, or
 *   - the slot's trampoline, if lookup finds anything else, or
 *   - NULL, if it finds nothing.
 * A wrapper descriptor keeps no function pointer: static types never change, so the function is
 * read from the owner's slot. A name that stands for two slots (__add__: number and sequence)
 * therefore yields for each slot exactly what the owner has in that slot.
 */
#include "vm/object/slots.h"

#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/slots_trampoline.h"
#include "vm/object/tuple.h"
#include "vm/object/type_internal.h"
#include "vm/object/weakref.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

typedef void (*any_fn)(void);

static const struct py_slot_row rows[] = {
#define SLOT(dunder, member, row_kind, row_arg, tramp, row_doc) \
    {.name = dunder,                                            \
     .offset = offsetof(struct py_type, member),                \
     .kind = SLOT_##row_kind,                                   \
     .arg = row_arg,                                            \
     .trampoline = (any_fn)(tramp),                             \
     .doc = row_doc},
#include "vm/object/slots.def"
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };
static struct py_str *row_names[ROW_COUNT]; /* immortal interned; NULL for rows without a name */

int py_slots_init(void)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        if (!rows[i].name)
            continue;
        row_names[i] = py_str_const(rows[i].name);
        if (!row_names[i])
            return -1;
    }
    return py_trampolines_init();
}

static any_fn *slot_of(const struct py_type *type, const struct py_slot_row *row)
{
    return (any_fn *)((char *)type + row->offset);
}

int py_slots_add_wrappers(struct py_type *type)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        const struct py_slot_row *row = &rows[i];
        const any_fn fn = *slot_of(type, row);
        if (!fn || !row->name || row->kind == SLOT_NONE)
            continue;
        if (py_dict_get_str(type->dict, row_names[i]))
            continue;
        struct py_object *d;
        if (fn == (any_fn)py_hash_not_implemented)
            d = PY_NONE;
        else
            d = py_descr_new(&py_wrapper_descr_type, type, row_names[i], row);
        if (!d)
            return -1;
        const int failed = py_dict_set(type->dict, PY_OBJ(row_names[i]), d);
        py_decref(d);
        if (failed)
            return -1;
    }
    return 0;
}

/* ---- the third direction ----------------------------------------------------------------- */

/* rows[start, end) share one slot. */
static void update_slot(struct py_type *type, int start, int end)
{
    any_fn specific = NULL, trampoline = NULL;
    bool use_trampoline = false;
    for (int i = start; i < end; i++) {
        const struct py_slot_row *row = &rows[i];
        struct py_object *d = row->name ? py_type_lookup(type, row_names[i]) : NULL;
        if (!d)
            continue;
        any_fn fn = NULL;
        trampoline = row->trampoline;
        if (d->type == &py_wrapper_descr_type &&
            ((const struct py_slot_row *)((struct py_descr *)d)->def)->name == row->name &&
            py_type_is_subtype(type, ((struct py_descr *)d)->owner)) {
            fn = *slot_of(((struct py_descr *)d)->owner, row);
            if (!fn)
                continue; /* the owner does it with another slot of this name */
        } else if (d == PY_NONE && row->kind == SLOT_HASH) {
            fn = (any_fn)py_hash_not_implemented;
        } else if (row->offset == offsetof(struct py_type, new_)) {
            const struct py_type *maker = py_new_method_owner(d);
            fn = maker ? (any_fn)maker->new_ : NULL;
        }
        if (!fn || (specific && specific != fn))
            use_trampoline = true;
        else
            specific = fn;
    }
    any_fn *slot = slot_of(type, &rows[start]);
    *slot = use_trampoline ? trampoline : specific;
    if (rows[start].offset == offsetof(struct py_type, finalize)) {
        if (*slot)
            type->flags |= PY_TYPE_FINALIZER;
        else
            type->flags &= ~PY_TYPE_FINALIZER;
    }
}

static int group_end(int start)
{
    int end = start + 1;
    while (end < ROW_COUNT && rows[end].offset == rows[start].offset)
        end++;
    return end;
}

static bool is_dunder(struct py_str *name)
{
    return name->kind == 1 && name->length > 4 && py_str_char(name, 0) == '_' &&
           py_str_char(name, 1) == '_';
}

static void update_name(struct py_type *type, struct py_str *name)
{
    for (int start = 0; start < ROW_COUNT;) {
        const int end = group_end(start);
        for (int i = start; i < end; i++)
            if (row_names[i] == name) {
                update_slot(type, start, end);
                break;
            }
        start = end;
    }
}

static void update_tree(struct py_type *type, struct py_str *name)
{
    update_name(type, name);
    struct py_dict *subclasses = (struct py_dict *)type->subclasses;
    if (!subclasses)
        return;
    int64_t pos = 0;
    struct py_object *key, *ref;
    while (py_dict_next(subclasses, &pos, &key, &ref, NULL)) {
        struct py_type *sub = (struct py_type *)((struct py_weakref *)ref)->referent;
        if (sub && !(sub->dict && py_dict_get_str(sub->dict, name)))
            update_tree(sub, name);
    }
}

static bool stands_for_slot(struct py_str *name)
{
    for (int i = 0; i < ROW_COUNT; i++)
        if (row_names[i] == name)
            return true;
    return false;
}

void py_slots_update(struct py_type *type, struct py_str *name)
{
    if (is_dunder(name) && stands_for_slot(name))
        update_tree(type, name);
}

void py_slots_update_all(struct py_type *type)
{
    if (type->bases->base.size > 1) {
        for (int start = 0; start < ROW_COUNT;) {
            const int end = group_end(start);
            update_slot(type, start, end);
            start = end;
        }
        return;
    }
    /* The base's slots were copied; only what this class itself defines can differ. */
    int64_t pos = 0;
    struct py_object *key, *value;
    while (py_dict_next(type->dict, &pos, &key, &value, NULL))
        if (py_str_check(key) && is_dunder((struct py_str *)key))
            update_name(type, (struct py_str *)key);
}

/* ---- what a wrapper descriptor does ------------------------------------------------------ */

static int check_count(size_t nargs, size_t expected)
{
    if (nargs == expected)
        return 0;
    return py_raise_int(&py_exc_TypeError, "expected %zu argument%s, got %zu", expected,
                        expected == 1 ? "" : "s", nargs);
}

static struct py_object *none_unless(int failed)
{
    return failed ? NULL : PY_NONE;
}

/* object.__setattr__(cls, ...) would go round the type's own __setattr__. */
static int check_setattr(struct py_object *self, any_fn fn, const char *what)
{
    const struct py_type *t = self->type;
    while (t && (t->flags & PY_TYPE_HEAP))
        t = t->super;
    if (t && t->setattr && (any_fn)t->setattr != fn)
        return py_raise_int(&py_exc_TypeError, "can't apply this %s to %T object", what, self);
    return 0;
}

static struct py_object *call_binary_left(const struct py_slot_row *row, any_fn fn,
                                          const struct py_type *owner, struct py_object *self,
                                          struct py_object *const *args, size_t nargs)
{
    if (row->offset == offsetof(struct py_type, binary[PY_NB_POW]) && nargs == 2) {
        if (args[1] == PY_NONE)
            return ((py_binaryfn)fn)(self, args[0]);
        return owner->power3 ? owner->power3(self, args[0], args[1]) : PY_NOT_IMPLEMENTED;
    }
    return check_count(nargs, 1) ? NULL : ((py_binaryfn)fn)(self, args[0]);
}

static struct py_object *call_index(const struct py_slot_row *row, any_fn fn,
                                    struct py_object *self, struct py_object *arg)
{
    int64_t i = py_int_as_ssize(arg);
    if (i == -1 && py_error_occurred())
        return NULL;
    if (row->kind == SLOT_ITEM && i < 0 && self->type->length) {
        const int64_t n = self->type->length(self);
        if (n < 0)
            return NULL;
        i += n;
    }
    return ((py_indexfn)fn)(self, i);
}

static struct py_object *call_next(any_fn fn, struct py_object *self)
{
    struct py_object *r = ((py_unaryfn)fn)(self);
    if (!r && !py_error_occurred())
        return py_raise_stop_iteration(NULL);
    return r;
}

static struct py_object *call_descr_get(any_fn fn, struct py_object *self,
                                        struct py_object *const *args, size_t nargs)
{
    if (py_check_positional("__get__", nargs, 1, 2) < 0)
        return NULL;
    struct py_object *object = args[0] == PY_NONE ? NULL : args[0];
    struct py_object *type = nargs < 2 || args[1] == PY_NONE ? NULL : args[1];
    if (!object && !type)
        return py_raise(&py_exc_TypeError, "__get__(None, None) is invalid");
    return ((py_ternaryfn)fn)(self, object, type);
}

static struct py_object *int_result(int64_t n)
{
    return n == -1 && py_error_occurred() ? NULL : py_int_from_i64(n);
}

static struct py_object *bool_result(int n)
{
    return n < 0 ? NULL : py_bool_from(n != 0);
}

/* Slots without arguments. */
static struct py_object *call_nullary(const struct py_slot_row *row, any_fn fn,
                                      struct py_object *self)
{
    switch (row->kind) {
    case SLOT_UNARY:
        return ((py_unaryfn)fn)(self);
    case SLOT_HASH:
        return int_result(((py_hashfn)fn)(self));
    case SLOT_INQUIRY:
        return bool_result(((py_inquiry)fn)(self));
    case SLOT_LENGTH:
        return int_result(((py_lenfn)fn)(self));
    case SLOT_NEXT:
        return call_next(fn, self);
    default:
        ((void (*)(struct py_object *))fn)(self);
        return PY_NONE;
    }
}

static struct py_object *call_one(const struct py_slot_row *row, any_fn fn, struct py_object *self,
                                  struct py_object *arg)
{
    switch (row->kind) {
    case SLOT_BINARY:
        return ((py_binaryfn)fn)(self, arg);
    case SLOT_BINARY_RIGHT:
        return ((py_binaryfn)fn)(arg, self);
    case SLOT_RICHCOMPARE:
        return ((py_comparefn)fn)(self, arg, row->arg);
    case SLOT_INDEX:
    case SLOT_ITEM:
        return call_index(row, fn, self, arg);
    case SLOT_DELITEM:
    case SLOT_DESCR_DELETE:
        return none_unless(((py_setfn)fn)(self, arg, NULL));
    case SLOT_DELATTR:
        if (check_setattr(self, fn, "__delattr__"))
            return NULL;
        return none_unless(((py_setfn)fn)(self, arg, NULL));
    default: /* SLOT_CONTAINS */
        return bool_result(((py_objobjfn)fn)(self, arg));
    }
}

struct py_object *py_slot_call(const struct py_slot_row *row, const struct py_type *owner,
                               struct py_object *self, struct py_object *const *args, size_t nargs,
                               struct py_tuple *kwnames)
{
    const any_fn fn = *slot_of(owner, row);
    if (row->kind == SLOT_CALL)
        return ((py_callfn)fn)(self, args, nargs, kwnames);
    if (row->kind == SLOT_INIT)
        return none_unless(((int (*)(struct py_object *, struct py_object *const *, size_t,
                                     struct py_tuple *))fn)(self, args, nargs, kwnames));
    if (kwnames && kwnames->base.size)
        return py_raise(&py_exc_TypeError, "wrapper %s() takes no keyword arguments", row->name);
    switch (row->kind) {
    case SLOT_UNARY:
    case SLOT_HASH:
    case SLOT_INQUIRY:
    case SLOT_LENGTH:
    case SLOT_NEXT:
    case SLOT_FINALIZE:
        return check_count(nargs, 0) ? NULL : call_nullary(row, fn, self);
    case SLOT_BINARY_LEFT:
        return call_binary_left(row, fn, owner, self, args, nargs);
    case SLOT_SETATTR:
        if (check_count(nargs, 2) || check_setattr(self, fn, "__setattr__"))
            return NULL;
        return none_unless(((py_setfn)fn)(self, args[0], args[1]));
    case SLOT_SETITEM:
    case SLOT_DESCR_SET:
        return check_count(nargs, 2) ? NULL : none_unless(((py_setfn)fn)(self, args[0], args[1]));
    case SLOT_DESCR_GET:
        return call_descr_get(fn, self, args, nargs);
    default:
        return check_count(nargs, 1) ? NULL : call_one(row, fn, self, args[0]);
    }
}
