/* Bytes: immutable octets, hash cached, one zero behind the last; size as CPython (33 + n). */
#ifndef BRILLE_VM_OBJECT_BYTES_H
#define BRILLE_VM_OBJECT_BYTES_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_bytes {
    struct py_var base;
    int64_t hash; /* -1: not computed */
    uint8_t data[];
};
extern struct py_type py_bytes_type;

static inline bool py_bytes_check(const struct py_object *o)
{
    return py_has_flag(o, PY_TYPE_IS_BYTES);
}
extern struct py_type py_bytearray_type;
struct py_bytes *py_bytes_from(const void *data, size_t len); /* data NULL: uninitialised */
struct py_bytes *py_bytes_empty(void); /* borrowed, immortal, as are the one-byte ones */
/* bytes(o) of a bytes-like object, an object with __bytes__ or an iterable of ints. New bytes. */
struct py_object *py_bytes_from_object(struct py_object *o);
int py_bytes_init(void);
/* A view of bytes-like objects (bytes now; bytearray, memoryview when they exist). -1: TypeError
 * "a bytes-like object is required, not 'X'". */
int py_bytes_view(struct py_object *o, const uint8_t **data, size_t *len);
/* Codecs: utf-8, ascii, latin-1 with error handlers strict, ignore, replace, backslashreplace,
 * surrogateescape, surrogatepass. NULL names mean "utf-8", "strict". */
struct py_object *py_bytes_decode(const uint8_t *data, size_t len, const char *encoding,
                                  const char *errors);
struct py_object *py_str_encode(struct py_object *str, const char *encoding, const char *errors);
/* As py_str_utf8, but text with lone surrogates is a UnicodeEncodeError. */
const char *py_str_utf8_strict(struct py_object *str, size_t *len /* may be NULL */);

#endif
