# Modules in zip archives: along sys.path, by -m, and as a program.
import os
import subprocess
import sys
import tempfile
import zipfile
import importlib.util
import pkgutil

FILES = {
    "__main__.py": "import pkg.mod, sys\nprint(__name__, pkg.mod.x, sys.argv, __spec__.name, len(sys.path[0]) > 1)\n",
    "pkg/__init__.py": "y = 1\n",
    "pkg/mod.py": "x = 42\nif __name__ == '__main__':\n    print('main', __spec__.name, __package__)\n",
    "pkg/deep/__init__.py": "from ..mod import x as again\nfrom . import leaf\n",
    "pkg/deep/leaf.py": "import sys\nvalue = __name__\ndef fails():\n    raise KeyError(value)\n",
    "pkg/data.txt": "some data",
    "single.py": "z = __file__.replace('\\\\', '/').rsplit('/', 2)[1:]\n",
}


def run(*arguments, **environment):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, cwd=folder,
                          env={**os.environ, **environment})
    print(done.returncode, done.stdout.strip(), done.stderr.replace(sys.executable, "python").strip()[-100:])


with tempfile.TemporaryDirectory() as folder:
    archive = os.path.join(folder, "app.zip")
    for name, method in (("app.zip", zipfile.ZIP_STORED), ("packed.pyz", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(os.path.join(folder, name), "w", method) as made:
            for inner, text in FILES.items():
                made.writestr(inner, text)
    with open(os.path.join(folder, "packed.pyz"), "rb") as file:
        packed = file.read()
    with open(os.path.join(folder, "headed.pyz"), "wb") as file:
        file.write(b"#!/usr/bin/env python3\n" + packed)

    run("app.zip", "a", "b")
    run("headed.pyz", "c")
    run("packed.pyz")
    run("-m", "pkg.mod", PYTHONPATH=archive)
    run("-m", "pkg.absent", PYTHONPATH=archive)
    run("-m", "absent.module")
    run("-c", "import pkg.deep.leaf as leaf; print(leaf.value)", PYTHONPATH=archive)
    with open(os.path.join(folder, "broken.zip"), "wb") as file:
        file.write(b"PK\5\6" + bytes(3))
    run("-c", "import pkg", PYTHONPATH=os.path.join(folder, "broken.zip"))

    sys.path.insert(0, archive)
    import pkg.deep
    import single
    print(pkg.y, pkg.deep.again, pkg.deep.leaf.value, single.z)
    print(type(pkg.__loader__).__name__, pkg.__spec__.submodule_search_locations[0].replace(folder, ""))
    print(pkgutil.get_data("pkg", "data.txt"), [m.name for m in pkgutil.iter_modules(pkg.__path__)])
    print(importlib.util.find_spec("pkg.mod").origin.replace(folder, ""))
    try:
        pkg.deep.leaf.fails()
    except KeyError as error:
        frame = error.__traceback__.tb_next
        print(error, frame.tb_lineno, frame.tb_frame.f_code.co_filename.replace(folder, ""))
    try:
        import pkg.absent
    except ImportError as error:
        print(type(error).__name__, error)
    sys.path[0] = os.path.join(archive, "pkg", "deep")
    import leaf
    print(leaf.value, leaf.__file__.replace(folder, ""))
