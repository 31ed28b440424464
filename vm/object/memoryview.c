/* memoryview: a window on another object's octets, item by item.
 *
 * One dimension. A view of a view shows the same object; each view holds one export of it (so a
 * bytearray cannot move its octets), from its making to release() or death.
 *
 *     data -> item 0, item 0 + stride, ...     count items of itemsize bytes, stride may be
 * negative
 *
 * Not here: more dimensions (cast() with a shape refuses them), formats of several items.
 */
#include "vm/object/buffer.h"

#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes_impl.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/range.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

struct memoryview {
    struct py_object base;
    struct py_object *obj; /* NULL once released */
    uint8_t *data;
    int64_t count, itemsize, stride;
    int64_t exports; /* of this view; it cannot be released meanwhile */
    int64_t hash;
    char format;
    bool readonly, released;
    struct py_object *weaklist;
};
#define VIEW(o) ((struct memoryview *)(o))

static int check_released(const struct memoryview *v)
{
    return v->released ? py_raise_int(&py_exc_ValueError,
                                      "operation forbidden on released memoryview object")
                       : 0;
}

static bool contiguous(const struct memoryview *v)
{
    return v->stride == v->itemsize || v->count <= 1;
}

static struct memoryview *new_view(struct py_object *obj, const struct py_buffer *b)
{
    struct memoryview *v = py_object_new(&py_memoryview_type);
    if (!v) {
        py_buffer_release(obj);
        return NULL;
    }
    v->obj = py_newref(obj);
    v->data = b->data;
    v->itemsize = b->itemsize;
    v->count = b->length / b->itemsize;
    v->stride = b->itemsize;
    v->format = b->format;
    v->readonly = b->readonly;
    v->hash = -1;
    py_gc_track(v);
    return v;
}

/* A second view of what v shows. */
static struct memoryview *copy_view(struct memoryview *v)
{
    struct py_buffer b;
    if (check_released(v) < 0 || py_buffer_get(v->obj, &b) < 0)
        return NULL;
    struct memoryview *const copy = new_view(v->obj, &b);
    if (copy) {
        copy->data = v->data;
        copy->count = v->count;
        copy->itemsize = v->itemsize;
        copy->stride = v->stride;
        copy->format = v->format;
        copy->readonly = v->readonly;
    }
    return copy;
}

static struct py_object *view_new(struct py_type *type, struct py_object *const *args, size_t nargs,
                                  struct py_tuple *kwnames)
{
    static const char *const names[] = {"object"};
    static const struct py_params params = {
        .function = "memoryview", .names = names, .count = 1, .required = 1, .keyword_only = 1};
    struct py_object *o = NULL;
    (void)type;
    if (py_parse_args(&params, args, nargs, kwnames, &o) < 0)
        return NULL;
    if (o->type == &py_memoryview_type)
        return PY_OBJ(copy_view(VIEW(o)));
    struct py_buffer b;
    if (!py_has_buffer(o))
        return py_raise(&py_exc_TypeError,
                        "memoryview: a bytes-like object is required, not '%.200s'", o->type->name);
    return py_buffer_get(o, &b) < 0 ? NULL : PY_OBJ(new_view(o, &b));
}

static int release(struct memoryview *v)
{
    if (v->released)
        return 0;
    if (v->exports > 0)
        return py_raise_int(&py_exc_BufferError, "memoryview has %lld exported buffer%s",
                            (long long)v->exports, v->exports == 1 ? "" : "s");
    v->released = true;
    if (v->obj) {
        py_buffer_release(v->obj);
        py_clear(v->obj);
    }
    return 0;
}

static void view_dealloc(struct py_object *o)
{
    VIEW(o)->exports = 0;
    py_gc_untrack(o);
    release(VIEW(o));
    py_object_release_common(o);
    py_object_free(o);
}

static int view_buffer(struct py_object *o, struct py_buffer *out)
{
    struct memoryview *const v = VIEW(o);
    if (check_released(v) < 0)
        return -1;
    if (!contiguous(v))
        return py_raise_int(&py_exc_BufferError,
                            "memoryview: underlying buffer is not C-contiguous");
    v->exports++;
    *out = (struct py_buffer){.data = v->data,
                              .length = v->count * v->itemsize,
                              .itemsize = v->itemsize,
                              .format = v->format,
                              .readonly = v->readonly};
    return 0;
}

static void view_buffer_release(struct py_object *o)
{
    VIEW(o)->exports--;
}

