/* str: the type object: construction, death, slots, and the list of methods.
 *
 * The methods themselves are in str_search.c, str_split.c, str_methods.c, str_case.c and
 * str_format.c. Instances of subclasses are copies made by new_ with the characters in the same
 * place as in an exact str, which is why a subclass cannot add fixed slots behind the header: the
 * type has an item size, as int and bytes have.
 */
#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/memory/heap_inline.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/format.h"
#include "vm/object/int.h"
#include "vm/object/iter.h"
#include "vm/object/range.h"
#include "vm/object/str.h"
#include "vm/object/str_impl.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/ops.h"

/* Death. The table of interned texts still refers to s twice without a count: lend it the two and
 * one more, so that removing s from the table does not bring it here again. */
static void forget_interned(struct py_str *s)
{
    if (!py_runtime.interned)
        return;
    py_incref(s);
    py_incref(s);
    py_incref(s);
    struct py_object *pending = py_error_fetch();
    if (py_dict_del(py_runtime.interned, PY_OBJ(s)) < 0)
        py_error_clear();
    py_error_restore(pending);
    s->base.refcnt = 0;
    if (PY_TRACING(PY_TRACE_REFCOUNT))
        quiet_decref(PY_OBJ(s));
}

static void str_dealloc(struct py_object *o)
{
    struct py_str *s = str_of(o);
    if (s->interned)
        forget_interned(s);
    if (!s->ascii)
        py_mem_free(((struct py_str_wide *)s)->utf8);
    if (py_str_check_exact(o) && py_in_pools(o)) {
        py_object_free_plain(o);
        return;
    }
    if (!py_str_check_exact(o))
        py_object_release_common(o);
    py_object_free(o);
}

static int64_t str_size_of(struct py_object *o)
{
    const struct py_str *s = str_of(o);
    if (s->ascii)
        return (int64_t)sizeof(struct py_str) + s->length + 1;
    const struct py_str_wide *wide = (const struct py_str_wide *)s;
    return (int64_t)sizeof(struct py_str_wide) + (s->length + 1) * s->kind +
           (wide->utf8 ? wide->utf8_length + 1 : 0);
}

/* Construction. */

static struct py_object *str_from_bytes(struct py_object *object, struct py_object *encoding,
                                        struct py_object *errors)
{
    if (encoding && !py_str_check(encoding))
        return py_raise(&py_exc_TypeError, "str() argument 'encoding' must be str, not %.50s",
                        encoding->type->name);
    if (errors && !py_str_check(errors))
        return py_raise(&py_exc_TypeError, "str() argument 'errors' must be str, not %.50s",
                        errors->type->name);
    if (py_str_check(object))
        return py_raise(&py_exc_TypeError, "decoding str is not supported");
    const uint8_t *data;
    size_t len;
    if (py_bytes_view(object, &data, &len) < 0) {
        py_error_clear();
        return py_raise(&py_exc_TypeError, "decoding to str: need a bytes-like object, %.80s found",
                        object->type->name);
    }
    return py_bytes_decode(data, len, encoding ? py_str_utf8(str_of(encoding), NULL) : NULL,
                           errors ? py_str_utf8(str_of(errors), NULL) : NULL);
}

/* An instance of a subclass with the text of value (steals it). */
static struct py_object *str_new_subclass(struct py_type *type, struct py_object *value)
{
    if (!value)
        return NULL;
    const struct py_str *from = str_of(value);
    const size_t header = from->ascii ? sizeof(struct py_str) : sizeof(struct py_str_wide);
    size_t bytes = header + (size_t)(from->length + 1) * from->kind;
    if (bytes < type->basicsize)
        bytes = type->basicsize;
    struct py_str *s = py_object_alloc(type, bytes, bytes);
    if (s) {
        memcpy((char *)s + sizeof(struct py_object), (char *)value + sizeof(struct py_object),
               header - sizeof(struct py_object));
        s->interned = 0;
        s->reserved_ptr = NULL;
        if (!s->ascii) {
            ((struct py_str_wide *)s)->utf8 = NULL;
            ((struct py_str_wide *)s)->utf8_length = 0;
        }
        memcpy(py_str_data(s), py_str_data(from), (size_t)(from->length + 1) * from->kind);
        py_object_resized(PY_OBJ(s), py_object_size(PY_OBJ(s)));
        if (type->flags & PY_TYPE_GC)
            py_gc_track(s);
    }
    py_decref(value);
    return PY_OBJ(s);
}

