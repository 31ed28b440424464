/* See link.h. All waiting is on futexes in the page, in slices, with a look at the process between
 * them: a target that dies must not leave us waiting. */
#include "tracer/read/link.h"

#include "tracer/abi/process_id.h"

#include <dirent.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

enum {
    WAIT_SLICE_MS = 20,
    FD_MAX_LOOKED_AT = 1 << 16,
};

static void futex_wait(uint32_t *word, uint32_t expected, unsigned milliseconds)
{
    struct timespec timeout = {.tv_sec = milliseconds / 1000,
                               .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, NULL, 0);
}

static void futex_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum read_status check_page(const struct trace_control *page, struct read_error *error)
{
    if (page->magic != CONTROL_MAGIC || page->ready != CONTROL_READY)
        return read_fail(error, READ_NOT_TARGET, "its control page is not ready");
    if (page->abi_major != CONTROL_ABI_MAJOR)
        return read_fail(error, READ_VERSION,
                         "control page has version %u.%u, this build reads %u.%u", page->abi_major,
                         page->abi_minor, CONTROL_ABI_MAJOR, CONTROL_ABI_MINOR);
    if (page->features_required != 0)
        return read_fail(error, READ_VERSION,
                         "control page needs features 0x%llx, this build knows 0x0",
                         (unsigned long long)page->features_required);
    if (page->schema_hash != trace_schema_hash())
        return read_fail(
            error, READ_VERSION, "the process has event schema %016llx, this build has %016llx",
            (unsigned long long)page->schema_hash, (unsigned long long)trace_schema_hash());
    return READ_OK;
}

enum read_status control_link_init(struct control_link *link, int pid, int fd,
                                   struct read_error *error)
{
    struct stat about;
    int seals = fcntl(fd, F_GET_SEALS);
    if (fstat(fd, &about) != 0 || about.st_size != CONTROL_BYTES || seals < 0 ||
        !(seals & F_SEAL_SHRINK))
        return read_fail(error, READ_NOT_TARGET, "what is called its control page is not one");
    void *page = mmap(NULL, CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return read_fail(error, READ_IO, "cannot map the control page: %s", strerror(errno));
    *link = (struct control_link){.pid = pid, .fd = fd, .page = page};
    return READ_OK;
}

static enum read_status open_candidate(struct control_link *link, int pid, const char *path,
                                       struct read_error *error)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return read_fail(error, errno == ENOENT ? READ_GONE : READ_DENIED,
                         "cannot open the control page of process %d: %s", pid, strerror(errno));
    enum read_status status = control_link_init(link, pid, fd, error);
    if (status != READ_OK) {
        close(fd);
        return status;
    }
    status = check_page(link->page, error);
    if (status != READ_OK)
        control_link_close(link);
    return status;
}

static bool names_a_page(const char *path)
{
    char target[64];
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    if (length <= 0)
        return false;
    target[length] = 0;
    return strncmp(target, "/memfd:" CONTROL_NAME, sizeof("/memfd:" CONTROL_NAME) - 1) == 0;
}

/* The pid that a process has in its own, innermost namespace. */
static uint64_t innermost_pid(int pid)
{
    char path[32], line[256];
    uint64_t found = (uint64_t)pid;
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof(line), status)) {
        const char *last = strrchr(line, '\t');
        if (strncmp(line, "NSpid:", 6) == 0 && last)
            found = strtoull(last, NULL, 10);
    }
    if (status)
        fclose(status);
    return found;
}

/* A process may hold descriptors of other processes' pages too: an inspector does, and so does what
 * it forks. Start times differ between time namespaces, pids are compared as the process sees them.
 */
static bool is_own_page(const struct trace_control *page, int pid)
{
    return page->starttime == process_starttime(pid) || page->pid == innermost_pid(pid);
}

