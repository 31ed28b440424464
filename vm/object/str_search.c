/* str: finding and counting, and the methods that only search.
 *
 * One-byte texts go to memmem, which is linear. Wider ones go there too, as bytes: a hit that is
 * not on a character boundary is skipped. A needle of a narrower kind is widened to the
 * haystack's first; a needle of a wider kind cannot occur. Backward search looks for the first
 * character with memrchr and compares.
 *
 * All positions are in characters and absolute in the haystack.
 */
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/int.h"
#include "vm/object/octet_words.h"
#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

/* Octets. */

/* A needle of two octets or more is looked for eight positions at a time: its first and its last
 * octet stand m - 1 apart. */
struct ends {
    uint64_t first, last;
    int64_t distance;
};

static inline struct ends ends_of(const uint8_t *sub, int64_t m)
{
    return (struct ends){
        .first = OCTET_ONES * sub[0], .last = OCTET_ONES * sub[m - 1], .distance = m - 1};
}

/* Which of the positions p .. p+7 have both ends; reads up to p + distance + 8. */
static inline uint64_t ends_at(const struct ends *e, const uint8_t *p)
{
    return octets_mark_zero((octets_load(p) ^ e->first) | (octets_load(p + e->distance) ^ e->last));
}

/* The needle within the first words: calls to search far cost more than what is near. *looked is
 * set to the position up to which there is none. */
static inline int64_t find_near(const uint8_t *s, int64_t n, const uint8_t *sub, int64_t m,
                                int64_t *looked)
{
    const struct ends e = ends_of(sub, m);
    int64_t at = 0;
    for (; at < 32 && at + e.distance + 8 <= n; at += 8)
        for (uint64_t hits = ends_at(&e, s + at); hits; hits = octets_drop_first(hits)) {
            const int64_t hit = at + octets_first(hits);
            if (m == 2 || memcmp(s + hit, sub, (size_t)m) == 0)
                return hit;
        }
    *looked = at;
    return -1;
}

/* What is not near is found by its first octet; when that is too common, memmem takes over. */
int64_t octets_find(const uint8_t *s, int64_t n, const uint8_t *sub, int64_t m)
{
    if (m > n)
        return -1;
    if (m == 0)
        return 0;
    int64_t looked = 0;
    if (m > 1) {
        const int64_t hit = find_near(s, n, sub, m, &looked);
        if (hit >= 0)
            return hit;
        if (looked > n - m)
            return -1;
    } else if (s[0] == sub[0]) {
        return 0;
    }
    const uint8_t *p = s + looked, *last = s + (n - m);
    for (int misses = 0; misses < 16; misses++) {
        p = memchr(p, sub[0], (size_t)(last - p) + 1);
        if (!p)
            return -1;
        if (p[m - 1] == sub[m - 1] && memcmp(p, sub, (size_t)m) == 0)
            return p - s;
        if (++p > last)
            return -1;
    }
    p = memmem(p, (size_t)(s + n - p), sub, (size_t)m);
    return p ? p - s : -1;
}

int64_t octets_rfind(const uint8_t *s, int64_t n, const uint8_t *sub, int64_t m)
{
    if (m > n)
        return -1;
    if (m == 0)
        return n;
    int64_t last = n - m + 1;
    while (last > 0) {
        const uint8_t *hit = memrchr(s, sub[0], (size_t)last);
        if (!hit)
            return -1;
        if (memcmp(hit, sub, (size_t)m) == 0)
            return hit - s;
        last = hit - s;
    }
    return -1;
}

static int64_t count_octet(const uint8_t *s, int64_t n, uint8_t c)
{
    int64_t count = 0, i = 0;
    for (; i + 8 <= n; i += 8)
        count += octets_marked(octets_mark(octets_load(s + i), c));
    for (; i < n; i++)
        count += s[i] == c;
    return count;
}

/* Counts a short needle word by word into *count; returns the position from which one is left to
 * count. Every place that has both ends is compared: what is short keeps that linear. */
