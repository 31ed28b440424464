class K:
    def __init__(self, v):
        self.v = v
    def __hash__(self):
        return hash(self.v) % 3
    def __eq__(self, other):
        return self.v == other.v
d = {K(i): i for i in range(10)}
print([d[K(i)] for i in range(10)], K(99) in d)
class D(dict):
    def __missing__(self, key):
        return "missing " + key
print(D(a=1)["b"], D(a=1)["a"], D().get("q"))
