"""Objects whose size counts memory beside them, and named tuples with hidden items: grown, shrunk, kept alive."""
import array
import collections
import io
import os
import time


class Numbers(array.array):
    pass


class Octets(io.BytesIO):
    pass


def with_slots(base):
    return type("With" + base.__name__, (base,), {"__slots__": ("first", "second")})


slotted = [with_slots(base) for base in (array.array, bytearray, list, dict, set, frozenset, io.BytesIO, io.StringIO,
                                         collections.deque, Exception)]


def grown(n):
    numbers = array.array("d", range(n))
    numbers.append(1.0)
    octets, text, raw = io.BytesIO(bytes(n)), io.StringIO("a" * n), bytearray(n)
    octets.seek(0, 2)
    octets.write(b"more" * n)
    text.seek(0, 2)
    text.write("more" * n)
    raw += b"more"
    return [numbers, octets, text, raw, os.stat("/"), time.localtime(n), os.times(), os.uname()]


def shrunk(n):
    kept = grown(n)
    del kept[0][n // 3:]
    for each in kept[1:3]:
        each.truncate(n // 3)
    return kept


def of_classes(n):
    kept = [Numbers("i", range(n)), Octets(b"x" * n)]
    for kind in slotted[1:6]:
        kept += [kind([(i, i) for i in range(n)] if issubclass(kind, dict) else range(n % 200))]
    return kept + [slotted[0]("i", range(n)), slotted[6](b"x" * n), slotted[7]("x" * n), slotted[8](range(n)),
                   slotted[9](n)]


def work():
    kept = [array.array("i"), io.BytesIO(), io.StringIO(), bytearray(), slotted[0]("b")]
    kept += [kind() for kind in slotted[1:]]
    for n in (0, 1, 5, 60, 4000):
        kept += grown(n) + shrunk(n)
    for n in (1, 300):
        kept += of_classes(n)
    return kept


for _ in range(20):
    kept = work()
    time.sleep(0.02)
print(len(kept), sum(len(each) for each in kept if isinstance(each, array.array)))
