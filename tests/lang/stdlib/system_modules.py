# pwd, grp, resource and fcntl.
import array
import fcntl
import getpass
import grp
import os
import pickle
import pwd
import resource
import signal
import struct
import tempfile


def tried(f, *args, **keywords):
    try:
        print(f(*args, **keywords))
    except (OSError, KeyError, TypeError, ValueError, OverflowError) as error:
        print(type(error).__name__, getattr(error, "errno", None) or error)


# -- accounts
root = pwd.getpwuid(0)
print(root == pwd.getpwnam("root"), root.pw_dir, len(root), root.pw_uid, type(root))
print(pickle.loads(pickle.dumps(root)) == root, root in pwd.getpwall(), os.path.expanduser("~root"))
print(grp.getgrgid(0).gr_name, grp.getgrnam("root")[2], grp.getgrgid(id=0) in grp.getgrall())
print(getpass.getuser() == pwd.getpwuid(os.getuid()).pw_name or "by the environment")
for f in (pwd.getpwuid, grp.getgrgid):
    for wrong in (4294967294, -2, 2**70, "root", 1.5):
        tried(f, wrong)
for f in (pwd.getpwnam, grp.getgrnam):
    for wrong in ("nobody is called this", "a\0b", b"root", 0):
        tried(f, wrong)

# -- resources
usage = resource.getrusage(resource.RUSAGE_SELF)
print(len(usage), usage.ru_maxrss > 0, usage.ru_utime >= 0, type(usage))
tried(resource.getrusage, 77)
soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
print(resource.getrlimit(resource.RLIMIT_CORE)[0], resource.prlimit(0, resource.RLIMIT_CORE, (0, hard))[0])
tried(resource.setrlimit, resource.RLIMIT_CORE, (1, 2, 3))
tried(resource.setrlimit, resource.RLIMIT_CORE, ("a", 2))
tried(resource.setrlimit, resource.RLIMIT_NOFILE, (20, 10))
tried(resource.getrlimit, -1)
tried(resource.getrlimit, 99)
tried(resource.prlimit, -1, resource.RLIMIT_CORE)
print(resource.getpagesize(), resource.RLIM_INFINITY, resource.error is OSError)
print(signal.getsignal(signal.SIGXFSZ), signal.getsignal(signal.SIGPIPE))
pid = os.fork()
if not pid:
    sum(range(10000))
    os._exit(5)
done = os.wait4(pid, 0)
print(done[0] == pid, os.waitstatus_to_exitcode(done[1]), done[2].ru_maxrss > 0)
tried(os.wait3, 0)

# -- descriptors
file = tempfile.TemporaryFile()
print(fcntl.fcntl(file, fcntl.F_GETFD), fcntl.fcntl(file.fileno(), fcntl.F_SETFD, 0), fcntl.fcntl(file, fcntl.F_GETFD))
lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)
print(struct.unpack("hhqqi4x", fcntl.fcntl(file, fcntl.F_GETLK, lock))[0] == fcntl.F_UNLCK)
print(fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB), fcntl.flock(file, fcntl.LOCK_UN))
print(fcntl.lockf(file, fcntl.LOCK_EX, 10, 5), fcntl.lockf(file, fcntl.LOCK_UN))
tried(fcntl.lockf, file, 0)
tried(fcntl.fcntl, -1, fcntl.F_GETFD)
tried(fcntl.fcntl, "x", fcntl.F_GETFD)
tried(fcntl.fcntl, file, fcntl.F_GETLK, b"x" * 1025)
tried(fcntl.flock, file, 99)
read, write = os.pipe()
os.write(write, b"12345")
FIONREAD = 0x541B
waiting = array.array("i", [0])
print(fcntl.ioctl(read, FIONREAD, waiting), waiting[0], fcntl.ioctl(read, FIONREAD, b"\0" * 4))
long = bytearray(2000)
print(fcntl.ioctl(read, FIONREAD, long), long[0], fcntl.ioctl(read, FIONREAD, bytearray(4), False))
tried(fcntl.ioctl, read, 0xFFFFFFFF, 0)
tried(fcntl.ioctl, read, FIONREAD, b"x" * 1025)
print(fcntl.fcntl(write, fcntl.F_GETPIPE_SZ) > 0, sorted(n for n in dir(fcntl) if n.startswith("LOCK_")))
