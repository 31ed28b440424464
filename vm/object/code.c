/* Code objects: where an instruction is in the source, and the co_* attributes.
 *
 * The compiler fills the struct and nobody changes it afterwards, except the loop, which rewrites
 * words in place. So a code object needs no collector: it refers to constants, names and other
 * code, and nothing that it refers to can refer back to it.
 *
 * What CPython has and this does not: co_code is the register bytecode of this interpreter,
 * co_names is empty (names are constants here), co_stacksize is the number of registers.
 */
#include "vm/object/code.h"

#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

#define CODE(o) ((struct py_code *)(o))

struct py_code *py_code_new(void)
{
    return py_object_new(&py_code_type);
}

static void code_dealloc(struct py_object *o)
{
    struct py_code *c = CODE(o);
    py_object_release_common(o);
    py_mem_free(c->words);
    py_mem_free(c->consts);
    py_mem_free(c->lines);
    py_mem_free(c->handlers);
    py_mem_free(c->cell_registers);
    py_object_free(o);
}

/* ---- positions --------------------------------------------------------------------------- */

const struct py_line_entry *py_code_position(const struct py_code *code, uint32_t offset)
{
    /* Last entry that starts at or before offset. */
    uint32_t lo = 0, hi = code->line_count;
    while (lo < hi) {
        const uint32_t mid = lo + (hi - lo) / 2;
        if (code->lines[mid].start <= offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? &code->lines[lo - 1] : NULL;
}

int py_code_line(const struct py_code *code, uint32_t offset)
{
    const struct py_line_entry *e = py_code_position(code, offset);
    return e ? e->line : 0;
}

/* ---- attributes -------------------------------------------------------------------------- */

enum { ARGCOUNT, POSONLY, KWONLY, NLOCALS, STACKSIZE, FLAGS, FIRSTLINE };

static bool contains(const struct py_tuple *t, const struct py_object *name)
{
    for (int64_t i = 0; t && i < t->base.size; i++)
        if (t->items[i] == name ||
            py_str_equal((struct py_str *)t->items[i], (const struct py_str *)name))
            return true;
    return false;
}

static int64_t parameter_count(const struct py_code *c)
{
    return c->arg_count + c->kwonly_count + ((c->flags & PY_CODE_VARARGS) != 0) +
           ((c->flags & PY_CODE_VARKEYWORDS) != 0);
}

/* CPython lists a cell variable here only if it is a parameter. */
static bool is_local(const struct py_code *c, int64_t i)
{
    return i < parameter_count(c) || !contains(c->cellvars, c->varnames->items[i]);
}

static struct py_tuple *local_names(const struct py_code *c)
{
    struct py_list *names = py_list_new(0);
    for (int64_t i = 0; names && c->varnames && i < c->varnames->base.size; i++)
        if (is_local(c, i) && !contains(c->freevars, c->varnames->items[i]) &&
            py_list_append(names, c->varnames->items[i]) < 0)
            py_clear(names);
    struct py_tuple *t = names ? py_list_as_tuple(names) : NULL;
    py_xdecref(names);
    return t;
}

static struct py_object *get_number(struct py_object *self, void *closure)
{
    const struct py_code *c = CODE(self);
    int64_t n = 0;
    switch ((int)(intptr_t)closure) {
    case ARGCOUNT:
        n = c->arg_count;
        break;
    case POSONLY:
        n = c->posonly_count;
        break;
    case KWONLY:
        n = c->kwonly_count;
        break;
    case NLOCALS: {
        struct py_tuple *t = local_names(c);
        if (!t)
            return NULL;
        n = t->base.size;
        py_decref(t);
        break;
    }
    case STACKSIZE:
        n = c->reg_count;
        break;
    case FLAGS:
        n = c->flags & (0xffffu | PY_CODE_ANNOTATIONS_AS_TEXT); /* without our own */
        break;
    default:
        n = c->first_line;
    }
    return py_int_from_i64(n);
}

static struct py_object *get_consts(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_tuple_from_array(CODE(self)->consts, CODE(self)->const_count));
}

static struct py_object *get_names(struct py_object *self, void *closure)
{
    (void)self, (void)closure;
    return PY_OBJ(py_newref(py_tuple_empty()));
}

static struct py_object *get_varnames(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(local_names(CODE(self)));
}

static struct py_object *tuple_or_empty(struct py_tuple *t)
{
    return PY_OBJ(py_newref(t ? t : py_tuple_empty()));
}

static struct py_object *get_cellvars(struct py_object *self, void *closure)
{
    (void)closure;
    return tuple_or_empty(CODE(self)->cellvars);
}

static struct py_object *get_freevars(struct py_object *self, void *closure)
{
    (void)closure;
    return tuple_or_empty(CODE(self)->freevars);
}

static struct py_object *get_code_bytes(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_bytes_from(CODE(self)->words, CODE(self)->word_count * sizeof(uint64_t)));
}

