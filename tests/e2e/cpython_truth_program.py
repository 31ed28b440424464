"""A program with many kinds of objects that states its own truth: run by the CPython under test.

    cpython_truth_program.py FILE

It builds its objects, collects, and forks without a word to Python (fork() called through ctypes
with the GIL held), so that the child has the very same objects. The child writes what
gc.get_objects() and the closure over gc.get_referents() say; the parent says READY and waits.
A line is address|type|size|tracked|gc|referents.
"""
import abc
import argparse
import array
import asyncio
import collections
import contextlib
import contextvars
import copy
import csv
import ctypes
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import gc
import heapq
import io
import itertools
import json
import logging
import operator
import os
import pickle
import random
import re
import sqlite3
import string
import struct
import sys
import tempfile
import threading
import types
import typing
import unittest
import uuid
import weakref
import xml.etree.ElementTree as ElementTree
import zlib

KEPT = {}


# ---- classes ----

class Plain:
    def __init__(self, n):
        self.number = n
        self.text = f"plain {n}"
        self.items = [n, str(n)]


class Pair:  # whose objects are 16 bytes from 3.12 on: a whole pool of them, and of nothing else
    def __init__(self, n, after):
        self.n, self.after = n, after


class Slotted:
    __slots__ = ("left", "right", "__weakref__")

    def __init__(self, left, right):
        self.left, self.right = left, right


class SlottedMore(Slotted):
    __slots__ = ("extra", "__dict__")


class Empty:
    __slots__ = ()


class Meta(type):
    def __new__(mcs, name, bases, namespace):
        made = super().__new__(mcs, name, bases, namespace)
        made.registry = [name]
        return made


class WithMeta(metaclass=Meta):
    pass


class Sentinel(type):
    def __new__(mcs, name, bases, namespace):
        made = super().__new__(mcs, name, bases, namespace)
        made.__class__ = made
        return made


class ItsOwnType(Sentinel, metaclass=Sentinel):
    pass


class Wide:  # objects of 72 kB, as some C libraries have them
    __slots__ = [f"s{i:04}" for i in range(9000)]


class Abstract(abc.ABC):
    @abc.abstractmethod
    def run(self):
        ...


class Concrete(Abstract):
    def run(self):
        return 1

    @property
    def value(self):
        return 2

    @classmethod
    def make(cls):
        return cls()

    @staticmethod
    def helper():
        return 3


class MyInt(int):
    pass


class MyStr(str):
    pass


class MyFloat(float):
    pass


class MyBytes(bytes):
    pass


class MyList(list):
    pass


class MyTuple(tuple):
    pass


class MyDict(dict):
    pass


class MySet(set):
    pass


class MyError(ValueError):
    def __init__(self, *args):
        super().__init__(*args)
        self.more = {"why": args}


class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Bits(enum.IntFlag):
    A = 1
    B = 2


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Record:
    name: str
    tags: list = dataclasses.field(default_factory=list)


class Generic(typing.Generic[typing.TypeVar("T")]):
    pass


class Structure(ctypes.Structure):
    _fields_ = [("a", ctypes.c_int), ("b", ctypes.c_char_p)]


# ---- objects ----

def instances():
    yield [Plain(i) for i in range(300)]
    pair = None
    for i in range(1500):
        pair = Pair(i + 10000, pair)
    yield pair
    yield [Slotted(i, str(i)) for i in range(100)]
    more = [SlottedMore(i, None) for i in range(50)]
    for i, each in enumerate(more):
        each.extra = (i,)
        if i % 2:
            each.attribute = [i]
    yield more
    yield [Empty() for _ in range(10)]
    wide = Wide()
    wide.s0000, wide.s0100 = [1], [2]
    yield [wide, ItsOwnType, [ItsOwnType]]
    yield [WithMeta(), Concrete(), Concrete.make(), Concrete.helper, Concrete().run]
    yield [MyInt(10 ** 30), MyStr("mine"), MyFloat(1.5), MyBytes(b"x" * 20), MyList([1, 2]),
           MyTuple((1, [2])), MyDict(a=[1]), MySet([1, "two"])]
    for each in (MyInt(5), MyInt(10 ** 40), MyStr("a"), MyFloat(2.5), MyBytes(b"yy"), MyTuple((1,))):
        each.attribute = ["attribute of", type(each).__name__]
        yield each
    yield [Color.RED, Bits.A | Bits.B, Point(1, [2]), Record("r", ["t"]), Generic[int]]
    odd = Plain(1)
    odd.__dict__ = {"swapped": [1], 3: "three"}
    yield odd
    late = Plain(2)
    vars(late)["later"] = object()
    del late.items
    yield late
    yield [type(f"Made{i}", (Plain,), {"number": i, "__slots__": ("z",)})(i) for i in range(20)]


