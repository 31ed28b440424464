/* Hash objects: what _md5, _sha1, _sha256 and _sha512 (mod_hash.c), _sha3 (mod_sha3.c) and _blake2
 * (mod_blake2.c) have in common.
 *
 * An object is a state of one algorithm, described by nettle's table of functions: libnettle's own
 * tables or ones of that shape. State and digest live in the object; nothing refers to anything.
 *
 * Who touches the state holds the GIL or `lock`. Less than UNLOCKED_FROM octets are hashed under
 * the GIL; for more of them the lock is taken and the GIL given up, so that several threads hash
 * several things at once. Nobody waits for the lock while holding the GIL.
 *
 * Not for other modules.
 */
#ifndef BRILLE_VM_BUILTINS_MOD_HASH_H
#define BRILLE_VM_BUILTINS_MOD_HASH_H

#include <nettle/nettle-meta.h>
#include <pthread.h>

#include "vm/builtins/mod_support.h"

enum { HASH_UNLOCKED_FROM = 2048, HASH_STATE_MOST = 512, HASH_DIGEST_MOST = 64 };

struct py_hash {
    struct py_object base;
    pthread_mutex_t lock;
    const struct nettle_hash *algorithm;
    int64_t digest_size; /* octets; 0: what the caller asks for */
    uint64_t state[];    /* algorithm->context_size octets */
};
#define HASH(o) ((struct py_hash *)(o))

/* A new object whose state is as init() leaves it. */
struct py_hash *hash_make(struct py_type *type, const struct nettle_hash *algorithm);
/* Hashes the octets of an argument: TypeError if it is a str or has none. -1: exception. */
int hash_update(struct py_hash *h, struct py_object *data);
/* make, then update with args[0] unless it is NULL. args[1] is usedforsecurity, which changes
 * nothing, or NULL. */
struct py_object *hash_begin(struct py_type *type, const struct nettle_hash *algorithm,
                             struct py_object *const args[2]);
/* The digest so far, in octets or in hexadecimal digits. */
struct py_object *hash_octets(struct py_hash *h, uint64_t length);
struct py_object *hash_digits(struct py_hash *h, uint64_t length);

/* Functions of a method table. */
struct py_object *hash_copy_method(struct py_object *self, struct py_object *const *args,
                                   size_t nargs, struct py_tuple *kwnames);
struct py_object *hash_update_method(struct py_object *self, struct py_object *const *args,
                                     size_t nargs, struct py_tuple *kwnames);
extern const struct py_method_def hash_methods[];
extern const struct py_getset_def hash_getsets[];
struct py_object *hash_get_name(struct py_object *self, void *closure);
struct py_object *hash_get_block_size(struct py_object *self, void *closure);
struct py_object *hash_get_digest_size(struct py_object *self, void *closure);
/* dict[name] = value in a type that was made ready. -1: exception. */
int hash_type_number(struct py_type *type, const char *name, int64_t value);

#endif
