# Abstract classes and registered subclasses.
from abc import ABC, abstractmethod


def t(f):
    try:
        print(f())
    except BaseException as e:
        print(type(e).__name__, e)


class Ab(ABC):
    @abstractmethod
    def f(self): ...
    @property
    @abstractmethod
    def g(self): ...
t(Ab); t(lambda: Ab.__abstractmethods__=={'f','g'})
class Im(Ab):
    def f(self): return 1
    g=2
t(lambda: Im().f()); t(lambda: isinstance(Im(),Ab)); Ab.register(int); t(lambda: isinstance(5,Ab)); t(lambda: issubclass(bool,Ab)); t(lambda: isinstance('a',Ab))
