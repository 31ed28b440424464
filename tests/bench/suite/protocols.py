"""typing at run time: isinstance of protocols, generic aliases, NamedTuple, get_type_hints."""
import typing
from typing import Protocol, runtime_checkable


@runtime_checkable
class HasX(Protocol):
    x: int


@runtime_checkable
class Closable(Protocol):
    def close(self): ...
    def flush(self): ...


class WithX:
    def __init__(self):
        self.x = 1


class WithBoth:
    x = 2

    def close(self): ...
    def flush(self): ...


class Without:
    pass


class Pair(typing.NamedTuple):
    first: int
    second: str = ""


T = typing.TypeVar("T")


class Box(typing.Generic[T]):
    def __init__(self, value: T, more: typing.Optional[typing.List[T]] = None):
        self.value = value


things = [WithX(), WithBoth(), Without(), Pair(1), 3, Box[int](4)]
total = 0
for i in range(900):
    for thing in things:
        total += isinstance(thing, HasX) + 2 * isinstance(thing, Closable)
    total += len(typing.get_type_hints(Box.__init__)) + len(str(typing.Dict[str, typing.List[int]]))
    total += Box[str]("a").value == "a"
    total += Pair(i, "b").first
print(total)
