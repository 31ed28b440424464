/* array: octets, text, lists, files and pickles in and out; the iterator; the module itself.
 *
 * A pickle of protocol 3 and above holds the items as this machine has them, with a number that
 * says how (machine_format, CPython's codes); _array_reconstructor reads every such format.
 */
#include <string.h>

#include "vm/builtins/mod_array.h"
#include "vm/object/dict.h"
#include "vm/object/float.h"
#include "vm/object/iter.h"
#include "vm/object/list.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/import.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/runtime.h"
#include "vm/runtime/thread.h"

struct py_object *array_list(const struct py_array *a)
{
    struct py_list *list = py_list_new(0);
    PY_HOLD(&list);
    for (int64_t i = 0; list && i < a->base.size; i++) {
        struct py_object *const item = array_item_at(a, i);
        if (!item || py_list_append_steal(list, item) < 0)
            py_clear(list);
    }
    return PY_OBJ(list);
}

struct py_object *array_text(const struct py_array *a)
{
    for (int64_t i = 0; i < a->base.size; i++) {
        const uint32_t c = ((const uint32_t *)a->data)[i];
        if (c > 0x10ffff)
            return py_raise(&py_exc_ValueError, "character U+%x is not in range [U+0000; U+10ffff]",
                            c);
    }
    return PY_OBJ(py_str_from_ucs4((const uint32_t *)a->data, a->base.size));
}

int array_append_octets(struct py_array *a, struct py_object *octets)
{
    OCTETS(in);
    if (octets_get(&in, octets) < 0)
        return -1;
    const int64_t w = a->kind->width, at = a->base.size;
    if (in.length % w)
        return py_raise_int(&py_exc_ValueError, "bytes length not a multiple of item size");
    if (in.length == 0)
        return 0;
    if (array_resize(a, at + in.length / w) < 0)
        return -1;
    memcpy(a->data + at * w, in.data, (size_t)in.length);
    return 0;
}

ARRAY_METHOD(array_frombytes)
{
    UNUSED;
    return array_append_octets(ARRAY(self), args[0]) < 0 ? NULL : PY_NONE;
}

ARRAY_METHOD(array_tobytes)
{
    UNUSED;
    const struct py_array *const a = ARRAY(self);
    return PY_OBJ(py_bytes_from(a->data, (size_t)(a->base.size * a->kind->width)));
}

ARRAY_METHOD(array_tolist)
{
    UNUSED;
    return array_list(ARRAY(self));
}

/* All or nothing: what a bad item left behind goes again. */
ARRAY_METHOD(array_fromlist)
{
    UNUSED;
    struct py_array *const a = ARRAY(self);
    if (!py_list_check(args[0]))
        return py_raise(&py_exc_TypeError, "arg must be list");
    const struct py_list *const list = (struct py_list *)args[0];
    const int64_t before = a->base.size, n = list->base.size;
    int status = 0;
    for (int64_t i = 0; i < n && status == 0; i++) {
        struct py_object *item = py_newref(list->items[i]);
        PY_HOLD(&item);
        status = array_insert_at(a, a->base.size, item);
        py_clear(item);
        if (status == 0 && list->base.size != n)
            status = py_raise_int(&py_exc_RuntimeError, "list changed size during iteration");
    }
    if (status == 0)
        return PY_NONE;
    struct py_object *const pending = py_error_fetch();
    if (a->base.size > before && array_resize(a, before) < 0)
        py_error_clear();
    py_error_restore(pending);
    return NULL;
}

ARRAY_METHOD(array_fromunicode)
{
    UNUSED;
    struct py_array *const a = ARRAY(self);
    if (!py_str_check(args[0]))
        return py_raise(&py_exc_TypeError, "fromunicode() argument must be str, not %T", args[0]);
    if (a->kind->code != 'u')
        return py_raise(&py_exc_ValueError, "fromunicode() may only be called on unicode type "
                                            "arrays");
    const struct py_str *const s = (struct py_str *)args[0];
    const int64_t at = a->base.size;
    if (array_resize(a, at + s->length) < 0)
        return NULL;
    for (int64_t i = 0; i < s->length; i++) {
        const uint32_t c = py_str_char(s, i);
        memcpy(a->data + (at + i) * 4, &c, 4);
    }
    return PY_NONE;
}

