/* What the files of bytes share. */
#ifndef BRILLE_VM_OBJECT_BYTES_IMPL_H
#define BRILLE_VM_OBJECT_BYTES_IMPL_H

#include "vm/object/bytes.h"
#include "vm/object/str.h"

/* A view of octets: of a bytes-like argument, or of a single int 0..255 kept in `one`. */
struct octets {
    const uint8_t *data;
    int64_t length;
    uint8_t one;
};

static inline struct py_bytes *bytes_of(struct py_object *o)
{
    return (struct py_bytes *)o;
}
struct py_object *bytes_slice(struct py_bytes *b, int64_t start, int64_t end);
/* b itself when exact, else an exact copy. New. */
struct py_object *bytes_exact(struct py_object *b);
int octets_of(struct py_object *o, struct octets *out); /* bytes-like only */
struct py_object *bytes_repr(struct py_object *o);
/* As a literal, in which `escaped` (0: nothing) has a backslash whether it needs one or not. */
struct py_object *octets_repr(const uint8_t *data, size_t n, char escaped);
struct py_object *bytes_mod(struct py_object *format, struct py_object *args);
extern const struct py_method_def bytes_methods[];

#define BYTES_METHOD(name)                                                                \
    struct py_object *bytes_##name(struct py_object *self, struct py_object *const *args, \
                                   size_t nargs, struct py_tuple *kwnames)
/* The methods that take bytes apart and put them together: bytes_split.c. */
BYTES_METHOD(split);
BYTES_METHOD(rsplit);
BYTES_METHOD(splitlines);
BYTES_METHOD(partition);
BYTES_METHOD(rpartition);
BYTES_METHOD(strip);
BYTES_METHOD(lstrip);
BYTES_METHOD(rstrip);
BYTES_METHOD(join);
BYTES_METHOD(replace);
/* Searching: bytes_search.c. */
BYTES_METHOD(find);
BYTES_METHOD(rfind);
BYTES_METHOD(index);
BYTES_METHOD(rindex);
BYTES_METHOD(count);
BYTES_METHOD(startswith);
BYTES_METHOD(endswith);
BYTES_METHOD(removeprefix);
BYTES_METHOD(removesuffix);
int bytes_contains(struct py_object *self, struct py_object *item);

static inline bool octet_is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

#endif
