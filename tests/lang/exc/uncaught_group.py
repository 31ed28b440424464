"""The traceback of an uncaught group, with nested groups, notes and causes."""


def fail(kind, *args):
    try:
        raise kind(*args)
    except Exception as e:
        return e


def chained():
    try:
        try:
            1 / 0
        except ZeroDivisionError:
            raise KeyError("k")
    except KeyError as e:
        return e


inner = ExceptionGroup("inner", [fail(TypeError, "t"), fail(OSError, "o")])
inner.add_note("first note\nof two lines")
group = ExceptionGroup("outer", [ValueError(1), inner, chained()] + [ValueError(i) for i in range(15)])
raise group from fail(RuntimeError, "the cause")
