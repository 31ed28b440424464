class A:
    def m(self, x=1): return self, x
a = A()
m = a.m
print(m() == (a, 1), m(5)[1], m.__self__ is a, m.__func__ is A.m, m == a.m, m is a.m, hash(m) == hash(a.m), A.m(a, 3)[1], m.__name__)
f = "abc".upper
print(f(), [1, 2].append.__name__, list.append.__name__, f.__self__, str.upper("x"))
