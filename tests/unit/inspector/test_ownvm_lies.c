// A brille-python whose memory lies, in the few words that decide how much is read and from where:
// a heap of 64 KiB in an invented layout, damaged in one place at a time.
#include "inspector/target/ownvm/ownvm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    MEMORY_BYTES = 64 * 1024,
    BASE = 0x10000000,
    HEAP = BASE + 0x1000,
    GC = BASE + 0x2000,
    TYPE = BASE + 0x3000,
    FIELDS = BASE + 0x4000,
    BLOCKS = BASE + 0x8000,
    BUDGET = 1000,
};

struct fixture {
    unsigned char bytes[MEMORY_BYTES];
    struct mem_source *source;
    struct snapshot_builder *builder;
    struct vm_table table;
    struct vm vm;
};

static void put(struct fixture *f, uint64_t address, uint64_t value)
{
    memcpy(f->bytes + (address - BASE), &value, sizeof value);
}

static void put_half(struct fixture *f, uint64_t address, uint32_t value)
{
    memcpy(f->bytes + (address - BASE), &value, sizeof value);
}

static void choose_layout(struct introspect *t)
{
    t->size_of_object = t->size_of_var = 16;
    t->object_type = 8;
    t->size_of_type = 256;
    t->type_name = 24;
    t->type_basicsize = 32;
    t->type_itemsize = 36;
    t->type_flags = 40;
    t->type_field_count = 44;
    t->type_fields = 48;
    t->type_super = 56;
    t->flag_heap = 1;
    t->size_of_field = 24;
    t->field_offset = 8;
    t->address_heap = HEAP;
    t->size_of_heap = 64;
    t->heap_large = 16;
    t->heap_large_count = 24;
    t->size_of_large = 32;
    t->large_next = 8;
    t->pool_kind_count = 4;
    t->address_gc = GC;
    t->gc_young = 16;
    t->gc_young_owned = 64;
    t->size_of_gc_head = 16;
    t->size_of_runtime = 64;
    t->address_runtime = BASE + 0x5000;
    t->arena_bytes = t->pool_bytes = 4096;
}

static struct fixture *start(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_null(mem_buffer_create(&f->source));
    assert_null(mem_buffer_add(f->source, remote_at(BASE), f->bytes, sizeof f->bytes));
    assert_null(snapshot_builder_create(&f->builder));
    choose_layout(&f->table.rows);
    assert_null(vm_init(&f->vm, f->builder, &f->table, f->source));
    f->vm.budget = BUDGET;
    // A type with one field.
    put_half(f, TYPE + 32, 64);
    put_half(f, TYPE + 44, 1);
    put(f, TYPE + 48, FIELDS);
    put_half(f, FIELDS + 8, 24);
    return f;
}

static void end(struct fixture *f)
{
    vm_deinit(&f->vm);
    snapshot_builder_destroy(f->builder);
    mem_source_destroy(f->source);
    free(f);
}

static void test_fields_lie_inside_their_object(void **state)
{
    (void)state;
    static const struct {
        uint32_t offset;
        bool good;
    } cases[] = {
        {16, true},          {24, true},          {56, true},          {8, false},
        {20, false},         {57, false},         {64, false},         {0x7ffffff8, false},
        {0xfffffff0, false}, {0xfffffff8, false}, {0xffffffff, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture *f = start();
        put_half(f, FIELDS + 8, cases[i].offset);
        assert_int_equal(vm_type_get(&f->vm, TYPE) != NULL, cases[i].good);
        end(f);
    }
}

static void test_classes_above_themselves_are_no_class(void **state)
{
    (void)state;
    struct fixture *f = start();
    put_half(f, TYPE + 40, 1); // of the heap: the search goes on in its super class
    put(f, TYPE + 56, TYPE);
    assert_null(vm_type_get(&f->vm, TYPE));
    end(f);
}

static void test_a_ring_of_large_blocks_ends(void **state)
{
    (void)state;
    struct fixture *f = start();
    put(f, HEAP + 16, BLOCKS);
    put(f, HEAP + 24, UINT64_MAX); // as many as one likes
    put(f, BLOCKS + 8, BLOCKS + 64);
    put(f, BLOCKS + 64 + 8, BLOCKS);
    vm_walk_heap(&f->vm);
    assert_true(f->vm.damage_count > 0);
    assert_int_equal(f->vm.budget, 0);
    end(f);
}

static void test_a_ring_of_weak_references_ends(void **state)
{
    (void)state;
    struct fixture *f = start();
    put_half(f, GC + 64, 1);
    put(f, GC + 16, BLOCKS);
    put(f, BLOCKS, BLOCKS); // never back at the head
    vm_add_roots(&f->vm);
    assert_true(f->vm.damage_count > 0);
    assert_int_equal(f->vm.budget, 0);
    end(f);
}

// Lists of the collector: all empty, but for the permanent generation's.
static void choose_lists(struct fixture *f, uint64_t first)
{
    f->vm.t.gc_permanent = 32;
    f->vm.t.heap_arena_count = 32;
    put(f, GC, GC);
    put(f, GC + 16, GC + 16);
    put(f, GC + 32, first);
    put(f, first, GC + 32);
    f->vm.pool_base = BLOCKS;
}

static void test_arenas_need_not_be_whole_words(void **state)
{
    (void)state;
    struct fixture *f = start();
    const uint64_t last = BLOCKS + 8192;
    choose_lists(f, last - 16);
    f->vm.t.arena_bytes = 8192 + 16;
    put(f, HEAP + 32, 1);
    assert_null(vm_generations_read(&f->vm));
    assert_int_equal(f->vm.damage_count, 0);
    assert_int_equal(vm_generation_of(&f->vm, last), GENERATION_PERMANENT);
    assert_int_equal(vm_generation_of(&f->vm, last - 16), GENERATION_NONE);
    end(f);
}

static size_t pages_in_use(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu", &pages), 1);
    fclose(file);
    return pages;
}

static void test_room_for_arenas_that_are_not_there_is_bounded(void **state)
{
    (void)state;
    const uint32_t sizes[] = {1u << 20, 1u << 30};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct fixture *f = start();
        choose_lists(f, BLOCKS + 16);
        f->vm.t.arena_bytes = sizes[i];
        put(f, HEAP + 32, 1 << 18); // 8 GiB and 8 TiB of array, a byte for each 32 bytes
        const size_t before = pages_in_use();
        assert_null(vm_generations_read(&f->vm));
        assert_true(pages_in_use() - before < (UINT64_C(1) << 30) / 4096);
        assert_int_equal(vm_generation_of(&f->vm, BLOCKS + 32), GENERATION_PERMANENT);
        end(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_lie_inside_their_object),
        cmocka_unit_test(test_classes_above_themselves_are_no_class),
        cmocka_unit_test(test_a_ring_of_large_blocks_ends),
        cmocka_unit_test(test_a_ring_of_weak_references_ends),
        cmocka_unit_test(test_arenas_need_not_be_whole_words),
        cmocka_unit_test(test_room_for_arenas_that_are_not_there_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
