#include "inspector/capture/stop.h"

#include "inspector/base/clock.h"
#include "inspector/capture/fault.h"
#include "inspector/proc/process.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum {
    // A thread that runs stops within microseconds; on a loaded machine it first has to be
    // scheduled.
    STOP_TIMEOUT_MS = 2000,
    // One that is still in uninterruptible sleep after this long is not waited for.
    STOP_SLICE_MS = 50,
    STOP_MANY = 16,
    STOP_LOOK_US = 50,
    // How often a list of threads may come out different before we say that the process is a fork
    // bomb. Each round stops everybody who was there in the round before.
    STOP_ROUNDS = 64,
    // Results of the kernel that never reach user space: it restarts the call instead, or not.
    KERNEL_RESTART_NO_HANDLER = 514,
};

enum fault fault_chosen = FAULT_NONE;

void stop_init(struct stop *stop, pid_t pid)
{
    *stop = (struct stop){.pid = pid};
}

void stop_deinit(struct stop *stop)
{
    stop_detach(stop);
    stop_thread_vec_deinit(&stop->threads);
}

// ---- waiting ----

// R, S, D, Z ... of one thread, '?' when it is gone.
static char thread_state(pid_t tid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)tid);
    _cleanup_fclose_ FILE *file = fopen(path, "re");
    char text[256];
    if (!file || !fgets(text, sizeof text, file))
        return '?';
    const char *close = strrchr(text, ')');
    return close && close[1] == ' ' ? close[2] : '?';
}

// Threads that are ending, and a main thread that has ended before the others, cannot be seized and
// run no user code any more.
static bool thread_is_ending(pid_t tid)
{
    char state = thread_state(tid);
    return state == 'Z' || state == 'X' || state == '?';
}

// Sleeps until something happens to a tracee, a slice is over, or all of it.
static void wait_for_news(uint64_t left_ns)
{
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    if (left_ns > STOP_SLICE_MS * CLOCK_NS_PER_MS)
        left_ns = STOP_SLICE_MS * CLOCK_NS_PER_MS;
    const struct timespec timeout = {.tv_nsec = (long)left_ns};
    sigtimedwait(&child_signal, NULL, &timeout);
}

pid_t stop_wait(pid_t tid, int *status, uint64_t deadline_ns)
{
    for (bool news = false;; news = true) {
        const pid_t got = waitpid(tid, status, WNOHANG | __WALL);
        if (got != 0)
            return got;
        // News that are not of this one. A main thread that was killed is not reported before every
        // other thread has been collected. (To ask is slow where threads are many.)
        if (news && thread_is_ending(tid) && waitpid(tid, status, WNOHANG | __WALL) == 0)
            return -1;
        const uint64_t now_ns = clock_now_ns();
        if (now_ns >= deadline_ns)
            return 0;
        wait_for_news(deadline_ns - now_ns);
    }
}

// ---- the table of threads ----

static size_t stop_lower_bound(const struct stop *stop, pid_t tid)
{
    size_t low = 0, high = stop->threads.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stop->threads.items[middle].tid < tid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct stop_thread *stop_find(struct stop *stop, pid_t tid)
{
    size_t place = stop_lower_bound(stop, tid);
    if (place < stop->threads.count && stop->threads.items[place].tid == tid)
        return &stop->threads.items[place];
    return NULL;
}

static struct error *stop_insert(struct stop *stop, pid_t tid)
{
    size_t place = stop_lower_bound(stop, tid);
    TRY(stop_thread_vec_push(&stop->threads, (struct stop_thread){0}));
    struct stop_thread *items = stop->threads.items;
    memmove(&items[place + 1], &items[place], (stop->threads.count - 1 - place) * sizeof *items);
    items[place] = (struct stop_thread){.tid = tid, .state = STOP_RUNNING};
    return NULL;
}

static void stop_drop_gone(struct stop *stop)
{
    size_t kept = 0;
    for (size_t i = 0; i < stop->threads.count; i++)
        if (stop->threads.items[i].state != STOP_GONE)
            stop->threads.items[kept++] = stop->threads.items[i];
    stop->threads.count = kept;
}

static size_t stop_count(const struct stop *stop, enum stop_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < stop->threads.count; i++)
        count += stop->threads.items[i].state == state;
    return count;
}

// ---- seizing ----

