import gc
import weakref


class O:
    def __init__(self, n):
        self.n = n

    def __repr__(self):
        return "O%d" % self.n

    def m(self):
        return self.n


d = weakref.WeakValueDictionary()
a, b = O(1), O(2)
d["a"], d["b"] = a, b
print(sorted(d), len(d), "a" in d, d.get("zz"), d.pop("b") is b, len(d))
d["b"] = b
for k, v in d.items():
    if k == "a":
        a = None
print(sorted(d.keys()))
del b, v
gc.collect()
print(len(d), list(d.values()), d.setdefault("x", O(9)) is not None)

k = weakref.WeakKeyDictionary()
x, y = O(3), O(4)
k[x], k[y] = "x", "y"
print(sorted(k.values()), x in k, k[x], k.get(O(7), "none"))
del x
print(len(k), list(k.items()))

s = weakref.WeakSet([y])
z = O(5)
s.add(z)
print(len(s), z in s, sorted(o.n for o in s))
del z
print(len(s), s == weakref.WeakSet([y]))

w = weakref.WeakMethod(y.m)
print(w()(), w == weakref.WeakMethod(y.m))
f = weakref.finalize(y, print, "finalized", 4)
print(f.alive, f.peek()[1:])
del y
gc.collect()
print(w(), f.alive, f())

p = O(6)
q = weakref.proxy(p)
q.extra = [1]
print(q.n, q.m(), q.extra, type(q).__name__, q == p, bool(q))
del p
for call in (lambda: q.n, lambda: str(q), lambda: hash(weakref.ref(O(1)))):
    try:
        call()
    except Exception as e:
        print(type(e).__name__, e)
l = O(7)
print(weakref.getweakrefcount(l), weakref.ref(l) is weakref.ref(l), weakref.ref(l) == weakref.ref(l))
keep = weakref.ref(l)
print(weakref.getweakrefs(l) == [keep], keep.__callback__, hash(keep) == hash(l))
weakref.finalize(l, print, "at exit")
