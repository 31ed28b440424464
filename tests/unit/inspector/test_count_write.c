// What instructions that compilers use for counts of references do to them.
#include "inspector/proc/count_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { OBJECT = 0x7000 };

static struct count_write decode(const char *bytes, size_t length, uint32_t before,
                                 struct user_regs_struct registers)
{
    unsigned char code[COUNT_WRITE_BYTES];
    struct count_write write;
    memset(code, 0x90, sizeof code);
    memcpy(code + sizeof code - length, bytes, length);
    count_write_decode(code, &registers, OBJECT, before, &write);
    return write;
}

#define DECODE(bytes, before, ...) \
    decode(bytes, sizeof(bytes) - 1, before, (struct user_regs_struct){__VA_ARGS__})

static void assert_change(struct count_write write, int delta, uint32_t count)
{
    assert_true(write.known);
    assert_int_equal(write.delta, delta);
    assert_int_equal(write.count, count);
}

static void test_adding_to_memory(void **state)
{
    (void)state;
    assert_change(DECODE("\x48\x83\x00\x01", 5, .rax = OBJECT), 1, 6);        // addq $1,(%rax)
    assert_change(DECODE("\x83\x00\x01", 5, .rax = OBJECT), 1, 6);            // addl $1,(%rax)
    assert_change(DECODE("\x48\x83\x2f\x01", 5, .rdi = OBJECT), -1, 4);       // subq $1,(%rdi)
    assert_change(DECODE("\x48\x83\x00\xff", 5, .rax = OBJECT), -1, 4);       // addq $-1,(%rax)
    assert_change(DECODE("\x49\x83\x04\x24\x01", 5, .r12 = OBJECT), 1, 6);    // addq $1,(%r12)
    assert_change(DECODE("\x48\xff\x43\x10", 5, .rbx = OBJECT - 16), 1, 6);   // incq 16(%rbx)
    assert_change(DECODE("\xff\x0b", 5, .rbx = OBJECT), -1, 4);               // decl (%rbx)
    assert_change(DECODE("\xf0\xff\x03", 5, .rbx = OBJECT), 1, 6);            // lock incl (%rbx)
    assert_change(DECODE("\x48\x01\x08", 5, .rax = OBJECT, .rcx = 7), 7, 12); // addq %rcx,(%rax)
    assert_change(DECODE("\x48\x29\x08", 9, .rax = OBJECT, .rcx = 7), -7, 2); // subq %rcx,(%rax)
    assert_change(DECODE("\x48\x81\x00\x01\x00\x00\x00", 5, .rax = OBJECT), 1, 6);
    assert_change(DECODE("\x83\x05\xf0\xff\xff\xff\x01", 5, .rip = OBJECT + 16), 1, 6); // (%rip)
    assert_change(DECODE("\x83\x44\x8b\x08\x01", 5, .rbx = OBJECT - 16, .rcx = 2), 1, 6);
}

static void test_storing_what_was_computed(void **state)
{
    (void)state;
    struct count_write write =
        DECODE("\x48\x89\x07", 5, .rdi = OBJECT, .rax = 6); // movq %rax,(%rdi)
    assert_change(write, 1, 6);
    assert_true(write.absolute);
    assert_change(DECODE("\x44\x89\x0f", 5, .rdi = OBJECT, .r9 = 4), -1, 4); // movl %r9d,(%rdi)
    assert_change(DECODE("\xc7\x00\x01\x00\x00\x00", 2, .rax = OBJECT), -1, 1);
    // The old value was not what it was believed to be: the new one is true all the same.
    assert_change(DECODE("\x89\x07", 100, .rdi = OBJECT, .rax = 6), -94, 6);
}

static void test_the_end_of_another_instruction_is_no_prefix(void **state)
{
    (void)state;
    // 0x44 belongs to what is before: with it, the register would be %r8d.
    assert_change(DECODE("\x44\x89\x07", 5, .rdi = OBJECT, .rax = 6, .r8 = 77), 1, 6);
}

static void test_what_is_not_known(void **state)
{
    (void)state;
    assert_false(DECODE("\x90\x90", 5, .rax = OBJECT).known);
    assert_false(DECODE("\x48\x83\x00\x01", 5, .rax = OBJECT + 8).known); // another word
    assert_false(DECODE("\xf3\x48\xa5", 5, .rdi = OBJECT + 8).known);     // rep movsq
    assert_false(DECODE("\x48\x83\xc0\x01", 5, .rax = OBJECT).known);     // a register
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adding_to_memory),
        cmocka_unit_test(test_storing_what_was_computed),
        cmocka_unit_test(test_the_end_of_another_instruction_is_no_prefix),
        cmocka_unit_test(test_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
