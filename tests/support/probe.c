#include "tests/support/probe.h"

#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void sleep_ms(unsigned ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

static void start_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, argument))
        abort();
    pthread_detach(thread);
}

// ---- starting and ending ----

static void *heartbeat(void *argument)
{
    struct probe_stats *stats = argument;
    uint64_t last_ns = now_ns();
    for (;;) {
        struct timespec interval = {.tv_nsec = 100000};
        if (nanosleep(&interval, NULL) < 0 && errno == EINTR)
            stats->interrupted++;
        uint64_t current_ns = now_ns(), gap_ns = current_ns - last_ns;
        if (gap_ns > stats->longest_ns)
            stats->longest_ns = gap_ns;
        last_ns = current_ns;
        stats->beats++;
    }
    return NULL;
}

static uint64_t text_hash(pid_t pid)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    FILE *mem = fopen(path, "r");
    uint64_t hash = 14695981039346656037u;
    while (maps && mem && fgets(line, sizeof line, maps)) {
        unsigned long begin, end;
        char flags[5];
        if (sscanf(line, "%lx-%lx %4s", &begin, &end, flags) != 3 || flags[2] != 'x' ||
            strstr(line, "[vsyscall]"))
            continue;
        uint64_t words[512];
        for (unsigned long at = begin; at < end; at += sizeof words) {
            if (fseek(mem, (long)at, SEEK_SET) || fread(words, sizeof words, 1, mem) != 1)
                continue;
            for (size_t i = 0; i < 512; i++)
                hash = (hash ^ words[i]) * 1099511628211u;
        }
    }
    if (maps)
        fclose(maps);
    if (mem)
        fclose(mem);
    return hash;
}

enum { PROBES_MAX = 16 };
enum { CHILD_PATIENCE_MS = 5000 };
static struct probe running[PROBES_MAX]; // pid 0: a free place

static void note_running(const struct probe *probe)
{
    for (int i = 0; i < PROBES_MAX; i++)
        if (!running[i].pid) {
            running[i] = *probe;
            return;
        }
    fail_msg("more than %d probes at once", PROBES_MAX);
}

