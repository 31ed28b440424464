// What an instruction that has just written to a word did to it: for the count of references of an
// object, at a hardware watchpoint.
//
// The processor stops behind the instruction, so it is found by going back: of the lengths that it
// may have had, the one is right whose operand, by the registers, is the word. Compilers change
// counts in two ways, by adding to memory and by storing what was computed in a register; the
// first says the difference, the second the new value, which is still in the register.
#ifndef BRILLE_INSPECTOR_PROC_COUNT_WRITE_H
#define BRILLE_INSPECTOR_PROC_COUNT_WRITE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/user.h>

enum { COUNT_WRITE_BYTES = 15 }; // no instruction is longer

struct count_write {
    bool known;
    bool absolute; // `count` is the new value: then `delta` is as good as the old one was
    int32_t delta;
    uint32_t count; // the new value
};

// `code` are the bytes before registers->rip; `before` is what the word is believed to have been.
void count_write_decode(const unsigned char code[COUNT_WRITE_BYTES],
                        const struct user_regs_struct *registers, uint64_t address, uint32_t before,
                        struct count_write *ret);

#endif
