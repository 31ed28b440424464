class Node:
    def __init__(self, value, parent=None):
        self.value = value
        self.parent = parent
        self.children = []
        if parent is not None:
            parent.children.append(self)


def tree(depth, fan, parent=None):
    node = Node(depth, parent)
    if depth:
        for _ in range(fan):
            tree(depth - 1, fan, node)
    return node


kept = [tree(5, 3) for _ in range(4)]
total = 0
for i in range(420):
    t = tree(4, 4)
    total += len(t.children) + t.children[0].value
print(total, len(kept))
