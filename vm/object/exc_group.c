/* BaseExceptionGroup and ExceptionGroup: exceptions that carry others, and how except* splits them.
 *
 * A group is a tree: its leaves are the exceptions that were raised. Splitting keeps the shape of
 * the tree, and makes a new group, by derive(), of every group that falls apart; what matches as a
 * whole is handed over as it is.
 *
 * ExceptionGroup has two bases, which the table of static types cannot say: py_exc_group_init adds
 * the second one.
 */
#include "vm/object/exc_internal.h"

#include "vm/memory/gc.h"
#include "vm/object/alias.h"
#include "vm/object/func.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/set.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/object/type_internal.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define GROUP(o) ((struct py_exc_group *)(o))

static bool is_group(const struct py_object *o)
{
    return py_isinstance_type(o, &py_exc_BaseExceptionGroup);
}

/* ---- making ---------------------------------------------------------------------------------- */

static int check_members(const struct py_tuple *excs, bool *has_base)
{
    if (excs->base.size == 0)
        return py_raise_int(&py_exc_ValueError,
                            "second argument (exceptions) must be a non-empty sequence");
    for (int64_t i = 0; i < excs->base.size; i++) {
        if (!py_exc_check(excs->items[i]))
            return py_raise_int(&py_exc_ValueError,
                                "Item %lld of second argument (exceptions) is not an exception",
                                (long long)i);
        *has_base |= !py_isinstance_type(excs->items[i], &py_exc_Exception);
    }
    return 0;
}

/* The class of the new group: ExceptionGroup rather than its base where all members allow it. */
static struct py_type *choose_type(struct py_type *type, bool has_base)
{
    if (type == &py_exc_BaseExceptionGroup)
        return has_base ? type : &py_exc_ExceptionGroup;
    if (!has_base || !py_type_is_subtype(type, &py_exc_Exception))
        return type;
    if (type == &py_exc_ExceptionGroup)
        return py_raise(&py_exc_TypeError, "Cannot nest BaseExceptions in an ExceptionGroup");
    return py_raise(&py_exc_TypeError, "Cannot nest BaseExceptions in '%.200s'", type->name);
}

struct py_object *py_exc_group_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    if (nargs != 2)
        return py_raise(&py_exc_TypeError,
                        "BaseExceptionGroup.__new__() takes exactly 2 arguments (%zu given)",
                        nargs);
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError,
                        "BaseExceptionGroup.__new__() argument 1 must be str, not %.50s",
                        args[0]->type->name);
    if (py_has_flag(args[1], PY_TYPE_IS_DICT) ||
        (!args[1]->type->item && !args[1]->type->subscript))
        return py_raise(&py_exc_TypeError, "second argument (exceptions) must be a sequence");
    struct py_tuple *excs = py_tuple_from_iterable(args[1]);
    if (!excs)
        return NULL;
    PY_HOLD(&excs);
    bool has_base = false;
    type = check_members(excs, &has_base) < 0 ? NULL : choose_type(type, has_base);
    struct py_object *const o = type ? py_exc_new(type, args, nargs, kwnames) : NULL;
    if (o) {
        GROUP(o)->msg = py_newref(args[0]);
        GROUP(o)->excs = excs;
        excs = NULL;
    }
    py_clear(excs);
    return o;
}

static struct py_object *make_group(const char *message, struct py_object *excs)
{
    struct py_object *args[] = {PY_OBJ(py_str_from_cstr(message)), excs};
    if (!args[0])
        return NULL;
    PY_HOLD(&args[0]);
    struct py_object *const group = py_call(PY_OBJ(&py_exc_BaseExceptionGroup), args, 2, NULL);
    py_clear(args[0]);
    return group;
}

struct py_object *py_exc_group_str(struct py_object *o)
{
    const struct py_exc_group *const g = GROUP(o);
    const int64_t n = g->excs ? g->excs->base.size : 0;
    return PY_OBJ(py_str_format_c("%S (%lld sub-exception%s)", g->msg ? g->msg : PY_NONE,
                                  (long long)n, n > 1 ? "s" : ""));
}

/* ---- splitting ------------------------------------------------------------------------------- */

struct matcher {
    struct py_object *condition; /* class, tuple of classes or function; NULL: members of ids */
    struct py_set *ids;          /* the leaves themselves, by address */
};

