def f():
    print(x)
    x = 1
def g(flag):
    if flag:
        y = 1
    return y
def h():
    z = 1
    del z
    return z
for fn in (f, lambda: g(False), h, lambda: undefined_name):
    try:
        fn()
    except NameError as e:
        print(type(e).__name__, e)
print(g(True))
