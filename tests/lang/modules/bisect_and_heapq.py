"""_bisect and _heapq: arguments, keys, and lists that change while they are compared."""
import bisect
import heapq
import random
import _bisect
import _heapq


def t(f, *args, **kw):
    try:
        result = f(*args, **kw)
    except Exception as e:
        result = f"{type(e).__name__}: {e}"
    print(result)


print(bisect.bisect_left is _bisect.bisect_left, heapq.heappop is _heapq.heappop, bisect.bisect_left.__text_signature__)
for f in (_bisect.bisect_left, _bisect.bisect_right, _bisect.insort_left, _bisect.insort_right):
    for args in ((), ([1],), ([1], 1, "x"), ([1], 1, 0, "x"), ([1], 1, 0, None, 1), ([1], 1, -1), ([1], 1, 0, -1), ([1], 1, 0, 5),
                 ([1], 1, 0, -5), ([1], 1, 0, 10**30), ([1], 1, 10**30), ([1], 1, 0, 1.5), ({1: 2}, 1), (1, 1), ((1, 2, 2, 3), 2),
                 (["a"], 1), ([1, 2, 2, 3], 2), ([1, 2, 2, 3], 2.5), ([1, 2, 2, 3], 2, 0, 1), ([], 5), ("abc", "b")):
        t(f, *args)
    t(f, a=[1, 2], x=1, key=None)
    t(f, [3, 2, 1], 2, key=lambda v: -v)
    t(f, [1], 1, key=3)
    t(f, [1], 1, keys=3)


class Loud(list):
    def insert(self, index, value):
        print("insert", index, value)


class Three:
    def __getitem__(self, i):
        return [1, 2, 3][i]

    def __len__(self):
        return 3


t(_bisect.insort_right, Loud([1, 2, 3]), 2)
t(_bisect.bisect_left, Three(), 2)
t(_bisect.bisect_left, Three(), 2, 0, 9)
t(_bisect.insort_left, Three(), 2)
t(_bisect.bisect_left, range(10**18), 123456789)

for f in (_heapq.heappush, _heapq.heappop, _heapq.heapify, _heapq.heapreplace, _heapq.heappushpop, _heapq._heappop_max,
          _heapq._heapify_max, _heapq._heapreplace_max):
    for args in ((), ((1,),), ((1,), 1), ([],), ([], 1), ([1], 1), ([1, "a"],), ([1, "a", 2], 1), ([3, 2, 1, 5, 4],),
                 ([3, 2, 1, 5, 4], 3)):
        t(f, *args)
        print(args)
    t(f, heap=[1])


class Hostile:
    def __init__(self, then):
        self.then = then

    def __lt__(self, other):
        self.then()
        return True


class Raises:
    def __lt__(self, other):
        raise ZeroDivisionError


for then in (lambda: heap.clear(), lambda: heap.append(1), lambda: heap.__setitem__(0, Hostile(then)), lambda: heap.sort(key=id)):
    for f in (_heapq.heappush, _heapq.heapreplace, _heapq.heappushpop, _heapq._heapreplace_max):
        heap = [Hostile(then) for _ in range(9)]
        try:
            f(heap, Hostile(then))
            print(len(heap))
        except Exception as e:
            print(type(e).__name__, e)
    for f in (_heapq.heappop, _heapq.heapify, _heapq._heapify_max, _heapq._heappop_max, _bisect.insort_right):
        heap = [Hostile(then) for _ in range(9)]
        try:
            f(heap, heap[0]) if f is _bisect.insort_right else f(heap)
            print(len(heap))
        except Exception as e:
            print(type(e).__name__, e)
for f in (_heapq.heappop, _heapq.heapify, _heapq._heapify_max, _heapq._heappop_max):
    heap = [Raises() for _ in range(9)]
    t(f, heap)
    print(len(heap))

# Random heaps against sorting.
chance = random.Random(2)
for make in (lambda: chance.randrange(50), chance.random, lambda: str(chance.randrange(50)), lambda: (chance.randrange(5), chance.random())):
    for n in (0, 1, 2, 3, 10, 100):
        values = [make() for _ in range(n)]
        heap = values[:]
        heapq.heapify(heap)
        print(heap == values, [heapq.heappop(heap) for _ in range(n)] == sorted(values))
        for v in values:
            heapq.heappush(heap, v)
        if n:
            print(heapq.heappushpop(heap, make()), heapq.heapreplace(heap, make()), heap)
        _heapq._heapify_max(heap)
        if n:
            print(_heapq._heapreplace_max(heap, make()))
        print([_heapq._heappop_max(heap) for _ in range(n)])
        print(heapq.nlargest(3, values), heapq.nsmallest(3, values), list(heapq.merge(sorted(values), sorted(values)))[:5])
        ordered = []
        for v in values:
            bisect.insort(ordered, v)
        print(ordered == sorted(values))
