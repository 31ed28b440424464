# A package may put a module of a type of its own in its place: its submodules are found all the same.
import os
import sys
import tempfile

OWN_TYPE = """
import sys, types
class Lazy(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return "made for " + name
new = Lazy(__name__)
new.__dict__.update(sys.modules[__name__].__dict__)
sys.modules[__name__] = new
"""
with tempfile.TemporaryDirectory() as folder:
    sys.path.insert(0, folder)
    os.mkdir(os.path.join(folder, "own_type"))
    for name, text in (("__init__", OWN_TYPE), ("below", "value = __name__")):
        with open(os.path.join(folder, "own_type", name + ".py"), "w") as file:
            file.write(text)
    import own_type
    import own_type.below
    from own_type.below import value

    print(own_type.below.value, value, own_type.anything)
    from own_type import below

    print(below.value)
    try:
        import own_type.absent
    except ModuleNotFoundError as error:
        print(error)
    sys.modules["plain"] = object()
    try:
        import plain.below
    except ModuleNotFoundError as error:
        print(error)
