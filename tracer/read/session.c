/* See session.h. A word on what can go wrong between two processes, and who then is left with what:
 *
 *   we die       the slot names a dead process; the target, if it blocks, drops after a second, and
 * keeps our ring mapped until the next reader asks it dies      the ring is ours and complete up to
 * its last store; a pump with the open sub-buffers reads it to the end it forks     the child has a
 * page of its own and no ring it says no   (other user, other mount namespace) a ring with a name,
 * owned by its user, is tried
 */
#include "tracer/read/session.h"

#include "tracer/abi/process_id.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

enum {
    FIRST_ANSWER_MS = 2000,
    STOP_ANSWER_MS = 500,
    IDLE_US = 500,
    WAITS_EVERY = 16,       /* pumps, while nobody asked for GIL events */
    PUMP_SUBBUFFERS = 4096, /* of HOT in one pump; the rarer ones are always read to their end */
    FLUSH_MS = 1000,
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t now_ms(void)
{
    return now_ns() / 1000000;
}

static void post(struct trace_session *session)
{
    session->asked_ns = now_ns();
    control_link_ask(&session->link, &session->request);
}

/* ---- making rings ---------------------------------------------------------------------------- */

static void apply_defaults(struct trace_options *options)
{
    if (options->policy == 0)
        options->policy = TRACE_POLICY_BLOCK;
    if (options->sizes.hot_bytes == 0) {
        options->sizes = ring_reader_sizes();
        /* A writer that waits for us loses nothing in a small ring, and pays for mapping in each
         * page of a large one, and for fetching it into its caches in each lap. One that drops
         * needs the room while we do not run. */
        if (options->policy != TRACE_POLICY_BLOCK) {
            options->sizes.hot_bytes *= 16;
            options->sizes.cold_bytes *= 8;
        }
    }
    if (options->wait_ms == 0)
        options->wait_ms = FIRST_ANSWER_MS;
}

static enum read_status make_memfd_ring(struct trace_session *session, struct read_error *error)
{
    int fd = memfd_create("brille-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return read_fail(error, READ_IO, "cannot create an event ring: %s", strerror(errno));
    enum read_status status = ring_create(fd, &session->options.sizes, error);
    if (status == READ_OK && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        status = read_fail(error, READ_IO, "cannot seal an event ring: %s", strerror(errno));
    if (status == READ_OK)
        status = ring_view_init(&session->ring, fd, error);
    if (status != READ_OK)
        close(fd);
    else
        session->ring_fd = fd;
    return status;
}

/* A ring that the target opens by name, seen through its own root directory. */
static enum read_status make_named_ring(struct trace_session *session, struct read_error *error)
{
    struct stat target;
    const struct trace_control *page = session->link.page;
    snprintf(session->named_ring, sizeof(session->named_ring),
             "/proc/%d/root/dev/shm/brille-%llu-%llu.ring%d", session->link.pid,
             (unsigned long long)page->pid, (unsigned long long)page->starttime, getpid());
    int fd = open(session->named_ring, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        session->named_ring[0] = 0;
        return read_fail(error, READ_DENIED, "process %d can open no ring of ours: %s",
                         session->link.pid, strerror(errno));
    }
    enum read_status status = ring_create(fd, &session->options.sizes, error);
    if (status == READ_OK && (fstat(session->link.fd, &target) != 0 ||
                              (target.st_uid != geteuid() && fchown(fd, target.st_uid, -1) != 0)))
        status = read_fail(error, READ_DENIED, "cannot give process %d a ring: %s",
                           session->link.pid, strerror(errno));
    if (status == READ_OK)
        status = ring_view_init(&session->ring, fd, error);
    if (status != READ_OK) {
        close(fd);
        unlink(session->named_ring);
        session->named_ring[0] = 0;
    }
    return status;
}

/* ---- beginning ------------------------------------------------------------------------------- */

static void reset_tails(struct trace_session *session)
{
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        __atomic_store_n(&session->link.page->reader.tail[i], 0, __ATOMIC_RELEASE);
}

static enum read_status ask_for_ring(struct trace_session *session, struct read_error *error)
{
    const struct trace_options *options = &session->options;
    bool named = session->named_ring[0] != 0;
    session->request = (struct control_request){
        .classes = options->classes,
        .policy = options->policy,
        .flags = (named ? CONTROL_RING_NAMED : CONTROL_RING_FD) |
                 (options->no_baseline ? CONTROL_WANT_STACKS : CONTROL_WANT_BASELINE) |
                 (options->resync ? CONTROL_RESYNC : 0) |
                 (options->filter.kinds ? CONTROL_FILTER : 0) | CONTROL_NO_DRAIN,
        .ring_pid = getpid(),
        .ring_fd = named ? getpid() : session->ring.fd,
    };
    reset_tails(session);
    session->link.filter = options->filter;
    post(session);
    return control_link_wait(&session->link, &session->request, options->wait_ms, &session->ack,
                             error);
}

static void free_session(struct trace_session *session)
{
    ring_view_deinit(&session->ring);
    if (session->named_ring[0])
        unlink(session->named_ring);
    session->named_ring[0] = 0;
    control_link_close(&session->link);
}

enum read_status trace_session_attach(struct trace_session *session, int pid,
                                      const struct trace_options *options, struct read_error *error)
{
    *session = (struct trace_session){
        .options = *options, .ring = {.fd = -1}, .control_fd = -1, .ring_fd = -1};
    apply_defaults(&session->options);
    enum read_status status = control_link_open(&session->link, pid, error);
    if (status != READ_OK)
        return status;
    status = control_link_claim(&session->link, error);
    if (status == READ_OK)
        status = make_memfd_ring(session, error);
    if (status == READ_OK) {
        status = ask_for_ring(session, error);
        if (status == READ_REFUSED && session->ack.status == CONTROL_ACK_NO_OPEN) {
            ring_view_deinit(&session->ring);
            session->ring_fd = -1;
            status = make_named_ring(session, error);
            if (status == READ_OK)
                status = ask_for_ring(session, error);
        }
    }
    session->acknowledged = status == READ_OK;
    if (status != READ_OK && status != READ_TIMEOUT)
        free_session(session);
    return status;
}

/* ---- brille run --------------------------------------------------------------------------------
 */

enum read_status trace_session_prepare(struct trace_session *session,
                                       const struct trace_options *options,
                                       struct read_error *error)
{
    struct trace_control blank = {.epoch = 1, .filter = options->filter};
    *session = (struct trace_session){
        .options = *options, .ring = {.fd = -1}, .ring_fd = -1, .prepared = true};
    apply_defaults(&session->options);
    int fd = memfd_create(CONTROL_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || write(fd, &blank, sizeof(blank)) != (ssize_t)sizeof(blank) ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        if (fd >= 0)
            close(fd);
        return read_fail(error, READ_IO, "cannot create a control page: %s", strerror(errno));
    }
    session->control_fd = fd;
    enum read_status status = control_link_init(&session->link, 0, fd, error);
    if (status != READ_OK) {
        close(fd);
        return status;
    }
    status = control_link_claim(&session->link, error);
    if (status == READ_OK)
        status = make_memfd_ring(session, error);
    if (status != READ_OK)
        free_session(session);
    return status;
}

bool trace_session_child_setup(const struct trace_session *session)
{
    char text[64];
    snprintf(text, sizeof(text), "%d,%d,%u,%u", session->control_fd, session->ring_fd,
             session->options.classes, session->options.policy);
    return fcntl(session->control_fd, F_SETFD, 0) == 0 &&
           fcntl(session->ring_fd, F_SETFD, 0) == 0 && setenv(TRACE_HANDOVER_ENV, text, 1) == 0;
}

void trace_session_adopt(struct trace_session *session, int pid)
{
    session->link.pid = pid;
    session->acknowledged = true;
}

/* ---- pumping -----------------------------------------------------------------------------------
 */

/* Lets the emitter see how far we are, and wakes it if it waits for that. */
static void move_tails(struct trace_session *session)
{
    struct control_reader *reader = &session->link.page->reader;
    for (int i = 0; i < TRACE_STREAM_COUNT; i++)
        __atomic_store_n(&reader->tail[i], session->ring.tail[i], __ATOMIC_RELEASE);
    __atomic_add_fetch(&reader->wake, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&reader->waiting, __ATOMIC_SEQ_CST))
        syscall(SYS_futex, &reader->wake, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static enum read_status pump_streams(struct trace_session *session, bool open_too,
                                     struct chunk_sink *sink, struct read_error *error)
{
    for (unsigned stream = 0; stream < TRACE_STREAM_COUNT; stream++) {
        uint64_t limit = stream == TRACE_HOT ? PUMP_SUBBUFFERS : RING_MAX_SUBBUFFERS;
        enum read_status status = ring_view_drain(&session->ring, stream, limit, open_too, sink,
                                                  &session->delivered, error);
        control_link_beat(&session->link);
        move_tails(session);
        if (status != READ_OK)
            return status;
    }
    return READ_OK;
}

static enum read_status pump_rest(struct trace_session *session, bool waits,
                                  struct chunk_sink *sink, struct read_error *error)
{
    enum read_status status = ring_view_definitions(&session->ring, sink, error);
    if (status == READ_OK && waits)
        status = ring_view_waits(&session->ring, sink, error);
    return status;
}

/* Has the target finished with this ring? Asked before the streams are read, so that "yes" means
 * that what is there now is all. */
static bool target_is_done(struct trace_session *session)
{
    if (session->state.phase == RING_CLOSED) {
        session->end_reason = TRACE_END_EXITED;
        return true;
    }
    if (session->pumps % 8 == 0 && session->link.pid != 0 && !control_link_alive(&session->link)) {
        session->end_reason = TRACE_END_KILLED;
        return true;
    }
    return false;
}

enum read_status trace_session_pump(struct trace_session *session, bool open_too,
                                    struct chunk_sink *sink, struct read_error *error)
{
    if (session->ended)
        return READ_END;
    enum read_status status = ring_view_state(&session->ring, &session->state, error);
    if (status != READ_OK)
        return status;
    bool done = target_is_done(session);
    bool waits =
        done || (session->state.classes & TRACE_CLASS_GIL) || session->pumps % WAITS_EVERY == 0;
    session->pumps++;
    uint64_t before;
    do {
        before = session->delivered;
        status = pump_streams(session, open_too || done, sink, error);
    } while (status == READ_OK && done && session->delivered != before);
    if (status == READ_OK)
        status = pump_rest(session, waits, sink, error);
    if (status == READ_OK && done) {
        session->ended = true;
        status = ring_view_state(&session->ring, &session->state, error);
        if (status == READ_OK && session->end_reason == TRACE_END_KILLED)
            status = ring_view_count_scratch(&session->ring, &session->state, error);
    }
    return status;
}

void trace_session_horizon(const struct trace_session *session, uint64_t complete[2])
{
    const struct ring_view *ring = &session->ring;
    for (int i = 0; i < 2; i++) {
        /* What the writer passed over (dropped) counts as read, once the rest has been. */
        const bool all = ring->tail[i] >= session->state.streams[i].published;
        const uint64_t position = session->state.streams[i].position;
        complete[i] = all && position > ring->end[i] ? position : ring->end[i];
    }
}

enum read_status trace_session_pump_hot_last(struct trace_session *session, struct chunk_sink *sink,
                                             struct read_error *error)
{
    static const unsigned ORDER[] = {TRACE_COLD, TRACE_RARE, TRACE_HOT};
    if (session->ended)
        return READ_END;
    enum read_status status = ring_view_state(&session->ring, &session->state, error);
    const bool done = status == READ_OK && target_is_done(session);
    const uint64_t before = session->delivered;
    const uint64_t hot = ring_view_published(&session->ring, TRACE_HOT);
    session->pumps++;
    for (unsigned i = 0; i < TRACE_STREAM_COUNT && status == READ_OK; i++) {
        const unsigned stream = ORDER[i];
        uint64_t limit = RING_MAX_SUBBUFFERS;
        if (stream == TRACE_HOT)
            limit = hot > session->ring.tail[TRACE_HOT] ? hot - session->ring.tail[TRACE_HOT] : 0;
        status = ring_view_drain(&session->ring, stream, limit, stream != TRACE_HOT, sink,
                                 &session->delivered, error);
        control_link_beat(&session->link);
        move_tails(session);
    }
    session->ended = status == READ_OK && done && session->delivered == before;
    return status;
}

/* Until the request is answered, the target ends or the time is over: pumps if it can. */
static void await_answer(struct trace_session *session, unsigned milliseconds,
                         struct chunk_sink *sink)
{
    uint64_t until = now_ms() + milliseconds;
    while (now_ms() < until && !session->ended &&
           __atomic_load_n(&session->link.page->ack.seq, __ATOMIC_ACQUIRE) !=
               session->request.seq) {
        if (!sink || trace_session_pump(session, false, sink, NULL) != READ_OK)
            control_link_wait(&session->link, &session->request, 20, NULL, NULL);
        else
            usleep(IDLE_US);
    }
}

enum read_status trace_session_set(struct trace_session *session, uint32_t classes,
                                   enum trace_policy policy, uint32_t flags,
                                   struct chunk_sink *sink, struct read_error *error)
{
    session->request = (struct control_request){
        .classes = classes, .policy = policy, .flags = flags | (sink ? 0 : CONTROL_NO_DRAIN)};
    session->acknowledged = false;
    if (policy == TRACE_POLICY_OVERWRITE)
        session->ring.in_place = false;
    post(session);
    await_answer(session, session->options.wait_ms, sink);
    enum read_status status =
        control_link_wait(&session->link, &session->request, 1, &session->ack, error);
    session->acknowledged = status == READ_OK;
    return status;
}

/* ---- recording to a file -----------------------------------------------------------------------
 */

static void beat(void *context)
{
    struct trace_session *session = context;
    control_link_beat(&session->link);
}

/* More than half of any ring full? */
static bool is_behind(const struct trace_session *session)
{
    for (unsigned i = 0; i < TRACE_STREAM_COUNT; i++) {
        uint64_t slots = session->ring.header.streams[i].bytes / RING_SUBBUFFER_BYTES;
        if (ring_view_published(&session->ring, i) > session->ring.tail[i] + slots / 2)
            return true;
    }
    return false;
}

/* Kinds of blocks to be left uncompressed for now. COLD is a quarter with zstd and HOT a half: who
 * is only waited for spends no time on HOT, who might lose events none at all. */
static uint32_t hurry(const struct trace_session *session)
{
    if (!is_behind(session))
        return 0;
    return session->options.policy == TRACE_POLICY_BLOCK ? 1u << TRACE_BLOCK_HOT : ~0u;
}

/* Each part of a recording begins with what is needed to understand it: its own baseline, or the
 * stacks. Nobody waits for the answer. */
static void ask_for_baseline(struct trace_session *session)
{
    const bool objects = session->options.classes & (TRACE_CLASS_ALLOC | TRACE_CLASS_REFCOUNT);
    if (__atomic_load_n(&session->link.page->ack.seq, __ATOMIC_ACQUIRE) != session->request.seq)
        return;
    session->request = (struct control_request){
        .classes = session->options.classes,
        .flags = (objects && !session->options.no_baseline ? CONTROL_WANT_BASELINE
                                                           : CONTROL_WANT_STACKS) |
                 (session->options.resync ? CONTROL_RESYNC : 0)};
    post(session);
}

/* Baselines on the way make the moments behind them cheap to find (file_seek.c). Each stops the
 * target for as long as it takes, so they may take a fiftieth of the time, and none is asked for
 * when little has happened. */
struct baseline_timer {
    uint64_t asked_ms, due_ms;
    uint64_t delivered; /* when the last one was asked for */
    bool waiting;
};

enum { BASELINE_SHARE = 50, BASELINE_EVENT_BYTES = 8 << 20 };

static void tick_baseline(struct trace_session *session, struct baseline_timer *timer, uint64_t now)
{
    const uint64_t every_ms = session->options.baseline_ms;
    if (!every_ms || !(session->options.classes & TRACE_CLASS_ALLOC))
        return;
    if (timer->waiting) {
        if (__atomic_load_n(&session->link.page->ack.seq, __ATOMIC_ACQUIRE) != session->request.seq)
            return;
        const uint64_t rest_ms = (now - timer->asked_ms) * BASELINE_SHARE;
        timer->due_ms = now + (rest_ms > every_ms ? rest_ms : every_ms);
        timer->waiting = false;
    } else if (!timer->due_ms) {
        timer->due_ms = now + every_ms;
    } else if (now >= timer->due_ms &&
               session->delivered - timer->delivered >= BASELINE_EVENT_BYTES) {
        ask_for_baseline(session);
        timer->waiting = true;
        timer->asked_ms = now;
        timer->delivered = session->delivered;
    }
}

static enum read_status record_until(struct trace_session *session, struct trace_parts *parts,
                                     const volatile sig_atomic_t *stop, uint64_t deadline_ms,
                                     struct read_error *error)
{
    uint64_t begun = now_ms(), flushed = begun;
    struct baseline_timer timer = {0};
    enum read_status status = READ_OK;
    while (status == READ_OK && !session->ended && !(stop && *stop) && !trace_parts_full(parts)) {
        uint64_t now = now_ms(), before = session->delivered;
        bool turned = false;
        if (deadline_ms && now - begun >= deadline_ms)
            break;
        status = trace_session_pump(session, false, &parts->sink, error);
        parts->writer.hurry = hurry(session);
        if (status == READ_OK)
            status = trace_parts_turn(parts, now, &turned, error);
        if (turned)
            ask_for_baseline(session);
        else
            tick_baseline(session, &timer, now);
        if (status == READ_OK && now - flushed >= FLUSH_MS && session->delivered != before) {
            status = trace_file_flush(&parts->writer, &session->state, error);
            flushed = now;
        }
        if (session->delivered == before)
            usleep(IDLE_US);
    }
    return status == READ_END ? READ_OK : status;
}

/* A prepared child takes a moment to come up; the file's header wants to name it. */
static enum read_status wait_for_birth(struct trace_session *session,
                                       const volatile sig_atomic_t *stop, struct read_error *error)
{
    for (int i = 0; i < (session->prepared ? 20000 : 1); i++) {
        enum read_status status = ring_view_state(&session->ring, &session->state, error);
        if (status != READ_OK || session->state.phase != RING_UNUSED || (stop && *stop) ||
            !control_link_alive(&session->link))
            return status;
        control_link_beat(&session->link);
        usleep(IDLE_US);
    }
    return READ_OK;
}

static enum trace_end_reason reason_to_end(const struct trace_session *session,
                                           const struct trace_parts *parts)
{
    if (trace_parts_full(parts))
        return TRACE_END_FULL;
    return session->ended ? session->end_reason : TRACE_END_DETACHED;
}

static enum read_status record_into(struct trace_session *session, struct trace_parts *parts,
                                    const volatile sig_atomic_t *stop, uint64_t deadline_ms,
                                    struct read_error *error)
{
    parts->writer.on_block = beat;
    parts->writer.on_block_context = session;
    enum read_status status = record_until(session, parts, stop, deadline_ms, error);
    parts->writer.end.waits_lost = session->ring.waits_lost;
    const enum trace_end_reason reason = reason_to_end(session, parts);
    parts->writer.on_block = NULL;
    trace_session_detach(session,
                         status == READ_OK && !trace_parts_full(parts) ? &parts->sink : NULL);
    if (status != READ_OK) {
        trace_parts_abandon(parts);
        return status;
    }
    return trace_parts_finish(parts, &session->state, reason, error);
}

enum read_status trace_session_record(struct trace_session *session, const char *path,
                                      const volatile sig_atomic_t *stop, uint64_t deadline_ms,
                                      struct read_error *error)
{
    enum read_status status = wait_for_birth(session, stop, error);
    if (session->state.pid == 0) { /* asleep: it has not taken the ring yet */
        session->state.pid = session->link.page->pid;
        session->state.starttime = session->link.page->starttime;
    }
    struct trace_parts *parts = malloc(sizeof(*parts));
    if (status == READ_OK && !parts)
        status = read_fail(error, READ_NO_MEMORY, "no memory to write a trace");
    if (status == READ_OK && session->options.policy != TRACE_POLICY_OVERWRITE)
        ring_view_read_in_place(&session->ring);
    if (status == READ_OK)
        status = trace_parts_create(parts, path, &session->options.bounds, now_ms(),
                                    &session->state, error);
    if (status == READ_OK)
        status = record_into(session, parts, stop, deadline_ms, error);
    else
        trace_session_detach(session, NULL);
    free(parts);
    return status;
}

/* ---- leaving ------------------------------------------------------------------------------------
 */

static void stop_target(struct trace_session *session, struct chunk_sink *sink)
{
    session->request =
        (struct control_request){.flags = CONTROL_STOP | (sink ? 0 : CONTROL_NO_DRAIN)};
    post(session);
    /* It may have a lot to say before it gets there: keep draining. */
    await_answer(session, STOP_ANSWER_MS, sink);
}

void trace_session_detach(struct trace_session *session, struct chunk_sink *sink)
{
    if (!session->link.page)
        return;
    if (!session->ended && session->link.pid != 0 && control_link_alive(&session->link))
        stop_target(session, sink);
    for (int i = 0; sink && !session->ended && i < 1000; i++) {
        uint64_t before = session->delivered;
        if (trace_session_pump(session, true, sink, NULL) != READ_OK ||
            (session->delivered == before && i > 0))
            break;
    }
    if (sink)
        ring_view_waits(&session->ring, sink, NULL);
    struct ring_state last;
    if (!session->ended && ring_view_state(&session->ring, &last, NULL) == READ_OK)
        session->state = last;
    free_session(session);
}

enum read_status trace_recover(const char *ring_path, const char *trace_path,
                               struct read_error *error)
{
    struct ring_view ring;
    struct ring_state state;
    struct trace_file_writer writer;
    enum read_status status = ring_view_open(&ring, ring_path, error);
    if (status != READ_OK)
        return status;
    status = ring_view_state(&ring, &state, error);
    if (status == READ_OK && state.phase == RING_RUNNING)
        status = ring_view_count_scratch(&ring, &state, error);
    if (status == READ_OK)
        status = trace_file_create(&writer, trace_path, &state, error);
    if (status != READ_OK) {
        ring_view_deinit(&ring);
        return status;
    }
    uint64_t delivered = 0;
    status = ring_view_definitions(&ring, &writer.sink, error);
    for (unsigned stream = 0; stream < TRACE_STREAM_COUNT && status == READ_OK; stream++)
        status = ring_view_drain(&ring, stream, RING_MAX_SUBBUFFERS, true, &writer.sink, &delivered,
                                 error);
    if (status == READ_OK)
        status = ring_view_waits(&ring, &writer.sink, error);
    writer.end.waits_lost = ring.waits_lost;
    ring_view_deinit(&ring);
    if (status != READ_OK) {
        trace_file_abandon(&writer);
        return status;
    }
    enum trace_end_reason reason = TRACE_END_KILLED;
    if (state.phase == RING_CLOSED)
        reason = TRACE_END_EXITED;
    else if (state.starttime && process_starttime((int)state.pid) == state.starttime)
        reason = TRACE_END_DETACHED; /* it lives: this is what its flight recorder holds now */
    return trace_file_finish(&writer, &state, reason, error);
}
