/* _csv: dialects, their registry, and the module. Reading is in csv_reader.c, writing in
 * csv_writer.c.
 *
 * A dialect is checked once, when it is made, and does not change afterwards, so that reader and
 * writer look at plain C values.
 */
#include "vm/builtins/mod_csv.h"

#include <string.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

struct py_type *csv_error;
int64_t csv_field_limit = 128 * 1024;
static struct py_dict *registry;

enum {
    DIALECT_ARG,
    DELIMITER,
    DOUBLEQUOTE,
    ESCAPECHAR,
    LINETERMINATOR,
    QUOTECHAR,
    QUOTING,
    SKIPINITIALSPACE,
    STRICT,
    OPTION_COUNT
};
static const char *const option_names[] = {"dialect",    "delimiter",        "doublequote",
                                           "escapechar", "lineterminator",   "quotechar",
                                           "quoting",    "skipinitialspace", "strict"};

/* ---- making a dialect ------------------------------------------------------------------------ */

static int set_flag(struct py_object *o, uint8_t *out)
{
    const int truth = o ? py_truth(o) : *out;
    *out = truth > 0;
    return truth < 0 ? -1 : 0;
}

static int set_char(const char *name, struct py_object *o, bool may_be_none, uint32_t *out)
{
    if (!o)
        return 0;
    if (o == PY_NONE && may_be_none) {
        *out = CSV_NO_CHAR;
        return 0;
    }
    if (!py_str_check(o))
        return py_raise_int(&py_exc_TypeError,
                            may_be_none ? "\"%s\" must be string or None, not %.200s"
                                        : "\"%s\" must be string, not %.200s",
                            name, o->type->name);
    if (((struct py_str *)o)->length != 1)
        return py_raise_int(&py_exc_TypeError, "\"%s\" must be a 1-character string", name);
    *out = py_str_char((struct py_str *)o, 0);
    return 0;
}

static int set_quoting(struct py_object *o, int32_t *out)
{
    int v;
    if (!o)
        return 0;
    if (!py_int_check_exact(o))
        return py_raise_int(&py_exc_TypeError, "\"quoting\" must be an integer");
    if (int_argument(o, &v) < 0)
        return -1;
    if (v < QUOTE_MINIMAL || v > QUOTE_NONE)
        return py_raise_int(&py_exc_TypeError, "bad \"quoting\" value");
    *out = v;
    return 0;
}

static int fill_dialect(struct py_csv_dialect *d, struct py_object **in)
{
    if (set_char("delimiter", in[DELIMITER], false, &d->delimiter) < 0 ||
        set_flag(in[DOUBLEQUOTE], &d->doublequote) < 0 ||
        set_char("escapechar", in[ESCAPECHAR], true, &d->escapechar) < 0)
        return -1;
    struct py_object *const end = in[LINETERMINATOR];
    if (end && end != PY_NONE && !py_str_check(end))
        return py_raise_int(&py_exc_TypeError, "\"lineterminator\" must be a string");
    if (end && end != PY_NONE)
        d->lineterminator = (struct py_str *)py_newref(end);
    else if (!end)
        d->lineterminator = py_str_from_cstr("\r\n");
    if ((!end && !d->lineterminator) ||
        set_char("quotechar", in[QUOTECHAR], true, &d->quotechar) < 0 ||
        set_quoting(in[QUOTING], &d->quoting) < 0 ||
        set_flag(in[SKIPINITIALSPACE], &d->skipinitialspace) < 0 ||
        set_flag(in[STRICT], &d->strict) < 0)
        return -1;
    if (d->quotechar == CSV_NO_CHAR && !in[QUOTING])
        d->quoting = QUOTE_NONE;
    if (d->delimiter == CSV_NO_CHAR)
        return py_raise_int(&py_exc_TypeError, "\"delimiter\" must be a 1-character string");
    if (d->quoting != QUOTE_NONE && d->quotechar == CSV_NO_CHAR)
        return py_raise_int(&py_exc_TypeError, "quotechar must be set if quoting enabled");
    if (!d->lineterminator)
        return py_raise_int(&py_exc_TypeError, "lineterminator must be set");
    return 0;
}

static struct py_object *get_registered(struct py_object *name)
{
    struct py_object *const d = py_dict_get(registry, name);
    if (!d && !py_error_occurred())
        return py_raise(csv_error, "unknown dialect");
    return d ? py_newref(d) : NULL;
}

