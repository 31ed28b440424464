class A:
    def __init__(self, v): self.v = v
    def __lt__(self, o): return self.v < o.v
    def __eq__(self, o):
        if not isinstance(o, A): return NotImplemented
        return self.v == o.v
    __hash__ = None
a, b = A(1), A(2)
print(a < b, b > a, sorted([b, a])[0].v, a == A(1), a != b, a == 5, 5 != a, max(a, b).v)
for f in (lambda: a <= b, lambda: a < 5, lambda: hash(a)):
    try:
        f()
    except Exception as e:
        print(type(e).__name__, e)
