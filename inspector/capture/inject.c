#include "inspector/capture/inject.h"

#include "inspector/base/clock.h"
#include "inspector/capture/fault.h"
#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    RED_ZONE_BYTES = 128,
    XSTATE_LIMIT = 16384,
    XSTATE_ROOM_FOR_MAGIC = 64, // the kernel wants whole 8-byte words
    // Below a thread's frames there must be this much more of the same mapping: a stack that is
    // nearly full is left alone.
    STACK_MARGIN_BYTES = 8192,
    // A clone of a large heap without huge pages takes 30 ms a GiB.
    CALL_TIMEOUT_S = 60,
    CODE_LIMIT = 256 * 1024 * 1024,
    CODE_CHUNK = 1024 * 1024,
    RSEQ_CS_OFFSET = 8,       // in struct rseq
    USER_CODE_SEGMENT = 0x33, // 64-bit user code; 0x23 is a 32-bit program
};

// ---- what the kernel reads back in rt_sigreturn (arch/x86, signal frame ABI) ----

struct frame_context {
    uint64_t flags;
    uint64_t link;
    uint64_t altstack_sp;
    uint32_t altstack_flags;
    uint32_t padding;
    uint64_t altstack_size;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error, trap, old_mask, fault_address;
    uint64_t xstate; // address of the floating-point state, 0 for the initial one
    uint64_t reserved[8];
    uint64_t signal_mask;
};

struct frame {
    uint64_t return_address; // SIGRETURN
    struct frame_context context;
    uint64_t padding;
};

_Static_assert(offsetof(struct frame_context, r8) == 40, "general registers follow the stack_t");
_Static_assert(offsetof(struct frame_context, signal_mask) == 296, "mask follows 256 of context");
_Static_assert(sizeof(struct frame) % 64 == 0, "frames keep what follows aligned");

enum {
    FRAME_HAS_XSTATE = 1,
    FRAME_HAS_SS = 2,
    FRAME_STRICT_SS = 4,
    // sigreturn also sets the alternate signal stack. There is no way to read the thread's own, and
    // a mode that the kernel refuses leaves it as it is.
    ALTSTACK_UNCHANGED = 0x7777,
    NOBODY = 0x7fffffff, // a process id that cannot exist
};

// Offsets inside the FXSAVE area, and magic words by which the kernel knows an extended state.
enum {
    XSTATE_SOFTWARE_OFFSET = 464,
    XSTATE_HEADER_OFFSET = 512,
    XSTATE_MINIMUM = 576,
    XSTATE_DYNAMIC_BITS = 3 << 17, // AMX tiles: only present when a thread asked for them
};
static const uint32_t xstate_magic_begin = 0x46505853;
static const uint32_t xstate_magic_end = 0x46505845;

struct xstate_software {
    uint32_t magic;
    uint32_t extended_size;
    uint64_t features;
    uint32_t size;
    uint32_t padding[7];
};

// The prepared program, as it stands in the target's memory from `base` on.
struct program {
    struct frame wait;
    struct frame back;
    struct frame child;
    unsigned char xstate[XSTATE_LIMIT] __attribute__((aligned(64)));
};

// One injection in progress.
struct injection {
    const struct inject_target *target;
    pid_t tid;
    struct user_regs_struct own; // the thread's registers, to be put back
    uint64_t own_mask;
    uint64_t rseq_cs_at, rseq_cs; // see thread_sequence; 0: it is in none
    uint64_t base;                // where the program stands
    size_t size_bytes;            // of the part that is used
    struct program *program;
    unsigned char *saved; // what was in its place
};

static void injection_deinit(struct injection *injection)
{
    free(injection->program);
    free(injection->saved);
}

// ---- memory of the target ----

static bool target_pread(int fd, uint64_t address, void *buffer, size_t length)
{
    return pread(fd, buffer, length, (off_t)address) == (ssize_t)length;
}

