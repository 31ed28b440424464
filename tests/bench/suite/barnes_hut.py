"""Bodies that attract each other, far ones as one: a quadtree rebuilt at every step."""
import random


class Quad:
    __slots__ = ("x", "y", "half", "mass", "cx", "cy", "body", "parts")

    def __init__(self, x, y, half):
        self.x, self.y, self.half = x, y, half
        self.mass = self.cx = self.cy = 0.0
        self.body = self.parts = None

    def insert(self, body):
        if self.mass == 0.0:
            self.body = body
        else:
            if self.parts is None:
                h = self.half / 2
                self.parts = [Quad(self.x + dx * h, self.y + dy * h, h) for dx in (-1, 1) for dy in (-1, 1)]
                self.part_of(self.body).insert(self.body)
                self.body = None
            self.part_of(body).insert(body)
        total = self.mass + body[4]
        self.cx = (self.cx * self.mass + body[0] * body[4]) / total
        self.cy = (self.cy * self.mass + body[1] * body[4]) / total
        self.mass = total

    def part_of(self, body):
        return self.parts[2 * (body[0] > self.x) + (body[1] > self.y)]

    def pull(self, body, theta):
        dx, dy = self.cx - body[0], self.cy - body[1]
        d2 = dx * dx + dy * dy + 1e-4
        if self.parts is None or 4 * self.half * self.half < theta * d2:
            k = self.mass / (d2 * d2**0.5) if self.body is not body else 0.0
            return dx * k, dy * k
        ax = ay = 0.0
        for part in self.parts:
            if part.mass:
                px, py = part.pull(body, theta)
                ax += px
                ay += py
        return ax, ay


rng = random.Random(3)
bodies = [[rng.random(), rng.random(), 0.0, 0.0, 0.5 + rng.random()] for _ in range(150)]
for _ in range(5):
    root = Quad(0.5, 0.5, 2.0)
    for body in bodies:
        root.insert(body)
    for body in bodies:
        ax, ay = root.pull(body, 0.5)
        body[2] += ax * 1e-6
        body[3] += ay * 1e-6
        body[0] += body[2]
        body[1] += body[3]
print(f"{sum(b[0] * b[4] for b in bodies):.9f} {sum(b[3] for b in bodies):.9f}")
