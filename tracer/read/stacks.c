/* See stacks.h. Threads are found by linear search behind a one-entry cache: a thread changes at
 * most a few thousand times a second, events come by the hundred million. */
#include "tracer/read/stacks.h"

#include "tracer/abi/ring_layout.h"

#include <stdlib.h>
#include <string.h>

enum {
    STACK_MAX_DEPTH = 1 << 17,
    STACK_MAX_THREADS = 1 << 14,
};

void stacks_init(struct stacks *stacks)
{
    *stacks = (struct stacks){0};
}

void stacks_deinit(struct stacks *stacks)
{
    for (size_t i = 0; i < stacks->count; i++) {
        free(stacks->threads[i]->frames);
        free(stacks->threads[i]);
    }
    free(stacks->threads);
    *stacks = (struct stacks){0};
}

static struct thread_stack *stacks_add(struct stacks *stacks, uint32_t tid)
{
    if (stacks->count == STACK_MAX_THREADS)
        return NULL;
    if (stacks->count == stacks->room) {
        size_t room = stacks->room ? stacks->room * 2 : 16;
        struct thread_stack **threads = realloc(stacks->threads, room * sizeof(*threads));
        if (!threads)
            return NULL;
        stacks->threads = threads;
        stacks->room = room;
    }
    struct thread_stack *stack = calloc(1, sizeof(*stack));
    if (!stack)
        return NULL;
    stack->tid = tid;
    return stacks->threads[stacks->count++] = stack;
}

struct thread_stack *stacks_find(struct stacks *stacks, uint32_t tid)
{
    for (size_t i = 0; i < stacks->count; i++) {
        if (stacks->threads[i]->tid == tid)
            return stacks->last = stacks->threads[i];
    }
    struct thread_stack *stack = stacks_add(stacks, tid);
    if (stack)
        stacks->last = stack;
    return stack;
}

static bool make_room(struct thread_stack *stack, uint32_t depth)
{
    if (depth <= stack->room)
        return true;
    if (depth > STACK_MAX_DEPTH)
        return false;
    uint32_t room = stack->room ? stack->room : 64;
    while (room < depth)
        room *= 2;
    struct stack_frame *frames = realloc(stack->frames, room * sizeof(*frames));
    if (!frames)
        return false;
    stack->frames = frames;
    stack->room = room;
    return true;
}

void thread_stack_push(struct thread_stack *stack, uint32_t code, uint32_t call_site)
{
    struct stack_frame *caller = thread_stack_top(stack);
    if (caller && call_site != TRACE_SITE_UNKNOWN)
        caller->site = call_site;
    if (stack->excess || !make_room(stack, stack->depth + 1)) {
        stack->excess++;
        return;
    }
    stack->frames[stack->depth++] = (struct stack_frame){.code = code, .site = TRACE_SITE_UNKNOWN};
}

void thread_stack_pop(struct thread_stack *stack)
{
    if (stack->excess)
        stack->excess--;
    else if (stack->depth)
        stack->depth--;
}

void thread_stack_rebase(struct thread_stack *stack, uint32_t depth, uint32_t code)
{
    stack->excess = 0;
    if (depth > STACK_MAX_DEPTH) {
        stack->excess = depth - STACK_MAX_DEPTH;
        depth = STACK_MAX_DEPTH;
    }
    if (!make_room(stack, depth))
        return;
    for (uint32_t i = stack->depth; i < depth; i++)
        stack->frames[i] = (struct stack_frame){.code = 0, .site = TRACE_SITE_UNKNOWN};
    stack->depth = depth;
    struct stack_frame *top = thread_stack_top(stack);
    if (top && top->code != code)
        *top = (struct stack_frame){.code = code, .site = TRACE_SITE_UNKNOWN};
}

void thread_stack_set(struct thread_stack *stack, uint32_t first, const char *words, uint32_t count)
{
    if (first == 0) {
        stack->depth = 0;
        stack->excess = 0;
    }
    if (first != stack->depth || count > STACK_MAX_DEPTH || !make_room(stack, first + count))
        return;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t frame;
        memcpy(&frame, words + i * 8, 8);
        stack->frames[first + i] =
            (struct stack_frame){.code = TRACE_FRAME_CODE(frame), .site = TRACE_FRAME_SITE(frame)};
    }
    stack->depth = first + count;
}
