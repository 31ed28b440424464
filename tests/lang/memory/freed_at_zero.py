import weakref
class A: pass
a = A()
r = weakref.ref(a, lambda ref: print("callback"))
b = a
del a
print(r() is b)
b = None
print(r())
