/* _sre: pattern, match and scanner objects around the engine (sre.c).
 *
 * A match keeps its subject and the positions of its groups; texts are cut out when asked for.
 * Replacement templates are the library's business: re._subx turns one into a string or a function,
 * re._expand fills one in.
 */
#include "vm/builtins/sre.h"

#include <stdlib.h>
#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/alias.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/descr.h"
#include "vm/object/dict.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/text.h"

struct pattern {
    struct py_object base;
    struct py_object *pattern; /* str, bytes or None */
    struct py_dict *groupindex;
    struct py_tuple *indexgroup;
    struct py_object *weaklist;
    uint32_t *code; /* RAW */
    int64_t code_length, groups, flags;
    bool is_bytes, is_str;
};
struct match {
    struct py_object base;
    struct py_object *string;
    struct pattern *pattern;
    struct py_object *regs; /* tuple, once asked for, or NULL */
    int64_t *marks;         /* RAW: two for each group, the whole match first */
    int64_t pos, endpos, lastindex;
};
struct scanner {
    struct py_object base;
    struct pattern *pattern;
    struct py_object *string;
    struct sre state;
    bool has_buffer, running;
};
extern struct py_type py_sre_pattern_type, py_sre_match_type, py_sre_scanner_type;

#define PATTERN(o) ((struct pattern *)(o))
#define MATCH(o)   ((struct match *)(o))
#define SCANNER(o) ((struct scanner *)(o))

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED (void)self, (void)args, (void)nargs, (void)kwnames

/* Appends a new reference; NULL: an exception is pending. */
static int add(struct py_list *list, struct py_object *item)
{
    return item ? py_list_append_steal(list, item) : -1;
}

/* ---- subjects -------------------------------------------------------------------------------- */

