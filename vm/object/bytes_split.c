/* bytes: taking octets apart (split, partition, splitlines, strip) and putting them together (join,
 * replace). White space is ASCII's; lines end at \n, \r and \r\n only. */
#include <string.h>

#include "vm/memory/heap.h"
#include "vm/object/buffer.h"
#include "vm/object/bytes_impl.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

struct split {
    struct py_bytes *b;
    struct octets separator;
    bool by_space;
    int64_t max;
};

static int parse_split(struct py_object *self, const char *name, struct py_object *const *args,
                       size_t nargs, struct py_tuple *kwnames, struct split *out)
{
    static const char *const names[] = {"sep", "maxsplit"};
    const struct py_params params = {
        .function = name, .names = names, .count = 2, .keyword_only = 2};
    struct py_object *parsed[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0)
        return -1;
    *out = (struct split){.b = bytes_of(self), .max = -1};
    if (parsed[1]) {
        out->max = py_int_as_ssize_arg(parsed[1]);
        if (out->max == -1 && py_error_occurred())
            return -1;
    }
    if (out->max < 0)
        out->max = INT64_MAX;
    out->by_space = !parsed[0] || parsed[0] == PY_NONE;
    if (out->by_space)
        return 0;
    if (octets_of(parsed[0], &out->separator) < 0)
        return -1;
    if (out->separator.length == 0)
        return py_raise_int(&py_exc_ValueError, "empty separator");
    return 0;
}

static int append_piece(struct py_list *list, struct py_bytes *b, int64_t start, int64_t end)
{
    struct py_object *piece = bytes_slice(b, start, end);
    return piece ? py_list_append_steal(list, piece) : -1;
}

static int split_separator(const struct split *p, struct py_list *list)
{
    const struct octets *sep = &p->separator;
    int64_t start = 0;
    for (int64_t left = p->max; left > 0; left--) {
        const int64_t at =
            octets_find(p->b->data + start, p->b->base.size - start, sep->data, sep->length);
        if (at < 0)
            break;
        if (append_piece(list, p->b, start, start + at) < 0)
            return -1;
        start += at + sep->length;
    }
    return append_piece(list, p->b, start, p->b->base.size);
}

static int split_space(const struct split *p, struct py_list *list)
{
    const uint8_t *data = p->b->data;
    const int64_t n = p->b->base.size;
    int64_t i = 0;
    for (int64_t left = p->max;; left--) {
        while (i < n && octet_is_space(data[i]))
            i++;
        if (i == n)
            return 0;
        int64_t end = n;
        if (left > 0)
            for (end = i; end < n && !octet_is_space(data[end]);)
                end++;
        if (append_piece(list, p->b, i, end) < 0)
            return -1;
        if (left <= 0)
            return 0;
        i = end;
    }
}

static int rsplit_separator(const struct split *p, struct py_list *list)
{
    const struct octets *sep = &p->separator;
    int64_t end = p->b->base.size;
    for (int64_t left = p->max; left > 0; left--) {
        const int64_t at = octets_rfind(p->b->data, end, sep->data, sep->length);
        if (at < 0)
            break;
        if (append_piece(list, p->b, at + sep->length, end) < 0)
            return -1;
        end = at;
    }
    return append_piece(list, p->b, 0, end);
}

static int rsplit_space(const struct split *p, struct py_list *list)
{
    const uint8_t *data = p->b->data;
    int64_t end = p->b->base.size;
    for (int64_t left = p->max;; left--) {
        while (end > 0 && octet_is_space(data[end - 1]))
            end--;
        if (end == 0)
            return 0;
        int64_t start = 0;
        if (left > 0)
            for (start = end; start > 0 && !octet_is_space(data[start - 1]);)
                start--;
        if (append_piece(list, p->b, start, end) < 0)
            return -1;
        if (left <= 0)
            return 0;
        end = start;
    }
}

static struct py_object *run_split(const struct split *p,
                                   int (*pieces)(const struct split *, struct py_list *),
                                   bool reverse)
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

