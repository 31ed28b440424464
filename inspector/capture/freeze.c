#include "inspector/capture/freeze.h"

#include "inspector/base/clock.h"
#include "inspector/proc/process.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    PARKED_POLL_US = 100,
    RETRY_MS = 1,    // between two tries when there is nothing to ask the target for
    LOOK_US = 100,   // between two looks whether it is worth trying
    BUSY_TRIES = 40, // refused in a row without anybody to blame
    BLOCKED_MS = 2,  // without parking: it may have gone to sleep, which is a good moment too
};

void freeze_init(struct freeze *freeze, pid_t pid, const struct capture_options *options)
{
    *freeze = (struct freeze){.pid = pid, .options = options, .mem_fd = -1, .at_safepoint = true};
    stop_init(&freeze->stop, pid);
    maps_init(&freeze->maps);
    copy_init(&freeze->copy);
}

void freeze_deinit(struct freeze *freeze)
{
    stop_deinit(&freeze->stop);
    maps_deinit(&freeze->maps);
    copy_deinit(&freeze->copy);
    mem_source_destroy(freeze->mem);
    capture_thread_vec_deinit(&freeze->threads);
    if (freeze->mem_fd >= 0)
        close(freeze->mem_fd);
}

static struct error *open_mem(pid_t pid, const char *verb, int *ret)
{
    int fd = process_open_mem(pid, O_RDWR);
    if (fd < 0)
        return process_refused(pid, -fd, verb);
    *ret = fd;
    return NULL;
}

static struct error *freeze_prepare(struct freeze *freeze)
{
    TRY(open_mem(freeze->pid, freeze->options->verb, &freeze->mem_fd));
    TRY(mem_live_create(freeze->pid, &freeze->mem));
    return maps_read(&freeze->maps, freeze->pid);
}

static struct error *freeze_read_maps(struct freeze *freeze)
{
    maps_deinit(&freeze->maps);
    maps_init(&freeze->maps);
    return maps_read(&freeze->maps, freeze->pid);
}

// ---- safepoints ----

// The threads as the caller of the capture will see them. Names come later, when nothing waits.
static struct error *freeze_note_threads(struct freeze *freeze)
{
    freeze->threads.count = 0;
    for (size_t i = 0; i < freeze->stop.threads.count; i++) {
        const struct stop_thread *from = &freeze->stop.threads.items[i];
        TRY(capture_thread_vec_push(&freeze->threads, (struct capture_thread){
                                                          .tid = from->tid,
                                                          .has_registers = from->has_registers,
                                                          .registers = from->registers,
                                                      }));
    }
    return NULL;
}

static struct capture_view freeze_view(const struct freeze *freeze)
{
    return (struct capture_view){
        .pid = freeze->pid,
        .mem = freeze->mem,
        .maps = &freeze->maps,
        .threads = freeze->threads.items,
        .thread_count = freeze->threads.count,
        .mem_fd = freeze->mem_fd,
    };
}

static uint64_t freeze_wait_ns(const struct freeze *freeze)
{
    return freeze->options->wait_ns ? freeze->options->wait_ns
                                    : CAPTURE_WAIT_DEFAULT_MS * CLOCK_NS_PER_MS;
}

// Whether the running target seems to be at a safepoint. It is known only after a stop; but most
// stops in vain are spared by this.
static bool freeze_seems_ready(const struct freeze *freeze)
{
    const struct capture_safepoint *hooks = freeze->options->safepoint;
    const struct capture_view view = freeze_view(freeze);
    return !hooks || !hooks->ready || hooks->ready(freeze->options->context, &view);
}

// Nothing can be asked of the target, but it can be looked at without being stopped. A stop for
// each look would be a long pause in small pieces.
static void freeze_look(struct freeze *freeze, uint64_t deadline_ns)
{
    const uint64_t again_ns = clock_now_ns() + RETRY_MS * CLOCK_NS_PER_MS;
    while ((clock_now_ns() < again_ns || !freeze_seems_ready(freeze)) &&
           clock_now_ns() < deadline_ns && !freeze->cancelled(freeze->context)) {
        stop_attend(&freeze->stop);
        clock_sleep_ns(LOOK_US * 1000);
    }
}