static int64_t count_words(const uint8_t *s, int64_t n, const uint8_t *sub, int64_t m, int64_t max,
                           int64_t *count)
{
    const struct ends e = ends_of(sub, m);
    int64_t at = 0, free = 0; /* behind the last hit */
    for (; at + e.distance + 8 <= n; at += 8)
        for (uint64_t hits = ends_at(&e, s + at); hits; hits = octets_drop_first(hits)) {
            const int64_t hit = at + octets_first(hits);
            if (hit < free || (m > 2 && memcmp(s + hit, sub, (size_t)m) != 0))
                continue;
            if (*count == max)
                return free;
            ++*count;
            free = hit + m;
        }
    return at > free ? at : free;
}

int64_t octets_count(const uint8_t *s, int64_t n, const uint8_t *sub, int64_t m, int64_t max)
{
    if (m == 0)
        return n + 1 < max ? n + 1 : max;
    if (m > n)
        return 0;
    if (m == 1 && max >= n)
        return count_octet(s, n, sub[0]);
    int64_t count = 0, at = 0;
    if (m > 1 && m <= 16)
        at = count_words(s, n, sub, m, max, &count);
    while (count < max) {
        const int64_t hit = octets_find(s + at, n - at, sub, m);
        if (hit < 0)
            break;
        count++;
        at += hit + m;
    }
    return count;
}

/* Characters. */

int64_t chars_find_char(const void *data, int kind, int64_t start, int64_t end, uint32_t c)
{
    if (kind_of_char(c) > kind)
        return -1;
    if (kind == 1) {
        const uint8_t *p = memchr((const uint8_t *)data + start, (int)c, (size_t)(end - start));
        return p ? p - (const uint8_t *)data : -1;
    }
    for (int64_t i = start; i < end; i++)
        if (chars_get(data, kind, i) == c)
            return i;
    return -1;
}

/* A needle in the haystack's kind. */
struct needle {
    const void *data;
    void *owned;
    int64_t length;
    bool impossible;
};

static int needle_init(struct needle *n, const struct py_str *s, const struct py_str *sub)
{
    *n = (struct needle){.data = py_str_data(sub), .length = sub->length};
    if (sub->kind == s->kind)
        return 0;
    if (sub->kind > s->kind) {
        n->impossible = true;
        return 0;
    }
    n->owned = py_mem_alloc((size_t)(sub->length + 1) * s->kind);
    if (!n->owned) {
        py_raise_no_memory();
        return -1;
    }
    chars_copy(n->owned, s->kind, 0, py_str_data(sub), sub->kind, 0, sub->length);
    n->data = n->owned;
    return 0;
}

static int64_t needle_find(const struct needle *n, const struct py_str *s, int64_t start,
                           int64_t end)
{
    if (n->impossible || n->length > end - start)
        return -1;
    if (n->length == 0)
        return start;
    const int kind = s->kind;
    if (n->length == 1)
        return chars_find_char(py_str_data(s), kind, start, end, chars_get(n->data, kind, 0));
    const uint8_t *data = py_str_data(s);
    int64_t at = start * kind;
    for (;;) {
        const int64_t hit = octets_find(data + at, end * kind - at, n->data, n->length * kind);
        if (hit < 0)
            return -1;
        at += hit;
        if (at % kind == 0)
            return at / kind;
        at++;
    }
}

static int64_t needle_rfind(const struct needle *n, const struct py_str *s, int64_t start,
                            int64_t end)
{
    if (n->impossible || n->length > end - start)
        return -1;
    if (n->length == 0)
        return end;
    const int kind = s->kind;
    const uint8_t *data = py_str_data(s);
    if (kind == 1) {
        const int64_t hit = octets_rfind(data + start, end - start, n->data, n->length);
        return hit < 0 ? -1 : hit + start;
    }
    const uint32_t first = chars_get(n->data, kind, 0);
    for (int64_t i = end - n->length; i >= start; i--)
        if (chars_get(data, kind, i) == first &&
            memcmp(data + i * kind, n->data, (size_t)(n->length * kind)) == 0)
            return i;
    return -1;
}

