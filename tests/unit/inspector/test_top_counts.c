// What the live view counts from events: the GIL from one tick to the next, objects by type and by
// the line that made them.
#include "inspector/top/handoffs.h"
#include "inspector/top/objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// ---- handoffs ----

static void gil(struct handoffs *h, enum trace_event_kind kind, uint32_t tid, uint64_t time_ns)
{
    const struct trace_event event = {.kind = kind, .tid = tid, .time_ns = time_ns};
    assert_null(handoffs_feed(h, &event));
}

static void test_time_goes_to_the_holder_and_those_behind(void **state)
{
    (void)state;
    struct handoffs h;
    handoffs_init(&h);
    gil(&h, TRACE_EVENT_gil_acquire, 1, 100);
    gil(&h, TRACE_EVENT_gil_wait, 2, 150);
    gil(&h, TRACE_EVENT_gil_release, 1, 250);
    gil(&h, TRACE_EVENT_gil_acquire, 2, 260);
    handoffs_advance(&h, 300);
    const struct handoffs_thread *one = handoffs_find(&h, 1), *two = handoffs_find(&h, 2);
    assert_int_equal(one->held_ns, 150);
    assert_int_equal(two->held_ns, 40);
    assert_int_equal(two->wait_ns, 110);
    assert_int_equal(two->longest_ns, 110);
    assert_int_equal(two->behind[0].tid, 1);
    assert_int_equal(two->behind[0].wait_ns, 100); // nobody held it for 10
    assert_int_equal(h.count, 1);
    assert_int_equal(h.longest_ns, 110);
    handoffs_deinit(&h);
}

static void test_what_goes_on_is_counted_in_every_tick(void **state)
{
    (void)state;
    struct handoffs h;
    handoffs_init(&h);
    gil(&h, TRACE_EVENT_gil_acquire, 1, 0);
    gil(&h, TRACE_EVENT_gil_wait, 2, 0);
    for (int tick = 1; tick <= 3; tick++) {
        handoffs_advance(&h, 1000u * (unsigned)tick);
        assert_int_equal(handoffs_find(&h, 1)->held_ns, 1000);
        assert_int_equal(handoffs_find(&h, 2)->wait_ns, 1000);
        assert_int_equal(handoffs_find(&h, 2)->behind[0].wait_ns, 1000);
        handoffs_next_tick(&h);
    }
    assert_int_equal(handoffs_find(&h, 1)->held_ns, 0);
    handoffs_deinit(&h);
}

static void test_a_guess_holds_until_an_event_says_otherwise(void **state)
{
    (void)state;
    struct handoffs h;
    handoffs_init(&h);
    handoffs_advance(&h, 1000);
    assert_null(handoffs_guess(&h, 7));
    handoffs_advance(&h, 1500);
    assert_int_equal(handoffs_find(&h, 7)->held_ns, 500);
    gil(&h, TRACE_EVENT_gil_release, 7, 1600);
    assert_null(handoffs_guess(&h, 7));
    handoffs_advance(&h, 2000);
    assert_int_equal(handoffs_find(&h, 7)->held_ns, 600);
    handoffs_deinit(&h);
}

static void test_a_wait_that_was_not_seen_to_begin_is_told_by_its_end(void **state)
{
    (void)state;
    struct handoffs h;
    handoffs_init(&h);
    gil(&h, TRACE_EVENT_gil_acquire, 1, 0);
    gil(&h, TRACE_EVENT_gil_release, 1, 400);
    const struct trace_event event = {
        .kind = TRACE_EVENT_gil_acquire, .tid = 2, .time_ns = 410, .gil = {.duration_ns = 300}};
    assert_null(handoffs_feed(&h, &event));
    assert_int_equal(handoffs_find(&h, 2)->wait_ns, 300);
    handoffs_deinit(&h);
}

static void test_time_never_goes_back(void **state)
{
    (void)state;
    struct handoffs h;
    handoffs_init(&h);
    gil(&h, TRACE_EVENT_gil_acquire, 1, 1000);
    handoffs_advance(&h, 2000);
    gil(&h, TRACE_EVENT_gil_release, 1, 1500); // it had not been read yet
    handoffs_advance(&h, 2500);
    assert_int_equal(handoffs_find(&h, 1)->held_ns, 1000);
    handoffs_deinit(&h);
}

static void test_more_than_four_in_front_keep_the_most(void **state)
{
    (void)state;
    struct handoffs h;
    uint64_t now = 0, sum = 0;
    handoffs_init(&h);
    gil(&h, TRACE_EVENT_gil_wait, 99, 0);
    for (uint32_t tid = 1; tid <= 10; tid++) {
        gil(&h, TRACE_EVENT_gil_acquire, tid, now);
        now += 10 * tid;
        gil(&h, TRACE_EVENT_gil_release, tid, now);
    }
    const struct handoffs_thread *last = handoffs_find(&h, 99);
    for (int i = 0; i < HANDOFFS_BEHIND; i++) {
        assert_true(last->behind[i].tid >= 7);
        sum += last->behind[i].wait_ns;
    }
    assert_true(sum <= last->wait_ns);
    handoffs_deinit(&h);
}

// ---- objects ----

static uint32_t ten_a_line(void *context, uint32_t code, uint32_t site)
{
    (void)context;
    (void)code;
    return 1 + site / 10;
}

static void object(struct objects *o, enum trace_event_kind kind, uint64_t address, uint32_t type,
                   uint64_t size, uint32_t code, uint32_t site)
{
    const struct trace_event event = {
        .kind = kind, .address = address, .type = type, .size = size, .code = code, .site = site};
    assert_null(objects_feed(o, &event));
    assert_true(objects_check(o));
}

