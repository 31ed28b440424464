// See perf.h.
//
// A thread's descriptor for each probe and processor is inherited by the threads that it starts
// (inherit_thread), which the kernel allows only with rings that belong to a processor. All
// descriptors of a processor write to one ring. A thread that is born while the others are being
// opened may come to be watched twice, by its parent's descriptors and by its own: of the samples
// of a thread at a probe those of one descriptor alone are taken.
#include "inspector/proc/perf.h"

#include "inspector/base/clock.h"
#include "inspector/base/descriptors.h"
#include "inspector/base/progress.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    RING_PAGES = 128,        // with the head page what an ordinary user may lock
    RING_PAGES_LARGE = 2048, // with stacks, for who may lock more
    PAGE_BYTES = 4096,
    RECORD_MAX = 1024 + PERF_STACK_MAX,
    THREADS_MAX = 4096,
    UPROBES_FEW = 32,       // descriptors; so many are no question
    UPROBES_MAX = 8192,     // more would take their time to put, too
    HOLD_BACK_NS = 2000000, // a sample is in its ring that long after its time at the latest
};

static const uint64_t TAKING_AWAY_NS = 20 * CLOCK_NS_PER_S; // longer than anybody will wait

// Registers in the order of the kernel's enum perf_event_x86_regs, with the bits of the mask.
#define REGISTERS(R) \
    R(0, rax)        \
    R(1, rbx)        \
    R(2, rcx)        \
    R(3, rdx)        \
    R(4, rsi)        \
    R(5, rdi)        \
    R(6, rbp)        \
    R(7, rsp)        \
    R(8, rip)        \
    R(16, r8)        \
    R(17, r9)        \
    R(18, r10)       \
    R(19, r11)       \
    R(20, r12)       \
    R(21, r13)       \
    R(22, r14)       \
    R(23, r15)

struct ring {
    int fd; // the first descriptor of the processor; the others write to its ring
    struct perf_event_mmap_page *head;
    const unsigned char *data;
    size_t bytes; // of data: a power of two
};

struct descriptor {
    int fd;
    uint32_t probe;
    pid_t thread; // that it was opened for; its samples may be of one that this thread started
    uint64_t id;
};
VEC_DEFINE(descriptor_vec, struct descriptor);

// Whose descriptors' samples of a thread at a probe are taken.
struct chosen {
    uint32_t tid, probe;
    pid_t thread;
};
VEC_DEFINE(chosen_vec, struct chosen);
VEC_DEFINE(tid_vec, pid_t);

struct perf_sampler {
    pid_t pid;
    unsigned stack_bytes;
    struct ring *rings; // by processor
    int processors;
    struct descriptor_vec descriptors; // sorted by id when all are open
    struct chosen_vec chosen;
    struct tid_vec threads;
    struct perf_sample_vec waiting; // read, and perhaps not in order yet
    uint64_t lost;                  // as the rings say
    uint64_t taken;                 // samples that were in a ring
};

// ---- why not ----

static int paranoia(void)
{
    int level = -2;
    FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
    if (!file)
        return level;
    if (fscanf(file, "%d", &level) != 1)
        level = -2;
    fclose(file);
    return level;
}

static struct error *refused(int errnum, const struct perf_probe *probe)
{
    const char *what = probe->path ? "uprobes" : "hardware watchpoints";
    const int level = paranoia();
    struct error *err;
    switch (errnum) {
    case EPERM:
    case EACCES:
        err = error_create(ERROR_PERMISSION, "the kernel does not permit %s here", what);
        error_add_why(err,
                      level > 1 ? "kernel.perf_event_paranoid is %d and you are uid %u, or a "
                                  "container's seccomp filter forbids perf_event_open"
                                : "kernel.perf_event_paranoid is %d, you are uid %u: a security "
                                  "module or a seccomp filter forbids perf_event_open",
                      level, (unsigned)geteuid());
        return error_add_try(err, "as root, or with CAP_PERFMON and CAP_SYS_PTRACE");
    case ENOSPC:
        err = error_create(ERROR_BUSY, "no %s are free", what);
        return error_add_why(err,
                             "a processor has four, and a debugger or another brille uses them");
    case EMFILE:
    case ENFILE:
        err = error_create(ERROR_UNSUPPORTED, "the process has too many threads for %s", what);
        return error_add_why(err, "each needs a descriptor on every processor (ulimit -n)");
    case ESRCH:
        return error_create(ERROR_GONE, "the process has ended");
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP:
    case ENOSYS:
    case EINVAL:
        err = error_create(ERROR_UNSUPPORTED, "this kernel has no %s", what);
        return error_add_why(err, "perf_event_open: %s%s", strerror(errnum),
                             probe->path ? "" : "; virtual machines often have no debug registers");
    default:
        return error_create_errno(errnum, "the kernel refuses %s", what);
    }
}