int64_t str_find_range(const struct py_str *s, const struct py_str *sub, int64_t start, int64_t end)
{
    if (start > end)
        return -1;
    if (s->kind == 1 && sub->kind == 1) {
        const int64_t hit = octets_find((const uint8_t *)py_str_data(s) + start, end - start,
                                        py_str_data(sub), sub->length);
        return hit < 0 ? -1 : start + hit;
    }
    struct needle n;
    if (needle_init(&n, s, sub) < 0)
        return -1;
    const int64_t at = needle_find(&n, s, start, end);
    py_mem_free(n.owned);
    return at;
}

int64_t str_rfind_range(const struct py_str *s, const struct py_str *sub, int64_t start,
                        int64_t end)
{
    struct needle n;
    if (start > end || needle_init(&n, s, sub) < 0)
        return -1;
    const int64_t at = needle_rfind(&n, s, start, end);
    py_mem_free(n.owned);
    return at;
}

int64_t str_count_range(const struct py_str *s, const struct py_str *sub, int64_t start,
                        int64_t end, int64_t max)
{
    if (start > end)
        return 0;
    if (sub->length == 0)
        return end - start + 1 < max ? end - start + 1 : max;
    if (s->kind == 1 && sub->kind == 1)
        return octets_count((const uint8_t *)py_str_data(s) + start, end - start, py_str_data(sub),
                            sub->length, max);
    struct needle n;
    if (needle_init(&n, s, sub) < 0)
        return 0;
    int64_t count = 0;
    while (count < max && (start = needle_find(&n, s, start, end)) >= 0) {
        count++;
        start += n.length;
    }
    py_mem_free(n.owned);
    return count;
}

int64_t py_str_find(struct py_str *s, struct py_str *sub, int64_t start, int64_t end)
{
    return str_find_range(s, sub, start < 0 ? 0 : start, end > s->length ? s->length : end);
}

/* Arguments. */

int str_slice_arg(struct py_object *o, int64_t fallback, int64_t *out)
{
    if (!o || o == PY_NONE) {
        *out = fallback;
        return 0;
    }
    if (!py_int_check(o) && !o->type->index)
        return py_raise_int(&py_exc_TypeError, "slice indices must be integers or None or have an "
                                               "__index__ method");
    *out = py_int_as_i64_clip(o);
    return *out == -1 && py_error_occurred() ? -1 : 0;
}

int str_clip_range(struct py_object *const *args, size_t nargs, size_t first, int64_t length,
                   int64_t *start, int64_t *end)
{
    if (str_slice_arg(nargs > first ? args[first] : NULL, 0, start) < 0 ||
        str_slice_arg(nargs > first + 1 ? args[first + 1] : NULL, length, end) < 0)
        return -1;
    if (*end > length)
        *end = length;
    if (*end < 0)
        *end = *end + length < 0 ? 0 : *end + length;
    if (*start < 0)
        *start = *start + length < 0 ? 0 : *start + length;
    return 0;
}

int str_check_search_args(const char *method, size_t nargs)
{
    if (nargs >= 1 && nargs <= 3)
        return 0;
    return py_raise_int(&py_exc_TypeError, "%s() takes at %s argument%s (%zu given)", method,
                        nargs ? "most 3" : "least 1", nargs ? "s" : "", nargs);
}

static int search_args(struct py_object *self, const char *method, struct py_object *const *args,
                       size_t nargs, int64_t *start, int64_t *end)
{
    if (str_check_search_args(method, nargs) < 0)
        return -1;
    if (!py_str_check(args[0]))
        return py_raise_int(&py_exc_TypeError, "must be str, not %.100s", args[0]->type->name);
    return str_clip_range(args, nargs, 1, str_of(self)->length, start, end);
}

/* Methods. */

STR_METHOD(find)
{
    (void)kwnames;
    int64_t start, end;
    if (search_args(self, "find", args, nargs, &start, &end) < 0)
        return NULL;
    return py_int_from_i64(str_find_range(str_of(self), str_of(args[0]), start, end));
}

STR_METHOD(rfind)
{
    (void)kwnames;
    int64_t start, end;
    if (search_args(self, "rfind", args, nargs, &start, &end) < 0)
        return NULL;
    return py_int_from_i64(str_rfind_range(str_of(self), str_of(args[0]), start, end));
}