ARRAY_METHOD(array_tounicode)
{
    UNUSED;
    if (ARRAY(self)->kind->code != 'u')
        return py_raise(&py_exc_ValueError, "tounicode() may only be called on unicode type "
                                            "arrays");
    return array_text(ARRAY(self));
}

ARRAY_METHOD(array_fromfile)
{
    UNUSED;
    struct py_array *const a = ARRAY(self);
    const int64_t n = py_int_as_ssize_arg(args[1]);
    if (n == -1 && py_error_occurred())
        return NULL;
    if (n < 0)
        return py_raise(&py_exc_ValueError, "negative count");
    if (n > INT64_MAX / a->kind->width)
        return py_raise_no_memory();
    struct py_object *data = NULL, *count = py_int_from_i64(n * a->kind->width);
    if (!count)
        return NULL;
    PY_HOLD(&data);
    PY_HOLD(&count);
    data = py_call_method(args[0], py_str_const("read"), &count, 1);
    py_clear(count);
    if (!data)
        return NULL;
    struct py_object *result = NULL;
    if (!py_bytes_check(data)) {
        py_raise(&py_exc_TypeError, "read() didn't return bytes");
    } else {
        const bool enough = ((struct py_bytes *)data)->base.size == n * a->kind->width;
        if (array_append_octets(a, data) == 0)
            result =
                enough ? PY_NONE : py_raise(&py_exc_EOFError, "read() didn't return enough bytes");
    }
    py_clear(data);
    return result;
}

ARRAY_METHOD(array_tofile)
{
    UNUSED;
    enum { BLOCK = 65536 };
    const struct py_array *const a = ARRAY(self);
    for (int64_t at = 0; at < a->base.size * a->kind->width; at += BLOCK) {
        const int64_t left = a->base.size * a->kind->width - at;
        struct py_object *block =
            PY_OBJ(py_bytes_from(a->data + at, (size_t)(left < BLOCK ? left : BLOCK)));
        if (!block)
            return NULL;
        PY_HOLD(&block);
        struct py_object *const done = py_call_method(args[0], py_str_const("write"), &block, 1);
        py_clear(block);
        if (!done)
            return NULL;
        py_decref(done);
    }
    return PY_NONE;
}

/* ---- pickles --------------------------------------------------------------------------------- */

/* In the order of CPython's machine format codes. */
static const struct machine_format {
    int8_t width;
    bool is_signed, is_float, big;
    int8_t text; /* bits a character; 0: not text */
} formats[] = {
    {1, false, false, false, 0},  {1, true, false, false, 0},  {2, false, false, false, 0},
    {2, false, false, true, 0},   {2, true, false, false, 0},  {2, true, false, true, 0},
    {4, false, false, false, 0},  {4, false, false, true, 0},  {4, true, false, false, 0},
    {4, true, false, true, 0},    {8, false, false, false, 0}, {8, false, false, true, 0},
    {8, true, false, false, 0},   {8, true, false, true, 0},   {4, false, true, false, 0},
    {4, false, true, true, 0},    {8, false, true, false, 0},  {8, false, true, true, 0},
    {4, false, false, false, 16}, {4, false, false, true, 16}, {8, false, false, false, 32},
    {8, false, false, true, 32},
};
enum { FORMAT_COUNT = sizeof formats / sizeof *formats, FORMAT_UTF32 = 20 };

static int format_of(const struct array_kind *kind)
{
    if (kind->code == 'u')
        return FORMAT_UTF32;
    const bool is_float = kind->code == 'f' || kind->code == 'd';
    const bool is_signed = strchr("bhilq", kind->code) != NULL;
    for (int i = 0; i < FORMAT_COUNT; i++)
        if (formats[i].width == kind->width && formats[i].is_float == is_float &&
            formats[i].is_signed == is_signed && !formats[i].big)
            return i;
    return -1;
}