static struct error *stop_seize(struct stop *stop, pid_t tid, const char *verb, bool *added)
{
    if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0) {
        int errnum = errno;
        if (errnum == ESRCH || thread_is_ending(tid))
            return NULL;
        return process_refused(stop->pid, errnum, verb);
    }
    struct error *err = stop_insert(stop, tid);
    if (!err)
        hurry_thread(tid, &stop_find(stop, tid)->hurry);
    if (err)
        ptrace(PTRACE_DETACH, tid, NULL, NULL); // it runs, so this fails; our exit will do it
    else
        *added = true;
    return err;
}

// Seizes every thread that is not seized yet; *added says whether there was one.
static struct error *stop_seize_new(struct stop *stop, const char *verb, bool *added)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)stop->pid);
    DIR *dir = opendir(path);
    if (!dir)
        return process_refused(stop->pid, errno, verb);
    *added = false;
    struct error *err = NULL;
    const struct dirent *entry;
    while (!err && (entry = readdir(dir))) {
        pid_t tid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
        if (tid && !stop_find(stop, tid))
            err = stop_seize(stop, tid, verb, added);
    }
    closedir(dir);
    return err;
}

// ---- stopping ----

static void stop_interrupt(struct stop_thread *thread)
{
    if (ptrace(PTRACE_INTERRUPT, thread->tid, NULL, NULL) < 0)
        thread->state = STOP_GONE;
}

// What waitpid said about a thread that was asked to stop.
static void stop_note(struct stop_thread *thread, int status)
{
    if (!WIFSTOPPED(status)) {
        thread->state = STOP_GONE;
        return;
    }
    int signal = WSTOPSIG(status);
    if (status >> 16 == PTRACE_EVENT_STOP) {
        thread->state = STOP_HELD;
        thread->group_stopped = signal != SIGTRAP;
        return;
    }
    // A signal was on its way first. It is delivered; the trap that we asked for was consumed by
    // this stop, so it is asked for again before the thread can run its handler.
    stop_interrupt(thread);
    if (ptrace(PTRACE_CONT, thread->tid, NULL, (void *)(long)(status >> 16 ? 0 : signal)) < 0)
        thread->state = STOP_GONE;
}

// One thread, until it has stopped or the time is over.
static void stop_await_one(struct stop_thread *thread, bool many, uint64_t deadline_ns)
{
    while (thread->state == STOP_RUNNING) {
        int status;
        const pid_t got = waitpid(thread->tid, &status, WNOHANG | __WALL);
        const uint64_t now_ns = got ? 0 : clock_now_ns();
        if (got > 0)
            stop_note(thread, status);
        else if (got < 0)
            thread->state = STOP_GONE;
        else if (now_ns >= deadline_ns)
            return;
        else if (many)
            clock_sleep_ns(STOP_LOOK_US * 1000);
        else
            wait_for_news(deadline_ns - now_ns);
    }
}

// Each running thread by its id: waiting for any of n looks at all n each time. Where they are
// many, a look now and then lets them stop in peace: else each one that stops would wake us, who
// have priority, while another is waited for. When the time is over those behind a late one are
// still looked at.
static void stop_await(struct stop *stop, uint64_t deadline_ns)
{
    const bool many = stop->threads.count > STOP_MANY;
    for (size_t i = 0; i < stop->threads.count; i++)
        stop_await_one(&stop->threads.items[i], many, deadline_ns);
}

// Those that did not stop in time because they cannot: they have ended, or sleep uninterruptibly.
static void stop_judge(struct stop *stop)
{
    for (size_t i = 0; i < stop->threads.count; i++) {
        struct stop_thread *thread = &stop->threads.items[i];
        if (thread->state != STOP_RUNNING)
            continue;
        char state = thread_state(thread->tid);
        if (state == 'Z' || state == 'X' || state == '?')
            thread->state = STOP_GONE;
        else if (state == 'D')
            thread->state = STOP_LATE;
    }
}

static struct error *stop_interrupt_all(struct stop *stop)
{
    for (size_t i = 0; i < stop->threads.count; i++)
        if (stop->threads.items[i].state == STOP_RUNNING)
            stop_interrupt(&stop->threads.items[i]);
    uint64_t deadline_ns = clock_now_ns() + STOP_TIMEOUT_MS * CLOCK_NS_PER_MS;
    while (stop_count(stop, STOP_RUNNING)) {
        stop_await(stop, clock_now_ns() + STOP_SLICE_MS * CLOCK_NS_PER_MS);
        stop_judge(stop);
        if (stop_count(stop, STOP_RUNNING) && clock_now_ns() > deadline_ns)
            return error_add_why(
                error_create(ERROR_TIMEOUT, "process %d does not stop", (int)stop->pid),
                "%zu of its threads did not react within %d ms", stop_count(stop, STOP_RUNNING),
                STOP_TIMEOUT_MS);
    }
    return NULL;
}

