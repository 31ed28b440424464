# Every combination of bounds, read and assigned where no slice object is made.
values = (None, 0, 1, 2, 4, 5, 9, -1, -2, -5, -9, 2**70, -2**70, True)


class Index:
    def __init__(self, n):
        self.n = n

    def __index__(self):
        return self.n


for size in (0, 1, 5):
    items = list(range(size))
    for a in values:
        for b in values:
            plain = items[a:b], items[a:b:-1], items[a:b:2], items[a:b:None], items[a:b:1]
            assert plain == tuple(items[s] for s in (slice(a, b), slice(a, b, -1), slice(a, b, 2),
                                                     slice(a, b, None), slice(a, b, 1)))
            one, two = list(items), list(items)
            one[a:b] = "xy"
            two[slice(a, b)] = "xy"
            assert one == two, (a, b, one, two)
            one[a:b] = one[b:a]
            two[slice(a, b)] = two[slice(b, a)]
            assert one == two, (a, b, one, two)
            one[a:b] = []
            two[slice(a, b)] = []
            assert one == two
            print(size, a, b, plain, one)
items = list(range(6))
print(items[Index(1):Index(4)], items[Index(4)::-1], items[::Index(-1)])
items[Index(1):2] = items[2::-1]
print(items)
items[:3] = items
print(items)
items[2:] = (c for c in "abc")
print(items)
for bad in ("items[1.5:]", "items[:'a':-1]", "items[::0]", "items[:2:[]]"):
    try:
        eval(bad)
    except Exception as e:
        print(type(e).__name__, e)
try:
    items[1:2] = 5
except TypeError as e:
    print(e)