/* The array(s) items as list entries, read in a foreign format. */
static struct py_object *foreign_list(const struct machine_format *f, const uint8_t *data,
                                      int64_t length)
{
    struct py_list *list = py_list_new(0);
    PY_HOLD(&list);
    for (int64_t at = 0; list && at < length; at += f->width) {
        uint8_t bytes[8];
        for (int i = 0; i < f->width; i++)
            bytes[i] = data[at + (f->big ? f->width - 1 - i : i)];
        struct py_object *item;
        double d;
        float single;
        memcpy(&d, bytes, sizeof d);
        memcpy(&single, bytes, sizeof single);
        if (f->is_float) {
            item = py_float_from(f->width == 8 ? d : (double)single);
        } else {
            item = py_int_from_bytes(bytes, (size_t)f->width, true, f->is_signed);
        }
        if (!item || py_list_append_steal(list, item) < 0)
            py_clear(list);
    }
    return PY_OBJ(list);
}

/* The kind that is as wide here as the format's integers were there. */
static char integer_code(const struct machine_format *f, char code)
{
    for (const char *c = f->is_signed ? "bhilq" : "BHILQ"; *c && !f->is_float; c++)
        if (array_kind_of((uint8_t)*c)->width == f->width)
            code = *c;
    return code;
}

METHOD(reconstructor)
{
    UNUSED;
    int format;
    if (!py_has_flag(args[0], PY_TYPE_IS_TYPE))
        return py_raise(&py_exc_TypeError, "first argument must be a type object, not %T", args[0]);
    if (!py_type_is_subtype((struct py_type *)args[0], &py_array_type))
        return py_raise(&py_exc_TypeError, "%.200s is not a subtype of array.array",
                        ((struct py_type *)args[0])->name);
    if (!py_str_check(args[1]) || ((struct py_str *)args[1])->length != 1)
        return py_raise(&py_exc_TypeError,
                        "_array_reconstructor() argument 2 must be a unicode character, not %T",
                        args[1]);
    const struct array_kind *const kind = array_kind_of(py_str_char((struct py_str *)args[1], 0));
    if (int_argument(args[2], &format) < 0)
        return NULL;
    if (!kind)
        return py_raise(&py_exc_ValueError, "second argument must be a valid type code");
    if (format < 0 || format >= FORMAT_COUNT)
        return py_raise(&py_exc_ValueError, "third argument must be a valid machine format code.");
    if (!py_bytes_check(args[3]))
        return py_raise(&py_exc_TypeError, "fourth argument should be bytes, not %T", args[3]);
    const struct py_bytes *const data = (struct py_bytes *)args[3];
    struct py_object *converted = NULL;
    char code = kind->code;
    PY_HOLD(&converted);
    if (format == format_of(kind)) {
        converted = py_newref(args[3]);
    } else if (formats[format].text) {
        converted = py_bytes_decode(data->data, (size_t)data->base.size,
                                    formats[format].text == 32
                                        ? (formats[format].big ? "utf-32-be" : "utf-32-le")
                                        : (formats[format].big ? "utf-16-be" : "utf-16-le"),
                                    NULL);
    } else if (data->base.size % formats[format].width) {
        return py_raise(&py_exc_ValueError, "string length not a multiple of item size");
    } else {
        converted = foreign_list(&formats[format], data->data, data->base.size);
        code = integer_code(&formats[format], code);
    }
    if (!converted)
        return NULL;
    struct py_str *const code_text = py_str_from_char((uint8_t)code); /* immortal */
    struct py_object *const result = py_call2(args[0], PY_OBJ(code_text), converted);
    py_clear(converted);
    return result;
}

/* The attribute `name` of the module array. New. */
static struct py_object *of_module(const char *name)
{
    struct py_object *module = py_import_module("array");
    struct py_object *const value = module ? py_getattr_cstr(module, name) : NULL;
    py_xdecref(module);
    return value;
}

