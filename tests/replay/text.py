"""Text and numbers that come and go: interning and its end, appending in place, cached UTF-8, subclasses."""
import sys
import time


class Name(str):
    pass


class Count(int):
    pass


class Octets(bytes):
    pass


def grow(n):
    text = ""
    for i in range(n):
        text += "\u00e9" if i % 7 == 0 else "x"
    return text


def work(i):
    names = [sys.intern("name %d of a round" % (i % 50 + k)) for k in range(20)]
    attributes = {}
    for name in names:
        attributes[Name(name)] = Count(len(name) << 70)
    pieces = " ".join(names).split()
    text = "{0:>30}|{1!r}|{2:.3f}".format(names[0], pieces[:3], i / 7)
    exec("value_%d = %r" % (i % 30, text))
    big = 3 ** (i % 200)
    return text.encode(), Octets(repr(big).encode()), "%x-%s" % (big, grow(i % 100)), hash(text)


kept = []
until = time.monotonic() + 2
i = 0
while time.monotonic() < until:
    kept.append(work(i))
    i += 1
    if len(kept) > 200:
        del kept[:150]
