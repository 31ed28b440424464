class CM:
    def __init__(self, name, swallow=False):
        self.name, self.swallow = name, swallow
    def __enter__(self):
        print("enter", self.name)
        return self.name.upper()
    def __exit__(self, t, v, tb):
        print("exit", self.name, t and t.__name__, v)
        return self.swallow
with CM("a") as x, CM("b") as y:
    print(x, y)
with CM("s", True):
    raise ValueError("gone")
try:
    with CM("o") as o, CM("i"):
        raise KeyError("k")
except KeyError as e:
    print("outside", e)
