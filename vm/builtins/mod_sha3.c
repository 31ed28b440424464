/* _sha3: the SHA-3 digests and the SHAKE functions, whose digests are as long as one asks (FIPS
 * 202).
 *
 * All six are one construction, a sponge: the state is 200 octets, of which the first `rate` take
 * input in (by xor) and give output, with libnettle's permutation of the whole state in between.
 * They differ in the rate and in the octet that marks the input's end. libnettle has functions for
 * whole digests too, but none for SHAKE128.
 */
#include <nettle/sha3.h>
#include <string.h>

#include "vm/builtins/mod_hash.h"
#include "vm/object/bytes.h"
#include "vm/object/str.h"
#include "vm/runtime/ops.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "octets of a lane are in its order");

struct sponge {
    struct sha3_state state;
    uint32_t rate, used; /* octets */
    uint8_t suffix;
};

static void absorb(void *context, size_t n, const uint8_t *data)
{
    struct sponge *const s = context;
    uint8_t *const octets = (uint8_t *)s->state.a;
    while (n) {
        const size_t room = s->rate - s->used, piece = n < room ? n : room;
        if (s->used == 0 && piece == s->rate) {
            for (size_t i = 0; i < s->rate / 8; i++) {
                uint64_t lane;
                memcpy(&lane, data + 8 * i, 8);
                s->state.a[i] ^= lane;
            }
        } else {
            for (size_t i = 0; i < piece; i++)
                octets[s->used + i] ^= data[i];
        }
        data += piece;
        n -= piece;
        s->used += (uint32_t)piece;
        if (s->used == s->rate) {
            sha3_permute(&s->state);
            s->used = 0;
        }
    }
}

static void squeeze(void *context, size_t n, uint8_t *out)
{
    struct sponge *const s = context;
    uint8_t *const octets = (uint8_t *)s->state.a;
    octets[s->used] ^= s->suffix;
    octets[s->rate - 1] ^= 0x80;
    while (n) {
        const size_t piece = n < s->rate ? n : s->rate;
        sha3_permute(&s->state);
        memcpy(out, octets, piece);
        out += piece;
        n -= piece;
    }
}

/* ---- what one can ask ------------------------------------------------------------------------ */

#define SPONGE(o) ((const struct sponge *)HASH(o)->state)

static struct py_object *get_capacity_bits(struct py_object *self, void *closure)
{
    (void)closure;
    return py_int_from_i64(1600 - 8 * (int64_t)SPONGE(self)->rate);
}

static struct py_object *get_rate_bits(struct py_object *self, void *closure)
{
    (void)closure;
    return py_int_from_i64(8 * (int64_t)SPONGE(self)->rate);
}

static struct py_object *get_suffix(struct py_object *self, void *closure)
{
    (void)closure;
    return PY_OBJ(py_bytes_from(&SPONGE(self)->suffix, 1));
}

static const struct py_getset_def sha3_getsets[] = {
    {.name = "block_size", .get = hash_get_block_size},
    {.name = "name", .get = hash_get_name},
    {.name = "digest_size", .get = hash_get_digest_size},
    {.name = "_capacity_bits", .get = get_capacity_bits},
    {.name = "_rate_bits", .get = get_rate_bits},
    {.name = "_suffix", .get = get_suffix},
    {.name = NULL},
};

/* The length of a SHAKE digest: below half a GiB. */
static int length_argument(struct py_object *o, uint64_t *out)
{
    if (!py_int_check(o) && !o->type->index)
        return py_raise_int(&py_exc_TypeError, "an integer is required");
    struct py_object *const n = py_index(o);
    if (!n)
        return -1;
    const bool negative = ((struct py_int *)n)->base.size < 0;
    *out = negative ? 0 : py_int_as_u64(n);
    py_decref(n);
    if (negative)
        return py_raise_int(&py_exc_ValueError, "value must be positive");
    if (*out == UINT64_MAX && py_error_occurred())
        return -1;
    if (*out >= 1u << 29)
        return py_raise_int(&py_exc_ValueError, "length is too large");
    return 0;
}

METHOD(shake_digest)
{
    UNUSED;
    uint64_t length;
    return length_argument(args[0], &length) < 0 ? NULL : hash_octets(HASH(self), length);
}