static enum read_status search_pages(struct control_link *link, int pid, DIR *listing,
                                     struct read_error *error)
{
    enum read_status status = READ_END;
    const struct dirent *entry;
    for (int i = 0; i < FD_MAX_LOOKED_AT && (entry = readdir(listing)); i++) {
        char path[64];
        struct control_link found = {.fd = -1};
        if (entry->d_name[0] == '.' || strlen(entry->d_name) > 12)
            continue;
        snprintf(path, sizeof(path), "/proc/%d/fd/%.12s", pid, entry->d_name);
        if (!names_a_page(path))
            continue;
        enum read_status opened = open_candidate(&found, pid, path, error);
        if (opened == READ_OK && is_own_page(found.page, pid)) {
            *link = found;
            return READ_OK;
        }
        if (opened == READ_OK)
            control_link_close(&found);
        else
            status = opened;
    }
    return status == READ_END
               ? read_fail(error, READ_NOT_TARGET, "process %d is not a brille-python", pid)
               : status;
}

enum read_status control_link_open(struct control_link *link, int pid, struct read_error *error)
{
    char directory[32];
    snprintf(directory, sizeof(directory), "/proc/%d/fd", pid);
    DIR *listing = opendir(directory);
    if (!listing && (errno == ENOENT || errno == ESRCH))
        return read_fail(error, READ_GONE, "process %d does not exist", pid);
    if (!listing)
        return read_fail(error, READ_DENIED, "process %d may not be inspected: %s", pid,
                         strerror(errno));
    enum read_status status = search_pages(link, pid, listing, error);
    closedir(listing);
    return status;
}

void control_link_close(struct control_link *link)
{
    if (!link->page)
        return;
    control_link_release(link);
    munmap(link->page, CONTROL_BYTES);
    close(link->fd);
    *link = (struct control_link){.fd = -1};
}

bool control_link_alive(const struct control_link *link)
{
    char path[32], text[512];
    snprintf(path, sizeof(path), "/proc/%d/stat", link->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (got <= 0)
        return false;
    text[got] = 0;
    const char *end = strrchr(text, ')');
    if (end && end[1] == ' ' && (end[2] == 'Z' || end[2] == 'X'))
        return false;
    uint64_t known = __atomic_load_n(&link->page->starttime, __ATOMIC_ACQUIRE);
    return known == 0 || process_starttime(link->pid) == known;
}

/* ---- the slot -------------------------------------------------------------------------------- */

static bool owner_is_dead(uint64_t claim)
{
    int pid = (int)(claim >> 32);
    uint64_t starttime = process_starttime(pid);
    return starttime == 0 || process_claim(pid, starttime) != claim;
}

enum read_status control_link_claim(struct control_link *link, struct read_error *error)
{
    struct control_reader *reader = &link->page->reader;
    uint64_t mine = process_claim(getpid(), process_starttime(0));
    uint64_t seen = __atomic_load_n(&reader->claim, __ATOMIC_ACQUIRE);
    for (int i = 0; i < 8; i++) {
        if (seen != 0 && !owner_is_dead(seen))
            return read_fail(error, READ_BUSY, "process %d is being recorded by process %d",
                             link->pid, (int)(seen >> 32));
        if (__atomic_compare_exchange_n(&reader->claim, &seen, mine, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE)) {
            link->claim = mine;
            control_link_beat(link);
            return READ_OK;
        }
    }
    return read_fail(error, READ_BUSY, "process %d is being recorded by somebody else", link->pid);
}

void control_link_release(struct control_link *link)
{
    uint64_t mine = link->claim;
    if (mine)
        __atomic_compare_exchange_n(&link->page->reader.claim, &mine, 0, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED);
    link->claim = 0;
}

void control_link_beat(struct control_link *link)
{
    __atomic_add_fetch(&link->page->reader.heartbeat, 1, __ATOMIC_RELEASE);
}

/* ---- asking -------------------------------------------------------------------------------- */

void control_link_ask(struct control_link *link, struct control_request *request)
{
    struct control_request *slot = &link->page->request;
    uint32_t last = __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE);
    /* Withdraw what may still be standing, so that nobody honours a mixture of two requests. */
    __atomic_store_n(&slot->seq, __atomic_load_n(&link->page->ack.seq, __ATOMIC_ACQUIRE),
                     __ATOMIC_SEQ_CST);
    slot->classes = request->classes;
    slot->policy = request->policy;
    slot->flags = request->flags;
    slot->ring_pid = request->ring_pid;
    slot->ring_fd = request->ring_fd;
    if (request->flags & CONTROL_FILTER)
        link->page->filter = link->filter;
    request->seq = last + 1;
    __atomic_store_n(&slot->seq, request->seq, __ATOMIC_RELEASE);
    __atomic_fetch_or(&link->page->eval_breaker, EVAL_BREAK_TRACE, __ATOMIC_ACQ_REL);
    /* It may be blocked on our tail. */
    __atomic_add_fetch(&link->page->reader.wake, 1, __ATOMIC_RELEASE);
    futex_wake(&link->page->reader.wake);
}

