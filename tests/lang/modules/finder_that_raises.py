# A program's own finder is asked first, and tracebacks leave the frames of importlib out.
import sys


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "boom":
            raise ZeroDivisionError(name)


sys.meta_path.insert(0, Finder)
import os
import tempfile
import traceback

FILES = {
    "bad.py": "def f():\n    import nope\nf()\n",
    "bad2.py": "import bad3\n",
    "bad3.py": "1/0\n",
    "bad4.py": "x = (\n",
}


def attempt(statement):
    try:
        exec(statement)
    except Exception:
        print(traceback.format_exc().replace(folder, "F"))


with tempfile.TemporaryDirectory() as folder:
    sys.path.insert(0, folder)
    for name, text in FILES.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    for name in ("boom", "bad", "bad2", "nope", "bad4", "os.nope"):
        attempt("import " + name)
print(sys.meta_path[0] is Finder, "collections" in sys.builtin_module_names)
