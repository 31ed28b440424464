/* Allocation sites, from events made by hand and from ten thousand made by chance; the second
 * against a twin that keeps every object in a plain array and adds everything up anew each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "inspector/trace/allocs.h"
#include "tracer/abi/control.h"

enum { MS = 1000000, LINE = 10, CODES = 3, SITES = 8, TYPES = 3, PLACES = 64, STEPS = 20000 };

static void ok(struct error *err)
{
    if (err)
        fail_msg("%s", err->message);
}

/* Two sites make a line. */
static uint32_t line_of(void *context, uint32_t code, uint32_t site)
{
    (void)context;
    return code ? LINE + site / 2 : 0;
}

static struct stack_frame frames[3];
static struct thread_stack stack = {.frames = frames};

static const struct thread_stack *stack_of(void *context, uint32_t tid)
{
    (void)context;
    (void)tid;
    return &stack;
}

static struct allocs *make(enum allocs_by by)
{
    const struct allocs_names names = {.line = line_of, .stack = stack_of};
    struct allocs *a = allocs_create(by, &names);
    assert_non_null(a);
    return a;
}

static uint64_t next_seq;

static void feed(struct allocs *a, struct trace_event event)
{
    event.seq = ++next_seq;
    ok(allocs_feed(a, &event));
}

static void alloc(struct allocs *a, uint64_t at_ms, uint64_t address, uint64_t size, uint32_t code,
                  uint32_t site)
{
    feed(a, (struct trace_event){.kind = TRACE_EVENT_alloc,
                                 .time_ns = at_ms * MS,
                                 .address = address,
                                 .size = size,
                                 .type = 1,
                                 .code = code,
                                 .site = site});
}

static void change(struct allocs *a, enum trace_event_kind kind, uint64_t at_ms, uint64_t address,
                   uint64_t size)
{
    feed(a, (struct trace_event){
                .kind = kind, .time_ns = at_ms * MS, .address = address, .size = size});
}

static void meta(struct allocs *a, enum trace_meta what, uint64_t value)
{
    feed(a, (struct trace_event){.kind = TRACE_EVENT_meta,
                                 .time_ns = a->end_ns,
                                 .meta = {.what = what, .new_value = 1, .value = value}});
}

static const struct allocs_group *line_group(const struct allocs *a, uint32_t code, uint32_t line)
{
    for (size_t i = ALLOCS_FIRST; i < a->groups.count; i++)
        if (a->groups.items[i].code == code && a->groups.items[i].line == line)
            return &a->groups.items[i];
    fail_msg("no group of line %u", line);
    return NULL;
}

static void test_sums_of_a_line(void **state)
{
    (void)state;
    struct allocs *a = make(ALLOCS_LINE);
    alloc(a, 0, 0x1000, 100, 1, 0);
    alloc(a, 1, 0x1010, 200, 1, 1);
    alloc(a, 2, 0x1020, 50, 1, 2);
    change(a, TRACE_EVENT_resize, 3, 0x1000, 1000);
    change(a, TRACE_EVENT_free, 4, 0x1010, 0);
    change(a, TRACE_EVENT_resize, 5, 0x1000, 600);
    allocs_finish(a);
    const struct allocs_group *group = line_group(a, 1, LINE);
    assert_int_equal(group->allocs, 2);
    assert_int_equal(group->frees, 1);
    assert_int_equal(group->allocated_bytes, 100 + 200 + 900);
    assert_int_equal(group->freed_bytes, 200 + 400);
    assert_int_equal(group->peak_bytes, 1200);
    assert_int_equal(group->live_bytes, 600);
    assert_int_equal(group->kept_bytes, 600);
    assert_int_equal(a->groups.items[ALLOCS_TOTAL].peak_bytes, 1250);
    assert_int_equal(line_group(a, 1, LINE + 1)->live_bytes, 50);
    assert_true(allocs_check(a));
    assert_int_equal(allocs_example(a, (uint32_t)(group - a->groups.items)), 0x1000);
    allocs_destroy(a);
}

