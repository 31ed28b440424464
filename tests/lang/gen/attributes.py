def g():
    x = yield from h()
def h():
    yield 1
it = g()
print(it.gi_running, it.gi_yieldfrom, it.__name__, it.__qualname__, it.gi_frame.f_lineno > 0)
next(it)
print(it.gi_yieldfrom.__name__, it.gi_code.co_name)
list(it)
print(it.gi_frame, it.gi_yieldfrom)
