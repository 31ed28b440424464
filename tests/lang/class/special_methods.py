class V:
    def __init__(self, *v): self.v = list(v)
    def __len__(self): return len(self.v)
    def __getitem__(self, i): return self.v[i]
    def __setitem__(self, i, x): self.v[i] = x
    def __delitem__(self, i): del self.v[i]
    def __contains__(self, x): return x in self.v
    def __iter__(self): return iter(self.v)
    def __bool__(self): return any(self.v)
    def __call__(self, n): return V(*[x * n for x in self.v])
    def __neg__(self): return self(-1)
    def __mul__(self, n): return self(n)
    __rmul__ = __mul__
    def __iadd__(self, o): self.v += o; return self
    def __matmul__(self, o): return sum(a * b for a, b in zip(self, o))
    def __repr__(self): return f"V{tuple(self.v)}"
    def __index__(self): return len(self.v)
    def __abs__(self): return 42
    def __divmod__(self, o): return "dm", o
    def __rsub__(self, o): return f"{o}-V"
v = V(1, 2, 3)
v[0] = 10
del v[1]
w = v
w += [7]
print(len(v), v[0], 7 in v, list(v), bool(V(0)), v(2), -v, v * 3, 3 * v, v @ V(1, 1, 1), w is v, [0, 1, 2, 3, 4][v], abs(v), divmod(v, 5), 9 - v)
