# States the truth about its own objects, for tests/e2e/truth.py: for each object that the collector
# knows, and for each that one of those refers to, what the gc and sys modules say. Twice, so that
# the test can leave out what changes by being looked at. Then it waits to be dumped.
import collections
import gc
import sys
import threading
import weakref


class Plain:
    def __init__(self, n):
        self.number = n
        self.name = "name-%d" % n


class Derived(Plain):
    kind = "derived"

    def __init__(self, n):
        super().__init__(n)
        self.more = [n, (n,)]


class Slots:
    __slots__ = ("left", "right")


class SlotsAndDict(Slots):
    pass


class ListChild(list):
    pass


class DictChild(dict):
    pass


class IntChild(int):
    pass


class StrChild(str):
    pass


class TupleChild(tuple):
    pass


class BytesChild(bytes):
    pass


class FloatChild(float):
    pass


class SetChild(set):
    pass


class Meta(type):
    pass


class WithMeta(metaclass=Meta):
    @property
    def value(self):
        return 1

    @classmethod
    def make(cls):
        return cls()

    @staticmethod
    def nothing():
        return None


def closure(n):
    held = ["cell", n]

    def inner(a, b=held, *rest, key=held):
        return held, a, b, rest, key

    return inner


def generate(n):
    local = {"n": n}
    while True:
        yield local


def recurse(n):
    if n == 0:
        raise ValueError("deep", n)
    return recurse(n - 1)


def caught():
    try:
        recurse(5)
    except ValueError as e:
        try:
            raise KeyError("second") from e
        except KeyError as second:
            return second


def many_attributes(n):
    o = Plain(n)
    for i in range(40):
        setattr(o, "a%d" % i, i)
    return o


def variety():
    kept = [Plain(i) for i in range(20)] + [Derived(i) for i in range(20)]
    materialized = Plain(100)
    kept += [materialized, materialized.__dict__]
    deleted = Plain(101)
    del deleted.number
    slots, both = Slots(), SlotsAndDict()
    slots.left = [slots]
    both.right, both.attribute = (1, 2), {}
    kept += [deleted, slots, Slots(), both, SlotsAndDict(), many_attributes(5)]
    kept += [ListChild([1, [2]]), DictChild(a=1), IntChild(7), IntChild(2 ** 70), StrChild("abc"),
             TupleChild((1, [2])), BytesChild(b"xyz"), FloatChild(1.5), SetChild({1, 2}),
             WithMeta(), WithMeta, Meta]
    numbers = [0, 1, -1, 256, 257, 2 ** 30, 2 ** 31, 2 ** 60, 2 ** 63, -(2 ** 64), 10 ** 40,
               3 ** 1000, 0.0, 1.5, float("inf"), float("nan"), True, None, ...]
    texts = ["", "a", "ascii text", "\xe9", "\xe9t\xe9 long", "\u0416\u0417", "\U0001f600 wide",
             "x" * 1000, b"", b"b", b"bytes" * 100]
    lists = [[], [1], list(range(100)), [[]] * 10]
    appended = []
    for i in range(77):
        appended.append(i)
    dicts = [{}, {"a": 1}, {1: 2, "b": [3]}, {i: i for i in range(100)},
             {"k%d" % i: [i] for i in range(50)}, dict.fromkeys("abc"), {(1, 2): 3, None: 4}]
    removed = {i: [i] for i in range(20)}
    for i in range(0, 20, 3):
        del removed[i]
    sets = [set(), {1}, set(range(50)), frozenset(), frozenset("abc"), {(1, 2), "x", None}]
    discarded = set(range(30))
    discarded.discard(7)
    deques = [collections.deque(), collections.deque(range(200)), collections.deque("ab", 5)]
    turned = collections.deque(range(150))
    for i in range(40):
        turned.popleft()
        turned.append([i])
    default = collections.defaultdict(list)
    default["x"].append(1)
    kept += [numbers, texts, lists, appended, dicts, removed, sets, discarded, deques, turned,
             default, tuple(range(10)), ((), ((),)), range(5), range(10 ** 30), slice(1, [2], None)]
    generators = [generate(i) for i in range(3)]
    next(generators[1])
    kept += [generators, closure(1), closure, closure(2).__closure__, len, [].append, str.upper,
             kept[0].__init__, iter([1, 2]), iter({1: 2}), iter({1}), reversed([1]), zip([1], [2]),
             map(len, ["a"]), filter(None, [1]), enumerate(["x"]), caught(), super(Derived, kept[25]),
             {}.keys(), {1: 2}.items(), type.__dict__["__mro__"], Slots.left, property(len), sys,
             memo, threading.Lock(), sys._getframe()]
    referent = Plain(3)
    kept += [referent, weakref.ref(referent), weakref.ref(referent, len), weakref.proxy(referent)]
    return kept


memo = {"self": None}
memo["self"] = memo
KEPT = variety()
gc.collect()
YOUNG = variety()
gc.disable()


def universe():
    """Every object that can be reached by what the collector reports; held in one list."""
    found = gc.get_objects()
    seen = {id(o) for o in found}
    i = 0
    while i < len(found):
        for r in gc.get_referents(found[i]):
            if id(r) not in seen:
                seen.add(id(r))
                found.append(r)
        i += 1
    return found


def state(found, out, extra):
    for o in found:
        t = type(o)
        out.write("%d|%s|%s|%d|%d|%d|%s\n" % (
            id(o), t.__name__, t.__module__, sys.getsizeof(o), sys.getrefcount(o) - extra,
            gc.is_tracked(o), ",".join([str(id(r)) for r in gc.get_referents(o)])))
    for generation in range(3):
        out.write("G%d %s\n" % (
            generation, ",".join([str(id(o)) for o in gc.get_objects(generation=generation)])))


# What the functions above and the waiting below use: their counts say so.
BUSY = [universe, state, sys.getrefcount, sys.getsizeof, gc.is_tracked, gc.get_referents,
        gc.get_objects, sys.stdin, type, str, str.__module__]
BUSY += [getattr(type(sys.stdin), name) for name in ("write", "read", "flush")] + [str.join]


def calibrate():
    """How many references asking for the count adds: the loop's and the call's."""
    for o in [object()]:
        return sys.getrefcount(o) - 1


FOUND = universe()
EXTRA = calibrate()
for number in (1, 2):
    with open(sys.argv[number], "w") as output:
        state(FOUND, output, EXTRA)
        output.write("B%s\n" % ",".join([str(id(o)) for o in BUSY]))
print("READY", flush=True)
sys.stdin.read()