struct py_object *py_memoryview_tobytes(struct py_object *o)
{
    struct memoryview *const v = VIEW(o);
    if (check_released(v) < 0)
        return NULL;
    const int64_t bytes = v->count * v->itemsize;
    if (contiguous(v))
        return PY_OBJ(py_bytes_from(bytes ? (void *)v->data : "", (size_t)bytes));
    struct py_bytes *const b = py_bytes_from(NULL, (size_t)bytes);
    for (int64_t i = 0; b && i < v->count; i++)
        memcpy(b->data + i * v->itemsize, v->data + i * v->stride, (size_t)v->itemsize);
    return PY_OBJ(b);
}

/* ---- items ----------------------------------------------------------------------------------- */

static int format_size(char format)
{
    switch (format) {
    case 'c':
    case 'b':
    case 'B':
    case '?':
        return 1;
    case 'h':
    case 'H':
    case 'e':
        return 2;
    case 'i':
    case 'I':
    case 'f':
        return 4;
    case 'l':
    case 'L':
    case 'q':
    case 'Q':
    case 'n':
    case 'N':
    case 'd':
    case 'P':
        return 8;
    default:
        return 0;
    }
}

static struct py_object *item_value(const struct memoryview *v, int64_t i)
{
    const uint8_t *const p = v->data + i * v->stride;
    uint64_t bits = 0;
    memcpy(&bits, p, (size_t)v->itemsize);
    switch (v->format) {
    case 'c':
        return PY_OBJ(py_bytes_from(p, 1));
    case '?':
        return py_bool_from(*p != 0);
    case 'b':
        return py_int_from_i64((int8_t)bits);
    case 'B':
        return py_int_from_i64((uint8_t)bits);
    case 'h':
        return py_int_from_i64((int16_t)bits);
    case 'H':
    case 'I':
        return py_int_from_u64(bits);
    case 'i':
        return py_int_from_i64((int32_t)bits);
    case 'l':
    case 'q':
    case 'n':
        return py_int_from_i64((int64_t)bits);
    case 'L':
    case 'Q':
    case 'N':
    case 'P':
        return py_int_from_u64(bits);
    case 'f': {
        float f;
        memcpy(&f, p, sizeof f);
        return py_float_from(f);
    }
    case 'd': {
        double d;
        memcpy(&d, p, sizeof d);
        return py_float_from(d);
    }
    default:
        return py_raise(&py_exc_NotImplementedError, "memoryview: format %c not supported",
                        v->format);
    }
}

static int raise_item(const struct memoryview *v, bool range)
{
    return range ? py_raise_int(&py_exc_ValueError, "memoryview: invalid value for format '%c'",
                                v->format)
                 : py_raise_int(&py_exc_TypeError, "memoryview: invalid type for format '%c'",
                                v->format);
}

static int set_integer(struct memoryview *v, uint8_t *p, struct py_object *value)
{
    const bool is_signed = strchr("bhilqn", v->format) != NULL;
    if (!py_int_check(value) && !value->type->index)
        return raise_item(v, false);
    struct py_object *n = py_index(value);
    if (!n)
        return -1;
    uint8_t bytes[8];
    const int status = py_int_to_bytes(n, bytes, (size_t)v->itemsize, true, is_signed);
    py_decref(n);
    if (status < 0) {
        if (!py_error_matches(&py_exc_OverflowError))
            return -1;
        py_error_clear();
        return raise_item(v, true);
    }
    memcpy(p, bytes, (size_t)v->itemsize);
    return 0;
}

/* The item that value makes, into p. */
static int convert_item(struct memoryview *v, struct py_object *value, uint8_t *p)
{
    if (v->format == 'c') {
        if (!py_bytes_check(value))
            return raise_item(v, false);
        if (bytes_of(value)->base.size != 1)
            return raise_item(v, true);
        *p = bytes_of(value)->data[0];
        return 0;
    }
    if (v->format == '?') {
        const int truth = py_truth(value);
        *p = truth > 0;
        return truth < 0 ? -1 : 0;
    }
    if (v->format != 'd' && v->format != 'f')
        return set_integer(v, p, value);
    const double d = py_float_as_double(value);
    if (d == -1.0 && py_error_occurred()) {
        py_error_clear();
        return raise_item(v, false);
    }
    const float f = (float)d;
    memcpy(p, v->format == 'd' ? (const void *)&d : (const void *)&f, (size_t)v->itemsize);
    return 0;
}

/* Converting may run Python code that releases the view. */
static int set_item(struct memoryview *v, int64_t i, struct py_object *value)
{
    uint8_t item[8];
    if (convert_item(v, value, item) < 0 || check_released(v) < 0)
        return -1;
    memcpy(v->data + i * v->stride, item, (size_t)v->itemsize);
    return 0;
}

