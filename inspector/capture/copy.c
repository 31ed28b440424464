#include "inspector/capture/copy.h"

#include "inspector/capture/hurry.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    COPY_PAGE = 4096,
    COPY_BATCH_PAGES = 16384, // of pagemap entries at a time, 64 MiB of memory
    COPY_PART_BYTES = 1 << 20,
    COPY_SLACK_BYTES = 256 << 20,
    COPY_HELPERS_MAX = 3,
    COPY_ALONE_BYTES = 32 << 20, // less than this is not worth a second thread
};

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

// Bits of an entry of /proc/PID/pagemap.
#define PAGEMAP_PRESENT   (UINT64_C(1) << 63)
#define PAGEMAP_SWAPPED   (UINT64_C(1) << 62)
#define PAGEMAP_FILE      (UINT64_C(1) << 61)
#define PAGEMAP_EXCLUSIVE (UINT64_C(1) << 56)

enum page_kind { PAGE_LEFT_OUT, PAGE_ZEROS, PAGE_OWN, PAGE_SHARED_WITH_RELATIVE };

void copy_init(struct copy *copy)
{
    *copy = (struct copy){.memfd = -1};
}

void copy_deinit(struct copy *copy)
{
    if (copy->memory)
        munmap(copy->memory, copy->capacity);
    if (copy->memfd >= 0)
        close(copy->memfd);
    copy_segment_vec_deinit(&copy->segments);
    copy_init(copy);
}

// Brackets name special mappings; the kernel's own ([vdso], [vvar]) are left to the live process.
static bool copy_wants(const struct map *map)
{
    if (map->shared)
        return false;
    return map->path[0] != '[' || strcmp(map->path, "[heap]") == 0 ||
           strncmp(map->path, "[stack", 6) == 0 || strncmp(map->path, "[anon", 5) == 0;
}

static enum page_kind page_kind(uint64_t entry, const struct map *map)
{
    bool resident = entry & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED);
    if (!resident)
        return map_is_file(map) ? PAGE_LEFT_OUT : PAGE_ZEROS;
    if ((entry & PAGEMAP_FILE) && !map->writable)
        return PAGE_LEFT_OUT;
    return entry & PAGEMAP_EXCLUSIVE ? PAGE_OWN : PAGE_SHARED_WITH_RELATIVE;
}

// ---- which pages are there ----

typedef struct error *(*run_visitor)(void *context, enum page_kind kind, uint64_t begin,
                                     uint64_t length);

// One walk over the pages of a process.
struct page_walk {
    int fd; // /proc/PID/pagemap
    uint64_t *entries;
    run_visitor visit;
    void *context;
};

// The runs of one kind in a part of a mapping, from its pagemap entries.
static struct error *walk_entries(struct page_walk *walk, const struct map *map, uint64_t begin,
                                  uint64_t end)
{
    while (begin < end) {
        uint64_t pages = (end - begin) / COPY_PAGE;
        size_t batch = pages < COPY_BATCH_PAGES ? (size_t)pages : COPY_BATCH_PAGES;
        ssize_t got = pread(walk->fd, walk->entries, batch * sizeof *walk->entries,
                            (off_t)(begin / COPY_PAGE * sizeof *walk->entries));
        if (got < (ssize_t)sizeof *walk->entries)
            return error_create_errno(got < 0 ? errno : ESRCH, "cannot read the page map");
        size_t count = (size_t)got / sizeof *walk->entries;
        for (size_t first = 0, last; first < count; first = last) {
            enum page_kind kind = page_kind(walk->entries[first], map);
            for (last = first + 1; last < count && page_kind(walk->entries[last], map) == kind;)
                last++;
            if (kind != PAGE_LEFT_OUT)
                TRY(walk->visit(walk->context, kind, begin + first * COPY_PAGE,
                                (last - first) * COPY_PAGE));
        }
        begin += count * COPY_PAGE;
    }
    return NULL;
}

static struct error *walk_hole(struct page_walk *walk, const struct map *map, uint64_t begin,
                               uint64_t end)
{
    enum page_kind kind = page_kind(0, map);
    return kind == PAGE_LEFT_OUT || begin == end
               ? NULL
               : walk->visit(walk->context, kind, begin, end - begin);
}

// ioctl(PAGEMAP_SCAN) of Linux 6.7 (Documentation/admin-guide/mm/pagemap.rst), younger than the
// headers we build with.
struct scan_region {
    uint64_t begin, end, categories;
};
struct scan_request {
    uint64_t size, flags, begin, end, walk_end, regions, region_count, max_pages;
    uint64_t inverted, required, any_of, returned;
};
#define SCAN_IOCTL   _IOWR('f', 16, struct scan_request)
#define SCAN_PRESENT (UINT64_C(1) << 3)
#define SCAN_SWAPPED (UINT64_C(1) << 4)

