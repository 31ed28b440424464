a = [1, 2, 3]
b = {"k": 1}
class C: pass
c = C()
c.x = 1
del a[0], b["k"], c.x
x, y = 1, 2
del (x, y)
print(a, b, c.__dict__, "x" in globals())