static int64_t view_length(struct py_object *o)
{
    return check_released(VIEW(o)) < 0 ? -1 : VIEW(o)->count;
}

static struct py_object *view_item(struct py_object *o, int64_t i)
{
    if (check_released(VIEW(o)) < 0)
        return NULL;
    if (i < 0 || i >= VIEW(o)->count)
        return py_raise(&py_exc_IndexError, "index out of bounds on dimension 1");
    return item_value(VIEW(o), i);
}

static int64_t index_of(const struct memoryview *v, struct py_object *key)
{
    if (!py_int_check(key) && !key->type->index)
        return py_raise_int(&py_exc_TypeError, "memoryview: invalid slice key");
    int64_t i = py_int_as_item_index(key);
    if ((i == -1 && py_error_occurred()) || check_released(v) < 0) /* __index__ may release it */
        return -1;
    if (i < 0)
        i += v->count;
    if (i < 0 || i >= v->count)
        return py_raise_int(&py_exc_IndexError, "index out of bounds on dimension 1");
    return i;
}

static struct memoryview *slice(struct memoryview *v, struct py_object *key)
{
    int64_t start, stop, step, count;
    if (py_slice_indices((struct py_slice *)key, &v->count, &start, &stop, &step, &count) < 0)
        return NULL;
    struct memoryview *const part = copy_view(v);
    if (part) {
        part->data = v->data + start * v->stride;
        part->count = count;
        part->stride = v->stride * step;
    }
    return part;
}

static struct py_object *view_subscript(struct py_object *o, struct py_object *key)
{
    struct memoryview *const v = VIEW(o);
    if (check_released(v) < 0)
        return NULL;
    if (key->type == &py_slice_type)
        return PY_OBJ(slice(v, key));
    if (key == PY_ELLIPSIS)
        return py_newref(o);
    const int64_t i = index_of(v, key);
    return i < 0 ? NULL : item_value(v, i);
}

static int assign_slice(struct memoryview *v, struct py_object *key, struct py_object *value)
{
    struct py_object *from = py_memoryview_type.new_(&py_memoryview_type, &value, 1, NULL);
    if (!from)
        return -1;
    PY_HOLD(&from);
    struct memoryview *to = slice(v, key);
    PY_HOLD(&to);
    struct memoryview *const source = VIEW(from);
    int status = to ? 0 : -1;
    if (to && (source->count != to->count || source->itemsize != to->itemsize ||
               source->format != to->format)) {
        status = py_raise_int(&py_exc_ValueError,
                              "memoryview assignment: lvalue and rvalue have different structures");
    } else if (to) {
        struct py_object *octets = py_memoryview_tobytes(from);
        if (!octets)
            status = -1;
        for (int64_t i = 0; octets && i < to->count; i++)
            memcpy(to->data + i * to->stride, bytes_of(octets)->data + i * to->itemsize,
                   (size_t)to->itemsize);
        py_xdecref(octets);
    }
    py_clear(to);
    py_clear(from);
    return status;
}

static int view_ass_subscript(struct py_object *o, struct py_object *key, struct py_object *value)
{
    struct memoryview *const v = VIEW(o);
    if (check_released(v) < 0)
        return -1;
    if (v->readonly)
        return py_raise_int(&py_exc_TypeError, "cannot modify read-only memory");
    if (!value)
        return py_raise_int(&py_exc_TypeError, "cannot delete memory");
    if (key->type == &py_slice_type)
        return assign_slice(v, key, value);
    const int64_t i = index_of(v, key);
    return i < 0 ? -1 : set_item(v, i, value);
}

/* ---- comparison and text --------------------------------------------------------------------- */

static struct py_object *view_richcompare(struct py_object *a, struct py_object *b, int op)
{
    if ((op != PY_EQ && op != PY_NE) || !py_has_buffer(b))
        return PY_NOT_IMPLEMENTED;
    if (VIEW(a)->released || (b->type == &py_memoryview_type && VIEW(b)->released))
        return py_bool_from((a == b) == (op == PY_EQ));
    struct py_object *other = py_memoryview_type.new_(&py_memoryview_type, &b, 1, NULL);
    if (!other) {
        py_error_clear();
        return PY_NOT_IMPLEMENTED;
    }
    PY_HOLD(&other);
    const struct memoryview *const x = VIEW(a), *const y = VIEW(other);
    int equal = x->count == y->count;
    for (int64_t i = 0; equal > 0 && i < x->count; i++) {
        if (x->format == y->format && x->format != 'd' && x->format != 'f') {
            equal =
                memcmp(x->data + i * x->stride, y->data + i * y->stride, (size_t)x->itemsize) == 0;
            continue;
        }
        struct py_object *p = item_value(x, i);
        struct py_object *q = p ? item_value(y, i) : NULL;
        equal = q ? py_richcompare_bool(p, q, PY_EQ) : -1;
        if (equal > 0 && (x->format == 'd' || x->format == 'f')) { /* identity says nothing here */
            struct py_object *const same = py_richcompare(p, q, PY_EQ);
            equal = same == PY_TRUE;
            py_xdecref(same);
        }
        py_xdecref(p);
        py_xdecref(q);
    }
    py_clear(other);
    return equal < 0 ? NULL : py_bool_from((equal > 0) == (op == PY_EQ));
}

