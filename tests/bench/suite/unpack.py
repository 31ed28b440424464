"""Taking tuples and lists apart, with and without a star, nested and in loops."""


def fixed(t, n):
    total = 0
    for _ in range(n):
        a, b, c, d = t
        e, f, g, h = t
        (i, j), k = (a, b), c
        total += a + b + c + d + e + f + g + h + i + j + k
    return total


def starred(t, n):
    total = 0
    for _ in range(n):
        first, *middle, last = t
        *rest, end = t
        total += first + last + end + len(middle) + len(rest)
    return total


def pairs(n):
    table = [(i, (i + 1, [i + 2, i + 3])) for i in range(100)]
    total = 0
    for _ in range(n):
        for a, (b, [c, d]) in table:
            a, b, c, d = d, c, b, a
            total += a - b + c - d
    return total


print(fixed((1, 2, 3, 4), 120000), fixed([4, 3, 2, 1], 120000), starred(list(range(8)), 60000),
      starred(tuple(range(8)), 60000), pairs(1500))
