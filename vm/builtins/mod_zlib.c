/* zlib: compressing and decompressing with the system's libz.
 *
 * All octets go through run(), which calls deflate() or inflate() without the GIL and collects what
 * comes out in a growing block. The two kinds of object share one struct; objects of one stream are
 * not to be used by two threads at once, which `busy` refuses (CPython makes the second wait).
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "vm/builtins/mod_support.h"
#include "vm/memory/dealloc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/str.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"
#include "vm/runtime/thread.h"

enum { FIRST_BLOCK = 16384, WBITS = MAX_WBITS };

static struct py_type *error_type;

struct py_zlib {
    struct py_object base;
    z_stream z;
    bool open, busy, decompress, eof;
    bool dictionary_refused;
    struct py_object *unused_data, *unconsumed_tail; /* bytes; decompressing */
    struct py_object *dictionary;                    /* bytes or NULL */
};
extern struct py_type py_zlib_compress_type, py_zlib_decompress_type;
#define ZLIB(o) ((struct py_zlib *)(o))

static void *raise_zlib(const z_stream *z, int code, const char *doing)
{
    const char *text = code == Z_VERSION_ERROR ? "library version mismatch" : z->msg;
    if (!text)
        text = code == Z_BUF_ERROR      ? "incomplete or truncated stream"
               : code == Z_STREAM_ERROR ? "inconsistent stream state"
               : code == Z_DATA_ERROR   ? "invalid input data"
                                        : NULL;
    return text ? py_raise(error_type, "Error %d %s: %.200s", code, doing, text)
                : py_raise(error_type, "Error %d %s", code, doing);
}

/* ---- running a stream ------------------------------------------------------------------------ */

struct output {
    uint8_t *data; /* malloc'd */
    size_t length, room;
    int64_t limit; /* of length; -1: none */
};

static bool grow(struct output *out)
{
    size_t room = out->room ? out->room * 2 : FIRST_BLOCK;
    if (out->limit >= 0 && room > (size_t)out->limit)
        room = (size_t)out->limit;
    if (room <= out->room)
        return false;
    uint8_t *const data = realloc(out->data, room);
    if (data) {
        out->data = data;
        out->room = room;
    }
    return data != NULL;
}

/* Feeds n octets (consumed: how many were taken) until they are used up, the stream ends or the
 * limit is reached. flush is used with the last piece. Touches no object: runs without the GIL. */
static int run(struct py_zlib *s, const uint8_t *in, size_t n, int flush, struct output *out,
               size_t *consumed)
{
    int code = Z_OK;
    *consumed = 0;
    do {
        const size_t piece = n - *consumed > UINT32_MAX / 2 ? UINT32_MAX / 2 : n - *consumed;
        const bool last = *consumed + piece == n;
        s->z.next_in = (Bytef *)(uintptr_t)(in + *consumed);
        s->z.avail_in = (uInt)piece;
        do {
            if (out->length == out->room && !grow(out)) {
                *consumed += piece - s->z.avail_in;
                return out->limit >= 0 && out->room == (size_t)out->limit ? Z_OK : Z_MEM_ERROR;
            }
            const size_t free_room = out->room - out->length;
            s->z.next_out = out->data + out->length;
            s->z.avail_out = free_room > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)free_room;
            const uInt before = s->z.avail_out;
            code = s->decompress ? inflate(&s->z, last ? flush : Z_NO_FLUSH)
                                 : deflate(&s->z, last ? flush : Z_NO_FLUSH);
            out->length += before - s->z.avail_out;
            if (code == Z_NEED_DICT && s->dictionary) {
                const struct py_bytes *const d = (struct py_bytes *)s->dictionary;
                code = inflateSetDictionary(&s->z, d->data, (uInt)d->base.size);
                if (code == Z_OK)
                    continue;
                s->dictionary_refused = true;
            }
            if (code != Z_OK && code != Z_BUF_ERROR)
                break;
        } while (s->z.avail_out == 0 || (s->decompress && s->z.avail_in && code == Z_OK));
        *consumed += piece - s->z.avail_in;
        if (code == Z_BUF_ERROR && (s->z.avail_in == 0 || s->decompress))
            code = Z_OK;
    } while (code == Z_OK && *consumed < n && s->z.avail_in == 0);
    return code;
}

