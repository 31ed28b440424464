a, *b, c = range(6)
*d, = (1, 2)
(e, [f, *g]), h = (1, "xyz"), 4
print(a, b, c, d, e, f, g, h, [*b, *d], {*d, 5}, (*b,), {**{"a": 1}, "b": 2})
for x, *y in [(1, 2, 3), "ab"]:
    print(x, y)
for bad in ("a, b = 1", "a, b = 1, 2, 3", "a, *b, c = [1]", "a, b = None"):
    try:
        exec(bad)
    except (ValueError, TypeError) as e:
        print(e)