METHOD(shake_hexdigest)
{
    UNUSED;
    uint64_t length;
    return length_argument(args[0], &length) < 0 ? NULL : hash_digits(HASH(self), length);
}

static const struct py_method_def shake_methods[] = {
    METHOD_ROW("copy", hash_copy_method, 0, 0),
    METHOD_ROW("digest", shake_digest, 1, 1),
    METHOD_ROW("hexdigest", shake_hexdigest, 1, 1),
    METHOD_ROW("update", hash_update_method, 1, 1),
    {.name = NULL},
};

/* ---- the types and the module ---------------------------------------------------------------- */

static struct py_object *begin(struct py_type *type, const struct nettle_hash *algorithm,
                               struct py_object *const *args, size_t nargs,
                               struct py_tuple *kwnames)
{
    static const char *const names[] = {"", "usedforsecurity"};
    const struct py_params params = {.function = algorithm->name,
                                     .names = names,
                                     .count = 2,
                                     .positional_only = 1,
                                     .keyword_only = 1};
    struct py_object *in[2] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    return hash_begin(type, algorithm, in);
}

/* SPONGES(name, octets of the digest, rate, suffix, methods) */
#define SPONGES(ROW)                            \
    ROW(sha3_224, 28, 144, 0x06, hash_methods)  \
    ROW(sha3_256, 32, 136, 0x06, hash_methods)  \
    ROW(sha3_384, 48, 104, 0x06, hash_methods)  \
    ROW(sha3_512, 64, 72, 0x06, hash_methods)   \
    ROW(shake_128, 0, 168, 0x1f, shake_methods) \
    ROW(shake_256, 0, 136, 0x1f, shake_methods)

#define ROW(algorithm, digest_octets, rate_octets, mark, table)                                   \
    extern struct py_type py_##algorithm##_type; /* static_types.def */                           \
    static void algorithm##_start(void *context)                                                  \
    {                                                                                             \
        *(struct sponge *)context = (struct sponge){.rate = (rate_octets), .suffix = (mark)};     \
    }                                                                                             \
    static const struct nettle_hash algorithm##_algorithm = {                                     \
        .name = #algorithm,                                                                       \
        .context_size = sizeof(struct sponge),                                                    \
        .digest_size = (digest_octets),                                                           \
        .block_size = (rate_octets),                                                              \
        .init = algorithm##_start,                                                                \
        .update = absorb,                                                                         \
        .digest = squeeze,                                                                        \
    };                                                                                            \
    static struct py_object *algorithm##_new(struct py_type *type, struct py_object *const *args, \
                                             size_t nargs, struct py_tuple *kwnames)              \
    {                                                                                             \
        return begin(type, &algorithm##_algorithm, args, nargs, kwnames);                         \
    }                                                                                             \
    struct py_type py_##algorithm##_type = {                                                      \
        .base.base = PY_STATIC_HEADER(&py_type_type),                                             \
        .name = "_sha3." #algorithm,                                                              \
        .basicsize = sizeof(struct py_hash) + sizeof(struct sponge),                              \
        .flags = PY_TYPE_IMMUTABLE,                                                               \
        .new_ = algorithm##_new,                                                                  \
        .methods = table,                                                                         \
        .getsets = sha3_getsets,                                                                  \
        .doc = #algorithm "([data], *, usedforsecurity=True): a new hash object.",                \
    };
SPONGES(ROW)
#undef ROW

_Static_assert(sizeof(struct sponge) <= HASH_STATE_MOST, "mod_hash.c has room for it");

struct py_module *py_mod__sha3_init(void); /* modules.def */

struct py_module *py_mod__sha3_init(void)
{
    static struct py_type *const types[] = {
#define ROW(algorithm, ...) &py_##algorithm##_type,
        SPONGES(ROW)
#undef ROW
    };
    struct py_module *m = py_module_new("_sha3", NULL);
    for (size_t i = 0; m && i < sizeof types / sizeof *types; i++)
        if (module_add_type(m, types[i]) < 0)
            py_clear(m);
    if (m && py_module_add_steal(m, "implementation", PY_OBJ(py_str_from_cstr("nettle"))) < 0)
        py_clear(m);
    return m;
}
