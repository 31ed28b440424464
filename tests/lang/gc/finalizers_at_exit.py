# What a module kept dies at the end: first what nothing else keeps, then cycles. Globals are still
# there, because the functions keep them; nothing can be imported from a file any more.
import threading
import weakref


class Named:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name, other, Named is not None, threading.main_thread().name)


class Bare:
    __slots__ = ("__weakref__",)


class Cycle:
    def __init__(self):
        self.me = self

    def __del__(self):
        try:
            import textwrap
            print("imported", textwrap.__name__)
        except ImportError as error:
            print(type(error).__name__, error)
        print("local", getattr(local, "value", None))


other = 5
first = Named("first")
_second = Named("_second")
local = threading.local()
local.value = 7
cycle = Cycle()
watched = Bare()
watching = weakref.ref(watched, lambda ref: print("called back"))
finalized = Bare()
weakref.finalize(finalized, print, "finalized")
other_alias = other
