// See filter.h. The program is a list of comparisons, each of which jumps over nothing or returns.
#include "inspector/lua/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#endif

#if defined(FILTER_ARCH) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#define LOAD(field) \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define ALLOW(name)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), RETURN(SECCOMP_RET_ALLOW)
// The low half of the third argument, the flags, must have none of what writes.
#define ALLOW_OPEN(name)                                                                      \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD(args[2]),                     \
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND, 1, 0), \
        RETURN(SECCOMP_RET_ALLOW), RETURN(SECCOMP_RET_ERRNO | EPERM)

bool filter_install(bool may_open)
{
    struct sock_filter program[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW(read),
        ALLOW(pread64),
        ALLOW(preadv),
        ALLOW(write),
        ALLOW(close),
        ALLOW(lseek),
        ALLOW(fstat),
        ALLOW(newfstatat),
        ALLOW(mmap),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(madvise),
        ALLOW(brk),
        ALLOW(rt_sigaction),
        ALLOW(rt_sigprocmask),
        ALLOW(rt_sigreturn),
        ALLOW(setitimer),
        ALLOW(clock_gettime),
        ALLOW(futex),
        ALLOW(getpid),
        ALLOW(gettid),
        ALLOW(tgkill), // abort()
        ALLOW(getrandom),
        ALLOW(sched_yield),
        ALLOW(restart_syscall),
        ALLOW(exit),
        ALLOW(exit_group),
        RETURN(SECCOMP_RET_ERRNO | EPERM), // becomes ALLOW_OPEN(openat)
        RETURN(SECCOMP_RET_ERRNO | EPERM),
        RETURN(SECCOMP_RET_ERRNO | EPERM),
        RETURN(SECCOMP_RET_ERRNO | EPERM),
        RETURN(SECCOMP_RET_ERRNO | EPERM),
        RETURN(SECCOMP_RET_ERRNO | EPERM),
    };
    enum { LENGTH = sizeof program / sizeof *program, TAIL = LENGTH - 6 };
    const struct sock_filter opening[] = {ALLOW_OPEN(openat)};
    for (unsigned i = 0; may_open && i < sizeof opening / sizeof *opening; i++)
        program[TAIL + i] = opening[i];
    const struct sock_fprog filter = {.len = LENGTH, .filter = program};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

#else

bool filter_install(bool may_open)
{
    (void)may_open;
    return false;
}

#endif