/* Prepares a state for a subject; *buffered says that the subject's octets must be given back. */
static int begin(struct sre *s, const struct pattern *p, struct py_object *string, int64_t pos,
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

static void end(struct sre *s, struct py_object *string, bool buffered)
{
    sre_deinit(s);
    if (buffered)
        py_buffer_release(string);
}

/* The text from..to of the subject; new. */
static struct py_object *slice(struct py_object *string, int64_t from, int64_t to)
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

static struct py_object *group_text(const struct sre *s, struct py_object *string, int64_t group,
                                    bool empty)
{
    const int64_t from = s->marks[2 * group], to = s->marks[2 * group + 1];
    if (from < 0 || to < from)
        return empty ? slice(string, 0, 0) : PY_NONE;
    return slice(string, from, to);
}

static struct py_object *new_match(struct pattern *p, const struct sre *s, struct py_object *string,
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

/* ---- pattern: match, search, fullmatch ------------------------------------------------------- */

static int parse_subject(const char *name, struct py_object *const *args, size_t nargs,
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

static struct py_object *run_once(struct py_object *self, const char *name,
                                  struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames, int (*run)(struct sre *), bool all)
{
    struct pattern *const p = PATTERN(self);
    struct py_object *string;
    int64_t pos, endpos;
    struct sre s;
    bool buffered;
    if (parse_subject(name, args, nargs, kwnames, &string, &pos, &endpos) < 0 ||
        begin(&s, p, string, pos, endpos, &buffered) < 0)
        return NULL;
    s.match_all = all;
    const int64_t from = s.start;
    const int found = run(&s);
    struct py_object *const result = found < 0 ? NULL
                                     : found   ? new_match(p, &s, string, from)
                                               : PY_NONE;
    end(&s, string, buffered);
    return result;
}

METHOD(pattern_match)
{
    return run_once(self, "match", args, nargs, kwnames, sre_match, false);
}

METHOD(pattern_fullmatch)
{
    return run_once(self, "fullmatch", args, nargs, kwnames, sre_match, true);
}

METHOD(pattern_search)
{
    return run_once(self, "search", args, nargs, kwnames, sre_search, false);
}

/* ---- pattern: findall, split, sub ------------------------------------------------------------ */

/* Goes on behind a match; an empty one must not be found again. */
static void advance(struct sre *s)
{
    s->must_advance = s->position == s->start;
    s->start = s->position;
}

static struct py_object *all_groups(const struct pattern *p, const struct sre *s,
                                    struct py_object *string)
{
    if (p->groups == 0)
        return slice(string, s->start, s->position);
    if (p->groups == 1)
        return group_text(s, string, 0, true);
    struct py_list *texts = py_list_new(0);
    PY_HOLD(&texts);
    for (int64_t i = 0; texts && i < p->groups; i++) {
        struct py_object *const text = group_text(s, string, i, true);
        if (!text || add(texts, text) < 0)
            py_clear(texts);
    }
    struct py_tuple *const tuple = texts ? py_list_as_tuple(texts) : NULL;
    py_clear(texts);
    return PY_OBJ(tuple);
}

METHOD(pattern_findall)
{
    struct pattern *const p = PATTERN(self);
    struct py_object *string;
    int64_t pos, endpos;
    struct sre s;
    bool buffered;
    if (parse_subject("findall", args, nargs, kwnames, &string, &pos, &endpos) < 0 ||
        begin(&s, p, string, pos, endpos, &buffered) < 0)
        return NULL;
    struct py_list *list = py_list_new(0);
    PY_HOLD(&list);
    while (list && s.start <= s.end) {
        const int found = sre_search(&s);
        if (found == 0)
            break;
        struct py_object *const item = found > 0 ? all_groups(p, &s, string) : NULL;
        if (!item || add(list, item) < 0)
            py_clear(list);
        advance(&s);
    }
    end(&s, string, buffered);
    struct py_list *const result = list;
    list = NULL;
    return PY_OBJ(result);
}

METHOD(pattern_split)
{
    static const char *const names[] = {"string", "maxsplit"};
    static const struct py_params params = {
        .function = "split", .names = names, .count = 2, .required = 1, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    struct pattern *const p = PATTERN(self);
    struct sre s;
    bool buffered;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    const int64_t most = in[1] ? py_int_as_i64_clip(in[1]) : 0;
    if ((most == -1 && py_error_occurred()) || begin(&s, p, in[0], 0, INT64_MAX, &buffered) < 0)
        return NULL;
    struct py_list *list = py_list_new(0);
    PY_HOLD(&list);
    int64_t last = 0;
    for (int64_t n = 0; list && (most == 0 || n < most); n++) {
        const int found = sre_search(&s);
        if (found == 0)
            break;
        struct py_object *text = found > 0 ? slice(in[0], last, s.start) : NULL;
        if (!text || add(list, text) < 0)
            py_clear(list);
        for (int64_t i = 0; list && i < p->groups; i++) {
            text = group_text(&s, in[0], i, false);
            if (!text || add(list, text) < 0)
                py_clear(list);
        }
        last = s.position;
        advance(&s);
    }
    if (list) {
        struct py_object *const rest = slice(in[0], last, s.end);
        if (!rest || add(list, rest) < 0)
            py_clear(list);
    }
    end(&s, in[0], buffered);
    struct py_list *const result = list;
    list = NULL;
    return PY_OBJ(result);
}

/* A call of a function of the module re. New. */
static struct py_object *call_re(const char *function, struct py_object *const *args, size_t nargs)
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

/* A template without backslashes is the replacement itself. */
static bool is_literal(struct py_object *template)
{
    if (py_str_check(template)) {
        const struct py_str *const t = (struct py_str *)template;
        for (int64_t i = 0; i < t->length; i++)
            if (py_str_char(t, i) == '\\')
                return false;
        return true;
    }
    const uint8_t *data;
    size_t length;
    if (!py_has_buffer(template) || py_bytes_view(template, &data, &length) < 0) {
        py_error_clear();
        return false;
    }
    return !memchr(data, '\\', length);
}

/* Joins the pieces of a substitution: str with str, bytes with bytes. */
static struct py_object *join(struct py_object *string, struct py_list *pieces)
{
    struct py_object *const empty = slice(string, 0, 0);
    if (!empty)
        return NULL;
    struct py_object *const result = py_call_method_cstr(empty, "join", 1, PY_OBJ(pieces));
    py_decref(empty);
    return result;
}

static int substitute(struct pattern *p, struct sre *s, struct py_object *string,
                      struct py_object *with, bool call, int64_t most, struct py_list *pieces,
                      int64_t *count)
{
    int64_t last = 0;
    while (most == 0 || *count < most) {
        const int found = sre_search(s);
        if (found < 0)
            return -1;
        if (!found)
            break;
        if (last < s->start && add(pieces, slice(string, last, s->start)) < 0)
            return -1;
        struct py_object *piece;
        if (call) {
            struct py_object *match = new_match(p, s, string, 0);
            if (!match)
                return -1;
            PY_HOLD(&match);
            ((struct match *)match)->pos = 0;
            piece = py_call1(with, match);
            py_clear(match);
            if (!piece)
                return -1;
        } else {
            piece = py_newref(with);
        }
        if (piece != PY_NONE && add(pieces, piece) < 0)
            return -1;
        last = s->position;
        ++*count;
        advance(s);
    }
    if (last < s->end && add(pieces, slice(string, last, s->end)) < 0)
        return -1;
    return 0;
}

static struct py_object *substitution(struct py_object *self, const char *name,
                                      struct py_object *const *args, size_t nargs,
                                      struct py_tuple *kwnames, bool with_count)
{
    static const char *const names[] = {"repl", "string", "count"};
    const struct py_params params = {
        .function = name, .names = names, .count = 3, .required = 2, .keyword_only = 3};
    struct py_object *in[3] = {NULL};
    struct pattern *const p = PATTERN(self);
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    const int64_t most = in[2] ? py_int_as_i64_clip(in[2]) : 0;
    if (most == -1 && py_error_occurred())
        return NULL;
    bool call = py_is_callable(in[0]);
    struct py_object *with = NULL;
    PY_HOLD(&with);
    if (call || is_literal(in[0])) {
        with = py_newref(in[0]);
    } else {
        struct py_object *const given[] = {self, in[0]};
        with = call_re("_subx", given, 2);
        if (!with)
            return NULL;
        call = py_is_callable(with);
    }
    struct sre s;
    bool buffered;
    if (begin(&s, p, in[1], 0, INT64_MAX, &buffered) < 0) {
        py_clear(with);
        return NULL;
    }
    struct py_list *pieces = py_list_new(0);
    PY_HOLD(&pieces);
    int64_t count = 0;
    const int failed = !pieces || substitute(p, &s, in[1], with, call, most, pieces, &count) < 0;
    end(&s, in[1], buffered);
    py_clear(with);
    struct py_object *result = failed ? NULL : join(in[1], pieces);
    py_clear(pieces);
    if (result && with_count) {
        struct py_object *pair[2] = {result, py_int_from_i64(count)};
        result = PY_OBJ(py_tuple_from_array_steal(pair, 2));
    }
    return result;
}

METHOD(pattern_sub)
{
    return substitution(self, "sub", args, nargs, kwnames, false);
}

METHOD(pattern_subn)
{
    return substitution(self, "subn", args, nargs, kwnames, true);
}

/* ---- scanner --------------------------------------------------------------------------------- */

static struct py_object *new_scanner(struct pattern *p, const char *name,
                                     struct py_object *const *args, size_t nargs,
                                     struct py_tuple *kwnames)
{
    struct py_object *string;
    int64_t pos, endpos;
    struct sre s;
    bool buffered;
    if (parse_subject(name, args, nargs, kwnames, &string, &pos, &endpos) < 0 ||
        begin(&s, p, string, pos, endpos, &buffered) < 0)
        return NULL;
    struct scanner *const scanner = py_object_new(&py_sre_scanner_type);
    if (!scanner) {
        end(&s, string, buffered);
        return NULL;
    }
    scanner->pattern = py_newref(p);
    scanner->string = py_newref(string);
    scanner->state = s;
    scanner->has_buffer = buffered;
    py_gc_track(scanner);
    return PY_OBJ(scanner);
}

METHOD(pattern_scanner)
{
    return new_scanner(PATTERN(self), "scanner", args, nargs, kwnames);
}

METHOD(pattern_finditer)
{
    struct py_object *scanner = new_scanner(PATTERN(self), "finditer", args, nargs, kwnames);
    if (!scanner)
        return NULL;
    PY_HOLD(&scanner);
    struct py_object *search = py_getattr_cstr(scanner, "search");
    py_clear(scanner);
    if (!search)
        return NULL;
    PY_HOLD(&search);
    struct py_object *const it = py_call_iter_new(search, PY_NONE);
    py_clear(search);
    return it;
}

static struct py_object *scan(struct scanner *sc, int (*run)(struct sre *))
{
    struct sre *const s = &sc->state;
    if (sc->running)
        return py_raise(&py_exc_ValueError, "regular expression scanner already executing");
    if (s->start > s->end)
        return PY_NONE;
    sc->running = true;
    sre_reset(s);
    const int64_t pos = s->start;
    const int found = run(s);
    struct py_object *const result = found < 0 ? NULL
                                     : found   ? new_match(sc->pattern, s, sc->string, pos)
                                               : PY_NONE;
    if (found > 0)
        advance(s);
    else
        s->start = s->end + 1;
    sc->running = false;
    return result;
}

METHOD(scanner_match)
{
    UNUSED;
    return scan(SCANNER(self), sre_match);
}

METHOD(scanner_search)
{
    UNUSED;
    return scan(SCANNER(self), sre_search);
}

static void scanner_dealloc(struct py_object *o)
{
    struct scanner *const sc = SCANNER(o);
    py_gc_untrack(o);
    if (sc->has_buffer && sc->string)
        py_buffer_release(sc->string);
    py_object_release_common(o);
    sre_deinit(&sc->state);
    py_object_free(o);
}

static const struct py_method_def scanner_methods[] = {{.name = "match", .fn = scanner_match},
                                                       {.name = "search", .fn = scanner_search},
                                                       {.name = NULL}};
static const struct py_member_def scanner_members[] = {{.name = "pattern",
                                                        .kind = PY_MEMBER_OBJECT,
                                                        .offset = offsetof(struct scanner, pattern),
                                                        .readonly = true},
                                                       {.name = NULL}};
static const struct py_field scanner_fields[] = {PY_FIELD(struct scanner, pattern),
                                                 PY_FIELD(struct scanner, string)};
struct py_type py_sre_scanner_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_sre.SRE_Scanner",
    .basicsize = sizeof(struct scanner),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 2,
    .fields = scanner_fields,
    .dealloc = scanner_dealloc,
    .methods = scanner_methods,
    .members = scanner_members,
};

/* ---- the pattern type ------------------------------------------------------------------------ */

METHOD(return_self)
{
    UNUSED;
    return py_newref(self);
}

METHOD(class_getitem)
{
    (void)nargs, (void)kwnames;
    return py_generic_alias_new(self, args[0]);
}

static struct py_object *pattern_get_groupindex(struct py_object *o, void *closure)
{
    (void)closure;
    return py_mappingproxy_new(PY_OBJ(PATTERN(o)->groupindex));
}

static struct py_object *pattern_repr(struct py_object *o)
{
    static const struct {
        const char *name;
        int64_t flag;
    } names[] = {{"re.IGNORECASE", SRE_FLAG_IGNORECASE},
                 {"re.LOCALE", SRE_FLAG_LOCALE},
                 {"re.MULTILINE", SRE_FLAG_MULTILINE},
                 {"re.DOTALL", SRE_FLAG_DOTALL},
                 {"re.VERBOSE", SRE_FLAG_VERBOSE},
                 {"re.DEBUG", SRE_FLAG_DEBUG},
                 {"re.ASCII", SRE_FLAG_ASCII}};
    const struct pattern *const p = PATTERN(o);
    int64_t flags = p->flags;
    if (p->is_str &&
        (flags & (SRE_FLAG_LOCALE | SRE_FLAG_UNICODE | SRE_FLAG_ASCII)) == SRE_FLAG_UNICODE)
        flags &= ~(int64_t)SRE_FLAG_UNICODE;
    struct text text;
    text_init(&text);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(flags & names[i].flag))
            continue;
        flags &= ~names[i].flag;
        text_addf(&text, "%s%s", text.length ? "|" : ", ", names[i].name);
    }
    if (flags)
        text_addf(&text, "%s0x%x", text.length ? "|" : ", ", (unsigned)flags);
    struct py_object *shown = py_repr(p->pattern);
    if (shown && ((struct py_str *)shown)->length > 200)
        py_setref(shown, PY_OBJ(py_str_substring((struct py_str *)shown, 0, 200)));
    struct py_str *const result =
        shown ? py_str_format_c("re.compile(%S%s)", shown, text.p ? text.p : "") : NULL;
    py_xdecref(shown);
    text_deinit(&text);
    return PY_OBJ(result);
}

static int64_t pattern_hash(struct py_object *o)
{
    const struct pattern *const p = PATTERN(o);
    const int64_t h = py_hash(p->pattern);
    if (h == -1)
        return -1;
    const int64_t code = py_hash_bytes(p->code, (size_t)p->code_length * sizeof *p->code);
    const int64_t result = h ^ code ^ p->flags ^ p->groups ^ (int64_t)p->is_bytes;
    return result == -1 ? -2 : result;
}

static struct py_object *pattern_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if ((op != PY_EQ && op != PY_NE) || b->type != &py_sre_pattern_type)
        return PY_NOT_IMPLEMENTED;
    const struct pattern *const x = PATTERN(a), *const y = PATTERN(b);
    int same = x == y;
    if (!same && x->flags == y->flags && x->is_bytes == y->is_bytes && x->groups == y->groups &&
        x->code_length == y->code_length &&
        memcmp(x->code, y->code, (size_t)x->code_length * sizeof *x->code) == 0)
        same = py_richcompare_bool(x->pattern, y->pattern, PY_EQ);
    return same < 0 ? NULL : py_bool_from(same == (op == PY_EQ));
}