static void test_baseline_is_live_and_not_allocated(void **state)
{
    (void)state;
    struct allocs *a = make(ALLOCS_LINE);
    meta(a, TRACE_META_BASELINE_BEGIN, 0);
    for (uint64_t i = 0; i < 3; i++)
        change(a, TRACE_EVENT_snapshot, 0, 0x1000 + i * 16, 100);
    meta(a, TRACE_META_BASELINE_END, 3);
    alloc(a, 1, 0x2000, 64, 1, 0);
    change(a, TRACE_EVENT_free, 2, 0x1000, 0);
    change(a, TRACE_EVENT_resize, 2, 0x1010, 150);
    change(a, TRACE_EVENT_free, 2, 0x3000, 0);
    const struct allocs_group *before = &a->groups.items[ALLOCS_BEFORE];
    assert_int_equal(before->before, 3);
    assert_int_equal(before->allocs, 0);
    assert_int_equal(before->frees, 1);
    assert_int_equal(before->live_bytes, 250);
    assert_int_equal(before->kept, 0);
    assert_int_equal(before->kept_bytes, 0);
    assert_int_equal(a->groups.items[ALLOCS_TOTAL].kept_bytes, 64);
    assert_int_equal(a->unknown_frees, 1);
    assert_true(allocs_check(a));
    allocs_destroy(a);
}

static void test_later_baseline_supplies_what_is_missing(void **state)
{
    (void)state;
    struct allocs *a = make(ALLOCS_LINE);
    alloc(a, 0, 0x1000, 64, 1, 0);
    alloc(a, 0, 0x1010, 64, 1, 0);
    alloc(a, 1, 0x1010, 32, 1, 0); /* its free is missing */
    assert_int_equal(a->supplied_frees, 1);
    meta(a, TRACE_META_BASELINE_BEGIN, 0);
    change(a, TRACE_EVENT_snapshot, 2, 0x1010, 48);
    change(a, TRACE_EVENT_snapshot, 2, 0x1020, 16);
    meta(a, TRACE_META_BASELINE_END, 3); /* one of it is missing: nothing is concluded */
    assert_int_equal(a->groups.items[ALLOCS_TOTAL].live_bytes, 64 + 48 + 16);
    meta(a, TRACE_META_BASELINE_BEGIN, 0);
    change(a, TRACE_EVENT_snapshot, 2, 0x1010, 48);
    change(a, TRACE_EVENT_snapshot, 2, 0x1020, 16);
    meta(a, TRACE_META_BASELINE_END, 2);
    assert_int_equal(a->groups.items[ALLOCS_TOTAL].live_bytes, 48 + 16);
    assert_int_equal(a->supplied_frees, 2);
    assert_true(allocs_check(a));
    allocs_destroy(a);
}

static void test_size_classes(void **state)
{
    (void)state;
    assert_int_equal(allocs_size_class(0), 16);
    assert_int_equal(allocs_size_class(16), 16);
    assert_int_equal(allocs_size_class(17), 32);
    assert_int_equal(allocs_size_class(512), 512);
    assert_int_equal(allocs_size_class(513), 1024);
    assert_int_equal(allocs_size_class(1024), 1024);
    assert_int_equal(allocs_size_class(1025), 2048);
    assert_int_equal(allocs_size_class(UINT64_MAX), UINT64_MAX);
}

static void test_growing_objects_move_to_another_class(void **state)
{
    (void)state;
    struct allocs *a = make(ALLOCS_SIZE);
    alloc(a, 0, 0x1000, 60, 1, 0);
    change(a, TRACE_EVENT_resize, 0, 0x1000, 500);
    const struct allocs_group *small = &a->groups.items[ALLOCS_FIRST], *big = small + 1;
    assert_int_equal(small->size_end, 64);
    assert_int_equal(small->live, 0);
    assert_int_equal(small->moved, -1);
    assert_int_equal(big->size_end, 512);
    assert_int_equal(big->live_bytes, 500);
    assert_int_equal(big->kept, 1);
    assert_true(allocs_check(a));
    allocs_destroy(a);
}

