"""SyntaxWarnings: which expressions, where, and as errors; DeprecationWarnings of int()."""
import warnings
from array import array

SOURCES = [
    "x is 1", "x is (1, 2)", "x is (1, y)", "x is -1", "1 + 1 is x", "x is not 'a'", "x is None", "x is ...", "x is [1]",
    "x is __debug__", "1 in x is 3", "if x is 1: pass", "x is 2**3", "f'{x is 1}'", "y if x is 1 else z",
    "assert()", "assert(x, 'why')", "assert x, 'why'", "assert(1,)",
    "(1)(2)", "(1).x(2)", "[1](2)", "{1: 2}(3)", "f'{1}'()", "None(1)", "(lambda: 1)(1)", "x(1)", "[x for x in y](1)",
    "(lambda: 1)[2]", "{1}[2]", "'a'['b']", "b'a'[1.5]", "[1][1.5]", "[1][True]", "[1][-1]", "f'{x}'[None]", "(1, 2)[1, 2]", "[1][1:2]",
    "{1: 2}['a']", "(x for x in y)[1]", "...[1]", "'a'[b]", "1[2] = 3", "del 1[2]", "'a'['b'] += 1",
    "1if 1else 0", "0x1for x in y", "x = [1for y in z]", "1.and x", "1jor x", "0b1is x", "0o7not in x",
    "\n\nx = [(1, 2)\n (3, 4)]\n", "def f():\n  def g():\n    return (x is 5) == y\n", "try:\n  pass\nfinally:\n  x is 5\n",
]


def t(source):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            compile(source, "some file", "exec")
        except SyntaxError as e:
            print(e)
    print(ascii(source), [(str(w.message), w.lineno, w.category.__name__, w.filename) for w in seen])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("error")
        try:
            compile(source, "some file", "exec")
        except SyntaxError as e:
            print(e, e.lineno, e.offset, len(seen), e.__cause__, e.__context__)


for source in SOURCES:
    t(source)


class Trunc:
    def __trunc__(self):
        return True


class Int:
    def __int__(self):
        return True


class Index:
    def __index__(self):
        return True


class Octets(bytearray):
    pass


for make in (Trunc, Int, Index):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        print(repr(int(make())), [(str(w.message), w.lineno) for w in seen])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            int(make())
        except DeprecationWarning as e:
            print(e)
print(int(Octets(b"12")), int(Octets(b"12"), 3), int(array("B", b"34")), int(memoryview(b"56")))
for value in (array("B", b"1"), memoryview(b"1")):
    try:
        print(int(value, 10))
    except TypeError as e:
        print(e)


# What else was found beside: keys of any type in calls, namespaces without `in`, many targets before a star.
def f(**kw):
    pass


for call in ("f(**{1: 3}, **{1: 5})", "f(**{'a': 3}, **{'a': 5})", "f(**{1: 3})"):
    try:
        eval(call)
    except TypeError as e:
        print(e)


class Names:
    def __init__(self):
        self.names = {}

    def __setitem__(self, name, value):
        self.names[name] = value

    def __getitem__(self, name):
        return self.names[name]


names = Names()
exec("x: int = 1", {}, names)
print(names.names)
for before, after in ((255, 0), (256, 0), (0, 255)):
    try:
        compile(", ".join(["a"] * before + ["*b"] + ["c"] * after) + " = x", "some file", "exec")
        print("compiles")
    except SyntaxError as e:
        print(e)
