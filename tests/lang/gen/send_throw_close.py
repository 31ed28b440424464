def g():
    try:
        while True:
            try:
                x = yield
                print("got", x)
            except ValueError as e:
                print("caught", e)
                yield "from except"
    finally:
        print("closing")
it = g()
print(next(it), it.send(1), it.throw(ValueError("v")), next(it), it.send(2))
it.close()
it.close()
try:
    it.send(3)
except StopIteration:
    print("finished")
h = g()
try:
    h.send(5)
except TypeError as e:
    print(e)
try:
    h.throw(KeyError, "direct")
except KeyError as e:
    print(repr(e))
