// The chunk cache over the memory of a captured interpreter: a source that counts what is fetched,
// holes, ranges that end in the middle of a chunk, and too little room.
#include "inspector/target/ownvm/vmem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAPPED_PAGES = 160, MAPPED_BYTES = MAPPED_PAGES * VMEM_PAGE_BYTES };
static const uint64_t base = 0x7f0000040000; // of a chunk

// Byte i of the mapping is derived from i, so that a byte from a wrong place is not the right one.
static unsigned char byte_at(uint64_t offset)
{
    return (unsigned char)(offset * 7 + (offset >> 12));
}

struct counting {
    struct mem_source source;
    uint64_t hole_begin, hole_end; // offsets
    size_t calls, bytes;
};

static size_t counting_read(struct mem_source *source, uint64_t address, void *buffer,
                            size_t length)
{
    struct counting *self = (struct counting *)source;
    self->calls++;
    size_t done = 0;
    for (; done < length; done++) {
        const uint64_t offset = address + done - base;
        if (offset >= MAPPED_BYTES || (offset >= self->hole_begin && offset < self->hole_end))
            break;
        ((unsigned char *)buffer)[done] = byte_at(offset);
    }
    self->bytes += done;
    return done;
}

static const struct mem_source_ops counting_ops = {.read = counting_read};

static void start(struct vmem *vmem, struct counting *counting)
{
    *counting = (struct counting){.source = {.ops = &counting_ops}};
    assert_null(vmem_init(vmem, &counting->source));
}

static void assert_bytes(const unsigned char *bytes, uint64_t offset, size_t length)
{
    for (size_t i = 0; i < length; i++)
        assert_int_equal(bytes[i], byte_at(offset + i));
}

static void assert_reads(struct vmem *vmem, uint64_t offset, size_t length)
{
    unsigned char *bytes = malloc(length);
    assert_true(vmem_read(vmem, base + offset, bytes, length));
    assert_bytes(bytes, offset, length);
    free(bytes);
}

static void test_reads_of_all_lengths_everywhere(void **state)
{
    (void)state;
    struct vmem vmem;
    struct counting counting;
    start(&vmem, &counting);
    srand(1);
    for (int i = 0; i < 2000; i++) {
        const uint64_t offset = (uint64_t)rand() % MAPPED_BYTES;
        const size_t most = MAPPED_BYTES - offset;
        assert_reads(&vmem, offset, 1 + (size_t)rand() % (most < 200000 ? most : 200000));
    }
    assert_true(vmem_read(&vmem, base, NULL, 0));
    // Nothing is fetched twice, but for what lies between what was missing.
    assert_in_range(counting.bytes, MAPPED_BYTES, 2 * MAPPED_BYTES);
    vmem_deinit(&vmem);
}

static void test_where_everything_is_read_whole_chunks_come(void **state)
{
    (void)state;
    struct vmem vmem;
    struct counting counting;
    start(&vmem, &counting);
    vmem_set_dense(&vmem, base, 2 * VMEM_CHUNK_BYTES);
    assert_reads(&vmem, 5 * VMEM_PAGE_BYTES, 8);
    assert_int_equal(counting.bytes, VMEM_CHUNK_BYTES);
    assert_reads(&vmem, 0, VMEM_CHUNK_BYTES);
    assert_int_equal(counting.calls, 1);
    // Elsewhere a page, and then the rest for who reads on.
    counting.bytes = 0;
    assert_reads(&vmem, 2 * VMEM_CHUNK_BYTES + 100, 8);
    assert_int_equal(counting.bytes, VMEM_PAGE_BYTES);
    assert_reads(&vmem, 2 * VMEM_CHUNK_BYTES + VMEM_PAGE_BYTES, 8);
    assert_int_equal(counting.bytes, VMEM_CHUNK_BYTES);
    vmem_deinit(&vmem);
}

static void test_holes_are_not_read_and_not_asked_for_again(void **state)
{
    (void)state;
    struct vmem vmem;
    struct counting counting;
    unsigned char bytes[64];
    start(&vmem, &counting);
    counting.hole_begin = 3 * VMEM_PAGE_BYTES;
    counting.hole_end = 5 * VMEM_PAGE_BYTES;
    vmem_set_dense(&vmem, base, MAPPED_BYTES);
    assert_reads(&vmem, 2 * VMEM_PAGE_BYTES, VMEM_PAGE_BYTES);
    assert_reads(&vmem, 5 * VMEM_PAGE_BYTES, VMEM_PAGE_BYTES);
    const size_t calls = counting.calls;
    assert_false(vmem_read(&vmem, base + 3 * VMEM_PAGE_BYTES - 1, bytes, 2));
    assert_false(vmem_read(&vmem, base + 4 * VMEM_PAGE_BYTES, bytes, 1));
    assert_false(vmem_read(&vmem, base + 5 * VMEM_PAGE_BYTES - 1, bytes, 2));
    assert_int_equal(counting.calls, calls);
    // The end of the mapping, and addresses where nothing can be.
    assert_reads(&vmem, MAPPED_BYTES - 8, 8);
    assert_false(vmem_read(&vmem, base + MAPPED_BYTES - 8, bytes, 9));
    assert_false(vmem_read(&vmem, 0, bytes, 8));
    assert_false(vmem_read(&vmem, UINT64_MAX - 3, bytes, 8));
    assert_false(vmem_read(&vmem, UINT64_C(1) << 47, bytes, 8));
    assert_false(vmem_read(&vmem, (UINT64_C(1) << 47) - 4, bytes, 8));
    vmem_deinit(&vmem);
}