static int run_unlocked(struct py_zlib *s, const uint8_t *in, size_t n, int flush,
                        struct output *out, size_t *consumed)
{
    s->busy = true;
    py_allow_threads_begin();
    const int code = run(s, in, n, flush, out, consumed);
    py_allow_threads_end();
    s->busy = false;
    return code;
}

static int check_busy(const struct py_zlib *s)
{
    return s->busy ? py_raise_int(&py_exc_RuntimeError, "the stream is in use by another thread")
                   : 0;
}

static struct py_object *finish_output(struct output *out, bool ok)
{
    struct py_object *const result =
        ok ? PY_OBJ(py_bytes_from(out->length ? (void *)out->data : "", out->length)) : NULL;
    free(out->data);
    return result;
}

static int optional_int(struct py_object *o, int *out)
{
    return o ? int_argument(o, out) : 0;
}

/* ---- all at once ----------------------------------------------------------------------------- */

METHOD(zlib_compress)
{
    (void)self;
    static const char *const names[] = {"", "level", "wbits"};
    static const struct py_params params = {.function = "compress",
                                            .names = names,
                                            .count = 3,
                                            .required = 1,
                                            .positional_only = 1,
                                            .keyword_only = 3};
    struct py_object *in[3] = {NULL};
    int level = Z_DEFAULT_COMPRESSION, wbits = WBITS;
    OCTETS(data);
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || octets_get(&data, in[0]) < 0 ||
        optional_int(in[1], &level) < 0 || optional_int(in[2], &wbits) < 0)
        return NULL;
    struct py_zlib s = {.decompress = false};
    const int begun = deflateInit2(&s.z, level, Z_DEFLATED, wbits, 8, Z_DEFAULT_STRATEGY);
    if (begun == Z_STREAM_ERROR)
        return py_raise(error_type, "Bad compression level");
    if (begun != Z_OK)
        return begun == Z_MEM_ERROR
                   ? py_raise(&py_exc_MemoryError, "Out of memory while compressing data")
                   : raise_zlib(&s.z, begun, "while compressing data");
    struct output out = {.limit = -1};
    size_t consumed;
    const int code = run_unlocked(&s, data.data, (size_t)data.length, Z_FINISH, &out, &consumed);
    if (code != Z_STREAM_END)
        raise_zlib(&s.z, code, "while compressing data");
    deflateEnd(&s.z);
    return finish_output(&out, code == Z_STREAM_END);
}

METHOD(zlib_decompress)
{
    (void)self;
    static const char *const names[] = {"", "wbits", "bufsize"};
    static const struct py_params params = {.function = "decompress",
                                            .names = names,
                                            .count = 3,
                                            .required = 1,
                                            .positional_only = 1,
                                            .keyword_only = 3};
    struct py_object *in[3] = {NULL};
    int wbits = WBITS;
    int64_t size = 1;
    OCTETS(data);
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || octets_get(&data, in[0]) < 0 ||
        optional_int(in[1], &wbits) < 0)
        return NULL;
    if (in[2] && (size = py_int_as_ssize_arg(in[2])) == -1 && py_error_occurred())
        return NULL;
    if (size < 0)
        return py_raise(&py_exc_ValueError, "bufsize must be non-negative");
    struct py_zlib s = {.decompress = true};
    const int begun = inflateInit2(&s.z, wbits);
    if (begun != Z_OK)
        return raise_zlib(&s.z, begun, "while preparing to decompress data");
    struct output out = {.limit = -1};
    size_t consumed;
    const int code =
        run_unlocked(&s, data.data, (size_t)data.length, Z_SYNC_FLUSH, &out, &consumed);
    if (code != Z_STREAM_END)
        raise_zlib(&s.z, code == Z_OK ? Z_BUF_ERROR : code, "while decompressing data");
    inflateEnd(&s.z);
    return finish_output(&out, code == Z_STREAM_END);
}

