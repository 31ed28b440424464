def inner():
    x = yield 1
    print("inner got", x)
    try:
        yield 2
    except ValueError as e:
        print("inner caught", e)
        yield 3
    return "result"
def outer():
    r = yield from inner()
    print("r =", r)
    yield from [10, 20]
    r = yield from ()
    return r
it = outer()
print(next(it), it.send("s"), it.throw(ValueError("v")), list(it))
def chain(n):
    if n:
        yield n
        yield from chain(n - 1)
print(list(chain(20)))