static int matches(const struct matcher *m, struct py_object *exc)
{
    if (!m->condition) {
        if (is_group(exc))
            return 0;
        struct py_object *const id = py_int_from_u64((uintptr_t)exc);
        const int found = id ? py_set_contains(m->ids, id) : -1;
        py_xdecref(id);
        return found;
    }
    if (m->condition->type != &py_function_type) {
        struct py_object *const *types = &m->condition;
        int64_t n = 1;
        if (py_tuple_check(m->condition)) {
            types = ((struct py_tuple *)m->condition)->items;
            n = ((struct py_tuple *)m->condition)->base.size;
        }
        for (int64_t i = 0; i < n; i++)
            if (py_isinstance_type(exc, (struct py_type *)types[i]))
                return 1;
        return 0;
    }
    struct py_object *answer = py_call1(m->condition, exc);
    if (!answer)
        return -1;
    PY_HOLD(&answer);
    const int truth = py_truth(answer);
    py_clear(answer);
    return truth;
}

/* A group like `orig` with these members, or None for no members. */
static struct py_object *subset(struct py_object *orig, struct py_list *members)
{
    if (members->base.size == 0)
        return PY_NONE;
    struct py_object *eg = py_call_method_cstr(orig, "derive", 1, PY_OBJ(members));
    if (!eg)
        return NULL;
    PY_HOLD(&eg);
    struct py_object *notes = NULL;
    PY_HOLD(&notes);
    if (!is_group(eg)) {
        py_raise(&py_exc_TypeError, "derive must return an instance of BaseExceptionGroup");
        py_clear(eg);
        return NULL;
    }
    struct py_exc *const to = (struct py_exc *)eg;
    const struct py_exc *const from = (struct py_exc *)orig;
    if (from->traceback)
        py_setref(to->traceback, py_newref(from->traceback));
    if (from->context)
        py_setref(to->context, py_newref(from->context));
    if (from->cause)
        py_setref(to->cause, py_newref(from->cause));
    to->suppress_context = true; /* as setting __cause__ does, to None too */
    struct py_object *const name = PY_OBJ(py_str_const("__notes__"));
    int failed = py_getattr_optional(orig, name, &notes) < 0;
    if (notes && (py_list_check(notes) || py_tuple_check(notes))) {
        struct py_list *copy = py_list_from_iterable(notes);
        PY_HOLD(&copy);
        failed = !copy || py_setattr(eg, name, PY_OBJ(copy)) < 0;
        py_clear(copy);
    }
    py_clear(notes);
    if (failed) {
        py_clear(eg);
        return NULL;
    }
    struct py_object *const result = eg;
    eg = NULL;
    return result;
}

static int split(struct py_object *exc, const struct matcher *m, struct py_object **match,
                 struct py_object **rest);

static int split_members(struct py_object *exc, const struct matcher *m, struct py_list *yes,
                         struct py_list *no)
{
    struct py_tuple *excs = py_newref(GROUP(exc)->excs);
    PY_HOLD(&excs);
    int failed = 0;
    for (int64_t i = 0; !failed && i < excs->base.size; i++) {
        struct py_object *match = NULL, *rest = NULL;
        failed = split(excs->items[i], m, &match, &rest) < 0;
        if (failed)
            break;
        failed = match != PY_NONE && py_list_append_steal(yes, match) < 0;
        if (rest != PY_NONE && py_list_append_steal(no, rest) < 0)
            failed = 1;
    }
    py_clear(excs);
    return failed ? -1 : 0;
}

/* Both results are new; None where there is nothing. */
static int split(struct py_object *exc, const struct matcher *m, struct py_object **match,
                 struct py_object **rest)
{
    const int whole = matches(m, exc);
    if (whole < 0)
        return -1;
    if (whole || !is_group(exc)) {
        *match = whole ? py_newref(exc) : PY_NONE;
        *rest = whole ? PY_NONE : py_newref(exc);
        return 0;
    }
    if (py_enter_recursion(" in exceptiongroup_split_recursive") < 0)
        return -1;
    struct py_list *yes = py_list_new(0);
    PY_HOLD(&yes);
    struct py_list *no = yes ? py_list_new(0) : NULL;
    PY_HOLD(&no);
    int status = no ? split_members(exc, m, yes, no) : -1;
    if (status == 0) {
        struct py_object *taken = subset(exc, yes);
        PY_HOLD(&taken);
        *rest = taken ? subset(exc, no) : NULL;
        if (*rest) {
            *match = taken;
            taken = NULL;
        } else {
            status = -1;
        }
        py_clear(taken);
    }
    py_clear(no);
    py_clear(yes);
    py_leave_recursion();
    return status;
}

