/* What the files of _struct share: a format taken apart, and one value of it.
 *
 *     "<3hx5s"  ->  little-endian; {h, 3 times, at 0}, {s, 5 long, at 7}; 12 octets, 4 values
 *
 * A layout is shared by whoever uses it at the moment: a Struct may be given another format while
 * it converts a value. Not for other folders.
 */
#ifndef BRILLE_VM_BUILTINS_MOD_STRUCT_H
#define BRILLE_VM_BUILTINS_MOD_STRUCT_H

#include "vm/object/object.h"

struct layout_item {
    int64_t at;    /* of the first, in octets */
    int64_t count; /* of values; the length of s and p, which are one value */
    char code;
    uint8_t size; /* of one; 1 for s and p */
    bool is_int, is_signed;
};
struct layout {
    int64_t size;   /* in octets */
    int64_t values; /* that pack() takes */
    int64_t uses;
    bool native; /* '@': sizes and alignment of this machine */
    bool big;    /* the most significant octet first */
    int64_t item_count;
    struct layout_item items[];
};

/* struct.error, once the module is there. */
extern struct py_type *struct_error;

/* Takes a format apart. New; NULL: struct.error or MemoryError. struct_format.c */
struct layout *layout_create(const char *format, size_t length);
void layout_release(struct layout *l);

static inline struct layout *layout_share(struct layout *l)
{
    l->uses++;
    return l;
}
static inline void layout_drop(struct layout **l)
{
    layout_release(*l);
}

static inline bool is_text_item(const struct layout_item *item)
{
    return item->code == 's' || item->code == 'p';
}

/* Writes one value of the item to p, which holds zeros; can call Python code. -1: exception.
 * struct_values.c */
int layout_put(const struct layout *l, const struct layout_item *item, struct py_object *value,
               uint8_t *p);
/* Reads one. New. */
struct py_object *layout_get(const struct layout *l, const struct layout_item *item,
                             const uint8_t *p);

#endif
