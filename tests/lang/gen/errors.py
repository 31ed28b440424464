def g():
    yield 1
    raise ValueError("in gen")
try:
    for x in g():
        print(x)
except ValueError as e:
    print(e)
def stops():
    yield 1
    raise StopIteration("x")
try:
    list(stops())
except RuntimeError as e:
    print(e, repr(e.__cause__))
def self_ref():
    yield next(me)
me = self_ref()
try:
    next(me)
except ValueError as e:
    print(e)
