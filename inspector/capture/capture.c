#include "inspector/capture/capture.h"

#include "inspector/base/arena.h"
#include "inspector/capture/hurry.h"
#include "inspector/capture/keeper.h"
#include "inspector/proc/process.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

// What belongs to a capture and is nobody else's business.
struct capture_private {
    struct keeper keeper;
    bool has_keeper;
    void *copy; // the mapped memfd of a COPY
    size_t copy_bytes;
    char fallback_why[256];
};

enum {
    CAPTURE_TEXT_LIMIT = 1 << 20,
    CAPTURE_THREAD_LIMIT = 4 << 20,
    CAPTURE_SEGMENT_LIMIT = 64 << 20,
    CAPTURE_MAPS_LIMIT = 1 << 30,
};

const char *capture_method_name(enum capture_method method)
{
    static const char *const names[] = {
        [CAPTURE_CLONE] = "clone",
        [CAPTURE_COPY] = "copy",
        [CAPTURE_CORE] = "core",
    };
    return names[method];
}

void *capture_context_create(size_t size_bytes)
{
    void *memory =
        mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void capture_context_destroy(void *context, size_t size_bytes)
{
    if (context)
        munmap(context, size_bytes);
}

struct error *capture_view_write(const struct capture_view *view, struct remote_ptr to,
                                 const void *bytes, size_t length)
{
    const struct map *map = maps_find(view->maps, to.addr);
    if (!map || !map->writable || length > map->end - to.addr)
        return error_create_fault(to, "the process offers no writable memory there");
    if (pwrite(view->mem_fd, bytes, length, (off_t)to.addr) != (ssize_t)length)
        return error_create_fault(to, "cannot write memory of the target");
    return NULL;
}

// ---- receiving what the keeper sends ----

static struct error *keeper_is_gone(void)
{
    return error_add_try(
        error_create(ERROR_GONE, "the keeper process ended before the capture was complete"),
        "the same again; the process was let go");
}

static struct error *receive_all(int socket, void *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t got = recv(socket, (char *)bytes + done, length - done, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return keeper_is_gone();
        done += (size_t)got;
    }
    return NULL;
}

// The header, and the descriptor that comes with it (-1 if none).
static struct error *receive_header(int socket, struct keeper_result *result, int *fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = result, .iov_len = sizeof *result};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t got;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return keeper_is_gone();
    *fd = -1;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(header), sizeof *fd);
    return receive_all(socket, (char *)result + got, sizeof *result - (size_t)got);
}

static struct error *receive_text(int socket, size_t length, char **ret)
{
    if (length == SIZE_MAX)
        return NULL;
    if (length > CAPTURE_TEXT_LIMIT)
        return error_create(ERROR_FORMAT, "the keeper sent a text that is too long");
    char *text = calloc(1, length + 1);
    if (!text)
        return &error_no_memory;
    struct error *err = receive_all(socket, text, length);
    if (err)
        free(text);
    else
        *ret = text;
    return err;
}

// Returns the error that the keeper met, or the one that prevented us from reading it.
static struct error *receive_error(int socket, const struct keeper_result *result)
{
    _cleanup_free_ char *message = NULL;
    _cleanup_free_ char *why = NULL;
    _cleanup_free_ char *try = NULL;
    TRY(receive_text(socket, result->message_length, &message));
    TRY(receive_text(socket, result->why_length, &why));
    TRY(receive_text(socket, result->try_length, &try));
    struct error *err = error_create(result->code, "%s", message ? message : "unknown");
    err->errnum = result->errnum;
    if (why)
        error_add_why(err, "%s", why);
    if (try)
        error_add_try(err, "%s", try);
    return err;
}

static struct error *receive_array(int socket, size_t count, size_t limit, size_t element_bytes,
                                   void **ret)
{
    if (count > limit)
        return error_create(ERROR_LIMIT, "the process is too large to be captured");
    // One more than needed, so that an empty array is not NULL.
    void *items = calloc(count + 1, element_bytes);
    if (!items)
        return &error_no_memory;
    struct error *err = receive_all(socket, items, count * element_bytes);
    if (err)
        free(items);
    else
        *ret = items;
    return err;
}

