/* _struct: values packed into octets, as a format says.
 *
 * A Struct keeps its format taken apart (mod_struct.h). The functions of the module, which are
 * given formats, keep the Structs of the last hundred in a dict. What iter_unpack returns holds on
 * to the octets it reads until it has read them all.
 *
 * A value is converted by code of its class, which may give the Struct another format: whoever goes
 * through a layout shares it for so long.
 */
#include "vm/builtins/mod_struct.h"

#include <string.h>

#include "vm/builtins/mod_support.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/iter.h"
#include "vm/object/str.h"
#include "vm/object/tuple.h"
#include "vm/runtime/args.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum { FORMATS_KEPT = 100 };

struct py_type *struct_error;
static struct py_dict *kept; /* format -> Struct */

/* The place of a format that was never given. */
static struct layout no_layout = {.size = -1, .values = -1, .uses = 1};

struct py_struct {
    struct py_object base;
    struct py_object *format; /* str, or NULL */
    struct layout *layout;    /* or NULL */
    struct py_weakref *weaklist;
};
extern struct py_type py_struct_type, py_struct_iter_type;
#define STRUCT(o) ((struct py_struct *)(o))

struct py_struct_iter {
    struct py_object base;
    struct py_object *owner;  /* the Struct; NULL at the end */
    struct py_object *source; /* whose octets these are; NULL at the end */
    const uint8_t *data;
    int64_t length, at;
    struct layout *layout;
};
#define ITER(o) ((struct py_struct_iter *)(o))

/* A share in the layout for the rest of a scope. */
#define LAYOUT(name, of)                                        \
    __attribute__((cleanup(layout_drop))) struct layout *name = \
        layout_share((of)->layout ? (of)->layout : &no_layout)

/* ---- structs --------------------------------------------------------------------------------- */

/* Takes the format apart and puts it into s; s is as it was if that fails. */
static int set_format(struct py_struct *s, struct py_object *format)
{
    struct py_object *octets = NULL, *text = NULL;
    if (py_str_check(format))
        octets = py_str_encode(format, "ascii", NULL);
    else if (py_bytes_check(format))
        octets = py_newref(format);
    else
        py_raise(&py_exc_TypeError, "Struct() argument 1 must be a str or bytes object, not %.200s",
                 format->type->name);
    if (!octets)
        return -1;
    PY_HOLD(&octets);
    const struct py_bytes *const b = (struct py_bytes *)octets;
    struct layout *const l = layout_create((const char *)b->data, (size_t)b->base.size);
    if (l)
        text = PY_OBJ(py_str_from_latin1(b->data, (size_t)b->base.size));
    py_clear(octets);
    if (!text) {
        layout_release(l);
        return -1;
    }
    layout_release(s->layout);
    s->layout = l;
    py_setref(s->format, text);
    return 0;
}

static struct py_object *struct_new(struct py_type *type, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_struct *const s = py_object_new(type);
    if (s)
        py_gc_track(s);
    return PY_OBJ(s);
}

static int struct_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                       struct py_tuple *kwnames)
{
    static const char *const names[] = {"format"};
    static const struct py_params params = {
        .function = "Struct", .names = names, .count = 1, .required = 1, .keyword_only = 1};
    struct py_object *format = NULL;
    return py_parse_args(&params, args, nargs, kwnames, &format) < 0
               ? -1
               : set_format(STRUCT(self), format);
}

static void struct_dealloc(struct py_object *o)
{
    py_object_release_common(o);
    layout_release(STRUCT(o)->layout);
    py_object_free(o);
}

static struct py_object *struct_get_format(struct py_object *o, void *closure)
{
    (void)closure;
    return STRUCT(o)->format ? py_newref(STRUCT(o)->format) : py_newref(PY_NONE);
}

static struct py_object *struct_get_size(struct py_object *o, void *closure)
{
    (void)closure;
    return py_int_from_i64(STRUCT(o)->layout ? STRUCT(o)->layout->size : -1);
}

