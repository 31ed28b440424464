import weakref
class A:
    def __init__(self, n): self.n = n
d = weakref.WeakValueDictionary()
k = weakref.WeakKeyDictionary()
s = weakref.WeakSet()
a, b = A(1), A(2)
d["a"], d["b"] = a, b
k[a] = "va"
s.add(a); s.add(b)
print(sorted(d), len(k), len(s), a in s, d["a"].n)
del a
print(sorted(d), len(k), len(s))
f = weakref.finalize(b, print, "finalized", 5)
print(f.alive)
del b
print(f.alive, len(d), len(s))
