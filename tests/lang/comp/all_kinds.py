print([x * y for x in range(3) for y in range(3) if x != y], {x % 3 for x in range(10)} == {0, 1, 2}, {k: v for k, v in zip("ab", (1, 2))}, list(x for x in "abc" if x != "b"))
print([[j for j in range(i)] for i in range(4)], [(a, b) for a, b in {"x": 1}.items()], sum(i for i in range(10)))
x = "outer"
[x for x in range(3)]
print(x)
