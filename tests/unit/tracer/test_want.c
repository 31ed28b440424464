/* Passing over events that nobody wants: what is shown is what a reading of everything shows of
 * those kinds, in the fields that were asked for. On a whole trace and on one with holes, for all
 * kinds one by one and for more made by chance. With TRACE in the environment, on that file: one
 * of a program with threads, say. */
#include "tests/support/sample_process.h"

enum { STEPS = 150000, WANTS = 120 };

struct trace {
    struct trace_event *events;
    size_t count, room;
};

static uint64_t chance_state = 88172645463325252u;

static uint64_t chance(void)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    return chance_state ^= chance_state << 17;
}

static enum read_status next(struct trace_reader *reader, struct trace_event *event)
{
    struct read_error error = {0};
    enum read_status status;
    do
        status = trace_reader_next(reader, event, &error);
    while (status == READ_AGAIN);
    if (status != READ_OK && status != READ_END)
        fail_msg("%s", error.message);
    return status;
}

static void read_all(const char *path, struct trace *trace)
{
    struct trace_reader reader;
    struct read_error error = {0};
    struct trace_event event;
    *trace = (struct trace){0};
    assert_int_equal(trace_reader_open(&reader, path, &error), READ_OK);
    while (next(&reader, &event) == READ_OK) {
        if (trace->count == trace->room) {
            trace->room = trace->room ? 2 * trace->room : 1024;
            trace->events = realloc(trace->events, trace->room * sizeof(*trace->events));
            assert_non_null(trace->events);
        }
        trace->events[trace->count++] = event;
    }
    trace_reader_close(&reader);
}

static bool same_union(const struct trace_event *a, const struct trace_event *b)
{
    if (a->kind >= TRACE_EVENT_gil_request && a->kind <= TRACE_EVENT_gil_release)
        return memcmp(&a->gil, &b->gil, sizeof(a->gil)) == 0;
    if (a->kind >= TRACE_EVENT_gc_freeze && a->kind <= TRACE_EVENT_gc_promote)
        return memcmp(&a->gc, &b->gc, sizeof(a->gc)) == 0;
    return true;
}

static bool is_same(const struct trace_event *a, const struct trace_event *b,
                    const struct trace_want *want)
{
    return a->kind == b->kind && a->tid == b->tid && a->address == b->address &&
           a->type == b->type && a->generation == b->generation && a->size == b->size &&
           a->delta == b->delta && a->refcount == b->refcount && same_union(a, b) &&
           (!want->stacks || (a->code == b->code && a->site == b->site)) &&
           (!want->times || a->time_ns == b->time_ns) &&
           (!want->positions ||
            (a->seq == b->seq && a->hot == b->hot && a->cold == b->cold && a->rare == b->rare));
}

/* As a reader may who wants many at once: runs of a length made by chance, and single ones. */
struct stepper {
    struct trace_brief briefs[64];
    size_t count, at, from_runs;
    bool is_brief; /* the last event came out of a run */
};

static enum read_status step_on(struct trace_reader *reader, struct stepper *stepper,
                                struct trace_event *event)
{
    struct read_error error = {0};
    enum read_status status = READ_AGAIN;
    while (status == READ_AGAIN) {
        if (stepper->at == stepper->count) {
            const size_t most = 1 + chance() % 64;
            stepper->at = 0;
            stepper->count = trace_reader_run(reader, stepper->briefs, most, &error);
            assert_true(stepper->count <= most);
        }
        stepper->is_brief = stepper->at < stepper->count;
        if (!stepper->is_brief) {
            status = trace_reader_next(reader, event, &error);
            continue;
        }
        const struct trace_brief *brief = &stepper->briefs[stepper->at++];
        *event = (struct trace_event){
            .kind = brief->kind,
            .tid = brief->tid,
            .seq = brief->seq,
            .time_ns = brief->time_ns,
            .address = brief->address,
            .type = brief->type,
            .size = brief->size,
            .generation = brief->generation,
            .refcount = brief->kind == TRACE_EVENT_alloc,
            .delta = (brief->kind == TRACE_EVENT_incref) - (brief->kind == TRACE_EVENT_decref),
        };
        stepper->from_runs++;
        return READ_OK;
    }
    if (status != READ_OK && status != READ_END)
        fail_msg("%s", error.message);
    return status;
}

