# stderr: whole
def f():
    raise KeyError("inner")
def g():
    try:
        f()
    except KeyError as e:
        raise ValueError("outer") from e
def h():
    try:
        g()
    except ValueError:
        undefined_thing
h()
