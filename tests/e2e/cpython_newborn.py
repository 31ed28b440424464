"""Objects that have been allocated and have a type and a count, but in their own fields still what was
there before: a capture may come at that moment, and is none the worse for it. For every CPython of the
machine that has ctypes. Arguments: brille, brille-python (not used), versions (default all)."""
import json
import os
import tempfile

import cpythons
from capture_support import PATIENCE, Failure, Program, main, run

PROGRAM = """
import ctypes, sys
api = ctypes.pythonapi
for make in (api._PyObject_GC_New, api._PyObject_GC_NewVar):
    make.restype = ctypes.c_void_p
api._PyObject_GC_New.argtypes = [ctypes.py_object]
api._PyObject_GC_NewVar.argtypes = [ctypes.py_object, ctypes.c_ssize_t]
HEADER = 16
def begin(kind, stale):
    address = api._PyObject_GC_New(kind)
    size = kind.__basicsize__ - HEADER
    ctypes.memmove(address + HEADER, (stale * size)[:size], size)
def begin_frame(stale):
    kind = type(sys._getframe())
    address = api._PyObject_GC_NewVar(kind, 4)
    size = kind.__basicsize__ - HEADER - 8
    ctypes.memmove(address + HEADER + 8, (stale * size)[:size], size)
for stale in (b"343434", b"\\x01", b"\\xf0\\xff\\xff\\x7f\\0\\0\\0\\0"):
    for _ in range(4):
        begin(dict, stale)
        begin(list, stale)
        if sys.version_info < (3, 11):
            begin_frame(stale)
print("READY", flush=True)
sys.stdin.read()
import os
os._exit(0)  # no collector shall meet them
"""


def has_ctypes(interpreter):
    return not os.system(f"'{interpreter.path}' -c 'import ctypes' >/dev/null 2>&1")


def test_one(brille, interpreter):
    with Program(interpreter.path, "-c", PROGRAM) as program, \
            tempfile.TemporaryDirectory() as scratch:
        heap = os.path.join(scratch, "a.heap")
        dumped = json.loads(run(brille, "dump", str(program.pid), "-o", heap, "--json", *PATIENCE))
        why = json.loads(run(brille, "sql", heap, "select incomplete_why as why from heap", "--json"))
    if not dumped["complete"] or dumped["dangling_reference_count"]:
        raise Failure(f"{interpreter}: {dumped}, {why['rows']}")
    print(f"{interpreter}: complete", flush=True)


def test(brille, _, __, versions):
    found = [each for each in cpythons.find()
             if (not versions or each.name in versions) and has_ctypes(each)]
    for interpreter in found:
        test_one(brille, interpreter)
    if not found:
        print("no CPython with ctypes")
        raise SystemExit(77)


main(test)
