/* _csv.reader: rows of fields from an iterator of lines, by one state machine over characters.
 *
 * A row ends with its line unless a quoted field or an escape goes on in the next; each line is
 * followed by a virtual end of line (0 here, as no line may contain more lines).
 */
#include "vm/builtins/mod_csv.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/object/list.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum state {
    START_RECORD,
    START_FIELD,
    ESCAPED_CHAR,
    IN_FIELD,
    IN_QUOTED_FIELD,
    ESCAPE_IN_QUOTED_FIELD,
    QUOTE_IN_QUOTED_FIELD,
    EAT_NEWLINE,
    AFTER_ESCAPED_NEWLINE
};
#define END_OF_LINE UINT32_MAX

struct py_csv_reader {
    struct py_object base;
    struct py_object *iterator, *dialect, *fields;
    uint32_t *field; /* RAW */
    int64_t length, room, line_number;
    int32_t state;
    bool numeric;
};
#define READER(o) ((struct py_csv_reader *)(o))

struct py_object *csv_reader_make(struct py_object *self, struct py_object *const *args,
                                  size_t nargs, struct py_tuple *kwnames)
{
    (void)self;
    if (nargs < 1 || nargs > 2)
        return py_raise(&py_exc_TypeError, " expected at %s %d argument%s, got %zu",
                        nargs ? "most" : "least", nargs ? 2 : 1, nargs ? "s" : "", nargs);
    struct py_object *iterator = py_iter(args[0]), *dialect = NULL;
    if (!iterator)
        return NULL;
    PY_HOLD(&iterator);
    PY_HOLD(&dialect);
    dialect = csv_dialect_for(nargs > 1 ? args[1] : NULL, args + nargs, kwnames);
    struct py_csv_reader *const r = dialect ? py_object_new(&py_csv_reader_type) : NULL;
    if (!r) {
        py_clear(dialect);
        py_clear(iterator);
        return NULL;
    }
    r->iterator = iterator;
    r->dialect = dialect;
    iterator = dialect = NULL;
    py_gc_track(r);
    return PY_OBJ(r);
}

static void reader_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_mem_free(READER(o)->field);
    py_object_free(o);
}

static int add_char(struct py_csv_reader *r, uint32_t c)
{
    if (r->length >= csv_field_limit)
        return py_raise_int(csv_error, "field larger than field limit (%lld)",
                            (long long)csv_field_limit);
    if (r->length == r->room) {
        const int64_t room = r->room ? r->room * 2 : 64;
        uint32_t *const grown = py_mem_realloc(r->field, (size_t)room * sizeof *grown);
        if (!grown)
            return py_raise_no_memory(), -1;
        r->field = grown;
        r->room = room;
    }
    r->field[r->length++] = c;
    return 0;
}

static int save_field(struct py_csv_reader *r)
{
    struct py_object *field = PY_OBJ(py_str_from_ucs4(r->field, r->length));
    if (!field)
        return -1;
    r->length = 0;
    if (r->numeric) {
        r->numeric = false;
        struct py_object *const number = py_call1(PY_OBJ(&py_float_type), field);
        py_decref(field);
        if (!(field = number))
            return -1;
    }
    return py_list_append_steal((struct py_list *)r->fields, field);
}

static bool ends_line(uint32_t c)
{
    return c == '\n' || c == '\r' || c == END_OF_LINE;
}

/* Ends a field that is followed by c. */
static int end_field(struct py_csv_reader *r, uint32_t c)
{
    if (save_field(r) < 0)
        return -1;
    r->state = c == END_OF_LINE ? START_RECORD : ends_line(c) ? EAT_NEWLINE : START_FIELD;
    return 0;
}

static int start_field(struct py_csv_reader *r, const struct py_csv_dialect *d, uint32_t c)
{
    if (ends_line(c))
        return end_field(r, c);
    if (c == d->quotechar && d->quoting != QUOTE_NONE) {
        r->state = IN_QUOTED_FIELD;
    } else if (c == d->escapechar) {
        r->state = ESCAPED_CHAR;
    } else if (c == ' ' && d->skipinitialspace) {
        ;
    } else if (c == d->delimiter) {
        return save_field(r);
    } else {
        if (d->quoting == QUOTE_NONNUMERIC)
            r->numeric = true;
        r->state = IN_FIELD;
        return add_char(r, c);
    }
    return 0;
}

/* A character within quotation marks, or behind one of them. */
static int step_quoted(struct py_csv_reader *r, const struct py_csv_dialect *d, uint32_t c)
{
    if (r->state == ESCAPE_IN_QUOTED_FIELD) {
        r->state = IN_QUOTED_FIELD;
        return add_char(r, c == END_OF_LINE ? '\n' : c);
    }
    const bool is_quote = c == d->quotechar && d->quoting != QUOTE_NONE;
    if (r->state == IN_QUOTED_FIELD) {
        if (c == END_OF_LINE)
            return 0;
        if (c == d->escapechar) {
            r->state = ESCAPE_IN_QUOTED_FIELD;
            return 0;
        }
        if (!is_quote)
            return add_char(r, c);
        r->state = d->doublequote ? QUOTE_IN_QUOTED_FIELD : IN_FIELD;
        return 0;
    }
    if (is_quote) { /* two of them are one */
        r->state = IN_QUOTED_FIELD;
        return add_char(r, c);
    }
    if (c == d->delimiter || ends_line(c))
        return end_field(r, c);
    if (d->strict) {
        struct py_str *const a = py_str_from_char(d->delimiter);
        struct py_str *const b = py_str_from_char(d->quotechar);
        if (a && b)
            py_raise(csv_error, "'%U' expected after '%U'", a, b);
        py_xdecref(a);
        py_xdecref(b);
        return -1;
    }
    r->state = IN_FIELD;
    return add_char(r, c);
}