ARRAY_METHOD(array_reduce_ex)
{
    UNUSED;
    struct py_array *const a = ARRAY(self);
    int64_t protocol;
    if (i64_argument(args[0], &protocol) < 0)
        return NULL;
    struct py_object *dict = NULL, *maker = NULL, *inner = NULL, *code = NULL, *result = NULL;
    PY_HOLD(&dict);
    PY_HOLD(&maker);
    PY_HOLD(&inner);
    PY_HOLD(&code);
    const int format = format_of(a->kind);
    code = PY_OBJ(py_str_from_char((uint8_t)a->kind->code));
    if (!code || py_getattr_optional(self, PY_OBJ(py_str_const("__dict__")), &dict) < 0)
        goto done;
    if (protocol < 3) {
        struct py_object *items = array_list(a);
        PY_HOLD(&items);
        if (items && (inner = PY_OBJ(py_tuple_pack(2, code, items))))
            result = PY_OBJ(py_tuple_pack(3, PY_OBJ(self->type), inner, dict ? dict : PY_NONE));
        py_clear(items);
    } else if ((maker = of_module("_array_reconstructor"))) {
        struct py_object *octets = array_tobytes(self, NULL, 0, NULL);
        PY_HOLD(&octets);
        struct py_object *number = py_int_from_i64(format);
        if (octets && number &&
            (inner = PY_OBJ(py_tuple_pack(4, PY_OBJ(self->type), code, number, octets))))
            result = PY_OBJ(py_tuple_pack(3, maker, inner, dict ? dict : PY_NONE));
        py_xdecref(number);
        py_clear(octets);
    }
done:
    py_clear(code);
    py_clear(inner);
    py_clear(maker);
    py_clear(dict);
    return result;
}

/* ---- iterator -------------------------------------------------------------------------------- */

static struct py_object *iter_next(struct py_object *o)
{
    struct py_seq_iter *const it = (struct py_seq_iter *)o;
    struct py_array *const a = ARRAY(it->sequence);
    if (a && it->index < a->base.size)
        return array_item_at(a, it->index++);
    py_clear(it->sequence);
    return NULL;
}

METHOD(iter_setstate)
{
    UNUSED;
    struct py_seq_iter *const it = (struct py_seq_iter *)self;
    const int64_t i = py_int_as_ssize_arg(args[0]);
    if (i == -1 && py_error_occurred())
        return NULL;
    if (it->sequence)
        it->index = i < 0                                ? 0
                    : i > ARRAY(it->sequence)->base.size ? ARRAY(it->sequence)->base.size
                                                         : i;
    return PY_NONE;
}

static const struct py_method_def iter_methods[] = {
    {.name = "__reduce__", .fn = py_seq_iter_reduce},
    METHOD_ROW("__setstate__", iter_setstate, 1, 1),
    {.name = NULL},
};
static const struct py_field iter_fields[] = {PY_FIELD(struct py_seq_iter, sequence)};

struct py_type py_array_iter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "array.arrayiterator",
    .basicsize = sizeof(struct py_seq_iter),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 1,
    .fields = iter_fields,
    .iter = py_iter_self,
    .iternext = iter_next,
    .methods = iter_methods,
};

/* ---- the module ------------------------------------------------------------------------------ */

static const struct py_method_def functions[] = {
    METHOD_ROW("_array_reconstructor", reconstructor, 4, 4),
    {.name = NULL},
};

struct py_module *py_mod_array_init(void); /* modules.def */

struct py_module *py_mod_array_init(void)
{
    struct py_module *m =
        py_module_new("array", "Numbers of one machine type, side by side in memory.");
    if (!m || py_type_ready(&py_array_iter_type) < 0 || module_add_type(m, &py_array_type) < 0 ||
        py_module_add(m, "ArrayType", PY_OBJ(&py_array_type)) < 0 ||
        py_module_add_steal(m, "typecodes", PY_OBJ(py_str_from_cstr("bBuhHiIlLqQfd"))) < 0 ||
        py_module_add_methods(m, functions) < 0)
        py_clear(m);
    return m;
}
