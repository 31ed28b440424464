"""Allocation of every kind, for half a second: ints, texts, containers, instances, cycles."""
import gc
import time


class Node:
    def __init__(self, value):
        self.value = value
        self.next = None


class Slotted:
    __slots__ = "a", "b"


class Finalized:
    kept = []

    def __init__(self, n):
        self.n = n

    def __del__(self):
        if self.n % 7 == 0:
            Finalized.kept.append(self)


def lists(n):
    a = []
    for i in range(n):
        a.append(i * 1000)
    a.sort(key=lambda x: -x)
    del a[::3]
    return [x for x in a if x % 7]


def dicts(n):
    d = {}
    for i in range(n):
        d["key%d" % i] = i
        d[i] = str(i)
    for i in range(0, n, 2):
        del d[i]
    return {**d, "more": 1}


def texts(n):
    s = ""
    for i in range(n):
        s += chr(97 + i % 26) + "\u00e9"
    return s.upper().split("A")


def cycles(n):
    for i in range(n):
        a, b = Node(i), Node(i)
        a.next, b.next = b, a
        f = Finalized(i)
        f.self = f
        s = Slotted()
        s.a = s


def numbers(n):
    x = 1
    for i in range(1, n):
        x *= i
    return x % 10 ** 9, sum(i / 3 for i in range(n))


def sets(n):
    s = {i % 50 for i in range(n)} | {"a", "b"}
    s.discard(3)
    return frozenset(s) - {1}


def generator(n):
    for i in range(n):
        try:
            yield i, [i]
        finally:
            pass


def errors(n):
    for i in range(n):
        try:
            {}[i]
        except KeyError as e:
            last = e
    return last


until = time.monotonic() + 2
while time.monotonic() < until:
    lists(50), dicts(40), texts(60), cycles(30), numbers(40), sets(80), errors(20)
    g = generator(5)
    next(g)
    list(zip(generator(10), range(5)))
    Node.extra = property(lambda self: 1)
    Finalized.kept.clear()
    type("Made", (Node,), {"x": 1})("v").y = 2
gc.collect()
