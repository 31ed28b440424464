# operator in C: words of errors, texts, pickles, and what hmac and secrets build on it.
import copy
import hmac
import operator
import pickle
import secrets
from _operator import _compare_digest
from operator import attrgetter, itemgetter, methodcaller


def tried(f, *args, **keywords):
    try:
        print(f(*args, **keywords))
    except Exception as error:
        print(type(error).__name__, error)


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def moved(self, dx=0, *, dy=0):
        return Point(self.x + dx, self.y + dy)

    def __repr__(self):
        return f"Point({self.x}, {self.y})"


p = Point(Point(1, 2), [3, 4])
print(itemgetter(1)([1, 2]), itemgetter(0, "a")({0: 1, "a": 2}), itemgetter(slice(1, 3))("abcd"))
print(attrgetter("x")(p), attrgetter("x.y", "y")(p), methodcaller("moved", 1, dy=5)(Point(0, 0)))
for getter in (itemgetter(1, "b"), attrgetter("a.b", "c"), methodcaller("m", 1, k=[2]), itemgetter(None)):
    print(getter, pickle.loads(pickle.dumps(getter)), copy.copy(getter))
loop = [0]
getter = itemgetter(loop)
loop[0] = getter
print(getter)
for make in (itemgetter, attrgetter, methodcaller):
    tried(make)
    tried(make("a"))
    tried(make("a"), 1, 2)
    tried(make("a"), 1, k=2)
    tried(make, 5)
tried(itemgetter, 1, k=2)
tried(itemgetter(3), [1])
tried(attrgetter("x.none"), p)
tried(methodcaller("none"), p)
print([f(7, 2) for f in (operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv,
                         operator.mod, operator.pow, operator.lshift, operator.and_, operator.or_,
                         operator.xor, operator.lt, operator.ne, operator.is_)])
a = [1]
print(operator.iadd(a, [2]) is a, operator.iconcat(a, (3,)), operator.ipow(2, 5), operator.imatmul.__name__)
print(operator.concat("a", "b"), operator.contains([1], 1), operator.countOf("abca", "a"), operator.indexOf((1, 2), 2))
tried(operator.concat, 1, 2)
tried(operator.concat, [1], 2)
tried(operator.indexOf, [1], 5)
tried(operator.countOf, 5, 5)
tried(operator.length_hint, iter([1, 2, 3]))
tried(operator.length_hint, 5, "x")
tried(operator.length_hint, object(), 9)
tried(operator.call, max, 1, 2, key=lambda x: -x)
tried(operator.call)
tried(operator.index, 1.5)
tried(operator.setitem, (1,), 0, 0)
print(operator.not_([]), operator.truth("x"), operator.inv(5), operator.delitem(a, 0), a)
same = _compare_digest
print(same("abc", "abc"), same(b"abc", bytearray(b"abd")), same("", ""), same(b"a", b"aa"), same(b"", b"x"))
tried(same, "é", "é")
tried(same, "a", b"a")
tried(same, 1, 1)
print(hmac.new(b"key", b"text", "sha256").hexdigest(), hmac.compare_digest("a", "b"))
print(len(secrets.token_hex(8)), len(secrets.token_bytes(5)), secrets.randbelow(1), secrets.compare_digest(b"q", b"q"))