// ---- building the capture ----

static struct error *capture_add_segments(struct mem_source *memory,
                                          const struct capture_private *private,
                                          const struct copy_segment *segments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct copy_segment *segment = &segments[i];
        const unsigned char *bytes = NULL;
        if (segment->offset != COPY_ZEROS) {
            if (segment->offset > private->copy_bytes ||
                segment->length > private->copy_bytes - segment->offset)
                return error_create(ERROR_FORMAT, "the keeper sent a segment outside its copy");
            bytes = (const unsigned char *)private->copy + segment->offset;
        }
        TRY(mem_buffer_add(memory, remote_at(segment->begin), bytes, segment->length));
    }
    return NULL;
}

// The copied segments, on top of the live process for what is not copied.
static struct error *capture_use_copy(struct capture *capture, const struct keeper_result *result,
                                      int memfd, const struct copy_segment *segments)
{
    struct capture_private *private = capture->private;
    if (result->copy_bytes) {
        void *memory = mmap(NULL, result->copy_bytes, PROT_READ, MAP_SHARED, memfd, 0);
        if (memory == MAP_FAILED)
            return error_create_errno(errno, "cannot map the copy of process %d",
                                      (int)capture->pid);
        private->copy = memory;
        private->copy_bytes = result->copy_bytes;
    }
    _cleanup_mem_source_ struct mem_source *copied = NULL;
    _cleanup_mem_source_ struct mem_source *live = NULL;
    TRY(mem_buffer_create(&copied));
    TRY(capture_add_segments(copied, private, segments, result->segment_count));
    TRY(mem_live_create(capture->pid, &live));
    TRY(mem_layers_create(copied, live, &capture->mem));
    copied = NULL;
    live = NULL;
    return NULL;
}

static struct error *capture_use_memory(struct capture *capture, const struct keeper_result *result,
                                        int *fd, const struct copy_segment *segments)
{
    if (*fd < 0)
        return error_create(ERROR_FORMAT, "the keeper sent no memory");
    if (result->method == CAPTURE_COPY)
        return capture_use_copy(capture, result, *fd, segments);
    TRY(mem_fd_create(*fd, true, &capture->mem));
    *fd = -1;
    return NULL;
}

static struct error *capture_receive(struct capture *capture)
{
    int socket = capture->private->keeper.socket;
    struct keeper_result result;
    _cleanup_close_ int fd = -1;
    _cleanup_free_ struct copy_segment *segments = NULL;
    _cleanup_free_ char *maps = NULL;
    TRY(receive_header(socket, &result, &fd));
    if (result.failed)
        return receive_error(socket, &result);
    TRY(receive_array(socket, result.thread_count, CAPTURE_THREAD_LIMIT, sizeof *capture->threads,
                      (void **)&capture->threads));
    capture->thread_count = result.thread_count;
    TRY(receive_array(socket, result.segment_count, CAPTURE_SEGMENT_LIMIT, sizeof *segments,
                      (void **)&segments));
    TRY(receive_array(socket, result.maps_length, CAPTURE_MAPS_LIMIT, 1, (void **)&maps));
    TRY(maps_parse(&capture->maps, maps, result.maps_length));
    capture->method = result.method;
    capture->at_safepoint = result.at_safepoint;
    capture->pause_ns = result.pause_ns;
    capture->taken_unix_ns = result.taken_unix_ns;
    capture->stop_count = result.stop_count;
    if (result.fallback_why[0]) {
        memcpy(capture->private->fallback_why, result.fallback_why, sizeof result.fallback_why);
        capture->private->fallback_why[sizeof result.fallback_why - 1] = 0;
        capture->fallback_why = capture->private->fallback_why;
    }
    return capture_use_memory(capture, &result, &fd, segments);
}

