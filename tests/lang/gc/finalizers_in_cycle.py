import gc
class A:
    def __init__(self, n): self.n = n
    def __del__(self): print("del", self.n, hasattr(self, "other"))
a, b = A(1), A(2)
a.other, b.other = b, a
del a, b
print("before")
gc.collect()
print("after", gc.garbage)
