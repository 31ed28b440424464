/* The control page, from the side of the process it belongs to.
 *
 * trace_init() maps a sealed memfd over `trace_control`, a page of our own .bss, so every access
 * stays a plain load or store. Whatever an inspector writes there is a wish: it is copied, cut down
 * to what is known, honoured at a safepoint under the GIL, and answered in `ack` with the exact
 * position. Nothing in the page can make this code read or write outside its own memory.
 *
 * Two rings at most are known: our own (flight recorder) and one handed over by a reader. The
 * handed one takes precedence; when it is given back the flight recorder resumes.
 *
 * A forked child maps a fresh page over the same address and forgets the rings; this happens in a
 * pthread_atfork handler, so a child never runs Python code with its parent's page.
 */
#include "tracer/emit/internal.h"

#include "tracer/abi/process_id.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct trace_control trace_control;
struct control_filter trace_filter;

static int control_fd = -1;
static int control_pid; /* whose page is mapped; differs in a fresh child */
static struct ring_use own_ring, handed_ring;
static bool resync_on_gap;

void futex_wake_all(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void futex_wait_ms(uint32_t *word, uint32_t expected, unsigned milliseconds)
{
    struct timespec timeout = {.tv_sec = milliseconds / 1000,
                               .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, NULL, 0);
}

/* ---- the page ------------------------------------------------------------------------------ */

static void control_fill(struct trace_control *control)
{
    struct ring_clock_pair pair = clock_pair();
    control->magic = CONTROL_MAGIC;
    control->abi_major = CONTROL_ABI_MAJOR;
    control->abi_minor = CONTROL_ABI_MINOR;
    control->control_bytes = sizeof(*control);
    control->schema_hash = trace_schema_hash();
    control->pid = (uint64_t)getpid();
    control->starttime = process_starttime(0);
    control->clock = clock_kind();
    control->clock_ticks = pair.ticks;
    control->clock_ns = pair.ns;
    if (control->epoch == 0)
        control->epoch = 1;
    shared_store(&control->ready, CONTROL_READY);
}

static bool control_map(int fd)
{
    void *page =
        mmap(&trace_control, CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    return page == &trace_control;
}

/* A fresh memfd with the bytes `initial`, sealed to its length. It is moved to a high number, out
 * of the way of programs that count on the low ones. Returns -1 on failure. */
static int control_make_fd(const struct trace_control *initial)
{
    int fd = memfd_create(CONTROL_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 900);
    if (high >= 0) {
        close(fd);
        fd = high;
    }
    if (write(fd, initial, CONTROL_BYTES) != CONTROL_BYTES ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool control_create(const struct trace_control *initial)
{
    int fd = control_make_fd(initial);
    if (fd < 0)
        return false;
    if (!control_map(fd)) {
        close(fd);
        return false;
    }
    control_fd = fd;
    control_pid = getpid();
    control_fill(&trace_control);
    return true;
}

/* ---- the filter --------------------------------------------------------------------------------
 */

/* `wanted` lies in the page: copied once, then judged. NULL: none. */
static void take_filter(const struct control_filter *wanted)
{
    struct control_filter filter = {0};
    if (wanted)
        memcpy(&filter, wanted, sizeof(filter));
    filter.kinds &= CONTROL_FILTER_KNOWN;
    filter.type[sizeof(filter.type) - 1] = 0;
    filter.file[sizeof(filter.file) - 1] = 0;
    if (filter.sample_bytes == 0)
        filter.kinds &= ~(uint32_t)CONTROL_FILTER_SAMPLE;
    trace_filter = filter;
}

static void tell_filter(void)
{
    if (trace_filter.kinds)
        rare_meta(TRACE_META_FILTER, trace_filter.kinds, trace_filter.object,
                  trace_filter.sample_bytes);
}

/* ---- rings prepared by `brille run` ---------------------------------------------------------- */

static bool fd_is_sealed_page(int fd)
{
    struct stat about;
    int seals = fcntl(fd, F_GET_SEALS);
    return fstat(fd, &about) == 0 && about.st_size == CONTROL_BYTES && seals >= 0 &&
           (seals & F_SEAL_SHRINK);
}

/* Takes over the page and the ring that our parent made. False: nothing was handed over. */
static bool control_take_over(void)
{
    const char *text = getenv(TRACE_HANDOVER_ENV);
    int page_fd, ring_fd;
    unsigned classes, policy;
    if (!text)
        return false;
    int fields = sscanf(text, "%d,%d,%u,%u", &page_fd, &ring_fd, &classes, &policy);
    unsetenv(TRACE_HANDOVER_ENV);
    if (fields != 4 || !fd_is_sealed_page(page_fd))
        return false;
    fcntl(page_fd, F_SETFD, FD_CLOEXEC);
    if (!control_map(page_fd))
        return false;
    control_fd = page_fd;
    control_pid = getpid();
    control_fill(&trace_control);
    enum control_ack_status status;
    uint32_t detail;
    if (ring_map_fd(&handed_ring, ring_fd, true, &status, &detail)) {
        if (policy < TRACE_POLICY_OVERWRITE || policy > TRACE_POLICY_BLOCK)
            policy = TRACE_POLICY_BLOCK;
        stream_begin(&handed_ring, (enum trace_policy)policy, TRACE_ORIGIN_BIRTH);
        trace_control.classes = classes & TRACE_CLASS_KNOWN;
        ring_in_use->state->classes = trace_control.classes;
        take_filter(&trace_control.filter);
        rare_meta(TRACE_META_START, 0, trace_control.classes, TRACE_ORIGIN_BIRTH);
        tell_filter();
        rare_thread_markers(current_tid);
    } else {
        dprintf(2, "brille: the event ring handed over cannot be used (reason %d), not tracing\n",
                (int)status);
    }
    close(ring_fd);
    return true;
}

bool trace_init(void)
{
    if (control_pid == getpid())
        return true;
    clock_init();
    current_tid = (uint32_t)syscall(SYS_gettid);
    pthread_atfork(NULL, NULL, trace_after_fork_child);
    return control_take_over() || control_create(&trace_control);
}

void trace_after_fork_child(void)
{
    if (control_pid == 0 || control_pid == getpid())
        return;
    /* Only the words that belong to the interpreter survive; reader, request and park were meant
     * for the parent. Bits that the parent's inspector set are dropped with them. */
    struct trace_control fresh = {.epoch = trace_control.epoch};
    fresh.eval_breaker = trace_control.eval_breaker & (EVAL_BREAK_GIL_DROP | EVAL_BREAK_GC |
                                                       EVAL_BREAK_SIGNAL | EVAL_BREAK_ASYNC);
    stream_reset_private();
    waits_after_fork();
    ring_release(&own_ring, false); /* the file is the parent's */
    ring_release(&handed_ring, false);
    resync_on_gap = false;
    take_filter(NULL);
    current_tid = (uint32_t)syscall(SYS_gettid);
    close(control_fd);
    control_fd = -1;
    if (!control_create(&fresh)) {
        /* No page of our own: a private one, so that the parent's is left alone. */
        void *page = mmap(&trace_control, CONTROL_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (page == &trace_control)
            trace_control = fresh;
        control_pid = getpid();
    }
}

/* ---- rings in and out of use ------------------------------------------------------------------
 */

static void leave_ring(void)
{
    struct ring_use *leaving = ring_in_use;
    if (!leaving)
        return;
    stream_end();
    bool free_to_go = waits_end();
    if (leaving == &handed_ring) {
        if (!free_to_go)
            handed_ring.map = NULL; /* a waiter is inside: the map stays for good */
        ring_release(&handed_ring, false);
    }
}

bool trace_start(uint32_t classes, enum trace_policy policy, const struct trace_sizes *sizes,
                 char *message, size_t message_bytes)
{
    struct trace_sizes chosen = sizes ? *sizes : trace_default_sizes();
    message[0] = 0;
    if (ring_in_use) /* `brille run` was first: its ring takes the events */
        return true;
    if (own_ring.map)
        ring_release(&own_ring, true);
    if (!ring_create_own(&own_ring, &chosen, message, message_bytes))
        return false;
    own_ring.classes = classes & TRACE_CLASS_KNOWN;
    stream_begin(&own_ring, policy, TRACE_ORIGIN_BIRTH);
    own_ring.state->classes = own_ring.classes;
    trace_control.classes = own_ring.classes;
    rare_meta(TRACE_META_START, 0, own_ring.classes, TRACE_ORIGIN_BIRTH);
    rare_thread_markers(current_tid);
    return true;
}

void trace_stop(void)
{
    if (control_pid != getpid())
        return;
    leave_ring();
    shared_store(&trace_control.classes, 0);
    if (own_ring.map)
        ring_release(&own_ring, true);
}

/* The flight recorder goes on after a reader has left. What happened meanwhile is a gap in it. */
static void resume_own_ring(struct trace_change *change)
{
    if (!own_ring.map)
        return;
    definitions_restart(&own_ring);
    stream_begin(&own_ring, TRACE_POLICY_OVERWRITE, TRACE_ORIGIN_ATTACH);
    change->new_ring = true;
    change->want_stacks = true;
}

/* ---- requests -------------------------------------------------------------------------------- */

static void set_classes(uint32_t classes, uint32_t request_seq)
{
    uint32_t old = trace_control.classes;
    rare_meta(TRACE_META_CLASSES, old, classes, request_seq);
    shared_store(&trace_control.classes, classes);
    if (ring_in_use)
        ring_in_use->state->classes = classes;
}

static void acknowledge(const struct control_request *request, enum control_ack_status status,
                        uint32_t detail, const uint64_t position[TRACE_STREAM_COUNT])
{
    struct control_ack *ack = &trace_control.ack;
    ack->status = status;
    ack->detail = detail;
    ack->classes = trace_control.classes;
    ack->policy = trace_control.ring_policy;
    memcpy(ack->position, position, sizeof(ack->position));
    shared_store(&ack->seq, request->seq);
    futex_wake_all(&ack->seq);
}

/* Replaces the ring in use. False: the old one stays. */
static bool take_handed_ring(const struct control_request *request, enum trace_policy policy,
                             enum control_ack_status *status, uint32_t *detail)
{
    struct ring_use next;
    if (!ring_open_handed(&next, request, status, detail))
        return false;
    leave_ring();
    handed_ring = next;
    stream_begin(&handed_ring, policy, TRACE_ORIGIN_ATTACH);
    return true;
}

static void honour_stop(const struct control_request *request, struct trace_change *change)
{
    bool was_handed = ring_in_use == &handed_ring;
    uint32_t classes = own_ring.map ? own_ring.classes : 0;
    resync_on_gap = false;
    change->new_filter = trace_filter.kinds != 0;
    take_filter(NULL);
    if (!was_handed) {
        if (ring_in_use)
            stream_set_policy(TRACE_POLICY_OVERWRITE, TRACE_CAUSE_REQUEST);
        set_classes(classes, request->seq);
        return;
    }
    set_classes(0, request->seq);
    leave_ring();
    resume_own_ring(change);
    if (ring_in_use)
        set_classes(classes, request->seq);
}

static void honour_start(const struct control_request *request, struct trace_change *change,
                         enum control_ack_status *status, uint32_t *detail)
{
    uint32_t classes = request->classes & TRACE_CLASS_KNOWN;
    bool valid = request->policy >= TRACE_POLICY_OVERWRITE && request->policy <= TRACE_POLICY_BLOCK;
    enum trace_policy policy = valid ? (enum trace_policy)request->policy : TRACE_POLICY_DROP;
    if (request->flags & (CONTROL_RING_FD | CONTROL_RING_NAMED)) {
        if (!take_handed_ring(request, policy, status, detail))
            return;
        change->new_ring = true;
        rare_meta(TRACE_META_START, trace_control.classes, classes, TRACE_ORIGIN_ATTACH);
    } else if (!ring_in_use) {
        *status = classes ? CONTROL_ACK_NO_RING : CONTROL_ACK_OK;
        return;
    } else if (valid) {
        stream_set_policy(policy, TRACE_CAUSE_REQUEST);
    }
    resync_on_gap = request->flags & CONTROL_RESYNC;
    if ((request->flags & CONTROL_FILTER) || change->new_ring) {
        change->new_filter = true;
        take_filter(request->flags & CONTROL_FILTER ? &trace_control.filter : NULL);
        tell_filter();
    }
    set_classes(classes, request->seq);
    rare_thread_markers(current_tid);
    change->want_baseline |= (request->flags & CONTROL_WANT_BASELINE) != 0;
    change->want_stacks |= (request->flags & (CONTROL_WANT_STACKS | CONTROL_WANT_BASELINE)) != 0;
}

void trace_poll_request(struct trace_change *change)
{
    struct control_request request;
    *change = (struct trace_change){.old_classes = trace_control.classes,
                                    .new_classes = trace_control.classes};
    shared_clear(&trace_control.eval_breaker, EVAL_BREAK_TRACE);
    if (ring_in_use && stream_take_gap()) {
        change->want_stacks = true;
        change->want_baseline = resync_on_gap;
    }
    uint32_t seq = shared_load(&trace_control.request.seq);
    if (seq == trace_control.ack.seq)
        return;
    request = trace_control.request;
    if (shared_load(&trace_control.request.seq) != seq)
        return; /* being written right now; the writer sets the bit again */
    request.seq = seq;
    enum control_ack_status status = CONTROL_ACK_OK;
    uint32_t detail = 0;
    current_tid = stream_ask_tid();
    uint64_t position[TRACE_STREAM_COUNT];
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        position[i] = trace_writer_position(&trace_writers[i]);
    if (request.flags & CONTROL_STOP)
        honour_stop(&request, change);
    else
        honour_start(&request, change, &status, &detail);
    change->changed = status == CONTROL_ACK_OK;
    change->new_classes = trace_control.classes;
    acknowledge(&request, status, detail, position);
}

/* ---- parking --------------------------------------------------------------------------------- */

void trace_park(void)
{
    struct control_park *park = &trace_control.park;
    shared_clear(&trace_control.eval_breaker, EVAL_BREAK_PARK);
    uint32_t ticket = shared_load(&park->request);
    if (ticket == 0)
        return;
    uint64_t since = clock_monotonic_ns();
    uint32_t rearm = shared_load(&park->rearm);
    shared_store(&park->acknowledged, ticket);
    futex_wake_all(&park->acknowledged);
    while (shared_load(&park->request) == ticket) {
        uint64_t now = clock_monotonic_ns();
        uint32_t again = shared_load(&park->rearm);
        if (again != rearm) {
            rearm = again;
            since = now;
        }
        uint64_t waited_ms = (now - since) / 1000000;
        if (waited_ms >= CONTROL_PARK_MS)
            break;
        futex_wait_ms(&park->request, ticket, (unsigned)(CONTROL_PARK_MS - waited_ms));
    }
    park->parked_total++;
    shared_store(&park->acknowledged, 0);
    futex_wake_all(&park->acknowledged);
}
