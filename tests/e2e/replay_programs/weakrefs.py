# Weak references with and without callbacks, weak containers, finalizers.
import gc
import weakref


class Thing:
    def __init__(self, n):
        self.n = n
        if n % 3 == 0:
            self.me = self


dead = []
values, keys, members = weakref.WeakValueDictionary(), weakref.WeakKeyDictionary(), weakref.WeakSet()
kept = []
for i in range(120):
    t = Thing(i)
    values[i] = t
    keys[t] = [i]
    members.add(t)
    kept.append(weakref.ref(t, lambda r: dead.append(r)))
    if i % 10 == 0:
        kept.append(t)
        weakref.finalize(t, dead.append, i)
gc.collect()
proxy = weakref.proxy(kept[1])
