#include "inspector/proc/mem_source.h"

#include "inspector/base/vec.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- the seam ----

void mem_source_destroy(struct mem_source *source)
{
    if (source)
        source->ops->destroy(source);
}

size_t mem_read_some(struct mem_source *source, struct remote_ptr from, void *buffer, size_t length)
{
    // A range that wraps around the end of the address space ends there.
    uint64_t to_end = UINT64_MAX - from.addr;
    if (length > to_end)
        length = (size_t)to_end;
    return length ? source->ops->read(source, from.addr, buffer, length) : 0;
}

struct error *mem_read(struct mem_source *source, struct remote_ptr from, void *buffer,
                       size_t length)
{
    size_t got = mem_read_some(source, from, buffer, length);
    if (got == length)
        return NULL;
    if (source->ops->state)
        TRY(source->ops->state(source));
    return error_create_fault(remote_add(from, (int64_t)got), "cannot read memory of the target");
}

struct error *mem_read_u8(struct mem_source *source, struct remote_ptr from, uint8_t *ret)
{
    return mem_read(source, from, ret, sizeof *ret);
}

struct error *mem_read_u32(struct mem_source *source, struct remote_ptr from, uint32_t *ret)
{
    uint32_t value;
    TRY(mem_read(source, from, &value, sizeof value));
    *ret = value;
    return NULL;
}

struct error *mem_read_u64(struct mem_source *source, struct remote_ptr from, uint64_t *ret)
{
    uint64_t value;
    TRY(mem_read(source, from, &value, sizeof value));
    *ret = value;
    return NULL;
}

struct error *mem_read_ptr(struct mem_source *source, struct remote_ptr from,
                           struct remote_ptr *ret)
{
    return mem_read_u64(source, from, &ret->addr);
}

struct error *mem_read_string(struct mem_source *source, struct remote_ptr from, char *buffer,
                              size_t size, bool *truncated)
{
    if (size == 0)
        return NULL;
    size_t got = mem_read_some(source, from, buffer, size);
    if (got == 0)
        return mem_read(source, from, buffer, 1);
    size_t length = strnlen(buffer, got);
    if (truncated)
        *truncated = length == got;
    buffer[length < size ? length : size - 1] = 0;
    return NULL;
}

// ---- /proc/PID/mem ----

struct mem_fd {
    struct mem_source base;
    int fd;
};