static bool target_pwrite(int fd, uint64_t address, const void *buffer, size_t length)
{
    return pwrite(fd, buffer, length, (off_t)address) == (ssize_t)length;
}

// ---- sites ----

static const unsigned char code_syscall_ret[] = {0x0f, 0x05, 0xc3};
// mov $15,%rax; syscall - and the shorter mov $15,%eax; syscall
static const unsigned char code_sigreturn[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
static const unsigned char code_sigreturn_short[] = {0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};
enum { CODE_OVERLAP = sizeof code_sigreturn };

static void code_search(const unsigned char *code, size_t length, uint64_t address,
                        struct inject_sites *sites)
{
    const unsigned char *found;
    if (!sites->syscall_ret.addr &&
        (found = memmem(code, length, code_syscall_ret, sizeof code_syscall_ret)))
        sites->syscall_ret = remote_at(address + (uint64_t)(found - code));
    if (!sites->sigreturn.addr &&
        ((found = memmem(code, length, code_sigreturn, sizeof code_sigreturn)) ||
         (found = memmem(code, length, code_sigreturn_short, sizeof code_sigreturn_short))))
        sites->sigreturn = remote_at(address + (uint64_t)(found - code));
}

static bool sites_complete(const struct inject_sites *sites)
{
    return sites->syscall_ret.addr && sites->sigreturn.addr;
}

static void code_search_map(const struct map *map, int mem_fd, unsigned char *chunk,
                            struct inject_sites *sites)
{
    uint64_t end = map->end - map->begin > CODE_LIMIT ? map->begin + CODE_LIMIT : map->end;
    for (uint64_t at = map->begin; at < end && !sites_complete(sites); at += CODE_CHUNK) {
        size_t length =
            end - at < CODE_CHUNK + CODE_OVERLAP ? (size_t)(end - at) : CODE_CHUNK + CODE_OVERLAP;
        ssize_t got = pread(mem_fd, chunk, length, (off_t)at);
        if (got > 0)
            code_search(chunk, (size_t)got, at, sites);
    }
}

// The C library has both and is searched first; a static program has them in its own text.
struct error *inject_find_sites(const struct maps *maps, int mem_fd, struct inject_sites *ret)
{
    _cleanup_free_ unsigned char *chunk = malloc(CODE_CHUNK + CODE_OVERLAP);
    if (!chunk)
        return &error_no_memory;
    struct inject_sites sites = {0};
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < maps->list.count && !sites_complete(&sites); i++) {
            const struct map *map = &maps->list.items[i];
            bool is_libc = strstr(map->path, "/libc") || strstr(map->path, "/ld-musl");
            if (map->executable && map->readable && map_is_file(map) && is_libc == (pass == 0))
                code_search_map(map, mem_fd, chunk, &sites);
        }
    }
    if (!sites_complete(&sites))
        return error_create(ERROR_UNSUPPORTED, "the process has no %s instruction sequence to use",
                            sites.syscall_ret.addr ? "sigreturn" : "syscall");
    *ret = sites;
    return NULL;
}

static bool sites_still_there(const struct inject_target *target)
{
    unsigned char call[sizeof code_syscall_ret], sigreturn[sizeof code_sigreturn];
    return target_pread(target->mem_fd, target->sites.syscall_ret.addr, call, sizeof call) &&
           memcmp(call, code_syscall_ret, sizeof call) == 0 &&
           target_pread(target->mem_fd, target->sites.sigreturn.addr, sigreturn,
                        sizeof sigreturn) &&
           (memcmp(sigreturn, code_sigreturn, sizeof sigreturn) == 0 ||
            memcmp(sigreturn, code_sigreturn_short, sizeof code_sigreturn_short) == 0);
}

// ---- the choice of a thread ----

// Seccomp mode of one thread: a filter may kill the process for a call it does not expect.
static bool thread_is_filtered(pid_t pid, pid_t tid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)tid);
    _cleanup_free_ char *text = NULL;
    _cleanup_error_ struct error *err = proc_read_file(path, 1 << 16, &text, NULL);
    const char *line = err ? NULL : strstr(text, "\nSeccomp:");
    return err || (line && atoi(line + 9) != 0);
}

