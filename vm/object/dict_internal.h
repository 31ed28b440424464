/* What the files of dict share. Not for other files. */
#ifndef BRILLE_VM_OBJECT_DICT_INTERNAL_H
#define BRILLE_VM_OBJECT_DICT_INTERNAL_H

#include "vm/memory/gc.h"
#include "vm/memory/heap.h"
#include "vm/object/dict.h"
#include "vm/object/dict_inline.h"
#include "vm/object/quick_compare.h"
#include "vm/object/tuple.h"
#include "vm/runtime/ops.h"

#define DICT_LOG_MIN     3
#define DICT_MAX_PRESIZE (128 * 1024)
/* Two thirds of the index may be filled. */
#define DICT_USABLE(cells) (((size_t)(cells) << 1) / 3)
/* Size asked for when a table is full. */
#define DICT_GROWTH(d) ((d)->used * 3)

enum { DICT_ERROR = -3 };

#define AS_DICT(o) ((struct py_dict *)(o))

/* Entry number of key, -1 if absent, DICT_ERROR with an exception. May run Python code unless the
 * key and all keys of that hash are of simple types. */
int64_t py_dict_lookup(struct py_dict *d, struct py_object *key, int64_t hash);
/* log2 of the index size that holds n entries. */
uint8_t py_dict_log2_for_entries(int64_t n);
/* Rebuilds the table. general 1 widens to 24-byte entries. */
int py_dict_resize(struct py_dict *d, uint8_t log2_size, bool general);
void py_dict_keys_free(struct py_dict_keys *k); /* the memory; the shared empty table stays */
/* Untracked empty dict; tracked by the first insertion of something that needs it. */
struct py_dict *py_dict_alloc(uint8_t log2_size, bool general);
/* Removes entry e and returns its value (owned now); the key is dropped by the caller. */
struct py_object *py_dict_remove_entry(struct py_dict *d, int64_t hash, int64_t e,
                                       struct py_object **key);

static inline int64_t dict_hash_key(struct py_object *key)
{
    const int64_t hash = py_quick_hash(key);
    return hash != -1 ? hash : py_hash(key);
}

static inline bool dict_may_be_tracked(const struct py_object *o)
{
    return py_is_gc(o) && (o->type != &py_tuple_type || py_gc_is_tracked(o));
}

static inline void dict_maintain_tracking(struct py_dict *d, const struct py_object *key,
                                          const struct py_object *value)
{
    if (!py_gc_head_of(PY_OBJ(d))->next && (dict_may_be_tracked(key) || dict_may_be_tracked(value)))
        py_gc_track(d);
}

static inline void dict_changed(struct py_dict *d)
{
    d->version = ++py_dict_version_counter;
}

static inline void dict_announce(struct py_dict *d)
{
    if (PY_TRACING(PY_TRACE_ALLOC))
        py_object_resized(PY_OBJ(d), py_object_size(PY_OBJ(d)));
}

static inline size_t dict_keys_bytes(const struct py_dict_keys *k)
{
    return sizeof *k + ((size_t)1 << k->log2_index_bytes) +
           DICT_USABLE((size_t)1 << k->log2_size) *
               (k->general ? sizeof(struct py_dict_entry) : sizeof(struct py_dict_entry_str));
}

extern const struct py_method_def py_dict_methods[];
struct py_object *py_dict_repr(struct py_object *o);
struct py_object *py_dict_richcompare(struct py_object *a, struct py_object *b, int op);
struct py_object *py_dict_iter(struct py_object *o);
struct py_object *py_dict_or(struct py_object *a, struct py_object *b);
struct py_object *py_dict_ior(struct py_object *a, struct py_object *b);
int py_dict_init(struct py_object *o, struct py_object *const *args, size_t nargs,
                 struct py_tuple *kwnames);
/* update(*args, **kwargs) on behalf of the named method. */
int py_dict_update_args(struct py_dict *d, const char *function, struct py_object *const *args,
                        size_t nargs, struct py_tuple *kwnames);
struct py_object *py_dict_view_new(struct py_type *type, struct py_object *dict);
struct py_object *py_dict_reverse_iter_new(struct py_object *dict);

#endif