def containers():
    yield [[], [1], list(range(1000)), [[i] for i in range(500)]]
    yield [(), (1,), tuple(range(200)), ((1, [2]), "x")]
    yield [{}, {"a": 1}, {1: [2], (3, 4): {5}}, {i: [i] for i in range(2000)}]
    yield [{f"key {i}": [i] for i in range(300)}, dict.fromkeys("abc"), {None: 1, "x": []}]
    shrunk = {i: str(i) for i in range(100)}
    for i in range(90):
        del shrunk[i]
    yield shrunk
    yield [set(), {1, "a", (2, 3)}, set(range(500)), frozenset([1, frozenset([2])])]
    gone = set(map(str, range(100)))
    for i in range(80):
        gone.discard(str(i))
    yield gone
    yield [collections.deque([[i] for i in range(200)], 500), collections.deque(maxlen=3)]
    rotated = collections.deque(map(str, range(150)))
    rotated.rotate(40)
    for _ in range(70):
        rotated.popleft()
    yield rotated
    ordered = collections.OrderedDict((str(i), [i]) for i in range(50))
    ordered.move_to_end("3")
    del ordered["7"]
    ordered.attribute = ["of an OrderedDict"]
    yield ordered
    default = collections.defaultdict(list, {"a": [1]})
    default["b"].append(default)
    yield default
    yield [collections.Counter("abracadabra"), collections.ChainMap({"a": 1}, {"b": [2]})]
    yield types.MappingProxyType({"m": [1]})
    yield types.SimpleNamespace(a=[1], b="two")
    yield [array.array("d", [1.5, 2.5]), bytearray(b"x" * 100), memoryview(bytearray(b"abc"))]


def values():
    yield [10 ** n for n in range(0, 200, 7)] + [-(2 ** 40), 2 ** 60, 2 ** 62, -1, 0, 300]
    yield [1.5, float("inf"), -0.0, 1e300, 3 + 4j, 2.25]
    yield ["text", "ünïcödé", "漢字", "\U0001f40d snake", "x" * 1000, "é" * 700]
    yield [b"bytes", b"y" * 800, "utf8 cached é".encode()]
    yield [decimal.Decimal("1.10"), fractions.Fraction(1, 3), uuid.uuid4()]
    yield [datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), datetime.date(2020, 1, 2),
           datetime.timedelta(3), datetime.time(4)]
    yield [range(10), range(10 ** 30), slice(1, [2], None), Ellipsis, NotImplemented]
    yield [os.stat("/"), sys.version_info, sys.flags, os.times(), sys.float_info, os.uname()]


def functions():
    cell_value = ["in a cell"]
    empty_later = None

    def inner(a, b=[1], *, c={"k": 2}) -> int:
        return cell_value, a, b, c

    def unset():
        return never_set  # an empty cell

    if empty_later:
        never_set = 1
    inner.attribute = {"of": "a function"}
    yield [inner, unset, lambda x=cell_value: x]
    yield [len, [].append, "".join, dict.fromkeys, Plain(3).__init__, str.upper, object().__repr__]
    yield [property(lambda self: 1, None, None, "doc"), classmethod(inner), staticmethod(inner)]
    yield [functools.partial(inner, [1], c=3), functools.partial(print)]

    @functools.lru_cache(maxsize=64)
    def cached(n):
        return [n]

    @functools.lru_cache(maxsize=None)
    def unbounded(n, m=None):
        return {n: m}

    for i in range(100):
        cached(i)
        unbounded(i, m=(i,))
    yield [cached, unbounded, functools.cmp_to_key(lambda a, b: 0)([1])]
    yield [operator.attrgetter("a.b", "c"), operator.itemgetter(1, "x"),
           operator.methodcaller("m", [1], k=2)]
    yield [typing.List[int], typing.Dict[str, typing.List[int]], typing.Callable[[int], str]]
    yield [super(Concrete, Concrete()), Concrete.__dict__, Plain.__init__.__code__]