// A thread may be in a restartable sequence (rseq): its kernel notes where, and forgets it when the
// thread is seen to run elsewhere, as it will. To be put back, then the sequence is begun anew.
static uint64_t thread_sequence(const struct inject_target *target, pid_t tid, uint64_t *at)
{
    struct __ptrace_rseq_configuration rseq;
    uint64_t sequence = 0;
    if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, (void *)sizeof rseq, &rseq) !=
            (long)sizeof rseq ||
        !rseq.rseq_abi_pointer)
        return 0;
    *at = rseq.rseq_abi_pointer + RSEQ_CS_OFFSET;
    return target_pread(target->mem_fd, *at, &sequence, sizeof sequence) ? sequence : 0;
}

// Whether the program fits below the thread's stack pointer. A stack with a guard under it is a
// real one; `careful` wants that.
static bool stack_has_room(const struct maps *maps, uint64_t rsp, bool careful)
{
    const uint64_t needed = sizeof(struct program) + RED_ZONE_BYTES + STACK_MARGIN_BYTES;
    const struct map *map = maps_find(maps, rsp);
    if (!map || !map->readable || !map->writable || map->shared || map->executable)
        return false;
    if (rsp - map->begin < needed)
        return false;
    if (!careful || strcmp(map->path, "[stack]") == 0)
        return true;
    return map > maps->list.items && map[-1].end == map->begin && !map[-1].readable &&
           !map[-1].writable;
}

static const struct stop_thread *inject_choose(const struct inject_target *target,
                                               struct error **why)
{
    const struct stop *stop = target->stop;
    bool filtered = false, foreign = false;
    for (int careful = 1; careful >= 0; careful--) {
        for (size_t i = 0; i < stop->threads.count; i++) {
            const struct stop_thread *thread = &stop->threads.items[i];
            if (thread->state != STOP_HELD || !thread->has_registers)
                continue;
            if (thread->registers.cs != USER_CODE_SEGMENT)
                foreign = true;
            else if (stack_has_room(target->maps, thread->registers.rsp, careful)) {
                if (!thread_is_filtered(stop->pid, thread->tid))
                    return thread;
                filtered = true;
            }
        }
    }
    *why = filtered  ? error_create(ERROR_UNSUPPORTED, "the process is confined by seccomp")
           : foreign ? error_create(ERROR_UNSUPPORTED, "the process is a 32-bit program")
                     : error_create(ERROR_UNSUPPORTED, "no thread has room on its stack");
    return NULL;
}

// ---- building the program ----

static void frame_from_registers(struct frame *frame, const struct user_regs_struct *from,
                                 uint64_t sigreturn, uint64_t mask)
{
    *frame = (struct frame){
        .return_address = sigreturn,
        .context =
            {
                .flags = FRAME_HAS_SS | FRAME_STRICT_SS,
                .altstack_flags = ALTSTACK_UNCHANGED,
                .r8 = from->r8,
                .r9 = from->r9,
                .r10 = from->r10,
                .r11 = from->r11,
                .r12 = from->r12,
                .r13 = from->r13,
                .r14 = from->r14,
                .r15 = from->r15,
                .rdi = from->rdi,
                .rsi = from->rsi,
                .rbp = from->rbp,
                .rbx = from->rbx,
                .rdx = from->rdx,
                .rax = from->rax,
                .rcx = from->rcx,
                .rsp = from->rsp,
                .rip = from->rip,
                .eflags = from->eflags,
                .cs = (uint16_t)from->cs,
                .ss = (uint16_t)from->ss,
                .signal_mask = mask,
            },
    };
}

