def f(x, acc=[]):
    acc.append(x)
    return acc
print(f(1), f(2), f(3, []), f.__defaults__, f.__name__, f.__qualname__, f.__doc__, f.__kwdefaults__)
def g(*, k=5):
    "doc of g"
print(g.__kwdefaults__, g.__doc__, g.__module__)
f.attr = 12
print(f.attr, f.__dict__)
