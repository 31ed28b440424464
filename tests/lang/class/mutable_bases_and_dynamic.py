class A:
    def f(self): return "A.f"
a = A()
print(a.f())
A.f = lambda self: "patched"
print(a.f())
A.g = lambda self, x: x * 2
print(a.g(4))
a.f = lambda: "instance"
print(a.f())
del a.f, A.f
try:
    a.f()
except AttributeError as e:
    print(e)
class B(A): pass
b = B()
A.h = 1
print(b.h, B.__subclasses__(), A.__subclasses__()[0].__name__)
a.__class__ = B
print(type(a).__name__, isinstance(a, B))