static const struct py_getset_def code_getsets[] = {
    {.name = "co_argcount", .get = get_number, .closure = (void *)ARGCOUNT},
    {.name = "co_posonlyargcount", .get = get_number, .closure = (void *)POSONLY},
    {.name = "co_kwonlyargcount", .get = get_number, .closure = (void *)KWONLY},
    {.name = "co_nlocals", .get = get_number, .closure = (void *)NLOCALS},
    {.name = "co_stacksize", .get = get_number, .closure = (void *)STACKSIZE},
    {.name = "co_flags", .get = get_number, .closure = (void *)FLAGS},
    {.name = "co_firstlineno", .get = get_number, .closure = (void *)FIRSTLINE},
    {.name = "co_consts", .get = get_consts},
    {.name = "co_names", .get = get_names},
    {.name = "co_varnames", .get = get_varnames},
    {.name = "co_cellvars", .get = get_cellvars},
    {.name = "co_freevars", .get = get_freevars},
    {.name = "co_code", .get = get_code_bytes},
    {.name = NULL},
};

static const struct py_member_def code_members[] = {
    {.name = "co_filename",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_code, filename),
     .readonly = true},
    {.name = "co_name",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_code, name),
     .readonly = true},
    {.name = "co_qualname",
     .kind = PY_MEMBER_OBJECT,
     .offset = offsetof(struct py_code, qualname),
     .readonly = true},
    {.name = NULL},
};

/* ---- methods ----------------------------------------------------------------------------- */

static struct py_object *line_or_none(int32_t n)
{
    return n > 0 ? py_int_from_i64(n) : PY_NONE;
}

/* A tuple of count ints and Nones, stolen. */
static struct py_object *pack(struct py_object **items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!items[i]) {
            for (size_t j = 0; j < count; j++)
                py_xdecref(items[j]);
            return NULL;
        }
    return PY_OBJ(py_tuple_from_array_steal(items, count));
}

/* Byte offsets, as CPython's, of words here. */
static struct py_object *line_row(const struct py_code *c, uint32_t i)
{
    const uint32_t end = i + 1 < c->line_count ? c->lines[i + 1].start : c->word_count;
    struct py_object *items[3] = {py_int_from_i64((int64_t)c->lines[i].start * 8),
                                  py_int_from_i64((int64_t)end * 8),
                                  line_or_none(c->lines[i].line)};
    return pack(items, 3);
}

static struct py_object *position_row(const struct py_line_entry *e)
{
    struct py_object *items[4] = {line_or_none(e->line), line_or_none(e->end_line),
                                  e->col == 0xffff ? PY_NONE : py_int_from_i64(e->col),
                                  e->end_col == 0xffff ? PY_NONE : py_int_from_i64(e->end_col)};
    return pack(items, 4);
}

static struct py_object *code_lines(struct py_object *self, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    const struct py_code *c = CODE(self);
    struct py_list *rows = py_list_new(0);
    for (uint32_t i = 0; rows && i < c->line_count; i++) {
        struct py_object *row = line_row(c, i);
        if (!row || py_list_append_steal(rows, row) < 0)
            py_clear(rows);
    }
    struct py_object *it = rows ? py_iter(PY_OBJ(rows)) : NULL;
    py_xdecref(rows);
    return it;
}

static struct py_object *code_positions(struct py_object *self, struct py_object *const *args,
                                        size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    const struct py_code *c = CODE(self);
    struct py_list *rows = py_list_new(0);
    for (uint32_t at = 0; rows && at < c->word_count; at++) {
        const struct py_line_entry *e = py_code_position(c, at);
        static const struct py_line_entry unknown = {.col = 0xffff, .end_col = 0xffff};
        struct py_object *row = position_row(e ? e : &unknown);
        if (!row || py_list_append_steal(rows, row) < 0)
            py_clear(rows);
    }
    struct py_object *it = rows ? py_iter(PY_OBJ(rows)) : NULL;
    py_xdecref(rows);
    return it;
}

static const struct py_method_def code_methods[] = {
    {.name = "co_lines", .fn = code_lines},
    {.name = "co_positions", .fn = code_positions},
    {.name = "replace", .fn = py_code_replace, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = NULL},
};

static struct py_object *code_repr(struct py_object *self)
{
    const struct py_code *c = CODE(self);
    return PY_OBJ(py_str_format_c("<code object %U at %p, file \"%U\", line %d>", c->name,
                                  (void *)self, c->filename, (int)c->first_line));
}

static const struct py_field code_fields[] = {
    PY_FIELD_OWNED(struct py_code, varnames),      PY_FIELD_OWNED(struct py_code, cellvars),
    PY_FIELD_OWNED(struct py_code, freevars),      PY_FIELD_OWNED(struct py_code, name),
    PY_FIELD_OWNED(struct py_code, qualname),      PY_FIELD_OWNED(struct py_code, filename),
    PY_FIELD_BORROWED(struct py_code, doc_source), PY_FIELD_END,
};

struct py_type py_code_type = {
    .base = {.base = PY_STATIC_HEADER(&py_type_type)},
    .name = "code",
    .doc = "Create a code object.  Not for mere mortals.",
    .basicsize = sizeof(struct py_code),
    .body = PY_BODY_CODE,
    .fields = code_fields,
    .weaklist_offset = offsetof(struct py_code, weaklist),
    .dealloc = code_dealloc,
    .repr = code_repr,
    .methods = code_methods,
    .members = code_members,
    .getsets = code_getsets,
};
