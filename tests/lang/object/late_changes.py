# What CPython's own tests ask of classes, descriptors, globals and hooks, in short.
import sys
import types


class Late:
    pass


class Holder:
    def __init__(self):
        self.x = 1
    x = Late()


def read(o):
    return o.x


def write(o):
    o.x = 5


holder = Holder()
print([read(holder) for _ in range(100)][-1])
for _ in range(100):
    write(holder)
Late.__get__ = lambda self, instance, owner: "got"
Late.__set__ = lambda self, instance, value: print("set", value)
print(read(holder))
write(holder)


@classmethod
def wrapped(cls: int) -> str:
    "doc"


print(wrapped.__annotations__, wrapped.__doc__, wrapped.__wrapped__.__name__)


def fails(self):
    raise AttributeError("no comparison")


class NoEq:
    __eq__ = property(fails)


print(NoEq() == NoEq())


class Meta(type):
    def mro(cls):
        cls.__dict__["tell"]()
        return super().mro()


told = []


class Told(metaclass=Meta):
    def tell():
        told.append(__class__)


print(told == [Told])


class Globals(dict):
    def __missing__(self, key):
        if key.startswith("n_"):
            return int(key[2:])
        raise KeyError(key)


total = eval("lambda: n_1 + n_20 + n_1", Globals())
print([total() for _ in range(50)][-1])
try:
    eval("lambda: other", Globals())()
except NameError as e:
    print(e)
code = """if 1:
    def f():
        y = 1
        def g():
            global y
            return y
        def h():
            return y + 1
        return g, h
    y = 9
    g, h = f()
    print(g(), h())
"""
exec(code, {}, {})


class Failing:
    def __del__(self):
        raise ValueError("in del")


seen = []
sys.unraisablehook = lambda u: seen.append((u.exc_type, str(u.exc_value), u.object.__name__, u.err_msg, type(u).__name__))
x = Failing()
del x
print(seen)
sys.unraisablehook = sys.__unraisablehook__
func = types.FunctionType((lambda: len("abc")).__code__, {})
print(func(), func.__builtins__ is __builtins__.__dict__)
space = {"__builtins__": {"None": None}, "type": type}
exec("def a(): pass\nb = type(a)(a.__code__, {})", space)
print(space["b"].__builtins__ == {"None": None})


class Slots(property):
    __slots__ = ()


try:
    class Foo:
        @Slots
        def spam(self):
            "a doc"
except AttributeError as e:
    print(e)
d = {}


class Clearing(str):
    def __hash__(self):
        d.clear()
        return super().__hash__()


d[Clearing("key")] = "value"
e = Exception()
e.__setstate__(d)
print(e.key, d)
for source in ("try: pass\nexcept* E: break", "for i in x:\n try: pass\n except* E: continue",
               "[i for i in [j for j in (k := range(5))]]", "[i for i in (lambda:(j := range(5)))()]"):
    try:
        compile(source, "<s>", "exec")
    except SyntaxError as e:
        print(e)
