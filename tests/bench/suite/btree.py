"""A B-tree with insertion, lookup and ordered iteration."""
from bisect import bisect_left, bisect_right

ORDER = 16


class Node:
    __slots__ = ("keys", "values", "children")

    def __init__(self):
        self.keys, self.values, self.children = [], [], None


class Tree:
    def __init__(self):
        self.root = Node()
        self.size = 0

    def get(self, key):
        node = self.root
        while node.children is not None:
            node = node.children[bisect_right(node.keys, key)]
        i = bisect_left(node.keys, key)
        return node.values[i] if i < len(node.keys) and node.keys[i] == key else None

    def set(self, key, value):
        split = self._insert(self.root, key, value)
        if split:
            root = Node()
            root.keys, root.children = [split[0]], [self.root, split[1]]
            self.root = root

    def _insert(self, node, key, value):
        if node.children is None:
            i = bisect_left(node.keys, key)
            if i < len(node.keys) and node.keys[i] == key:
                node.values[i] = value
                return None
            node.keys.insert(i, key)
            node.values.insert(i, value)
            self.size += 1
        else:
            i = bisect_right(node.keys, key)
            split = self._insert(node.children[i], key, value)
            if split is None:
                return None
            node.keys.insert(i, split[0])
            node.children.insert(i + 1, split[1])
        return self._split(node) if len(node.keys) > ORDER else None

    def _split(self, node):
        new, half = Node(), len(node.keys) // 2
        middle = node.keys[half]
        if node.children is None:
            new.keys, node.keys = node.keys[half:], node.keys[:half]
            new.values, node.values = node.values[half:], node.values[:half]
        else:
            new.children, node.children = node.children[half + 1 :], node.children[: half + 1]
            new.keys, node.keys = node.keys[half + 1 :], node.keys[:half]
        return middle, new

    def items(self, node=None):
        node = node or self.root
        if node.children is None:
            yield from zip(node.keys, node.values)
        else:
            for child in node.children:
                yield from self.items(child)


tree, key = Tree(), 1
for i in range(20000):
    key = key * 48271 % 2147483647
    tree.set(key % 30011, i)
hits = sum(tree.get(k) is not None for k in range(30011))
print(tree.size, hits, sum(k ^ v for k, v in tree.items()))
