"""A small ray tracer: vectors, spheres, a plane, shadows and reflections."""
import math


class Vector:
    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    def __add__(self, o):
        return Vector(self.x + o.x, self.y + o.y, self.z + o.z)

    def __sub__(self, o):
        return Vector(self.x - o.x, self.y - o.y, self.z - o.z)

    def scale(self, k):
        return Vector(self.x * k, self.y * k, self.z * k)

    def dot(self, o):
        return self.x * o.x + self.y * o.y + self.z * o.z

    def unit(self):
        return self.scale(1.0 / math.sqrt(self.dot(self)))

    def reflect(self, normal):
        return self - normal.scale(2 * self.dot(normal))


class Sphere:
    def __init__(self, centre, radius, colour, shine):
        self.centre, self.radius, self.colour, self.shine = centre, radius, colour, shine

    def hit(self, origin, direction):
        to_centre = self.centre - origin
        b = to_centre.dot(direction)
        root = b * b - to_centre.dot(to_centre) + self.radius**2
        if root < 0:
            return None
        t = b - math.sqrt(root)
        return t if t > 1e-6 else None

    def normal(self, point):
        return (point - self.centre).unit()

    def colour_at(self, point):
        return self.colour


class Floor:
    shine = 0.1

    def hit(self, origin, direction):
        if direction.y > -1e-9:
            return None
        return -(origin.y + 1.0) / direction.y

    def normal(self, point):
        return Vector(0.0, 1.0, 0.0)

    def colour_at(self, point):
        return 0.9 if (math.floor(point.x) + math.floor(point.z)) % 2 else 0.2


LIGHT = Vector(4.0, 6.0, -3.0)
THINGS = [Sphere(Vector(i * 1.1 - 2.2, (i % 2) * 0.5 - 0.4, 4.0 + i % 3), 0.6, 0.3 + i * 0.12, 0.3)
          for i in range(5)] + [Floor()]


def first_hit(origin, direction):
    best, thing = None, None
    for candidate in THINGS:
        t = candidate.hit(origin, direction)
        if t is not None and (best is None or t < best):
            best, thing = t, candidate
    return best, thing


def shade(origin, direction, depth):
    t, thing = first_hit(origin, direction)
    if thing is None:
        return 0.5 + 0.3 * direction.y
    point = origin + direction.scale(t)
    normal = thing.normal(point)
    point = point + normal.scale(1e-6)
    to_light = (LIGHT - point).unit()
    light = 0.1
    if first_hit(point, to_light)[1] is None:
        light += max(0.0, normal.dot(to_light))
    value = thing.colour_at(point) * light
    if depth < 2:
        value += thing.shine * shade(point, direction.reflect(normal), depth + 1)
    return value


WIDTH, HEIGHT = 72, 54
eye = Vector(0.0, 0.2, -2.0)
total = 0.0
for row in range(HEIGHT):
    for column in range(WIDTH):
        direction = Vector((column - WIDTH / 2) / WIDTH, (HEIGHT / 2 - row) / WIDTH, 1.0).unit()
        total += shade(eye, direction, 0)
print(f"{total:.6f}")
