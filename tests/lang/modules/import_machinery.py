# sys.meta_path, specs, namespace packages and circular imports, as importlib has them.
import os
import sys
import tempfile

folder = tempfile.mkdtemp()
sys.path.insert(0, folder)


def write(name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


write("plain.py", "here = __name__, __package__\n")
write("space/one.py", "import space.two\nname = __name__\n")
write("space/two.py", "name = __name__\n")
write("circle_a.py", "import circle_b\nx = 1\n")
write("circle_b.py", "import circle_a\ntry:\n    circle_a.x\nexcept AttributeError as e:\n    print(e)\n"
      "try:\n    from circle_a import x\nexcept ImportError as e:\n    print(str(e).partition(' (/')[0], e.name)\n")
import plain
print(plain.here, plain.__name__)
import space.one
print(space.one.name, sys.modules["space.two"].name, space.__file__ if hasattr(space, "__file__") else "no file")
import circle_a

import importlib
import importlib.util
print(importlib.import_module("plain") is plain)
print(plain.__spec__.name, plain.__spec__.origin == plain.__file__, type(plain.__loader__).__name__)
write("later.py", "spec = __spec__.name\nvalue = 1\n")
importlib.invalidate_caches()
import later
print(later.spec, later.value, later.__spec__.loader is later.__loader__)
write("later.py", "spec = __spec__.name\nvalue = 22\n")
importlib.reload(later)
print(later.value)
print(importlib.util.find_spec("no_such_module_here"), importlib.util.find_spec("plain").name)
print(sys, repr(sys.__spec__.origin))
print([f.__name__ for f in sys.meta_path if isinstance(f, type)])


class Finder:
    __repr__ = lambda self: "a finder"

    def find_spec(self, name, path=None, target=None):
        print("asked for", name)
        if name == "invented":
            return importlib.util.spec_from_loader(name, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.answer = 42


sys.meta_path.insert(0, Finder())
import invented
print(invented, invented.answer)
try:
    import never_invented
except ImportError as e:
    print(type(e).__name__, e, e.name)
del sys.meta_path[0]
for name in ("plain.sub", "never_there"):
    try:
        importlib.import_module(name)
    except ImportError as e:
        print(type(e).__name__, e, e.name)
try:
    from plain import nothing
except ImportError as e:
    print(str(e).replace(folder, "FOLDER"), e.name, e.path.replace(folder, "FOLDER"))
