class Data:
    def __get__(self, o, t): return "data"
    def __set__(self, o, v): print("set", v)
class NonData:
    def __get__(self, o, t): return "nondata", o is None
class A:
    d = Data()
    n = NonData()
    plain = "class"
a = A()
a.__dict__.update(d="inst", n="inst", plain="inst")
print(a.d, a.n, a.plain, A.n, A.d)
a.d = 5
del a.__dict__["n"]
print(a.n)
