"""Tuples and lists are ordered by the first items that differ, whatever those are."""
import operator

nan = float("nan")
items = [0, 1, -1, 2**70, -(2**70), True, 1.5, nan, nan + 0, "a", "b", "é", "", b"a", None, (1, 2), [3], 1j]
for a in items:
    for b in items:
        for make in (tuple, list):
            for x, y in (([a], [b]), ([0, a, 1], [0, b, 2]), ([a, 1], [b]), ([nan, a], [nan, b])):
                out = []
                for op in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
                    try:
                        out.append(op(make(x), make(y)))
                    except TypeError as e:
                        out.append(str(e))
                print(x, y, out)
