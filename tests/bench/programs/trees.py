def make(depth):
    if depth == 0:
        return (None, None)
    return (make(depth - 1), make(depth - 1))


def check(tree):
    left, right = tree
    if left is None:
        return 1
    return 1 + check(left) + check(right)


kept = make(15)
total = 0
for depth in range(4, 15, 2):
    for _ in range(1 << (15 - depth)):
        total += check(make(depth))
print(total, check(kept))
