import sys
a = [1, 2, 3]
print(sys.getrefcount(a) - 1)
b = a
print(sys.getrefcount(a) - 1)
del b
print(sys.getrefcount(a) - 1)
d = {"k": a}
print(sys.getrefcount(a) - 1)
d.clear()
print(sys.getrefcount(a) - 1)
