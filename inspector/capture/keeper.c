#include "inspector/capture/keeper.h"

#include "inspector/base/clock.h"
#include "inspector/capture/freeze.h"
#include "inspector/capture/hurry.h"
#include "inspector/proc/process.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    // While somebody else traces the target, its dead clone cannot be collected. brille waits this
    // long for it, the keeper goes on by itself.
    COLLECT_PATIENCE_MS = 2000,
    COLLECT_LIMIT_S = 600,
    COLLECT_INTERVAL_MS = 20,
    SETTLE_INTERVAL_MS = 10,
    CHILD_DEATH_LIMIT_S = 60,
    RESCUE_LIMIT_MS = 10000,
    RESCUE_ATTEMPTS = 100, // whoever kills keepers may kill these too
};

// ---- in the keeper ----

struct keeper_self {
    const struct keeper *link;
    bool finish_seen; // brille has asked for the end, or is dead
};

// True once brille wants no more of us. Costs one system call.
static bool self_cancelled(void *context)
{
    struct keeper_self *self = context;
    char byte;
    if (!self->finish_seen) {
        ssize_t got = recv(self->link->socket, &byte, 1, MSG_DONTWAIT);
        self->finish_seen = got >= 0 || (errno != EAGAIN && errno != EINTR);
    }
    return self->finish_seen;
}

static void self_child_known(void *context, struct inject_child child)
{
    const struct keeper_self *self = context;
    atomic_store(&self->link->shared->child_inner, child.inner);
    atomic_store(&self->link->shared->child_pid, child.pid);
}

// Kills the clone and waits until it is a zombie of the target alone.
static void keeper_kill_child(pid_t child)
{
    int status;
    kill(child, SIGKILL);
    uint64_t deadline_ns = clock_now_ns() + CHILD_DEATH_LIMIT_S * CLOCK_NS_PER_S;
    while (stop_wait(child, &status, deadline_ns) > 0 && !WIFEXITED(status) && !WIFSIGNALED(status))
        ;
    fault_point(FAULT_CHILD_KILLED);
}

// Whether this process is still the clone: a child of the target that gives no signal at its end.
// Field 38 of /proc/PID/stat is that signal. The state is Z when it is dead. Its parent is somebody
// else when the target has ended: then it is collected by whoever adopts it.
static bool child_is_waiting(pid_t child, pid_t target, char *state)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)child);
    _cleanup_fclose_ FILE *file = fopen(path, "re");
    char text[1024];
    int parent, exit_signal;
    if (!file || !fgets(text, sizeof text, file) || !strrchr(text, ')'))
        return false;
    int found = sscanf(strrchr(text, ')') + 1,
                       " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
                       " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d",
                       state, &parent, &exit_signal);
    return found == 3 && parent == target && exit_signal == 0;
}

// One attempt to have the target collect its dead clone; true when there is nothing left to do.
static bool collect_once(const struct keeper *link, struct stop *stop, pid_t child)
{
    char state;
    if (!process_still_there(link->target, link->start_ticks) ||
        !child_is_waiting(child, link->target, &state))
        return true;
    if (state != 'Z')
        return false;
    pid_t inner = atomic_load(&link->shared->child_inner);
    bool collected = false;
    _cleanup_error_ struct error *err =
        freeze_collect(stop, inner ? inner : process_inner_id(child, child), "dump", &collected);
    return !err && collected;
}

static bool keeper_collect(const struct keeper *link, struct stop *stop, pid_t child,
                           uint64_t limit_ns)
{
    uint64_t deadline_ns = clock_now_ns() + limit_ns;
    while (!collect_once(link, stop, child)) {
        if (clock_now_ns() >= deadline_ns)
            return false;
        clock_sleep_ns(COLLECT_INTERVAL_MS * CLOCK_NS_PER_MS);
    }
    atomic_store(&link->shared->child_pid, 0);
    fault_point(FAULT_REAPED);
    return true;
}

// ---- sending ----

static bool send_all(int socket, const void *bytes, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t sent = send(socket, (const char *)bytes + done, length - done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        done += (size_t)sent;
    }
    return true;
}

// The header goes in one message together with the descriptor.
static bool send_header(int socket, const struct keeper_result *result, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)result, .iov_len = sizeof *result};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    return sent > 0 && send_all(socket, (const char *)result + sent, sizeof *result - (size_t)sent);
}

