import weakref
class A:
    def hi(self): return "hi"
a = A()
r = weakref.ref(a)
p = weakref.proxy(a)
print(r() is a, p.hi(), weakref.getweakrefcount(a), weakref.ref(a) is r, r == weakref.ref(a), hash(r) == hash(a))
del a
print(r())
try:
    p.hi()
except ReferenceError as e:
    print(e)
for bad in (5, "x", [], None):
    try:
        weakref.ref(bad)
    except TypeError as e:
        print(e)
