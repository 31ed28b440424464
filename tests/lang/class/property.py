class A:
    def __init__(self): self._x = 1
    @property
    def x(self):
        "the x"
        return self._x
    @x.setter
    def x(self, v): self._x = v
    @x.deleter
    def x(self): print("deleted")
    @property
    def ro(self): return "ro"
    p = property(lambda s: s._x * 2)
a = A()
a.x = 5
print(a.x, a.p, a.ro, A.x.__doc__, isinstance(A.x, property))
del a.x
for f in (lambda: setattr(a, "ro", 1), lambda: delattr(a, "ro"), lambda: setattr(a, "p", 1)):
    try:
        f()
    except AttributeError as e:
        print(e)
