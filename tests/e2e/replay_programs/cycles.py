# Cycles that only the collector frees: automatic and asked for, all generations, finalizers that
# resurrect, gc.freeze.
import gc


class Node:
    saved = []

    def __init__(self, other=None):
        self.other = other
        self.me = self
        self.data = [self, {"me": self}]


class Final(Node):
    def __del__(self):
        if len(Node.saved) < 3:
            Node.saved.append(self)


gc.set_threshold(50, 3, 2)
for i in range(400):
    a = Node()
    a.other = Node(a)
    if i % 20 == 0:
        Final(a)
for i in range(3):
    gc.collect(i)
gc.freeze()
more = [Node() for _ in range(20)]
gc.collect()
gc.unfreeze()
more = [Node(n) for n in more]
gc.freeze()
late = [Node() for _ in range(70)]