// A sleep that was interrupted before goes on inside restart_syscall, and its own number is no
// longer in any register. Only these calls restart so. The number stands in the code, as the
// operand of a mov $number,%eax shortly before the `syscall`.
static uint64_t number_from_code(const struct injection *injection, uint64_t after_syscall)
{
    enum { LOOK_BACK = 48, MOV_EAX = 0xb8 };
    static const uint32_t restarting[] = {SYS_poll, SYS_nanosleep, SYS_futex, SYS_clock_nanosleep};
    unsigned char code[LOOK_BACK];
    if (!target_pread(injection->target->mem_fd, after_syscall - LOOK_BACK, code, LOOK_BACK))
        return SYS_restart_syscall;
    for (size_t at = LOOK_BACK - 5; at-- > 0;) {
        uint32_t operand;
        memcpy(&operand, code + at + 1, sizeof operand);
        for (size_t i = 0; code[at] == MOV_EAX && i < sizeof restarting / sizeof *restarting; i++)
            if (operand == restarting[i])
                return operand;
    }
    return SYS_restart_syscall;
}

// The registers with which the thread repeats the call that the stop interrupted. The kernel does
// this by itself when the registers are put back; a sigreturn has to do it in their stead.
static struct user_regs_struct registers_for_restart(const struct injection *injection)
{
    enum { RESTART_FIRST = 512, RESTART_LAST = 514, RESTART_BLOCK = 516, SYSCALL_BYTES = 2 };
    struct user_regs_struct registers = injection->own;
    long result = -(long)registers.rax;
    if ((long)registers.orig_rax >= 0 &&
        ((result >= RESTART_FIRST && result <= RESTART_LAST) || result == RESTART_BLOCK)) {
        registers.rax = registers.orig_rax == SYS_restart_syscall
                            ? number_from_code(injection, registers.rip)
                            : registers.orig_rax;
        registers.rip -= SYSCALL_BYTES;
    }
    return registers;
}

static struct user_regs_struct registers_for_call(const struct injection *injection, long number,
                                                  const uint64_t arguments[4], uint64_t rsp)
{
    struct user_regs_struct registers = injection->own;
    registers.orig_rax = (unsigned long)-1; // nothing to restart
    registers.rax = (unsigned long)number;
    registers.rdi = arguments[0];
    registers.rsi = arguments[1];
    registers.rdx = arguments[2];
    registers.r10 = arguments[3];
    registers.r8 = 0;
    registers.rip = injection->target->sites.syscall_ret.addr;
    registers.rsp = rsp;
    return registers;
}

// End of the extended state with these features, from the processor itself.
static uint32_t xstate_size_of(uint64_t features)
{
    uint32_t size = XSTATE_MINIMUM;
    for (unsigned bit = 2; bit < 63; bit++) {
        uint32_t length, offset, unused_c, unused_d;
        if (!(features >> bit & 1) ||
            !__get_cpuid_count(0xd, bit, &length, &offset, &unused_c, &unused_d))
            continue;
        if (offset + length > size)
            size = offset + length;
    }
    return size;
}

// ptrace gives the registers in the form in which sigreturn wants them, but for the magic words.
// Returns the bytes used, 0 if there is no extended state (then sigreturn resets it: only on
// processors without XSAVE, which do not run 64-bit Debian any more).
static size_t xstate_read(pid_t tid, unsigned char *xstate)
{
    struct iovec area = {.iov_base = xstate, .iov_len = XSTATE_LIMIT - XSTATE_ROOM_FOR_MAGIC};
    if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_X86_XSTATE, &area) < 0 ||
        area.iov_len < XSTATE_MINIMUM)
        return 0;
    uint64_t features, in_use;
    memcpy(&features, xstate + XSTATE_SOFTWARE_OFFSET, sizeof features);
    memcpy(&in_use, xstate + XSTATE_HEADER_OFFSET, sizeof in_use);
    if (!(in_use & XSTATE_DYNAMIC_BITS))
        features &= ~(uint64_t)XSTATE_DYNAMIC_BITS;
    uint32_t size = xstate_size_of(features);
    if (size > area.iov_len)
        return 0;
    struct xstate_software software = {
        .magic = xstate_magic_begin,
        .extended_size = size + (uint32_t)sizeof xstate_magic_end,
        .features = features,
        .size = size,
    };
    memcpy(xstate + XSTATE_SOFTWARE_OFFSET, &software, sizeof software);
    memcpy(xstate + size, &xstate_magic_end, sizeof xstate_magic_end);
    return size + sizeof xstate_magic_end;
}

