# The descriptor behind a field of a namedtuple.
import collections
import copy
import inspect
import pickle
from _collections import _tuplegetter


class Sub(collections.namedtuple("Point", "x y z", defaults=[3])):
    pass


def fails(what, *args):
    try:
        print(what(*args))
    except Exception as error:
        print(type(error).__name__, error)


point = Sub(1, 2)
print(point.x, point.y, point.z, Sub.x, Sub.x.__doc__, type(Sub.x))
Sub.x.__doc__ = "the first"
print(inspect.getdoc(Sub.x), Sub.__mro__[1].__dict__["x"].__doc__)
fails(setattr, point, "x", 3)
fails(delattr, point, "x")
getter = _tuplegetter(1, None)
print(getter, getter.__get__((5, 6)), getter.__get__(None, int) is getter)
fails(getter.__get__, (5,))
fails(getter.__get__, [5, 6])
fails(_tuplegetter(-1, "d").__get__, (5, 6))
fails(_tuplegetter, 1)
fails(_tuplegetter, "1", None)
fails(_tuplegetter, 1, 2, 3)
print(pickle.loads(pickle.dumps(getter)), copy.copy(getter), getter.__reduce__())
print(inspect.isdatadescriptor(getter), inspect.ismethoddescriptor(getter))
