/* The views made of events, fed with events made by hand: who held the GIL, what was collected,
 * who kept an object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "inspector/trace/classes.h"
#include "inspector/trace/collections.h"
#include "inspector/trace/gil.h"
#include "inspector/trace/history.h"

enum { MS = 1000000, MAIN = 1, WORKER = 2, OTHER = 3 };

static void ok(struct error *err)
{
    if (err)
        fail_msg("%s", err->message);
}

/* ---- the GIL ------------------------------------------------------------------------------------
 */

static void gil_event(struct gil_timeline *t, enum trace_event_kind kind, uint32_t tid,
                      uint64_t at_ms, uint64_t duration_ms, enum trace_gil_reason reason)
{
    const struct trace_event event = {.kind = kind,
                                      .tid = tid,
                                      .time_ns = at_ms * MS,
                                      .code = tid,
                                      .site = 7,
                                      .gil = {.reason = reason, .duration_ns = duration_ms * MS}};
    ok(gil_feed(t, &event));
}

static const struct gil_thread *thread_of(const struct gil_timeline *t, uint32_t tid)
{
    for (size_t i = 0; i < t->threads.count; i++)
        if (t->threads.items[i]->tid == tid)
            return t->threads.items[i];
    fail_msg("no thread %u", tid);
    return NULL;
}

/* MAIN holds 0..10, WORKER waits from 2 on and holds 10..30, nobody 30..40. */
static struct gil_timeline *two_threads(void)
{
    struct gil_timeline *t = gil_timeline_create();
    assert_non_null(t);
    gil_event(t, TRACE_EVENT_gil_acquire, MAIN, 0, 0, 0);
    gil_event(t, TRACE_EVENT_gil_wait, WORKER, 2, 0, 0);
    gil_event(t, TRACE_EVENT_gil_request, WORKER, 7, 0, 0);
    gil_event(t, TRACE_EVENT_gil_release, MAIN, 10, 10, TRACE_GIL_INTERVAL);
    gil_event(t, TRACE_EVENT_gil_acquire, WORKER, 10, 8, 0);
    gil_event(t, TRACE_EVENT_gil_release, WORKER, 30, 20, TRACE_GIL_BLOCKING);
    gil_event(t, TRACE_EVENT_gil_acquire, MAIN, 40, 0, 0);
    ok(gil_finish(t));
    return t;
}

static void test_holds_and_waits_add_up(void **state)
{
    (void)state;
    struct gil_timeline *t = two_threads();
    const struct gil_thread *main_thread = thread_of(t, MAIN), *worker = thread_of(t, WORKER);
    assert_int_equal(t->end_ns - t->begin_ns, 40 * MS);
    assert_int_equal(main_thread->held_ns, 10 * MS);
    assert_int_equal(worker->held_ns, 20 * MS);
    assert_int_equal(worker->wait_ns, 8 * MS);
    assert_int_equal(worker->longest_wait_ns, 8 * MS);
    assert_int_equal(main_thread->wait_ns, 0);
    assert_int_equal(worker->requests, 1);
    assert_int_equal(main_thread->released[TRACE_GIL_INTERVAL], 1);
    assert_int_equal(worker->released[TRACE_GIL_BLOCKING], 1);
    assert_int_equal(t->handoffs, 2);
    assert_int_equal(t->held_ns, 30 * MS);
    gil_timeline_destroy(t);
}

static void test_waits_are_behind_whoever_held(void **state)
{
    (void)state;
    struct gil_timeline *t = two_threads();
    const struct gil_thread *worker = thread_of(t, WORKER);
    assert_int_equal(worker->behind.count, 1);
    assert_int_equal(worker->behind.items[0].tid, MAIN);
    assert_int_equal(worker->behind.items[0].wait_ns, 8 * MS);
    assert_ptr_equal(t->threads.items[0], worker); /* who waits most comes first */
    gil_timeline_destroy(t);
}

static void test_strip_shows_each_at_its_time(void **state)
{
    (void)state;
    char strip[9];
    struct gil_timeline *t = two_threads();
    gil_add_strip(t, thread_of(t, MAIN), 8, strip);
    assert_string_equal(strip, "##......");
    gil_add_strip(t, thread_of(t, WORKER), 8, strip);
    assert_string_equal(strip, "~~####..");
    gil_timeline_destroy(t);
}