static uint64_t program_address(const struct injection *injection, const void *part)
{
    return injection->base + (uint64_t)((const char *)part - (const char *)injection->program);
}

static void program_build(struct injection *injection, size_t xstate_bytes)
{
    struct program *program = injection->program;
    const uint64_t sigreturn = injection->target->sites.sigreturn.addr;
    const uint64_t all_blocked = ~UINT64_C(0);

    struct user_regs_struct own = registers_for_restart(injection);
    frame_from_registers(&program->back, &own, sigreturn, injection->own_mask);
    if (xstate_bytes) {
        program->back.context.flags |= FRAME_HAS_XSTATE;
        program->back.context.xstate = program_address(injection, program->xstate);
    }
    const uint64_t wait_arguments[4] = {NOBODY, 0, __WALL, 0};
    struct user_regs_struct wait = registers_for_call(injection, SYS_wait4, wait_arguments,
                                                      program_address(injection, &program->back));
    frame_from_registers(&program->wait, &wait, sigreturn, all_blocked);

    const uint64_t exit_arguments[4] = {0};
    struct user_regs_struct child = registers_for_call(injection, SYS_exit_group, exit_arguments,
                                                       program_address(injection, &program->back));
    frame_from_registers(&program->child, &child, sigreturn, all_blocked);
}

// Reads the thread's state and works out the program; changes nothing in the target.
static struct error *injection_init(struct injection *injection, const struct inject_target *target)
{
    *injection = (struct injection){.target = target};
    struct error *refusal = NULL;
    const struct stop_thread *thread = inject_choose(target, &refusal);
    if (!thread)
        return refusal;
    if (!sites_still_there(target))
        return error_create(ERROR_UNSUPPORTED, "the code of the process has changed");
    injection->tid = thread->tid;
    injection->own = thread->registers;
    injection->rseq_cs = thread_sequence(target, thread->tid, &injection->rseq_cs_at);
    injection->program = aligned_alloc(64, sizeof *injection->program);
    injection->saved = malloc(sizeof *injection->program);
    if (!injection->program || !injection->saved)
        return &error_no_memory;
    memset(injection->program, 0, sizeof *injection->program);
    if (ptrace(PTRACE_GETSIGMASK, thread->tid, (void *)sizeof injection->own_mask,
               &injection->own_mask) < 0)
        return error_create_errno(errno, "cannot read the signal mask of thread %d",
                                  (int)thread->tid);
    size_t xstate_bytes = xstate_read(thread->tid, injection->program->xstate);
    injection->size_bytes = offsetof(struct program, xstate) + xstate_bytes;
    injection->base = (injection->own.rsp - RED_ZONE_BYTES - injection->size_bytes) & ~UINT64_C(63);
    program_build(injection, xstate_bytes);
    return NULL;
}

// ---- running it ----

static struct error *injection_lost(const struct injection *injection)
{
    return error_create(ERROR_GONE, "thread %d of process %d ended while it was being captured",
                        (int)injection->tid, (int)injection->target->stop->pid);
}

// Puts the thread's own state back, from any stop at or after the call's entry.
static void injection_restore(const struct injection *injection)
{
    ptrace(PTRACE_SETSIGMASK, injection->tid, (void *)sizeof injection->own_mask,
           &injection->own_mask);
    fault_point(FAULT_SIGNALS_RESTORED);
    ptrace(PTRACE_SETREGS, injection->tid, NULL, &injection->own);
    ptrace(PTRACE_SETOPTIONS, injection->tid, NULL, NULL);
    target_pwrite(injection->target->mem_fd, injection->base, injection->saved,
                  injection->size_bytes);
    if (injection->rseq_cs)
        target_pwrite(injection->target->mem_fd, injection->rseq_cs_at, &injection->rseq_cs,
                      sizeof injection->rseq_cs);
}

