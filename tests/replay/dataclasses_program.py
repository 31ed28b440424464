"""A program that uses the library: classes made by dataclasses, enum and namedtuple, and caches."""
import collections
import contextlib
import dataclasses
import enum
import functools
import time


class Kind(enum.Enum):
    A = 1
    B = 2


@dataclasses.dataclass(order=True)
class Item:
    name: str
    price: float = 0.0
    kind: Kind = dataclasses.field(default=Kind.A, compare=False)
    tags: list = dataclasses.field(default_factory=list, compare=False)


Pair = collections.namedtuple("Pair", "left right")


@functools.lru_cache(maxsize=50)
def describe(n):
    return Pair(n, [n])


@contextlib.contextmanager
def collecting(into):
    before = len(into)
    try:
        yield into
    finally:
        del into[before + 5:]


end = time.monotonic() + 2
n = 0
kept = []
while time.monotonic() < end:
    n += 1
    with collecting(kept) as into:
        items = [Item("i%d" % i, i / 3, Kind(i % 2 + 1), [n]) for i in range(6)]
        into.extend(sorted(items, reverse=True))
        into.append(dataclasses.replace(items[0], name="new"))
        into.append(dataclasses.asdict(items[1]))
    describe(n % 70)
    counter = collections.Counter(i.kind for i in items)
    ordered = collections.OrderedDict((i.name, i) for i in items)
    ordered.move_to_end("i0")
    Local = dataclasses.make_dataclass("Local", [("x", int), ("y", list, dataclasses.field(default_factory=list))])
    local = Local(n)
    if n % 20 == 0:
        kept.clear()
