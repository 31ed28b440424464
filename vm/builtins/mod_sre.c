/* _sre: the module, and subjects for the engine (sre.c). Patterns and scanners are in
 * sre_pattern.c, matches in sre_match.c.
 */
#include "vm/builtins/mod_sre.h"

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/alias.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"

int sre_begin(struct sre *s, const struct pattern *p, struct py_object *string, int64_t pos,
              int64_t endpos, bool *buffered)
{
    int64_t length;
    *s = (struct sre){.code = p->code, .lastindex = -1};
    *buffered = false;
    if (py_str_check(string)) {
        struct py_str *const text = (struct py_str *)string;
        if (p->is_bytes)
            return py_raise_int(&py_exc_TypeError,
                                "cannot use a bytes pattern on a string-like object");
        s->data = py_str_data(text);
        s->kind = text->kind;
        length = text->length;
    } else {
        struct py_buffer b;
        if (!py_has_buffer(string))
            return py_raise_int(&py_exc_TypeError,
                                "expected string or bytes-like object, got '%.200s'",
                                string->type->name);
        if (p->is_str)
            return py_raise_int(&py_exc_TypeError,
                                "cannot use a string pattern on a bytes-like object");
        if (py_buffer_get(string, &b) < 0)
            return -1;
        *buffered = true;
        s->data = b.data;
        s->kind = 1;
        length = b.length;
    }
    pos = pos < 0 ? 0 : pos > length ? length : pos;
    endpos = endpos < 0 ? 0 : endpos > length ? length : endpos;
    s->start = pos;
    s->end = endpos;
    s->mark_count = 2 * p->groups;
    s->marks = py_mem_alloc((size_t)(s->mark_count + 1) * sizeof *s->marks);
    if (!s->marks) {
        if (*buffered)
            py_buffer_release(string);
        py_raise_no_memory();
        return -1;
    }
    sre_reset(s);
    return 0;
}

void sre_end(struct sre *s, struct py_object *string, bool buffered)
{
    sre_deinit(s);
    if (buffered)
        py_buffer_release(string);
}

struct py_object *sre_slice(struct py_object *string, int64_t from, int64_t to)
{
    if (py_str_check(string))
        return PY_OBJ(py_str_substring((struct py_str *)string, from, to));
    struct py_buffer b;
    if (py_buffer_get(string, &b) < 0)
        return NULL;
    from = from < b.length ? from : b.length;
    to = to < b.length ? to : b.length;
    struct py_object *const out =
        PY_OBJ(py_bytes_from(b.data + from, to > from ? (size_t)(to - from) : 0));
    py_buffer_release(string);
    return out;
}

int sre_parse_subject(const char *name, struct py_object *const *args, size_t nargs,
                      struct py_tuple *kwnames, struct py_object **string, int64_t *pos,
                      int64_t *endpos)
{
    static const char *const names[] = {"string", "pos", "endpos"};
    const struct py_params params = {
        .function = name, .names = names, .count = 3, .required = 1, .keyword_only = 3};
    struct py_object *in[3] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return -1;
    *string = in[0];
    *pos = in[1] ? py_int_as_i64_clip(in[1]) : 0;
    if (*pos == -1 && py_error_occurred())
        return -1;
    *endpos = in[2] ? py_int_as_i64_clip(in[2]) : INT64_MAX;
    return *endpos == -1 && py_error_occurred() ? -1 : 0;
}

/* ---- what patterns and matches share --------------------------------------------------------- */

struct py_object *sre_call_re(const char *function, struct py_object *const *args, size_t nargs)
{
    struct py_object *re = py_import_module("re");
    if (!re)
        return NULL;
    PY_HOLD(&re);
    struct py_object *fn = py_getattr_cstr(re, function);
    PY_HOLD(&fn);
    struct py_object *const result = fn ? py_call(fn, args, nargs, NULL) : NULL;
    py_clear(fn);
    py_clear(re);
    return result;
}

int sre_append(struct py_list *list, struct py_object *item)
{
    return item ? py_list_append_steal(list, item) : -1;
}

struct py_object *sre_return_self(struct py_object *self, struct py_object *const *args,
                                  size_t nargs, struct py_tuple *kwnames)
{
    UNUSED;
    return py_newref(self);
}

/* ---- the module ------------------------------------------------------------------------------ */

