/* range, slice and their arithmetic. */
#ifndef BRILLE_VM_OBJECT_RANGE_H
#define BRILLE_VM_OBJECT_RANGE_H

#include "vm/object/object.h"
#include "vm/object/type.h"

struct py_range {
    struct py_object base;
    struct py_object *start, *stop, *step, *length; /* ints */
};
/* Iterator over a range whose bounds fit int64_t; the loop reads it directly. */
struct py_range_iter {
    struct py_object base;
    int64_t index, start, step, length; /* next value: start + index * step */
};
struct py_slice {
    struct py_object base;
    struct py_object *start, *stop, *step;
};
extern struct py_type py_range_type, py_range_iter_type, py_long_range_iter_type, py_slice_type;

struct py_object *py_slice_new(struct py_object *start, struct py_object *stop,
                               struct py_object *step); /* NULLs become None */
/* Bounds as they are written, missing ones as far out as can be. Reading them may run __index__,
 * which is Python code and may change the sequence: so its length is asked for afterwards. */
struct py_slice_bounds {
    int64_t start, stop, step;
};
int py_slice_read(const struct py_slice *s, struct py_slice_bounds *out); /* -1: error */
/* Clips them to a sequence of the given length. The number of items. */
int64_t py_slice_clip(struct py_slice_bounds *b, int64_t length);
/* Both: *length is looked at when the bounds have been read. -1: error. */
int py_slice_indices(const struct py_slice *s, const int64_t *length, int64_t *start, int64_t *stop,
                     int64_t *step, int64_t *count);

#endif
