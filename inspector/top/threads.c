// See threads.h.
#include "inspector/top/threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

enum { SAMPLED_MAX = 4096 };

// ---- looks ----

void thread_samples_deinit(struct thread_samples *samples)
{
    thread_sampled_vec_deinit(&samples->threads);
}

void thread_samples_clear(struct thread_samples *samples)
{
    samples->threads.count = 0;
    samples->looks = samples->wait_looks = 0;
}

static struct thread_sampled *find(const struct thread_samples *samples, pid_t tid)
{
    for (size_t i = 0; i < samples->threads.count; i++)
        if (samples->threads.items[i].tid == tid)
            return &samples->threads.items[i];
    return NULL;
}

static struct error *sampled(struct thread_samples *samples, pid_t tid, struct thread_sampled **ret)
{
    *ret = find(samples, tid);
    if (*ret || samples->threads.count >= SAMPLED_MAX)
        return NULL;
    TRY(thread_sampled_vec_extend(&samples->threads, 1, ret));
    (*ret)->tid = tid;
    return NULL;
}

struct error *thread_samples_held(struct thread_samples *samples, pid_t holder)
{
    struct thread_sampled *thread = NULL;
    samples->looks++;
    if (holder)
        TRY(sampled(samples, holder, &thread));
    if (thread)
        thread->held++;
    return NULL;
}

struct error *thread_samples_waits(struct thread_samples *samples,
                                   const struct look_thread_vec *threads)
{
    struct thread_sampled *thread;
    samples->wait_looks++;
    for (size_t i = 0; i < threads->count; i++)
        if (threads->items[i].gil == GIL_WAITING) {
            TRY(sampled(samples, threads->items[i].tid, &thread));
            if (thread)
                thread->waited++;
        }
    return NULL;
}

uint32_t threads_holder(const struct look_thread_vec *threads)
{
    for (size_t i = 0; i < threads->count; i++)
        if (threads->items[i].gil == GIL_HOLDER)
            return (uint32_t)threads->items[i].tid;
    return 0;
}

// ---- what the kernel says ----

static const struct {
    long number;
    const char *name; // NULL: asleep until somebody wakes it
} CALLS[] = {
    {SYS_futex, NULL},         {SYS_nanosleep, NULL},       {SYS_clock_nanosleep, NULL},
    {SYS_pause, NULL},         {SYS_rt_sigtimedwait, NULL}, {SYS_rt_sigsuspend, NULL},
    {SYS_read, "read"},        {SYS_write, "write"},        {SYS_pread64, "read"},
    {SYS_pwrite64, "write"},   {SYS_readv, "read"},         {SYS_writev, "write"},
    {SYS_poll, "poll"},        {SYS_ppoll, "poll"},         {SYS_select, "select"},
    {SYS_pselect6, "select"},  {SYS_epoll_wait, "epoll"},   {SYS_epoll_pwait, "epoll"},
    {SYS_connect, "connect"},  {SYS_accept, "accept"},      {SYS_accept4, "accept"},
    {SYS_recvfrom, "recv"},    {SYS_recvmsg, "recv"},       {SYS_sendto, "send"},
    {SYS_sendmsg, "send"},     {SYS_wait4, "wait"},         {SYS_waitid, "wait"},
    {SYS_flock, "flock"},      {SYS_fcntl, "fcntl"},        {SYS_fsync, "fsync"},
    {SYS_fdatasync, "fsync"},  {SYS_openat, "open"},        {SYS_msgrcv, "msgrcv"},
    {SYS_semtimedop, "semop"},
};

// R S D T Z as in ps; '?' when it is gone.
static char kernel_state(pid_t pid, pid_t tid)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)tid);
    FILE *file = fopen(path, "re");
    const size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[got] = 0;
    const char *end = strrchr(text, ')');
    return end && end[1] == ' ' ? end[2] : '?';
}

// The system call that it is in; -1: none, or not to be known.
static long kernel_call(pid_t pid, pid_t tid)
{
    char path[64];
    long number = -1;
    snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", (int)pid, (int)tid);
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%ld", &number) != 1)
        number = -1;
    if (file)
        fclose(file);
    return number;
}