static bool is_wanted(const struct trace_event *event, const struct trace_want *want)
{
    return !want->kinds || (want->kinds >> event->kind & 1);
}

/* Events of other objects may be shown, those of this one must be. */
static bool is_of_another(const struct trace_event *event, const struct trace_want *want)
{
    return want->address && event->address != want->address;
}

static size_t compare_by(const char *path, const struct trace *trace, const struct trace_want *want,
                         bool by_runs)
{
    struct trace_reader reader;
    struct read_error error = {0};
    struct trace_event event;
    struct stepper stepper = {.count = 0};
    size_t i = 0;
    assert_int_equal(trace_reader_open(&reader, path, &error), READ_OK);
    trace_reader_want(&reader, want);
    while ((by_runs ? step_on(&reader, &stepper, &event) : next(&reader, &event)) == READ_OK) {
        assert_true(is_wanted(&event, want));
        if (is_of_another(&event, want))
            continue;
        while (i < trace->count &&
               (!is_wanted(&trace->events[i], want) || is_of_another(&trace->events[i], want)))
            i++;
        if (stepper.is_brief && i < trace->count) { /* they lack the single positions */
            event.hot = trace->events[i].hot;
            event.cold = trace->events[i].cold;
            event.rare = trace->events[i].rare;
        }
        if (i == trace->count || !is_same(&event, &trace->events[i], want))
            fail_msg("kinds %llx, address %llx, stacks %d, times %d, positions %d: %s at %llu is "
                     "not %s at %llu",
                     (unsigned long long)want->kinds, (unsigned long long)want->address,
                     want->stacks, want->times, want->positions, trace_event_name(event.kind),
                     (unsigned long long)event.seq,
                     i < trace->count ? trace_event_name(trace->events[i].kind) : "the end",
                     i < trace->count ? (unsigned long long)trace->events[i].seq : 0ull);
        i++;
    }
    for (; i < trace->count; i++)
        assert_true(!is_wanted(&trace->events[i], want) || is_of_another(&trace->events[i], want));
    trace_reader_close(&reader);
    return stepper.from_runs;
}

static size_t shown_by_runs;

static void compare(const char *path, const struct trace *trace, const struct trace_want *want)
{
    compare_by(path, trace, want, false);
    const size_t from_runs = compare_by(path, trace, want, true);
    assert_true(!want->stacks || from_runs == 0);
    shown_by_runs += from_runs;
}

/* What comes at or after a time, when what lies before was left out. */
static void compare_from(const char *path, const struct trace *trace, uint64_t time_ns)
{
    const struct trace_want want = {
        .times = true, .positions = true, .kinds = chance() % 2 ? 0 : chance() & 0xffffffe};
    struct trace_reader reader;
    struct read_error error = {0};
    struct trace_event event;
    size_t i = 0;
    assert_int_equal(trace_reader_open(&reader, path, &error), READ_OK);
    trace_reader_want(&reader, &want);
    assert_int_equal(trace_reader_seek_events(&reader, time_ns, &error), READ_OK);
    while (next(&reader, &event) == READ_OK) {
        if (event.time_ns < time_ns)
            continue;
        while (i < trace->count &&
               (trace->events[i].time_ns < time_ns || !is_wanted(&trace->events[i], &want)))
            i++;
        assert_true(i < trace->count);
        if (!is_same(&event, &trace->events[i], &want))
            fail_msg("from %llu ns: %s at %llu is not %s at %llu", (unsigned long long)time_ns,
                     trace_event_name(event.kind), (unsigned long long)event.seq,
                     trace_event_name(trace->events[i].kind),
                     (unsigned long long)trace->events[i].seq);
        i++;
    }
    for (; i < trace->count; i++)
        assert_true(trace->events[i].time_ns < time_ns || !is_wanted(&trace->events[i], &want));
    trace_reader_close(&reader);
}

