"""Cyclic garbage: rings and doubly linked trees that only the collector frees; gc.collect over live data."""
import gc


class Node:
    def __init__(self):
        self.next = None
        self.others = []


def rings(count, length):
    for _ in range(count):
        first = last = Node()
        for _ in range(length - 1):
            last.next = Node()
            last.next.others.append(last)
            last = last.next
        last.next = first


keep = [{"i": i, "list": [i, (i, str(i))]} for i in range(20000)]
found = 0
for _ in range(6):
    rings(60, 100)
    found += gc.collect()
print(len(keep), found > 10000, gc.collect())
