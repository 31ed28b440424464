class A:
    __slots__ = ("x", "y")
    def __init__(self): self.x = 1
class B(A):
    __slots__ = ("z",)
class C(A): pass
a, b, c = A(), B(), C()
b.z = 3
c.w = 4
print(a.x, b.x, b.z, c.w, c.__dict__, hasattr(a, "__dict__"), A.x.__class__.__name__, A.__slots__)
for f in (lambda: a.y, lambda: setattr(a, "q", 1), lambda: setattr(b, "q", 1), lambda: a.__dict__):
    try:
        f()
    except AttributeError as e:
        print(e)
del a.x
print(hasattr(a, "x"))