static size_t mem_fd_read(struct mem_source *source, uint64_t address, void *buffer, size_t length)
{
    const struct mem_fd *self = (const struct mem_fd *)source;
    // The upper half belongs to the kernel, and pread would take it for a negative offset.
    if (address > INT64_MAX || length > INT64_MAX - address)
        return 0;
    size_t done = 0;
    while (done < length) {
        ssize_t got =
            pread(self->fd, (char *)buffer + done, length - done, (off_t)(address + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

// A process whose address space is gone reads as an empty file, while an unmapped address is EIO.
static struct error *mem_fd_state(struct mem_source *source)
{
    const struct mem_fd *self = (const struct mem_fd *)source;
    char byte;
    if (pread(self->fd, &byte, 1, 4096) != 0)
        return NULL;
    if (self->base.frozen)
        return error_create(ERROR_GONE, "the frozen copy of the process is gone");
    return error_create(ERROR_GONE, "the process ended while it was being read");
}

static void mem_fd_destroy(struct mem_source *source)
{
    struct mem_fd *self = (struct mem_fd *)source;
    close(self->fd);
    free(self);
}

static const struct mem_source_ops mem_fd_ops = {
    .read = mem_fd_read,
    .state = mem_fd_state,
    .destroy = mem_fd_destroy,
};

struct error *mem_fd_create(int fd, bool frozen, struct mem_source **ret)
{
    struct mem_fd *self = calloc(1, sizeof *self);
    if (!self)
        return &error_no_memory;
    self->base.ops = &mem_fd_ops;
    self->base.frozen = frozen;
    self->fd = fd;
    *ret = &self->base;
    return NULL;
}

struct error *mem_live_create(pid_t pid, struct mem_source **ret)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int errnum = errno == ENOENT ? ESRCH : errno;
        return error_create_errno(errnum, "cannot read the memory of process %d", (int)pid);
    }
    TRY(mem_fd_create(fd, false, ret));
    fd = -1;
    return NULL;
}

// ---- local memory ----

struct mem_range {
    uint64_t begin;
    uint64_t end; // exclusive
    const unsigned char *bytes;
};

VEC_DEFINE(mem_range_vec, struct mem_range);

// invariant: ranges are sorted by begin and do not overlap.
struct mem_buffer {
    struct mem_source base;
    struct mem_range_vec ranges;
};

// Index of the first range that ends after the address.
static size_t mem_buffer_lower_bound(const struct mem_buffer *self, uint64_t address)
{
    size_t low = 0, high = self->ranges.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->ranges.items[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t mem_buffer_read(struct mem_source *source, uint64_t address, void *buffer,
                              size_t length)
{
    const struct mem_buffer *self = (const struct mem_buffer *)source;
    size_t done = 0;
    for (size_t i = mem_buffer_lower_bound(self, address); i < self->ranges.count; i++) {
        const struct mem_range *range = &self->ranges.items[i];
        if (done == length || range->begin > address + done)
            break;
        uint64_t available = range->end - (address + done);
        size_t part = available < length - done ? (size_t)available : length - done;
        if (range->bytes)
            memcpy((char *)buffer + done, range->bytes + (address + done - range->begin), part);
        else
            memset((char *)buffer + done, 0, part);
        done += part;
    }
    return done;
}

static void mem_buffer_destroy(struct mem_source *source)
{
    struct mem_buffer *self = (struct mem_buffer *)source;
    mem_range_vec_deinit(&self->ranges);
    free(self);
}

static const struct mem_source_ops mem_buffer_ops = {
    .read = mem_buffer_read,
    .destroy = mem_buffer_destroy,
};

struct error *mem_buffer_create(struct mem_source **ret)
{
    struct mem_buffer *self = calloc(1, sizeof *self);
    if (!self)
        return &error_no_memory;
    self->base.ops = &mem_buffer_ops;
    self->base.frozen = true;
    *ret = &self->base;
    return NULL;
}

struct error *mem_buffer_add(struct mem_source *source, struct remote_ptr at, const void *bytes,
                             size_t length)
{
    struct mem_buffer *self = (struct mem_buffer *)source;
    if (length == 0)
        return NULL;
    if (length > UINT64_MAX - at.addr)
        return error_add_address(error_create(ERROR_FORMAT, "a memory range wraps around"), at);
    struct mem_range range = {.begin = at.addr, .end = at.addr + length, .bytes = bytes};
    size_t place = mem_buffer_lower_bound(self, range.begin);
    if (place < self->ranges.count && self->ranges.items[place].begin < range.end)
        return error_add_address(error_create(ERROR_FORMAT, "two memory ranges overlap"), at);
    TRY(mem_range_vec_push(&self->ranges, range));
    memmove(&self->ranges.items[place + 1], &self->ranges.items[place],
            (self->ranges.count - 1 - place) * sizeof range);
    self->ranges.items[place] = range;
    self->base.size_bytes += length;
    return NULL;
}

// ---- one on top of another ----

struct mem_layers {
    struct mem_source base;
    struct mem_source *upper;
    struct mem_source *lower;
};

// The next address that the upper source may have again is unknown, so the lower one is asked for
// the rest of a page at a time.
enum { MEM_LAYER_STEP = 4096 };

static size_t mem_layers_read(struct mem_source *source, uint64_t address, void *buffer,
                              size_t length)
{
    struct mem_layers *self = (struct mem_layers *)source;
    size_t done = 0;
    while (done < length) {
        char *to = (char *)buffer + done;
        size_t got = mem_read_some(self->upper, remote_at(address + done), to, length - done);
        if (got == 0) {
            size_t step = MEM_LAYER_STEP - (address + done) % MEM_LAYER_STEP;
            if (step > length - done)
                step = length - done;
            got = mem_read_some(self->lower, remote_at(address + done), to, step);
        }
        if (got == 0)
            break;
        done += got;
    }
    return done;
}

static struct error *mem_layers_state(struct mem_source *source)
{
    struct mem_layers *self = (struct mem_layers *)source;
    return self->lower->ops->state ? self->lower->ops->state(self->lower) : NULL;
}

static void mem_layers_destroy(struct mem_source *source)
{
    struct mem_layers *self = (struct mem_layers *)source;
    mem_source_destroy(self->upper);
    mem_source_destroy(self->lower);
    free(self);
}

static const struct mem_source_ops mem_layers_ops = {
    .read = mem_layers_read,
    .state = mem_layers_state,
    .destroy = mem_layers_destroy,
};

struct error *mem_layers_create(struct mem_source *upper, struct mem_source *lower,
                                struct mem_source **ret)
{
    struct mem_layers *self = calloc(1, sizeof *self);
    if (!self)
        return &error_no_memory;
    self->base.ops = &mem_layers_ops;
    self->base.size_bytes = upper->size_bytes;
    self->base.frozen = upper->frozen;
    self->upper = upper;
    self->lower = lower;
    *ret = &self->base;
    return NULL;
}