// System calls that answer EINTR to any wake-up, even when no handler runs (signal(7)). Repeating
// them is safe: EINTR says that they did nothing. read, recv and accept give it on a socket with a
// timeout.
static const long eintr_calls[] = {
    SYS_epoll_wait,      SYS_epoll_pwait,  SYS_epoll_pwait2, SYS_semop,   SYS_semtimedop,
    SYS_rt_sigtimedwait, SYS_io_getevents, SYS_read,         SYS_readv,   SYS_recvfrom,
    SYS_recvmsg,         SYS_recvmmsg,     SYS_accept,       SYS_accept4, SYS_write,
    SYS_writev,          SYS_sendto,       SYS_sendmsg,
};

bool stop_repair_registers(struct user_regs_struct *registers)
{
    if ((long)registers->rax != -EINTR || (long)registers->orig_rax < 0)
        return false;
    for (size_t i = 0; i < sizeof eintr_calls / sizeof *eintr_calls; i++) {
        if (eintr_calls[i] == (long)registers->orig_rax) {
            registers->rax = (unsigned long)-KERNEL_RESTART_NO_HANDLER;
            return true;
        }
    }
    return false;
}

static void stop_repair(pid_t tid, struct user_regs_struct *registers)
{
    if (stop_repair_registers(registers))
        ptrace(PTRACE_SETREGS, tid, NULL, registers);
}

// The registers that are reported are those of the interrupted call; the thread itself is repaired
// at once, so that it does not matter who lets it go.
static void stop_read_registers(struct stop *stop)
{
    for (size_t i = 0; i < stop->threads.count; i++) {
        struct stop_thread *thread = &stop->threads.items[i];
        if (thread->state != STOP_HELD)
            continue;
        thread->has_registers = ptrace(PTRACE_GETREGS, thread->tid, NULL, &thread->registers) == 0;
        if (thread->has_registers)
            stop_repair(thread->tid, &thread->registers);
    }
}

static struct error *stop_ended(const struct stop *stop)
{
    return error_create(ERROR_GONE, "process %d ended while it was being captured", (int)stop->pid);
}

static struct error *stop_until_stable(struct stop *stop, const char *verb)
{
    bool added = true;
    for (int round = 0; added && round < STOP_ROUNDS; round++)
        TRY(stop_seize_new(stop, verb, &added));
    fault_point(FAULT_SEIZED);
    stop->begin_ns = clock_now_ns();
    added = true;
    for (int round = 0; added; round++) {
        if (round == STOP_ROUNDS)
            return error_create(ERROR_LIMIT, "process %d starts threads faster than they stop",
                                (int)stop->pid);
        TRY(stop_interrupt_all(stop));
        TRY(stop_seize_new(stop, verb, &added));
    }
    stop_drop_gone(stop);
    if (stop_count(stop, STOP_HELD) == 0)
        return stop_count(stop, STOP_LATE)
                   ? error_create(ERROR_TIMEOUT,
                                  "every thread of process %d is in uninterruptible sleep",
                                  (int)stop->pid)
                   : stop_ended(stop);
    return NULL;
}

struct error *stop_all(struct stop *stop, const char *verb)
{
    struct error *err = stop_until_stable(stop, verb);
    if (err) {
        stop_detach(stop);
        return err;
    }
    stop_read_registers(stop);
    stop->stop_count++;
    fault_point(FAULT_STOPPED);
    return NULL;
}

struct error *stop_one(struct stop *stop, const char *verb)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)stop->pid);
    DIR *dir = opendir(path);
    if (!dir)
        return process_refused(stop->pid, errno, verb);
    struct error *err = NULL;
    const struct dirent *entry;
    while (!err && stop_count(stop, STOP_HELD) == 0 && (entry = readdir(dir))) {
        pid_t tid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;
        bool added = false;
        if (!tid || stop_find(stop, tid) || thread_state(tid) == 'D')
            continue;
        err = stop_seize(stop, tid, verb, &added);
        if (!err && added) {
            stop->begin_ns = clock_now_ns();
            err = stop_interrupt_all(stop);
        }
    }
    closedir(dir);
    stop_drop_gone(stop);
    if (!err && stop_count(stop, STOP_HELD) == 0)
        err = stop_ended(stop);
    if (err) {
        stop_detach(stop);
        return err;
    }
    stop_read_registers(stop);
    stop->stop_count++;
    return NULL;
}

