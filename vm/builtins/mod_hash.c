/* _md5, _sha1, _sha256, _sha512: digests by libnettle, and what all hash objects do.
 *
 * hashlib falls back to these modules, since there is no _hashlib here. Each has a function for
 * every algorithm and the type of what it returns, which cannot be called.
 *
 * Asking for a digest ends a copy of the state: nettle's digest functions start over.
 */
#include "vm/builtins/mod_hash.h"

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <string.h>

#include "vm/memory/dealloc.h"
#include "vm/memory/heap.h"
#include "vm/object/bytes.h"
#include "vm/object/dict.h"
#include "vm/object/str.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

/* ---- states ---------------------------------------------------------------------------------- */

struct py_hash *hash_make(struct py_type *type, const struct nettle_hash *algorithm)
{
    struct py_hash *const h = py_object_new(type);
    if (!h)
        return NULL;
    pthread_mutex_init(&h->lock, NULL);
    h->algorithm = algorithm;
    h->digest_size = algorithm->digest_size;
    algorithm->init(h->state);
    return h;
}

/* GIL held: so that it is not held while another thread hashes. */
static void lock(struct py_hash *h)
{
    if (pthread_mutex_trylock(&h->lock) == 0)
        return;
    py_allow_threads_begin();
    pthread_mutex_lock(&h->lock);
    py_allow_threads_end();
}

static void unlock(struct py_hash *h)
{
    pthread_mutex_unlock(&h->lock);
}

static void feed(struct py_hash *h, const uint8_t *data, size_t n)
{
    if (n < HASH_UNLOCKED_FROM) {
        lock(h);
        h->algorithm->update(h->state, n, data);
        unlock(h);
        return;
    }
    py_allow_threads_begin();
    pthread_mutex_lock(&h->lock);
    h->algorithm->update(h->state, n, data);
    unlock(h);
    py_allow_threads_end();
}

int hash_update(struct py_hash *h, struct py_object *data)
{
    if (py_str_check(data))
        return py_raise_int(&py_exc_TypeError, "Strings must be encoded before hashing");
    if (!py_has_buffer(data))
        return py_raise_int(&py_exc_TypeError, "object supporting the buffer API required");
    OCTETS(in);
    if (octets_get(&in, data) < 0)
        return -1;
    if (in.length)
        feed(h, in.data, (size_t)in.length);
    return 0;
}

struct py_object *hash_begin(struct py_type *type, const struct nettle_hash *algorithm,
                             struct py_object *const args[2])
{
    if (args[1] && py_truth(args[1]) < 0)
        return NULL;
    struct py_hash *h = hash_make(type, algorithm);
    if (!h)
        return NULL;
    PY_HOLD(&h);
    if (args[0] && hash_update(h, args[0]) < 0)
        py_clear(h);
    return PY_OBJ(h);
}

static void finish(struct py_hash *h, uint8_t *out, size_t length)
{
    uint64_t state[HASH_STATE_MOST / sizeof(uint64_t)];
    lock(h);
    memcpy(state, h->state, h->algorithm->context_size);
    unlock(h);
    h->algorithm->digest(state, length, out);
}

struct py_object *hash_octets(struct py_hash *h, uint64_t length)
{
    if (length == 0)
        return PY_OBJ(py_bytes_empty());
    struct py_bytes *const out = py_bytes_from(NULL, length);
    if (out)
        finish(h, out->data, length);
    return PY_OBJ(out);
}

/* The octets lie in the upper half of the text until their digits, from the left, have reached
 * them. */
struct py_object *hash_digits(struct py_hash *h, uint64_t length)
{
    if (length == 0)
        return PY_OBJ(py_str_empty());
    struct py_str *const text = py_str_alloc((int64_t)(2 * length), 127);
    if (!text)
        return NULL;
    uint8_t *const out = py_str_data(text);
    const uint8_t *const in = out + length;
    finish(h, out + length, length);
    for (uint64_t i = 0; i < length; i++) {
        const uint8_t octet = in[i];
        out[2 * i] = (uint8_t) "0123456789abcdef"[octet >> 4];
        out[2 * i + 1] = (uint8_t) "0123456789abcdef"[octet & 15];
    }
    return PY_OBJ(text);
}

/* ---- methods --------------------------------------------------------------------------------- */

struct py_object *hash_update_method(struct py_object *self, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    (void)nargs, (void)kwnames;
    return hash_update(HASH(self), args[0]) < 0 ? NULL : PY_NONE;
}

struct py_object *hash_copy_method(struct py_object *self, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames)
{
    (void)args, (void)nargs, (void)kwnames;
    struct py_hash *copy = hash_make(self->type, HASH(self)->algorithm);
    if (!copy)
        return NULL;
    PY_HOLD(&copy);
    copy->digest_size = HASH(self)->digest_size;
    lock(HASH(self));
    memcpy(copy->state, HASH(self)->state, copy->algorithm->context_size);
    unlock(HASH(self));
    return PY_OBJ(copy);
}

METHOD(hash_digest)
{
    UNUSED;
    return hash_octets(HASH(self), (uint64_t)HASH(self)->digest_size);
}

METHOD(hash_hexdigest)
{
    UNUSED;
    return hash_digits(HASH(self), (uint64_t)HASH(self)->digest_size);
}

struct py_object *hash_get_name(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_str_from_cstr(HASH(self)->algorithm->name));
}

struct py_object *hash_get_block_size(struct py_object *self, void *closure)
{
    (void)closure;
    return py_int_from_i64(HASH(self)->algorithm->block_size);
}

struct py_object *hash_get_digest_size(struct py_object *self, void *closure)
{
    (void)closure;
    return py_int_from_i64(HASH(self)->digest_size);
}

