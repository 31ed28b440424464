d = {"a": 1, "b": 2}
d["c"] = 3
d["a"] = 10
del d["b"]
print(d, len(d), "a" in d, d.get("x"), d.get("x", 5), list(d), list(d.values()), list(d.items()), d == {"c": 3, "a": 10})
print(d.pop("c"), d.pop("zz", None), d.setdefault("n", []), d.popitem(), d)
for f in (lambda: d["nope"], lambda: d.pop("nope"), lambda: {}.popitem(), lambda: {[]: 1}):
    try:
        f()
    except (KeyError, TypeError) as e:
        print(type(e).__name__, e)