/* ---- objects --------------------------------------------------------------------------------- */

static struct py_zlib *make(struct py_type *type)
{
    struct py_zlib *const s = py_object_new(type);
    if (!s)
        return NULL;
    s->decompress = type == &py_zlib_decompress_type;
    s->unused_data = PY_OBJ(py_bytes_empty());
    s->unconsumed_tail = PY_OBJ(py_bytes_empty());
    return s;
}

static void end(struct py_zlib *s)
{
    if (s->open && s->decompress)
        inflateEnd(&s->z);
    else if (s->open)
        deflateEnd(&s->z);
    s->open = false;
}

static void zlib_dealloc(struct py_object *o)
{
    end(ZLIB(o));
    py_object_release_common(o);
    py_object_free(o);
}

/* A copy of the octets of a dictionary argument as bytes. */
static int keep_dictionary(struct py_zlib *s, struct py_object *o)
{
    OCTETS(data);
    if (octets_get(&data, o) < 0)
        return -1;
    s->dictionary = PY_OBJ(py_bytes_from(data.data, (size_t)data.length));
    return s->dictionary ? 0 : -1;
}

METHOD(zlib_compressobj)
{
    (void)self;
    static const char *const names[] = {"level",    "method",   "wbits",
                                        "memLevel", "strategy", "zdict"};
    static const struct py_params params = {
        .function = "compressobj", .names = names, .count = 6, .keyword_only = 6};
    struct py_object *in[6] = {NULL};
    int v[5] = {Z_DEFAULT_COMPRESSION, Z_DEFLATED, WBITS, 8, Z_DEFAULT_STRATEGY};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    for (int i = 0; i < 5; i++)
        if (optional_int(in[i], &v[i]) < 0)
            return NULL;
    struct py_zlib *s = make(&py_zlib_compress_type);
    if (!s)
        return NULL;
    PY_HOLD(&s);
    const int code = deflateInit2(&s->z, v[0], v[1], v[2], v[3], v[4]);
    s->open = code == Z_OK;
    bool ok = s->open;
    if (code == Z_STREAM_ERROR)
        py_raise(&py_exc_ValueError, "Invalid initialization option");
    else if (!ok)
        raise_zlib(&s->z, code, "while creating compression object");
    if (ok && in[5] && in[5] != PY_NONE) {
        ok = keep_dictionary(s, in[5]) == 0;
        if (ok &&
            deflateSetDictionary(&s->z, ((struct py_bytes *)s->dictionary)->data,
                                 (uInt)((struct py_bytes *)s->dictionary)->base.size) != Z_OK) {
            py_raise(&py_exc_ValueError, "Invalid dictionary");
            ok = false;
        }
    }
    if (!ok)
        py_clear(s);
    return PY_OBJ(s);
}

METHOD(zlib_decompressobj)
{
    (void)self;
    static const char *const names[] = {"wbits", "zdict"};
    static const struct py_params params = {
        .function = "decompressobj", .names = names, .count = 2, .keyword_only = 2};
    struct py_object *in[2] = {NULL};
    int wbits = WBITS;
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || optional_int(in[0], &wbits) < 0)
        return NULL;
    if (in[1] && !py_has_buffer(in[1]))
        return py_raise(&py_exc_TypeError, "zdict argument must support the buffer protocol");
    struct py_zlib *s = make(&py_zlib_decompress_type);
    if (!s)
        return NULL;
    PY_HOLD(&s);
    const int code = inflateInit2(&s->z, wbits);
    s->open = code == Z_OK;
    bool ok = s->open;
    if (code == Z_STREAM_ERROR)
        py_raise(&py_exc_ValueError, "Invalid initialization option");
    else if (!ok)
        raise_zlib(&s->z, code, "while creating decompression object");
    if (ok && in[1])
        ok = keep_dictionary(s, in[1]) == 0;
    if (ok && s->dictionary && wbits < 0) { /* a raw stream does not ask for it */
        const struct py_bytes *const d = (struct py_bytes *)s->dictionary;
        if (inflateSetDictionary(&s->z, d->data, (uInt)d->base.size) != Z_OK) {
            py_raise(error_type, "Invalid dictionary");
            ok = false;
        }
    }
    if (!ok)
        py_clear(s);
    return PY_OBJ(s);
}

