// Files for targets, and seeds as files: what libFuzzer's main program and the plain one share.
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void need(int ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fuzz: %s: %s\n", what, strerror(errno));
    exit(3);
}

static void write_all(int fd, const uint8_t *data, size_t size)
{
    while (size) {
        const ssize_t wrote = write(fd, data, size);
        need(wrote > 0, "write");
        data += wrote;
        size -= (size_t)wrote;
    }
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static char path[64];
    static int fd = -1;
    // A new one each time: what the last input has mapped or opened stays as it was.
    if (fd >= 0)
        close(fd);
    fd = memfd_create("fuzz", MFD_CLOEXEC);
    need(fd >= 0, "memfd_create");
    write_all(fd, data, size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

static void write_seed(void *context, const char *name, const uint8_t *data, size_t size)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", (const char *)context, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    need(fd >= 0, path);
    write_all(fd, data, size);
    close(fd);
}

void fuzz_write_seeds(const char *folder)
{
    need(mkdir(folder, 0777) == 0 || errno == EEXIST, folder);
    fuzz_seeds(write_seed, (void *)(uintptr_t)folder);
}
