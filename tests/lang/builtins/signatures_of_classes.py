# Calls of built-in classes that can be written down, and what rests on them.
import dataclasses
import inspect

for cls in (object, int, str, list, tuple, dict, float, complex, enumerate, reversed, property, memoryview, range, zip):
    try:
        print(cls.__name__, inspect.signature(cls), cls.__text_signature__)
    except ValueError as error:
        print(error)


@dataclasses.dataclass(init=False)
class Point:
    x: int = 0


class Plain:
    pass


class Numbers(list):
    pass


print(Point.__doc__, inspect.signature(Plain), inspect.signature(Numbers), Plain.__text_signature__)