static struct py_object *found_or_error(int64_t at)
{
    return at >= 0 ? py_int_from_i64(at) : py_raise(&py_exc_ValueError, "substring not found");
}

STR_METHOD(index)
{
    (void)kwnames;
    int64_t start, end;
    if (search_args(self, "index", args, nargs, &start, &end) < 0)
        return NULL;
    return found_or_error(str_find_range(str_of(self), str_of(args[0]), start, end));
}

STR_METHOD(rindex)
{
    (void)kwnames;
    int64_t start, end;
    if (search_args(self, "rindex", args, nargs, &start, &end) < 0)
        return NULL;
    return found_or_error(str_rfind_range(str_of(self), str_of(args[0]), start, end));
}

STR_METHOD(count)
{
    (void)kwnames;
    int64_t start, end;
    if (search_args(self, "count", args, nargs, &start, &end) < 0)
        return NULL;
    return py_int_from_i64(str_count_range(str_of(self), str_of(args[0]), start, end, INT64_MAX));
}

/* Does s[start..end) begin (or end) with the affix? */
static bool has_affix(const struct py_str *s, const struct py_str *affix, int64_t start,
                      int64_t end, bool at_end)
{
    if (start > end || affix->length > end - start || affix->kind > s->kind)
        return affix->length == 0 && start <= end;
    const int64_t at = at_end ? end - affix->length : start;
    if (affix->kind == s->kind)
        return memcmp((char *)py_str_data(s) + at * s->kind, py_str_data(affix),
                      (size_t)(affix->length * s->kind)) == 0;
    for (int64_t i = 0; i < affix->length; i++)
        if (py_str_char(s, at + i) != py_str_char(affix, i))
            return false;
    return true;
}

static struct py_object *affix_method(struct py_object *self, struct py_object *const *args,
                                      size_t nargs, bool at_end)
{
    const char *name = at_end ? "endswith" : "startswith";
    int64_t start, end;
    if (str_check_search_args(name, nargs) < 0 ||
        str_clip_range(args, nargs, 1, str_of(self)->length, &start, &end) < 0)
        return NULL;
    if (py_str_check(args[0]))
        return py_bool_from(has_affix(str_of(self), str_of(args[0]), start, end, at_end));
    if (!py_tuple_check(args[0]))
        return py_raise(&py_exc_TypeError, "%s first arg must be str or a tuple of str, not %.100s",
                        name, args[0]->type->name);
    const struct py_tuple *tuple = (struct py_tuple *)args[0];
    for (int64_t i = 0; i < tuple->base.size; i++) {
        if (!py_str_check(tuple->items[i]))
            return py_raise(&py_exc_TypeError, "tuple for %s must only contain str, not %.100s",
                            name, tuple->items[i]->type->name);
        if (has_affix(str_of(self), str_of(tuple->items[i]), start, end, at_end))
            return PY_TRUE;
    }
    return PY_FALSE;
}

STR_METHOD(startswith)
{
    (void)kwnames;
    return affix_method(self, args, nargs, false);
}

STR_METHOD(endswith)
{
    (void)kwnames;
    return affix_method(self, args, nargs, true);
}

STR_METHOD(removeprefix)
{
    (void)nargs, (void)kwnames;
    struct py_str *s = str_of(self);
    if (!py_str_check(args[0]))
        return py_raise_bad_arg_type("removeprefix", "str", args[0]);
    if (has_affix(s, str_of(args[0]), 0, s->length, false))
        return PY_OBJ(py_str_substring(s, str_of(args[0])->length, s->length));
    return PY_OBJ(str_exact(s));
}

STR_METHOD(removesuffix)
{
    (void)nargs, (void)kwnames;
    struct py_str *s = str_of(self);
    if (!py_str_check(args[0]))
        return py_raise_bad_arg_type("removesuffix", "str", args[0]);
    if (has_affix(s, str_of(args[0]), 0, s->length, true))
        return PY_OBJ(py_str_substring(s, 0, s->length - str_of(args[0])->length));
    return PY_OBJ(str_exact(s));
}