/* A sample stands for many: all of them change their type with it, and all are freed with it. */
static void test_sample_of_another_type(void **state)
{
    (void)state;
    struct allocs *a = make(ALLOCS_TYPE);
    feed(a, (struct trace_event){.kind = TRACE_EVENT_meta,
                                 .meta = {.what = TRACE_META_FILTER,
                                          .old_value = CONTROL_FILTER_SAMPLE,
                                          .value = 4096}});
    alloc(a, 0, 0x1000, 64, 1, 0);
    const struct allocs_group *total = &a->groups.items[ALLOCS_TOTAL];
    const struct allocs_group *was = &a->groups.items[ALLOCS_FIRST], *is = was + 1;
    assert_in_range(was->live, 64, 65);
    feed(a, (struct trace_event){
                .kind = TRACE_EVENT_retype, .time_ns = MS, .address = 0x1000, .type = 2});
    assert_int_equal(was->live, 0);
    assert_int_equal(was->live_bytes, 0);
    assert_true(was->live_variance == 0);
    assert_int_equal(was->moved, -(int64_t)total->live);
    assert_int_equal(is->live, total->live);
    assert_int_equal(is->kept_bytes, total->live_bytes);
    assert_true(is->kept_variance == total->kept_variance);
    change(a, TRACE_EVENT_free, 2, 0x1000, 0);
    assert_int_equal(is->live, 0);
    assert_int_equal(is->live_bytes, 0);
    assert_int_equal(is->kept, 0);
    assert_int_equal(is->peak_bytes, total->peak_bytes);
    allocs_destroy(a);
}

static void test_window_begins_later(void **state)
{
    (void)state;
    struct allocs *a = make(ALLOCS_LINE);
    a->from_ns = 10 * MS;
    a->until_ns = 20 * MS;
    alloc(a, 1, 0x1000, 100, 1, 0);
    alloc(a, 2, 0x1010, 100, 1, 0);
    change(a, TRACE_EVENT_free, 3, 0x1010, 0);
    alloc(a, 10, 0x1020, 30, 1, 0);
    change(a, TRACE_EVENT_free, 12, 0x1000, 0);
    alloc(a, 21, 0x1030, 1, 1, 0);
    const struct allocs_group *total = &a->groups.items[ALLOCS_TOTAL];
    assert_int_equal(total->before, 1);
    assert_int_equal(total->allocs, 1);
    assert_int_equal(total->frees, 1);
    assert_int_equal(total->peak_bytes, 130);
    assert_int_equal(total->kept_bytes, 30);
    assert_int_equal(a->begin_ns, 10 * MS);
    assert_int_equal(a->end_ns, 12 * MS);
    assert_int_equal(line_group(a, 1, LINE)->live_bytes, 30);
    assert_true(allocs_check(a));
    allocs_destroy(a);
}

/* Neither what was before it nor what came behind it belongs to a window. */
static void test_window_without_events(void **state)
{
    (void)state;
    struct allocs *a = make(ALLOCS_LINE);
    a->from_ns = 10 * MS;
    a->until_ns = 20 * MS;
    alloc(a, 1, 0x1000, 100, 1, 0);
    alloc(a, 2, 0x1010, 100, 1, 0);
    change(a, TRACE_EVENT_free, 3, 0x1010, 0);
    alloc(a, 30, 0x1020, 30, 1, 0);
    allocs_finish(a);
    const struct allocs_group *total = &a->groups.items[ALLOCS_TOTAL];
    assert_int_equal(total->before, 1);
    assert_int_equal(total->allocs, 0);
    assert_int_equal(total->kept, 0);
    assert_int_equal(total->peak_bytes, 100);
    assert_int_equal(a->end_ns, a->begin_ns);
    assert_true(allocs_check(a));
    allocs_destroy(a);
}

