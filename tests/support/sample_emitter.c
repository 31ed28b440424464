/* A small process that emits events, for trying the inspector before (or without) the interpreter.
 *
 *     sample_emitter [seconds] [classes]      classes: a mask as in enum trace_class, 0 is untraced
 *
 * Prints its pid, runs the make-believe heap of sample_heap.h, and honours requests and parking at
 * safepoints as the interpreter does. With classes it starts a flight recorder.
 */
#include "tests/support/sample_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct sample_heap heap;

static void context(struct trace_context *out)
{
    out->tid = heap.tid;
    out->depth = heap.depth;
    out->code = heap.depth ? TRACE_FRAME_CODE(heap.frames[heap.depth - 1]) : 0;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 10;
    uint32_t classes = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 0;
    char message[200];
    struct timespec begun, now;
    sample_init(&heap, (uint32_t)getpid(), 42);
    trace_set_context_hook(context);
    if (!trace_init()) {
        fprintf(stderr, "brille: no control page\n");
        return 1;
    }
    if (classes && !trace_start(classes, TRACE_POLICY_OVERWRITE, NULL, message, sizeof(message)))
        fprintf(stderr, "brille: %s\n", message);
    if (trace_has_ring()) {
        sample_define();
        trace_define_thread(heap.tid, 1, "MainThread");
    }
    printf("%d\n", getpid());
    fflush(stdout);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    do {
        for (int i = 0; i < 2000; i++)
            sample_step(&heap);
        usleep(100);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((double)(now.tv_sec - begun.tv_sec) + 1e-9 * (double)(now.tv_nsec - begun.tv_nsec) <
             seconds);
    trace_stop();
    return 0;
}