static void test_what_is_not_mapped_costs_nothing(void **state)
{
    (void)state;
    static const char text[] = "7f0000042000-7f0000044000 r--p 00000000 00:00 0\n"
                               "7f0000044000-7f0000060000 ---p 00000000 00:00 0\n";
    struct vmem vmem;
    struct counting counting;
    struct maps maps;
    uint64_t word;
    start(&vmem, &counting);
    maps_init(&maps);
    assert_null(maps_parse(&maps, text, sizeof text - 1));
    vmem_set_maps(&vmem, &maps);
    assert_true(vmem_is_mapped(&vmem, base + 2 * VMEM_PAGE_BYTES));
    assert_false(vmem_is_mapped(&vmem, base + 4 * VMEM_PAGE_BYTES));
    assert_false(vmem_u64(&vmem, base, &word));
    assert_false(vmem_u64(&vmem, base + 4 * VMEM_PAGE_BYTES, &word));
    assert_false(vmem_u64(&vmem, 0x123456789a8, &word));
    assert_int_equal(counting.calls, 0);
    assert_int_equal(vmem.count, 0);
    assert_reads(&vmem, 2 * VMEM_PAGE_BYTES, 2 * VMEM_PAGE_BYTES);
    vmem_deinit(&vmem);
    maps_deinit(&maps);
}

static void test_pointers_lie_in_one_chunk(void **state)
{
    (void)state;
    struct vmem vmem;
    struct counting counting;
    start(&vmem, &counting);
    assert_null(vmem_peek(&vmem, base, 8));
    assert_bytes(vmem_at(&vmem, base + 4090, 12), 4090, 12);
    assert_non_null(vmem_peek(&vmem, base, 8));
    assert_null(vmem_at(&vmem, base + VMEM_CHUNK_BYTES - 4, 8));
    assert_reads(&vmem, VMEM_CHUNK_BYTES - 4, 8);
    vmem_deinit(&vmem);
}

static void test_the_oldest_leave_when_there_is_no_room(void **state)
{
    (void)state;
    struct vmem vmem;
    struct counting counting;
    start(&vmem, &counting);
    vmem.limit = 3;
    for (int round = 0; round < 4; round++)
        for (uint64_t offset = 0; offset < MAPPED_BYTES; offset += VMEM_CHUNK_BYTES / 2)
            assert_reads(&vmem, offset, 3 * VMEM_PAGE_BYTES);
    assert_int_equal(vmem.count, 3);
    assert_false(vmem.out_of_memory);
    vmem_deinit(&vmem);
}

static void test_text_ends_where_memory_does(void **state)
{
    (void)state;
    static char words[VMEM_PAGE_BYTES];
    struct mem_source *source;
    struct vmem vmem;
    char text[16];
    memset(words, 'x', sizeof words);
    memcpy(words, "name", 5);
    assert_null(mem_buffer_create(&source));
    assert_null(mem_buffer_add(source, remote_at(base), words, sizeof words));
    assert_null(vmem_init(&vmem, source));
    vmem_text(&vmem, base, text, sizeof text);
    assert_string_equal(text, "name");
    vmem_text(&vmem, base, text, 3);
    assert_string_equal(text, "na");
    vmem_text(&vmem, base + sizeof words - 3, text, sizeof text);
    assert_string_equal(text, "xxx");
    vmem_text(&vmem, base + sizeof words, text, sizeof text);
    assert_string_equal(text, "");
    vmem_deinit(&vmem);
    mem_source_destroy(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_of_all_lengths_everywhere),
        cmocka_unit_test(test_where_everything_is_read_whole_chunks_come),
        cmocka_unit_test(test_holes_are_not_read_and_not_asked_for_again),
        cmocka_unit_test(test_what_is_not_mapped_costs_nothing),
        cmocka_unit_test(test_pointers_lie_in_one_chunk),
        cmocka_unit_test(test_the_oldest_leave_when_there_is_no_room),
        cmocka_unit_test(test_text_ends_where_memory_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