static bool is_exception_class(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_TYPE) &&
           (((const struct py_type *)o)->flags & PY_TYPE_IS_EXCEPTION);
}

static int check_condition(struct py_object *condition)
{
    bool valid = condition->type == &py_function_type || is_exception_class(condition);
    if (py_tuple_check(condition)) {
        const struct py_tuple *const t = (const struct py_tuple *)condition;
        valid = true;
        for (int64_t i = 0; i < t->base.size; i++)
            valid &= is_exception_class(t->items[i]);
    }
    return valid ? 0
                 : py_raise_int(&py_exc_TypeError,
                                "expected a function, exception type or tuple of exception types");
}

/* ---- methods --------------------------------------------------------------------------------- */

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)

METHOD(group_derive)
{
    (void)nargs, (void)kwnames;
    struct py_object *const given[] = {GROUP(self)->msg, args[0]};
    return py_call(PY_OBJ(&py_exc_BaseExceptionGroup), given, 2, NULL);
}

METHOD(group_split)
{
    (void)nargs, (void)kwnames;
    struct py_object *parts[2];
    const struct matcher m = {.condition = args[0]};
    if (check_condition(args[0]) < 0 || split(self, &m, &parts[0], &parts[1]) < 0)
        return NULL;
    return PY_OBJ(py_tuple_from_array_steal(parts, 2));
}

METHOD(group_subgroup)
{
    (void)nargs, (void)kwnames;
    struct py_object *match, *rest = NULL;
    const struct matcher m = {.condition = args[0]};
    if (check_condition(args[0]) < 0 || split(self, &m, &match, &rest) < 0)
        return NULL;
    PY_HOLD(&match);
    py_clear(rest);
    struct py_object *const result = match;
    match = NULL;
    return result;
}

const struct py_method_def py_exc_group_methods[] = {
    PY_CLASS_GETITEM_ROW,
    {"derive", group_derive, 1, 1, 0, NULL, NULL},
    {"split", group_split, 1, 1, 0, NULL, NULL},
    {"subgroup", group_subgroup, 1, 1, 0, NULL, NULL},
    {NULL, NULL, 0, 0, 0, NULL, NULL},
};

const struct py_member_def py_exc_group_members[] = {{.name = "message",
                                                      .kind = PY_MEMBER_OBJECT,
                                                      .offset = offsetof(struct py_exc_group, msg),
                                                      .readonly = true,
                                                      .doc = "exception message"},
                                                     {.name = "exceptions",
                                                      .kind = PY_MEMBER_OBJECT,
                                                      .offset = offsetof(struct py_exc_group, excs),
                                                      .readonly = true,
                                                      .doc = "nested exceptions"},
                                                     {.name = NULL}};

int py_exc_group_init(void)
{
    struct py_type *const type = &py_exc_ExceptionGroup;
    struct py_tuple *const bases =
        py_tuple_pack(2, PY_OBJ(&py_exc_BaseExceptionGroup), PY_OBJ(&py_exc_Exception));
    if (!bases)
        return -1;
    py_setref(type->bases, bases);
    return py_mro_set(type) < 0 || py_subclass_add(&py_exc_Exception, type) < 0 ? -1 : 0;
}

/* ---- except* --------------------------------------------------------------------------------- */

