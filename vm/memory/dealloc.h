/* Deallocation, as types' own dealloc slots need it. */
#ifndef BRILLE_VM_MEMORY_DEALLOC_H
#define BRILLE_VM_MEMORY_DEALLOC_H

#include "vm/object/object.h"

/* What every dealloc slot does first: untracks o, clears weak references to it, drops the
 * references in fields, body and instance attributes. Buffers (list items, dict keys) stay, with
 * their references gone: the slot frees them and ends in py_object_free(o). */
void py_object_release_common(struct py_object *o);

/* Runs o's finalizer if it has one that did not run yet; o's refcnt is 0. True: o was
 * resurrected and must not be freed. */
bool py_object_finalize_from_dealloc(struct py_object *o);
/* The same for the collector: o is alive. */
void py_object_finalize(struct py_object *o);

/* Has the finalizer of a gc object run? (Objects without a gc link: false.) */
bool py_object_is_finalized(const struct py_object *o);

#endif