BYTES_METHOD(split)
{
    struct split p;
    if (parse_split(self, "split", args, nargs, kwnames, &p) < 0)
        return NULL;
    return run_split(&p, p.by_space ? split_space : split_separator, false);
}

BYTES_METHOD(rsplit)
{
    struct split p;
    if (parse_split(self, "rsplit", args, nargs, kwnames, &p) < 0)
        return NULL;
    return run_split(&p, p.by_space ? rsplit_space : rsplit_separator, true);
}

BYTES_METHOD(splitlines)
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
    struct py_bytes *b = bytes_of(self);
    const int64_t n = b->base.size;
    for (int64_t i = 0; i < n;) {
        const int64_t start = i;
        while (i < n && b->data[i] != '\n' && b->data[i] != '\r')
            i++;
        int64_t end = i;
        if (i < n) {
            i += b->data[i] == '\r' && i + 1 < n && b->data[i + 1] == '\n' ? 2 : 1;
            if (keepends)
                end = i;
        }
        if (append_piece(list, b, start, end) < 0) {
            py_decref(list);
            return NULL;
        }
    }
    return PY_OBJ(list);
}

static struct py_object *make_parts(struct py_object *a, struct py_object *b, struct py_object *c)
{
    if (a && b && c)
        return PY_OBJ(py_tuple_from_array_steal((struct py_object *[]){a, b, c}, 3));
    py_xdecref(a);
    py_xdecref(b);
    py_xdecref(c);
    return NULL;
}

static struct py_object *partition(struct py_object *self, struct py_object *sep, bool from_end)
{
    struct octets separator;
    if (octets_of(sep, &separator) < 0)
        return NULL;
    if (separator.length == 0)
        return py_raise(&py_exc_ValueError, "empty separator");
    struct py_bytes *b = bytes_of(self);
    const int64_t n = b->base.size;
    const int64_t at = from_end ? octets_rfind(b->data, n, separator.data, separator.length)
                                : octets_find(b->data, n, separator.data, separator.length);
    struct py_object *empty = PY_OBJ(py_bytes_empty());
    if (at >= 0)
        return make_parts(bytes_slice(b, 0, at), py_newref(sep),
                          bytes_slice(b, at + separator.length, n));
    return from_end ? make_parts(empty, empty, bytes_exact(self))
                    : make_parts(bytes_exact(self), empty, empty);
}

BYTES_METHOD(partition)
{
    (void)nargs, (void)kwnames;
    return partition(self, args[0], false);
}

BYTES_METHOD(rpartition)
{
    (void)nargs, (void)kwnames;
    return partition(self, args[0], true);
}

static bool is_stripped(const struct octets *set, uint8_t c)
{
    return set->data ? memchr(set->data, c, (size_t)set->length) != NULL : octet_is_space(c);
}

static struct py_object *strip(struct py_object *self, struct py_object *const *args, size_t nargs,
                               bool left, bool right)
{
    struct octets set = {.data = NULL};
    if (nargs && args[0] != PY_NONE && octets_of(args[0], &set) < 0)
        return NULL;
    struct py_bytes *b = bytes_of(self);
    int64_t start = 0, end = b->base.size;
    while (left && start < end && is_stripped(&set, b->data[start]))
        start++;
    while (right && end > start && is_stripped(&set, b->data[end - 1]))
        end--;
    return bytes_slice(b, start, end);
}

BYTES_METHOD(strip)
{
    (void)kwnames;
    return strip(self, args, nargs, true, true);
}

BYTES_METHOD(lstrip)
{
    (void)kwnames;
    return strip(self, args, nargs, true, false);
}

BYTES_METHOD(rstrip)
{
    (void)kwnames;
    return strip(self, args, nargs, false, true);
}

