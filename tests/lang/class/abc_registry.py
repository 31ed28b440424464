"""abc in C: registration, caches, hooks, what dies, and the errors."""
import abc
import gc
import weakref
from collections.abc import Mapping, Sequence


def attempt(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return type(error).__name__, str(error)


class A(abc.ABC):
    @abc.abstractmethod
    def f(self):
        pass

    @property
    @abc.abstractmethod
    def g(self):
        pass


class B(A):
    def f(self):
        return 1


class C(B):
    g = 2


print(abc.ABCMeta.__module__, sorted(A.__abstractmethods__), sorted(B.__abstractmethods__), C().f())
print(attempt(A)[0], attempt(B))


def counts(cls):
    return [len(part) for part in abc._get_dump(cls)[:3]]


class Plain:
    pass


class Derived(Plain):
    pass


print(isinstance(Plain(), A), issubclass(Plain, A), counts(A))
print(A.register(Plain) is Plain, isinstance(Plain(), A), isinstance(Derived(), A), counts(A))
print(isinstance(3, A), isinstance(3, A), counts(A))
A.register(Plain)
print(counts(A))
before = abc.get_cache_token()
A.register(bytes)
print(abc.get_cache_token() - before, isinstance(b"", A), isinstance(3, A), counts(A))
A._abc_caches_clear()
print(counts(A))
A._abc_registry_clear()
print(counts(A), isinstance(Plain(), A), isinstance(C(), A))

print(attempt(A.register, 3), attempt(issubclass, 3, A), attempt(C.register, A))
print(attempt(abc._abc_init, 3), attempt(abc._abc_subclasscheck, int, int)[0])


class Hook(abc.ABC):
    answer = NotImplemented

    @classmethod
    def __subclasshook__(cls, other):
        return cls.answer


for answer in (True, False, NotImplemented, 1, None):
    Hook.answer = answer
    Hook._abc_caches_clear()
    print(answer, attempt(issubclass, int, Hook), attempt(isinstance, "", Hook))


class Failing(abc.ABC):
    @classmethod
    def __subclasshook__(cls, other):
        raise LookupError(other.__name__)


print(attempt(isinstance, 1, Failing))


class Proxy:
    @property
    def __class__(self):
        return bytes


class Octets(abc.ABC):
    pass


Octets.register(bytes)
print(isinstance(Proxy(), Octets), isinstance(Proxy(), A))


def temporary():
    class Short:
        pass
    Octets.register(Short)
    print(isinstance(Short(), Octets), counts(Octets))
    return weakref.ref(Short)


ref = temporary()
gc.collect()
print(ref() is None, counts(Octets))


class Meta(abc.ABCMeta):
    def __subclasscheck__(cls, other):
        print("asked", cls.__name__, other.__name__)
        return super().__subclasscheck__(other)


class Loud(metaclass=Meta):
    pass


print(isinstance(1, Loud), isinstance(Loud(), Loud), issubclass(bool, Loud))


class Rows:
    pass



class Below(Rows):
    def __len__(self):
        return 0


Sequence.register(Rows)
match Below():
    case []:
        print("a sequence")
    case _:
        print("not a sequence")
for first in (1, "a", (), {}, [], Rows(), object()):
    print(isinstance(first, Sequence), isinstance(first, Mapping))
