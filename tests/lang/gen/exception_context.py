import sys
def g():
    try:
        yield 1
    except ValueError:
        yield sys.exc_info()[0].__name__
    yield sys.exc_info()[0]
it = g()
next(it)
try:
    raise KeyError
except KeyError:
    print(it.throw(ValueError), sys.exc_info()[0].__name__)
print(next(it), sys.exc_info()[0])
