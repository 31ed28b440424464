import threading
import time

barrier = threading.Barrier(3, action=lambda: print("all here"))
order = []
lock = threading.RLock()


def meet(i):
    barrier.wait()
    with lock:
        with lock:
            order.append(i)


threads = [threading.Thread(target=meet, args=(i,), name="m%d" % i) for i in range(3)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(sorted(order), [t.name for t in threads], barrier.broken, barrier.n_waiting)

semaphore = threading.Semaphore(2)
print(semaphore.acquire(), semaphore.acquire(), semaphore.acquire(False))
semaphore.release(2)
bounded = threading.BoundedSemaphore(1)
try:
    bounded.release()
except ValueError as e:
    print(e)

timer = threading.Timer(0.01, lambda: print("timer"))
timer.start()
timer.join()
never = threading.Timer(10, lambda: print("never"))
never.start()
never.cancel()
never.join()

lock = threading.Lock()
print(lock.acquire(), lock.acquire(False), lock.acquire(timeout=0.01), lock.locked())
lock.release()
for call in (lambda: lock.release(), lambda: lock.acquire(False, 1), lambda: lock.acquire(True, -2),
             lambda: threading.RLock().release(), lambda: threading.Thread().join(),
             lambda: threading.current_thread().join(), lambda: threading.Condition().wait()):
    try:
        call()
    except Exception as e:
        print(type(e).__name__, e)

t = threading.Thread(target=time.sleep, args=(0,))
print(t.daemon, t.is_alive(), t.ident)
t.start()
t.join()
try:
    t.start()
except RuntimeError as e:
    print(e)
print(threading.active_count(), threading.current_thread() is threading.main_thread())


class Counted(threading.local):
    made = 0

    def __init__(self, start):
        Counted.made += 1
        self.n = start


c = Counted(5)
c.n += 1


def other():
    print(c.n, c.__dict__)


t = threading.Thread(target=other)
t.start()
t.join()
print(c.n, Counted.made)
del c.n
print(hasattr(c, "n"))
