/* The handle stack: which C variables own references.
 *
 * A record is pushed when PY_HOLD is reached and popped by its cleanup attribute when the scope
 * is left, so the stack mirrors the C stack. The head lives twice: in a thread-local word, and in
 * struct py_thread, where a reader in another process finds it.
 */
#include "vm/runtime/handles.h"

#include "vm/runtime/thread.h"

__thread struct py_handle *py_handles_top __attribute__((tls_model("initial-exec")));

void py_handle_push(struct py_handle *h)
{
    h->prev = py_handles_top;
    py_handles_top = h;
    struct py_thread *thread = py_thread_current();
    if (__builtin_expect(thread != NULL, 1))
        thread->handles = h;
}

void py_handle_pop(struct py_handle *h)
{
    py_handles_top = h->prev;
    struct py_thread *thread = py_thread_current();
    if (__builtin_expect(thread != NULL, 1))
        thread->handles = h->prev;
}