static void count(const char *path, const struct trace *trace, uint64_t kinds)
{
    const struct trace_want want = {.kinds = kinds, .counting = true};
    struct trace_reader reader;
    struct read_error error = {0};
    struct trace_event event;
    uint64_t shown = 0, expected = 0;
    assert_int_equal(trace_reader_open(&reader, path, &error), READ_OK);
    trace_reader_want(&reader, &want);
    while (next(&reader, &event) == READ_OK)
        shown++;
    for (size_t i = 0; i < trace->count; i++)
        expected += is_wanted(&trace->events[i], &want);
    assert_int_equal(shown + trace_reader_counted(&reader), expected);
    trace_reader_close(&reader);
}

static struct trace_want any_want(const struct trace *trace)
{
    struct trace_want want = {.stacks = chance() % 2, .times = chance() % 2};
    want.positions = chance() % 2;
    for (unsigned n = (unsigned)(chance() % 4); n > 0; n--)
        want.kinds |= UINT64_C(1) << (1 + chance() % 27);
    if (chance() % 4 == 0)
        want.kinds = chance() & 0xffffffe;
    if (chance() % 4 == 0)
        want.address = trace->events[chance() % trace->count].address;
    return want;
}

static void compare_all(const char *path)
{
    struct trace trace;
    read_all(path, &trace);
    assert_true(trace.count > 0);
    for (unsigned kind = 0; kind < 28; kind++)
        for (unsigned all = 0; all < 2; all++) {
            const struct trace_want want = {.kinds = kind ? UINT64_C(1) << kind : 0,
                                            .stacks = all,
                                            .times = all,
                                            .positions = all};
            compare(path, &trace, &want);
            count(path, &trace, want.kinds);
        }
    for (int i = 0; i < WANTS; i++) {
        const struct trace_want want = any_want(&trace);
        compare(path, &trace, &want);
        count(path, &trace, want.kinds);
        compare_from(path, &trace, trace.events[chance() % trace.count].time_ns + chance() % 3);
    }
    free(trace.events);
}

static void record(const char *path, enum trace_policy policy, size_t ring_bytes)
{
    struct trace_session session;
    struct read_error error = {0};
    const struct trace_options options = {.classes = TRACE_CLASS_KNOWN,
                                          .policy = policy,
                                          .sizes = {1 << 20, ring_bytes, ring_bytes, ring_bytes},
                                          .baseline_ms = 5};
    struct sample_process process = {.heap = sample_shared_heap(), .steps = STEPS};
    assert_int_equal(trace_session_prepare(&session, &options, &error), READ_OK);
    sample_process_start(&process, &session);
    assert_int_equal(trace_session_record(&session, path, NULL, 0, &error), READ_OK);
    sample_process_wait(&process);
    sample_free_heap(process.heap);
}

static void test_of_a_whole_trace(void **state)
{
    char path[64];
    const char *given = getenv("TRACE");
    (void)state;
    sample_path(path, sizeof(path), "want.trace");
    if (!given)
        record(path, TRACE_POLICY_BLOCK, 1 << 20);
    shown_by_runs = 0;
    compare_all(given ? given : path);
    assert_true(given || shown_by_runs > STEPS);
    unlink(path);
}

static void test_of_a_trace_with_holes(void **state)
{
    char path[64];
    (void)state;
    sample_path(path, sizeof(path), "holes.trace");
    record(path, TRACE_POLICY_DROP, 16384);
    compare_all(path);
    unlink(path);
}

static void test_losses_are_counted(void **state)
{
    char path[64];
    struct trace_reader reader;
    struct trace_event event;
    struct read_error error = {0};
    uint64_t missing[2];
    (void)state;
    sample_path(path, sizeof(path), "losses.trace");
    record(path, TRACE_POLICY_DROP, 16384);
    for (int i = 0; i < 2; i++) {
        const struct trace_want want = {.kinds = UINT64_C(1) << TRACE_EVENT_dropped,
                                        .losses = true};
        assert_int_equal(trace_reader_open(&reader, path, &error), READ_OK);
        if (i)
            trace_reader_want(&reader, &want);
        while (next(&reader, &event) == READ_OK)
            ;
        missing[i] = trace_reader_missing(&reader);
        trace_reader_close(&reader);
    }
    assert_int_equal(missing[0], missing[1]);
    unlink(path);
}

int main(void)
{
    if (sample_is_silent)
        return 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_a_whole_trace),
        cmocka_unit_test(test_of_a_trace_with_holes),
        cmocka_unit_test(test_losses_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
