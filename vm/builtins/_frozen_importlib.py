"""importlib's machinery, over the interpreter's own importer (vm/runtime/import.c).

The text is the library's importlib/_bootstrap.py, run under the name that importlib/__init__.py
looks for. Nothing here is loaded before somebody asks for importlib or changes sys.meta_path.
"""
import sys
import _imp


def _run_library(name, globals):
    """Runs importlib/NAME.py of the library as the body of a module."""
    for folder in sys.path:
        path = f"{folder}/importlib/{name}.py"
        try:
            file = open(path, "rb")
        except (OSError, TypeError):
            continue
        with file:
            text = file.read()
        exec(compile(text, f"<frozen importlib.{name}>", "exec"), globals)
        return
    raise ImportError("no library with importlib in sys.path", name="importlib")


_run_library("_bootstrap", globals())
_install(sys, _imp)