static void set_blocked(struct top_thread *thread, const char *what)
{
    thread->state = TOP_BLOCKED;
    snprintf(thread->what, sizeof thread->what, "%s", what);
}

static void ask_kernel(pid_t pid, struct top_thread *thread)
{
    const char state = kernel_state(pid, thread->tid);
    const long call = state == 'R' ? -1 : kernel_call(pid, thread->tid);
    if (state == 'R') {
        thread->state = TOP_RUNS;
        return;
    }
    thread->state = TOP_IDLE;
    if (state == 'T' || state == 't')
        set_blocked(thread, "a stop");
    else if (state == 'D')
        set_blocked(thread, "disk wait");
    for (size_t i = 0; thread->state == TOP_IDLE && i < sizeof CALLS / sizeof *CALLS; i++)
        if (CALLS[i].number == call) {
            if (CALLS[i].name)
                set_blocked(thread, CALLS[i].name);
            return;
        }
    if (thread->state == TOP_IDLE && call >= 0) {
        char text[16];
        snprintf(text, sizeof text, "call %d", (int)(call & 0xffff));
        set_blocked(thread, text);
    }
}

// ---- threads ----

static double share(uint64_t part, uint64_t whole)
{
    return whole ? part < whole ? (double)part / (double)whole : 1 : 0;
}

static int compare_behind(const void *a, const void *b)
{
    const double x = ((const struct top_behind *)a)->share,
                 y = ((const struct top_behind *)b)->share;
    return (x < y) - (x > y);
}

// Shares are of the time that is known: of a busy stream not everything has been read yet.
static void add_handoffs(const struct handoffs *h, struct top_thread *thread)
{
    const struct handoffs_thread *from = handoffs_find(h, (uint32_t)thread->tid);
    if (!from)
        return;
    thread->held = share(from->held_ns, h->tick_ns);
    thread->wait = share(from->wait_ns, h->tick_ns);
    if (from->waits)
        thread->state_ns = h->now_ns - from->waits_since_ns;
    for (int i = 0; i < HANDOFFS_BEHIND && i < TOP_BEHIND; i++)
        if (from->behind[i].tid)
            thread->behind[thread->behind_count++] = (struct top_behind){
                (pid_t)from->behind[i].tid, share(from->behind[i].wait_ns, from->wait_ns)};
    qsort(thread->behind, thread->behind_count, sizeof *thread->behind, compare_behind);
}

static void add_looks(const struct thread_samples *samples, struct top_thread *thread)
{
    const struct thread_sampled *from = find(samples, thread->tid);
    if (!from)
        return;
    thread->held = share(from->held, samples->looks);
    thread->wait = share(from->waited, samples->wait_looks);
}

static void set_name(pid_t pid, const struct look_thread *from, struct top_thread *thread)
{
    if (*from->name)
        snprintf(thread->name, sizeof thread->name, "%s", from->name);
    else if (from->tid == pid)
        snprintf(thread->name, sizeof thread->name, "MainThread");
    else
        snprintf(thread->name, sizeof thread->name, "thread %d", (int)from->tid);
}

struct error *threads_add(pid_t pid, const struct look_thread_vec *threads,
                          const struct handoffs *handoffs, const struct thread_samples *samples,
                          struct top_sample *ret)
{
    for (size_t i = 0; i < threads->count; i++) {
        const struct look_thread *from = &threads->items[i];
        struct top_thread *thread;
        TRY(top_thread_vec_extend(&ret->threads, 1, &thread));
        thread->tid = from->tid;
        set_name(pid, from, thread);
        thread->depth = from->depth;
        memcpy(thread->frames, from->frames, sizeof thread->frames);
        if (handoffs)
            add_handoffs(handoffs, thread);
        else
            add_looks(samples, thread);
        if (from->gil == GIL_NONE && thread->state_ns)
            thread->state = TOP_WAITS; // it is on its way into the wait, or out of it
        else if (from->gil == GIL_NONE)
            ask_kernel(pid, thread);
        else
            thread->state = from->gil == GIL_HOLDER ? TOP_HOLDS : TOP_WAITS;
        if (thread->state != TOP_WAITS)
            thread->state_ns = 0;
    }
    return NULL;
}
