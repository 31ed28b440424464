# Functions, classes, exceptions, generators: what the interpreter allocates for itself.
import sys


def body():
    def outer(a, *args, b=2, **kwargs):
        def inner():
            return a, args, kwargs, b
        return inner

    class Base:
        def __init__(self, n):
            self.n = n

        @property
        def twice(self):
            return self.n * 2

    class Derived(Base):
        __slots__ = ("x",)

        def __init__(self, n):
            super().__init__(n)
            self.x = [n]

    def count(n):
        try:
            for i in range(n):
                yield i
        finally:
            seen.append("closed")

    seen = []
    seen.append(outer(1, 2, 3, b=4, c=5)())
    seen.append([Derived(i).twice for i in range(3)])
    try:
        try:
            {}["missing"]
        except KeyError as e:
            raise ValueError("chained") from e
    except ValueError as e:
        seen.append(repr(e.__cause__))
    generator = count(3)
    seen.append(next(generator))
    generator.close()
    seen.append(sorted([3, 1, 2], key=lambda x: -x))
    return seen


try:
    result = body()
except MemoryError:
    result = None
sys._brille_check()
if result is None:
    raise MemoryError
print(result)