static struct error *injection_arm(struct injection *injection, long number,
                                   const uint64_t arguments[4], uint64_t rsp, long options)
{
    int fd = injection->target->mem_fd;
    if (!target_pread(fd, injection->base, injection->saved, injection->size_bytes) ||
        !target_pwrite(fd, injection->base, injection->program, injection->size_bytes))
        return error_create_fault(remote_at(injection->base), "cannot write below a stack");
    fault_point(FAULT_FRAMES_WRITTEN);
    struct user_regs_struct registers = registers_for_call(injection, number, arguments, rsp);
    if (ptrace(PTRACE_SETREGS, injection->tid, NULL, &registers) < 0)
        return injection_lost(injection);
    fault_point(number == SYS_clone ? FAULT_CALL_PREPARED : FAULT_REAP_PREPARED);
    const uint64_t all_blocked = ~UINT64_C(0);
    ptrace(PTRACE_SETSIGMASK, injection->tid, (void *)sizeof all_blocked, &all_blocked);
    fault_point(FAULT_SIGNALS_BLOCKED);
    ptrace(PTRACE_SETOPTIONS, injection->tid, NULL, (void *)(options | PTRACE_O_TRACESYSGOOD));
    return NULL;
}

enum call_event { CALL_BOUNDARY, CALL_CLONED, CALL_ENDED };

// Runs the thread to its next event that matters. Job-control stops and what else may be reported
// in between are stepped over; signals are blocked, so none is lost.
static enum call_event injection_step(const struct injection *injection)
{
    enum { STEP_LIMIT = 100 };
    uint64_t deadline_ns = clock_now_ns() + CALL_TIMEOUT_S * CLOCK_NS_PER_S;
    for (int step = 0; step < STEP_LIMIT; step++) {
        int status;
        if (ptrace(PTRACE_SYSCALL, injection->tid, NULL, NULL) < 0 ||
            stop_wait(injection->tid, &status, deadline_ns) <= 0 || !WIFSTOPPED(status))
            return CALL_ENDED;
        int event = status >> 16;
        if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK ||
            event == PTRACE_EVENT_VFORK)
            return CALL_CLONED;
        if (WSTOPSIG(status) == (SIGTRAP | 0x80))
            return CALL_BOUNDARY;
    }
    return CALL_ENDED;
}

// Steps from the armed state to the return of the call. *result is what the call returned; *child
// is filled in if it made a process.
static struct error *injection_call(const struct injection *injection, long *result,
                                    struct inject_child *child,
                                    void (*known)(void *, struct inject_child), void *context)
{
    enum { RESTART_FIRST = 512, RESTART_LAST = 516, RESTART_LIMIT = 100 };
    for (int attempt = 0; attempt < RESTART_LIMIT; attempt++) {
        enum call_event event = injection_step(injection); // entry
        fault_point(FAULT_AT_ENTRY);
        if (event == CALL_BOUNDARY)
            event = injection_step(injection);
        if (event == CALL_CLONED && child) {
            unsigned long pid = 0;
            ptrace(PTRACE_GETEVENTMSG, injection->tid, NULL, &pid);
            child->pid = (pid_t)pid;
            known(context, *child);
            fault_point(FAULT_CHILD_EXISTS);
            event = injection_step(injection);
        }
        struct user_regs_struct registers;
        if (event != CALL_BOUNDARY || ptrace(PTRACE_GETREGS, injection->tid, NULL, &registers) < 0)
            return injection_lost(injection);
        *result = (long)registers.rax;
        // A stop request that was still on its way makes the kernel back out and repeat.
        if (-*result < RESTART_FIRST || -*result > RESTART_LAST)
            return NULL;
    }
    return error_create(ERROR_TIMEOUT, "the target does not get through a system call");
}