int py_exc_group_match(struct py_object *exc, struct py_object *type, struct py_object **match,
                       struct py_object **rest)
{
    if (exc == PY_NONE) {
        *match = *rest = PY_NONE;
        return 0;
    }
    const struct matcher m = {.condition = type};
    const int whole = matches(&m, exc);
    if (whole && !is_group(exc)) {
        struct py_object *members = PY_OBJ(py_tuple_pack(1, exc));
        PY_HOLD(&members);
        struct py_object *const args[] = {PY_OBJ(py_str_empty()), members};
        *match = members ? py_call(PY_OBJ(&py_exc_BaseExceptionGroup), args, 2, NULL) : NULL;
        *rest = PY_NONE;
        py_clear(members);
        return *match ? 0 : -1;
    }
    if (whole || !is_group(exc)) {
        *match = whole ? py_newref(exc) : PY_NONE;
        *rest = whole ? PY_NONE : py_newref(exc);
        return 0;
    }
    struct py_object *pair = py_call_method_cstr(exc, "split", 1, type);
    if (!pair)
        return -1;
    PY_HOLD(&pair);
    int status = 0;
    if (!py_tuple_check(pair) || ((struct py_tuple *)pair)->base.size < 2) {
        status = py_raise_int(&py_exc_TypeError, "%.200s.split must return a %s", exc->type->name,
                              py_tuple_check(pair) ? "2-tuple" : "tuple");
    } else {
        *match = py_newref(((struct py_tuple *)pair)->items[0]);
        *rest = py_newref(((struct py_tuple *)pair)->items[1]);
    }
    py_clear(pair);
    return status;
}

/* Was e made from the original exception by splitting, and not raised anew? */
static bool same_metadata(const struct py_object *a, const struct py_object *b)
{
    const struct py_exc *const x = (const struct py_exc *)a, *const y = (const struct py_exc *)b;
    return x->notes == y->notes && x->traceback == y->traceback && x->cause == y->cause &&
           x->context == y->context;
}

static int collect_leaves(struct py_object *exc, struct py_set *ids)
{
    if (!is_group(exc)) {
        struct py_object *const id = py_int_from_u64((uintptr_t)exc);
        const int failed = id ? py_set_add(ids, id) : -1;
        py_xdecref(id);
        return failed;
    }
    if (py_enter_recursion(" in collect_exception_group_leaf_ids") < 0)
        return -1;
    const struct py_tuple *const excs = GROUP(exc)->excs;
    int failed = 0;
    for (int64_t i = 0; !failed && i < excs->base.size; i++)
        failed = collect_leaves(excs->items[i], ids);
    py_leave_recursion();
    return failed;
}

/* The part of the original whose leaves are in the list of groups. New; None: nothing. */
static struct py_object *projection(struct py_object *original, struct py_list *keep)
{
    struct py_set *ids = py_set_new(NULL);
    if (!ids)
        return NULL;
    PY_HOLD(&ids);
    struct py_object *match = NULL, *rest = NULL;
    int failed = 0;
    for (int64_t i = 0; !failed && i < keep->base.size; i++)
        failed = collect_leaves(keep->items[i], ids);
    const struct matcher m = {.ids = ids};
    failed = failed || split(original, &m, &match, &rest) < 0;
    PY_HOLD(&match);
    py_clear(rest);
    py_clear(ids);
    struct py_object *const result = failed ? NULL : match;
    match = NULL;
    return result;
}

static int sort_out(struct py_object *original, const struct py_list *from, struct py_list *raised,
                    struct py_list *reraised)
{
    for (int64_t i = 0; i < from->base.size; i++) {
        struct py_object *const e = from->items[i];
        if (e != PY_NONE && py_list_append(same_metadata(e, original) ? reraised : raised, e) < 0)
            return -1;
    }
    return 0;
}

struct py_object *py_exc_group_reraise(struct py_object *original, struct py_list *list)
{
    if (list->base.size == 0)
        return PY_NONE;
    if (!is_group(original)) { /* at most one clause ran */
        for (int64_t i = 0; i < list->base.size; i++)
            if (list->items[i] != PY_NONE)
                return py_newref(list->items[i]);
        return PY_NONE;
    }
    struct py_object *result = NULL, *left = NULL;
    PY_HOLD(&left);
    struct py_list *raised = py_list_new(0);
    PY_HOLD(&raised);
    struct py_list *reraised = raised ? py_list_new(0) : NULL;
    PY_HOLD(&reraised);
    if (reraised && sort_out(original, list, raised, reraised) == 0) {
        left = projection(original, reraised);
        if (left && raised->base.size == 0)
            result = py_newref(left);
        else if (left && (left == PY_NONE || py_list_append(raised, left) == 0))
            result = make_group("", PY_OBJ(raised));
    }
    py_clear(reraised);
    py_clear(raised);
    py_clear(left);
    return result;
}