static int64_t view_hash(struct py_object *o)
{
    struct memoryview *const v = VIEW(o);
    if (v->hash != -1)
        return v->hash;
    if (check_released(v) < 0)
        return -1;
    if (!v->readonly)
        return py_raise_int(&py_exc_ValueError, "cannot hash writable memoryview object");
    if (v->format != 'B' && v->format != 'b' && v->format != 'c')
        return py_raise_int(&py_exc_ValueError,
                            "memoryview: hashing is restricted to formats 'B', 'b' or 'c'");
    struct py_object *const octets = py_memoryview_tobytes(o);
    if (!octets)
        return -1;
    v->hash = py_hash(octets);
    py_decref(octets);
    return v->hash;
}

static struct py_object *view_repr(struct py_object *o)
{
    return PY_OBJ(py_str_format_c(VIEW(o)->released ? "<released memory at %p>" : "<memory at %p>",
                                  (void *)o));
}

/* ---- methods --------------------------------------------------------------------------------- */

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)

METHOD(view_tobytes)
{
    (void)args, (void)nargs, (void)kwnames;
    return py_memoryview_tobytes(self);
}

METHOD(view_tolist)
{
    (void)args, (void)nargs, (void)kwnames;
    struct memoryview *const v = VIEW(self);
    if (check_released(v) < 0)
        return NULL;
    struct py_list *list = py_list_new(0);
    PY_HOLD(&list);
    for (int64_t i = 0; list && i < v->count; i++) {
        struct py_object *const item = item_value(v, i);
        if (!item || py_list_append_steal(list, item) < 0)
            py_clear(list);
    }
    struct py_list *const result = list;
    list = NULL;
    return PY_OBJ(result);
}

METHOD(view_hex)
{
    struct py_object *octets = py_memoryview_tobytes(self);
    if (!octets)
        return NULL;
    PY_HOLD(&octets);
    const struct py_method_def *def = bytes_methods;
    while (strcmp(def->name, "hex") != 0)
        def++;
    struct py_object *const text = def->fn(octets, args, nargs, kwnames);
    py_clear(octets);
    return text;
}

METHOD(view_release)
{
    (void)args, (void)nargs, (void)kwnames;
    return release(VIEW(self)) < 0 ? NULL : PY_NONE;
}

METHOD(view_enter)
{
    (void)args, (void)nargs, (void)kwnames;
    return check_released(VIEW(self)) < 0 ? NULL : py_newref(self);
}

METHOD(view_toreadonly)
{
    (void)args, (void)nargs, (void)kwnames;
    struct memoryview *const v = copy_view(VIEW(self));
    if (v)
        v->readonly = true;
    return PY_OBJ(v);
}

METHOD(view_cast)
{
    static const char *const names[] = {"format", "shape"};
    static const struct py_params params = {
        .function = "cast", .names = names, .count = 2, .required = 1, .keyword_only = 2};
    struct py_object *given[2] = {NULL};
    struct memoryview *const v = VIEW(self);
    if (py_parse_args(&params, args, nargs, kwnames, given) < 0 || check_released(v) < 0)
        return NULL;
    if (!py_str_check(given[0]))
        return py_raise(&py_exc_TypeError, "cast() argument 'format' must be str, not %.50s",
                        given[0]->type->name);
    const char *text = py_str_utf8((struct py_str *)given[0], NULL);
    if (!text)
        return NULL;
    if (*text == '@')
        text++;
    const int size = text[0] && !text[1] ? format_size(text[0]) : 0;
    if (!size)
        return py_raise(&py_exc_ValueError,
                        "memoryview: destination format must be a native single character format "
                        "prefixed with an optional '@'");
    if (!contiguous(v))
        return py_raise(&py_exc_TypeError,
                        "memoryview: casts are restricted to C-contiguous views");
    const bool bytes = strchr("Bbc", v->format) || strchr("Bbc", text[0]);
    if (!bytes)
        return py_raise(&py_exc_TypeError, "memoryview: cannot cast between two non-byte formats");
    const int64_t total = v->count * v->itemsize;
    if (total % size)
        return py_raise(&py_exc_TypeError, "memoryview: length is not a multiple of itemsize");
    if (given[1] && py_length(given[1]) != 1)
        return py_error_occurred()
                   ? NULL
                   : py_raise(&py_exc_NotImplementedError,
                              "memoryview: views of several dimensions are not supported");
    struct memoryview *const cast = copy_view(v);
    if (cast) {
        cast->format = text[0];
        cast->itemsize = cast->stride = size;
        cast->count = total / size;
    }
    return PY_OBJ(cast);
}

