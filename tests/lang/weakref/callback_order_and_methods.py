import weakref
class A:
    def m(self): return "m"
a = A()
refs = [weakref.ref(a, lambda r, i=i: print("cb", i)) for i in range(3)]
wm = weakref.WeakMethod(a.m)
print(wm()())
del a
print(wm(), [r() for r in refs])