// ---- opening ----

static struct error *uprobe_type(const struct perf_probe *probe, uint32_t *ret)
{
    unsigned type = 0;
    FILE *file = fopen("/sys/bus/event_source/devices/uprobe/type", "re");
    const bool found = file && fscanf(file, "%u", &type) == 1;
    if (file)
        fclose(file);
    *ret = type;
    return found ? NULL : refused(ENOENT, probe);
}

static struct error *attributes_of(const struct perf_probe *probe, unsigned stack_bytes,
                                   struct perf_event_attr *attr)
{
    *attr = (struct perf_event_attr){
        .size = sizeof *attr,
        .sample_period = 1,
        .sample_type =
            PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_REGS_USER,
        .disabled = 1,
        .inherit = 1,
        .inherit_thread = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
        .use_clockid = 1,
        .clockid = CLOCK_MONOTONIC,
#define R(bit, name) +(UINT64_C(1) << (bit))
        .sample_regs_user = 0 REGISTERS(R),
#undef R
    };
    if (stack_bytes) {
        attr->sample_type |= PERF_SAMPLE_STACK_USER;
        attr->sample_stack_user = stack_bytes;
    }
    if (probe->path) {
        TRY(uprobe_type(probe, &attr->type));
        attr->exclude_kernel = 0; // a uprobe is an event of the kernel's
        attr->config1 = (uint64_t)(uintptr_t)probe->path;
        attr->config2 = probe->address;
        return NULL;
    }
    attr->type = PERF_TYPE_BREAKPOINT;
    attr->bp_type = HW_BREAKPOINT_W;
    attr->bp_addr = probe->address;
    attr->bp_len = probe->length;
    return NULL;
}

static struct error *map_ring(struct ring *ring, int fd, bool large, const struct perf_probe *probe)
{
    void *memory = MAP_FAILED;
    ring->bytes = (size_t)RING_PAGES_LARGE * PAGE_BYTES;
    if (large)
        memory = mmap(NULL, ring->bytes + PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        ring->bytes = (size_t)RING_PAGES * PAGE_BYTES;
        memory = mmap(NULL, ring->bytes + PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (memory == MAP_FAILED)
        return refused(errno, probe);
    ring->fd = fd;
    ring->head = memory;
    ring->data = (const unsigned char *)memory + PAGE_BYTES;
    return NULL;
}

static struct error *open_one(struct perf_sampler *s, struct perf_event_attr *attr,
                              const struct perf_probe *probe, uint32_t index, pid_t tid, int cpu)
{
    struct descriptor d = {.probe = index, .thread = tid};
    struct ring *ring = &s->rings[cpu];
    d.fd = (int)syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (d.fd < 0) {
        // A thread that has ended, or a processor that is switched off.
        const bool gone = (errno == ESRCH && tid != s->pid) || (errno == ENODEV && cpu > 0);
        return gone ? NULL : refused(errno, probe);
    }
    struct error *err = ioctl(d.fd, PERF_EVENT_IOC_ID, &d.id) == 0 ? NULL : refused(errno, probe);
    if (!err)
        err = descriptor_vec_push(&s->descriptors, d);
    if (err) {
        close(d.fd);
        return err;
    }
    if (!ring->head)
        return map_ring(ring, d.fd, s->stack_bytes != 0, probe);
    return ioctl(d.fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd) == 0 ? NULL : refused(errno, probe);
}

static bool is_open(const struct perf_sampler *s, pid_t tid)
{
    for (size_t i = 0; i < s->threads.count; i++)
        if (s->threads.items[i] == tid)
            return true;
    return false;
}

static struct error *open_thread(struct perf_sampler *s, pid_t tid, const struct perf_probe *probes,
                                 struct perf_event_attr *attrs, size_t count)
{
    TRY(tid_vec_push(&s->threads, tid));
    for (uint32_t i = 0; i < count; i++)
        for (int cpu = 0; cpu < s->processors; cpu++)
            TRY(open_one(s, &attrs[i], &probes[i], i, tid, cpu));
    return NULL;
}

// *more: there were threads that had not been opened.
static struct error *open_threads(struct perf_sampler *s, const struct perf_probe *probes,
                                  struct perf_event_attr *attrs, size_t count, bool *more)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)s->pid);
    DIR *dir = opendir(path);
    if (!dir)
        return error_create(ERROR_GONE, "process %d has ended", (int)s->pid);
    struct error *err = NULL;
    const struct dirent *entry;
    *more = false;
    while (!err && (entry = readdir(dir))) {
        const pid_t tid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
        if (!tid || is_open(s, tid) || s->threads.count >= THREADS_MAX)
            continue;
        err = open_thread(s, tid, probes, attrs, count);
        *more = true;
    }
    closedir(dir);
    return err;
}

