#include "inspector/capture/hurry.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    SLICE_NS = 100 * 1000, // the shortest there is
    READER_NICE = 3,       // more than before: a third of a processor that the target wants too
};

// struct sched_attr of the kernel, its first version.
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t slice_ns, deadline_ns, period_ns;
};

static bool get_attributes(pid_t tid, struct attributes *ret)
{
    return syscall(SYS_sched_getattr, tid, ret, sizeof *ret, 0) == 0 &&
           (ret->policy == SCHED_OTHER || ret->policy == SCHED_BATCH);
}

static bool set_slice(pid_t tid, struct attributes *attributes, uint64_t slice_ns)
{
    attributes->size = sizeof *attributes;
    attributes->slice_ns = slice_ns;
    return syscall(SYS_sched_setattr, tid, attributes, 0) == 0;
}

// What a thread has that never asked for anything else: ours, before we ask. 0 on kernels that have
// no such thing.
static uint64_t usual_slice_ns;

void hurry_self(void)
{
    struct attributes attributes;
    if (!get_attributes(0, &attributes))
        return;
    usual_slice_ns = attributes.slice_ns;
    const struct sched_param first = {.sched_priority = 1};
    if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first) < 0)
        set_slice(0, &attributes, SLICE_NS);
}

void hurry_stand_back(void)
{
    static bool done;
    if (!done)
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + READER_NICE);
    done = true;
}

void hurry_thread(pid_t tid, struct hurry *saved)
{
    struct attributes attributes;
    *saved = (struct hurry){0};
    if (usual_slice_ns <= SLICE_NS || !get_attributes(tid, &attributes) ||
        attributes.slice_ns <= SLICE_NS)
        return;
    saved->slice_ns = attributes.slice_ns == usual_slice_ns ? 0 : attributes.slice_ns;
    saved->changed = set_slice(tid, &attributes, SLICE_NS);
}

void hurry_restore(pid_t tid, struct hurry *saved)
{
    struct attributes attributes;
    if (saved->changed && get_attributes(tid, &attributes))
        set_slice(tid, &attributes, saved->slice_ns);
    saved->changed = false;
}
