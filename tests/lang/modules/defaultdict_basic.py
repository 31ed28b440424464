from collections import defaultdict
d = defaultdict(list)
d["a"].append(1); d["a"].append(2); d["b"]
print(d, d.default_factory is list, d.get("zz"), len(d))
c = defaultdict(int)
for ch in "hello": c[ch] += 1
print(dict(c))