// The kernel takes uprobes away one after the other, and waits for all processors each time. One is
// put and taken away as a sample.
static uint64_t price_of_uprobe_ns(pid_t pid, struct perf_event_attr *attr)
{
    const int fd = (int)syscall(SYS_perf_event_open, attr, pid, 0, -1, PERF_FLAG_FD_CLOEXEC);
    const uint64_t begun_ns = clock_now_ns();
    if (fd < 0)
        return 0; // whoever opens the others will say why
    close(fd);
    return clock_now_ns() - begun_ns;
}

static struct error *check_price(const struct perf_sampler *s, struct perf_event_attr *attr,
                                 size_t count)
{
    char path[64];
    struct stat tasks;
    snprintf(path, sizeof path, "/proc/%d/task", (int)s->pid);
    if (stat(path, &tasks) != 0 || tasks.st_nlink <= 2)
        return NULL;
    const uint64_t threads = tasks.st_nlink - 2;
    const uint64_t uprobes = threads * (uint64_t)s->processors * count;
    const uint64_t price_ns = uprobes > UPROBES_FEW ? price_of_uprobe_ns(s->pid, attr) : 0;
    if (uprobes <= UPROBES_MAX && price_ns < TAKING_AWAY_NS / uprobes)
        return NULL;
    struct error *err =
        error_create(ERROR_UNSUPPORTED, "process %d has too many threads for uprobes", (int)s->pid);
    return error_add_why(err,
                         "%llu threads on %d processors need %llu of them, and to take one away "
                         "takes the kernel %.0f ms",
                         (unsigned long long)threads, s->processors, (unsigned long long)uprobes,
                         (double)price_ns / CLOCK_NS_PER_MS);
}