/* The Struct of a format. New. */
static struct py_struct *struct_of(struct py_object *format)
{
    struct py_object *found = py_dict_get(kept, format);
    if (found)
        return STRUCT(py_newref(found));
    if (py_error_occurred())
        return NULL;
    struct py_object *made = struct_new(&py_struct_type, NULL, 0, NULL);
    if (!made)
        return NULL;
    PY_HOLD(&made);
    if (kept->used >= FORMATS_KEPT)
        py_dict_clear(kept);
    if (set_format(STRUCT(made), format) < 0 || py_dict_set(kept, format, made) < 0)
        py_clear(made);
    return STRUCT(made);
}

/* ---- packing --------------------------------------------------------------------------------- */

static int put_values(const struct layout *l, struct py_object *const *values, uint8_t *p)
{
    memset(p, 0, (size_t)l->size);
    for (int64_t i = 0; i < l->item_count; i++) {
        const struct layout_item *const item = &l->items[i];
        const int64_t n = is_text_item(item) ? 1 : item->count;
        for (int64_t k = 0; k < n; k++)
            if (layout_put(l, item, *values++, p + item->at + k * item->size) < 0)
                return -1;
    }
    return 0;
}

static int check_count(const struct layout *l, const char *name, size_t nargs)
{
    if (l->values == (int64_t)nargs)
        return 0;
    return py_raise_int(struct_error, "%s expected %lld items for packing (got %zu)", name,
                        (long long)l->values, nargs);
}

static struct py_object *pack_values(struct py_struct *s, struct py_object *const *values, size_t n)
{
    LAYOUT(l, s);
    if (check_count(l, "pack", n) < 0)
        return NULL;
    struct py_object *out = PY_OBJ(py_bytes_from(NULL, (size_t)l->size));
    if (!out)
        return out;
    PY_HOLD(&out);
    if (put_values(l, values, ((struct py_bytes *)out)->data) < 0)
        py_clear(out);
    return out;
}

static int writable_octets(struct octets *out, struct py_object *o)
{
    struct py_buffer b = {.readonly = true};
    if (py_has_buffer(o) && octets_take(out, o, &b, py_buffer_get(o, &b)) < 0)
        return -1;
    if (b.readonly)
        return py_raise_int(&py_exc_TypeError,
                            "argument must be read-write bytes-like object, not %.200s",
                            o->type->name);
    return 0;
}

/* args: buffer, offset, values */
static struct py_object *pack_values_into(struct py_struct *s, struct py_object *const *args,
                                          size_t nargs)
{
    LAYOUT(l, s);
    if (nargs < 2)
        return py_raise(struct_error, "pack_into expected %s argument",
                        nargs ? "offset" : "buffer");
    if (check_count(l, "pack_into", nargs - 2) < 0)
        return NULL;
    OCTETS(to);
    if (writable_octets(&to, args[0]) < 0)
        return NULL;
    const int64_t offset = py_int_as_item_index(args[1]);
    if (offset == -1 && py_error_occurred())
        return NULL;
    int64_t at = offset;
    if (offset < 0) {
        if (offset + l->size > 0)
            return py_raise(struct_error, "no space to pack %lld bytes at offset %lld",
                            (long long)l->size, (long long)offset);
        at += to.length;
        if (at < 0)
            return py_raise(struct_error, "offset %lld out of range for %lld-byte buffer",
                            (long long)offset, (long long)to.length);
    }
    if (to.length - at < l->size)
        return py_raise(struct_error,
                        "pack_into requires a buffer of at least %llu bytes for packing %lld bytes "
                        "at offset %lld (actual buffer size is %lld)",
                        (unsigned long long)l->size + (unsigned long long)at, (long long)l->size,
                        (long long)at, (long long)to.length);
    return put_values(l, args + 2, to.data + at) < 0 ? NULL : py_newref(PY_NONE);
}

/* ---- unpacking ------------------------------------------------------------------------------- */

