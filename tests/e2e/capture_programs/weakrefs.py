# Weak references, callbacks, finalizers, resurrection, cycles.
import gc
import weakref


class Resource:
    saved = None

    def __init__(self, n):
        self.n = n
        self.me = self if n % 3 == 0 else None

    def __del__(self):
        if self.n % 50 == 0:
            Resource.saved = self


dead = []
values = weakref.WeakValueDictionary()
keys = weakref.WeakKeyDictionary()
everything = weakref.WeakSet()
print("READY", flush=True)
while True:
    kept = []
    for i in range(300):
        r = Resource(i)
        values[i] = r
        keys[r] = [i]
        everything.add(r)
        weakref.ref(r, dead.append)
        if i % 4 == 0:
            kept.append((r, weakref.ref(r, dead.append), weakref.proxy(r)))
    dead.clear()
    gc.collect(0)
