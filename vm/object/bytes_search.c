/* bytes: searching. The needle is a bytes-like object or one int 0..255. */
#include <string.h>

#include "vm/object/buffer.h"
#include "vm/object/bytes_impl.h"
#include "vm/object/int.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

static int needle_of(struct py_object *o, struct octets *out)
{
    if (py_has_buffer(o))
        return octets_of(o, out);
    if (!py_int_check(o) && !o->type->index)
        return py_raise_int(&py_exc_TypeError,
                            "argument should be integer or bytes-like object, not '%.200s'",
                            o->type->name);
    const int64_t v = py_int_as_i64_clip(o);
    if (v == -1 && py_error_occurred())
        return -1;
    if (v < 0 || v > 255)
        return py_raise_int(&py_exc_ValueError, "byte must be in range(0, 256)");
    out->one = (uint8_t)v;
    out->data = &out->one;
    out->length = 1;
    return 0;
}

enum direction { FORWARD, BACKWARD };

/* Absolute position, -1 absent, -2 error. */
static int64_t search(struct py_object *self, const char *method, struct py_object *const *args,
                      size_t nargs, enum direction direction)
{
    struct octets needle;
    int64_t start, end;
    /* The needle last: the bounds' __index__ may change a bytearray. */
    if (str_check_search_args(method, nargs) < 0 ||
        str_clip_range(args, nargs, 1, bytes_of(self)->base.size, &start, &end) < 0 ||
        needle_of(args[0], &needle) < 0)
        return -2;
    if (start > end)
        return -1;
    const uint8_t *data = bytes_of(self)->data + start;
    const int64_t at = direction == FORWARD
                           ? octets_find(data, end - start, needle.data, needle.length)
                           : octets_rfind(data, end - start, needle.data, needle.length);
    return at < 0 ? -1 : at + start;
}

static struct py_object *position(int64_t at)
{
    return at == -2 ? NULL : py_int_from_i64(at);
}

static struct py_object *position_or_error(int64_t at)
{
    if (at == -1)
        return py_raise(&py_exc_ValueError, "subsection not found");
    return position(at);
}

BYTES_METHOD(find)
{
    (void)kwnames;
    return position(search(self, "find", args, nargs, FORWARD));
}

BYTES_METHOD(rfind)
{
    (void)kwnames;
    return position(search(self, "rfind", args, nargs, BACKWARD));
}

BYTES_METHOD(index)
{
    (void)kwnames;
    return position_or_error(search(self, "index", args, nargs, FORWARD));
}

BYTES_METHOD(rindex)
{
    (void)kwnames;
    return position_or_error(search(self, "rindex", args, nargs, BACKWARD));
}

BYTES_METHOD(count)
{
    (void)kwnames;
    struct octets needle;
    int64_t start, end;
    if (str_check_search_args("count", nargs) < 0 ||
        str_clip_range(args, nargs, 1, bytes_of(self)->base.size, &start, &end) < 0 ||
        needle_of(args[0], &needle) < 0)
        return NULL;
    if (start > end)
        return py_int_from_i64(0);
    return py_int_from_i64(octets_count(bytes_of(self)->data + start, end - start, needle.data,
                                        needle.length, INT64_MAX));
}

int bytes_contains(struct py_object *self, struct py_object *item)
{
    struct octets needle;
    if (!py_has_buffer(item) && !py_int_check(item) && !item->type->index)
        return py_raise_int(&py_exc_TypeError, "a bytes-like object is required, not '%.100s'",
                            item->type->name);
    if (needle_of(item, &needle) < 0)
        return -1;
    return octets_find(bytes_of(self)->data, bytes_of(self)->base.size, needle.data,
                       needle.length) >= 0;
}

static bool has_affix(const struct py_bytes *b, const struct octets *affix, int64_t start,
                      int64_t end, bool at_end)
{
    if (start > end || affix->length > end - start)
        return false;
    const int64_t at = at_end ? end - affix->length : start;
    return memcmp(b->data + at, affix->data, (size_t)affix->length) == 0;
}

static struct py_object *affix_method(struct py_object *self, struct py_object *const *args,
                                      size_t nargs, bool at_end)
{
    struct octets affix;
    int64_t start, end;
    if (str_check_search_args(at_end ? "endswith" : "startswith", nargs) < 0 ||
        str_clip_range(args, nargs, 1, bytes_of(self)->base.size, &start, &end) < 0)
        return NULL;
    if (py_has_buffer(args[0])) {
        if (octets_of(args[0], &affix) < 0)
            return NULL;
        return py_bool_from(has_affix(bytes_of(self), &affix, start, end, at_end));
    }
    if (!py_tuple_check(args[0]))
        return py_raise(&py_exc_TypeError,
                        "%s first arg must be bytes or a tuple of bytes, not %.100s",
                        at_end ? "endswith" : "startswith", args[0]->type->name);
    const struct py_tuple *tuple = (struct py_tuple *)args[0];
    for (int64_t i = 0; i < tuple->base.size; i++) {
        if (octets_of(tuple->items[i], &affix) < 0)
            return NULL;
        if (has_affix(bytes_of(self), &affix, start, end, at_end))
            return PY_TRUE;
    }
    return PY_FALSE;
}

BYTES_METHOD(startswith)
{
    (void)kwnames;
    return affix_method(self, args, nargs, false);
}

BYTES_METHOD(endswith)
{
    (void)kwnames;
    return affix_method(self, args, nargs, true);
}

static struct py_object *remove_affix(struct py_object *self, struct py_object *arg, bool at_end)
{
    struct octets affix;
    struct py_bytes *b = bytes_of(self);
    if (octets_of(arg, &affix) < 0)
        return NULL;
    if (!has_affix(b, &affix, 0, b->base.size, at_end))
        return bytes_exact(self);
    return at_end ? bytes_slice(b, 0, b->base.size - affix.length)
                  : bytes_slice(b, affix.length, b->base.size);
}

BYTES_METHOD(removeprefix)
{
    (void)nargs, (void)kwnames;
    return remove_affix(self, args[0], false);
}

BYTES_METHOD(removesuffix)
{
    (void)nargs, (void)kwnames;
    return remove_affix(self, args[0], true);
}
