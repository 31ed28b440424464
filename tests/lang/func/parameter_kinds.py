def f(a, b=2, /, c=3, *args, d, e=5, **kw):
    return a, b, c, args, d, e, sorted(kw.items())
print(f(1, d=4), f(1, 9, 8, 7, 6, d=0, z=1, a=5), f(*[1, 2], **{"c": 3, "d": 4}), f(1, *(2, 3), *[4], d=1, **{"e": 2}, **{"q": 3}))
def g(*, k):
    return k
print(g(k=1))