static const struct objects_group *find(const struct objects_group_vec *groups, uint32_t id,
                                        uint32_t line)
{
    for (size_t i = 1; i < groups->count; i++)
        if (groups->items[i].id == id && groups->items[i].line == line)
            return &groups->items[i];
    return NULL;
}

static void test_objects_end_where_they_began(void **state)
{
    (void)state;
    struct objects o;
    objects_init(&o, ten_a_line, NULL);
    object(&o, TRACE_EVENT_snapshot, 16, 5, 100, 0, 0);
    object(&o, TRACE_EVENT_alloc, 32, 5, 40, 3, 12);
    object(&o, TRACE_EVENT_alloc, 48, 6, 60, 3, 19); // the same line
    assert_int_equal(find(&o.types, 5, 0)->live, 2);
    assert_int_equal(find(&o.types, 5, 0)->made, 1);
    assert_int_equal(find(&o.sites, 3, 2)->live_bytes, 100);
    assert_int_equal(find(&o.sites, 0, 0)->live, 1); // no line is known of it
    object(&o, TRACE_EVENT_free, 32, 0, 0, 9, 9);
    assert_int_equal(find(&o.sites, 3, 2)->live, 1);
    assert_int_equal(find(&o.sites, 3, 2)->made, 2);
    object(&o, TRACE_EVENT_free, 32, 0, 0, 9, 9); // of nothing
    assert_int_equal(find(&o.types, 5, 0)->live, 1);
    objects_deinit(&o);
}

static void test_objects_change_size_and_type(void **state)
{
    (void)state;
    struct objects o;
    objects_init(&o, ten_a_line, NULL);
    object(&o, TRACE_EVENT_alloc, 16, 5, 40, 3, 0);
    object(&o, TRACE_EVENT_resize, 16, 0, 100, 0, 0);
    assert_int_equal(find(&o.types, 5, 0)->live_bytes, 100);
    assert_int_equal(find(&o.types, 5, 0)->made_bytes, 100);
    object(&o, TRACE_EVENT_retype, 16, 8, 0, 0, 0);
    assert_int_equal(find(&o.types, 5, 0)->live, 0);
    assert_int_equal(find(&o.types, 8, 0)->live_bytes, 100);
    object(&o, TRACE_EVENT_resize, 16, 0, 20, 0, 0);
    assert_int_equal(find(&o.sites, 3, 1)->live_bytes, 20);
    objects_deinit(&o);
}

static void test_an_end_that_is_missing_is_supplied(void **state)
{
    (void)state;
    struct objects o;
    objects_init(&o, ten_a_line, NULL);
    object(&o, TRACE_EVENT_alloc, 16, 5, 40, 3, 0);
    object(&o, TRACE_EVENT_alloc, 16, 6, 50, 3, 0);
    assert_int_equal(find(&o.types, 5, 0)->live, 0);
    assert_int_equal(find(&o.types, 6, 0)->live, 1);
    object(&o, TRACE_EVENT_snapshot, 16, 7, 60, 0, 0); // a later baseline of what is known
    assert_int_equal(find(&o.types, 6, 0)->live, 1);
    objects_deinit(&o);
}

static void test_a_tick_and_a_window_begin_anew(void **state)
{
    (void)state;
    struct objects o;
    objects_init(&o, ten_a_line, NULL);
    object(&o, TRACE_EVENT_snapshot, 16, 5, 100, 0, 0);
    const struct objects_group *five = find(&o.types, 5, 0);
    assert_int_equal(five->live - five->first_live, 0); // what was there did not come
    object(&o, TRACE_EVENT_alloc, 32, 5, 40, 3, 0);
    objects_next_tick(&o);
    object(&o, TRACE_EVENT_alloc, 48, 5, 40, 3, 0);
    five = find(&o.types, 5, 0);
    assert_int_equal(five->made - five->last_made, 1);
    assert_int_equal(five->live - five->first_live, 2);
    objects_begin_window(&o);
    five = find(&o.types, 5, 0);
    assert_int_equal(five->live - five->first_live, 0);
    objects_deinit(&o);
}

static void test_many_objects_of_many_groups(void **state)
{
    (void)state;
    struct objects o;
    uint64_t random = 1;
    objects_init(&o, ten_a_line, NULL);
    for (int i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const uint64_t address = 16 + (random >> 33) % 3000 * 16;
        const struct trace_event event = {.kind = (random >> 20) % 3 ? TRACE_EVENT_alloc
                                                                     : TRACE_EVENT_free,
                                          .address = address,
                                          .type = (uint32_t)(random >> 40) % 500,
                                          .size = 16 + (random >> 50),
                                          .code = 1 + (uint32_t)(random >> 45) % 300,
                                          .site = (uint32_t)(random >> 35) % 1000};
        assert_null(objects_feed(&o, &event));
    }
    assert_true(objects_check(&o));
    assert_int_equal(o.types.count, 501);
    objects_deinit(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_goes_to_the_holder_and_those_behind),
        cmocka_unit_test(test_what_goes_on_is_counted_in_every_tick),
        cmocka_unit_test(test_a_guess_holds_until_an_event_says_otherwise),
        cmocka_unit_test(test_a_wait_that_was_not_seen_to_begin_is_told_by_its_end),
        cmocka_unit_test(test_time_never_goes_back),
        cmocka_unit_test(test_more_than_four_in_front_keep_the_most),
        cmocka_unit_test(test_objects_end_where_they_began),
        cmocka_unit_test(test_objects_change_size_and_type),
        cmocka_unit_test(test_an_end_that_is_missing_is_supplied),
        cmocka_unit_test(test_a_tick_and_a_window_begin_anew),
        cmocka_unit_test(test_many_objects_of_many_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
