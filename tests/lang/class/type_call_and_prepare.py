T = type("T", (object,), {"x": 5, "m": lambda self: self.x})
print(T().m(), T.__name__, T.__mro__)
class P(type):
    @classmethod
    def __prepare__(mcs, name, bases, **kw):
        return {"injected": 42}
class Q(metaclass=P):
    y = injected + 1
print(Q.y, Q.injected)
for f in (lambda: type(1, 2), lambda: type("X", (5,), {}), lambda: type("X", (bool,), {})):
    try:
        f()
    except TypeError as e:
        print(e)