static int compare_descriptors(const void *a, const void *b)
{
    const struct descriptor *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

static struct error *open_all(struct perf_sampler *s, const struct perf_probe *probes, size_t count)
{
    struct perf_event_attr attrs[PERF_PROBES_MAX];
    bool more = true;
    for (size_t i = 0; i < count; i++)
        TRY(attributes_of(&probes[i], s->stack_bytes, &attrs[i]));
    if (count && probes->path)
        TRY(check_price(s, &attrs[0], count));
    descriptors_allow_many();
    for (int round = 0; more && round < 8; round++)
        TRY(open_threads(s, probes, attrs, count, &more));
    if (!s->descriptors.count)
        return error_create(ERROR_GONE, "process %d has ended", (int)s->pid);
    qsort(s->descriptors.items, s->descriptors.count, sizeof *s->descriptors.items,
          compare_descriptors);
    perf_sampler_rest(s, false);
    return NULL;
}

struct error *perf_sampler_create(pid_t pid, const struct perf_probe *probes, size_t count,
                                  unsigned stack_bytes, struct perf_sampler **ret)
{
    struct perf_sampler *s = calloc(1, sizeof *s);
    if (!s || count > PERF_PROBES_MAX) {
        free(s);
        return &error_no_memory;
    }
    const long processors = sysconf(_SC_NPROCESSORS_CONF);
    s->pid = pid;
    s->stack_bytes = stack_bytes < PERF_STACK_MAX ? stack_bytes : PERF_STACK_MAX;
    s->processors = processors > 0 ? (int)processors : 1;
    s->rings = calloc((size_t)s->processors, sizeof *s->rings);
    struct error *err = s->rings ? open_all(s, probes, count) : &error_no_memory;
    if (err)
        perf_sampler_destroy(s);
    else
        *ret = s;
    return err;
}

void perf_sampler_destroy(struct perf_sampler *s)
{
    struct progress progress;
    if (!s)
        return;
    for (int cpu = 0; s->rings && cpu < s->processors; cpu++)
        if (s->rings[cpu].head)
            munmap(s->rings[cpu].head, s->rings[cpu].bytes + PAGE_BYTES);
    progress_begin(&progress, "taking the probes away", "probes", s->descriptors.count);
    for (size_t i = 0; i < s->descriptors.count; i++) {
        close(s->descriptors.items[i].fd);
        progress_update(&progress, i);
    }
    progress_end(&progress);
    descriptor_vec_deinit(&s->descriptors);
    chosen_vec_deinit(&s->chosen);
    tid_vec_deinit(&s->threads);
    perf_samples_clear(&s->waiting);
    perf_sample_vec_deinit(&s->waiting);
    free(s->rings);
    free(s);
}

void perf_sampler_rest(struct perf_sampler *s, bool rest)
{
    for (size_t i = 0; i < s->descriptors.count; i++)
        ioctl(s->descriptors.items[i].fd, rest ? PERF_EVENT_IOC_DISABLE : PERF_EVENT_IOC_ENABLE, 0);
}

// A ring says that it lost something when it has room again. Each descriptor counts its hits
// whether or not they fitted.
uint64_t perf_sampler_lost(const struct perf_sampler *s)
{
    uint64_t hits = 0, value;
    for (size_t i = 0; i < s->descriptors.count; i++)
        if (read(s->descriptors.items[i].fd, &value, sizeof value) == sizeof value)
            hits += value;
    const uint64_t missing = hits > s->taken ? hits - s->taken : 0;
    return missing > s->lost ? missing : s->lost;
}

// ---- reading ----

static const struct descriptor *find_descriptor(const struct perf_sampler *s, uint64_t id)
{
    const struct descriptor key = {.id = id};
    return bsearch(&key, s->descriptors.items, s->descriptors.count, sizeof key,
                   compare_descriptors);
}

static bool is_chosen(struct perf_sampler *s, uint32_t tid, const struct descriptor *d,
                      struct error **err)
{
    for (size_t i = 0; i < s->chosen.count; i++)
        if (s->chosen.items[i].tid == tid && s->chosen.items[i].probe == d->probe)
            return s->chosen.items[i].thread == d->thread;
    *err = chosen_vec_push(&s->chosen, (struct chosen){tid, d->probe, d->thread});
    return true;
}

static uint64_t take(const unsigned char **at)
{
    uint64_t word;
    memcpy(&word, *at, sizeof word);
    *at += sizeof word;
    return word;
}

void perf_samples_clear(struct perf_sample_vec *samples)
{
    for (size_t i = 0; i < samples->count; i++)
        free(samples->items[i].stack);
    samples->count = 0;
}

// Size that was asked for, bytes, size that there was.
static struct error *take_stack(const unsigned char *at, const unsigned char *end,
                                struct perf_sample *sample)
{
    const uint64_t room = (size_t)(end - at) >= 8 ? take(&at) : 0;
    uint64_t there;
    if (!room || room > PERF_STACK_MAX || (uint64_t)(end - at) < room + sizeof there)
        return NULL;
    memcpy(&there, at + room, sizeof there);
    sample->stack_bytes = (uint32_t)(there < room ? there : room);
    sample->stack = malloc(sample->stack_bytes + 1u);
    if (!sample->stack)
        return &error_no_memory;
    memcpy(sample->stack, at, sample->stack_bytes);
    return NULL;
}

// identifier, pid and tid, time, abi of the registers, registers: in this order.
static struct error *add_sample(struct perf_sampler *s, const unsigned char *at, size_t bytes)
{
    struct perf_sample sample = {0};
    struct error *err = NULL;
    if (bytes < 4 * sizeof(uint64_t))
        return NULL;
    const unsigned char *end = at + bytes;
    const struct descriptor *descriptor = find_descriptor(s, take(&at));
    sample.tid = (uint32_t)(take(&at) >> 32);
    sample.time_ns = take(&at);
    if (!descriptor || !is_chosen(s, sample.tid, descriptor, &err))
        return err;
    TRY(err);
    sample.probe = descriptor->probe;
    if (take(&at) == PERF_SAMPLE_REGS_ABI_64 && (size_t)(end - at) >= 17 * sizeof(uint64_t)) {
#define R(bit, name) sample.registers.name = take(&at);
        REGISTERS(R)
#undef R
        if (s->stack_bytes)
            TRY(take_stack(at, end, &sample));
    }
    err = perf_sample_vec_push(&s->waiting, sample);
    if (err)
        free(sample.stack);
    return err;
}

static void copy_out(const struct ring *ring, uint64_t from, void *to, size_t bytes)
{
    const size_t offset = from % ring->bytes;
    const size_t first = bytes < ring->bytes - offset ? bytes : ring->bytes - offset;
    memcpy(to, ring->data + offset, first);
    memcpy((char *)to + first, ring->data, bytes - first);
}

static struct error *read_ring(struct perf_sampler *s, struct ring *ring)
{
    unsigned char record[RECORD_MAX];
    const uint64_t head = __atomic_load_n(&ring->head->data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = ring->head->data_tail;
    struct error *err = NULL;
    while (!err && tail < head) {
        struct perf_event_header header;
        copy_out(ring, tail, &header, sizeof header);
        const size_t bytes = header.size < sizeof record ? header.size : sizeof record;
        if (header.size < sizeof header)
            break;
        copy_out(ring, tail, record, bytes);
        if (header.type == PERF_RECORD_SAMPLE) {
            s->taken++;
            err = add_sample(s, record + sizeof header, bytes - sizeof header);
        } else if (header.type == PERF_RECORD_LOST && bytes >= sizeof header + 16) {
            uint64_t lost;
            memcpy(&lost, record + sizeof header + 8, sizeof lost);
            s->lost += lost;
        }
        tail += header.size;
    }
    __atomic_store_n(&ring->head->data_tail, tail, __ATOMIC_RELEASE);
    return err;
}

static int compare_samples(const void *a, const void *b)
{
    const struct perf_sample *left = a, *right = b;
    return (left->time_ns > right->time_ns) - (left->time_ns < right->time_ns);
}

struct error *perf_sampler_read(struct perf_sampler *s, bool last, struct perf_sample_vec *ret)
{
    const uint64_t now_ns = clock_now_ns();
    const uint64_t until_ns = last ? UINT64_MAX : now_ns - HOLD_BACK_NS;
    for (int cpu = 0; cpu < s->processors; cpu++)
        if (s->rings[cpu].head)
            TRY(read_ring(s, &s->rings[cpu]));
    size_t ready = 0;
    if (s->waiting.count)
        qsort(s->waiting.items, s->waiting.count, sizeof *s->waiting.items, compare_samples);
    while (ready < s->waiting.count && s->waiting.items[ready].time_ns <= until_ns)
        ready++;
    if (!ready)
        return NULL;
    // All or none: a sample that is in both vectors has its stack freed twice.
    struct perf_sample *first;
    TRY(perf_sample_vec_extend(ret, ready, &first));
    memcpy(first, s->waiting.items, ready * sizeof *first);
    s->waiting.count -= ready;
    if (s->waiting.count)
        memmove(s->waiting.items, s->waiting.items + ready,
                s->waiting.count * sizeof *s->waiting.items);
    return NULL;
}
