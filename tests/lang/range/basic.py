r = range(1, 20, 3)
print(r, list(r), len(r), r[2], r[-1], r[1:3], 7 in r, 8 in r, r.index(10), r.count(4), list(reversed(r)), r == range(1, 22, 3), hash(range(0)) == hash(range(5, 5)))
print(list(range(5, 0, -2)), range(0, -10), bool(range(0)), range(10 ** 20, 10 ** 20 + 3)[1], list(range(2 ** 63, 2 ** 63 + 2)), r.start, r.stop, r.step)
for f in (lambda: range(1, 2, 0), lambda: range(1.5), lambda: r[100], lambda: range(3).index(9)):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
