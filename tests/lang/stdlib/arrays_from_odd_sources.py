"""array: lists that change while they are read, lengths that lie, counts that are too large."""
import array
import builtins
import io


class Lying(list):
    def __len__(self):
        raise ValueError("not to be asked")


print(array.array("i", Lying([1, 2])))


class Named(array.array):
    def append(self, item):
        raise RuntimeError("not to be called")


named = Named("i", [7])
named.fromlist([1, 2])
print(named)

changing = [1, 2, 3]


class Clears:
    def __index__(self):
        changing.clear()
        return 1


changing[0] = Clears()
numbers = array.array("i", [5])
for source in (changing, [1, "x"], [1, 2**40]):
    try:
        numbers.fromlist(source)
    except (RuntimeError, TypeError, OverflowError) as e:
        print(type(e).__name__, e)
    print(numbers)
try:
    array.array("d").fromfile(io.BytesIO(bytes(8)), 1 << 61)
except MemoryError as e:
    print("MemoryError", e)
iterator = iter(array.array("i", [1, 2]))
print(iterator.__reduce__()[1:])
kept = builtins.iter
del builtins.iter
try:
    iterator.__reduce__()
except AttributeError as e:
    print(e)
builtins.iter = kept
