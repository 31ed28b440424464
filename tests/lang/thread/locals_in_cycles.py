# Attributes of a thread-local object belong to it: the collector frees cycles through them, and
# those of a thread die with the thread, in objects that others still use.
import gc
import threading
import weakref


class Payload:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("dies:", self.name)


def cycle_through_a_local():
    local = threading.local()
    local.payload = Payload("in a cycle")
    local.payload.local = local
    return weakref.ref(local)


gc.disable()
ref = cycle_through_a_local()
print(ref() is None)
gc.collect()
print(ref() is None)

kept = threading.local()
kept.payload = Payload("of the main thread")


def use(name):
    kept.payload = Payload(name)
    print(sorted(vars(kept)))


for name in ("first", "second"):
    thread = threading.Thread(target=use, args=(name,))
    thread.start()
    thread.join()
    print("joined")


class MakesAnother:
    def __del__(self):
        fresh = threading.local()
        fresh.x = 1
        print("another", fresh.x)


def use_two():
    one, two = threading.local(), threading.local()
    many.extend([one, two])
    one.a, two.a = MakesAnother(), Payload("beside it")
    del one, two


many = []
thread = threading.Thread(target=use_two)
thread.start()
thread.join()
print([sorted(vars(local)) for local in many])


class Sub(threading.local):
    made = []

    def __init__(self, start, *, step=1):
        self.n = start
        self.step = step
        Sub.made.append(threading.current_thread() is threading.main_thread())

    def __del__(self):
        print("sub dies", sorted(vars(self)))


def bump(sub):
    sub.n += sub.step
    print(sub.n)


sub = Sub(10, step=5)
for _ in range(2):
    thread = threading.Thread(target=bump, args=(sub,))
    thread.start()
    thread.join()
bump(sub)
print(Sub.made)
del sub, thread
gc.collect()
print("end")