METHOD(compress_compress)
{
    UNUSED;
    struct py_zlib *const s = ZLIB(self);
    OCTETS(data);
    if (check_busy(s) < 0 || octets_get(&data, args[0]) < 0)
        return NULL;
    struct output out = {.limit = -1};
    size_t consumed;
    const int code = run_unlocked(s, data.data, (size_t)data.length, Z_NO_FLUSH, &out, &consumed);
    const bool ok = code == Z_OK || code == Z_BUF_ERROR;
    if (!ok)
        raise_zlib(&s->z, code, "while compressing data");
    return finish_output(&out, ok);
}

METHOD(compress_flush)
{
    UNUSED;
    struct py_zlib *const s = ZLIB(self);
    int mode = Z_FINISH;
    if (check_busy(s) < 0 || (nargs && int_argument(args[0], &mode) < 0))
        return NULL;
    if (mode == Z_NO_FLUSH)
        return PY_OBJ(py_bytes_empty());
    struct output out = {.limit = -1};
    size_t consumed;
    const int code = run_unlocked(s, (const uint8_t *)"", 0, mode, &out, &consumed);
    bool ok = code == Z_OK || code == Z_BUF_ERROR;
    if (code == Z_STREAM_END && mode == Z_FINISH) {
        end(s);
        ok = true;
    }
    if (!ok)
        raise_zlib(&s->z, code, "while flushing");
    return finish_output(&out, ok);
}

/* What was not consumed is behind the end of the stream, or is kept for the next call. */
static int keep_rest(struct py_zlib *s, const uint8_t *rest, size_t n, int code)
{
    if (code == Z_STREAM_END) {
        const struct py_bytes *const old = (struct py_bytes *)s->unused_data;
        struct py_bytes *const all = py_bytes_from(NULL, (size_t)old->base.size + n);
        if (!all)
            return -1;
        memcpy(all->data, old->data, (size_t)old->base.size);
        memcpy(all->data + old->base.size, rest, n);
        py_setref(s->unused_data, PY_OBJ(all));
        n = 0;
        s->eof = true;
    }
    if (n || ((struct py_bytes *)s->unconsumed_tail)->base.size) {
        struct py_bytes *const tail = py_bytes_from(n ? (const void *)rest : "", n);
        if (!tail)
            return -1;
        py_setref(s->unconsumed_tail, PY_OBJ(tail));
    }
    return 0;
}

METHOD(decompress_decompress)
{
    static const char *const names[] = {"", "max_length"};
    static const struct py_params params = {.function = "decompress",
                                            .names = names,
                                            .count = 2,
                                            .required = 1,
                                            .positional_only = 1,
                                            .keyword_only = 2};
    struct py_zlib *const s = ZLIB(self);
    struct py_object *in[2] = {NULL};
    int64_t limit = 0;
    OCTETS(data);
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0 || check_busy(s) < 0 ||
        octets_get(&data, in[0]) < 0)
        return NULL;
    if (in[1] && (limit = py_int_as_ssize_arg(in[1])) == -1 && py_error_occurred())
        return NULL;
    if (limit < 0)
        return py_raise(&py_exc_ValueError, "max_length must be non-negative");
    struct output out = {.limit = limit ? limit : -1};
    size_t consumed;
    const int code = run_unlocked(s, data.data, (size_t)data.length, Z_SYNC_FLUSH, &out, &consumed);
    bool ok = code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
    if (!ok)
        raise_zlib(&s->z, code,
                   s->dictionary_refused ? "while setting zdict" : "while decompressing data");
    else
        ok = keep_rest(s, data.data + consumed, (size_t)data.length - consumed, code) == 0;
    return finish_output(&out, ok);
}