struct probe probe_start(void (*body)(struct probe_stats *, uint64_t), uint64_t argument)
{
    struct probe probe = {.argument = argument};
    probe.stats =
        mmap(NULL, sizeof *probe.stats, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(probe.stats != MAP_FAILED);
    probe.pid = fork();
    assert_true(probe.pid >= 0);
    if (probe.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        start_thread(heartbeat, probe.stats);
        body(probe.stats, argument);
        probe.stats->ready = true;
        for (;;)
            pause();
    }
    note_running(&probe);
    for (int i = 0; i < 30000 && !probe.stats->ready; i++)
        sleep_ms(1);
    assert_true(probe.stats->ready);
    probe.text_hash = text_hash(probe.pid);
    return probe;
}

void probe_end(struct probe *probe)
{
    for (int i = 0; i < PROBES_MAX; i++)
        if (running[i].pid == probe->pid)
            running[i].pid = 0;
    kill(probe->pid, SIGKILL);
    while (waitpid(probe->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    munmap(probe->stats, sizeof *probe->stats);
}

int probe_end_left(void **state)
{
    (void)state;
    for (int i = 0; i < PROBES_MAX; i++)
        if (running[i].pid) {
            struct probe left = running[i];
            probe_end(&left);
        }
    return 0;
}

// ---- bodies ----

void probe_idle(struct probe_stats *stats, uint64_t argument)
{
    (void)stats, (void)argument;
}

static void *allocator(void *argument)
{
    struct probe_stats *stats = argument;
    enum { LIVE = 512 };
    unsigned char *blocks[LIVE] = {0};
    size_t sizes[LIVE] = {0};
    unsigned seed = (unsigned)syscall(SYS_gettid);
    for (;;) {
        unsigned slot = rand_r(&seed) % LIVE;
        if (blocks[slot]) {
            if (blocks[slot][0] != (unsigned char)slot ||
                blocks[slot][sizes[slot] - 1] != (unsigned char)slot)
                stats->corrupted++;
            free(blocks[slot]);
        }
        sizes[slot] = 16 + rand_r(&seed) % 4096;
        blocks[slot] = malloc(sizes[slot]);
        memset(blocks[slot], (int)slot, sizes[slot]);
        stats->work++;
    }
    return NULL;
}

void probe_allocators(struct probe_stats *stats, uint64_t argument)
{
    for (uint64_t i = 0; i < argument; i++)
        start_thread(allocator, stats);
}

// Each sleeper blocks for longer than any test runs: returning at all is a failure.
static void sleeper_failed(struct probe_stats *stats, long result)
{
    if (result < 0 && errno == EINTR)
        stats->interrupted++;
    else
        stats->short_sleeps++;
    sleep_ms(1000);
}

enum { LONG_MS = 3600 * 1000 };

static void *sleep_in_read(void *argument)
{
    int ends[2];
    char byte;
    if (pipe(ends))
        abort();
    for (;;)
        sleeper_failed(argument, read(ends[0], &byte, 1));
    return NULL;
}

static void *sleep_in_futex(void *argument)
{
    static uint32_t word;
    for (;;)
        sleeper_failed(argument, syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    return NULL;
}

static void *sleep_in_timed_futex(void *argument)
{
    static uint32_t word;
    struct timespec timeout = {.tv_sec = LONG_MS / 1000};
    for (;;)
        sleeper_failed(argument,
                       syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &timeout, NULL, 0));
    return NULL;
}

static void *sleep_in_nanosleep(void *argument)
{
    struct timespec timeout = {.tv_sec = LONG_MS / 1000};
    for (;;)
        sleeper_failed(argument, nanosleep(&timeout, NULL));
    return NULL;
}

static void *sleep_in_poll(void *argument)
{
    struct pollfd nothing = {.fd = -1};
    for (;;)
        sleeper_failed(argument, poll(&nothing, 1, LONG_MS));
    return NULL;
}

static void *sleep_in_select(void *argument)
{
    struct timeval timeout = {.tv_sec = LONG_MS / 1000};
    for (;;)
        sleeper_failed(argument, select(0, NULL, NULL, NULL, &timeout));
    return NULL;
}

static void *sleep_in_ppoll(void *argument)
{
    sigset_t mask;
    sigfillset(&mask);
    struct timespec timeout = {.tv_sec = LONG_MS / 1000};
    for (;;)
        sleeper_failed(argument, ppoll(NULL, 0, &timeout, &mask));
    return NULL;
}

static void *sleep_in_epoll(void *argument)
{
    int fd = epoll_create1(0);
    struct epoll_event event;
    for (;;)
        sleeper_failed(argument, epoll_wait(fd, &event, 1, LONG_MS));
    return NULL;
}

static void *sleep_in_sigtimedwait(void *argument)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    struct timespec timeout = {.tv_sec = LONG_MS / 1000};
    for (;;)
        sleeper_failed(argument, sigtimedwait(&set, NULL, &timeout));
    return NULL;
}

static void *sleep_in_timed_recv(void *argument)
{
    int ends[2];
    char byte;
    struct timeval timeout = {.tv_sec = LONG_MS / 1000};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        abort();
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    for (;;)
        sleeper_failed(argument, recv(ends[0], &byte, 1, 0));
    return NULL;
}

// A sleep that ends: it must not end early, nor much too late.
static void *sleep_repeatedly(void *argument)
{
    struct probe_stats *stats = argument;
    for (;;) {
        uint64_t begin_ns = now_ns();
        struct timespec timeout = {.tv_nsec = 20000000};
        if (nanosleep(&timeout, NULL) < 0 && errno == EINTR)
            stats->interrupted++;
        if (now_ns() - begin_ns < 20000000)
            stats->short_sleeps++;
        stats->work++;
    }
    return NULL;
}

void probe_sleepers(struct probe_stats *stats, uint64_t argument)
{
    (void)argument;
    static void *(*const bodies[])(void *) = {
        sleep_in_read,         sleep_in_futex,      sleep_in_timed_futex, sleep_in_nanosleep,
        sleep_in_poll,         sleep_in_select,     sleep_in_ppoll,       sleep_in_epoll,
        sleep_in_sigtimedwait, sleep_in_timed_recv, sleep_repeatedly,
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        start_thread(bodies[i], stats);
    sleep_ms(50);
}

static void *register_holder(void *argument)
{
    struct probe_stats *stats = argument;
    for (uint64_t value = 1;; value += 2) {
        uint64_t general, vector, stack;
        __asm__ volatile("movq %3, %%rbx\n\t"
                         "movq %3, %%r12\n\t"
                         "movq %3, %%xmm7\n\t"
                         "movq %3, %%xmm13\n\t"
                         "movq %3, -64(%%rsp)\n\t" // in the red zone
                         "movl $20000, %%ecx\n"
                         "1:\n\t"
                         "addq $1, %%rbx\n\t"
                         "addq $1, %%r12\n\t"
                         "decl %%ecx\n\t"
                         "jnz 1b\n\t"
                         "addq %%r12, %%rbx\n\t"
                         "movq %%rbx, %0\n\t"
                         "movq %%xmm7, %1\n\t"
                         "movq %%xmm13, %%r12\n\t"
                         "addq %%r12, %1\n\t"
                         "movq -64(%%rsp), %2\n\t"
                         : "=&r"(general), "=&r"(vector), "=&r"(stack)
                         : "r"(value)
                         : "rbx", "r12", "rcx", "xmm7", "xmm13", "cc", "memory");
        if (general != 2 * (value + 20000) || vector != 2 * value || stack != value)
            stats->corrupted++;
        stats->work++;
    }
    return NULL;
}

void probe_registers(struct probe_stats *stats, uint64_t argument)
{
    for (uint64_t i = 0; i < argument; i++)
        start_thread(register_holder, stats);
    // The main thread is the first choice for an injection: let it be one of them.
    stats->ready = true;
    register_holder(stats);
}

enum { SEQUENCE_TURNS = 1000000 };

// Counts down inside a restartable sequence. 0 when it went to its end, though the kernel had
// forgotten meanwhile that there was one; not 0 when the kernel still knew, or had it aborted.
static uint64_t run_sequence(struct rseq *rseq)
{
    uint64_t outcome, turns = SEQUENCE_TURNS;
    __asm__ volatile(
        ".pushsection .data.sequence, \"aw\"\n\t"
        ".balign 32\n"
        "9: .long 0, 0\n\t"
        ".quad 1f, 2f - 1f, 3f\n\t"
        ".popsection\n\t"
        "lea 9b(%%rip), %[outcome]\n\t"
        "mov %[outcome], %c[place](%[rseq])\n"
        "1: dec %[turns]\n\t"
        "jnz 1b\n\t"
        "mov %c[place](%[rseq]), %[outcome]\n"
        "2: jmp 4f\n\t"
        ".long %c[signature]\n"
        "3: mov $1, %[outcome]\n"
        "4: movq $0, %c[place](%[rseq])"
        : [outcome] "=&r"(outcome), [turns] "+&r"(turns)
        : [rseq] "r"(rseq), [place] "i"(offsetof(struct rseq, rseq_cs)), [signature] "i"(RSEQ_SIG)
        : "memory", "cc");
    return outcome;
}

static void *sequence_runner(void *context)
{
    struct probe_stats *stats = context;
    struct rseq *rseq = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
    while (__rseq_size) {
        if (!run_sequence(rseq))
            stats->corrupted++;
        stats->work++;
    }
    return NULL;
}

void probe_sequences(struct probe_stats *stats, uint64_t argument)
{
    for (uint64_t i = 0; i < argument; i++)
        start_thread(sequence_runner, stats);
    stats->ready = true;
    sequence_runner(stats);
}

static void heap_fill(struct probe_stats *stats, uint64_t mebibytes, int advice)
{
    const size_t huge = 2 << 20;
    size_t size = mebibytes << 20;
    char *memory =
        mmap(NULL, size + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    memory = (char *)(((uintptr_t)memory + huge - 1) & ~(uintptr_t)(huge - 1));
    madvise(memory, size, advice);
    for (size_t at = 0; at < size; at += 8)
        *(uint64_t *)(memory + at) = (uintptr_t)memory + at;
    stats->address = (uintptr_t)memory;
}

void probe_heap(struct probe_stats *stats, uint64_t argument)
{
    heap_fill(stats, argument, MADV_NOHUGEPAGE);
}

void probe_huge_heap(struct probe_stats *stats, uint64_t argument)
{
    heap_fill(stats, argument, MADV_HUGEPAGE);
}

void probe_seccomp(struct probe_stats *stats, uint64_t argument)
{
    (void)stats, (void)argument;
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_wait4, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program))
        abort();
}

void probe_process_limit(struct probe_stats *stats, uint64_t argument)
{
    (void)argument;
    struct rlimit one = {.rlim_cur = 1, .rlim_max = 1};
    enum { SOMEBODY = 64321 };
    if (setrlimit(RLIMIT_NPROC, &one) || setresgid(SOMEBODY, SOMEBODY, SOMEBODY) ||
        setresuid(SOMEBODY, SOMEBODY, SOMEBODY))
        abort();
    // Changing identity clears both, and interrupts the other thread to make it follow, which it
    // may notice later.
    usleep(300000);
    prctl(PR_SET_DUMPABLE, 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    stats->interrupted = 0;
}

static void *waiter(void *argument)
{
    struct probe_stats *stats = argument;
    for (;;) {
        int status;
        if (waitpid(-1, &status, 0) > 0)
            stats->children_seen++;
        else if (errno == EINTR)
            stats->interrupted++;
        stats->work++;
        sleep_ms(1);
    }
    return NULL;
}

static void child_signal(int signal)
{
    (void)signal;
    extern struct probe_stats *probe_signal_stats;
    probe_signal_stats->children_seen++;
}

struct probe_stats *probe_signal_stats;

void probe_waiter(struct probe_stats *stats, uint64_t argument)
{
    (void)argument;
    probe_signal_stats = stats;
    struct sigaction action = {.sa_handler = child_signal};
    sigaction(SIGCHLD, &action, NULL);
    start_thread(waiter, stats);
}

static void *short_lived(void *argument)
{
    atomic_fetch_add(&((struct probe_stats *)argument)->work, 1);
    return NULL;
}

static void *thread_maker(void *argument)
{
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, short_lived, argument) == 0)
            pthread_join(thread, NULL);
    }
    return NULL;
}

