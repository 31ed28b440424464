"""Everything that carries references in its own way: coroutines, asynchronous generators, match,
exception groups, bytearray and memoryview, the iterators of itertools. For two seconds."""
import gc
import itertools
import sys
import time


class Pause:
    def __await__(self):
        got = yield [1]
        return got


async def numbers(n):
    try:
        for i in range(n):
            got = yield [i]
            await Pause()
    finally:
        del got


async def add(n):
    total = []
    async for x in numbers(n):
        total += x
        if len(total) > 4:
            break
    return total, [y async for y in numbers(2)], {await Pause() for _ in range(2)}


class Manager:
    async def __aenter__(self):
        return [self]

    async def __aexit__(self, kind, value, tb):
        await Pause()
        return kind is KeyError


async def managed(fail):
    async with Manager() as m:
        if fail:
            raise fail(m)
    return m


def run(coro, steps=-1):
    out = []
    try:
        while steps:
            out.append(coro.send(len(out) or None))
            steps -= 1
    except StopIteration as e:
        return e.value
    return coro


class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x = [x]
        self.y = y


def shape(o):
    match o:
        case Point([x], y) if x == y:
            return x, y
        case [Point(x=[x]), *rest, {"k": v, **more}]:
            return rest, more, v
        case [a, _] | (_, a, _):
            return a
        case {"k": [*_, last]}:
            return last
        case other:
            return [other]


def groups(n):
    try:
        raise ExceptionGroup("g", [ValueError([n]), TypeError("t"), ExceptionGroup("h", [KeyError(n)])])
    except* ValueError as v:
        kept = v.exceptions
    except* (TypeError, KeyError):
        pass
    try:
        try:
            raise ExceptionGroup("g", [OSError(n), ValueError(n)])
        except* OSError as e:
            raise KeyError([n]) from e
    except BaseException as e:
        kept += e.exceptions
    return kept


def octets(n):
    b = bytearray(b"abc" * n)
    m = memoryview(b)[1:]
    b[0] = n % 256
    del m
    b += bytes(n)
    del b[::2]
    return b.split(b"c"), b.upper(), complex(n, 1) * 2j


def tools(n):
    a, b = itertools.tee(itertools.count(n))
    next(a), next(a), next(b)
    groups = [(k, list(g)) for k, g in itertools.groupby(range(n), lambda x: x // 3)]
    return (list(itertools.islice(itertools.chain([[1]], itertools.repeat([2], 3), itertools.accumulate([[3], [4]])), 7)),
            list(itertools.product([[1], [2]], repeat=2)), list(itertools.permutations([[n], 2, 3], 2)),
            list(itertools.zip_longest([1], [[2], [3]])), list(itertools.pairwise([[1], [2], [3]])), groups, a, b)


def cycle():
    async def endless():
        me = [here]
        while True:
            await Pause()
            yield me
    here = endless()
    step = here.__anext__()
    step.send(None)
    return step


end = time.monotonic() + 2
n = 0
kept = []
while time.monotonic() < end:
    n += 1
    kept.append([run(add(7)), run(managed(None)), run(managed(KeyError)), run(add(5), 2), cycle(),
                 shape(Point(1, 1)), shape([Point(1, 2), 3, {"k": 4, "l": 5}]), shape((1, 2)), shape({"k": [1, 2]}),
                 groups(n), octets(n % 50 + 1), tools(n % 9)])
    if n % 10 == 0:
        del kept[::2]
    if n % 25 == 0:
        gc.collect()
        kept.clear()