METHOD(decompress_flush)
{
    UNUSED;
    struct py_zlib *const s = ZLIB(self);
    int64_t length = 16384;
    if (nargs && (length = py_int_as_ssize_arg(args[0])) == -1 && py_error_occurred())
        return NULL;
    if (length <= 0)
        return py_raise(&py_exc_ValueError, "length must be greater than zero");
    if (check_busy(s) < 0)
        return NULL;
    struct py_object *tail = py_newref(s->unconsumed_tail);
    PY_HOLD(&tail);
    const struct py_bytes *const in = (struct py_bytes *)tail;
    struct output out = {.limit = -1};
    size_t consumed;
    const int code = run_unlocked(s, in->data, (size_t)in->base.size, Z_FINISH, &out, &consumed);
    bool ok = code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR;
    if (!ok)
        raise_zlib(&s->z, code, "while decompressing data");
    else
        ok = keep_rest(s, in->data + consumed, (size_t)in->base.size - consumed, code) == 0;
    if (ok && code == Z_STREAM_END)
        end(s);
    py_clear(tail);
    return finish_output(&out, ok);
}

METHOD(zlib_copy)
{
    UNUSED;
    struct py_zlib *const s = ZLIB(self);
    if (check_busy(s) < 0)
        return NULL;
    struct py_zlib *copy = make(self->type);
    if (!copy)
        return NULL;
    PY_HOLD(&copy);
    const int code = !s->open        ? Z_STREAM_ERROR
                     : s->decompress ? inflateCopy(&copy->z, &s->z)
                                     : deflateCopy(&copy->z, &s->z);
    copy->open = code == Z_OK;
    if (code == Z_STREAM_ERROR)
        py_raise(&py_exc_ValueError, "Inconsistent stream state");
    else if (code != Z_OK)
        raise_zlib(&s->z, code,
                   s->decompress ? "while copying decompression object"
                                 : "while copying compression object");
    copy->eof = s->eof;
    py_setref(copy->unused_data, py_newref(s->unused_data));
    py_setref(copy->unconsumed_tail, py_newref(s->unconsumed_tail));
    py_xincref(s->dictionary);
    copy->dictionary = s->dictionary;
    if (code != Z_OK)
        py_clear(copy);
    return PY_OBJ(copy);
}

static struct py_object *get_eof(struct py_object *self, void *closure)
{
    (void)closure;
    return py_bool_from(ZLIB(self)->eof);
}

static const struct py_field zlib_fields[] = {
    PY_FIELD_OWNED(struct py_zlib, unused_data),
    PY_FIELD_OWNED(struct py_zlib, unconsumed_tail),
    PY_FIELD_OWNED(struct py_zlib, dictionary),
};
static const struct py_method_def compress_methods[] = {
    METHOD_ROW("compress", compress_compress, 1, 1),
    METHOD_ROW("flush", compress_flush, 0, 1),
    METHOD_ROW("copy", zlib_copy, 0, 0),
    METHOD_ROW("__copy__", zlib_copy, 0, 0),
    METHOD_ROW("__deepcopy__", zlib_copy, 1, 1),
    {.name = NULL},
};
static const struct py_method_def decompress_methods[] = {
    METHOD_ROW_KW("decompress", decompress_decompress),
    METHOD_ROW("flush", decompress_flush, 0, 1),
    METHOD_ROW("copy", zlib_copy, 0, 0),
    METHOD_ROW("__copy__", zlib_copy, 0, 0),
    METHOD_ROW("__deepcopy__", zlib_copy, 1, 1),
    {.name = NULL},
};
static const struct py_member_def decompress_members[] = {
    {"unused_data", PY_MEMBER_OBJECT, offsetof(struct py_zlib, unused_data), true, NULL},
    {"unconsumed_tail", PY_MEMBER_OBJECT, offsetof(struct py_zlib, unconsumed_tail), true, NULL},
    {.name = NULL},
};
static const struct py_getset_def decompress_getsets[] = {
    {.name = "eof", .get = get_eof},
    {.name = NULL},
};
struct py_type py_zlib_compress_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "zlib.Compress",
    .basicsize = sizeof(struct py_zlib),
    .flags = PY_TYPE_DISALLOW_NEW,
    .field_count = 3,
    .fields = zlib_fields,
    .dealloc = zlib_dealloc,
    .methods = compress_methods,
};
struct py_type py_zlib_decompress_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "zlib.Decompress",
    .basicsize = sizeof(struct py_zlib),
    .flags = PY_TYPE_DISALLOW_NEW,
    .field_count = 3,
    .fields = zlib_fields,
    .dealloc = zlib_dealloc,
    .methods = decompress_methods,
    .members = decompress_members,
    .getsets = decompress_getsets,
};

