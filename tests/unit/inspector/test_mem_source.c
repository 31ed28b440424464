// Memory sources: the in-memory twin, layers, the live process.
#include "inspector/proc/mem_source.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct mem_source *buffer(void)
{
    static const char low[] = "abcdefgh", high[] = "ijkl";
    struct mem_source *mem;
    assert_null(mem_buffer_create(&mem));
    assert_null(mem_buffer_add(mem, remote_at(0x2008), high, 4));
    assert_null(mem_buffer_add(mem, remote_at(0x2000), low, 8));
    assert_null(mem_buffer_add(mem, remote_at(0x3000), NULL, 16));
    return mem;
}

static void test_buffer_reads_across_ranges_and_stops_at_holes(void **state)
{
    (void)state;
    _cleanup_mem_source_ struct mem_source *mem = buffer();
    char text[32] = {0};
    assert_null(mem_read(mem, remote_at(0x2004), text, 8));
    assert_string_equal(text, "efghijkl");
    assert_int_equal(mem_read_some(mem, remote_at(0x2004), text, 32), 8);
    assert_int_equal(mem_read_some(mem, remote_at(0x1fff), text, 4), 0);
    assert_int_equal(mem_read_some(mem, remote_at(0x200c), text, 4), 0);
    uint64_t zero = 1;
    assert_null(mem_read_u64(mem, remote_at(0x3008), &zero));
    assert_int_equal(zero, 0);
    assert_true(mem->frozen);
    assert_int_equal(mem->size_bytes, 28);
}

static void test_failed_read_names_the_first_missing_byte(void **state)
{
    (void)state;
    _cleanup_mem_source_ struct mem_source *mem = buffer();
    uint64_t value = 42;
    _cleanup_error_ struct error *err = mem_read_u64(mem, remote_at(0x2006), &value);
    assert_int_equal(err->code, ERROR_FAULT);
    assert_int_equal(err->address.addr, 0x200c);
    assert_int_equal(value, 42);
    error_destroy(err);
    err = mem_read_u64(mem, remote_at(UINT64_MAX - 3), &value);
    assert_int_equal(err->code, ERROR_FAULT);
}

static void test_overlapping_ranges_are_refused(void **state)
{
    (void)state;
    _cleanup_mem_source_ struct mem_source *mem = buffer();
    static const uint64_t bounds[][2] = {
        {0x2000, 1}, {0x1fff, 2}, {0x200b, 8}, {0x1000, 0x2000}, {UINT64_MAX - 2, 8}};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        struct error *err = mem_buffer_add(mem, remote_at(bounds[i][0]), NULL, bounds[i][1]);
        assert_non_null(err);
        error_destroy(err);
    }
}

static void test_strings_end_where_memory_ends(void **state)
{
    (void)state;
    _cleanup_mem_source_ struct mem_source *mem = buffer();
    char text[16];
    bool truncated;
    assert_null(mem_read_string(mem, remote_at(0x2006), text, sizeof text, &truncated));
    assert_string_equal(text, "ghijkl");
    assert_true(truncated);
    assert_null(mem_read_string(mem, remote_at(0x2000), text, 4, &truncated));
    assert_string_equal(text, "abc");
    assert_true(truncated);
    assert_null(mem_read_string(mem, remote_at(0x3000), text, sizeof text, &truncated));
    assert_string_equal(text, "");
    assert_false(truncated);
    _cleanup_error_ struct error *err =
        mem_read_string(mem, remote_at(0x5000), text, sizeof text, NULL);
    assert_non_null(err);
}

static void test_layers_fill_each_others_holes(void **state)
{
    (void)state;
    static const char under[] = "0123456789abcdef0123456789abcdef";
    struct mem_source *lower, *upper = buffer();
    assert_null(mem_buffer_create(&lower));
    assert_null(mem_buffer_add(lower, remote_at(0x1ffc), under, 32));
    _cleanup_mem_source_ struct mem_source *mem = NULL;
    assert_null(mem_layers_create(upper, lower, &mem));
    char text[33] = {0};
    assert_null(mem_read(mem, remote_at(0x1ffc), text, 32));
    assert_string_equal(text, "0123abcdefghijkl0123456789abcdef");
}

static void test_live_process(void **state)
{
    (void)state;
    _cleanup_mem_source_ struct mem_source *mem = NULL;
    assert_null(mem_live_create(getpid(), &mem));
    static volatile uint64_t word = 0x1122334455667788;
    uint64_t value = 0;
    assert_null(mem_read_u64(mem, remote_at((uintptr_t)&word), &value));
    assert_int_equal(value, word);
    // The end of a mapping: what is there, is read.
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(page + 4096, 4096);
    char bytes[16];
    assert_int_equal(mem_read_some(mem, remote_at((uintptr_t)page + 4090), bytes, 16), 6);
    assert_int_equal(mem_read_some(mem, remote_at(UINT64_C(1) << 63), bytes, 16), 0);
    munmap(page, 4096);
}

static void test_process_that_ended(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    _cleanup_mem_source_ struct mem_source *mem = NULL;
    assert_null(mem_live_create(pid, &mem));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    uint64_t value;
    _cleanup_error_ struct error *err = mem_read_u64(mem, remote_at((uintptr_t)&value), &value);
    assert_int_equal(err->code, ERROR_GONE);
    struct mem_source *none = NULL;
    _cleanup_error_ struct error *second = mem_live_create(pid, &none);
    assert_int_equal(second->code, ERROR_GONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffer_reads_across_ranges_and_stops_at_holes),
        cmocka_unit_test(test_failed_read_names_the_first_missing_byte),
        cmocka_unit_test(test_overlapping_ranges_are_refused),
        cmocka_unit_test(test_strings_end_where_memory_ends),
        cmocka_unit_test(test_layers_fill_each_others_holes),
        cmocka_unit_test(test_live_process),
        cmocka_unit_test(test_process_that_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
