"""_multiprocessing.SemLock: taking, giving, waiting, names, and what it refuses; shared memory."""
import _multiprocessing
import _posixshmem
import os
import signal
import threading
import time
from _multiprocessing import SemLock

RECURSIVE_MUTEX, SEMAPHORE = range(2)
NAME = "/brille-test-%d" % os.getpid()


def refused(f, *args, **kw):
    try:
        print(f(*args, **kw))
    except Exception as e:
        print(type(e).__name__, str(e).replace(NAME, "NAME"))


print(SemLock.SEM_VALUE_MAX, sorted(_multiprocessing.flags.items()), SemLock.__name__,
      SemLock.__module__)

# A semaphore that nobody else can find.
s = SemLock(SEMAPHORE, 1, 2, NAME, True)
print(s.name, s.kind, s.maxvalue, type(s.handle), os.path.exists("/dev/shm/sem." + NAME[1:]))
print(s.acquire(), s.acquire(False), s.acquire(True, 0.01), s.acquire(True, -5),
      s.acquire(block=True, timeout=0))
print(s._count(), s._is_mine(), s._get_value(), s._is_zero())
s.release(), s.release()
print(s._count(), s._is_mine(), s._get_value(), s._is_zero())
refused(s.release)
with s as entered:
    print(entered, s._count(), s._get_value())
print(s._get_value())

# A mutex that its owner may enter again; found by its name.
r = SemLock(kind=RECURSIVE_MUTEX, value=1, maxvalue=1, name=NAME, unlink=False)
print(r.name == NAME, r.acquire(), r.acquire(False), r.acquire(), r._count())
other = SemLock._rebuild(0, RECURSIVE_MUTEX, 1, NAME)
print(other.name == NAME, other._is_mine(), other.acquire(False), other._is_zero(), r._is_mine())
refused(other.release)
r.release(), r.release()
print(r._count(), other._is_zero())
r.release()
refused(r.release)
print(other.acquire(), r.acquire(False))
other._after_fork()
print(other._count(), other._is_mine(), other._is_zero())
bare = SemLock._rebuild(other.handle, SEMAPHORE, 5, None)
bare.release()
print(bare.name, bare._get_value(), other._get_value(), bare._count())
refused(SemLock, SEMAPHORE, 1, 1, NAME, False)
_multiprocessing.sem_unlink(NAME)
refused(_multiprocessing.sem_unlink, NAME)
refused(SemLock._rebuild, 0, SEMAPHORE, 1, NAME)


class Named(SemLock):
    pass


n = Named(SEMAPHORE, 0, 1, NAME, 1)
n.note = "has a dict"
print(isinstance(n, SemLock), n.note, type(Named._rebuild(n.handle, SEMAPHORE, 1, None)).__name__)
for bad in [(2, 1, 1, NAME, True), (1, 1, 1, 5, True), (1, 1, 1, NAME), ("1", 1, 1, NAME, True),
            (1, 2 ** 40, 1, NAME, True), (1, -1, 1, NAME, True)]:
    refused(SemLock, *bad)
refused(n.acquire, True, "soon")

# Threads: each waits outside the GIL.
lock = SemLock(SEMAPHORE, 0, 1, NAME, True)
log = []


def waiter():
    log.append(lock.acquire())
    log.append(lock._is_mine())
    lock.release()


t = threading.Thread(target=waiter)
t.start()
time.sleep(0.02)
log.append("main")
lock.release()
t.join()
print(log, lock._is_mine(), lock._count(), lock.acquire(False))


# A signal: the wait goes on, or ends with what the handler raised.
def quiet(number, frame):
    log.append("handled")


def loud(number, frame):
    raise KeyError("raised in the wait")


log.clear()
signal.signal(signal.SIGALRM, quiet)
signal.setitimer(signal.ITIMER_REAL, 0.02)
print(lock.acquire(True, 0.1), log)
signal.signal(signal.SIGALRM, loud)
signal.setitimer(signal.ITIMER_REAL, 0.02)
refused(lock.acquire)
signal.signal(signal.SIGALRM, lambda *a: os.kill(os.getpid(), signal.SIGINT))
signal.setitimer(signal.ITIMER_REAL, 0.02)
try:
    lock.acquire()
except KeyboardInterrupt:
    print("interrupted", lock._count(), lock._is_zero())

# A child of fork() shares the semaphore, not who holds it.
pid = os.fork()
if pid == 0:
    lock._after_fork()
    ok = lock._count() == 0 and not lock._is_mine() and lock._is_zero()
    lock.release()
    os._exit(7 if ok else 8)
print(lock.acquire(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

# Shared memory.
fd = _posixshmem.shm_open(NAME, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600)
print(os.get_inheritable(fd), oct(os.fstat(fd).st_mode & 0o777))
os.ftruncate(fd, 100)
os.write(fd, b"shared")
again = _posixshmem.shm_open(path=NAME, flags=os.O_RDONLY)
print(os.read(again, 6), os.fstat(again).st_size)
refused(_posixshmem.shm_open, NAME, os.O_CREAT | os.O_EXCL | os.O_RDWR)
_posixshmem.shm_unlink(NAME)
refused(_posixshmem.shm_unlink, NAME)
refused(_posixshmem.shm_open, NAME, os.O_RDWR)
refused(_posixshmem.shm_open, 5, os.O_RDWR)
print([n for n in os.listdir("/dev/shm") if NAME[1:] in n])
