d = {1: "int", 1.0: "float", True: "bool", "1": "str", (1,): "tuple", None: "none", b"1": "bytes"}
print(d, d[1], d[(1,)], d[None])
for i in range(100):
    d[i] = i
for i in range(0, 100, 2):
    del d[i]
print(len(d), sum(v for v in d.values() if isinstance(v, int)))
