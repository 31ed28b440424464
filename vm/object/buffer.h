/* The buffer protocol: objects whose octets others may look at, and write: bytes, bytearray,
 * memoryview, array. A type takes part by its slots `buffer` and `buffer_release`. */
#ifndef BRILLE_VM_OBJECT_BUFFER_H
#define BRILLE_VM_OBJECT_BUFFER_H

#include "vm/object/object.h"

struct py_buffer {
    uint8_t *data;
    int64_t length;   /* in bytes */
    int64_t itemsize; /* bytes */
    char format;      /* as in the module struct; 'B' for plain octets */
    bool readonly;
};

/* Fills *out; until py_buffer_release(o) the object keeps its octets where they are. -1:
 * TypeError "a bytes-like object is required", or BufferError. */
int py_buffer_get(struct py_object *o, struct py_buffer *out);
void py_buffer_release(struct py_object *o);
bool py_has_buffer(const struct py_object *o);
/* The same for an argument that is written to: readinto. */
int py_buffer_get_writable(struct py_object *o, struct py_buffer *out);

struct py_bytearray {
    struct py_var base; /* size: octets */
    int64_t allocated;
    uint8_t *data;   /* RAW; NULL while nothing was ever in it */
    void *reserved;  /* CPython's ob_start; keeps the size */
    int64_t exports; /* views that must not move */
};
extern struct py_type py_bytearray_type, py_memoryview_type;
/* Its octets, whatever its strides. New bytes. */
struct py_object *py_memoryview_tobytes(struct py_object *view);
struct py_object *py_bytearray_from(const void *data, size_t length);

#endif
