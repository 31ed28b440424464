class A:
    def __init__(self, n): self.n = n
    def __del__(self): print("del", self.n)
def f():
    a, b = A("local a"), A("local b")
    print("in f")
f()
x = [A("list 0"), A("list 1")]
del x[0]
x = None
a = A("rebound 1")
a = A("rebound 2")
A("temporary")
print("end")