static struct py_object *join_items(const struct octets *glue, struct py_object *const *items,
                                    size_t n)
{
    int64_t total = n > 1 ? glue->length * (int64_t)(n - 1) : 0;
    for (size_t i = 0; i < n; i++) {
        if (!py_has_buffer(items[i]))
            return py_raise(&py_exc_TypeError,
                            "sequence item %lld: expected a bytes-like object, %.80s found",
                            (long long)i, items[i]->type->name);
        struct octets piece;
        if (octets_of(items[i], &piece) < 0)
            return NULL;
        total += piece.length;
    }
    if (n == 1)
        return py_bytes_check(items[0]) ? bytes_exact(items[0]) : py_bytes_from_object(items[0]);
    struct py_bytes *out = py_bytes_from(NULL, (size_t)total);
    if (!out || total == 0)
        return PY_OBJ(out);
    uint8_t *p = out->data;
    for (size_t i = 0; i < n; i++) {
        if (i) {
            memcpy(p, glue->data, (size_t)glue->length);
            p += glue->length;
        }
        struct octets piece;
        if (octets_of(items[i], &piece) < 0) {
            py_decref(out);
            return NULL;
        }
        memcpy(p, piece.data, (size_t)piece.length);
        p += piece.length;
    }
    return PY_OBJ(out);
}

BYTES_METHOD(join)
{
    (void)nargs, (void)kwnames;
    struct octets glue;
    struct py_object *owner = NULL, *const * items;
    PY_HOLD(&owner);
    size_t n;
    if (octets_of(self, &glue) < 0 ||
        py_sequence_fast(args[0], "can only join an iterable", &owner, &items, &n) < 0)
        return NULL;
    struct py_object *out = join_items(&glue, items, n);
    py_clear(owner);
    return out;
}

/* An empty `old` matches before every octet and at the end. */
static struct py_object *replace_empty(const struct py_bytes *b, const struct octets *with,
                                       int64_t count)
{
    const int64_t n = b->base.size;
    if (count > n + 1)
        count = n + 1;
    struct py_bytes *out = py_bytes_from(NULL, (size_t)(n + count * with->length));
    if (!out)
        return NULL;
    uint8_t *p = out->data;
    for (int64_t i = 0; i <= n && out->base.size; i++) {
        if (i < count) {
            memcpy(p, with->data, (size_t)with->length);
            p += with->length;
        }
        if (i < n)
            *p++ = b->data[i];
    }
    return PY_OBJ(out);
}

static struct py_object *replace_octets(struct py_object *self, const struct octets *old,
                                        const struct octets *with, int64_t max)
{
    const struct py_bytes *b = bytes_of(self);
    const int64_t n = b->base.size;
    const int64_t count = octets_count(b->data, n, old->data, old->length, max);
    if (count == 0)
        return bytes_exact(self);
    const int64_t size = n + count * (with->length - old->length);
    struct py_bytes *out = py_bytes_from(NULL, (size_t)size);
    if (!out || size == 0)
        return PY_OBJ(out);
    uint8_t *p = out->data;
    int64_t done = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t at = octets_find(b->data + done, n - done, old->data, old->length);
        memcpy(p, b->data + done, (size_t)at);
        p += at;
        memcpy(p, with->data, (size_t)with->length);
        p += with->length;
        done += at + old->length;
    }
    memcpy(p, b->data + done, (size_t)(n - done));
    return PY_OBJ(out);
}

BYTES_METHOD(replace)
{
    (void)kwnames;
    struct octets old, with;
    if (octets_of(args[0], &old) < 0 || octets_of(args[1], &with) < 0)
        return NULL;
    int64_t count = nargs > 2 ? py_int_as_ssize_arg(args[2]) : -1;
    if (count == -1 && py_error_occurred())
        return NULL;
    /* Again: the count's __index__ may have changed a bytearray. */
    if (nargs > 2 && (octets_of(args[0], &old) < 0 || octets_of(args[1], &with) < 0))
        return NULL;
    if (count < 0)
        count = INT64_MAX;
    if (count == 0)
        return bytes_exact(self);
    if (old.length == 0)
        return replace_empty(bytes_of(self), &with, count);
    return replace_octets(self, &old, &with, count);
}