static uint64_t status_bytes(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    return line ? strtoull(line + strlen(name), NULL, 10) * 1024 : 0;
}

static void capture_read_sums(struct capture *capture)
{
    char path[64];
    _cleanup_free_ char *text = NULL;
    snprintf(path, sizeof path, "/proc/%d/status", (int)capture->pid);
    _cleanup_error_ struct error *err = proc_read_file(path, 1 << 16, &text, NULL);
    if (err)
        return;
    capture->file_resident_bytes = status_bytes(text, "\nRssFile:");
    capture->shared_resident_bytes = status_bytes(text, "\nRssShmem:");
}

// Of the clone, which has the pages of the target and nobody who waits for them.
static void capture_read_pages(struct capture *capture)
{
    const pid_t child = atomic_load(&capture->private->keeper.shared->child_pid);
    _cleanup_error_ struct error *err = smaps_read(child ? child : capture->pid, &capture->pages);
    if (err)
        return;
    for (size_t i = 0; i < capture->pages.count; i++) {
        capture->anonymous_bytes += capture->pages.items[i].anonymous_bytes;
        capture->huge_bytes += capture->pages.items[i].huge_bytes;
        capture->written_bytes +=
            capture->pages.items[i].anonymous_bytes + capture->pages.items[i].away_bytes;
    }
}

void capture_read_inner_ids(struct capture *capture)
{
    const pid_t own = process_inner_id(capture->pid, capture->pid);
    for (size_t i = 0; own && own != capture->pid && i < capture->thread_count; i++)
        capture->threads[i].inner = process_inner_id(capture->pid, capture->threads[i].tid);
}

static struct capture *capture_allocate(void)
{
    struct capture *capture = calloc(1, sizeof *capture);
    if (!capture)
        return NULL;
    maps_init(&capture->maps);
    capture->private = calloc(1, sizeof *capture->private);
    if (!capture->private) {
        free(capture);
        return NULL;
    }
    return capture;
}

struct error *capture_create(pid_t pid, const struct capture_options *options, struct capture **ret)
{
    struct capture_options chosen = *options;
    if (!chosen.verb)
        chosen.verb = "dump";
    struct process process;
    TRY(process_read(&process, pid));
    // A tracer may be another brille, whose stop lasts milliseconds: it is the attempt that
    // decides.
    process.tracer = 0;
    TRY(process_check_access(&process, chosen.verb));
    _cleanup_(capture_destroy_at) struct capture *capture = capture_allocate();
    if (!capture)
        return &error_no_memory;
    capture->pid = pid;
    capture->start_ticks = process.start_ticks;
    TRY(keeper_create(&capture->private->keeper, pid, process.start_ticks, &chosen));
    capture->private->has_keeper = true;
    TRY(capture_receive(capture));
    if (capture->method == CAPTURE_CLONE)
        hurry_stand_back();
    capture_read_pages(capture);
    capture_read_sums(capture);
    capture_read_inner_ids(capture);
    *ret = take_ptr(capture);
    return NULL;
}

void capture_release(struct capture *capture)
{
    struct capture_private *private = capture->private; // NULL for a core file
    mem_source_destroy(capture->mem);
    capture->mem = NULL;
    if (!private)
        return;
    if (private->has_keeper) {
        keeper_destroy(&private->keeper);
        private->has_keeper = false;
        if (private->keeper.pause_ns > capture->pause_ns) {
            capture->pause_ns = private->keeper.pause_ns;
            capture->stop_count = private->keeper.stop_count;
        }
    }
    if (private->copy)
        munmap(private->copy, private->copy_bytes);
    private->copy = NULL;
}

void capture_destroy(struct capture *capture)
{
    if (!capture)
        return;
    capture_release(capture);
    maps_deinit(&capture->maps);
    smap_vec_deinit(&capture->pages);
    free(capture->threads);
    free(capture->private);
    free(capture);
}
