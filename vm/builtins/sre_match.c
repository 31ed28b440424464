/* _sre.Match: it keeps its subject and the positions of its groups; texts are cut out when asked
 * for. re._expand fills a template in.
 */
#include "vm/builtins/mod_sre.h"
#include "vm/object/alias.h"

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct py_object *sre_new_match(struct pattern *p, const struct sre *s, struct py_object *string,
                                int64_t pos)
{
    struct match *m = py_object_new(&py_sre_match_type);
    if (!m)
        return NULL;
    m->pattern = py_newref(p);
    m->string = py_newref(string);
    m->pos = pos;
    m->endpos = s->end;
    m->lastindex = s->lastindex;
    m->marks = py_mem_alloc((size_t)(2 * p->groups + 2) * sizeof *m->marks);
    py_gc_track(m);
    if (!m->marks) {
        PY_HOLD(&m);
        py_clear(m);
        return py_raise_no_memory();
    }
    m->marks[0] = s->start;
    m->marks[1] = s->position;
    for (int64_t i = 0; i < p->groups; i++) {
        const int64_t from = s->marks[2 * i], to = s->marks[2 * i + 1];
        const bool set = from >= 0 && to >= from;
        m->marks[2 * i + 2] = set ? from : -1;
        m->marks[2 * i + 3] = set ? to : -1;
    }
    return PY_OBJ(m);
}

/* The number of a group given as number or name; -1 with IndexError. */
static int64_t group_number(struct match *m, struct py_object *key)
{
    int64_t i = -1;
    if (py_int_check(key) || key->type->index) {
        i = py_int_as_i64_clip(key);
        if (i == -1 && py_error_occurred())
            return -1;
    } else {
        struct py_object *const number = py_dict_get(m->pattern->groupindex, key);
        if (number && py_int_check(number))
            i = py_int_as_i64_clip(number);
        else
            py_error_clear();
    }
    if (i < 0 || i > m->pattern->groups)
        return py_raise_int(&py_exc_IndexError, "no such group");
    return i;
}

static struct py_object *match_text(struct match *m, int64_t group, struct py_object *missing)
{
    const int64_t from = m->marks[2 * group], to = m->marks[2 * group + 1];
    return from < 0 ? py_newref(missing) : sre_slice(m->string, from, to);
}

static struct py_object *match_getitem(struct py_object *o, struct py_object *key)
{
    const int64_t i = group_number(MATCH(o), key);
    return i < 0 ? NULL : match_text(MATCH(o), i, PY_NONE);
}

METHOD(match_group)
{
    (void)kwnames;
    if (nargs == 0)
        return match_text(MATCH(self), 0, PY_NONE);
    if (nargs == 1)
        return match_getitem(self, args[0]);
    struct py_list *texts = py_list_new(0);
    PY_HOLD(&texts);
    for (size_t i = 0; texts && i < nargs; i++) {
        struct py_object *const text = match_getitem(self, args[i]);
        if (!text || sre_append(texts, text) < 0)
            py_clear(texts);
    }
    struct py_tuple *const result = texts ? py_list_as_tuple(texts) : NULL;
    py_clear(texts);
    return PY_OBJ(result);
}

static int default_argument(const char *name, struct py_object *const *args, size_t nargs,
                            struct py_tuple *kwnames, struct py_object **out)
{
    static const char *const names[] = {"default"};
    const struct py_params params = {
        .function = name, .names = names, .count = 1, .keyword_only = 1};
    *out = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, out) < 0)
        return -1;
    if (!*out)
        *out = PY_NONE;
    return 0;
}

METHOD(match_groups)
{
    struct py_object *missing;
    struct match *const m = MATCH(self);
    if (default_argument("groups", args, nargs, kwnames, &missing) < 0)
        return NULL;
    struct py_list *texts = py_list_new(0);
    PY_HOLD(&texts);
    for (int64_t i = 1; texts && i <= m->pattern->groups; i++) {
        struct py_object *const text = match_text(m, i, missing);
        if (!text || sre_append(texts, text) < 0)
            py_clear(texts);
    }
    struct py_tuple *const result = texts ? py_list_as_tuple(texts) : NULL;
    py_clear(texts);
    return PY_OBJ(result);
}

METHOD(match_groupdict)
{
    struct py_object *missing;
    struct match *const m = MATCH(self);
    if (default_argument("groupdict", args, nargs, kwnames, &missing) < 0)
        return NULL;
    struct py_dict *dict = py_dict_new();
    PY_HOLD(&dict);
    struct py_object *key, *value;
    int64_t pos = 0;
    while (dict && py_dict_next(m->pattern->groupindex, &pos, &key, &value, NULL)) {
        const int64_t i = group_number(m, key);
        struct py_object *text = i < 0 ? NULL : match_text(m, i, missing);
        if (!text || py_dict_set(dict, key, text) < 0)
            py_clear(dict);
        py_xdecref(text);
    }
    struct py_dict *const result = dict;
    dict = NULL;
    return PY_OBJ(result);
}

/* The group asked for by an optional argument. */
static int64_t optional_group(struct py_object *self, struct py_object *const *args, size_t nargs)
{
    return nargs ? group_number(MATCH(self), args[0]) : 0;
}

