// A core file as a capture: what capture.h promises, from a process that is no more.
#include "inspector/capture/capture.h"

#include "inspector/base/cleanup.h"
#include "inspector/proc/core_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXTENTS_MAX = 1 << 20 };

static int compare_threads(const void *a, const void *b)
{
    const struct capture_thread *left = a, *right = b;
    return (left->tid > right->tid) - (left->tid < right->tid);
}

// What the file has room for: memory that was never written is a hole in a core of the kernel.
static uint64_t file_data_bytes(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t bytes = 0;
    off_t at = 0;
    for (int i = 0; fd >= 0 && i < EXTENTS_MAX; i++) {
        const off_t data = lseek(fd, at, SEEK_DATA);
        if (data < 0)
            return errno == ENXIO ? bytes : 0;
        at = lseek(fd, data, SEEK_HOLE);
        if (at < 0)
            return 0;
        bytes += (uint64_t)(at - data);
    }
    return 0;
}

struct error *capture_open_core(const char *path, const struct core_options *options,
                                struct capture **ret)
{
    struct core_file core;
    struct stat written;
    TRY(core_file_open(path, options, &core));
    struct capture *capture = calloc(1, sizeof *capture);
    struct capture_thread *threads = calloc(core.threads.count + 1, sizeof *threads);
    if (!capture || !threads) {
        free(capture);
        free(threads);
        core_file_close(&core);
        return &error_no_memory;
    }
    for (size_t i = 0; i < core.threads.count; i++)
        threads[i] = (struct capture_thread){
            .tid = core.threads.items[i].tid,
            .has_registers = true,
            .registers = core.threads.items[i].registers,
        };
    qsort(threads, core.threads.count, sizeof *threads, compare_threads);
    *capture = (struct capture){
        .pid = core.pid,
        .method = CAPTURE_CORE,
        .at_safepoint = false, // nobody knows; the target decides
        .mem = core.mem,
        .maps = core.maps,
        .written_bytes = file_data_bytes(path),
        .threads = threads,
        .thread_count = core.threads.count,
        .missing = core.missing,
    };
    if (stat(path, &written) == 0)
        capture->taken_unix_ns =
            (int64_t)written.st_mtim.tv_sec * 1000000000 + written.st_mtim.tv_nsec;
    memcpy(capture->name, core.name, sizeof capture->name);
    core_thread_vec_deinit(&core.threads);
    *ret = capture;
    return NULL;
}