static struct py_object *str_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                 struct py_tuple *kwnames)
{
    static const char *const names[] = {"object", "encoding", "errors"};
    static const struct py_params params = {
        .function = "str", .names = names, .count = 3, .keyword_only = 3};
    struct py_object *parsed[3] = {NULL};
    if (!kwnames && nargs <= 1) {
        parsed[0] = nargs ? args[0] : NULL;
    } else if (py_parse_args(&params, args, nargs, kwnames, parsed) < 0) {
        return NULL;
    }
    struct py_object *value;
    if (!parsed[0])
        value = PY_OBJ(py_str_empty());
    else if (parsed[1] || parsed[2])
        value = str_from_bytes(parsed[0], parsed[1], parsed[2]);
    else
        value = py_str_of(parsed[0]);
    return type == &py_str_type ? value : str_new_subclass(type, value);
}

/* Slots. */

static struct py_object *str_str(struct py_object *o)
{
    return PY_OBJ(str_exact(str_of(o)));
}

static int64_t str_hash_slot(struct py_object *o)
{
    return py_str_hash(str_of(o));
}

static struct py_object *str_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if (!py_str_check(a) || !py_str_check(b))
        return PY_NOT_IMPLEMENTED;
    if (op == PY_EQ || op == PY_NE)
        return py_bool_from(py_str_equal(str_of(a), str_of(b)) == (op == PY_EQ));
    const int order = a == b ? 0 : py_str_compare(str_of(a), str_of(b));
    return py_bool_from(op == PY_LT   ? order < 0
                        : op == PY_LE ? order <= 0
                        : op == PY_GT ? order > 0
                                      : order >= 0);
}

static int64_t str_length(struct py_object *o)
{
    return str_of(o)->length;
}

static struct py_object *str_iter(struct py_object *o)
{
    return py_seq_iter_new(&py_str_iter_type, o);
}

static struct py_object *str_item(struct py_object *o, int64_t i)
{
    const struct py_str *s = str_of(o);
    if (i < 0 || i >= s->length)
        return py_raise(&py_exc_IndexError, "string index out of range");
    return PY_OBJ(py_str_from_char(py_str_char(s, i)));
}

static struct py_object *str_slice(struct py_str *s, struct py_slice *slice)
{
    int64_t start, stop, step, count;
    if (py_slice_indices(slice, &s->length, &start, &stop, &step, &count) < 0)
        return NULL;
    if (step == 1)
        return PY_OBJ(py_str_substring(s, start, start + count));
    struct py_strbuf b;
    py_strbuf_init(&b);
    for (int64_t i = 0; i < count; i++)
        if (py_strbuf_char(&b, py_str_char(s, start + i * step)) < 0) {
            py_strbuf_deinit(&b);
            return NULL;
        }
    b.max_char = chars_bound(b.data, b.kind, b.length);
    return PY_OBJ(py_strbuf_finish(&b));
}

static struct py_object *str_subscript(struct py_object *o, struct py_object *key)
{
    struct py_str *s = str_of(o);
    if (key->type == &py_slice_type)
        return str_slice(s, (struct py_slice *)key);
    if (!py_int_check(key) && !key->type->index)
        return py_raise(&py_exc_TypeError, "string indices must be integers, not '%.200s'",
                        key->type->name);
    struct py_object *index = py_index(key);
    if (!index)
        return NULL;
    int64_t i = py_int_as_i64_clip(index);
    if (i == INT64_MIN || i == INT64_MAX)
        py_raise(&py_exc_IndexError, "cannot fit '%.200s' into an index-sized integer",
                 key->type->name);
    py_decref(index);
    if (i == INT64_MIN || i == INT64_MAX)
        return NULL;
    return str_item(o, i < 0 ? i + s->length : i);
}