static void test_window_that_begins_within_a_hold(void **state)
{
    (void)state;
    struct gil_timeline *t = gil_timeline_create();
    gil_event(t, TRACE_EVENT_meta, MAIN, 100, 0, 0);
    gil_event(t, TRACE_EVENT_gil_release, WORKER, 105, 5000, TRACE_GIL_INTERVAL);
    gil_event(t, TRACE_EVENT_gil_acquire, MAIN, 105, 50, 0);
    gil_event(t, TRACE_EVENT_gil_wait, WORKER, 106, 0, 0);
    gil_event(t, TRACE_EVENT_meta, MAIN, 120, 0, 0);
    ok(gil_finish(t));
    assert_int_equal(thread_of(t, WORKER)->held_ns, 5 * MS);
    assert_int_equal(thread_of(t, MAIN)->wait_ns, 5 * MS);
    assert_int_equal(thread_of(t, MAIN)->held_ns, 15 * MS);
    assert_int_equal(thread_of(t, WORKER)->wait_ns, 14 * MS);
    assert_int_equal(thread_of(t, WORKER)->behind.items[0].tid, MAIN);
    gil_timeline_destroy(t);
}

static void test_missing_releases_do_not_overlap(void **state)
{
    (void)state;
    struct gil_timeline *t = gil_timeline_create();
    for (unsigned i = 0; i < 100; i++)
        gil_event(t, TRACE_EVENT_gil_acquire, 1 + i % 3, i, i % 5, 0);
    ok(gil_finish(t));
    assert_int_equal(t->held_ns, 99 * MS);
    gil_timeline_destroy(t);
}

static void test_long_windows_join_slices(void **state)
{
    (void)state;
    char strip[5];
    struct gil_timeline *t = gil_timeline_create();
    for (uint64_t at = 0; at < 3600000; at += 1000) {
        gil_event(t, TRACE_EVENT_gil_acquire, at < 1800000 ? MAIN : WORKER, at, 0, 0);
        gil_event(t, TRACE_EVENT_gil_release, at < 1800000 ? MAIN : WORKER, at + 900, 900,
                  TRACE_GIL_BLOCKING);
    }
    ok(gil_finish(t));
    gil_add_strip(t, thread_of(t, MAIN), 4, strip);
    assert_string_equal(strip, "##..");
    gil_add_strip(t, thread_of(t, WORKER), 4, strip);
    assert_string_equal(strip, "..##");
    uint64_t held_ns = 0;
    for (int i = 0; i < GIL_SLICES; i++)
        held_ns += thread_of(t, MAIN)->held_in[i];
    assert_int_equal(held_ns, thread_of(t, MAIN)->held_ns);
    gil_timeline_destroy(t);
}

/* ---- collections --------------------------------------------------------------------------------
 */

static void test_collections_by_generation(void **state)
{
    (void)state;
    struct collections c;
    collections_init(&c);
    for (int i = 0; i < 6; i++) {
        const struct trace_event start = {.kind = TRACE_EVENT_gc_start,
                                          .tid = MAIN,
                                          .time_ns = (uint64_t)i * 100 * MS,
                                          .generation = i % 3};
        const struct trace_event done = {.kind = TRACE_EVENT_gc_done,
                                         .tid = MAIN,
                                         .time_ns = start.time_ns + (uint64_t)(i + 1) * MS,
                                         .generation = i % 3,
                                         .gc = {.collected = 10, .examined = 100, .promoted = 90}};
        ok(collections_feed(&c, &start));
        ok(collections_feed(&c, &done));
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(c.sums[i].runs, 2);
        assert_int_equal(c.sums[i].freed, 20);
        assert_int_equal(c.sums[i].total_ns, (uint64_t)(2 * i + 5) * MS);
        assert_int_equal(c.sums[i].max_ns, (uint64_t)(i + 4) * MS);
    }
    assert_int_equal(c.runs.count, 6);
    collections_deinit(&c);
}

static void test_collection_without_its_beginning_has_no_time(void **state)
{
    (void)state;
    struct collections c;
    const struct trace_event done = {.kind = TRACE_EVENT_gc_done, .tid = MAIN, .generation = 9};
    collections_init(&c);
    ok(collections_feed(&c, &done));
    assert_int_equal(c.sums[2].runs, 1);
    assert_int_equal(c.sums[2].timed_runs, 0);
    collections_deinit(&c);
}

/* ---- history ------------------------------------------------------------------------------------
 */

