/* Ring files: making our own, taking over one that is handed to us.
 *
 * Our own is /dev/shm/brille-<pid>-<starttime>, 0600, with a name so that it can be read after a
 * SIGKILL. Its pages are allocated before use (posix_fallocate: a full tmpfs is an error here and
 * not a SIGBUS later), large ones where there are any (ring_pages.h); small ones are mapped in when
 * a stream gets near them (stream.c). Pages are what starting to trace costs, so the definitions
 * region, of which most programs use little, gets its own in steps.
 *
 * A handed one is somebody else's file, and the request that names it came through a page that
 * anybody who may ptrace us can write. It must belong to our own user, be as long as its header
 * says, and, as a memfd, be sealed against shrinking, or a truncation would kill us. The header is
 * copied first and judged in private memory; nothing is believed after that.
 */
#include "tracer/emit/internal.h"

#include "tracer/abi/process_id.h"
#include "tracer/abi/ring_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RING_DIRECTORY   "/dev/shm"
#define DEFINITIONS_STEP (256u << 10)

struct trace_sizes trace_default_sizes(void)
{
#ifdef BRILLE_CHECKED
    const uint64_t tiny = RING_MIN_SUBBUFFERS * RING_SUBBUFFER_BYTES;
    return (struct trace_sizes){
        .hot_bytes = tiny, .cold_bytes = tiny, .rare_bytes = tiny, .definitions_bytes = 1u << 20};
#else
    return (struct trace_sizes){.hot_bytes = 2u << 20,
                                .cold_bytes = 1u << 20,
                                .rare_bytes = 256u << 10,
                                .definitions_bytes = 4u << 20};
#endif
}

/* Maps `fd`, whose header is good, and points the stream places into it. */
static bool ring_map(struct ring_use *use, int fd, enum control_ack_status *status,
                     uint32_t *detail)
{
    void *map = ring_map_aligned(fd, use->header.file_bytes);
    if (map == MAP_FAILED) {
        *status = CONTROL_ACK_NO_MEMORY;
        *detail = (uint32_t)errno;
        return false;
    }
    *status = CONTROL_ACK_OK;
    use->map = map;
    use->map_bytes = use->header.file_bytes;
    use->state = (struct ring_state *)(use->map + RING_STATE_OFFSET);
    for (int i = 0; i < TRACE_STREAM_COUNT; i++) {
        use->places[i] = (struct stream_place){
            .base = use->map + use->header.streams[i].offset,
            .slots = use->header.streams[i].bytes / RING_SUBBUFFER_BYTES,
        };
    }
    return true;
}

bool ring_map_fd(struct ring_use *use, int fd, bool must_be_sealed, enum control_ack_status *status,
                 uint32_t *detail)
{
    struct stat about;
    char why[160];
    *use = (struct ring_use){.kind = CONTROL_RING_HANDED, .fd = -1};
    *detail = 0;
    *status = CONTROL_ACK_NOT_YOURS;
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode) || about.st_uid != geteuid())
        return false;
    if (must_be_sealed) {
        int seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0 || !(seals & F_SEAL_SHRINK))
            return false;
    } else if (about.st_mode & 077) {
        return false;
    }
    *status = CONTROL_ACK_BAD_RING;
    if (pread(fd, &use->header, sizeof(use->header), 0) != (ssize_t)sizeof(use->header))
        return false;
    enum ring_verdict verdict =
        ring_header_check(&use->header, (uint64_t)about.st_size, why, sizeof(why));
    if (verdict != RING_GOOD) {
        if (verdict == RING_OTHER_ABI || verdict == RING_NEEDS_FEATURE ||
            verdict == RING_OTHER_SCHEMA)
            *status = CONTROL_ACK_OTHER_ABI;
        *detail = verdict;
        return false;
    }
    use->inode = about.st_ino;
    use->definitions_reserved = use->header.definitions.bytes; /* by its maker */
    return ring_map(use, fd, status, detail);
}

bool ring_open_handed(struct ring_use *use, const struct control_request *request,
                      enum control_ack_status *status, uint32_t *detail)
{
    char path[96];
    bool named = request->flags & CONTROL_RING_NAMED;
    uint32_t slot_pid = (uint32_t)(shared_load(&trace_control.reader.claim) >> 32);
    *detail = 0;
    if (!named && slot_pid != (uint32_t)request->ring_pid) {
        *status = CONTROL_ACK_NOT_YOURS;
        return false;
    }
    if (named)
        snprintf(path, sizeof(path), RING_DIRECTORY "/brille-%d-%llu.ring%d", (int)getpid(),
                 (unsigned long long)trace_control.starttime, request->ring_fd);
    else
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", request->ring_pid, request->ring_fd);
    /* The magic link of /proc is a symbolic link; a name in a shared directory must not be one. */
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (named ? O_NOFOLLOW : 0));
    if (fd < 0) {
        *status = CONTROL_ACK_NO_OPEN;
        *detail = (uint32_t)errno;
        return false;
    }
    bool good = ring_map_fd(use, fd, !named, status, detail);
    close(fd);
    return good;
}