static int str_contains(struct py_object *o, struct py_object *item)
{
    if (!py_str_check(item))
        return py_raise_int(&py_exc_TypeError,
                            "'in <string>' requires string as left operand, not %.100s",
                            item->type->name);
    return str_find_range(str_of(o), str_of(item), 0, str_of(o)->length) >= 0;
}

static struct py_object *str_concat_slot(struct py_object *a, struct py_object *b)
{
    if (!py_str_check(b))
        return py_raise(&py_exc_TypeError, "can only concatenate str (not \"%.200s\") to str",
                        b->type->name);
    return PY_OBJ(py_str_concat(str_of(a), str_of(b)));
}

static struct py_object *str_repeat(struct py_object *o, int64_t n)
{
    struct py_str *s = str_of(o);
    if (n <= 0 || s->length == 0)
        return PY_OBJ(py_str_empty());
    if (n == 1)
        return PY_OBJ(str_exact(s));
    int64_t total;
    if (__builtin_mul_overflow(s->length, n, &total) || total > INT64_MAX / 8)
        return py_raise(&py_exc_OverflowError, "repeated string is too long");
    struct py_str *out = py_str_alloc(total, str_bound(s));
    if (!out)
        return NULL;
    if (s->length == 1) {
        chars_fill(py_str_data(out), out->kind, 0, py_str_char(s, 0), n);
        return PY_OBJ(out);
    }
    int64_t done = s->length; /* doubling what is there */
    str_copy_into(out, 0, s, 0, done);
    while (done < total) {
        const int64_t more = done < total - done ? done : total - done;
        str_copy_into(out, done, out, 0, more);
        done += more;
    }
    return PY_OBJ(out);
}

static struct py_object *str_mod_slot(struct py_object *a, struct py_object *b)
{
    return py_str_check(a) ? py_str_mod(a, b) : PY_NOT_IMPLEMENTED;
}

/* Methods that only the table needs. */

STR_METHOD(format_spec);
STR_METHOD(format_spec)
{
    (void)nargs, (void)kwnames;
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "__format__() argument must be str, not %.50s",
                        args[0]->type->name);
    return py_format_str(self, str_of(args[0]));
}

STR_METHOD(getnewargs);
STR_METHOD(getnewargs)
{
    STR_UNUSED_ARGS;
    struct py_object *text = PY_OBJ(str_exact(str_of(self)));
    return text ? PY_OBJ(py_tuple_from_array_steal(&text, 1)) : NULL;
}

STR_METHOD(sizeof);
STR_METHOD(sizeof)
{
    STR_UNUSED_ARGS;
    return py_int_from_i64(str_size_of(self));
}

#define ROW(n, lo, hi, sig)                                                         \
    {                                                                               \
        .name = #n, .fn = str_##n, .min_args = lo, .max_args = hi, .signature = sig \
    }
#define ROW_KW(n, sig)                                                                       \
    {                                                                                        \
        .name = #n, .fn = str_##n, .min_args = 0, .max_args = -1, .flags = PY_METH_KEYWORDS, \
        .signature = sig                                                                     \
    }

