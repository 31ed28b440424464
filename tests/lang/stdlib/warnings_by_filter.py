# Who is warned, how often, and with what text: the filters decide.
import io
import re
import sys
import warnings


class Thing:
    def __repr__(self):
        return "<thing>"


def level(n, **named):
    warnings.warn(f"level {n}", stacklevel=n, **named)


def caught(what, *filters):
    with warnings.catch_warnings(record=True) as seen:
        warnings.resetwarnings()
        for each in filters:
            warnings.filterwarnings(*each)
        try:
            what()
        except Exception as error:
            print("raised", type(error).__name__, error)
    for w in seen:
        print(w.category.__name__, w.message, w.lineno if w.filename == __file__ else w.filename,
              w.source, w.line)


def many():
    for _ in range(3):
        warnings.warn("again")
    for _ in range(2):
        warnings.warn("again")


def explicit(**named):
    return lambda: warnings.warn_explicit("told", UserWarning, "folder/name.py", 7, **named)


print("-- levels")
caught(lambda: level(1), ("always",))
caught(lambda: level(2), ("always",))
caught(lambda: level(0), ("always",))
caught(lambda: level(100), ("always",))
caught(lambda: level(1, source=Thing()), ("always",))
print("-- actions")
for action in ("default", "always", "module", "once", "ignore", "error"):
    print(action)
    caught(many, (action,))
print("-- filters")
caught(many, ("ignore",), ("always", "ag.*n"))
caught(many, ("always",), ("ignore", "nothing"))
caught(many, ("always",), ("ignore", "", DeprecationWarning))
caught(many, ("always",), ("ignore", "", UserWarning, "__main__"))
caught(many, ("always",), ("ignore", "", UserWarning, "other"))
caught(explicit(), ("always", "", Warning, "folder/name"))
caught(explicit(), ("ignore",), ("always", "", Warning, "", 7))
caught(explicit(), ("ignore",), ("always", "", Warning, "", 8))
caught(explicit(module=None), ("always",))
caught(explicit(module="m", registry={}), ("always", "", Warning, "m"))
caught(explicit(registry=None), ("once",))
print("-- registries")
registry = {}
for _ in range(2):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(2):
            explicit(registry=registry)()
    print(len(seen), sorted(map(str, registry)) if "version" in registry else registry)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("default")
    explicit(registry=registry)()
    warnings.simplefilter("always")  # what was said no longer counts
    explicit(registry=registry)()
print(len(seen))
print("-- what is no warning")
for what in (
    lambda: warnings.warn("x", int), lambda: warnings.warn("x", "y"), lambda: warnings.warn(),
    lambda: warnings.warn("x", nothing=1), lambda: warnings.warn("x", stacklevel="1"),
    lambda: warnings.warn_explicit("x", UserWarning, 3, 4),
    lambda: warnings.warn_explicit("x", UserWarning, "f", 4, registry=[]),
    lambda: warnings.warn_explicit("x", UserWarning, "f", 4, module_globals=3),
):
    caught(what, ("always",))
for filters in (3, [1], [("always", None)], [(1, None, Warning, None, 0)], [("what", None, Warning, None, 0)],
                [("always", Thing(), Warning, None, 0)], [("always", None, 3, None, 0)]):
    def odd():
        warnings.filters = filters
        warnings._filters_mutated()
        warnings.warn("x")
    caught(odd)
def bad_default():
    warnings.defaultaction = 3
    try:
        warnings.warn("x")
    finally:
        warnings.defaultaction = "default"
caught(bad_default)
print("-- instances and texts that are none")
caught(lambda: warnings.warn(DeprecationWarning("own", "class"), UserWarning), ("always",))
caught(lambda: warnings.warn(("a", "tuple")), ("always",))
caught(lambda: warnings.warn(3), ("once",))
class Refuses(Warning):
    def __init__(self, text):
        raise KeyError(text)
caught(lambda: warnings.warn("x", Refuses), ("always",))


class Loader:
    def get_source(self, name):
        return f"one of {name}\ntwo\n" if name == "known" else None


print("-- as it is shown")
real, sys.stderr = sys.stderr, io.StringIO()
with warnings.catch_warnings():
    warnings.simplefilter("always")
    warnings.warn("on a line of this file")
    warnings.warn_explicit("absent", UserWarning, "absent.py", 3)
    for name in ("known", "unknown"):
        warnings.warn_explicit("loaded", UserWarning, "absent.py", 2,
                               module_globals={"__loader__": Loader(), "__name__": name})
    show, warnings._showwarnmsg = warnings._showwarnmsg, 3
    try:
        warnings.warn("x")
    except TypeError as error:
        print(error)
    warnings._showwarnmsg = show
text, sys.stderr = sys.stderr.getvalue(), real
print(re.sub(r"\S*/", "", text))

print("-- without the module")
import _warnings
print(sorted(name for name in dir(_warnings) if not name.startswith("__")))
print(_warnings.filters is warnings.filters, _warnings._onceregistry is warnings.onceregistry)
import subprocess
program = """
import _warnings, sys
print("warnings" in sys.modules)
_warnings.warn("plainly")
for _ in range(2):
    _warnings.warn("once")
_warnings.warn("ignored", ImportWarning)
_warnings.warn("for the main module", DeprecationWarning)
_warnings.warn_explicit("ignored", DeprecationWarning, "f.py", 3)
_warnings.warn_explicit("no file", UserWarning, "f.py", 3)
_warnings.warn_explicit("ended", UserWarning, "f.py", 3, None)
_warnings.warn_explicit("this file", UserWarning, sys.argv[1], 1)
_warnings.filters.insert(0, ("error", None, UserWarning, None, 0))
_warnings._filters_mutated()
try:
    _warnings.warn("raised")
except UserWarning as error:
    print(repr(error))
print("warnings" in sys.modules, __warningregistry__.keys())
"""
done = subprocess.run([sys.executable, "-I", "-S", "-c", program, __file__], capture_output=True, text=True)
print(done.stdout, re.sub(r"\S*/", "", done.stderr))