static size_t text_length(const char *text)
{
    return text ? strlen(text) : SIZE_MAX;
}

static bool send_text(int socket, const char *text)
{
    return !text || send_all(socket, text, strlen(text));
}

static bool send_error(int socket, const struct error *err)
{
    struct keeper_result result = {
        .failed = true,
        .code = err->code,
        .errnum = err->errnum,
        .message_length = text_length(err->message),
        .why_length = text_length(err->why),
        .try_length = text_length(err->try),
    };
    return send_header(socket, &result, -1) && send_text(socket, err->message) &&
           send_text(socket, err->why) && send_text(socket, err->try);
}

// The mappings are read from the clone, when nobody waits for it any more.
static struct error *send_result(int socket, const struct freeze *freeze)
{
    bool cloned = freeze->method == CAPTURE_CLONE;
    pid_t from = cloned ? freeze->child.pid : freeze->pid;
    char path[64];
    _cleanup_free_ char *maps = NULL;
    size_t maps_length;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)from);
    TRY(proc_read_file(path, 1 << 30, &maps, &maps_length));
    _cleanup_close_ int child_fd = -1;
    if (cloned) {
        snprintf(path, sizeof path, "/proc/%d/mem", (int)from);
        child_fd = open(path, O_RDONLY | O_CLOEXEC);
        if (child_fd < 0)
            return error_create_errno(errno, "cannot read the clone of process %d",
                                      (int)freeze->pid);
    }
    struct keeper_result result = {
        .method = freeze->method,
        .at_safepoint = freeze->at_safepoint,
        .pause_ns = freeze->stop.pause_ns,
        .taken_unix_ns = freeze->taken_unix_ns,
        .stop_count = freeze->stop.stop_count,
        .copy_bytes = freeze->copy.used,
        .thread_count = freeze->threads.count,
        .segment_count = freeze->copy.segments.count,
        .maps_length = maps_length,
    };
    memcpy(result.fallback_why, freeze->fallback_why, sizeof result.fallback_why);
    const struct copy *copy = &freeze->copy;
    // A failure to send means that brille is dead; the caller finds that out by itself.
    bool sent = send_header(socket, &result, cloned ? child_fd : copy->memfd) &&
                send_all(socket, freeze->threads.items,
                         result.thread_count * sizeof *freeze->threads.items) &&
                send_all(socket, copy->segments.items,
                         result.segment_count * sizeof *copy->segments.items) &&
                send_all(socket, maps, maps_length);
    (void)sent;
    return NULL;
}

// ---- the keeper's life ----

// Sleeps until brille wants the end; meanwhile lets go of threads that were late to stop.
static void keeper_serve(struct keeper_self *self, struct freeze *freeze)
{
    struct pollfd link = {.fd = self->link->socket, .events = POLLIN};
    while (!self_cancelled(self)) {
        bool settled = stop_settle(&freeze->stop);
        poll(&link, 1, settled ? -1 : SETTLE_INTERVAL_MS);
    }
}

static void keeper_work(struct keeper *link, const struct capture_options *options)
{
    struct keeper_self self = {.link = link};
    struct freeze freeze;
    freeze_init(&freeze, link->target, options);
    freeze.cancelled = self_cancelled;
    freeze.child_known = self_child_known;
    freeze.context = &self;
    struct error *err = freeze_run(&freeze);
    fault_point(FAULT_DETACHED);
    if (!err)
        err = send_result(link->socket, &freeze);
    if (err)
        send_error(link->socket, err);
    fault_point(FAULT_SERVING);
    if (!err)
        keeper_serve(&self, &freeze);
    error_destroy(err);
    pid_t child = atomic_load(&link->shared->child_pid);
    if (child) {
        keeper_kill_child(child);
        bool done =
            keeper_collect(link, &freeze.stop, child, COLLECT_PATIENCE_MS * CLOCK_NS_PER_MS);
        atomic_store(&link->shared->pause_ns, freeze.stop.pause_ns);
        atomic_store(&link->shared->stop_count, freeze.stop.stop_count);
        atomic_store(&link->shared->finished, true);
        shutdown(link->socket, SHUT_RDWR);
        if (!done)
            keeper_collect(link, &freeze.stop, child, COLLECT_LIMIT_S * CLOCK_NS_PER_S);
    }
    freeze_deinit(&freeze);
}

