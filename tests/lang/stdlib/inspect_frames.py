# Where a caller is: the line of the call, not that of the statement before.
import inspect


def caller():
    frame = inspect.stack()[1]
    return frame.function, frame.lineno, frame.code_context, frame.index


def asks():
    numbers = [1,
               2]
    names = {"k": numbers}
    found = caller()
    return found, names


def in_a_loop():
    for _ in range(2):
        yield inspect.getframeinfo(inspect.currentframe())[1:4]
        yield (
            inspect.getframeinfo(
                inspect.currentframe())[1:3]
        )


def fails():
    try:
        return 1 + asks()
    except TypeError:
        return inspect.trace()[0].lineno, inspect.currentframe().f_lasti % 2


print(asks()[0])
print(list(in_a_loop()))
print(fails())