static const struct py_method_def view_methods[] = {
    {.name = "release", .fn = view_release},
    {.name = "tobytes", .fn = view_tobytes, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "hex", .fn = view_hex, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "tolist", .fn = view_tolist},
    {.name = "cast", .fn = view_cast, .max_args = -1, .flags = PY_METH_KEYWORDS},
    {.name = "toreadonly", .fn = view_toreadonly},
    {.name = "__enter__", .fn = view_enter},
    {.name = "__exit__", .fn = view_release, .max_args = 3},
    {.name = NULL}};

/* The closure is a letter that says which. */
#define WHICH(letter) ((void *)(uintptr_t)(letter))
static struct py_object *view_get(struct py_object *o, void *closure)
{
    const struct memoryview *const v = VIEW(o);
    if (check_released(v) < 0)
        return NULL;
    switch ((uintptr_t)closure) {
    case 'o':
        return py_newref(v->obj);
    case 'b':
        return py_int_from_i64(v->count * v->itemsize);
    case 'i':
        return py_int_from_i64(v->itemsize);
    case 'f':
        return PY_OBJ(py_str_from_char((uint8_t)v->format));
    case 'r':
        return py_bool_from(v->readonly);
    case 'd':
        return py_int_from_i64(1);
    case 's':
    case 't': {
        struct py_object *n = py_int_from_i64((uintptr_t)closure == 's' ? v->count : v->stride);
        return n ? PY_OBJ(py_tuple_from_array_steal(&n, 1)) : NULL;
    }
    case 'u':
        return PY_OBJ(py_tuple_empty());
    default:
        return py_bool_from(contiguous(v));
    }
}

static const struct py_getset_def view_getsets[] = {
    {"obj", view_get, NULL, "The object whose memory this is.", WHICH('o')},
    {"nbytes", view_get, NULL, "The size in bytes of the items.", WHICH('b')},
    {"itemsize", view_get, NULL, "How many bytes an item takes.", WHICH('i')},
    {"format", view_get, NULL, "The format of each element, as in the module struct.", WHICH('f')},
    {"readonly", view_get, NULL, "Whether the memory is read only.", WHICH('r')},
    {"ndim", view_get, NULL, "The number of dimensions.", WHICH('d')},
    {"shape", view_get, NULL, "A tuple with the number of items.", WHICH('s')},
    {"strides", view_get, NULL, "A tuple with the bytes from one item to the next.", WHICH('t')},
    {"suboffsets", view_get, NULL, "Empty.", WHICH('u')},
    {"c_contiguous", view_get, NULL, "Whether the memory is C contiguous.", WHICH('c')},
    {"f_contiguous", view_get, NULL, "Whether the memory is Fortran contiguous.", WHICH('c')},
    {"contiguous", view_get, NULL, "Whether the memory is contiguous.", WHICH('c')},
    {NULL, NULL, NULL, NULL, NULL}};

static const struct py_field view_fields[] = {PY_FIELD(struct memoryview, obj)};

struct py_type py_memoryview_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "memoryview",
    .basicsize = sizeof(struct memoryview),
    .flags = PY_TYPE_GC | PY_TYPE_SEQUENCE | PY_TYPE_IMMUTABLE,
    .field_count = 1,
    .fields = view_fields,
    .weaklist_offset = offsetof(struct memoryview, weaklist),
    .dealloc = view_dealloc,
    .repr = view_repr,
    .hash = view_hash,
    .richcompare = view_richcompare,
    .new_ = view_new,
    .length = view_length,
    .subscript = view_subscript,
    .ass_subscript = view_ass_subscript,
    .item = view_item,
    .buffer = view_buffer,
    .buffer_release = view_buffer_release,
    .methods = view_methods,
    .getsets = view_getsets,
    .doc = "memoryview(object) -- the memory of an object that has a buffer, not copied.",
};
