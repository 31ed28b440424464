class Point:
    """A point."""
    count = 0
    def __init__(self, x, y=0):
        self.x, self.y = x, y
        Point.count += 1
    def __repr__(self):
        return f"Point({self.x}, {self.y})"
    def __eq__(self, o):
        return (self.x, self.y) == (o.x, o.y)
    def __add__(self, o):
        return Point(self.x + o.x, self.y + o.y)
p = Point(1, 2)
print(p, p + Point(3), p == Point(1, 2), Point.count, p.__dict__, Point.__doc__, Point.__name__, p.__class__ is Point, Point.__module__)
try:
    {p}
except TypeError as e:
    print(e)
