def numbers():
    n = 0
    while True:
        n += 1
        yield n
def take(n, it):
    for _, x in zip(range(n), it):
        yield x
def evens(it):
    return (x for x in it if x % 2 == 0)
print(list(take(5, evens(x * x for x in numbers()))))
def fib():
    a, b = 0, 1
    while 1:
        yield a
        a, b = b, a + b
print([x for x in take(10, fib())])
