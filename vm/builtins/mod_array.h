/* What the files of the module array share. Not for other files. */
#ifndef BRILLE_VM_BUILTINS_MOD_ARRAY_H
#define BRILLE_VM_BUILTINS_MOD_ARRAY_H

#include "vm/builtins/mod_support.h"
#include "vm/object/bytes.h"

struct array_kind {
    char code;
    int8_t width;
    char format;      /* as a buffer says it: wide characters are 'w' there */
    const char *what; /* in messages of numbers that do not fit */
};
const struct array_kind *array_kind_of(uint32_t code); /* NULL: no such kind */

struct py_array {
    struct py_var base; /* size: items */
    uint8_t *data;      /* RAW, or a static word while nothing is in it */
    int64_t room_bytes; /* of the block */
    const struct array_kind *kind;
    struct py_object *weaklist;
    int64_t exports;
};
extern struct py_type py_array_type, py_array_iter_type;
#define ARRAY(o)       ((struct py_array *)(o))
#define ARRAY_CHECK(o) (py_isinstance_type(PY_OBJ(o), &py_array_type))

/* size items, not initialised. */
struct py_array *array_make(struct py_type *type, const struct array_kind *kind, int64_t size);
int array_resize(struct py_array *a, int64_t size);
/* Converts value and puts it before item i, clipped. */
int array_insert_at(struct py_array *a, int64_t i, struct py_object *value);
int array_check_exports(const struct py_array *a);
struct py_object *array_item_at(const struct py_array *a, int64_t i);
/* mod_array_io.c: all items as a list, as text (typecode u); octets at the end. */
struct py_object *array_list(const struct py_array *a);
struct py_object *array_text(const struct py_array *a);
int array_append_octets(struct py_array *a, struct py_object *octets);

#define ARRAY_METHOD(name)                                                                      \
    struct py_object *name(struct py_object *self, struct py_object *const *args, size_t nargs, \
                           struct py_tuple *kwnames)
ARRAY_METHOD(array_fromfile);
ARRAY_METHOD(array_tofile);
ARRAY_METHOD(array_fromlist);
ARRAY_METHOD(array_tolist);
ARRAY_METHOD(array_frombytes);
ARRAY_METHOD(array_tobytes);
ARRAY_METHOD(array_fromunicode);
ARRAY_METHOD(array_tounicode);
ARRAY_METHOD(array_reduce_ex);

#endif
