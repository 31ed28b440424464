/* Tuples with named items. */
#include "vm/object/structseq.h"

#include <assert.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/str.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

static size_t member_count(const struct py_type *type)
{
    size_t n = 0;
    while (type->members[n].name)
        n++;
    return n;
}

static size_t hidden_count(const struct py_type *type)
{
    return type->dealloc == py_structseq_dealloc ? type->field_count : 0;
}

static size_t bytes_of(size_t items)
{
    return sizeof(struct py_tuple) + items * sizeof(struct py_object *);
}

int64_t py_structseq_size_of(struct py_object *self)
{
    return (int64_t)bytes_of((size_t)((struct py_tuple *)self)->base.size +
                             hidden_count(self->type));
}

/* Not a tuple's, which keeps small ones for the next: this one is larger than it says. */
void py_structseq_dealloc(struct py_object *self)
{
    py_object_release_common(self);
    py_object_free(self);
}

static struct py_tuple *allocate(struct py_type *type, size_t n)
{
    const size_t hidden = hidden_count(type);
    if (!hidden)
        return py_object_new_var(type, (int64_t)n);
    struct py_tuple *const t =
        py_object_alloc(type, bytes_of(n), bytes_of(n) + sizeof(struct py_gc_head));
    if (t)
        t->base.size = (int64_t)(n - hidden);
    return t;
}

struct py_object *py_structseq_from_array(struct py_type *type, struct py_object **items, size_t n)
{
    struct py_tuple *t = NULL;
    bool complete = true;
    for (size_t i = 0; i < n; i++)
        complete = complete && items[i];
    if (complete)
        t = allocate(type, n);
    for (size_t i = 0; i < n; i++) {
        if (t)
            t->items[i] = items[i];
        else
            py_xdecref(items[i]);
    }
    if (t)
        py_gc_track(t);
    return PY_OBJ(t);
}

static int check_length(const struct py_type *type, size_t given, size_t least, size_t most)
{
    if (given >= least && given <= most)
        return 0;
    if (least == most)
        return py_raise_int(&py_exc_TypeError, "%s() takes a %zu-sequence (%zu-sequence given)",
                            type->name, least, given);
    return py_raise_int(&py_exc_TypeError, "%s() takes an at %s %zu-sequence (%zu-sequence given)",
                        type->name, given < least ? "least" : "most", given < least ? least : most,
                        given);
}

struct py_object *py_structseq_new(struct py_type *type, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    enum { ITEMS_MOST = 32 };
    struct py_object *items[ITEMS_MOST];
    const char *name = py_type_shortname(type);
    if (py_no_keywords(name, kwnames) < 0 || py_check_positional(name, nargs, 1, 2) < 0)
        return NULL;
    if (nargs > 1 && !py_dict_check(args[1]))
        return py_raise(&py_exc_TypeError, "%s() takes a dict as second arg, if any", type->name);
    struct py_tuple *values = py_tuple_from_iterable(args[0]);
    if (!values)
        return NULL;
    PY_HOLD(&values);
    const size_t n = member_count(type), given = (size_t)values->base.size;
    assert(n <= ITEMS_MOST);
    struct py_object *made = NULL;
    if (check_length(type, given, n - hidden_count(type), n) == 0) {
        for (size_t i = 0; i < n; i++) {
            struct py_object *const named =
                i >= given && nargs > 1
                    ? py_dict_get_cstr((struct py_dict *)args[1], type->members[i].name)
                    : NULL;
            items[i] = py_newref(i < given ? values->items[i] : named ? named : PY_NONE);
        }
        made = py_structseq_from_array(type, items, n);
    }
    py_clear(values);
    return made;
}

static int write_items(struct py_strbuf *b, struct py_object *self)
{
    const struct py_member_def *m = self->type->members;
    const struct py_tuple *t = (const struct py_tuple *)self;
    for (int64_t i = 0; i < t->base.size && m[i].name; i++) {
        struct py_object *text = py_repr(t->items[i]);
        if (!text)
            return -1;
        const int r = (i > 0 && py_strbuf_cstr(b, ", ") < 0) || py_strbuf_cstr(b, m[i].name) < 0 ||
                      py_strbuf_char(b, '=') < 0 || py_strbuf_str(b, (struct py_str *)text) < 0;
        py_decref(text);
        if (r)
            return -1;
    }
    return 0;
}

struct py_object *py_structseq_repr(struct py_object *self)
{
    struct py_strbuf b;
    py_strbuf_init(&b);
    if (py_strbuf_cstr(&b, self->type->name) < 0 || py_strbuf_char(&b, '(') < 0 ||
        write_items(&b, self) < 0 || py_strbuf_char(&b, ')') < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return PY_OBJ(py_strbuf_finish(&b));
}

/* New. */
static struct py_dict *hidden_items(struct py_object *self)
{
    const struct py_tuple *const t = (const struct py_tuple *)self;
    struct py_dict *d = py_dict_new();
    for (size_t i = 0; d && i < hidden_count(self->type); i++)
        if (py_dict_set_cstr(d, self->type->fields[i].name, t->items[t->base.size + (int64_t)i]) <
            0)
            py_clear(d);
    return d;
}

/* (type, (items, {name: hidden item})): pickle makes it anew by a call. */
static struct py_object *structseq_reduce(struct py_object *self, struct py_object *const *args,
                                          size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    const struct py_tuple *t = (const struct py_tuple *)self;
    struct py_object *held[3] = {NULL}, *result = NULL;
    PY_HOLD_N(held, 3);
    held[0] = PY_OBJ(py_tuple_from_array(t->items, (size_t)t->base.size));
    held[1] = held[0] ? PY_OBJ(hidden_items(self)) : NULL;
    held[2] = held[1] ? PY_OBJ(py_tuple_pack(2, held[0], held[1])) : NULL;
    if (held[2])
        result = PY_OBJ(py_tuple_pack(2, PY_OBJ(self->type), held[2]));
    for (int i = 0; i < 3; i++)
        py_clear(held[i]);
    return result;
}

const struct py_method_def py_structseq_methods[] = {{.name = "__reduce__", .fn = structseq_reduce},
                                                     {.name = NULL}};