/* A dialect that nothing is changed of is used as it is. */
static struct py_object *make_dialect(struct py_type *type, struct py_object **in)
{
    struct py_object *base = in[DIALECT_ARG];
    if (base && py_str_check(base)) {
        if (!(base = get_registered(base)))
            return NULL;
    } else {
        py_xincref(base);
    }
    PY_HOLD(&base);
    struct py_object *found[OPTION_COUNT] = {NULL};
    PY_HOLD_N(found, OPTION_COUNT);
    bool changed = false;
    for (int i = 1; i < OPTION_COUNT; i++)
        changed |= in[i] != NULL;
    if (base && py_isinstance_type(base, &py_csv_dialect_type) && !changed) {
        struct py_object *const same = base;
        base = NULL;
        return same;
    }
    for (int i = 1; i < OPTION_COUNT; i++) {
        if (in[i])
            found[i] = py_newref(in[i]);
        else if (base && base != PY_NONE) {
            struct py_str *const name = py_str_const(option_names[i]);
            if (!name || py_getattr_optional(base, PY_OBJ(name), &found[i]) < 0)
                py_error_clear();
        }
    }
    struct py_csv_dialect *d = py_object_new(type);
    if (d) {
        PY_HOLD(&d);
        d->delimiter = ',';
        d->doublequote = 1;
        d->quotechar = '"';
        d->escapechar = CSV_NO_CHAR;
        if (fill_dialect(d, found) < 0)
            py_clear(d);
        else if (type->flags & PY_TYPE_GC)
            py_gc_track(d);
    }
    for (int i = 1; i < OPTION_COUNT; i++)
        py_clear(found[i]);
    py_clear(base);
    return PY_OBJ(d);
}

static struct py_object *dialect_new(struct py_type *type, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    static const struct py_params params = {.function = "Dialect",
                                            .names = option_names,
                                            .count = OPTION_COUNT,
                                            .keyword_only = OPTION_COUNT};
    struct py_object *in[OPTION_COUNT] = {NULL};
    return py_parse_args(&params, args, nargs, kwnames, in) < 0 ? NULL : make_dialect(type, in);
}

static int dialect_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                        struct py_tuple *kwnames)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return 0;
}

struct py_object *csv_dialect_for(struct py_object *dialect, struct py_object *const *values,
                                  struct py_tuple *kwnames)
{
    struct py_object *args[OPTION_COUNT + 1];
    const size_t n = kwnames ? (size_t)kwnames->base.size : 0;
    if (n > OPTION_COUNT)
        return py_raise(&py_exc_TypeError, "too many keyword arguments");
    args[0] = dialect;
    if (n)
        memcpy(args + 1, values, n * sizeof *args);
    return dialect_new(&py_csv_dialect_type, dialect ? args : args + 1, dialect != NULL, kwnames);
}

static struct py_object *char_or_none(uint32_t c)
{
    return c == CSV_NO_CHAR ? PY_NONE : PY_OBJ(py_str_from_char(c));
}

static struct py_object *dialect_get(struct py_object *o, void *closure)
{
    const struct py_csv_dialect *const d = DIALECT(o);
    switch ((intptr_t)closure) {
    case DELIMITER:
        return char_or_none(d->delimiter);
    case DOUBLEQUOTE:
        return py_bool_from(d->doublequote);
    case ESCAPECHAR:
        return char_or_none(d->escapechar);
    case LINETERMINATOR:
        return PY_OBJ(py_newref(d->lineterminator));
    case QUOTECHAR:
        return char_or_none(d->quotechar);
    case QUOTING:
        return py_int_from_i64(d->quoting);
    case SKIPINITIALSPACE:
        return py_bool_from(d->skipinitialspace);
    default:
        return py_bool_from(d->strict);
    }
}

#define OPTION(text, which)                                                    \
    {                                                                          \
        .name = text, .get = dialect_get, .closure = (void *)(intptr_t)(which) \
    }
static const struct py_getset_def dialect_getsets[] = {
    OPTION("delimiter", DELIMITER),
    OPTION("doublequote", DOUBLEQUOTE),
    OPTION("escapechar", ESCAPECHAR),
    OPTION("lineterminator", LINETERMINATOR),
    OPTION("quotechar", QUOTECHAR),
    OPTION("quoting", QUOTING),
    OPTION("skipinitialspace", SKIPINITIALSPACE),
    OPTION("strict", STRICT),
    {.name = NULL},
};
static const struct py_field dialect_fields[] = {
    PY_FIELD_OWNED(struct py_csv_dialect, lineterminator)};

