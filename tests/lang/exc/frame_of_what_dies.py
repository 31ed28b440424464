"""A frame that is asked for while what it held dies stays whole."""
import sys

kept = []


class Asks:
    def __del__(self):
        kept.append(sys._getframe(1))


def returns():
    asks = Asks()
    return 5


def raises():
    asks = Asks()
    raise KeyError


class Found(Exception):
    pass


def handles():
    for i in range(3):
        try:
            if i == 0:
                raise AttributeError
            yield i
        except AttributeError:
            pass


def leaves_in_a_loop():
    for v in handles():
        raise Found(v)


def many():
    for i in range(50):
        try:
            leaves_in_a_loop()
        except Found as e:
            assert e.__traceback__.tb_next.tb_frame.f_code.co_name == "leaves_in_a_loop"
    print("left")


print(returns())
try:
    raises()
except KeyError:
    print("raised")
many()
for frame in kept:
    while frame.f_back:
        frame = frame.f_back
    print(frame.f_code.co_name)