static struct py_object *get_values(const struct layout *l, const uint8_t *p)
{
    struct py_tuple *out = l->values ? py_tuple_new(l->values) : py_tuple_empty();
    if (!out)
        return NULL;
    PY_HOLD(&out);
    int64_t at = 0;
    for (int64_t i = 0; i < l->item_count && out; i++) {
        const struct layout_item *const item = &l->items[i];
        const int64_t n = is_text_item(item) ? 1 : item->count;
        for (int64_t k = 0; k < n && out; k++)
            if (!(out->items[at++] = layout_get(l, item, p + item->at + k * item->size)))
                py_clear(out);
    }
    return PY_OBJ(out);
}

static struct py_object *unpack_all(struct py_struct *s, struct py_object *buffer)
{
    LAYOUT(l, s);
    OCTETS(in);
    if (octets_get(&in, buffer) < 0)
        return NULL;
    if (in.length != l->size)
        return py_raise(struct_error, "unpack requires a buffer of %lld bytes", (long long)l->size);
    return get_values(l, in.data);
}

static struct py_object *unpack_at(struct py_struct *s, struct py_object *buffer,
                                   struct py_object *offset)
{
    LAYOUT(l, s);
    OCTETS(in);
    if (octets_get(&in, buffer) < 0)
        return NULL;
    int64_t at = 0;
    if (offset) {
        at = py_int_as_ssize_arg(offset);
        if (at == -1 && py_error_occurred())
            return NULL;
    }
    if (at < 0) {
        if (at + l->size > 0)
            return py_raise(struct_error, "not enough data to unpack %lld bytes at offset %lld",
                            (long long)l->size, (long long)at);
        if (at + in.length < 0)
            return py_raise(struct_error, "offset %lld out of range for %lld-byte buffer",
                            (long long)at, (long long)in.length);
        at += in.length;
    }
    if (in.length - at < l->size)
        return py_raise(struct_error,
                        "unpack_from requires a buffer of at least %llu bytes for unpacking %lld "
                        "bytes at offset %lld (actual buffer size is %lld)",
                        (unsigned long long)l->size + (unsigned long long)at, (long long)l->size,
                        (long long)at, (long long)in.length);
    return l->size < 0 ? PY_OBJ(py_tuple_empty()) : get_values(l, in.data + at);
}

/* ---- iterating ------------------------------------------------------------------------------- */

static void iter_finish(struct py_struct_iter *it)
{
    struct py_object *source = it->source, *owner = it->owner;
    it->source = it->owner = NULL;
    if (source)
        py_buffer_release(source);
    py_xdecref(source);
    py_xdecref(owner);
}

static struct py_object *iterate(struct py_struct *s, struct py_object *buffer)
{
    LAYOUT(l, s);
    OCTETS(in);
    if (octets_get(&in, buffer) < 0)
        return NULL;
    if (l->size <= 0)
        return py_raise(struct_error, "cannot iteratively unpack with a struct of length %lld",
                        (long long)l->size);
    if (in.length % l->size)
        return py_raise(struct_error,
                        "iterative unpacking requires a buffer of a multiple of %lld bytes",
                        (long long)l->size);
    struct py_struct_iter *const it = py_object_new(&py_struct_iter_type);
    if (!it)
        return NULL;
    it->owner = py_newref(PY_OBJ(s));
    it->source = py_newref(buffer);
    it->data = in.data;
    it->length = in.length;
    it->layout = layout_share(l);
    in.owner = NULL; /* given back by the iterator */
    py_gc_track(it);
    return PY_OBJ(it);
}

static struct py_object *iter_next(struct py_object *o)
{
    struct py_struct_iter *const it = ITER(o);
    if (!it->source)
        return NULL;
    if (it->at == it->length) {
        iter_finish(it);
        return NULL;
    }
    const uint8_t *const p = it->data + it->at;
    it->at += it->layout->size;
    return get_values(it->layout, p);
}

static void iter_dealloc(struct py_object *o)
{
    struct py_struct_iter *const it = ITER(o);
    py_gc_untrack(o);
    if (it->source)
        py_buffer_release(it->source);
    layout_release(it->layout);
    py_object_release_common(o);
    py_object_free(o);
}

