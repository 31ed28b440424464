/* _blake2: BLAKE2b and BLAKE2s by libb2, with all the parameters of RFC 7693 and of the paper's
 * tree hashing.
 *
 * A key is hashed first, filled up with zeros to a whole block; the parameters only say how long it
 * is. Everything else goes into the first state by way of the parameter block, whose numbers are in
 * little-endian order.
 */
#include <blake2.h>
#include <string.h>

#include "vm/builtins/mod_hash.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "parameter blocks are filled as they are");
_Static_assert(sizeof(blake2b_state) <= HASH_STATE_MOST, "mod_hash.c has room for it");

/* ---- the algorithms, in the shape of nettle's -------------------------------------------------
 */

static void b_start(void *context)
{
    blake2b_init(context, BLAKE2B_OUTBYTES);
}
static void b_update(void *context, size_t n, const uint8_t *data)
{
    blake2b_update(context, data, n);
}
static void b_digest(void *context, size_t n, uint8_t *out)
{
    blake2b_final(context, out, n);
}
static void s_start(void *context)
{
    blake2s_init(context, BLAKE2S_OUTBYTES);
}
static void s_update(void *context, size_t n, const uint8_t *data)
{
    blake2s_update(context, data, n);
}
static void s_digest(void *context, size_t n, uint8_t *out)
{
    blake2s_final(context, out, n);
}

static const struct nettle_hash blake2b_algorithm = {.name = "blake2b",
                                                     .context_size = sizeof(blake2b_state),
                                                     .digest_size = BLAKE2B_OUTBYTES,
                                                     .block_size = BLAKE2B_BLOCKBYTES,
                                                     .init = b_start,
                                                     .update = b_update,
                                                     .digest = b_digest};
static const struct nettle_hash blake2s_algorithm = {.name = "blake2s",
                                                     .context_size = sizeof(blake2s_state),
                                                     .digest_size = BLAKE2S_OUTBYTES,
                                                     .block_size = BLAKE2S_BLOCKBYTES,
                                                     .init = s_start,
                                                     .update = s_update,
                                                     .digest = s_digest};

/* ---- arguments ------------------------------------------------------------------------------- */

enum {
    DATA,
    DIGEST_SIZE,
    KEY,
    SALT,
    PERSON,
    FANOUT,
    DEPTH,
    LEAF_SIZE,
    NODE_OFFSET,
    NODE_DEPTH,
    INNER_SIZE,
    LAST_NODE,
    USED_FOR_SECURITY,
    ARGUMENT_COUNT
};

/* How the two differ. */
struct limits {
    const struct nettle_hash *algorithm;
    int salt, person, key, digest; /* octets at most */
    uint64_t node_offset;
};

/* What was asked for; what is missing has its default. */
struct wishes {
    int digest_size, fanout, depth, node_depth, inner_size, last_node;
    uint64_t leaf_size, node_offset;
    struct octets key, salt, person;
};

static int number_in(struct py_object *o, const char *name, int low, int high, const char *words,
                     int *out)
{
    if (!o)
        return 0;
    const int64_t v = py_int_as_c_int(o);
    if (v == -1 && py_error_occurred())
        return -1;
    if (v < low || v > high)
        return py_raise_int(&py_exc_ValueError, "%s must be between %d and %s%d%s", name, low,
                            words[0] == 'i' ? words : "", high, words[0] == 'i' ? "" : words);
    *out = (int)v;
    return 0;
}

/* overflow: what to say of a number that has more than 64 bits, or NULL for the usual words. */
static int large_number(struct py_object *o, const char *name, uint64_t most, const char *overflow,
                        uint64_t *out)
{
    if (!o)
        return 0;
    if (!py_int_check(o))
        return py_raise_int(&py_exc_TypeError, "an integer is required");
    if (((struct py_int *)o)->base.size < 0)
        return py_raise_int(&py_exc_ValueError, "value must be positive");
    if (overflow && py_int_bit_length(o) > 64)
        return py_raise_int(&py_exc_OverflowError, "%s", overflow);
    *out = py_int_as_u64(o);
    if (*out == UINT64_MAX && py_error_occurred())
        return -1;
    return *out > most ? py_raise_int(&py_exc_OverflowError, "%s is too large", name) : 0;
}

static int octets_up_to(struct py_object *o, const char *name, int most, struct octets *out)
{
    if (!o)
        return 0;
    if (octets_get(out, o) < 0)
        return -1;
    return out->length > most
               ? py_raise_int(&py_exc_ValueError, "maximum %s length is %d bytes", name, most)
               : 0;
}

