// /proc/PID/maps as text, from the kernel and from an enemy.
#include "inspector/proc/maps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char sample[] =
    "55d0c8a00000-55d0c8a28000 r--p 00000000 fe:01 393463                     /usr/bin/prog\n"
    "55d0c8a28000-55d0c8a90000 r-xp 00028000 fe:01 393463                     /usr/bin/prog\n"
    "55d0c9000000-55d0c9021000 rw-p 00000000 00:00 0                          [heap]\n"
    "7f0000000000-7f0000001000 rw-s 00000000 00:01 77                         /dev/shm/a b "
    "(deleted)\n"
    "7f0000001000-7f0000002000 ---p 00000000 00:00 0 \n"
    "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]\n";

static void test_parse_of_a_typical_process(void **state)
{
    (void)state;
    struct maps maps;
    maps_init(&maps);
    assert_null(maps_parse(&maps, sample, sizeof sample - 1));
    assert_int_equal(maps.list.count, 6);
    const struct map *text = maps_find(&maps, 0x55d0c8a28001);
    assert_non_null(text);
    assert_string_equal(text->path, "/usr/bin/prog");
    assert_true(text->readable && text->executable && !text->writable && !text->shared);
    assert_int_equal(text->offset, 0x28000);
    assert_int_equal(text->inode, 393463);
    assert_int_equal(text->device_major, 0xfe);
    assert_ptr_equal(maps_first_of_file(&maps, text), &maps.list.items[0]);
    const struct map *shared = maps_find(&maps, 0x7f0000000fff);
    assert_true(shared->shared && shared->deleted);
    assert_string_equal(shared->path, "/dev/shm/a b");
    assert_string_equal(maps_find_path(&maps, "[stack]")->path, "[stack]");
    assert_null(maps_find(&maps, 0x55d0c8a90000));
    assert_null(maps_find(&maps, 0));
    assert_null(maps_find(&maps, UINT64_MAX));
    maps_deinit(&maps);
}

static void assert_refused(const char *text)
{
    struct maps maps;
    maps_init(&maps);
    struct error *err = maps_parse(&maps, text, strlen(text));
    assert_non_null(err);
    assert_int_equal(err->code, ERROR_FORMAT);
    error_destroy(err);
    maps_deinit(&maps);
}

static void test_parse_when_the_text_makes_no_sense(void **state)
{
    (void)state;
    assert_refused("hello\n");
    assert_refused("2000-1000 r--p 0 00:00 0\n");
    assert_refused("1000-2000 r--q 0 00:00 0\n");
    assert_refused("1000-2000 r--p 0 00:00\n");
    assert_refused("-2000 r--p 0 00:00 0\n");
    assert_refused("1000-fffffffffffffffff r--p 0 00:00 0\n");
    assert_refused("1000-2000 r--p 0 123456789:00 0\n");
}

static void test_parse_when_lines_overlap(void **state)
{
    (void)state;
    static const char text[] = "1000-3000 rw-p 0 00:00 0\n"
                               "2000-4000 rw-p 5000 00:00 0\n"
                               "2000-3000 rw-p 0 00:00 0\n";
    struct maps maps;
    maps_init(&maps);
    assert_null(maps_parse(&maps, text, sizeof text - 1));
    assert_int_equal(maps.list.count, 2);
    assert_int_equal(maps.list.items[1].begin, 0x3000);
    assert_int_equal(maps.list.items[1].offset, 0x6000);
    maps_deinit(&maps);
}

static void test_every_damaged_byte_is_survived(void **state)
{
    (void)state;
    char text[sizeof sample];
    for (size_t at = 0; at < sizeof sample - 1; at++) {
        for (int damage = 1; damage < 256; damage += 37) {
            memcpy(text, sample, sizeof sample);
            text[at] = (char)(text[at] ^ damage);
            struct maps maps;
            maps_init(&maps);
            error_destroy(maps_parse(&maps, text, sizeof sample - 1));
            for (size_t i = 1; i < maps.list.count; i++)
                assert_true(maps.list.items[i - 1].end <= maps.list.items[i].begin);
            maps_deinit(&maps);
        }
    }
}

static void test_read_of_this_process(void **state)
{
    (void)state;
    struct maps maps;
    maps_init(&maps);
    assert_null(maps_read(&maps, getpid()));
    const struct map *stack = maps_find(&maps, (uintptr_t)&maps);
    assert_string_equal(stack->path, "[stack]");
    assert_true(maps_find(&maps, (uintptr_t)maps_read)->executable);
    maps_deinit(&maps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_of_a_typical_process),
        cmocka_unit_test(test_parse_when_the_text_makes_no_sense),
        cmocka_unit_test(test_parse_when_lines_overlap),
        cmocka_unit_test(test_every_damaged_byte_is_survived),
        cmocka_unit_test(test_read_of_this_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
