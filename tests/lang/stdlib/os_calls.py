# Calls of the operating system about descriptors, nodes, identities and scheduling.
import os
import signal
import stat
import tempfile


def tried(f, *args, **keywords):
    try:
        print(f(*args, **keywords))
    except (OSError, TypeError, ValueError, OverflowError, BufferError) as error:
        print(type(error).__name__, getattr(error, "errno", None) or error)


folder = tempfile.mkdtemp()
os.chdir(folder)

# -- at places, and in pieces
fd = os.open("data", os.O_RDWR | os.O_CREAT)
print(os.pwrite(fd, b"0123456789", 0), os.pread(fd, 4, 3), os.pread(fd, 4, 100))
print(os.writev(fd, [b"ab", bytearray(b"cd"), memoryview(b"ef")]), os.pread(fd, 20, 0))
one, two = bytearray(3), bytearray(4)
os.lseek(fd, 0, 0)
print(os.readv(fd, [one, two]), one, two)
print(os.pwritev(fd, (b"X", b"Y"), 8), os.preadv(fd, [one], 7), one)
tried(os.readv, fd, [b"readonly"])
tried(os.readv, fd, 5)
tried(os.writev, fd, [b"fine", "text"])
tried(os.pread, fd, -1, 0)
tried(os.pwrite, fd, b"x", -1)
tried(os.preadv, -1, [one], 0)
buffer = bytearray(4)
os.readv(fd, [buffer])
buffer.extend(b"it is lent no more")
copy = os.open("copy", os.O_RDWR | os.O_CREAT)
print(os.copy_file_range(fd, copy, 5, offset_src=2), os.pread(copy, 20, 0))
tried(os.copy_file_range, fd, copy, -5)
print(os.posix_fallocate(copy, 0, 4096), os.fstat(copy).st_size)
tried(os.posix_fallocate, copy, 0, -1)
print(os.posix_fadvise(copy, 0, 0, os.POSIX_FADV_SEQUENTIAL), os.sync())
print(os.lockf(copy, os.F_LOCK, 0), os.lockf(copy, os.F_ULOCK, 0))
read, write = os.pipe()
print(os.splice(fd, write, 4, offset_src=0), os.read(read, 10))

# -- descriptors that are no files
memory = os.memfd_create("memory")
print(os.write(memory, b"abc"), os.pread(memory, 3, 0), os.get_inheritable(memory))
events = os.eventfd(3, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
print(os.eventfd_read(events), os.eventfd_write(events, 2**40), os.eventfd_read(events))
tried(os.eventfd_read, events)
tried(os.eventfd, -1)
print(len(os.getrandom(16)), os.getrandom(0))

# -- nodes
print(os.mkfifo("fifo", 0o600), stat.filemode(os.stat("fifo").st_mode))
tried(os.mkfifo, "fifo")
tried(os.mkfifo, "no/such")
os.mknod("node")
print(stat.filemode(os.stat("node").st_mode), os.makedev(5, 1), os.major(1281), os.minor(1281))
os.symlink("nothing", "link")
print(os.lchown("link", os.getuid(), os.getgid()))
tried(os.getxattr, "data", "user.none")
tried(os.removexattr, fd, "user.none")
tried(os.getxattr, "none", "user.x")
try:
    os.setxattr("data", "user.brille", b"value" * 100)
except OSError:
    print([], 500, 3)
else:
    print([n for n in os.listxattr("data") if n != "user.brille"], len(os.getxattr(fd, b"user.brille")), 3)
tried(os.getxattr, fd, "user.x", follow_symlinks=False)
print(os.pathconf("data", "PC_NAME_MAX"), os.fpathconf(fd, os.pathconf_names["PC_PIPE_BUF"]))
tried(os.pathconf, "data", "PC_NONE")
tried(os.pathconf, "none", "PC_NAME_MAX")
print(sorted(os.pathconf_names)[:3], len(os.pathconf_names))

# -- who, and how it is scheduled
print(os.getresuid() == (os.getuid(), os.geteuid(), os.getuid()), len(os.getresgid()))
print(os.setreuid(-1, -1), os.setresgid(-1, -1, -1))
for wrong in (-2, 2**32 - 1, 2**70, "x", 1.0):
    tried(os.setuid, wrong)
print(os.getgrouplist("root", 0)[:1], os.ctermid())
tried(os.setgroups, 5)
tried(os.chroot, "no/such")
print(os.getpriority(os.PRIO_PROCESS, 0) == os.nice(0))
tried(os.getpriority, 77, 0)
tried(os.tcgetpgrp, read)
print(os.sched_getscheduler(0) == os.SCHED_OTHER or "another", os.sched_getparam(0).sched_priority)
print(os.sched_param(7), os.sched_get_priority_min(os.SCHED_RR), os.sched_get_priority_max(policy=1))
tried(os.sched_setparam, 0, 5)
tried(os.sched_setparam, 0, os.sched_param(2**40))
print(os.sched_setaffinity(0, os.sched_getaffinity(0)), os.sched_rr_get_interval(0) >= 0)
tried(os.sched_setaffinity, 0, [-1])
tried(os.sched_setaffinity, 0, [2**40])
tried(os.sched_setaffinity, 0, [])

# -- waiting
pid = os.fork()
if not pid:
    os._exit(7)
done = os.waitid(os.P_PID, pid, os.WEXITED)
print(done.si_pid == pid, done.si_status, done.si_code == os.CLD_EXITED, len(done),
      done.si_signo == signal.SIGCHLD)
tried(os.waitid, os.P_ALL, 0, os.WEXITED | os.WNOHANG)
pid = os.fork()
if not pid:
    signal.pause()
handle = os.pidfd_open(pid)
print(os.waitid(os.P_PIDFD, handle, os.WEXITED | os.WNOHANG))
os.kill(pid, signal.SIGKILL)
print(os.waitid(os.P_PIDFD, handle, os.WEXITED).si_status)
tried(os.pidfd_open, pid)