// Finds the resident parts of a mapping by walking its page tables, so that terabytes of reserved
// address space cost nothing. *done is false where the kernel does not know how.
static struct error *walk_scanned(struct page_walk *walk, const struct map *map, bool *done)
{
    enum { REGIONS = 512 };
    struct scan_region regions[REGIONS];
    uint64_t at = map->begin;
    while (at < map->end) {
        struct scan_request request = {
            .size = sizeof request,
            .begin = at,
            .end = map->end,
            .regions = (uintptr_t)regions,
            .region_count = REGIONS,
            .any_of = SCAN_PRESENT | SCAN_SWAPPED,
            .returned = SCAN_PRESENT | SCAN_SWAPPED,
        };
        int count = ioctl(walk->fd, SCAN_IOCTL, &request);
        if (count < 0 || count > REGIONS) {
            *done = at != map->begin;
            return *done ? error_create_errno(errno, "cannot scan the page map") : NULL;
        }
        for (int i = 0; i < count; i++) {
            TRY(walk_hole(walk, map, at, regions[i].begin));
            TRY(walk_entries(walk, map, regions[i].begin, regions[i].end));
            at = regions[i].end;
        }
        uint64_t walked = count == REGIONS ? at : map->end;
        TRY(walk_hole(walk, map, at, walked));
        at = walked;
    }
    *done = true;
    return NULL;
}

// Calls `visit` for each run of pages of one kind in the mappings that are copied.
static struct error *copy_each_run(pid_t pid, const struct maps *maps, run_visitor visit,
                                   void *context)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_create_errno(errno, "cannot open %s", path);
    _cleanup_free_ uint64_t *entries = malloc(COPY_BATCH_PAGES * sizeof *entries);
    if (!entries)
        return &error_no_memory;
    struct page_walk walk = {.fd = fd, .entries = entries, .visit = visit, .context = context};
    for (size_t i = 0; i < maps->list.count; i++) {
        const struct map *map = &maps->list.items[i];
        if (!copy_wants(map) || map->end > INT64_MAX)
            continue;
        bool done = false;
        TRY(walk_scanned(&walk, map, &done));
        if (!done)
            TRY(walk_entries(&walk, map, map->begin, map->end));
    }
    return NULL;
}

// ---- copying ----

static struct error *count_run(void *context, enum page_kind kind, uint64_t begin, uint64_t length)
{
    (void)begin;
    if (kind != PAGE_ZEROS)
        *(uint64_t *)context += length;
    return NULL;
}

static void copy_populate(struct copy *copy, uint64_t length)
{
    if (madvise(copy->memory, length, MADV_POPULATE_WRITE) == 0)
        return;
    for (uint64_t at = 0; at < length; at += COPY_PAGE)
        ((volatile unsigned char *)copy->memory)[at] = 0;
}

struct error *copy_prepare(struct copy *copy, pid_t pid, const struct maps *maps)
{
    uint64_t resident = 0;
    TRY(copy_each_run(pid, maps, count_run, &resident));
    copy->capacity = 2 * resident + COPY_SLACK_BYTES; // what stays untouched costs nothing
    copy->memfd = memfd_create("brille-copy", MFD_CLOEXEC);
    if (copy->memfd < 0 || ftruncate(copy->memfd, (off_t)copy->capacity) < 0)
        return error_create_errno(errno, "cannot allocate %llu bytes for the copy",
                                  (unsigned long long)copy->capacity);
    void *memory = mmap(NULL, copy->capacity, PROT_READ | PROT_WRITE, MAP_SHARED, copy->memfd, 0);
    if (memory == MAP_FAILED)
        return error_create_errno(errno, "cannot map the copy");
    copy->memory = memory;
    copy_populate(copy, resident + resident / 16);
    return NULL;
}

// The process stands still, so its processors are free: several threads copy, each takes the next
// piece that nobody has. Those that get no processor do not matter, except for their last piece.
struct copy_piece {
    uint64_t from, length;
    uint64_t offset; // in the memfd, COPY_ZEROS for what need not be copied
    uint64_t got;    // of it; less when a page went away or was never there
    enum page_kind kind;
};
VEC_DEFINE(copy_piece_vec, struct copy_piece);

struct copy_work {
    struct copy *copy;
    pid_t pid;
    int mem_fd;
    struct copy_piece_vec pieces;
    atomic_size_t next; // piece
    atomic_bool given_up;
};

