/* Types of the module _functools that have files of their own. */
#ifndef BRILLE_VM_BUILTINS_MOD_FUNCTOOLS_H
#define BRILLE_VM_BUILTINS_MOD_FUNCTOOLS_H

#include "vm/object/type.h"

extern struct py_type py_partial_type, py_lru_cache_type, py_lru_link_type; /* static_types.def */

/* What stands between positional and keyword arguments in the keys of caches: an object(). */
int py_lru_cache_init(void);

#endif