struct error *inject_clone(const struct inject_target *target,
                           void (*known)(void *context, struct inject_child child), void *context,
                           struct inject_child *ret)
{
    _cleanup_(injection_deinit) struct injection injection = {0};
    TRY(injection_init(&injection, target));
    struct program *program = injection.program;
    const uint64_t arguments[4] = {
        CLONE_FILES | CLONE_PARENT_SETTID,
        program_address(&injection, &program->child),
        program_address(&injection, &program->wait.context.rdi),
    };
    TRY(injection_arm(&injection, SYS_clone, arguments, program_address(&injection, &program->wait),
                      PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK));
    struct inject_child child = {0};
    long result = 0;
    struct error *err = injection_call(&injection, &result, &child, known, context);
    fault_point(FAULT_AT_EXIT);
    injection_restore(&injection);
    fault_point(FAULT_RESTORED);
    if (err)
        return err;
    if (result < 0)
        return error_create_errno((int)-result, "the kernel refuses to clone the process");
    child.inner = (pid_t)result;
    known(context, child);
    *ret = child;
    return NULL;
}

// Until it is bound a dead keeper means a clone that runs: into the frame for it, and so into its
// exit.
static bool child_wait(pid_t child)
{
    int status;
    return stop_wait(child, &status, clock_now_ns() + CALL_TIMEOUT_S * CLOCK_NS_PER_S) > 0 &&
           WIFSTOPPED(status);
}

// The clone shares the target's table of descriptors, which is quick, and would keep open what the
// target closes by ending or by exec. It gets a table of its own, without any. An old kernel has no
// such call, and a seccomp filter might kill the clone for it: then it stays as it is.
static bool child_drop_files(const struct inject_sites *sites, pid_t child,
                             struct user_regs_struct registers)
{
    if (thread_is_filtered(child, child))
        return true;
    registers.orig_rax = (unsigned long)-1;
    registers.rax = SYS_close_range;
    registers.rdi = 0;
    registers.rsi = UINT_MAX;
    registers.rdx = CLOSE_RANGE_UNSHARE;
    registers.rip = sites->syscall_ret.addr;
    return ptrace(PTRACE_SETREGS, child, NULL, &registers) == 0 &&
           ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0 && child_wait(child);
}

struct error *inject_bind(const struct inject_sites *sites, const struct inject_child *child)
{
    struct user_regs_struct registers;
    bool bound = child_wait(child->pid);
    fault_point(FAULT_CHILD_STOPPED);
    bound = bound && ptrace(PTRACE_SETOPTIONS, child->pid, NULL, (void *)PTRACE_O_EXITKILL) == 0 &&
            ptrace(PTRACE_GETREGS, child->pid, NULL, &registers) == 0;
    fault_point(FAULT_CHILD_BOUND);
    bound = bound && child_drop_files(sites, child->pid, registers);
    if (!bound)
        return error_create(ERROR_GONE, "the clone was killed at once");
    // The clone never runs; if it ever did, it would do nothing but exit.
    registers.orig_rax = (unsigned long)-1;
    registers.rax = SYS_exit_group;
    registers.rdi = 0;
    registers.rip = sites->syscall_ret.addr;
    ptrace(PTRACE_SETREGS, child->pid, NULL, &registers);
    return NULL;
}

struct error *inject_wait4(const struct inject_target *target, pid_t inner, bool *collected)
{
    _cleanup_(injection_deinit) struct injection injection = {0};
    TRY(injection_init(&injection, target));
    const uint64_t arguments[4] = {(uint64_t)inner, 0, __WALL | WNOHANG, 0};
    TRY(injection_arm(&injection, SYS_wait4, arguments,
                      program_address(&injection, &injection.program->back), 0));
    long result = 0;
    struct error *err = injection_call(&injection, &result, NULL, NULL, NULL);
    fault_point(FAULT_REAP_AT_EXIT);
    injection_restore(&injection);
    if (!err)
        *collected = result == inner;
    return err;
}