def iterators():
    data = [[1], [2], [3], [4]]
    made = [iter(data), reversed(data), iter((1, 2)), iter("abc"), iter("äbc"), iter({1: 2}),
            iter({1: [2]}.items()), iter({1: 2}.values()), iter({3, 4}), iter(range(5)),
            iter(b"abc"), iter(bytearray(b"abc")), enumerate(data), zip(data, data),
            map(str, data), filter(None, data), iter(lambda: 1, 2), iter(collections.deque(data)),
            iter(collections.OrderedDict(a=[1])), iter(memoryview(b"abc")), iter(array.array("i", [1])),
            itertools.count(10 ** 20), itertools.cycle(data), itertools.repeat(data, 3),
            itertools.chain(data, data), itertools.islice(data, 2), itertools.groupby(data),
            itertools.accumulate([1, 2]), itertools.product(data, data),
            itertools.permutations(data, 2), itertools.combinations(data, 2),
            itertools.combinations_with_replacement(data, 2), itertools.compress(data, [1, 0, 1]),
            itertools.dropwhile(bool, data), itertools.takewhile(bool, data),
            itertools.starmap(max, [data]), itertools.zip_longest(data, [1]),
            itertools.filterfalse(bool, data), {1: 2}.keys(), {1: [2]}.values(), {1: 2}.items()]
    for each in made:
        with contextlib.suppress(TypeError, StopIteration):
            next(each)
    yield made
    first, second = itertools.tee(iter(range(200)))
    for _ in range(100):
        next(first)
    yield [first, second]
    key, group = next(itertools.groupby([[1], [1], [2]]))
    yield [key, group, re.finditer("a", "banana"), struct.iter_unpack("i", b"x" * 8)]


def generators():
    def counting(n, *, keep):
        local = [n]
        while True:
            received = yield local, keep
            local.append(received)

    def outer():
        yield from counting(3, keep={"k": [1]})

    fresh, started, delegating = counting(1, keep=[1]), counting(2, keep=(2,)), outer()
    next(started)
    started.send(["sent"])
    next(delegating)
    finished = counting(4, keep=None)
    finished.close()
    yield [fresh, started, delegating, finished, (x for x in [[1], [2]])]

    async def coroutine(n):
        await asyncio.sleep(0)
        return n

    async def agen():
        held = ["held"]
        yield held

    ran, ag = coroutine([5]), agen()
    ran.send(None)
    yield [coroutine([1]), ran, ag, ag.asend(None), ag.__anext__()]


def exceptions():
    def fails(n):
        local = ["in a dead frame", n]
        raise MyError("failed", local)

    for i in range(20):
        try:
            try:
                fails(i)
            except MyError as inner:
                raise KeyError(i) from inner
        except KeyError as outer:
            yield outer
    yield [OSError(2, "no", "file"), UnicodeDecodeError("utf-8", b"x", 0, 1, "why"), StopIteration([1]),
           SyntaxError("bad", ("f", 1, 2, "t")), SystemExit([1]), ImportError("i", name="n", path="p"),
           AttributeError("a"), NameError("n")]
    try:
        {}["missing"]
    except KeyError as error:
        frame = error.__traceback__.tb_frame
        yield [frame, frame.f_locals]


def weak():
    target = Plain(9)
    yield [target, weakref.ref(target), weakref.ref(target, lambda r: None), weakref.proxy(target)]
    yield [weakref.WeakValueDictionary(a=target), weakref.WeakKeyDictionary({target: [1]}),
           weakref.WeakSet([target]), weakref.WeakMethod(Concrete().run),
           weakref.finalize(target, print, [1])]


