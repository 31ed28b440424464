print(sum([1, 2, 3]), sum([[1], [2]], []), sum([0.1] * 10), min(3, 1, 2), max([5, 9, 2]), min("hello"), max([1, -5], key=abs), min([], default="none"), any([0, 1]), all([]), all([1, 0]), abs(-5), abs(-2.5), divmod(17, 5), round(3.7), pow(2, 8))
for f in (lambda: min([]), lambda: sum(["a"]), lambda: max(), lambda: sum(["a"], ""), lambda: abs("x")):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
