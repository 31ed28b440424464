"""Class patterns: positional and keyword sub-patterns, __match_args__, built-in types."""


class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y


class Point3(Point):
    def __init__(self, x, y, z):
        super().__init__(x, y)
        self.z = z


def where(p):
    match p:
        case Point(0, 0):
            return "origin"
        case Point3(z=3 as z) as it:
            return "z", z, it.x
        case Point(x=0, y=y) | Point(y, 0):
            return "axis", y
        case Point(x, y) if x == y:
            return "diagonal", x
        case Point():
            return "somewhere"
        case int(i) | float(i):
            return "number", i
        case str(s):
            return "string", s
        case bytes(b) | bytearray(b):
            return "octets", b
        case list([a, *_]) | tuple((a, _)):
            return "first", a
        case dict({"k": v}):
            return "k", v
    return "nothing"


for p in (Point(0, 0), Point3(1, 2, 3), Point(0, 5), Point(6, 0), Point(4, 4), Point(1, 2), 3, 2.5, True, "s", b"b",
          bytearray(b"c"), [1, 2], (3, 4), {"k": 5}, object):
    print(where(p))


class NoArgs:
    a = 1


class BadArgs:
    __match_args__ = ["a"]


class BadName:
    __match_args__ = (1,)


def attempt(subject, which):
    try:
        match subject:
            case NoArgs(1) if which == 0:
                return "no args"
            case BadArgs(1) if which == 1:
                return "bad args"
            case BadName(1) if which == 2:
                return "bad name"
            case Point(1, 2, 3) if which == 3:
                return "three"
            case Point(1, x=1) if which == 4:
                return "twice"
            case int(1, 2) if which == 5:
                return "int"
    except TypeError as e:
        return e


print(attempt(NoArgs(), 0))
print(attempt(BadArgs(), 1))
print(attempt(BadName(), 2))
p = Point(1, 2)
print(attempt(p, 3))
try:
    match 5:
        case p():
            pass
except TypeError as e:
    print(e)
try:
    match p:
        case Point(1, x=1):
            print("twice")
except TypeError as e:
    print(e)


class Meta(type):
    def __instancecheck__(cls, o):
        return o == "yes"


class Odd(metaclass=Meta):
    pass


for o in ("yes", "no"):
    match o:
        case Odd():
            print(o, "is odd")
        case _:
            print(o, "is not")


class Hidden:
    @property
    def attr(self):
        print("asked")
        raise AttributeError("attr")


match Hidden():
    case Hidden(attr=x):
        print("has")
    case Hidden():
        print("has not")
