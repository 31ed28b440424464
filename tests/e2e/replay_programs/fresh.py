# Objects as they are right after they were made: what was announced at birth has to be the size
# that they have, for every type that says its size itself and for subclasses.
import collections
import threading
import weakref

types = [object, int, float, str, bytes, tuple, list, dict, set, frozenset, BaseException,
         ValueError, OSError, collections.deque, collections.defaultdict]
fresh = [kind() for kind in types]
for kind in types:
    class Plain(kind):
        pass

    class Slotted(kind):
        if kind not in (int, str, bytes, tuple):
            __slots__ = "a", "b"

    fresh += [Plain, Slotted, Plain(), Slotted()]
    fresh[-2].more = [1]

fresh += [int("1" * 40), "a" * 50, "\xe9" * 50, "\u20ac" * 50, "\U0001f40d" * 50, b"a" * 50]
fresh += [tuple(range(9)), list(range(9)), dict.fromkeys(range(9)), set(range(99))]
fresh += [range(5), slice(1, 2), property(), staticmethod(len), classmethod(len), super(Plain)]
fresh += [iter(made) for made in ([], (), {}, set(), "", b"", range(3), collections.deque())]
fresh += [enumerate([]), zip([], []), map(len, []), filter(None, []), reversed([1])]
fresh += [{}.keys(), {}.values(), {}.items()]
fresh += [threading.Lock(), threading.RLock(), lambda: fresh, (i for i in fresh), fresh.append]


class Target:
    def method(self):
        yield fresh


class Reference(weakref.ref):
    pass


target = Target()
fresh += [target, target.method, target.method(), weakref.ref(target), weakref.proxy(target),
          Reference(target), weakref.ref(target, print), weakref.WeakSet([target])]

# Deques that turn at the edge of a block gain and lose blocks.
for length in (1, 31, 32, 33, 63, 64, 65, 128):
    for turn in (-33, -1, 1, 33):
        queue = collections.deque(range(length))
        queue.rotate(turn)
        fresh.append(queue)
        short = collections.deque(range(length))
        short.appendleft(short.pop())
        short.insert(length // 2, None)
        short.reverse()
        fresh.append(short)
