def f(a, b, c=3, *, d):
    pass
def g():
    pass
def h(a, /, b):
    pass
calls = [lambda: f(), lambda: f(1), lambda: f(1, 2), lambda: f(1, 2, 3, 4, d=1), lambda: f(1, 2, d=1, e=2), lambda: f(1, 2, a=3, d=1), lambda: g(1), lambda: g(x=1), lambda: h(a=1, b=2), lambda: h(1), lambda: f(1, b=2, **{"b": 3}), lambda: g(**{1: 2}), lambda: g(*5), lambda: g(**5), lambda: 5(), lambda: "x".upper(1), lambda: len(), lambda: len(1, 2), lambda: len(x=1), lambda: print(foo=1)]
for c in calls:
    try:
        c()
    except TypeError as e:
        print(e)