static const struct py_method_def str_methods[] = {
    ROW_KW(encode, "($self, /, encoding='utf-8', errors='strict')"),
    ROW(replace, 2, 3, "($self, old, new, count=-1, /)"),
    ROW_KW(split, "($self, /, sep=None, maxsplit=-1)"),
    ROW_KW(rsplit, "($self, /, sep=None, maxsplit=-1)"),
    ROW(join, 1, 1, "($self, iterable, /)"),
    ROW(capitalize, 0, 0, "($self, /)"),
    ROW(casefold, 0, 0, "($self, /)"),
    ROW(title, 0, 0, "($self, /)"),
    ROW(center, 1, 2, "($self, width, fillchar=' ', /)"),
    ROW(count, 0, -1, NULL),
    ROW_KW(expandtabs, "($self, /, tabsize=8)"),
    ROW(find, 0, -1, NULL),
    ROW(partition, 1, 1, "($self, sep, /)"),
    ROW(index, 0, -1, NULL),
    ROW(ljust, 1, 2, "($self, width, fillchar=' ', /)"),
    ROW(lower, 0, 0, "($self, /)"),
    ROW(lstrip, 0, 1, "($self, chars=None, /)"),
    ROW(rfind, 0, -1, NULL),
    ROW(rindex, 0, -1, NULL),
    ROW(rjust, 1, 2, "($self, width, fillchar=' ', /)"),
    ROW(rstrip, 0, 1, "($self, chars=None, /)"),
    ROW(rpartition, 1, 1, "($self, sep, /)"),
    ROW_KW(splitlines, "($self, /, keepends=False)"),
    ROW(strip, 0, 1, "($self, chars=None, /)"),
    ROW(swapcase, 0, 0, "($self, /)"),
    ROW(translate, 1, 1, "($self, table, /)"),
    ROW(upper, 0, 0, "($self, /)"),
    ROW(startswith, 0, -1, NULL),
    ROW(endswith, 0, -1, NULL),
    ROW(removeprefix, 1, 1, "($self, prefix, /)"),
    ROW(removesuffix, 1, 1, "($self, suffix, /)"),
    ROW(isascii, 0, 0, "($self, /)"),
    ROW(islower, 0, 0, "($self, /)"),
    ROW(isupper, 0, 0, "($self, /)"),
    ROW(istitle, 0, 0, "($self, /)"),
    ROW(isspace, 0, 0, "($self, /)"),
    ROW(isdecimal, 0, 0, "($self, /)"),
    ROW(isdigit, 0, 0, "($self, /)"),
    ROW(isnumeric, 0, 0, "($self, /)"),
    ROW(isalpha, 0, 0, "($self, /)"),
    ROW(isalnum, 0, 0, "($self, /)"),
    ROW(isidentifier, 0, 0, "($self, /)"),
    ROW(isprintable, 0, 0, "($self, /)"),
    ROW(zfill, 1, 1, "($self, width, /)"),
    ROW_KW(format, NULL),
    ROW(format_map, 1, 1, NULL),
    {.name = "maketrans",
     .fn = str_maketrans,
     .min_args = 1,
     .max_args = 3,
     .flags = PY_METH_STATIC},
    {.name = "__format__", .fn = str_format_spec, .min_args = 1, .max_args = 1},
    {.name = "__getnewargs__", .fn = str_getnewargs},
    {.name = "__sizeof__", .fn = str_sizeof},
    {.name = NULL},
};

struct py_type py_str_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "str",
    .basicsize = sizeof(struct py_str_wide),
    .itemsize = 1,
    .flags = PY_TYPE_BASETYPE | PY_TYPE_IMMUTABLE | PY_TYPE_IS_STR,
    .body = PY_BODY_STR,
    .dealloc = str_dealloc,
    .repr = py_str_repr,
    .str = str_str,
    .hash = str_hash_slot,
    .richcompare = str_richcompare,
    .iter = str_iter,
    .new_ = str_new,
    .size_of = str_size_of,
    .binary = {[PY_NB_MOD] = str_mod_slot},
    .length = str_length,
    .subscript = str_subscript,
    .contains = str_contains,
    .concat = str_concat_slot,
    .repeat = str_repeat,
    .item = str_item,
    .methods = str_methods,
    .doc = "str(object='') -> str\n"
           "str(bytes_or_buffer[, encoding[, errors]]) -> str\n\n"
           "The text of an object, or bytes decoded (utf-8 and strict unless said otherwise).",
};
