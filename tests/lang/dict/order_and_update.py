d = dict(a=1, b=2)
d.update({"c": 3}, a=9)
d.update([("z", 26)])
print(d, d | {"a": 0, "q": 1}, {**d, "a": 5}, dict(zip("xy", (1, 2))), dict.fromkeys("ab", 0), list(reversed(d)))
d |= {"m": 1}
del d["a"]
d["a"] = 1
print(d, list(d.keys())[-1])
