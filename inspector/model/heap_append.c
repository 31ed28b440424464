#include "inspector/model/heap_append.h"

#include "inspector/base/progress.h"
#include "inspector/model/heap_section.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

// Whether the open file is the one that was read, and as it was then.
static bool is_unchanged(const struct heap_file *file, int fd)
{
    struct stat was, is;
    struct heap_header header;
    return fstat(file->fd, &was) == 0 && fstat(fd, &is) == 0 && was.st_dev == is.st_dev &&
           was.st_ino == is.st_ino &&
           pread(fd, &header, sizeof header, 0) == (ssize_t)sizeof header &&
           header.header_crc == file->header_crc;
}

static bool copy_sections(const struct heap_file *file, struct heap_out *out)
{
    struct heap_section *sections;
    struct error *err = section_vec_extend(&out->sections, file->section_count, &sections);
    if (!err)
        memcpy(sections, file->sections, file->section_count * sizeof *sections);
    error_destroy(err);
    return err == NULL;
}

struct error *heap_append_begin(struct snapshot *s, struct heap_append **ret)
{
    *ret = NULL;
    if (!s->file)
        return NULL;
    const int fd = open(s->file->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_unchanged(s->file, fd)) {
        log_debug("%s stays as it is: %s", s->file->path,
                  fd < 0 ? strerror(errno) : "somebody else is writing to it");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct heap_append *append = calloc(1, sizeof *append);
    struct error *err =
        append ? heap_out_init(&append->out, fd, s->file->path, (s->file->end + 7) & ~UINT64_C(7))
               : &error_no_memory;
    if (err || !copy_sections(s->file, &append->out)) {
        if (append)
            heap_out_deinit(&append->out);
        free(append);
        close(fd);
        return err ? err : &error_no_memory;
    }
    append->file = s->file;
    append->fd = fd;
    *ret = append;
    return NULL;
}

// Of sections with the same tag the last stays.
static void drop_replaced(struct heap_out *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < out->sections.count; i++) {
        bool replaced = false;
        for (size_t k = i + 1; k < out->sections.count; k++)
            replaced |= out->sections.items[k].tag == out->sections.items[i].tag;
        if (!replaced)
            out->sections.items[kept++] = out->sections.items[i];
    }
    out->sections.count = kept;
}

struct error *heap_append_end(struct heap_append *append)
{
    const uint64_t old_end = append->file->end;
    uint64_t bytes = 0;
    drop_replaced(&append->out);
    struct error *err = heap_out_finish(&append->out, &bytes);
    if (err && ftruncate(append->fd, (off_t)old_end) < 0)
        log_debug("%s keeps bytes that nobody reads", append->file->path);
    if (!err)
        err = heap_section_reread(append->file);
    close(append->fd); // and with it the lock
    heap_out_deinit(&append->out);
    free(append);
    return err;
}