// ---- letting go ----

static void stop_account(struct stop *stop)
{
    if (stop->begin_ns)
        stop->pause_ns += clock_now_ns() - stop->begin_ns;
    stop->begin_ns = 0;
}

void stop_resume(struct stop *stop)
{
    for (size_t i = 0; i < stop->threads.count; i++) {
        struct stop_thread *thread = &stop->threads.items[i];
        if (thread->state == STOP_LATE)
            thread->state = STOP_RUNNING;
        if (thread->state != STOP_HELD)
            continue;
        // LISTEN keeps a job-control stop in force and still reports a SIGCONT.
        int how = thread->group_stopped ? PTRACE_LISTEN : PTRACE_CONT;
        thread->state = ptrace(how, thread->tid, NULL, NULL) < 0 ? STOP_GONE : STOP_RUNNING;
    }
    stop_account(stop);
}

// What happened to a thread that was let run. The kernel stops it for signals that are ignored,
// too, which would not have woken it otherwise.
static void stop_pass_on(struct stop_thread *thread, int status)
{
    struct user_regs_struct registers;
    int how = PTRACE_CONT, signal = 0;
    if (!WIFSTOPPED(status)) {
        thread->state = STOP_GONE;
        return;
    }
    if (status >> 16 == PTRACE_EVENT_STOP) { // job control stops it, or lets it go on
        thread->group_stopped = WSTOPSIG(status) != SIGTRAP;
        if (thread->group_stopped)
            how = PTRACE_LISTEN;
    } else if (status >> 16 == 0) {
        signal = WSTOPSIG(status);
        if (ptrace(PTRACE_GETREGS, thread->tid, NULL, &registers) == 0)
            stop_repair(thread->tid, &registers);
    }
    if (ptrace(how, thread->tid, NULL, (void *)(long)signal) < 0)
        thread->state = STOP_GONE;
}

void stop_attend(struct stop *stop)
{
    for (size_t i = 0; i < stop->threads.count; i++) {
        struct stop_thread *thread = &stop->threads.items[i];
        int status;
        if (thread->state == STOP_RUNNING && waitpid(thread->tid, &status, WNOHANG | __WALL) > 0)
            stop_pass_on(thread, status);
    }
    stop_drop_gone(stop);
}

static bool stop_detach_thread(struct stop_thread *thread)
{
    hurry_restore(thread->tid, &thread->hurry);
    if (ptrace(PTRACE_DETACH, thread->tid, NULL, NULL) < 0 && errno != ESRCH)
        return false;
    thread->state = STOP_GONE;
    return true;
}

// Only a stopped tracee can be detached. Those that run (after a failure) are stopped for it.
void stop_detach(struct stop *stop)
{
    for (size_t i = 0; i < stop->threads.count; i++)
        if (stop->threads.items[i].state == STOP_HELD)
            stop_detach_thread(&stop->threads.items[i]);
    stop_account(stop);
    for (size_t i = 0; i < stop->threads.count; i++)
        if (stop->threads.items[i].state == STOP_RUNNING)
            stop_interrupt(&stop->threads.items[i]);
    stop_await(stop, clock_now_ns() + STOP_TIMEOUT_MS * CLOCK_NS_PER_MS);
    for (size_t i = 0; i < stop->threads.count; i++) {
        struct stop_thread *thread = &stop->threads.items[i];
        if (thread->state == STOP_HELD)
            stop_detach_thread(thread);
        else if (thread->state == STOP_RUNNING)
            thread->state = STOP_LATE;
    }
    stop_drop_gone(stop);
}

bool stop_settle(struct stop *stop)
{
    for (size_t i = 0; i < stop->threads.count; i++) {
        struct stop_thread *thread = &stop->threads.items[i];
        int status;
        if (thread->state != STOP_LATE || waitpid(thread->tid, &status, WNOHANG | __WALL) <= 0)
            continue;
        stop_note(thread, status);
        if (thread->state == STOP_HELD)
            stop_detach_thread(thread);
    }
    stop_drop_gone(stop);
    return stop->threads.count == 0;
}
