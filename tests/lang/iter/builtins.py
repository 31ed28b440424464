print(list(enumerate("ab", 5)), list(zip([1, 2], "ab", (True, False))), list(map(lambda a, b: a * b, [1, 2], [3, 4])), list(filter(None, [0, 1, "", "a"])), list(reversed([1, 2])), list(filter(lambda x: x > 1, range(4))))
try:
    list(zip([1], [1, 2], strict=True))
except ValueError as e:
    print(e)
n = iter([1, 2])
print(next(n), next(n), next(n, "end"))
try:
    next(n)
except StopIteration as e:
    print("stop", e.value)
