// Samples change hands: from a sampler to whoever reads them, each with one owner. The source is
// included, because no kernel need permit samples here.
#include "inspector/proc/perf.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { SAMPLES = 20, STACK = 64 };

// In the place of vec.c's: memory ends at so many elements.
static size_t room;

struct error *vec_grow(void **items, size_t *capacity, size_t needed, size_t element_bytes)
{
    if (needed <= *capacity)
        return NULL;
    void *moved = needed > room ? NULL : realloc(*items, room * element_bytes);
    if (!moved)
        return &error_no_memory;
    *items = moved;
    *capacity = room;
    return NULL;
}

static void fill(struct perf_sampler *s)
{
    room = SAMPLES;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        struct perf_sample sample = {.time_ns = SAMPLES - i, .stack = malloc(STACK)};
        assert_non_null(sample.stack);
        assert_null(perf_sample_vec_push(&s->waiting, sample));
    }
}

static void test_samples_have_one_owner_when_memory_ends(void **state)
{
    (void)state;
    struct perf_sampler sampler = {0};
    struct perf_sample_vec samples = {0};
    fill(&sampler);
    room = SAMPLES / 2;
    assert_ptr_equal(perf_sampler_read(&sampler, true, &samples), &error_no_memory);
    assert_int_equal(sampler.waiting.count + samples.count, SAMPLES);
    room = SAMPLES;
    assert_null(perf_sampler_read(&sampler, true, &samples));
    assert_int_equal(sampler.waiting.count, 0);
    assert_int_equal(samples.count, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++)
        assert_int_equal(samples.items[i].time_ns, i + 1);
    perf_samples_clear(&samples);
    perf_sample_vec_deinit(&samples);
    perf_sample_vec_deinit(&sampler.waiting);
}

static void test_what_may_be_out_of_order_waits(void **state)
{
    (void)state;
    struct perf_sampler sampler = {0};
    struct perf_sample_vec samples = {0};
    fill(&sampler);
    sampler.waiting.items[0].time_ns = clock_now_ns() + CLOCK_NS_PER_S;
    assert_null(perf_sampler_read(&sampler, false, &samples));
    assert_int_equal(samples.count, SAMPLES - 1);
    assert_int_equal(sampler.waiting.count, 1);
    perf_samples_clear(&samples);
    perf_samples_clear(&sampler.waiting);
    perf_sample_vec_deinit(&samples);
    perf_sample_vec_deinit(&sampler.waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_have_one_owner_when_memory_ends),
        cmocka_unit_test(test_what_may_be_out_of_order_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