// From here on nothing connects this process with brille's terminal, signals or files.
static void keeper_isolate(int socket)
{
    static const int ignored[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGTERM, SIGTSTP,
                                  SIGTTIN, SIGTTOU, SIGUSR1, SIGUSR2, SIGALRM};
    setsid();
    hurry_self();
    prctl(PR_SET_NAME, PROCESS_KEEPER_NAME);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    sigprocmask(SIG_SETMASK, &child_signal, NULL);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; nothing >= 0 && fd < 3; fd++)
        if (fd != socket)
            dup2(nothing, fd);
    // Files of brille that stay open here would outlive it, a pipe to a pager for example. Hooks of
    // a safepoint open what they need themselves, or map it before.
    if (socket > 3)
        close_range(3, (unsigned)socket - 1, 0);
    close_range((unsigned)(socket > 2 ? socket + 1 : 3), ~0U, 0);
}

// ---- in brille ----

static struct keeper_shared *shared_create(void)
{
    void *memory = mmap(NULL, sizeof(struct keeper_shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

// Forks a process that is isolated and runs `work`, then exits.
static struct error *keeper_fork(struct keeper *keeper,
                                 void (*work)(struct keeper *, const struct capture_options *),
                                 const struct capture_options *options)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return error_create_errno(errno, "cannot make a socket pair");
    pid_t pid = fork();
    if (pid < 0) {
        int errnum = errno;
        close(ends[0]);
        close(ends[1]);
        return error_create_errno(errnum, "cannot start the keeper process");
    }
    if (pid == 0) {
        keeper_isolate(ends[1]);
        keeper->socket = ends[1];
        fault_chosen = options->fault;
        work(keeper, options);
        _exit(0);
    }
    close(ends[1]);
    keeper->socket = ends[0];
    keeper->pid = pid;
    return NULL;
}

struct error *keeper_create(struct keeper *ret, pid_t target, uint64_t start_ticks,
                            const struct capture_options *options)
{
    struct keeper keeper = {.target = target, .start_ticks = start_ticks, .socket = -1};
    keeper.shared = shared_create();
    if (!keeper.shared)
        return &error_no_memory;
    struct error *err = keeper_fork(&keeper, keeper_work, options);
    if (err)
        munmap(keeper.shared, sizeof *keeper.shared);
    else
        *ret = keeper;
    return err;
}

// The second keeper: the first was killed, the kernel has killed the clone.
static void keeper_rescue(struct keeper *link, const struct capture_options *options)
{
    (void)options;
    pid_t child = atomic_load(&link->shared->child_pid);
    char state;
    if (child_is_waiting(child, link->target, &state) && state != 'Z')
        kill(child, SIGKILL);
    struct stop stop;
    stop_init(&stop, link->target);
    keeper_collect(link, &stop, child, RESCUE_LIMIT_MS * CLOCK_NS_PER_MS);
    stop_deinit(&stop);
}

static void keeper_collect_exit(const struct keeper *keeper)
{
    while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void keeper_start_rescue(struct keeper *keeper)
{
    const struct capture_options none = {0};
    _cleanup_error_ struct error *err = keeper_fork(keeper, keeper_rescue, &none);
    if (err)
        return;
    keeper_collect_exit(keeper);
    close(keeper->socket);
}

void keeper_destroy(struct keeper *keeper)
{
    char byte = KEEPER_FINISH;
    send(keeper->socket, &byte, 1, MSG_NOSIGNAL);
    // Whatever is still on its way is read and dropped; EOF is the end.
    char rest[4096];
    ssize_t got;
    do
        got = recv(keeper->socket, rest, sizeof rest, 0);
    while (got > 0 || (got < 0 && errno == EINTR));
    close(keeper->socket);
    bool child_left = atomic_load(&keeper->shared->child_pid) != 0;
    bool still_collecting = child_left && atomic_load(&keeper->shared->finished);
    if (!still_collecting)
        keeper_collect_exit(keeper);
    uint64_t deadline_ns = clock_now_ns() + RESCUE_LIMIT_MS * CLOCK_NS_PER_MS;
    for (int i = 0; i < RESCUE_ATTEMPTS && !still_collecting && clock_now_ns() < deadline_ns; i++)
        if (atomic_load(&keeper->shared->child_pid))
            keeper_start_rescue(keeper);
    keeper->pause_ns = atomic_load(&keeper->shared->pause_ns);
    keeper->stop_count = atomic_load(&keeper->shared->stop_count);
    munmap(keeper->shared, sizeof *keeper->shared);
}