METHOD(match_start)
{
    (void)kwnames;
    const int64_t i = optional_group(self, args, nargs);
    return i < 0 ? NULL : py_int_from_i64(MATCH(self)->marks[2 * i]);
}

METHOD(match_end)
{
    (void)kwnames;
    const int64_t i = optional_group(self, args, nargs);
    return i < 0 ? NULL : py_int_from_i64(MATCH(self)->marks[2 * i + 1]);
}

static struct py_object *span(const struct match *m, int64_t i)
{
    struct py_object *pair[2] = {py_int_from_i64(m->marks[2 * i]),
                                 py_int_from_i64(m->marks[2 * i + 1])};
    if (pair[0] && pair[1])
        return PY_OBJ(py_tuple_from_array_steal(pair, 2));
    py_xdecref(pair[0]);
    py_xdecref(pair[1]);
    return NULL;
}

METHOD(match_span)
{
    (void)kwnames;
    const int64_t i = optional_group(self, args, nargs);
    return i < 0 ? NULL : span(MATCH(self), i);
}

METHOD(match_expand)
{
    (void)nargs, (void)kwnames;
    struct py_object *const given[] = {PY_OBJ(MATCH(self)->pattern), self, args[0]};
    return sre_call_re("_expand", given, 3);
}

static struct py_object *match_get_lastindex(struct py_object *o, void *closure)
{
    (void)closure;
    return MATCH(o)->lastindex >= 0 ? py_int_from_i64(MATCH(o)->lastindex) : PY_NONE;
}

static struct py_object *match_get_lastgroup(struct py_object *o, void *closure)
{
    (void)closure;
    const struct py_tuple *const names = MATCH(o)->pattern->indexgroup;
    const int64_t i = MATCH(o)->lastindex;
    return i >= 0 && i < names->base.size ? py_newref(names->items[i]) : PY_NONE;
}

static struct py_object *match_get_regs(struct py_object *o, void *closure)
{
    (void)closure;
    struct match *const m = MATCH(o);
    if (!m->regs) {
        struct py_list *spans = py_list_new(0);
        PY_HOLD(&spans);
        for (int64_t i = 0; spans && i <= m->pattern->groups; i++)
            if (sre_append(spans, span(m, i)) < 0)
                py_clear(spans);
        m->regs = spans ? PY_OBJ(py_list_as_tuple(spans)) : NULL;
        py_clear(spans);
    }
    return m->regs ? py_newref(m->regs) : NULL;
}

static struct py_object *match_repr(struct py_object *o)
{
    struct match *const m = MATCH(o);
    struct py_object *text = match_text(m, 0, PY_NONE);
    if (!text)
        return NULL;
    struct py_str *const result =
        py_str_format_c("<%s object; span=(%lld, %lld), match=%R>", o->type->name,
                        (long long)m->marks[0], (long long)m->marks[1], text);
    py_decref(text);
    return PY_OBJ(result);
}

static void match_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_mem_free(MATCH(o)->marks);
    py_object_free(o);
}

static const struct py_method_def match_methods[] = {
    {.name = "group", .fn = match_group, .max_args = -1},
    K("groups", match_groups),
    K("groupdict", match_groupdict),
    {.name = "start", .fn = match_start, .max_args = 1},
    {.name = "end", .fn = match_end, .max_args = 1},
    {.name = "span", .fn = match_span, .max_args = 1},
    {.name = "expand", .fn = match_expand, .min_args = 1, .max_args = 1},
    {.name = "__copy__", .fn = sre_return_self},
    {.name = "__deepcopy__", .fn = sre_return_self, .min_args = 1, .max_args = 1},
    PY_CLASS_GETITEM_ROW,
    {.name = NULL}};
static const struct py_getset_def match_getsets[] = {
    {.name = "lastindex", .get = match_get_lastindex},
    {.name = "lastgroup", .get = match_get_lastgroup},
    {.name = "regs", .get = match_get_regs},
    {.name = NULL}};
static const struct py_member_def match_members[] = {{.name = "string",
                                                      .kind = PY_MEMBER_OBJECT,
                                                      .offset = offsetof(struct match, string),
                                                      .readonly = true},
                                                     {.name = "re",
                                                      .kind = PY_MEMBER_OBJECT,
                                                      .offset = offsetof(struct match, pattern),
                                                      .readonly = true},
                                                     {.name = "pos",
                                                      .kind = PY_MEMBER_INT64,
                                                      .offset = offsetof(struct match, pos),
                                                      .readonly = true},
                                                     {.name = "endpos",
                                                      .kind = PY_MEMBER_INT64,
                                                      .offset = offsetof(struct match, endpos),
                                                      .readonly = true},
                                                     {.name = NULL}};
static const struct py_field match_fields[] = {
    PY_FIELD(struct match, string), PY_FIELD(struct match, regs), PY_FIELD(struct match, pattern)};
struct py_type py_sre_match_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "re.Match",
    .basicsize = sizeof(struct match),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 3,
    .fields = match_fields,
    .dealloc = match_dealloc,
    .repr = match_repr,
    .subscript = match_getitem,
    .methods = match_methods,
    .getsets = match_getsets,
    .members = match_members,
    .doc =
        "The result of re.match() and re.search().\nMatch objects always have a boolean value of "
        "True.",
};