static void test_stacks_are_told_apart_by_lines(void **state)
{
    (void)state;
    struct allocs *a = make(ALLOCS_STACK);
    stack.depth = 2;
    frames[0] = (struct stack_frame){1, 0};
    frames[1] = (struct stack_frame){2, 0};
    alloc(a, 0, 0x1000, 10, 2, 5);
    alloc(a, 0, 0x1010, 20, 2, 4); /* the same line */
    frames[0].site = 2;
    alloc(a, 0, 0x1020, 40, 2, 4); /* called from another */
    stack.depth = 1;
    alloc(a, 0, 0x1030, 80, 1, 2);
    assert_int_equal(a->groups.count, ALLOCS_FIRST + 3);
    assert_int_equal(a->groups.items[ALLOCS_FIRST].live_bytes, 30);
    assert_int_equal(a->groups.items[ALLOCS_FIRST + 1].live_bytes, 40);
    assert_int_equal(a->groups.items[ALLOCS_FIRST + 2].live_bytes, 80);
    assert_int_equal(a->nodes.items[a->groups.items[ALLOCS_FIRST + 1].node].parent,
                     a->groups.items[ALLOCS_FIRST + 2].node);
    assert_true(allocs_check(a));
    allocs_destroy(a);
}

static void test_too_many_groups_become_one(void **state)
{
    (void)state;
    struct allocs *a = make(ALLOCS_LINE);
    a->group_limit = ALLOCS_FIRST + 2;
    for (uint32_t i = 0; i < 10; i++)
        alloc(a, 0, 0x1000 + 16 * i, 10, 1, 2 * i);
    assert_int_equal(a->groups.items[ALLOCS_OTHERS].allocs, 8);
    assert_true(allocs_check(a));
    allocs_destroy(a);
}

static void test_strip_of_a_ramp(void **state)
{
    (void)state;
    char strip[9];
    struct allocs *a = make(ALLOCS_LINE);
    for (uint64_t at = 0; at < 64000; at += 100) /* long: slices are joined many times */
        alloc(a, at, 0x10000 + at / 100 * 16, 16, 1, 0);
    allocs_finish(a);
    const struct allocs_series *series = &a->series.items[ALLOCS_FIRST];
    uint64_t allocated = 0;
    for (unsigned i = 0; i < allocs_slices(a); i++)
        allocated += series->allocated[i];
    assert_int_equal(allocated, 640 * 16);
    assert_int_equal(series->live[allocs_slices(a) - 1], 640 * 16);
    allocs_add_strip(a, series->live, true, 8, strip);
    assert_string_equal(strip, ":-=++*##");
    allocs_destroy(a);
}

/* ---- by chance ---- */

struct twin_object {
    bool alive, before;
    uint64_t size;
    uint32_t code, line, type;
};

struct twin_sum {
    uint64_t live, bytes, peak, kept, kept_bytes, allocs, frees, allocated, freed;
};

static struct twin_object objects[PLACES];
static struct twin_sum sums[CODES * SITES]; /* by code and line */

static struct twin_sum *sum_of(const struct twin_object *object)
{
    return &sums[object->code * SITES + object->line - LINE];
}

static void twin_add_up(void)
{
    for (unsigned g = 0; g < CODES * SITES; g++)
        sums[g].live = sums[g].bytes = sums[g].kept = sums[g].kept_bytes = 0;
    for (unsigned i = 0; i < PLACES; i++) {
        if (!objects[i].alive || objects[i].before)
            continue;
        struct twin_sum *sum = sum_of(&objects[i]);
        sum->live++;
        sum->kept++;
        sum->bytes += objects[i].size;
    }
    for (unsigned g = 0; g < CODES * SITES; g++)
        if (sums[g].bytes > sums[g].peak)
            sums[g].peak = sums[g].bytes;
}

static uint32_t chance_state = 1;

static uint32_t chance(uint32_t below)
{
    chance_state = chance_state * 1664525u + 1013904223u;
    return (chance_state >> 8) % below;
}

static void twin_step(struct trace_event *event)
{
    struct twin_object *object = &objects[chance(PLACES)];
    event->address = 0x7f0000000000 + (uint64_t)(object - objects) * 16;
    event->size = 1 + chance(2000);
    event->type = chance(TYPES);
    if (!object->alive) {
        event->kind = TRACE_EVENT_alloc;
        event->code = 1 + chance(CODES - 1);
        event->site = chance(SITES);
        *object = (struct twin_object){.alive = true,
                                       .size = event->size,
                                       .code = event->code,
                                       .type = event->type,
                                       .line = line_of(NULL, event->code, event->site)};
        sum_of(object)->allocs++;
        sum_of(object)->allocated += event->size;
        return;
    }
    switch (chance(3)) {
    case 0:
        event->kind = TRACE_EVENT_resize;
        sum_of(object)->allocated += event->size > object->size ? event->size - object->size : 0;
        sum_of(object)->freed += event->size < object->size ? object->size - event->size : 0;
        object->size = event->size;
        break;
    case 1:
        event->kind = TRACE_EVENT_retype;
        object->type = event->type;
        break;
    default:
        event->kind = TRACE_EVENT_free;
        sum_of(object)->frees++;
        sum_of(object)->freed += object->size;
        object->alive = false;
    }
}

