/* _random: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), seeded and read as CPython
 * does, so that the same seed gives the same numbers.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/float.h"
#include "vm/object/int.h"
#include "vm/object/list.h"
#include "vm/object/module.h"
#include "vm/object/tuple.h"
#include "vm/runtime/error.h"
#include "vm/runtime/handles.h"
#include "vm/runtime/ops.h"

enum { N = 624, M = 397 };

struct random {
    struct py_object base;
    int32_t index;
    uint32_t state[N];
};
extern struct py_type py_random_type;
#define RANDOM(o) ((struct random *)(o))

#define METHOD(name)                                                                     \
    static struct py_object *name(struct py_object *self, struct py_object *const *args, \
                                  size_t nargs, struct py_tuple *kwnames)
#define UNUSED (void)self, (void)args, (void)nargs, (void)kwnames

static uint32_t next32(struct random *r)
{
    static const uint32_t mag[2] = {0, 0x9908b0dfu};
    uint32_t *const mt = r->state;
    if (r->index >= N) {
        for (int k = 0; k < N; k++) {
            const uint32_t y = (mt[k] & 0x80000000u) | (mt[(k + 1) % N] & 0x7fffffffu);
            mt[k] = mt[(k + M) % N] ^ (y >> 1) ^ mag[y & 1];
        }
        r->index = 0;
    }
    uint32_t y = mt[r->index++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

static void seed_number(struct random *r, uint32_t s)
{
    r->state[0] = s;
    for (uint32_t i = 1; i < N; i++)
        r->state[i] = 1812433253u * (r->state[i - 1] ^ (r->state[i - 1] >> 30)) + i;
    r->index = N;
}

static void seed_array(struct random *r, const uint32_t *key, size_t length)
{
    uint32_t *const mt = r->state;
    size_t i = 1, j = 0;
    seed_number(r, 19650218u);
    for (size_t k = N > length ? N : length; k; k--) {
        mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1664525u)) + key[j] + (uint32_t)j;
        if (++i >= N) {
            mt[0] = mt[N - 1];
            i = 1;
        }
        if (++j >= length)
            j = 0;
    }
    for (size_t k = N - 1; k; k--) {
        mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1566083941u)) - (uint32_t)i;
        if (++i >= N) {
            mt[0] = mt[N - 1];
            i = 1;
        }
    }
    mt[0] = 0x80000000u;
}

static int seed_system(struct random *r)
{
    uint32_t key[N];
    if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
        return py_raise_int(&py_exc_OSError, "no random numbers from the system");
    seed_array(r, key, N);
    return 0;
}

static int seed(struct random *r, struct py_object *arg)
{
    if (!arg || arg == PY_NONE)
        return seed_system(r);
    struct py_object *n;
    if (py_int_check(arg)) {
        n = py_int_type.unary[PY_UN_ABS](arg); /* a subclass's own may give anything */
    } else {
        const int64_t h = py_hash(arg);
        if (h == -1)
            return -1;
        n = py_int_from_u64((uint64_t)h);
    }
    if (!n)
        return -1;
    const uint64_t bits = py_int_bit_length(n);
    const size_t words = bits ? (size_t)(bits - 1) / 32 + 1 : 1;
    uint32_t *const key = py_mem_alloc(words * 4);
    int status = -1;
    if (!key)
        py_raise_no_memory();
    else
        status = py_int_to_bytes(n, (uint8_t *)key, words * 4, true, false);
    if (status == 0)
        seed_array(r, key, words);
    py_mem_free(key);
    py_decref(n);
    return status;
}

static struct py_object *random_new(struct py_type *type, struct py_object *const *args,
                                    size_t nargs, struct py_tuple *kwnames)
{
    (void)kwnames;
    struct random *r = py_object_new(type);
    if (!r)
        return NULL;
    if (type->flags & PY_TYPE_GC)
        py_gc_track(r);
    if (seed(r, nargs ? args[0] : NULL) < 0) {
        PY_HOLD(&r);
        py_clear(r);
    }
    return PY_OBJ(r);
}

