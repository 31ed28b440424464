# Numbers, texts, containers: what the types allocate.
import collections
import sys
import weakref


class Target:
    pass


def body():
    seen = []
    big = 7 ** 200
    seen.append((big // 3, big % 1000, -big >> 3, int(str(big)), float(10 ** 20), 1.5 ** 3))
    text = "na\xefve \u20ac " * 3
    seen.append((text.upper().split(), text.replace("a", "\U0001f40d"), text.encode(), "%d %s" % (1, text)))
    seen.append(f"{big:>80x} {1.25!r:10} {text[2:-2]}")
    table = {i: str(i) for i in range(40)}
    table.update({"k%d" % i: i for i in range(20)})
    del table[3]
    seen.append((len(dict(table)), sorted(map(str, table.keys()))[:3], {**table, "x": 1}["x"]))
    numbers = {i % 13 for i in range(50)} | {"a"}
    seen.append((len(numbers), len(frozenset(numbers) - {1, 2})))
    items = [[i] for i in range(30)]
    items[3:7] = (1, 2)
    items.sort(key=str)
    seen.append((len(items * 2), tuple(items)[:2], list(reversed(items))[:2], list(zip(items, table))[:2]))
    queue = collections.deque(range(100))
    queue.rotate(20)
    queue.insert(10, None)
    seen.append(list(queue)[:5])
    target = Target()
    target.name = "t"
    reference = weakref.ref(target, seen.append)
    del target
    seen[-1] = reference() is None
    seen.append(bytes(range(20)).hex())
    return seen


try:
    result = body()
except MemoryError:
    result = None
sys._brille_check()
if result is None:
    raise MemoryError
print(result)
