# A callback is taken out of the reference before it is called; proxies pass on what has no slot.
import weakref


class Thing:
    def __reversed__(self):
        return iter("cba")

    def __bytes__(self):
        return b"thing"


def called(ref):
    print("called", ref() is None, ref.__callback__)


thing = Thing()
ref = weakref.ref(thing, called)
print(ref.__callback__ is called)
proxy = weakref.proxy(thing)
print(list(reversed(proxy)), bytes(proxy))
print("__bytes__" in dir(type(proxy)), "__reversed__" in dir(type(proxy)))
del thing
print(ref.__callback__)
try:
    bytes(proxy)
except ReferenceError as error:
    print(error)


class Watcher:
    def __call__(self, ref):
        print("watched")

    def __del__(self):
        print("watcher dies")


other = Thing()
kept = weakref.ref(other, Watcher())
del other
print("kept", kept() is None)