void probe_thread_churn(struct probe_stats *stats, uint64_t argument)
{
    for (uint64_t i = 0; i < argument; i++)
        start_thread(thread_maker, stats);
}

static void *counter(void *argument)
{
    struct probe_stats *stats = argument;
    volatile uint64_t *pages = (volatile uint64_t *)stats->address;
    for (;;) {
        pages[0]++;
        pages[512]++;
    }
    return NULL;
}

void probe_counters(struct probe_stats *stats, uint64_t argument)
{
    (void)argument;
    stats->address =
        (uintptr_t)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    start_thread(counter, stats);
}

// ---- what a capture must leave behind: nothing ----

int probe_child_count(pid_t pid)
{
    int count = 0;
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char path[300], text[512];
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "r") : NULL;
        if (!file)
            continue;
        int parent;
        const char *close = fgets(text, sizeof text, file) ? strrchr(text, ')') : NULL;
        if (close && sscanf(close + 1, " %*c %d", &parent) == 1 && parent == pid)
            count++;
        fclose(file);
    }
    if (dir)
        closedir(dir);
    return count;
}

int probe_await_no_child(const struct probe *probe, int patience_ms)
{
    int children = probe_child_count(probe->pid);
    for (int i = 0; i < patience_ms && children; i++) {
        sleep_ms(1);
        children = probe_child_count(probe->pid);
    }
    return children;
}

