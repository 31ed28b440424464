"""A pseudo-random generator in Python, and the circle's area by it."""


class Random:
    def __init__(self, seed):
        self.m = [0] * 17
        for k in range(17):
            seed = seed * 9069 % 2147483647
            self.m[k] = seed
        self.i, self.j = 4, 16

    def next(self):
        k = self.m[self.i] - self.m[self.j]
        if k < 0:
            k += 2147483647
        self.m[self.j] = k
        self.i = self.i - 1 if self.i else 16
        self.j = self.j - 1 if self.j else 16
        return k / 2147483647.0


def area(samples):
    rng = Random(113)
    inside = 0
    for _ in range(samples):
        x, y = rng.next(), rng.next()
        if x * x + y * y <= 1.0:
            inside += 1
    return inside / samples * 4.0


print(area(150000))
