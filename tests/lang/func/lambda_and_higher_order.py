compose = lambda f, g: lambda *a, **k: f(g(*a, **k))
inc = lambda x, by=1: x + by
print(compose(inc, lambda x: x * 2)(5), (lambda: None)(), (lambda *a: a)(1, 2), sorted([3, 1], key=lambda v: -v), inc(1, by=10), inc.__name__)
