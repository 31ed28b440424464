// Waiting for a safepoint, from outside: the hooks of a capture.
//
// At a safepoint all counts are right and all references can be seen. The process is at one when
// nobody holds the GIL, or when its holder has parked: it has seen EVAL_BREAK_PARK at its next
// check and sits in a futex wait of at most 50 ms, prolonged by each re-arm (control.h). An
// inspector that dies leaves a process that goes on by itself.
//
// The hooks run in the keeper, a copy of this process; the context and the control page are shared
// with it. None of them waits.
#include "inspector/target/ownvm/ownvm.h"

#include "tracer/abi/control.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_parked(const struct vm_park *park)
{
    return park->page &&
           __atomic_load_n(&park->page->park.acknowledged, __ATOMIC_ACQUIRE) == park->ticket;
}

static bool at_safepoint(void *context, const struct capture_view *view)
{
    const struct vm_park *park = context;
    uint32_t locked = 1;
    struct error *err = mem_read_u32(view->mem, remote_at(park->gil_locked), &locked);
    if (err) {
        error_destroy(err);
        return false;
    }
    return locked == 0 || is_parked(park);
}

// Another inspector's ticket is left alone: it takes milliseconds, and ours comes next.
static void ask(const struct vm_park *park)
{
    uint32_t nobody = 0;
    if (!park->page)
        return;
    __atomic_compare_exchange_n(&park->page->park.request, &nobody, park->ticket, false,
                                __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    __atomic_fetch_or(&park->page->eval_breaker, EVAL_BREAK_PARK, __ATOMIC_ACQ_REL);
}

static void request(void *context, const struct capture_view *view)
{
    (void)view;
    ask(context);
}

static bool parked(void *context)
{
    const struct vm_park *park = context;
    if (!is_parked(park)) {
        ask(park); // it may have parked, waited in vain, and gone on
        return false;
    }
    __atomic_add_fetch(&park->page->park.rearm, 1, __ATOMIC_RELEASE);
    return true;
}

static void freeze(void *context, const struct capture_view *view)
{
    struct vm_park *park = context;
    (void)view;
    if (!park->page)
        return;
    park->classes = __atomic_load_n(&park->page->classes, __ATOMIC_ACQUIRE);
    park->epoch = __atomic_add_fetch(&park->page->epoch, 1, __ATOMIC_ACQ_REL);
}

static void withdraw(void *context)
{
    const struct vm_park *park = context;
    if (!park->page)
        return;
    uint32_t mine = park->ticket;
    if (!__atomic_compare_exchange_n(&park->page->park.request, &mine, 0, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED))
        return;
    __atomic_fetch_and(&park->page->eval_breaker, ~(uint32_t)EVAL_BREAK_PARK, __ATOMIC_ACQ_REL);
    syscall(SYS_futex, &park->page->park.request, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

const struct capture_safepoint vm_safepoint = {
    .ready = at_safepoint,
    .at_safepoint = at_safepoint,
    .request = request,
    .parked = parked,
    .freeze = freeze,
    .withdraw = withdraw,
};