static int read_wishes(const struct limits *l, struct py_object *const *in, struct wishes *w)
{
    *w = (struct wishes){.digest_size = l->digest, .fanout = 1, .depth = 1};
    if (number_in(in[DIGEST_SIZE], "digest_size", 1, l->digest, " bytes", &w->digest_size) < 0 ||
        octets_up_to(in[SALT], "salt", l->salt, &w->salt) < 0 ||
        octets_up_to(in[PERSON], "person", l->person, &w->person) < 0 ||
        number_in(in[FANOUT], "fanout", 0, 255, "", &w->fanout) < 0 ||
        number_in(in[DEPTH], "depth", 1, 255, "", &w->depth) < 0 ||
        large_number(in[LEAF_SIZE], "leaf_size", UINT32_MAX, NULL, &w->leaf_size) < 0 ||
        large_number(in[NODE_OFFSET], "node_offset", l->node_offset, "int too big to convert",
                     &w->node_offset) < 0 ||
        number_in(in[NODE_DEPTH], "node_depth", 0, 255, "", &w->node_depth) < 0 ||
        number_in(in[INNER_SIZE], "inner_size", 0, l->digest, "is ", &w->inner_size) < 0 ||
        octets_up_to(in[KEY], "key", l->key, &w->key) < 0)
        return -1;
    w->last_node = in[LAST_NODE] ? py_truth(in[LAST_NODE]) : 0;
    return w->last_node < 0 || (in[USED_FOR_SECURITY] && py_truth(in[USED_FOR_SECURITY]) < 0) ? -1
                                                                                              : 0;
}

static void copy_octets(uint8_t *to, const struct octets *from)
{
    if (from->length)
        memcpy(to, from->data, (size_t)from->length);
}

/* ---- making ---------------------------------------------------------------------------------- */

static void start_b(struct py_hash *h, const struct wishes *w)
{
    blake2b_param p = {.digest_length = (uint8_t)w->digest_size,
                       .key_length = (uint8_t)w->key.length,
                       .fanout = (uint8_t)w->fanout,
                       .depth = (uint8_t)w->depth,
                       .leaf_length = (uint32_t)w->leaf_size,
                       .node_offset = w->node_offset,
                       .node_depth = (uint8_t)w->node_depth,
                       .inner_length = (uint8_t)w->inner_size};
    copy_octets(p.salt, &w->salt);
    copy_octets(p.personal, &w->person);
    blake2b_state *const s = (blake2b_state *)h->state;
    blake2b_init_param(s, &p);
    s->last_node = w->last_node != 0;
}

static void start_s(struct py_hash *h, const struct wishes *w)
{
    blake2s_param p = {.digest_length = (uint8_t)w->digest_size,
                       .key_length = (uint8_t)w->key.length,
                       .fanout = (uint8_t)w->fanout,
                       .depth = (uint8_t)w->depth,
                       .leaf_length = (uint32_t)w->leaf_size,
                       .node_depth = (uint8_t)w->node_depth,
                       .inner_length = (uint8_t)w->inner_size};
    memcpy(p.node_offset, &w->node_offset, sizeof p.node_offset);
    copy_octets(p.salt, &w->salt);
    copy_octets(p.personal, &w->person);
    blake2s_state *const s = (blake2s_state *)h->state;
    blake2s_init_param(s, &p);
    s->last_node = w->last_node != 0;
}

static struct py_hash *make(struct py_type *type, const struct limits *l, const struct wishes *w)
{
    struct py_hash *const h = hash_make(type, l->algorithm);
    if (!h)
        return NULL;
    h->digest_size = w->digest_size;
    if (l->algorithm == &blake2b_algorithm)
        start_b(h, w);
    else
        start_s(h, w);
    if (w->key.length) {
        uint8_t block[BLAKE2B_BLOCKBYTES] = {0};
        copy_octets(block, &w->key);
        l->algorithm->update(h->state, l->algorithm->block_size, block);
        explicit_bzero(block, sizeof block);
    }
    return h;
}