static void pattern_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    py_mem_free(PATTERN(o)->code);
    py_object_free(o);
}

#define K(method_name, function)                                                       \
    {                                                                                  \
        .name = method_name, .fn = function, .max_args = -1, .flags = PY_METH_KEYWORDS \
    }
static const struct py_method_def pattern_methods[] = {
    K("match", pattern_match),
    K("fullmatch", pattern_fullmatch),
    K("search", pattern_search),
    K("findall", pattern_findall),
    K("finditer", pattern_finditer),
    K("scanner", pattern_scanner),
    K("split", pattern_split),
    K("sub", pattern_sub),
    K("subn", pattern_subn),
    {.name = "__copy__", .fn = return_self},
    {.name = "__deepcopy__", .fn = return_self, .min_args = 1, .max_args = 1},
    {.name = "__class_getitem__",
     .fn = class_getitem,
     .min_args = 1,
     .max_args = 1,
     .flags = PY_METH_CLASSMETHOD},
    {.name = NULL}};
static const struct py_getset_def pattern_getsets[] = {
    {.name = "groupindex",
     .get = pattern_get_groupindex,
     .doc = "A dictionary mapping group names to group numbers."},
    {.name = NULL}};
static const struct py_member_def pattern_members[] = {{.name = "pattern",
                                                        .kind = PY_MEMBER_OBJECT,
                                                        .offset = offsetof(struct pattern, pattern),
                                                        .readonly = true},
                                                       {.name = "flags",
                                                        .kind = PY_MEMBER_INT64,
                                                        .offset = offsetof(struct pattern, flags),
                                                        .readonly = true},
                                                       {.name = "groups",
                                                        .kind = PY_MEMBER_INT64,
                                                        .offset = offsetof(struct pattern, groups),
                                                        .readonly = true},
                                                       {.name = NULL}};