const struct py_method_def hash_methods[] = {
    METHOD_ROW("copy", hash_copy_method, 0, 0),
    METHOD_ROW("digest", hash_digest, 0, 0),
    METHOD_ROW("hexdigest", hash_hexdigest, 0, 0),
    METHOD_ROW("update", hash_update_method, 1, 1),
    {.name = NULL},
};
const struct py_getset_def hash_getsets[] = {
    {.name = "block_size", .get = hash_get_block_size},
    {.name = "name", .get = hash_get_name},
    {.name = "digest_size", .get = hash_get_digest_size},
    {.name = NULL},
};

int hash_type_number(struct py_type *type, const char *name, int64_t value)
{
    struct py_object *number = py_int_from_i64(value);
    PY_HOLD(&number);
    const int status = number ? py_dict_set(type->dict, PY_OBJ(py_str_const(name)), number) : -1;
    py_type_modified(type);
    py_clear(number);
    return status;
}

/* ---- the algorithms and their modules -------------------------------------------------------- */

static struct py_object *begin(struct py_type *type, const struct nettle_hash *algorithm,
                               struct py_object *const *args, size_t nargs,
                               struct py_tuple *kwnames)
{
    static const char *const names[] = {"string", "usedforsecurity"};
    const struct py_params params = {
        .function = algorithm->name, .names = names, .count = 2, .keyword_only = 1};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    return hash_begin(type, algorithm, in);
}

/* ALGORITHM(module, name, octets of the state) */
#define ALGORITHMS(ALGORITHM)                             \
    ALGORITHM(_md5, md5, sizeof(struct md5_ctx))          \
    ALGORITHM(_sha1, sha1, sizeof(struct sha1_ctx))       \
    ALGORITHM(_sha256, sha224, sizeof(struct sha256_ctx)) \
    ALGORITHM(_sha256, sha256, sizeof(struct sha256_ctx)) \
    ALGORITHM(_sha512, sha384, sizeof(struct sha512_ctx)) \
    ALGORITHM(_sha512, sha512, sizeof(struct sha512_ctx))

#define ALGORITHM(module, algorithm, size)                                               \
    _Static_assert((size) <= HASH_STATE_MOST, "finish() has room for it");               \
    extern struct py_type py_##algorithm##_type; /* static_types.def */                  \
    struct py_type py_##algorithm##_type = {                                             \
        .base.base = PY_STATIC_HEADER(&py_type_type),                                    \
        .name = #module "." #algorithm,                                                  \
        .basicsize = sizeof(struct py_hash) + (size),                                    \
        .flags = PY_TYPE_IMMUTABLE | PY_TYPE_DISALLOW_NEW,                               \
        .methods = hash_methods,                                                         \
        .getsets = hash_getsets,                                                         \
    };                                                                                   \
    METHOD(algorithm##_begin)                                                            \
    {                                                                                    \
        (void)self;                                                                      \
        return begin(&py_##algorithm##_type, &nettle_##algorithm, args, nargs, kwnames); \
    }
ALGORITHMS(ALGORITHM)
#undef ALGORITHM

#define FUNCTION(text)                                                                \
    {                                                                                 \
        .name = #text, .fn = text##_begin, .max_args = -1, .flags = PY_METH_KEYWORDS, \
        .signature = "($module, /, string=b'', *, usedforsecurity=True)",             \
        .doc = "A new " #text " object, which has hashed the string already."         \
    }

struct row {
    const char *name; /* of the type in the module */
    struct py_type *type;
};

static struct py_module *make_module(const char *name, const struct py_method_def *functions,
                                     const struct row *rows)
{
    struct py_module *m = py_module_new(name, NULL);
    if (!m || py_module_add_methods(m, functions) < 0)
        py_clear(m);
    for (const struct row *r = rows; m && r->name; r++)
        if (py_type_ready(r->type) < 0 || py_module_add(m, r->name, PY_OBJ(r->type)) < 0)
            py_clear(m);
    return m;
}

struct py_module *py_mod__md5_init(void); /* modules.def */
struct py_module *py_mod__sha1_init(void);
struct py_module *py_mod__sha256_init(void);
struct py_module *py_mod__sha512_init(void);

struct py_module *py_mod__md5_init(void)
{
    static const struct py_method_def functions[] = {FUNCTION(md5), {.name = NULL}};
    static const struct row rows[] = {{"MD5Type", &py_md5_type}, {NULL, NULL}};
    return make_module("_md5", functions, rows);
}

struct py_module *py_mod__sha1_init(void)
{
    static const struct py_method_def functions[] = {FUNCTION(sha1), {.name = NULL}};
    static const struct row rows[] = {{"SHA1Type", &py_sha1_type}, {NULL, NULL}};
    return make_module("_sha1", functions, rows);
}

struct py_module *py_mod__sha256_init(void)
{
    static const struct py_method_def functions[] = {
        FUNCTION(sha224), FUNCTION(sha256), {.name = NULL}};
    static const struct row rows[] = {
        {"SHA224Type", &py_sha224_type}, {"SHA256Type", &py_sha256_type}, {NULL, NULL}};
    return make_module("_sha256", functions, rows);
}

/* CPython 3.11 adds both types under one name, so that the second stays. */
struct py_module *py_mod__sha512_init(void)
{
    static const struct py_method_def functions[] = {
        FUNCTION(sha384), FUNCTION(sha512), {.name = NULL}};
    static const struct row rows[] = {
        {"SHA384Type", &py_sha384_type}, {"SHA384Type", &py_sha512_type}, {NULL, NULL}};
    return make_module("_sha512", functions, rows);
}