static struct py_object *begin(struct py_type *type, const struct limits *l,
                               struct py_object *const *args, size_t nargs,
                               struct py_tuple *kwnames)
{
    static const char *const names[ARGUMENT_COUNT] = {
        [DATA] = "",
        [DIGEST_SIZE] = "digest_size",
        [KEY] = "key",
        [SALT] = "salt",
        [PERSON] = "person",
        [FANOUT] = "fanout",
        [DEPTH] = "depth",
        [LEAF_SIZE] = "leaf_size",
        [NODE_OFFSET] = "node_offset",
        [NODE_DEPTH] = "node_depth",
        [INNER_SIZE] = "inner_size",
        [LAST_NODE] = "last_node",
        [USED_FOR_SECURITY] = "usedforsecurity",
    };
    const struct py_params params = {.function = l->algorithm->name,
                                     .names = names,
                                     .count = ARGUMENT_COUNT,
                                     .positional_only = 1,
                                     .keyword_only = 1};
    struct py_object *in[ARGUMENT_COUNT] = {NULL};
    if (py_parse_args(&params, args, nargs, kwnames, in) < 0)
        return NULL;
    struct wishes w;
    struct py_hash *h = NULL;
    PY_HOLD(&h);
    if (read_wishes(l, in, &w) == 0)
        h = make(type, l, &w);
    octets_put_back(&w.key);
    octets_put_back(&w.salt);
    octets_put_back(&w.person);
    if (h && in[DATA] && hash_update(h, in[DATA]) < 0)
        py_clear(h);
    return PY_OBJ(h);
}

/* ---- the types and the module ---------------------------------------------------------------- */

static const struct limits limits_b = {.algorithm = &blake2b_algorithm,
                                       .salt = BLAKE2B_SALTBYTES,
                                       .person = BLAKE2B_PERSONALBYTES,
                                       .key = BLAKE2B_KEYBYTES,
                                       .digest = BLAKE2B_OUTBYTES,
                                       .node_offset = UINT64_MAX};
static const struct limits limits_s = {.algorithm = &blake2s_algorithm,
                                       .salt = BLAKE2S_SALTBYTES,
                                       .person = BLAKE2S_PERSONALBYTES,
                                       .key = BLAKE2S_KEYBYTES,
                                       .digest = BLAKE2S_OUTBYTES,
                                       .node_offset = (1ull << 48) - 1};

static struct py_object *blake2b_new(struct py_type *type, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    return begin(type, &limits_b, args, nargs, kwnames);
}

static struct py_object *blake2s_new(struct py_type *type, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames)
{
    return begin(type, &limits_s, args, nargs, kwnames);
}

extern struct py_type py_blake2b_type, py_blake2s_type; /* static_types.def */
struct py_type py_blake2b_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_blake2.blake2b",
    .basicsize = sizeof(struct py_hash) + sizeof(blake2b_state),
    .flags = PY_TYPE_IMMUTABLE,
    .new_ = blake2b_new,
    .methods = hash_methods,
    .getsets = hash_getsets,
    .doc = "A new BLAKE2b hash object.",
};
struct py_type py_blake2s_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_blake2.blake2s",
    .basicsize = sizeof(struct py_hash) + sizeof(blake2s_state),
    .flags = PY_TYPE_IMMUTABLE,
    .new_ = blake2s_new,
    .methods = hash_methods,
    .getsets = hash_getsets,
    .doc = "A new BLAKE2s hash object.",
};

/* The limits, as attributes of the type and, with the prefix, of the module. */
static int add_limits(struct py_module *m, struct py_type *type, const struct limits *l,
                      const char *const names[4])
{
    const int values[] = {l->salt, l->person, l->key, l->digest};
    for (int i = 0; i < 4; i++)
        if (module_add_int(m, names[i], values[i]) < 0 ||
            hash_type_number(type, names[i] + strlen("BLAKE2B_"), values[i]) < 0)
            return -1;
    return 0;
}

struct py_module *py_mod__blake2_init(void); /* modules.def */

struct py_module *py_mod__blake2_init(void)
{
#define NAMES(prefix)                                                                             \
    {                                                                                             \
        prefix "SALT_SIZE", prefix "PERSON_SIZE", prefix "MAX_KEY_SIZE", prefix "MAX_DIGEST_SIZE" \
    }
    static const char *const names_b[4] = NAMES("BLAKE2B_"), *const names_s[4] = NAMES("BLAKE2S_");
#undef NAMES
    struct py_module *m = py_module_new("_blake2", "BLAKE2b and BLAKE2s, for hashlib.");
    if (!m || module_add_type(m, &py_blake2b_type) < 0 ||
        module_add_type(m, &py_blake2s_type) < 0 ||
        add_limits(m, &py_blake2b_type, &limits_b, names_b) < 0 ||
        add_limits(m, &py_blake2s_type, &limits_s, names_s) < 0)
        py_clear(m);
    return m;
}