def standard_library():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a, b)")
    connection.executemany("insert into t values (?, ?)", [(i, str(i)) for i in range(20)])
    connection.row_factory = sqlite3.Row
    cursor = connection.execute("select * from t")
    yield [connection, cursor, cursor.fetchone(), cursor.fetchall()]
    tree = ElementTree.fromstring("<r a='1'><c>text<d/>tail</c><c x='y'/></r>")
    ElementTree.SubElement(tree, "made", {"k": "v"}).text = "t"
    yield [tree, tree.iter(), ElementTree.ElementTree(tree)]
    pattern = re.compile(r"(?P<name>\w+) (\d+)")
    yield [pattern, pattern.match("word 12"), pattern.scanner("abc")]
    yield [io.StringIO("text\nmore"), io.BytesIO(b"bytes" * 10), io.TextIOWrapper(io.BytesIO(b"x"))]
    file = tempfile.TemporaryFile()
    yield [file, io.BufferedReader(io.FileIO(file.fileno(), closefd=False))]
    yield [json.JSONEncoder(), json.JSONDecoder(), json.loads('{"a": [1, {"b": null}]}')]
    yield [csv.reader(["a,b"]), csv.writer(io.StringIO()), struct.Struct("<IQ"), random.Random(1)]
    yield [pickle.Pickler(io.BytesIO()), pickle.Unpickler(io.BytesIO(b"")), zlib.compressobj()]
    parser = argparse.ArgumentParser("p")
    parser.add_argument("--x", default=[1])
    yield [parser, logging.getLogger("truth"), unittest.TestSuite(), string.Template("$a")]
    yield [ctypes.c_int(3), Structure(1, b"x"), (ctypes.c_int * 4)(), ctypes.pointer(ctypes.c_int(5)),
           ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda n: n), ctypes.py_object([1])]
    variable = contextvars.ContextVar("variable", default=[1])
    context = contextvars.copy_context()
    variables = [contextvars.ContextVar(f"v{i}") for i in range(40)]

    def fill():
        for i, each in enumerate(variables):
            each.set([i])
        return variable.set({"in": "context"})

    yield [variable, context, variables, context.run(fill)]
    yield [threading.Lock(), threading.RLock(), threading.Event(), threading.Condition(),
           threading.local(), threading.Thread(target=print, args=([1],))]
    local = threading.local()
    local.value = [1]
    yield [local, copy.deepcopy({"a": [1]}), heapq.merge([1], [2])]


def asyncio_objects():
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    future.add_done_callback(print)

    async def waits(n):
        local = [n]
        await future
        return local

    tasks = [loop.create_task(waits(i)) for i in range(10)]
    loop.call_soon(loop.stop)
    loop.run_forever()
    tasks[3].cancel("message") if sys.version_info >= (3, 9) else tasks[3].cancel()
    done = loop.create_future()
    done.set_result([1])
    failed = loop.create_future()
    failed.set_exception(ValueError([2]))
    failed.exception()
    yield [loop, future, tasks, done, failed, asyncio.gather(*tasks[:3])
           if sys.version_info < (3, 10) else None]


def cycles():
    for i in range(50):
        a, b = Plain(i), {"b": i}
        a.other, b["a"] = b, a
        yield a
    ring = []
    ring.append(ring)
    yield ring


class Thread(threading.Thread):
    """Waits in a frame with locals."""

    def __init__(self, gate):
        super().__init__(name="truth-worker", daemon=True)
        self.gate = gate

    def run(self):
        held = ["by a waiting thread", {"deep": [1]}]

        def nested(argument):
            inside = (argument, held)
            self.gate.wait()
            return inside

        nested({"argument": 1})


def build():
    for make in (instances, containers, values, functions, iterators, generators, exceptions, weak,
                 standard_library, asyncio_objects, cycles):
        KEPT[make.__name__] = list(make())


# ---- truth ----

def closure(first):
    """Everything that can be reached from `first`, without what this function makes itself."""
    own = {id(first)}
    seen, order, waiting = {}, [], first
    for thing in waiting:
        seen[id(thing)] = thing
    order.extend(first)
    at = 0
    own.update((id(seen), id(order), id(own)))
    while at < len(order):
        for target in gc.get_referents(order[at]):
            if id(target) not in seen and id(target) not in own:
                seen[id(target)] = target
                order.append(target)
        at += 1
    return order, own


def write_truth(path, tracked_first, known):
    order, own = closure(tracked_first)
    with open(path, "w", encoding="utf-8") as out:
        for thing in order:
            address = id(thing)
            if address in own or address in known:
                continue
            try:
                size = sys.getsizeof(thing)
            except Exception:
                size = -1
            kind = type(thing)
            referents = gc.get_referents(thing)
            out.write("%d|%s|%d|%d|%s\n" % (
                address, kind.__name__.replace("|", ""), size, gc.is_tracked(thing),
                ",".join(str(id(each)) for each in referents)))


def main():
    build()
    gate = threading.Event()
    workers = [Thread(gate) for _ in range(3)]
    for worker in workers:
        worker.start()
    while any(not worker.is_alive() for worker in workers):
        pass
    threading.Event().wait(0.2)
    for _ in range(3):
        gc.collect()
    gc.disable()
    fork = ctypes.PyDLL(None).fork
    path = sys.argv[1]
    if fork() == 0:
        try:
            first = gc.get_objects()
            write_truth(path, first, {id(first)})
        except BaseException as error:
            os.write(2, repr(error).encode())
        os._exit(0)
    os.wait()
    os.write(1, b"READY\n")
    os.read(0, 1)


if __name__ == "__main__":
    main()
