# Containers that grow and shrink, sorting with keys, iterators in flight, big ints, wide texts.
import collections

print("READY", flush=True)
while True:
    table, items, queue = {}, [], collections.deque(maxlen=100)
    for i in range(2000):
        table["key %d" % (i % 300)] = [i]
        items.insert(0, (i, str(i) * (i % 5)))
        queue.append({i, -i})
        if i % 7 == 0:
            table.pop("key %d" % (i % 300))
            del items[i % len(items)]
        if i % 100 == 0:
            items.sort(key=lambda pair: (pair[1], -pair[0]))
            for a, (b, c) in zip(items, enumerate(reversed(items))):
                text = "\u20ac%s \U0001f40d" % a[1]
    big = 1
    for i in range(1, 300):
        big *= i
    text = "".join(map(str, [big, text]))
    merged = {**table, **dict.fromkeys(range(50))}
    unique = frozenset(text) | {1.5, None, (big,)}