static int random_init(struct py_object *self, struct py_object *const *args, size_t nargs,
                       struct py_tuple *kwnames)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return 0;
}

METHOD(random_random)
{
    UNUSED;
    const uint32_t a = next32(RANDOM(self)) >> 5, b = next32(RANDOM(self)) >> 6;
    return py_float_from((a * 67108864.0 + b) * (1.0 / 9007199254740992.0));
}

METHOD(random_seed)
{
    UNUSED;
    return seed(RANDOM(self), nargs ? args[0] : NULL) < 0 ? NULL : PY_NONE;
}

METHOD(random_getrandbits)
{
    UNUSED;
    const int64_t k = py_int_as_ssize(args[0]);
    if (k == -1 && py_error_occurred())
        return NULL;
    if (k < 0)
        return py_raise(&py_exc_ValueError, "number of bits must be non-negative");
    if (k == 0)
        return py_int_from_i64(0);
    if (k <= 32)
        return py_int_from_u64(next32(RANDOM(self)) >> (32 - k));
    const size_t words = (size_t)(k - 1) / 32 + 1;
    uint32_t *const out = py_mem_alloc(words * 4);
    if (!out)
        return py_raise_no_memory();
    int64_t left = k;
    for (size_t i = 0; i < words; i++, left -= 32) {
        out[i] = next32(RANDOM(self));
        if (left < 32)
            out[i] >>= 32 - left;
    }
    struct py_object *const n = py_int_from_bytes((uint8_t *)out, words * 4, true, false);
    py_mem_free(out);
    return n;
}

METHOD(random_getstate)
{
    UNUSED;
    struct py_object *items[N + 1];
    for (int i = 0; i <= N; i++)
        items[i] =
            i < N ? py_int_from_u64(RANDOM(self)->state[i]) : py_int_from_i64(RANDOM(self)->index);
    return PY_OBJ(py_tuple_from_array_steal(items, N + 1));
}

METHOD(random_setstate)
{
    UNUSED;
    const struct py_tuple *const state = (struct py_tuple *)args[0];
    if (!py_tuple_check(args[0]))
        return py_raise(&py_exc_TypeError, "state vector must be a tuple");
    if (state->base.size != N + 1)
        return py_raise(&py_exc_ValueError, "state vector is the wrong size");
    uint32_t words[N];
    for (int i = 0; i < N; i++) {
        words[i] = (uint32_t)py_int_as_u64(state->items[i]);
        if (py_error_occurred())
            return NULL;
    }
    const int64_t index = py_int_as_i64(state->items[N]);
    if (index == -1 && py_error_occurred())
        return NULL;
    if (index < 0 || index > N)
        return py_raise(&py_exc_ValueError, "invalid state");
    memcpy(RANDOM(self)->state, words, sizeof words);
    RANDOM(self)->index = (int32_t)index;
    return PY_NONE;
}

static const struct py_method_def methods[] = {
    {.name = "random",
     .fn = random_random,
     .signature = "($self, /)",
     .doc = "random() -- the next number, at least 0 and below 1."},
    {.name = "seed", .fn = random_seed, .max_args = 1},
    {.name = "getrandbits", .fn = random_getrandbits, .min_args = 1, .max_args = 1},
    {.name = "getstate", .fn = random_getstate},
    {.name = "setstate", .fn = random_setstate, .min_args = 1, .max_args = 1},
    {.name = NULL}};

struct py_type py_random_type = {
    .base.base = PY_STATIC_HEADER(&py_type_type),
    .name = "_random.Random",
    .basicsize = sizeof(struct random),
    .flags = PY_TYPE_BASETYPE,
    .init = random_init,
    .new_ = random_new,
    .methods = methods,
    .doc = "Random() -- a generator of random numbers with a state of its own.",
};

struct py_module *py_mod__random_init(void); /* modules.def */

struct py_module *py_mod__random_init(void)
{
    struct py_module *m =
        py_module_new("_random", "The Mersenne Twister, a generator of random numbers.");
    if (!m || py_module_add(m, "Random", PY_OBJ(&py_random_type)) < 0)
        py_clear(m);
    return m;
}
