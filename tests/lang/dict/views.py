d = {"a": 1, "b": 2, "c": 3}
k = d.keys()
print(k, d.values(), d.items(), k & {"a", "z"}, sorted(k | {"z"}), sorted(k - {"a"}), ("a", 1) in d.items(), 2 in d.values(), k == {"a", "b", "c"}, len(k))
d["d"] = 4
print(len(k), list(k))
