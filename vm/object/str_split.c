/* str: taking texts apart (split, partition, splitlines, strip) and putting them together (join,
 * replace).
 *
 * Pieces are substrings by position (py_str_substring narrows and shares single characters). join
 * measures first and copies once.
 */
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/octet_words.h"
#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

/* join */

static int join_measure(struct py_str *separator, struct py_object *const *items, size_t n,
                        int64_t *length, uint32_t *bound)
{
    int64_t total = 0;
    uint32_t all = n > 1 ? str_bound(separator) : 0;
    for (size_t i = 0; i < n; i++) {
        if (!py_str_check(items[i]))
            return py_raise_int(&py_exc_TypeError,
                                "sequence item %lld: expected str instance, %.80s found",
                                (long long)i, items[i]->type->name);
        total += str_of(items[i])->length;
        all |= str_bound(str_of(items[i]));
    }
    if (n > 1 && __builtin_add_overflow(total, separator->length * (int64_t)(n - 1), &total))
        return py_raise_int(&py_exc_OverflowError, "join() result is too long for a Python string");
    *length = total;
    *bound = all;
    return 0;
}

static struct py_str *join_items(struct py_str *separator, struct py_object *const *items, size_t n)
{
    int64_t length = 0;
    uint32_t bound = 0;
    if (n == 1 && py_str_check_exact(items[0]))
        return py_newref(str_of(items[0]));
    if (join_measure(separator, items, n, &length, &bound) < 0)
        return NULL;
    struct py_str *out = py_str_alloc(length, bound);
    if (!out || length == 0)
        return out;
    char *data = py_str_data(out);
    const int kind = out->kind;
    const struct py_str *glue = separator->length && n > 1 ? separator : NULL;
    int64_t pos = 0;
    for (size_t i = 0; i < n; i++) {
        if (glue && i) {
            if (kind == 1 && glue->length == 1)
                data[pos] = *(const char *)py_str_data(glue);
            else
                chars_copy(data, kind, pos, py_str_data(glue), glue->kind, 0, glue->length);
            pos += glue->length;
        }
        const struct py_str *piece = str_of(items[i]);
        chars_copy(data, kind, pos, py_str_data(piece), piece->kind, 0, piece->length);
        pos += piece->length;
    }
    return out;
}

struct py_str *py_str_join(struct py_str *separator, struct py_object *iterable)
{
    struct py_object *owner = NULL, *const * items;
    PY_HOLD(&owner);
    size_t n;
    if (py_sequence_fast(iterable, "can only join an iterable", &owner, &items, &n) < 0)
        return NULL;
    struct py_str *out = join_items(separator, items, n);
    py_clear(owner);
    return out;
}

STR_METHOD(join)
{
    (void)nargs, (void)kwnames;
    return PY_OBJ(py_str_join(str_of(self), args[0]));
}

/* split */

struct split {
    struct py_str *s;
    struct py_str *separator; /* NULL: runs of white space */
    int64_t max;
};

static int parse_split(struct py_object *self, const char *name, struct py_object *const *args,
                       size_t nargs, struct py_tuple *kwnames, struct split *out)
{
    static const char *const names[] = {"sep", "maxsplit"};
    struct py_params params = {.function = name, .names = names, .count = 2, .keyword_only = 2};
    struct py_object *parsed[2] = {NULL};
    if (!kwnames && nargs <= 2)
        memcpy(parsed, args, nargs * sizeof(*parsed));
    else if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return -1;
    *out = (struct split){.s = str_of(self), .max = -1};
    if (parsed[1]) {
        out->max = py_int_as_ssize_arg(parsed[1]);
        if (out->max == -1 && py_error_occurred())
            return -1;
    }
    if (out->max < 0)
        out->max = INT64_MAX;
    if (!parsed[0] || parsed[0] == PY_NONE)
        return 0;
    if (!py_str_check(parsed[0]))
        return py_raise_int(&py_exc_TypeError, "must be str or None, not %.100s",
                            parsed[0]->type->name);
    out->separator = str_of(parsed[0]);
    if (out->separator->length == 0)
        return py_raise_int(&py_exc_ValueError, "empty separator");
    return 0;
}

static int append_piece(struct py_list *list, struct py_str *s, int64_t start, int64_t end)
{
    struct py_str *piece = py_str_substring(s, start, end);
    return piece ? py_list_append_steal(list, PY_OBJ(piece)) : -1;
}

