"""Objects of three floats: make many, scale each to length one, fold them into a maximum."""
from math import cos, sin, sqrt


class Point:
    def __init__(self, i):
        self.x = x = sin(i)
        self.y = cos(i) * 3
        self.z = (x * x) / 2

    def normalise(self):
        norm = sqrt(self.x**2 + self.y**2 + self.z**2)
        self.x /= norm
        self.y /= norm
        self.z /= norm

    def maximise(self, other):
        self.x = self.x if self.x > other.x else other.x
        self.y = self.y if self.y > other.y else other.y
        self.z = self.z if self.z > other.z else other.z
        return self


def largest(points):
    best = points[0]
    for point in points[1:]:
        best = best.maximise(point)
    return best


def round_of(n):
    points = [Point(i) for i in range(n)]
    for point in points:
        point.normalise()
    best = largest(points)
    return best.x + best.y + best.z


print(f"{sum(round_of(30000) for _ in range(4)):.9f}")