static int step(struct py_csv_reader *r, uint32_t c)
{
    const struct py_csv_dialect *const d = DIALECT(r->dialect);
    switch ((enum state)r->state) {
    case START_RECORD:
        if (c == END_OF_LINE)
            return 0;
        if (ends_line(c)) {
            r->state = EAT_NEWLINE;
            return 0;
        }
        r->state = START_FIELD;
        return start_field(r, d, c);
    case START_FIELD:
        return start_field(r, d, c);
    case ESCAPED_CHAR:
        if (c == '\n' || c == '\r') {
            r->state = AFTER_ESCAPED_NEWLINE;
            return add_char(r, c);
        }
        r->state = IN_FIELD;
        return add_char(r, c == END_OF_LINE ? '\n' : c);
    case AFTER_ESCAPED_NEWLINE:
        if (c == END_OF_LINE)
            return 0;
        __attribute__((fallthrough));
    case IN_FIELD:
        if (ends_line(c) || c == d->delimiter)
            return end_field(r, c);
        if (c == d->escapechar) {
            r->state = ESCAPED_CHAR;
            return 0;
        }
        r->state = IN_FIELD;
        return add_char(r, c);
    case IN_QUOTED_FIELD:
    case ESCAPE_IN_QUOTED_FIELD:
    case QUOTE_IN_QUOTED_FIELD:
        return step_quoted(r, d, c);
    case EAT_NEWLINE:
        if (c == '\n' || c == '\r')
            return 0;
        if (c == END_OF_LINE) {
            r->state = START_RECORD;
            return 0;
        }
        return py_raise_int(csv_error, "new-line character seen in unquoted field - do you need to "
                                       "open the file in universal-newline mode?");
    }
    return 0;
}

/* 1: a line was read; 0: there are no more; -1. */
static int read_line(struct py_csv_reader *r)
{
    struct py_object *line = py_next(r->iterator);
    if (!line)
        return py_error_occurred() ? -1 : 0;
    PY_HOLD(&line);
    int status = 1;
    if (!r->fields) { /* by an iterator that asks the reader itself for a row */
        py_clear(line);
        return py_raise_int(csv_error, "iterator has already advanced the reader");
    }
    if (!py_str_check(line)) {
        status = py_raise_int(csv_error,
                              "iterator should return strings, not %.200s (the file should "
                              "be opened in text mode)",
                              line->type->name);
    } else {
        const struct py_str *const s = (struct py_str *)line;
        r->line_number++;
        for (int64_t i = 0; i < s->length && status > 0; i++) {
            if (step(r, py_str_char(s, i)) < 0)
                status = -1;
        }
        if (status > 0 && step(r, END_OF_LINE) < 0)
            status = -1;
    }
    py_clear(line);
    return status;
}

static struct py_object *reader_next(struct py_object *o)
{
    struct py_csv_reader *const r = READER(o);
    struct py_list *const row = py_list_new(0);
    if (!row)
        return NULL;
    py_setref(r->fields, PY_OBJ(row));
    r->length = 0;
    r->state = START_RECORD;
    r->numeric = false;
    do {
        const int got = read_line(r);
        if (got < 0)
            return NULL;
        if (got == 0) {
            if (r->length == 0 && r->state != IN_QUOTED_FIELD)
                return NULL;
            if (DIALECT(r->dialect)->strict)
                return py_raise(csv_error, "unexpected end of data");
            if (save_field(r) < 0)
                return NULL;
            break;
        }
    } while (r->state != START_RECORD);
    struct py_object *const fields = r->fields;
    r->fields = NULL;
    return fields;
}

static const struct py_field reader_fields[] = {
    PY_FIELD(struct py_csv_reader, dialect),
    PY_FIELD(struct py_csv_reader, iterator),
    PY_FIELD(struct py_csv_reader, fields),
};
static const struct py_member_def reader_members[] = {
    {"dialect", PY_MEMBER_OBJECT, offsetof(struct py_csv_reader, dialect), true, NULL},
    {"line_num", PY_MEMBER_INT64, offsetof(struct py_csv_reader, line_number), true, NULL},
    {.name = NULL},
};
struct py_type py_csv_reader_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_csv.reader",
    .basicsize = sizeof(struct py_csv_reader),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 3,
    .fields = reader_fields,
    .dealloc = reader_dealloc,
    .iter = py_iter_self,
    .iternext = reader_next,
    .members = reader_members,
};