/* A text of one-byte characters at a separator of one: no search to set up. */
static int split_octet(const struct split *p, struct py_list *list)
{
    struct py_str *s = p->s;
    const uint8_t *data = py_str_data(s);
    const int c = *(const uint8_t *)py_str_data(p->separator);
    int64_t start = 0;
    for (int64_t left = p->max; left > 0; left--) {
        const uint8_t *hit = memchr(data + start, c, (size_t)(s->length - start));
        if (!hit)
            break;
        if (append_piece(list, s, start, hit - data) < 0)
            return -1;
        start = hit - data + 1;
    }
    return append_piece(list, s, start, s->length);
}

static int split_separator(const struct split *p, struct py_list *list)
{
    struct py_str *s = p->s;
    if (s->kind == 1 && p->separator->kind == 1 && p->separator->length == 1)
        return split_octet(p, list);
    int64_t start = 0;
    for (int64_t left = p->max; left > 0; left--) {
        const int64_t at = str_find_range(s, p->separator, start, s->length);
        if (at < 0)
            break;
        if (append_piece(list, s, start, at) < 0)
            return -1;
        start = at + p->separator->length;
    }
    return append_piece(list, s, start, s->length);
}

/* The same as split_space for ASCII text. */
static int split_ascii_space(const struct split *p, struct py_list *list)
{
    static const uint8_t is_space[128] = {[9 ... 13] = 1, [28 ... 32] = 1};
    struct py_str *s = p->s;
    const uint8_t *data = py_str_data(s);
    const int64_t n = s->length;
    int64_t i = 0;
    for (int64_t left = p->max;; left--) {
        while (i < n && is_space[data[i]])
            i++;
        if (i == n)
            return 0;
        int64_t end = n;
        if (left > 0)
            for (end = i + 1; end < n && !is_space[data[end]];)
                end++;
        if (append_piece(list, s, i, end) < 0)
            return -1;
        if (left <= 0)
            return 0;
        i = end;
    }
}

static int split_space(const struct split *p, struct py_list *list)
{
    if (p->s->ascii)
        return split_ascii_space(p, list);
    struct py_str *s = p->s;
    const void *data = py_str_data(s);
    const int kind = s->kind;
    int64_t i = 0;
    for (int64_t left = p->max;; left--) {
        while (i < s->length && char_is_space(chars_get(data, kind, i)))
            i++;
        if (i == s->length)
            return 0;
        int64_t end = s->length;
        if (left > 0) {
            end = i;
            while (end < s->length && !char_is_space(chars_get(data, kind, end)))
                end++;
        } /* else the rest, which keeps its trailing white space */
        if (append_piece(list, s, i, end) < 0)
            return -1;
        if (left <= 0)
            return 0;
        i = end;
    }
}

static int rsplit_separator(const struct split *p, struct py_list *list)
{
    struct py_str *s = p->s;
    int64_t end = s->length;
    for (int64_t left = p->max; left > 0; left--) {
        const int64_t at = str_rfind_range(s, p->separator, 0, end);
        if (at < 0)
            break;
        if (append_piece(list, s, at + p->separator->length, end) < 0)
            return -1;
        end = at;
    }
    return append_piece(list, s, 0, end);
}

static int rsplit_space(const struct split *p, struct py_list *list)
{
    struct py_str *s = p->s;
    const void *data = py_str_data(s);
    const int kind = s->kind;
    int64_t end = s->length;
    for (int64_t left = p->max;; left--) {
        while (end > 0 && char_is_space(chars_get(data, kind, end - 1)))
            end--;
        if (end == 0)
            return 0;
        int64_t start = 0;
        if (left > 0) {
            start = end;
            while (start > 0 && !char_is_space(chars_get(data, kind, start - 1)))
                start--;
        }
        if (append_piece(list, s, start, end) < 0)
            return -1;
        if (left <= 0)
            return 0;
        end = start;
    }
}

static struct py_object *
run_split(struct split *p, int (*pieces)(const struct split *, struct py_list *), bool reverse)
{
    /* As many slots as CPython reserves: sys.getsizeof shows them. */
    struct py_list *list = py_list_new(p->max < 12 ? p->max + 1 : 12);
    if (!list)
        return NULL;
    list->base.size = 0;
    if (pieces(p, list) < 0 || (reverse && py_list_reverse(list) < 0)) {
        py_decref(list);
        return NULL;
    }
    return PY_OBJ(list);
}