static uint32_t *read_code(struct py_list *list)
{
    uint32_t *const code = py_mem_alloc((size_t)(list->base.size + 1) * sizeof *code);
    if (!code) {
        py_raise_no_memory();
        return NULL;
    }
    for (int64_t i = 0; i < list->base.size; i++) {
        /* Nothing but ints: an __index__ could change the list. */
        const int64_t v = py_int_check(list->items[i]) ? py_int_as_i64(list->items[i]) : -1;
        if ((v == -1 && py_error_occurred()) || v < 0 || v > UINT32_MAX) {
            py_mem_free(code);
            if (!py_error_occurred())
                py_raise(&py_exc_OverflowError, "regular expression code size limit exceeded");
            return NULL;
        }
        code[i] = (uint32_t)v;
    }
    return code;
}

METHOD(sre_compile)
{
    static const char *const names[] = {"pattern", "flags",      "code",
                                        "groups",  "groupindex", "indexgroup"};
    static const struct py_params params = {
        .function = "compile", .names = names, .count = 6, .required = 6, .keyword_only = 6};
    struct py_object *in[6] = {NULL};
    (void)self;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    if (!py_list_check(in[2]) || !py_dict_check(in[4]) || !py_tuple_check(in[5]))
        return py_raise(&py_exc_TypeError, "compile() arguments are of the wrong type");
    const int64_t flags = py_int_as_i64(in[1]), groups = py_int_as_ssize(in[3]);
    if (py_error_occurred())
        return NULL;
    uint32_t *const code = read_code((struct py_list *)in[2]);
    if (!code)
        return NULL;
    const int64_t length = ((struct py_list *)in[2])->base.size;
    struct pattern *p = NULL;
    if (groups < 0 || groups > SRE_MAXGROUPS || !sre_validate(code, length, groups))
        py_raise(&py_exc_RuntimeError, "invalid SRE code");
    else
        p = py_object_new(&py_sre_pattern_type);
    if (!p) {
        py_mem_free(code);
        return NULL;
    }
    p->code = code;
    p->code_length = length;
    p->flags = flags;
    p->groups = groups;
    p->pattern = py_newref(in[0]);
    p->groupindex = (struct py_dict *)py_newref(in[4]);
    p->indexgroup = (struct py_tuple *)py_newref(in[5]);
    p->is_str = py_str_check(in[0]);
    p->is_bytes = in[0] != PY_NONE && !p->is_str;
    py_gc_track(p);
    return PY_OBJ(p);
}

METHOD(sre_getcodesize)
{
    UNUSED;
    return py_int_from_i64(4);
}

static int character(struct py_object *o, uint32_t *out)
{
    const int64_t c = py_int_as_i64(o);
    if (c == -1 && py_error_occurred())
        return -1;
    *out = (uint32_t)c;
    return 0;
}

METHOD(sre_ascii_iscased)
{
    UNUSED;
    uint32_t c;
    if (character(args[0], &c) < 0)
        return NULL;
    return py_bool_from((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

METHOD(sre_unicode_iscased)
{
    UNUSED;
    uint32_t c;
    if (character(args[0], &c) < 0)
        return NULL;
    return py_bool_from(sre_lower_unicode(c) != c || sre_upper_unicode(c) != c);
}

METHOD(sre_ascii_tolower)
{
    UNUSED;
    uint32_t c;
    return character(args[0], &c) < 0 ? NULL : py_int_from_i64(sre_lower_ascii(c));
}

METHOD(sre_unicode_tolower)
{
    UNUSED;
    uint32_t c;
    return character(args[0], &c) < 0 ? NULL : py_int_from_i64(sre_lower_unicode(c));
}

#define ONE(function_name, function)                                        \
    {                                                                       \
        .name = function_name, .fn = function, .min_args = 1, .max_args = 1 \
    }
static const struct py_method_def functions[] = {K("compile", sre_compile),
                                                 {.name = "getcodesize", .fn = sre_getcodesize},
                                                 ONE("ascii_iscased", sre_ascii_iscased),
                                                 ONE("unicode_iscased", sre_unicode_iscased),
                                                 ONE("ascii_tolower", sre_ascii_tolower),
                                                 ONE("unicode_tolower", sre_unicode_tolower),
                                                 {.name = NULL}};

struct py_module *py_mod__sre_init(void); /* modules.def */

struct py_module *py_mod__sre_init(void)
{
    struct py_module *m = py_module_new("_sre", NULL);
    if (!m || py_module_add_methods(m, functions) < 0 ||
        py_module_add_steal(m, "MAGIC", py_int_from_i64(SRE_MAGIC)) < 0 ||
        py_module_add_steal(m, "CODESIZE", py_int_from_i64(4)) < 0 ||
        py_module_add_steal(m, "MAXREPEAT", py_int_from_u64(SRE_MAXREPEAT)) < 0 ||
        py_module_add_steal(m, "MAXGROUPS", py_int_from_i64(SRE_MAXGROUPS)) < 0 ||
        py_module_add(m, "copyright", PY_NONE) < 0)
        py_clear(m);
    return m;
}