// The value of a line of /proc/PID/task/TID/status, as text; "" when the thread is gone.
static void thread_status(pid_t pid, const char *tid, const char *key, char *value, size_t size)
{
    char path[300], line[512];
    snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)pid, tid);
    FILE *file = fopen(path, "r");
    value[0] = 0;
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            snprintf(value, size, "%s", line + strlen(key));
    if (file)
        fclose(file);
}

static void assert_threads_run(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    const struct dirent *entry;
    while ((entry = readdir(dir))) {
        char state[256], tracer[256];
        if (entry->d_name[0] == '.')
            continue;
        thread_status(pid, entry->d_name, "State:\t", state, sizeof state);
        thread_status(pid, entry->d_name, "TracerPid:\t", tracer, sizeof tracer);
        assert_null(strchr("tTZX", state[0] ? state[0] : 'R'));
        assert_int_equal(atoi(tracer), 0);
    }
    closedir(dir);
}

void probe_assert_unharmed(const struct probe *probe)
{
    assert_int_equal(kill(probe->pid, 0), 0);
    assert_threads_run(probe->pid);
    assert_int_equal(probe_await_no_child(probe, CHILD_PATIENCE_MS), 0);
    uint64_t before = probe->stats->beats;
    for (int i = 0; i < 3000 && probe->stats->beats < before + 3; i++)
        sleep_ms(1);
    assert_true(probe->stats->beats >= before + 3);
    assert_int_equal(text_hash(probe->pid), probe->text_hash);
    assert_int_equal(probe->stats->interrupted, 0);
    assert_int_equal(probe->stats->short_sleeps, 0);
    assert_int_equal(probe->stats->corrupted, 0);
    assert_int_equal(probe->stats->children_seen, 0);
    int status;
    assert_int_equal(waitpid(probe->pid, &status, WNOHANG), 0);
}