static uint64_t copy_part(const struct copy_work *work, enum page_kind kind, uint64_t from,
                          unsigned char *to, uint64_t length)
{
    if (kind == PAGE_OWN) {
        struct iovec local = {.iov_base = to, .iov_len = length};
        struct iovec remote = {.iov_base = (void *)(uintptr_t)from, .iov_len = length};
        ssize_t got = process_vm_readv(work->pid, &local, 1, &remote, 1, 0);
        if (got == (ssize_t)length)
            return length;
        // PROT_NONE memory, for example: /proc/PID/mem can read that.
    }
    uint64_t done = 0;
    while (done < length) {
        ssize_t got = pread(work->mem_fd, to + done, length - done, (off_t)(from + done));
        if (got <= 0)
            break;
        done += (uint64_t)got;
    }
    return done;
}

static bool copy_next_piece(struct copy_work *work)
{
    const size_t index = atomic_fetch_add(&work->next, 1);
    if (index >= work->pieces.count || atomic_load(&work->given_up))
        return false;
    struct copy_piece *piece = &work->pieces.items[index];
    piece->got = piece->offset == COPY_ZEROS
                     ? piece->length
                     : copy_part(work, piece->kind, piece->from, work->copy->memory + piece->offset,
                                 piece->length);
    return true;
}

static void *copy_help(void *context)
{
    hurry_self();
    while (copy_next_piece(context))
        ;
    return NULL;
}

static struct error *copy_pieces(struct copy_work *work, bool (*cancelled)(void *context),
                                 void *context)
{
    pthread_t helpers[COPY_HELPERS_MAX];
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = 0;
    while (count < COPY_HELPERS_MAX && count + 1 < processors &&
           work->copy->used > COPY_ALONE_BYTES &&
           pthread_create(&helpers[count], NULL, copy_help, work) == 0)
        count++;
    bool stop = false;
    while (!(stop = cancelled(context)) && copy_next_piece(work))
        ;
    atomic_store(&work->given_up, stop);
    for (unsigned i = 0; i < count; i++)
        pthread_join(helpers[i], NULL);
    return stop ? error_create(ERROR_INTERRUPTED, "the capture was given up") : NULL;
}

// ---- the plan, and what came of it ----

static struct error *copy_visit(void *context, enum page_kind kind, uint64_t begin, uint64_t length)
{
    struct copy_work *work = context;
    struct copy *copy = work->copy;
    if (kind == PAGE_ZEROS)
        return copy_piece_vec_push(&work->pieces, (struct copy_piece){.from = begin,
                                                                      .length = length,
                                                                      .offset = COPY_ZEROS,
                                                                      .kind = kind});
    if (length > copy->capacity - copy->used)
        return error_add_try(
            error_create(ERROR_LIMIT, "the process grew to more than twice its size meanwhile"),
            "the same again");
    for (uint64_t done = 0; done < length;) {
        const uint64_t left = length - done;
        const uint64_t part = left < COPY_PART_BYTES ? left : COPY_PART_BYTES;
        TRY(copy_piece_vec_push(&work->pieces, (struct copy_piece){.from = begin + done,
                                                                   .length = part,
                                                                   .offset = copy->used,
                                                                   .kind = kind}));
        copy->used += part;
        done += part;
    }
    return NULL;
}

static struct error *copy_add_segment(struct copy *copy, uint64_t begin, uint64_t length,
                                      uint64_t offset)
{
    struct copy_segment *last = copy_segment_vec_last(&copy->segments);
    bool follows = last && last->begin + last->length == begin &&
                   (offset == COPY_ZEROS
                        ? last->offset == COPY_ZEROS
                        : last->offset != COPY_ZEROS && last->offset + last->length == offset);
    if (follows) {
        last->length += length;
        return NULL;
    }
    return copy_segment_vec_push(&copy->segments, (struct copy_segment){begin, length, offset});
}

static struct error *copy_add_segments(const struct copy_work *work)
{
    for (size_t i = 0; i < work->pieces.count; i++) {
        const struct copy_piece *piece = &work->pieces.items[i];
        if (piece->got)
            TRY(copy_add_segment(work->copy, piece->from, piece->got, piece->offset));
    }
    return NULL;
}

struct error *copy_run(struct copy *copy, pid_t pid, int mem_fd, const struct maps *maps,
                       bool (*cancelled)(void *context), void *context)
{
    struct copy_work work = {.copy = copy, .pid = pid, .mem_fd = mem_fd};
    copy->used = 0;
    copy->segments.count = 0;
    struct error *err = copy_each_run(pid, maps, copy_visit, &work);
    if (!err)
        err = copy_pieces(&work, cancelled, context);
    if (!err)
        err = copy_add_segments(&work);
    copy_piece_vec_deinit(&work.pieces);
    return err;
}
