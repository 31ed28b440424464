/* The Python stack of each thread, kept from enter and leave.
 *
 * A frame is a code id and the last site seen in it; for outer frames that is the site of the call.
 * After a gap a stack is wrong until a `stack` record, or the head of the next sub-buffer, rebases
 * it; frames nobody told us about have code 0. Depth is bounded: what is deeper is counted and
 * popped, but not kept.
 */
#ifndef BRILLE_TRACER_READ_STACKS_H
#define BRILLE_TRACER_READ_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stack_frame {
    uint32_t code;
    uint32_t site;
};

struct thread_stack {
    uint32_t tid;
    uint32_t depth;  /* kept frames */
    uint32_t excess; /* deeper ones, not kept */
    uint32_t room;
    struct stack_frame *frames;
};

struct stacks {
    struct thread_stack **threads;
    size_t count;
    size_t room;
    struct thread_stack *last; /* the one asked for most recently */
};

void stacks_init(struct stacks *stacks);
void stacks_deinit(struct stacks *stacks);

struct thread_stack *stacks_find(struct stacks *stacks, uint32_t tid);

/* The stack of a thread, made empty at first. NULL when there is no memory or there are too many
 * threads. */
static inline struct thread_stack *stacks_get(struct stacks *stacks, uint32_t tid)
{
    return stacks->last && stacks->last->tid == tid ? stacks->last : stacks_find(stacks, tid);
}

void thread_stack_push(struct thread_stack *stack, uint32_t code, uint32_t call_site);
void thread_stack_pop(struct thread_stack *stack);
static inline struct stack_frame *thread_stack_top(struct thread_stack *stack)
{
    return stack->depth && !stack->excess ? &stack->frames[stack->depth - 1] : NULL;
}
/* Cuts or fills up with unknown frames, then names the innermost. */
void thread_stack_rebase(struct thread_stack *stack, uint32_t depth, uint32_t code);
/* Sets frames[first..first+count) from TRACE_FRAME words; first == 0 begins anew. */
void thread_stack_set(struct thread_stack *stack, uint32_t first, const char *words,
                      uint32_t count);

#endif
