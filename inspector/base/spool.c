// See spool.h. A write that fails reads back what was written, so that nothing is lost by it.
#include "inspector/base/spool.h"

#include "inspector/base/huge.h"
#include "inspector/base/progress.h"
#include "inspector/base/vec.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void spool_init(struct spool *spool, struct spool_place *place)
{
    *spool = (struct spool){.place = place, .fd = -1, .buffer_bytes = SPOOL_BUFFER_BYTES};
}

struct error *spool_expect(struct spool *spool, uint64_t bytes)
{
    if (spool->place || bytes <= spool->capacity)
        return NULL;
    free(spool->buffer);
    spool->capacity = 0;
    spool->buffer = huge_malloc(bytes, 1);
    if (!spool->buffer)
        return &error_no_memory;
    spool->capacity = bytes;
    return NULL;
}

void spool_deinit(struct spool *spool)
{
    if (spool->mapped_bytes)
        munmap(spool->view, spool->mapped_bytes);
    if (spool->place && spool->fd >= 0)
        close(spool->fd);
    free(spool->buffer);
    *spool = (struct spool){.fd = -1};
}

// ---- files ----

static int make_file(const char *folder)
{
    const int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    char *path = NULL;
    if (fd >= 0 || asprintf(&path, "%s/brille-columns-XXXXXX", folder) < 0)
        return fd;
    const int named = mkostemp(path, O_CLOEXEC);
    if (named >= 0)
        unlink(path);
    free(path);
    return named;
}

static bool write_at(int fd, const unsigned char *bytes, size_t length, uint64_t offset)
{
    while (length) {
        const ssize_t wrote = pwrite(fd, bytes, length, (off_t)offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        bytes += wrote;
        offset += (uint64_t)wrote;
        length -= (size_t)wrote;
    }
    return true;
}

static struct error *read_at(int fd, unsigned char *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        const ssize_t got = pread(fd, bytes + done, length - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_create_errno(got ? errno : EIO, "cannot read back columns");
        done += (size_t)got;
    }
    return NULL;
}

static struct error *reserve(struct spool *spool, size_t bytes)
{
    void *buffer = spool->buffer;
    TRY(vec_grow(&buffer, &spool->capacity, bytes, 1));
    spool->buffer = buffer;
    return NULL;
}

// For good: from now on this spool, and others that have no file yet, are plain memory.
static struct error *come_home(struct spool *spool)
{
    if (!spool->place->refused)
        log_debug("columns are kept in memory: %s has no room (%s)", spool->place->folder,
                  strerror(errno));
    spool->place->refused = spool->in_memory = true;
    if (!spool->written)
        return NULL;
    unsigned char *whole = malloc(spool->written + spool->used);
    if (!whole)
        return &error_no_memory;
    struct error *err = read_at(spool->fd, whole, spool->written);
    if (err) {
        free(whole);
        return err;
    }
    memcpy(whole + spool->written, spool->buffer, spool->used);
    free(spool->buffer);
    spool->buffer = whole;
    spool->capacity = spool->used = spool->written + spool->used;
    close(take_fd(spool->fd));
    spool->written = 0;
    return NULL;
}

static struct error *flush(struct spool *spool)
{
    if (spool->fd < 0 && !spool->place->refused)
        spool->fd = make_file(spool->place->folder);
    if (spool->fd < 0 || !write_at(spool->fd, spool->buffer, spool->used, spool->written))
        return come_home(spool);
    spool->written += spool->used;
    spool->used = 0;
    return NULL;
}

// ---- adding ----

static struct error *add_in_memory(struct spool *spool, const void *bytes, size_t length)
{
    if (length > SIZE_MAX - spool->used)
        return &error_no_memory;
    TRY(reserve(spool, spool->used + length));
    memcpy(spool->buffer + spool->used, bytes, length);
    spool->used += length;
    return NULL;
}

struct error *spool_add_slow(struct spool *spool, const void *bytes, size_t length)
{
    assert(!spool->view);
    spool->in_memory |= !spool->place;
    const unsigned char *from = bytes;
    while (!spool->in_memory && length) {
        if (spool->capacity < spool->buffer_bytes) { // small ones stay small
            const size_t needed = spool->used + length;
            TRY(reserve(spool, needed < spool->buffer_bytes ? needed : spool->buffer_bytes));
        }
        const size_t room = spool->capacity - spool->used;
        const size_t part = length < room ? length : room;
        memcpy(spool->buffer + spool->used, from, part);
        spool->used += part;
        from += part;
        length -= part;
        if (length)
            TRY(flush(spool));
    }
    return length ? add_in_memory(spool, from, length) : NULL;
}

// ---- reading ----

static struct error *map_file(struct spool *spool)
{
    if (spool->used)
        TRY(flush(spool));
    if (spool->in_memory)
        return NULL;
    void *view = mmap(NULL, spool->written, PROT_READ, MAP_SHARED, spool->fd, 0);
    if (view == MAP_FAILED)
        return come_home(spool);
    spool->view = view;
    spool->mapped_bytes = spool->written;
    close(take_fd(spool->fd));
    free(take_ptr(spool->buffer));
    spool->capacity = 0;
    return NULL;
}

struct error *spool_view(struct spool *spool)
{
    if (spool->view)
        return NULL;
    if (spool->written)
        TRY(map_file(spool));
    if (spool->view)
        return NULL;
    TRY(reserve(spool, 1)); // never NULL
    spool->view = spool->buffer;
    return NULL;
}

void spool_drop(const struct spool *spool)
{
    if (spool->mapped_bytes)
        madvise(spool->view, spool->mapped_bytes, MADV_DONTNEED);
}

// ---- sets ----

struct error *spool_take(struct spool *spool, struct spool_set *set, void *ret)
{
    TRY(spool_view(spool));
    memcpy(ret, &spool->view, sizeof spool->view);
    if (spool->mapped_bytes) {
        assert(set->count < sizeof set->items / sizeof *set->items);
        set->items[set->count++] = *spool;
    }
    *spool = (struct spool){.fd = -1};
    return NULL;
}

bool spool_set_owns(const struct spool_set *set, const void *view)
{
    for (unsigned i = 0; i < set->count; i++)
        if (set->items[i].view == view)
            return true;
    return false;
}

void spool_set_drop(const struct spool_set *set)
{
    for (unsigned i = 0; i < set->count; i++)
        spool_drop(&set->items[i]);
}

void spool_set_deinit(struct spool_set *set)
{
    for (unsigned i = 0; i < set->count; i++)
        spool_deinit(&set->items[i]);
    set->count = 0;
}