METHOD(iter_length_hint)
{
    UNUSED;
    const struct py_struct_iter *const it = ITER(self);
    return py_int_from_i64(it->source ? (it->length - it->at) / it->layout->size : 0);
}

/* ---- methods of Struct ----------------------------------------------------------------------- */

METHOD(struct_pack)
{
    (void)kwnames;
    return pack_values(STRUCT(self), args, nargs);
}

METHOD(struct_pack_into)
{
    (void)kwnames;
    return pack_values_into(STRUCT(self), args, nargs);
}

METHOD(struct_unpack)
{
    (void)nargs, (void)kwnames;
    return unpack_all(STRUCT(self), args[0]);
}

METHOD(struct_unpack_from)
{
    static const char *const names[] = {"buffer", "offset"};
    static const struct py_params params = {
        .function = "unpack_from", .names = names, .count = 2, .required = 1, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    return unpack_at(STRUCT(self), in[0], in[1]);
}

METHOD(struct_iter_unpack)
{
    (void)nargs, (void)kwnames;
    return iterate(STRUCT(self), args[0]);
}

/* ---- functions ------------------------------------------------------------------------------- */

METHOD(calcsize)
{
    (void)self, (void)nargs, (void)kwnames;
    struct py_struct *s = struct_of(args[0]);
    if (!s)
        return NULL;
    struct py_object *const size = struct_get_size(PY_OBJ(s), NULL);
    py_decref(s);
    return size;
}

static struct py_object *done_with(struct py_struct **s, struct py_object *result)
{
    PY_HOLD(&result);
    py_clear(*s);
    return result;
}

/* Calls one of the above with the Struct of the format and the other arguments. */
#define WITH_STRUCT(call)                     \
    struct py_struct *s = struct_of(args[0]); \
    if (!s)                                   \
        return NULL;                          \
    PY_HOLD(&s);                              \
    return done_with(&s, call)

METHOD(pack)
{
    (void)self, (void)kwnames;
    if (nargs == 0)
        return py_raise(&py_exc_TypeError, "missing format argument");
    WITH_STRUCT(pack_values(s, args + 1, nargs - 1));
}

METHOD(pack_into)
{
    (void)self, (void)kwnames;
    if (nargs == 0)
        return py_raise(&py_exc_TypeError, "missing format argument");
    WITH_STRUCT(pack_values_into(s, args + 1, nargs - 1));
}

METHOD(unpack)
{
    (void)self, (void)nargs, (void)kwnames;
    WITH_STRUCT(unpack_all(s, args[1]));
}

METHOD(unpack_from)
{
    (void)self;
    static const char *const names[] = {"", "buffer", "offset"};
    static const struct py_params params = {
        .function = "unpack_from", .names = names, .count = 3, .required = 2, .keyword_only = 3};
    struct py_object *in[3] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    WITH_STRUCT(unpack_at(s, in[1], in[2]));
}

METHOD(iter_unpack)
{
    (void)self, (void)nargs, (void)kwnames;
    WITH_STRUCT(iterate(s, args[1]));
}

METHOD(clear_cache)
{
    UNUSED;
    py_dict_clear(kept);
    return py_newref(PY_NONE);
}

/* ---- types and module ------------------------------------------------------------------------ */

#define ROW(text, function, low, high, shown, about)                                         \
    {                                                                                        \
        .name = text, .fn = function, .min_args = low, .max_args = high, .signature = shown, \
        .doc = about                                                                         \
    }
#define ROW_KW(text, function, shown, about)                                     \
    {                                                                            \
        .name = text, .fn = function, .max_args = -1, .flags = PY_METH_KEYWORDS, \
        .signature = shown, .doc = about                                         \
    }
static const struct py_method_def struct_methods[] = {
    ROW("pack", struct_pack, 0, -1, NULL, "The values as bytes in this format."),
    ROW("pack_into", struct_pack_into, 0, -1, NULL,
        "Write the values in this format into a buffer, from an offset on."),
    ROW("unpack", struct_unpack, 1, 1, "($self, buffer, /)",
        "The values that the whole buffer holds, as a tuple."),
    ROW_KW("unpack_from", struct_unpack_from, "($self, /, buffer, offset=0)",
           "The values that the buffer holds from an offset on, as a tuple."),
    ROW("iter_unpack", struct_iter_unpack, 1, 1, "($self, buffer, /)",
        "An iterator over tuples of values, one behind the other in the buffer."),
    {.name = NULL},
};
static const struct py_getset_def struct_getsets[] = {
    {.name = "format", .get = struct_get_format, .doc = "The text of the format."},
    {.name = "size", .get = struct_get_size, .doc = "How many bytes the format takes."},
    {.name = NULL},
};
static const struct py_field struct_fields[] = {PY_FIELD(struct py_struct, format)};

struct py_type py_struct_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_struct.Struct",
    .basicsize = sizeof(struct py_struct),
    .flags = PY_TYPE_GC | PY_TYPE_BASETYPE,
    .field_count = 1,
    .fields = struct_fields,
    .weaklist_offset = offsetof(struct py_struct, weaklist),
    .dealloc = struct_dealloc,
    .new_ = struct_new,
    .init = struct_init,
    .methods = struct_methods,
    .getsets = struct_getsets,
    .doc = "Struct(format)\n--\n\nA format that was taken apart once.",
};