static uint64_t first_definitions(const struct ring_header *header)
{
    return header->definitions.bytes < DEFINITIONS_STEP ? header->definitions.bytes
                                                        : DEFINITIONS_STEP;
}

bool ring_reserve_definitions(struct ring_use *use, uint64_t bytes)
{
    while (use->definitions_reserved < bytes) {
        uint64_t step = use->header.definitions.bytes - use->definitions_reserved;
        step = step < DEFINITIONS_STEP ? step : DEFINITIONS_STEP;
        if (step == 0 || use->fd < 0 ||
            posix_fallocate(use->fd,
                            (off_t)(use->header.definitions.offset + use->definitions_reserved),
                            (off_t)step) != 0)
            return false;
        use->definitions_reserved += step;
    }
    return true;
}

static int ring_allocate(int fd, const struct ring_header *header)
{
    const off_t streams = (off_t)header->streams[0].offset;
    const off_t first = (off_t)(header->definitions.offset + first_definitions(header));
    ring_take_huge_pages(fd, header->streams[0].offset, header->file_bytes);
    int problem = posix_fallocate(fd, streams, (off_t)header->file_bytes - streams);
    if (problem == 0)
        problem = posix_fallocate(fd, 0, first);
    if (problem != 0 && ftruncate(fd, 0) != 0)
        return errno;
    return problem;
}

/* Halves the sizes until the file fits, down to the least ring there can be. */
static int ring_allocate_what_fits(int fd, struct ring_header *header, struct trace_sizes *sizes)
{
    for (;;) {
        ring_header_plan(header, sizes);
        int problem = ring_allocate(fd, header);
        if (problem != ENOSPC)
            return problem;
        if (sizes->hot_bytes <= RING_MIN_SUBBUFFERS * RING_SUBBUFFER_BYTES)
            return ENOSPC;
        sizes->hot_bytes /= 2;
        sizes->cold_bytes /= 2;
        sizes->rare_bytes /= 2;
        sizes->definitions_bytes /= 2;
    }
}

bool ring_create_own(struct ring_use *use, const struct trace_sizes *sizes, char *message,
                     size_t message_bytes)
{
    struct trace_sizes fitting = *sizes;
    enum control_ack_status status;
    uint32_t detail;
    *use = (struct ring_use){.kind = CONTROL_RING_OWN, .fd = -1};
    message[0] = 0;
    snprintf(use->path, sizeof(use->path), RING_DIRECTORY "/brille-%d-%llu", (int)getpid(),
             (unsigned long long)trace_control.starttime);
    int fd = open(use->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        snprintf(message, message_bytes, "cannot create event ring %s: %s", use->path,
                 strerror(errno));
        return false;
    }
    int problem = ring_allocate_what_fits(fd, &use->header, &fitting);
    struct stat about;
    if (problem == 0 && fstat(fd, &about) != 0)
        problem = errno;
    if (problem == 0) {
        memcpy(use->header.magic, RING_MAGIC, sizeof(use->header.magic));
        use->header.ready = RING_READY;
        use->inode = about.st_ino;
        if (pwrite(fd, &use->header, sizeof(use->header), 0) != (ssize_t)sizeof(use->header))
            problem = errno;
        else if (!ring_map(use, fd, &status, &detail))
            problem = (int)detail;
    }
    if (problem != 0) {
        close(fd);
        unlink(use->path);
        snprintf(message, message_bytes, "cannot make event ring %s: %s", use->path,
                 strerror(problem));
        return false;
    }
    use->fd = fd;
    use->definitions_reserved = first_definitions(&use->header);
    if (fitting.hot_bytes != sizes->hot_bytes)
        snprintf(message, message_bytes,
                 "too little room in " RING_DIRECTORY ": event rings are %llu KiB instead of %llu",
                 (unsigned long long)(fitting.hot_bytes >> 10),
                 (unsigned long long)(sizes->hot_bytes >> 10));
    return true;
}

void ring_release(struct ring_use *use, bool unlink_own)
{
    if (use->map)
        munmap(use->map, use->map_bytes);
    if (use->kind == CONTROL_RING_OWN && use->fd >= 0)
        close(use->fd);
    if (unlink_own && use->kind == CONTROL_RING_OWN && use->path[0])
        unlink(use->path);
    *use = (struct ring_use){.kind = CONTROL_RING_NONE};
}