STR_METHOD(split)
{
    struct split p;
    if (parse_split(self, "split", args, nargs, kwnames, &p) < 0)
        return NULL;
    return run_split(&p, p.separator ? split_separator : split_space, false);
}

STR_METHOD(rsplit)
{
    struct split p;
    if (parse_split(self, "rsplit", args, nargs, kwnames, &p) < 0)
        return NULL;
    return run_split(&p, p.separator ? rsplit_separator : rsplit_space, true);
}

STR_METHOD(splitlines)
{
    static const char *const names[] = {"keepends"};
    static const struct py_params params = {
        .function = "splitlines", .names = names, .count = 1, .keyword_only = 1};
    struct py_object *keep = NULL;
    if (py_parse_args(&params, args, nargs, kwnames, &keep) < 0)
        return NULL;
    const int64_t keepends = keep ? py_int_as_c_int(keep) : 0;
    if (keepends == -1 && py_error_occurred())
        return NULL;
    struct py_list *list = py_list_new(0);
    if (!list)
        return NULL;
    struct py_str *s = str_of(self);
    for (int64_t i = 0; i < s->length;) {
        const int64_t start = i;
        while (i < s->length && !char_is_linebreak(py_str_char(s, i)))
            i++;
        int64_t end = i;
        if (i < s->length) {
            i += py_str_char(s, i) == '\r' && i + 1 < s->length && py_str_char(s, i + 1) == '\n'
                     ? 2
                     : 1;
            if (keepends)
                end = i;
        }
        if (append_piece(list, s, start, end) < 0) {
            py_decref(list);
            return NULL;
        }
    }
    return PY_OBJ(list);
}

/* partition */

static struct py_object *make_parts(struct py_str *a, struct py_str *b, struct py_str *c)
{
    if (a && b && c)
        return PY_OBJ(
            py_tuple_from_array_steal((struct py_object *[]){PY_OBJ(a), PY_OBJ(b), PY_OBJ(c)}, 3));
    py_xdecref(a);
    py_xdecref(b);
    py_xdecref(c);
    return NULL;
}

static struct py_object *partition(struct py_str *s, struct py_object *sep, bool from_end)
{
    if (!py_str_check(sep))
        return py_raise(&py_exc_TypeError, "must be str, not %.100s", sep->type->name);
    struct py_str *separator = str_of(sep);
    if (separator->length == 0)
        return py_raise(&py_exc_ValueError, "empty separator");
    const int64_t at = from_end ? str_rfind_range(s, separator, 0, s->length)
                                : str_find_range(s, separator, 0, s->length);
    if (at >= 0)
        return make_parts(py_str_substring(s, 0, at), py_newref(separator),
                          py_str_substring(s, at + separator->length, s->length));
    if (from_end)
        return make_parts(py_str_empty(), py_str_empty(), str_exact(s));
    return make_parts(str_exact(s), py_str_empty(), py_str_empty());
}

STR_METHOD(partition)
{
    (void)nargs, (void)kwnames;
    return partition(str_of(self), args[0], false);
}

STR_METHOD(rpartition)
{
    (void)nargs, (void)kwnames;
    return partition(str_of(self), args[0], true);
}

/* strip */

#define STRIP_LEFT  1
#define STRIP_RIGHT 2

static bool is_stripped(const struct py_str *set, uint32_t c)
{
    if (!set)
        return char_is_space(c);
    return chars_find_char(py_str_data(set), set->kind, 0, set->length, c) >= 0;
}

static struct py_object *strip(struct py_object *self, struct py_object *const *args, size_t nargs,
                               int sides, const char *name)
{
    struct py_str *s = str_of(self), *set = NULL;
    if (nargs && args[0] != PY_NONE) {
        if (!py_str_check(args[0]))
            return py_raise(&py_exc_TypeError, "%s arg must be None or str", name);
        set = str_of(args[0]);
    }
    int64_t start = 0, end = s->length;
    if (sides & STRIP_LEFT)
        while (start < end && is_stripped(set, py_str_char(s, start)))
            start++;
    if (sides & STRIP_RIGHT)
        while (end > start && is_stripped(set, py_str_char(s, end - 1)))
            end--;
    return PY_OBJ(py_str_substring(s, start, end));
}

STR_METHOD(strip)
{
    (void)kwnames;
    return strip(self, args, nargs, STRIP_LEFT | STRIP_RIGHT, "strip");
}

