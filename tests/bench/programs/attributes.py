class Shape:
    scale = 2

    def __init__(self, w):
        self.w = w

    def area(self):
        return self.w * self.scale

    @property
    def size(self):
        return self.w


class Square(Shape):
    def area(self):
        return self.w * self.w


class Rect(Shape):
    __slots__ = ("h",)

    def __init__(self, w, h):
        super().__init__(w)
        self.h = h

    def area(self):
        return self.w * self.h


class Circle(Shape):
    def area(self):
        return 3 * self.w * self.w


shapes = []
for i in range(200):
    shapes.extend((Shape(i), Square(i), Rect(i, 2), Circle(i)))
total = 0
for _ in range(500):
    for s in shapes:
        total += s.area()
        s.w = s.w
total += sum(s.size for s in shapes)
print(total)
