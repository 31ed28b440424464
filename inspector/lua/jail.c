// See jail.h.
#include "inspector/lua/jail.h"

#include "inspector/base/clock.h"
#include "inspector/base/interrupt.h"
#include "inspector/base/strbuf.h"
#include "inspector/lua/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct inbox {
    char *data;
    size_t length, room;
    uint64_t total;
};

// What is mapped now (the heap, above all) may stay; beyond it there is `extra`.
static void limit_memory(uint64_t extra)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%llu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    const uint64_t most = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) + extra;
    const struct rlimit limit = {most, most};
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // they map the whole machine
    if (pages && extra)
        setrlimit(RLIMIT_AS, &limit);
#else
    (void)limit;
#endif
}

// The timer in the child and the host's deadline count time that passes; this one counts work, and
// is there should both fail.
static void limit_work(uint64_t time_ns)
{
    const rlim_t seconds = time_ns / 1000000000 + JAIL_GRACE_NS / 1000000000 + 2;
    const struct rlimit limit = {seconds, seconds};
    setrlimit(RLIMIT_CPU, &limit);
}

static void lock_up(const struct jail *jail)
{
    const struct rlimit none = {0, 0};
    limit_memory(jail->memory_bytes);
    limit_work(jail->time_ns);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &none);
    setrlimit(RLIMIT_NPROC, &none);
    signal(SIGINT, SIG_IGN); // the host decides
    signal(SIGPIPE, SIG_DFL);
    filter_install(jail->may_open);
}

static _Noreturn void be_child(const struct jail *jail, int fd, pid_t host)
{
    struct wire wire = {.fd = fd};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != host)
        _exit(0);
    lock_up(jail);
    strbuf_init(&wire.buffer);
    jail->body(jail->context, &wire);
    wire_flush(&wire);
    _exit(0);
}

static struct error *receive_all(const struct jail *jail, struct inbox *inbox)
{
    size_t at = 0, used;
    struct wire_message message;
    for (;;) {
        if (!wire_decode(inbox->data + at, inbox->length - at, &message, &used))
            return error_create(ERROR_FORMAT, "the plugin's process sent a damaged message");
        if (!used)
            break;
        at += used;
        TRY(jail->receive(jail->host, &message));
    }
    memmove(inbox->data, inbox->data + at, inbox->length - at);
    inbox->length -= at;
    return NULL;
}

// One read. *more is false at the end of the pipe.
static struct error *pull(const struct jail *jail, int fd, struct inbox *inbox, bool *more)
{
    if (inbox->room - inbox->length < WIRE_FLUSH) {
        char *grown = realloc(inbox->data, inbox->room * 2 + 4 * (size_t)WIRE_FLUSH);
        if (!grown)
            return &error_no_memory;
        inbox->data = grown;
        inbox->room = inbox->room * 2 + 4 * (size_t)WIRE_FLUSH;
    }
    const ssize_t n = read(fd, inbox->data + inbox->length, inbox->room - inbox->length);
    if (n < 0 && errno != EINTR)
        return error_create_errno(errno, "cannot read from the plugin's process");
    *more = n != 0;
    if (n <= 0)
        return NULL;
    inbox->length += (size_t)n;
    inbox->total += (uint64_t)n;
    return receive_all(jail, inbox);
}

struct patience {
    uint64_t deadline; // then the child is killed
    uint64_t tell_ns;  // then it is told to stop; 0: nobody wants that, or it has been told
    bool over;         // Ctrl-C
};

static void notice_interrupt(const struct jail *jail, pid_t child, uint64_t now, struct patience *p)
{
    if (interrupted() && !p->over) {
        p->over = true;
        p->tell_ns = now;
        if (jail->on_interrupt) {
            jail->on_interrupt(jail->host);
            p->tell_ns += JAIL_GRACE_NS;
        }
        p->deadline = p->tell_ns + (jail->interrupt ? JAIL_GRACE_NS : 0);
    }
    if (p->tell_ns && now >= p->tell_ns && jail->interrupt) {
        p->tell_ns = 0;
        kill(child, jail->interrupt);
    }
}

static struct error *attend(const struct jail *jail, pid_t child, int fd, struct inbox *inbox,
                            enum jail_end *end)
{
    struct patience p = {.deadline = clock_now_ns() + jail->time_ns + JAIL_GRACE_NS};
    for (bool more = true; more;) {
        const uint64_t now = clock_now_ns();
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        notice_interrupt(jail, child, now, &p);
        if (now >= p.deadline || inbox->total > WIRE_OUTPUT_MAX) {
            *end = p.over ? JAIL_INTERRUPTED : now >= p.deadline ? JAIL_TIME : JAIL_FLOOD;
            return NULL;
        }
        const uint64_t left_ms = (p.deadline - now) / 1000000 + 1;
        const int n = poll(&ready, 1, left_ms > 200 ? 200 : (int)left_ms);
        if (n < 0 && errno != EINTR)
            return error_create_errno(errno, "cannot wait for the plugin's process");
        if (n > 0)
            TRY(pull(jail, fd, inbox, &more));
    }
    return NULL;
}

struct error *jail_run(const struct jail *jail, enum jail_end *end, int *signal_number)
{
    int pipes[2], status = 0;
    struct inbox inbox = {0};
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return error_create_errno(errno, "cannot make a pipe");
    const pid_t host = getpid(), child = fork();
    if (child < 0) {
        struct error *err = error_create_errno(errno, "cannot start the plugin's process");
        close(pipes[0]);
        close(pipes[1]);
        return err;
    }
    if (child == 0)
        be_child(jail, pipes[1], host);
    close(pipes[1]);
    *end = JAIL_DONE;
    *signal_number = 0;
    struct error *err = attend(jail, child, pipes[0], &inbox, end);
    if (err || *end != JAIL_DONE)
        kill(child, SIGKILL);
    close(pipes[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    free(inbox.data);
    if (!err && *end == JAIL_DONE && status != 0) {
        *end = interrupted() ? JAIL_INTERRUPTED : JAIL_CRASHED; // told before it could listen
        *signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
    return err;
}
