// See count_write.h. Only forms that write to memory are known here, and of these only what is used
// for counts; anything else is not known.
#include "inspector/proc/count_write.h"

#include <stddef.h>
#include <string.h>

enum { REX_B = 1, REX_X = 2, REX_R = 4 };

struct operands {
    const unsigned char *at, *end;
    unsigned rex;
    unsigned reg;     // the register, or what says more about the operation
    uint64_t address; // of the memory operand
    bool relative;    // to the next instruction: address lacks it
};

static uint64_t value_of(const struct user_regs_struct *r, unsigned number)
{
    const uint64_t values[16] = {r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
                                 r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15};
    return values[number & 15];
}

static bool take_signed(struct operands *o, size_t bytes, int64_t *ret)
{
    int8_t small;
    int32_t large;
    if ((size_t)(o->end - o->at) < bytes)
        return false;
    if (bytes == 1) {
        memcpy(&small, o->at, sizeof small);
        *ret = small;
    } else {
        memcpy(&large, o->at, sizeof large);
        *ret = large;
    }
    o->at += bytes;
    return true;
}

// The scaled part of an address, and its base; false when there is no base register.
static bool take_scaled(struct operands *o, const struct user_regs_struct *r, unsigned mode,
                        bool *no_base)
{
    if (o->at >= o->end)
        return false;
    const unsigned sib = *o->at++;
    const unsigned index = (sib >> 3 & 7) | (o->rex & REX_X ? 8 : 0);
    *no_base = (sib & 7) == 5 && mode == 0;
    if (index != 4)
        o->address += value_of(r, index) << (sib >> 6);
    if (!*no_base)
        o->address += value_of(r, (sib & 7) | (o->rex & REX_B ? 8u : 0u));
    return true;
}

static bool take_operands(struct operands *o, const struct user_regs_struct *r)
{
    int64_t displacement = 0;
    bool no_base = false;
    if (o->at >= o->end)
        return false;
    const unsigned modrm = *o->at++, mode = modrm >> 6, rm = modrm & 7;
    if (mode == 3)
        return false;
    o->reg = (modrm >> 3 & 7) | (o->rex & REX_R ? 8u : 0u);
    o->relative = mode == 0 && rm == 5;
    if (rm == 4) {
        if (!take_scaled(o, r, mode, &no_base))
            return false;
    } else if (!o->relative) {
        o->address += value_of(r, rm | (o->rex & REX_B ? 8u : 0u));
    }
    const size_t bytes = mode == 1 ? 1 : mode == 2 || o->relative || no_base ? 4 : 0;
    if (bytes && !take_signed(o, bytes, &displacement))
        return false;
    o->address += (uint64_t)displacement;
    return true;
}

static void say_delta(struct count_write *w, int64_t delta, uint32_t before)
{
    *w = (struct count_write){
        .known = true, .delta = (int32_t)delta, .count = before + (uint32_t)(int32_t)delta};
}

static void say_count(struct count_write *w, uint64_t count, uint32_t before)
{
    *w = (struct count_write){.known = true,
                              .absolute = true,
                              .delta = (int32_t)((uint32_t)count - before),
                              .count = (uint32_t)count};
}

// The operation, its operands being known; false when it is none that is known here.
static bool apply(struct operands *o, unsigned opcode, const struct user_regs_struct *r,
                  uint32_t before, struct count_write *w)
{
    int64_t immediate = 0;
    const uint64_t value = value_of(r, o->reg);
    const unsigned digit = o->reg & 7;
    switch (opcode) {
    case 0x01: // add r, m
        say_delta(w, (int64_t)value, before);
        return true;
    case 0x29: // sub r, m
        say_delta(w, -(int64_t)value, before);
        return true;
    case 0x89: // mov r, m
        say_count(w, value, before);
        return true;
    case 0x81: // add, sub imm32, m
    case 0x83: // add, sub imm8, m
        if (!take_signed(o, opcode == 0x81 ? 4 : 1, &immediate) || (digit != 0 && digit != 5))
            return false;
        say_delta(w, digit ? -immediate : immediate, before);
        return true;
    case 0xc7: // mov imm32, m
        if (digit != 0 || !take_signed(o, 4, &immediate))
            return false;
        say_count(w, (uint64_t)immediate, before);
        return true;
    case 0xff: // inc m, dec m
        if (digit > 1)
            return false;
        say_delta(w, digit ? -1 : 1, before);
        return true;
    default:
        return false;
    }
}

static bool decode_at(const unsigned char *at, const unsigned char *end,
                      const struct user_regs_struct *r, uint64_t address, uint32_t before,
                      struct count_write *w)
{
    struct operands o = {.at = at, .end = end};
    if (*o.at == 0xf0) // lock
        o.at++;
    if (o.at < end && *o.at >> 4 == 4)
        o.rex = *o.at++;
    if (o.at >= end)
        return false;
    const unsigned opcode = *o.at++;
    if (!take_operands(&o, r) || !apply(&o, opcode, r, before, w) || o.at != end)
        return false;
    return o.address + (o.relative ? r->rip : 0) == address;
}

void count_write_decode(const unsigned char code[COUNT_WRITE_BYTES],
                        const struct user_regs_struct *registers, uint64_t address, uint32_t before,
                        struct count_write *ret)
{
    const unsigned char *end = code + COUNT_WRITE_BYTES;
    *ret = (struct count_write){0};
    // The longest is right, unless the end of the instruction before looks like a prefix of it:
    // a count goes up or down by one.
    for (const unsigned char *at = code; end - at >= 2; at++) {
        struct count_write found = {0};
        if (!decode_at(at, end, registers, address, before, &found))
            continue;
        if (!ret->known)
            *ret = found;
        if (found.delta == 1 || found.delta == -1) {
            *ret = found;
            return;
        }
    }
}
