// A small ring file with everything in it that a ring can hold, as bytes: written by the emitter
// for the make-believe interpreter of sample_heap.h. For tests and fuzzers of what reads rings.
#ifndef BRILLE_TESTS_SUPPORT_SAMPLE_RING_H
#define BRILLE_TESTS_SUPPORT_SAMPLE_RING_H

#include "tests/support/sample_heap.h"
#include "tracer/abi/process_id.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sample_heap sample_ring_heap;

static void sample_ring_context(struct trace_context *out)
{
    const struct sample_heap *heap = &sample_ring_heap;
    out->tid = heap->tid;
    out->depth = heap->depth;
    out->code = heap->depth ? TRACE_FRAME_CODE(heap->frames[heap->depth - 1]) : 0;
}

static inline uint8_t *sample_ring_read(const char *path, size_t *size)
{
    struct stat about;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = fd >= 0 && fstat(fd, &about) == 0 ? malloc((size_t)about.st_size) : NULL;
    *size = bytes ? (size_t)about.st_size : 0;
    if (!bytes || read(fd, bytes, *size) != (ssize_t)*size)
        abort();
    close(fd);
    return bytes;
}

// Runs `steps` of it into a ring of the smallest size, and leaves the file where it is: `path` gets
// its name. sample_ring_end() removes it. Once in a process at a time.
static inline void sample_ring_begin(uint32_t classes, enum trace_policy policy, unsigned steps,
                                     char path[96])
{
    static bool begun;
    char message[200];
    struct sample_heap *heap = &sample_ring_heap;
    const struct trace_sizes sizes = {
        .hot_bytes = 1, .cold_bytes = 1, .rare_bytes = 1, .definitions_bytes = 8192};
    sample_init(heap, (uint32_t)getpid(), 42);
    trace_set_context_hook(sample_ring_context);
    if ((!begun && !trace_init()) || !trace_start(classes, policy, &sizes, message, sizeof message))
        abort();
    begun = true;
    sample_define();
    trace_define_thread(heap->tid, 1, "MainThread");
    trace_gil_waiting(heap->tid + 1, heap->tid, 1);
    trace_gil_requested(heap->tid + 1, heap->tid, 1);
    for (unsigned i = 0; i < steps; i++)
        sample_step(heap);
    snprintf(path, 96, "/dev/shm/brille-%d-%llu", (int)getpid(),
             (unsigned long long)process_starttime(0));
}

static inline void sample_ring_end(void)
{
    trace_stop();
}

#endif
