import gc
from collections import deque


class A:
    pass


class S:
    __slots__ = ("a", "b")


class T(S):
    __slots__ = ("d",)


class L(list):
    pass


def names(o):
    return [x if isinstance(x, (int, str, float)) else type(x).__name__ for x in
            gc.get_referents(o)]


a = A()
a.x, a.y = 1000, 2000
print(names(a))
a.__dict__
print(names(a))
print(names([1000, 2000, 3000]), names((1.5, 2.5)), names({1: "a", 2: "b"}), names({"k": "v"}))
print(names(deque([1, 2, 3])), sorted(names({1, 2, 3})), names(frozenset([7])))
s = T()
s.a, s.b, s.d = 1, 2, 3
print(names(s))
l = L([7, 8])
l.q = 9
l.__dict__
print(names(l))
print(gc.get_referents(int), gc.get_referents(1, "a"), names(A)[1:])
try:
    1 / 0
except ZeroDivisionError as e:
    print(names(e), names(e.__traceback__))
print(names(slice(1, 2, 3)), names(property(len, doc="none")), names(staticmethod(len))[:1])
print(names(iter([1])), names(zip([1], [2]))[:1])
