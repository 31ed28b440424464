"""The chaos game over a closed B-spline: small objects with arithmetic methods."""
import math
import random


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)

    def __mul__(self, k):
        return Point(self.x * k, self.y * k)

    def distance(self, other):
        return math.hypot(self.x - other.x, self.y - other.y)

    def towards(self, other, share):
        return self * (1.0 - share) + other * share


class Spline:
    """Cubic segments between control points on a circle of uneven radius."""

    def __init__(self, count):
        self.points = []
        for i in range(count):
            angle = 2 * math.pi * i / count
            radius = 1.0 + 0.4 * (i % 3)
            self.points.append(Point(radius * math.cos(angle), radius * math.sin(angle)))

    def __len__(self):
        return len(self.points)

    def __call__(self, t):
        i, u = int(t), t - int(t)
        p = [self.points[(i + k) % len(self.points)] for k in range(4)]
        v = 1.0 - u
        weights = (v * v * v, 3 * u**3 - 6 * u * u + 4, -3 * u**3 + 3 * u * u + 3 * u + 1, u**3)
        total = Point(0.0, 0.0)
        for point, weight in zip(p, weights):
            total = total + point * (weight / 6.0)
        return total


def game(size, rounds):
    rng = random.Random(1234)
    splines = [Spline(5), Spline(7), Spline(9)]
    grid = [[0] * size for _ in range(size)]
    at = Point(0.0, 0.0)
    length = 0.0
    for _ in range(rounds):
        spline = splines[int(rng.random() * 3)]
        after = at.towards(spline(rng.random() * len(spline)), 0.6)
        length += after.distance(at)
        at = after
        x, y = int((at.x + 2) / 4 * size), int((at.y + 2) / 4 * size)
        if 0 <= x < size and 0 <= y < size:
            grid[y][x] += 1
    return length, sum(1 for row in grid for cell in row if cell), max(map(max, grid))


length, filled, most = game(120, 14000)
print(f"{length:.6f}", filled, most)
