"""Sequence patterns: lengths, stars, nesting, and what counts as a sequence."""
from collections import deque


def shape(x):
    match x:
        case []:
            return "empty"
        case [a]:
            return "one", a
        case [a, b]:
            return "two", a, b
        case [1, *rest]:
            return "one first", rest
        case [*start, 9]:
            return "nine last", start
        case [first, *_, last]:
            return "ends", first, last
    return "no sequence"


for v in ([], [5], (5, 6), [1, 2, 3], [2, 3, 9], [2, 3, 4, 5], "ab", b"ab", bytearray(b"ab"), {1, 2}, range(2),
          deque([7]), iter([1]), 5, {"a": 1}):
    print(repr(v) if not hasattr(v, "__next__") else "iterator", shape(v))


def nested(x):
    match x:
        case [[a, b], [c, *d]]:
            return a, b, c, d
        case [(1 | 2) as n, [("x" | "y") as axis]]:
            return n, axis
        case [_, [_, _]]:
            return "wild"
        case [*all_of_them]:
            return all_of_them


print(nested([[1, 2], [3]]), nested([[1, 2], [3, 4, 5]]), nested([2, ["y"]]), nested([3, ["z", 1]]),
      nested((1, 2, 3)))


class Counting(list):
    def __len__(self):
        print("len")
        return super().__len__()

    def __getitem__(self, i):
        print("item", i)
        return super().__getitem__(i)


match Counting([1, 2, 3]):
    case [_, _]:
        print("two")
    case [a, *_, b]:
        print(a, b)
match Counting([1, 2, 3]):
    case [_, *_]:
        print("some")


def alternatives(x):
    match x:
        case [a, 1] | [2, a] | (3, [_, a]):
            return a
        case _:
            return None


print(alternatives([7, 1]), alternatives((2, 8)), alternatives([3, (0, 9)]), alternatives([4, 4]))


class Item:
    count = 0

    def __init__(self):
        Item.count += 1

    def __del__(self):
        Item.count -= 1


def dies(x):
    match x:
        case [Item() as a, 5]:
            pass
        case [Item() as b, 6]:
            return Item.count
    return -1


print(dies([Item(), 6]), Item.count)
