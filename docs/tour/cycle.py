"""Two objects that keep each other alive: counts cannot free them, the collector can."""
import weakref


class Node:
    pass


def make_cycle():
    left, right = Node(), Node()
    left.other = right
    right.other = left
    print("left is at", hex(id(left)))
    return weakref.ref(left)    # a weak reference does not count


watcher = make_cycle()
print("nobody can reach it; alive:", watcher() is not None)

kept = []
for _ in range(1000):
    kept.append([])             # new containers: the 700th makes the collector run by itself
print("1000 new containers later; alive:", watcher() is not None)