/* ---- checksums and the module ---------------------------------------------------------------- */

static struct py_object *checksum(uLong (*sum)(uLong, const Bytef *, z_size_t), uLong value,
                                  struct py_object *const *args, size_t nargs)
{
    OCTETS(data);
    if (octets_get(&data, args[0]) < 0)
        return NULL;
    if (nargs > 1) {
        struct py_object *const n = py_index(args[1]);
        if (!n)
            return NULL;
        static struct py_object *mask;
        if (!mask)
            mask = py_runtime_root(py_int_from_u64(0xffffffffu));
        struct py_object *const low = py_binary(PY_NB_AND, n, mask);
        py_decref(n);
        if (!low)
            return NULL;
        value = (uLong)py_int_as_u64(low);
        py_decref(low);
    }
    return py_int_from_u64(sum(value, data.data, (z_size_t)data.length) & 0xffffffffu);
}

METHOD(zlib_crc32)
{
    UNUSED;
    return checksum(crc32_z, 0, args, nargs);
}

METHOD(zlib_adler32)
{
    UNUSED;
    return checksum(adler32_z, 1, args, nargs);
}

static const struct py_method_def functions[] = {
    METHOD_ROW_KW("compress", zlib_compress),
    METHOD_ROW_KW("decompress", zlib_decompress),
    METHOD_ROW_KW("compressobj", zlib_compressobj),
    METHOD_ROW_KW("decompressobj", zlib_decompressobj),
    METHOD_ROW("crc32", zlib_crc32, 1, 2),
    METHOD_ROW("adler32", zlib_adler32, 1, 2),
    {.name = NULL},
};

struct py_module *py_mod_zlib_init(void); /* modules.def */

struct py_module *py_mod_zlib_init(void)
{
    static const struct {
        const char *name;
        int value;
    } constants[] = {
#define C(name) {#name, name}
        C(MAX_WBITS),
        C(Z_NO_COMPRESSION),
        C(Z_BEST_SPEED),
        C(Z_BEST_COMPRESSION),
        C(Z_DEFAULT_COMPRESSION),
        C(Z_FILTERED),
        C(Z_HUFFMAN_ONLY),
        C(Z_RLE),
        C(Z_FIXED),
        C(Z_DEFAULT_STRATEGY),
        C(Z_FINISH),
        C(Z_NO_FLUSH),
        C(Z_PARTIAL_FLUSH),
        C(Z_SYNC_FLUSH),
        C(Z_FULL_FLUSH),
        C(Z_BLOCK),
        C(Z_TREES),
#undef C
        {"DEFLATED", Z_DEFLATED},
        {"DEF_MEM_LEVEL", 8},
        {"DEF_BUF_SIZE", FIRST_BLOCK},
    };
    struct py_module *m = py_module_new("zlib", "Compression by the zlib library.");
    if (!m || !module_exception(&error_type, "zlib.error", &py_exc_Exception, NULL) ||
        py_type_ready(&py_zlib_compress_type) < 0 || py_type_ready(&py_zlib_decompress_type) < 0 ||
        py_module_add(m, "error", PY_OBJ(error_type)) < 0 ||
        py_module_add_methods(m, functions) < 0 ||
        py_module_add_steal(m, "ZLIB_VERSION", PY_OBJ(py_str_from_cstr(ZLIB_VERSION))) < 0 ||
        py_module_add_steal(m, "ZLIB_RUNTIME_VERSION", PY_OBJ(py_str_from_cstr(zlibVersion()))) < 0)
        goto fail;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (module_add_int(m, constants[i].name, constants[i].value) < 0)
            goto fail;
    return m;
fail:
    py_xdecref(m);
    return NULL;
}