enum { BOX = 0x1000, FUNCTION = 5, CALLER = 6 };

struct story {
    struct history history;
    uint64_t seq;
};

static void tell(struct story *s, enum trace_event_kind kind, uint32_t code, uint32_t site)
{
    const struct trace_event event = {
        .kind = kind,
        .tid = MAIN,
        .seq = ++s->seq,
        .time_ns = s->seq * 10,
        .address = kind == TRACE_EVENT_enter || kind == TRACE_EVENT_leave ? 0 : BOX,
        .code = code,
        .site = site};
    ok(history_feed(&s->history, &event));
}

static void test_counts_run_from_the_alloc(void **state)
{
    (void)state;
    struct story s = {0};
    history_init(&s.history, BOX, 0);
    tell(&s, TRACE_EVENT_alloc, CALLER, 1);
    tell(&s, TRACE_EVENT_incref, CALLER, 2);
    tell(&s, TRACE_EVENT_decref, CALLER, 3);
    tell(&s, TRACE_EVENT_decref, CALLER, 4);
    tell(&s, TRACE_EVENT_free, CALLER, 4);
    history_finish(&s.history);
    assert_int_equal(s.history.steps.count, 5);
    assert_int_equal(s.history.steps.items[1].after, 2);
    assert_int_equal(s.history.steps.items[3].after, 0);
    assert_false(s.history.alive);
    assert_int_equal(s.history.lives, 1);
    history_deinit(&s.history);
}

/* keep(x): kept.append(x). What stays is the list's reference, not the argument's. */
static void test_argument_is_given_back_by_the_call(void **state)
{
    (void)state;
    struct story s = {0};
    history_init(&s.history, BOX, 0);
    tell(&s, TRACE_EVENT_alloc, CALLER, 1);
    tell(&s, TRACE_EVENT_incref, CALLER, 2); /* 1: the argument */
    tell(&s, TRACE_EVENT_enter, FUNCTION, 3);
    tell(&s, TRACE_EVENT_incref, FUNCTION, 4); /* 2: for append */
    tell(&s, TRACE_EVENT_incref, FUNCTION, 4); /* 3: by append */
    tell(&s, TRACE_EVENT_decref, FUNCTION, 4); /* 4: append's arguments */
    tell(&s, TRACE_EVENT_decref, FUNCTION, 4); /* 5: the function's own */
    tell(&s, TRACE_EVENT_leave, FUNCTION, 4);
    history_finish(&s.history);
    assert_int_equal(s.history.open.count, 1);
    assert_int_equal(s.history.steps.items[1].partner, 5);
    const struct history_step *kept = &s.history.steps.items[s.history.open.items[0]];
    assert_int_equal(kept->code, FUNCTION);
    assert_int_equal(s.history.count, 2);
    history_deinit(&s.history);
}

static void test_counts_are_unknown_before_a_baseline(void **state)
{
    (void)state;
    struct story s = {0};
    history_init(&s.history, BOX, 0);
    tell(&s, TRACE_EVENT_incref, CALLER, 1);
    assert_int_equal(s.history.count, HISTORY_UNKNOWN);
    const struct trace_event snapshot = {
        .kind = TRACE_EVENT_snapshot, .tid = MAIN, .address = BOX, .refcount = 9, .type = 3};
    ok(history_feed(&s.history, &snapshot));
    assert_int_equal(s.history.count, 9);
    assert_int_equal(s.history.type, 3);
    history_finish(&s.history);
    history_deinit(&s.history);
}

/* Of what was before the window the count alone is known, also when nothing happens in it. */
static void test_window_without_changes(void **state)
{
    (void)state;
    struct story s = {0};
    history_init(&s.history, BOX, 0);
    s.history.from_ns = 1000;
    tell(&s, TRACE_EVENT_alloc, CALLER, 1);
    tell(&s, TRACE_EVENT_incref, CALLER, 2);
    history_finish(&s.history);
    assert_int_equal(s.history.steps.count, 0);
    assert_int_equal(s.history.takes, 0);
    assert_int_equal(s.history.open.count, 0);
    assert_int_equal(s.history.first_count, 2);
    assert_int_equal(s.history.count, 2);
    assert_true(s.history.alive);
    history_deinit(&s.history);
}

