"""Collects on request only, and says what it found; the last line is gc.get_stats()."""
import gc


class Node:
    pass


gc.disable()
gc.collect()
for round_ in range(5):
    for i in range(40):
        node = Node()
        node.me = node
    node = None
    print(round_, gc.collect(round_ % 3))
print(gc.get_stats())
