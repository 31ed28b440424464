t = (1, "a", (2, 3))
print(t, t[0], t[-1], t[1:], t + (4,), t * 2, len(t), "a" in t, t.index("a"), t.count(1), hash((1, 2)) == hash((1, 2)), (1,), ())
print((1, 2) < (1, 3), (1,) < (1, 0), tuple("abc"), tuple([1, 2]), t == (1, "a", (2, 3)))
for f in (lambda: t.__setitem__(0, 1), lambda: (1,) + [2], lambda: hash(([],)), lambda: (1, 2)[3]):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