STR_METHOD(lstrip)
{
    (void)kwnames;
    return strip(self, args, nargs, STRIP_LEFT, "lstrip");
}

STR_METHOD(rstrip)
{
    (void)kwnames;
    return strip(self, args, nargs, STRIP_RIGHT, "rstrip");
}

/* replace */

/* An empty `old` matches before every character and at the end. */
static struct py_str *replace_empty(struct py_str *s, struct py_str *with, int64_t count)
{
    struct py_strbuf b;
    py_strbuf_init(&b);
    int status = 0;
    for (int64_t i = 0; i <= s->length && status == 0; i++) {
        if (i < count)
            status = py_strbuf_str(&b, with);
        if (i < s->length && status == 0)
            status = py_strbuf_char(&b, py_str_char(s, i));
    }
    if (status < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    b.max_char = chars_bound(b.data, b.kind, b.length);
    return py_strbuf_finish(&b);
}

static void replace_octets(uint8_t *to, const uint8_t *data, int64_t n, uint8_t a, uint8_t b)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const uint64_t word = octets_load(data + i);
        const uint64_t hits = octets_widen(octets_mark(word, a));
        octets_store(to + i, (word & ~hits) | (OCTET_ONES * b & hits));
    }
    for (; i < n; i++)
        to[i] = data[i] == a ? b : data[i];
}

/* In ASCII, by ASCII: the length is known when the hits are counted, and nothing can narrow. */
static struct py_str *replace_ascii(struct py_str *s, struct py_str *old, struct py_str *with,
                                    int64_t max)
{
    const uint8_t *data = py_str_data(s), *from = py_str_data(old), *by = py_str_data(with);
    const int64_t n = s->length, m = old->length, w = with->length;
    int64_t left = octets_count(data, n, from, m, max), size;
    if (left == 0)
        return str_exact(s);
    if (__builtin_mul_overflow(left, w - m, &size) || __builtin_add_overflow(size, n, &size)) {
        py_raise(&py_exc_OverflowError, "replace string is too long");
        return NULL;
    }
    struct py_str *out = py_str_alloc(size, 127);
    if (!out || size == 0)
        return out;
    uint8_t *to = py_str_data(out);
    if (m == 1 && w == 1 && max >= n) {
        replace_octets(to, data, n, *from, *by);
        return out;
    }
    int64_t done = 0;
    for (; left > 0; left--) {
        const int64_t gap = octets_find(data + done, n - done, from, m);
        octets_copy(to, data + done, (size_t)gap);
        octets_copy(to + gap, by, (size_t)w);
        to += gap + w;
        done += gap + m;
    }
    octets_copy(to, data + done, (size_t)(n - done));
    return out;
}

static struct py_str *replace_text(struct py_str *s, struct py_str *old, struct py_str *with,
                                   int64_t count)
{
    if (s->ascii && old->ascii && with->ascii)
        return replace_ascii(s, old, with, count);
    int64_t at = str_find_range(s, old, 0, s->length);
    if (at < 0)
        return str_exact(s);
    struct py_strbuf b;
    py_strbuf_init(&b);
    int64_t done = 0;
    int status = 0;
    for (; at >= 0 && count > 0 && status == 0; count--) {
        status = py_strbuf_range(&b, s, done, at);
        if (status == 0)
            status = py_strbuf_str(&b, with);
        done = at + old->length;
        at = str_find_range(s, old, done, s->length);
    }
    if (status == 0)
        status = py_strbuf_range(&b, s, done, s->length);
    if (status < 0) {
        py_strbuf_deinit(&b);
        return NULL;
    }
    return py_strbuf_finish(&b);
}

STR_METHOD(replace)
{
    (void)kwnames;
    for (int i = 0; i < 2; i++)
        if (!py_str_check(args[i]))
            return py_raise(&py_exc_TypeError, "replace() argument %d must be str, not %.50s",
                            i + 1, args[i]->type->name);
    int64_t count = -1;
    if (nargs > 2) {
        count = py_int_as_ssize_arg(args[2]);
        if (count == -1 && py_error_occurred())
            return NULL;
    }
    if (count < 0)
        count = INT64_MAX;
    struct py_str *s = str_of(self), *old = str_of(args[0]), *with = str_of(args[1]);
    if (count == 0 || old->length > s->length)
        return PY_OBJ(str_exact(s));
    if (old->length == 0)
        return PY_OBJ(replace_empty(s, with, count));
    return PY_OBJ(replace_text(s, old, with, count));
}