static const struct py_field pattern_fields[] = {PY_FIELD(struct pattern, groupindex),
                                                 PY_FIELD(struct pattern, indexgroup),
                                                 PY_FIELD(struct pattern, pattern)};
struct py_type py_sre_pattern_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "re.Pattern",
    .basicsize = sizeof(struct pattern),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 3,
    .fields = pattern_fields,
    .weaklist_offset = offsetof(struct pattern, weaklist),
    .dealloc = pattern_dealloc,
    .repr = pattern_repr,
    .hash = pattern_hash,
    .richcompare = pattern_richcompare,
    .methods = pattern_methods,
    .getsets = pattern_getsets,
    .members = pattern_members,
    .doc = "Compiled regular expression object.",
};

/* ---- match ----------------------------------------------------------------------------------- */

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
    return from < 0 ? py_newref(missing) : slice(m->string, from, to);
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
        if (!text || add(texts, text) < 0)
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
        if (!text || add(texts, text) < 0)
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
    return call_re("_expand", given, 3);
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
            if (add(spans, span(m, i)) < 0)
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
    {.name = "__copy__", .fn = return_self},
    {.name = "__deepcopy__", .fn = return_self, .min_args = 1, .max_args = 1},
    {.name = "__class_getitem__",
     .fn = class_getitem,
     .min_args = 1,
     .max_args = 1,
     .flags = PY_METH_CLASSMETHOD},
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

/* ---- the module ------------------------------------------------------------------------------ */

static uint32_t *read_code(struct py_list *list)
{
    uint32_t *const code = py_mem_alloc((size_t)(list->base.size + 1) * sizeof *code);
    if (!code) {
        py_raise_no_memory();
        return NULL;
    }
    for (int64_t i = 0; i < list->base.size; i++) {
        const int64_t v = py_int_as_i64(list->items[i]);
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