static void compare_lines(const struct allocs *a)
{
    for (size_t i = ALLOCS_FIRST; i < a->groups.count; i++) {
        const struct allocs_group *group = &a->groups.items[i];
        const struct twin_sum *sum = &sums[group->code * SITES + group->line - LINE];
        assert_int_equal(group->live, sum->live);
        assert_int_equal(group->live_bytes, sum->bytes);
        assert_int_equal(group->peak_bytes, sum->peak);
        assert_int_equal(group->kept, sum->kept);
        assert_int_equal(group->kept_bytes, sum->bytes);
        assert_int_equal(group->allocs, sum->allocs);
        assert_int_equal(group->frees, sum->frees);
        assert_int_equal(group->allocated_bytes, sum->allocated);
        assert_int_equal(group->freed_bytes, sum->freed);
    }
}

/* Live objects of each type and size class. */
static void compare_kinds(const struct allocs *types, const struct allocs *sizes)
{
    for (size_t i = ALLOCS_FIRST; i < types->groups.count; i++) {
        uint64_t live = 0, bytes = 0;
        for (unsigned k = 0; k < PLACES; k++) {
            const bool in = objects[k].alive && objects[k].type == types->groups.items[i].type;
            live += in;
            bytes += in ? objects[k].size : 0;
        }
        assert_int_equal(types->groups.items[i].live, live);
        assert_int_equal(types->groups.items[i].live_bytes, bytes);
    }
    for (size_t i = ALLOCS_FIRST; i < sizes->groups.count; i++) {
        uint64_t live = 0;
        for (unsigned k = 0; k < PLACES; k++)
            live += objects[k].alive &&
                    allocs_size_class(objects[k].size) == sizes->groups.items[i].size_end;
        assert_int_equal(sizes->groups.items[i].kept, live);
    }
}

static void test_chance_against_the_twin(void **state)
{
    (void)state;
    struct allocs *lines = make(ALLOCS_LINE), *functions = make(ALLOCS_FUNCTION),
                  *types = make(ALLOCS_TYPE), *sizes = make(ALLOCS_SIZE);
    struct allocs *all[] = {lines, functions, types, sizes};
    memset(objects, 0, sizeof objects);
    memset(sums, 0, sizeof sums);
    for (unsigned step = 0; step < STEPS; step++) {
        struct trace_event event = {.time_ns = (uint64_t)step * step};
        twin_step(&event);
        twin_add_up();
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            feed(all[i], event);
            assert_true(allocs_check(all[i]));
        }
        if (step % 16 == 0) {
            compare_lines(lines);
            compare_kinds(types, sizes);
        }
    }
    assert_int_equal(lines->groups.count, ALLOCS_FIRST + (CODES - 1) * SITES / 2);
    assert_int_equal(functions->groups.count, ALLOCS_FIRST + CODES - 1);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        allocs_destroy(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_of_a_line),
        cmocka_unit_test(test_baseline_is_live_and_not_allocated),
        cmocka_unit_test(test_later_baseline_supplies_what_is_missing),
        cmocka_unit_test(test_size_classes),
        cmocka_unit_test(test_growing_objects_move_to_another_class),
        cmocka_unit_test(test_sample_of_another_type),
        cmocka_unit_test(test_window_begins_later),
        cmocka_unit_test(test_window_without_events),
        cmocka_unit_test(test_stacks_are_told_apart_by_lines),
        cmocka_unit_test(test_too_many_groups_become_one),
        cmocka_unit_test(test_strip_of_a_ramp),
        cmocka_unit_test(test_chance_against_the_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