const char *control_ack_name(enum control_ack_status status)
{
    switch (status) {
    case CONTROL_ACK_OK:
        return "ok";
    case CONTROL_ACK_NO_OPEN:
        return "it cannot open the ring";
    case CONTROL_ACK_NOT_YOURS:
        return "the ring does not belong to its user";
    case CONTROL_ACK_BAD_RING:
        return "the ring is malformed";
    case CONTROL_ACK_OTHER_ABI:
        return "the ring has another version";
    case CONTROL_ACK_NO_MEMORY:
        return "it cannot map the ring";
    case CONTROL_ACK_NO_RING:
        return "it has no ring";
    }
    return "unknown reason";
}

enum read_status control_link_wait(struct control_link *link, const struct control_request *request,
                                   unsigned milliseconds, struct control_ack *ack,
                                   struct read_error *error)
{
    uint64_t until = now_ms() + milliseconds;
    for (;;) {
        uint32_t seen = __atomic_load_n(&link->page->ack.seq, __ATOMIC_ACQUIRE);
        if (seen == request->seq)
            break;
        control_link_beat(link);
        if (!control_link_alive(link))
            return read_fail(error, READ_GONE, "process %d ended", link->pid);
        if (now_ms() >= until)
            return read_fail(error, READ_TIMEOUT, "process %d has not reached a safepoint in %u ms",
                             link->pid, milliseconds);
        futex_wait(&link->page->ack.seq, seen, WAIT_SLICE_MS);
    }
    struct control_ack answer = link->page->ack;
    if (answer.status != CONTROL_ACK_OK) {
        if (ack)
            *ack = answer;
        return read_fail(error, READ_REFUSED, "process %d refuses to trace: %s", link->pid,
                         control_ack_name((enum control_ack_status)answer.status));
    }
    if (ack)
        *ack = answer;
    return READ_OK;
}

/* ---- parking ------------------------------------------------------------------------------- */

bool control_link_park(struct control_link *link, uint32_t ticket, unsigned milliseconds)
{
    struct control_park *park = &link->page->park;
    uint64_t until = now_ms() + milliseconds;
    __atomic_store_n(&park->request, ticket, __ATOMIC_RELEASE);
    __atomic_fetch_or(&link->page->eval_breaker, EVAL_BREAK_PARK, __ATOMIC_ACQ_REL);
    for (;;) {
        uint32_t seen = __atomic_load_n(&park->acknowledged, __ATOMIC_ACQUIRE);
        if (seen == ticket)
            return true;
        uint64_t now = now_ms();
        if (now >= until)
            break;
        uint64_t left = until - now;
        futex_wait(&park->acknowledged, seen,
                   left < WAIT_SLICE_MS ? (unsigned)left : WAIT_SLICE_MS);
    }
    control_link_unpark(link);
    return false;
}

void control_link_rearm(struct control_link *link)
{
    __atomic_add_fetch(&link->page->park.rearm, 1, __ATOMIC_RELEASE);
}

void control_link_unpark(struct control_link *link)
{
    __atomic_fetch_and(&link->page->eval_breaker, ~(uint32_t)EVAL_BREAK_PARK, __ATOMIC_ACQ_REL);
    __atomic_store_n(&link->page->park.request, 0, __ATOMIC_RELEASE);
    futex_wake(&link->page->park.request);
}

uint32_t control_link_advance_epoch(struct control_link *link)
{
    return __atomic_add_fetch(&link->page->epoch, 1, __ATOMIC_ACQ_REL);
}