static const struct py_method_def iter_methods[] = {
    ROW("__length_hint__", iter_length_hint, 0, 0, NULL, NULL),
    {.name = NULL},
};
static const struct py_field iter_fields[] = {
    PY_FIELD(struct py_struct_iter, owner),
    PY_FIELD(struct py_struct_iter, source),
};

struct py_type py_struct_iter_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_struct.unpack_iterator",
    .basicsize = sizeof(struct py_struct_iter),
    .flags = PY_TYPE_GC | PY_TYPE_DISALLOW_NEW,
    .field_count = 2,
    .fields = iter_fields,
    .dealloc = iter_dealloc,
    .iter = py_iter_self,
    .iternext = iter_next,
    .methods = iter_methods,
};

static const struct py_method_def functions[] = {
    ROW("_clearcache", clear_cache, 0, 0, NULL, "Forget the formats that were taken apart."),
    ROW("calcsize", calcsize, 1, 1, "($module, format, /)", "How many bytes a format takes."),
    ROW("iter_unpack", iter_unpack, 2, 2, "($module, format, buffer, /)",
        "An iterator over tuples of values, one behind the other in the buffer."),
    ROW("pack", pack, 0, -1, NULL, "The values as bytes in a format."),
    ROW("pack_into", pack_into, 0, -1, NULL,
        "Write the values in a format into a buffer, from an offset on."),
    ROW("unpack", unpack, 2, 2, "($module, format, buffer, /)",
        "The values that the whole buffer holds, as a tuple."),
    ROW_KW("unpack_from", unpack_from, "($module, format, /, buffer, offset=0)",
           "The values that the buffer holds from an offset on, as a tuple."),
    {.name = NULL},
};

struct py_module *py_mod__struct_init(void); /* modules.def */

struct py_module *py_mod__struct_init(void)
{
    if (!kept) {
        struct py_dict *const made = py_dict_new();
        kept = made ? py_runtime_root(made) : NULL;
    }
    struct py_module *m = py_module_new("_struct", "Values packed into bytes, as formats say.");
    if (!m)
        return NULL;
    PY_HOLD(&m);
    if (!kept || !module_exception(&struct_error, "struct.error", &py_exc_Exception, NULL) ||
        module_add_type(m, &py_struct_type) < 0 || py_type_ready(&py_struct_iter_type) < 0 ||
        py_module_add(m, "error", PY_OBJ(struct_error)) < 0 ||
        py_module_add_methods(m, functions) < 0)
        py_clear(m);
    return m;
}