// Lets the target run until it says that it has parked, or for a moment if it cannot be asked.
static void freeze_let_run(struct freeze *freeze, uint64_t deadline_ns)
{
    const struct capture_safepoint *hooks = freeze->options->safepoint;
    freeze->parked_ns = 0;
    stop_resume(&freeze->stop);
    if (!hooks->parked) {
        freeze_look(freeze, deadline_ns);
        return;
    }
    const uint64_t begin_ns = clock_now_ns();
    while (!hooks->parked(freeze->options->context)) {
        const uint64_t now_ns = clock_now_ns();
        if (now_ns >= deadline_ns || freeze->cancelled(freeze->context) ||
            (hooks->ready && now_ns - begin_ns > BLOCKED_MS * CLOCK_NS_PER_MS &&
             freeze_seems_ready(freeze)))
            return;
        stop_attend(&freeze->stop);
        clock_sleep_ns(PARKED_POLL_US * 1000);
    }
    freeze->parked_ns = clock_now_ns();
}

// Asks the target to come to a safepoint. It may be running or stopped.
static void freeze_request(struct freeze *freeze)
{
    const struct capture_safepoint *hooks = freeze->options->safepoint;
    const struct capture_view view = freeze_view(freeze);
    if (!hooks->request)
        return;
    freeze->requested = true;
    hooks->request(freeze->options->context, &view);
}

// Another brille may have the target, or some threads of it, for the length of its own stop: then
// it is tried again, for as long as a safepoint is waited for. Who had it may be gone when we look.
static struct error *freeze_stop_all(struct freeze *freeze)
{
    const uint64_t begin_ns = clock_now_ns();
    // Tries and not time: on a busy machine each look may come late.
    for (unsigned unseen = 0;;) {
        struct error *err = stop_all(&freeze->stop, freeze->options->verb);
        if (!err || (err->code != ERROR_BUSY && err->code != ERROR_PERMISSION))
            return err;
        unseen = process_is_captured(freeze->pid) ? 0 : unseen + 1;
        if (unseen > BUSY_TRIES || clock_now_ns() - begin_ns > freeze_wait_ns(freeze) ||
            freeze->cancelled(freeze->context))
            return err;
        error_destroy(err);
        // Not both at the same time again.
        clock_sleep_ns((RETRY_MS + (uint64_t)getpid() % 4) * CLOCK_NS_PER_MS);
    }
}

// Stops the target, and says whether it is at a safepoint. One that has parked stands still since
// then, which counts.
static struct error *freeze_stop(struct freeze *freeze)
{
    const struct capture_safepoint *hooks = freeze->options->safepoint;
    TRY(freeze_stop_all(freeze));
    if (freeze->parked_ns && freeze->parked_ns < freeze->stop.begin_ns)
        freeze->stop.begin_ns = freeze->parked_ns;
    freeze->parked_ns = 0;
    TRY(freeze_note_threads(freeze));
    const struct capture_view view = freeze_view(freeze);
    freeze->at_safepoint =
        !hooks || !hooks->at_safepoint || hooks->at_safepoint(freeze->options->context, &view);
    return freeze->cancelled(freeze->context)
               ? error_create(ERROR_INTERRUPTED, "the capture was given up")
               : NULL;
}

// Stops the target at a safepoint, or where it is when the time is over.
static struct error *freeze_reach(struct freeze *freeze)
{
    const struct capture_safepoint *hooks = freeze->options->safepoint;
    const uint64_t deadline_ns = clock_now_ns() + freeze_wait_ns(freeze);
    if (!freeze_seems_ready(freeze)) {
        freeze_request(freeze);
        freeze_let_run(freeze, deadline_ns);
    }
    for (;;) {
        TRY(freeze_stop(freeze));
        if (freeze->at_safepoint || clock_now_ns() >= deadline_ns)
            break;
        freeze_request(freeze);
        freeze_let_run(freeze, deadline_ns);
    }
    const struct capture_view view = freeze_view(freeze);
    freeze->taken_unix_ns = clock_unix_ns();
    if (hooks && hooks->freeze)
        hooks->freeze(freeze->options->context, &view);
    return NULL;
}