static void test_long_lives_keep_the_newest(void **state)
{
    (void)state;
    struct story s = {0};
    history_init(&s.history, BOX, 0);
    tell(&s, TRACE_EVENT_alloc, CALLER, 1);
    for (int i = 0; i < HISTORY_MAX; i++)
        tell(&s, i % 2 ? TRACE_EVENT_decref : TRACE_EVENT_incref, CALLER, 2);
    history_finish(&s.history);
    assert_true(s.history.forgotten > 0);
    assert_int_equal(s.history.forgotten + s.history.steps.count, HISTORY_MAX + 1);
    assert_int_equal(s.history.count, 1);
    assert_true(s.history.open.count <= 1);
    history_deinit(&s.history);
}

/* Three objects at one address: the last is told of, or the one that is asked for. */
static void test_lives_are_told_apart(void **state)
{
    (void)state;
    for (uint32_t chosen = 0; chosen <= 4; chosen++) {
        struct story s = {0};
        history_init(&s.history, BOX, chosen);
        tell(&s, TRACE_EVENT_decref, CALLER, 1); /* its beginning was not seen */
        tell(&s, TRACE_EVENT_free, CALLER, 1);
        tell(&s, TRACE_EVENT_alloc, CALLER, 2);
        tell(&s, TRACE_EVENT_incref, CALLER, 2);
        tell(&s, TRACE_EVENT_decref, CALLER, 2);
        tell(&s, TRACE_EVENT_decref, CALLER, 2);
        tell(&s, TRACE_EVENT_free, CALLER, 2);
        tell(&s, TRACE_EVENT_alloc, CALLER, 3);
        tell(&s, TRACE_EVENT_incref, CALLER, 3);
        history_finish(&s.history);
        static const size_t steps[] = {2, 2, 5, 2, 2};
        static const uint64_t takes[] = {1, 0, 1, 1, 1}, first[] = {1, HISTORY_UNKNOWN, 1, 1, 1};
        assert_int_equal(s.history.lives, 3);
        assert_int_equal(s.history.steps.count, steps[chosen]);
        assert_int_equal(s.history.takes, takes[chosen]);
        assert_int_equal(s.history.first_count, first[chosen]);
        assert_int_equal(s.history.alive, chosen != 1 && chosen != 2);
        history_deinit(&s.history);
    }
}

/* ---- classes ------------------------------------------------------------------------------------
 */

static void test_class_names(void **state)
{
    (void)state;
    uint32_t classes = 0;
    struct strbuf text;
    ok(trace_classes_parse("gil,alloc", &classes));
    assert_int_equal(classes, TRACE_CLASS_GIL | TRACE_CLASS_ALLOC);
    strbuf_init(&text);
    trace_classes_add(classes, &text);
    assert_string_equal(strbuf_text(&text), "alloc,gil");
    strbuf_deinit(&text);
    ok(trace_classes_parse("all", &classes));
    assert_int_equal(classes, TRACE_CLASS_KNOWN);
    static const char *const WRONG[] = {"", "gc,", ",gc", "heap", "GC", "gc alloc"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        struct error *err = trace_classes_parse(WRONG[i], &classes);
        assert_non_null(err);
        assert_int_equal(err->code, ERROR_USAGE);
        error_destroy(err);
    }
    assert_string_equal(trace_event_class(TRACE_EVENT_alloc), "alloc");
    assert_string_equal(trace_event_class(TRACE_EVENT_gil_wait), "gil");
    assert_string_equal(trace_event_class(TRACE_EVENT_meta), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_and_waits_add_up),
        cmocka_unit_test(test_waits_are_behind_whoever_held),
        cmocka_unit_test(test_strip_shows_each_at_its_time),
        cmocka_unit_test(test_window_that_begins_within_a_hold),
        cmocka_unit_test(test_missing_releases_do_not_overlap),
        cmocka_unit_test(test_long_windows_join_slices),
        cmocka_unit_test(test_collections_by_generation),
        cmocka_unit_test(test_collection_without_its_beginning_has_no_time),
        cmocka_unit_test(test_counts_run_from_the_alloc),
        cmocka_unit_test(test_argument_is_given_back_by_the_call),
        cmocka_unit_test(test_counts_are_unknown_before_a_baseline),
        cmocka_unit_test(test_window_without_changes),
        cmocka_unit_test(test_long_lives_keep_the_newest),
        cmocka_unit_test(test_lives_are_told_apart),
        cmocka_unit_test(test_class_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
