/* _sre.Pattern and its scanners.
 *
 * Replacement templates are the library's business: re._subx turns one into a string or a function.
 */
#include "vm/builtins/mod_sre.h"
#include "vm/object/alias.h"

#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes.h"
#include "vm/object/descr.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/text.h"

/* ---- pattern: match, search, fullmatch ------------------------------------------------------- */

static struct py_object *run_once(struct py_object *self, const char *name,
                                  struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames, int (*run)(struct sre *), bool all)
{
    struct pattern *const p = PATTERN(self);
    struct py_object *string;
    int64_t pos, endpos;
    struct sre s;
    bool buffered;
    if (sre_parse_subject(name, args, nargs, kwnames, &string, &pos, &endpos) < 0 ||
        sre_begin(&s, p, string, pos, endpos, &buffered) < 0)
        return NULL;
    s.match_all = all;
    const int64_t from = s.start;
    const int found = run(&s);
    struct py_object *const result = found < 0 ? NULL
                                     : found   ? sre_new_match(p, &s, string, from)
                                               : PY_NONE;
    sre_end(&s, string, buffered);
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

static struct py_object *group_text(const struct sre *s, struct py_object *string, int64_t group,
                                    bool empty)
{
    const int64_t from = s->marks[2 * group], to = s->marks[2 * group + 1];
    if (from < 0 || to < from)
        return empty ? sre_slice(string, 0, 0) : PY_NONE;
    return sre_slice(string, from, to);
}

static struct py_object *all_groups(const struct pattern *p, const struct sre *s,
                                    struct py_object *string)
{
    if (p->groups == 0)
        return sre_slice(string, s->start, s->position);
    if (p->groups == 1)
        return group_text(s, string, 0, true);
    struct py_list *texts = py_list_new(0);
    PY_HOLD(&texts);
    for (int64_t i = 0; texts && i < p->groups; i++) {
        struct py_object *const text = group_text(s, string, i, true);
        if (!text || sre_append(texts, text) < 0)
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
    if (sre_parse_subject("findall", args, nargs, kwnames, &string, &pos, &endpos) < 0 ||
        sre_begin(&s, p, string, pos, endpos, &buffered) < 0)
        return NULL;
    struct py_list *list = py_list_new(0);
    PY_HOLD(&list);
    while (list && s.start <= s.end) {
        const int found = sre_search(&s);
        if (found == 0)
            break;
        struct py_object *const item = found > 0 ? all_groups(p, &s, string) : NULL;
        if (!item || sre_append(list, item) < 0)
            py_clear(list);
        advance(&s);
    }
    sre_end(&s, string, buffered);
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
    if ((most == -1 && py_error_occurred()) || sre_begin(&s, p, in[0], 0, INT64_MAX, &buffered) < 0)
        return NULL;
    struct py_list *list = py_list_new(0);
    PY_HOLD(&list);
    int64_t last = 0;
    for (int64_t n = 0; list && (most == 0 || n < most); n++) {
        const int found = sre_search(&s);
        if (found == 0)
            break;
        struct py_object *text = found > 0 ? sre_slice(in[0], last, s.start) : NULL;
        if (!text || sre_append(list, text) < 0)
            py_clear(list);
        for (int64_t i = 0; list && i < p->groups; i++) {
            text = group_text(&s, in[0], i, false);
            if (!text || sre_append(list, text) < 0)
                py_clear(list);
        }
        last = s.position;
        advance(&s);
    }
    if (list) {
        struct py_object *const rest = sre_slice(in[0], last, s.end);
        if (!rest || sre_append(list, rest) < 0)
            py_clear(list);
    }
    sre_end(&s, in[0], buffered);
    struct py_list *const result = list;
    list = NULL;
    return PY_OBJ(result);
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
    struct py_object *const empty = sre_slice(string, 0, 0);
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
        if (last < s->start && sre_append(pieces, sre_slice(string, last, s->start)) < 0)
            return -1;
        struct py_object *piece;
        if (call) {
            struct py_object *match = sre_new_match(p, s, string, 0);
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
        if (piece != PY_NONE && sre_append(pieces, piece) < 0)
            return -1;
        last = s->position;
        ++*count;
        advance(s);
    }
    if (last < s->end && sre_append(pieces, sre_slice(string, last, s->end)) < 0)
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
        with = sre_call_re("_subx", given, 2);
        if (!with)
            return NULL;
        call = py_is_callable(with);
    }
    struct sre s;
    bool buffered;
    if (sre_begin(&s, p, in[1], 0, INT64_MAX, &buffered) < 0) {
        py_clear(with);
        return NULL;
    }
    struct py_list *pieces = py_list_new(0);
    PY_HOLD(&pieces);
    int64_t count = 0;
    const int failed = !pieces || substitute(p, &s, in[1], with, call, most, pieces, &count) < 0;
    sre_end(&s, in[1], buffered);
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
    if (sre_parse_subject(name, args, nargs, kwnames, &string, &pos, &endpos) < 0 ||
        sre_begin(&s, p, string, pos, endpos, &buffered) < 0)
        return NULL;
    struct scanner *const scanner = py_object_new(&py_sre_scanner_type);
    if (!scanner) {
        sre_end(&s, string, buffered);
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
                                     : found   ? sre_new_match(sc->pattern, s, sc->string, pos)
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
    {.name = "__copy__", .fn = sre_return_self},
    {.name = "__deepcopy__", .fn = sre_return_self, .min_args = 1, .max_args = 1},
    PY_CLASS_GETITEM_ROW,
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