// ---- the image ----

static struct error *freeze_image(struct freeze *freeze)
{
    if (freeze->method == CAPTURE_COPY) {
        TRY(freeze_read_maps(freeze));
        return copy_run(&freeze->copy, freeze->pid, freeze->mem_fd, &freeze->maps,
                        freeze->cancelled, freeze->context);
    }
    struct inject_target target = {
        .stop = &freeze->stop,
        .maps = &freeze->maps,
        .mem_fd = freeze->mem_fd,
        .sites = freeze->sites,
    };
    return inject_clone(&target, freeze->child_known, freeze->context, &freeze->child);
}

// One whole stop. Whatever happens, the target runs afterwards. A parked thread is woken while it
// is still held, so that it goes on as soon as it is let go.
static struct error *freeze_once(struct freeze *freeze)
{
    struct error *err = freeze_reach(freeze);
    if (!err)
        err = freeze_image(freeze);
    if (freeze->requested && freeze->options->safepoint->withdraw)
        freeze->options->safepoint->withdraw(freeze->options->context);
    freeze->requested = false;
    stop_detach(&freeze->stop);
    if (!err && freeze->method == CAPTURE_CLONE)
        err = inject_bind(&freeze->sites, &freeze->child);
    return err;
}

static bool refusal_allows_copy(const struct error *err)
{
    return err->code == ERROR_UNSUPPORTED || err->code == ERROR_FAULT || err->errnum == EAGAIN ||
           err->errnum == ENOMEM || err->errnum == EPERM || err->errnum == ENOSYS;
}

static struct error *freeze_clone(struct freeze *freeze)
{
    freeze->method = CAPTURE_CLONE;
    TRY(inject_find_sites(&freeze->maps, freeze->mem_fd, &freeze->sites));
    return freeze_once(freeze);
}

static struct error *freeze_copy(struct freeze *freeze)
{
    freeze->method = CAPTURE_COPY;
    TRY(copy_prepare(&freeze->copy, freeze->pid, &freeze->maps));
    return freeze_once(freeze);
}

static void freeze_read_names(struct freeze *freeze)
{
    for (size_t i = 0; i < freeze->threads.count; i++) {
        struct capture_thread *thread = &freeze->threads.items[i];
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/task/%d/comm", (int)freeze->pid, (int)thread->tid);
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = fd < 0 ? 0 : read(fd, thread->name, sizeof thread->name - 1);
        if (length > 0 && thread->name[length - 1] == '\n')
            thread->name[length - 1] = 0;
    }
}

struct error *freeze_run(struct freeze *freeze)
{
    TRY(freeze_prepare(freeze));
    struct error *err = freeze->options->no_fork ? freeze_copy(freeze) : freeze_clone(freeze);
    if (err && freeze->method == CAPTURE_CLONE && refusal_allows_copy(err)) {
        snprintf(freeze->fallback_why, sizeof freeze->fallback_why, "%s", err->message);
        error_destroy(err);
        err = freeze_copy(freeze);
    }
    if (!err)
        freeze_read_names(freeze);
    return err;
}

// ---- collecting ----

struct error *freeze_collect(struct stop *stop, pid_t inner, const char *verb, bool *collected)
{
    _cleanup_close_ int mem_fd = -1;
    struct inject_target target = {.stop = stop};
    struct maps maps;
    maps_init(&maps);
    stop_settle(stop);
    struct error *err = open_mem(stop->pid, verb, &mem_fd);
    if (!err)
        err = maps_read(&maps, stop->pid);
    if (!err)
        err = inject_find_sites(&maps, mem_fd, &target.sites);
    if (!err)
        err = stop_one(stop, verb);
    if (!err) {
        target.maps = &maps;
        target.mem_fd = mem_fd;
        err = inject_wait4(&target, inner, collected);
        stop_detach(stop);
    }
    maps_deinit(&maps);
    return err;
}
