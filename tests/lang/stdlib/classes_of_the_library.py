"""dataclasses, enum, typing, collections, functools, contextlib: classes that the library makes."""
import collections
import contextlib
import dataclasses
import enum
import functools
import typing


@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: int = 0
    tags: list = dataclasses.field(default_factory=list, compare=False, repr=False)

    def __post_init__(self):
        self.total = self.x + self.y


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    name: str
    kind: typing.ClassVar[int] = 5


p = Point(1, 2)
print(p, p == Point(1, 2), p < Point(1, 3), p.total, dataclasses.asdict(p), dataclasses.replace(p, x=9), dataclasses.astuple(p))
print([f.name for f in dataclasses.fields(Point)], Point.__match_args__)
f = Frozen(name="n")
print(f, hash(f) == hash(Frozen(name="n")), Frozen.kind, Frozen.__slots__)
try:
    f.name = "m"
except dataclasses.FrozenInstanceError as e:
    print(e)
match p:
    case Point(x, y):
        print(x, y)


class Colour(enum.Enum):
    RED = 1
    GREEN = enum.auto()
    ALIAS = 1

    @property
    def lower(self):
        return self.name.lower()


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Perm(enum.Flag):
    R = enum.auto()
    W = enum.auto()
    X = enum.auto()


print(list(Colour), Colour(2), Colour["RED"], Colour.ALIAS is Colour.RED, Colour.GREEN.lower, Colour.RED.value, repr(Colour.RED))
print(Level.LOW < Level.HIGH, Level.HIGH + 1, f"{Level.LOW}", Perm.R | Perm.X, Perm.W in (Perm.R | Perm.W), ~Perm.R, Perm(3))
try:
    Colour(7)
except ValueError as e:
    print(e)

N = collections.namedtuple("N", "a b c", defaults=[3])
n = N(1, b=2)
print(n, n._asdict(), n._replace(a=5), N._fields, n[1:], N._make([7, 8, 9]), N.__doc__)
c = collections.Counter("mississippi")
print(c, c.most_common(2), c - collections.Counter("miss"), sum(c.values()), +collections.Counter(a=-1, b=2))
od = collections.OrderedDict(a=1, b=2, c=3)
od.move_to_end("a")
print(od, od.popitem(last=False), list(reversed(od)), od == {"c": 3, "a": 1})
cm = collections.ChainMap({"a": 1}, {"a": 2, "b": 3})
print(cm["a"], cm["b"], dict(cm), collections.deque([1, 2, 3], 2), collections.defaultdict(int, x=1))


class Data(collections.UserDict):
    def __missing__(self, key):
        return key * 2


print(Data(a=1)["zz"], collections.UserList([3, 1, 2]).count(1), isinstance({}, collections.abc.Mapping))


@functools.lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


print(fib(60), fib.cache_info(), functools.reduce(lambda a, b: a * b, range(1, 8)), functools.partial(int, base=2)("101"))


@functools.singledispatch
def show(x):
    return "object"


@show.register
def _(x: int):
    return "int"


@show.register(list)
def _(x):
    return "list"


@functools.total_ordering
class V:
    def __init__(self, n):
        self.n = n

    def __eq__(self, o):
        return self.n == o.n

    def __lt__(self, o):
        return self.n < o.n


print(show(1), show([]), show("x"), V(1) >= V(0), V(1) <= V(0), sorted([3, 1, 2], key=functools.cmp_to_key(lambda a, b: b - a)))


class Lazy:
    @functools.cached_property
    def value(self):
        print("computed")
        return 42


lazy = Lazy()
print(lazy.value, lazy.value)


@contextlib.contextmanager
def manager(name):
    print("enter", name)
    try:
        yield name.upper()
    except ValueError as e:
        print("swallowed", e)
    finally:
        print("exit", name)


with manager("a") as a, contextlib.suppress(KeyError):
    raise ValueError(a)
with contextlib.ExitStack() as stack:
    print([stack.enter_context(manager(x)) for x in "xy"])
    stack.callback(print, "callback")
print(contextlib.nullcontext(5).__enter__())

T = typing.TypeVar("T")


class Box(typing.Generic[T]):
    pass


class Proto(typing.Protocol):
    def run(self) -> int: ...


def annotated(a: int, b: "str" = "", *args: float, c: typing.Optional[int] = None) -> list[int]: ...


print(Box[int], typing.get_type_hints(annotated), typing.Union[int, None], typing.List[int], typing.Callable[[int], str])
print(typing.get_origin(dict[str, int]), typing.get_args(dict[str, int]), typing.Literal["a", 1], int | None, typing.Any)


class Movie(typing.TypedDict, total=False):
    name: str


class Emp(typing.NamedTuple):
    name: str
    id: int = 3


print(Movie(name="x"), Movie.__annotations__, Emp("a"), Emp.__annotations__, typing.cast(int, "x"))
