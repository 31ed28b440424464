class A:
    x = 1
a = A()
setattr(a, "y", 2)
print(getattr(a, "x"), getattr(a, "z", "default"), hasattr(a, "y"), hasattr(a, "nope"), vars(a), callable(A), callable(a), [n for n in dir(a) if not n.startswith("_")])
delattr(a, "y")
for f in (lambda: a.y, lambda: getattr(a, "q"), lambda: delattr(a, "q"), lambda: A.nothing, lambda: (5).foo):
    try:
        f()
    except AttributeError as e:
        print(e)
