/* Thread-local objects: the type _thread._local. */
#ifndef BRILLE_VM_BUILTINS_THREAD_LOCAL_H
#define BRILLE_VM_BUILTINS_THREAD_LOCAL_H

#include "vm/object/dict.h"
#include "vm/object/type.h"
#include "vm/runtime/thread.h"

extern struct py_type py_thread_local_type; /* static_types.def */

/* The thread's own dict, made when it is first asked for. Borrowed; NULL with MemoryError. */
struct py_dict *py_thread_own_dict(struct py_thread *thread);

/* Takes what `thread`, which ends, has set in every thread-local object out of it. */
void py_thread_drop_locals(struct py_thread *thread);

#endif
