def g(n):
    for i in range(n):
        yield i
    return "done"
it = g(2)
print(next(it), next(it))
try:
    next(it)
except StopIteration as e:
    print(e.value)
print(list(g(4)), sum(g(5)), [*g(2)], next(it, "exhausted"), type(it).__name__)
