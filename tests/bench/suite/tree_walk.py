"""Walking binary trees by generators that delegate to generators."""


class Node:
    def __init__(self, left, value, right):
        self.left, self.value, self.right = left, value, right

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.value
        if self.right:
            yield from self.right


def tree(first, last):
    if first >= last:
        return None
    middle = (first + last) // 2
    return Node(tree(first, middle), middle, tree(middle + 1, last))


def merge(a, b):
    x, y = next(a, None), next(b, None)
    while x is not None or y is not None:
        if y is None or (x is not None and x <= y):
            yield x
            x = next(a, None)
        else:
            yield y
            y = next(b, None)


total = 0
for _ in range(3):
    a, b = tree(0, 12000), tree(3000, 9000)
    total += sum(v * (i % 3) for i, v in enumerate(merge(iter(a), iter(b))))
print(total)
