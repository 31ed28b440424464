"""Queens on a board by going through permutations that a generator makes."""


def permutations(items):
    items = tuple(items)
    n = len(items)
    indices = list(range(n))
    cycles = list(range(n, 0, -1))
    yield items
    while True:
        for i in reversed(range(n)):
            cycles[i] -= 1
            if cycles[i] == 0:
                indices[i:] = indices[i + 1 :] + indices[i : i + 1]
                cycles[i] = n - i
            else:
                j = cycles[i]
                indices[i], indices[-j] = indices[-j], indices[i]
                yield tuple(items[i] for i in indices)
                break
        else:
            return


def queens(n):
    columns = range(n)
    for places in permutations(columns):
        if n == len({places[i] + i for i in columns}) == len({places[i] - i for i in columns}):
            yield places


solutions = list(queens(8))
print(len(solutions), solutions[0], solutions[-1])
