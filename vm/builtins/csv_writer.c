/* _csv.writer: rows of values to the write() of a file, quoted as the dialect says. */
#include "vm/builtins/mod_csv.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct py_csv_writer {
    struct py_object base;
    struct py_object *write, *dialect;
};
#define WRITER(o) ((struct py_csv_writer *)(o))

struct py_object *csv_writer_make(struct py_object *self, struct py_object *const *args,
                                  size_t nargs, struct py_tuple *kwnames)
{
    (void)self;
    if (nargs < 1 || nargs > 2)
        return py_raise(&py_exc_TypeError, " expected at %s %d argument%s, got %zu",
                        nargs ? "most" : "least", nargs ? 2 : 1, nargs ? "s" : "", nargs);
    struct py_object *dialect = csv_dialect_for(nargs > 1 ? args[1] : NULL, args + nargs, kwnames);
    if (!dialect)
        return NULL;
    struct py_object *write = NULL;
    PY_HOLD(&dialect);
    PY_HOLD(&write);
    struct py_csv_writer *w = NULL;
    if (py_getattr_optional(args[0], PY_OBJ(py_str_const("write")), &write) >= 0) {
        if (!write || !py_is_callable(write))
            py_raise(&py_exc_TypeError, "argument 1 must have a \"write\" method");
        else if ((w = py_object_new(&py_csv_writer_type))) {
            w->write = write;
            w->dialect = dialect;
            write = dialect = NULL;
            py_gc_track(w);
        }
    }
    py_clear(write);
    py_clear(dialect);
    return PY_OBJ(w);
}

static bool in_text(const struct py_str *s, uint32_t c)
{
    for (int64_t i = 0; i < s->length; i++)
        if (py_str_char(s, i) == c)
            return true;
    return false;
}

static bool special(const struct py_csv_dialect *d, uint32_t c)
{
    return c == d->delimiter || c == d->escapechar || c == d->quotechar ||
           in_text(d->lineterminator, c);
}

/* Writes the field's characters; *quoted says whether it is, and becomes so if it must. */
static int put_field(struct py_strbuf *out, const struct py_csv_dialect *d, const struct py_str *s,
                     bool *quoted)
{
    for (int64_t i = 0; i < s->length && !*quoted && d->quoting != QUOTE_NONE; i++) {
        const uint32_t c = py_str_char(s, i);
        if (special(d, c) && !(c == d->quotechar && !d->doublequote) && c != d->escapechar)
            *quoted = true;
    }
    if (*quoted && py_strbuf_char(out, d->quotechar) < 0)
        return -1;
    for (int64_t i = 0; i < s->length; i++) {
        const uint32_t c = py_str_char(s, i);
        bool escape = special(d, c);
        if (escape && d->quoting != QUOTE_NONE) {
            escape = false;
            if (c == d->quotechar) {
                if (!d->doublequote)
                    escape = true;
                else if (py_strbuf_char(out, d->quotechar) < 0)
                    return -1;
            } else if (c == d->escapechar) {
                escape = true;
            }
        }
        if (escape && d->escapechar == CSV_NO_CHAR)
            return py_raise_int(csv_error, "need to escape, but no escapechar set");
        if ((escape && py_strbuf_char(out, d->escapechar) < 0) || py_strbuf_char(out, c) < 0)
            return -1;
    }
    return *quoted ? py_strbuf_char(out, d->quotechar) : 0;
}

static bool is_number(const struct py_object *o)
{
    return o->type->float_ || o->type->index || o->type->int_;
}

static int join_row(struct py_strbuf *out, const struct py_csv_dialect *d, struct py_object *row)
{
    struct py_object *it = py_iter(row), *field = NULL, *text = NULL;
    if (!it) {
        if (py_error_matches(&py_exc_TypeError)) {
            py_error_clear();
            py_raise(csv_error, "iterable expected, not %.200s", row->type->name);
        }
        return -1;
    }
    PY_HOLD(&it);
    PY_HOLD(&field);
    PY_HOLD(&text);
    int64_t n = 0;
    bool ok = true, none_only = false;
    while (ok && (field = py_next(it))) {
        bool quoted =
            d->quoting == QUOTE_ALL || (d->quoting == QUOTE_NONNUMERIC && !is_number(field));
        text = field == PY_NONE      ? PY_OBJ(py_str_empty())
               : py_str_check(field) ? py_newref(field)
                                     : py_str_of(field);
        ok = text && (n == 0 || py_strbuf_char(out, d->delimiter) == 0) &&
             put_field(out, d, (struct py_str *)text, &quoted) == 0;
        none_only = n == 0 && ok && ((struct py_str *)text)->length == 0 && !quoted;
        n++;
        py_clear(text);
        py_clear(field);
    }
    py_clear(it);
    if (!ok || py_error_occurred())
        return -1;
    if (n == 1 && none_only) { /* one empty field is not an empty row */
        if (d->quoting == QUOTE_NONE)
            return py_raise_int(csv_error, "single empty field record must be quoted");
        if (py_strbuf_char(out, d->quotechar) < 0 || py_strbuf_char(out, d->quotechar) < 0)
            return -1;
    }
    return py_strbuf_str(out, d->lineterminator);
}

METHOD(writer_writerow)
{
    UNUSED;
    struct py_csv_writer *const w = WRITER(self);
    struct py_strbuf out;
    py_strbuf_init(&out);
    if (join_row(&out, DIALECT(w->dialect), args[0]) < 0) {
        py_strbuf_deinit(&out);
        return NULL;
    }
    struct py_object *line = PY_OBJ(py_strbuf_finish(&out));
    if (!line)
        return NULL;
    PY_HOLD(&line);
    struct py_object *const result = py_call1(w->write, line);
    py_clear(line);
    return result;
}

METHOD(writer_writerows)
{
    UNUSED;
    struct py_object *it = py_iter(args[0]), *row = NULL;
    if (!it)
        return NULL;
    PY_HOLD(&it);
    PY_HOLD(&row);
    bool ok = true;
    while (ok && (row = py_next(it))) {
        struct py_object *const done = writer_writerow(self, &row, 1, NULL);
        ok = done != NULL;
        py_xdecref(done);
        py_clear(row);
    }
    py_clear(it);
    return ok && !py_error_occurred() ? PY_NONE : NULL;
}

static const struct py_field writer_fields[] = {
    PY_FIELD(struct py_csv_writer, dialect),
    PY_FIELD(struct py_csv_writer, write),
};
static const struct py_member_def writer_members[] = {
    {"dialect", PY_MEMBER_OBJECT, offsetof(struct py_csv_writer, dialect), true, NULL},
    {.name = NULL},
};
static const struct py_method_def writer_methods[] = {
    METHOD_ROW("writerow", writer_writerow, 1, 1),
    METHOD_ROW("writerows", writer_writerows, 1, 1),
    {.name = NULL},
};
struct py_type py_csv_writer_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_csv.writer",
    .basicsize = sizeof(struct py_csv_writer),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 2,
    .fields = writer_fields,
    .methods = writer_methods,
    .members = writer_members,
};