METHOD(dialect_reduce)
{
    UNUSED;
    return py_raise(&py_exc_TypeError, "cannot pickle '%.100s' instances", self->type->name);
}

static const struct py_method_def dialect_methods[] = {
    METHOD_ROW("__reduce__", dialect_reduce, 0, 0),
    METHOD_ROW("__reduce_ex__", dialect_reduce, 1, 1),
    {.name = NULL},
};

struct py_type py_csv_dialect_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_csv.Dialect",
    .basicsize = sizeof(struct py_csv_dialect),
    .flags = PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE,
    .field_count = 1,
    .fields = dialect_fields,
    .init = dialect_init,
    .new_ = dialect_new,
    .methods = dialect_methods,
    .getsets = dialect_getsets,
    .doc = "CSV dialect\n\nThe Dialect type records CSV dialect options.",
};

/* ---- the registry and the module ------------------------------------------------------------- */

METHOD(register_dialect)
{
    (void)self;
    if (nargs < 1 || nargs > 2)
        return py_raise(&py_exc_TypeError, " expected at %s %d argument%s, got %zu",
                        nargs ? "most" : "least", nargs ? 2 : 1, nargs ? "s" : "", nargs);
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "dialect name must be a string");
    struct py_object *d = csv_dialect_for(nargs > 1 ? args[1] : NULL, args + nargs, kwnames);
    if (!d)
        return NULL;
    PY_HOLD(&d);
    const int status = py_dict_set(registry, args[0], d);
    py_clear(d);
    return status < 0 ? NULL : PY_NONE;
}

METHOD(unregister_dialect)
{
    UNUSED;
    if (!py_dict_get(registry, args[0]))
        return py_error_occurred() ? NULL : py_raise(csv_error, "unknown dialect");
    return py_dict_del(registry, args[0]) < 0 ? NULL : PY_NONE;
}

METHOD(get_dialect)
{
    UNUSED;
    return get_registered(args[0]);
}

METHOD(list_dialects)
{
    UNUSED;
    return PY_OBJ(py_dict_keys_list(registry));
}

METHOD(field_size_limit)
{
    UNUSED;
    const int64_t old = csv_field_limit;
    if (nargs) {
        if (!py_int_check_exact(args[0]))
            return py_raise(&py_exc_TypeError, "limit must be an integer");
        const int64_t limit = py_int_as_i64(args[0]);
        if (limit == -1 && py_error_occurred())
            return NULL;
        csv_field_limit = limit;
    }
    return py_int_from_i64(old);
}

static const struct py_method_def functions[] = {
    METHOD_ROW_KW("reader", csv_reader_make),
    METHOD_ROW_KW("writer", csv_writer_make),
    METHOD_ROW("list_dialects", list_dialects, 0, 0),
    METHOD_ROW_KW("register_dialect", register_dialect),
    METHOD_ROW("unregister_dialect", unregister_dialect, 1, 1),
    METHOD_ROW("get_dialect", get_dialect, 1, 1),
    METHOD_ROW("field_size_limit", field_size_limit, 0, 1),
    {.name = NULL},
};

struct py_module *py_mod__csv_init(void); /* modules.def */

struct py_module *py_mod__csv_init(void)
{
    static const char *const quotings[] = {"QUOTE_MINIMAL", "QUOTE_ALL", "QUOTE_NONNUMERIC",
                                           "QUOTE_NONE"};
    struct py_module *m = py_module_new("_csv", "Reading and writing of CSV files.");
    if (!registry && !(registry = py_runtime_root(py_dict_new())))
        goto fail;
    if (!m || !module_exception(&csv_error, "_csv.Error", &py_exc_Exception, NULL) ||
        module_add_type(m, &py_csv_dialect_type) < 0 || py_type_ready(&py_csv_reader_type) < 0 ||
        py_type_ready(&py_csv_writer_type) < 0 || py_module_add_methods(m, functions) < 0 ||
        py_module_add(m, "Error", PY_OBJ(csv_error)) < 0 ||
        py_module_add(m, "_dialects", PY_OBJ(registry)) < 0 ||
        py_module_add_steal(m, "__version__", PY_OBJ(py_str_from_cstr("1.0"))) < 0)
        goto fail;
    for (int i = 0; i < 4; i++)
        if (module_add_int(m, quotings[i], i) < 0)
            goto fail;
    return m;
fail:
    py_xdecref(m);
    return NULL;
}
